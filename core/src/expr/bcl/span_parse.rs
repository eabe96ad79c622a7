//! `TimeSpan.Parse`, `ParseExact` and their relatives under the invariant culture. Arithmetic and formats are in `time_span`.

use super::time_span::{TICKS_PER_DAY, TICKS_PER_HOUR, TICKS_PER_MINUTE};
use super::{Call, Row, row};
use crate::expr::Interrupt;
use crate::expr::exception::{Outcome, argument, argument_null, format as format_exception, overflow};
use crate::value::time::TICKS_PER_SECOND;
use crate::value::{TimeSpan, Value};

const OWNER: &str = "TimeSpan";

pub(super) const ROWS: &[Row] = &[
    row(OWNER, "static TimeSpan Parse(string s)", parsed),
    row(OWNER, "static TimeSpan Parse(string input, IFormatProvider formatProvider)", parsed),
    row(OWNER, "static bool TryParse(string s, out TimeSpan result)", tried),
    row(OWNER, "static bool TryParse(string input, IFormatProvider formatProvider, out TimeSpan result)", tried),
    row(OWNER, "static TimeSpan ParseExact(string input, string format, IFormatProvider formatProvider)", |call| {
        let (text, format) = (call.text(0, "input")?, call.text(1, "format")?);
        exact(text, format).map(Value::TimeSpan).map_err(|refused| refused.exception(text, format))
    }),
    row(OWNER, "static TimeSpan ParseExact(string input, string[] formats, IFormatProvider formatProvider)", |call| {
        let text = call.text(0, "input")?;
        let formats = call.texts(1, "formats")?;
        any_exact(text, &formats).map(Value::TimeSpan).map_err(|refused| refused.exception(text, ""))
    }),
    row(
        OWNER,
        "static TimeSpan ParseExact(string input, string format, IFormatProvider formatProvider, TimeSpanStyles styles)",
        |call| {
            let sign = sign_of(call, 3)?;
            let (text, format) = (call.text(0, "input")?, call.text(1, "format")?);
            let span = exact(text, format).map_err(|refused| refused.exception(text, format))?;
            Ok(Value::TimeSpan(signed(span, format, sign)))
        },
    ),
    row(
        OWNER,
        "static bool TryParseExact(string input, string format, IFormatProvider formatProvider, TimeSpanStyles styles, out TimeSpan result)",
        |call| {
            let sign = sign_of(call, 3)?;
            let both = call.text_or_null(0)?.zip(call.text_or_null(1)?);
            let found = both.and_then(|(text, format)| Some(signed(exact(text, format).ok()?, format, sign)));
            give(call, found)
        },
    ),
    row(
        OWNER,
        "static bool TryParseExact(string input, string format, IFormatProvider formatProvider, out TimeSpan result)",
        |call| {
            let (text, format) = (call.text_or_null(0)?, call.text_or_null(1)?);
            let found = text.zip(format).and_then(|(text, format)| exact(text, format).ok());
            give(call, found)
        },
    ),
    row(
        OWNER,
        "static bool TryParseExact(string input, string[] formats, IFormatProvider formatProvider, out TimeSpan result)",
        |call| {
            let found = match call.text_or_null(0)? {
                Some(text) if !call.value(1).is_null() => any_exact(text, &call.texts(1, "formats")?).ok(),
                _ => None,
            };
            give(call, found)
        },
    ),
];

// -1 for `AssumeNegative`
fn sign_of(call: &Call<'_, '_>, at: usize) -> Outcome<i64> {
    match call.number(at)? {
        0 => Ok(1),
        1 => Ok(-1),
        _ => Err(argument("An undefined TimeSpanStyles value is being used.", "styles")),
    }
}

// The style says how to read what a format of one's own has no sign for; the standard ones have.
fn signed(span: TimeSpan, format: &str, sign: i64) -> TimeSpan {
    if format.chars().count() > 1 { TimeSpan(span.0 * sign) } else { span }
}

fn parsed(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let Some(text) = call.text_or_null(0)? else { return Err(argument_null("input")) };
    read(text).map(Value::TimeSpan).map_err(|refused| refused.exception(text, ""))
}

fn tried(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let found = call.text_or_null(0)?.and_then(|text| read(text).ok());
    give(call, found)
}

fn give(call: &mut Call<'_, '_>, found: Option<TimeSpan>) -> Outcome<Value> {
    call.give(Value::TimeSpan(found.unwrap_or(TimeSpan(0))));
    Ok(Value::Bool(found.is_some()))
}

