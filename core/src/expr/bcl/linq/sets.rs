//! Sequences as sets: `Distinct`, `Union`, `Intersect`, `Except`, and the same by a key.

use std::collections::BTreeSet;

use super::super::collections::key::{Folding, Key, key_of};
use super::super::{Row, row};
use super::{lazy, operand, shaped, stream};
use crate::expr::eval::Machine;
use crate::expr::eval::cursor::{Cursor, Shape};
use crate::expr::exception::Outcome;
use crate::value::Value;

const SEQUENCE: &str = "IEnumerable<T>";

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row(SEQUENCE, "this IEnumerable<T> Distinct()", |call| {
        shaped(call, 0, &["source"], Shape::Set, |o, m| distinct(o, m, None, 1))
    }),
    row(SEQUENCE, "this IEnumerable<T> Distinct(IEqualityComparer<T> comparer)", |call| {
        shaped(call, 0, &["source"], Shape::Set, |o, m| distinct(o, m, None, 1))
    }),
    row(SEQUENCE, "this IEnumerable<T> DistinctBy<TKey>(Func<T, TKey> keySelector)", |call| {
        lazy(call, 0, &["source", "keySelector"], |o, m| distinct(o, m, Some(1), 2))
    }),
    row(
        SEQUENCE,
        "this IEnumerable<T> DistinctBy<TKey>(Func<T, TKey> keySelector, IEqualityComparer<TKey> comparer)",
        |call| lazy(call, 0, &["source", "keySelector"], |o, m| distinct(o, m, Some(1), 2)),
    ),
    row(SEQUENCE, "this IEnumerable<T> Union(IEnumerable<T> second)", |call| {
        shaped(call, 0, &["first", "second"], Shape::Set, |o, m| union(o, m, None, 2))
    }),
    row(SEQUENCE, "this IEnumerable<T> Union(IEnumerable<T> second, IEqualityComparer<T> comparer)", |call| {
        shaped(call, 0, &["first", "second"], Shape::Set, |o, m| union(o, m, None, 2))
    }),
    row(SEQUENCE, "this IEnumerable<T> UnionBy<TKey>(IEnumerable<T> second, Func<T, TKey> keySelector)", |call| {
        shaped(call, 0, &["first", "second", "keySelector"], Shape::Set, |o, m| union(o, m, Some(2), 3))
    }),
    row(
        SEQUENCE,
        "this IEnumerable<T> UnionBy<TKey>(IEnumerable<T> second, Func<T, TKey> keySelector, IEqualityComparer<TKey> comparer)",
        |call| shaped(call, 0, &["first", "second", "keySelector"], Shape::Set, |o, m| union(o, m, Some(2), 3)),
    ),
    row(SEQUENCE, "this IEnumerable<T> Except(IEnumerable<T> second)", |call| {
        lazy(call, 0, &["first", "second"], |o, m| against(o, m, None, 2, Keeps::Others))
    }),
    row(SEQUENCE, "this IEnumerable<T> Except(IEnumerable<T> second, IEqualityComparer<T> comparer)", |call| {
        lazy(call, 0, &["first", "second"], |o, m| against(o, m, None, 2, Keeps::Others))
    }),
    row(SEQUENCE, "this IEnumerable<T> ExceptBy<TKey>(IEnumerable<TKey> second, Func<T, TKey> keySelector)", |call| {
        lazy(call, 0, &["first", "second", "keySelector"], |o, m| against(o, m, Some(2), 3, Keeps::Others))
    }),
    row(
        SEQUENCE,
        "this IEnumerable<T> ExceptBy<TKey>(IEnumerable<TKey> second, Func<T, TKey> keySelector, IEqualityComparer<TKey> comparer)",
        |call| lazy(call, 0, &["first", "second", "keySelector"], |o, m| against(o, m, Some(2), 3, Keeps::Others)),
    ),
    row(SEQUENCE, "this IEnumerable<T> Intersect(IEnumerable<T> second)", |call| {
        lazy(call, 0, &["first", "second"], |o, m| against(o, m, None, 2, Keeps::Common))
    }),
    row(SEQUENCE, "this IEnumerable<T> Intersect(IEnumerable<T> second, IEqualityComparer<T> comparer)", |call| {
        lazy(call, 0, &["first", "second"], |o, m| against(o, m, None, 2, Keeps::Common))
    }),
    row(
        SEQUENCE,
        "this IEnumerable<T> IntersectBy<TKey>(IEnumerable<TKey> second, Func<T, TKey> keySelector)",
        |call| lazy(call, 0, &["first", "second", "keySelector"], |o, m| against(o, m, Some(2), 3, Keeps::Common)),
    ),
    row(
        SEQUENCE,
        "this IEnumerable<T> IntersectBy<TKey>(IEnumerable<TKey> second, Func<T, TKey> keySelector, IEqualityComparer<TKey> comparer)",
        |call| lazy(call, 0, &["first", "second", "keySelector"], |o, m| against(o, m, Some(2), 3, Keeps::Common)),
    ),
];

