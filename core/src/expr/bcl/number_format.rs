//! Standard format strings of numbers (`C D E F G N P R X B`), invariant culture. Custom ones are in `number_custom`.

use super::digits::{Digits, write_exponent};
use super::number_custom;
use crate::expr::Interrupt;
use crate::expr::exception::{Outcome, format as format_exception};
use crate::expr::limits::Limit;
use crate::expr::limits::STRING_BYTES_MAX;

/// The sign of currency of the invariant culture.
const CURRENCY: char = '¤';

/// The largest precision that a format may name.
const PRECISION_MAX: usize = 999_999_999;

/// A number that is formatted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Number {
    /// The value, and the number of bits of its type.
    Integer(i128, u32),
    Double(f64),
    Single(f32),
    /// Sign, digits, and how many of them stand behind the point.
    Decimal(IsNegative, u128, u32),
}

/// Whether a decimal is below zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IsNegative {
    No,
    Yes,
}

/// The digits that a decimal has at most.
const DECIMAL_DIGITS: usize = 29;

/// What a format string asks for.
enum Asked {
    Standard(char, Option<usize>),
    Custom,
}

/// `number.ToString(format)`.
pub(crate) fn format_number(number: Number, format: &str) -> Outcome<String> {
    if let Some(name) = not_finite(number) {
        return Ok(name.to_owned());
    }
    match asked(format)? {
        Asked::Custom => number_custom::format(custom_digits(number), format),
        Asked::Standard(letter, precision) => {
            if precision.is_some_and(|precision| precision > STRING_BYTES_MAX) {
                return Err(Interrupt::LimitExceeded(Limit::StringLength));
            }
            standard(number, letter, precision)
        }
    }
}

fn not_finite(number: Number) -> Option<&'static str> {
    let value = match number {
        Number::Integer(..) | Number::Decimal(..) => return None,
        Number::Double(value) => value,
        Number::Single(value) => f64::from(value),
    };
    match value {
        value if value.is_nan() => Some("NaN"),
        f64::INFINITY => Some("Infinity"),
        f64::NEG_INFINITY => Some("-Infinity"),
        _ => None,
    }
}

fn invalid() -> Interrupt {
    format_exception("Format specifier was invalid.")
}

fn asked(format: &str) -> Outcome<Asked> {
    let Some(letter) = format.chars().next() else { return Ok(Asked::Standard('G', None)) };
    let rest = format.get(letter.len_utf8()..).unwrap_or("");
    if !letter.is_ascii_alphabetic() {
        return Ok(Asked::Custom);
    }
    // A NUL ends the format, as it does in .NET.
    let rest = rest.split('\0').next().unwrap_or("");
    if rest.is_empty() {
        return Ok(Asked::Standard(letter, None));
    }
    if !rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Asked::Custom);
    }
    match rest.parse::<usize>() {
        Ok(precision) if precision <= PRECISION_MAX => Ok(Asked::Standard(letter, Some(precision))),
        Ok(_) | Err(_) => Err(invalid()),
    }
}

// A custom format sees 15 digits of a double and 7 of a single.
fn custom_digits(number: Number) -> Digits {
    match number {
        Number::Integer(value, _) => Digits::of_integer(value),
        Number::Double(value) => Digits::significant(value, 15),
        Number::Single(value) => Digits::significant(f64::from(value), 7),
        Number::Decimal(sign, magnitude, scale) => Digits::of_scaled(sign == IsNegative::Yes, magnitude, scale),
    }
}

