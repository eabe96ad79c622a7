//! `Newtonsoft.Json.Linq.JToken` as a tree that is read, not changed, and its text forms. Holds no casts; `expr::bcl::json` has those.

use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;

use indexmap::IndexMap;

/// A JSON token. Cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub struct JToken(Arc<JNode>);

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub enum JNode {
    /// `JTokenType.Null`
    Null,
    /// `JTokenType.Boolean`
    Bool(bool),
    /// `JTokenType.Integer`
    Integer(i64),
    /// `JTokenType.Float`
    Float(f64),
    /// `JTokenType.String`
    String(Arc<str>),
    /// `JTokenType.Array`
    Array(Vec<JToken>),
    /// `JTokenType.Object`
    Object(IndexMap<Arc<str>, JToken>),
}

/// How JSON text is laid out: `Newtonsoft.Json.Formatting`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JFormatting {
    /// On one line, without blanks
    None,
    /// Two blanks a level, lines ended by LF
    Indented,
}

impl JToken {
    /// A token of this content.
    #[must_use]
    pub fn new(node: JNode) -> Self {
        Self(Arc::new(node))
    }

    /// Reads JSON text. Strict: the leniences of Json.NET (single quotes, comments, unquoted names) are not read yet.
    ///
    /// # Errors
    /// What is wrong, with line and column.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str::<serde_json::Value>(text).map(Self::of).map_err(|error| error.to_string())
    }

    /// What it is.
    #[must_use]
    pub fn node(&self) -> &JNode {
        &self.0
    }

    /// The full name of its .NET type.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self.node() {
            JNode::Array(_) => "Newtonsoft.Json.Linq.JArray",
            JNode::Object(_) => "Newtonsoft.Json.Linq.JObject",
            JNode::Null | JNode::Bool(_) | JNode::Integer(_) | JNode::Float(_) | JNode::String(_) => {
                "Newtonsoft.Json.Linq.JValue"
            }
        }
    }

    /// The name of its `JTokenType`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.node() {
            JNode::Null => "Null",
            JNode::Bool(_) => "Boolean",
            JNode::Integer(_) => "Integer",
            JNode::Float(_) => "Float",
            JNode::String(_) => "String",
            JNode::Array(_) => "Array",
            JNode::Object(_) => "Object",
        }
    }

    /// Its JSON text.
    #[must_use]
    pub fn to_json(&self, formatting: JFormatting) -> String {
        let mut text = String::new();
        self.write(formatting, 0, &mut text);
        text
    }

    fn of(value: serde_json::Value) -> Self {
        Self::new(match value {
            serde_json::Value::Null => JNode::Null,
            serde_json::Value::Bool(value) => JNode::Bool(value),
            serde_json::Value::Number(number) => match number.as_i64() {
                Some(integer) => JNode::Integer(integer),
                None => JNode::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            serde_json::Value::String(text) => JNode::String(text.into()),
            serde_json::Value::Array(items) => JNode::Array(items.into_iter().map(Self::of).collect()),
            serde_json::Value::Object(members) => {
                JNode::Object(members.into_iter().map(|(name, value)| (Arc::from(name), Self::of(value))).collect())
            }
        })
    }

    fn write(&self, formatting: JFormatting, level: usize, out: &mut String) {
        match self.node() {
            JNode::Null => out.push_str("null"),
            JNode::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            JNode::Integer(value) => out.push_str(&value.to_string()),
            JNode::Float(value) => write_float(*value, out),
            JNode::String(text) => write_string(text, out),
            JNode::Array(items) => {
                let items = items.iter().map(|item| (None, item));
                write_members(['[', ']'], items, formatting, level, out);
            }
            JNode::Object(members) => {
                let members = members.iter().map(|(name, value)| (Some(&**name), value));
                write_members(['{', '}'], members, formatting, level, out);
            }
        }
    }
}

/// `ToString()`: containers indented, values raw, null empty.
impl fmt::Display for JToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.node() {
            JNode::Null => Ok(()),
            JNode::Bool(value) => f.write_str(if *value { "True" } else { "False" }),
            JNode::Integer(value) => write!(f, "{value}"),
            JNode::Float(value) => super::number::write_double(*value, f),
            JNode::String(text) => f.write_str(text),
            JNode::Array(_) | JNode::Object(_) => f.write_str(&self.to_json(JFormatting::Indented)),
        }
    }
}

fn write_members<'t>(
    [open, close]: [char; 2],
    members: impl ExactSizeIterator<Item = (Option<&'t str>, &'t JToken)>,
    formatting: JFormatting,
    level: usize,
    out: &mut String,
) {
    out.push(open);
    let empty = members.len() == 0;
    for (index, (name, value)) in members.enumerate() {
        if index > 0 {
            out.push(',');
        }
        new_line(formatting, level + 1, out);
        if let Some(name) = name {
            write_string(name, out);
            out.push_str(if formatting == JFormatting::Indented { ": " } else { ":" });
        }
        value.write(formatting, level + 1, out);
    }
    if !empty {
        new_line(formatting, level, out);
    }
    out.push(close);
}

fn new_line(formatting: JFormatting, level: usize, out: &mut String) {
    if formatting == JFormatting::Indented {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", level));
    }
}

// A whole number keeps its `.0`, as Json.NET writes doubles.
fn write_float(value: f64, out: &mut String) {
    let text = super::Value::Double(value).to_string();
    out.push_str(&text);
    if value.is_finite() && !text.contains(['.', 'E']) {
        out.push_str(".0");
    }
}

/// Writes `text` in quotes, escaped as Json.NET does by default.
pub fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\0'..='\u{1f}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                // Writing into a string cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            plain => out.push(plain),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::{JFormatting, JToken};

    #[test]
    fn text_forms() {
        let token = JToken::parse(r#"{"a":1.0,"b":[true,null,"x\n/é"],"c":{},"d":[]}"#).unwrap();
        assert_eq!(token.to_json(JFormatting::None), r#"{"a":1.0,"b":[true,null,"x\n/é"],"c":{},"d":[]}"#);
        assert_eq!(
            token.to_string(),
            "{\n  \"a\": 1.0,\n  \"b\": [\n    true,\n    null,\n    \"x\\n/é\"\n  ],\n  \"c\": {},\n  \"d\": []\n}"
        );
    }
}
