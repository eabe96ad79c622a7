//! JSON that is made and changed: constructors, adding, removing, replacing, merging.

use std::sync::Arc;

use super::super::{Call, Row, row};
use super::cast::{content_of, undetermined};
use super::{Doing, bad_key, keep, list, or_null, refused, token, token_at};
use crate::expr::Interrupt;
use crate::expr::exception::{
    Outcome, argument, argument_null, invalid_operation, null_reference, out_of_range, throw,
};
use crate::expr::instance::{self, Items};
use crate::value::json::{ChangeError, JKind, JNode};
use crate::value::{JToken, Value};

pub(super) const ROWS: &[Row] = &[
    row("JObject", "new JObject()", |call| made(call, JToken::object())),
    row("JObject", "new JObject(JObject other)", copied),
    row("JObject", "new JObject(params object[] content)", |call| filled(call, JToken::object())),
    row("JArray", "new JArray()", |call| made(call, JToken::array())),
    row("JArray", "new JArray(JArray other)", copied),
    row("JArray", "new JArray(params object[] content)", |call| filled(call, JToken::array())),
    row("JProperty", "new JProperty(JProperty other)", copied),
    row("JProperty", "new JProperty(string name, object content)", property),
    row("JProperty", "new JProperty(string name, params object[] content)", property),
    row("JConstructor", "new JConstructor()", |call| {
        made(call, JToken::new(JNode::Constructor("".into(), Vec::new())))
    }),
    row("JConstructor", "new JConstructor(JConstructor other)", copied),
    row("JConstructor", "set string Name", |call| {
        let name = call.text_or_null(1)?.map_or_else(|| Arc::from(""), Arc::clone);
        token(call)?.set_name(name);
        Ok(Value::Null)
    }),
    row("JConstructor", "new JConstructor(string name, params object[] content)", |call| {
        let name = Arc::clone(call.text(0, "name")?);
        if name.is_empty() {
            return Err(argument("Constructor name cannot be empty.", "name"));
        }
        let token = JToken::new(JNode::Constructor(name, Vec::new()));
        add_all(call, &token, 1, usize::MAX)?;
        made(call, token)
    }),
    row("JValue", "new JValue(JValue other)", copied_value),
    row("JValue", "new JValue(bool value)", single),
    row("JValue", "new JValue(long value)", single),
    row("JValue", "new JValue(ulong value)", single),
    row("JValue", "new JValue(decimal value)", single),
    row("JValue", "new JValue(float value)", single),
    row("JValue", "new JValue(double value)", single),
    row("JValue", "new JValue(string value)", |call| {
        let value = call.value(0).clone();
        made(call, JToken::value(JKind::String, value))
    }),
    // Only here does Json.NET take a character.
    row("JValue", "new JValue(char value)", |call| {
        let value = call.value(0).clone();
        made(call, JToken::value(JKind::String, value))
    }),
    row("JValue", "new JValue(object value)", |call| match call.value(0) {
        Value::Json(token) => Err(undetermined(token.type_name())),
        _ => single(call),
    }),
    row("JValue", "static JValue CreateNull()", |_| Ok(Value::Json(JToken::null()))),
    row("JValue", "static JValue CreateUndefined()", |_| Ok(Value::Json(JToken::value(JKind::Undefined, Value::Null)))),
    row("JValue", "static JValue CreateString(string value)", |call| {
        Ok(Value::Json(JToken::value(JKind::String, call.value(0).clone())))
    }),
    row("JRaw", "new JRaw(JRaw other)", |call| {
        if call.value(0).is_null() {
            return Err(null_reference());
        }
        let copy = token(call)?.deep_clone();
        made(call, copy)
    }),
    row("JRaw", "new JRaw(object rawJson)", |call| Ok(Value::Json(JToken::raw(call.value(0).clone())))),
    row("JObject", "void Add(string propertyName, JToken value)", add_property),
    row("JContainer", "void Add(object content)", |call| {
        let container = token(call)?;
        add_all(call, &container, 1, usize::MAX)?;
        Ok(Value::Null)
    }),
    row("JContainer", "void AddFirst(object content)", |call| {
        let container = token(call)?;
        add_all(call, &container, 1, 0)?;
        Ok(Value::Null)
    }),
    row("JContainer", "void RemoveAll()", list::clear),
    row("JContainer", "void ReplaceAll(object content)", |call| {
        let container = token(call)?;
        if container.kind() == JKind::Property {
            return Err(refused(call, ChangeError::OfProperty, &container));
        }
        container.clear();
        add_all(call, &container, 1, usize::MAX)?;
        Ok(Value::Null)
    }),
    row("JObject", "bool Remove(string propertyName)", remove_property),
    row("JObject", "set JToken this[string propertyName]", set_member),
    row("JArray", "set JToken this[int index]", set_index),
    row("JToken", "set JToken this[object key]", set_index),
    row("JProperty", "set JToken Value", set_property_value),
    row("JToken", "void Remove()", |call| {
        let token = token(call)?;
        token.remove().map_err(|error| refused(call, error, &token))?;
        Ok(Value::Null)
    }),
    row("JToken", "void Replace(JToken value)", |call| {
        let token = token(call)?;
        let (Some(parent), Some(at)) = (token.parent(), token.position()) else {
            return Err(invalid_operation("The parent is missing."));
        };
        let value = content_of(call.value(1))?;
        parent.set_child(at, &value).map_err(|error| refused(call, error, &parent))?;
        Ok(Value::Null)
    }),
    row("JToken", "void AddAfterSelf(object content)", |call| beside(call, 1)),
    row("JToken", "void AddBeforeSelf(object content)", |call| beside(call, 0)),
    row("JToken", "JToken DeepClone()", |call| {
        let copy = token(call)?.deep_clone();
        made(call, copy)
    }),
    row("JToken", "static bool DeepEquals(JToken t1, JToken t2)", |call| {
        Ok(Value::Bool(call.value(0) == call.value(1)))
    }),
    row("JContainer", "void Merge(object content)", |call| {
        let (target, content) = (token(call)?, call.value(1));
        let content = match content {
            Value::Null => return Ok(Value::Null),
            Value::Json(token) => token.clone(),
            // A sequence is merged into lists as an array of its items would be.
            other => {
                let Some(items) = super::serialize::items_of(call, other)? else {
                    let message = format!("Could not determine JSON object type for type {}.", other.type_name());
                    return Err(argument(&message, "content"));
                };
                let array = JToken::array();
                for item in items.iter().filter(|_| target.kind() == JKind::Array) {
                    array.add(&content_of(item)?).map_err(|error| refused(call, error, &array))?;
                }
                array
            }
        };
        keep(call, &content)?;
        merge(call, &target, &content)?;
        Ok(Value::Null)
    }),
];

