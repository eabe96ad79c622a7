//! Deconstruction: `var (a, b) = …`, `(a, b) = …`, `foreach (var (k, v) in …)`. Knows no types.

use super::Parser;
use crate::expr::lex::TokenKind;
use crate::expr::syntax::{Block, Expr, ExprKind, Ident, Part, Stmt, StmtKind};
use crate::span::Span;

impl Parser<'_> {
    /// Whether `var (a, b)` or `(a, b)` begins here, with `end` behind it.
    pub(super) fn at_deconstruction(&self, end: &str) -> bool {
        self.after_parts(0).is_some_and(|ahead| self.is_punct(ahead, end))
    }

    /// Whether `(var (a, b) in` begins here.
    pub(super) fn at_foreach_parts(&self) -> bool {
        self.after_parts(1).is_some_and(|ahead| self.is_word(ahead, "in"))
    }

    // Where the brackets end that begin here, perhaps behind `var`; nothing when they hold no comma.
    fn after_parts(&self, from: usize) -> Option<usize> {
        let mut ahead = from + usize::from(self.is_word(from, "var"));
        if !self.is_punct(ahead, "(") {
            return None;
        }
        let (mut open, mut has_comma) = (0_usize, false);
        loop {
            match &self.token(ahead).kind {
                TokenKind::Punct("(" | "[") => open += 1,
                TokenKind::Punct(")" | "]") => open = open.checked_sub(1)?,
                TokenKind::Punct(",") => has_comma |= open == 1,
                TokenKind::Punct(";" | "{" | "}") | TokenKind::End => return None,
                _ => {}
            }
            ahead += 1;
            if open == 0 {
                return has_comma.then_some(ahead);
            }
        }
    }

    pub(super) fn deconstruction(&mut self) -> StmtKind {
        let parts = self.target_parts();
        self.expect("=");
        let value = self.expression();
        self.end_statement();
        StmtKind::Deconstruct(parts, value)
    }

    fn target_parts(&mut self) -> Vec<Part> {
        let is_var = self.eat_word("var");
        let parts = self.parts(is_var);
        let (mut declares, mut assigns) = (false, None);
        for part in &parts {
            match part {
                Part::Declare(..) => declares = true,
                Part::Place(place) => assigns = Some(place.span),
                Part::Discard | Part::Nested(_) => {}
            }
        }
        if let (true, Some(span)) = (declares, assigns) {
            self.too_new(span, "a variable that exists already among new ones", "10");
        }
        parts
    }

    fn parts(&mut self, is_var: bool) -> Vec<Part> {
        let mut parts = Vec::new();
        self.expect("(");
        loop {
            let part = self.deeper(|parser| parser.part(is_var)).unwrap_or(Part::Discard);
            parts.push(part);
            if !self.eat(",") {
                break;
            }
        }
        self.expect(")");
        parts
    }

    fn part(&mut self, is_var: bool) -> Part {
        let named = |name: Ident| if &*name.text == "_" { Part::Discard } else { Part::Declare(None, name) };
        if self.is_punct(0, "(") {
            return Part::Nested(self.parts(is_var));
        }
        if is_var {
            return named(self.ident());
        }
        if self.is_word(0, "var") && self.is_punct(1, "(") {
            self.bump();
            return Part::Nested(self.parts(true));
        }
        if self.is_word(0, "var") && self.name_at(1).is_some() {
            self.bump();
            return named(self.ident());
        }
        if self.is_word(0, "_") && (self.is_punct(1, ",") || self.is_punct(1, ")")) {
            self.bump();
            return Part::Discard;
        }
        let start = self.at;
        if let Some(ty) = self.try_type(0)
            && self.name_at(0).is_some()
        {
            let name = self.ident();
            return if &*name.text == "_" { Part::Discard } else { Part::Declare(Some(ty), name) };
        }
        self.at = start;
        Part::Place(self.expression())
    }

    /// The rest of a `foreach` whose items come apart: the body begins with the deconstruction of a variable without a name.
    pub(super) fn foreach_parts(&mut self) -> StmtKind {
        self.expect("(");
        let span = self.span();
        let parts = self.target_parts();
        self.bump();
        let sequence = self.expression();
        self.expect(")");
        let body = self.statement();
        let item = Ident { text: format!("<item {}>", span.start).into(), span };
        let value = self.make(span, ExprKind::Name(item.clone()));
        let apart = self.make_statement(span, StmtKind::Deconstruct(parts, value));
        let whole = span.to(body.span);
        let block = self.block_of(whole, vec![apart, body]);
        StmtKind::Foreach(None, item, sequence, Box::new(block))
    }

    fn block_of(&mut self, span: Span, statements: Vec<Stmt>) -> Stmt {
        self.make_statement(span, StmtKind::Block(Block { span, statements }))
    }

    /// Whether a `ref` begins a local function: what stands behind its type and its name is no `=`.
    pub(super) fn returns_by_reference(&self) -> bool {
        let is_end = |at: usize| {
            ["=", "(", "{", ";"].iter().any(|mark| self.is_punct(at, mark)) || self.token(at).kind == TokenKind::End
        };
        let mut at = 2;
        while !is_end(at) {
            at += 1;
        }
        self.is_punct(at, "(")
    }

    /// `ref T x = ref y;`
    pub(super) fn alias(&mut self) -> StmtKind {
        self.bump();
        let ty = self.local_type();
        let name = self.ident();
        self.expect("=");
        if !self.eat_word("ref") {
            let (span, found) = (self.span(), self.shown());
            self.report(span, format!("expected `ref`, found {found}"));
        }
        let target: Expr = self.expression();
        self.end_statement();
        StmtKind::Alias(ty, name, target)
    }
}
