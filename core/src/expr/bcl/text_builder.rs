//! `System.Text.StringBuilder` and `System.IO.StringWriter`: text that grows. Reading is in `text_reader`.

use std::sync::Arc;

use super::format::compose;
use super::string::{empty, index, not_negative};
use super::string_build::strings;
use super::{Call, Row, row, utf16};
use crate::expr::exception::{Outcome, argument_null, broken, index_out_of_range, out_of_range};
use crate::expr::limits::STRING_BYTES_MAX;
use crate::value::library::SharedText;
use crate::value::{Library, Value};

const BUILDER: &str = "StringBuilder";
const WRITER: &str = "StringWriter";

/// .NET's capacity of an empty builder.
const CAPACITY: usize = 16;

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
    row(BUILDER, "int Length", |call| Ok(index(utf16::length(&this(call)?.state().text)))),
    row(BUILDER, "int Capacity", |call| {
        let state = this(call)?.state();
        Ok(index(state.position.max(utf16::length(&state.text))))
    }),
    row(BUILDER, "int MaxCapacity", |_| Ok(Value::Int32(i32::MAX))),
    row(BUILDER, "int EnsureCapacity(int capacity)", |call| {
        let capacity = not_negative(call.int(1)?, "capacity")?;
        let mut state = this(call)?.state();
        state.position = state.position.max(capacity);
        Ok(index(state.position))
    }),
    row(BUILDER, "char this[int index]", |call| {
        let at = usize::try_from(call.int(1)?).map_err(|_| index_out_of_range())?;
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
    row(BUILDER, "StringBuilder Append(char value, int repeatCount)", |call| {
        let (c, count) = (utf16::char_of(call.unit(1)?), not_negative(call.int(2)?, "repeatCount")?);
        call.machine.check_length(count.saturating_mul(c.len_utf8()))?;
        push(call, &String::from_iter(std::iter::repeat_n(c, count)))
    }),
    row(BUILDER, "StringBuilder Append(string value, int startIndex, int count)", |call| {
        let text = call.text_or_null(1)?.map_or("", |text| text);
        let (start, count) = (not_negative(call.int(2)?, "startIndex")?, not_negative(call.int(3)?, "count")?);
        if start.saturating_add(count) > utf16::length(text) {
            return Err(out_of_range(NOT_WITHIN, "startIndex"));
        }
        push(call, &utf16::part(text, start, count))
    }),
    row(BUILDER, "StringBuilder AppendLine()", |call| push(call, "\n")),
    row(BUILDER, "StringBuilder AppendLine(string value)", |call| {
        let text = call.text_or_null(1)?.map_or("", |text| text);
        push(call, text)?;
        push(call, "\n")
    }),
    row(BUILDER, "StringBuilder AppendFormat(string format, params object[] args)", |call| {
        let text = compose(call.text(1, "format")?, call.arguments.get(2..).unwrap_or(&[]))?;
        push(call, &text)
    }),
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
    row(BUILDER, "StringBuilder Insert(int index, object value)", insert),
    row(BUILDER, "StringBuilder Insert(int index, string value, int count)", |call| {
        let count = not_negative(call.int(3)?, "count")?;
        let text = call.text_or_null(2)?.map_or("", |text| text);
        call.machine.check_length(text.len().saturating_mul(count))?;
        insert_text(call, &text.repeat(count))
    }),
    row(BUILDER, "StringBuilder Remove(int startIndex, int length)", |call| {
        let (start, length) = (call.int(1)?, call.int(2)?);
        let (length, start) = (not_negative(length, "length")?, not_negative(start, "startIndex")?);
        let mut state = this(call)?.state();
        if start.saturating_add(length) > utf16::length(&state.text) {
            return Err(out_of_range(NOT_WITHIN, "length"));
        }
        let (from, to) = (utf16::byte_of_index(&state.text, start), utf16::byte_of_index(&state.text, start + length));
        state.text.replace_range(from..to, "");
        drop(state);
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
    row(WRITER, "new StringWriter()", |_| Ok(writer(String::new()))),
    row(WRITER, "new StringWriter(StringBuilder sb)", |call| match call.value(0) {
        Value::Library(Library::StringBuilder(text)) => Ok(Value::Library(Library::StringWriter(Arc::clone(text)))),
        _ => Err(argument_null("sb")),
    }),
    row(WRITER, "void Write(string value)", write),
    row(WRITER, "void Write(char value)", write),
    row(WRITER, "void Write(char[] buffer)", write),
    row(WRITER, "void Write(bool value)", write),
    row(WRITER, "void Write(int value)", write),
    row(WRITER, "void Write(long value)", write),
    row(WRITER, "void Write(double value)", write),
    row(WRITER, "void Write(object value)", write),
    row(WRITER, "void Write(string format, params object[] arg)", |call| {
        let text = compose(call.text(1, "format")?, call.arguments.get(2..).unwrap_or(&[]))?;
        push(call, &text)?;
        Ok(Value::Null)
    }),
    row(WRITER, "void WriteLine()", |call| push(call, "\n").map(|_| Value::Null)),
    row(WRITER, "void WriteLine(string value)", write_line),
    row(WRITER, "void WriteLine(char value)", write_line),
    row(WRITER, "void WriteLine(bool value)", write_line),
    row(WRITER, "void WriteLine(int value)", write_line),
    row(WRITER, "void WriteLine(long value)", write_line),
    row(WRITER, "void WriteLine(double value)", write_line),
    row(WRITER, "void WriteLine(object value)", write_line),
    row(WRITER, "void Flush()", |_| Ok(Value::Null)),
    row(WRITER, "void Close()", |_| Ok(Value::Null)),
    row(WRITER, "void Dispose()", |_| Ok(Value::Null)),
    row(WRITER, "string NewLine", |call| call.yields("\n")),
    row(WRITER, "StringBuilder GetStringBuilder()", |call| {
        Ok(Value::Library(Library::StringBuilder(Arc::clone(this(call)?))))
    }),
    row(WRITER, "string ToString()", whole),
];

fn builder(text: String, capacity: usize) -> Value {
    Value::Library(Library::StringBuilder(Arc::new(SharedText::new(text, capacity))))
}

fn writer(text: String) -> Value {
    Value::Library(Library::StringWriter(Arc::new(SharedText::new(text, CAPACITY))))
}

fn this<'c>(call: &Call<'c, '_>) -> Outcome<&'c Arc<SharedText>> {
    match call.value(0) {
        Value::Library(Library::StringBuilder(text) | Library::StringWriter(text)) => Ok(text),
        _ => Err(broken("expected a builder of text")),
    }
}

fn whole(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let text = this(call)?.state().text.clone();
    call.yields(text)
}

// What is appended of the argument.
fn shown(value: &Value) -> String {
    match value {
        Value::Chars(units) => String::from_utf16_lossy(units),
        other => other.to_string(),
    }
}

// Appends and gives the receiver.
fn push(call: &mut Call<'_, '_>, more: &str) -> Outcome<Value> {
    call.machine.charge(more.len())?;
    let mut state = this(call)?.state();
    let length = state.text.len().saturating_add(more.len());
    call.machine.check_length(length)?;
    state.text.push_str(more);
    drop(state);
    Ok(call.value(0).clone())
}

fn append(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let text = shown(call.value(1));
    push(call, &text)
}

fn write(call: &mut Call<'_, '_>) -> Outcome<Value> {
    append(call).map(|_| Value::Null)
}

fn write_line(call: &mut Call<'_, '_>) -> Outcome<Value> {
    append(call)?;
    push(call, "\n").map(|_| Value::Null)
}

fn separator(call: &Call<'_, '_>) -> String {
    call.value(1).to_string()
}

fn joined_strings(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let items = strings(call, 2, "values")?;
    let length = items.iter().map(|item| item.len()).sum::<usize>();
    let separator = separator(call);
    call.machine.check_length(length.saturating_add(separator.len().saturating_mul(items.len())))?;
    push(call, &items.join(&*separator))
}

fn joined_values(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let items: Vec<String> = call.arguments.get(2..).unwrap_or(&[]).iter().map(ToString::to_string).collect();
    let text = items.join(&separator(call));
    push(call, &text)
}

fn insert(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let text = shown(call.value(2));
    insert_text(call, &text)
}

fn insert_text(call: &mut Call<'_, '_>, more: &str) -> Outcome<Value> {
    call.machine.charge(more.len())?;
    let mut state = this(call)?.state();
    let length = utf16::length(&state.text);
    let at = usize::try_from(call.int(1)?).ok().filter(|at| *at <= length);
    let at = at.ok_or_else(|| out_of_range(NOT_WITHIN, "index"))?;
    call.machine.check_length(state.text.len().saturating_add(more.len()))?;
    let offset = utf16::byte_of_index(&state.text, at);
    state.text.insert_str(offset, more);
    drop(state);
    Ok(call.value(0).clone())
}

fn replace(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let old = match call.value(1) {
        Value::Null => return Err(argument_null("oldValue")),
        value => value.to_string(),
    };
    if old.is_empty() {
        return Err(empty("oldValue"));
    }
    let new = call.value(2).to_string();
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
