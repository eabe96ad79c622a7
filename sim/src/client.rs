//! A client that asks one thing at a time over any network, each on a connection of its own, and tells what came back.

use std::time::Duration;

use bytes::Bytes;
use holdfast::net::Net;
use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;

/// A request to make.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The host to connect to.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The method.
    pub method: Method,
    /// Path and query.
    pub target: String,
    /// Fields besides `Host`.
    pub headers: Vec<(&'static str, String)>,
    /// The content.
    pub body: Bytes,
    /// How long to wait for everything.
    pub timeout: Duration,
}

impl Ask {
    /// A GET without content that waits ten seconds.
    #[must_use]
    pub fn get(host: &str, port: u16, target: &str) -> Self {
        Self {
            host: host.to_owned(),
            port,
            method: Method::GET,
            target: target.to_owned(),
            headers: Vec::new(),
            body: Bytes::new(),
            timeout: Duration::from_secs(10),
        }
    }

    /// The same with one more field.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Told {
    /// The status code.
    pub status: StatusCode,
    /// The fields.
    pub headers: HeaderMap,
    /// The content.
    pub body: Bytes,
}

impl Told {
    /// A field as text, empty when there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// Makes the request; run it inside a `LocalSet`.
///
/// # Errors
/// No connection, a broken one, or no answer in time: in words.
pub async fn ask<N: Net>(net: &N, ask: &Ask) -> Result<Told, String> {
    match tokio::time::timeout(ask.timeout, converse(net, ask)).await {
        Ok(told) => told,
        Err(_) => Err(format!("no answer within {:?}", ask.timeout)),
    }
}

async fn converse<N: Net>(net: &N, ask: &Ask) -> Result<Told, String> {
    let stream = net.connect(&ask.host, ask.port).await.map_err(|error| error.to_string())?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    let driver = tokio::task::spawn_local(async move {
        // The error reaches the request that waits on this connection.
        let _broken = connection.await;
    });
    let mut request = Request::builder()
        .method(ask.method.clone())
        .uri(&ask.target)
        .header("host", format!("{}:{}", ask.host, ask.port));
    for (name, value) in &ask.headers {
        request = request.header(*name, value);
    }
    let request = request.body(Full::new(ask.body.clone())).map_err(|error| error.to_string())?;
    let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
    let (head, body) = response.into_parts();
    let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
    drop(sender);
    driver.abort();
    Ok(Told { status: head.status, headers: head.headers, body })
}
