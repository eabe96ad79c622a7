//! Ops, frames and loops: how an exchange moves through the programs of its chain. Decides nothing about responses.

use std::sync::Arc;

use crate::context::Body;
use crate::exchange::fault::Raised;
use crate::exchange::strand::{For, Frame, Loop};
use crate::exchange::{Exchange, OPERATIONS_MAX, Phase, Settlement, link};
use crate::expr::Message;
use crate::http::Bytes;
use crate::inspection::{Fact, shortened};
use crate::limits::permits::Permit;
use crate::policy::Section;
use crate::policy::caching::made::goes_around;
use crate::policy::concurrency::Until;
use crate::policy::control::Pace;
use crate::policy::effect::{BodyFailure, Effect, Reply};
use crate::policy::graphql::Execution;
use crate::policy::program::{Code, Op, Place};
use crate::policy::run::{BODY_BYTES_MAX, Failure, Flow, Run, Settle, Stop, body_of, empty_response};
use crate::policy::travel::failed;
use crate::shared::Shared;
use crate::time::Now;

/// What a policy that runs again counts as, in ops: at most a hundred of them fit into one exchange.
const RERUN_COST: u32 = OPERATIONS_MAX / 100;

/// Where the machine goes after an op.
enum Move {
    Next,
    Jump(usize),
    Base,
    Ask(Box<Effect>),
    // The same, by the `Take` that has just got an answer and waits for the next.
    AskMore(Box<Effect>),
    // To the policy whose `Take` this is.
    Rerun { asked: usize },
    Execute(Box<Execution>),
    Finish,
    EndSection,
    Repeat(Pace),
    Again { begin: usize },
    Fork { branches: Arc<[usize]>, join: usize, until: Until },
    EndBranch,
    Enter(Permit),
    Leave,
}

impl Exchange {
    /// Begins a section at the narrowest scope.
    pub(super) fn begin(&mut self, section: Section) {
        debug_assert!(self.strand.frames.is_empty(), "a section begins without frames");
        debug_assert!(self.strand.loops.is_empty(), "a section begins outside of all loops");
        self.phase = Phase::Section(section);
        if !self.chain.is_empty() {
            self.strand.frames.push(Frame { level: 0, pc: 0 });
        }
        if section == Section::Outbound {
            self.context.response.get_or_insert_with(empty_response);
        }
    }

    /// Runs the next op of the section, or ends the section.
    pub(super) fn advance(&mut self, section: Section, shared: &Shared, now: Now) {
        let Some(frame) = self.strand.frames.last().copied() else {
            return self.end(section);
        };
        if self.budget == 0 {
            return self.out_of_budget();
        }
        self.budget -= 1;
        self.begin_step(section, frame, now);
        let executed = self.execute(section, frame, shared, now);
        self.consume(matches!(executed, Err(Stop::NeedsBody(_))));
        match executed {
            Ok(Some(next)) => self.go(next, section, frame, shared, now),
            Ok(None) => {
                self.strand.frames.pop();
            }
            Err(Stop::NeedsBody(message)) => self.need_body(message, section, frame),
            Err(Stop::Fail(failure)) => {
                let raised = self.raised(*failure, section, frame);
                self.fail(raised, section);
            }
        }
        self.end_step();
    }

    fn end(&mut self, section: Section) {
        debug_assert!(self.strand.loops.is_empty(), "loops end before their section does");
        match section {
            Section::Inbound => self.begin(Section::Backend),
            Section::Backend => self.begin(Section::Outbound),
            Section::Outbound | Section::OnError => self.finish(),
        }
    }

    /// The response is decided: drops whatever is still open.
    pub(super) fn finish(&mut self) {
        self.leave_section();
        self.phase = Phase::Settling(0);
    }

    // Without frames the section is at its end.
    fn leave_section(&mut self) {
        self.give_up_all();
        self.strand.frames.clear();
        self.strand.loops.clear();
        self.strand.permits.clear();
        self.state.draft_request = None;
        self.state.draft_response = None;
        self.state.making.clear();
    }

    pub(super) fn code(&self, section: Section, level: usize) -> Option<&Code> {
        link(&self.chain, &self.calls, level).map(|link| link.program.code(section))
    }

