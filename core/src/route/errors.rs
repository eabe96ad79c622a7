//! The answers that the gateway gives of itself, before and beside policies: APIM's published bodies and `LastError` words.

use std::fmt::Write as _;

use crate::http::{Bytes, HeaderValue, ResponseHead, StatusCode, header};
use crate::rng::Uuid;
use crate::route::subscription::Denied;

/// An error of a built-in step: what `context.LastError` says of it, and what the caller reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuiltInError {
    /// `LastError.Source`
    pub source: &'static str,
    /// `LastError.Reason`
    pub reason: &'static str,
    /// `LastError.Message`
    pub message: &'static str,
    /// The status code of the answer.
    pub status: StatusCode,
    /// `message` in the body of the answer; it may differ from `LastError.Message`.
    pub body_message: &'static str,
}

/// No API or no operation serves the request.
pub const OPERATION_NOT_FOUND: BuiltInError = BuiltInError {
    source: "configuration",
    reason: "OperationNotFound",
    message: "Unable to match incoming request to an operation.",
    status: StatusCode::NOT_FOUND,
    body_message: "Resource not found",
};

/// A subscription key is needed and was not given.
pub const SUBSCRIPTION_KEY_NOT_FOUND: BuiltInError = BuiltInError {
    source: "authorization",
    reason: "SubscriptionKeyNotFound",
    message: "Access denied due to missing subscription key. Make sure to include subscription key when making requests to this API.",
    status: StatusCode::UNAUTHORIZED,
    body_message: "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API.",
};

/// The subscription key does not open the API.
pub const SUBSCRIPTION_KEY_INVALID: BuiltInError = BuiltInError {
    source: "authorization",
    reason: "SubscriptionKeyInvalid",
    message: "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription.",
    status: StatusCode::UNAUTHORIZED,
    body_message: "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription.",
};

/// Something failed that the caller did not cause. The source and reason of the failing step replace these where they are known.
pub const INTERNAL_SERVER_ERROR: BuiltInError = BuiltInError {
    source: "gateway",
    reason: "InternalServerError",
    message: "Internal server error",
    status: StatusCode::INTERNAL_SERVER_ERROR,
    body_message: "Internal server error",
};

/// The gateway has no configuration yet.
pub const NOT_READY: BuiltInError = BuiltInError {
    source: "gateway",
    reason: "NotReady",
    message: "The gateway has no configuration yet.",
    status: StatusCode::SERVICE_UNAVAILABLE,
    body_message: "The gateway has no configuration yet.",
};

impl From<Denied> for BuiltInError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::MissingKey => SUBSCRIPTION_KEY_NOT_FOUND,
            Denied::InvalidKey => SUBSCRIPTION_KEY_INVALID,
        }
    }
}

/// 404 for a request that nothing serves.
#[must_use]
pub fn not_found() -> (ResponseHead, Bytes) {
    answer(OPERATION_NOT_FOUND.status, OPERATION_NOT_FOUND.body_message)
}

/// 401 with its challenge. `realm` is the base URL of the API, `key_header` the name of the header that carries the key.
#[must_use]
pub fn unauthorized(denied: Denied, realm: &str, key_header: &str) -> (ResponseHead, Bytes) {
    let error = BuiltInError::from(denied);
    let (mut head, body) = answer(error.status, error.body_message);
    let challenge =
        format!("AzureApiManagementKey realm={},name={},type=\"header\"", quoted(realm), quoted(key_header));
    if let Ok(challenge) = HeaderValue::from_bytes(challenge.as_bytes()) {
        head.headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    (head, body)
}

/// 500; `activity` is the id under which the log knows the request.
#[must_use]
pub fn internal_server_error(activity: Uuid) -> (ResponseHead, Bytes) {
    let (head, _) = answer(INTERNAL_SERVER_ERROR.status, "");
    let message = json_text(INTERNAL_SERVER_ERROR.body_message);
    let body = format!("{{ \"statusCode\": 500, \"message\": {message}, \"activityId\": \"{activity}\" }}");
    (head, Bytes::from(body))
}

/// 503 while there is nothing to serve. `why` is one sentence for the caller, without secrets.
#[must_use]
pub fn not_ready(why: &str) -> (ResponseHead, Bytes) {
    let message =
        if why.is_empty() { NOT_READY.body_message.to_owned() } else { format!("{} {why}", NOT_READY.body_message) };
    answer(NOT_READY.status, &message)
}

/// Any other answer in APIM's form: `{ "statusCode": N, "message": "…" }`.
#[must_use]
pub fn answer(status: StatusCode, message: &str) -> (ResponseHead, Bytes) {
    let mut head = ResponseHead::new(status);
    head.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let body = format!("{{ \"statusCode\": {}, \"message\": {} }}", status.as_u16(), json_text(message));
    (head, Bytes::from(body))
}

fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A quoted string (RFC 9110 §5.6.4); control characters, which it cannot hold, are percent-encoded.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        if c.is_control() {
            let _ = write!(quoted, "%{:02X}", u32::from(c));
            continue;
        }
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(answer: &(ResponseHead, Bytes)) -> &str {
        std::str::from_utf8(&answer.1).unwrap()
    }

    #[test]
    fn published_bodies() {
        assert_eq!(text(&not_found()), r#"{ "statusCode": 404, "message": "Resource not found" }"#);
        assert_eq!(
            text(&unauthorized(Denied::MissingKey, "", "")),
            r#"{ "statusCode": 401, "message": "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API." }"#
        );
        assert_eq!(
            text(&unauthorized(Denied::InvalidKey, "", "")),
            r#"{ "statusCode": 401, "message": "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription." }"#
        );
        let activity = Uuid(0);
        assert_eq!(
            text(&internal_server_error(activity)),
            r#"{ "statusCode": 500, "message": "Internal server error", "activityId": "00000000-0000-0000-0000-000000000000" }"#
        );
        assert_eq!(
            text(&not_ready("Say \"when\".")),
            r#"{ "statusCode": 503, "message": "The gateway has no configuration yet. Say \"when\"." }"#
        );
    }

    #[test]
    fn challenge() {
        let (head, _) = unauthorized(Denied::MissingKey, "https://h/é\"\n", "Ocp-Apim-Subscription-Key");
        let challenge = head.headers.get(header::WWW_AUTHENTICATE).unwrap().as_bytes();
        let expected =
            "AzureApiManagementKey realm=\"https://h/é\\\"%0A\",name=\"Ocp-Apim-Subscription-Key\",type=\"header\"";
        assert_eq!(challenge, expected.as_bytes());
        assert_eq!(head.headers.get(header::CONTENT_TYPE).unwrap(), "application/json");
    }
}
