//! What the customer got wrong, and where. One shape for every kind of document.

mod nearest;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::span::{Position, Span};

pub use nearest::{did_you_mean, nearest};

/// Characters of a message, and of a help, that logs, status pages and heartbeats show.
pub const SHOWN_CHARACTERS_MAX: usize = 500;

/// How much a diagnostic weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing is refused.
    Note,
    /// Probably a mistake; nothing is refused.
    Warning,
    /// The document, or the API that it belongs to, is refused.
    Error,
}

/// One finding about a document of the configuration.
///
/// Messages are lower case without a full stop, with backticks around the user's own words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// How much it weighs.
    pub severity: Severity,
    /// A stable kebab-case name of the kind of finding, as in `unknown-element`.
    pub code: Arc<str>,
    /// What is wrong, in words.
    pub message: String,
    /// The document: a path inside the configuration folder, or the id of the resource when it came from a service.
    pub file: Arc<str>,
    /// The place in that document; `None` when the document as a whole is meant.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub position: Option<Position>,
    /// What to do about it, where that can be said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error about the whole document `file`.
    #[must_use]
    pub fn error(code: &'static str, file: impl Into<Arc<str>>, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, file.into(), message.into())
    }

    /// A warning about the whole document `file`.
    #[must_use]
    pub fn warning(code: &'static str, file: impl Into<Arc<str>>, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, file.into(), message.into())
    }

    /// A note about the whole document `file`.
    #[must_use]
    pub fn note(code: &'static str, file: impl Into<Arc<str>>, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, file.into(), message.into())
    }

    /// The same finding at `span` of the document's `text`.
    #[must_use]
    pub fn at(mut self, text: &str, span: Span) -> Self {
        self.position = Some(Position::of(text, span.start));
        self
    }

    /// The same finding at a place that is already known in lines and columns.
    #[must_use]
    pub const fn at_position(mut self, position: Position) -> Self {
        self.position = Some(position);
        self
    }

    /// The same finding with a word on what to do.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same finding with no more than [`SHOWN_CHARACTERS_MAX`] characters of its message and of its help, for places that hold many:
    /// what is quoted can be as long as a document.
    #[must_use]
    pub fn shortened(mut self) -> Self {
        shorten(&mut self.message);
        if let Some(help) = &mut self.help {
            shorten(help);
        }
        self
    }

    /// Whether it refuses something.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    fn new(severity: Severity, code: &'static str, file: Arc<str>, message: String) -> Self {
        Self { severity, code: Arc::from(code), message, file, position: None, help: None }
    }
}

fn shorten(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(SHOWN_CHARACTERS_MAX) {
        text.truncate(end);
        text.push('…');
    }
}

/// `error[unknown-element]: message` and, on a second line, the place; a third line carries the help.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(f, "{severity}[{}]: {}\n  --> {}", self.code, self.message, self.file)?;
        if let Some(Position { line, column }) = self.position {
            write!(f, ":{line}:{column}")?;
        }
        match &self.help {
            Some(help) => write!(f, "\n  help: {help}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_does_not_fill_a_log() {
        let long = Diagnostic::error("x", "f", "ä".repeat(100_000)).with_help("é".repeat(501)).shortened();
        assert_eq!((long.message.chars().count(), long.help.unwrap().chars().count()), (501, 501));
        let short = Diagnostic::error("x", "f", "ä".repeat(500));
        assert_eq!(short.clone().shortened(), short);
    }

    #[test]
    fn shown_with_place_and_help() {
        let shown = Diagnostic::error("unknown-element", "policy.xml", "`foo` is not a policy")
            .at("<a>\n <foo/>", Span::new(5, 9))
            .with_help("did you mean `for`?");
        assert_eq!(
            shown.to_string(),
            "error[unknown-element]: `foo` is not a policy\n  --> policy.xml:2:2\n  help: did you mean `for`?"
        );
    }
}
