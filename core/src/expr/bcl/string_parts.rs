//! `System.String`: taking apart and putting together. Formats are in `format`.

use std::sync::Arc;

use super::string::not_negative;
use super::{Call, Row, row, utf16};
use crate::expr::Interrupt;
use crate::expr::exception::{Outcome, argument, out_of_range};
use crate::expr::limits::{Limit, STRING_BYTES_MAX};
use crate::expr::ty::Ty;
use crate::value::Value;

const BEHIND_END: &str = "startIndex cannot be larger than length of string.";

pub(super) const ROWS: &[Row] = &[
    row("string", "string Substring(int startIndex)", substring_from),
    row("string", "string Substring(int startIndex, int length)", substring),
    row("string", "string Remove(int startIndex)", |call| {
        let text = call.text(0, "this")?;
        let length = utf16::length(text);
        let start = usize::try_from(call.int(1)?);
        let start = start.map_err(|_| out_of_range("StartIndex cannot be less than zero.", "startIndex"))?;
        if start > length {
            return Err(out_of_range(BEHIND_END, "startIndex"));
        }
        call.yields(utf16::part(text, 0, start))
    }),
    row("string", "string Replace(string oldValue, string newValue)", replace),
    row("string", "string Replace(char oldChar, char newChar)", |call| {
        let (old, new) = (utf16::char_of(call.unit(1)?), utf16::char_of(call.unit(2)?));
        let text: String = call.text(0, "this")?.chars().map(|c| if c == old { new } else { c }).collect();
        call.yields(text)
    }),
    row("string", "string Trim()", |call| trim(call, true, true)),
    row("string", "string TrimStart()", |call| trim(call, true, false)),
    row("string", "string TrimEnd()", |call| trim(call, false, true)),
    row("string", "string Trim(params char[] trimChars)", |call| trim(call, true, true)),
    row("string", "string TrimStart(params char[] trimChars)", |call| trim(call, true, false)),
    row("string", "string TrimEnd(params char[] trimChars)", |call| trim(call, false, true)),
    row("string", "string PadLeft(int totalWidth)", |call| pad(call, true)),
    row("string", "string PadLeft(int totalWidth, char paddingChar)", |call| pad(call, true)),
    row("string", "string PadRight(int totalWidth)", |call| pad(call, false)),
    row("string", "string PadRight(int totalWidth, char paddingChar)", |call| pad(call, false)),
    row("string", "string[] Split(params char[] separator)", |call| split(call, None, None)),
    row("string", "string[] Split(char[] separator, int count)", |call| split(call, Some(2), None)),
    row("string", "string[] Split(char[] separator, StringSplitOptions options)", |call| split(call, None, Some(2))),
    row("string", "string[] Split(char[] separator, int count, StringSplitOptions options)", |call| {
        split(call, Some(2), Some(3))
    }),
    row("string", "string[] Split(char separator, StringSplitOptions options = 0)", |call| split(call, None, Some(2))),
    row("string", "string[] Split(string separator, StringSplitOptions options = 0)", |call| {
        split_by_text(call, None, Some(2))
    }),
    row("string", "string[] Split(string[] separator, StringSplitOptions options)", |call| split(call, None, Some(2))),
    row("string", "string[] Split(string[] separator, int count, StringSplitOptions options)", |call| {
        split(call, Some(2), Some(3))
    }),
    row("string", "static string Concat(object arg0)", |call| {
        let text = call.value(0).to_string();
        call.yields(text)
    }),
    row("string", "static string Concat(params object[] args)", |call| {
        let mut text = String::new();
        for value in call.rest(0) {
            push_limited(&mut text, &value.to_string())?;
        }
        call.yields(text)
    }),
    row("string", "static string Concat(params string[] values)", |call| {
        let items = call.texts(0, "values")?;
        join(call, "", &items)
    }),
    row("string", "static string Join(string separator, params string[] value)", |call| {
        let items = call.texts(1, "value")?;
        let separator = call.text_or_null(0)?.cloned().unwrap_or_else(|| Arc::from(""));
        join(call, &separator, &items)
    }),
    row("string", "static string Join<T>(string separator, IEnumerable<T> values)", |call| {
        let items = call.items(1, "values")?;
        let separator = call.text_or_null(0)?.cloned().unwrap_or_else(|| Arc::from(""));
        let texts: Vec<Arc<str>> = items.iter().map(|value| Arc::from(value.to_string())).collect();
        join(call, &separator, &texts)
    }),
    row("string", "static string Concat<T>(IEnumerable<T> values)", |call| {
        let items = call.items(0, "values")?;
        let texts: Vec<Arc<str>> = items.iter().map(|value| Arc::from(value.to_string())).collect();
        join(call, "", &texts)
    }),
    row("string", "new string(char[] value)", |call| {
        let units = if call.value(0).is_null() { Arc::new([]) } else { call.units(0, "value")? };
        call.yields(String::from_utf16_lossy(&units))
    }),
    row("string", "new string(char c, int count)", |call| {
        let count = not_negative(call.int(1)?, "count")?;
        let unit = utf16::char_of(call.unit(0)?);
        call.machine.check_length(count.saturating_mul(unit.len_utf8()))?;
        call.yields(std::iter::repeat_n(unit, count).collect::<String>())
    }),
    row("string", "static string Join(string separator, params object[] values)", |call| {
        let items: Vec<Arc<str>> = call.rest(1).iter().map(|value| Arc::from(value.to_string())).collect();
        let separator = call.text_or_null(0)?.cloned().unwrap_or_else(|| Arc::from(""));
        join(call, &separator, &items)
    }),
    row("string", "char[] ToCharArray()", |call| {
        let units: Vec<u16> = call.text(0, "this")?.encode_utf16().collect();
        if units.is_empty() {
            return call.machine.array_or_empty(Ty::Char, Vec::new());
        }
        call.machine.charge(units.len() * 2)?;
        Ok(Value::Chars(units.into()))
    }),
];

