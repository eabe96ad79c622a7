//! Statements as C#.

use super::Printed;
use crate::expr::syntax::{
    Catch, Expr, ForHead, Formal, Ident, Label, LambdaBody, LocalFunction, Mode, Overflow, Part, Pattern, Stmt,
    StmtKind, SwitchStmt, TryStmt, TypeName,
};

type Locals = [(Ident, Option<Expr>)];

impl Printed {
    pub(super) fn statement(&mut self, statement: &Stmt) {
        match &statement.kind {
            StmtKind::Empty => self.put("; "),
            StmtKind::Error => self.put("<error>"),
            StmtKind::Declare(ty, locals) => self.declare("", ty.as_ref(), locals),
            StmtKind::Expression(expr) => self.with("", Some(expr)),
            StmtKind::Block(block) => self.block(block),
            StmtKind::If(test, yes, no) => self.if_statement(test, yes, no.as_deref()),
            StmtKind::Return(value) => self.with("return ", value.as_ref()),
            StmtKind::While(test, body) => self.headed("while ", test, body),
            StmtKind::DoWhile(body, test) => self.do_while(body, test),
            StmtKind::For(head, body) => self.for_statement(head, body),
            StmtKind::Foreach(ty, name, items, body) => self.foreach(ty.as_ref(), name, items, body),
            StmtKind::Break => self.put("break; "),
            StmtKind::Continue => self.put("continue; "),
            StmtKind::Constant(ty, locals) => self.declare("const ", Some(ty), locals),
            StmtKind::Throw(value) => self.with("throw ", value.as_ref()),
            StmtKind::Try(inner) => self.try_statement(inner),
            StmtKind::Switch(inner) => self.switch(inner),
            StmtKind::Using(head, body) => self.using(head, body),
            StmtKind::LocalFunction(function) => self.function(function),
            StmtKind::GotoCase(None) => self.put("goto default; "),
            StmtKind::GotoCase(value) => self.with("goto case ", value.as_ref()),
            StmtKind::Deconstruct(parts, value) => {
                self.parts(parts);
                self.with(" = ", Some(value));
            }
            StmtKind::Checked(overflow, block) => {
                self.put(if *overflow == Overflow::Throws { "checked " } else { "unchecked " });
                self.block(block);
            }
            StmtKind::Lock(object, body) => self.headed("lock ", object, body),
            StmtKind::Label(name) => {
                self.ident(name);
                self.put(": ");
            }
            StmtKind::Goto(name) => {
                self.put("goto ");
                self.ident(name);
                self.put("; ");
            }
            StmtKind::Alias(ty, name, target) => {
                self.put("ref ");
                self.local_type(ty.as_ref());
                self.ident(name);
                self.with(" = ref ", Some(target));
            }
        }
    }

    // A word, perhaps a value, and the end of the statement.
    fn with(&mut self, word: &str, value: Option<&Expr>) {
        self.put(word);
        value.iter().for_each(|value| self.expr(value));
        self.put("; ");
    }

    fn headed(&mut self, word: &str, test: &Expr, body: &Stmt) {
        self.put(word);
        self.bracketed(test);
        self.statement(body);
    }

    fn declare(&mut self, word: &str, ty: Option<&TypeName>, locals: &Locals) {
        self.put(word);
        self.locals(ty, locals);
        self.put("; ");
    }

    fn locals(&mut self, ty: Option<&TypeName>, locals: &Locals) {
        self.local_type(ty);
        self.list(locals, |printed, (name, value)| {
            printed.ident(name);
            if let Some(value) = value {
                printed.put(" = ");
                printed.expr(value);
            }
        });
    }

    fn if_statement(&mut self, test: &Expr, yes: &Stmt, no: Option<&Stmt>) {
        self.headed("if ", test, yes);
        if let Some(no) = no {
            self.put(" else ");
            self.statement(no);
        }
    }

    fn do_while(&mut self, body: &Stmt, test: &Expr) {
        self.put("do ");
        self.statement(body);
        self.put(" while ");
        self.bracketed(test);
        self.put("; ");
    }

    fn for_statement(&mut self, head: &ForHead, body: &Stmt) {
        self.put("for (");
        self.list(&head.start, Self::head);
        self.put("; ");
        head.condition.iter().for_each(|condition| self.expr(condition));
        self.put("; ");
        self.list(&head.step, Self::expr);
        self.put(") ");
        self.statement(body);
    }

