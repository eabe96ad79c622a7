//! The threads that serve: each with its own runtime and its own listeners on the shared addresses. Their end is watched.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use tokio::sync::mpsc;
use tokio::task::LocalSet;

use super::World;
use super::startup::{Tls, runtime};
use crate::net::{Net, TokioNet};
use crate::plane::Plane;
use crate::server;
use crate::settings::{Listeners, Settings};

/// The workers, started.
pub(super) struct Workers {
    /// The addresses that they have got; a port 0 has become a real one.
    pub(super) listening: Listeners,
    /// How many there are.
    pub(super) count: usize,
}

/// The end of a worker.
#[derive(Clone, Copy, Debug)]
pub(super) struct Death {
    worker: usize,
    /// Whether a bug ended it.
    pub(super) panicked: bool,
}

impl Death {
    pub(super) fn in_words(self) -> String {
        let how = if self.panicked { "panicked" } else { "ended although nobody asked it to" };
        format!("worker {} {how}: the process ends, so that whatever watches it starts a whole one", self.worker)
    }
}

impl Workers {
    /// Starts all workers; when this returns, every one of them listens. The channel closes when the last one has ended.
    pub(super) fn start(
        env: &World,
        plane: &Arc<Plane>,
        settings: &Settings,
        tls: &Tls,
    ) -> Result<(Self, mpsc::UnboundedReceiver<Death>), String> {
        let count = settings.workers.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
        let (dying, deaths) = mpsc::unbounded_channel();
        let mut listening = settings.listeners;
        probe("holdfast.http.listen", listening.http)?;
        probe("holdfast.https.listen", listening.https)?;
        for worker in 0..count {
            let thread = Thread {
                worker,
                env: env.clone(),
                plane: Arc::clone(plane),
                options: options(settings, tls, count),
                dying: dying.clone(),
            };
            // One after the other: the first one turns a port 0 into the port that all share.
            listening = thread.start(listening)?;
        }
        Ok((Self { listening, count }, deaths))
    }
}

// With SO_REUSEPORT a second process of the same user would bind without an error and take half of the connections. A listener without
// that option finds out; the moment between the two is too short to matter and not our own doing.
fn probe(key: &str, address: Option<SocketAddr>) -> Result<(), String> {
    let Some(address) = address else { return Ok(()) };
    TcpListener::bind(address).map(drop).map_err(|error| bind_failed(key, address, &error))
}

fn bind_failed(key: &str, address: SocketAddr, error: &io::Error) -> String {
    let reason = match error.kind() {
        io::ErrorKind::AddrInUse => "another process listens there".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied; ports below 1024 need a privilege".to_owned(),
        io::ErrorKind::AddrNotAvailable => "this machine does not have that address".to_owned(),
        _ => error.to_string(),
    };
    format!("`{key}`: cannot listen on `{address}`: {reason}")
}

fn options(settings: &Settings, tls: &Tls, workers: usize) -> server::Options {
    let mut options = server::Options::new(Arc::clone(&tls.upstream));
    options.tls = Some(Arc::clone(&tls.server));
    options.forwarded_proto = settings.forwarded_proto;
    options.timeouts = settings.timeouts;
    options.proxies = Arc::clone(&settings.proxies);
    if let Some(all) = settings.connections_max {
        options.connections_max = all.get().div_ceil(workers);
    }
    options
}

struct Thread {
    worker: usize,
    env: World,
    plane: Arc<Plane>,
    options: server::Options,
    dying: mpsc::UnboundedSender<Death>,
}

/// Tells of the end of its thread, however that comes about.
struct LastBreath {
    worker: usize,
    dying: mpsc::UnboundedSender<Death>,
}

impl Drop for LastBreath {
    fn drop(&mut self) {
        // Nobody listens any more when the process ends anyway.
        let _ = self.dying.send(Death { worker: self.worker, panicked: thread::panicking() });
    }
}

impl Thread {
    fn start(self, addresses: Listeners) -> Result<Listeners, String> {
        let (bound, addresses_bound) = sync_channel(1);
        let name = format!("worker-{}", self.worker);
        thread::Builder::new()
            .name(name.clone())
            .spawn(move || self.run(addresses, &bound))
            .map_err(|error| format!("no thread for {name}: {error}"))?;
        addresses_bound.recv().unwrap_or_else(|_| Err(format!("{name} ended before it listened")))
    }

