//! One exchange played to its end, with the promises that every exchange keeps.

use crate::exchange::{Content, Effect, EffectId, Exchange, OPERATIONS_MAX, Outcome, Phase, Reply, ResponseBody, Step};
use crate::shared::Shared;
use crate::time::Now;

/// What decides how it goes on.
pub(crate) trait Choose {
    /// A number below `bound`.
    fn choose(&mut self, bound: usize) -> usize;
}

impl Choose for super::Draw<'_> {
    fn choose(&mut self, bound: usize) -> usize {
        self.below(bound)
    }
}

/// An exchange that is under way, and what it has asked for.
pub(crate) struct Played {
    exchange: Exchange,
    is_inspected: bool,
    in_flight: Vec<(EffectId, Effect)>,
    asked: u32,
    has_content: bool,
}

impl Played {
    /// One that nobody watches.
    pub(crate) fn new(exchange: Exchange) -> Self {
        Self { exchange, is_inspected: false, in_flight: Vec::new(), asked: 0, has_content: false }
    }

    /// One that is inspected, whatever the request says.
    pub(crate) fn inspected(exchange: Exchange) -> Self {
        Self { is_inspected: true, ..Self::new(exchange.inspected_anyway()) }
    }

    /// How many effects it has asked for.
    pub(crate) fn asked(&self) -> u32 {
        self.asked
    }

    /// Goes on by one step; when it waits, one of the effects under way is answered.
    pub(crate) fn turn<C: Choose>(
        &mut self,
        shared: &Shared,
        now: Now,
        choice: &mut C,
        reply: impl FnOnce(&Effect, &mut C) -> Reply,
    ) -> Option<Box<Outcome>> {
        match self.exchange.poll(shared, now) {
            Step::Perform(id, effect) => {
                assert!(self.in_flight.iter().all(|(other, _)| *other != id), "an effect has a number of its own");
                self.asked += 1;
                self.in_flight.push((id, effect));
            }
            Step::Cancel(id) => {
                let before = self.in_flight.len();
                self.in_flight.retain(|(other, _)| *other != id);
                assert_eq!(self.in_flight.len() + 1, before, "what is cancelled is in flight");
            }
            Step::Continue => assert!(self.is_inspected, "nothing but an inspection hands back early"),
            Step::Wait => self.answer(shared, now, choice, reply),
            Step::Done(outcome) => {
                self.must_have_ended(&outcome, shared, now);
                return Some(outcome);
            }
        }
        None
    }

    fn answer<C: Choose>(
        &mut self,
        shared: &Shared,
        now: Now,
        choice: &mut C,
        reply: impl FnOnce(&Effect, &mut C) -> Reply,
    ) {
        let newest = self.in_flight.iter().map(|(id, _)| id.0).max();
        assert!(newest.is_some(), "the exchange waits for something");
        self.exchange.resume(EffectId(newest.unwrap_or(0) + 1), Reply::Elapsed, now);
        assert!(matches!(self.exchange.poll(shared, now), Step::Wait), "an unknown answer is ignored");
        let (id, effect) = self.in_flight.remove(choice.choose(self.in_flight.len()));
        let reply = reply(&effect, choice);
        self.has_content |= matches!(reply, Reply::Head(Ok((_, Content::Follows))));
        self.exchange.resume(id, reply, now);
    }

    fn must_have_ended(&mut self, outcome: &Outcome, shared: &Shared, now: Now) {
        let Self { exchange, .. } = self;
        assert!(outcome.head.status.as_u16() >= 200, "an interim response is none: {}", outcome.head.status);
        assert_eq!(outcome.record.response_code, outcome.head.status.as_u16());
        assert_eq!(exchange.phase, Phase::Done);
        assert_eq!(outcome.inspection.is_some(), self.is_inspected);
        assert!(exchange.strand.frames.is_empty() && exchange.strand.loops.is_empty(), "nothing is left open");
        assert!(exchange.beside.is_empty() && self.in_flight.is_empty(), "nothing is left under way");
        assert!(exchange.budget <= OPERATIONS_MAX);
        assert!(
            self.has_content || outcome.body != ResponseBody::Upstream,
            "what is passed through came from a backend"
        );
        assert!(matches!(exchange.poll(shared, now), Step::Wait), "an exchange ends once");
    }
}
