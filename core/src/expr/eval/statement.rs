//! Runs statements. Every statement and every round of a loop is a counted step.

use super::Machine;
use super::cursor::Cursor;
use crate::expr::Interrupt;
use crate::expr::exception::{Outcome, argument_null, broken};
use crate::expr::node::{CatchStep, LoopOrder, LoopStep, Node, Step, SwitchStep, TryStep};
use crate::value::Value;

/// What a statement leads to.
enum Flow {
    Next,
    Break,
    Continue,
    Return(Value),
    /// To another section of the switch around.
    Goto(u16),
    /// To a label.
    Jump(u16),
}

impl Machine<'_> {
    /// Runs the block of an expression; the checker has seen that every path returns.
    pub(super) fn block(&mut self, steps: &[Step]) -> Outcome<Value> {
        match self.steps(steps) {
            Ok(Flow::Return(value)) => Ok(value),
            // The body of an action, which gives nothing.
            Ok(Flow::Next) => Ok(Value::Null),
            Ok(Flow::Break | Flow::Continue | Flow::Goto(_) | Flow::Jump(_)) => Err(broken("a jump out of a block")),
            Err(interrupt) => Err(interrupt),
        }
    }

    fn steps(&mut self, steps: &[Step]) -> Outcome<Flow> {
        for step in steps {
            let flow = self.one(step);
            if !matches!(flow, Ok(Flow::Next)) {
                return flow;
            }
        }
        Ok(Flow::Next)
    }

    fn one(&mut self, step: &Step) -> Outcome<Flow> {
        self.step()?;
        match step {
            Step::Run(node) => self.effect(node).map(|()| Flow::Next),
            Step::If(test, yes, no) => {
                let chosen = if self.test(test)? { yes } else { no };
                self.steps(chosen)
            }
            Step::Loop(step) => self.repeat(step),
            Step::Foreach(slot, sequence, body) => self.foreach(*slot, sequence, body),
            Step::Return(node) => self.eval(node).map(Flow::Return),
            Step::Break => Ok(Flow::Break),
            Step::Continue => Ok(Flow::Continue),
            Step::Leave => Ok(Flow::Return(Value::Null)),
            other => self.rare(other),
        }
    }

    // Of a node whose value nobody wants.
    fn effect(&mut self, node: &Node) -> Outcome<()> {
        match node {
            Node::Declare(slot, value) => self.bind(*slot, value),
            Node::Assign(slot, value) | Node::Exchange(slot, value) => {
                let value = self.eval(value)?;
                self.store(*slot, value)
            }
            other => self.eval(other).map(drop),
        }
    }

    // Gives a variable that begins to live its first value.
    fn bind(&mut self, slot: u16, value: &Node) -> Outcome<()> {
        let value = self.eval(value)?;
        self.declare(slot, value)
    }

    fn repeat(&mut self, step: &LoopStep) -> Outcome<Flow> {
        let mut tests = step.order == LoopOrder::TestFirst;
        loop {
            self.step()?;
            if let (true, Some(test)) = (tests, &step.test)
                && !self.test(test)?
            {
                return Ok(Flow::Next);
            }
            tests = true;
            let flow = self.steps(&step.body);
            match &flow {
                Ok(Flow::Next | Flow::Continue) => {}
                Ok(Flow::Break) => return Ok(Flow::Next),
                Ok(Flow::Return(_) | Flow::Goto(_) | Flow::Jump(_)) | Err(_) => return flow,
            }
            for node in &step.after {
                self.effect(node)?;
            }
        }
    }

    fn foreach(&mut self, slot: u16, sequence: &Node, body: &[Step]) -> Outcome<Flow> {
        let mut cursor = self.pass(sequence)?;
        while self.next_item(&mut *cursor, slot)? {
            let flow = self.steps(body);
            match &flow {
                Ok(Flow::Next | Flow::Continue) => {}
                Ok(Flow::Break) => return Ok(Flow::Next),
                Ok(Flow::Return(_) | Flow::Goto(_) | Flow::Jump(_)) | Err(_) => return flow,
            }
        }
        Ok(Flow::Next)
    }

    fn pass(&mut self, sequence: &Node) -> Outcome<Box<dyn Cursor>> {
        let sequence = self.eval(sequence)?;
        self.cursor(&sequence)
    }

    fn next_item(&mut self, cursor: &mut dyn Cursor, slot: u16) -> Outcome<bool> {
        match self.advance(cursor)? {
            Some(item) => self.declare(slot, item).map(|()| true),
            None => Ok(false),
        }
    }

    fn rare(&mut self, step: &Step) -> Outcome<Flow> {
        match step {
            Step::Throw(node) => self.throw_step(node),
            Step::Rethrow => Err(self.rethrow()),
            Step::Try(step) => self.try_step(step),
            Step::Switch(step) => self.switch(step),
            Step::Goto(section) => Ok(Flow::Goto(*section)),
            Step::Jump(label) => Ok(Flow::Jump(*label)),
            Step::Labelled(steps, labels) => self.labelled(steps, labels),
            Step::Using(slot, resource, body, dispose) => {
                self.bind(*slot, resource).and_then(|()| self.using(body, dispose.as_ref()))
            }
            Step::Lock(object, body) => self.locked(object).and_then(|()| self.steps(body)),
            Step::Functions(step) => self.functions(step).map(|()| Flow::Next),
            _ => Err(broken("a statement that `one` knows")),
        }
    }

    fn throw_step(&mut self, node: &Node) -> Outcome<Flow> {
        let thrown = self.eval(node)?;
        Err(self.throw_object(thrown))
    }

    fn locked(&mut self, object: &Node) -> Outcome<()> {
        if self.eval(object)?.is_null() { Err(argument_null("obj")) } else { Ok(()) }
    }

    // A jump to one of the labels goes on behind it; one to another label leaves.
    fn labelled(&mut self, steps: &[Step], labels: &[(u16, usize)]) -> Outcome<Flow> {
        let mut from = 0;
        loop {
            let flow = self.steps(steps.get(from..).unwrap_or(&[]))?;
            let Flow::Jump(label) = flow else { return Ok(flow) };
            let Some((_, at)) = labels.iter().find(|(other, _)| *other == label) else { return Ok(flow) };
            self.step()?;
            from = *at;
        }
    }

    // What the body comes to, unless disposing of the resource throws.
    fn using(&mut self, body: &[Step], dispose: Option<&Node>) -> Outcome<Flow> {
        let depth = self.depth;
        let result = self.steps(body);
        if matches!(result, Err(Interrupt::LimitExceeded(_) | Interrupt::NeedsBody(_))) {
            return result;
        }
        self.depth = depth;
        if let Some(dispose) = dispose {
            self.eval(dispose)?;
        }
        result
    }

    fn try_step(&mut self, step: &TryStep) -> Outcome<Flow> {
        let (depth, caught) = (self.depth, self.held().caught.len());
        let mut result = self.steps(&step.body);
        if let Err(thrown @ Interrupt::Exception(_)) = result {
            self.depth = depth;
            result = self.catch(step, thrown);
        }
        self.held().caught.truncate(caught);
        // Limits and missing bodies end the evaluation; nothing of it runs on.
        if matches!(result, Err(Interrupt::LimitExceeded(_) | Interrupt::NeedsBody(_))) {
            return result;
        }
        self.depth = depth;
        match self.steps(&step.finally)? {
            Flow::Next => result,
            flow @ (Flow::Break | Flow::Continue | Flow::Return(_) | Flow::Goto(_) | Flow::Jump(_)) => Ok(flow),
        }
    }

    // What the first `catch` that takes the exception comes to, or the exception itself.
    fn catch(&mut self, step: &TryStep, thrown: Interrupt) -> Outcome<Flow> {
        let exception = self.exception_object(&thrown)?;
        for catch in &step.catches {
            if self.takes(catch, &exception)? {
                self.held().caught.push((thrown, exception));
                return self.steps(&catch.body);
            }
        }
        self.remember(exception);
        Err(thrown)
    }

    fn takes(&mut self, catch: &CatchStep, exception: &Value) -> Outcome<bool> {
        if !catch.ty.admits(exception) {
            return Ok(false);
        }
        self.declare(catch.slot, exception.clone())?;
        match catch.filter.as_ref().map(|filter| self.test(filter)) {
            None => Ok(true),
            // An exception in a filter counts as false.
            Some(Err(Interrupt::Exception(_))) => Ok(false),
            Some(judged) => judged,
        }
    }

    fn rethrow(&mut self) -> Interrupt {
        let Some((interrupt, exception)) = self.held().caught.last().cloned() else {
            return broken("`throw;` outside of a catch");
        };
        self.remember(exception);
        interrupt
    }

    fn switch(&mut self, step: &SwitchStep) -> Outcome<Flow> {
        let mut section = self.section_of(step)?;
        while let Some(at) = section {
            self.step()?;
            let steps = step.sections.get(usize::from(at)).ok_or_else(|| broken("a switch without this section"))?;
            match self.steps(steps)? {
                Flow::Goto(next) => section = Some(next),
                Flow::Break | Flow::Next => return Ok(Flow::Next),
                flow @ (Flow::Continue | Flow::Return(_) | Flow::Jump(_)) => return Ok(flow),
            }
        }
        Ok(Flow::Next)
    }

    // Where a switch begins.
    fn section_of(&mut self, step: &SwitchStep) -> Outcome<Option<u16>> {
        self.bind(step.slot, &step.value)?;
        for (test, section) in &step.tests {
            if self.test(test)? {
                return Ok(Some(*section));
            }
        }
        Ok(step.otherwise)
    }
}