/// A new token, counted and kept.
fn made(call: &mut Call<'_, '_>, token: JToken) -> Outcome<Value> {
    keep(call, &token)?;
    Ok(Value::Json(token))
}

fn copied(call: &mut Call<'_, '_>) -> Outcome<Value> {
    if call.value(0).is_null() {
        return Err(argument_null("other"));
    }
    let copy = token(call)?.deep_clone();
    made(call, copy)
}

fn copied_value(call: &mut Call<'_, '_>) -> Outcome<Value> {
    if call.value(0).is_null() {
        return Err(null_reference());
    }
    // Without annotations and without a place, unlike all other copies; and never a `JRaw`.
    let other = token(call)?;
    let copy = JToken::value(other.kind(), other.reference().unwrap_or(Value::Null));
    made(call, copy)
}

fn single(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let token = content_of(call.value(0))?;
    made(call, token)
}

fn filled(call: &mut Call<'_, '_>, container: JToken) -> Outcome<Value> {
    add_all(call, &container, 0, usize::MAX)?;
    made(call, container)
}

// The content of one argument, or of several, that follow each other; a sequence is taken apart, and so is one in it.
fn contents(call: &mut Call<'_, '_>, from: usize) -> Outcome<Vec<Value>> {
    let mut found = Vec::new();
    let mut open: Vec<Value> = call.arguments.get(from..).unwrap_or(&[]).iter().rev().cloned().collect();
    while let Some(value) = open.pop() {
        call.machine.step()?;
        match super::serialize::items_of(call, &value)? {
            Some(items) => open.extend(items.into_iter().rev()),
            None => found.push(value),
        }
    }
    Ok(found)
}

pub(super) fn add_all(call: &mut Call<'_, '_>, container: &JToken, from: usize, at: usize) -> Outcome<()> {
    // One after the other, as .NET does: what is wrong with the first is said before the second is looked at.
    for (offset, value) in contents(call, from)?.into_iter().enumerate() {
        let child = content_of(&value)?;
        call.machine.step()?;
        keep(call, &child)?;
        if container.kind() == JKind::Property {
            return Err(not_several());
        }
        let at = at.saturating_add(offset);
        container.insert(at, &child).map_err(|error| refused(call, error, container))?;
    }
    Ok(())
}

fn property(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let name = Arc::clone(call.text(0, "name")?);
    let is_single = call.arguments.len() == 2 && super::serialize::items_of(call, call.value(1))?.is_none();
    let value = if is_single {
        content_of(call.value(1))?
    } else {
        let array = JToken::array();
        add_all(call, &array, 1, usize::MAX)?;
        array
    };
    let property = JToken::property(name, &value).map_err(|error| refused(call, error, &value))?;
    made(call, property)
}

