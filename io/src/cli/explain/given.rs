//! The request to explain, and what stands in for the world: read from a file, as JSON or as an HTTP message. Runs nothing.

use holdfast_core::context::{Body, ResponseView};
use holdfast_core::http::{Bytes, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Url};
use holdfast_core::time::WallTime;
use serde::Deserialize;

/// What a file says.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
    pub(super) client_ip: String,
    /// The wall clock when the request arrives; `None` means now.
    pub(super) now: Option<WallTime>,
    pub(super) replies: Vec<Standin>,
}

/// What stands in for a server.
#[derive(Debug)]
pub(super) struct Standin {
    /// The beginning of the URLs that it answers; empty means all.
    pub(super) to: String,
    pub(super) answer: Result<ResponseView, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    #[serde(default = "get")]
    method: String,
    url: String,
    #[serde(default)]
    headers: serde_json::Map<String, serde_json::Value>,
    body: Option<String>,
    client_ip: Option<String>,
    now: Option<String>,
    #[serde(default)]
    replies: Vec<ReplyDocument>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ReplyDocument {
    #[serde(default)]
    to: String,
    #[serde(default = "ok")]
    status: u16,
    reason: Option<String>,
    #[serde(default)]
    headers: serde_json::Map<String, serde_json::Value>,
    body: Option<String>,
    failure: Option<String>,
}

fn get() -> String {
    "GET".to_owned()
}

const fn ok() -> u16 {
    200
}

/// Reads the text of a file.
///
/// # Errors
/// What is wrong with it, in words.
pub(super) fn read(text: &str) -> Result<Given, String> {
    if text.trim_start().starts_with('{') { from_json(text) } else { from_message(text) }
}

fn from_json(text: &str) -> Result<Given, String> {
    let document: Document =
        serde_json::from_str(text).map_err(|error| format!("{}:{}: {error}", error.line(), error.column()))?;
    let now = document
        .now
        .map(|now| {
            WallTime::from_rfc3339(&now).ok_or_else(|| format!("`{now}` is not a moment as in `2026-01-31T00:00:00Z`"))
        })
        .transpose()?;
    Ok(Given {
        method: method(&document.method)?,
        url: url(&document.url, None)?,
        headers: headers(&document.headers)?,
        body: document.body.map(Bytes::from),
        client_ip: document.client_ip.unwrap_or_else(loopback),
        now,
        replies: document.replies.into_iter().map(standin).collect::<Result<_, _>>()?,
    })
}

fn standin(document: ReplyDocument) -> Result<Standin, String> {
    let answer = match document.failure {
        Some(failure) => Err(failure),
        None => Ok(ResponseView {
            status: StatusCode::from_u16(document.status)
                .map_err(|_| format!("`{}` is not a status code", document.status))?,
            reason: document.reason,
            headers: headers(&document.headers)?,
            body: document.body.map_or(Body::Absent, |body| Body::Bytes(Bytes::from(body))),
        }),
    };
    Ok(Standin { to: document.to, answer })
}

// A field is a text, or a list of texts when it is there several times.
fn headers(document: &serde_json::Map<String, serde_json::Value>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in document {
        let values = match value {
            serde_json::Value::Array(values) => values.as_slice(),
            one => std::slice::from_ref(one),
        };
        for value in values {
            let text = value.as_str().ok_or_else(|| format!("the field `{name}` is no text"))?;
            append(&mut headers, name, text)?;
        }
    }
    Ok(headers)
}

// `GET /path HTTP/1.1`, fields, an empty line, content.
fn from_message(text: &str) -> Result<Given, String> {
    let text = text.replace("\r\n", "\n");
    let (head, body) = match text.split_once("\n\n") {
        Some((head, body)) => (head, Some(body)),
        None => (text.trim_end(), None),
    };
    let mut lines = head.lines();
    let first = lines.next().unwrap_or("");
    let mut words = first.split_whitespace();
    let (Some(verb), Some(target)) = (words.next(), words.next()) else {
        return Err(format!("1: `{first}` is not the first line of a request, as in `GET /path HTTP/1.1`"));
    };
    let mut headers = HeaderMap::new();
    for (number, line) in lines.enumerate() {
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| format!("{}: `{line}` is not a field, as in `Name: value`", number + 2))?;
        append(&mut headers, name.trim(), value.trim())?;
    }
    let host = headers.get("host").and_then(|host| host.to_str().ok()).map(str::to_owned);
    Ok(Given {
        method: method(verb)?,
        url: url(target, host.as_deref())?,
        headers,
        body: body.filter(|body| !body.is_empty()).map(|body| Bytes::from(body.to_owned())),
        client_ip: loopback(),
        now: None,
        replies: Vec::new(),
    })
}

fn append(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), String> {
    let field = HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("`{name}` is not the name of a field"))?;
    let value =
        HeaderValue::from_bytes(value.as_bytes()).map_err(|_| format!("the value of `{name}` cannot be sent"))?;
    headers.append(field, value);
    Ok(())
}

fn method(text: &str) -> Result<Method, String> {
    Method::from_bytes(text.as_bytes()).map_err(|_| format!("`{text}` is not a method"))
}

// A path belongs to the host of the fields.
fn url(text: &str, host: Option<&str>) -> Result<Url, String> {
    let whole = match text.starts_with('/') {
        true => format!("http://{}{text}", host.unwrap_or("localhost")),
        false => text.to_owned(),
    };
    Url::parse(&whole).map_err(|error| format!("`{text}` is not a URL: {error}"))
}

fn loopback() -> String {
    "127.0.0.1".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms() {
        let message = read("POST /echo?x=1 HTTP/1.1\r\nHost: api.example:8080\r\nA: 1\r\nA: 2\r\n\r\n{}\n").unwrap();
        assert_eq!(
            (message.method.as_str(), message.url.to_string()),
            ("POST", "http://api.example:8080/echo?x=1".to_owned())
        );
        assert_eq!((message.headers.get_all("a").iter().count(), message.body.as_deref()), (2, Some(&b"{}\n"[..])));
        let json = read(
            r#"{"url": "https://api.example/echo", "headers": {"A": ["1", "2"]}, "clientIp": "192.0.2.1",
                "now": "2026-01-31T00:00:00Z", "replies": [{"to": "http://b/", "status": 404, "body": "no"}, {"failure": "refused"}]}"#,
        )
        .unwrap();
        assert_eq!((json.method.as_str(), json.client_ip.as_str(), json.headers.len()), ("GET", "192.0.2.1", 2));
        assert_eq!(json.replies[0].answer.as_ref().unwrap().status, 404);
        assert_eq!(json.replies[1].answer.as_ref().unwrap_err(), "refused");
    }

    #[test]
    fn mistakes_name_their_place() {
        for (text, expected) in [
            ("", "1: `` is not the first line"),
            ("GET", "1: `GET` is not the first line"),
            ("GET /a HTTP/1.1\nno field", "2: `no field` is not a field"),
            ("GET ftp://a", "`ftp://a` is not a URL"),
            ("{\"url\": \"http://a/\",\n \"methd\": \"x\"}", "2:"),
            ("{\"url\": \"http://a/\", \"now\": \"soon\"}", "`soon` is not a moment"),
            ("{\"url\": \"http://a/\", \"replies\": [{\"status\": 99}]}", "`99` is not a status code"),
            ("{\"url\": \"http://a/\", \"headers\": {\"A B\": \"c\"}}", "`A B` is not the name of a field"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }
}
