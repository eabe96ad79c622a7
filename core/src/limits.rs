//! Counters that exchanges share: rate limits. Sharded, so that two exchanges meet only on the same key's shard.

/// All counters of the process.
#[derive(Debug, Default)]
pub struct Limits {}
