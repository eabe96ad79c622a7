//! Outgoing requests: one per effect, over the worker's own pool. Decides nothing about policies; reads and follows what it is told.
//!
//! The retry rule: a request goes out a second time only if it was handed to a connection that had been used before, and
//! that connection provably sent none of it. Everything else might have reached the backend and is the policy's to repeat.

mod connect;
mod content;
mod expect;
mod idle;
mod pool;
mod proxy;
mod redirect;
mod two;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use holdfast_core::context::{Body, ResponseView};
use holdfast_core::exchange::{
    BodyFailure, OutboundBody, OutboundRequest, Redirects, UpstreamFailure, UpstreamFailureKind,
};
use holdfast_core::http::{ResponseHead, StatusCode};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;
use tokio::time::{Instant, timeout_at};

use crate::limits::{DISPATCHED_MAX, REDIRECTS_MAX, UPSTREAM_TIMEOUT_MAX};
use crate::net::Net;
use crate::settings::Proxies;
use crate::tls::ClientTls;

use connect::{Connector, Opened};
pub(crate) use content::ClientContent;
pub(crate) use content::{ClientBody, ContentError, Progress, UpstreamBody, read_to_end};
use content::{Lease, Outgoing};
use expect::held;
pub(crate) use idle::IdleGuard;
use pool::{Key, Pool, Sender, Turn};
use redirect::Plan;
use two::for_two;

/// How long things may take on the way to upstreams.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UpstreamTimeouts {
    pub(crate) connect: Duration,
    pub(crate) idle: Duration,
    pub(crate) content_idle: Duration,
}

/// One worker's way to all upstreams.
pub(crate) struct Upstream<N: Net> {
    connector: Connector<N>,
    pool: Rc<Pool>,
    content_idle: Duration,
    proxies: Arc<Proxies>,
    // Requests without an answer that are under way.
    dispatched: Cell<usize>,
}

/// What became of a forward.
pub(crate) struct Forwarded {
    /// The head, and the content when some follows.
    pub(crate) result: Result<(ResponseHead, Option<UpstreamBody>), UpstreamFailure>,
    /// The client's content, when the request was never sent.
    pub(crate) unsent: Option<ClientBody>,
}

impl<N: Net> Upstream<N> {
    pub(crate) fn new(net: N, tls: Arc<ClientTls>, proxies: Arc<Proxies>, timeouts: UpstreamTimeouts) -> Self {
        Self {
            connector: Connector { net, tls, timeout: timeouts.connect },
            pool: Rc::new(Pool::new(timeouts.idle)),
            content_idle: timeouts.content_idle,
            proxies,
            dispatched: Cell::new(0),
        }
    }

    /// Sends `request` and waits for the head of the response; `client` is what [`OutboundBody::Stream`] means.
    pub(crate) async fn forward(&self, request: OutboundRequest, client: ClientContent) -> Forwarded {
        let deadline = Instant::now() + request.timeout.min(UPSTREAM_TIMEOUT_MAX);
        let redirects = request.redirects;
        let (mut plan, mut content) = match split(request, client) {
            Ok(parts) => parts,
            Err(failure) => return Forwarded { result: Err(failure), unsent: None },
        };
        let mut hops_left = match redirects {
            Redirects::HandBack => 0,
            Redirects::Follow => REDIRECTS_MAX,
        };
        loop {
            let repeat = (hops_left > 0).then(|| plan.clone());
            let forwarded = self.call(plan, content, deadline).await;
            let next = match (repeat, &forwarded.result) {
                (Some(repeat), Ok((head, _))) => redirect::next(repeat, head),
                (Some(_) | None, Ok(_) | Err(_)) => None,
            };
            let Some((next_plan, next_content)) = next else { return forwarded };
            (plan, content) = (next_plan, next_content);
            hops_left -= 1;
        }
    }

