//! Policies: documents become programs. One file per family of policies; the exchange runs what they compile to.
//!
//! `dialect` text→tree, `registry` the table of all elements, `shape` what an element may hold, `compile` tree→program,
//! `reader` and `operand` the values of one element, `run` what a policy sees while it runs, `effect` the border to the world.

pub mod access;
pub mod alone;
pub mod authentication;
pub mod balancing;
pub mod caching;
pub mod compile;
pub mod concurrency;
pub mod connection;
pub mod content;
pub mod control;
pub mod convert;
pub mod cors;
pub mod cross_domain;
pub mod dapr;
pub mod dialect;
pub mod effect;
pub mod effective;
pub mod eventhub;
pub mod graphql;
pub mod integration;
pub mod invoke;
pub mod limit;
pub mod liquid;
pub mod llm;
pub mod metric;
pub mod mock;
pub mod operand;
pub mod place;
pub mod probe;
pub mod program;
pub mod proxy;
pub mod reader;
pub mod registry;
pub mod response;
pub mod routing;
pub mod run;
pub mod schema;
pub mod servicebus;
pub mod shape;
pub mod source;
pub mod timeout;
pub mod transform;
pub mod travel;
pub mod validate;
pub mod watch;
pub mod xsd;
pub mod xslt;

#[cfg(test)]
mod mistakes;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod torn;

use std::fmt;
use std::sync::Arc;

use crate::policy::effect::Reply;
use crate::policy::run::{Flow, Ran, Run, Site, Stop};

pub use compile::{Catalog, Compilation, External, Fragment, compile};
pub use place::{Scope, Section};
pub use program::Program;
pub use source::Source;

/// A policy as programs hold it.
pub type Built = Arc<dyn Policy>;

/// A policy that is one op. Immutable: what it keeps about an exchange is in [`Run::state`], what it keeps between exchanges in
/// [`Run::shared`]. `Debug` is what listings print.
pub trait Policy: fmt::Debug + Send + Sync {
    /// Runs the policy.
    ///
    /// # Errors
    /// It failed, or needs a body that has not been read; then it has changed nothing yet.
    fn run(&self, run: &mut Run<'_>) -> Ran;

    /// Takes the answer to the effect that [`Policy::run`] asked for.
    ///
    /// # Errors
    /// As [`Policy::run`].
    fn take(&self, _run: &mut Run<'_>, _reply: Reply) -> Ran {
        Ok(Flow::Next)
    }

    /// Goes on after [`Policy::take`] has wanted a body, which has been read now.
    ///
    /// # Errors
    /// As [`Policy::run`].
    fn go_on(&self, _run: &mut Run<'_>) -> Ran {
        Ok(Flow::Next)
    }

    /// The schemas that the policy needs for an operation and that do not compile, in words.
    fn broken(&self, _site: &Site, _operation: &str) -> Vec<String> {
        Vec::new()
    }

    /// The fields of a GraphQL schema's type of subscriptions that the policy publishes events of.
    fn events(&self) -> &[Arc<str>] {
        &[]
    }

    /// Runs what the policy left until the response is known (`run.state.settle`).
    ///
    /// # Errors
    /// As [`Policy::run`]; a failure here no longer changes the response.
    fn settle(&self, _run: &mut Run<'_>) -> Ran {
        Ok(Flow::Next)
    }

    /// Answers a preflight, when this is a cors policy. Nothing else runs for a preflight.
    ///
    /// # Errors
    /// As [`Policy::run`].
    fn preflight(&self, _run: &mut Run<'_>) -> Result<Preflight, Stop> {
        Ok(Preflight::NotConcerned)
    }

    /// Answers a request that no API serves, when this is a policy of the service that does such a thing.
    ///
    /// # Errors
    /// As [`Policy::run`].
    fn unrouted(&self, _run: &mut Run<'_>) -> Result<Preflight, Stop> {
        Ok(Preflight::NotConcerned)
    }
}

/// What a policy makes of a request that it may answer by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preflight {
    /// It answers no such requests.
    NotConcerned,
    /// It allows nothing of what was asked: another cors policy may.
    NoMatch,
    /// It has set `context.Response`.
    Answered,
}
