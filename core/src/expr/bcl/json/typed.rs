//! JSON as values of .NET types: `ToObject<T>` and `DeserializeObject<T>`, also into collections. How single values are read for it
//! is in `read_as`, the operators of `JToken` in `cast`, and what is said of a token that does not fit in `unfit`.

use std::sync::Arc;

use super::super::collections::line::{End, line_of};
use super::super::collections::map::Map;
use super::super::{Call, collections, enum_members, uri};
use super::cast::{cast, converted, copy_as, now};
use super::unfit::{LIST, MAP, incompatible, no_array, no_key, no_object, no_token, not_converted, wanted};
use super::{Content, additional, deserialized, ended, read_as, serialization};
use crate::expr::Interrupt;
use crate::expr::exception::{Outcome, argument, throw};
use crate::expr::instance::Record;
use crate::expr::limits::{Limit, RESULT_DEPTH_MAX};
use crate::expr::ty::{Class, ClassKind, RecordKind, Ty};
use crate::value::json::{Ends, JFormatting, JKind, Shape};
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
        inner if is_pair(inner) && token.is_value() && token.kind() != JKind::Null => {
            // What reads pairs has gone beyond the token when it finds out.
            Err(serialization("Unexpected end when reading JSON. Path ''."))
        }
        Ty::Class(_) | Ty::Generic(..) | Ty::Array(_) | Ty::Grid(..) | Ty::Record(..) => content(call, token, ty, 0),
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
    if *ty == Ty::Class(Class::JRaw) {
        ended(&read)?;
        return Ok(raw(&read.token, read.open));
    }
    if is_token(ty) && !ty.admits(&Value::Json(read.token.clone())) && read.token.kind() != JKind::Null {
        let (path, line, position) = (&read.path, read.end.line, read.end.position);
        return Err(serialization(&format!(
            "{} Path '{path}', line {line}, position {position}.",
            incompatible(&read.token, ty)
        )));
    }
    if is_pair(ty) && read.token.is_value() && read.token.kind() != JKind::Null {
        return Err(super::unread("Unexpected end when reading JSON.", &read.token));
    }
    // Where a name is there twice, the place of the first one counts.
    if let (JKind::Object, Some(error)) = (read.token.kind(), unwanted(call, text, ty)) {
        return Err(error);
    }
    let value = content(call, &read.token, ty, 0)?;
    if read.token.kind() == JKind::Constructor && !is_token(ty) {
        return Err(additional(&read));
    }
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

const fn is_pair(ty: &Ty) -> bool {
    matches!(ty, Ty::Generic(Class::KeyValuePair, _))
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
        call.machine.share_bytes(&Value::Json(token.clone()))?;
        let value = read_as::read(call, token, wanted)?;
        return fitted(call, token, JKind::String, &value, ty);
    }
    match ty {
        Ty::Int64 if token.kind() == JKind::Undefined => Err(read_as::undefined(token)),
        Ty::Object => match shared(call, token)? {
            Some(_) if token.kind() == JKind::Comment => Ok(Value::Null),
            Some(held) => Ok(held),
            None => copy_as(call, token, ty),
        },
        Ty::Class(class) if class.derives_from(Class::JToken) => token_as(call, token, ty),
        Ty::Class(class) if class.derives_from(Class::XObject) => super::super::xml::from_json(call, token, *class),
        ty => made(call, token, ty, depth),
    }
}

// What it holds, bytes as the array that may change.
fn shared(call: &mut Call<'_, '_>, token: &JToken) -> Outcome<Option<Value>> {
    call.machine.share_bytes(&Value::Json(token.clone()))?;
    Ok(token.reference())
}

// A token as its text, without the ends of so many containers in which the text ended that it was read from.
fn raw(token: &JToken, open: usize) -> Value {
    let text = token.to_json(JFormatting::None);
    Value::Json(JToken::raw(Value::string(text.get(..text.len().saturating_sub(open)).unwrap_or(""))))
}

