//! `Where`, `Select`, `SelectMany`, `Cast`, `OfType`: item by item.

use super::super::{Call, Row, row};
use super::{boxed, holds, lazy, operand, partition, shaped, stream, unboxed};
use crate::expr::eval::cursor::{Cursor, Lazy, Shape, Start};
use crate::expr::eval::{Machine, items_limit, unboxed_as};
use crate::expr::exception::{Outcome, argument_null};
use crate::expr::instance;
use crate::expr::limits::ITEMS_MAX;
use crate::expr::ty::{Class, Ty};
use crate::value::Value;

const SEQUENCE: &str = "IEnumerable<T>";

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row(SEQUENCE, "this IEnumerable<T> Where(Func<T, bool> predicate)", |call| {
        partition(call, 0, &["source", "predicate"], Shape::Plain, |operands, machine| {
            filter(operands, machine, Indexed::No)
        })
    }),
    row(SEQUENCE, "this IEnumerable<T> Where(Func<T, int, bool> predicate)", |call| {
        lazy(call, 0, &["source", "predicate"], |operands, machine| filter(operands, machine, Indexed::Yes))
    }),
    row(SEQUENCE, "this IEnumerable<TResult> Select<TResult>(Func<T, TResult> selector)", |call| {
        partition(call, 1, &["source", "selector"], Shape::Select, |operands, machine| {
            select(operands, machine, Indexed::No)
        })
    }),
    row(SEQUENCE, "this IEnumerable<TResult> Select<TResult>(Func<T, int, TResult> selector)", |call| {
        lazy(call, 1, &["source", "selector"], |operands, machine| select(operands, machine, Indexed::Yes))
    }),
    row(SEQUENCE, "this IEnumerable<TResult> SelectMany<TResult>(Func<T, IEnumerable<TResult>> selector)", |call| {
        shaped(call, 1, &["source", "selector"], Shape::Flat, |operands, machine| {
            flatten(operands, machine, Indexed::No)
        })
    }),
    row(
        SEQUENCE,
        "this IEnumerable<TResult> SelectMany<TResult>(Func<T, int, IEnumerable<TResult>> selector)",
        |call| lazy(call, 1, &["source", "selector"], |operands, machine| flatten(operands, machine, Indexed::Yes)),
    ),
    row(
        SEQUENCE,
        "this IEnumerable<TResult> SelectMany<TMiddle, TResult>(Func<T, IEnumerable<TMiddle>> collectionSelector, Func<T, TMiddle, TResult> resultSelector)",
        |call| {
            lazy(call, 2, &["source", "collectionSelector", "resultSelector"], |operands, machine| {
                flatten(operands, machine, Indexed::No)
            })
        },
    ),
    row(
        SEQUENCE,
        "this IEnumerable<TResult> SelectMany<TMiddle, TResult>(Func<T, int, IEnumerable<TMiddle>> collectionSelector, Func<T, TMiddle, TResult> resultSelector)",
        |call| {
            lazy(call, 2, &["source", "collectionSelector", "resultSelector"], |operands, machine| {
                flatten(operands, machine, Indexed::Yes)
            })
        },
    ),
    row("IEnumerable", "this IEnumerable<TResult> Cast<TResult>()", |call| {
        // What is a sequence of the wanted type already stays what it is.
        let wanted = Ty::Generic(Class::IEnumerable, [call.ty(0)].into());
        if wanted.admits(call.value(0)) {
            return Ok(call.value(0).clone());
        }
        typed(call, cast)
    }),
    row("IEnumerable", "this IEnumerable<TResult> OfType<TResult>()", |call| typed(call, of_type)),
    row(SEQUENCE, "this IEnumerable<T> AsEnumerable()", |call| Ok(call.value(0).clone())),
];

/// Whether a delegate is given the place of an item too.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Indexed {
    No,
    Yes,
}

/// Calls a delegate with an item, and with its place when it wants that.
pub(super) fn called(
    machine: &mut Machine<'_>,
    delegate: &Value,
    item: Value,
    at: &mut i32,
    indexed: Indexed,
) -> Outcome<Value> {
    let place = *at;
    *at = at.wrapping_add(1);
    match indexed {
        Indexed::Yes => machine.invoke(delegate, &[item, Value::Int32(place)]),
        Indexed::No => machine.invoke(delegate, &[item]),
    }
}

fn filter(operands: &[Value], machine: &mut Machine<'_>, indexed: Indexed) -> Outcome<Box<dyn Cursor>> {
    let (predicate, mut at) = (operand(operands, 1).clone(), 0);
    stream(operands, machine, move |source, machine| {
        while let Some(item) = machine.advance(source)? {
            if called(machine, &predicate, item.clone(), &mut at, indexed)? == Value::Bool(true) {
                return Ok(Some(item));
            }
        }
        Ok(None)
    })
}