/// Why a text is no span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Malformed,
    TooLarge,
    /// The text does not have the format, or the format is none.
    Unfit,
    Quote(char),
    NoFormats,
    /// No format has this one letter.
    Letter,
}

impl Refused {
    pub(super) fn exception(self, text: &str, format: &str) -> Interrupt {
        match self {
            Self::Letter => format_exception(format!("Format specifier '{format}' was invalid.")),
            Self::Malformed => format_exception(format!("String '{text}' was not recognized as a valid TimeSpan.")),
            Self::TooLarge => overflow(&format!(
                "The TimeSpan string '{text}' could not be parsed because at least one of the numeric components is out of \
                 range or contains too many digits."
            )),
            Self::Unfit => super::format::wrong(),
            Self::Quote(quote) => {
                format_exception(format!("Cannot find a matching quote character for the character '{quote}'."))
            }
            Self::NoFormats => format_exception("No format specifiers were provided."),
        }
    }
}

/// A number: its value, and how many zeros lead it.
#[derive(Clone, Copy, Debug, Default)]
struct Number {
    value: i64,
    zeros: usize,
}

/// A number this large or larger is refused before anything else is looked at.
const NUMBER_END: i64 = 1 << 28;

/// The digits of a fraction, and the most numbers of a span.
const FRACTION_DIGITS: usize = 7;
const NUMBERS_MAX: usize = 5;

/// What a number stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Day,
    Hour,
    Minute,
    Second,
    Fraction,
}

use Part::{Day, Fraction, Hour, Minute, Second};

/// Orders of numbers, and what must separate them. Those of the constant form come before those of the culture, whose days end
/// with a colon.
const ORDERS: &[(&[Part], &[&str])] = &[
    (&[Day], &[]),
    (&[Hour, Minute], &[":"]),
    (&[Hour, Minute, Second], &[":", ":"]),
    (&[Day, Hour, Minute], &[".", ":"]),
    (&[Hour, Minute, Fraction], &[":", ":."]),
    (&[Day, Hour, Minute], &[":", ":"]),
    (&[Hour, Minute, Second, Fraction], &[":", ":", "."]),
    (&[Day, Hour, Minute, Second], &[".", ":", ":"]),
    (&[Day, Hour, Minute, Fraction], &[".", ":", ":."]),
    (&[Day, Hour, Minute, Second], &[":", ":", ":"]),
    (&[Day, Hour, Minute, Fraction], &[":", ":", ":."]),
    (&[Day, Hour, Minute, Second, Fraction], &[".", ":", ":", "."]),
    (&[Day, Hour, Minute, Second, Fraction], &[":", ":", ":", "."]),
];

/// Which of the orders may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Any,
    /// `g`
    Cultural,
    /// `G`
    WholeCultural,
}

/// The span that a text names.
pub(super) fn read(text: &str) -> Result<TimeSpan, Refused> {
    in_form(text, Form::Any)
}

fn in_form(text: &str, form: Form) -> Result<TimeSpan, Refused> {
    let (numbers, separators) = tokens(text.trim())?;
    let [first, inner @ .., last] = separators.as_slice() else { return Err(Refused::Malformed) };
    let is_negative = first == "-";
    if !(first.is_empty() || is_negative) || !last.is_empty() || form == Form::WholeCultural && numbers.len() < 5 {
        return Err(Refused::Malformed);
    }
    let mut refused = Refused::Malformed;
    for (parts, between) in ORDERS {
        let is_cultural = parts.first() != Some(&Day) || between.first() != Some(&".");
        if parts.len() != numbers.len() || *between != inner || form != Form::Any && !is_cultural {
            continue;
        }
        match span(parts, &numbers, is_negative) {
            Some(span) => return Ok(span),
            None => refused = Refused::TooLarge,
        }
    }
    Err(refused)
}

// Numbers, and what stands before, between and behind them.
fn tokens(text: &str) -> Result<(Vec<Number>, Vec<String>), Refused> {
    let (mut numbers, mut separators) = (Vec::new(), vec![String::new()]);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let Some(digit) = c.to_digit(10) else {
            if let Some(separator) = separators.last_mut() {
                separator.push(c);
            }
            continue;
        };
        let mut number = Number { value: i64::from(digit), zeros: usize::from(digit == 0) };
        while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
            chars.next();
            number.value = number.value * 10 + i64::from(digit);
            number.zeros += usize::from(number.value == 0);
            if number.value >= NUMBER_END {
                return Err(Refused::TooLarge);
            }
        }
        if numbers.len() == NUMBERS_MAX {
            return Err(Refused::Malformed);
        }
        numbers.push(number);
        separators.push(String::new());
    }
    Ok((numbers, separators))
}

