//! From contents to texts and back, in the charset that their fields or they themselves name: byte order marks, the parameter of
//! `Content-Type` (RFC 9110 §8.3.2), the declaration of XML. Without any of them it is UTF-8.

use std::borrow::Cow;

use super::{HeaderMap, HeaderValue, MediaType, header};

/// How much of a content is searched for the declaration of XML, in bytes.
const DECLARATION_BYTES_MAX: usize = 200;

/// What windows-1252 has in the place of the control characters from 0x80 on; what it does not use stays a control character.
const WINDOWS: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Where ISO 8859-15 differs from ISO 8859-1.
const LATIN9: [(u8, char); 8] =
    [(0xa4, '€'), (0xa6, 'Š'), (0xa8, 'š'), (0xb4, 'Ž'), (0xb8, 'ž'), (0xbc, 'Œ'), (0xbd, 'œ'), (0xbe, 'Ÿ')];

/// The charsets that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Charset {
    Utf8,
    Ascii,
    Latin1,
    Latin9,
    Windows1252,
    Utf16(End),
}

/// Which byte of two comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// What a byte order mark says, without one the lower one (as .NET has it; RFC 2781 §4.3 leaves it open).
    Marked,
    Little,
    Big,
}

/// The text of a content behind these fields; `None` when it is none in its charset.
#[must_use]
pub fn text<'c>(headers: &HeaderMap, content: &'c [u8]) -> Option<Cow<'c, str>> {
    let (charset, content) = recognised(headers, content);
    match charset {
        Charset::Utf8 => std::str::from_utf8(content).ok().map(Cow::Borrowed),
        Charset::Utf16(_) if content.len() % 2 == 1 => None,
        Charset::Utf16(end) => {
            char::decode_utf16(units(content, end)).collect::<Result<String, _>>().ok().map(Cow::Owned)
        }
        Charset::Ascii | Charset::Latin1 | Charset::Latin9 | Charset::Windows1252 => {
            content.iter().map(|byte| character(charset, *byte)).collect::<Option<String>>().map(Cow::Owned)
        }
    }
}

/// The same, with U+FFFD for what is none.
#[must_use]
pub fn text_lossy<'c>(headers: &HeaderMap, content: &'c [u8]) -> Cow<'c, str> {
    if let Some(text) = text(headers, content) {
        return text;
    }
    let (charset, content) = recognised(headers, content);
    match charset {
        Charset::Utf8 => String::from_utf8_lossy(content),
        Charset::Utf16(end) => {
            let decoded = char::decode_utf16(units(content, end));
            Cow::Owned(decoded.map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
        }
        Charset::Ascii | Charset::Latin1 | Charset::Latin9 | Charset::Windows1252 => {
            let decoded = content.iter().map(|byte| character(charset, *byte).unwrap_or(char::REPLACEMENT_CHARACTER));
            Cow::Owned(decoded.collect())
        }
    }
}

/// The content that a text becomes behind these fields. A text that their charset does not have becomes UTF-8, and they say so.
#[must_use]
pub fn content(headers: &mut HeaderMap, text: String) -> Vec<u8> {
    let charset = match named(headers) {
        Some(charset) => charset,
        None if is_xml(headers) => declared(text.as_bytes()).unwrap_or(Charset::Utf8),
        None => Charset::Utf8,
    };
    let coded = match charset {
        Charset::Utf8 => return text.into_bytes(),
        Charset::Utf16(end) => {
            let pair = |unit: u16| if end == End::Big { unit.to_be_bytes() } else { unit.to_le_bytes() };
            let mark = (end == End::Marked).then_some(0xfeff);
            Some(mark.into_iter().chain(text.encode_utf16()).flat_map(pair).collect())
        }
        Charset::Ascii | Charset::Latin1 | Charset::Latin9 | Charset::Windows1252 => {
            text.chars().map(|c| byte(charset, c)).collect::<Option<Vec<u8>>>()
        }
    };
    coded.unwrap_or_else(|| {
        say_utf8(headers);
        text.into_bytes()
    })
}

/// Has fields that name another charset say that it is UTF-8.
pub fn amend(headers: &mut HeaderMap) {
    if named(headers).is_some_and(|charset| charset != Charset::Utf8) {
        say_utf8(headers);
    }
}

fn say_utf8(headers: &mut HeaderMap) {
    let said = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("text/plain");
    let is_charset = |part: &&str| part.trim_start().get(..8).is_some_and(|name| name.eq_ignore_ascii_case("charset="));
    let kept: Vec<&str> = said.split(';').filter(|part| !is_charset(part)).map(str::trim_end).collect();
    if let Ok(value) = HeaderValue::from_str(&format!("{}; charset=utf-8", kept.join(";"))) {
        headers.insert(header::CONTENT_TYPE, value);
    }
}

