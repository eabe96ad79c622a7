//! The order of values in tokens (`JValue.CompareTo`), their text in a format, and `JToken.EqualityComparer`.

use std::cmp::Ordering;
use std::sync::Arc;

use super::super::collections::key::{Folding, compared, equal};
use super::super::{Call, Row, convert, format, row, string};
use super::cast::converted;
use super::token;
use crate::expr::Interrupt;
use crate::expr::eval::Single;
use crate::expr::exception::{Outcome, broken, null_reference, throw};
use crate::expr::instance::State;
use crate::expr::ty::{Class, Ty};
use crate::value::json::{JKind, is_near};
use crate::value::{DateTime, JToken, Value};

/// `JToken.EqualityComparer`: tokens by what is in them
#[derive(Debug)]
pub(crate) struct TokenComparer;

impl State for TokenComparer {}

pub(super) const ROWS: &[Row] = &[
    row("JValue", "int CompareTo(JValue obj)", |call| match call.value(1) {
        Value::Null => Ok(Value::Int32(1)),
        other => Ok(Value::Int32(distance(&token(call)?, other)?)),
    }),
    row("JValue", "string ToString(string format)", in_format),
    row("JValue", "string ToString(string format, IFormatProvider formatProvider)", in_format),
    row("JValue", "string ToString(IFormatProvider formatProvider)", |call| {
        let text = call.value(0).to_string();
        call.yields(text)
    }),
    row("JToken", "static JTokenEqualityComparer EqualityComparer", |call| {
        let ty = Ty::Class(Class::JTokenEqualityComparer);
        call.machine.single(Single::Comparer, &ty, |machine| machine.object(ty.clone(), TokenComparer))
    }),
    row("JTokenEqualityComparer", "bool Equals(JToken x, JToken y)", |call| {
        Ok(Value::Bool(equal(call.value(1), call.value(2), Folding::Tokens)))
    }),
    row("JTokenEqualityComparer", "int GetHashCode(JToken obj)", |call| match call.value(1) {
        Value::Json(token) => Ok(Value::Int32(super::super::hash_code::of_content(call.machine, token))),
        _ => Ok(Value::Int32(0)),
    }),
];

// Bytes and addresses know no formats; neither do texts.
fn in_format(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let held = token(call)?.held().unwrap_or(Value::Null);
    let text = match &held {
        Value::Bytes(_) => call.value(0).to_string(),
        held => format::with_format(held, call.text_or_null(1)?.map_or("", |format| format))?,
    };
    call.yields(text)
}

/// How the value of a token is ordered with that of another one, or with what is the value of none.
pub(crate) fn distance(left: &JToken, right: &Value) -> Outcome<i32> {
    match right {
        Value::Json(right) if right.is_value() => of_values(left, right),
        other => {
            let own = left.held().unwrap_or(Value::Null);
            between(left.kind(), (left.kind(), &own), (JKind::Object, other))
        }
    }
}

/// How the values of two tokens are ordered; the kind of the left one decides what is compared.
pub(super) fn of_values(left: &JToken, right: &JToken) -> Outcome<i32> {
    let (own, other) = (left.kind(), right.kind());
    let kind = if own == JKind::String { other } else { own };
    let (a, b) = (left.held().unwrap_or(Value::Null), right.held().unwrap_or(Value::Null));
    between(kind, (own, &a), (other, &b))
}

// How two values are ordered that are compared as this kind.
fn between(kind: JKind, (own, a): (JKind, &Value), (other, b): (JKind, &Value)) -> Outcome<i32> {
    match (a, b) {
        (Value::Null, Value::Null) => return Ok(0),
        (Value::Null, _) => return Ok(-1),
        (_, Value::Null) => return Ok(1),
        _ => {}
    }
    match kind {
        JKind::Comment | JKind::String | JKind::Raw => match string::ordinal_distance(&a.to_string(), &b.to_string()) {
            Value::Int32(distance) => Ok(distance),
            _ => Ok(0),
        },
        JKind::Integer | JKind::Float => match (long_number(own, a), long_number(other, b)) {
            (None, None) => numbers(a, b, kind).map(|order| order as i32),
            (Some(number), _) => beyond(number, b).map(|order| order as i32),
            (None, Some(number)) => beyond(number, a).map(|order| order.reverse() as i32),
        },
        JKind::Boolean => same(&convert::to_bool(a)?, &convert::to_bool(b)?),
        JKind::Date => match (a, b) {
            (Value::DateTime(_), Value::DateTimeOffset(other)) => same(a, &Value::DateTime(other.clock())),
            (Value::DateTimeOffset(_), Value::DateTimeOffset(_)) => same(a, b),
            (Value::DateTime(_), other) => same(a, &Value::DateTime(moment(other)?)),
            // The zone of the gateway is UTC.
            (Value::DateTimeOffset(own), other) => same(&Value::DateTime(own.utc()), &Value::DateTime(moment(other)?)),
            (other, _) => Err(miscast(other, "System.DateTimeOffset")),
        },
        // Of a text that is compared with bytes .NET makes nothing, and looks into that.
        JKind::Bytes if !matches!(a, Value::Bytes(_)) => Err(null_reference()),
        JKind::Bytes => alike(a, b, "byte[]"),
        JKind::Guid if !matches!(a, Value::Guid(_)) => Err(miscast(a, "System.Guid")),
        JKind::Guid => alike(a, b, "Guid"),
        JKind::TimeSpan if !matches!(a, Value::TimeSpan(_)) => Err(miscast(a, "System.TimeSpan")),
        JKind::TimeSpan => alike(a, b, "TimeSpan"),
        JKind::Uri => match b {
            Value::Library(_) if matches!(a, Value::Library(_)) => {
                same(&Value::string(a.to_string()), &Value::string(b.to_string()))
            }
            Value::Library(_) => Err(miscast(a, "System.Uri")),
            _ => Err(unlike("Uri")),
        },
        JKind::Object | JKind::Array | JKind::Constructor | JKind::Property | JKind::Null | JKind::Undefined => {
            let message =
                format!("Unexpected value type: {} (Parameter 'valueType')\nActual value was {0}.", kind.name());
            Err(throw("System.ArgumentOutOfRangeException", message))
        }
    }
}

