//! Texts into JSON values: JSON and YAML alike, errors with their place. Knows nothing of what a document means.

use std::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::config::syntax_error::SyntaxError;
use crate::config::yaml;
use crate::span::Position;

/// How a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// JSON (RFC 8259).
    Json,
    /// YAML 1.2, core schema.
    Yaml,
}

impl Syntax {
    /// The syntax that the end of a file's name promises.
    #[must_use]
    pub fn of(file: &str) -> Option<Self> {
        match file.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
            "json" => Some(Self::Json),
            "yaml" | "yml" => Some(Self::Yaml),
            _ => None,
        }
    }

    /// The name that people use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Yaml => "YAML",
        }
    }
}

/// Reads a whole text as one document. Members that are given twice are an error in both syntaxes, since one would be dropped.
///
/// # Errors
/// Says what is wrong and where.
pub fn parse(text: &str, syntax: Syntax) -> Result<Value, SyntaxError> {
    match syntax {
        Syntax::Json => json(text),
        Syntax::Yaml => yaml::parse(text),
    }
}

/// Why bytes that are not UTF-8 are not: what editors and shells of Windows call "Unicode" is UTF-16.
#[must_use]
pub fn not_utf8(content: &[u8]) -> &'static str {
    if content.starts_with(&[0xff, 0xfe]) || content.starts_with(&[0xfe, 0xff]) {
        "the file is UTF-16, not UTF-8: save it as UTF-8"
    } else {
        "the file is not UTF-8 text"
    }
}

fn json(text: &str) -> Result<Value, SyntaxError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Strict.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|error| {
        let shown = error.to_string();
        let message = shown.rsplit_once(" at line ").map_or(shown.as_str(), |(message, _)| message);
        SyntaxError { message: message.to_owned(), position: Some(position(text, error.line(), error.column())) }
    })
}

// serde_json counts columns in bytes, people in characters; its column is that of the last byte read.
fn position(text: &str, line: usize, column: usize) -> Position {
    let line = line.max(1);
    let written = text.split('\n').nth(line - 1).unwrap_or("");
    let mut end = column.saturating_sub(1).min(written.len());
    while !written.is_char_boundary(end) {
        end -= 1;
    }
    let characters = written.get(..end).unwrap_or("").chars().count();
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    Position { line: number(line), column: number(characters + 1) }
}

/// Builds values as `serde_json` does, but refuses a member that is given twice. Depth is bounded by `serde_json` (128).
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(Self)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            if members.contains_key(&name) {
                return Err(A::Error::custom(format!("`{name}` is given twice")));
            }
            let value = access.next_value_seed(Self)?;
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_errors_have_a_place() {
        let error = parse("{\n \"ä\": 1,\n \"b\": }", Syntax::Json).unwrap_err();
        assert_eq!(error.message, "expected value");
        assert_eq!(error.position, Some(Position { line: 3, column: 7 }));
        let error = parse("{\"a\":1,\"a\":2}", Syntax::Json).unwrap_err();
        assert_eq!(error.message, "`a` is given twice");
        assert!(parse("", Syntax::Json).is_err());
        assert!(parse(&"[".repeat(100_000), Syntax::Json).is_err());
        assert!(parse("1 2", Syntax::Json).is_err());
    }

    #[test]
    fn numbers_and_texts_are_kept() {
        let text = r#"{"a":[1,-2,1.5,"x",null,true,18446744073709551615]}"#;
        assert_eq!(parse(text, Syntax::Json).unwrap().to_string(), text);
        assert_eq!(Syntax::of("apis/a.b/specification.YML"), Some(Syntax::Yaml));
        assert_eq!(Syntax::of("policy.xml"), None);
    }
}
