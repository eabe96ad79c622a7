//! `llm-token-limit` and `azure-openai-token-limit`: tokens in a minute, and in a period of the calendar. A prompt can be counted before the
//! call, estimated; what the call has really used takes the place of the estimate once it is known.

use std::sync::Arc;
use std::time::Duration;

use super::tapped;
use crate::expr::Expected;
use crate::http::{HeaderName, HeaderValue, StatusCode, header};
use crate::limits::quota::{Exhausted, Meter, QuotaRule};
use crate::limits::{Rule, Verdict};
use crate::policy::limit::quota::clock;
use crate::policy::limit::{header_name, int32, seconds};
use crate::policy::operand::{Operand, Typed, get_optional};
use crate::policy::reader::Reader;
use crate::policy::run::{Existing, Failure, Flow, Public, Ran, Run, Stop};
use crate::policy::shape::{Content, Shape, attribute};
use crate::policy::{Built, Policy};
use crate::shared::Shared;
use crate::time::{Civil, Now, WallTime};
use crate::value::Value;

/// The most tokens that a limit may allow.
pub const TOKENS_MAX: u64 = u32::MAX as u64;

/// `llm-token-limit`, `azure-openai-token-limit`
pub static TOKEN_LIMIT: Shape = Shape {
    attributes: &[
        attribute("counter-key").required(),
        attribute("tokens-per-minute"),
        attribute("token-quota"),
        attribute("token-quota-period").literal().one_of(&["Hourly", "Daily", "Weekly", "Monthly", "Yearly"]),
        attribute("estimate-prompt-tokens").required(),
        attribute("retry-after-header-name").literal(),
        attribute("retry-after-variable-name").literal(),
        attribute("remaining-tokens-header-name").literal(),
        attribute("remaining-tokens-variable-name").literal(),
        attribute("remaining-quota-tokens-header-name").literal(),
        attribute("remaining-quota-tokens-variable-name").literal(),
        attribute("tokens-consumed-header-name").literal(),
        attribute("tokens-consumed-variable-name").literal(),
    ],
    content: Content::Empty,
};

/// The window of `tokens-per-minute`.
const MINUTE: Duration = Duration::from_secs(60);

/// The name of the counters: every policy with the same key counts in the same ones.
const BY_KEY: &str = "llm-token-limit";

/// Holds the calls that have the same key to so many tokens.
#[derive(Clone, Debug)]
pub struct TokenLimit {
    key: Operand,
    per_minute: Option<Operand<Tokens>>,
    quota: Option<(Operand<Tokens>, Period)>,
    estimate: Operand<bool>,
    names: Arc<Names>,
}

/// How many tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tokens(u64);

/// `token-quota-period`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Period {
    Hourly,
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// Where a limit tells how it stands.
#[derive(Clone, Debug)]
struct Names {
    retry_after_header: HeaderName,
    retry_after_variable: Option<Arc<str>>,
    remaining: Place,
    remaining_quota: Place,
    consumed: Place,
}

/// A field and a variable that say the same number.
#[derive(Clone, Debug)]
struct Place {
    header: Option<HeaderName>,
    variable: Option<Arc<str>>,
}

/// What a limit has counted of a call before it went out.
#[derive(Clone, Debug)]
pub struct Charge {
    counter: Counter,
    reserved: u64,
    at: Now,
}

/// Where tokens are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Counter {
    Minute { key: Arc<str> },
    Quota(Meter),
}

/// A limit that has let a call pass, and where it tells what the call has used.
#[derive(Clone, Debug)]
pub struct Told {
    names: Arc<Names>,
    key: Arc<str>,
    per_minute: Option<u64>,
    quota: Option<QuotaRule>,
}

