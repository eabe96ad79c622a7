//! `System.Convert`. Casts of the language are in `eval::operate`.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::number_parse::parse_double;
use super::object::{parse_bool, parse_int, parse_long};
use super::{Call, Row, row};
use crate::expr::exception::{Outcome, format, invalid_cast, overflow};
use crate::value::Value;

pub(super) const ROWS: &[Row] = &[
    row("Convert", "static int ToInt32(string value)", to_int),
    row("Convert", "static int ToInt32(bool value)", to_int),
    row("Convert", "static int ToInt32(char value)", to_int),
    row("Convert", "static int ToInt32(int value)", to_int),
    row("Convert", "static int ToInt32(long value)", to_int),
    row("Convert", "static int ToInt32(double value)", to_int),
    row("Convert", "static int ToInt32(object value)", to_int),
    row("Convert", "static long ToInt64(string value)", to_long),
    row("Convert", "static long ToInt64(int value)", to_long),
    row("Convert", "static long ToInt64(long value)", to_long),
    row("Convert", "static long ToInt64(double value)", to_long),
    row("Convert", "static long ToInt64(object value)", to_long),
    row("Convert", "static double ToDouble(string value)", to_double),
    row("Convert", "static double ToDouble(int value)", to_double),
    row("Convert", "static double ToDouble(object value)", to_double),
    row("Convert", "static bool ToBoolean(string value)", to_bool),
    row("Convert", "static bool ToBoolean(bool value)", to_bool),
    row("Convert", "static bool ToBoolean(int value)", to_bool),
    row("Convert", "static bool ToBoolean(object value)", to_bool),
    // `ToString((string)null)` is null, `ToString((object)null)` is empty (reference A5).
    row("Convert", "static string ToString(string value)", |call| Ok(call.value(0).clone())),
    row("Convert", "static string ToString(object value)", |call| {
        let text = call.value(0).to_string();
        call.yields(text)
    }),
    row("Convert", "static string ToBase64String(byte[] inArray)", |call| {
        let bytes = call.bytes(0, "inArray")?;
        call.yields(STANDARD.encode(bytes))
    }),
    row("Convert", "static byte[] FromBase64String(string s)", |call| {
        let text: String = call.text(0, "s")?.chars().filter(|c| !matches!(c, ' ' | '\t' | '\r' | '\n')).collect();
        let bytes = STANDARD.decode(&text).map_err(|_| {
            format(
                "The input is not a valid Base-64 string as it contains a non-base 64 character, more than two padding \
                 characters, or an illegal character among the padding characters.",
            )
        })?;
        call.machine.charge(bytes.len())?;
        Ok(Value::Bytes(Arc::from(bytes)))
    }),
];

fn to_int(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let too_large = || overflow("Value was either too large or too small for an Int32.");
    Ok(Value::Int32(match &convertible(call.value(0)) {
        Value::String(text) => parse_int(text)?,
        Value::Int32(value) => *value,
        Value::Double(value) => i32::try_from(rounded(*value).ok_or_else(too_large)?).map_err(|_| too_large())?,
        other => i32::try_from(whole(other, "System.Int32")?).map_err(|_| too_large())?,
    }))
}

fn to_long(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let too_large = || overflow("Value was either too large or too small for an Int64.");
    Ok(Value::Int64(match &convertible(call.value(0)) {
        Value::String(text) => parse_long(text)?,
        Value::Double(value) => rounded(*value).ok_or_else(too_large)?,
        other => whole(other, "System.Int64")?,
    }))
}

// `JValue` is convertible: what it holds is converted.
fn convertible(value: &Value) -> Value {
    let Value::Json(token) = value else { return value.clone() };
    token.held().unwrap_or_else(|| value.clone())
}

// To even, as `Convert` rounds.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked before the cast")]
fn rounded(value: f64) -> Option<i64> {
    let even = value.round_ties_even();
    (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&even).then_some(even as i64)
}

fn whole(value: &Value, target: &str) -> Outcome<i64> {
    match value {
        Value::Null => Ok(0),
        Value::Bool(value) => Ok(i64::from(*value)),
        Value::Char(unit) => Ok(i64::from(*unit)),
        Value::Int32(value) => Ok(i64::from(*value)),
        Value::Int64(value) => Ok(*value),
        Value::Enum(member) => Ok(i64::from(member.number)),
        other => Err(not_convertible(other, target)),
    }
}

fn not_convertible(value: &Value, target: &str) -> crate::expr::Interrupt {
    invalid_cast(
        &value.type_name(),
        if matches!(value, Value::Guid(_) | Value::Json(_)) { "System.IConvertible" } else { target },
    )
}

#[expect(clippy::cast_precision_loss, reason = "as .NET's conversion from long to double")]
fn to_double(call: &mut Call<'_, '_>) -> Outcome<Value> {
    Ok(Value::Double(match &convertible(call.value(0)) {
        Value::String(text) => parse_double(text)?,
        Value::Double(value) => *value,
        other => whole(other, "System.Double")? as f64,
    }))
}

fn to_bool(call: &mut Call<'_, '_>) -> Outcome<Value> {
    Ok(Value::Bool(match &convertible(call.value(0)) {
        Value::String(text) => parse_bool(text)?,
        Value::Double(value) => *value != 0.0,
        other @ Value::Char(_) => return Err(not_convertible(other, "System.Boolean")),
        other => whole(other, "System.Boolean")? != 0,
    }))
}
