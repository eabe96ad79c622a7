//! Strands: what of an exchange runs side by side. One as a rule; a `wait` starts one for each of its children, an operation one for each
//! resolver that it wants, and may do so inside of a `wait`. Runs no op.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::context::{Body, ResponseView};
use crate::exchange::Exchange;
use crate::exchange::fault::Raised;
use crate::exchange::graphql::{Operating, Scene};
use crate::expr::Message;
use crate::limits::permits::Permit;
use crate::policy::concurrency::Until;
use crate::policy::control::Pace;
use crate::policy::effect::{Effect, EffectId, OutboundBody, OutboundRequest, Reply};
use crate::policy::graphql::synthetic::value_of;
use crate::policy::run::BODY_BYTES_MAX;
use crate::policy::travel::seen;
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
    /// The number of the group that it was started with; none when nothing started it.
    group: Option<u32>,
    /// The call of a resolver that it makes.
    pub(super) resolves: Option<u32>,
    /// What it sees, when it is a resolver and does not run.
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

    /// The number of the group that it was started with.
    pub(super) const fn group(&self) -> Option<u32> {
        self.group
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

/// The strands beside the one at hand.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// Those that do not run at the moment, whichever group they are of.
    others: VecDeque<Strand>,
    /// The groups that have not ended, by number: a later one has a higher number.
    groups: BTreeMap<u32, Group>,
    /// How many groups were started.
    started: u32,
    /// What all see that are no resolvers, while a resolver is at hand.
    common: Option<Box<Scene>>,
}

/// Strands that were started together.
#[derive(Debug)]
struct Group {
    /// The strand that goes on when they have ended.
    parent: Strand,
    /// Where it goes on.
    join: usize,
    until: Until,
    /// The operation whose resolvers they are.
    operation: Option<Box<Operating>>,
}

impl Beside {
    /// Whether no strand is left but the one at hand.
    pub(super) fn is_empty(&self) -> bool {
        self.others.is_empty() && self.groups.is_empty() && self.common.is_none()
    }

    /// Adds strands to a group.
    pub(super) fn add(&mut self, group: u32, strands: impl IntoIterator<Item = Strand>) {
        self.others.extend(strands.into_iter().map(|strand| Strand { group: Some(group), ..strand }));
    }

    /// The operation of a group.
    pub(super) fn operation(&mut self, group: u32) -> Option<&mut Option<Box<Operating>>> {
        self.groups.get_mut(&group).map(|group| &mut group.operation)
    }

    // Whether a strand of a group has not ended; it may have started others itself.
    fn has_left(&self, group: u32) -> bool {
        let parents = self.groups.values().map(|group| &group.parent);
        self.others.iter().chain(parents).any(|strand| strand.group == Some(group))
    }

