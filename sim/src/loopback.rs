//! Real runs on this machine: work on the caller's thread, listeners on the loopback address. Nothing simulated uses it.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};

use holdfast::net::{Net, TokioNet};

/// Runs `work` on this thread to its end, inside a `LocalSet`.
///
/// # Errors
/// No runtime could be had: in words.
pub fn run<T>(work: impl Future<Output = T>) -> Result<T, String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    Ok(tokio::task::LocalSet::new().block_on(&runtime, work))
}

/// Listens on a free port of the loopback address; gives the address too.
///
/// # Errors
/// No port could be had: in words.
pub async fn listen() -> Result<(<TokioNet as Net>::Listener, SocketAddr), String> {
    let listener =
        TokioNet.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.map_err(|error| error.to_string())?;
    let address = TokioNet::local_address(&listener).map_err(|error| error.to_string())?;
    Ok((listener, address))
}
