//! What external caches have failed to do, counted for the whole process, and told at most once in a while.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use holdfast_core::config::external_cache::ExternalCache;
use holdfast_core::telemetry::{Event, Level};
use holdfast_core::time::Now;

use super::Surroundings;
use crate::limits::CACHE_WARNING_INTERVAL;

const SOURCE: &str = "cache";

/// Counters that all workers share.
#[derive(Debug, Default)]
pub struct CacheTally {
    failures: AtomicU64,
    told: AtomicU64,
    // When the last warning was written, in nanoseconds of the monotonic clock, and one more; 0 means never.
    warned: AtomicU64,
    is_down: AtomicBool,
}

impl CacheTally {
    /// How often an exchange went on without a cache: look-ups, removals and entries that were not stored.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    // Counts a failure; how many there were since the last warning when it is time for one.
    fn count(&self, now: Now) -> Option<u64> {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let nanos = now.instant.as_nanos().saturating_add(1);
        let interval = u64::try_from(CACHE_WARNING_INTERVAL.as_nanos()).unwrap_or(u64::MAX);
        let warned = self.warned.load(Ordering::Acquire);
        if warned != 0 && nanos.saturating_sub(warned) < interval {
            return None;
        }
        self.warned.compare_exchange(warned, nanos, Ordering::AcqRel, Ordering::Acquire).ok()?;
        self.is_down.store(true, Ordering::Release);
        Some(failures.saturating_sub(self.told.swap(failures, Ordering::AcqRel)))
    }

    // Whether this is the first answer after a warning.
    fn is_back(&self) -> bool {
        self.is_down.load(Ordering::Acquire) && self.is_down.swap(false, Ordering::AcqRel)
    }
}

impl<N> Surroundings<N> {
    /// An exchange goes on without the cache.
    pub(super) fn failed(&self, cache: &ExternalCache, why: &str) {
        let now = self.clock.now();
        let Some(count) = self.plane.cache_tally.count(now) else { return };
        let message = format!(
            "the external cache `{}` at {} does not serve: {why}; calls go on without it, {count} times since this was said last",
            cache.id,
            places(cache)
        );
        self.sink.event(&Event::new(now.wall, Level::Warn, SOURCE, "ExternalCacheNotAvailable", message));
    }

    /// An exchange got an answer.
    pub(super) fn recovered(&self, cache: &ExternalCache) {
        if self.plane.cache_tally.is_back() {
            let message = format!("the external cache `{}` at {} serves again", cache.id, places(cache));
            self.sink.event(&Event::new(self.clock.now().wall, Level::Info, SOURCE, "ExternalCacheAvailable", message));
        }
    }

    /// No connection could be made; that somebody had to go without one is told elsewhere.
    pub(super) fn unreachable(&self, cache: &ExternalCache, (host, port): &(String, u16), why: &str) {
        let message = format!("no connection to the external cache `{}` at {host}:{port}: {why}", cache.id);
        self.sink.event(&Event::new(self.clock.now().wall, Level::Debug, SOURCE, "ExternalCacheUnreachable", message));
    }
}

fn places(cache: &ExternalCache) -> String {
    let endpoints = cache.server.endpoints.iter();
    endpoints.map(|(host, port)| format!("{host}:{port}")).collect::<Vec<_>>().join(", ")
}
