//! `DateTime.Parse` and `DateTimeOffset.Parse` under the invariant culture: what the parts of a text come to together. The words
//! are read by `time_lex`, which orders make a date is known to `time_order`.

use super::time::ticks_of_date;
use super::time_lex::{Half, Lexer, Token};
use super::time_order::{Fact, Input, Next, State, next};
use super::time_span::{TICKS_PER_DAY, TICKS_PER_HOUR, TICKS_PER_MINUTE};
use crate::expr::Interrupt;
use crate::expr::exception::format as format_exception;
use crate::time::Civil;
use crate::value::time::{OFFSET_MINUTES_MAX, TICKS_PER_SECOND};
use crate::value::{DateTime, DateTimeKind, DateTimeOffset};

/// Two digits of a year up to this one are of this century; .NET 8's invariant calendar.
const TWO_DIGIT_YEAR_MAX: i32 = 49;

/// `DateTimeStyles`, by its numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Styles(pub(super) i32);

impl Styles {
    pub(super) const ALLOW_LEADING_WHITE: i32 = 1;
    pub(super) const ALLOW_TRAILING_WHITE: i32 = 2;
    pub(super) const ALLOW_INNER_WHITE: i32 = 4;
    pub(super) const NO_CURRENT_DATE: i32 = 8;
    pub(super) const ADJUST_TO_UNIVERSAL: i32 = 16;
    pub(super) const ASSUME_LOCAL: i32 = 32;
    pub(super) const ASSUME_UNIVERSAL: i32 = 64;
    pub(super) const ROUNDTRIP_KIND: i32 = 128;

    pub(super) const fn has(self, style: i32) -> bool {
        self.0 & style != 0
    }
}

/// What is known of a moment's zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Zone {
    /// The text says nothing.
    #[default]
    Unsaid,
    /// Minutes ahead of UTC.
    Ahead(i64),
    /// `Z` or `GMT`
    Utc,
}

/// What a text says.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) ticks: i64,
    pub(super) zone: Zone,
}

/// What stands in for a date that a text leaves out.
#[derive(Clone, Copy, Debug)]
pub(super) enum Today {
    /// That of the gateway's clock.
    OfGateway(DateTime),
    /// That of a clock in the zone that the text names.
    OfZone(DateTime),
}

impl Today {
    pub(super) fn civil(self, zone: Zone) -> Civil {
        match (self, zone) {
            (Self::OfZone(now), Zone::Ahead(minutes)) => {
                now.plus_ticks(minutes * TICKS_PER_MINUTE).unwrap_or(now).civil()
            }
            (Self::OfGateway(now) | Self::OfZone(now), _) => now.civil(),
        }
    }
}

/// Why a text is no date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Malformed,
    UnknownWord(usize),
    WrongWeekday,
    NoSuchTime,
    Offset,
    OutOfRange,
    UtcOutOfRange,
    NoYear,
}

impl Refused {
    pub(super) fn exception(self, text: &str) -> Interrupt {
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
            Self::OutOfRange => format!("The DateTime represented by the string '{text}' is out of range."),
            Self::NoYear => {
                format!("There must be at least a partial date with a year present in the input string '{text}'.")
            }
            Self::UtcOutOfRange => {
                format!("The UTC representation of the date '{text}' falls outside the year range 1-9999.")
            }
        })
    }
}

/// `DateTime.Parse`: a text with a zone becomes the gateway's local time, which is UTC.
pub(super) fn date_time(text: &str, styles: Styles, now: DateTime) -> Result<DateTime, Refused> {
    adjusted(&read(text, styles, Today::OfGateway(now))?, styles)
}

/// `DateTimeOffset.Parse`: a text without a zone is in the gateway's, which is UTC.
pub(super) fn date_time_offset(text: &str, styles: Styles, now: DateTime) -> Result<DateTimeOffset, Refused> {
    with_offset(&read(text, styles, Today::OfZone(now))?, styles)
}

