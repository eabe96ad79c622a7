//! The servers of one external cache: those that the connection string names and, in a Redis Cluster, those that they send a key on to.
//! Each has a link of its own. Knows what is asked, and where; opens no connections.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use holdfast_core::config::external_cache::{ExternalCache, RedisTls};
use holdfast_core::http::Bytes;
use redis::{Cmd, Value};
use tokio::time::{Instant, sleep_until};

use super::Surroundings;
use super::link::{Endpoint, Link, Refusal, Way};
use crate::limits::{CACHE_AGAIN_AFTER, CACHE_NODES_MAX, CACHE_REDIRECTS_MAX};
use crate::net::Net;

/// How many slots the keys of a cluster are shared out to.
const SLOTS: u16 = 16_384;

/// The servers of one cache.
pub(super) struct Servers<N: Net> {
    cache: Arc<ExternalCache>,
    surroundings: Rc<Surroundings<N>>,
    // To those that the connection string names.
    named: Rc<Link<N>>,
    // To those that others have named; the one that was asked last is the last one.
    nodes: RefCell<Vec<(Endpoint, Rc<Link<N>>)>>,
    // Who has a slot, as far as somebody has said so.
    slots: RefCell<BTreeMap<u16, Endpoint>>,
}

// Those that could not help with one look-up, and why the first of them could not.
#[derive(Default)]
struct InVain {
    places: Vec<Option<Endpoint>>,
    why: Option<String>,
}

impl InVain {
    fn add(&mut self, place: Option<Endpoint>, why: String) {
        self.places.push(place);
        self.why.get_or_insert(why);
    }
}

impl<N: Net> Servers<N> {
    pub(super) fn new(cache: Arc<ExternalCache>, surroundings: Rc<Surroundings<N>>) -> Self {
        let named = Rc::new(Link::new(Arc::clone(&cache), Rc::clone(&surroundings)));
        Self { cache, surroundings, named, nodes: RefCell::default(), slots: RefCell::default() }
    }

    /// The entry under `key`, when it has at most `max_bytes`.
    pub(super) async fn get(&self, key: &str, max_bytes: u64) -> Result<Option<Bytes>, String> {
        // As GET, but a reply is never longer than one byte more than is wanted, whatever somebody has put there.
        let mut command = redis::cmd("GETRANGE");
        command.arg(key).arg(0).arg(max_bytes);
        match self.answer(key, command).await? {
            Value::BulkString(bytes) if bytes.is_empty() => Ok(None),
            Value::BulkString(bytes) if u64::try_from(bytes.len()).is_ok_and(|bytes| bytes <= max_bytes) => {
                Ok(Some(Bytes::from(bytes)))
            }
            _ => Ok(None),
        }
    }

    /// Stores `entry` under `key`.
    pub(super) async fn set(&self, key: &str, entry: &Bytes, seconds: u64) -> Result<(), String> {
        let mut command = redis::cmd("SET");
        command.arg(key).arg(entry.as_ref()).arg("EX").arg(seconds.max(1));
        self.answer(key, command).await.map(drop)
    }

    /// Removes what is under `key`.
    pub(super) async fn remove(&self, key: &str) -> Result<(), String> {
        let mut command = redis::cmd("DEL");
        command.arg(key);
        self.answer(key, command).await.map(drop)
    }

    /// Too much is being stored already.
    pub(super) fn overrun(&self) {
        self.surroundings.failed(&self.cache, "too many entries are on their way");
    }

    async fn answer(&self, key: &str, command: Cmd) -> Result<Value, String> {
        let deadline = Instant::now() + self.cache.server.operation_timeout;
        let answered = self.follow(slot_of(key.as_bytes()), &command, deadline).await;
        match &answered {
            Ok(_) => self.surroundings.recovered(&self.cache),
            Err(why) => self.surroundings.failed(&self.cache, why),
        }
        answered
    }

