//! Equality and order of values as .NET's default comparers and `StringComparer` see them. Knows no collections.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::expr::exception::{Outcome, throw};
use crate::expr::generic::item_type;
use crate::expr::identity::{Place, equal as plainly_equal, is_same};
use crate::expr::instance::{self, Pair, Record, State};
use crate::expr::ty::{Class, RecordKind, Ty};
use crate::value::json::JKind;
use crate::value::{JToken, Library, Value};

use super::super::json;
use super::super::string::distance_in_any_case;
use super::super::utf16;
use super::enumerator::pass_key;
use super::map::Map;

/// A value as a key: what is `Equals` is the same key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Null,
    Bool(bool),
    Char(u16),
    /// The kind of number, and its value.
    Whole(u8, i128),
    Real(u8, u64),
    Decimal(crate::value::Decimal),
    Text(Arc<str>),
    Guid(u128),
    Ticks(u8, i64),
    Enum(&'static str, i32),
    Members(Vec<Key>),
    /// An object without an `Equals` of its own.
    Identity(Place),
    Shown(String),
}

/// How the texts among keys compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Folding {
    Exact,
    IgnoreCase,
    /// Sets by what is in them
    Sets,
    /// Tokens by what is in them
    Tokens,
}

/// `HashSet<T>.CreateSetComparer()`
#[derive(Debug)]
pub(super) struct SetComparer;

impl State for SetComparer {
    // The comparer of sets has the type of their items.
    fn type_name(&self, ty: &Ty) -> String {
        let item = match ty {
            Ty::Generic(_, sets) => sets.first().and_then(item_type),
            _ => None,
        };
        let item = item.map_or_else(|| ty.full_name(), |item| item.full_name());
        format!("System.Collections.Generic.HashSetEqualityComparer`1[{item}]")
    }

    fn equals(&self, _other: &Self) -> bool {
        true
    }
}

impl Folding {
    /// That of an `IEqualityComparer<T>` argument.
    pub(crate) fn of(comparer: &Value) -> Self {
        match comparer {
            Value::Library(Library::StringComparer(comparison)) if comparison.ignores_case() => Self::IgnoreCase,
            other if instance::look(other, |_: &mut SetComparer| ()).is_some() => Self::Sets,
            other if instance::look(other, |_: &mut json::TokenComparer| ()).is_some() => Self::Tokens,
            _ => Self::Exact,
        }
    }
}

/// The key that a value is.
pub(crate) fn key_of(value: &Value, folding: Folding) -> Key {
    let whole = |kind: u8, number: i128| Key::Whole(kind, number);
    match value {
        Value::Null => Key::Null,
        Value::Bool(value) => Key::Bool(*value),
        Value::Char(unit) => Key::Char(*unit),
        Value::SByte(number) => whole(0, i128::from(*number)),
        Value::Byte(number) => whole(1, i128::from(*number)),
        Value::Int16(number) => whole(2, i128::from(*number)),
        Value::UInt16(number) => whole(3, i128::from(*number)),
        Value::Int32(number) => whole(4, i128::from(*number)),
        Value::UInt32(number) => whole(5, i128::from(*number)),
        Value::Int64(number) => whole(6, i128::from(*number)),
        Value::UInt64(number) => whole(7, i128::from(*number)),
        Value::Single(number) => Key::Real(0, real(f64::from(*number))),
        Value::Double(number) => Key::Real(1, real(*number)),
        Value::Decimal(number) => Key::Decimal(*number),
        Value::String(text) => match folding {
            Folding::Exact | Folding::Sets | Folding::Tokens => Key::Text(Arc::clone(text)),
            Folding::IgnoreCase => Key::Text(text.chars().map(utf16::upper).collect::<String>().into()),
        },
        Value::Guid(guid) => Key::Guid(guid.0),
        Value::DateTime(moment) => Key::Ticks(0, moment.ticks()),
        Value::TimeSpan(span) => Key::Ticks(1, span.0),
        Value::DateTimeOffset(moment) => Key::Ticks(2, moment.utc_ticks()),
        Value::Json(token) if folding == Folding::Tokens => token_key(token),
        // A `JValue` is equal by what it holds, though not to that; other tokens are only themselves.
        Value::Json(token) => match token.held() {
            Some(held) => {
                let held = match key_of(&held, Folding::Exact) {
                    // Whole numbers of all sizes are equal, but the hash codes of those below zero are not.
                    Key::Whole(kind @ 0..=6, number) => whole(if number < 0 && kind < 6 { 4 } else { 6 }, number),
                    key => key,
                };
                Key::Members(vec![whole(8, token.kind() as i128), held])
            }
            None => identity(value),
        },
        Value::Enum(value) => Key::Enum(value.of.name, value.number),
        Value::Object(_) => match if folding == Folding::Sets { items(value) } else { members(value) } {
            Some(members) => Key::Members(members.iter().map(|member| key_of(member, Folding::Exact)).collect()),
            None => {
                if let Some(source) = json::source_of(value) {
                    return Key::Members(vec![key_of(&source, Folding::Exact)]);
                }
                let known = crate::expr::bcl::xml_key(value).or_else(|| crate::expr::bcl::certificate_key(value));
                let known = known.or_else(|| text_key(value)).map(Key::Shown);
                known.or_else(|| pass_key(value)).unwrap_or_else(|| identity(value))
            }
        },
        // Neither the fragment nor the user makes another address.
        Value::Library(Library::Uri(uri)) => Key::Shown(uri.compared()),
        Value::Strings(_)
        | Value::Chars(_)
        | Value::Bytes(_)
        | Value::Response(_)
        | Value::Library(Library::StringBuilder(_) | Library::StringWriter(_) | Library::StringReader(_)) => {
            identity(value)
        }
        Value::Library(_) | Value::Context(_) | Value::Service(_) => Key::Shown(format!("{value:?}")),
    }
}

