//! Where an inspection is read: by its id, with the debug credential that it was made for. Makes none.

use holdfast_core::exchange::DEBUG_CREDENTIAL;
use holdfast_core::shared::Shared;
use holdfast_core::time::WallTime;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use crate::health::error_response;

/// In front of the id. As the status paths, it is no API's.
const PREFIX: &str = "/trace-0123456789abcdef/";

/// The id in `path`, when it is one of an inspection.
pub(crate) fn id_in(path: &str) -> Option<&str> {
    path.strip_prefix(PREFIX).filter(|id| !id.is_empty())
}

/// The inspection as JSON, or as text for those who ask for `text/plain`; 404 for everyone who may not see it.
pub(crate) fn response(shared: &Shared, id: &str, headers: &HeaderMap, now: WallTime) -> Response<String> {
    let token = headers.get(DEBUG_CREDENTIAL);
    let found = token.and_then(|token| shared.inspections.get(id, token.as_bytes(), now));
    let Some(inspection) = found else {
        return error_response(StatusCode::NOT_FOUND, "There is no such trace, or it is not yours.");
    };
    let accepts_text = |value: &HeaderValue| value.to_str().is_ok_and(|value| value.contains("text/plain"));
    let (kind, text) = if headers.get(header::ACCEPT).is_some_and(accepts_text) {
        ("text/plain; charset=utf-8", inspection.to_text())
    } else {
        ("application/json", inspection.to_json().to_string())
    };
    let mut response = Response::new(text);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
