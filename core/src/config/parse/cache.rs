//! External caches, named values in their connection strings substituted.

use crate::config::external_cache::Connection;
use crate::config::model::Cache;
use crate::config::named_values::Substitution;
use crate::config::parse::Parsing;
use crate::config::parse::properties::Properties;

/// `resourceId` names the resource in Azure that the connection string belongs to; nobody is asked about it.
const KNOWN: &[&str] = &["connectionString", "description", "resourceId", "useFromLocation"];

/// The caches of the service.
pub(super) fn caches(parsing: &mut Parsing<'_>, substitution: &Substitution) -> Vec<Cache> {
    let mut caches = Vec::new();
    for resource in parsing.family("/caches") {
        let mut properties = Properties::new(resource);
        properties.note_unknown(KNOWN);
        let cache = cache(&mut properties, substitution);
        caches.extend(parsing.settle(properties, cache));
    }
    caches
}

fn cache(properties: &mut Properties<'_>, substitution: &Substitution) -> Option<Cache> {
    let id = properties.resource.id.name().to_owned();
    // The id of a cache is `default` or a region, too (control-plane.md §1.2).
    let location = properties.text(&["useFromLocation"]).filter(|location| !location.is_empty()).unwrap_or(&id);
    let location = location.to_owned();
    let path = ["connectionString"];
    let written = properties.required(&path)?;
    let text = properties.substituted(&path, written, substitution)?;
    match Connection::parse(&text) {
        Ok(Connection { server, without_effect }) => {
            for option in without_effect {
                properties.warning(&path, "no-effect", format!("`{option}` of the connection string has no effect"));
            }
            Some(Cache { id, location, server })
        }
        Err(wrong) => {
            let message = format!("the connection string cannot be used: {}", wrong.message);
            properties.error_with_help(&path, "invalid-connection-string", message, wrong.help);
            None
        }
    }
}
