//! `System.DateTime`, and the totals of `System.TimeSpan`. Parsing is in `time_parse`, spans are in `time_span`.

use super::time_span::{
    TICKS_PER_DAY, TICKS_PER_HOUR, TICKS_PER_MICROSECOND, TICKS_PER_MILLISECOND, TICKS_PER_MINUTE, from,
};
use super::{Call, Row, row};
use crate::expr::exception::{Outcome, argument, broken, out_of_range, throw};
use crate::time::Civil;
use crate::value::time::{TICKS_PER_SECOND, UNIX_EPOCH_TICKS};
use crate::value::{DateTime, DateTimeKind, TimeSpan, Value};

/// Days from 0001-01-01 to 9999-12-31, and the largest number of days that may be added.
const DAYS_MAX: i64 = 3_652_059;

pub(super) const ROWS: &[Row] = &[
    row("DateTime", "new DateTime(long ticks)", of_ticks),
    row("DateTime", "new DateTime(long ticks, DateTimeKind kind)", of_ticks),
    row("DateTime", "new DateTime(int year, int month, int day)", |call| created(call, 3)),
    row("DateTime", "new DateTime(int year, int month, int day, int hour, int minute, int second)", |call| {
        created(call, 6)
    }),
    row(
        "DateTime",
        "new DateTime(int year, int month, int day, int hour, int minute, int second, DateTimeKind kind)",
        |call| created(call, 6),
    ),
    row(
        "DateTime",
        "new DateTime(int year, int month, int day, int hour, int minute, int second, int millisecond)",
        |call| created(call, 7),
    ),
    row(
        "DateTime",
        "new DateTime(int year, int month, int day, int hour, int minute, int second, int millisecond, DateTimeKind kind)",
        |call| created(call, 7),
    ),
    row(
        "DateTime",
        "new DateTime(int year, int month, int day, int hour, int minute, int second, int millisecond, int microsecond)",
        |call| created(call, 8),
    ),
    row(
        "DateTime",
        "new DateTime(int year, int month, int day, int hour, int minute, int second, int millisecond, int microsecond, \
         DateTimeKind kind)",
        |call| created(call, 8),
    ),
    row("DateTime", "static DateTime UtcNow", |call| Ok(Value::DateTime(now(call, DateTimeKind::Utc)))),
    // The gateway's zone is UTC, so `Now` differs from `UtcNow` only in its kind.
    row("DateTime", "static DateTime Now", |call| Ok(Value::DateTime(now(call, DateTimeKind::Local)))),
    row("DateTime", "static DateTime Today", |call| date(now(call, DateTimeKind::Local))),
    row("DateTime", "static DateTime MinValue", |_| Ok(Value::DateTime(DateTime::MIN))),
    row("DateTime", "static DateTime MaxValue", |_| Ok(Value::DateTime(DateTime::MAX))),
    row("DateTime", "DateTime AddMilliseconds(double value)", |call| add(call, TICKS_PER_MILLISECOND)),
    row("DateTime", "DateTime AddSeconds(double value)", |call| add(call, TICKS_PER_SECOND)),
    row("DateTime", "DateTime AddMinutes(double value)", |call| add(call, TICKS_PER_MINUTE)),
    row("DateTime", "DateTime AddHours(double value)", |call| add(call, TICKS_PER_HOUR)),
    row("DateTime", "DateTime AddDays(double value)", |call| add(call, TICKS_PER_DAY)),
    row("DateTime", "DateTime AddTicks(long value)", |call| shifted(moment(call)?, Some(call.long(1)?))),
    row("DateTime", "DateTime AddMonths(int months)", |call| {
        plus_months(moment(call)?, call.int(1)?).map(Value::DateTime)
    }),
    row("DateTime", "DateTime AddYears(int value)", |call| {
        plus_years(moment(call)?, call.int(1)?).map(Value::DateTime)
    }),
    row("DateTime", "DateTime Add(TimeSpan value)", |call| shifted(moment(call)?, Some(span_at(call, 1)?.0))),
    row("DateTime", "DateTime Subtract(TimeSpan value)", |call| {
        shifted(moment(call)?, span_at(call, 1)?.0.checked_neg())
    }),
    row("DateTime", "TimeSpan Subtract(DateTime value)", |call| match call.value(1) {
        Value::DateTime(other) => Ok(Value::TimeSpan(TimeSpan(moment(call)?.ticks() - other.ticks()))),
        _ => Err(broken("expected a DateTime")),
    }),
    row("DateTime", "bool Equals(DateTime value)", |call| Ok(Value::Bool(call.value(0) == call.value(1)))),
    row("DateTime", "int CompareTo(DateTime value)", |call| match call.value(1) {
        Value::DateTime(other) => Ok(super::object::order(moment(call)?.ticks().cmp(&other.ticks()))),
        _ => Err(broken("expected a DateTime")),
    }),
    row("DateTime", "int CompareTo(object value)", |call| match call.value(1) {
        Value::Null => Ok(Value::Int32(1)),
        Value::DateTime(other) => Ok(super::object::order(moment(call)?.ticks().cmp(&other.ticks()))),
        _ => Err(throw("System.ArgumentException", "Object must be of type DateTime.")),
    }),
    row("DateTime", "DateTimeKind Kind", |call| {
        let at = match moment(call)?.kind() {
            DateTimeKind::Unspecified => 0,
            DateTimeKind::Utc => 1,
            DateTimeKind::Local => 2,
        };
        Ok(Value::Enum(super::enums::DATE_TIME_KIND.value(at)))
    }),
    row("DateTime", "DateTime Date", |call| date(moment(call)?)),
    row("DateTime", "TimeSpan TimeOfDay", |call| Ok(time_of_day(moment(call)?))),
    row("DateTime", "long Ticks", |call| Ok(Value::Int64(moment(call)?.ticks()))),
    row("DateTime", "int Year", |call| Ok(field(moment(call)?, |c| c.year))),
    row("DateTime", "int Month", |call| Ok(field(moment(call)?, |c| i32::from(c.month)))),
    row("DateTime", "int Day", |call| Ok(field(moment(call)?, |c| i32::from(c.day)))),
    row("DateTime", "int Hour", |call| Ok(field(moment(call)?, |c| i32::from(c.hour)))),
    row("DateTime", "int Minute", |call| Ok(field(moment(call)?, |c| i32::from(c.minute)))),
    row("DateTime", "int Second", |call| Ok(field(moment(call)?, |c| i32::from(c.second)))),
    row("DateTime", "int Millisecond", |call| Ok(field(moment(call)?, milliseconds))),
    row("DateTime", "DayOfWeek DayOfWeek", |call| weekday(moment(call)?)),
    row("DateTime", "int DayOfYear", |call| Ok(day_of_year(moment(call)?))),
    // UTC knows no daylight saving time.
    row("DateTime", "bool IsDaylightSavingTime()", |_| Ok(Value::Bool(false))),
    row("DateTime", "static int DaysInMonth(int year, int month)", |call| {
        let (year, month) = (call.int(0)?, call.int(1)?);
        if !(1..=12).contains(&month) {
            let text = format!("Month must be between one and twelve. (Parameter 'month')\nActual value was {month}.");
            return Err(throw("System.ArgumentOutOfRangeException", text));
        }
        checked_year(year)?;
        Ok(Value::Int32(i32::try_from(days_in_month(year, month)).unwrap_or(0)))
    }),
    row("DateTime", "static bool IsLeapYear(int year)", |call| {
        checked_year(call.int(0)?)?;
        Ok(Value::Bool(is_leap(call.int(0)?)))
    }),
    row("TimeSpan", "double TotalDays", |call| Ok(Value::Double(span_at(call, 0)?.total(TICKS_PER_DAY)))),
    row("TimeSpan", "double TotalHours", |call| Ok(Value::Double(span_at(call, 0)?.total(TICKS_PER_HOUR)))),
    row("TimeSpan", "double TotalMinutes", |call| Ok(Value::Double(span_at(call, 0)?.total(TICKS_PER_MINUTE)))),
    row("TimeSpan", "double TotalSeconds", |call| Ok(Value::Double(span_at(call, 0)?.total(TICKS_PER_SECOND)))),
    row("TimeSpan", "double TotalMilliseconds", |call| {
        // .NET keeps to what a `long` of ticks has of whole ones.
        const MOST: f64 = 922_337_203_685_477.0;
        Ok(Value::Double(span_at(call, 0)?.total(TICKS_PER_MILLISECOND).clamp(-MOST, MOST)))
    }),
    row("TimeSpan", "long Ticks", |call| Ok(Value::Int64(span_at(call, 0)?.0))),
    row("TimeSpan", "static TimeSpan FromMilliseconds(double value)", |call| from(call, TICKS_PER_MILLISECOND)),
    row("TimeSpan", "static TimeSpan FromSeconds(double value)", |call| from(call, TICKS_PER_SECOND)),
    row("TimeSpan", "static TimeSpan FromMinutes(double value)", |call| from(call, TICKS_PER_MINUTE)),
    row("TimeSpan", "static TimeSpan FromHours(double value)", |call| from(call, TICKS_PER_HOUR)),
    row("TimeSpan", "static TimeSpan FromDays(double value)", |call| from(call, TICKS_PER_DAY)),
];

