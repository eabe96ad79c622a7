//! Quotas: calls and content in fixed windows that follow one another from an anchor. Counts for this process alone, and from zero
//! when it restarts, as the original says of itself.

use std::collections::BTreeMap;
use std::time::Duration;

use super::shards::Shards;
use super::write_key;
use crate::time::WallTime;

/// Counters that one shard holds. A full shard forgets the one whose window ends first.
pub const QUOTAS_PER_SHARD_MAX: usize = 8192;

/// The start of the windows when nothing else is said, 0001-01-01T00:00:00Z, in seconds from the Unix epoch.
pub const FIRST_PERIOD_START: i64 = -62_135_596_800;

/// All quotas of the process. They outlive configurations.
#[derive(Debug, Default)]
pub struct Quotas {
    shards: Shards<BTreeMap<Box<str>, Counter>>,
}

/// One quota that a subject is held to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaRule {
    /// Which quota: the same subject has one counter for each name and period.
    pub name: String,
    /// Calls in a window.
    pub calls: Option<u64>,
    /// Bytes of content in a window, both ways.
    pub bytes: Option<u64>,
    /// The length of a window; `None` means that it never ends.
    pub period: Option<Duration>,
    /// When the first window began, in seconds from the Unix epoch.
    pub anchor: i64,
}

/// What stops a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted {
    /// What is used up.
    pub what: What,
    /// How long until the next window; `None` when there is none.
    pub replenished_in: Option<Duration>,
}

/// What a quota counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Calls.
    Calls,
    /// Content.
    Bandwidth,
}

/// Where the content of a call is counted once its size is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meter {
    subject: String,
    rule: QuotaRule,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counter {
    window: i64,
    // When the window ends, in seconds from the Unix epoch.
    ends: i64,
    calls: u64,
    bytes: u64,
}

impl Quotas {
    /// Checks `subject` against all `rules`; counts `increment` calls for each when none stops it, otherwise nothing.
    ///
    /// # Errors
    /// The first quota that is used up.
    pub fn check_and_count(
        &self,
        subject: &str,
        rules: &[QuotaRule],
        increment: u64,
        now: WallTime,
    ) -> Result<(), Exhausted> {
        let mut shard = self.shards.of(subject);
        for rule in rules {
            let counter = current(&mut shard, subject, rule, now);
            let stops = |what| Err(Exhausted { what, replenished_in: rule.remaining(now) });
            if rule.calls.is_some_and(|calls| counter.calls.saturating_add(increment.max(1)) > calls) {
                return stops(What::Calls);
            }
            if rule.bytes.is_some_and(|bytes| counter.bytes >= bytes) {
                return stops(What::Bandwidth);
            }
        }
        for rule in rules.iter().filter(|_| increment > 0) {
            let counter = current(&mut shard, subject, rule, now);
            counter.calls = counter.calls.saturating_add(increment);
        }
        Ok(())
    }

    /// Counts calls, allowed or not: the end of a call that was only checked at its start.
    pub fn count_calls(&self, meter: &Meter, calls: u64, now: WallTime) {
        let mut shard = self.shards.of(&meter.subject);
        let counter = current(&mut shard, &meter.subject, &meter.rule, now);
        counter.calls = counter.calls.saturating_add(calls);
    }

    /// Takes back calls that were counted at the moment `counted`, unless their window is over.
    pub fn take_back(&self, meter: &Meter, calls: u64, counted: WallTime) {
        let mut shard = self.shards.of(&meter.subject);
        let counter = current(&mut shard, &meter.subject, &meter.rule, counted);
        if counter.window == meter.rule.window(counted).0 {
            counter.calls = counter.calls.saturating_sub(calls);
        }
    }

    /// Calls that still fit into the window of `now`.
    #[must_use]
    pub fn left(&self, subject: &str, rule: &QuotaRule, now: WallTime) -> u64 {
        let mut shard = self.shards.of(subject);
        rule.calls.unwrap_or(u64::MAX).saturating_sub(current(&mut shard, subject, rule, now).calls)
    }

    /// Counts content, in bytes, in the window of `now`.
    pub fn count_bytes(&self, meter: &Meter, bytes: u64, now: WallTime) {
        let mut shard = self.shards.of(&meter.subject);
        let counter = current(&mut shard, &meter.subject, &meter.rule, now);
        counter.bytes = counter.bytes.saturating_add(bytes);
    }

    /// How many counters there are.
    #[must_use]
    pub fn counters(&self) -> usize {
        self.shards.iter().map(|shard| shard.len()).sum()
    }
}

// The counter of the window of `now`, from zero when the last one was of an earlier window.
fn current<'s>(
    shard: &'s mut BTreeMap<Box<str>, Counter>,
    subject: &str,
    rule: &QuotaRule,
    now: WallTime,
) -> &'s mut Counter {
    let mut key = String::new();
    write_key(&mut key, subject, &rule.name, rule.period.map_or(0, |period| period.as_nanos()));
    let (window, ends) = rule.window(now);
    let fresh = Counter { window, ends, calls: 0, bytes: 0 };
    if shard.len() >= QUOTAS_PER_SHARD_MAX && !shard.contains_key(key.as_str()) {
        let first = shard.iter().min_by_key(|(_, counter)| counter.ends).map(|(key, _)| key.clone());
        if let Some(first) = first {
            shard.remove(&first);
        }
    }
    let counter = shard.entry(Box::from(key)).or_insert(fresh);
    // A clock that was set back goes on counting in the later window.
    if counter.window < window {
        *counter = fresh;
    }
    counter
}

