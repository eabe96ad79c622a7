//! Media types (RFC 9110 §8.3.1): read, compare, recognise JSON and XML. Does not negotiate.

/// A media type or a range of them, as in `application/problem+json; charset=utf-8` or `text/*`.
#[derive(Clone, Copy, Debug)]
pub struct MediaType<'a> {
    kind: &'a str,
    subtype: &'a str,
    parameters: &'a str,
}

impl<'a> MediaType<'a> {
    /// Reads a media type; `None` when there are not two tokens around a slash.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
        let (kind, subtype) = essence.trim().split_once('/')?;
        (is_token(kind) && is_token(subtype)).then_some(Self { kind, subtype, parameters })
    }

    /// Whether both name the same type, parameters aside.
    #[must_use]
    pub fn is_same_type(&self, other: &MediaType<'_>) -> bool {
        self.is_named(other.kind, other.subtype)
    }

    /// Whether it names this type, as in `text` and `event-stream`.
    #[must_use]
    pub fn is_named(&self, kind: &str, subtype: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind) && self.subtype.eq_ignore_ascii_case(subtype)
    }

    /// Whether this type falls into `range`, which may be `*/*` or `text/*`.
    #[must_use]
    pub fn is_within(&self, range: &MediaType<'_>) -> bool {
        match (range.kind, range.subtype) {
            ("*", "*") => true,
            (kind, "*") => self.kind.eq_ignore_ascii_case(kind),
            _ => self.is_same_type(range),
        }
    }

    /// `application/json`, `text/json`, or a suffix `+json`.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.is_named_or_suffixed("json")
    }

    /// `application/xml`, `text/xml`, or a suffix `+xml`.
    #[must_use]
    pub fn is_xml(&self) -> bool {
        self.is_named_or_suffixed("xml")
    }

    /// The value of a parameter, quotes taken off; backslash escapes inside quotes stay.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&'a str> {
        let mut rest = self.parameters;
        while !rest.is_empty() {
            let (parameter, tail) = split_parameter(rest);
            rest = tail;
            let Some((key, value)) = parameter.split_once('=') else { continue };
            if key.trim().eq_ignore_ascii_case(name) {
                let value = value.trim();
                return Some(value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value));
            }
        }
        None
    }

    fn is_named_or_suffixed(&self, format: &str) -> bool {
        let name = self.subtype.rsplit('+').next().unwrap_or("");
        let has_suffix = name.len() < self.subtype.len();
        let is_plain = ["application", "text"].iter().any(|kind| self.kind.eq_ignore_ascii_case(kind));
        name.eq_ignore_ascii_case(format) && (has_suffix || is_plain)
    }
}

/// Splits at the first semicolon outside quotes.
fn split_parameter(text: &str) -> (&str, &str) {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ';' if !quoted => return (text.get(..at).unwrap_or(""), text.get(at + 1..).unwrap_or("")),
            _ => {}
        }
    }
    (text, "")
}

fn is_token(text: &str) -> bool {
    let is_token_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_token_byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_ranges() {
        let parse = |text| MediaType::parse(text).unwrap();
        assert!(parse("Application/JSON; charset=utf-8").is_json());
        assert!(parse("application/problem+json").is_json() && !parse("application/jsonp").is_json());
        assert!(parse("text/xml").is_xml() && parse("image/svg+xml").is_xml() && !parse("image/xml").is_xml());
        assert!(parse("text/html").is_within(&parse("text/*")) && parse("a/b").is_within(&parse("*/*")));
        assert!(!parse("text/html").is_within(&parse("image/*")));
        for bad in ["", "json", "/json", "a/b c", "a/"] {
            assert!(MediaType::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn parameters() {
        let media = MediaType::parse(r#"multipart/x; a="x;y" ; Boundary=b; flag"#).unwrap();
        assert_eq!(media.parameter("a"), Some("x;y"));
        assert_eq!(media.parameter("boundary"), Some("b"));
        assert_eq!(media.parameter("flag"), None);
    }
}
