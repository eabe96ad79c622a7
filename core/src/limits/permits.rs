//! How many things happen at once under a key: `limit-concurrency`. A permit is given back when it is dropped, however that comes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::shards::lock;

/// All permits of a process that are out.
#[derive(Debug, Default)]
pub struct Permits {
    // A key without permits has no entry: what clients make up as keys is kept only while their calls run.
    out: Mutex<BTreeMap<Arc<str>, u64>>,
}

/// The right to go on, until it is dropped.
#[derive(Debug)]
pub struct Permit {
    permits: Arc<Permits>,
    key: Arc<str>,
}

impl Permits {
    /// A permit, unless `max` are out for `key` already. Nobody waits.
    #[must_use]
    pub fn acquire(self: &Arc<Self>, key: &Arc<str>, max: u64) -> Option<Permit> {
        let mut out = lock(&self.out);
        let count = out.get(key).copied().unwrap_or(0);
        if count >= max {
            return None;
        }
        out.insert(Arc::clone(key), count + 1);
        Some(Permit { permits: Arc::clone(self), key: Arc::clone(key) })
    }

    /// How many permits are out under all keys together.
    #[must_use]
    pub fn out(&self) -> u64 {
        lock(&self.out).values().sum()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut out = lock(&self.permits.out);
        match out.get_mut(&self.key) {
            Some(count) if *count > 1 => *count -= 1,
            Some(_) | None => {
                out.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permits_come_back_when_they_are_dropped() {
        let permits = Arc::new(Permits::default());
        let (a, b): (Arc<str>, Arc<str>) = (Arc::from("a"), Arc::from("b"));
        let first = permits.acquire(&a, 2).unwrap();
        let second = permits.acquire(&a, 2).unwrap();
        assert!(permits.acquire(&a, 2).is_none());
        let other = permits.acquire(&b, 1).unwrap();
        assert_eq!(permits.out(), 3);
        drop(first);
        let again = permits.acquire(&a, 2).unwrap();
        drop((second, other, again));
        assert_eq!(permits.out(), 0);
        assert!(permits.out.lock().unwrap().is_empty());
    }

    #[test]
    fn a_maximum_of_zero_lets_nobody_in() {
        assert!(Arc::new(Permits::default()).acquire(&Arc::from("a"), 0).is_none());
    }

    #[test]
    fn threads_together_never_exceed_the_maximum() {
        let permits = Arc::new(Permits::default());
        let key: Arc<str> = Arc::from("k");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        let permit = permits.acquire(&key, 2);
                        assert!(permits.out() <= 2);
                        drop(permit);
                    }
                });
            }
        });
        assert_eq!(permits.out(), 0);
    }
}