// What compares by the text that it shows.
fn text_key(value: &Value) -> Option<String> {
    if let Some(service) = crate::expr::bcl::encoding_of(value) {
        return Some(format!("{:?}", Value::Service(service)));
    }
    let Value::Object(object) = value else { return None };
    let Some(Ty::Class(class)) = instance::type_of(object) else { return None };
    let is_text = matches!(
        class,
        Class::HashAlgorithmName | Class::RsaSignaturePadding | Class::RsaEncryptionPadding | Class::Type
    );
    is_text.then(|| format!("{class:?} {}", object.get().text()))
}

pub(super) fn identity(value: &Value) -> Key {
    Place::of(value).map_or(Key::Null, Key::Identity)
}

// What `JToken.DeepEquals` compares: the order of an object's properties does not matter.
fn token_key(token: &JToken) -> Key {
    let held = token.held().map(|held| match held {
        Value::Int32(number) => key_of(&Value::Int64(i64::from(number)), Folding::Exact),
        held => key_of(&held, Folding::Exact),
    });
    let name = token.name().map_or(Key::Null, Key::Text);
    let mut children: Vec<Key> = token.children().iter().map(token_key).collect();
    if token.kind() == JKind::Object {
        children.sort();
    }
    Key::Members(vec![Key::Whole(0, token.kind() as i128), name, held.unwrap_or(Key::Null), Key::Members(children)])
}

// Both zeros are one key, and so is every NaN.
fn real(number: f64) -> u64 {
    if number == 0.0 {
        0
    } else if number.is_nan() {
        f64::NAN.to_bits()
    } else {
        number.to_bits()
    }
}

// The items of a set, in the order of their keys.
fn items(value: &Value) -> Option<Vec<Value>> {
    let mut items = instance::look(value, |map: &mut Map| map.keys())?;
    items.sort_by_cached_key(|item| key_of(item, Folding::Exact));
    Some(items)
}

// What an anonymous object, a tuple or a pair consists of.
fn members(value: &Value) -> Option<Vec<Value>> {
    instance::look(value, |record: &mut Record| record.0.clone()).or_else(|| {
        instance::look(value, |pair: &mut Pair| pair.parts().map(|parts| parts.map(Value::clone).to_vec())).flatten()
    })
}

/// `EqualityComparer<T>.Default`, or a `StringComparer`.
pub(crate) fn equal(a: &Value, b: &Value, folding: Folding) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Null, _) | (_, Value::Null) => false,
        (a, b) if folding == Folding::Exact => plainly_equal(a, b),
        (Value::Json(a), Value::Json(b)) if folding == Folding::Tokens => a == b,
        (a, b) => key_of(a, folding) == key_of(b, folding),
    }
}

/// Compares two of which none is ordered by what it is: as the left one says it, or the right one where the left one says nothing.
fn of_other_kinds(a: &Value, b: &Value) -> Outcome<Ordering> {
    if is_same(a, b) {
        return Ok(Ordering::Equal);
    }
    let (own, other) = if is_comparable(a) { (a, b) } else { (b, a) };
    let name = own.type_name();
    let message = match own {
        Value::Json(token) if token.is_value() => {
            let order = json::distance(token, other).map(|distance| distance.cmp(&0));
            return if is_comparable(a) { order } else { order.map(Ordering::reverse) };
        }
        own if !is_comparable(own) => "At least one object must implement IComparable.".to_owned(),
        Value::Guid(_) => "Object must be of type GUID. (Parameter 'value')".to_owned(),
        Value::Enum(_) => format!(
            "Object must be the same type as the enum. The type passed in was '{}'; the enum type was '{name}'.",
            other.type_name()
        ),
        Value::Object(_) => format!("Argument must be of type {name}. (Parameter 'other')"),
        _ => format!("Object must be of type {}.", name.rsplit('.').next().unwrap_or_default()),
    };
    Err(throw("System.ArgumentException", message))
}

