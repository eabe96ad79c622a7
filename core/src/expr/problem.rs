//! What is wrong with an expression, before it is known where the expression stands. Knows no document.

use crate::span::Span;

/// The help about a name that is not known.
pub(crate) use crate::diagnostic::did_you_mean as nearest;

use super::limits::PROBLEMS_MAX;

/// A finding; its span lies in the source of the expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) code: &'static str,
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

/// The findings so far, capped at [`PROBLEMS_MAX`].
#[derive(Debug, Default)]
pub(crate) struct Problems {
    found: Vec<Problem>,
}

impl Problems {
    pub(crate) fn add(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.add_with_help(code, span, message, None);
    }

    pub(crate) fn add_with_help(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        if self.found.len() < PROBLEMS_MAX {
            self.found.push(Problem { code, span, message: message.into(), help });
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.found.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub(crate) fn into_vec(mut self) -> Vec<Problem> {
        self.found.sort_by_key(|problem| problem.span);
        self.found
    }
}