    pub(super) fn place(&self, section: Section, frame: Frame) -> Option<&Place> {
        self.code(section, frame.level)?.places.get(frame.pc)
    }

    // `None` when the frame has no op left.
    fn execute(&mut self, section: Section, frame: Frame, shared: &Shared, now: Now) -> Result<Option<Move>, Stop> {
        let Self { chain, calls, context, state, site, rng, strand, settlements, .. } = self;
        let Some(link) = link(chain, calls, frame.level) else { return Ok(None) };
        let code = link.program.code(section);
        let Some(op) = code.ops.get(frame.pc) else { return Ok(None) };
        let scope = link.scope;
        let mut run = Run { context, state, site, shared, rng, now, section, scope };
        let next = match op {
            Op::Base => Move::Base,
            Op::Jump { target } => Move::Jump(*target),
            Op::Around { begin, target } => {
                if goes_around(&mut run, (scope, section, *begin)) {
                    Move::Jump(*target)
                } else {
                    Move::Next
                }
            }
            Op::Unless { condition, target } => {
                if condition.get(&mut run)? {
                    Move::Next
                } else {
                    Move::Jump(*target)
                }
            }
            Op::Repeat(retry) => Move::Repeat(retry.pace(&mut run)?),
            Op::Again { begin } => Move::Again { begin: *begin },
            Op::Fork(wait) => {
                Move::Fork { branches: Arc::clone(&wait.branches), join: wait.join, until: wait.until(&mut run)? }
            }
            Op::EndBranch => Move::EndBranch,
            Op::Enter(limit) => Move::Enter(limit.enter(&mut run)?),
            Op::Leave => Move::Leave,
            Op::Policy(policy) => {
                let flow = policy.run(&mut run)?;
                if std::mem::take(&mut run.state.settle) == Settle::AfterResponse {
                    settlements.push(Settlement { section, level: frame.level, pc: frame.pc });
                }
                moved(flow)
            }
            Op::Take { asked } => match (code.ops.get(*asked), strand.answer.take()) {
                (Some(Op::Policy(policy)), Some(reply)) => taken(policy.take(&mut run, reply)?, *asked),
                // Its policy asked for nothing, or the answer was taken and a body had to be read after it.
                (Some(Op::Policy(policy)), None) => taken(policy.go_on(&mut run)?, *asked),
                // A jump cannot lead here: a `Take` follows its policy.
                _ => Move::Next,
            },
        };
        Ok(Some(next))
    }

    fn go(&mut self, next: Move, section: Section, frame: Frame, shared: &Shared, now: Now) {
        self.note_condition(&next, section, frame);
        let target = match next {
            Move::Jump(target) => target,
            Move::Rerun { asked } => asked,
            Move::AskMore(_) => frame.pc,
            Move::Next
            | Move::Base
            | Move::Ask(_)
            | Move::Execute(_)
            | Move::Finish
            | Move::EndSection
            | Move::Repeat(_)
            | Move::Again { .. }
            | Move::Fork { .. }
            | Move::EndBranch
            | Move::Enter(_)
            | Move::Leave => frame.pc + 1,
        };
        if let Some(top) = self.strand.frames.last_mut() {
            top.pc = target;
        }
        match next {
            Move::Next | Move::Jump(_) => {}
            Move::Base => {
                let level = frame.level + 1;
                if level < self.chain.len() {
                    self.strand.frames.push(Frame { level, pc: 0 });
                }
            }
            Move::Ask(effect) | Move::AskMore(effect) => self.ask(effect, For::Policy),
            Move::Rerun { .. } => self.budget = self.budget.saturating_sub(RERUN_COST),
            Move::Execute(execution) => self.execute_operation(*execution, frame),
            Move::Finish => self.finish(),
            Move::EndSection => self.leave_section(),
            Move::Repeat(pace) => {
                let depth = self.strand.frames.len();
                let permits = self.strand.permits.len();
                self.strand.loops.push(Loop { depth, permits, begin: frame.pc, attempts: 0, pace, raised: None });
            }
            Move::Again { begin } => self.again(section, Frame { pc: begin, ..frame }, frame, shared, now),
            Move::Fork { branches, join, until } => self.fork(&branches, join, until),
            Move::EndBranch => self.end_branch(),
            Move::Enter(permit) => self.strand.permits.push(permit),
            Move::Leave => drop(self.strand.permits.pop()),
        }
    }

