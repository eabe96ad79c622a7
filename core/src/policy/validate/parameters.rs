//! `validate-parameters`: the request's fields, query and path against what the operation declares.

use std::sync::Arc;

use crate::config::contract::{Need, Parameter};
use crate::expr::Message;
use crate::http::{HeaderName, Query, latin1};
use crate::policy::reader::Reader;
use crate::policy::run::{Ran, Run, Site};
use crate::policy::shape::{Content, Occurs, Shape, attribute, child};
use crate::policy::validate::parameter::Place;
use crate::policy::validate::{Actions, Decided, Finding, NAMED_ACTION, conclude, variable};
use crate::policy::{Built, Policy};

/// `validate-parameters`
pub static VALIDATE_PARAMETERS: Shape = Shape {
    attributes: &[
        attribute("specified-parameter-action").required(),
        attribute("unspecified-parameter-action").required(),
        attribute("errors-variable-name").literal(),
    ],
    content: Content::Children(&[
        child("headers", Occurs::Optional, &GROUP),
        child("query", Occurs::Optional, &GROUP),
        child("path", Occurs::Optional, &PATH),
    ]),
};

static GROUP: Shape = Shape {
    attributes: &[attribute("specified-parameter-action"), attribute("unspecified-parameter-action")],
    content: Content::Children(&[child("parameter", Occurs::Any, &NAMED_ACTION)]),
};

static PATH: Shape = Shape {
    attributes: &[attribute("specified-parameter-action")],
    content: Content::Children(&[child("parameter", Occurs::Any, &NAMED_ACTION)]),
};

const ATTRIBUTES: [&str; 2] = ["specified-parameter-action", "unspecified-parameter-action"];

/// Judges the parameters of a request.
#[derive(Clone, Debug)]
pub(super) struct ValidateParameters {
    all: Actions,
    headers: Option<Actions>,
    query: Option<Actions>,
    path: Option<Actions>,
    variable: Option<Arc<str>>,
}

/// Compiles `validate-parameters`.
pub fn build_validate_parameters(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let all = Actions::read(reader, "", ATTRIBUTES);
    let mut group = |name: &str| {
        let element = reader.child(name)?;
        Some(Actions::read(&mut reader.at(element), "parameter", ATTRIBUTES))
    };
    let (headers, query, path) = (group("headers"), group("query"), group("path"));
    Some(Arc::new(ValidateParameters { all, headers, query, path, variable: variable(reader) }))
}

impl Policy for ValidateParameters {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let all = self.all.get(run, None)?;
        let mut group = |of: &Option<Actions>| match of {
            Some(actions) => actions.get(run, Some(&all)),
            None => Ok(all.clone()),
        };
        let (headers, query, path) = (group(&self.headers)?, group(&self.query)?, group(&self.path)?);
        let mut findings = of_headers(run, &headers);
        findings.extend(of_query(run, &query));
        findings.extend(of_path(run, &path));
        conclude(run, Message::Request, self.variable.as_ref(), findings)
    }

    fn broken(&self, site: &Site, operation: &str) -> Vec<String> {
        let contract = &site.request;
        let of = |place: Place, list: &[Parameter]| {
            list.iter().filter_map(|declared| place.broken(site, operation, 0, declared)).collect::<Vec<_>>()
        };
        let mut broken = of(Place::RequestHeader, &contract.headers);
        broken.extend(of(Place::Query, &contract.query));
        broken.extend(of(Place::Path, &contract.template));
        broken
    }
}

fn of_headers(run: &Run<'_>, actions: &Decided) -> Vec<Finding> {
    let headers = &run.context.request.headers;
    let declared = &run.site.request.headers;
    let mut findings = Vec::new();
    for parameter in declared {
        let name = HeaderName::from_bytes(parameter.name.as_bytes()).ok();
        let values = name.iter().flat_map(|name| headers.get_all(name)).map(latin1).collect::<Vec<_>>();
        findings.extend(judged(run, Place::RequestHeader, parameter, &values, actions));
    }
    let key = run.context.api.as_ref().map(|api| api.key_names.0.as_str()).unwrap_or_default();
    let is_declared = |name: &str| declared.iter().any(|parameter| parameter.name.eq_ignore_ascii_case(name));
    // The gateway itself asks for the key.
    let others = headers.keys().map(HeaderName::as_str).filter(|name| !name.eq_ignore_ascii_case(key));
    let others = others.filter(|name| !is_declared(name));
    findings.extend(others.map(|name| Place::RequestHeader.unspecified(name, actions.unspecified(name))));
    findings
}

fn of_query(run: &Run<'_>, actions: &Decided) -> Vec<Finding> {
    let query = Query::new(run.context.request.original_url.query.as_deref());
    let contract = &run.site.request;
    let of_template: Vec<&str> = run.site.template.iter().flat_map(|template| template.query_names()).collect();
    let mut findings = Vec::new();
    for parameter in &contract.query {
        let values: Vec<String> = query.get_all(&parameter.name).map(std::borrow::Cow::into_owned).collect();
        findings.extend(judged(run, Place::Query, parameter, &values, actions));
    }
    let key = run.context.api.as_ref().map(|api| api.key_names.1.as_str()).unwrap_or_default();
    let mut seen: Vec<String> = Vec::new();
    for pair in query.pairs() {
        let is_declared = contract.query.iter().any(|parameter| pair.is_named(&parameter.name))
            || of_template.iter().any(|name| pair.is_named(name));
        let name = crate::http::percent::decode(pair.name).into_owned();
        if is_declared || pair.is_named(key) || seen.contains(&name) {
            continue;
        }
        findings.push(Place::Query.unspecified(&name, actions.unspecified(&name)));
        seen.push(name);
    }
    findings
}

fn of_path(run: &Run<'_>, actions: &Decided) -> Vec<Finding> {
    let matched = &run.context.request.matched_parameters;
    let mut findings = Vec::new();
    for parameter in &run.site.request.template {
        let value: Vec<String> = matched.get(&parameter.name).cloned().into_iter().collect();
        findings.extend(judged(run, Place::Path, parameter, &value, actions));
    }
    findings
}

/// What is wrong with one declared parameter.
pub(super) fn judged(
    run: &Run<'_>,
    place: Place,
    declared: &Parameter,
    values: &[String],
    actions: &Decided,
) -> Vec<Finding> {
    let action = actions.specified(&declared.name);
    if action == super::Action::Ignore {
        return Vec::new();
    }
    match (values, declared.need) {
        ([], Need::Required) => vec![place.absent(&declared.name, action)],
        (values, Need::Required | Need::Optional) => place.check(run, declared, values, action),
    }
}
