//! Newtonsoft JSON: what the types share, reading, and looking inside. Building stands in `build`, conversions in `cast`.

mod axes;
mod build;
mod cast;
mod exception;
mod list;
mod notes;
mod order;
mod passes;
mod properties;
mod read_as;
mod select;
mod serialize;
mod typed;
mod unfit;
mod unlisted;
mod zone;

use std::sync::Arc;

use super::enums::J_TOKEN_TYPE;
use super::{Call, Row, row};
use crate::expr::Interrupt;
use crate::expr::bounded;
use crate::expr::exception::{Outcome, argument, argument_null, broken, invalid_operation, out_of_range, throw};
use crate::value::json::{ChangeError, Ends, JFormatting, JKind, Read, ReadError, Shape, TOKEN_BYTES, Wanted};
use crate::value::{JToken, Value};

pub(crate) use axes::{default_tokens, source_of};
pub(super) use build::{add_property, remove_property, set_member};
pub(crate) use cast::{cast, token_of};
pub(super) use list::{add, clear, copy_items, copy_to, index_of, insert, position, remove, remove_at, set_at};
pub(super) use order::{TokenComparer, distance};
pub(crate) use serialize::is_dictionary;

pub(super) const TABLES: [&[Row]; 9] =
    [ROWS, build::ROWS, cast::ROWS, select::ROWS, serialize::ROWS, axes::ROWS, list::ROWS, order::ROWS, notes::ROWS];

const ROWS: &[Row] = &[
    row("JObject", "static JObject Parse(string json)", |call| parse(call, Wanted::Object)),
    row("JArray", "static JArray Parse(string json)", |call| parse(call, Wanted::Array)),
    row("JToken", "static JToken Parse(string json)", |call| parse(call, Wanted::Any)),
    row("JsonConvert", "static object DeserializeObject(string value)", |call| {
        let text = call.text(0, "value")?.clone();
        let Content::Read(read) = deserialized(call, &text, &Shape::Any, Ends::LooseInObject)? else {
            return Ok(Value::Null);
        };
        ended(&read)?;
        if read.token.kind() == JKind::Constructor {
            return Err(additional(&read));
        }
        // A single value comes without its token, as in Json.NET.
        Ok(read.token.held().unwrap_or(Value::Json(read.token)))
    }),
    row("JToken", "JToken this[object key]", index),
    row("JObject", "JToken this[string propertyName]", member),
    row("JArray", "JToken this[int index]", index),
    row("JObject", "JToken GetValue(string propertyName)", |call| match call.text_or_null(1)? {
        Some(name) => Ok(or_null(token(call)?.member(name))),
        None => Ok(Value::Null),
    }),
    row("JObject", "JToken GetValue(string propertyName, StringComparison comparison)", |call| {
        let found = property_like(call)?;
        Ok(or_null(found.and_then(|property| property.property_value())))
    }),
    row("JObject", "bool TryGetValue(string propertyName, out JToken value)", try_property),
    row("JObject", "bool TryGetValue(string propertyName, StringComparison comparison, out JToken value)", |call| {
        let found = property_like(call)?.and_then(|property| property.property_value());
        call.give(or_null(found.clone()));
        Ok(Value::Bool(found.is_some()))
    }),
    row("JObject", "JProperty Property(string name)", |call| match call.text_or_null(1)? {
        Some(name) => Ok(or_null(token(call)?.property_named(name))),
        None => Ok(Value::Null),
    }),
    row("JObject", "JProperty Property(string name, StringComparison comparison)", |call| {
        let found = property_like(call)?;
        Ok(or_null(found))
    }),
    row("JObject", "bool ContainsKey(string propertyName)", has_property),
    row("JToken", "string ToString()", |call| {
        let text = bounded::text(call.value(0))?;
        call.yields(text)
    }),
    row("JToken", "string ToString(Formatting formatting)", |call| {
        let formatting = formatting(call, 1)?;
        let text = bounded::json(&token(call)?, formatting)?;
        call.yields(text)
    }),
    row("JToken", "JTokenType Type", |call| Ok(Value::Enum(J_TOKEN_TYPE.value(token(call)?.kind() as i32)))),
    row("JToken", "bool HasValues", |call| Ok(Value::Bool(token(call)?.count() > 0))),
    row("JToken", "bool Equals(object obj)", |call| {
        let token = token(call)?;
        Ok(Value::Bool(match call.value(1) {
            Value::Json(other) if token.held().is_some() => token == *other,
            Value::Json(other) => token.is_same(other),
            _ => false,
        }))
    }),
    row("JToken", "string Path", |call| {
        let path = token(call)?.path();
        call.yields(path)
    }),
    row("JToken", "JContainer Parent", |call| Ok(or_null(token(call)?.parent()))),
    row("JToken", "JToken Root", |call| Ok(Value::Json(token(call)?.root()))),
    row("JToken", "JToken First", |call| end(call, 0)),
    row("JToken", "JToken Last", |call| {
        let last = token(call)?.count().saturating_sub(1);
        end(call, last)
    }),
    row("JToken", "JToken Next", |call| sibling(call, 1)),
    row("JToken", "JToken Previous", |call| sibling(call, -1)),
    row("JContainer", "int Count", |call| Ok(super::string::index(token(call)?.count()))),
    row("JProperty", "string Name", name),
    row("JConstructor", "string Name", name),
    row("JProperty", "JToken Value", |call| Ok(or_null(token(call)?.property_value()))),
    row("JValue", "set object Value", set_value),
    row("JValue", "object Value", |call| {
        call.machine.share_bytes(call.value(0))?;
        Ok(token(call)?.reference().unwrap_or(Value::Null))
    }),
];

