//! `System.Text.StringBuilder`: text that grows. Writers are in `text_writer`, readers in `text_reader`.

use std::sync::Arc;

use super::format::compose;
use super::string::{empty, index, not_negative};
use super::text_reader::write_units;
use super::{Call, Row, row, utf16};
use crate::expr::exception::{Outcome, argument_null, broken, index_out_of_range, out_of_range, throw};
use crate::expr::instance::{self, Items};
use crate::expr::limits::STRING_BYTES_MAX;
use crate::expr::ty::Ty;
use crate::value::library::SharedText;
use crate::value::{Library, Value};

/// `Array.MaxLength`: more room than that is no room.
const ARRAY_LENGTH_MAX: usize = 0x7fff_ffc7;

const BUILDER: &str = "StringBuilder";

/// .NET's capacity of an empty builder.
const CAPACITY: usize = 16;

const BLOCK_MAX: usize = 8000;

const BELOW_SIZE: &str = "capacity was less than the current size.";
const NOT_BELOW: &str = "Index was out of range. Must be non-negative and less than the size of the collection.";
const NOT_WITHIN: &str =
    "Index was out of range. Must be non-negative and less than or equal to the size of the collection.";

pub(super) const ROWS: &[Row] = &[
    row(BUILDER, "new StringBuilder()", |_| Ok(builder(String::new(), CAPACITY))),
    row(BUILDER, "new StringBuilder(int capacity)", |call| {
        let capacity = not_negative(call.int(0)?, "capacity")?;
        Ok(builder(String::new(), if capacity == 0 { CAPACITY } else { capacity }))
    }),
    row(BUILDER, "new StringBuilder(string value)", |call| {
        let text = call.text_or_null(0)?.map_or("", |text| text).to_owned();
        call.machine.charge(text.len())?;
        Ok(builder(text, CAPACITY))
    }),
    row(BUILDER, "new StringBuilder(string value, int capacity)", |call| {
        let text = call.text_or_null(0)?.map_or("", |text| text).to_owned();
        call.machine.charge(text.len())?;
        let capacity = not_negative(call.int(1)?, "capacity")?;
        Ok(builder(text, if capacity == 0 { CAPACITY } else { capacity }))
    }),
    row(BUILDER, "new StringBuilder(string value, int startIndex, int length, int capacity)", |call| {
        let capacity = not_negative(call.int(3)?, "capacity")?;
        let (length, start) = (not_negative(call.int(2)?, "length")?, not_negative(call.int(1)?, "startIndex")?);
        let text = call.text_or_null(0)?.map_or("", |text| text);
        if start.saturating_add(length) > utf16::length(text) {
            return Err(out_of_range("Index and length must refer to a location within the string.", "length"));
        }
        let part = utf16::part(text, start, length).to_string();
        call.machine.charge(part.len())?;
        Ok(builder(part, if capacity == 0 { CAPACITY } else { capacity }))
    }),
    row(BUILDER, "new StringBuilder(int capacity, int maxCapacity)", |call| {
        let (capacity, most) = (call.int(0)?, call.int(1)?);
        if capacity > most {
            return Err(out_of_range("Capacity exceeds maximum capacity.", "capacity"));
        }
        if most < 1 {
            let message = format!(
                "maxCapacity ('{most}') must be a non-negative and non-zero value. (Parameter 'maxCapacity')\nActual value was {most}."
            );
            return Err(throw("System.ArgumentOutOfRangeException", message));
        }
        let (capacity, most) = (not_negative(capacity, "capacity")?, not_negative(most, "maxCapacity")?);
        let made = SharedText::new(String::new(), if capacity == 0 { CAPACITY.min(most) } else { capacity });
        made.state().length_max = Some(most);
        Ok(Value::Library(Library::StringBuilder(Arc::new(made))))
    }),
    row(BUILDER, "set int Length", |call| {
        let length = not_negative(call.int(1)?, "value")?;
        weigh(call, Looks::Through)?;
        let text = this(call)?.state().text.clone();
        let now = utf16::length(&text);
        if length <= now {
            let kept = utf16::part(&text, 0, length).to_string();
            this(call)?.state().text = kept;
            return Ok(Value::Null);
        }
        call.machine.check_length(length)?;
        push(call, &"\0".repeat(length - now)).map(|_| Value::Null)
    }),
    row(BUILDER, "set int Capacity", |call| {
        let capacity = not_negative(call.int(1)?, "value")?;
        let this = this(call)?;
        let mut state = this.state();
        if capacity > state.length_max.unwrap_or(usize::MAX) {
            return Err(out_of_range("Capacity exceeds maximum capacity.", "value"));
        }
        if capacity < utf16::length(&state.text) {
            return Err(out_of_range(BELOW_SIZE, "value"));
        }
        if capacity > ARRAY_LENGTH_MAX {
            return Err(call.machine.out_of_memory());
        }
        state.position = capacity;
        Ok(Value::Null)
    }),
    row(BUILDER, "set char this[int index]", |call| {
        weigh(call, Looks::Through)?;
        let text = this(call)?.state().text.clone();
        let mut units: Vec<u16> = text.encode_utf16().collect();
        call.machine.charge(units.len() / 16)?;
        let place = usize::try_from(call.int(1)?).ok().and_then(|at| units.get_mut(at));
        *place.ok_or_else(|| out_of_range(NOT_BELOW, "index"))? = call.unit(2)?;
        this(call)?.state().text = String::from_utf16_lossy(&units);
        Ok(Value::Null)
    }),
    row(BUILDER, "int Length", |call| {
        weigh(call, Looks::Across)?;
        Ok(index(utf16::length(&this(call)?.state().text)))
    }),
    row(BUILDER, "int Capacity", |call| {
        let this = this(call)?;
        let state = this.state();
        Ok(index(state.position.max(utf16::length(&state.text))))
    }),
    row(BUILDER, "int MaxCapacity", |call| Ok(this(call)?.state().length_max.map_or(Value::Int32(i32::MAX), index))),
    row(BUILDER, "int EnsureCapacity(int capacity)", |call| {
        let capacity = not_negative(call.int(1)?, "capacity")?;
        if capacity > ARRAY_LENGTH_MAX {
            return Err(call.machine.out_of_memory());
        }
        let this = this(call)?;
        let mut state = this.state();
        state.position = state.position.max(capacity).max(utf16::length(&state.text));
        Ok(index(state.position))
    }),
    row(BUILDER, "char this[int index]", |call| {
        let at = usize::try_from(call.int(1)?).map_err(|_| index_out_of_range())?;
        weigh(call, Looks::Across)?;
        utf16::unit_at(&this(call)?.state().text, at).map(Value::Char).ok_or_else(index_out_of_range)
    }),
    row(BUILDER, "StringBuilder Append(string value)", append),
    row(BUILDER, "StringBuilder Append(StringBuilder value)", append),
    row(BUILDER, "StringBuilder Append(char value)", append),
    row(BUILDER, "StringBuilder Append(char[] value)", append),
    row(BUILDER, "StringBuilder Append(bool value)", append),
    row(BUILDER, "StringBuilder Append(int value)", append),
    row(BUILDER, "StringBuilder Append(long value)", append),
    row(BUILDER, "StringBuilder Append(double value)", append),
    row(BUILDER, "StringBuilder Append(object value)", append),
    row(BUILDER, "StringBuilder Append(sbyte value)", append),
    row(BUILDER, "StringBuilder Append(byte value)", append),
    row(BUILDER, "StringBuilder Append(short value)", append),
    row(BUILDER, "StringBuilder Append(ushort value)", append),
    row(BUILDER, "StringBuilder Append(uint value)", append),
    row(BUILDER, "StringBuilder Append(ulong value)", append),
    row(BUILDER, "StringBuilder Append(float value)", append),
    row(BUILDER, "StringBuilder Append(decimal value)", append),
    row(BUILDER, "StringBuilder Append(char[] value, int startIndex, int charCount)", |call| {
        append_part(call, "charCount", "charCount")
    }),
    row(BUILDER, "StringBuilder Append(StringBuilder value, int startIndex, int count)", |call| {
        append_part(call, "count", "startIndex")
    }),
    row(BUILDER, "StringBuilder Append(char value, int repeatCount)", |call| {
        let (c, count) = (utf16::char_of(call.unit(1)?), not_negative(call.int(2)?, "repeatCount")?);
        fits(call, count, "The length cannot be greater than the capacity.", "repeatCount")?;
        call.machine.check_length(count.saturating_mul(c.len_utf8()))?;
        push(call, &String::from_iter(std::iter::repeat_n(c, count)))
    }),
    row(BUILDER, "StringBuilder Append(string value, int startIndex, int count)", |call| {
        append_part(call, "count", "startIndex")
    }),
    row(BUILDER, "StringBuilder AppendLine()", |call| push(call, "\n")),
    row(BUILDER, "StringBuilder AppendLine(string value)", |call| {
        let text = call.text_or_null(1)?.map_or("", |text| text);
        push(call, text)?;
        push(call, "\n")
    }),
    row(BUILDER, "StringBuilder AppendFormat(string format, params object[] args)", |call| {
        let text = compose(call.text(1, "format")?, &call.rest(2))?;
        push(call, &text)
    }),
    row(BUILDER, "StringBuilder AppendFormat(IFormatProvider provider, string format, params object[] args)", |call| {
        let text = compose(call.text(2, "format")?, &call.rest(3))?;
        push(call, &text)
    }),
    row(BUILDER, "StringBuilder AppendJoin<T>(string separator, IEnumerable<T> values)", joined_items),
    row(BUILDER, "StringBuilder AppendJoin<T>(char separator, IEnumerable<T> values)", joined_items),
    row(BUILDER, "StringBuilder AppendJoin(string separator, params string[] values)", joined_strings),
    row(BUILDER, "StringBuilder AppendJoin(char separator, params string[] values)", joined_strings),
    row(BUILDER, "StringBuilder AppendJoin(string separator, params object[] values)", joined_values),
    row(BUILDER, "StringBuilder AppendJoin(char separator, params object[] values)", joined_values),
    row(BUILDER, "StringBuilder Insert(int index, string value)", insert),
    row(BUILDER, "StringBuilder Insert(int index, char value)", insert),
    row(BUILDER, "StringBuilder Insert(int index, char[] value)", insert),
    row(BUILDER, "StringBuilder Insert(int index, bool value)", insert),
    row(BUILDER, "StringBuilder Insert(int index, int value)", insert),
    row(BUILDER, "StringBuilder Insert(int index, long value)", insert),
    row(BUILDER, "StringBuilder Insert(int index, double value)", insert),
    row(BUILDER, "StringBuilder Insert(int index, object value)", |call| {
        // Nothing fits everywhere.
        if call.value(2).is_null() { Ok(call.value(0).clone()) } else { insert(call) }
    }),
    row(BUILDER, "StringBuilder Insert(int index, sbyte value)", insert),
    row(BUILDER, "StringBuilder Insert(int index, byte value)", insert),
    row(BUILDER, "StringBuilder Insert(int index, short value)", insert),
    row(BUILDER, "StringBuilder Insert(int index, ushort value)", insert),
    row(BUILDER, "StringBuilder Insert(int index, uint value)", insert),
    row(BUILDER, "StringBuilder Insert(int index, ulong value)", insert),
    row(BUILDER, "StringBuilder Insert(int index, float value)", insert),
    row(BUILDER, "StringBuilder Insert(int index, decimal value)", insert),
    row(BUILDER, "StringBuilder Insert(int index, char[] value, int startIndex, int charCount)", |call| {
        place_in(call)?;
        if call.value(2).is_null() && (call.int(3)? != 0 || call.int(4)? != 0) {
            return Err(argument_null("value"));
        }
        let text = part_of(call, 2, "charCount", "startIndex")?;
        insert_text(call, &text)
    }),
    row(BUILDER, "void CopyTo(int sourceIndex, char[] destination, int destinationIndex, int count)", copy_to),
    row(BUILDER, "StringBuilder Insert(int index, string value, int count)", |call| {
        let count = not_negative(call.int(3)?, "count")?;
        let text = call.text_or_null(2)?.map_or("", |text| text);
        place_in(call)?;
        call.machine.check_length(text.len().saturating_mul(count))?;
        insert_text(call, &text.repeat(count))
    }),
    row(BUILDER, "StringBuilder Remove(int startIndex, int length)", |call| {
        let (start, length) = (call.int(1)?, call.int(2)?);
        let (length, start) = (not_negative(length, "length")?, not_negative(start, "startIndex")?);
        weigh(call, Looks::Through)?;
        let text = this(call)?.state().text.clone();
        let count = utf16::length(&text);
        if start.saturating_add(length) > count {
            return Err(out_of_range(NOT_WITHIN, "length"));
        }
        let after = utf16::part(&text, start + length, count - start - length);
        this(call)?.state().text = format!("{}{after}", utf16::part(&text, 0, start));
        Ok(call.value(0).clone())
    }),
    row(BUILDER, "StringBuilder Replace(string oldValue, string newValue)", replace),
    row(BUILDER, "StringBuilder Replace(char oldChar, char newChar)", replace),
    row(BUILDER, "StringBuilder Replace(string oldValue, string newValue, int startIndex, int count)", replace),
    row(BUILDER, "StringBuilder Replace(char oldChar, char newChar, int startIndex, int count)", replace),
    row(BUILDER, "StringBuilder Clear()", |call| {
        this(call)?.state().text.clear();
        Ok(call.value(0).clone())
    }),
    row(BUILDER, "bool Equals(StringBuilder sb)", |call| match call.value(1) {
        Value::Library(Library::StringBuilder(other)) => {
            let other = other.state().text.clone();
            Ok(Value::Bool(this(call)?.state().text == other))
        }
        _ => Ok(Value::Bool(false)),
    }),
    row(BUILDER, "bool Equals(string span)", |call| {
        let other = call.text_or_null(1)?.map_or("", |text| text);
        Ok(Value::Bool(this(call)?.state().text == other))
    }),
    row(BUILDER, "string ToString()", whole),
    row(BUILDER, "string ToString(int startIndex, int length)", |call| {
        let text = this(call)?.state().text.clone();
        let start = not_negative(call.int(1)?, "startIndex")?;
        let count = utf16::length(&text);
        if start > count {
            return Err(out_of_range("startIndex cannot be larger than length of string.", "startIndex"));
        }
        let length = not_negative(call.int(2)?, "length")?;
        if length > count - start {
            return Err(out_of_range("Index and length must refer to a location within the string.", "length"));
        }
        call.yields(utf16::part(&text, start, length))
    }),
];

