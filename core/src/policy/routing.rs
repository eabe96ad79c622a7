//! Policies that decide where a request goes and send it there: set-backend-service, rewrite-uri, forward-request.

use std::sync::Arc;

use crate::config::model::Backend;
use crate::config::secret::Secret;
use crate::context::{BackendView, Body, ResponseView};
use crate::diagnostic::nearest;
use crate::expr::Message;
use crate::http::rewrite::{ExpandError, RewriteTemplate};
use crate::http::template::UrlTemplate;
use crate::http::{HeaderMap, HeaderName, Query, ResponseHead, StatusCode, Url, header};
use crate::pki::ClientIdentity;
use crate::policy::authentication::certificate::at_hand;
use crate::policy::authentication::managed_identity::{Asked, of_entity};
use crate::policy::authentication::token::advance;
use crate::policy::balancing::{behind, destination, joined_path};
use crate::policy::connection::{append_forwarded_for, remove_hop_by_hop, remove_known};
use crate::policy::dapr::Invocation;
use crate::policy::effect::{
    Content as Following, Effect, HttpVersions, OutboundBody, OutboundRequest, Redirects, Reply, Route,
    UpstreamFailure, UpstreamFailureKind, UpstreamTls,
};
use crate::policy::graphql::synthetic;
use crate::policy::llm::{safety, tell_usage};
use crate::policy::operand::{Operand, get_optional};
use crate::policy::reader::Reader;
use crate::policy::run::{Failure, Flow, HostField, Ran, Run, Stop, body_of};
use crate::policy::shape::{Content, Shape, attribute};
use crate::policy::source::Problem;
use crate::policy::transform::header_value;
use crate::policy::travel::{Travel, failed};
use crate::policy::{Built, Policy};
use crate::telemetry::BackendRecord;

pub use crate::policy::timeout::{FORWARD_TIMEOUT, TIMEOUT_SECONDS_MAX, Timeout, seconds};

const SERVICE_FABRIC: [&str; 5] =
    ["sf-resolve-condition", "sf-service-instance-name", "sf-partition-key", "sf-replica-type", "sf-listener-name"];

/// The `backend-id` that stands for the Dapr sidecar.
const DAPR: &str = "dapr";

const DAPR_ATTRIBUTES: [&str; 3] = ["dapr-app-id", "dapr-method", "dapr-namespace"];

/// `set-backend-service`
pub static SET_BACKEND_SERVICE: Shape = Shape {
    attributes: &[
        attribute("base-url"),
        attribute("backend-id"),
        attribute("sf-resolve-condition"),
        attribute("sf-service-instance-name"),
        attribute("sf-partition-key"),
        attribute("sf-replica-type"),
        attribute("sf-listener-name"),
        attribute("dapr-app-id"),
        attribute("dapr-method"),
        attribute("dapr-namespace"),
    ],
    content: Content::Empty,
};

/// `rewrite-uri`
pub static REWRITE_URI: Shape = Shape {
    attributes: &[attribute("template").required(), attribute("copy-unmatched-params")],
    content: Content::Empty,
};

/// `forward-request`
pub static FORWARD_REQUEST: Shape = Shape {
    attributes: &[
        attribute("timeout"),
        attribute("timeout-ms"),
        attribute("continue-timeout"),
        attribute("http-version").literal().one_of(&["1", "2or1", "2"]),
        attribute("follow-redirects"),
        attribute("buffer-request-body").literal(),
        attribute("buffer-response").literal(),
        attribute("fail-on-error-status-code").literal(),
    ],
    content: Content::Empty,
};

/// `set-backend-service`
#[derive(Clone, Debug)]
pub struct SetBackendService {
    to: Service,
}

#[derive(Clone, Debug)]
enum Service {
    BaseUrl(Operand),
    Backend(Operand),
    Dapr(Invocation),
}