fn span(parts: &[Part], numbers: &[Number], is_negative: bool) -> Option<TimeSpan> {
    let mut ticks: i128 = 0;
    for (part, number) in parts.iter().zip(numbers) {
        let (most, unit) = match part {
            Day => (10_675_199, TICKS_PER_DAY),
            Hour => (23, TICKS_PER_HOUR),
            Minute => (59, TICKS_PER_MINUTE),
            Second => (59, TICKS_PER_SECOND),
            Fraction => {
                ticks += i128::from(fraction_ticks(*number)?);
                continue;
            }
        };
        if number.value > most {
            return None;
        }
        ticks += i128::from(number.value) * i128::from(unit);
    }
    i64::try_from(if is_negative { -ticks } else { ticks }).ok().map(TimeSpan)
}

// More than seven digits are rounded only behind zeros.
fn fraction_ticks(number: Number) -> Option<i64> {
    if number.value == 0 {
        return Some(0);
    }
    let digits = number.value.to_string().len() + number.zeros;
    if number.zeros == 0 && digits > FRACTION_DIGITS {
        return None;
    }
    let power = u32::try_from(digits.abs_diff(FRACTION_DIGITS)).ok()?;
    if digits <= FRACTION_DIGITS {
        return Some(number.value * 10_i64.pow(power));
    }
    let divisor = 10_i64.checked_pow(power).unwrap_or(i64::MAX);
    Some(number.value / divisor + i64::from(number.value % divisor >= divisor / 2 + divisor % 2))
}

fn any_exact(text: &str, formats: &[std::sync::Arc<str>]) -> Result<TimeSpan, Refused> {
    if text.is_empty() {
        return Err(Refused::Malformed);
    }
    if formats.is_empty() {
        return Err(Refused::NoFormats);
    }
    if formats.iter().any(|format| format.is_empty()) {
        return Err(Refused::Letter);
    }
    formats.iter().find_map(|format| exact(text, format).ok()).ok_or(Refused::Malformed)
}

/// The span that a text names in this format.
fn exact(text: &str, format: &str) -> Result<TimeSpan, Refused> {
    match format {
        "" => Err(Refused::Letter),
        "c" | "t" | "T" => constant(text),
        "g" => in_form(text, Form::Cultural),
        "G" => in_form(text, Form::WholeCultural),
        single if single.chars().count() == 1 => Err(Refused::Letter),
        custom => Exact { text: text.chars().collect(), at: 0, seen: [None; 5] }.read(custom),
    }
}

// `[-][d.]hh:mm[:ss[.fffffff]]` or `[-]d`, where digits may be missing behind the point.
fn constant(text: &str) -> Result<TimeSpan, Refused> {
    let trimmed = text.trim();
    let (is_negative, mut rest) = trimmed.strip_prefix('-').map_or((false, trimmed), |rest| (true, rest));
    let mut ticks: i128 = 0;
    let is_clock = rest.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(':');
    if !is_clock {
        ticks += i128::from(number(&mut rest, 10_675_199)?) * i128::from(TICKS_PER_DAY);
    }
    if is_clock || eat(&mut rest, '.') {
        ticks += i128::from(clock(&mut rest)?);
    }
    if !rest.is_empty() {
        return Err(Refused::Malformed);
    }
    i64::try_from(if is_negative { -ticks } else { ticks }).map(TimeSpan).map_err(|_| Refused::TooLarge)
}

fn eat(rest: &mut &str, mark: char) -> bool {
    let behind = rest.strip_prefix(mark);
    *rest = behind.unwrap_or(rest);
    behind.is_some()
}

fn number(rest: &mut &str, most: i64) -> Result<i64, Refused> {
    let length = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (digits, behind) = rest.split_at_checked(length).ok_or(Refused::Malformed)?;
    *rest = behind;
    if digits.is_empty() {
        return Err(Refused::Malformed);
    }
    digits.parse().ok().filter(|value| *value <= most).ok_or(Refused::TooLarge)
}

