//! From tree to typed tree: names, types, members and overloads are settled here, so that evaluation cannot get them wrong.

mod argument;
mod better;
mod binary;
mod call;
mod constraint;
mod convert;
mod creation;
mod deconstruct;
mod emit;
mod expression;
mod flow;
mod function;
mod jump;
mod lambda;
mod member;
mod nameof;
mod names;
mod overload;
mod pattern;
mod reference;
mod statement;
mod switch;
mod target;
mod types;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::span::Span;
use crate::value::Value;

use super::Expected;
use super::limits::LOCALS_MAX;
use super::node::{Arrays, Body, Capture, Node, Program};
use super::problem::Problems;
use super::syntax::{Ident, Overflow, Source};
use super::ty::{Class, Ty};

use flow::Assigned;
use lambda::Trial;

/// Types a tree; nothing when something was reported.
pub(crate) fn check(source: &Source, expected: Expected, problems: &mut Problems) -> Option<Program> {
    let mut checker = Checker {
        problems,
        frame: Frame::new(Wanted::Place(expected)),
        outer: Vec::new(),
        arrays: Arrays::ReadOnly,
        surroundings: Vec::new(),
        trials: Vec::new(),
        overflow: None,
        type_names: Vec::new(),
        blocks: 0,
        instances_made: 0,
        texts: BTreeSet::new(),
        trials_left: super::limits::TRIALS_MAX,
    };
    let body = match source {
        Source::Expression(expr) => {
            let typed = checker.value(expr);
            Body::Expression(checker.result(typed))
        }
        Source::Block(block) => Body::Block(checker.whole_block(block)),
    };
    let result = checker.frame.result_type();
    let (slots, arrays) = (checker.frame.slots, checker.arrays);
    problems.is_empty().then_some(Program { body, slots, result, arrays })
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
    use_: Use,
}

/// What may be done with a local.
#[derive(Clone, Debug)]
enum Use {
    Variable,
    /// The variable of a `foreach` or a `using`, as an error names it
    ReadOnly(&'static str),
    Constant(Value),
    Function(Arc<function::Declared>),
    /// A `ref` variable: of another variable, whose slot it has, or of this place
    Alias(Option<Arc<target::Place>>),
}

/// What a function is to return.
#[derive(Clone, Debug)]
enum Wanted {
    /// The whole expression: what its place wants
    Place(Expected),
    Type(Ty),
    /// The body of a lambda on trial: whatever it returns
    Anything,
}

/// The function that is being checked.
#[derive(Debug)]
struct Frame {
    wanted: Wanted,
    /// Innermost last.
    scopes: Vec<Vec<Local>>,
    /// Every name that was declared so far, and how many of them when each of the scopes was opened.
    names: Vec<Arc<str>>,
    opened: Vec<usize>,
    slots: u16,
    assigned: Assigned,
    /// The variable of a written type whose value is being checked.
    declaring: Option<Arc<str>>,
    /// The receivers of the null-conditional accesses around, innermost last.
    receivers: Vec<(u16, Ty)>,
    /// The types of what is returned.
    results: Vec<Ty>,
    /// What `break` and `continue` leave, innermost last.
    jumps: Vec<statement::Target>,
    captures: Vec<Capture>,
    /// How many `catch` blocks are around.
    catches: usize,
    /// How many `finally` blocks are around.
    finals: usize,
    labels: Vec<jump::Label>,
    labels_made: u16,
    /// Bodies of generic functions that are still to be made.
    instances: Vec<function::Instance>,
    /// The variables that are stored somewhere.
    stored: BTreeSet<u16>,
    kind: FrameKind,
    /// The `out` parameters, which must have a value wherever the function ends.
    outs: Vec<(u16, Ident)>,
}

/// What sort of function it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FrameKind {
    Plain,
    /// A local function, which may be called when the variables outside have their values.
    Local,
}

impl Frame {
    fn new(wanted: Wanted) -> Self {
        Self {
            wanted,
            scopes: vec![Vec::new()],
            names: Vec::new(),
            opened: vec![0],
            slots: 0,
            assigned: Assigned::default(),
            declaring: None,
            receivers: Vec::new(),
            results: Vec::new(),
            jumps: Vec::new(),
            captures: Vec::new(),
            catches: 0,
            finals: 0,
            labels: Vec::new(),
            labels_made: 0,
            instances: Vec::new(),
            stored: BTreeSet::new(),
            kind: FrameKind::Plain,
            outs: Vec::new(),
        }
    }

    fn open(&mut self) {
        self.scopes.push(Vec::new());
        self.opened.push(self.names.len());
    }

    fn close(&mut self) -> Vec<Local> {
        self.opened.pop();
        self.scopes.pop().unwrap_or_default()
    }

    // Whether a scope inside of the current one declared the name.
    fn is_used_inside(&self, name: &str) -> bool {
        let from = self.opened.last().copied().unwrap_or(0);
        self.names.get(from..).is_some_and(|names| names.iter().any(|other| &**other == name))
    }

    fn find(&self, name: &str) -> Option<&Local> {
        self.scopes.iter().rev().flatten().find(|local| &*local.name == name)
    }

    fn find_mut(&mut self, name: &str) -> Option<&mut Local> {
        self.scopes.iter_mut().rev().flatten().find(|local| &*local.name == name)
    }