fn builder(text: String, capacity: usize) -> Value {
    Value::Library(Library::StringBuilder(Arc::new(SharedText::new(text, capacity))))
}

/// What the receiver grows: itself, or the builder that a writer was given.
pub(super) fn this(call: &Call<'_, '_>) -> Outcome<Arc<SharedText>> {
    match call.value(0) {
        Value::Library(Library::StringBuilder(text)) => Ok(Arc::clone(text)),
        Value::Library(Library::StringWriter(text)) => Ok(text.state().target.as_ref().unwrap_or(text).clone()),
        _ => Err(broken("expected a builder of text")),
    }
}

// How much of its text a member looks at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Looks {
    /// Only whether it is all ASCII, which takes a fraction of the time.
    Across,
    Through,
}

fn weigh(call: &mut Call<'_, '_>, looks: Looks) -> Outcome<()> {
    let bytes = this(call)?.state().text.len();
    call.machine.weigh_bytes(if looks == Looks::Across { bytes / 16 } else { bytes })
}

pub(super) fn whole(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let text = this(call)?.state().text.clone();
    call.yields(text)
}

// What is appended of the argument.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Chars(units) => String::from_utf16_lossy(units),
        value if Ty::array(Ty::Char).admits(value) => {
            let unit = |value: &Value| if let Value::Char(unit) = value { *unit } else { 0 };
            let units: Option<Vec<u16>> =
                instance::look(value, |items: &mut Items| items.values.iter().map(unit).collect());
            String::from_utf16_lossy(&units.unwrap_or_default())
        }
        other => other.to_string(),
    }
}

