//! Warnings about what no request reaches, because another API is found first. Decides nothing: what is hidden stays compiled.

use std::sync::Arc;

use crate::config::ResourceId;
use crate::config::document::Syntax;
use crate::config::locate;
use crate::config::model::{Api, Configuration, Operation};
use crate::diagnostic::Diagnostic;
use crate::route::{Conflict, RouteApi, conflicts};
use crate::snapshot::CompiledApi;
use crate::span::Span;

/// Everything that is hidden in `routes`, whose indices count in `apis`.
pub(super) fn warnings(
    routes: &[RouteApi],
    apis: &[Arc<CompiledApi>],
    configuration: &Configuration,
) -> Vec<Diagnostic> {
    conflicts(routes).iter().filter_map(|conflict| warning(conflict, apis, configuration)).collect()
}

fn warning(conflict: &Conflict, apis: &[Arc<CompiledApi>], configuration: &Configuration) -> Option<Diagnostic> {
    match conflict {
        Conflict::Api { first, second, host: _ } => {
            let (first, second) = (apis.get(*first)?, apis.get(*second)?);
            let help = format!("it is `{}`: give one of them another path, version or host", first.id);
            Some(
                at_path(&second.id, "hidden-api", format!("`{}`: {conflict}", second.id), configuration)
                    .with_help(help),
            )
        }
        Conflict::Operation { api, operation, by } => {
            let (api, by) = (apis.get(*api)?, apis.get(*by)?);
            let view = &api.operations.get(*operation)?.view;
            let message = format!("`{} {}` of `{}`: {conflict}", view.method, view.url_template, api.id);
            let help = format!("it is `{}` at `/{}`", by.id, by.route.path.trim_matches('/'));
            let found = api_of(&api.id, configuration)
                .and_then(|api| api.operations.iter().find(|operation| operation.name == view.id));
            let warning = match found {
                Some(operation) => at_template(operation, "hidden-operation", message),
                None => at_path(&api.id, "hidden-operation", message, configuration),
            };
            Some(warning.with_help(help))
        }
    }
}

fn api_of<'c>(id: &ResourceId, configuration: &'c Configuration) -> Option<&'c Api> {
    configuration.apis.iter().find(|api| api.id == *id)
}

// An API that is held back stands in no document of this revision: then its id says where to look.
fn at_path(id: &ResourceId, code: &'static str, message: String, configuration: &Configuration) -> Diagnostic {
    let Some(api) = api_of(id, configuration) else { return Diagnostic::warning(code, id.as_str(), message) };
    let file = &api.origin.file;
    let warning = Diagnostic::warning(code, Arc::clone(file), message);
    let text = api.origin.text.as_deref().zip(Syntax::of(file));
    match text.and_then(|(text, syntax)| locate::position(text, syntax, &["properties", "path"])) {
        Some(position) => warning.at_position(position),
        None => warning,
    }
}

fn at_template(operation: &Operation, code: &'static str, message: String) -> Diagnostic {
    let warning = Diagnostic::warning(code, Arc::clone(&operation.origin.file), message);
    match template_place(operation) {
        Some((text, at)) => warning.at(text, Span::new(at, at)),
        None => warning,
    }
}

/// The text that an operation was read from, and where its URL template stands in it.
pub(super) fn template_place(operation: &Operation) -> Option<(&str, usize)> {
    let text = operation.origin.text.as_deref()?;
    text.find(&operation.url_template).map(|at| (text, at))
}
