//! Policies that call other services or tell the log: send-request, send-one-way-request, authentication-basic, trace.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;

use crate::expr::Message;
use crate::http::{HeaderValue, Method, Url, header};
use crate::policy::authentication::certificate::{AUTHENTICATION_CERTIFICATE, build_authentication_certificate};
use crate::policy::authentication::managed_identity::{AUTHENTICATION_MANAGED_IDENTITY, build_managed_identity};
use crate::policy::compile::{Compiler, Target};
use crate::policy::connection::remove_known;
use crate::policy::dialect::Element;
use crate::policy::effect::{Effect, OutboundBody, OutboundRequest, Reply};
use crate::policy::operand::{Operand, get_optional};
use crate::policy::program::Op;
use crate::policy::proxy::{PROXY, build_proxy};
use crate::policy::reader::Reader;
use crate::policy::routing::{TIMEOUT_SECONDS_MAX, upstream_failure};
use crate::policy::run::{Failure, Flow, Ran, Run, Stop};
use crate::policy::shape::{Child, Content, Occurs, Shape, TEXT, attribute, child};
use crate::policy::transform::{self, header_value, whole_body};
use crate::policy::{Built, Policy};
use crate::value::Value;

/// How long send-request waits when nothing else is said, in seconds (APIM's own default).
pub const SEND_TIMEOUT_SECONDS: i64 = 60;

/// `send-request`
pub static SEND_REQUEST: Shape = Shape {
    attributes: &[
        attribute("mode").one_of(&["new", "copy"]),
        attribute("response-variable-name").required().literal(),
        attribute("timeout"),
        attribute("ignore-error").literal(),
    ],
    content: Content::Children(&SEND_REQUEST_CHILDREN),
};

/// `send-one-way-request`
pub static SEND_ONE_WAY_REQUEST: Shape = Shape {
    attributes: &[attribute("mode").one_of(&["new", "copy"]), attribute("timeout")],
    content: Content::Children(&SEND_REQUEST_CHILDREN),
};

static SEND_REQUEST_CHILDREN: [Child; 8] = [
    child("set-url", Occurs::Optional, &TEXT),
    child("set-method", Occurs::Optional, &TEXT),
    child("set-header", Occurs::Any, &transform::SET_HEADER),
    child("set-body", Occurs::Optional, &transform::SET_BODY),
    child("authentication-certificate", Occurs::Optional, &AUTHENTICATION_CERTIFICATE),
    child("authentication-basic", Occurs::Optional, &AUTHENTICATION_BASIC),
    child("authentication-managed-identity", Occurs::Optional, &AUTHENTICATION_MANAGED_IDENTITY),
    child("proxy", Occurs::Optional, &PROXY),
];

/// `authentication-basic`
pub static AUTHENTICATION_BASIC: Shape = Shape {
    attributes: &[attribute("username").required(), attribute("password").required()],
    content: Content::Empty,
};

/// `trace`
pub static TRACE: Shape = Shape {
    attributes: &[
        attribute("source").required(),
        attribute("severity").literal().one_of(&["verbose", "information", "error"]),
    ],
    content: Content::ChildrenOrText(&[
        child("message", Occurs::Once, &TEXT),
        child("metadata", Occurs::Any, &METADATA),
    ]),
};

static METADATA: Shape =
    Shape { attributes: &[attribute("name").required(), attribute("value").required()], content: Content::Empty };

/// Compiles `<send-request>`: a draft that its children fill, then the call.
pub fn build_send_request(compiler: &mut Compiler<'_>, element: &Element) {
    let mut reader = Reader { compiler, element };
    let ignore_error = reader.constant("ignore-error").unwrap_or(false);
    let variable = reader.literal("response-variable-name").unwrap_or_default();
    let errors = if ignore_error { Errors::Ignored } else { Errors::Fail };
    build_call(compiler, element, Arc::new(SendRequest { variable, errors }));
}

/// Compiles `<send-one-way-request>`.
pub fn build_send_one_way_request(compiler: &mut Compiler<'_>, element: &Element) {
    build_call(compiler, element, Arc::new(SendOneWayRequest));
}

