//! Moments and their text forms. Holds no clock: every moment is handed in by whoever drives the core.

use std::fmt;
use std::time::Duration;

/// A moment on the monotonic clock, in nanoseconds since the process (or the simulated host) started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The moment at which the process started.
    pub const ZERO: Self = Self(0);

    /// A moment from nanoseconds since the start.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the start.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// This moment plus `duration`, or the last representable moment.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(nanos(duration)))
    }

    /// Time from `earlier` to this moment, zero when `earlier` is later.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// A moment of the wall clock (UTC), in nanoseconds since 1970-01-01T00:00:00Z. Covers the years 1678 to 2262.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime(i64);

impl WallTime {
    /// A wall-clock moment from nanoseconds since the Unix epoch.
    #[must_use]
    pub const fn from_unix_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// A wall-clock moment from whole seconds since the Unix epoch.
    #[must_use]
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000_000))
    }

    /// Nanoseconds since the Unix epoch.
    #[must_use]
    pub const fn unix_nanos(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000_000)
    }

    /// This moment plus `duration`, or the last representable moment.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)))
    }

    /// The moment that RFC 3339 writes as in `2026-01-31T10:20:30.5+01:00`; digits beyond nanoseconds are cut off. `None` for
    /// anything else, leap seconds included.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let (date, rest) = text.split_once(['T', 't'])?;
        let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
        let zone_at = rest.find(['Z', 'z', '+', '-'])?;
        let (clock, zone) = rest.split_at_checked(zone_at)?;
        let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
        let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
        let is_number = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
        let nanosecond: u32 = format!("{fraction:0<9}").get(..9).filter(|_| is_number)?.parse().ok()?;
        let offset_minutes = match zone.split_at_checked(1)? {
            ("Z" | "z", "") => 0,
            (sign, offset) => {
                let [hours, minutes] = numbers(offset, ':', [2, 2])?;
                if hours > 23 || minutes > 59 {
                    return None;
                }
                let minutes = i64::from(hours * 60 + minutes);
                if sign == "-" { -minutes } else { minutes }
            }
        };
        let narrow = |number: u32| u8::try_from(number).ok();
        let (month, day) = (narrow(month)?, narrow(day)?);
        let (hour, minute, second) = (narrow(hour)?, narrow(minute)?, narrow(second)?);
        let civil = Civil { year: i32::try_from(year).ok()?, month, day, hour, minute, second, nanosecond, weekday: 0 };
        let wall = civil.to_wall();
        // What no calendar has, as 31 April, comes back as another day; what lies beyond the range as another year.
        let is_real = Civil { weekday: 0, ..wall.civil() } == civil;
        is_real.then(|| Self(wall.0.saturating_sub(offset_minutes * 60_000_000_000)))
    }

    /// Calendar fields in UTC.
    #[must_use]
    pub fn civil(self) -> Civil {
        Civil::from_wall(self)
    }

    /// The moment of an IMF-fixdate as [`Self::http_date`] writes it; `None` for anything else.
    #[must_use]
    pub fn from_http_date(text: &str) -> Option<Self> {
        let (_, date) = text.split_once(", ")?;
        let mut words = date.split(' ');
        let [day] = numbers(words.next()?, '-', [2])?;
        let name = words.next()?;
        let month = MONTHS.iter().position(|month| *month == name)? + 1;
        let [year] = numbers(words.next()?, '-', [4])?;
        let time = words.next()?;
        Self::from_rfc3339(&format!("{year:04}-{month:02}-{day:02}T{time}Z")).filter(|made| made.http_date() == text)
    }

    /// The IMF-fixdate of RFC 9110 §5.6.7, as in `Sun, 06 Nov 1994 08:49:37 GMT`.
    #[must_use]
    pub fn http_date(self) -> String {
        let c = self.civil();
        let weekday = WEEKDAYS[usize::from(c.weekday % 7)];
        let month = MONTHS[usize::from((c.month + 11) % 12)];
        format!("{weekday}, {:02} {month} {:04} {:02}:{:02}:{:02} GMT", c.day, c.year, c.hour, c.minute, c.second)
    }
}

/// RFC 3339 with seven fraction digits, as .NET writes a UTC moment.
impl fmt::Display for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let c = self.civil();
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:07}Z",
            c.year,
            c.month,
            c.day,
            c.hour,
            c.minute,
            c.second,
            c.nanosecond / 100
        )
    }
}

const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A moment split into the fields of the proleptic Gregorian calendar, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// Year, as in 2026.
    pub year: i32,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, 1 to 31.
    pub day: u8,
    /// Hour, 0 to 23.
    pub hour: u8,
    /// Minute, 0 to 59.
    pub minute: u8,
    /// Second, 0 to 59 (leap seconds are not represented).
    pub second: u8,
    /// Nanosecond within the second.
    pub nanosecond: u32,
    /// Day of the week, 0 = Sunday.
    pub weekday: u8,
}

