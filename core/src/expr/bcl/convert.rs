//! `System.Convert`: conversions between numbers, text and dates. Bases 2 to 16, Base64 and hexadecimal are in `convert_text`; what
//! `ChangeType` does is in `change_type`.

use super::format::shown;
use super::number_real::read as read_real;
use super::number_whole::{Whole, read as read_whole};
use super::object::parse_bool;
use super::{Call, Row, json_cast, row};
use crate::expr::Interrupt;
use crate::expr::eval::numeric;
use crate::expr::exception::{Outcome, format, invalid_cast, overflow, throw};
use crate::expr::ty::{Class, Ty};
use crate::value::decimal::Rounding;
use crate::value::{DateTime, Value};

const OWNER: &str = "Convert";

// `ToX` of every type that it is known for, and of `object`.
macro_rules! conversions {
    ($($table:ident $result:literal $method:literal $function:expr, $of_text:expr, $of_formatted:expr;)*) => {
        /// A table for each type that is converted to.
        pub(super) const TABLES: [&[Row]; 15] = [$($table,)* TEXT];

        $(const $table: &[Row] = &[
            row(OWNER, concat!("static ", $result, " ", $method, "(string value)"), $of_text),
            row(OWNER, concat!("static ", $result, " ", $method, "(string value, IFormatProvider provider)"), $of_formatted),
            row(OWNER, concat!("static ", $result, " ", $method, "(object value)"), $function),
            row(OWNER, concat!("static ", $result, " ", $method, "(object value, IFormatProvider provider)"), $function),
            row(OWNER, concat!("static ", $result, " ", $method, "(bool value)"), $function),
            row(OWNER, concat!("static ", $result, " ", $method, "(char value)"), $function),
            row(OWNER, concat!("static ", $result, " ", $method, "(int value)"), $function),
            row(OWNER, concat!("static ", $result, " ", $method, "(long value)"), $function),
            row(OWNER, concat!("static ", $result, " ", $method, "(double value)"), $function),
            row(OWNER, concat!("static ", $result, " ", $method, "(decimal value)"), $function),
            row(OWNER, concat!("static ", $result, " ", $method, "(float value)"), $function),
            row(OWNER, concat!("static ", $result, " ", $method, "(sbyte value)"), $function),
            row(OWNER, concat!("static ", $result, " ", $method, "(byte value)"), $function),
            row(OWNER, concat!("static ", $result, " ", $method, "(short value)"), $function),
            row(OWNER, concat!("static ", $result, " ", $method, "(ushort value)"), $function),
            row(OWNER, concat!("static ", $result, " ", $method, "(uint value)"), $function),
            row(OWNER, concat!("static ", $result, " ", $method, "(ulong value)"), $function),
            row(OWNER, concat!("static ", $result, " ", $method, "(DateTime value)"), $function),
        ];)*
    };
}

conversions! {
    BOOL "bool" "ToBoolean" bool_of, bool_of, bool_of;
    CHAR "char" "ToChar" char_of, char_of_text, char_of_text;
    SBYTE "sbyte" "ToSByte" whole_of::<i8>, whole_of::<i8>, sbyte_of_formatted;
    BYTE "byte" "ToByte" whole_of::<u8>, whole_of::<u8>, whole_of::<u8>;
    SHORT "short" "ToInt16" whole_of::<i16>, whole_of::<i16>, whole_of::<i16>;
    USHORT "ushort" "ToUInt16" whole_of::<u16>, whole_of::<u16>, whole_of::<u16>;
    INT "int" "ToInt32" whole_of::<i32>, whole_of::<i32>, whole_of::<i32>;
    UINT "uint" "ToUInt32" whole_of::<u32>, whole_of::<u32>, whole_of::<u32>;
    LONG "long" "ToInt64" whole_of::<i64>, whole_of::<i64>, whole_of::<i64>;
    ULONG "ulong" "ToUInt64" whole_of::<u64>, whole_of::<u64>, whole_of::<u64>;
    SINGLE "float" "ToSingle" single_of, single_of, single_of;
    DOUBLE "double" "ToDouble" double_of, double_of, double_of;
    DECIMAL "decimal" "ToDecimal" decimal_of, decimal_of, decimal_of;
    DATE_TIME "DateTime" "ToDateTime" date_of, date_of, date_of;
}

fn bool_of(call: &mut Call<'_, '_>) -> Outcome<Value> {
    to_bool(call.value(0))
}

fn char_of(call: &mut Call<'_, '_>) -> Outcome<Value> {
    to_char(call.value(0))
}

fn char_of_text(call: &mut Call<'_, '_>) -> Outcome<Value> {
    call.text(0, "value")?;
    to_char(call.value(0))
}

