//! The handshake of a WebSocket for the subscriptions of a synthetic API (RFC 6455 §4.2). Frames and messages come later.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::context::ResponseView;
use crate::http::{HeaderMap, HeaderName, HeaderValue, HttpVersion, Method, RequestHead, StatusCode, header};
use crate::pki::Digest;
use crate::policy::graphql::Rules;
use crate::policy::graphql::request::wrong;
use crate::policy::graphql::synthetic::refusal;
use crate::policy::run::empty_response;

/// What is hashed behind the key of the client (RFC 6455 §1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The only version that there is.
const VERSION: &str = "13";

/// How many bytes a key stands for.
const KEY_BYTES: usize = 16;

/// What is spoken on a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// `graphql-transport-ws`, of the library graphql-ws.
    TransportWs,
    /// `graphql-ws`, of the library subscriptions-transport-ws.
    Legacy,
}

impl Protocol {
    const ALL: [Self; 2] = [Self::TransportWs, Self::Legacy];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TransportWs => "graphql-transport-ws",
            Self::Legacy => "graphql-ws",
        }
    }
}

/// What a client that asks for a WebSocket has said of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    version: Option<HeaderValue>,
    keys: Vec<HeaderValue>,
    protocols: Vec<String>,
    /// The key of its subscription with the service.
    pub subscription_key: Option<Arc<str>>,
    /// What its operations are judged by.
    pub rules: Vec<Rules>,
}

/// A socket that begins.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// What is spoken.
    pub protocol: Protocol,
    /// The key of the client's subscription with the service.
    pub subscription_key: Option<Arc<str>>,
    /// What its operations are judged by.
    pub rules: Vec<Rules>,
}

/// What a request says of the WebSocket that it asks for; none when it asks for none.
#[must_use]
pub fn asked(request: &RequestHead) -> Option<Asked> {
    let headers = &request.headers;
    let is_asked = request.method == Method::GET
        && request.version == HttpVersion::Http11
        && words(headers, &header::CONNECTION).any(|word| word.eq_ignore_ascii_case("upgrade"))
        && words(headers, &header::UPGRADE).any(|word| word.eq_ignore_ascii_case("websocket"));
    is_asked.then(|| Asked {
        version: headers.get(header::SEC_WEBSOCKET_VERSION).cloned(),
        keys: headers.get_all(header::SEC_WEBSOCKET_KEY).iter().cloned().collect(),
        protocols: words(headers, &header::SEC_WEBSOCKET_PROTOCOL).map(str::to_owned).collect(),
        ..Asked::default()
    })
}

fn words<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|word| !word.is_empty())
}

impl Asked {
    /// The response, and what begins with it, unless the client asked for what is not to be had.
    #[must_use]
    pub fn answer(&self) -> (ResponseView, Option<Accepted>) {
        match self.accepted() {
            Ok((protocol, accept)) => {
                let mut response = ResponseView { status: StatusCode::SWITCHING_PROTOCOLS, ..empty_response() };
                let chosen = HeaderValue::from_static(protocol.as_str());
                response.headers.insert(header::SEC_WEBSOCKET_PROTOCOL, chosen);
                response.headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
                let (subscription_key, rules) = (self.subscription_key.clone(), self.rules.clone());
                (response, Some(Accepted { protocol, subscription_key, rules }))
            }
            Err(response) => (*response, None),
        }
    }

    fn accepted(&self) -> Result<(Protocol, HeaderValue), Box<ResponseView>> {
        let refused = |status, message: &str| Box::new(refusal(status, &wrong(message)));
        if self.version.as_ref().is_none_or(|version| version.as_bytes() != VERSION.as_bytes()) {
            let mut response = refused(StatusCode::UPGRADE_REQUIRED, "The version of the WebSocket must be 13.");
            response.headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static(VERSION));
            return Err(response);
        }
        let key = match self.keys.as_slice() {
            [key] => STANDARD.decode(key.as_bytes()).ok().filter(|bytes| bytes.len() == KEY_BYTES).and(Some(key)),
            _ => None,
        };
        let bad = |message| refused(StatusCode::BAD_REQUEST, message);
        let key = key.ok_or_else(|| bad("`Sec-WebSocket-Key` is not one key of 16 bytes in Base64."))?;
        let known = |name: &String| Protocol::ALL.into_iter().find(|protocol| protocol.as_str() == name);
        let protocol = self.protocols.iter().find_map(known);
        let protocol = protocol
            .ok_or_else(|| bad("`Sec-WebSocket-Protocol` names neither `graphql-transport-ws` nor `graphql-ws`."))?;
        Ok((protocol, accept(key)))
    }
}

// §4.2.2, 5.4
fn accept(key: &HeaderValue) -> HeaderValue {
    let digest = Digest::Sha1.digest(&[key.as_bytes(), GUID].concat());
    // INVARIANT: Base64 has only characters that a field may have.
    HeaderValue::try_from(STANDARD.encode(digest)).unwrap_or_else(|_| HeaderValue::from_static(""))
}
