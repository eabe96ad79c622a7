//! `System.TimeZoneInfo` and `System.TimeZone`. The gateway's own zone is UTC; the data of others is in `zone_data`, their rules are in
//! `zone_rules`.

use std::sync::Arc;

use super::time_span::TICKS_PER_MINUTE;
use super::zone_data::{utc, zone};
use super::zone_rule::{new_zone, rule_object, rules_in};
use super::zone_rules::shown_rules;
use super::{Call, Row, row, zone_text};
use crate::expr::eval::Single;
use crate::expr::exception::{Outcome, argument, argument_null, broken, throw};
use crate::expr::instance::State;
use crate::expr::ty::{Class, Ty};
use crate::value::library::{ZoneChange, ZoneData, ZoneRule};
use crate::value::time::{TICKS_PER_SECOND, UNIX_EPOCH_TICKS};
use crate::value::{DateTime, DateTimeKind, DateTimeOffset, Library, TimeSpan, Value};

const OWNER: &str = "TimeZoneInfo";

pub(super) const ROWS: &[Row] = &[
    row(OWNER, "static TimeZoneInfo Utc", |_| Ok(made(utc()))),
    row(OWNER, "static TimeZoneInfo Local", |_| Ok(made(ZoneData { is_local: true, ..utc() }))),
    row(OWNER, "static TimeZoneInfo FindSystemTimeZoneById(string id)", |call| found(call, 0, "id").map(made)),
    row(OWNER, "string Id", |call| named(call, |zone| zone.id.clone())),
    row(OWNER, "string DisplayName", |call| named(call, ZoneData::display_name)),
    row(OWNER, "string StandardName", |call| named(call, |zone| zone.standard_name.clone())),
    row(OWNER, "string DaylightName", |call| named(call, |zone| zone.daylight_name.clone())),
    row(OWNER, "bool HasIanaId", |call| {
        Ok(Value::Bool(this(call, 0, "this")?.id == "UTC" || this(call, 0, "this")?.id.contains('/')))
    }),
    row(OWNER, "TimeSpan BaseUtcOffset", |call| Ok(span(this(call, 0, "this")?.base_seconds))),
    row(OWNER, "bool SupportsDaylightSavingTime", |call| Ok(Value::Bool(this(call, 0, "this")?.has_daylight()))),
    row(OWNER, "bool HasSameRules(TimeZoneInfo other)", |call| {
        Ok(Value::Bool(has_same_rules(this(call, 0, "this")?, this(call, 1, "other")?)))
    }),
    row(OWNER, "TimeSpan GetUtcOffset(DateTime dateTime)", |call| Ok(span(meant(call)?.offset_seconds))),
    row(OWNER, "TimeSpan GetUtcOffset(DateTimeOffset dateTimeOffset)", |call| Ok(span(meant(call)?.offset_seconds))),
    row(OWNER, "bool IsDaylightSavingTime(DateTime dateTime)", |call| Ok(Value::Bool(meant(call)?.is_daylight))),
    row(OWNER, "bool IsDaylightSavingTime(DateTimeOffset dateTimeOffset)", |call| {
        Ok(Value::Bool(meant(call)?.is_daylight))
    }),
    row(OWNER, "bool IsInvalidTime(DateTime dateTime)", |call| {
        let (zone, moment) = (this(call, 0, "this")?, moment(call, 1)?);
        Ok(Value::Bool(moment.kind() == DateTimeKind::Unspecified && readings(zone, moment).is_empty()))
    }),
    row(OWNER, "bool IsAmbiguousTime(DateTime dateTime)", |call| {
        let (zone, moment) = (this(call, 0, "this")?, moment(call, 1)?);
        Ok(Value::Bool(moment.kind() == DateTimeKind::Unspecified && readings(zone, moment).len() > 1))
    }),
    row(OWNER, "static DateTime ConvertTimeFromUtc(DateTime dateTime, TimeZoneInfo destinationTimeZone)", |call| {
        let (moment, zone) = (moment(call, 0)?, this(call, 1, "destinationTimeZone")?);
        if moment.kind() == DateTimeKind::Local {
            return Err(wrong_kind());
        }
        shown(zone, moment.ticks())
    }),
    row(OWNER, "static DateTime ConvertTimeToUtc(DateTime dateTime)", |call| {
        moment_of(moment(call, 0)?.ticks(), DateTimeKind::Utc)
    }),
    row(OWNER, "static DateTime ConvertTimeToUtc(DateTime dateTime, TimeZoneInfo sourceTimeZone)", |call| {
        let zone = this(call, 1, "sourceTimeZone")?;
        moment_of(ticks_of_utc(moment(call, 0)?, zone)?, DateTimeKind::Utc)
    }),
    row(OWNER, "static DateTime ConvertTime(DateTime dateTime, TimeZoneInfo destinationTimeZone)", |call| {
        shown(this(call, 1, "destinationTimeZone")?, moment(call, 0)?.ticks())
    }),
    row(
        OWNER,
        "static DateTime ConvertTime(DateTime dateTime, TimeZoneInfo sourceTimeZone, TimeZoneInfo destinationTimeZone)",
        |call| {
            let (from, to) = (this(call, 1, "sourceTimeZone")?, this(call, 2, "destinationTimeZone")?);
            shown(to, ticks_of_utc(moment(call, 0)?, from)?)
        },
    ),
    row(
        OWNER,
        "static DateTimeOffset ConvertTime(DateTimeOffset dateTimeOffset, TimeZoneInfo destinationTimeZone)",
        |call| {
            let zone = this(call, 1, "destinationTimeZone")?;
            at_offset(call, zone)
        },
    ),
    row(
        OWNER,
        "static DateTime ConvertTimeBySystemTimeZoneId(DateTime dateTime, string destinationTimeZoneId)",
        |call| {
            let zone = found(call, 1, "destinationTimeZoneId")?;
            shown(&zone, moment(call, 0)?.ticks())
        },
    ),
    row(
        OWNER,
        "static DateTimeOffset ConvertTimeBySystemTimeZoneId(DateTimeOffset dateTimeOffset, string destinationTimeZoneId)",
        |call| {
            let zone = found(call, 1, "destinationTimeZoneId")?;
            at_offset(call, &zone)
        },
    ),
    row(
        OWNER,
        "static DateTime ConvertTimeBySystemTimeZoneId(DateTime dateTime, string sourceTimeZoneId, string destinationTimeZoneId)",
        |call| {
            let (from, to) = (found(call, 1, "sourceTimeZoneId")?, found(call, 2, "destinationTimeZoneId")?);
            shown(&to, ticks_of_utc(moment(call, 0)?, &from)?)
        },
    ),
    row(OWNER, "bool IsAmbiguousTime(DateTimeOffset dateTimeOffset)", |call| {
        let zone = this(call, 0, "this")?;
        Ok(Value::Bool(readings(zone, shown_clock(zone, moment(call, 1)?.ticks())?).len() > 1))
    }),
    row(OWNER, "TimeSpan[] GetAmbiguousTimeOffsets(DateTime dateTime)", |call| {
        let (zone, given) = (this(call, 0, "this")?, moment(call, 1)?);
        let clock = match given.kind() {
            DateTimeKind::Unspecified => given,
            DateTimeKind::Utc | DateTimeKind::Local => shown_clock(zone, given.ticks())?,
        };
        ambiguous(call, clock, "dateTime")
    }),
    row(OWNER, "TimeSpan[] GetAmbiguousTimeOffsets(DateTimeOffset dateTimeOffset)", |call| {
        let clock = shown_clock(this(call, 0, "this")?, moment(call, 1)?.ticks())?;
        ambiguous(call, clock, "dateTimeOffset")
    }),
    row(OWNER, "static bool TryFindSystemTimeZoneById(string id, out TimeZoneInfo timeZoneInfo)", |call| {
        let found = zone(call.text(0, "id")?);
        let is_found = found.is_some();
        call.give(found.map_or(Value::Null, made));
        Ok(Value::Bool(is_found))
    }),
    row(OWNER, "bool Equals(TimeZoneInfo other)", |call| {
        let this = this(call, 0, "this")?;
        Ok(Value::Bool(match call.value(1) {
            Value::Library(Library::TimeZone(other)) => {
                this.id.eq_ignore_ascii_case(&other.id) && has_same_rules(this, other)
            }
            _ => false,
        }))
    }),
    row(
        OWNER,
        "static TimeZoneInfo CreateCustomTimeZone(string id, TimeSpan baseUtcOffset, string displayName, string standardDisplayName)",
        |call| {
            let standard = text(call, 3)?;
            custom(call, standard, Vec::new(), true)
        },
    ),
    row(
        OWNER,
        "static TimeZoneInfo CreateCustomTimeZone(string id, TimeSpan baseUtcOffset, string displayName, string standardDisplayName, string daylightDisplayName, AdjustmentRule[] adjustmentRules)",
        |call| with_rules(call, true),
    ),
    row(
        OWNER,
        "static TimeZoneInfo CreateCustomTimeZone(string id, TimeSpan baseUtcOffset, string displayName, string standardDisplayName, string daylightDisplayName, AdjustmentRule[] adjustmentRules, bool disableDaylightSavingTime)",
        |call| {
            let is_disabled = call.bool(6)?;
            with_rules(call, !is_disabled)
        },
    ),
    row(OWNER, "AdjustmentRule[] GetAdjustmentRules()", |call| {
        let rules = shown_rules(this(call, 0, "this")?);
        let rules = rules.into_iter().map(|rule| rule_object(call, rule)).collect::<Outcome<Vec<Value>>>()?;
        call.machine.array_of(Ty::Class(Class::AdjustmentRule), rules)
    }),
    row(OWNER, "string ToSerializedString()", |call| {
        let text = zone_text::written(this(call, 0, "this")?);
        call.yields(text)
    }),
    row(OWNER, "static TimeZoneInfo FromSerializedString(string source)", |call| {
        let source = call.text(0, "source")?;
        if source.is_empty() {
            return Err(argument("The specified serialized string '' is not supported.", "source"));
        }
        let zone = zone_text::read(source)?;
        call.machine.charge(zone.changes.len() * size_of::<ZoneChange>())?;
        Ok(made(zone))
    }),
    row(OWNER, "string ToString()", |call| named(call, ZoneData::display_name)),
    row(OWNER, "static bool TryConvertIanaIdToWindowsId(string ianaId, out string windowsId)", no_name),
    row(OWNER, "static bool TryConvertWindowsIdToIanaId(string windowsId, out string ianaId)", no_name),
    row(OWNER, "static bool TryConvertWindowsIdToIanaId(string windowsId, string region, out string ianaId)", no_name),
    row(OWNER, "static void ClearCachedData()", |_| Ok(Value::Null)),
    row("TimeZone", "static TimeZone CurrentTimeZone", |call| {
        let ty = Ty::Class(Class::TimeZone);
        call.machine.single(Single::Zone, &ty, |machine| machine.object(ty.clone(), Current))
    }),
    row("TimeZone", "string StandardName", |call| call.yields(utc().standard_name.clone())),
    row("TimeZone", "string DaylightName", |call| call.yields(utc().daylight_name.clone())),
    row("TimeZone", "TimeSpan GetUtcOffset(DateTime time)", |_| Ok(span(0))),
    row("TimeZone", "bool IsDaylightSavingTime(DateTime time)", |_| Ok(Value::Bool(false))),
    row("TimeZone", "DateTime ToUniversalTime(DateTime time)", |call| {
        moment_of(moment(call, 1)?.ticks(), DateTimeKind::Utc)
    }),
    row("TimeZone", "DateTime ToLocalTime(DateTime time)", |call| {
        moment_of(moment(call, 1)?.ticks(), DateTimeKind::Local)
    }),
];

