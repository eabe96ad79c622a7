//! The admin side of fake Azure: plain HTTP beside the API, so that a person or a test can switch faults and look at what was seen.
//!
//! `GET /` state · `GET /heartbeats` · `GET /requests` · `PUT /faults/{name}` · `DELETE /faults/{name}` · `DELETE /faults` ·
//! `POST /token?minutes=N` a new token · `POST /keys/rotate` kills every token · `POST /history/forget` makes who is behind get 410.
//!
//! Of the management API, behind whatever path a service has there: `POST …/gateways/{id}/listDebugCredentials`, `…/listTrace`,
//! `…/invalidateDebugCredentials`.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use holdfast::cli::credential::SECONDS_MAX;
use holdfast::net::Net;
use holdfast_core::config::duration;
use http::request::Parts;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};

use super::fault::Fault;
use super::serve::Shared;
use super::state::Azure;

/// How long a token lives when the request does not say.
const TOKEN_MINUTES: u64 = 60;
/// Tokens of the original live 30 days at most.
const TOKEN_MINUTES_MAX: u64 = 30 * 24 * 60;

const CONTENT_BYTES_MAX: usize = 64 * 1024;

/// Serves the admin side on `listener` for ever; run it inside a `LocalSet`.
pub async fn serve<N: Net>(shared: Shared, mut listener: N::Listener) {
    loop {
        let Ok((stream, _)) = N::accept(&mut listener).await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let shared = shared.clone();
        tokio::task::spawn_local(async move {
            let service = service_fn(|request: Request<Incoming>| {
                let shared = shared.clone();
                async move {
                    let (head, content) = request.into_parts();
                    let content = Limited::new(content, CONTENT_BYTES_MAX).collect().await;
                    let content = content.map(|content| content.to_bytes()).unwrap_or_default();
                    let (status, body) = answer(&shared, &head, &content);
                    let mut response = Response::new(Full::new(Bytes::from(format!("{body:#}\n"))));
                    *response.status_mut() = status;
                    Ok::<_, Infallible>(response)
                }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service);
            // A client that goes away is no event of the service.
            let _gone = connection.await;
        });
    }
}

fn answer(shared: &Shared, head: &Parts, content: &[u8]) -> (hyper::StatusCode, Value) {
    let (method, path, query) = (&head.method, head.uri.path(), head.uri.query());
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let now = shared.clock().now().wall;
    let done = match (method.as_str(), segments.as_slice()) {
        ("GET", []) => Ok(shared.with(|azure| state(azure))),
        ("GET", ["heartbeats"]) => Ok(shared.with(|azure| json!(azure.heartbeats().collect::<Vec<_>>()))),
        ("GET", ["requests"]) => Ok(shared.with(|azure| json!(azure.requests().collect::<Vec<_>>()))),
        ("PUT", ["faults", name]) => name.parse().map(|fault| changed(shared, |azure| azure.set_fault(fault))),
        ("DELETE", ["faults", name]) => name.parse().map(|fault| changed(shared, |azure| azure.clear_fault(fault))),
        ("DELETE", ["faults"]) => Ok(changed(shared, Azure::clear_faults)),
        ("POST", ["keys", "rotate"]) => Ok(changed(shared, Azure::rotate_keys)),
        ("POST", ["history", "forget"]) => Ok(changed(shared, Azure::forget_history)),
        ("POST", ["token"]) => minutes(query).map(|minutes| {
            let expiry = now.saturating_add(Duration::from_secs(minutes * 60));
            shared.with(|azure| json!({ "token": azure.token(expiry) }))
        }),
        ("POST", [.., "gateways", gateway, action]) => return managed(shared, gateway, action, content),
        _ => return (hyper::StatusCode::NOT_FOUND, json!({ "error": format!("there is no `{method} {path}`") })),
    };
    match done {
        Ok(body) => (hyper::StatusCode::OK, body),
        Err(message) => (hyper::StatusCode::BAD_REQUEST, json!({ "error": message })),
    }
}

// As in the management API: `{"error": {"code", "message"}}` where something is wrong.
fn managed(shared: &Shared, gateway: &str, action: &str, content: &[u8]) -> (hyper::StatusCode, Value) {
    let error =
        |status, code: &str, message: String| (status, json!({ "error": { "code": code, "message": message } }));
    let missing = |what: String| error(hyper::StatusCode::NOT_FOUND, "ResourceNotFound", what);
    let wrong = |what: &str| error(hyper::StatusCode::BAD_REQUEST, "ValidationError", what.to_owned());
    if !shared.with(|azure| gateway.eq_ignore_ascii_case(&azure.gateway)) {
        return missing(format!("there is no gateway `{gateway}`"));
    }
    let asked: Value = serde_json::from_slice(content).unwrap_or_default();
    match action {
        "listDebugCredentials" => {
            if asked["purposes"] != json!(["tracing"]) {
                return wrong("`purposes` is not `[\"tracing\"]`");
            }
            let Some(api) = asked["apiId"].as_str().and_then(|id| id.rsplit('/').next()).filter(|id| !id.is_empty())
            else {
                return wrong("`apiId` is missing");
            };
            let after = asked["credentialsExpireAfter"].as_str().unwrap_or("PT1H");
            let seconds = duration::seconds(after).filter(|seconds| (1..=SECONDS_MAX).contains(seconds));
            let Some(seconds) = seconds else { return wrong("`credentialsExpireAfter` is no duration up to `PT1H`") };
            let expires = shared.clock().now().wall.saturating_add(Duration::from_secs(seconds));
            let token = shared.with(|azure| azure.issue_credential(api, expires));
            (hyper::StatusCode::OK, json!({ "token": token }))
        }
        "listTrace" => {
            let id = asked["traceId"].as_str().unwrap_or_default();
            let found = shared.with(|azure| azure.trace(id).cloned());
            found.map_or_else(|| missing(format!("there is no trace `{id}`")), |trace| (hyper::StatusCode::OK, trace))
        }
        "invalidateDebugCredentials" => {
            shared.with(Azure::invalidate_credentials);
            (hyper::StatusCode::NO_CONTENT, Value::Null)
        }
        _ => missing(format!("there is no `{action}` of a gateway")),
    }
}

fn changed(shared: &Shared, change: impl FnOnce(&mut Azure)) -> Value {
    shared.with(|azure| {
        change(azure);
        state(azure)
    })
}

fn state(azure: &Azure) -> Value {
    let (revision, set) = azure.newest();
    json!({
        "gateway": azure.gateway,
        "revision": revision.to_string(),
        "resources": set.len(),
        "faults": azure.faults().map(Fault::name).collect::<Vec<_>>(),
        "heartbeats": azure.heartbeats().count(),
    })
}

fn minutes(query: Option<&str>) -> Result<u64, String> {
    let Some(text) = query.and_then(|query| query.strip_prefix("minutes=")) else { return Ok(TOKEN_MINUTES) };
    match text.parse() {
        Ok(minutes) if minutes <= TOKEN_MINUTES_MAX => Ok(minutes),
        _ => Err(format!("`{text}` is not a number of minutes from 0 to {TOKEN_MINUTES_MAX}")),
    }
}
