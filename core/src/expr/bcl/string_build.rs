//! `System.String`: constructors, insertion, removal, replacement by comparison, and the remaining overloads of joining and splitting.

use std::sync::Arc;

use super::string::{empty, folded, ignores_case, not_negative};
use super::string_parts::{join, split, split_by_text};
use super::text_reader::write_units;
use super::{Call, Row, row, utf16};
use crate::expr::bounded;
use crate::expr::exception::{Outcome, argument, argument_null, throw};
use crate::expr::ty::Ty;
use crate::value::Value;

pub(super) const ROWS: &[Row] = &[
    row("string", "new string(char[] value, int startIndex, int length)", |call| {
        let units = call.units(0, "value")?;
        let (start, length) = (not_negative(call.int(1)?, "startIndex")?, not_negative(call.int(2)?, "length")?);
        let part = start.checked_add(length).and_then(|end| units.get(start..end));
        let text = part.map(String::from_utf16_lossy).ok_or_else(|| beyond(start, units.len(), length))?;
        call.yields(text)
    }),
    row("string", "string Insert(int startIndex, string value)", |call| {
        let (text, more) = (call.text(0, "this")?, call.text(2, "value")?);
        let length = utf16::length(text);
        let at = usize::try_from(call.int(1)?).ok().filter(|at| *at <= length);
        // .NET reads the index as unsigned here. Fixture `string.Insert`.
        let given = i64::from(call.int(1)?.cast_unsigned());
        let at = at.ok_or_else(|| at_most("startIndex", given, index_of(length)))?;
        let (before, after) = (utf16::part(text, 0, at), utf16::part(text, at, length - at));
        call.machine.check_length(text.len().saturating_add(more.len()))?;
        call.yields(format!("{before}{more}{after}"))
    }),
    row("string", "string Remove(int startIndex, int count)", |call| {
        let text = call.text(0, "this")?;
        let length = utf16::length(text);
        let (start, count) = (not_negative(call.int(1)?, "startIndex")?, not_negative(call.int(2)?, "count")?);
        let left = index_of(length) - index_of(start);
        if index_of(count) > left {
            return Err(at_most("count", index_of(count), left));
        }
        let after = utf16::part(text, start + count, length - start - count);
        call.yields(format!("{}{after}", utf16::part(text, 0, start)))
    }),
    row("string", "string Replace(string oldValue, string newValue, StringComparison comparisonType)", |call| {
        // The texts are looked at before the comparison is.
        let old = call.text(1, "oldValue")?;
        let ignore = if old.is_empty() { false } else { ignores_case(call, 3)? };
        replaced_by(call, ignore)
    }),
    row("string", "string ReplaceLineEndings()", |call| {
        let text = with_line_endings(call.text(0, "this")?, "\n");
        call.yields(text)
    }),
    row("string", "string ReplaceLineEndings(string replacementText)", |call| {
        let (text, ending) = (call.text(0, "this")?, call.text(1, "replacementText")?);
        call.machine.check_length(text.len().saturating_mul(ending.len().max(1)))?;
        let text = with_line_endings(text, ending);
        call.yields(text)
    }),
    row("string", "char[] ToCharArray(int startIndex, int length)", |call| {
        let units: Vec<u16> = call.text(0, "this")?.encode_utf16().collect();
        let (start, length) = (call.int(1)?, call.int(2)?);
        let place = usize::try_from(start).map_err(|_| {
            // .NET reads the index as unsigned here. Fixture `string.ToCharArray`.
            at_most("startIndex", i64::from(start.cast_unsigned()), index_of(units.len()))
        })?;
        if place > units.len() {
            return Err(at_most("startIndex", index_of(place), index_of(units.len())));
        }
        // How far the text reaches is reckoned in 32 bits before the length is looked at.
        let behind = i32::try_from(units.len()).unwrap_or(i32::MAX).wrapping_sub(length);
        if length < 0 && i64::from(start) > i64::from(behind) {
            return Err(at_most("startIndex", i64::from(start), i64::from(behind)));
        }
        let length = not_negative(length, "length")?;
        let part = place.checked_add(length).and_then(|end| units.get(place..end));
        let part = part.ok_or_else(|| beyond(place, units.len(), length))?;
        if part.is_empty() {
            return call.machine.array_or_empty(Ty::Char, Vec::new());
        }
        call.machine.charge(part.len() * 2)?;
        Ok(Value::Chars(Arc::from(part)))
    }),
    row("string", "static string Join(string separator, string[] value, int startIndex, int count)", joined_part),
    row("string", "static string Join(char separator, string[] value, int startIndex, int count)", joined_part),
    row("string", "static string Join<T>(char separator, IEnumerable<T> values)", |call| {
        let items = call.items(1, "values")?;
        let texts = bounded::texts(&items)?;
        join(call, &utf16::char_of(call.unit(0)?).to_string(), &texts)
    }),
    row("string", "static string Intern(string str)", |call| Ok(Value::String(Arc::clone(call.text(0, "str")?)))),
    row("string", "static string IsInterned(string str)", |call| Ok(Value::String(Arc::clone(call.text(0, "str")?)))),
    row("string", "string ToString(IFormatProvider provider)", |call| Ok(call.value(0).clone())),
    row("string", "void CopyTo(int sourceIndex, char[] destination, int destinationIndex, int count)", copy_to),
    row("string", "void CopyTo(char[] destination)", |call| match copied_into(call)? {
        true => Ok(Value::Null),
        false => Err(argument("Destination is too short.", "destination")),
    }),
    row("string", "bool TryCopyTo(char[] destination)", |call| copied_into(call).map(Value::Bool)),
    row("string", "static string Join(char separator, params string[] value)", |call| {
        let items = call.texts(1, "value")?;
        join(call, &utf16::char_of(call.unit(0)?).to_string(), &items)
    }),
    row("string", "static string Join(char separator, params object[] values)", |call| {
        let items = bounded::texts(&call.rest(1))?;
        join(call, &utf16::char_of(call.unit(0)?).to_string(), &items)
    }),
    row("string", "string[] Split(char separator, int count, StringSplitOptions options = 0)", |call| {
        split(call, Some(2), Some(3))
    }),
    row("string", "string[] Split(string separator, int count, StringSplitOptions options = 0)", |call| {
        split_by_text(call, Some(2), Some(3))
    }),
];

