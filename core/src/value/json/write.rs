//! JSON text and the `ToString()` of tokens, as Json.NET writes them.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;

use super::{JKind, JNode, JToken, bytes_of};
use crate::value::{DateTime, DateTimeKind, Library, Value};

/// How JSON text is laid out: `Newtonsoft.Json.Formatting`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JFormatting {
    /// On one line, without blanks
    None,
    /// Two blanks a level, lines ended by LF
    Indented,
}

impl JToken {
    /// Its JSON text.
    #[must_use]
    pub fn to_json(&self, formatting: JFormatting) -> String {
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = self.write_json(formatting, &mut text);
        text
    }

    /// Writes its JSON text.
    ///
    /// # Errors
    /// Those of `out`, at once: one that takes only so much ends the writing.
    pub fn write_json(&self, formatting: JFormatting, out: &mut dyn fmt::Write) -> fmt::Result {
        self.write(formatting, 0, out)
    }

    fn write(&self, formatting: JFormatting, level: usize, out: &mut dyn fmt::Write) -> fmt::Result {
        match self.with(JNode::clone) {
            JNode::Value(kind, value) => write_value(kind, &value, out),
            JNode::Property(name, value) => {
                quote(&name, out)?;
                out.write_str(if formatting == JFormatting::Indented { ": " } else { ":" })?;
                value.write(formatting, level, out)
            }
            JNode::Array(items) => write_members("[", ']', &items, formatting, level, out),
            JNode::Object(members) => {
                let members: Vec<Self> = members.into_values().collect();
                write_members("{", '}', &members, formatting, level, out)
            }
            JNode::Constructor(name, items) => {
                write_members(&format!("new {name}("), ')', &items, formatting, level, out)
            }
        }
    }
}

/// `ToString()`: containers indented, values raw, null empty.
impl fmt::Display for JToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.held() {
            Some(Value::Bytes(_)) => f.write_str("System.Byte[]"),
            Some(value) => write!(f, "{value}"),
            None => self.write_json(JFormatting::Indented, f),
        }
    }
}

fn write_members(
    open: &str,
    close: char,
    items: &[JToken],
    formatting: JFormatting,
    level: usize,
    out: &mut dyn fmt::Write,
) -> fmt::Result {
    out.write_str(open)?;
    let mut is_first = true;
    for item in items {
        // Comments are none of the items that commas stand between.
        if item.kind() != JKind::Comment && !std::mem::take(&mut is_first) {
            out.write_char(',')?;
        }
        new_line(formatting, level + 1, out)?;
        item.write(formatting, level + 1, out)?;
    }
    // The list of a constructor's arguments is closed on a line of its own even when it is empty.
    if !items.is_empty() || close == ')' {
        new_line(formatting, level, out)?;
    }
    out.write_char(close)
}

fn new_line(formatting: JFormatting, level: usize, out: &mut dyn fmt::Write) -> fmt::Result {
    if formatting == JFormatting::Indented {
        out.write_char('\n')?;
        for _ in 0..level {
            out.write_str("  ")?;
        }
    }
    Ok(())
}

