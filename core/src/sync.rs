//! The sync machine: which question to ask the service next, when, and whether its answer may be taken. Compiles and serves nothing.
//!
//! Bound: while nothing is asked, the next question is due at most one sync interval ahead (a `Retry-After` may stretch that to
//! [`RETRY_AFTER_MAX`]). So a gateway whose service has healed asks within one interval, whatever came before; a question that was
//! under way when the service was lost ends by the timeouts of `io`, which for events should not exceed the interval either.

use std::time::Duration;

use crate::config::Revision;
use crate::rng::{Rng, Seed};
use crate::time::Instant;

/// An answer that has not come for so long never will. Longer than every timeout of `io` (the original's
/// `config.service.integration.timeout` is 100 s), so that this only ends what was lost without any word.
pub const LOST_AFTER: Duration = Duration::from_secs(120);
/// The longest `Retry-After` that is honoured: one heartbeat interval of the original.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);
/// The longest delay after a first failure.
pub const BACKOFF_BASE: Duration = Duration::from_millis(500);
/// Full pages that are asked for without a pause; a service that has more to say than 10,000 events waits an interval.
pub const FULL_PAGES_MAX: u32 = 100;
/// Events that a page holds at most: `$top` of the question. Fewer mean that there are no more.
pub const PAGE_EVENTS: usize = 100;
/// Characters of a service's own words that are repeated in a reason.
const WORDS_MAX: usize = 200;

/// Why the service gave no usable answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchFailure {
    /// No connection, a broken one, no TLS, no name: in words.
    Unreachable(String),
    /// No answer in time.
    Timeout,
    /// An answer with another status than 2xx and 304.
    Status {
        /// The status code.
        code: u16,
        /// `Retry-After`, in time from now.
        retry_after: Option<Duration>,
        /// The beginning of the answer's text.
        message: String,
    },
    /// An answer larger than allowed, or not decompressible: in words.
    Malformed(String),
}

impl FetchFailure {
    /// What went wrong, in words for the status page and the log. Equal failures give equal words.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Unreachable(words) => format!("the service cannot be reached: {}", bounded(words)),
            Self::Timeout => "the service did not answer in time".to_owned(),
            Self::Status { code: code @ (401 | 403), .. } => {
                format!("the gateway token is expired or was refused (status {code})")
            }
            Self::Status { code: 429, .. } => "the service asks for fewer requests (status 429)".to_owned(),
            Self::Status { code, message, .. } if message.trim().is_empty() => {
                format!("the service answered with status {code}")
            }
            Self::Status { code, message, .. } => {
                format!("the service answered with status {code}: {}", bounded(message))
            }
            Self::Malformed(words) => format!("the service's answer cannot be read: {}", bounded(words)),
        }
    }

    /// How long the service asks to be left alone, at most [`RETRY_AFTER_MAX`].
    fn retry_after(&self) -> Duration {
        match self {
            Self::Status { retry_after: Some(wait), .. } => (*wait).min(RETRY_AFTER_MAX),
            Self::Status { retry_after: None, .. } | Self::Unreachable(_) | Self::Timeout | Self::Malformed(_) => {
                Duration::ZERO
            }
        }
    }
}

// One line of at most `WORDS_MAX` characters: a service's words must not break a log line or fill a status page.
fn bounded(words: &str) -> String {
    let line = words.trim().chars().map(|c| if c.is_control() { ' ' } else { c });
    line.take(WORDS_MAX).collect()
}

/// Delays that double from a base to a cap; each is drawn from the upper half of its range, so that instances that failed
/// together do not return together, and none returns at once.
#[derive(Clone, Debug)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
    failures: u32,
}

impl Backoff {
    /// A backoff whose delays never exceed `cap`.
    #[must_use]
    pub fn new(base: Duration, cap: Duration) -> Self {
        Self { base: base.min(cap), cap, failures: 0 }
    }

