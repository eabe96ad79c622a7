//! Calls of members that have been chosen: their arguments in order, `out` slots, setters.

use std::sync::Arc;

use super::convert::{apply, implicit_of, is_enum};
use super::function::is_in_order;
use super::member::{levels, visible};
use super::overload::{Candidate, Given, Open, Source, wanted};
use super::target::{Place, again};
use super::{Checker, Typed};
use crate::expr::bcl::{self, Member, Parameter, changes_arrays};
use crate::expr::fold;
use crate::expr::generic::{delegate, field, substitute};
use crate::expr::node::{Arrays, CallNode, Conversion, Cost, Node, ReceiverRule, VariableNode};
use crate::expr::parse::signature::Form;
use crate::expr::syntax::{Expr, ExprKind, Ident, OutTarget};
use crate::expr::ty::{Class, Ty};
use crate::http::HeaderName;
use crate::span::Span;
use crate::value::{ContextPart, Value};

impl Checker<'_> {
    pub(super) fn emit(
        &mut self,
        candidate: &Candidate<'_>,
        receiver: Option<Node>,
        rule: ReceiverRule,
        given: Vec<Given<'_>>,
        span: Span,
    ) -> Typed {
        let member = candidate.member;
        if let ("ReferenceEquals", [left, right]) = (&*member.name, &given[..])
            && let Some(same) = one_reference(&left.typed, &right.typed, true)
        {
            self.uses(member);
            return Typed::new(same, Ty::Bool, span);
        }
        let (mut nodes, mut slots, mut before, mut after) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let in_order = is_in_order(&candidate.sources);
        let receiver =
            receiver.map(|node| if in_order { node } else { self.in_slot(node, &Ty::Object, span, &mut before) });
        for (index, given) in given.into_iter().enumerate() {
            let wanted = wanted(candidate, index).unwrap_or(Ty::Error);
            let node = match given.open {
                Open::Ref(expr) => Some(self.lent(expr, &mut slots, &mut before, &mut after)),
                Open::Out(target) => {
                    slots.push(self.out_place(target, &wanted, given.typed.span, &mut before, &mut after));
                    None
                }
                _ => self.argument(given, &wanted),
            };
            let node = node.map(|node| if in_order { node } else { self.in_slot(node, &wanted, span, &mut before) });
            nodes.push(node);
        }
        let mut arguments: Vec<Node> = receiver.into_iter().collect();
        for (source, parameter) in candidate.sources.iter().zip(&member.parameters) {
            match source {
                Source::Argument(index) => {
                    let node = nodes.get_mut(*index).and_then(Option::take);
                    arguments
                        .extend(node.map(|node| if parameter.is_variadic { whole(node, parameter) } else { node }));
                }
                Source::Default => arguments.push(default_of(parameter)),
                Source::Rest(from) => {
                    let rest: Vec<Node> = nodes.drain((*from).min(nodes.len())..).flatten().collect();
                    match substitute(&parameter.ty, &candidate.types) {
                        // A row of objects is handed over as it is: there is no array of objects.
                        Ty::Array(item) if *item == Ty::Object => arguments.extend(rest),
                        Ty::Array(item) => {
                            let constant = fold::characters(&item, &rest).map(Node::Constant);
                            arguments.push(constant.unwrap_or_else(|| Node::Array((*item).clone(), rest.into())));
                        }
                        _ => {}
                    }
                }
            }
        }
        // A lambda was wrong, which has been said, or only throws; nothing more is known of the call.
        if candidate.types.contains(&Ty::Error) {
            if self.problems.is_empty() {
                let message = format!("the type arguments of `{}` cannot be inferred", member.name);
                self.report("no-overload", span, message);
            }
            return Typed::error(span);
        }
        self.check_constraint(member, &candidate.types, span);
        self.uses(member);
        let (run, types) = (member.run, candidate.types.clone().into());
        let call = CallNode { run, arguments: arguments.into(), types, receiver: rule, cost: Cost::of(member.form) };
        let result = substitute(&member.result, &candidate.types);
        let alone = before.is_empty() && after.is_empty();
        if let Some(variable) = variable(member, &call).filter(|_| alone) {
            return Typed::new(Node::Variable(Box::new(variable)), result, span);
        }
        if let Some(name) = header_name(member, &call).filter(|_| alone) {
            return Typed::new(Node::Header(Box::new((call, name))), result, span);
        }
        let node = match slots.is_empty() {
            true => Node::Call(Box::new(call)),
            false => Node::Out(Box::new((call, slots.into()))),
        };
        Typed::new(self.around(before, node, after, span), result, span)
    }

    /// What follows for the whole expression from its use of a member.
    pub(super) fn uses(&mut self, member: &Member) {
        if changes_arrays(member) {
            self.arrays = Arrays::Written;
        }
        #[cfg(test)]
        crate::expr::tests::rows::note(member);
    }

    /// The value of a `ref` argument; what the member makes of it goes back to its place.
    pub(super) fn lent(
        &mut self,
        expr: &Expr,
        slots: &mut Vec<u16>,
        before: &mut Vec<Node>,
        after: &mut Vec<Node>,
    ) -> Node {
        match self.shared(expr, before, after) {
            Node::Reference(slot) => {
                slots.push(slot);
                Node::Local(slot)
            }
            other => other,
        }
    }

    // The node of an argument that is a value.
    pub(super) fn argument(&mut self, given: Given<'_>, wanted: &Ty) -> Option<Node> {
        let span = given.typed.span;
        match given.open {
            Open::No => {
                let conversion = implicit_of(&given.typed, wanted).flatten();
                Some(apply(conversion, given.typed.node))
            }
            Open::Lambda(lambda) => Some(self.lambda(lambda, wanted, span).node),
            Open::Methods(expr) => Some(self.method_group(expr, wanted, span).node),
            Open::Ref(_) | Open::Out(_) => None,
        }
    }

    pub(super) fn method_group(&mut self, expr: &Expr, to: &Ty, span: Span) -> Typed {
        let Some((parameters, result)) = delegate(to) else {
            self.report("type-mismatch", span, format!("expected `{to}`, found a method"));
            return Typed::error(span);
        };
        let mut nodes = Vec::new();
        let held = self.held_receiver(expr, &mut nodes);
        let lambda = Self::group_as_lambda(held.as_ref().unwrap_or(expr), parameters.len());
        let given = self.trial(&lambda, &parameters, expr.span);
        if given != Ty::Error && !is_returned_as(&given, &result) {
            self.report("type-mismatch", span, format!("the method returns `{given}`, and `{result}` is wanted"));
            return Typed::error(span);
        }
        let typed = self.lambda(&lambda, to, span);
        if nodes.is_empty() {
            return typed;
        }
        nodes.push(typed.node);
        Typed::new(Node::Sequence(nodes.into()), typed.ty, span)
    }

    // The receiver of a method group is evaluated once, where the delegate is made: into a variable without a name.
    fn held_receiver(&mut self, expr: &Expr, nodes: &mut Vec<Node>) -> Option<Expr> {
        let ExprKind::Member(inner, name, types) = &expr.kind else { return None };
        let problems = std::mem::take(self.problems);
        let receiver = self.receiver(inner);
        *self.problems = problems;
        let receiver = receiver.filter(|receiver| !matches!(receiver.node, Node::Constant(_) | Node::Context))?;
        let hidden = Ident { text: format!("<receiver {}>", inner.span.start).into(), span: inner.span };
        if self.is_declared(&hidden.text) {
            return None;
        }
        let slot = self.declare(&hidden, receiver.ty);
        self.frame.assigned.insert(slot);
        nodes.push(Node::Declare(slot, Box::new(receiver.node)));
        let receiver = Expr { span: inner.span, height: inner.height, kind: ExprKind::Name(hidden) };
        let kind = ExprKind::Member(Box::new(receiver), name.clone(), types.clone());
        Some(Expr { span: expr.span, height: expr.height, kind })
    }

    /// The slot that an `out` argument is put into; it goes on to the place that is no variable of its own.
    pub(super) fn out_place(
        &mut self,
        target: &OutTarget,
        ty: &Ty,
        span: Span,
        before: &mut Vec<Node>,
        after: &mut Vec<Node>,
    ) -> u16 {
        let slot = match target {
            OutTarget::Declare(_, name) => self.declare(name, ty.clone()),
            OutTarget::Discard => self.slot(span),
            OutTarget::Existing(expr) => match self.place(expr, before) {
                Some((Place::Local(slot), _)) => slot,
                Some((place, _)) => {
                    let slot = self.slot(span);
                    let given = Typed::new(Node::Local(slot), ty.clone(), span);
                    after.push(self.save(place, given, span));
                    slot
                }
                None => self.slot(span),
            },
        };
        self.frame.assigned.insert(slot);
        slot
    }

    /// The type that a property takes; reports when it has no setter.
    pub(super) fn setter_type(&mut self, receiver: &Typed, name: &Ident, span: Span) -> Option<Ty> {
        for level in levels(&receiver.ty) {
            let found = visible(&receiver.ty, &level, &name.text);
            if let Some((member, bindings)) = found.iter().find(|(member, _)| member.form == Form::Setter) {
                let types: Vec<Ty> = bindings.iter().map(|ty| ty.clone().unwrap_or(Ty::Error)).collect();
                return Some(substitute(&member.result, &types));
            }
        }
        let is_context = matches!(receiver.ty, Ty::Class(class) if class.namespace().is_empty());
        if field(&receiver.ty, &name.text).is_none() && self.property(again(receiver), name).ty == Ty::Error {
            return None;
        }
        let message = match is_context {
            true => "members of the context are read-only".to_owned(),
            false => format!("`{}` of `{}` is read-only", name.text, receiver.ty),
        };
        self.problems.add_with_help("assignment", span, message, Some("to compare, write `==`".to_owned()));
        None
    }

    /// A call of a setter; the value is the last argument.
    pub(super) fn set(&mut self, receiver: Typed, name: &str, form: Form, values: Vec<Typed>, span: Span) -> Node {
        for level in levels(&receiver.ty) {
            let mut found = visible(&receiver.ty, &level, name);
            found.retain(|(member, _)| member.form == form && indices_fit(member, &values));
            let Some((member, bindings)) = found.into_iter().next() else { continue };
            self.uses(member);
            let types: Vec<Ty> = bindings.into_iter().map(|ty| ty.unwrap_or(Ty::Error)).collect();
            let mut arguments = vec![receiver.node];
            let last = substitute(&member.result, &types);
            let wanted: Vec<Ty> = member.parameters.iter().map(|parameter| substitute(&parameter.ty, &types)).collect();
            for (value, ty) in values.into_iter().zip(wanted.iter().chain(std::iter::once(&last))) {
                arguments.push(self.convert_to(value, ty).node);
            }
            let call = CallNode {
                run: member.run,
                arguments: arguments.into(),
                types: types.into(),
                receiver: ReceiverRule::NotNull,
                cost: Cost::of(member.form),
            };
            return Node::Call(Box::new(call));
        }
        self.report("assignment", span, format!("`{}` cannot be changed here", receiver.ty));
        Node::Context
    }

    /// The type that an indexer takes; reports when it cannot be assigned to.
    pub(super) fn index_type(&mut self, receiver: &Typed, indices: &[Typed], span: Span) -> Option<Ty> {
        for level in levels(&receiver.ty) {
            for (member, bindings) in visible(&receiver.ty, &level, "this") {
                if member.form == Form::IndexSetter && indices_fit(member, indices) {
                    let types: Vec<Ty> = bindings.into_iter().map(|ty| ty.unwrap_or(Ty::Error)).collect();
                    return Some(substitute(&member.result, &types));
                }
            }
        }
        let types: Vec<String> = indices.iter().map(|index| index.ty.to_string()).collect();
        let message = format!("an element of `{}` by ({}) cannot be assigned to", receiver.ty, types.join(", "));
        self.report("assignment", span, message);
        None
    }

    pub(super) fn array_index(&mut self, index: Typed) -> Typed {
        let ty = match index.ty {
            Ty::UInt32 | Ty::Int64 | Ty::UInt64 => index.ty.clone(),
            _ => Ty::Int32,
        };
        self.convert_to(index, &ty)
    }
}

