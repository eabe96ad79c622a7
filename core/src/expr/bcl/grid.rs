//! The lengths of arrays, also of those of several dimensions. Elements are the language's own.

use super::{Call, Row, row};
use crate::expr::exception::{Outcome, throw};
use crate::expr::instance::{self, Grid, Items};
use crate::value::Value;

pub(super) const ROWS: &[Row] = &[
    row("Array", "int Length", |call| {
        let lengths = lengths(call)?;
        Ok(Value::Int32(i32::try_from(lengths.iter().product::<usize>()).unwrap_or(i32::MAX)))
    }),
    row("Array", "int Rank", |call| Ok(Value::Int32(i32::try_from(lengths(call)?.len()).unwrap_or(i32::MAX)))),
    row("Array", "int GetLength(int dimension)", |call| length(call).map(Value::Int32)),
    row("Array", "int GetLowerBound(int dimension)", |call| length(call).map(|_| Value::Int32(0))),
    row("Array", "int GetUpperBound(int dimension)", |call| length(call).map(|length| Value::Int32(length - 1))),
];

fn lengths(call: &Call<'_, '_>) -> Outcome<Vec<usize>> {
    match call.value(0) {
        Value::Strings(items) => Ok(vec![items.len()]),
        Value::Chars(units) => Ok(vec![units.len()]),
        Value::Bytes(bytes) => Ok(vec![bytes.len()]),
        other => match instance::look(other, |grid: &mut Grid| grid.lengths.clone()) {
            Some(lengths) => Ok(lengths),
            None => instance::state(other, |items: &mut Items| vec![items.values.len()]),
        },
    }
}

fn length(call: &Call<'_, '_>) -> Outcome<i32> {
    let out = || throw("System.IndexOutOfRangeException", "Array does not have that many dimensions.");
    let at = usize::try_from(call.int(1)?).map_err(|_| out())?;
    let length = lengths(call)?.get(at).copied().ok_or_else(out)?;
    Ok(i32::try_from(length).unwrap_or(i32::MAX))
}