fn joined_part(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let items = call.texts(1, "value")?;
    let (start, count) = (not_negative(call.int(2)?, "startIndex")?, not_negative(call.int(3)?, "count")?);
    let part = start.checked_add(count).and_then(|end| items.get(start..end));
    let part = part.ok_or_else(|| beyond(start, items.len(), count))?;
    let separator = call.value(0).to_string();
    join(call, &separator, part)
}

// Whether the text fits into the array at all; one that is null has no room.
fn copied_into(call: &mut Call<'_, '_>) -> Outcome<bool> {
    let units: Vec<u16> = call.text(0, "this")?.encode_utf16().collect();
    let room = if call.value(1).is_null() { 0 } else { call.units(1, "destination")?.len() };
    if units.len() > room {
        return Ok(false);
    }
    if !units.is_empty() {
        write_units(call, 1, 0, &units)?;
    }
    Ok(true)
}

fn copy_to(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let units: Vec<u16> = call.text(0, "this")?.encode_utf16().collect();
    if call.value(2).is_null() {
        return Err(argument_null("destination"));
    }
    let (count, from) = (not_negative(call.int(4)?, "count")?, not_negative(call.int(1)?, "sourceIndex")?);
    let left = index_of(units.len()) - index_of(from);
    if index_of(count) > left {
        return Err(at_most("sourceIndex", index_of(count), left));
    }
    let to = call.int(3)?;
    let room = index_of(call.units(2, "destination")?.len()) - index_of(count);
    if i64::from(to) > room {
        return Err(at_most("destinationIndex", i64::from(to), room));
    }
    let to = not_negative(to, "destinationIndex")?;
    write_units(call, 2, to, units.get(from..from + count).unwrap_or(&[]))?;
    Ok(Value::Null)
}

fn index_of(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The exception for a number that is larger than another.
pub(super) fn at_most(parameter: &str, value: i64, most: i64) -> crate::expr::Interrupt {
    let text = format!(
        "{parameter} ('{value}') must be less than or equal to '{most}'. (Parameter '{parameter}')\nActual value was {value}."
    );
    throw("System.ArgumentOutOfRangeException", text)
}

// A start that leaves less than `count` items of `length`.
fn beyond(start: usize, length: usize, count: usize) -> crate::expr::Interrupt {
    at_most("startIndex", index_of(start), index_of(length) - index_of(count))
}

/// The receiver with the first text replaced by the second.
pub(super) fn replaced_by(call: &mut Call<'_, '_>, ignore_case: bool) -> Outcome<Value> {
    let (text, old) = (call.text(0, "this")?, call.text(1, "oldValue")?);
    if old.is_empty() {
        return Err(empty("oldValue"));
    }
    let new = call.text_or_null(2)?.map_or("", |new| new);
    let replaced = if ignore_case { replaced_ignoring_case(call, text, old, new)? } else { text.replace(&**old, new) };
    call.yields(replaced)
}

fn replaced_ignoring_case(call: &Call<'_, '_>, text: &str, old: &str, new: &str) -> Outcome<String> {
    // Simple case mapping keeps the number of characters, so places are counted in them.
    let (haystack, needle): (Vec<char>, Vec<char>) = (folded(text).chars().collect(), folded(old).chars().collect());
    let mut replaced = String::new();
    let (mut at, mut chars) = (0, text.chars());
    while let Some(c) = chars.next() {
        if haystack.get(at..at + needle.len()) == Some(&needle) {
            replaced.push_str(new);
            at += needle.len();
            for _ in 1..needle.len() {
                chars.next();
            }
        } else {
            replaced.push(c);
            at += 1;
        }
        call.machine.check_length(replaced.len())?;
    }
    Ok(replaced)
}

// CR LF, CR, LF, form feed, NEL, and the line and paragraph separators.
fn with_line_endings(text: &str, ending: &str) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                chars.next_if_eq(&'\n');
                replaced.push_str(ending);
            }
            '\n' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => replaced.push_str(ending),
            other => replaced.push(other),
        }
    }
    replaced
}
