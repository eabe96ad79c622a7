//! The admin side of fake Azure: plain HTTP beside the API, so that a person or a test can switch faults and look at what was seen.
//!
//! `GET /` state · `GET /heartbeats` · `GET /requests` · `PUT /faults/{name}` · `DELETE /faults/{name}` · `DELETE /faults` ·
//! `POST /token?minutes=N` a new token · `POST /keys/rotate` kills every token · `POST /history/forget` makes who is behind get 410.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use holdfast::net::Net;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};

use super::fault::Fault;
use super::serve::Shared;
use super::state::Azure;

/// How long a token lives when the request does not say.
const TOKEN_MINUTES: u64 = 60;
/// Tokens of the original live 30 days at most.
const TOKEN_MINUTES_MAX: u64 = 30 * 24 * 60;

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
                let (status, body) = answer(&shared, request.method(), request.uri().path(), request.uri().query());
                let mut response = Response::new(Full::new(Bytes::from(format!("{body:#}\n"))));
                *response.status_mut() = status;
                std::future::ready(Ok::<_, Infallible>(response))
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service);
            // A client that goes away is no event of the service.
            let _gone = connection.await;
        });
    }
}

fn answer(shared: &Shared, method: &Method, path: &str, query: Option<&str>) -> (hyper::StatusCode, Value) {
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
        _ => return (hyper::StatusCode::NOT_FOUND, json!({ "error": format!("there is no `{method} {path}`") })),
    };
    match done {
        Ok(body) => (hyper::StatusCode::OK, body),
        Err(message) => (hyper::StatusCode::BAD_REQUEST, json!({ "error": message })),
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
