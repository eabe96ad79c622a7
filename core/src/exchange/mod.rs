//! One request from arrival to response: a pure machine that runs policy programs. Owned by its task; nothing here is shared.
//!
//! `arrival` the built-in steps before any policy, `machine` the ops, frames and loops, `fault` what a failure does,
//! `strand` what runs side by side, `graphql` the resolvers of an operation among it, `departure` the response and the record, `socket`
//! what a handshake begins, `debug` who may have an exchange inspected, `inspector` and `seen` what is written down of it then.

mod arrival;
mod debug;
mod departure;
mod fault;
mod graphql;
mod inspector;
mod machine;
pub mod probe;
mod seen;
pub mod socket;
mod strand;

pub use crate::exchange::debug::DEBUG_CREDENTIAL;
pub use crate::policy::effect::{
    BodyFailure, CacheFailure, CacheRequest, CacheVerb, Content, Effect, EffectId, HttpVersions, OutboundBody,
    OutboundRequest, Outcome, Redirects, Reply, ResponseBody, Route, Step, UpstreamFailure, UpstreamFailureKind,
    UpstreamTls,
};
pub use crate::policy::watch::Watch;

use std::sync::Arc;

use indexmap::IndexMap;

use crate::context::{Body, CertificateView, Context, RequestView};
use crate::exchange::debug::Wish;
use crate::exchange::inspector::Inspector;
use crate::exchange::strand::{Beside, Ready, Strand};
use crate::http::{HttpVersion, Method, RequestHead};
use crate::policy::connection::remove_named;
use crate::policy::graphql::handshake;
use crate::policy::run::{Site, Socket, State};
use crate::policy::travel::Travel;
use crate::policy::{Program, Scope, Section};
use crate::rng::{Rng, Seed};
use crate::shared::Shared;
use crate::snapshot::Snapshot;
use crate::time::Now;

/// The most ops that one exchange runs. What goes over it is answered with 500, whatever on-error says.
pub const OPERATIONS_MAX: u32 = 100_000;

/// What the adapter knows of the client's connection.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// The client's address, without port.
    pub ip: String,
    /// The TLS version of its connection, as in `1.3`.
    pub tls_version: Option<&'static str>,
    /// The certificate that it showed in the TLS handshake, not verified.
    pub certificate: Option<Arc<CertificateView>>,
}

/// One request on its way. Drive it: `poll` until `Wait` or `Done`, perform what it asks, `resume` with each answer, `poll` again.
#[derive(Debug)]
pub struct Exchange {
    snapshot: Arc<Snapshot>,
    version: HttpVersion,
    method: Method,
    client: Client,
    context: Context,
    state: State,
    site: Site,
    rng: Rng,
    // The policy documents that apply, narrowest scope first.
    chain: Vec<Link>,
    phase: Phase,
    // The strand that runs.
    strand: Strand,
    // Those beside it, while a `wait` or an operation runs.
    beside: Beside,
    // The resolvers that operations of a synthetic GraphQL API have begun, from `OF_RESOLVERS` on in the levels of frames.
    calls: Vec<Link>,
    // Effects that nobody wants any more.
    dropped: Vec<EffectId>,
    settlements: Vec<Settlement>,
    effects: u32,
    budget: u32,
    // Who wants to see what happens.
    wish: Wish,
    inspector: Option<Box<Inspector>>,
}

/// The document of one scope.
#[derive(Clone, Debug)]
struct Link {
    scope: Scope,
    program: Arc<Program>,
    // What a resolver resolves, as in `Query/users for users`.
    field: Option<Arc<str>>,
}

/// The level of the first resolver: more than the scopes that a chain may have.
const OF_RESOLVERS: usize = 16;

/// The document at a level.
fn link<'l>(chain: &'l [Link], calls: &'l [Link], level: usize) -> Option<&'l Link> {
    match level.checked_sub(OF_RESOLVERS) {
        Some(call) => calls.get(call),
        None => chain.get(level),
    }
}

