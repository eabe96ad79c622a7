//! The beat to the service: when the next one is sent and that there is never more than one under way. Writes no document.

use std::time::Duration;

use crate::rng::{Rng, Seed};
use crate::sync::LOST_AFTER;
use crate::time::Instant;

/// Diagnostics of a refused revision that one heartbeat carries.
pub const DIAGNOSTICS_MAX: usize = 50;

/// Whether a beat goes out now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beat {
    /// Send it.
    Send,
    /// The one before is still under way; the next goes out as soon as that has ended.
    Postponed,
}

/// The beat. The pace is kept whatever becomes of a single heartbeat: a failed one delays nothing, a slow one is followed at once.
#[derive(Clone, Debug)]
pub struct Heartbeat {
    interval: Duration,
    rng: Rng,
    due_at: Option<Instant>,
    lost_at: Option<Instant>,
    owed: bool,
    failures: u32,
}

impl Heartbeat {
    /// A heart that beats every `interval` (less up to a twentieth) once it is started.
    #[must_use]
    pub fn new(interval: Duration, seed: Seed) -> Self {
        let rng = seed.fork("heartbeat").rng();
        Self { interval, rng, due_at: None, lost_at: None, owed: false, failures: 0 }
    }

    /// Makes the next beat due now: at the start, and whenever there is something that the service should know at once.
    pub const fn hurry(&mut self, now: Instant) {
        self.due_at = Some(now);
    }

    /// Beats no more.
    pub const fn stop(&mut self) {
        self.due_at = None;
        self.owed = false;
    }

    /// When the next beat is due.
    #[must_use]
    pub const fn due_at(&self) -> Option<Instant> {
        self.due_at
    }

    /// When the answer to the beat under way counts as lost.
    #[must_use]
    pub const fn lost_at(&self) -> Option<Instant> {
        self.lost_at
    }

    /// Failures since the last success.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// A beat is due.
    pub fn handle_due(&mut self, now: Instant) -> Beat {
        let pause = self.rng.duration_between(self.interval - self.interval / 20, self.interval);
        self.due_at = Some(now.saturating_add(pause));
        if self.lost_at.is_some() {
            self.owed = true;
            return Beat::Postponed;
        }
        self.lost_at = Some(now.saturating_add(LOST_AFTER));
        Beat::Send
    }

    /// The beat under way was answered.
    pub const fn handle_answered(&mut self, now: Instant) {
        self.failures = 0;
        self.settle(now);
    }

    /// The beat under way failed, or its answer was lost.
    pub const fn handle_failed(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        self.settle(now);
    }

    const fn settle(&mut self, now: Instant) {
        self.lost_at = None;
        if self.owed {
            self.owed = false;
            self.due_at = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(60);

    fn at(seconds: u64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    fn beating() -> Heartbeat {
        let mut heart = Heartbeat::new(INTERVAL, Seed(1));
        heart.hurry(at(0));
        assert_eq!(heart.handle_due(at(0)), Beat::Send);
        heart
    }

    fn pause(heart: &Heartbeat, now: Instant) -> Duration {
        heart.due_at().unwrap().saturating_since(now)
    }

    #[test]
    fn a_failed_beat_does_not_delay_the_next() {
        let mut heart = beating();
        let next = heart.due_at();
        assert!(pause(&heart, at(0)) <= INTERVAL && pause(&heart, at(0)) >= INTERVAL * 19 / 20);
        heart.handle_failed(at(30));
        assert_eq!((heart.due_at(), heart.failures()), (next, 1));
        assert_eq!(heart.handle_due(at(60)), Beat::Send);
        heart.handle_answered(at(61));
        assert_eq!(heart.failures(), 0);
    }

    #[test]
    fn two_are_never_under_way_and_the_postponed_one_follows_at_once() {
        let mut heart = beating();
        assert_eq!(heart.handle_due(at(60)), Beat::Postponed);
        heart.handle_failed(at(100));
        assert_eq!(heart.due_at(), Some(at(100)));
        assert_eq!(heart.handle_due(at(100)), Beat::Send);
        heart.handle_answered(at(101));
        assert!(heart.due_at() > Some(at(150)), "the pace goes on from the beat that was sent");
    }

    #[test]
    fn a_stopped_heart_is_still_until_the_beat_under_way_has_ended() {
        let mut heart = beating();
        heart.handle_due(at(60));
        heart.stop();
        assert_eq!(heart.lost_at(), Some(at(0).saturating_add(LOST_AFTER)));
        heart.handle_answered(at(61));
        assert_eq!((heart.due_at(), heart.lost_at()), (None, None));
    }
}
