//! The resolvers of an operation among the strands of an exchange: each sees a request and a response of its own. Runs no op.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::context::{BackendView, Context, GraphQlView, RequestView, ResponseView};
use crate::exchange::strand::{Frame, Parallel, Strand};
use crate::exchange::{Exchange, Link, OF_RESOLVERS};
use crate::policy::authentication::token::Fetching;
use crate::policy::concurrency::Until;
use crate::policy::graphql::synthetic::{answer, request_of, view_of};
use crate::policy::graphql::{Call, Execution, Next};
use crate::policy::run::{Failure, State, Upstream};
use crate::policy::{Scope, Section};

/// What a resolver has for itself.
#[derive(Debug)]
pub(super) struct Scene {
    request: RequestView,
    response: Option<ResponseView>,
    backend: Option<Arc<BackendView>>,
    graphql: Option<Arc<GraphQlView>>,
    upstream: Upstream,
    tokens: BTreeMap<usize, Fetching>,
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
        }
    }
}

impl Exchange {
    /// Puts the scene of the strand at hand in place, if it has one of its own.
    pub(super) fn put_scene(&mut self) {
        let Some(scene) = self.strand.scene.take() else { return };
        let Scene { request, response, backend, graphql, upstream, tokens } = *scene;
        self.context.request = request;
        self.context.response = response;
        self.context.backend = backend;
        self.context.graphql = graphql;
        self.state.upstream = upstream;
        self.state.tokens = tokens;
        self.look_again();
    }

    /// Starts the resolvers of an operation; the strand at hand goes on behind its policy when they have ended.
    pub(super) fn execute_operation(&mut self, operation: Box<Execution>, section: Section, frame: Frame) {
        if self.parallel.is_some() {
            // Decision: strands do not start others (fixtures/exchange/graphql-wait.conversation).
            let message = "a GraphQL operation cannot be executed inside of `wait`";
            let raised = self.raised(Failure::internal("GraphQLOperationInWait", message), section, frame);
            return self.fail(raised, section);
        }
        let mut parent = std::mem::take(&mut self.strand);
        parent.scene = Some(Box::new(Scene::taken(&mut self.context, &mut self.state)));
        // Behind the `Take` of the policy.
        let (join, until) = (frame.pc + 2, Until::All);
        self.parallel =
            Some(Box::new(Parallel { parent, join, until, others: Default::default(), operation: Some(operation) }));
        self.go_on_resolving();
    }

    /// The resolver at hand has ended.
    pub(super) fn end_resolver(&mut self, answer: Result<serde_json::Value, String>) {
        let Some(call) = self.strand.resolves else { return };
        if let Some(operation) = self.parallel.as_mut().and_then(|parallel| parallel.operation.as_mut()) {
            operation.resume(call, answer);
        }
        self.go_on_resolving();
    }

    // Starts what is wanted next, and takes up one of those that are under way; none: the operation has its response.
    fn go_on_resolving(&mut self) {
        let Some(mut parallel) = self.parallel.take() else { return };
        while let Some(Next::Call(call)) = parallel.operation.as_mut().map(|operation| operation.poll()) {
            let strand = self.resolver(&call, &parallel.parent);
            parallel.others.extend(strand);
        }
        if let Some(next) = parallel.others.pop_front() {
            self.parallel = Some(parallel);
            self.strand = next;
            return self.take_up();
        }
        let Parallel { parent, join, operation, .. } = *parallel;
        self.strand = parent;
        self.take_up();
        if let Some(top) = self.strand.frames.last_mut() {
            top.pc = join;
        }
        let response = operation.map(|operation| operation.response()).unwrap_or_default();
        self.context.response = Some(answer(response));
    }

    fn resolver(&mut self, call: &Call, parent: &Strand) -> Option<Strand> {
        let scene = parent.scene.as_deref()?;
        let resolver = self.site.resolvers.as_ref()?.all().get(call.resolver)?;
        let field = format!("{}/{} for {}", resolver.of, resolver.field, call.path);
        let level = OF_RESOLVERS + self.calls.len();
        let program = Arc::clone(&resolver.program);
        self.calls.push(Link { scope: Scope::Resolver, program, field: Some(Arc::from(field)) });
        let upstream = Upstream {
            base: scene.upstream.base.clone(),
            implied: scene.upstream.implied.clone(),
            entity: None,
            route: scene.upstream.route.clone(),
            ..Upstream::default()
        };
        let own = Scene {
            request: request_of(&scene.request, call),
            response: None,
            backend: None,
            graphql: Some(view_of(call)),
            upstream,
            tokens: BTreeMap::new(),
        };
        let mut strand = Strand::at(Frame { level, pc: 0 });
        strand.resolves = Some(call.id);
        strand.scene = Some(Box::new(own));
        Some(strand)
    }
}
