//! The secrets source of a folder: lines of `name=value` that fill properties which apiops does not extract. Encrypts nothing.
//!
//! Names: `namedValues.<id>`, `subscriptions.<id>.primaryKey`, `subscriptions.<id>.secondaryKey`, `caches.<id>.connectionString`,
//! `authorizations.<provider>/<id>.clientSecret`. A value is everything behind the first `=`, as it is; empty lines and lines that
//! begin with `#` say nothing.

use std::sync::Arc;

use serde_json::{Map, Value};

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
    let Some(Target { collection, id, path }) = target(name) else {
        let message = format!("`{name}` is not the name of a secret");
        let help = "expected `namedValues.<id>`, `subscriptions.<id>.primaryKey`, `subscriptions.<id>.secondaryKey`, \
                    `caches.<id>.connectionString` or `authorizations.<provider>/<id>.clientSecret`";
        return Some(Diagnostic::error("invalid-secret", origin.file.clone(), message).with_help(help));
    };
    let Some(resource) = set.get(&collection.child(id)).filter(|_| !id.contains('/')) else {
        let family = collection.as_str().trim_start_matches('/');
        let message = format!("`{name}` belongs to nothing: there is no `{id}` in `{family}`");
        let mut warning = Diagnostic::warning("unused-secret", origin.file.clone(), message);
        warning.help = did_you_mean(id, set.children(&collection).map(|resource| resource.id.name()));
        return Some(warning);
    };
    let mut properties = (*resource.properties).clone();
    fill(&mut properties, path, value);
    let filled =
        Resource { id: resource.id.clone(), properties: Arc::new(properties), origin: resource.origin.clone() };
    set.insert(filled);
    None
}

// What is not an object on the way is left as it is: its reader says so.
fn fill(properties: &mut Map<String, Value>, path: &[&str], value: &str) {
    match path {
        [] => {}
        [name] => drop(properties.insert((*name).to_owned(), Value::from(value))),
        [name, rest @ ..] => {
            let inner = properties.entry(*name).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                fill(inner, rest, value);
            }
        }
    }
}

/// The property that a secret fills.
struct Target<'n> {
    collection: ResourceId,
    id: &'n str,
    path: &'static [&'static str],
}

fn target(name: &str) -> Option<Target<'_>> {
    let (family, rest) = name.split_once('.')?;
    let (id, path): (&str, &[&str]) = match family {
        "namedValues" => (rest, &["value"]),
        "caches" => (rest.strip_suffix(".connectionString")?, &["connectionString"]),
        "authorizations" => {
            let (provider, id) = rest.strip_suffix(".clientSecret")?.split_once('/')?;
            let collection = ResourceId::new(&format!("authorizationProviders/{provider}/authorizations"));
            let is_named = !provider.is_empty() && !id.is_empty();
            return is_named.then_some(Target { collection, id, path: &["parameters", "clientSecret"] });
        }
        "subscriptions" => match rest.rsplit_once('.')? {
            (id, "primaryKey") => (id, &["primaryKey"]),
            (id, "secondaryKey") => (id, &["secondaryKey"]),
            _ => return None,
        },
        _ => return None,
    };
    Some(Target { collection: ResourceId::new(family), id, path }).filter(|_| !id.is_empty())
}
