//! Conversions: which exist implicitly, which need a cast, and what they do at run time (C# 7, §10).

use super::reference::may_be;
use super::{Checker, Typed, is_json};
use crate::expr::bcl::pair_type;
use crate::expr::fold;
use crate::expr::generic::item_type;
use crate::expr::node::{Conversion, Node};
use crate::expr::syntax::{Overflow, TypeName};
use crate::expr::ty::{Class, ClassKind, RecordKind, Ty};
use crate::span::Span;
use crate::value::Value;
use crate::value::json::JKind;

/// A conversion that exists; `None` inside when nothing happens at run time.
type Found = Option<Option<Conversion>>;

/// Whether the type is a number's, or `char`.
pub(super) const fn is_numeric(ty: &Ty) -> bool {
    is_whole(ty) || matches!(ty, Ty::Single | Ty::Double | Ty::Decimal)
}

/// Whether the type is an enumeration.
pub(super) fn is_enum(ty: &Ty) -> bool {
    matches!(ty, Ty::Class(class) if class.kind() == ClassKind::Enum)
}

/// Whether the type is a whole number's, or `char`.
pub(super) const fn is_whole(ty: &Ty) -> bool {
    matches!(
        ty,
        Ty::Char | Ty::SByte | Ty::Byte | Ty::Int16 | Ty::UInt16 | Ty::Int32 | Ty::UInt32 | Ty::Int64 | Ty::UInt64
    )
}

// The implicit numeric conversions of C# 7, §10.2.3.
const fn widens(from: &Ty, to: &Ty) -> bool {
    if is_whole(from) && matches!(to, Ty::Single | Ty::Double | Ty::Decimal) {
        return true;
    }
    match from {
        Ty::SByte => matches!(to, Ty::Int16 | Ty::Int32 | Ty::Int64),
        Ty::Byte => matches!(to, Ty::Int16 | Ty::UInt16 | Ty::Int32 | Ty::UInt32 | Ty::Int64 | Ty::UInt64),
        Ty::Int16 => matches!(to, Ty::Int32 | Ty::Int64),
        Ty::UInt16 => matches!(to, Ty::Int32 | Ty::UInt32 | Ty::Int64 | Ty::UInt64),
        Ty::Char => matches!(to, Ty::UInt16 | Ty::Int32 | Ty::UInt32 | Ty::Int64 | Ty::UInt64),
        Ty::Int32 => matches!(to, Ty::Int64),
        Ty::UInt32 => matches!(to, Ty::Int64 | Ty::UInt64),
        Ty::Single => matches!(to, Ty::Double),
        _ => false,
    }
}

/// The implicit conversion, if there is one.
pub(super) fn implicit(from: &Ty, to: &Ty) -> Found {
    match (from, to) {
        (Ty::Error, _) | (_, Ty::Error) => Some(None),
        (Ty::Void, _) | (_, Ty::Void) => None,
        (from, to) if from == to => Some(None),
        (Ty::Null, to) => to.holds_null().then_some(None),
        (Ty::Generic(class, _), to) if class.is_changed_in_place() && to.is_reference() => {
            from.converts_to(to).then_some(Some(Conversion::Box))
        }
        (_, Ty::Object) => Some(None),
        (from, to) if widens(from, to) => Some(Some(Conversion::Numeric(to.clone()))),
        (Ty::Nullable(from), Ty::Nullable(to)) if is_numeric(from) && is_numeric(to) => implicit(from, to),
        (Ty::Nullable(_), Ty::Nullable(_)) => None,
        (from, Ty::Nullable(to)) => implicit(from, to).filter(|_| **to != Ty::Object),
        (Ty::Class(Class::DateTime), Ty::Class(Class::DateTimeOffset)) => Some(Some(Conversion::Moment)),
        (from, Ty::Class(Class::JToken)) if is_json_source(from) => {
            let null = if *from == Ty::String { JKind::String } else { JKind::Null };
            Some(Some(Conversion::ToJson(null)))
        }
        (Ty::String, Ty::Class(class @ (Class::XName | Class::XNamespace))) => Some(Some(Conversion::XmlName(*class))),
        (Ty::Record(RecordKind::Tuple, members), Ty::Record(RecordKind::Tuple, wanted)) => {
            let pairs = members.iter().zip(wanted.iter());
            let conversions: Option<Vec<_>> = pairs.map(|((_, from), (_, to))| implicit(from, to)).collect();
            let conversions = conversions.filter(|_| members.len() == wanted.len())?;
            Some(Some(Conversion::Tuple(to.clone(), conversions.into())))
        }
        (Ty::Nullable(_), _) => None,
        (from, Ty::Generic(Class::IEnumerable, items)) if shown_pairs(from).as_ref() == items.first() => {
            Some(Some(Conversion::Pairs))
        }
        (from, to) => (to.is_reference() && from.converts_to(to)).then_some(None),
    }
}

