//! `System.String`: searching by index, from either end, and comparison of parts. Plain tests are in `string`.

use std::sync::Arc;

use super::string::{folded, ignores_case, index, not_negative, units_distance, units_in_any_case};
use super::{Call, Row, row, utf16};
use crate::expr::exception::{Outcome, argument_null, out_of_range};
use crate::value::Value;

const NOT_WITHIN: &str =
    "Index was out of range. Must be non-negative and less than or equal to the size of the collection.";
const NOT_BELOW: &str = "Index was out of range. Must be non-negative and less than the size of the collection.";
const COUNT: &str = "Count must be positive and count must refer to a location within the string/array/collection.";

pub(super) const ROWS: &[Row] = &[
    row("string", "int IndexOf(char value, int startIndex)", |call| forward(call, Some(2), None, None)),
    row("string", "int IndexOf(char value, int startIndex, int count)", |call| forward(call, Some(2), Some(3), None)),
    row("string", "int IndexOf(char value, StringComparison comparisonType)", |call| {
        forward(call, None, None, Some(2))
    }),
    row("string", "int IndexOf(string value, int startIndex)", |call| forward(call, Some(2), None, None)),
    row("string", "int IndexOf(string value, int startIndex, int count)", |call| forward(call, Some(2), Some(3), None)),
    row("string", "int IndexOf(string value, int startIndex, StringComparison comparisonType)", |call| {
        forward(call, Some(2), None, Some(3))
    }),
    row("string", "int IndexOf(string value, int startIndex, int count, StringComparison comparisonType)", |call| {
        forward(call, Some(2), Some(3), Some(4))
    }),
    row("string", "int LastIndexOf(char value)", |call| backward(call, None, None, None)),
    row("string", "int LastIndexOf(char value, int startIndex)", |call| backward(call, Some(2), None, None)),
    row("string", "int LastIndexOf(char value, int startIndex, int count)", |call| {
        backward(call, Some(2), Some(3), None)
    }),
    row("string", "int LastIndexOf(string value)", |call| backward(call, None, None, None)),
    row("string", "int LastIndexOf(string value, StringComparison comparisonType)", |call| {
        backward(call, None, None, Some(2))
    }),
    row("string", "int LastIndexOf(string value, int startIndex)", |call| backward(call, Some(2), None, None)),
    row("string", "int LastIndexOf(string value, int startIndex, int count)", |call| {
        backward(call, Some(2), Some(3), None)
    }),
    row("string", "int LastIndexOf(string value, int startIndex, StringComparison comparisonType)", |call| {
        backward(call, Some(2), None, Some(3))
    }),
    row(
        "string",
        "int LastIndexOf(string value, int startIndex, int count, StringComparison comparisonType)",
        |call| backward(call, Some(2), Some(3), Some(4)),
    ),
    row("string", "int IndexOfAny(char[] anyOf)", any_forward),
    row("string", "int IndexOfAny(char[] anyOf, int startIndex)", any_forward),
    row("string", "int IndexOfAny(char[] anyOf, int startIndex, int count)", any_forward),
    row("string", "int LastIndexOfAny(char[] anyOf)", any_backward),
    row("string", "int LastIndexOfAny(char[] anyOf, int startIndex)", any_backward),
    row("string", "int LastIndexOfAny(char[] anyOf, int startIndex, int count)", any_backward),
    row("string", "static int Compare(string strA, int indexA, string strB, int indexB, int length)", |call| {
        parts_compared(call, false, Checks::OfCulture)
    }),
    row(
        "string",
        "static int Compare(string strA, int indexA, string strB, int indexB, int length, StringComparison comparisonType)",
        |call| {
            let ignore = ignores_case(call, 5)?;
            parts_compared(call, ignore, Checks::OfComparison)
        },
    ),
    row(
        "string",
        "static int Compare(string strA, int indexA, string strB, int indexB, int length, bool ignoreCase)",
        |call| {
            let ignore = call.bool(5)?;
            parts_compared(call, ignore, Checks::OfCulture)
        },
    ),
    row("string", "static int CompareOrdinal(string strA, int indexA, string strB, int indexB, int length)", |call| {
        parts_compared(call, false, Checks::OfComparison)
    }),
];

