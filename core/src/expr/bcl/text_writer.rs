//! `System.IO.StringWriter`: writes into text that grows, which `text_builder` holds.

use std::sync::Arc;

use super::format::compose;
use super::string::not_negative;
use super::text_builder::{push, shown, this, whole};
use super::text_reader::OUTSIDE;
use super::{Call, Row, row};
use crate::expr::exception::{Outcome, argument_null, broken, throw};
use crate::value::library::SharedText;
use crate::value::{Library, Service, Value};

const WRITER: &str = "StringWriter";

/// .NET's capacity of an empty builder.
const CAPACITY: usize = 16;

pub(super) const ROWS: &[Row] = &[
    row(WRITER, "new StringWriter()", |_| Ok(writer(None))),
    row(WRITER, "new StringWriter(IFormatProvider formatProvider)", |_| Ok(writer(None))),
    row(WRITER, "new StringWriter(StringBuilder sb, IFormatProvider formatProvider)", on_builder),
    row(WRITER, "Encoding Encoding", |_| Ok(Value::Service(Service::UnicodePlain))),
    row(WRITER, "set string NewLine", |call| {
        let ending = call.text_or_null(1)?.cloned().unwrap_or_else(|| Arc::from("\n"));
        writer_of(call)?.state().line_end = Some(ending);
        Ok(Value::Null)
    }),
    row(WRITER, "void Write(char[] buffer, int index, int count)", |call| {
        let text = buffered(call)?;
        written(call, &text, Line::Open)
    }),
    row(WRITER, "void WriteLine(char[] buffer, int index, int count)", |call| {
        let text = buffered(call)?;
        written(call, &text, Line::Ended)
    }),
    row(WRITER, "new StringWriter(StringBuilder sb)", on_builder),
    row(WRITER, "void Write(string value)", write),
    row(WRITER, "void Write(char value)", write),
    row(WRITER, "void Write(char[] buffer)", write),
    row(WRITER, "void Write(bool value)", write),
    row(WRITER, "void Write(int value)", write),
    row(WRITER, "void Write(long value)", write),
    row(WRITER, "void Write(double value)", write),
    row(WRITER, "void Write(uint value)", write),
    row(WRITER, "void Write(ulong value)", write),
    row(WRITER, "void Write(float value)", write),
    row(WRITER, "void Write(decimal value)", write),
    row(WRITER, "void Write(StringBuilder value)", write),
    row(WRITER, "void Write(object value)", write),
    row(WRITER, "void Write(string format, params object[] args)", |call| {
        let text = compose(call.text(1, "format")?, &call.rest(2))?;
        written(call, &text, Line::Open)
    }),
    row(WRITER, "void WriteLine(string format, params object[] args)", |call| {
        let text = compose(call.text(1, "format")?, &call.rest(2))?;
        written(call, &text, Line::Ended)
    }),
    row(WRITER, "void WriteLine()", |call| written(call, "", Line::Ended)),
    row(WRITER, "void WriteLine(string value)", write_line),
    row(WRITER, "void WriteLine(char value)", write_line),
    row(WRITER, "void WriteLine(char[] buffer)", write_line),
    row(WRITER, "void WriteLine(bool value)", write_line),
    row(WRITER, "void WriteLine(int value)", write_line),
    row(WRITER, "void WriteLine(long value)", write_line),
    row(WRITER, "void WriteLine(double value)", write_line),
    row(WRITER, "void WriteLine(uint value)", write_line),
    row(WRITER, "void WriteLine(ulong value)", write_line),
    row(WRITER, "void WriteLine(float value)", write_line),
    row(WRITER, "void WriteLine(decimal value)", write_line),
    row(WRITER, "void WriteLine(StringBuilder value)", write_line),
    row(WRITER, "void WriteLine(object value)", write_line),
    row(WRITER, "void Flush()", |_| Ok(Value::Null)),
    row(WRITER, "void Close()", close),
    row(WRITER, "void Dispose()", close),
    row(WRITER, "string NewLine", |call| {
        let ending = ending(call)?;
        call.yields(ending)
    }),
    row(WRITER, "StringBuilder GetStringBuilder()", |call| Ok(Value::Library(Library::StringBuilder(this(call)?)))),
    row(WRITER, "string ToString()", whole),
];

/// Whether what is written ends a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Open,
    Ended,
}

fn writer(target: Option<Arc<SharedText>>) -> Value {
    let made = SharedText::new(String::new(), CAPACITY);
    made.state().target = target;
    Value::Library(Library::StringWriter(Arc::new(made)))
}

fn on_builder(call: &mut Call<'_, '_>) -> Outcome<Value> {
    match call.value(0) {
        Value::Library(Library::StringBuilder(text)) => Ok(writer(Some(Arc::clone(text)))),
        _ => Err(argument_null("sb")),
    }
}

fn writer_of<'c>(call: &Call<'c, '_>) -> Outcome<&'c SharedText> {
    match call.value(0) {
        Value::Library(Library::StringWriter(text)) => Ok(text),
        _ => Err(broken("expected a StringWriter")),
    }
}

fn ending(call: &Call<'_, '_>) -> Outcome<Arc<str>> {
    Ok(writer_of(call)?.state().line_end.clone().unwrap_or_else(|| Arc::from("\n")))
}

fn close(call: &mut Call<'_, '_>) -> Outcome<Value> {
    writer_of(call)?.state().is_closed = true;
    Ok(Value::Null)
}

/// Writes into the writer at this place of the arguments.
pub(super) fn write_into(call: &mut Call<'_, '_>, at: usize, text: &str) -> Outcome<Value> {
    let Value::Library(Library::StringWriter(_)) = call.value(at) else { return Err(argument_null("output")) };
    let writer = [call.value(at).clone()];
    written(&mut Call { arguments: &writer, types: &[], machine: call.machine }, text, Line::Open)
}

fn written(call: &mut Call<'_, '_>, text: &str, line: Line) -> Outcome<Value> {
    if writer_of(call)?.state().is_closed {
        return Err(throw("System.ObjectDisposedException", "Cannot write to a closed TextWriter."));
    }
    push(call, text)?;
    if line == Line::Ended {
        let ending = ending(call)?;
        push(call, &ending)?;
    }
    Ok(Value::Null)
}

fn write(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let text = shown(call.value(1));
    written(call, &text, Line::Open)
}

fn write_line(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let text = shown(call.value(1));
    written(call, &text, Line::Ended)
}

fn buffered(call: &Call<'_, '_>) -> Outcome<String> {
    let units = call.units(1, "buffer")?;
    let (start, count) = (not_negative(call.int(2)?, "index")?, not_negative(call.int(3)?, "count")?);
    let part = start.checked_add(count).and_then(|end| units.get(start..end));
    part.map(String::from_utf16_lossy).ok_or_else(|| throw("System.ArgumentException", OUTSIDE))
}
