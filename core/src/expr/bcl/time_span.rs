//! `System.TimeSpan`: members, formats and parsing. Sums with moments are in `time`.

use super::{Call, Row, row};
use crate::expr::exception::{Outcome, argument, broken, format as format_exception, overflow};
use crate::value::time::TICKS_PER_SECOND;
use crate::value::{TimeSpan, Value};

pub(super) const TICKS_PER_MILLISECOND: i64 = TICKS_PER_SECOND / 1000;
pub(super) const TICKS_PER_MICROSECOND: i64 = TICKS_PER_MILLISECOND / 1000;
pub(super) const TICKS_PER_MINUTE: i64 = TICKS_PER_SECOND * 60;
pub(super) const TICKS_PER_HOUR: i64 = TICKS_PER_MINUTE * 60;
pub(super) const TICKS_PER_DAY: i64 = TICKS_PER_HOUR * 24;

pub(super) const TOO_LONG: &str = "TimeSpan overflowed because the duration is too long.";

pub(super) const ROWS: &[Row] = &[
    row("TimeSpan", "new TimeSpan(long ticks)", |call| Ok(Value::TimeSpan(TimeSpan(call.long(0)?)))),
    row("TimeSpan", "new TimeSpan(int hours, int minutes, int seconds)", |call| {
        created(call, [None, Some(0), Some(1), Some(2), None, None])
    }),
    row("TimeSpan", "new TimeSpan(int days, int hours, int minutes, int seconds)", |call| {
        created(call, [Some(0), Some(1), Some(2), Some(3), None, None])
    }),
    row("TimeSpan", "new TimeSpan(int days, int hours, int minutes, int seconds, int milliseconds)", |call| {
        created(call, [Some(0), Some(1), Some(2), Some(3), Some(4), None])
    }),
    row(
        "TimeSpan",
        "new TimeSpan(int days, int hours, int minutes, int seconds, int milliseconds, int microseconds)",
        |call| created(call, [Some(0), Some(1), Some(2), Some(3), Some(4), Some(5)]),
    ),
    row("TimeSpan", "static TimeSpan Zero", |_| Ok(Value::TimeSpan(TimeSpan(0)))),
    row("TimeSpan", "static TimeSpan MinValue", |_| Ok(Value::TimeSpan(TimeSpan(i64::MIN)))),
    row("TimeSpan", "static TimeSpan MaxValue", |_| Ok(Value::TimeSpan(TimeSpan(i64::MAX)))),
    row("TimeSpan", "static long TicksPerDay", |_| Ok(Value::Int64(TICKS_PER_DAY))),
    row("TimeSpan", "static long TicksPerHour", |_| Ok(Value::Int64(TICKS_PER_HOUR))),
    row("TimeSpan", "static long TicksPerMinute", |_| Ok(Value::Int64(TICKS_PER_MINUTE))),
    row("TimeSpan", "static long TicksPerSecond", |_| Ok(Value::Int64(TICKS_PER_SECOND))),
    row("TimeSpan", "static long TicksPerMillisecond", |_| Ok(Value::Int64(TICKS_PER_MILLISECOND))),
    row("TimeSpan", "static long TicksPerMicrosecond", |_| Ok(Value::Int64(TICKS_PER_MICROSECOND))),
    row("TimeSpan", "static long NanosecondsPerTick", |_| Ok(Value::Int64(100))),
    row("TimeSpan", "int Days", |call| part(call, TICKS_PER_DAY, i64::MAX)),
    row("TimeSpan", "int Hours", |call| part(call, TICKS_PER_HOUR, 24)),
    row("TimeSpan", "int Minutes", |call| part(call, TICKS_PER_MINUTE, 60)),
    row("TimeSpan", "int Seconds", |call| part(call, TICKS_PER_SECOND, 60)),
    row("TimeSpan", "int Milliseconds", |call| part(call, TICKS_PER_MILLISECOND, 1000)),
    row("TimeSpan", "int Microseconds", |call| part(call, TICKS_PER_MICROSECOND, 1000)),
    row("TimeSpan", "int Nanoseconds", |call| {
        Ok(Value::Int32(i32::try_from(span(call, 0)?.0 % 10 * 100).unwrap_or(0)))
    }),
    row("TimeSpan", "double TotalMicroseconds", |call| Ok(Value::Double(span(call, 0)?.total(TICKS_PER_MICROSECOND)))),
    row("TimeSpan", "double TotalNanoseconds", |call| Ok(Value::Double(span(call, 0)?.total(1) * 100.0))),
    row("TimeSpan", "TimeSpan Add(TimeSpan ts)", |call| combined(span(call, 0)?.0.checked_add(span(call, 1)?.0))),
    row("TimeSpan", "TimeSpan Subtract(TimeSpan ts)", |call| combined(span(call, 0)?.0.checked_sub(span(call, 1)?.0))),
    row("TimeSpan", "TimeSpan Multiply(double factor)", |call| scaled(call, |ticks, factor| ticks * factor, "factor")),
    row("TimeSpan", "TimeSpan Divide(double divisor)", |call| {
        scaled(call, |ticks, divisor| ticks / divisor, "divisor")
    }),
    row("TimeSpan", "double Divide(TimeSpan ts)", |call| {
        Ok(Value::Double(span(call, 0)?.total(1) / span(call, 1)?.total(1)))
    }),
    row("TimeSpan", "TimeSpan Negate()", |call| {
        let message = "Negating the minimum value of a twos complement number is invalid.";
        span(call, 0)?.0.checked_neg().map(|ticks| Value::TimeSpan(TimeSpan(ticks))).ok_or_else(|| overflow(message))
    }),
    row("TimeSpan", "TimeSpan Duration()", |call| {
        let message = "The duration cannot be returned for TimeSpan.MinValue because the absolute value of TimeSpan.MinValue \
                       exceeds the value of TimeSpan.MaxValue.";
        span(call, 0)?.0.checked_abs().map(|ticks| Value::TimeSpan(TimeSpan(ticks))).ok_or_else(|| overflow(message))
    }),
    row("TimeSpan", "int CompareTo(TimeSpan value)", |call| {
        Ok(super::object::order(span(call, 0)?.cmp(&span(call, 1)?)))
    }),
    row("TimeSpan", "static int Compare(TimeSpan t1, TimeSpan t2)", |call| {
        Ok(super::object::order(span(call, 0)?.cmp(&span(call, 1)?)))
    }),
    row("TimeSpan", "bool Equals(TimeSpan obj)", |call| Ok(Value::Bool(span(call, 0)? == span(call, 1)?))),
    row("TimeSpan", "static bool Equals(TimeSpan t1, TimeSpan t2)", |call| {
        Ok(Value::Bool(span(call, 0)? == span(call, 1)?))
    }),
    row("TimeSpan", "static TimeSpan FromTicks(long value)", |call| Ok(Value::TimeSpan(TimeSpan(call.long(0)?)))),
    row("TimeSpan", "static TimeSpan FromMicroseconds(double value)", |call| from(call, TICKS_PER_MICROSECOND)),
    row("TimeSpan", "int CompareTo(object value)", |call| match call.value(1) {
        Value::Null => Ok(Value::Int32(1)),
        Value::TimeSpan(other) => Ok(super::object::order(span(call, 0)?.cmp(other))),
        _ => Err(crate::expr::exception::throw("System.ArgumentException", "Object must be of type TimeSpan.")),
    }),
];

