//! Reference conversions that only a cast makes: which pairs of types may hold the same object (C# 7, §10.3.5). Converts no values.

use crate::expr::generic::delegate;
use crate::expr::ty::{Class, ClassKind, Ty, Variance};

/// Whether an object of the one type may be one of the other, both being types of references.
pub(super) fn may_be(from: &Ty, to: &Ty) -> bool {
    if from.converts_to(to) || to.converts_to(from) {
        return true;
    }
    match (from, to) {
        (Ty::Array(from), Ty::Array(to)) => items_may_be(from, to),
        (Ty::Grid(from, dimensions), Ty::Grid(to, others)) => dimensions == others && items_may_be(from, to),
        (Ty::Array(item), other) | (other, Ty::Array(item)) => {
            item_of_list(other).is_some_and(|other| other == *item.as_ref() || items_may_be(item, &other))
        }
        (Ty::Generic(class, from), Ty::Generic(other, to))
            if class == other && delegate(&Ty::Generic(*class, from.clone())).is_some() =>
        {
            from.len() == to.len() && arguments_may_be(*class, from, to)
        }
        (from, to) => from.is_interface() && !is_sealed(to) || to.is_interface() && !is_sealed(from),
    }
}

fn items_may_be(from: &Ty, to: &Ty) -> bool {
    from.is_reference() && to.is_reference() && (*from == Ty::Object || *to == Ty::Object || may_be(from, to))
}

// The interfaces of an array, whose conversions follow its items.
fn item_of_list(ty: &Ty) -> Option<Ty> {
    match ty {
        Ty::Generic(
            Class::IEnumerable | Class::ICollection | Class::IList | Class::IReadOnlyCollection | Class::IReadOnlyList,
            items,
        ) => items.first().cloned(),
        _ => None,
    }
}

fn arguments_may_be(class: Class, from: &[Ty], to: &[Ty]) -> bool {
    from.iter().zip(to).enumerate().all(|(at, (one, other))| {
        one == other
            || match class.variance(at, to.len()) {
                Variance::None => false,
                Variance::Out => items_may_be(one, other),
                Variance::In => one.is_reference() && other.is_reference(),
            }
    })
}

// No object of a sealed type has interfaces that the type does not have.
fn is_sealed(ty: &Ty) -> bool {
    match ty {
        Ty::Class(class) | Ty::Generic(class, _) => class.kind() == ClassKind::Sealed,
        Ty::String | Ty::Array(_) | Ty::Grid(..) | Ty::Record(..) => true,
        _ => false,
    }
}