impl QuotaRule {
    /// Where calls and content of `subject` are counted later.
    #[must_use]
    pub fn meter(&self, subject: &str) -> Meter {
        Meter { subject: subject.to_owned(), rule: self.clone() }
    }

    // The number of the window of `now`, and when it ends.
    fn window(&self, now: WallTime) -> (i64, i64) {
        let Some(period) = self.seconds() else { return (0, i64::MAX) };
        let index = now.unix_seconds().saturating_sub(self.anchor).div_euclid(period);
        (index, self.anchor.saturating_add(index.saturating_add(1).saturating_mul(period)))
    }

    fn remaining(&self, now: WallTime) -> Option<Duration> {
        self.seconds()?;
        let left = self.window(now).1.saturating_sub(now.unix_seconds());
        Some(Duration::from_secs(u64::try_from(left).unwrap_or(0)))
    }

    fn seconds(&self) -> Option<i64> {
        self.period.map(|period| i64::try_from(period.as_secs()).unwrap_or(i64::MAX)).filter(|seconds| *seconds > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::SHARDS;

    fn at(seconds: i64) -> WallTime {
        WallTime::from_unix_seconds(seconds)
    }

    fn rule(calls: Option<u64>, bytes: Option<u64>) -> QuotaRule {
        QuotaRule { name: "q".to_owned(), calls, bytes, period: Some(Duration::from_secs(300)), anchor: 100 }
    }

    #[test]
    fn windows_follow_one_another_from_the_anchor() {
        let quotas = Quotas::default();
        let rules = [rule(Some(2), None)];
        assert_eq!(quotas.check_and_count("a", &rules, 1, at(399)), Ok(()));
        assert_eq!(quotas.check_and_count("a", &rules, 1, at(399)), Ok(()));
        let used_up = Exhausted { what: What::Calls, replenished_in: Some(Duration::from_secs(1)) };
        assert_eq!(quotas.check_and_count("a", &rules, 1, at(399)), Err(used_up));
        assert_eq!(quotas.check_and_count("b", &rules, 1, at(399)), Ok(()));
        assert_eq!(quotas.check_and_count("a", &rules, 2, at(400)), Ok(()));
        let used_up = Exhausted { replenished_in: Some(Duration::from_secs(299)), ..used_up };
        assert_eq!(quotas.check_and_count("a", &rules, 1, at(401)), Err(used_up));
        // Set back, the clock opens no window again.
        assert!(quotas.check_and_count("a", &rules, 1, at(399)).is_err());
    }

    #[test]
    fn content_counts_once_its_size_is_known() {
        let quotas = Quotas::default();
        let rules = [rule(None, Some(1000))];
        let meter = rules[0].meter("a");
        assert_eq!(quotas.check_and_count("a", &rules, 1, at(100)), Ok(()));
        quotas.count_bytes(&meter, 999, at(100));
        assert_eq!(quotas.check_and_count("a", &rules, 1, at(100)), Ok(()));
        quotas.count_bytes(&meter, 1, at(100));
        let stopped = quotas.check_and_count("a", &rules, 1, at(100)).unwrap_err();
        assert_eq!(stopped.what, What::Bandwidth);
        assert_eq!(quotas.check_and_count("a", &rules, 1, at(400)), Ok(()));
    }

    #[test]
    fn what_is_taken_back_is_left_again() {
        let quotas = Quotas::default();
        let rules = [rule(Some(10), None)];
        assert_eq!(quotas.left("a", &rules[0], at(100)), 10);
        assert_eq!(quotas.check_and_count("a", &rules, 7, at(100)), Ok(()));
        quotas.take_back(&rules[0].meter("a"), 4, at(100));
        assert_eq!(quotas.left("a", &rules[0], at(399)), 7);
        assert_eq!(quotas.check_and_count("a", &rules, 2, at(400)), Ok(()));
        // What was counted in a window that is over.
        quotas.take_back(&rules[0].meter("a"), 3, at(399));
        assert_eq!(quotas.left("a", &rules[0], at(400)), 8);
    }

    #[test]
    fn what_one_rule_stops_is_counted_by_none() {
        let quotas = Quotas::default();
        let wide = QuotaRule { name: "wide".to_owned(), ..rule(Some(10), None) };
        let both = [wide.clone(), rule(Some(1), None)];
        assert_eq!(quotas.check_and_count("a", &both, 1, at(100)), Ok(()));
        for _ in 0..5 {
            assert!(quotas.check_and_count("a", &both, 1, at(100)).is_err());
        }
        assert_eq!(quotas.check_and_count("a", std::slice::from_ref(&wide), 9, at(100)), Ok(()));
        assert!(quotas.check_and_count("a", &[wide], 1, at(100)).is_err());
    }

    #[test]
    fn without_a_period_it_is_never_replenished() {
        let quotas = Quotas::default();
        let rules = [QuotaRule { period: None, ..rule(Some(1), None) }];
        assert_eq!(quotas.check_and_count("a", &rules, 1, at(0)), Ok(()));
        let forever = Exhausted { what: What::Calls, replenished_in: None };
        assert_eq!(quotas.check_and_count("a", &rules, 1, at(4_000_000_000)), Err(forever));
    }

    #[test]
    fn a_flood_of_subjects_is_bounded() {
        let quotas = Quotas::default();
        let rules = [rule(Some(1), None)];
        for number in 0..(SHARDS * QUOTAS_PER_SHARD_MAX + 2_000) {
            assert_eq!(quotas.check_and_count(&number.to_string(), &rules, 1, at(100)), Ok(()));
        }
        let most = SHARDS * QUOTAS_PER_SHARD_MAX;
        assert!((most - 2_000..=most).contains(&quotas.counters()), "{} counters", quotas.counters());
    }
}
