//! External caches: one connection of each worker to each server that exchanges ask for. A cache that does not answer in time is asked
//! for nothing for a while: exchanges go on without it. Decides nothing about entries.

mod cluster;
mod connect;
mod link;
mod tally;

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use holdfast_core::config::external_cache::ExternalCache;
use holdfast_core::exchange::{CacheFailure, CacheRequest, CacheVerb, Reply};
use holdfast_core::http::Bytes;
use holdfast_core::rng::Rng;

use crate::clock::Clock;
use crate::limits::{CACHE_STORES_BYTES_MAX, CACHE_STORES_MAX, CACHES_MAX};
use crate::net::Net;
use crate::plane::Plane;
use crate::sink::Sink;
use crate::tls::ClientTls;

use cluster::Servers;
pub use tally::CacheTally;

/// One worker's way to external caches.
pub(crate) struct Caches<N: Net> {
    surroundings: Rc<Surroundings<N>>,
    // The one that was asked last is the last one.
    links: RefCell<Links<N>>,
    // What is being stored, which nobody waits for.
    stores: Cell<usize>,
    stores_bytes: Cell<usize>,
}

type Links<N> = Vec<(Arc<ExternalCache>, Rc<Servers<N>>)>;

/// What connections are made with.
struct Surroundings<N> {
    net: N,
    tls: Arc<ClientTls>,
    clock: Arc<dyn Clock>,
    sink: Arc<dyn Sink>,
    plane: Arc<Plane>,
    chance: RefCell<Rng>,
}

impl<N: Net> Caches<N> {
    pub(crate) fn new(
        net: N,
        tls: Arc<ClientTls>,
        clock: Arc<dyn Clock>,
        sink: Arc<dyn Sink>,
        plane: Arc<Plane>,
        chance: Rng,
    ) -> Self {
        let surroundings = Rc::new(Surroundings { net, tls, clock, sink, plane, chance: RefCell::new(chance) });
        let (stores, stores_bytes) = (Cell::new(0), Cell::new(0));
        Self { surroundings, links: RefCell::new(Vec::new()), stores, stores_bytes }
    }

    /// Does what is asked. Storing is answered at once: the exchange goes on while the entry is on its way.
    pub(crate) async fn ask(self: Rc<Self>, request: Box<CacheRequest>) -> Reply {
        let CacheRequest { cache, key, verb } = *request;
        let servers = self.servers(&cache);
        match verb {
            CacheVerb::Get { max_bytes } => Reply::Cache(servers.get(&key, max_bytes).await.map_err(CacheFailure)),
            CacheVerb::Remove => Reply::Cache(servers.remove(&key).await.map(|()| None).map_err(CacheFailure)),
            CacheVerb::Set { entry, lifetime } => {
                self.store(servers, key, entry, lifetime.as_secs()).await;
                Reply::Dispatched
            }
        }
    }

    async fn store(self: &Rc<Self>, servers: Rc<Servers<N>>, key: String, entry: Bytes, seconds: u64) {
        let bytes = self.stores_bytes.get().saturating_add(entry.len());
        if self.stores.get() >= CACHE_STORES_MAX || bytes > CACHE_STORES_BYTES_MAX {
            servers.overrun();
            return;
        }
        let place = StorePlace::take(self, entry.len());
        let mut storing = Box::pin(async move {
            // What failed has been counted and told.
            drop(servers.set(&key, &entry, seconds).await);
            drop(place);
        });
        // On an open connection the order goes out before this exchange, or the client's next one, asks for what it has stored.
        if poll_fn(|cx| Poll::Ready(storing.as_mut().poll(cx))).await.is_pending() {
            tokio::task::spawn_local(storing);
        }
    }

    fn servers(&self, cache: &Arc<ExternalCache>) -> Rc<Servers<N>> {
        let mut links = self.links.borrow_mut();
        let found = links.iter().rposition(|(known, _)| Arc::ptr_eq(known, cache) || known == cache);
        let (_, servers) = match found {
            // A newer revision has another `Arc` with the same content.
            Some(at) => links.remove(at),
            None => {
                if links.len() >= CACHES_MAX {
                    links.remove(0);
                }
                let servers = Servers::new(Arc::clone(cache), Rc::clone(&self.surroundings));
                (Arc::clone(cache), Rc::new(servers))
            }
        };
        links.push((Arc::clone(cache), Rc::clone(&servers)));
        servers
    }
}

/// A place among what is being stored.
struct StorePlace<N: Net> {
    caches: Rc<Caches<N>>,
    bytes: usize,
}

impl<N: Net> StorePlace<N> {
    fn take(caches: &Rc<Caches<N>>, bytes: usize) -> Self {
        caches.stores.set(caches.stores.get() + 1);
        caches.stores_bytes.set(caches.stores_bytes.get() + bytes);
        Self { caches: Rc::clone(caches), bytes }
    }
}

impl<N: Net> Drop for StorePlace<N> {
    fn drop(&mut self) {
        self.caches.stores.set(self.caches.stores.get() - 1);
        self.caches.stores_bytes.set(self.caches.stores_bytes.get() - self.bytes);
    }
}

#[cfg(test)]
mod tests;
