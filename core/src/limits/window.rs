//! One sliding window: what was counted in the last period, and when it leaves. Knows neither keys nor threads.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Instant;

/// Up to this many moments are kept apart, so that a window with no more calls in it is exact.
pub(super) const MOMENTS_EXACT: usize = 64;

/// Beyond [`MOMENTS_EXACT`], moments closer together than one part in so many of the period become one, at the later moment.
pub(super) const GRAINS: u32 = 64;

/// Calls counted within the last period.
///
/// Moments that became one leave together with the latest of them. So no window of the period ever holds more than was allowed, and
/// a call leaves at most one grain (period / [`GRAINS`]) later than it would leave an exact log. `a_window_never_holds_more_than_was_allowed`
/// and `retry_after_is_late_by_no_more_than_one_grain` hold it to that.
#[derive(Debug)]
pub(crate) struct Window {
    period: Duration,
    moments: VecDeque<Moment>,
    // INVARIANT: the sum of `count` over `moments`.
    total: u64,
}

#[derive(Debug)]
struct Moment {
    first: Instant,
    last: Instant,
    count: u64,
}

impl Window {
    pub(crate) const fn new(period: Duration) -> Self {
        Self { period, moments: VecDeque::new(), total: 0 }
    }

    /// When there is nothing left in it, if nothing more is counted.
    pub(super) fn empty_at(&self) -> Instant {
        self.moments.back().map_or(Instant::ZERO, |moment| moment.last.saturating_add(self.period))
    }

    /// Calls counted within the period that ends now.
    pub(crate) fn total(&mut self, now: Instant) -> u64 {
        while let Some(oldest) = self.moments.front() {
            if oldest.last.saturating_add(self.period) > now {
                break;
            }
            self.total = self.total.saturating_sub(oldest.count);
            self.moments.pop_front();
        }
        self.total
    }

    /// How long until `wanted` more fit below `calls`; zero when they fit now, the whole period when they never do.
    pub(super) fn wait(&mut self, calls: u64, wanted: u64, now: Instant) -> Duration {
        let mut held = self.total(now);
        if held.saturating_add(wanted) <= calls {
            return Duration::ZERO;
        }
        for moment in &self.moments {
            held = held.saturating_sub(moment.count);
            if held.saturating_add(wanted) <= calls {
                return moment.last.saturating_add(self.period).saturating_since(now);
            }
        }
        self.period
    }

    /// Counts `count` calls at this moment. Threads read the clock before they take the lock, so `now` may be a little earlier
    /// than the latest moment; it then counts as that moment.
    pub(crate) fn add(&mut self, count: u64, now: Instant) {
        if count == 0 {
            return;
        }
        self.total = self.total.saturating_add(count);
        let crowded = self.moments.len() >= MOMENTS_EXACT;
        let grain = self.period / GRAINS;
        if let Some(newest) = self.moments.back_mut() {
            let now = now.max(newest.last);
            if newest.last == now || (crowded && now.saturating_since(newest.first) < grain) {
                newest.last = now;
                newest.count = newest.count.saturating_add(count);
                return;
            }
        }
        self.moments.push_back(Moment { first: now, last: now, count });
    }
}

