//! Policies that talk to the Dapr sidecar beside the gateway: publish-to-dapr and invoke-dapr-binding; where set-backend-service finds a service
//! through it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value as Json};

use crate::context::ResponseView;
use crate::http::percent::{Keep, encode};
use crate::http::{Bytes, HeaderMap, Method, StatusCode, Url, header};
use crate::policy::compile::Target;
use crate::policy::dialect::Element;
use crate::policy::effect::{Effect, OutboundBody, OutboundRequest, Reply};
use crate::policy::liquid::Written;
use crate::policy::operand::{Operand, Typed, get_optional};
use crate::policy::reader::Reader;
use crate::policy::routing::upstream_failure;
use crate::policy::run::{Failure, Flow, Ran, Run, Stop};
use crate::policy::shape::{Attribute, Content, Occurs, Shape, TEXT, attribute, child};
use crate::policy::transform::header_value;
use crate::policy::{Built, Policy};
use crate::value::Value;

/// How long the sidecar may take when nothing else is said, in seconds (APIM's own default).
pub const TIMEOUT_SECONDS: i64 = 5;

/// The longest time that it may be given, in seconds.
pub const TIMEOUT_SECONDS_MAX: i64 = 240;

/// `publish-to-dapr`
pub static PUBLISH_TO_DAPR: Shape = Shape {
    attributes: &[
        attribute("topic").required(),
        attribute("pubsub-name"),
        IGNORE_ERROR,
        RESPONSE_VARIABLE,
        attribute("timeout"),
        TEMPLATE,
        CONTENT_TYPE,
    ],
    content: Content::Text,
};

/// `invoke-dapr-binding`
pub static INVOKE_DAPR_BINDING: Shape = Shape {
    attributes: &[
        attribute("name").required(),
        attribute("operation"),
        IGNORE_ERROR,
        RESPONSE_VARIABLE,
        attribute("timeout"),
        TEMPLATE,
        CONTENT_TYPE,
    ],
    content: Content::Children(&[
        child("metadata", Occurs::Optional, &METADATA),
        child("data", Occurs::Optional, &TEXT),
    ]),
};

static METADATA: Shape = Shape { attributes: &[], content: Content::Children(&[child("item", Occurs::Any, &ITEM)]) };

static ITEM: Shape = Shape { attributes: &[attribute("key").required()], content: Content::Text };

const IGNORE_ERROR: Attribute = attribute("ignore-error").literal();
const RESPONSE_VARIABLE: Attribute = attribute("response-variable-name").literal();
const TEMPLATE: Attribute = attribute("template").literal().one_of(&["Liquid"]);
const CONTENT_TYPE: Attribute = attribute("content-type").literal();

/// What both policies have in common.
#[derive(Clone, Debug)]
struct Call {
    errors: Errors,
    variable: Option<Arc<str>>,
    timeout: Option<Operand<i64>>,
    content_type: Arc<str>,
}

/// Whether an error of the sidecar fails the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Errors {
    Fail,
    Ignored,
}

/// `publish-to-dapr`
#[derive(Clone, Debug)]
pub struct PublishToDapr {
    topic: Operand,
    pubsub: Option<Operand>,
    message: Written,
    target: Target,
    call: Call,
}

/// `invoke-dapr-binding`
#[derive(Clone, Debug)]
pub struct InvokeDaprBinding {
    name: Operand,
    operation: Option<Operand>,
    metadata: Vec<(Operand, Operand)>,
    data: Option<Written>,
    target: Target,
    call: Call,
}

/// Compiles `<publish-to-dapr>`.
pub fn build_publish_to_dapr(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let (topic, pubsub) = (reader.attribute::<Arc<str>>("topic"), reader.attribute("pubsub-name"));
    if pubsub.is_none() && topic.as_ref().and_then(Operand::known).is_some_and(|topic| !topic.contains('/')) {
        reader.error("topic", "without `pubsub-name` the topic is written as `pubsub/topic`");
    }
    let (call, target) = (Call::read(reader), reader.target());
    let message = Written::read(reader, is_template(reader.element));
    Some(Arc::new(PublishToDapr { topic: topic?, pubsub, message: message?, target, call: call? }))
}

/// Compiles `<invoke-dapr-binding>`.
pub fn build_invoke_dapr_binding(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let (name, operation) = (reader.attribute("name"), reader.attribute("operation"));
    let (call, target) = (Call::read(reader), reader.target());
    let mut metadata = Vec::new();
    let items: Vec<&Element> = reader.child("metadata").into_iter().flat_map(Element::elements).collect();
    for item in items {
        let mut item = reader.at(item);
        metadata.push((item.attribute("key")?, item.text()?));
    }
    let is_template = is_template(reader.element);
    let data = match reader.child("data") {
        Some(data) => Some(Written::read(&mut reader.at(data), is_template)?),
        None => None,
    };
    Some(Arc::new(InvokeDaprBinding { name: name?, operation, metadata, data, target, call: call? }))
}