impl Civil {
    fn from_wall(wall: WallTime) -> Self {
        let seconds = wall.unix_seconds();
        let days = seconds.div_euclid(86_400);
        let of_day = seconds.rem_euclid(86_400);
        let (year, month, day) = civil_from_days(days);
        Self {
            year,
            month,
            day,
            hour: narrow(of_day / 3600),
            minute: narrow(of_day / 60 % 60),
            second: narrow(of_day % 60),
            nanosecond: u32::try_from(wall.0.rem_euclid(1_000_000_000)).unwrap_or(0),
            weekday: narrow((days + 4).rem_euclid(7)),
        }
    }

    /// The wall-clock moment of these fields; the weekday is ignored.
    #[must_use]
    pub fn to_wall(self) -> WallTime {
        let days = days_from_civil(self.year, self.month, self.day);
        let of_day = i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second);
        let nanos = (days * 86_400 + of_day).saturating_mul(1_000_000_000).saturating_add(i64::from(self.nanosecond));
        WallTime(nanos)
    }
}

/// Both clocks, read together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// The monotonic clock: every timeout is measured on it.
    pub instant: Instant,
    /// The wall clock: written into headers, logs and tokens, never used to measure.
    pub wall: WallTime,
}

// Numbers of exactly these many digits, `separator` between them.
fn numbers<const N: usize>(text: &str, separator: char, digits: [usize; N]) -> Option<[u32; N]> {
    let mut parts = text.split(separator);
    let mut found = [0; N];
    for (place, digits) in found.iter_mut().zip(digits) {
        let part = parts.next()?;
        let is_number = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        *place = part.parse().ok().filter(|_| is_number)?;
    }
    parts.next().is_none().then_some(found)
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn narrow(value: i64) -> u8 {
    u8::try_from(value).unwrap_or(0)
}

// Days since 1970-01-01 to a date of the proleptic Gregorian calendar: eras of 400 years that begin on 1 March.
fn civil_from_days(days: i64) -> (i32, u8, u8) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (i32::try_from(year).unwrap_or(0), narrow(month), narrow(day))
}

fn days_from_civil(year: i32, month: u8, day: u8) -> i64 {
    let year = i64::from(year) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (i64::from(month) + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_date_of_rfc_9110() {
        assert_eq!(WallTime::from_unix_seconds(784_111_777).http_date(), "Sun, 06 Nov 1994 08:49:37 GMT");
        let read = |text: &str| WallTime::from_http_date(text).map(WallTime::unix_seconds);
        assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        for wrong in [
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37",
            "06 Nov 1994",
            "Sun, 99 Nov 1994 08:49:37 GMT",
            "",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn display_has_seven_fraction_digits() {
        assert_eq!(WallTime::from_unix_nanos(1_700_000_000_123_456_700).to_string(), "2023-11-14T22:13:20.1234567Z");
    }

    #[test]
    fn civil_fields_and_moments_are_inverse() {
        let mut wall = -9_000_000_000_i64;
        while wall < 9_000_000_000 {
            let moment = WallTime::from_unix_seconds(wall);
            assert_eq!(moment.civil().to_wall(), moment);
            wall += 86_399 * 37;
        }
    }

    #[test]
    fn moments_of_rfc_3339() {
        let seconds = |text| WallTime::from_rfc3339(text).map(WallTime::unix_seconds);
        assert_eq!(seconds("1994-11-06T08:49:37Z"), Some(784_111_777));
        assert_eq!(seconds("1994-11-06T09:49:37.25+01:00"), Some(784_111_777));
        assert_eq!(WallTime::from_rfc3339("1970-01-01T00:00:00.0000001Z"), Some(WallTime::from_unix_nanos(100)));
        for text in [
            "",
            "1994-11-06",
            "1994-11-06T08:49Z",
            "1994-11-06T08:49:37",
            "1994-04-31T00:00:00Z",
            "1994-11-06T24:00:00Z",
            "1994-11-06T08:49:60Z",
            "1994-11-6T08:49:37Z",
            "1994-11-06T08:49:37.Z",
            "1994-11-06T08:49:37+1:00",
            "9999-01-01T00:00:00Z",
        ] {
            assert_eq!(WallTime::from_rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn leap_day() {
        let c = WallTime::from_unix_seconds(951_782_400).civil();
        assert_eq!((c.year, c.month, c.day, c.weekday), (2000, 2, 29, 2));
    }
}