fn span(call: &Call<'_, '_>, index: usize) -> Outcome<TimeSpan> {
    match call.value(index) {
        Value::TimeSpan(span) => Ok(*span),
        _ => Err(broken("expected a TimeSpan")),
    }
}

fn combined(ticks: Option<i64>) -> Outcome<Value> {
    ticks.map(|ticks| Value::TimeSpan(TimeSpan(ticks))).ok_or_else(|| overflow(TOO_LONG))
}

// Days, hours, minutes, seconds, milliseconds, microseconds: at which argument each stands.
fn created(call: &mut Call<'_, '_>, places: [Option<usize>; 6]) -> Outcome<Value> {
    const UNITS: [i64; 6] = [
        TICKS_PER_DAY,
        TICKS_PER_HOUR,
        TICKS_PER_MINUTE,
        TICKS_PER_SECOND,
        TICKS_PER_MILLISECOND,
        TICKS_PER_MICROSECOND,
    ];
    let mut ticks: i128 = 0;
    for (place, unit) in places.into_iter().zip(UNITS) {
        let Some(place) = place else { continue };
        ticks += i128::from(call.int(place)?) * i128::from(unit);
    }
    let ticks = i64::try_from(ticks);
    let too_long = || crate::expr::exception::throw("System.ArgumentOutOfRangeException", TOO_LONG);
    ticks.map(|ticks| Value::TimeSpan(TimeSpan(ticks))).map_err(|_| too_long())
}

fn part(call: &mut Call<'_, '_>, unit: i64, modulus: i64) -> Outcome<Value> {
    Ok(Value::Int32(i32::try_from(span(call, 0)?.0 / unit % modulus).unwrap_or(0)))
}

// A count of ticks as a double becomes a span; truncated towards zero unless it was rounded before.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked before the cast")]
fn of_double(ticks: f64) -> Outcome<Value> {
    if ticks.is_nan() {
        return Err(crate::expr::exception::throw(
            "System.ArgumentException",
            "TimeSpan does not accept floating point Not-a-Number values.",
        ));
    }
    if !(-9_223_372_036_854_775_808.0..=9_223_372_036_854_775_807.0).contains(&ticks) {
        return Err(overflow(TOO_LONG));
    }
    Ok(Value::TimeSpan(TimeSpan(ticks as i64)))
}

