//! A walk over a syntax tree that notes the forms it meets. Judges nothing.

use std::collections::BTreeSet;

use super::forms::Form;
use crate::expr::syntax::{
    Argument, BinaryOp, Block, Catch, Expr, ExprKind, ForHead, Ident, InitTarget, InitValue, Initializer, Lambda,
    LambdaBody, Literal, LocalFunction, OutTarget, Part, Pattern, Piece, Source, Stmt, StmtKind, SwitchStmt, TryStmt,
    TypeName,
};

pub(super) struct Walk<'w> {
    pub(super) source: &'w str,
    pub(super) found: &'w mut BTreeSet<String>,
}

impl Walk<'_> {
    fn form(&mut self, node: &impl Form) {
        self.found.insert(node.form().to_owned());
    }

    fn note(&mut self, part: &str, is_there: bool) {
        if is_there {
            self.found.insert(part.to_owned());
        }
    }

    pub(super) fn source(&mut self, source: &Source) {
        self.form(source);
        match source {
            Source::Expression(expr) => self.expr(expr),
            Source::Block(block) => self.block(block),
        }
    }

    fn block(&mut self, block: &Block) {
        for statement in &block.statements {
            self.statement(statement);
        }
    }

    fn all<'e>(&mut self, items: impl IntoIterator<Item = &'e Expr>) {
        for item in items {
            self.expr(item);
        }
    }

    fn arguments(&mut self, arguments: &[Argument]) {
        self.note("argument: named", arguments.iter().any(|argument| argument.name.is_some()));
        self.all(arguments.iter().map(|argument| &argument.value));
    }

    fn expr(&mut self, expr: &Expr) {
        self.form(&expr.kind);
        match &expr.kind {
            ExprKind::Error | ExprKind::Name(_) | ExprKind::PredefinedType(_) | ExprKind::Receiver => {}
            ExprKind::Literal(literal) => self.literal(expr, literal),
            ExprKind::Interpolated(pieces) => pieces.iter().for_each(|piece| self.piece(piece)),
            ExprKind::Member(inner, _, types) => self.member(inner, types),
            ExprKind::Index(inner, arguments) | ExprKind::Call(inner, arguments) => {
                self.expr(inner);
                self.arguments(arguments);
            }
            ExprKind::Unary(operator, inner) => self.operator(operator, [&**inner]),
            ExprKind::Step(operator, inner) => self.operator(operator, [&**inner]),
            ExprKind::Binary(operator, left, right) => self.operator(operator, [&**left, right]),
            ExprKind::Assign(operator, left, right) => self.assign(*operator, left, right),
            ExprKind::ConditionalAccess(left, right) | ExprKind::IsConstant(left, right) => {
                self.all([&**left, right]);
            }
            ExprKind::Conditional(test, left, right) => self.all([&**test, left, right]),
            ExprKind::Cast(ty, inner) | ExprKind::Is(inner, ty) | ExprKind::As(inner, ty) => {
                self.ty(ty);
                self.expr(inner);
            }
            ExprKind::IsDeclared(inner, ty, _) => self.declared(inner, ty.as_ref()),
            ExprKind::New(parts) => self.new_object(&parts.0, &parts.1, parts.2.as_deref()),
            ExprKind::NewAnonymous(members) => self.all(members.iter().map(|(_, value)| value)),
            ExprKind::NewArray(ty, _, items) => self.new_array(ty.as_ref(), items),
            ExprKind::NewSized(parts) => {
                self.ty(&parts.0);
                self.all(&parts.1);
                self.all(parts.2.iter().flatten());
            }
            ExprKind::ArrayItems(items) => self.all(items),
            ExprKind::Lambda(lambda) => self.lambda(lambda),
            ExprKind::Tuple(members) => self.all(members.iter().map(|(_, value)| value)),
            ExprKind::Throw(inner) | ExprKind::Ref(inner) | ExprKind::Paren(inner) => self.expr(inner),
            ExprKind::TypeOf(ty) | ExprKind::SizeOf(ty) | ExprKind::GenericType(ty) | ExprKind::Default(ty) => {
                self.ty(ty);
            }
            ExprKind::Out(target) => self.out(target),
            ExprKind::Checked(overflow, inner) => self.operator(overflow, [&**inner]),
            ExprKind::Anonymous(block) => self.block(block),
        }
    }

    fn operator<'e>(&mut self, operator: &impl Form, operands: impl IntoIterator<Item = &'e Expr>) {
        self.form(operator);
        self.all(operands);
    }

    fn assign(&mut self, operator: Option<BinaryOp>, left: &Expr, right: &Expr) {
        if let Some(operator) = operator {
            self.found.insert(format!("assign: compound {operator:?}"));
        }
        self.all([left, right]);
    }

    fn member(&mut self, inner: &Expr, types: &[TypeName]) {
        self.note("member: generic", !types.is_empty());
        self.types(types);
        self.expr(inner);
    }

    fn declared(&mut self, inner: &Expr, ty: Option<&TypeName>) {
        self.note("is: var", ty.is_none());
        self.types(ty);
        self.expr(inner);
    }

    fn new_object(&mut self, ty: &TypeName, arguments: &[Argument], initializer: Option<&Initializer>) {
        self.note("new: initializer", initializer.is_some());
        self.ty(ty);
        self.arguments(arguments);
        initializer.iter().for_each(|initializer| self.initializer(initializer));
    }

    fn new_array(&mut self, ty: Option<&TypeName>, items: &[Expr]) {
        self.note("new array: without a type", ty.is_none());
        self.types(ty);
        self.all(items);
    }

    fn out(&mut self, target: &OutTarget) {
        self.form(target);
        match target {
            OutTarget::Declare(ty, _) => self.types(ty.as_ref()),
            OutTarget::Existing(inner) => self.expr(inner),
            OutTarget::Discard => {}
        }
    }

    fn literal(&mut self, expr: &Expr, literal: &Literal) {
        self.form(literal);
        let (start, end) = (expr.span.start as usize, expr.span.end as usize);
        let text = self.source.get(start..end).unwrap_or_default().to_ascii_lowercase();
        let is_number = text.starts_with(|c: char| c.is_ascii_digit() || c == '.');
        self.note("literal: verbatim", text.starts_with("@\""));
        self.note("literal: hexadecimal", text.starts_with("0x"));
        self.note("literal: binary", text.starts_with("0b"));
        self.note("literal: separated", is_number && text.contains('_'));
        self.note("literal: exponent", is_number && !text.starts_with("0x") && text.contains('e'));
    }

    fn piece(&mut self, piece: &Piece) {
        self.form(piece);
        match piece {
            Piece::Text(_) => {}
            Piece::Hole(hole) => {
                self.note("hole: alignment", hole.alignment.is_some());
                self.note("hole: format", hole.format.is_some());
                self.expr(&hole.value);
                self.all(hole.alignment.as_ref());
            }
        }
    }

    fn initializer(&mut self, initializer: &Initializer) {
        self.form(initializer);
        match initializer {
            Initializer::Items(items) => items.iter().for_each(|arguments| self.all(arguments)),
            Initializer::Members(members) => {
                for (target, value) in members {
                    self.form(target);
                    self.form(value);
                    match target {
                        InitTarget::Member(_) => {}
                        InitTarget::Index(arguments, _) => self.arguments(arguments),
                    }
                    match value {
                        InitValue::Value(value) => self.expr(value),
                        InitValue::Nested(nested) => self.initializer(nested),
                    }
                }
            }
        }
    }

    fn lambda(&mut self, lambda: &Lambda) {
        self.note("lambda: none", lambda.parameters.is_empty());
        self.note("lambda: several", lambda.parameters.len() > 1);
        self.note("lambda: typed", lambda.parameters.iter().any(|(ty, _)| ty.is_some()));
        self.types(lambda.parameters.iter().filter_map(|(ty, _)| ty.as_ref()));
        self.body(&lambda.body);
    }

    fn body(&mut self, body: &LambdaBody) {
        self.form(body);
        match body {
            LambdaBody::Expression(expr) => self.expr(expr),
            LambdaBody::Block(block) => self.block(block),
        }
    }

    fn types<'t>(&mut self, types: impl IntoIterator<Item = &'t TypeName>) {
        types.into_iter().for_each(|ty| self.ty(ty));
    }

    fn ty(&mut self, ty: &TypeName) {
        self.note("type: nullable", ty.nullable);
        self.note("type: array", !ty.ranks.is_empty());
        self.note("type: array of arrays", ty.ranks.len() > 1);
        self.note("type: generic", !ty.arguments.is_empty());
        self.types(&ty.arguments);
    }

    fn statement(&mut self, statement: &Stmt) {
        self.form(&statement.kind);
        match &statement.kind {
            StmtKind::Empty
            | StmtKind::Error
            | StmtKind::Break
            | StmtKind::Continue
            | StmtKind::Label(_)
            | StmtKind::Goto(_) => {}
            StmtKind::Declare(ty, locals) => self.declare(ty.as_ref(), locals),
            StmtKind::Constant(ty, locals) => {
                self.ty(ty);
                self.all(locals.iter().filter_map(|(_, value)| value.as_ref()));
            }
            StmtKind::Expression(expr) => self.expr(expr),
            StmtKind::Block(block) => self.block(block),
            StmtKind::If(test, yes, no) => self.if_statement(test, yes, no.as_deref()),
            StmtKind::Return(value) => self.value("return: nothing", value.as_ref()),
            StmtKind::Throw(value) => self.value("throw: again", value.as_ref()),
            StmtKind::GotoCase(value) => self.value("goto: default", value.as_ref()),
            StmtKind::While(test, body) | StmtKind::DoWhile(body, test) | StmtKind::Lock(test, body) => {
                self.expr(test);
                self.statement(body);
            }
            StmtKind::For(head, body) => self.for_statement(head, body),
            StmtKind::Foreach(ty, _, items, body) => self.foreach(ty.as_ref(), items, body),
            StmtKind::Try(inner) => self.try_(inner),
            StmtKind::Switch(inner) => self.switch(inner),
            StmtKind::Using(head, body) => {
                self.statement(head);
                self.statement(body);
            }
            StmtKind::LocalFunction(function) => self.function(function),
            StmtKind::Deconstruct(parts, value) => {
                self.parts(parts);
                self.expr(value);
            }
            StmtKind::Checked(overflow, block) => {
                self.form(overflow);
                self.block(block);
            }
            StmtKind::Alias(ty, _, value) => {
                self.types(ty.as_ref());
                self.expr(value);
            }
        }
    }

    fn declare(&mut self, ty: Option<&TypeName>, locals: &[(Ident, Option<Expr>)]) {
        self.note("declare: var", ty.is_none());
        self.note("declare: typed", ty.is_some());
        self.note("declare: several", locals.len() > 1);
        self.note("declare: without a value", locals.iter().any(|(_, value)| value.is_none()));
        self.types(ty);
        self.all(locals.iter().filter_map(|(_, value)| value.as_ref()));
    }

    fn if_statement(&mut self, test: &Expr, yes: &Stmt, no: Option<&Stmt>) {
        self.note("if: else", no.is_some());
        self.expr(test);
        self.statement(yes);
        no.iter().for_each(|no| self.statement(no));
    }

    fn value(&mut self, without: &str, value: Option<&Expr>) {
        self.note(without, value.is_none());
        self.all(value);
    }

    fn for_statement(&mut self, head: &ForHead, body: &Stmt) {
        self.note("for: without a condition", head.condition.is_none());
        head.start.iter().for_each(|start| self.statement(start));
        self.all(head.condition.iter().chain(&head.step));
        self.statement(body);
    }

    fn foreach(&mut self, ty: Option<&TypeName>, items: &Expr, body: &Stmt) {
        self.note("foreach: var", ty.is_none());
        self.note("foreach: typed", ty.is_some());
        self.types(ty);
        self.expr(items);
        self.statement(body);
    }

    fn parts(&mut self, parts: &[Part]) {
        for part in parts {
            self.form(part);
            match part {
                Part::Declare(ty, _) => self.types(ty.as_ref()),
                Part::Place(expr) => self.expr(expr),
                Part::Discard => {}
                Part::Nested(nested) => self.parts(nested),
            }
        }
    }

    fn try_(&mut self, inner: &TryStmt) {
        self.block(&inner.body);
        for catch in &inner.catches {
            self.catch(catch);
        }
        self.note("try: finally", inner.finally.is_some());
        inner.finally.iter().for_each(|block| self.block(block));
    }

    fn catch(&mut self, catch: &Catch) {
        self.note("catch: all", catch.ty.is_none());
        self.note("catch: type alone", catch.ty.is_some() && catch.name.is_none());
        self.note("catch: type and name", catch.name.is_some());
        self.note("catch: filter", catch.filter.is_some());
        self.all(catch.filter.as_ref());
        self.block(&catch.body);
    }

    fn switch(&mut self, inner: &SwitchStmt) {
        self.expr(&inner.value);
        for section in &inner.sections {
            for label in &section.labels {
                self.form(&label.pattern);
                self.note("label: guard", label.guard.is_some());
                match &label.pattern {
                    Pattern::Default => {}
                    Pattern::Constant(expr) => self.expr(expr),
                    Pattern::Declared(ty, _) => self.types(ty.as_ref()),
                }
                self.all(label.guard.as_ref());
            }
            section.statements.iter().for_each(|statement| self.statement(statement));
        }
    }

    fn function(&mut self, function: &LocalFunction) {
        self.note("function: generic", !function.type_parameters.is_empty());
        self.ty(&function.result);
        for formal in &function.parameters {
            self.form(&formal.mode);
            self.note("function: default", formal.default.is_some());
            self.ty(&formal.ty);
            self.all(formal.default.as_ref());
        }
        self.body(&function.body);
    }
}