/// The exception of the JSON reader.
pub(super) fn reader(message: &str) -> Interrupt {
    throw("Newtonsoft.Json.JsonReaderException", message)
}

/// The token at this place of the arguments, which may not be null.
fn token_at(call: &Call<'_, '_>, at: usize) -> Outcome<JToken> {
    match call.value(at) {
        Value::Json(token) => Ok(token.clone()),
        _ => Err(broken("expected a JSON token")),
    }
}

fn token(call: &Call<'_, '_>) -> Outcome<JToken> {
    token_at(call, 0)
}

fn or_null(token: Option<JToken>) -> Value {
    token.map_or(Value::Null, Value::Json)
}

fn name(call: &mut Call<'_, '_>) -> Outcome<Value> {
    // No constructor's name is empty but of one that was given none.
    let token = token(call)?;
    let name = token.name().filter(|name| !name.is_empty() || token.kind() == JKind::Property);
    Ok(name.map_or(Value::Null, Value::String))
}

// The type follows the value; that of a text stays what it was, of a comment and of raw JSON too.
fn set_value(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let token = token(call)?;
    let made = match call.value(1) {
        Value::Null => JToken::null(),
        Value::Json(other) => return Err(cast::undetermined(other.type_name())),
        value => cast::content_of(value)?,
    };
    let kind = match (token.kind(), made.kind()) {
        (own @ (JKind::Raw | JKind::Comment), JKind::String) => own,
        (_, kind) => kind,
    };
    token.set_content(kind, made.reference().unwrap_or(Value::Null));
    Ok(Value::Null)
}

fn formatting(call: &Call<'_, '_>, at: usize) -> Outcome<JFormatting> {
    Ok(if call.number(at)? == 0 { JFormatting::None } else { JFormatting::Indented })
}

/// Counts a token with everything below it, and keeps it alive while the evaluation runs.
fn keep(call: &mut Call<'_, '_>, token: &JToken) -> Outcome<()> {
    call.machine.charge((token.descendants().len() + 1) * TOKEN_BYTES)?;
    call.machine.held().kept.push(token.clone());
    Ok(())
}

/// Reads JSON text; what is read is counted.
pub(super) fn read(call: &mut Call<'_, '_>, text: &str, wanted: Wanted) -> Outcome<JToken> {
    let tokens_max = room_for(call, text)?;
    match kept(call, JToken::read(text, wanted, tokens_max))? {
        Content::Read(read) => Ok(read.token),
        Content::Nothing(place) => Err(reader(&place)),
    }
}

/// What the serializer has read.
enum Content {
    Read(Read),
    /// Text without a value, and where it ends.
    Nothing(String),
}

