//! Who calls: `IUser`, `IGroup`, `IUserIdentity`, `ISubscription`, and `IProduct`, through which they call. Reference A3.

use std::sync::Arc;

use super::context::{ApiObject, part};
use super::{Call, Row, row};
use crate::context::{GroupView, IdentityView, ProductView, SubscriptionView, UserView};
use crate::expr::exception::{Outcome, null_reference};
use crate::expr::instance::State;
use crate::expr::ty::{Class, Ty};
use crate::time::WallTime;
use crate::value::{ContextPart, DateTime, DateTimeKind, Value};

pub(super) const ROWS: &[Row] = &[
    row("IContext", "IProduct Product", |call| Ok(part(call.machine.context.product.is_some(), ContextPart::Product))),
    row("IContext", "ISubscription Subscription", |call| {
        Ok(part(call.machine.context.subscription.is_some(), ContextPart::Subscription))
    }),
    row("IContext", "IUser User", |call| Ok(part(call.machine.context.user.is_some(), ContextPart::User))),
    row("IProduct", "string Id", |call| of_product(call, |product| &product.id)),
    row("IProduct", "string Name", |call| of_product(call, |product| &product.name)),
    row("IProduct", "bool ApprovalRequired", |call| Ok(Value::Bool(product(call)?.approval_required))),
    row("IProduct", "bool SubscriptionRequired", |call| Ok(Value::Bool(product(call)?.subscription_required))),
    row("IProduct", "int? SubscriptionsLimit", limit),
    // The older texts and the toolkit say `SubscriptionLimit`; both are accepted (reference A3).
    row("IProduct", "int? SubscriptionLimit", limit),
    row("IProduct", "ProductState State", |call| {
        let published = product(call)?.published;
        Ok(Value::Enum(super::enums::PRODUCT_STATE.value(i32::from(published))))
    }),
    row("IProduct", "IEnumerable<IGroup> Groups", |call| {
        let found = &product(call)?.groups;
        groups(call, found)
    }),
    row("IProduct", "IEnumerable<IApi> Apis", |call| {
        let mut apis = Vec::new();
        for api in &product(call)?.apis {
            apis.push(call.machine.object(Ty::Class(Class::Api), ApiObject(Arc::clone(api)))?);
        }
        call.machine.array_of(Ty::Class(Class::Api), apis)
    }),
    row("ISubscription", "string Id", |call| of_subscription(call, |subscription| &subscription.id)),
    row("ISubscription", "string Name", |call| of_subscription(call, |subscription| &subscription.name)),
    row("ISubscription", "string Key", |call| of_subscription(call, |subscription| &subscription.key)),
    row("ISubscription", "string PrimaryKey", |call| of_subscription(call, |subscription| &subscription.primary_key)),
    row("ISubscription", "string SecondaryKey", |call| {
        of_subscription(call, |subscription| &subscription.secondary_key)
    }),
    row("ISubscription", "DateTime CreatedDate", created),
    // So the text of 2019 calls it; both are accepted (reference A3).
    row("ISubscription", "DateTime CreatedTime", created),
    row("ISubscription", "DateTime? StartDate", |call| Ok(moment(subscription(call)?.start))),
    row("ISubscription", "DateTime? EndDate", |call| Ok(moment(subscription(call)?.end))),
    row("IUser", "string Id", |call| of_user(call, |user| &user.id)),
    row("IUser", "string Email", |call| of_user(call, |user| &user.email)),
    row("IUser", "string FirstName", |call| of_user(call, |user| &user.first_name)),
    row("IUser", "string LastName", |call| of_user(call, |user| &user.last_name)),
    row("IUser", "string Note", |call| of_user(call, |user| &user.note)),
    row("IUser", "DateTime RegistrationDate", |call| Ok(known_moment(user(call)?.registered))),
    row("IUser", "IEnumerable<IGroup> Groups", |call| {
        let found = &user(call)?.groups;
        groups(call, found)
    }),
    row("IUser", "IEnumerable<IUserIdentity> Identities", |call| {
        let mut identities = Vec::new();
        for identity in &user(call)?.identities {
            identities.push(call.machine.object(Ty::Class(Class::UserIdentity), identity.clone())?);
        }
        call.machine.array_of(Ty::Class(Class::UserIdentity), identities)
    }),
    row("IGroup", "string Id", |call| {
        let id = call.state(0, |group: &mut GroupView| group.id.clone())?;
        call.yields(id)
    }),
    row("IGroup", "string Name", |call| {
        let name = call.state(0, |group: &mut GroupView| group.name.clone())?;
        call.yields(name)
    }),
    row("IUserIdentity", "string Id", |call| {
        let id = call.state(0, |identity: &mut IdentityView| identity.id.clone())?;
        call.yields(id)
    }),
    row("IUserIdentity", "string Provider", |call| {
        let provider = call.state(0, |identity: &mut IdentityView| identity.provider.clone())?;
        call.yields(provider)
    }),
];

impl State for GroupView {}

impl State for IdentityView {}

fn product<'m>(call: &Call<'_, 'm>) -> Outcome<&'m ProductView> {
    call.machine.context.product.as_deref().ok_or_else(null_reference)
}

fn of_product(call: &mut Call<'_, '_>, field: fn(&ProductView) -> &String) -> Outcome<Value> {
    let text = field(product(call)?).as_str();
    call.yields(text)
}

fn limit(call: &mut Call<'_, '_>) -> Outcome<Value> {
    Ok(product(call)?.subscriptions_limit.map_or(Value::Null, Value::Int32))
}

fn groups(call: &mut Call<'_, '_>, groups: &[GroupView]) -> Outcome<Value> {
    let mut made = Vec::new();
    for group in groups {
        made.push(call.machine.object(Ty::Class(Class::UserGroup), group.clone())?);
    }
    call.machine.array_of(Ty::Class(Class::UserGroup), made)
}

fn subscription<'m>(call: &Call<'_, 'm>) -> Outcome<&'m SubscriptionView> {
    call.machine.context.subscription.as_deref().ok_or_else(null_reference)
}

fn of_subscription(call: &mut Call<'_, '_>, field: fn(&SubscriptionView) -> &String) -> Outcome<Value> {
    let text = field(subscription(call)?).as_str();
    call.yields(text)
}

fn created(call: &mut Call<'_, '_>) -> Outcome<Value> {
    Ok(known_moment(subscription(call)?.created))
}

fn user<'m>(call: &Call<'_, 'm>) -> Outcome<&'m UserView> {
    call.machine.context.user.as_deref().ok_or_else(null_reference)
}

fn of_user(call: &mut Call<'_, '_>, field: fn(&UserView) -> &String) -> Outcome<Value> {
    let text = field(user(call)?).as_str();
    call.yields(text)
}

fn moment(moment: Option<WallTime>) -> Value {
    moment.map_or(Value::Null, |moment| Value::DateTime(DateTime::of_wall(moment, DateTimeKind::Utc)))
}

// One that is not known is .NET's default.
fn known_moment(known: Option<WallTime>) -> Value {
    known.map_or(Value::DateTime(DateTime::MIN), |known| moment(Some(known)))
}
