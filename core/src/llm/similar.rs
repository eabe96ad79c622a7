//! Answers of language models by the meaning of what was asked: vectors, and which of them are close. Bounded in bytes; the oldest goes first.
//! Knows nothing of how vectors are made.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::http::message::{Body, ResponseView};
use crate::limits::shards::Shards;
use crate::time::Instant;

/// What one shard holds, in bytes.
pub const SHARD_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Answers that one partition holds: each look compares with all of them.
pub const PARTITION_MAX: usize = 1024;

/// The longest vector.
pub const DIMENSIONS_MAX: usize = 8192;

/// What an answer weighs besides its vector and its content, in bytes.
const ENTRY_COST: usize = 1024;

/// The answers that the process keeps. They outlive configurations.
#[derive(Debug, Default)]
pub struct Answers {
    shards: Shards<Shard>,
}

/// The meaning of a text: a direction, of the length 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Meaning(Arc<[f32]>);

#[derive(Debug, Default)]
struct Shard {
    partitions: BTreeMap<Arc<str>, VecDeque<Entry>>,
    // The partitions of the entries in the order in which they were put.
    order: VecDeque<Arc<str>>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    meaning: Meaning,
    answer: Arc<ResponseView>,
    stored: Instant,
    expires: Instant,
    bytes: usize,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The answer.
    pub answer: Arc<ResponseView>,
    /// For how long it has been kept.
    pub age: Duration,
}

impl Meaning {
    /// The direction of a vector; `None` when it has none, or is too long.
    #[must_use]
    pub fn of(vector: &[f32]) -> Option<Self> {
        let length = vector.iter().map(|part| part * part).sum::<f32>().sqrt();
        let has_one = length.is_finite() && length > 0.0 && vector.len() <= DIMENSIONS_MAX;
        has_one.then(|| Self(vector.iter().map(|part| part / length).collect()))
    }

    /// How far two meanings are apart: 1 less the cosine between them, from 0 to 2; the most when they are of different kinds.
    #[must_use]
    pub fn distance(&self, other: &Self) -> f32 {
        if self.0.len() != other.0.len() {
            return 2.0;
        }
        let cosine: f32 = self.0.iter().zip(other.0.iter()).map(|(one, other)| one * other).sum();
        (1.0 - cosine).clamp(0.0, 2.0)
    }
}

impl Answers {
    /// The closest answer of a partition that is no further away than `distance`.
    #[must_use]
    pub fn closest(&self, partition: &str, meaning: &Meaning, distance: f32, now: Instant) -> Option<Found> {
        let shard = self.shards.of(partition);
        let entries = shard.partitions.get(partition)?.iter().filter(|entry| entry.expires > now);
        let distances = entries.map(|entry| (entry.meaning.distance(meaning), entry));
        let (_, entry) =
            distances.filter(|(apart, _)| *apart <= distance).min_by(|(one, _), (other, _)| one.total_cmp(other))?;
        Some(Found { answer: Arc::clone(&entry.answer), age: now.saturating_since(entry.stored) })
    }

    /// Keeps an answer for `lifetime`; returns whether it was kept: what is larger than a quarter of a shard is not.
    pub fn put(
        &self,
        partition: &str,
        meaning: Meaning,
        answer: Arc<ResponseView>,
        lifetime: Duration,
        now: Instant,
    ) -> bool {
        let content = if let Body::Bytes(bytes) = &answer.body { bytes.len() } else { 0 };
        let bytes = ENTRY_COST + partition.len() + content + meaning.0.len() * size_of::<f32>();
        if bytes > SHARD_BYTES_MAX / 4 {
            return false;
        }
        let mut shard = self.shards.of(partition);
        let crowded = shard.partitions.get(partition).is_some_and(|entries| entries.len() >= PARTITION_MAX);
        if crowded {
            shard.forget_oldest_of(partition);
        }
        while shard.bytes + bytes > SHARD_BYTES_MAX && shard.forget_oldest() {}
        let partition: Arc<str> = Arc::from(partition);
        let expires = now.saturating_add(lifetime);
        let entry = Entry { meaning, answer, stored: now, expires, bytes };
        shard.bytes += bytes;
        shard.order.push_back(Arc::clone(&partition));
        shard.partitions.entry(partition).or_default().push_back(entry);
        true
    }

