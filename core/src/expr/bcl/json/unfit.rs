//! What the serializer says of a token that is not what its type wants.

use super::{inside, read_as, serialization, unread};
use crate::expr::Interrupt;
use crate::expr::ty::{Class, ClassKind, Ty};
use crate::value::json::JKind;
use crate::value::{JToken, Value};

/// What a sequence is read from.
pub(super) const LIST: &str = "JSON array (e.g. [1,2,3])";
/// What a dictionary is read from.
pub(super) const MAP: &str = "JSON object (e.g. {\"name\":\"value\"})";
const SINGLE: &str = "JSON primitive value (e.g. string, number, boolean, null)";

/// What the type is read from.
pub(super) fn wanted(ty: &Ty) -> &'static str {
    match ty {
        Ty::Array(_) | Ty::Grid(..) => LIST,
        Ty::Record(..)
        | Ty::Generic(
            Class::Dictionary | Class::IDictionary | Class::ReadOnlyDictionary | Class::KeyValuePair | Class::Tuple,
            _,
        ) => MAP,
        Ty::Class(Class::DateTime | Class::DateTimeOffset | Class::TimeSpan | Class::Guid | Class::Uri) => SINGLE,
        Ty::Class(class) if class.kind() != ClassKind::Enum => MAP,
        Ty::Generic(..) => LIST,
        Ty::Nullable(inner) => wanted(inner),
        _ => SINGLE,
    }
}

/// An array where the type wants none.
pub(super) fn no_array(token: &JToken, ty: &Ty) -> Interrupt {
    let (name, wanted) = (ty.full_name(), wanted(ty));
    let message = format!(
        "Cannot deserialize the current {LIST} into type '{name}' because the type requires a {wanted} to deserialize correctly.\n\
         To fix this error either change the JSON to a {wanted} or change the deserialized type to an array or a type that \
         implements a collection interface (e.g. ICollection, IList) like List<T> that can be deserialized from a JSON array. \
         JsonArrayAttribute can also be added to the type to force it to deserialize from a JSON array.\n"
    );
    unread(&message, token)
}

/// An object where the type wants none. It is found out at the first name in it.
pub(super) fn no_object(token: &JToken, ty: &Ty) -> Interrupt {
    let (name, wanted) = (ty.full_name(), wanted(ty));
    let message = format!(
        "Cannot deserialize the current {MAP} into type '{name}' because the type requires a {wanted} to deserialize correctly.\n\
         To fix this error either change the JSON to a {wanted} or change the deserialized type so that it is a normal .NET type \
         (e.g. not a primitive type like integer, not a collection type like an array or List<T>) that can be deserialized from a \
         JSON object. JsonObjectAttribute can also be added to the type to force it to deserialize from a JSON object.\n"
    );
    serialization(&inside(&message, token))
}

/// A value that does not convert.
pub(super) fn not_converted(token: &JToken, value: &Value, ty: &Ty) -> Interrupt {
    let shown = match value {
        Value::Null => "{null}".to_owned(),
        Value::String(text) if token.kind() != JKind::Integer => format!("\"{text}\""),
        other if matches!(token.kind(), JKind::Guid | JKind::TimeSpan | JKind::Uri) => format!("\"{other}\""),
        other => other.to_string(),
    };
    unread(&format!("Error converting value {shown} to type '{}'.", ty.full_name()), token)
}

/// The name of a property that is no key.
pub(super) fn no_key(property: &JToken, name: &Value, ty: &Ty) -> Interrupt {
    let ty = ty.full_name();
    let message = format!(
        "Could not convert string '{name}' to dictionary key type '{ty}'. Create a TypeConverter to convert from the string to the \
         key type object."
    );
    unread(&message, property)
}

/// A token of another sort than is wanted; the message without its place.
pub(super) fn incompatible(token: &JToken, ty: &Ty) -> String {
    let (found, wanted) = (token.type_name(), ty.full_name());
    format!("Deserialized JSON type '{found}' is not compatible with expected type '{wanted}'.")
}

/// A token that begins no value.
pub(super) fn no_token(token: &JToken) -> Interrupt {
    // The reader has not read anything yet, and so stands nowhere.
    serialization(&format!("Unexpected token while deserializing object: {}. Path ''.", read_as::mark(token.kind())))
}
