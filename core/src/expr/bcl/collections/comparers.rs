//! `IEqualityComparer<T>` and `IComparer<T>`, and the default ones that collections own to.

use super::super::object::order;
use super::super::{Call, Row, row};
use super::key::{Folding, compared_by, equal};
use crate::expr::eval::Single;
use crate::expr::exception::Outcome;
use crate::expr::instance::State;
use crate::expr::ty::{Class, ClassKind, RecordKind, Ty};
use crate::value::{Library, Value};

/// `EqualityComparer<T>.Default`
#[derive(Debug)]
struct DefaultComparer;

impl State for DefaultComparer {
    fn type_name(&self, ty: &Ty) -> String {
        let Ty::Generic(_, items) = ty else { return ty.full_name() };
        let (name, item) = match items.first() {
            Some(Ty::Nullable(inner)) => ("NullableEqualityComparer", &**inner),
            Some(item @ Ty::Class(class)) if class.kind() == ClassKind::Enum => ("EnumEqualityComparer", item),
            Some(item) if is_equatable(item) => ("GenericEqualityComparer", item),
            Some(item) => ("ObjectEqualityComparer", item),
            None => return ty.full_name(),
        };
        format!("System.Collections.Generic.{name}`1[{}]", item.full_name())
    }
}

// Whether .NET's type implements `IEquatable<T>` of itself.
fn is_equatable(ty: &Ty) -> bool {
    match ty {
        Ty::Class(class) => matches!(
            class,
            Class::Guid
                | Class::DateTime
                | Class::TimeSpan
                | Class::DateTimeOffset
                | Class::TimeZoneInfo
                | Class::JValue
                | Class::XName
                | Class::HashAlgorithmName
                | Class::RsaSignaturePadding
                | Class::RsaEncryptionPadding
        ),
        Ty::Record(kind, _) => *kind == RecordKind::Tuple,
        Ty::Object
        | Ty::Generic(..)
        | Ty::Array(_)
        | Ty::Grid(..)
        | Ty::Nullable(_)
        | Ty::Param(_)
        | Ty::Error
        | Ty::Null
        | Ty::Void => false,
        Ty::Bool
        | Ty::Char
        | Ty::SByte
        | Ty::Byte
        | Ty::Int16
        | Ty::UInt16
        | Ty::Int32
        | Ty::UInt32
        | Ty::Int64
        | Ty::UInt64
        | Ty::Single
        | Ty::Double
        | Ty::Decimal
        | Ty::String => true,
    }
}

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row("IEqualityComparer<T>", "bool Equals(T x, T y)", |call| {
        Ok(Value::Bool(equal(call.value(1), call.value(2), Folding::of(call.value(0)))))
    }),
    row("IComparer<T>", "int Compare(T x, T y)", |call| {
        if let (Value::Library(Library::StringComparer(_)), Value::String(_), Value::String(_)) =
            (call.value(0), call.value(1), call.value(2))
        {
            return super::super::text_reader::compared(call);
        }
        Ok(order(compared_by(call.value(0), call.value(1), call.value(2))?))
    }),
];

/// The comparer of a collection of items of this type; null is the default one.
pub(super) fn comparer(call: &mut Call<'_, '_>, given: &Value, item: Ty) -> Outcome<Value> {
    match given {
        Value::Null => {
            let ty = Ty::Generic(Class::IEqualityComparer, [item].into());
            call.machine.single(Single::Comparer, &ty, |machine| machine.object(ty.clone(), DefaultComparer))
        }
        given => Ok(given.clone()),
    }
}
