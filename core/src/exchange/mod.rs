//! One request from arrival to response: a pure machine that runs policy programs. Owned by its task; nothing here is shared.
//!
//! `arrival` the built-in steps before any policy, `machine` the ops, frames and loops, `fault` what a failure does,
//! `departure` the response and the record.

mod arrival;
mod departure;
mod fault;
mod machine;

pub use crate::policy::effect::{
    BodyFailure, Content, Effect, EffectId, OutboundBody, OutboundRequest, Outcome, Redirects, Reply, ResponseBody,
    Step, UpstreamFailure, UpstreamFailureKind, UpstreamTls,
};

use std::sync::Arc;

use indexmap::IndexMap;

use crate::context::{Body, CertificateView, Context, RequestView};
use crate::exchange::fault::Raised;
use crate::expr::Message;
use crate::http::{HttpVersion, Method, RequestHead};
use crate::limits::Limits;
use crate::policy::connection::remove_named;
use crate::policy::control::Pace;
use crate::policy::run::{BODY_BYTES_MAX, Site, State};
use crate::policy::{Program, Scope, Section};
use crate::rng::{Rng, Seed};
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
    frames: Vec<Frame>,
    loops: Vec<Loop>,
    settlements: Vec<Settlement>,
    pending: Pending,
    answer: Option<Reply>,
    effects: u32,
    budget: u32,
}

/// The document of one scope.
#[derive(Clone, Debug)]
struct Link {
    scope: Scope,
    program: Arc<Program>,
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

/// A document's section that is being run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Frame {
    // Index in `chain`.
    level: usize,
    // Index of the next op.
    pc: usize,
}

/// A retry that is under way.
#[derive(Clone, Debug)]
struct Loop {
    // How many frames there were when it began.
    depth: usize,
    // The index of its `Repeat`.
    begin: usize,
    // Attempts after the first one so far.
    attempts: i64,
    pace: Pace,
    // The failure that ended the attempt, until the condition has been asked.
    raised: Option<Raised>,
}

/// An op that wants to be called again once the response is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Settlement {
    section: Section,
    level: usize,
    pc: usize,
}

/// What the exchange waits for.
#[derive(Clone, Debug)]
enum Pending {
    /// Nothing.
    None,
    /// This has been decided and not been handed out.
    Ask(EffectId, Box<Effect>, For),
    /// This has been handed out.
    Answer(EffectId, For),
}

/// Who gets an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum For {
    /// The policy whose `Take` is the next op.
    Policy,
    /// The body of this message.
    Body(Message),
    /// A loop that waits before its next attempt.
    Pause,
}

impl Exchange {
    /// An exchange that pins `snapshot`: it never sees another revision.
    #[must_use]
    pub fn new(snapshot: Arc<Snapshot>, request: RequestHead, client: Client, seed: Seed, now: Now) -> Self {
        let mut rng = seed.rng();
        let mut headers = request.headers;
        remove_named(&mut headers);
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
            tracing: false,
            deployment: Arc::clone(&snapshot.deployment),
            last_error: None,
        };
        Self {
            snapshot,
            version: request.version,
            method: request.method,
            client,
            context,
            state: State::default(),
            site: Site::default(),
            rng,
            chain: Vec::new(),
            phase: Phase::Arrived,
            frames: Vec::new(),
            loops: Vec::new(),
            settlements: Vec::new(),
            pending: Pending::None,
            answer: None,
            effects: 0,
            budget: OPERATIONS_MAX,
        }
    }

    /// What to do next.
    pub fn poll(&mut self, limits: &Limits, now: Now) -> Step {
        loop {
            match std::mem::replace(&mut self.pending, Pending::None) {
                Pending::Ask(id, effect, whom) => {
                    self.pending = Pending::Answer(id, whom);
                    return Step::Perform(id, *effect);
                }
                Pending::Answer(id, whom) => {
                    let Some(reply) = self.answer.take() else {
                        self.pending = Pending::Answer(id, whom);
                        return Step::Wait;
                    };
                    self.deliver(whom, reply);
                }
                Pending::None => {}
            }
            match self.phase {
                Phase::Arrived => self.arrive(limits, now),
                Phase::Section(section) => self.advance(section, limits, now),
                Phase::Settling(index) => {
                    if let Some(outcome) = self.settle(index, limits, now) {
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

    /// Hands in the answer to an effect. An answer to a cancelled or unknown effect is ignored.
    pub fn resume(&mut self, id: EffectId, reply: Reply, _now: Now) {
        if let Pending::Answer(expected, _) = &self.pending
            && *expected == id
        {
            self.answer = Some(reply);
        }
    }

    fn ask(&mut self, effect: Box<Effect>, whom: For) {
        debug_assert!(matches!(self.pending, Pending::None), "an exchange waits for one effect at a time");
        let id = EffectId(self.effects);
        self.effects = self.effects.saturating_add(1);
        self.pending = Pending::Ask(id, effect, whom);
    }

    fn ask_for_body(&mut self, message: Message) {
        let max_bytes = BODY_BYTES_MAX;
        let effect = match message {
            Message::Request => Effect::ReadRequestBody { max_bytes },
            Message::Response => Effect::ReadResponseBody { max_bytes },
        };
        self.ask(Box::new(effect), For::Body(message));
    }

    fn deliver(&mut self, whom: For, reply: Reply) {
        match whom {
            For::Policy => self.answer = Some(reply),
            For::Body(message) => self.take_body(message, reply),
            For::Pause => {}
        }
    }
}

#[cfg(test)]
mod tests;