/// The moment that was found, with the kind and in the zone that the styles ask for.
pub(super) fn adjusted(found: &Found, styles: Styles) -> Result<DateTime, Refused> {
    let of = |ticks: i64, kind| DateTime::of_ticks(ticks, kind).ok_or(Refused::OutOfRange);
    let offset = match found.zone {
        Zone::Ahead(minutes) => minutes,
        Zone::Utc | Zone::Unsaid => 0,
    };
    if offset.abs() > OFFSET_MINUTES_MAX {
        return Err(Refused::Offset);
    }
    let to_utc = styles.has(Styles::ADJUST_TO_UNIVERSAL);
    if found.zone == Zone::Unsaid {
        let is_assumed = styles.has(Styles::ASSUME_LOCAL) || styles.has(Styles::ASSUME_UNIVERSAL);
        let kind = match (is_assumed, to_utc) {
            (false, _) => DateTimeKind::Unspecified,
            (true, true) => DateTimeKind::Utc,
            (true, false) => DateTimeKind::Local,
        };
        return of(found.ticks, kind);
    }
    if styles.has(Styles::ROUNDTRIP_KIND) && found.zone == Zone::Utc {
        return of(found.ticks, DateTimeKind::Utc);
    }
    let mut ticks = found.ticks - offset * TICKS_PER_MINUTE;
    // A time of the first day turns around midnight.
    if ticks < 0 && (to_utc || found.ticks < TICKS_PER_DAY) {
        ticks += TICKS_PER_DAY;
    }
    of(ticks, if to_utc { DateTimeKind::Utc } else { DateTimeKind::Local })
}

/// The moment that was found, with its offset.
pub(super) fn with_offset(found: &Found, styles: Styles) -> Result<DateTimeOffset, Refused> {
    let offset = match found.zone {
        Zone::Ahead(minutes) => minutes,
        Zone::Utc | Zone::Unsaid => 0,
    };
    let utc = found.ticks - offset * TICKS_PER_MINUTE;
    if DateTime::of_ticks(utc, DateTimeKind::Utc).is_none() {
        return Err(Refused::UtcOutOfRange);
    }
    if offset.abs() > OFFSET_MINUTES_MAX {
        return Err(Refused::Offset);
    }
    let shown = if styles.has(Styles::ADJUST_TO_UNIVERSAL) { 0 } else { offset };
    DateTimeOffset::of_utc(utc, shown).ok_or(Refused::UtcOutOfRange)
}

/// The parts of a date that were found, and what is to be made of the numbers.
#[derive(Debug, Default)]
struct Reading {
    numbers: Vec<i32>,
    year: Option<i32>,
    month: Option<i32>,
    date: Option<(i32, i32, i32)>,
    /// Whether another date would be one too many.
    has_date: bool,
    /// Whether one of the numbers was the year.
    has_year: bool,
    /// Year, month and day by their signs, as in `2024年`.
    signed: [Option<i32>; 3],
    clock: [Option<i32>; 3],
    has_time: bool,
    half: Option<Half>,
    weekday: Option<u8>,
    zone: Zone,
    fraction: f64,
}

/// The moment that a text names; what it leaves out is taken from `now`.
pub(super) fn read(text: &str, styles: Styles, now: Today) -> Result<Found, Refused> {
    let mut lexer = Lexer::new(text);
    let mut reading = Reading::default();
    let mut state = State::Begin;
    let mut is_complete = false;
    loop {
        let Some(input) = reading.input(&mut lexer, state, now)? else { continue };
        if input == Input::Clock {
            // `2024-01-31T10:00` is read to its end in one go.
            let is_date = matches!(state, State::YearNumber | State::YearNumberMark) && reading.numbers.len() == 2;
            return if is_date { reading.iso(&mut lexer) } else { Err(Refused::Malformed) };
        }
        match next(state, input) {
            Next::Nothing => return Err(Refused::Malformed),
            Next::State(reached) => state = reached,
            Next::Fact(fact) => {
                reading.take(fact, now)?;
                is_complete = true;
                state = State::Begin;
            }
        }
        if matches!(input, Input::End | Input::NumberEnd | Input::MonthEnd) {
            break;
        }
    }
    if !is_complete {
        return Err(Refused::Malformed);
    }
    reading.whole(styles, now)
}

