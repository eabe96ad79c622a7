//! The text of a value, which stops where it is longer than a string of an expression may be. Knows no formats.

use std::fmt::{self, Display, Write};
use std::sync::Arc;

use super::Interrupt;
use super::exception::Outcome;
use super::limits::{Limit, STRING_BYTES_MAX};
use crate::value::json::JFormatting;
use crate::value::{JToken, Value};

/// A string that grows to [`STRING_BYTES_MAX`] and refuses what goes beyond.
struct Bounded<'t>(&'t mut String);

impl Write for Bounded<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > STRING_BYTES_MAX {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

const fn too_long(_: fmt::Error) -> Interrupt {
    Interrupt::LimitExceeded(Limit::StringLength)
}

/// Its `ToString()`.
pub(crate) fn text(value: &impl Display) -> Outcome<String> {
    let mut text = String::new();
    append(&mut text, value)?;
    Ok(text)
}

/// Its `ToString()`, behind what is there already.
pub(crate) fn append(text: &mut String, value: &impl Display) -> Outcome<()> {
    write!(Bounded(text), "{value}").map_err(too_long)
}

/// Those of several, which together are no longer.
pub(crate) fn texts(values: &[Value]) -> Outcome<Vec<Arc<str>>> {
    let mut bytes = 0;
    let mut texts = Vec::with_capacity(values.len());
    for value in values {
        let text = match value {
            Value::String(text) => Arc::clone(text),
            other => text(other)?.into(),
        };
        bytes += text.len();
        if bytes > STRING_BYTES_MAX {
            return Err(too_long(fmt::Error));
        }
        texts.push(text);
    }
    Ok(texts)
}

/// The JSON of a token.
pub(crate) fn json(token: &JToken, formatting: JFormatting) -> Outcome<String> {
    let mut text = String::new();
    token.write_json(formatting, &mut Bounded(&mut text)).map_err(too_long)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::fmt::{self, Display};

    use super::{STRING_BYTES_MAX, text};

    // A hundred pieces that are too long together, and how many of them were written.
    struct Pieces(Cell<usize>);

    impl Display for Pieces {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let piece = "a".repeat(STRING_BYTES_MAX / 2);
            (0..100).try_for_each(|_| {
                f.write_str(&piece)?;
                self.0.set(self.0.get() + 1);
                Ok(())
            })
        }
    }

    #[test]
    fn a_text_that_is_too_long_is_not_written_to_its_end() {
        let pieces = Pieces(Cell::new(0));
        assert!(text(&pieces).is_err());
        assert_eq!(pieces.0.get(), 2);
    }
}
