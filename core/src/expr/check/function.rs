//! Local functions: their signatures, the calls of them, and a body of its own for every choice of type arguments.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::overload::{Given, Open, Source, wanted};
use super::target::Place;
use super::{Checker, Local, Typed, Use, Wanted};
use crate::expr::bcl::{Member, NOWHERE, Parameter};
use crate::expr::generic::substitute;
use crate::expr::limits::FUNCTION_TYPES_MAX;
use crate::expr::node::{FunctionNode, Node};
use crate::expr::parse::signature::Form;
use crate::expr::syntax::{Argument, Expr, ExprKind, Formal, Ident, Lambda, LocalFunction, Mode, Stmt, StmtKind};
use crate::expr::ty::{Class, Ty};
use crate::span::Span;
use crate::value::Value;

/// A local function.
#[derive(Debug)]
pub(super) struct Declared {
    pub(super) member: Member,
    written: LocalFunction,
    /// The block that holds it.
    block: u32,
    /// The variables outside that it gives a value, once its body is known.
    stores: BTreeSet<u16>,
}

/// A body that must be made for these type arguments.
#[derive(Debug)]
pub(super) struct Instance {
    function: Arc<Declared>,
    slot: u16,
    types: Vec<Ty>,
}

impl Checker<'_> {
    /// Declares the local functions of a block, where it begins.
    pub(super) fn local_functions(&mut self, statements: &[Stmt]) -> u32 {
        self.blocks += 1;
        let block = self.blocks;
        for statement in statements {
            let StmtKind::LocalFunction(function) = &statement.kind else { continue };
            let Some(member) = self.signature_of(function) else {
                self.declare(&function.name, Ty::Error);
                continue;
            };
            let declared = Declared { member, written: (**function).clone(), block, stores: BTreeSet::new() };
            let use_ = Use::Function(Arc::new(declared));
            let slot = self.declare_as(&function.name, Ty::Object, use_);
            self.frame.assigned.insert(slot);
        }
        block
    }

    fn signature_of(&mut self, function: &LocalFunction) -> Option<Member> {
        let names = self.type_names.len();
        for (at, name) in function.type_parameters.iter().enumerate() {
            self.type_names.push((Arc::clone(&name.text), Ty::Param(at)));
        }
        let result = self.resolve(&function.result);
        let parameters: Vec<Parameter> = function.parameters.iter().map(|formal| self.parameter_of(formal)).collect();
        self.type_names.truncate(names);
        let failed = result == Ty::Error || parameters.iter().any(|parameter| parameter.ty == Ty::Error);
        self.check_order(function);
        (!failed).then(|| Member {
            owner: Ty::Void,
            name: Arc::clone(&function.name.text),
            form: Form::Method,
            is_static: true,
            is_extension: false,
            parameters,
            result,
            type_parameters: function.type_parameters.len(),
            owner_type_parameters: 0,
            run: NOWHERE,
            signature: "",
        })
    }

    fn parameter_of(&mut self, formal: &Formal) -> Parameter {
        let ty = self.resolve(&formal.ty);
        if formal.mode == Mode::Rest && !matches!(ty, Ty::Array(_) | Ty::Error) {
            self.report("type-mismatch", formal.ty.span, "`params` stands before an array");
        }
        let default = formal.default.as_ref().and_then(|value| {
            let typed = self.value_as(value, &ty);
            let typed = self.convert_to(typed, &ty);
            match typed.node {
                Node::Constant(value) => Some(value),
                _ => {
                    if typed.ty != Ty::Error {
                        self.report("constant", value.span, "the default of a parameter must be constant");
                    }
                    None
                }
            }
        });
        Parameter {
            name: Arc::clone(&formal.name.text),
            ty,
            default,
            is_variadic: formal.mode == Mode::Rest,
            is_out: formal.mode == Mode::Out,
            is_ref: formal.mode == Mode::Ref,
        }
    }

    fn check_order(&mut self, function: &LocalFunction) {
        let last = function.parameters.len().saturating_sub(1);
        let mut has_default = false;
        for (at, formal) in function.parameters.iter().enumerate() {
            if formal.mode == Mode::Rest && at < last {
                self.report("expression-syntax", formal.name.span, "`params` stands at the last parameter only");
            }
            if has_default && formal.default.is_none() && formal.mode != Mode::Rest {
                let message = "parameters with a default stand behind those without one";
                self.report("expression-syntax", formal.name.span, message);
            }
            has_default |= formal.default.is_some();
        }
    }

    /// The body of a local function without type parameters, where it stands.
    pub(super) fn function_here(&mut self, name: &Ident) -> Option<(u16, Arc<FunctionNode>)> {
        let local = self.frame.find(&name.text)?.clone();
        let Use::Function(function) = local.use_ else { return None };
        if function.member.type_parameters > 0 {
            return None;
        }
        let (node, stores) = self.function_body_of(&function, &[]);
        let Declared { member, written, block, .. } = &*function;
        let known = Declared { member: member.clone(), written: written.clone(), block: *block, stores };
        if let Some(local) = self.frame.find_mut(&name.text) {
            local.use_ = Use::Function(Arc::new(known));
        }
        Some((local.slot, node))
    }

    /// The bodies that calls of this block's generic functions need.
    pub(super) fn instances_of(&mut self, block: u32) -> Vec<(u16, Arc<FunctionNode>)> {
        let mut made = Vec::new();
        while let Some(at) = self.frame.instances.iter().position(|instance| instance.function.block == block) {
            let instance = self.frame.instances.remove(at);
            let (node, _) = self.function_body_of(&instance.function, &instance.types);
            made.push((instance.slot, node));
        }
        made
    }

    fn function_body_of(&mut self, function: &Declared, types: &[Ty]) -> (Arc<FunctionNode>, BTreeSet<u16>) {
        let written = &function.written;
        let (names, depth) = (self.type_names.len(), self.surroundings.len());
        for (name, ty) in written.type_parameters.iter().zip(types) {
            self.type_names.push((Arc::clone(&name.text), ty.clone()));
            self.surroundings.push(ty.clone());
        }
        let parameters: Vec<Ty> =
            function.member.parameters.iter().map(|parameter| substitute(&parameter.ty, types)).collect();
        let result = substitute(&function.member.result, types);
        let lambda = Lambda {
            parameters: written.parameters.iter().map(|formal| (None, formal.name.clone())).collect(),
            body: written.body.clone(),
            unpacked: Vec::new(),
        };
        let outs: Vec<bool> = written.parameters.iter().map(|formal| formal.mode == Mode::Out).collect();
        let (mut node, _, stores) = self.local_body(&lambda, &parameters, Wanted::Type(result.clone()), &outs);
        self.type_names.truncate(names);
        self.surroundings.truncate(depth);
        node.ty = delegate_type(parameters, result);
        (Arc::new(node), stores)
    }

    /// A call of a local function.
    pub(super) fn call_of_function(
        &mut self,
        name: &Ident,
        local: &Local,
        explicit: &[Ty],
        arguments: &[Argument],
        span: Span,
    ) -> Typed {
        let Use::Function(function) = &local.use_ else { return Typed::error(span) };
        let given = self.given(arguments);
        if given.iter().any(|given| given.typed.ty == Ty::Error) || explicit.contains(&Ty::Error) {
            self.settle(&given);
            return Typed::error(span);
        }
        let found = vec![(&function.member, vec![None; function.member.type_parameters])];
        let Some(candidate) = self.choose(&found, explicit, &given, span) else {
            self.no_function(name, function, &given);
            self.settle(&given);
            return Typed::error(span);
        };
        let callee = if candidate.types.is_empty() {
            Node::Local(local.slot)
        } else {
            let Some(slot) = self.instance_of(function, &candidate.types, span) else { return Typed::error(span) };
            Node::Local(slot)
        };
        let (mut before, mut after, mut nodes) = (Vec::new(), Vec::new(), Vec::new());
        let in_order = is_in_order(&candidate.sources);
        for (index, given) in given.into_iter().enumerate() {
            let wanted = wanted(&candidate, index).unwrap_or(Ty::Error);
            let node = self.function_argument(given, &wanted, &mut before, &mut after);
            nodes.push(Some(if in_order { node } else { self.in_slot(node, &wanted, span, &mut before) }));
        }
        let mut ordered = Vec::new();
        for (source, parameter) in candidate.sources.iter().zip(&function.member.parameters) {
            match source {
                Source::Argument(index) => ordered.extend(nodes.get_mut(*index).and_then(Option::take)),
                Source::Default => ordered.push(Node::Constant(parameter.default.clone().unwrap_or(Value::Null))),
                Source::Rest(from) => {
                    let rest: Vec<Node> = nodes.drain((*from).min(nodes.len())..).flatten().collect();
                    if let Ty::Array(item) = substitute(&parameter.ty, &candidate.types) {
                        ordered.push(Node::Array((*item).clone(), rest.into()));
                    }
                }
            }
        }
        for slot in &function.stores {
            if let Some(slot) = self.seen_here(name, *slot) {
                self.frame.assigned.insert(slot);
            }
        }
        let result = substitute(&function.member.result, &candidate.types);
        let call = Node::Invoke(Box::new((callee, ordered.into())));
        Typed::new(self.around(before, call, after, span), result, span)
    }

    // A variable that the function stores, when it is one of this very function's.
    fn seen_here(&self, name: &Ident, slot: u16) -> Option<u16> {
        self.frame.find(&name.text).map(|_| slot)
    }

    // The call with what goes before and behind it; its result waits in a slot.
    pub(super) fn around(&mut self, mut before: Vec<Node>, call: Node, after: Vec<Node>, span: Span) -> Node {
        if before.is_empty() && after.is_empty() {
            return call;
        }
        if after.is_empty() {
            before.push(call);
            return Node::Sequence(before.into());
        }
        let slot = self.slot(span);
        before.push(Node::Declare(slot, Box::new(call)));
        before.extend(after);
        before.push(Node::Local(slot));
        Node::Sequence(before.into())
    }

    pub(super) fn in_slot(&mut self, node: Node, ty: &Ty, span: Span, before: &mut Vec<Node>) -> Node {
        if matches!(node, Node::Constant(_) | Node::Reference(_)) {
            return node;
        }
        let held = self.held(Typed::new(node, ty.clone(), span), before);
        held.node
    }

    fn function_argument(
        &mut self,
        given: Given<'_>,
        wanted: &Ty,
        before: &mut Vec<Node>,
        after: &mut Vec<Node>,
    ) -> Node {
        let span = given.typed.span;
        match given.open {
            Open::Out(target) => Node::Reference(self.out_place(target, wanted, span, before, after)),
            Open::Ref(expr) => self.shared(expr, before, after),
            Open::No | Open::Lambda(_) | Open::Methods(_) => self.argument(given, wanted).unwrap_or(Node::Context),
        }
    }

    // A variable is shared itself; any other place is copied before the call and stored behind it.
    pub(super) fn shared(&mut self, expr: &Expr, before: &mut Vec<Node>, after: &mut Vec<Node>) -> Node {
        let Some((place, ty)) = self.place(expr, before) else { return Node::Context };
        if let Place::Local(slot) = place {
            return Node::Reference(slot);
        }
        let loaded = self.load(&place, &ty, expr.span);
        let slot = self.slot(expr.span);
        before.push(Node::Declare(slot, Box::new(loaded.node)));
        let stored = self.save(place, Typed::new(Node::Local(slot), ty, expr.span), expr.span);
        after.push(stored);
        Node::Reference(slot)
    }

    // The slot of a generic function's body for these types, as the current function sees it.
    fn instance_of(&mut self, function: &Arc<Declared>, types: &[Ty], span: Span) -> Option<u16> {
        let names: Vec<String> = types.iter().map(Ty::full_name).collect();
        let hidden = format!("{}<{}> {}", function.member.name, names.join(","), function.block);
        if let Some(local) = self.local(&hidden) {
            return Some(local.slot);
        }
        if self.instances_made >= FUNCTION_TYPES_MAX {
            let message = format!("generic functions may be called with at most {FUNCTION_TYPES_MAX} choices of types");
            self.report("expression-limit", span, message);
            return None;
        }
        self.instances_made += 1;
        let is_here = |local: &Local| matches!(&local.use_, Use::Function(other) if other.block == function.block);
        let mut frames = self.outer.iter_mut().chain(std::iter::once(&mut self.frame)).rev();
        let frame = frames.find(|frame| frame.scopes.iter().flatten().any(is_here))?;
        let slot = frame.slots;
        frame.slots = frame.slots.saturating_add(1);
        frame.assigned.insert(slot);
        let scope = frame.scopes.iter_mut().find(|scope| scope.iter().any(is_here))?;
        let use_ = Use::ReadOnly("a local function");
        scope.push(Local { name: hidden.as_str().into(), slot, ty: Ty::Object, use_ });
        frame.instances.push(Instance { function: Arc::clone(function), slot, types: types.to_vec() });
        self.local(&hidden).map(|local| local.slot)
    }

    fn no_function(&mut self, name: &Ident, function: &Declared, given: &[Given<'_>]) {
        let types: Vec<String> = given.iter().map(super::overload::shown).collect();
        let message = format!("`{}` does not take ({})", name.text, types.join(", "));
        let parameters: Vec<String> = function
            .member
            .parameters
            .iter()
            .map(|parameter| {
                let mode = match (parameter.is_out, parameter.is_ref, parameter.is_variadic) {
                    (true, ..) => "out ",
                    (_, true, _) => "ref ",
                    (_, _, true) => "params ",
                    _ => "",
                };
                format!("{mode}{} {}", parameter.ty, parameter.name)
            })
            .collect();
        let help = Some(format!("it takes ({})", parameters.join(", ")));
        self.problems.add_with_help("no-overload", name.span, message, help);
    }

    /// A place that shares the variable of another name: `ref T x = ref y`.
    pub(super) fn alias(
        &mut self,
        written: Option<&crate::expr::syntax::TypeName>,
        name: &Ident,
        target: &Expr,
    ) -> Node {
        let declared = written.map(|written| self.resolve(written));
        let mut before = Vec::new();
        let place = self.place(target, &mut before);
        let (place, ty) = match place {
            Some((Place::Local(slot), ty)) => {
                self.value(target);
                (Some(Place::Local(slot)), ty)
            }
            Some((place, ty)) => match self.pinned(place, &mut before) {
                Some(place) => (Some(place), ty),
                None => {
                    let message = "a `ref` variable shares a variable or an element, and a property is neither";
                    self.report("assignment", target.span, message);
                    (None, Ty::Error)
                }
            },
            None => (None, Ty::Error),
        };
        if let Some(declared) = declared
            && declared != ty
            && declared != Ty::Error
            && ty != Ty::Error
        {
            self.report("type-mismatch", target.span, format!("expected a variable of `{declared}`, found `{ty}`"));
        }
        let node = match &place {
            Some(Place::Local(slot)) => Node::Reference(*slot),
            // An index outside of the array is one at once.
            Some(place) => self.load(place, &ty, target.span).node,
            None => Node::Context,
        };
        let place = place.filter(|place| !matches!(place, Place::Local(_))).map(Arc::new);
        let slot = self.declare_as(name, ty, Use::Alias(place));
        self.frame.assigned.insert(slot);
        before.push(Node::Declare(slot, Box::new(node)));
        Node::Sequence(before.into())
    }

    /// Reports a `ref` variable of a function outside of this one.
    pub(super) fn stays_here(&mut self, name: &Ident) {
        if self.frame.find(&name.text).is_none() {
            let message = format!("`{}` is a `ref` variable, which a function inside cannot use", name.text);
            self.report("assignment", name.span, message);
        }
    }

    /// Whether the expression names a local function.
    pub(super) fn is_function(&self, expr: &Expr) -> bool {
        let ExprKind::Name(name) = &expr.kind else { return false };
        let frames = std::iter::once(&self.frame).chain(self.outer.iter().rev());
        let found = frames.filter_map(|frame| frame.find(&name.text)).next();
        found.is_some_and(|local| matches!(local.use_, Use::Function(_)))
    }
}

/// Whether the arguments stand in the order of their parameters.
pub(super) fn is_in_order(sources: &[Source]) -> bool {
    let given: Vec<usize> = sources
        .iter()
        .filter_map(|source| match source {
            Source::Argument(at) | Source::Rest(at) => Some(*at),
            Source::Default => None,
        })
        .collect();
    given.is_sorted()
}

fn delegate_type(mut parameters: Vec<Ty>, result: Ty) -> Ty {
    if result != Ty::Void {
        parameters.push(result);
        return Ty::Generic(Class::Func, parameters.into());
    }
    if parameters.is_empty() { Ty::Class(Class::Action) } else { Ty::Generic(Class::Action, parameters.into()) }
}