fn build_call(compiler: &mut Compiler<'_>, element: &Element, send: Built) {
    let mut reader = Reader { compiler, element };
    let mode = reader.attribute::<Arc<str>>("mode");
    let timeout = reader.attribute("timeout");
    let is_new = mode.as_ref().is_none_or(|mode| mode.known().is_some_and(|mode| mode.trim() == "new"));
    if is_new && reader.child("set-url").is_none() {
        let message = format!("`{}` needs a child `set-url` unless `mode` is `copy`", element.name);
        reader.reject("missing-element", message);
    }
    compiler.emit(Op::Policy(Arc::new(BeginRequest { mode, timeout })), element);
    let outer = std::mem::replace(&mut compiler.target, Target::DraftRequest);
    compiler.parts(element, |reader| match reader.element.name.as_str() {
        "set-url" => build_set_url(reader),
        "set-method" => transform::build_set_method(reader),
        "set-header" => transform::build_set_header(reader),
        "set-body" => transform::build_set_body(reader),
        "authentication-certificate" => build_authentication_certificate(reader),
        "authentication-basic" => build_authentication_basic(reader),
        "authentication-managed-identity" => build_managed_identity(reader),
        "proxy" => build_proxy(reader),
        _ => None,
    });
    compiler.target = outer;
    let asked = compiler.emit(Op::Policy(send), element);
    compiler.emit(Op::Take { asked }, element);
}

/// The beginning of a `send-request`.
#[derive(Clone, Debug)]
pub struct BeginRequest {
    mode: Option<Operand>,
    timeout: Option<Operand<i64>>,
}

impl Policy for BeginRequest {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let seconds = get_optional(self.timeout.as_ref(), run)?.unwrap_or(SEND_TIMEOUT_SECONDS);
        let seconds = u64::try_from(seconds.clamp(0, TIMEOUT_SECONDS_MAX)).unwrap_or(0);
        let mut draft = OutboundRequest::new(Method::GET, Url::default(), Duration::from_secs(seconds));
        match get_optional(self.mode.as_ref(), run)?.as_deref().map(str::trim) {
            None | Some("new") => {}
            Some("copy") => {
                let request = &run.context.request;
                if let Some(bytes) = whole_body(&request.body, Message::Request)? {
                    draft.body = OutboundBody::Bytes(bytes);
                }
                draft.method = request.method.clone();
                draft.url = request.url.clone();
                draft.headers = request.headers.clone();
                remove_known(&mut draft.headers);
                draft.headers.remove(header::HOST);
                draft.headers.remove(header::CONTENT_LENGTH);
            }
            Some(other) => {
                return Err(Stop::fail(Failure::expression(format!("`{other}` is not a value of `mode`"))));
            }
        }
        run.state.draft_request = Some(Box::new(draft));
        Ok(Flow::Next)
    }
}

/// `set-url` of a `send-request`
#[derive(Clone, Debug)]
pub struct SetUrl {
    url: Operand,
}

fn build_set_url(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let url = read_url(reader, |_| false, "a URL")?;
    Some(Arc::new(SetUrl { url }))
}

/// Reads the text of a `set-url`: what is `expected` in words, a URL unless it `may_be` another text.
pub fn read_url(reader: &mut Reader<'_, '_, '_>, may_be: fn(&str) -> bool, expected: &str) -> Option<Operand> {
    let url = reader.text::<Arc<str>>()?;
    if let Some(known) = url.known().filter(|url| !may_be(url))
        && let Err(error) = Url::parse_written(known)
    {
        reader.reject_text(format!("{known} is not {expected}: {error}"));
    }
    Some(url)
}

impl Policy for SetUrl {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let text = self.url.get(run)?;
        let url = Url::parse_written(&text)
            .map_err(|error| Stop::fail(Failure::expression(format!("`{text}` is not a URL: {error}"))))?;
        if let Some(draft) = &mut run.state.draft_request {
            draft.url = url;
        }
        Ok(Flow::Next)
    }
}

/// Whether a call that failed fails the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errors {
    /// It does.
    Fail,
    /// The variable is null.
    Ignored,
}

