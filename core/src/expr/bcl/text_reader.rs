//! `System.IO.StringReader` and `System.StringComparer`. Text that grows is in `text_builder`.

use std::sync::{Arc, LazyLock};

use super::collections::key;
use super::string::{distance, distance_in_any_case, not_negative, ordinal_distance};
use super::{Base, Call, Row, row};
use crate::expr::exception::{Outcome, argument, argument_null, broken, throw};
use crate::expr::identity::{equal, is_same};
use crate::expr::instance::Items;
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
    row(READER, "int Peek()", |call| Ok(unit(&rest(call)?))),
    row(READER, "int Read()", |call| {
        let rest = rest(call)?;
        let next = unit(&rest);
        advance(call, usize::from(next != Value::Int32(-1)))?;
        Ok(next)
    }),
    row(READER, "string ReadLine()", |call| {
        let rest = rest(call)?;
        if rest.is_empty() {
            return Ok(Value::Null);
        }
        let is_end = |unit: &u16| matches!(*unit, 0xa | 0xd);
        let end = rest.iter().position(is_end).unwrap_or(rest.len());
        let line = String::from_utf16_lossy(rest.get(..end).unwrap_or(&[]));
        let behind = rest.get(end..).unwrap_or(&[]);
        let ending = if behind.starts_with(&[0xd, 0xa]) { 2 } else { usize::from(!behind.is_empty()) };
        advance(call, end + ending)?;
        call.yields(line)
    }),
    row(READER, "string ReadToEnd()", |call| {
        let rest = rest(call)?;
        advance(call, rest.len())?;
        call.yields(String::from_utf16_lossy(&rest))
    }),
    row(READER, "int Read(char[] buffer, int index, int count)", read_units),
    row(READER, "int ReadBlock(char[] buffer, int index, int count)", read_units),
    row(READER, "void Close()", close),
    row(READER, "void Dispose()", close),
    row(COMPARER, "static StringComparer Ordinal", |_| Ok(comparer(TextComparison::Ordinal))),
    row(COMPARER, "static StringComparer OrdinalIgnoreCase", |_| Ok(comparer(TextComparison::OrdinalIgnoreCase))),
    row(COMPARER, "static StringComparer InvariantCulture", |_| Ok(comparer(TextComparison::Culture))),
    row(COMPARER, "static StringComparer InvariantCultureIgnoreCase", |_| {
        Ok(comparer(TextComparison::CultureIgnoreCase))
    }),
    row(COMPARER, "static StringComparer CurrentCulture", |_| Ok(own_comparer(TextComparison::Culture))),
    row(COMPARER, "static StringComparer CurrentCultureIgnoreCase", |_| {
        Ok(own_comparer(TextComparison::CultureIgnoreCase))
    }),
    row(COMPARER, "static StringComparer FromComparison(StringComparison comparisonType)", |call| {
        Ok(match call.number(0)? {
            0 => own_comparer(TextComparison::Culture),
            1 => own_comparer(TextComparison::CultureIgnoreCase),
            2 => comparer(TextComparison::Culture),
            3 => comparer(TextComparison::CultureIgnoreCase),
            4 => comparer(TextComparison::Ordinal),
            5 => comparer(TextComparison::OrdinalIgnoreCase),
            _ => {
                let message = "The string comparison type passed in is currently not supported.";
                return Err(argument(message, "comparisonType"));
            }
        })
    }),
    row(
        COMPARER,
        "static bool IsWellKnownOrdinalComparer(IEqualityComparer<string> comparer, out bool ignoreCase)",
        |call| {
            let found = match call.value(0) {
                Value::Library(Library::StringComparer(comparison)) => match **comparison {
                    TextComparison::Ordinal => Some(false),
                    TextComparison::OrdinalIgnoreCase => Some(true),
                    TextComparison::Culture | TextComparison::CultureIgnoreCase => None,
                },
                // The default one of texts.
                other if other.to_string() == "System.Collections.Generic.GenericEqualityComparer`1[System.String]" => {
                    Some(false)
                }
                _ => None,
            };
            call.give(Value::Bool(found.unwrap_or(false)));
            Ok(Value::Bool(found.is_some()))
        },
    ),
    row(COMPARER, "bool Equals(object x, object y)", |call| match (call.value(1), call.value(2)) {
        (Value::String(_), Value::String(_)) => Ok(Value::Bool(compared(call)? == Value::Int32(0))),
        (x, y) => Ok(Value::Bool(equal(x, y))),
    }),
    row(COMPARER, "int Compare(object x, object y)", |call| match (call.value(1), call.value(2)) {
        (Value::String(_) | Value::Null, Value::String(_) | Value::Null) => compared(call),
        (Value::String(_), _) => Err(throw("System.ArgumentException", "Object must be of type String.")),
        (x, y) if !x.is_null() && !y.is_null() && !key::is_comparable(x) && !is_same(x, y) => {
            Err(throw("System.ArgumentException", "At least one object must implement IComparable."))
        }
        (x, y) => key::distance(x, y).map(Value::Int32),
    }),
    row(COMPARER, "int GetHashCode(string obj)", hash),
    row(COMPARER, "int GetHashCode(object obj)", hash),
    row(COMPARER, "bool Equals(string x, string y)", |call| Ok(Value::Bool(compared(call)? == Value::Int32(0)))),
    row(COMPARER, "int Compare(string x, string y)", |call| compared(call)),
];

