//! Conversions: which exist implicitly, which need a cast, and what they do at run time (C# 7, §10).

use super::{Checker, Typed, is_json};
use crate::expr::fold;
use crate::expr::node::{Conversion, Node};
use crate::expr::syntax::TypeName;
use crate::expr::ty::{Class, ClassKind, Ty};
use crate::span::Span;

/// A conversion that exists; `None` inside when nothing happens at run time.
type Found = Option<Option<Conversion>>;

/// Whether the type is a number's, or `char`.
pub(super) const fn is_numeric(ty: &Ty) -> bool {
    matches!(ty, Ty::Char | Ty::Int32 | Ty::Int64 | Ty::Double)
}

/// The implicit conversion, if there is one.
pub(super) fn implicit(from: &Ty, to: &Ty) -> Found {
    match (from, to) {
        (Ty::Error, _) | (_, Ty::Error) => Some(None),
        (Ty::Void, _) | (_, Ty::Void) => None,
        (from, to) if from == to => Some(None),
        (Ty::Null, to) => to.holds_null().then_some(None),
        (_, Ty::Object) => Some(None),
        (Ty::Char, Ty::Int32 | Ty::Int64 | Ty::Double)
        | (Ty::Int32, Ty::Int64 | Ty::Double)
        | (Ty::Int64, Ty::Double) => Some(Some(Conversion::Numeric(to.clone()))),
        (Ty::Nullable(from), Ty::Nullable(to)) if is_numeric(from) && is_numeric(to) => implicit(from, to),
        (Ty::Nullable(_), Ty::Nullable(_)) => None,
        (from, Ty::Nullable(to)) => implicit(from, to).filter(|_| **to != Ty::Object),
        (Ty::Class(from), Ty::Class(to)) => from.derives_from(*to).then_some(None),
        (from, Ty::Class(Class::JToken)) if is_json_source(from) => Some(Some(Conversion::ToJson)),
        _ => None,
    }
}

// The implicit operators of `JToken`.
fn is_json_source(ty: &Ty) -> bool {
    match ty {
        Ty::String | Ty::Bool | Ty::Int32 | Ty::Int64 | Ty::Double => true,
        Ty::Class(Class::DateTime | Class::TimeSpan | Class::Guid | Class::Uri) => true,
        Ty::Array(item) => **item == Ty::Byte,
        Ty::Nullable(inner) => is_json_source(inner),
        _ => false,
    }
}

/// The conversion of a cast, if there is one.
pub(super) fn explicit(from: &Ty, to: &Ty) -> Found {
    if let Some(found) = implicit(from, to) {
        return Some(found);
    }
    match (from, to) {
        (Ty::Void | Ty::Null, _) | (_, Ty::Void) => None,
        (Ty::Object, to) => Some(Some(Conversion::Unbox(to.clone()))),
        (from, to) if is_numeric(from) && is_numeric(to) => Some(Some(Conversion::Numeric(to.clone()))),
        (Ty::Class(class), Ty::Int32 | Ty::Int64) if class.kind() == ClassKind::Enum => {
            Some(Some(Conversion::Numeric(to.clone())))
        }
        (Ty::Nullable(inner), to) if **inner == *to => Some(Some(Conversion::Unwrap(to.clone()))),
        (from, Ty::Nullable(inner)) if is_numeric(from) && is_numeric(inner) => {
            Some(Some(Conversion::Numeric((**inner).clone())))
        }
        (Ty::Class(Class::XElement | Class::XAttribute), to) if is_xml_target(to) => {
            Some(Some(Conversion::Json(to.clone())))
        }
        (from, to) if is_json(from) && is_json_target(to) => Some(Some(Conversion::Json(to.clone()))),
        (Ty::Class(from), Ty::Class(to)) if to.derives_from(*from) => Some(Some(Conversion::Unbox(Ty::Class(*to)))),
        _ => None,
    }
}

// The explicit operators of `XElement` and `XAttribute`.
fn is_xml_target(ty: &Ty) -> bool {
    match ty {
        Ty::String | Ty::Bool | Ty::Int32 | Ty::Int64 | Ty::Double | Ty::Class(Class::Guid) => true,
        Ty::Nullable(inner) => is_xml_target(inner),
        _ => false,
    }
}