/// Reads JSON text as the serializer does, which has words of its own for text that ends too early.
fn deserialized(call: &mut Call<'_, '_>, text: &str, shape: &Shape, ends: Ends) -> Outcome<Content> {
    const END: &str = "Unexpected end of content while loading ";
    let tokens_max = room_for(call, text)?;
    kept(call, JToken::read_shaped(text, shape, ends, tokens_max)).map_err(|error| match error {
        Interrupt::Exception(thrown) if thrown.message.starts_with(END) => {
            let message = &thrown.message;
            let container =
                if message.starts_with("Unexpected end of content while loading JArray") { "array" } else { "object" };
            let place = message.split_once(". ").map_or("", |(_, place)| place);
            serialization(&format!("Unexpected end when deserializing {container}. {place}"))
        }
        Interrupt::Exception(thrown) if thrown.message.starts_with("Error reading JArray from JsonReader. Path") => {
            let place = thrown.message.split_once(". ").map_or("", |(_, place)| place);
            serialization(&format!("Unexpected end when deserializing array. {place}"))
        }
        Interrupt::Exception(thrown) if thrown.message.starts_with("Error reading JObject from JsonReader. Path") => {
            let place = thrown.message.split_once(". ").map_or("", |(_, place)| place);
            serialization(&format!("Unexpected end when reading JSON. {place}"))
        }
        other => other,
    })
}

/// Nothing but blanks and comments may stand behind the value.
fn ended(read: &Read) -> Outcome<()> {
    read.trailing.as_deref().map_or(Ok(()), |message| Err(reader(message)))
}

/// Of a constructor the serializer takes the name, and then wonders about the rest.
fn additional(read: &Read) -> Interrupt {
    let place = match read.token.child_at(0) {
        Some(first) => place_of(&first),
        None => format!("Path '', line {}, position {}.", read.end.line, read.end.position),
    };
    serialization(&format!("Additional text found in JSON string after finishing deserializing object. {place}"))
}

// Counts the text, and says how many tokens there is room for.
fn room_for(call: &mut Call<'_, '_>, text: &str) -> Outcome<usize> {
    call.machine.charge(text.len())?;
    Ok(call.machine.memory_left() / TOKEN_BYTES)
}

// Counts what was read, and keeps it alive while the evaluation runs.
fn kept(call: &mut Call<'_, '_>, read: Result<Read, ReadError>) -> Outcome<Content> {
    match read {
        Ok(read) => {
            call.machine.charge(read.tokens * TOKEN_BYTES)?;
            call.machine.held().kept.push(read.token.clone());
            Ok(Content::Read(read))
        }
        Err(ReadError::Nothing(place)) => Ok(Content::Nothing(place)),
        Err(ReadError::Syntax(message)) => Err(reader(&message)),
        Err(ReadError::Writer(message)) => Err(throw("Newtonsoft.Json.JsonWriterException", message)),
        Err(ReadError::TooMany) => Err(call.machine.out_of_memory()),
    }
}

/// The exception of the serializer.
fn serialization(message: &str) -> Interrupt {
    throw("Newtonsoft.Json.JsonSerializationException", message)
}

/// A message with its place, as exceptions of reader and serializer have it.
fn placed(message: &str, token: &JToken) -> String {
    let stop = if message.ends_with('.') || message.ends_with('\n') { "" } else { "." };
    let blank = if message.ends_with('\n') { "" } else { " " };
    format!("{message}{stop}{blank}{}", place_of(token))
}

/// A message with the place of what stands first in an object: a name, or its end.
fn inside(message: &str, object: &JToken) -> String {
    placed(message, object.child_at(0).as_ref().unwrap_or(object))
}

/// Where a token stands, as exceptions of the serializer say it.
fn place_of(token: &JToken) -> String {
    let path = token.path();
    match token.place() {
        Some(place) => format!("Path '{path}', line {}, position {}.", place.line, place.position),
        None => format!("Path '{path}'."),
    }
}

/// The serializer's exception for a token that it does not take.
pub(super) fn unread(message: &str, token: &JToken) -> Interrupt {
    serialization(&placed(message, token))
}

fn parse(call: &mut Call<'_, '_>, wanted: Wanted) -> Outcome<Value> {
    let text = Arc::clone(call.text(0, "s")?);
    read(call, &text, wanted).map(Value::Json)
}

/// `object[name]`
pub(super) fn member(call: &mut Call<'_, '_>) -> Outcome<Value> {
    call.text(1, "propertyName")?;
    index(call)
}

/// `object.TryGetValue(name, out value)`
pub(super) fn try_property(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let found = match call.text_or_null(1)? {
        Some(name) => token(call)?.member(name),
        None => None,
    };
    call.give(or_null(found.clone()));
    Ok(Value::Bool(found.is_some()))
}

