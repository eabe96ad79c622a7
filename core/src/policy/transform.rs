//! Policies that change a message: method, status, variables, fields, query parameters, content.

use std::sync::Arc;

use crate::context::{Body, ResponseView};
use crate::expr::Message;
use crate::http::charset;
use crate::http::{Bytes, HeaderMap, HeaderName, HeaderValue, Method, Query, StatusCode, header};
use crate::policy::compile::Target;
use crate::policy::effect::OutboundBody;
use crate::policy::liquid::Template;
use crate::policy::operand::{Operand, get_optional};
use crate::policy::reader::Reader;
use crate::policy::run::{Failure, Flow, HostField, Ran, Run, Stop, empty_response};
use crate::policy::shape::{Child, Content, Occurs, Shape, TEXT, attribute, child};
use crate::policy::{Built, Policy};
use crate::value::Value;

/// Fields that policies cannot touch: they belong to the connection and the framing.
const IMMUTABLE: [HeaderName; 4] =
    [header::CONNECTION, header::CONTENT_LENGTH, HeaderName::from_static("keep-alive"), header::TRANSFER_ENCODING];

/// Fields whose values stay on lines of their own instead of being joined by commas.
const SEPARATE: [HeaderName; 12] = [
    header::USER_AGENT,
    header::WWW_AUTHENTICATE,
    header::PROXY_AUTHENTICATE,
    header::COOKIE,
    header::SET_COOKIE,
    header::WARNING,
    header::DATE,
    header::EXPIRES,
    header::IF_MODIFIED_SINCE,
    header::IF_UNMODIFIED_SINCE,
    header::LAST_MODIFIED,
    header::RETRY_AFTER,
];

const EXISTS_ACTIONS: &[&str] = &["override", "skip", "append", "delete"];
static VALUES: [Child; 1] = [child("value", Occurs::Any, &TEXT)];

/// `set-method`
pub static SET_METHOD: Shape = TEXT;

/// `set-status`
pub static SET_STATUS: Shape =
    Shape { attributes: &[attribute("code").required(), attribute("reason")], content: Content::Empty };

/// `set-variable`
pub static SET_VARIABLE: Shape = Shape {
    attributes: &[attribute("name").required().literal(), attribute("value").required()],
    content: Content::Empty,
};

/// `set-header`
pub static SET_HEADER: Shape = Shape {
    attributes: &[attribute("name").required(), attribute("exists-action").one_of(EXISTS_ACTIONS)],
    content: Content::Children(&VALUES),
};

/// `set-query-parameter`
pub static SET_QUERY_PARAMETER: Shape = SET_HEADER;

/// `set-body`
pub static SET_BODY: Shape = Shape {
    attributes: &[
        attribute("template").literal().one_of(&["liquid", "none"]),
        attribute("xsi-nil").literal().one_of(&["blank", "null"]),
        attribute("parse-date").literal(),
    ],
    content: Content::Verbatim,
};

/// `set-method`
#[derive(Clone, Debug)]
pub struct SetMethod {
    method: Operand,
    target: Target,
}

/// Compiles `<set-method>`.
pub fn build_set_method(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let method = reader.text::<Arc<str>>()?;
    if method.known().is_some_and(|method| Method::from_bytes(method.as_bytes()).is_err()) {
        reader.reject("attribute-value", format!("{method} is not a method"));
    }
    Some(Arc::new(SetMethod { method, target: reader.target() }))
}

impl Policy for SetMethod {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let name = self.method.get(run)?;
        let method = Method::from_bytes(name.trim().as_bytes())
            .map_err(|_| Stop::fail(Failure::expression(format!("`{name}` is not a method"))))?;
        match self.target {
            Target::DraftRequest => {
                if let Some(draft) = &mut run.state.draft_request {
                    draft.method = method;
                }
            }
            Target::Request | Target::Response | Target::DraftResponse => run.context.request.method = method,
        }
        Ok(Flow::Next)
    }
}

