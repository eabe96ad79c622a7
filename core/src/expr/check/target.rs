//! What can be assigned to: locals, properties with a setter, indexers, elements; and `++`. Types, not values, of the rest.

use super::binary::unwrapped;
use super::convert::{apply, explicit, implicit_of, is_numeric};
use super::overload::given;
use super::{Checker, Typed, Use};
use crate::expr::generic::{delegate, field};
use crate::expr::node::{Arrays, Conversion, Node};
use crate::expr::parse::signature::Form;
use crate::expr::syntax::{Argument, BinaryOp, Expr, ExprKind, Ident, Overflow, StepOp};
use crate::expr::ty::{ClassKind, RecordKind, Ty};
use crate::span::Span;
use crate::value::Value;

/// A place that takes a value. What it is reached by is evaluated once, into slots.
#[derive(Debug)]
pub(super) enum Place {
    Local(u16),
    Property(Typed, Ident),
    /// Receiver and indices
    Index(Typed, Vec<Typed>),
    /// Array and index
    Element(Typed, Typed),
    /// Array and indices
    Grid(Typed, Vec<Typed>),
    /// A member of a tuple: the place of the tuple, its type, which member
    Field(Box<Place>, Ty, usize),
}

impl Checker<'_> {
    /// The place that an expression names, and the type of its values; what must be evaluated first goes to `before`.
    pub(super) fn place(&mut self, target: &Expr, before: &mut Vec<Node>) -> Option<(Place, Ty)> {
        match &target.kind {
            ExprKind::Paren(inner) => self.place(inner, before),
            ExprKind::Name(name) => self.local_place(name, target),
            ExprKind::Member(inner, name, _) => {
                if let Some(found) = self.field_place(inner, name, before) {
                    return found;
                }
                let receiver = self.value(inner);
                if receiver.ty == Ty::Error {
                    return None;
                }
                if is_structure(&receiver.ty) && !self.is_variable(inner) {
                    let message = format!("`{}` is a member of a copy, which nothing would see change", name.text);
                    self.report("assignment", name.span, message);
                    return None;
                }
                let receiver = self.held(receiver, before);
                let ty = self.setter_type(&receiver, name, target.span)?;
                Some((Place::Property(receiver, name.clone()), ty))
            }
            ExprKind::Index(inner, arguments) => self.indexed_place(inner, arguments, target.span, before),
            ExprKind::Error => None,
            _ => {
                self.report("assignment", target.span, "only a variable, a property or an element can be assigned to");
                None
            }
        }
    }

    // A member of a tuple that is itself a place; nothing when the receiver is no tuple.
    #[expect(clippy::option_option, reason = "no tuple, or a tuple that is no place, which is reported")]
    fn field_place(&mut self, inner: &Expr, name: &Ident, before: &mut Vec<Node>) -> Option<Option<(Place, Ty)>> {
        let is_place = matches!(inner.kind, ExprKind::Name(_) | ExprKind::Index(..) | ExprKind::Member(..));
        let tuple = if is_place { self.quietly(|checker| checker.receiver(inner)) } else { None };
        let tuple = tuple.filter(|typed| matches!(typed.ty, Ty::Record(RecordKind::Tuple, _)))?;
        let (at, ty) = field(&tuple.ty, &name.text)?;
        if matches!(inner.kind, ExprKind::Index(..)) && !matches!(tuple.node, Node::Element(_) | Node::GridElement(..))
        {
            let message = format!("`{}` is a member of a copy, which nothing would see change", name.text);
            self.report("assignment", name.span, message);
            return Some(None);
        }
        let place = self.place(inner, before);
        Some(place.map(|(place, tuple)| (Place::Field(Box::new(place), tuple, at), ty)))
    }

    /// Whether the expression is a place of its own, not a value that was copied from one.
    pub(super) fn is_variable(&mut self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Paren(inner) => self.is_variable(inner),
            ExprKind::Name(name) => {
                self.local(&name.text).is_some_and(|local| matches!(local.use_, Use::Variable | Use::Alias(_)))
            }
            ExprKind::Index(inner, _) => {
                let ty = self.quietly(|checker| checker.receiver(inner)).map(|typed| typed.ty);
                matches!(ty, Some(Ty::Array(_) | Ty::Grid(..)))
            }
            ExprKind::Member(inner, name, _) => {
                let ty = self.quietly(|checker| checker.receiver(inner)).map(|typed| typed.ty);
                let is_tuple = ty.filter(|ty| matches!(ty, Ty::Record(RecordKind::Tuple, _)));
                is_tuple.is_some_and(|ty| field(&ty, &name.text).is_some()) && self.is_variable(inner)
            }
            _ => false,
        }
    }

    fn quietly<T>(&mut self, inner: impl FnOnce(&mut Self) -> T) -> T {
        let problems = std::mem::take(self.problems);
        let (slots, assigned) = (self.frame.slots, self.frame.assigned.clone());
        let result = inner(self);
        *self.problems = problems;
        self.frame.slots = slots;
        self.frame.assigned = assigned;
        result
    }

    fn local_place(&mut self, name: &Ident, target: &Expr) -> Option<(Place, Ty)> {
        let Some(local) = self.local(&name.text) else {
            self.value(target);
            if &*name.text == "context" {
                self.report("assignment", target.span, "`context` cannot be assigned to");
            }
            return None;
        };
        let reason = match local.use_ {
            Use::Variable => return Some((Place::Local(local.slot), local.ty)),
            Use::Alias(place) => {
                self.stays_here(name);
                return Some((place.map_or(Place::Local(local.slot), |place| place.again()), local.ty));
            }
            Use::ReadOnly(what) => what,
            Use::Constant(_) => "a constant",
            Use::Function(_) => "a function",
        };
        self.report("assignment", target.span, format!("`{}` is {reason} and cannot be assigned to", name.text));
        None
    }

    fn indexed_place(
        &mut self,
        inner: &Expr,
        arguments: &[Argument],
        span: Span,
        before: &mut Vec<Node>,
    ) -> Option<(Place, Ty)> {
        let receiver = self.value(inner);
        let indices: Vec<Typed> = arguments.iter().map(|argument| self.value(&argument.value)).collect();
        if receiver.ty == Ty::Error || indices.iter().any(|index| index.ty == Ty::Error) {
            return None;
        }
        let receiver = self.held(receiver, before);
        let mut held = Vec::new();
        for index in indices {
            held.push(self.held(index, before));
        }
        if let Ty::Grid(item, dimensions) = &receiver.ty {
            let (item, dimensions) = ((**item).clone(), *dimensions);
            if held.len() != usize::from(dimensions) {
                self.report("no-overload", span, format!("this array takes {dimensions} indices"));
                return None;
            }
            return Some((Place::Grid(receiver, held), item));
        }
        if let Ty::Array(item) = &receiver.ty {
            let item = (**item).clone();
            self.arrays = Arrays::Written;
            let index = held.pop().filter(|_| held.is_empty());
            let Some(index) = index else {
                self.report("no-overload", span, "an array takes one index");
                return None;
            };
            let index = self.array_index(index);
            return Some((Place::Element(receiver, index), item));
        }
        let ty = self.index_type(&receiver, &held, span)?;
        Some((Place::Index(receiver, held), ty))
    }

    // A value in a slot of its own, unless evaluating it twice is the same as once.
    pub(super) fn held(&mut self, typed: Typed, before: &mut Vec<Node>) -> Typed {
        if matches!(typed.node, Node::Constant(_) | Node::Local(_) | Node::Context) {
            return typed;
        }
        let slot = self.slot(typed.span);
        before.push(Node::Declare(slot, Box::new(typed.node)));
        Typed::new(Node::Local(slot), typed.ty, typed.span)
    }

    /// A place that stays the one that it is now, whatever becomes of the variables that it is reached by; a property is none.
    pub(super) fn pinned(&mut self, place: Place, before: &mut Vec<Node>) -> Option<Place> {
        Some(match place {
            Place::Local(slot) => Place::Local(slot),
            Place::Element(array, index) => Place::Element(self.copied(array, before), self.copied(index, before)),
            Place::Grid(array, indices) => {
                let array = self.copied(array, before);
                Place::Grid(array, indices.into_iter().map(|index| self.copied(index, before)).collect())
            }
            Place::Field(tuple, ty, at) => Place::Field(Box::new(self.pinned(*tuple, before)?), ty, at),
            Place::Property(..) | Place::Index(..) => return None,
        })
    }

    // A value in a slot that nothing else stores into.
    fn copied(&mut self, typed: Typed, before: &mut Vec<Node>) -> Typed {
        let slot = self.slot(typed.span);
        before.push(Node::Declare(slot, Box::new(typed.node)));
        Typed::new(Node::Local(slot), typed.ty, typed.span)
    }

    pub(super) fn load(&mut self, place: &Place, ty: &Ty, span: Span) -> Typed {
        match place {
            Place::Local(slot) => Typed::new(Node::Local(*slot), ty.clone(), span),
            Place::Property(receiver, name) => {
                let receiver = again(receiver);
                self.property(receiver, name)
            }
            Place::Index(receiver, indices) => {
                let indices = indices.iter().map(|index| given(again(index))).collect();
                self.index_of(again(receiver), indices, span)
            }
            Place::Element(array, index) => {
                Typed::new(Node::Element(Box::new((again(array).node, again(index).node))), ty.clone(), span)
            }
            Place::Grid(array, indices) => {
                let indices = indices.iter().map(|index| given(again(index))).collect();
                self.index_of(again(array), indices, span)
            }
            Place::Field(tuple, whole, at) => {
                let tuple = self.load(tuple, whole, span);
                Typed::new(Node::Field(Box::new(tuple.node), *at), ty.clone(), span)
            }
        }
    }

    // The node that stores; `value` stands in a slot or is a constant when it is needed again.
    pub(super) fn save(&mut self, place: Place, value: Typed, span: Span) -> Node {
        match place {
            Place::Local(slot) => {
                self.frame.assigned.insert(slot);
                self.frame.stored.insert(slot);
                Node::Assign(slot, Box::new(value.node))
            }
            Place::Element(array, index) => Node::SetElement(Box::new((array.node, index.node, value.node))),
            Place::Grid(array, indices) => {
                let count = u16::try_from(indices.len()).unwrap_or(u16::MAX);
                let indices = self.grid_indices(indices, count, span).unwrap_or_default();
                Node::SetGrid(Box::new((array.node, indices, value.node)))
            }
            Place::Field(tuple, whole, at) => self.save_field(*tuple, &whole, at, value, span),
            Place::Property(receiver, name) => {
                let mut nodes = Vec::new();
                let value = self.held(value, &mut nodes);
                let result = again(&value).node;
                nodes.push(self.set(receiver, &name.text, Form::Setter, vec![value], span));
                nodes.push(result);
                Node::Sequence(nodes.into())
            }
            Place::Index(receiver, mut arguments) => {
                let mut nodes = Vec::new();
                let value = self.held(value, &mut nodes);
                let result = again(&value).node;
                arguments.push(value);
                nodes.push(self.set(receiver, "this", Form::IndexSetter, arguments, span));
                nodes.push(result);
                Node::Sequence(nodes.into())
            }
        }
    }

    // A tuple is a value: a new one with this member takes the place of the old one.
    fn save_field(&mut self, place: Place, whole: &Ty, at: usize, value: Typed, span: Span) -> Node {
        let mut nodes = Vec::new();
        let value = self.held(value, &mut nodes);
        let old = self.load(&place, whole, span);
        let slot = self.slot(span);
        nodes.push(Node::Declare(slot, Box::new(old.node)));
        let count = if let Ty::Record(_, members) = whole { members.len() } else { 0 };
        let members = (0..count).map(|index| {
            if index == at { again(&value).node } else { Node::Field(Box::new(Node::Local(slot)), index) }
        });
        let made = Typed::new(Node::Record(whole.clone(), members.collect()), whole.clone(), span);
        nodes.push(self.save(place, made, span));
        nodes.push(again(&value).node);
        Node::Sequence(nodes.into())
    }

    pub(super) fn assign(&mut self, operator: Option<BinaryOp>, target: &Expr, value: &Expr, span: Span) -> Typed {
        if let (None, ExprKind::Name(name)) = (operator, &target.kind)
            && &*name.text == "_"
            && !self.is_declared("_")
        {
            return self.value(value);
        }
        let mut before = Vec::new();
        let Some((place, ty)) = self.place(target, &mut before) else {
            self.value(value);
            return Typed::error(span);
        };
        let value = match operator {
            Some(operator) => {
                if let Place::Local(_) = place {
                    // Reports a variable that has no value yet.
                    self.value(target);
                }
                let current = self.load(&place, &ty, target.span);
                let value = if delegate(&ty).is_some() { self.value_as(value, &ty) } else { self.value(value) };
                // The result is cast back only if the right side alone would fit.
                let is_shift = matches!(operator, BinaryOp::ShiftLeft | BinaryOp::ShiftRight);
                let fits = is_shift || implicit_of(&value, &ty).is_some();
                let result = self.binary_of(operator, current, value, span);
                if fits { self.narrowed(result, &ty) } else { result }
            }
            None => self.value_as(value, &ty),
        };
        let value = self.convert_to(value, &ty);
        let node = self.save(place, value, span);
        Typed::new(sequence(before, node), ty, span)
    }

    // `c += 1` on a `char` casts the result back, as C# does for compound operators on its small types.
    fn narrowed(&mut self, result: Typed, ty: &Ty) -> Typed {
        let (small, (whole, is_null)) = (unwrapped(ty).0, unwrapped(&result.ty));
        if !matches!(small, Ty::Char | Ty::SByte | Ty::Byte | Ty::Int16 | Ty::UInt16) || *whole != Ty::Int32 {
            return result;
        }
        let conversion = match self.overflow {
            Some(Overflow::Throws) => Some(Conversion::Checked(small.clone())),
            Some(Overflow::Wraps) | None => explicit(whole, small).flatten(),
        };
        let narrowed = if is_null { Ty::nullable(small.clone()) } else { small.clone() };
        Typed::new(apply(conversion, result.node), narrowed, result.span)
    }

    pub(super) fn step(&mut self, operator: StepOp, operand: &Expr, span: Span) -> Typed {
        let mut before = Vec::new();
        let Some((place, ty)) = self.place(operand, &mut before) else { return Typed::error(span) };
        if let Place::Local(_) = place {
            self.value(operand);
        }
        let current = self.load(&place, &ty, span);
        let one = Typed::new(Node::Constant(Value::Int32(1)), Ty::Int32, span);
        let (plain, _) = unwrapped(&ty);
        let is_number = is_numeric(plain) && implicit_of(&one, plain).is_some();
        let one = if is_number { self.convert_to(one, plain) } else { one };
        let by = match operator {
            StepOp::PreIncrement | StepOp::PostIncrement => BinaryOp::Add,
            StepOp::PreDecrement | StepOp::PostDecrement => BinaryOp::Subtract,
        };
        if ty == Ty::String {
            self.report("type-mismatch", span, "`++` and `--` apply to numbers");
            return Typed::error(span);
        }
        let is_post = matches!(operator, StepOp::PostIncrement | StepOp::PostDecrement);
        if let (Place::Local(slot), true) = (&place, is_post) {
            let slot = *slot;
            let result = self.stepped(by, current, one, &ty, span);
            return Typed::new(Node::Exchange(slot, Box::new(result.node)), ty, span);
        }
        let old = if is_post { self.held(current, &mut before) } else { current };
        let kept = again(&old);
        let result = self.stepped(by, old, one, &ty, span);
        let node = self.save(place, result, span);
        if is_post {
            before.push(node);
            return Typed::new(sequence(before, kept.node), ty, span);
        }
        Typed::new(sequence(before, node), ty, span)
    }

    fn stepped(&mut self, by: BinaryOp, current: Typed, one: Typed, ty: &Ty, span: Span) -> Typed {
        let result = self.binary_of(by, current, one, span);
        let result = self.narrowed(result, ty);
        self.convert_to(result, ty)
    }

    /// Stores a value in a member of an object that was just made.
    pub(super) fn initialize(&mut self, receiver: Typed, name: &Ident, value: &Expr) -> Node {
        let Some(ty) = self.setter_type(&receiver, name, name.span) else {
            self.value(value);
            return receiver.node;
        };
        let value = self.value_as(value, &ty);
        let value = self.convert_to(value, &ty);
        self.set(receiver, &name.text, Form::Setter, vec![value], name.span)
    }
}

