//! What the tests of a worker stand on: a worker on a free port, a backend that the test plays itself, a client that speaks bytes.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use holdfast_core::context::Body;
use holdfast_core::exchange::{
    BodyFailure, Client, Content, Effect, EffectId, OutboundBody, OutboundRequest, Outcome, Reply, ResponseBody, Step,
    Watch,
};
use holdfast_core::gateway::Status;
use holdfast_core::http::{RequestHead, ResponseHead, StatusCode, Url};
use holdfast_core::limits::quota::QuotaRule;
use holdfast_core::rng::Seed;
use holdfast_core::shared::Shared;
use holdfast_core::telemetry::{ErrorRecord, Event, Measurement, RequestRecord};
use holdfast_core::time::Now;
use rustls::crypto::CryptoProvider;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::clock::{Clock, SystemClock};
use crate::disk::OsDisk;
use crate::env::Env;
use crate::net::{Net, TokioNet};
use crate::plane::Plane;
use crate::server::exchanges::{Exchanges, Machine};
use crate::server::{Listeners, Options, serve};
use crate::sink::Sink;
use crate::tls::ClientTls;

/// Runs a test on a thread of its own kind: one runtime, one local set, and an end even if the test hangs.
pub(super) fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let bounded = async { tokio::time::timeout(Duration::from_secs(20), test).await.expect("the test hangs") };
    tokio::task::LocalSet::new().block_on(&runtime, bounded);
}

/// A worker that serves.
pub(super) struct Stage {
    pub(super) plane: Arc<Plane>,
    pub(super) address: SocketAddr,
    pub(super) tls_address: SocketAddr,
    pub(super) sink: Arc<Memory>,
    pub(super) worker: JoinHandle<()>,
}

impl Stage {
    /// A worker with scripted exchanges that forward to `backend`.
    pub(super) async fn new(backend: SocketAddr) -> Self {
        Self::with(Script { backend }, |_| {}).await
    }

    pub(super) async fn with<X: Exchanges>(exchanges: X, adjust: impl FnOnce(&mut Options)) -> Self {
        let mut options = options();
        adjust(&mut options);
        let sink = Arc::new(Memory::default());
        let plane = Plane::new(status(true));
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let (plain, tls) = (TokioNet.bind(any).await.unwrap(), TokioNet.bind(any).await.unwrap());
        let (address, tls_address) = (plain.local_addr().unwrap(), tls.local_addr().unwrap());
        let listeners = Listeners { plain: Some(plain), tls: Some(tls) };
        let env = Env {
            net: TokioNet,
            disk: OsDisk,
            clock: clock(),
            seed: Seed(1),
            crypto: provider(),
            sink: Arc::clone(&sink) as Arc<dyn Sink>,
        };
        let worker = tokio::task::spawn_local(serve(env, Arc::clone(&plane), listeners, options, exchanges));
        Self { plane, address, tls_address, sink, worker }
    }

    pub(super) async fn connect(&self) -> Wire<TcpStream> {
        Wire::new(TcpStream::connect(self.address).await.unwrap())
    }

    /// One request on a connection of its own.
    pub(super) async fn ask(&self, request: &str) -> Answer {
        let mut wire = self.connect().await;
        wire.send(request.as_bytes()).await;
        wire.answer().await
    }
}

pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

pub(super) fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock::start())
}

pub(super) fn options() -> Options {
    Options::new(Arc::new(ClientTls::new(&provider(), &clock(), Vec::new(), &[]).unwrap()))
}

pub(super) fn status(ready: bool) -> Status {
    Status {
        state: "starting",
        ready,
        revision: None,
        since: "2026-01-01T00:00:00.0000000Z".to_owned(),
        reason: "no configuration yet".to_owned(),
        refused: Vec::new(),
    }
}

/// Keeps everything.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) events: Mutex<Vec<Event>>,
    pub(super) requests: Mutex<Vec<RequestRecord>>,
    pub(super) measurements: Mutex<Vec<Measurement>>,
}

impl Sink for Memory {
    fn event(&self, event: &Event) {
        self.events.lock().unwrap().push(event.clone());
    }

    fn request(&self, record: &RequestRecord) {
        self.requests.lock().unwrap().push(record.clone());
    }

    fn measurement(&self, measurement: &Measurement) {
        self.measurements.lock().unwrap().push(measurement.clone());
    }
}

