//! `ParseExact` of dates: a text that must have one format. Without a format, `time_parse` reads.

use super::time_lex::Half;
use super::time_parse::{Found, Refused, Styles, Today, Zone, full_year, plus_fraction, ticks_of};
use crate::expr::Interrupt;
use crate::expr::exception::format as format_exception;
use crate::value::time_format::{DAYS, MONTHS};
use crate::value::{DateTime, DateTimeKind};

/// The most digits of a fraction.
const FRACTION_DIGITS_MAX: usize = 7;

/// Why a text does not have the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    Text(Refused),
    /// The format cannot be read.
    Format,
    /// No format has this one letter.
    Letter,
    NoFormats,
    Quote(char),
    /// A field that comes twice with different values.
    Repeated(char),
}

impl From<Refused> for Unfit {
    fn from(refused: Refused) -> Self {
        Self::Text(refused)
    }
}

const MALFORMED: Unfit = Unfit::Text(Refused::Malformed);

impl Unfit {
    pub(super) fn exception(self, text: &str, format: &str) -> Interrupt {
        match self {
            Self::Text(refused) => refused.exception(text),
            Self::Format => format_exception(format!("Format specifier '{format}' was invalid.")),
            Self::Letter => super::format::wrong(),
            Self::NoFormats => format_exception("No format specifiers were provided."),
            Self::Quote(quote) => {
                format_exception(format!("Cannot find a matching quote character for the character '{quote}'."))
            }
            Self::Repeated(field) => {
                format_exception(format!("DateTime pattern '{field}' appears more than once with different values."))
            }
        }
    }
}

type Fits<T> = Result<T, Unfit>;

/// The fields that were read.
#[derive(Debug, Default)]
struct Fields {
    year: Option<i32>,
    month: Option<i32>,
    day: Option<i32>,
    weekday: Option<i32>,
    hour: Option<i32>,
    minute: Option<i32>,
    second: Option<i32>,
    fraction: Option<f64>,
    half: Option<Half>,
    zone: Zone,
    has_two_digit_year: bool,
    has_half_hours: bool,
}

/// The moment that a text names in this format; what the format leaves out is taken from `now`.
pub(super) fn read(text: &str, format: &str, styles: Styles, now: Today) -> Fits<Found> {
    if text.is_empty() {
        return Err(MALFORMED);
    }
    if format.is_empty() {
        return Err(Unfit::Format);
    }
    let pattern = if format.chars().count() == 1 { predefined(format)? } else { format };
    let (mut text, mut pattern) = (text, pattern);
    if styles.has(Styles::ALLOW_TRAILING_WHITE) {
        (text, pattern) = (text.trim_end(), pattern.trim_end());
    }
    if styles.has(Styles::ALLOW_LEADING_WHITE) {
        (text, pattern) = (text.trim_start(), pattern.trim_start());
    }
    let mut reader = Reader {
        text: text.chars().collect(),
        at: 0,
        pattern: pattern.chars().collect(),
        next: 0,
        styles,
        fields: Fields::default(),
    };
    while reader.next < reader.pattern.len() {
        if styles.has(Styles::ALLOW_INNER_WHITE) {
            reader.skip_blanks();
        }
        reader.field()?;
    }
    if reader.at < reader.text.len() {
        return Err(MALFORMED);
    }
    reader.fields.whole(styles, now)
}

// The pattern that a single letter stands for.
fn predefined(format: &str) -> Fits<&'static str> {
    Ok(match format {
        "d" => "MM/dd/yyyy",
        "D" => "dddd, dd MMMM yyyy",
        "f" => "dddd, dd MMMM yyyy HH:mm",
        "F" => "dddd, dd MMMM yyyy HH:mm:ss",
        "g" => "MM/dd/yyyy HH:mm",
        "G" => "MM/dd/yyyy HH:mm:ss",
        "m" | "M" => "MMMM dd",
        "o" | "O" => "yyyy'-'MM'-'dd'T'HH':'mm':'ss.fffffffK",
        "r" | "R" => "ddd, dd MMM yyyy HH':'mm':'ss GMT",
        "s" => "yyyy'-'MM'-'dd'T'HH':'mm':'ss",
        "t" => "HH:mm",
        "T" => "HH:mm:ss",
        "u" => "yyyy'-'MM'-'dd HH':'mm':'ssZ",
        "y" | "Y" => "yyyy MMMM",
        // A `DateTimeOffset` cannot be converted on the way.
        "U" => return Err(Unfit::Format),
        _ => return Err(Unfit::Letter),
    })
}

