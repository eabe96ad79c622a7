//! `Parse` and `TryParse` of numbers with `NumberStyles`, under the invariant culture. The default styles are in `number_parse`.

use super::native::Native;
use super::number_decimal::of_plain;
use super::number_real::Real;
use super::number_text::tried;
use super::number_whole::Whole;
use super::{Call, Row, row};
use crate::expr::exception::{Outcome, argument, number_format, overflow};
use crate::value::{Decimal, Value};

const LEADING_WHITE: i32 = 1;
const TRAILING_WHITE: i32 = 2;
const LEADING_SIGN: i32 = 4;
const TRAILING_SIGN: i32 = 8;
const PARENTHESES: i32 = 16;
const POINT: i32 = 32;
const THOUSANDS: i32 = 64;
const EXPONENT: i32 = 128;
const CURRENCY: i32 = 256;
const HEX: i32 = 512;
const BINARY: i32 = 1024;
const ALL: i32 = 2047;

/// The invariant culture's sign of money.
const MONEY: char = '¤';

macro_rules! members {
    ($($name:literal $parse:expr, $try_parse:expr;)*) => {
        pub(super) const ROWS: &[Row] = &[$(
            row($name, concat!("static ", $name, " Parse(string s, NumberStyles style)"), $parse),
            row($name, concat!("static ", $name, " Parse(string s, NumberStyles style, IFormatProvider provider)"), $parse),
            row(
                $name,
                concat!(
                    "static bool TryParse(string s, NumberStyles style, IFormatProvider provider, out ", $name, " result)"
                ),
                $try_parse,
            ),
        )*];
    };
}

members! {
    "sbyte" parse_whole::<i8>, try_parse_whole::<i8>;
    "byte" parse_whole::<u8>, try_parse_whole::<u8>;
    "short" parse_whole::<i16>, try_parse_whole::<i16>;
    "ushort" parse_whole::<u16>, try_parse_whole::<u16>;
    "int" parse_whole::<i32>, try_parse_whole::<i32>;
    "uint" parse_whole::<u32>, try_parse_whole::<u32>;
    "long" parse_whole::<i64>, try_parse_whole::<i64>;
    "ulong" parse_whole::<u64>, try_parse_whole::<u64>;
    "float" parse_real::<f32>, try_parse_real::<f32>;
    "double" parse_real::<f64>, try_parse_real::<f64>;
    "decimal" parse_decimal, try_parse_decimal;
}

fn parse_whole<T: Whole>(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let (text, style) = (call.text(0, "s")?, whole_style(call.number(1)?)?);
    whole::<T>(text, style)
}

fn try_parse_whole<T: Whole>(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let style = whole_style(call.number(1)?)?;
    let zero = whole::<T>("0", style)?;
    tried(call, zero, |text| whole::<T>(text, style))
}

fn parse_real<T: Real>(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let (text, style) = (call.text(0, "s")?, real_style(call.number(1)?)?);
    real::<T>(text, style)
}

fn try_parse_real<T: Real>(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let style = real_style(call.number(1)?)?;
    let zero = real::<T>("0", style)?;
    tried(call, zero, |text| real::<T>(text, style))
}

fn parse_decimal(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let (text, style) = (call.text(0, "s")?, real_style(call.number(1)?)?);
    decimal(text, style)
}

fn try_parse_decimal(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let style = real_style(call.number(1)?)?;
    tried(call, Decimal::ZERO.value(), |text| decimal(text, style))
}

fn whole_style(style: i32) -> Outcome<i32> {
    let blanks = LEADING_WHITE | TRAILING_WHITE;
    if style & !ALL != 0 {
        return Err(argument("An undefined NumberStyles value is being used.", "style"));
    }
    if style & (HEX | BINARY) != 0 && style & !(HEX | blanks) != 0 && style & !(BINARY | blanks) != 0 {
        let message = "With the AllowHexSpecifier or AllowBinarySpecifier bit set in the enum bit field, the only other valid bits that \
                       can be combined into the enum value must be AllowLeadingWhite and AllowTrailingWhite.";
        return Err(argument(message, "style"));
    }
    Ok(style)
}

fn real_style(style: i32) -> Outcome<i32> {
    if style & !ALL != 0 {
        return Err(argument("An undefined NumberStyles value is being used.", "style"));
    }
    if style & (HEX | BINARY) != 0 {
        let message = "The number styles AllowHexSpecifier and AllowBinarySpecifier are not supported on floating point data types.";
        return Err(argument(message, "style"));
    }
    Ok(style)
}

