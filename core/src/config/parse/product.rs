//! Products and what they hold. Decides no access.

use std::sync::Arc;

use crate::config::model::Product;
use crate::config::parse::properties::Properties;
use crate::config::parse::{Parsing, policy, reference};
use crate::config::resource::{Resource, ResourceId};
use crate::diagnostic::{Diagnostic, did_you_mean};

const KNOWN: &[&str] = &[
    "displayName",
    "description",
    "terms",
    "subscriptionRequired",
    "approvalRequired",
    "subscriptionsLimit",
    "state",
    "authenticationType",
    "application",
];

/// The products of the service.
pub(super) fn products(parsing: &mut Parsing<'_>) -> Vec<Product> {
    let mut products = Vec::new();
    for resource in parsing.family("/products") {
        let mut properties = Properties::new(resource);
        let product = product(parsing, &mut properties);
        products.extend(parsing.settle(properties, Some(product)));
    }
    products
}

fn product(parsing: &Parsing<'_>, properties: &mut Properties<'_>) -> Product {
    properties.note_unknown(KNOWN);
    let resource = properties.resource;
    let policy = policy::policy(parsing.set, &resource.id).unwrap_or_else(|diagnostic| {
        properties.findings.push(diagnostic);
        None
    });
    Product {
        id: resource.id.name().to_owned(),
        display_name: properties.text(&["displayName"]).unwrap_or(resource.id.name()).to_owned(),
        subscription_required: properties.switch(&["subscriptionRequired"], true),
        approval_required: properties.switch(&["approvalRequired"], false),
        subscriptions_limit: properties.number(&["subscriptionsLimit"]),
        published: is_published(properties),
        apis: apis(parsing, properties),
        groups: groups(parsing, properties),
        policy,
    }
}

fn is_published(properties: &mut Properties<'_>) -> bool {
    let Some(state) = properties.text(&["state"]) else { return false };
    let is_published = state.eq_ignore_ascii_case("published");
    if !is_published && !state.eq_ignore_ascii_case("notPublished") {
        properties.not_one_of(&["state"], state, "`published` or `notPublished`");
    }
    is_published
}

fn apis(parsing: &Parsing<'_>, properties: &mut Properties<'_>) -> Vec<String> {
    let mut names = Vec::new();
    for (name, file) in linked(parsing, properties, "apis", "apiId") {
        let (name, _) = reference::split_revision(&name);
        if !parsing.has_api(&name) {
            let product = properties.resource.id.name();
            let message = format!("the product `{product}` holds the API `{name}`, which is not there");
            let mut warning = Diagnostic::warning("unknown-api", file, message);
            let known = parsing.set.children(&ResourceId::new("/apis"));
            warning.help = did_you_mean(&name, known.map(|api| api.id.name()));
            properties.findings.push(warning);
        }
        names.push(name);
    }
    unique(names)
}

fn groups(parsing: &Parsing<'_>, properties: &mut Properties<'_>) -> Vec<String> {
    unique(linked(parsing, properties, "groups", "groupId").into_iter().map(|(name, _)| name).collect())
}

/// Names and the documents that say them: link resources (`/products/p/apis/x`), and the newer links with an id of their own
/// (`/products/p/apiLinks/…`).
fn linked(
    parsing: &Parsing<'_>,
    properties: &mut Properties<'_>,
    family: &str,
    property: &str,
) -> Vec<(String, Arc<str>)> {
    let product = &properties.resource.id;
    let named = |link: &Arc<Resource>| (link.id.name().to_owned(), link.origin.file.clone());
    let mut names: Vec<_> = parsing.set.children(&product.child(family)).map(named).collect();
    let links = product.child(&format!("{}Links", family.trim_end_matches('s')));
    for resource in parsing.set.children(&links) {
        let mut link = Properties::new(resource);
        let target = link.required(&[property]).and_then(reference::family_and_name);
        names.extend(target.map(|(_, name)| (name, resource.origin.file.clone())));
        properties.findings.append(&mut link.findings);
    }
    names
}

fn unique(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
    names
}