struct Reader {
    text: Vec<char>,
    at: usize,
    pattern: Vec<char>,
    next: usize,
    styles: Styles,
    fields: Fields,
}

impl Reader {
    fn skip_blanks(&mut self) {
        while self.text.get(self.at).is_some_and(|c| c.is_whitespace()) {
            self.at += 1;
        }
    }

    fn eat(&mut self, wanted: char) -> bool {
        let is_there = self.text.get(self.at) == Some(&wanted);
        self.at += usize::from(is_there);
        is_there
    }

    fn must_eat(&mut self, wanted: char) -> Fits<()> {
        if self.eat(wanted) { Ok(()) } else { Err(MALFORMED) }
    }

    // A word in any case.
    fn eat_word(&mut self, word: &str) -> bool {
        let length = word.chars().count();
        let found = self.text.get(self.at..self.at + length);
        let is_there = found.is_some_and(|found| found.iter().collect::<String>().eq_ignore_ascii_case(word));
        self.at += if is_there { length } else { 0 };
        is_there
    }

    // From `least` to `most` digits.
    fn digits(&mut self, least: usize, most: usize) -> Fits<i32> {
        let digits = self.text.iter().skip(self.at).take(most).map_while(|c| c.to_digit(10));
        let (mut value, mut count) = (0_i32, 0);
        for digit in digits {
            value = value.saturating_mul(10).saturating_add(i32::try_from(digit).unwrap_or(0));
            count += 1;
        }
        if count < least {
            return Err(MALFORMED);
        }
        self.at += count;
        Ok(value)
    }

    // One letter stands for one digit or two.
    fn number(&mut self, run: usize) -> Fits<i32> {
        if run == 1 { self.digits(1, 2) } else { self.digits(run, run) }
    }

    fn field(&mut self) -> Fits<()> {
        let Some(c) = self.pattern.get(self.next).copied() else { return Ok(()) };
        let run = self.pattern.iter().skip(self.next).take_while(|other| **other == c).count();
        if "yMdghHmsfFtz".contains(c) {
            self.next += run;
            return self.run(c, run);
        }
        self.next += 1;
        match c {
            'Z' => self.zulu(),
            'K' => self.any_zone(),
            '\'' | '"' => self.quoted(c),
            '%' => match self.pattern.get(self.next) {
                None | Some('%') => Err(Unfit::Format),
                Some(_) => Ok(()),
            },
            '\\' => {
                let escaped = self.pattern.get(self.next).copied().ok_or(Unfit::Format)?;
                self.next += 1;
                self.must_eat(escaped)
            }
            '.' => self.point(),
            ' ' if self.styles.has(Styles::ALLOW_INNER_WHITE) => Ok(()),
            'G' if self.pattern.get(self.next..self.next + 2) == Some(&['M', 'T']) => {
                self.next += 2;
                self.fields.zone = Zone::Ahead(0);
                if self.eat_word("GMT") { Ok(()) } else { Err(MALFORMED) }
            }
            other => self.must_eat(other),
        }
    }

