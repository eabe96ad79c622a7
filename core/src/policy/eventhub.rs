//! `log-to-eventhub`: a message to an Event Hub, which nobody waits for and which fails no call.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;

use crate::config::model::{HubCredential, Logger};
use crate::config::secret::Secret;
use crate::diagnostic::did_you_mean;
use crate::http::percent::{Keep, encode};
use crate::http::{Bytes, HeaderName, HeaderValue, Method, Url, header};
use crate::keys::TokenKey;
use crate::pki::digest::Digest;
use crate::policy::authentication::token;
use crate::policy::compile::Compiler;
use crate::policy::effect::{Effect, OutboundBody, OutboundRequest, Reply};
use crate::policy::operand::Operand;
use crate::policy::reader::Reader;
use crate::policy::run::{Flow, Ran, Run};
use crate::policy::shape::{Content, Shape, attribute};
use crate::policy::source::Problem;
use crate::policy::transform::header_value;
use crate::policy::{Built, Policy};
use crate::time::WallTime;

/// The longest message, in bytes; what is longer is cut off, as in the original.
pub const MESSAGE_BYTES_MAX: usize = 200 * 1024;

/// How long an Event Hub may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What a token of a managed identity is for.
const RESOURCE: &str = "https://eventhubs.azure.net";

/// How long the signature of a message is good for.
const SIGNATURE_SECONDS: i64 = 3600;

/// `log-to-eventhub`
pub static LOG_TO_EVENTHUB: Shape = Shape {
    attributes: &[attribute("logger-id").required(), attribute("partition-id"), attribute("partition-key")],
    content: Content::Text,
};

/// `log-to-eventhub`
#[derive(Clone, Debug)]
pub struct LogToEventHub {
    /// Tells the fetch of its token from those of others in the same section.
    index: usize,
    logger: Operand,
    partition: Partition,
    message: Operand,
}

/// Where in the hub a message goes.
#[derive(Clone, Debug)]
enum Partition {
    Any,
    Id(Operand),
    Key(Operand),
}

/// Compiles `<log-to-eventhub>`.
pub fn build_log_to_eventhub(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let logger = reader.attribute::<Arc<str>>("logger-id");
    if let Some(id) = logger.as_ref().and_then(Operand::known) {
        check_logger(reader.compiler, reader.element.attribute("logger-id").map(|found| found.value.span), id);
    }
    let message = reader.text();
    let partition = match (reader.attribute("partition-id"), reader.attribute("partition-key")) {
        (Some(_), Some(_)) => {
            reader.error("partition-key", "`partition-id` and `partition-key` exclude each other");
            return None;
        }
        (Some(id), None) => Partition::Id(id),
        (None, Some(key)) => Partition::Key(key),
        (None, None) => Partition::Any,
    };
    let index = reader.compiler.next_index();
    Some(Arc::new(LogToEventHub { index, logger: logger?, partition, message: message? }))
}

fn check_logger(compiler: &mut Compiler<'_>, span: Option<crate::span::Span>, id: &str) {
    let key = id.trim().to_ascii_lowercase();
    let known = Arc::clone(&compiler.catalog.loggers);
    if let (None, Some(span)) = (known.get(&key), span) {
        let problem = Problem::error("unknown-logger", span, format!("there is no logger `{id}` for an Event Hub"));
        compiler.report(match did_you_mean(&key, known.keys().map(String::as_str)) {
            Some(help) => problem.with_help(help),
            None => problem,
        });
    }
    compiler.done.loggers.insert(key);
}

