//! The object `context` and its parts, except messages and dictionaries. Reference A3.

use std::sync::Arc;

use super::{Call, Row, row};
use crate::context::{ApiView, DeploymentView, LastError, OperationView, ProductView, SubscriptionView};
use crate::expr::exception::{Outcome, broken, null_reference};
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
    row("IContext", "IProduct Product", |call| Ok(part(call.machine.context.product.is_some(), ContextPart::Product))),
    row("IContext", "IRequest Request", |_| Ok(Value::Context(ContextPart::Request))),
    row("IContext", "Guid RequestId", |call| Ok(Value::Guid(call.machine.context.request_id))),
    row("IContext", "IResponse Response", |call| {
        Ok(part(call.machine.context.response.is_some(), ContextPart::Response))
    }),
    row("IContext", "ISubscription Subscription", |call| {
        Ok(part(call.machine.context.subscription.is_some(), ContextPart::Subscription))
    }),
    row("IContext", "DateTime Timestamp", |call| {
        Ok(Value::DateTime(DateTime::of_wall(call.machine.context.arrived.wall, DateTimeKind::Utc)))
    }),
    // Tracing is the debug session of the portal, which this gateway does not have.
    row("IContext", "bool Tracing", |_| Ok(Value::Bool(false))),
    row("IContext", "IUser User", |call| Ok(part(call.machine.context.user.is_some(), ContextPart::User))),
    row("IContext", "IReadOnlyDictionary<string, object> Variables", |_| Ok(Value::Context(ContextPart::Variables))),
    row("IApi", "string Id", |call| api(call, |api| &api.id)),
    row("IApi", "string Name", |call| api(call, |api| &api.name)),
    row("IApi", "string Path", |call| api(call, |api| &api.path)),
    row("IApi", "string Revision", |call| api(call, |api| &api.revision)),
    row("IApi", "string Version", |call| {
        let version = the_api(call)?.version.clone();
        version.map_or(Ok(Value::Null), |version| call.yields(version))
    }),
    row("IApi", "bool IsCurrentRevision", |call| Ok(Value::Bool(the_api(call)?.is_current_revision))),
    row("IApi", "IUrl ServiceUrl", |call| {
        Ok(part(the_api(call)?.service_url.is_some(), ContextPart::Url(UrlRef::Service)))
    }),
    row("IApi", "string[] Protocols", |call| {
        let protocols = the_api(call)?.protocols.iter().map(|protocol| Arc::from(protocol.as_str()));
        Ok(Value::Strings(protocols.collect()))
    }),
    row("IApi", "ISubscriptionKeyParameterNames SubscriptionKeyParameterNames", |_| {
        Ok(Value::Context(ContextPart::KeyNames))
    }),
    row("ISubscriptionKeyParameterNames", "string Header", |call| api(call, |api| &api.key_names.0)),
    row("ISubscriptionKeyParameterNames", "string Query", |call| api(call, |api| &api.key_names.1)),
    row("IOperation", "string Id", |call| operation(call, |operation| &operation.id)),
    row("IOperation", "string Name", |call| operation(call, |operation| &operation.name)),
    row("IOperation", "string Method", |call| operation(call, |operation| &operation.method)),
    row("IOperation", "string UrlTemplate", |call| operation(call, |operation| &operation.url_template)),
    row("IProduct", "string Id", |call| {
        let id = product(call)?.id.clone();
        call.yields(id)
    }),
    row("IProduct", "string Name", |call| {
        let name = product(call)?.name.clone();
        call.yields(name)
    }),
    row("IProduct", "bool ApprovalRequired", |call| Ok(Value::Bool(product(call)?.approval_required))),
    row("IProduct", "bool SubscriptionRequired", |call| Ok(Value::Bool(product(call)?.subscription_required))),
    row("IProduct", "int? SubscriptionsLimit", limit),
    // The older texts and the toolkit say `SubscriptionLimit`; both are accepted (reference A3).
    row("IProduct", "int? SubscriptionLimit", limit),
    row("IProduct", "ProductState State", |call| {
        let published = product(call)?.published;
        Ok(Value::Enum(super::enums::PRODUCT_STATE.value(i32::from(published))))
    }),
    row("ISubscription", "string Id", |call| subscription(call, |subscription| &subscription.id)),
    row("ISubscription", "string Name", |call| subscription(call, |subscription| &subscription.name)),
    row("ISubscription", "string Key", |call| subscription(call, |subscription| &subscription.key)),
    row("ISubscription", "string PrimaryKey", |call| subscription(call, |subscription| &subscription.primary_key)),
    row("ISubscription", "string SecondaryKey", |call| subscription(call, |subscription| &subscription.secondary_key)),
    row("IUser", "string Id", |call| {
        let id = call.machine.context.user.as_ref().ok_or_else(null_reference)?.id.clone();
        call.yields(id)
    }),
    row("IDeployment", "string Region", |call| deployment(call, |deployment| &deployment.region)),
    row("IDeployment", "string ServiceName", |call| deployment(call, |deployment| &deployment.service_name)),
    row("IDeployment", "string ServiceId", |call| deployment(call, |deployment| &deployment.service_name)),
    row("IDeployment", "string GatewayId", |call| deployment(call, |deployment| &deployment.gateway_id)),
    row("IDeployment", "IGateway Gateway", |_| Ok(Value::Context(ContextPart::Gateway))),
    row("IGateway", "string Id", |call| deployment(call, |deployment| &deployment.gateway_id)),
    row("IGateway", "string InstanceId", |call| deployment(call, |deployment| &deployment.instance_id)),
    row("IGateway", "bool IsManaged", |_| Ok(Value::Bool(false))),
    row("ILastError", "string Source", |call| last_error(call, |error| Some(&error.source))),
    row("ILastError", "string Reason", |call| last_error(call, |error| Some(&error.reason))),
    row("ILastError", "string Message", |call| last_error(call, |error| Some(&error.message))),
    row("ILastError", "string Scope", |call| last_error(call, |error| Some(&error.scope))),
    row("ILastError", "string Section", |call| last_error(call, |error| Some(&error.section))),
    row("ILastError", "string Path", |call| last_error(call, |error| Some(&error.path))),
    row("ILastError", "string PolicyId", |call| last_error(call, |error| error.policy_id.as_ref())),
];

fn part(present: bool, part: ContextPart) -> Value {
    if present { Value::Context(part) } else { Value::Null }
}

fn the_api<'m>(call: &Call<'_, 'm>) -> Outcome<&'m ApiView> {
    call.machine.context.api.as_deref().ok_or_else(null_reference)
}

fn api(call: &mut Call<'_, '_>, field: fn(&ApiView) -> &String) -> Outcome<Value> {
    let text = field(the_api(call)?).as_str();
    call.yields(text)
}

fn operation(call: &mut Call<'_, '_>, field: fn(&OperationView) -> &String) -> Outcome<Value> {
    let operation = call.machine.context.operation.as_deref().ok_or_else(null_reference)?;
    call.yields(field(operation).as_str())
}

fn product<'m>(call: &Call<'_, 'm>) -> Outcome<&'m ProductView> {
    call.machine.context.product.as_deref().ok_or_else(null_reference)
}

fn limit(call: &mut Call<'_, '_>) -> Outcome<Value> {
    Ok(product(call)?.subscriptions_limit.map_or(Value::Null, Value::Int32))
}

fn subscription(call: &mut Call<'_, '_>, field: fn(&SubscriptionView) -> &String) -> Outcome<Value> {
    let subscription = call.machine.context.subscription.as_deref().ok_or_else(null_reference)?;
    call.yields(field(subscription).as_str())
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