// The charset of a content, and what follows its byte order mark.
fn recognised<'c>(headers: &HeaderMap, content: &'c [u8]) -> (Charset, &'c [u8]) {
    let marks = [
        (&b"\xef\xbb\xbf"[..], Charset::Utf8),
        (b"\xff\xfe", Charset::Utf16(End::Little)),
        (b"\xfe\xff", Charset::Utf16(End::Big)),
    ];
    for (mark, charset) in marks {
        if let Some(content) = content.strip_prefix(mark) {
            return (charset, content);
        }
    }
    let charset = match named(headers) {
        Some(charset) => charset,
        None if is_xml(headers) => match content {
            [b'<', 0, b'?', 0, ..] => Charset::Utf16(End::Little),
            [0, b'<', 0, b'?', ..] => Charset::Utf16(End::Big),
            content => declared(content).unwrap_or(Charset::Utf8),
        },
        None => Charset::Utf8,
    };
    (charset, content)
}

// What the parameter of `Content-Type` names, if it is known.
fn named(headers: &HeaderMap) -> Option<Charset> {
    let said = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    known(MediaType::parse(said)?.parameter("charset")?)
}

fn is_xml(headers: &HeaderMap) -> bool {
    let said = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    said.and_then(MediaType::parse).is_some_and(|media| media.is_xml())
}

// What the declaration of XML names. Where it can be read by its letters it is not in UTF-16, whatever it says.
fn declared(content: &[u8]) -> Option<Charset> {
    let head = content.get(..content.len().min(DECLARATION_BYTES_MAX))?.strip_prefix(b"<?xml")?;
    let end = head.windows(2).position(|pair| pair == b"?>")?;
    let declaration = std::str::from_utf8(head.get(..end)?).ok()?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let charset = known(value.get(1..)?.split(quote).next()?)?;
    Some(charset).filter(|charset| !matches!(charset, Charset::Utf16(_)))
}

fn known(name: &str) -> Option<Charset> {
    Some(match name.trim().to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" => Charset::Utf8,
        "us-ascii" | "ascii" => Charset::Ascii,
        "iso-8859-1" | "iso8859-1" | "iso_8859-1" | "latin1" | "l1" => Charset::Latin1,
        "iso-8859-15" | "iso8859-15" | "iso_8859-15" | "latin9" | "latin-9" => Charset::Latin9,
        "windows-1252" | "cp1252" | "x-cp1252" => Charset::Windows1252,
        "utf-16" | "unicode" => Charset::Utf16(End::Marked),
        "utf-16le" => Charset::Utf16(End::Little),
        "utf-16be" => Charset::Utf16(End::Big),
        _ => return None,
    })
}

fn units(content: &[u8], end: End) -> impl Iterator<Item = u16> {
    content.chunks(2).map(move |pair| match (pair, end) {
        ([first, second], End::Marked | End::Little) => u16::from_le_bytes([*first, *second]),
        ([first, second], End::Big) => u16::from_be_bytes([*first, *second]),
        // Half a unit is none.
        _ => 0xfffd,
    })
}

// `None` when the charset, of single bytes, has no such byte.
fn character(charset: Charset, byte: u8) -> Option<char> {
    match charset {
        Charset::Ascii => byte.is_ascii().then_some(char::from(byte)),
        Charset::Latin9 => {
            let other = LATIN9.iter().find(|(of, _)| *of == byte);
            Some(other.map_or(char::from(byte), |(_, character)| *character))
        }
        Charset::Windows1252 => {
            let other = byte.checked_sub(0x80).and_then(|index| WINDOWS.get(usize::from(index)));
            Some(other.copied().unwrap_or(char::from(byte)))
        }
        Charset::Latin1 | Charset::Utf8 | Charset::Utf16(_) => Some(char::from(byte)),
    }
}

