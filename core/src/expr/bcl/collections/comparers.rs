//! `IEqualityComparer<T>` and `IComparer<T>`, and the default ones that collections own to.

use super::super::object::order;
use super::super::{Call, Row, row};
use super::key::{Folding, compared_by, equal};
use crate::expr::exception::Outcome;
use crate::expr::instance::State;
use crate::expr::ty::{Class, Ty};
use crate::value::Value;

/// `EqualityComparer<T>.Default`
#[derive(Debug)]
struct DefaultComparer;

impl State for DefaultComparer {}

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row("IEqualityComparer<T>", "bool Equals(T x, T y)", |call| {
        Ok(Value::Bool(equal(call.value(1), call.value(2), Folding::of(call.value(0)))))
    }),
    row("IComparer<T>", "int Compare(T x, T y)", |call| {
        Ok(order(compared_by(call.value(0), call.value(1), call.value(2))?))
    }),
];

/// The comparer of a collection of items of this type; null is the default one.
pub(super) fn comparer(call: &mut Call<'_, '_>, given: &Value, item: Ty) -> Outcome<Value> {
    match given {
        Value::Null => call.object(Ty::Generic(Class::IEqualityComparer, [item].into()), DefaultComparer),
        given => Ok(given.clone()),
    }
}
