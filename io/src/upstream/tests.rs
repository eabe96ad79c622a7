//! Outgoing requests over a network in memory, where the test is the backend and decides to the byte what had been sent.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use holdfast_core::context::Body;
use holdfast_core::exchange::{
    BodyFailure, OutboundBody, OutboundRequest, Redirects, UpstreamFailureKind, UpstreamTls,
};
use holdfast_core::http::{Bytes, Method, Url};
use hyper::body::Body as _;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::{ClientContent, Upstream, UpstreamTimeouts, read_to_end};
use crate::clock::{Clock, SystemClock};
use crate::net::Net;
use crate::tls::ClientTls;

/// The backend's ends of the connections that were opened, in order.
#[derive(Clone, Default)]
struct Wires(Arc<Mutex<VecDeque<DuplexStream>>>);

impl Wires {
    fn next(&self) -> Option<DuplexStream> {
        self.0.lock().unwrap().pop_front()
    }

    async fn accept(&self) -> DuplexStream {
        loop {
            if let Some(wire) = self.next() {
                return wire;
            }
            tokio::task::yield_now().await;
        }
    }
}

impl Net for Wires {
    type Stream = DuplexStream;
    type Listener = ();

    async fn bind(&self, _: SocketAddr) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn local_address((): &()) -> io::Result<SocketAddr> {
        Err(io::ErrorKind::Unsupported.into())
    }

    async fn accept((): &mut ()) -> io::Result<(DuplexStream, SocketAddr)> {
        Err(io::ErrorKind::Unsupported.into())
    }

    async fn connect(&self, host: &str, _: u16) -> io::Result<DuplexStream> {
        match host {
            "unknown" => Err(io::ErrorKind::NotFound.into()),
            "refusing" => Err(io::ErrorKind::ConnectionRefused.into()),
            "silent" => std::future::pending().await,
            _ => {
                let (ours, theirs) = tokio::io::duplex(64 * 1024);
                self.0.lock().unwrap().push_back(theirs);
                Ok(ours)
            }
        }
    }
}

struct Bench {
    upstream: Upstream<Wires>,
    wires: Wires,
}

fn bench(idle: Duration) -> Bench {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let tls = Arc::new(ClientTls::new(&provider, &clock, Vec::new(), &[]).unwrap());
    let timeouts =
        UpstreamTimeouts { connect: Duration::from_millis(50), idle, content_idle: Duration::from_millis(50) };
    let wires = Wires::default();
    Bench { upstream: Upstream::new(wires.clone(), tls, Arc::default(), timeouts), wires }
}

fn run(test: impl AsyncFnOnce(Bench)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let bounded = async {
        tokio::time::timeout(Duration::from_secs(20), test(bench(Duration::from_secs(60))))
            .await
            .expect("the test hangs");
    };
    tokio::task::LocalSet::new().block_on(&runtime, bounded);
}

fn request(url: &str) -> OutboundRequest {
    let url = Url::parse(url).unwrap();
    OutboundRequest { max_response_bytes: 100, ..OutboundRequest::new(Method::GET, url, Duration::from_secs(30)) }
}

/// The head of the next request on `wire`, in lower case.
async fn head(wire: &mut DuplexStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(wire.read_u8().await.expect("a request"));
    }
    String::from_utf8(head).unwrap().to_ascii_lowercase()
}

