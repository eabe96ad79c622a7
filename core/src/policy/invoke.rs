//! `invoke-request`: the request, with what is changed of it, to a backend or any URL; the answer goes into a variable or ends the
//! section as its response. Known from the toolkit alone, whose emulator says what it does.

use std::sync::Arc;
use std::time::Duration;

use crate::context::{Body, ResponseView};
use crate::expr::Message;
use crate::http::{HeaderName, Method, StatusCode, Url, header};
use crate::policy::authentication::managed_identity::{Asked, of_entity};
use crate::policy::authentication::token;
use crate::policy::balancing::{Called, destination, destination_of};
use crate::policy::connection::remove_known;
use crate::policy::dialect::Element;
use crate::policy::effect::{Effect, OutboundBody, OutboundRequest, Reply, UpstreamFailure};
use crate::policy::integration::SEND_TIMEOUT_SECONDS;
use crate::policy::operand::{Operand, get_optional};
use crate::policy::reader::Reader;
use crate::policy::routing::{apply_entity, check_backend_id, upstream_failure};
use crate::policy::run::{Failure, Flow, Ran, Run, Stop};
use crate::policy::shape::{Content, Occurs, Shape, TEXT, attribute, child};
use crate::policy::transform::{bytes_of, header_value, whole_body};
use crate::policy::{Built, Policy};
use crate::value::Value;

/// `invoke-request`
pub static INVOKE_REQUEST: Shape = Shape {
    attributes: &[
        attribute("method"),
        attribute("url"),
        attribute("backend-id"),
        attribute("response-variable-name").literal(),
    ],
    content: Content::Children(&[child("header", Occurs::Any, &HEADER), child("body", Occurs::Optional, &TEXT)]),
};

static HEADER: Shape =
    Shape { attributes: &[attribute("name").required(), attribute("value")], content: Content::Empty };

/// `invoke-request`
#[derive(Clone, Debug)]
struct InvokeRequest {
    /// Tells the call and the token that it fetches from those of others in the same section.
    index: usize,
    method: Option<Operand>,
    url: Option<Operand>,
    backend: Option<Operand>,
    variable: Option<Arc<str>>,
    headers: Vec<(Operand, Option<Operand>)>,
    body: Option<Operand<Value>>,
}

/// Compiles `<invoke-request>`.
pub fn build_invoke_request(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let (method, url) = (reader.attribute::<Arc<str>>("method"), reader.attribute::<Arc<str>>("url"));
    let backend = reader.attribute::<Arc<str>>("backend-id");
    if let Some(text) = method.as_ref().and_then(Operand::known).filter(|text| method_of(text).is_err()) {
        reader.error("method", format!("`{text}` is not a method"));
    }
    check_backend_id(reader, "backend-id", backend.as_ref().and_then(Operand::known).map(|id| &**id));
    let has_backend = reader.element.attribute("backend-id").is_some();
    match url.as_ref().and_then(Operand::known).map(|url| url.trim()) {
        Some(url) if has_backend && !is_path(url) => {
            reader.error("url", format!("beside `backend-id` the URL is a path: `{url}` is none"));
        }
        Some(url) if !has_backend => {
            if let Err(error) = Url::parse_written(url) {
                reader.error("url", format!("`{url}` is not a URL: {error}"));
            }
        }
        Some(_) | None => {}
    }
    let written: Vec<&Element> = reader.element.elements().filter(|element| element.name == "header").collect();
    let mut headers = Vec::new();
    for element in written {
        let mut reader = reader.at(element);
        let (name, value) = (reader.attribute::<Arc<str>>("name"), reader.attribute("value"));
        if let Some(text) = name.as_ref().and_then(Operand::known).filter(|text| name_of(text).is_err()) {
            reader.error("name", format!("`{text}` is not the name of a field"));
        }
        headers.extend(name.map(|name| (name, value)));
    }
    let body = match reader.child("body") {
        Some(body) => Some(reader.at(body).whole_text()?),
        None => None,
    };
    let (index, variable) = (reader.compiler.next_index(), reader.literal("response-variable-name"));
    Some(Arc::new(InvokeRequest { index, method, url, backend, variable, headers, body }))
}

fn method_of(text: &str) -> Result<Method, Stop> {
    let wrong = |_| Stop::fail(Failure::expression(format!("`{text}` is not a method")));
    Method::from_bytes(text.trim().as_bytes()).map_err(wrong)
}

fn name_of(text: &str) -> Result<HeaderName, Stop> {
    let wrong = |_| Stop::fail(Failure::expression(format!("`{text}` is not the name of a field")));
    HeaderName::from_bytes(text.trim().as_bytes()).map_err(wrong)
}

// What can only stand behind the URL of a backend.
fn is_path(url: &str) -> bool {
    !url.starts_with("//") && !url.split(['/', '?']).next().unwrap_or("").contains(':') && !url.contains(['\\', '#'])
}