    /// Sends `request` and reads the whole response, all within its timeout.
    pub(crate) async fn send(&self, request: OutboundRequest) -> Result<Box<ResponseView>, UpstreamFailure> {
        let deadline = Instant::now() + request.timeout.min(UPSTREAM_TIMEOUT_MAX);
        let max_bytes = request.max_response_bytes;
        let (head, content) = self.forward(request, ClientContent::Absent).await.result?;
        let body = match content {
            None => Body::Absent,
            Some(content) => match timeout_at(deadline, read_to_end(content, max_bytes)).await {
                Ok(Ok(bytes)) => Body::Bytes(bytes),
                Ok(Err(BodyFailure::TooLarge)) => {
                    let message = format!("the response is longer than {max_bytes} bytes");
                    return Err(failure(UpstreamFailureKind::TooLarge, message));
                }
                Ok(Err(BodyFailure::Broken(message))) => return Err(failure(UpstreamFailureKind::Broken, message)),
                Err(_) => return Err(timed_out("no complete response in time")),
            },
        };
        Ok(Box::new(ResponseView { status: head.status, reason: head.reason, headers: head.headers, body }))
    }

    /// Sends `request` on its own; nobody hears of what comes of it.
    pub(crate) fn dispatch(self: &Rc<Self>, request: Box<OutboundRequest>) {
        if self.dispatched.get() >= DISPATCHED_MAX {
            tracing::debug!(host = request.url.host, "a request without an answer was dropped: too many are under way");
            return;
        }
        self.dispatched.set(self.dispatched.get() + 1);
        let upstream = Rc::clone(self);
        tokio::task::spawn_local(async move {
            if let Err(failure) = upstream.send(*request).await {
                tracing::debug!("a request without an answer failed: {}", failure.message);
            }
            upstream.dispatched.set(upstream.dispatched.get() - 1);
        });
    }

    async fn call(&self, plan: Plan, content: Outgoing, deadline: Instant) -> Forwarded {
        let progress = content.progress();
        let silence = plan.continue_timeout;
        let proxy = self.proxies.on_the_way(&plan.route, &plan.url);
        let key = Rc::new(plan.key(proxy));
        let mut request = match plan.into_request(&key, content) {
            Ok(request) => request,
            Err((failure, content)) => return Forwarded { result: Err(failure), unsent: content.into_client() },
        };
        if let Some(sender) = self.pool.take(&key) {
            match self.transmit(sender, &key, (request, silence), deadline).await {
                Sent::Never(unsent, _) => request = *unsent,
                Sent::Failed(failure) => return lost(failure, progress.as_deref()),
                Sent::Answered(head, body) => return Forwarded { result: Ok((*head, body)), unsent: None },
            }
        }
        let sender = match self.open(&key, deadline).await {
            Ok(sender) => sender,
            Err(failure) => return Forwarded { result: Err(failure), unsent: request.into_body().into_client() },
        };
        match self.transmit(sender, &key, (request, silence), deadline).await {
            Sent::Never(unsent, failure) => {
                Forwarded { result: Err(failure), unsent: unsent.into_body().into_client() }
            }
            Sent::Failed(failure) => lost(failure, progress.as_deref()),
            Sent::Answered(head, body) => Forwarded { result: Ok((*head, body)), unsent: None },
        }
    }

    /// A new connection, or a stream of one that somebody else has opened meanwhile.
    async fn open(&self, key: &Rc<Key>, deadline: Instant) -> Result<Sender, UpstreamFailure> {
        let first = loop {
            let mut others = match self.pool.turn(key) {
                Turn::Alone => break None,
                Turn::First(first) => break Some(first),
                Turn::Wait(others) => others,
            };
            let came_about = timeout_at(deadline, others.wait_for(|came_about| *came_about)).await;
            match came_about.map_err(|_| timed_out("no connection in time"))? {
                Ok(_) => {
                    if let Some(sender) = self.pool.take(key) {
                        return Ok(sender);
                    }
                }
                // It did not: each for itself, or a server that does not answer would hold up one after the other.
                Err(_) => break None,
            }
        };
        let opened = self.connector.connect(key, deadline).await?;
        let sender = match opened {
            Opened::One(one) => {
                self.pool.opened_one(key);
                Sender::One(one)
            }
            Opened::Two(two) => Sender::Two(self.pool.opened_two(key, two)),
        };
        if let Some(first) = first {
            first.send_replace(true);
        }
        Ok(sender)
    }

