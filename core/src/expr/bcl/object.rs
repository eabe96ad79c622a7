//! Members that every value has: `ToString`, `Equals`, `GetHashCode` and those of numbers and booleans.

use super::number_parse;
pub(super) use super::number_parse::parse_double;
use super::{Row, row};
use crate::expr::eval::is_same;
use crate::expr::exception::{Outcome, format};
use crate::expr::instance::{Items, State};
use crate::expr::ty::Ty;
use crate::value::Value;

pub(super) const ROWS: &[Row] = &[
    row("object", "string ToString()", |call| match call.value(0) {
        Value::String(text) => Ok(Value::String(text.clone())),
        other => {
            let text = other.to_string();
            call.yields(text)
        }
    }),
    row("object", "bool Equals(object obj)", |call| Ok(Value::Bool(call.value(0) == call.value(1)))),
    row("object", "int GetHashCode()", |call| Ok(Value::Int32(super::hash_code::hash_code(call.value(0))))),
    row("object", "static bool ReferenceEquals(object objA, object objB)", |call| {
        Ok(Value::Bool(is_same(call.value(0), call.value(1))))
    }),
    row("object", "new object()", |call| call.object(Ty::Object, Bare)),
    row("object", "static bool Equals(object objA, object objB)", |call| {
        Ok(Value::Bool(call.value(0) == call.value(1)))
    }),
    row("int", "static int Parse(string s)", |call| Ok(Value::Int32(parse_int(call.text(0, "s")?)?))),
    row("int", "static int MaxValue", |_| Ok(Value::Int32(i32::MAX))),
    row("int", "static int MinValue", |_| Ok(Value::Int32(i32::MIN))),
    row("int", "int CompareTo(int value)", |call| Ok(order(call.int(0)?.cmp(&call.int(1)?)))),
    row("long", "static long Parse(string s)", |call| Ok(Value::Int64(parse_long(call.text(0, "s")?)?))),
    row("long", "static long MaxValue", |_| Ok(Value::Int64(i64::MAX))),
    row("long", "static long MinValue", |_| Ok(Value::Int64(i64::MIN))),
    row("double", "static double Parse(string s)", |call| Ok(Value::Double(parse_double(call.text(0, "s")?)?))),
    row("double", "static double MaxValue", |_| Ok(Value::Double(f64::MAX))),
    row("double", "static double MinValue", |_| Ok(Value::Double(f64::MIN))),
    row("double", "static double Epsilon", |_| Ok(Value::Double(f64::from_bits(1)))),
    row("double", "static double NaN", |_| Ok(Value::Double(f64::NAN))),
    row("double", "static double PositiveInfinity", |_| Ok(Value::Double(f64::INFINITY))),
    row("double", "static double NegativeInfinity", |_| Ok(Value::Double(f64::NEG_INFINITY))),
    row("double", "static double NegativeZero", |_| Ok(Value::Double(-0.0))),
    row("double", "static double Pi", |_| Ok(Value::Double(std::f64::consts::PI))),
    row("double", "static double E", |_| Ok(Value::Double(std::f64::consts::E))),
    row("double", "static double Tau", |_| Ok(Value::Double(std::f64::consts::TAU))),
    row("double", "static bool IsInfinity(double d)", |call| Ok(Value::Bool(call.double(0)?.is_infinite()))),
    row("double", "static bool IsPositiveInfinity(double d)", |call| {
        Ok(Value::Bool(call.double(0)?.total_cmp(&f64::INFINITY).is_eq()))
    }),
    row("double", "static bool IsNegativeInfinity(double d)", |call| {
        Ok(Value::Bool(call.double(0)?.total_cmp(&f64::NEG_INFINITY).is_eq()))
    }),
    row("double", "static bool IsFinite(double d)", |call| Ok(Value::Bool(call.double(0)?.is_finite()))),
    row("double", "static bool IsNegative(double d)", |call| Ok(Value::Bool(call.double(0)?.is_sign_negative()))),
    row("double", "static bool IsInteger(double value)", |call| {
        let value = call.double(0)?;
        Ok(Value::Bool(value.is_finite() && value.trunc().total_cmp(&value).is_eq()))
    }),
    row("double", "int CompareTo(double value)", |call| {
        let (this, other) = (call.double(0)?, call.double(1)?);
        // Not a number comes before every number.
        Ok(order(this.partial_cmp(&other).unwrap_or_else(|| other.is_nan().cmp(&this.is_nan()))))
    }),
    row("long", "int CompareTo(long value)", |call| Ok(order(call.long(0)?.cmp(&call.long(1)?)))),
    row("bool", "int CompareTo(bool value)", |call| Ok(order(call.bool(0)?.cmp(&call.bool(1)?)))),
    row("bool", "static string TrueString", |call| call.yields("True")),
    row("bool", "static string FalseString", |call| call.yields("False")),
    row("double", "static bool IsNaN(double d)", |call| Ok(Value::Bool(call.double(0)?.is_nan()))),
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

/// `int.Parse`
pub(super) fn parse_int(text: &str) -> Outcome<i32> {
    let value = number_parse::parse_whole(text, i128::from(i32::MIN), i128::from(i32::MAX), "an Int32")?;
    Ok(i32::try_from(value).unwrap_or(0))
}

/// `long.Parse`
pub(super) fn parse_long(text: &str) -> Outcome<i64> {
    let value = number_parse::parse_whole(text, i128::from(i64::MIN), i128::from(i64::MAX), "an Int64")?;
    Ok(i64::try_from(value).unwrap_or(0))
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
