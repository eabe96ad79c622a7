//! From text to tree. Never fails: what it cannot read it reports, and goes on behind it. Knows no types.

mod binary;
mod deconstruct;
mod function;
mod height;
mod lambda;
mod primary;
mod query;
pub(crate) mod signature;
mod statement;
mod switch;
pub(crate) mod types;

use std::sync::Arc;

use crate::span::Span;

use super::lex::{Token, TokenKind, lex};
use super::limits::{SOURCE_BYTES_MAX, TREE_HEIGHT_MAX};
use super::problem::{Problems, SYNTAX};
use super::syntax::{Expr, ExprKind, Ident, Source, Stmt, StmtKind};

/// Reads a source with its delimiters, `@(…)` or `@{…}`.
pub(crate) fn parse(source: &str, problems: &mut Problems) -> Source {
    let nothing = Span::new(0, source.len());
    let error = Source::Expression(Expr { span: nothing, height: 1, kind: ExprKind::Error });
    if source.len() > SOURCE_BYTES_MAX {
        problems.add("expression-limit", nothing, format!("an expression may have at most {SOURCE_BYTES_MAX} bytes"));
        return error;
    }
    let trimmed = source.trim_end();
    let (is_block, close) = match (trimmed.get(..2), trimmed.chars().next_back()) {
        (Some("@("), Some(')')) if trimmed.len() > 2 => (false, 1),
        (Some("@{"), Some('}')) if trimmed.len() > 2 => (true, 1),
        (Some("@("), _) => (false, 0),
        (Some("@{"), _) => (true, 0),
        _ => {
            let inner = trimmed.trim_start().trim_start_matches('@').trim_end_matches(';');
            let help = (inner.lines().count() == 1).then(|| format!("put it into brackets: `@({inner})`"));
            problems.add_with_help(SYNTAX, nothing, "expected `@(` or `@{`", help);
            return error;
        }
    };
    if close == 0 {
        let message = if is_block { "expected `}` at the end" } else { "expected `)` at the end" };
        problems.add(SYNTAX, Span::new(source.len(), source.len()), message);
    }
    let mut tokens = lex(source, 2, trimmed.len() - close, problems);
    drop_global(&mut tokens);
    let mut parser = Parser { tokens, at: 0, depth: 0, problems };
    if is_block { Source::Block(parser.whole_block(nothing)) } else { Source::Expression(parser.whole_expression()) }
}

// `global::System` is `System`: no other alias exists.
fn drop_global(tokens: &mut Vec<Token>) {
    let is_global = |pair: &[Token]| match pair {
        [name, mark] => {
            matches!(&name.kind, TokenKind::Word { text, escaped: false } if &**text == "global")
                && matches!(mark.kind, TokenKind::Punct("::"))
        }
        _ => false,
    };
    let mut at = 0;
    while at < tokens.len() {
        if tokens.get(at..at + 2).is_some_and(is_global) {
            tokens.drain(at..at + 2);
        } else {
            at += 1;
        }
    }
}

/// The words that are never names, in order.
pub(crate) const KEYWORDS: [&str; 74] = [
    "abstract",
    "as",
    "base",
    "bool",
    "break",
    "byte",
    "case",
    "catch",
    "char",
    "checked",
    "class",
    "const",
    "continue",
    "decimal",
    "default",
    "delegate",
    "do",
    "double",
    "else",
    "enum",
    "event",
    "explicit",
    "extern",
    "false",
    "finally",
    "fixed",
    "float",
    "for",
    "foreach",
    "goto",
    "if",
    "implicit",
    "in",
    "int",
    "interface",
    "internal",
    "is",
    "lock",
    "long",
    "namespace",
    "new",
    "null",
    "object",
    "operator",
    "out",
    "override",
    "params",
    "private",
    "protected",
    "public",
    "readonly",
    "ref",
    "return",
    "sbyte",
    "sealed",
    "short",
    "sizeof",
    "stackalloc",
    "static",
    "string",
    "struct",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "uint",
    "ulong",
    "unchecked",
    "unsafe",
    "ushort",
    "using",
    "virtual",
];

struct Parser<'p> {
    tokens: Vec<Token>,
    at: usize,
    depth: u16,
    problems: &'p mut Problems,
}

const END: Token = Token { span: Span { start: 0, end: 0 }, kind: TokenKind::End };