// A part of the value at this position: a string, characters or a builder. `count` and `blamed` name parameters in messages.
pub(super) fn part_of(call: &Call<'_, '_>, at: usize, count: &'static str, blamed: &str) -> Outcome<String> {
    let (start, length) = (call.int(at + 1)?, call.int(at + 2)?);
    let (start, length) = (not_negative(start, "startIndex")?, not_negative(length, count)?);
    if call.value(at).is_null() {
        return if start == 0 && length == 0 { Ok(String::new()) } else { Err(argument_null("value")) };
    }
    if count != "charCount" && blamed == "startIndex" && length == 0 {
        return Ok(String::new());
    }
    let text = shown(call.value(at));
    if start.saturating_add(length) > utf16::length(&text) {
        return Err(out_of_range(NOT_WITHIN, blamed));
    }
    Ok(utf16::part(&text, start, length).to_string())
}

fn append_part(call: &mut Call<'_, '_>, count: &'static str, blamed: &str) -> Outcome<Value> {
    let text = part_of(call, 1, count, blamed)?;
    push(call, &text)
}

// A builder may have been given a most that it can hold.
fn fits(call: &Call<'_, '_>, more: usize, message: &str, parameter: &str) -> Outcome<()> {
    let this = this(call)?;
    let state = this.state();
    match state.length_max {
        Some(most) if utf16::length(&state.text).saturating_add(more) > most => Err(out_of_range(message, parameter)),
        _ => Ok(()),
    }
}

