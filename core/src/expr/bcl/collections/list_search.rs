//! What is looked for in a `List<T>`: by value, by predicate, in halves.

use std::cmp::Ordering;

use super::super::string::index;
use super::super::{Call, Row, row};
use super::key::{Folding, equal};
use super::{bad_count, bad_end_index, bad_index, found, holds, needs_not_negative, range, snapshot, sort};
use crate::expr::exception::{Outcome, argument_null, out_of_range};
use crate::expr::instance::Items;
use crate::value::Value;

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row("List<T>", "bool Contains(T item)", super::contains),
    row("List<T>", "int IndexOf(T item)", |call| Ok(place(found(call)?))),
    row("List<T>", "int IndexOf(T item, int index)", |call| {
        let length = length(call)?;
        let from = call.int(2)?;
        if from > i32::try_from(length).unwrap_or(i32::MAX) {
            return Err(bad_end_index("index"));
        }
        let from = usize::try_from(from).map_err(|_| bad_end_index("startIndex"))?;
        first_equal(call, from, length - from)
    }),
    row("List<T>", "int IndexOf(T item, int index, int count)", |call| {
        let length = length(call)?;
        let from = call.int(2)?;
        if from > i32::try_from(length).unwrap_or(i32::MAX) {
            return Err(bad_end_index("index"));
        }
        let count = usize::try_from(call.int(3)?).map_err(|_| bad_count())?;
        if i64::from(from) > i64::try_from(length).unwrap_or(i64::MAX) - i64::try_from(count).unwrap_or(i64::MAX) {
            return Err(bad_count());
        }
        let from = usize::try_from(from).map_err(|_| bad_end_index("startIndex"))?;
        if count > length - from {
            return Err(bad_count());
        }
        first_equal(call, from, count)
    }),
    row("List<T>", "int LastIndexOf(T item)", |call| {
        let length = length(call)?;
        last_equal(call, length.checked_sub(1), length)
    }),
    row("List<T>", "int LastIndexOf(T item, int index)", |call| {
        let length = length(call)?;
        let from = call.int(2)?;
        if from >= i32::try_from(length).unwrap_or(i32::MAX) {
            return Err(bad_index("index"));
        }
        let from = match length {
            0 => 0,
            _ => needs_not_negative(from, "index")?,
        };
        last_equal(call, Some(from), from + 1)
    }),
    row("List<T>", "int LastIndexOf(T item, int index, int count)", |call| {
        let length = length(call)?;
        if length == 0 {
            return Ok(Value::Int32(-1));
        }
        let (from, count) = (needs_not_negative(call.int(2)?, "index")?, needs_not_negative(call.int(3)?, "count")?);
        if from >= length {
            return Err(out_of_range("Larger than collection size.", "index"));
        }
        if count > from + 1 {
            return Err(out_of_range("Larger than collection size.", "count"));
        }
        last_equal(call, Some(from), count)
    }),
    row("List<T>", "bool Exists(Predicate<T> match)", |call| Ok(Value::Bool(forward(call, 1, 0, None)?.is_some()))),
    row("List<T>", "T Find(Predicate<T> match)", |call| {
        let found = forward(call, 1, 0, None)?;
        Ok(or_default(call, found))
    }),
    row("List<T>", "T FindLast(Predicate<T> match)", |call| {
        let length = length(call)?;
        let found = backward(call, 1, length.checked_sub(1), length)?;
        Ok(or_default(call, found))
    }),
    row("List<T>", "List<T> FindAll(Predicate<T> match)", |call| {
        if call.value(1).is_null() {
            return Err(argument_null("match"));
        }
        let mut kept = Vec::new();
        for value in snapshot(call, 0)? {
            if holds(call, 1, &value)? {
                kept.push(value);
            }
        }
        super::list(call, kept)
    }),
    row("List<T>", "bool TrueForAll(Predicate<T> match)", |call| {
        if call.value(1).is_null() {
            return Err(argument_null("match"));
        }
        for value in snapshot(call, 0)? {
            if !holds(call, 1, &value)? {
                return Ok(Value::Bool(false));
            }
        }
        Ok(Value::Bool(true))
    }),
    row("List<T>", "int FindIndex(Predicate<T> match)", |call| Ok(place_of(forward(call, 1, 0, None)?))),
    row("List<T>", "int FindIndex(int startIndex, Predicate<T> match)", |call| find_index(call, false)),
    row("List<T>", "int FindIndex(int startIndex, int count, Predicate<T> match)", |call| find_index(call, true)),
    row("List<T>", "int FindLastIndex(Predicate<T> match)", |call| {
        let length = length(call)?;
        Ok(place_of(backward(call, 1, length.checked_sub(1), length)?))
    }),
    row("List<T>", "int FindLastIndex(int startIndex, Predicate<T> match)", |call| find_last_index(call, false)),
    row("List<T>", "int FindLastIndex(int startIndex, int count, Predicate<T> match)", |call| {
        find_last_index(call, true)
    }),
    row("List<T>", "int BinarySearch(T item)", |call| {
        let items = snapshot(call, 0)?;
        halved(call, &items, (0, items.len()), 1, sort::By::Default)
    }),
    row("List<T>", "int BinarySearch(T item, IComparer<T> comparer)", |call| {
        let items = snapshot(call, 0)?;
        let by = sort::By::Comparer(call.value(2).clone());
        halved(call, &items, (0, items.len()), 1, by)
    }),
    row("List<T>", "int BinarySearch(int index, int count, T item, IComparer<T> comparer)", |call| {
        let items = snapshot(call, 0)?;
        let part = range(call, 1, items.len(), ("index", "count"))?;
        let by = sort::By::Comparer(call.value(4).clone());
        halved(call, &items, part, 3, by)
    }),
];

