//! Tokens of C#. Never fails: what is no token is reported and passed over. Knows no grammar.

mod literal;

use std::sync::Arc;

use crate::span::Span;

use super::limits::TREE_HEIGHT_MAX;
use super::problem::Problems;
use super::syntax::Literal;

/// A token and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    pub(crate) span: Span,
    pub(crate) kind: TokenKind,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TokenKind {
    /// A name or a keyword; `escaped` when written with `@`.
    Word {
        text: Arc<str>,
        escaped: bool,
    },
    Literal(Literal),
    /// Something wrong that stands for a value.
    BadLiteral,
    Punct(&'static str),
    /// `$"`
    InterpolationStart,
    InterpolationText(Arc<str>),
    HoleStart,
    /// The text behind `:` in a hole.
    HoleFormat(Arc<str>),
    HoleEnd,
    InterpolationEnd,
    End,
}

/// All tokens of `source` from byte `from` up to byte `to`, with a last one that is [`TokenKind::End`].
pub(crate) fn lex(source: &str, from: usize, to: usize, problems: &mut Problems) -> Vec<Token> {
    let source = source.get(..to).unwrap_or(source);
    let mut lexer = Lexer { source, at: from, tokens: Vec::new(), modes: Vec::new(), problems };
    while lexer.next() {}
    let end = Span::new(lexer.at, lexer.at);
    lexer.tokens.push(Token { span: end, kind: TokenKind::End });
    lexer.tokens
}

// Longest first. `>` never joins `>` here, since `>>` also closes generics.
pub(crate) const PUNCTS: [&str; 45] = [
    "<<=", "...", "&&", "||", "??", "?.", "=>", "==", "!=", "<=", ">=", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=",
    "|=", "^=", "<<", "->", "::", "(", ")", "[", "]", "{", "}", ".", ",", ";", ":", "?", "<", ">", "=", "+", "-", "*",
    "/", "%", "!", "~",
];
const LATE_PUNCTS: [&str; 3] = ["&", "|", "^"];

/// The inside of an interpolated string that the lexer stands in.
#[derive(Clone, Copy, Debug)]
struct Mode {
    verbatim: bool,
    /// Brackets that are open in the hole.
    depth: usize,
}

// The letter or digit that `\uXXXX` stands for in a name, and the length of the escape.
fn escaped_letter(text: &str) -> Option<(char, usize)> {
    let digits = match text.get(..2)? {
        "\\u" => 4,
        "\\U" => 8,
        _ => return None,
    };
    let number = text.get(2..2 + digits)?;
    let c = u32::from_str_radix(number, 16).ok().and_then(char::from_u32)?;
    (c.is_alphanumeric() || c == '_').then_some((c, 2 + digits))
}

fn is_digit_at(text: &str, at: usize) -> bool {
    text.as_bytes().get(at).is_some_and(u8::is_ascii_digit)
}

struct Lexer<'s> {
    source: &'s str,
    at: usize,
    tokens: Vec<Token>,
    modes: Vec<Mode>,
    problems: &'s mut Problems,
}

