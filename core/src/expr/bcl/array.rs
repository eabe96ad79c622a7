//! `System.Array`, and the sorting of lists. Elements and lengths are the language's own.

use super::linq_eager::compared;
use super::string::{index, not_negative};
use super::{Call, Member, Row, row};
use crate::expr::exception::{Outcome, argument_null, broken, throw};
use crate::expr::instance::Items;
use crate::expr::ty::Ty;
use crate::value::Value;

pub(super) const ROWS: &[Row] = &[
    row("Array", "static void Sort<T>(T[] array)", |call| {
        let mut items = call.items(0, "array")?;
        items.sort_by(compared);
        put(call, 0, items)
    }),
    row("Array", "static void Sort<T>(T[] array, Comparison<T> comparison)", |call| {
        let items = call.items(0, "array")?;
        let sorted = by_comparison(call, items, 1)?;
        put(call, 0, sorted)
    }),
    row("Array", "static void Reverse<T>(T[] array)", |call| {
        let mut items = call.items(0, "array")?;
        items.reverse();
        put(call, 0, items)
    }),
    row("Array", "static void Copy<T>(T[] sourceArray, T[] destinationArray, int length)", |call| {
        copy(call, (0, 0), (1, 0), 2)
    }),
    row(
        "Array",
        "static void Copy<T>(T[] sourceArray, int sourceIndex, T[] destinationArray, int destinationIndex, int length)",
        |call| {
            let from = not_negative(call.int(1)?, "sourceIndex")?;
            let to = not_negative(call.int(3)?, "destinationIndex")?;
            copy(call, (0, from), (2, to), 4)
        },
    ),
    row("Array", "static int IndexOf<T>(T[] array, T value)", |call| {
        let wanted = call.value(1).clone();
        let at = call.items(0, "array")?.iter().position(|item| *item == wanted);
        Ok(at.map_or(Value::Int32(-1), index))
    }),
    row("Array", "static bool Exists<T>(T[] array, Predicate<T> match)", |call| {
        Ok(Value::Bool(found(call)?.is_some()))
    }),
    row("Array", "static T Find<T>(T[] array, Predicate<T> match)", |call| {
        let default = call.ty(0).default_value().unwrap_or(Value::Null);
        Ok(found(call)?.map_or(default, |(_, item)| item))
    }),
    row("Array", "static int FindIndex<T>(T[] array, Predicate<T> match)", |call| {
        Ok(found(call)?.map_or(Value::Int32(-1), |(at, _)| index(at)))
    }),
    row("Array", "static T[] FindAll<T>(T[] array, Predicate<T> match)", |call| {
        let mut kept = Vec::new();
        for item in call.items(0, "array")? {
            if call.invoke(1, std::slice::from_ref(&item))? == Value::Bool(true) {
                kept.push(item);
            }
        }
        call.machine.array_of(call.ty(0), kept)
    }),
    row(
        "Array",
        "static TOutput[] ConvertAll<TInput, TOutput>(TInput[] array, Func<TInput, TOutput> converter)",
        |call| {
            let mut made = Vec::new();
            for item in call.items(0, "array")? {
                made.push(call.invoke(1, &[item])?);
            }
            call.machine.array_of(call.ty(1), made)
        },
    ),
    row("Array", "static T[] Empty<T>()", |call| call.machine.array_of(call.ty(0), Vec::new())),
    row("List<T>", "void Sort()", |call| {
        let mut items = call.items(0, "list")?;
        items.sort_by(compared);
        put(call, 0, items)
    }),
    row("List<T>", "void Sort(Comparison<T> comparison)", |call| {
        let items = call.items(0, "list")?;
        let sorted = by_comparison(call, items, 1)?;
        put(call, 0, sorted)
    }),
];

fn found(call: &mut Call<'_, '_>) -> Outcome<Option<(usize, Value)>> {
    for (at, item) in call.items(0, "array")?.into_iter().enumerate() {
        if call.invoke(1, std::slice::from_ref(&item))? == Value::Bool(true) {
            return Ok(Some((at, item)));
        }
    }
    Ok(None)
}

// Arrays that a member changes are never of the kind that does not change: the checker sees to it.
fn put(call: &mut Call<'_, '_>, at: usize, values: Vec<Value>) -> Outcome<Value> {
    call.state(at, |items: &mut Items| {
        items.version = items.version.wrapping_add(1);
        items.values = values;
        Value::Null
    })
}

// Merges runs, so that a comparison that contradicts itself, or throws, does no harm.
fn by_comparison(call: &mut Call<'_, '_>, items: Vec<Value>, comparison: usize) -> Outcome<Vec<Value>> {
    if call.value(comparison).is_null() {
        return Err(argument_null("comparison"));
    }
    let mut runs: Vec<Vec<Value>> = items.into_iter().map(|item| vec![item]).collect();
    while runs.len() > 1 {
        let mut merged = Vec::with_capacity(runs.len().div_ceil(2));
        let mut rest = runs.into_iter();
        while let Some(left) = rest.next() {
            merged.push(match rest.next() {
                Some(right) => merge(call, left, right, comparison)?,
                None => left,
            });
        }
        runs = merged;
    }
    Ok(runs.pop().unwrap_or_default())
}

fn merge(call: &mut Call<'_, '_>, left: Vec<Value>, right: Vec<Value>, comparison: usize) -> Outcome<Vec<Value>> {
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let order = match call.invoke(comparison, &[a.clone(), b.clone()])? {
            Value::Int32(order) => order,
            _ => return Err(broken("a comparison that gives no int")),
        };
        merged.extend(if order <= 0 { left.next() } else { right.next() });
    }
    merged.extend(left);
    merged.extend(right);
    Ok(merged)
}

fn copy(call: &mut Call<'_, '_>, from: (usize, usize), to: (usize, usize), length: usize) -> Outcome<Value> {
    let count = not_negative(call.int(length)?, "length")?;
    let source = call.items(from.0, "sourceArray")?;
    if call.value(to.0).is_null() {
        return Err(argument_null("destinationArray"));
    }
    let room = call.state(to.0, |items: &mut Items| items.values.len())?;
    let too_long = |array: &str, parameter: &str| {
        let message = format!(
            "{array} array was not long enough. Check the {} index, length, and the array's lower bounds. (Parameter \
             '{parameter}')",
            array.to_ascii_lowercase()
        );
        throw("System.ArgumentException", message)
    };
    if count > source.len().saturating_sub(from.1) {
        return Err(too_long("Source", "sourceArray"));
    }
    if count > room.saturating_sub(to.1) {
        return Err(too_long("Destination", "destinationArray"));
    }
    call.state(to.0, |items: &mut Items| {
        let part = source.into_iter().skip(from.1).take(count);
        for (place, value) in items.values.iter_mut().skip(to.1).zip(part) {
            *place = value;
        }
        Value::Null
    })
}

/// Whether a member changes an array that it is given: it returns nothing, or how much it wrote, so that is what it is for.
pub(crate) fn changes_arrays(member: &Member) -> bool {
    let fills = matches!(&*member.name, "ToBase64CharArray" | "GetBytes" | "GetChars" | "Read" | "ReadBlock")
        && member.result == Ty::Int32;
    (member.result == Ty::Void || fills)
        && member.parameters.iter().any(|parameter| matches!(parameter.ty, Ty::Array(_)))
}
