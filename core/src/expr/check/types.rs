//! Types as written, resolved.

use std::sync::Arc;

use super::Checker;
use crate::expr::generic::takes;
use crate::expr::problem::nearest;
use crate::expr::syntax::{TUPLE, TypeName};
use crate::expr::ty::{Class, ClassKind, Named, RecordKind, Ty};

impl Checker<'_> {
    /// The type of this name; reports and gives [`Ty::Error`] when there is none, or none yet.
    pub(super) fn resolve(&mut self, written: &TypeName) -> Ty {
        let plain = self.resolve_plain(written);
        if plain == Ty::Error {
            return Ty::Error;
        }
        let mut ty = plain;
        if written.nullable {
            if ty.holds_null() {
                let message = format!("`{ty}` holds `null` already, so it takes no `?`");
                self.report("type-mismatch", written.span, message);
            }
            ty = Ty::nullable(ty);
        }
        for dimensions in written.ranks.iter().rev() {
            ty = Ty::array_of(ty, *dimensions);
        }
        ty
    }

    // Without the marks behind it.
    fn resolve_plain(&mut self, written: &TypeName) -> Ty {
        if &*written.name == TUPLE {
            return self.resolve_tuple(written);
        }
        if let Some((_, ty)) = self.type_names.iter().rev().find(|(name, _)| *name == written.name) {
            return ty.clone();
        }
        if let ("Nullable" | "System.Nullable", [inner]) = (&*written.name, &written.arguments[..]) {
            return match self.resolve(inner) {
                Ty::Error => Ty::Error,
                inner if inner.holds_null() => {
                    self.report("type-mismatch", written.span, format!("`{inner}` holds `null` already"));
                    Ty::Error
                }
                inner => Ty::nullable(inner),
            };
        }
        let mut ty = match Ty::written(&written.name) {
            Named::Type(ty) => ty,
            Named::Unknown => {
                self.unknown_type(written);
                return Ty::Error;
            }
        };
        if ty == Ty::Class(Class::Type) {
            let help = Some("`typeof(T)` stands directly in the call that takes a type".to_owned());
            let message = "`Type` is not a type that policy expressions may use";
            self.problems.add_with_help("unknown-type", written.span, message, help);
            return Ty::Error;
        }
        if ty.class().is_some_and(|class| !class.is_nameable()) {
            self.unknown_type(written);
            return Ty::Error;
        }
        let arguments: Vec<Ty> = written.arguments.iter().map(|argument| self.resolve(argument)).collect();
        if arguments.contains(&Ty::Error) {
            return Ty::Error;
        }
        if let (Ty::Class(Class::Nullable), [inner]) = (&ty, &arguments[..]) {
            ty = Ty::nullable(inner.clone());
        } else if let (Ty::Class(class), false) = (&ty, arguments.is_empty()) {
            ty = Ty::Generic(*class, arguments.into());
        }
        let (class, count) = match &ty {
            Ty::Class(class) => (Some(*class), 0),
            Ty::Generic(class, arguments) => (Some(*class), arguments.len()),
            _ => (None, 0),
        };
        if class.is_some_and(|class| class.kind() == ClassKind::Static) {
            self.report("type-mismatch", written.span, format!("`{}` is not the type of a value", written.name));
            return Ty::Error;
        }
        if let Some(class) = class.filter(|class| !takes(*class, count)) {
            let message = format!("`{}` does not take {count} type arguments", class.name());
            self.report("type-mismatch", written.span, message);
            return Ty::Error;
        }
        ty
    }

    fn resolve_tuple(&mut self, written: &TypeName) -> Ty {
        let mut members: Vec<(Arc<str>, Ty)> = Vec::new();
        for (argument, label) in written.arguments.iter().zip(&written.labels) {
            let ty = self.resolve(argument);
            let name: Arc<str> = label.as_ref().map_or_else(|| "".into(), |label| Arc::clone(&label.text));
            if let Some(label) = label.as_ref().filter(|_| members.iter().any(|(other, _)| *other == name)) {
                self.report("duplicate-name", label.span, format!("there are two members `{name}`"));
            }
            members.push((name, ty));
        }
        if members.iter().any(|(_, ty)| *ty == Ty::Error) {
            return Ty::Error;
        }
        Ty::Record(RecordKind::Tuple, members.into())
    }

    fn unknown_type(&mut self, written: &TypeName) {
        if written.name.is_empty() {
            return;
        }
        let help = nearest(&written.name, Ty::names());
        let message = format!("`{}` is not a type that policy expressions may use", written.name);
        self.problems.add_with_help("unknown-type", written.span, message, help);
    }
}
