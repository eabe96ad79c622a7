//! What Json.NET's serializer makes of values: `FromObject` and `SerializeObject`. Conversions of single values are in `cast`.

use std::sync::Arc;

use super::super::{Call, Row, row};
use super::cast::content_of;
use super::{exception, refused};
use crate::expr::Interrupt;
use crate::expr::bounded;
use crate::expr::exception::{Outcome, argument_null, out_of_range, throw};
use crate::expr::generic::item_type;
use crate::expr::instance::{self, Grid, Pair, Record};
use crate::expr::limits::{Limit, RESULT_DEPTH_MAX};
use crate::expr::ty::{Class, RecordKind, Ty};
use crate::value::json::{JFormatting, JKind, JNode};
use crate::value::{ContextPart, JToken, Value};

pub(super) const ROWS: &[Row] = &[
    row("JToken", "static JToken FromObject(object o)", |call| from_object(call, Class::JToken)),
    row("JObject", "static JObject FromObject(object o)", |call| from_object(call, Class::JObject)),
    row("JArray", "static JArray FromObject(object o)", |call| from_object(call, Class::JArray)),
    row("JsonConvert", "static string SerializeObject(object value)", |call| serialized(call, JFormatting::None)),
    row("JsonConvert", "static string SerializeObject(object value, Formatting formatting)", |call| {
        if !(0..=1).contains(&call.number(1)?) {
            return Err(out_of_range("Specified argument was out of the range of valid values.", "value"));
        }
        let formatting = super::formatting(call, 1)?;
        serialized(call, formatting)
    }),
];

/// The items of a sequence that is no text and no token; a lazy one is evaluated.
pub(super) fn items_of(call: &mut Call<'_, '_>, value: &Value) -> Outcome<Option<Vec<Value>>> {
    match value {
        Value::Strings(_) | Value::Chars(_) => call.machine.collect(value).map(Some),
        Value::Context(part) if is_map(part) => call.machine.collect(value).map(Some),
        Value::Object(object) if instance::is_bytes(object) => Ok(None),
        Value::Object(object) if instance::type_of(object).and_then(item_type).is_some() => {
            call.machine.collect(value).map(Some)
        }
        _ => Ok(None),
    }
}

// Objects may refer to themselves, so depth is bounded.
fn serialize(call: &mut Call<'_, '_>, value: &Value, depth: usize) -> Outcome<JToken> {
    if depth > RESULT_DEPTH_MAX {
        return Err(Interrupt::LimitExceeded(Limit::JsonWriteDepth));
    }
    call.machine.step()?;
    if let Value::Json(token) = value {
        return Ok(token.rewritten());
    }
    if let Some(token) = super::super::pairs_of(value) {
        return Ok(token.rewritten());
    }
    if super::super::change_type::is_db_null(value) {
        return Ok(JToken::null());
    }
    if let Some(members) = members(value).or_else(|| exception::members(value)).or_else(|| exception::data(value)) {
        return object(call, members, depth);
    }
    if let Value::Char(_) = value {
        return Ok(JToken::string(value.to_string()));
    }
    if let Some(token) = super::super::xml::as_json(call, value)? {
        return Ok(token);
    }
    if let Some((lengths, values)) =
        instance::look(value, |grid: &mut Grid| (grid.lengths.clone(), grid.values.clone()))
    {
        return grid(call, &lengths, &values, depth);
    }
    let Some(items) = items_of(call, value)? else {
        return match properties(call, value)? {
            Some(members) => object(call, members, depth),
            None => content_of(value),
        };
    };
    let is_dictionary = match value {
        Value::Object(object) => instance::type_of(object).is_some_and(is_dictionary),
        other => matches!(other, Value::Context(_)),
    };
    if is_dictionary {
        let pairs = items
            .iter()
            .filter_map(|item| instance::look(item, |pair: &mut Pair| (pair.key.clone(), pair.value.clone())));
        let members = pairs.map(|(key, value)| (Arc::from(name_of(&key)), value)).collect();
        return object(call, members, depth);
    }
    let items = items.iter().map(|item| serialize(call, item, depth + 1)).collect::<Outcome<Vec<JToken>>>()?;
    Ok(JToken::new(JNode::Array(items)))
}

// The properties of an object that is nothing else; a plain `object` has none.
fn properties(call: &mut Call<'_, '_>, value: &Value) -> Outcome<Option<super::properties::Members>> {
    let is_plain = matches!(value, Value::Object(object) if instance::type_of(object) == Some(&Ty::Object));
    if is_plain { Ok(Some(Vec::new())) } else { super::properties::of(call, value) }
}

