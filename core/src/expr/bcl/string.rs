//! `System.String`: properties, comparison, search, case. Taking apart and putting together are in `string_parts`.

use std::sync::Arc;

use super::{Call, Row, row, utf16};
use crate::expr::exception::{Outcome, argument, argument_null, index_out_of_range};
use crate::value::Value;

pub(super) const ROWS: &[Row] = &[
    row("string", "int Length", |call| {
        let text = call.text(0, "this")?;
        call.machine.units_of(text).map(index)
    }),
    row("string", "char this[int index]", |call| {
        let (text, at) = (call.text(0, "this")?, usize::try_from(call.int(1)?).ok());
        let at = at.ok_or_else(index_out_of_range)?;
        call.machine.unit_of(text, at)?.map(Value::Char).ok_or_else(index_out_of_range)
    }),
    row("string", "static string Empty", |call| call.yields("")),
    row("string", "static bool IsNullOrEmpty(string value)", |call| {
        Ok(Value::Bool(call.text_or_null(0)?.is_none_or(|text| text.is_empty())))
    }),
    row("string", "static bool IsNullOrWhiteSpace(string value)", |call| {
        Ok(Value::Bool(call.text_or_null(0)?.is_none_or(|text| text.chars().all(char::is_whitespace))))
    }),
    row("string", "bool Equals(string value)", |call| Ok(Value::Bool(call.text_or_null(0)? == call.text_or_null(1)?))),
    row("string", "bool Equals(string value, StringComparison comparisonType)", equals_with),
    row("string", "static bool Equals(string a, string b)", |call| {
        Ok(Value::Bool(call.text_or_null(0)? == call.text_or_null(1)?))
    }),
    row("string", "static bool Equals(string a, string b, StringComparison comparisonType)", equals_with),
    row("string", "static int Compare(string strA, string strB)", |call| {
        Ok(compare(call.text_or_null(0)?, call.text_or_null(1)?, false))
    }),
    row("string", "static int Compare(string strA, string strB, StringComparison comparisonType)", |call| {
        let ignore = ignores_case(call, 2)?;
        if call.number(2)? == ORDINAL {
            return Ok(compare_ordinal(call.text_or_null(0)?, call.text_or_null(1)?));
        }
        Ok(compare(call.text_or_null(0)?, call.text_or_null(1)?, ignore))
    }),
    row("string", "static int Compare(string strA, string strB, bool ignoreCase)", |call| {
        let ignore = call.bool(2)?;
        Ok(compare(call.text_or_null(0)?, call.text_or_null(1)?, ignore))
    }),
    row("string", "int GetHashCode(StringComparison comparisonType)", |call| {
        let (ignore, text) = (ignores_case(call, 1)?, call.text(0, "this")?);
        let code = if ignore { super::hash_code::of_text(&folded(text)) } else { super::hash_code::of_text(text) };
        Ok(Value::Int32(code))
    }),
    row("string", "int CompareTo(string strB)", |call| {
        Ok(compare(call.text_or_null(0)?, call.text_or_null(1)?, false))
    }),
    row("string", "static int CompareOrdinal(string strA, string strB)", |call| {
        Ok(compare_ordinal(call.text_or_null(0)?, call.text_or_null(1)?))
    }),
    row("string", "int CompareTo(object value)", |call| match call.value(1) {
        Value::Null | Value::String(_) => Ok(compare(call.text_or_null(0)?, call.text_or_null(1)?, false)),
        _ => Err(crate::expr::exception::throw("System.ArgumentException", "Object must be of type String.")),
    }),
    row("string", "bool Contains(char value, StringComparison comparisonType)", |call| {
        let ignore = ignores_case(call, 2)?;
        let (text, part) = (call.text(0, "this")?, utf16::char_of(call.unit(1)?).to_string());
        Ok(Value::Bool(if ignore { folded(text).contains(&folded(&part)) } else { text.contains(&part) }))
    }),
    row("string", "bool Contains(string value)", |call| test(call, false, |text, part| text.contains(part))),
    row("string", "bool Contains(char value)", |call| {
        let unit = call.unit(1)?;
        Ok(Value::Bool(call.text(0, "this")?.encode_utf16().any(|found| found == unit)))
    }),
    row("string", "bool Contains(string value, StringComparison comparisonType)", |call| {
        let ignore = ignores_case(call, 2)?;
        test(call, ignore, |text, part| text.contains(part))
    }),
    row("string", "bool StartsWith(string value)", |call| test(call, false, |text, part| text.starts_with(part))),
    row("string", "bool StartsWith(char value)", |call| {
        let unit = call.unit(1)?;
        Ok(Value::Bool(call.text(0, "this")?.encode_utf16().next() == Some(unit)))
    }),
    row("string", "bool StartsWith(string value, StringComparison comparisonType)", |call| {
        let ignore = ignores_case(call, 2)?;
        test(call, ignore, |text, part| text.starts_with(part))
    }),
    row("string", "bool EndsWith(string value)", |call| test(call, false, |text, part| text.ends_with(part))),
    row("string", "bool EndsWith(char value)", |call| {
        let unit = call.unit(1)?;
        Ok(Value::Bool(call.text(0, "this")?.encode_utf16().last() == Some(unit)))
    }),
    row("string", "bool EndsWith(string value, StringComparison comparisonType)", |call| {
        let ignore = ignores_case(call, 2)?;
        test(call, ignore, |text, part| text.ends_with(part))
    }),
    row("string", "int IndexOf(string value)", |call| find(call, 0, false)),
    row("string", "int IndexOf(char value)", |call| {
        let unit = call.unit(1)?;
        let found = call.text(0, "this")?.encode_utf16().position(|found| found == unit);
        Ok(found.map_or(Value::Int32(-1), index))
    }),
    row("string", "int IndexOf(string value, StringComparison comparisonType)", |call| {
        let ignore = ignores_case(call, 2)?;
        find(call, 0, ignore)
    }),
    row("string", "string ToLower()", |call| map(call, utf16::lower)),
    row("string", "string ToLowerInvariant()", |call| map(call, utf16::lower)),
    row("string", "string ToUpper()", |call| map(call, utf16::upper)),
    row("string", "string ToUpperInvariant()", |call| map(call, utf16::upper)),
    row("string", "string ToString()", |call| Ok(call.value(0).clone())),
    row("string", "object Clone()", |call| Ok(call.value(0).clone())),
    row("string", "static string Copy(string str)", |call| Ok(Value::String(Arc::clone(call.text(0, "str")?)))),
    // In invariant-globalization mode every text counts as normalised. Fixture `string.Normalize`.
    row("string", "string Normalize()", |call| Ok(call.value(0).clone())),
    row("string", "string Normalize(NormalizationForm normalizationForm)", |call| Ok(call.value(0).clone())),
    row("string", "bool IsNormalized()", |_| Ok(Value::Bool(true))),
    row("string", "bool IsNormalized(NormalizationForm normalizationForm)", |_| Ok(Value::Bool(true))),
];

