//! Percent-encoding of text: two static members of `System.Uri`, and `System.Net.WebUtility`.

use super::{Call, Row, row};
use crate::expr::exception::Outcome;
use crate::value::Value;

pub(super) const ROWS: &[Row] = &[
    row("Uri", "static string EscapeDataString(string stringToEscape)", |call| {
        let text = call.text(0, "stringToEscape")?;
        call.machine.check_length(text.len().saturating_mul(3))?;
        let text = encode(text, b"-_.~", false);
        call.yields(text)
    }),
    row("Uri", "static string UnescapeDataString(string stringToUnescape)", |call| {
        let text = super::uri_text::unescape_whole(call.text(0, "stringToUnescape")?);
        call.yields(text)
    }),
    row("WebUtility", "static string UrlEncode(string value)", |call| on_text(call, form_encoded)),
    row("WebUtility", "static string UrlDecode(string encodedValue)", |call| on_text(call, decode_form)),
    row("WebUtility", "static byte[] UrlEncodeToBytes(byte[] value, int offset, int count)", |call| {
        let Some(part) = bytes_of(call)? else { return Ok(Value::Null) };
        call.machine.charge(part.len().saturating_mul(3))?;
        Ok(Value::Bytes(encode_bytes(&part, b"-_.!*()", true).into_bytes().into()))
    }),
    row("WebUtility", "static byte[] UrlDecodeToBytes(byte[] encodedValue, int offset, int count)", |call| {
        let Some(part) = bytes_of(call)? else { return Ok(Value::Null) };
        call.machine.charge(part.len())?;
        Ok(Value::Bytes(decode_bytes(&part, true).into()))
    }),
    row("WebUtility", "static string HtmlEncode(string value)", |call| on_text(call, html_encode)),
    row("WebUtility", "static string HtmlDecode(string value)", |call| on_text(call, super::html::decode)),
    row("WebUtility", "static void HtmlEncode(string value, StringWriter output)", |call| into(call, html_encode)),
    row("WebUtility", "static void HtmlDecode(string value, StringWriter output)", |call| {
        into(call, super::html::decode)
    }),
];

fn into(call: &mut Call<'_, '_>, convert: fn(&str) -> String) -> Outcome<Value> {
    let text = call.text_or_null(0)?.map(|text| convert(text)).unwrap_or_default();
    super::text_writer::write_into(call, 1, &text)
}

// Null gives null.
fn on_text(call: &mut Call<'_, '_>, convert: fn(&str) -> String) -> Outcome<Value> {
    match call.text_or_null(0)?.map(|text| convert(text)) {
        Some(text) => call.yields(text),
        None => Ok(Value::Null),
    }
}

/// Encodes as HTML forms do: a blank is `+`.
pub(super) fn form_encoded(text: &str) -> String {
    encode(text, b"-_.!*()", true)
}

// The part of the bytes that is asked for; nothing of nothing is null.
fn bytes_of(call: &Call<'_, '_>) -> Outcome<Option<Vec<u8>>> {
    let (offset, count) = (call.int(1)?, call.int(2)?);
    if call.value(0).is_null() && count == 0 {
        return Ok(None);
    }
    let bytes = call.bytes(0, "bytes")?;
    let length = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let from = super::string::not_negative(offset, "offset")?;
    if i64::from(offset) > length {
        return Err(super::string_build::at_most("offset", i64::from(offset), length));
    }
    let count = super::string::not_negative(count, "count")?;
    let part = from.checked_add(count).and_then(|end| bytes.get(from..end));
    let most = length - i64::from(offset);
    let given = i64::try_from(count).unwrap_or(i64::MAX);
    Ok(Some(part.ok_or_else(|| super::string_build::at_most("count", given, most))?.to_vec()))
}

fn encode(text: &str, kept: &[u8], blank_as_plus: bool) -> String {
    encode_bytes(text.as_bytes(), kept, blank_as_plus)
}

fn encode_bytes(text: &[u8], kept: &[u8], blank_as_plus: bool) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(text.len());
    for byte in text.iter().copied() {
        if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
            encoded.push(char::from(byte));
        } else if byte == b' ' && blank_as_plus {
            encoded.push('+');
        } else {
            encoded.push('%');
            for digit in [byte >> 4, byte & 0xf] {
                encoded.push(HEX.get(usize::from(digit)).map_or('0', |digit| char::from(*digit)));
            }
        }
    }
    encoded
}

/// Decodes as HTML forms do: `+` is a blank.
pub(super) fn decode_form(text: &str) -> String {
    decode(text, true)
}

fn decode(text: &str, plus_as_blank: bool) -> String {
    String::from_utf8_lossy(&decode_bytes(text.as_bytes(), plus_as_blank)).into_owned()
}

fn decode_bytes(text: &[u8], plus_as_blank: bool) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        let digit = |at: usize| tail.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                rest = tail.get(2..).unwrap_or(&[]);
            }
            (b'+', ..) if plus_as_blank => bytes.push(b' '),
            _ => bytes.push(*first),
        }
    }
    bytes
}

fn html_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => encoded.push_str("&lt;"),
            '>' => encoded.push_str("&gt;"),
            '"' => encoded.push_str("&quot;"),
            '\'' => encoded.push_str("&#39;"),
            '&' => encoded.push_str("&amp;"),
            '\u{a0}'..='\u{ff}' | '\u{10000}'.. => encoded.push_str(&format!("&#{};", u32::from(c))),
            plain => encoded.push(plain),
        }
    }
    encoded
}
