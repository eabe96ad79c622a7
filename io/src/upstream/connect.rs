//! Opening a connection to an upstream: name, TCP, TLS, HTTP/1.1, and what failed in words. Keeps none.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use holdfast_core::config::proxy::Proxy;
use holdfast_core::exchange::{UpstreamFailure, UpstreamFailureKind};
use holdfast_core::http::Scheme;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::CertificateError;
use rustls::pki_types::ServerName;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use super::content::{Outgoing, words};
use super::pool::Key;
use super::proxy::tunnel;
use super::{failure, timed_out};
use crate::limits::{READ_BUFFER_BYTES_MAX, RESPONSE_FIELDS_MAX};
use crate::net::Net;
use crate::tls::{ClientTls, Transport};

/// What a request is handed to.
pub(super) type Sender = http1::SendRequest<Outgoing>;

/// Opens connections.
pub(super) struct Connector<N> {
    pub(super) net: N,
    pub(super) tls: Arc<ClientTls>,
    pub(super) timeout: Duration,
}

impl<N: Net> Connector<N> {
    /// A new connection, within the connector's own timeout and before `deadline`.
    pub(super) async fn connect(&self, key: &Key, deadline: Instant) -> Result<Sender, UpstreamFailure> {
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

    async fn open(&self, key: &Key) -> Result<Sender, UpstreamFailure> {
        let stream = match &key.proxy {
            None => self.net.connect(&key.host, key.port).await.map_err(|error| not_connected(&error))?,
            Some(proxy) => self.through(key, proxy).await?,
        };
        let transport = match key.scheme {
            Scheme::Http => Transport::Plain(stream),
            Scheme::Https => self.secure(key, stream).await?,
        };
        let handshake = http1::Builder::new()
            .max_headers(RESPONSE_FIELDS_MAX)
            .max_buf_size(READ_BUFFER_BYTES_MAX)
            .handshake(TokioIo::new(transport));
        let (sender, connection) =
            handshake.await.map_err(|error| failure(UpstreamFailureKind::Broken, words(&error)))?;
        // its failures reach the request that they concern; between requests nobody needs to know
        tokio::task::spawn_local(async move { drop(connection.await) });
        Ok(sender)
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
        let config = match &key.identity {
            None => Ok(self.tls.config(key.tls)),
            Some(identity) => self.tls.config_as(key.tls, identity),
        };
        let config = config.map_err(|fault| failure(UpstreamFailureKind::Tls, format!("nothing to show: {fault}")))?;
        let connector = TlsConnector::from(config);
        match connector.connect(name, stream).await {
            Ok(stream) => Ok(Transport::Tls(Box::new(stream.into()))),
            Err(error) => Err(failure(UpstreamFailureKind::Tls, refused_certificate(&error, &key.host))),
        }
    }
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
