//! `holdfast explain`: one request through a configuration folder, offline, with everything that each policy saw and did.

pub mod arguments;

mod given;

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use holdfast_core::config::Revision;
use holdfast_core::context::{Body, ResponseView};
use holdfast_core::exchange::{
    BodyFailure, CacheRequest, CacheVerb, Client, Content, Effect, Exchange, OutboundRequest, Outcome as Ended, Reply,
    ResponseBody, Step, UpstreamFailure, UpstreamFailureKind,
};
use holdfast_core::http::{Bytes, HeaderMap, HttpVersion, RequestHead, ResponseHead, StatusCode, phrase};
use holdfast_core::rng::Seed;
use holdfast_core::shared::Shared;
use holdfast_core::snapshot::{Identity, Snapshot};
use holdfast_core::time::Now;
use serde_json::json;

use super::arguments::Format;
use super::report::words;
use super::{EXIT_OK, EXIT_REFUSED, Outcome, inspect};
use crate::cli::text::read_text;
use crate::clock::{Clock, SystemClock};
use crate::settings::metadata_service;
use arguments::Asked;
use given::{Given, Standin};

/// Bytes of a file with a request.
const REQUEST_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Does what is asked for.
pub(super) fn explain(asked: &Asked) -> Outcome {
    explained(asked).unwrap_or_else(|message| Outcome {
        code: EXIT_REFUSED,
        out: String::new(),
        err: format!("error: {message}\n"),
    })
}

fn explained(asked: &Asked) -> Result<Outcome, String> {
    let given = request(&asked.request)?;
    let folder = inspect::read(&asked.inspected).map_err(|found| words(&found))?;
    let identity = Identity { gateway_id: folder.gateway, instance_id: "explain".to_owned(), ..Identity::default() };
    let compiled = Snapshot::compile(Revision(1), &folder.set, &identity, None).map_err(|found| words(&found))?;
    let refused: Vec<String> = compiled.refused.values().flatten().map(ToString::to_string).collect();
    let mut world = World::new(given);
    let ended = world.run(compiled.snapshot)?;
    let out = match asked.inspected.format {
        Format::Human => human(&ended, &world),
        Format::Json => json(&ended, &world),
    };
    let mut err = String::new();
    for finding in &refused {
        let _ = writeln!(err, "{finding}\n");
    }
    if !refused.is_empty() {
        err.push_str("warning: parts of the configuration are refused; this is what is left of it\n");
    }
    Ok(Outcome { code: EXIT_OK, out, err })
}

fn request(path: &Path) -> Result<Given, String> {
    let text = read_text(path, REQUEST_BYTES_MAX)?;
    given::read(&text).map_err(|error| format!("{}:{error}", path.display()))
}

/// What stands around the exchange instead of sockets and a clock that only runs by itself.
struct World {
    clock: SystemClock,
    given: Given,
    replies: VecDeque<Standin>,
    // How far the clock was put forward by policies that wait.
    slept: Duration,
    // The content of the response to the last forward.
    content: Body,
    // What is in external caches.
    cached: BTreeMap<String, Bytes>,
    // Requests that nobody was there to answer.
    unanswered: Vec<String>,
}

impl World {
    fn new(mut given: Given) -> Self {
        let replies = std::mem::take(&mut given.replies).into();
        let clock = SystemClock::start();
        let (content, cached, unanswered) = (Body::Absent, BTreeMap::new(), Vec::new());
        Self { clock, given, replies, slept: Duration::ZERO, content, cached, unanswered }
    }

    fn run(&mut self, snapshot: Arc<Snapshot>) -> Result<Box<Ended>, String> {
        let started = self.clock.now();
        let now = |world: &Self| world.now(started);
        let head = RequestHead {
            method: self.given.method.clone(),
            url: self.given.url.clone(),
            headers: self.given.headers.clone(),
            version: HttpVersion::Http11,
            has_body: self.given.body.is_some(),
        };
        let client = Client { ip: self.given.client_ip.clone(), ..Client::default() };
        let seed = Seed(started.wall.unix_nanos().unsigned_abs());
        let shared = Shared::default();
        shared.tokens.come_from(metadata_service());
        let mut exchange = Exchange::new(snapshot, head, client, seed, now(self)).inspected_anyway();
        loop {
            match exchange.poll(&shared, now(self)) {
                Step::Continue | Step::Cancel(_) => {}
                Step::Perform(id, effect) => {
                    let reply = self.answer(&effect);
                    exchange.resume(id, reply, now(self));
                }
                // Every effect is answered at once.
                Step::Wait => return Err("the exchange waits for nothing".to_owned()),
                Step::Done(ended) => return Ok(ended),
            }
        }
    }

    fn now(&self, started: Now) -> Now {
        let real = self.clock.now();
        let since = real.instant.saturating_since(started.instant).saturating_add(self.slept);
        let wall = self.given.now.unwrap_or(started.wall);
        Now { instant: started.instant.saturating_add(since), wall: wall.saturating_add(since) }
    }

