//! The built-in steps before any policy: routing, preflights, the subscription key, and the context of what was found.

use std::borrow::Cow;
use std::sync::Arc;

use crate::config::model::ApiKind;
use crate::context::Context;
use crate::exchange::{Exchange, Link};
use crate::http::{Method, RequestHead, Url, header};
use crate::policy::balancing::joined_path;
use crate::policy::program::{Op, Place};
use crate::policy::run::{Failure, Public, Run, Site, Socket, Stop, empty_response};
use crate::policy::{Policy, Preflight, Scope, Section};
use crate::route::{Access, BuiltInError, Denied, errors, key_of};
use crate::shared::Shared;
use crate::snapshot::{CompiledApi, Snapshot};
use crate::time::Now;

/// What a request was routed to.
struct Found {
    api: Arc<CompiledApi>,
    operation: Option<usize>,
    key: Option<String>,
}

impl Exchange {
    /// Decides what serves the request and in whose name, then begins with inbound.
    pub(super) fn arrive(&mut self, shared: &Shared, now: Now) {
        let snapshot = Arc::clone(&self.snapshot);
        let head = self.take_head();
        let found = self.find(&snapshot, &head);
        self.put_back(head);
        let found = match found {
            Ok(found) => found,
            Err(api) => return self.miss(&snapshot, api, shared, now),
        };
        if found.operation.is_none() {
            return self.preflight(&snapshot, found, shared, now);
        }
        let (api, key) = (&found.api, found.key.as_deref());
        let access = snapshot.subscriptions.authorize(&api.name, api.subscription, key);
        self.enter(&snapshot, &found, access.ok());
        self.grant(now);
        match access {
            Ok(_) => self.begin(Section::Inbound),
            Err(denied) => {
                let failure = unauthorized(denied, &found.api, &self.context);
                self.refuse(failure);
            }
        }
    }

    // The head as routing wants it. Lent, not copied: `put_back` returns its parts to the context.
    fn take_head(&mut self) -> RequestHead {
        let request = &mut self.context.request;
        RequestHead {
            method: request.method.clone(),
            url: std::mem::take(&mut request.original_url),
            headers: std::mem::take(&mut request.headers),
            version: self.version,
            has_body: false,
        }
    }

    fn put_back(&mut self, head: RequestHead) {
        self.context.request.original_url = head.url;
        self.context.request.headers = head.headers;
    }

    // What serves the request; else the index of the API, as far as one was found.
    fn find(&mut self, snapshot: &Snapshot, head: &RequestHead) -> Result<Found, Option<usize>> {
        let matched = snapshot.routes.route(head).map_err(|miss| miss.api())?;
        let api = Arc::clone(snapshot.apis.get(matched.api).ok_or(None)?);
        let remainder = match (matched.remainder, api.kind) {
            // A GraphQL API has one place: its service URL as it is written.
            ("" | "/", ApiKind::GraphQl) => "",
            ("", _) => "/",
            (remainder, _) => remainder,
        };
        self.state.upstream.path = remainder.to_owned();
        self.context.request.matched_parameters = matched.parameters;
        let key = key_of(&api.key_header, &api.key_query, head).map(Cow::into_owned);
        Ok(Found { api, operation: matched.operation, key })
    }

    // Nothing serves the request: the on-error sections known so far see it.
    fn miss(&mut self, snapshot: &Snapshot, api: Option<usize>, shared: &Shared, now: Now) {
        if let Some(api) = api.and_then(|index| snapshot.apis.get(index)) {
            self.context.api = Some(Arc::clone(&api.view));
            self.link(Scope::Api, api.program.as_ref());
        }
        self.link_global(snapshot);
        self.grant(now);
        match self.ask_each(|policy, run| policy.unrouted(run), shared, now) {
            Ok(Preflight::Answered) => self.finish(),
            Ok(Preflight::NotConcerned | Preflight::NoMatch) | Err(_) => self.refuse(not_found()),
        }
    }

    // Fills context, site and chain.
    fn enter(&mut self, snapshot: &Snapshot, found: &Found, access: Option<Access>) {
        let api = &found.api;
        self.context.api = Some(Arc::clone(&api.view));
        let path = &self.context.request.original_url.path;
        let prefix_bytes = path.len().saturating_sub(self.state.upstream.path.len());
        let (backends, schemas) = (Arc::clone(&api.backends), Arc::clone(&api.schemas));
        let external_cache = snapshot.external_cache.clone();
        let resolvers = api.resolvers.clone();
        self.site = Site { backends, schemas, resolvers, external_cache, prefix_bytes, ..snapshot.nowhere.clone() };
        self.aim(api.service_url.as_ref());
        self.state.upstream.implied = api.implied.clone();
        if let Socket::Asked(asked) = &mut self.state.socket {
            asked.subscription_key = found.key.as_deref().map(Arc::from);
        }
        if let Some(operation) = found.operation.and_then(|index| api.operations.get(index)) {
            self.context.operation = Some(Arc::clone(&operation.view));
            self.site.request = Arc::clone(&operation.request);
            self.site.responses = Arc::clone(&operation.responses);
            self.site.template = Some(Arc::clone(&operation.template));
            self.link(Scope::Operation, operation.program.as_ref());
        }
        self.link(Scope::Api, api.program.as_ref());
        let access = access.unwrap_or_default();
        if let Some(product) = access.product.and_then(|index| snapshot.products.get(index)) {
            self.context.product = Some(Arc::clone(&product.view));
            self.link(Scope::Product, product.program.as_ref());
        }
        if let Some(subscription) = access.subscription.and_then(|index| snapshot.subscribers.get(index)) {
            let key = found.key.as_deref().unwrap_or("");
            self.context.subscription = Some(Arc::clone(subscription.view(key)));
            self.context.user = subscription.user.clone();
        }
        self.link_global(snapshot);
    }

