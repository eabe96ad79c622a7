//! The end of a gateway: readiness off at once, then no new requests, then the exit. Counts no requests; `io` does.

use super::event::Output;
use super::{Gateway, Provider};
use crate::lifecycle::Cause;
use crate::telemetry::{Event, Level, name};
use crate::time::{Instant, Now};

/// The exit code after an orderly end, with or without requests left at the deadline.
pub const EXIT_DRAINED: i32 = 0;
/// The exit code when a second request to end cuts the first one short: 128 + SIGINT, as shells report an interrupted program.
pub const EXIT_FORCED: i32 = 130;

/// An end under way.
#[derive(Debug)]
pub(super) struct Drain {
    /// When the listeners close; `None` once they were told to.
    pub(super) stop_accepting_at: Option<Instant>,
    /// When the process ends even if requests are left.
    pub(super) deadline: Instant,
}

impl Gateway {
    pub(super) fn handle_shutdown_requested(&mut self, now: Now) {
        if self.drain.is_some() {
            self.stop(EXIT_FORCED, "asked to end a second time", now);
            return;
        }
        let stop_accepting_at = now.instant.saturating_add(self.settings.drain_delay);
        let deadline = stop_accepting_at.saturating_add(self.settings.drain_timeout);
        self.drain = Some(Drain { stop_accepting_at: Some(stop_accepting_at), deadline });
        self.follow(Cause::ShutdownRequested { deadline }, "the process was asked to end".to_owned(), now);
        // Nothing new is taken any more; a backup that is due is still written, and the service is told.
        match &mut self.provider {
            Provider::Service(service) => {
                service.sync.stop();
                service.reading_lost_at = None;
            }
            Provider::Folder(folder) => folder.stop(),
        }
        self.hurry_heartbeat(now);
    }

    /// Load balancers had their time to notice.
    pub(super) fn stop_accepting(&mut self, _now: Now) {
        if let Some(drain) = &mut self.drain {
            drain.stop_accepting_at = None;
            self.outputs.push_back(Output::StopAccepting);
        }
    }

    pub(super) fn handle_drained(&mut self, now: Now) {
        match &self.drain {
            Some(Drain { stop_accepting_at: None, .. }) => {
                self.stop(EXIT_DRAINED, "no request is in flight any more", now);
            }
            Some(Drain { stop_accepting_at: Some(_), .. }) | None => self.ignore("Drained", now),
        }
    }

    pub(super) fn handle_drain_deadline(&mut self, now: Now) {
        self.stop(EXIT_DRAINED, "requests were still in flight at the deadline", now);
    }

    fn stop(&mut self, code: i32, reason: &str, now: Now) {
        self.follow(Cause::Finished, reason.to_owned(), now);
        self.emit(Event::new(now.wall, Level::Info, "gateway", name::GATEWAY_STOPPED, reason));
        self.send_last_heartbeat(now);
        self.show_status();
        self.outputs.push_back(Output::Exit(code));
    }
}
