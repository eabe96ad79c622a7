//! Where the Dapr sidecar of this process listens. Talks to nobody.

use std::sync::OnceLock;

use crate::http::{Scheme, Url};

/// The port of a sidecar that says none (Dapr's own default).
pub const PORT: u16 = 3500;

/// The Dapr sidecar beside this process.
#[derive(Debug, Default)]
pub struct Sidecar {
    port: OnceLock<u16>,
}

impl Sidecar {
    /// It listens on this port of the loopback. A second call changes nothing.
    pub fn set_port(&self, port: u16) {
        // Whoever was first has said it.
        let _there = self.port.set(port);
    }

    /// Its address, without a path.
    #[must_use]
    pub fn address(&self) -> Url {
        let port = self.port.get().copied().unwrap_or(PORT);
        Url { scheme: Scheme::Http, host: "localhost".to_owned(), port, path: "/".to_owned(), query: None }
    }
}
