//! Pools and circuit breakers of backends. Reads and checks; `backends` in the core's root acts on them.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::Value;

use crate::config::duration::seconds;
use crate::config::model::{CircuitBreaker, Member, Pool};
use crate::config::parse::properties::Properties;
use crate::config::resource::Resource;
use crate::diagnostic::nearest;
use crate::http::HeaderName;

/// Backends that one pool may have, as in APIM.
const MEMBERS_MAX: usize = 30;

/// The weight of a member that names none: an equal share.
const WEIGHT: u32 = 1;

/// Ranges of status codes, and reasons, that one breaker may have, as in APIM.
const CONDITIONS_MAX: usize = 10;

/// What counts as a failure for a breaker that names neither status codes nor reasons.
const SERVER_ERRORS: RangeInclusive<u16> = 500..=599;

/// Whether a backend is a pool.
pub(super) fn is_pool(backend: &Resource) -> bool {
    let kind = backend.properties.get("type").and_then(Value::as_str);
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case("Pool"))
}

/// The pool of a backend that is one.
pub(super) fn pool(properties: &mut Properties<'_>, all: &[&Resource]) -> Option<Pool> {
    let path = ["pool", "services"];
    let count = properties.items(&path).len();
    if count == 0 || count > MEMBERS_MAX {
        let message = format!("a pool has 1 to {MEMBERS_MAX} backends in `pool.services`, this one has {count}");
        properties.error(&path, "wrong-pool", message);
        return None;
    }
    let mut members: Vec<Member> = Vec::with_capacity(count);
    for index in 0..count {
        let member = member(properties, all, &index.to_string())?;
        if members.iter().any(|other| other.backend == member.backend) {
            let message = format!("the backend `{}` is in the pool already", member.backend);
            properties.error(&path, "wrong-pool", message);
        }
        members.push(member);
    }
    Some(Pool { members, affinity: affinity(properties) })
}

fn member(properties: &mut Properties<'_>, all: &[&Resource], index: &str) -> Option<Member> {
    let place = ["pool", "services", index];
    let at = |name: &'static str| ["pool", "services", index, name];
    let Some(id) = properties.value(&at("id")).and_then(Value::as_str) else {
        properties.error(&place, "missing-property", format!("`pool.services.{index}.id` is missing"));
        return None;
    };
    let name = id.rsplit('/').next().unwrap_or(id).to_ascii_lowercase();
    let named = |resource: &&&Resource| resource.id.name().eq_ignore_ascii_case(&name);
    match all.iter().find(named) {
        None => {
            let help = nearest(&name, all.iter().map(|resource| resource.id.name()));
            let help = help.map(|near| format!("did you mean `{near}`?"));
            properties.error_with_help(&place, "unknown-backend", format!("there is no backend `{name}`"), help);
        }
        Some(found) if is_pool(found) => {
            properties.error(&place, "wrong-pool", format!("`{name}` is a pool: a pool cannot be in a pool"));
        }
        Some(_) => {}
    }
    let weight = share(properties, &at("weight"), WEIGHT);
    let priority = share(properties, &at("priority"), 0);
    Some(Member { backend: name, weight, priority })
}

fn share(properties: &mut Properties<'_>, path: &[&str], default: u32) -> u32 {
    let number = match properties.value(path) {
        None => Some(default),
        Some(value) => value.as_u64().and_then(|number| u32::try_from(number).ok()),
    };
    let number = number.filter(|number| *number <= 100);
    if number.is_none() {
        properties.error(path, "wrong-pool", format!("`{}` is not a whole number from 0 to 100", path.join(".")));
    }
    number.unwrap_or(0)
}

fn affinity(properties: &mut Properties<'_>) -> Option<String> {
    let path = ["pool", "sessionAffinity"];
    properties.value(&path)?;
    let source = properties.required(&["pool", "sessionAffinity", "sessionId", "source"])?;
    if !source.eq_ignore_ascii_case("Cookie") {
        properties.not_one_of(&["pool", "sessionAffinity", "sessionId", "source"], source, "`Cookie`");
    }
    let path = ["pool", "sessionAffinity", "sessionId", "name"];
    let name = properties.required(&path)?;
    // Both are tokens of RFC 9110.
    if HeaderName::from_bytes(name.as_bytes()).is_err() {
        properties.error(&path, "wrong-pool", format!("`{name}` cannot be the name of a cookie"));
    }
    Some(name.to_owned())
}

