//! The signals that ask the process to end. Ends nothing itself.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

// More than one and the same impatient operator needs.
const REQUESTS_MAX: usize = 8;

/// One message for every SIGTERM or SIGINT from now on. Must run inside a `LocalSet`.
///
/// # Errors
/// The operating system takes no handler.
pub fn shutdown_requests() -> io::Result<mpsc::Receiver<()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (asked, requests) = mpsc::channel(REQUESTS_MAX);
    tokio::task::spawn_local(async move {
        loop {
            tokio::select! {
                biased;
                Some(()) = terminate.recv() => {}
                Some(()) = interrupt.recv() => {}
                else => return,
            }
            if asked.send(()).await.is_err() {
                return;
            }
        }
    });
    Ok(requests)
}
