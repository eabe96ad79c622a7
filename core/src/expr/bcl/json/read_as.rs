//! Tokens read as what they are wanted for: `JsonReader.ReadAsInt32` and its like, as the serializer asks for them before it converts.

use std::sync::Arc;

use super::super::number_decimal;
use super::super::number_parse;
use super::super::time_parse::{self, Styles};
use super::super::{Call, convert, convert_text, guid};
use super::cast::{converted, now};
use super::{inside, placed, reader};
use crate::expr::Interrupt;
use crate::expr::exception::Outcome;
use crate::expr::ty::{Class, Ty};
use crate::value::json::{JKind, ReadAs, Shape, date_of};
use crate::value::{Decimal, JToken, Value};

/// As what a value of the type is read; `None` where the value says it.
pub(super) fn of(ty: &Ty) -> Option<ReadAs> {
    Some(match ty {
        Ty::Nullable(inner) => return of(inner),
        Ty::Byte | Ty::Int16 | Ty::Int32 => ReadAs::Int32,
        Ty::Single | Ty::Double => ReadAs::Double,
        Ty::Decimal => ReadAs::Decimal,
        Ty::Bool => ReadAs::Boolean,
        Ty::String => ReadAs::Text,
        Ty::Array(item) if **item == Ty::Byte => ReadAs::Bytes,
        Ty::Class(Class::DateTime) => ReadAs::DateTime,
        Ty::Class(Class::DateTimeOffset) => ReadAs::DateTimeOffset,
        _ => return None,
    })
}

/// How the text of a value of the type is read.
pub(super) fn shape(ty: &Ty) -> Shape {
    match (of(ty), ty) {
        (Some(read_as), _) => Shape::One(read_as),
        (None, Ty::Array(item)) => Shape::Items(Box::new(shape(item))),
        (None, Ty::Generic(class, types)) => match &**types {
            [item] => Shape::Items(Box::new(shape(item))),
            [_, value] if *class != Class::KeyValuePair => Shape::Members(Box::new(shape(value))),
            _ => Shape::Any,
        },
        (None, _) => Shape::Any,
    }
}

/// What the serializer gets that wants a value so; null for JSON's `null` and for empty text.
pub(super) fn read(call: &Call<'_, '_>, token: &JToken, wanted: ReadAs) -> Outcome<Value> {
    if matches!(token.kind(), JKind::Null | JKind::Comment) {
        return Ok(Value::Null);
    }
    if wanted == ReadAs::Bytes {
        return bytes(call, token);
    }
    let held = token.held().filter(|_| !matches!(token.kind(), JKind::Undefined | JKind::Raw));
    match (token.kind(), held) {
        (JKind::Guid | JKind::TimeSpan | JKind::Uri, Some(value)) if wanted != ReadAs::Text => {
            of_text(call, token, &value.to_string().into(), wanted)
        }
        (JKind::String, Some(Value::String(text))) => of_text(call, token, &text, wanted),
        (kind @ (JKind::Integer | JKind::Float), Some(value)) => of_number(call, token, kind, &value, wanted),
        (JKind::Boolean, Some(value)) if wanted == ReadAs::Boolean => Ok(value),
        (JKind::Date, Some(value)) if wanted == ReadAs::DateTime => {
            converted(now(call), JKind::Date, &value, &DATE_TIME)
        }
        (JKind::Date, Some(value)) if wanted == ReadAs::DateTimeOffset => {
            converted(now(call), JKind::Date, &value, &MOMENT)
        }
        (JKind::Bytes, Some(Value::Bytes(_))) if wanted == ReadAs::Text => Ok(Value::string("System.Byte[]")),
        (_, Some(value)) if wanted == ReadAs::Text => Ok(Value::string(value.to_string())),
        _ => Err(unexpected(token, what(wanted))),
    }
}

const DATE_TIME: Ty = Ty::Class(Class::DateTime);
const MOMENT: Ty = Ty::Class(Class::DateTimeOffset);

const fn what(wanted: ReadAs) -> &'static str {
    match wanted {
        ReadAs::Int32 => "integer",
        ReadAs::Decimal => "decimal",
        ReadAs::Double => "double",
        ReadAs::Boolean => "boolean",
        ReadAs::Text => "string",
        ReadAs::Bytes => "bytes",
        ReadAs::DateTime | ReadAs::DateTimeOffset => "date",
    }
}

fn refused(message: &str, token: &JToken) -> Interrupt {
    reader(&placed(message, token))
}

fn unexpected(token: &JToken, what: &str) -> Interrupt {
    refused(&format!("Error reading {what}. Unexpected token: {}.", mark(token.kind())), token)
}

/// What is no whole number of 64 bits either.
pub(super) fn undefined(token: &JToken) -> Interrupt {
    refused("An undefined token is not a valid System.Int64.", token)
}

