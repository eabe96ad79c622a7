//! An answer of the service, read whole under limits: content, compression, `Retry-After`, error messages.

use std::io::Read;

use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use holdfast_core::gateway::FetchFailure;
use holdfast_core::http::{HeaderMap, StatusCode, header, retry_after};
use holdfast_core::time::WallTime;
use http::Response;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::azure::{connection, failure};

/// How much of an answer is taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes on the wire.
    pub(crate) received_max: usize,
    /// Bytes after decompression.
    pub(crate) decompressed_max: usize,
}

/// An answer, read whole and decompressed.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) content: Bytes,
}

// Error messages are for people: what is longer is a page, not a message.
const ERROR_LIMITS: Limits = Limits { received_max: 64 * 1024, decompressed_max: 64 * 1024 };
const MESSAGE_CHARS_MAX: usize = 300;

impl Answer {
    /// Reads an answer to its end.
    pub(crate) async fn read(response: Response<Incoming>, limits: Limits) -> Result<Self, FetchFailure> {
        let (head, mut body) = response.into_parts();
        let limits = if head.status.is_success() { limits } else { ERROR_LIMITS };
        let mut received = BytesMut::new();
        while let Some(frame) = connection::within_stall(body.frame()).await? {
            let frame = frame.map_err(|error| FetchFailure::Unreachable(failure::of_http(&error)))?;
            if let Ok(data) = frame.into_data() {
                if received.len() + data.len() > limits.received_max {
                    return Err(too_large(limits.received_max, "on the wire"));
                }
                received.extend_from_slice(&data);
            }
        }
        let content = decompressed(&head.headers, received.freeze(), limits.decompressed_max)?;
        Ok(Self { status: head.status, headers: head.headers, content })
    }

    /// This answer as a failure.
    pub(crate) fn into_failure(self, now: WallTime) -> FetchFailure {
        let retry_after = self.headers.get(header::RETRY_AFTER).and_then(|value| retry_after(value, now));
        let message = message(&self.content).unwrap_or_else(|| failure::of_status(self.status));
        FetchFailure::Status { code: self.status.as_u16(), retry_after, message }
    }
}

fn too_large(max: usize, where_: &str) -> FetchFailure {
    FetchFailure::Malformed(format!("the answer has more than {max} bytes {where_}"))
}

fn decompressed(headers: &HeaderMap, content: Bytes, max: usize) -> Result<Bytes, FetchFailure> {
    let encoding = headers.get(header::CONTENT_ENCODING).map_or(b"identity".as_slice(), |value| value.as_bytes());
    if content.is_empty() || encoding.eq_ignore_ascii_case(b"identity") {
        return if content.len() > max { Err(too_large(max, "decompressed")) } else { Ok(content) };
    }
    if !encoding.eq_ignore_ascii_case(b"gzip") && !encoding.eq_ignore_ascii_case(b"x-gzip") {
        let encoding = String::from_utf8_lossy(encoding);
        return Err(FetchFailure::Malformed(format!(
            "the answer is compressed as `{encoding}`; only `gzip` was asked for"
        )));
    }
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    let mut inflated = Vec::new();
    MultiGzDecoder::new(&content[..])
        .take(limit)
        .read_to_end(&mut inflated)
        .map_err(|error| FetchFailure::Malformed(format!("the answer cannot be decompressed: {error}")))?;
    if inflated.len() > max { Err(too_large(max, "decompressed")) } else { Ok(Bytes::from(inflated)) }
}

// ARM answers `{"error": {"message": …}}`, gateways `{"message": …}`, proxies in between whatever they like.
fn message(content: &[u8]) -> Option<String> {
    let json: Option<serde_json::Value> = serde_json::from_slice(content).ok();
    let found = json.as_ref().and_then(|json| {
        let inner = json.pointer("/error/message").or_else(|| json.get("message"));
        inner.and_then(|message| message.as_str())
    });
    let text = found.map_or_else(|| String::from_utf8_lossy(content), std::borrow::Cow::Borrowed);
    let line: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    let line: String = line.join(" ").chars().take(MESSAGE_CHARS_MAX).collect();
    (!line.is_empty()).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_from_all_kinds_of_bodies() {
        let cases: [(&[u8], Option<&str>); 6] = [
            (br#"{"error":{"code":"X","message":"the token has expired"}}"#, Some("the token has expired")),
            (br#"{ "statusCode": 401, "message": "no" }"#, Some("no")),
            (b"<h1>Bad\n  Gateway</h1>\x07", Some("<h1>Bad Gateway</h1>")),
            (b"{\"other\":1}", Some("{\"other\":1}")),
            (b"", None),
            (b" \n", None),
        ];
        for (content, expected) in cases {
            assert_eq!(message(content).as_deref(), expected);
        }
        assert_eq!(message(&[b'x'; 5000]).map(|m| m.len()), Some(MESSAGE_CHARS_MAX));
    }

    #[test]
    fn only_what_was_asked_for_is_decompressed_and_only_so_far() {
        let mut headers = HeaderMap::new();
        let plain = Bytes::from_static(b"plain");
        assert_eq!(decompressed(&headers, plain.clone(), 5).unwrap(), "plain");
        assert!(matches!(decompressed(&headers, plain.clone(), 4), Err(FetchFailure::Malformed(_))));
        headers.insert(header::CONTENT_ENCODING, "br".parse().unwrap());
        assert!(matches!(decompressed(&headers, plain.clone(), 5), Err(FetchFailure::Malformed(_))));
        headers.insert(header::CONTENT_ENCODING, "gzip".parse().unwrap());
        assert!(matches!(decompressed(&headers, plain, 5), Err(FetchFailure::Malformed(_))));
    }
}
