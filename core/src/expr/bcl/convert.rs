//! `System.Convert`: conversions between numbers, text and dates. Bases 2 to 16, Base64 and hexadecimal are in `convert_text`.

use super::number_parse::parse_double;
use super::object::{parse_bool, parse_int, parse_long};
use super::{Call, Row, row};
use crate::expr::exception::{Outcome, argument_null, format, invalid_cast, overflow, throw};
use crate::value::{DateTime, Value};

const OWNER: &str = "Convert";

pub(super) const ROWS: &[Row] = &[
    row(OWNER, "static int ToInt32(string value)", to_int),
    row(OWNER, "static int ToInt32(bool value)", to_int),
    row(OWNER, "static int ToInt32(char value)", to_int),
    row(OWNER, "static int ToInt32(int value)", to_int),
    row(OWNER, "static int ToInt32(long value)", to_int),
    row(OWNER, "static int ToInt32(double value)", to_int),
    row(OWNER, "static int ToInt32(DateTime value)", to_int),
    row(OWNER, "static int ToInt32(object value)", to_int),
    row(OWNER, "static long ToInt64(string value)", to_long),
    row(OWNER, "static long ToInt64(bool value)", to_long),
    row(OWNER, "static long ToInt64(char value)", to_long),
    row(OWNER, "static long ToInt64(int value)", to_long),
    row(OWNER, "static long ToInt64(long value)", to_long),
    row(OWNER, "static long ToInt64(double value)", to_long),
    row(OWNER, "static long ToInt64(object value)", to_long),
    row(OWNER, "static double ToDouble(string value)", to_double),
    row(OWNER, "static double ToDouble(bool value)", to_double),
    row(OWNER, "static double ToDouble(char value)", to_double),
    row(OWNER, "static double ToDouble(int value)", to_double),
    row(OWNER, "static double ToDouble(long value)", to_double),
    row(OWNER, "static double ToDouble(double value)", to_double),
    row(OWNER, "static double ToDouble(object value)", to_double),
    row(OWNER, "static bool ToBoolean(string value)", to_bool),
    row(OWNER, "static bool ToBoolean(bool value)", to_bool),
    row(OWNER, "static bool ToBoolean(char value)", to_bool),
    row(OWNER, "static bool ToBoolean(int value)", to_bool),
    row(OWNER, "static bool ToBoolean(long value)", to_bool),
    row(OWNER, "static bool ToBoolean(double value)", to_bool),
    row(OWNER, "static bool ToBoolean(object value)", to_bool),
    row(OWNER, "static char ToChar(string value)", |call| {
        call.text(0, "value")?;
        to_char(call)
    }),
    row(OWNER, "static char ToChar(char value)", to_char),
    row(OWNER, "static char ToChar(int value)", to_char),
    row(OWNER, "static char ToChar(long value)", to_char),
    row(OWNER, "static char ToChar(object value)", to_char),
    row(OWNER, "static DateTime ToDateTime(string value)", to_date),
    row(OWNER, "static DateTime ToDateTime(DateTime value)", to_date),
    row(OWNER, "static DateTime ToDateTime(int value)", to_date),
    row(OWNER, "static DateTime ToDateTime(object value)", to_date),
    // `ToString((string)null)` is null, `ToString((object)null)` is empty (reference A5).
    row(OWNER, "static string ToString(string value)", |call| Ok(call.value(0).clone())),
    row(OWNER, "static string ToString(object value)", |call| {
        let text = call.value(0).to_string();
        call.yields(text)
    }),
];

fn to_int(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let too_large = || overflow("Value was either too large or too small for an Int32.");
    Ok(Value::Int32(match &convertible(call.value(0)) {
        Value::String(text) => parse_int(text)?,
        Value::Int32(value) => *value,
        Value::Double(value) => i32::try_from(rounded(*value).ok_or_else(too_large)?).map_err(|_| too_large())?,
        other => i32::try_from(whole(other, "Int32")?).map_err(|_| too_large())?,
    }))
}

fn to_long(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let too_large = || overflow("Arithmetic operation resulted in an overflow.");
    Ok(Value::Int64(match &convertible(call.value(0)) {
        Value::String(text) => parse_long(text)?,
        Value::Double(value) => rounded(*value).ok_or_else(too_large)?,
        other => whole(other, "Int64")?,
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
        Value::SByte(value) => Ok(i64::from(*value)),
        Value::Byte(value) => Ok(i64::from(*value)),
        Value::Int16(value) => Ok(i64::from(*value)),
        Value::UInt16(value) => Ok(i64::from(*value)),
        Value::UInt32(value) => Ok(i64::from(*value)),
        Value::Enum(value) => Ok(i64::from(value.number)),
        other => Err(not_convertible(other, target)),
    }
}

// Simple types refuse by name; what is no simple type is not convertible at all.
fn not_convertible(value: &Value, target: &str) -> crate::expr::Interrupt {
    let name = value.type_name();
    match value {
        Value::Bool(_) | Value::Char(_) | Value::Int32(_) | Value::Int64(_) | Value::Double(_) | Value::DateTime(_) => {
            let short = name.strip_prefix("System.").unwrap_or(&name);
            throw("System.InvalidCastException", format!("Invalid cast from '{short}' to '{target}'."))
        }
        _ => invalid_cast(&name, "System.IConvertible"),
    }
}

#[expect(clippy::cast_precision_loss, reason = "as .NET's conversion from long to double")]
fn to_double(call: &mut Call<'_, '_>) -> Outcome<Value> {
    Ok(Value::Double(match &convertible(call.value(0)) {
        Value::String(text) => parse_double(text)?,
        Value::Double(value) => *value,
        other @ Value::Char(_) => return Err(not_convertible(other, "Double")),
        other => whole(other, "Double")? as f64,
    }))
}

fn to_bool(call: &mut Call<'_, '_>) -> Outcome<Value> {
    Ok(Value::Bool(match &convertible(call.value(0)) {
        Value::String(text) => parse_bool(text)?,
        Value::Double(value) => *value != 0.0,
        other @ Value::Char(_) => return Err(not_convertible(other, "Boolean")),
        other => whole(other, "Boolean")? != 0,
    }))
}

fn to_char(call: &mut Call<'_, '_>) -> Outcome<Value> {
    match &convertible(call.value(0)) {
        Value::String(text) => match (super::utf16::unit_at(text, 0), super::utf16::length(text)) {
            (Some(unit), 1) => Ok(Value::Char(unit)),
            _ => Err(format("String must be exactly one character long.")),
        },
        other @ (Value::Bool(_) | Value::Double(_)) => Err(not_convertible(other, "Char")),
        other => {
            let message = "Value was either too large or too small for a character.";
            u16::try_from(whole(other, "Char")?).map(Value::Char).map_err(|_| overflow(message))
        }
    }
}

fn to_date(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let now = super::time::now(call, crate::value::DateTimeKind::Utc);
    match &convertible(call.value(0)) {
        Value::Null => Ok(Value::DateTime(DateTime::MIN)),
        Value::DateTime(moment) => Ok(Value::DateTime(*moment)),
        Value::String(text) => super::time_parse::date_time(text, now).map(Value::DateTime),
        other => Err(not_convertible(other, "DateTime")),
    }
}

/// `inArray` and its like, which may not be null.
pub(super) fn bytes<'c>(call: &Call<'c, '_>, parameter: &str) -> Outcome<&'c [u8]> {
    match call.value(0) {
        Value::Bytes(bytes) => Ok(bytes),
        _ => Err(argument_null(parameter)),
    }
}
