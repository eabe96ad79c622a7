//! Calls of members and of delegates. Looks up no names.

use std::sync::Arc;

use super::Machine;
use super::text::Seen;
use crate::expr::Interrupt;
use crate::expr::bcl::{Call, Run};
use crate::expr::exception::{Outcome, broken, null_reference};
use crate::expr::instance::{self, Cell, Closure, Combined, Declared};
use crate::expr::limits::{BYTES_PER_STEP, CALL_HEIGHT, CALL_HEIGHT_MAX, Limit};
use crate::expr::node::{Arrays, CallNode, Cost, FunctionNode, FunctionsStep, Node, ReceiverRule};
use crate::expr::syntax::BinaryOp;
use crate::expr::ty::Ty;
use crate::value::Value;

impl Machine<'_> {
    pub(super) fn call(&mut self, call: &CallNode) -> Outcome<Value> {
        match call.run {
            Run::Function(_) if self.arrays == Arrays::Written => self.call_thawed(call),
            Run::Function(_) => self.call_function(call),
            Run::Text(_) | Run::Part(_) | Run::Enum(_) => self.call_of_context(call),
        }
    }

    #[inline(never)]
    fn call_thawed(&mut self, call: &CallNode) -> Outcome<Value> {
        let result = self.call_function(call)?;
        self.thawed(result)
    }

    fn call_function(&mut self, call: &CallNode) -> Outcome<Value> {
        self.step()?;
        match call.arguments.len() {
            0 => self.run_member(call, &[]),
            1 => self.call_with::<1>(call),
            2 => self.call_with::<2>(call),
            3 => self.call_with::<3>(call),
            _ => self.call_with_many(call),
        }
    }

    #[inline(never)]
    fn call_of_context(&mut self, call: &CallNode) -> Outcome<Value> {
        if let Run::Text(text) = call.run {
            return self.context_text(call, text).map(Seen::into_value);
        }
        self.step()?;
        if let Run::Enum(value) = call.run {
            return Ok(Value::Enum(value));
        }
        let receiver = self.receiver_of(call)?;
        if receiver.is_null() { Err(null_reference()) } else { self.property(call.run, &receiver, &call.types) }
    }

    // Arguments on the stack; apart from each other, so that every call has only the room that it needs.
    #[inline(never)]
    fn call_with<const N: usize>(&mut self, call: &CallNode) -> Outcome<Value> {
        let mut arguments = [const { Value::Null }; N];
        for (place, node) in arguments.iter_mut().zip(&call.arguments) {
            *place = self.eval(node)?;
        }
        self.run_member(call, &arguments)
    }

    #[inline(never)]
    fn call_with_many(&mut self, call: &CallNode) -> Outcome<Value> {
        let arguments = self.values(&call.arguments)?;
        self.run_member(call, &arguments)
    }

    /// The values of these nodes, in order.
    pub(super) fn values(&mut self, nodes: &[Node]) -> Outcome<Vec<Value>> {
        let mut values = Vec::with_capacity(nodes.len());
        for node in nodes {
            values.push(self.eval(node)?);
        }
        Ok(values)
    }

    /// A property of an object that is not null.
    pub(crate) fn property(&mut self, property: Run, object: &Value, types: &[Ty]) -> Outcome<Value> {
        match property {
            Run::Function(function) => {
                function(&mut Call { arguments: std::slice::from_ref(object), types, machine: self })
            }
            Run::Text(text) => match text(self.context, object)? {
                Some(text) => self.string(text),
                None => Ok(Value::Null),
            },
            Run::Part(part) => Ok(Value::Context(part.clone())),
            Run::Enum(value) => Ok(Value::Enum(value)),
        }
    }

    pub(super) fn receiver_of(&mut self, call: &CallNode) -> Outcome<Value> {
        match call.arguments.first() {
            Some(Node::Part(part, steps)) => self.part(part, *steps),
            Some(receiver) => self.eval(receiver),
            None => Err(broken("a call without a receiver")),
        }
    }

    pub(super) fn run_member(&mut self, call: &CallNode, arguments: &[Value]) -> Outcome<Value> {
        let missing = call.receiver == ReceiverRule::NotNull && arguments.first().is_none_or(Value::is_null);
        if missing {
            return Err(null_reference());
        }
        if call.cost == Cost::Arguments {
            for argument in arguments {
                self.weigh(argument)?;
            }
        }
        match call.run {
            Run::Function(function) => {
                let made = function(&mut Call { arguments, types: &call.types, machine: self })?;
                Ok(if call.receiver == ReceiverRule::NotNull { unchanged(arguments, made) } else { made })
            }
            Run::Enum(_) | Run::Part(_) | Run::Text(_) => Err(broken("a member without code")),
        }
    }

    // Whoever looks at a long text takes time in proportion to it, which steps count.
    fn weigh(&mut self, value: &Value) -> Outcome<()> {
        let bytes = match value {
            Value::String(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            _ => return Ok(()),
        };
        self.weigh_bytes(bytes)
    }

    /// Counts the steps of looking through so many bytes.
    pub(crate) fn weigh_bytes(&mut self, bytes: usize) -> Outcome<()> {
        let steps = bytes / BYTES_PER_STEP;
        if steps == 0 { Ok(()) } else { self.spend(u32::try_from(steps).unwrap_or(u32::MAX)) }
    }

    /// A call with `out` arguments: what the member gave goes to the slots.
    pub(super) fn call_out(&mut self, call: &CallNode, slots: &[u16]) -> Outcome<Value> {
        let before = std::mem::take(&mut self.held().given);
        let result = self.call(call);
        let given = std::mem::replace(&mut self.held().given, before);
        let result = result?;
        for (slot, value) in slots.iter().zip(given) {
            let value = if self.arrays == Arrays::Written { self.thawed(value)? } else { value };
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
        let values = self.values(arguments)?;
        self.invoke(&delegate, &values)
    }

    /// Runs a delegate.
    pub(crate) fn invoke(&mut self, delegate: &Value, arguments: &[Value]) -> Outcome<Value> {
        self.step()?;
        let found = instance::look(delegate, |closure: &mut Closure| {
            (Arc::clone(&closure.function), Arc::clone(&closure.cells))
        });
        let Some((function, cells)) = found else { return self.invoke_all(delegate, arguments) };
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

    // Delegates that were added up; the last one gives the result.
    fn invoke_all(&mut self, delegate: &Value, arguments: &[Value]) -> Outcome<Value> {
        let parts = instance::state(delegate, |all: &mut Combined| all.0.clone())?;
        let mut last = Value::Null;
        for part in &parts {
            last = self.invoke(part, arguments)?;
        }
        Ok(last)
    }

    /// `a + b`, and `a - b`, which takes away the last run of `b` in `a`.
    pub(super) fn combination(&mut self, operator: BinaryOp, pair: &(Node, Node)) -> Outcome<Value> {
        let (left, right) = (self.eval(&pair.0)?, self.eval(&pair.1)?);
        let is_sum = operator == BinaryOp::Add;
        if right.is_null() || left.is_null() && !is_sum {
            return Ok(left);
        }
        if left.is_null() {
            return Ok(right);
        }
        let (mut parts, other) = (parts_of(&left), parts_of(&right));
        if is_sum {
            parts.extend(other);
            self.charge(parts.len() * size_of::<Value>())?;
        } else {
            let at = parts.windows(other.len()).rposition(|window| window == &other[..]);
            let Some(at) = at else { return Ok(left) };
            parts.drain(at..at + other.len());
        }
        let ty = match &left {
            Value::Object(object) => instance::type_of(object).cloned().unwrap_or(Ty::Object),
            _ => Ty::Object,
        };
        match &parts[..] {
            [] => Ok(Value::Null),
            [only] => Ok(only.clone()),
            _ => self.object(ty, Combined(parts)),
        }
    }

    /// The cell of a variable, which whoever gets it shares.
    pub(super) fn reference(&mut self, slot: u16) -> Outcome<Value> {
        self.cell(slot, Declared::Anew)
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
            return Err(Interrupt::LimitExceeded(Limit::CallDepth));
        }
        self.depth += height;
        Ok(())
    }
}

fn parts_of(delegate: &Value) -> Vec<Value> {
    instance::look(delegate, |all: &mut Combined| all.0.clone()).unwrap_or_else(|| vec![delegate.clone()])
}

// A member of a text that changes nothing gives the text itself, as .NET's do.
fn unchanged(arguments: &[Value], made: Value) -> Value {
    match (arguments.first(), made) {
        (Some(Value::String(text)), Value::String(made)) if *text == made => Value::String(Arc::clone(text)),
        (_, made) => made,
    }
}
