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
    row("WebUtility", "static string HtmlEncode(string value)", |call| on_text(call, html_encode)),
    row("WebUtility", "static string HtmlDecode(string value)", |call| on_text(call, super::html::decode)),
];

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

fn encode(text: &str, kept: &[u8], blank_as_plus: bool) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
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
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
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
    String::from_utf8_lossy(&bytes).into_owned()
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
