//! Idle connections of one worker, by upstream, the last used first. Opens none; `connect` does.
//!
//! A connection comes back at the end of the response's content (known by the body that streams it, so no task is spent on it)
//! and is looked at only when it is taken again. Ordered maps and last-in-first-out make its choices reproducible.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use holdfast_core::config::proxy::Proxy;
use holdfast_core::exchange::UpstreamTls;
use holdfast_core::http::Scheme;
use holdfast_core::pki::ClientIdentity;
use tokio::time::{Instant, sleep};

use super::connect::Sender;
use crate::limits::{UPSTREAM_IDLE_MAX, UPSTREAM_SWEEP_INTERVAL};

/// What connections must have in common to stand in for each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) scheme: Scheme,
    /// In lower case.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: UpstreamTls,
    /// Who the gateway is to the server: a connection speaks for one identity as long as it lasts.
    pub(super) identity: Option<Arc<ClientIdentity>>,
    /// What the connection goes through.
    pub(super) proxy: Option<Arc<Proxy>>,
}

impl Key {
    /// Whether a proxy reads the requests, since they are not encrypted, and passes them on one by one.
    pub(super) fn is_relayed(&self) -> bool {
        self.proxy.is_some() && self.scheme == Scheme::Http
    }
}

/// The idle connections.
#[derive(Debug)]
pub(super) struct Pool {
    idle: RefCell<BTreeMap<Rc<Key>, VecDeque<Idle>>>,
    idle_timeout: Duration,
    sweeping: Cell<bool>,
}

#[derive(Debug)]
struct Idle {
    sender: Sender,
    since: Instant,
}

impl Pool {
    pub(super) fn new(idle_timeout: Duration) -> Self {
        Self { idle: RefCell::default(), idle_timeout, sweeping: Cell::new(false) }
    }

    /// The last used connection that is ready for a request.
    pub(super) fn take(&self, key: &Key) -> Option<Sender> {
        let mut map = self.idle.borrow_mut();
        let idle = map.get_mut(key)?;
        let ready = loop {
            let candidate = idle.pop_back()?;
            // not ready and not closed: its task has not noticed yet that the last response is over; not worth waiting for
            if candidate.sender.is_ready() && !self.is_stale(&candidate) {
                break candidate;
            }
        };
        Some(ready.sender)
    }

    /// Keeps a connection whose last response is over.
    pub(super) fn give_back(self: &Rc<Self>, key: &Rc<Key>, sender: Sender) {
        if sender.is_closed() {
            return;
        }
        let mut map = self.idle.borrow_mut();
        let idle = map.entry(Rc::clone(key)).or_default();
        if idle.len() >= UPSTREAM_IDLE_MAX {
            idle.pop_front();
        }
        idle.push_back(Idle { sender, since: Instant::now() });
        if !self.sweeping.replace(true) {
            tokio::task::spawn_local(sweep(Rc::downgrade(self)));
        }
    }

    fn is_stale(&self, idle: &Idle) -> bool {
        idle.sender.is_closed() || idle.since.elapsed() >= self.idle_timeout
    }

    /// Drops what has been idle for too long; whether anything is left.
    fn drop_stale(&self) -> bool {
        let mut map = self.idle.borrow_mut();
        map.retain(|_, idle| {
            idle.retain(|idle| !self.is_stale(idle));
            !idle.is_empty()
        });
        !map.is_empty()
    }
}

/// Runs as long as there is something in the pool.
async fn sweep(pool: Weak<Pool>) {
    loop {
        sleep(UPSTREAM_SWEEP_INTERVAL).await;
        let Some(pool) = pool.upgrade() else { return };
        if !pool.drop_stale() {
            pool.sweeping.set(false);
            return;
        }
    }
}
