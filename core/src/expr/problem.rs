//! What is wrong with an expression, before it is known where the expression stands. Knows no document.

use std::collections::BTreeSet;

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
    /// How many of them the lexer and the parser found.
    parsed: usize,
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

    /// What is found from here on is found in the tree.
    pub(crate) fn end_parse(&mut self) {
        self.parsed = self.found.len();
    }

    /// In the order of the source. Behind the first mistake of syntax the tree is a guess, so what it is found to be wrong with is
    /// not told; of mistakes of syntax each line tells its first.
    pub(crate) fn into_vec(self, source: &str) -> Vec<Problem> {
        let parsed = self.parsed;
        let is_syntax = |at: usize, problem: &Problem| at < parsed && problem.code == SYNTAX;
        let all = || self.found.iter().enumerate();
        let guessed =
            all().filter(|(at, problem)| is_syntax(*at, problem)).map(|(_, problem)| problem.span.start).min();
        let mut order: Vec<(usize, &Problem)> = all().collect();
        order.sort_by_key(|(at, problem)| (problem.span.start, *at >= parsed, problem.span.end));
        let mut lines = BTreeSet::new();
        order.retain(|(at, problem)| match (is_syntax(*at, problem), guessed) {
            (true, _) => lines.insert(line_of(problem.span, source)),
            (false, Some(guessed)) => *at < parsed || problem.span.start < guessed,
            (false, None) => true,
        });
        order.into_iter().map(|(_, problem)| problem.clone()).collect()
    }
}

/// The code of mistakes of syntax.
pub(crate) const SYNTAX: &str = "expression-syntax";

// How many lines end before the span.
fn line_of(span: Span, source: &str) -> usize {
    let before = usize::try_from(span.start).ok().and_then(|start| source.get(..start));
    before.map_or(usize::MAX, |before| before.matches('\n').count())
}
