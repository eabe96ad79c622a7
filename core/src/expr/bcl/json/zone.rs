//! What the serializer writes of time zones and their rules, which say it themselves: not what their properties show.

use std::sync::Arc;

use super::super::{Call, zone_rule, zone_rules};
use super::properties::{self, Members};
use crate::expr::exception::Outcome;
use crate::expr::instance;
use crate::expr::ty::{Class, Ty};
use crate::value::library::ZoneData;
use crate::value::{Library, TimeSpan, Value};

/// What is written of the value; `None` for what is none of these.
pub(super) fn of(call: &mut Call<'_, '_>, value: &Value) -> Outcome<Option<Members>> {
    if let Value::Library(Library::TimeZone(zone)) = value {
        return of_zone(call, zone).map(Some);
    }
    if matches!(value, Value::Object(object) if instance::type_of(object) == Some(&Ty::Class(Class::TimeZone))) {
        return properties::named(call, value, Class::TimeZone, &["StandardName", "DaylightName"]).map(Some);
    }
    match instance::look(value, |rule: &mut zone_rule::HeldRule| rule.0.is_constant) {
        Some(is_constant) => of_rule(call, value, is_constant).map(Some),
        None => Ok(None),
    }
}

fn of_zone(call: &mut Call<'_, '_>, zone: &ZoneData) -> Outcome<Members> {
    // The names of the system's zones are looked up when they are first asked for.
    let is_named = zone.display.is_some() || zone.id == "UTC";
    let name = |text: &str| if is_named { Value::string(text) } else { Value::Null };
    let rules = zone_rules::rules(zone);
    let rules = match rules.is_empty() && !zone.is_local {
        true => Value::Null,
        false => {
            let rules = rules.into_iter().map(|rule| zone_rule::rule_object(call, rule));
            let rules = rules.collect::<Outcome<Vec<Value>>>()?;
            call.machine.array_of(Ty::Class(Class::AdjustmentRule), rules)?
        }
    };
    let base = Value::TimeSpan(TimeSpan(zone.base_seconds * crate::value::time::TICKS_PER_SECOND));
    Ok(named([
        ("Id", Value::string(&*zone.id)),
        ("DisplayName", name(&zone.display_name())),
        ("StandardName", name(&zone.standard_name)),
        ("DaylightName", name(&zone.daylight_name)),
        ("BaseUtcOffset", base),
        ("AdjustmentRules", rules),
        ("SupportsDaylightSavingTime", Value::Bool(zone.has_daylight())),
    ]))
}

fn of_rule(call: &mut Call<'_, '_>, value: &Value, is_constant: bool) -> Outcome<Members> {
    const NAMES: [&str; 6] = [
        "DateStart",
        "DateEnd",
        "DaylightDelta",
        "DaylightTransitionStart",
        "DaylightTransitionEnd",
        "BaseUtcOffsetDelta",
    ];
    let mut members = properties::named(call, value, Class::AdjustmentRule, &NAMES)?;
    members.push((Arc::from("NoDaylightTransitions"), Value::Bool(is_constant)));
    Ok(members)
}

fn named<const N: usize>(members: [(&str, Value); N]) -> Members {
    members.into_iter().map(|(name, value)| (Arc::from(name), value)).collect()
}
