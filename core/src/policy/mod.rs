//! Policies: documents become programs. One file per family of policies; the exchange runs what they compile to.
//!
//! `dialect` text→tree, `registry` the table of all elements, `shape` what an element may hold, `compile` tree→program,
//! `reader` and `operand` the values of one element, `run` what a policy sees while it runs, `effect` the border to the world.

pub mod access;
pub mod compile;
pub mod connection;
pub mod control;
pub mod cors;
pub mod dialect;
pub mod effect;
pub mod integration;
pub mod limit;
pub mod mock;
pub mod operand;
pub mod place;
pub mod program;
pub mod reader;
pub mod registry;
pub mod response;
pub mod routing;
pub mod run;
pub mod shape;
pub mod source;
pub mod transform;

#[cfg(test)]
mod mistakes;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod tests;

use crate::policy::effect::Reply;
use crate::policy::run::{Flow, Ran, Run, Stop};

pub use compile::{Catalog, Compilation, Fragment, compile};
pub use place::{Scope, Section};
pub use program::Program;
pub use source::Source;

/// A policy that is one op.
#[derive(Clone, Debug)]
pub enum Policy {
    /// `check-header`
    CheckHeader(access::CheckHeader),
    /// `cors`
    Cors(Box<cors::Cors>),
    /// `ip-filter`
    IpFilter(access::IpFilter),
    /// `mock-response`
    MockResponse(mock::MockResponse),
    /// `rate-limit`
    RateLimit(Box<limit::RateLimit>),
    /// `rate-limit-by-key`
    RateLimitByKey(Box<limit::RateLimitByKey>),
    /// `authentication-basic`
    AuthenticationBasic(integration::AuthenticationBasic),
    /// The beginning of a `return-response`
    BeginResponse(response::BeginResponse),
    /// The end of a `return-response`
    ReturnResponse(response::ReturnResponse),
    /// The beginning of a `send-request`
    BeginRequest(integration::BeginRequest),
    /// The end of a `send-request`
    SendRequest(integration::SendRequest),
    /// `forward-request`
    ForwardRequest(routing::ForwardRequest),
    /// `rewrite-uri`
    RewriteUri(routing::RewriteUri),
    /// `set-backend-service`
    SetBackendService(routing::SetBackendService),
    /// `set-body`
    SetBody(transform::SetBody),
    /// `set-header`
    SetHeader(transform::SetHeader),
    /// `set-method`
    SetMethod(transform::SetMethod),
    /// `set-query-parameter`
    SetQueryParameter(transform::SetQueryParameter),
    /// `set-status`
    SetStatus(transform::SetStatus),
    /// `set-url` of a `send-request`
    SetUrl(integration::SetUrl),
    /// `set-variable`
    SetVariable(transform::SetVariable),
    /// `trace`
    Trace(integration::Trace),
}

impl Policy {
    /// Runs the policy.
    ///
    /// # Errors
    /// It failed, or needs a body that has not been read; then it has changed nothing yet.
    pub fn run(&self, run: &mut Run<'_>) -> Ran {
        match self {
            Self::CheckHeader(policy) => policy.run(run),
            Self::Cors(policy) => policy.run(run),
            Self::IpFilter(policy) => policy.run(run),
            Self::MockResponse(policy) => policy.run(run),
            Self::RateLimit(policy) => policy.run(run),
            Self::RateLimitByKey(policy) => policy.run(run),
            Self::AuthenticationBasic(policy) => policy.run(run),
            Self::BeginRequest(policy) => policy.run(run),
            Self::BeginResponse(policy) => policy.run(run),
            Self::ForwardRequest(policy) => policy.run(run),
            Self::ReturnResponse(policy) => policy.run(run),
            Self::RewriteUri(policy) => policy.run(run),
            Self::SendRequest(policy) => policy.run(run),
            Self::SetBackendService(policy) => policy.run(run),
            Self::SetBody(policy) => policy.run(run),
            Self::SetHeader(policy) => policy.run(run),
            Self::SetMethod(policy) => policy.run(run),
            Self::SetQueryParameter(policy) => policy.run(run),
            Self::SetStatus(policy) => policy.run(run),
            Self::SetUrl(policy) => policy.run(run),
            Self::SetVariable(policy) => policy.run(run),
            Self::Trace(policy) => policy.run(run),
        }
    }

