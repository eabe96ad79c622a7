//! `System.DateTime` and `System.TimeSpan`. Parsing and zones other than UTC are not built.

use super::{Call, Row, row};
use crate::expr::exception::{Outcome, broken, out_of_range, overflow};
use crate::value::time::TICKS_PER_SECOND;
use crate::value::{DateTime, DateTimeKind, TimeSpan, Value};

const TICKS_PER_MILLISECOND: i64 = TICKS_PER_SECOND / 1000;
const TICKS_PER_MINUTE: i64 = TICKS_PER_SECOND * 60;
const TICKS_PER_HOUR: i64 = TICKS_PER_MINUTE * 60;
const TICKS_PER_DAY: i64 = TICKS_PER_HOUR * 24;

pub(super) const ROWS: &[Row] = &[
    row("DateTime", "static DateTime UtcNow", |call| Ok(now(call, DateTimeKind::Utc))),
    // The gateway's zone is UTC, so `Now` differs from `UtcNow` only in its kind.
    row("DateTime", "static DateTime Now", |call| Ok(now(call, DateTimeKind::Local))),
    row("DateTime", "static DateTime MinValue", |_| Ok(Value::DateTime(DateTime::MIN))),
    row("DateTime", "static DateTime MaxValue", |_| Ok(Value::DateTime(DateTime::MAX))),
    row("DateTime", "DateTime AddMilliseconds(double value)", |call| add(call, TICKS_PER_MILLISECOND)),
    row("DateTime", "DateTime AddSeconds(double value)", |call| add(call, TICKS_PER_SECOND)),
    row("DateTime", "DateTime AddMinutes(double value)", |call| add(call, TICKS_PER_MINUTE)),
    row("DateTime", "DateTime AddHours(double value)", |call| add(call, TICKS_PER_HOUR)),
    row("DateTime", "DateTime AddDays(double value)", |call| add(call, TICKS_PER_DAY)),
    row("DateTime", "DateTime Add(TimeSpan value)", |call| {
        let (moment, span) = (moment(call)?, span_at(call, 1)?);
        moment.plus_ticks(span.0).map(Value::DateTime).ok_or_else(unrepresentable)
    }),
    row("DateTime", "TimeSpan Subtract(DateTime value)", |call| match call.value(1) {
        Value::DateTime(other) => Ok(Value::TimeSpan(TimeSpan(moment(call)?.ticks() - other.ticks()))),
        _ => Err(broken("expected a DateTime")),
    }),
    row("DateTime", "DateTime Date", |call| {
        let moment = moment(call)?;
        let midnight = DateTime::of_ticks(moment.ticks() - moment.ticks() % TICKS_PER_DAY, moment.kind());
        midnight.map(Value::DateTime).ok_or_else(unrepresentable)
    }),
    row("DateTime", "long Ticks", |call| Ok(Value::Int64(moment(call)?.ticks()))),
    row("DateTime", "int Year", |call| Ok(Value::Int32(moment(call)?.civil().year))),
    row("DateTime", "int Month", |call| Ok(Value::Int32(i32::from(moment(call)?.civil().month)))),
    row("DateTime", "int Day", |call| Ok(Value::Int32(i32::from(moment(call)?.civil().day)))),
    row("DateTime", "int Hour", |call| Ok(Value::Int32(i32::from(moment(call)?.civil().hour)))),
    row("DateTime", "int Minute", |call| Ok(Value::Int32(i32::from(moment(call)?.civil().minute)))),
    row("DateTime", "int Second", |call| Ok(Value::Int32(i32::from(moment(call)?.civil().second)))),
    row("DateTime", "int Millisecond", |call| {
        Ok(Value::Int32(i32::try_from(moment(call)?.civil().nanosecond / 1_000_000).unwrap_or(0)))
    }),
    row("TimeSpan", "double TotalDays", |call| Ok(Value::Double(span_at(call, 0)?.total(TICKS_PER_DAY)))),
    row("TimeSpan", "double TotalHours", |call| Ok(Value::Double(span_at(call, 0)?.total(TICKS_PER_HOUR)))),
    row("TimeSpan", "double TotalMinutes", |call| Ok(Value::Double(span_at(call, 0)?.total(TICKS_PER_MINUTE)))),
    row("TimeSpan", "double TotalSeconds", |call| Ok(Value::Double(span_at(call, 0)?.total(TICKS_PER_SECOND)))),
    row("TimeSpan", "double TotalMilliseconds", |call| {
        Ok(Value::Double(span_at(call, 0)?.total(TICKS_PER_MILLISECOND)))
    }),
    row("TimeSpan", "long Ticks", |call| Ok(Value::Int64(span_at(call, 0)?.0))),
    row("TimeSpan", "static TimeSpan FromMilliseconds(double value)", |call| from(call, TICKS_PER_MILLISECOND)),
    row("TimeSpan", "static TimeSpan FromSeconds(double value)", |call| from(call, TICKS_PER_SECOND)),
    row("TimeSpan", "static TimeSpan FromMinutes(double value)", |call| from(call, TICKS_PER_MINUTE)),
    row("TimeSpan", "static TimeSpan FromHours(double value)", |call| from(call, TICKS_PER_HOUR)),
    row("TimeSpan", "static TimeSpan FromDays(double value)", |call| from(call, TICKS_PER_DAY)),
];

fn now(call: &Call<'_, '_>, kind: DateTimeKind) -> Value {
    Value::DateTime(DateTime::of_wall(call.machine.now.wall, kind))
}

fn moment(call: &Call<'_, '_>) -> Outcome<DateTime> {
    match call.value(0) {
        Value::DateTime(moment) => Ok(*moment),
        _ => Err(broken("expected a DateTime")),
    }
}

fn span_at(call: &Call<'_, '_>, index: usize) -> Outcome<TimeSpan> {
    match call.value(index) {
        Value::TimeSpan(span) => Ok(*span),
        _ => Err(broken("expected a TimeSpan")),
    }
}

/// The exception of a sum that leaves the years 1 to 9999.
pub(crate) fn unrepresentable() -> crate::expr::Interrupt {
    out_of_range("The added or subtracted value results in an un-representable DateTime.", "value")
}

// So many units in ticks; nothing when that is out of range.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "the range is checked before the cast"
)]
fn ticks(units: f64, ticks_per_unit: i64) -> Option<i64> {
    let ticks = units * ticks_per_unit as f64;
    (ticks.abs() < 9.0e18).then_some(ticks as i64)
}

fn add(call: &mut Call<'_, '_>, ticks_per_unit: i64) -> Outcome<Value> {
    let moment = moment(call)?;
    let sum = ticks(call.double(1)?, ticks_per_unit).and_then(|ticks| moment.plus_ticks(ticks));
    sum.map(Value::DateTime).ok_or_else(unrepresentable)
}

fn from(call: &mut Call<'_, '_>, ticks_per_unit: i64) -> Outcome<Value> {
    let ticks = ticks(call.double(0)?, ticks_per_unit);
    ticks
        .map(|ticks| Value::TimeSpan(TimeSpan(ticks)))
        .ok_or_else(|| overflow("TimeSpan overflowed because the duration is too long."))
}
