//! Numbers as decimal digits: what all number formats and all number parsing share. Knows no format language.

use crate::value::number::{shortest, shortest_single};

/// A number `0.d1d2d3… × 10^point`; no digits mean zero. Digits are ASCII.
#[derive(Clone, Debug, Default)]
pub(crate) struct Digits {
    pub(crate) is_negative: bool,
    pub(crate) digits: Vec<u8>,
    pub(crate) point: i32,
    pub(crate) zero: ZeroSign,
}

/// Whether a zero may have a sign: those of floating-point numbers may, others may not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ZeroSign {
    #[default]
    Dropped,
    Kept,
}

impl Digits {
    /// A whole number.
    pub(crate) fn of_integer(value: i128) -> Self {
        let mut digits = value.unsigned_abs().to_string().into_bytes();
        let point = i32::try_from(digits.len()).unwrap_or(0);
        trim_end(&mut digits);
        let point = if digits.is_empty() { 0 } else { point };
        Self { is_negative: value < 0, digits, point, zero: ZeroSign::Dropped }
    }

    /// The digits of an unsigned whole number with a decimal point `scale` digits from the right, as `System.Decimal` holds it.
    /// Zeros at the end are kept: a decimal shows them.
    pub(crate) fn of_scaled(is_negative: bool, magnitude: u128, scale: u32) -> Self {
        let digits = if magnitude == 0 { Vec::new() } else { magnitude.to_string().into_bytes() };
        let length = i32::try_from(digits.len()).unwrap_or(0);
        let point = length - i32::try_from(scale).unwrap_or(0);
        Self { is_negative, digits, point, zero: ZeroSign::Dropped }
    }

    /// From `digits` with an optional point and an optional exponent, as Rust writes floating-point numbers.
    pub(crate) fn of_float_text(is_negative: bool, text: &str) -> Self {
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let exponent: i32 = exponent.parse().unwrap_or(0);
        let all: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        let leading = all.iter().take_while(|digit| **digit == b'0').count();
        let mut digits = all.get(leading..).unwrap_or(&[]).to_vec();
        trim_end(&mut digits);
        let moved = i32::try_from(whole.len()).unwrap_or(0) - i32::try_from(leading).unwrap_or(0);
        let point = if digits.is_empty() { 0 } else { exponent.saturating_add(moved) };
        Self { is_negative, digits, point, zero: ZeroSign::Kept }
    }

    /// The shortest digits that read back as the same number.
    pub(crate) fn shortest(value: f64) -> Self {
        Self::of_float_text(value.is_sign_negative(), &shortest(value.abs()))
    }

    /// The shortest digits of a single-precision number.
    pub(crate) fn shortest_single(value: f32) -> Self {
        Self::of_float_text(value.is_sign_negative(), &shortest_single(value.abs()))
    }

    /// So many significant digits, ties to even: how .NET writes a number with a given precision (fixture `ties go to even`).
    pub(crate) fn significant(value: f64, count: usize) -> Self {
        let after = count.saturating_sub(1);
        Self::of_float_text(value.is_sign_negative(), &format!("{:.after$e}", value.abs()))
    }

    /// So many digits behind the point, ties to even.
    pub(crate) fn fixed(value: f64, count: usize) -> Self {
        // No double has more digits behind the point than this.
        let count = count.min(1100);
        Self::of_float_text(value.is_sign_negative(), &format!("{:.count$}", value.abs()))
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.digits.iter().all(|digit| *digit == b'0')
    }

    /// The digit at this place, if there is one.
    pub(crate) fn at(&self, index: usize) -> Option<u8> {
        self.digits.get(index).copied()
    }

    /// Keeps `keep` digits, and rounds halves away from zero.
    pub(crate) fn round_to(&mut self, keep: i64) {
        let kept = usize::try_from(keep).unwrap_or(0).min(self.digits.len());
        let rounds_up = keep >= 0 && self.digits.get(kept).is_some_and(|digit| *digit >= b'5');
        self.digits.truncate(kept);
        if rounds_up {
            while let Some(last) = self.digits.pop() {
                if last < b'9' {
                    self.digits.push(last + 1);
                    break;
                }
            }
            if self.digits.is_empty() {
                self.point += 1;
                self.digits.push(b'1');
            }
        }
        trim_end(&mut self.digits);
        if self.digits.is_empty() {
            self.point = 0;
            if self.zero == ZeroSign::Dropped {
                self.is_negative = false;
            }
        }
    }

    /// The nearest double; beyond the range it is infinite, as .NET 8 reads it.
    pub(crate) fn to_double(&self) -> f64 {
        let text = String::from_utf8_lossy(&self.digits);
        let value: f64 = format!("0.{text}e{}", self.point).parse().unwrap_or(0.0);
        if self.is_negative { -value } else { value }
    }

    /// The nearest single-precision number.
    pub(crate) fn to_single(&self) -> f32 {
        let text = String::from_utf8_lossy(&self.digits);
        let value: f32 = format!("0.{text}e{}", self.point).parse().unwrap_or(0.0);
        if self.is_negative { -value } else { value }
    }

    /// The whole number; `None` when a fraction other than zero is there, or it does not fit.
    pub(crate) fn to_integer(&self) -> Option<i128> {
        if self.is_zero() {
            return Some(0);
        }
        let length = usize::try_from(self.point).ok().filter(|length| *length <= 38)?;
        let (whole, fraction) = match self.digits.split_at_checked(length) {
            Some(parts) => parts,
            None => (self.digits.as_slice(), &[][..]),
        };
        if fraction.iter().any(|digit| *digit != b'0') {
            return None;
        }
        let text = String::from_utf8_lossy(whole);
        let magnitude: i128 = format!("{text:0<length$}").parse().ok()?;
        Some(if self.is_negative { -magnitude } else { magnitude })
    }
}

/// `E+05`: the mark, a sign, and at least so many digits; `plus` is what stands for a positive sign, NUL for none.
pub(crate) fn write_exponent(mark: char, exponent: i32, digits: usize, plus: char) -> String {
    let sign = match (exponent < 0, plus) {
        (true, _) => "-".to_owned(),
        (false, '\0') => String::new(),
        (false, plus) => plus.to_string(),
    };
    format!("{mark}{sign}{:0digits$}", exponent.unsigned_abs())
}

fn trim_end(digits: &mut Vec<u8>) {
    while digits.last() == Some(&b'0') {
        digits.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::Digits;

    #[test]
    fn whole_numbers_and_back() {
        for value in [0, 7, -120, 1_000_000, i128::from(i64::MIN)] {
            assert_eq!(Digits::of_integer(value).to_integer(), Some(value));
        }
        assert_eq!(Digits::shortest(2.5).to_integer(), None);
    }

    #[test]
    fn doubles_and_back() {
        for value in [0.0, 1.5, -0.001, 1e300, 5e-324, 123_456.789] {
            assert!((Digits::shortest(value).to_double() - value).abs() < f64::MIN_POSITIVE);
        }
    }
}
