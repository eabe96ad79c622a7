//! Parts of sequences, and sequences put together: `Take` and `Skip` in all forms, `Chunk`, `Concat`, `Append`, `Reverse`, `Zip`.

use std::collections::VecDeque;

use super::super::{Call, Row, row};
use super::filter::{Indexed, Takes, gathered, while_holds};
use super::window::{count_of, known_count, window};
use super::{boxed, checked, default, generate, is_nothing, lazy, nothing, operand, ready, shaped, stream, unboxed};
use crate::expr::eval::Machine;
use crate::expr::eval::cursor::{Cursor, Shape, Start};
use crate::expr::exception::{Outcome, out_of_range};
use crate::expr::instance::Record;
use crate::expr::ty::{RecordKind, Ty};
use crate::value::Value;

const SEQUENCE: &str = "IEnumerable<T>";

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row(SEQUENCE, "this IEnumerable<T> Take(int count)", |call| taken(call, Shape::Take, take)),
    row(SEQUENCE, "this IEnumerable<T> Skip(int count)", |call| {
        if is_nothing(call.value(0)) {
            return Ok(call.value(0).clone());
        }
        shaped(call, 0, &["source"], Shape::Skip, skip)
    }),
    row(SEQUENCE, "this IEnumerable<T> TakeWhile(Func<T, bool> predicate)", |call| {
        lazy(call, 0, &["source", "predicate"], |operands, machine| {
            while_holds(operands, machine, Indexed::No, Takes::Head)
        })
    }),
    row(SEQUENCE, "this IEnumerable<T> TakeWhile(Func<T, int, bool> predicate)", |call| {
        lazy(call, 0, &["source", "predicate"], |operands, machine| {
            while_holds(operands, machine, Indexed::Yes, Takes::Head)
        })
    }),
    row(SEQUENCE, "this IEnumerable<T> SkipWhile(Func<T, bool> predicate)", |call| {
        lazy(call, 0, &["source", "predicate"], |operands, machine| {
            while_holds(operands, machine, Indexed::No, Takes::Tail)
        })
    }),
    row(SEQUENCE, "this IEnumerable<T> SkipWhile(Func<T, int, bool> predicate)", |call| {
        lazy(call, 0, &["source", "predicate"], |operands, machine| {
            while_holds(operands, machine, Indexed::Yes, Takes::Tail)
        })
    }),
    row(SEQUENCE, "this IEnumerable<T> TakeLast(int count)", |call| taken(call, Shape::Plain, take_last)),
    row(SEQUENCE, "this IEnumerable<T> SkipLast(int count)", |call| lazy(call, 0, &["source"], skip_last)),
    row(SEQUENCE, "this IEnumerable<T[]> Chunk(int size)", |call| {
        let mut operands = checked(call, &["source"])?;
        if call.int(1)? < 1 {
            return Err(out_of_range("Specified argument was out of the range of valid values.", "size"));
        }
        let item = call.ty(0);
        operands.push(boxed(call, item.clone())?);
        call.machine.lazy(Ty::array(item), Shape::Plain, chunk, operands)
    }),
    row(SEQUENCE, "this IEnumerable<T> Concat(IEnumerable<T> second)", |call| {
        shaped(call, 0, &["first", "second"], Shape::Both, concat)
    }),
    row(SEQUENCE, "this IEnumerable<T> Append(T element)", |call| {
        shaped(call, 0, &["source"], Shape::OneMore, |operands, machine| {
            let mut element = Some(operand(operands, 1).clone());
            stream(operands, machine, move |source, machine| match &element {
                None => Ok(None),
                Some(_) => Ok(machine.advance(source)?.or_else(|| element.take())),
            })
        })
    }),
    row(SEQUENCE, "this IEnumerable<T> Prepend(T element)", |call| {
        shaped(call, 0, &["source"], Shape::OneMore, |operands, _| {
            let (source, mut element) = (operand(operands, 0).clone(), Some(operand(operands, 1).clone()));
            let mut rest: Option<Box<dyn Cursor>> = None;
            generate(move |machine| {
                if let Some(element) = element.take() {
                    return Ok(Some(element));
                }
                let cursor = match &mut rest {
                    Some(cursor) => cursor,
                    None => rest.insert(machine.cursor(&source)?),
                };
                machine.advance(&mut **cursor)
            })
        })
    }),
    row(SEQUENCE, "this IEnumerable<T> Reverse()", |call| {
        shaped(call, 0, &["source"], Shape::Rearranged, |operands, machine| {
            let mut items = gathered(machine, operand(operands, 0), "source")?;
            items.reverse();
            ready(items)
        })
    }),
    row(SEQUENCE, "this IEnumerable<T> DefaultIfEmpty()", |call| {
        let mut operands = checked(call, &["source"])?;
        operands.push(default(call));
        let item = call.ty(0);
        call.machine.lazy(item, Shape::Plain, default_if_empty, operands)
    }),
    row(SEQUENCE, "this IEnumerable<T> DefaultIfEmpty(T defaultValue)", |call| {
        lazy(call, 0, &["source"], default_if_empty)
    }),
    row(
        SEQUENCE,
        "this IEnumerable<TResult> Zip<TSecond, TResult>(IEnumerable<TSecond> second, Func<T, TSecond, TResult> resultSelector)",
        |call| lazy(call, 2, &["first", "second", "resultSelector"], zip),
    ),
    row(SEQUENCE, "this IEnumerable<Zipped<T, TSecond>> Zip<TSecond>(IEnumerable<TSecond> second)", |call| {
        zipped(call, &["first", "second"])
    }),
    row(
        SEQUENCE,
        "this IEnumerable<Zipped<T, TSecond, TThird>> Zip<TSecond, TThird>(IEnumerable<TSecond> second, IEnumerable<TThird> third)",
        |call| zipped(call, &["first", "second", "third"]),
    ),
];

