//! `DateTime.Parse` and `DateTimeOffset.Parse` under the invariant culture: the usual orders of date, time and zone.

use super::time::ticks_of_date;
use super::time_span::{TICKS_PER_DAY, TICKS_PER_HOUR, TICKS_PER_MINUTE};
use crate::expr::Interrupt;
use crate::expr::exception::{Outcome, format as format_exception};
use crate::value::time::{OFFSET_MINUTES_MAX, TICKS_PER_SECOND};
use crate::value::{DateTime, DateTimeKind, DateTimeOffset};

/// Two digits of a year up to this one are of this century; .NET 8's invariant calendar.
const TWO_DIGIT_YEAR_MAX: i32 = 49;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const DAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/// `DateTime.Parse`: a text with a zone becomes the gateway's local time, which is UTC.
pub(super) fn date_time(text: &str, now: DateTime) -> Outcome<DateTime> {
    let found = read(text, now).map_err(|refused| refused.message(text))?;
    let kind = if found.offset.is_some() { DateTimeKind::Local } else { DateTimeKind::Unspecified };
    let ticks = found.ticks - found.offset.unwrap_or(0) * TICKS_PER_MINUTE;
    DateTime::of_ticks(ticks, kind)
        .ok_or_else(|| format_exception(format!("The DateTime represented by the string '{text}' is out of range.")))
}

/// `DateTimeOffset.Parse`: a text without a zone is in the gateway's, which is UTC.
pub(super) fn date_time_offset(text: &str, now: DateTime) -> Outcome<DateTimeOffset> {
    let found = read(text, now).map_err(|refused| refused.message(text))?;
    let moment = DateTimeOffset::of_clock(found.ticks, found.offset.unwrap_or(0));
    moment.ok_or_else(|| {
        let message = "The UTC time represented when the offset is applied must be between year 0 and 10,000.";
        format_exception(message)
    })
}

/// What a text says.
#[derive(Debug)]
pub(super) struct Found {
    ticks: i64,
    /// Minutes ahead of UTC, if the text says so.
    offset: Option<i64>,
}

/// Why a text is no date.
#[derive(Debug)]
pub(super) enum Refused {
    Malformed,
    UnknownWord(usize),
    WrongWeekday,
    NoSuchTime,
    Offset,
}

