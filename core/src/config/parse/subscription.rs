//! Subscriptions: what their keys open, and whether they count. Compares no request with them.

use std::collections::BTreeMap;

use crate::config::model::{Subscription, SubscriptionScope};
use crate::config::parse::properties::Properties;
use crate::config::parse::{Parsing, reference};
use crate::config::resource::{Resource, ResourceId};
use crate::config::secret::Secret;
use crate::diagnostic::did_you_mean;

const KNOWN: &[&str] = &[
    "displayName",
    "scope",
    "state",
    "ownerId",
    "primaryKey",
    "secondaryKey",
    "allowTracing",
    "createdDate",
    "startDate",
    "expirationDate",
    "endDate",
    "notificationDate",
    "stateComment",
];

const STATES: [&str; 6] = ["active", "suspended", "submitted", "rejected", "cancelled", "expired"];

/// The subscriptions of the service.
pub(super) fn subscriptions(parsing: &mut Parsing<'_>) -> Vec<Subscription> {
    let resources = parsing.family("/subscriptions");
    let mut holders: BTreeMap<&str, Vec<&Resource>> = BTreeMap::new();
    for resource in &resources {
        let key = |name: &str| resource.properties.get(name).and_then(|key| key.as_str()).filter(|key| !key.is_empty());
        let (primary, secondary) = (key("primaryKey"), key("secondaryKey"));
        for key in primary.into_iter().chain(secondary.filter(|secondary| Some(*secondary) != primary)) {
            holders.entry(key).or_default().push(resource);
        }
    }
    let mut subscriptions = Vec::new();
    for resource in resources {
        let mut properties = Properties::new(resource);
        let subscription = subscription(parsing, &mut properties);
        for property in ["primaryKey", "secondaryKey"] {
            let key = properties.value(&[property]).and_then(|key| key.as_str()).unwrap_or("");
            let others = holders.get(key).map(Vec::as_slice).unwrap_or_default();
            if let Some(other) = others.iter().find(|other| other.id != resource.id) {
                // The key itself must not reach a log.
                let message = format!("`{property}` is also a key of `{}`", other.id.name());
                properties.error(&[property], "duplicate-key", message);
            }
        }
        subscriptions.extend(parsing.settle(properties, subscription));
    }
    subscriptions
}

fn subscription(parsing: &Parsing<'_>, properties: &mut Properties<'_>) -> Option<Subscription> {
    properties.note_unknown(KNOWN);
    let id = properties.resource.id.name().to_owned();
    let scope = scope(parsing, properties);
    let active = is_active(properties);
    let mut key = |name| properties.text(&[name]).filter(|key| !key.is_empty()).map(|key| Secret(key.to_owned()));
    let (primary_key, secondary_key) = (key("primaryKey"), key("secondaryKey"));
    if active && primary_key.is_none() && secondary_key.is_none() {
        properties.warning(&[], "missing-secret", format!("the keys of `{id}` are not known: no request can use them"));
        if let Some(warning) = properties.findings.last_mut() {
            let help = "give them as `properties.primaryKey` and `properties.secondaryKey`";
            warning.help = Some(format!("{help}, or as `subscriptions.{id}.primaryKey=…` in `secrets.env`"));
        }
    }
    let display_name = properties.text(&["displayName"]).unwrap_or(&id).to_owned();
    let owner = properties.text(&["ownerId"]).filter(|owner| !owner.is_empty());
    let owner = owner.map(|owner| owner.rsplit('/').next().unwrap_or(owner).to_owned());
    let (created, start, end) =
        (properties.moment(&["createdDate"]), properties.moment(&["startDate"]), properties.moment(&["endDate"]));
    let scope = scope?;
    Some(Subscription { display_name, scope, active, primary_key, secondary_key, owner, created, start, end, id })
}

// ARM creates a subscription without a state as `submitted`, whose keys do not count (SubscriptionCreateParameters.state).
fn is_active(properties: &mut Properties<'_>) -> bool {
    let Some(state) = properties.text(&["state"]) else {
        let message = "without a `state` the subscription is `submitted`, and its keys do not count";
        properties.warning(&[], "missing-property", message);
        return false;
    };
    if !STATES.iter().any(|known| state.eq_ignore_ascii_case(known)) {
        let expected = "`active`, `suspended`, `submitted`, `rejected`, `cancelled` or `expired`";
        properties.not_one_of(&["state"], state, expected);
    }
    state.eq_ignore_ascii_case("active")
}

fn scope(parsing: &Parsing<'_>, properties: &mut Properties<'_>) -> Option<SubscriptionScope> {
    let written = properties.required(&["scope"])?;
    let relative = reference::relative(written);
    if relative == "/" || relative.eq_ignore_ascii_case("/apis") {
        return Some(SubscriptionScope::AllApis);
    }
    match reference::family_and_name(written) {
        Some((family, name)) if family == "apis" => {
            let (name, _) = reference::split_revision(&name);
            if !parsing.has_api(&name) {
                missing(parsing, properties, written, "/apis", &name);
                return None;
            }
            Some(SubscriptionScope::Api(name))
        }
        Some((family, name)) if family == "products" => {
            let id = ResourceId::new("/products").child(&name);
            if parsing.set.get(&id).is_none() && parsing.set.faults_of(&id).is_empty() {
                missing(parsing, properties, written, "/products", &name);
                return None;
            }
            Some(SubscriptionScope::Product(name))
        }
        Some(_) | None => {
            let message = format!("`{written}` is not a scope");
            let help = "expected `/apis`, `/apis/{api}`, `/products/{product}` or the id of the service";
            properties.error_with_help(&["scope"], "invalid-scope", message, Some(help.to_owned()));
            None
        }
    }
}

fn missing(parsing: &Parsing<'_>, properties: &mut Properties<'_>, written: &str, family: &str, name: &str) {
    let known = ResourceId::new(family);
    let help = did_you_mean(name, parsing.set.children(&known).map(|resource| resource.id.name()));
    let message = format!("`scope` is `{written}`, which is not there");
    properties.error_with_help(&["scope"], "unknown-reference", message, help);
}
