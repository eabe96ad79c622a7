//! What is looked for in arrays, by the static members of `System.Array`.

use super::super::{Call, Row, row};
use super::array::array;
use super::list_search::{first_equal, halved, last_equal, or_default, place_of};
use super::{bad_count, bad_end_index, bad_index, holds, range, snapshot, sort};
use crate::expr::exception::{Outcome, argument_null, out_of_range};
use crate::value::Value;

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row("Array", "static int IndexOf<T>(T[] array, T value)", |call| index_of(call, None, None)),
    row("Array", "static int IndexOf<T>(T[] array, T value, int startIndex)", |call| index_of(call, Some(2), None)),
    row("Array", "static int IndexOf<T>(T[] array, T value, int startIndex, int count)", |call| {
        index_of(call, Some(2), Some(3))
    }),
    row("Array", "static int IndexOf(Array array, object value)", |call| index_of(call, None, None)),
    row("Array", "static int IndexOf(Array array, object value, int startIndex)", |call| index_of(call, Some(2), None)),
    row("Array", "static int IndexOf(Array array, object value, int startIndex, int count)", |call| {
        index_of(call, Some(2), Some(3))
    }),
    row("Array", "static int LastIndexOf<T>(T[] array, T value)", |call| last_index_of(call, None, None)),
    row("Array", "static int LastIndexOf<T>(T[] array, T value, int startIndex)", |call| {
        last_index_of(call, Some(2), None)
    }),
    row("Array", "static int LastIndexOf<T>(T[] array, T value, int startIndex, int count)", |call| {
        last_index_of(call, Some(2), Some(3))
    }),
    row("Array", "static int LastIndexOf(Array array, object value)", |call| last_untyped(call, None, None)),
    row("Array", "static int LastIndexOf(Array array, object value, int startIndex)", |call| {
        last_untyped(call, Some(2), None)
    }),
    row("Array", "static int LastIndexOf(Array array, object value, int startIndex, int count)", |call| {
        last_untyped(call, Some(2), Some(3))
    }),
    row("Array", "static int BinarySearch<T>(T[] array, T value)", |call| search(call, 1, None)),
    row("Array", "static int BinarySearch<T>(T[] array, T value, IComparer<T> comparer)", |call| {
        search(call, 1, Some(2))
    }),
    row("Array", "static int BinarySearch<T>(T[] array, int index, int length, T value)", |call| search(call, 3, None)),
    row(
        "Array",
        "static int BinarySearch<T>(T[] array, int index, int length, T value, IComparer<T> comparer)",
        |call| search(call, 3, Some(4)),
    ),
    row("Array", "static int BinarySearch(Array array, object value)", |call| search(call, 1, None)),
    row("Array", "static int BinarySearch(Array array, int index, int length, object value)", |call| {
        search(call, 3, None)
    }),
    row("Array", "static bool Exists<T>(T[] array, Predicate<T> match)", |call| {
        Ok(Value::Bool(forward(call, 0, None, 1)?.is_some()))
    }),
    row("Array", "static bool TrueForAll<T>(T[] array, Predicate<T> match)", |call| {
        array(call, 0)?;
        not_null(call, 1, "match")?;
        for item in snapshot(call, 0)? {
            if !holds(call, 1, &item)? {
                return Ok(Value::Bool(false));
            }
        }
        Ok(Value::Bool(true))
    }),
    row("Array", "static void ForEach<T>(T[] array, Action<T> action)", |call| {
        let length = array(call, 0)?;
        not_null(call, 1, "action")?;
        for at in 0..length {
            let item = match crate::expr::instance::look(call.value(0), |items: &mut crate::expr::instance::Items| {
                items.values.get(at).cloned()
            }) {
                Some(item) => item,
                None => snapshot(call, 0)?.into_iter().nth(at),
            };
            call.invoke(1, &[item.unwrap_or(Value::Null)])?;
        }
        Ok(Value::Null)
    }),
    row("Array", "static T Find<T>(T[] array, Predicate<T> match)", |call| {
        let found = forward(call, 0, None, 1)?;
        Ok(or_default(call, found))
    }),
    row("Array", "static T FindLast<T>(T[] array, Predicate<T> match)", |call| {
        let length = array(call, 0)?;
        let found = backward(call, length.checked_sub(1), length, 1)?;
        Ok(or_default(call, found))
    }),
    row("Array", "static T[] FindAll<T>(T[] array, Predicate<T> match)", |call| {
        array(call, 0)?;
        not_null(call, 1, "match")?;
        let mut kept = Vec::new();
        for item in snapshot(call, 0)? {
            if holds(call, 1, &item)? {
                kept.push(item);
            }
        }
        call.machine.array_of(call.ty(0), kept)
    }),
    row("Array", "static int FindIndex<T>(T[] array, Predicate<T> match)", |call| {
        Ok(place_of(forward(call, 0, None, 1)?))
    }),
    row("Array", "static int FindIndex<T>(T[] array, int startIndex, Predicate<T> match)", |call| {
        let (from, count) = from_place(call, 1, None)?;
        Ok(place_of(forward(call, from, Some(count), 2)?))
    }),
    row("Array", "static int FindIndex<T>(T[] array, int startIndex, int count, Predicate<T> match)", |call| {
        let (from, count) = from_place(call, 1, Some(2))?;
        Ok(place_of(forward(call, from, Some(count), 3)?))
    }),
    row("Array", "static int FindLastIndex<T>(T[] array, Predicate<T> match)", |call| {
        let length = array(call, 0)?;
        Ok(place_of(backward(call, length.checked_sub(1), length, 1)?))
    }),
    row("Array", "static int FindLastIndex<T>(T[] array, int startIndex, Predicate<T> match)", |call| {
        array(call, 0)?;
        super::list_search::find_last_index(call, false)
    }),
    row("Array", "static int FindLastIndex<T>(T[] array, int startIndex, int count, Predicate<T> match)", |call| {
        array(call, 0)?;
        super::list_search::find_last_index(call, true)
    }),
];