    /// The delay after one more failure.
    pub fn next_delay(&mut self, rng: &mut Rng) -> Duration {
        let factor = 2_u32.saturating_pow(self.failures);
        self.failures = self.failures.saturating_add(1);
        let ceiling = self.base.saturating_mul(factor).min(self.cap);
        rng.duration_between(ceiling / 2, ceiling)
    }

    /// Starts over after a success.
    pub const fn reset(&mut self) {
        self.failures = 0;
    }

    /// Failures since the last success.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }
}

/// A question to the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// The whole configuration, unless it is still this one.
    Snapshot {
        /// The revision at hand.
        known: Option<Revision>,
    },
    /// The changes behind this revision.
    Events {
        /// The revision at hand.
        after: Revision,
    },
}

/// What of a page of events decides whether it may be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// The revision of its first event; `None` for an empty page.
    pub first: Option<Revision>,
    /// Where the next page begins: the revision of its last event, or what was asked for.
    pub next: Revision,
    /// Whether more is waiting behind it.
    pub fill: Fill,
}

/// Whether a page holds as many events as a page can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// It does: there may be more.
    Full,
    /// It does not: this is all.
    Partial,
}

/// What to do with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Take it: it is newer than what is at hand.
    Take,
    /// Nothing is new.
    Unchanged,
    /// The events do not join on to what is at hand; the snapshot is asked for.
    Gap,
    /// It is older than what is at hand (a replica that lags, a service that was set up anew) and must never be applied.
    Stale {
        /// The revision that it offers.
        offered: Revision,
        /// The revision at hand.
        known: Revision,
    },
    /// It contradicts itself; counted as a failure.
    Malformed(&'static str),
}

/// The sync machine. One question at a time; every question ends with an answer, a failure, or [`LOST_AFTER`].
#[derive(Clone, Debug)]
pub struct Sync {
    interval: Duration,
    rng: Rng,
    backoff: Backoff,
    phase: Phase,
    cursor: Option<Revision>,
    next_question: Question,
    hint: Option<Revision>,
    full_pages: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Waiting { until: Instant, why: Pause },
    Asked { request: Request, asked_at: Instant },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pause {
    // The ordinary interval or a backoff of ours: news cut it short.
    Ours,
    // The service asked for it.
    RetryAfter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    Snapshot,
    Events,
}

impl Sync {
    /// A machine that asks every `interval` once it is started.
    #[must_use]
    pub fn new(interval: Duration, seed: Seed) -> Self {
        Self {
            interval,
            rng: seed.fork("sync").rng(),
            backoff: Backoff::new(BACKOFF_BASE, interval),
            phase: Phase::Idle,
            cursor: None,
            next_question: Question::Snapshot,
            hint: None,
            full_pages: 0,
        }
    }

    /// Begins to ask, at once: for the events behind `cursor` (a restored backup's revision), or for the snapshot.
    pub fn start(&mut self, cursor: Option<Revision>, now: Instant) {
        self.cursor = cursor;
        self.next_question = if cursor.is_some() { Question::Events } else { Question::Snapshot };
        self.phase = Phase::Waiting { until: now, why: Pause::Ours };
    }

    /// Asks no more; an answer that is still under way is not expected any more.
    pub const fn stop(&mut self) {
        self.phase = Phase::Idle;
    }

    /// When the next question is due.
    #[must_use]
    pub const fn due_at(&self) -> Option<Instant> {
        match self.phase {
            Phase::Waiting { until, .. } => Some(until),
            Phase::Idle | Phase::Asked { .. } => None,
        }
    }

    /// When the answer to the present question counts as lost.
    #[must_use]
    pub fn lost_at(&self) -> Option<Instant> {
        match self.phase {
            Phase::Asked { asked_at, .. } => Some(asked_at.saturating_add(LOST_AFTER)),
            Phase::Idle | Phase::Waiting { .. } => None,
        }
    }

    /// The revision at hand: the newest that was taken, whether it could be compiled or not.
    #[must_use]
    pub const fn cursor(&self) -> Option<Revision> {
        self.cursor
    }

