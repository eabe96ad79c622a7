//! Operands: literals, names, brackets, object creation, and what may follow them: members, calls, indexers, `?.`.

use super::Parser;
use crate::expr::lex::TokenKind;
use crate::expr::syntax::{Argument, Expr, ExprKind, Hole, Ident, Literal, Overflow, Piece, StepOp, TypeName};
use crate::span::Span;

impl Parser<'_> {
    pub(super) fn postfix(&mut self) -> Expr {
        let primary = self.primary();
        self.postfix_of(primary)
    }

    fn postfix_of(&mut self, mut expr: Expr) -> Expr {
        loop {
            let step = match self.peek() {
                TokenKind::Punct("++") => Some(StepOp::PostIncrement),
                TokenKind::Punct("--") => Some(StepOp::PostDecrement),
                _ => None,
            };
            expr = match self.peek() {
                TokenKind::Punct("." | "->" | "::") => self.member(expr),
                TokenKind::Punct("(") => {
                    let arguments = self.arguments("(", ")");
                    let span = expr.span.to(self.previous_end());
                    self.make(span, ExprKind::Call(Box::new(expr), arguments))
                }
                TokenKind::Punct("[") => {
                    let arguments = self.arguments("[", "]");
                    let span = expr.span.to(self.previous_end());
                    self.make(span, ExprKind::Index(Box::new(expr), arguments))
                }
                TokenKind::Punct("?.") => return self.conditional_access(expr),
                TokenKind::Punct("?") if self.is_punct(1, "[") && self.adjacent_index() => {
                    return self.conditional_access(expr);
                }
                TokenKind::Punct("++" | "--") => {
                    let span = expr.span.to(self.span());
                    self.bump();
                    self.make(span, ExprKind::Step(step.unwrap_or(StepOp::PostIncrement), Box::new(expr)))
                }
                _ => return expr,
            };
        }
    }

    // `a?[0]` is an access, `a ? [` is nothing in C# 7; only adjacency tells early enough.
    fn adjacent_index(&self) -> bool {
        self.token(0).span.end == self.token(1).span.start
    }

    fn member(&mut self, receiver: Expr) -> Expr {
        if !self.eat(".") {
            let (span, found) = (self.span(), self.shown());
            self.report(span, format!("unexpected {found}"));
            self.bump();
        }
        let name = self.ident();
        let arguments = if self.is_punct(0, "<") { self.generic_arguments_in_expression() } else { Vec::new() };
        let span = receiver.span.to(name.span);
        self.make(span, ExprKind::Member(Box::new(receiver), name, arguments))
    }

    fn conditional_access(&mut self, receiver: Expr) -> Expr {
        let mark = self.span();
        self.bump();
        let start = self.make(mark, ExprKind::Receiver);
        let first = if self.is_punct(0, "[") {
            start
        } else {
            let name = self.ident();
            let arguments = if self.is_punct(0, "<") { self.generic_arguments_in_expression() } else { Vec::new() };
            let span = mark.to(name.span);
            self.make(span, ExprKind::Member(Box::new(start), name, arguments))
        };
        let error = Expr { span: mark, height: 1, kind: ExprKind::Error };
        let rest = self.deeper(|parser| parser.postfix_of(first)).unwrap_or(error);
        let span = receiver.span.to(rest.span);
        self.make(span, ExprKind::ConditionalAccess(Box::new(receiver), Box::new(rest)))
    }

    pub(super) fn arguments(&mut self, open: &str, close: &str) -> Vec<Argument> {
        self.expect(open);
        let mut arguments = Vec::new();
        if self.eat(close) {
            return arguments;
        }
        loop {
            let before = self.at;
            if self.is_word(0, "in") {
                self.too_new(self.span(), "an `in` argument", "7.2");
                self.bump();
            }
            let name = if self.name_at(0).is_some() && self.is_punct(1, ":") { Some(self.ident()) } else { None };
            if name.is_some() {
                self.bump();
            }
            let span = self.span();
            let value = if self.eat_word("out") {
                let target = self.out_target();
                self.make(span.to(self.previous_end()), ExprKind::Out(Box::new(target)))
            } else if self.eat_word("ref") {
                let inner = self.expression();
                self.make(span.to(inner.span), ExprKind::Ref(Box::new(inner)))
            } else {
                self.expression()
            };
            arguments.push(Argument { name, value });
            if self.eat(",") {
                continue;
            }
            if !self.eat(close) {
                self.expect(close);
                if self.at == before {
                    self.bump();
                }
            }
            return arguments;
        }
    }

    fn primary(&mut self) -> Expr {
        let span = self.span();
        match self.peek().clone() {
            TokenKind::InterpolationStart => self.interpolated(span),
            TokenKind::Punct("(") => self.parenthesised(span),
            TokenKind::Word { escaped: false, .. } if self.name_at(0).is_none() => self.keyword(span),
            TokenKind::Word { .. } if self.at_query() => self.query_here(span),
            _ => self.lone_primary(span),
        }
    }

    fn query_here(&mut self, span: Span) -> Expr {
        self.deeper(Self::query).unwrap_or(Expr { span, height: 1, kind: ExprKind::Error })
    }

    // What holds no other operand.
    fn lone_primary(&mut self, span: Span) -> Expr {
        match self.peek().clone() {
            TokenKind::Literal(literal) => {
                self.bump();
                self.make(span, ExprKind::Literal(literal))
            }
            TokenKind::BadLiteral => {
                self.bump();
                self.make(span, ExprKind::Error)
            }
            TokenKind::Word { .. } => {
                let name = self.ident();
                let arguments = if self.is_punct(0, "<") { self.generic_arguments_in_expression() } else { Vec::new() };
                if !arguments.is_empty() {
                    let span = span.to(self.previous_end());
                    let ty = TypeName { arguments, ..TypeName::plain(name.text, span) };
                    return self.make(span, ExprKind::GenericType(ty));
                }
                self.make(span, ExprKind::Name(name))
            }
            TokenKind::Punct("^") if self.follows("[") => {
                self.too_new(span, "an index from the end", "8");
                self.bump();
                self.deeper(Self::expression);
                self.make(span, ExprKind::Error)
            }
            _ => {
                let found = self.shown();
                self.report(span, format!("expected an expression, found {found}"));
                if !matches!(self.peek(), TokenKind::Punct(")" | "]" | "}" | ";" | "," | ":") | TokenKind::HoleEnd) {
                    self.bump();
                }
                self.make(span, ExprKind::Error)
            }
        }
    }

    // What leads to operands is a call alone, so that the frames of nested operands stay small.
    fn keyword(&mut self, span: Span) -> Expr {
        if self.is_word(0, "new") {
            return self.creation(span);
        }
        if self.is_word(0, "throw") {
            return self.throw_expression(span);
        }
        if (self.is_word(0, "checked") || self.is_word(0, "unchecked")) && self.is_punct(1, "(") {
            return self.checked(span);
        }
        if self.is_word(0, "delegate") {
            return self.anonymous_method(span);
        }
        self.lone_keyword(span)
    }

    fn throw_expression(&mut self, span: Span) -> Expr {
        self.bump();
        let thrown = self.expression();
        self.make(span.to(thrown.span), ExprKind::Throw(Box::new(thrown)))
    }

    fn checked(&mut self, span: Span) -> Expr {
        let overflow = if self.is_word(0, "checked") { Overflow::Throws } else { Overflow::Wraps };
        self.bump();
        let inner = self.bracketed();
        self.make(span.to(self.previous_end()), ExprKind::Checked(overflow, Box::new(inner)))
    }

    fn lone_keyword(&mut self, span: Span) -> Expr {
        if let Some(name) = self.predefined() {
            self.bump();
            return self.make(span, ExprKind::PredefinedType(name));
        }
        for (word, literal) in [("true", Literal::Bool(true)), ("false", Literal::Bool(false)), ("null", Literal::Null)]
        {
            if self.eat_word(word) {
                return self.make(span, ExprKind::Literal(literal));
            }
        }
        for word in ["default", "typeof", "sizeof"] {
            if self.is_word(0, word) && self.is_punct(1, "(") {
                self.bump();
                self.bump();
                let ty = self.type_name();
                self.expect(")");
                let kind = match word {
                    "default" => ExprKind::Default(ty),
                    "typeof" => ExprKind::TypeOf(ty),
                    _ => ExprKind::SizeOf(ty),
                };
                return self.make(span.to(self.previous_end()), kind);
            }
        }
        if self.eat_word("default") {
            self.too_new(span, "`default` without a type", "7.1");
            return self.make(span, ExprKind::Error);
        }
        let found = self.shown();
        self.report(span, format!("expected an expression, found {found}"));
        self.bump();
        self.make(span, ExprKind::Error)
    }

    fn interpolated(&mut self, from: Span) -> Expr {
        self.bump();
        let mut pieces = Vec::new();
        loop {
            match self.peek().clone() {
                TokenKind::InterpolationText(text) => {
                    self.bump();
                    pieces.push(Piece::Text(text));
                }
                TokenKind::HoleStart => {
                    self.bump();
                    pieces.push(self.hole());
                }
                TokenKind::InterpolationEnd => {
                    self.bump();
                    break;
                }
                TokenKind::End => {
                    self.report(from, "this interpolated string is never closed");
                    break;
                }
                _ => self.bump(),
            }
        }
        let span = from.to(self.previous_end());
        self.make(span, ExprKind::Interpolated(pieces))
    }

    fn hole(&mut self) -> Piece {
        let value = self.expression();
        let alignment = if self.eat(",") { Some(self.expression()) } else { None };
        let format = match self.peek().clone() {
            TokenKind::HoleFormat(text) => {
                let span = self.span();
                self.bump();
                Some(Ident { text, span })
            }
            _ => None,
        };
        if *self.peek() == TokenKind::HoleEnd {
            self.bump();
        } else {
            let (span, found) = (self.span(), self.shown());
            self.report(span, format!("expected `}}`, found {found}"));
        }
        Piece::Hole(Box::new(Hole { value, alignment, format }))
    }
}
