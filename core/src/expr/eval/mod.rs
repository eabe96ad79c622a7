//! From typed tree to value. Looks up no names: locals are slots, members are functions.

mod operate;
mod statement;

use std::sync::Arc;

use crate::context::Context;
use crate::http::Url;
use crate::rng::Rng;
use crate::time::Now;
use crate::value::{ContextPart, JToken, UrlRef, Value};

use super::bcl::{Call, Run, json_cast, json_token};
use super::exception::{Outcome, broken, index_out_of_range, invalid_cast, invalid_operation, null_reference};
use super::instance::{Instance, State};
use super::limits::{MEMORY_BYTES_MAX, STEPS_MAX, STRING_BYTES_MAX};
use super::node::{BinaryNode, Body, CallNode, Conversion, Lifted, Node, Program, ReceiverRule};
use super::syntax::BinaryOp;
use super::ty::Ty;
use super::{Consumed, Eval, Interrupt};

pub(crate) use operate::{binary, complement, negate, numeric};

/// What [`Interrupt::LimitExceeded`] says when a string grows too long.
pub(crate) const STRING_LIMIT: &str = "a string of the expression is too long";
const STEP_LIMIT: &str = "the expression takes too many steps";
const MEMORY_LIMIT: &str = "the expression uses too much memory";

/// What an object costs besides what it holds, in bytes.
const OBJECT_BYTES: usize = 128;

/// Arguments that fit without a heap allocation.
const INLINE_ARGUMENTS: usize = 4;

/// The state of one evaluation.
#[derive(Debug)]
pub(crate) struct Machine<'m> {
    pub(crate) context: &'m Context,
    pub(crate) now: Now,
    pub(crate) rng: &'m mut Rng,
    pub(crate) consumed: &'m mut Consumed,
    locals: Vec<Value>,
    steps_left: u32,
    memory_left: usize,
    /// JSON that was read or made: a token does not keep its parents alive.
    pub(crate) kept: Vec<JToken>,
}

/// Runs a program.
pub(crate) fn run(program: &Program, eval: Eval<'_>, consumed: &mut Consumed) -> Outcome<Value> {
    let mut machine = Machine {
        context: eval.context,
        now: eval.now,
        rng: eval.rng,
        consumed,
        locals: vec![Value::Null; usize::from(program.slots)],
        steps_left: STEPS_MAX,
        memory_left: MEMORY_BYTES_MAX,
        kept: Vec::new(),
    };
    match &program.body {
        Body::Expression(node) => machine.eval(node),
        Body::Block(steps) => machine.block(steps),
    }
}

