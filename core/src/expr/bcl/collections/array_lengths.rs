//! Arrays that are made or resized by their lengths.

use super::super::{Call, Row, row};
use super::{needs_not_negative, snapshot};
use crate::expr::eval::items_limit;
use crate::expr::exception::{Outcome, argument_null, broken, out_of_range, throw};
use crate::expr::limits::ITEMS_MAX;
use crate::value::Value;

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row("Array", "static Array CreateInstance(Type elementType, int length)", |call| made(call, &["length"])),
    row("Array", "static Array CreateInstance(Type elementType, int length1, int length2)", |call| {
        made(call, &["length1", "length2"])
    }),
    row("Array", "static Array CreateInstance(Type elementType, int length1, int length2, int length3)", |call| {
        made(call, &["length1", "length2", "length3"])
    }),
    row("Array", "static Array CreateInstance(Type elementType, params int[] lengths)", |call| made(call, &[])),
    row("Array", "static Array CreateInstance(Type elementType, params long[] lengths)", |call| made(call, &[])),
    row("Array", "static int MaxLength", |_| Ok(Value::Int32(0x7fff_ffc7))),
    row("Array", "static void Resize<T>(ref T[] array, int newSize)", |call| {
        let size = needs_not_negative(call.int(1)?, "newSize")?;
        let mut items = if call.value(0).is_null() { Vec::new() } else { snapshot(call, 0)? };
        if items.len() == size && !call.value(0).is_null() {
            call.give(call.value(0).clone());
            return Ok(Value::Null);
        }
        super::grown(call, 0, size)?;
        items.resize(size, call.ty(0).default_value().unwrap_or(Value::Null));
        let array = call.machine.array_of(call.ty(0), items)?;
        call.give(array);
        Ok(Value::Null)
    }),
];

fn made(call: &mut Call<'_, '_>, names: &[&str]) -> Outcome<Value> {
    let item = call.type_object(0, "elementType")?;
    let given = match names {
        [] if call.value(1).is_null() => return Err(argument_null("lengths")),
        [] => call.machine.collect(call.value(1))?,
        _ => call.arguments.get(1..).unwrap_or(&[]).to_vec(),
    };
    if given.is_empty() {
        return Err(throw("System.ArgumentException", "Must provide at least one rank."));
    }
    let mut sizes = Vec::new();
    for (at, length) in given.iter().enumerate() {
        let size = match length {
            Value::Int32(length) => usize::try_from(*length),
            Value::Int64(length) => usize::try_from(*length),
            _ => return Err(broken("expected a length")),
        };
        let name = || names.get(at).map_or_else(|| format!("lengths[{at}]"), ToString::to_string);
        sizes.push(size.map_err(|_| out_of_range("Non-negative number required.", &name()))?);
    }
    let count = sizes.iter().try_fold(1_usize, |count, size| count.checked_mul(*size));
    let count = count.filter(|count| *count <= ITEMS_MAX).ok_or_else(items_limit)?;
    super::grown(call, 0, count)?;
    let values = vec![item.default_value().unwrap_or(Value::Null); count];
    match sizes.as_slice() {
        [_] => call.machine.array_of(item, values),
        _ => call.machine.grid_of(&item, sizes, values),
    }
}
