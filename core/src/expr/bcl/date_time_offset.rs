//! `System.DateTimeOffset`. Its parsing is in `time_parse`.

use super::time::{
    day_of_year, field, milliseconds, now, plus_months, plus_years, span_at, ticks_of_arguments, ticks_of_units,
    time_of_day, unix_seconds, unrepresentable, unrepresentable_sum, weekday,
};
use super::time_span::{TICKS_PER_DAY, TICKS_PER_HOUR, TICKS_PER_MICROSECOND, TICKS_PER_MILLISECOND, TICKS_PER_MINUTE};
use super::{Call, Row, row};
use crate::expr::exception::{Outcome, argument, broken, out_of_range};
use crate::value::time::{OFFSET_MINUTES_MAX, TICKS_PER_SECOND, UNIX_EPOCH_TICKS};
use crate::value::{DateTime, DateTimeKind, DateTimeOffset, TimeSpan, Value};

const OWNER: &str = "DateTimeOffset";

/// Ticks from 0001-01-01 to 1601-01-01, where Windows file times begin.
const FILE_EPOCH_TICKS: i64 = 504_911_232_000_000_000;

pub(super) const ROWS: &[Row] = &[
    row(OWNER, "new DateTimeOffset(DateTime dateTime)", |call| of_clock(date_time(call, 0)?.ticks(), 0)),
    row(OWNER, "new DateTimeOffset(DateTime dateTime, TimeSpan offset)", |call| {
        let (moment, offset) = (date_time(call, 0)?, span_at(call, 1)?);
        if offset.0 != 0 && moment.kind() == DateTimeKind::Utc {
            return Err(argument("The UTC Offset for Utc DateTime instances must be 0.", "offset"));
        }
        if offset.0 != 0 && moment.kind() == DateTimeKind::Local {
            let message = "The UTC Offset of the local dateTime parameter does not match the offset argument.";
            return Err(argument(message, "offset"));
        }
        of_clock(moment.ticks(), minutes(offset)?)
    }),
    row(OWNER, "new DateTimeOffset(long ticks, TimeSpan offset)", |call| {
        let message = "Ticks must be between DateTime.MinValue.Ticks and DateTime.MaxValue.Ticks.";
        let offset = minutes(span_at(call, 1)?)?;
        let clock = DateTime::of_ticks(call.long(0)?, DateTimeKind::Unspecified);
        of_clock(clock.ok_or_else(|| out_of_range(message, "ticks"))?.ticks(), offset)
    }),
    row(
        OWNER,
        "new DateTimeOffset(int year, int month, int day, int hour, int minute, int second, TimeSpan offset)",
        |call| created(call, 6),
    ),
    row(
        OWNER,
        "new DateTimeOffset(int year, int month, int day, int hour, int minute, int second, int millisecond, TimeSpan offset)",
        |call| created(call, 7),
    ),
    row(
        OWNER,
        "new DateTimeOffset(int year, int month, int day, int hour, int minute, int second, int millisecond, int microsecond, \
         TimeSpan offset)",
        |call| created(call, 8),
    ),
    row(OWNER, "static DateTimeOffset Now", |call| of_utc(now(call, DateTimeKind::Utc).ticks(), 0)),
    row(OWNER, "static DateTimeOffset UtcNow", |call| of_utc(now(call, DateTimeKind::Utc).ticks(), 0)),
    row(OWNER, "static DateTimeOffset MinValue", |_| of_utc(DateTime::MIN.ticks(), 0)),
    row(OWNER, "static DateTimeOffset MaxValue", |_| of_utc(DateTime::MAX.ticks(), 0)),
    row(OWNER, "static DateTimeOffset UnixEpoch", |_| of_utc(UNIX_EPOCH_TICKS, 0)),
    row(OWNER, "DateTime DateTime", |call| Ok(Value::DateTime(this(call)?.clock()))),
    row(OWNER, "DateTime UtcDateTime", |call| Ok(Value::DateTime(this(call)?.utc()))),
    row(OWNER, "DateTime LocalDateTime", |call| {
        let local = DateTime::of_ticks(this(call)?.utc_ticks(), DateTimeKind::Local);
        local.map(Value::DateTime).ok_or_else(unrepresentable)
    }),
    row(OWNER, "DateTime Date", |call| {
        let clock = this(call)?.clock();
        let midnight = clock.plus_ticks(-(clock.ticks() % TICKS_PER_DAY));
        midnight.map(Value::DateTime).ok_or_else(unrepresentable)
    }),
    row(OWNER, "TimeSpan Offset", |call| {
        Ok(Value::TimeSpan(TimeSpan(this(call)?.offset_minutes() * TICKS_PER_MINUTE)))
    }),
    row(OWNER, "int TotalOffsetMinutes", |call| {
        Ok(Value::Int32(i32::try_from(this(call)?.offset_minutes()).unwrap_or(0)))
    }),
    row(OWNER, "int Year", |call| Ok(field(this(call)?.clock(), |c| c.year))),
    row(OWNER, "int Month", |call| Ok(field(this(call)?.clock(), |c| i32::from(c.month)))),
    row(OWNER, "int Day", |call| Ok(field(this(call)?.clock(), |c| i32::from(c.day)))),
    row(OWNER, "int Hour", |call| Ok(field(this(call)?.clock(), |c| i32::from(c.hour)))),
    row(OWNER, "int Minute", |call| Ok(field(this(call)?.clock(), |c| i32::from(c.minute)))),
    row(OWNER, "int Second", |call| Ok(field(this(call)?.clock(), |c| i32::from(c.second)))),
    row(OWNER, "int Millisecond", |call| Ok(field(this(call)?.clock(), milliseconds))),
    row(OWNER, "int Microsecond", |call| {
        Ok(field(this(call)?.clock(), |c| i32::try_from(c.nanosecond / 1000 % 1000).unwrap_or(0)))
    }),
    row(OWNER, "int Nanosecond", |call| {
        Ok(field(this(call)?.clock(), |c| i32::try_from(c.nanosecond % 1000).unwrap_or(0)))
    }),
    row(OWNER, "DayOfWeek DayOfWeek", |call| weekday(this(call)?.clock())),
    row(OWNER, "int DayOfYear", |call| Ok(day_of_year(this(call)?.clock()))),
    row(OWNER, "TimeSpan TimeOfDay", |call| Ok(time_of_day(this(call)?.clock()))),
    row(OWNER, "long Ticks", |call| Ok(Value::Int64(this(call)?.clock().ticks()))),
    row(OWNER, "long UtcTicks", |call| Ok(Value::Int64(this(call)?.utc_ticks()))),
    row(OWNER, "DateTimeOffset Add(TimeSpan timeSpan)", |call| shifted(call, Some(span_at(call, 1)?.0))),
    row(OWNER, "DateTimeOffset AddTicks(long ticks)", |call| shifted(call, Some(call.long(1)?))),
    row(OWNER, "DateTimeOffset AddMicroseconds(double microseconds)", |call| add(call, TICKS_PER_MICROSECOND)),
    row(OWNER, "DateTimeOffset AddMilliseconds(double milliseconds)", |call| add(call, TICKS_PER_MILLISECOND)),
    row(OWNER, "DateTimeOffset AddSeconds(double seconds)", |call| add(call, TICKS_PER_SECOND)),
    row(OWNER, "DateTimeOffset AddMinutes(double minutes)", |call| add(call, TICKS_PER_MINUTE)),
    row(OWNER, "DateTimeOffset AddHours(double hours)", |call| add(call, TICKS_PER_HOUR)),
    row(OWNER, "DateTimeOffset AddDays(double days)", |call| add(call, TICKS_PER_DAY)),
    row(OWNER, "DateTimeOffset AddMonths(int months)", |call| {
        let this = this(call)?;
        of_clock(plus_months(this.clock(), call.int(1)?)?.ticks(), this.offset_minutes())
    }),
    row(OWNER, "DateTimeOffset AddYears(int years)", |call| {
        let this = this(call)?;
        of_clock(plus_years(this.clock(), call.int(1)?)?.ticks(), this.offset_minutes())
    }),
    row(OWNER, "TimeSpan Subtract(DateTimeOffset value)", |call| {
        Ok(Value::TimeSpan(TimeSpan(this(call)?.utc_ticks() - other(call, 1)?.utc_ticks())))
    }),
    row(OWNER, "DateTimeOffset Subtract(TimeSpan value)", |call| shifted(call, span_at(call, 1)?.0.checked_neg())),
    row(OWNER, "int CompareTo(DateTimeOffset other)", compared),
    row(OWNER, "static int Compare(DateTimeOffset first, DateTimeOffset second)", compared),
    row(OWNER, "bool Equals(DateTimeOffset other)", |call| Ok(Value::Bool(call.value(0) == call.value(1)))),
    row(OWNER, "static bool Equals(DateTimeOffset first, DateTimeOffset second)", |call| {
        Ok(Value::Bool(call.value(0) == call.value(1)))
    }),
    row(OWNER, "bool EqualsExact(DateTimeOffset other)", |call| {
        let (this, other) = (this(call)?, other(call, 1)?);
        Ok(Value::Bool(this == other && this.offset_minutes() == other.offset_minutes()))
    }),
    row(OWNER, "DateTimeOffset ToOffset(TimeSpan offset)", |call| {
        let (utc, offset) = (this(call)?.utc_ticks(), span_at(call, 1)?);
        // The clock that it shows comes first, and then what is wrong with the offset.
        let clock = utc.checked_add(offset.0).and_then(|ticks| DateTime::of_ticks(ticks, DateTimeKind::Unspecified));
        clock.ok_or_else(unrepresentable_sum)?;
        of_utc(utc, minutes(offset)?)
    }),
    row(OWNER, "DateTimeOffset ToUniversalTime()", |call| of_utc(this(call)?.utc_ticks(), 0)),
    row(OWNER, "DateTimeOffset ToLocalTime()", |call| of_utc(this(call)?.utc_ticks(), 0)),
    row(OWNER, "long ToUnixTimeSeconds()", |call| Ok(Value::Int64(unix_seconds(this(call)?.utc_ticks())))),
    row(OWNER, "long ToUnixTimeMilliseconds()", |call| {
        Ok(Value::Int64((this(call)?.utc_ticks() - UNIX_EPOCH_TICKS).div_euclid(TICKS_PER_MILLISECOND)))
    }),
    row(OWNER, "long ToFileTime()", |call| {
        let ticks = this(call)?.utc_ticks() - FILE_EPOCH_TICKS;
        let message = "Not a valid Win32 FileTime.";
        if ticks < 0 {
            Err(crate::expr::exception::throw("System.ArgumentOutOfRangeException", message))
        } else {
            Ok(Value::Int64(ticks))
        }
    }),
    row(OWNER, "static DateTimeOffset FromFileTime(long fileTime)", |call| {
        let ticks =
            Some(call.long(0)?).filter(|ticks| *ticks >= 0).and_then(|ticks| ticks.checked_add(FILE_EPOCH_TICKS));
        let found = ticks.and_then(|ticks| DateTimeOffset::of_utc(ticks, 0));
        found.map(Value::DateTimeOffset).ok_or_else(|| out_of_range("Not a valid Win32 FileTime.", "fileTime"))
    }),
    row(OWNER, "static DateTimeOffset FromUnixTimeSeconds(long seconds)", |call| {
        let message = "Valid values are between -62135596800 and 253402300799, inclusive.";
        of_unix(call.long(0)?, TICKS_PER_SECOND).ok_or_else(|| out_of_range(message, "seconds"))
    }),
    row(OWNER, "static DateTimeOffset FromUnixTimeMilliseconds(long milliseconds)", |call| {
        let message = "Valid values are between -62135596800000 and 253402300799999, inclusive.";
        of_unix(call.long(0)?, TICKS_PER_MILLISECOND).ok_or_else(|| out_of_range(message, "milliseconds"))
    }),
    row(OWNER, "string ToString(string format)", super::format::formatted),
];

