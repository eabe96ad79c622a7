//! Runs statements. Every statement and every round of a loop is a counted step.

use std::sync::Arc;

use super::Machine;
use crate::expr::exception::{Outcome, broken, null_reference};
use crate::expr::node::{LoopOrder, LoopStep, Node, Step};
use crate::value::{JToken, Value};

/// What a statement leads to.
enum Flow {
    Next,
    Break,
    Continue,
    Return(Value),
}

impl Machine<'_> {
    /// Runs the block of an expression; the checker has seen that every path returns.
    pub(super) fn block(&mut self, steps: &[Step]) -> Outcome<Value> {
        match self.steps(steps)? {
            Flow::Return(value) => Ok(value),
            Flow::Next | Flow::Break | Flow::Continue => Err(broken("a block that ends without a return")),
        }
    }

    fn steps(&mut self, steps: &[Step]) -> Outcome<Flow> {
        for step in steps {
            match self.one(step)? {
                Flow::Next => {}
                flow @ (Flow::Break | Flow::Continue | Flow::Return(_)) => return Ok(flow),
            }
        }
        Ok(Flow::Next)
    }

    fn one(&mut self, step: &Step) -> Outcome<Flow> {
        self.step()?;
        match step {
            Step::Run(node) => {
                self.eval(node)?;
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
                flow @ Flow::Return(_) => return Ok(flow),
                Flow::Next | Flow::Continue => {}
            }
            for node in &step.after {
                self.eval(node)?;
            }
        }
    }

    fn foreach(&mut self, slot: u16, sequence: &Node, body: &[Step]) -> Outcome<Flow> {
        let sequence = self.eval(sequence)?;
        let mut index = 0;
        // Text is turned into units once, so that the loop is linear.
        let units: Vec<u16> = sequence.as_str().map(|text| text.encode_utf16().collect()).unwrap_or_default();
        while let Some(item) = item_at(&sequence, &units, index)? {
            self.step()?;
            self.store(slot, item)?;
            match self.steps(body)? {
                Flow::Break => return Ok(Flow::Next),
                flow @ Flow::Return(_) => return Ok(flow),
                Flow::Next | Flow::Continue => {}
            }
            index += 1;
        }
        Ok(Flow::Next)
    }
}

fn item_at(sequence: &Value, units: &[u16], index: usize) -> Outcome<Option<Value>> {
    match sequence {
        Value::Null => Err(null_reference()),
        Value::Strings(items) => Ok(items.get(index).map(|text| Value::String(Arc::clone(text)))),
        Value::Chars(items) => Ok(items.get(index).map(|unit| Value::Char(*unit))),
        Value::String(_) => Ok(units.get(index).map(|unit| Value::Char(*unit))),
        Value::Json(token) => Ok(json_item(token, index)),
        _ => Err(broken("a foreach over no sequence")),
    }
}

fn json_item(token: &JToken, index: usize) -> Option<Value> {
    token.child_at(index).map(Value::Json)
}
