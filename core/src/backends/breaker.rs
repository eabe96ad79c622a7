//! One circuit breaker: counts failures within the last interval, and keeps calls away for a while once there are too many.

use std::time::Duration;

use crate::config::model::CircuitBreaker;
use crate::limits::window::Window;
use crate::time::Instant;

/// A share of failures says something from this many calls within the interval on. Decision: the original publishes no number, and one
/// failure of one call must not keep a backend away.
const CALLS_FOR_A_SHARE: u64 = 10;

/// The longest time that an answer's `Retry-After` keeps a breaker tripped.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Debug)]
pub(super) struct Breaker {
    interval: Duration,
    calls: Window,
    failures: Window,
    tripped_until: Option<Instant>,
}

impl Breaker {
    pub(super) const fn new(interval: Duration) -> Self {
        Self { interval, calls: Window::new(interval), failures: Window::new(interval), tripped_until: None }
    }

    pub(super) fn tripped_for(&self, now: Instant) -> Option<Duration> {
        self.tripped_until.filter(|until| *until > now).map(|until| until.saturating_since(now))
    }

    // Calls that were under way when it tripped change nothing any more.
    pub(super) fn count(
        &mut self,
        rule: &CircuitBreaker,
        failed: bool,
        retry_after: Option<Duration>,
        now: Instant,
    ) -> bool {
        if self.tripped_for(now).is_some() {
            return false;
        }
        // Closed again, or held to another rule than before: what was counted then is forgotten.
        if self.tripped_until.is_some() || self.interval != rule.interval {
            *self = Self::new(rule.interval);
        }
        // Drops what has left before it adds, so that no window grows without bound.
        let calls = self.calls.total(now).saturating_add(1);
        self.calls.add(1, now);
        if !failed {
            return false;
        }
        let failures = self.failures.total(now).saturating_add(1);
        self.failures.add(1, now);
        let by_count = rule.count.is_some_and(|count| failures >= count);
        let share = |percentage: u64| failures.saturating_mul(100) >= calls.saturating_mul(percentage);
        let by_share = calls >= CALLS_FOR_A_SHARE && rule.percentage.is_some_and(share);
        if !by_count && !by_share {
            return false;
        }
        let asked = retry_after.filter(|_| rule.accept_retry_after).map(|asked| asked.min(RETRY_AFTER_MAX));
        self.tripped_until = Some(now.saturating_add(asked.unwrap_or(rule.trip)));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn rule(count: Option<u64>, percentage: Option<u64>) -> CircuitBreaker {
        CircuitBreaker {
            count,
            percentage,
            interval: MINUTE,
            statuses: vec![500..=599],
            reasons: Vec::new(),
            trip: MINUTE * 5,
            accept_retry_after: true,
        }
    }

    fn at(seconds: u64) -> Instant {
        Instant::ZERO.saturating_add(Duration::from_secs(seconds))
    }

    #[test]
    fn trips_by_count_within_the_interval_and_closes_with_nothing_counted() {
        let rule = rule(Some(2), None);
        let mut breaker = Breaker::new(MINUTE);
        assert!(!breaker.count(&rule, true, None, at(0)));
        assert!(!breaker.count(&rule, true, None, at(61)), "the first one has left");
        assert!(breaker.count(&rule, true, None, at(90)));
        assert_eq!(breaker.tripped_for(at(100)), Some(Duration::from_secs(290)));
        assert!(!breaker.count(&rule, true, None, at(100)), "a call that was under way");
        assert_eq!(breaker.tripped_for(at(390)), None);
        assert!(!breaker.count(&rule, true, None, at(390)), "one failure after it closed");
        assert!(breaker.count(&rule, true, None, at(391)));
    }

    #[test]
    fn a_share_needs_ten_calls() {
        let rule = rule(None, Some(50));
        let mut breaker = Breaker::new(MINUTE);
        for call in 0..9 {
            assert!(!breaker.count(&rule, call % 2 == 0, None, at(call)), "{call}");
        }
        assert!(breaker.count(&rule, true, None, at(9)), "six of ten");
    }

    #[test]
    fn retry_after_counts_where_the_rule_accepts_it() {
        let accepting = rule(Some(1), None);
        let mut breaker = Breaker::new(MINUTE);
        assert!(breaker.count(&accepting, true, Some(Duration::from_secs(7)), at(0)));
        assert_eq!(breaker.tripped_for(at(0)), Some(Duration::from_secs(7)));
        let deaf = CircuitBreaker { accept_retry_after: false, ..accepting };
        assert!(breaker.count(&deaf, true, Some(Duration::from_secs(7)), at(7)));
        assert_eq!(breaker.tripped_for(at(7)), Some(MINUTE * 5));
    }
}