impl Refused {
    fn message(self, text: &str) -> Interrupt {
        format_exception(match self {
            Self::Malformed => format!("String '{text}' was not recognized as a valid DateTime."),
            Self::UnknownWord(at) => format!(
                "The string '{text}' was not recognized as a valid DateTime. There is an unknown word starting at index '{at}'."
            ),
            Self::WrongWeekday => {
                format!("String '{text}' was not recognized as a valid DateTime because the day of week was incorrect.")
            }
            Self::NoSuchTime => format!(
                "The DateTime represented by the string '{text}' is not supported in calendar \
                 'System.Globalization.GregorianCalendar'."
            ),
            Self::Offset => format!("The time zone offset of string '{text}' must be within plus or minus 14 hours."),
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'t> {
    Number(&'t str),
    Word(&'t str, usize),
    Mark(char),
    Blank,
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = text.get(at..).unwrap_or("");
        let run = |test: fn(char) -> bool| rest.len() - rest.trim_start_matches(test).len();
        let length = if c.is_ascii_digit() {
            let length = run(|c| c.is_ascii_digit());
            tokens.push(Token::Number(rest.get(..length).unwrap_or("")));
            length
        } else if c.is_alphabetic() {
            let length = run(char::is_alphabetic);
            tokens.push(Token::Word(rest.get(..length).unwrap_or(""), at));
            length
        } else if c.is_whitespace() {
            let length = run(char::is_whitespace);
            tokens.push(Token::Blank);
            length
        } else {
            tokens.push(Token::Mark(c));
            c.len_utf8()
        };
        at += length;
    }
    tokens
}

/// Reads along the tokens.
#[derive(Default)]
struct Reading<'t> {
    tokens: Vec<Token<'t>>,
    at: usize,
    numbers: Vec<&'t str>,
    /// The month by name, and how many numbers stood before it.
    month: Option<(i32, usize)>,
    weekday: Option<u8>,
    time: Option<i64>,
    /// How many date parts had been read when the time came.
    parts_before_time: usize,
    offset: Option<i64>,
    /// Whether nothing but blanks came since the time.
    follows_time: bool,
}

/// The moment that a text names; what it leaves out is taken from `now`.
pub(super) fn read(text: &str, now: DateTime) -> Result<Found, Refused> {
    let mut reading = Reading { tokens: tokens(text.trim_end_matches('\0')), ..Reading::default() };
    while reading.peek(0).is_some() {
        reading.part()?;
    }
    let is_empty = reading.numbers.is_empty() && reading.time.is_none();
    if is_empty || reading.time.is_none() && reading.offset.is_some() {
        return Err(Refused::Malformed);
    }
    let date = reading.date(now)?;
    if let Some(weekday) = reading.weekday
        && DateTime::of_ticks(date, DateTimeKind::Unspecified).is_some_and(|date| date.civil().weekday != weekday)
    {
        return Err(Refused::WrongWeekday);
    }
    Ok(Found { ticks: date + reading.time.unwrap_or(0), offset: reading.offset })
}

impl<'t> Reading<'t> {
    fn peek(&self, ahead: usize) -> Option<Token<'t>> {
        self.tokens.get(self.at + ahead).copied()
    }

    fn number(&self, ahead: usize) -> Option<&'t str> {
        match self.peek(ahead) {
            Some(Token::Number(text)) => Some(text),
            _ => None,
        }
    }

    fn is_mark(&self, ahead: usize, mark: char) -> bool {
        self.peek(ahead) == Some(Token::Mark(mark))
    }

    fn part(&mut self) -> Result<(), Refused> {
        match self.peek(0) {
            Some(Token::Number(_)) if self.is_mark(1, ':') || self.half_day(1).is_some() => self.clock(),
            Some(Token::Number(text)) => {
                // A time between the parts of a date is none of .NET's orders.
                let split = self.time.is_some() && self.parts_before_time > 0;
                if split || self.numbers.len() == 3 || text.len() > 4 {
                    return Err(Refused::Malformed);
                }
                self.numbers.push(text);
                self.follows_time = false;
                self.at += 1;
                Ok(())
            }
            Some(Token::Word(word, place)) => self.word(word, place),
            Some(Token::Mark('+' | '-')) if self.follows_time && self.offset.is_none() => self.zone(),
            Some(Token::Mark('/' | '-' | '.')) => {
                let joins = self.at > 0 && self.number(1).is_some() || matches!(self.peek(1), Some(Token::Word(..)));
                self.at += 1;
                if joins { Ok(()) } else { Err(Refused::Malformed) }
            }
            Some(Token::Mark(',') | Token::Blank) | None => {
                self.at += 1;
                Ok(())
            }
            Some(Token::Mark(_)) => Err(Refused::Malformed),
        }
    }

    // `AM` or `PM` here or behind a blank: whether it is PM, and how many tokens it takes.
    fn half_day(&self, ahead: usize) -> Option<(bool, usize)> {
        let skip = usize::from(self.peek(ahead) == Some(Token::Blank));
        let Some(Token::Word(word, _)) = self.peek(ahead + skip) else { return None };
        let is_pm = match word.to_ascii_lowercase().as_str() {
            "am" | "a" => false,
            "pm" | "p" => true,
            _ => return None,
        };
        Some((is_pm, skip + 1))
    }

    fn clock(&mut self) -> Result<(), Refused> {
        if self.time.is_some() {
            return Err(Refused::Malformed);
        }
        let mut parts: [i64; 3] = [0; 3];
        let mut count = 0;
        for place in &mut parts {
            *place = self.number(0).and_then(|text| text.parse().ok()).ok_or(Refused::Malformed)?;
            self.at += 1;
            count += 1;
            if !self.is_mark(0, ':') {
                break;
            }
            if count < 3 {
                self.at += 1;
            }
        }
        let [mut hour, minute, second] = parts;
        let mut fraction = 0;
        if count == 3 && (self.is_mark(0, '.') || self.is_mark(0, ',')) {
            let digits = self.number(1).ok_or(Refused::Malformed)?;
            let kept = digits.get(..digits.len().min(9)).unwrap_or("");
            let nanos: i64 = format!("{kept:0<9}").parse().map_err(|_| Refused::Malformed)?;
            fraction = (nanos + 50) / 100;
            self.at += 2;
        }
        if let Some((is_pm, taken)) = self.half_day(0) {
            hour = match (is_pm, hour) {
                (true, hour) if hour < 12 => hour + 12,
                (false, 12) => 0,
                (true | false, hour) => hour,
            };
            self.at += taken;
        }
        if hour > 23 || minute > 59 || second > 59 {
            return Err(Refused::NoSuchTime);
        }
        self.time = Some(hour * TICKS_PER_HOUR + minute * TICKS_PER_MINUTE + second * TICKS_PER_SECOND + fraction);
        self.follows_time = true;
        self.parts_before_time = self.numbers.len() + usize::from(self.month.is_some());
        Ok(())
    }

    fn word(&mut self, word: &'t str, place: usize) -> Result<(), Refused> {
        let lower = word.to_ascii_lowercase();
        self.at += 1;
        // `T` between date and time
        if lower == "t" && !self.numbers.is_empty() {
            return if self.number(0).is_some() { Ok(()) } else { Err(Refused::Malformed) };
        }
        if matches!(lower.as_str(), "z" | "gmt" | "utc") && self.time.is_some() {
            if self.offset.is_some() {
                return Err(Refused::Malformed);
            }
            self.offset = Some(0);
            return Ok(());
        }
        let position = |names: &[&str]| names.iter().position(|name| *name == lower || name.get(..3) == Some(&lower));
        if let Some(month) = position(&MONTHS).filter(|_| self.month.is_none()) {
            self.month = Some((i32::try_from(month).unwrap_or(0) + 1, self.numbers.len()));
            return Ok(());
        }
        if let Some(day) = position(&DAYS).filter(|_| self.weekday.is_none()) {
            self.weekday = u8::try_from(day).ok();
            return Ok(());
        }
        Err(Refused::UnknownWord(place))
    }

    fn zone(&mut self) -> Result<(), Refused> {
        let sign = if self.is_mark(0, '-') { -1 } else { 1 };
        let first = self.number(1).ok_or(Refused::Malformed)?;
        let parse = |text: &str| text.parse::<i64>().map_err(|_| Refused::Malformed);
        let (hours, minutes, taken) = match (first.len(), self.is_mark(2, ':').then(|| self.number(3)).flatten()) {
            (1 | 2, Some(minutes)) => (parse(first)?, parse(minutes)?, 4),
            (1 | 2, None) => (parse(first)?, 0, 2),
            (3 | 4, _) => {
                let (hours, minutes) = first.split_at(first.len() - 2);
                (parse(hours)?, parse(minutes)?, 2)
            }
            _ => return Err(Refused::Malformed),
        };
        if minutes > 59 {
            return Err(Refused::Malformed);
        }
        let offset = sign * (hours * 60 + minutes);
        if offset.abs() > OFFSET_MINUTES_MAX {
            return Err(Refused::Offset);
        }
        self.offset = Some(offset);
        self.at += taken;
        Ok(())
    }

    fn date(&self, now: DateTime) -> Result<i64, Refused> {
        let today = now.civil();
        let value = |text: &str| text.parse::<i32>().map_err(|_| Refused::Malformed);
        let is_year = |text: &str| text.len() > 2;
        let (year, month, day) = match (self.month, self.numbers.as_slice()) {
            (None, []) => return Ok(now.ticks() - now.ticks() % TICKS_PER_DAY),
            (None, [year, month, day]) if is_year(year) => (value(year)?, value(month)?, value(day)?),
            (None, [month, day, year]) => (full_year(year)?, value(month)?, value(day)?),
            (None, [year, month]) if is_year(year) => (value(year)?, value(month)?, 1),
            (None, [month, year]) if is_year(year) => (value(year)?, value(month)?, 1),
            (None, [month, day]) => (today.year, value(month)?, value(day)?),
            (Some((month, _)), [year]) if is_year(year) => (value(year)?, month, 1),
            (Some((month, _)), [day]) => (today.year, month, value(day)?),
            (Some((month, _)), [year, day]) if is_year(year) => (value(year)?, month, value(day)?),
            (Some((month, _)), [day, year]) => (full_year(year)?, month, value(day)?),
            _ => return Err(Refused::Malformed),
        };
        ticks_of_date(year, month, day).ok_or(Refused::Malformed)
    }
}

fn full_year(text: &str) -> Result<i32, Refused> {
    let year: i32 = text.parse().map_err(|_| Refused::Malformed)?;
    Ok(match text.len() {
        1 | 2 if year <= TWO_DIGIT_YEAR_MAX => 2000 + year,
        1 | 2 => 1900 + year,
        _ => year,
    })
}
