//! The object `context` and its parts, except messages, dictionaries and who calls. Reference A3.

use std::borrow::Cow;
use std::sync::Arc;

use super::message::UrlObject;
use super::{Call, Found, Row, always, row, text};
use crate::context::{
    ApiView, BackendView, Context, DeploymentView, GraphQlView, LastError, OperationView, WorkspaceView,
};
use crate::expr::exception::{Outcome, broken, null_reference};
use crate::expr::instance::{self, State};
use crate::expr::limits::TRACES_MAX;
use crate::expr::ty::{Class, Ty};
use crate::value::{ContextPart, DateTime, DateTimeKind, TimeSpan, UrlRef, Value};

pub(super) const ROWS: &[Row] = &[
    row("IContext", "IApi Api", |call| Ok(part(call.machine.context.api.is_some(), ContextPart::Api))),
    always("IContext", "IDeployment Deployment", &ContextPart::Deployment),
    row("IContext", "TimeSpan Elapsed", |call| {
        let elapsed = call.machine.context.elapsed(call.machine.now).as_nanos() / 100;
        Ok(Value::TimeSpan(TimeSpan(i64::try_from(elapsed).unwrap_or(i64::MAX))))
    }),
    row("IContext", "ILastError LastError", |call| {
        Ok(part(call.machine.context.last_error.is_some(), ContextPart::LastError))
    }),
    row("IContext", "IOperation Operation", |call| {
        Ok(part(call.machine.context.operation.is_some(), ContextPart::Operation))
    }),
    always("IContext", "IRequest Request", &ContextPart::Request),
    row("IContext", "Guid RequestId", |call| Ok(Value::Guid(call.machine.context.request_id))),
    row("IContext", "IResponse Response", |call| {
        Ok(part(call.machine.context.response.is_some(), ContextPart::Response))
    }),
    row("IContext", "DateTime Timestamp", |call| {
        Ok(Value::DateTime(DateTime::of_wall(call.machine.context.arrived.wall, DateTimeKind::Utc)))
    }),
    row("IContext", "bool Tracing", |call| Ok(Value::Bool(call.machine.context.tracing))),
    row("IContext", "void Trace(string message)", |call| {
        let line = call.text_or_null(1)?.map_or_else(|| Arc::from(""), Arc::clone);
        if call.machine.noted.traces.len() < TRACES_MAX {
            call.machine.noted.traces.push(line);
        }
        Ok(Value::Null)
    }),
    row("IContext", "IBackend Backend", |call| Ok(part(call.machine.context.backend.is_some(), ContextPart::Backend))),
    row("IContext", "IWorkspace Workspace", |call| {
        Ok(part(call.machine.context.workspace.is_some(), ContextPart::Workspace))
    }),
    // There is one while a resolver of a GraphQL field runs. The article leaves the members of `IGraphQLDataObject` open; what
    // people write are those of a JSON object (reference A3, fixtures/exchange/graphql-context.conversation).
    row("IContext", "IGraphQL GraphQL", |call| Ok(part(call.machine.context.graphql.is_some(), ContextPart::GraphQl))),
    row("IGraphQL", "JObject Arguments", arguments),
    row("IGraphQL", "JObject GraphQLArguments", arguments),
    row("IGraphQL", "JObject Parent", |call| {
        Ok(graphql(call)?.parent.as_ref().map_or(Value::Null, |parent| Value::Json(parent.clone())))
    }),
    text("IBackend", "string Id", |context, _| backend(context, |backend| &backend.id)),
    text("IBackend", "string AzureRegion", |context, _| backend(context, |backend| &backend.azure_region)),
    row("IBackend", "BackendType Type", |call| {
        let is_pool = call.machine.context.backend.as_deref().ok_or_else(null_reference)?.is_pool;
        Ok(Value::Enum(super::enums::BACKEND_TYPE.value(i32::from(is_pool))))
    }),
    text("IWorkspace", "string Id", |context, _| workspace(context, |workspace| &workspace.id)),
    text("IWorkspace", "string Name", |context, _| workspace(context, |workspace| &workspace.name)),
    always("IContext", "IReadOnlyDictionary<string, object> Variables", &ContextPart::Variables),
    text("IApi", "string Id", |context, object| api(context, object, |api| &api.id)),
    text("IApi", "string Name", |context, object| api(context, object, |api| &api.name)),
    text("IApi", "string Path", |context, object| api(context, object, |api| &api.path)),
    text("IApi", "string Revision", |context, object| api(context, object, |api| &api.revision)),
    row("IApi", "string Version", |call| {
        let version = the_api(call, |api| api.version.clone())?;
        version.map_or(Ok(Value::Null), |version| call.yields(version))
    }),
    row("IApi", "bool IsCurrentRevision", |call| Ok(Value::Bool(the_api(call, |api| api.is_current_revision)?))),
    row("IApi", "IUrl ServiceUrl", |call| match call.value(0) {
        Value::Context(_) => {
            Ok(part(the_api(call, |api| api.service_url.is_some())?, ContextPart::Url(UrlRef::Service)))
        }
        _ => match the_api(call, |api| api.service_url.clone())? {
            Some(url) => call.machine.object(Ty::Class(Class::Url), UrlObject(url)),
            None => Ok(Value::Null),
        },
    }),
    row("IApi", "IEnumerable<string> Protocols", |call| {
        let texts = |api: &ApiView| api.protocols.iter().map(|protocol| Arc::from(protocol.as_str())).collect();
        Ok(Value::Strings(the_api(call, texts)?))
    }),
    row("IApi", "ISubscriptionKeyParameterNames SubscriptionKeyParameterNames", |call| match call.value(0) {
        Value::Context(_) => Ok(Value::Context(ContextPart::KeyNames)),
        other => {
            let api = instance::state(other, |api: &mut ApiObject| Arc::clone(&api.0))?;
            call.machine.object(Ty::Class(Class::KeyNames), ApiObject(api))
        }
    }),
    text("ISubscriptionKeyParameterNames", "string Header", |context, object| {
        api(context, object, |api| &api.key_names.0)
    }),
    text("ISubscriptionKeyParameterNames", "string Query", |context, object| {
        api(context, object, |api| &api.key_names.1)
    }),
    text("IOperation", "string Id", |context, _| operation(context, |operation| &operation.id)),
    text("IOperation", "string Name", |context, _| operation(context, |operation| &operation.name)),
    text("IOperation", "string Method", |context, _| operation(context, |operation| &operation.method)),
    text("IOperation", "string UrlTemplate", |context, _| operation(context, |operation| &operation.url_template)),
    text("IDeployment", "string Region", |context, _| deployment(context, |deployment| &deployment.region)),
    text("IDeployment", "string ServiceName", |context, _| deployment(context, |deployment| &deployment.service_name)),
    text("IDeployment", "string ServiceId", |context, _| deployment(context, |deployment| &deployment.service_id)),
    text("IDeployment", "string GatewayId", |context, _| deployment(context, |deployment| &deployment.gateway_id)),
    always("IDeployment", "IReadOnlyDictionary<string, X509Certificate2> Certificates", &ContextPart::Certificates),
    row("IRequest", "X509Certificate2 Certificate", |call| {
        let certificate = call.machine.context.request.certificate.as_ref();
        Ok(certificate.map_or(Value::Null, |view| super::certificate_object(view)))
    }),
    always("IDeployment", "IGateway Gateway", &ContextPart::Gateway),
    text("IGateway", "string Id", |context, _| deployment(context, |deployment| &deployment.gateway_id)),
    text("IGateway", "string InstanceId", |context, _| deployment(context, |deployment| &deployment.instance_id)),
    row("IGateway", "bool IsManaged", |call| Ok(Value::Bool(call.machine.context.deployment.is_managed))),
    // Only gateways in Azure know it (reference A3).
    row("IDeployment", "ISustainabilityInfo SustainabilityInfo", |_| Ok(Value::Null)),
    row("ISustainabilityInfo", "string CurrentCarbonIntensity", |_| Err(null_reference())),
    text("ILastError", "string Source", |context, _| last_error(context, |error| Some(&error.source))),
    text("ILastError", "string Reason", |context, _| last_error(context, |error| Some(&error.reason))),
    text("ILastError", "string Message", |context, _| last_error(context, |error| Some(&error.message))),
    text("ILastError", "string Scope", |context, _| last_error(context, |error| Some(&error.scope))),
    text("ILastError", "string Section", |context, _| last_error(context, |error| Some(&error.section))),
    text("ILastError", "string Path", |context, _| last_error(context, |error| Some(&error.path))),
    text("ILastError", "string PolicyId", |context, _| last_error(context, |error| error.policy_id.as_ref())),
];

