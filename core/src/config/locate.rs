//! The place of a property in the text that it was read from. Assumes a text that parses; anything else ends the search.

use crate::config::document::Syntax;
use crate::config::yaml;
use crate::span::{Position, Span};

/// The place of the member or item at `path` (names and indexes), or of the nearest thing around it that is there.
/// A member's place is that of its name.
#[must_use]
pub fn position(text: &str, syntax: Syntax, path: &[&str]) -> Option<Position> {
    match syntax {
        Syntax::Json => json(text, path).map(|span| Position::of(text, span.start)),
        Syntax::Yaml => yaml::locate(text, path),
    }
}

/// The span of the name of the member, or of the item, at `path` in a JSON text; of the nearest thing around it otherwise.
#[must_use]
pub fn json(text: &str, path: &[&str]) -> Option<Span> {
    let mut scanner = Scanner { text, at: 0 };
    scanner.skip_blanks();
    let start = scanner.at;
    scanner.peek()?;
    let mut best = Span::new(start, start + 1);
    for segment in path {
        let found = match scanner.peek() {
            Some(b'{') => scanner.enter_object(segment),
            Some(b'[') => scanner.enter_array(segment),
            _ => None,
        };
        match found {
            Some(span) => best = span,
            None => break,
        }
    }
    Some(best)
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl Scanner<'_> {
    /// Goes to the value of the member `name`; gives the span of its name.
    fn enter_object(&mut self, name: &str) -> Option<Span> {
        self.at += 1;
        loop {
            self.skip_blanks();
            if self.peek()? != b'"' {
                return None;
            }
            let start = self.at;
            self.skip_string();
            let span = Span::new(start, self.at);
            let written = self.text.get(start..self.at)?;
            self.skip_blanks();
            self.take(b':')?;
            self.skip_blanks();
            if serde_json::from_str::<String>(written).is_ok_and(|written| written == name) {
                return Some(span);
            }
            self.skip_value();
            self.skip_blanks();
            self.take(b',')?;
        }
    }

    /// Goes to the item with this index; gives its span.
    fn enter_array(&mut self, index: &str) -> Option<Span> {
        let index: usize = index.parse().ok()?;
        self.at += 1;
        for _ in 0..index {
            self.skip_blanks();
            self.skip_value();
            self.skip_blanks();
            self.take(b',')?;
        }
        self.skip_blanks();
        let start = self.at;
        if self.peek()? == b']' {
            return None;
        }
        let mut end = Scanner { text: self.text, at: start };
        end.skip_value();
        Some(Span::new(start, end.at))
    }

    fn skip_value(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => self.skip_string(),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' | b',' if depth == 0 => return,
                b'}' | b']' => {
                    depth -= 1;
                    self.at += 1;
                }
                _ => self.at += 1,
            }
            if depth == 0 && matches!(byte, b'"' | b'}' | b']') {
                return;
            }
        }
    }

    fn skip_string(&mut self) {
        self.at += 1;
        while let Some(byte) = self.peek() {
            match byte {
                b'\\' => self.at += 2,
                b'"' => {
                    self.at += 1;
                    return;
                }
                _ => self.at += 1,
            }
        }
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "{ \"a\": {\"x\": \"},\\\"\", \"b\": [1, {\"c\" : true}]},\n  \"d\\u0065\": 2 }";

    fn found(path: &[&str]) -> &'static str {
        let span = json(TEXT, path).unwrap();
        &TEXT[span.start as usize..span.end as usize]
    }

    #[test]
    fn members_items_and_the_nearest_parent() {
        assert_eq!(found(&["a", "b", "1", "c"]), "\"c\"");
        assert_eq!(found(&["a", "b", "0"]), "1");
        assert_eq!(found(&["de"]), "\"d\\u0065\"");
        assert_eq!(found(&["a", "nothing"]), "\"a\"");
        assert_eq!(found(&["nothing"]), "{");
        assert_eq!(position(TEXT, Syntax::Json, &["de"]), Some(Position { line: 2, column: 3 }));
    }

    proptest! {
        #[test]
        fn any_text_and_path_end_quietly(text in "[\\[\\]{}\",:\\\\a0 ]{0,40}", path in proptest::collection::vec("a|0|1", 0..4)) {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            let _ = position(&text, Syntax::Json, &path);
            let _ = position(&text, Syntax::Yaml, &path);
        }
    }
}
