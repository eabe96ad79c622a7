//! Patterns of C# 7: `is T`, `is T x`, `is null`, and the labels of `switch`.

use super::binary::unwrapped;
use super::convert::{apply, explicit, implicit, implicit_of};
use super::{Checker, Typed};
use crate::expr::node::{Conversion, Node};
use crate::expr::syntax::{Expr, ExprKind, Ident, TypeName};
use crate::expr::ty::{ClassKind, Named, Ty};
use crate::span::Span;

/// `x is T name`.
pub(super) struct DeclaredPattern {
    pub(super) test: Typed,
    /// Where the value stands then.
    pub(super) slot: u16,
    /// Whether every value is of the type.
    pub(super) takes_all: bool,
}

impl Checker<'_> {
    /// `x is T name`.
    pub(super) fn declared_pattern(
        &mut self,
        operand: &Expr,
        written: Option<&TypeName>,
        name: &Ident,
        span: Span,
    ) -> DeclaredPattern {
        let operand = self.value(operand);
        let ty = match written {
            Some(written) => self.resolve(written),
            None => operand.ty.clone(),
        };
        let takes_all = written.is_none() || operand.ty == ty && !ty.holds_null();
        let test = self.matched(operand, &ty, written.is_none(), name, span);
        let slot = self.frame.find(&name.text).map_or(0, |local| local.slot);
        if takes_all {
            self.frame.assigned.insert(slot);
        }
        DeclaredPattern { test, slot, takes_all }
    }

    /// Whether a value is of the type; it then stands in a new local. `var` takes everything.
    pub(super) fn matched(&mut self, operand: Typed, ty: &Ty, is_var: bool, name: &Ident, span: Span) -> Typed {
        self.matchable(&operand.ty, ty, span);
        let slot = self.declare(name, ty.clone());
        if is_var {
            let declared = Node::Declare(slot, Box::new(operand.node));
            let yes = Node::Constant(crate::value::Value::Bool(true));
            return Typed::new(Node::Sequence(Box::new([declared, yes])), Ty::Bool, span);
        }
        Typed::new(Node::IsDeclared(ty.clone(), slot, Box::new(boxed(operand))), Ty::Bool, span)
    }

    fn matchable(&mut self, from: &Ty, to: &Ty, span: Span) {
        if *from == Ty::Error || *to == Ty::Error {
            return;
        }
        if *from == Ty::Null || !may_hold(from, to) {
            self.report("type-mismatch", span, format!("a value of `{from}` is never `{to}`"));
        }
        if let Ty::Nullable(inner) = to {
            self.report("type-mismatch", span, format!("a pattern names the type without `?`: `{inner}`"));
        }
    }

    /// `x is 1`, `x is null`, and a label of a `switch`.
    pub(super) fn constant_pattern(&mut self, operand: Typed, constant: &Expr, span: Span) -> Typed {
        let constant = self.value(constant);
        if operand.ty == Ty::Error || constant.ty == Ty::Error {
            return Typed::error(span);
        }
        // A cast that may give null makes no constant, nor does `default` of a structure.
        let is_simple = match &constant.ty {
            Ty::Nullable(_) => constant.ty == operand.ty,
            Ty::Class(class) => class.kind() != ClassKind::Struct,
            _ => true,
        };
        if !is_simple || !matches!(&constant.node, Node::Constant(_)) {
            self.report("constant", constant.span, "a pattern needs a constant");
            return Typed::error(span);
        }
        let wanted = unwrapped(&operand.ty).0.clone();
        let is_null = constant.ty == Ty::Null && operand.ty.holds_null();
        let constant = if wanted == Ty::Object || is_null || constant.ty == operand.ty {
            constant
        } else if matches!(implicit_of(&constant, &wanted), Some(None | Some(Conversion::Numeric(_)))) {
            self.convert_to(constant, &wanted)
        } else {
            let message = format!("expected a constant of `{wanted}`, found `{}`", constant.ty);
            self.report("type-mismatch", constant.span, message);
            return Typed::error(span);
        };
        Typed::new(Node::IsConstant(Box::new((operand.node, constant.node))), Ty::Bool, span)
    }

    /// `x is T` and `x as T`.
    pub(super) fn type_test(&mut self, operand: &Expr, written: &TypeName, span: Span, is: bool) -> Typed {
        let operand = self.value(operand);
        // `x is JTokenType.Null` reads as a type, and is a constant.
        if is && let Some(constant) = self.as_constant(written) {
            return self.constant_pattern(operand, &constant, span);
        }
        let ty = self.resolve(written);
        if ty == Ty::Error || operand.ty == Ty::Error {
            return Typed::error(span);
        }
        if is {
            return Typed::new(Node::Is(ty, Box::new(operand.node)), Ty::Bool, span);
        }
        if !ty.holds_null() {
            let message = format!("`as` needs a type that may be null, and `{ty}` is not");
            self.problems.add_with_help("type-mismatch", span, message, Some(format!("`as {ty}?` can be null")));
            return Typed::error(span);
        }
        // `as` takes conversions between numbers too, which never succeed.
        let from = unwrapped(&operand.ty).0;
        let is_number = matches!(explicit(from, &ty), Some(Some(Conversion::Numeric(_))));
        if operand.ty != Ty::Null && !is_number && !may_hold(&operand.ty, &ty) {
            self.report("type-mismatch", span, format!("a value of `{}` is never `{ty}`", operand.ty));
            return Typed::error(span);
        }
        Typed::new(Node::As(ty.clone(), Box::new(boxed(operand))), ty, span)
    }

    fn as_constant(&mut self, written: &TypeName) -> Option<Expr> {
        let is_plain = written.arguments.is_empty() && !written.nullable && written.ranks.is_empty();
        if !is_plain || !matches!(Ty::named(&written.name), Named::Unknown) {
            return None;
        }
        let ident = |text: &str| Ident { text: text.into(), span: written.span };
        let make = |kind| Expr { span: written.span, height: 1, kind };
        if let Some((owner, member)) = written.name.rsplit_once('.') {
            let is_type = matches!(Ty::named(owner), Named::Type(_));
            let owner = make(ExprKind::Name(ident(owner)));
            return is_type.then(|| make(ExprKind::Member(Box::new(owner), ident(member), Vec::new())));
        }
        let is_local = self.is_declared(&written.name);
        is_local.then(|| make(ExprKind::Name(ident(&written.name))))
    }
}

// What is tested is an object of its own.
fn boxed(operand: Typed) -> Node {
    apply(implicit(&operand.ty, &Ty::Object).flatten(), operand.node)
}

// Whether a value of the one type may be one of the other as it is: operators that make another value of it do not count.
fn may_hold(from: &Ty, to: &Ty) -> bool {
    unwrapped(from).0 == unwrapped(to).0
        || matches!(explicit(from, to), Some(None | Some(Conversion::Box | Conversion::Unbox(_) | Conversion::Pairs)))
}