/// The implicit conversion of a value: constants of `int` fit smaller types too.
pub(super) fn implicit_of(typed: &Typed, to: &Ty) -> Found {
    if let Some(found) = implicit(&typed.ty, to) {
        return Some(found);
    }
    let Node::Constant(value) = &typed.node else { return None };
    let inner = if let Ty::Nullable(inner) = to { inner } else { to };
    // Zero of any type of numbers is a value of every enumeration. A boxed one is no constant.
    if is_enum(inner) && is_numeric(&typed.ty) && typed.ty != Ty::Char && is_zero(value) {
        return Some(Some(Conversion::Numeric(inner.clone())));
    }
    let (number, is_int) = match (value, &typed.ty) {
        (Value::Int32(number), Ty::Int32) => (i64::from(*number), true),
        (Value::Int64(number), Ty::Int64) => (*number, false),
        _ => return None,
    };
    let fits = match inner {
        Ty::SByte => is_int && i8::try_from(number).is_ok(),
        Ty::Byte => is_int && u8::try_from(number).is_ok(),
        Ty::Int16 => is_int && i16::try_from(number).is_ok(),
        Ty::UInt16 => is_int && u16::try_from(number).is_ok(),
        Ty::UInt32 => is_int && u32::try_from(number).is_ok(),
        Ty::UInt64 => u64::try_from(number).is_ok(),
        _ => false,
    };
    fits.then(|| Some(Conversion::Numeric(inner.clone())))
}

fn is_zero(number: &Value) -> bool {
    let real = fold::convert(&Conversion::Numeric(Ty::Double), number);
    matches!(real, Some(Value::Double(real)) if real == 0.0)
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
        (from, to) if is_enum(from) && (is_numeric(to) || is_enum(to)) || is_numeric(from) && is_enum(to) => {
            Some(Some(Conversion::Numeric(to.clone())))
        }
        (Ty::Nullable(inner), to) if **inner == *to => Some(Some(Conversion::Unwrap(to.clone()))),
        (from, Ty::Nullable(inner)) if is_number_like(from) && is_number_like(inner) => {
            Some(Some(Conversion::Numeric((**inner).clone())))
        }
        (Ty::Class(class @ (Class::XElement | Class::XAttribute)), to) if is_xml_target(to) => {
            Some(Some(Conversion::Xml(*class, to.clone())))
        }
        // Only `int` is both what an operator gives and wide enough.
        (Ty::Class(class @ (Class::XElement | Class::XAttribute)), Ty::Int16 | Ty::SByte) => {
            Some(Some(Conversion::Xml(*class, to.clone())))
        }
        (from, to) if is_json(from) && is_json_target(to) => Some(Some(Conversion::Json(to.clone()))),
        (from, to) if from.is_reference() && to.is_reference() && may_be(from, to) => {
            Some(Some(Conversion::Unbox(to.clone())))
        }
        _ => None,
    }
}

/// The pairs that a value of this type is enumerated as, where it may be a sequence of something else besides: a `JObject`, or the
/// groups of a match.
pub(super) fn shown_pairs(ty: &Ty) -> Option<Ty> {
    let pair = |value: Class| pair_type(Ty::String, Ty::Class(value));
    match ty {
        Ty::Class(Class::JObject) => Some(pair(Class::JToken)),
        Ty::Class(Class::GroupCollection) => Some(pair(Class::Group)),
        Ty::Generic(Class::IDictionary | Class::ICollection, _) => {
            item_type(ty).filter(|item| *item == pair(Class::JToken))
        }
        Ty::Generic(Class::ReadOnlyDictionary | Class::IReadOnlyCollection, _) => {
            item_type(ty).filter(|item| *item == pair(Class::Group))
        }
        _ => None,
    }
}

fn is_number_like(ty: &Ty) -> bool {
    is_numeric(ty) || is_enum(ty)
}

