//! The clocks. The only place of the production program that asks the operating system what time it is.

use std::time::{Instant as StdInstant, SystemTime, UNIX_EPOCH};

use holdfast_core::time::{Instant, Now, WallTime};

/// Something that knows what time it is.
pub trait Clock: Send + Sync + 'static {
    /// Both clocks.
    fn now(&self) -> Now;
}

/// The clocks of the operating system.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    started: StdInstant,
}

impl SystemClock {
    /// Clocks whose monotonic side starts at zero now.
    #[must_use]
    pub fn start() -> Self {
        Self { started: StdInstant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Now {
        let instant = u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let wall = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |nanos| -nanos),
        };
        Now { instant: Instant::from_nanos(instant), wall: WallTime::from_unix_nanos(wall) }
    }
}
