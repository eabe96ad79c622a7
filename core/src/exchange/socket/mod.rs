//! Subscriptions on a WebSocket: what a handshake leaves behind, and the exchanges that execute events in its name.
//!
//! `message` the two protocols as texts, `session` the machine that speaks them. Frames are the adapter's business.

mod message;
mod session;

pub use session::{Close, EXECUTIONS_MAX, INIT_TIMEOUT, KEEP_ALIVE_INTERVAL, Output, SUBSCRIPTIONS_MAX, Session};

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::context::Context;
use crate::exchange::strand::Frame;
use crate::exchange::{Client, Exchange, Phase};
use crate::http::{HttpVersion, Method};
use crate::policy::Section;
use crate::policy::graphql::Subscription;
use crate::policy::graphql::handshake::{Accepted, Protocol};
use crate::policy::run::{Site, Socket, Upstream};
use crate::rng::Seed;
use crate::snapshot::Snapshot;
use crate::topics::Event;

/// A WebSocket that begins, and in whose name its events are executed: that of the request that asked for it, as policies have left it.
#[derive(Clone, Debug)]
pub struct Upgrade {
    accepted: Accepted,
    snapshot: Arc<Snapshot>,
    version: HttpVersion,
    method: Method,
    client: Client,
    context: Context,
    site: Site,
    upstream: Upstream,
}

/// What has become of the configuration that a socket began with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// Nothing that concerns it.
    Same,
    /// Its API is another one, or gone.
    Changed,
    /// Its key opens the API no more.
    Denied,
}

impl Upgrade {
    fn protocol(&self) -> Protocol {
        self.accepted.protocol
    }

    fn subscription(&self, asked: Map<String, Json>) -> Result<Subscription, Vec<Json>> {
        Subscription::new(&self.site, asked, &self.accepted.rules)
    }

    // Decision: a socket lives as long as its API stays as it was, and moves on to the newest snapshot, so that it keeps no older one
    // in memory (core/src/exchange/socket/tests.rs).
    fn review(&mut self, current: &Arc<Snapshot>) -> Standing {
        if Arc::ptr_eq(&self.snapshot, current) {
            return Standing::Same;
        }
        let is_it = |view: &Arc<_>| self.context.api.as_ref().is_some_and(|api| Arc::ptr_eq(api, view));
        let Some(api) = current.apis.iter().find(|api| is_it(&api.view)) else { return Standing::Changed };
        let key = self.accepted.subscription_key.as_deref();
        if current.subscriptions.authorize(&api.name, api.subscription, key).is_err() {
            return Standing::Denied;
        }
        self.snapshot = Arc::clone(current);
        Standing::Same
    }

    // The exchange that executes an event for a subscription: no section runs, only resolvers.
    fn exchange(&self, subscription: &Subscription, event: &Event, seed: Seed) -> Exchange {
        let (client, context) = (self.client.clone(), self.context.clone());
        let (snapshot, method) = (Arc::clone(&self.snapshot), self.method.clone());
        let mut exchange = Exchange::idle(snapshot, self.version, method, client, context, seed.rng());
        exchange.site = self.site.clone();
        exchange.state.upstream = self.upstream.clone();
        exchange.state.socket = Socket::Event;
        exchange.phase = Phase::Section(Section::Backend);
        exchange.execute_operation(subscription.execution(&event.value), Frame { level: 0, pc: 0 });
        exchange
    }
}

impl Exchange {
    /// What begins with the response, when that is the one of a handshake. Asked for once the exchange is done.
    pub fn upgrade(&mut self) -> Option<Box<Upgrade>> {
        let Socket::Accepted(accepted) = std::mem::take(&mut self.state.socket) else { return None };
        Some(Box::new(Upgrade {
            accepted: *accepted,
            snapshot: Arc::clone(&self.snapshot),
            version: self.version,
            method: self.method.clone(),
            client: self.client.clone(),
            context: self.context.clone(),
            site: self.site.clone(),
            upstream: self.state.upstream.clone(),
        }))
    }
}

#[cfg(test)]
mod tests;
