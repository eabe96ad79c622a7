//! Fake Azure, the outage simulator and the demo. Nothing of it is linked into the production binary.

pub mod azure;
pub mod backend;
pub mod bench;
pub mod client;
pub mod clock;
pub mod command;
pub mod crypto;
pub mod demo;
pub mod disk;
pub mod feed;
pub mod invariant;
pub mod loopback;
pub mod mark;
pub mod net;
pub mod plan;
pub mod replay;
pub mod sample;
pub mod shop;
pub mod terminal;
pub mod trace;
pub mod world;