/// An index or a length as .NET's `int`.
pub(super) fn index(value: usize) -> Value {
    Value::Int32(i32::try_from(value).unwrap_or(i32::MAX))
}

/// The odd numbers ignore case: CurrentCultureIgnoreCase 1, InvariantCultureIgnoreCase 3, OrdinalIgnoreCase 5.
pub(super) fn ignores_case(call: &Call<'_, '_>, at: usize) -> Outcome<bool> {
    match call.value(at) {
        Value::Enum(value) if (0..=5).contains(&value.number) => Ok(value.number % 2 == 1),
        _ => Err(argument("The string comparison type passed in is currently not supported.", "comparisonType")),
    }
}

/// `OrdinalIgnoreCase` compares upper cases.
pub(super) fn folded(text: &str) -> String {
    text.chars().map(utf16::upper).collect()
}

/// Ordinal equality of units, or of their upper cases.
pub(super) fn equal(a: &str, b: &str, ignore_case: bool) -> bool {
    if !ignore_case {
        return a == b;
    }
    if a.is_ascii() && b.is_ascii() { a.eq_ignore_ascii_case(b) } else { folded(a) == folded(b) }
}

fn equals_with(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let ignore = ignores_case(call, 2)?;
    Ok(Value::Bool(match (call.text_or_null(0)?, call.text_or_null(1)?) {
        (Some(a), Some(b)) => equal(a, b, ignore),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }))
}

// Null comes before everything. Order is ordinal, which is what culture comparison is in invariant-globalization mode; the
// result is the distance of the first units that differ, as .NET 8 gives it. Fixture `compare`.
pub(super) fn compare(a: Option<&Arc<str>>, b: Option<&Arc<str>>, ignore_case: bool) -> Value {
    let (Some(a), Some(b)) = (a, b) else { return super::object::order(a.is_some().cmp(&b.is_some())) };
    if ignore_case { distance_in_any_case(a, b) } else { distance(a, b) }
}

/// `StringComparison.Ordinal`
pub(super) const ORDINAL: i32 = 4;

fn compare_ordinal(a: Option<&Arc<str>>, b: Option<&Arc<str>>) -> Value {
    match (a, b) {
        (Some(a), Some(b)) => ordinal_distance(a, b),
        (a, b) => super::object::order(a.is_some().cmp(&b.is_some())),
    }
}

/// The distance in ordinal comparisons, which read units two at a time, and so the zero behind the end of the shorter text.
pub(super) fn ordinal_distance(a: &str, b: &str) -> Value {
    let read = utf16::length(a).min(utf16::length(b)).max(1).next_multiple_of(2);
    let padded = |text: &str| text.encode_utf16().chain(std::iter::repeat(0)).take(read).collect::<Vec<u16>>();
    let differing = padded(a).into_iter().zip(padded(b)).find(|(a, b)| a != b);
    match differing {
        Some((a, b)) => Value::Int32(i32::from(a) - i32::from(b)),
        None => distance(a, b),
    }
}

