//! `http-data-source`: the document of a resolver, one call and what is made of its answer. Resolves no field itself.

use std::sync::Arc;

use crate::context::Body;
use crate::http::percent::{Keep, encode, is_dot_segment};
use crate::http::{Method, StatusCode, Url, header};
use crate::policy::authentication::authorization_context::{
    GET_AUTHORIZATION_CONTEXT, build_get_authorization_context,
};
use crate::policy::authentication::certificate::{AUTHENTICATION_CERTIFICATE, build_authentication_certificate};
use crate::policy::authentication::managed_identity::{Asked, of_entity};
use crate::policy::authentication::token::advance;
use crate::policy::balancing::{behind, destination};
use crate::policy::compile::{Compiler, Target};
use crate::policy::content::{FIND_AND_REPLACE, build_find_and_replace};
use crate::policy::control::INCLUDE_FRAGMENT;
use crate::policy::convert::{XML_TO_JSON, build_xml_to_json};
use crate::policy::dialect::Element;
use crate::policy::effect::{Effect, OutboundBody, OutboundRequest, Redirects, Reply};
use crate::policy::graphql::publish::{PUBLISH_EVENT, build_publish_event};
use crate::policy::integration::read_url;
use crate::policy::operand::{Operand, get_optional};
use crate::policy::place::Section;
use crate::policy::program::{Code, Op, Place, Program};
use crate::policy::reader::Reader;
use crate::policy::registry::Status;
use crate::policy::routing::{
    FORWARD_REQUEST, ForwardRequest, SET_BACKEND_SERVICE, apply_entity, build_set_backend_service, forwarded_headers,
    seconds, upstream_failure,
};
use crate::policy::run::{Failure, Flow, HostField, Ran, Run, Stop};
use crate::policy::shape::{self, Content, Occurs, Shape, TEXT, child};
use crate::policy::source::Problem;
use crate::policy::transform::{self, header_value};
use crate::policy::{Built, Policy, registry};
use crate::telemetry::BackendRecord;

/// The longest answer that a resolver takes, in bytes.
pub const ANSWER_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// The elements that the document of a resolver may begin with.
pub const ROOTS: [&str; 3] = ["http-data-source", "sql-data-source", "cosmosdb-data-source"];

/// `http-data-source`
pub static HTTP_DATA_SOURCE: Shape = Shape {
    attributes: &[],
    content: Content::Children(&[
        child("http-request", Occurs::Once, &HTTP_REQUEST),
        child("backend", Occurs::Optional, &BACKEND),
        child("http-response", Occurs::Optional, &HTTP_RESPONSE),
    ]),
};

static HTTP_REQUEST: Shape = Shape {
    attributes: &[],
    content: Content::Children(&[
        child("get-authorization-context", Occurs::Optional, &GET_AUTHORIZATION_CONTEXT),
        child("set-backend-service", Occurs::Optional, &SET_BACKEND_SERVICE),
        child("set-method", Occurs::Once, &TEXT),
        child("set-url", Occurs::Once, &TEXT),
        child("include-fragment", Occurs::Any, &INCLUDE_FRAGMENT),
        child("set-header", Occurs::Any, &transform::SET_HEADER),
        child("set-body", Occurs::Optional, &transform::SET_BODY),
        child("authentication-certificate", Occurs::Optional, &AUTHENTICATION_CERTIFICATE),
    ]),
};

static BACKEND: Shape = Shape {
    attributes: &[],
    content: Content::Children(&[child("forward-request", Occurs::Optional, &FORWARD_REQUEST)]),
};

static HTTP_RESPONSE: Shape = Shape {
    attributes: &[],
    content: Content::AnyOrder(&[
        child("set-body", Occurs::Any, &transform::SET_BODY),
        child("xml-to-json", Occurs::Any, &XML_TO_JSON),
        child("find-and-replace", Occurs::Any, &FIND_AND_REPLACE),
        child("publish-event", Occurs::Any, &PUBLISH_EVENT),
        child("include-fragment", Occurs::Any, &INCLUDE_FRAGMENT),
    ]),
};

/// Compiles the document of a resolver.
pub fn document(compiler: &mut Compiler<'_>, root: &Element) {
    compiler.section = Section::Backend;
    if !ROOTS.contains(&root.name.as_str()) {
        let message = format!("expected a data source as the root element, found `{}`", root.name);
        let help = "a resolver has one data source, and inherits nothing";
        compiler.report(Problem::error("root-element", root.name_span, message).with_help(help));
        return;
    }
    compiler.inside(format!("{}[1]", root.name), |compiler| compiler.policy(root));
}

