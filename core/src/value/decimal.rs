//! `System.Decimal`: a whole number of 96 bits and a scale of 0 to 28, as .NET keeps it. Holds no format strings.

use std::cmp::Ordering;
use std::fmt;

/// The largest whole number of a decimal: 2⁹⁶ - 1.
const MANTISSA_MAX: u128 = (1 << 96) - 1;

/// The most digits behind the point.
pub const SCALE_MAX: u32 = 28;

/// A decimal number. Trailing zeros are kept, as in .NET; equality and order do not see them.
#[derive(Clone, Copy, Debug)]
pub struct Decimal {
    negative: bool,
    /// At most [`MANTISSA_MAX`].
    mantissa: u128,
    /// At most [`SCALE_MAX`].
    scale: u32,
}

// A product of 192 bits: high and low half.
type Wide = (u128, u128);

impl Decimal {
    /// 0
    pub const ZERO: Self = Self { negative: false, mantissa: 0, scale: 0 };
    /// `Decimal.MaxValue`
    pub const MAX: Self = Self { negative: false, mantissa: MANTISSA_MAX, scale: 0 };
    /// `Decimal.MinValue`
    pub const MIN: Self = Self { negative: true, mantissa: MANTISSA_MAX, scale: 0 };

    /// The number `±mantissa / 10^scale`; `None` when it has more than 96 bits or more than 28 places.
    #[must_use]
    pub fn of_parts(negative: bool, mantissa: u128, scale: u32) -> Option<Self> {
        let fits = mantissa <= MANTISSA_MAX && scale <= SCALE_MAX;
        fits.then_some(Self { negative, mantissa, scale })
    }

    /// A whole number; `None` beyond 96 bits.
    #[must_use]
    pub fn of_whole(number: i128) -> Option<Self> {
        Self::of_parts(number < 0, number.unsigned_abs(), 0)
    }

    /// Sign, whole number and scale.
    #[must_use]
    pub const fn parts(self) -> (bool, u128, u32) {
        (self.negative, self.mantissa, self.scale)
    }

    /// Whether it is 0.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    /// Whether it is 0 or -0 without places.
    #[must_use]
    pub const fn is_bare_zero(self) -> bool {
        self.mantissa == 0 && self.scale == 0
    }

    /// `-x`
    #[must_use]
    pub const fn negated(self) -> Self {
        Self { negative: !self.negative, ..self }
    }

    // Digits with a sign-free text of any length, rounded half to even into 28 places and 96 bits.
    fn of_digits(negative: bool, digits: &str, scale: i64) -> Option<Self> {
        let mut mantissa: u128 = 0;
        let mut scale = scale;
        let (mut is_full, mut half, mut rest) = (false, 0_u8, false);
        // Digits beyond the last place are rounded once, together with those that do not fit.
        let beyond = usize::try_from(scale - i64::from(SCALE_MAX)).unwrap_or(0);
        let missing = (beyond + 1).saturating_sub(digits.len());
        let all = std::iter::repeat_n(0, missing).chain(digits.bytes().map(|byte| byte.wrapping_sub(b'0')));
        let kept_max = digits.len() + missing - beyond;
        for (at, digit) in all.enumerate() {
            let wider = mantissa.checked_mul(10).and_then(|wide| wide.checked_add(u128::from(digit)));
            match wider.filter(|wide| *wide <= MANTISSA_MAX && !is_full && at < kept_max) {
                Some(wide) => mantissa = wide,
                None => {
                    if is_full {
                        rest |= digit != 0;
                    } else {
                        half = digit;
                    }
                    is_full = true;
                    scale -= 1;
                }
            }
        }
        if scale < 0 {
            return None;
        }
        let mut rounded = Self::round_up(mantissa, half, rest);
        if rounded > MANTISSA_MAX {
            rounded = rounded / 10 + u128::from(rounded % 10 >= 5);
            scale -= 1;
        }
        Self::of_parts(negative, rounded, u32::try_from(scale).ok()?)
    }

    fn round_up(mantissa: u128, lost: u8, rest: bool) -> u128 {
        let up = lost > 5 || lost == 5 && (rest || mantissa % 2 == 1);
        mantissa + u128::from(up)
    }