fn token_as(call: &mut Call<'_, '_>, token: &JToken, ty: &Ty) -> Outcome<Value> {
    if *ty == Ty::Class(Class::JRaw) {
        return Ok(raw(token, 0));
    }
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
    if held.is_null() && is_pair(ty) {
        return Err(super::unread("Cannot convert null value to KeyValuePair.", token));
    }
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
        Ty::Grid(item, dimensions) => return grid(call, token, item, usize::from(*dimensions), depth),
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
        (Class::KeyValuePair, [key, value]) if token.count() == 0 => {
            let blank = |ty: &Ty| ty.default_value().unwrap_or(Value::Null);
            Ok(collections::pair(ty, blank(key), blank(value)))
        }
        _ => Err(no_array(token, ty)),
    }
}

// An array of several dimensions, from arrays of arrays. How long each of them must be, the first ones say.
fn grid(call: &mut Call<'_, '_>, token: &JToken, item: &Ty, dimensions: usize, depth: usize) -> Outcome<Value> {
    let firsts = std::iter::successors(Some(token.clone()), |token| token.child_at(0)).map(Some);
    let firsts = firsts.chain(std::iter::repeat(None)).take(dimensions);
    let lengths: Vec<usize> = firsts.map(|first| first.map_or(0, |first| first.count())).collect();
    let (mut values, mut rows, mut is_even) = (Vec::new(), vec![token.clone()], true);
    for (level, length) in lengths.iter().enumerate() {
        let mut inner = Vec::new();
        for row in rows {
            if row.kind() != JKind::Array {
                let kind = read_as::mark(row.kind());
                return Err(super::unread(
                    &format!("Unexpected token when deserializing multidimensional array: {kind}."),
                    &row,
                ));
            }
            is_even &= row.count() == *length;
            inner.extend(row.children());
        }
        rows = inner;
        if level + 1 == dimensions {
            values = rows.iter().map(|value| content(call, value, item, depth + 1)).collect::<Outcome<Vec<Value>>>()?;
            break;
        }
    }
    if !is_even {
        let message = "Cannot deserialize non-cubical array as multidimensional array.";
        return Err(throw("System.Exception", message));
    }
    call.machine.charge(values.len() * size_of::<Value>())?;
    call.machine.grid_of(item, lengths, values)
}

fn object(call: &mut Call<'_, '_>, token: &JToken, ty: &Ty, depth: usize) -> Outcome<Value> {
    if let Ty::Record(RecordKind::Tuple, members) = ty {
        let types: Vec<Ty> = members.iter().map(|(_, ty)| ty.clone()).collect();
        return tuple(call, token, ty, &types, depth);
    }
    let Ty::Generic(class, types) = ty else { return Err(no_object(token, ty)) };
    match (class, &**types) {
        (Class::Tuple, types) => tuple(call, token, ty, types, depth),
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

// From its items by their names, whatever their case; those that are missing are defaults.
fn tuple(call: &mut Call<'_, '_>, token: &JToken, ty: &Ty, types: &[Ty], depth: usize) -> Outcome<Value> {
    let properties = token.children();
    let mut values = Vec::with_capacity(types.len());
    for (at, ty) in types.iter().enumerate() {
        let wanted = if at == 7 { "Rest".to_owned() } else { format!("Item{}", at + 1) };
        let is_it = |property: &&JToken| property.name().is_some_and(|name| name.eq_ignore_ascii_case(&wanted));
        let found = properties.iter().find(is_it).and_then(JToken::property_value);
        values.push(match found {
            Some(found) => content(call, &found, ty, depth + 1)?,
            None => ty.default_value().unwrap_or(Value::Null),
        });
    }
    call.object(ty.clone(), Record::new(values)?)
}

fn key_of(call: &mut Call<'_, '_>, property: &JToken, name: &Value, ty: &Ty) -> Outcome<Value> {
    fitted(call, property, JKind::String, name, ty).map_err(|error| match error {
        Interrupt::Exception(_) => no_key(property, name, ty),
        other => other,
    })
}
