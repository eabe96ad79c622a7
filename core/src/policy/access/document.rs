//! Fetches of documents that are kept for all exchanges: the request, and the content of its answer.

use std::time::Duration;

use crate::context::Body;
use crate::http::{Bytes, HeaderMap, HeaderValue, Method, Url, header};
use crate::policy::effect::{Effect, OutboundRequest, Redirects, Reply};

/// How long one document may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The request for the document at `url`; nothing when that is no URL.
pub(super) fn get(url: &str, accept: &'static str, max_bytes: u64) -> Option<Box<Effect>> {
    let url = Url::parse(url).ok()?;
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, HeaderValue::from_str(&url.authority()).ok()?);
    headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
    Some(Box::new(Effect::Send(Box::new(OutboundRequest {
        headers,
        redirects: Redirects::Follow,
        max_response_bytes: max_bytes,
        ..OutboundRequest::new(Method::GET, url, TIMEOUT)
    }))))
}

/// The document, or why there is none.
pub(super) fn content(reply: Reply) -> Result<Bytes, String> {
    let response = reply.response()?;
    match response.body {
        Body::Bytes(bytes) if response.status.is_success() => Ok(bytes),
        _ => Err(format!("the answer has the status code {}", response.status.as_u16())),
    }
}
