//! Between .NET values and JSON: the operators of `JToken`, `Value<T>`, `ToObject<T>`, `FromObject` and `JsonConvert`.

use std::sync::Arc;

use base64::Engine as _;

use super::super::change_type::is_db_null;
use super::super::time_parse::{self, Styles};
use super::super::{Call, Row, convert, convert_text, guid, row, time, uri};
use super::typed::{deserialize, to_object};
use super::{index, token};
use crate::expr::Interrupt;
use crate::expr::exception::{Outcome, argument_null, broken, invalid_cast, overflow, throw};
use crate::expr::instance;
use crate::expr::ty::{Class, Ty};
use crate::value::json::JKind;
use crate::value::{DateTime, DateTimeKind, DateTimeOffset, JToken, Library, Value};

pub(super) const ROWS: &[Row] = &[
    row("JToken", "T Value<T>(object key)", |call| {
        let found = index(call)?;
        call.machine.share_bytes(&found)?;
        let ty = call.types.first().ok_or_else(|| broken("Value<T> without a type"))?;
        match found {
            Value::Json(token) => value_of(now(call), &token, ty),
            _ => ty.default_value().ok_or_else(|| broken("Value<T> of an unbuilt type")),
        }
    }),
    row("JToken", "this T Value<T>()", |call| {
        if call.value(0).is_null() {
            return Err(argument_null("value"));
        }
        let ty = call.types.first().ok_or_else(|| broken("Value<T> without a type"))?;
        call.machine.share_bytes(call.value(0))?;
        value_of(now(call), &token(call)?, ty)
    }),
    row("JToken", "T ToObject<T>()", |call| {
        let ty = call.types.first().ok_or_else(|| broken("ToObject<T> without a type"))?.clone();
        let token = token(call)?;
        to_object(call, &token, &ty)
    }),
    row("JToken", "object ToObject(Type objectType)", |call| {
        let ty = call.type_object(1, "key")?;
        let token = token(call)?;
        to_object(call, &token, &ty)
    }),
    row("JsonConvert", "static object DeserializeObject(string value, Type type)", |call| {
        let text = Arc::clone(call.text(0, "value")?);
        let ty = call.type_object(1, "type")?;
        deserialize(call, &text, &ty)
    }),
    row("JsonConvert", "static T DeserializeObject<T>(string value)", |call| {
        let ty = call.types.first().ok_or_else(|| broken("DeserializeObject<T> without a type"))?.clone();
        let text = Arc::clone(call.text(0, "value")?);
        deserialize(call, &text, &ty)
    }),
];

/// What texts without a year or a date are completed with.
pub(super) fn now(call: &Call<'_, '_>) -> DateTime {
    time::now(call, DateTimeKind::Utc)
}

/// The implicit operators of `JToken`: from text, numbers and booleans. What null becomes depends on its static type.
pub(crate) fn token_of(value: &Value, null: JKind) -> Outcome<Value> {
    let value = match value {
        // The operators know no smaller whole number than `long`.
        Value::Int32(value) => Value::Int64(i64::from(*value)),
        Value::Char(unit) => Value::Int64(i64::from(*unit)),
        other => other.clone(),
    };
    let kind = if value.is_null() { Some(null) } else { kind_of(&value) };
    kind.map(|kind| Value::Json(JToken::value(kind, value))).ok_or_else(|| broken("a token of no JSON value"))
}

/// The type of the `JValue` that holds the value; `None` for what Json.NET does not know.
fn kind_of(value: &Value) -> Option<JKind> {
    Some(match value {
        Value::Null => JKind::Null,
        Value::Bool(_) => JKind::Boolean,
        Value::String(_) | Value::Char(_) => JKind::String,
        Value::SByte(_)
        | Value::Byte(_)
        | Value::Int16(_)
        | Value::UInt16(_)
        | Value::Int32(_)
        | Value::UInt32(_)
        | Value::Int64(_)
        | Value::UInt64(_)
        | Value::Enum(_) => JKind::Integer,
        Value::Single(_) | Value::Double(_) | Value::Decimal(_) => JKind::Float,
        Value::DateTime(_) | Value::DateTimeOffset(_) => JKind::Date,
        Value::TimeSpan(_) => JKind::TimeSpan,
        Value::Guid(_) => JKind::Guid,
        Value::Bytes(_) => JKind::Bytes,
        Value::Object(object) if instance::is_bytes(object) => JKind::Bytes,
        Value::Library(Library::Uri(_)) => JKind::Uri,
        Value::Json(_)
        | Value::Strings(_)
        | Value::Chars(_)
        | Value::Response(_)
        | Value::Context(_)
        | Value::Object(_)
        | Value::Library(_)
        | Value::Service(_) => return None,
    })
}