/// Whether it is an `IComparable`.
pub(crate) fn is_comparable(value: &Value) -> bool {
    match value {
        Value::Object(object) => {
            matches!(instance::type_of(object), Some(Ty::Record(RecordKind::Tuple, _) | Ty::Generic(Class::Tuple, _)))
        }
        Value::Json(token) => token.is_value(),
        Value::Enum(_) => true,
        other => has_order(other),
    }
}

/// `Comparer<T>.Default`: null first, text ordinally as in invariant-globalization mode.
pub(crate) fn compared(a: &Value, b: &Value) -> Outcome<Ordering> {
    match (a, b) {
        (Value::Null, Value::Null) => Ok(Ordering::Equal),
        (Value::Null, _) => Ok(Ordering::Less),
        (_, Value::Null) => Ok(Ordering::Greater),
        (Value::String(a), Value::String(b)) => Ok(a.encode_utf16().cmp(b.encode_utf16())),
        // NaN comes before every number.
        (Value::Double(a), Value::Double(b)) => Ok(a.partial_cmp(b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))),
        (Value::Single(a), Value::Single(b)) => Ok(a.partial_cmp(b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))),
        (Value::Decimal(a), Value::Decimal(b)) => Ok(a.cmp(b)),
        (Value::Json(_), Value::Json(_)) => of_other_kinds(a, b),
        (Value::Object(left), Value::Object(right)) => {
            let is_of_one_type = instance::type_of(left) == instance::type_of(right);
            if is_same(a, b) || !is_of_one_type || !is_comparable(a) {
                return of_other_kinds(a, b);
            }
            for (a, b) in members(a).unwrap_or_default().iter().zip(&members(b).unwrap_or_default()) {
                let order = compared(a, b)?;
                if order != Ordering::Equal {
                    return Ok(order);
                }
            }
            Ok(Ordering::Equal)
        }
        (Value::Enum(left), Value::Enum(right)) if left.of.name == right.of.name => Ok(left.number.cmp(&right.number)),
        (a, b) if std::mem::discriminant(a) == std::mem::discriminant(b) && has_order(a) => {
            Ok(key_of(a, Folding::Exact).cmp(&key_of(b, Folding::Exact)))
        }
        // Two that are equal are not one and the same, which alone needs no order.
        (a, b) => of_other_kinds(a, b),
    }
}

/// What `Comparer<T>.Default.Compare` gives: how far small numbers and texts are apart, and for tuples, their first parts that differ.
pub(crate) fn distance(a: &Value, b: &Value) -> Outcome<i32> {
    Ok(match (a, b) {
        (Value::Char(a), Value::Char(b)) | (Value::UInt16(a), Value::UInt16(b)) => i32::from(*a) - i32::from(*b),
        (Value::Byte(a), Value::Byte(b)) => i32::from(*a) - i32::from(*b),
        (Value::SByte(a), Value::SByte(b)) => i32::from(*a) - i32::from(*b),
        (Value::Int16(a), Value::Int16(b)) => i32::from(*a) - i32::from(*b),
        (Value::String(a), Value::String(b)) => match super::super::string::compare(Some(a), Some(b), false) {
            Value::Int32(distance) => distance,
            _ => 0,
        },
        (Value::Json(token), other) if token.is_value() && !other.is_null() => json::distance(token, other)?,
        (a, b) if compared(a, b)? == Ordering::Equal => 0,
        (Value::Object(_), Value::Object(_)) => {
            let parts = members(a).unwrap_or_default().into_iter().zip(members(b).unwrap_or_default());
            let mut found = 0;
            for (a, b) in parts {
                found = distance(&a, &b)?;
                if found != 0 {
                    break;
                }
            }
            found
        }
        (a, b) => compared(a, b)? as i32,
    })
}

const fn has_order(value: &Value) -> bool {
    !matches!(
        value,
        Value::Library(_)
            | Value::Service(_)
            | Value::Context(_)
            | Value::Response(_)
            | Value::Strings(_)
            | Value::Chars(_)
            | Value::Bytes(_)
            | Value::Enum(_)
    )
}

/// What an `IComparer<T>` argument says; null is the default one.
pub(crate) fn compared_by(comparer: &Value, a: &Value, b: &Value) -> Outcome<Ordering> {
    match (comparer, a, b) {
        (Value::Library(Library::StringComparer(comparison)), Value::String(a), Value::String(b))
            if comparison.ignores_case() =>
        {
            match distance_in_any_case(a, b) {
                Value::Int32(distance) => Ok(distance.cmp(&0)),
                _ => compared(&Value::String(Arc::clone(a)), &Value::String(Arc::clone(b))),
            }
        }
        _ => compared(a, b),
    }
}
