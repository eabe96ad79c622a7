//! Newtonsoft JSON that is read: parsing, indexers, text and the casts of `JToken`. Building and changing are not built.

use std::sync::Arc;

use super::object::{parse_bool, parse_double, parse_int, parse_long};
use super::{Call, Row, row};
use crate::expr::Interrupt;
use crate::expr::exception::{
    Outcome, argument_null, broken, invalid_cast, null_reference, out_of_range, overflow, throw,
};
use crate::expr::ty::Ty;
use crate::value::json::{JFormatting, JNode};
use crate::value::{JToken, Value};

pub(super) const ROWS: &[Row] = &[
    row("JObject", "static JObject Parse(string json)", |call| parse(call, Some("JObject"))),
    row("JArray", "static JArray Parse(string json)", |call| parse(call, Some("JArray"))),
    row("JToken", "static JToken Parse(string json)", |call| parse(call, None)),
    row("JToken", "JToken this[object key]", index),
    row("JObject", "JToken this[string propertyName]", index),
    row("JArray", "JToken this[int index]", index),
    row("JToken", "string ToString()", |call| {
        let text = call.value(0).to_string();
        call.yields(text)
    }),
    row("JToken", "string ToString(Formatting formatting)", |call| {
        let formatting = if call.number(1)? == 0 { JFormatting::None } else { JFormatting::Indented };
        let text = token(call)?.to_json(formatting);
        call.yields(text)
    }),
    row("JToken", "JTokenType Type", |call| {
        let kind = token(call)?.kind();
        let member = super::enums::TOKEN_TYPES.iter().find(|member| member.name == kind);
        member.map(Value::Enum).ok_or_else(|| broken("a token of no type"))
    }),
    row("JToken", "bool HasValues", |call| {
        Ok(Value::Bool(match token(call)?.node() {
            JNode::Array(items) => !items.is_empty(),
            JNode::Object(members) => !members.is_empty(),
            JNode::Null | JNode::Bool(_) | JNode::Integer(_) | JNode::Float(_) | JNode::String(_) => false,
        }))
    }),
    row("JContainer", "int Count", |call| {
        Ok(super::string::index(match token(call)?.node() {
            JNode::Array(items) => items.len(),
            JNode::Object(members) => members.len(),
            JNode::Null | JNode::Bool(_) | JNode::Integer(_) | JNode::Float(_) | JNode::String(_) => 0,
        }))
    }),
    row("JObject", "bool ContainsKey(string propertyName)", |call| {
        let name = call.text(1, "propertyName")?;
        Ok(Value::Bool(match token(call)?.node() {
            JNode::Object(members) => members.contains_key(name),
            _ => false,
        }))
    }),
    row("JObject", "JToken GetValue(string propertyName)", index),
    row("JToken", "T Value<T>(object key)", |call| {
        let found = index(call)?;
        let ty = call.types.first().ok_or_else(|| broken("Value<T> without a type"))?;
        if found.is_null() {
            return ty.default_value().ok_or_else(|| broken("Value<T> of an unbuilt type"));
        }
        cast(&found, ty)
    }),
    row("JToken", "T Value<T>()", |call| {
        let ty = call.types.first().ok_or_else(|| broken("Value<T> without a type"))?;
        cast(call.value(0), ty)
    }),
];

/// The exception of the JSON reader.
pub(super) fn reader(message: &str) -> Interrupt {
    throw("Newtonsoft.Json.JsonReaderException", message)
}

fn token<'c>(call: &Call<'c, '_>) -> Outcome<&'c JToken> {
    match call.value(0) {
        Value::Json(token) => Ok(token),
        _ => Err(broken("expected a JSON token")),
    }
}

fn parse(call: &mut Call<'_, '_>, wanted: Option<&'static str>) -> Outcome<Value> {
    let text = call.text(0, "json")?;
    call.machine.charge(text.len())?;
    let token = JToken::parse(text).map_err(|error| reader(&error))?;
    match wanted {
        Some(wanted) if !token.type_name().ends_with(wanted) => {
            let kind = match token.kind() {
                kind @ ("Object" | "Array") => format!("Start{kind}"),
                kind => kind.to_owned(),
            };
            let article = if wanted == "JObject" { "an object" } else { "an array" };
            // The position is that behind the first character, which is right for containers.
            let before = text.get(..text.len() - text.trim_start().len()).unwrap_or("");
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
            Err(reader(&format!(
                "Error reading {wanted} from JsonReader. Current JsonReader item is not {article}: {kind}. Path '', line \
                 {line}, position {column}."
            )))
        }
        Some(_) | None => Ok(Value::Json(token)),
    }
}

