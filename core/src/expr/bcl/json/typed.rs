//! JSON as values of .NET types: `ToObject<T>` and `DeserializeObject<T>`, also into collections. How single values are read for it
//! is in `read_as`, the operators of `JToken` in `cast`, and what is said of a token that does not fit in `unfit`.

use std::sync::Arc;

use super::super::collections::line::{End, line_of};
use super::super::collections::map::Map;
use super::super::{Call, collections, enum_members, uri};
use super::cast::{cast, converted, copy_as, now};
use super::unfit::{LIST, MAP, incompatible, no_array, no_key, no_object, no_token, not_converted, wanted};
use super::{Content, deserialized, ended, read_as, serialization};
use crate::expr::Interrupt;
use crate::expr::exception::{Outcome, argument, throw};
use crate::expr::limits::{Limit, RESULT_DEPTH_MAX};
use crate::expr::ty::{Class, ClassKind, Ty};
use crate::value::json::{Ends, JKind, Shape};
use crate::value::{JToken, NameCase, Value};

/// What the token is as this type: the operators of `JToken` for simple types, the serializer for all others.
pub(super) fn to_object(call: &mut Call<'_, '_>, token: &JToken, ty: &Ty) -> Outcome<Value> {
    let inner = if let Ty::Nullable(inner) = ty { inner } else { ty };
    match inner {
        Ty::Class(class) if class.kind() == ClassKind::Enum => member_of(call, token, ty, inner),
        Ty::Object => content(call, token, ty, 0),
        Ty::Class(Class::DateTime | Class::DateTimeOffset | Class::Guid | Class::TimeSpan | Class::Uri) => {
            cast(now(call), &Value::Json(token.clone()), ty)
        }
        Ty::Class(_) | Ty::Generic(..) | Ty::Array(_) => content(call, token, ty, 0),
        _ => cast(now(call), &Value::Json(token.clone()), ty),
    }
}

/// `JsonConvert.DeserializeObject<T>`
pub(super) fn deserialize(call: &mut Call<'_, '_>, text: &str, ty: &Ty) -> Outcome<Value> {
    let ends = match ty {
        Ty::Object => Ends::LooseInObject,
        ty if is_token(ty) => Ends::Loose,
        _ => Ends::Strict,
    };
    let read = deserialized(call, text, &read_as::shape(ty), ends);
    let read = match read.map_err(|error| unwanted(call, text, ty).unwrap_or(error))? {
        Content::Read(read) => read,
        Content::Nothing(_) if ty.holds_null() => return Ok(Value::Null),
        Content::Nothing(place) => {
            let name = ty.full_name();
            return Err(serialization(&format!("No JSON content found and type '{name}' is not nullable. {place}")));
        }
    };
    if is_token(ty) && !ty.admits(&Value::Json(read.token.clone())) && read.token.kind() != JKind::Null {
        let (line, position) = (read.end.line, read.end.position);
        return Err(serialization(&format!(
            "{} Path '', line {line}, position {position}.",
            incompatible(&read.token, ty)
        )));
    }
    let value = content(call, &read.token, ty, 0)?;
    ended(&read)?;
    Ok(value)
}

// What is wrong further on is not seen when the beginning is not what the type wants: a container of another sort.
fn unwanted(call: &mut Call<'_, '_>, text: &str, ty: &Ty) -> Option<Interrupt> {
    let is_read_whole = is_token(ty) || *ty == Ty::Object || read_as::of(ty).is_some();
    let is_node = matches!(ty, Ty::Class(class) if class.derives_from(Class::XObject));
    if is_read_whole || is_node {
        return None;
    }
    let wants = wanted(ty);
    let at = text.find(|c: char| !c.is_whitespace())?;
    let whole = match text.get(at..at + 1)? {
        "[" if wants != LIST => format!("{}]", text.get(..=at)?),
        // An object is refused at the first name in it.
        "{" if wants != MAP => format!("{}1}}", text.get(..=text.find(':')?)?),
        _ => return None,
    };
    let Ok(Content::Read(read)) = deserialized(call, &whole, &Shape::Any, Ends::Strict) else { return None };
    match read.token.kind() {
        JKind::Array => Some(no_array(&read.token, ty)),
        JKind::Object => Some(no_object(&read.token, ty)),
        _ => None,
    }
}

fn is_token(ty: &Ty) -> bool {
    matches!(ty, Ty::Class(class) if class.derives_from(Class::JToken))
}