fn whole<T: Whole>(text: &str, style: i32) -> Outcome<Value> {
    let too_large = || overflow(&format!("Value was either too large or too small for {}.", T::SHOWN));
    let malformed = || number_format(text);
    if style & (HEX | BINARY) != 0 {
        let radix = if style & HEX != 0 { 16 } else { 2 };
        let bits = bits_of(text, style, radix).ok_or_else(malformed)?;
        // The digits are those of the number's own bits.
        let width = (T::MOST.wrapping_sub(T::LEAST) + 1).ilog2();
        let bits = bits.filter(|bits| *bits < 1 << width).ok_or_else(too_large)?;
        let wide = if bits > T::MOST { bits - (1 << width) } else { bits };
        return T::of_wide(wide).map(T::value).ok_or_else(too_large);
    }
    let scanned = scan(text, style).ok_or_else(malformed)?;
    // Behind a point even zero keeps its sign, which these types do not have.
    if T::LEAST == 0 && scanned.is_negative && scanned.has_point {
        return Err(too_large());
    }
    scanned.whole().and_then(T::of_wide).map(T::value).ok_or_else(too_large)
}

// `None` inside is a number that no type holds.
fn bits_of(text: &str, style: i32, radix: u32) -> Option<Option<i128>> {
    let text = if style & LEADING_WHITE != 0 { text.trim_start_matches(is_blank) } else { text };
    let digits: &str = text.split(|c: char| !c.is_digit(radix)).next()?;
    let mut rest = text.get(digits.len()..)?;
    if style & TRAILING_WHITE != 0 {
        rest = rest.trim_start_matches(is_blank);
    }
    if digits.is_empty() || !rest.trim_matches('\0').is_empty() {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    Some(if digits.is_empty() { Some(0) } else { i128::from_str_radix(digits, radix).ok() })
}

fn real<T: Real>(text: &str, style: i32) -> Outcome<Value> {
    let found = match scan(text, style) {
        Some(scanned) => T::read(&scanned.plain()),
        None => T::read(text).filter(|_| is_named(text)),
    };
    found.map(T::value).ok_or_else(|| number_format(text))
}

// What has a name is read whatever the style.
fn is_named(text: &str) -> bool {
    let name = text.trim().trim_start_matches(['+', '-']);
    name.eq_ignore_ascii_case("infinity") || name.eq_ignore_ascii_case("nan") || name == "∞"
}

fn decimal(text: &str, style: i32) -> Outcome<Value> {
    let scanned = scan(text, style).ok_or_else(|| number_format(text))?;
    of_plain(&scanned.plain(), text)
}

/// The digits of a text, from the first that is not 0, and how many of them stand before the point.
#[derive(Debug, Default)]
struct Scanned {
    is_negative: bool,
    has_point: bool,
    digits: String,
    scale: i64,
}

impl Scanned {
    fn plain(&self) -> String {
        let sign = if self.is_negative { "-" } else { "" };
        let digits = if self.digits.is_empty() { "0" } else { &self.digits };
        let length = i64::try_from(self.digits.len()).unwrap_or(i64::MAX);
        format!("{sign}{digits}E{}", self.scale.saturating_sub(length))
    }

    // The whole number, if it is one that is not too long for any type.
    fn whole(&self) -> Option<i128> {
        let digits = self.digits.trim_end_matches('0');
        if digits.is_empty() {
            return Some(0);
        }
        let zeros = usize::try_from(self.scale).ok()?.checked_sub(digits.len())?;
        if zeros + digits.len() > 30 {
            return None;
        }
        let number: i128 = format!("{digits}{}", "0".repeat(zeros)).parse().ok()?;
        Some(if self.is_negative { -number } else { number })
    }
}

const fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t'..='\r')
}

/// What is read of a text, and how far.
struct Scanner<'t> {
    rest: std::str::Chars<'t>,
    style: i32,
    has_sign: bool,
    is_open: bool,
    has_money: bool,
    found: Scanned,
}