// The units of the receiver and of what is looked for, both folded when case does not count.
fn units(call: &Call<'_, '_>, comparison: Option<usize>) -> Outcome<(Vec<u16>, Vec<u16>)> {
    let text = call.text(0, "this")?;
    let ignore = comparison.map_or(Ok(false), |at| ignores_case(call, at))?;
    let wanted: Arc<str> = match call.value(1) {
        // Half a pair has no case.
        Value::Char(unit) if (0xd800..0xe000).contains(unit) => {
            return Ok((text.encode_utf16().collect(), vec![*unit]));
        }
        Value::Char(unit) => Arc::from(utf16::char_of(*unit).to_string()),
        Value::String(text) => Arc::clone(text),
        _ => return Err(argument_null("value")),
    };
    Ok(if ignore {
        (folded(text).encode_utf16().collect(), folded(&wanted).encode_utf16().collect())
    } else {
        (text.encode_utf16().collect(), wanted.encode_utf16().collect())
    })
}

fn forward(
    call: &mut Call<'_, '_>,
    start: Option<usize>,
    count: Option<usize>,
    comparison: Option<usize>,
) -> Outcome<Value> {
    let (text, wanted) = units(call, comparison)?;
    let (from, to) = bounds(call, text.len(), start, count)?;
    let found = (from..=to.saturating_sub(wanted.len()))
        .take_while(|_| from + wanted.len() <= to)
        .find(|at| text.get(*at..at + wanted.len()) == Some(&wanted));
    Ok(found.map_or(Value::Int32(-1), index))
}

// Start and end of a search towards the end.
fn bounds(call: &Call<'_, '_>, length: usize, start: Option<usize>, count: Option<usize>) -> Outcome<(usize, usize)> {
    let Some(start) = start else { return Ok((0, length)) };
    let from = usize::try_from(call.int(start)?).ok().filter(|from| *from <= length);
    let from = from.ok_or_else(|| out_of_range(NOT_WITHIN, "startIndex"))?;
    let Some(count) = count else { return Ok((from, length)) };
    let count = usize::try_from(call.int(count)?).ok().filter(|count| *count <= length - from);
    Ok((from, from + count.ok_or_else(|| out_of_range(COUNT, "count"))?))
}

fn backward(
    call: &mut Call<'_, '_>,
    start: Option<usize>,
    count: Option<usize>,
    comparison: Option<usize>,
) -> Outcome<Value> {
    let is_char = matches!(call.value(1), Value::Char(_));
    let (text, wanted) = units(call, comparison)?;
    let Some((from, to)) = bounds_back(call, text.len(), start, count, is_char)? else {
        // In an empty text only the empty text is found.
        let found = wanted.is_empty() && !is_char;
        return Ok(Value::Int32(if found { 0 } else { -1 }));
    };
    let latest = to.checked_sub(wanted.len());
    let found = latest
        .into_iter()
        .flat_map(|latest| (from..=latest).rev())
        .find(|at| text.get(*at..at + wanted.len()) == Some(&wanted));
    Ok(found.map_or(Value::Int32(-1), index))
}

// Start and end of a search towards the start; nothing in an empty text, whatever the arguments.
fn bounds_back(
    call: &Call<'_, '_>,
    length: usize,
    start: Option<usize>,
    count: Option<usize>,
    is_char: bool,
) -> Outcome<Option<(usize, usize)>> {
    if length == 0 {
        // For a text the index must be that of the empty text's end, or one before it.
        let is_within = start.is_none_or(|start| call.int(start).is_ok_and(|start| matches!(start, -1 | 0)));
        return if is_char || is_within { Ok(None) } else { Err(out_of_range(NOT_BELOW, "startIndex")) };
    }
    let Some(start) = start else { return Ok(Some((0, length))) };
    let given = call.int(start)?;
    let last = usize::try_from(given).ok().filter(|last| *last < length || *last == length && !is_char);
    let last = last.ok_or_else(|| out_of_range(NOT_BELOW, "startIndex"))?;
    // A start behind the last unit means the last one.
    let (end, surplus) = if last == length { (length, 1) } else { (last + 1, 0) };
    let Some(count) = count else { return Ok(Some((0, end))) };
    let count = usize::try_from(call.int(count)?).ok().map(|count| count.saturating_sub(surplus));
    let count = count.filter(|count| *count <= end).ok_or_else(|| out_of_range(COUNT, "count"))?;
    Ok(Some((end - count, end)))
}

