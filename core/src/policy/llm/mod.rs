//! Policies for language models: what they share is [`Tap`], which counts the tokens of a call while its answer passes. `limit` holds callers to
//! so many tokens, `metric` gives them to metrics.

pub mod limit;
pub mod metric;
pub mod safety;
pub mod semantic;

use std::sync::Arc;

use crate::context::Context;
use crate::expr::Message;
use crate::http::{ResponseHead, header};
use crate::llm::{Answer, Prompt, Usage};
use crate::policy::content::{content_of, media_of};
use crate::policy::llm::limit::{Charge, Told};
use crate::policy::llm::metric::TokenMetric;
use crate::policy::run::{Failure, Run, Stop};
use crate::shared::Shared;
use crate::telemetry::Measurement;
use crate::time::Now;

/// Counts the tokens of one exchange: of its prompt before, of its answer while that passes. Once the answer is over, limits and metrics
/// get the sum.
#[derive(Clone, Debug)]
pub struct Tap {
    prompt: Prompt,
    // The answer that passes, when a backend has answered with success.
    answer: Option<Answer>,
    // Of earlier answers, which the exchange did not end with.
    spent: Usage,
    charges: Vec<Charge>,
    told: Vec<Arc<Told>>,
    metrics: Vec<TokenMetric>,
}

/// What the request asks of the model, read once; from then on its tokens are counted.
///
/// # Errors
/// It is JSON and has not been read yet.
fn tapped<'r>(run: &'r mut Run<'_>) -> Result<&'r mut Tap, Stop> {
    if run.state.tap.is_none() {
        let request = &run.context.request;
        let is_json = media_of(&request.headers).is_none_or(|media| media.is_json());
        let content = if is_json { content_of(run, Message::Request)? } else { None };
        let prompt = content.map_or_else(Prompt::default, |content| Prompt::read(&content));
        // Decision: what is counted must be readable (fixtures/policy/llm-token-limit.conversation).
        run.context.request.headers.remove(header::ACCEPT_ENCODING);
        run.state.tap = Some(Box::new(Tap::new(prompt)));
    }
    run.state.tap.as_deref_mut().ok_or_else(|| {
        // INVARIANT: it has just been put there.
        Stop::fail(Failure::internal("InternalError", "no tokens are counted"))
    })
}

impl Tap {
    fn new(prompt: Prompt) -> Self {
        Self {
            prompt,
            answer: None,
            spent: Usage::default(),
            charges: Vec::new(),
            told: Vec::new(),
            metrics: Vec::new(),
        }
    }

    /// A backend has answered; what passes from now on is its answer.
    pub fn begin(&mut self, head: &ResponseHead) {
        self.spent = self.usage();
        // Decision: a call that fails uses no tokens (fixtures/policy/llm-token-limit.conversation).
        self.answer = head.status.is_success().then(|| Answer::new(&head.headers));
    }

    /// Some more of the answer passes.
    pub fn pass(&mut self, bytes: &[u8]) {
        if let Some(answer) = &mut self.answer {
            answer.pass(bytes);
        }
    }

    /// Whether the answer must be read to its end before its head can go to the client: a field or a variable is to say what it used.
    #[must_use]
    pub fn holds_back(&self) -> bool {
        let is_whole = self.answer.as_ref().is_some_and(|answer| !answer.is_stream());
        is_whole && self.told.iter().any(|told| told.tells_usage())
    }

    /// What has been used so far.
    fn usage(&self) -> Usage {
        let answered = self.answer.as_ref().map(|answer| answer.usage(self.prompt.tokens));
        self.spent.plus(answered.unwrap_or_default())
    }

    /// The answer is over: counts it, and gives what metrics measure.
    #[must_use]
    pub fn end(mut self, shared: &Shared, now: Now) -> Vec<Measurement> {
        let usage = self.usage();
        self.settle(shared, now);
        // Nothing was asked of a model.
        if usage == Usage::default() {
            return Vec::new();
        }
        self.metrics.iter().flat_map(|metric| metric.measure(usage, now.wall)).collect()
    }

    // What was reserved becomes what was used.
    fn settle(&mut self, shared: &Shared, now: Now) {
        let used = self.usage().total;
        self.charges.iter_mut().for_each(|charge| charge.settle(used, shared, now));
    }

    /// What only the end of the exchange knows.
    pub fn know(&mut self, context: &Context) {
        self.metrics.iter_mut().for_each(|metric| metric.know(context));
    }
}

/// The answer to the forwarded request has been read to its end, or has no content: says what it used where that is to be said.
pub fn tell_usage(run: &mut Run<'_>) {
    let Some(mut tap) = run.state.tap.take() else { return };
    if tap.holds_back() {
        tap.settle(run.shared, run.now);
        let used = tap.usage().total;
        tap.told.iter().for_each(|told| told.tell_usage(run, used));
    }
    run.state.tap = Some(tap);
}