    // Where the request goes as long as no policy says otherwise: the API's service URL and what follows the API's path.
    fn aim(&mut self, service_url: Option<&Url>) {
        let request = &mut self.context.request;
        let query = request.original_url.query.clone();
        let path = &self.state.upstream.path;
        match service_url {
            Some(base) => {
                request.url = Url { path: joined_path(&base.path, path), query, ..base.clone() };
                self.state.upstream.base = Some(base.clone());
            }
            None => request.url = Url { path: path.clone(), ..request.original_url.clone() },
        }
    }

    fn link(&mut self, scope: Scope, program: Option<&Arc<crate::policy::Program>>) {
        if let Some(program) = program {
            self.chain.push(Link { scope, program: Arc::clone(program), field: None });
        }
    }

    fn link_global(&mut self, snapshot: &Snapshot) {
        self.link(Scope::Global, Some(&snapshot.service));
    }

    fn refuse(&mut self, failure: Failure) {
        let raised = Self::raised_built_in(failure);
        self.fail(raised, Section::Inbound);
    }

    // An OPTIONS request that no operation serves: cors policies may answer it, before any key is asked for. The chain is that
    // of the operation that the client is about to call.
    fn preflight(&mut self, snapshot: &Snapshot, options: Found, shared: &Shared, now: Now) {
        let headers = &self.context.request.headers;
        let asked = headers.get(header::ACCESS_CONTROL_REQUEST_METHOD);
        let is_preflight = headers.contains_key(header::ORIGIN) && asked.is_some();
        let method = asked.and_then(|method| Method::from_bytes(method.as_bytes()).ok());
        let api = options.api;
        let mut operation = None;
        if let Some(method) = method {
            let announced = RequestHead { method, ..self.take_head() };
            operation = self.find(snapshot, &announced).ok().and_then(|found| found.operation);
            self.put_back(announced);
        }
        let open = snapshot.subscriptions.authorize(&api.name, api.subscription, None).ok();
        self.enter(snapshot, &Found { api, operation, key: None }, open);
        self.grant(now);
        let answer = if is_preflight {
            self.ask_each(|policy, run| policy.preflight(run), shared, now)
        } else {
            Ok(Preflight::NotConcerned)
        };
        match answer {
            Ok(Preflight::NotConcerned) => self.refuse(not_found()),
            Ok(Preflight::NoMatch) => {
                self.context.response = Some(empty_response());
                self.finish();
            }
            Ok(Preflight::Answered) => self.finish(),
            Err(Stop::Fail(failure)) => self.refuse(*failure),
            Err(Stop::NeedsBody(_)) => self.refuse(Failure::expression("a preflight has no body to read")),
        }
    }

    // Asks the policies that stand directly in an inbound section, in the order in which they would run, until one has answered.
    fn ask_each(
        &mut self,
        ask: fn(&dyn Policy, &mut Run<'_>) -> Result<Preflight, Stop>,
        shared: &Shared,
        now: Now,
    ) -> Result<Preflight, Stop> {
        let mut answer = Preflight::NotConcerned;
        let mut before = Vec::new();
        let mut at = Some((0_usize, 0_usize));
        while let Some((level, pc)) = at {
            let Self { chain, context, state, site, rng, .. } = self;
            let here = chain.get(level).and_then(|link| {
                let code = &link.program.inbound;
                Some((link, code.ops.get(pc)?, code.places.get(pc)?))
            });
            let Some((link, op, place)) = here else {
                at = before.pop();
                continue;
            };
            if let Op::Base = op {
                before.push((level, pc + 1));
                at = Some((level + 1, 0));
                continue;
            }
            at = Some((level, pc + 1));
            let Some(policy) = op.policy().filter(|_| is_direct_child(place)) else { continue };
            let (section, scope) = (Section::Inbound, link.scope);
            let mut run = Run { context, state, site, shared, rng, now, section, scope };
            match ask(&**policy, &mut run)? {
                Preflight::NotConcerned => {}
                Preflight::NoMatch => answer = Preflight::NoMatch,
                Preflight::Answered => return Ok(Preflight::Answered),
            }
        }
        Ok(answer)
    }
}

// Whether a policy stands directly in its section. What a fragment holds stands where the fragment is included
// (fixtures/policy/cors-preflight-fragment.conversation).
fn is_direct_child(place: &Place) -> bool {
    place.path.rsplit('/').skip(1).all(|step| step.starts_with("include-fragment["))
}

fn built_in(error: BuiltInError) -> Failure {
    let public = Public::Text(error.body_message.to_owned());
    Failure { source: Some(error.source), public, ..Failure::new(error.status, error.reason, error.message) }
}

fn not_found() -> Failure {
    built_in(errors::OPERATION_NOT_FOUND)
}

fn unauthorized(denied: Denied, api: &CompiledApi, context: &Context) -> Failure {
    let asked = &context.request.original_url;
    let realm = format!("{}://{}/{}", asked.scheme.as_str(), asked.authority(), api.view.path);
    let (head, _) = errors::unauthorized(denied, &realm, &api.key_header);
    let mut failure = built_in(BuiltInError::from(denied));
    if let Some(challenge) = head.headers.get(header::WWW_AUTHENTICATE) {
        failure = failure.with_header(header::WWW_AUTHENTICATE, challenge.clone());
    }
    failure
}
