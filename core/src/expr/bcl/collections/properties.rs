//! A `JObject` as the dictionary that it is behind .NET's interfaces: `IDictionary<string, JToken>` and its kin. As long as it is one
//! of tokens, and under its own name, it is Json.NET's neighbourhood.

use super::super::{Call, json};
use super::views::{Found, Part, View};
use crate::expr::exception::{Outcome, argument_null, broken, throw};
use crate::expr::instance::{self, Instance, Pair, State};
use crate::expr::ty::{Class, Ty};
use crate::value::{JToken, Value};

/// A `JObject` that is enumerated as pairs. Its type is `JObject`, which is what it is to everyone else.
#[derive(Debug)]
struct Pairs(JToken);

impl State for Pairs {
    fn text(&self, _ty: &Ty) -> String {
        self.0.to_string()
    }

    fn equals(&self, other: &Self) -> bool {
        self.0.is_same(&other.0)
    }

    fn children(&self) -> Vec<Value> {
        vec![Value::Json(self.0.clone())]
    }

    fn items(&self) -> Option<Vec<Value>> {
        let properties = self.0.children().into_iter();
        let named = properties.filter_map(|property| Some((property.name()?, property.property_value()?)));
        let ty = item();
        Some(named.map(|(name, content)| super::pair(&ty, Value::String(name), Value::Json(content))).collect())
    }
}

// `KeyValuePair<string, JToken>`
fn item() -> Ty {
    super::pair_type(Ty::String, Ty::Class(Class::JToken))
}

/// A `JObject` as a sequence of pairs; anything else as it is.
pub(crate) fn json_pairs(value: Value) -> Value {
    match value {
        Value::Json(token) => Value::Object(Instance::object(Ty::Class(Class::JObject), Pairs(token))),
        other => other,
    }
}

/// The `JObject` behind a sequence of pairs.
pub(crate) fn pairs_of(value: &Value) -> Option<JToken> {
    instance::look(value, |pairs: &mut Pairs| pairs.0.clone())
}

/// Reads the pair at a place of an object that is enumerated as pairs.
pub(super) fn read(value: &Value, at: usize) -> Outcome<Found> {
    let object = pairs_of(value).ok_or_else(|| broken("an object that is no sequence of pairs"))?;
    let property = object.child_at(at);
    let pair = property.and_then(|property| {
        let (name, content) = (property.name()?, property.property_value()?);
        Some(super::pair(&item(), Value::String(name), Value::Json(content)))
    });
    Ok(Found { item: pair, next: at + 1, version: object.version() })
}

/// A `JObject` in the form in which a value of this type enumerates it; anything else as it is.
pub(crate) fn as_seen(value: Value, ty: &Ty) -> Value {
    let is_sequence = matches!(ty, Ty::Generic(Class::IEnumerable, items) if items.first() == Some(&item()));
    match pairs_of(&value) {
        Some(token) if !is_sequence => Value::Json(token),
        Some(_) => value,
        None if is_sequence => json_pairs(value),
        None => value,
    }
}

/// Whether the items of the interface are pairs, so that a token behind it is a dictionary.
pub(super) fn is_of_pairs(call: &Call<'_, '_>) -> bool {
    matches!(call.ty(0), Ty::Generic(Class::KeyValuePair, _))
}

fn is_object(call: &Call<'_, '_>) -> bool {
    matches!(call.value(0), Value::Json(_))
}

/// What a member of `IDictionary` does: the one thing for a `JObject`, the other for a dictionary.
pub(super) fn either(
    call: &mut Call<'_, '_>,
    of_object: fn(&mut Call<'_, '_>) -> Outcome<Value>,
    of_map: fn(&mut Call<'_, '_>) -> Outcome<Value>,
) -> Outcome<Value> {
    if is_object(call) { of_object(call) } else { of_map(call) }
}

/// `IDictionary.Keys`
pub(super) fn keys(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let view = View { source: call.value(0).clone(), part: Part::Keys };
    call.object(Ty::Generic(Class::KeyCollection, [call.ty(0), call.ty(1)].into()), view)
}

/// `IDictionary.Values`, which Json.NET has never written.
pub(super) fn values(_call: &mut Call<'_, '_>) -> Outcome<Value> {
    Err(throw("System.NotImplementedException", "The method or operation is not implemented."))
}

/// The names of a `JObject`.
pub(super) fn names(source: &Value) -> Option<Vec<Value>> {
    let Value::Json(token) = source else { return None };
    Some(token.children().into_iter().filter_map(|property| property.name()).map(Value::String).collect())
}

/// Whether a `JObject` has this key.
pub(super) fn has_name(source: &Value, key: &Value) -> Outcome<Option<bool>> {
    let Value::Json(token) = source else { return Ok(None) };
    match key {
        Value::String(name) => Ok(Some(token.property_named(name).is_some())),
        _ => Err(argument_null("key")),
    }
}

/// A member of `JObject` by the key and the value of the pair among the arguments.
pub(super) fn add(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let (key, value) = super::interfaces::pair_of(call)?;
    let arguments = [call.value(0).clone(), key, value];
    json::add_property(&mut Call { arguments: &arguments, types: call.types, machine: call.machine })
}

/// Whether the object holds this very token under this name.
pub(super) fn has(call: &mut Call<'_, '_>) -> Outcome<Value> {
    Ok(Value::Bool(found(call)?.is_some()))
}

/// Takes such a property away.
pub(super) fn remove(call: &mut Call<'_, '_>) -> Outcome<Value> {
    Ok(Value::Bool(found(call)?.is_some_and(|property| property.remove().is_ok())))
}

/// `TryAdd`, an extension that asks first.
pub(super) fn try_add(call: &mut Call<'_, '_>) -> Outcome<Value> {
    if json::has_property(call)? == Value::Bool(true) {
        return Ok(Value::Bool(false));
    }
    json::add_property(call)?;
    Ok(Value::Bool(true))
}

/// `Remove` with what was there, an extension.
pub(super) fn take(call: &mut Call<'_, '_>) -> Outcome<Value> {
    if json::try_property(call)? == Value::Bool(true) {
        return json::remove_property(call);
    }
    Ok(Value::Bool(false))
}

/// `CopyTo` of an object as pairs.
pub(super) fn copy_to(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let pairs = json_pairs(call.value(0).clone());
    let pairs = call.machine.collect(&pairs)?;
    json::copy_items(call, pairs)
}

fn found(call: &Call<'_, '_>) -> Outcome<Option<JToken>> {
    let Value::Json(object) = call.value(0) else { return Ok(None) };
    instance::state(call.value(1), |pair: &mut Pair| {
        let (Value::String(name), Value::Json(wanted)) = (&pair.key, &pair.value) else { return None };
        let property = object.property_named(name)?;
        property.property_value().is_some_and(|value| value.is_same(wanted)).then_some(property)
    })
}