/// A place in a collection, or -1.
pub(super) fn place(at: Option<usize>) -> Value {
    at.map_or(Value::Int32(-1), index)
}

pub(super) fn place_of(found: Option<(usize, Value)>) -> Value {
    place(found.map(|(at, _)| at))
}

pub(super) fn or_default(call: &Call<'_, '_>, found: Option<(usize, Value)>) -> Value {
    found.map_or_else(|| call.ty(0).default_value().unwrap_or(Value::Null), |(_, value)| value)
}

/// The length of the list or array that is looked into.
pub(super) fn length(call: &Call<'_, '_>) -> Outcome<usize> {
    match super::views::length(call.value(0)) {
        Some(length) => Ok(length),
        None => call.state(0, |items: &mut Items| items.values.len()),
    }
}

pub(super) fn first_equal(call: &mut Call<'_, '_>, from: usize, count: usize) -> Outcome<Value> {
    let wanted = call.value(1).clone();
    let items = snapshot(call, 0)?;
    let mut places = items.iter().enumerate().skip(from).take(count);
    Ok(place(places.find(|(_, item)| equal(item, &wanted, Folding::Exact)).map(|(at, _)| at)))
}

/// Looks backwards from a place at so many items.
pub(super) fn last_equal(call: &mut Call<'_, '_>, from: Option<usize>, count: usize) -> Outcome<Value> {
    let wanted = call.value(1).clone();
    let items = snapshot(call, 0)?;
    let Some(from) = from else { return Ok(Value::Int32(-1)) };
    let until = (from + 1).saturating_sub(count);
    let mut places = items.iter().enumerate().take(from + 1).skip(until).rev();
    Ok(place(places.find(|(_, item)| equal(item, &wanted, Folding::Exact)).map(|(at, _)| at)))
}

/// The first item that the predicate takes, of so many from a place on.
pub(super) fn forward(
    call: &mut Call<'_, '_>,
    predicate: usize,
    from: usize,
    count: Option<usize>,
) -> Outcome<Option<(usize, Value)>> {
    if call.value(predicate).is_null() {
        return Err(argument_null("match"));
    }
    let items = snapshot(call, 0)?;
    let count = count.unwrap_or(items.len());
    for (at, value) in items.into_iter().enumerate().skip(from).take(count) {
        if holds(call, predicate, &value)? {
            return Ok(Some((at, value)));
        }
    }
    Ok(None)
}

/// The last one, looking backwards from a place at so many items.
pub(super) fn backward(
    call: &mut Call<'_, '_>,
    predicate: usize,
    from: Option<usize>,
    count: usize,
) -> Outcome<Option<(usize, Value)>> {
    if call.value(predicate).is_null() {
        return Err(argument_null("match"));
    }
    let items = snapshot(call, 0)?;
    let Some(from) = from else { return Ok(None) };
    let until = (from + 1).saturating_sub(count);
    for (at, value) in items.into_iter().enumerate().take(from + 1).skip(until).rev() {
        if holds(call, predicate, &value)? {
            return Ok(Some((at, value)));
        }
    }
    Ok(None)
}

pub(super) fn find_index(call: &mut Call<'_, '_>, has_count: bool) -> Outcome<Value> {
    let length = length(call)?;
    let from = usize::try_from(call.int(1)?).ok().filter(|from| *from <= length);
    let from = from.ok_or_else(|| bad_end_index("startIndex"))?;
    let count = match has_count {
        true => usize::try_from(call.int(2)?).ok().filter(|count| *count <= length - from).ok_or_else(bad_count)?,
        false => length - from,
    };
    Ok(place_of(forward(call, if has_count { 3 } else { 2 }, from, Some(count))?))
}

pub(super) fn find_last_index(call: &mut Call<'_, '_>, has_count: bool) -> Outcome<Value> {
    let predicate = if has_count { 3 } else { 2 };
    if call.value(predicate).is_null() {
        return Err(argument_null("match"));
    }
    let length = length(call)?;
    let from = call.int(1)?;
    let from = match usize::try_from(from) {
        // An empty collection is searched from before its first item.
        Err(_) if length == 0 && from == -1 => None,
        Ok(from) if from < length => Some(from),
        Ok(_) | Err(_) => return Err(bad_index("startIndex")),
    };
    let most = from.map_or(0, |from| from + 1);
    let count = match has_count {
        true => usize::try_from(call.int(2)?).ok().filter(|count| *count <= most).ok_or_else(bad_count)?,
        false => most,
    };
    Ok(place_of(backward(call, predicate, from, count)?))
}

/// Looks in a sorted part; the complement of the place where the item would go when it is not there.
pub(super) fn halved(
    call: &mut Call<'_, '_>,
    items: &[Value],
    part: (usize, usize),
    wanted: usize,
    by: sort::By,
) -> Outcome<Value> {
    let wanted = call.value(wanted).clone();
    let (mut low, mut behind) = (part.0, part.0 + part.1);
    while low < behind {
        let middle = low + ((behind - 1 - low) >> 1);
        let item = items.get(middle).unwrap_or(&Value::Null);
        match by.compare(call.machine, item, &wanted)? {
            Ordering::Equal => return Ok(index(middle)),
            Ordering::Less => low = middle + 1,
            Ordering::Greater => behind = middle,
        }
    }
    let Value::Int32(low) = index(low) else { return Ok(Value::Int32(-1)) };
    Ok(Value::Int32(!low))
}
