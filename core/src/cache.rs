//! The built-in cache: what policies keep between exchanges, in the memory of this process. Bounded in bytes; what was used least
//! recently goes first. Sharded, so that two exchanges meet only on the same key's shard. Knows nothing of how keys are made, but that `parted` may help. `stored` is
//! the form that entries have outside of the process.

pub mod parted;
pub mod stored;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::http::HeaderMap;
use crate::http::message::{Body, ResponseView};
use crate::limits::shards::{SHARDS, Shards};
use crate::time::Instant;
use crate::value::Value;
use crate::value::json::JFormatting;

/// What the cache holds when nobody says how much, in bytes.
pub const CACHE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// What one entry may weigh, its key included, in bytes: as much as the original keeps.
pub const ENTRY_BYTES_MAX: u64 = 2 * 1024 * 1024;

/// What an entry weighs besides its key and its content, in bytes: the maps that it stands in.
const ENTRY_COST: u64 = 256;

/// What a field of a message weighs besides its name and value, in bytes.
const FIELD_COST: u64 = 64;

/// What a JSON token weighs for each byte of its text.
const JSON_COST: u64 = 8;

/// The cache of the process. It outlives configurations: an entry is named by its key alone.
#[derive(Debug)]
pub struct Cache {
    shards: Shards<Shard>,
    // What one shard holds, in bytes.
    shard_bytes_max: u64,
}

impl Default for Cache {
    fn default() -> Self {
        Self::holding(CACHE_BYTES_MAX)
    }
}

/// What is kept.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// A value of an expression. INVARIANT: nobody changes it in place; who keeps JSON keeps a copy, and copies what it finds.
    Value(Value),
    /// A response with its content.
    Response(Arc<ResponseView>),
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// What was kept.
    pub item: Item,
    /// For how long it has been kept.
    pub age: Duration,
    /// For how long it is kept in all.
    pub lifetime: Duration,
}

/// Whether something was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It was.
    Yes,
    /// It weighs more than [`ENTRY_BYTES_MAX`], or than the cache holds in one part.
    TooLarge,
}

#[derive(Debug, Default)]
struct Shard {
    entries: BTreeMap<Arc<str>, Entry>,
    // The entries by when they were used, the longest unused first.
    used: BTreeMap<u64, Arc<str>>,
    // The entries by when they expire.
    expiring: BTreeSet<(Instant, Arc<str>)>,
    // Counts uses.
    uses: u64,
    bytes: u64,
}

#[derive(Debug)]
struct Entry {
    item: Item,
    stored: Instant,
    lifetime: Duration,
    used: u64,
    bytes: u64,
}

impl Cache {
    /// A cache of at most so many bytes, in parts of equal size. An entry is in one part: what is larger than a part is not kept.
    #[must_use]
    pub fn holding(bytes_max: u64) -> Self {
        let parts = u64::try_from(SHARDS).unwrap_or(u64::MAX);
        Self { shards: Shards::default(), shard_bytes_max: bytes_max / parts }
    }

    /// What is kept under `key` and has not expired.
    #[must_use]
    pub fn get(&self, key: &str, now: Instant) -> Option<Found> {
        self.shards.of(key).get(key, now)
    }

    /// Keeps `item` under `key` for `lifetime`, in place of what was there. What is too large is not kept, and what was there goes.
    pub fn put(&self, key: &str, item: Item, lifetime: Duration, now: Instant) -> Kept {
        let bytes = ENTRY_COST.saturating_add(length(key.len())).saturating_add(weight(&item));
        let mut shard = self.shards.of(key);
        shard.remove(key);
        if bytes > ENTRY_BYTES_MAX.min(self.shard_bytes_max) {
            return Kept::TooLarge;
        }
        shard.make_room(bytes, self.shard_bytes_max, now);
        shard.insert(Arc::from(key), Entry { item, stored: now, lifetime, used: 0, bytes });
        Kept::Yes
    }

    /// Forgets what is kept under `key`.
    pub fn remove(&self, key: &str) {
        self.shards.of(key).remove(key);
    }