fn any_of(call: &Call<'_, '_>) -> Outcome<Arc<[u16]>> {
    call.units(1, "anyOf")
}

// The place of an argument that may not be given.
fn given(call: &Call<'_, '_>, at: usize) -> Option<usize> {
    (call.arguments.len() > at).then_some(at)
}

fn any_forward(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let wanted = any_of(call)?;
    let text: Vec<u16> = call.text(0, "this")?.encode_utf16().collect();
    let (from, to) = bounds(call, text.len(), given(call, 2), given(call, 3))?;
    let part = text.get(from..to).unwrap_or(&[]);
    let found = part.iter().position(|unit| wanted.contains(unit));
    Ok(found.map_or(Value::Int32(-1), |at| index(from + at)))
}

fn any_backward(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let wanted = any_of(call)?;
    let text: Vec<u16> = call.text(0, "this")?.encode_utf16().collect();
    let Some((from, to)) = bounds_back(call, text.len(), given(call, 2), given(call, 3), true)? else {
        return Ok(Value::Int32(-1));
    };
    let part = text.get(from..to).unwrap_or(&[]);
    let found = part.iter().rposition(|unit| wanted.contains(unit));
    Ok(found.map_or(Value::Int32(-1), |at| index(from + at)))
}

/// What is checked before parts are compared, and in which order; the overloads of .NET differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checks {
    /// Nulls count as empty until the bounds were checked.
    OfCulture,
    /// Nulls come first.
    OfComparison,
}

pub(super) fn parts_compared(call: &mut Call<'_, '_>, ignore_case: bool, checks: Checks) -> Outcome<Value> {
    let (a, b) = (call.text_or_null(0)?, call.text_or_null(2)?);
    let by_null = || super::object::order(a.is_some().cmp(&b.is_some()));
    let both = a.zip(b);
    if both.is_none() && checks == Checks::OfComparison {
        return Ok(by_null());
    }
    let (from_a, from_b, length) = match checks {
        Checks::OfComparison => bounds_of_comparison(call)?,
        Checks::OfCulture => bounds_of_culture(call)?,
    };
    let Some((a, b)) = both else { return Ok(by_null()) };
    for (text, from, name) in [(a, from_a, "indexA"), (b, from_b, "indexB")] {
        utf16::length(text).checked_sub(from).ok_or_else(|| out_of_range(NOT_WITHIN, name))?;
    }
    let (a, b) = (a.encode_utf16().skip(from_a).take(length), b.encode_utf16().skip(from_b).take(length));
    Ok(if ignore_case { units_in_any_case(a, b) } else { units_distance(a, b) })
}

fn bounds_of_comparison(call: &Call<'_, '_>) -> Outcome<(usize, usize, usize)> {
    let length = not_negative(call.int(4)?, "length")?;
    let within = |at: usize, name: &str| usize::try_from(call.int(at)?).map_err(|_| out_of_range(NOT_WITHIN, name));
    Ok((within(1, "indexA")?, within(3, "indexB")?, length))
}

fn bounds_of_culture(call: &Call<'_, '_>) -> Outcome<(usize, usize, usize)> {
    let length = call.int(4)?;
    // As in .NET, what is left behind a start far below zero overflows, and is what is wrong.
    let of = |at: usize| -> Outcome<(i32, i32)> {
        let text = call.text_or_null(at)?;
        let units = text.map_or(0, |text| i32::try_from(utf16::length(text)).unwrap_or(i32::MAX));
        let part = if text.is_some() { length.min(units.wrapping_sub(call.int(at + 1)?)) } else { length };
        Ok((units, part))
    };
    let ((units_a, part_a), (units_b, part_b)) = (of(0)?, of(2)?);
    not_negative(part_a, "length1")?;
    not_negative(part_b, "length2")?;
    let (from_a, from_b) = (not_negative(call.int(1)?, "offset1")?, not_negative(call.int(3)?, "offset2")?);
    for (from, units, part, name) in [(1, units_a, part_a, "string1"), (3, units_b, part_b, "string2")] {
        if call.int(from)? > units.saturating_sub(part) {
            return Err(out_of_range("Offset and length must refer to a position in the string.", name));
        }
    }
    Ok((from_a, from_b, usize::try_from(length).unwrap_or(0)))
}