/// What the serializer makes of the token.
fn content(call: &mut Call<'_, '_>, token: &JToken, ty: &Ty, depth: usize) -> Outcome<Value> {
    if depth > RESULT_DEPTH_MAX {
        return Err(Interrupt::LimitExceeded(Limit::JsonReadDepth));
    }
    call.machine.step()?;
    if let Some(wanted) = read_as::of(ty) {
        let value = read_as::read(call, token, wanted)?;
        return fitted(call, token, JKind::String, &value, ty);
    }
    match ty {
        Ty::Int64 if token.kind() == JKind::Undefined => Err(read_as::undefined(token)),
        Ty::Object => match token.held() {
            Some(_) if token.kind() == JKind::Comment => Ok(Value::Null),
            Some(held) => Ok(held),
            None => copy_as(call, token, ty),
        },
        Ty::Class(class) if class.derives_from(Class::JToken) => token_as(call, token, ty),
        Ty::Class(class) if class.derives_from(Class::XObject) => super::super::xml::from_json(call, token, *class),
        ty => made(call, token, ty, depth),
    }
}

fn token_as(call: &mut Call<'_, '_>, token: &JToken, ty: &Ty) -> Outcome<Value> {
    let takes_null = matches!(ty, Ty::Class(Class::JToken | Class::JValue));
    match token.kind() {
        JKind::Null if !takes_null => Ok(Value::Null),
        JKind::Comment => Ok(Value::Null),
        _ if ty.admits(&Value::Json(token.clone())) => copy_as(call, token, ty),
        _ => Err(super::unread(&incompatible(token, ty), token)),
    }
}

fn made(call: &mut Call<'_, '_>, token: &JToken, ty: &Ty, depth: usize) -> Outcome<Value> {
    match (token.kind(), token.held()) {
        (JKind::Object, _) => object(call, token, ty, depth),
        (JKind::Array, _) => array(call, token, ty, depth),
        (JKind::Constructor, _) => {
            let name = token.name().unwrap_or_default();
            fitted(call, token, JKind::String, &Value::String(name), ty)
        }
        (JKind::Comment, _) if ty.holds_null() => Ok(Value::Null),
        (JKind::String, Some(Value::String(text))) if text.is_empty() && ty.holds_null() => Ok(Value::Null),
        (kind, Some(held)) => fitted(call, token, kind, &held, ty),
        (_, None) => Err(no_token(token)),
    }
}

/// The value as this type; what cannot be converted is refused together with its place.
fn fitted(call: &mut Call<'_, '_>, token: &JToken, kind: JKind, held: &Value, ty: &Ty) -> Outcome<Value> {
    if held.is_null() {
        return if ty.holds_null() { Ok(Value::Null) } else { Err(not_converted(token, held, ty)) };
    }
    let inner = if let Ty::Nullable(inner) = ty { inner } else { ty };
    let value = match (inner, held) {
        (Ty::Class(class), held) if class.kind() == ClassKind::Enum => member(kind, held, inner),
        (Ty::Class(Class::DateTime), Value::String(text)) => {
            read_as::date_time(call, text).ok_or_else(|| not_converted(token, held, ty))
        }
        (Ty::Class(Class::Uri), Value::String(text)) => uri::made(uri::of_kind(text, 0)),
        (inner, held) => converted(now(call), kind, held, inner),
    };
    value.map_err(|error| match error {
        Interrupt::Exception(_) => not_converted(token, held, ty),
        other => other,
    })
}

// `Enum.ToObject` takes the lowest 32 bits of any number.
#[expect(clippy::cast_possible_truncation, reason = "the bits are what .NET takes")]
fn member(kind: JKind, held: &Value, ty: &Ty) -> Outcome<Value> {
    let unknown = || argument(NO_NUMBER, "value");
    let of = enum_members::enumeration_of(ty).ok_or_else(unknown)?;
    let number = match held {
        Value::String(text) if kind != JKind::Integer => {
            return enum_members::read(of, text, NameCase::Ignored).map(Value::Enum);
        }
        Value::Int64(number) => *number as i32,
        Value::Int32(number) => *number,
        Value::Double(number) => number.to_bits() as i32,
        Value::Bool(is_true) => i32::from(*is_true),
        _ => return Err(unknown()),
    };
    Ok(Value::Enum(of.value(number)))
}

