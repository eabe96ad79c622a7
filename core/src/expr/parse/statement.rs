//! Statements of `@{ … }`.

use super::Parser;
use crate::expr::lex::TokenKind;
use crate::expr::syntax::{Block, Expr, ExprKind, ForHead, Ident, Overflow, Stmt, StmtKind, TypeName};
use crate::span::Span;

impl Parser<'_> {
    pub(super) fn whole_block(&mut self, span: Span) -> Block {
        let statements = self.statements();
        Block { span, statements }
    }

    // Up to a `}` or the end; a stray `}` at the end of the whole source is reported and passed.
    fn statements(&mut self) -> Vec<Stmt> {
        let mut statements = Vec::new();
        loop {
            if self.peek() == &TokenKind::End {
                return statements;
            }
            if self.is_punct(0, "}") {
                if self.depth > 0 {
                    return statements;
                }
                self.report(self.span(), "unexpected `}`");
                self.bump();
                continue;
            }
            let before = self.at;
            statements.push(self.statement());
            if self.at == before {
                self.bump();
            }
        }
    }

    pub(super) fn statement(&mut self) -> Stmt {
        let span = self.span();
        let kind = self.deeper(Self::statement_kind).unwrap_or(StmtKind::Error);
        self.make_statement(span.to(self.previous_end()), kind)
    }

    fn statement_kind(&mut self) -> StmtKind {
        if self.eat(";") {
            return StmtKind::Empty;
        }
        if self.is_punct(0, "{") {
            return StmtKind::Block(self.block());
        }
        if self.at_deconstruction("=") {
            return self.deconstruction();
        }
        if self.name_at(0).is_some() && self.is_punct(1, ":") {
            let name = self.ident();
            self.bump();
            return StmtKind::Label(name);
        }
        let TokenKind::Word { text, escaped: false } = self.peek().clone() else { return self.simple() };
        match &*text {
            "if" => self.if_statement(),
            "return" => self.return_statement(),
            "while" => {
                self.bump();
                let test = self.bracketed();
                StmtKind::While(test, self.boxed())
            }
            "do" => self.do_statement(),
            "for" => self.for_statement(),
            "foreach" => self.foreach_statement(),
            "break" => self.word_statement(StmtKind::Break),
            "continue" => self.word_statement(StmtKind::Continue),
            "else" | "case" | "catch" | "finally" => {
                self.report(self.span(), format!("unexpected `{text}`"));
                self.bump();
                StmtKind::Error
            }
            "try" => self.try_statement(),
            "switch" => self.switch_statement(),
            "using" if self.is_punct(1, "(") => self.using_statement(),
            "throw" => self.throw_statement(),
            "const" => self.const_statement(),
            "goto" => self.goto_statement(),
            "checked" | "unchecked" if self.is_punct(1, "{") => {
                self.bump();
                let overflow = if &*text == "checked" { Overflow::Throws } else { Overflow::Wraps };
                StmtKind::Checked(overflow, self.block())
            }
            "lock" => {
                self.bump();
                let object = self.bracketed();
                StmtKind::Lock(object, self.boxed())
            }
            "ref" if self.returns_by_reference() => self.unbuilt("ref"),
            "ref" => self.alias(),
            "using" => {
                self.too_new(self.span(), "`using` without brackets", "8");
                self.bump();
                self.simple()
            }
            "static" | "async" if self.at_function_modifier() => self.modified_function(&text),
            "yield" if self.is_word(1, "return") || self.is_word(1, "break") => self.unbuilt("yield"),
            "unsafe" | "fixed" => self.unbuilt(&text),
            _ => self.simple(),
        }
    }

    // Reports the statement and passes it: up to `;`, or behind its last block.
    fn unbuilt(&mut self, word: &str) -> StmtKind {
        let what = if word == "ref" { "a local function that returns by reference" } else { &format!("`{word}`") };
        self.unsupported(self.span(), what);
        self.bump();
        loop {
            match self.peek() {
                TokenKind::Punct("{") => {
                    self.skip_block();
                    if !["catch", "finally"].iter().any(|word| self.is_word(0, word)) {
                        return StmtKind::Error;
                    }
                }
                TokenKind::Punct(";") => {
                    self.bump();
                    return StmtKind::Error;
                }
                TokenKind::End | TokenKind::Punct("}") => return StmtKind::Error,
                _ => self.bump(),
            }
        }
    }

    pub(super) fn skip_block(&mut self) {
        let mut open = 0_usize;
        loop {
            match self.peek() {
                TokenKind::Punct("{") => open += 1,
                TokenKind::Punct("}") => open = open.saturating_sub(1),
                TokenKind::End => return,
                _ => {}
            }
            self.bump();
            if open == 0 {
                return;
            }
        }
    }

    pub(super) fn block(&mut self) -> Block {
        let from = self.span();
        self.expect("{");
        let statements = self.statements();
        self.expect("}");
        Block { span: from.to(self.previous_end()), statements }
    }

    pub(super) fn bracketed(&mut self) -> Expr {
        self.expect("(");
        let inner = self.expression();
        self.expect(")");
        inner
    }

    fn word_statement(&mut self, kind: StmtKind) -> StmtKind {
        self.bump();
        self.expect(";");
        kind
    }

    fn if_statement(&mut self) -> StmtKind {
        self.bump();
        let test = self.bracketed();
        let yes = self.boxed();
        let no = if self.eat_word("else") { Some(self.boxed()) } else { None };
        StmtKind::If(test, yes, no)
    }

    fn return_statement(&mut self) -> StmtKind {
        self.bump();
        if self.eat(";") {
            return StmtKind::Return(None);
        }
        let value = self.expression();
        self.end_statement();
        StmtKind::Return(Some(value))
    }

    fn do_statement(&mut self) -> StmtKind {
        self.bump();
        let body = self.boxed();
        if !self.eat_word("while") {
            let (span, found) = (self.span(), self.shown());
            self.report(span, format!("expected `while`, found {found}"));
        }
        let test = self.bracketed();
        self.expect(";");
        StmtKind::DoWhile(body, test)
    }

    fn for_statement(&mut self) -> StmtKind {
        self.bump();
        self.expect("(");
        let mut start = Vec::new();
        if !self.eat(";") {
            let span = self.span();
            start = self.for_start(span);
        }
        let condition = if self.is_punct(0, ";") { None } else { Some(self.expression()) };
        self.expect(";");
        let mut step = Vec::new();
        while !self.is_punct(0, ")") && self.peek() != &TokenKind::End {
            step.push(self.expression());
            if !self.eat(",") {
                break;
            }
        }
        self.expect(")");
        let body = self.statement();
        StmtKind::For(Box::new(ForHead { start, condition, step }), Box::new(body))
    }

    // A declaration, or expressions with commas between them.
    fn for_start(&mut self, span: Span) -> Vec<Stmt> {
        if self.at_declaration() {
            let kind = self.declaration();
            return vec![self.make_statement(span.to(self.previous_end()), kind)];
        }
        let mut start = Vec::new();
        loop {
            let expr = self.expression();
            start.push(self.make_statement(expr.span, StmtKind::Expression(expr)));
            if !self.eat(",") {
                break;
            }
        }
        self.end_statement();
        start
    }

    fn foreach_statement(&mut self) -> StmtKind {
        self.bump();
        if self.is_punct(0, "(") && self.at_foreach_parts() {
            return self.foreach_parts();
        }
        self.expect("(");
        let ty = self.local_type();
        let name = self.ident();
        if !self.eat_word("in") {
            let (span, found) = (self.span(), self.shown());
            self.report(span, format!("expected `in`, found {found}"));
        }
        let sequence = self.expression();
        self.expect(")");
        let body = self.statement();
        StmtKind::Foreach(ty, name, sequence, Box::new(body))
    }

    // Nothing means `var`.
    pub(super) fn local_type(&mut self) -> Option<TypeName> {
        if self.eat_word("var") { None } else { Some(self.type_name()) }
    }

    // A declaration or an expression, with its `;`.
    fn simple(&mut self) -> StmtKind {
        if self.at_declaration() {
            return self.declaration();
        }
        let expr = self.expression();
        self.end_statement();
        StmtKind::Expression(expr)
    }

    // A type followed by a name is a declaration.
    pub(super) fn at_declaration(&mut self) -> bool {
        if self.is_word(0, "var") && self.name_at(1).is_some() {
            return true;
        }
        let start = self.at;
        let found = self.try_type(0).is_some() && self.name_at(0).is_some();
        self.at = start;
        found
    }

    fn declaration(&mut self) -> StmtKind {
        let ty = self.local_type();
        let at_function = self.is_punct(1, "(") || self.is_punct(1, "<");
        if let (Some(result), Some(_), true) = (&ty, self.name_at(0), at_function) {
            let result = result.clone();
            let name = self.ident();
            return self.local_function(result, name);
        }
        StmtKind::Declare(ty, self.declared())
    }

    /// `a = 1, b;`
    pub(super) fn declared(&mut self) -> Vec<(Ident, Option<Expr>)> {
        let mut locals = Vec::new();
        loop {
            let name = self.ident();
            let value = if self.eat("=") { Some(self.initial_value()) } else { None };
            locals.push((name, value));
            if !self.eat(",") {
                break;
            }
        }
        self.end_statement();
        locals
    }

    // `int[] x = { 1, 2 };` is an array too.
    fn initial_value(&mut self) -> Expr {
        if !self.is_punct(0, "{") {
            return self.expression();
        }
        let span = self.span();
        let items = self.array_items();
        self.make(span.to(self.previous_end()), ExprKind::ArrayItems(items))
    }

    // Behind an error, the rest of the statement is passed, so that the next one is read on its own.
    pub(super) fn end_statement(&mut self) {
        if self.expect(";") {
            return;
        }
        let mut open = 0_usize;
        loop {
            match self.peek() {
                TokenKind::End => return,
                TokenKind::Punct(";") if open == 0 => {
                    self.bump();
                    return;
                }
                TokenKind::Punct("}") if open == 0 => return,
                TokenKind::Punct("{") => open += 1,
                TokenKind::Punct("}") => open -= 1,
                _ => {}
            }
            self.bump();
        }
    }
}
