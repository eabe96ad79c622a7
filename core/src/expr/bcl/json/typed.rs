//! JSON as values of .NET types: `ToObject<T>` and `DeserializeObject<T>`, also into collections. Single values are in `cast`.

use std::sync::Arc;

use super::super::collections::map::Map;
use super::super::{Call, collections, enum_members};
use super::cast::{cast, copy_as};
use crate::expr::Interrupt;
use crate::expr::exception::{Outcome, throw};
use crate::expr::limits::{Limit, RESULT_DEPTH_MAX};
use crate::expr::ty::{Class, ClassKind, Ty};
use crate::value::json::JKind;
use crate::value::{JToken, NameCase, Value};

/// What the token is as this type.
pub(super) fn to_object(call: &mut Call<'_, '_>, token: &JToken, ty: &Ty) -> Outcome<Value> {
    typed(call, token, ty, 0)
}

fn typed(call: &mut Call<'_, '_>, token: &JToken, ty: &Ty, depth: usize) -> Outcome<Value> {
    if depth > RESULT_DEPTH_MAX {
        return Err(Interrupt::LimitExceeded(Limit::JsonReadDepth));
    }
    call.machine.step()?;
    let is_null = matches!(token.kind(), JKind::Null | JKind::Undefined);
    match ty {
        Ty::Object => match token.held() {
            Some(held) => Ok(held),
            None => copy_as(call, token, ty),
        },
        Ty::Class(class) if class.derives_from(Class::JToken) => copy_as(call, token, ty),
        Ty::Array(_) | Ty::Generic(..) if is_null && ty.holds_null() => Ok(Value::Null),
        Ty::Array(item) if **item != Ty::Byte => {
            let values = items(call, token, ty, item, depth)?;
            call.machine.array_of((**item).clone(), values)
        }
        Ty::Generic(class, types) => generic(call, token, ty, (*class, types), depth),
        Ty::Nullable(_) if is_null => Ok(Value::Null),
        Ty::Nullable(inner) => typed(call, token, inner, depth),
        Ty::Class(class) if class.kind() == ClassKind::Enum => member(token, ty),
        Ty::Class(class) if class.derives_from(Class::XObject) => super::super::xml::from_json(call, token, *class),
        ty => cast(&Value::Json(token.clone()), ty),
    }
}

fn unfit(token: &JToken, ty: &Ty) -> Interrupt {
    let found = token.kind().name();
    let message =
        format!("Cannot deserialize the current JSON {found} into type '{}'. Path '{}'.", ty.full_name(), token.path());
    throw("Newtonsoft.Json.JsonSerializationException", message)
}

fn items(call: &mut Call<'_, '_>, token: &JToken, ty: &Ty, item: &Ty, depth: usize) -> Outcome<Vec<Value>> {
    if token.kind() != JKind::Array {
        return Err(unfit(token, ty));
    }
    let values =
        token.children().iter().map(|child| typed(call, child, item, depth + 1)).collect::<Outcome<Vec<Value>>>()?;
    call.machine.charge(values.len() * size_of::<Value>())?;
    Ok(values)
}

fn generic(
    call: &mut Call<'_, '_>,
    token: &JToken,
    ty: &Ty,
    (class, types): (Class, &Arc<[Ty]>),
    depth: usize,
) -> Outcome<Value> {
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
            let values = items(call, token, ty, item, depth)?;
            collections::list_of(call, item.clone(), values)
        }
        (Class::HashSet | Class::ISet, [item]) => {
            let ty = Ty::Generic(Class::HashSet, Arc::clone(types));
            let mut map = Map::new(ty.clone(), &Value::Null);
            for value in items(call, token, &ty, item, depth)? {
                map.insert(value, Value::Null, false);
            }
            call.object(ty, map)
        }
        (Class::Dictionary | Class::IDictionary | Class::ReadOnlyDictionary, [key, value]) => {
            if token.kind() != JKind::Object {
                return Err(unfit(token, ty));
            }
            let ty = Ty::Generic(Class::Dictionary, Arc::clone(types));
            let mut map = Map::new(ty.clone(), &Value::Null);
            for property in token.children() {
                let (Some(name), Some(held)) = (property.name(), property.property_value()) else { continue };
                let name = typed(call, &JToken::string(name), key, depth + 1)?;
                let held = typed(call, &held, value, depth + 1)?;
                map.insert(name, held, true);
            }
            call.machine.charge(map.len() * 2 * size_of::<Value>())?;
            call.object(ty, map)
        }
        (Class::KeyValuePair, [key, value]) if token.kind() == JKind::Object => {
            let mut part = |name: &str, ty: &Ty| match token.member(name) {
                Some(part) => typed(call, &part, ty, depth + 1),
                None => Ok(ty.default_value().unwrap_or(Value::Null)),
            };
            let (first, second) = (part("Key", key)?, part("Value", value)?);
            Ok(collections::pair(ty, first, second))
        }
        _ => Err(unfit(token, ty)),
    }
}

// A member of an enumeration by its number or its name.
fn member(token: &JToken, ty: &Ty) -> Outcome<Value> {
    let of = enum_members::enumeration_of(ty).ok_or_else(|| unfit(token, ty))?;
    match token.held() {
        Some(Value::String(text)) => enum_members::read(of, &text, NameCase::Ignored).map(Value::Enum).map_err(|_| {
            let message =
                format!("Error converting value \"{text}\" to type '{}'. Path '{}'.", ty.full_name(), token.path());
            throw("Newtonsoft.Json.JsonSerializationException", message)
        }),
        Some(Value::Int64(number)) => {
            i32::try_from(number).map(|number| Value::Enum(of.value(number))).map_err(|_| unfit(token, ty))
        }
        Some(Value::Int32(number)) => Ok(Value::Enum(of.value(number))),
        _ => Err(unfit(token, ty)),
    }
}