/// The distance where case does not count. From the first character beyond ASCII on, .NET compares upper cases of characters but
/// gives the distance of the characters themselves. Fixture `string.Compare`.
pub(super) fn distance_in_any_case(a: &str, b: &str) -> Value {
    units_in_any_case(a.encode_utf16(), b.encode_utf16())
}

/// The same of UTF-16 units, which may cut pairs in two.
pub(super) fn units_in_any_case(a: impl Iterator<Item = u16> + Clone, b: impl Iterator<Item = u16> + Clone) -> Value {
    let is_ascii = |code: u32| code < 0x80;
    let upper = |code: u32| char::from_u32(code).map_or(code, |c| u32::from(utf16::upper(c)));
    let mut is_plain = true;
    for (a, b) in codes(a.clone()).zip(codes(b.clone())) {
        is_plain = is_plain && is_ascii(a) && is_ascii(b);
        if upper(a) != upper(b) {
            return if is_plain { apart(upper(a), upper(b)) } else { apart(a, b) };
        }
    }
    lengths_apart(a, b)
}

// The characters of units; half a pair is one by itself.
fn codes(units: impl Iterator<Item = u16>) -> impl Iterator<Item = u32> {
    char::decode_utf16(units).map(|c| c.map_or_else(|half| u32::from(half.unpaired_surrogate()), u32::from))
}

fn apart(a: u32, b: u32) -> Value {
    Value::Int32(a.cast_signed() - b.cast_signed())
}

fn lengths_apart(a: impl Iterator<Item = u16>, b: impl Iterator<Item = u16>) -> Value {
    let [a, b] = [a.count(), b.count()].map(|units| i32::try_from(units).unwrap_or(i32::MAX));
    Value::Int32(a - b)
}

/// The distance of the first units that differ, or else of the lengths.
pub(super) fn distance(a: &str, b: &str) -> Value {
    units_distance(a.encode_utf16(), b.encode_utf16())
}

/// The same of UTF-16 units, which may cut pairs in two.
pub(super) fn units_distance(a: impl Iterator<Item = u16> + Clone, b: impl Iterator<Item = u16> + Clone) -> Value {
    match a.clone().zip(b.clone()).find(|(a, b)| a != b) {
        Some((a, b)) => apart(u32::from(a), u32::from(b)),
        None => lengths_apart(a, b),
    }
}

pub(super) fn test(call: &mut Call<'_, '_>, ignore_case: bool, test: fn(&str, &str) -> bool) -> Outcome<Value> {
    let (text, part) = (call.text(0, "this")?, call.text(1, "value")?);
    Ok(Value::Bool(if ignore_case { test(&folded(text), &folded(part)) } else { test(text, part) }))
}

/// What is looked for: a string or a character.
fn wanted(call: &Call<'_, '_>) -> Outcome<Arc<str>> {
    match call.value(1) {
        Value::Char(unit) => Ok(Arc::from(utf16::char_of(*unit).to_string())),
        Value::String(text) => Ok(Arc::clone(text)),
        _ => Err(argument_null("value")),
    }
}

fn find(call: &mut Call<'_, '_>, from: usize, ignore_case: bool) -> Outcome<Value> {
    let (text, part) = (call.text(0, "this")?, wanted(call)?);
    let start = utf16::byte_of_index(text, from);
    let found = if ignore_case {
        // Simple case mapping keeps the number of units of every character that matters here, but not always of bytes.
        let (text, part) = (folded(text), folded(&part));
        let found = text.get(start..).and_then(|rest| rest.find(&*part));
        found.map(|offset| utf16::index_of_byte(&text, start + offset))
    } else {
        let found = text.get(start..).and_then(|rest| rest.find(&*part));
        found.map(|offset| utf16::index_of_byte(text, start + offset))
    };
    Ok(found.map_or(Value::Int32(-1), index))
}

pub(super) fn map(call: &mut Call<'_, '_>, case: fn(char) -> char) -> Outcome<Value> {
    let text = call.text(0, "this")?;
    if text.chars().all(|c| case(c) == c) {
        return Ok(Value::String(Arc::clone(text)));
    }
    let mapped: String = text.chars().map(case).collect();
    call.yields(mapped)
}

/// A length or start that may not be negative.
pub(super) fn not_negative(value: i32, parameter: &'static str) -> Outcome<usize> {
    usize::try_from(value).map_err(|_| not_negative_message(value, parameter))
}

/// The exception for a number that may not be negative.
pub(super) fn not_negative_message(value: i32, parameter: &str) -> crate::expr::Interrupt {
    let message = format!("{parameter} ('{value}') must be a non-negative value.");
    crate::expr::exception::throw(
        "System.ArgumentOutOfRangeException",
        format!("{message} (Parameter '{parameter}')\nActual value was {value}."),
    )
}

/// The exception for an empty string where there must be something.
pub(super) fn empty(parameter: &str) -> crate::expr::Interrupt {
    argument("The value cannot be an empty string.", parameter)
}
