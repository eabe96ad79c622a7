//! Ports that stay a test's own, also while nothing listens on them. Holds no socket.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

// Below the range from which the kernel gives ports to outgoing connections (32768 and up), so that a port that is free for the moment
// between two lives of a process is not taken by somebody's connection.
const FIRST: u16 = 14_000;
const PER_PROCESS: u16 = 24;
const PROCESSES: u32 = 750;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// A port on loopback that nobody listens on. Test processes that run side by side draw from ranges of their own.
pub(crate) fn free() -> SocketAddr {
    let base = u16::try_from(std::process::id() % PROCESSES).expect("small") * PER_PROCESS;
    for _ in 0..1000 {
        let drawn = base.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % (18_000);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, FIRST + drawn));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
    panic!("no port is free on loopback");
}
