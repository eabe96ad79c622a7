//! Statements with parts of their own: `try`, `switch`, `using`, `throw`.

use super::binary::unwrapped;
use super::convert::implicit_of;
use super::flow::Assigned;
use super::member::{levels, members_of};
use super::statement::{End, Labels, TargetKind};
use super::target::again;
use super::{Checker, Typed, Use};
use crate::expr::node::{CatchStep, Node, Step, SwitchStep, TryStep};
use crate::expr::syntax::{Catch, Expr, Label, Pattern, Section, Stmt, StmtKind, SwitchStmt, TryStmt};
use crate::expr::ty::{Class, Ty};
use crate::span::Span;
use crate::value::Value;

impl Checker<'_> {
    pub(super) fn throw_statement(&mut self, thrown: Option<&Expr>, span: Span, steps: &mut Vec<Step>) -> End {
        match thrown {
            Some(thrown) => {
                let node = self.thrown(thrown);
                steps.push(Step::Throw(node));
            }
            None => {
                if self.frame.catches == 0 {
                    self.report("expression-syntax", span, "`throw;` stands outside of a `catch`");
                }
                steps.push(Step::Rethrow);
            }
        }
        self.unreachable()
    }

    pub(super) fn try_statement(&mut self, inner: &TryStmt, steps: &mut Vec<Step>) -> End {
        let before = self.frame.assigned.clone();
        let mut body = Vec::new();
        let mut end = self.block(&inner.body, &mut body);
        let mut after = std::mem::take(&mut self.frame.assigned);
        let (mut catches, mut seen) = (Vec::new(), Vec::new());
        for catch in &inner.catches {
            self.frame.assigned = before.clone();
            let (step, catch_end) = self.catch(catch, &mut seen);
            catches.push(step);
            after = after.meet(&self.frame.assigned);
            if catch_end == End::Reachable {
                end = End::Reachable;
            }
        }
        let mut finally = Vec::new();
        self.frame.assigned = before;
        let jumps = std::mem::take(&mut self.frame.jumps);
        self.frame.finals += 1;
        let finally_end = match &inner.finally {
            Some(block) => self.block(block, &mut finally),
            None => End::Reachable,
        };
        self.frame.finals -= 1;
        self.frame.jumps = jumps;
        self.frame.assigned = after.and(&self.frame.assigned);
        steps.push(Step::Try(Box::new(TryStep {
            body: body.into(),
            catches: catches.into(),
            finally: finally.into(),
        })));
        if finally_end == End::Unreachable { End::Unreachable } else { end }
    }

    fn catch(&mut self, catch: &Catch, seen: &mut Vec<Ty>) -> (CatchStep, End) {
        let ty = match &catch.ty {
            Some(written) => self.resolve(written),
            None => Ty::Class(Class::Exception),
        };
        let is_exception = ty.class().is_some_and(|class| class.derives_from(Class::Exception));
        if !is_exception && ty != Ty::Error {
            self.report("type-mismatch", catch.span, format!("`{ty}` is no exception"));
        }
        if seen.iter().any(|earlier| ty.converts_to(earlier)) && ty != Ty::Error {
            self.report("expression-syntax", catch.span, format!("an earlier `catch` takes every `{ty}` already"));
        }
        if catch.filter.is_none() {
            seen.push(ty.clone());
        }
        self.frame.open();
        let slot = match &catch.name {
            Some(name) => self.declare(name, ty.clone()),
            None => self.slot(catch.span),
        };
        self.frame.assigned.insert(slot);
        let filter = catch.filter.as_ref().map(|filter| self.condition(filter));
        self.frame.catches += 1;
        let mut body = Vec::new();
        let end = self.block(&catch.body, &mut body);
        self.frame.catches -= 1;
        self.frame.close();
        (CatchStep { ty, slot, filter, body: body.into() }, end)
    }

    pub(super) fn using_statement(&mut self, head: &Stmt, body: &Stmt, steps: &mut Vec<Step>) -> End {
        self.frame.open();
        let (slot, node, ty) = match &head.kind {
            StmtKind::Declare(written, locals) => {
                let (name, value) = match locals.first() {
                    Some((name, Some(value))) => (name, value),
                    Some((_, None)) | None => return End::Reachable,
                };
                let typed = match written.as_ref().map(|written| self.resolve(written)) {
                    Some(ty) => {
                        let typed = self.value_as(value, &ty);
                        self.convert_to(typed, &ty)
                    }
                    None => self.value(value),
                };
                self.disposable(&typed);
                let slot = self.declare_as(name, typed.ty.clone(), Use::ReadOnly("the variable of a `using`"));
                (slot, typed.node, typed.ty)
            }
            StmtKind::Expression(expr) => {
                let typed = self.value(expr);
                self.disposable(&typed);
                (self.slot(expr.span), typed.node, typed.ty)
            }
            _ => return End::Reachable,
        };
        self.frame.assigned.insert(slot);
        let (body, end) = self.scoped(body);
        self.frame.close();
        let dispose = self.disposal(slot, ty, head.span);
        steps.push(Step::Using(slot, node, body, dispose));
        end
    }

    // What disposes of the resource in the slot, unless it is null.
    fn disposal(&mut self, slot: u16, ty: Ty, span: Span) -> Option<Node> {
        let has_dispose = levels(&ty).iter().any(|level| !members_of(level, "Dispose", false).is_empty());
        if !has_dispose {
            return None;
        }
        let inner = self.slot(span);
        let resource = Typed::new(Node::Local(inner), ty, span);
        let call = self.call_of_value(resource, "Dispose", Vec::new(), span);
        Some(Node::ConditionalAccess(Box::new((Node::Local(slot), inner, call.node))))
    }

    fn disposable(&mut self, typed: &Typed) {
        let fits = matches!(typed.ty, Ty::Error | Ty::Null) || typed.ty.converts_to(&Ty::Class(Class::IDisposable));
        if !fits || typed.ty == Ty::Object {
            self.report("type-mismatch", typed.span, format!("`{}` is nothing that `using` disposes of", typed.ty));
        }
    }

    pub(super) fn switch_statement(&mut self, inner: &SwitchStmt, steps: &mut Vec<Step>) -> End {
        let value = self.value(&inner.value);
        let constant = match &value.node {
            Node::Constant(constant) if value.ty == Ty::String || !value.ty.holds_null() => Some(constant.clone()),
            _ => None,
        };
        let constant = constant.filter(|constant| !constant.is_null());
        let slot = self.slot(value.span);
        self.frame.assigned.insert(slot);
        let switched = Typed::new(Node::Local(slot), value.ty.clone(), value.span);
        let constants = self.constants_of(&inner.sections, &switched);
        let labels = Labels { switched: Some(switched.ty.clone()), constants };
        let reached = self.reached(&inner.sections, &switched, constant.as_ref());
        let start = self.frame.assigned.clone();
        // All sections are one scope.
        self.frame.open();
        let ((parts, ends), at_break) =
            self.inside(TargetKind::Switch, labels, |checker| checker.sections(inner, &switched, &reached, &start));
        self.frame.close();
        let has_default = reached.is_taken || parts.otherwise.is_some() || parts.takes_all;
        let (otherwise, tests, sections) = (parts.otherwise, parts.tests.into(), parts.sections.into());
        steps.push(Step::Switch(Box::new(SwitchStep { slot, value: value.node, tests, otherwise, sections })));
        let after = match (at_break, has_default) {
            (Some(at_break), true) => Some(at_break),
            (Some(at_break), false) => Some(at_break.meet(&start)),
            (None, false) => Some(start),
            (None, true) => None,
        };
        match after {
            Some(after) => {
                self.frame.assigned = after;
                End::Reachable
            }
            None if ends => self.unreachable(),
            None => End::Reachable,
        }
    }

    // The constants of all labels, which `goto case` may name before they are checked.
    fn constants_of(&mut self, sections: &[Section], switched: &Typed) -> Vec<(Option<Value>, u16)> {
        let mut labels: Vec<(Option<Value>, u16)> = Vec::new();
        for (at, section) in (0_u16..).zip(sections) {
            for label in &section.labels {
                let value = match &label.pattern {
                    Pattern::Default => None,
                    Pattern::Constant(constant) => match self.constant_of(constant, switched) {
                        Some(value) => Some(value),
                        None => continue,
                    },
                    Pattern::Declared(..) => continue,
                };
                if label.guard.is_none() && labels.iter().any(|(other, _)| *other == value) {
                    self.report("duplicate-name", label.span, "this `case` stands here already");
                }
                labels.push((value, at));
            }
        }
        labels
    }

    // Of a constant it is known which labels may take it.
    fn reached(&mut self, sections: &[Section], switched: &Typed, constant: Option<&Value>) -> Reached {
        let Some(constant) = constant else {
            return Reached { sections: vec![true; sections.len()], is_taken: false };
        };
        let mut reached = Reached { sections: Vec::with_capacity(sections.len()), is_taken: false };
        for section in sections {
            let mut is_reached = false;
            for label in &section.labels {
                let takes = !reached.is_taken && self.takes(label, switched, constant);
                is_reached |= takes;
                reached.is_taken |= takes && label.guard.is_none();
            }
            reached.sections.push(is_reached);
        }
        for (section, is_reached) in sections.iter().zip(&mut reached.sections) {
            let is_default = section.labels.iter().any(|label| matches!(label.pattern, Pattern::Default));
            *is_reached |= is_default && !reached.is_taken;
        }
        reached
    }

    fn takes(&mut self, label: &Label, switched: &Typed, constant: &Value) -> bool {
        match &label.pattern {
            Pattern::Default => false,
            Pattern::Constant(written) => self.constant_of(written, switched).is_none_or(|value| value == *constant),
            Pattern::Declared(Some(written), _) => {
                let problems = std::mem::take(self.problems);
                let ty = self.resolve(written);
                *self.problems = problems;
                ty == Ty::Error || switched.ty.converts_to(&ty)
            }
            Pattern::Declared(None, _) => true,
        }
    }

    // What is wrong with the constant is said when its label is checked.
    fn constant_of(&mut self, constant: &Expr, switched: &Typed) -> Option<Value> {
        let problems = std::mem::take(self.problems);
        let typed = self.constant_pattern(again(switched), constant, constant.span);
        *self.problems = problems;
        match typed.node {
            Node::IsConstant(pair) => match pair.1 {
                Node::Constant(value) => Some(value),
                _ => None,
            },
            _ => None,
        }
    }

    fn sections(
        &mut self,
        inner: &SwitchStmt,
        switched: &Typed,
        reached: &Reached,
        start: &Assigned,
    ) -> (Sections, bool) {
        let mut parts = Sections::default();
        let mut ends = true;
        let mut seen = Seen::default();
        for ((at, section), is_reached) in (0_u16..).zip(&inner.sections).zip(&reached.sections) {
            let is_entered = self.frame.jumps.last().is_some_and(|target| target.entered.contains(&at));
            self.frame.assigned = if *is_reached || is_entered { start.clone() } else { Assigned::unreachable() };
            self.frame.open();
            let before = self.frame.assigned.clone();
            let mut entered = Assigned::unreachable();
            for label in &section.labels {
                self.frame.assigned = before.clone();
                self.subsumed(label, switched, &mut seen);
                match self.label(label, switched) {
                    Some(test) => parts.tests.push((test, at)),
                    None => parts.otherwise = Some(at),
                }
                entered = entered.meet(&self.frame.assigned);
            }
            self.frame.assigned = entered;
            let patterns = self.frame.scopes.last().map_or(0, Vec::len);
            let mut steps = Vec::new();
            let end = self.statements(&section.statements, &mut steps);
            // What patterns declare is the section's own; everything else belongs to the whole switch.
            let declared = self.frame.close();
            if let Some(scope) = self.frame.scopes.last_mut() {
                scope.extend(declared.into_iter().skip(patterns));
            }
            if end == End::Reachable {
                ends = false;
                let help = Some("end it with `break;`".to_owned());
                let message = "control cannot fall through from one `case` to the next";
                self.problems.add_with_help("expression-syntax", section.span, message, help);
            }
            parts.sections.push(steps.into());
        }
        parts.takes_all = seen.takes_all(&switched.ty);
        (parts, ends)
    }

    // A label whose values an earlier one takes all is never reached.
    fn subsumed(&mut self, label: &Label, switched: &Typed, seen: &mut Seen) {
        let problems = std::mem::take(self.problems);
        let ty = match &label.pattern {
            Pattern::Default => None,
            Pattern::Constant(constant) => {
                let ty = self.value(constant).ty;
                seen.takes_null |= ty == Ty::Null && label.guard.is_none();
                Some(ty).filter(|ty| *ty != Ty::Null)
            }
            Pattern::Declared(Some(written), _) => Some(self.resolve(written)),
            Pattern::Declared(None, _) => Some(switched.ty.clone()),
        };
        *self.problems = problems;
        let Some(ty) = ty.filter(|ty| *ty != Ty::Error) else { return };
        if let Some(earlier) = seen.types.iter().find(|earlier| ty == **earlier || ty.converts_to(earlier)) {
            let message = format!("an earlier `case` takes every `{earlier}` already");
            return self.report("expression-syntax", label.span, message);
        }
        if matches!(label.pattern, Pattern::Declared(..)) && label.guard.is_none() {
            // `var` takes null too.
            seen.takes_null |= matches!(label.pattern, Pattern::Declared(None, _));
            seen.types.push(ty);
        }
    }

    // The test of a label; nothing for `default`.
    fn label(&mut self, label: &Label, switched: &Typed) -> Option<Node> {
        let test = match &label.pattern {
            Pattern::Default => return None,
            Pattern::Constant(constant) => self.constant_pattern(again(switched), constant, label.span).node,
            Pattern::Declared(written, name) => {
                let ty = match written {
                    Some(written) => self.resolve(written),
                    None => switched.ty.clone(),
                };
                match name {
                    Some(name) => {
                        let typed = self.matched(again(switched), &ty, written.is_none(), name, label.span);
                        let slot = self.frame.find(&name.text).map(|local| local.slot);
                        if let Some(slot) = slot {
                            self.frame.assigned.insert(slot);
                        }
                        typed.node
                    }
                    None if written.is_none() => Node::Constant(Value::Bool(true)),
                    None => Node::Is(ty, Box::new(again(switched).node)),
                }
            }
        };
        let Some(guard) = &label.guard else { return Some(test) };
        let guard = self.test(guard);
        self.frame.assigned = guard.when_true;
        Some(Node::AndAlso(Box::new((test, guard.node))))
    }

    // The constant behind `goto case` is of the type that is switched over, if need be by a cast.
    fn label_of(&mut self, value: &Expr) -> Typed {
        let constant = self.value(value);
        let target = self.frame.jumps.iter().rev().find(|target| target.kind == TargetKind::Switch);
        let Some(wanted) = target.and_then(|target| target.labels.switched.clone()) else { return constant };
        if !matches!(constant.node, Node::Constant(_)) || implicit_of(&constant, &wanted).is_some() {
            return self.convert_to(constant, &wanted);
        }
        self.cast_to(&wanted, constant, value.span)
    }

    pub(super) fn goto_statement(&mut self, value: Option<&Expr>, span: Span, steps: &mut Vec<Step>) -> End {
        let problems = self.problems.len();
        let wanted = value.map(|value| self.label_of(value));
        let wanted = match wanted.map(|label| (label.node, label.span)) {
            None => None,
            Some((Node::Constant(value), _)) => Some(value),
            Some((_, span)) => {
                if self.problems.len() == problems {
                    self.report("constant", span, "`goto case` needs a constant");
                }
                return self.unreachable();
            }
        };
        if self.problems.len() > problems {
            return self.unreachable();
        }
        let is_reached = !self.frame.assigned.is_unreachable();
        let target = self.frame.jumps.iter_mut().rev().find(|target| target.kind == TargetKind::Switch);
        let section = target.and_then(|target| {
            let (_, section) = target.labels.constants.iter().find(|(label, _)| *label == wanted)?;
            target.entered.extend(is_reached.then_some(*section));
            Some(*section)
        });
        match section {
            Some(section) => steps.push(Step::Goto(section)),
            None => self.report("unknown-name", span, "there is no such label in the `switch` around"),
        }
        self.unreachable()
    }
}

/// Which sections of a `switch` may be reached by their labels.
struct Reached {
    sections: Vec<bool>,
    /// Whether one of the labels certainly takes what is switched over.
    is_taken: bool,
}

/// What the sections of a `switch` come to.
#[derive(Default)]
struct Sections {
    tests: Vec<(Node, u16)>,
    otherwise: Option<u16>,
    sections: Vec<Box<[Step]>>,
    /// Whether there is a label for every value.
    takes_all: bool,
}

/// What the labels so far take without a condition.
#[derive(Default)]
struct Seen {
    types: Vec<Ty>,
    takes_null: bool,
}

impl Seen {
    fn takes_all(&self, switched: &Ty) -> bool {
        let (plain, _) = unwrapped(switched);
        (self.takes_null || !switched.holds_null())
            && self.types.iter().any(|ty| ty == plain || plain.is_reference() && plain.converts_to(ty))
    }
}
