//! `System.Guid`.

use std::sync::Arc;

use super::number_text::tried;
use super::{Call, Row, row};
use crate::expr::Interrupt;
use crate::expr::exception::{Outcome, argument, broken, format as format_exception};
use crate::rng::Uuid;
use crate::value::Value;

pub(super) const ROWS: &[Row] = &[
    row("Guid", "new Guid()", |_| Ok(Value::Guid(Uuid(0)))),
    row("Guid", "new Guid(string g)", |call| parse(call.text(0, "g")?).map(Value::Guid)),
    row("Guid", "new Guid(byte[] b)", |call| {
        let bytes = call.bytes(0, "b")?;
        of_bytes(&bytes).map(Value::Guid)
    }),
    row("Guid", "new Guid(int a, short b, short c, byte[] d)", |call| {
        let bytes = call.bytes(3, "d")?;
        let tail: [u8; 8] = bytes
            .as_ref()
            .try_into()
            .map_err(|_| argument("Byte array for Guid must be exactly 8 bytes long.", "d"))?;
        let (a, b, c) = (call.native::<i32>(0)?, call.native::<i16>(1)?, call.native::<i16>(2)?);
        Ok(of_fields(a.cast_unsigned(), b.cast_unsigned(), c.cast_unsigned(), tail))
    }),
    row(
        "Guid",
        "new Guid(int a, short b, short c, byte d, byte e, byte f, byte g, byte h, byte i, byte j, byte k)",
        |call| {
            let (a, b, c) = (call.native::<i32>(0)?, call.native::<i16>(1)?, call.native::<i16>(2)?);
            Ok(of_fields(a.cast_unsigned(), b.cast_unsigned(), c.cast_unsigned(), tail(call)?))
        },
    ),
    row(
        "Guid",
        "new Guid(uint a, ushort b, ushort c, byte d, byte e, byte f, byte g, byte h, byte i, byte j, byte k)",
        |call| Ok(of_fields(call.native(0)?, call.native(1)?, call.native(2)?, tail(call)?)),
    ),
    row("Guid", "static Guid NewGuid()", |call| Ok(Value::Guid(call.machine.rng.uuid()))),
    row("Guid", "static Guid Empty", |_| Ok(Value::Guid(Uuid(0)))),
    row("Guid", "static Guid Parse(string input)", |call| parse(call.text(0, "input")?).map(Value::Guid)),
    row("Guid", "static Guid Parse(string s, IFormatProvider provider)", |call| {
        parse(call.text(0, "input")?).map(Value::Guid)
    }),
    row("Guid", "static bool TryParse(string input, out Guid result)", |call| {
        tried(call, Value::Guid(Uuid(0)), |text| parse(text).map(Value::Guid))
    }),
    row("Guid", "static bool TryParse(string s, IFormatProvider provider, out Guid result)", |call| {
        tried(call, Value::Guid(Uuid(0)), |text| parse(text).map(Value::Guid))
    }),
    row("Guid", "static bool TryParseExact(string input, string format, out Guid result)", |call| {
        let form = call.text_or_null(1)?;
        tried(call, Value::Guid(Uuid(0)), |text| {
            parse_exact(text.trim(), form.map_or("", |form| form)).map(Value::Guid)
        })
    }),
    row("Guid", "string ToString(string format, IFormatProvider provider)", super::format::formatted),
    row("Guid", "byte[] ToByteArray(bool bigEndian)", |call| {
        let bytes = guid(call, 0)?.0.to_be_bytes();
        Ok(Value::Bytes(Arc::from(if call.bool(1)? { bytes } else { mixed(bytes) })))
    }),
    row("Guid", "int CompareTo(object value)", |call| match call.value(1) {
        Value::Null => Ok(Value::Int32(1)),
        Value::Guid(other) => Ok(super::object::order(guid(call, 0)?.0.cmp(&other.0))),
        _ => Err(argument("Object must be of type GUID.", "value")),
    }),
    row("Guid", "static Guid ParseExact(string input, string format)", |call| {
        let (text, form) = (call.text(0, "input")?.trim(), call.text(1, "format")?);
        parse_exact(text, form).map(Value::Guid)
    }),
    row("Guid", "byte[] ToByteArray()", |call| Ok(bytes_of(guid(call, 0)?))),
    row("Guid", "bool Equals(Guid g)", |call| Ok(Value::Bool(guid(call, 0)? == guid(call, 1)?))),
    row("Guid", "int CompareTo(Guid value)", |call| Ok(super::object::order(guid(call, 0)?.0.cmp(&guid(call, 1)?.0)))),
];