impl Policy for LogToEventHub {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let id = self.logger.get(run)?;
        let message = self.message.get(run)?;
        let (partition, of_key) = match &self.partition {
            Partition::Any => (None, None),
            Partition::Id(id) => (Some(id.get(run)?), None),
            Partition::Key(key) => (None, Some(key.get(run)?)),
        };
        let found = run.context.deployment.loggers.get(&id.trim().to_ascii_lowercase());
        let Some(logger) = found.map(Arc::clone) else {
            run.trace(format!("log-to-eventhub: there is no logger `{id}` for an Event Hub"));
            return Ok(Flow::Next);
        };
        let authorization = match &logger.credential {
            HubCredential::Key { name, key: Secret(key) } => {
                header_value(&signature(&logger, name, key, run.now.wall))?
            }
            HubCredential::Identity { client } => {
                let key = TokenKey::identity(RESOURCE, client.clone());
                let got = match token::begin(run, self.index, &key).authorization() {
                    Ok(got) => got,
                    Err(effect) => return Ok(Flow::Ask(effect)),
                };
                match got {
                    Ok(value) => value,
                    Err(why) => {
                        run.trace(format!("log-to-eventhub: no token for the logger `{id}`: {why}"));
                        return Ok(Flow::Next);
                    }
                }
            }
        };
        let mut request = OutboundRequest::new(Method::POST, address(&logger, partition.as_deref()), TIMEOUT);
        let mut authorization = authorization;
        HeaderValue::set_sensitive(&mut authorization, true);
        request.headers.insert(header::HOST, header_value(&logger.endpoint.authority())?);
        request.headers.insert(header::AUTHORIZATION, authorization);
        let media = HeaderValue::from_static("application/atom+xml;type=entry;charset=utf-8");
        request.headers.insert(header::CONTENT_TYPE, media);
        if let Some(key) = of_key {
            let properties = ascii(&serde_json::json!({ "PartitionKey": &*key }).to_string());
            request.headers.insert(HeaderName::from_static("brokerproperties"), header_value(&properties)?);
        }
        request.body = OutboundBody::Bytes(Bytes::copy_from_slice(cut(&message).as_bytes()));
        Ok(Flow::Ask(Box::new(Effect::Dispatch(Box::new(request)))))
    }

    fn take(&self, run: &mut Run<'_>, reply: Reply) -> Ran {
        Ok(match reply {
            Reply::Dispatched => Flow::Next,
            reply => token::advance(run, self.index, reply).map_or(Flow::Again, Flow::Ask),
        })
    }
}

// JSON as a field can hold it.
pub(super) fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            text.push(c);
        } else {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| text.push_str(&format!("\\u{unit:04x}")));
        }
    }
    text
}

// At the end of a character.
fn cut(message: &str) -> &str {
    message.get(..message.floor_char_boundary(MESSAGE_BYTES_MAX)).unwrap_or(message)
}

fn address(logger: &Logger, partition: Option<&str>) -> Url {
    let hub = encode(&logger.hub, Keep::Path);
    let partition = partition.map(|id| format!("/partitions/{}", encode(id, Keep::Segment))).unwrap_or_default();
    let query = Some("timeout=60&api-version=2014-01".to_owned());
    Url { path: format!("/{hub}{partition}/messages"), query, ..logger.endpoint.clone() }
}

// A shared access signature, as Event Hubs' documentation makes it: of the hub's address and of the moment until which it holds.
fn signature(logger: &Logger, name: &str, key: &str, now: WallTime) -> String {
    let resource = format!("https://{}/{}", logger.endpoint.authority(), logger.hub);
    let resource = encode(&resource, Keep::Unreserved);
    let until = now.unix_seconds().saturating_add(SIGNATURE_SECONDS);
    let code = Digest::Sha256.authenticate(key.as_bytes(), format!("{resource}\n{until}").as_bytes());
    let code = base64::engine::general_purpose::STANDARD.encode(code);
    let (code, name) = (encode(&code, Keep::Unreserved), encode(name, Keep::Unreserved));
    format!("SharedAccessSignature sr={resource}&sig={code}&se={until}&skn={name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let message = format!("{}é", "x".repeat(MESSAGE_BYTES_MAX - 1));
        assert_eq!(cut(&message).len(), MESSAGE_BYTES_MAX - 1);
        assert_eq!(cut("short"), "short");
        assert_eq!(ascii("{\"a\":\"é🙂\"}"), r#"{"a":"\u00e9\ud83d\ude42"}"#);
    }
}