/// Compiles `<set-backend-service/>`.
pub fn build_set_backend_service(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    for name in SERVICE_FABRIC {
        if reader.element.attribute(name).is_some() {
            let why = "only a gateway inside of a Service Fabric cluster can ask it where a service is";
            reader.error(name, format!("`{name}` has no meaning here: {why}"));
        }
    }
    if is_dapr(reader) {
        return Some(Arc::new(SetBackendService { to: Service::Dapr(Invocation::read(reader)?) }));
    }
    let base_url = reader.attribute::<Arc<str>>("base-url");
    let backend = reader.attribute::<Arc<str>>("backend-id");
    let to = match (base_url, backend) {
        (Some(url), None) => {
            if let Some(Err(error)) = url.known().map(|url| Url::parse_written(url)) {
                reader.error("base-url", format!("{url} is not a URL: {error}"));
            }
            Service::BaseUrl(url)
        }
        (None, Some(id)) => {
            check_backend_id(reader, "backend-id", id.known().map(|id| &**id));
            Service::Backend(id)
        }
        _ => {
            if reader.element.attribute("base-url").is_some() == reader.element.attribute("backend-id").is_some() {
                reader.reject(
                    "missing-attribute",
                    "`set-backend-service` needs `base-url` or `backend-id`, and not both",
                );
            }
            return None;
        }
    };
    Some(Arc::new(SetBackendService { to }))
}

// A backend entity may have the sidecar's name, too; the attributes tell.
fn is_dapr(reader: &mut Reader<'_, '_, '_>) -> bool {
    let is_named = reader.literal("backend-id").as_deref() == Some(DAPR);
    let told = DAPR_ATTRIBUTES.into_iter().find(|name| reader.element.attribute(name).is_some());
    if let Some(name) = told.filter(|_| !is_named) {
        reader.error(name, format!("`{name}` goes with `backend-id=\"{DAPR}\"`"));
    }
    is_named && (told.is_some() || !reader.compiler.catalog.backends.contains_key(DAPR))
}

/// Reports a backend entity that is not there.
pub fn check_backend_id(reader: &mut Reader<'_, '_, '_>, attribute: &str, id: Option<&str>) {
    let Some(id) = id else { return };
    let key = id.trim().to_ascii_lowercase();
    let known = Arc::clone(&reader.compiler.catalog.backends);
    reader.compiler.done.backends.insert(key.clone());
    if known.contains_key(&key) {
        return;
    }
    let span = reader.element.attribute(attribute).map_or(reader.element.name_span, |found| found.value.span);
    let problem = Problem::error("unknown-backend", span, format!("there is no backend `{id}`"));
    reader.compiler.report(match nearest(&key, known.keys().map(String::as_str)) {
        Some(near) => problem.with_help(format!("did you mean `{near}`?")),
        None => problem,
    });
}

impl Policy for SetBackendService {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        match &self.to {
            Service::BaseUrl(url) => {
                let text = url.get(run)?;
                let base =
                    Url::parse_written(&text).map_err(|error| invalid(format!("`{text}` is not a URL: {error}")))?;
                // A backend entity that was chosen before stays, as in APIM: its credentials never go to another address
                // (fixtures/policy/set-backend-service-twice.conversation).
                if let Some(entity) = &run.state.upstream.entity {
                    let line = format!(
                        "set-backend-service: the base URL {base} has no effect beside the backend `{}`",
                        entity.id
                    );
                    run.trace(line);
                    return Ok(Flow::Next);
                }
                set_base(run, base);
            }
            Service::Dapr(invocation) => {
                let base = invocation.address(run)?;
                run.context.backend = Some(Arc::new(BackendView { id: DAPR.to_owned(), ..BackendView::default() }));
                run.state.upstream.entity = None;
                run.state.upstream.path = String::new();
                set_base(run, base);
            }
            Service::Backend(id) => {
                let id = id.get(run)?;
                let found = run.site.backends.get(&id.trim().to_ascii_lowercase()).map(Arc::clone);
                let entity = found.ok_or_else(|| invalid(format!("there is no backend `{id}`")))?;
                let is_pool = entity.pool.is_some();
                match &entity.url {
                    Some(base) => set_base(run, base.clone()),
                    // Decision: whose turn it is is known when the request is sent; until then its URL stays.
                    None if is_pool => {}
                    None => return Err(invalid(format!("the backend `{id}` has no URL"))),
                }
                let view = BackendView { id: entity.id.clone(), is_pool, ..BackendView::default() };
                run.context.backend = Some(Arc::new(view));
                run.state.upstream.entity = Some(entity);
            }
        }
        Ok(Flow::Next)
    }
}