impl Parser<'_> {
    fn whole_expression(&mut self) -> Expr {
        if self.peek() == &TokenKind::End {
            self.report(self.span(), "expected an expression");
            return self.make(self.span(), ExprKind::Error);
        }
        let expr = self.expression();
        if self.peek() != &TokenKind::End {
            let found = self.shown();
            self.report(self.span(), format!("expected the end of the expression, found {found}"));
        }
        expr
    }

    fn token(&self, ahead: usize) -> &Token {
        self.tokens.get(self.at + ahead).or_else(|| self.tokens.last()).unwrap_or(&END)
    }

    fn peek(&self) -> &TokenKind {
        &self.token(0).kind
    }

    fn span(&self) -> Span {
        self.token(0).span
    }

    fn previous_end(&self) -> Span {
        let end = self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(0, |token| token.span.end);
        Span { start: end, end }
    }

    fn follows(&self, punct: &str) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        before.is_some_and(|token| matches!(token.kind, TokenKind::Punct(found) if found == punct))
    }

    // Never moves past the end.
    fn bump(&mut self) {
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
    }

    fn is_punct(&self, ahead: usize, punct: &str) -> bool {
        matches!(self.token(ahead).kind, TokenKind::Punct(found) if found == punct)
    }

    fn is_word(&self, ahead: usize, word: &str) -> bool {
        matches!(&self.token(ahead).kind, TokenKind::Word { text, escaped: false } if &**text == word)
    }

    fn eat(&mut self, punct: &str) -> bool {
        let found = self.is_punct(0, punct);
        if found {
            self.bump();
        }
        found
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(0, word);
        if found {
            self.bump();
        }
        found
    }

    fn expect(&mut self, punct: &str) -> bool {
        if self.eat(punct) {
            return true;
        }
        let found = self.shown();
        let at = if matches!(punct, ";" | ")" | "]") { self.previous_end() } else { self.span() };
        self.report(at, format!("expected `{punct}`, found {found}"));
        false
    }

    fn shown(&self) -> String {
        match self.peek() {
            TokenKind::Word { text, .. } => format!("`{text}`"),
            TokenKind::Punct(punct) => format!("`{punct}`"),
            TokenKind::Literal(_) | TokenKind::BadLiteral => "a literal".to_owned(),
            TokenKind::End => "the end".to_owned(),
            TokenKind::InterpolationStart
            | TokenKind::InterpolationText(_)
            | TokenKind::HoleStart
            | TokenKind::HoleFormat(_)
            | TokenKind::HoleEnd
            | TokenKind::InterpolationEnd => "a part of an interpolated string".to_owned(),
        }
    }

    fn report(&mut self, span: Span, message: impl Into<String>) {
        self.problems.add(SYNTAX, span, message);
    }

    fn unsupported(&mut self, span: Span, what: &str) {
        self.problems.add("unsupported-expression", span, format!("{what} is not supported yet"));
    }

    // What a later version of the language has.
    fn too_new(&mut self, span: Span, what: &str, version: &str) {
        let message = format!("{what} came with C# {version}, and policy expressions are C# 7");
        self.problems.add("unsupported-expression", span, message);
    }

    // A name that is no keyword; reports and invents one otherwise.
    fn ident(&mut self) -> Ident {
        let span = self.span();
        if let Some(text) = self.name_at(0) {
            self.bump();
            return Ident { text, span };
        }
        let found = self.shown();
        self.report(span, format!("expected a name, found {found}"));
        Ident { text: Arc::from(""), span }
    }

    fn name_at(&self, ahead: usize) -> Option<Arc<str>> {
        match &self.token(ahead).kind {
            TokenKind::Word { text, escaped } if *escaped || KEYWORDS.binary_search(&&**text).is_err() => {
                Some(Arc::clone(text))
            }
            _ => None,
        }
    }

    // Runs `inner` one level deeper. Past the limit it reports, gives up the rest of the source and runs nothing.
    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth >= TREE_HEIGHT_MAX {
            self.too_deep(self.span());
            return None;
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        Some(result)
    }

    fn too_deep(&mut self, span: Span) {
        let message = format!("an expression may be nested at most {TREE_HEIGHT_MAX} levels deep");
        self.problems.add("expression-limit", span, message);
        self.at = self.tokens.len().saturating_sub(1);
    }

    // A node; one that is too tall is reported and replaced, so that no pass can exhaust the stack.
    fn make(&mut self, span: Span, kind: ExprKind) -> Expr {
        let height = height::of_expression(&kind).saturating_add(1);
        if height > TREE_HEIGHT_MAX {
            self.too_deep(span);
            return Expr { span, height: 1, kind: ExprKind::Error };
        }
        Expr { span, height, kind }
    }

    // The same for a statement.
    fn make_statement(&mut self, span: Span, kind: StmtKind) -> Stmt {
        let height = height::of_statement(&kind).saturating_add(1);
        if height > TREE_HEIGHT_MAX {
            self.too_deep(span);
            return Stmt { span, height: 1, kind: StmtKind::Error };
        }
        Stmt { span, height, kind }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn keywords_are_in_order() {
        assert!(super::KEYWORDS.is_sorted());
    }
}
