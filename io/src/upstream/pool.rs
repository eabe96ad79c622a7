//! Connections of one worker that can take a request, by upstream: idle ones of HTTP/1.1, the last used first, and shared ones of HTTP/2.
//! Opens none; `connect` does.
//!
//! A connection comes back at the end of the response's content (known by the body that streams it, so no task is spent on it)
//! and is looked at only when it is taken again. Ordered maps and last-in-first-out make its choices reproducible.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use holdfast_core::config::proxy::Proxy;
use holdfast_core::exchange::{HttpVersions, UpstreamTls};
use holdfast_core::http::Scheme;
use holdfast_core::pki::ClientIdentity;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::connect::{One, Two};
use crate::limits::{UPSTREAM_IDLE_MAX, UPSTREAM_STREAMS_MAX, UPSTREAM_SWEEP_INTERVAL};

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
    /// What may be spoken.
    pub(super) versions: HttpVersions,
}

impl Key {
    /// Whether a proxy reads the requests, since they are not encrypted, and passes them on one by one.
    pub(super) fn is_relayed(&self) -> bool {
        self.proxy.is_some() && self.scheme == Scheme::Http && self.versions != HttpVersions::Two
    }

    /// Whether a connection may come to speak HTTP/2: over TLS by agreement, in clear text only when nothing else is allowed.
    pub(super) const fn may_be_shared(&self) -> bool {
        match (self.versions, self.scheme) {
            (HttpVersions::One, _) | (HttpVersions::TwoOrOne, Scheme::Http) => false,
            (HttpVersions::TwoOrOne, Scheme::Https) | (HttpVersions::Two, _) => true,
        }
    }
}

/// A connection that takes one request.
pub(super) enum Sender {
    /// Of HTTP/1.1: nobody else has it.
    One(One),
    /// Of HTTP/2: a stream of it.
    Two(Stream),
}

/// The right to one stream of a shared connection.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) sender: Two,
    streams: Rc<Streams>,
}

#[derive(Debug)]
struct Streams {
    count: Cell<usize>,
    // The server takes no more on this connection.
    is_ending: Cell<bool>,
    idle_since: Cell<Instant>,
}

impl Stream {
    /// The connection has not taken the request: it takes no other either.
    pub(super) fn note_ending(&self) {
        self.streams.is_ending.set(true);
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.streams.count.set(self.streams.count.get().saturating_sub(1));
        self.streams.idle_since.set(Instant::now());
    }
}

/// What to do when there is no connection.
pub(super) enum Turn {
    /// Open one, and think of nobody else.
    Alone,
    /// Open one, and say whether it came about; others wait for that.
    First(watch::Sender<bool>),
    /// Wait for another one's.
    Wait(watch::Receiver<bool>),
}

/// The connections.
#[derive(Debug)]
pub(super) struct Pool {
    idle: RefCell<BTreeMap<Rc<Key>, VecDeque<Idle>>>,
    shared: RefCell<BTreeMap<Rc<Key>, Shared>>,
    idle_timeout: Duration,
    sweeping: Cell<bool>,
}

#[derive(Debug)]
struct Idle {
    sender: One,
    since: Instant,
}

/// The shared connections to one upstream.
#[derive(Debug, Default)]
struct Shared {
    connections: Vec<(Two, Rc<Streams>)>,
    // Whoever opens a connection has the other end and says whether it came about: the others wait for that instead of opening theirs.
    opening: Option<watch::Receiver<bool>>,
    // It was asked and speaks HTTP/1.1: nobody waits for anybody.
    speaks_one: bool,
}

impl Pool {
    pub(super) fn new(idle_timeout: Duration) -> Self {
        Self { idle: RefCell::default(), shared: RefCell::default(), idle_timeout, sweeping: Cell::new(false) }
    }