// What an item is known by: itself, or what the selector makes of it.
struct Keyed {
    selector: Value,
    folding: Folding,
}

impl Keyed {
    fn of(operands: &[Value], selector: Option<usize>, comparer: usize) -> Self {
        let selector = selector.map_or(Value::Null, |at| operand(operands, at).clone());
        Self { selector, folding: Folding::of(operand(operands, comparer)) }
    }

    fn key(&self, machine: &mut Machine<'_>, item: &Value) -> Outcome<Key> {
        machine.charge(size_of::<Key>())?;
        match self.selector.is_null() {
            true => Ok(key_of(item, self.folding)),
            false => Ok(key_of(&machine.invoke(&self.selector, std::slice::from_ref(item))?, self.folding)),
        }
    }
}

fn distinct(
    operands: &[Value],
    machine: &mut Machine<'_>,
    selector: Option<usize>,
    comparer: usize,
) -> Outcome<Box<dyn Cursor>> {
    let (keyed, mut seen) = (Keyed::of(operands, selector, comparer), BTreeSet::new());
    stream(operands, machine, move |source, machine| {
        while let Some(item) = machine.advance(source)? {
            if seen.insert(keyed.key(machine, &item)?) {
                return Ok(Some(item));
            }
        }
        Ok(None)
    })
}

fn union(
    operands: &[Value],
    machine: &mut Machine<'_>,
    selector: Option<usize>,
    comparer: usize,
) -> Outcome<Box<dyn Cursor>> {
    let (keyed, mut seen) = (Keyed::of(operands, selector, comparer), BTreeSet::new());
    let second = operand(operands, 1).clone();
    let mut rest: Option<Box<dyn Cursor>> = None;
    stream(operands, machine, move |source, machine| {
        loop {
            let item = match &mut rest {
                Some(cursor) => machine.advance(&mut **cursor)?,
                None => machine.advance(source)?,
            };
            match item {
                Some(item) => {
                    if seen.insert(keyed.key(machine, &item)?) {
                        return Ok(Some(item));
                    }
                }
                None if rest.is_none() => rest = Some(machine.cursor(&second)?),
                None => return Ok(None),
            }
        }
    })
}

/// Which items of the first sequence are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keeps {
    /// Those that the second has too
    Common,
    /// Those that it has not
    Others,
}

fn against(
    operands: &[Value],
    machine: &mut Machine<'_>,
    selector: Option<usize>,
    comparer: usize,
    keeps: Keeps,
) -> Outcome<Box<dyn Cursor>> {
    let keyed = Keyed::of(operands, selector, comparer);
    let mut set: BTreeSet<Key> =
        machine.collect(operand(operands, 1))?.iter().map(|item| key_of(item, keyed.folding)).collect();
    stream(operands, machine, move |source, machine| {
        while let Some(item) = machine.advance(source)? {
            let key = keyed.key(machine, &item)?;
            let kept = match keeps {
                Keeps::Common => set.remove(&key),
                Keeps::Others => set.insert(key),
            };
            if kept {
                return Ok(Some(item));
            }
        }
        Ok(None)
    })
}