fn whole_of<T: Whole>(call: &mut Call<'_, '_>) -> Outcome<Value> {
    to_whole::<T>(call.value(0))
}

// Of the methods that take a provider, this one alone refuses null.
fn sbyte_of_formatted(call: &mut Call<'_, '_>) -> Outcome<Value> {
    call.text(0, "s")?;
    whole_of::<i8>(call)
}

fn single_of(call: &mut Call<'_, '_>) -> Outcome<Value> {
    to_single(call.value(0))
}

fn double_of(call: &mut Call<'_, '_>) -> Outcome<Value> {
    to_double(call.value(0))
}

fn decimal_of(call: &mut Call<'_, '_>) -> Outcome<Value> {
    to_decimal(call.value(0))
}

fn date_of(call: &mut Call<'_, '_>) -> Outcome<Value> {
    to_date(call, call.value(0))
}

macro_rules! texts {
    ($($name:literal)*) => {
        // `ToString((string)null)` is null, `ToString((object)null)` is empty (reference A5).
        const TEXT: &[Row] = &[
            row(OWNER, "static string ToString(string value)", |call| Ok(call.value(0).clone())),
            row(OWNER, "static string ToString(string value, IFormatProvider provider)", |call| Ok(call.value(0).clone())),
            $(
                row(OWNER, concat!("static string ToString(", $name, " value)"), shown),
                row(OWNER, concat!("static string ToString(", $name, " value, IFormatProvider provider)"), shown),
            )*
        ];
    };
}

texts! {
    "object" "bool" "char" "int" "long" "double" "decimal" "float" "sbyte" "byte" "short" "ushort" "uint" "ulong" "DateTime"
}

/// `JValue` is convertible: what it holds is converted.
pub(super) fn convertible(value: &Value) -> Value {
    let Value::Json(token) = value else { return value.clone() };
    token.held().unwrap_or_else(|| value.clone())
}

// What a `JValue` says of its own: what its operator gives.
fn of_token(value: &Value, now: DateTime, ty: &Ty) -> Option<Outcome<Value>> {
    let is_value = matches!(value, Value::Json(token) if token.is_value());
    is_value.then(|| json_cast(now, value, ty))
}

/// A whole number, to even where there is a fraction.
pub(super) fn to_whole<T: Whole>(value: &Value) -> Outcome<Value> {
    let too_large = |shown: &str| overflow(&format!("Value was either too large or too small for {shown}."));
    if let Some(given) = of_token(value, DateTime::MIN, &T::TYPE) {
        return given;
    }
    let whole = match value {
        Value::String(text) => return read_whole::<T>(text),
        Value::Single(value) => rounded::<T>(f64::from(*value))?,
        Value::Double(value) => rounded::<T>(*value)?,
        Value::Decimal(value) => value.rounded(0, Rounding::ToEven).whole(),
        other => whole(other, T::NAME)?,
    };
    T::of_wide(whole).map(T::value).ok_or_else(|| too_large(T::SHOWN))
}

// Types smaller than `int` go through it, and those of 64 bits through the machine's checked conversion: their exceptions say so.
#[expect(clippy::cast_possible_truncation, reason = "the cast saturates, and the range is checked behind it")]
fn rounded<T: Whole>(value: f64) -> Outcome<i128> {
    let even = if value.is_nan() { i128::MAX } else { value.round_ties_even() as i128 };
    let is_small = T::MOST < i128::from(i32::MAX);
    let is_long = T::MOST > i128::from(u32::MAX);
    if is_small && i32::try_from(even).is_err() {
        return Err(overflow("Value was either too large or too small for an Int32."));
    }
    if is_long && T::of_wide(even).is_none() {
        return Err(overflow("Arithmetic operation resulted in an overflow."));
    }
    Ok(even)
}

fn whole(value: &Value, target: &str) -> Outcome<i128> {
    match value {
        Value::Null => Ok(0),
        Value::Bool(value) => Ok(i128::from(*value)),
        Value::Char(unit) => Ok(i128::from(*unit)),
        Value::SByte(value) => Ok(i128::from(*value)),
        Value::Byte(value) => Ok(i128::from(*value)),
        Value::Int16(value) => Ok(i128::from(*value)),
        Value::UInt16(value) => Ok(i128::from(*value)),
        Value::Int32(value) => Ok(i128::from(*value)),
        Value::UInt32(value) => Ok(i128::from(*value)),
        Value::Int64(value) => Ok(i128::from(*value)),
        Value::UInt64(value) => Ok(i128::from(*value)),
        Value::Enum(value) => Ok(i128::from(value.number)),
        other => Err(not_convertible(other, target)),
    }
}