fn copy_to(call: &mut Call<'_, '_>) -> Outcome<Value> {
    if call.value(2).is_null() {
        return Err(argument_null("destination"));
    }
    let to = not_negative(call.int(3)?, "destinationIndex")?;
    // The difference of 32 bits wraps in .NET, so that a count far below zero leaves no room.
    let room = i32::try_from(call.units(2, "destination")?.len()).unwrap_or(i32::MAX);
    let has_room = call.int(3)? <= room.wrapping_sub(call.int(4)?);
    if has_room && call.int(3)? > room {
        return Err(throw(
            "System.ArgumentOutOfRangeException",
            "Specified argument was out of the range of valid values.",
        ));
    }
    let count = if has_room { not_negative(call.int(4)?, "count")? } else { 0 };
    let units: Vec<u16> = this(call)?.state().text.encode_utf16().collect();
    if !has_room {
        let message = "Either offset did not refer to a position in the string, or there is an insufficient length of destination \
                       character array.";
        return Err(throw("System.ArgumentException", message));
    }
    let from = usize::try_from(call.int(1)?).ok().filter(|from| *from <= units.len());
    let from = from.ok_or_else(|| out_of_range(NOT_WITHIN, "sourceIndex"))?;
    let part = from.checked_add(count).and_then(|end| units.get(from..end));
    let message = "Source string was not long enough. Check sourceIndex and count.";
    write_units(call, 2, to, part.ok_or_else(|| throw("System.ArgumentException", message))?)?;
    Ok(Value::Null)
}

