//! `OrderBy`, `ThenBy` and `Order`: stable, evaluated when the first item is asked for.

use std::cmp::Ordering;

use super::super::collections::key::compared_by;
use super::super::collections::sort::{stable, wrapped};
use super::super::{Call, Row, row};
use super::{checked, operand, ready};
use crate::expr::eval::Machine;
use crate::expr::eval::cursor::{Cursor, Lazy, Shape};
use crate::expr::exception::{Outcome, broken};
use crate::expr::ty::{Class, Ty};
use crate::value::Value;

const SEQUENCE: &str = "IEnumerable<T>";
const ORDERED: &str = "IOrderedEnumerable<T>";

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row(SEQUENCE, "this IOrderedEnumerable<T> OrderBy<TKey>(Func<T, TKey> keySelector)", |call| by_key(call, UP)),
    row(
        SEQUENCE,
        "this IOrderedEnumerable<T> OrderBy<TKey>(Func<T, TKey> keySelector, IComparer<TKey> comparer)",
        |call| by_key(call, UP),
    ),
    row(SEQUENCE, "this IOrderedEnumerable<T> OrderByDescending<TKey>(Func<T, TKey> keySelector)", |call| {
        by_key(call, DOWN)
    }),
    row(
        SEQUENCE,
        "this IOrderedEnumerable<T> OrderByDescending<TKey>(Func<T, TKey> keySelector, IComparer<TKey> comparer)",
        |call| by_key(call, DOWN),
    ),
    row(SEQUENCE, "this IOrderedEnumerable<T> Order()", |call| by_itself(call, UP)),
    row(SEQUENCE, "this IOrderedEnumerable<T> Order(IComparer<T> comparer)", |call| by_itself(call, UP)),
    row(SEQUENCE, "this IOrderedEnumerable<T> OrderDescending()", |call| by_itself(call, DOWN)),
    row(SEQUENCE, "this IOrderedEnumerable<T> OrderDescending(IComparer<T> comparer)", |call| by_itself(call, DOWN)),
    row(ORDERED, "this IOrderedEnumerable<T> ThenBy<TKey>(Func<T, TKey> keySelector)", |call| then(call, UP)),
    row(
        ORDERED,
        "this IOrderedEnumerable<T> ThenBy<TKey>(Func<T, TKey> keySelector, IComparer<TKey> comparer)",
        |call| then(call, UP),
    ),
    row(ORDERED, "this IOrderedEnumerable<T> ThenByDescending<TKey>(Func<T, TKey> keySelector)", |call| {
        then(call, DOWN)
    }),
    row(
        ORDERED,
        "this IOrderedEnumerable<T> ThenByDescending<TKey>(Func<T, TKey> keySelector, IComparer<TKey> comparer)",
        |call| then(call, DOWN),
    ),
];

const UP: Value = Value::Int32(1);
const DOWN: Value = Value::Int32(-1);

/// How many operands a level of an order has: selector (null for the item itself), direction, comparer.
const LEVEL: usize = 3;

fn by_key(call: &mut Call<'_, '_>, direction: Value) -> Outcome<Value> {
    checked(call, &["source", "keySelector"])?;
    let operands = vec![call.value(0).clone(), call.value(1).clone(), direction, call.value(2).clone()];
    order_of(call, operands)
}

fn by_itself(call: &mut Call<'_, '_>, direction: Value) -> Outcome<Value> {
    checked(call, &["source"])?;
    let operands = vec![call.value(0).clone(), Value::Null, direction, call.value(1).clone()];
    order_of(call, operands)
}

fn then(call: &mut Call<'_, '_>, direction: Value) -> Outcome<Value> {
    checked(call, &["source", "keySelector"])?;
    let mut operands = call.state(0, |lazy: &mut Lazy| lazy.operands.clone())?;
    operands.extend([call.value(1).clone(), direction, call.value(2).clone()]);
    order_of(call, operands)
}

fn order_of(call: &mut Call<'_, '_>, operands: Vec<Value>) -> Outcome<Value> {
    let ty = Ty::Generic(Class::IOrderedEnumerable, [call.ty(0)].into());
    call.machine.charge(operands.len() * size_of::<Value>())?;
    call.object(ty, Lazy { start: sorted, shape: Shape::Rearranged, operands })
}

fn sorted(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    let (Some(source), levels) = (operands.first(), operands.get(1..).unwrap_or(&[])) else {
        return Err(broken("an order without a source"));
    };
    let mut rows: Vec<(Vec<Value>, Value)> =
        machine.collect(source)?.into_iter().map(|item| (Vec::new(), item)).collect();
    // All keys of one level are made before those of the next.
    for level in levels.chunks(LEVEL) {
        machine.charge(rows.len() * size_of::<Value>())?;
        let selector = operand(level, 0);
        for (keys, item) in &mut rows {
            keys.push(match selector.is_null() {
                true => item.clone(),
                false => machine.invoke(selector, std::slice::from_ref(item))?,
            });
        }
    }
    let rows = stable(machine, rows, |_, (a, _), (b, _)| compared_in(levels, a, b).map_err(wrapped))?;
    ready(rows.into_iter().map(|(_, item)| item).collect())
}

fn compared_in(levels: &[Value], a: &[Value], b: &[Value]) -> Outcome<Ordering> {
    for ((a, b), level) in a.iter().zip(b).zip(levels.chunks(LEVEL)) {
        let ordering = compared_by(operand(level, 2), a, b)?;
        if ordering != Ordering::Equal {
            return Ok(if *operand(level, 1) == DOWN { ordering.reverse() } else { ordering });
        }
    }
    Ok(Ordering::Equal)
}