// Moments as keys are written as they are as values.
fn name_of(key: &Value) -> String {
    let kind = if matches!(key, Value::DateTime(_) | Value::DateTimeOffset(_)) { JKind::Date } else { JKind::String };
    match kind {
        JKind::Date => JToken::value(kind, key.clone()).to_json(JFormatting::None).trim_matches('"').to_owned(),
        _ => key.to_string(),
    }
}

const fn is_map(part: &ContextPart) -> bool {
    matches!(
        part,
        ContextPart::Variables
            | ContextPart::MatchedParameters
            | ContextPart::Headers(_)
            | ContextPart::Query(_)
            | ContextPart::Certificates
    )
}

// An array of several dimensions is one of arrays.
fn grid(call: &mut Call<'_, '_>, lengths: &[usize], values: &[Value], depth: usize) -> Outcome<JToken> {
    let items = match lengths.split_first() {
        Some((length, inner)) if !inner.is_empty() => {
            let size = inner.iter().product::<usize>().max(1);
            let parts = values.chunks(size).take(*length);
            parts.map(|part| grid(call, inner, part, depth + 1)).collect::<Outcome<Vec<JToken>>>()?
        }
        _ => values.iter().map(|item| serialize(call, item, depth + 1)).collect::<Outcome<Vec<JToken>>>()?,
    };
    Ok(JToken::new(JNode::Array(items)))
}

fn object(call: &mut Call<'_, '_>, members: Vec<(Arc<str>, Value)>, depth: usize) -> Outcome<JToken> {
    let made = JToken::object();
    for (name, value) in members {
        let content = serialize(call, &value, depth + 1)?;
        made.set_member(&name, &content).map_err(|error| refused(call, error, &made))?;
    }
    Ok(made)
}

// The properties of anonymous objects, tuples and pairs.
fn members(value: &Value) -> Option<Vec<(Arc<str>, Value)>> {
    let Value::Object(object) = value else { return None };
    let pair = |pair: &mut Pair| vec![(Arc::from("Key"), pair.key.clone()), (Arc::from("Value"), pair.value.clone())];
    if let Some(members) = instance::look(value, pair) {
        return Some(members);
    }
    let ty = instance::type_of(object)?;
    if matches!(ty, Ty::Generic(Class::Tuple, _)) {
        let values = instance::look(value, |record: &mut Record| record.0.clone())?;
        let name = |at: usize| if at == 7 { Arc::from("Rest") } else { Arc::from(format!("Item{}", at + 1)) };
        return Some(values.into_iter().enumerate().map(|(at, value)| (name(at), value)).collect());
    }
    let Ty::Record(kind, types) = ty else { return None };
    let values = instance::look(value, |record: &mut Record| record.0.clone())?;
    let named = types.iter().zip(values).enumerate();
    Some(
        named
            .map(|(at, ((name, _), value))| match kind {
                RecordKind::Anonymous => (Arc::clone(name), value),
                RecordKind::Tuple => (Arc::from(format!("Item{}", at + 1)), value),
            })
            .collect(),
    )
}

/// Whether the type is a dictionary.
pub(crate) const fn is_dictionary(ty: &Ty) -> bool {
    matches!(ty.class(), Some(Class::Dictionary | Class::IDictionary | Class::ReadOnlyDictionary))
}

fn from_object(call: &mut Call<'_, '_>, class: Class) -> Outcome<Value> {
    if call.value(0).is_null() {
        return Err(argument_null("o"));
    }
    let token = serialize(call, call.value(0), 0)?;
    super::keep(call, &token)?;
    let value = Value::Json(token);
    if Ty::Class(class).admits(&value) {
        return Ok(value);
    }
    let kind = match &value {
        Value::Json(token) => token.kind().name(),
        _ => "Null",
    };
    let message = match class {
        Class::JObject => format!("Object serialized to {kind}. JObject instance expected."),
        _ => format!("Object serialized to {kind}. JArray instance expected."),
    };
    Err(throw("System.ArgumentException", message))
}

fn serialized(call: &mut Call<'_, '_>, formatting: JFormatting) -> Outcome<Value> {
    let text = bounded::json(&serialize(call, call.value(0), 0)?, formatting)?;
    call.yields(text)
}
