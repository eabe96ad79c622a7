//! What a policy sees while it runs, and how it ends: the next op, an effect, the end of the pipeline, or a failure.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::config::contract::{OperationResponse, RequestContract};
use crate::config::external_cache::ExternalCache;
use crate::config::model::Backend;
use crate::context::{Body, Context, ResponseView};
use crate::expr::{Consumed, Eval, Expression, Interrupt, Message, Noted};
use crate::http::template::UrlTemplate;
use crate::http::{Bytes, HeaderMap, HeaderName, HeaderValue, StatusCode, Url};
use crate::keys::Fetch;
use crate::limits::quota::Meter;
use crate::pki::ClientIdentity;
use crate::policy::authentication::token::Fetching;
use crate::policy::balancing::Called;
use crate::policy::caching::made::{Making, Place};
use crate::policy::caching::response::Missed;
use crate::policy::effect::{Effect, OutboundRequest, Route};
use crate::policy::graphql::cosmos::Errand;
use crate::policy::graphql::handshake::{Accepted, Asked};
use crate::policy::graphql::{Execution, Resolvers};
use crate::policy::llm::Tap;
use crate::policy::llm::safety::{Hearing, Judge};
use crate::policy::llm::semantic::Sought;
use crate::policy::metric::MEASUREMENTS_MAX;
use crate::policy::place::{Scope, Section};
use crate::policy::schema::SchemaSet;
use crate::policy::travel::Travel;
use crate::rng::Rng;
use crate::shared::Shared;
use crate::telemetry::{BackendRecord, CacheUse, Measurement};
use crate::time::Now;
use crate::value::Value;

pub use crate::policy::effect::BODY_BYTES_MAX;

/// The most traces that one exchange records.
pub const TRACES_MAX: usize = 100;

/// Everything that a policy may look at and change.
///
/// A policy evaluates all its operands before it changes anything: when one of them needs a body that has not been read, the
/// body is read and the policy runs again from its start.
#[derive(Debug)]
pub struct Run<'a> {
    /// The object that expressions call `context`.
    pub context: &'a mut Context,
    /// What policies keep about the exchange besides the context.
    pub state: &'a mut State,
    /// What the configuration says about the API and operation.
    pub site: &'a Site,
    /// What exchanges share.
    pub shared: &'a Shared,
    /// The exchange's stream of chance.
    pub rng: &'a mut Rng,
    /// Both clocks.
    pub now: Now,
    /// The section that runs.
    pub section: Section,
    /// The scope of the document that runs.
    pub scope: Scope,
}

/// What the configuration says about the place that a request was routed to.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// The backend entities by lower-case id.
    pub backends: Arc<BTreeMap<String, Arc<Backend>>>,
    /// What the operation declares of its request.
    pub request: Arc<RequestContract>,
    /// What the operation may answer.
    pub responses: Arc<[OperationResponse]>,
    /// The schemas of the API.
    pub schemas: Arc<SchemaSet>,
    /// The resolvers of a synthetic GraphQL API.
    pub resolvers: Option<Arc<Resolvers>>,
    /// The external cache of the gateway.
    pub external_cache: Option<Arc<ExternalCache>>,
    /// How much of the request's path names the API, its version and revision included, in bytes.
    pub prefix_bytes: usize,
    /// The URL template of the operation.
    pub template: Option<Arc<UrlTemplate>>,
}

