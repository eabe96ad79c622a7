//! From tree to operations. Inside a look-behind, and under `RightToLeft`, everything is emitted to run backwards.

use std::sync::Arc;

use super::CODE_MAX;
use super::parse::{Assertion, Direction, Fold, Greed, Node, Sense, Tree};
use super::set::{Set, lower};

/// The operations of a pattern, and how many registers they use.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) ops: Vec<Op>,
    pub(super) registers: usize,
}

/// Which way the text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Forwards,
    Backwards,
}

#[derive(Clone, Debug)]
pub(super) enum Op {
    Unit(u16, Fold, Way),
    Set(Arc<Set>, Way),
    Assert(Assertion),
    /// Goes on with the first, and with the second when that fails.
    Split(usize, usize),
    Jump(usize),
    /// Prepares the registers of a loop: rounds, and where the last round began.
    LoopStart(usize),
    Loop(Loop),
    /// Begins a round.
    Round(usize),
    /// Notes where a group begins.
    GroupStart(usize),
    /// Ends a group: its register, its place, the group that is balanced.
    GroupEnd(usize, Option<usize>, Option<usize>),
    /// Looks around; a negative one goes on at the target when the inside fails.
    Look(usize, Sense, usize),
    LookEnd(usize, Sense),
    Atomic(usize),
    AtomicEnd(usize),
    BackReference(usize, Fold, Way),
    /// Goes to the target when the group has captured nothing.
    IfGroup(usize, usize),
    Match,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Loop {
    pub(super) register: usize,
    pub(super) min: u32,
    pub(super) max: Option<u32>,
    pub(super) greed: Greed,
    pub(super) exit: usize,
}

pub(super) fn emit(tree: &Tree, backwards: bool) -> Option<Code> {
    let mut emitter = Emitter { ops: Vec::new(), registers: 0 };
    emitter.node(&tree.node, if backwards { Way::Backwards } else { Way::Forwards })?;
    emitter.push(Op::Match)?;
    Some(Code { ops: emitter.ops, registers: emitter.registers })
}

struct Emitter {
    ops: Vec<Op>,
    registers: usize,
}

impl Emitter {
    // Where the operation stands; `None` when there are too many.
    fn push(&mut self, op: Op) -> Option<usize> {
        self.ops.push(op);
        (self.ops.len() <= CODE_MAX).then(|| self.ops.len() - 1)
    }

    fn put(&mut self, at: usize, op: Op) {
        if let Some(place) = self.ops.get_mut(at) {
            *place = op;
        }
    }

    fn registers(&mut self, count: usize) -> usize {
        self.registers += count;
        self.registers - count
    }

    fn node(&mut self, node: &Node, way: Way) -> Option<()> {
        match node {
            Node::Empty => {}
            Node::Unit(unit, fold) => {
                let unit = if *fold == Fold::IgnoreCase { lower(*unit) } else { *unit };
                self.push(Op::Unit(unit, *fold, way))?;
            }
            Node::Set(set) => {
                self.push(Op::Set(Arc::clone(set), way))?;
            }
            Node::Assert(assertion) => {
                self.push(Op::Assert(*assertion))?;
            }
            Node::BackReference(place, fold) => {
                self.push(Op::BackReference(*place, *fold, way))?;
            }
            Node::Concat(nodes) if way == Way::Forwards => nodes.iter().try_for_each(|node| self.node(node, way))?,
            Node::Concat(nodes) => nodes.iter().rev().try_for_each(|node| self.node(node, way))?,
            Node::Alternate(branches) => self.alternate(branches, way)?,
            Node::Repeat(inner, min, max, greed) => self.repeat(inner, (*min, *max, *greed), way)?,
            Node::Group(place, balanced, inner) => {
                let register = self.registers(1);
                self.push(Op::GroupStart(register))?;
                self.node(inner, way)?;
                self.push(Op::GroupEnd(register, *place, *balanced))?;
            }
            Node::Look(direction, sense, inner) => {
                let way = if *direction == Direction::Ahead { Way::Forwards } else { Way::Backwards };
                self.look(*sense, inner, way)?;
            }
            Node::Atomic(inner) => {
                let register = self.registers(2);
                self.push(Op::Atomic(register))?;
                self.node(inner, way)?;
                self.push(Op::AtomicEnd(register))?;
            }
            Node::IfGroup(place, branches) => {
                let test = self.push(Op::Match)?;
                self.node(&branches.0, way)?;
                let end = self.push(Op::Match)?;
                self.put(test, Op::IfGroup(*place, self.ops.len()));
                self.node(&branches.1, way)?;
                self.put(end, Op::Jump(self.ops.len()));
            }
            Node::IfLook(parts) => {
                let (test, yes, no) = &**parts;
                let split = self.push(Op::Match)?;
                self.look(Sense::Positive, test, Way::Forwards)?;
                self.node(yes, way)?;
                let end = self.push(Op::Match)?;
                self.put(split, Op::Split(split + 1, self.ops.len()));
                self.look(Sense::Negative, test, Way::Forwards)?;
                self.node(no, way)?;
                self.put(end, Op::Jump(self.ops.len()));
            }
        }
        Some(())
    }

    fn alternate(&mut self, branches: &[Node], way: Way) -> Option<()> {
        let mut ends = Vec::new();
        for (index, branch) in branches.iter().enumerate() {
            if index + 1 == branches.len() {
                self.node(branch, way)?;
                break;
            }
            let split = self.push(Op::Match)?;
            self.node(branch, way)?;
            ends.push(self.push(Op::Match)?);
            self.put(split, Op::Split(split + 1, self.ops.len()));
        }
        for end in ends {
            self.put(end, Op::Jump(self.ops.len()));
        }
        Some(())
    }

    fn repeat(&mut self, inner: &Node, (min, max, greed): (u32, Option<u32>, Greed), way: Way) -> Option<()> {
        let register = self.registers(2);
        self.push(Op::LoopStart(register))?;
        let head = self.push(Op::Match)?;
        self.push(Op::Round(register))?;
        self.node(inner, way)?;
        self.push(Op::Jump(head))?;
        let exit = self.ops.len();
        self.put(head, Op::Loop(Loop { register, min, max, greed, exit }));
        Some(())
    }

    fn look(&mut self, sense: Sense, inner: &Node, way: Way) -> Option<()> {
        let register = self.registers(2);
        let start = self.push(Op::Match)?;
        self.node(inner, way)?;
        self.push(Op::LookEnd(register, sense))?;
        self.put(start, Op::Look(register, sense, self.ops.len()));
        Some(())
    }
}