pub(super) fn now(call: &Call<'_, '_>, kind: DateTimeKind) -> DateTime {
    DateTime::of_wall(call.machine.now.wall, kind)
}

fn moment(call: &Call<'_, '_>) -> Outcome<DateTime> {
    match call.value(0) {
        Value::DateTime(moment) => Ok(*moment),
        _ => Err(broken("expected a DateTime")),
    }
}

pub(super) fn span_at(call: &Call<'_, '_>, index: usize) -> Outcome<TimeSpan> {
    match call.value(index) {
        Value::TimeSpan(span) => Ok(*span),
        _ => Err(broken("expected a TimeSpan")),
    }
}

pub(super) fn field(moment: DateTime, field: fn(Civil) -> i32) -> Value {
    Value::Int32(field(moment.civil()))
}

pub(super) fn milliseconds(civil: Civil) -> i32 {
    i32::try_from(civil.nanosecond / 1_000_000).unwrap_or(0)
}

pub(super) fn weekday(moment: DateTime) -> Outcome<Value> {
    Ok(Value::Enum(super::enums::DAY_OF_WEEK.value(i32::from(moment.civil().weekday))))
}

pub(super) fn day_of_year(moment: DateTime) -> Value {
    let c = moment.civil();
    let before: i64 = (1..i32::from(c.month)).map(|month| days_in_month(c.year, month)).sum();
    Value::Int32(i32::try_from(before + i64::from(c.day)).unwrap_or(0))
}

