//! Texts of addresses: escaping, dot segments, and the static members of `System.Uri` that work on characters.

use super::{Call, Row, row, utf16};
use crate::expr::exception::{Outcome, argument, index_out_of_range, null_reference, throw};
use crate::value::Value;
use crate::value::library::{UriParts, readable};

const OWNER: &str = "Uri";

/// What an address may hold besides letters and digits without being escaped.
const ALLOWED: &[u8] = b"-._~:/?#[]@!$&'()*+,;=";

pub(super) const ROWS: &[Row] = &[
    row(OWNER, "static string EscapeUriString(string stringToEscape)", |call| {
        let text = call.text(0, "stringToEscape")?;
        call.machine.check_length(text.len().saturating_mul(3))?;
        let mut escaped = String::with_capacity(text.len());
        text.bytes().for_each(|byte| push(&mut escaped, byte));
        call.yields(escaped)
    }),
    row(OWNER, "static string HexEscape(char character)", |call| {
        let unit = call.unit(0)?;
        if unit > 0xff {
            let c = utf16::char_of(unit);
            let text = format!(
                "character ('{c}') must be less than or equal to 'ÿ'. (Parameter 'character')\nActual value was {c}."
            );
            return Err(throw("System.ArgumentOutOfRangeException", text));
        }
        call.yields(format!("%{unit:02X}"))
    }),
    row(OWNER, "static bool IsHexDigit(char character)", |call| Ok(Value::Bool(digit(call)?.is_some()))),
    row(OWNER, "static int FromHex(char digit)", |call| {
        let found = digit(call)?.and_then(|digit| i32::try_from(digit).ok());
        found.map(Value::Int32).ok_or_else(|| argument("Value does not fall within the expected range.", "digit"))
    }),
    row(OWNER, "static char HexUnescape(string pattern, ref int index)", |call| {
        let text: Vec<u16> = call.text_or_null(0)?.ok_or_else(null_reference)?.encode_utf16().collect();
        let index = call.int(1)?;
        let at = usize::try_from(index).ok().filter(|at| *at < text.len()).ok_or_else(|| {
            let wanted = match index < 0 {
                true => "a non-negative value".to_owned(),
                false => format!("less than '{}'", text.len()),
            };
            let message = format!("index ('{index}') must be {wanted}. (Parameter 'index')\nActual value was {index}.");
            throw("System.ArgumentOutOfRangeException", message)
        })?;
        let hex = |at: usize| text.get(at).and_then(|unit| utf16::char_of(*unit).to_digit(16));
        let escaped = match (text.get(at), hex(at + 1), hex(at + 2)) {
            (Some(0x25), Some(high), Some(low)) => u16::try_from(high * 16 + low).ok(),
            _ => None,
        };
        let length = if escaped.is_some() { 3 } else { 1 };
        call.give(super::string::index(at + length));
        Ok(Value::Char(escaped.or_else(|| text.get(at).copied()).unwrap_or(0)))
    }),
    row(OWNER, "static bool IsHexEncoding(string pattern, int index)", |call| {
        let text: Vec<u16> = call.text_or_null(0)?.ok_or_else(null_reference)?.encode_utf16().collect();
        let index = call.int(1)?;
        // What is left is looked at before the index is, and wraps around as .NET's does.
        if i32::try_from(text.len()).unwrap_or(i32::MAX).wrapping_sub(index) < 3 {
            return Ok(Value::Bool(false));
        }
        let at = usize::try_from(index).map_err(|_| index_out_of_range())?;
        let is_digit = |ahead: usize| {
            let unit = at.checked_add(ahead).and_then(|at| text.get(at));
            unit.is_some_and(|unit| utf16::char_of(*unit).is_ascii_hexdigit())
        };
        Ok(Value::Bool(text.get(at) == Some(&u16::from(b'%')) && is_digit(1) && is_digit(2)))
    }),
];

fn digit(call: &Call<'_, '_>) -> Outcome<Option<u32>> {
    Ok(utf16::char_of(call.unit(0)?).to_digit(16))
}

fn push(escaped: &mut String, byte: u8) {
    if byte.is_ascii_alphanumeric() || ALLOWED.contains(&byte) {
        escaped.push(char::from(byte));
    } else {
        escaped.push_str(&format!("%{byte:02X}"));
    }
}

// The byte that two hexadecimal digits behind `at` stand for.
fn escaped_byte(bytes: &[u8], at: usize) -> Option<u8> {
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    u8::try_from(digit(at + 1)? * 16 + digit(at + 2)?).ok()
}

