//! The settings of the process, read once from its environment and checked as a whole. Opens no file, resolves no name.

pub mod endpoint;
pub mod table;
pub mod token;
pub mod value;

mod identity;
mod proxies;
mod read;

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use holdfast_core::http::Url;
use holdfast_core::keys::TokenSource;
use holdfast_core::telemetry::Level;

pub use identity::metadata_service;
pub use proxies::{Bypass, Proxies};
pub use token::GatewayToken;

use crate::server::{ForwardedProto, Timeouts};

/// Everything that the environment says.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The id of the gateway resource: from the token, or `gateway.name`.
    pub gateway_id: String,
    /// The id of this process; `None` means that the host's name is taken.
    pub instance_id: Option<String>,
    /// Where the configuration comes from.
    pub source: Source,
    /// Where requests come in.
    pub listeners: Listeners,
    /// Whether `X-Forwarded-Proto` is believed.
    pub forwarded_proto: ForwardedProto,
    /// Connections of clients that the whole process holds open; `None` means the maximum of each worker.
    pub connections_max: Option<NonZeroUsize>,
    /// How long clients and upstreams may take.
    pub timeouts: Timeouts,
    /// What the built-in cache holds, in bytes.
    pub cache_bytes_max: u64,
    /// Threads that serve requests; `None` means one per core.
    pub workers: Option<NonZeroUsize>,
    /// Where the backup is.
    pub backup: Backup,
    /// How often changes are asked for.
    pub sync_interval: Duration,
    /// How often a heartbeat is sent.
    pub heartbeat_interval: Duration,
    /// How long the gateway keeps accepting after readiness went off.
    pub drain_delay: Duration,
    /// How long requests in flight may take after that.
    pub drain_timeout: Duration,
    /// Where tokens of managed identities come from.
    pub identity: TokenSource,
    /// The proxies on the way to backends.
    pub proxies: Arc<Proxies>,
    /// The port of the Dapr sidecar on the loopback.
    pub dapr_port: u16,
    /// A PEM file with roots for backends, beside those of the system.
    pub upstream_ca: Option<PathBuf>,
    /// What is written to standard output.
    pub logs: Logs,
}

/// Where the configuration comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A configuration API.
    Service(Service),
    /// A folder.
    Folder(PathBuf),
}

/// A configuration API.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its base; paths are put behind this one's.
    pub endpoint: Url,
    /// What opens it.
    pub token: GatewayToken,
    /// Whether its certificate is checked.
    pub certificates: CertificateCheck,
    /// A PEM file with the roots that its certificate must chain to; `None` means those of the system.
    pub ca: Option<PathBuf>,
    /// How long one call may take as a whole.
    pub timeout: Duration,
}

/// Whether a peer's certificate is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateCheck {
    /// It is.
    Verified,
    /// Any is taken: for tests only.
    Disabled,
}

/// The listening addresses; `None` is `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listeners {
    /// Plain HTTP.
    pub http: Option<SocketAddr>,
    /// HTTP over TLS.
    pub https: Option<SocketAddr>,
}

/// The backup.
#[derive(Clone, Debug)]
pub struct Backup {
    /// Its directory.
    pub path: PathBuf,
    /// The key that encrypts it; `None` means that it is not encrypted.
    pub key: Option<BackupKey>,
}

/// A key of AES-256. Not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct BackupKey(pub [u8; 32]);

impl fmt::Debug for BackupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BackupKey(…)")
    }
}

/// What is written to standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logs {
    /// In which form.
    pub form: LogForm,
    /// What weighs less is left out.
    pub level: Level,
    /// Whether the text form is coloured on a terminal.
    pub color: Color,
}

/// The form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogForm {
    /// Nothing is written.
    None,
    /// One line of text per record.
    Text,
    /// One JSON object per line and record.
    Json,
}

/// Whether text is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// The level is.
    Ansi,
    /// Nothing is.
    Plain,
}

/// A setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingError {
    /// The key.
    pub key: String,
    /// What is wrong with it, in words.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// `error: key: message` and, on a second line, the help.
impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: `{}`: {}", self.key, self.message)?;
        match &self.help {
            Some(help) => write!(f, "\n  help: {help}"),
            None => Ok(()),
        }
    }
}

/// Something about the settings that someone should know; the process starts all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// In words, naming the keys.
    pub message: String,
}

impl Settings {
    /// Reads the settings from environment variables. Variables that are none of ours are passed over; an empty value counts as not
    /// given, since charts write empty values for what is not set.
    ///
    /// # Errors
    /// Every value that cannot be used, all at once.
    pub fn parse(vars: impl Iterator<Item = (String, String)>) -> Result<(Self, Vec<Warning>), Vec<SettingError>> {
        let mut reader = read::Reader::collect(vars);
        let settings = read::settings(&mut reader);
        let (warnings, errors) = reader.finish();
        match settings {
            Some(settings) if errors.is_empty() => Ok((settings, warnings)),
            Some(_) | None => Err(errors),
        }
    }

    /// One line that says what matters, without secrets, and without the listeners, whose addresses are known only once they are bound.
    #[must_use]
    pub fn summary(&self) -> String {
        let source = match &self.source {
            Source::Service(service) => format!(
                "{} (token until {}, timeout {:?}{})",
                service.endpoint,
                service.token.expires,
                service.timeout,
                if service.certificates == CertificateCheck::Disabled { ", certificate not checked" } else { "" }
            ),
            Source::Folder(path) => format!("file://{}", path.display()),
        };
        format!(
            "gateway {}, configuration {source}, backup {}{}, sync {:?}, heartbeat {:?}, drain {:?} + {:?}",
            self.gateway_id,
            self.backup.path.display(),
            if self.backup.key.is_some() { " (encrypted)" } else { "" },
            self.sync_interval,
            self.heartbeat_interval,
            self.drain_delay,
            self.drain_timeout,
        )
    }
}

#[cfg(test)]
mod tests;