    // Asks, and goes where it is sent; where somebody cannot help, to another one who may know.
    async fn follow(&self, slot: u16, command: &Cmd, deadline: Instant) -> Result<Value, String> {
        let mut place = self.slots.borrow().get(&slot).cloned();
        let mut way = Way::Straight;
        let mut in_vain = InVain::default();
        for _ in 0..=CACHE_REDIRECTS_MAX {
            let link = place.as_ref().map_or_else(|| Rc::clone(&self.named), |place| self.node(place));
            match link.ask(command, way, deadline).await {
                Ok(value) => return Ok(value),
                Err(Refusal::Answer(why)) => return Err(why),
                Err(Refusal::Later(why)) => {
                    let again_at = Instant::now() + CACHE_AGAIN_AFTER;
                    if again_at >= deadline {
                        return Err(why);
                    }
                    in_vain.why.get_or_insert(why);
                    sleep_until(again_at).await;
                }
                Err(Refusal::Unsure(why)) => {
                    in_vain.add(place.take(), why);
                    (place, way) = (self.another(&in_vain)?, Way::Straight);
                }
                Err(Refusal::Lost(why)) => {
                    // Whoever has its slots by now, others know.
                    if let Some(place) = &place {
                        self.slots.borrow_mut().retain(|_, known| known != place);
                    }
                    in_vain.add(place.take(), why.clone());
                    if self.nodes.borrow().is_empty() {
                        return Err(why);
                    }
                    (place, way) = (self.another(&in_vain)?, Way::Straight);
                }
                // It has not heard yet that nobody is there any more.
                Err(Refusal::Elsewhere(_, endpoint)) if in_vain.places.contains(&Some(endpoint.clone())) => {
                    in_vain.places.push(place.take());
                    (place, way) = (self.another(&in_vain)?, Way::Straight);
                }
                Err(Refusal::Elsewhere(next_way, endpoint)) => {
                    if next_way == Way::Straight {
                        self.slots.borrow_mut().insert(slot, endpoint.clone());
                    }
                    (place, way) = (Some(endpoint), next_way);
                }
            }
        }
        Err(in_vain.why.unwrap_or_else(|| "the servers of the cluster send it from one to the other".to_owned()))
    }

    // A server of the cluster that was not asked in vain; `None` is whoever is named and at hand.
    fn another(&self, in_vain: &InVain) -> Result<Option<Endpoint>, String> {
        let nodes = self.nodes.borrow();
        let known = nodes.iter().rev().map(|(endpoint, _)| endpoint).chain(&self.cache.server.endpoints);
        let mut places = std::iter::once(None).chain(known.cloned().map(Some));
        let next = places.find(|place| !in_vain.places.contains(place));
        next.ok_or_else(|| in_vain.why.clone().unwrap_or_default())
    }

    fn node(&self, endpoint: &Endpoint) -> Rc<Link<N>> {
        let mut nodes = self.nodes.borrow_mut();
        let link = match nodes.iter().rposition(|(known, _)| known == endpoint) {
            Some(at) => nodes.remove(at).1,
            None => {
                if nodes.len() >= CACHE_NODES_MAX {
                    nodes.remove(0);
                }
                Rc::new(Link::new(Arc::new(self.alone(endpoint)), Rc::clone(&self.surroundings)))
            }
        };
        nodes.push((endpoint.clone(), Rc::clone(&link)));
        link
    }

    // The cache as if it had this server alone. Nodes call each other by address: where one host is named, its name is in their certificates.
    fn alone(&self, endpoint: &Endpoint) -> ExternalCache {
        let mut cache = ExternalCache::clone(&self.cache);
        if let RedisTls::On { name: name @ None } = &mut cache.server.tls
            && let [(first, _), others @ ..] = self.cache.server.endpoints.as_slice()
            && others.iter().all(|(host, _)| host == first)
        {
            *name = Some(first.clone());
        }
        cache.server.endpoints = vec![endpoint.clone()];
        cache
    }
}

// CRC-16/XMODEM of the key, or of what stands in its first braces: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/
fn slot_of(key: &[u8]) -> u16 {
    let open = key.iter().position(|byte| *byte == b'{');
    let tag = open.and_then(|open| key.get(open + 1..)).and_then(|rest| {
        let close = rest.iter().position(|byte| *byte == b'}').filter(|close| *close > 0)?;
        rest.get(..close)
    });
    let mut sum = 0_u16;
    for byte in tag.unwrap_or(key) {
        sum ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            sum = if sum & 0x8000 == 0 { sum << 1 } else { (sum << 1) ^ 0x1021 };
        }
    }
    sum % SLOTS
}

#[cfg(test)]
mod tests {
    use super::slot_of;

    #[test]
    fn slots_are_those_of_redis() {
        // What `CLUSTER KEYSLOT` of Redis 7.0 answers.
        let known = [
            ("123456789", 12_739),
            ("foo", 12_182),
            ("{user1000}.following", 3_443),
            ("user1000", 3_443),
            ("foo{}{bar}", 8_363),
            ("foo{{bar}}zap", 4_015),
            ("", 0),
        ];
        for (key, slot) in known {
            assert_eq!(slot_of(key.as_bytes()), slot, "{key}");
        }
    }
}
