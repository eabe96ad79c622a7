//! Expressions other than operators, members and calls.

use std::sync::Arc;

use super::binary::unwrapped;
use super::convert::{apply, implicit_of, is_enum};
use super::{Checker, Typed};
use crate::expr::bcl;
use crate::expr::node::{CallNode, Cost, Node, ReceiverRule};
use crate::expr::syntax::{Expr, ExprKind, Ident, Literal, Overflow, Piece, TypeName};
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
            ExprKind::Cast(ty, operand) => self.cast_of(ty, operand, span),
            ExprKind::Is(operand, ty) => self.type_test(operand, ty, span, true),
            ExprKind::As(operand, ty) => self.type_test(operand, ty, span, false),
            ExprKind::New(parts) => self.creation(&parts.0, &parts.1, parts.2.as_deref(), span),
            ExprKind::NewSized(parts) => self.sized_array(&parts.0, &parts.1, parts.2.as_deref(), span),
            ExprKind::NewAnonymous(members) => self.anonymous(members, span),
            ExprKind::Tuple(members) => self.tuple(members, span),
            ExprKind::IsConstant(operand, constant) => self.constant_test(operand, constant, span),
            ExprKind::IsDeclared(operand, ty, name) => self.declared_pattern(operand, ty.as_ref(), name, span).test,
            ExprKind::Throw(thrown) => {
                self.throw_expression(thrown, span);
                self.homeless(span, "a `throw` stands in `?:`, behind `??` or behind `=>`, or is a statement")
            }
            ExprKind::GenericType(_) => self.member_value(expr),
            ExprKind::Lambda(_) => self.homeless(span, "a lambda expression needs a place that wants a delegate"),
            ExprKind::ArrayItems(_) => self.homeless(span, "these items need a place that wants an array"),
            ExprKind::Out(_) => self.homeless(span, "`out` stands outside of an argument"),
            ExprKind::TypeOf(ty) => self.lone_type_of(ty, span),
            ExprKind::SizeOf(ty) => self.size_of(ty, span),
            ExprKind::NewArray(ty, dimensions, items) => self.new_array(ty.as_ref(), *dimensions, items, span),
            ExprKind::Ref(_) => self.homeless(span, "`ref` stands outside of an argument"),
            ExprKind::Anonymous(_) => self.homeless(span, "an anonymous method needs a place that wants a delegate"),
            ExprKind::Checked(overflow, inner) => self.checked(*overflow, inner, span),
            ExprKind::Paren(inner) => self.parenthesised(inner, span),
            ExprKind::Default(ty) => self.default_of(ty, span),
        }
    }

    fn parenthesised(&mut self, inner: &Expr, span: Span) -> Typed {
        let mut typed = self.value(inner);
        typed.span = span;
        typed
    }

    fn checked(&mut self, overflow: Overflow, inner: &Expr, span: Span) -> Typed {
        let mut typed = self.within(overflow, |checker| checker.value(inner));
        typed.span = span;
        typed
    }

    fn cast_of(&mut self, ty: &TypeName, operand: &Expr, span: Span) -> Typed {
        if is_lambda(operand) || self.is_method_group(operand) {
            let to = self.resolve(ty);
            let typed = self.value_as(operand, &to);
            return if to == Ty::Error { Typed::error(span) } else { typed };
        }
        let operand = self.value(operand);
        self.cast(ty, operand, span)
    }

    fn constant_test(&mut self, operand: &Expr, constant: &Expr, span: Span) -> Typed {
        let operand = self.value(operand);
        self.constant_pattern(operand, constant, span)
    }

    /// An expression that may be a `throw` too.
    pub(super) fn branch(&mut self, expr: &Expr) -> Typed {
        match &expr.kind {
            ExprKind::Throw(thrown) => self.throw_expression(thrown, expr.span),
            _ => self.value(expr),
        }
    }

    pub(super) fn throw_expression(&mut self, thrown: &Expr, span: Span) -> Typed {
        let thrown = self.thrown(thrown);
        Typed::new(Node::Throw(Box::new(thrown)), Ty::Error, span)
    }

    fn lone_type_of(&mut self, written: &TypeName, span: Span) -> Typed {
        self.resolve(written);
        let help = Some("pass it on directly, as in `Enum.Parse(typeof(DayOfWeek), text)`".to_owned());
        let message = "`typeof` stands only as the argument of a member that takes a type";
        self.problems.add_with_help("type-mismatch", span, message, help);
        Typed::error(span)
    }

    fn size_of(&mut self, written: &TypeName, span: Span) -> Typed {
        let size = match self.resolve(written) {
            Ty::Error => return Typed::error(span),
            Ty::Bool | Ty::SByte | Ty::Byte => 1,
            Ty::Char | Ty::Int16 | Ty::UInt16 => 2,
            Ty::Int32 | Ty::UInt32 | Ty::Single => 4,
            Ty::Int64 | Ty::UInt64 | Ty::Double => 8,
            Ty::Decimal => 16,
            // Every enumeration that is built lies over `int`.
            ty if is_enum(&ty) => 4,
            ty => {
                self.report("type-mismatch", span, format!("`{ty}` has no size that is known"));
                return Typed::error(span);
            }
        };
        Typed::new(Node::Constant(Value::Int32(size)), Ty::Int32, span)
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
            ExprKind::Paren(inner) if is_lambda(inner) || self.is_method_group(inner) => self.value_as(inner, to),
            ExprKind::Paren(inner) if matches!(inner.kind, ExprKind::Tuple(_)) => self.value_as(inner, to),
            ExprKind::Tuple(members) => match to {
                Ty::Nullable(inner) => {
                    let typed = self.tuple_as(members, inner, span);
                    if typed.ty == **inner { Typed { ty: to.clone(), ..typed } } else { typed }
                }
                to => self.tuple_as(members, to, span),
            },
            ExprKind::Anonymous(block) => self.anonymous_method(block, to, span),
            ExprKind::Lambda(lambda) => self.lambda(lambda, to, span),
            ExprKind::ArrayItems(items) => match to {
                Ty::Array(item) => self.array_of(item, items, span),
                Ty::Grid(item, dimensions) => self.grid_of(item, *dimensions, items, span),
                _ => self.homeless(span, "these items need a place that wants an array"),
            },
            _ if crate::expr::generic::delegate(to).is_some() && self.is_method_group(expr) => {
                self.method_group(expr, to, span)
            }
            _ => self.value(expr),
        }
    }

    /// What is checked inside `checked` or `unchecked`.
    pub(super) fn within<T>(&mut self, overflow: Overflow, inner: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.overflow.replace(overflow);
        let result = inner(self);
        self.overflow = before;
        result
    }

    pub(super) fn thrown(&mut self, expr: &Expr) -> Node {
        let typed = self.value(expr);
        let is_exception = typed.ty.class().is_some_and(|class| class.derives_from(Class::Exception));
        if !is_exception && !matches!(typed.ty, Ty::Error | Ty::Null) {
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
            Literal::String(text) => (self.text(text), Ty::String),
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
        let yes = self.branch(yes);
        let after_yes = std::mem::replace(&mut self.frame.assigned, test.when_false);
        // A lambda takes the type of the other branch.
        let no = if is_lambda(no) { self.value_as(no, &yes.ty) } else { self.branch(no) };
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
        let node = match (test.node, branch(yes), branch(no)) {
            (Node::Constant(Value::Bool(true)), yes @ Node::Constant(_), Node::Constant(_)) => yes,
            (Node::Constant(Value::Bool(false)), Node::Constant(_), no @ Node::Constant(_)) => no,
            parts => Node::Conditional(Box::new(parts)),
        };
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
