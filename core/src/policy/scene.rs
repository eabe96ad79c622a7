//! One inbound section run op by op against a request, without an exchange around it. Tests only; conversations are in `fixtures/`.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use crate::config::model::PolicyFormat;
use crate::context::{ApiView, Body, Context, OperationView, ProductView, RequestView, SubscriptionView};
use crate::http::{HeaderMap, HeaderName, HeaderValue, Method, Url};
use crate::policy::program::Op;
use crate::policy::run::{Failure, Flow, Run, Settle, Site, State, Stop};
use crate::policy::{Built, Catalog, Program, Scope, Section, Source, compile};
use crate::rng::{Rng, Seed};
use crate::shared::Shared;
use crate::time::{Instant, Now};

/// A gateway with one policy document, and the counters that its requests share.
pub(super) struct Scene {
    scope: Scope,
    program: Program,
    shared: Shared,
    pub(super) now: Now,
}

/// One request, to be changed before it is run.
pub(super) struct Visit {
    pub(super) context: Context,
    pub(super) state: State,
    pub(super) site: Site,
    rng: Rng,
}

/// How inbound ended.
#[derive(Debug)]
pub(super) enum End {
    Passed,
    Finished,
    Failed(Box<Failure>),
}

impl Scene {
    /// A document with this in inbound.
    pub(super) fn new(scope: Scope, inbound: &str) -> Self {
        let text = format!("<policies><inbound>{inbound}</inbound></policies>");
        let file: Arc<str> = Arc::from("policy.xml");
        let done = compile(Source::plain(&file, &text), PolicyFormat::RawXml, scope, &Catalog::default());
        assert_eq!(done.diagnostics, [], "{inbound}");
        Self { scope, program: done.program, shared: Shared::default(), now: Now::default() }
    }

    /// The clock goes on.
    pub(super) fn pass(&mut self, seconds: u64) {
        self.now.instant = self.now.instant.saturating_add(Duration::from_secs(seconds));
    }

    /// Runs inbound.
    pub(super) fn run(&self, visit: &mut Visit) -> End {
        for policy in self.policies() {
            match policy.run(&mut self.run_of(visit)) {
                Ok(Flow::Next) => {}
                Ok(Flow::Again) => panic!("a policy runs again that has asked for nothing"),
                Ok(Flow::Finish | Flow::EndSection) => return End::Finished,
                Ok(Flow::Ask(effect)) => panic!("unexpected {effect:?}"),
                Ok(Flow::Execute(operation)) => panic!("unexpected {operation:?}"),
                Err(Stop::Fail(failure)) => return End::Failed(failure),
                Err(Stop::NeedsBody(message)) => panic!("unexpected need of a body: {message:?}"),
            }
        }
        End::Passed
    }

    /// Runs what was left until the response is known.
    pub(super) fn settle(&self, visit: &mut Visit) {
        if visit.state.settle == Settle::AfterResponse {
            for policy in self.policies() {
                policy.settle(&mut self.run_of(visit)).unwrap();
            }
        }
    }

    fn policies(&self) -> impl Iterator<Item = &Built> {
        self.program.inbound.ops.iter().map(|op| match op {
            Op::Policy(policy) => policy,
            other => panic!("not a policy: {other}"),
        })
    }

    fn run_of<'a>(&'a self, visit: &'a mut Visit) -> Run<'a> {
        Run {
            context: &mut visit.context,
            state: &mut visit.state,
            site: &visit.site,
            shared: &self.shared,
            rng: &mut visit.rng,
            now: self.now,
            section: Section::Inbound,
            scope: self.scope,
        }
    }
}

impl Visit {
    /// A request without subscription to the operation `get` (`Get order`) of the API `orders` (`Orders`).
    pub(super) fn new(method: Method, fields: &[(&str, &str)]) -> Self {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap());
        }
        let url = Url::parse("https://gateway.example/orders/1").unwrap();
        let request = RequestView {
            method,
            url: url.clone(),
            original_url: url,
            headers,
            ip: "192.0.2.7".to_owned(),
            matched_parameters: IndexMap::new(),
            body: Body::Absent,
            certificate: None,
        };
        let api = ApiView { id: "orders;rev=2".to_owned(), name: "Orders".to_owned(), ..ApiView::default() };
        let operation =
            OperationView { id: "get".to_owned(), name: "Get order".to_owned(), ..OperationView::default() };
        let context = Context {
            request_id: Seed(1).rng().uuid(),
            arrived: Now { instant: Instant::ZERO, ..Now::default() },
            request,
            response: None,
            variables: IndexMap::new(),
            api: Some(Arc::new(api)),
            operation: Some(Arc::new(operation)),
            product: Some(Arc::new(ProductView { id: "starter".to_owned(), ..ProductView::default() })),
            subscription: None,
            user: None,
            backend: None,
            workspace: None,
            graphql: None,
            tracing: false,
            deployment: Arc::default(),
            last_error: None,
        };
        Self { context, state: State::default(), site: Site::default(), rng: Seed(1).rng() }
    }

    /// The same with this subscription.
    pub(super) fn of(mut self, subscription: &str) -> Self {
        let view = SubscriptionView { id: subscription.to_owned(), ..SubscriptionView::default() };
        self.context.subscription = Some(Arc::new(view));
        self
    }

    /// The fields that were left for the response, as `name: value`.
    pub(super) fn left(&self) -> Vec<String> {
        let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
        self.state.response_headers.iter().map(|field| format!("{}: {}", field.name, text(&field.value))).collect()
    }
}