    /// Takes the answer to the effect that [`Policy::run`] asked for.
    ///
    /// # Errors
    /// As [`Policy::run`].
    pub fn take(&self, run: &mut Run<'_>, reply: Reply) -> Ran {
        match self {
            Self::ForwardRequest(policy) => policy.take(run, reply),
            Self::SendRequest(policy) => policy.take(run, reply),
            Self::AuthenticationBasic(_)
            | Self::CheckHeader(_)
            | Self::Cors(_)
            | Self::IpFilter(_)
            | Self::MockResponse(_)
            | Self::RateLimit(_)
            | Self::RateLimitByKey(_)
            | Self::BeginRequest(_)
            | Self::BeginResponse(_)
            | Self::ReturnResponse(_)
            | Self::RewriteUri(_)
            | Self::SetBackendService(_)
            | Self::SetBody(_)
            | Self::SetHeader(_)
            | Self::SetMethod(_)
            | Self::SetQueryParameter(_)
            | Self::SetStatus(_)
            | Self::SetUrl(_)
            | Self::SetVariable(_)
            | Self::Trace(_) => Ok(Flow::Next),
        }
    }

    /// Runs what the policy left until the response is known (`run.state.settle`).
    ///
    /// # Errors
    /// As [`Policy::run`]; a failure here no longer changes the response.
    pub fn settle(&self, run: &mut Run<'_>) -> Ran {
        match self {
            Self::RateLimitByKey(policy) => policy.settle(run),
            Self::AuthenticationBasic(_)
            | Self::CheckHeader(_)
            | Self::Cors(_)
            | Self::IpFilter(_)
            | Self::MockResponse(_)
            | Self::RateLimit(_)
            | Self::BeginRequest(_)
            | Self::BeginResponse(_)
            | Self::ForwardRequest(_)
            | Self::ReturnResponse(_)
            | Self::RewriteUri(_)
            | Self::SendRequest(_)
            | Self::SetBackendService(_)
            | Self::SetBody(_)
            | Self::SetHeader(_)
            | Self::SetMethod(_)
            | Self::SetQueryParameter(_)
            | Self::SetStatus(_)
            | Self::SetUrl(_)
            | Self::SetVariable(_)
            | Self::Trace(_) => Ok(Flow::Next),
        }
    }

    /// Answers a preflight, when this is a cors policy. Nothing else runs for a preflight.
    ///
    /// # Errors
    /// As [`Policy::run`].
    pub fn preflight(&self, run: &mut Run<'_>) -> Result<Preflight, Stop> {
        match self {
            Self::Cors(policy) => policy.preflight(run),
            Self::AuthenticationBasic(_)
            | Self::CheckHeader(_)
            | Self::IpFilter(_)
            | Self::MockResponse(_)
            | Self::RateLimit(_)
            | Self::RateLimitByKey(_)
            | Self::BeginRequest(_)
            | Self::BeginResponse(_)
            | Self::ForwardRequest(_)
            | Self::ReturnResponse(_)
            | Self::RewriteUri(_)
            | Self::SendRequest(_)
            | Self::SetBackendService(_)
            | Self::SetBody(_)
            | Self::SetHeader(_)
            | Self::SetMethod(_)
            | Self::SetQueryParameter(_)
            | Self::SetStatus(_)
            | Self::SetUrl(_)
            | Self::SetVariable(_)
            | Self::Trace(_) => Ok(Preflight::NotConcerned),
        }
    }
}

/// What a policy makes of a preflight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preflight {
    /// It is no cors policy.
    NotConcerned,
    /// It allows nothing of what was asked: another cors policy may.
    NoMatch,
    /// It has set `context.Response`.
    Answered,
}
