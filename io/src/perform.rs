//! From an effect to a future of its reply: one exhaustive match. Decides nothing.

use std::fs::File;
use std::future::Future;
use std::io::Read;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use holdfast_core::exchange::{BodyFailure, CacheRequest, Content, Effect, OutboundBody, OutboundRequest, Reply};
use holdfast_core::http::Bytes;
use tokio::time::{Instant, sleep};

use crate::caches::Caches;
use crate::net::Net;
use crate::upstream::{ClientBody, ClientContent, Upstream, UpstreamBody, read_to_end};

/// Content that is still in sockets.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// The client's.
    pub(crate) request: ClientContent,
    /// Of the response to the last forward.
    pub(crate) response: Option<UpstreamBody>,
}

/// The reply to an effect, and what it left in sockets.
pub(crate) struct Performed {
    pub(crate) reply: Reply,
    /// The client's content, when it was to be passed on and not a byte of it was.
    pub(crate) unsent: Option<ClientBody>,
    /// The content of the response, still in the socket.
    pub(crate) response: Option<UpstreamBody>,
    /// Time spent waiting for a backend.
    pub(crate) backend_time: Duration,
}

/// An effect under way. Dropping it is its cancellation.
pub(crate) type Performing = Pin<Box<dyn Future<Output = Performed>>>;

/// Begins `effect`, taking from `contents` what it reads.
pub(crate) fn perform<N: Net>(
    effect: Effect,
    contents: &mut Contents,
    upstream: &Rc<Upstream<N>>,
    caches: &Rc<Caches<N>>,
) -> Performing {
    match effect {
        Effect::ReadRequestBody { max_bytes } => Box::pin(read_request(contents.request.take(), max_bytes)),
        Effect::Forward(request) => {
            // what is left of an earlier response is of no use to anyone once the next attempt begins
            contents.response = None;
            let client = match request.body {
                OutboundBody::Stream => contents.request.take(),
                OutboundBody::Empty | OutboundBody::Bytes(_) => ClientContent::Absent,
            };
            Box::pin(forward(Rc::clone(upstream), request, client))
        }
        Effect::ReadResponseBody { max_bytes } => Box::pin(read_response(contents.response.take(), max_bytes)),
        Effect::PeekResponseBody { max_bytes } => Box::pin(peek_response(contents.response.take(), max_bytes)),
        Effect::Send(request) => Box::pin(send(Rc::clone(upstream), request)),
        Effect::Dispatch(request) => {
            upstream.dispatch(request);
            Box::pin(std::future::ready(Performed::of(Reply::Dispatched)))
        }
        Effect::Cache(request) => Box::pin(cached(Rc::clone(caches), request)),
        Effect::ReadFile { path, max_bytes } => {
            Box::pin(async move { Performed::of(Reply::Body(read_file(path, max_bytes).await)) })
        }
        Effect::Sleep(duration) => Box::pin(pause(duration)),
    }
}

async fn read_request(content: ClientContent, max_bytes: u64) -> Performed {
    Performed::of(Reply::Body(match content {
        ClientContent::Absent => Ok(Bytes::new()),
        ClientContent::InSocket(body) => read_to_end(*body, max_bytes).await,
        ClientContent::Gone => Err(BodyFailure::Broken("the content was already passed on".to_owned())),
    }))
}

async fn forward<N: Net>(upstream: Rc<Upstream<N>>, request: Box<OutboundRequest>, client: ClientContent) -> Performed {
    let began = Instant::now();
    let forwarded = upstream.forward(*request, client).await;
    let (result, response) = match forwarded.result {
        Ok((head, None)) => (Ok((head, Content::None)), None),
        Ok((head, Some(body))) => (Ok((head, Content::Follows)), Some(body)),
        Err(failure) => (Err(failure), None),
    };
    Performed { reply: Reply::Head(result), unsent: forwarded.unsent, response, backend_time: began.elapsed() }
}

async fn read_response(content: Option<UpstreamBody>, max_bytes: u64) -> Performed {
    let began = Instant::now();
    let result = match content {
        None => Ok(Bytes::new()),
        Some(body) => read_to_end(body, max_bytes).await,
    };
    Performed { backend_time: began.elapsed(), ..Performed::of(Reply::Body(result)) }
}

async fn peek_response(content: Option<UpstreamBody>, max_bytes: u64) -> Performed {
    let began = Instant::now();
    let (result, response) = match content {
        None => (Ok(Bytes::new()), None),
        Some(body) => body.peek(max_bytes).await,
    };
    Performed { response, backend_time: began.elapsed(), ..Performed::of(Reply::Body(result)) }
}

async fn send<N: Net>(upstream: Rc<Upstream<N>>, request: Box<OutboundRequest>) -> Performed {
    let began = Instant::now();
    let result = upstream.send(*request).await;
    Performed { backend_time: began.elapsed(), ..Performed::of(Reply::Response(result)) }
}

async fn cached<N: Net>(caches: Rc<Caches<N>>, request: Box<CacheRequest>) -> Performed {
    Performed::of(caches.ask(request).await)
}

/// Reads a file, on a thread of its own: a disk may be slow. These files are few and small.
pub(crate) async fn read_file(path: Arc<str>, max_bytes: u64) -> Result<Bytes, BodyFailure> {
    let read = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        File::open(&*path)?.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
        Ok::<_, std::io::Error>(bytes)
    });
    match read.await {
        Ok(Ok(bytes)) if bytes.len() as u64 > max_bytes => Err(BodyFailure::TooLarge),
        Ok(Ok(bytes)) => Ok(Bytes::from(bytes)),
        Ok(Err(error)) => Err(BodyFailure::Broken(error.kind().to_string())),
        Err(_) => Err(BodyFailure::Broken("it was not read to its end".to_owned())),
    }
}

async fn pause(duration: Duration) -> Performed {
    sleep(duration).await;
    Performed::of(Reply::Elapsed)
}

impl Performed {
    fn of(reply: Reply) -> Self {
        Self { reply, unsent: None, response: None, backend_time: Duration::ZERO }
    }
}