fn not_several() -> Interrupt {
    throw("Newtonsoft.Json.JsonException", "Newtonsoft.Json.Linq.JProperty cannot have multiple values.")
}

fn beside(call: &mut Call<'_, '_>, offset: usize) -> Outcome<Value> {
    let token = token(call)?;
    let (Some(parent), Some(at)) = (token.parent(), token.position()) else {
        return Err(invalid_operation("The parent is missing."));
    };
    if parent.property_value().is_some() {
        let first = instance::look(call.value(1), |items: &mut Items| items.values.first().cloned());
        // What is to stand there is made before there is found to be no room.
        return match first.unwrap_or_else(|| Some(call.value(1).clone())) {
            Some(content) => content_of(&content).and(Err(not_several())),
            None => Ok(Value::Null),
        };
    }
    add_all(call, &parent, 1, at + offset)?;
    Ok(Value::Null)
}

// `MergeArrayHandling.Concat`: objects are merged member by member, arrays are joined, everything else is replaced.
fn merge(call: &mut Call<'_, '_>, target: &JToken, content: &JToken) -> Outcome<()> {
    call.machine.step()?;
    let (target_kind, content_kind) = (target.kind(), content.kind());
    match (target_kind, content_kind) {
        (JKind::Object, JKind::Object) => {
            for property in content.children() {
                let (Some(name), Some(value)) = (property.name(), property.property_value()) else { continue };
                merge_member(call, target, &name, &value)?;
            }
        }
        (JKind::Property, JKind::Property) => {
            let value = content.property_value().filter(|value| value.kind() != JKind::Null);
            if let Some(value) = value {
                target.set_child(0, &value.deep_clone()).map_err(|error| refused(call, error, target))?;
            }
        }
        (JKind::Array, JKind::Array) | (JKind::Constructor, JKind::Constructor) => {
            if let Some(name) = content.name() {
                target.set_name(name);
            }
            for item in content.children() {
                target.add(&item.deep_clone()).map_err(|error| refused(call, error, target))?;
            }
        }
        _ => {}
    }
    Ok(())
}

fn merge_member(call: &mut Call<'_, '_>, target: &JToken, name: &Arc<str>, value: &JToken) -> Outcome<()> {
    let old = target.member(name);
    match old {
        Some(old)
            if old.kind() == value.kind()
                && matches!(old.kind(), JKind::Object | JKind::Array | JKind::Constructor) =>
        {
            merge(call, &old, value)
        }
        Some(_) if value.kind() == JKind::Null => Ok(()),
        Some(_) | None => target.set_member(name, &value.deep_clone()).map_err(|error| refused(call, error, target)),
    }
}

/// `token[key] = value`
fn set_index(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let token = token(call)?;
    let value = content_of(call.value(2))?;
    keep(call, &value)?;
    let changed = match call.value(1) {
        Value::String(name) if token.kind() == JKind::Object => token.set_member(name, &value),
        Value::Int32(at) if matches!(token.kind(), JKind::Array | JKind::Constructor) => {
            let at = usize::try_from(*at).map_err(|_| out_of_range("Index is less than 0.", "index"))?;
            if at >= token.count() {
                return Err(out_of_range("Index is equal to or greater than Count.", "index"));
            }
            token.set_child(at, &value)
        }
        key => return Err(bad_key(Doing::Set, &token, key)),
    };
    changed.map_err(|error| refused(call, error, &token))?;
    Ok(Value::Null)
}

/// `object.Add(name, value)`
pub(in crate::expr::bcl) fn add_property(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let value = if call.value(2).is_null() { JToken::null() } else { token_at(call, 2)? };
    let (object, name) = (token(call)?, Arc::clone(call.text(1, "name")?));
    let property = JToken::property(name, &value).map_err(|error| refused(call, error, &object))?;
    keep(call, &property)?;
    object.add(&property).map_err(|error| refused(call, error, &object))?;
    Ok(Value::Null)
}

/// `object.Remove(name)`
pub(in crate::expr::bcl) fn remove_property(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let Some(name) = call.text_or_null(1)? else { return Ok(Value::Bool(false)) };
    let property = token(call)?.property_named(name);
    Ok(Value::Bool(property.is_some_and(|property| property.remove().is_ok())))
}

/// `object[name] = value`
pub(in crate::expr::bcl) fn set_member(call: &mut Call<'_, '_>) -> Outcome<Value> {
    call.text(1, "name")?;
    set_index(call)
}

/// `property.Value = value`
fn set_property_value(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let property = token(call)?;
    let value = content_of(call.value(1))?;
    keep(call, &value)?;
    property.set_child(0, &value).map_err(|error| refused(call, error, &property))?;
    Ok(or_null(None))
}