/// What policies keep about an exchange besides the context.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Where the request goes.
    pub upstream: Upstream,
    /// The request that a send-request puts together.
    pub draft_request: Option<Box<OutboundRequest>>,
    /// The response that a return-response puts together.
    pub draft_response: Option<Box<ResponseView>>,
    /// How the content of the client's request came.
    pub request_travel: Travel,
    /// How the content of the last backend's response came.
    pub response_travel: Travel,
    /// What a resolver has asked Cosmos DB for.
    pub errand: Option<Box<Errand>>,
    /// Fields to be set in whatever response the client gets, as rate-limit and cors do in inbound.
    pub response_headers: Vec<PendingHeader>,
    /// Whether the running policy wants [`Policy::settle`](crate::policy::Policy::settle) to be called once the response is known.
    pub settle: Settle,
    /// Calls that are counted once the response is known, in the order of the policies that wait for it.
    pub pending_counts: VecDeque<PendingCount>,
    /// Quotas of keys that have counted this request.
    pub quotas_met: Vec<Meter>,
    /// Quotas whose calls are counted once the response is known, in the order of the policies that wait for it.
    pub pending_quotas: VecDeque<Meter>,
    /// Quotas that count the content of this exchange.
    pub meters: Vec<Meter>,
    /// What the exchange has to do with a WebSocket.
    pub socket: Socket,
    /// What counts the tokens of a call to a language model.
    pub tap: Option<Box<Tap>>,
    /// Who judges the completion of a language model, once it has been read.
    pub judges: Vec<Arc<Judge>>,
    /// What a semantic lookup asks, and did not find.
    pub sought: Option<Sought>,
    /// What is being judged.
    pub hearing: Option<Box<Hearing>>,
    /// What policies have measured.
    pub measurements: Vec<Measurement>,
    /// What policies fetch of identity providers, by the index of the policy.
    pub fetches: BTreeMap<usize, Fetch>,
    /// Tokens of managed identities that policies fetch, by the index of the policy.
    pub tokens: BTreeMap<usize, Fetching>,
    /// What policies have got that no inspection shows.
    pub secrets: Vec<Arc<str>>,
    /// What the last cache-lookup found.
    pub cache: CacheUse,
    /// Time spent waiting for a cache outside of the process.
    pub cache_time: Duration,
    /// What a cache-lookup did not find, for the cache-store.
    pub missed: Option<Missed>,
    /// Values that `cache-value` policies look for or make.
    pub making: BTreeMap<Place, Making>,
    /// What `trace` policies and `context.Trace` said.
    pub traces: Vec<String>,
    /// The bodies that expressions of the running policy have consumed; they go when it has run.
    pub taken: Taken,
    /// The last backend call.
    pub backend: Option<BackendRecord>,
    /// Time spent waiting for backends.
    pub backend_time: Duration,
    /// When the last backend call went out.
    pub forwarded_at: Option<Now>,
}

/// What an exchange has to do with a WebSocket.
#[derive(Clone, Debug, Default)]
pub enum Socket {
    /// Nothing.
    #[default]
    None,
    /// The client asks for one.
    Asked(Box<Asked>),
    /// It begins with the response, when that is still one of its kind.
    Accepted(Box<Accepted>),
    /// The exchange is about an event for one who has subscribed on it.
    Event,
}

/// Contents that expressions have read without `preserveContent`.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    /// The request's.
    pub request: Option<Bytes>,
    /// The response's.
    pub response: Option<Bytes>,
}

/// Where the request goes.
#[derive(Clone, Debug, Default)]
pub struct Upstream {
    /// The address in front of the operation's path; `None` when neither the API nor a policy gave one.
    pub base: Option<Url>,
    /// The backend entity whose credentials and TLS settings apply.
    pub entity: Option<Arc<Backend>>,
    /// The backend entity that has the URL of the service, for as long as requests go there and no policy has chosen one.
    pub implied: Option<Arc<Backend>>,
    /// The entity that the call under way goes to.
    pub called: Option<Called>,
    /// Where calls go that wait for a token of the managed identity or for their answer, by the index of the policy.
    pub chosen: BTreeMap<usize, Box<(Url, Option<Called>)>>,
    /// The path behind `base`, with a leading `/`.
    pub path: String,
    /// Which `Host` is sent.
    pub host: HostField,
    /// By which way a policy wants it to go.
    pub route: Route,
    /// What a policy wants to be shown to the backend in the TLS handshake.
    pub identity: Option<Arc<ClientIdentity>>,
    /// Whether the client's content went out with the last forwarded request.
    pub streamed: bool,
}

impl Upstream {
    /// Whether there is somewhere to go.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        self.base.is_some() || self.entity.is_some()
    }
}

