//! Types as written, resolved.

use super::Checker;
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
        let arguments: Vec<Ty> = written.arguments.iter().map(|argument| self.resolve(argument)).collect();
        if arguments.contains(&Ty::Error) {
            return Ty::Error;
        }
        if let (Ty::Class(class), false) = (&ty, arguments.is_empty()) {
            ty = Ty::Generic(*class, arguments.into());
        }
        if matches!(ty, Ty::Class(class) if class.kind() == ClassKind::Static || class == Class::ReadOnlyDictionary) {
            self.report("type-mismatch", written.span, format!("`{}` is not the type of a value", written.name));
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
        if !is_built(&ty) {
            self.unsupported(written.span, &format!("`{ty}`"));
            return Ty::Error;
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

// Whether values of the type can stand in a local.
fn is_built(ty: &Ty) -> bool {
    match ty {
        Ty::Byte => false,
        Ty::Array(item) => matches!(**item, Ty::String | Ty::Char | Ty::Byte),
        Ty::Nullable(inner) => is_built(inner),
        Ty::Error
        | Ty::Null
        | Ty::Void
        | Ty::Object
        | Ty::Bool
        | Ty::Char
        | Ty::Int32
        | Ty::Int64
        | Ty::Double
        | Ty::String
        | Ty::Class(_)
        | Ty::Generic(..)
        | Ty::Param(_) => true,
    }
}
