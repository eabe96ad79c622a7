//! Calls of members and of delegates. Looks up no names.

use std::sync::Arc;

use super::Machine;
use crate::expr::Interrupt;
use crate::expr::bcl::{Call, Function, Run};
use crate::expr::exception::{Outcome, broken, null_reference};
use crate::expr::instance::{self, Cell, Closure, Declared};
use crate::expr::limits::{CALL_HEIGHT, CALL_HEIGHT_MAX};
use crate::expr::node::{Arrays, CallNode, FunctionNode, FunctionsStep, Node, ReceiverRule};
use crate::expr::ty::Ty;
use crate::value::Value;

/// Arguments that fit without a heap allocation.
const INLINE_ARGUMENTS: usize = 4;

const DEPTH_LIMIT: &str = "the expression calls itself too deep";

impl Machine<'_> {
    pub(super) fn call(&mut self, call: &CallNode) -> Outcome<Value> {
        self.step()?;
        let function = match call.run {
            Run::Enum(value) => return Ok(Value::Enum(value)),
            Run::Function(function) => function,
        };
        let result = if call.arguments.len() > INLINE_ARGUMENTS {
            let arguments = call.arguments.iter().map(|node| self.eval(node)).collect::<Outcome<Vec<Value>>>()?;
            self.run_member(function, call, &arguments)?
        } else {
            let mut arguments = [const { Value::Null }; INLINE_ARGUMENTS];
            for (place, node) in arguments.iter_mut().zip(&call.arguments) {
                *place = self.eval(node)?;
            }
            let given = arguments.get(..call.arguments.len()).unwrap_or(&arguments);
            self.run_member(function, call, given)?
        };
        if self.arrays == Arrays::Written { self.thawed(result) } else { Ok(result) }
    }

    fn run_member(&mut self, function: Function, call: &CallNode, arguments: &[Value]) -> Outcome<Value> {
        let missing = call.receiver == ReceiverRule::NotNull && arguments.first().is_none_or(Value::is_null);
        if missing {
            return Err(null_reference());
        }
        function(&mut Call { arguments, types: &call.types, machine: self })
    }

    /// A call with `out` arguments: what the member gave goes to the slots.
    pub(super) fn call_out(&mut self, call: &CallNode, slots: &[u16]) -> Outcome<Value> {
        let before = std::mem::take(&mut self.given);
        let result = self.call(call);
        let given = std::mem::replace(&mut self.given, before);
        let result = result?;
        for (slot, value) in slots.iter().zip(given) {
            self.store(*slot, value)?;
        }
        Ok(result)
    }

    /// A delegate that shares the variables it names.
    pub(super) fn closure(&mut self, function: &Arc<FunctionNode>) -> Outcome<Value> {
        let mut cells = Vec::with_capacity(function.captures.len());
        for capture in &function.captures {
            cells.push(self.cell(capture.outer, Declared::Anew)?);
        }
        self.object(function.ty.clone(), Closure { function: Arc::clone(function), cells: cells.into() })
    }

    // The cell of a slot; a variable that was nobody else's moves into a new one.
    fn cell(&mut self, slot: u16, declared: Declared) -> Outcome<Value> {
        let found = self.place(slot)?.clone();
        if instance::look(&found, |_: &mut Cell| ()).is_some() {
            return Ok(found);
        }
        let cell = self.object(Ty::Object, Cell { value: found, declared })?;
        *self.place(slot)? = cell.clone();
        Ok(cell)
    }

    /// Local functions exist from where their block begins; the variables of the block that they share do too.
    pub(super) fn functions(&mut self, step: &FunctionsStep) -> Outcome<()> {
        for slot in &step.ahead {
            *self.place(*slot)? = Value::Null;
            self.cell(*slot, Declared::InAdvance)?;
        }
        for (slot, function) in &step.functions {
            let closure = self.closure(function)?;
            self.declare(*slot, closure)?;
        }
        Ok(())
    }

    pub(super) fn invocation(&mut self, delegate: &Node, arguments: &[Node]) -> Outcome<Value> {
        let delegate = self.eval(delegate)?;
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            values.push(self.eval(argument)?);
        }
        self.invoke(&delegate, &values)
    }

    /// Runs a delegate.
    pub(crate) fn invoke(&mut self, delegate: &Value, arguments: &[Value]) -> Outcome<Value> {
        self.step()?;
        let (function, cells) = instance::state(delegate, |closure: &mut Closure| {
            (Arc::clone(&closure.function), Arc::clone(&closure.cells))
        })?;
        let height = u32::from(function.height) + CALL_HEIGHT;
        self.deeper(height)?;
        let base = self.locals.len();
        self.locals.resize(base + usize::from(function.slots), Value::Null);
        let outer = std::mem::replace(&mut self.base, base);
        let ran = self.entered(&function, &cells, arguments);
        self.base = outer;
        self.locals.truncate(base);
        self.depth -= height;
        ran
    }

    fn entered(&mut self, function: &FunctionNode, cells: &[Value], arguments: &[Value]) -> Outcome<Value> {
        if arguments.len() != usize::from(function.parameters) {
            return Err(broken("a delegate with another number of parameters"));
        }
        for (slot, argument) in (0..function.parameters).zip(arguments) {
            *self.place(slot)? = argument.clone();
        }
        for (capture, cell) in function.captures.iter().zip(cells) {
            *self.place(capture.inner)? = cell.clone();
        }
        self.body(&function.body)
    }

    /// Counts how far the stack reaches down; whoever adds takes it away again.
    pub(super) fn deeper(&mut self, height: u32) -> Outcome<()> {
        if self.depth + height > CALL_HEIGHT_MAX {
            return Err(Interrupt::LimitExceeded(DEPTH_LIMIT));
        }
        self.depth += height;
        Ok(())
    }
}
