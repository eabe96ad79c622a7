//! Composite formats (`string.Format`, interpolated strings) and the format strings of numbers, Guid and DateTime that are built.

use super::{Call, Row, Run, row, utf16};
use crate::expr::Interrupt;
use crate::expr::exception::{Outcome, format as format_exception};
use crate::value::Value;

/// The widest alignment of a hole, in characters.
const ALIGNMENT_MAX: usize = 1_000_000;

pub(super) const ROWS: &[Row] = &[
    row("string", "static string Format(string format, params object[] args)", |call| {
        let format = call.text(0, "format")?;
        let text = compose(format, &call.rest(1))?;
        call.yields(text)
    }),
    row("int", "string ToString(string format)", formatted),
    row("long", "string ToString(string format)", formatted),
    row("Guid", "string ToString(string format)", formatted),
    row("DateTime", "string ToString(string format)", formatted),
];

fn formatted(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let format = call.text_or_null(1)?.map_or("", |format| format);
    let text = with_format(call.value(0), format)?;
    call.yields(text)
}

/// The hole of an interpolated string: value, alignment, format.
pub(crate) const HOLE: Run = Run::Function(|call| {
    let format = call.text(2, "format")?;
    let text = composite(call.value(0), i64::from(call.int(1)?), format)?;
    call.yields(text)
});

/// One hole: the value in its format, padded to its alignment (negative: to the left).
fn composite(value: &Value, alignment: i64, format: &str) -> Outcome<String> {
    let text = with_format(value, format)?;
    let width = usize::try_from(alignment.unsigned_abs()).unwrap_or(usize::MAX);
    if width > ALIGNMENT_MAX {
        return Err(Interrupt::LimitExceeded(crate::expr::eval::STRING_LIMIT));
    }
    let padding = " ".repeat(width.saturating_sub(utf16::length(&text)));
    Ok(if alignment < 0 { text + &padding } else { padding + &text })
}

fn malformed(offset: usize, what: &str) -> Interrupt {
    format_exception(format!("Input string was not in a correct format. Failure to parse near offset {offset}. {what}"))
}

fn compose(format: &str, arguments: &[Value]) -> Outcome<String> {
    let mut text = String::new();
    let mut at = 0;
    while let Some(c) = format.get(at..).and_then(|rest| rest.chars().next()) {
        let doubled = format.as_bytes().get(at + 1).copied() == u8::try_from(u32::from(c)).ok();
        match c {
            '{' | '}' if doubled => {
                text.push(c);
                at += 2;
            }
            '}' if at + 1 == format.len() => return Err(malformed(at + 1, "Format item ends prematurely.")),
            '}' => return Err(malformed(at + 1, "Unexpected closing brace without a corresponding opening brace.")),
            '{' => {
                let length = format.get(at..).and_then(|rest| rest.find('}'));
                let end = at + length.ok_or_else(|| malformed(format.len(), "Format item ends prematurely."))?;
                let hole = format.get(at + 1..end).unwrap_or("");
                text.push_str(&filled(hole, at + 1, arguments)?);
                at = end + 1;
            }
            plain => {
                text.push(plain);
                at += plain.len_utf8();
            }
        }
        if text.len() > crate::expr::limits::STRING_BYTES_MAX {
            return Err(Interrupt::LimitExceeded(crate::expr::eval::STRING_LIMIT));
        }
    }
    Ok(text)
}

fn filled(hole: &str, offset: usize, arguments: &[Value]) -> Outcome<String> {
    let (head, format) = hole.split_once(':').unwrap_or((hole, ""));
    let (index, alignment) = head.split_once(',').unwrap_or((head, "0"));
    let index: usize = index.trim_end().parse().map_err(|_| malformed(offset, "Expected an ASCII digit."))?;
    let alignment: i64 = alignment.trim().parse().map_err(|_| malformed(offset, "Expected an ASCII digit."))?;
    let value = arguments.get(index).ok_or_else(|| {
        format_exception(
            "Index (zero based) must be greater than or equal to zero and less than the size of the argument list.",
        )
    })?;
    composite(value, alignment, format)
}

/// `ToString(format)` of a value that knows formats; others ignore it, as .NET does for what is not `IFormattable`.
fn with_format(value: &Value, format: &str) -> Outcome<String> {
    if format.is_empty() {
        return Ok(value.to_string());
    }
    match value {
        Value::Int32(number) => integer(i64::from(*number), 8, format),
        Value::Int64(number) => integer(*number, 16, format),
        Value::Guid(guid) => super::guid::with_format(*guid, format),
        Value::DateTime(moment) => {
            moment.format(format).ok_or_else(|| format_exception("Input string was not in a correct format."))
        }
        Value::Double(_) => Err(unbuilt("a format of `double` is not supported yet")),
        Value::TimeSpan(_) => match format {
            "c" | "t" | "T" => Ok(value.to_string()),
            _ => Err(unbuilt("a format of `TimeSpan` is not supported yet")),
        },
        other => Ok(other.to_string()),
    }
}

// Where only the format's text decides, which may be computed, the checker cannot say it.
fn unbuilt(what: &'static str) -> Interrupt {
    crate::expr::exception::throw("System.NotSupportedException", what)
}

fn integer(number: i64, hex_digits: usize, format: &str) -> Outcome<String> {
    let letter = format.chars().next().unwrap_or('G');
    let precision = format.get(letter.len_utf8()..).unwrap_or("");
    let digits: Option<usize> = if precision.is_empty() { None } else { precision.parse().ok() };
    if !precision.is_empty() && digits.is_none() || digits.is_some_and(|digits| digits > 1000) {
        return Err(unbuilt("a custom format of a number is not supported yet"));
    }
    let width = digits.unwrap_or(0);
    let mask = if hex_digits == 8 { u64::from(u32::MAX) } else { u64::MAX };
    let sign = if number < 0 { "-" } else { "" };
    let magnitude = number.unsigned_abs();
    Ok(match letter {
        'D' | 'd' => format!("{sign}{magnitude:0width$}"),
        'X' => format!("{:0width$X}", number.cast_unsigned() & mask),
        'x' => format!("{:0width$x}", number.cast_unsigned() & mask),
        'G' | 'g' if digits.is_none() => number.to_string(),
        'F' | 'f' => format!("{sign}{magnitude}{}", fraction(digits.unwrap_or(2))),
        'N' | 'n' => format!("{sign}{}{}", grouped(magnitude), fraction(digits.unwrap_or(2))),
        '0' => match format.chars().all(|c| c == '0') {
            true => format!("{sign}{magnitude:0len$}", len = format.len()),
            false => return Err(unbuilt("a custom format of a number is not supported yet")),
        },
        _ => return Err(unbuilt("this format of a number is not supported yet")),
    })
}

fn fraction(digits: usize) -> String {
    if digits == 0 { String::new() } else { format!(".{}", "0".repeat(digits)) }
}

fn grouped(magnitude: u64) -> String {
    let digits = magnitude.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