    /// Reads digits with an optional sign, point and exponent; `None` when it is no number, `Some(None)` when it is too large.
    #[must_use]
    pub fn parse(text: &str) -> Option<Option<Self>> {
        let (negative, rest) = match text.strip_prefix(['-', '+']) {
            Some(rest) => (text.starts_with('-'), rest),
            None => (false, text),
        };
        let (number, exponent) = match rest.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse::<i64>().ok().filter(|e| e.abs() < 1000)?),
            None => (rest, 0),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let mut digits = format!("{whole}{fraction}");
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let mut scale = i64::try_from(fraction.len()).ok()? - exponent;
        while scale < 0 && digits.len() < 64 {
            digits.push('0');
            scale += 1;
        }
        Some(Self::of_digits(negative, digits.trim_start_matches('0'), scale))
    }

    /// The nearest decimal to a double with 15 significant digits, as the cast of .NET gives it; `None` out of range.
    #[must_use]
    pub fn of_double(value: f64) -> Option<Self> {
        Self::of_float(value, 14)
    }

    /// The nearest decimal to a float with 7 significant digits; `None` out of range.
    #[must_use]
    pub fn of_single(value: f32) -> Option<Self> {
        Self::of_float(f64::from(value), 6)
    }

    // As .NET does it: the product with a power of ten is a double too, and is then rounded to even.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the product is below 10 to the 16th")]
    fn of_float(value: f64, places: i32) -> Option<Self> {
        const EXPONENT_BIAS: i32 = 1022;
        let scale_max = i32::try_from(SCALE_MAX).unwrap_or(i32::MAX);
        let exponent = i32::try_from((value.to_bits() >> 52) & 0x7ff).unwrap_or(0) - EXPONENT_BIAS;
        if exponent > 96 {
            return None;
        }
        if exponent < -94 {
            return Some(Self::ZERO);
        }
        let ten = |power: i32| format!("1e{power}").parse::<f64>().unwrap_or(1.0);
        // log10(2) in 65536ths.
        let mut scale = (places - ((exponent * 19_728) >> 16)).min(scale_max);
        let mut shifted = value.abs();
        if scale >= 0 {
            shifted *= ten(scale);
        } else if scale != -1 || shifted >= ten(places + 1) {
            shifted /= ten(-scale);
        } else {
            scale = 0;
        }
        if shifted < ten(places) && scale < scale_max {
            shifted *= 10.0;
            scale += 1;
        }
        let mut mantissa = shifted.round_ties_even() as u128;
        if mantissa == 0 {
            return Some(Self::ZERO);
        }
        if let Ok(zeros @ 1..) = u32::try_from(-scale) {
            mantissa *= 10_u128.pow(zeros);
            scale = 0;
        }
        // Not every zero goes: .NET tries these numbers of them once each.
        let mut removable = scale.min(places);
        for zeros in [8, 4, 2, 1] {
            let power = 10_u128.pow(zeros);
            let zeros = i32::try_from(zeros).unwrap_or(0);
            if removable >= zeros && mantissa.is_multiple_of(power) {
                mantissa /= power;
                scale -= zeros;
                removable -= zeros;
            }
        }
        Self::of_parts(value < 0.0, mantissa, u32::try_from(scale).ok()?)
    }

    /// Without trailing zeros behind the point.
    #[must_use]
    pub const fn trimmed(self) -> Self {
        let mut number = self;
        while number.scale > 0 && number.mantissa.is_multiple_of(10) {
            number.mantissa /= 10;
            number.scale -= 1;
        }
        number
    }

    /// The nearest double, or one beside it, as .NET's cast gives it.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "as .NET's conversion")]
    pub fn to_double(self) -> f64 {
        // As .NET does it: both halves as doubles, divided by a power of ten.
        let high = (self.mantissa >> 64) as f64 * 18_446_744_073_709_551_616.0;
        let low = (self.mantissa & u128::from(u64::MAX)) as f64;
        let power: f64 = format!("1e{}", self.scale).parse().unwrap_or(1.0);
        let magnitude = (high + low) / power;
        if self.negative { -magnitude } else { magnitude }
    }

    /// The whole part; everything behind the point is cut off.
    #[must_use]
    pub fn truncated(self) -> Self {
        Self { mantissa: self.mantissa / 10_u128.pow(self.scale), scale: 0, ..self }
    }

    /// The whole part as a number.
    #[must_use]
    pub fn whole(self) -> i128 {
        let whole = i128::try_from(self.truncated().mantissa).unwrap_or(i128::MAX);
        if self.negative { -whole } else { whole }
    }

    /// Rounded to so many places.
    #[must_use]
    pub fn rounded(self, places: u32, rounding: Rounding) -> Self {
        let Some(lost) = self.scale.checked_sub(places).filter(|lost| *lost > 0) else { return self };
        let unit = 10_u128.pow(lost);
        let (kept, rest) = (self.mantissa / unit, self.mantissa % unit);
        let half = (rest * 2).cmp(&unit);
        let up = match rounding {
            Rounding::ToEven => half.is_gt() || half.is_eq() && kept % 2 == 1,
            Rounding::AwayFromZero => half.is_ge(),
            Rounding::ToZero => false,
            Rounding::ToNegativeInfinity => self.negative && rest != 0,
            Rounding::ToPositiveInfinity => !self.negative && rest != 0,
        };
        Self { mantissa: kept + u128::from(up), scale: places, ..self }
    }

    /// `a + b`; `None` on overflow.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let (left, right) = (self.widened(scale), other.widened(scale));
        let (negative, sum) = if self.negative == other.negative {
            (self.negative, wide_add(left, right))
        } else if left >= right {
            (self.negative, wide_subtract(left, right))
        } else {
            (other.negative, wide_subtract(right, left))
        };
        Self::of_wide(negative, sum, i64::from(scale))
    }

    /// `a - b`; `None` on overflow.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        self.plus(other.negated())
    }

    /// `a * b`; `None` on overflow.
    #[must_use]
    pub fn times(self, other: Self) -> Option<Self> {
        let (is_small, scale) = (self.mantissa.max(other.mantissa) <= u128::from(u32::MAX), self.scale + other.scale);
        let is_zero = self.is_zero() || other.is_zero();
        // .NET keeps the places of a zero only where both numbers fit 32 bits, and gives up beyond 47 places.
        if is_zero && !is_small || is_small && scale > SCALE_MAX + 19 {
            return Some(Self::ZERO);
        }
        let product = wide_multiply(self.mantissa, other.mantissa);
        Self::of_wide(self.negative != other.negative, product, i64::from(self.scale + other.scale))
    }

    /// `a / b`; `None` on overflow. The divisor is not 0.
    #[must_use]
    pub fn divided_by(self, other: Self) -> Option<Self> {
        if other.mantissa == 0 {
            return None;
        }
        // Long division, digit by digit, until it comes out even or 30 significant digits are there.
        let mut digits = (self.mantissa / other.mantissa).to_string();
        let mut rest = self.mantissa % other.mantissa;
        let mut scale = i64::from(self.scale) - i64::from(other.scale);
        while rest != 0 && (scale < 29 || digits.trim_start_matches('0').len() < 30) && digits.len() < 70 || scale < 0 {
            rest *= 10;
            digits.push(char::from(b'0' + u8::try_from(rest / other.mantissa).unwrap_or(0)));
            rest %= other.mantissa;
            scale += 1;
        }
        if rest != 0 {
            digits.push('1');
            scale += 1;
        }
        let result = Self::of_digits(self.negative != other.negative, digits.trim_start_matches('0'), scale)?;
        if result.is_zero() && !self.is_zero() {
            return Some(Self::ZERO);
        }
        // .NET keeps no zeros that the division itself brought up.
        let mut result = result;
        let least = self.scale.saturating_sub(other.scale);
        while result.scale > least && result.mantissa.is_multiple_of(10) {
            result.mantissa /= 10;
            result.scale -= 1;
        }
        Some(result)
    }

    /// `a % b`; `None` on overflow. The divisor is not 0.
    #[must_use]
    pub fn remainder(self, other: Self) -> Option<Self> {
        if other.mantissa == 0 {
            return None;
        }
        let scale = self.scale.max(other.scale);
        let (mut left, right) = (self.widened(scale), other.widened(scale));
        if left < right {
            return Some(self);
        }
        if left.0 == 0 && right.0 == 0 {
            return Self::of_wide(self.negative, (0, left.1 % right.1), i64::from(scale));
        }
        // Numbers of 192 bits: subtract what is doubled as often as it fits.
        let mut shifted = right;
        while wide_add(shifted, shifted) <= left {
            shifted = wide_add(shifted, shifted);
        }
        loop {
            if shifted <= left {
                left = wide_subtract(left, shifted);
            }
            if shifted == right {
                return Self::of_wide(self.negative, left, i64::from(scale));
            }
            shifted = ((shifted.0) >> 1, (shifted.1 >> 1) | (shifted.0 << 127));
        }
    }

    fn widened(self, scale: u32) -> Wide {
        wide_multiply(self.mantissa, 10_u128.pow(scale - self.scale))
    }

    fn of_wide(negative: bool, wide: Wide, scale: i64) -> Option<Self> {
        if wide.0 == 0 && wide.1 <= MANTISSA_MAX && scale <= i64::from(SCALE_MAX) {
            return Self::of_parts(negative, wide.1, u32::try_from(scale).ok()?);
        }
        let mut digits = Vec::new();
        let mut rest = wide;
        while rest != (0, 0) {
            let (quotient, digit) = wide_tenth(rest);
            digits.push(b'0' + digit);
            rest = quotient;
        }
        digits.reverse();
        Self::of_digits(negative, &String::from_utf8(digits).unwrap_or_default(), scale)
    }
}

