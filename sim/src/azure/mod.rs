//! Fake Azure: the configuration API of one gateway, as a state machine that a socket loop or a simulated host drives.
//!
//! `state` holds revisions, tokens, faults and what was seen; `protocol` answers requests; `serve` moves the bytes over any network;
//! `admin` lets a person or a test switch faults from outside; `watch` publishes a folder's edits; `store` outlives the process;
//! `command` is the command line.

pub mod admin;
pub mod command;
pub mod fault;
pub mod protocol;
pub mod serve;
pub mod state;
pub mod store;
pub mod tls;
pub mod token;
pub mod watch;

pub use fault::Fault;
pub use state::Azure;