    fn note_condition(&mut self, next: &Move, section: Section, frame: Frame) {
        if self.inspector.is_none() {
            return;
        }
        let op = self.code(section, frame.level).and_then(|code| code.ops.get(frame.pc));
        if let Some(Op::Unless { condition, .. }) = op {
            let (text, holds) = (shortened(condition), matches!(next, Move::Next));
            self.note(|| Fact::Condition { text, holds });
        }
    }

    // Stands behind the `Again` at `end` of the loop whose `Repeat` is at `begin`.
    fn again(&mut self, section: Section, begin: Frame, end: Frame, shared: &Shared, now: Now) {
        debug_assert_eq!(self.strand.loops.last().map(|l| l.begin), Some(begin.pc), "the innermost loop ends first");
        let condition = self.retry_condition(section, begin, shared, now);
        self.consume(matches!(condition, Err(Stop::NeedsBody(_))));
        let again = match condition {
            Ok(again) => again,
            Err(Stop::NeedsBody(message)) => return self.need_body(message, section, end),
            Err(Stop::Fail(failure)) => {
                // The failure of the attempt outweighs that of a condition that could not cope with it.
                let earlier = self.strand.loops.pop().and_then(|ended| ended.raised);
                let raised = earlier.unwrap_or_else(|| self.raised(*failure, section, end));
                return self.fail(raised, section);
            }
        };
        self.note(|| Fact::Condition { text: String::new(), holds: again });
        let Some(current) = self.strand.loops.last_mut() else { return };
        if again && current.attempts < current.pace.count {
            current.attempts += 1;
            current.raised = None;
            let wait = current.pace.wait(current.attempts, &mut self.rng);
            self.context.last_error = None;
            if let Some(top) = self.strand.frames.last_mut() {
                top.pc = begin.pc + 1;
            }
            if !wait.is_zero() {
                self.ask(Box::new(Effect::Sleep(wait)), For::Pause);
            }
            return;
        }
        if let Some(raised) = self.strand.loops.pop().and_then(|ended| ended.raised) {
            self.fail(raised, section);
        }
    }

    fn retry_condition(&mut self, section: Section, begin: Frame, shared: &Shared, now: Now) -> Result<bool, Stop> {
        let Self { chain, context, state, site, rng, .. } = self;
        let Some(link) = chain.get(begin.level) else { return Ok(false) };
        let scope = link.scope;
        let mut run = Run { context, state, site, shared, rng, now, section, scope };
        let Some(Op::Repeat(retry)) = link.program.code(section).ops.get(begin.pc) else { return Ok(false) };
        retry.condition.get(&mut run)
    }

    /// An attempt of the innermost loop failed: goes to the end of the loop, where its condition is asked.
    pub(super) fn end_attempt(&mut self, raised: Raised, section: Section) {
        let Some(current) = self.strand.loops.last_mut() else { return };
        current.raised = Some(raised);
        let (depth, begin, permits) = (current.depth, current.begin, current.permits);
        self.strand.frames.truncate(depth);
        self.strand.permits.truncate(permits);
        let level = self.strand.frames.last().map_or(0, |top| top.level);
        let is_end = |op: &Op| matches!(op, Op::Again { begin: of } if *of == begin);
        let end = self.code(section, level).and_then(|code| code.ops.iter().position(is_end));
        if let (Some(top), Some(end)) = (self.strand.frames.last_mut(), end) {
            top.pc = end;
        }
    }

    // The op at `frame` runs again once the body is there.
    fn need_body(&mut self, message: Message, section: Section, frame: Frame) {
        if let Some(top) = self.strand.frames.last_mut() {
            top.pc = frame.pc;
        }
        if matches!(self.body(message), Body::Unread) {
            return self.ask_for_body(message);
        }
        let failure = Failure::expression("there is no body to read: it was passed on already");
        let raised = self.raised(failure, section, frame);
        self.fail(raised, section);
    }