/// `TimeZone.CurrentTimeZone`: UTC, as the gateway's clock.
#[derive(Debug)]
struct Current;

impl State for Current {
    fn text(&self, _ty: &Ty) -> String {
        "System.CurrentSystemTimeZone".to_owned()
    }
}

// Without culture data .NET knows no other name of any zone.
fn no_name(call: &mut Call<'_, '_>) -> Outcome<Value> {
    call.give(Value::Null);
    Ok(Value::Bool(false))
}

fn has_same_rules(one: &ZoneData, other: &ZoneData) -> bool {
    one.base_seconds == other.base_seconds && one.changes == other.changes && one.rules == other.rules
}

// A text that may be null, which is an empty one.
fn text(call: &Call<'_, '_>, at: usize) -> Outcome<String> {
    Ok(call.text_or_null(at)?.map(ToString::to_string).unwrap_or_default())
}

fn with_rules(call: &mut Call<'_, '_>, has_daylight: bool) -> Outcome<Value> {
    call.text(0, "id")?;
    let (rules, daylight) = (rules_in(call, 5)?, text(call, 4)?);
    custom(call, daylight, rules, has_daylight)
}

// A zone that an expression makes.
fn custom(
    call: &mut Call<'_, '_>,
    daylight: String,
    rules: Vec<Option<ZoneRule>>,
    has_daylight: bool,
) -> Outcome<Value> {
    let id = call.text(0, "id")?.to_string();
    let Value::TimeSpan(offset) = call.value(1) else { return Err(broken("expected a time span")) };
    let names = [text(call, 2)?, text(call, 3)?, daylight];
    let zone = new_zone(id, *offset, names, rules, has_daylight)?;
    call.machine.charge(zone.changes.len() * size_of::<ZoneChange>())?;
    Ok(made(zone))
}