    /// The question that waits for its answer.
    #[must_use]
    pub const fn asked(&self) -> Option<Request> {
        match self.phase {
            Phase::Asked { request, .. } => Some(request),
            Phase::Idle | Phase::Waiting { .. } => None,
        }
    }

    /// Failures since the last success.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.backoff.failures()
    }

    /// The pause is over: the question to ask now.
    pub fn handle_due(&mut self, now: Instant) -> Request {
        let request = match (self.next_question, self.cursor) {
            (Question::Events, Some(after)) => Request::Events { after },
            (Question::Events, None) | (Question::Snapshot, None) => Request::Snapshot { known: None },
            (Question::Snapshot, Some(known)) => Request::Snapshot { known: Some(known) },
        };
        self.phase = Phase::Asked { request, asked_at: now };
        request
    }

    /// Somebody (a heartbeat's answer) says that `latest` exists: if that is news, ask now, unless the service asked for a pause.
    pub fn handle_hint(&mut self, latest: Revision, now: Instant) {
        if self.cursor.is_some_and(|cursor| latest <= cursor) {
            return;
        }
        match self.phase {
            Phase::Waiting { until, why: Pause::Ours } => {
                self.phase = Phase::Waiting { until: until.min(now), why: Pause::Ours };
            }
            // The answer under way may have been made before the news: ask once more after it.
            Phase::Asked { .. } => self.hint = Some(latest),
            Phase::Idle | Phase::Waiting { why: Pause::RetryAfter, .. } => {}
        }
    }

    /// The snapshot came, `None` when it is still the one at hand.
    pub fn handle_snapshot(&mut self, revision: Option<Revision>, now: Instant) -> Verdict {
        match (revision, self.cursor) {
            (None, None) => self.malformed("304 for a question without `If-None-Match`", now),
            (None, Some(_)) => self.unchanged(now),
            (Some(offered), Some(known)) if offered < known => self.stale(offered, known, now),
            (Some(offered), Some(known)) if offered == known => self.unchanged(now),
            (Some(offered), Some(_) | None) => {
                self.full_pages = 0;
                self.take(offered, Fill::Partial, now)
            }
        }
    }

    /// A page of events came.
    pub fn handle_page(&mut self, page: Page, now: Instant) -> Verdict {
        let Some(known) = self.cursor else {
            return self.malformed("events without a revision to build on", now);
        };
        match page.first {
            Some(first) if first <= known => self.stale(first, known, now),
            Some(_) if page.next <= known => self.malformed("a page that ends before it begins", now),
            Some(_) => self.take(page.next, page.fill, now),
            None if page.next < known => self.stale(page.next, known, now),
            None if page.next > known => {
                self.handle_gap(now);
                Verdict::Gap
            }
            None => self.unchanged(now),
        }
    }

    /// The events cannot be used: the service has forgotten the revision at hand (410), or there is a hole between. Asks for the
    /// snapshot at once.
    pub fn handle_gap(&mut self, now: Instant) {
        self.next_question = Question::Snapshot;
        self.phase = Phase::Waiting { until: now, why: Pause::Ours };
    }

    /// No usable answer came.
    pub fn handle_failure(&mut self, failure: &FetchFailure, now: Instant) {
        let asked_pause = failure.retry_after();
        let own_pause = self.backoff.next_delay(&mut self.rng);
        // Our own pause counts from the question: one that was answered by long silence is asked again at once.
        let own_until = match self.phase {
            Phase::Asked { asked_at, .. } => asked_at.saturating_add(own_pause).max(now),
            Phase::Idle | Phase::Waiting { .. } => now.saturating_add(own_pause),
        };
        let asked_until = now.saturating_add(asked_pause);
        let why = if asked_until > own_until { Pause::RetryAfter } else { Pause::Ours };
        self.phase = Phase::Waiting { until: own_until.max(asked_until), why };
        self.hint = None;
    }