/// The circuit breaker of a backend.
pub(super) fn circuit_breaker(properties: &mut Properties<'_>, is_pool: bool) -> Option<CircuitBreaker> {
    let path = ["circuitBreaker", "rules"];
    properties.value(&["circuitBreaker"])?;
    let rules = properties.items(&path);
    if is_pool && !rules.is_empty() {
        properties.warning(&path, "no-effect", "a pool has no circuit breaker of its own: its backends have");
        return None;
    }
    match rules {
        [] => None,
        [_] => rule(properties),
        [_, _, ..] => {
            properties.error(&path, "wrong-breaker", "a backend has one circuit breaker rule at most");
            None
        }
    }
}

fn rule(properties: &mut Properties<'_>) -> Option<CircuitBreaker> {
    if properties.value(&CONDITION).is_none() {
        properties.error(&CONDITION, "missing-property", "`failureCondition` is missing");
        return None;
    }
    let count = number(properties, "count", i64::MAX);
    let percentage = number(properties, "percentage", 100);
    if count.is_none() && percentage.is_none() {
        properties.error(&CONDITION, "missing-property", "`failureCondition` needs `count` or `percentage`");
    }
    let statuses = statuses(properties);
    let reasons = list(properties, "errorReasons");
    let reasons: Vec<String> = reasons.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let statuses = if statuses.is_empty() && reasons.is_empty() { vec![SERVER_ERRORS] } else { statuses };
    let accepts = properties.value(&[&RULE[..], &["acceptRetryAfter"]].concat());
    Some(CircuitBreaker {
        count,
        percentage,
        interval: duration(properties, "failureCondition.interval")?,
        statuses,
        reasons,
        trip: duration(properties, "tripDuration")?,
        accept_retry_after: accepts.and_then(Value::as_bool).unwrap_or(false),
    })
}

const RULE: [&str; 3] = ["circuitBreaker", "rules", "0"];
const CONDITION: [&str; 4] = ["circuitBreaker", "rules", "0", "failureCondition"];

fn condition<'v>(properties: &Properties<'v>, name: &str) -> Option<&'v Value> {
    properties.value(&[&CONDITION[..], &[name]].concat())
}

fn number(properties: &mut Properties<'_>, name: &str, max: i64) -> Option<u64> {
    let value = condition(properties, name)?;
    let number = value.as_i64().filter(|number| (1..=max).contains(number));
    if number.is_none() {
        let upto = if max == i64::MAX { String::new() } else { format!(" to {max}") };
        let message = format!("`failureCondition.{name}` is not a whole number from 1{upto}");
        properties.error(&RULE, "wrong-breaker", message);
    }
    number.and_then(|number| u64::try_from(number).ok())
}

fn list<'v>(properties: &mut Properties<'v>, name: &str) -> &'v [Value] {
    let Some(value) = condition(properties, name) else { return &[] };
    let items = value.as_array().map_or(&[][..], Vec::as_slice);
    if !value.is_array() || items.len() > CONDITIONS_MAX {
        let message = format!("`failureCondition.{name}` is not a list of {CONDITIONS_MAX} at most");
        properties.error(&RULE, "wrong-breaker", message);
    }
    items
}

fn statuses(properties: &mut Properties<'_>) -> Vec<RangeInclusive<u16>> {
    let mut ranges = Vec::new();
    for item in list(properties, "statusCodeRanges") {
        let end = |name: &str| item.get(name).and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
        match (end("min"), end("max")) {
            (Some(min), Some(max)) if (100..=599).contains(&min) && (min..=599).contains(&max) => {
                ranges.push(min..=max);
            }
            _ => {
                let message = format!("`{item}` is no range of status codes: expected `min` and `max` from 100 to 599");
                properties.error(&RULE, "wrong-breaker", message);
            }
        }
    }
    ranges
}

fn duration(properties: &mut Properties<'_>, name: &str) -> Option<Duration> {
    let path = [&RULE[..], &name.split('.').collect::<Vec<_>>()].concat();
    let written = properties.value(&path).and_then(Value::as_str);
    let duration = written.and_then(seconds).filter(|seconds| *seconds > 0);
    if duration.is_none() {
        let shown = written.map_or_else(|| "missing".to_owned(), |text| format!("`{text}`"));
        let message = format!("`{name}` is {shown}: expected a duration as in `PT1M`");
        properties.error(&RULE, "wrong-breaker", message);
    }
    duration.map(Duration::from_secs)
}