// As .NET goes through it, one character after the other.
fn scan(text: &str, style: i32) -> Option<Scanned> {
    let mut scanner = Scanner {
        rest: text.chars(),
        style,
        has_sign: false,
        is_open: false,
        has_money: false,
        found: Scanned::default(),
    };
    scanner.start();
    scanner.digits()?;
    scanner.exponent();
    scanner.end();
    let is_whole = !scanner.is_open && scanner.rest.as_str().trim_matches('\0').is_empty();
    Some(scanner.found).filter(|_| is_whole)
}

impl Scanner<'_> {
    fn allows(&self, what: i32) -> bool {
        self.style & what != 0
    }

    fn next(&self) -> Option<char> {
        self.rest.clone().next()
    }

    fn sign(&mut self, allowed: i32) -> bool {
        let Some(sign @ ('+' | '-')) = self.next() else { return false };
        if self.has_sign || !self.allows(allowed) {
            return false;
        }
        self.has_sign = true;
        self.found.is_negative = sign == '-';
        true
    }

    fn money(&mut self) -> bool {
        let is_it = self.allows(CURRENCY) && !self.has_money && self.next() == Some(MONEY);
        self.has_money |= is_it;
        is_it
    }

    fn start(&mut self) {
        while let Some(c) = self.next() {
            // Behind a sign there is no blank, unless the sign of money stands between.
            let is_passed = is_blank(c) && self.allows(LEADING_WHITE) && (!self.has_sign || self.has_money);
            if !is_passed && !self.sign(LEADING_SIGN) && !self.open(c) && !self.money() {
                break;
            }
            self.rest.next();
        }
    }

    fn open(&mut self, c: char) -> bool {
        let is_it = c == '(' && self.allows(PARENTHESES) && !self.has_sign;
        if is_it {
            (self.has_sign, self.is_open, self.found.is_negative) = (true, true, true);
        }
        is_it
    }

    fn digits(&mut self) -> Option<()> {
        let mut has_digits = false;
        while let Some(c) = self.next() {
            match c {
                '0' if self.found.digits.is_empty() => {
                    has_digits = true;
                    self.found.scale -= i64::from(self.found.has_point);
                }
                '0'..='9' => {
                    has_digits = true;
                    self.found.digits.push(c);
                    self.found.scale += i64::from(!self.found.has_point);
                }
                '.' if self.allows(POINT) && !self.found.has_point => self.found.has_point = true,
                ',' if self.allows(THOUSANDS) && has_digits && !self.found.has_point => {}
                _ => break,
            }
            self.rest.next();
        }
        has_digits.then_some(())
    }

    fn exponent(&mut self) {
        let mut ahead = self.rest.clone();
        if !self.allows(EXPONENT) || !matches!(ahead.next(), Some('e' | 'E')) {
            return;
        }
        let mut number = ahead.clone();
        let is_negative = number.next() == Some('-');
        if matches!(ahead.clone().next(), Some('+' | '-')) {
            ahead.next();
        }
        let text = ahead.as_str();
        let length = text.bytes().take_while(u8::is_ascii_digit).count();
        let Some(digits) = text.get(..length).filter(|digits| !digits.is_empty()) else { return };
        let exponent: i64 = digits.parse().unwrap_or(i64::from(i32::MAX)).min(i64::from(i32::MAX));
        self.found.scale += if is_negative { -exponent } else { exponent };
        self.rest = text.get(length..).unwrap_or("").chars();
    }

    fn end(&mut self) {
        while let Some(c) = self.next() {
            let closes = c == ')' && self.is_open;
            self.is_open &= !closes;
            let is_passed = closes || is_blank(c) && self.allows(TRAILING_WHITE);
            if !is_passed && !self.sign(TRAILING_SIGN) && !self.money() {
                break;
            }
            self.rest.next();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::scan;

    #[test]
    fn a_text_is_read_as_far_as_its_style_goes() {
        for (text, style, plain) in [
            ("1,000", 64, Some("1000E0")),
            ("(5)", 16, Some("-5E0")),
            (" 5 -", 511, Some("-5E0")),
            ("- 5", 511, None),
            ("-¤ 5", 511, Some("-5E0")),
            ("1e", 511, None),
            ("1.50e-3", 167, Some("150E-5")),
            ("0.005", 32, Some("5E-3")),
            ("5\0\0", 7, Some("5E0")),
        ] {
            assert_eq!(scan(text, style).map(|found| found.plain()).as_deref(), plain, "{text:?}");
        }
    }
}
