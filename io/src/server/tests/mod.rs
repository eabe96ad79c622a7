//! A worker on real loopback sockets, with scripted exchanges in place of the core's.

mod closing;
mod encrypted;
mod exchanges;
mod frames;
mod refusals;
mod stage;
mod streaming;
