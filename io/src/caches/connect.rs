//! Opening a connection to Redis: name, TCP, TLS, then user, password and database. The stream is the seam's, the protocol the client
//! library's. Keeps none.

use std::future::Future;
use std::io;
use std::sync::Arc;

use holdfast_core::config::external_cache::{RedisServer, RedisTls};
use holdfast_core::exchange::UpstreamTls;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ProtocolVersion, RedisConnectionInfo};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;

use super::Surroundings;
use crate::net::Net;
use crate::tls::Transport;

/// A connection and what drives it.
pub(super) type Opened = (MultiplexedConnection, std::pin::Pin<Box<dyn Future<Output = ()>>>);

impl<N: Net> Surroundings<N> {
    /// Connects to one endpoint of `server`.
    ///
    /// # Errors
    /// In words, without secrets.
    pub(super) async fn open(&self, server: &RedisServer, endpoint: &(String, u16)) -> Result<Opened, String> {
        let (host, port) = endpoint;
        let stream = self.net.connect(host, *port).await.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => "the name has no address".to_owned(),
            kind => kind.to_string(),
        })?;
        let transport = match &server.tls {
            RedisTls::Off => Transport::Plain(stream),
            RedisTls::On { name } => self.secure(name.as_deref().unwrap_or(host), stream).await?,
        };
        // Deadlines are the caller's.
        let config = AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(None);
        let opened = MultiplexedConnection::new_with_config(&greeting(server), transport, config).await;
        let (connection, driver) = opened.map_err(|error| words(&error))?;
        Ok((connection, Box::pin(driver)))
    }

    async fn secure(&self, host: &str, stream: N::Stream) -> Result<Transport<N::Stream>, String> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| format!("`{host}` is not a name that a certificate can have"))?;
        let mut config = ClientConfig::clone(&self.tls.config(UpstreamTls::default()));
        // Redis is no protocol that has a name there.
        config.alpn_protocols.clear();
        match TlsConnector::from(Arc::new(config)).connect(name, stream).await {
            Ok(stream) => Ok(Transport::Tls(Box::new(stream.into()))),
            Err(error) => Err(format!("the tls handshake failed: {error}")),
        }
    }
}

fn greeting(server: &RedisServer) -> RedisConnectionInfo {
    let mut info = RedisConnectionInfo::default()
        .set_protocol(ProtocolVersion::RESP2)
        .set_db(i64::from(server.database))
        .set_skip_set_lib_name();
    if let Some(user) = &server.user {
        info = info.set_username(user);
    }
    if let Some(password) = &server.password {
        info = info.set_password(&password.0);
    }
    info
}

/// A failure of the library or of the server in one line.
pub(super) fn words(error: &redis::RedisError) -> String {
    error.to_string().replace(['\r', '\n'], " ")
}
