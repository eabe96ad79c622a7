//! Fields of input objects that are written twice (§5.6.3): of those the parser hands on only one, so the text is looked at.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::str::CharIndices;

use graphql_parser::Pos;

/// What a name in parentheses stands in.
enum Level<'t> {
    Arguments,
    List,
    Object(BTreeSet<&'t str>),
}

/// The fields that are there already where they are written again, in a document that has been parsed.
pub(super) fn check(text: &str) -> Vec<(&str, Pos)> {
    let mut scan = Scan { text, chars: text.char_indices().peekable(), at: Pos { line: 1, column: 1 } };
    let (mut levels, mut last, mut found) = (Vec::new(), None, Vec::new());
    while let Some((index, at, c)) = scan.next() {
        match c {
            '#' => scan.skip_while(|c| c != '\n'),
            '"' => scan.skip_string(index),
            '(' => levels.push(Level::Arguments),
            // Outside of parentheses they hold selections.
            '{' if !levels.is_empty() => levels.push(Level::Object(BTreeSet::new())),
            '[' if !levels.is_empty() => levels.push(Level::List),
            ')' | ']' | '}' => drop(levels.pop()),
            ':' => {
                if let (Some(Level::Object(names)), Some((name, at))) = (levels.last_mut(), last.take())
                    && !names.insert(name)
                {
                    found.push((name, at));
                }
            }
            c if c == '_' || c.is_ascii_alphabetic() => {
                scan.skip_while(|c| c == '_' || c.is_ascii_alphanumeric());
                last = scan.since(index).map(|name| (name, at));
            }
            _ => {}
        }
    }
    found
}

struct Scan<'t> {
    text: &'t str,
    chars: Peekable<CharIndices<'t>>,
    at: Pos,
}

impl<'t> Scan<'t> {
    fn next(&mut self) -> Option<(usize, Pos, char)> {
        let at = self.at;
        let (index, c) = self.chars.next()?;
        match c {
            '\n' => self.at = Pos { line: at.line + 1, column: 1 },
            _ => self.at.column += 1,
        }
        Some((index, at, c))
    }

    fn skip(&mut self, count: usize) {
        for _ in 0..count {
            self.next();
        }
    }

    fn skip_while(&mut self, holds: impl Fn(char) -> bool) {
        while self.chars.peek().is_some_and(|(_, c)| holds(*c)) {
            self.next();
        }
    }

    fn since(&mut self, index: usize) -> Option<&'t str> {
        let end = self.chars.peek().map_or(self.text.len(), |(index, _)| *index);
        self.text.get(index..end)
    }

    fn rest(&self, index: usize) -> &'t str {
        self.text.get(index..).unwrap_or_default()
    }

    // Stands behind the quotation mark at `index`.
    fn skip_string(&mut self, index: usize) {
        let mark = if self.rest(index).starts_with("\"\"\"") { "\"\"\"" } else { "\"" };
        self.skip(mark.len() - 1);
        while let Some((index, _, c)) = self.next() {
            let rest = self.rest(index);
            match c {
                '\\' if mark == "\"" => self.skip(1),
                '\\' if rest.starts_with("\\\"\"\"") => self.skip(mark.len()),
                '"' if rest.starts_with(mark) => {
                    self.skip(mark.len() - 1);
                    return;
                }
                _ => {}
            }
        }
    }
}
