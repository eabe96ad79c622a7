//! Rate limits: `rate-limit` and `rate-limit-by-key`; quotas are in `quota`. The counters are in `limits`; this says what is counted, and what is told of it.
//!
//! A request that one limit refuses is counted by none of that policy; what other policies refuse later stays counted.

mod increment;
pub mod quota;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use crate::context::Context;
use crate::expr::Expected;
use crate::http::{HeaderName, HeaderValue, StatusCode, header};
use crate::limits::{PERIOD_MAX, Rule, Verdict};
use crate::policy::dialect::Element;
use crate::policy::operand::{Operand, Typed};
use crate::policy::place::Scope;
use crate::policy::reader::Reader;
use crate::policy::run::{Existing, Failure, Flow, PendingCount, Public, Ran, Run, Settle, Stop};
use crate::policy::shape::{Attribute, Content, Occurs, Shape, attribute, child};
use crate::policy::{Built, Policy};
use crate::value::Value;
use increment::{Counted, Increment};

/// The most calls that a limit may allow, and the most that one request may count for.
pub const CALLS_MAX: u64 = u32::MAX as u64;

/// `rate-limit`
pub static RATE_LIMIT: Shape = Shape {
    attributes: &[
        attribute("calls").required().literal(),
        attribute("renewal-period").required().literal(),
        attribute("retry-after-header-name").literal(),
        attribute("retry-after-variable-name").literal(),
        attribute("remaining-calls-header-name").literal(),
        attribute("remaining-calls-variable-name").literal(),
        attribute("total-calls-header-name").literal(),
    ],
    content: Content::Children(&[child("api", Occurs::Any, &API)]),
};

/// `rate-limit-by-key`
pub static RATE_LIMIT_BY_KEY: Shape = Shape {
    attributes: &[
        attribute("calls").required(),
        attribute("renewal-period").required(),
        attribute("counter-key").required(),
        attribute("increment-condition"),
        attribute("increment-count"),
        attribute("increment-after-response").literal(),
        attribute("retry-after-header-name").literal(),
        attribute("retry-after-variable-name").literal(),
        attribute("remaining-calls-header-name").literal(),
        attribute("remaining-calls-variable-name").literal(),
        attribute("total-calls-header-name").literal(),
    ],
    content: Content::Empty,
};

static API: Shape =
    Shape { attributes: NESTED, content: Content::Children(&[child("operation", Occurs::Any, &OPERATION)]) };

static OPERATION: Shape = Shape { attributes: NESTED, content: Content::Empty };

/// What an `api` or `operation` child refers to by name; by id it does with the `id` that every element may have.
const NAMED: Attribute = attribute("name").literal();

const NESTED: &[Attribute] =
    &[NAMED, attribute("calls").required().literal(), attribute("renewal-period").required().literal()];

/// Limits the calls of a subscription, of its calls to an API, and of those to an operation.
#[derive(Clone, Debug)]
pub struct RateLimit {
    limit: Limit,
    apis: Vec<ApiLimit>,
    told: Told,
}

/// Limits the calls that have the same key.
#[derive(Clone, Debug)]
pub struct RateLimitByKey {
    calls: Operand<Calls>,
    period: Operand<Period>,
    key: Operand,
    increment: Increment,
    told: Told,
}

#[derive(Clone, Copy, Debug)]
struct Limit {
    calls: Calls,
    period: Period,
}

#[derive(Clone, Debug)]
struct ApiLimit {
    named: Named,
    limit: Limit,
    operations: Vec<(Named, Limit)>,
}

/// What an `api` or `operation` child refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Named {
    Id(Arc<str>),
    Name(Arc<str>),
}

/// How many calls: `calls`, `increment-count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Calls(u64);

/// `renewal-period`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Period(Duration);

/// Where a limit tells how it stands.
#[derive(Clone, Debug)]
struct Told {
    retry_after_header: HeaderName,
    retry_after_variable: Option<Arc<str>>,
    remaining_header: Option<HeaderName>,
    remaining_variable: Option<Arc<str>>,
    total_header: Option<HeaderName>,
}

/// Compiles `rate-limit`.
pub fn build_rate_limit(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let limit = Limit::read(reader);
    let told = Told::read(reader);
    let apis: Vec<Option<ApiLimit>> =
        reader.element.elements().map(|element| ApiLimit::read(&mut reader.at(element))).collect();
    let apis = apis.into_iter().collect::<Option<Vec<_>>>()?;
    Some(Arc::new(RateLimit { limit: limit?, apis, told: told? }))
}