async fn answer(wire: &mut DuplexStream, response: &str) -> String {
    let asked = head(wire).await;
    wire.write_all(response.as_bytes()).await.unwrap();
    asked
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

impl Bench {
    /// Forwards, and reads the whole response; its content, or the kind of failure.
    async fn forward(&self, request: OutboundRequest) -> Result<Bytes, UpstreamFailureKind> {
        let forwarded = self.upstream.forward(request, ClientContent::Absent).await;
        match forwarded.result {
            Ok((_, Some(body))) => Ok(read_to_end(body, 1000).await.unwrap()),
            Ok((_, None)) => Ok(Bytes::new()),
            Err(failure) => Err(failure.kind),
        }
    }

    /// One request that leaves a connection in the pool; the backend's end of it.
    async fn warm(&self) -> DuplexStream {
        let serve = async {
            let mut wire = self.wires.accept().await;
            answer(&mut wire, OK).await;
            wire
        };
        let (content, wire) = tokio::join!(self.forward(request("http://b/")), serve);
        assert_eq!(content.unwrap(), "ok");
        wire
    }
}

#[test]
fn a_connection_is_used_again() {
    run(async |bench| {
        let mut wire = bench.warm().await;
        let (content, asked) = tokio::join!(bench.forward(request("http://B/x?y")), answer(&mut wire, OK));
        assert_eq!(content.unwrap(), "ok");
        assert!(asked.starts_with("get /x?y http/1.1\r\nhost: b\r\n"), "{asked}");
        assert!(bench.wires.next().is_none());
    });
}

#[test]
fn another_port_or_other_checks_are_another_upstream() {
    run(async |bench| {
        let _first = bench.warm().await;
        let unchecked = UpstreamTls { validate_chain: false, validate_name: false };
        for other in [request("http://b:81/"), OutboundRequest { tls: unchecked, ..request("http://b/") }] {
            let serve = async { answer(&mut bench.wires.accept().await, OK).await };
            let (content, _) = tokio::join!(bench.forward(other), serve);
            assert_eq!(content.unwrap(), "ok");
        }
    });
}

#[test]
fn a_connection_that_closes_is_not_used_again() {
    run(async |bench| {
        for response in
            ["HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\n\r\nok"]
        {
            let serve = async {
                let mut wire = bench.wires.accept().await;
                answer(&mut wire, response).await
            };
            let (content, _) = tokio::join!(bench.forward(request("http://b/")), serve);
            assert_eq!(content.unwrap(), "ok");
        }
    });
}

#[test]
fn a_connection_that_idled_for_too_long_is_not_used_again() {
    run(async |_| {
        let bench = bench(Duration::ZERO);
        let _first = bench.warm().await;
        let _second = bench.warm().await;
    });
}

/// The backend hung up while the connection idled, and nobody has looked since: the pool hands it out, hyper finds it dead
/// before it has written a byte and hands the request back.
#[test]
fn a_dead_idle_connection_is_replaced_once() {
    run(async |bench| {
        drop(bench.warm().await);
        let serve = async { answer(&mut bench.wires.accept().await, OK).await };
        let (content, _) = tokio::join!(bench.forward(request("http://b/")), serve);
        assert_eq!(content.unwrap(), "ok");
        assert!(bench.wires.next().is_none());
    });
}

#[test]
fn and_only_once() {
    run(async |bench| {
        drop(bench.warm().await);
        let hang_up = async { drop(bench.wires.accept().await) };
        let (content, ()) = tokio::join!(bench.forward(request("http://b/")), hang_up);
        assert_eq!(content.unwrap_err(), UpstreamFailureKind::Broken);
        assert!(bench.wires.next().is_none(), "a connection that was never used before is proof enough");
    });
}

#[test]
fn a_request_that_may_have_been_sent_is_not_sent_again() {
    run(async |bench| {
        let mut wire = bench.warm().await;
        let hang_up = async {
            head(&mut wire).await;
            drop(wire);
        };
        let (content, ()) = tokio::join!(bench.forward(request("http://b/")), hang_up);
        assert_eq!(content.unwrap_err(), UpstreamFailureKind::Broken);
        assert!(bench.wires.next().is_none());
    });
}

#[test]
fn failures_are_told_apart() {
    run(async |bench| {
        for (url, kind) in [
            ("http://unknown/", UpstreamFailureKind::NameNotResolved),
            ("http://refusing/", UpstreamFailureKind::Connect),
            ("http://silent/", UpstreamFailureKind::Connect),
        ] {
            assert_eq!(bench.forward(request(url)).await.unwrap_err(), kind, "{url}");
        }
        let brief = Duration::from_millis(20);
        for url in ["http://silent/", "http://b/"] {
            let request = OutboundRequest { timeout: brief, ..request(url) };
            assert_eq!(bench.forward(request).await.unwrap_err(), UpstreamFailureKind::Timeout, "{url}");
        }
        drop(bench.wires.next());
        for response in
            ["nonsense\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"]
        {
            let serve = async { answer(&mut bench.wires.accept().await, response).await };
            let (content, _) = tokio::join!(bench.forward(request("http://b/")), serve);
            assert_eq!(content.unwrap_err(), UpstreamFailureKind::Broken, "{response}");
        }
        let plain_text = async { bench.wires.accept().await.write_all(b"not tls, not tls").await.unwrap() };
        let (content, ()) = tokio::join!(bench.forward(request("https://b/")), plain_text);
        assert_eq!(content.unwrap_err(), UpstreamFailureKind::Tls);
        let gone = OutboundRequest { body: OutboundBody::Stream, ..request("http://b/") };
        let failure = bench.upstream.forward(gone, ClientContent::Gone).await.result.unwrap_err();
        assert_eq!(failure.kind, UpstreamFailureKind::RequestBodyGone);
    });
}

#[test]
fn content_that_stands_still_ends() {
    run(async |bench| {
        let serve = async {
            let mut wire = bench.wires.accept().await;
            answer(&mut wire, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok").await;
            wire
        };
        let (forwarded, _wire) =
            tokio::join!(bench.upstream.forward(request("http://b/"), ClientContent::Absent), serve);
        let body = forwarded.result.unwrap().1.unwrap();
        assert!(read_to_end(body, 1000).await.is_err());
    });
}

/// Content is looked at up to a limit; what is longer passes on as it came, and its connection is used again.
#[test]
fn content_that_is_looked_at_is_all_there_or_all_passed_on() {
    run(async |bench| {
        const CHUNKED: &str =
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n3\r\n, I\r\n0\r\n\r\n";
        const SIZED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
        for (response, max_bytes, whole) in [
            (CHUNKED, 14, "hello world, I"),
            (CHUNKED, 13, "hello world, I"),
            (CHUNKED, 0, "hello world, I"),
            (SIZED, 4, "hello"),
        ] {
            let serve = async {
                let mut wire = bench.wires.accept().await;
                answer(&mut wire, response).await;
                wire
            };
            let forwarding = bench.upstream.forward(request("http://b/"), ClientContent::Absent);
            let (forwarded, wire) = tokio::join!(forwarding, serve);
            let body = forwarded.result.unwrap().1.unwrap();
            match body.peek(max_bytes).await {
                (Ok(bytes), None) => assert_eq!((bytes.as_ref(), max_bytes), (whole.as_bytes(), 14)),
                (Err(BodyFailure::TooLarge), Some(rest)) => {
                    assert!(!rest.is_end_stream() && rest.size_hint().upper().is_none_or(|upper| upper == 5));
                    assert_eq!(read_to_end(rest, 100).await.unwrap(), whole);
                }
                other => panic!("{other:?}"),
            }
            let again = async {
                let mut wire = wire;
                answer(&mut wire, OK).await;
            };
            let (content, ()) = tokio::join!(bench.forward(request("http://b/")), again);
            assert_eq!(content.unwrap(), "ok", "the connection went back to the pool");
        }
    });
}

#[test]
fn framing_is_ours_and_nobody_else_s() {
    run(async |bench| {
        let mut post = request("http://b:81/");
        post.method = Method::POST;
        post.body = OutboundBody::Bytes(Bytes::from_static(b"12"));
        for (name, value) in
            [("content-length", "99"), ("transfer-encoding", "chunked"), ("expect", "100-continue"), ("x", "y")]
        {
            post.headers.insert(name, http::HeaderValue::from_static(value));
        }
        let serve = async { answer(&mut bench.wires.accept().await, OK).await };
        let (content, asked) = tokio::join!(bench.forward(post), serve);
        assert_eq!(content.unwrap(), "ok");
        assert!(asked.contains("content-length: 2\r\n") && asked.contains("x: y\r\n"), "{asked}");
        assert!(asked.contains("host: b:81\r\n"), "{asked}");
        assert!(!asked.contains("transfer-encoding") && !asked.contains("expect"), "{asked}");
    });
}

#[test]
fn a_method_that_has_content_as_a_rule_says_when_there_is_none() {
    run(async |bench| {
        let methods = ["POST", "PUT", "PATCH", "PURGE", "GET", "DELETE", "OPTIONS"];
        for (at, name) in methods.into_iter().enumerate() {
            let method = Method::from_bytes(name.as_bytes()).unwrap();
            let asking = OutboundRequest { method, ..request(&format!("http://b{at}/")) };
            let serve = async { answer(&mut bench.wires.accept().await, OK).await };
            let (content, asked) = tokio::join!(bench.forward(asking), serve);
            assert_eq!(content.unwrap(), "ok");
            assert_eq!(asked.contains("content-length: 0\r\n"), at < 4, "{asked}");
        }
    });
}

#[test]
fn redirects_are_followed_when_asked_and_up_to_a_limit() {
    run(async |bench| {
        let moved = "HTTP/1.1 302 Found\r\nlocation: /next\r\ncontent-length: 0\r\n\r\n";
        let follow = || OutboundRequest { redirects: Redirects::Follow, ..request("http://b/first") };
        let serve = async {
            let mut wire = bench.wires.accept().await;
            let first = answer(&mut wire, moved).await;
            (first, answer(&mut wire, OK).await, wire)
        };
        let (content, (first, second, mut wire)) = tokio::join!(bench.forward(follow()), serve);
        assert_eq!(content.unwrap(), "ok");
        assert!(first.starts_with("get /first ") && second.starts_with("get /next "));

        let endless = async {
            for _ in 0..=crate::limits::REDIRECTS_MAX {
                answer(&mut wire, moved).await;
            }
        };
        let forwarding = bench.upstream.forward(follow(), ClientContent::Absent);
        let (forwarded, ()) = tokio::join!(forwarding, endless);
        assert_eq!(forwarded.result.unwrap().0.status, 302);
    });
}

#[test]
fn a_request_of_a_policy_s_own_has_a_limit_on_its_response() {
    run(async |bench| {
        for length in [0, 100, 101] {
            let response = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{}", "a".repeat(length));
            let serve = async {
                // hangs up, so that the next one comes on a connection of its own
                answer(&mut bench.wires.accept().await, &response).await;
            };
            let (result, ()) = tokio::join!(bench.upstream.send(request("http://b/")), serve);
            let expected = match length {
                0 => Ok(Body::Absent),
                100 => Ok(Body::Bytes("a".repeat(length).into())),
                _ => Err(UpstreamFailureKind::TooLarge),
            };
            assert_eq!(result.map(|response| response.body).map_err(|failure| failure.kind), expected);
        }
    });
}

#[test]
fn content_waits_until_the_server_wants_it() {
    run(async |bench| {
        let post = |patience: u64| OutboundRequest {
            method: Method::POST,
            body: OutboundBody::Bytes(Bytes::from_static(b"12")),
            continue_timeout: Some(Duration::from_millis(patience)),
            ..request("http://b/")
        };
        let wanting = async {
            let mut wire = bench.wires.accept().await;
            let asked = head(&mut wire).await;
            assert!(asked.contains("expect: 100-continue\r\n") && asked.contains("content-length: 2\r\n"), "{asked}");
            let early = tokio::time::timeout(Duration::from_millis(20), wire.read_u8()).await;
            assert!(early.is_err(), "not a byte before it is wanted");
            wire.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.unwrap();
            assert_eq!((wire.read_u8().await.unwrap(), wire.read_u8().await.unwrap()), (b'1', b'2'));
            wire.write_all(OK.as_bytes()).await.unwrap();
            wire
        };
        let (content, mut wire) = tokio::join!(bench.forward(post(60_000)), wanting);
        assert_eq!(content.unwrap(), "ok");

        let silent = async {
            head(&mut wire).await;
            assert_eq!((wire.read_u8().await.unwrap(), wire.read_u8().await.unwrap()), (b'1', b'2'));
            wire.write_all(OK.as_bytes()).await.unwrap();
        };
        let (content, ()) = tokio::join!(bench.forward(post(20)), silent);
        assert_eq!(content.unwrap(), "ok");

        let refusing = async {
            head(&mut wire).await;
            wire.write_all(b"HTTP/1.1 417 No\r\ncontent-length: 2\r\n\r\nno").await.unwrap();
            let mut rest = Vec::new();
            wire.read_to_end(&mut rest).await.unwrap();
            assert!(rest.is_empty(), "what is not wanted is not sent, and the connection ends: {rest:?}");
        };
        let (content, ()) = tokio::join!(bench.forward(post(60_000)), refusing);
        assert_eq!(content.unwrap(), "no");

        let empty = OutboundRequest { body: OutboundBody::Empty, ..post(60_000) };
        let (content, asked) =
            tokio::join!(bench.forward(empty), async { answer(&mut bench.wires.accept().await, OK).await });
        assert!(content.unwrap() == "ok" && !asked.contains("expect"), "{asked}");
    });
}
