//! Types as written, resolved.

use super::Checker;
use crate::expr::generic::takes;
use crate::expr::problem::nearest;
use crate::expr::syntax::TypeName;
use crate::expr::ty::{Class, ClassKind, Named, Ty};

impl Checker<'_> {
    /// The type of this name; reports and gives [`Ty::Error`] when there is none, or none yet.
    pub(super) fn resolve(&mut self, written: &TypeName) -> Ty {
        let mut ty = match Ty::named(&written.name) {
            Named::Type(ty) => ty,
            Named::Unbuilt => {
                self.unsupported(written.span, &format!("`{}`", written.name));
                return Ty::Error;
            }
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
        if written.nullable {
            if ty.holds_null() {
                let message = format!("`{ty}` holds `null` already, so it takes no `?`");
                self.report("type-mismatch", written.span, message);
            }
            ty = Ty::nullable(ty);
        }
        for _ in 0..written.ranks {
            ty = Ty::array(ty);
        }
        ty
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
