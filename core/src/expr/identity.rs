//! When two values are one object, when they are `Equals`, and what an object without an `Equals` of its own is known by. Knows no
//! comparers and no order.

use std::cmp::Ordering;
use std::sync::Arc;

use super::bcl::{behind_pairs, encoding_of};
use super::instance::type_of;
use super::ty::{Class, Ty};
use crate::value::json::JNode;
use crate::value::{JToken, Library, Object, Value};

/// Whether two references are one object. A boxed value is an object of its own, as in .NET.
pub(crate) fn is_same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::String(left), Value::String(right)) => {
            Arc::ptr_eq(left, right) || (left.is_empty() && right.is_empty())
        }
        (Value::Strings(left), Value::Strings(right)) => Arc::ptr_eq(left, right),
        (Value::Chars(left), Value::Chars(right)) => Arc::ptr_eq(left, right),
        (Value::Bytes(left), Value::Bytes(right)) => Arc::ptr_eq(left, right),
        (Value::Response(left), Value::Response(right)) => Arc::ptr_eq(left, right),
        (Value::Json(left), Value::Json(right)) => left.is_same(right),
        (Value::Context(left), Value::Context(right)) => left == right,
        (Value::Library(left), Value::Library(right)) => left.is_same(right),
        (Value::Service(left), Value::Service(right)) => left == right,
        (Value::Object(one), Value::Object(other)) if one.is_same(other) => true,
        // There is one object for each name.
        (Value::Object(one), Value::Object(other)) if is_atom(one) => one.get().equals(other),
        // What is seen as a sequence of pairs is what is behind them.
        (Value::Object(_) | Value::Json(_), Value::Object(_) | Value::Json(_)) => {
            match (behind_pairs(left), behind_pairs(right)) {
                (None, None) => false,
                (one, other) => is_same(one.as_ref().unwrap_or(left), other.as_ref().unwrap_or(right)),
            }
        }
        _ => false,
    }
}

fn is_atom(object: &Object) -> bool {
    matches!(type_of(object), Some(Ty::Class(Class::XName | Class::XNamespace)))
}

/// `Object.Equals`: arrays, messages and JSON containers are only themselves, and what is no number equals itself, other than under `==`.
pub(crate) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Double(left), Value::Double(right)) if left.is_nan() => right.is_nan(),
        (Value::Single(left), Value::Single(right)) if left.is_nan() => right.is_nan(),
        (Value::Strings(_) | Value::Chars(_) | Value::Bytes(_) | Value::Response(_), _) => is_same(left, right),
        (Value::Json(left), Value::Json(right)) => {
            let is_value = |token: &JToken| token.with(|node| matches!(node, JNode::Value(..)));
            left.is_same(right) || is_value(left) && is_value(right) && left == right
        }
        // The copy of an encoding is an object.
        (Value::Service(_), Value::Object(_)) | (Value::Object(_), Value::Service(_)) => {
            encoding_of(left).is_some() && encoding_of(left) == encoding_of(right)
        }
        (left, right) => left == right,
    }
}

/// Whether the members of two of one kind are `Equals`, one by one.
pub(crate) fn all_equal<'v>(
    left: impl IntoIterator<Item = &'v Value>,
    right: impl IntoIterator<Item = &'v Value>,
) -> bool {
    left.into_iter().zip(right).all(|(left, right)| equal(left, right))
}

/// An object by where it is, which is its own as long as this holds it.
#[derive(Clone, Debug)]
pub(crate) struct Place(Value);

impl Place {
    /// That of what compares by identity alone; of an object of an expression, which may compare in other ways, too.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        address(value).map(|_| Self(value.clone()))
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Place {}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        address(&self.0).cmp(&address(&other.0))
    }
}

fn address(value: &Value) -> Option<usize> {
    match value {
        Value::Strings(texts) => Some(Arc::as_ptr(texts).addr()),
        Value::Chars(units) => Some(Arc::as_ptr(units).addr()),
        Value::Bytes(bytes) => Some(Arc::as_ptr(bytes).addr()),
        Value::Response(response) => Some(Arc::as_ptr(response).addr()),
        Value::Json(token) => Some(token.identity()),
        Value::Library(Library::StringBuilder(text) | Library::StringWriter(text) | Library::StringReader(text)) => {
            Some(Arc::as_ptr(text).addr())
        }
        Value::Object(object) => Some(object.identity()),
        _ => None,
    }
}
