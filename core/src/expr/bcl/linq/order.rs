//! `OrderBy`, `ThenBy` and `Order`: stable, evaluated when the first item is asked for.

use std::cmp::Ordering;

use super::super::collections::key::compared_by;
use super::super::collections::sort::{stable, wrapped};
use super::super::{Call, Row, row};
use super::filter::gathered;
use super::{checked, holds, operand, ready};
use crate::expr::Interrupt;
use crate::expr::eval::Machine;
use crate::expr::eval::cursor::{Cursor, Lazy, Shape};
use crate::expr::exception::Outcome;
use crate::expr::instance;
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

/// The pass over a sequence of which only some places are wanted. .NET does not sort an ordered one for that, and so does not wrap
/// what a comparison throws.
pub(super) fn partly(machine: &mut Machine<'_>, sequence: &Value) -> Outcome<Box<dyn Cursor>> {
    match ordered(sequence) {
        Some(operands) => {
            let items = machine.collect(operand(&operands, 0))?;
            in_order(&operands, items, machine, |interrupt| interrupt)
        }
        None => machine.cursor(sequence),
    }
}

/// Which end of an order is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    First,
    Last,
}

/// The first or last item of an ordered sequence for which the predicate holds, as .NET finds it: only such items are compared, each
/// with the best one before it. `None` for another sequence.
pub(super) fn end_of(
    machine: &mut Machine<'_>,
    sequence: &Value,
    predicate: &Value,
    end: End,
) -> Outcome<Option<Option<Value>>> {
    let Some(operands) = ordered(sequence) else { return Ok(None) };
    let items = machine.collect(operand(&operands, 0))?;
    let (rows, levels) = rows(&operands, items, machine, predicate)?;
    let mut best: Option<(Vec<Value>, Value)> = None;
    for (keys, item) in rows {
        let is_better = match &best {
            None => true,
            Some((known, _)) => {
                machine.step()?;
                match (compared_in(levels, &keys, known, Falling::Swapped)?, end) {
                    (ordering, End::First) => ordering == Ordering::Less,
                    (ordering, End::Last) => ordering != Ordering::Less,
                }
            }
        };
        if is_better {
            best = Some((keys, item));
        }
    }
    Ok(Some(best.map(|(_, item)| item)))
}

// The operands of an ordered sequence.
fn ordered(sequence: &Value) -> Option<Vec<Value>> {
    let is_ordered = matches!(sequence, Value::Object(object)
        if matches!(instance::type_of(object), Some(Ty::Generic(Class::IOrderedEnumerable, _))));
    instance::look(sequence, |lazy: &mut Lazy| lazy.operands.clone()).filter(|_| is_ordered)
}

fn sorted(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    let items = gathered(machine, operand(operands, 0), "source")?;
    in_order(operands, items, machine, wrapped)
}

fn in_order(
    operands: &[Value],
    items: Vec<Value>,
    machine: &mut Machine<'_>,
    thrown: fn(Interrupt) -> Interrupt,
) -> Outcome<Box<dyn Cursor>> {
    let (rows, levels) = rows(operands, items, machine, &Value::Null)?;
    let rows = stable(machine, rows, |_, (a, _), (b, _)| compared_in(levels, a, b, Falling::Turned).map_err(thrown))?;
    ready(rows.into_iter().map(|(_, item)| item).collect())
}

/// Items, each behind its keys.
type Rows = Vec<(Vec<Value>, Value)>;

// The items for which the predicate holds with their keys, and the levels of the order.
fn rows<'o>(
    operands: &'o [Value],
    items: Vec<Value>,
    machine: &mut Machine<'_>,
    predicate: &Value,
) -> Outcome<(Rows, &'o [Value])> {
    let levels = operands.get(1..).unwrap_or(&[]);
    let mut rows: Rows = Vec::new();
    for item in items {
        if predicate.is_null() || holds(machine, predicate, std::slice::from_ref(&item))? {
            rows.push((Vec::new(), item));
        }
    }
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
    Ok((rows, levels))
}

// Level by level, each as its comparer and its direction say; a falling level may compare the other way round or turn the answer, which
// differ in what a comparison throws.
fn compared_in(levels: &[Value], a: &[Value], b: &[Value], falling: Falling) -> Outcome<Ordering> {
    for ((a, b), level) in a.iter().zip(b).zip(levels.chunks(LEVEL)) {
        let is_falling = *operand(level, 1) == DOWN;
        let (first, second) = if is_falling && falling == Falling::Swapped { (b, a) } else { (a, b) };
        let ordering = compared_by(operand(level, 2), first, second)?;
        if ordering != Ordering::Equal {
            return Ok(if is_falling && falling == Falling::Turned { ordering.reverse() } else { ordering });
        }
    }
    Ok(Ordering::Equal)
}

/// How a falling level compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Falling {
    /// As a rising one, with the answer turned
    Turned,
    /// With the two in each other's place
    Swapped,
}
