//! From the core's response to hyper's: status, reason, fields, framing, `Date`. Chooses no content.

use std::rc::Rc;

use holdfast_core::exchange::ResponseBody;
use holdfast_core::http::{Bytes, HeaderMap, Method, ResponseHead, StatusCode};
use http::{HeaderName, HeaderValue, Response, header};
use hyper::ext::ReasonPhrase;

use super::sent::{Receipt, ResponseContent, Sending};
use super::stream::Life;
use crate::upstream::UpstreamBody;

/// What hyper frames anew, and what concerns only the connection to the upstream.
const OURS: [HeaderName; 4] =
    [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION, HeaderName::from_static("keep-alive")];

/// The response of an exchange to a request with `method`. A status code that cannot end an exchange is 500.
pub(super) fn response(
    method: &Method,
    mut head: ResponseHead,
    body: ResponseBody,
    upstream: Option<UpstreamBody>,
) -> Response<ResponseContent> {
    if head.status.is_informational() {
        head = ResponseHead::new(StatusCode::INTERNAL_SERVER_ERROR);
    }
    let declared = head.headers.get(header::CONTENT_LENGTH).cloned();
    for name in OURS {
        head.headers.remove(name);
    }
    // RFC 9110 §15.5.22: it says to what.
    if head.status == StatusCode::UPGRADE_REQUIRED && head.headers.contains_key(header::SEC_WEBSOCKET_VERSION) {
        name_websocket(&mut head.headers);
    }
    let content = match body {
        ResponseBody::Empty => ResponseContent::Empty,
        ResponseBody::Bytes(bytes) => ResponseContent::Bytes(bytes),
        ResponseBody::Upstream => {
            upstream.map_or(ResponseContent::Empty, |body| ResponseContent::Upstream(Box::new(body)))
        }
    };
    let content = without_forbidden(method, head.status, content, declared, &mut head.headers);
    let mut response = Response::new(content);
    *response.status_mut() = head.status;
    *response.headers_mut() = head.headers;
    if let Some(reason) = head.reason.and_then(|reason| ReasonPhrase::try_from(reason.into_bytes()).ok()) {
        response.extensions_mut().insert(reason);
    }
    response
}

/// The response behind which a WebSocket begins (RFC 6455 §4.2.2).
pub(super) fn switching(head: ResponseHead) -> Response<ResponseContent> {
    let mut response = Response::new(ResponseContent::Empty);
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    *response.headers_mut() = head.headers;
    for name in OURS {
        response.headers_mut().remove(name);
    }
    name_websocket(response.headers_mut());
    response
}

fn name_websocket(headers: &mut HeaderMap) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
}

/// A response of the adapter's own.
pub(super) fn own(method: &Method, response: Response<String>) -> Response<ResponseContent> {
    let (parts, text) = response.into_parts();
    let head = ResponseHead { status: parts.status, reason: None, headers: parts.headers };
    self::response(method, head, ResponseBody::Bytes(Bytes::from(text)), None)
}

/// Adds the date where the upstream sent none, and ties the content to its receipt.
pub(super) fn seal(
    response: Response<ResponseContent>,
    date: HeaderValue,
    receipt: Option<Receipt>,
    life: &Rc<Life>,
) -> Response<Sending> {
    let mut response = response.map(|content| Sending::new(content, receipt, Rc::clone(life)));
    response.headers_mut().entry(header::DATE).or_insert(date);
    response
}

/// No content where RFC 9110 §6.4.1 forbids it; the length of what is left out is still told where it may be (§8.6).
fn without_forbidden(
    method: &Method,
    status: StatusCode,
    content: ResponseContent,
    declared: Option<HeaderValue>,
    headers: &mut HeaderMap,
) -> ResponseContent {
    if status == StatusCode::NO_CONTENT {
        return ResponseContent::Empty;
    }
    if method != Method::HEAD && status != StatusCode::NOT_MODIFIED {
        return content;
    }
    let length = match &content {
        ResponseContent::Bytes(bytes) => Some(HeaderValue::from(bytes.len())),
        ResponseContent::Empty | ResponseContent::Upstream(_) => declared,
    };
    if let Some(length) = length {
        headers.insert(header::CONTENT_LENGTH, length);
    }
    ResponseContent::Empty
}