/// Compiles `rate-limit-by-key`.
pub fn build_rate_limit_by_key(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let calls = reader.attribute("calls");
    let period = reader.attribute("renewal-period");
    let key = reader.attribute("counter-key");
    let increment = Increment::read(reader);
    let told = Told::read(reader);
    let (calls, period, key) = (calls?, period?, key?);
    Some(Arc::new(RateLimitByKey { calls, period, key, increment, told: told? }))
}

impl Policy for RateLimit {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let Some(subscription) = run.context.subscription.clone() else { return Ok(Flow::Next) };
        let limits = self.matching(run.context, run.scope);
        let rules: Vec<Rule<'_>> = limits
            .iter()
            .map(|(name, Limit { calls, period })| Rule { name, calls: calls.0, period: period.0 })
            .collect();
        let verdict = run.shared.limits.check_and_count(&subscription.id, &rules, 1, run.now.instant);
        self.told.tell(run, verdict, self.limit.calls)
    }
}

impl RateLimit {
    /// The limits that this request is held to, each with the name of its counter.
    fn matching(&self, context: &Context, scope: Scope) -> Vec<(String, Limit)> {
        let mut name = counter_name("rate-limit", context, scope);
        let mut limits = vec![(name.clone(), self.limit)];
        let Some(api) = &context.api else { return limits };
        let Some(nested) = self.apis.iter().find(|nested| nested.named.is(unrevised(&api.id), &api.name)) else {
            return limits;
        };
        // Writing to a string cannot fail.
        let _ = write!(name, " api {}", unrevised(&api.id));
        limits.push((name.clone(), nested.limit));
        let Some(operation) = &context.operation else { return limits };
        if let Some((_, limit)) = nested.operations.iter().find(|(named, _)| named.is(&operation.id, &operation.name)) {
            let _ = write!(name, " operation {}", operation.id);
            limits.push((name, *limit));
        }
        limits
    }
}

// Counters belong to the document that the policy stands in: product, API and operation count apart. All revisions of an API
// count together.
fn counter_name(family: &str, context: &Context, scope: Scope) -> String {
    let api = || context.api.as_ref().map_or("", |api| unrevised(&api.id));
    match scope {
        Scope::Global => family.to_owned(),
        Scope::Product => {
            format!("{family} of product {}", context.product.as_ref().map_or("", |product| &product.id))
        }
        Scope::Api => format!("{family} of api {}", api()),
        Scope::Operation | Scope::Resolver => {
            let operation = context.operation.as_ref().map_or("", |operation| &operation.id);
            format!("{family} of api {} operation {operation}", api())
        }
    }
}

fn unrevised(id: &str) -> &str {
    id.split(";rev=").next().unwrap_or(id)
}

/// The name of the counters of `rate-limit-by-key`: every policy with the same key and period counts in the same one.
const BY_KEY: &str = "rate-limit-by-key";

impl Policy for RateLimitByKey {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let calls = self.calls.get(run)?;
        let period = self.period.get(run)?;
        let key = self.key.get(run)?;
        let rules = [Rule { name: BY_KEY, calls: calls.0, period: period.0 }];
        let verdict = match self.increment.counted {
            Counted::AtOnce => {
                let increment = self.increment.get(run)?;
                run.shared.limits.check_and_count(&key, &rules, increment, run.now.instant)
            }
            Counted::AfterResponse => {
                let verdict = run.shared.limits.check(&key, &rules, run.now.instant);
                if let Verdict::Allowed { .. } = verdict {
                    run.state.settle = Settle::AfterResponse;
                    run.state.pending_counts.push_back(PendingCount { key, period: period.0 });
                }
                verdict
            }
        };
        self.told.tell(run, verdict, calls)
    }

    fn settle(&self, run: &mut Run<'_>) -> Ran {
        let settled = self.increment.settle(run, |state| &mut state.pending_counts)?;
        if let Some((PendingCount { key, period }, increment)) = settled {
            let rules = [Rule { name: BY_KEY, calls: CALLS_MAX, period }];
            run.shared.limits.count(&key, &rules, increment, run.now.instant);
        }
        Ok(Flow::Next)
    }
}

