//! The states of the gateway and every way between them. Holds no timers; `gateway` decides when.

use crate::time::Now;

/// Where the gateway is in its life.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum State {
    /// Nothing to serve yet.
    Starting,
    /// Serving from the backup; the service has not answered yet.
    Restored,
    /// Serving; the last exchange with the service succeeded.
    Connected,
    /// Serving from memory (fail-static) since this moment.
    Disconnected {
        /// When the service was lost.
        since: Now,
    },
    /// Readiness is off; requests in flight are finished.
    Draining {
        /// When the process ends even if some are left.
        deadline: crate::time::Instant,
    },
    /// The end.
    Stopped,
}
