//! Named values. Substitutes nothing.

use std::collections::BTreeMap;

use crate::config::model::NamedValue;
use crate::config::named_values::is_name;
use crate::config::parse::Parsing;
use crate::config::parse::properties::Properties;
use crate::config::resource::Resource;
use crate::config::secret::Secret;

const KNOWN: &[&str] = &["displayName", "value", "secret", "tags", "keyVault", "provisioningState"];

/// The named values of the service.
pub(super) fn named_values(parsing: &mut Parsing<'_>) -> Vec<NamedValue> {
    let resources = parsing.family("/namedValues");
    let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for resource in &resources {
        names.entry(display_name(resource)).or_default().push(resource.id.name());
    }
    let mut values = Vec::new();
    for resource in resources {
        let mut properties = Properties::new(resource);
        let value = named_value(&mut properties);
        let twins = names.get(display_name(resource)).map(Vec::as_slice).unwrap_or_default();
        if let Some(other) = twins.iter().find(|id| **id != resource.id.name()) {
            let message = format!("the display name `{}` is also that of `{other}`", display_name(resource));
            properties.error(&["displayName"], "duplicate-display-name", message);
        }
        values.extend(parsing.settle(properties, Some(value)));
    }
    values
}

fn display_name(resource: &Resource) -> &str {
    resource.properties.get("displayName").and_then(|name| name.as_str()).unwrap_or(resource.id.name())
}

fn named_value(properties: &mut Properties<'_>) -> NamedValue {
    properties.note_unknown(KNOWN);
    let id = properties.resource.id.name().to_owned();
    let display_name = properties.text(&["displayName"]).unwrap_or(properties.resource.id.name()).to_owned();
    if display_name.is_empty() || !display_name.chars().all(is_name) {
        let message = format!("`{display_name}` cannot be a display name: expected letters, digits, `.`, `-` and `_`");
        properties.error(&["displayName"], "invalid-display-name", message);
    }
    let is_in_vault = properties.value(&["keyVault"]).is_some();
    let secret = properties.switch(&["secret"], false) || is_in_vault;
    let value = properties.text(&["value"]).map(|value| Secret(value.to_owned()));
    if value.is_none() {
        let message = format!("the value of `{display_name}` is not known: policies that use it will be refused");
        properties.warning(&["displayName"], "missing-secret", message);
        if let Some(warning) = properties.findings.last_mut() {
            let mut help = format!("give it as `properties.value`, or as `namedValues.{id}=…` in `secrets.env`");
            if is_in_vault {
                help.push_str("; a running gateway that serves a folder fetches it from Key Vault");
            }
            warning.help = Some(help);
        }
    }
    NamedValue { id, display_name, value, secret }
}
