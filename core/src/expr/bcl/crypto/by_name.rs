//! Names that are given to `Create(name)` and are those of other classes: .NET makes an object of any class that its own assemblies
//! have, and finds out then that it is no algorithm.

use crate::expr::bcl::TABLE;
use crate::expr::exception::{Outcome, invalid_cast};
use crate::expr::parse::signature::Form;
use crate::expr::ty::{Class, ClassKind, Ty};
use crate::value::Value;

/// The namespaces of what is looked through, as far as they are built.
const NAMESPACES: [&str; 4] =
    ["System", "System.Text", "System.Security.Cryptography", "System.Security.Cryptography.X509Certificates"];
/// Classes with type arguments among them.
const GENERIC: [&str; 4] = ["List`1", "HashSet`1", "Queue`1", "Dictionary`2"];
/// Those in these namespaces that are in other assemblies.
const ELSEWHERE: [Class; 1] = [Class::Uri];

/// Null for the name of nothing.
pub(super) fn unknown(name: &str, wanted: Class) -> Outcome<Value> {
    if is_of_class(name) || is_of_collection(name) {
        return Err(invalid_cast(name, &Ty::Class(wanted).full_name()));
    }
    Ok(Value::Null)
}

fn is_of_class(name: &str) -> bool {
    let is_it = |class: &&Class| {
        NAMESPACES.contains(&class.namespace())
            && matches!(class.kind(), ClassKind::Class | ClassKind::Sealed)
            && !ELSEWHERE.contains(class)
            && Ty::Class(**class).full_name() == name
    };
    let has_maker = |class: &Class| {
        let makers = TABLE.named("new").iter().filter(|member| member.form == Form::Constructor);
        makers.into_iter().any(|member| member.owner == Ty::Class(*class) && member.parameters.is_empty())
    };
    name == "System.Object" || Class::ALL.iter().find(is_it).is_some_and(has_maker)
}

fn is_of_collection(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("System.Collections.Generic.") else { return false };
    let Some((class, arguments)) = rest.split_once('[') else { return false };
    let is_plain = |argument: &str| argument.starts_with("System.") && argument.matches('.').count() == 1;
    let arguments = arguments.strip_suffix(']').unwrap_or("");
    GENERIC.contains(&class) && arguments.split(',').all(is_plain)
}