/// What stands in a container for the value: a token itself, or a `JValue` of it.
pub(super) fn content_of(value: &Value) -> Outcome<JToken> {
    if let Value::Json(token) = value {
        return Ok(token.clone());
    }
    if is_db_null(value) {
        return Ok(JToken::value(JKind::Null, Value::Null));
    }
    // Json.NET takes a character only where it is known to be one.
    let kind = kind_of(value).filter(|_| !matches!(value, Value::Char(_)));
    kind.map(|kind| JToken::value(kind, value.clone())).ok_or_else(|| undetermined(&value.type_name()))
}

/// The exception for a value that no `JValue` holds.
pub(super) fn undetermined(name: &str) -> Interrupt {
    throw("System.ArgumentException", format!("Could not determine JSON object type for type {name}."))
}

/// The explicit operators of `JToken`. A null reference gives null, or throws for a value type.
pub(crate) fn cast(now: DateTime, value: &Value, ty: &Ty) -> Outcome<Value> {
    let Value::Json(token) = value else {
        return match ty {
            _ if !value.is_null() => Err(broken("expected a JSON token")),
            _ if ty.holds_null() => Ok(Value::Null),
            _ => Err(argument_null("value")),
        };
    };
    if let Ty::Object | Ty::Class(Class::JToken | Class::JContainer | Class::JObject | Class::JArray | Class::JValue) =
        ty
    {
        return if ty.admits(value) {
            Ok(value.clone())
        } else {
            Err(invalid_cast(&value.type_name(), &ty.full_name()))
        };
    }
    let token = token.property_value().unwrap_or_else(|| token.clone());
    let (inner, nullable) = match ty {
        Ty::Nullable(inner) => (&**inner, true),
        // The operator for `byte[]` takes no null.
        other => (other, other.holds_null() && !matches!(other, Ty::Array(_))),
    };
    let kind = token.kind();
    let allowed = allows(inner, kind) || nullable && matches!(kind, JKind::Null | JKind::Undefined);
    let held = if matches!(inner, Ty::Array(_)) { token.reference() } else { token.held() };
    let held = held.filter(|_| allowed).ok_or_else(|| {
        let target = inner.full_name();
        let target = match target.rsplit('.').next().unwrap_or("") {
            "Byte[]" => "byte array",
            other => other,
        };
        throw("System.ArgumentException", format!("Can not convert {} to {target}.", kind.name()))
    })?;
    if held.is_null() && nullable {
        return Ok(Value::Null);
    }
    if matches!(inner, Ty::Array(_)) && (kind == JKind::Integer || matches!(held, Value::Null | Value::Char(_))) {
        let digits = held.as_str().and_then(bytes_of_digits);
        let message = format!("Can not convert {} to byte array.", kind.name());
        return digits.map(Value::Bytes).ok_or_else(|| throw("System.ArgumentException", message));
    }
    if let (JKind::Bytes, Value::Bytes(bytes), Ty::String) = (kind, &held, inner) {
        return Ok(Value::string(base64::engine::general_purpose::STANDARD.encode(bytes)));
    }
    // A number beyond `long` goes through `int`.
    let is_small = matches!(inner, Ty::SByte | Ty::Byte | Ty::Int16 | Ty::UInt16 | Ty::Char | Ty::Bool);
    if is_small && kind == JKind::Integer && matches!(held, Value::String(_)) {
        return Err(too_large("an Int32"));
    }
    converted(now, kind, &held, inner)
}

