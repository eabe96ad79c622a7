//! The client against servers that misbehave, on real sockets; a real Redis is in the tests of processes.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use holdfast_core::config::external_cache::Connection;
use holdfast_core::gateway::Status;
use holdfast_core::rng::Seed;
use holdfast_core::telemetry::{Event, Measurement, RequestRecord};
use tokio::task::LocalSet;

use super::*;
use crate::clock::SystemClock;
use crate::net::TokioNet;

const MAX: u64 = 10;

#[derive(Default)]
struct Events(Mutex<Vec<String>>);

impl Sink for Events {
    fn event(&self, event: &Event) {
        self.0.lock().unwrap().push(event.name.to_owned());
    }

    fn request(&self, _record: &RequestRecord) {}

    fn measurement(&self, _measurement: &Measurement) {}
}

/// A server on loopback that answers each command with what `answer` makes of it, and counts connections.
struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Server {
    fn start(answer: fn(&[Vec<u8>]) -> Vec<u8>) -> Self {
        Self::start_at(move |_, command| answer(command))
    }

    fn start_at(answer: impl Fn(SocketAddr, &[Vec<u8>]) -> Vec<u8> + Clone + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        // Ends with the process of the test.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                let answer = answer.clone();
                thread::spawn(move || {
                    let mut reader = BufReader::new(stream.try_clone().unwrap());
                    while let Some(command) = command(&mut reader) {
                        if stream.write_all(&answer(address, &command)).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { address, connections }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

// The next command of a client: an array of strings.
fn command(reader: &mut impl BufRead) -> Option<Vec<Vec<u8>>> {
    let number = |reader: &mut dyn BufRead| -> Option<usize> {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        line.trim().get(1..)?.parse().ok()
    };
    let count = number(reader)?;
    let mut parts = Vec::new();
    for _ in 0..count {
        let mut part = vec![0; number(reader)? + 2];
        reader.read_exact(&mut part).ok()?;
        part.truncate(part.len() - 2);
        parts.push(part);
    }
    Some(parts)
}

fn bulk(content: &[u8]) -> Vec<u8> {
    [format!("${}\r\n", content.len()).as_bytes(), content, b"\r\n"].concat()
}

struct Scene {
    caches: Rc<Caches<TokioNet>>,
    cache: Arc<ExternalCache>,
    plane: Arc<Plane>,
    events: Arc<Events>,
}

fn scene(connection: &str) -> Scene {
    let events = Arc::new(Events::default());
    let sink: Arc<dyn Sink> = Arc::<Events>::clone(&events);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let (since, reason, refused) = (String::new(), String::new(), Vec::new());
    let status = Status { state: "connected", ready: true, revision: None, since, reason, refused };
    let plane = Plane::new(status);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = Arc::new(ClientTls::new(&provider, &clock, Vec::new(), &[]).unwrap());
    let server = Connection::parse(connection).unwrap().server;
    let cache = Arc::new(ExternalCache { id: Arc::from("default"), server, prefix: Arc::from("holdfast:s:") });
    let caches = Caches::new(TokioNet, tls, clock, sink, Arc::clone(&plane), Seed(7).rng());
    Scene { caches: Rc::new(caches), cache, plane, events }
}

impl Scene {
    async fn ask(&self, verb: CacheVerb) -> Reply {
        let request = CacheRequest { cache: Arc::clone(&self.cache), key: "holdfast:s:value:k".to_owned(), verb };
        Rc::clone(&self.caches).ask(Box::new(request)).await
    }

    async fn get(&self) -> Result<Option<Bytes>, String> {
        match self.ask(CacheVerb::Get { max_bytes: MAX }).await {
            Reply::Cache(result) => result.map_err(|CacheFailure(why)| why),
            other => panic!("{other:?}"),
        }
    }

    fn events(&self, name: &str) -> usize {
        self.events.0.lock().unwrap().iter().filter(|event| *event == name).count()
    }
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let bounded = async { tokio::time::timeout(Duration::from_secs(20), test).await.expect("the test hangs") };
    LocalSet::new().block_on(&runtime, bounded);
}

#[test]
fn a_server_that_hangs_is_asked_once_and_then_left_alone() {
    run(async {
        let server = Server::start(|_| Vec::new());
        let scene = scene(&format!("{},syncTimeout=50", server.address));
        for _ in 0..20 {
            assert_eq!(scene.get().await, Err("no answer in time".to_owned()));
        }
        assert!(matches!(scene.ask(CacheVerb::Remove).await, Reply::Cache(Err(_))));
        let set = CacheVerb::Set { entry: Bytes::from("e"), lifetime: Duration::from_secs(5) };
        assert!(matches!(scene.ask(set).await, Reply::Dispatched));
        assert_eq!(server.connections(), 1);
        assert_eq!(scene.plane.cache_tally.failures(), 22, "each one is counted");
        assert_eq!(scene.events("ExternalCacheNotAvailable"), 1, "one warning is enough");
    });
}

#[test]
fn one_that_nobody_listens_for_is_not_tried_again_and_again() {
    run(async {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let scene = scene(&closed.to_string());
        for _ in 0..5 {
            assert_eq!(scene.get().await, Err("connection refused".to_owned()));
        }
        assert_eq!(scene.events("ExternalCacheUnreachable"), 1);
    });
}

#[test]
fn a_replica_makes_room_for_the_next_endpoint_and_its_recovery_is_told() {
    run(async {
        let replica = Server::start(|_| b"-READONLY You can't write against a read only replica.\r\n".to_vec());
        let primary = Server::start(|command| match command.first().map(Vec::as_slice) {
            Some(b"GETRANGE") => bulk(b"entry"),
            _ => b"+OK\r\n".to_vec(),
        });
        let scene = scene(&format!("{},{}", replica.address, primary.address));
        let refused = scene.get().await.unwrap_err();
        assert!(refused.contains("READONLY") || refused.contains("read only"), "{refused}");
        while scene.get().await != Ok(Some(Bytes::from("entry"))) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!((replica.connections(), primary.connections()), (1, 1));
        assert_eq!(scene.events("ExternalCacheAvailable"), 1);
    });
}

#[test]
fn an_error_about_one_key_costs_no_connection_and_what_is_too_long_is_nothing() {
    run(async {
        let server = Server::start(|command| match command.first().map(Vec::as_slice) {
            Some(b"GETRANGE") => bulk(b"elevenbytes"),
            _ => b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n".to_vec(),
        });
        let scene = scene(&server.address.to_string());
        assert!(matches!(scene.ask(CacheVerb::Remove).await, Reply::Cache(Err(_))));
        assert_eq!(scene.get().await, Ok(None));
        assert_eq!(server.connections(), 1);
    });
}

#[test]
fn servers_that_send_a_key_in_circles_are_left() {
    run(async {
        let server = Server::start_at(|address, _| format!("-MOVED 7 :{}\r\n", address.port()).into_bytes());
        let scene = scene(&server.address.to_string());
        assert_eq!(scene.get().await, Err("the servers of the cluster send it from one to the other".to_owned()));
        assert_eq!(server.connections(), 2, "one that is named, one that the answer names");
    });
}

#[test]
fn a_server_that_is_about_to_get_a_key_is_told_so_and_not_remembered() {
    run(async {
        let next = Server::start_at({
            let asking = Arc::new(Mutex::new(false));
            move |_, command| match command.first().map(Vec::as_slice) {
                Some(b"ASKING") => {
                    *asking.lock().unwrap() = true;
                    b"+OK\r\n".to_vec()
                }
                _ if std::mem::take(&mut *asking.lock().unwrap()) => bulk(b"entry"),
                _ => b"-ERR not asking\r\n".to_vec(),
            }
        });
        let port = next.address.port();
        let first = Server::start_at(move |_, _| format!("-ASK 7 127.0.0.1:{port}\r\n").into_bytes());
        let scene = scene(&first.address.to_string());
        for _ in 0..3 {
            assert_eq!(scene.get().await, Ok(Some(Bytes::from("entry"))));
        }
        assert_eq!((first.connections(), next.connections()), (1, 1));
    });
}

#[test]
fn a_connection_that_the_server_closes_is_made_anew() {
    run(async {
        let server = Server::start(|command| match command.get(1).map(Vec::as_slice) {
            // no reply, and the thread that serves the connection ends
            Some(b"holdfast:s:value:k") if command.len() == 2 => panic!("the server goes away"),
            _ => bulk(b"entry"),
        });
        let scene = scene(&server.address.to_string());
        assert_eq!(scene.get().await, Ok(Some(Bytes::from("entry"))));
        assert!(matches!(scene.ask(CacheVerb::Remove).await, Reply::Cache(Err(_))));
        while scene.get().await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(server.connections(), 2);
    });
}

// Answers GETRANGE with an entry, all else with `OK`.
fn serving(command: &[Vec<u8>]) -> Vec<u8> {
    if command.first().is_some_and(|name| name == b"GETRANGE") { bulk(b"entry") } else { b"+OK\r\n".to_vec() }
}

fn moved_to(address: SocketAddr) -> Vec<u8> {
    format!("-MOVED 7 127.0.0.1:{}\r\n", address.port()).into_bytes()
}

/// An address at which nobody listens.
fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[test]
fn a_call_that_meets_a_dead_server_asks_another_one_and_goes_on() {
    run(async {
        let heir = Server::start(serving);
        let asked = Arc::new(AtomicUsize::new(0));
        let (owner, count) = (nobody(), Arc::clone(&asked));
        let next = heir.address;
        let named = Server::start_at(move |_, _| match count.fetch_add(1, Ordering::SeqCst) {
            0 => moved_to(owner),
            _ => moved_to(next),
        });
        let scene = scene(&named.address.to_string());
        assert_eq!(
            scene.get().await,
            Ok(Some(Bytes::from("entry"))),
            "the owner was dead, the one that is named knew more"
        );
        assert_eq!(scene.get().await, Ok(Some(Bytes::from("entry"))));
        assert_eq!((asked.load(Ordering::SeqCst), heir.connections()), (2, 1), "the new owner is remembered");
        assert_eq!(scene.plane.cache_tally.failures(), 0);
    });
}

#[test]
fn where_nobody_knows_a_living_owner_the_reason_is_that_of_the_dead_one() {
    run(async {
        let owner = nobody();
        let other = Server::start_at(move |_, _| moved_to(owner));
        let named = Server::start_at(move |_, _| moved_to(owner));
        let scene = scene(&format!("{},{}", named.address, other.address));
        for _ in 0..3 {
            assert_eq!(scene.get().await, Err("connection refused".to_owned()));
        }
        assert_eq!((named.connections(), other.connections()), (2, 1), "by the list and by itself; each was asked");
    });
}

#[test]
fn a_server_that_has_lost_its_cluster_makes_room_for_another() {
    run(async {
        let alone = Server::start(|_| b"-CLUSTERDOWN The cluster is down\r\n".to_vec());
        let scene = scene(&alone.address.to_string());
        for _ in 0..2 {
            let why = scene.get().await.unwrap_err();
            assert!(why.contains("CLUSTERDOWN") || why.contains("luster is down"), "{why}");
        }
        let whole = Server::start(serving);
        let scene = self::scene(&format!("{},{}", alone.address, whole.address));
        assert_eq!(scene.get().await, Ok(Some(Bytes::from("entry"))));
        assert_eq!(scene.get().await, Ok(Some(Bytes::from("entry"))));
    });
}

#[test]
fn a_server_in_the_middle_of_a_move_is_asked_again() {
    run(async {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let server = Server::start_at(move |_, command| match count.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => b"-TRYAGAIN Multiple keys request during rehashing of slot\r\n".to_vec(),
            _ => serving(command),
        });
        let scene = scene(&server.address.to_string());
        assert_eq!(scene.get().await, Ok(Some(Bytes::from("entry"))));
        assert_eq!((asked.load(Ordering::SeqCst), server.connections()), (3, 1));
        let stuck = Server::start(|_| b"-TRYAGAIN Multiple keys request during rehashing of slot\r\n".to_vec());
        let scene = self::scene(&stuck.address.to_string());
        let why = scene.get().await.unwrap_err();
        assert!(why.contains("rehashing"), "{why}");
        assert_eq!(stuck.connections(), 1);
    });
}