/// Where a number goes that is rounded, by the names of `MidpointRounding`: the first two are about halves alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Halves to the even neighbour
    ToEven,
    /// Halves away from zero
    AwayFromZero,
    /// Towards zero
    ToZero,
    /// Down
    ToNegativeInfinity,
    /// Up
    ToPositiveInfinity,
}

fn wide_multiply(left: u128, right: u128) -> Wide {
    const LOW: u128 = u64::MAX as u128;
    let (a, b, c, d) = (left >> 64, left & LOW, right >> 64, right & LOW);
    let low = b * d;
    let middle = (a * d).wrapping_add(low >> 64);
    let cross = (b * c).wrapping_add(middle & LOW);
    ((a * c).wrapping_add(middle >> 64).wrapping_add(cross >> 64), (cross << 64) | (low & LOW))
}

const fn wide_add(left: Wide, right: Wide) -> Wide {
    let (low, carry) = left.1.overflowing_add(right.1);
    (left.0.wrapping_add(right.0).wrapping_add(carry as u128), low)
}

const fn wide_subtract(left: Wide, right: Wide) -> Wide {
    let (low, borrow) = left.1.overflowing_sub(right.1);
    (left.0.wrapping_sub(right.0).wrapping_sub(borrow as u128), low)
}

// A tenth, and the digit that is left.
fn wide_tenth(wide: Wide) -> (Wide, u8) {
    let parts = [wide.0 >> 64, wide.0 & u128::from(u64::MAX), wide.1 >> 64, wide.1 & u128::from(u64::MAX)];
    let mut rest = 0;
    let tenths = parts.map(|part| {
        let current = (rest << 64) | part;
        rest = current % 10;
        current / 10
    });
    let [a, b, c, d] = tenths;
    (((a << 64) | b, (c << 64) | d), u8::try_from(rest).unwrap_or(0))
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let scale = self.scale.max(other.scale);
        let (left, right) = (self.widened(scale), other.widened(scale));
        match (self.negative && self.mantissa != 0, other.negative && other.mantissa != 0) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => left.cmp(&right),
            (true, true) => right.cmp(&left),
        }
    }
}