fn substring_from(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let text = call.text(0, "this")?;
    let length = utf16::length(text);
    let start = not_negative(call.int(1)?, "startIndex")?;
    if start > length {
        return Err(out_of_range(BEHIND_END, "startIndex"));
    }
    call.yields(utf16::part(text, start, length - start))
}

fn substring(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let text = call.text(0, "this")?;
    let length = utf16::length(text);
    let start = not_negative(call.int(1)?, "startIndex")?;
    if start > length {
        return Err(out_of_range(BEHIND_END, "startIndex"));
    }
    let count = not_negative(call.int(2)?, "length")?;
    if count > length - start {
        return Err(out_of_range("Index and length must refer to a location within the string.", "length"));
    }
    call.yields(utf16::part(text, start, count))
}

fn replace(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let (text, old) = (call.text(0, "this")?, call.text(1, "oldValue")?);
    if old.is_empty() {
        return Err(super::string::empty("oldValue"));
    }
    let new = call.text_or_null(2)?.map_or("", |new| new);
    let found = text.matches(&**old).count();
    if found == 0 {
        return Ok(Value::String(Arc::clone(text)));
    }
    call.machine.check_length(text.len().saturating_add(found.saturating_mul(new.len())))?;
    call.yields(text.replace(&**old, new))
}

fn trim(call: &mut Call<'_, '_>, start: bool, end: bool) -> Outcome<Value> {
    let text = call.text(0, "this")?;
    let units: Arc<[u16]> = match call.value(1) {
        Value::Null => Arc::new([]),
        Value::Char(unit) => Arc::new([*unit]),
        _ => call.units(1, "trimChars")?,
    };
    let is_trimmed = |c: char| {
        if units.is_empty() { c.is_whitespace() } else { u16::try_from(u32::from(c)).is_ok_and(|c| units.contains(&c)) }
    };
    let mut rest: &str = text;
    if start {
        rest = rest.trim_start_matches(is_trimmed);
    }
    if end {
        rest = rest.trim_end_matches(is_trimmed);
    }
    if rest.len() == text.len() { Ok(Value::String(Arc::clone(text))) } else { call.yields(rest) }
}

fn pad(call: &mut Call<'_, '_>, left: bool) -> Outcome<Value> {
    let text = call.text(0, "this")?;
    let width = not_negative(call.int(1)?, "totalWidth")?;
    let padding = if call.arguments.len() > 2 { utf16::char_of(call.unit(2)?) } else { ' ' };
    let missing = width.saturating_sub(utf16::length(text));
    call.machine.check_length(text.len().saturating_add(missing.saturating_mul(padding.len_utf8())))?;
    let padding: String = std::iter::repeat_n(padding, missing).collect();
    call.yields(if left { padding + text } else { format!("{text}{padding}") })
}

/// What stands between the parts of a text.
enum Separators {
    WhiteSpace,
    Character(char),
    /// Of several at one place the first given wins.
    Texts(Vec<Arc<str>>),
}