// `Convert.ToDateTime` of what a date is compared with.
fn moment(value: &Value) -> Outcome<DateTime> {
    match value {
        Value::DateTime(moment) => Ok(*moment),
        // A text without a year is of the first one: an order does not depend on the clock.
        text @ Value::String(_) => match converted(DateTime::MIN, JKind::String, text, &Ty::Class(Class::DateTime))? {
            Value::DateTime(moment) => Ok(moment),
            _ => Err(broken("a date that is none")),
        },
        other => Err(convert::not_convertible(other, "DateTime")),
    }
}

fn miscast(value: &Value, to: &str) -> Interrupt {
    let message = format!("Unable to cast object of type '{}' to type '{to}'.", value.type_name());
    throw("System.InvalidCastException", message)
}

fn same(a: &Value, b: &Value) -> Outcome<i32> {
    compared(a, b).map(|order| order as i32)
}

fn unlike(name: &str) -> Interrupt {
    throw("System.ArgumentException", format!("Object must be of type {name}."))
}

fn alike(a: &Value, b: &Value, name: &str) -> Outcome<i32> {
    match (a, b) {
        (Value::Bytes(a), Value::Bytes(b)) => Ok(a.len().cmp(&b.len()).then_with(|| a.cmp(b)) as i32),
        (a, b) if std::mem::discriminant(a) == std::mem::discriminant(b) => same(a, b),
        _ => Err(unlike(name)),
    }
}

// The digits of a whole number that no `long` holds.
const fn long_number(kind: JKind, value: &Value) -> Option<&Arc<str>> {
    match (kind, value) {
        (JKind::Integer, Value::String(digits)) => Some(digits),
        _ => None,
    }
}

// A whole number that no `long` holds against another number or its text.
fn beyond(number: &str, other: &Value) -> Outcome<Ordering> {
    let digits = |text: &str| text.trim().trim_start_matches(['-', '+']).trim_start_matches('0').to_owned();
    let is_negative = |text: &str| text.trim().starts_with('-');
    match other {
        Value::String(text) => {
            let (own, other) = (digits(number), digits(text));
            let is_whole = other.bytes().all(|digit| digit.is_ascii_digit()) && !text.trim().is_empty();
            if !is_whole {
                return Err(crate::expr::exception::number_format(text));
            }
            let order = own.len().cmp(&other.len()).then_with(|| own.cmp(&other));
            Ok(match (is_negative(number), is_negative(text)) {
                (false, false) => order,
                (true, true) => order.reverse(),
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
            })
        }
        other => match (convert::to_double(&Value::string(number))?, convert::to_double(other)?) {
            (Value::Double(number), Value::Double(other)) => Ok(number.total_cmp(&other)),
            _ => Err(broken("a number that is none")),
        },
    }
}

// Decimals where one is, else doubles where one is or the kind says so, else whole numbers.
fn numbers(a: &Value, b: &Value, kind: JKind) -> Outcome<Ordering> {
    let one = |is: fn(&Value) -> bool| is(a) || is(b);
    if one(|value| matches!(value, Value::Decimal(_) | Value::UInt64(_))) {
        return compared(&convert::to_decimal(a)?, &convert::to_decimal(b)?);
    }
    if kind == JKind::Float || one(|value| matches!(value, Value::Double(_) | Value::Single(_))) {
        return match (convert::to_double(a)?, convert::to_double(b)?) {
            (Value::Double(a), Value::Double(b)) if is_near(a, b) => Ok(Ordering::Equal),
            (a, b) => compared(&a, &b),
        };
    }
    compared(&convert::to_whole::<i64>(a)?, &convert::to_whole::<i64>(b)?)
}
