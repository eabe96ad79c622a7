//! Percent-encoding (RFC 3986 §2.1): decoding that never fails, encoding by what may stay. Knows nothing of where a text stands in a URL.

use std::borrow::Cow;

/// Which characters stay as they are when a text is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Letters, digits, `-`, `.`, `_` and `~` alone: a name or a value of a query.
    Unreserved,
    /// What one path segment may hold (`pchar`): the slash is encoded.
    Segment,
    /// Several path segments: slashes and escapes stay.
    Path,
    /// A piece of URL that somebody wrote out: delimiters and escapes stay, what no URL can hold is encoded.
    Written,
}

impl Keep {
    const fn keeps(self, byte: u8) -> bool {
        let unreserved = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        let delimiter =
            matches!(byte, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' | b'@');
        match self {
            Self::Unreserved => unreserved,
            Self::Segment => unreserved || delimiter,
            Self::Path => unreserved || delimiter || byte == b'/',
            Self::Written => byte.is_ascii_graphic() && !matches!(byte, b'%' | b'#' | b'"' | b'<' | b'>' | b'\\'),
        }
    }

    const fn keeps_escapes(self) -> bool {
        match self {
            Self::Unreserved | Self::Segment => false,
            Self::Path | Self::Written => true,
        }
    }
}

/// What a `+` stands for: itself in a path, a space in a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plus {
    /// A plus sign.
    Literal,
    /// A space, as HTML forms write it.
    Space,
}

/// The bytes that a text stands for. An escape that is none (`%`, `%zz`) stands for itself.
#[derive(Clone, Debug)]
pub struct DecodedBytes<'a> {
    rest: &'a [u8],
    plus: Plus,
}

impl<'a> DecodedBytes<'a> {
    /// The bytes of `text`.
    #[must_use]
    pub const fn new(text: &'a str, plus: Plus) -> Self {
        Self { rest: text.as_bytes(), plus }
    }
}

impl Iterator for DecodedBytes<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let (first, tail) = self.rest.split_first()?;
        if let (b'%', Some(byte)) = (*first, escape(tail)) {
            self.rest = tail.get(2..).unwrap_or_default();
            return Some(byte);
        }
        self.rest = tail;
        Some(if *first == b'+' && self.plus == Plus::Space { b' ' } else { *first })
    }
}

/// The byte that the two digits at the head of `digits` name.
fn escape(digits: &[u8]) -> Option<u8> {
    let (high, low) = (hex(*digits.first()?)?, hex(*digits.get(1)?)?);
    Some(high << 4 | low)
}

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Whether a raw path segment is `.` or `..`, encoded or not.
#[must_use]
pub fn is_dot_segment(segment: &str) -> bool {
    let is_suspect = segment.starts_with(['.', '%']);
    is_suspect
        && [&b"."[..], b".."].iter().any(|dots| DecodedBytes::new(segment, Plus::Literal).eq(dots.iter().copied()))
}

/// The text that a piece of a path stands for; bytes that are not UTF-8 become U+FFFD.
#[must_use]
pub fn decode(text: &str) -> Cow<'_, str> {
    if text.contains('%') { collect(DecodedBytes::new(text, Plus::Literal)) } else { Cow::Borrowed(text) }
}

/// The text that a name or a value of a query stands for: as [`decode`], and `+` is a space.
#[must_use]
pub fn decode_form(text: &str) -> Cow<'_, str> {
    if text.contains(['%', '+']) { collect(DecodedBytes::new(text, Plus::Space)) } else { Cow::Borrowed(text) }
}

/// The text that several path segments stand for. `%2F` and `%25` stay, so that encoding it with [`Keep::Path`] gives
/// back the same segments: an encoded slash must never become a real one.
#[must_use]
pub fn decode_segments(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut decoded = DecodedBytes::new(text, Plus::Literal);
    loop {
        let before = decoded.rest;
        let Some(byte) = decoded.next() else { break };
        let taken = before.len() - decoded.rest.len();
        if matches!(byte, b'/' | b'%') {
            bytes.extend_from_slice(before.get(..taken).unwrap_or_default());
        } else {
            bytes.push(byte);
        }
    }
    Cow::Owned(lossy(bytes))
}

