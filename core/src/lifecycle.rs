//! The states of the gateway and every way between them. Holds no timers; `gateway` decides when.

use crate::time::{Instant, Now, WallTime};

/// Where the gateway is in its life.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum State {
    /// Nothing to serve yet.
    Starting,
    /// Serving from the backup; the service has not answered yet. It stays so for as long as the service cannot be reached: what was
    /// never had cannot be lost.
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
        deadline: Instant,
    },
    /// The end.
    Stopped,
}

/// Whether traffic should be sent to a gateway in some state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It should.
    Ready,
    /// It should not.
    NotReady,
}

/// What moves a gateway from one state to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A backup was restored and is served.
    BackupRestored,
    /// The configuration source answered, and there is something to serve.
    SourceAnswered,
    /// The configuration source gave no answer at all.
    SourceUnreachable,
    /// The configuration source answered, but not with anything that can be used or served.
    SourceFailed,
    /// The process was asked to end; it ends at the latest at `deadline`.
    ShutdownRequested {
        /// When it ends even if requests are left.
        deadline: Instant,
    },
    /// No request is in flight any more, or the deadline is over.
    Finished,
}

/// A change of state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transition {
    /// The state that was left.
    pub from: State,
    /// The state that was entered.
    pub to: State,
}

/// The state, since when it holds, and why.
#[derive(Clone, Debug)]
pub struct Lifecycle {
    state: State,
    since: WallTime,
    reason: String,
}

impl State {
    /// The word for it in heartbeats and on the status page.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Restored => "restored",
            Self::Connected => "connected",
            Self::Disconnected { .. } => "disconnected",
            Self::Draining { .. } => "draining",
            Self::Stopped => "stopped",
        }
    }

    /// Whether traffic should be sent here. Ready means that a whole configuration is served.
    #[must_use]
    pub const fn readiness(self) -> Readiness {
        match self {
            Self::Restored | Self::Connected | Self::Disconnected { .. } => Readiness::Ready,
            Self::Starting | Self::Draining { .. } | Self::Stopped => Readiness::NotReady,
        }
    }

    // Every arrow of the life of a gateway. An arm that gives the same state back is a cause without effect there.
    fn after(self, cause: Cause, now: Now) -> Self {
        match (self, cause) {
            (Self::Starting, Cause::BackupRestored) => Self::Restored,
            (Self::Restored | Self::Connected | Self::Disconnected { .. }, Cause::BackupRestored) => self,

            (Self::Starting | Self::Restored | Self::Connected | Self::Disconnected { .. }, Cause::SourceAnswered) => {
                Self::Connected
            }

            (Self::Starting | Self::Restored, Cause::SourceUnreachable) => self,
            (Self::Connected, Cause::SourceUnreachable) => Self::Disconnected { since: now },
            (Self::Disconnected { .. }, Cause::SourceUnreachable) => self,

            (Self::Starting, Cause::SourceFailed) => Self::Starting,
            (Self::Restored | Self::Connected, Cause::SourceFailed) => Self::Disconnected { since: now },
            (Self::Disconnected { .. }, Cause::SourceFailed) => self,

            (
                Self::Starting | Self::Restored | Self::Connected | Self::Disconnected { .. },
                Cause::ShutdownRequested { deadline },
            ) => Self::Draining { deadline },
            (Self::Draining { .. }, Cause::ShutdownRequested { .. } | Cause::Finished) => Self::Stopped,
            (
                Self::Draining { .. },
                Cause::BackupRestored | Cause::SourceAnswered | Cause::SourceUnreachable | Cause::SourceFailed,
            ) => self,

            (Self::Starting | Self::Restored | Self::Connected | Self::Disconnected { .. }, Cause::Finished) => self,

            (
                Self::Stopped,
                Cause::BackupRestored
                | Cause::SourceAnswered
                | Cause::SourceUnreachable
                | Cause::SourceFailed
                | Cause::ShutdownRequested { .. }
                | Cause::Finished,
            ) => Self::Stopped,
        }
    }
}

impl Lifecycle {
    /// A life that begins now.
    #[must_use]
    pub fn new(now: Now, reason: impl Into<String>) -> Self {
        Self { state: State::Starting, since: now.wall, reason: reason.into() }
    }

    /// The state.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// Since when the state holds.
    #[must_use]
    pub const fn since(&self) -> WallTime {
        self.since
    }

    /// Why, in words.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Follows the arrow of `cause`; `reason` says in words what happened. A reason is taken even where the state stays (another
    /// fault of the service, say), except at the end of life: once draining, the news of the service does not matter any more.
    pub fn handle(&mut self, cause: Cause, reason: impl Into<String>, now: Now) -> Option<Transition> {
        let from = self.state;
        let to = from.after(cause, now);
        if from == to {
            match from {
                State::Starting | State::Restored | State::Connected | State::Disconnected { .. } => {
                    self.reason = reason.into();
                }
                State::Draining { .. } | State::Stopped => {}
            }
            return None;
        }
        self.state = to;
        self.since = now.wall;
        self.reason = reason.into();
        Some(Transition { from, to })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEADLINE: Instant = Instant::from_nanos(9);
    const SHUTDOWN: Cause = Cause::ShutdownRequested { deadline: DEADLINE };

    fn now(seconds: i64) -> Now {
        Now { instant: Instant::from_nanos(1), wall: WallTime::from_unix_seconds(seconds) }
    }

    #[test]
    fn every_arrow() {
        let lost = State::Disconnected { since: now(1) };
        let draining = State::Draining { deadline: DEADLINE };
        let (starting, restored, connected, stopped) =
            (State::Starting, State::Restored, State::Connected, State::Stopped);
        let causes = [
            Cause::BackupRestored,
            Cause::SourceAnswered,
            Cause::SourceUnreachable,
            Cause::SourceFailed,
            SHUTDOWN,
            Cause::Finished,
        ];
        let table = [
            (starting, [restored, connected, starting, starting, draining, starting]),
            (restored, [restored, connected, restored, lost, draining, restored]),
            (connected, [connected, connected, lost, lost, draining, connected]),
            (lost, [lost, connected, lost, lost, draining, lost]),
            (draining, [draining, draining, draining, draining, stopped, stopped]),
            (stopped, [stopped; 6]),
        ];
        for (from, expected) in table {
            for (cause, to) in causes.into_iter().zip(expected) {
                assert_eq!(from.after(cause, now(1)), to, "{from:?} after {cause:?}");
            }
        }
    }

    #[test]
    fn since_is_kept_while_the_state_stays_and_the_reason_is_the_newest() {
        let mut life = Lifecycle::new(now(0), "begins");
        assert!(life.handle(Cause::SourceFailed, "no route", now(1)).is_none());
        assert_eq!((life.since(), life.reason()), (now(0).wall, "no route"));
        life.handle(Cause::SourceAnswered, "answered", now(2));
        life.handle(Cause::SourceFailed, "refused", now(3));
        life.handle(Cause::SourceFailed, "timed out", now(4));
        assert_eq!(life.state(), State::Disconnected { since: now(3) });
        assert_eq!((life.since(), life.reason()), (now(3).wall, "timed out"));
    }

    #[test]
    fn news_of_the_service_do_not_change_why_it_drains() {
        let mut life = Lifecycle::new(now(0), "begins");
        life.handle(SHUTDOWN, "asked to end", now(1));
        life.handle(Cause::SourceFailed, "no route", now(2));
        assert_eq!((life.state().name(), life.reason()), ("draining", "asked to end"));
        assert_eq!(life.state().readiness(), Readiness::NotReady);
    }
}
