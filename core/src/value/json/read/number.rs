//! Numbers: whole ones are `Int64` (or their digits beyond), all others `Double`; octal and hexadecimal as Json.NET reads them.

use std::sync::Arc;

use super::{Outcome, Reader};
use crate::value::Value;
use crate::value::json::{JKind, JToken};

/// The most digits of a whole number: Json.NET's `MaximumJavascriptIntegerCharacterLength`.
const DIGITS_MAX: usize = 380;

impl Reader<'_> {
    pub(super) fn number(&mut self) -> Outcome<JToken> {
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
        match valued(digits) {
            Some((kind, value)) => Ok(JToken::value(kind, value).placed(self.place())),
            None if is_whole(digits) && digits.len() > DIGITS_MAX => {
                Err(self.error(format!("JSON integer {digits} is too large to parse.")))
            }
            None => Err(self.error(format!("Input string '{digits}' is not a valid number."))),
        }
    }
}

fn is_whole(digits: &str) -> bool {
    let digits = digits.strip_prefix('-').unwrap_or(digits);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn valued(digits: &str) -> Option<(JKind, Value)> {
    let is_other_base =
        digits.len() > 1 && digits.starts_with('0') && !matches!(digits.as_bytes().get(1), Some(b'.' | b'e' | b'E'));
    if is_other_base {
        let hexadecimal = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
        let (text, radix) = hexadecimal.map_or((digits, 8), |text| (text, 16));
        // `Convert.ToInt64` reads 64 bits, the highest of which is the sign.
        let bits = u64::from_str_radix(text, radix).ok().filter(|_| !text.starts_with('+'))?;
        return Some((JKind::Integer, Value::Int64(bits.cast_signed())));
    }
    if is_whole(digits) {
        if let Ok(value) = digits.parse() {
            return Some((JKind::Integer, Value::Int64(value)));
        }
        let kept = (digits.len() <= DIGITS_MAX).then(|| digits.trim_start_matches('0'))?;
        return Some((JKind::Integer, Value::String(Arc::from(kept))));
    }
    let is_number = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    digits.parse().ok().filter(|_| is_number).map(|value| (JKind::Float, Value::Double(value)))
}
