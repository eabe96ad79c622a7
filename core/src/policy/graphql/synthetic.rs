//! Synthetic APIs: an operation is executed in the place of the call to the backend, and each field that has a resolver asks it;
//! the GraphQL service of the API, if there is one, is asked for what none resolves.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::context::{Body, GraphQlView, RequestView, ResponseView};
use crate::expr::Message;
use crate::http::{Bytes, HeaderValue, Method, StatusCode, header};
use crate::policy::content::content_of;
use crate::policy::graphql::document::Wrong;
use crate::policy::graphql::endpoint::{Share, share};
use crate::policy::graphql::error;
use crate::policy::graphql::execute::{Call, Execution, Whom};
use crate::policy::graphql::plan::{Plan, Planned};
use crate::policy::graphql::request;
use crate::policy::graphql::resolvers::Resolvers;
use crate::policy::graphql::schema::{Root, Schema};
use crate::policy::run::{Failure, Flow, Public, Run, Socket, Stop, empty_response};
use crate::value::JToken;

/// The longest request that is executed, in bytes.
const REQUEST_BYTES_MAX: usize = 1024 * 1024;

/// Begins to execute what a request asks for, or answers that it cannot be; none when the GraphQL service of the API answers all of it.
/// A request for a WebSocket gets it.
///
/// # Errors
/// The content of the request must be read first, or the API has no schema.
pub fn begin(run: &mut Run<'_>, resolvers: &Arc<Resolvers>) -> Result<Option<Flow>, Stop> {
    let Some(schema) = run.site.schemas.graphql().cloned() else {
        // INVARIANT: an API with resolvers and without a schema is refused when it is compiled.
        return Err(Stop::fail(Failure::internal("GraphQLSchemaNotFound", "The API has no GraphQL schema.")));
    };
    if let Socket::Asked(asked) = &run.state.socket {
        let (response, accepted) = asked.answer();
        run.context.response = Some(response);
        run.state.socket = accepted.map_or(Socket::None, |accepted| Socket::Accepted(Box::new(accepted)));
        return Ok(Some(Flow::Next));
    }
    let content = content_of(run, Message::Request)?.unwrap_or_default();
    match planned(run, &schema, resolvers, &content) {
        Ok((plan, _)) if plan.root == Root::Mutation && run.context.request.method == Method::GET => {
            // A GET is safe (RFC 9110 §9.2.1).
            let mut response =
                refusal(StatusCode::METHOD_NOT_ALLOWED, &request::wrong("A mutation is sent with POST."));
            response.headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
            run.context.response = Some(response);
            Ok(Some(Flow::Next))
        }
        Ok((_, Share::All)) => Ok(None),
        Ok((plan, Share::Parts(parts))) => {
            let execution = Execution::new(schema, Arc::clone(resolvers), &plan, parts);
            Ok(Some(Flow::Execute(Box::new(execution))))
        }
        Err(wrongs) => {
            run.context.response = Some(refusal(StatusCode::BAD_REQUEST, &wrongs));
            Ok(Some(Flow::Next))
        }
    }
}

fn planned(
    run: &Run<'_>,
    schema: &Schema,
    resolvers: &Resolvers,
    content: &Bytes,
) -> Result<(Plan, Share), Vec<Wrong>> {
    let request = request::read(run, content, REQUEST_BYTES_MAX)?;
    let query = run.context.request.url.query.as_deref();
    let Planned { document, variables, plan } = Planned::new(schema, &request, query)?;
    if plan.root == Root::Subscription {
        return Err(request::wrong("A subscription is sent over a WebSocket."));
    }
    // Decision: without an address of a service, what no resolver resolves is null (fixtures/exchange/graphql-fields.conversation).
    let share = match run.state.upstream.is_known() {
        true => share(schema, resolvers, &document, request.operation.as_deref(), &plan, &variables)?,
        false => Share::Parts(Vec::new()),
    };
    Ok((plan, share))
}

/// The response to what is not executed.
// Decision: a request that is not executed gets 400 with `errors` and without `data` (fixtures/exchange/graphql-requests.conversation).
pub(super) fn refusal(status: StatusCode, wrongs: &[Wrong]) -> ResponseView {
    let errors: Vec<Json> = wrongs.iter().map(error).collect();
    ResponseView { status, ..answer(json!({ "errors": errors }).to_string()) }
}

/// The response with what an operation has given.
#[must_use]
pub fn answer(content: String) -> ResponseView {
    let mut response = empty_response();
    response.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.body = Body::Bytes(Bytes::from(content));
    response
}

/// The request that a resolver sees: the client's, with arguments and parent as its content; of a call to the GraphQL service, what goes
/// there.
#[must_use]
pub fn request_of(request: &RequestView, call: &Call) -> RequestView {
    let mut seen = request.clone();
    seen.headers.remove(header::CONTENT_LENGTH);
    seen.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let content = match &call.whom {
        Whom::Resolver(_) => json!({ "arguments": call.arguments, "parent": &*call.parent }).to_string(),
        Whom::Endpoint(content) => {
            seen.method = Method::POST;
            seen.url.query = None;
            content.to_string()
        }
    };
    seen.body = Body::Bytes(Bytes::from(content));
    seen
}

/// `context.GraphQL` of a resolver.
#[must_use]
pub fn view_of(call: &Call) -> Arc<GraphQlView> {
    let token = |value: &Json| JToken::parse(&value.to_string()).unwrap_or_else(|_| JToken::null());
    let parent = (!call.parent.is_null()).then(|| token(&call.parent));
    Arc::new(GraphQlView { arguments: token(&call.arguments), parent })
}

/// What a resolver has given.
///
/// # Errors
/// It is not JSON, in words for the client.
pub fn value_of(response: Option<&ResponseView>) -> Result<Json, String> {
    let Some(ResponseView { body: Body::Bytes(content), .. }) = response else { return Ok(Json::Null) };
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    if content.trim_ascii().is_empty() {
        return Ok(Json::Null);
    }
    serde_json::from_slice(content).map_err(|_| "The answer of the data source is not JSON.".to_owned())
}

/// What clients are told of a resolver that failed.
#[must_use]
pub fn told(failure: &Failure) -> String {
    match &failure.public {
        Public::Message => failure.message.clone(),
        Public::Text(text) => text.clone(),
        Public::Internal => "The data source of this field failed.".to_owned(),
    }
}
