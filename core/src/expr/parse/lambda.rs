//! Lambdas, `out` arguments, tuples and initialisers. Knows no types.

use super::Parser;
use crate::expr::lex::TokenKind;
use crate::expr::syntax::{
    Expr, ExprKind, Ident, InitTarget, InitValue, Initializer, Lambda, LambdaBody, OutTarget, TypeName,
};
use crate::span::Span;

impl Parser<'_> {
    /// Whether `x => …`, `() => …` or `(a, T b) => …` begins here.
    pub(super) fn at_lambda(&self) -> bool {
        if self.name_at(0).is_some() {
            return self.is_punct(1, "=>");
        }
        if !self.is_punct(0, "(") {
            return false;
        }
        // What stands in the brackets of a lambda is names, types and commas.
        let (mut ahead, mut open) = (1, 0_usize);
        loop {
            match &self.token(ahead).kind {
                TokenKind::Punct(")") if open == 0 => return self.is_punct(ahead + 1, "=>"),
                TokenKind::Punct(")") => open -= 1,
                TokenKind::Punct("(") => open += 1,
                TokenKind::Word { .. } | TokenKind::Punct("," | "<" | ">" | "." | "?" | "[" | "]") => {}
                _ => return false,
            }
            ahead += 1;
        }
    }

    pub(super) fn lambda(&mut self) -> Expr {
        let from = self.span();
        let mut parameters = Vec::new();
        if self.eat("(") {
            while !self.eat(")") {
                let before = self.at;
                let ty = if self.is_punct(1, ",") || self.is_punct(1, ")") { None } else { Some(self.type_name()) };
                parameters.push((ty, self.ident()));
                if !self.eat(",") && !self.is_punct(0, ")") || self.at == before {
                    self.expect(")");
                    break;
                }
            }
        } else {
            parameters.push((None, self.ident()));
        }
        self.expect("=>");
        let body = self.lambda_body();
        let span = from.to(self.previous_end());
        self.make(span, ExprKind::Lambda(Box::new(Lambda { parameters, body, unpacked: Vec::new() })))
    }

    fn lambda_body(&mut self) -> LambdaBody {
        if self.is_punct(0, "{") {
            let span = self.span();
            let empty = crate::expr::syntax::Block { span, statements: Vec::new() };
            LambdaBody::Block(self.deeper(Self::block).unwrap_or(empty))
        } else {
            LambdaBody::Expression(self.expression())
        }
    }

    /// `=> value;` or a block.
    pub(super) fn function_body(&mut self) -> LambdaBody {
        if self.eat("=>") {
            let value = self.expression();
            self.end_statement();
            return LambdaBody::Expression(value);
        }
        self.lambda_body()
    }

    /// What stands behind `out`.
    pub(super) fn out_target(&mut self) -> OutTarget {
        if self.is_word(0, "var") && self.name_at(1).is_some() {
            self.bump();
            let name = self.ident();
            return if &*name.text == "_" { OutTarget::Discard } else { OutTarget::Declare(None, name) };
        }
        if self.is_word(0, "_") {
            self.bump();
            return OutTarget::Discard;
        }
        let start = self.at;
        if let Some(ty) = self.try_type(0)
            && self.name_at(0).is_some()
        {
            return OutTarget::Declare(Some(ty), self.ident());
        }
        self.at = start;
        OutTarget::Existing(self.expression())
    }

    /// `(`, then one expression or the members of a tuple.
    pub(super) fn parenthesised(&mut self, from: Span) -> Expr {
        self.bump();
        let mut members = Vec::new();
        loop {
            let named = self.name_at(0).is_some() && self.is_punct(1, ":");
            let name = if named { Some(self.ident()) } else { None };
            if named {
                self.bump();
            }
            members.push((name, self.expression()));
            if !self.eat(",") {
                break;
            }
        }
        self.expect(")");
        let span = from.to(self.previous_end());
        match <[(Option<Ident>, Expr); 1]>::try_from(members) {
            Ok([(_, inner)]) => self.make(span, ExprKind::Paren(Box::new(inner))),
            Err(members) => self.make(span, ExprKind::Tuple(members)),
        }
    }

    pub(super) fn creation(&mut self, from: Span) -> Expr {
        self.bump();
        if self.is_punct(0, "{") {
            return self.anonymous(from);
        }
        if let [dimensions, ..] = self.ranks()[..] {
            return self.array_of(from, None, dimensions);
        }
        if self.is_punct(0, "(") {
            return self.new_without_type(from);
        }
        let mut ty = self.type_name();
        if !ty.ranks.is_empty() {
            let dimensions = ty.ranks.remove(0);
            return self.array_of(from, Some(ty), dimensions);
        }
        // `new int?(5)`
        if self.is_punct(0, "?") && self.is_punct(1, "(") {
            self.bump();
            ty.nullable = true;
        }
        if self.is_punct(0, "[") { self.sized_array(from, ty) } else { self.object(from, ty) }
    }

    fn new_without_type(&mut self, from: Span) -> Expr {
        self.too_new(from, "`new` without a type", "9");
        self.arguments("(", ")");
        self.make(from, ExprKind::Error)
    }

    fn array_of(&mut self, from: Span, ty: Option<TypeName>, dimensions: u16) -> Expr {
        let items = self.array_items();
        self.make(from.to(self.previous_end()), ExprKind::NewArray(ty, dimensions, items))
    }

    fn object(&mut self, from: Span, ty: TypeName) -> Expr {
        let has_arguments = self.is_punct(0, "(");
        let arguments = if has_arguments { self.arguments("(", ")") } else { Vec::new() };
        let initializer = if self.is_punct(0, "{") { Some(Box::new(self.initializer())) } else { None };
        if !has_arguments && initializer.is_none() && !ty.name.is_empty() {
            let (at, found) = (self.previous_end(), self.shown());
            self.report(at, format!("expected `(`, found {found}"));
        }
        let span = from.to(self.previous_end());
        self.make(span, ExprKind::New(Box::new((ty, arguments, initializer))))
    }

    // `new T[n]`, `new T[n][]`, `new T[n, m]`, and `new T[2] { … }`.
    fn sized_array(&mut self, from: Span, mut ty: TypeName) -> Expr {
        self.bump();
        let mut lengths = vec![self.expression()];
        while self.eat(",") {
            lengths.push(self.expression());
        }
        self.expect("]");
        ty.ranks = self.ranks();
        if self.is_punct(0, "[") {
            let help = Some("put the array in parentheses to take an item of it: `(new T[n])[0]`".to_owned());
            let message = "only the first brackets of a new array hold lengths";
            self.problems.add_with_help("expression-syntax", self.span(), message, help);
        }
        let items = if self.is_punct(0, "{") { Some(self.array_items()) } else { None };
        self.make(from.to(self.previous_end()), ExprKind::NewSized(Box::new((ty, lengths, items))))
    }

    /// `delegate (T a) { … }`, which is a lambda, and `delegate { … }`.
    pub(super) fn anonymous_method(&mut self, from: Span) -> Expr {
        self.bump();
        if self.is_punct(0, "{") {
            let empty = crate::expr::syntax::Block { span: from, statements: Vec::new() };
            let block = self.deeper(Self::block).unwrap_or(empty);
            return self.make(from.to(self.previous_end()), ExprKind::Anonymous(Box::new(block)));
        }
        let mut parameters = Vec::new();
        self.expect("(");
        while !self.eat(")") {
            let before = self.at;
            let ty = self.type_name();
            parameters.push((Some(ty), self.ident()));
            if !self.eat(",") && !self.is_punct(0, ")") || self.at == before {
                self.expect(")");
                break;
            }
        }
        let body = self.lambda_body();
        let span = from.to(self.previous_end());
        self.make(span, ExprKind::Lambda(Box::new(Lambda { parameters, body, unpacked: Vec::new() })))
    }

    fn anonymous(&mut self, from: Span) -> Expr {
        self.expect("{");
        let mut members = Vec::new();
        while !self.eat("}") {
            let named = self.name_at(0).is_some() && self.is_punct(1, "=");
            let name = if named { Some(self.ident()) } else { None };
            if named {
                self.bump();
            }
            let value = self.expression();
            let name = name.or_else(|| projected(&value));
            let name = name.unwrap_or_else(|| {
                self.report(value.span, "this member of an anonymous object needs a name");
                Ident { text: "".into(), span: value.span }
            });
            members.push((name, value));
            if !self.eat(",") {
                self.expect("}");
                break;
            }
        }
        self.make(from.to(self.previous_end()), ExprKind::NewAnonymous(members))
    }

    pub(super) fn initializer(&mut self) -> Initializer {
        let empty = Initializer::Items(Vec::new());
        self.deeper(Self::initializer_inner).unwrap_or(empty)
    }

    fn initializer_inner(&mut self) -> Initializer {
        self.expect("{");
        let is_members = self.is_punct(0, "[") || self.name_at(0).is_some() && self.is_punct(1, "=");
        let (mut members, mut items) = (Vec::new(), Vec::new());
        while !self.eat("}") {
            let before = self.at;
            if is_members {
                members.push(self.member_initializer());
            } else if self.is_punct(0, "{") {
                items.push(self.array_items());
            } else {
                items.push(vec![self.expression()]);
            }
            if !self.eat(",") || self.at == before {
                self.expect("}");
                break;
            }
        }
        if is_members { Initializer::Members(members) } else { Initializer::Items(items) }
    }

    fn member_initializer(&mut self) -> (InitTarget, InitValue) {
        let span = self.span();
        let target = if self.is_punct(0, "[") {
            let arguments = self.arguments("[", "]");
            InitTarget::Index(arguments, span.to(self.previous_end()))
        } else {
            InitTarget::Member(self.ident())
        };
        self.expect("=");
        let value = if self.is_punct(0, "{") {
            InitValue::Nested(self.initializer())
        } else {
            InitValue::Value(self.expression())
        };
        (target, value)
    }

    pub(super) fn array_items(&mut self) -> Vec<Expr> {
        let mut items = Vec::new();
        if !self.expect("{") {
            return items;
        }
        while !self.eat("}") {
            if self.is_punct(0, "{") {
                let span = self.span();
                let inner = self.deeper(Self::array_items).unwrap_or_default();
                items.push(self.make(span, ExprKind::ArrayItems(inner)));
            } else {
                items.push(self.expression());
            }
            if !self.eat(",") {
                self.expect("}");
                break;
            }
        }
        items
    }
}

// `new { a.B, c }` names its members `B` and `c`.
fn projected(value: &Expr) -> Option<Ident> {
    match &value.kind {
        ExprKind::Name(name) | ExprKind::Member(_, name, _) => Some(name.clone()),
        ExprKind::ConditionalAccess(_, rest) => projected(rest),
        _ => None,
    }
}