    /// What all entries weigh, in bytes; those that have expired and were not forgotten yet included.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.shards.iter().map(|shard| shard.bytes).sum()
    }
}

impl Shard {
    fn get(&mut self, key: &str, now: Instant) -> Option<Found> {
        let next = self.uses.saturating_add(1);
        let (name, entry) = self.entries.get_key_value(key)?;
        if entry.expires() <= now {
            self.remove(key);
            return None;
        }
        self.used.remove(&entry.used);
        self.used.insert(next, Arc::clone(name));
        self.uses = next;
        let entry = self.entries.get_mut(key)?;
        entry.used = next;
        let age = now.saturating_since(entry.stored);
        Some(Found { item: entry.item.clone(), age, lifetime: entry.lifetime })
    }

    fn insert(&mut self, key: Arc<str>, mut entry: Entry) {
        self.uses = self.uses.saturating_add(1);
        entry.used = self.uses;
        self.bytes = self.bytes.saturating_add(entry.bytes);
        self.used.insert(entry.used, Arc::clone(&key));
        self.expiring.insert((entry.expires(), Arc::clone(&key)));
        self.entries.insert(key, entry);
    }

    fn remove(&mut self, key: &str) {
        let Some((key, entry)) = self.entries.remove_entry(key) else { return };
        self.bytes = self.bytes.saturating_sub(entry.bytes);
        self.used.remove(&entry.used);
        self.expiring.remove(&(entry.expires(), key));
    }

    // What has expired goes first, then what was used least recently.
    fn make_room(&mut self, bytes: u64, bytes_max: u64, now: Instant) {
        while self.bytes.saturating_add(bytes) > bytes_max {
            let expired = self.expiring.first().filter(|(expires, _)| *expires <= now).map(|(_, key)| key);
            let Some(key) = expired.or_else(|| self.used.first_key_value().map(|(_, key)| key)) else { return };
            let key = Arc::clone(key);
            self.remove(&key);
        }
    }
}

impl Entry {
    fn expires(&self) -> Instant {
        self.stored.saturating_add(self.lifetime)
    }
}

fn weight(item: &Item) -> u64 {
    match item {
        Item::Response(response) => response_weight(response),
        Item::Value(Value::Response(response)) => response_weight(response),
        Item::Value(Value::String(text)) => length(text.len()),
        Item::Value(Value::Bytes(bytes)) => length(bytes.len()),
        Item::Value(Value::Chars(units)) => length(units.len()).saturating_mul(2),
        Item::Value(Value::Strings(texts)) => {
            texts.iter().map(|text| length(text.len()).saturating_add(FIELD_COST)).fold(0, u64::saturating_add)
        }
        Item::Value(Value::Json(token)) => length(token.to_json(JFormatting::None).len()).saturating_mul(JSON_COST),
        // The rest has no content beyond the value itself.
        Item::Value(_) => 0,
    }
}

fn response_weight(response: &ResponseView) -> u64 {
    let content = match &response.body {
        Body::Bytes(bytes) => length(bytes.len()),
        Body::Absent | Body::Unread | Body::Gone | Body::Consumed => 0,
    };
    fields_weight(&response.headers).saturating_add(content)
}

