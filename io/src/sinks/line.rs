//! One line per fact, whatever is in it: chooses the form, leaves out what weighs too little, keeps every line a line.

use holdfast_core::telemetry::{Event, Level, Measurement, RequestRecord};

use crate::settings::{Color, LogForm, Logs};
use crate::sinks::{json, text};

/// The line for an event, with its line feed; `None` when it is left out.
#[must_use]
pub fn event(logs: Logs, event: &Event) -> Option<String> {
    if event.level < logs.level {
        return None;
    }
    finish(match logs.form {
        LogForm::None => return None,
        LogForm::Text => text::event(event, logs.color),
        LogForm::Json => json::event(event),
    })
}

/// The line for a finished exchange, with its line feed; `None` when it is left out. Its level is always `Info`, as in the original,
/// whose guides recommend `warn` where request records cost too much.
#[must_use]
pub fn request(logs: Logs, record: &RequestRecord) -> Option<String> {
    if Level::Info < logs.level {
        return None;
    }
    finish(match logs.form {
        LogForm::None => return None,
        LogForm::Text => text::request(record, logs.color),
        LogForm::Json => json::request(record),
    })
}

/// The line for a number that a policy has measured, with its line feed; `None` when it is left out. It weighs as much as a request record.
#[must_use]
pub fn measurement(logs: Logs, measurement: &Measurement) -> Option<String> {
    if Level::Info < logs.level {
        return None;
    }
    finish(match logs.form {
        LogForm::None => return None,
        LogForm::Text => text::measurement(measurement, logs.color),
        LogForm::Json => json::measurement(measurement),
    })
}

/// A line ends where it ends: what people sent must not begin another one (threads 278, 347 and 386 of the original).
pub(super) fn escaped(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.contains(|c: char| c.is_control()) {
        return text.into();
    }
    let mut line = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if c.is_control() { line.extend(c.escape_default()) } else { line.push(c) }
    }
    line.into()
}

const fn plain(color: Color) -> bool {
    matches!(color, Color::Plain)
}

/// `word`, in the colour of `level` unless colours are off.
pub(super) fn painted(word: &str, level: Level, color: Color) -> String {
    if plain(color) {
        return word.to_owned();
    }
    let code = match level {
        Level::Debug => "2",
        Level::Info => "32",
        Level::Warn => "33",
        Level::Error => "31",
        Level::Fatal => "1;31",
    };
    format!("\x1b[{code}m{word}\x1b[0m")
}

fn finish(mut line: String) -> Option<String> {
    line.push('\n');
    Some(line)
}

#[cfg(test)]
mod tests;
