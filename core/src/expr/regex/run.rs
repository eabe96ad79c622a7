//! Runs operations over text: one loop, one explicit stack of choices and of what to undo. Never recurses.

use super::emit::{Code, Loop, Op, Way};
use super::parse::{Assertion, Fold, Greed, Sense};
use super::set::{is_word, lower};
use super::{Begin, Exhausted, FRAMES_MAX, Found};

/// A register that holds nothing.
const NOTHING: usize = usize::MAX;

enum Frame {
    /// Another way to go on: operation and position.
    Choice(usize, usize),
    Register(usize, usize),
    /// A capture that was added to this group.
    Captured(usize),
    /// A capture that was taken from this group.
    Taken(usize, (usize, usize)),
}

struct Run<'r> {
    code: &'r Code,
    text: &'r [u16],
    start: usize,
    at: usize,
    op: usize,
    registers: Vec<usize>,
    captures: Vec<Vec<(usize, usize)>>,
    frames: Vec<Frame>,
}

/// Whether the way that was taken goes on.
#[derive(PartialEq, Eq)]
enum Step {
    On,
    Fail,
    Matched,
}

pub(super) fn find(
    code: &Code,
    groups: usize,
    backwards: bool,
    text: &[u16],
    begin: Begin,
    budget: &mut u64,
) -> Result<Option<Found>, Exhausted> {
    let mut run = Run {
        code,
        text,
        start: begin.last,
        at: begin.at,
        op: 0,
        registers: vec![NOTHING; code.registers],
        captures: vec![Vec::new(); groups],
        frames: Vec::new(),
    };
    let is_anchored = matches!(code.ops.first(), Some(Op::Assert(Assertion::Start))) && !backwards;
    let mut from = begin.at;
    loop {
        if run.may_begin(from, backwards) && run.attempt(from, budget)? {
            let span = (from.min(run.at), from.max(run.at));
            if let Some(whole) = run.captures.first_mut() {
                *whole = vec![span];
            }
            return Ok(Some(Found { captures: run.captures }));
        }
        *budget = budget.checked_sub(1).ok_or(Exhausted)?;
        let next = if backwards { from.checked_sub(1) } else { Some(from + 1).filter(|next| *next <= text.len()) };
        match next {
            Some(next) if !is_anchored => from = next,
            Some(_) | None => return Ok(None),
        }
    }
}