impl Policy for InvokeRequest {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let method = get_optional(self.method.as_ref(), run)?;
        let method = method.map_or_else(|| Ok(run.context.request.method.clone()), |text| method_of(&text))?;
        let (url, backend) = (get_optional(self.url.as_ref(), run)?, get_optional(self.backend.as_ref(), run)?);
        let mut headers = Vec::with_capacity(self.headers.len());
        for (name, value) in &self.headers {
            let value = get_optional(value.as_ref(), run)?.unwrap_or_default();
            headers.push((name_of(&name.get(run)?)?, header_value(&value)?));
        }
        let made = self.body.as_ref().map(|body| body.get(run)).transpose()?;
        let own = match made {
            Some(_) => None,
            None => whole_body(&run.context.request.body, Message::Request)?,
        };
        // What a call that was given up has left behind is not this one's.
        let waits = run.state.tokens.contains_key(&self.index);
        let (url, called) = match run.state.upstream.chosen.remove(&self.index).filter(|_| waits) {
            Some(chosen) => *chosen,
            None => chosen(run, url.as_deref(), backend.as_deref())?,
        };
        let authorization = match of_entity(run, self.index, called.as_ref().map(|called| &called.entity))? {
            Asked::Perform(effect) => {
                run.state.upstream.chosen.insert(self.index, Box::new((url, called)));
                return Ok(Flow::Ask(effect));
            }
            Asked::Known(value) => value,
        };
        let timeout = Duration::from_secs(SEND_TIMEOUT_SECONDS.unsigned_abs());
        let mut request = OutboundRequest::new(method, url.clone(), timeout);
        request.headers = run.context.request.headers.clone();
        remove_known(&mut request.headers);
        for name in headers.iter().map(|(name, _)| name).chain([&header::HOST, &header::CONTENT_LENGTH]) {
            request.headers.remove(name);
        }
        request.headers.insert(header::HOST, header_value(&url.authority())?);
        for (name, value) in headers {
            request.headers.append(name, value);
        }
        let body = made.map(|made| bytes_of(made, &mut request.headers)).or(own);
        request.body = body.filter(|body| !body.is_empty()).map_or(OutboundBody::Empty, OutboundBody::Bytes);
        request.route = run.state.upstream.route.clone();
        if let Some(called) = &called {
            request.identity = run.state.upstream.identity.clone();
            apply_entity(run, &mut request, &called.entity)?;
        }
        if let Some(value) = authorization {
            request.headers.insert(header::AUTHORIZATION, value);
        }
        run.state.upstream.chosen.insert(self.index, Box::new((url, called)));
        Ok(Flow::Ask(Box::new(Effect::Send(Box::new(request)))))
    }

    fn take(&self, run: &mut Run<'_>, reply: Reply) -> Ran {
        if run.state.tokens.contains_key(&self.index) {
            return Ok(token::advance(run, self.index, reply).map_or(Flow::Again, Flow::Ask));
        }
        let called = run.state.upstream.chosen.remove(&self.index).and_then(|chosen| chosen.1);
        match reply {
            Reply::Response(Ok(response)) => Ok(self.accept(run, *response, called.as_ref())),
            Reply::Response(Err(failure)) => Err(refused(run, &failure, called.as_ref())),
            Reply::Body(_) | Reply::Head(_) | Reply::Dispatched | Reply::Cache(_) | Reply::Elapsed => {
                Err(Stop::fail(Failure::internal("BackendConnectionFailure", "the wrong kind of answer came")))
            }
        }
    }
}

impl InvokeRequest {
    fn accept(&self, run: &mut Run<'_>, mut response: ResponseView, called: Option<&Called>) -> Flow {
        if let Some(called) = called
            && called.answered(run, response.status, &response.headers)
        {
            run.trace(format!("invoke-request: the circuit breaker of `{}` has tripped", called.entity.id));
        }
        if let Some(variable) = &self.variable {
            run.set_variable(variable, Value::Response(Arc::new(response)));
            return Flow::Next;
        }
        if let Some(called) = called {
            called.bind(&mut response.headers);
        }
        remove_known(&mut response.headers);
        response.headers.remove(header::CONTENT_LENGTH);
        if matches!(response.body, Body::Unread | Body::Gone | Body::Consumed) {
            response.body = Body::Absent;
        }
        run.context.response = Some(response);
        Flow::EndSection
    }
}

fn refused(run: &mut Run<'_>, failure: &UpstreamFailure, called: Option<&Called>) -> Stop {
    let means = upstream_failure(failure);
    if let Some(called) = called
        && called.failed(run, failure.kind, &means)
    {
        run.trace(format!("invoke-request: the circuit breaker of `{}` has tripped", called.entity.id));
    }
    Stop::fail(means)
}

// Where the request goes anyway; another path of the backend; any URL.
fn chosen(run: &Run<'_>, url: Option<&str>, backend: Option<&str>) -> Result<(Url, Option<Called>), Stop> {
    let wrong = |why: String| Stop::fail(Failure::internal("InvalidBackend", why));
    let Some(id) = backend else {
        let Some(url) = url else { return destination(run) };
        let parsed = Url::parse_written(url).map_err(|error| wrong(format!("`{url}` is not a URL: {error}")))?;
        return Ok((parsed, None));
    };
    let found = run.site.backends.get(&id.trim().to_ascii_lowercase());
    let entity = found.ok_or_else(|| wrong(format!("there is no backend `{id}`")))?;
    let (path, query) = match url.map(str::trim) {
        None => (run.state.upstream.path.as_str(), run.context.request.url.query.as_deref()),
        Some(url) if !is_path(url) => return Err(wrong(format!("`{url}` is no path behind the backend `{id}`"))),
        Some(url) => url.split_once('?').map_or((url, None), |(path, query)| (path, Some(query))),
    };
    if path.split('/').any(crate::http::percent::is_dot_segment) {
        let message = format!("`{path}` cannot hold dot segments");
        return Err(Stop::fail(Failure::new(StatusCode::BAD_REQUEST, "InvalidBackend", message)));
    }
    destination_of(run, entity, path, query).map(|(url, called)| (url, Some(called)))
}
