//! Accepting connections, as many as there are places for. Reads nothing from them.

use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use holdfast_core::http::Scheme;
use holdfast_core::telemetry::{Event, Level};
use tokio::time::{sleep, timeout};

use super::connection::{self, Peer};
use super::exchanges::Exchanges;
use super::{Place, Worker};
use crate::limits::ACCEPT_RETRY_DELAY;
use crate::net::Net;
use crate::tls::{Acceptor, Transport};

/// How one comes in.
#[derive(Clone)]
pub(super) enum Door {
    /// Plain text.
    Plain,
    /// TLS.
    Tls(Acceptor),
}

/// Accepts until the worker closes. Dropping the listener then tells whoever still knocks to go elsewhere.
pub(super) async fn accept<N: Net, X: Exchanges>(worker: Rc<Worker<N, X>>, mut listener: N::Listener, door: Door) {
    let local = N::local_address(&listener).ok();
    let mut failing = false;
    loop {
        let accepted = tokio::select! {
            biased;
            () = worker.closing.wait() => return,
            accepted = next::<N, X>(&worker, &mut listener) => accepted,
        };
        match accepted {
            Ok((place, stream, address)) => {
                failing = false;
                tracing::debug!(%address, "a client connected");
                let greeted = greet(Rc::clone(&worker), place, stream, address, local, door.clone());
                tokio::task::spawn_local(greeted);
            }
            Err(error) => {
                if !std::mem::replace(&mut failing, true) {
                    report(&worker, &error);
                }
                sleep(ACCEPT_RETRY_DELAY).await;
            }
        }
    }
}

async fn next<N: Net, X: Exchanges>(
    worker: &Worker<N, X>,
    listener: &mut N::Listener,
) -> std::io::Result<(Place, N::Stream, SocketAddr)> {
    let place = worker.places.take().await;
    let (stream, address) = N::accept(listener).await?;
    Ok((place, stream, address))
}

async fn greet<N: Net, X: Exchanges>(
    worker: Rc<Worker<N, X>>,
    place: Place,
    stream: N::Stream,
    address: SocketAddr,
    local: Option<SocketAddr>,
    door: Door,
) {
    let (scheme, transport) = match door {
        Door::Plain => (Scheme::Http, Transport::Plain(stream)),
        Door::Tls(acceptor) => match timeout(worker.timeouts.tls_handshake, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => (Scheme::Https, Transport::Tls(Box::new(stream.into()))),
            // a port scan, or a client that refused our certificate and has said so to its own user
            Ok(Err(_)) | Err(_) => return,
        },
    };
    let peer = Peer {
        ip: address.ip().to_canonical().to_string(),
        scheme,
        tls_version: transport.tls_version(),
        certificate: transport.client_certificate(),
        local: local.map_or(IpAddr::from([127, 0, 0, 1]), |local| local.ip()),
    };
    connection::serve(worker, transport, peer).await;
    drop(place);
}

fn report<N: Net, X: Exchanges>(worker: &Worker<N, X>, error: &std::io::Error) {
    worker.sink.event(&Event {
        at: worker.clock.now().wall,
        level: Level::Error,
        name: "AcceptFailed",
        source: "server",
        message: format!("connections cannot be accepted: {error}"),
        revision: None,
        diagnostics: Vec::new(),
    });
}
