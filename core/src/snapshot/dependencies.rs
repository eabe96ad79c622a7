//! What a document of the configuration needs beside itself: named values, fragments, backends, loggers, credential providers, schemas and
//! certificates, found by their names in its text.
//! Compiles nothing: a name that stands there by chance only keeps more as it was.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::config::named_values::names;
use crate::config::{Resource, ResourceId, ResourceSet};

/// The families whose resources documents refer to by name.
const FAMILIES: [&str; 7] = [
    "/namedValues",
    "/policyFragments",
    "/backends",
    "/loggers",
    "/authorizationProviders",
    "/schemas",
    "/certificates",
];

/// Whatever `id` needs in `set`, and what that needs in turn.
pub(super) fn dependencies(id: &ResourceId, set: &ResourceSet) -> BTreeSet<ResourceId> {
    let candidates: Vec<&Resource> =
        FAMILIES.iter().flat_map(|family| set.children(&ResourceId::new(family))).map(AsRef::as_ref).collect();
    let mut found = BTreeSet::new();
    let mut open = vec![id.clone()];
    while let Some(id) = open.pop() {
        let own = set.get(&id).into_iter();
        for resource in own.chain(set.iter_within(&id)) {
            let mut texts = Vec::new();
            resource.properties.values().for_each(|value| collect(value, &mut texts));
            for needed in candidates.iter().filter(|candidate| texts.iter().any(|text| is_named(candidate, text))) {
                if found.insert(needed.id.clone()) {
                    open.push(needed.id.clone());
                }
            }
        }
    }
    found
}

// INVARIANT: the depth of properties is bounded by the readers of documents.
fn collect<'v>(value: &'v Value, texts: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Object(members) => members.values().for_each(|member| collect(member, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn is_named(resource: &Resource, text: &str) -> bool {
    let name = resource.id.name();
    if resource.id.is_within(&ResourceId::new("/namedValues")) {
        let shown = resource.properties.get("displayName").and_then(Value::as_str).unwrap_or(name);
        return names(text).any(|found| found == shown);
    }
    // The members of a pool, and the certificates of a backend, stand there as ids of resources.
    for family in ["/backends", "/certificates"] {
        let member = format!("{family}/{}", name.to_ascii_lowercase());
        if resource.id.is_within(&ResourceId::new(family)) && text.to_ascii_lowercase().ends_with(&member) {
            return true;
        }
    }
    let quoted =
        |quote: char| text.to_ascii_lowercase().contains(&format!("{quote}{}{quote}", name.to_ascii_lowercase()));
    quoted('"') || quoted('\'')
}