/// `object.ContainsKey(name)`
pub(super) fn has_property(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let name = call.text(1, "propertyName")?;
    Ok(Value::Bool(token(call)?.property_named(name).is_some()))
}

fn index(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let token = token(call)?;
    match (token.kind(), call.value(1)) {
        (JKind::Object, Value::String(name)) => Ok(or_null(token.member(name))),
        (JKind::Array | JKind::Constructor, Value::Int32(at)) => {
            let item = usize::try_from(*at).ok().and_then(|at| token.child_at(at));
            item.map(Value::Json).ok_or_else(outside)
        }
        (_, key) => Err(bad_key(Doing::Get, &token, key)),
    }
}

/// What is done with a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    Get,
    Set,
}

/// The exception for a key by which the token has no children.
fn bad_key(doing: Doing, token: &JToken, key: &Value) -> Interrupt {
    let wanted = match token.kind() {
        JKind::Object => "Object property name",
        JKind::Array => "Int32 array index",
        JKind::Constructor => "Argument position index",
        _ => return no_children(doing, token),
    };
    if key.is_null() {
        return argument_null("key");
    }
    let done = if doing == Doing::Get { "Accessed" } else { "Set" };
    let (name, key) = (own_name(token), shown(key));
    throw("System.ArgumentException", format!("{done} {name} values with invalid key value: {key}. {wanted} expected."))
}

fn no_children(doing: Doing, token: &JToken) -> Interrupt {
    let done = if doing == Doing::Get { "access" } else { "set" };
    invalid_operation(&format!("Cannot {done} child value on Newtonsoft.Json.Linq.{}.", own_name(token)))
}

// The name of its class without the namespace.
fn own_name(token: &JToken) -> String {
    token.type_name().rsplit('.').next().unwrap_or("JValue").to_owned()
}

/// The exception for an index outside of a list.
fn outside() -> Interrupt {
    let message = "Index was out of range. Must be non-negative and less than the size of the collection.";
    out_of_range(message, "index")
}

fn shown(key: &Value) -> String {
    match key {
        Value::String(text) => format!("\"{text}\""),
        Value::Null => "null".to_owned(),
        other => other.to_string(),
    }
}

// The exact name first, then the first one that the comparison takes.
fn property_like(call: &Call<'_, '_>) -> Outcome<Option<JToken>> {
    let Some(name) = call.text_or_null(1)? else { return Ok(None) };
    let token = token(call)?;
    let exact = token.property_named(name);
    let comparison = call.number(2)?;
    // What is found by its own name is not compared, and what has no members neither.
    if exact.is_some() || token.count() == 0 {
        return Ok(exact);
    }
    if !(0..=5).contains(&comparison) {
        let message = "The string comparison type passed in is currently not supported.";
        return Err(argument(message, "comparisonType"));
    }
    if comparison % 2 == 0 {
        return Ok(None);
    }
    let like = |property: &JToken| property.name().is_some_and(|found| super::string::equal(&found, name, true));
    Ok(token.children().into_iter().find(like))
}

fn end(call: &Call<'_, '_>, at: usize) -> Outcome<Value> {
    let token = token(call)?;
    match token.held() {
        Some(_) => Err(no_children(Doing::Get, &token)),
        None => Ok(or_null(token.child_at(at))),
    }
}

fn sibling(call: &Call<'_, '_>, offset: isize) -> Outcome<Value> {
    let token = token(call)?;
    let found = token.parent().and_then(|parent| parent.child_at(token.position()?.checked_add_signed(offset)?));
    Ok(or_null(found))
}

/// The exception of a change that is refused.
fn refused(call: &Call<'_, '_>, error: ChangeError, container: &JToken) -> Interrupt {
    let argument = |message: String| throw("System.ArgumentException", message);
    match error {
        ChangeError::DuplicateName(name) => argument(format!(
            "Can not add property {name} to {}. Property with the same name already exists on object.",
            container.type_name()
        )),
        ChangeError::WrongType(child, container) => argument(format!("Can not add {child} to {container}.")),
        ChangeError::OutOfRange => outside(),
        ChangeError::OfProperty => {
            throw("Newtonsoft.Json.JsonException", "Cannot add or remove items from Newtonsoft.Json.Linq.JProperty.")
        }
        ChangeError::NoParent => invalid_operation("The parent is missing."),
        ChangeError::TooTall => call.machine.out_of_memory(),
    }
}
