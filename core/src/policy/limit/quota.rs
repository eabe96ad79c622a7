//! `quota` and `quota-by-key`: calls and content in fixed windows. The counters are in `limits::quota`.

use std::sync::Arc;
use std::time::Duration;

use super::increment::{Counted, Increment};
use super::{Calls, NAMED, Named, counter_name, header_seconds, unrevised};
use crate::context::Context;
use crate::http::{StatusCode, header};
use crate::limits::quota::{Exhausted, FIRST_PERIOD_START, QuotaRule, What};
use crate::policy::dialect::Element;
use crate::policy::operand::Operand;
use crate::policy::place::Scope;
use crate::policy::reader::Reader;
use crate::policy::run::{Failure, Flow, Ran, Run, Settle, Stop};
use crate::policy::shape::{Attribute, Content, Occurs, Shape, attribute, child};
use crate::policy::{Built, Policy};
use crate::time::WallTime;

/// The shortest period of a `quota-by-key`, in seconds.
pub const QUOTA_PERIOD_SECONDS_MIN: u64 = 300;

/// `quota`
pub static QUOTA: Shape = Shape {
    attributes: &[
        attribute("calls").literal(),
        attribute("bandwidth").literal(),
        attribute("renewal-period").required().literal(),
    ],
    content: Content::Children(&[child("api", Occurs::Any, &API)]),
};

/// `quota-by-key`
pub static QUOTA_BY_KEY: Shape = Shape {
    attributes: &[
        attribute("calls").literal(),
        attribute("bandwidth").literal(),
        attribute("renewal-period").required().literal(),
        attribute("counter-key").required(),
        attribute("increment-condition"),
        attribute("increment-count"),
        attribute("first-period-start").literal(),
    ],
    content: Content::Empty,
};

static API: Shape =
    Shape { attributes: NESTED, content: Content::Children(&[child("operation", Occurs::Any, &OPERATION)]) };

static OPERATION: Shape = Shape { attributes: NESTED, content: Content::Empty };

const NESTED: &[Attribute] =
    &[NAMED, attribute("calls").literal(), attribute("bandwidth").literal(), attribute("renewal-period").literal()];

/// How much fits into a window.
#[derive(Clone, Copy, Debug)]
struct Amount {
    calls: Option<u64>,
    bytes: Option<u64>,
    period: Option<Duration>,
}

/// `quota`: of a subscription, of its calls to an API, and of those to an operation.
#[derive(Clone, Debug)]
pub struct Quota {
    amount: Amount,
    apis: Vec<ApiQuota>,
}

#[derive(Clone, Debug)]
struct ApiQuota {
    named: Named,
    amount: Amount,
    operations: Vec<(Named, Amount)>,
}

/// `quota-by-key`
#[derive(Clone, Debug)]
pub struct QuotaByKey {
    amount: Amount,
    key: Operand,
    increment: Increment,
    anchor: i64,
}

/// Compiles `quota`.
pub fn build_quota(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let amount = Amount::read(reader, None);
    let elements: Vec<&Element> = reader.element.elements().collect();
    let mut apis = Vec::new();
    for element in elements {
        let mut reader = reader.at(element);
        let (named, of_api) = (Named::read(&mut reader), Amount::read(&mut reader, amount));
        let mut operations = Vec::new();
        for element in element.elements() {
            let mut reader = reader.at(element);
            let (named, of_operation) = (Named::read(&mut reader), Amount::read(&mut reader, of_api));
            operations.push((named?, of_operation?));
        }
        apis.push(ApiQuota { named: named?, amount: of_api?, operations });
    }
    Some(Arc::new(Quota { amount: amount?, apis }))
}

/// Compiles `quota-by-key`.
pub fn build_quota_by_key(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let amount = Amount::read(reader, None);
    if amount.and_then(|amount| amount.period).is_some_and(|period| period.as_secs() < QUOTA_PERIOD_SECONDS_MIN) {
        reader.error("renewal-period", format!("`renewal-period` is shorter than {QUOTA_PERIOD_SECONDS_MIN} seconds"));
    }
    let key = reader.attribute("counter-key");
    let increment = Increment::read(reader);
    let anchor = match reader.literal("first-period-start").as_deref() {
        None | Some("0001-01-01T00:00:00Z") => FIRST_PERIOD_START,
        Some(text) => WallTime::from_rfc3339(text).map_or_else(
            || {
                reader.error("first-period-start", format!("`{text}` is not a moment as in 2026-01-31T00:00:00Z"));
                FIRST_PERIOD_START
            },
            WallTime::unix_seconds,
        ),
    };
    Some(Arc::new(QuotaByKey { amount: amount?, key: key?, increment, anchor }))
}

impl Amount {
    // What an inner element does not say about the period it has from the outer one.
    fn read(reader: &mut Reader<'_, '_, '_>, outer: Option<Self>) -> Option<Self> {
        let calls = reader.constant::<Calls>("calls").map(|Calls(calls)| calls);
        let kilobytes = reader.constant::<Calls>("bandwidth").map(|Calls(kilobytes)| kilobytes);
        if reader.element.attribute("calls").is_none() && reader.element.attribute("bandwidth").is_none() {
            let message = format!("`{}` needs the attribute `calls` or `bandwidth`", reader.element.name);
            reader.reject("missing-attribute", message);
            return None;
        }
        let period = match reader.literal("renewal-period") {
            None => outer.map(|outer| outer.period),
            Some(text) => period_of(&text).or_else(|| {
                reader.error("renewal-period", format!("`{text}` is neither seconds nor a duration as in P30D"));
                None
            }),
        };
        let bytes = kilobytes.map(|kilobytes| kilobytes.saturating_mul(1024));
        Some(Self { calls, bytes, period: period? })
    }

