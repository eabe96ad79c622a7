//! `TimeZoneInfo.AdjustmentRule` and `TimeZoneInfo.TransitionTime`, and zones that are made of them.

use super::time_span::TICKS_PER_MINUTE;
use super::{Call, Row, row};
use crate::expr::Interrupt;
use crate::expr::exception::{Outcome, argument, broken, out_of_range, throw};
use crate::expr::instance::{self, Instance, State};
use crate::expr::ty::{Class, Ty};
use crate::value::library::{ZoneData, ZoneRule, ZoneSwitch};
use crate::value::time::TICKS_PER_SECOND;
use crate::value::{DateTime, DateTimeKind, TimeSpan, Value};

const RULE: &str = "AdjustmentRule";
const SWITCH: &str = "TransitionTime";

pub(super) const ROWS: &[Row] = &[
    row(
        RULE,
        "static AdjustmentRule CreateAdjustmentRule(DateTime dateStart, DateTime dateEnd, TimeSpan daylightDelta, TransitionTime daylightTransitionStart, TransitionTime daylightTransitionEnd)",
        |call| created(call, TimeSpan(0)),
    ),
    row(
        RULE,
        "static AdjustmentRule CreateAdjustmentRule(DateTime dateStart, DateTime dateEnd, TimeSpan daylightDelta, TransitionTime daylightTransitionStart, TransitionTime daylightTransitionEnd, TimeSpan baseUtcOffsetDelta)",
        |call| {
            let base = span(call, 5)?;
            created(call, base)
        },
    ),
    row(RULE, "DateTime DateStart", |call| rule(call, |rule| Value::DateTime(rule.start))),
    row(RULE, "DateTime DateEnd", |call| rule(call, |rule| Value::DateTime(rule.end))),
    row(RULE, "TimeSpan DaylightDelta", |call| rule(call, |rule| Value::TimeSpan(rule.daylight))),
    row(RULE, "TimeSpan BaseUtcOffsetDelta", |call| rule(call, |rule| Value::TimeSpan(rule.base))),
    row(RULE, "TransitionTime DaylightTransitionStart", |call| {
        let [start, _] = call.state(0, |rule: &mut HeldRule| rule.0.switches)?;
        call.object(Ty::Class(Class::TransitionTime), HeldSwitch(start))
    }),
    row(RULE, "TransitionTime DaylightTransitionEnd", |call| {
        let [_, end] = call.state(0, |rule: &mut HeldRule| rule.0.switches)?;
        call.object(Ty::Class(Class::TransitionTime), HeldSwitch(end))
    }),
    row(RULE, "bool Equals(AdjustmentRule other)", same_rule),
    row(RULE, "bool Equals(object obj)", same_rule),
    row(RULE, "int GetHashCode()", |call| {
        let start = call.state(0, |rule: &mut HeldRule| rule.0.start)?;
        Ok(Value::Int32(super::hash_code::hash_code(call.machine, &Value::DateTime(start))))
    }),
    row(SWITCH, "new TransitionTime()", |_| Ok(default_switch())),
    row(SWITCH, "static TransitionTime CreateFixedDateRule(DateTime timeOfDay, int month, int day)", |call| {
        let switch = fixed_switch(moment(call, 0)?, call.int(1)?, call.int(2)?)?;
        call.object(Ty::Class(Class::TransitionTime), HeldSwitch(switch))
    }),
    row(
        SWITCH,
        "static TransitionTime CreateFloatingDateRule(DateTime timeOfDay, int month, int week, DayOfWeek dayOfWeek)",
        |call| {
            let switch = floating_switch(moment(call, 0)?, call.int(1)?, call.int(2)?, call.number(3)?)?;
            call.object(Ty::Class(Class::TransitionTime), HeldSwitch(switch))
        },
    ),
    row(SWITCH, "DateTime TimeOfDay", |call| {
        let time = call.state(0, |switch: &mut HeldSwitch| switch.0.time)?;
        let time = DateTime::of_ticks(time, DateTimeKind::Unspecified);
        time.map(Value::DateTime).ok_or_else(|| broken("a time of a day"))
    }),
    row(SWITCH, "int Month", |call| switch(call, |switch| Value::Int32(switch.month))),
    row(SWITCH, "int Week", |call| switch(call, |switch| Value::Int32(switch.week))),
    row(SWITCH, "int Day", |call| switch(call, |switch| Value::Int32(switch.day))),
    row(SWITCH, "DayOfWeek DayOfWeek", |call| {
        switch(call, |switch| Value::Enum(super::enums::DAY_OF_WEEK.value(switch.weekday)))
    }),
    row(SWITCH, "bool IsFixedDateRule", |call| switch(call, |switch| Value::Bool(switch.is_fixed))),
    row(SWITCH, "bool Equals(TransitionTime other)", |call| Ok(Value::Bool(call.value(0) == call.value(1)))),
    row(SWITCH, "int GetHashCode()", |call| switch(call, |switch| Value::Int32(switch.month ^ (switch.week << 8)))),
];

