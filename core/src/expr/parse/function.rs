//! Local functions. Knows no types.

use super::Parser;
use crate::expr::lex::TokenKind;
use crate::expr::syntax::{Formal, Ident, LocalFunction, Mode, StmtKind, TypeName};

impl Parser<'_> {
    /// The rest of `T Name<U>(…)`.
    pub(super) fn local_function(&mut self, result: TypeName, name: Ident) -> StmtKind {
        let mut type_parameters = Vec::new();
        if self.eat("<") {
            loop {
                type_parameters.push(self.ident());
                if !self.eat(",") {
                    break;
                }
            }
            self.expect(">");
        }
        let mut parameters = Vec::new();
        self.expect("(");
        while !self.eat(")") {
            let before = self.at;
            parameters.push(self.formal());
            if !self.eat(",") && !self.is_punct(0, ")") || self.at == before {
                self.expect(")");
                break;
            }
        }
        self.constraints();
        let body = self.function_body();
        StmtKind::LocalFunction(Box::new(LocalFunction { result, name, type_parameters, parameters, body }))
    }

    fn formal(&mut self) -> Formal {
        if self.is_word(0, "in") {
            self.too_new(self.span(), "an `in` parameter", "7.2");
            self.bump();
        }
        let modes = [("ref", Mode::Ref), ("out", Mode::Out), ("params", Mode::Rest)];
        let mode = modes.into_iter().find(|(word, _)| self.eat_word(word)).map_or(Mode::Value, |(_, mode)| mode);
        let ty = self.type_name();
        let name = self.ident();
        let default = if self.eat("=") { Some(self.expression()) } else { None };
        Formal { ty, name, mode, default }
    }

    // `where T : …`, which refuses types but changes nothing of what runs.
    fn constraints(&mut self) {
        if !self.is_word(0, "where") {
            return;
        }
        while !self.is_punct(0, "{") && !self.is_punct(0, "=>") && *self.peek() != TokenKind::End {
            self.bump();
        }
    }

    /// Whether parameters with a body behind them stand there, perhaps behind type parameters.
    pub(super) fn is_function_rest(&self, mut ahead: usize) -> bool {
        if self.is_punct(ahead, "<") {
            while matches!(self.token(ahead).kind, TokenKind::Punct("<" | ",") | TokenKind::Word { .. }) {
                ahead += 1;
            }
            ahead += 1;
        }
        if !self.is_punct(ahead, "(") {
            return false;
        }
        let mut open = 0_usize;
        loop {
            match &self.token(ahead).kind {
                TokenKind::Punct("(") => open += 1,
                TokenKind::Punct(")") => open -= 1,
                TokenKind::Punct(";" | "{" | "}") | TokenKind::End => return false,
                _ => {}
            }
            ahead += 1;
            if open == 0 {
                return self.is_punct(ahead, "{") || self.is_punct(ahead, "=>") || self.is_word(ahead, "where");
            }
        }
    }

    /// Whether the word here stands before a local function.
    pub(super) fn at_function_modifier(&mut self) -> bool {
        let start = self.at;
        self.bump();
        let is_function = self.try_type(0).is_some() && self.name_at(0).is_some() && self.is_punct(1, "(");
        self.at = start;
        is_function
    }

    pub(super) fn modified_function(&mut self, word: &str) -> StmtKind {
        let span = self.span();
        if word == "static" {
            self.too_new(span, "a `static` local function", "8");
        } else {
            self.report(span, format!("an expression cannot wait for anything, so `{word}` has no place in it"));
        }
        self.bump();
        self.statement().kind
    }
}
