//! The clocks of a simulated host: monotonic time is the simulation's, wall time may be skewed and stepped per host.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use holdfast::clock::Clock;
use holdfast_core::time::{Instant, Now, WallTime};

/// What the simulated world's wall clock says at its beginning: 2026-01-01T00:00:00Z.
pub const EPOCH_UNIX_SECONDS: i64 = 1_767_225_600;

/// The clocks of one host.
#[derive(Clone, Debug, Default)]
pub struct SimClock {
    skew_nanos: Arc<AtomicI64>,
}

impl SimClock {
    /// Moves the host's wall clock by this many nanoseconds, forward or back.
    pub fn step_wall(&self, nanos: i64) {
        self.skew_nanos.fetch_add(nanos, Ordering::Relaxed);
    }
}

impl Clock for SimClock {
    fn now(&self) -> Now {
        let elapsed = turmoil::sim_elapsed().unwrap_or(Duration::ZERO);
        let nanos = i64::try_from(elapsed.as_nanos()).unwrap_or(i64::MAX);
        let wall = EPOCH_UNIX_SECONDS * 1_000_000_000 + nanos + self.skew_nanos.load(Ordering::Relaxed);
        Now { instant: Instant::from_nanos(nanos.unsigned_abs()), wall: WallTime::from_unix_nanos(wall) }
    }
}
