//! The operators of `XName` and `XNamespace`, which text joins. Knows no names.

use super::Typed;
use super::overload::given;
use super::{Checker, convert::apply};
use crate::expr::node::Conversion;
use crate::expr::syntax::BinaryOp;
use crate::expr::ty::{Class, Ty};
use crate::span::Span;

/// What becomes of the operands.
pub(super) enum Operated {
    /// The operator is one of names, and is done.
    Done(Typed),
    /// It is another operator, of these operands.
    Other(Typed, Typed),
}

impl Checker<'_> {
    /// `namespace + "local"`; `name == "text"`, whose text becomes a name.
    pub(super) fn name_operator(&mut self, operator: BinaryOp, left: Typed, right: Typed, span: Span) -> Operated {
        let (first, second) = (class_of(&left.ty), class_of(&right.ty));
        match (operator, first, second) {
            (BinaryOp::Add, Some(Class::XNamespace), _) if matches!(right.ty, Ty::String | Ty::Null) => {
                let right = Typed { ty: Ty::String, ..right };
                let given = vec![given(left), given(right)];
                let ty = Ty::Class(Class::XNamespace);
                Operated::Done(self.call_of_type(&ty, "op_Addition", given, span))
            }
            (BinaryOp::Equal | BinaryOp::NotEqual, Some(class), None) if right.ty == Ty::String => {
                Operated::Other(left, as_name(class, right))
            }
            (BinaryOp::Equal | BinaryOp::NotEqual, None, Some(class)) if left.ty == Ty::String => {
                Operated::Other(as_name(class, left), right)
            }
            _ => Operated::Other(left, right),
        }
    }
}

fn class_of(ty: &Ty) -> Option<Class> {
    match ty {
        Ty::Class(class @ (Class::XName | Class::XNamespace)) => Some(*class),
        _ => None,
    }
}

fn as_name(class: Class, text: Typed) -> Typed {
    Typed::new(apply(Some(Conversion::XmlName(class)), text.node), Ty::Class(class), text.span)
}