/// The name of the `JsonToken` that a reader meets first.
pub(super) const fn mark(kind: JKind) -> &'static str {
    match kind {
        JKind::Object => "StartObject",
        JKind::Array => "StartArray",
        JKind::Constructor => "StartConstructor",
        JKind::Property => "PropertyName",
        JKind::Guid | JKind::Uri | JKind::TimeSpan => "String",
        other => other.name(),
    }
}

fn of_number(call: &Call<'_, '_>, token: &JToken, kind: JKind, value: &Value, wanted: ReadAs) -> Outcome<Value> {
    let ty = match wanted {
        ReadAs::Int32 => Ty::Int32,
        ReadAs::Decimal => Ty::Decimal,
        ReadAs::Double => Ty::Double,
        ReadAs::Boolean => Ty::Bool,
        ReadAs::Text => return Ok(Value::string(value.to_string())),
        ReadAs::Bytes | ReadAs::DateTime | ReadAs::DateTimeOffset => return Err(unexpected(token, what(wanted))),
    };
    let is_big = matches!(value, Value::String(_));
    converted(now(call), kind, value, &ty).map_err(|error| match (error, wanted) {
        (Interrupt::Exception(_), ReadAs::Int32 | ReadAs::Decimal) if !is_big => {
            refused(&format!("Could not convert to {}: {value}.", what(wanted)), token)
        }
        (error, _) => error,
    })
}

fn of_text(call: &Call<'_, '_>, token: &JToken, text: &Arc<str>, wanted: ReadAs) -> Outcome<Value> {
    if wanted == ReadAs::Text {
        return Ok(Value::String(Arc::clone(text)));
    }
    if text.is_empty() {
        return Ok(Value::Null);
    }
    let (what, value) = match wanted {
        ReadAs::Int32 => {
            let number = number_parse::whole(text, i128::from(i32::MIN), i128::from(i32::MAX)).ok();
            ("integer", number.and_then(|number| i32::try_from(number).ok()).map(Value::Int32))
        }
        ReadAs::Decimal => {
            let plain = number_decimal::read(text).ok();
            ("decimal", plain.or_else(|| Decimal::parse(text).flatten().map(Value::Decimal)))
        }
        ReadAs::Double => ("double", number_parse::double(text).map(Value::Double)),
        ReadAs::Boolean => ("boolean", convert::to_bool(&Value::String(Arc::clone(text))).ok()),
        ReadAs::DateTime => ("DateTime", date_time(call, text)),
        ReadAs::DateTimeOffset => ("DateTimeOffset", moment(call, text)),
        ReadAs::Bytes | ReadAs::Text => (what(wanted), None),
    };
    value.ok_or_else(|| refused(&format!("Could not convert string to {what}: {text}."), token))
}

/// ISO dates and those of Microsoft first, then whatever `DateTime.TryParse` takes.
pub(super) fn date_time(call: &Call<'_, '_>, text: &str) -> Option<Value> {
    if let Some(date) = date_of(text) {
        return Some(date);
    }
    let found = time_parse::date_time(text, Styles(Styles::ROUNDTRIP_KIND), now(call));
    found.ok().map(Value::DateTime)
}

fn moment(call: &Call<'_, '_>, text: &str) -> Option<Value> {
    let found = time_parse::date_time_offset(text, Styles(Styles::ROUNDTRIP_KIND), now(call));
    found.ok().map(Value::DateTimeOffset).or_else(|| converted(now(call), JKind::Date, &date_of(text)?, &MOMENT).ok())
}

fn bytes(call: &Call<'_, '_>, token: &JToken) -> Outcome<Value> {
    match (token.kind(), token.reference()) {
        (JKind::Bytes, Some(value)) => Ok(value),
        (JKind::String, Some(Value::String(text))) => match guid::parse(&text).ok().filter(|_| text.len() == 36) {
            Some(guid) => Ok(guid::bytes_of(guid)),
            None => convert_text::base64_bytes(&text).map(|bytes| Value::Bytes(bytes.into())),
        },
        (JKind::Guid, Some(Value::Guid(guid))) => Ok(guid::bytes_of(guid)),
        (JKind::Array, _) => token
            .children()
            .iter()
            .map(|item| byte(call, item))
            .collect::<Outcome<Vec<u8>>>()
            .map(|bytes| Value::Bytes(bytes.into())),
        (JKind::Object, _) => Err(reader(&inside("Error reading bytes. Unexpected token: StartObject.", token))),
        _ => Err(unexpected(token, "bytes")),
    }
}

fn byte(call: &Call<'_, '_>, item: &JToken) -> Outcome<u8> {
    let Some(held) = item.held().filter(|_| item.kind() == JKind::Integer) else {
        return Err(refused(&format!("Unexpected token when reading bytes: {}.", mark(item.kind())), item));
    };
    match converted(now(call), JKind::Integer, &held, &Ty::Byte)? {
        Value::Byte(byte) => Ok(byte),
        _ => Err(unexpected(item, "bytes")),
    }
}