/// Compiles `llm-token-limit` and `azure-openai-token-limit`.
pub fn build_token_limit(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let (key, estimate) = (reader.attribute("counter-key"), reader.attribute("estimate-prompt-tokens"));
    let (per_minute, amount) = (reader.attribute("tokens-per-minute"), reader.attribute("token-quota"));
    let period = reader.literal("token-quota-period").and_then(|name| Period::named(&name));
    let has = |name| reader.element.attribute(name).is_some();
    let (has_minute, has_quota, has_period) = (has("tokens-per-minute"), has("token-quota"), has("token-quota-period"));
    if has_quota != has_period || !(has_minute || has_quota) {
        let message = "needs `tokens-per-minute`, or `token-quota` and `token-quota-period`, or all of them";
        let message = format!("`{}` {message}", reader.element.name);
        reader.reject("missing-attribute", message);
        return None;
    }
    let names = Names::read(reader)?;
    if per_minute.is_some() != has_minute {
        return None;
    }
    let quota = match has_quota {
        true => Some((amount?, period?)),
        false => None,
    };
    Some(Arc::new(TokenLimit { key: key?, per_minute, quota, estimate: estimate?, names: Arc::new(names) }))
}

impl Policy for TokenLimit {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let key = self.key.get(run)?;
        let per_minute = get_optional(self.per_minute.as_ref(), run)?.map(|Tokens(tokens)| tokens);
        let quota = match &self.quota {
            Some((amount, period)) => Some(period.rule(amount.get(run)?.0, run.now.wall)),
            None => None,
        };
        let is_estimated = self.estimate.get(run)?;
        let prompt = tapped(run)?.prompt;
        // Decision: the prompt of a stream is always counted before (fixtures/policy/llm-token-limit-stream.conversation).
        let wanted = if is_estimated || prompt.streams { prompt.tokens } else { 0 };
        let told = Told { names: Arc::clone(&self.names), key, per_minute, quota };
        told.reserve(run, wanted)?;
        told.tell_remaining(run);
        if let Some(name) = &told.names.consumed.variable {
            run.set_variable(name, int32(wanted));
        }
        tapped(run)?.told.push(Arc::new(told));
        Ok(Flow::Next)
    }
}

impl Told {
    // Both limits must have room for what is wanted; what one of them refuses is counted by neither. Several policies of one key count a
    // call once.
    fn reserve(&self, run: &mut Run<'_>, wanted: u64) -> Result<(), Stop> {
        let minute = Counter::Minute { key: Arc::clone(&self.key) };
        let is_counted = |run: &mut Run<'_>, counter: &Counter| {
            run.state.tap.as_ref().is_some_and(|tap| tap.charges.iter().any(|charge| charge.counter == *counter))
        };
        let share = |is_there: bool| if is_there { 0 } else { wanted };
        let mut charges = Vec::new();
        if let Some(rule) = &self.quota {
            let counter = Counter::Quota(rule.meter(&self.key));
            let reserved = share(is_counted(run, &counter));
            let checked =
                run.shared.quotas.check_and_count(&self.key, std::slice::from_ref(rule), reserved, run.now.wall);
            checked.map_err(|exhausted| self.exhausted(exhausted))?;
            charges.push(Charge { counter, reserved, at: run.now });
        }
        if let Some(tokens) = self.per_minute {
            let reserved = share(is_counted(run, &minute));
            let rules = [Rule { name: BY_KEY, calls: tokens, period: MINUTE }];
            let verdict = run.shared.limits.check_and_count(&self.key, &rules, reserved, run.now.instant);
            if let Verdict::Refused { retry_after } = verdict {
                charges.iter_mut().for_each(|charge| charge.settle(0, run.shared, run.now));
                return Err(self.refused(run, retry_after));
            }
            charges.push(Charge { counter: minute, reserved, at: run.now });
        }
        let there = &mut tapped(run)?.charges;
        for charge in charges {
            if !there.iter().any(|other| other.counter == charge.counter) {
                there.push(charge);
            }
        }
        Ok(())
    }

    fn refused(&self, run: &mut Run<'_>, retry_after: Duration) -> Stop {
        self.tell_remaining(run);
        let seconds = seconds(retry_after);
        if let Some(name) = &self.names.retry_after_variable {
            run.set_variable(name, int32(seconds));
        }
        let public = Public::Text(format!("Token limit is exceeded. Try again in {seconds} seconds."));
        let failure = Failure::new(StatusCode::TOO_MANY_REQUESTS, "TokenLimitExceeded", "Token limit is exceeded.");
        let failure = Failure { public, ..failure };
        Stop::fail(failure.with_header(self.names.retry_after_header.clone(), HeaderValue::from(seconds)))
    }

    fn exhausted(&self, exhausted: Exhausted) -> Stop {
        let left = exhausted.replenished_in.unwrap_or_default();
        let message = format!("Token quota is exceeded. Quota will be replenished in {}.", clock(left));
        let failure = Failure::new(StatusCode::FORBIDDEN, "TokenQuotaExceeded", message);
        Stop::fail(failure.with_header(self.names.retry_after_header.clone(), HeaderValue::from(seconds(left))))
    }

    // What is left after what has been counted so far.
    fn tell_remaining(&self, run: &mut Run<'_>) {
        if let Some(tokens) = self.per_minute {
            let rules = [Rule { name: BY_KEY, calls: tokens, period: MINUTE }];
            let left = match run.shared.limits.check(&self.key, &rules, run.now.instant) {
                Verdict::Allowed { remaining } => remaining,
                Verdict::Refused { .. } => 0,
            };
            self.names.remaining.tell(run, left);
        }
        if let Some(rule) = &self.quota {
            let left = run.shared.quotas.left(&self.key, rule, run.now.wall);
            self.names.remaining_quota.tell(run, left);
        }
    }

    /// Whether it tells what a call has used.
    #[must_use]
    pub fn tells_usage(&self) -> bool {
        let Place { header, variable } = &self.names.consumed;
        header.is_some() || variable.is_some()
    }

    /// Tells what the call has used, and what is left.
    pub fn tell_usage(&self, run: &mut Run<'_>, used: u64) {
        self.names.consumed.tell(run, used);
        self.tell_remaining(run);
    }
}

