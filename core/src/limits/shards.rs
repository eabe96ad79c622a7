//! State that exchanges share, in parts with a lock each, so that two exchanges meet only on the same key's part. Knows nothing of
//! what is in them.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Parts that a state is kept in.
pub const SHARDS: usize = 16;

/// A state in parts.
#[derive(Debug, Default)]
pub(crate) struct Shards<T>([Mutex<T>; SHARDS]);

impl<T> Shards<T> {
    /// The part that `key` belongs to.
    pub(crate) fn of(&self, key: &str) -> MutexGuard<'_, T> {
        let [first, ..] = &self.0;
        lock(self.0.get(index_of(key)).unwrap_or(first))
    }

    /// All parts, locked one after the other.
    pub(crate) fn iter(&self) -> impl Iterator<Item = MutexGuard<'_, T>> {
        self.0.iter().map(lock)
    }
}

/// Locks a state that holds whole even when a thread has panicked with its lock: whose every change is complete or not begun.
pub(crate) fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The index of the part that `key` belongs to. The same in every process, so that a simulation repeats; whoever picks keys to share
/// a part wins contention only.
pub(crate) fn index_of(key: &str) -> usize {
    // FNV-1a
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    usize::try_from(key.bytes().fold(0xcbf2_9ce4_8422_2325, mix) % SHARDS as u64).unwrap_or(0)
}
