//! Statements: scopes, definite assignment, reachability, and that every path returns.

use std::collections::BTreeSet;

use super::{Checker, Typed, is_json};
use crate::expr::node::{LoopOrder, LoopStep, Node, Step};
use crate::expr::syntax::{Block, Expr, ExprKind, ForHead, Ident, Stmt, StmtKind, TypeName};
use crate::expr::ty::{Class, Ty};
use crate::span::Span;
use crate::value::Value;

/// Whether what follows a statement can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Reachable,
    Unreachable,
}

impl Checker<'_> {
    pub(super) fn whole_block(&mut self, block: &Block) -> Box<[Step]> {
        self.scopes.push(Vec::new());
        let mut steps = Vec::new();
        let end = self.statements(&block.statements, &mut steps);
        self.scopes.pop();
        if end == End::Reachable && self.problems.is_empty() {
            let at = Span { start: block.span.end.saturating_sub(1), end: block.span.end };
            let help = Some("end the block with a `return`".to_owned());
            self.problems.add_with_help("missing-return", at, "not all code paths return a value", help);
        }
        steps.into()
    }

    fn statements(&mut self, statements: &[Stmt], steps: &mut Vec<Step>) -> End {
        let mut end = End::Reachable;
        for statement in statements {
            // What stands behind a return is checked, and never runs.
            if self.statement(statement, steps) == End::Unreachable {
                end = End::Unreachable;
            }
        }
        end
    }

    fn scoped(&mut self, statement: &Stmt) -> (Box<[Step]>, End) {
        self.scopes.push(Vec::new());
        let mut steps = Vec::new();
        let end = self.statement(statement, &mut steps);
        self.scopes.pop();
        (steps.into(), end)
    }

    fn statement(&mut self, statement: &Stmt, steps: &mut Vec<Step>) -> End {
        match &statement.kind {
            StmtKind::Empty => {}
            // What stood here was reported; whether it returned is not known, so nothing more is said.
            StmtKind::Error => return End::Unreachable,
            StmtKind::Declare(ty, locals) => self.declaration(ty.as_ref(), locals, steps),
            StmtKind::Expression(expr) => self.expression_statement(expr, steps),
            StmtKind::Block(block) => {
                self.scopes.push(Vec::new());
                let end = self.statements(&block.statements, steps);
                self.scopes.pop();
                return end;
            }
            StmtKind::If(test, yes, no) => return self.if_statement(test, yes, no.as_deref(), steps),
            StmtKind::Return(value) => {
                self.return_statement(value.as_ref(), statement.span, steps);
                return End::Unreachable;
            }
            StmtKind::While(test, body) => return self.while_statement(test, body, steps),
            StmtKind::DoWhile(body, test) => {
                self.loops += 1;
                let (body, _) = self.scoped(body);
                self.loops -= 1;
                let test = Some(self.condition(test));
                let order = LoopOrder::BodyFirst;
                steps.push(Step::Loop(Box::new(LoopStep { test, order, body, after: Box::new([]) })));
            }
            StmtKind::For(head, body) => return self.for_statement(head, body, steps),
            StmtKind::Foreach(ty, name, sequence, body) => self.foreach(ty.as_ref(), name, sequence, body, steps),
            StmtKind::Break => return self.jump(Step::Break, "break", statement.span, steps),
            StmtKind::Continue => return self.jump(Step::Continue, "continue", statement.span, steps),
        }
        End::Reachable
    }

    fn jump(&mut self, step: Step, word: &str, span: Span, steps: &mut Vec<Step>) -> End {
        if self.loops == 0 {
            self.report("expression-syntax", span, format!("`{word}` stands outside of a loop"));
        }
        steps.push(step);
        End::Unreachable
    }

    fn declaration(&mut self, ty: Option<&TypeName>, locals: &[(Ident, Option<Expr>)], steps: &mut Vec<Step>) {
        let declared = ty.map(|ty| self.resolve(ty));
        for (name, value) in locals {
            let value = value.as_ref().map(|value| self.value(value));
            let ty = match (&declared, &value) {
                (Some(ty), _) => ty.clone(),
                (None, Some(value)) => self.inferred(value),
                (None, None) => {
                    self.report("type-mismatch", name.span, "`var` needs a value that gives its type");
                    Ty::Error
                }
            };
            let value = value.map(|value| self.convert_to(value, &ty).node);
            let slot = self.declare(name, ty.clone());
            if ty == Ty::Error {
                self.assigned.insert(slot);
            }
            if let Some(value) = value {
                self.assigned.insert(slot);
                steps.push(Step::Run(Node::Assign(slot, Box::new(value))));
            }
        }
    }

    fn inferred(&mut self, value: &Typed) -> Ty {
        match value.ty {
            Ty::Null => {
                let help = Some("write the type, as in `string x = null`".to_owned());
                self.problems.add_with_help("type-mismatch", value.span, "`null` gives `var` no type", help);
                Ty::Error
            }
            Ty::Void => {
                self.report("type-mismatch", value.span, "this expression has no value");
                Ty::Error
            }
            ref ty => ty.clone(),
        }
    }

    fn expression_statement(&mut self, expr: &Expr, steps: &mut Vec<Step>) {
        let is_statement = match &expr.kind {
            ExprKind::Call(..) | ExprKind::Assign(..) | ExprKind::Step(..) | ExprKind::New(..) | ExprKind::Error => {
                true
            }
            ExprKind::ConditionalAccess(_, rest) => matches!(rest.kind, ExprKind::Call(..)),
            _ => false,
        };
        let typed = self.value(expr);
        if !is_statement && typed.ty != Ty::Error {
            let help = Some("write `return` before it".to_owned());
            let message = "this expression is no statement: nothing uses its value";
            self.problems.add_with_help("expression-syntax", expr.span, message, help);
        }
        steps.push(Step::Run(typed.node));
    }

    fn return_statement(&mut self, value: Option<&Expr>, span: Span, steps: &mut Vec<Step>) {
        let Some(value) = value else {
            return self.report("missing-return", span, "`return` needs a value");
        };
        let typed = self.value(value);
        let node = self.result(typed);
        steps.push(Step::Return(node));
    }

    fn if_statement(&mut self, test: &Expr, yes: &Stmt, no: Option<&Stmt>, steps: &mut Vec<Step>) -> End {
        let test = self.condition(test);
        let before = self.assigned.clone();
        let (yes, yes_end) = self.scoped(yes);
        let after_yes = std::mem::replace(&mut self.assigned, before);
        let (no, no_end) = match no {
            Some(no) => self.scoped(no),
            None => (Box::default(), End::Reachable),
        };
        let after_no = std::mem::take(&mut self.assigned);
        self.assigned = joined((after_yes, yes_end), (after_no, no_end));
        steps.push(Step::If(test, yes, no));
        if yes_end == End::Unreachable && no_end == End::Unreachable { End::Unreachable } else { End::Reachable }
    }

    // A loop whose test is the constant true ends only by a break.
    fn loop_end(test: Option<&Node>, body: &[Step]) -> End {
        let endless = matches!(test, None | Some(Node::Constant(Value::Bool(true))));
        if endless && !has_break(body) { End::Unreachable } else { End::Reachable }
    }

    fn while_statement(&mut self, test: &Expr, body: &Stmt, steps: &mut Vec<Step>) -> End {
        let test = self.condition(test);
        let before = self.assigned.clone();
        self.loops += 1;
        let (body, _) = self.scoped(body);
        self.loops -= 1;
        self.assigned = before;
        let end = Self::loop_end(Some(&test), &body);
        let order = LoopOrder::TestFirst;
        steps.push(Step::Loop(Box::new(LoopStep { test: Some(test), order, body, after: Box::new([]) })));
        end
    }

    fn for_statement(&mut self, head: &ForHead, body: &Stmt, steps: &mut Vec<Step>) -> End {
        self.scopes.push(Vec::new());
        for statement in &head.start {
            self.statement(statement, steps);
        }
        let test = head.condition.as_ref().map(|test| self.condition(test));
        let before = self.assigned.clone();
        self.loops += 1;
        let (body, _) = self.scoped(body);
        self.loops -= 1;
        let after: Box<[Node]> = head.step.iter().map(|step| self.value(step).node).collect();
        self.assigned = before;
        self.scopes.pop();
        let end = Self::loop_end(test.as_ref(), &body);
        steps.push(Step::Loop(Box::new(LoopStep { test, order: LoopOrder::TestFirst, body, after })));
        end
    }

    fn foreach(
        &mut self,
        written: Option<&TypeName>,
        name: &Ident,
        sequence: &Expr,
        body: &Stmt,
        steps: &mut Vec<Step>,
    ) {
        let sequence = self.value(sequence);
        let item = self.item_type(&sequence);
        let ty = match written {
            Some(written) => self.resolve(written),
            None => item.clone(),
        };
        if item != ty && item != Ty::Error && ty != Ty::Error {
            let message = format!("the items are `{item}`, and a variable of `{ty}` is not supported yet");
            self.report("unsupported-expression", name.span, message);
        }
        self.scopes.push(Vec::new());
        let slot = self.declare(name, ty);
        let before = self.assigned.clone();
        self.assigned.insert(slot);
        self.loops += 1;
        let (body, _) = self.scoped(body);
        self.loops -= 1;
        self.assigned = before;
        self.scopes.pop();
        steps.push(Step::Foreach(slot, sequence.node, body));
    }

    fn item_type(&mut self, sequence: &Typed) -> Ty {
        match &sequence.ty {
            Ty::Error => Ty::Error,
            Ty::String => Ty::Char,
            Ty::Array(item) if matches!(**item, Ty::String | Ty::Char) => (**item).clone(),
            Ty::Class(Class::JArray) => Ty::Class(Class::JToken),
            ty if is_json(ty) || matches!(ty, Ty::Array(_) | Ty::Generic(..)) => {
                self.unsupported(sequence.span, &format!("`foreach` over `{ty}`"));
                Ty::Error
            }
            ty => {
                self.report("type-mismatch", sequence.span, format!("`{ty}` is no sequence"));
                Ty::Error
            }
        }
    }
}

// What is certainly assigned where two paths meet; a path that does not get there does not count.
fn joined((yes, yes_end): (BTreeSet<u16>, End), (no, no_end): (BTreeSet<u16>, End)) -> BTreeSet<u16> {
    match (yes_end, no_end) {
        (End::Unreachable, _) => no,
        (End::Reachable, End::Unreachable) => yes,
        (End::Reachable, End::Reachable) => yes.intersection(&no).copied().collect(),
    }
}

// Whether a `break` of this very loop stands in the body.
fn has_break(steps: &[Step]) -> bool {
    steps.iter().any(|step| match step {
        Step::Break => true,
        Step::If(_, yes, no) => has_break(yes) || has_break(no),
        Step::Run(_) | Step::Loop(_) | Step::Foreach(..) | Step::Return(_) | Step::Continue => false,
    })
}