impl Charge {
    /// The call has used so many tokens.
    pub fn settle(&mut self, used: u64, shared: &Shared, now: Now) {
        let (more, less) = (used.saturating_sub(self.reserved), self.reserved.saturating_sub(used));
        match &self.counter {
            Counter::Minute { key } => {
                let rules = [Rule { name: BY_KEY, calls: TOKENS_MAX, period: MINUTE }];
                shared.limits.count(key, &rules, more, now.instant);
                shared.limits.take_back(key, &rules, less, self.at.instant);
            }
            Counter::Quota(meter) => {
                shared.quotas.count_calls(meter, more, now.wall);
                shared.quotas.take_back(meter, less, self.at.wall);
            }
        }
        (self.reserved, self.at) = (used, now);
    }
}

impl Names {
    fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let retry_after_header = header_name(reader, "retry-after-header-name");
        let remaining = Place::read(reader, "remaining-tokens-header-name", "remaining-tokens-variable-name");
        let quota = ("remaining-quota-tokens-header-name", "remaining-quota-tokens-variable-name");
        let remaining_quota = Place::read(reader, quota.0, quota.1);
        let consumed = Place::read(reader, "tokens-consumed-header-name", "tokens-consumed-variable-name");
        Some(Self {
            retry_after_header: retry_after_header?.unwrap_or(header::RETRY_AFTER),
            retry_after_variable: reader.literal("retry-after-variable-name"),
            remaining: remaining?,
            remaining_quota: remaining_quota?,
            consumed: consumed?,
        })
    }
}

impl Place {
    fn read(reader: &mut Reader<'_, '_, '_>, header: &str, variable: &str) -> Option<Self> {
        Some(Self { header: header_name(reader, header)?, variable: reader.literal(variable) })
    }

    fn tell(&self, run: &mut Run<'_>, number: u64) {
        if let Some(name) = &self.variable {
            run.set_variable(name, int32(number));
        }
        if let Some(name) = &self.header {
            run.set_response_header(name.clone(), HeaderValue::from(number), Existing::Replaced);
        }
    }
}