fn made(zone: ZoneData) -> Value {
    Value::Library(Library::TimeZone(Arc::new(zone)))
}

fn this<'c>(call: &Call<'c, '_>, at: usize, parameter: &str) -> Outcome<&'c ZoneData> {
    match call.value(at) {
        Value::Library(Library::TimeZone(zone)) => Ok(zone),
        Value::Null => Err(argument_null(parameter)),
        _ => Err(broken("expected a time zone")),
    }
}

fn found(call: &mut Call<'_, '_>, at: usize, parameter: &str) -> Outcome<ZoneData> {
    let id = call.text(at, if parameter == "id" { parameter } else { "id" })?;
    let zone = zone(id).ok_or_else(|| {
        let message = format!("The time zone ID '{id}' was not found on the local computer.");
        throw("System.TimeZoneNotFoundException", message)
    })?;
    call.machine.charge(zone.changes.len() * size_of::<ZoneChange>())?;
    Ok(zone)
}

fn named(call: &mut Call<'_, '_>, name: fn(&ZoneData) -> String) -> Outcome<Value> {
    let text = name(this(call, 0, "this")?);
    call.yields(text)
}

const fn span(seconds: i64) -> Value {
    Value::TimeSpan(TimeSpan(seconds * TICKS_PER_SECOND))
}

