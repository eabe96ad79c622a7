//! Composite formats (`string.Format`, interpolated strings) and `ToString(format)` of every value that knows formats.

use super::number_format::{IsNegative, Number, format_number};
use super::{Call, Row, Run, row, utf16};
use crate::expr::Interrupt;
use crate::expr::bounded;
use crate::expr::exception::{Outcome, argument_null, format as format_exception};
use crate::expr::limits::Limit;
use crate::expr::limits::STRING_BYTES_MAX;
use crate::value::time_format::{self, Wrong};
use crate::value::{EnumValue, Value};

/// The widest alignment of a hole and the largest index of an argument, as .NET limits them too.
const HOLE_NUMBER_MAX: usize = 1_000_000;

pub(super) const ROWS: &[Row] = &[
    row("string", "static string Format(string format, params object[] args)", |call| {
        let format = call.text(0, "format")?;
        let text = compose(format, &call.rest(1))?;
        call.yields(text)
    }),
    row("string", "static string Format(IFormatProvider provider, string format, params object[] args)", |call| {
        let format = call.text(1, "format")?;
        let text = compose(format, &call.rest(2))?;
        call.yields(text)
    }),
    row("Guid", "string ToString(string format)", formatted),
    row("DateTime", "string ToString(string format)", formatted),
    row("TimeSpan", "string ToString(string format)", formatted),
];

pub(super) fn formatted(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let format = call.text_or_null(1)?.map_or("", |format| format);
    let text = with_format(call.value(0), format)?;
    call.yields(text)
}

/// `ToString()` of whatever culture, of which there is one.
pub(super) fn shown(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let text = bounded::text(call.value(0))?;
    call.yields(text)
}

/// The hole of an interpolated string: value, alignment, format.
pub(crate) const HOLE: Run = Run::Function(|call| {
    let format = call.text(2, "format")?;
    let text = composite(call.value(0), i64::from(call.int(1)?), format)?;
    call.yields(text)
});

/// An array that was given for a row of objects, and the name of its parameter.
pub(crate) const GIVEN: Run = Run::Function(|call| match call.value(0) {
    Value::Null => Err(argument_null(call.text(1, "name")?)),
    given => Ok(given.clone()),
});

/// One hole: the value in its format, padded to its alignment (negative: to the left).
fn composite(value: &Value, alignment: i64, format: &str) -> Outcome<String> {
    let text = with_format(value, format)?;
    let width = usize::try_from(alignment.unsigned_abs()).unwrap_or(usize::MAX);
    if width > STRING_BYTES_MAX {
        return Err(Interrupt::LimitExceeded(Limit::StringLength));
    }
    let padding = " ".repeat(width.saturating_sub(utf16::length(&text)));
    Ok(if alignment < 0 { text + &padding } else { padding + &text })
}

const ENDS: &str = "Format item ends prematurely.";
const DIGIT: &str = "Expected an ASCII digit.";
const CLOSING: &str = "Unexpected closing brace without a corresponding opening brace.";

fn malformed(offset: usize, what: &str) -> Interrupt {
    format_exception(format!("Input string was not in a correct format. Failure to parse near offset {offset}. {what}"))
}

/// `string.Format(format, arguments)`.
pub(super) fn compose(format: &str, arguments: &[Value]) -> Outcome<String> {
    let mut reader = Holes { chars: format.chars().collect(), at: 0 };
    let mut text = String::new();
    while let Some(c) = reader.peek() {
        if c != '{' && c != '}' {
            text.push(c);
            reader.at += 1;
            continue;
        }
        let next = reader.advance()?;
        if next == c {
            text.push(c);
            reader.at += 1;
        } else if c == '}' {
            return Err(malformed(reader.at, CLOSING));
        } else {
            let (index, alignment, item) = reader.hole()?;
            let value = arguments.get(index).ok_or_else(|| {
                format_exception(
                    "Index (zero based) must be greater than or equal to zero and less than the size of the argument list.",
                )
            })?;
            text.push_str(&composite(value, alignment, &item)?);
        }
        if text.len() > STRING_BYTES_MAX {
            return Err(Interrupt::LimitExceeded(Limit::StringLength));
        }
    }
    Ok(text)
}

/// Reads `0,-10:format}`; the offsets in messages are those of .NET's reader.
struct Holes {
    chars: Vec<char>,
    at: usize,
}

impl Holes {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn advance(&mut self) -> Outcome<char> {
        self.at += 1;
        self.peek().ok_or_else(|| malformed(self.at, ENDS))
    }