/// `ToString()`: all places, trailing zeros included.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = usize::try_from(self.scale).unwrap_or(0);
        let digits = format!("{:0>width$}", self.mantissa, width = places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        let sign = if self.negative && self.mantissa != 0 { "-" } else { "" };
        if fraction.is_empty() { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{fraction}") }
    }
}

#[cfg(test)]
mod tests {
    use super::{Decimal, Rounding};

    fn of(text: &str) -> Decimal {
        Decimal::parse(text).flatten().unwrap()
    }

    #[test]
    fn arithmetic_is_that_of_dotnet() {
        let cases = [
            (of("1.10").plus(of("2.2")), "3.30"),
            (of("1.50").times(of("2.0")), "3.000"),
            (of("1").divided_by(of("3")), "0.3333333333333333333333333333"),
            (of("2").divided_by(of("3")), "0.6666666666666666666666666667"),
            (of("10").divided_by(of("4")), "2.5"),
            (of("1.00").divided_by(of("2")), "0.50"),
            (of("7.5").remainder(of("-2")), "1.5"),
            (of("-7.5").remainder(of("2")), "-1.5"),
            (of("0.1").minus(of("0.1")), "0.0"),
            (of("79228162514264337593543950335").divided_by(of("10")), "7922816251426433759354395033.5"),
            (Decimal::of_double(0.1 + 0.2), "0.3"),
            (Some(of("2.345").rounded(2, Rounding::ToEven)), "2.34"),
            (Some(of("2.345").rounded(2, Rounding::AwayFromZero)), "2.35"),
            (Some(of("1e3")), "1000"),
        ];
        for (found, wanted) in cases {
            assert_eq!(found.unwrap().to_string(), wanted);
        }
        assert!(Decimal::MAX.plus(of("1")).is_none());
        assert!(Decimal::MAX.times(of("2")).is_none());
        assert_eq!(of("1.0"), of("1.00"));
        assert!(of("-1") < of("0.5"));
    }
}
