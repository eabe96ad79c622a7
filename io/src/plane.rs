//! What the control loop and the workers share: the snapshot, the status, the counters, and the number of requests in flight.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::{ArcSwap, ArcSwapOption};
use holdfast_core::gateway::Status;
use holdfast_core::lifecycle::State;
use holdfast_core::shared::Shared;
use holdfast_core::snapshot::Snapshot;
use holdfast_core::time::Instant;
use tokio::sync::{Notify, watch};

use crate::caches::CacheTally;
use crate::courier::Tray;

/// Shared by one control loop and any number of workers. Nothing in it is locked on the way of a request.
pub struct Plane {
    /// What is served; `None` until there is a configuration.
    pub snapshot: ArcSwapOption<Snapshot>,
    /// What the status paths say.
    pub status: ArcSwap<Status>,
    /// What exchanges share.
    pub shared: Shared,
    /// What external caches have failed to do.
    pub cache_tally: CacheTally,
    /// Inspections for the configuration service.
    pub tray: Tray,
    accepting: watch::Sender<Accepting>,
    in_flight: AtomicU64,
    idle: Notify,
    exchanges: AtomicU64,
}

/// Whether new connections and requests are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepting {
    /// They are.
    Open,
    /// Listeners close, idle connections close, connections in use close after their response.
    Closed,
}

impl Plane {
    /// A plane that serves nothing yet.
    #[must_use]
    pub fn new(status: Status) -> Arc<Self> {
        Self::with(status, Shared::default())
    }

    /// A plane that serves nothing yet; its exchanges share `shared`.
    #[must_use]
    pub fn with(status: Status, shared: Shared) -> Arc<Self> {
        Arc::new(Self {
            snapshot: ArcSwapOption::empty(),
            status: ArcSwap::from_pointee(status),
            shared,
            cache_tally: CacheTally::default(),
            tray: Tray::default(),
            accepting: watch::Sender::new(Accepting::Open),
            in_flight: AtomicU64::new(0),
            idle: Notify::new(),
            exchanges: AtomicU64::new(0),
        })
    }

    /// Whether to accept, to be watched by every listener and connection.
    #[must_use]
    pub fn accepting(&self) -> watch::Receiver<Accepting> {
        self.accepting.subscribe()
    }

    /// Stops accepting.
    pub fn close(&self) {
        self.accepting.send_replace(Accepting::Closed);
    }

    /// Whether the end has begun: requests are still taken, connections are not kept.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        const DRAINING: &str = State::Draining { deadline: Instant::ZERO }.name();
        self.status.load().state == DRAINING
    }

    /// The number of the next exchange: forks its seed.
    pub fn next_exchange(&self) -> u64 {
        self.exchanges.fetch_add(1, Ordering::Relaxed)
    }

    /// Counts a request in until the guard is dropped.
    #[must_use]
    pub fn enter(self: &Arc<Self>) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::AcqRel);
        InFlight { plane: Arc::clone(self) }
    }

    /// Requests in flight.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Acquire)
    }

    /// Waits until no request is in flight.
    pub async fn drained(&self) {
        loop {
            let idle = self.idle.notified();
            if self.in_flight() == 0 {
                return;
            }
            idle.await;
        }
    }
}

/// A request in flight.
pub struct InFlight {
    plane: Arc<Plane>,
}

impl InFlight {
    /// What exchanges share.
    #[must_use]
    pub fn shared(&self) -> &Shared {
        &self.plane.shared
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if self.plane.in_flight.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.plane.idle.notify_waiters();
        }
    }
}