fn is_template(element: &Element) -> bool {
    element.attribute("template").is_some()
}

impl Policy for PublishToDapr {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let topic = self.topic.get(run)?;
        let pubsub = get_optional(self.pubsub.as_ref(), run)?;
        let timeout = self.call.timeout(run)?;
        let content = self.message.get(run, self.target)?;
        let segment = |text: &str| encode(text.trim(), Keep::Segment).into_owned();
        let place = match (&pubsub, topic.split_once('/')) {
            (Some(pubsub), _) => format!("{}/{}", segment(pubsub), segment(&topic)),
            (None, Some((pubsub, topic))) => format!("{}/{}", segment(pubsub), segment(topic)),
            (None, None) => {
                let message = format!("`{topic}` is not written as `pubsub/topic`, and there is no `pubsub-name`");
                return Err(Stop::fail(Failure::expression(message)));
            }
        };
        let url = sidecar(run, &format!("/v1.0/publish/{place}"));
        self.call.ask(url, &self.call.content_type, content, timeout)
    }

    fn take(&self, run: &mut Run<'_>, reply: Reply) -> Ran {
        self.call.take(run, reply, "publish-to-dapr")
    }
}

impl Policy for InvokeDaprBinding {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let name = self.name.get(run)?;
        let operation = get_optional(self.operation.as_ref(), run)?;
        let timeout = self.call.timeout(run)?;
        let mut metadata = Map::new();
        for (key, value) in &self.metadata {
            metadata.insert(key.get(run)?.to_string(), Json::from(value.get(run)?.as_ref()));
        }
        let mut asked = Map::new();
        if let Some(data) = &self.data {
            asked.insert("data".to_owned(), self.call.embedded(&data.get(run, self.target)?));
        }
        if !metadata.is_empty() {
            asked.insert("metadata".to_owned(), metadata.into());
        }
        if let Some(operation) = operation {
            asked.insert("operation".to_owned(), Json::from(operation.trim()));
        }
        let url = sidecar(run, &format!("/v1.0/bindings/{}", encode(name.trim(), Keep::Segment)));
        self.call.ask(url, "application/json", Json::from(asked).to_string().into(), timeout)
    }

    fn take(&self, run: &mut Run<'_>, reply: Reply) -> Ran {
        self.call.take(run, reply, "invoke-dapr-binding")
    }
}