impl Reading {
    // The next part; `None` when it means nothing to the order of parts.
    fn input(&mut self, lexer: &mut Lexer<'_>, state: State, now: Today) -> Result<Option<Input>, Refused> {
        match lexer.token() {
            Token::Number(..) if self.numbers.len() == 3 => Err(Refused::Malformed),
            Token::Number(number, digits) => {
                if state == State::HourMinuteMark && matches!(lexer.peek(), Some('.' | ',')) && lexer.has_more() {
                    self.fraction = lexer.fraction().unwrap_or(0.0);
                }
                let in_time = matches!(state, State::HourMark | State::HourMinuteMark);
                if in_time && lexer.has_more() {
                    self.trailing_zone(lexer)?;
                }
                if digits > 2 { self.year_number(lexer, state, number) } else { self.number(lexer, state, number, now) }
            }
            Token::Weekday(day) if self.weekday.is_none() => {
                self.weekday = Some(day);
                Ok(Some(Input::Weekday))
            }
            Token::Month(month) if self.month.is_none() => {
                let before = lexer.place();
                let input = match lexer.separator() {
                    Token::End => Input::MonthEnd,
                    Token::Blank => Input::MonthBlank,
                    Token::Slash => Input::MonthMark,
                    Token::Dash => lexer.dash(before, state, Input::MonthMark, Input::MonthBlank),
                    _ => return Err(Refused::Malformed),
                };
                self.month = Some(month);
                Ok(Some(input))
            }
            Token::Zone => {
                if self.zone != Zone::Unsaid {
                    return Err(Refused::Malformed);
                }
                self.zone = Zone::Utc;
                Ok(Some(Input::Zone))
            }
            Token::Half(half) => {
                if self.half.replace(half).is_some() {
                    Err(Refused::Malformed)
                } else {
                    Ok(None)
                }
            }
            Token::Era => Ok(Some(Input::Era)),
            Token::End => Ok(Some(Input::End)),
            Token::Ignored => Ok(None),
            Token::Unknown => self.unknown(lexer).map(|()| None),
            Token::Weekday(_)
            | Token::Month(_)
            | Token::Blank
            | Token::Slash
            | Token::Dash
            | Token::Colon
            | Token::Clock
            | Token::Sign(_) => Err(Refused::Malformed),
        }
    }

    fn unknown(&mut self, lexer: &mut Lexer<'_>) -> Result<(), Refused> {
        let Some(c) = lexer.peek() else { return Err(Refused::Malformed) };
        if c.is_alphabetic() {
            return Err(Refused::UnknownWord(lexer.unit_index()));
        }
        if matches!(c, '+' | '-') && self.zone == Zone::Unsaid {
            let before = lexer.place();
            if let Some(minutes) = lexer.offset() {
                self.zone = Zone::Ahead(minutes);
                return Ok(());
            }
            lexer.back(before);
        }
        if lexer.skip_hash_or_nulls() { Ok(()) } else { Err(Refused::Malformed) }
    }

    // An offset directly behind a time, blanks before it or not.
    fn trailing_zone(&mut self, lexer: &mut Lexer<'_>) -> Result<(), Refused> {
        if !lexer.skip_to_sign() {
            return Ok(());
        }
        if self.zone != Zone::Unsaid {
            return Err(Refused::Malformed);
        }
        self.zone = Zone::Ahead(lexer.offset().ok_or(Refused::Malformed)?);
        Ok(())
    }

