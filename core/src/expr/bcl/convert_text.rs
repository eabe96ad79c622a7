//! `System.Convert`: numbers in the bases 2, 8, 10 and 16, Base64 and hexadecimal. Other conversions are in `convert`.

use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::convert::bytes;
use super::{Call, Row, row};
use crate::expr::exception::{Outcome, broken, format, out_of_range, overflow, throw};
use crate::value::Value;

const OWNER: &str = "Convert";

/// Characters of a line when lines are broken.
const LINE: usize = 76;

// .NET does not look at the bits of the last digit that say nothing. Fixture `Convert.FromBase64String`.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

pub(super) const ROWS: &[Row] = &[
    row(OWNER, "static int ToInt32(string value, int fromBase)", |call| {
        let value = in_base(call, 32)?;
        i32::try_from(value)
            .map(Value::Int32)
            .map_err(|_| overflow("Value was either too large or too small for an Int32."))
    }),
    row(OWNER, "static long ToInt64(string value, int fromBase)", |call| {
        let value = in_base(call, 64)?;
        i64::try_from(value)
            .map(Value::Int64)
            .map_err(|_| overflow("Value was either too large or too small for an Int64."))
    }),
    row(OWNER, "static string ToString(int value, int toBase)", |call| {
        let value = call.int(0)?;
        let text = shown(i64::from(value), u64::from(value.cast_unsigned()), call.int(1)?)?;
        call.yields(text)
    }),
    row(OWNER, "static string ToString(long value, int toBase)", |call| {
        let value = call.long(0)?;
        let text = shown(value, value.cast_unsigned(), call.int(1)?)?;
        call.yields(text)
    }),
    row(OWNER, "static string ToBase64String(byte[] inArray)", |call| base64(call, bytes(call, "inArray")?, None)),
    row(OWNER, "static string ToBase64String(byte[] inArray, Base64FormattingOptions options)", |call| {
        base64(call, bytes(call, "inArray")?, Some(1))
    }),
    row(OWNER, "static string ToBase64String(byte[] inArray, int offset, int length)", |call| {
        let part = part(call, "inArray", "offset")?;
        base64(call, part, None)
    }),
    row(
        OWNER,
        "static string ToBase64String(byte[] inArray, int offset, int length, Base64FormattingOptions options)",
        |call| {
            let part = part(call, "inArray", "offset")?;
            base64(call, part, Some(3))
        },
    ),
    row(OWNER, "static byte[] FromBase64String(string s)", |call| {
        let text = call.text(0, "s")?;
        of_base64(call, text)
    }),
    row(OWNER, "static byte[] FromBase64CharArray(char[] inArray, int offset, int length)", |call| {
        let units = call.units(0, "inArray")?;
        let (start, count) = (call.int(1)?, call.int(2)?);
        let part = place(start, count, units.len(), "offset")?;
        let text = String::from_utf16_lossy(units.get(part).unwrap_or(&[]));
        of_base64(call, &text)
    }),
    row(OWNER, "static string ToHexString(byte[] inArray)", |call| hex(call, bytes(call, "inArray")?)),
    row(OWNER, "static string ToHexString(byte[] inArray, int offset, int length)", |call| {
        let part = part(call, "inArray", "offset")?;
        hex(call, part)
    }),
    row(OWNER, "static byte[] FromHexString(string s)", |call| {
        let text = call.text(0, "s")?;
        if !text.len().is_multiple_of(2) {
            return Err(format("The input is not a valid hex string as its length is not a multiple of 2."));
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let (pairs, _) = text.as_bytes().as_chunks::<2>();
        let bytes: Option<Vec<u8>> = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
        let wrong = || format("The input is not a valid hex string as it contains a non-hex character.");
        call.machine.charge(text.len())?;
        Ok(Value::Bytes(bytes.ok_or_else(wrong)?.into()))
    }),
];

fn invalid_base() -> crate::expr::Interrupt {
    throw("System.ArgumentException", "Invalid Base.")
}

// Bases other than ten give the bits of the number, so that `FFFFFFFF` is -1.
fn in_base(call: &Call<'_, '_>, bits: u32) -> Outcome<i128> {
    let base = call.int(1)?;
    if !matches!(base, 2 | 8 | 10 | 16) {
        return Err(invalid_base());
    }
    let Some(text) = call.text_or_null(0)? else { return Ok(0) };
    if text.is_empty() {
        // .NET swaps parameter and message here.
        return Err(out_of_range(
            "Specified argument was out of the range of valid values.",
            "Index was out of range. Must be non-negative and less than the size of the collection.",
        ));
    }
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(_) if base != 10 => {
            return Err(throw("System.ArgumentException", "String cannot contain a minus sign if the base is not 10."));
        }
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let prefixed = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")).filter(|_| base == 16);
    let digits = prefixed.unwrap_or(digits);
    let radix = u32::try_from(base).unwrap_or(10);
    let length = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    if length == 0 {
        return Err(format("Could not find any recognizable digits."));
    }
    let type_name = if base == 10 { format!("an Int{bits}") } else { format!("a UInt{bits}") };
    let too_large = || overflow(&format!("Value was either too large or too small for {type_name}."));
    let value = i128::from_str_radix(digits.get(..length).unwrap_or(""), radix).map_err(|_| too_large())?;
    let most = if base == 10 { (1_i128 << (bits - 1)) - i128::from(!is_negative) } else { (1_i128 << bits) - 1 };
    if value > most {
        return Err(too_large());
    }
    if length < digits.len() {
        return Err(format("Additional non-parsable characters are at the end of the string."));
    }
    let wraps = base != 10 && value >= 1_i128 << (bits - 1);
    Ok(if is_negative {
        -value
    } else if wraps {
        value - (1_i128 << bits)
    } else {
        value
    })
}

fn shown(value: i64, pattern: u64, base: i32) -> Outcome<String> {
    match base {
        2 => Ok(format!("{pattern:b}")),
        8 => Ok(format!("{pattern:o}")),
        10 => Ok(value.to_string()),
        16 => Ok(format!("{pattern:x}")),
        _ => Err(invalid_base()),
    }
}

fn place(start: i32, count: i32, length: usize, offset_name: &str) -> Outcome<std::ops::Range<usize>> {
    let negative = |value: i32, name: &str| {
        let text =
            format!("{name} ('{value}') must be a non-negative value. (Parameter '{name}')\nActual value was {value}.");
        throw("System.ArgumentOutOfRangeException", text)
    };
    let count_given = usize::try_from(count).map_err(|_| negative(count, "length"))?;
    let start_given = usize::try_from(start).map_err(|_| negative(start, offset_name))?;
    match start_given.checked_add(count_given).filter(|end| *end <= length) {
        Some(end) => Ok(start_given..end),
        None => {
            let most = i64::try_from(length).unwrap_or(i64::MAX) - i64::from(count);
            let text = format!(
                "{offset_name} ('{start}') must be less than or equal to '{most}'. (Parameter '{offset_name}')\n\
                 Actual value was {start}."
            );
            Err(throw("System.ArgumentOutOfRangeException", text))
        }
    }
}

fn part<'c>(call: &Call<'c, '_>, array_name: &str, offset_name: &str) -> Outcome<&'c [u8]> {
    let bytes = bytes(call, array_name)?;
    let place = place(call.int(1)?, call.int(2)?, bytes.len(), offset_name)?;
    bytes.get(place).ok_or_else(|| broken("a place outside of the array"))
}

fn base64(call: &mut Call<'_, '_>, bytes: &[u8], options: Option<usize>) -> Outcome<Value> {
    call.machine.check_length(bytes.len().saturating_mul(3) / 2)?;
    let text = STANDARD.encode(bytes);
    let breaks_lines = options.map_or(Ok(0), |at| call.number(at))? == 1;
    if !breaks_lines {
        return call.yields(text);
    }
    let mut lines = String::with_capacity(text.len() + text.len() / LINE * 2);
    for (at, c) in text.chars().enumerate() {
        if at > 0 && at.is_multiple_of(LINE) {
            lines.push_str("\r\n");
        }
        lines.push(c);
    }
    call.yields(lines)
}

fn of_base64(call: &mut Call<'_, '_>, text: &str) -> Outcome<Value> {
    let text: String = text.chars().filter(|c| !matches!(c, ' ' | '\t' | '\r' | '\n')).collect();
    let bytes = LENIENT.decode(&text).map_err(|_| {
        format(
            "The input is not a valid Base-64 string as it contains a non-base 64 character, more than two padding characters, or \
             an illegal character among the padding characters.",
        )
    })?;
    call.machine.charge(bytes.len())?;
    Ok(Value::Bytes(Arc::from(bytes)))
}

fn hex(call: &mut Call<'_, '_>, bytes: &[u8]) -> Outcome<Value> {
    call.machine.check_length(bytes.len().saturating_mul(2))?;
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    call.yields(pairs.concat())
}
