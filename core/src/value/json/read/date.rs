//! Strings that look like dates: ISO 8601 with a `T`, and Microsoft's `/Date(…)/`. The zone of the gateway is UTC.

use crate::value::time::TICKS_PER_SECOND;
use crate::value::{DateTime, DateTimeKind};

const TICKS_PER_MINUTE: i64 = TICKS_PER_SECOND * 60;

struct Scan<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl Scan<'_> {
    fn digits(&mut self, count: usize) -> Option<u32> {
        let digits = self.bytes.get(self.at..self.at + count)?;
        let mut value = 0;
        for digit in digits {
            value = value * 10 + char::from(*digit).to_digit(10)?;
        }
        self.at += count;
        Some(value)
    }

    fn eat(&mut self, byte: u8) -> bool {
        let is_there = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.eat(byte).then_some(())
    }
}

/// `yyyy-MM-ddTHH:mm:ss[.f…][Z|±hh[[:]mm]]`
pub(in crate::value::json) fn iso_date(text: &str) -> Option<DateTime> {
    if !(19..=40).contains(&text.len()) || text.as_bytes().get(10) != Some(&b'T') {
        return None;
    }
    let mut scan = Scan { bytes: text.as_bytes(), at: 0 };
    let year = scan.digits(4)?;
    scan.expect(b'-')?;
    let month = scan.digits(2)?;
    scan.expect(b'-')?;
    let day = scan.digits(2)?;
    scan.expect(b'T')?;
    let hour = scan.digits(2).filter(|hour| *hour <= 24)?;
    scan.expect(b':')?;
    let minute = scan.digits(2).filter(|minute| *minute < 60)?;
    scan.expect(b':')?;
    let second = scan.digits(2).filter(|second| *second < 60)?;
    let fraction = fraction(&mut scan)?;
    if hour == 24 && (minute, second, fraction) != (0, 0, 0) {
        return None;
    }
    let midnight = day_start(year, month, day)?;
    let ticks = midnight + i64::from(hour * 3600 + minute * 60 + second) * TICKS_PER_SECOND + fraction;
    let (kind, offset) = zone(&mut scan)?;
    (scan.at == text.len()).then(|| DateTime::of_ticks(ticks - offset, kind)).flatten()
}

fn day_start(year: u32, month: u32, day: u32) -> Option<i64> {
    let days_in_month = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => return None,
    };
    if year == 0 || day == 0 || day > days_in_month {
        return None;
    }
    // Days before the year and before the month, from 0001-01-01.
    let before = i64::from(year) - 1;
    let years = before * 365 + before / 4 - before / 100 + before / 400;
    let months = (1..month).map(|month| days_before(year, month)).sum::<i64>();
    Some((years + months + i64::from(day) - 1) * 24 * 60 * TICKS_PER_MINUTE)
}

fn days_before(year: u32, month: u32) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

// Ticks; at most seven digits are read.
fn fraction(scan: &mut Scan<'_>) -> Option<i64> {
    if !scan.eat(b'.') {
        return Some(0);
    }
    let (mut ticks, mut count) = (0, 0);
    while count < 7
        && let Some(digit) = scan.digits(1)
    {
        ticks = ticks * 10 + i64::from(digit);
        count += 1;
    }
    (count > 0).then(|| ticks * 10_i64.pow(7 - count))
}

// The kind, and the ticks that the written time is ahead of UTC.
fn zone(scan: &mut Scan<'_>) -> Option<(DateTimeKind, i64)> {
    let sign = match scan.bytes.get(scan.at) {
        None => return Some((DateTimeKind::Unspecified, 0)),
        Some(b'Z' | b'z') => {
            scan.at += 1;
            return Some((DateTimeKind::Utc, 0));
        }
        Some(b'+') => 1,
        Some(b'-') => -1,
        Some(_) => return None,
    };
    scan.at += 1;
    let hours = scan.digits(2)?;
    let has_colon = scan.eat(b':');
    let minutes = match scan.digits(2) {
        Some(minutes) => minutes,
        None if has_colon => return None,
        None => 0,
    };
    Some((DateTimeKind::Local, sign * i64::from(hours * 60 + minutes) * TICKS_PER_MINUTE))
}

/// What stands between `/Date(` and `)/`: milliseconds since 1970 and perhaps an offset, which only says that the time is local.
pub(in crate::value::json) fn microsoft_date(inner: &str) -> Option<DateTime> {
    let offset = inner.get(1..).and_then(|rest| rest.find(['+', '-'])).map(|at| at + 1);
    let (number, kind) = match offset {
        Some(at) => (inner.get(..at)?, DateTimeKind::Local),
        None => (inner, DateTimeKind::Utc),
    };
    let milliseconds: i64 = number.parse().ok()?;
    let epoch = day_start(1970, 1, 1)?;
    DateTime::of_ticks(milliseconds.checked_mul(10_000)?.checked_add(epoch)?, kind)
}
