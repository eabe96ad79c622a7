//! One request from arrival to response: a pure machine that runs policy programs. Owned by its task; nothing here is shared.

pub use crate::policy::effect::{
    BodyFailure, Content, Effect, EffectId, OutboundBody, OutboundRequest, Outcome, Redirects, Reply, ResponseBody,
    Step, UpstreamFailure, UpstreamFailureKind, UpstreamTls,
};

use std::sync::Arc;

use crate::http::RequestHead;
use crate::limits::Limits;
use crate::rng::Seed;
use crate::snapshot::Snapshot;
use crate::time::Now;

/// What the adapter knows of the client's connection.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// The client's address, without port.
    pub ip: String,
    /// The TLS version of its connection, as in `1.3`.
    pub tls_version: Option<&'static str>,
}

/// One request on its way. Drive it: `poll` until `Wait` or `Done`, perform what it asks, `resume` with each answer, `poll` again.
#[derive(Debug)]
pub struct Exchange {
    _snapshot: Arc<Snapshot>,
}

impl Exchange {
    /// An exchange that pins `snapshot`: it never sees another revision.
    #[must_use]
    pub fn new(snapshot: Arc<Snapshot>, _request: RequestHead, _client: Client, _seed: Seed, _now: Now) -> Self {
        Self { _snapshot: snapshot }
    }

    /// What to do next.
    pub fn poll(&mut self, _limits: &Limits, _now: Now) -> Step {
        Step::Wait
    }

    /// Hands in the answer to an effect. An answer to a cancelled or unknown effect is ignored.
    pub fn resume(&mut self, _id: EffectId, _reply: Reply, _now: Now) {}
}
