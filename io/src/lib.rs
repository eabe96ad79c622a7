//! The tokio adapters of Holdfast: thin, generic over the network, the disk and the clock, so that production and simulation run
//! the very same code. Decides nothing that the core can decide.

pub mod net;

pub mod clock;
pub mod courier;

pub mod disk;

pub mod sink;

pub mod env;

pub mod caches;

pub mod plane;

pub mod limits;

pub mod tls;

pub mod server;

pub mod settings;

pub mod backup;

pub mod azure;

pub mod folder;

pub mod drive;

pub mod sinks;

pub mod signal;

pub mod run;

pub mod cli;

mod date;

mod health;
mod inspections;

mod perform;

mod upstream;