/// Simple types refuse by name; what is no simple type is not convertible at all.
pub(super) fn not_convertible(value: &Value, target: &str) -> Interrupt {
    let name = value.type_name();
    if super::change_type::is_db_null(value) {
        return throw("System.InvalidCastException", "Object cannot be cast from DBNull to other types.");
    }
    let short = match value {
        Value::Enum(_) => "Enum",
        Value::Bool(_)
        | Value::Char(_)
        | Value::SByte(_)
        | Value::Byte(_)
        | Value::Int16(_)
        | Value::UInt16(_)
        | Value::Int32(_)
        | Value::UInt32(_)
        | Value::Int64(_)
        | Value::UInt64(_)
        | Value::Single(_)
        | Value::Double(_)
        | Value::Decimal(_)
        | Value::DateTime(_) => name.strip_prefix("System.").unwrap_or(&name),
        _ => return invalid_cast(&name, "System.IConvertible"),
    };
    throw("System.InvalidCastException", format!("Invalid cast from '{short}' to '{target}'."))
}

/// `ToSingle`
pub(super) fn to_single(value: &Value) -> Outcome<Value> {
    if let Some(given) = of_token(value, DateTime::MIN, &Ty::Single) {
        return given;
    }
    match value {
        Value::String(text) => read_real::<f32>(text),
        other => real(other, &Ty::Single, "Single"),
    }
}

/// `ToDouble`
pub(super) fn to_double(value: &Value) -> Outcome<Value> {
    if let Some(given) = of_token(value, DateTime::MIN, &Ty::Double) {
        return given;
    }
    match value {
        Value::String(text) => read_real::<f64>(text),
        other => real(other, &Ty::Double, "Double"),
    }
}

/// `ToDecimal`
pub(super) fn to_decimal(value: &Value) -> Outcome<Value> {
    if let Some(given) = of_token(value, DateTime::MIN, &Ty::Decimal) {
        return given;
    }
    match value {
        Value::String(text) => super::number_decimal::read(text),
        other => real(other, &Ty::Decimal, "Decimal"),
    }
}

fn real(value: &Value, ty: &Ty, target: &str) -> Outcome<Value> {
    match value {
        Value::Single(_) | Value::Double(_) | Value::Decimal(_) | Value::Int64(_) | Value::UInt64(_) => {
            numeric(value, ty)
        }
        Value::Char(_) => Err(not_convertible(value, target)),
        other => {
            let number = i64::try_from(whole(other, target)?).unwrap_or(0);
            numeric(&Value::Int64(number), ty)
        }
    }
}

/// `ToBoolean`
pub(super) fn to_bool(value: &Value) -> Outcome<Value> {
    if let Some(given) = of_token(value, DateTime::MIN, &Ty::Bool) {
        return given;
    }
    Ok(Value::Bool(match value {
        Value::String(text) => parse_bool(text)?,
        Value::Single(value) => *value != 0.0,
        Value::Double(value) => *value != 0.0,
        Value::Decimal(value) => !value.is_zero(),
        other @ Value::Char(_) => return Err(not_convertible(other, "Boolean")),
        other => whole(other, "Boolean")? != 0,
    }))
}

/// `ToChar`
pub(super) fn to_char(value: &Value) -> Outcome<Value> {
    if let Some(given) = of_token(value, DateTime::MIN, &Ty::Char) {
        return given;
    }
    match value {
        Value::String(text) => match (super::utf16::unit_at(text, 0), super::utf16::length(text)) {
            (Some(unit), 1) => Ok(Value::Char(unit)),
            _ => Err(format("String must be exactly one character long.")),
        },
        other @ (Value::Bool(_) | Value::Single(_) | Value::Double(_) | Value::Decimal(_)) => {
            Err(not_convertible(other, "Char"))
        }
        other => {
            let message = "Value was either too large or too small for a character.";
            u16::try_from(whole(other, "Char")?).map(Value::Char).map_err(|_| overflow(message))
        }
    }
}

/// `ToDateTime`
pub(super) fn to_date(call: &Call<'_, '_>, value: &Value) -> Outcome<Value> {
    let now = super::time::now(call, crate::value::DateTimeKind::Utc);
    if let Some(given) = of_token(value, now, &Ty::Class(Class::DateTime)) {
        return given;
    }
    match value {
        Value::Null => Ok(Value::DateTime(DateTime::MIN)),
        Value::DateTime(moment) => Ok(Value::DateTime(*moment)),
        Value::String(text) => {
            let found = super::time_parse::date_time(text, super::time_parse::Styles::default(), now);
            found.map(Value::DateTime).map_err(|refused| refused.exception(text))
        }
        other => Err(not_convertible(other, "DateTime")),
    }
}
