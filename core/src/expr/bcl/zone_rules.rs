//! The rules of time zones: as .NET makes them of IANA data, as its members show them, and what changes they make. Holds no members.

use super::zone_data::{History, Rule, Switch, YEAR_MAX, history};
use crate::value::library::{ZoneChange, ZoneData, ZoneRule, ZoneSwitch};
use crate::value::time::{TICKS_PER_SECOND, UNIX_EPOCH_TICKS};
use crate::value::{DateTime, DateTimeKind, TimeSpan};

const TICKS_PER_MILLISECOND: i64 = TICKS_PER_SECOND / 1000;
const TICKS_PER_DAY: i64 = 86_400 * TICKS_PER_SECOND;

/// What .NET marks a time as daylight saving time with that has no days of its own.
const MARK: ZoneSwitch =
    ZoneSwitch { time: 2 * TICKS_PER_MILLISECOND, month: 1, week: 1, day: 1, weekday: 0, is_fixed: true };

/// The rules as .NET keeps them: by UTC, one from each change to the next.
pub(super) fn rules(zone: &ZoneData) -> Vec<ZoneRule> {
    if zone.display.is_some() {
        return zone.rules.clone();
    }
    history(&zone.id).and_then(|history| of_history(zone.base_seconds, &history)).unwrap_or_default()
}

/// The rules as members show them: by the clocks of the zone, with the days of the changes in them.
pub(super) fn shown_rules(zone: &ZoneData) -> Vec<ZoneRule> {
    rules(zone).iter().filter_map(|rule| shown(zone.base_seconds * TICKS_PER_SECOND, rule)).flatten().collect()
}

fn of_history(base: i64, history: &History) -> Option<Vec<ZoneRule>> {
    let (last, earlier) = history.changes.split_last().filter(|(_, earlier)| !earlier.is_empty())?;
    let next = history.changes.iter().skip(1);
    let mut rules = Vec::with_capacity(history.changes.len());
    for (at, (change, next)) in earlier.iter().zip(next).enumerate() {
        let start = if at == 0 { DateTime::MIN } else { utc(change.at, 0)? };
        rules.push(constant(start, utc(next.at, -1)?, base, *change, at > 0));
    }
    let start = utc(last.at, 0)?;
    rules.push(match &history.rule {
        Some(rule) => yearly(start, base, rule),
        None => constant(start, DateTime::MAX, base, *last, false),
    });
    Some(rules)
}

// The moment so many ticks after a second since 1970.
fn utc(seconds: i64, ticks: i64) -> Option<DateTime> {
    DateTime::of_ticks(UNIX_EPOCH_TICKS + seconds * TICKS_PER_SECOND + ticks, DateTimeKind::Utc)
}

fn constant(start: DateTime, end: DateTime, base: i64, change: ZoneChange, is_marked: bool) -> ZoneRule {
    let distance = TimeSpan((change.offset_seconds - base) * TICKS_PER_SECOND);
    let (daylight, base) = if change.is_daylight { (distance, TimeSpan(0)) } else { (TimeSpan(0), distance) };
    let mark = if change.is_daylight && is_marked { MARK } else { ZoneSwitch::default() };
    ZoneRule { start, end, daylight, base, switches: [mark, ZoneSwitch::default()], is_constant: true }
}

fn yearly(start: DateTime, base: i64, rule: &Rule) -> ZoneRule {
    let (daylight, switches) = match rule.daylight {
        Some((offset, switches)) => (offset - rule.standard, switches.map(floating)),
        None => (0, [ZoneSwitch::default(); 2]),
    };
    ZoneRule {
        start,
        end: DateTime::MAX,
        daylight: TimeSpan(daylight * TICKS_PER_SECOND),
        base: TimeSpan((rule.standard - base) * TICKS_PER_SECOND),
        switches,
        is_constant: rule.daylight.is_none(),
    }
}

// Whole days of the time are left out, as in .NET, and a time before midnight is one of the day before.
fn floating(switch: Switch) -> ZoneSwitch {
    let time = switch.time % 86_400 + if switch.time % 86_400 < 0 { 86_400 } else { 0 };
    let number = |number: i64| i32::try_from(number).unwrap_or_default();
    ZoneSwitch {
        time: time * TICKS_PER_SECOND,
        month: number(switch.month),
        week: number(switch.week),
        day: 1,
        weekday: number(switch.weekday),
        is_fixed: false,
    }
}

// A rule that says nothing is not shown, and one without days of its own is cut where years end.
fn shown(base: i64, rule: &ZoneRule) -> Option<Vec<ZoneRule>> {
    let is_plain = rule.is_constant && rule.switches[0] != MARK;
    if is_plain && rule.daylight.0 == 0 && rule.base.0 == 0 {
        return None;
    }
    let start = on_clock(rule.start, base)?;
    let end = on_clock(rule.end, base + rule.daylight.0)?;
    if !rule.is_constant {
        return Some(vec![ZoneRule { start: date(start)?, end: date(end)?, ..*rule }]);
    }
    let (first, last) = (start.civil().year, end.civil().year);
    if first == last {
        return Some(vec![part(rule, start, end)?]);
    }
    let mut parts = vec![part(rule, start, before_year(first + 1)?)?];
    if last - first > 1 {
        parts.push(part(rule, year(first + 1, 0)?, before_year(last)?)?);
    }
    parts.push(part(rule, year(last, 0)?, end)?);
    Some(parts)
}

