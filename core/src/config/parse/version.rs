//! Version sets, and the place of an API in one.

use std::collections::BTreeMap;

use crate::config::model::{Version, VersioningScheme};
use crate::config::parse::properties::Properties;
use crate::config::parse::{Parsing, reference};
use crate::config::resource::ResourceId;
use crate::diagnostic::did_you_mean;
use crate::http::HeaderName;

const KNOWN: &[&str] = &["displayName", "description", "versioningScheme", "versionQueryName", "versionHeaderName"];

/// Version sets by id; `None` when one is in error.
pub(super) type VersionSets = BTreeMap<ResourceId, Option<VersioningScheme>>;

/// The version sets of the service.
pub(super) fn version_sets(parsing: &mut Parsing<'_>) -> VersionSets {
    let mut sets = VersionSets::new();
    for resource in parsing.family("/apiVersionSets") {
        let mut properties = Properties::new(resource);
        properties.note_unknown(KNOWN);
        let scheme = scheme(&mut properties, &[]);
        let scheme = parsing.settle(properties, scheme);
        sets.insert(resource.id.clone(), scheme);
    }
    let broken = parsing.set.faults().filter(|(id, _)| id.is_within(&ResourceId::new("/apiVersionSets")));
    sets.extend(broken.map(|(id, _)| (id.clone(), None)));
    sets
}

/// The version of an API: by `apiVersionSetId`, or by an inline `apiVersionSet`.
pub(super) fn version(properties: &mut Properties<'_>, sets: &VersionSets) -> Option<Version> {
    let name = properties.text(&["apiVersion"]).unwrap_or("").to_owned();
    let inline_id = properties.text(&["apiVersionSet", "id"]);
    let (path, reference): (&[&str], _) = match properties.text(&["apiVersionSetId"]).filter(|id| !id.is_empty()) {
        Some(id) => (&["apiVersionSetId"], Some(id)),
        None => (&["apiVersionSet", "id"], inline_id.filter(|id| !id.is_empty())),
    };
    let Some(reference) = reference else {
        if properties.value(&["apiVersionSet"]).is_some() {
            let scheme = scheme(properties, &["apiVersionSet"])?;
            return Some(Version { set: properties.resource.id.name().to_owned(), name, scheme });
        }
        if !name.is_empty() {
            let message = format!("the API has the version `{name}`, but belongs to no version set");
            properties.error(&["apiVersion"], "version-without-set", message);
        }
        return None;
    };
    let id = ResourceId::new(&reference::relative(reference));
    match sets.get(&id) {
        Some(Some(scheme)) => Some(Version { set: id.name().to_owned(), name, scheme: scheme.clone() }),
        Some(None) => {
            let message = format!("the version set `{}` is in error", id.name());
            properties.error(path, "refused-reference", message);
            None
        }
        None => {
            let message = format!("there is no version set `{reference}`");
            let help = did_you_mean(id.name(), sets.keys().map(ResourceId::name));
            properties.error_with_help(path, "unknown-reference", message, help);
            None
        }
    }
}

fn scheme(properties: &mut Properties<'_>, within: &[&str]) -> Option<VersioningScheme> {
    let path = [within, &["versioningScheme"]].concat();
    let scheme = properties.required(&path)?;
    match scheme.to_ascii_lowercase().as_str() {
        "segment" => Some(VersioningScheme::Segment),
        "query" => {
            let name = properties.required(&[within, &["versionQueryName"]].concat())?;
            Some(VersioningScheme::Query(name.to_owned()))
        }
        "header" => {
            let path = [within, &["versionHeaderName"]].concat();
            let name = properties.required(&path)?;
            if HeaderName::from_bytes(name.as_bytes()).is_err() {
                properties.error(&path, "invalid-header-name", format!("`{name}` is not the name of a header"));
                return None;
            }
            Some(VersioningScheme::Header(name.to_owned()))
        }
        _ => {
            properties.not_one_of(&path, scheme, "`Segment`, `Query` or `Header`");
            None
        }
    }
}