/// What is said of two references when both are what one variable holds: then they are one object, even a number in a box. It is
/// no constant, so the variable is read first.
pub(super) fn one_reference(left: &Typed, right: &Typed, said: bool) -> Option<Node> {
    match (&left.node, &right.node) {
        (Node::Local(slot), Node::Local(other))
            if slot == other && left.ty.is_reference() && right.ty.is_reference() =>
        {
            Some(Node::Sequence(Box::new([Node::Local(*slot), Node::Constant(Value::Bool(said))])))
        }
        _ => None,
    }
}

// The default of an enumeration is written as its number.
fn default_of(parameter: &Parameter) -> Node {
    let value = parameter.default.clone().unwrap_or(Value::Null);
    if is_enum(&parameter.ty) {
        return apply(Some(Conversion::Numeric(parameter.ty.clone())), Node::Constant(value));
    }
    Node::Constant(value)
}

// Whether a delegate of this result may stand for a method of that one: references convert, and nothing else does.
fn is_returned_as(given: &Ty, wanted: &Ty) -> bool {
    given == wanted || *wanted == Ty::Error || given.is_reference() && given.converts_to(wanted)
}

// A variable by a name that is a constant.
fn variable(member: &Member, call: &CallNode) -> Option<VariableNode> {
    let [Node::Part(ContextPart::Variables, steps), Node::Constant(Value::String(name)), default @ ..] =
        &*call.arguments
    else {
        return None;
    };
    let ty = match &*member.name {
        "this" => None,
        "GetValueOrDefault" => Some(call.types.first()?.clone()),
        _ => return None,
    };
    let default = match (default, &ty) {
        ([], None) => Value::Null,
        ([], Some(ty)) => ty.default_value()?,
        ([Node::Constant(value)], _) => value.clone(),
        _ => return None,
    };
    Some(VariableNode { name: Arc::clone(name), steps: steps + 1, ty, default })
}

