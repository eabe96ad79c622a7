//! Numbers: whole ones are `Int64` (or their digits beyond), all others `Double`; octal and hexadecimal as Json.NET reads them.

use std::sync::Arc;

use super::{Outcome, Reader};
use crate::value::Value;
use crate::value::json::{JKind, JNode, JToken};

/// The most digits of a whole number: Json.NET's `MaximumJavascriptIntegerCharacterLength`.
const DIGITS_MAX: usize = 380;

impl Reader<'_> {
    pub(super) fn number(&mut self) -> Outcome<JToken> {
        let digits = self.digits()?;
        match valued(digits) {
            Some((kind, value)) => Ok(JToken::placed(JNode::Value(kind, value), Some(self.place()))),
            None if is_whole(digits) && digits.len() > DIGITS_MAX => {
                Err(self.error(format!("JSON integer {digits} is too large to parse.")))
            }
            None => Err(self.error(format!("Input string '{digits}' is not a valid number."))),
        }
    }
}

impl<'t> Reader<'t> {
    /// The characters of a number that stands next.
    pub(super) fn digits(&mut self) -> Outcome<&'t str> {
        let rest = self.text.get(self.at..).unwrap_or("");
        let is_part = |c: char| matches!(c, '-' | '+' | '.' | 'x' | 'X' | '0'..='9' | 'a'..='f' | 'A'..='F');
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let digits = rest.get(..end).unwrap_or("");
        self.at += end;
        if let Some(c) = self.peek()
            && !c.is_whitespace()
            && !matches!(c, ',' | '}' | ']' | ')' | '/')
        {
            return Err(self.error(format!("Unexpected character encountered while parsing number: {c}.")));
        }
        self.count_item();
        Ok(digits)
    }
}

pub(super) fn is_whole(digits: &str) -> bool {
    let digits = digits.strip_prefix('-').unwrap_or(digits);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// What octal or hexadecimal digits say; `None` for other numbers, `Some(None)` for digits that say nothing.
pub(super) fn other_base(digits: &str) -> Option<Option<u64>> {
    let is_other_base =
        digits.len() > 1 && digits.starts_with('0') && !matches!(digits.as_bytes().get(1), Some(b'.' | b'e' | b'E'));
    let hexadecimal = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
    let (text, radix) = hexadecimal.map_or((digits, 8), |text| (text, 16));
    is_other_base.then(|| u64::from_str_radix(text, radix).ok().filter(|_| !text.starts_with('+')))
}

/// A number with a point or an exponent, or without.
pub(super) fn double(digits: &str) -> Option<f64> {
    let is_number = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    digits.parse().ok().filter(|_| is_number)
}

pub(super) fn valued(digits: &str) -> Option<(JKind, Value)> {
    if let Some(bits) = other_base(digits) {
        // `Convert.ToInt64` reads 64 bits, the highest of which is the sign.
        return Some((JKind::Integer, Value::Int64(bits?.cast_signed())));
    }
    if is_whole(digits) {
        if let Ok(value) = digits.parse() {
            return Some((JKind::Integer, Value::Int64(value)));
        }
        let kept = (digits.len() <= DIGITS_MAX).then(|| digits.trim_start_matches('0'))?;
        return Some((JKind::Integer, Value::String(Arc::from(kept))));
    }
    double(digits).map(|value| (JKind::Float, Value::Double(value)))
}
