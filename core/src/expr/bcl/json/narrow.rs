//! What a `JValue` holds as the types beyond `int`, `long` and `double`: the rest of `JToken`'s operators.

use super::super::object::{parse_double, parse_long};
use crate::expr::exception::{Outcome, overflow, throw};
use crate::expr::ty::{Class, Ty};
use crate::value::{DateTimeOffset, Decimal, Value};

/// The value under `Convert.ChangeType`; nothing when the type is none of these.
pub(super) fn narrowed(held: &Value, ty: &Ty) -> Option<Outcome<Value>> {
    match ty {
        Ty::SByte => Some(fitted(held, "a signed byte", Value::SByte)),
        Ty::Byte => Some(fitted(held, "an unsigned byte", Value::Byte)),
        Ty::Int16 => Some(fitted(held, "an Int16", Value::Int16)),
        Ty::UInt16 => Some(fitted(held, "a UInt16", Value::UInt16)),
        Ty::UInt32 => Some(fitted(held, "a UInt32", Value::UInt32)),
        Ty::UInt64 => Some(fitted(held, "a UInt64", Value::UInt64)),
        Ty::Single => Some(single(held)),
        Ty::Decimal => Some(decimal(held)),
        Ty::Class(Class::DateTimeOffset) => moment(held),
        Ty::Class(Class::TimeSpan) => match held {
            Value::String(text) => Some(span(text)),
            _ => None,
        },
        _ => None,
    }
}

fn fitted<T: TryFrom<i128>>(held: &Value, name: &str, made: fn(T) -> Value) -> Outcome<Value> {
    let out = || overflow(&format!("Value was either too large or too small for {name}."));
    T::try_from(whole(held, &out)?).map(made).map_err(|_| out())
}

// To the nearest whole number, halves to the even one.
#[expect(clippy::cast_possible_truncation, reason = "the cast saturates, which is out of every range")]
fn whole(held: &Value, out: &dyn Fn() -> crate::expr::Interrupt) -> Outcome<i128> {
    match held {
        Value::Bool(value) => Ok(i128::from(*value)),
        Value::Int32(value) => Ok(i128::from(*value)),
        Value::Int64(value) => Ok(i128::from(*value)),
        Value::Double(value) if value.is_nan() => Err(out()),
        Value::Double(value) => Ok(value.round_ties_even() as i128),
        // A whole number beyond `long` is kept as its digits.
        Value::String(text) => parse_long(text).map(i128::from),
        other => Err(no_number(other)),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "as .NET's own conversions")]
fn single(held: &Value) -> Outcome<Value> {
    match held {
        Value::Double(value) => Ok(Value::Single(*value as f32)),
        Value::String(text) => parse_double(text).map(|value| Value::Single(value as f32)),
        other => whole(other, &|| no_number(other)).map(|value| Value::Single(value as f32)),
    }
}

fn decimal(held: &Value) -> Outcome<Value> {
    let out = || overflow("Value was either too large or too small for a Decimal.");
    let made = match held {
        Value::Double(value) => Decimal::of_double(*value),
        Value::String(text) => match Decimal::parse(text) {
            Some(made) => made,
            None => {
                let message = format!("The input string '{text}' was not in a correct format.");
                return Err(throw("System.FormatException", message));
            }
        },
        other => Decimal::of_whole(whole(other, &out)?),
    };
    made.map(Value::Decimal).ok_or_else(out)
}

fn moment(held: &Value) -> Option<Outcome<Value>> {
    let Value::DateTime(moment) = held else { return None };
    let made = DateTimeOffset::of_utc(moment.ticks(), 0).map(Value::DateTimeOffset);
    Some(made.ok_or_else(crate::expr::bcl::unrepresentable))
}

fn no_number(value: &Value) -> crate::expr::Interrupt {
    throw("System.InvalidCastException", format!("Invalid cast from '{}'.", value.type_name()))
}

fn span(text: &str) -> Outcome<Value> {
    let read = super::super::span_parse::read(text);
    read.map(Value::TimeSpan).map_err(|refused| refused.exception(text, ""))
}
