//! Warnings about `cache-store` policies that no `cache-lookup` comes before: they store nothing. Decides nothing.

use std::sync::Arc;

use crate::config::model::{Configuration, PolicyText};
use crate::diagnostic::Diagnostic;
use crate::policy::{Program, Section};
use crate::snapshot::{CompiledApi, CompiledProduct};
use crate::span::Span;

const LOOKUP: &str = "cache-lookup";
const STORE: &str = "cache-store";

/// The parts of a snapshot that hold policies.
#[derive(Clone, Copy)]
pub(super) struct Served<'s> {
    pub(super) service: &'s Program,
    pub(super) products: &'s [CompiledProduct],
    pub(super) apis: &'s [Arc<CompiledApi>],
}

/// A warning for each document whose `cache-store` has no `cache-lookup` in any document that may run with it.
pub(super) fn warnings(served: Served<'_>, configuration: &Configuration) -> Vec<Diagnostic> {
    let Served { service, products, apis } = served;
    let mut found = Vec::new();
    let in_service = looks_up(service);
    if in_service {
        return found;
    }
    if holds(service, STORE) && !products.iter().any(product_looks_up) && !apis.iter().any(|api| api_looks_up(api)) {
        found.extend(configuration.policy.as_ref().map(warning));
    }
    for product in &configuration.products {
        let compiled = products.iter().find(|compiled| compiled.view.id == product.id);
        let stores = compiled.and_then(|of| of.program.as_ref()).is_some_and(|program| holds(program, STORE));
        let is_of = |api: &&Arc<CompiledApi>| product.apis.iter().any(|name| name.eq_ignore_ascii_case(&api.name));
        let is_looked_up =
            compiled.is_some_and(product_looks_up) || apis.iter().filter(is_of).any(|api| api_looks_up(api));
        if stores && !is_looked_up {
            found.extend(product.policy.as_ref().map(warning));
        }
    }
    for api in &configuration.apis {
        let Some(compiled) = apis.iter().find(|compiled| compiled.id == api.id) else { continue };
        let names_it =
            |product: &&CompiledProduct| product.view.apis.iter().any(|of| of.id == api.name || of.id == api.id.name());
        let in_products = products.iter().filter(names_it).any(product_looks_up);
        let in_api = compiled.program.as_deref().is_some_and(looks_up);
        let stores = compiled.program.as_deref().is_some_and(|program| holds(program, STORE));
        if stores && !in_products && !api_looks_up(compiled) {
            found.extend(api.policy.as_ref().map(warning));
        }
        for operation in &api.operations {
            let made = compiled.operations.iter().find(|made| made.view.id == operation.name);
            let program = made.and_then(|made| made.program.as_deref());
            let stores = program.is_some_and(|program| holds(program, STORE) && !looks_up(program));
            if stores && !in_products && !in_api {
                found.extend(operation.policy.as_ref().map(warning));
            }
        }
    }
    found
}

fn product_looks_up(product: &CompiledProduct) -> bool {
    product.program.as_deref().is_some_and(looks_up)
}

fn api_looks_up(api: &CompiledApi) -> bool {
    let operations = api.operations.iter().filter_map(|operation| operation.program.as_deref());
    api.program.as_deref().into_iter().chain(operations).any(looks_up)
}

fn looks_up(program: &Program) -> bool {
    holds(program, LOOKUP)
}

fn holds(program: &Program, element: &str) -> bool {
    Section::ALL.iter().any(|section| program.code(*section).places.iter().any(|place| place.element == element))
}

fn warning(policy: &PolicyText) -> Diagnostic {
    let message = "`cache-store` stores nothing: no `cache-lookup` comes before it";
    let help = "add `cache-lookup` to the inbound section: it makes the key under which the response is kept";
    let warning = Diagnostic::warning("unpaired-cache-store", Arc::clone(&policy.origin.file), message).with_help(help);
    // In a fragment it stands elsewhere; then the document that includes it is named.
    let is_it =
        |(at, name): &(usize, &str)| !policy.text.get(at + name.len()..).is_some_and(|rest| rest.starts_with('-'));
    match policy.text.match_indices("<cache-store").find(is_it) {
        Some((at, _)) => warning.at(&policy.text, Span::new(at + 1, at + 1)),
        None => warning,
    }
}