    // A declaration or an expression in the brackets of a statement, where no `;` ends it.
    fn head(&mut self, statement: &Stmt) {
        match &statement.kind {
            StmtKind::Declare(ty, locals) => self.locals(ty.as_ref(), locals),
            StmtKind::Expression(expr) => self.expr(expr),
            other => panic!("{other:?} is no head"),
        }
    }

    // The items that come apart do so in the first statement of the body.
    fn foreach(&mut self, ty: Option<&TypeName>, name: &Ident, items: &Expr, body: &Stmt) {
        self.put("foreach (");
        let apart = match &body.kind {
            StmtKind::Block(block) if name.text.starts_with("<item ") => match &block.statements[..] {
                [Stmt { kind: StmtKind::Deconstruct(parts, _), .. }, rest] => Some((parts, rest)),
                _ => None,
            },
            _ => None,
        };
        if let Some((parts, _)) = apart {
            self.parts(parts);
        } else {
            self.local_type(ty);
            self.ident(name);
        }
        self.put(" in ");
        self.expr(items);
        self.put(") ");
        self.statement(apart.map_or(body, |(_, rest)| rest));
    }

    fn using(&mut self, head: &Stmt, body: &Stmt) {
        self.put("using (");
        self.head(head);
        self.put(") ");
        self.statement(body);
    }

    fn parts(&mut self, parts: &[Part]) {
        self.put("(");
        self.list(parts, |printed, part| match part {
            Part::Declare(ty, name) => {
                printed.local_type(ty.as_ref());
                printed.ident(name);
            }
            Part::Place(place) => printed.expr(place),
            Part::Discard => printed.put("_"),
            Part::Nested(nested) => printed.parts(nested),
        });
        self.put(")");
    }

    fn try_statement(&mut self, inner: &TryStmt) {
        self.put("try ");
        self.block(&inner.body);
        inner.catches.iter().for_each(|catch| self.catch(catch));
        if let Some(finally) = &inner.finally {
            self.put(" finally ");
            self.block(finally);
        }
    }

    fn catch(&mut self, catch: &Catch) {
        self.put(" catch ");
        if let Some(ty) = &catch.ty {
            self.put("(");
            self.local_type(Some(ty));
            catch.name.iter().for_each(|name| self.ident(name));
            self.put(") ");
        }
        if let Some(filter) = &catch.filter {
            self.put("when ");
            self.bracketed(filter);
        }
        self.block(&catch.body);
    }

    fn switch(&mut self, inner: &SwitchStmt) {
        self.put("switch ");
        self.bracketed(&inner.value);
        self.put("{ ");
        for section in &inner.sections {
            section.labels.iter().for_each(|label| self.label(label));
            section.statements.iter().for_each(|statement| self.statement(statement));
        }
        self.put("}");
    }

    fn label(&mut self, label: &Label) {
        match &label.pattern {
            Pattern::Default => self.put("default"),
            Pattern::Constant(constant) => {
                self.put("case ");
                self.expr(constant);
            }
            Pattern::Declared(ty, name) => {
                self.put("case ");
                self.local_type(ty.as_ref());
                self.name(name.as_ref().map_or("_", |name| &name.text));
            }
        }
        if let Some(guard) = &label.guard {
            self.put(" when ");
            self.expr(guard);
        }
        self.put(": ");
    }

    fn function(&mut self, function: &LocalFunction) {
        self.local_type(Some(&function.result));
        self.ident(&function.name);
        if !function.type_parameters.is_empty() {
            self.put("<");
            self.list(&function.type_parameters, Self::ident);
            self.put(">");
        }
        self.put("(");
        self.list(&function.parameters, Self::formal);
        self.put(") ");
        self.body(&function.body);
        if let LambdaBody::Expression(_) = function.body {
            self.put("; ");
        }
    }

    fn formal(&mut self, formal: &Formal) {
        self.put(match formal.mode {
            Mode::Value => "",
            Mode::Ref => "ref ",
            Mode::Out => "out ",
            Mode::Rest => "params ",
        });
        self.local_type(Some(&formal.ty));
        self.ident(&formal.name);
        if let Some(default) = &formal.default {
            self.put(" = ");
            self.expr(default);
        }
    }
}