impl Period {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "Hourly" => Self::Hourly,
            "Daily" => Self::Daily,
            "Weekly" => Self::Weekly,
            "Monthly" => Self::Monthly,
            "Yearly" => Self::Yearly,
            _ => return None,
        })
    }

    // The window of the calendar that `now` is in, in UTC; weeks begin on Monday. Months and years differ in length: their windows have counters of
    // their own.
    fn rule(self, tokens: u64, now: WallTime) -> QuotaRule {
        let c = now.civil();
        let day = Civil { hour: 0, minute: 0, second: 0, nanosecond: 0, ..c };
        let first = Civil { day: 1, ..day };
        let days = |number: i64| number * 86_400;
        let (anchor, ends, name) = match self {
            Self::Hourly => (0, 3_600, String::new()),
            Self::Daily => (0, days(1), String::new()),
            // 1970-01-05 was a Monday.
            Self::Weekly => (days(4), days(11), String::new()),
            Self::Monthly => {
                let (year, month) = if c.month == 12 { (c.year + 1, 1) } else { (c.year, c.month + 1) };
                let next = Civil { year, month, ..first };
                (first.to_wall().unix_seconds(), next.to_wall().unix_seconds(), format!(" {}-{}", c.year, c.month))
            }
            Self::Yearly => {
                let (first, next) = (Civil { month: 1, ..first }, Civil { year: c.year + 1, month: 1, ..first });
                (first.to_wall().unix_seconds(), next.to_wall().unix_seconds(), format!(" {}", c.year))
            }
        };
        let period = Duration::from_secs(u64::try_from(ends - anchor).unwrap_or(0));
        QuotaRule {
            name: format!("{BY_KEY} {self:?}{name}"),
            calls: Some(tokens),
            bytes: None,
            period: Some(period),
            anchor,
        }
    }
}

impl Typed for Tokens {
    const EXPECTED: Expected = Expected::Int;

    fn from_literal(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let tokens = text.parse().ok().filter(|tokens| *tokens <= TOKENS_MAX);
        tokens.map(Self).ok_or_else(|| format!("`{text}` is not a number of tokens: expected 0 to {TOKENS_MAX}"))
    }

    fn from_value(value: &Value) -> Result<Self, String> {
        Self::from_literal(&value.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(period: Period, now: &str) -> (String, String) {
        let now = WallTime::from_rfc3339(now).unwrap();
        let rule = period.rule(5, now);
        let length = i64::try_from(rule.period.unwrap().as_secs()).unwrap();
        let start = rule.anchor + (now.unix_seconds() - rule.anchor).div_euclid(length) * length;
        let text = |seconds| WallTime::from_unix_seconds(seconds).to_string()[..19].to_owned();
        (text(start), text(start + length))
    }

    #[test]
    fn windows_of_the_calendar() {
        for (period, now, start, end) in [
            (Period::Hourly, "2026-02-28T23:59:59Z", "2026-02-28T23:00:00", "2026-03-01T00:00:00"),
            (Period::Daily, "2026-02-28T23:59:59Z", "2026-02-28T00:00:00", "2026-03-01T00:00:00"),
            (Period::Weekly, "2026-03-01T10:00:00Z", "2026-02-23T00:00:00", "2026-03-02T00:00:00"),
            (Period::Monthly, "2024-02-29T10:00:00Z", "2024-02-01T00:00:00", "2024-03-01T00:00:00"),
            (Period::Monthly, "2026-12-31T10:00:00Z", "2026-12-01T00:00:00", "2027-01-01T00:00:00"),
            (Period::Yearly, "2024-12-31T10:00:00Z", "2024-01-01T00:00:00", "2025-01-01T00:00:00"),
        ] {
            assert_eq!(window(period, now), (start.to_owned(), end.to_owned()), "{period:?} {now}");
        }
    }

    #[test]
    fn months_of_equal_length_count_apart() {
        let rule = |now| Period::Monthly.rule(5, WallTime::from_rfc3339(now).unwrap());
        assert_ne!(rule("2026-01-31T00:00:00Z").meter("k"), rule("2026-03-01T00:00:00Z").meter("k"));
        assert_eq!(rule("2026-03-31T00:00:00Z").meter("k"), rule("2026-03-01T00:00:00Z").meter("k"));
    }
}