// Nothing at all is no part of the source.
fn taken(call: &mut Call<'_, '_>, shape: Shape, start: Start) -> Outcome<Value> {
    checked(call, &["source"])?;
    if call.int(1)? <= 0 || is_nothing(call.value(0)) {
        let item = call.ty(0);
        return nothing(call, item);
    }
    shaped(call, 0, &["source"], shape, start)
}

fn take(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    let mut left = count_of(operands);
    if left == 0 {
        return ready(Vec::new());
    }
    if let Some(cursor) = in_places(operand(operands, 0), 0, left) {
        return Ok(cursor);
    }
    stream(operands, machine, move |source, machine| match left.checked_sub(1) {
        Some(rest) => {
            left = rest;
            machine.advance(source)
        }
        None => Ok(None),
    })
}

fn skip(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    let mut left = count_of(operands);
    if let Some(cursor) = in_places(operand(operands, 0), left, usize::MAX) {
        return Ok(cursor);
    }
    stream(operands, machine, move |source, machine| {
        while left > 0 {
            left -= 1;
            if machine.advance(source)?.is_none() {
                left = 0;
                return Ok(None);
            }
        }
        machine.advance(source)
    })
}

// Of a list, places are read, not passed over; nothing is made of what is skipped.
fn in_places(source: &Value, from: usize, count: usize) -> Option<Box<dyn Cursor>> {
    let window = window(source)?;
    let (mut at, end) = (from, from.saturating_add(count));
    generate(move |machine| {
        if at >= end {
            return Ok(None);
        }
        let item = window.at(at, machine)?;
        at += 1;
        Ok(item)
    })
    .ok()
}

fn take_last(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    let kept = count_of(operands);
    if kept == 0 {
        return ready(Vec::new());
    }
    if let Some(count) = known_count(operand(operands, 0)) {
        let mut passed = count.saturating_sub(kept);
        if let Some(cursor) = in_places(operand(operands, 0), passed, count - passed) {
            return Ok(cursor);
        }
        return stream(operands, machine, move |source, machine| {
            while passed > 0 && machine.advance(source)?.is_some() {
                passed -= 1;
            }
            machine.advance(source)
        });
    }
    let mut items = machine.collect(operand(operands, 0))?;
    ready(items.split_off(items.len().saturating_sub(kept)))
}

