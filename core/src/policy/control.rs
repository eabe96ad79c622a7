//! Elements that steer: base, include-fragment, choose, retry. They compile to jumps and frames; the exchange moves by them.

use std::time::Duration;

use crate::diagnostic::nearest;
use crate::policy::compile::Compiler;
use crate::policy::dialect::Element;
use crate::policy::operand::{Operand, get_optional};
use crate::policy::program::Op;
use crate::policy::reader::Reader;
use crate::policy::run::{Failure, Run, Stop};
use crate::policy::shape::{self, Content, Shape, attribute};
use crate::policy::source::Problem;
use crate::rng::Rng;

/// The most attempts of a retry after the first one (APIM's own limit).
pub const RETRY_COUNT_MAX: i64 = 50;

/// The longest wait of a retry, in seconds.
pub const RETRY_WAIT_SECONDS_MAX: i64 = 24 * 60 * 60;

/// `base`
pub static BASE: Shape = Shape { attributes: &[], content: Content::Empty };

/// `include-fragment`
pub static INCLUDE_FRAGMENT: Shape =
    Shape { attributes: &[attribute("fragment-id").required().literal()], content: Content::Empty };

/// `choose`: its children are walked by hand, since they hold policies.
pub static CHOOSE: Shape = Shape { attributes: &[], content: Content::Policies };

/// `retry`
pub static RETRY: Shape = Shape {
    attributes: &[
        attribute("condition").required(),
        attribute("count").required(),
        attribute("interval"),
        attribute("max-interval"),
        attribute("delta"),
        attribute("first-fast-retry"),
    ],
    content: Content::Policies,
};

static WHEN: Shape = Shape { attributes: &[attribute("condition").required()], content: Content::Policies };
static OTHERWISE: Shape = Shape { attributes: &[], content: Content::Policies };

/// Compiles `<base/>`.
pub fn build_base(compiler: &mut Compiler<'_>, element: &Element) {
    if compiler.is_in_fragment() {
        compiler.report(Problem::error("base-in-fragment", element.name_span, "`base` cannot stand in a fragment"));
        return;
    }
    if compiler.is_inside("wait") {
        compiler.report(Problem::error("base-in-wait", element.name_span, "`base` cannot stand in a `wait`"));
        return;
    }
    compiler.emit(Op::Base, element);
}

/// Compiles `<include-fragment/>`.
pub fn build_include_fragment(compiler: &mut Compiler<'_>, element: &Element) {
    if let Some(id) = (Reader { compiler, element }).literal("fragment-id") {
        compiler.include(&id, element);
    }
}

/// Compiles `<choose>`.
pub fn build_choose(compiler: &mut Compiler<'_>, element: &Element) {
    let mut ends = Vec::new();
    let (mut whens, mut otherwise) = (0, 0);
    for branch in element.elements() {
        match branch.name.as_str() {
            "when" if otherwise == 0 => {
                whens += 1;
                compiler.inside(format!("when[{whens}]"), |compiler| build_when(compiler, branch, &mut ends));
            }
            "otherwise" if otherwise == 0 => {
                otherwise += 1;
                check_branch(compiler, branch, &OTHERWISE);
                compiler.inside("otherwise[1]".to_owned(), |compiler| compiler.policies(branch));
            }
            "when" | "otherwise" => {
                let message = format!("`{}` cannot follow `otherwise`", branch.name);
                compiler.report(Problem::error("element-order", branch.name_span, message));
            }
            other => unknown_branch(compiler, branch, other),
        }
    }
    if whens == 0 {
        compiler.report(Problem::error("missing-element", element.name_span, "`choose` needs a child `when`"));
    }
    let target = compiler.next_index();
    for end in ends {
        patch(compiler, end, target);
    }
}

/// Compiles `<retry>`.
pub fn build_retry(compiler: &mut Compiler<'_>, element: &Element) {
    let Some(retry) = read_retry(&mut Reader { compiler, element }) else {
        // The policies inside are still looked at, so that all mistakes are reported at once.
        compiler.policies(element);
        return;
    };
    let begin = compiler.emit(Op::Repeat(Box::new(retry)), element);
    compiler.policies(element);
    compiler.emit(Op::Again { begin }, element);
}

fn build_when(compiler: &mut Compiler<'_>, branch: &Element, ends: &mut Vec<usize>) {
    check_branch(compiler, branch, &WHEN);
    let condition = Reader { compiler, element: branch }.attribute("condition");
    let test = condition.map(|condition| compiler.emit(Op::Unless { condition, target: 0 }, branch));
    compiler.policies(branch);
    ends.push(compiler.emit(Op::Jump { target: 0 }, branch));
    let next = compiler.next_index();
    if let Some(test) = test {
        patch(compiler, test, next);
    }
}

fn check_branch(compiler: &mut Compiler<'_>, branch: &Element, shape: &Shape) {
    let mut problems = Vec::new();
    shape::check(branch, shape, &mut problems);
    compiler.report_all(problems);
}

fn unknown_branch(compiler: &mut Compiler<'_>, branch: &Element, name: &str) {
    let message = format!("`choose` cannot hold `{name}`");
    let problem = Problem::error("unknown-element", branch.name_span, message);
    compiler.report(match nearest(name, ["when", "otherwise"]) {
        Some(near) => problem.with_help(format!("did you mean `{near}`?")),
        None => problem.with_help("policies stand inside `when` and `otherwise`"),
    });
}