impl Separators {
    // Argument 1: characters, strings, one of either, or none, which means white space.
    fn of(call: &Call<'_, '_>) -> Outcome<Self> {
        let given: Vec<Arc<str>> = match call.value(1) {
            Value::Null => Vec::new(),
            Value::Char(unit) => return Ok(Self::Character(utf16::char_of(*unit))),
            Value::String(text) => vec![Arc::clone(text)],
            value if Ty::array(Ty::Char).admits(value) => match *call.units(1, "separator")? {
                [unit] => return Ok(Self::Character(utf16::char_of(unit))),
                ref units => units.iter().map(|unit| utf16::char_of(*unit).to_string().into()).collect(),
            },
            _ => call.texts(1, "separator")?.to_vec(),
        };
        if given.is_empty() {
            return Ok(Self::WhiteSpace);
        }
        Ok(Self::Texts(given.into_iter().filter(|separator| !separator.is_empty()).collect()))
    }

    // Where the next one stands, and its length.
    fn next(&self, text: &str) -> Option<(usize, usize)> {
        match self {
            Self::WhiteSpace => text.char_indices().find(|(_, c)| c.is_whitespace()).map(|(at, c)| (at, c.len_utf8())),
            Self::Character(separator) => text.find(*separator).map(|at| (at, separator.len_utf8())),
            Self::Texts(separators) => match &separators[..] {
                [single] => text.find(&**single).map(|at| (at, single.len())),
                several => text.char_indices().find_map(|(at, _)| {
                    let rest = text.get(at..).unwrap_or("");
                    several.iter().find(|separator| rest.starts_with(&***separator)).map(|found| (at, found.len()))
                }),
            },
        }
    }
}

// `count` and `options` are the places of these arguments.
pub(super) fn split(call: &mut Call<'_, '_>, count: Option<usize>, options: Option<usize>) -> Outcome<Value> {
    let mut rest: &str = call.text(0, "this")?;
    let count = match count {
        Some(at) => not_negative(call.int(at)?, "count")?,
        None => usize::MAX,
    };
    let options = options.map_or(Ok(0), |at| call.number(at))?;
    if !(0..=3).contains(&options) {
        return Err(argument("Value of flags is invalid.", "options"));
    }
    let (remove_empty, trim) = (options & 1 == 1, options & 2 == 2);
    let separators = Separators::of(call)?;
    let mut items: Vec<Arc<str>> = Vec::new();
    if count == 0 {
        return call.machine.array_or_empty(Ty::String, Vec::new());
    }
    let mut is_split = false;
    loop {
        let found = if items.len() + 1 >= count { None } else { separators.next(rest) };
        let item = rest.get(..found.map_or(rest.len(), |(at, _)| at)).unwrap_or("");
        let item = if trim { item.trim() } else { item };
        // The last item that `count` allows is the whole rest, but separators that stand before it are passed.
        let passes = remove_empty && item.is_empty();
        if !passes {
            call.machine.charge(item.len() + 16)?;
            items.push(Arc::from(item));
        }
        let Some((at, length)) = found else { break };
        is_split = true;
        rest = rest.get(at + length..).unwrap_or("");
        if remove_empty && items.len() + 1 >= count {
            while let Some((0, length)) = separators.next(rest) {
                rest = rest.get(length..).unwrap_or("");
            }
        }
    }
    if items.is_empty() && !is_split {
        return call.machine.array_or_empty(Ty::String, Vec::new());
    }
    Ok(Value::Strings(items.into()))
}

/// As [`split`], but null is no separator instead of white space.
pub(super) fn split_by_text(call: &mut Call<'_, '_>, count: Option<usize>, options: Option<usize>) -> Outcome<Value> {
    if !call.value(1).is_null() {
        return split(call, count, options);
    }
    let mut arguments = call.arguments.to_vec();
    if let Some(separator) = arguments.get_mut(1) {
        *separator = Value::String(Arc::from(""));
    }
    split(&mut Call { arguments: &arguments, types: call.types, machine: call.machine }, count, options)
}

pub(super) fn join(call: &mut Call<'_, '_>, separator: &str, items: &[Arc<str>]) -> Outcome<Value> {
    let separators = separator.len().saturating_mul(items.len());
    call.machine.check_length(items.iter().map(|item| item.len()).sum::<usize>().saturating_add(separators))?;
    call.yields(items.join(separator))
}

fn push_limited(text: &mut String, more: &str) -> Outcome<()> {
    if text.len() + more.len() > STRING_BYTES_MAX {
        return Err(Interrupt::LimitExceeded(Limit::StringLength));
    }
    text.push_str(more);
    Ok(())
}
