//! Where exchanges come from: the published snapshot in production, scripts in this package's own tests.

use holdfast_core::exchange::socket::Upgrade;
use holdfast_core::exchange::{Client, EffectId, Exchange, Reply, Step};
use holdfast_core::http::RequestHead;
use holdfast_core::rng::Seed;
use holdfast_core::shared::Shared;
use holdfast_core::time::Now;

use crate::plane::Plane;

/// A machine that turns one request into its response; the shape of [`Exchange`].
pub(crate) trait Machine: 'static {
    fn poll(&mut self, shared: &Shared, now: Now) -> Step;
    fn resume(&mut self, id: EffectId, reply: Reply, now: Now);

    /// What begins behind the response of a machine that is done.
    fn upgrade(&mut self) -> Option<Box<Upgrade>> {
        None
    }
}

/// Something that begins exchanges.
pub(crate) trait Exchanges: 'static {
    type Machine: Machine;

    /// The exchange for a request, or none while there is no configuration.
    fn begin(&self, plane: &Plane, request: RequestHead, client: Client, seed: Seed, now: Now)
    -> Option<Self::Machine>;
}

/// Exchanges of the snapshot that is published at the moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Published;

impl Exchanges for Published {
    type Machine = Exchange;

    fn begin(&self, plane: &Plane, request: RequestHead, client: Client, seed: Seed, now: Now) -> Option<Exchange> {
        let snapshot = plane.snapshot.load_full()?;
        Some(Exchange::new(snapshot, request, client, seed, now))
    }
}

impl Machine for Exchange {
    fn poll(&mut self, shared: &Shared, now: Now) -> Step {
        Self::poll(self, shared, now)
    }

    fn resume(&mut self, id: EffectId, reply: Reply, now: Now) {
        Self::resume(self, id, reply, now);
    }

    fn upgrade(&mut self) -> Option<Box<Upgrade>> {
        Self::upgrade(self)
    }
}