    fn take(&mut self, revision: Revision, fill: Fill, now: Instant) -> Verdict {
        // INVARIANT: the cursor never goes backwards.
        debug_assert!(self.cursor.is_none_or(|known| revision > known), "only a newer revision is taken");
        self.cursor = Some(revision);
        self.next_question = Question::Events;
        self.full_pages = match fill {
            Fill::Full => self.full_pages + 1,
            Fill::Partial => 0,
        };
        if self.full_pages > 0 && self.full_pages < FULL_PAGES_MAX {
            self.backoff.reset();
            self.phase = Phase::Waiting { until: now, why: Pause::Ours };
        } else {
            self.full_pages = 0;
            self.rest(now);
        }
        Verdict::Take
    }

    fn unchanged(&mut self, now: Instant) -> Verdict {
        self.next_question = Question::Events;
        self.full_pages = 0;
        self.rest(now);
        Verdict::Unchanged
    }

    fn stale(&mut self, offered: Revision, known: Revision, now: Instant) -> Verdict {
        self.handle_failure(&FetchFailure::Malformed(String::new()), now);
        Verdict::Stale { offered, known }
    }

    fn malformed(&mut self, what: &'static str, now: Instant) -> Verdict {
        self.handle_failure(&FetchFailure::Malformed(String::new()), now);
        Verdict::Malformed(what)
    }

