//! `System.Convert`: numbers in the bases 2, 8, 10 and 16, Base64 and hexadecimal. Other conversions are in `convert`.

use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::base64_into::{Decoded, decode};
use super::number_whole::Whole;
use super::{Call, Row, row};
use crate::expr::exception::{
    Outcome, argument, argument_null, broken, format, index_out_of_range, out_of_range, overflow, throw,
};
use crate::expr::instance::Items;
use crate::expr::ty::Ty;
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
    row(OWNER, "static sbyte ToSByte(string value, int fromBase)", |call| in_base::<i8>(call, 8)),
    row(OWNER, "static byte ToByte(string value, int fromBase)", |call| in_base::<u8>(call, 8)),
    row(OWNER, "static short ToInt16(string value, int fromBase)", |call| in_base::<i16>(call, 16)),
    row(OWNER, "static ushort ToUInt16(string value, int fromBase)", |call| in_base::<u16>(call, 16)),
    row(OWNER, "static int ToInt32(string value, int fromBase)", |call| in_base::<i32>(call, 32)),
    row(OWNER, "static uint ToUInt32(string value, int fromBase)", |call| in_base::<u32>(call, 32)),
    row(OWNER, "static long ToInt64(string value, int fromBase)", |call| in_base::<i64>(call, 64)),
    row(OWNER, "static ulong ToUInt64(string value, int fromBase)", |call| in_base::<u64>(call, 64)),
    row(OWNER, "static string ToString(byte value, int toBase)", |call| {
        let value = call.native::<u8>(0)?;
        let text = shown(i64::from(value), u64::from(value), call.int(1)?)?;
        call.yields(text)
    }),
    row(OWNER, "static string ToString(short value, int toBase)", |call| {
        let value = call.native::<i16>(0)?;
        let text = shown(i64::from(value), u64::from(value.cast_unsigned()), call.int(1)?)?;
        call.yields(text)
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
    row(
        OWNER,
        "static int ToBase64CharArray(byte[] inArray, int offsetIn, int length, char[] outArray, int offsetOut)",
        |call| to_char_array(call, None),
    ),
    row(
        OWNER,
        "static int ToBase64CharArray(byte[] inArray, int offsetIn, int length, char[] outArray, int offsetOut, Base64FormattingOptions options)",
        |call| to_char_array(call, Some(5)),
    ),
    row(OWNER, "static string ToBase64String(byte[] inArray)", |call| {
        let bytes = call.bytes(0, "inArray")?;
        base64(call, &bytes, None)
    }),
    row(OWNER, "static string ToBase64String(byte[] inArray, Base64FormattingOptions options)", |call| {
        let bytes = call.bytes(0, "inArray")?;
        base64(call, &bytes, Some(1))
    }),
    row(OWNER, "static string ToBase64String(byte[] inArray, int offset, int length)", |call| {
        let part = part(call, "inArray", "offset")?;
        base64(call, &part, None)
    }),
    row(
        OWNER,
        "static string ToBase64String(byte[] inArray, int offset, int length, Base64FormattingOptions options)",
        |call| {
            let part = part(call, "inArray", "offset")?;
            base64(call, &part, Some(3))
        },
    ),
    row(OWNER, "static byte[] FromBase64String(string s)", |call| {
        let text = call.text(0, "s")?;
        of_base64(call, text)
    }),
    row(OWNER, "static bool TryFromBase64String(string s, byte[] bytes, out int bytesWritten)", |call| {
        let text = call.text(0, "s")?;
        decoded_into(call, text)
    }),
    row(OWNER, "static bool TryFromBase64Chars(string chars, byte[] bytes, out int bytesWritten)", |call| {
        let text = call.text_or_null(0)?.map_or("", |text| text);
        decoded_into(call, text)
    }),
    row(OWNER, "static byte[] FromBase64CharArray(char[] inArray, int offset, int length)", |call| {
        let units = call.units(0, "inArray")?;
        let (start, count) = (call.int(1)?, call.int(2)?);
        let part = place(start, count, units.len(), "offset")?;
        let text = String::from_utf16_lossy(units.get(part).unwrap_or(&[]));
        if text.is_empty() {
            return call.machine.array_or_empty(Ty::Byte, Vec::new());
        }
        of_base64(call, &text)
    }),
    row(OWNER, "static string ToHexString(byte[] inArray)", |call| {
        let bytes = call.bytes(0, "inArray")?;
        hex(call, &bytes)
    }),
    row(OWNER, "static string ToHexString(byte[] inArray, int offset, int length)", |call| {
        let part = part(call, "inArray", "offset")?;
        hex(call, &part)
    }),
    row(OWNER, "static byte[] FromHexString(string s)", |call| {
        let text = call.text(0, "s")?;
        if !super::utf16::length(text).is_multiple_of(2) {
            return Err(format("The input is not a valid hex string as its length is not a multiple of 2."));
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let (pairs, _) = text.as_bytes().as_chunks::<2>();
        let bytes: Option<Vec<u8>> = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
        let wrong = || format("The input is not a valid hex string as it contains a non-hex character.");
        if text.is_empty() {
            return call.machine.array_or_empty(Ty::Byte, Vec::new());
        }
        call.machine.charge(text.len())?;
        Ok(Value::Bytes(bytes.ok_or_else(wrong)?.into()))
    }),
];

fn invalid_base() -> crate::expr::Interrupt {
    throw("System.ArgumentException", "Invalid Base.")
}

// Bases other than ten give the bits of the number, so that `FFFFFFFF` is -1.
fn in_base<T: Whole>(call: &mut Call<'_, '_>, bits: u32) -> Outcome<Value> {
    let base = call.int(1)?;
    if !matches!(base, 2 | 8 | 10 | 16) {
        return Err(invalid_base());
    }
    let value = match call.text_or_null(0)? {
        Some(text) => pattern(text, base, bits, T::LEAST < 0)?,
        None => 0,
    };
    let too_large = || overflow(&format!("Value was either too large or too small for {}.", T::SHOWN));
    let is_pattern = base != 10 && T::LEAST < 0;
    let value = match is_pattern {
        // Bits beyond the type are refused, and its highest one is the sign.
        true if value >= 1 << bits => return Err(too_large()),
        true if value >= 1 << (bits - 1) => value - (1 << bits),
        _ => value,
    };
    T::of_wide(value).map(T::value).ok_or_else(too_large)
}

// The number that the text says, or in bases other than ten its bits; they are read in 32 or 64 bits.
fn pattern(text: &str, base: i32, bits: u32, is_signed: bool) -> Outcome<i128> {
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
        Some(_) if !is_signed => {
            return Err(overflow(
                "The string was being parsed as an unsigned number and could not have a negative sign.",
            ));
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
    let is_whole = base == 10 && is_signed;
    let room = bits.max(32);
    let type_name = if is_whole { format!("an Int{room}") } else { format!("a UInt{room}") };
    let too_large = || overflow(&format!("Value was either too large or too small for {type_name}."));
    let value = i128::from_str_radix(digits.get(..length).unwrap_or(""), radix).map_err(|_| too_large())?;
    // The lowest `int` without its sign gets as far as the range of a smaller type.
    let least = is_negative || bits < room;
    let most = if is_whole { (1_i128 << (room - 1)) - i128::from(!least) } else { (1_i128 << room) - 1 };
    if value > most {
        return Err(too_large());
    }
    if length < digits.len() {
        return Err(format("Additional non-parsable characters are at the end of the string."));
    }
    Ok(if is_negative { -value } else { value })
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

fn negative(value: i32, name: &str) -> crate::expr::Interrupt {
    let text =
        format!("{name} ('{value}') must be a non-negative value. (Parameter '{name}')\nActual value was {value}.");
    throw("System.ArgumentOutOfRangeException", text)
}

fn too_far(start: i32, most: i64, name: &str) -> crate::expr::Interrupt {
    let text = format!(
        "{name} ('{start}') must be less than or equal to '{most}'. (Parameter '{name}')\nActual value was {start}."
    );
    throw("System.ArgumentOutOfRangeException", text)
}

fn place(start: i32, count: i32, length: usize, offset_name: &str) -> Outcome<std::ops::Range<usize>> {
    let count_given = usize::try_from(count).map_err(|_| negative(count, "length"))?;
    let start_given = usize::try_from(start).map_err(|_| negative(start, offset_name))?;
    let most = i64::try_from(length).unwrap_or(i64::MAX) - i64::from(count);
    let end = start_given.checked_add(count_given).filter(|end| *end <= length);
    end.map(|end| start_given..end).ok_or_else(|| too_far(start, most, offset_name))
}

fn part(call: &Call<'_, '_>, array_name: &str, offset_name: &str) -> Outcome<Vec<u8>> {
    let bytes = call.bytes(0, array_name)?;
    let place = place(call.int(1)?, call.int(2)?, bytes.len(), offset_name)?;
    bytes.get(place).map(<[u8]>::to_vec).ok_or_else(|| broken("a place outside of the array"))
}

// Writes into an array of characters, and says how many.
fn to_char_array(call: &mut Call<'_, '_>, options: Option<usize>) -> Outcome<Value> {
    let bytes = call.bytes(0, "inArray")?;
    if call.value(3).is_null() {
        return Err(argument_null("outArray"));
    }
    let (start, length) = (call.int(1)?, call.int(2)?);
    let offset = usize::try_from(call.int(4)?).map_err(|_| negative(call.int(4).unwrap_or(0), "offsetOut"));
    if start >= 0 && length >= 0 {
        offset.clone()?;
    }
    let place = place(start, length, bytes.len(), "offsetIn")?;
    let offset = offset?;
    if place.is_empty() && call.state(3, |items: &mut Items| items.values.len() == offset)? {
        return Err(index_out_of_range());
    }
    let part = bytes.get(place).map(<[u8]>::to_vec).unwrap_or_default();
    let Value::String(text) = base64(call, &part, options)? else { return Err(broken("expected a string")) };
    let units: Vec<Value> = text.bytes().map(|byte| Value::Char(u16::from(byte))).collect();
    let count = units.len();
    let room = call.state(3, |items: &mut Items| {
        let length = items.values.len();
        if let Some(places) = items.values.get_mut(offset..offset.saturating_add(count)) {
            for (place, unit) in places.iter_mut().zip(units) {
                *place = unit;
            }
            return Ok(());
        }
        Err(length)
    })?;
    let size = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    room.map_err(|length| too_far(call.int(4).unwrap_or(0), size(length) - size(count), "offsetOut"))?;
    Ok(super::string::index(count))
}

fn base64(call: &mut Call<'_, '_>, bytes: &[u8], options: Option<usize>) -> Outcome<Value> {
    call.machine.check_length(bytes.len().saturating_mul(3) / 2)?;
    let text = STANDARD.encode(bytes);
    let options = options.map_or(Ok(0), |at| call.number(at))?;
    if !matches!(options, 0 | 1) {
        return Err(argument(&format!("Illegal enum value: {options}."), "options"));
    }
    let breaks_lines = options == 1;
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
    let bytes = base64_bytes(text)?;
    call.machine.charge(bytes.len())?;
    Ok(Value::Bytes(Arc::from(bytes)))
}

/// What `FromBase64String` gives.
pub(super) fn base64_bytes(text: &str) -> Outcome<Vec<u8>> {
    let text: String = text.chars().filter(|c| !matches!(c, ' ' | '\t' | '\r' | '\n')).collect();
    LENIENT.decode(&text).map_err(|_| {
        format(
            "The input is not a valid Base-64 string as it contains a non-base 64 character, more than two padding characters, or \
             an illegal character among the padding characters.",
        )
    })
}

// Into an array that is given, which .NET takes as a span: null has no room.
fn decoded_into(call: &mut Call<'_, '_>, text: &str) -> Outcome<Value> {
    let room = if call.value(1).is_null() { 0 } else { call.bytes(1, "bytes")?.len() };
    let Decoded { written, is_whole } = decode(text, room);
    if !written.is_empty() {
        super::crypto::put(call.value(1), 0, &written)?;
    }
    call.give(super::string::index(if is_whole { written.len() } else { 0 }));
    Ok(Value::Bool(is_whole))
}

fn hex(call: &mut Call<'_, '_>, bytes: &[u8]) -> Outcome<Value> {
    call.machine.check_length(bytes.len().saturating_mul(2))?;
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    call.yields(pairs.concat())
}
