//! What happened, as plain facts. Sinks (standard output, syslog, metrics) are in `io`; nothing here formats a line.

use std::sync::Arc;
use std::time::Duration;

use crate::config::Revision;
use crate::diagnostic::Diagnostic;
use crate::time::WallTime;

/// How much an event weighs; the names of `telemetry.logs.std.level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For whoever hunts a fault.
    Debug,
    /// The ordinary course of things.
    Info,
    /// Something that someone should look at.
    Warn,
    /// Something failed.
    Error,
    /// The process ends.
    Fatal,
}

/// A fact about the gateway itself. `name` is the event name of the original where it has one, as in `ConfigInitialSyncCompleted`.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When.
    pub at: WallTime,
    /// How much it weighs.
    pub level: Level,
    /// A stable `PascalCase` name.
    pub name: &'static str,
    /// The component that says so, as in `sync`.
    pub source: &'static str,
    /// In words, one line.
    pub message: String,
    /// The revision that it is about.
    pub revision: Option<Revision>,
    /// The diagnostics that it carries.
    pub diagnostics: Vec<Diagnostic>,
}

impl Event {
    /// An event that is about no revision and carries no diagnostics.
    #[must_use]
    pub fn new(
        at: WallTime,
        level: Level,
        source: &'static str,
        name: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self { at, level, name, source, message: message.into(), revision: None, diagnostics: Vec::new() }
    }

    /// The same event about `revision`.
    #[must_use]
    pub const fn about(mut self, revision: Revision) -> Self {
        self.revision = Some(revision);
        self
    }

    /// The same event with what was found in the configuration.
    #[must_use]
    pub fn with_diagnostics(mut self, diagnostics: Vec<Diagnostic>) -> Self {
        self.diagnostics = diagnostics;
        self
    }
}

/// The names of the control plane's events. The first group is the original's, as seen in its public logs; the second is ours.
pub mod name {
    /// Nothing changed since the last question.
    pub const NO_NEW_EVENTS: &str = "NoNewEvents";
    /// The first exchange with the configuration source has succeeded.
    pub const CONFIG_INITIAL_SYNC_COMPLETED: &str = "ConfigInitialSyncCompleted";
    /// An exchange with the configuration source failed while there is nothing to serve.
    pub const CONFIG_INITIAL_SYNC_FAILED: &str = "ConfigInitialSyncFailed";
    /// A snapshot is served: a backup's, or the service's.
    pub const EVENT_SNAPSHOT_RESTORED: &str = "EventSnapshotRestored";
    /// Events were applied and are served.
    pub const EVENTS_SUCCESSFULLY_RESTORED: &str = "EventsSuccessfullyRestored";
    /// The configuration API gave no answer, or an error.
    pub const CONFIGURATION_API_V2_NOT_AVAILABLE: &str = "ConfigurationApiV2NotAvailable";
    /// There is no place for backups: nothing is saved.
    pub const LOCAL_BACKUP_LOCATION_NOT_FOUND: &str = "LocalBackupLocationNotFound";

    /// The state of the gateway changed.
    pub const LIFECYCLE_STATE_CHANGED: &str = "LifecycleStateChanged";
    /// The service refused the gateway token (401, 403).
    pub const GATEWAY_TOKEN_REFUSED: &str = "GatewayTokenRefused";
    /// The configuration API's answer cannot be read.
    pub const CONFIGURATION_API_ANSWER_MALFORMED: &str = "ConfigurationApiAnswerMalformed";
    /// The service offered an older revision than the one at hand.
    pub const STALE_REVISION_REFUSED: &str = "StaleRevisionRefused";
    /// The events do not join on: the snapshot is fetched.
    pub const EVENTS_GAP: &str = "EventsGap";
    /// A folder's content is served.
    pub const FOLDER_APPLIED: &str = "FolderApplied";
    /// The folder cannot be read.
    pub const FOLDER_NOT_AVAILABLE: &str = "FolderNotAvailable";
    /// A secret was fetched from Key Vault.
    pub const SECRET_FETCHED: &str = "KeyVaultSecretFetched";
    /// What an earlier process had fetched from Key Vault was restored from the backup.
    pub const SECRETS_RESTORED: &str = "KeyVaultSecretsRestored";
    /// A secret could not be fetched from Key Vault; what was known of it stays.
    pub const SECRET_NOT_AVAILABLE: &str = "KeyVaultSecretNotAvailable";
    /// A revision was refused as a whole.
    pub const CONFIGURATION_REFUSED: &str = "ConfigurationRefused";
    /// Parts of a revision were refused.
    pub const CONFIGURATION_PARTLY_REFUSED: &str = "ConfigurationPartlyRefused";
    /// Warnings and notes about a revision.
    pub const CONFIGURATION_NOTES: &str = "ConfigurationNotes";
    /// There is no backup yet.
    pub const BACKUP_NOT_FOUND: &str = "BackupNotFound";
    /// A generation of the backup cannot be used.
    pub const BACKUP_UNUSABLE: &str = "BackupUnusable";
    /// A backup was saved.
    pub const BACKUP_WRITTEN: &str = "BackupWritten";
    /// A backup could not be saved; it is tried again.
    pub const BACKUP_WRITE_FAILED: &str = "BackupWriteFailed";
    /// A heartbeat was answered.
    pub const HEARTBEAT_SENT: &str = "HeartbeatSent";
    /// A heartbeat failed.
    pub const HEARTBEAT_FAILED: &str = "HeartbeatFailed";
    /// An answer came that nobody waits for (any more).
    pub const UNEXPECTED_INPUT: &str = "UnexpectedInput";
    /// The process ends.
    pub const GATEWAY_STOPPED: &str = "GatewayStopped";
}