/// Exchanges that do what the path says.
#[derive(Clone, Copy)]
pub(super) struct Script {
    pub(super) backend: SocketAddr,
}

/// The longest content that `/echo` and `/send` read.
pub(super) const READ_MAX: u64 = 1000;

pub(super) struct Scripted {
    request: RequestHead,
    client: Client,
    backend: SocketAddr,
    asked: u32,
    answer: Option<Reply>,
}

impl Exchanges for Script {
    type Machine = Scripted;

    fn begin(&self, _: &Plane, request: RequestHead, client: Client, _: Seed, _: Now) -> Option<Scripted> {
        Some(Scripted { request, client, backend: self.backend, asked: 0, answer: None })
    }
}

impl Machine for Scripted {
    fn poll(&mut self, _: &Shared, _: Now) -> Step {
        self.asked += 1;
        let read = Effect::ReadRequestBody { max_bytes: READ_MAX };
        let forward = Effect::Forward(self.outbound(OutboundBody::Stream));
        match (self.request.url.path.as_str(), self.asked, self.answer.take()) {
            ("/race", 1, _) => Step::Perform(EffectId(7), Effect::Sleep(Duration::from_secs(3600))),
            ("/race", 2, _) => Step::Perform(EffectId(1), Effect::Sleep(Duration::ZERO)),
            ("/race", 4, _) => Step::Cancel(EffectId(7)),
            ("/race", 5, _) => Step::Perform(EffectId(1), Effect::Sleep(Duration::ZERO)),
            ("/again", 3, Some(Reply::Head(Err(_)))) => Step::Perform(EffectId(1), read),
            (_, _, Some(reply)) => Step::Done(Box::new(self.outcome(reply))),
            ("/echo", 1, None) => Step::Perform(EffectId(1), read),
            ("/forward" | "/again", 1, None) => Step::Perform(EffectId(1), forward),
            ("/send", 1, None) => Step::Perform(EffectId(1), Effect::Send(self.outbound(OutboundBody::Empty))),
            ("/dispatch", 1, None) => Step::Perform(EffectId(1), Effect::Dispatch(self.outbound(OutboundBody::Empty))),
            ("/wait", 1, None) => Step::Perform(EffectId(1), Effect::Sleep(Duration::from_secs(3600))),
            ("/panic", 1, None) => panic!("as scripted"),
            ("/204", 1, None) => Step::Done(Box::new(outcome(StatusCode::NO_CONTENT, ResponseBody::Bytes("x".into())))),
            ("/text" | "/", 1, None) => {
                Step::Done(Box::new(outcome(StatusCode::OK, ResponseBody::Bytes("text".into()))))
            }
            ("/client", 1, None) => {
                let shown = self.client.certificate.as_ref().map(|view| view.certificate.raw.to_vec());
                Step::Done(Box::new(outcome(StatusCode::OK, ResponseBody::Bytes(shown.unwrap_or_default().into()))))
            }
            (path, 1, None) if path.len() > 1000 => Step::Done(Box::new(outcome(StatusCode::OK, ResponseBody::Empty))),
            (_, _, None) => Step::Wait,
        }
    }

    fn resume(&mut self, id: EffectId, reply: Reply, _: Now) {
        assert_eq!(id, EffectId(1));
        self.answer = Some(reply);
    }
}

/// What counts the content of streamed responses.
pub(super) fn quota(bytes: u64) -> QuotaRule {
    QuotaRule { name: "stage".to_owned(), calls: None, bytes: Some(bytes), period: None, anchor: 0 }
}

impl Scripted {
    fn outbound(&self, body: OutboundBody) -> Box<OutboundRequest> {
        Box::new(OutboundRequest {
            body,
            max_response_bytes: READ_MAX,
            ..OutboundRequest::new(
                self.request.method.clone(),
                Url::parse(&format!("http://{}{}", self.backend, "/backend?q=1")).unwrap(),
                Duration::from_secs(30),
            )
        })
    }