fn not_null(call: &Call<'_, '_>, at: usize, parameter: &str) -> Outcome<()> {
    if call.value(at).is_null() { Err(argument_null(parameter)) } else { Ok(()) }
}

fn from_place(call: &Call<'_, '_>, at: usize, count: Option<usize>) -> Outcome<(usize, usize)> {
    let length = array(call, 0)?;
    let from = usize::try_from(call.int(at)?).ok().filter(|from| *from <= length);
    let from = from.ok_or_else(|| bad_end_index("startIndex"))?;
    let most = length - from;
    let count = match count {
        Some(at) => usize::try_from(call.int(at)?).ok().filter(|count| *count <= most).ok_or_else(bad_count)?,
        None => most,
    };
    Ok((from, count))
}

fn forward(
    call: &mut Call<'_, '_>,
    from: usize,
    count: Option<usize>,
    predicate: usize,
) -> Outcome<Option<(usize, Value)>> {
    array(call, 0)?;
    super::list_search::forward(call, predicate, from, count)
}

fn backward(
    call: &mut Call<'_, '_>,
    from: Option<usize>,
    count: usize,
    predicate: usize,
) -> Outcome<Option<(usize, Value)>> {
    super::list_search::backward(call, predicate, from, count)
}

fn index_of(call: &mut Call<'_, '_>, start: Option<usize>, count: Option<usize>) -> Outcome<Value> {
    let length = array(call, 0)?;
    let (from, count) = match start {
        Some(start) => from_place(call, start, count)?,
        None => (0, length),
    };
    first_equal(call, from, count)
}

fn last_index_of(call: &mut Call<'_, '_>, start: Option<usize>, count: Option<usize>) -> Outcome<Value> {
    let length = array(call, 0)?;
    if length == 0 {
        return empty(call, start, count);
    }
    let from = match start {
        Some(start) => {
            let from = usize::try_from(call.int(start)?).ok().filter(|from| *from < length);
            from.ok_or_else(|| bad_index("startIndex"))?
        }
        None => length - 1,
    };
    let count = match count {
        Some(count) => {
            usize::try_from(call.int(count)?).ok().filter(|count| *count <= from + 1).ok_or_else(bad_count)?
        }
        None => from + 1,
    };
    last_equal(call, Some(from), count)
}

// The one for any array looks at nothing in an empty one, and has words of its own for a count that goes too far.
fn last_untyped(call: &mut Call<'_, '_>, start: Option<usize>, count: Option<usize>) -> Outcome<Value> {
    let length = array(call, 0)?;
    if length == 0 {
        return Ok(Value::Int32(-1));
    }
    if let (Some(start), Some(count)) = (start, count) {
        let (from, count) = (call.int(start)?, call.int(count)?);
        if usize::try_from(from).is_ok_and(|from| from < length) && count > from + 1 {
            return Err(out_of_range("endIndex cannot be greater than startIndex.", "endIndex"));
        }
    }
    last_index_of(call, start, count)
}

// In an empty array the search may begin before the first item and at it, and nowhere else.
fn empty(call: &Call<'_, '_>, start: Option<usize>, count: Option<usize>) -> Outcome<Value> {
    let start = start.map_or(Ok(0), |at| call.int(at))?;
    if !matches!(start, -1 | 0) {
        return Err(bad_index("startIndex"));
    }
    if count.map_or(Ok(0), |at| call.int(at))? != 0 {
        return Err(bad_count());
    }
    Ok(Value::Int32(-1))
}

/// Halves a sorted array, or the part of it that the arguments before the value say.
pub(super) fn search(call: &mut Call<'_, '_>, wanted: usize, comparer: Option<usize>) -> Outcome<Value> {
    let length = array(call, 0)?;
    let part = if wanted == 1 { (0, length) } else { range(call, 1, length, ("index", "length"))? };
    let items = snapshot(call, 0)?;
    let by = comparer.map_or(sort::By::Default, |at| sort::By::Comparer(call.value(at).clone()));
    halved(call, &items, part, wanted, by)
}