fn standard(number: Number, letter: char, precision: Option<usize>) -> Outcome<String> {
    let upper = letter.to_ascii_uppercase();
    match (upper, number) {
        ('D' | 'X' | 'B', Number::Integer(value, bits)) => return Ok(whole(value, bits, letter, precision)),
        ('G', Number::Integer(value, _)) if precision.unwrap_or(0) == 0 => return Ok(value.to_string()),
        ('R', Number::Integer(value, _)) => return Ok(value.to_string()),
        _ => {}
    }
    let digits = |fraction: usize| match number {
        Number::Double(value) => Digits::fixed(value, fraction),
        Number::Single(value) => Digits::fixed(f64::from(value), fraction),
        Number::Integer(..) | Number::Decimal(..) => rounded_behind_point(number, fraction),
    };
    let decimals = precision.unwrap_or(2);
    Ok(match upper {
        'C' => currency(&digits(decimals), decimals),
        'F' => signed(&digits(decimals), &fixed(&digits(decimals), decimals, Grouping::None)),
        'N' => signed(&digits(decimals), &fixed(&digits(decimals), decimals, Grouping::Thousands)),
        'P' => {
            let mut number = digits(decimals.saturating_add(2));
            if !number.digits.is_empty() {
                number.point += 2;
            }
            format!("{} %", signed(&number, &fixed(&number, decimals, Grouping::Thousands)))
        }
        'E' => {
            let fraction = precision.unwrap_or(6);
            let number = significant(number, fraction.saturating_add(1));
            signed(&number, &scientific(&number, fraction, letter))
        }
        'R' => general(number, None, if letter == 'R' { 'E' } else { 'e' }),
        'G' => {
            let mark = if letter == 'G' { 'E' } else { 'e' };
            let precision = match (number, precision) {
                (Number::Decimal(..), Some(0)) => Some(DECIMAL_DIGITS),
                (_, precision) => precision.filter(|precision| *precision > 0),
            };
            general(number, precision, mark)
        }
        _ => return Err(invalid()),
    })
}

fn whole(value: i128, bits: u32, letter: char, precision: Option<usize>) -> String {
    let width = precision.unwrap_or(0);
    let mask = if bits >= 64 { u128::from(u64::MAX) } else { (1_u128 << bits) - 1 };
    let pattern = value.cast_unsigned() & mask;
    // Padding by hand: the width of Rust's formats is limited to 16 bits.
    let text = match letter {
        'X' => format!("{pattern:X}"),
        'x' => format!("{pattern:x}"),
        'B' | 'b' => format!("{pattern:b}"),
        _ => value.unsigned_abs().to_string(),
    };
    let sign = if value < 0 && matches!(letter, 'D' | 'd') { "-" } else { "" };
    format!("{sign}{}{text}", "0".repeat(width.saturating_sub(text.len())))
}

// Decimals and integers round halves away from zero; they have all their digits.
fn rounded_behind_point(number: Number, fraction: usize) -> Digits {
    let mut digits = custom_digits(number);
    let keep = i64::from(digits.point).saturating_add(i64::try_from(fraction).unwrap_or(i64::MAX));
    digits.round_to(keep);
    digits
}

fn significant(number: Number, count: usize) -> Digits {
    let shown = count.min(1100);
    match number {
        Number::Double(value) => Digits::significant(value, shown),
        Number::Single(value) => Digits::significant(f64::from(value), shown),
        Number::Integer(..) | Number::Decimal(..) => {
            let mut digits = custom_digits(number);
            digits.round_to(i64::try_from(count).unwrap_or(i64::MAX));
            digits
        }
    }
}

fn signed(number: &Digits, text: &str) -> String {
    if number.is_negative { format!("-{text}") } else { text.to_owned() }
}

