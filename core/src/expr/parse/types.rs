//! Types as written, and the two places where C# needs look-ahead to know one: casts and generic arguments.

use std::sync::Arc;

use super::Parser;
use crate::expr::lex::TokenKind;
use crate::expr::syntax::{Ident, TUPLE, TypeName};
use crate::span::Span;

/// The types that are keywords.
pub(crate) const PREDEFINED: [&str; 16] = [
    "bool", "byte", "char", "decimal", "double", "float", "int", "long", "object", "sbyte", "short", "string", "uint",
    "ulong", "ushort", "void",
];

/// The other keywords that an operand begins with.
const OPERAND_WORDS: [&str; 12] =
    ["base", "checked", "default", "delegate", "false", "new", "null", "sizeof", "this", "true", "typeof", "unchecked"];

/// How deep generic arguments may nest.
const GENERIC_DEPTH_MAX: u16 = 8;

/// Where a type stands, which decides whose a `?` behind it is: the type's or the conditional operator's.
#[derive(Clone, Copy, Debug)]
enum Standing {
    /// Nothing but a type can stand here.
    Sure,
    /// Behind `is` or `as`.
    Tested,
    /// An expression may stand here as well.
    Guessed,
}

impl Parser<'_> {
    /// A type where nothing else can stand.
    pub(super) fn type_name(&mut self) -> TypeName {
        self.type_or_report(Standing::Sure)
    }

    /// The type behind `is` or `as`.
    pub(super) fn tested_type(&mut self) -> TypeName {
        self.type_or_report(Standing::Tested)
    }

    fn type_or_report(&mut self, standing: Standing) -> TypeName {
        let span = self.span();
        if let Some(ty) = self.type_here(0, standing) {
            return ty;
        }
        let found = self.shown();
        self.report(span, format!("expected a type, found {found}"));
        TypeName::plain(Arc::from(""), span)
    }

    /// A type, or nothing and the position as before.
    pub(super) fn try_type(&mut self, depth: u16) -> Option<TypeName> {
        self.type_here(depth, Standing::Guessed)
    }

    /// Whether what stands behind `is` goes on as an expression where a type could end: `int.MaxValue`, `k + 1`, `nameof(x)`.
    pub(super) fn at_named_constant(&mut self) -> bool {
        let start = self.at;
        let is_type = self.type_here(0, Standing::Tested).is_some();
        let goes_on = matches!(self.peek(), TokenKind::Punct("." | "(" | "*" | "/" | "%" | "+" | "-" | "<<"));
        self.at = start;
        is_type && goes_on
    }

    fn type_here(&mut self, depth: u16, standing: Standing) -> Option<TypeName> {
        let start = self.at;
        let parsed = self.type_inner(depth, standing);
        if parsed.is_none() {
            self.at = start;
        }
        parsed
    }

    pub(super) fn predefined(&self) -> Option<&'static str> {
        match self.peek() {
            TokenKind::Word { text, escaped: false } => PREDEFINED.iter().find(|name| **name == &**text).copied(),
            _ => None,
        }
    }

    fn type_inner(&mut self, depth: u16, standing: Standing) -> Option<TypeName> {
        let from = self.span();
        let (mut arguments, mut labels) = (Vec::new(), Vec::new());
        let name = match self.predefined() {
            None if self.is_punct(0, "(") => {
                (arguments, labels) = self.tuple_members(depth)?;
                Arc::from(TUPLE)
            }
            Some(name) => {
                self.bump();
                Arc::from(name)
            }
            None => {
                let mut name = self.name_at(0)?.to_string();
                // `@int` is a name like any other, and not the keyword.
                if PREDEFINED.contains(&&*name) {
                    name.insert(0, '@');
                }
                self.bump();
                loop {
                    if self.is_punct(0, "<") {
                        arguments = self.generic_arguments(depth)?;
                    }
                    if !self.is_punct(0, ".") || self.name_at(1).is_none() {
                        break;
                    }
                    self.bump();
                    name.push('.');
                    name.push_str(&self.name_at(0)?);
                    self.bump();
                }
                Arc::from(name)
            }
        };
        let nullable = self.is_punct(0, "?") && self.is_nullable_mark(standing) && self.eat("?");
        let ranks = self.ranks();
        Some(TypeName { span: from.to(self.previous_span()), name, arguments, labels, nullable, ranks })
    }

    /// `[]`, `[,]` …: how many dimensions each has.
    pub(super) fn ranks(&mut self) -> Vec<u16> {
        let mut ranks = Vec::new();
        while self.is_punct(0, "[") {
            let mut ahead = 1;
            while self.is_punct(ahead, ",") {
                ahead += 1;
            }
            if !self.is_punct(ahead, "]") {
                break;
            }
            for _ in 0..=ahead {
                self.bump();
            }
            ranks.push(u16::try_from(ahead).unwrap_or(u16::MAX));
        }
        ranks
    }

    // `(T a, U b)`
    fn tuple_members(&mut self, depth: u16) -> Option<(Vec<TypeName>, Vec<Option<Ident>>)> {
        if depth >= GENERIC_DEPTH_MAX || !self.eat("(") {
            return None;
        }
        let (mut types, mut labels) = (Vec::new(), Vec::new());
        loop {
            types.push(self.try_type(depth + 1)?);
            labels.push(if self.name_at(0).is_some() { Some(self.ident()) } else { None });
            if !self.eat(",") {
                break;
            }
        }
        (types.len() > 1 && self.eat(")")).then_some((types, labels))
    }

    // In `x is int ? a : b` the `?` is the conditional operator's: behind a test, an operand follows that one alone. Elsewhere a
    // type's mark is followed by what may follow a type.
    fn is_nullable_mark(&self, standing: Standing) -> bool {
        match (standing, &self.token(1).kind) {
            (Standing::Sure, _) => true,
            (Standing::Tested, _) => !self.is_operand(1),
            (Standing::Guessed, TokenKind::Punct(punct)) => {
                matches!(*punct, ")" | ">" | "," | "[" | ";" | "}" | "]" | "&&" | "||")
            }
            (Standing::Guessed, TokenKind::Word { .. }) => {
                matches!(self.token(2).kind, TokenKind::Punct("=" | ";" | "," | ")") | TokenKind::End)
                    || self.is_word(2, "in")
                    || self.is_function_rest(2)
            }
            (Standing::Guessed, kind) => *kind == TokenKind::End,
        }
    }

    // Whether the token can begin an operand.
    fn is_operand(&self, ahead: usize) -> bool {
        match &self.token(ahead).kind {
            TokenKind::Literal(_) | TokenKind::BadLiteral | TokenKind::InterpolationStart => true,
            TokenKind::Punct(punct) => matches!(*punct, "(" | "+" | "-" | "++" | "--" | "!" | "~" | "&" | "*" | "^"),
            TokenKind::Word { text, .. } => {
                self.name_at(ahead).is_some() || PREDEFINED.contains(&&**text) || OPERAND_WORDS.contains(&&**text)
            }
            _ => false,
        }
    }

    fn previous_span(&self) -> Span {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or_else(Span::default, |token| token.span)
    }

    /// `<A, B>` with something behind it that shows that it is no comparison (C# 7, §7.6.5 "grammar ambiguities").
    pub(super) fn generic_arguments_in_expression(&mut self) -> Vec<TypeName> {
        let start = self.at;
        if let Some(arguments) = self.generic_arguments(0) {
            let follows = match self.peek() {
                TokenKind::End | TokenKind::HoleEnd | TokenKind::HoleFormat(_) => true,
                TokenKind::Punct(punct) => matches!(
                    *punct,
                    "(" | ")"
                        | "]"
                        | "}"
                        | ":"
                        | ";"
                        | ","
                        | "."
                        | "?"
                        | "?."
                        | "=="
                        | "!="
                        | "|"
                        | "^"
                        | "&&"
                        | "||"
                        | "&"
                        | "["
                ),
                _ => false,
            };
            if follows {
                return arguments;
            }
        }
        self.at = start;
        Vec::new()
    }

    pub(super) fn generic_arguments(&mut self, depth: u16) -> Option<Vec<TypeName>> {
        if depth >= GENERIC_DEPTH_MAX || !self.eat("<") {
            return None;
        }
        let mut arguments = Vec::new();
        loop {
            arguments.push(self.try_type(depth + 1)?);
            if !self.eat(",") {
                break;
            }
        }
        self.eat(">").then_some(arguments)
    }

    /// The type of a cast that begins here, with both brackets consumed; nothing if this is no cast.
    pub(super) fn cast_type(&mut self) -> Option<TypeName> {
        if !self.is_punct(0, "(") {
            return None;
        }
        let start = self.at;
        self.bump();
        let sure = self.predefined().is_some();
        let parsed = self.try_type(0).filter(|_| self.is_punct(0, ")"));
        if let Some(ty) = parsed {
            self.bump();
            let sure = (sure || ty.nullable || !ty.ranks.is_empty()) && !self.is_punct(0, ".");
            if sure || self.at_cast_operand() {
                return Some(ty);
            }
        }
        self.at = start;
        None
    }

    fn at_cast_operand(&self) -> bool {
        match self.peek() {
            TokenKind::Word { .. } => !self.is_word(0, "is") && !self.is_word(0, "as"),
            TokenKind::Literal(_) | TokenKind::BadLiteral | TokenKind::InterpolationStart => true,
            TokenKind::Punct(punct) => matches!(*punct, "(" | "!" | "~"),
            _ => false,
        }
    }
}
