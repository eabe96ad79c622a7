//! GraphQL: `validate-graphql-request`, a request against the API's schema, its limits and rules about its fields; and synthetic APIs.
//!
//! `request` the request as HTTP carries it, `schema`, `check` and `rules` what may be asked for, `plan` what is asked for, `execute` the
//! operation under way, `resolvers`, `source`, `cosmos` and `endpoint` whom it asks, `synthetic` what comes of it; `without` and `print` write
//! documents; `publish`, `handshake` and `subscription` are for those who have subscribed.

mod check;
mod coerce;
mod collect;
pub mod cosmos;
mod cost;
mod document;
mod endpoint;
mod execute;
pub mod handshake;
mod introspect;
mod plan;
mod print;
pub mod publish;
mod request;
mod resolvers;
mod rules;
mod schema;
pub mod source;
mod subscription;
pub mod synthetic;
#[cfg(test)]
mod tests;
mod value;
mod without;

use std::sync::Arc;

use graphql_parser::parse_query;
use serde_json::{Value as Json, json};

use crate::expr::{Expected, Message};
use crate::http::{Bytes, HeaderValue, Query, StatusCode, header};
use crate::policy::content::{content_of, set_content};
use crate::policy::operand::{Operand, Typed, get_optional};
use crate::policy::reader::Reader;
use crate::policy::run::{Failure, Flow, Ran, Run, Socket, Stop};
use crate::policy::shape::{Content, Occurs, Shape, attribute, child};
use crate::policy::{Built, Policy};
use crate::value::{JToken, Value};
use check::{Asked, check};
use document::Wrong;
use request::{Form, Request, unread, wrong};
use without::without;

pub use execute::{CALLS_MAX, Call, Execution, Next, PARALLEL_MAX, RESULT_BYTES_MAX, Whom};
pub use resolvers::{Resolver, Resolvers};
pub use schema::{Place, SCHEMA_BYTES_MAX, Schema};
pub use subscription::Subscription;

/// The largest `max-size`, in bytes.
const SIZE_MAX: i64 = 102_400;

/// How deep a request may be when nothing is said.
const DEPTH: i64 = 6;

/// The deepest that the parser reads.
const DEPTH_MAX: i64 = 40;

/// The variable that all errors are pushed onto.
const ERRORS: &str = "GraphQLErrors";

/// `validate-graphql-request`
pub static VALIDATE_GRAPHQL_REQUEST: Shape = Shape {
    attributes: &[attribute("error-variable-name"), attribute("max-size").required(), attribute("max-depth")],
    content: Content::Children(&[child("authorize", Occurs::Optional, &AUTHORIZE)]),
};

static AUTHORIZE: Shape =
    Shape { attributes: &[], content: Content::Children(&[child("rule", Occurs::OneOrMore, &RULE)]) };

static RULE: Shape =
    Shape { attributes: &[attribute("path").required().literal(), attribute("action")], content: Content::Empty };

/// Judges a GraphQL request.
#[derive(Clone, Debug)]
pub struct ValidateGraphqlRequest {
    variable: Option<Operand>,
    size_max: Operand<i64>,
    depth_max: Option<Operand<i64>>,
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    path: Arc<str>,
    action: Option<Operand<Action>>,
}

/// What requests are judged by, evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    size_max: usize,
    depth_max: usize,
    rules: Vec<(Arc<str>, Action)>,
}

/// What a rule does with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Allow,
    Remove,
    Reject,
    /// The next rule decides.
    Ignore,
}

impl Typed for Action {
    const EXPECTED: Expected = Expected::Text;

    fn from_literal(text: &str) -> Result<Self, String> {
        match text.trim() {
            "allow" => Ok(Self::Allow),
            "remove" => Ok(Self::Remove),
            "reject" => Ok(Self::Reject),
            "ignore" => Ok(Self::Ignore),
            other => Err(format!("`{other}` is not an action: expected `allow`, `remove`, `reject` or `ignore`")),
        }
    }

    fn from_value(value: &Value) -> Result<Self, String> {
        Self::from_literal(&value.to_string())
    }
}