fn select(operands: &[Value], machine: &mut Machine<'_>, indexed: Indexed) -> Outcome<Box<dyn Cursor>> {
    let (selector, mut at) = (operand(operands, 1).clone(), 0);
    stream(operands, machine, move |source, machine| match machine.advance(source)? {
        Some(item) => called(machine, &selector, item, &mut at, indexed).map(Some),
        None => Ok(None),
    })
}

fn flatten(operands: &[Value], machine: &mut Machine<'_>, indexed: Indexed) -> Outcome<Box<dyn Cursor>> {
    let (selector, made, mut at) = (operand(operands, 1).clone(), operand(operands, 2).clone(), 0);
    let mut inner: Option<(Value, Box<dyn Cursor>)> = None;
    stream(operands, machine, move |source, machine| {
        loop {
            if let Some((outer, cursor)) = &mut inner
                && let Some(item) = machine.advance(&mut **cursor)?
            {
                return match made.is_null() {
                    true => Ok(Some(item)),
                    false => machine.invoke(&made, &[outer.clone(), item]).map(Some),
                };
            }
            let Some(outer) = machine.advance(source)? else { return Ok(None) };
            let sequence = called(machine, &selector, outer.clone(), &mut at, indexed)?;
            inner = Some((outer, machine.cursor(&sequence)?));
        }
    })
}

/// All items of a sequence. Where .NET puts the sequences of `SelectMany` together without passing over each, one that is null is an
/// argument of this name.
pub(super) fn gathered(machine: &mut Machine<'_>, sequence: &Value, name: &str) -> Outcome<Vec<Value>> {
    let flat = instance::look(sequence, |lazy: &mut Lazy| (lazy.shape == Shape::Flat).then(|| lazy.operands.clone()));
    let Some(Some(operands)) = flat else { return machine.collect(sequence) };
    let mut items = Vec::new();
    each_in_flat(machine, &operands, name, |machine, inner| {
        items.extend(machine.collect(inner)?);
        if items.len() > ITEMS_MAX { Err(items_limit()) } else { Ok(()) }
    })?;
    Ok(items)
}

/// Looks at the sequences that `SelectMany` puts together, by its operands; one that is null is an argument of this name.
pub(super) fn each_in_flat(
    machine: &mut Machine<'_>,
    operands: &[Value],
    name: &str,
    mut look: impl FnMut(&mut Machine<'_>, &Value) -> Outcome<()>,
) -> Outcome<()> {
    let mut source = machine.cursor(operand(operands, 0))?;
    while let Some(outer) = machine.advance(&mut *source)? {
        let inner = machine.invoke(operand(operands, 1), &[outer])?;
        if inner.is_null() {
            return Err(argument_null(name));
        }
        look(machine, &inner)?;
    }
    Ok(())
}

// The receiver is any sequence; the only type parameter is the wanted type.
fn typed(call: &mut Call<'_, '_>, start: Start) -> Outcome<Value> {
    let mut operands = super::checked(call, &["source"])?;
    let wanted = call.ty(0);
    operands.push(boxed(call, wanted.clone())?);
    call.machine.lazy(wanted, Shape::Plain, start, operands)
}

fn cast(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    let ty = unboxed(operands, 1)?;
    stream(operands, machine, move |source, machine| match machine.advance(source)? {
        None => Ok(None),
        Some(item) => unboxed_as(&ty, item).map(Some),
    })
}

fn of_type(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    let ty = unboxed(operands, 1)?;
    stream(operands, machine, move |source, machine| {
        while let Some(item) = machine.advance(source)? {
            if ty.admits(&item) {
                return Ok(Some(item));
            }
        }
        Ok(None)
    })
}

/// `TakeWhile` and `SkipWhile`.
pub(super) fn while_holds(
    operands: &[Value],
    machine: &mut Machine<'_>,
    indexed: Indexed,
    takes: Takes,
) -> Outcome<Box<dyn Cursor>> {
    let (predicate, mut at, mut open) = (operand(operands, 1).clone(), 0, true);
    stream(operands, machine, move |source, machine| {
        loop {
            let Some(item) = machine.advance(source)? else { return Ok(None) };
            match (takes, open) {
                (Takes::Head, false) => return Ok(None),
                (Takes::Tail, false) => return Ok(Some(item)),
                (Takes::Head | Takes::Tail, true) => {}
            }
            open = called(machine, &predicate, item.clone(), &mut at, indexed)? == Value::Bool(true);
            match (takes, open) {
                (Takes::Head, true) | (Takes::Tail, false) => return Ok(Some(item)),
                (Takes::Head, false) => return Ok(None),
                (Takes::Tail, true) => {}
            }
        }
    })
}

/// Which part of a sequence is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Head,
    Tail,
}

/// Whether any item is taken by the predicate among the operands.
pub(super) fn first_match(
    machine: &mut Machine<'_>,
    cursor: &mut dyn Cursor,
    predicate: &Value,
) -> Outcome<Option<Value>> {
    while let Some(item) = machine.advance(cursor)? {
        if predicate.is_null() || holds(machine, predicate, std::slice::from_ref(&item))? {
            return Ok(Some(item));
        }
    }
    Ok(None)
}
