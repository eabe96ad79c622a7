//! Policy documents of every scope, and fragments, as texts. Reads no policy.

use std::sync::Arc;

use serde_json::Value;

use crate::config::model::{Fragment, PolicyFormat, PolicyText};
use crate::config::parse::Parsing;
use crate::config::parse::properties::Properties;
use crate::config::resource::{Origin, Resource, ResourceId, ResourceSet};
use crate::diagnostic::Diagnostic;

/// The policy of the scope `parent`; the empty id is the service.
pub(super) fn policy(set: &ResourceSet, parent: &ResourceId) -> Result<Option<PolicyText>, Diagnostic> {
    set.get(&parent.child("policies/policy")).map(|resource| text(resource)).transpose()
}

/// The fragments of the service.
pub(super) fn fragments(parsing: &mut Parsing<'_>) -> Vec<Fragment> {
    let mut fragments = Vec::new();
    for resource in parsing.family("/policyFragments") {
        let mut properties = Properties::new(resource);
        properties.note_unknown(&["description", "format", "value", "provisioningState"]);
        let fragment = match text(resource) {
            Ok(policy) => Some(Fragment { id: resource.id.name().to_owned(), policy }),
            Err(diagnostic) => {
                properties.findings.push(diagnostic);
                None
            }
        };
        fragments.extend(parsing.settle(properties, fragment));
    }
    fragments
}

fn text(resource: &Resource) -> Result<PolicyText, Diagnostic> {
    let error = |code, message: String| Err(Diagnostic::error(code, resource.origin.file.clone(), message));
    let Some(value) = resource.properties.get("value").and_then(Value::as_str) else {
        return error("missing-property", format!("`{}` has no policy text in `value`", resource.id));
    };
    let format = match resource.properties.get("format").map(|format| format.as_str().unwrap_or("")) {
        // ARM's default for a document without a format.
        None | Some("xml") => PolicyFormat::Xml,
        Some("rawxml") => PolicyFormat::RawXml,
        Some(other) => {
            let message = format!("`{}` has the format `{other}`: expected `xml` or `rawxml`", resource.id);
            return error("unknown-value", message);
        }
    };
    // The document of a folder is its own origin; the value of any other is a text within one.
    let text = match &resource.origin.text {
        Some(text) if &**text == value => text.clone(),
        Some(_) | None => Arc::from(value),
    };
    let origin = Origin { file: resource.origin.file.clone(), text: Some(text.clone()) };
    Ok(PolicyText { text, format, origin })
}