/// Whether something is escaped that addresses show plainly: an unreserved character, or one beyond ASCII.
pub(super) fn has_readable_escape(text: &str) -> bool {
    let mut escapes = text.match_indices('%').filter_map(|(at, _)| Some((at, escaped_byte(text.as_bytes(), at)?)));
    escapes.any(|(at, byte)| match byte {
        0..=0x7f => byte.is_ascii_alphanumeric() || b"-._~".contains(&byte),
        // The longest character has four bytes.
        _ => text.get(at..).is_some_and(|rest| {
            let first: String = rest.chars().take(4 * "%XX".len()).collect();
            !unescape_whole(&first).starts_with('%')
        }),
    })
}

/// Escapes what must be, and shows unreserved characters plainly that were escaped (RFC 3986, section 6.2.2.2).
pub(super) fn escape(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut escaped = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match (byte, escaped_byte(bytes, at - 1)) {
            (b'%', Some(meant)) => {
                if meant.is_ascii_alphanumeric() || b"-._~".contains(&meant) {
                    escaped.push(char::from(meant));
                } else {
                    escaped.push_str(text.get(at - 1..at + 2).unwrap_or(""));
                }
                at += 2;
            }
            (plain, _) => push(&mut escaped, *plain),
        }
    }
    escaped
}

/// What `ToString()` gives of a text in which control characters stand plainly: it shows those so, and escaped ones escaped.
/// `read` takes the text apart; they pass through it as characters of a private plane.
pub(super) fn with_controls(text: &str, read: impl Fn(&str) -> Option<UriParts>) -> Option<String> {
    const PLANE: u32 = 0xf_0000;
    let is_stand_in = |c: char| u32::from(c).checked_sub(PLANE).is_some_and(|c| c < 0x80);
    if !text.contains(|c: char| c.is_ascii_control()) || text.contains(is_stand_in) {
        return None;
    }
    let stand_in = |c: char| if c.is_ascii_control() { char::from_u32(PLANE + u32::from(c)).unwrap_or(c) } else { c };
    let uri = read(&text.chars().map(stand_in).collect::<String>())?;
    let back = |c: char| if is_stand_in(c) { char::from_u32(u32::from(c) - PLANE).unwrap_or(c) } else { c };
    Some(readable(&uri.absolute()).chars().map(back).collect())
}

/// Without percent-encoding; bytes that are no UTF-8 stay encoded.
pub(super) fn unescape_whole(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = String::with_capacity(text.len());
    let (mut at, mut start) = (0, 0);
    while at < bytes.len() {
        let first = escaped_byte(bytes, at).filter(|_| bytes.get(at) == Some(&b'%'));
        let Some(first) = first else {
            at += 1;
            continue;
        };
        plain.push_str(text.get(start..at).unwrap_or(""));
        let length = match first {
            0..=0x7f => 1,
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            _ => 4,
        };
        let encoded: Option<Vec<u8>> = (0..length)
            .map(|index| at + index * 3)
            .map(|at| escaped_byte(bytes, at).filter(|_| bytes.get(at) == Some(&b'%')))
            .collect();
        match encoded.and_then(|encoded| String::from_utf8(encoded).ok()) {
            Some(c) => {
                plain.push_str(&c);
                at += length * 3;
            }
            None => {
                plain.push_str(text.get(at..at + 3).unwrap_or(""));
                at += 3;
            }
        }
        start = at;
    }
    plain.push_str(text.get(start..).unwrap_or(""));
    plain
}

/// Without `.` and `..` (RFC 3986, section 5.2.4); escaped dots count as dots.
pub(super) fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let segments: Vec<&str> = path.split('/').collect();
    let last = segments.len().saturating_sub(1);
    for (index, segment) in segments.into_iter().enumerate() {
        let dots = segment.replace("%2e", ".").replace("%2E", ".");
        match dots.as_str() {
            "." | ".." => {
                if dots == ".." && kept.len() > 1 {
                    kept.pop();
                }
                if index == last {
                    kept.push("");
                }
            }
            _ => kept.push(segment),
        }
    }
    kept.join("/")
}

/// Whether nothing would have to be escaped.
pub(super) fn has_only_allowed(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().all(|(at, byte)| match byte {
        b'%' => escaped_byte(bytes, at).is_some(),
        byte if byte.is_ascii() => byte.is_ascii_alphanumeric() || ALLOWED.contains(byte),
        _ => true,
    }) && text.chars().all(|c| c <= '\u{ffff}')
}
