//! Addresses of the international kind (IRI), as far as `System.Uri` looks at their texts. Takes no address apart.

use super::uri_text::unescape_whole;

/// Whether .NET reads the text as one: it holds characters beyond ASCII, plainly or escaped, or escapes that none needs.
pub(super) fn is_international(text: &str) -> bool {
    let beyond = |escape: &str| {
        let byte = escape.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        byte.is_some_and(|byte| byte >= 0x7f || is_unreserved(char::from(byte)))
    };
    !text.is_ascii() || text.split('%').skip(1).any(beyond)
}

const fn is_unreserved(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~')
}

/// Whether a part of such an address is as it would be shown or as it would be sent, once .NET has undone the escapes that it
/// undoes in one: then nothing in it needs an escape, or there is none beside the characters beyond ASCII.
pub(super) fn is_plain_or_escaped(part: &str) -> bool {
    let (mut needs_escape, mut has_escape, mut is_beyond, mut is_refused) = (false, false, false, false);
    let mut rest = part;
    while let Some(c) = rest.chars().next() {
        let (meant, length) = if c == '%' { escaped(rest) } else { (Some(c), c.len_utf8()) };
        rest = rest.get(length..).unwrap_or("");
        match meant {
            None => has_escape = true,
            Some(' ' | '"' | '<' | '>' | '^' | '`') => (needs_escape, is_refused) = (true, true),
            Some('{' | '|' | '}') => needs_escape = true,
            Some(c) if !c.is_ascii() => (needs_escape, is_beyond) = (true, true),
            Some(_) => {}
        }
    }
    !needs_escape || !has_escape && is_beyond && !is_refused
}

// What the escapes at the beginning mean where they are undone, and how long they are.
fn escaped(text: &str) -> (Option<char>, usize) {
    // As many bytes as the longest character has.
    let escapes = text.as_bytes().chunks(3).take(4).take_while(|escape| escape.starts_with(b"%")).count();
    for count in 1..=escapes {
        let plain = text.get(..count * 3).map(unescape_whole).unwrap_or_default();
        let mut chars = plain.chars();
        if let (Some(c), None) = (chars.next(), chars.next()) {
            let is_undone = is_unreserved(c) || " \"<>^`{|}".contains(c) || is_of_language(c);
            return (Some(c).filter(|_| is_undone), count * 3);
        }
    }
    (None, text.len().min(3))
}

// Whether RFC 3987 has the character among those of any part (`ucschar`).
const fn is_of_language(c: char) -> bool {
    matches!(c, '\u{a0}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{ffef}' | '\u{10000}'..='\u{effff}')
}
