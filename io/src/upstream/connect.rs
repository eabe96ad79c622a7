//! Opening a connection to an upstream: name, TCP, TLS, HTTP/1.1 or HTTP/2, and what failed in words. Keeps none.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use holdfast_core::config::proxy::Proxy;
use holdfast_core::exchange::{HttpVersions, UpstreamFailure, UpstreamFailureKind};
use holdfast_core::http::Scheme;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::CertificateError;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use super::content::{Outgoing, words};
use super::pool::Key;
use super::proxy::tunnel;
use super::two::OnThisThread;
use super::{failure, timed_out};
use crate::limits::{READ_BUFFER_BYTES_MAX, RESPONSE_FIELDS_MAX, UPSTREAM_PING_INTERVAL, UPSTREAM_PING_TIMEOUT};
use crate::net::Net;
use crate::tls::{ClientTls, Transport};

/// What a request is handed to on a connection of HTTP/1.1.
pub(super) type One = http1::SendRequest<Outgoing>;

/// The same on a connection of HTTP/2, which takes several at once.
pub(super) type Two = http2::SendRequest<Outgoing>;

/// What a new connection speaks.
pub(super) enum Opened {
    One(One),
    Two(Two),
}

/// Opens connections.
pub(super) struct Connector<N> {
    pub(super) net: N,
    pub(super) tls: Arc<ClientTls>,
    pub(super) timeout: Duration,
}

impl<N: Net> Connector<N> {
    /// A new connection, within the connector's own timeout and before `deadline`.
    pub(super) async fn connect(&self, key: &Key, deadline: Instant) -> Result<Opened, UpstreamFailure> {
        let by = deadline.min(Instant::now() + self.timeout);
        let opened = match timeout_at(by, self.open(key)).await {
            Ok(opened) => opened,
            Err(_) if by == deadline => Err(timed_out("no connection in time")),
            Err(_) => Err(failure(UpstreamFailureKind::Connect, "no connection in time".to_owned())),
        };
        match &opened {
            Ok(_) => tracing::debug!(host = key.host, port = key.port, "connected to a backend"),
            Err(failure) => {
                tracing::debug!(host = key.host, port = key.port, "no connection to a backend: {}", failure.message);
            }
        }
        opened
    }

    async fn open(&self, key: &Key) -> Result<Opened, UpstreamFailure> {
        let stream = match &key.proxy {
            None => self.net.connect(&key.host, key.port).await.map_err(|error| not_connected(&error))?,
            Some(proxy) => self.through(key, proxy).await?,
        };
        let transport = match key.scheme {
            Scheme::Http => Transport::Plain(stream),
            Scheme::Https => self.secure(key, stream).await?,
        };
        let agreed = transport.has_agreed_on_two();
        match (key.versions, key.scheme) {
            (HttpVersions::Two, Scheme::Https) if !agreed => {
                Err(failure(UpstreamFailureKind::Connect, "the server does not speak HTTP/2".to_owned()))
            }
            (HttpVersions::Two, _) => shake_two(transport).await,
            (HttpVersions::TwoOrOne, _) if agreed => shake_two(transport).await,
            (HttpVersions::One | HttpVersions::TwoOrOne, _) => shake_one(transport).await,
        }
    }

    async fn through(&self, key: &Key, proxy: &Proxy) -> Result<N::Stream, UpstreamFailure> {
        let connected = self.net.connect(&proxy.host, proxy.port).await;
        let mut stream = connected.map_err(|error| {
            let UpstreamFailure { kind, message } = not_connected(&error);
            UpstreamFailure { kind, message: format!("the proxy cannot be reached: {message}") }
        })?;
        if !key.is_relayed() {
            tunnel(&mut stream, proxy, &key.host, key.port).await?;
        }
        Ok(stream)
    }

    async fn secure(&self, key: &Key, stream: N::Stream) -> Result<Transport<N::Stream>, UpstreamFailure> {
        let name = ServerName::try_from(key.host.clone()).map_err(|_| {
            failure(UpstreamFailureKind::Tls, format!("`{}` is not a name that a certificate can have", key.host))
        })?;
        let config = self.tls.config_for(key.tls, key.versions, key.identity.as_ref());
        let config = config.map_err(|fault| failure(UpstreamFailureKind::Tls, format!("nothing to show: {fault}")))?;
        let connector = TlsConnector::from(config);
        match connector.connect(name, stream).await {
            Ok(stream) => Ok(Transport::Tls(Box::new(stream.into()))),
            Err(error) => Err(failure(UpstreamFailureKind::Tls, refused_certificate(&error, &key.host))),
        }
    }
}

async fn shake_one<S>(transport: Transport<S>) -> Result<Opened, UpstreamFailure>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let handshake = http1::Builder::new()
        .max_headers(RESPONSE_FIELDS_MAX)
        .max_buf_size(READ_BUFFER_BYTES_MAX)
        .handshake(TokioIo::new(transport));
    let (sender, connection) = handshake.await.map_err(|error| failure(UpstreamFailureKind::Broken, words(&error)))?;
    // its failures reach the request that they concern; between requests nobody needs to know
    tokio::task::spawn_local(async move { drop(connection.await) });
    Ok(Opened::One(sender))
}

async fn shake_two<S>(transport: Transport<S>) -> Result<Opened, UpstreamFailure>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let header_bytes_max = u32::try_from(READ_BUFFER_BYTES_MAX).unwrap_or(u32::MAX);
    let handshake = http2::Builder::new(OnThisThread)
        .timer(TokioTimer::new())
        .max_header_list_size(header_bytes_max)
        // a connection that everybody shares must not be dead for long before anybody knows
        .keep_alive_interval(UPSTREAM_PING_INTERVAL)
        .keep_alive_timeout(UPSTREAM_PING_TIMEOUT)
        .handshake(TokioIo::new(transport));
    let (sender, connection) = handshake.await.map_err(|error| failure(UpstreamFailureKind::Broken, words(&error)))?;
    tokio::task::spawn_local(async move { drop(connection.await) });
    Ok(Opened::Two(sender))
}

fn not_connected(error: &io::Error) -> UpstreamFailure {
    match error.kind() {
        io::ErrorKind::NotFound => failure(UpstreamFailureKind::NameNotResolved, "the name has no address".to_owned()),
        kind => failure(UpstreamFailureKind::Connect, kind.to_string()),
    }
}

/// Which check failed, so that whoever reads it knows which of the two sides to mend.
fn refused_certificate(error: &io::Error, host: &str) -> String {
    let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) else {
        return format!("the tls handshake failed: {error}");
    };
    let rustls::Error::InvalidCertificate(fault) = inner else {
        return format!("the tls handshake failed: {inner}");
    };
    match fault {
        CertificateError::UnknownIssuer => "the certificate does not chain to a trusted root".to_owned(),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("the certificate does not name `{host}`")
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "the certificate has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the certificate is not valid yet".to_owned()
        }
        other => format!("the certificate was refused: {other}"),
    }
}
