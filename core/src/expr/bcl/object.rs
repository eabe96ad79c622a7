//! Members that every value has: `ToString`, `Equals`, `GetHashCode` and those of numbers and booleans.

use super::{Call, Row, row};
use crate::expr::exception::{Outcome, format, number_format, overflow};
use crate::expr::instance::Items;
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
    row("double", "static bool IsNaN(double d)", |call| Ok(Value::Bool(call.double(0)?.is_nan()))),
    row("bool", "static bool Parse(string value)", |call| Ok(Value::Bool(parse_bool(call.text(0, "value")?)?))),
    row("char", "static bool IsDigit(char c)", |call| character(call, |c| c.is_ascii_digit())),
    row("char", "static bool IsLetter(char c)", |call| character(call, char::is_alphabetic)),
    row("char", "static bool IsLetterOrDigit(char c)", |call| character(call, char::is_alphanumeric)),
    row("char", "static bool IsWhiteSpace(char c)", |call| character(call, char::is_whitespace)),
    row("char", "static bool IsUpper(char c)", |call| character(call, char::is_uppercase)),
    row("char", "static bool IsLower(char c)", |call| character(call, char::is_lowercase)),
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

fn character(call: &mut Call<'_, '_>, test: fn(char) -> bool) -> Outcome<Value> {
    Ok(Value::Bool(test(super::utf16::char_of(call.unit(0)?))))
}

/// `CompareTo`'s -1, 0 or 1.
pub(super) fn order(ordering: std::cmp::Ordering) -> Value {
    Value::Int32(ordering as i32)
}

// The blanks that number parsing passes over: tab to carriage return, and the blank.
fn is_blank(c: char) -> bool {
    matches!(c, '\t'..='\r' | ' ')
}

fn integer(text: &str) -> Outcome<i128> {
    let digits = text.trim_matches(is_blank);
    let digits = digits.trim_end_matches('\0');
    let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    if unsigned.is_empty() || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(number_format(text));
    }
    // More digits than an i128 holds are an overflow of every type.
    Ok(digits.parse().unwrap_or(i128::MAX))
}

/// `int.Parse`
pub(super) fn parse_int(text: &str) -> Outcome<i32> {
    i32::try_from(integer(text)?).map_err(|_| overflow("Value was either too large or too small for an Int32."))
}

/// `long.Parse`
pub(super) fn parse_long(text: &str) -> Outcome<i64> {
    i64::try_from(integer(text)?).map_err(|_| overflow("Value was either too large or too small for an Int64."))
}

/// `double.Parse`: thousands separators in the whole part, an exponent, and the three names.
pub(super) fn parse_double(text: &str) -> Outcome<f64> {
    let trimmed = text.trim_matches(is_blank);
    let named = [("NaN", f64::NAN), ("Infinity", f64::INFINITY), ("-Infinity", f64::NEG_INFINITY)];
    if let Some((_, value)) = named.iter().find(|(name, _)| trimmed.eq_ignore_ascii_case(name)) {
        return Ok(*value);
    }
    let whole_end = trimmed.find(['.', 'e', 'E']).unwrap_or(trimmed.len());
    let (whole, rest) = trimmed.split_at(whole_end);
    let plain = format!("{}{rest}", whole.replace(',', ""));
    let is_number = plain.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    if !is_number || whole.starts_with(',') {
        return Err(number_format(text));
    }
    plain.parse().map_err(|_| number_format(text))
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