// `(int)token` and its kind; the other operators of `JToken` come with their types.
fn is_json_target(ty: &Ty) -> bool {
    match ty {
        Ty::String | Ty::Bool | Ty::Int32 | Ty::Int64 | Ty::Double => true,
        Ty::Char | Ty::Class(Class::DateTime | Class::TimeSpan | Class::Guid | Class::Uri) => true,
        Ty::Array(item) => **item == Ty::Byte,
        Ty::Nullable(inner) => is_json_target(inner),
        _ => false,
    }
}

/// The node under a conversion.
pub(super) fn apply(conversion: Option<Conversion>, node: Node) -> Node {
    let Some(conversion) = conversion else { return node };
    if let Node::Constant(value) = &node
        && let Some(folded) = fold::convert(&conversion, value)
    {
        return Node::Constant(folded);
    }
    Node::Convert(conversion, Box::new(node))
}

impl Checker<'_> {
    /// Converts implicitly, or reports.
    pub(super) fn convert_to(&mut self, typed: Typed, to: &Ty) -> Typed {
        match implicit(&typed.ty, to) {
            Some(conversion) => Typed::new(apply(conversion, typed.node), to.clone(), typed.span),
            None => {
                self.mismatch(&typed.ty, to, typed.span);
                Typed::error(typed.span)
            }
        }
    }

    fn mismatch(&mut self, from: &Ty, to: &Ty, span: Span) {
        let message = match from {
            Ty::Void => "this expression has no value".to_owned(),
            Ty::Null => format!("`null` is not a value of `{to}`"),
            from => format!("expected `{to}`, found `{from}`"),
        };
        let help = match explicit(from, to) {
            Some(_) => Some(format!("a cast converts it: `({to})`")),
            None if *to == Ty::String => Some("`.ToString()` gives its text".to_owned()),
            None => None,
        };
        self.problems.add_with_help("type-mismatch", span, message, help);
    }

    pub(super) fn cast(&mut self, written: &TypeName, operand: Typed, span: Span) -> Typed {
        let to = self.resolve(written);
        if operand.ty == Ty::Error || to == Ty::Error {
            return Typed::new(operand.node, to, span);
        }
        // `(string)context.Variables["x"]` and the like of the context's own classes are plain down-casts.
        match explicit(&operand.ty, &to) {
            Some(conversion) => {
                if let Node::Constant(value) = &operand.node
                    && fold::loses(value, &to)
                {
                    let message = format!("the constant `{value}` is not in the range of `{to}`");
                    self.report("constant", span, message);
                }
                Typed::new(apply(conversion, operand.node), to, span)
            }
            None if matches!(operand.ty, Ty::Nullable(_)) => {
                let Ty::Nullable(inner) = operand.ty else { return Typed::error(span) };
                let unwrapped = Node::Convert(Conversion::Unwrap((*inner).clone()), Box::new(operand.node));
                self.cast(written, Typed::new(unwrapped, (*inner).clone(), operand.span), span)
            }
            None => {
                let from = &operand.ty;
                let help = (to == Ty::String).then(|| "`.ToString()` gives its text".to_owned());
                let message = format!("`{from}` cannot be cast to `{to}`");
                self.problems.add_with_help("type-mismatch", span, message, help);
                Typed::error(span)
            }
        }
    }

    /// The type that both branches of `?:` or both sides of `??` come to.
    pub(super) fn unified(&mut self, left: &Typed, right: &Typed, span: Span) -> Ty {
        if left.ty == Ty::Error || right.ty == Ty::Error {
            return Ty::Error;
        }
        match (implicit(&left.ty, &right.ty), implicit(&right.ty, &left.ty)) {
            (_, Some(_)) => left.ty.clone(),
            (Some(_), None) => right.ty.clone(),
            (None, None) => {
                let message =
                    format!("the branches are `{}` and `{}`, and neither converts to the other", left.ty, right.ty);
                self.report("type-mismatch", span, message);
                Ty::Error
            }
        }
    }
}

/// Whether the type is one of the URL objects, whose text stands in the context.
pub(super) fn is_url(ty: &Ty) -> bool {
    *ty == Ty::Class(Class::Url)
}