impl<'s> Lexer<'s> {
    fn rest(&self) -> &'s str {
        self.source.get(self.at..).unwrap_or("")
    }

    fn push(&mut self, from: usize, kind: TokenKind) {
        self.tokens.push(Token { span: Span::new(from, self.at), kind });
    }

    fn report(&mut self, from: usize, message: impl Into<String>) {
        self.problems.add("expression-syntax", Span::new(from, self.at), message);
    }

    // False at the end.
    fn next(&mut self) -> bool {
        let Some(first) = self.rest().chars().next() else {
            return false;
        };
        let from = self.at;
        if first.is_whitespace() || first == '\u{feff}' {
            self.at += first.len_utf8();
        } else if self.rest().starts_with("//") {
            self.at += self.rest().find('\n').unwrap_or(self.rest().len());
        } else if self.rest().starts_with("/*") {
            self.block_comment(from);
        } else if first.is_alphabetic() || first == '_' || escaped_letter(self.rest()).is_some() {
            self.word(from, 0);
        } else if first.is_ascii_digit() || (first == '.' && is_digit_at(self.rest(), 1)) {
            self.number(from);
        } else if matches!(first, '"' | '$' | '@' | '\'') {
            self.quoted_or_escaped(from, first);
        } else {
            self.punct(from, first);
        }
        true
    }

    fn block_comment(&mut self, from: usize) {
        match self.rest().get(2..).and_then(|rest| rest.find("*/")) {
            Some(length) => self.at += length + 4,
            None => {
                self.at = self.source.len();
                self.report(from, "this comment has no `*/`");
            }
        }
    }

    fn word(&mut self, from: usize, prefix: usize) {
        self.at += prefix;
        let part = self.letters();
        let Some(mut escaped) = escaped_letter(self.rest()) else {
            return self.push(from, TokenKind::Word { text: part.into(), escaped: prefix > 0 });
        };
        let mut text = part.to_owned();
        loop {
            self.at += escaped.1;
            text.push(escaped.0);
            text.push_str(self.letters());
            let Some(next) = escaped_letter(self.rest()) else { break };
            escaped = next;
        }
        // What is written with an escape is a name, also where it reads as a keyword.
        self.push(from, TokenKind::Word { text: text.into(), escaped: true });
    }

    // What goes on with letters, digits and underscores, passed.
    fn letters(&mut self) -> &'s str {
        let rest = self.rest();
        let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or("")
    }

    fn quoted_or_escaped(&mut self, from: usize, first: char) {
        let rest = self.rest();
        if rest.starts_with("$@\"") || rest.starts_with("@$\"") {
            if first == '@' {
                self.report(from, "`@$` came with C# 8, and policy expressions are C# 7: write `$@`");
            }
            self.interpolation(from, 3);
        } else if rest.starts_with("$\"") {
            self.interpolation(from, 2);
        } else if rest.starts_with("@\"") {
            self.verbatim_string(from);
        } else if first == '"' {
            self.string(from);
        } else if first == '\'' {
            self.character(from);
        } else if first == '@' && rest.chars().nth(1).is_some_and(|c| c.is_alphabetic() || c == '_') {
            self.word(from, 1);
        } else {
            self.at += 1;
            self.report(from, format!("unexpected `{first}`"));
        }
    }

    fn interpolation(&mut self, from: usize, length: usize) {
        self.at += length;
        self.push(from, TokenKind::InterpolationStart);
        if self.modes.len() >= usize::from(TREE_HEIGHT_MAX) {
            self.report(from, "interpolated strings are nested too deep");
            self.at = self.source.len();
            return;
        }
        self.interpolated_text(length == 3);
    }

    fn punct(&mut self, from: usize, first: char) {
        let rest = self.rest();
        let found = PUNCTS.iter().chain(&LATE_PUNCTS).find(|punct| rest.starts_with(*punct)).copied();
        let Some(punct) = found else {
            self.at += first.len_utf8();
            return self.report(from, format!("unexpected `{first}`"));
        };
        if let Some(mode) = self.modes.last_mut() {
            match (punct, mode.depth) {
                ("}", 0) => return self.end_hole(from),
                (":" | "::", 0) => return self.hole_format(from),
                ("(" | "[" | "{", _) => mode.depth += 1,
                (")" | "]" | "}", _) => mode.depth = mode.depth.saturating_sub(1),
                _ => {}
            }
        }
        // `a?.5:b` is a conditional, not a null-conditional access.
        let is_digit_next = is_digit_at(rest, 2);
        let punct = if punct == "?." && is_digit_next { "?" } else { punct };
        self.at += punct.len();
        self.push(from, TokenKind::Punct(punct));
    }

    fn end_hole(&mut self, from: usize) {
        self.at += 1;
        self.push(from, TokenKind::HoleEnd);
        if let Some(mode) = self.modes.pop() {
            self.interpolated_text(mode.verbatim);
        }
    }

    fn hole_format(&mut self, from: usize) {
        let verbatim = self.modes.last().is_some_and(|mode| mode.verbatim);
        self.at += 1;
        let mut text = String::new();
        while self.format_unit(verbatim, &mut text) {}
        if text.is_empty() {
            self.report(from, "the format behind `:` is empty");
        }
        let ends_blank = text.ends_with(char::is_whitespace);
        self.push(from, TokenKind::HoleFormat(text.into()));
        if !self.rest().starts_with('}') {
            self.modes.pop();
            self.report(from, "this interpolation hole is never closed");
        } else if ends_blank {
            self.report(from, "a format may not end in white space");
        }
    }

    // False where the format ends, or the string without its quote.
    fn format_unit(&mut self, verbatim: bool, text: &mut String) -> bool {
        let rest = self.rest();
        match rest.chars().next() {
            None | Some('}' | '\n') => return false,
            Some('"') if verbatim && rest.starts_with("\"\"") => {
                self.at += 2;
                text.push('"');
            }
            Some('"') => return false,
            Some('\\') if !verbatim => self.escapes(text),
            Some('{') => {
                self.at += 1;
                self.report(self.at - 1, "unexpected `{` in a format");
            }
            Some(c) => {
                self.at += c.len_utf8();
                text.push(c);
            }
        }
        true
    }

    // Escapes in a row may be the halves of one character.
    fn escapes(&mut self, text: &mut String) {
        let mut units = Vec::new();
        while self.rest().starts_with('\\') {
            let (from, before) = (self.at, units.len());
            self.escape(&mut units);
            for brace in ['{', '}'] {
                if units.get(before..).is_some_and(|made| made == [brace as u16]) {
                    self.report(from, format!("a `{brace}` in an interpolated string must be doubled, not escaped"));
                }
            }
        }
        text.push_str(&String::from_utf16_lossy(&units));
    }

    // Text up to the next hole, which is then open, or up to the closing quote.
    fn interpolated_text(&mut self, verbatim: bool) {
        let from = self.at;
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let closed = rest.starts_with('"') && !(verbatim && rest.starts_with("\"\""));
            let hole = rest.starts_with('{') && !rest.starts_with("{{");
            if closed || hole {
                if !text.is_empty() {
                    self.push(from, TokenKind::InterpolationText(text.into()));
                }
                self.at += 1;
                if hole {
                    self.push(self.at - 1, TokenKind::HoleStart);
                    self.modes.push(Mode { verbatim, depth: 0 });
                } else {
                    self.push(self.at - 1, TokenKind::InterpolationEnd);
                }
                return;
            }
            if !self.interpolated_unit(verbatim, &mut text) {
                self.report(from.saturating_sub(1), "this string has no closing quote");
                self.push(self.at, TokenKind::InterpolationEnd);
                return;
            }
        }
    }

    // False when the string ends without its quote.
    fn interpolated_unit(&mut self, verbatim: bool, text: &mut String) -> bool {
        let rest = self.rest();
        for (doubled, single) in [("{{", '{'), ("}}", '}'), ("\"\"", '"')] {
            if rest.starts_with(doubled) {
                self.at += 2;
                text.push(single);
                return true;
            }
        }
        match rest.chars().next() {
            Some('}') => {
                self.at += 1;
                self.report(self.at - 1, "a `}` in an interpolated string must be written `}}`");
                true
            }
            Some('\\') if !verbatim => {
                self.escapes(text);
                true
            }
            None => false,
            Some('\n') if !verbatim => false,
            Some(c) => {
                self.at += c.len_utf8();
                text.push(c);
                true
            }
        }
    }
}
