//! What the status paths say, and what callers are told while there is nothing to serve. Decides nothing: `core` made the status.

use holdfast_core::gateway::Status;
use holdfast_core::time::Instant;
use http::{Response, StatusCode};
use serde::Serialize;

use crate::limits::NOT_READY_RETRY_AFTER;

/// The path of the original's probes, and the one of its newest manifests.
const PATHS: [&str; 2] = ["/status-0123456789abcdef", "/internal-status-0123456789abcdef"];

/// Whether `path` is one of the status paths.
pub(crate) fn is_status_path(path: &str) -> bool {
    PATHS.contains(&path)
}

/// The answer on a status path: 200 when traffic should be sent here, 503 otherwise.
pub(crate) fn status_response(status: &Status, now: Instant) -> Response<String> {
    let report = Report { status, version: env!("CARGO_PKG_VERSION"), uptime_seconds: now.as_nanos() / 1_000_000_000 };
    let text = serde_json::to_string(&report).unwrap_or_else(|_| "{}".to_owned());
    let code = if status.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut response = json(code, text);
    response.headers_mut().insert(http::header::CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
    response
}

/// The answer to a request that comes while there is no configuration.
pub(crate) fn not_ready_response(status: &Status) -> Response<String> {
    let mut response = error_response(StatusCode::SERVICE_UNAVAILABLE, &status.reason);
    response.headers_mut().insert(http::header::RETRY_AFTER, NOT_READY_RETRY_AFTER.as_secs().into());
    response
}

/// An error in the words and the spacing of the original's error bodies.
pub(crate) fn error_response(code: StatusCode, message: &str) -> Response<String> {
    let message = serde_json::Value::from(message);
    json(code, format!("{{ \"statusCode\": {}, \"message\": {message} }}", code.as_u16()))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    #[serde(flatten)]
    status: &'a Status,
    version: &'static str,
    uptime_seconds: u64,
}

fn json(code: StatusCode, text: String) -> Response<String> {
    let mut response = Response::new(text);
    *response.status_mut() = code;
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(ready: bool) -> Status {
        Status {
            state: "starting",
            ready,
            revision: None,
            since: "2026-01-01T00:00:00.0000000Z".to_owned(),
            reason: "the service said \"no\"".to_owned(),
            refused: Vec::new(),
        }
    }

    #[test]
    fn both_paths_and_no_other() {
        assert!(is_status_path("/status-0123456789abcdef") && is_status_path("/internal-status-0123456789abcdef"));
        assert!(!is_status_path("/status-0123456789abcdef/") && !is_status_path("/"));
    }

    #[test]
    fn the_status_with_version_and_uptime() {
        let response = status_response(&status(true), Instant::from_nanos(2_500_000_000));
        assert_eq!(response.status(), StatusCode::OK);
        let report: serde_json::Value = serde_json::from_str(response.body()).unwrap();
        assert_eq!((&report["state"], &report["uptimeSeconds"]), (&"starting".into(), &2.into()));
        assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(status_response(&status(false), Instant::ZERO).status(), StatusCode::SERVICE_UNAVAILABLE);
    }

    #[test]
    fn not_ready_says_why_and_for_how_long() {
        let response = not_ready_response(&status(false));
        assert_eq!(response.headers()["retry-after"], "10");
        assert_eq!(response.body(), r#"{ "statusCode": 503, "message": "the service said \"no\"" }"#);
    }
}
