//! The text form: `[Level] time [source], what, key: value`, as the original writes it, with times that sort.

use std::fmt::Write;

use holdfast_core::diagnostic::{Diagnostic, Severity};
use holdfast_core::telemetry::{Event, Level, Measurement, RequestRecord};
use holdfast_core::time::WallTime;

use crate::settings::Color;
use crate::sinks::json;
use crate::sinks::line::{escaped, painted};

pub(super) fn event(event: &Event, color: Color) -> String {
    let mut line = head(event.level, event.at, event.source, color);
    push(&mut line, &format!(", {}: {}", event.name, escaped(&event.message)));
    if let Some(revision) = event.revision {
        push(&mut line, &format!(", revision: {revision}"));
    }
    for diagnostic in &event.diagnostics {
        push(&mut line, &format!("; {}", in_one_line(diagnostic)));
    }
    line
}

pub(super) fn request(record: &RequestRecord, color: Color) -> String {
    with_fields(head(Level::Info, record.time_generated, "GatewayLogs", color), json::request_fields(record))
}

pub(super) fn measurement(measurement: &Measurement, color: Color) -> String {
    with_fields(head(Level::Info, measurement.at, "Metrics", color), json::measurement_fields(measurement))
}

fn with_fields(mut line: String, fields: serde_json::Map<String, serde_json::Value>) -> String {
    for (key, value) in fields {
        let value = match value {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        push(&mut line, &format!(", {key}: {}", escaped(&value)));
    }
    line
}

fn push(line: &mut String, text: &str) {
    line.push_str(text);
}

fn head(level: Level, at: WallTime, source: &str, color: Color) -> String {
    let word = match level {
        Level::Debug => "[Debug]",
        Level::Info => "[Info]",
        Level::Warn => "[Warn]",
        Level::Error => "[Error]",
        Level::Fatal => "[Fatal]",
    };
    format!("{} {} [{source}]", painted(word, level, color), millis(at))
}

// As in the original's text form, with milliseconds and without `Z`; always UTC.
fn millis(at: WallTime) -> String {
    let c = at.civil();
    let millisecond = c.nanosecond / 1_000_000;
    let mut text = format!("{:04}-{:02}-{:02}T", c.year, c.month, c.day);
    // Writing to a String cannot fail.
    let _ = write!(text, "{:02}:{:02}:{:02}.{millisecond:03}", c.hour, c.minute, c.second);
    text
}

fn in_one_line(diagnostic: &Diagnostic) -> String {
    let severity = match diagnostic.severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    let place = diagnostic.position.map_or_else(String::new, |at| format!(":{}:{}", at.line, at.column));
    let help = diagnostic.help.as_ref().map_or_else(String::new, |help| format!(" ({help})"));
    let line = format!("{severity}[{}] {}{place}: {}{help}", diagnostic.code, diagnostic.file, diagnostic.message);
    escaped(&line).into_owned()
}
