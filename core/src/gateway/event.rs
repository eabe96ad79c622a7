//! What goes into the gateway machine and what comes out of it. Facts are past tense, orders imperative.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::config::Revision;
use crate::diagnostic::Diagnostic;
use crate::http::Bytes;
use crate::keys::TokenSource;
use crate::pki::{Certificate, Entropy};
use crate::policy::effect::{Effect, Reply};
use crate::snapshot::Snapshot;
use crate::telemetry::Event;

pub use crate::backup::BackupFault;
pub use crate::sync::FetchFailure;

/// What the machine is told when it is made.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The id of the gateway resource.
    pub gateway_id: String,
    /// The id of this process.
    pub instance_id: String,
    /// The version of the program, reported in heartbeats.
    pub version: String,
    /// Where the configuration comes from.
    pub source: Source,
    /// How often changes are asked for (10 s).
    pub sync_interval: Duration,
    /// How often a heartbeat is sent (60 s).
    pub heartbeat_interval: Duration,
    /// Whether there is a place for backups.
    pub backup: BackupPlace,
    /// How long the gateway keeps accepting after readiness went off, so that load balancers notice.
    pub drain_delay: Duration,
    /// How long requests in flight may take after that.
    pub drain_timeout: Duration,
    /// What policies' streams of secrets are keyed with.
    pub entropy: Entropy,
    /// The roots that the system trusts, which policies verify certificates with.
    pub roots: Arc<[Arc<Certificate>]>,
}

/// Where the configuration comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A configuration API; `identity` names it (host and port) in backups, so that a foreign one is refused.
    Service {
        /// Host and port of the endpoint.
        identity: String,
    },
    /// A folder that is read again every sync interval. No heartbeats, and no backup but of the secrets that vaults have told: the rest is on
    /// disk already.
    Folder {
        /// Who vouches for this process to the vaults that hold secrets of the configuration.
        identity: TokenSource,
    },
}

/// Whether backups are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupPlace {
    /// The directory is there and can be written.
    Present,
    /// There is none: nothing is saved, and that is said once in the log.
    Missing,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// The answer to [`Output::ReadBackup`]: the generations found, newest first; a broken one with its fault in words.
    BackupRead(Vec<Result<Bytes, BackupFault>>),
    /// The answer to [`Output::WriteBackup`].
    BackupWritten(Result<(), String>),
    /// The answer to [`Output::FetchSnapshot`]: the document, decompressed; `None` for 304.
    SnapshotFetched(Result<Option<Bytes>, FetchFailure>),
    /// The answer to [`Output::FetchEvents`]: the page, decompressed.
    EventsFetched(Result<Bytes, FetchFailure>),
    /// The answer to [`Output::SendHeartbeat`].
    HeartbeatSent(Result<Bytes, FetchFailure>),
    /// The answer to [`Output::ReadFolder`].
    FolderRead(Result<FolderState, String>),
    /// The answer to [`Output::Perform`].
    Performed(Reply),
    /// The process was asked to end (SIGTERM, SIGINT).
    ShutdownRequested,
    /// The answer to [`Output::StopAccepting`]: no request is in flight any more.
    Drained,
}

/// A folder, read.
#[derive(Clone, Debug)]
pub enum FolderState {
    /// Nothing changed since it was read last.
    Unchanged,
    /// All its files.
    Changed(crate::config::folder::Files),
}

/// What to do.
#[derive(Clone, Debug)]
pub enum Output {
    /// Read the backup's generations.
    ReadBackup,
    /// Save this as the newest generation, atomically.
    WriteBackup(Bytes),
    /// Get the whole configuration; `known` is sent as `If-None-Match`.
    FetchSnapshot {
        /// The revision at hand.
        known: Option<Revision>,
    },
    /// Get the changes behind this revision.
    FetchEvents {
        /// The revision at hand.
        after: Revision,
    },
    /// Send this heartbeat document.
    SendHeartbeat(Bytes),
    /// Read the configuration folder if it changed.
    ReadFolder,
    /// Perform this; it is an [`Effect::Send`] or an [`Effect::ReadFile`].
    Perform(Box<Effect>),
    /// Serve this from now on.
    Publish(Arc<Snapshot>),
    /// Show this on the status paths from now on.
    ShowStatus(Arc<Status>),
    /// Hand this to the sinks.
    Emit(Event),
    /// Stop accepting connections, finish the requests in flight, then say [`Input::Drained`].
    StopAccepting,
    /// End the process with this code.
    Exit(i32),
}

/// What the status paths say.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// `starting`, `restored`, `connected`, `disconnected`, `draining` or `stopped`.
    pub state: &'static str,
    /// Whether traffic should be sent here: 200 or 503.
    pub ready: bool,
    /// The revision being served.
    pub revision: Option<Revision>,
    /// Since when this state holds, RFC 3339.
    pub since: String,
    /// Why, in words.
    pub reason: String,
    /// What of the newest revision was refused.
    pub refused: Vec<Diagnostic>,
}
