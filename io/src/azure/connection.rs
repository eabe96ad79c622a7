//! One HTTP/1.1 connection to a service: opened, with TLS where the URL says so, and driven. Knows nothing of what is asked over it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use holdfast_core::gateway::FetchFailure;
use holdfast_core::http::{Scheme, Url};
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use crate::azure::failure;
use crate::net::Net;

/// From the look-up of the name to the end of the TLS handshake.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the head of an answer may take on a connection that had been idle. Such a connection may have died without a word (a cut
/// that swallowed packets, a firewall that forgot it); a service that is merely slow is asked again and then waited for.
pub(crate) const REUSED_TIMEOUT: Duration = Duration::from_secs(5);

/// How long nothing at all may arrive while an answer is waited for. Not longer than the sync interval of the original: a question that
/// was under way when the service came back must not hold up the next one for longer than that.
pub(crate) const STALL_TIMEOUT: Duration = Duration::from_secs(10);

const READ_BUFFER_BYTES_MAX: usize = 64 * 1024;

/// A connection. Ends when it is dropped.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
}

impl Connection {
    /// Connects to the host of `url`. Must run inside a `LocalSet`, which drives the connection.
    pub(crate) async fn open<N: Net>(
        net: &N,
        url: &Url,
        tls: Option<&Arc<ClientConfig>>,
    ) -> Result<Self, FetchFailure> {
        let words = || format!("connecting to `{}` took longer than {CONNECT_TIMEOUT:?}", authority(url));
        let opened = match tokio::time::timeout(CONNECT_TIMEOUT, Self::connect(net, url, tls)).await {
            Ok(connection) => connection,
            Err(_) => Err(FetchFailure::Unreachable(words())),
        };
        if opened.is_ok() {
            tracing::debug!("connected to the configuration service at `{}`", authority(url));
        }
        opened
    }

    /// Sends a request; the answer's head must come within `patience`.
    pub(crate) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
        patience: Duration,
    ) -> Result<Response<Incoming>, FetchFailure> {
        let answer = async {
            self.sender.ready().await?;
            self.sender.send_request(request).await
        };
        let answer = tokio::time::timeout(patience, answer).await.map_err(|_| FetchFailure::Timeout)?;
        answer.map_err(|error| FetchFailure::Unreachable(failure::of_http(&error)))
    }

    /// Whether another request can be sent, as far as is known.
    pub(crate) fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    async fn connect<N: Net>(net: &N, url: &Url, tls: Option<&Arc<ClientConfig>>) -> Result<Self, FetchFailure> {
        let stream = net
            .connect(&url.host, url.port)
            .await
            .map_err(|error| FetchFailure::Unreachable(failure::of_connect(&error, &authority(url))))?;
        match (url.scheme, tls) {
            (Scheme::Http, _) => Self::speak(stream).await,
            (Scheme::Https, Some(config)) => Self::speak(shake(stream, &url.host, config).await?).await,
            (Scheme::Https, None) => Err(FetchFailure::Unreachable("no TLS is configured".to_owned())),
        }
    }

    async fn speak<S: AsyncRead + AsyncWrite + Unpin + 'static>(stream: S) -> Result<Self, FetchFailure> {
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(READ_BUFFER_BYTES_MAX)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| FetchFailure::Unreachable(failure::of_http(&error)))?;
        // What goes wrong on the connection is also told to whoever sends on it.
        let driver = tokio::task::spawn_local(async move { drop(connection.await) });
        Ok(Self { sender, driver })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Waits for something that must arrive within [`STALL_TIMEOUT`].
pub(crate) async fn within_stall<T>(future: impl Future<Output = T>) -> Result<T, FetchFailure> {
    tokio::time::timeout(STALL_TIMEOUT, future).await.map_err(|_| FetchFailure::Timeout)
}

fn authority(url: &Url) -> String {
    format!("{}:{}", url.host, url.port)
}

async fn shake<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    host: &str,
    config: &Arc<ClientConfig>,
) -> Result<tokio_rustls::client::TlsStream<S>, FetchFailure> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| FetchFailure::Unreachable(format!("`{host}` is not a name that a certificate can have")))?;
    TlsConnector::from(Arc::clone(config))
        .connect(name, stream)
        .await
        .map_err(|error| FetchFailure::Unreachable(failure::of_tls(&error, host)))
}