/// The end of a `send-request`.
#[derive(Clone, Debug)]
pub struct SendRequest {
    variable: Arc<str>,
    errors: Errors,
}

impl Policy for SendRequest {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        Ok(Flow::Ask(Box::new(Effect::Send(drafted(run)?))))
    }

    fn take(&self, run: &mut Run<'_>, reply: Reply) -> Ran {
        let Reply::Response(answer) = reply else {
            return Err(Stop::fail(Failure::internal("BackendConnectionFailure", "the wrong kind of answer came")));
        };
        let value = match (answer, self.errors) {
            (Ok(response), _) => Value::Response(Arc::new(*response)),
            (Err(_), Errors::Ignored) => Value::Null,
            (Err(failure), Errors::Fail) => return Err(Stop::fail(upstream_failure(&failure))),
        };
        run.set_variable(&self.variable, value);
        Ok(Flow::Next)
    }
}

/// The request that has been put together.
fn drafted(run: &mut Run<'_>) -> Result<Box<OutboundRequest>, Stop> {
    let Some(mut draft) = run.state.draft_request.take() else {
        return Err(Stop::fail(Failure::internal("BackendConnectionFailure", "there is no request to send")));
    };
    if !draft.headers.contains_key(header::HOST)
        && let Ok(host) = header_value(&draft.url.authority())
    {
        draft.headers.insert(header::HOST, host);
    }
    Ok(draft)
}

/// The end of a `send-one-way-request`.
#[derive(Clone, Copy, Debug)]
pub struct SendOneWayRequest;

impl Policy for SendOneWayRequest {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        Ok(Flow::Ask(Box::new(Effect::Dispatch(drafted(run)?))))
    }
}

/// `authentication-basic`
#[derive(Clone, Debug)]
pub struct AuthenticationBasic {
    username: Operand,
    password: Operand,
    target: Target,
}

/// Compiles `<authentication-basic/>`.
pub fn build_authentication_basic(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let (username, password) = (reader.attribute("username"), reader.attribute("password"));
    let target = reader.target();
    Some(Arc::new(AuthenticationBasic { username: username?, password: password?, target }))
}

impl Policy for AuthenticationBasic {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let (username, password) = (self.username.get(run)?, self.password.get(run)?);
        let credentials = base64::engine::general_purpose::STANDARD.encode(format!("{username}:{password}"));
        let mut value = header_value(&format!("Basic {credentials}"))?;
        HeaderValue::set_sensitive(&mut value, true);
        match (self.target, &mut run.state.draft_request) {
            (Target::DraftRequest, Some(draft)) => draft.headers.insert(header::AUTHORIZATION, value),
            (Target::DraftRequest, None) | (Target::Request | Target::Response | Target::DraftResponse, _) => {
                run.context.request.headers.insert(header::AUTHORIZATION, value)
            }
        };
        Ok(Flow::Next)
    }
}

/// `trace`
#[derive(Clone, Debug)]
pub struct Trace {
    source: Operand,
    severity: Arc<str>,
    message: Operand,
    metadata: Vec<(Operand, Operand)>,
}

/// Compiles `<trace>`.
pub fn build_trace(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let element = reader.element;
    // Before there was `message`, what stood between the tags was it.
    let message = match element.elements().next() {
        Some(_) => reader.texts("message").into_iter().next(),
        None => reader.text(),
    };
    let mut metadata = Vec::new();
    for item in element.elements().filter(|item| item.name == "metadata") {
        let mut item = reader.at(item);
        if let (Some(name), Some(value)) = (item.attribute("name"), item.attribute("value")) {
            metadata.push((name, value));
        }
    }
    let severity = reader.literal("severity").unwrap_or_else(|| Arc::from("verbose"));
    Some(Arc::new(Trace { source: reader.attribute("source")?, severity, message: message?, metadata }))
}

impl Policy for Trace {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let (source, message) = (self.source.get(run)?, self.message.get(run)?);
        let mut line = format!("{} [{source}] {message}", self.severity);
        for (name, value) in &self.metadata {
            let (name, value) = (name.get(run)?, value.get(run)?);
            line.push_str(&format!(" {name}={value}"));
        }
        run.trace(line);
        Ok(Flow::Next)
    }
}
