//! The world that a gateway process runs in: network, disk, clock, chance, cryptography, sinks.

use std::sync::Arc;

use holdfast_core::rng::Seed;
use rustls::crypto::CryptoProvider;

use crate::clock::Clock;
use crate::disk::Disk;
use crate::net::Net;
use crate::sink::Sink;

/// One world. Production has one, every simulated host has its own.
#[derive(Clone)]
pub struct Env<N: Net, D: Disk> {
    /// The network.
    pub net: N,
    /// The disk.
    pub disk: D,
    /// The clocks.
    pub clock: Arc<dyn Clock>,
    /// The seed of everything random that is not a secret.
    pub seed: Seed,
    /// Cryptography for TLS.
    pub crypto: Arc<CryptoProvider>,
    /// Where facts go.
    pub sink: Arc<dyn Sink>,
}