// The explicit operators of `XElement` and `XAttribute`.
fn is_xml_target(ty: &Ty) -> bool {
    match ty {
        Ty::String | Ty::Bool | Ty::Int32 | Ty::UInt32 | Ty::Int64 | Ty::UInt64 => true,
        Ty::Single | Ty::Double | Ty::Decimal => true,
        Ty::Class(Class::Guid | Class::DateTime | Class::DateTimeOffset | Class::TimeSpan) => true,
        Ty::Nullable(inner) => is_xml_target(inner),
        _ => false,
    }
}

// The implicit operators of `JToken`.
fn is_json_source(ty: &Ty) -> bool {
    match ty {
        Ty::String | Ty::Class(Class::DateTime | Class::TimeSpan | Class::Guid | Class::Uri) => true,
        Ty::Class(Class::DateTimeOffset) => true,
        Ty::Array(item) => **item == Ty::Byte,
        Ty::Nullable(inner) => is_json_source(inner),
        // A character is the number of its code unit.
        ty => *ty == Ty::Bool || is_numeric(ty),
    }
}

// `(int)token` and its kind.
fn is_json_target(ty: &Ty) -> bool {
    match ty {
        Ty::String | Ty::Bool | Ty::Char => true,
        Ty::Class(Class::DateTime | Class::DateTimeOffset | Class::TimeSpan | Class::Guid | Class::Uri) => true,
        Ty::Array(item) => **item == Ty::Byte,
        Ty::Nullable(inner) => is_json_target(inner),
        ty => is_numeric(ty),
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
        match implicit_of(&typed, to) {
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
            None => match (from, to) {
                (Ty::Array(item), to) if item.converts_to(to) => {
                    let joined = if *to == Ty::String { ", `string.Join(\",\", …)` all of them" } else { "" };
                    Some(format!("`.First()` gives one of them{joined}"))
                }
                (_, Ty::String) => Some("`.ToString()` gives its text".to_owned()),
                (Ty::String, Ty::Char) => Some("characters are written with single quotes".to_owned()),
                (Ty::String, Ty::Bool | Ty::Int32 | Ty::Int64 | Ty::Double | Ty::Decimal) => {
                    Some(format!("`{to}.Parse(…)` reads it"))
                }
                _ => None,
            },
        };
        self.problems.add_with_help("type-mismatch", span, message, help);
    }

    pub(super) fn cast(&mut self, written: &TypeName, operand: Typed, span: Span) -> Typed {
        let to = self.resolve(written);
        self.cast_to(&to, operand, span)
    }

    /// A cast, or a report that there is none.
    pub(super) fn cast_to(&mut self, to: &Ty, operand: Typed, span: Span) -> Typed {
        let to = to.clone();
        if operand.ty == Ty::Error || to == Ty::Error {
            return Typed::new(operand.node, to, span);
        }
        // `(string)context.Variables["x"]` and the like of the context's own classes are plain down-casts.
        match explicit(&operand.ty, &to) {
            Some(conversion) => {
                let target = if let Ty::Nullable(inner) = &to { inner } else { &to };
                if let Node::Constant(value) = &operand.node
                    // What may be null is no constant.
                    && !operand.ty.holds_null()
                    // Decimals never wrap.
                    && (self.overflow != Some(Overflow::Wraps) || operand.ty == Ty::Decimal || to == Ty::Decimal)
                    && fold::loses(value, target)
                {
                    let message = format!("the constant `{value}` is not in the range of `{target}`");
                    self.report("constant", span, message);
                }
                let conversion = match conversion {
                    Some(Conversion::Numeric(ty)) if self.overflow == Some(Overflow::Throws) => {
                        Some(Conversion::Checked(ty))
                    }
                    conversion => conversion,
                };
                Typed::new(apply(conversion, operand.node), to, span)
            }
            // What becomes a token may be one of the classes of tokens.
            None if is_json(&to) && is_json_source(&operand.ty) => {
                let token = self.convert_to(operand, &Ty::Class(Class::JToken));
                self.cast_to(&to, token, span)
            }
            None if matches!(operand.ty, Ty::Nullable(_)) => {
                let Ty::Nullable(inner) = operand.ty else { return Typed::error(span) };
                let unwrapped = Node::Convert(Conversion::Unwrap((*inner).clone()), Box::new(operand.node));
                self.cast_to(&to, Typed::new(unwrapped, (*inner).clone(), operand.span), span)
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
            // A constant may fit a type that its own type does not convert to.
            (None, None) if implicit_of(right, &left.ty).is_some() => left.ty.clone(),
            (None, None) if implicit_of(left, &right.ty).is_some() => right.ty.clone(),
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
