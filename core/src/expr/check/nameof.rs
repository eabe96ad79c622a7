//! `nameof`: any name that means something, as text.

use std::sync::Arc;

use super::member::{Operand, levels, members_of};
use super::{Checker, Typed};
use crate::expr::generic::field;
use crate::expr::node::Node;
use crate::expr::syntax::{Expr, ExprKind, Ident};
use crate::expr::ty::Ty;
use crate::span::Span;

impl Checker<'_> {
    pub(super) fn name_of(&mut self, expr: &Expr, span: Span) -> Typed {
        let name = match &expr.kind {
            ExprKind::Name(name) | ExprKind::Member(_, name, _) => Arc::clone(&name.text),
            ExprKind::GenericType(written) => written.name.rsplit('.').next().unwrap_or("").into(),
            _ => {
                self.report("expression-syntax", expr.span, "`nameof` takes a name");
                return Typed::error(span);
            }
        };
        // The name must mean something; that it may have no value yet does not matter.
        let assigned = std::mem::replace(&mut self.frame.assigned, super::flow::Assigned::unreachable());
        match &expr.kind {
            ExprKind::Member(inner, name, _) => self.named_member(inner, name),
            ExprKind::Name(name) if self.is_being_declared(&name.text) => {}
            _ if self.is_function(expr) => {}
            _ => drop(self.operand(expr)),
        }
        self.frame.assigned = assigned;
        Typed::new(Node::Constant(self.text(&name)), Ty::String, span)
    }

    // A variable of a written type is known within its own value.
    fn is_being_declared(&self, name: &str) -> bool {
        let mut frames = self.outer.iter().chain(std::iter::once(&self.frame));
        frames.any(|frame| frame.declaring.as_deref() == Some(name))
    }

    // Static or not, property or method: `nameof` takes them all.
    fn named_member(&mut self, inner: &Expr, name: &Ident) {
        let ty = match self.operand(inner) {
            Operand::Value(typed) => typed.ty,
            Operand::Type(ty) => ty,
            Operand::Namespace(_) | Operand::Error => return,
        };
        let mut levels = levels(&ty).into_iter();
        let is_known = ty == Ty::Error
            || field(&ty, &name.text).is_some()
            || levels.any(|level| [true, false].iter().any(|of| !members_of(&level, &name.text, *of).is_empty()));
        if !is_known {
            self.unknown_member(&ty, name, false);
        }
    }
}