    /// A connection that is ready for a request: of the shared ones the first with room, of the others the last used.
    pub(super) fn take(&self, key: &Key) -> Option<Sender> {
        if let Some(stream) = self.stream(key) {
            return Some(Sender::Two(stream));
        }
        let mut map = self.idle.borrow_mut();
        let idle = map.get_mut(key)?;
        let ready = loop {
            let candidate = idle.pop_back()?;
            // not ready and not closed: its task has not noticed yet that the last response is over; not worth waiting for
            if candidate.sender.is_ready() && !self.is_stale(&candidate) {
                break candidate;
            }
        };
        Some(Sender::One(ready.sender))
    }

    /// Whose turn it is to open a connection.
    pub(super) fn turn(self: &Rc<Self>, key: &Rc<Key>) -> Turn {
        if !key.may_be_shared() {
            return Turn::Alone;
        }
        let mut map = self.shared.borrow_mut();
        let shared = map.entry(Rc::clone(key)).or_default();
        if shared.speaks_one {
            return Turn::Alone;
        }
        // The other end is dropped when the opening is over, however it ended.
        if let Some(opening) = shared.opening.as_ref().filter(|opening| opening.has_changed().is_ok()) {
            return Turn::Wait(opening.clone());
        }
        let (first, opening) = watch::channel(false);
        shared.opening = Some(opening);
        drop(map);
        self.watch();
        Turn::First(first)
    }

    /// Takes note that a new connection turned out to speak HTTP/1.1.
    pub(super) fn opened_one(&self, key: &Rc<Key>) {
        if let Some(shared) = self.shared.borrow_mut().get_mut(key) {
            shared.speaks_one = true;
        }
    }

    /// Keeps a new connection of HTTP/2 for all, and gives a stream of it.
    pub(super) fn opened_two(self: &Rc<Self>, key: &Rc<Key>, sender: Two) -> Stream {
        let streams = Rc::new(Streams {
            count: Cell::new(1),
            is_ending: Cell::new(false),
            idle_since: Cell::new(Instant::now()),
        });
        let mut map = self.shared.borrow_mut();
        let shared = map.entry(Rc::clone(key)).or_default();
        shared.speaks_one = false;
        shared.connections.push((sender.clone(), Rc::clone(&streams)));
        drop(map);
        self.watch();
        Stream { sender, streams }
    }

    /// Keeps a connection whose last response is over.
    pub(super) fn give_back(self: &Rc<Self>, key: &Rc<Key>, sender: One) {
        if sender.is_closed() {
            return;
        }
        let mut map = self.idle.borrow_mut();
        let idle = map.entry(Rc::clone(key)).or_default();
        if idle.len() >= UPSTREAM_IDLE_MAX {
            idle.pop_front();
        }
        idle.push_back(Idle { sender, since: Instant::now() });
        drop(map);
        self.watch();
    }

    fn stream(&self, key: &Key) -> Option<Stream> {
        let mut map = self.shared.borrow_mut();
        let shared = map.get_mut(key)?;
        shared.connections.retain(|(sender, streams)| !sender.is_closed() && !streams.is_ending.get());
        let has_room = |streams: &Streams| streams.count.get() < UPSTREAM_STREAMS_MAX;
        let (sender, streams) = shared.connections.iter().find(|(_, streams)| has_room(streams))?;
        streams.count.set(streams.count.get() + 1);
        Some(Stream { sender: sender.clone(), streams: Rc::clone(streams) })
    }

    fn watch(self: &Rc<Self>) {
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
        let mut shared = self.shared.borrow_mut();
        shared.retain(|_, shared| {
            shared.connections.retain(|(sender, streams)| {
                let is_idle = streams.count.get() == 0 && streams.idle_since.get().elapsed() >= self.idle_timeout;
                !sender.is_closed() && !is_idle
            });
            let is_opening = shared.opening.as_ref().is_some_and(|opening| opening.has_changed().is_ok());
            !shared.connections.is_empty() || is_opening
        });
        !map.is_empty() || !shared.is_empty()
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
