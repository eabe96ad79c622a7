//! A sample backend: answers every request with a JSON account of it, over any network, and counts what reached it.

use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use holdfast::net::Net;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};

/// The header by which a client names its request, so that it can be counted.
pub const REQUEST_ID: &str = "x-request-id";

/// What reached a backend, shared with whoever asks.
#[derive(Clone, Debug, Default)]
pub struct Reached {
    requests: Rc<RefCell<Vec<Arrival>>>,
}

/// One request that reached a backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Method and target.
    pub request: String,
    /// The client's name for it, empty when it gave none.
    pub id: String,
}

impl Reached {
    /// All requests so far, in order.
    #[must_use]
    pub fn all(&self) -> Vec<Arrival> {
        self.requests.borrow().clone()
    }

    /// How many requests came with this name.
    #[must_use]
    pub fn count(&self, id: &str) -> usize {
        self.requests.borrow().iter().filter(|arrival| arrival.id == id).count()
    }
}

/// Serves on `listener` for ever as the backend called `name`; run it inside a `LocalSet`. `?delay_ms=N` delays the answer.
pub async fn serve<N: Net>(name: &'static str, mut listener: N::Listener, reached: Reached) {
    loop {
        let Ok((stream, _)) = N::accept(&mut listener).await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let reached = reached.clone();
        tokio::task::spawn_local(async move {
            let service = service_fn(|request| answer(name, reached.clone(), request));
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .auto_date_header(false)
                .serve_connection(TokioIo::new(stream), service);
            // A gateway that goes away is no event of a backend.
            let _gone = connection.await;
        });
    }
}

async fn answer(
    name: &'static str,
    reached: Reached,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let id = head.headers.get(REQUEST_ID).map(text).unwrap_or_default();
    let target = head.uri.to_string();
    reached.requests.borrow_mut().push(Arrival { request: format!("{} {target}", head.method), id });
    let content = body.collect().await.map(|content| content.to_bytes()).unwrap_or_default();
    let delay = head
        .uri
        .query()
        .into_iter()
        .flat_map(|query| query.split('&'))
        .find_map(|pair| pair.strip_prefix("delay_ms=").and_then(|text| text.parse::<u64>().ok()));
    if let Some(delay) = delay {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    let headers: serde_json::Map<String, Value> =
        head.headers.iter().map(|(name, value)| (name.to_string(), Value::String(text(value)))).collect();
    let account = json!({
        "backend": name,
        "method": head.method.as_str(),
        "target": target,
        "headers": headers,
        "body": String::from_utf8_lossy(&content),
    });
    let response = Response::builder().header("content-type", "application/json").header("x-backend", name);
    let body = Full::new(Bytes::from(account.to_string()));
    Ok(response.body(body).unwrap_or_else(|_| Response::new(Full::new(Bytes::new()))))
}