    async fn transmit(
        &self,
        sender: Sender,
        key: &Rc<Key>,
        (request, silence): (Request<Outgoing>, Option<Duration>),
        deadline: Instant,
    ) -> Sent {
        let (answer, lease) = match sender {
            Sender::One(mut one) => {
                let (request, gate) = match silence {
                    Some(silence) => held(request, silence),
                    None => (request, None),
                };
                let lease = |one| Lease::new(&self.pool, key, one, gate);
                let answer = timeout_at(deadline, one.try_send_request(request)).await;
                (answer, lease(one))
            }
            Sender::Two(mut stream) => {
                let answer = timeout_at(deadline, stream.sender.try_send_request(for_two(request, key))).await;
                (answer, Lease::of_stream(stream))
            }
        };
        match answer {
            Err(_) => Sent::Failed(timed_out("no response in time")),
            Ok(Err(mut error)) => match error.take_message() {
                Some(unsent) => Sent::Never(Box::new(lease.refused(unsent)), broken(error.error())),
                None => Sent::Failed(broken(error.error())),
            },
            Ok(Ok(response)) if key.is_relayed() && response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
                Sent::Failed(proxy::refused(proxy::UNAUTHORIZED))
            }
            Ok(Ok(response)) => {
                lease.note_answer();
                self.answered(response, lease)
            }
        }
    }

    fn answered(&self, response: Response<Incoming>, lease: Lease) -> Sent {
        let (mut parts, incoming) = response.into_parts();
        if parts.status == StatusCode::SWITCHING_PROTOCOLS {
            let message = "the upstream switched protocols without being asked".to_owned();
            return Sent::Failed(failure(UpstreamFailureKind::Broken, message));
        }
        let reason = parts.extensions.remove::<ReasonPhrase>();
        let reason = reason.map(|reason| reason.as_bytes().iter().map(|byte| char::from(*byte)).collect());
        let head = ResponseHead { status: parts.status, reason, headers: parts.headers };
        Sent::Answered(Box::new(head), UpstreamBody::new(incoming, lease, self.content_idle))
    }
}

enum Sent {
    /// Not a byte of it was sent.
    Never(Box<Request<Outgoing>>, UpstreamFailure),
    /// It may have been sent.
    Failed(UpstreamFailure),
    /// The head of the response came.
    Answered(Box<ResponseHead>, Option<UpstreamBody>),
}

fn split(request: OutboundRequest, client: ClientContent) -> Result<(Plan, Outgoing), UpstreamFailure> {
    let OutboundRequest { method, url, headers, body, tls, identity, route, versions, continue_timeout, .. } = request;
    let mut plan = Plan { method, url, headers, tls, identity, route, versions, continue_timeout, content: None };
    plan.frame_anew();
    let content = match (body, client) {
        (OutboundBody::Empty, _) => Outgoing::Empty,
        (OutboundBody::Bytes(bytes), _) => Outgoing::Bytes(bytes),
        (OutboundBody::Stream, ClientContent::Absent) => Outgoing::Empty,
        (OutboundBody::Stream, ClientContent::InSocket(client)) => Outgoing::Client(*client),
        (OutboundBody::Stream, ClientContent::Gone) => {
            let message = "the content of the request was already passed on".to_owned();
            return Err(failure(UpstreamFailureKind::RequestBodyGone, message));
        }
    };
    plan.content = content.repeatable();
    Ok((plan, content))
}

fn lost(failure: UpstreamFailure, progress: Option<&Progress>) -> Forwarded {
    let result = match progress {
        Some(progress) if progress.is_broken() => Err(UpstreamFailure {
            kind: UpstreamFailureKind::ClientGone,
            message: "the client's connection broke while its content was passed on".to_owned(),
        }),
        Some(_) | None => Err(failure),
    };
    Forwarded { result, unsent: None }
}

fn failure(kind: UpstreamFailureKind, message: String) -> UpstreamFailure {
    UpstreamFailure { kind, message }
}

fn timed_out(message: &str) -> UpstreamFailure {
    failure(UpstreamFailureKind::Timeout, message.to_owned())
}

fn broken(error: &hyper::Error) -> UpstreamFailure {
    failure(UpstreamFailureKind::Broken, content::words(error))
}

#[cfg(test)]
mod tests;