fn this(call: &Call<'_, '_>) -> Outcome<DateTimeOffset> {
    other(call, 0)
}

fn other(call: &Call<'_, '_>, index: usize) -> Outcome<DateTimeOffset> {
    match call.value(index) {
        Value::DateTimeOffset(value) => Ok(*value),
        _ => Err(broken("expected a DateTimeOffset")),
    }
}

fn date_time(call: &Call<'_, '_>, index: usize) -> Outcome<DateTime> {
    match call.value(index) {
        Value::DateTime(moment) => Ok(*moment),
        _ => Err(broken("expected a DateTime")),
    }
}

fn minutes(offset: TimeSpan) -> Outcome<i64> {
    if offset.0 % TICKS_PER_MINUTE != 0 {
        return Err(argument("Offset must be specified in whole minutes.", "offset"));
    }
    let minutes = offset.0 / TICKS_PER_MINUTE;
    if minutes.abs() > OFFSET_MINUTES_MAX {
        return Err(out_of_range("Offset must be within plus or minus 14 hours.", "offset"));
    }
    Ok(minutes)
}

fn outside() -> crate::expr::Interrupt {
    let message = "The UTC time represented when the offset is applied must be between year 0 and 10,000.";
    out_of_range(message, "offset")
}

fn of_clock(ticks: i64, offset: i64) -> Outcome<Value> {
    DateTimeOffset::of_clock(ticks, offset).map(Value::DateTimeOffset).ok_or_else(outside)
}

