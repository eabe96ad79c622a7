//! Members of the number types beside `int`, `long` and `double`, and `TryParse` of all types that have it. Arithmetic is in
//! `eval::operate`.

use super::format::formatted;
use super::number_parse::{self, Style};
use super::object::{parse_bool, parse_double, parse_int, parse_long};
use super::{Call, Row, row};
use crate::expr::Interrupt;
use crate::expr::exception::{Outcome, number_format, overflow};
use crate::value::{Decimal, Value};

pub(super) const ROWS: &[Row] = &[
    row("int", "static bool TryParse(string s, out int result)", |call| {
        tried(call, Value::Int32(0), |text| parse_int(text).map(Value::Int32))
    }),
    row("long", "static bool TryParse(string s, out long result)", |call| {
        tried(call, Value::Int64(0), |text| parse_long(text).map(Value::Int64))
    }),
    row("double", "static bool TryParse(string s, out double result)", |call| {
        tried(call, Value::Double(0.0), |text| parse_double(text).map(Value::Double))
    }),
    row("bool", "static bool TryParse(string value, out bool result)", |call| {
        tried(call, Value::Bool(false), |text| parse_bool(text).map(Value::Bool))
    }),
    row("decimal", "static bool TryParse(string s, out decimal result)", |call| {
        tried(call, Value::Decimal(Decimal::ZERO), |text| parse_decimal(text).map(Value::Decimal))
    }),
    row("float", "static bool TryParse(string s, out float result)", |call| {
        tried(call, Value::Single(0.0), |text| parse_single(text).map(Value::Single))
    }),
    row("Guid", "static bool TryParse(string input, out Guid result)", |call| {
        tried(call, Value::Guid(crate::rng::Uuid(0)), |text| super::guid::parse(text).map(Value::Guid))
    }),
    row("decimal", "static decimal Parse(string s)", |call| parse_decimal(call.text(0, "s")?).map(Value::Decimal)),
    row("float", "static float Parse(string s)", |call| parse_single(call.text(0, "s")?).map(Value::Single)),
    row("decimal", "static decimal MaxValue", |_| Ok(Value::Decimal(Decimal::MAX))),
    row("decimal", "static decimal MinValue", |_| Ok(Value::Decimal(Decimal::MIN))),
    row("decimal", "static decimal Zero", |_| Ok(Value::Decimal(Decimal::ZERO))),
    row("float", "static float MaxValue", |_| Ok(Value::Single(f32::MAX))),
    row("float", "static float MinValue", |_| Ok(Value::Single(f32::MIN))),
    row("byte", "static byte MaxValue", |_| Ok(Value::Byte(u8::MAX))),
    row("byte", "static byte MinValue", |_| Ok(Value::Byte(u8::MIN))),
    row("uint", "static uint MaxValue", |_| Ok(Value::UInt32(u32::MAX))),
    row("uint", "static uint MinValue", |_| Ok(Value::UInt32(u32::MIN))),
    row("ulong", "static ulong MaxValue", |_| Ok(Value::UInt64(u64::MAX))),
    row("ulong", "static ulong MinValue", |_| Ok(Value::UInt64(u64::MIN))),
    row("decimal", "string ToString(string format)", formatted),
    row("float", "string ToString(string format)", formatted),
    row("byte", "string ToString(string format)", formatted),
    row("sbyte", "string ToString(string format)", formatted),
    row("short", "string ToString(string format)", formatted),
    row("ushort", "string ToString(string format)", formatted),
    row("uint", "string ToString(string format)", formatted),
    row("ulong", "string ToString(string format)", formatted),
];

// `TryParse`: what the text is no value of gives the default; limits are no matter of the text.
fn tried(call: &mut Call<'_, '_>, default: Value, parse: fn(&str) -> Outcome<Value>) -> Outcome<Value> {
    let parsed = match call.text_or_null(0)? {
        Some(text) => match parse(text) {
            Ok(value) => Some(value),
            Err(Interrupt::Exception { .. }) => None,
            Err(other @ (Interrupt::LimitExceeded(_) | Interrupt::NeedsBody(_))) => return Err(other),
        },
        None => None,
    };
    let is_value = parsed.is_some();
    call.give(parsed.unwrap_or(default));
    Ok(Value::Bool(is_value))
}

/// `decimal.Parse`
fn parse_decimal(text: &str) -> Outcome<Decimal> {
    let found = number_parse::digits(text, Style::Decimal).ok_or_else(|| number_format(text))?;
    let sign = if found.is_negative { "-" } else { "" };
    let digits = String::from_utf8_lossy(&found.digits).into_owned();
    let digits = if digits.is_empty() { "0" } else { &digits };
    let plain = format!("{sign}{digits}E{}", i64::from(found.point) - i64::try_from(digits.len()).unwrap_or(i64::MAX));
    match Decimal::parse(&plain) {
        Some(Some(value)) => Ok(value),
        Some(None) => Err(overflow("Value was either too large or too small for a Decimal.")),
        None => Err(number_format(text)),
    }
}

/// `float.Parse`
fn parse_single(text: &str) -> Outcome<f32> {
    number_parse::single(text).ok_or_else(|| number_format(text))
}
