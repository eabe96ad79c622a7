//! What the type arguments of a generic member must be. The table's signatures carry no `where` clauses; these are all that .NET has there.

use super::convert::is_numeric;
use super::{Checker, is_json};
use crate::expr::bcl::Member;
use crate::expr::ty::{Class, Ty};
use crate::span::Span;

/// What is wanted of a type argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Constraint {
    /// `INumberBase<T>`
    Number,
    /// `class`
    Reference,
    /// `struct`
    Value,
    /// `JToken`
    Token,
    /// What the content of a message can be read as
    Content,
}

fn constraint(member: &Member) -> Option<Constraint> {
    let owner = member.owner.to_string();
    match (owner.as_str(), &*member.name) {
        (_, "CreateChecked" | "CreateSaturating" | "CreateTruncating") => Some(Constraint::Number),
        ("XObject" | "JToken", "Annotation" | "Annotations" | "RemoveAnnotations") => Some(Constraint::Reference),
        ("JToken", "Children") => Some(Constraint::Token),
        ("IMessageBody", "As") => Some(Constraint::Content),
        ("Enum", "Parse" | "TryParse") | ("Nullable", "Compare" | "Equals") => Some(Constraint::Value),
        _ => None,
    }
}

impl Checker<'_> {
    /// Reports a type argument of the member itself that is not what it must be.
    pub(super) fn check_constraint(&mut self, member: &Member, types: &[Ty], span: Span) {
        let Some(constraint) = constraint(member) else { return };
        let own = types.get(member.owner_type_parameters..).unwrap_or_default();
        let is_met = |ty: &Ty| match (ty, constraint) {
            (Ty::Error, _) => true,
            (ty, Constraint::Number) => is_numeric(ty),
            (ty, Constraint::Reference) => ty.is_reference(),
            (Ty::Nullable(_), Constraint::Value) => false,
            (ty, Constraint::Value) => !ty.holds_null(),
            (ty, Constraint::Token) => is_json(ty),
            (ty, Constraint::Content) => is_content(ty),
        };
        if let Some(ty) = own.iter().find(|ty| !is_met(ty)) {
            let wanted = match constraint {
                Constraint::Number => "a number",
                Constraint::Reference => "a reference type",
                Constraint::Value => "a value type",
                Constraint::Content => "`string`, `byte[]`, or a type of JSON or XML",
                Constraint::Token => "`JToken` or what derives from it",
            };
            self.report("type-mismatch", span, format!("expected {wanted} for `{}`, found `{ty}`", member.name));
        }
    }
}

fn is_content(ty: &Ty) -> bool {
    match ty {
        Ty::String => true,
        Ty::Array(item) => **item == Ty::Byte,
        Ty::Class(class) => matches!(
            class,
            Class::JObject | Class::JToken | Class::JArray | Class::XNode | Class::XElement | Class::XDocument
        ),
        _ => false,
    }
}
