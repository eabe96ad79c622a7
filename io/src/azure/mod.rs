//! The client of the configuration API. Asks what it is told to ask and hands back documents; when to ask, and what they mean, is the
//! gateway machine's.

pub mod expiry;

pub(crate) mod connection;

mod answer;
mod failure;

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use holdfast_core::config::secret::Secret;
use holdfast_core::config::{Revision, bounds};
use holdfast_core::gateway::FetchFailure;
use holdfast_core::http::{HeaderValue, Method, StatusCode, Url, header};
use http::Request;
use http_body_util::Full;
use rustls::ClientConfig;

use crate::clock::Clock;
use crate::net::Net;
use answer::{Answer, Limits};
use connection::{Connection, REUSED_TIMEOUT, STALL_TIMEOUT};

/// How to reach a configuration API.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its base: paths are put behind this one's.
    pub endpoint: Url,
    /// The id of the gateway resource.
    pub gateway_id: String,
    /// The `Authorization` field, sent as it is.
    pub authorization: Secret,
    /// How TLS is spoken; needed when the endpoint is `https`.
    pub tls: Option<Arc<ClientConfig>>,
    /// How long one call may take as a whole.
    pub timeout: Duration,
}

/// A client of the configuration API. Keeps one connection open between calls; a call that meets another one opens its own.
pub struct Client<N: Net> {
    net: N,
    clock: Arc<dyn Clock>,
    options: Options,
    authorization: HeaderValue,
    idle: RefCell<Option<Connection>>,
}

/// Events that one page may hold; as in the original.
pub const EVENTS_PER_PAGE: u32 = 100;

const MIB: usize = 1024 * 1024;
const SNAPSHOT: Limits = Limits { received_max: 64 * MIB, decompressed_max: bounds::MAX_SNAPSHOT_BYTES };
const EVENTS: Limits = Limits { received_max: 16 * MIB, decompressed_max: 64 * MIB };
const HEARTBEAT: Limits = Limits { received_max: 64 * 1024, decompressed_max: 64 * 1024 };
const USER_AGENT: &str = concat!("holdfast/", env!("CARGO_PKG_VERSION"));

impl<N: Net> Client<N> {
    /// A client that has no connection yet.
    ///
    /// # Errors
    /// The authorization cannot stand in a header field.
    pub fn new(net: N, clock: Arc<dyn Clock>, options: Options) -> Result<Self, String> {
        let mut authorization = HeaderValue::from_str(&options.authorization.0)
            .map_err(|_| "the token has characters that no header field can have".to_owned())?;
        authorization.set_sensitive(true);
        Ok(Self { net, clock, options, authorization, idle: RefCell::new(None) })
    }