// `BigInteger.ToByteArray`: the least significant byte first, in two's complement.
fn bytes_of_digits(digits: &str) -> Option<Arc<[u8]>> {
    let (is_negative, digits) = digits.strip_prefix('-').map_or((false, digits), |digits| (true, digits));
    let mut bytes: Vec<u8> = Vec::new();
    for digit in digits.chars() {
        let mut carry = digit.to_digit(10)?;
        for byte in &mut bytes {
            carry += u32::from(*byte) * 10;
            *byte = carry.to_le_bytes()[0];
            carry >>= 8;
        }
        if carry > 0 {
            bytes.push(carry.to_le_bytes()[0]);
        }
    }
    // Room for the sign.
    bytes.push(0);
    if is_negative {
        let mut carry = true;
        for byte in &mut bytes {
            (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
        }
    }
    let is_spare = |bytes: &[u8]| matches!(bytes, [.., before, last] if *last == (if *before < 128 { 0 } else { 255 }));
    while is_spare(&bytes) {
        bytes.pop();
    }
    Some(bytes.into())
}

// The lists of Json.NET's `JToken`: which tokens an operator takes.
fn allows(ty: &Ty, kind: JKind) -> bool {
    let is_text = matches!(kind, JKind::String | JKind::Comment | JKind::Raw);
    let is_number = matches!(kind, JKind::Integer | JKind::Float | JKind::Boolean);
    match ty {
        Ty::String => {
            let others = matches!(kind, JKind::Date | JKind::Bytes | JKind::Guid | JKind::TimeSpan | JKind::Uri);
            is_text || is_number || others
        }
        Ty::Class(Class::DateTime | Class::DateTimeOffset) => is_text || kind == JKind::Date,
        Ty::Class(Class::Guid) => is_text || matches!(kind, JKind::Guid | JKind::Bytes),
        Ty::Class(Class::TimeSpan) => is_text || kind == JKind::TimeSpan,
        Ty::Class(Class::Uri) => is_text || kind == JKind::Uri,
        Ty::Array(_) => is_text || matches!(kind, JKind::Bytes | JKind::Integer),
        Ty::Char => is_text || matches!(kind, JKind::Integer | JKind::Float),
        _ => is_text || is_number,
    }
}

/// `Convert.ChangeType` under the invariant culture, from what a `JValue` holds.
pub(super) fn converted(now: DateTime, kind: JKind, held: &Value, ty: &Ty) -> Outcome<Value> {
    if ty.admits(held) && !(kind == JKind::Integer && *ty == Ty::String) {
        return Ok(held.clone());
    }
    match (ty, held) {
        (Ty::String, value) => Ok(Value::string(value.to_string())),
        (Ty::Bool, Value::String(_)) if kind == JKind::Integer => Ok(Value::Bool(true)),
        (Ty::Bool, value) => convert::to_bool(value),
        // A whole number beyond `long` holds its digits.
        (Ty::Int32, Value::String(_)) if kind == JKind::Integer => Err(too_large("an Int32")),
        (Ty::Int64, Value::String(_)) if kind == JKind::Integer => Err(too_large("an Int64")),
        (Ty::Int32, value) => convert::to_whole::<i32>(value),
        (Ty::Int64, value) => convert::to_whole::<i64>(value),
        (Ty::Double, value) => convert::to_double(value),
        (Ty::SByte, value) => convert::to_whole::<i8>(value),
        (Ty::Byte, value) => convert::to_whole::<u8>(value),
        (Ty::Int16, value) => convert::to_whole::<i16>(value),
        (Ty::UInt16, value) => convert::to_whole::<u16>(value),
        (Ty::UInt32, value) => convert::to_whole::<u32>(value),
        (Ty::UInt64, value) => convert::to_whole::<u64>(value),
        (Ty::Single, value) => convert::to_single(value),
        (Ty::Decimal, value) => convert::to_decimal(value),
        (Ty::Class(Class::DateTimeOffset), Value::DateTime(moment)) => DateTimeOffset::of_utc(moment.ticks(), 0)
            .map(Value::DateTimeOffset)
            .ok_or_else(super::super::unrepresentable),
        (Ty::Char, value) => convert::to_char(value),
        (Ty::Class(Class::Uri), Value::String(text)) => uri::made(uri::parse(text)),
        (Ty::Class(Class::Guid), Value::Bytes(bytes)) => guid::of_bytes(bytes).map(Value::Guid),
        (Ty::Class(Class::Guid), Value::String(text)) => guid::parse(text).map(Value::Guid),
        (Ty::Class(Class::DateTime), Value::String(text)) => {
            let found = time_parse::date_time(text, Styles::default(), now);
            found.map(Value::DateTime).map_err(|refused| refused.exception(text))
        }
        (Ty::Class(Class::DateTimeOffset), Value::String(text)) => {
            let found = time_parse::date_time_offset(text, Styles::default(), now);
            found.map(Value::DateTimeOffset).map_err(|refused| refused.exception(text))
        }
        (Ty::Class(Class::TimeSpan), Value::String(text)) => span(text),
        (Ty::Array(item), Value::String(text)) if **item == Ty::Byte => {
            convert_text::base64_bytes(text).map(|bytes| Value::Bytes(bytes.into()))
        }
        (ty, value) => Err(no_conversion(&value.type_name(), &ty.qualified_name())),
    }
}

fn too_large(shown: &str) -> Interrupt {
    overflow(&format!("Value was either too large or too small for {shown}."))
}

fn span(text: &str) -> Outcome<Value> {
    let read = super::super::span_parse::read(text);
    read.map(Value::TimeSpan).map_err(|refused| refused.exception(text, ""))
}

/// `Extensions.Value<T>`: the token itself where it is a `T`, else what it holds, converted.
pub(super) fn value_of(now: DateTime, token: &JToken, ty: &Ty) -> Outcome<Value> {
    let value = Value::Json(token.clone());
    if ty.admits(&value) {
        return Ok(value);
    }
    let Some(held) = token.reference() else {
        let message = format!("Cannot cast {} to Newtonsoft.Json.Linq.JToken.", token.type_name());
        return Err(throw("System.InvalidCastException", message));
    };
    let (inner, nullable) = match ty {
        Ty::Nullable(inner) => (&**inner, true),
        other => (other, false),
    };
    match held {
        Value::Null if nullable || ty.holds_null() => Ok(Value::Null),
        Value::Null => Err(throw("System.InvalidCastException", "Null object cannot be converted to a value type.")),
        held if inner.admits(&held) && !is_big(token.kind(), &held) => Ok(held),
        held if !is_convertible(token.kind(), &held) => {
            Err(throw("System.InvalidCastException", "Object must implement IConvertible."))
        }
        held if matches!(
            inner,
            Ty::Array(_) | Ty::Class(Class::Guid | Class::TimeSpan | Class::DateTimeOffset | Class::Uri)
        ) =>
        {
            Err(no_conversion(&held.type_name(), &inner.full_name()))
        }
        held if matches!(inner, Ty::Class(Class::DateTime))
            && !matches!(held, Value::String(_) | Value::DateTime(_)) =>
        {
            Err(convert::not_convertible(&held, "DateTime"))
        }
        held => converted(now, token.kind(), &held, inner),
    }
}

// A whole number beyond `long`, which holds its digits.
fn is_big(kind: JKind, held: &Value) -> bool {
    kind == JKind::Integer && matches!(held, Value::String(_))
}

// Whether `Convert.ChangeType` converts it: what is no simple value it does not.
fn is_convertible(kind: JKind, held: &Value) -> bool {
    !is_big(kind, held)
        && !matches!(kind, JKind::Bytes | JKind::Guid | JKind::TimeSpan | JKind::Uri)
        && !matches!(held, Value::DateTimeOffset(_))
}

fn no_conversion(from: &str, to: &str) -> Interrupt {
    throw("System.InvalidCastException", format!("Invalid cast from '{from}' to '{to}'."))
}

/// A copy of the token, which must be of this type.
pub(super) fn copy_as(call: &mut Call<'_, '_>, token: &JToken, ty: &Ty) -> Outcome<Value> {
    let copy = token.deep_clone();
    super::keep(call, &copy)?;
    let value = Value::Json(copy);
    if ty.admits(&value) { Ok(value) } else { Err(invalid_cast(&value.type_name(), &ty.full_name())) }
}
