//! Strands: what of an exchange runs side by side. One as a rule; a `wait` starts one for each of its children. Runs no op.

use std::collections::VecDeque;

use crate::context::{Body, ResponseView};
use crate::exchange::Exchange;
use crate::exchange::fault::Raised;
use crate::exchange::graphql::Scene;
use crate::expr::Message;
use crate::limits::permits::Permit;
use crate::policy::concurrency::Until;
use crate::policy::control::Pace;
use crate::policy::effect::{Effect, EffectId, OutboundRequest, Reply};
use crate::policy::graphql::Execution;
use crate::policy::graphql::synthetic::value_of;
use crate::policy::run::BODY_BYTES_MAX;
use crate::time::{Instant, Now};

/// One line of ops under way.
#[derive(Debug, Default)]
pub(super) struct Strand {
    /// The sections that are being run, the innermost last.
    pub(super) frames: Vec<Frame>,
    /// The retries that are under way, the innermost last.
    pub(super) loops: Vec<Loop>,
    /// The permits of the `limit-concurrency` elements that are being run, the innermost last.
    pub(super) permits: Vec<Permit>,
    /// The answer for the `Take` that runs next.
    pub(super) answer: Option<Reply>,
    /// Since when it waits for a cache outside of the process.
    pub(super) cache_asked_at: Option<Instant>,
    /// The call of a resolver that it makes.
    pub(super) resolves: Option<u32>,
    /// What it sees, when that is not what the others see and it does not run.
    pub(super) scene: Option<Box<Scene>>,
    pending: Pending,
    // What send-request and return-response put together, while another strand runs.
    draft_request: Option<Box<OutboundRequest>>,
    draft_response: Option<Box<ResponseView>>,
}

impl Strand {
    /// One that begins at `frame`.
    pub(super) fn at(frame: Frame) -> Self {
        Self { frames: vec![frame], ..Self::default() }
    }
}

/// A document's section that is being run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// Index in the exchange's chain.
    pub(super) level: usize,
    /// Index of the next op.
    pub(super) pc: usize,
}

/// A retry that is under way.
#[derive(Clone, Debug)]
pub(super) struct Loop {
    /// How many frames there were when it began.
    pub(super) depth: usize,
    /// How many permits there were when it began.
    pub(super) permits: usize,
    /// The index of its `Repeat`.
    pub(super) begin: usize,
    /// Attempts after the first one so far.
    pub(super) attempts: i64,
    /// How often and when.
    pub(super) pace: Pace,
    /// The failure that ended the attempt, until the condition has been asked.
    pub(super) raised: Option<Raised>,
}

/// Strands side by side.
#[derive(Debug)]
pub(super) struct Parallel {
    /// The strand that goes on when they have ended.
    pub(super) parent: Strand,
    /// Where it goes on.
    pub(super) join: usize,
    pub(super) until: Until,
    /// Those that do not run at the moment.
    pub(super) others: VecDeque<Strand>,
    /// The operation whose resolvers they are.
    pub(super) operation: Option<Box<Execution>>,
}

/// What a strand waits for.
#[derive(Clone, Debug, Default)]
enum Pending {
    /// Nothing.
    #[default]
    None,
    /// This has been decided and not been handed out.
    Ask(EffectId, Box<Effect>, For),
    /// This has been handed out.
    Answer(EffectId, For),
    /// The body that another strand reads.
    Body(Message),
}

/// Who gets an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    /// The policy whose `Take` is the next op.
    Policy,
    /// The body of this message.
    Body(Message),
    /// A loop that waits before its next attempt.
    Pause,
}

/// What the exchange does next.
pub(super) enum Ready {
    /// The strand at hand runs.
    Run,
    /// This is to be performed.
    Ask(EffectId, Box<Effect>),
    /// Nothing, until an answer comes.
    Nothing,
}

impl Exchange {
    /// Takes up the strand that can go on.
    pub(super) fn next_ready(&mut self, now: Now) -> Ready {
        loop {
            match std::mem::take(&mut self.strand.pending) {
                Pending::None => return Ready::Run,
                Pending::Ask(id, effect, whom) => {
                    self.strand.pending = Pending::Answer(id, whom);
                    self.strand.cache_asked_at = matches!(*effect, Effect::Cache(_)).then_some(now.instant);
                    return Ready::Ask(id, effect);
                }
                Pending::Answer(id, whom) => {
                    if let Some(reply) = self.strand.answer.take() {
                        self.deliver(whom, reply);
                        return Ready::Run;
                    }
                    self.strand.pending = Pending::Answer(id, whom);
                }
                Pending::Body(message) => {
                    if !matches!(self.body(message), Body::Unread) {
                        return Ready::Run;
                    }
                    self.strand.pending = Pending::Body(message);
                }
            }
            if !self.switch() {
                return Ready::Nothing;
            }
        }
    }

