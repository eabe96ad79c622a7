//! Statements with parts of their own: `try`, `switch`, `using`, `goto`. Knows no types.

use super::Parser;
use crate::expr::lex::TokenKind;
use crate::expr::syntax::{Catch, Ident, Label, Pattern, Section, Stmt, StmtKind, SwitchStmt, TryStmt, TypeName};

impl Parser<'_> {
    pub(super) fn try_statement(&mut self) -> StmtKind {
        let from = self.span();
        self.bump();
        let body = self.block();
        let mut catches = Vec::new();
        while self.is_word(0, "catch") {
            catches.push(self.catch());
        }
        let finally = if self.eat_word("finally") { Some(self.block()) } else { None };
        if catches.is_empty() && finally.is_none() {
            self.report(from, "a `try` needs a `catch` or a `finally`");
        }
        StmtKind::Try(Box::new(TryStmt { body, catches, finally }))
    }

    fn catch(&mut self) -> Catch {
        let span = self.span();
        self.bump();
        let (mut ty, mut name, mut filter) = (None, None, None);
        if self.eat("(") {
            ty = Some(self.type_name());
            name = if self.name_at(0).is_some() { Some(self.ident()) } else { None };
            self.expect(")");
        }
        if self.eat_word("when") {
            filter = Some(self.bracketed());
        }
        Catch { span, ty, name, filter, body: self.block() }
    }

    pub(super) fn switch_statement(&mut self) -> StmtKind {
        self.bump();
        let value = self.bracketed();
        let mut sections = Vec::new();
        self.expect("{");
        while !self.eat("}") {
            if *self.peek() == TokenKind::End {
                self.expect("}");
                break;
            }
            let before = self.at;
            sections.push(self.section());
            if self.at == before {
                self.bump();
            }
        }
        StmtKind::Switch(Box::new(SwitchStmt { value, sections }))
    }

    fn section(&mut self) -> Section {
        let span = self.span();
        let mut labels = Vec::new();
        while self.at_label() {
            labels.push(self.label());
        }
        if labels.is_empty() {
            let (span, found) = (self.span(), self.shown());
            self.report(span, format!("expected `case` or `default`, found {found}"));
        }
        let mut statements = Vec::new();
        while !self.at_label() && !self.is_punct(0, "}") && *self.peek() != TokenKind::End {
            let before = self.at;
            statements.push(self.statement());
            if self.at == before {
                self.bump();
            }
        }
        Section { span, labels, statements }
    }

    fn at_label(&self) -> bool {
        self.is_word(0, "case") || self.is_word(0, "default") && self.is_punct(1, ":")
    }

    fn label(&mut self) -> Label {
        let span = self.span();
        let pattern = if self.eat_word("default") {
            Pattern::Default
        } else {
            self.bump();
            self.pattern()
        };
        let guard = if self.eat_word("when") { Some(self.expression()) } else { None };
        self.expect(":");
        Label { span, pattern, guard }
    }

    fn pattern(&mut self) -> Pattern {
        let declared = |name: Ident| if &*name.text == "_" { None } else { Some(name) };
        if self.is_word(0, "var") && self.name_at(1).is_some() {
            self.bump();
            return Pattern::Declared(None, declared(self.ident()));
        }
        let start = self.at;
        if let Some(ty) = self.try_type(0)
            && self.name_at(0).is_some()
            && !self.is_word(0, "when")
        {
            let name = self.ident();
            return Pattern::Declared(Some(ty), declared(name));
        }
        self.at = start;
        Pattern::Constant(self.conditional())
    }

    /// `using (var x = …) …` and `using (expression) …`
    pub(super) fn using_statement(&mut self) -> StmtKind {
        self.bump();
        self.expect("(");
        let span = self.span();
        let kinds = if self.at_declaration() {
            let ty = self.local_type();
            let mut resources = vec![self.resource(ty.as_ref())];
            while self.eat(",") {
                resources.push(self.resource(ty.as_ref()));
            }
            resources
        } else {
            vec![StmtKind::Expression(self.expression())]
        };
        let span = span.to(self.previous_end());
        self.expect(")");
        let mut body = self.statement();
        // Several resources are one `using` inside the other.
        for kind in kinds.into_iter().rev() {
            let head = self.make_statement(span, kind);
            let whole = span.to(body.span);
            body = self.make_statement(whole, StmtKind::Using(Box::new(head), Box::new(body)));
        }
        body.kind
    }

    fn resource(&mut self, ty: Option<&TypeName>) -> StmtKind {
        let name = self.ident();
        self.expect("=");
        StmtKind::Declare(ty.cloned(), vec![(name, Some(self.expression()))])
    }

    pub(super) fn throw_statement(&mut self) -> StmtKind {
        self.bump();
        if self.eat(";") {
            return StmtKind::Throw(None);
        }
        let thrown = self.expression();
        self.end_statement();
        StmtKind::Throw(Some(thrown))
    }

    pub(super) fn const_statement(&mut self) -> StmtKind {
        self.bump();
        let ty = self.type_name();
        let locals = self.declared();
        StmtKind::Constant(ty, locals)
    }

    /// `goto case x;`, `goto default;` and `goto name;`
    pub(super) fn goto_statement(&mut self) -> StmtKind {
        self.bump();
        let kind = if self.eat_word("default") {
            StmtKind::GotoCase(None)
        } else if self.eat_word("case") {
            StmtKind::GotoCase(Some(self.expression()))
        } else {
            StmtKind::Goto(self.ident())
        };
        self.end_statement();
        kind
    }

    /// A statement as the body of another.
    pub(super) fn boxed(&mut self) -> Box<Stmt> {
        Box::new(self.statement())
    }
}