/// Compiles `validate-graphql-request`.
pub fn build_validate_graphql_request(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let variable = reader.attribute("error-variable-name");
    let size_max = reader.attribute::<i64>("max-size");
    let depth_max = reader.attribute::<i64>("max-depth");
    for (name, operand, largest) in
        [("max-size", size_max.as_ref(), SIZE_MAX), ("max-depth", depth_max.as_ref(), DEPTH_MAX)]
    {
        if operand.and_then(Operand::known).is_some_and(|value| !(1..=largest).contains(value)) {
            reader.error(name, format!("expected a number from 1 to {largest}"));
        }
    }
    let mut rules = Vec::new();
    let authorize = reader.child("authorize");
    for element in authorize.into_iter().flat_map(|authorize| authorize.elements()).filter(|rule| rule.name == "rule") {
        let mut one = reader.at(element);
        let action = one.attribute("action");
        let Some(path) = one.literal("path") else { continue };
        if !path.starts_with('/') {
            one.error("path", format!("`{path}` is not a path, as in `/Type/field`, `/Type/*` or `/__*`"));
        }
        rules.push(Rule { path, action });
    }
    Some(Arc::new(ValidateGraphqlRequest { variable, size_max: size_max?, depth_max, rules }))
}

impl Policy for ValidateGraphqlRequest {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let variable = get_optional(self.variable.as_ref(), run)?;
        let size_max = usize::try_from(self.size_max.get(run)?.clamp(0, SIZE_MAX)).unwrap_or(0);
        let depth_max = get_optional(self.depth_max.as_ref(), run)?.unwrap_or(DEPTH).clamp(0, DEPTH_MAX);
        let depth_max = usize::try_from(depth_max).unwrap_or(0);
        let mut rules = Vec::with_capacity(self.rules.len());
        for rule in &self.rules {
            rules.push((Arc::clone(&rule.path), get_optional(rule.action.as_ref(), run)?.unwrap_or(Action::Allow)));
        }
        let Some(schema) = run.site.schemas.graphql() else {
            let message = "The API has no GraphQL schema.";
            return Err(Stop::fail(Failure::internal("GraphQLSchemaNotFound", message)));
        };
        let schema = Arc::clone(schema);
        if let (Socket::Asked(asked), Some(_)) = (&mut run.state.socket, &run.site.resolvers) {
            // Decision: the operations on a socket are judged as they come (fixtures/exchange/graphql-socket-rules.conversation).
            asked.rules.push(Rules { size_max, depth_max, rules });
            return Ok(Flow::Next);
        }
        let content = content_of(run, Message::Request)?.unwrap_or_default();
        let judged =
            request::read(run, &content, size_max).and_then(|request| request.allowed(&schema, depth_max, &rules));
        match judged {
            Ok((changed, removed)) => {
                push(run, variable.as_ref(), &removed);
                if let Some(changed) = changed {
                    changed.apply(run);
                }
                Ok(Flow::Next)
            }
            Err(wrongs) => Err(refused(run, variable.as_ref(), &wrongs)),
        }
    }
}

/// A request without some of its fields.
struct Changed {
    query: String,
    form: Form,
}

impl Request {
    // What is left of the request, when rules remove fields; what they remove.
    fn allowed(
        self,
        schema: &Schema,
        depth_max: usize,
        rules: &[(Arc<str>, Action)],
    ) -> Result<(Option<Changed>, Vec<Wrong>), Vec<Wrong>> {
        let document = parse_query::<&str>(&self.query).map_err(|error| unread(&error))?;
        let asked = check(schema, &document, &self.query, self.operation.as_deref(), depth_max)?;
        let (mut removed, mut rejected) = (Vec::new(), Vec::new());
        for field in asked {
            match decided(schema, &field, rules) {
                Action::Allow | Action::Ignore => {}
                Action::Remove => removed.push(field),
                Action::Reject => rejected.push(unauthorized(&field)),
            }
        }
        if !rejected.is_empty() {
            return Err(rejected);
        }
        if removed.is_empty() {
            return Ok((None, Vec::new()));
        }
        let Some(document) = without(document, &removed) else {
            return Err(wrong("Not authorized to access any field of the request."));
        };
        Ok((
            Some(Changed { query: print::document(&document), form: self.form }),
            removed.iter().map(unauthorized).collect(),
        ))
    }
}

