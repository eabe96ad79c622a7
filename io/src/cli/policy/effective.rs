//! `holdfast policy effective`: the policy of an operation with every `base` replaced by what it stands for; of a resolver, its document.

use std::path::Path;

use holdfast_core::config::model::{Api, PolicyText};
use holdfast_core::policy::Scope;
use holdfast_core::policy::effective::effective as merged;
use holdfast_core::snapshot::standard_policy;

use crate::cli::arguments::{Format, Inspected};
use crate::cli::given::with_hint;
use crate::cli::report::words;
use crate::cli::{EXIT_OK, Outcome, inspect};

pub(super) fn effective(
    directory: &Path,
    gateway: Option<&str>,
    api: &str,
    operation: Option<&str>,
    product: Option<&str>,
) -> Result<Outcome, String> {
    let gateway = gateway.map(str::to_owned);
    let inspected = Inspected { directory: directory.to_owned(), gateway, format: Format::Human };
    let folder = inspect::read(&inspected).map_err(|found| words(&found))?;
    let configuration = &folder.parsed.configuration;
    let api = named("API", api, &configuration.apis, |api: &Api| api.id.name())?;
    let mut levels: Vec<(Scope, &PolicyText)> = Vec::new();
    // What a resolver does is its own document: it inherits nothing.
    let resolver = |name: &str| api.resolvers.iter().find(|of| format!("{}/{}", of.of, of.field) == name);
    if let Some(resolver) = operation.and_then(resolver) {
        return Ok(Outcome {
            code: EXIT_OK,
            out: format!("{}\n", resolver.policy.text.trim_end()),
            err: String::new(),
        });
    }
    if let Some(name) = operation {
        let operation = named("operation", name, &api.operations, |operation| &operation.name)?;
        levels.extend(operation.policy.as_ref().map(|policy| (Scope::Operation, policy)));
    }
    levels.extend(api.policy.as_ref().map(|policy| (Scope::Api, policy)));
    if let Some(name) = product {
        let product = named("product", name, &configuration.products, |product| &product.id)?;
        levels.extend(product.policy.as_ref().map(|policy| (Scope::Product, policy)));
    }
    let standard = standard_policy();
    levels.push((Scope::Global, configuration.policy.as_ref().unwrap_or(&standard)));
    Ok(Outcome { code: EXIT_OK, out: merged(&levels), err: String::new() })
}

fn named<'a, T>(kind: &str, name: &str, all: &'a [T], id: impl Fn(&T) -> &str) -> Result<&'a T, String> {
    if let Some(found) = all.iter().find(|found| id(found).eq_ignore_ascii_case(name)) {
        return Ok(found);
    }
    Err(with_hint(format!("there is no {kind} `{name}`"), name, all.iter().map(id)))
}