const NO_NUMBER: &str = "The value passed in must be an enum base or an underlying type for an enum, such as an Int32.";

// A member of an enumeration by `ToObject`: its name, its number, or whatever the operator takes for `int`.
fn member_of(call: &Call<'_, '_>, token: &JToken, ty: &Ty, of: &Ty) -> Outcome<Value> {
    match (token.kind(), token.held()) {
        (JKind::String, Some(Value::String(text))) => member(JKind::String, &Value::String(Arc::clone(&text)), of)
            .map_err(|_| {
                let name = of.full_name();
                let name = name.rsplit('.').next().unwrap_or("");
                throw("System.ArgumentException", format!("Could not convert '{text}' to {name}."))
            }),
        (JKind::Integer, Some(held)) => member(JKind::Integer, &held, of),
        (JKind::Null | JKind::Undefined, _) if ty.holds_null() => Ok(Value::Null),
        _ => member(JKind::Integer, &cast(now(call), &Value::Json(token.clone()), &Ty::Int32)?, of),
    }
}

fn items(call: &mut Call<'_, '_>, token: &JToken, item: &Ty, depth: usize) -> Outcome<Vec<Value>> {
    let values =
        token.children().iter().map(|child| content(call, child, item, depth + 1)).collect::<Outcome<Vec<Value>>>()?;
    call.machine.charge(values.len() * size_of::<Value>())?;
    Ok(values)
}

fn array(call: &mut Call<'_, '_>, token: &JToken, ty: &Ty, depth: usize) -> Outcome<Value> {
    let (class, types) = match ty {
        Ty::Array(item) => {
            let values = items(call, token, item, depth)?;
            return call.machine.array_of((**item).clone(), values);
        }
        Ty::Generic(class, types) => (*class, types),
        _ => return Err(no_array(token, ty)),
    };
    match (class, &**types) {
        (
            Class::List
            | Class::IList
            | Class::ICollection
            | Class::IEnumerable
            | Class::IReadOnlyList
            | Class::IReadOnlyCollection,
            [item],
        ) => {
            let values = items(call, token, item, depth)?;
            collections::list_of(call, item.clone(), values)
        }
        (Class::Queue | Class::Stack, [item]) => {
            let values = items(call, token, item, depth)?;
            let end = if class == Class::Queue { End::Front } else { End::Back };
            line_of(call, item.clone(), end, values, 0)
        }
        (Class::HashSet | Class::ISet, [item]) => {
            let ty = Ty::Generic(Class::HashSet, Arc::clone(types));
            let mut map = Map::new(ty.clone(), &Value::Null);
            for value in items(call, token, item, depth)? {
                map.insert(value, Value::Null, false);
            }
            call.object(ty, map)
        }
        _ => Err(no_array(token, ty)),
    }
}

fn object(call: &mut Call<'_, '_>, token: &JToken, ty: &Ty, depth: usize) -> Outcome<Value> {
    let Ty::Generic(class, types) = ty else { return Err(no_object(token, ty)) };
    match (class, &**types) {
        (Class::Dictionary | Class::IDictionary | Class::ReadOnlyDictionary, [key, value]) => {
            let ty = Ty::Generic(Class::Dictionary, Arc::clone(types));
            let mut map = Map::new(ty.clone(), &Value::Null);
            for property in token.children() {
                let (Some(name), Some(held)) = (property.name(), property.property_value()) else { continue };
                let name = key_of(call, &property, &Value::String(name), key)?;
                let held = content(call, &held, value, depth + 1)?;
                map.insert(name, held, true);
            }
            call.machine.charge(map.len() * 2 * size_of::<Value>())?;
            call.object(ty, map)
        }
        (Class::KeyValuePair, [key, value]) => {
            let mut part = |name: &str, ty: &Ty| match token.member(name) {
                Some(part) => content(call, &part, ty, depth + 1),
                None => Ok(ty.default_value().unwrap_or(Value::Null)),
            };
            let (first, second) = (part("Key", key)?, part("Value", value)?);
            Ok(collections::pair(ty, first, second))
        }
        _ => Err(no_object(token, ty)),
    }
}

fn key_of(call: &mut Call<'_, '_>, property: &JToken, name: &Value, ty: &Ty) -> Outcome<Value> {
    fitted(call, property, JKind::String, name, ty).map_err(|error| match error {
        Interrupt::Exception(_) => no_key(property, name, ty),
        other => other,
    })
}