fn write_value(kind: JKind, value: &Value, out: &mut dyn fmt::Write) -> fmt::Result {
    match (kind, value) {
        (JKind::Undefined, _) => out.write_str("undefined"),
        (JKind::Comment, Value::String(text)) => write!(out, "/*{text}*/"),
        (JKind::Comment, Value::Null) => out.write_str("/**/"),
        // A whole number beyond Int64 holds its digits.
        (JKind::Integer, Value::String(text)) => out.write_str(text),
        (JKind::Raw, value) => write!(out, "{value}"),
        (JKind::Bytes, bytes) if !bytes.is_null() => {
            quote(&base64::engine::general_purpose::STANDARD.encode(bytes_of(bytes)), out)
        }
        (JKind::Integer, Value::Enum(member)) => write!(out, "{}", member.number),
        (_, Value::Null) => out.write_str("null"),
        (_, Value::Bool(value)) => out.write_str(if *value { "true" } else { "false" }),
        (_, Value::Double(value)) => write_float(*value, out),
        (JKind::Float, Value::Single(value)) if !value.is_finite() => write_float(f64::from(*value), out),
        (JKind::Float, value) => {
            let text = value.to_string();
            out.write_str(&text)?;
            out.write_str(if text.contains(['.', 'E', 'N', 'y']) { "" } else { ".0" })
        }
        (JKind::Integer, value) => write!(out, "{value}"),
        (_, Value::DateTime(moment)) => quote(&iso(*moment), out),
        (_, Value::DateTimeOffset(moment)) => {
            let minutes = moment.offset_minutes();
            let sign = if minutes < 0 { '-' } else { '+' };
            let clock = iso(moment.clock());
            let clock = clock.trim_end_matches('Z').trim_end_matches("+00:00");
            quote(&format!("{clock}{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60), out)
        }
        (_, Value::String(text)) => quote(text, out),
        (_, Value::Library(Library::Uri(uri))) => quote(&uri.original, out),
        (_, value) => quote(&value.to_string(), out),
    }
}

// A whole number keeps its `.0`, as Json.NET writes doubles; what JSON cannot write stands in quotes.
fn write_float(value: f64, out: &mut dyn fmt::Write) -> fmt::Result {
    let text = Value::Double(value).to_string();
    if !value.is_finite() {
        return quote(&text, out);
    }
    out.write_str(&text)?;
    out.write_str(if text.contains(['.', 'E']) { "" } else { ".0" })
}

/// ISO 8601 as Json.NET writes it: as many digits of the second as needed, and what is known of the zone.
fn iso(moment: DateTime) -> String {
    let civil = moment.civil();
    let mut text = format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        civil.year, civil.month, civil.day, civil.hour, civil.minute, civil.second
    );
    let ticks = civil.nanosecond / 100;
    if ticks > 0 {
        let digits = format!("{ticks:07}");
        text.push('.');
        text.push_str(digits.trim_end_matches('0'));
    }
    text.push_str(match moment.kind() {
        DateTimeKind::Unspecified => "",
        DateTimeKind::Utc => "Z",
        DateTimeKind::Local => "+00:00",
    });
    text
}

/// Writes `text` in quotes, escaped as Json.NET does by default.
pub fn write_string(text: &str, out: &mut String) {
    // Writing into a string cannot fail.
    let _ = quote(text, out);
}

fn quote(text: &str, out: &mut dyn fmt::Write) -> fmt::Result {
    out.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => out.write_str("\\\""),
            '\\' => out.write_str("\\\\"),
            '\n' => out.write_str("\\n"),
            '\r' => out.write_str("\\r"),
            '\t' => out.write_str("\\t"),
            '\u{8}' => out.write_str("\\b"),
            '\u{c}' => out.write_str("\\f"),
            '\0'..='\u{1f}' | '\u{85}' | '\u{2028}' | '\u{2029}' => write!(out, "\\u{:04x}", u32::from(c)),
            plain => out.write_char(plain),
        }?;
    }
    out.write_char('"')
}

/// The text of a date that looks like JSON's, if it is one: what `DateParseHandling.DateTime` makes of a string.
#[must_use]
pub fn date_of(text: &str) -> Option<Value> {
    let moment = match text.strip_prefix("/Date(") {
        Some(rest) => super::read::microsoft_date(rest.strip_suffix(")/")?)?,
        None => super::read::iso_date(text)?,
    };
    Some(Value::DateTime(moment))
}

/// The value of a string of JSON: text, or a date that looks like one.
pub(super) fn string_or_date(text: Cow<'_, str>) -> (JKind, Value) {
    match date_of(&text) {
        Some(date) => (JKind::Date, date),
        None => (JKind::String, Value::String(Arc::from(text))),
    }
}