    /// What all answers weigh, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.shards.iter().map(|shard| shard.bytes).sum()
    }
}

impl Shard {
    // INVARIANT: `order` names a partition once for each of its entries, which stand in it in the same order.
    fn forget_oldest(&mut self) -> bool {
        let Some(partition) = self.order.pop_front() else { return false };
        self.drop_first(&partition);
        true
    }

    fn forget_oldest_of(&mut self, partition: &str) {
        if let Some(at) = self.order.iter().position(|of| **of == *partition) {
            self.order.remove(at);
            self.drop_first(partition);
        }
    }

    fn drop_first(&mut self, partition: &str) {
        let Some(entries) = self.partitions.get_mut(partition) else { return };
        let dropped = entries.pop_front().map_or(0, |entry| entry.bytes);
        self.bytes = self.bytes.saturating_sub(dropped);
        if entries.is_empty() {
            self.partitions.remove(partition);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Bytes, HeaderMap, StatusCode};

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(seconds: u64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    fn answer(text: &str) -> Arc<ResponseView> {
        let body = Body::Bytes(Bytes::from(text.to_owned()));
        Arc::new(ResponseView { status: StatusCode::OK, reason: None, headers: HeaderMap::new(), body })
    }

    fn meaning(x: f32, y: f32) -> Meaning {
        Meaning::of(&[x, y]).unwrap()
    }

    fn found(answers: &Answers, partition: &str, of: &Meaning, distance: f32, seconds: u64) -> Option<String> {
        let found = answers.closest(partition, of, distance, at(seconds))?;
        let Body::Bytes(bytes) = &found.answer.body else { panic!("bytes") };
        Some(String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[test]
    fn the_closest_within_the_distance() {
        let answers = Answers::default();
        answers.put("p", meaning(1.0, 0.0), answer("east"), HOUR, at(0));
        answers.put("p", meaning(0.0, 5.0), answer("north"), HOUR, at(0));
        let north_east = meaning(1.0, 1.2);
        assert_eq!(found(&answers, "p", &north_east, 0.5, 1).as_deref(), Some("north"));
        assert_eq!(found(&answers, "p", &north_east, 0.1, 1), None);
        assert_eq!(found(&answers, "p", &meaning(9.0, 0.0), 0.0, 1).as_deref(), Some("east"));
        assert_eq!(found(&answers, "q", &meaning(1.0, 0.0), 1.0, 1), None);
        assert_eq!(found(&answers, "p", &Meaning::of(&[1.0, 0.0, 0.0]).unwrap(), 1.0, 1), None);
        assert_eq!(found(&answers, "p", &meaning(1.0, 0.0), 1.0, 3600), None, "they have expired");
    }

    #[test]
    fn what_has_no_direction_means_nothing() {
        assert_eq!(Meaning::of(&[]), None);
        assert_eq!(Meaning::of(&[0.0, 0.0]), None);
        assert_eq!(Meaning::of(&[f32::NAN, 1.0]), None);
        assert_eq!(Meaning::of(&vec![1.0; DIMENSIONS_MAX + 1]), None);
    }

    #[test]
    fn bounded_in_bytes_and_in_number_and_the_oldest_goes_first() {
        let answers = Answers::default();
        assert!(!answers.put("p", meaning(1.0, 0.0), answer(&"x".repeat(SHARD_BYTES_MAX)), HOUR, at(0)));
        for _ in 0..20 {
            assert!(answers.put("p", meaning(1.0, 0.0), answer(&"x".repeat(500_000)), HOUR, at(0)));
            assert!(answers.bytes() <= SHARD_BYTES_MAX);
        }
        assert!(answers.bytes() > SHARD_BYTES_MAX / 2);
        for number in 0..(PARTITION_MAX + 10) {
            answers.put("p", meaning(1.0, 0.0), answer(&number.to_string()), HOUR, at(0));
        }
        let shard = answers.shards.of("p");
        assert_eq!(shard.partitions["p"].len(), PARTITION_MAX);
        assert_eq!(shard.order.len(), PARTITION_MAX);
        assert_eq!(shard.bytes, shard.partitions["p"].iter().map(|entry| entry.bytes).sum::<usize>());
    }
}
