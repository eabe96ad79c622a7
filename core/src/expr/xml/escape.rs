//! Names in which what no name holds is written as `_xHHHH_`: `XmlConvert.EncodeName` and `DecodeName`.

use super::name::{begins_name, continues_name};

/// The name with what it cannot hold escaped; colons stay.
pub(crate) fn encoded(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for (at, c) in name.char_indices() {
        let fits = c == ':' || if at == 0 { begins_name(c) } else { continues_name(c) };
        // What looks like an escape would be read as one.
        let is_escape = c == '_' && escape_in(name.get(at..).unwrap_or("")).is_some();
        match u32::from(c) {
            _ if fits && !is_escape => text.push(c),
            code @ 0..=0xffff => text.push_str(&format!("_x{code:04X}_")),
            code => text.push_str(&format!("_x{code:08X}_")),
        }
    }
    text
}

/// The name with its escapes replaced.
pub(crate) fn decoded(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find("_x") {
        let (before, behind) = rest.split_at_checked(at).unwrap_or((rest, ""));
        text.push_str(before);
        match escape_in(behind) {
            Some((c, length)) => {
                text.push(c);
                rest = behind.get(length..).unwrap_or("");
            }
            None => {
                text.push('_');
                rest = behind.get(1..).unwrap_or("");
            }
        }
    }
    text + rest
}

// The escape that a text begins with: what it stands for, and its length.
fn escape_in(text: &str) -> Option<(char, usize)> {
    let digits = text.strip_prefix("_x")?.split('_').next().filter(|digits| matches!(digits.len(), 4 | 8))?;
    let is_closed = text.get(2 + digits.len()..)?.starts_with('_');
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let code = u32::from_str_radix(digits, 16).ok().filter(|_| is_closed && is_hex)?;
    Some((char::from_u32(code)?, digits.len() + 3))
}
