//! Lengths and elements as `System.Array` sees them, of one dimension or several. Copies, sorts and looks for nothing.

use super::super::string::index;
use super::super::{Call, Row, row};
use super::array::{item_of, stored};
use super::{place, snapshot};
use crate::expr::exception::{Outcome, argument_null, index_out_of_range, null_reference, out_of_range, throw};
use crate::expr::instance::{self, Grid, Items, position};
use crate::value::Value;

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row("Array", "int Length", |call| Ok(index(count(call)?))),
    row("Array", "long LongLength", |call| Ok(long(count(call)?))),
    row("Array", "int Rank", |call| Ok(index(lengths(call.value(0))?.len()))),
    row("Array", "int GetLength(int dimension)", |call| Ok(index(length(call)?))),
    row("Array", "long GetLongLength(int dimension)", |call| Ok(long(length(call)?))),
    row("Array", "int GetLowerBound(int dimension)", |call| length(call).map(|_| Value::Int32(0))),
    row("Array", "int GetUpperBound(int dimension)", |call| match index(length(call)?) {
        Value::Int32(length) => Ok(Value::Int32(length - 1)),
        other => Ok(other),
    }),
    row("Array", "object GetValue(int index)", |call| get(call, &ONE)),
    row("Array", "object GetValue(int index1, int index2)", |call| get(call, &TWO)),
    row("Array", "object GetValue(int index1, int index2, int index3)", |call| get(call, &THREE)),
    row("Array", "object GetValue(params int[] indices)", get_by_row),
    row("Array", "object GetValue(long index)", |call| get(call, &ONE)),
    row("Array", "object GetValue(long index1, long index2)", |call| get(call, &TWO)),
    row("Array", "object GetValue(long index1, long index2, long index3)", |call| get(call, &THREE)),
    row("Array", "object GetValue(params long[] indices)", get_by_row),
    row("Array", "void SetValue(object value, int index)", |call| set(call, &ONE)),
    row("Array", "void SetValue(object value, int index1, int index2)", |call| set(call, &TWO)),
    row("Array", "void SetValue(object value, int index1, int index2, int index3)", |call| set(call, &THREE)),
    row("Array", "void SetValue(object value, params int[] indices)", set_by_row),
    row("Array", "void SetValue(object value, long index)", |call| set(call, &ONE)),
    row("Array", "void SetValue(object value, long index1, long index2)", |call| set(call, &TWO)),
    row("Array", "void SetValue(object value, long index1, long index2, long index3)", |call| set(call, &THREE)),
    row("Array", "void SetValue(object value, params long[] indices)", set_by_row),
];

// The names of the indices, and what an array is called that has other dimensions.
struct Indices {
    names: &'static [&'static str],
    wanted: &'static str,
}

const ONE: Indices = Indices { names: &["index"], wanted: "Array was not a one-dimensional array." };
const TWO: Indices = Indices { names: &["index1", "index2"], wanted: "Array was not a two-dimensional array." };
const THREE: Indices =
    Indices { names: &["index1", "index2", "index3"], wanted: "Array was not a three-dimensional array." };

/// How long an array is in each of its dimensions; null throws.
pub(super) fn lengths(array: &Value) -> Outcome<Vec<usize>> {
    match array {
        Value::Null => Err(null_reference()),
        Value::Strings(items) => Ok(vec![items.len()]),
        Value::Chars(units) => Ok(vec![units.len()]),
        Value::Bytes(bytes) => Ok(vec![bytes.len()]),
        other => match instance::look(other, |grid: &mut Grid| grid.lengths.clone()) {
            Some(lengths) => Ok(lengths),
            None => instance::state(other, |items: &mut Items| vec![items.values.len()]),
        },
    }
}

fn count(call: &Call<'_, '_>) -> Outcome<usize> {
    Ok(lengths(call.value(0))?.iter().product())
}

fn long(length: usize) -> Value {
    Value::Int64(i64::try_from(length).unwrap_or(i64::MAX))
}

fn length(call: &Call<'_, '_>) -> Outcome<usize> {
    let lengths = lengths(call.value(0))?;
    let length = usize::try_from(call.int(1)?).ok().and_then(|at| lengths.get(at).copied());
    length.ok_or_else(|| throw("System.IndexOutOfRangeException", "Array does not have that many dimensions."))
}

fn get(call: &mut Call<'_, '_>, indices: &Indices) -> Outcome<Value> {
    let at = at(call, 1, indices)?;
    element(call, at)
}

fn get_by_row(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let at = at_row(call, 1)?;
    element(call, at)
}

fn set(call: &mut Call<'_, '_>, indices: &Indices) -> Outcome<Value> {
    let at = at(call, 2, indices)?;
    put(call, at)
}

fn set_by_row(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let at = at_row(call, 2)?;
    put(call, at)
}

fn element(call: &mut Call<'_, '_>, at: usize) -> Outcome<Value> {
    let array = call.value(0);
    let found = instance::look(array, |items: &mut Items| items.values.get(at).cloned())
        .or_else(|| instance::look(array, |grid: &mut Grid| grid.values.get(at).cloned()));
    let found = match found {
        Some(found) => found,
        None => snapshot(call, 0)?.into_iter().nth(at),
    };
    found.ok_or_else(index_out_of_range)
}

fn put(call: &mut Call<'_, '_>, at: usize) -> Outcome<Value> {
    let value = stored(call.value(1), &item_of(call.value(0)))?;
    place(call, vec![value], 0, at)
}

// Where the element stands whose indices are the arguments from here on.
fn at(call: &Call<'_, '_>, from: usize, indices: &Indices) -> Outcome<usize> {
    let mut at = Vec::with_capacity(indices.names.len());
    for (argument, name) in (from..).zip(indices.names) {
        at.push(narrowed(call.long(argument)?, name)?);
    }
    let lengths = lengths(call.value(0))?;
    if lengths.len() != at.len() {
        return Err(throw("System.ArgumentException", indices.wanted));
    }
    position(&lengths, &at).ok_or_else(index_out_of_range)
}

// The same for indices in an array of their own.
fn at_row(call: &mut Call<'_, '_>, argument: usize) -> Outcome<usize> {
    if call.value(argument).is_null() {
        return Err(argument_null("indices"));
    }
    let given = call.machine.collect(call.value(argument))?;
    let lengths = lengths(call.value(0))?;
    if lengths.len() != given.len() {
        return Err(throw("System.ArgumentException", "Indices length does not match the array rank."));
    }
    let mut at = Vec::with_capacity(given.len());
    for index in given {
        at.push(match index {
            Value::Int64(index) => narrowed(index, "index")?,
            Value::Int32(index) => narrowed(i64::from(index), "index")?,
            _ => return Err(index_out_of_range()),
        });
    }
    position(&lengths, &at).ok_or_else(index_out_of_range)
}

// An index below zero is kept as one that is out of every range.
fn narrowed(index: i64, name: &str) -> Outcome<usize> {
    let index = i32::try_from(index).map_err(|_| out_of_range("Arrays larger than 2GB are not supported.", name))?;
    Ok(usize::try_from(index).unwrap_or(usize::MAX))
}