pub(super) fn time_of_day(moment: DateTime) -> Value {
    Value::TimeSpan(TimeSpan(moment.ticks() % TICKS_PER_DAY))
}

fn date(moment: DateTime) -> Outcome<Value> {
    let midnight = DateTime::of_ticks(moment.ticks() - moment.ticks() % TICKS_PER_DAY, moment.kind());
    midnight.map(Value::DateTime).ok_or_else(unrepresentable)
}

/// The exception of a sum that leaves the years 1 to 9999.
pub(crate) fn unrepresentable() -> crate::expr::Interrupt {
    out_of_range(UNREPRESENTABLE, "value")
}

/// The same of an operator.
pub(crate) fn unrepresentable_sum() -> crate::expr::Interrupt {
    out_of_range(UNREPRESENTABLE, "t")
}

const UNREPRESENTABLE: &str = "The added or subtracted value results in an un-representable DateTime.";

fn shifted(moment: DateTime, ticks: Option<i64>) -> Outcome<Value> {
    let sum = ticks.and_then(|ticks| moment.plus_ticks(ticks));
    sum.map(Value::DateTime).ok_or_else(unrepresentable)
}

pub(super) const fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn checked_year(year: i32) -> Outcome<()> {
    if (1..=9999).contains(&year) { Ok(()) } else { Err(out_of_range("Year must be between 1 and 9999.", "year")) }
}

/// Days of a month; zero when there is no such month.
pub(super) fn days_in_month(year: i32, month: i32) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

/// Ticks of a midnight; nothing when there is no such day.
pub(super) fn ticks_of_date(year: i32, month: i32, day: i32) -> Option<i64> {
    let exists = (1..=9999).contains(&year) && (1..=days_in_month(year, month)).contains(&i64::from(day));
    if !exists {
        return None;
    }
    let earlier = i64::from(year - 1);
    let days = earlier * 365 + earlier / 4 - earlier / 100 + earlier / 400;
    let months: i64 = (1..month).map(|month| days_in_month(year, month)).sum();
    Some((days + months + i64::from(day) - 1) * TICKS_PER_DAY)
}

