//! Order and equality of nodes: `DeepEquals`, `CompareDocumentOrder` and the comparers.

use std::cmp::Ordering;

use super::{Call, Class, Row, Ty, Value, found, row, value_of};
use crate::expr::eval::Single;
use crate::expr::exception::{Outcome, invalid_operation};
use crate::expr::instance::State;
use crate::expr::xml::XNode;

pub(super) const ROWS: &[Row] = &[
    row("XNode", "static bool DeepEquals(XNode n1, XNode n2)", |call| equal(call, 0)),
    row("XNode", "static int CompareDocumentOrder(XNode n1, XNode n2)", |call| compared(call, 0)),
    row("XNode", "bool IsAfter(XNode node)", |call| Ok(Value::Bool(order(call, 0)? == Ordering::Greater))),
    row("XNode", "bool IsBefore(XNode node)", |call| Ok(Value::Bool(order(call, 0)? == Ordering::Less))),
    row("XNode", "static XNodeDocumentOrderComparer DocumentOrderComparer", |call| {
        let ty = Ty::Class(Class::XNodeDocumentOrderComparer);
        call.machine.single(Single::Comparer, &ty, |machine| machine.object(ty.clone(), Order))
    }),
    row("XNode", "static XNodeEqualityComparer EqualityComparer", |call| {
        let ty = Ty::Class(Class::XNodeEqualityComparer);
        call.machine.single(Single::Comparer, &ty, |machine| machine.object(ty.clone(), Equality))
    }),
    row("XNodeDocumentOrderComparer", "new XNodeDocumentOrderComparer()", orders),
    row("XNodeDocumentOrderComparer", "int Compare(XNode x, XNode y)", |call| compared(call, 1)),
    row("XNodeEqualityComparer", "new XNodeEqualityComparer()", equalities),
    row("XNodeEqualityComparer", "bool Equals(XNode x, XNode y)", |call| equal(call, 1)),
    row("XNodeEqualityComparer", "int GetHashCode(XNode obj)", |call| match found(call.value(1)) {
        None => Ok(Value::Int32(0)),
        Some(node) => {
            let name = node.name().map(|name| name.text()).unwrap_or_default();
            let text = value_of(call.machine, &node)?;
            Ok(Value::Int32(hash_of(&format!("{name} {text}"))))
        }
    }),
];

#[derive(Debug)]
pub(crate) struct Equality;

impl State for Equality {}

#[derive(Debug)]
pub(crate) struct Order;

impl State for Order {}

fn orders(call: &mut Call<'_, '_>) -> Outcome<Value> {
    call.object(Ty::Class(Class::XNodeDocumentOrderComparer), Order)
}

fn equalities(call: &mut Call<'_, '_>) -> Outcome<Value> {
    call.object(Ty::Class(Class::XNodeEqualityComparer), Equality)
}

/// A number that equal texts share.
pub(super) fn hash_of(text: &str) -> i32 {
    let mixed = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    mixed.cast_signed()
}

fn equal(call: &mut Call<'_, '_>, at: usize) -> Outcome<Value> {
    let (left, right) = (found(call.value(at)), found(call.value(at + 1)));
    Ok(Value::Bool(match (left, right) {
        (Some(left), Some(right)) => {
            let mut steps = 0;
            let equal = left.is_same(&right) || left.equals_deeply(&right, &mut steps);
            call.machine.spend(steps / 4)?;
            equal
        }
        (left, right) => left.is_none() && right.is_none(),
    }))
}

fn order(call: &mut Call<'_, '_>, at: usize) -> Outcome<Ordering> {
    let (left, right) = (found(call.value(at)), found(call.value(at + 1)));
    match (left, right) {
        (Some(left), Some(right)) => {
            let siblings = |node: &XNode| u32::try_from(node.depth() / 4).unwrap_or(u32::MAX);
            call.machine.spend(siblings(&left).saturating_add(siblings(&right)))?;
            left.order(&right).ok_or_else(|| invalid_operation("A common ancestor is missing."))
        }
        (None, None) => Ok(Ordering::Equal),
        (None, Some(_)) => Ok(Ordering::Less),
        (Some(_), None) => Ok(Ordering::Greater),
    }
}

fn compared(call: &mut Call<'_, '_>, at: usize) -> Outcome<Value> {
    Ok(Value::Int32(match order(call, at)? {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    }))
}