fn clock(rest: &mut &str) -> Result<i64, Refused> {
    let mut ticks = number(rest, 23)? * TICKS_PER_HOUR;
    if !eat(rest, ':') {
        return Err(Refused::Malformed);
    }
    ticks += number(rest, 59)? * TICKS_PER_MINUTE;
    if !eat(rest, ':') {
        return Ok(ticks);
    }
    if !rest.starts_with('.') {
        ticks += number(rest, 59)? * TICKS_PER_SECOND;
    }
    if eat(rest, '.') {
        let mut unit = TICKS_PER_SECOND;
        while let Some(digit) = rest.chars().next().and_then(|c| c.to_digit(10)).filter(|_| unit > 1) {
            unit /= 10;
            ticks += i64::from(digit) * unit;
            *rest = rest.get(1..).unwrap_or("");
        }
    }
    Ok(ticks)
}

/// Reads along a custom format.
struct Exact {
    text: Vec<char>,
    at: usize,
    /// Days, hours, minutes, seconds and fraction
    seen: [Option<Number>; 5],
}

impl Exact {
    fn read(mut self, format: &str) -> Result<TimeSpan, Refused> {
        let pattern: Vec<char> = format.chars().collect();
        let mut next = 0;
        while let Some(c) = pattern.get(next).copied() {
            let run = pattern.iter().skip(next).take_while(|other| **other == c).count();
            next += match c {
                'd' | 'h' | 'm' | 's' | 'f' | 'F' => {
                    self.field(c, run)?;
                    run
                }
                '\'' | '"' => self.quoted(pattern.get(next..).unwrap_or(&[]), c)?,
                '%' if pattern.get(next + 1).is_some_and(|c| *c != '%') => 1,
                '\\' => {
                    let escaped = pattern.get(next + 1).copied().ok_or(Refused::Unfit)?;
                    self.literal(escaped, Refused::Unfit)?;
                    2
                }
                _ => return Err(Refused::Unfit),
            };
        }
        if self.at < self.text.len() {
            return Err(Refused::Malformed);
        }
        let numbers = self.seen.map(Option::unwrap_or_default);
        span(&[Day, Hour, Minute, Second, Fraction], &numbers, false).ok_or(Refused::TooLarge)
    }

    fn field(&mut self, field: char, run: usize) -> Result<(), Refused> {
        let (place, most) = match field {
            'd' => (0, 8),
            'h' => (1, 2),
            'm' => (2, 2),
            's' => (3, 2),
            _ => (4, FRACTION_DIGITS),
        };
        let place = self.seen.get_mut(place).filter(|place| place.is_none());
        let place = place.filter(|_| run <= most).ok_or(Refused::Unfit)?;
        let digits_max = match (field, run) {
            ('d', 1) => most,
            ('h' | 'm' | 's', 1) => 2,
            _ => run,
        };
        let mut number = Number::default();
        let digits: Vec<u32> = self.text.iter().skip(self.at).take(digits_max).map_while(|c| c.to_digit(10)).collect();
        if digits.len() < run && field != 'F' {
            return Err(Refused::Unfit);
        }
        for digit in &digits {
            number.value = number.value * 10 + i64::from(*digit);
            number.zeros += usize::from(number.value == 0);
        }
        self.at += digits.len();
        // .NET cannot step back to the first character. Fixture `TimeSpan.ParseExact`.
        if digits.is_empty() && self.at == 0 && !self.text.is_empty() {
            self.at = 1;
        }
        *place = Some(number);
        Ok(())
    }

    fn literal(&mut self, wanted: char, refused: Refused) -> Result<(), Refused> {
        if self.text.get(self.at) != Some(&wanted) {
            return Err(refused);
        }
        self.at += 1;
        Ok(())
    }

    // How long the quotation is.
    fn quoted(&mut self, pattern: &[char], quote: char) -> Result<usize, Refused> {
        let mut inner = Vec::new();
        let mut at = 1;
        loop {
            match *pattern.get(at).ok_or(Refused::Quote(quote))? {
                c if c == quote => break,
                '\\' => {
                    inner.push(*pattern.get(at + 1).ok_or(Refused::Quote(quote))?);
                    at += 2;
                }
                c => {
                    inner.push(c);
                    at += 1;
                }
            }
        }
        inner.into_iter().try_for_each(|c| self.literal(c, Refused::Unfit))?;
        Ok(at + 1)
    }
}
