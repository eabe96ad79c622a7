//! A `JObject` as the dictionary that it is behind .NET's interfaces: `IDictionary<string, JToken>` and its kin; and what is a sequence
//! of pairs besides one of something else. As long as an object is one of tokens, and under its own name, it is Json.NET's
//! neighbourhood.

use super::super::{Call, json, regex};
use super::views::{Found, Part, View};
use crate::expr::exception::{Outcome, argument_null, broken, throw};
use crate::expr::identity::is_same;
use crate::expr::instance::{self, Instance, Pair, State};
use crate::expr::ty::{Class, Ty};
use crate::value::{JToken, Value};

/// A `JObject`, or the groups of a match, enumerated as pairs. Its type is that of what is behind it, which is what it is to everyone
/// else.
#[derive(Debug)]
struct Pairs(Value);

impl State for Pairs {
    fn text(&self, _ty: &Ty) -> String {
        self.0.to_string()
    }

    fn equals(&self, other: &Self) -> bool {
        is_same(&self.0, &other.0)
    }

    fn children(&self) -> Vec<Value> {
        vec![self.0.clone()]
    }

    fn items(&self) -> Option<Vec<Value>> {
        let Value::Json(token) = &self.0 else { return regex::named_groups(&self.0) };
        let properties = token.children().into_iter();
        let named = properties.filter_map(|property| Some((property.name()?, property.property_value()?)));
        let ty = item();
        Some(named.map(|(name, content)| super::pair(&ty, Value::String(name), Value::Json(content))).collect())
    }
}

// `KeyValuePair<string, JToken>`
fn item() -> Ty {
    super::pair_type(Ty::String, Ty::Class(Class::JToken))
}

/// A `JObject` or the groups of a match as a sequence of pairs; anything else as it is.
pub(crate) fn as_pairs(value: Value) -> Value {
    let ty = match &value {
        Value::Json(_) => Class::JObject,
        Value::Object(object) if instance::type_of(object) == Some(&Ty::Class(Class::GroupCollection)) => {
            Class::GroupCollection
        }
        _ => return value,
    };
    match behind_pairs(&value) {
        Some(_) => value,
        None => Value::Object(Instance::object(Ty::Class(ty), Pairs(value))),
    }
}

/// What is behind a sequence of pairs that is more than that.
pub(crate) fn behind_pairs(value: &Value) -> Option<Value> {
    instance::look(value, |pairs: &mut Pairs| pairs.0.clone())
}

/// The `JObject` behind a sequence of pairs.
pub(crate) fn pairs_of(value: &Value) -> Option<JToken> {
    match behind_pairs(value)? {
        Value::Json(token) => Some(token),
        _ => None,
    }
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

/// A value in the form in which one of this type enumerates it.
pub(crate) fn as_seen(value: Value, ty: &Ty) -> Value {
    let is_sequence = matches!(ty, Ty::Generic(Class::IEnumerable, items)
        if matches!(items.first(), Some(Ty::Generic(Class::KeyValuePair, _))));
    match behind_pairs(&value) {
        Some(whole) if !is_sequence => whole,
        Some(_) => value,
        None if is_sequence => as_pairs(value),
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
    let pairs = as_pairs(call.value(0).clone());
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