const FORMS: &str = "Format string can be only \"D\", \"d\", \"N\", \"n\", \"P\", \"p\", \"B\", \"b\", \"X\" or \"x\".";
const DASHES: &str = "Guid should contain 32 digits with 4 dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx).";
const PLACES: &str = "Dashes are in the wrong position for GUID parsing.";
const HEX: &str = "Guid string should only contain hexadecimal characters.";
const UNKNOWN: &str = "Unrecognized Guid format.";
const OPENING: &str = "Expected {0xdddddddd, etc}.";
const PREFIX: &str = "Expected 0x prefix.";
const COMMA: &str =
    "Could not find a comma, or the length between the previous token and the comma was zero (i.e., '0x,'etc.).";

fn of_fields(a: u32, b: u16, c: u16, tail: [u8; 8]) -> Value {
    let head = (u128::from(a) << 96) | (u128::from(b) << 80) | (u128::from(c) << 64);
    Value::Guid(Uuid(head | u128::from(u64::from_be_bytes(tail))))
}

fn tail(call: &Call<'_, '_>) -> Outcome<[u8; 8]> {
    let mut bytes = [0; 8];
    for (place, at) in bytes.iter_mut().zip(3..) {
        *place = call.native(at)?;
    }
    Ok(bytes)
}

fn guid(call: &Call<'_, '_>, at: usize) -> Outcome<Uuid> {
    match call.value(at) {
        Value::Guid(guid) => Ok(*guid),
        _ => Err(broken("expected a Guid")),
    }
}

// The first three fields are written little end first. The way back is the same.
pub(super) const fn mixed(b: [u8; 16]) -> [u8; 16] {
    let [b0, b1, b2, b3, b4, b5, b6, b7, rest @ ..] = b;
    let [b8, b9, b10, b11, b12, b13, b14, b15] = rest;
    [b3, b2, b1, b0, b5, b4, b7, b6, b8, b9, b10, b11, b12, b13, b14, b15]
}

/// `ToString(format)`: D, N, B, P or X.
pub(super) fn with_format(guid: Uuid, form: &str) -> Outcome<String> {
    match form {
        "D" | "d" => Ok(guid.to_string()),
        "N" | "n" => Ok(format!("{:032x}", guid.0)),
        "B" | "b" => Ok(format!("{{{guid}}}")),
        "P" | "p" => Ok(format!("({guid})")),
        "X" | "x" => {
            let bits = guid.0;
            let bytes = bits.to_be_bytes();
            let tail: Vec<String> = bytes.iter().skip(8).map(|byte| format!("0x{byte:02x}")).collect();
            let (first, second, third) = (bits >> 96, bits >> 80 & 0xffff, bits >> 64 & 0xffff);
            Ok(format!("{{0x{first:08x},0x{second:04x},0x{third:04x},{{{}}}}}", tail.join(",")))
        }
        _ => Err(format_exception(FORMS)),
    }
}

fn hex(digits: &str) -> Outcome<Uuid> {
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(format_exception(HEX));
    }
    u128::from_str_radix(digits, 16).map(Uuid).map_err(|_| format_exception(UNKNOWN))
}

/// `Guid.Parse`
/// `ToByteArray`
pub(super) fn bytes_of(guid: Uuid) -> Value {
    Value::Bytes(Arc::from(mixed(guid.0.to_be_bytes())))
}

