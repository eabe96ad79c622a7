//! One worker: listeners, connections, and for each request an exchange that is driven to its response. One per thread.

mod connection;
mod drive;
mod exchanges;
mod frames;
mod head;
mod listen;
mod respond;
mod sent;
mod socket;
mod stream;
mod waiting;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use holdfast_core::rng::Seed;
use holdfast_core::telemetry::{Event, Level};
use tokio::sync::Notify;

use crate::caches::Caches;
use crate::clock::Clock;
use crate::date::DateCache;
use crate::disk::Disk;
use crate::env::Env;
use crate::limits;
use crate::net::Net;
use crate::plane::{Accepting, Plane};
use crate::settings::Proxies;
use crate::sink::Sink;
use crate::tls::{ClientTls, ServerTls};
use crate::upstream::{Upstream, UpstreamTimeouts};

use exchanges::{Exchanges, Published};
use listen::Door;

/// The listeners of one worker.
pub struct Listeners<N: Net> {
    /// For plain HTTP (8080).
    pub plain: Option<N::Listener>,
    /// For HTTP over TLS (8081).
    pub tls: Option<N::Listener>,
}

/// What a worker is told when it starts.
#[derive(Clone)]
pub struct Options {
    /// The server side of TLS; without it a TLS listener is not served.
    pub tls: Option<Arc<ServerTls>>,
    /// The client side of TLS.
    pub upstream_tls: Arc<ClientTls>,
    /// The proxies of requests that name none.
    pub proxies: Arc<Proxies>,
    /// Whether `X-Forwarded-Proto` is believed (`net.server.http.forwarded.proto.enabled`).
    pub forwarded_proto: ForwardedProto,
    /// Connections of clients that are held open at once.
    pub connections_max: usize,
    /// How long things may take.
    pub timeouts: Timeouts,
}

impl Options {
    /// The defaults: no TLS listener, `X-Forwarded-Proto` ignored, the maxima of [`limits`].
    #[must_use]
    pub fn new(upstream_tls: Arc<ClientTls>) -> Self {
        Self {
            tls: None,
            upstream_tls,
            proxies: Arc::default(),
            forwarded_proto: ForwardedProto::default(),
            connections_max: limits::CONNECTIONS_PER_WORKER_MAX,
            timeouts: Timeouts::default(),
        }
    }
}

/// Whether `X-Forwarded-Proto` is believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardedProto {
    /// The listener alone says whether a request came over TLS.
    #[default]
    Ignored,
    /// A load balancer in front says it.
    Believed,
}

/// How long things may take; the defaults are the constants of [`limits`].
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// [`limits::HEAD_READ_TIMEOUT`]
    pub head_read: Duration,
    /// [`limits::KEEP_ALIVE_TIMEOUT`]
    pub keep_alive: Duration,
    /// [`limits::TLS_HANDSHAKE_TIMEOUT`]
    pub tls_handshake: Duration,
    /// [`limits::REQUEST_CONTENT_IDLE_TIMEOUT`]
    pub request_content_idle: Duration,
    /// [`limits::WRITE_STALL_TIMEOUT`]
    pub write_stall: Duration,
    /// [`limits::LINGER_TIMEOUT`]
    pub linger: Duration,
    /// [`limits::CONNECT_TIMEOUT`]
    pub connect: Duration,
    /// [`limits::RESPONSE_CONTENT_IDLE_TIMEOUT`]
    pub response_content_idle: Duration,
    /// [`limits::UPSTREAM_IDLE_TIMEOUT`]
    pub upstream_idle: Duration,
}

impl Timeouts {
    pub(crate) const fn upstream(self) -> UpstreamTimeouts {
        UpstreamTimeouts { connect: self.connect, idle: self.upstream_idle, content_idle: self.response_content_idle }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            head_read: limits::HEAD_READ_TIMEOUT,
            keep_alive: limits::KEEP_ALIVE_TIMEOUT,
            tls_handshake: limits::TLS_HANDSHAKE_TIMEOUT,
            request_content_idle: limits::REQUEST_CONTENT_IDLE_TIMEOUT,
            write_stall: limits::WRITE_STALL_TIMEOUT,
            linger: limits::LINGER_TIMEOUT,
            connect: limits::CONNECT_TIMEOUT,
            response_content_idle: limits::RESPONSE_CONTENT_IDLE_TIMEOUT,
            upstream_idle: limits::UPSTREAM_IDLE_TIMEOUT,
        }
    }
}