impl Told {
    fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let retry_after_header = header_name(reader, "retry-after-header-name");
        let remaining_header = header_name(reader, "remaining-calls-header-name");
        let total_header = header_name(reader, "total-calls-header-name");
        Some(Self {
            retry_after_header: retry_after_header?.unwrap_or(header::RETRY_AFTER),
            retry_after_variable: reader.literal("retry-after-variable-name"),
            remaining_header: remaining_header?,
            remaining_variable: reader.literal("remaining-calls-variable-name"),
            total_header: total_header?,
        })
    }

    fn tell(&self, run: &mut Run<'_>, verdict: Verdict, total: Calls) -> Ran {
        let remaining = match verdict {
            Verdict::Allowed { remaining } => remaining,
            Verdict::Refused { .. } => 0,
        };
        if let Some(name) = &self.remaining_variable {
            run.set_variable(name, int32(remaining));
        }
        for (name, number) in [(&self.remaining_header, remaining), (&self.total_header, total.0)] {
            if let Some(name) = name {
                run.set_response_header(name.clone(), HeaderValue::from(number), Existing::Replaced);
            }
        }
        match verdict {
            Verdict::Allowed { .. } => Ok(Flow::Next),
            Verdict::Refused { retry_after } => Err(self.refuse(run, retry_after)),
        }
    }

    fn refuse(&self, run: &mut Run<'_>, retry_after: Duration) -> Stop {
        let seconds = seconds(retry_after);
        if let Some(name) = &self.retry_after_variable {
            run.set_variable(name, int32(seconds));
        }
        let public = Public::Text(format!("Rate limit is exceeded. Try again in {seconds} seconds."));
        let failure = Failure::new(StatusCode::TOO_MANY_REQUESTS, "RateLimitExceeded", "Rate limit is exceeded");
        let failure = Failure { source: Some("rate-limit"), public, ..failure };
        Stop::fail(failure.with_header(self.retry_after_header.clone(), HeaderValue::from(seconds)))
    }
}

/// The value of `Retry-After`, or of a field in its place.
pub(super) fn header_seconds(duration: Duration) -> HeaderValue {
    HeaderValue::from(seconds(duration))
}

/// Whole seconds after which a call fits for certain: rounded up, at least one.
pub(super) fn seconds(duration: Duration) -> u64 {
    (duration.as_secs() + u64::from(duration.subsec_nanos() > 0)).max(1)
}

/// A number as .NET's `int`, the largest when it does not fit.
pub(super) fn int32(number: u64) -> Value {
    Value::Int32(i32::try_from(number).unwrap_or(i32::MAX))
}

/// The name of a field that an attribute says; `None` when it is wrong and reported.
pub(super) fn header_name(reader: &mut Reader<'_, '_, '_>, attribute: &str) -> Option<Option<HeaderName>> {
    let Some(text) = reader.literal(attribute) else { return Some(None) };
    let name = HeaderName::try_from(&*text).ok();
    if name.is_none() {
        reader.error(attribute, format!("`{text}` is not the name of a header"));
    }
    name.map(Some)
}

impl Limit {
    fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let (calls, period) = (reader.constant("calls"), reader.constant("renewal-period"));
        Some(Self { calls: calls?, period: period? })
    }
}

impl ApiLimit {
    fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let named = Named::read(reader);
        let limit = Limit::read(reader);
        let elements: Vec<&Element> = reader.element.elements().collect();
        let mut operations = Vec::with_capacity(elements.len());
        for element in elements {
            let mut reader = reader.at(element);
            let (named, limit) = (Named::read(&mut reader), Limit::read(&mut reader));
            operations.push((named?, limit?));
        }
        Some(Self { named: named?, limit: limit?, operations })
    }
}

impl Named {
    /// `id` wins over `name`; one of them must be there.
    fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let named = reader.literal("id").map(Self::Id).or_else(|| reader.literal("name").map(Self::Name));
        if named.is_none() {
            let message = format!("`{}` needs the attribute `id` or `name`", reader.element.name);
            reader.reject("missing-attribute", message);
        }
        named
    }

    // Ids of ARM resources compare without case.
    fn is(&self, id: &str, name: &str) -> bool {
        match self {
            Self::Id(wanted) => unrevised(wanted).eq_ignore_ascii_case(id),
            Self::Name(wanted) => **wanted == *name,
        }
    }
}

impl Typed for Calls {
    const EXPECTED: Expected = Expected::Int;

    fn from_literal(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let calls = text.parse().ok().filter(|calls| *calls <= CALLS_MAX);
        calls.map(Self).ok_or_else(|| format!("`{text}` is not a number of calls: expected 0 to {CALLS_MAX}"))
    }

    fn from_value(value: &Value) -> Result<Self, String> {
        Self::from_literal(&value.to_string())
    }
}

impl Typed for Period {
    const EXPECTED: Expected = Expected::Int;

    fn from_literal(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let most = PERIOD_MAX.as_secs();
        let seconds = text.parse().ok().filter(|seconds| (1..=most).contains(seconds));
        let period = seconds.map(|seconds| Self(Duration::from_secs(seconds)));
        period.ok_or_else(|| format!("`{text}` is not a renewal period: expected 1 to {most} seconds"))
    }

    fn from_value(value: &Value) -> Result<Self, String> {
        Self::from_literal(&value.to_string())
    }
}

#[cfg(test)]
mod tests;