/// Compiles `<http-data-source>`: a draft that `http-request` fills, the call, and what `http-response` makes of the answer.
pub fn build_http_data_source(compiler: &mut Compiler<'_>, element: &Element) {
    let find = |name: &str| element.elements().find(|child| child.name == name);
    compiler.emit(Op::Policy(Arc::new(BeginCall)), element);
    compiler.target = Target::DraftRequest;
    if let Some(request) = find("http-request") {
        compiler.inside("http-request[1]".to_owned(), |compiler| compiler.parts(request, request_part));
    }
    let forward = find("backend").and_then(|backend| Some((backend, backend.elements().next()?)));
    let forward = match forward {
        Some((_, forward)) if forward.name == "forward-request" => {
            ForwardRequest::read(&mut Reader { compiler, element: forward })
        }
        Some(_) | None => Some(ForwardRequest::standard(compiler.next_index())),
    };
    if let Some(forward) = forward {
        let asked = compiler.emit(Op::Policy(Arc::new(CallDataSource { forward })), element);
        compiler.emit(Op::Take { asked }, element);
    }
    compiler.target = Target::Response;
    if let Some(response) = find("http-response") {
        compiler.inside("http-response[1]".to_owned(), |compiler| compiler.parts(response, response_part));
    }
    compiler.emit(Op::EndBranch, element);
    // What the reference lets stand here and is not to be had says so itself.
    for part in element.elements().flat_map(Element::elements) {
        let status = registry::find(&part.name).map(|entry| entry.status);
        if let Some(Status::Refused { .. }) = status {
            compiler.policy(part);
        }
    }
}

fn request_part(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    match reader.element.name.as_str() {
        "get-authorization-context" => build_get_authorization_context(reader),
        "set-backend-service" => build_set_backend_service(reader),
        "set-method" => transform::build_set_method(reader),
        "set-url" => build_set_url(reader),
        "set-header" => transform::build_set_header(reader),
        "set-body" => transform::build_set_body(reader),
        "authentication-certificate" => build_authentication_certificate(reader),
        "include-fragment" => include(reader, &HTTP_REQUEST, request_part),
        _ => None,
    }
}

fn response_part(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    match reader.element.name.as_str() {
        "set-body" => transform::build_set_body(reader),
        "xml-to-json" => build_xml_to_json(reader),
        "find-and-replace" => build_find_and_replace(reader),
        "publish-event" => build_publish_event(reader),
        "include-fragment" => include(reader, &HTTP_RESPONSE, response_part),
        _ => None,
    }
}

/// Compiles `include-fragment` in `place`. What a fragment holds stands where it is included: it may hold what may stand there, in any
/// order and number.
pub(super) fn include(
    reader: &mut Reader<'_, '_, '_>,
    place: &'static Shape,
    part: fn(&mut Reader<'_, '_, '_>) -> Option<Built>,
) -> Option<Built> {
    let element = reader.element;
    let id = reader.literal("fragment-id")?;
    reader.compiler.include_with(&id, element, |compiler, root| {
        let mut problems = Vec::new();
        shape::check_each(root, &place.content, &mut problems);
        compiler.report_all(problems);
        compiler.parts(root, part);
    });
    None
}

/// The beginning of a resolver's call.
#[derive(Clone, Copy, Debug)]
pub struct BeginCall;

impl Policy for BeginCall {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        // The time it may take is known when it goes out.
        let draft = OutboundRequest::new(Method::GET, Url::default(), std::time::Duration::ZERO);
        run.state.draft_request = Some(Box::new(draft));
        Ok(Flow::Next)
    }
}

/// `set-url` of a resolver: an address, or a path behind the backend's.
#[derive(Clone, Debug)]
pub struct SetTarget {
    url: Operand,
}

fn build_set_url(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let url = read_url(reader, |text| text.starts_with('/'), "a URL, nor a path that begins with `/`")?;
    Some(Arc::new(SetTarget { url }))
}

impl Policy for SetTarget {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let text = self.url.get(run)?;
        let text = text.trim();
        // Arguments are what people write.
        let path = text.starts_with('/').then(|| encode(text, Keep::Written));
        let path =
            path.as_deref().map(|path| path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query))));
        let failed = |message: String| Stop::fail(Failure::expression(message));
        let url = match path {
            Some(_) => Url::default(),
            None => Url::parse_written(text).map_err(|error| failed(format!("`{text}` is not a URL: {error}")))?,
        };
        // Decision: arguments and parents cannot lead out of a path (fixtures/exchange/graphql-sources.conversation).
        if path.map_or(url.path.as_str(), |(path, _)| path).split('/').any(is_dot_segment) {
            return Err(failed("the path of `set-url` has a dot segment".to_owned()));
        }
        if let Some((path, query)) = path {
            run.state.upstream.path = path.to_owned();
            let base = run.state.upstream.base.clone().unwrap_or_default();
            run.context.request.url = behind(&base, path, query);
        } else if run.state.upstream.entity.is_some() {
            run.trace(format!(
                "set-url: {} is an address of its own, the backend has no effect",
                url.shown_without("")
            ));
        }
        if let Some(draft) = &mut run.state.draft_request {
            draft.url = url;
        }
        Ok(Flow::Next)
    }
}