/// `new Guid(bytes)`
pub(super) fn of_bytes(bytes: &[u8]) -> Outcome<Uuid> {
    let bytes = <[u8; 16]>::try_from(bytes);
    let bytes = bytes.map_err(|_| argument("Byte array for Guid must be exactly 16 bytes long.", "b"))?;
    Ok(Uuid(u128::from_be_bytes(mixed(bytes))))
}

pub(super) fn parse(text: &str) -> Outcome<Uuid> {
    let text = text.trim();
    if text.len() < 32 {
        return Err(format_exception(UNKNOWN));
    }
    let has_dash_at = |at: usize| text.as_bytes().get(at) == Some(&b'-');
    match text.chars().next() {
        Some('(') => parse_exact(text, "P"),
        Some('{') if has_dash_at(9) => parse_exact(text, "B"),
        Some('{') => parse_exact(text, "X"),
        _ if has_dash_at(8) => parse_exact(text, "D"),
        _ => parse_exact(text, "N"),
    }
}

fn parse_exact(text: &str, form: &str) -> Outcome<Uuid> {
    match form {
        "D" | "d" => dashed(text),
        "N" | "n" if text.len() == 32 => hex(text),
        "N" | "n" => Err(format_exception(DASHES)),
        "B" | "b" => dashed(enclosed(text, '{', '}')?),
        "P" | "p" => dashed(enclosed(text, '(', ')')?),
        "X" | "x" => fields(text),
        _ => Err(format_exception(FORMS)),
    }
}

fn enclosed(text: &str, open: char, close: char) -> Outcome<&str> {
    let inner = text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)).filter(|inner| inner.len() == 36);
    inner.ok_or_else(|| format_exception(DASHES))
}

fn dashed(text: &str) -> Outcome<Uuid> {
    if text.len() != 36 {
        return Err(format_exception(DASHES));
    }
    let bytes = text.as_bytes();
    if [8, 13, 18, 23].iter().any(|at| bytes.get(*at) != Some(&b'-')) {
        return Err(format_exception(PLACES));
    }
    let parts = [(0, 8), (9, 13), (14, 18), (19, 23), (24, 28), (28, 36)].map(|(from, to)| text.get(from..to));
    let digits: Option<String> = parts.iter().enumerate().map(|(at, part)| padded((*part)?, at)).collect();
    hex(&digits.ok_or_else(|| format_exception(HEX))?)
}

// A part with zeros for what .NET lets stand before its digits, a sign and a prefix; before those of the last part it does not.
fn padded(part: &str, at: usize) -> Option<String> {
    let plain = part.strip_prefix('+').unwrap_or(part);
    let plain = plain.strip_prefix("0x").or_else(|| plain.strip_prefix("0X")).unwrap_or(plain);
    let digits = if at == 5 { part } else { plain };
    (!digits.is_empty()).then(|| format!("{digits:0>width$}", width = part.len()))
}

// `{0xdddddddd,0xdddd,0xdddd,{0xdd,…}}`
fn fields(text: &str) -> Outcome<Uuid> {
    let wrong = |what: &str| -> Interrupt { format_exception(what) };
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let inner = text.strip_prefix('{').ok_or_else(|| wrong(OPENING))?;
    if hex_field(inner).is_none() {
        return Err(wrong(PREFIX));
    }
    let inner = inner.strip_suffix("}}").ok_or_else(|| wrong(UNKNOWN))?;
    let (head, tail) = inner.split_once(",{").ok_or_else(|| wrong(UNKNOWN))?;
    let mut parts = head.split(',').chain(tail.split(','));
    let mut digits = String::new();
    for width in [8, 4, 4, 2, 2, 2, 2, 2, 2, 2, 2] {
        let part = parts.next().ok_or_else(|| wrong(COMMA))?;
        let part = hex_field(part).ok_or_else(|| wrong(PREFIX))?;
        if part.is_empty() || part.len() > width {
            return Err(wrong(UNKNOWN));
        }
        digits.push_str(&format!("{part:0>width$}"));
    }
    if parts.next().is_some() {
        return Err(wrong(UNKNOWN));
    }
    hex(&digits)
}

fn hex_field(text: &str) -> Option<&str> {
    text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))
}