/// `set-status`
#[derive(Clone, Debug)]
pub struct SetStatus {
    code: Operand<i64>,
    reason: Option<Operand>,
    target: Target,
}

/// Compiles `<set-status>`.
pub fn build_set_status(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let code = reader.attribute::<i64>("code")?;
    if code.known().is_some_and(|code| status_code(*code).is_none()) {
        reader.error("code", format!("{code} is not a status code"));
    }
    Some(Arc::new(SetStatus { code, reason: reader.attribute("reason"), target: reader.target() }))
}

/// The status code with this number, when the client can be given it: 200 to 999, and 101 never.
fn status_code(code: i64) -> Option<StatusCode> {
    u16::try_from(code).ok().filter(|code| *code >= 200).and_then(|code| StatusCode::from_u16(code).ok())
}

impl Policy for SetStatus {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let code = self.code.get(run)?;
        let reason = get_optional(self.reason.as_ref(), run)?;
        let status =
            status_code(code).ok_or_else(|| Stop::fail(Failure::expression(format!("{code} is not a status code"))))?;
        let response = response_of(run, self.target);
        response.status = status;
        response.reason = reason.map(|reason| reason.to_string());
        Ok(Flow::Next)
    }
}

fn response_of<'r>(run: &'r mut Run<'_>, target: Target) -> &'r mut ResponseView {
    match target {
        Target::DraftResponse => run.state.draft_response.get_or_insert_with(|| Box::new(empty_response())),
        Target::Request | Target::Response | Target::DraftRequest => run.response(),
    }
}

/// `set-variable`
#[derive(Clone, Debug)]
pub struct SetVariable {
    name: Arc<str>,
    value: Operand<Value>,
}

/// Compiles `<set-variable/>`.
pub fn build_set_variable(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let name = reader.literal("name")?;
    Some(Arc::new(SetVariable { name, value: reader.attribute("value")? }))
}

impl Policy for SetVariable {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let value = self.value.get(run)?;
        run.set_variable(&self.name, value);
        Ok(Flow::Next)
    }
}

/// What happens when the field or parameter is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ExistsAction {
    Override,
    Skip,
    Append,
    Delete,
}

/// Name, action and values of set-header and set-query-parameter.
#[derive(Clone, Debug)]
struct Assignment {
    name: Operand,
    exists_action: Option<Operand>,
    values: Vec<Operand>,
}

/// An assignment with everything evaluated.
#[derive(Debug)]
struct Assigned {
    name: Arc<str>,
    action: ExistsAction,
    values: Vec<Arc<str>>,
}

impl Assignment {
    fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let values = reader.texts("value");
        let exists_action = reader.attribute::<Arc<str>>("exists-action");
        let known = exists_action.as_ref().map_or(Some("override"), |action| action.known().map(|a| a.trim()));
        if values.is_empty() && matches!(known, Some("override" | "append")) && reader.child("value").is_none() {
            reader.reject("missing-element", format!("`{}` needs a child `value`", reader.element.name));
        }
        Some(Self { name: reader.attribute("name")?, exists_action, values })
    }

    fn get(&self, run: &mut Run<'_>) -> Result<Assigned, Stop> {
        let name = self.name.get(run)?;
        let action = match get_optional(self.exists_action.as_ref(), run)?.as_deref().map(str::trim) {
            None | Some("override") => ExistsAction::Override,
            Some("skip") => ExistsAction::Skip,
            Some("append") => ExistsAction::Append,
            Some("delete") => ExistsAction::Delete,
            Some(other) => {
                return Err(Stop::fail(Failure::expression(format!("`{other}` is not a value of `exists-action`"))));
            }
        };
        let values = self.values.iter().map(|value| value.get(run)).collect::<Result<_, _>>()?;
        Ok(Assigned { name, action, values })
    }
}

/// `set-header`
#[derive(Clone, Debug)]
pub struct SetHeader {
    assignment: Assignment,
    /// The name, where it is the same for every exchange.
    constant: Option<HeaderName>,
    target: Target,
}