    // A number of at least one digit, and the blanks behind it.
    fn number(&mut self) -> Outcome<usize> {
        let first = self.peek().and_then(|c| c.to_digit(10)).ok_or_else(|| malformed(self.at, DIGIT))?;
        let mut number = usize::try_from(first).unwrap_or(0);
        let mut c = self.advance()?;
        while let Some(digit) = c.to_digit(10).filter(|_| number < HOLE_NUMBER_MAX) {
            number = number * 10 + usize::try_from(digit).unwrap_or(0);
            c = self.advance()?;
        }
        while c == ' ' {
            c = self.advance()?;
        }
        Ok(number)
    }

    fn hole(&mut self) -> Outcome<(usize, i64, String)> {
        let index = self.number()?;
        let (mut alignment, mut format) = (0, String::new());
        if self.peek() == Some(',') {
            while self.advance()? == ' ' {}
            let is_left = self.peek() == Some('-');
            if is_left {
                self.advance()?;
            }
            let width = i64::try_from(self.number()?).unwrap_or(i64::MAX);
            alignment = if is_left { -width } else { width };
        }
        if self.peek() != Some('}') {
            if self.peek() != Some(':') {
                return Err(malformed(self.at, ENDS));
            }
            loop {
                match self.advance()? {
                    '}' => break,
                    '{' => return Err(malformed(self.at, ENDS)),
                    c => format.push(c),
                }
            }
        }
        self.at += 1;
        Ok((index, alignment, format))
    }
}

/// `ToString(format)` of a value that knows formats; others ignore it, as .NET does for what is not `IFormattable`.
pub(super) fn with_format(value: &Value, format: &str) -> Outcome<String> {
    if format.is_empty() {
        return bounded::text(value);
    }
    match value {
        Value::Int32(number) => format_number(Number::Integer(i128::from(*number), 32), format),
        Value::Int64(number) => format_number(Number::Integer(i128::from(*number), 64), format),
        Value::SByte(number) => format_number(Number::Integer(i128::from(*number), 8), format),
        Value::Byte(number) => format_number(Number::Integer(i128::from(*number), 8), format),
        Value::Int16(number) => format_number(Number::Integer(i128::from(*number), 16), format),
        Value::UInt16(number) => format_number(Number::Integer(i128::from(*number), 16), format),
        Value::UInt32(number) => format_number(Number::Integer(i128::from(*number), 32), format),
        Value::UInt64(number) => format_number(Number::Integer(i128::from(*number), 64), format),
        Value::Single(number) => format_number(Number::Single(*number), format),
        Value::Decimal(number) => {
            let (negative, digits, scale) = number.parts();
            let sign = if negative { IsNegative::Yes } else { IsNegative::No };
            format_number(Number::Decimal(sign, digits, scale), format)
        }
        Value::Double(number) => format_number(Number::Double(*number), format),
        Value::Guid(guid) => super::guid::with_format(*guid, format),
        Value::DateTime(moment) => moment_text(time_format::format(*moment, None, format)),
        Value::DateTimeOffset(moment) => {
            moment_text(time_format::format(moment.clock(), Some(moment.offset_minutes()), format))
        }
        Value::TimeSpan(span) => super::time_span::with_format(*span, format),
        Value::Enum(value) => enumeration(*value, format),
        Value::Json(token) => match token.held() {
            Some(held) => with_format(&held, format),
            None => bounded::text(value),
        },
        other => bounded::text(other),
    }
}

fn moment_text(text: Result<String, Wrong>) -> Outcome<String> {
    text.map_err(|found| match found {
        Wrong::Malformed => wrong(),
        Wrong::Unquoted(quote) => {
            format_exception(format!("Cannot find a matching quote character for the character '{quote}'."))
        }
    })
}

/// The exception for a format that the type does not have.
pub(super) fn wrong() -> Interrupt {
    format_exception("Input string was not in a correct format.")
}

fn enumeration(value: EnumValue, format: &str) -> Outcome<String> {
    match format {
        "G" | "g" => Ok(value.to_string()),
        "F" | "f" => {
            Ok(value.name().map(str::to_owned).or_else(|| value.names()).unwrap_or_else(|| value.number.to_string()))
        }
        "D" | "d" => Ok(value.number.to_string()),
        "X" | "x" => Ok(format!("{:08X}", value.number)),
        _ => {
            Err(format_exception("Format string can be only \"G\", \"g\", \"X\", \"x\", \"F\", \"f\", \"D\" or \"d\"."))
        }
    }
}