    fn answer(&mut self, effect: &Effect) -> Reply {
        match effect {
            Effect::ReadRequestBody { .. } => Reply::Body(Ok(self.given.body.clone().unwrap_or_default())),
            Effect::ReadResponseBody { .. } => {
                Reply::Body(Ok(match std::mem::replace(&mut self.content, Body::Gone) {
                    Body::Bytes(bytes) => bytes,
                    Body::Absent | Body::Unread | Body::Gone | Body::Consumed => Bytes::new(),
                }))
            }
            Effect::PeekResponseBody { max_bytes } => {
                let is_long = |bytes: &Bytes| u64::try_from(bytes.len()).is_ok_and(|bytes| bytes > *max_bytes);
                Reply::Body(match std::mem::replace(&mut self.content, Body::Gone) {
                    Body::Bytes(bytes) if is_long(&bytes) => {
                        self.content = Body::Bytes(bytes);
                        Err(BodyFailure::TooLarge)
                    }
                    Body::Bytes(bytes) => Ok(bytes),
                    Body::Absent | Body::Unread | Body::Gone | Body::Consumed => Ok(Bytes::new()),
                })
            }
            Effect::Forward(request) => Reply::Head(self.response(request).map(|response| {
                let content = if response.body == Body::Absent { Content::None } else { Content::Follows };
                self.content = response.body;
                (ResponseHead { status: response.status, reason: response.reason, headers: response.headers }, content)
            })),
            Effect::Send(request) => Reply::Response(self.response(request).map(Box::new)),
            Effect::Dispatch(_) => Reply::Dispatched,
            Effect::Cache(request) => self.cached(request),
            Effect::ReadFile { path, .. } => {
                self.unanswered.push(format!("the file {path}"));
                Reply::Body(Ok(Bytes::new()))
            }
            Effect::Sleep(time) => {
                self.slept += *time;
                Reply::Elapsed
            }
        }
    }

    // A cache that is empty at first.
    fn cached(&mut self, CacheRequest { cache: _, key, verb }: &CacheRequest) -> Reply {
        match verb {
            CacheVerb::Get { max_bytes: _ } => Reply::Cache(Ok(self.cached.get(key).cloned())),
            CacheVerb::Set { entry, lifetime: _ } => {
                self.cached.insert(key.clone(), entry.clone());
                Reply::Dispatched
            }
            CacheVerb::Remove => {
                self.cached.remove(key);
                Reply::Cache(Ok(None))
            }
        }
    }

    // The first reply that is left and is for this request.
    fn response(&mut self, request: &OutboundRequest) -> Result<ResponseView, UpstreamFailure> {
        let url = request.url.to_string();
        let Some(at) = self.replies.iter().position(|reply| url.starts_with(&reply.to)) else {
            self.unanswered.push(format!("{} {url}", request.method));
            return Ok(ResponseView {
                status: StatusCode::OK,
                reason: None,
                headers: HeaderMap::new(),
                body: Body::Absent,
            });
        };
        let reply = self.replies.remove(at);
        let answer = reply.map_or_else(|| Err("nothing".to_owned()), |reply| reply.answer);
        answer.map_err(|message| UpstreamFailure { kind: UpstreamFailureKind::Connect, message })
    }

    fn body(&self, ended: &Ended) -> String {
        let bytes = match (&ended.body, &self.content) {
            (ResponseBody::Bytes(bytes), _) | (ResponseBody::Upstream, Body::Bytes(bytes)) => bytes.clone(),
            (ResponseBody::Empty | ResponseBody::Upstream, _) => Bytes::new(),
        };
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

fn human(ended: &Ended, world: &World) -> String {
    let mut out = ended.inspection.as_ref().map(|inspection| inspection.to_text()).unwrap_or_default();
    let status = ended.head.status;
    let reason = phrase(status, ended.head.reason.as_deref());
    let _ = writeln!(out, "\n{} {reason}", status.as_u16());
    for (name, value) in &ended.head.headers {
        let _ = writeln!(out, "{name}: {}", String::from_utf8_lossy(value.as_bytes()));
    }
    let body = world.body(ended);
    if !body.is_empty() {
        let _ = writeln!(out, "\n{body}");
    }
    for request in &world.unanswered {
        let _ = writeln!(out, "\nnote: there was no reply to `{request}`: an empty 200 stood in");
    }
    out
}

fn json(ended: &Ended, world: &World) -> String {
    let headers = ended.head.headers.iter();
    let headers = headers
        .map(|(name, value)| json!({ "name": name.as_str(), "value": String::from_utf8_lossy(value.as_bytes()) }));
    let document = json!({
        "response": {
            "status": ended.head.status.as_u16(),
            "headers": headers.collect::<Vec<_>>(),
            "body": world.body(ended),
        },
        "unanswered": world.unanswered,
        "trace": ended.inspection.as_ref().map(|inspection| inspection.to_json()),
    });
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}