fn currency(number: &Digits, decimals: usize) -> String {
    let text = fixed(number, decimals, Grouping::Thousands);
    if number.is_negative { format!("({CURRENCY}{text})") } else { format!("{CURRENCY}{text}") }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Grouping {
    None,
    Thousands,
}

// Digits around a point, without a sign.
fn fixed(number: &Digits, decimals: usize, grouping: Grouping) -> String {
    let mut text = String::new();
    let whole = usize::try_from(number.point).unwrap_or(0);
    if whole == 0 {
        text.push('0');
    }
    for index in 0..whole {
        let left = whole - index;
        if grouping == Grouping::Thousands && index > 0 && left.is_multiple_of(3) {
            text.push(',');
        }
        text.push(char::from(number.at(index).unwrap_or(b'0')));
    }
    if decimals == 0 {
        return text;
    }
    text.push('.');
    let leading = usize::try_from(number.point.saturating_neg()).unwrap_or(0).min(decimals);
    text.extend(std::iter::repeat_n('0', leading));
    for index in 0..decimals - leading {
        text.push(char::from(number.at(whole + index).unwrap_or(b'0')));
    }
    text
}

fn scientific(number: &Digits, fraction: usize, mark: char) -> String {
    let mut text = String::from(char::from(number.at(0).unwrap_or(b'0')));
    if fraction > 0 {
        text.push('.');
        for index in 0..fraction {
            text.push(char::from(number.at(index + 1).unwrap_or(b'0')));
        }
    }
    let exponent = if number.digits.is_empty() { 0 } else { number.point - 1 };
    text.push_str(&write_exponent(mark, exponent, 3, '+'));
    text
}

// `G`: as few digits as needed, scientific beyond the precision. Limits are those of .NET 8 (fixture `general`).
fn general(number: Number, precision: Option<usize>, mark: char) -> String {
    let (digits, limit, is_plain) = match (number, precision) {
        (Number::Double(value), None) => {
            let digits = Digits::shortest(value);
            let limit = digits.digits.len().max(17);
            (digits, limit, false)
        }
        (Number::Single(value), None) => {
            let digits = Digits::shortest_single(value);
            let limit = digits.digits.len().max(9);
            (digits, limit, false)
        }
        (Number::Integer(..) | Number::Decimal(..), None) => (custom_digits(number), DECIMAL_DIGITS, true),
        (_, Some(count)) => (significant(number, count), count, false),
    };
    let limit = i32::try_from(limit).unwrap_or(i32::MAX);
    let is_scientific = !is_plain && (digits.point > limit || digits.point < -3);
    let point = if is_scientific { 1 } else { digits.point };
    let mut text = String::new();
    let whole = usize::try_from(point).unwrap_or(0);
    if whole == 0 {
        text.push('0');
    }
    text.extend((0..whole).map(|index| char::from(digits.at(index).unwrap_or(b'0'))));
    let fraction = digits.digits.get(whole..).unwrap_or(&[]);
    if !fraction.is_empty() || point < 0 {
        text.push('.');
        text.extend(std::iter::repeat_n('0', usize::try_from(point.saturating_neg()).unwrap_or(0)));
        text.extend(fraction.iter().copied().map(char::from));
    }
    if is_scientific {
        text.push_str(&write_exponent(mark, digits.point - 1, 2, '+'));
    }
    // Of a decimal, only formats that round keep the sign of nothing.
    if is_plain && digits.digits.iter().all(|digit| *digit == b'0') { text } else { signed(&digits, &text) }
}

#[cfg(test)]
mod tests {
    use super::{IsNegative, Number, format_number};

    // Witnessed on .NET 8.0.4 as `1234.5600m.ToString(…)` and `0.1f.ToString(…)`.
    #[test]
    fn decimals_and_single_precision() {
        let decimal = Number::Decimal(IsNegative::No, 12_345_600, 4);
        let single = Number::Single(0.1);
        let cases = [
            (decimal, "G", "1234.5600"),
            (decimal, "F1", "1234.6"),
            (decimal, "N", "1,234.56"),
            (decimal, "E2", "1.23E+003"),
            (decimal, "0.###", "1234.56"),
            (Number::Decimal(IsNegative::Yes, 1, 3), "F2", "0.00"),
            (single, "G", "0.1"),
            (single, "G9", "0.100000001"),
            (single, "0.0000000000", "0.1000000000"),
            (Number::Single(1e10), "G", "1E+10"),
        ];
        for (number, format, text) in cases {
            assert_eq!(format_number(number, format).ok().as_deref(), Some(text), "{format}");
        }
    }
}
