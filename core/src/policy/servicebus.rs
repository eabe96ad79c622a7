//! `send-service-bus-message`: a message to a queue or a topic of Service Bus, with a token of a managed identity. The call goes on when the
//! message has been taken.

use std::sync::Arc;
use std::time::Duration;

use crate::http::percent::{Keep, encode};
use crate::http::{Bytes, HeaderMap, HeaderName, HeaderValue, Method, Url, header};
use crate::keys::TokenKey;
use crate::policy::authentication::token;
use crate::policy::dialect::Element;
use crate::policy::effect::{Effect, OutboundBody, OutboundRequest, Reply};
use crate::policy::eventhub::ascii;
use crate::policy::operand::{Operand, get_optional};
use crate::policy::reader::Reader;
use crate::policy::routing::upstream_failure;
use crate::policy::run::{Failure, Flow, Ran, Run, Stop};
use crate::policy::shape::{Content, Occurs, Shape, TEXT, attribute, child};
use crate::policy::transform::header_value;
use crate::policy::{Built, Policy};

/// How long Service Bus may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What the token is for.
const RESOURCE: &str = "https://servicebus.azure.net";

/// Fields that a property of a message cannot be: they are the request's own.
const OWN: [&str; 7] =
    ["authorization", "brokerproperties", "connection", "content-length", "content-type", "host", "transfer-encoding"];

/// `send-service-bus-message`
pub static SEND_SERVICE_BUS_MESSAGE: Shape = Shape {
    attributes: &[
        attribute("queue-name"),
        attribute("topic-name"),
        attribute("namespace").required(),
        attribute("client-id"),
    ],
    // The documented order differs between editions.
    content: Content::AnyOrder(&[
        child("message-properties", Occurs::Optional, &PROPERTIES),
        child("payload", Occurs::Once, &TEXT),
    ]),
};

static PROPERTIES: Shape =
    Shape { attributes: &[], content: Content::Children(&[child("message-property", Occurs::Any, &PROPERTY)]) };

static PROPERTY: Shape = Shape { attributes: &[attribute("name").required().literal()], content: Content::Text };

/// `send-service-bus-message`
#[derive(Clone, Debug)]
struct SendServiceBusMessage {
    /// Tells the fetch of its token from those of others in the same section.
    index: usize,
    /// The queue or the topic.
    entity: Operand,
    namespace: Operand,
    client: Option<Operand>,
    properties: Vec<(HeaderName, Operand)>,
    payload: Operand,
}

/// Compiles `<send-service-bus-message>`.
pub fn build_send_service_bus_message(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let (queue, topic) = (reader.attribute("queue-name"), reader.attribute("topic-name"));
    let entity = match (queue, topic) {
        (Some(entity), None) | (None, Some(entity)) => Some(entity),
        (Some(_), Some(_)) => {
            reader.error("topic-name", "`queue-name` and `topic-name` exclude each other");
            None
        }
        (None, None) => {
            reader.reject("missing-attribute", "a message needs either the attribute `queue-name` or `topic-name`");
            None
        }
    };
    let (namespace, client) = (reader.attribute("namespace"), reader.attribute("client-id"));
    let properties = reader.child("message-properties");
    let written: Vec<&Element> = properties.into_iter().flat_map(Element::elements).collect();
    let mut properties = Vec::new();
    for element in written.into_iter().filter(|element| element.name == "message-property") {
        properties.extend(property(&mut reader.at(element)));
    }
    let payload = reader.child("payload").and_then(|element| reader.at(element).text());
    let index = reader.compiler.next_index();
    let (entity, namespace, payload) = (entity?, namespace?, payload?);
    Some(Arc::new(SendServiceBusMessage { index, entity, namespace, client, properties, payload }))
}

fn property(reader: &mut Reader<'_, '_, '_>) -> Option<(HeaderName, Operand)> {
    let name = reader.literal("name")?;
    let value = reader.text();
    match HeaderName::try_from(name.trim()) {
        Ok(field) if !OWN.contains(&field.as_str()) => Some((field, value?)),
        Ok(_) | Err(_) => {
            reader.error("name", format!("`{name}` cannot be a property of a message: they travel as fields"));
            None
        }
    }
}

impl Policy for SendServiceBusMessage {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let url = address(&self.namespace.get(run)?, &self.entity.get(run)?)?;
        let client = get_optional(self.client.as_ref(), run)?.map(|client| client.trim().to_owned());
        let mut headers = HeaderMap::new();
        for (name, value) in &self.properties {
            // Texts stand in quotes there (Service Bus REST: message headers and properties).
            let text = ascii(&serde_json::Value::from(value.get(run)?.as_ref()).to_string());
            headers.insert(name.clone(), header_value(&text)?);
        }
        let payload = Bytes::copy_from_slice(self.payload.get(run)?.as_bytes());
        let client = client.filter(|client| !client.is_empty()).map(Arc::from);
        let key = TokenKey::identity(RESOURCE, client);
        let authorization = match token::begin(run, self.index, &key).authorization() {
            Ok(got) => got,
            Err(effect) => return Ok(Flow::Ask(effect)),
        };
        let authorization = authorization.map_err(|why| not_sent(&format!("there is no token for it: {why}")))?;
        headers.insert(header::HOST, header_value(&url.authority())?);
        headers.insert(header::AUTHORIZATION, authorization);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        let body = OutboundBody::Bytes(payload);
        let request = OutboundRequest { headers, body, ..OutboundRequest::new(Method::POST, url, TIMEOUT) };
        Ok(Flow::Ask(Box::new(Effect::Send(Box::new(request)))))
    }

    fn take(&self, run: &mut Run<'_>, reply: Reply) -> Ran {
        if run.state.tokens.contains_key(&self.index) {
            return Ok(token::advance(run, self.index, reply).map_or(Flow::Again, Flow::Ask));
        }
        match reply {
            Reply::Response(Ok(response)) if response.status.is_success() => Ok(Flow::Next),
            Reply::Response(Ok(response)) => {
                Err(not_sent(&format!("Service Bus answered with the status code {}", response.status.as_u16())))
            }
            Reply::Response(Err(failure)) => Err(Stop::fail(upstream_failure(&failure))),
            Reply::Body(_) | Reply::Head(_) | Reply::Dispatched | Reply::Cache(_) | Reply::Elapsed => {
                Err(not_sent("the wrong kind of answer came"))
            }
        }
    }
}

// `shop.servicebus.windows.net`, with `https://` or without.
fn address(namespace: &str, entity: &str) -> Result<Url, Stop> {
    let host = namespace.trim().trim_end_matches('/');
    let base = if host.contains("://") { host.to_owned() } else { format!("https://{host}") };
    let wrong = || not_sent(&format!("`{host}` is no namespace, as in `shop.servicebus.windows.net`"));
    let base = Url::parse(&base).map_err(|_| wrong())?;
    let path = format!("/{}/messages", encode(entity.trim(), Keep::Path));
    Ok(Url { path, query: Some("timeout=60".to_owned()), ..base })
}

fn not_sent(why: &str) -> Stop {
    Stop::fail(Failure::internal("ServiceBusMessageNotSent", format!("the message was not sent: {why}")))
}
