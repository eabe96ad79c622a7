//! The vocabulary of HTTP messages (RFC 9110) that everything above shares. Moves no bytes.

pub mod charset;
pub mod coding;
pub mod media;
pub mod message;
pub mod percent;
pub mod query;
pub mod rewrite;
pub mod template;
pub mod url;

use std::time::Duration;

use crate::time::WallTime;

pub use ::http::header;
pub use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
pub use bytes::Bytes;

pub use media::MediaType;
pub use query::Query;
pub use rewrite::{ExpandError, RewriteTemplate};
pub use template::{TemplateError, UrlTemplate};
pub use url::{Scheme, Url};

/// The version of HTTP that a message came in, or goes out with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HttpVersion {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1
    #[default]
    Http11,
    /// HTTP/2
    Http2,
}

/// The head of a request as it came from the client.
#[derive(Clone, Debug)]
pub struct RequestHead {
    /// The method.
    pub method: Method,
    /// Where the client sent it: scheme of the listener, `Host` (or `:authority`), path and query as received.
    pub url: Url,
    /// The fields, in the order received.
    pub headers: HeaderMap,
    /// The version of the message.
    pub version: HttpVersion,
    /// Whether content follows (a `Content-Length` above zero, or `Transfer-Encoding`).
    pub has_body: bool,
}

/// The head of a response.
#[derive(Clone, Debug)]
pub struct ResponseHead {
    /// The status code.
    pub status: StatusCode,
    /// The reason phrase; `None` means the standard one of the status code.
    pub reason: Option<String>,
    /// The fields, in order.
    pub headers: HeaderMap,
}

impl ResponseHead {
    /// A head with this status and no fields.
    #[must_use]
    pub fn new(status: StatusCode) -> Self {
        Self { status, reason: None, headers: HeaderMap::new() }
    }
}

/// The reason phrase of a response: its own, or the standard one of its status; empty when there is neither.
#[must_use]
pub fn phrase(status: StatusCode, own: Option<&str>) -> &str {
    own.or_else(|| status.canonical_reason()).unwrap_or("")
}

/// A `Retry-After` as time from `now`: seconds, or a date (RFC 9110 §10.2.3). A date that has passed is zero.
#[must_use]
pub fn retry_after(value: &HeaderValue, now: WallTime) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Duration::from_secs(u64::from(seconds)));
    }
    let seconds = WallTime::from_http_date(text)?.unix_seconds().saturating_sub(now.unix_seconds());
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

/// All values of the field `name` joined by `,` as APIM's `Headers.GetValueOrDefault` shows them; bytes above 0x7f as Latin-1.
#[must_use]
pub fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let mut values = headers.get_all(name).iter();
    let mut text = latin1(values.next()?);
    for value in values {
        text.push(',');
        text.push_str(&latin1(value));
    }
    Some(text)
}

/// The text of a field value: visible ASCII as it is, bytes above 0x7f as the Latin-1 characters of the same number.
#[must_use]
pub fn latin1(value: &HeaderValue) -> String {
    value.as_bytes().iter().map(|byte| char::from(*byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: WallTime = WallTime::from_unix_seconds(784_111_777);

    #[test]
    fn retry_after_in_both_forms() {
        let retry_after = |text, now| retry_after(&HeaderValue::from_static(text), now);
        assert_eq!(retry_after(" 120 ", NOW), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:50:37 GMT", NOW), Some(Duration::from_secs(60)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:00:00 GMT", NOW), Some(Duration::ZERO));
        for text in ["", "soon", "-1", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49 GMT"] {
            assert_eq!(retry_after(text, NOW), None, "{text}");
        }
    }
}