    // Three digits or more are a year.
    fn year_number(&mut self, lexer: &mut Lexer<'_>, state: State, year: i32) -> Result<Option<Input>, Refused> {
        if self.year.is_some() || year < 0 {
            return Err(Refused::Malformed);
        }
        self.year = Some(year);
        let before = lexer.place();
        Ok(Some(match lexer.separator() {
            Token::End => Input::YearEnd,
            Token::Half(half) => {
                if self.half.replace(half).is_some() {
                    return Err(Refused::Malformed);
                }
                Input::YearBlank
            }
            Token::Blank => Input::YearBlank,
            Token::Slash => Input::YearMark,
            Token::Dash => lexer.dash(before, state, Input::YearMark, Input::YearBlank),
            Token::Sign(sign) => self.signed(sign, year)?,
            _ => return Err(Refused::Malformed),
        }))
    }

    fn number(
        &mut self,
        lexer: &mut Lexer<'_>,
        state: State,
        number: i32,
        now: Today,
    ) -> Result<Option<Input>, Refused> {
        let before = lexer.place();
        let input = match lexer.separator() {
            Token::End => Input::NumberEnd,
            Token::Half(half) => {
                if self.half.replace(half).is_some() {
                    return Err(Refused::Malformed);
                }
                // `1/10 5 AM`
                if state == State::TwoNumbers {
                    self.take(Fact::TwoNumbers, now)?;
                }
                self.numbers.push(number);
                if matches!(state, State::HourMark | State::HourMinuteMark) && lexer.has_more() {
                    self.trailing_zone(lexer)?;
                }
                return Ok(Some(Input::NumberHalf));
            }
            Token::Blank => Input::NumberBlank,
            Token::Slash => Input::NumberMark,
            Token::Dash => lexer.dash(before, state, Input::NumberMark, Input::NumberBlank),
            Token::Colon => Input::NumberColon,
            Token::Clock => Input::Clock,
            Token::Sign(0) => return self.signed(0, full_year(number)).map(Some),
            Token::Sign(sign) => return self.signed(sign, number).map(Some),
            _ => return Err(Refused::Malformed),
        };
        self.numbers.push(number);
        Ok(Some(input))
    }

    // A number with its sign: year, month, day, hour, minute, second.
    fn signed(&mut self, sign: usize, number: i32) -> Result<Input, Refused> {
        let (place, input) = match sign.checked_sub(3) {
            None => (self.signed.get_mut(sign), Input::NumberDateSign),
            Some(sign) => (self.clock.get_mut(sign), Input::NumberTimeSign),
        };
        match place {
            Some(place @ None) => *place = Some(number),
            Some(Some(_)) | None => return Err(Refused::Malformed),
        }
        match sign {
            0 => self.year = Some(number),
            1 => self.month = Some(number),
            _ => {}
        }
        Ok(input)
    }

