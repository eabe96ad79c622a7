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

/// `lastError` of a request record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorRecord {
    /// The element that failed.
    pub source: String,
    /// The machine-readable word.
    pub reason: String,
    /// In words.
    pub message: String,
    /// `global`, `product`, `api` or `operation`.
    pub scope: String,
    /// `inbound`, `backend`, `outbound` or `on-error`.
    pub section: String,
    /// The place in the document.
    pub path: String,
    /// The `id` attribute.
    pub policy_id: Option<String>,
}