impl Window {
    /// Takes back what was counted at that moment, as far as it is still there.
    pub(crate) fn take_back(&mut self, count: u64, counted: Instant) {
        let is_it = |moment: &&mut Moment| moment.first <= counted && counted <= moment.last;
        if let Some(moment) = self.moments.iter_mut().rev().find(is_it) {
            let count = count.min(moment.count);
            moment.count -= count;
            self.total = self.total.saturating_sub(count);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PERIOD: Duration = Duration::from_secs(10);

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    fn accepted(calls: u64, arrivals: &[u64]) -> Vec<u64> {
        let mut window = Window::new(PERIOD);
        let mut accepted = Vec::new();
        for millis in arrivals {
            if window.wait(calls, 1, at(*millis)).is_zero() {
                window.add(1, at(*millis));
                accepted.push(*millis);
            }
        }
        accepted
    }

    // The oracle: a log of every call, nothing merged.
    fn accepted_by_an_exact_log(calls: usize, arrivals: &[u64]) -> Vec<u64> {
        let mut log: Vec<u64> = Vec::new();
        for millis in arrivals {
            if log.iter().filter(|counted| *counted + 10_000 > *millis).count() < calls {
                log.push(*millis);
            }
        }
        log
    }

    fn arrivals(steps: &[u16]) -> Vec<u64> {
        steps
            .iter()
            .scan(0_u64, |clock, step| {
                *clock += u64::from(*step);
                Some(*clock)
            })
            .collect()
    }

    #[test]
    fn a_call_leaves_after_exactly_one_period() {
        let mut window = Window::new(PERIOD);
        window.add(1, at(0));
        assert_eq!(window.total(at(9_999)), 1);
        assert_eq!(window.wait(1, 1, at(1_000)), Duration::from_secs(9));
        assert_eq!(window.total(at(10_000)), 0);
    }

    #[test]
    fn more_than_the_limit_itself_never_fits() {
        let mut window = Window::new(PERIOD);
        assert_eq!(window.wait(3, 4, at(0)), PERIOD);
        assert_eq!(window.wait(0, 1, at(0)), PERIOD);
    }

    #[test]
    fn a_clock_that_another_thread_read_earlier_counts_as_the_latest_moment() {
        let mut window = Window::new(PERIOD);
        window.add(1, at(500));
        window.add(1, at(400));
        assert_eq!(window.total(at(10_450)), 2);
        assert_eq!(window.total(at(10_500)), 0);
    }

    #[test]
    fn memory_is_bounded_however_many_calls_are_counted() {
        let mut window = Window::new(PERIOD);
        for millis in 0..30_000 {
            window.add(1, at(millis));
            window.total(at(millis));
        }
        assert!(window.moments.len() <= MOMENTS_EXACT * 2 + 1, "{} moments", window.moments.len());
        assert_eq!(window.moments.iter().map(|moment| moment.count).sum::<u64>(), window.total);
    }

    proptest! {
        #[test]
        fn a_window_never_holds_more_than_was_allowed(
            calls in 1_u64..300,
            steps in prop::collection::vec(prop_oneof![3 => 0_u16..40, 1 => 0_u16..3_000], 0..800),
        ) {
            let accepted = accepted(calls, &arrivals(&steps));
            for (index, start) in accepted.iter().enumerate() {
                let inside = accepted[index..].iter().filter(|millis| **millis < start + 10_000).count() as u64;
                prop_assert!(inside <= calls, "{inside} calls from {start} ms on");
            }
        }

        #[test]
        fn few_calls_are_counted_as_an_exact_log_counts_them(
            calls in 1_usize..=MOMENTS_EXACT,
            steps in prop::collection::vec(0_u16..900, 0..400),
        ) {
            let arrivals = arrivals(&steps);
            prop_assert_eq!(accepted(calls as u64, &arrivals), accepted_by_an_exact_log(calls, &arrivals));
        }

        #[test]
        fn retry_after_is_late_by_no_more_than_one_grain(
            calls in 1_u64..300,
            steps in prop::collection::vec(0_u16..60, 1..800),
        ) {
            let mut window = Window::new(PERIOD);
            let mut log: Vec<u64> = Vec::new();
            for millis in arrivals(&steps) {
                let wait = window.wait(calls, 1, at(millis));
                if wait.is_zero() {
                    window.add(1, at(millis));
                    log.push(millis);
                    continue;
                }
                let leaves = log[log.len() - usize::try_from(calls).unwrap()] + 10_000;
                let exact = at(leaves).saturating_since(at(millis));
                prop_assert!(wait >= exact && wait <= exact + PERIOD / GRAINS, "{wait:?} for {exact:?}");
            }
        }

        #[test]
        fn whoever_waits_as_told_is_accepted(
            calls in 1_u64..300,
            wanted in 1_u64..5,
            steps in prop::collection::vec(0_u16..60, 1..600),
        ) {
            let mut window = Window::new(PERIOD);
            let arrivals = arrivals(&steps);
            for millis in &arrivals {
                if window.wait(calls, 1, at(*millis)).is_zero() {
                    window.add(1, at(*millis));
                }
            }
            let last = at(*arrivals.last().unwrap());
            let wait = window.wait(calls, wanted, last);
            let again = window.wait(calls, wanted, last.saturating_add(wait));
            prop_assert_eq!(again.is_zero(), wanted <= calls);
        }
    }
}
