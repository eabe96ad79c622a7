//! An expression cut into tokens. Knows no grammar but what tells a name from an operator.

use super::{EXPRESSION_BYTES_MAX, Mistake};

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// Punctuation, operators and words that are operators where they stand.
    Mark(&'static str),
    /// A name with its prefix.
    Name(Option<String>, String),
    /// `prefix:*`
    AnyOf(String),
    /// `*` as a test
    Any,
    Variable(Option<String>, String),
    Number(f64),
    Text(String),
}

/// What is read, longest marks first.
const MARKS: [&str; 20] =
    ["::", "//", "..", "!=", "<=", ">=", "(", ")", "[", "]", "@", ",", ".", "/", "|", "+", "-", "=", "<", ">"];

/// Names that are operators behind an operand.
const WORDS: [&str; 4] = ["and", "or", "div", "mod"];

/// Cuts `source` into tokens with their places.
pub(super) fn lex(source: &str) -> Result<Vec<(Token, usize)>, Mistake> {
    if source.len() > EXPRESSION_BYTES_MAX {
        return Err(Mistake::new(0, format!("an expression has at most {EXPRESSION_BYTES_MAX} bytes")));
    }
    let mut tokens: Vec<(Token, usize)> = Vec::new();
    let mut at = 0;
    loop {
        let rest = source.get(at..).unwrap_or("");
        let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\r']);
        at += rest.len() - trimmed.len();
        let Some(first) = trimmed.chars().next() else { return Ok(tokens) };
        let is_behind_operand = behind_operand(tokens.last().map(|(token, _)| token));
        let (token, length) = match first {
            '"' | '\'' => quoted(trimmed, first, at)?,
            '0'..='9' => digits(trimmed),
            '.' if trimmed.get(1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) => {
                digits(trimmed)
            }
            '$' => variable(trimmed, at)?,
            '*' if is_behind_operand => (Token::Mark("*"), 1),
            '*' => (Token::Any, 1),
            _ if begins_name(first) => word(trimmed, is_behind_operand),
            _ => {
                let mark = MARKS.iter().find(|mark| trimmed.starts_with(**mark));
                let mark = mark.ok_or_else(|| Mistake::new(at, format!("`{first}` means nothing here")))?;
                (Token::Mark(mark), mark.len())
            }
        };
        tokens.push((token, at));
        at += length;
    }
}

// XPath 1.0 §3.7: behind one of these a `*` and a name are operators.
const fn behind_operand(before: Option<&Token>) -> bool {
    match before {
        None => false,
        Some(Token::Mark(mark)) => matches!(mark.as_bytes(), b")" | b"]" | b"." | b".."),
        Some(
            Token::Name(..) | Token::AnyOf(_) | Token::Any | Token::Variable(..) | Token::Number(_) | Token::Text(_),
        ) => true,
    }
}

fn begins_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn continues_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '\u{b7}')
}

fn ncname(text: &str) -> &str {
    if !text.starts_with(begins_name) {
        return "";
    }
    let end = text.find(|c| !continues_name(c)).unwrap_or(text.len());
    text.get(..end).unwrap_or("")
}

// A name of two parts where the second one is a name.
fn qualified(text: &str) -> (Option<String>, String, usize) {
    let first = ncname(text);
    let rest = text.get(first.len()..).unwrap_or("");
    if let Some(rest) = rest.strip_prefix(':') {
        let second = ncname(rest);
        if !second.is_empty() {
            return (Some(first.to_owned()), second.to_owned(), first.len() + 1 + second.len());
        }
    }
    (None, first.to_owned(), first.len())
}

fn word(text: &str, is_behind_operand: bool) -> (Token, usize) {
    let first = ncname(text);
    if is_behind_operand && let Some(word) = WORDS.iter().find(|word| **word == first) {
        return (Token::Mark(word), word.len());
    }
    if text.get(first.len()..).is_some_and(|rest| rest.starts_with(":*")) {
        return (Token::AnyOf(first.to_owned()), first.len() + 2);
    }
    let (prefix, local, length) = qualified(text);
    (Token::Name(prefix, local), length)
}

fn variable(text: &str, at: usize) -> Result<(Token, usize), Mistake> {
    let (prefix, local, length) = qualified(text.get(1..).unwrap_or(""));
    if local.is_empty() {
        return Err(Mistake::new(at, "expected a name behind `$`"));
    }
    Ok((Token::Variable(prefix, local), length + 1))
}

fn quoted(text: &str, quote: char, at: usize) -> Result<(Token, usize), Mistake> {
    let inner = text.get(1..).unwrap_or("");
    let end = inner.find(quote).ok_or_else(|| Mistake::new(at, "this text has no closing quote"))?;
    Ok((Token::Text(inner.get(..end).unwrap_or("").to_owned()), end + 2))
}

fn digits(text: &str) -> (Token, usize) {
    let whole = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let fraction = text
        .get(whole..)
        .and_then(|rest| rest.strip_prefix('.'))
        .map(|rest| rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()));
    let length = whole + fraction.map_or(0, |digits| digits + 1);
    let number = text.get(..length).and_then(|digits| digits.parse().ok()).unwrap_or(f64::NAN);
    (Token::Number(number), length)
}