/// `TimeSpan.From…(value)`.
#[expect(clippy::cast_precision_loss, reason = "as .NET multiplies doubles")]
pub(super) fn from(call: &mut Call<'_, '_>, unit: i64) -> Outcome<Value> {
    of_double(call.double(0)? * unit as f64)
}

fn scaled(call: &Call<'_, '_>, scale: fn(f64, f64) -> f64, parameter: &str) -> Outcome<Value> {
    scaled_by(span(call, 0)?, call.double(1)?, scale, parameter)
}

/// `span * factor` and `span / divisor`.
pub(crate) fn scaled_by(span: TimeSpan, factor: f64, scale: fn(f64, f64) -> f64, parameter: &str) -> Outcome<Value> {
    if factor.is_nan() {
        return Err(argument("TimeSpan does not accept floating point Not-a-Number values.", parameter));
    }
    match scale(span.total(1), factor) {
        // Nothing divided by nothing.
        none if none.is_nan() => Err(overflow(TOO_LONG)),
        ticks => of_double(ticks.round_ties_even()),
    }
}

/// `ToString(format)`: `c`, `g`, `G` or a custom format.
pub(super) fn with_format(span: TimeSpan, format: &str) -> Outcome<String> {
    match format {
        "c" | "t" | "T" => Ok(span.to_string()),
        "g" => Ok(general(span, false)),
        "G" => Ok(general(span, true)),
        single if single.chars().count() == 1 => Err(super::format::wrong()),
        custom => custom_format(span, custom),
    }
}

// Days, hours, minutes, seconds and ticks of the magnitude.
fn fields(span: TimeSpan) -> [u64; 5] {
    let ticks = span.0.unsigned_abs();
    let unit = |unit: i64| unit.unsigned_abs();
    [
        ticks / unit(TICKS_PER_DAY),
        ticks / unit(TICKS_PER_HOUR) % 24,
        ticks / unit(TICKS_PER_MINUTE) % 60,
        ticks / unit(TICKS_PER_SECOND) % 60,
        ticks % unit(TICKS_PER_SECOND),
    ]
}

fn general(span: TimeSpan, is_long: bool) -> String {
    let [days, hours, minutes, seconds, ticks] = fields(span);
    let mut text = String::from(if span.0 < 0 { "-" } else { "" });
    if days > 0 || is_long {
        text.push_str(&format!("{days}:"));
    }
    text.push_str(&if is_long { format!("{hours:02}") } else { hours.to_string() });
    text.push_str(&format!(":{minutes:02}:{seconds:02}"));
    let fraction = format!("{ticks:07}");
    if is_long {
        text.push_str(&format!(".{fraction}"));
    } else if ticks > 0 {
        text.push_str(&format!(".{}", fraction.trim_end_matches('0')));
    }
    text
}

fn custom_format(span: TimeSpan, format: &str) -> Outcome<String> {
    let [days, hours, minutes, seconds, ticks] = fields(span);
    let fraction = format!("{ticks:07}");
    let chars: Vec<char> = format.chars().collect();
    let mut text = String::new();
    let mut at = 0;
    while let Some(c) = chars.get(at).copied() {
        let run = chars.iter().skip(at).take_while(|other| **other == c).count();
        let mut taken = run;
        match (c, run) {
            ('d', 1..=8) => text.push_str(&format!("{days:0run$}")),
            ('h', 1 | 2) => text.push_str(&format!("{hours:0run$}")),
            ('m', 1 | 2) => text.push_str(&format!("{minutes:0run$}")),
            ('s', 1 | 2) => text.push_str(&format!("{seconds:0run$}")),
            ('f', 1..=7) => text.push_str(fraction.get(..run).unwrap_or("")),
            ('F', 1..=7) => text.push_str(fraction.get(..run).unwrap_or("").trim_end_matches('0')),
            ('\\', _) => {
                text.push(*chars.get(at + 1).ok_or_else(super::format::wrong)?);
                taken = 2;
            }
            ('%', _) if chars.get(at + 1).is_some_and(|next| *next != '%') => taken = 1,
            ('\'' | '"', _) => {
                let inner: String = chars.iter().skip(at + 1).take_while(|other| **other != c).collect();
                taken = inner.chars().count() + 2;
                if at + taken > chars.len() {
                    return Err(format_exception(format!(
                        "Cannot find a matching quote character for the character '{c}'."
                    )));
                }
                text.push_str(&inner);
            }
            _ => return Err(super::format::wrong()),
        }
        at += taken;
    }
    Ok(text)
}