    /// Gets the whole configuration, decompressed; `None` when the service still has `known`.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn fetch_snapshot(&self, known: Option<Revision>) -> Result<Option<Bytes>, FetchFailure> {
        let ask = Ask { path: "snapshot".to_owned(), known, document: None, limits: SNAPSHOT };
        let answer = self.call(&ask).await?;
        match answer.status {
            StatusCode::NOT_MODIFIED if known.is_some() => Ok(None),
            StatusCode::OK => Ok(Some(answer.content)),
            _ => Err(self.failed(answer)),
        }
    }

    /// Gets the changes behind `after`, decompressed.
    ///
    /// # Errors
    /// Why there are none; 410 as a status says that a snapshot is needed.
    pub async fn fetch_events(&self, after: Revision) -> Result<Bytes, FetchFailure> {
        let path = format!("events?$top={EVENTS_PER_PAGE}&$skiptoken={after}");
        let answer = self.call(&Ask { path, known: None, document: None, limits: EVENTS }).await?;
        if answer.status == StatusCode::OK { Ok(answer.content) } else { Err(self.failed(answer)) }
    }

    /// Sends a heartbeat and gives the answer's content.
    ///
    /// # Errors
    /// Why it was not taken.
    pub async fn send_heartbeat(&self, document: Bytes) -> Result<Bytes, FetchFailure> {
        let ask = Ask { path: "heartbeat".to_owned(), known: None, document: Some(document), limits: HEARTBEAT };
        let answer = self.call(&ask).await?;
        if answer.status.is_success() { Ok(answer.content) } else { Err(self.failed(answer)) }
    }

    /// Sends a document of telemetry.
    ///
    /// # Errors
    /// Why it was not taken.
    pub async fn send_telemetry(&self, document: Bytes) -> Result<(), FetchFailure> {
        let ask = Ask { path: "telemetry".to_owned(), known: None, document: Some(document), limits: HEARTBEAT };
        let answer = self.call(&ask).await?;
        if answer.status.is_success() { Ok(()) } else { Err(self.failed(answer)) }
    }

    fn failed(&self, answer: Answer) -> FetchFailure {
        answer.into_failure(self.clock.now().wall)
    }

    async fn call(&self, ask: &Ask) -> Result<Answer, FetchFailure> {
        tokio::time::timeout(self.options.timeout, self.exchange(ask)).await.unwrap_or(Err(FetchFailure::Timeout))
    }

    // Every call may be repeated without harm, so one that fails on a connection that had been idle is sent once more on a new one:
    // the service, or something on the way, may have closed it at any moment.
    async fn exchange(&self, ask: &Ask) -> Result<Answer, FetchFailure> {
        let idle = self.idle.borrow_mut().take();
        if let Some(mut connection) = idle.filter(Connection::is_open)
            && let Ok(response) = connection.send(self.request(ask)?, REUSED_TIMEOUT).await
        {
            return self.receive(connection, response, ask.limits).await;
        }
        let mut connection = Connection::open(&self.net, &self.options.endpoint, self.options.tls.as_ref()).await?;
        let response = connection.send(self.request(ask)?, STALL_TIMEOUT).await?;
        self.receive(connection, response, ask.limits).await
    }

    async fn receive(
        &self,
        connection: Connection,
        response: http::Response<hyper::body::Incoming>,
        limits: Limits,
    ) -> Result<Answer, FetchFailure> {
        let answer = Answer::read(response, limits).await?;
        self.idle.replace(Some(connection));
        Ok(answer)
    }

    fn request(&self, ask: &Ask) -> Result<Request<Full<Bytes>>, FetchFailure> {
        let endpoint = &self.options.endpoint;
        let method = if ask.document.is_some() { Method::POST } else { Method::GET };
        let mut request = Request::builder()
            .method(method)
            .uri(target(&endpoint.path, &self.options.gateway_id, &ask.path))
            .header(header::HOST, endpoint.authority())
            .header(header::USER_AGENT, USER_AGENT)
            .header(header::ACCEPT, "application/json")
            .header(header::ACCEPT_ENCODING, "gzip")
            .header(header::AUTHORIZATION, self.authorization.clone());
        if let Some(known) = ask.known {
            request = request.header(header::IF_NONE_MATCH, format!("\"{known}\""));
        }
        if ask.document.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        request
            .body(Full::new(ask.document.clone().unwrap_or_default()))
            .map_err(|error| FetchFailure::Malformed(format!("the request cannot be written: {error}")))
    }
}

struct Ask {
    path: String,
    known: Option<Revision>,
    document: Option<Bytes>,
    limits: Limits,
}

// The original was seen to ask for `///gateways/…`; a prefix is kept, and slashes are never doubled.
fn target(prefix: &str, gateway_id: &str, path: &str) -> String {
    let mut target = String::new();
    for segment in prefix.split('/').filter(|segment| !segment.is_empty()).chain(["gateways"]) {
        target.push('/');
        target.push_str(segment);
    }
    target.push('/');
    for byte in gateway_id.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            target.push(char::from(byte));
        } else {
            target.push_str(&format!("%{byte:02X}"));
        }
    }
    target.push('/');
    target.push_str(path);
    target
}

#[cfg(test)]
mod tests;
