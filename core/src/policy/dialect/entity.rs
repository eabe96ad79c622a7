//! Character references of XML: the five named ones and the numeric ones. Documents cannot define their own.

/// The longest reference that is looked at, in bytes, as in `&#x10FFFF;`.
const REFERENCE_BYTES_MAX: usize = 12;

/// The character that the reference at the beginning of `text` stands for, and the length of the reference in bytes.
/// `None` when `text` does not begin with a reference.
pub(super) fn reference(text: &str) -> Option<(char, usize)> {
    let body = text.strip_prefix('&')?;
    let end = body.bytes().take(REFERENCE_BYTES_MAX).position(|byte| byte == b';')?;
    let name = body.get(..end)?;
    let character = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        _ => numeric(name)?,
    };
    Some((character, end + 2))
}

fn numeric(name: &str) -> Option<char> {
    let digits = name.strip_prefix('#')?;
    let code = match digits.strip_prefix(['x', 'X']) {
        Some(hex) if hex.bytes().all(|b| b.is_ascii_hexdigit()) => u32::from_str_radix(hex, 16).ok()?,
        Some(_) => return None,
        None if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok()?,
        None => return None,
    };
    char::from_u32(code).filter(|character| *character != '\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_and_numeric_references() {
        assert_eq!(reference("&lt;x"), Some(('<', 4)));
        assert_eq!(reference("&#65;"), Some(('A', 5)));
        assert_eq!(reference("&#x1F600;"), Some(('\u{1F600}', 9)));
        for not in ["&", "&&", "& ;", "&nbsp;", "&#;", "&#x;", "&#+5;", "&#xD800;", "&#0;", "&aaaaaaaaaaaaaaaaaaaaaa;"]
        {
            assert_eq!(reference(not), None, "{not}");
        }
    }
}
