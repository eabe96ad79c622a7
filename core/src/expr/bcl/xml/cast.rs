//! The explicit operators of `XElement` and `XAttribute`: their text, read as `XmlConvert` does.

use super::super::{number_parse, time_parse};
use super::{Class, Machine, Ty, Value, found, value_of};
use crate::expr::eval::numeric;
use crate::expr::exception::{Outcome, argument_null, broken, format, number_format};
use crate::expr::xml::{date_time_offset, duration};
use crate::value::{DateTime, DateTimeKind};

/// The value of an element or an attribute as this type; a null reference gives null, or throws for a value type.
pub(crate) fn cast(machine: &mut Machine<'_>, class: Class, value: &Value, ty: &Ty) -> Outcome<Value> {
    let Some(node) = found(value) else {
        let parameter = if class == Class::XElement { "element" } else { "attribute" };
        return if ty.holds_null() { Ok(Value::Null) } else { Err(argument_null(parameter)) };
    };
    let text = value_of(machine, &node)?;
    let inner = match ty {
        Ty::Nullable(inner) => inner,
        other => other,
    };
    let trimmed = text.trim_matches([' ', '\t', '\n', '\r']);
    match inner {
        Ty::String => Ok(Value::string(text)),
        Ty::Bool => match trimmed.to_ascii_lowercase().as_str() {
            "true" | "1" => Ok(Value::Bool(true)),
            "false" | "0" => Ok(Value::Bool(false)),
            _ => Err(format(format!("The string '{}' is not a valid Boolean value.", trimmed.to_ascii_lowercase()))),
        },
        Ty::Int32 => whole(&text, i32::MIN.into(), i32::MAX.into(), "an Int32", |number| {
            number.try_into().map(Value::Int32).ok()
        }),
        Ty::UInt32 | Ty::UInt64 if trimmed.starts_with(['+', '-']) => Err(number_format(&text)),
        Ty::UInt32 => whole(&text, 0, u32::MAX.into(), "a UInt32", |number| number.try_into().map(Value::UInt32).ok()),
        Ty::Int64 => whole(&text, i64::MIN.into(), i64::MAX.into(), "an Int64", |number| {
            number.try_into().map(Value::Int64).ok()
        }),
        Ty::UInt64 => whole(&text, 0, u64::MAX.into(), "a UInt64", |number| number.try_into().map(Value::UInt64).ok()),
        Ty::Decimal if is_plain(trimmed) => super::super::number_decimal::read(&text),
        Ty::Single | Ty::Double => real(trimmed, inner),
        Ty::Decimal => Err(number_format(&text)),
        Ty::Class(Class::DateTime) => {
            let now = DateTime::of_wall(machine.now.wall, DateTimeKind::Utc);
            let styles = time_parse::Styles(time_parse::Styles::ROUNDTRIP_KIND);
            let found = time_parse::date_time(&text, styles, now);
            found.map(Value::DateTime).map_err(|refused| refused.exception(&text))
        }
        Ty::Class(Class::DateTimeOffset) => {
            date_time_offset(&text).map(Value::DateTimeOffset).ok_or_else(|| no_date(&text))
        }
        Ty::Class(Class::TimeSpan) => duration(&text)
            .map(Value::TimeSpan)
            .ok_or_else(|| format(format!("The string '{text}' is not a valid TimeSpan value."))),
        Ty::Int16 | Ty::SByte => {
            let number = whole(&text, i32::MIN.into(), i32::MAX.into(), "an Int32", |number| {
                number.try_into().map(Value::Int32).ok()
            })?;
            numeric(&number, ty)
        }
        Ty::Class(Class::Guid) => super::super::guid::parse(&text).map(Value::Guid),
        _ => Err(broken("a cast of XML that the checker refuses")),
    }
}

fn no_date(text: &str) -> crate::expr::Interrupt {
    format(format!("The string '{text}' is not a valid AllXsd value."))
}

fn whole(text: &str, least: i128, most: i128, name: &str, value: fn(i128) -> Option<Value>) -> Outcome<Value> {
    let number = number_parse::parse_whole(text, least, most, name)?;
    value(number).ok_or_else(|| broken("a number within its bounds"))
}

// XML knows no separators of thousands, and no sign behind.
fn is_plain(trimmed: &str) -> bool {
    !trimmed.contains(',') && !trimmed.ends_with(['+', '-'])
}

fn real(trimmed: &str, ty: &Ty) -> Outcome<Value> {
    let value = match trimmed {
        "INF" => f64::INFINITY,
        "-INF" => f64::NEG_INFINITY,
        _ if !is_plain(trimmed) => return Err(number_format(trimmed)),
        _ if *ty == Ty::Single => {
            return number_parse::single(trimmed).map(Value::Single).ok_or_else(|| number_format(trimmed));
        }
        _ => return number_parse::double(trimmed).map(Value::Double).ok_or_else(|| number_format(trimmed)),
    };
    let single = if value > 0.0 { f32::INFINITY } else { f32::NEG_INFINITY };
    Ok(if *ty == Ty::Single { Value::Single(single) } else { Value::Double(value) })
}