fn skip_last(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    let held_back = count_of(operands);
    // Where the number of items is known, the last ones are not asked for.
    if let (Some(count), true) = (known_count(operand(operands, 0)), held_back > 0) {
        let mut left = count.saturating_sub(held_back);
        if let Some(cursor) = in_places(operand(operands, 0), 0, left) {
            return Ok(cursor);
        }
        return stream(operands, machine, move |source, machine| match left.checked_sub(1) {
            Some(rest) => {
                left = rest;
                machine.advance(source)
            }
            None => Ok(None),
        });
    }
    let mut held: VecDeque<Value> = VecDeque::new();
    stream(operands, machine, move |source, machine| {
        while let Some(item) = machine.advance(source)? {
            machine.charge(size_of::<Value>())?;
            held.push_back(item);
            if held.len() > held_back {
                return Ok(held.pop_front());
            }
        }
        Ok(None)
    })
}

fn chunk(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    let (size, item) = (count_of(operands), unboxed(operands, 2)?);
    stream(operands, machine, move |source, machine| {
        let mut items = Vec::new();
        while items.len() < size
            && let Some(item) = machine.advance(source)?
        {
            items.push(item);
        }
        if items.is_empty() { Ok(None) } else { machine.array_of(item.clone(), items).map(Some) }
    })
}

fn concat(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    let second = operand(operands, 1).clone();
    let mut rest: Option<Box<dyn Cursor>> = None;
    stream(operands, machine, move |source, machine| {
        loop {
            if let Some(cursor) = &mut rest {
                return machine.advance(&mut **cursor);
            }
            if let Some(item) = machine.advance(source)? {
                return Ok(Some(item));
            }
            rest = Some(machine.cursor(&second)?);
        }
    })
}

fn default_if_empty(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    let mut default = Some(operand(operands, 1).clone());
    stream(operands, machine, move |source, machine| match machine.advance(source)? {
        Some(item) => {
            default = None;
            Ok(Some(item))
        }
        None => Ok(default.take()),
    })
}

fn zip(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    let source = machine.cursor(operand(operands, 0))?;
    let mut second = machine.cursor(operand(operands, 1))?;
    let made = operand(operands, 2).clone();
    let next = move |source: &mut dyn Cursor, machine: &mut Machine<'_>| {
        let Some(a) = machine.advance(source)? else { return Ok(None) };
        let Some(b) = machine.advance(&mut *second)? else { return Ok(None) };
        machine.invoke(&made, &[a, b]).map(Some)
    };
    Ok(Box::new(super::Stream { source, next }))
}

// Tuples of what stands at the same place.
fn zipped(call: &mut Call<'_, '_>, parameters: &[&str]) -> Outcome<Value> {
    let mut operands = checked(call, parameters)?;
    let names = ["First", "Second", "Third"];
    let members = names.iter().take(parameters.len()).enumerate().map(|(at, name)| ((*name).into(), call.ty(at)));
    let ty = Ty::Record(RecordKind::Tuple, members.collect());
    operands.push(boxed(call, ty.clone())?);
    call.machine.lazy(ty, Shape::Plain, tuples, operands)
}

fn tuples(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    let Some((_, sources)) = operands.split_last() else { return ready(Vec::new()) };
    let ty = unboxed(operands, sources.len())?;
    let mut cursors = Vec::new();
    for source in sources {
        cursors.push(machine.cursor(source)?);
    }
    generate(move |machine| {
        let mut members = Vec::new();
        for cursor in &mut cursors {
            let Some(item) = machine.advance(&mut **cursor)? else { return Ok(None) };
            members.push(item);
        }
        machine.object(ty.clone(), Record::new(members)?).map(Some)
    })
}
