//! Statements: scopes, definite assignment, reachability, and that every path returns.

use std::sync::Arc;

use super::convert::{apply, shown_pairs};
use super::flow::Assigned;
use super::{Checker, Typed, Use, Wanted};
use crate::expr::generic::item_type;
use crate::expr::node::{Conversion, LoopOrder, LoopStep, Node, Step};
use crate::expr::syntax::{Block, Expr, ExprKind, ForHead, Ident, Stmt, StmtKind, TypeName};
use crate::expr::ty::{Class, ClassKind, Ty};
use crate::span::Span;
use crate::value::Value;

/// Whether what follows a statement can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Reachable,
    Unreachable,
}

/// What `break` leaves.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) kind: TargetKind,
    /// What certainly has a value at every `break`; nothing when there was none.
    pub(super) at_break: Option<Assigned>,
    pub(super) labels: Labels,
    /// The sections that a `goto case` leads to.
    pub(super) entered: Vec<u16>,
}

/// What `goto case` may lead to in a switch; nothing in a loop.
#[derive(Debug, Default)]
pub(super) struct Labels {
    /// What is switched over.
    pub(super) switched: Option<Ty>,
    /// The constants of the labels and their sections; no constant for `default`.
    pub(super) constants: Vec<(Option<Value>, u16)>,
}

/// A loop takes `continue` too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TargetKind {
    Loop,
    Switch,
}