/// How far the exchange has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing has been looked at yet.
    Arrived,
    /// The policies of a section run.
    Section(Section),
    /// The response is known; what policies left until then runs, from this index on.
    Settling(usize),
    /// The response has been handed out.
    Done,
}

/// An op that wants to be called again once the response is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Settlement {
    section: Section,
    level: usize,
    pc: usize,
}

impl Exchange {
    /// An exchange that pins `snapshot`: it never sees another revision.
    #[must_use]
    pub fn new(snapshot: Arc<Snapshot>, request: RequestHead, client: Client, seed: Seed, now: Now) -> Self {
        let mut rng = seed.rng();
        let asked = handshake::asked(&request).map_or(Socket::None, |asked| Socket::Asked(Box::new(asked)));
        let mut headers = request.headers;
        remove_named(&mut headers);
        let wish = Wish::taken_from(&mut headers);
        let body = if request.has_body { Body::Unread } else { Body::Absent };
        let context = Context {
            request_id: rng.uuid(),
            arrived: now,
            request: RequestView {
                method: request.method.clone(),
                url: request.url.clone(),
                original_url: request.url,
                headers,
                ip: client.ip.clone(),
                matched_parameters: IndexMap::new(),
                body,
                certificate: client.certificate.clone(),
            },
            response: None,
            variables: IndexMap::new(),
            api: None,
            operation: None,
            product: None,
            subscription: None,
            user: None,
            backend: None,
            workspace: None,
            graphql: None,
            tracing: false,
            deployment: Arc::clone(&snapshot.deployment),
            last_error: None,
        };
        let mut exchange = Self::idle(snapshot, request.version, request.method, client, context, rng);
        exchange.state.socket = asked;
        exchange.state.request_travel = Travel::begun(&exchange.context.request.headers);
        exchange.wish = wish;
        exchange
    }

    // One that has done nothing yet, and shall do nothing special.
    fn idle(
        snapshot: Arc<Snapshot>,
        version: HttpVersion,
        method: Method,
        client: Client,
        context: Context,
        rng: Rng,
    ) -> Self {
        Self {
            site: snapshot.nowhere.clone(),
            snapshot,
            version,
            method,
            client,
            context,
            state: State::default(),
            rng,
            chain: Vec::new(),
            phase: Phase::Arrived,
            strand: Strand::default(),
            beside: Beside::default(),
            calls: Vec::new(),
            dropped: Vec::new(),
            settlements: Vec::new(),
            effects: 0,
            budget: OPERATIONS_MAX,
            wish: Wish::None,
            inspector: None,
        }
    }

    /// The same exchange, inspected whatever the request says.
    #[must_use]
    pub fn inspected_anyway(mut self) -> Self {
        self.wish = Wish::Anyway;
        self
    }

    /// What to do next.
    pub fn poll(&mut self, shared: &Shared, now: Now) -> Step {
        self.note_time(now);
        loop {
            if let Some(id) = self.dropped.pop() {
                return Step::Cancel(id);
            }
            match self.next_ready(now) {
                Ready::Run if self.dropped.is_empty() => {}
                // An answer that came in gave up what ran beside it.
                Ready::Run => continue,
                Ready::Ask(id, effect) => return Step::Perform(id, *effect),
                Ready::Nothing => return Step::Wait,
            }
            match self.phase {
                Phase::Arrived => self.arrive(shared, now),
                Phase::Section(section) => {
                    self.advance(section, shared, now);
                    if self.inspector.is_some() {
                        // So that the clock is read between one step and the next.
                        return Step::Continue;
                    }
                }
                Phase::Settling(index) => {
                    if let Some(outcome) = self.settle(index, shared, now) {
                        self.phase = Phase::Done;
                        return Step::Done(Box::new(outcome));
                    }
                }
                Phase::Done => {
                    // INVARIANT: an exchange ends with exactly one `Done`; whoever polls on waits for nothing.
                    return Step::Wait;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