    // Takes out the strands of a group, and all that were started by them.
    fn remove_below(&mut self, group: u32) -> VecDeque<Strand> {
        let mut below = BTreeSet::from([group]);
        for (number, group) in &self.groups {
            if group.parent.group.is_some_and(|of| below.contains(&of)) {
                below.insert(*number);
            }
        }
        let is_below = |strand: &Strand| strand.group.is_some_and(|of| below.contains(&of));
        let (gone, others) = std::mem::take(&mut self.others).into_iter().partition(is_below);
        self.others = others;
        self.groups.retain(|number, _| !below.contains(number));
        gone
    }
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
    /// The response, whose content is to leave in another coding than it came in.
    Departure,
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
        for strand in std::iter::once(&mut self.strand).chain(&mut self.beside.others) {
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
    pub(super) fn ask(&mut self, mut effect: Box<Effect>, whom: For) {
        debug_assert!(matches!(self.strand.pending, Pending::None), "a strand waits for one effect at a time");
        if let Effect::Forward(request) | Effect::Send(request) | Effect::Dispatch(request) = &mut *effect
            && let OutboundBody::Bytes(content) = &mut request.body
        {
            *content = self.state.request_travel.leaves(&request.headers, content);
        }
        let id = EffectId(self.effects);
        self.effects = self.effects.saturating_add(1);
        self.note_asked(id, &effect);
        self.strand.pending = Pending::Ask(id, effect, whom);
    }

    /// Asks for a body; waits for it when another strand has asked already.
    pub(super) fn ask_for_body(&mut self, message: Message) {
        debug_assert!(self.strand.resolves.is_none(), "a resolver has its bodies");
        if self.beside.others.iter().any(|strand| strand.pending.reads(message)) {
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
        let level = self.strand.frames.last().map_or(0, |top| top.level);
        let strands = branches.iter().map(|pc| Strand::at(Frame { level, pc: *pc })).collect();
        self.start(strands, join, until, None);
    }

    /// Starts strands: the first takes the place of the one at hand, which goes on at `join` when they have ended.
    pub(super) fn start(
        &mut self,
        mut strands: VecDeque<Strand>,
        join: usize,
        until: Until,
        operation: Option<Box<Operating>>,
    ) {
        let Some(first) = strands.pop_front() else { return };
        let number = self.beside.started;
        self.beside.started = number.saturating_add(1);
        let parent = self.replace(Strand { group: Some(number), ..first });
        self.beside.add(number, strands);
        self.beside.groups.insert(number, Group { parent, join, until, operation });
    }

    /// The strand at hand has ended.
    pub(super) fn end_branch(&mut self) {
        if self.strand.resolves.is_some() {
            let value = value_of(self.context.response.as_ref());
            return self.end_resolver(value);
        }
        let group = self.strand.group.and_then(|number| Some((number, self.beside.groups.get(&number)?)));
        match group.map(|(number, group)| (number, group.until, group.join)) {
            Some((_, Until::All, _)) => self.leave(),
            Some((number, Until::Any, join)) => {
                self.abandon(number);
                self.go_to(join);
            }
            None => {}
        }
    }

    /// Another strand takes the place of the one at hand, which has ended: that which started it, if it was the last of its group.
    pub(super) fn leave(&mut self) {
        let Some(number) = self.strand.group else { return };
        if self.beside.has_left(number) {
            // INVARIANT: what has started others and waits for them leaves one of them there.
            if let Some(next) = self.beside.others.pop_front() {
                drop(self.replace(next));
            }
            return;
        }
        let Some(Group { parent, join, operation, .. }) = self.beside.groups.remove(&number) else { return };
        drop(self.replace(parent));
        self.go_to(join);
        if let Some(operation) = operation {
            self.context.response = Some(operation.response());
        }
    }

    pub(super) fn go_to(&mut self, pc: usize) {
        if let Some(top) = self.strand.frames.last_mut() {
            top.pc = pc;
        }
    }

    /// Gives up the group of the strand at hand, and with it what its strands have started; which started it is at hand again. Whether
    /// there was one.
    pub(super) fn give_up(&mut self) -> bool {
        let Some(number) = self.strand.group else { return false };
        self.abandon(number);
        true
    }

    /// Gives up all strands but the one that nothing started.
    pub(super) fn give_up_all(&mut self) {
        while self.give_up() {}
    }

    fn abandon(&mut self, number: u32) {
        let Some(Group { parent, .. }) = self.beside.groups.remove(&number) else { return };
        let mut gone = self.beside.remove_below(number);
        gone.push_front(self.replace(parent));
        for strand in gone {
            let Pending::Answer(id, whom) = strand.pending else { continue };
            if let For::Body(message) = whom {
                self.set_body(message, Body::Gone);
            }
            self.dropped.push(id);
        }
    }

    fn deliver(&mut self, whom: For, reply: Reply) {
        match whom {
            For::Policy => self.strand.answer = Some(seen(reply)),
            For::Body(message) => self.take_body(message, reply),
            For::Departure => self.take_departing(reply),
            For::Pause => {}
        }
    }

    // Whether another strand than the one at hand could be taken up.
    fn switch(&mut self) -> bool {
        let Some(index) = self.beside.others.iter().position(|strand| self.can_go_on(strand)) else { return false };
        let Some(next) = self.beside.others.remove(index) else { return false };
        let parked = self.replace(next);
        self.beside.others.push_back(parked);
        true
    }

    fn can_go_on(&self, strand: &Strand) -> bool {
        match &strand.pending {
            Pending::None | Pending::Ask(..) => true,
            Pending::Answer(..) => strand.answer.is_some(),
            // INVARIANT: a resolver has its bodies; what waits for one is none.
            Pending::Body(message) => {
                let body =
                    self.beside.common.as_ref().map_or_else(|| self.body(*message), |scene| scene.body(*message));
                !matches!(body, Body::Unread)
            }
        }
    }

    // Puts a strand in the place of the one at hand, with what it sees and has begun; gives that one.
    fn replace(&mut self, next: Strand) -> Strand {
        let mut parked = std::mem::replace(&mut self.strand, next);
        parked.draft_request = self.state.draft_request.take();
        parked.draft_response = self.state.draft_response.take();
        let (was_resolver, is_resolver) = (parked.resolves.is_some(), self.strand.resolves.is_some());
        if was_resolver || is_resolver {
            let seen = Some(Box::new(Scene::taken(&mut self.context, &mut self.state)));
            *(if was_resolver { &mut parked.scene } else { &mut self.beside.common }) = seen;
            let scene = if is_resolver { self.strand.scene.take() } else { self.beside.common.take() };
            self.put_scene(scene);
        }
        self.state.draft_request = self.strand.draft_request.take();
        self.state.draft_response = self.strand.draft_response.take();
        parked
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