impl Checker<'_> {
    pub(super) fn whole_block(&mut self, block: &Block) -> Box<[Step]> {
        self.frame.open();
        let mut steps = Vec::new();
        let end = self.statements(&block.statements, &mut steps);
        self.frame.close();
        if end == End::Reachable {
            self.check_outs(Span { start: block.span.end.saturating_sub(1), end: block.span.end });
        }
        let gives_nothing = match &self.frame.wanted {
            Wanted::Type(ty) => *ty == Ty::Void,
            Wanted::Anything => self.frame.results.is_empty(),
            Wanted::Place(_) => false,
        };
        // A lambda that only throws gives whatever is wanted.
        if end == End::Unreachable && gives_nothing && matches!(self.frame.wanted, Wanted::Anything) {
            self.frame.results.push(Ty::Error);
        }
        if end == End::Reachable && !gives_nothing && self.problems.is_empty() {
            let at = Span { start: block.span.end.saturating_sub(1), end: block.span.end };
            let help = Some("end the block with a `return`".to_owned());
            self.problems.add_with_help("missing-return", at, "not all code paths return a value", help);
        }
        steps.into()
    }

    /// The statements of one scope, with its local functions.
    pub(super) fn statements(&mut self, statements: &[Stmt], steps: &mut Vec<Step>) -> End {
        let first = self.frame.slots;
        let block = self.local_functions(statements);
        let labels = self.open_labels(statements);
        let (mut made, mut places) = (Vec::new(), Vec::new());
        let start = steps.len();
        let mut end = End::Reachable;
        for statement in statements {
            match &statement.kind {
                StmtKind::LocalFunction(function) => made.extend(self.function_here(&function.name)),
                StmtKind::Label(name) => {
                    places.extend(self.label_here(name, end).map(|id| (id, steps.len())));
                    end = End::Reachable;
                }
                // What stands behind a return is checked, and never runs.
                _ => {
                    if self.statement(statement, steps) == End::Unreachable {
                        end = End::Unreachable;
                    }
                }
            }
        }
        made.extend(self.instances_of(block));
        self.close_labels(labels, places, start, steps);
        if !made.is_empty() {
            steps.insert(start, self.functions_step(first, made));
        }
        end
    }

    /// A block with a scope of its own.
    pub(super) fn block(&mut self, block: &Block, steps: &mut Vec<Step>) -> End {
        self.frame.open();
        let end = self.statements(&block.statements, steps);
        self.frame.close();
        end
    }

    pub(super) fn scoped(&mut self, statement: &Stmt) -> (Box<[Step]>, End) {
        match &statement.kind {
            StmtKind::Declare(..)
            | StmtKind::Constant(..)
            | StmtKind::Alias(..)
            | StmtKind::LocalFunction(_)
            | StmtKind::Label(_) => {
                let help = Some("put braces around it".to_owned());
                let message = "a declaration cannot stand here alone";
                self.problems.add_with_help("expression-syntax", statement.span, message, help);
            }
            _ => {}
        }
        self.frame.open();
        let mut steps = Vec::new();
        let end = self.statement(statement, &mut steps);
        self.frame.close();
        (steps.into(), end)
    }

    fn statement(&mut self, statement: &Stmt, steps: &mut Vec<Step>) -> End {
        let span = statement.span;
        match &statement.kind {
            StmtKind::Empty | StmtKind::LocalFunction(_) | StmtKind::Label(_) => {}
            StmtKind::Checked(overflow, block) => return self.within(*overflow, |checker| checker.block(block, steps)),
            StmtKind::Lock(object, body) => return self.lock(object, body, steps),
            StmtKind::Goto(name) => return self.goto_label(name, steps),
            StmtKind::Alias(ty, name, target) => {
                let node = self.alias(ty.as_ref(), name, target);
                steps.push(Step::Run(node));
            }
            // What stood here was reported; whether it returned is not known, so nothing more is said.
            StmtKind::Error => return End::Unreachable,
            StmtKind::Declare(ty, locals) => self.declaration(ty.as_ref(), locals, steps),
            StmtKind::Constant(ty, locals) => self.constants(ty, locals),
            StmtKind::Deconstruct(names, value) => self.deconstruction(names, value, steps),
            StmtKind::Expression(expr) => return self.expression_statement(expr, steps),
            StmtKind::Block(block) => return self.block(block, steps),
            StmtKind::If(test, yes, no) => return self.if_statement(test, yes, no.as_deref(), steps),
            StmtKind::Return(value) => return self.return_statement(value.as_ref(), span, steps),
            StmtKind::While(test, body) => return self.while_statement(test, body, steps),
            StmtKind::DoWhile(body, test) => return self.do_statement(body, test, steps),
            StmtKind::For(head, body) => return self.for_statement(head, body, steps),
            StmtKind::Foreach(ty, name, sequence, body) => self.foreach(ty.as_ref(), name, sequence, body, steps),
            StmtKind::Break => return self.jump(Step::Break, span, steps),
            StmtKind::Continue => return self.jump(Step::Continue, span, steps),
            StmtKind::Throw(thrown) => return self.throw_statement(thrown.as_ref(), span, steps),
            StmtKind::Try(inner) => return self.try_statement(inner, steps),
            StmtKind::Switch(inner) => return self.switch_statement(inner, steps),
            StmtKind::Using(head, body) => return self.using_statement(head, body, steps),
            StmtKind::GotoCase(value) => return self.goto_statement(value.as_ref(), span, steps),
        }
        End::Reachable
    }

    pub(super) fn unreachable(&mut self) -> End {
        self.frame.assigned = Assigned::unreachable();
        End::Unreachable
    }

    fn jump(&mut self, step: Step, span: Span, steps: &mut Vec<Step>) -> End {
        let is_break = matches!(step, Step::Break);
        let assigned = self.frame.assigned.clone();
        let mut targets = self.frame.jumps.iter_mut().rev();
        let target = targets.find(|target| is_break || target.kind == TargetKind::Loop);
        match target {
            // What is never reached leaves nothing.
            Some(target) if is_break && !assigned.is_unreachable() => {
                target.at_break = Some(match target.at_break.take() {
                    Some(before) => before.meet(&assigned),
                    None => assigned,
                });
            }
            Some(_) => {}
            None => {
                let word = if is_break { "break" } else { "continue" };
                self.report("expression-syntax", span, format!("`{word}` stands outside of a loop"));
            }
        }
        steps.push(step);
        self.unreachable()
    }

    /// Checks what a loop or a switch holds; gives what holds at its breaks.
    pub(super) fn inside<T>(
        &mut self,
        kind: TargetKind,
        labels: Labels,
        inner: impl FnOnce(&mut Self) -> T,
    ) -> (T, Option<Assigned>) {
        self.frame.jumps.push(Target { kind, at_break: None, labels, entered: Vec::new() });
        let result = inner(self);
        let target = self.frame.jumps.pop();
        (result, target.and_then(|target| target.at_break))
    }

    // What holds behind a loop: where its test fails, and at every break.
    fn behind(&mut self, when_false: Assigned, at_break: Option<Assigned>, ends: bool) -> End {
        match (at_break, ends) {
            (None, false) => return self.unreachable(),
            (None, true) => self.frame.assigned = when_false,
            (Some(at_break), true) => self.frame.assigned = at_break.meet(&when_false),
            (Some(at_break), false) => self.frame.assigned = at_break,
        }
        End::Reachable
    }

    fn declaration(&mut self, ty: Option<&TypeName>, locals: &[(Ident, Option<Expr>)], steps: &mut Vec<Step>) {
        let declared = ty.map(|ty| self.resolve(ty));
        if let (None, [_, (second, _), ..]) = (&declared, locals) {
            self.report("expression-syntax", second.span, "`var` declares one variable at a time");
        }
        for (name, value) in locals {
            let value = value.as_ref().map(|value| match &declared {
                Some(ty) => {
                    let outer = self.frame.declaring.replace(Arc::clone(&name.text));
                    let typed = self.value_as(value, ty);
                    self.frame.declaring = outer;
                    typed
                }
                None => self.value(value),
            });
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
            if value.is_some() {
                self.frame.assigned.insert(slot);
            }
            // A variable begins anew in every round of a loop, also without a value.
            let default = || ty.default_value().unwrap_or(Value::Null);
            let value = value.unwrap_or_else(|| Node::Constant(default()));
            steps.push(Step::Run(Node::Declare(slot, Box::new(value))));
        }
    }

    fn constants(&mut self, ty: &TypeName, locals: &[(Ident, Option<Expr>)]) {
        let span = ty.span;
        let ty = self.resolve(ty);
        if !may_be_constant(&ty) {
            self.report("constant", span, format!("a constant cannot be of type `{ty}`"));
        }
        for (name, value) in locals {
            let Some(value) = value else {
                self.report("constant", name.span, "a constant needs a value");
                continue;
            };
            let typed = self.value(value);
            let typed = self.convert_to(typed, &ty);
            match typed.node {
                // Of a reference type other than `string`, `null` is the only one.
                Node::Constant(value) if value.is_null() || ty == Ty::String || !ty.is_reference() => {
                    self.declare_as(name, ty.clone(), Use::Constant(value));
                }
                _ => {
                    if typed.ty != Ty::Error {
                        self.report("constant", value.span, "the value of a constant must be constant");
                    }
                    self.declare_as(name, Ty::Error, Use::Variable);
                }
            }
        }
    }

    pub(super) fn inferred(&mut self, value: &Typed) -> Ty {
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

    fn expression_statement(&mut self, expr: &Expr, steps: &mut Vec<Step>) -> End {
        let is_statement = is_statement(expr);
        let typed = self.value(expr);
        if !is_statement && typed.ty != Ty::Error {
            let help = Some("write `return` before it".to_owned());
            let message = "this expression is no statement: nothing uses its value";
            self.problems.add_with_help("expression-syntax", expr.span, message, help);
        }
        let throws = matches!(typed.node, Node::Throw(_));
        steps.push(Step::Run(typed.node));
        if throws { self.unreachable() } else { End::Reachable }
    }

    fn return_statement(&mut self, value: Option<&Expr>, span: Span, steps: &mut Vec<Step>) -> End {
        let wanted = match &self.frame.wanted {
            Wanted::Type(ty) => Some(ty.clone()),
            Wanted::Place(_) | Wanted::Anything => None,
        };
        if self.frame.finals > 0 {
            self.report("expression-syntax", span, "control cannot leave a `finally`");
        }
        let at_end = value.is_none();
        if at_end {
            self.check_outs(span);
        }
        match (value, wanted) {
            (None, Some(Ty::Void)) => steps.push(Step::Leave),
            (None, None) if matches!(self.frame.wanted, Wanted::Anything) => steps.push(Step::Leave),
            (None, _) => self.report("missing-return", span, "`return` needs a value"),
            (Some(value), Some(Ty::Void)) => {
                self.value(value);
                self.report("type-mismatch", value.span, "this function returns nothing");
            }
            (Some(value), wanted) => {
                let typed = match wanted {
                    Some(ty) => self.value_as(value, &ty),
                    None => self.value(value),
                };
                let node = self.result(typed);
                steps.push(Step::Return(node));
                self.check_outs(span);
            }
        }
        self.unreachable()
    }

    fn lock(&mut self, object: &Expr, body: &Stmt, steps: &mut Vec<Step>) -> End {
        let typed = self.value(object);
        if !typed.ty.is_reference() {
            self.report("type-mismatch", object.span, format!("`lock` takes an object, and `{}` is a value", typed.ty));
        }
        let (body, end) = self.scoped(body);
        steps.push(Step::Lock(typed.node, body));
        end
    }

    // The `out` parameters must have a value where a function ends.
    fn check_outs(&mut self, span: Span) {
        let missing: Vec<Arc<str>> = self
            .frame
            .outs
            .iter()
            .filter(|(slot, _)| !self.frame.assigned.contains(*slot))
            .map(|(_, name)| Arc::clone(&name.text))
            .collect();
        for name in missing {
            self.report("unassigned", span, format!("the `out` parameter `{name}` may have no value here"));
        }
    }

    fn if_statement(&mut self, test: &Expr, yes: &Stmt, no: Option<&Stmt>, steps: &mut Vec<Step>) -> End {
        let test = self.test(test);
        self.frame.assigned = test.when_true;
        let (yes, yes_end) = self.scoped(yes);
        let after_yes = std::mem::replace(&mut self.frame.assigned, test.when_false);
        let (no, no_end) = match no {
            Some(no) => self.scoped(no),
            None => (Box::default(), End::Reachable),
        };
        self.frame.assigned = std::mem::take(&mut self.frame.assigned).meet(&after_yes);
        let (always, never) = match &test.node {
            Node::Constant(Value::Bool(value)) => (*value, !*value),
            _ => (false, false),
        };
        steps.push(Step::If(test.node, yes, no));
        let ends = |end: End, skipped: bool| end == End::Unreachable || skipped;
        if ends(yes_end, never) && ends(no_end, always) { End::Unreachable } else { End::Reachable }
    }

    fn while_statement(&mut self, test: &Expr, body: &Stmt, steps: &mut Vec<Step>) -> End {
        self.frame.open();
        let test = self.test(test);
        self.frame.assigned = test.when_true;
        let ((body, _), at_break) = self.inside(TargetKind::Loop, Labels::default(), |checker| checker.scoped(body));
        self.frame.close();
        let ends = !matches!(test.node, Node::Constant(Value::Bool(true)));
        let end = self.behind(test.when_false, at_break, ends);
        let order = LoopOrder::TestFirst;
        steps.push(Step::Loop(Box::new(LoopStep { test: Some(test.node), order, body, after: Box::new([]) })));
        end
    }

    fn do_statement(&mut self, body: &Stmt, test: &Expr, steps: &mut Vec<Step>) -> End {
        let before = self.frame.assigned.clone();
        let ((body, body_end), at_break) =
            self.inside(TargetKind::Loop, Labels::default(), |checker| checker.scoped(body));
        if body_end == End::Unreachable {
            // A `continue` leads to the test all the same.
            self.frame.assigned = before;
        }
        let test = self.test(test);
        let ends = !matches!(test.node, Node::Constant(Value::Bool(true)));
        let end = self.behind(test.when_false, at_break, ends);
        let order = LoopOrder::BodyFirst;
        steps.push(Step::Loop(Box::new(LoopStep { test: Some(test.node), order, body, after: Box::new([]) })));
        end
    }

    fn for_statement(&mut self, head: &ForHead, body: &Stmt, steps: &mut Vec<Step>) -> End {
        self.frame.open();
        for statement in &head.start {
            self.statement(statement, steps);
        }
        let test = head.condition.as_ref().map(|test| self.test(test));
        let (test, when_false) = match test {
            Some(test) => {
                self.frame.assigned = test.when_true;
                (Some(test.node), test.when_false)
            }
            None => (None, Assigned::unreachable()),
        };
        let before = self.frame.assigned.clone();
        let ((body, body_end), at_break) =
            self.inside(TargetKind::Loop, Labels::default(), |checker| checker.scoped(body));
        if body_end == End::Unreachable {
            self.frame.assigned = before;
        }
        let after: Box<[Node]> = head.step.iter().map(|step| self.value(step).node).collect();
        self.frame.close();
        let ends = !matches!(test, None | Some(Node::Constant(Value::Bool(true))));
        let end = self.behind(when_false, at_break, ends);
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
        let item = self.item_of(&sequence);
        let ty = match written {
            Some(written) => self.resolve(written),
            None => item.clone(),
        };
        self.frame.open();
        let slot = self.declare_as(name, ty.clone(), Use::ReadOnly("the variable of a `foreach`"));
        let before = self.frame.assigned.clone();
        self.frame.assigned.insert(slot);
        // An item of another type than the variable's is cast, as C# does it.
        let cast = match self.cast_to(&ty, Typed::new(Node::Local(slot), item.clone(), name.span), name.span).node {
            Node::Local(_) => None,
            cast => Some(cast),
        };
        let ((body, _), at_break) = self.inside(TargetKind::Loop, Labels::default(), |checker| checker.scoped(body));
        self.frame.assigned = match at_break {
            Some(at_break) => at_break.meet(&before),
            None => before,
        };
        self.frame.close();
        let body = match cast {
            Some(cast) => {
                let mut steps = vec![Step::Run(Node::Declare(slot, Box::new(cast)))];
                steps.extend(body.into_vec());
                steps.into()
            }
            None => body,
        };
        let pairs = shown_pairs(&sequence.ty).filter(|pair| *pair == item).map(|_| Conversion::Pairs);
        steps.push(Step::Foreach(slot, apply(pairs, sequence.node), body));
    }

    fn item_of(&mut self, sequence: &Typed) -> Ty {
        if sequence.ty == Ty::Error {
            return Ty::Error;
        }
        if let Ty::Grid(item, _) = &sequence.ty {
            return (**item).clone();
        }
        // These have a `GetEnumerator` of their own, which says nothing of the items.
        if let Ty::Class(Class::MatchCollection | Class::GroupCollection | Class::CaptureCollection) = &sequence.ty {
            return Ty::Object;
        }
        item_type(&sequence.ty).unwrap_or_else(|| {
            self.report("type-mismatch", sequence.span, format!("`{}` is no sequence", sequence.ty));
            Ty::Error
        })
    }
}

fn may_be_constant(ty: &Ty) -> bool {
    match ty {
        Ty::Nullable(_) | Ty::Record(..) => false,
        Ty::Class(class) | Ty::Generic(class, _) => class.kind() != ClassKind::Struct,
        _ => true,
    }
}

/// Whether the expression may stand alone.
pub(super) fn is_statement(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Call(..)
        | ExprKind::Assign(..)
        | ExprKind::Step(..)
        | ExprKind::New(..)
        | ExprKind::Throw(_)
        | ExprKind::Error => true,
        ExprKind::ConditionalAccess(_, rest) => matches!(rest.kind, ExprKind::Call(..)),
        _ => false,
    }
}