/// An API that is not that of the exchange: one of `context.Product.Apis`.
#[derive(Debug)]
pub(super) struct ApiObject(pub(super) Arc<ApiView>);

impl State for ApiObject {}

/// The part, or null when there is none.
pub(super) fn part(present: bool, part: ContextPart) -> Value {
    if present { Value::Context(part) } else { Value::Null }
}

fn the_api<R>(call: &Call<'_, '_>, look: impl FnOnce(&ApiView) -> R) -> Outcome<R> {
    match call.value(0) {
        Value::Object(_) => call.state(0, |api: &mut ApiObject| look(&api.0)),
        _ => call.machine.context.api.as_deref().map(look).ok_or_else(null_reference),
    }
}

fn graphql<'m>(call: &Call<'_, 'm>) -> Outcome<&'m GraphQlView> {
    call.machine.context.graphql.as_deref().ok_or_else(null_reference)
}

fn arguments(call: &mut Call<'_, '_>) -> Outcome<Value> {
    Ok(Value::Json(graphql(call)?.arguments.clone()))
}

fn api<'m>(context: &'m Context, object: &Value, field: fn(&ApiView) -> &String) -> Outcome<Found<'m>> {
    match object {
        Value::Object(_) => instance::state(object, |api: &mut ApiObject| Some(Cow::Owned(field(&api.0).clone()))),
        _ => Ok(Some(Cow::Borrowed(field(context.api.as_deref().ok_or_else(null_reference)?)))),
    }
}

fn backend(context: &Context, field: fn(&BackendView) -> &String) -> Outcome<Found<'_>> {
    let backend = context.backend.as_deref().ok_or_else(null_reference)?;
    Ok(Some(Cow::Borrowed(field(backend))))
}

fn workspace(context: &Context, field: fn(&WorkspaceView) -> &String) -> Outcome<Found<'_>> {
    let workspace = context.workspace.as_deref().ok_or_else(null_reference)?;
    Ok(Some(Cow::Borrowed(field(workspace))))
}

fn operation(context: &Context, field: fn(&OperationView) -> &String) -> Outcome<Found<'_>> {
    let operation = context.operation.as_deref().ok_or_else(null_reference)?;
    Ok(Some(Cow::Borrowed(field(operation))))
}

fn deployment(context: &Context, field: fn(&DeploymentView) -> &String) -> Outcome<Found<'_>> {
    Ok(Some(Cow::Borrowed(field(&context.deployment))))
}

fn last_error(context: &Context, field: fn(&LastError) -> Option<&String>) -> Outcome<Found<'_>> {
    let error = context.last_error.as_deref().ok_or_else(|| broken("the last error went away"))?;
    Ok(field(error).map(|text| Cow::Borrowed(text.as_str())))
}