fn moment(call: &Call<'_, '_>, at: usize) -> Outcome<DateTime> {
    match call.value(at) {
        Value::DateTime(moment) => Ok(*moment),
        Value::DateTimeOffset(moment) => Ok(moment.utc()),
        _ => Err(broken("expected a moment")),
    }
}

// What the zone's clocks show at a moment of UTC.
fn shown_clock(zone: &ZoneData, utc: i64) -> Outcome<DateTime> {
    let ticks = utc + at(zone, utc).offset_seconds * TICKS_PER_SECOND;
    let ticks = ticks.clamp(DateTime::MIN.ticks(), DateTime::MAX.ticks());
    DateTime::of_ticks(ticks, DateTimeKind::Unspecified).ok_or_else(|| broken("a moment"))
}

fn ambiguous(call: &mut Call<'_, '_>, clock: DateTime, parameter: &str) -> Outcome<Value> {
    let mut offsets: Vec<i64> =
        readings(this(call, 0, "this")?, clock).iter().map(|change| change.offset_seconds).collect();
    if offsets.len() < 2 {
        let kind = if parameter == "dateTime" { "DateTime" } else { "DateTimeOffset" };
        let message = format!("The supplied {kind} is not in an ambiguous time range.");
        return Err(argument(&message, parameter));
    }
    offsets.sort_unstable();
    let spans = offsets.into_iter().map(span).collect();
    call.machine.array_of(crate::expr::ty::Ty::Class(crate::expr::ty::Class::TimeSpan), spans)
}

fn wrong_kind() -> crate::expr::Interrupt {
    let message = "The conversion could not be completed because the supplied DateTime did not have the Kind property set correctly.  \
                   For example, when the Kind property is DateTimeKind.Local, the source time zone must be TimeZoneInfo.Local.";
    argument(message, "sourceTimeZone")
}

