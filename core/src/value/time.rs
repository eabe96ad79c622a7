//! `System.DateTime` and `System.TimeSpan` in ticks of 100 ns, with their text forms. Holds no parsing and no time zones but UTC.

use std::fmt;
use std::fmt::Write as _;

use crate::time::{Civil, WallTime};

/// Ticks in a second.
pub const TICKS_PER_SECOND: i64 = 10_000_000;

/// Ticks from 0001-01-01 to 1970-01-01.
pub const UNIX_EPOCH_TICKS: i64 = 621_355_968_000_000_000;

/// The last tick of the year 9999.
const TICKS_MAX: i64 = 3_155_378_975_999_999_999;

/// Seconds from 1970-01-01 to 0001-01-01.
const YEAR_ONE_UNIX_SECONDS: i64 = -62_135_596_800;

/// What a `DateTime` knows of its zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateTimeKind {
    /// Nothing
    Unspecified,
    /// UTC
    Utc,
    /// The gateway's zone, which is UTC
    Local,
}

/// `System.DateTime`: ticks since 0001-01-01. Two are equal when their ticks are; the kind does not count, as in .NET.
#[derive(Clone, Copy, Debug)]
pub struct DateTime {
    ticks: i64,
    kind: DateTimeKind,
}

impl PartialEq for DateTime {
    fn eq(&self, other: &Self) -> bool {
        self.ticks == other.ticks
    }
}

impl Eq for DateTime {}

impl DateTime {
    /// `DateTime.MinValue`
    pub const MIN: Self = Self { ticks: 0, kind: DateTimeKind::Unspecified };
    /// `DateTime.MaxValue`
    pub const MAX: Self = Self { ticks: TICKS_MAX, kind: DateTimeKind::Unspecified };

    /// The moment of the wall clock, of this kind.
    #[must_use]
    pub const fn of_wall(wall: WallTime, kind: DateTimeKind) -> Self {
        Self { ticks: UNIX_EPOCH_TICKS + wall.unix_nanos().div_euclid(100), kind }
    }

    /// The moment so many ticks after 0001-01-01; `None` outside the years 1 to 9999.
    #[must_use]
    pub fn of_ticks(ticks: i64, kind: DateTimeKind) -> Option<Self> {
        (0..=TICKS_MAX).contains(&ticks).then_some(Self { ticks, kind })
    }

    /// Ticks since 0001-01-01.
    #[must_use]
    pub const fn ticks(self) -> i64 {
        self.ticks
    }

    /// What is known of the zone.
    #[must_use]
    pub const fn kind(self) -> DateTimeKind {
        self.kind
    }

    /// Whole seconds since 1970-01-01, rounded down.
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        (self.ticks - UNIX_EPOCH_TICKS).div_euclid(TICKS_PER_SECOND)
    }

    /// This moment plus `ticks`; `None` outside the years 1 to 9999.
    #[must_use]
    pub fn plus_ticks(self, ticks: i64) -> Option<Self> {
        Self::of_ticks(self.ticks.checked_add(ticks)?, self.kind)
    }

    /// Calendar fields.
    #[must_use]
    pub fn civil(self) -> Civil {
        // WallTime reaches only from 1678 to 2262, so years are moved by whole eras of 400 years, which have the same calendar.
        const ERA_SECONDS: i64 = 146_097 * 86_400;
        let seconds = self.ticks.div_euclid(TICKS_PER_SECOND) + YEAR_ONE_UNIX_SECONDS;
        let eras = (seconds + 6_000_000_000).div_euclid(ERA_SECONDS);
        let moved = WallTime::from_unix_seconds(seconds - eras * ERA_SECONDS);
        let mut civil = moved.civil();
        civil.year += i32::try_from(eras * 400).unwrap_or(0);
        civil.nanosecond = u32::try_from(self.ticks.rem_euclid(TICKS_PER_SECOND) * 100).unwrap_or(0);
        civil
    }

    /// The text of this moment in a standard or custom format under the invariant culture; `None` when the format is wrong.
    #[must_use]
    pub fn format(self, format: &str) -> Option<String> {
        super::time_format::format(self, None, format).ok()
    }
}

/// `ToString()` under the invariant culture, as in `01/31/2024 13:45:00`.
impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.format("G").unwrap_or_default())
    }
}

/// The widest offset of a `DateTimeOffset`, in minutes.
pub const OFFSET_MINUTES_MAX: i64 = 14 * 60;

/// Ticks in a minute.
const TICKS_PER_MINUTE: i64 = TICKS_PER_SECOND * 60;

/// `System.DateTimeOffset`: a moment, and how far the clock that showed it was from UTC. Two are equal when their moments are.
#[derive(Clone, Copy, Debug)]
pub struct DateTimeOffset {
    utc: i64,
    offset_minutes: i16,
}