    fn take(&mut self, fact: Fact, now: Today) -> Result<(), Refused> {
        let (n1, n2, n3) = (self.at(0), self.at(1), self.at(2));
        let (year, month) = (self.year.unwrap_or(0), self.month.unwrap_or(0));
        match fact {
            Fact::Hour => self.time([n1, 0, 0], self.half.is_some())?,
            Fact::HourMinute => self.time([n1, n2, 0], true)?,
            Fact::HourMinuteSecond => self.time([n1, n2, n3], true)?,
            Fact::SignedTime | Fact::SignedDate => {}
            Fact::SignedDateNumber => {
                let is_open = self.numbers.len() == 1 && self.signed.get(2) == Some(&None);
                self.sign_day(is_open, n1)?;
            }
            Fact::NumberSignedDate => {
                let is_open = self.signed.first() == Some(&None) && self.signed.get(1).is_some_and(Option::is_some);
                self.sign_year(is_open, n1)?;
            }
            Fact::NumbersSignedDate => match self.signed {
                [Some(year), None, None] => self.set_date(full_year(year), n1, n2)?,
                [None, Some(month), None] => self.set_date(full_year(n2), month, n1)?,
                _ => return Err(Refused::Malformed),
            },
            Fact::TwoNumbers => self.first_date(now.civil(self.zone).year, n1, n2)?,
            Fact::ThreeNumbers => self.first_date(full_year(n3), n1, n2)?,
            Fact::MonthNumber => self.loose_date(now.civil(self.zone).year, month, n1)?,
            // `31 January` is a year under the invariant culture, whose patterns are `MMMM dd` and `yyyy MMMM`.
            Fact::NumberMonth => self.loose_date(full_year(n1), month, 1)?,
            Fact::MonthTwoNumbers => {
                let day_first = ticks_of_date(full_year(n2), month, n1).is_some();
                let (year, day) = if day_first { (n2, n1) } else { (n1, n2) };
                self.first_date(full_year(year), month, day)?;
            }
            Fact::YearTwoNumbers | Fact::TwoNumbersYear => self.first_date(year, n1, n2)?,
            Fact::YearMonthNumber => self.first_date(year, month, n1)?,
            Fact::YearNumber => self.first_date(year, n1, 1)?,
            Fact::YearMonth => self.first_date(year, month, 1)?,
        }
        self.numbers.clear();
        self.has_year |= matches!(fact, Fact::ThreeNumbers | Fact::NumberMonth | Fact::MonthTwoNumbers);
        Ok(())
    }

    fn at(&self, index: usize) -> i32 {
        self.numbers.get(index).copied().unwrap_or(0)
    }

    fn time(&mut self, parts: [i32; 3], is_time: bool) -> Result<(), Refused> {
        if self.has_time || !is_time {
            return Err(Refused::Malformed);
        }
        self.has_time = true;
        self.clock = parts.map(Some);
        Ok(())
    }

    fn sign_day(&mut self, is_open: bool, day: i32) -> Result<(), Refused> {
        match self.signed.get_mut(2).filter(|_| is_open) {
            Some(place) => *place = Some(day),
            None => return Err(Refused::Malformed),
        }
        Ok(())
    }

    fn sign_year(&mut self, is_open: bool, year: i32) -> Result<(), Refused> {
        match &mut self.signed {
            [place, _, day] if is_open => (*place, *day) = (Some(full_year(year)), Some(1)),
            _ => return Err(Refused::Malformed),
        }
        Ok(())
    }

    // A second date is refused, and a day that is not there.
    fn first_date(&mut self, year: i32, month: i32, day: i32) -> Result<(), Refused> {
        self.loose_date(year, month, day)?;
        self.has_date = true;
        Ok(())
    }

    // A day and a month's name may be followed by another date.
    fn loose_date(&mut self, year: i32, month: i32, day: i32) -> Result<(), Refused> {
        if self.has_date { Err(Refused::Malformed) } else { self.set_date(year, month, day) }
    }

    fn set_date(&mut self, year: i32, month: i32, day: i32) -> Result<(), Refused> {
        ticks_of_date(year, month, day).ok_or(Refused::Malformed)?;
        self.date = Some((year, month, day));
        Ok(())
    }

