//! The secrets source of a folder: lines of `name=value` that fill properties which apiops does not extract. Encrypts nothing.
//!
//! Names: `namedValues.<id>`, `subscriptions.<id>.primaryKey`, `subscriptions.<id>.secondaryKey`, `caches.<id>.connectionString`. A value is everything behind the
//! first `=`, as it is; empty lines and lines that begin with `#` say nothing.

use std::sync::Arc;

use serde_json::Value;

use crate::config::resource::{Origin, Resource, ResourceId, ResourceSet};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::span::Position;

/// Puts the values into the set; says which lines are in error or name nothing.
pub(super) fn apply(set: &mut ResourceSet, origin: &Origin, text: &str) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let finding = match line.split_once('=') {
            Some((name, value)) => set_value(set, name.trim(), value, origin),
            None => Some(Diagnostic::error("invalid-secret", origin.file.clone(), "expected `name=value`")),
        };
        diagnostics.extend(finding.map(|finding| finding.at_position(Position { line: number, column: 1 })));
    }
    diagnostics
}

fn set_value(set: &mut ResourceSet, name: &str, value: &str, origin: &Origin) -> Option<Diagnostic> {
    let Some((family, id, property)) = target(name) else {
        let message = format!("`{name}` is not the name of a secret");
        let help = "expected `namedValues.<id>`, `subscriptions.<id>.primaryKey`, `subscriptions.<id>.secondaryKey` or \
                    `caches.<id>.connectionString`";
        return Some(Diagnostic::error("invalid-secret", origin.file.clone(), message).with_help(help));
    };
    let collection = ResourceId::new(family);
    let Some(resource) = set.get(&collection.child(id)).filter(|_| !id.contains('/')) else {
        let message = format!("`{name}` belongs to nothing: there is no `{id}` in `{family}`");
        let mut warning = Diagnostic::warning("unused-secret", origin.file.clone(), message);
        warning.help = did_you_mean(id, set.children(&collection).map(|resource| resource.id.name()));
        return Some(warning);
    };
    let mut properties = (*resource.properties).clone();
    properties.insert(property.to_owned(), Value::from(value));
    let filled =
        Resource { id: resource.id.clone(), properties: Arc::new(properties), origin: resource.origin.clone() };
    set.insert(filled);
    None
}

fn target(name: &str) -> Option<(&'static str, &str, &'static str)> {
    if let Some(id) = name.strip_prefix("namedValues.").filter(|id| !id.is_empty()) {
        return Some(("namedValues", id, "value"));
    }
    if let Some(cache) = name.strip_prefix("caches.") {
        let id = cache.strip_suffix(".connectionString").filter(|id| !id.is_empty())?;
        return Some(("caches", id, "connectionString"));
    }
    let (id, property) = name.strip_prefix("subscriptions.")?.rsplit_once('.')?;
    match property {
        "primaryKey" if !id.is_empty() => Some(("subscriptions", id, "primaryKey")),
        "secondaryKey" if !id.is_empty() => Some(("subscriptions", id, "secondaryKey")),
        _ => None,
    }
}