/// The record of one exchange: the fields of `ApiManagementGatewayLogs`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestRecord {
    /// When the request arrived.
    pub time_generated: WallTime,
    /// The id of the exchange: `context.RequestId`.
    pub correlation_id: String,
    /// The client's address.
    pub caller_ip: String,
    /// The method.
    pub method: String,
    /// The URL that the client asked for.
    pub url: String,
    /// `HTTP/1.1` and the like.
    pub client_protocol: &'static str,
    /// The TLS version of the client's connection, as in `1.3`.
    pub client_tls_version: Option<&'static str>,
    /// The status code that the client got.
    pub response_code: u16,
    /// Bytes of the response's content; filled in when it has been sent.
    pub response_size: u64,
    /// Bytes of the request's content.
    pub request_size: u64,
    /// From arrival until the response was sent; filled in when it has been.
    pub total_time: Duration,
    /// What became of the look-up of a `cache-lookup`.
    pub cache: CacheUse,
    /// Time spent waiting for a cache outside of the process; the one in memory takes none.
    pub cache_time: Duration,
    /// Time spent waiting for backends.
    pub backend_time: Duration,
    /// Method, URL and status code of the last backend call.
    pub backend: Option<BackendRecord>,
    /// The API, its revision, and the operation.
    pub api_id: Option<Arc<str>>,
    /// The API's revision.
    pub api_revision: Option<Arc<str>>,
    /// The operation.
    pub operation_id: Option<Arc<str>>,
    /// The product.
    pub product_id: Option<Arc<str>>,
    /// The subscription.
    pub subscription_id: Option<Arc<str>>,
    /// The configuration revision that served it.
    pub revision: Revision,
    /// The last error.
    pub last_error: Option<crate::telemetry::ErrorRecord>,
    /// What `trace` policies and `context.Trace` said.
    pub traces: Vec<String>,
}

/// One number of a metric, as `emit-metric` gives it: what an instrument of OpenTelemetry records, with its attributes.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// When it was measured.
    pub at: WallTime,
    /// The group of metrics that it belongs to (OpenTelemetry's instrumentation scope).
    pub namespace: Arc<str>,
    /// The name of the metric (the instrument).
    pub name: Arc<str>,
    /// The number; what a metric means by it is known to whoever named it.
    pub value: f64,
    /// Its dimensions (the attributes), in the order of the policy.
    pub dimensions: Dimensions,
}

/// Names and values of the dimensions of a measurement.
pub type Dimensions = Vec<(Arc<str>, Arc<str>)>;
/// `cache` of a request record: what a `cache-lookup` found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CacheUse {
    /// None was asked.
    #[default]
    None,
    /// A response, which the client got.
    Hit,
    /// Nothing.
    Miss,
}

impl CacheUse {
    /// As the records say it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Hit => "hit",
            Self::Miss => "miss",
        }
    }
}

/// The backend call of a request record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackendRecord {
    /// The method.
    pub method: String,
    /// The URL.
    pub url: String,
    /// The status code; `None` when no response came.
    pub response_code: Option<u16>,
}

/// `lastError` of a request record, and `context.LastError`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorRecord {
    /// The element or the built-in step that failed, as in `rate-limit` or `authorization`.
    pub source: String,
    /// A machine-readable word, as in `RateLimitExceeded`.
    pub reason: String,
    /// The reason in words.
    pub message: String,
    /// `global`, `product`, `api` or `operation`.
    pub scope: String,
    /// `inbound`, `backend`, `outbound` or `on-error`.
    pub section: String,
    /// The place in the document, as in `choose[3]/when[2]`.
    pub path: String,
    /// The `id` attribute of the element.
    pub policy_id: Option<String>,
}
