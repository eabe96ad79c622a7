//! What Json.NET's serializer makes of values: `FromObject` and `SerializeObject`. Conversions of single values are in `cast`.

use std::sync::Arc;

use super::super::collections::current_of;
use super::super::{Call, Row, row};
use super::cast::content_of;
use super::properties::{Members, property};
use super::{exception, refused};
use crate::expr::Interrupt;
use crate::expr::bounded;
use crate::expr::exception::{Outcome, argument_null, out_of_range, throw};
use crate::expr::generic::item_type;
use crate::expr::identity::equal;
use crate::expr::instance::{self, Grid, Pair, Record};
use crate::expr::limits::{Limit, RESULT_DEPTH_MAX};
use crate::expr::ty::{Class, RecordKind, Ty};
use crate::value::json::{JFormatting, JKind, JNode, Step, written};
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

/// Where a serialization is: the containers that are open, and the step that leads from each of them to the next.
#[derive(Default)]
struct Way {
    open: Vec<Value>,
    steps: Vec<Step>,
}

/// What holds a value: an entry of a dictionary or of a list, or a property, whose name is told of a loop.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holder {
    Entry,
    Property,
}

impl Way {
    // A value that is being written already cannot be written within itself.
    fn check(&self, value: &Value, step: &Step, holder: Holder) -> Outcome<()> {
        if !matches!(value, Value::Object(_)) || !self.open.iter().any(|open| equal(open, value)) {
            return Ok(());
        }
        let property = match (holder, step) {
            (Holder::Property, Step::Name(name)) => format!(" for property '{name}'"),
            _ => String::new(),
        };
        let (ty, path) = (value.type_name(), written(&self.steps));
        let message = format!("Self referencing loop detected{property} with type '{ty}'. Path '{path}'.");
        Err(throw("Newtonsoft.Json.JsonSerializationException", message))
    }
}

fn held(call: &mut Call<'_, '_>, way: &mut Way, value: &Value, step: Step, holder: Holder) -> Outcome<JToken> {
    way.check(value, &step, holder)?;
    way.steps.push(step);
    let written = serialize(call, way, value);
    way.steps.pop();
    written
}

fn serialize(call: &mut Call<'_, '_>, way: &mut Way, value: &Value) -> Outcome<JToken> {
    if way.steps.len() > RESULT_DEPTH_MAX {
        return Err(Interrupt::LimitExceeded(Limit::JsonWriteDepth));
    }
    call.machine.step()?;
    match value {
        Value::Json(token) => Ok(token.rewritten()),
        Value::Char(_) => Ok(JToken::string(value.to_string())),
        Value::Object(_) => {
            way.open.push(value.clone());
            let written = content(call, way, value);
            way.open.pop();
            written
        }
        value => content(call, way, value),
    }
}

fn content(call: &mut Call<'_, '_>, way: &mut Way, value: &Value) -> Outcome<JToken> {
    if let Some(token) = super::super::pairs_of(value) {
        return Ok(token.rewritten());
    }
    if super::super::change_type::is_db_null(value) {
        return Ok(JToken::null());
    }
    if let Some(pair) = instance::look(value, |pair: &mut Pair| (pair.key.clone(), pair.value.clone())) {
        return pair_of(call, way, &pair);
    }
    if let Some(members) = members(value) {
        return object(call, way, members, Holder::Property);
    }
    if let Some(members) = exception::members(value).or_else(|| exception::data(value)) {
        return object(call, way, members, Holder::Entry);
    }
    if let Some(token) = super::super::xml::as_json(call, value)? {
        return Ok(token);
    }
    if let Some((lengths, values)) =
        instance::look(value, |grid: &mut Grid| (grid.lengths.clone(), grid.values.clone()))
    {
        return grid(call, way, &lengths, &values);
    }
    let Some(items) = items_of(call, value)? else {
        return match properties(call, value)? {
            Some(members) => object(call, way, members, Holder::Property),
            None => content_of(value),
        };
    };
    if Ty::Class(Class::GroupCollection).admits(value) {
        let mut members = Members::new();
        for group in items {
            let name = property(call, &group, Class::Group, "Name")?.to_string();
            members.push((Arc::from(name), group));
        }
        return object(call, way, members, Holder::Entry);
    }
    let is_dictionary = match value {
        Value::Object(object) => instance::type_of(object).is_some_and(is_dictionary),
        other => matches!(other, Value::Context(_)),
    };
    if is_dictionary {
        let pairs = items
            .iter()
            .filter_map(|item| instance::look(item, |pair: &mut Pair| (pair.key.clone(), pair.value.clone())));
        let members = pairs.map(|(key, value)| (Arc::from(name_of(&key)), value)).collect();
        return object(call, way, members, Holder::Entry);
    }
    list(call, way, &items)
}

fn list(call: &mut Call<'_, '_>, way: &mut Way, items: &[Value]) -> Outcome<JToken> {
    let items = items.iter().enumerate().map(|(at, item)| held(call, way, item, Step::Index(at), Holder::Entry));
    Ok(JToken::new(JNode::Array(items.collect::<Outcome<Vec<JToken>>>()?)))
}

// The properties of an object that is nothing else; a plain `object` has none.
fn properties(call: &mut Call<'_, '_>, value: &Value) -> Outcome<Option<Members>> {
    if let Some(current) = current_of(value) {
        let failed = |_| {
            let message = format!("Error getting value from 'Current' on '{}'.", value.type_name());
            throw("Newtonsoft.Json.JsonSerializationException", message)
        };
        return Ok(Some(vec![(Arc::from("Current"), current.map_err(failed)?)]));
    }
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
fn grid(call: &mut Call<'_, '_>, way: &mut Way, lengths: &[usize], values: &[Value]) -> Outcome<JToken> {
    let (size, inner) = match lengths.split_first() {
        Some((_, inner)) if !inner.is_empty() => (inner.iter().product::<usize>().max(1), inner),
        _ => return list(call, way, values),
    };
    let mut items = Vec::new();
    for (at, part) in values.chunks(size).enumerate() {
        way.steps.push(Step::Index(at));
        let item = grid(call, way, inner, part);
        way.steps.pop();
        items.push(item?);
    }
    Ok(JToken::new(JNode::Array(items)))
}

// Json.NET's converter of pairs does not look whether they hold what is being written.
fn pair_of(call: &mut Call<'_, '_>, way: &mut Way, pair: &(Value, Value)) -> Outcome<JToken> {
    let made = JToken::object();
    for (name, value) in [("Key", &pair.0), ("Value", &pair.1)] {
        way.steps.push(Step::Name(Arc::from(name)));
        let content = serialize(call, way, value);
        way.steps.pop();
        made.set_member(&Arc::from(name), &content?).map_err(|error| refused(call, error, &made))?;
    }
    Ok(made)
}

fn object(call: &mut Call<'_, '_>, way: &mut Way, members: Members, holder: Holder) -> Outcome<JToken> {
    let made = JToken::object();
    for (name, value) in members {
        let content = held(call, way, &value, Step::Name(Arc::clone(&name)), holder)?;
        made.set_member(&name, &content).map_err(|error| refused(call, error, &made))?;
    }
    Ok(made)
}

// The properties of anonymous objects and tuples.
fn members(value: &Value) -> Option<Members> {
    let Value::Object(object) = value else { return None };
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
    let token = serialize(call, &mut Way::default(), call.value(0))?;
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
    let text = bounded::json(&serialize(call, &mut Way::default(), call.value(0))?, formatting)?;
    call.yields(text)
}