fn collect(bytes: DecodedBytes<'_>) -> Cow<'static, str> {
    Cow::Owned(lossy(bytes.collect()))
}

fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// `text` with everything encoded that `keep` does not keep, digits in upper case.
#[must_use]
pub fn encode(text: &str, keep: Keep) -> Cow<'_, str> {
    if text.bytes().all(|byte| keep.keeps(byte)) {
        return Cow::Borrowed(text);
    }
    let mut encoded = String::with_capacity(text.len() + 8);
    let mut rest = text.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        let is_escape = *byte == b'%' && keep.keeps_escapes() && escape(tail).is_some();
        if keep.keeps(*byte) || is_escape {
            encoded.push(char::from(*byte));
        } else {
            push_escape(&mut encoded, *byte);
        }
    }
    Cow::Owned(encoded)
}

fn push_escape(text: &mut String, byte: u8) {
    text.push('%');
    for digit in [byte >> 4, byte & 15] {
        text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0').to_ascii_uppercase());
    }
}

/// Whether an encoded text stands for `plain`, without regard to ASCII case.
#[must_use]
pub fn stands_for(encoded: &str, plain: &str, plus: Plus) -> bool {
    let lower = |byte: u8| byte.to_ascii_lowercase();
    DecodedBytes::new(encoded, plus).map(lower).eq(plain.bytes().map(lower))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decoding_keeps_what_is_no_escape() {
        for (text, decoded) in [
            ("", ""),
            ("abc", "abc"),
            ("a%20b", "a b"),
            ("%", "%"),
            ("%4", "%4"),
            ("%zz%41", "%zzA"),
            ("%%41", "%A"),
            ("%C3%A9", "é"),
            ("%ff", "\u{fffd}"),
            ("a+b", "a+b"),
        ] {
            assert_eq!(decode(text), decoded, "{text}");
        }
        assert_eq!(decode_form("a+b%2B"), "a b+");
        assert_eq!(decode_segments("a%20b/c%2fd%25/%41%"), "a b/c%2fd%25/A%");
    }

    #[test]
    fn encoding_by_place() {
        let text = "a b/c?é%2F%";
        assert_eq!(encode(text, Keep::Unreserved), "a%20b%2Fc%3F%C3%A9%252F%25");
        assert_eq!(encode(text, Keep::Segment), "a%20b%2Fc%3F%C3%A9%252F%25");
        assert_eq!(encode(text, Keep::Path), "a%20b/c%3F%C3%A9%2F%25");
        assert_eq!(encode(text, Keep::Written), "a%20b/c?%C3%A9%2F%25");
        assert_eq!(encode("a:b;c", Keep::Segment), "a:b;c");
    }

    proptest! {
        #[test]
        fn values_survive(text in ".{0,20}") {
            for keep in [Keep::Unreserved, Keep::Segment] {
                let encoded = encode(&text, keep);
                prop_assert_eq!(decode(&encoded), text.as_str());
                prop_assert!(keep == Keep::Segment || decode_form(&encoded) == text);
            }
        }

        #[test]
        fn segments_survive(raw in "([a/]|%2F|%25|%20|%){0,8}") {
            let there_and_back = encode(&decode_segments(&raw), Keep::Path).into_owned();
            let parts = |text: &str| text.split('/').map(|part| decode(part).into_owned()).collect::<Vec<_>>();
            // A stray `%` in front of digits is no escape before and one after only if digits follow, which `a` may be.
            prop_assume!(!raw.contains("%a") && !raw.contains("%%"));
            prop_assert_eq!(parts(&there_and_back), parts(&raw));
        }
    }
}
