//! Counters that exchanges share: rate limits. Sharded, so that two exchanges meet only on the same key's shard. Counts for this
//! process alone; what other instances have counted is not known here.

pub mod permits;
pub mod quota;
pub(crate) mod shards;
pub(crate) mod window;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Bound;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::time::Instant;
use shards::Shards;
use window::Window;

pub use shards::SHARDS;

/// Counters that one shard holds. A full shard forgets a counter, the one that would empty soonest of those it looks at: a limit is
/// then too generous for one key, which harms less than refusing every new one.
pub const COUNTERS_PER_SHARD_MAX: usize = 8192;

/// The longest subject that is kept as it is, in bytes; a longer one is kept as its SHA-256.
pub const SUBJECT_BYTES_MAX: usize = 256;

/// The longest period that a limit may have, as the policies' `renewal-period` says.
pub const PERIOD_MAX: Duration = Duration::from_secs(300);

/// Counters that are looked at, and forgotten when they are empty, whenever a new one is made.
const SWEEP_STEP: usize = 8;

/// All counters of the process. They outlive configurations: a counter is named by what it counts, not by who compiled it.
#[derive(Debug, Default)]
pub struct Limits {
    shards: Shards<Shard>,
}

/// One limit that a subject is held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule<'a> {
    /// Which limit: the same subject has one counter for each name and period.
    pub name: &'a str,
    /// Calls in any window of the period.
    pub calls: u64,
    /// The length of the sliding window; longer than [`PERIOD_MAX`] counts as that.
    pub period: Duration,
}

/// Whether a call is within all of its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    Allowed {
        /// How many more calls fit now, the least over all limits.
        remaining: u64,
    },
    /// It is not, and nothing was counted.
    Refused {
        /// How long until it would be allowed if nothing else is counted, the longest over all limits; the whole period when it
        /// never will be.
        retry_after: Duration,
    },
}