    fn run(&mut self, field: char, run: usize) -> Fits<()> {
        match (field, run) {
            ('y', _) => {
                self.fields.has_two_digit_year |= run <= 2;
                let year = self.number(run)?;
                set(&mut self.fields.year, year, field)
            }
            ('M', 1 | 2) => {
                let month = self.number(run)?;
                set(&mut self.fields.month, month, field)
            }
            ('M', _) => {
                let month = self.name(&MONTHS, run)? + 1;
                set(&mut self.fields.month, month, field)
            }
            ('d', 1 | 2) => {
                let day = self.number(run)?;
                set(&mut self.fields.day, day, field)
            }
            ('d', _) => {
                let weekday = self.name(&DAYS, run)?;
                set(&mut self.fields.weekday, weekday, field)
            }
            ('g', _) => {
                if self.eat_word("A.D.") || self.eat_word("AD") {
                    Ok(())
                } else {
                    Err(MALFORMED)
                }
            }
            ('h' | 'H', _) => {
                self.fields.has_half_hours |= field == 'h';
                let hour = self.number(run.min(2))?;
                set(&mut self.fields.hour, hour, field)
            }
            ('m', _) => {
                let minute = self.number(run.min(2))?;
                set(&mut self.fields.minute, minute, field)
            }
            ('s', _) => {
                let second = self.number(run.min(2))?;
                set(&mut self.fields.second, second, field)
            }
            ('f' | 'F', _) => self.fraction(field, run),
            ('t', _) => self.half(run),
            _ => {
                let minutes = self.offset(run)?;
                self.zone(Zone::Ahead(minutes), field)
            }
        }
    }

    // The position of the longest name that stands here; three letters of the pattern mean short ones.
    fn name(&mut self, names: &[&str], run: usize) -> Fits<i32> {
        for (index, name) in names.iter().enumerate() {
            let wanted = if run == 3 { name.get(..3).unwrap_or(name) } else { name };
            if self.eat_word(wanted) {
                return Ok(i32::try_from(index).unwrap_or(0));
            }
        }
        Err(MALFORMED)
    }

    fn fraction(&mut self, field: char, run: usize) -> Fits<()> {
        if run > FRACTION_DIGITS_MAX {
            return Err(MALFORMED);
        }
        let start = self.at;
        let value = self.digits(if field == 'f' { run } else { 0 }, run)?;
        let scale = (start..self.at).fold(1.0, |scale, _| scale * 10.0);
        let fraction = f64::from(value) / scale;
        match self.fields.fraction {
            Some(known) if known.to_bits() != fraction.to_bits() => Err(Unfit::Repeated(field)),
            _ => {
                self.fields.fraction = Some(fraction);
                Ok(())
            }
        }
    }

    fn half(&mut self, run: usize) -> Fits<()> {
        let half = if run == 1 {
            match self.text.get(self.at) {
                Some('A') => Half::Am,
                Some('P') => Half::Pm,
                Some(_) | None => return Err(MALFORMED),
            }
        } else if self.eat_word("AM") {
            Half::Am
        } else if self.eat_word("PM") {
            Half::Pm
        } else {
            return Err(MALFORMED);
        };
        self.at += usize::from(run == 1);
        match self.fields.half.replace(half) {
            Some(known) if known != half => Err(Unfit::Repeated('t')),
            _ => Ok(()),
        }
    }

    // Minutes of `+8`, `+08` or `+08:00`, which needs no colon.
    fn offset(&mut self, run: usize) -> Fits<i64> {
        let sign = match self.text.get(self.at) {
            Some('+') => 1,
            Some('-') => -1,
            Some(_) | None => return Err(MALFORMED),
        };
        self.at += 1;
        let hours = self.number(run.min(2))?;
        let minutes = if run > 2 {
            self.eat(':');
            self.digits(2, 2)?
        } else {
            0
        };
        if minutes >= 60 {
            return Err(MALFORMED);
        }
        Ok(sign * (i64::from(hours) * 60 + i64::from(minutes)))
    }

    fn zone(&mut self, zone: Zone, field: char) -> Fits<()> {
        let minutes = |zone: Zone| if let Zone::Ahead(minutes) = zone { minutes } else { 0 };
        let known = std::mem::replace(&mut self.fields.zone, zone);
        if known != Zone::Unsaid && minutes(known) != minutes(zone) { Err(Unfit::Repeated(field)) } else { Ok(()) }
    }

