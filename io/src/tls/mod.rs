//! TLS on both sides: what the gateway shows to clients and what it demands of upstreams. Moves no bytes of messages.

mod accept;
mod client;
mod pem;
mod server;
mod time;
mod transport;

pub(crate) use accept::Acceptor;
pub use client::{ClientTls, native_roots};
pub use pem::{Identity, PemFault, self_signed};
pub use server::ServerTls;
pub(crate) use transport::Transport;

#[cfg(test)]
mod tests;
