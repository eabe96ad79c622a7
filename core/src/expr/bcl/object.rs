//! Members that every value has: `ToString`, `Equals`, `GetHashCode`; and those of booleans, nullable values and arrays' length.

use super::format::shown;
use super::native::against;
use super::number_text::tried;
use super::{Row, row};
use crate::expr::bounded;

use crate::expr::exception::{Outcome, format};
use crate::expr::identity::{equal, is_same};
use crate::expr::instance::{self, Items, State};
use crate::expr::ty::{Class, Ty};
use crate::value::Value;

pub(super) const ROWS: &[Row] = &[
    row("object", "string ToString()", |call| match call.value(0) {
        Value::String(text) => Ok(Value::String(text.clone())),
        Value::Object(object) if is_node(object) => {
            let text = super::xml_text(call.value(0))?;
            call.yields(text)
        }
        other => {
            let text = bounded::text(other)?;
            call.yields(text)
        }
    }),
    row("object", "bool Equals(object obj)", |call| Ok(Value::Bool(equal(call.value(0), call.value(1))))),
    row("object", "int GetHashCode()", |call| {
        Ok(Value::Int32(super::hash_code::hash_code(call.machine, call.value(0))))
    }),
    row("object", "static bool ReferenceEquals(object objA, object objB)", |call| {
        Ok(Value::Bool(is_same(call.value(0), call.value(1))))
    }),
    row("object", "new object()", |call| call.object(Ty::Object, Bare)),
    row("object", "static bool Equals(object objA, object objB)", |call| {
        Ok(Value::Bool(equal(call.value(0), call.value(1))))
    }),
    row("bool", "int CompareTo(bool value)", |call| Ok(order(call.bool(0)?.cmp(&call.bool(1)?)))),
    row("bool", "int CompareTo(object obj)", |call| against::<bool>(call, |a, b| a.cmp(&b) as i32)),
    row("bool", "bool Equals(bool obj)", |call| Ok(Value::Bool(call.bool(0)? == call.bool(1)?))),
    row("bool", "string ToString(IFormatProvider provider)", shown),
    row("bool", "TypeCode GetTypeCode()", |_| Ok(Value::Enum(super::enums::TYPE_CODE.value(3)))),
    row("bool", "static bool TryParse(string value, out bool result)", |call| {
        tried(call, Value::Bool(false), |text| parse_bool(text).map(Value::Bool))
    }),
    row("bool", "static string TrueString", |call| call.yields("True")),
    row("bool", "static string FalseString", |call| call.yields("False")),
    row("bool", "static bool Parse(string value)", |call| Ok(Value::Bool(parse_bool(call.text(0, "value")?)?))),
    row("T?", "T GetValueOrDefault()", |call| match call.value(0) {
        Value::Null => Ok(call.ty(0).default_value().unwrap_or(Value::Null)),
        value => Ok(value.clone()),
    }),
    row("T?", "T GetValueOrDefault(T defaultValue)", |call| {
        Ok(if call.value(0).is_null() { call.value(1).clone() } else { call.value(0).clone() })
    }),
    row("T[]", "int Length", |call| {
        let length = match call.value(0) {
            Value::Strings(items) => items.len(),
            Value::Chars(items) => items.len(),
            Value::Bytes(items) => items.len(),
            _ => call.state(0, |items: &mut Items| items.values.len())?,
        };
        Ok(Value::Int32(i32::try_from(length).unwrap_or(i32::MAX)))
    }),
];

/// `new object()`
#[derive(Debug)]
struct Bare;

impl State for Bare {}

/// `CompareTo`'s -1, 0 or 1.
pub(super) fn order(ordering: std::cmp::Ordering) -> Value {
    Value::Int32(ordering as i32)
}

/// `bool.Parse`
pub(super) fn parse_bool(text: &str) -> Outcome<bool> {
    let trimmed = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    if trimmed.eq_ignore_ascii_case("true") {
        Ok(true)
    } else if trimmed.eq_ignore_ascii_case("false") {
        Ok(false)
    } else {
        Err(format(format!("String '{text}' was not recognized as a valid Boolean.")))
    }
}

fn is_node(object: &crate::value::Object) -> bool {
    matches!(instance::type_of(object), Some(Ty::Class(class)) if class.derives_from(Class::XObject))
}
