//! Which resources differ between two sets. Says nothing of what a difference means.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::config::resource::{Resource, ResourceId, ResourceSet};

/// The ids that were added, removed, or have other properties or other faults in `new` than in `old`.
#[must_use]
pub fn changed(old: &ResourceSet, new: &ResourceSet) -> BTreeSet<ResourceId> {
    let mut ids = BTreeSet::new();
    let different = |resource: &&Arc<Resource>, other: &ResourceSet| match other.get(&resource.id) {
        Some(same) => !Arc::ptr_eq(same, resource) && !is_equal(same, resource),
        None => true,
    };
    ids.extend(new.iter().filter(|resource| different(resource, old)).map(|resource| resource.id.clone()));
    ids.extend(old.iter().filter(|resource| new.get(&resource.id).is_none()).map(|resource| resource.id.clone()));
    ids.extend(new.faults().filter(|(id, faults)| old.faults_of(id) != *faults).map(|(id, _)| id.clone()));
    ids.extend(old.faults().filter(|(id, _)| new.faults_of(id).is_empty()).map(|(id, _)| id.clone()));
    ids
}

fn is_equal(one: &Resource, other: &Resource) -> bool {
    Arc::ptr_eq(&one.properties, &other.properties) || one.properties == other.properties
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::config::resource::Origin;
    use crate::diagnostic::Diagnostic;

    fn set(resources: &[(&str, Value)]) -> ResourceSet {
        let mut set = ResourceSet::default();
        for (id, properties) in resources {
            let properties = Arc::new(properties.as_object().cloned().unwrap_or_default());
            set.insert(Resource { id: ResourceId::new(id), properties, origin: Origin::default() });
        }
        set
    }

    #[test]
    fn added_removed_and_changed() {
        let old = set(&[("/a/same", json!({"x": 1})), ("/a/other", json!({"x": 1})), ("/a/gone", json!({}))]);
        let mut new = set(&[("/a/same", json!({"x": 1})), ("/a/other", json!({"x": 2})), ("/a/new", json!({}))]);
        new.fault(ResourceId::new("/a/broken"), Diagnostic::error("invalid-json", "a.json", "expected value"));
        let changed = changed(&old, &new);
        let ids: Vec<&str> = changed.iter().map(ResourceId::as_str).collect();
        assert_eq!(ids, ["/a/broken", "/a/gone", "/a/new", "/a/other"]);
        assert!(super::changed(&new, &new.clone()).is_empty());
    }
}