    // The slot in which this function sees a variable of the one around.
    fn capture(&mut self, outer: u16) -> u16 {
        if let Some(capture) = self.captures.iter().find(|capture| capture.outer == outer) {
            return capture.inner;
        }
        let inner = self.slots;
        self.slots = self.slots.saturating_add(1);
        self.captures.push(Capture { outer, inner });
        inner
    }

    // One type if all results have it, otherwise `object`.
    fn result_type(&self) -> Ty {
        let mut types = self.results.iter();
        let first = types.next().cloned().unwrap_or(Ty::Object);
        if types.all(|ty| *ty == first) { first } else { Ty::Object }
    }
}

struct Checker<'p> {
    problems: &'p mut Problems,
    frame: Frame,
    /// The functions around, outermost first.
    outer: Vec<Frame>,
    arrays: Arrays,
    /// The types of the parameters of the lambdas around, of which the outcome of a trial depends.
    surroundings: Vec<Ty>,
    trials: Vec<Trial>,
    trials_left: u32,
    /// `checked` and `unchecked` around; without either, only constants are checked.
    overflow: Option<Overflow>,
    /// What the type parameters of the generic functions around stand for.
    type_names: Vec<(Arc<str>, Ty)>,
    /// How many blocks were checked, which numbers them.
    blocks: u32,
    instances_made: u32,
    /// The constant texts so far: equal ones are one object, as C# interns them.
    texts: BTreeSet<Arc<str>>,
}

impl Checker<'_> {
    fn report(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.problems.add(code, span, message);
    }

    // The constant of this text.
    fn text(&mut self, text: &Arc<str>) -> Value {
        let known = self.texts.get(text).cloned();
        Value::String(known.unwrap_or_else(|| {
            self.texts.insert(Arc::clone(text));
            Arc::clone(text)
        }))
    }

    fn unsupported(&mut self, span: Span, what: &str) {
        self.report("unsupported-expression", span, format!("{what} is not supported yet"));
    }

    fn slot(&mut self, span: Span) -> u16 {
        if self.frame.slots >= LOCALS_MAX {
            self.report("expression-limit", span, format!("an expression may have at most {LOCALS_MAX} locals"));
            return 0;
        }
        self.frame.slots += 1;
        self.frame.slots - 1
    }

    // The local of this name as the current function sees it: one of a function around is captured.
    fn local(&mut self, name: &str) -> Option<Local> {
        if let Some(local) = self.frame.find(name) {
            return Some(local.clone());
        }
        let (level, mut local) = self
            .outer
            .iter()
            .enumerate()
            .rev()
            .find_map(|(level, frame)| frame.find(name).map(|local| (level, local.clone())))?;
        if matches!(local.use_, Use::Constant(_)) {
            return Some(local);
        }
        let mut is_assigned = self.outer.get(level).is_some_and(|frame| frame.assigned.contains(local.slot));
        let inner = self.outer.iter_mut().skip(level + 1).chain(std::iter::once(&mut self.frame));
        for frame in inner {
            local.slot = frame.capture(local.slot);
            is_assigned |= frame.kind == FrameKind::Local;
            if is_assigned {
                frame.assigned.insert(local.slot);
            }
        }
        Some(local)
    }

    fn is_declared(&self, name: &str) -> bool {
        self.outer.iter().chain(std::iter::once(&self.frame)).any(|frame| frame.find(name).is_some())
    }

    fn declare(&mut self, name: &Ident, ty: Ty) -> u16 {
        self.declare_as(name, ty, Use::Variable)
    }

    fn declare_as(&mut self, name: &Ident, ty: Ty, use_: Use) -> u16 {
        if self.is_declared(&name.text) || &*name.text == "context" {
            self.report("duplicate-name", name.span, format!("`{}` is declared already", name.text));
        } else if self.frame.is_used_inside(&name.text) {
            let message = format!("`{}` is declared in a block inside of this one already", name.text);
            self.report("duplicate-name", name.span, message);
        }
        self.frame.names.push(Arc::clone(&name.text));
        let slot = self.slot(name.span);
        if ty == Ty::Error {
            self.frame.assigned.insert(slot);
        }
        let local = Local { name: Arc::clone(&name.text), slot, ty, use_ };
        match self.frame.scopes.last_mut() {
            Some(scope) => scope.push(local),
            None => self.frame.scopes.push(vec![local]),
        }
        slot
    }

    // What is returned, fitted to the place.
    fn result(&mut self, typed: Typed) -> Node {
        if typed.ty == Ty::Void && !matches!(self.frame.wanted, Wanted::Anything) {
            self.report("type-mismatch", typed.span, "this expression has no value");
            return typed.node;
        }
        let wanted = match &self.frame.wanted {
            Wanted::Place(Expected::Any | Expected::Text) | Wanted::Anything => None,
            Wanted::Place(Expected::Bool) => Some(Ty::Bool),
            Wanted::Place(Expected::Int) if typed.ty == Ty::Int64 => Some(Ty::Int64),
            Wanted::Place(Expected::Int) => Some(Ty::Int32),
            Wanted::Type(ty) => Some(ty.clone()),
        };
        match wanted {
            Some(wanted) => {
                self.frame.results.push(wanted.clone());
                self.convert_to(typed, &wanted).node
            }
            None => {
                self.frame.results.push(typed.ty);
                typed.node
            }
        }
    }
}

/// Whether the type is a JSON token's.
fn is_json(ty: &Ty) -> bool {
    matches!(ty, Ty::Class(class) if class.derives_from(Class::JToken))
}