impl Limits {
    /// Checks `subject` against all `rules`; counts `increment` for each of them when none refuses, otherwise nothing. Checking and
    /// counting are one step for other threads. An `increment` of zero needs room for one call and counts nothing.
    pub fn check_and_count(&self, subject: &str, rules: &[Rule<'_>], increment: u64, now: Instant) -> Verdict {
        let mut shard = self.shards.of(subject);
        let verdict = shard.check(subject, rules, increment, now);
        match verdict {
            Verdict::Refused { .. } => verdict,
            Verdict::Allowed { remaining } => {
                shard.count(subject, rules, increment, now);
                Verdict::Allowed { remaining: remaining.saturating_sub(increment) }
            }
        }
    }

    /// Checks whether one more call fits, and counts nothing: for a call that is counted at its end, if at all.
    #[must_use]
    pub fn check(&self, subject: &str, rules: &[Rule<'_>], now: Instant) -> Verdict {
        self.shards.of(subject).check(subject, rules, 1, now)
    }

    /// Counts `increment` for each of `rules`, allowed or not: the end of a call that was only checked at its start.
    pub fn count(&self, subject: &str, rules: &[Rule<'_>], increment: u64, now: Instant) {
        self.shards.of(subject).count(subject, rules, increment, now);
    }

    /// Takes back `count` of what was counted for each of `rules` at the moment `counted`: it has turned out to be less.
    pub fn take_back(&self, subject: &str, rules: &[Rule<'_>], count: u64, counted: Instant) {
        self.shards.of(subject).take_back(subject, rules, count, counted);
    }

    /// How many counters there are, emptied ones that have not been forgotten yet included.
    #[must_use]
    pub fn counters(&self) -> usize {
        self.shards.iter().map(|shard| shard.counters.len()).sum()
    }
}

#[derive(Debug, Default)]
struct Shard {
    counters: BTreeMap<Box<str>, Window>,
    // Where the sweep goes on.
    hand: Box<str>,
    // Reused for every key, so that finding a counter allocates nothing.
    key: String,
}

impl Shard {
    fn check(&mut self, subject: &str, rules: &[Rule<'_>], increment: u64, now: Instant) -> Verdict {
        let wanted = increment.max(1);
        let mut remaining = u64::MAX;
        let mut wait = Duration::ZERO;
        for rule in rules {
            write_key(&mut self.key, subject, rule.name, rule.period.min(PERIOD_MAX).as_nanos());
            let counted = match self.counters.get_mut(self.key.as_str()) {
                Some(window) => {
                    wait = wait.max(window.wait(rule.calls, wanted, now));
                    window.total(now)
                }
                None if wanted > rule.calls => {
                    wait = wait.max(rule.period.min(PERIOD_MAX));
                    0
                }
                None => 0,
            };
            remaining = remaining.min(rule.calls.saturating_sub(counted));
        }
        if wait.is_zero() { Verdict::Allowed { remaining } } else { Verdict::Refused { retry_after: wait } }
    }

    fn count(&mut self, subject: &str, rules: &[Rule<'_>], increment: u64, now: Instant) {
        if increment == 0 {
            return;
        }
        for rule in rules {
            write_key(&mut self.key, subject, rule.name, rule.period.min(PERIOD_MAX).as_nanos());
            if let Some(window) = self.counters.get_mut(self.key.as_str()) {
                // Drops what has left before it adds, so that no window grows without bound when it is only counted.
                window.total(now);
                window.add(increment, now);
                continue;
            }
            self.sweep(now);
            let mut window = Window::new(rule.period.min(PERIOD_MAX));
            window.add(increment, now);
            self.counters.insert(Box::from(self.key.as_str()), window);
        }
    }

    fn take_back(&mut self, subject: &str, rules: &[Rule<'_>], count: u64, counted: Instant) {
        for rule in rules {
            write_key(&mut self.key, subject, rule.name, rule.period.min(PERIOD_MAX).as_nanos());
            if let Some(window) = self.counters.get_mut(self.key.as_str()) {
                window.take_back(count, counted);
            }
        }
    }

    // Looks at the next few counters, as the hand of a clock goes round: the empty ones are forgotten, and when the shard is still
    // full, the one that empties soonest too.
    fn sweep(&mut self, now: Instant) {
        let after = (Bound::Excluded(self.hand.as_ref()), Bound::Unbounded);
        let seen: Vec<(Instant, Box<str>)> = self
            .counters
            .range::<str, _>(after)
            .chain(self.counters.iter())
            .take(SWEEP_STEP)
            .map(|(key, window)| (window.empty_at(), key.clone()))
            .collect();
        for (_, key) in seen.iter().filter(|(empty_at, _)| *empty_at <= now) {
            self.counters.remove(key);
        }
        if self.counters.len() >= COUNTERS_PER_SHARD_MAX
            && let Some((_, key)) = seen.iter().min()
        {
            self.counters.remove(key);
        }
        if let Some((_, key)) = seen.into_iter().next_back() {
            self.hand = key;
        }
    }
}

// The length keeps names and subjects apart; `=` and `#` keep subjects and digests apart.
fn write_key(key: &mut String, subject: &str, name: &str, period: u128) {
    key.clear();
    // Writing to a string cannot fail.
    let _ = write!(key, "{period}:{}:{name}", name.len());
    if subject.len() <= SUBJECT_BYTES_MAX {
        let _ = write!(key, "={subject}");
    } else {
        key.push('#');
        for byte in Sha256::digest(subject.as_bytes()) {
            let _ = write!(key, "{byte:02x}");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn at(seconds: u64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    fn rule(name: &str, calls: u64) -> Rule<'_> {
        Rule { name, calls, period: MINUTE }
    }

    #[test]
    fn remaining_falls_to_zero_and_the_next_call_waits_for_the_oldest() {
        let limits = Limits::default();
        let rules = [rule("", 2)];
        assert_eq!(limits.check_and_count("a", &rules, 1, at(0)), Verdict::Allowed { remaining: 1 });
        assert_eq!(limits.check_and_count("a", &rules, 1, at(10)), Verdict::Allowed { remaining: 0 });
        let refused = Verdict::Refused { retry_after: Duration::from_secs(40) };
        assert_eq!(limits.check_and_count("a", &rules, 1, at(20)), refused);
        // What was refused was not counted.
        assert_eq!(limits.check_and_count("a", &rules, 1, at(60)), Verdict::Allowed { remaining: 0 });
        assert_eq!(limits.check_and_count("b", &rules, 1, at(20)), Verdict::Allowed { remaining: 1 });
    }

    #[test]
    fn a_call_that_one_rule_refuses_is_counted_for_none() {
        let limits = Limits::default();
        let wide = [rule("wide", 10)];
        let both = [rule("wide", 10), rule("narrow", 1)];
        assert_eq!(limits.check_and_count("a", &both, 1, at(0)), Verdict::Allowed { remaining: 0 });
        assert_eq!(
            limits.check_and_count("a", &both, 1, at(1)),
            Verdict::Refused { retry_after: Duration::from_secs(59) }
        );
        assert_eq!(limits.check_and_count("a", &wide, 1, at(2)), Verdict::Allowed { remaining: 8 });
    }

    #[test]
    fn names_periods_and_subjects_have_counters_of_their_own() {
        let limits = Limits::default();
        let one = |name, seconds| [Rule { name, calls: 1, period: Duration::from_secs(seconds) }];
        for (subject, rules) in [("x", one("a", 60)), ("x", one("b", 60)), ("x", one("a", 30)), ("y", one("a", 60))] {
            assert_eq!(limits.check_and_count(subject, &rules, 1, at(0)), Verdict::Allowed { remaining: 0 });
        }
        assert_eq!(limits.counters(), 4);
        // `1:a` + `=x` is not `a=x` + ``.
        assert_eq!(limits.check_and_count("", &one("a=x", 60), 1, at(0)), Verdict::Allowed { remaining: 0 });
    }

    #[test]
    fn checked_at_the_start_and_counted_at_the_end() {
        let limits = Limits::default();
        let rules = [rule("", 1)];
        assert_eq!(limits.check("a", &rules, at(0)), Verdict::Allowed { remaining: 1 });
        assert_eq!(limits.check("a", &rules, at(0)), Verdict::Allowed { remaining: 1 });
        limits.count("a", &rules, 1, at(1));
        limits.count("a", &rules, 1, at(2));
        // Two were under way at once: the limit is exceeded by one, and both must leave before the next fits.
        assert_eq!(limits.check("a", &rules, at(3)), Verdict::Refused { retry_after: Duration::from_secs(59) });
    }

    #[test]
    fn what_was_less_than_counted_is_taken_back() {
        let limits = Limits::default();
        let rules = [rule("", 10)];
        assert_eq!(limits.check_and_count("a", &rules, 7, at(0)), Verdict::Allowed { remaining: 3 });
        assert_eq!(limits.check_and_count("a", &rules, 3, at(30)), Verdict::Allowed { remaining: 0 });
        limits.take_back("a", &rules, 5, at(0));
        assert_eq!(limits.check("a", &rules, at(31)), Verdict::Allowed { remaining: 5 });
        // Never more than was counted then, and nothing of what has left.
        limits.take_back("a", &rules, 5, at(0));
        assert_eq!(limits.check("a", &rules, at(32)), Verdict::Allowed { remaining: 7 });
        assert_eq!(limits.check("a", &rules, at(70)), Verdict::Allowed { remaining: 7 });
        limits.take_back("a", &rules, 5, at(0));
        assert_eq!(limits.check("a", &rules, at(71)), Verdict::Allowed { remaining: 7 });
    }

    #[test]
    fn increments_above_one_and_zero() {
        let limits = Limits::default();
        let rules = [rule("", 10)];
        assert_eq!(limits.check_and_count("a", &rules, 7, at(0)), Verdict::Allowed { remaining: 3 });
        assert!(matches!(limits.check_and_count("a", &rules, 4, at(0)), Verdict::Refused { .. }));
        assert_eq!(limits.check_and_count("a", &rules, 0, at(0)), Verdict::Allowed { remaining: 3 });
        assert_eq!(limits.check_and_count("a", &rules, 3, at(0)), Verdict::Allowed { remaining: 0 });
        assert!(matches!(limits.check_and_count("a", &rules, 0, at(0)), Verdict::Refused { .. }));
    }

    #[test]
    fn subjects_of_any_length_take_bounded_memory() {
        let limits = Limits::default();
        let (long, other) = ("k".repeat(100_000), "k".repeat(100_001));
        let rules = [rule("", 1)];
        assert_eq!(limits.check_and_count(&long, &rules, 1, at(0)), Verdict::Allowed { remaining: 0 });
        assert_eq!(limits.check_and_count(&other, &rules, 1, at(0)), Verdict::Allowed { remaining: 0 });
        assert!(matches!(limits.check_and_count(&long, &rules, 1, at(0)), Verdict::Refused { .. }));
        assert!(limits.shards.iter().all(|shard| shard.counters.keys().all(|key| key.len() < 100)));
    }

    #[test]
    fn a_flood_of_subjects_is_bounded_and_empty_counters_are_forgotten() {
        let limits = Limits::default();
        let rules = [rule("", 1)];
        for number in 0..(SHARDS * COUNTERS_PER_SHARD_MAX + 20_000) {
            limits.count(&number.to_string(), &rules, 1, at(0));
        }
        assert!(limits.counters() <= SHARDS * COUNTERS_PER_SHARD_MAX);
        for number in 0..40_000 {
            limits.count(&format!("later {number}"), &rules, 1, at(100));
        }
        assert!(limits.counters() <= 50_000, "{} counters", limits.counters());
    }

    #[test]
    fn threads_together_never_exceed_a_limit() {
        let limits = Limits::default();
        let allowed = std::sync::atomic::AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for second in 0..500 {
                        let verdict =
                            limits.check_and_count("a", &[rule("n", 700), rule("m", 800)], 1, at(second / 100));
                        if matches!(verdict, Verdict::Allowed { .. }) {
                            allowed.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        assert_eq!(allowed.into_inner(), 700);
    }

    proptest! {
        #[test]
        fn equal_inputs_give_equal_verdicts(
            calls in prop::collection::vec((0_u8..6, 1_u64..4, 0_u64..3, 0_u64..20), 0..200),
        ) {
            let trace = || {
                let limits = Limits::default();
                let mut clock = 0;
                let verdicts: Vec<Verdict> = calls.iter().map(|(subject, allowed, increment, step)| {
                    clock += step;
                    limits.check_and_count(&subject.to_string(), &[rule("r", *allowed)], *increment, at(clock))
                }).collect();
                verdicts
            };
            prop_assert_eq!(trace(), trace());
        }
    }
}