fn invalid(message: String) -> Stop {
    Stop::fail(Failure::internal("InvalidBackend", message))
}

/// Puts `base` in front of the path that the request has behind its present base.
pub fn set_base(run: &mut Run<'_>, base: Url) {
    run.context.request.url = behind(&base, &run.state.upstream.path, run.context.request.url.query.as_deref());
    run.state.upstream.base = Some(base);
    run.state.upstream.implied = None;
}

/// `rewrite-uri`
#[derive(Clone, Debug)]
pub struct RewriteUri {
    template: Template,
    copy_unmatched: Option<Operand<bool>>,
}

#[derive(Clone, Debug)]
enum Template {
    Known(Box<RewriteTemplate>),
    Computed(Operand),
}

/// Compiles `<rewrite-uri/>`.
pub fn build_rewrite_uri(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let copy_unmatched = reader.attribute("copy-unmatched-params");
    let template = reader.attribute::<Arc<str>>("template")?;
    let template = match template.known().map(|text| RewriteTemplate::parse(text.trim())) {
        None => Template::Computed(template),
        Some(Ok(known)) => Template::Known(Box::new(known)),
        Some(Err(error)) => {
            reader.error("template", error.to_string());
            return None;
        }
    };
    Some(Arc::new(RewriteUri { template, copy_unmatched }))
}

impl Policy for RewriteUri {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let copy = get_optional(self.copy_unmatched.as_ref(), run)?.unwrap_or(true);
        let fail = |message: String| Stop::fail(Failure::internal("InvalidRewriteTemplate", message));
        let operation = run.site.template.clone();
        let parameters = &run.context.request.matched_parameters;
        let expanded = match &self.template {
            Template::Known(template) => template.expand(parameters, operation.as_deref()),
            Template::Computed(operand) => {
                let text = operand.get(run)?;
                let template = RewriteTemplate::parse(text.trim()).map_err(|error| fail(error.to_string()))?;
                // What an expression makes, it makes of the request.
                match template.has_dot_segment() {
                    true => Err(ExpandError::DotSegment),
                    false => template.expand(&run.context.request.matched_parameters, operation.as_deref()),
                }
            }
        };
        let target = expanded.map_err(|error| match error {
            ExpandError::UnknownParameter { .. } => fail(error.to_string()),
            // Decision: the client's mistake (fixtures/policy/rewrite-uri-dots.conversation).
            ExpandError::DotSegment => {
                Stop::fail(Failure::new(StatusCode::BAD_REQUEST, "InvalidRewriteTemplate", error.to_string()))
            }
        })?;
        let (path, own) = match target.split_once('?') {
            Some((path, query)) => (path.to_owned(), Some(query.to_owned())),
            None => (target, None),
        };
        let url = &mut run.context.request.url;
        url.query = if copy { merged_query(own, url.query.as_deref(), operation.as_deref()) } else { own };
        url.path = joined_path(run.state.upstream.base.as_ref().map_or("", |base| &base.path), &path);
        run.state.upstream.path = path;
        Ok(Flow::Next)
    }
}