/// Which `Host` a forwarded request carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostField {
    /// The host of the backend.
    #[default]
    Backend,
    /// The one that a set-header policy set.
    AsSet,
}

/// A field for the response to the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingHeader {
    /// Its name.
    pub name: HeaderName,
    /// Its value.
    pub value: HeaderValue,
    /// What happens to fields of this name that are there already.
    pub existing: Existing,
}

/// A call that a rate-limit-by-key has let pass and not yet counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingCount {
    /// The key that it had then.
    pub key: Arc<str>,
    /// The period of the limit.
    pub period: Duration,
}

/// What happens to fields that are there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// They are replaced.
    Replaced,
    /// They stay.
    Kept,
}

/// Whether a policy wants to be called again once the response is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Settle {
    /// No.
    #[default]
    No,
    /// Yes.
    AfterResponse,
}

/// How a policy went on.
#[derive(Clone, Debug)]
pub enum Flow {
    /// To the next op.
    Next,
    /// It waits for the answer to this effect; [`Policy::take`](crate::policy::Policy::take) gets it.
    Ask(Box<Effect>),
    /// Of [`Policy::take`](crate::policy::Policy::take): what came has been put into [`Run::shared`], and the policy runs again from its
    /// start.
    Again,
    /// To the operation of a synthetic GraphQL API: what it gives becomes `context.Response`.
    Execute(Box<Execution>),
    /// The pipeline ends here with `context.Response`.
    Finish,
    /// The section ends here, that of broader scopes too; the next one begins.
    EndSection,
}

/// Why a policy did not go on.
#[derive(Clone, Debug)]
pub enum Stop {
    /// It failed.
    Fail(Box<Failure>),
    /// The body of this message must be read first.
    NeedsBody(Message),
}

/// What `run` gives.
pub type Ran = Result<Flow, Stop>;

/// A failure of the pipeline: what `context.LastError` will say, and the response that on-error starts from.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// `Source`; `None` means the name of the element.
    pub source: Option<&'static str>,
    /// `Reason`, a machine-readable word.
    pub reason: &'static str,
    /// `Message`
    pub message: String,
    /// The status of the response.
    pub status: StatusCode,
    /// The reason phrase of the response; `None` means the standard one.
    pub phrase: Option<String>,
    /// Fields of the response besides `Content-Type`.
    pub headers: HeaderMap,
    /// What the client is told.
    pub public: Public,
    /// The response that on-error starts from.
    pub response: ErrorResponse,
}

/// The response that on-error starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorResponse {
    /// One made of the failure.
    OfFailure,
    /// The same, and the condition of a `retry` around what failed sees it, too.
    Answer,
    /// The one that is there, as a backend sent it.
    Present,
}

/// What the client is told of a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Public {
    /// The message of the failure.
    Message,
    /// This.
    Text(String),
    /// `Internal server error` with the id of the exchange.
    Internal,
}

impl Stop {
    /// A failure.
    #[must_use]
    pub fn fail(failure: Failure) -> Self {
        Self::Fail(Box::new(failure))
    }
}

impl Failure {
    /// A failure that the client is told about.
    #[must_use]
    pub fn new(status: StatusCode, reason: &'static str, message: impl Into<String>) -> Self {
        let (source, phrase, headers) = (None, None, HeaderMap::new());
        let (public, response) = (Public::Message, ErrorResponse::OfFailure);
        Self { source, reason, message: message.into(), status, phrase, headers, public, response }
    }

    /// A failure whose reason is the client's business only as an id.
    #[must_use]
    pub fn internal(reason: &'static str, message: impl Into<String>) -> Self {
        Self { public: Public::Internal, ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, reason, message) }
    }

    /// An expression threw, or gave something that its place cannot use.
    #[must_use]
    pub fn expression(message: impl Into<String>) -> Self {
        Self::internal("ExpressionValueEvaluationFailure", message)
    }

    /// The same, but on-error starts from the response that is there.
    #[must_use]
    pub fn keeping_response(self) -> Self {
        Self { response: ErrorResponse::Present, ..self }
    }

    /// The same with a field for the response.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}

