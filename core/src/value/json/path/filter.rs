//! Filters of JSONPath: `?(@.price < 10 && @.name)`.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Filter, Outcome, Pass, PathError, Reader, Walk, error};
use crate::value::json::{JFormatting, JKind, JToken};
use crate::value::{Library, Value};

/// A condition on one token.
#[derive(Clone, Debug)]
pub(super) enum Query {
    Exists(Operand),
    Compare(Operator, Operand, Operand),
    And(Vec<Query>),
    Or(Vec<Query>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    StrictEqual,
    StrictNotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Matches,
}

const OPERATORS: [(&str, Operator); 10] = [
    ("===", Operator::StrictEqual),
    ("!==", Operator::StrictNotEqual),
    ("==", Operator::Equal),
    ("=~", Operator::Matches),
    ("<>", Operator::NotEqual),
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

#[derive(Clone, Debug)]
pub(super) enum Operand {
    FromHere(Arc<[Filter]>),
    FromRoot(Arc<[Filter]>),
    Literal(JToken),
}

impl Operand {
    fn tokens(&self, root: &JToken, here: &JToken, walk: &mut Walk<'_>) -> Outcome<Vec<JToken>> {
        let (from, filters) = match self {
            Self::Literal(token) => return Ok(vec![token.clone()]),
            Self::FromHere(filters) => (here, filters),
            Self::FromRoot(filters) => (root, filters),
        };
        Pass::new(Arc::clone(filters), root, from.clone(), false).rest(walk)
    }
}

impl Query {
    pub(super) fn matches(&self, root: &JToken, here: &JToken, walk: &mut Walk<'_>) -> Outcome<bool> {
        match self {
            Self::Exists(operand) => Ok(!operand.tokens(root, here, walk)?.is_empty()),
            Self::Compare(operator, left, right) => {
                let (left, right) = (left.tokens(root, here, walk)?, right.tokens(root, here, walk)?);
                super::spend(walk, left.len().saturating_mul(right.len()))?;
                for (left, right) in left.iter().flat_map(|left| right.iter().map(move |right| (left, right))) {
                    if holds(*operator, left, right, walk)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::And(parts) => {
                for part in parts {
                    if !part.matches(root, here, walk)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Or(parts) => {
                for part in parts {
                    if part.matches(root, here, walk)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }
}

// `/pattern/options`; what is no text matches nothing.
fn is_match(text: &JToken, pattern: &JToken, walk: &mut Walk<'_>) -> Outcome<bool> {
    if text.kind() != JKind::String || pattern.kind() != JKind::String {
        return Ok(false);
    }
    let (text, pattern) = (text.to_string(), pattern.to_string());
    let parts = pattern.rsplit_once('/').and_then(|(pattern, options)| Some((without_first(pattern)?, options)));
    let Some((pattern, options)) = parts else {
        let length = if pattern.contains('/') { -1 } else { -2 };
        let message = if pattern.is_empty() {
            "startIndex cannot be larger than length of string. (Parameter 'startIndex')".to_owned()
        } else {
            format!(
                "length ('{length}') must be a non-negative value. (Parameter 'length')\nActual value was {length}."
            )
        };
        return Err(PathError::Other("System.ArgumentOutOfRangeException", message));
    };
    walk.judge.is_match(pattern, options, &text, &mut walk.budget)
}

fn without_first(text: &str) -> Option<&str> {
    let mut chars = text.chars();
    chars.next().map(|_| chars.as_str())
}

fn holds(operator: Operator, left: &JToken, right: &JToken, walk: &mut Walk<'_>) -> Outcome<bool> {
    use Ordering::{Equal, Greater, Less};
    if !left.is_value() || !right.is_value() {
        return Ok(operator == Operator::NotEqual);
    }
    let mut order = || walk.judge.compare(left, right);
    Ok(match operator {
        Operator::Equal => is_equal(left, right, walk)? || coerced(left, right),
        Operator::NotEqual => !(is_equal(left, right, walk)? || coerced(left, right)),
        Operator::StrictEqual => is_equal(left, right, walk)?,
        Operator::StrictNotEqual => !is_equal(left, right, walk)?,
        Operator::Less => order()? == Less,
        Operator::LessOrEqual => matches!(order()?, Less | Equal),
        Operator::Greater => order()? == Greater,
        Operator::GreaterOrEqual => matches!(order()?, Greater | Equal),
        Operator::Matches => is_match(left, right, walk)?,
    })
}

// Whole numbers and others are numbers; else the types must agree.
fn is_equal(left: &JToken, right: &JToken, walk: &mut Walk<'_>) -> Outcome<bool> {
    match (left.kind(), right.kind()) {
        (JKind::Integer, JKind::Float) | (JKind::Float, JKind::Integer) => {
            Ok(walk.judge.compare(left, right)? == Ordering::Equal)
        }
        _ => Ok(left == right),
    }
}

// What JSON has no form for equals the text that writes it; an address the text that it was made from.
fn coerced(value: &JToken, text: &JToken) -> bool {
    if text.kind() != JKind::String {
        return false;
    }
    let written = match value.kind() {
        JKind::Date | JKind::Bytes | JKind::Guid | JKind::TimeSpan => value.to_json(JFormatting::None),
        JKind::Uri => match value.held() {
            Some(Value::Library(Library::Uri(uri))) => uri.original.clone(),
            _ => return false,
        },
        _ => return false,
    };
    written.trim_matches('"') == text.to_string()
}

impl Reader {
    pub(super) fn query(&mut self, depth: usize) -> Outcome<Query> {
        if depth == 0 {
            return error("the filter is nested too deeply");
        }
        let mut alternatives = vec![self.conjunction(depth)?];
        while self.eat("||") {
            alternatives.push(self.conjunction(depth)?);
        }
        Ok(match (alternatives.len(), alternatives.pop()) {
            (1, Some(one)) => one,
            (_, last) => {
                alternatives.extend(last);
                Query::Or(alternatives)
            }
        })
    }

    fn conjunction(&mut self, depth: usize) -> Outcome<Query> {
        let mut parts = vec![self.condition(depth)?];
        while self.eat("&&") {
            parts.push(self.condition(depth)?);
        }
        Ok(match (parts.len(), parts.pop()) {
            (1, Some(one)) => one,
            (_, last) => {
                parts.extend(last);
                Query::And(parts)
            }
        })
    }

    fn condition(&mut self, depth: usize) -> Outcome<Query> {
        self.skip_blanks();
        if self.peek() == Some('(') {
            self.at += 1;
            let inner = self.query(depth - 1)?;
            self.close(')')?;
            return Ok(inner);
        }
        let left = self.operand()?;
        self.skip_blanks();
        match OPERATORS.iter().find(|(text, _)| self.eat(text)) {
            Some((_, operator)) => {
                let right = self.operand()?;
                Ok(Query::Compare(*operator, left, right))
            }
            None => Ok(Query::Exists(left)),
        }
    }

    fn eat(&mut self, text: &str) -> bool {
        self.skip_blanks();
        let is_there = text.chars().enumerate().all(|(offset, c)| self.chars.get(self.at + offset) == Some(&c));
        self.at += if is_there { text.chars().count() } else { 0 };
        is_there
    }

    // `/pattern/` and the letters behind it, as they stand.
    fn pattern(&mut self) -> Outcome<String> {
        let start = self.at;
        self.at += 1;
        while let Some(c) = self.peek() {
            self.at += 1;
            match c {
                '\\' => self.at += 1,
                '/' => {
                    while self.peek().is_some_and(char::is_alphabetic) {
                        self.at += 1;
                    }
                    return Ok(self.chars.get(start..self.at).unwrap_or(&[]).iter().collect());
                }
                _ => {}
            }
        }
        error("Path ended with an open regex.")
    }

    fn unexpected<T>(&self) -> Outcome<T> {
        let c = self.peek().unwrap_or(' ');
        error(format!("Unexpected character while parsing path query: {c}"))
    }

    // An operand, behind which the query goes on.
    fn operand(&mut self) -> Outcome<Operand> {
        let operand = self.value_or_path()?;
        self.skip_blanks();
        if self.peek().is_none() { error("Path ended with open query.") } else { Ok(operand) }
    }

    fn value_or_path(&mut self) -> Outcome<Operand> {
        self.skip_blanks();
        match self.peek() {
            Some(c @ ('@' | '$')) => {
                self.at += 1;
                let filters = self.path(true)?.into();
                Ok(if c == '@' { Operand::FromHere(filters) } else { Operand::FromRoot(filters) })
            }
            Some('\'') => Ok(Operand::Literal(JToken::string(self.quoted()?))),
            Some('/') => Ok(Operand::Literal(JToken::string(self.pattern()?))),
            Some(c) if c.is_ascii_digit() || c == '-' => {
                let start = self.at;
                // A blank or the end of the query ends the number, and nothing else does.
                while self.peek().is_some_and(|c| c != ' ' && c != ')') {
                    self.at += 1;
                }
                let digits: String = self.chars.get(start..self.at).unwrap_or(&[]).iter().collect();
                let is_number = digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E'));
                match JToken::parse(&digits).ok().filter(|_| is_number) {
                    Some(number) => Ok(Operand::Literal(number)),
                    None => self.unexpected(),
                }
            }
            Some(_) => {
                let words = [
                    ("true", JKind::Boolean, Value::Bool(true)),
                    ("false", JKind::Boolean, Value::Bool(false)),
                    ("null", JKind::Null, Value::Null),
                ];
                for (word, kind, value) in words {
                    if self.eat(word) {
                        return Ok(Operand::Literal(JToken::value(kind, value)));
                    }
                }
                self.unexpected()
            }
            None => error("Path ended with open query."),
        }
    }
}