    // `GMT` or `Z`, with no letter behind it.
    fn zulu(&mut self) -> Fits<()> {
        self.zone(Zone::Utc, 'Z')?;
        let is_zone = self.eat_word("GMT") || self.eat_word("Z");
        let goes_on = self.text.get(self.at).is_some_and(|c| c.is_alphabetic());
        if is_zone && !goes_on { Ok(()) } else { Err(MALFORMED) }
    }

    fn any_zone(&mut self) -> Fits<()> {
        if self.eat('Z') {
            return self.zone(Zone::Utc, 'K');
        }
        if !matches!(self.text.get(self.at), Some('+' | '-')) {
            return Ok(());
        }
        let minutes = self.offset(3)?;
        self.zone(Zone::Ahead(minutes), 'K')
    }

    fn quoted(&mut self, quote: char) -> Fits<()> {
        let mut inner = Vec::new();
        loop {
            let c = self.pattern.get(self.next).copied().ok_or(Unfit::Quote(quote))?;
            self.next += 1;
            if c == quote {
                break;
            }
            inner.push(c);
            if c == '\\' {
                inner.pop();
                inner.push(self.pattern.get(self.next).copied().ok_or(Unfit::Quote(quote))?);
                self.next += 1;
            }
        }
        for c in inner {
            if c == ' ' && self.styles.has(Styles::ALLOW_INNER_WHITE) {
                self.skip_blanks();
            } else {
                self.must_eat(c)?;
            }
        }
        Ok(())
    }

    // A point may be missing together with the fraction behind it, if that has two letters or more.
    fn point(&mut self) -> Fits<()> {
        if self.eat('.') {
            return Ok(());
        }
        let run = self.pattern.iter().skip(self.next).take_while(|c| **c == 'F').count();
        self.next += run;
        if run > 1 { Ok(()) } else { Err(MALFORMED) }
    }
}

fn set(place: &mut Option<i32>, value: i32, field: char) -> Fits<()> {
    match place.replace(value) {
        Some(known) if known != value => Err(Unfit::Repeated(field)),
        _ => Ok(()),
    }
}

impl Fields {
    fn hour(&self) -> Fits<i32> {
        let hour = self.hour.unwrap_or(-1);
        if self.has_half_hours {
            return match self.half {
                _ if hour > 12 => Err(MALFORMED),
                Some(Half::Pm) => Ok(if hour == 12 { 12 } else { hour + 12 }),
                Some(Half::Am) | None => Ok(if hour == 12 { 0 } else { hour }),
            };
        }
        match self.half {
            Some(Half::Am) if hour >= 12 => Err(MALFORMED),
            Some(Half::Pm) if hour < 12 => Err(MALFORMED),
            _ => Ok(hour.max(0)),
        }
    }

    fn whole(&self, styles: Styles, now: Today) -> Fits<Found> {
        let year = match self.year {
            Some(year) if self.has_two_digit_year && year >= 100 => return Err(MALFORMED),
            Some(year) if self.has_two_digit_year => Some(full_year(year)),
            year => year,
        };
        let hour = self.hour()?;
        let today = now.civil(self.zone);
        let is_time_only = year.is_none() && self.month.is_none() && self.day.is_none();
        let date = match is_time_only {
            true if styles.has(Styles::NO_CURRENT_DATE) => (1, 1, 1),
            true => (today.year, i32::from(today.month), i32::from(today.day)),
            false => (year.unwrap_or(today.year), self.month.unwrap_or(1), self.day.unwrap_or(1)),
        };
        let clock = [hour, self.minute.unwrap_or(0), self.second.unwrap_or(0)];
        let ticks = ticks_of(date.0, date.1, date.2, clock).ok_or(Refused::NoSuchTime)?;
        let ticks = plus_fraction(ticks, self.fraction.unwrap_or(0.0))?;
        let moment = DateTime::of_ticks(ticks, DateTimeKind::Unspecified).ok_or(Refused::Malformed)?;
        if self.weekday.is_some_and(|weekday| weekday != i32::from(moment.civil().weekday)) {
            return Err(Refused::WrongWeekday.into());
        }
        Ok(Found { ticks, zone: self.zone })
    }
}