fn index(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let token = token(call)?;
    match (token.node(), call.value(1)) {
        (JNode::Object(members), Value::String(name)) => {
            Ok(members.get(&**name).map_or(Value::Null, |found| Value::Json(found.clone())))
        }
        (JNode::Object(_), Value::Null) => Ok(Value::Null),
        (JNode::Object(_), key) => Err(throw(
            "System.ArgumentException",
            format!("Accessed JObject values with invalid key value: {}. Object property name expected.", shown(key)),
        )),
        (JNode::Array(items), Value::Int32(at)) => {
            let item = usize::try_from(*at).ok().and_then(|at| items.get(at));
            let message = "Index was out of range. Must be non-negative and less than the size of the collection.";
            item.map(|item| Value::Json(item.clone())).ok_or_else(|| out_of_range(message, "index"))
        }
        (JNode::Array(_), key) => Err(throw(
            "System.ArgumentException",
            format!("Accessed JArray values with invalid key value: {}. Int32 array index expected.", shown(key)),
        )),
        (JNode::Null | JNode::Bool(_) | JNode::Integer(_) | JNode::Float(_) | JNode::String(_), _) => {
            Err(throw("System.InvalidOperationException", "Cannot access child value on Newtonsoft.Json.Linq.JValue."))
        }
    }
}

fn shown(key: &Value) -> String {
    match key {
        Value::String(text) => format!("\"{text}\""),
        Value::Null => "null".to_owned(),
        other => other.to_string(),
    }
}

/// The implicit operators of `JToken`: from text, numbers and booleans.
pub(crate) fn token_of(value: &Value) -> Outcome<Value> {
    Ok(Value::Json(JToken::new(match value {
        Value::Null => JNode::Null,
        Value::Bool(value) => JNode::Bool(*value),
        Value::Int32(value) => JNode::Integer(i64::from(*value)),
        Value::Int64(value) => JNode::Integer(*value),
        Value::Double(value) => JNode::Float(*value),
        Value::String(text) => JNode::String(Arc::clone(text)),
        _ => return Err(broken("a token of no JSON value")),
    })))
}

/// The explicit operators of `JToken`: to text, numbers and booleans. A null reference gives null, or throws for a value type.
pub(crate) fn cast(value: &Value, ty: &Ty) -> Outcome<Value> {
    let Value::Json(token) = value else {
        return match ty {
            _ if !value.is_null() => Err(broken("expected a JSON token")),
            Ty::String | Ty::Nullable(_) | Ty::Object | Ty::Class(_) => Ok(Value::Null),
            _ => Err(argument_null("value")),
        };
    };
    let inner = match ty {
        Ty::Nullable(_) if *token.node() == JNode::Null => return Ok(Value::Null),
        Ty::Nullable(inner) => inner,
        other => other,
    };
    let refused = || {
        let target = inner.full_name();
        let target = target.trim_start_matches("System.");
        throw("System.ArgumentException", format!("Can not convert {} to {target}.", token.kind()))
    };
    match (inner, token.node()) {
        (Ty::String, JNode::Null) => Ok(Value::Null),
        (Ty::String, JNode::String(text)) => Ok(Value::String(Arc::clone(text))),
        (Ty::String, JNode::Bool(_) | JNode::Integer(_) | JNode::Float(_)) => Ok(Value::string(token.to_string())),
        (Ty::Bool, JNode::Bool(value)) => Ok(Value::Bool(*value)),
        (Ty::Bool, JNode::Integer(value)) => Ok(Value::Bool(*value != 0)),
        (Ty::Bool, JNode::String(text)) => parse_bool(text).map(Value::Bool),
        (
            Ty::Int32 | Ty::Int64 | Ty::Double,
            JNode::Bool(_) | JNode::Integer(_) | JNode::Float(_) | JNode::String(_),
        ) => number(token.node(), inner),
        (Ty::Object | Ty::Class(_), _) if inner.admits(value) => Ok(value.clone()),
        (Ty::Class(_) | Ty::Object, _) => Err(invalid_cast(&value.type_name(), &inner.full_name())),
        _ => Err(refused()),
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "the range is checked before the cast"
)]
fn number(node: &JNode, ty: &Ty) -> Outcome<Value> {
    let too_large = || {
        let name = if *ty == Ty::Int32 { "an Int32" } else { "an Int64" };
        overflow(&format!("Value was either too large or too small for {name}."))
    };
    let whole = match (node, ty) {
        (JNode::String(text), Ty::Int32) => return parse_int(text).map(Value::Int32),
        (JNode::String(text), Ty::Int64) => return parse_long(text).map(Value::Int64),
        (JNode::String(text), _) => return parse_double(text).map(Value::Double),
        (JNode::Float(value), Ty::Double) => return Ok(Value::Double(*value)),
        (JNode::Float(value), _) => {
            let even = value.round_ties_even();
            if even.abs() >= 9.2e18 || even.is_nan() {
                return Err(too_large());
            }
            even as i64
        }
        (JNode::Integer(value), _) => *value,
        (JNode::Bool(value), _) => i64::from(*value),
        (JNode::Null | JNode::Array(_) | JNode::Object(_), _) => return Err(null_reference()),
    };
    match ty {
        Ty::Int32 => i32::try_from(whole).map(Value::Int32).map_err(|_| too_large()),
        Ty::Int64 => Ok(Value::Int64(whole)),
        _ => Ok(Value::Double(whole as f64)),
    }
}
