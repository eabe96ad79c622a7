//! Elements about what happens at the same time: wait, limit-concurrency. The exchange keeps the strands and the permits.

use std::sync::Arc;

use crate::http::StatusCode;
use crate::limits::permits::Permit;
use crate::policy::compile::Compiler;
use crate::policy::dialect::Element;
use crate::policy::operand::{Operand, get_optional};
use crate::policy::program::Op;
use crate::policy::reader::Reader;
use crate::policy::run::{Failure, Run, Stop};
use crate::policy::shape::{Content, Shape, attribute};
use crate::policy::source::Problem;

/// The most children of a `wait`: as many effects of one exchange may be under way at once.
pub const WAIT_CHILDREN_MAX: usize = 32;

/// What a `wait` may hold.
const WAIT_CHILDREN: [&str; 3] = ["send-request", "cache-lookup-value", "choose"];

/// `wait`
pub static WAIT: Shape = Shape { attributes: &[attribute("for").one_of(&["all", "any"])], content: Content::Policies };

/// `limit-concurrency`
pub static LIMIT_CONCURRENCY: Shape = Shape {
    attributes: &[attribute("key").required(), attribute("max-count").required().literal()],
    content: Content::Policies,
};

/// Compiles `<wait>`: one branch for each child.
pub fn build_wait(compiler: &mut Compiler<'_>, element: &Element) {
    if compiler.is_inside("wait") {
        compiler.report(Problem::error("nested-wait", element.name_span, "a `wait` cannot stand in another one"));
    }
    check_children(compiler, element);
    let until = Reader { compiler, element }.attribute("for");
    let fork = compiler.emit(Op::Fork(Box::new(Wait { until, branches: Arc::from([]), join: 0 })), element);
    let mut starts = Vec::new();
    compiler.policies_each(element, |compiler, child| {
        starts.push(compiler.next_index());
        compiler.policy(child);
        compiler.emit(Op::EndBranch, element);
    });
    let end = compiler.next_index();
    if let Some(Op::Fork(wait)) = compiler.code().ops.get_mut(fork) {
        wait.branches = Arc::from(starts);
        wait.join = end;
    }
}

fn check_children(compiler: &mut Compiler<'_>, element: &Element) {
    for child in element.elements().filter(|child| !WAIT_CHILDREN.contains(&child.name.as_str())) {
        let message = format!("`wait` cannot hold `{}`", child.name);
        let help = format!("it holds: {}; other policies stand inside a `choose`", WAIT_CHILDREN.join(", "));
        compiler.report(Problem::error("unknown-element", child.name_span, message).with_help(help));
    }
    match element.elements().count() {
        0 => compiler.report(Problem::error("missing-element", element.name_span, "`wait` waits for nothing")),
        count if count > WAIT_CHILDREN_MAX => {
            let message = format!("`wait` holds {count} policies, at most {WAIT_CHILDREN_MAX} run side by side");
            compiler.report(Problem::error("too-many-elements", element.name_span, message));
        }
        _ => {}
    }
}

/// Compiles `<limit-concurrency>`.
pub fn build_limit_concurrency(compiler: &mut Compiler<'_>, element: &Element) {
    let mut reader = Reader { compiler, element };
    let key = reader.attribute("key");
    let max = reader.constant::<i64>("max-count");
    let max = max.and_then(|max| {
        let count = u64::try_from(max).ok().filter(|count| *count > 0);
        if count.is_none() {
            reader.error("max-count", format!("`max-count` is `{max}`, expected a number from 1"));
        }
        count
    });
    let enter = key.zip(max).map(|(key, max)| LimitConcurrency { key, max });
    // The policies inside are looked at in any case, so that all mistakes are reported at once.
    if let Some(limit) = enter {
        compiler.emit(Op::Enter(Box::new(limit)), element);
    }
    compiler.policies(element);
    compiler.emit(Op::Leave, element);
}

/// `wait`
#[derive(Clone, Debug)]
pub struct Wait {
    until: Option<Operand>,
    /// The index of the first op of each child.
    pub branches: Arc<[usize]>,
    /// The index of the op after the last child.
    pub join: usize,
}

/// Which strands a `wait` waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// All of them.
    All,
    /// The first that ends; the others are cancelled.
    Any,
}

impl Wait {
    /// What this exchange waits for.
    ///
    /// # Errors
    /// The expression failed or needs a body, or gave neither `all` nor `any`.
    pub fn until(&self, run: &mut Run<'_>) -> Result<Until, Stop> {
        match get_optional(self.until.as_ref(), run)?.as_deref().map(str::trim) {
            None | Some("all") => Ok(Until::All),
            Some("any") => Ok(Until::Any),
            Some(other) => Err(Stop::fail(Failure::expression(format!("`{other}` is not a value of `for`")))),
        }
    }
}

/// `limit-concurrency`
#[derive(Clone, Debug)]
pub struct LimitConcurrency {
    key: Operand,
    max: u64,
}

impl LimitConcurrency {
    /// The permit to run the policies inside.
    ///
    /// # Errors
    /// As many as allowed are inside already; or the expression failed or needs a body.
    pub fn enter(&self, run: &mut Run<'_>) -> Result<Permit, Stop> {
        let key = self.key.get(run)?;
        // Decision: no Retry-After, since nobody knows when a call ends (fixtures/policy/limit-concurrency.conversation).
        run.shared.permits.acquire(&key, self.max).ok_or_else(|| {
            let message = format!("There are {} calls under way already, which is the maximum.", self.max);
            Stop::fail(Failure::new(StatusCode::TOO_MANY_REQUESTS, "ConcurrencyLimitExceeded", message))
        })
    }
}
