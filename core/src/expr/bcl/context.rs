//! The object `context` and its parts, except messages, dictionaries and who calls. Reference A3.

use std::sync::Arc;

use super::message::UrlObject;
use super::{Call, Row, row};
use crate::context::{ApiView, BackendView, DeploymentView, LastError, OperationView, WorkspaceView};
use crate::expr::exception::{Outcome, broken, null_reference};
use crate::expr::instance::{self, State};
use crate::expr::limits::TRACES_MAX;
use crate::expr::ty::{Class, Ty};
use crate::value::{ContextPart, DateTime, DateTimeKind, TimeSpan, UrlRef, Value};

pub(super) const ROWS: &[Row] = &[
    row("IContext", "IApi Api", |call| Ok(part(call.machine.context.api.is_some(), ContextPart::Api))),
    row("IContext", "IDeployment Deployment", |_| Ok(Value::Context(ContextPart::Deployment))),
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
    row("IContext", "IRequest Request", |_| Ok(Value::Context(ContextPart::Request))),
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
    // There is one while a resolver of a GraphQL field runs; the article leaves its members open (reference A3).
    row("IContext", "IGraphQL GraphQL", |_| Ok(Value::Null)),
    row("IGraphQL", "IGraphQLDataObject GraphQLArguments", |_| Err(null_reference())),
    row("IGraphQL", "IGraphQLDataObject Parent", |_| Err(null_reference())),
    row("IBackend", "string Id", |call| backend(call, |backend| &backend.id)),
    row("IBackend", "string AzureRegion", |call| backend(call, |backend| &backend.azure_region)),
    row("IBackend", "BackendType Type", |call| {
        let is_pool = call.machine.context.backend.as_deref().ok_or_else(null_reference)?.is_pool;
        Ok(Value::Enum(super::enums::BACKEND_TYPE.value(i32::from(is_pool))))
    }),
    row("IWorkspace", "string Id", |call| workspace(call, |workspace| &workspace.id)),
    row("IWorkspace", "string Name", |call| workspace(call, |workspace| &workspace.name)),
    row("IContext", "IReadOnlyDictionary<string, object> Variables", |_| Ok(Value::Context(ContextPart::Variables))),
    row("IApi", "string Id", |call| api(call, |api| &api.id)),
    row("IApi", "string Name", |call| api(call, |api| &api.name)),
    row("IApi", "string Path", |call| api(call, |api| &api.path)),
    row("IApi", "string Revision", |call| api(call, |api| &api.revision)),
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
    row("IApi", "string[] Protocols", |call| {
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
    row("ISubscriptionKeyParameterNames", "string Header", |call| api(call, |api| &api.key_names.0)),
    row("ISubscriptionKeyParameterNames", "string Query", |call| api(call, |api| &api.key_names.1)),
    row("IOperation", "string Id", |call| operation(call, |operation| &operation.id)),
    row("IOperation", "string Name", |call| operation(call, |operation| &operation.name)),
    row("IOperation", "string Method", |call| operation(call, |operation| &operation.method)),
    row("IOperation", "string UrlTemplate", |call| operation(call, |operation| &operation.url_template)),
    row("IDeployment", "string Region", |call| deployment(call, |deployment| &deployment.region)),
    row("IDeployment", "string ServiceName", |call| deployment(call, |deployment| &deployment.service_name)),
    row("IDeployment", "string ServiceId", |call| deployment(call, |deployment| &deployment.service_id)),
    row("IDeployment", "string GatewayId", |call| deployment(call, |deployment| &deployment.gateway_id)),
    row("IDeployment", "IGateway Gateway", |_| Ok(Value::Context(ContextPart::Gateway))),
    row("IGateway", "string Id", |call| deployment(call, |deployment| &deployment.gateway_id)),
    row("IGateway", "string InstanceId", |call| deployment(call, |deployment| &deployment.instance_id)),
    row("IGateway", "bool IsManaged", |call| Ok(Value::Bool(call.machine.context.deployment.is_managed))),
    // Only gateways in Azure know it (reference A3).
    row("IDeployment", "ISustainabilityInfo SustainabilityInfo", |_| Ok(Value::Null)),
    row("ISustainabilityInfo", "string CurrentCarbonIntensity", |_| Err(null_reference())),
    row("ILastError", "string Source", |call| last_error(call, |error| Some(&error.source))),
    row("ILastError", "string Reason", |call| last_error(call, |error| Some(&error.reason))),
    row("ILastError", "string Message", |call| last_error(call, |error| Some(&error.message))),
    row("ILastError", "string Scope", |call| last_error(call, |error| Some(&error.scope))),
    row("ILastError", "string Section", |call| last_error(call, |error| Some(&error.section))),
    row("ILastError", "string Path", |call| last_error(call, |error| Some(&error.path))),
    row("ILastError", "string PolicyId", |call| last_error(call, |error| error.policy_id.as_ref())),
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

fn api(call: &mut Call<'_, '_>, field: fn(&ApiView) -> &String) -> Outcome<Value> {
    let text: Arc<str> = the_api(call, |api| Arc::from(field(api).as_str()))?;
    call.yields(text)
}

fn backend(call: &mut Call<'_, '_>, field: fn(&BackendView) -> &String) -> Outcome<Value> {
    let backend = call.machine.context.backend.as_deref().ok_or_else(null_reference)?;
    call.yields(field(backend).as_str())
}

fn workspace(call: &mut Call<'_, '_>, field: fn(&WorkspaceView) -> &String) -> Outcome<Value> {
    let workspace = call.machine.context.workspace.as_deref().ok_or_else(null_reference)?;
    call.yields(field(workspace).as_str())
}

fn operation(call: &mut Call<'_, '_>, field: fn(&OperationView) -> &String) -> Outcome<Value> {
    let operation = call.machine.context.operation.as_deref().ok_or_else(null_reference)?;
    call.yields(field(operation).as_str())
}

fn deployment(call: &mut Call<'_, '_>, field: fn(&DeploymentView) -> &String) -> Outcome<Value> {
    let context = call.machine.context;
    call.yields(field(&context.deployment).as_str())
}

fn last_error(call: &mut Call<'_, '_>, field: fn(&LastError) -> Option<&String>) -> Outcome<Value> {
    let context = call.machine.context;
    let error = context.last_error.as_deref().ok_or_else(|| broken("the last error went away"))?;
    field(error).map_or(Ok(Value::Null), |text| call.yields(text.as_str()))
}