// The template's own parameters, then those of the request that neither it nor the operation's template declares.
fn merged_query(own: Option<String>, asked: Option<&str>, operation: Option<&UrlTemplate>) -> Option<String> {
    let declared: Vec<&str> = operation.map(|template| template.query_names().collect()).unwrap_or_default();
    let mut merged = own.clone().unwrap_or_default();
    for pair in Query::new(asked).pairs() {
        let in_template = declared.iter().any(|name| pair.is_named(name));
        let in_own = Query::new(own.as_deref()).pairs().any(|ours| ours.name == pair.name);
        if in_template || in_own {
            continue;
        }
        if !merged.is_empty() {
            merged.push('&');
        }
        merged.push_str(pair.name);
        if let Some(value) = pair.value {
            merged.push('=');
            merged.push_str(value);
        }
    }
    (!merged.is_empty()).then_some(merged)
}

/// `forward-request`
#[derive(Clone, Debug)]
pub struct ForwardRequest {
    /// Tells the token that it fetches from those of others in the same section.
    pub(super) index: usize,
    pub(super) versions: HttpVersions,
    pub(super) timeout: Timeout,
    pub(super) continue_timeout: Option<Operand<i64>>,
    pub(super) follow_redirects: Option<Operand<bool>>,
    buffer_request_body: bool,
    fail_on_error_status_code: bool,
}

/// Compiles `<forward-request/>`.
pub fn build_forward_request(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    Some(Arc::new(ForwardRequest::read(reader)?))
}

impl Policy for ForwardRequest {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        if let Some(resolvers) = run.site.resolvers.clone()
            && let Some(flow) = synthetic::begin(run, &resolvers)?
        {
            return Ok(flow);
        }
        let timeout = self.timeout.get(run)?;
        let continue_timeout = get_optional(self.continue_timeout.as_ref(), run)?.map(seconds);
        let follow = get_optional(self.follow_redirects.as_ref(), run)?.unwrap_or(false);
        let body = self.body(run)?;
        let (url, called) = match run.state.upstream.chosen.remove(&self.index) {
            Some(chosen) => *chosen,
            None => destination(run)?,
        };
        let authorization = match of_entity(run, self.index, called.as_ref().map(|called| &called.entity))? {
            Asked::Perform(effect) => {
                run.state.upstream.chosen.insert(self.index, Box::new((url, called)));
                return Ok(Flow::Ask(effect));
            }
            Asked::Known(value) => value,
        };
        let request = &run.context.request;
        let mut outbound = OutboundRequest {
            headers: forwarded_headers(&request.headers, &request.ip, &url, run.state.upstream.host),
            body,
            identity: run.state.upstream.identity.clone(),
            route: run.state.upstream.route.clone(),
            versions: self.versions,
            continue_timeout,
            redirects: if follow { Redirects::Follow } else { Redirects::HandBack },
            ..OutboundRequest::new(request.method.clone(), url, timeout)
        };
        // Without what the entity adds: credentials may stand in the query (fixtures/policy/set-backend-service.conversation).
        let url = outbound.url.shown_without(run.context.key_parameter());
        if let Some(called) = &called {
            apply_entity(run, &mut outbound, &called.entity)?;
        }
        if let Some(value) = authorization {
            outbound.headers.insert(header::AUTHORIZATION, value);
        }
        run.state.upstream.called = called;
        if matches!(outbound.body, OutboundBody::Stream) {
            run.context.request.body = Body::Gone;
            run.state.upstream.streamed = true;
        }
        let method = outbound.method.to_string();
        run.state.backend = Some(BackendRecord { method, url, response_code: None });
        run.state.forwarded_at = Some(run.now);
        Ok(Flow::Ask(Box::new(Effect::Forward(Box::new(outbound)))))
    }

    fn take(&self, run: &mut Run<'_>, reply: Reply) -> Ran {
        // A judge of the completion has answered.
        if run.state.hearing.is_some() {
            return match safety::go_on(run, reply)? {
                Flow::Next => safety::judge_completion(run),
                asked => Ok(asked),
            };
        }
        let answer = match reply {
            Reply::Head(answer) => answer,
            // The token of an entity's managed identity.
            reply => return Ok(advance(run, self.index, reply).map_or(Flow::Again, Flow::Ask)),
        };
        if let Some(since) = run.state.forwarded_at.take() {
            run.state.backend_time += run.now.instant.saturating_since(since.instant);
        }
        let (head, following) = match answer {
            Ok(answer) => answer,
            Err(failure) => {
                let means = upstream_failure(&failure);
                if let Some(called) = run.state.upstream.called.take()
                    && called.failed(run, failure.kind, &means)
                {
                    run.trace(format!("forward-request: the circuit breaker of `{}` has tripped", called.entity.id));
                }
                let never_sent = matches!(
                    failure.kind,
                    UpstreamFailureKind::NameNotResolved | UpstreamFailureKind::Connect | UpstreamFailureKind::Tls
                );
                if never_sent && std::mem::take(&mut run.state.upstream.streamed) {
                    run.context.request.body = Body::Unread;
                }
                run.context.response = None;
                return Err(Stop::fail(means));
            }
        };
        run.state.upstream.streamed = false;
        self.accept(run, head, following)
    }

    fn go_on(&self, run: &mut Run<'_>) -> Ran {
        tell_usage(run);
        // What an error says is no completion.
        match run.context.response.as_ref().is_some_and(|response| response.status.is_success()) {
            true => safety::judge_completion(run),
            false => Ok(Flow::Next),
        }
    }
}