fn unauthorized(field: &Asked) -> Wrong {
    let message = format!("Not authorized to access the field {}.{}.", field.of, field.name);
    Wrong { message, at: Some(field.at) }
}

impl Changed {
    fn apply(self, run: &mut Run<'_>) {
        match self.form {
            Form::Json(mut members) => {
                members.insert("query".to_owned(), Json::from(self.query));
                set_content(run, Message::Request, Json::Object(members).to_string());
            }
            Form::Document => set_content(run, Message::Request, self.query),
            Form::Url => {
                let url = &mut run.context.request.url;
                url.query = Query::new(url.query.as_deref()).set("query", &[&self.query]);
            }
        }
    }
}

// What rules say of a field; of one that is asked for through an interface, the strictest of what they say of it and of each type
// that the object may be of: which it is only the backend knows.
fn decided(schema: &Schema, field: &Asked, rules: &[(Arc<str>, Action)]) -> Action {
    let types = std::iter::once(field.of.as_str()).chain(schema.members(&field.of));
    let actions: Vec<Action> = types.map(|of| decided_of(of, field, rules)).collect();
    let strictest = [Action::Reject, Action::Remove].into_iter().find(|action| actions.contains(action));
    strictest.unwrap_or(Action::Allow)
}

// The most specific rule that does not leave it to the next one.
fn decided_of(of: &str, field: &Asked, rules: &[(Arc<str>, Action)]) -> Action {
    let path = format!("/{of}/{}", field.name);
    // Introspection begins below no type of its own: `/__*` means it too.
    let short = field.name.starts_with("__").then(|| format!("/{}", field.name));
    let specificity = |rule: &str| {
        let matches = |path: &str| match rule.strip_suffix('*') {
            Some(start) => path.starts_with(start),
            None => rule == path,
        };
        let is_it = matches(&path) || short.as_deref().is_some_and(matches);
        is_it.then_some((!rule.ends_with('*'), rule.len()))
    };
    let mut matching: Vec<((bool, usize), Action)> =
        rules.iter().filter_map(|(rule, action)| Some((specificity(rule)?, *action))).collect();
    matching.sort_by(|(one, _), (other, _)| other.cmp(one));
    matching.into_iter().map(|(_, action)| action).find(|action| *action != Action::Ignore).unwrap_or(Action::Allow)
}

fn error(wrong: &Wrong) -> Json {
    match wrong.at {
        Some((line, column)) => json!({"message": wrong.message, "locations": [{"line": line, "column": column}]}),
        None => json!({"message": wrong.message}),
    }
}

fn push(run: &mut Run<'_>, variable: Option<&Arc<str>>, wrongs: &[Wrong]) {
    if wrongs.is_empty() {
        return;
    }
    for name in [Some(&Arc::from(ERRORS)), variable].into_iter().flatten() {
        let list = run.context.list_variable(name);
        for wrong in wrongs {
            if let Ok(token) = JToken::parse(&error(wrong).to_string()) {
                // INVARIANT: an array takes tokens that stand nowhere else.
                let _ = list.add(&token);
            }
        }
        run.set_variable(name, Value::Json(list));
    }
}

// Decision: 400 with the form that GraphQL clients read, errors and no data.
fn refused(run: &mut Run<'_>, variable: Option<&Arc<str>>, wrongs: &[Wrong]) -> Stop {
    push(run, variable, wrongs);
    let errors: Vec<Json> = wrongs.iter().map(error).collect();
    let mut response = crate::policy::run::empty_response();
    response.status = StatusCode::BAD_REQUEST;
    response.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.body = crate::context::Body::Bytes(Bytes::from(json!({ "errors": errors }).to_string()));
    run.context.response = Some(response);
    let message = wrongs.iter().map(|wrong| wrong.message.as_str()).collect::<Vec<_>>().join(" ");
    Stop::fail(Failure::new(StatusCode::BAD_REQUEST, "GraphQLRequestInvalid", message).keeping_response())
}