    fn whole(&self, styles: Styles, now: Today) -> Result<Found, Refused> {
        let [hour, minute, second] = self.clock.map(|part| part.unwrap_or(0));
        let hour = self.half.map_or(Some(hour), |half| half.hour(hour)).ok_or(Refused::Malformed)?;
        let date = self.date.or_else(|| match self.signed {
            [None, None, None] => None,
            [year, month, day] => {
                Some((year.unwrap_or_else(|| now.civil(self.zone).year), month.unwrap_or(1), day.unwrap_or(1)))
            }
        });
        let today = now.civil(self.zone);
        let default = match styles.has(Styles::NO_CURRENT_DATE) {
            true => (1, 1, 1),
            false => (today.year, i32::from(today.month), i32::from(today.day)),
        };
        let has_year = self.year.is_some() || self.has_year || date.is_none();
        if matches!(now, Today::OfZone(_)) && self.zone != Zone::Unsaid && !has_year {
            return Err(Refused::NoYear);
        }
        let (year, month, day) = date.unwrap_or(default);
        let ticks = ticks_of(year, month, day, [hour, minute, second]).ok_or(Refused::NoSuchTime)?;
        let ticks = plus_fraction(ticks, self.fraction)?;
        let moment = DateTime::of_ticks(ticks, DateTimeKind::Unspecified).ok_or(Refused::Malformed)?;
        if self.weekday.is_some_and(|weekday| weekday != moment.civil().weekday) {
            return Err(Refused::WrongWeekday);
        }
        Ok(Found { ticks, zone: self.zone })
    }

    // Behind the `T` of ISO 8601.
    fn iso(&mut self, lexer: &mut Lexer<'_>) -> Result<Found, Refused> {
        let mut fraction = 0.0;
        let hour = lexer.two_digits().ok_or(Refused::Malformed)?;
        if !lexer.eat_spaced(':') {
            return Err(Refused::Malformed);
        }
        let minute = lexer.two_digits().ok_or(Refused::Malformed)?;
        let mut second = 0;
        if lexer.eat_spaced(':') {
            second = lexer.two_digits().ok_or(Refused::Malformed)?;
            if matches!(lexer.peek(), Some('.' | ',')) {
                fraction = lexer.fraction().ok_or(Refused::Malformed)?;
            }
        }
        lexer.skip_blanks();
        match lexer.peek() {
            Some('+' | '-') => self.zone = Zone::Ahead(lexer.offset().ok_or(Refused::Malformed)?),
            Some('Z' | 'z') => {
                lexer.skip();
                self.zone = Zone::Utc;
            }
            Some(_) | None => {}
        }
        lexer.skip_blanks();
        while matches!(lexer.peek(), Some('#' | '\0')) {
            if !lexer.skip_hash_or_nulls() {
                return Err(Refused::Malformed);
            }
            lexer.skip_blanks();
        }
        if lexer.peek().is_some() {
            return Err(Refused::Malformed);
        }
        let (year, month, day) = (self.year.unwrap_or(0), self.at(0), self.at(1));
        let ticks = ticks_of(year, month, day, [hour, minute, second]).ok_or(Refused::NoSuchTime)?;
        Ok(Found { ticks: plus_fraction(ticks, fraction)?, zone: self.zone })
    }
}

/// Ticks of a moment on a clock; nothing when there is none.
pub(super) fn ticks_of(year: i32, month: i32, day: i32, [hour, minute, second]: [i32; 3]) -> Option<i64> {
    let is_time = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..60).contains(&second);
    let clock = i64::from(hour) * TICKS_PER_HOUR + i64::from(minute) * TICKS_PER_MINUTE;
    ticks_of_date(year, month, day).filter(|_| is_time).map(|date| date + clock + i64::from(second) * TICKS_PER_SECOND)
}

/// With a part of a second; one that leaves the calendar is refused.
#[expect(clippy::cast_possible_truncation, reason = "a fraction of a second has at most ten million ticks")]
pub(super) fn plus_fraction(ticks: i64, fraction: f64) -> Result<i64, Refused> {
    let sum = ticks + (fraction * 10_000_000.0).round_ties_even() as i64;
    DateTime::of_ticks(sum, DateTimeKind::Unspecified).map(DateTime::ticks).ok_or(Refused::Malformed)
}

/// Two digits of a year are of this century or the last.
pub(super) const fn full_year(year: i32) -> i32 {
    match year {
        0..=TWO_DIGIT_YEAR_MAX => 2000 + year,
        50..=99 => 1900 + year,
        _ => year,
    }
}