impl ForwardRequest {
    /// One without attributes.
    #[must_use]
    pub const fn standard(index: usize) -> Self {
        Self {
            index,
            versions: HttpVersions::One,
            timeout: Timeout::Standard,
            continue_timeout: None,
            follow_redirects: None,
            buffer_request_body: false,
            fail_on_error_status_code: false,
        }
    }

    /// Reads the attributes.
    pub fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let timeout = Timeout::read(reader)?;
        let versions = match reader.literal("http-version").as_deref() {
            Some("2") => HttpVersions::Two,
            Some("2or1") => HttpVersions::TwoOrOne,
            _ => HttpVersions::One,
        };
        let _: Option<bool> = reader.constant("buffer-response");
        Some(Self {
            index: reader.compiler.next_index(),
            versions,
            timeout,
            continue_timeout: reader.attribute("continue-timeout"),
            follow_redirects: reader.attribute("follow-redirects"),
            buffer_request_body: reader.constant("buffer-request-body").unwrap_or(false),
            fail_on_error_status_code: reader.constant("fail-on-error-status-code").unwrap_or(false),
        })
    }

    fn body(&self, run: &Run<'_>) -> Result<OutboundBody, Stop> {
        let request = &run.context.request;
        match &request.body {
            Body::Absent | Body::Consumed => Ok(OutboundBody::Empty),
            Body::Bytes(bytes) => Ok(OutboundBody::Bytes(bytes.clone())),
            Body::Unread if self.buffer_request_body || run.state.request_travel.is_to_be_read(&request.headers) => {
                Err(Stop::NeedsBody(Message::Request))
            }
            Body::Unread => Ok(OutboundBody::Stream),
            Body::Gone => {
                if let Some(failure) = run.state.request_travel.failure() {
                    return Err(Stop::fail(failed(Message::Request, failure)));
                }
                let message = "the request's content was streamed to a backend already and cannot be sent again; \
                               `buffer-request-body=\"true\"` keeps it";
                Err(Stop::fail(Failure::internal("BackendConnectionFailure", message)))
            }
        }
    }

    fn accept(&self, run: &mut Run<'_>, head: ResponseHead, following: Following) -> Ran {
        let status = head.status;
        if let Some(record) = &mut run.state.backend {
            record.response_code = Some(status.as_u16());
        }
        let body = match following {
            Following::None => Body::Absent,
            Following::Follows => Body::Unread,
        };
        if let Some(tap) = &mut run.state.tap {
            tap.begin(&head);
        }
        run.state.response_travel = Travel::begun(&head.headers);
        let mut response = ResponseView { status, reason: head.reason, headers: head.headers, body };
        remove_hop_by_hop(&mut response.headers);
        if let Some(called) = run.state.upstream.called.take() {
            if called.answered(run, status, &response.headers) {
                run.trace(format!("forward-request: the circuit breaker of `{}` has tripped", called.entity.id));
            }
            called.bind(&mut response.headers);
        }
        run.context.response = Some(response);
        if self.fail_on_error_status_code && status.as_u16() >= 400 {
            let message = format!("the backend answered with the status code {}", status.as_u16());
            let failure = Failure::new(status, "BackendErrorStatusCode", message);
            return Err(Stop::fail(failure.keeping_response()));
        }
        let is_unread = body_of(run.context, Message::Response) == &Body::Unread;
        let is_judged = status.is_success() && !run.state.judges.is_empty();
        if is_unread && (is_judged || run.state.tap.as_ref().is_some_and(|tap| tap.holds_back())) {
            return Err(Stop::NeedsBody(Message::Response));
        }
        self.go_on(run)
    }
}