fn of_utc(ticks: i64, offset: i64) -> Outcome<Value> {
    DateTimeOffset::of_utc(ticks, offset).map(Value::DateTimeOffset).ok_or_else(outside)
}

fn of_unix(units: i64, ticks_per_unit: i64) -> Option<Value> {
    let ticks = units.checked_mul(ticks_per_unit)?.checked_add(UNIX_EPOCH_TICKS)?;
    DateTimeOffset::of_utc(ticks, 0).map(Value::DateTimeOffset)
}

fn created(call: &mut Call<'_, '_>, count: usize) -> Outcome<Value> {
    let offset = minutes(span_at(call, count)?)?;
    if count == 8 && !(0..1000).contains(&call.int(7)?) {
        // What is wrong with the rest comes first. Other words than those of `DateTime`.
        of_clock(ticks_of_arguments(call, 7)?, offset)?;
        let message = "Hour, Minute, and Second parameters describe an un-representable DateTime.";
        return Err(out_of_range(message, "microsecond"));
    }
    of_clock(ticks_of_arguments(call, count)?, offset)
}

fn shifted(call: &mut Call<'_, '_>, ticks: Option<i64>) -> Outcome<Value> {
    let this = this(call)?;
    let utc = ticks.and_then(|ticks| this.utc_ticks().checked_add(ticks));
    let moved = utc.and_then(|utc| DateTimeOffset::of_utc(utc, this.offset_minutes()));
    moved.map(Value::DateTimeOffset).ok_or_else(unrepresentable)
}

fn add(call: &mut Call<'_, '_>, ticks_per_unit: i64) -> Outcome<Value> {
    let ticks = ticks_of_units(call.double(1)?, ticks_per_unit)?;
    shifted(call, Some(ticks))
}

fn compared(call: &mut Call<'_, '_>) -> Outcome<Value> {
    Ok(super::object::order(this(call)?.utc_ticks().cmp(&other(call, 1)?.utc_ticks())))
}