/// The program that asks the GraphQL service of an API: what it goes out with is the client's, but for the content.
#[must_use]
pub fn service() -> Program {
    let forward = ForwardRequest::standard(1);
    let ops = vec![
        Op::Policy(Arc::new(BeginService)),
        Op::Policy(Arc::new(CallDataSource { forward })),
        Op::Take { asked: 1 },
        Op::EndBranch,
    ];
    let place = Place { element: "forward-request", path: Arc::from("forward-request[1]"), policy_id: None };
    let places = vec![place; ops.len()];
    Program { backend: Code { ops, places }, ..Program::default() }
}

/// The beginning of a call to the GraphQL service.
#[derive(Clone, Copy, Debug)]
struct BeginService;

impl Policy for BeginService {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let (request, upstream) = (&run.context.request, &run.state.upstream);
        let mut headers = forwarded_headers(&request.headers, &request.ip, &request.url, upstream.host);
        // The answer is read here.
        headers.remove(header::ACCEPT_ENCODING);
        if upstream.host == HostField::Backend {
            // Which it is, the call knows.
            headers.remove(header::HOST);
        }
        let body = match &request.body {
            Body::Bytes(content) => OutboundBody::Bytes(content.clone()),
            Body::Absent | Body::Unread | Body::Gone | Body::Consumed => OutboundBody::Empty,
        };
        run.state.draft_request = Some(Box::new(OutboundRequest {
            headers,
            body,
            identity: upstream.identity.clone(),
            route: upstream.route.clone(),
            // The time it may take is known when it goes out.
            ..OutboundRequest::new(Method::POST, Url::default(), std::time::Duration::ZERO)
        }));
        Ok(Flow::Next)
    }
}

/// The call of a resolver.
#[derive(Clone, Debug)]
pub struct CallDataSource {
    forward: ForwardRequest,
}

impl Policy for CallDataSource {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let forward = &self.forward;
        let timeout = forward.timeout.get(run)?;
        let continue_timeout = get_optional(forward.continue_timeout.as_ref(), run)?.map(seconds);
        let follow = get_optional(forward.follow_redirects.as_ref(), run)?.unwrap_or(false);
        let Some(draft) = run.state.draft_request.clone() else {
            return Err(Stop::fail(Failure::internal("BackendConnectionFailure", "there is no request to send")));
        };
        let (url, called) = match run.state.upstream.chosen.remove(&forward.index) {
            Some(chosen) => *chosen,
            None if draft.url.host.is_empty() => destination(run)?,
            None => (draft.url.clone(), None),
        };
        let authorization = match of_entity(run, forward.index, called.as_ref().map(|called| &called.entity))? {
            Asked::Perform(effect) => {
                run.state.upstream.chosen.insert(forward.index, Box::new((url, called)));
                return Ok(Flow::Ask(effect));
            }
            Asked::Known(value) => value,
        };
        let shown = url.shown_without(run.context.key_parameter());
        let mut outbound = OutboundRequest {
            url,
            timeout,
            continue_timeout,
            versions: forward.versions,
            redirects: if follow { Redirects::Follow } else { Redirects::HandBack },
            max_response_bytes: ANSWER_BYTES_MAX,
            ..*draft
        };
        if let Some(called) = &called {
            apply_entity(run, &mut outbound, &called.entity)?;
        }
        if let Some(value) = authorization {
            outbound.headers.insert(header::AUTHORIZATION, value);
        }
        if !outbound.headers.contains_key(header::HOST)
            && let Ok(host) = header_value(&outbound.url.authority())
        {
            outbound.headers.insert(header::HOST, host);
        }
        run.state.draft_request = None;
        run.state.upstream.called = called;
        run.state.backend =
            Some(BackendRecord { method: outbound.method.to_string(), url: shown, response_code: None });
        Ok(Flow::Ask(Box::new(Effect::Send(Box::new(outbound)))))
    }

    fn take(&self, run: &mut Run<'_>, reply: Reply) -> Ran {
        let answer = match reply {
            Reply::Response(answer) => answer,
            // The token of an entity's managed identity.
            reply => return Ok(advance(run, self.forward.index, reply).map_or(Flow::Again, Flow::Ask)),
        };
        let called = run.state.upstream.called.take();
        match answer {
            Ok(response) => {
                let status = response.status;
                if let Some(called) = &called
                    && called.answered(run, status, &response.headers)
                {
                    run.trace(format!("the circuit breaker of `{}` has tripped", called.entity.id));
                }
                if let Some(record) = &mut run.state.backend {
                    record.response_code = Some(status.as_u16());
                }
                run.context.response = Some(*response);
                if status.as_u16() >= 400 { Err(error_status(status)) } else { Ok(Flow::Next) }
            }
            Err(failure) => {
                let means = upstream_failure(&failure);
                if let Some(called) = &called
                    && called.failed(run, failure.kind, &means)
                {
                    run.trace(format!("the circuit breaker of `{}` has tripped", called.entity.id));
                }
                Err(Stop::fail(means))
            }
        }
    }
}

/// What an answer with an error's status code means: the field has no value.
pub(super) fn error_status(status: StatusCode) -> Stop {
    let message = format!("The data source answered with the status code {}.", status.as_u16());
    Stop::fail(Failure::new(StatusCode::BAD_GATEWAY, "DataSourceErrorStatusCode", message))
}
