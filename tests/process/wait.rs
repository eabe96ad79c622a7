//! Waiting by looking again and again, with a deadline that only a broken program reaches. Asserts nothing about time.

use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(45);
const PAUSE: Duration = Duration::from_millis(25);

/// Looks until it succeeds; fails the test with the last problem seen when patience ends.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match look() {
            Ok(seen) => return seen,
            Err(_) if Instant::now() < deadline => thread::sleep(PAUSE),
            Err(problem) => panic!("waited {PATIENCE:?} until {what}: {problem}"),
        }
    }
}

/// `seen` as a success or as a problem, for [`until`].
pub(crate) fn check<T: std::fmt::Debug>(holds: bool, seen: T) -> Result<T, String> {
    if holds { Ok(seen) } else { Err(format!("{seen:?}")) }
}