impl Run<'_> {
    // A quick look at the first operation.
    fn may_begin(&self, from: usize, backwards: bool) -> bool {
        match self.code.ops.first() {
            Some(Op::Unit(wanted, fold, Way::Forwards)) if !backwards => {
                self.text.get(from).is_some_and(|unit| same(*unit, *wanted, *fold))
            }
            _ => true,
        }
    }

    fn attempt(&mut self, from: usize, budget: &mut u64) -> Result<bool, Exhausted> {
        self.registers.fill(NOTHING);
        self.captures.iter_mut().for_each(Vec::clear);
        self.frames.clear();
        (self.at, self.op) = (from, 0);
        loop {
            *budget = budget.checked_sub(1).ok_or(Exhausted)?;
            match self.step(budget)? {
                Step::On => {}
                Step::Matched => return Ok(true),
                Step::Fail => {
                    if !self.backtrack() {
                        return Ok(false);
                    }
                }
            }
            if self.frames.len() > FRAMES_MAX {
                return Err(Exhausted);
            }
        }
    }

    // Undoes down to the last choice.
    fn backtrack(&mut self) -> bool {
        while let Some(frame) = self.frames.pop() {
            if let Frame::Choice(op, at) = frame {
                (self.op, self.at) = (op, at);
                return true;
            }
            self.undo(frame);
        }
        false
    }

    fn undo(&mut self, frame: Frame) {
        match frame {
            Frame::Choice(..) => {}
            Frame::Register(register, old) => {
                if let Some(place) = self.registers.get_mut(register) {
                    *place = old;
                }
            }
            Frame::Captured(group) => {
                if let Some(captures) = self.captures.get_mut(group) {
                    captures.pop();
                }
            }
            Frame::Taken(group, capture) => {
                if let Some(captures) = self.captures.get_mut(group) {
                    captures.push(capture);
                }
            }
        }
    }

    fn register(&self, register: usize) -> usize {
        self.registers.get(register).copied().unwrap_or(NOTHING)
    }

    fn set_register(&mut self, register: usize, value: usize) {
        if let Some(place) = self.registers.get_mut(register) {
            let old = std::mem::replace(place, value);
            self.frames.push(Frame::Register(register, old));
        }
    }

    // The next unit in this direction, which is passed over.
    fn take(&mut self, way: Way) -> Option<u16> {
        match way {
            Way::Forwards => {
                let unit = *self.text.get(self.at)?;
                self.at += 1;
                Some(unit)
            }
            Way::Backwards => {
                let before = self.at.checked_sub(1)?;
                let unit = *self.text.get(before)?;
                self.at = before;
                Some(unit)
            }
        }
    }

    fn step(&mut self, budget: &mut u64) -> Result<Step, Exhausted> {
        let code = self.code;
        let Some(op) = code.ops.get(self.op) else { return Ok(Step::Fail) };
        self.op += 1;
        let goes_on = match op {
            Op::Unit(wanted, fold, way) => self.take(*way).is_some_and(|unit| same(unit, *wanted, *fold)),
            Op::Set(set, way) => self.take(*way).is_some_and(|unit| set.contains(unit)),
            Op::Assert(assertion) => self.holds(*assertion),
            Op::Split(first, second) => {
                self.frames.push(Frame::Choice(*second, self.at));
                self.op = *first;
                true
            }
            Op::Jump(target) => {
                self.op = *target;
                true
            }
            Op::LoopStart(register) => {
                self.set_register(*register, 0);
                self.set_register(register + 1, NOTHING);
                true
            }
            Op::Loop(head) => {
                self.round_or_exit(*head);
                true
            }
            Op::Round(register) => {
                let rounds = self.register(*register);
                self.set_register(*register, rounds.saturating_add(1));
                self.set_register(register + 1, self.at);
                true
            }
            Op::GroupStart(register) => {
                self.set_register(*register, self.at);
                true
            }
            Op::GroupEnd(register, group, balanced) => self.group_end(*register, *group, *balanced),
            Op::Look(register, sense, target) => {
                self.look(*register, *sense, *target);
                true
            }
            Op::LookEnd(register, sense) => self.look_end(*register, *sense, budget)?,
            Op::Atomic(register) => {
                let height = self.frames.len();
                self.set_register(*register, height);
                true
            }
            Op::AtomicEnd(register) => {
                self.cut(self.register(*register), budget)?;
                true
            }
            Op::BackReference(group, fold, way) => self.back_reference(*group, *fold, *way, budget)?,
            Op::IfGroup(group, target) => {
                if self.captures.get(*group).is_none_or(Vec::is_empty) {
                    self.op = *target;
                }
                true
            }
            Op::Match => return Ok(Step::Matched),
        };
        Ok(if goes_on { Step::On } else { Step::Fail })
    }

    fn look(&mut self, register: usize, sense: Sense, target: usize) {
        let height = self.frames.len();
        if sense == Sense::Negative {
            self.frames.push(Frame::Choice(target, self.at));
        }
        self.set_register(register, height);
        self.set_register(register + 1, self.at);
    }

    fn look_end(&mut self, register: usize, sense: Sense, budget: &mut u64) -> Result<bool, Exhausted> {
        let height = self.register(register);
        match sense {
            Sense::Positive => {
                self.cut(height, budget)?;
                self.at = self.register(register + 1);
            }
            Sense::Negative => {
                while self.frames.len() > height
                    && let Some(frame) = self.frames.pop()
                {
                    self.undo(frame);
                }
            }
        }
        Ok(sense == Sense::Positive)
    }

    // A round that consumed nothing ends the loop.
    fn round_or_exit(&mut self, head: Loop) {
        let rounds = self.register(head.register);
        let was_empty = rounds > 0 && self.register(head.register + 1) == self.at;
        let min = usize::try_from(head.min).unwrap_or(usize::MAX);
        let max = head.max.and_then(|max| usize::try_from(max).ok());
        if was_empty || max.is_some_and(|max| rounds >= max) {
            self.op = head.exit;
        } else if rounds >= min {
            match head.greed {
                Greed::Greedy => self.frames.push(Frame::Choice(head.exit, self.at)),
                Greed::Lazy => {
                    self.frames.push(Frame::Choice(self.op, self.at));
                    self.op = head.exit;
                }
            }
        }
    }

    fn group_end(&mut self, register: usize, group: Option<usize>, balanced: Option<usize>) -> bool {
        let start = self.register(register);
        let mut span = (start.min(self.at), start.max(self.at));
        if let Some(balanced) = balanced {
            let Some(taken) = self.captures.get_mut(balanced).and_then(Vec::pop) else { return false };
            self.frames.push(Frame::Taken(balanced, taken));
            // The group that balances captures what lies between.
            span = if span.0 >= taken.1 { (taken.1, span.0) } else { (span.1.min(taken.0), taken.0.max(span.1)) };
        }
        if let Some(group) = group
            && let Some(captures) = self.captures.get_mut(group)
        {
            captures.push(span);
            self.frames.push(Frame::Captured(group));
        }
        true
    }

    // Forgets the choices made since, but not what is to be undone.
    fn cut(&mut self, height: usize, budget: &mut u64) -> Result<(), Exhausted> {
        let above = self.frames.len().saturating_sub(height);
        *budget = u64::try_from(above).ok().and_then(|above| budget.checked_sub(above)).ok_or(Exhausted)?;
        let kept = self.frames.split_off(height.min(self.frames.len()));
        self.frames.extend(kept.into_iter().filter(|frame| !matches!(frame, Frame::Choice(..))));
        Ok(())
    }

    fn back_reference(&mut self, group: usize, fold: Fold, way: Way, budget: &mut u64) -> Result<bool, Exhausted> {
        let Some((start, end)) = self.captures.get(group).and_then(|captures| captures.last()).copied() else {
            return Ok(false);
        };
        let length = end - start;
        *budget = u64::try_from(length).ok().and_then(|length| budget.checked_sub(length)).ok_or(Exhausted)?;
        let from = match way {
            Way::Forwards => Some(self.at),
            Way::Backwards => self.at.checked_sub(length),
        };
        let wanted = self.text.get(start..end);
        let found = from.and_then(|from| self.text.get(from..from + length));
        let (Some(wanted), Some(found), Some(from)) = (wanted, found, from) else { return Ok(false) };
        let is_same = wanted.iter().zip(found).all(|(wanted, unit)| match fold {
            Fold::Exact => wanted == unit,
            Fold::IgnoreCase => lower(*wanted) == lower(*unit),
        });
        self.at = if way == Way::Forwards { from + length } else { from };
        Ok(is_same)
    }

    fn holds(&self, assertion: Assertion) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.text.get(at)).copied();
        let after = self.text.get(self.at).copied();
        let newline = Some(u16::from(b'\n'));
        let length = self.text.len();
        match assertion {
            Assertion::Start => self.at == 0,
            Assertion::LineStart => self.at == 0 || before == newline,
            Assertion::End => self.at == length,
            Assertion::EndOrFinalNewline => self.at == length || self.at + 1 == length && after == newline,
            Assertion::LineEnd => self.at == length || after == newline,
            Assertion::Boundary => is_boundary(before) != is_boundary(after),
            Assertion::NotBoundary => is_boundary(before) == is_boundary(after),
            Assertion::EcmaBoundary => is_ecma_word(before) != is_ecma_word(after),
            Assertion::NotEcmaBoundary => is_ecma_word(before) == is_ecma_word(after),
            Assertion::SearchStart => self.at == self.start,
        }
    }
}

fn same(unit: u16, wanted: u16, fold: Fold) -> bool {
    unit == wanted || fold == Fold::IgnoreCase && lower(unit) == wanted
}

// Joiners belong to words where boundaries are looked for.
fn is_boundary(unit: Option<u16>) -> bool {
    unit.is_some_and(|unit| is_word(unit) || matches!(unit, 0x200c | 0x200d))
}

fn is_ecma_word(unit: Option<u16>) -> bool {
    unit.and_then(|unit| u8::try_from(unit).ok()).is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