impl Place {
    /// The same place once more; only of what [`Checker::pinned`] gave.
    fn again(&self) -> Self {
        match self {
            Self::Local(slot) => Self::Local(*slot),
            Self::Property(receiver, name) => Self::Property(again(receiver), name.clone()),
            Self::Index(receiver, indices) => Self::Index(again(receiver), indices.iter().map(again).collect()),
            Self::Element(array, index) => Self::Element(again(array), again(index)),
            Self::Grid(array, indices) => Self::Grid(again(array), indices.iter().map(again).collect()),
            Self::Field(tuple, ty, at) => Self::Field(Box::new(tuple.again()), ty.clone(), *at),
        }
    }
}

fn is_structure(ty: &Ty) -> bool {
    ty.class().is_some_and(|class| class.kind() == ClassKind::Struct)
}

/// The same value once more; only of what [`Checker::held`] gave.
pub(super) fn again(typed: &Typed) -> Typed {
    let node = match &typed.node {
        Node::Local(slot) => Node::Local(*slot),
        Node::Constant(value) => Node::Constant(value.clone()),
        _ => Node::Context,
    };
    Typed::new(node, typed.ty.clone(), typed.span)
}

fn sequence(mut before: Vec<Node>, last: Node) -> Node {
    if before.is_empty() {
        return last;
    }
    before.push(last);
    Node::Sequence(before.into())
}