    fn outcome(&self, reply: Reply) -> Outcome {
        match reply {
            Reply::Body(Ok(bytes)) => outcome(StatusCode::OK, ResponseBody::Bytes(bytes)),
            Reply::Body(Err(BodyFailure::TooLarge)) => outcome(StatusCode::PAYLOAD_TOO_LARGE, ResponseBody::Empty),
            Reply::Body(Err(BodyFailure::Broken(_))) => outcome(StatusCode::BAD_REQUEST, ResponseBody::Empty),
            Reply::Head(Ok((head, content))) => {
                let body = match content {
                    Content::None => ResponseBody::Empty,
                    Content::Follows => ResponseBody::Upstream,
                };
                Outcome {
                    head,
                    body,
                    record: RequestRecord { response_code: 200, ..RequestRecord::default() },
                    watch: Watch { meters: vec![quota(u64::MAX).meter("stage")], ..Watch::default() },
                    inspection: None,
                }
            }
            Reply::Response(Ok(response)) => match response.body {
                Body::Bytes(bytes) => outcome(response.status, ResponseBody::Bytes(bytes)),
                Body::Absent | Body::Unread | Body::Gone | Body::Consumed => {
                    outcome(response.status, ResponseBody::Empty)
                }
            },
            Reply::Head(Err(failure)) | Reply::Response(Err(failure)) => {
                let text = format!("{:?}: {}", failure.kind, failure.message);
                let mut outcome = outcome(StatusCode::BAD_GATEWAY, ResponseBody::Bytes(text.into()));
                outcome.record.last_error =
                    Some(ErrorRecord { reason: format!("{:?}", failure.kind), ..ErrorRecord::default() });
                outcome
            }
            Reply::Dispatched | Reply::Cache(_) | Reply::Elapsed => outcome(StatusCode::OK, ResponseBody::Empty),
        }
    }
}

fn outcome(status: StatusCode, body: ResponseBody) -> Outcome {
    let record = RequestRecord { response_code: status.as_u16(), ..RequestRecord::default() };
    Outcome { head: ResponseHead::new(status), body, record, watch: Watch::default(), inspection: None }
}

/// A response as the client saw it: its head in lower case, its content.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) head: String,
    pub(super) content: Vec<u8>,
}

impl Answer {
    pub(super) fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.content).unwrap()
    }
}

/// One end of a connection, with what was read too early.
pub(super) struct Wire<S> {
    pub(super) stream: S,
    held: Vec<u8>,
}

impl<S: AsyncRead + tokio::io::AsyncWrite + Unpin> Wire<S> {
    pub(super) const fn new(stream: S) -> Self {
        Self { stream, held: Vec::new() }
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// Reads up to the end of a head.
    pub(super) async fn head(&mut self) -> String {
        loop {
            if let Some(end) = self.held.windows(4).position(|window| window == b"\r\n\r\n") {
                let rest = self.held.split_off(end + 4);
                let head = std::mem::replace(&mut self.held, rest);
                return String::from_utf8(head).unwrap().to_ascii_lowercase();
            }
            assert!(self.fill().await > 0, "the connection ended in a head: {:?}", self.held);
        }
    }

    pub(super) async fn exactly(&mut self, length: usize) -> Vec<u8> {
        while self.held.len() < length {
            assert!(self.fill().await > 0, "the connection ended in content");
        }
        let rest = self.held.split_off(length);
        std::mem::replace(&mut self.held, rest)
    }

    /// A response whose content has a declared length, or none.
    pub(super) async fn answer(&mut self) -> Answer {
        let mut answer = Answer { head: self.head().await, content: Vec::new() };
        let length = answer.field("content-length").map_or(0, |length| length.parse().unwrap());
        answer.content = self.exactly(length).await;
        answer
    }

    /// Whether the other side has closed, and nothing was left to read.
    pub(super) async fn is_over(&mut self) -> bool {
        self.held.is_empty() && matches!(self.stream.read(&mut [0; 1]).await, Ok(0) | Err(_))
    }

    async fn fill(&mut self) -> usize {
        self.stream.read_buf(&mut self.held).await.unwrap()
    }
}

/// A backend that the test plays.
pub(super) struct Backend {
    listener: TcpListener,
}

impl Backend {
    pub(super) async fn new() -> Self {
        Self { listener: TcpListener::bind(("127.0.0.1", 0)).await.unwrap() }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    pub(super) async fn accept(&self) -> Wire<TcpStream> {
        Wire::new(self.listener.accept().await.unwrap().0)
    }
}

/// An address where nobody listens.
pub(super) const NOWHERE: SocketAddr = SocketAddr::V4(std::net::SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 1));