fn fields_weight(headers: &HeaderMap) -> u64 {
    let fields = headers.iter().map(|(name, value)| name.as_str().len().saturating_add(value.len()));
    fields.map(|bytes| length(bytes).saturating_add(FIELD_COST)).fold(0, u64::saturating_add)
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::limits::shards::index_of;

    const MINUTE: Duration = Duration::from_secs(60);

    fn at(seconds: u64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    fn text(text: &str) -> Item {
        Item::Value(Value::string(text))
    }

    fn found(cache: &Cache, key: &str, seconds: u64) -> Option<Item> {
        cache.get(key, at(seconds)).map(|found| found.item)
    }

    // Keys that fall into one shard.
    fn neighbours(count: usize) -> Vec<String> {
        (0..).map(|number| format!("key {number}")).filter(|key| index_of(key) == 0).take(count).collect()
    }

    #[test]
    fn an_entry_lives_until_its_time_is_over() {
        let cache = Cache::default();
        assert_eq!(cache.put("a", text("1"), MINUTE, at(10)), Kept::Yes);
        let age = Duration::from_secs(59);
        assert_eq!(cache.get("a", at(69)), Some(Found { item: text("1"), age, lifetime: MINUTE }));
        assert_eq!(found(&cache, "a", 70), None);
        assert_eq!(cache.bytes(), 0);
    }

    #[test]
    fn a_new_entry_replaces_the_old_and_removal_forgets() {
        let cache = Cache::default();
        cache.put("a", text("long enough to be seen"), MINUTE, at(0));
        cache.put("a", text("2"), MINUTE, at(30));
        assert_eq!(found(&cache, "a", 80), Some(text("2")));
        let one = cache.bytes();
        cache.put("b", text("2"), MINUTE, at(80));
        assert_eq!(cache.bytes(), 2 * one);
        cache.remove("a");
        cache.remove("a");
        assert_eq!(found(&cache, "a", 80), None);
        assert_eq!(cache.bytes(), one);
    }

    #[test]
    fn what_is_too_large_is_not_kept_and_replaces_what_was_there() {
        let cache = Cache::default();
        cache.put("a", text("1"), MINUTE, at(0));
        let large = "x".repeat(usize::try_from(ENTRY_BYTES_MAX).unwrap());
        assert_eq!(cache.put("a", text(&large), MINUTE, at(1)), Kept::TooLarge);
        assert_eq!(found(&cache, "a", 1), None);
        assert_eq!(cache.bytes(), 0);
    }

    #[test]
    fn the_least_recently_used_goes_first_but_what_has_expired_before_it() {
        let cache = Cache::default();
        let half = "x".repeat(1_900_000);
        let keys = neighbours(4);
        let [first, second, third, fourth] = keys.as_slice() else { panic!("four keys") };
        cache.put(first, text(&half), MINUTE, at(0));
        cache.put(second, text(&half), MINUTE * 2, at(0));
        assert!(found(&cache, first, 1).is_some());
        cache.put(third, text(&half), MINUTE * 2, at(2));
        assert_eq!(found(&cache, second, 2), None, "it was used least recently");
        assert!(found(&cache, third, 3).is_some() && found(&cache, first, 3).is_some());
        cache.put(fourth, text(&half), MINUTE, at(61));
        assert!(found(&cache, third, 61).is_some(), "the first one had expired");
    }

    #[test]
    fn a_small_cache_keeps_small_things() {
        let cache = Cache::holding(16 * 1024);
        for number in 0..100 {
            assert_eq!(cache.put(&format!("key {number}"), text("1"), MINUTE, at(0)), Kept::Yes);
            assert!(cache.bytes() <= 16 * 1024);
        }
        assert_eq!(cache.put("large", text(&"x".repeat(1024)), MINUTE, at(0)), Kept::TooLarge);
        assert_eq!(Cache::holding(0).put("a", text("1"), MINUTE, at(0)), Kept::TooLarge);
    }

    proptest! {
        #[test]
        fn never_over_its_bound_and_the_books_balance(
            steps in prop::collection::vec((0_usize..12, 0_usize..700_000, 0_u64..90, 0_u8..4), 0..80),
        ) {
            let cache = Cache::default();
            let keys = neighbours(12);
            let mut clock = 0;
            for (key, bytes, seconds, what) in steps {
                clock += seconds / 10;
                let key = keys.get(key).unwrap();
                match what {
                    0 => cache.remove(key),
                    1 => drop(cache.get(key, at(clock))),
                    _ => {
                        let item = text(&"x".repeat(bytes));
                        cache.put(key, item.clone(), Duration::from_secs(seconds + 1), at(clock));
                        prop_assert_eq!(found(&cache, key, clock), Some(item));
                    }
                }
                let shard = cache.shards.of(key);
                prop_assert!(shard.bytes <= cache.shard_bytes_max);
                prop_assert_eq!(shard.bytes, shard.entries.values().map(|entry| entry.bytes).sum::<u64>());
                prop_assert_eq!(shard.entries.len(), shard.used.len());
                prop_assert_eq!(shard.entries.len(), shard.expiring.len());
            }
        }
    }
}