// What is equal has the same.
fn hash(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let Value::Library(Library::StringComparer(comparison)) = call.value(0) else {
        return Err(broken("expected a StringComparer"));
    };
    Ok(Value::Int32(match call.value(1) {
        Value::Null => return Err(argument_null("obj")),
        Value::String(text) if comparison.ignores_case() => super::hash_code::of_text(&super::string::folded(text)),
        value => super::hash_code::hash_code(call.machine, value),
    }))
}

/// What readers and writers can be used as.
pub(super) const BASES: &[Base] = &[("StringReader", "IDisposable"), ("StringWriter", "IDisposable")];

// The comparers that there is one of; those of the current culture are made anew each time.
static COMPARERS: LazyLock<[Arc<TextComparison>; 4]> = LazyLock::new(|| {
    use TextComparison::{Culture, CultureIgnoreCase, Ordinal, OrdinalIgnoreCase};
    [Ordinal, OrdinalIgnoreCase, Culture, CultureIgnoreCase].map(Arc::new)
});

fn comparer(comparison: TextComparison) -> Value {
    let shared = COMPARERS.iter().find(|shared| ***shared == comparison);
    shared
        .map_or_else(|| own_comparer(comparison), |shared| Value::Library(Library::StringComparer(Arc::clone(shared))))
}

fn own_comparer(comparison: TextComparison) -> Value {
    Value::Library(Library::StringComparer(Arc::new(comparison)))
}

/// What a `StringComparer` says of the texts behind it.
pub(super) fn compared(call: &Call<'_, '_>) -> Outcome<Value> {
    let Value::Library(Library::StringComparer(comparison)) = call.value(0) else {
        return Err(broken("expected a StringComparer"));
    };
    let (a, b) = (call.text_or_null(1)?, call.text_or_null(2)?);
    let (Some(a), Some(b)) = (a, b) else {
        return Ok(super::object::order(a.is_some().cmp(&b.is_some())));
    };
    Ok(match **comparison {
        TextComparison::Ordinal => ordinal_distance(a, b),
        TextComparison::Culture => distance(a, b),
        TextComparison::OrdinalIgnoreCase | TextComparison::CultureIgnoreCase => distance_in_any_case(a, b),
    })
}

fn this<'c>(call: &Call<'c, '_>) -> Outcome<&'c SharedText> {
    match call.value(0) {
        Value::Library(Library::StringReader(text)) => Ok(text),
        _ => Err(broken("expected a StringReader")),
    }
}

/// What is left in the reader at this place of the arguments, all of which is read.
pub(super) fn read_out(call: &mut Call<'_, '_>, at: usize) -> Outcome<String> {
    let Value::Library(Library::StringReader(_)) = call.value(at) else { return Err(argument_null("input")) };
    let reader = [call.value(at).clone()];
    let mut inner = Call { arguments: &reader, types: &[], machine: call.machine };
    let rest = rest(&inner)?;
    advance(&mut inner, rest.len())?;
    Ok(String::from_utf16_lossy(&rest))
}

// What is left, in units; nothing may be read from a closed reader.
fn rest(call: &Call<'_, '_>) -> Outcome<Vec<u16>> {
    let state = this(call)?.state();
    if state.is_closed {
        return Err(throw("System.ObjectDisposedException", "Cannot read from a closed TextReader."));
    }
    Ok(state.text.encode_utf16().skip(state.position).collect())
}

fn advance(call: &mut Call<'_, '_>, units: usize) -> Outcome<()> {
    // The copy of the rest counts, so that reading unit by unit cannot take time without end.
    let length = {
        let mut state = this(call)?.state();
        state.position = state.position.saturating_add(units);
        state.text.len()
    };
    call.machine.charge(length / 64)
}

fn unit(units: &[u16]) -> Value {
    Value::Int32(units.first().map_or(-1, |unit| i32::from(*unit)))
}

fn close(call: &mut Call<'_, '_>) -> Outcome<Value> {
    this(call)?.state().is_closed = true;
    Ok(Value::Null)
}

fn read_units(call: &mut Call<'_, '_>) -> Outcome<Value> {
    if call.value(1).is_null() {
        return Err(argument_null("buffer"));
    }
    let (start, count) = (not_negative(call.int(2)?, "index")?, not_negative(call.int(3)?, "count")?);
    let room = call.units(1, "buffer")?.len();
    if count > room.saturating_sub(start) || start > room {
        return Err(throw("System.ArgumentException", OUTSIDE));
    }
    let mut rest = rest(call)?;
    rest.truncate(count);
    advance(call, rest.len())?;
    write_units(call, 1, start, &rest)?;
    Ok(super::string::index(rest.len()))
}

/// The message for a part that an array does not have.
pub(super) const OUTSIDE: &str = "Offset and length were out of bounds for the array or count is greater than the number of elements \
                                  from index to the end of the source collection.";

/// Writes units into the `char[]` at this position, from an index on.
pub(super) fn write_units(call: &Call<'_, '_>, at: usize, start: usize, units: &[u16]) -> Outcome<()> {
    call.state(at, |items: &mut Items| {
        for (place, unit) in items.values.iter_mut().skip(start).zip(units) {
            *place = Value::Char(*unit);
        }
    })
}
