//! Operations of an API. Matches no URL: templates stay as written.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::config::bounds::{MAX_DIAGNOSTICS_PER_FILE, MAX_OPERATIONS_PER_API};
use crate::config::contract::{OperationResponse, RequestContract};
use crate::config::model::{ApiKind, Operation};
use crate::config::parse::properties::Properties;
use crate::config::parse::{Parsing, contract, policy};
use crate::config::resource::{Resource, ResourceId};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::http::{Method, UrlTemplate};

const KNOWN: &[&str] =
    &["displayName", "method", "urlTemplate", "description", "templateParameters", "request", "responses", "policies"];

/// The operations of the API that `api` reads; what is wrong with them is wrong with the API.
pub(super) fn operations(parsing: &Parsing<'_>, api: &mut Properties<'_>, kind: ApiKind) -> Vec<Operation> {
    let collection = api.resource.id.child("operations");
    let mut operations = Vec::new();
    let mut taken: BTreeMap<(String, String), String> = BTreeMap::new();
    for resource in parsing.set.children(&collection) {
        if operations.len() == MAX_OPERATIONS_PER_API {
            api.error(&[], "too-many-operations", format!("more than {MAX_OPERATIONS_PER_API} operations"));
            break;
        }
        let mut properties = Properties::new(resource);
        if let Some(operation) = operation(parsing, api.resource, &mut properties) {
            let place = (operation.method.to_string(), shape(&operation.url_template));
            if let Some(other) = taken.insert(place, operation.name.clone()) {
                let message = format!("`{} {}` is also that of `{other}`", operation.method, operation.url_template);
                properties.error(&["urlTemplate"], "duplicate-operation", message);
            }
            operations.push(operation);
        }
        api.findings.append(&mut properties.findings);
        if api.findings.len() >= MAX_DIAGNOSTICS_PER_FILE {
            api.error(&[], "too-many-errors", "more findings about this API are left out");
            break;
        }
    }
    check_policies(parsing, api, &collection);
    if kind == ApiKind::GraphQl && operations.is_empty() {
        operations.extend([Method::POST, Method::GET].map(|method| of_graphql(api.resource, method)));
    }
    if operations.is_empty() && kind == ApiKind::Http && parsing.set.faults_of(&api.resource.id).is_empty() {
        let message = format!("`{}` has no operations: nothing of it will be found", api.resource.id);
        api.warning(&[], "no-operations", message);
    }
    operations
}

// A GraphQL API has one place and no operations of its own; what is asked for stands in the request.
fn of_graphql(api: &Resource, method: Method) -> Operation {
    Operation {
        name: format!("graphql-{}", method.as_str().to_ascii_lowercase()),
        display_name: "GraphQL".to_owned(),
        method,
        url_template: "/".to_owned(),
        request: RequestContract::default(),
        responses: Vec::new(),
        policy: None,
        origin: api.origin.clone(),
    }
}

fn operation(parsing: &Parsing<'_>, api: &Resource, properties: &mut Properties<'_>) -> Option<Operation> {
    properties.note_unknown(KNOWN);
    let resource = properties.resource;
    let name = resource.id.name().to_owned();
    let display_name = properties.text(&["displayName"]).unwrap_or(&name).to_owned();
    let method = method(properties);
    let url_template = properties.text(&["urlTemplate"]).map(str::to_owned);
    if url_template.is_none() && properties.value(&["urlTemplate"]).is_none() {
        properties.error(&["urlTemplate"], "missing-property", format!("`urlTemplate` of `{name}` is missing"));
    }
    let request = contract::request(parsing.set, &api.id, properties);
    let responses = responses(parsing, api, properties);
    let policy = policy::policy(parsing.set, &resource.id).unwrap_or_else(|diagnostic| {
        properties.findings.push(diagnostic);
        None
    });
    Some(Operation {
        display_name,
        method: method?,
        url_template: url_template?,
        request,
        responses,
        policy,
        origin: resource.origin.clone(),
        name,
    })
}

fn method(properties: &mut Properties<'_>) -> Option<Method> {
    let word = properties.required(&["method"])?;
    let method = Method::from_bytes(word.to_ascii_uppercase().as_bytes()).ok();
    if method.is_none() {
        properties.error(&["method"], "invalid-method", format!("`{word}` is not a method"));
    }
    method
}

fn responses(parsing: &Parsing<'_>, api: &Resource, properties: &mut Properties<'_>) -> Vec<OperationResponse> {
    let mut responses = Vec::new();
    for (index, response) in properties.items(&["responses"]).iter().enumerate() {
        let status = response.get("statusCode").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
        let Some(status) = status.filter(|status| (100..1000).contains(status)) else {
            let path = ["responses", &index.to_string(), "statusCode"];
            properties.error(&path, "invalid-status", "expected a status code from 100 to 999");
            continue;
        };
        responses.push(contract::response(parsing.set, &api.id, status, response));
    }
    responses
}

/// A policy of an operation that is not there would be left out without a word.
fn check_policies(parsing: &Parsing<'_>, api: &mut Properties<'_>, collection: &ResourceId) {
    for resource in parsing.set.iter_within(collection) {
        let segments: Vec<&str> = resource.id.segments().collect();
        let Some(name) = segments.get(3).filter(|_| segments.len() > 4) else { continue };
        if parsing.set.get(&collection.child(name)).is_some() || !parsing.set.faults_of(&api.resource.id).is_empty() {
            continue;
        }
        let message = format!("there is no operation `{name}` in `{}`", api.resource.id);
        let mut diagnostic = Diagnostic::error("unknown-operation", resource.origin.file.clone(), message);
        diagnostic.help = did_you_mean(name, parsing.set.children(collection).map(|operation| operation.id.name()));
        api.findings.push(diagnostic);
    }
}

/// What a template matches: two operations of one shape and method cannot be told apart. A template that cannot be read is refused
/// later, with its place.
fn shape(template: &str) -> String {
    UrlTemplate::parse(template).map_or_else(|_| template.to_owned(), |template| template.shape())
}