    fn run(self, addresses: Listeners, bound: &SyncSender<Result<Listeners, String>>) {
        let _breath = LastBreath { worker: self.worker, dying: self.dying.clone() };
        let runtime = match runtime() {
            Ok(runtime) => runtime,
            Err(message) => return drop(bound.send(Err(message))),
        };
        let local = LocalSet::new();
        local.block_on(&runtime, async {
            let listeners = match listen(&self.env, addresses).await {
                Ok((listeners, got)) => {
                    drop(bound.send(Ok(got)));
                    listeners
                }
                Err(message) => return drop(bound.send(Err(message))),
            };
            server::run_worker(self.env, self.plane, listeners, self.options).await;
        });
    }
}

async fn listen(env: &World, addresses: Listeners) -> Result<(server::Listeners<TokioNet>, Listeners), String> {
    let plain = bind(env, "holdfast.http.listen", addresses.http).await?;
    let tls = bind(env, "holdfast.https.listen", addresses.https).await?;
    let got = Listeners {
        http: plain.as_ref().and_then(|listener| TokioNet::local_address(listener).ok()),
        https: tls.as_ref().and_then(|listener| TokioNet::local_address(listener).ok()),
    };
    Ok((server::Listeners { plain, tls }, got))
}

async fn bind(
    env: &World,
    key: &str,
    address: Option<SocketAddr>,
) -> Result<Option<<TokioNet as Net>::Listener>, String> {
    match address {
        Some(address) => env.net.bind(address).await.map(Some).map_err(|error| bind_failed(key, address, &error)),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use super::super::startup;
    use super::*;
    use crate::clock::SystemClock;
    use crate::sink::NoSink;

    fn world() -> World {
        startup::world(Arc::new(SystemClock::start()), Arc::new(NoSink)).unwrap()
    }

    fn settings(http: &str) -> Settings {
        let vars = [
            ("config.service.endpoint", "file:///nowhere"),
            ("gateway.name", "gw1"),
            ("holdfast.http.listen", http),
            ("holdfast.https.listen", "off"),
            ("holdfast.workers", "2"),
        ];
        let vars = vars.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Settings::parse(vars).unwrap().0
    }

    #[test]
    fn workers_share_one_port_and_end_when_the_plane_is_closed() {
        let (env, settings) = (world(), settings("127.0.0.1:0"));
        let tls = Tls::load(&env, &settings).unwrap();
        let plane = Plane::new(startup::first_status(&env));
        let (workers, mut deaths) = Workers::start(&env, &plane, &settings, &tls).unwrap();
        let http = workers.listening.http.unwrap();
        assert_ne!(http.port(), 0);
        for _ in 0..8 {
            let mut stream = TcpStream::connect(http).unwrap();
            let request = "GET /status-0123456789abcdef HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("has just started"), "{answer}");
        }
        plane.close();
        let ended: Vec<bool> = std::iter::from_fn(|| deaths.blocking_recv()).map(|death| death.panicked).collect();
        assert_eq!(ended, [false, false]);
    }

    #[test]
    fn an_address_that_is_taken_is_named_with_its_key() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let (env, settings) = (world(), settings(&address.to_string()));
        let tls = Tls::load(&env, &settings).unwrap();
        let error = Workers::start(&env, &Plane::new(startup::first_status(&env)), &settings, &tls).err().unwrap();
        let expected = format!("`holdfast.http.listen`: cannot listen on `{address}`: another process listens there");
        assert_eq!(error, expected);
    }

    #[test]
    fn a_root_that_cannot_be_read_is_named_with_its_key() {
        let mut settings = settings("127.0.0.1:0");
        settings.upstream_ca = Some("/nowhere/ca.pem".into());
        let error = Tls::load(&world(), &settings).err().unwrap();
        assert!(error.starts_with("`holdfast.upstream.ca.path`: `/nowhere/ca.pem` cannot be read"), "{error}");
    }
}