/// Compiles `<set-header>`.
pub fn build_set_header(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let assignment = Assignment::read(reader)?;
    let mut constant = None;
    if let Some(name) = assignment.name.known() {
        match HeaderName::from_bytes(name.trim().as_bytes()) {
            Ok(known) if IMMUTABLE.contains(&known) => {
                reader.error("name", format!("`{name}` belongs to the connection and cannot be set"));
            }
            Ok(known) => constant = Some(known),
            Err(_) => reader.error("name", format!("`{name}` is not a field name")),
        }
    }
    Some(Arc::new(SetHeader { assignment, constant, target: reader.target() }))
}

impl Policy for SetHeader {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let assigned = self.assignment.get(run)?;
        let fail = |message: String| Stop::fail(Failure::expression(message));
        let name = match &self.constant {
            Some(name) => name.clone(),
            None => HeaderName::from_bytes(assigned.name.trim().as_bytes())
                .map_err(|_| fail(format!("`{}` is not a field name", assigned.name)))?,
        };
        if IMMUTABLE.contains(&name) {
            return Err(fail(format!("`{name}` belongs to the connection and cannot be set")));
        }
        let values = assigned.values.iter().map(|value| header_value(value)).collect::<Result<Vec<_>, _>>()?;
        if self.target == Target::Request && name == header::HOST {
            set_host_field(run, assigned.action);
        }
        assign_header(headers_of(run, self.target), &name, assigned.action, values);
        Ok(Flow::Next)
    }
}

// Only a `Host` that a policy has written goes to the backend, never the one that named this gateway
// (fixtures/policy/set-header-host.conversation).
fn set_host_field(run: &mut Run<'_>, action: ExistsAction) {
    let there = run.context.request.headers.contains_key(header::HOST);
    match action {
        ExistsAction::Skip if there => {}
        ExistsAction::Override | ExistsAction::Append | ExistsAction::Skip => {
            run.state.upstream.host = HostField::AsSet;
        }
        ExistsAction::Delete => run.state.upstream.host = HostField::Backend,
    }
}

/// A field value from text: Latin-1, as .NET writes fields; characters beyond it become `?`.
///
/// # Errors
/// There is a control character in it.
pub fn header_value(text: &str) -> Result<HeaderValue, Stop> {
    let text = text.trim();
    let value = match text.is_ascii() {
        true => HeaderValue::from_str(text),
        false => {
            let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect();
            HeaderValue::from_bytes(&bytes)
        }
    };
    value.map_err(|_| Stop::fail(Failure::expression("a field value cannot hold control characters")))
}

fn headers_of<'r>(run: &'r mut Run<'_>, target: Target) -> &'r mut HeaderMap {
    match target {
        Target::Request => &mut run.context.request.headers,
        Target::DraftRequest => match &mut run.state.draft_request {
            Some(draft) => &mut draft.headers,
            None => &mut run.context.request.headers,
        },
        Target::Response | Target::DraftResponse => &mut response_of(run, target).headers,
    }
}

fn assign_header(headers: &mut HeaderMap, name: &HeaderName, action: ExistsAction, values: Vec<HeaderValue>) {
    let there = headers.contains_key(name);
    match action {
        ExistsAction::Delete => {
            headers.remove(name);
            return;
        }
        ExistsAction::Skip if there => return,
        ExistsAction::Override => {
            headers.remove(name);
        }
        ExistsAction::Skip | ExistsAction::Append => {}
    }
    if SEPARATE.contains(name) {
        for value in values {
            headers.append(name, value);
        }
        return;
    }
    // One value where none was before is the line itself.
    if values.len() == 1 && !headers.contains_key(name) {
        for value in values {
            headers.insert(name, value);
        }
        return;
    }
    // Several values are one line joined by commas, together with what was there before.
    let before: Vec<HeaderValue> = headers.get_all(name).iter().cloned().collect();
    let lines: Vec<&[u8]> = before.iter().chain(&values).map(HeaderValue::as_bytes).collect();
    if lines.is_empty() {
        return;
    }
    if let Ok(joined) = HeaderValue::from_bytes(&lines.join(&b","[..])) {
        headers.insert(name, joined);
    }
}

