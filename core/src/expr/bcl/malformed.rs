//! Where a text is malformed, as the exceptions of readers tell: they read it from their messages, which end in it.

use super::thrown::message_of;
use super::{Call, Row, row};
use crate::expr::exception::Outcome;
use crate::value::Value;

pub(super) const ROWS: &[Row] = &[
    row("XmlException", "int LineNumber", |call| number(call, "Line ")),
    row("XmlException", "int LinePosition", |call| number(call, "position ")),
    row("JsonReaderException", "int LineNumber", |call| number(call, "line ")),
    row("JsonReaderException", "int LinePosition", |call| number(call, "position ")),
    row("JsonReaderException", "string Path", path),
    row("JsonSerializationException", "int LineNumber", |call| number(call, "line ")),
    row("JsonSerializationException", "int LinePosition", |call| number(call, "position ")),
    row("JsonSerializationException", "string Path", path),
    row("RegexParseException", "int Offset", |call| number(call, "' at offset ")),
];

// The number behind the last of these words.
fn number(call: &mut Call<'_, '_>, word: &str) -> Outcome<Value> {
    let message = message_of(call.value(0))?;
    let digits = message.rsplit_once(word).map_or("", |(_, behind)| behind);
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    Ok(Value::Int32(digits.get(..end).and_then(|digits| digits.parse().ok()).unwrap_or(0)))
}

fn path(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let message = message_of(call.value(0))?;
    let Some((_, behind)) = message.rsplit_once(" Path '") else { return Ok(Value::Null) };
    let path = behind.rsplit_once('\'').map_or("", |(path, _)| path).to_owned();
    call.yields(path)
}