fn patch(compiler: &mut Compiler<'_>, index: usize, to: usize) {
    match compiler.code().ops.get_mut(index) {
        Some(Op::Unless { target, .. } | Op::Jump { target }) => *target = to,
        Some(
            Op::Base
            | Op::Policy(_)
            | Op::Take { .. }
            | Op::Around { .. }
            | Op::Repeat(_)
            | Op::Again { .. }
            | Op::Fork(_)
            | Op::EndBranch
            | Op::Enter(_)
            | Op::Leave,
        )
        | None => {}
    }
}

/// `retry`
#[derive(Clone, Debug)]
pub struct Retry {
    /// Whether to try again, asked after every attempt.
    pub condition: Operand<bool>,
    count: Operand<i64>,
    interval: Option<Operand<i64>>,
    max_interval: Option<Operand<i64>>,
    delta: Option<Operand<i64>>,
    first_fast_retry: Option<Operand<bool>>,
}

/// The numbers of a retry, fixed when the loop begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How many attempts may follow the first one.
    pub count: i64,
    interval: i64,
    max_interval: Option<i64>,
    delta: Option<i64>,
    fast_first: bool,
}

fn read_retry(reader: &mut Reader<'_, '_, '_>) -> Option<Retry> {
    let condition = reader.attribute("condition");
    let count = reader.attribute::<i64>("count");
    if let Some(known) = count.as_ref().and_then(Operand::known).filter(|n| !(1..=RETRY_COUNT_MAX).contains(*n)) {
        reader.error("count", format!("`count` is `{known}`, expected 1 to {RETRY_COUNT_MAX}"));
    }
    let mut seconds = |name: &str| {
        let operand = reader.attribute::<i64>(name);
        if let Some(known) = operand.as_ref().and_then(Operand::known).filter(|seconds| **seconds < 0) {
            reader.error(name, format!("`{name}` is `{known}`, expected seconds from 0"));
        }
        operand
    };
    let (interval, max_interval, delta) = (seconds("interval"), seconds("max-interval"), seconds("delta"));
    let first_fast_retry = reader.attribute("first-fast-retry");
    Some(Retry { condition: condition?, count: count?, interval, max_interval, delta, first_fast_retry })
}

impl Retry {
    /// The numbers for this exchange.
    ///
    /// # Errors
    /// An expression failed or needs a body, or a number is out of its range.
    pub fn pace(&self, run: &mut Run<'_>) -> Result<Pace, Stop> {
        let count = self.count.get(run)?;
        let pace = Pace {
            count,
            interval: get_optional(self.interval.as_ref(), run)?.unwrap_or(0),
            max_interval: get_optional(self.max_interval.as_ref(), run)?,
            delta: get_optional(self.delta.as_ref(), run)?,
            fast_first: get_optional(self.first_fast_retry.as_ref(), run)?.unwrap_or(false),
        };
        if !(1..=RETRY_COUNT_MAX).contains(&count) {
            let message = format!("`count` of `retry` is {count}, expected 1 to {RETRY_COUNT_MAX}");
            return Err(Stop::fail(Failure::expression(message)));
        }
        Ok(pace)
    }
}

impl Pace {
    /// The wait before attempt `n` after the first one, `n` from 1: fixed with `interval` alone, growing by `delta`, and
    /// exponential with jitter when there is a `max-interval` besides.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "seconds of a wait, capped")]
    #[must_use]
    pub fn wait(&self, n: i64, rng: &mut Rng) -> Duration {
        if self.fast_first && n == 1 {
            return Duration::ZERO;
        }
        let seconds = match (self.delta, self.max_interval) {
            (None, _) => self.interval,
            (Some(delta), None) => self.interval.saturating_add(n.saturating_sub(1).saturating_mul(delta)),
            (Some(delta), Some(_)) => {
                let steps = ((n.clamp(0, 30) as f64).exp2() - 1.0).max(0.0);
                let jittered = delta as f64 * (0.8 + 0.4 * rng.unit());
                self.interval.saturating_add((steps * jittered).clamp(0.0, 1e12) as i64)
            }
        };
        let capped = seconds.min(self.max_interval.unwrap_or(i64::MAX)).clamp(0, RETRY_WAIT_SECONDS_MAX);
        Duration::from_secs(u64::try_from(capped).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seed;

    fn waits(pace: Pace) -> Vec<u64> {
        let mut rng = Seed(1).rng();
        (1..=4).map(|n| pace.wait(n, &mut rng).as_secs()).collect()
    }

    #[test]
    fn waits_are_fixed_linear_or_exponential() {
        let fixed = Pace { count: 4, interval: 10, max_interval: None, delta: None, fast_first: false };
        assert_eq!(waits(fixed), [10, 10, 10, 10]);
        assert_eq!(waits(Pace { fast_first: true, ..fixed }), [0, 10, 10, 10]);
        assert_eq!(waits(Pace { delta: Some(5), ..fixed }), [10, 15, 20, 25]);
        let exponential = waits(Pace { delta: Some(10), max_interval: Some(60), ..fixed });
        assert!((18..=22).contains(&exponential[0]), "{exponential:?}");
        assert!((34..=46).contains(&exponential[1]), "{exponential:?}");
        assert_eq!(exponential[3], 60);
    }
}
