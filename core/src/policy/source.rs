//! The text of a policy document and the way back from its places to those of the text that the customer wrote. Parses nothing.

use std::sync::Arc;

use crate::config::named_values::Substituted;
use crate::diagnostic::{Diagnostic, Severity};
use crate::policy::dialect::Decoded;
use crate::span::{Position, Span};

/// Something wrong at a place of a text; becomes a [`Diagnostic`] once the text is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How much it weighs.
    pub severity: Severity,
    /// The kind of finding, as in `unknown-element`.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub span: Span,
    /// What to do about it.
    pub help: Option<String>,
}

impl Problem {
    /// An error.
    #[must_use]
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, code, message: message.into(), span, help: None }
    }

    /// A warning.
    #[must_use]
    pub fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, code, message: message.into(), span, help: None }
    }

    /// The same with a word on what to do.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// A document on its way to a program.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The name of the document.
    pub file: &'a Arc<str>,
    /// The text that is parsed: named values have been put in.
    pub text: &'a str,
    /// The text as written.
    pub written: &'a str,
    /// The way from `text` to `written`; `None` when they are the same.
    pub substituted: Option<&'a Substituted>,
}

impl<'a> Source<'a> {
    /// A document in which nothing was substituted.
    #[must_use]
    pub const fn plain(file: &'a Arc<str>, text: &'a str) -> Self {
        Self { file, text, written: text, substituted: None }
    }

    /// The finding, placed in the text as written.
    #[must_use]
    pub fn diagnostic(&self, problem: Problem) -> Diagnostic {
        let file = Arc::clone(self.file);
        let made = match problem.severity {
            Severity::Error => Diagnostic::error(problem.code, file, problem.message),
            Severity::Warning => Diagnostic::warning(problem.code, file, problem.message),
            Severity::Note => Diagnostic::note(problem.code, file, problem.message),
        };
        let placed = made.at(self.written, self.original(problem.span));
        self.without_secrets(match problem.help {
            Some(help) => placed.with_help(help),
            None => placed,
        })
    }

    /// A finding about an expression, whose position counts in the expression's own decoded text, placed in the text as written.
    #[must_use]
    pub fn relocated(&self, diagnostic: Diagnostic, expression: &Decoded) -> Diagnostic {
        let inside = diagnostic.position.map_or(0, |position| offset_of(&expression.text, position));
        let at = expression.origin(inside);
        self.without_secrets(diagnostic.at(self.written, self.original(Span { start: at, end: at })))
    }

    fn without_secrets(&self, diagnostic: Diagnostic) -> Diagnostic {
        match self.substituted {
            Some(substituted) => substituted.without_secrets(diagnostic),
            None => diagnostic,
        }
    }

    fn original(&self, span: Span) -> Span {
        match self.substituted {
            Some(substituted) => Span { start: substituted.original(span.start), end: substituted.original(span.end) },
            None => span,
        }
    }
}

/// The byte offset of a line and column in `text`: the inverse of [`Position::of`].
fn offset_of(text: &str, position: Position) -> u32 {
    let mut offset = 0;
    for (number, line) in (1_u32..).zip(text.split_inclusive('\n')) {
        if number == position.line {
            let columns = usize::try_from(position.column).unwrap_or(usize::MAX).saturating_sub(1);
            offset += line.char_indices().nth(columns).map_or(line.len(), |(at, _)| at);
            break;
        }
        offset += line.len();
    }
    u32::try_from(offset).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_the_inverse_of_positions() {
        let text = "ab\nçd\n\nx";
        for (offset, _) in text.char_indices() {
            let offset = u32::try_from(offset).unwrap();
            assert_eq!(offset_of(text, Position::of(text, offset)), offset);
        }
    }
}