/// The ticks of a constructor's leading year, month and day, and, with six or more, hour, minute, second and below.
pub(super) fn ticks_of_arguments(call: &Call<'_, '_>, count: usize) -> Outcome<i64> {
    let parts = (0..count).map(|index| call.int(index)).collect::<Outcome<Vec<i32>>>()?;
    let part = |index: usize| parts.get(index).copied().unwrap_or(0);
    let describes = |what: &str| {
        let text = format!("{what} parameters describe an un-representable DateTime.");
        throw("System.ArgumentOutOfRangeException", text)
    };
    // Below the seconds, the first part is looked at before all others.
    let below_second = |index: usize, name: &str| match part(index) {
        0..1000 => Ok(()),
        _ => Err(out_of_range("Valid values are between 0 and 999, inclusive.", name)),
    };
    below_second(6, "millisecond")?;
    let date = ticks_of_date(part(0), part(1), part(2)).ok_or_else(|| describes("Year, Month, and Day"))?;
    let (hour, minute, second) = (part(3), part(4), part(5));
    if !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0..60).contains(&second) {
        return Err(describes("Hour, Minute, and Second"));
    }
    below_second(7, "microsecond")?;
    let clock = i64::from(hour) * TICKS_PER_HOUR + i64::from(minute) * TICKS_PER_MINUTE;
    let below = i64::from(part(6)) * TICKS_PER_MILLISECOND + i64::from(part(7)) * TICKS_PER_MICROSECOND;
    Ok(date + clock + i64::from(second) * TICKS_PER_SECOND + below)
}

fn kind_at(call: &Call<'_, '_>, index: usize) -> Outcome<DateTimeKind> {
    if call.arguments.len() <= index {
        return Ok(DateTimeKind::Unspecified);
    }
    match call.number(index)? {
        0 => Ok(DateTimeKind::Unspecified),
        1 => Ok(DateTimeKind::Utc),
        2 => Ok(DateTimeKind::Local),
        _ => Err(argument("Invalid DateTimeKind value.", "kind")),
    }
}

fn created(call: &mut Call<'_, '_>, count: usize) -> Outcome<Value> {
    let kind = kind_at(call, count)?;
    let ticks = ticks_of_arguments(call, count)?;
    DateTime::of_ticks(ticks, kind).map(Value::DateTime).ok_or_else(unrepresentable)
}

fn of_ticks(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let message = "Ticks must be between DateTime.MinValue.Ticks and DateTime.MaxValue.Ticks.";
    let ticks = call.long(0)?;
    DateTime::of_ticks(ticks, DateTimeKind::Unspecified).ok_or_else(|| out_of_range(message, "ticks"))?;
    let moment = DateTime::of_ticks(ticks, kind_at(call, 1)?);
    moment.map(Value::DateTime).ok_or_else(|| out_of_range(message, "ticks"))
}

/// So many units in ticks: whole units and the fraction apart, as .NET 8 counts them.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "the range is checked before the cast, and .NET multiplies the fraction as a double"
)]
pub(super) fn ticks_of_units(units: f64, ticks_per_unit: i64) -> Outcome<i64> {
    let most = DAYS_MAX.saturating_mul(TICKS_PER_DAY / ticks_per_unit);
    if units.abs() > most as f64 {
        return Err(out_of_range("Value to add was out of range.", "value"));
    }
    if units.is_nan() {
        return Err(unrepresentable());
    }
    let whole = units.trunc();
    let fraction = ((units - whole) * ticks_per_unit as f64) as i64;
    Ok((whole as i64).saturating_mul(ticks_per_unit).saturating_add(fraction))
}

fn add(call: &mut Call<'_, '_>, ticks_per_unit: i64) -> Outcome<Value> {
    shifted(moment(call)?, Some(ticks_of_units(call.double(1)?, ticks_per_unit)?))
}

/// `AddMonths`: the day is the month's last when it has no such day.
pub(super) fn plus_months(moment: DateTime, months: i32) -> Outcome<DateTime> {
    if !(-120_000..=120_000).contains(&months) {
        return Err(out_of_range("Months value must be between +/-120000.", "months"));
    }
    moved(moment, months).ok_or_else(|| out_of_range(UNREPRESENTABLE, "months"))
}

/// `AddYears`
pub(super) fn plus_years(moment: DateTime, years: i32) -> Outcome<DateTime> {
    if !(-10_000..=10_000).contains(&years) {
        return Err(out_of_range("Years value must be between +/-10000.", "value"));
    }
    moved(moment, years * 12).ok_or_else(unrepresentable)
}

fn moved(moment: DateTime, months: i32) -> Option<DateTime> {
    let c = moment.civil();
    let count = c.year * 12 + i32::from(c.month) - 1 + months;
    let (year, month) = (count.div_euclid(12), count.rem_euclid(12) + 1);
    let day = i64::from(c.day).min(days_in_month(year, month));
    let midnight = ticks_of_date(year, month, i32::try_from(day).ok()?)?;
    DateTime::of_ticks(midnight + moment.ticks() % TICKS_PER_DAY, moment.kind())
}

/// Seconds since 1970 of ticks, rounded down.
pub(super) const fn unix_seconds(ticks: i64) -> i64 {
    (ticks - UNIX_EPOCH_TICKS).div_euclid(TICKS_PER_SECOND)
}