fn on_clock(moment: DateTime, offset: i64) -> Option<DateTime> {
    match moment.kind() {
        DateTimeKind::Utc => DateTime::of_ticks(moment.ticks() + offset, DateTimeKind::Unspecified),
        DateTimeKind::Unspecified | DateTimeKind::Local => Some(moment),
    }
}

fn date(moment: DateTime) -> Option<DateTime> {
    DateTime::of_ticks(moment.ticks() / TICKS_PER_DAY * TICKS_PER_DAY, DateTimeKind::Unspecified)
}

fn year(year: i32, ticks: i64) -> Option<DateTime> {
    DateTime::of_ticks(super::time::ticks_of_date(year, 1, 1)? + ticks, DateTimeKind::Unspecified)
}

fn before_year(next: i32) -> Option<DateTime> {
    year(next, -TICKS_PER_MILLISECOND)
}

fn part(rule: &ZoneRule, start: DateTime, end: DateTime) -> Option<ZoneRule> {
    let switches = [start, end].map(|moment| {
        let civil = moment.civil();
        ZoneSwitch {
            time: moment.ticks() % TICKS_PER_DAY / TICKS_PER_MILLISECOND * TICKS_PER_MILLISECOND,
            month: i32::from(civil.month),
            week: 1,
            day: i32::from(civil.day),
            weekday: 0,
            is_fixed: true,
        }
    });
    Some(ZoneRule { start: date(start)?, end: date(end)?, switches, is_constant: false, ..*rule })
}

/// The changes that rules make of an offset in seconds, up to the year 2100; between rules it is the plain one.
pub(super) fn changes(base: i64, rules: &[ZoneRule]) -> Vec<ZoneChange> {
    let mut changes: Vec<ZoneChange> = Vec::new();
    for rule in rules {
        let standard = base + rule.base.0 / TICKS_PER_SECOND;
        let daylight = standard + rule.daylight.0 / TICKS_PER_SECOND;
        let from = seconds(rule.start, standard, 0);
        let until = if rule.end == DateTime::MAX { i64::MAX } else { seconds(rule.end, standard, TICKS_PER_DAY) };
        changes.retain(|change| change.at < from);
        let at = |(at, is_daylight): (i64, bool)| ZoneChange {
            at,
            offset_seconds: if is_daylight { daylight } else { standard },
            is_daylight,
        };
        let switches = if rule.is_constant { Vec::new() } else { switched(rule, [standard, daylight]) };
        let begins_as = match switches.iter().rev().find(|(at, _)| *at <= from) {
            Some((_, is_daylight)) => *is_daylight,
            None => rule.is_constant && rule.daylight.0 != 0,
        };
        changes.push(at((from, begins_as)));
        changes.extend(switches.into_iter().filter(|(at, _)| (from + 1..until).contains(at)).map(at));
        if until < i64::MAX {
            changes.push(ZoneChange { at: until, offset_seconds: base, is_daylight: false });
        }
    }
    changes
}

// Seconds since 1970 by UTC.
fn seconds(moment: DateTime, offset: i64, ticks: i64) -> i64 {
    let offset = if moment.kind() == DateTimeKind::Utc { 0 } else { offset };
    (moment.ticks() + ticks - UNIX_EPOCH_TICKS).div_euclid(TICKS_PER_SECOND) - offset
}

// When daylight saving time begins and ends, in the order of time. It begins by standard time and ends by its own.
fn switched(rule: &ZoneRule, offsets: [i64; 2]) -> Vec<(i64, bool)> {
    let last = i64::from(rule.end.civil().year).min(YEAR_MAX);
    let years = rule.start.civil().year.saturating_sub(1)..=i32::try_from(last).unwrap_or_default();
    let mut switches: Vec<(i64, bool)> = years
        .flat_map(|year| {
            let pairs = rule.switches.iter().zip(offsets).zip([true, false]);
            pairs.filter_map(move |((switch, offset), is_daylight)| Some((moment(switch, year, offset)?, is_daylight)))
        })
        .collect();
    switches.sort_unstable();
    switches
}

fn moment(switch: &ZoneSwitch, year: i32, offset: i64) -> Option<i64> {
    let length = i32::try_from(super::time::days_in_month(year, switch.month)).ok()?;
    let first = super::time::ticks_of_date(year, switch.month, 1)?;
    let day = match switch.is_fixed {
        true => switch.day.min(length) - 1,
        false => {
            // 0001-01-01 was a Monday.
            let weekday = i32::try_from((first / TICKS_PER_DAY + 1) % 7).ok()?;
            let day = (switch.weekday - weekday).rem_euclid(7) + (switch.week - 1) * 7;
            if day >= length { day - 7 } else { day }
        }
    };
    let ticks = first + i64::from(day) * TICKS_PER_DAY + switch.time;
    Some((ticks - UNIX_EPOCH_TICKS).div_euclid(TICKS_PER_SECOND) - offset)
}