fn byte(charset: Charset, character_: char) -> Option<u8> {
    let found = match charset {
        Charset::Latin9 => LATIN9.iter().find(|(_, c)| *c == character_).map(|(byte, _)| *byte),
        Charset::Windows1252 => {
            WINDOWS.iter().position(|c| *c == character_).and_then(|index| u8::try_from(index + 0x80).ok())
        }
        Charset::Utf8 | Charset::Ascii | Charset::Latin1 | Charset::Utf16(_) => None,
    };
    // A byte that stands for something else is not this character's.
    found.or_else(|| {
        let byte = u8::try_from(u32::from(character_)).ok()?;
        (character(charset, byte) == Some(character_)).then_some(byte)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(media: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if !media.is_empty() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(media).unwrap());
        }
        headers
    }

    #[test]
    fn texts_of_contents() {
        let cases: [(&str, &[u8], Option<&str>); 20] = [
            ("", b"h\xc3\xa9", Some("hé")),
            ("", b"h\xe9", None),
            ("application/json", b"\xef\xbb\xbf{}", Some("{}")),
            ("text/plain; charset=iso-8859-1", b"h\xe9\x80", Some("hé\u{80}")),
            ("text/plain; charset=\"ISO-8859-15\"", b"\xa4\xa5", Some("€¥")),
            ("text/plain;Charset=windows-1252", b"\x80\x81\xe9", Some("€\u{81}é")),
            ("text/plain; charset=us-ascii", b"abc", Some("abc")),
            ("text/plain; charset=us-ascii", b"\xe9", None),
            ("text/plain; charset=x-unheard-of", b"h\xc3\xa9", Some("hé")),
            ("text/xml; charset=utf-16", b"<\0a\0>\0", Some("<a>")),
            ("text/xml; charset=utf-16be", b"\0<\0a\0>", Some("<a>")),
            ("text/xml; charset=utf-16", b"<\0a", None),
            ("text/xml; charset=utf-16", b"\0\xd8", None),
            ("text/xml", b"\xff\xfe<\0a\0", Some("<a")),
            ("text/xml", b"<\0?\0x\0", Some("<?x")),
            (
                "application/soap+xml",
                b"<?xml version='1.0' encoding='ISO-8859-1' ?>\xe9",
                Some("<?xml version='1.0' encoding='ISO-8859-1' ?>é"),
            ),
            (
                "text/xml; charset=utf-8",
                b"<?xml version='1.0' encoding='ISO-8859-1'?>\xc3\xa9",
                Some("<?xml version='1.0' encoding='ISO-8859-1'?>é"),
            ),
            (
                "text/xml",
                b"<?xml version=\"1.0\" encoding=\"utf-16\"?>\xc3\xa9",
                Some("<?xml version=\"1.0\" encoding=\"utf-16\"?>é"),
            ),
            ("text/plain", b"<?xml version='1.0' encoding='ISO-8859-1'?>\xe9", None),
            ("text/xml", b"<?xml version='1.0'?>\xe9 encoding='ISO-8859-1'?>", None),
        ];
        for (media, content, expected) in cases {
            assert_eq!(text(&of(media), content).as_deref(), expected, "{media} {}", content.escape_ascii());
        }
        let lossy = [
            ("", &b"h\xe9"[..], "h\u{fffd}"),
            ("text/plain;charset=ascii", b"\xe9", "\u{fffd}"),
            ("a/b;charset=utf-16", b"a\0b", "a\u{fffd}"),
        ];
        for (media, content, expected) in lossy {
            assert_eq!(text_lossy(&of(media), content), expected, "{media}");
        }
    }

    #[test]
    fn contents_of_texts() {
        let cases: [(&str, &str, &[u8], &str); 11] = [
            ("", "hé", b"h\xc3\xa9", ""),
            ("text/plain; charset=iso-8859-1", "hé", b"h\xe9", "text/plain; charset=iso-8859-1"),
            ("text/plain; charset=iso-8859-1; a=b", "h€", b"h\xe2\x82\xac", "text/plain; a=b; charset=utf-8"),
            ("text/plain; charset=iso-8859-15", "h€", b"h\xa4", "text/plain; charset=iso-8859-15"),
            ("text/plain; charset=iso-8859-15", "¤", b"\xc2\xa4", "text/plain; charset=utf-8"),
            ("text/plain; charset=windows-1252", "€é", b"\x80\xe9", "text/plain; charset=windows-1252"),
            ("text/xml; charset=utf-16be", "<a", b"\0<\0a", "text/xml; charset=utf-16be"),
            ("text/xml; charset=utf-16le", "<a", b"<\0a\0", "text/xml; charset=utf-16le"),
            ("text/xml; charset=utf-16", "<a", b"\xff\xfe<\0a\0", "text/xml; charset=utf-16"),
            (
                "text/xml",
                "<?xml version='1.0' encoding='ISO-8859-1'?>é",
                b"<?xml version='1.0' encoding='ISO-8859-1'?>\xe9",
                "text/xml",
            ),
            (
                "text/xml",
                "<?xml version='1.0' encoding='us-ascii'?>é",
                b"<?xml version='1.0' encoding='us-ascii'?>\xc3\xa9",
                "text/xml; charset=utf-8",
            ),
        ];
        for (media, text, expected, said) in cases {
            let mut headers = of(media);
            assert_eq!(content(&mut headers, text.to_owned()), expected, "{media} {text}");
            assert_eq!(headers.get(header::CONTENT_TYPE).map_or("", |value| value.to_str().unwrap()), said);
        }
    }

    #[test]
    fn what_is_utf8_says_so() {
        for (media, said) in [
            ("text/xml;charset=utf-16", "text/xml; charset=utf-8"),
            ("text/xml; charset=UTF-8", "text/xml; charset=UTF-8"),
            ("text/xml", "text/xml"),
        ] {
            let mut headers = of(media);
            amend(&mut headers);
            assert_eq!(headers[header::CONTENT_TYPE], said);
        }
    }
}
