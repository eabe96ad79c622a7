//! The resolvers of an operation among the strands of an exchange: each sees a request and a response of its own. Runs no op.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::context::{BackendView, Body, Context, GraphQlView, RequestView, ResponseView};
use crate::exchange::strand::{Frame, Strand};
use crate::exchange::{Exchange, Link, OF_RESOLVERS};
use crate::expr::Message;
use crate::policy::Scope;
use crate::policy::authentication::token::Fetching;
use crate::policy::concurrency::Until;
use crate::policy::graphql::cosmos::Errand;
use crate::policy::graphql::synthetic::{answer, request_of, view_of};
use crate::policy::graphql::{Call, Execution, Next, Whom};
use crate::policy::run::{State, Upstream};

/// What a resolver has for itself.
#[derive(Debug)]
pub(super) struct Scene {
    request: RequestView,
    response: Option<ResponseView>,
    backend: Option<Arc<BackendView>>,
    graphql: Option<Arc<GraphQlView>>,
    upstream: Upstream,
    tokens: BTreeMap<usize, Fetching>,
    errand: Option<Box<Errand>>,
}

impl Scene {
    /// What is seen now; something else is to be put in its place at once.
    pub(super) fn taken(context: &mut Context, state: &mut State) -> Self {
        Self {
            request: context.request.clone(),
            response: context.response.take(),
            backend: context.backend.take(),
            graphql: context.graphql.take(),
            upstream: std::mem::take(&mut state.upstream),
            tokens: std::mem::take(&mut state.tokens),
            errand: state.errand.take(),
        }
    }

    /// A body that is seen.
    pub(super) fn body(&self, message: Message) -> &Body {
        match message {
            Message::Request => &self.request.body,
            Message::Response => self.response.as_ref().map_or(&Body::Absent, |response| &response.body),
        }
    }
}

/// An operation under way, and what its resolvers begin with.
#[derive(Debug)]
pub(super) struct Operating {
    execution: Execution,
    request: RequestView,
    upstream: Upstream,
}

impl Operating {
    /// What it has given.
    pub(super) fn response(&self) -> ResponseView {
        answer(self.execution.response())
    }
}

impl Exchange {
    /// Puts what a strand sees in place.
    pub(super) fn put_scene(&mut self, scene: Option<Box<Scene>>) {
        let Some(scene) = scene else { return };
        let Scene { request, response, backend, graphql, upstream, tokens, errand } = *scene;
        self.context.request = request;
        self.context.response = response;
        self.context.backend = backend;
        self.context.graphql = graphql;
        self.state.upstream = upstream;
        self.state.tokens = tokens;
        self.state.errand = errand;
        self.look_again();
    }

    /// Starts the resolvers of an operation; the strand at hand goes on behind its policy when they have ended.
    pub(super) fn execute_operation(&mut self, execution: Execution, frame: Frame) {
        let (request, upstream) = (self.context.request.clone(), self.state.upstream.clone());
        let mut operation = Box::new(Operating { execution, request, upstream });
        let strands = self.resolvers(&mut operation);
        // Behind the `Take` of the policy.
        let join = frame.pc + 2;
        if strands.is_empty() {
            self.go_to(join);
            self.context.response = Some(operation.response());
            return;
        }
        self.start(strands, join, Until::All, Some(operation));
    }

    /// The resolver at hand has ended.
    pub(super) fn end_resolver(&mut self, answer: Result<serde_json::Value, String>) {
        let (Some(call), Some(group)) = (self.strand.resolves, self.strand.group()) else { return };
        if let Some(mut operation) = self.beside.operation(group).and_then(Option::take) {
            operation.execution.resume(call, answer);
            let strands = self.resolvers(&mut operation);
            self.beside.add(group, strands);
            if let Some(place) = self.beside.operation(group) {
                *place = Some(operation);
            }
        }
        self.leave();
    }

    // Those that an operation wants now.
    fn resolvers(&mut self, operation: &mut Operating) -> VecDeque<Strand> {
        let mut strands = VecDeque::new();
        while let Next::Call(call) = operation.execution.poll() {
            strands.extend(self.resolver(&call, operation));
        }
        strands
    }

    fn resolver(&mut self, call: &Call, operation: &Operating) -> Option<Strand> {
        let resolvers = self.site.resolvers.as_ref()?;
        let upstream = operation.upstream.clone();
        let (program, field, graphql, upstream) = match &call.whom {
            Whom::Resolver(index) => {
                let resolver = resolvers.all().get(*index)?;
                let field = format!("{}/{} for {}", resolver.of, resolver.field, call.path);
                let Upstream { base, implied, route, .. } = upstream;
                let upstream = Upstream { base, implied, route, ..Upstream::default() };
                (&resolver.program, field, Some(view_of(call)), upstream)
            }
            Whom::Endpoint(_) => {
                let upstream = Upstream { called: None, chosen: BTreeMap::new(), ..upstream };
                (resolvers.service(), format!("the GraphQL service for {}", call.path), None, upstream)
            }
        };
        let level = OF_RESOLVERS + self.calls.len();
        let (program, field) = (Arc::clone(program), Some(Arc::from(field)));
        self.calls.push(Link { scope: Scope::Resolver, program, field });
        let request = request_of(&operation.request, call);
        let (tokens, errand) = (BTreeMap::new(), None);
        let own = Scene { request, response: None, backend: None, graphql, upstream, tokens, errand };
        let mut strand = Strand::at(Frame { level, pc: 0 });
        strand.resolves = Some(call.id);
        strand.scene = Some(Box::new(own));
        Some(strand)
    }
}
