//! The messages of `graphql-transport-ws` (PROTOCOL.md of graphql-ws) and of the older `graphql-ws` (PROTOCOL.md of
//! subscriptions-transport-ws) as texts. Knows no order of them.

use serde_json::{Map, Value as Json, json};

use crate::policy::graphql::handshake::Protocol;
use crate::policy::schema::shortened;

/// The longest id of a subscription, in bytes.
const ID_BYTES_MAX: usize = 256;

/// What a client says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said {
    /// It wants to begin.
    Init,
    /// It wants a [`pong`].
    Ping,
    /// It answers a ping.
    Pong,
    /// It wants to hear of events, under an id of its own.
    Subscribe {
        /// The id.
        id: String,
        /// `query`, `operationName`, `variables`.
        asked: Map<String, Json>,
    },
    /// It has heard enough.
    Complete {
        /// The id.
        id: String,
    },
    /// It wants the end of it all.
    Terminate,
}

/// Reads a message.
///
/// # Errors
/// It is none of the protocol, in words.
pub(super) fn read(protocol: Protocol, text: &str) -> Result<Said, String> {
    let message: Json = serde_json::from_str(text).map_err(|_| "the message is not JSON".to_owned())?;
    let Json::Object(mut message) = message else { return Err("the message is not a JSON object".to_owned()) };
    let of = message.remove("type");
    let Some(Json::String(of)) = of else { return Err("the message has no `type`".to_owned()) };
    match (protocol, of.as_str()) {
        (_, "connection_init") => object_or_none(message).map(|()| Said::Init),
        (Protocol::TransportWs, "ping") => object_or_none(message).map(|()| Said::Ping),
        (Protocol::TransportWs, "pong") => object_or_none(message).map(|()| Said::Pong),
        (Protocol::TransportWs, "subscribe") | (Protocol::Legacy, "start") => {
            let id = id(&message)?;
            match message.remove("payload") {
                Some(Json::Object(asked)) => Ok(Said::Subscribe { id, asked }),
                _ => Err(format!("the `{of}` message has no payload")),
            }
        }
        (Protocol::TransportWs, "complete") | (Protocol::Legacy, "stop") => Ok(Said::Complete { id: id(&message)? }),
        (Protocol::Legacy, "connection_terminate") => Ok(Said::Terminate),
        (_, other) => Err(format!("`{}` is no type of a message", shortened(other))),
    }
}

fn object_or_none(mut message: Map<String, Json>) -> Result<(), String> {
    match message.remove("payload") {
        None | Some(Json::Null | Json::Object(_)) => Ok(()),
        Some(_) => Err("the payload is not an object".to_owned()),
    }
}

fn id(message: &Map<String, Json>) -> Result<String, String> {
    match message.get("id") {
        Some(Json::String(id)) if id.is_empty() => Err("the `id` is empty".to_owned()),
        Some(Json::String(id)) if id.len() <= ID_BYTES_MAX => Ok(id.clone()),
        Some(Json::String(_)) => Err(format!("the `id` is longer than {ID_BYTES_MAX} bytes")),
        _ => Err("the message has no `id`".to_owned()),
    }
}

/// The client may subscribe.
pub(super) fn ack() -> String {
    of("connection_ack")
}

/// The server is still there; of the older protocol.
pub(super) fn keep_alive() -> String {
    of("ka")
}

/// The answer to a ping.
pub(super) fn pong() -> String {
    of("pong")
}

fn of(kind: &str) -> String {
    json!({ "type": kind }).to_string()
}

/// What an event has given: `response` is JSON already.
pub(super) fn next(protocol: Protocol, id: &str, response: &str) -> String {
    let kind = match protocol {
        Protocol::TransportWs => "next",
        Protocol::Legacy => "data",
    };
    format!("{{\"id\":{},\"type\":\"{kind}\",\"payload\":{response}}}", Json::from(id))
}

/// There is no such subscription, or no more of it. The older protocol tells one error.
pub(super) fn error(protocol: Protocol, id: &str, errors: Vec<Json>) -> String {
    let payload = match protocol {
        Protocol::TransportWs => Json::Array(errors),
        Protocol::Legacy => errors.into_iter().next().unwrap_or_default(),
    };
    json!({ "id": id, "type": "error", "payload": payload }).to_string()
}

/// Nothing more comes for this id.
pub(super) fn complete(id: &str) -> String {
    json!({ "id": id, "type": "complete" }).to_string()
}

/// A message was none; of the older protocol, which goes on all the same.
pub(super) fn misunderstood(why: &str) -> String {
    json!({ "type": "connection_error", "payload": { "message": why } }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_both_protocols_are_read() {
        use Protocol::{Legacy, TransportWs};
        let asked = || Map::from_iter([("query".to_owned(), Json::from("q"))]);
        let subscribe = || Ok(Said::Subscribe { id: "1".to_owned(), asked: asked() });
        let complete = || Ok(Said::Complete { id: "1".to_owned() });
        let wrong = |why: &str| Err(why.to_owned());
        for (protocol, text, expected) in [
            (TransportWs, r#"{"type":"connection_init","payload":{"token":"t"}}"#, Ok(Said::Init)),
            (TransportWs, r#"{"type":"connection_init","payload":1}"#, wrong("the payload is not an object")),
            (TransportWs, r#"{"type":"ping"}"#, Ok(Said::Ping)),
            (TransportWs, r#"{"type":"pong","payload":null}"#, Ok(Said::Pong)),
            (TransportWs, r#"{"type":"subscribe","id":"1","payload":{"query":"q"}}"#, subscribe()),
            (TransportWs, r#"{"type":"subscribe","id":"1"}"#, wrong("the `subscribe` message has no payload")),
            (TransportWs, r#"{"type":"subscribe","id":"","payload":{}}"#, wrong("the `id` is empty")),
            (TransportWs, r#"{"type":"complete","id":"1"}"#, complete()),
            (TransportWs, r#"{"type":"complete","id":1}"#, wrong("the message has no `id`")),
            (TransportWs, r#"{"type":"start","id":"1","payload":{}}"#, wrong("`start` is no type of a message")),
            (TransportWs, r#"{"type":"next","id":"1"}"#, wrong("`next` is no type of a message")),
            (TransportWs, "[]", wrong("the message is not a JSON object")),
            (TransportWs, "{}", wrong("the message has no `type`")),
            (TransportWs, "{", wrong("the message is not JSON")),
            (Legacy, r#"{"type":"connection_init"}"#, Ok(Said::Init)),
            (Legacy, r#"{"type":"start","id":"1","payload":{"query":"q"}}"#, subscribe()),
            (Legacy, r#"{"type":"stop","id":"1"}"#, complete()),
            (Legacy, r#"{"type":"connection_terminate"}"#, Ok(Said::Terminate)),
            (Legacy, r#"{"type":"ping"}"#, wrong("`ping` is no type of a message")),
        ] {
            assert_eq!(read(protocol, text), expected, "{text}");
        }
        let long = json!({ "type": "complete", "id": "i".repeat(ID_BYTES_MAX + 1) }).to_string();
        assert!(read(TransportWs, &long).is_err_and(|why| why.contains("longer than 256 bytes")));
    }

    #[test]
    fn ids_are_written_as_json() {
        let text = next(Protocol::Legacy, "a\"b", "{\"data\":null}");
        let read: Json = serde_json::from_str(&text).unwrap();
        assert_eq!(read, json!({ "id": "a\"b", "type": "data", "payload": { "data": null } }));
    }
}
