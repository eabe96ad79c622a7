//! A client that asks one thing at a time over any network, each on a connection of its own or on one that it keeps, and tells what
//! came back.

use std::cell::RefCell;
use std::time::Duration;

use bytes::Bytes;
use holdfast::net::Net;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::task::JoinHandle;
use tokio::time::Instant;

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

/// A kept connection that was idle for longer is not used again: well before the gateway closes it (two minutes), as clients must.
const KEPT_IDLE_MAX: Duration = Duration::from_secs(60);

/// Connections that are kept between requests, the last used first.
#[derive(Debug, Default)]
pub struct Connections {
    idle: RefCell<Vec<Open>>,
}

#[derive(Debug)]
struct Open {
    sender: SendRequest<Full<Bytes>>,
    opened: Instant,
    used: Instant,
}

/// What came of a request over kept connections.
#[derive(Debug)]
pub struct Kept {
    /// What came back.
    pub told: Result<Told, String>,
    /// When the connection that answered was opened, if it had been used before.
    pub reused: Option<Instant>,
    /// When the connection that broke under the request was opened.
    pub broke: Option<Instant>,
}

impl Connections {
    /// Makes the request on a connection that is kept; when that breaks, once more on a new one (RFC 9112 §9.3.1). For methods that may be
    /// repeated only. Run it inside a `LocalSet`.
    pub async fn ask<N: Net>(&self, net: &N, ask: &Ask) -> Kept {
        let mut kept = Kept { told: Err(format!("no answer within {:?}", ask.timeout)), reused: None, broke: None };
        // What is known when time runs out is kept: the answer alone is missing then.
        drop(tokio::time::timeout(ask.timeout, self.converse(net, ask, &mut kept)).await);
        kept
    }

    async fn converse<N: Net>(&self, net: &N, ask: &Ask, kept: &mut Kept) {
        if let Some(open) = self.take() {
            kept.reused = Some(open.opened);
            match self.exchange(open, ask).await {
                Ok(told) => return kept.told = Ok(told),
                Err(_) => (kept.broke, kept.reused) = (kept.reused, None),
            }
        }
        kept.told = match open(net, ask).await {
            Ok((sender, _driver)) => {
                let now = Instant::now();
                self.exchange(Open { sender, opened: now, used: now }, ask).await
            }
            Err(problem) => Err(problem),
        };
    }

    async fn exchange(&self, mut open: Open, ask: &Ask) -> Result<Told, String> {
        let told = exchange(&mut open.sender, ask).await?;
        if told.header("connection") != "close" {
            open.used = Instant::now();
            self.idle.borrow_mut().push(open);
        }
        Ok(told)
    }

    fn take(&self) -> Option<Open> {
        let mut idle = self.idle.borrow_mut();
        idle.retain(|open| open.sender.is_ready() && open.used.elapsed() < KEPT_IDLE_MAX);
        idle.pop()
    }
}

async fn converse<N: Net>(net: &N, ask: &Ask) -> Result<Told, String> {
    let (mut sender, driver) = open(net, ask).await?;
    let told = exchange(&mut sender, ask).await?;
    drop(sender);
    driver.abort();
    Ok(told)
}

async fn open<N: Net>(net: &N, ask: &Ask) -> Result<(SendRequest<Full<Bytes>>, JoinHandle<()>), String> {
    let stream = net.connect(&ask.host, ask.port).await.map_err(|error| error.to_string())?;
    let (sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    let driver = tokio::task::spawn_local(async move {
        // The error reaches the request that waits on this connection.
        let _broken = connection.await;
    });
    Ok((sender, driver))
}

async fn exchange(sender: &mut SendRequest<Full<Bytes>>, ask: &Ask) -> Result<Told, String> {
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
    Ok(Told { status: head.status, headers: head.headers, body })
}
