//! From tree to typed tree: names, types, members and overloads are settled here, so that evaluation cannot get them wrong.

mod binary;
mod convert;
mod expression;
mod member;
mod overload;
mod statement;
mod types;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::span::Span;

use super::Expected;
use super::limits::LOCALS_MAX;
use super::node::{Body, Node, Program};
use super::problem::Problems;
use super::syntax::{Ident, Source};
use super::ty::{Class, Ty};

/// Types a tree; nothing when something was reported.
pub(crate) fn check(source: &Source, expected: Expected, problems: &mut Problems) -> Option<Program> {
    let mut checker = Checker {
        expected,
        problems,
        scopes: Vec::new(),
        slots: 0,
        assigned: BTreeSet::new(),
        receivers: Vec::new(),
        results: Vec::new(),
        loops: 0,
    };
    let body = match source {
        Source::Expression(expr) => {
            let typed = checker.value(expr);
            Body::Expression(checker.result(typed))
        }
        Source::Block(block) => Body::Block(checker.whole_block(block)),
    };
    let result = checker.result_type();
    let slots = checker.slots;
    problems.is_empty().then_some(Program { body, slots, result })
}

/// A typed expression and where it stands.
#[derive(Debug)]
pub(super) struct Typed {
    node: Node,
    ty: Ty,
    span: Span,
}

impl Typed {
    const fn new(node: Node, ty: Ty, span: Span) -> Self {
        Self { node, ty, span }
    }

    /// What was reported. Its node is never run; it is no constant, so that nothing is folded over it, not even under a cast.
    const fn error(span: Span) -> Self {
        Self::new(Node::Context, Ty::Error, span)
    }
}

/// A local variable.
#[derive(Clone, Debug)]
struct Local {
    name: Arc<str>,
    slot: u16,
    ty: Ty,
}

struct Checker<'p> {
    expected: Expected,
    problems: &'p mut Problems,
    /// Innermost last.
    scopes: Vec<Vec<Local>>,
    slots: u16,
    /// Slots that certainly have a value here.
    assigned: BTreeSet<u16>,
    /// The receivers of the null-conditional accesses around, innermost last.
    receivers: Vec<(u16, Ty)>,
    /// The types of what is returned.
    results: Vec<Ty>,
    loops: usize,
}

impl Checker<'_> {
    fn report(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.problems.add(code, span, message);
    }

    fn unsupported(&mut self, span: Span, what: &str) {
        self.report("unsupported-expression", span, format!("{what} is not supported yet"));
    }

    fn slot(&mut self, span: Span) -> u16 {
        if self.slots >= LOCALS_MAX {
            self.report("expression-limit", span, format!("an expression may have at most {LOCALS_MAX} locals"));
            return 0;
        }
        self.slots += 1;
        self.slots - 1
    }

    fn local(&self, name: &str) -> Option<&Local> {
        self.scopes.iter().rev().flatten().find(|local| &*local.name == name)
    }

    fn declare(&mut self, name: &Ident, ty: Ty) -> u16 {
        if self.local(&name.text).is_some() || &*name.text == "context" {
            self.report("duplicate-name", name.span, format!("`{}` is declared already", name.text));
        }
        let slot = self.slot(name.span);
        let local = Local { name: Arc::clone(&name.text), slot, ty };
        match self.scopes.last_mut() {
            Some(scope) => scope.push(local),
            None => self.scopes.push(vec![local]),
        }
        slot
    }

    // What is returned, fitted to the place.
    fn result(&mut self, typed: Typed) -> Node {
        let wanted = match self.expected {
            Expected::Any | Expected::Text => None,
            Expected::Bool => Some(Ty::Bool),
            Expected::Int if typed.ty == Ty::Int64 => Some(Ty::Int64),
            Expected::Int => Some(Ty::Int32),
        };
        if typed.ty == Ty::Void {
            self.report("type-mismatch", typed.span, "this expression has no value");
            return typed.node;
        }
        match wanted {
            Some(wanted) => {
                self.results.push(wanted.clone());
                self.convert_to(typed, &wanted).node
            }
            None => {
                self.results.push(typed.ty);
                typed.node
            }
        }
    }

    // One type if all results have it, otherwise `object`.
    fn result_type(&self) -> Ty {
        let mut types = self.results.iter();
        let first = types.next().cloned().unwrap_or(Ty::Object);
        if types.all(|ty| *ty == first) { first } else { Ty::Object }
    }
}

/// Whether the type is a JSON token's.
fn is_json(ty: &Ty) -> bool {
    matches!(ty, Ty::Class(class) if class.derives_from(Class::JToken))
}