/// Serves on `listeners` until the plane is closed and the last connection is done. Must run inside a `LocalSet` on a
/// current-thread runtime: production starts one per core, the simulator one per host.
pub async fn run_worker<N: Net, D: Disk>(env: Env<N, D>, plane: Arc<Plane>, listeners: Listeners<N>, options: Options) {
    serve(env, plane, listeners, options, Published).await;
}

async fn serve<N: Net, D: Disk, X: Exchanges>(
    env: Env<N, D>,
    plane: Arc<Plane>,
    listeners: Listeners<N>,
    options: Options,
    exchanges: X,
) {
    let worker = Rc::new(Worker::new(env, plane, &options, exchanges));
    let mut doors = Vec::new();
    if let Some(listener) = listeners.plain {
        let task = listen::accept(Rc::clone(&worker), listener, Door::Plain);
        doors.push(tokio::task::spawn_local(task));
    }
    if let (Some(listener), Some(tls)) = (listeners.tls, options.tls) {
        let task = listen::accept(Rc::clone(&worker), listener, Door::Tls(tls.acceptor()));
        doors.push(tokio::task::spawn_local(task));
    }
    // One watch per worker and a plain list of its connections behind it: the watch alone would wake them in random order.
    let mut accepting = worker.plane.accepting();
    // an error means that the plane is gone, and with it whoever could close it
    drop(accepting.wait_for(|accepting| *accepting == Accepting::Closed).await);
    worker.closing.close();
    for door in doors {
        drop(door.await);
    }
    worker.places.all_free().await;
}

/// What the connections of one worker share.
struct Worker<N: Net, X> {
    plane: Arc<Plane>,
    exchanges: X,
    upstream: Rc<Upstream<N>>,
    caches: Rc<Caches<N>>,
    clock: Arc<dyn Clock>,
    sink: Arc<dyn Sink>,
    date: DateCache,
    seed: Seed,
    forwarded_proto: ForwardedProto,
    timeouts: Timeouts,
    closing: Closing,
    places: Rc<Places>,
}

impl<N: Net, X: Exchanges> Worker<N, X> {
    fn new<D: Disk>(env: Env<N, D>, plane: Arc<Plane>, options: &Options, exchanges: X) -> Self {
        let timeouts = options.timeouts;
        let tls = &options.upstream_tls;
        let (clock, sink) = (Arc::clone(&env.clock), Arc::clone(&env.sink));
        let chance = env.seed.fork("caches").rng();
        let caches = Caches::new(env.net.clone(), Arc::clone(tls), clock, sink, Arc::clone(&plane), chance);
        Self {
            plane,
            exchanges,
            upstream: Rc::new(Upstream::new(
                env.net,
                Arc::clone(tls),
                Arc::clone(&options.proxies),
                timeouts.upstream(),
            )),
            caches: Rc::new(caches),
            clock: env.clock,
            sink: env.sink,
            date: DateCache::default(),
            seed: env.seed.fork("exchange"),
            forwarded_proto: options.forwarded_proto,
            timeouts,
            closing: Closing::default(),
            places: Rc::new(Places {
                free: Cell::new(options.connections_max),
                max: options.connections_max,
                freed: Notify::new(),
            }),
        }
    }
}

impl<N: Net, X> Worker<N, X> {
    /// Tells of a fault of ours.
    fn report(&self, message: &str) {
        self.sink.event(&Event {
            at: self.clock.now().wall,
            level: Level::Error,
            name: "ExchangeFailed",
            source: "server",
            message: message.to_owned(),
            revision: None,
            diagnostics: Vec::new(),
        });
    }
}

/// Whether the worker has been told to close.
#[derive(Default)]
struct Closing {
    closed: Cell<bool>,
    told: Notify,
}

impl Closing {
    fn close(&self) {
        self.closed.set(true);
        self.told.notify_waiters();
    }

    async fn wait(&self) {
        let told = self.told.notified();
        if !self.closed.get() {
            told.await;
        }
    }
}

/// Places for connections.
struct Places {
    free: Cell<usize>,
    max: usize,
    freed: Notify,
}

impl Places {
    /// Waits for a place.
    async fn take(self: &Rc<Self>) -> Place {
        loop {
            let freed = self.freed.notified();
            if let Some(left) = self.free.get().checked_sub(1) {
                self.free.set(left);
                return Place(Rc::clone(self));
            }
            freed.await;
        }
    }

    async fn all_free(&self) {
        loop {
            let freed = self.freed.notified();
            if self.free.get() == self.max {
                return;
            }
            freed.await;
        }
    }
}

/// A place that one connection takes.
struct Place(Rc<Places>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.free.set(self.0.free.get() + 1);
        self.0.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests;