/// `set-query-parameter`
#[derive(Clone, Debug)]
pub struct SetQueryParameter {
    assignment: Assignment,
}

/// Compiles `<set-query-parameter>`.
pub fn build_set_query_parameter(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    Some(Arc::new(SetQueryParameter { assignment: Assignment::read(reader)? }))
}

impl Policy for SetQueryParameter {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let assigned = self.assignment.get(run)?;
        let name = assigned.name.trim();
        let values: Vec<&str> = assigned.values.iter().map(|value| &**value).collect();
        let url = &mut run.context.request.url;
        let query = Query::new(url.query.as_deref());
        let there = query.get(name).is_some();
        url.query = match assigned.action {
            ExistsAction::Delete => query.remove(name),
            ExistsAction::Skip if there => return Ok(Flow::Next),
            ExistsAction::Skip | ExistsAction::Append => query.append(name, &values),
            ExistsAction::Override => query.set(name, &values),
        };
        Ok(Flow::Next)
    }
}

/// `set-body`
#[derive(Clone, Debug)]
pub struct SetBody {
    content: NewContent,
    target: Target,
}

#[derive(Clone, Debug)]
enum NewContent {
    Value(Operand<Value>),
    Liquid(Template),
}

/// Compiles `<set-body>`.
pub fn build_set_body(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let target = reader.target();
    if reader.literal("template").as_deref() == Some("liquid") {
        return Some(Arc::new(SetBody { content: NewContent::Liquid(Template::read(reader)?), target }));
    }
    let element = reader.element;
    let wrapped = reader.child("value").filter(|_| element.elements().count() == 1 && !element.has_text());
    let content = match wrapped {
        Some(value) => reader.at(value).whole_text()?,
        None if element.elements().next().is_some() => {
            reader.refuse_expressions_inside();
            Operand::Literal(Value::string(reader.inner_xml()))
        }
        None => reader.whole_text()?,
    };
    Some(Arc::new(SetBody { content: NewContent::Value(content), target }))
}

impl Policy for SetBody {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let content = match &self.content {
            NewContent::Value(content) => content.get(run)?,
            NewContent::Liquid(template) => Value::string(template.render(run, self.target)?),
        };
        match self.target {
            Target::Request => {
                let request = &mut run.context.request;
                request.body = Body::Bytes(bytes_of(content, &mut request.headers));
            }
            Target::DraftRequest => {
                if let Some(draft) = &mut run.state.draft_request {
                    draft.body = OutboundBody::Bytes(bytes_of(content, &mut draft.headers));
                }
            }
            Target::Response | Target::DraftResponse => {
                let response = response_of(run, self.target);
                response.body = Body::Bytes(bytes_of(content, &mut response.headers));
                response.headers.remove(header::CONTENT_LENGTH);
            }
        }
        Ok(Flow::Next)
    }
}

/// What a body that an expression gave consists of behind these fields: bytes as they are, anything else as text.
#[must_use]
pub fn bytes_of(value: Value, headers: &mut HeaderMap) -> Bytes {
    match value {
        Value::Bytes(bytes) => Bytes::from(bytes.to_vec()),
        other => Bytes::from(charset::content(headers, other.to_string())),
    }
}

/// The bytes of a body that a policy wants to send on.
///
/// # Errors
/// It has not been read yet.
pub fn whole_body(body: &Body, message: Message) -> Result<Option<Bytes>, Stop> {
    match body {
        Body::Absent | Body::Gone | Body::Consumed => Ok(None),
        Body::Unread => Err(Stop::NeedsBody(message)),
        Body::Bytes(bytes) => Ok(Some(bytes.clone())),
    }
}