// Appends and gives the receiver.
pub(super) fn push(call: &mut Call<'_, '_>, more: &str) -> Outcome<Value> {
    call.machine.charge(more.len())?;
    fits(call, utf16::length(more), "The length cannot be greater than the capacity.", "valueCount")?;
    let this = this(call)?;
    let mut state = this.state();
    let length = state.text.len().saturating_add(more.len());
    call.machine.check_length(length)?;
    state.text.push_str(more);
    drop(state);
    grow(&this);
    Ok(call.value(0).clone())
}

pub(super) fn append(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let text = shown(call.value(1));
    push(call, &text)
}

// .NET's builders grow by blocks of their own length, of at most 8,000 units.
fn grow(text: &SharedText) {
    let mut state = text.state();
    // No text has more units than bytes, so most appends need not count them.
    if state.text.len() <= state.position {
        return;
    }
    let length = utf16::length(&state.text);
    if length > state.position {
        let block = (length - state.position).max(state.position.min(BLOCK_MAX));
        state.position = state.position.saturating_add(block).min(state.length_max.unwrap_or(usize::MAX));
    }
}

fn separator(call: &Call<'_, '_>) -> String {
    call.value(1).to_string()
}

fn joined_strings(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let items = call.texts(2, "values")?;
    let length = items.iter().map(|item| item.len()).sum::<usize>();
    let separator = separator(call);
    call.machine.check_length(length.saturating_add(separator.len().saturating_mul(items.len())))?;
    push(call, &items.join(&*separator))
}

