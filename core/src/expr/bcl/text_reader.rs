//! `System.IO.StringReader` and `System.StringComparer`. Text that grows is in `text_builder`.

use std::sync::Arc;

use super::string::{distance, folded};
use super::{Call, Row, row};
use crate::expr::exception::{Outcome, broken};
use crate::value::library::{SharedText, TextComparison};
use crate::value::{Library, Value};

const READER: &str = "StringReader";
const COMPARER: &str = "StringComparer";

pub(super) const ROWS: &[Row] = &[
    row(READER, "new StringReader(string s)", |call| {
        let text = call.text(0, "s")?.to_string();
        call.machine.charge(text.len())?;
        Ok(Value::Library(Library::StringReader(Arc::new(SharedText::new(text, 0)))))
    }),
    row(READER, "int Peek()", |call| Ok(unit(rest(call)?.as_str()))),
    row(READER, "int Read()", |call| {
        let rest = rest(call)?;
        // A reader stands between characters, so both halves of a pair are read at once.
        let length = rest.chars().next().map_or(0, char::len_utf8);
        advance(call, length)?;
        Ok(unit(&rest))
    }),
    row(READER, "string ReadLine()", |call| {
        let rest = rest(call)?;
        if rest.is_empty() {
            return Ok(Value::Null);
        }
        let end = rest.find(['\r', '\n']).unwrap_or(rest.len());
        let line = rest.get(..end).unwrap_or("");
        let behind = rest.get(end..).unwrap_or("");
        let ending = if behind.starts_with("\r\n") { 2 } else { usize::from(!behind.is_empty()) };
        advance(call, end + ending)?;
        call.yields(line)
    }),
    row(READER, "string ReadToEnd()", |call| {
        let rest = rest(call)?;
        advance(call, rest.len())?;
        call.yields(rest)
    }),
    row(READER, "void Close()", |_| Ok(Value::Null)),
    row(READER, "void Dispose()", |_| Ok(Value::Null)),
    row(COMPARER, "static StringComparer Ordinal", |_| Ok(comparer(TextComparison::Ordinal))),
    row(COMPARER, "static StringComparer OrdinalIgnoreCase", |_| Ok(comparer(TextComparison::OrdinalIgnoreCase))),
    row(COMPARER, "static StringComparer InvariantCulture", |_| Ok(comparer(TextComparison::Ordinal))),
    row(COMPARER, "static StringComparer InvariantCultureIgnoreCase", |_| {
        Ok(comparer(TextComparison::OrdinalIgnoreCase))
    }),
    row(COMPARER, "static StringComparer CurrentCulture", |_| Ok(comparer(TextComparison::Ordinal))),
    row(COMPARER, "static StringComparer CurrentCultureIgnoreCase", |_| {
        Ok(comparer(TextComparison::OrdinalIgnoreCase))
    }),
    row(COMPARER, "bool Equals(string x, string y)", |call| Ok(Value::Bool(compared(call)? == Value::Int32(0)))),
    row(COMPARER, "int Compare(string x, string y)", |call| compared(call)),
];

fn comparer(comparison: TextComparison) -> Value {
    Value::Library(Library::StringComparer(comparison))
}

fn compared(call: &Call<'_, '_>) -> Outcome<Value> {
    let Value::Library(Library::StringComparer(comparison)) = call.value(0) else {
        return Err(broken("expected a StringComparer"));
    };
    let (a, b) = (call.text_or_null(1)?, call.text_or_null(2)?);
    let (Some(a), Some(b)) = (a, b) else {
        return Ok(super::object::order(a.is_some().cmp(&b.is_some())));
    };
    Ok(match comparison {
        TextComparison::Ordinal => distance(a, b),
        TextComparison::OrdinalIgnoreCase => distance(&folded(a), &folded(b)),
    })
}

fn this<'c>(call: &Call<'c, '_>) -> Outcome<&'c SharedText> {
    match call.value(0) {
        Value::Library(Library::StringReader(text)) => Ok(text),
        _ => Err(broken("expected a StringReader")),
    }
}

fn rest(call: &Call<'_, '_>) -> Outcome<String> {
    let state = this(call)?.state();
    Ok(state.text.get(state.position..).unwrap_or("").to_owned())
}

fn advance(call: &mut Call<'_, '_>, bytes: usize) -> Outcome<()> {
    // The copy of the rest counts, so that reading unit by unit cannot take time without end.
    let left = {
        let mut state = this(call)?.state();
        state.position = state.position.saturating_add(bytes).min(state.text.len());
        state.text.len() - state.position
    };
    call.machine.charge(left / 64)
}

fn unit(text: &str) -> Value {
    Value::Int32(text.encode_utf16().next().map_or(-1, i32::from))
}
