//! The sans-IO core of Holdfast: pure state machines for routing, policies, sync, heartbeat and fail-static.
//!
//! Time, chance and the network are arguments. Nothing here opens a socket or a file, reads a clock or the environment,
//! or starts a thread. Modules import only from modules above them in this list; `tests/architecture.rs` enforces it.

pub mod time;

pub mod rng;

pub mod span;

pub mod diagnostic;

pub mod pki;

pub mod http;

pub mod config;

pub mod telemetry;

pub mod route;

pub mod value;

pub mod context;

pub mod inspection;

pub mod expr;

pub mod limits;

pub mod llm;

pub mod backends;

pub mod cache;

pub mod keys;

pub mod sidecar;

pub mod topics;

pub mod shared;

pub mod policy;

pub mod snapshot;

pub mod exchange;

pub mod lifecycle;

pub mod sync;

pub mod heartbeat;

pub mod backup;

pub mod vault;

pub mod gateway;