    /// Hands in the answer to an effect. An answer to a cancelled or unknown effect is ignored.
    pub fn resume(&mut self, id: EffectId, reply: Reply, now: Now) {
        self.note_answer(id, &reply, now);
        let others = self.parallel.iter_mut().flat_map(|parallel| &mut parallel.others);
        for strand in std::iter::once(&mut self.strand).chain(others) {
            if matches!(&strand.pending, Pending::Answer(expected, _) if *expected == id) {
                strand.answer = Some(reply);
                if let Some(since) = strand.cache_asked_at.take() {
                    self.state.cache_time += now.instant.saturating_since(since);
                }
                return;
            }
        }
    }

    /// Asks for an effect in the name of the strand at hand.
    pub(super) fn ask(&mut self, effect: Box<Effect>, whom: For) {
        debug_assert!(matches!(self.strand.pending, Pending::None), "a strand waits for one effect at a time");
        let id = EffectId(self.effects);
        self.effects = self.effects.saturating_add(1);
        self.note_asked(id, &effect);
        self.strand.pending = Pending::Ask(id, effect, whom);
    }

    /// Asks for a body; waits for it when another strand has asked already.
    pub(super) fn ask_for_body(&mut self, message: Message) {
        let mut others = self.parallel.iter().flat_map(|parallel| &parallel.others);
        if others.any(|strand| strand.pending.reads(message)) {
            self.strand.pending = Pending::Body(message);
            return;
        }
        let max_bytes = BODY_BYTES_MAX;
        let effect = match message {
            Message::Request => Effect::ReadRequestBody { max_bytes },
            Message::Response => Effect::ReadResponseBody { max_bytes },
        };
        self.ask(Box::new(effect), For::Body(message));
    }

    /// Starts strands at `branches`, in the document of the strand at hand, which goes on at `join` when they have ended.
    pub(super) fn fork(&mut self, branches: &[usize], join: usize, until: Until) {
        debug_assert!(self.parallel.is_none(), "a `wait` holds no other");
        let level = self.strand.frames.last().map_or(0, |top| top.level);
        let strand = |pc: &usize| Strand::at(Frame { level, pc: *pc });
        let mut others: VecDeque<Strand> = branches.iter().map(strand).collect();
        if let Some(first) = others.pop_front() {
            let parent = std::mem::replace(&mut self.strand, first);
            self.parallel = Some(Box::new(Parallel { parent, join, until, others, operation: None }));
        }
    }

    /// The strand at hand has ended: another one takes its place, or the one that started them goes on.
    pub(super) fn end_branch(&mut self) {
        if self.strand.resolves.is_some() {
            let value = value_of(self.context.response.as_ref());
            return self.end_resolver(value);
        }
        let Some(parallel) = &mut self.parallel else { return };
        let next = match parallel.until {
            Until::All => parallel.others.pop_front(),
            Until::Any => None,
        };
        if let Some(next) = next {
            self.strand = next;
            self.take_up();
            return;
        }
        let join = parallel.join;
        self.abandon();
        if let Some(top) = self.strand.frames.last_mut() {
            top.pc = join;
        }
    }

    /// Gives up the strands side by side; the one that started them is at hand again.
    pub(super) fn abandon(&mut self) {
        let Some(parallel) = self.parallel.take() else { return };
        let Parallel { parent, others, .. } = *parallel;
        let ended = std::mem::replace(&mut self.strand, parent);
        self.put_scene();
        for strand in std::iter::once(ended).chain(others) {
            let Pending::Answer(id, whom) = strand.pending else { continue };
            if let For::Body(message) = whom {
                self.set_body(message, Body::Gone);
            }
            self.dropped.push(id);
        }
    }

    fn deliver(&mut self, whom: For, reply: Reply) {
        match whom {
            For::Policy => self.strand.answer = Some(reply),
            For::Body(message) => self.take_body(message, reply),
            For::Pause => {}
        }
    }

    // Whether another strand than the one at hand could be taken up.
    fn switch(&mut self) -> bool {
        let Some(parallel) = &self.parallel else { return false };
        let can_go_on = |strand: &Strand| match &strand.pending {
            Pending::None | Pending::Ask(..) => true,
            Pending::Answer(..) => strand.answer.is_some(),
            Pending::Body(message) => !matches!(self.body(*message), Body::Unread),
        };
        let Some(index) = parallel.others.iter().position(can_go_on) else { return false };
        let Some(parallel) = &mut self.parallel else { return false };
        let Some(next) = parallel.others.remove(index) else { return false };
        let mut parked = std::mem::replace(&mut self.strand, next);
        parked.draft_request = self.state.draft_request.take();
        parked.draft_response = self.state.draft_response.take();
        if parked.resolves.is_some() {
            parked.scene = Some(Box::new(Scene::taken(&mut self.context, &mut self.state)));
        }
        parallel.others.push_back(parked);
        self.take_up();
        true
    }

    /// What the strand at hand left when another one took its place is there again.
    pub(super) fn take_up(&mut self) {
        self.put_scene();
        self.state.draft_request = self.strand.draft_request.take();
        self.state.draft_response = self.strand.draft_response.take();
    }
}

impl Pending {
    fn reads(&self, message: Message) -> bool {
        match self {
            Self::Ask(_, _, For::Body(read)) | Self::Answer(_, For::Body(read)) => *read == message,
            Self::Ask(..) | Self::Answer(..) | Self::Body(_) | Self::None => false,
        }
    }
}
