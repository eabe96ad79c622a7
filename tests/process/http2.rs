//! HTTP/2 to backends: agreed on over TLS, without asking in clear text, many requests on one connection. Its servers are hyper's.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use bytes::Bytes;
use holdfast_sim::sample::Backends;
use http::{Request, Response, Version};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tempfile::tempdir;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Barrier;
use tokio_rustls::TlsAcceptor;

use crate::authority::{Authority, Clients};
use crate::folder::Folder;
use crate::gateway::{Gateway, Wiring};
use crate::played::Played;

/// How many requests wait for each other at `/together`.
const TOGETHER: usize = 5;

/// A server that speaks HTTP/2 and nothing else. It ends with the test's process.
struct Server {
    address: SocketAddr,
    // The number of the connection, the authority and the path of each request.
    asked: Arc<Mutex<Vec<(usize, String, String)>>>,
}

impl Server {
    fn start(tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        listener.set_nonblocking(true).expect("a socket");
        let address = listener.local_addr().expect("an address");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            tokio::task::LocalSet::new().block_on(&runtime, accept(listener, tls, seen));
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<(usize, String, String)> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn accept(
    listener: std::net::TcpListener,
    tls: Option<Arc<ServerConfig>>,
    seen: Arc<Mutex<Vec<(usize, String, String)>>>,
) {
    let listener = TcpListener::from_std(listener).expect("a listener");
    let barrier = Rc::new(Barrier::new(TOGETHER));
    let connections = AtomicUsize::new(0);
    while let Ok((stream, _)) = listener.accept().await {
        let number = connections.fetch_add(1, Ordering::Relaxed) + 1;
        let (tls, barrier, seen) = (tls.clone(), Rc::clone(&barrier), Arc::clone(&seen));
        tokio::task::spawn_local(async move {
            match tls {
                None => serve(stream, number, barrier, seen).await,
                Some(tls) => {
                    if let Ok(stream) = TlsAcceptor::from(tls).accept(stream).await {
                        serve(stream, number, barrier, seen).await;
                    }
                }
            }
        });
    }
}

async fn serve<S>(stream: S, number: usize, barrier: Rc<Barrier>, seen: Arc<Mutex<Vec<(usize, String, String)>>>)
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let (barrier, seen) = (Rc::clone(&barrier), Arc::clone(&seen));
        async move {
            assert_eq!(request.version(), Version::HTTP_2);
            let authority = request.uri().authority().map(ToString::to_string).unwrap_or_default();
            let path = request.uri().path().to_owned();
            seen.lock().unwrap_or_else(PoisonError::into_inner).push((number, authority, path.clone()));
            if path.ends_with("together") {
                barrier.wait().await;
            }
            // what came goes back
            let content = request.into_body().collect().await.map(|all| all.to_bytes()).unwrap_or_default();
            let answer = if content.is_empty() { Bytes::from("two") } else { content };
            Ok::<_, Infallible>(Response::new(Full::new(answer)))
        }
    });
    // The gateway ends connections as it likes.
    http2::Builder::new(OnThisThread).serve_connection(TokioIo::new(stream), service).await.ok();
}

#[derive(Clone, Copy)]
struct OnThisThread;

impl<F: std::future::Future + 'static> hyper::rt::Executor<F> for OnThisThread {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}

/// A gateway with one worker whose requests to backends are sent with this `http-version`.
fn gateway(orders: String, version: &str, backup: &std::path::Path, authority: &Authority) -> (Gateway, Folder) {
    let folder = Folder::sample(&Backends { orders: orders.clone(), catalog: orders });
    let policy = format!(
        r#"<policies><inbound><base /></inbound><backend><forward-request http-version="{version}" /></backend></policies>"#
    );
    folder.write("apis/orders/policy.xml", &policy);
    let file = backup.join("authority.pem");
    std::fs::write(&file, authority.pem()).expect("the file can be written");
    let mut gateway = Wiring::to(&format!("file://{}", folder.path().display()), backup)
        .set("gateway.name", "gw1")
        .set("holdfast.workers", "1")
        .set("holdfast.upstream.ca.path", &file.display().to_string())
        .start();
    gateway.is_in(200, &["connected"]);
    (gateway, folder)
}

#[test]
fn requests_share_one_connection_of_http_2_and_contents_stream_both_ways() {
    let (authority, backup) = (Authority::new(), tempdir().unwrap());
    let server = Server::start(Some(authority.server(Clients::Anyone, &[b"h2"])));
    let url = format!("https://localhost:{}", server.address.port());
    let (gateway, _folder) = gateway(url, "2", backup.path(), &authority);
    // None of them is answered before all have arrived.
    let askers: Vec<_> = (0..TOGETHER)
        .map(|_| {
            let client = gateway.client();
            thread::spawn(move || client.get("/orders/items/together").unwrap())
        })
        .collect();
    for asker in askers {
        let told = asker.join().expect("an answer");
        assert_eq!((told.status, told.body.as_slice()), (200, &b"two"[..]), "{told:?}");
    }
    let large: Vec<u8> = (0..3_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let told = gateway.post("/orders/items", large.clone()).unwrap();
    assert!(told.status == 200 && told.body == large, "{} bytes of {}", told.body.len(), large.len());
    let asked = server.asked();
    assert_eq!(asked.len(), TOGETHER + 1);
    let authority = format!("localhost:{}", server.address.port());
    assert!(asked.iter().all(|(connection, named, _)| *connection == 1 && *named == authority), "{asked:?}");
}

#[test]
fn in_clear_text_http_2_is_spoken_without_asking() {
    let (authority, backup) = (Authority::new(), tempdir().unwrap());
    let server = Server::start(None);
    let (gateway, _folder) = gateway(format!("http://{}", server.address), "2", backup.path(), &authority);
    for _ in 0..3 {
        assert_eq!(gateway.get("/orders/items/1").unwrap().body, b"two");
    }
    let expected = (1, server.address.to_string(), "/items/1".to_owned());
    assert_eq!(server.asked(), vec![expected; 3]);
}

#[test]
fn a_server_without_http_2_is_spoken_to_as_it_can_where_that_is_allowed() {
    let (authority, backup) = (Authority::new(), tempdir().unwrap());
    let old = Played::echo(Some(authority.server(Clients::Anyone, &[b"http/1.1"])));
    let new = Server::start(Some(authority.server(Clients::Anyone, &[b"h2", b"http/1.1"])));
    let url = |port: u16| format!("https://localhost:{port}");
    {
        let (gateway, _folder) = gateway(url(old.address().port()), "2or1", backup.path(), &authority);
        for _ in 0..3 {
            let told = gateway.get("/orders/items/1").unwrap();
            assert_eq!(told.status, 200, "{told:?}");
        }
        let connections: Vec<usize> = old.asked().iter().map(|asked| asked.connection).collect();
        assert_eq!(connections, [1, 1, 1]);
    }
    let (other, backup) = (url(new.address.port()), tempdir().unwrap());
    {
        let (gateway, _folder) = gateway(other, "2or1", backup.path(), &authority);
        assert_eq!(gateway.get("/orders/items/1").unwrap().body, b"two");
    }
    let backup = tempdir().unwrap();
    let (gateway, _folder) = gateway(url(old.address().port()), "2", backup.path(), &authority);
    let told = gateway.get("/orders/items/1").unwrap();
    assert_eq!(told.status, 500, "{told:?}");
    assert_eq!(old.asked().len(), 3);
}
