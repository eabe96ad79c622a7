//! Expressions other than operators, members and calls.

use std::sync::Arc;

use super::binary::unwrapped;
use super::convert::{apply, implicit_of};
use super::{Checker, Typed};
use crate::expr::bcl;
use crate::expr::node::{CallNode, Cost, Node, ReceiverRule};
use crate::expr::syntax::{Expr, ExprKind, Ident, Literal, Piece, TypeName};
use crate::expr::ty::{Class, Ty};
use crate::span::Span;
use crate::value::Value;

impl Checker<'_> {
    /// An expression that must be a value.
    pub(super) fn value(&mut self, expr: &Expr) -> Typed {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Error => Typed::error(span),
            ExprKind::Literal(literal) => self.literal(literal, span),
            ExprKind::Interpolated(pieces) => self.interpolated(pieces, span),
            ExprKind::Name(_) | ExprKind::PredefinedType(_) | ExprKind::Member(..) => self.member_value(expr),
            ExprKind::Index(receiver, arguments) => self.index(receiver, arguments, span),
            ExprKind::Call(callee, arguments) => self.call(callee, arguments, span),
            ExprKind::ConditionalAccess(receiver, rest) => self.conditional_access(receiver, rest, span),
            ExprKind::Receiver => match self.frame.receivers.last() {
                Some((slot, ty)) => Typed::new(Node::Local(*slot), ty.clone(), span),
                None => Typed::error(span),
            },
            ExprKind::Unary(operator, operand) => self.unary(*operator, operand, span),
            ExprKind::Step(operator, operand) => self.step(*operator, operand, span),
            ExprKind::Binary(operator, left, right) => self.binary(expr, *operator, left, right),
            ExprKind::Assign(operator, target, value) => self.assign(*operator, target, value, span),
            ExprKind::Conditional(test, yes, no) => self.conditional(test, yes, no, span),
            ExprKind::Cast(ty, operand) => {
                if is_lambda(operand) {
                    let to = self.resolve(ty);
                    return self.value_as(operand, &to);
                }
                let operand = self.value(operand);
                self.cast(ty, operand, span)
            }
            ExprKind::Is(operand, ty) => self.type_test(operand, ty, span, true),
            ExprKind::As(operand, ty) => self.type_test(operand, ty, span, false),
            ExprKind::New(ty, arguments, initializer) => self.creation(ty, arguments, initializer.as_deref(), span),
            ExprKind::NewSized(ty, length) => self.sized_array(ty, length, span),
            ExprKind::NewAnonymous(members) => self.anonymous(members, span),
            ExprKind::Tuple(members) => self.tuple(members, span),
            ExprKind::IsConstant(operand, constant) => {
                let operand = self.value(operand);
                self.constant_pattern(operand, constant, span)
            }
            ExprKind::IsDeclared(operand, ty, name) => self.declared_pattern(operand, ty.as_ref(), name, span).0,
            ExprKind::Throw(thrown) => {
                let thrown = self.thrown(thrown);
                Typed::new(Node::Throw(Box::new(thrown)), Ty::Error, span)
            }
            ExprKind::GenericType(_) => self.member_value(expr),
            ExprKind::Lambda(_) => self.homeless(span, "a lambda expression needs a place that wants a delegate"),
            ExprKind::ArrayItems(_) => self.homeless(span, "these items need a place that wants an array"),
            ExprKind::DefaultLiteral => self.homeless(span, "`default` needs a place that wants a type"),
            ExprKind::Out(_) => self.homeless(span, "`out` stands outside of an argument"),
            ExprKind::TypeOf(ty) => {
                self.resolve(ty);
                let help = Some("pass it on directly, as in `Enum.Parse(typeof(DayOfWeek), text)`".to_owned());
                let message = "`typeof` stands only as the argument of a member that takes a type";
                self.problems.add_with_help("type-mismatch", span, message, help);
                Typed::error(span)
            }
            ExprKind::NewArray(ty, items) => self.new_array(ty.as_ref(), items, span),
            ExprKind::Paren(inner) => {
                let typed = self.value(inner);
                Typed { span, ..typed }
            }
            ExprKind::Default(ty) => self.default_of(ty, span),
        }
    }

    /// `typeof(T)` as an argument.
    pub(super) fn type_of(&mut self, written: &TypeName, span: Span) -> Typed {
        match self.resolve(written) {
            Ty::Error => Typed::error(span),
            ty => Typed::new(Node::Constant(bcl::type_object(ty)), Ty::Class(Class::Type), span),
        }
    }

    fn homeless(&mut self, span: Span, message: &str) -> Typed {
        self.report("type-mismatch", span, message);
        Typed::error(span)
    }

    /// An expression whose place wants a type: what has none of its own takes that.
    pub(super) fn value_as(&mut self, expr: &Expr, to: &Ty) -> Typed {
        let span = expr.span;
        if *to == Ty::Error {
            return self.value(expr);
        }
        match &expr.kind {
            ExprKind::Paren(inner) if is_lambda(inner) => self.value_as(inner, to),
            ExprKind::Lambda(lambda) => self.lambda(lambda, to, span),
            ExprKind::DefaultLiteral => match to.default_value() {
                Some(value) => Typed::new(Node::Constant(value), to.clone(), span),
                None => self.homeless(span, "this type has no default that is supported"),
            },
            ExprKind::ArrayItems(items) => match to {
                Ty::Array(item) => self.array_of(item, items, span),
                _ => self.homeless(span, "these items need a place that wants an array"),
            },
            _ if crate::expr::generic::delegate(to).is_some() && self.is_method_group(expr) => {
                self.method_group(expr, to, span)
            }
            _ => self.value(expr),
        }
    }

    pub(super) fn thrown(&mut self, expr: &Expr) -> Node {
        let typed = self.value(expr);
        let is_exception = typed.ty.class().is_some_and(|class| class.derives_from(Class::Exception));
        if !is_exception && typed.ty != Ty::Error {
            self.report("type-mismatch", typed.span, format!("only exceptions are thrown, and this is `{}`", typed.ty));
        }
        typed.node
    }

    fn literal(&mut self, literal: &Literal, span: Span) -> Typed {
        let (value, ty) = match literal {
            Literal::Null => (Value::Null, Ty::Null),
            Literal::Bool(value) => (Value::Bool(*value), Ty::Bool),
            Literal::Int32(value) => (Value::Int32(*value), Ty::Int32),
            Literal::Int64(value) => (Value::Int64(*value), Ty::Int64),
            Literal::Double(value) => (Value::Double(*value), Ty::Double),
            Literal::Char(unit) => (Value::Char(*unit), Ty::Char),
            Literal::String(text) => (Value::String(Arc::clone(text)), Ty::String),
            Literal::UInt32(value) => (Value::UInt32(*value), Ty::UInt32),
            Literal::UInt64(value) => (Value::UInt64(*value), Ty::UInt64),
            Literal::Single(value) => (Value::Single(*value), Ty::Single),
            Literal::Decimal(value) => (Value::Decimal(*value), Ty::Decimal),
            Literal::Int32Min => (Value::UInt32(1 << 31), Ty::UInt32),
            Literal::Int64Min => (Value::UInt64(1 << 63), Ty::UInt64),
        };
        Typed::new(Node::Constant(value), ty, span)
    }

    fn interpolated(&mut self, pieces: &[Piece], span: Span) -> Typed {
        let mut parts = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => parts.push(Node::Constant(Value::String(Arc::clone(text)))),
                Piece::Hole(hole) => {
                    let typed = self.value(&hole.value);
                    let typed = self.as_text(typed);
                    parts.push(self.hole(typed, hole.alignment.as_ref(), hole.format.as_ref()));
                }
            }
        }
        self.concat_of(parts, span)
    }

    fn hole(&mut self, typed: Typed, alignment: Option<&Expr>, format: Option<&Ident>) -> Node {
        if alignment.is_none() && format.is_none() {
            return typed.node;
        }
        let alignment = match alignment {
            Some(alignment) => {
                let alignment = self.value(alignment);
                self.convert_to(alignment, &Ty::Int32).node
            }
            None => Node::Constant(Value::Int32(0)),
        };
        let format = Value::String(format.map_or_else(|| Arc::from(""), |format| Arc::clone(&format.text)));
        Node::Call(Box::new(CallNode {
            run: bcl::HOLE,
            arguments: Box::new([typed.node, alignment, Node::Constant(format)]),
            types: Box::new([]),
            receiver: ReceiverRule::None,
            cost: Cost::Arguments,
        }))
    }

    fn conditional_access(&mut self, receiver: &Expr, rest: &Expr, span: Span) -> Typed {
        let receiver = self.value(receiver);
        if receiver.ty == Ty::Error {
            return Typed::error(span);
        }
        if !receiver.ty.holds_null() || receiver.ty == Ty::Null {
            let message = format!("`?.` needs a receiver that may be null, and `{}` is not", receiver.ty);
            self.report("type-mismatch", span, message);
            return Typed::error(span);
        }
        let slot = self.slot(span);
        self.frame.assigned.insert(slot);
        self.frame.receivers.push((slot, unwrapped(&receiver.ty).0.clone()));
        let before = self.frame.assigned.clone();
        let rest = self.value(rest);
        self.frame.assigned = before;
        self.frame.receivers.pop();
        let ty = if rest.ty.holds_null() || rest.ty == Ty::Void { rest.ty } else { Ty::nullable(rest.ty) };
        let parts = (receiver.node, slot, rest.node);
        Typed::new(Node::ConditionalAccess(Box::new(parts)), ty, span)
    }

    fn conditional(&mut self, test: &Expr, yes: &Expr, no: &Expr, span: Span) -> Typed {
        let test = self.test(test);
        self.frame.assigned = test.when_true;
        let yes = self.value(yes);
        let after_yes = std::mem::replace(&mut self.frame.assigned, test.when_false);
        // A lambda takes the type of the other branch.
        let no = if is_lambda(no) { self.value_as(no, &yes.ty) } else { self.value(no) };
        self.frame.assigned = std::mem::take(&mut self.frame.assigned).meet(&after_yes);
        // A branch that throws has no type; the other one gives it.
        if let (Node::Throw(_), _) | (_, Node::Throw(_)) = (&yes.node, &no.node) {
            let ty = if matches!(yes.node, Node::Throw(_)) { no.ty.clone() } else { yes.ty.clone() };
            return Typed::new(Node::Conditional(Box::new((test.node, yes.node, no.node))), ty, span);
        }
        let ty = self.unified(&yes, &no, span);
        if ty == Ty::Null {
            self.report("type-mismatch", span, "both branches are `null`, so they have no type");
            return Typed::error(span);
        }
        let branch = |typed: Typed| apply(implicit_of(&typed, &ty).flatten(), typed.node);
        let node = Node::Conditional(Box::new((test.node, branch(yes), branch(no))));
        Typed::new(node, ty, span)
    }

    fn default_of(&mut self, written: &TypeName, span: Span) -> Typed {
        let ty = self.resolve(written);
        match ty.default_value() {
            Some(value) => Typed::new(Node::Constant(value), ty, span),
            None if ty == Ty::Error => Typed::error(span),
            None => {
                self.unsupported(span, &format!("`default({ty})`"));
                Typed::error(span)
            }
        }
    }
}

fn is_lambda(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Lambda(_) => true,
        ExprKind::Paren(inner) => is_lambda(inner),
        _ => false,
    }
}