impl PartialEq for DateTimeOffset {
    fn eq(&self, other: &Self) -> bool {
        self.utc == other.utc
    }
}

impl DateTimeOffset {
    /// From the time on the clock, in ticks; `None` when the moment is outside the years 1 to 9999 or the offset beyond 14 hours.
    #[must_use]
    pub fn of_clock(ticks: i64, offset_minutes: i64) -> Option<Self> {
        Self::of_utc(ticks.checked_sub(offset_minutes.checked_mul(TICKS_PER_MINUTE)?)?, offset_minutes)
    }

    /// From the moment in ticks of UTC.
    #[must_use]
    pub fn of_utc(utc: i64, offset_minutes: i64) -> Option<Self> {
        let fits = (-OFFSET_MINUTES_MAX..=OFFSET_MINUTES_MAX).contains(&offset_minutes);
        let clock = utc.checked_add(offset_minutes.checked_mul(TICKS_PER_MINUTE)?)?;
        let offset = i16::try_from(offset_minutes).ok()?;
        let is_moment = fits && (0..=TICKS_MAX).contains(&utc) && (0..=TICKS_MAX).contains(&clock);
        is_moment.then_some(Self { utc, offset_minutes: offset })
    }

    /// Ticks of UTC.
    #[must_use]
    pub const fn utc_ticks(self) -> i64 {
        self.utc
    }

    /// Minutes that the clock is ahead of UTC.
    #[must_use]
    pub fn offset_minutes(self) -> i64 {
        i64::from(self.offset_minutes)
    }

    /// What the clock shows.
    #[must_use]
    pub fn clock(self) -> DateTime {
        DateTime { ticks: self.utc + self.offset_minutes() * TICKS_PER_MINUTE, kind: DateTimeKind::Unspecified }
    }

    /// The moment as UTC.
    #[must_use]
    pub const fn utc(self) -> DateTime {
        DateTime { ticks: self.utc, kind: DateTimeKind::Utc }
    }
}

/// `ToString()`, as in `01/31/2024 13:45:00 +02:00`.
impl fmt::Display for DateTimeOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&super::time_format::format(self.clock(), Some(self.offset_minutes()), "").unwrap_or_default())
    }
}

/// `System.TimeSpan`, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeSpan(pub i64);

impl TimeSpan {
    /// The whole span in units of so many ticks.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = ".NET's Total… properties are doubles too")]
    pub fn total(self, ticks_per_unit: i64) -> f64 {
        self.0 as f64 / ticks_per_unit as f64
    }
}

/// `ToString()`: `[-][d.]hh:mm:ss[.fffffff]`.
impl fmt::Display for TimeSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ticks = self.0.unsigned_abs();
        let per_second = TICKS_PER_SECOND.unsigned_abs();
        let seconds = ticks / per_second;
        if self.0 < 0 {
            f.write_char('-')?;
        }
        if seconds >= 86_400 {
            write!(f, "{}.", seconds / 86_400)?;
        }
        write!(f, "{:02}:{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)?;
        match ticks % per_second {
            0 => Ok(()),
            fraction => write!(f, ".{fraction:07}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DateTime, DateTimeKind, TimeSpan};
    use crate::time::WallTime;

    #[test]
    fn formats() {
        let moment = DateTime::of_wall(WallTime::from_unix_nanos(1_709_629_628_123_456_700), DateTimeKind::Utc);
        let cases = [
            ("G", "03/05/2024 09:07:08"),
            ("o", "2024-03-05T09:07:08.1234567Z"),
            ("R", "Tue, 05 Mar 2024 09:07:08 GMT"),
            ("u", "2024-03-05 09:07:08Z"),
            ("yyyy-MM-ddTHH:mm:ss.fff", "2024-03-05T09:07:08.123"),
            ("yyyyMMddTHHmmssZ", "20240305T090708Z"),
            ("yyyy'-'MM'-'dd'T'HH", "2024-03-05T09"),
            ("h:mm tt, dddd d MMMM yy", "9:07 AM, Tuesday 5 March 24"),
        ];
        for (format, text) in cases {
            assert_eq!(moment.format(format).as_deref(), Some(text), "{format}");
        }
        assert_eq!(moment.format("Q"), None);
    }

    #[test]
    fn calendar_ends() {
        assert_eq!(DateTime::MIN.format("o").as_deref(), Some("0001-01-01T00:00:00.0000000"));
        assert_eq!(DateTime::MAX.format("o").as_deref(), Some("9999-12-31T23:59:59.9999999"));
        assert_eq!(DateTime::MAX.plus_ticks(1), None);
    }

    #[test]
    fn spans() {
        assert_eq!(TimeSpan(12_500_000).to_string(), "00:00:01.2500000");
        assert_eq!(TimeSpan(-10_000_000 * 86_401).to_string(), "-1.00:00:01");
    }
}