    // The bodies that expressions took go once the policy that they belong to has run, unless it has put others in their place.
    // A policy that runs again finds them there.
    fn consume(&mut self, runs_again: bool) {
        let taken = std::mem::take(&mut self.state.taken);
        if runs_again {
            return;
        }
        for (message, taken) in [(Message::Request, taken.request), (Message::Response, taken.response)] {
            let is_there = |taken: &Bytes| match self.body(message) {
                Body::Bytes(bytes) => bytes.as_ptr() == taken.as_ptr() && !bytes.is_empty(),
                Body::Absent | Body::Unread | Body::Gone | Body::Consumed => false,
            };
            if taken.as_ref().is_some_and(is_there) {
                self.set_body(message, Body::Consumed);
            }
        }
    }

    pub(super) fn body(&self, message: Message) -> &Body {
        body_of(&self.context, message)
    }

    pub(super) fn set_body(&mut self, message: Message, body: Body) {
        match message {
            Message::Request => self.context.request.body = body,
            Message::Response => {
                if let Some(response) = &mut self.context.response {
                    response.body = body;
                }
            }
        }
    }

    pub(super) fn take_body(&mut self, message: Message, reply: Reply) {
        let result = match reply {
            Reply::Body(result) => result,
            Reply::Head(_) | Reply::Response(_) | Reply::Dispatched | Reply::Cache(_) | Reply::Elapsed => {
                Err(BodyFailure::Broken("the wrong kind of answer came".to_owned()))
            }
        };
        if self.state.travel(message).is_opaque() {
            let whose = match message {
                Message::Request => "request",
                Message::Response => "response",
            };
            let line = format!("the content of the {whose} is coded otherwise than by gzip: policies see it as it is");
            self.state.trace(line);
        }
        let failure = match result.and_then(|bytes| self.state.travel(message).arrived(bytes)) {
            Ok(bytes) => {
                if let (Message::Response, Some(tap)) = (message, &mut self.state.tap) {
                    tap.pass(&bytes);
                }
                return self.set_body(message, Body::Bytes(bytes));
            }
            Err(failure) => failure,
        };
        self.state.travel(message).broke_off(failure.clone());
        self.set_body(message, Body::Gone);
        // While settling, a body that cannot be read is seen by the expression that wanted it.
        let (Phase::Section(section), Some(frame)) = (self.phase, self.strand.frames.last().copied()) else { return };
        let raised = self.raised(failed(message, &failure), section, frame);
        self.fail(raised, section);
    }

    /// Runs what policies left until the response is known, from `index` on; at the end, the outcome.
    pub(super) fn settle(&mut self, index: usize, shared: &Shared, now: Now) -> Option<super::Outcome> {
        let Some(Settlement { section, level, pc }) = self.settlements.get(index).copied() else {
            if self.departs_otherwise() {
                self.ask(Box::new(Effect::PeekResponseBody { max_bytes: BODY_BYTES_MAX }), For::Departure);
                return None;
            }
            return Some(self.depart(shared, now));
        };
        let Self { chain, context, state, site, rng, .. } = self;
        let done = chain.get(level).and_then(|link| {
            let scope = link.scope;
            let mut run = Run { context, state, site, shared, rng, now, section, scope };
            let policy = link.program.code(section).ops.get(pc)?.policy()?;
            Some(policy.settle(&mut run))
        });
        if let Some(Err(Stop::NeedsBody(message))) = done
            && matches!(self.body(message), Body::Unread)
        {
            self.ask_for_body(message);
            return None;
        }
        self.phase = Phase::Settling(index + 1);
        None
    }
}

fn moved(flow: Flow) -> Move {
    match flow {
        Flow::Next => Move::Next,
        Flow::Ask(effect) => Move::Ask(effect),
        // Only a `Take` has a policy to go back to.
        Flow::Again => Move::Next,
        Flow::Execute(execution) => Move::Execute(execution),
        Flow::Finish => Move::Finish,
        Flow::EndSection => Move::EndSection,
    }
}

fn taken(flow: Flow, asked: usize) -> Move {
    match flow {
        Flow::Ask(effect) => Move::AskMore(effect),
        Flow::Again => Move::Rerun { asked },
        Flow::Next | Flow::Execute(_) | Flow::Finish | Flow::EndSection => moved(flow),
    }
}
