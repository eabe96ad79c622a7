//! Runs statements. Every statement and every round of a loop is a counted step.

use super::Machine;
use crate::expr::Interrupt;
use crate::expr::exception::{Outcome, argument_null, broken};
use crate::expr::node::{LoopOrder, LoopStep, Node, Step, SwitchStep, TryStep};
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
        match self.steps(steps)? {
            Flow::Return(value) => Ok(value),
            // The body of an action, which gives nothing.
            Flow::Next => Ok(Value::Null),
            Flow::Break | Flow::Continue | Flow::Goto(_) | Flow::Jump(_) => Err(broken("a jump out of a block")),
        }
    }

    fn steps(&mut self, steps: &[Step]) -> Outcome<Flow> {
        for step in steps {
            match self.one(step)? {
                Flow::Next => {}
                flow @ (Flow::Break | Flow::Continue | Flow::Return(_) | Flow::Goto(_) | Flow::Jump(_)) => {
                    return Ok(flow);
                }
            }
        }
        Ok(Flow::Next)
    }

    fn one(&mut self, step: &Step) -> Outcome<Flow> {
        self.step()?;
        match step {
            Step::Run(node) => {
                self.effect(node)?;
                Ok(Flow::Next)
            }
            Step::If(test, yes, no) => {
                let chosen = if self.test(test)? { yes } else { no };
                self.steps(chosen)
            }
            Step::Loop(step) => self.repeat(step),
            Step::Foreach(slot, sequence, body) => self.foreach(*slot, sequence, body),
            Step::Return(node) => Ok(Flow::Return(self.eval(node)?)),
            Step::Break => Ok(Flow::Break),
            Step::Continue => Ok(Flow::Continue),
            Step::Leave => Ok(Flow::Return(Value::Null)),
            other => self.rare(other),
        }
    }

    // Of a node whose value nobody wants.
    fn effect(&mut self, node: &Node) -> Outcome<()> {
        match node {
            Node::Declare(slot, value) => {
                let value = self.eval(value)?;
                self.declare(*slot, value)
            }
            Node::Assign(slot, value) | Node::Exchange(slot, value) => {
                let value = self.eval(value)?;
                self.store(*slot, value)
            }
            other => self.eval(other).map(drop),
        }
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
            match self.steps(&step.body)? {
                Flow::Break => return Ok(Flow::Next),
                flow @ (Flow::Return(_) | Flow::Goto(_) | Flow::Jump(_)) => return Ok(flow),
                Flow::Next | Flow::Continue => {}
            }
            for node in &step.after {
                self.effect(node)?;
            }
        }
    }

    fn foreach(&mut self, slot: u16, sequence: &Node, body: &[Step]) -> Outcome<Flow> {
        let sequence = self.eval(sequence)?;
        let mut cursor = self.cursor(&sequence)?;
        while let Some(item) = self.advance(&mut *cursor)? {
            self.declare(slot, item)?;
            match self.steps(body)? {
                Flow::Break => return Ok(Flow::Next),
                flow @ (Flow::Return(_) | Flow::Goto(_) | Flow::Jump(_)) => return Ok(flow),
                Flow::Next | Flow::Continue => {}
            }
        }
        Ok(Flow::Next)
    }

    fn rare(&mut self, step: &Step) -> Outcome<Flow> {
        match step {
            Step::Throw(node) => {
                let thrown = self.eval(node)?;
                Err(self.throw_object(thrown))
            }
            Step::Rethrow => Err(self.rethrow()),
            Step::Try(step) => self.try_step(step),
            Step::Switch(step) => self.switch(step),
            Step::Goto(section) => Ok(Flow::Goto(*section)),
            Step::Jump(label) => Ok(Flow::Jump(*label)),
            Step::Labelled(steps, labels) => self.labelled(steps, labels),
            Step::Using(slot, resource, body, dispose) => {
                let resource = self.eval(resource)?;
                self.declare(*slot, resource)?;
                self.using(body, dispose.as_ref())
            }
            Step::Lock(object, body) => {
                if self.eval(object)?.is_null() {
                    return Err(argument_null("obj"));
                }
                self.steps(body)
            }
            Step::Functions(step) => {
                self.functions(step)?;
                Ok(Flow::Next)
            }
            _ => Err(broken("a statement that `one` knows")),
        }
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
        let (depth, caught) = (self.depth, self.caught.len());
        let mut result = self.steps(&step.body);
        if let Err(thrown @ Interrupt::Exception(_)) = &result {
            let thrown = thrown.clone();
            self.depth = depth;
            if let Some(handled) = self.catch(step, &thrown) {
                result = handled;
            }
        }
        self.caught.truncate(caught);
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

    // What the first `catch` that takes the exception comes to; nothing when none does.
    fn catch(&mut self, step: &TryStep, thrown: &Interrupt) -> Option<Outcome<Flow>> {
        let exception = match self.exception_object(thrown) {
            Ok(exception) => exception,
            Err(limit) => return Some(Err(limit)),
        };
        for catch in &step.catches {
            if !catch.ty.admits(&exception) {
                continue;
            }
            if let Err(error) = self.declare(catch.slot, exception.clone()) {
                return Some(Err(error));
            }
            match catch.filter.as_ref().map(|filter| self.test(filter)) {
                None | Some(Ok(true)) => {}
                // An exception in a filter counts as false.
                Some(Ok(false) | Err(Interrupt::Exception(_))) => continue,
                Some(Err(other)) => return Some(Err(other)),
            }
            self.caught.push((thrown.clone(), exception));
            return Some(self.steps(&catch.body));
        }
        self.remember(exception);
        None
    }

    fn rethrow(&mut self) -> Interrupt {
        let Some((interrupt, exception)) = self.caught.last().cloned() else {
            return broken("`throw;` outside of a catch");
        };
        self.remember(exception);
        interrupt
    }

    fn switch(&mut self, step: &SwitchStep) -> Outcome<Flow> {
        let value = self.eval(&step.value)?;
        self.declare(step.slot, value)?;
        let mut section = step.otherwise;
        for (test, target) in &step.tests {
            if self.test(test)? {
                section = Some(*target);
                break;
            }
        }
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
}