/// The fields of a request as they go to a backend.
pub fn forwarded_headers(from: &HeaderMap, ip: &str, url: &Url, host: HostField) -> HeaderMap {
    let mut headers = from.clone();
    remove_known(&mut headers);
    append_forwarded_for(&mut headers, ip);
    if host == HostField::Backend
        && let Ok(value) = header_value(&url.authority())
    {
        headers.insert(header::HOST, value);
    }
    headers
}

/// Adds what a backend entity adds to every request.
///
/// # Errors
/// It cannot stand in a request.
pub fn apply_entity(run: &Run<'_>, outbound: &mut OutboundRequest, entity: &Backend) -> Result<(), Stop> {
    for (name, Secret(value)) in &entity.headers {
        let name = HeaderName::from_bytes(name.trim().as_bytes())
            .map_err(|_| invalid(format!("`{name}` of the backend `{}` is not a field name", entity.id)))?;
        outbound.headers.insert(name, header_value(value)?);
    }
    if let Some((scheme, Secret(parameter))) = &entity.authorization {
        outbound.headers.insert(header::AUTHORIZATION, header_value(&format!("{scheme} {parameter}"))?);
    }
    for (name, Secret(value)) in &entity.query {
        outbound.url.query = Query::new(outbound.url.query.as_deref()).set(name, &[value.as_str()]);
    }
    // Decision: what the entity brings stands before what a policy has said, as with fields (fixtures/policy/authentication-certificate.conversation).
    if !entity.certificates.is_empty() {
        let identities = entity.certificates.iter().map(|name| at_hand(run, name)).collect::<Result<Vec<_>, _>>()?;
        outbound.identity = ClientIdentity::joined(&identities);
    }
    if let Some(proxy) = &entity.proxy {
        outbound.route = Route::Through(Arc::clone(proxy));
    }
    outbound.tls = UpstreamTls {
        validate_chain: entity.validate_certificate_chain,
        validate_name: entity.validate_certificate_name,
    };
    Ok(())
}

/// What a failed backend call means for the pipeline.
#[must_use]
pub fn upstream_failure(failure: &UpstreamFailure) -> Failure {
    match failure.kind {
        // Decision: a gateway that waited in vain says so with 504 (RFC 9110 §15.6.5); fixtures/policy/forward-request.conversation.
        UpstreamFailureKind::Timeout => {
            let public = crate::policy::run::Public::Text("The backend did not answer in time.".to_owned());
            Failure { public, ..Failure::new(StatusCode::GATEWAY_TIMEOUT, "Timeout", failure.message.clone()) }
        }
        UpstreamFailureKind::ClientGone => {
            Failure::new(StatusCode::BAD_REQUEST, "ClientConnectionFailure", failure.message.clone())
        }
        UpstreamFailureKind::NameNotResolved
        | UpstreamFailureKind::Connect
        | UpstreamFailureKind::Tls
        | UpstreamFailureKind::Broken
        | UpstreamFailureKind::TooLarge
        | UpstreamFailureKind::RequestBodyGone => {
            Failure::internal("BackendConnectionFailure", failure.message.clone())
        }
    }
}
