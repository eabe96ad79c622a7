//! Numbers from text as .NET's `Parse` reads them with the default styles of each type. Formats are in `number_format`.

use super::digits::{Digits, ZeroSign};
use crate::expr::exception::{Outcome, number_format, overflow};
use crate::expr::fold::{NAN_DOUBLE, NAN_SINGLE};

/// What a type's `Parse` lets through besides blanks, a sign before the digits, and the digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Nothing
    Integer,
    /// A point, an exponent and thousands separators, as `double` and `float`
    Float,
    /// A point, thousands separators and a sign behind, as `decimal`
    Decimal,
}

/// What is wrong with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It is no number.
    Malformed,
    /// It is a number that the type cannot hold.
    OutOfRange,
}

/// The digits of a text.
pub(crate) fn digits(text: &str, style: Style) -> Option<Digits> {
    let mut rest = text.trim_start_matches(is_blank);
    let mut number = Digits { zero: ZeroSign::Kept, ..Digits::default() };
    let mut has_sign = false;
    if let Some(sign) = rest.chars().next().filter(|c| matches!(c, '+' | '-')) {
        number.is_negative = sign == '-';
        has_sign = true;
        rest = rest.get(1..)?;
    }
    let bytes = rest.as_bytes();
    let (mut at, mut seen, mut point) = (0, false, None);
    let mut all: Vec<u8> = Vec::new();
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'0'..=b'9' => {
                seen = true;
                all.push(*byte);
            }
            b'.' if style != Style::Integer && point.is_none() => point = Some(all.len()),
            b',' if style != Style::Integer && seen && point.is_none() => {}
            _ => break,
        }
        at += 1;
    }
    if !seen {
        return None;
    }
    let mut exponent: i32 = 0;
    if style == Style::Float
        && let Some((value, length)) = exponent_at(bytes.get(at..).unwrap_or(&[]))
    {
        exponent = value;
        at += length;
    }
    rest = rest.get(at..)?.trim_start_matches(is_blank);
    if style == Style::Decimal && !has_sign && rest.starts_with(['+', '-']) {
        number.is_negative = rest.starts_with('-');
        rest = rest.get(1..)?.trim_start_matches(is_blank);
    }
    // NULs at the end are passed over, as in .NET.
    if rest.bytes().any(|byte| byte != 0) {
        return None;
    }
    let leading = all.iter().take_while(|digit| **digit == b'0').count();
    let whole = i32::try_from(point.unwrap_or(all.len())).ok()?;
    number.digits = all.get(leading..)?.to_vec();
    number.point = whole.saturating_sub(i32::try_from(leading).ok()?).saturating_add(exponent);
    Some(number)
}

// `e+12` with its length; beyond a million it does not matter any more how large it is.
fn exponent_at(bytes: &[u8]) -> Option<(i32, usize)> {
    if !matches!(bytes.first(), Some(b'e' | b'E')) {
        return None;
    }
    let signs = usize::from(matches!(bytes.get(1), Some(b'+' | b'-')));
    let digits: Vec<u8> = bytes.iter().skip(1 + signs).copied().take_while(u8::is_ascii_digit).collect();
    if digits.is_empty() {
        return None;
    }
    let value = digits.iter().fold(0_i32, |value, digit| (value * 10 + i32::from(digit - b'0')).min(1_000_000));
    Some((if bytes.get(1) == Some(&b'-') { -value } else { value }, 1 + signs + digits.len()))
}

// The blanks that number parsing passes over: tab to carriage return, and the blank.
const fn is_blank(c: char) -> bool {
    matches!(c, '\t'..='\r' | ' ')
}

/// A whole number between two bounds.
pub(crate) fn whole(text: &str, least: i128, most: i128) -> Result<i128, Refused> {
    let number = digits(text, Style::Integer).ok_or(Refused::Malformed)?;
    let value = number.to_integer().ok_or(Refused::OutOfRange)?;
    if (least..=most).contains(&value) { Ok(value) } else { Err(Refused::OutOfRange) }
}

/// `T.Parse(text)` of a whole-number type; `name` is as in `an Int32`.
pub(crate) fn parse_whole(text: &str, least: i128, most: i128, name: &str) -> Outcome<i128> {
    whole(text, least, most).map_err(|refused| match refused {
        Refused::Malformed => number_format(text),
        Refused::OutOfRange => overflow(&format!("Value was either too large or too small for {name}.")),
    })
}

/// A double, or nothing when the text is no number.
pub(crate) fn double(text: &str) -> Option<f64> {
    if let Some(number) = digits(text, Style::Float) {
        return Some(number.to_double());
    }
    let (sign, name) = named(text)?;
    Some(if sign { -name } else { name })
}

/// A single-precision number, or nothing when the text is no number.
pub(crate) fn single(text: &str) -> Option<f32> {
    if let Some(number) = digits(text, Style::Float) {
        return Some(number.to_single());
    }
    let (sign, name) = named(text)?;
    let value = if name.is_nan() { NAN_SINGLE } else { f32::INFINITY };
    Some(if sign { -value } else { value })
}

// `Infinity` and `NaN` with an optional sign.
fn named(text: &str) -> Option<(bool, f64)> {
    let text = text.trim_matches(is_blank);
    let name = text.strip_prefix(['+', '-']).unwrap_or(text);
    let value = [("NaN", NAN_DOUBLE), ("Infinity", f64::INFINITY)]
        .into_iter()
        .find_map(|(known, value)| name.eq_ignore_ascii_case(known).then_some(value))?;
    Some((text.starts_with('-'), value))
}

#[cfg(test)]
mod tests {
    use super::{Style, digits, single};

    #[test]
    fn decimals_and_single_precision() {
        assert_eq!(single(" 1.5e1 "), Some(15.0));
        assert_eq!(single("-infinity"), Some(f32::NEG_INFINITY));
        let decimal = digits("1,234.50-", Style::Decimal);
        assert!(decimal.is_some_and(|number| number.is_negative && number.digits == b"123450" && number.point == 4));
    }
}