/// `TimeZoneInfo.AdjustmentRule`
#[derive(Debug)]
pub(super) struct HeldRule(pub(super) ZoneRule);

impl State for HeldRule {}

/// `TimeZoneInfo.TransitionTime`
#[derive(Debug)]
struct HeldSwitch(ZoneSwitch);

impl State for HeldSwitch {
    fn equals(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

/// `default(TimeZoneInfo.TransitionTime)`
pub(crate) fn default_switch() -> Value {
    Value::Object(Instance::object(Ty::Class(Class::TransitionTime), HeldSwitch(ZoneSwitch::default())))
}

/// One rule as an object.
pub(super) fn rule_object(call: &mut Call<'_, '_>, rule: ZoneRule) -> Outcome<Value> {
    call.object(Ty::Class(Class::AdjustmentRule), HeldRule(rule))
}

/// The rules in an array among the arguments, some of which may be missing; null has none.
pub(super) fn rules_in(call: &mut Call<'_, '_>, at: usize) -> Outcome<Vec<Option<ZoneRule>>> {
    if call.value(at).is_null() {
        return Ok(Vec::new());
    }
    let items = call.items(at, "adjustmentRules")?;
    let rule = |item: &Value| instance::look(item, |rule: &mut HeldRule| rule.0);
    Ok(items.iter().map(rule).collect())
}

/// A zone of rules; its names are how it is shown, its standard time and its daylight saving time. Without the last, the rules are
/// kept and change nothing.
pub(super) fn new_zone(
    id: String,
    base: TimeSpan,
    names: [String; 3],
    given: Vec<Option<ZoneRule>>,
    has_daylight: bool,
) -> Outcome<ZoneData> {
    const OFFSET: &str = "baseUtcOffset";
    if id.is_empty() {
        return Err(argument("The value cannot be an empty string.", "id"));
    }
    if !is_offset(base.0) {
        return Err(out_of_range(NO_OFFSET, OFFSET));
    }
    if base.0 % TICKS_PER_MINUTE != 0 {
        return Err(argument(NO_MINUTES, OFFSET));
    }
    let mut last: Option<DateTime> = None;
    let mut rules = Vec::with_capacity(given.len());
    for rule in given {
        let rule = rule.ok_or_else(|| invalid("The AdjustmentRule array cannot contain null elements."))?;
        if !is_offset(base.0 + rule.base.0 + rule.daylight.0) {
            let message =
                "The sum of the BaseUtcOffset and DaylightDelta properties must within plus or minus 14.0 hours.";
            return Err(invalid(message));
        }
        if last.is_some_and(|last| rule.start.ticks() <= last.ticks()) {
            let message =
                "The elements of the AdjustmentRule array must be in chronological order and must not overlap.";
            return Err(invalid(message));
        }
        last = Some(rule.end);
        rules.push(rule);
    }
    let base_seconds = base.0 / TICKS_PER_SECOND;
    let changes = if has_daylight { super::zone_rules::changes(base_seconds, &rules) } else { Vec::new() };
    let [display, standard_name, daylight_name] = names;
    let daylight_name = if has_daylight { daylight_name } else { String::new() };
    let display = Some(display);
    Ok(ZoneData { id, is_local: false, base_seconds, display, standard_name, daylight_name, changes, rules })
}

const NO_OFFSET: &str = "The TimeSpan parameter must be within plus or minus 14.0 hours.";
const NO_MINUTES: &str = "The TimeSpan parameter cannot be specified more precisely than whole minutes.";

const fn is_offset(ticks: i64) -> bool {
    ticks.unsigned_abs() <= 14 * 60 * TICKS_PER_MINUTE.unsigned_abs()
}

fn invalid(message: &str) -> Interrupt {
    throw("System.InvalidTimeZoneException", message)
}

fn rule(call: &Call<'_, '_>, part: fn(&ZoneRule) -> Value) -> Outcome<Value> {
    call.state(0, |rule: &mut HeldRule| part(&rule.0))
}

fn switch(call: &Call<'_, '_>, part: fn(&ZoneSwitch) -> Value) -> Outcome<Value> {
    call.state(0, |switch: &mut HeldSwitch| part(&switch.0))
}

// What a rule says of the year does not tell two apart whose days are the same.
fn same_rule(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let this = call.state(0, |rule: &mut HeldRule| rule.0)?;
    let other = instance::look(call.value(1), |rule: &mut HeldRule| rule.0);
    Ok(Value::Bool(other.is_some_and(|other| ZoneRule { is_constant: this.is_constant, ..other } == this)))
}

fn moment(call: &Call<'_, '_>, at: usize) -> Outcome<DateTime> {
    match call.value(at) {
        Value::DateTime(moment) => Ok(*moment),
        _ => Err(broken("expected a moment")),
    }
}

fn span(call: &Call<'_, '_>, at: usize) -> Outcome<TimeSpan> {
    match call.value(at) {
        Value::TimeSpan(span) => Ok(*span),
        _ => Err(broken("expected a time span")),
    }
}

fn created(call: &mut Call<'_, '_>, base: TimeSpan) -> Outcome<Value> {
    let switch = |at: usize| call.state(at, |switch: &mut HeldSwitch| switch.0);
    let switches = [switch(3)?, switch(4)?];
    let (start, end, daylight) = (moment(call, 0)?, moment(call, 1)?, span(call, 2)?);
    let rule = new_rule(ZoneRule { start, end, daylight, base, switches, is_constant: false })?;
    rule_object(call, rule)
}

/// A rule, if .NET takes it.
pub(super) fn new_rule(rule: ZoneRule) -> Outcome<ZoneRule> {
    const KIND: &str =
        "The supplied DateTime must have the Kind property set to DateTimeKind.Unspecified or DateTimeKind.Utc.";
    for (moment, name) in [(rule.start, "dateStart"), (rule.end, "dateEnd")] {
        if moment.kind() == DateTimeKind::Local {
            return Err(argument(KIND, name));
        }
    }
    if rule.switches[0] == rule.switches[1] && !rule.is_constant {
        let message = "The DaylightTransitionStart property must not equal the DaylightTransitionEnd property.";
        return Err(argument(message, "daylightTransitionEnd"));
    }
    if rule.start.ticks() > rule.end.ticks() {
        return Err(argument("The DateStart property must come before the DateEnd property.", "dateStart"));
    }
    const HOUR: i64 = 60 * TICKS_PER_MINUTE;
    if !(-23 * HOUR..=14 * HOUR).contains(&rule.daylight.0) {
        let message =
            format!("{NO_OFFSET} (Parameter 'daylightDelta')\nActual value was {}.", Value::TimeSpan(rule.daylight));
        return Err(throw("System.ArgumentOutOfRangeException", message));
    }
    if rule.daylight.0 % TICKS_PER_MINUTE != 0 {
        return Err(argument(NO_MINUTES, "daylightDelta"));
    }
    for (moment, limit, name) in [(rule.start, DateTime::MIN, "dateStart"), (rule.end, DateTime::MAX, "dateEnd")] {
        let has_time = moment.ticks() % (24 * HOUR) != 0 && moment.kind() == DateTimeKind::Unspecified;
        if has_time && moment != limit {
            return Err(argument("The supplied DateTime includes a TimeOfDay setting.   This is not supported.", name));
        }
    }
    Ok(rule)
}

/// A day of each year by its number in a month.
pub(super) fn fixed_switch(time: DateTime, month: i32, day: i32) -> Outcome<ZoneSwitch> {
    new_switch(ZoneSwitch { time: time.ticks(), month, week: 1, day, weekday: 0, is_fixed: true }, time.kind())
}

/// A day of each year by its weekday and week in a month.
pub(super) fn floating_switch(time: DateTime, month: i32, week: i32, weekday: i32) -> Outcome<ZoneSwitch> {
    new_switch(ZoneSwitch { time: time.ticks(), month, week, day: 1, weekday, is_fixed: false }, time.kind())
}

fn new_switch(switch: ZoneSwitch, kind: DateTimeKind) -> Outcome<ZoneSwitch> {
    if kind != DateTimeKind::Unspecified {
        let message = "The supplied DateTime must have the Kind property set to DateTimeKind.Unspecified.";
        return Err(argument(message, "timeOfDay"));
    }
    let ranges = [
        (switch.month, 12, "The Month parameter must be in the range 1 through 12.", "month"),
        (switch.day, 31, "The Day parameter must be in the range 1 through 31.", "day"),
        (switch.week, 5, "The Week parameter must be in the range 1 through 5.", "week"),
        (switch.weekday + 1, 7, "The DayOfWeek enumeration must be in the range 0 through 6.", "dayOfWeek"),
    ];
    for (number, most, message, name) in ranges {
        if !(1..=most).contains(&number) {
            return Err(out_of_range(message, name));
        }
    }
    let is_time = (0..24 * 60 * TICKS_PER_MINUTE).contains(&switch.time);
    if !is_time || switch.time % (TICKS_PER_SECOND / 1000) != 0 {
        let message = "The supplied DateTime must have the Year, Month, and Day properties set to 1.  The time cannot be specified \
                       more precisely than whole milliseconds.";
        return Err(argument(message, "timeOfDay"));
    }
    Ok(switch)
}