impl State {
    /// Writes a line into the record of the exchange; nothing more once there are [`TRACES_MAX`].
    pub fn trace(&mut self, line: String) {
        if self.traces.len() < TRACES_MAX {
            self.traces.push(line);
        }
    }

    /// How the content of a message came.
    pub const fn travel(&mut self, message: Message) -> &mut Travel {
        match message {
            Message::Request => &mut self.request_travel,
            Message::Response => &mut self.response_travel,
        }
    }
}

impl Site {
    /// What the operation declares of its response with this status.
    #[must_use]
    pub fn response(&self, status: u16) -> Option<&OperationResponse> {
        self.responses.iter().find(|response| response.status == status)
    }
}

impl Run<'_> {
    /// Evaluates an expression.
    ///
    /// # Errors
    /// It threw, a limit was reached, or it needs a body that has not been read.
    pub fn eval(&mut self, expression: &Expression) -> Result<Value, Stop> {
        let eval = Eval { context: self.context, now: self.now, rng: self.rng };
        let mut noted = Noted::default();
        let result = expression.eval_noting(eval, &mut noted);
        // It runs again from its start once the body is there.
        if let Err(Interrupt::NeedsBody(message)) = result {
            return Err(Stop::NeedsBody(message));
        }
        self.take(noted.consumed);
        for line in noted.traces {
            self.trace(line.to_string());
        }
        result.map_err(|interrupt| match interrupt {
            Interrupt::NeedsBody(message) => Stop::NeedsBody(message),
            // So the original words it; the exception's type goes with it (reference A4).
            Interrupt::Exception(thrown) => {
                Stop::fail(Failure::expression(format!("Expression evaluation failed. {}", thrown.message)))
            }
            Interrupt::LimitExceeded(limit) => Stop::fail(Failure::expression(format!(
                "Expression evaluation failed. The limit was reached: {limit}."
            ))),
        })
    }

    fn take(&mut self, consumed: Consumed) {
        if let (true, Body::Bytes(bytes)) = (consumed.request, &self.context.request.body) {
            self.state.taken.request = Some(bytes.clone());
        }
        if let (true, Some(Body::Bytes(bytes))) =
            (consumed.response, self.context.response.as_ref().map(|response| &response.body))
        {
            self.state.taken.response = Some(bytes.clone());
        }
    }

    /// Keeps a field for whatever response the client gets.
    pub fn set_response_header(&mut self, name: HeaderName, value: HeaderValue, existing: Existing) {
        self.state.response_headers.push(PendingHeader { name, value, existing });
    }

    /// Writes a line into the record of the exchange; nothing more once there are [`TRACES_MAX`].
    pub fn trace(&mut self, line: String) {
        self.state.trace(line);
    }

    /// Keeps a number for the metrics; nothing more once there are [`MEASUREMENTS_MAX`].
    pub fn measure(&mut self, measurement: Measurement) {
        if self.state.measurements.len() < MEASUREMENTS_MAX {
            self.state.measurements.push(measurement);
        }
    }

    /// Sets a variable.
    pub fn set_variable(&mut self, name: &Arc<str>, value: Value) {
        self.state.making.values_mut().for_each(|making| making.note_set(name));
        self.context.variables.insert(Arc::clone(name), value);
    }

    /// The response as policies have made it so far; an empty 200 when there is none yet.
    pub fn response(&mut self) -> &mut ResponseView {
        self.context.response.get_or_insert_with(empty_response)
    }
}

/// The body of a message; that of a response that is not there is absent.
#[must_use]
pub fn body_of(context: &Context, message: Message) -> &Body {
    match message {
        Message::Request => &context.request.body,
        Message::Response => context.response.as_ref().map_or(&Body::Absent, |response| &response.body),
    }
}

/// A 200 without fields and content.
#[must_use]
pub fn empty_response() -> ResponseView {
    ResponseView { status: StatusCode::OK, reason: None, headers: HeaderMap::new(), body: Body::Absent }
}