impl<'m> Machine<'m> {
    /// The URL of this name, if there is one.
    pub(crate) fn url(&self, url: UrlRef) -> Option<&'m Url> {
        match url {
            UrlRef::Current => Some(&self.context.request.url),
            UrlRef::Original => Some(&self.context.request.original_url),
            UrlRef::Service => self.context.api.as_deref().and_then(|api| api.service_url.as_ref()),
        }
    }

    /// Counts one step.
    pub(crate) fn step(&mut self) -> Outcome<()> {
        self.steps_left = self.steps_left.checked_sub(1).ok_or(Interrupt::LimitExceeded(STEP_LIMIT))?;
        Ok(())
    }

    /// Counts memory.
    pub(crate) fn charge(&mut self, bytes: usize) -> Outcome<()> {
        self.memory_left = self.memory_left.checked_sub(bytes).ok_or(Interrupt::LimitExceeded(MEMORY_LIMIT))?;
        Ok(())
    }

    /// A new object, counted.
    pub(crate) fn object<S: State>(&mut self, ty: Ty, state: S) -> Outcome<Value> {
        self.charge(OBJECT_BYTES)?;
        Ok(Value::Object(Instance::object(ty, state)))
    }

    /// Counts several steps.
    pub(crate) fn spend(&mut self, count: u32) -> Outcome<()> {
        self.steps_left = self.steps_left.checked_sub(count).ok_or(Interrupt::LimitExceeded(STEP_LIMIT))?;
        Ok(())
    }

    /// How many steps remain.
    pub(crate) const fn steps_left(&self) -> u32 {
        self.steps_left
    }

    /// How many bytes may still be allocated.
    pub(crate) const fn memory_left(&self) -> usize {
        self.memory_left
    }

    /// What is said when they do not suffice.
    pub(crate) const fn out_of_steps(&self) -> Interrupt {
        Interrupt::LimitExceeded(STEP_LIMIT)
    }

    /// What is said when there is too little memory.
    pub(crate) const fn out_of_memory(&self) -> Interrupt {
        Interrupt::LimitExceeded(MEMORY_LIMIT)
    }

    /// Refuses a string before it is built.
    pub(crate) fn check_length(&self, bytes: usize) -> Outcome<()> {
        if bytes > STRING_BYTES_MAX { Err(Interrupt::LimitExceeded(STRING_LIMIT)) } else { Ok(()) }
    }

    /// A new string, counted.
    pub(crate) fn string(&mut self, text: impl Into<Arc<str>>) -> Outcome<Value> {
        let text = text.into();
        self.check_length(text.len())?;
        self.charge(text.len())?;
        Ok(Value::String(text))
    }

    pub(crate) fn eval(&mut self, node: &Node) -> Outcome<Value> {
        match node {
            Node::Constant(value) => Ok(value.clone()),
            Node::Context => Ok(Value::Context(ContextPart::Root)),
            Node::Local(slot) => self.local(*slot),
            Node::Call(call) => self.call(call),
            Node::Not(inner) => self.not(inner),
            Node::Negate(operands, inner) => {
                let value = self.eval(inner)?;
                negate(*operands, &value)
            }
            Node::Complement(operands, inner) => {
                let value = self.eval(inner)?;
                complement(*operands, &value)
            }
            Node::Binary(binary) => self.binary(binary),
            Node::AndAlso(pair) => self.short_circuit(pair, false),
            Node::OrElse(pair) => self.short_circuit(pair, true),
            Node::Conditional(parts) => {
                let (test, yes, no) = &**parts;
                if self.test(test)? { self.eval(yes) } else { self.eval(no) }
            }
            Node::Coalesce(pair) => match self.eval(&pair.0)? {
                Value::Null => self.eval(&pair.1),
                value => Ok(value),
            },
            Node::ConditionalAccess(parts) => self.conditional_access(parts),
            Node::Concat(parts) => self.concat(parts),
            Node::Convert(conversion, inner) => {
                let value = self.eval(inner)?;
                convert(conversion, value)
            }
            Node::Is(ty, inner) => Ok(Value::Bool(ty.admits(&self.eval(inner)?))),
            Node::As(ty, inner) => {
                let value = self.eval(inner)?;
                Ok(if ty.admits(&value) { value } else { Value::Null })
            }
            Node::Array(item, items) => self.array(item, items),
            Node::Element(pair) => self.element(pair),
            Node::Assign(slot, value) => {
                let value = self.eval(value)?;
                self.store(*slot, value.clone())?;
                Ok(value)
            }
            Node::Exchange(slot, value) => {
                let old = self.local(*slot)?;
                let value = self.eval(value)?;
                self.store(*slot, value)?;
                Ok(old)
            }
        }
    }

    /// A condition.
    pub(crate) fn test(&mut self, node: &Node) -> Outcome<bool> {
        match self.eval(node)? {
            Value::Bool(value) => Ok(value),
            _ => Err(broken("expected a bool")),
        }
    }

    fn local(&self, slot: u16) -> Outcome<Value> {
        self.locals.get(usize::from(slot)).cloned().ok_or_else(|| broken("a local without a slot"))
    }

    pub(crate) fn store(&mut self, slot: u16, value: Value) -> Outcome<()> {
        let place = self.locals.get_mut(usize::from(slot)).ok_or_else(|| broken("a local without a slot"))?;
        *place = value;
        Ok(())
    }

    fn call(&mut self, call: &CallNode) -> Outcome<Value> {
        self.step()?;
        let function = match call.run {
            Run::Enum(member) => return Ok(Value::Enum(member)),
            Run::Function(function) => function,
        };
        if call.arguments.len() > INLINE_ARGUMENTS {
            let arguments = call.arguments.iter().map(|node| self.eval(node)).collect::<Outcome<Vec<Value>>>()?;
            return self.invoke(function, call, &arguments);
        }
        let mut arguments = [const { Value::Null }; INLINE_ARGUMENTS];
        for (place, node) in arguments.iter_mut().zip(&call.arguments) {
            *place = self.eval(node)?;
        }
        let given = arguments.get(..call.arguments.len()).unwrap_or(&arguments);
        self.invoke(function, call, given)
    }

    fn invoke(&mut self, function: super::bcl::Function, call: &CallNode, arguments: &[Value]) -> Outcome<Value> {
        let missing = call.receiver == ReceiverRule::NotNull && arguments.first().is_none_or(Value::is_null);
        if missing {
            return Err(null_reference());
        }
        function(&mut Call { arguments, types: &call.types, machine: self })
    }

    fn not(&mut self, inner: &Node) -> Outcome<Value> {
        match self.eval(inner)? {
            Value::Bool(value) => Ok(Value::Bool(!value)),
            Value::Null => Ok(Value::Null),
            _ => Err(broken("expected a bool")),
        }
    }

    fn binary(&mut self, node: &BinaryNode) -> Outcome<Value> {
        let left = self.eval(&node.left)?;
        let right = self.eval(&node.right)?;
        if node.lifted == Lifted::Yes && (left.is_null() || right.is_null()) {
            let known = if left.is_null() { &right } else { &left };
            return Ok(match node.operator {
                // `bool?` knows three values: an operand that decides alone does so.
                BinaryOp::Or if *known == Value::Bool(true) => Value::Bool(true),
                BinaryOp::And if *known == Value::Bool(false) => Value::Bool(false),
                BinaryOp::Equal => Value::Bool(left.is_null() && right.is_null()),
                BinaryOp::NotEqual => Value::Bool(left.is_null() != right.is_null()),
                BinaryOp::Less | BinaryOp::Greater | BinaryOp::LessOrEqual | BinaryOp::GreaterOrEqual => {
                    Value::Bool(false)
                }
                _ => Value::Null,
            });
        }
        binary(node.operator, node.operands, &left, &right)
    }

    // `decides` is the value of the left operand that makes the right one unneeded.
    fn short_circuit(&mut self, pair: &(Node, Node), decides: bool) -> Outcome<Value> {
        if self.test(&pair.0)? == decides { Ok(Value::Bool(decides)) } else { self.eval(&pair.1) }
    }

    fn conditional_access(&mut self, parts: &(Node, u16, Node)) -> Outcome<Value> {
        let (receiver, slot, rest) = parts;
        match self.eval(receiver)? {
            Value::Null => Ok(Value::Null),
            value => {
                self.store(*slot, value)?;
                self.eval(rest)
            }
        }
    }

    fn concat(&mut self, parts: &[Node]) -> Outcome<Value> {
        use std::fmt::Write as _;
        let mut text = String::new();
        for part in parts {
            match self.eval(part)? {
                Value::String(part) => text.push_str(&part),
                // Writing into a string cannot fail.
                other => drop(write!(text, "{other}")),
            }
            self.check_length(text.len())?;
        }
        self.string(text)
    }

    fn array(&mut self, item: &Ty, items: &[Node]) -> Outcome<Value> {
        let values = items.iter().map(|item| self.eval(item)).collect::<Outcome<Vec<Value>>>()?;
        self.charge(values.len() * 16)?;
        if *item == Ty::Char {
            let units = values.iter().filter_map(|value| match value {
                Value::Char(unit) => Some(*unit),
                _ => None,
            });
            return Ok(Value::Chars(units.collect()));
        }
        // An array cannot hold null here yet; a null item is empty, which is what joining and concatenation make of it.
        let texts = values.into_iter().map(|value| match value {
            Value::String(text) => text,
            _ => Arc::from(""),
        });
        Ok(Value::Strings(texts.collect()))
    }

    fn element(&mut self, pair: &(Node, Node)) -> Outcome<Value> {
        let array = self.eval(&pair.0)?;
        let index = match self.eval(&pair.1)? {
            Value::Int32(index) => usize::try_from(index).map_err(|_| index_out_of_range())?,
            Value::Int64(index) => usize::try_from(index).map_err(|_| index_out_of_range())?,
            _ => return Err(broken("expected an index")),
        };
        let item = match &array {
            Value::Null => return Err(null_reference()),
            Value::Strings(items) => items.get(index).map(|text| Value::String(Arc::clone(text))),
            Value::Chars(units) => units.get(index).map(|unit| Value::Char(*unit)),
            _ => return Err(broken("expected an array")),
        };
        item.ok_or_else(index_out_of_range)
    }
}

fn convert(conversion: &Conversion, value: Value) -> Outcome<Value> {
    match conversion {
        Conversion::Numeric(_) if value.is_null() => Ok(Value::Null),
        Conversion::Numeric(ty) => numeric(&value, ty),
        Conversion::Unbox(ty) => match &value {
            Value::Null if ty.holds_null() => Ok(Value::Null),
            Value::Null => Err(null_reference()),
            value_of if ty.admits(value_of) => Ok(value),
            other => Err(invalid_cast(&other.type_name(), &ty.full_name())),
        },
        Conversion::Unwrap(_) if value.is_null() => Err(invalid_operation("Nullable object must have a value.")),
        Conversion::Unwrap(_) => Ok(value),
        Conversion::ToJson => json_token(&value),
        Conversion::Json(ty) => json_cast(&value, ty),
    }
}