    fn rule(self, name: String, anchor: i64) -> QuotaRule {
        QuotaRule { name, calls: self.calls, bytes: self.bytes, period: self.period, anchor }
    }
}

// Seconds, `0` for a period that never ends, or an ISO 8601 duration of days and smaller parts.
fn period_of(text: &str) -> Option<Option<Duration>> {
    let text = text.trim();
    let seconds = match text.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => crate::config::duration::seconds(text)?,
    };
    let seconds = Some(seconds).filter(|seconds| *seconds <= u64::from(u32::MAX) * 64)?;
    Some((seconds > 0).then(|| Duration::from_secs(seconds)))
}

impl Quota {
    fn rules(&self, context: &Context, scope: Scope, anchor: i64) -> Vec<QuotaRule> {
        let mut name = counter_name("quota", context, scope);
        let mut rules = vec![self.amount.rule(name.clone(), anchor)];
        let Some(api) = &context.api else { return rules };
        let of_api = self.apis.iter().find(|of_api| of_api.named.is(unrevised(&api.id), &api.name));
        let Some(ApiQuota { amount, operations, .. }) = of_api else { return rules };
        name.push_str(" api ");
        name.push_str(unrevised(&api.id));
        rules.push(amount.rule(name.clone(), anchor));
        let Some(operation) = &context.operation else { return rules };
        if let Some((_, amount)) = operations.iter().find(|(named, _)| named.is(&operation.id, &operation.name)) {
            name.push_str(" operation ");
            name.push_str(&operation.id);
            rules.push(amount.rule(name, anchor));
        }
        rules
    }
}

impl Policy for Quota {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let Some(subscription) = run.context.subscription.clone() else { return Ok(Flow::Next) };
        let anchor = subscription.start.or(subscription.created).map_or(FIRST_PERIOD_START, WallTime::unix_seconds);
        let rules = self.rules(run.context, run.scope, anchor);
        run.shared.quotas.check_and_count(&subscription.id, &rules, 1, run.now.wall).map_err(refuse)?;
        let meters = rules.iter().filter(|rule| rule.bytes.is_some()).map(|rule| rule.meter(&subscription.id));
        run.state.meters.extend(meters);
        Ok(Flow::Next)
    }
}

/// The name of the counters of `quota-by-key`: every policy with the same key and period counts in the same one.
const BY_KEY: &str = "quota-by-key";

impl Policy for QuotaByKey {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let key = self.key.get(run)?;
        let rule = self.amount.rule(BY_KEY.to_owned(), self.anchor);
        let meter = rule.meter(&key);
        // Several policies of one key count a request once, and what has been let in is in.
        if run.state.quotas_met.contains(&meter) {
            return Ok(Flow::Next);
        }
        let increment = match self.increment.counted {
            Counted::AtOnce => self.increment.get(run)?,
            Counted::AfterResponse => 0,
        };
        run.shared
            .quotas
            .check_and_count(&key, std::slice::from_ref(&rule), increment, run.now.wall)
            .map_err(refuse)?;
        run.state.quotas_met.push(meter.clone());
        if self.increment.counted == Counted::AfterResponse {
            run.state.settle = Settle::AfterResponse;
            run.state.pending_quotas.push_back(meter.clone());
        }
        if rule.bytes.is_some() {
            run.state.meters.push(meter);
        }
        Ok(Flow::Next)
    }

    fn settle(&self, run: &mut Run<'_>) -> Ran {
        let settled = self.increment.settle(run, |state| &mut state.pending_quotas)?;
        if let Some((meter, increment)) = settled {
            run.shared.quotas.count_calls(&meter, increment, run.now.wall);
        }
        Ok(Flow::Next)
    }
}

// Decision: without an end of the period nothing is promised (fixtures/policy/quota.conversation).
fn refuse(exhausted: Exhausted) -> Stop {
    let what = match exhausted.what {
        What::Calls => "Out of call volume quota.",
        What::Bandwidth => "Out of bandwidth quota.",
    };
    let message = match exhausted.replenished_in {
        Some(left) => format!("{what} Quota will be replenished in {}.", clock(left)),
        None => what.to_owned(),
    };
    let failure = Failure::new(StatusCode::FORBIDDEN, "QuotaExceeded", message);
    let failure = Failure { source: Some("quota"), ..failure };
    Stop::fail(match exhausted.replenished_in {
        Some(left) => failure.with_header(header::RETRY_AFTER, header_seconds(left)),
        None => failure,
    })
}

/// `hh:mm:ss`, with days in front from one day on, as .NET writes a TimeSpan.
pub(in crate::policy) fn clock(left: Duration) -> String {
    let seconds = left.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let days = if days > 0 { format!("{days}.") } else { String::new() };
    format!("{days}{hours:02}:{minutes:02}:{:02}", seconds % 60)
}