// What holds at a moment of UTC, in ticks.
fn at(zone: &ZoneData, ticks: i64) -> ZoneChange {
    let seconds = (ticks - UNIX_EPOCH_TICKS).div_euclid(TICKS_PER_SECOND);
    let index = zone.changes.partition_point(|change| change.at <= seconds);
    let found = index.checked_sub(1).and_then(|index| zone.changes.get(index)).copied();
    found.unwrap_or(ZoneChange { at: i64::MIN, offset_seconds: zone.base_seconds, is_daylight: false })
}

// The offsets under which the zone's clocks show this time: none in a gap, two when it comes twice.
fn readings(zone: &ZoneData, clock: DateTime) -> Vec<ZoneChange> {
    let mut readings: Vec<ZoneChange> = Vec::new();
    for distance in [-1, 1] {
        let near = at(zone, clock.ticks() + distance * 24 * 60 * TICKS_PER_MINUTE);
        let meant = at(zone, clock.ticks() - near.offset_seconds * TICKS_PER_SECOND);
        let is_known = readings.iter().any(|known| known.offset_seconds == near.offset_seconds);
        if meant.offset_seconds == near.offset_seconds && !is_known {
            readings.push(meant);
        }
    }
    readings
}

// What holds when the clock shows this time: standard time when it is shown twice, and in a gap.
fn on_clock(zone: &ZoneData, clock: DateTime) -> ZoneChange {
    let readings = readings(zone, clock);
    let standard = ZoneChange { at: i64::MIN, offset_seconds: zone.base_seconds, is_daylight: false };
    readings.iter().find(|change| !change.is_daylight).or(readings.first()).copied().unwrap_or(standard)
}

// What holds in the receiver at the moment in the first argument. A moment of a known kind is one of UTC here.
fn meant(call: &Call<'_, '_>) -> Outcome<ZoneChange> {
    let (zone, moment) = (this(call, 0, "this")?, moment(call, 1)?);
    Ok(if moment.kind() == DateTimeKind::Unspecified { on_clock(zone, moment) } else { at(zone, moment.ticks()) })
}

fn ticks_of_utc(clock: DateTime, zone: &ZoneData) -> Outcome<i64> {
    // The local zone is UTC here too, but not the one that moments of UTC are of.
    let is_right = match clock.kind() {
        DateTimeKind::Unspecified => true,
        DateTimeKind::Utc => zone.id == "UTC" && !zone.is_local,
        DateTimeKind::Local => zone.is_local,
    };
    if !is_right {
        return Err(wrong_kind());
    }
    if readings(zone, clock).is_empty() {
        let message = "The supplied DateTime represents an invalid time.  For example, when the clock is adjusted forward, any time in \
                       the period that is skipped is invalid.";
        return Err(argument(message, "dateTime"));
    }
    Ok(clock.ticks() - on_clock(zone, clock).offset_seconds * TICKS_PER_SECOND)
}

// A moment outside the calendar becomes the calendar's end, as in .NET.
fn moment_of(ticks: i64, kind: DateTimeKind) -> Outcome<Value> {
    let ticks = ticks.clamp(DateTime::MIN.ticks(), DateTime::MAX.ticks());
    DateTime::of_ticks(ticks, kind).map(Value::DateTime).ok_or_else(|| broken("a moment"))
}

fn shown(zone: &ZoneData, utc: i64) -> Outcome<Value> {
    let kind = match zone {
        zone if zone.is_local => DateTimeKind::Local,
        zone if zone.id == "UTC" => DateTimeKind::Utc,
        _ => DateTimeKind::Unspecified,
    };
    moment_of(utc + at(zone, utc).offset_seconds * TICKS_PER_SECOND, kind)
}

fn at_offset(call: &Call<'_, '_>, zone: &ZoneData) -> Outcome<Value> {
    let utc = moment(call, 0)?.ticks();
    let minutes = at(zone, utc).offset_seconds / 60;
    let moved = DateTimeOffset::of_utc(utc, minutes).or_else(|| DateTimeOffset::of_utc(utc, 0));
    moved.map(Value::DateTimeOffset).ok_or_else(|| broken("a moment"))
}
