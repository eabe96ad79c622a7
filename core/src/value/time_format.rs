//! Standard and custom format strings of `DateTime` and `DateTimeOffset`, invariant culture. Parsing is in `expr::bcl`.

use std::fmt::Write as _;

use super::time::{DateTime, DateTimeKind};
use crate::time::Civil;

pub(crate) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(crate) const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// What is wrong with a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// A letter or a length that the format language does not have.
    Malformed,
    /// A quotation without an end.
    Unquoted(char),
}

/// The text of what a clock shows; `offset` is the clock's distance from UTC in minutes, if the value has one.
pub(crate) fn format(clock: DateTime, offset: Option<i64>, format: &str) -> Result<String, Wrong> {
    let (clock, offset) = match (format, offset) {
        // These two show a `DateTimeOffset` in UTC.
        ("r" | "R" | "u", Some(offset)) => (clock.plus_ticks(-offset * 600_000_000).unwrap_or(clock), Some(0)),
        _ => (clock, offset),
    };
    let pattern = match format {
        "" if offset.is_some() => "MM/dd/yyyy HH:mm:ss zzz",
        "" | "G" => "MM/dd/yyyy HH:mm:ss",
        "o" | "O" => "yyyy-MM-ddTHH:mm:ss.fffffffK",
        "s" => "yyyy-MM-ddTHH:mm:ss",
        "u" => "yyyy-MM-dd HH:mm:ssZ",
        "r" | "R" => "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
        "d" => "MM/dd/yyyy",
        "t" => "HH:mm",
        "T" => "HH:mm:ss",
        "D" => "dddd, dd MMMM yyyy",
        "f" => "dddd, dd MMMM yyyy HH:mm",
        "U" if offset.is_some() => return Err(Wrong::Malformed),
        "F" | "U" => "dddd, dd MMMM yyyy HH:mm:ss",
        "g" => "MM/dd/yyyy HH:mm",
        "M" | "m" => "MMMM dd",
        "Y" | "y" => "yyyy MMMM",
        single if single.chars().count() == 1 => return Err(Wrong::Malformed),
        custom => custom,
    };
    let fields = Fields { civil: clock.civil(), kind: clock.kind(), offset };
    let mut text = String::new();
    fields.write(pattern, &mut text)?;
    Ok(text)
}

struct Fields {
    civil: Civil,
    kind: DateTimeKind,
    offset: Option<i64>,
}

impl Fields {
    fn write(&self, pattern: &str, out: &mut String) -> Result<(), Wrong> {
        let mut rest = pattern;
        while let Some(first) = rest.chars().next() {
            let run = (rest.len() - rest.trim_start_matches(first).len()) / first.len_utf8();
            let taken = match first {
                '\'' | '"' => quoted(rest, first, out)?,
                '\\' => {
                    let escaped = rest.chars().nth(1).ok_or(Wrong::Malformed)?;
                    out.push(escaped);
                    1 + escaped.len_utf8()
                }
                '%' => {
                    if matches!(rest.chars().nth(1), None | Some('%')) {
                        return Err(Wrong::Malformed);
                    }
                    1
                }
                'y' | 'M' | 'd' | 'h' | 'H' | 'm' | 's' | 'f' | 'F' | 't' | 'g' | 'z' => {
                    self.write_field(first, run, out)?;
                    run
                }
                'K' => {
                    self.write_zone(out);
                    1
                }
                other => {
                    out.push(other);
                    other.len_utf8()
                }
            };
            rest = rest.get(taken..).unwrap_or("");
        }
        Ok(())
    }

    fn write_field(&self, field: char, run: usize, out: &mut String) -> Result<(), Wrong> {
        let c = &self.civil;
        let width = run.min(2);
        let month = MONTHS.get(usize::from(c.month).wrapping_sub(1)).copied().unwrap_or("");
        let day = DAYS.get(usize::from(c.weekday)).copied().unwrap_or("");
        let hour12 = if c.hour.is_multiple_of(12) { 12 } else { c.hour % 12 };
        let half = if c.hour < 12 { "AM" } else { "PM" };
        let text = match (field, run) {
            ('y', 1 | 2) => format!("{:0width$}", c.year % 100),
            ('y', _) => format!("{:0>run$}", c.year, run = run.min(1000)),
            ('M', 1 | 2) => format!("{:0width$}", c.month),
            ('M', 3) => month.get(..3).unwrap_or(month).to_owned(),
            ('M', _) => month.to_owned(),
            ('d', 1 | 2) => format!("{:0width$}", c.day),
            ('d', 3) => day.get(..3).unwrap_or(day).to_owned(),
            ('d', _) => day.to_owned(),
            ('h', _) => format!("{hour12:0width$}"),
            ('H', _) => format!("{:0width$}", c.hour),
            ('m', _) => format!("{:0width$}", c.minute),
            ('s', _) => format!("{:0width$}", c.second),
            ('t', 1) => half.get(..1).unwrap_or("").to_owned(),
            ('t', _) => half.to_owned(),
            ('g', _) => "A.D.".to_owned(),
            ('f', 1..=7) => self.fraction(run),
            ('F', 1..=7) => {
                let kept = self.fraction(run).trim_end_matches('0').to_owned();
                // `.F` writes no point when nothing follows it.
                if kept.is_empty() && out.ends_with('.') {
                    out.pop();
                }
                kept
            }
            ('z', run) => self.distance(run),
            _ => return Err(Wrong::Malformed),
        };
        out.push_str(&text);
        Ok(())
    }

    fn fraction(&self, digits: usize) -> String {
        let all = format!("{:07}", self.civil.nanosecond / 100);
        all.get(..digits).unwrap_or("").to_owned()
    }

    // A moment without an offset of its own is one of the gateway's zone, which is UTC.
    fn distance(&self, run: usize) -> String {
        let minutes = self.offset.unwrap_or(0);
        let sign = if minutes < 0 { '-' } else { '+' };
        let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
        match run {
            1 => format!("{sign}{hours}"),
            2 => format!("{sign}{hours:02}"),
            _ => format!("{sign}{hours:02}:{rest:02}"),
        }
    }

    fn write_zone(&self, out: &mut String) {
        match (self.offset, self.kind) {
            (None, DateTimeKind::Unspecified) => {}
            (None, DateTimeKind::Utc) => out.push('Z'),
            // Writing into a string cannot fail.
            (Some(_), _) | (None, DateTimeKind::Local) => drop(write!(out, "{}", self.distance(3))),
        }
    }
}

// How many bytes the quotation takes.
fn quoted(rest: &str, quote: char, out: &mut String) -> Result<usize, Wrong> {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            c if escaped => {
                out.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            c if c == quote => return Ok(at + c.len_utf8()),
            c => out.push(c),
        }
    }
    Err(if escaped { Wrong::Malformed } else { Wrong::Unquoted(quote) })
}
