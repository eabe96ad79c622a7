//! Opening a connection to Redis: name, TCP, TLS, then user, password and database. The stream is the seam's, the protocol the client
//! library's. Keeps none.

use std::future::Future;
use std::io;
use std::sync::Arc;

use holdfast_core::config::external_cache::{RedisServer, RedisTls};
use holdfast_core::exchange::UpstreamTls;
use redis::aio::{ConnectionLike as _, MultiplexedConnection};
use redis::{AsyncConnectionConfig, ProtocolVersion, RedisConnectionInfo, RedisError, Value};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;

use super::Surroundings;
use super::link::Endpoint;
use crate::net::Net;
use crate::tls::Transport;

/// A connection and what drives it.
pub(super) type Opened = (MultiplexedConnection, std::pin::Pin<Box<dyn Future<Output = ()>>>);

impl<N: Net> Surroundings<N> {
    /// Connects to one endpoint of `server`, or to the primary that a sentinel there names.
    ///
    /// # Errors
    /// In words, without secrets.
    pub(super) async fn reach(&self, server: &RedisServer, endpoint: &Endpoint) -> Result<Opened, String> {
        let Some(service) = &server.service else { return self.open(server, endpoint, greeting(server)).await };
        let primary = self.primary(server, endpoint, service).await?;
        let opened = self.open(server, &primary, greeting(server)).await;
        opened.map_err(|why| format!("the primary at {}:{}: {why}", primary.0, primary.1))
    }

    // Sentinels seldom have a password: one that wants it says so.
    async fn primary(&self, server: &RedisServer, endpoint: &Endpoint, service: &str) -> Result<Endpoint, String> {
        let mut command = redis::cmd("SENTINEL");
        command.arg("GET-MASTER-ADDR-BY-NAME").arg(service);
        let mut refusal = String::new();
        for info in [plain_greeting(), greeting(server).set_db(0)] {
            let (mut connection, driver) = self.open(server, endpoint, info).await?;
            let answer = tokio::select! {
                answer = connection.req_packed_command(&command) => answer,
                () = driver => return Err("the sentinel closed the connection".to_owned()),
            };
            let error = match answer {
                Ok(Value::ServerError(error)) => RedisError::from(error),
                Ok(value) => return address(value).ok_or_else(|| format!("the sentinel knows no `{service}`")),
                Err(error) => error,
            };
            refusal = words(&error);
            if error.code() != Some("NOAUTH") {
                break;
            }
        }
        Err(refusal)
    }

    async fn open(
        &self,
        server: &RedisServer,
        endpoint: &Endpoint,
        info: RedisConnectionInfo,
    ) -> Result<Opened, String> {
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
        let opened = MultiplexedConnection::new_with_config(&info, transport, config).await;
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
    let mut info = plain_greeting().set_db(i64::from(server.database));
    if let Some(user) = &server.user {
        info = info.set_username(user);
    }
    if let Some(password) = &server.password {
        info = info.set_password(&password.0);
    }
    info
}

fn plain_greeting() -> RedisConnectionInfo {
    RedisConnectionInfo::default().set_protocol(ProtocolVersion::RESP2).set_skip_set_lib_name()
}

// A host and a port, as a sentinel answers.
fn address(value: Value) -> Option<Endpoint> {
    let Value::Array(parts) = value else { return None };
    let text = |value: &Value| match value {
        Value::BulkString(bytes) => String::from_utf8(bytes.clone()).ok(),
        _ => None,
    };
    let [host, port] = parts.as_slice() else { return None };
    Some((text(host)?, text(port)?.parse().ok()?))
}

/// A failure of the library or of the server in one line.
pub(super) fn words(error: &redis::RedisError) -> String {
    error.to_string().replace(['\r', '\n'], " ")
}