impl Call {
    fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let timeout = reader.attribute::<i64>("timeout");
        let is_good = |seconds: &i64| (1..=TIMEOUT_SECONDS_MAX).contains(seconds);
        if let Some(seconds) = timeout.as_ref().and_then(Operand::known).filter(|seconds| !is_good(seconds)) {
            reader.error("timeout", format!("`timeout` is `{seconds}`: expected 1 to {TIMEOUT_SECONDS_MAX} seconds"));
        }
        let content_type = reader.literal("content-type").unwrap_or_else(|| Arc::from("application/json"));
        if header_value(&content_type).is_err() {
            reader.error("content-type", format!("`{content_type}` cannot stand in a field"));
            return None;
        }
        let errors = if reader.constant("ignore-error").unwrap_or(false) { Errors::Ignored } else { Errors::Fail };
        Some(Self { errors, variable: reader.literal("response-variable-name"), timeout, content_type })
    }

    fn timeout(&self, run: &mut Run<'_>) -> Result<Duration, Stop> {
        let seconds = get_optional(self.timeout.as_ref(), run)?.unwrap_or(TIMEOUT_SECONDS);
        Ok(Duration::from_secs(u64::try_from(seconds.clamp(1, TIMEOUT_SECONDS_MAX)).unwrap_or(0)))
    }

    fn ask(&self, url: Url, content_type: &str, content: Bytes, timeout: Duration) -> Ran {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, header_value(&url.authority())?);
        headers.insert(header::CONTENT_TYPE, header_value(content_type)?);
        let body = OutboundBody::Bytes(content);
        let request = OutboundRequest { headers, body, ..OutboundRequest::new(Method::POST, url, timeout) };
        Ok(Flow::Ask(Box::new(Effect::Send(Box::new(request)))))
    }

    // Decision: what is JSON is embedded as it is, what is none as a string (fixtures/policy/invoke-dapr-binding.conversation).
    fn embedded(&self, data: &[u8]) -> Json {
        let is_json = crate::http::MediaType::parse(&self.content_type).is_some_and(|media| media.is_json());
        let json = if is_json { serde_json::from_slice(data).ok() } else { None };
        json.unwrap_or_else(|| Json::from(String::from_utf8_lossy(data)))
    }

    fn take(&self, run: &mut Run<'_>, reply: Reply, element: &str) -> Ran {
        let Reply::Response(answer) = reply else {
            return Err(Stop::fail(Failure::internal("BackendConnectionFailure", "the wrong kind of answer came")));
        };
        match (answer, self.errors) {
            (Ok(response), Errors::Fail) if response.status.as_u16() >= 400 => {
                self.keep(run, &response);
                let message = format!("the Dapr sidecar answered with the status code {}", response.status.as_u16());
                let status = response.status;
                run.context.response = Some(*response);
                Err(Stop::fail(Failure::new(status, "DaprErrorStatusCode", message).keeping_response()))
            }
            (Ok(response), Errors::Fail | Errors::Ignored) => {
                if response.status.as_u16() >= 400 {
                    run.trace(format!(
                        "{element}: the Dapr sidecar answered with the status code {}",
                        response.status.as_u16()
                    ));
                }
                self.keep(run, &response);
                Ok(Flow::Next)
            }
            (Err(failure), Errors::Fail) => Err(Stop::fail(upstream_failure(&failure))),
            (Err(failure), Errors::Ignored) => {
                run.trace(format!("{element}: the Dapr sidecar did not answer: {}", failure.message));
                if let Some(name) = &self.variable {
                    run.set_variable(name, Value::Null);
                }
                Ok(Flow::Next)
            }
        }
    }

    fn keep(&self, run: &mut Run<'_>, response: &ResponseView) {
        if let Some(name) = &self.variable {
            run.set_variable(name, Value::Response(Arc::new(response.clone())));
        }
    }
}

/// An address of the sidecar.
fn sidecar(run: &Run<'_>, path: &str) -> Url {
    Url { path: path.to_owned(), ..run.shared.dapr.address() }
}

/// Where a method of a service is reached through the sidecar.
#[derive(Clone, Debug)]
pub struct Invocation {
    app: Operand<Segment>,
    method: Operand,
    namespace: Option<Operand<Segment>>,
}

/// A name that is one segment of a path.
#[derive(Clone, Debug)]
struct Segment(Arc<str>);

impl Typed for Segment {
    const EXPECTED: crate::expr::Expected = crate::expr::Expected::Text;

    fn from_literal(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() || text.contains('/') {
            return Err(format!("`{text}` is not a name: it is empty, or has a slash in it"));
        }
        Ok(Self(Arc::from(text)))
    }

    fn from_value(value: &Value) -> Result<Self, String> {
        Self::from_literal(&value.to_string())
    }
}

impl Invocation {
    /// Reads the `dapr-` attributes of `set-backend-service`.
    pub fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        for name in ["dapr-app-id", "dapr-method"] {
            if reader.element.attribute(name).is_none() {
                reader.reject("missing-attribute", format!("with `backend-id=\"dapr\"` there must be `{name}`"));
            }
        }
        let (app, method) = (reader.attribute("dapr-app-id"), reader.attribute("dapr-method"));
        let namespace = reader.attribute("dapr-namespace");
        if namespace.is_none() && reader.element.attribute("dapr-namespace").is_some() {
            return None;
        }
        Some(Self { app: app?, method: method?, namespace })
    }

    /// The address.
    ///
    /// # Errors
    /// As [`Operand::get`].
    pub fn address(&self, run: &mut Run<'_>) -> Result<Url, Stop> {
        let Segment(app) = self.app.get(run)?;
        let method = self.method.get(run)?;
        let namespace = get_optional(self.namespace.as_ref(), run)?;
        let namespace = namespace.map(|Segment(name)| format!(".{}", encode(&name, Keep::Segment))).unwrap_or_default();
        let (app, method) = (encode(&app, Keep::Segment), method.trim().trim_start_matches('/').to_owned());
        let (path, query) = match method.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (method.as_str(), None),
        };
        if path.split('/').any(crate::http::percent::is_dot_segment) {
            return Err(Stop::fail(Failure::new(
                StatusCode::BAD_REQUEST,
                "InvalidBackend",
                "a method cannot hold dot segments",
            )));
        }
        let path = format!("/v1.0/invoke/{app}{namespace}/method/{}", encode(path, Keep::Path));
        Ok(Url { query, ..sidecar(run, &path) })
    }
}