    // After a success: the interval, shortened by up to a tenth so that instances drift apart; at once when a hint is still news.
    fn rest(&mut self, now: Instant) {
        self.backoff.reset();
        let pause = self.rng.duration_between(self.interval - self.interval / 10, self.interval);
        let news = self.hint.take().is_some_and(|hint| self.cursor.is_none_or(|cursor| hint > cursor));
        let until = if news { now } else { now.saturating_add(pause) };
        self.phase = Phase::Waiting { until, why: Pause::Ours };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(10);

    fn at(seconds: u64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    fn asking(cursor: Option<u32>) -> Sync {
        let mut sync = Sync::new(INTERVAL, Seed(5));
        sync.start(cursor.map(Revision), at(0));
        sync.handle_due(at(0));
        sync
    }

    fn page(first: u32, next: u32, fill: Fill) -> Page {
        Page { first: Some(Revision(first)), next: Revision(next), fill }
    }

    fn empty(next: u32) -> Page {
        Page { first: None, next: Revision(next), fill: Fill::Partial }
    }

    fn pause(sync: &Sync, now: Instant) -> Duration {
        sync.due_at().unwrap().saturating_since(now)
    }

    #[test]
    fn the_first_question_depends_on_what_is_at_hand() {
        assert_eq!(asking(None).asked(), Some(Request::Snapshot { known: None }));
        assert_eq!(asking(Some(7)).asked(), Some(Request::Events { after: Revision(7) }));
    }

    #[test]
    fn snapshots_are_judged_by_their_revision() {
        let stale = Verdict::Stale { offered: Revision(6), known: Revision(7) };
        let table = [
            (None, Some(1), Verdict::Take),
            (Some(7), Some(8), Verdict::Take),
            (Some(7), Some(7), Verdict::Unchanged),
            (Some(7), None, Verdict::Unchanged),
            (Some(7), Some(6), stale),
            (None, None, Verdict::Malformed("304 for a question without `If-None-Match`")),
        ];
        for (cursor, offered, verdict) in table {
            let mut sync = asking(cursor);
            assert_eq!(sync.handle_snapshot(offered.map(Revision), at(1)), verdict, "{cursor:?} {offered:?}");
        }
    }

    #[test]
    fn pages_are_judged_by_where_they_begin_and_lead() {
        let stale = |offered| Verdict::Stale { offered: Revision(offered), known: Revision(7) };
        let table = [
            (page(8, 9, Fill::Partial), Verdict::Take),
            (page(20, 29, Fill::Full), Verdict::Take),
            (page(3, 9, Fill::Partial), stale(3)),
            (page(7, 9, Fill::Full), stale(7)),
            (page(8, 7, Fill::Full), Verdict::Malformed("a page that ends before it begins")),
            (empty(7), Verdict::Unchanged),
            (empty(2), stale(2)),
            (empty(8), Verdict::Gap),
        ];
        for (page, verdict) in table {
            assert_eq!(asking(Some(7)).handle_page(page, at(1)), verdict, "{page:?}");
        }
    }

    #[test]
    fn a_full_page_is_followed_at_once_but_not_for_ever() {
        let mut sync = asking(Some(0));
        for n in 0..FULL_PAGES_MAX {
            assert_eq!(pause_after_full_page(&mut sync, n), n == FULL_PAGES_MAX - 1, "page {n}");
        }
    }

    fn pause_after_full_page(sync: &mut Sync, n: u32) -> bool {
        assert_eq!(sync.handle_page(page(n + 1, n + 1, Fill::Full), at(1)), Verdict::Take);
        let paused = sync.due_at() > Some(at(1));
        sync.handle_due(at(1));
        paused
    }

    #[test]
    fn a_gap_asks_for_the_snapshot_at_once() {
        let mut sync = asking(Some(7));
        sync.handle_gap(at(1));
        assert_eq!(sync.due_at(), Some(at(1)));
        assert_eq!(sync.handle_due(at(1)), Request::Snapshot { known: Some(Revision(7)) });
        sync.handle_failure(&FetchFailure::Timeout, at(2));
        assert_eq!(sync.handle_due(at(3)), Request::Snapshot { known: Some(Revision(7)) }, "until it has come");
    }

    #[test]
    fn pauses_are_bounded() {
        let mut sync = asking(Some(7));
        assert_eq!(sync.handle_page(empty(7), at(1)), Verdict::Unchanged);
        assert!(pause(&sync, at(1)) <= INTERVAL && pause(&sync, at(1)) >= INTERVAL * 9 / 10);
        for failure in 0..100 {
            sync.handle_due(at(1));
            sync.handle_failure(&FetchFailure::Timeout, at(1));
            assert!(pause(&sync, at(1)) <= INTERVAL && !pause(&sync, at(1)).is_zero(), "failure {failure}");
        }
        for (asked, granted) in [(30, 30), (100_000, RETRY_AFTER_MAX.as_secs())] {
            let retry_after = Some(Duration::from_secs(asked));
            sync.handle_due(at(1));
            sync.handle_failure(&FetchFailure::Status { code: 429, retry_after, message: String::new() }, at(1));
            assert_eq!(pause(&sync, at(1)), Duration::from_secs(granted));
            sync.handle_hint(Revision(99), at(1));
            assert_eq!(pause(&sync, at(1)), Duration::from_secs(granted), "a hint does not break the promise");
        }
    }

    #[test]
    fn a_hint_is_followed_once() {
        let mut sync = asking(Some(7));
        sync.handle_page(empty(7), at(1));
        sync.handle_hint(Revision(7), at(2));
        assert!(sync.due_at() > Some(at(2)), "no news");
        sync.handle_hint(Revision(9), at(2));
        assert_eq!(sync.due_at(), Some(at(2)));
        sync.handle_due(at(2));
        sync.handle_hint(Revision(9), at(2));
        sync.handle_page(empty(7), at(3));
        assert_eq!(sync.due_at(), Some(at(3)), "the answer may have been older than the hint");
        sync.handle_due(at(3));
        sync.handle_page(empty(7), at(4));
        assert!(sync.due_at() > Some(at(4)), "a hint that is not true is forgotten");
    }

    #[test]
    fn reasons_are_one_bounded_line() {
        let status =
            |code, message: &str| FetchFailure::Status { code, retry_after: None, message: message.to_owned() };
        assert_eq!(status(401, "x").reason(), "the gateway token is expired or was refused (status 401)");
        assert_eq!(status(500, "a\nb").reason(), "the service answered with status 500: a b");
        assert_eq!(status(502, " ").reason(), "the service answered with status 502");
        assert!(FetchFailure::Unreachable("x".repeat(10_000)).reason().len() < 300);
    }
}
