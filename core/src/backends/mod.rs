//! What a process knows of its backends: which circuit breakers are tripped, and whose turn it is in a pool. For this process alone, and
//! it outlives configurations. Chooses no address: `policy::balancing` does.

mod breaker;
mod turns;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use crate::config::model::CircuitBreaker;
use crate::limits::shards::lock;
use crate::time::Instant;
use breaker::Breaker;
use turns::Turns;

/// The state of all backends, by the lower-case id of their entities. As many entries as entities have had a breaker or a pool.
#[derive(Debug, Default)]
pub struct Backends {
    breakers: Mutex<BTreeMap<Box<str>, Breaker>>,
    pools: Mutex<BTreeMap<Box<str>, Turns>>,
}

impl Backends {
    /// How long the breaker of a backend stays tripped; `None` when calls may go there.
    #[must_use]
    pub fn tripped_for(&self, backend: &str, now: Instant) -> Option<Duration> {
        lock(&self.breakers).get(backend)?.tripped_for(now)
    }

    /// Counts a call that has ended. `retry_after` is what the answer asked for. Whether this call has tripped the breaker.
    pub fn count(
        &self,
        backend: &str,
        rule: &CircuitBreaker,
        failed: bool,
        retry_after: Option<Duration>,
        now: Instant,
    ) -> bool {
        let mut breakers = lock(&self.breakers);
        let breaker = match breakers.get_mut(backend) {
            Some(breaker) => breaker,
            None => breakers.entry(Box::from(backend)).or_insert_with(|| Breaker::new(rule.interval)),
        };
        breaker.count(rule, failed, retry_after, now)
    }

    /// The index of the member whose turn it is, among members with these weights. `None` when there is none.
    pub fn next(&self, pool: &str, members: &[(&str, u32)]) -> Option<usize> {
        let mut pools = lock(&self.pools);
        let turns = match pools.get_mut(pool) {
            Some(turns) => turns,
            None => pools.entry(Box::from(pool)).or_default(),
        };
        turns.next(members)
    }
}