// The name of a header or its like that a constant gives, so that it is read only once.
fn header_name(member: &Member, call: &CallNode) -> Option<HeaderName> {
    let Some(Node::Constant(Value::String(name))) = call.arguments.get(1) else { return None };
    let Ty::Generic(Class::ReadOnlyDictionary, types) = &member.owner else { return None };
    let is_of_texts = matches!(types.last(), Some(Ty::Array(_))) && &*member.name == "GetValueOrDefault";
    if is_of_texts { HeaderName::from_bytes(name.as_bytes()).ok() } else { None }
}

// Whether the indices of a setter convert to its parameters; a value behind them does not count.
fn indices_fit(member: &Member, values: &[Typed]) -> bool {
    let enough = values.len() >= member.parameters.len();
    enough
        && member.parameters.iter().zip(values).all(|(parameter, value)| {
            let is_open = matches!(parameter.ty, Ty::Param(_));
            is_open || implicit_of(value, &parameter.ty).is_some()
        })
}

// A row of objects that is given as an array must be there; among the arguments a null would be taken for an object. Content of
// documents may be null as a whole.
fn whole(node: Node, parameter: &Parameter) -> Node {
    if parameter.ty != Ty::Array(Ty::Object.into()) || &*parameter.name == "content" {
        return node;
    }
    Node::Call(Box::new(CallNode {
        run: bcl::GIVEN,
        arguments: Box::new([node, Node::Constant(Value::String(Arc::clone(&parameter.name)))]),
        types: Box::new([]),
        receiver: ReceiverRule::None,
        cost: Cost::Arguments,
    }))
}