fn joined_items(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let items: Vec<String> = call.items(2, "values")?.iter().map(ToString::to_string).collect();
    let text = items.join(&separator(call));
    push(call, &text)
}

fn joined_values(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let items: Vec<String> = call.rest(2).iter().map(ToString::to_string).collect();
    let text = items.join(&separator(call));
    push(call, &text)
}

fn insert(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let text = shown(call.value(2));
    insert_text(call, &text)
}

// The index that something is to be inserted at.
fn place_in(call: &Call<'_, '_>) -> Outcome<usize> {
    let length = utf16::length(&this(call)?.state().text);
    place_within(call, length)
}

fn place_within(call: &Call<'_, '_>, length: usize) -> Outcome<usize> {
    let at = usize::try_from(call.int(1)?).ok().filter(|at| *at <= length);
    at.ok_or_else(|| out_of_range(NOT_WITHIN, "index"))
}

fn insert_text(call: &mut Call<'_, '_>, more: &str) -> Outcome<Value> {
    call.machine.charge(more.len())?;
    weigh(call, Looks::Through)?;
    fits(call, utf16::length(more), BELOW_SIZE, "requiredLength")?;
    let this = this(call)?;
    let mut state = this.state();
    let length = utf16::length(&state.text);
    let at = place_within(call, length)?;
    call.machine.check_length(state.text.len().saturating_add(more.len()))?;
    let (before, after) = (utf16::part(&state.text, 0, at), utf16::part(&state.text, at, length - at));
    state.text = format!("{before}{more}{after}");
    // What does not fit in, or stands in a long block, comes to a block of its own.
    let count = utf16::length(more);
    if length + count > state.position || length > 2 * CAPACITY && count > 0 {
        state.position = state.position.saturating_add(count).min(state.length_max.unwrap_or(usize::MAX));
    }
    drop(state);
    Ok(call.value(0).clone())
}

fn replace(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let text = this(call)?.state().text.clone();
    let length = utf16::length(&text);
    let (start, count) = if call.arguments.len() > 3 {
        let start = usize::try_from(call.int(3)?).ok().filter(|start| *start <= length);
        let start = start.ok_or_else(|| out_of_range(NOT_WITHIN, "startIndex"))?;
        let count = usize::try_from(call.int(4)?).ok().filter(|count| *count <= length - start);
        (start, count.ok_or_else(|| out_of_range(NOT_WITHIN, "count"))?)
    } else {
        (0, length)
    };
    let old = match call.value(1) {
        Value::Null => return Err(argument_null("oldValue")),
        value => value.to_string(),
    };
    if old.is_empty() {
        return Err(empty("oldValue"));
    }
    let new = call.value(2).to_string();
    let (from, to) = (utf16::byte_of_index(&text, start), utf16::byte_of_index(&text, start + count));
    let part = text.get(from..to).unwrap_or("");
    let grown = part.matches(&old).count().saturating_mul(new.len()).saturating_add(text.len());
    if grown > STRING_BYTES_MAX {
        call.machine.check_length(grown)?;
    }
    call.machine.charge(grown)?;
    let replaced = part.replace(&old, &new);
    let (before, after) = (text.get(..from).unwrap_or(""), text.get(to..).unwrap_or(""));
    this(call)?.state().text = format!("{before}{replaced}{after}");
    Ok(call.value(0).clone())
}
