//! From typed tree to value. Looks up no names: locals are slots, members are functions.

mod access;
mod call;
pub(crate) mod cursor;
mod grid;
mod identities;
mod memory;
mod operate;
mod rare;
mod statement;
mod text;
mod units;

use std::sync::Arc;

use crate::context::Context;
use crate::rng::Rng;
use crate::time::Now;
use crate::value::json::Notes;
use crate::value::{ContextPart, DateTime, DateTimeKind, DateTimeOffset, Decimal, JToken, Object, Value};

use super::bcl::{as_pairs, as_seen, behind_pairs, json_cast, json_token, xml_cast, xml_name};
use super::exception::{Outcome, broken, invalid_cast, invalid_operation, null_reference};
use super::fold;
use super::instance::{self, Record};
use super::limits::{Limit, MEMORY_BYTES_MAX, STEPS_MAX, STRING_BYTES_MAX};
use super::node::{Arrays, BinaryNode, Body, Conversion, Lifted, Node, Operands, Program};
use super::syntax::{BinaryOp, Overflow};
use super::ty::{ClassKind, Ty};
use super::xml::XNode;
use super::{Eval, Interrupt, Noted};

pub(crate) use access::modified;
pub(crate) use identities::Single;
pub(crate) use memory::items_limit;
pub(crate) use operate::{arithmetic_overflow, binary, checked, complement, negate, numeric};

/// The state of one evaluation.
#[derive(Debug)]
pub(crate) struct Machine<'m> {
    pub(crate) context: &'m Context,
    pub(crate) now: Now,
    pub(crate) rng: &'m mut Rng,
    pub(crate) noted: &'m mut Noted,
    /// The slots of all functions that run, innermost last.
    locals: Vec<Value>,
    /// Where the slots of the innermost one begin.
    base: usize,
    /// How far the trees of all functions that run reach down together.
    depth: u32,
    arrays: Arrays,
    /// Where concatenations grow; kept for its capacity.
    grown: String,
    steps_left: u32,
    memory_left: usize,
    held: Option<Box<Held>>,
}

/// What the evaluation of a simple expression never needs, so that it does not pay for it.
#[derive(Debug, Default)]
pub(crate) struct Held {
    /// Every object that was made, so that circles are freed at the end.
    created: Vec<Object>,
    /// What the `out` parameters of the member that runs were given.
    pub(crate) given: Vec<Value>,
    /// The exceptions that `catch` blocks hold, for `throw;`.
    caught: Vec<(Interrupt, Value)>,
    /// The objects that were thrown and not caught yet, last ones last.
    pub(crate) thrown: Vec<Value>,
    /// JSON that was read or made: a token does not keep its parents alive.
    pub(crate) kept: Vec<JToken>,
    /// Likewise XML: what was read, and what was taken out of its parent.
    pub(crate) kept_nodes: Vec<XNode>,
    /// Annotations of tokens, which end with the evaluation.
    pub(crate) notes: Vec<Notes>,
    /// The nodes that have annotations, which end with the evaluation.
    pub(crate) annotated: Vec<XNode>,
    long_texts: units::Indexed,
    identities: identities::Identities,
}

/// Runs a program.
pub(crate) fn run(program: &Program, eval: Eval<'_>, noted: &mut Noted) -> Outcome<Value> {
    let mut machine = Machine::of(program, eval, noted);
    let mut result = machine.body(&program.body);
    shown_whole(&mut result);
    machine.finish(&mut result);
    result
}

// What was enumerated as pairs is what it was to all others.
fn shown_whole(result: &mut Outcome<Value>) {
    if let Ok(value @ Value::Object(_)) = result
        && let Some(whole) = behind_pairs(value)
    {
        *value = whole;
    }
}

/// Runs a program and looks at its value while lazy sequences in it can still be enumerated, within the same limits.
pub(crate) fn run_then<T>(
    program: &Program,
    eval: Eval<'_>,
    noted: &mut Noted,
    look: impl FnOnce(&mut Machine<'_>, &Value) -> Outcome<T>,
) -> Outcome<(Value, T)> {
    let mut machine = Machine::of(program, eval, noted);
    let mut value = machine.body(&program.body);
    shown_whole(&mut value);
    let seen = value.as_ref().map_err(Interrupt::clone).and_then(|value| look(&mut machine, value));
    let mut result = match &seen {
        Ok(_) => value,
        Err(interrupt) => Err(interrupt.clone()),
    };
    machine.finish(&mut result);
    Ok((result?, seen?))
}

impl<'m> Machine<'m> {
    fn of(program: &Program, eval: Eval<'m>, noted: &'m mut Noted) -> Self {
        let mut locals = Vec::new();
        if program.slots > 0 {
            locals.resize(usize::from(program.slots), Value::Null);
        }
        Self {
            context: eval.context,
            now: eval.now,
            rng: eval.rng,
            noted,
            locals,
            base: 0,
            depth: 0,
            arrays: program.arrays,
            grown: String::new(),
            steps_left: STEPS_MAX,
            memory_left: MEMORY_BYTES_MAX,
            held: None,
        }
    }
}

// Values are larger than registers, and moving one right after it was made waits for the memory that it went through. So what runs
// most looks at an outcome where it lies (`let Ok(value) = &value else …`), and takes none apart with `?` to put it together again.
impl Machine<'_> {
    /// What few evaluations need.
    pub(crate) fn held(&mut self) -> &mut Held {
        self.held.get_or_insert_default()
    }

    /// Counts one step.
    pub(crate) fn step(&mut self) -> Outcome<()> {
        self.steps_left = self.steps_left.checked_sub(1).ok_or(Interrupt::LimitExceeded(Limit::Steps))?;
        Ok(())
    }

    /// Counts memory.
    pub(crate) fn charge(&mut self, bytes: usize) -> Outcome<()> {
        self.memory_left = self.memory_left.checked_sub(bytes).ok_or(Interrupt::LimitExceeded(Limit::Memory))?;
        Ok(())
    }

    /// Counts several steps.
    pub(crate) fn spend(&mut self, count: u32) -> Outcome<()> {
        self.steps_left = self.steps_left.checked_sub(count).ok_or(Interrupt::LimitExceeded(Limit::Steps))?;
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
        Interrupt::LimitExceeded(Limit::Steps)
    }

    /// What is said when there is too little memory.
    pub(crate) const fn out_of_memory(&self) -> Interrupt {
        Interrupt::LimitExceeded(Limit::Memory)
    }

    /// Refuses a string before it is built.
    pub(crate) fn check_length(&self, bytes: usize) -> Outcome<()> {
        if bytes > STRING_BYTES_MAX { Err(Interrupt::LimitExceeded(Limit::StringLength)) } else { Ok(()) }
    }

    /// A new string, counted.
    pub(crate) fn string(&mut self, text: impl Into<Arc<str>>) -> Outcome<Value> {
        let text = text.into();
        self.check_length(text.len())?;
        self.charge(text.len())?;
        Ok(Value::String(text))
    }

    // Trees are as high as stacks allow, so what an arm needs of the stack is in a function of its own.
    pub(crate) fn eval(&mut self, node: &Node) -> Outcome<Value> {
        match node {
            // Compilers of C# write `decimal.Zero` for every zero without places, whatever its sign.
            Node::Constant(Value::Decimal(value)) if value.is_bare_zero() => Ok(Value::Decimal(Decimal::ZERO)),
            Node::Constant(value) => Ok(value.clone()),
            Node::Context => Ok(Value::Context(ContextPart::Root)),
            Node::Part(part, steps) => self.part(part, *steps),
            Node::Local(slot) => self.local(*slot),
            Node::Call(call) => self.call(call),
            Node::Header(parts) => self.header_value(&parts.0, &parts.1),
            Node::Variable(variable) => self.variable_value(variable),
            Node::Not(inner) => self.not(inner),
            Node::Binary(binary) => self.binary(binary),
            Node::AndAlso(_) | Node::OrElse(_) => self.test(node).map(Value::Bool),
            Node::Conditional(parts) => self.conditional(parts),
            Node::Coalesce(pair) => self.coalesce(pair),
            Node::ConditionalAccess(parts) => self.conditional_access(parts),
            Node::Concat(parts) => self.concat(parts),
            Node::Convert(conversion, inner) => self.converted(conversion, inner),
            Node::Array(item, items) => self.array(item, items),
            Node::Element(pair) => self.element(pair),
            Node::Declare(slot, value) => self.declared(*slot, value),
            Node::Assign(slot, value) => self.assigned(*slot, value),
            Node::Exchange(slot, value) => self.exchanged(*slot, value),
            other => self.eval_rare(other),
        }
    }

    #[inline(never)]
    fn eval_rare(&mut self, node: &Node) -> Outcome<Value> {
        match node {
            Node::Negate(operands, inner) => self.eval(inner).and_then(|value| negate(*operands, &value)),
            Node::Complement(operands, inner) => self.eval(inner).and_then(|value| complement(*operands, &value)),
            Node::Is(ty, inner) => self.is(ty, inner),
            Node::As(ty, inner) => self.as_type(ty, inner),
            Node::Sequence(nodes) => self.sequence(nodes),
            Node::SetElement(parts) => self.set_element(parts),
            Node::SizedArray(item, default, length) => self.sized_array(item, default, length),
            Node::Out(parts) => self.call_out(&parts.0, &parts.1),
            Node::Lambda(function) => self.closure(function),
            Node::Invoke(parts) => self.invocation(&parts.0, &parts.1),
            Node::Record(ty, values) => self.record(ty, values),
            Node::Field(record, at) => self.field(record, *at),
            Node::Throw(thrown) => self.throw_node(thrown),
            Node::IsConstant(pair) => self.is_constant(pair),
            Node::IsDeclared(ty, slot, inner) => self.is_declared(ty, *slot, inner),
            Node::Reference(slot) => self.reference(*slot),
            Node::Combine(operator, pair) => self.combination(*operator, pair),
            Node::SizedGrid(item, default, lengths) => self.sized_grid(item, default, lengths),
            Node::Grid(item, lengths, values) => self.grid(item, lengths, values),
            Node::GridElement(grid, indices) => self.grid_element(grid, indices),
            Node::SetGrid(parts) => self.set_grid(parts),
            _ => Err(broken("a node that `eval` knows")),
        }
    }

    fn part(&mut self, part: &ContextPart, steps: u32) -> Outcome<Value> {
        self.spend(steps)?;
        Ok(Value::Context(part.clone()))
    }

    #[inline(never)]
    fn conditional(&mut self, parts: &(Node, Node, Node)) -> Outcome<Value> {
        if self.test(&parts.0)? { self.eval(&parts.1) } else { self.eval(&parts.2) }
    }

    #[inline(never)]
    fn coalesce(&mut self, parts: &(Node, Option<Conversion>, Node)) -> Outcome<Value> {
        let (left, conversion, right) = parts;
        match (self.eval(left), conversion) {
            (Ok(Value::Null), _) => self.eval(right),
            (Ok(value), Some(conversion)) => self.converted_value(conversion, value),
            (other, _) => other,
        }
    }

    #[inline(never)]
    fn converted(&mut self, conversion: &Conversion, inner: &Node) -> Outcome<Value> {
        let value = self.eval(inner)?;
        self.converted_value(conversion, value)
    }

    fn converted_value(&mut self, conversion: &Conversion, value: Value) -> Outcome<Value> {
        let value = self.convert(conversion, value)?;
        // A cast of a token gives out the array that the token holds.
        if self.arrays == Arrays::Written { self.thawed(value) } else { Ok(value) }
    }

    #[inline(never)]
    fn declared(&mut self, slot: u16, value: &Node) -> Outcome<Value> {
        let value = self.eval(value)?;
        self.declare(slot, value.clone())?;
        Ok(value)
    }

    #[inline(never)]
    fn assigned(&mut self, slot: u16, value: &Node) -> Outcome<Value> {
        let value = self.eval(value)?;
        self.store(slot, value.clone())?;
        Ok(value)
    }

    #[inline(never)]
    fn exchanged(&mut self, slot: u16, value: &Node) -> Outcome<Value> {
        let old = self.local(slot)?;
        let value = self.eval(value)?;
        self.store(slot, value)?;
        Ok(old)
    }

    /// A condition, which is worked out without values where it can be.
    #[inline(never)]
    pub(crate) fn test(&mut self, node: &Node) -> Outcome<bool> {
        match node {
            Node::AndAlso(pair) => Ok(self.test(&pair.0)? && self.test(&pair.1)?),
            Node::OrElse(pair) => Ok(self.test(&pair.0)? || self.test(&pair.1)?),
            Node::Not(inner) => Ok(!self.test(inner)?),
            Node::Binary(binary) if binary.operands == Operands::String => self.same_text(binary),
            other => match self.eval(other) {
                Ok(Value::Bool(value)) => Ok(value),
                Ok(_) => Err(broken("expected a bool")),
                Err(interrupt) => Err(interrupt),
            },
        }
    }

    pub(super) fn body(&mut self, body: &Body) -> Outcome<Value> {
        match body {
            Body::Expression(node) => self.eval(node),
            Body::Block(steps) => self.block(steps),
        }
    }

    #[inline(never)]
    fn not(&mut self, inner: &Node) -> Outcome<Value> {
        match self.eval(inner)? {
            Value::Bool(value) => Ok(Value::Bool(!value)),
            Value::Null => Ok(Value::Null),
            _ => Err(broken("expected a bool")),
        }
    }

    #[inline(never)]
    fn binary(&mut self, node: &BinaryNode) -> Outcome<Value> {
        if node.operands == Operands::String {
            return self.same_text(node).map(Value::Bool);
        }
        let left = self.eval(&node.left);
        let Ok(left) = &left else { return left };
        let right = self.eval(&node.right);
        let Ok(right) = &right else { return right };
        if node.lifted == Lifted::Yes && (left.is_null() || right.is_null()) {
            let known = if left.is_null() { right } else { left };
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
        // Decimals have an exception of their own.
        let is_whole = node.operands != Operands::Decimal;
        if node.overflow == Overflow::Throws && is_whole && fold::overflows(node.operator, left, right) {
            return Err(arithmetic_overflow());
        }
        binary(node.operator, node.operands, left, right)
    }

    #[inline(never)]
    fn conditional_access(&mut self, parts: &(Node, u16, Node)) -> Outcome<Value> {
        let (receiver, slot, rest) = parts;
        match self.eval(receiver)? {
            Value::Null => Ok(Value::Null),
            value => {
                self.declare(*slot, value)?;
                self.eval(rest)
            }
        }
    }

    fn convert(&mut self, conversion: &Conversion, value: Value) -> Outcome<Value> {
        match conversion {
            Conversion::Numeric(_) | Conversion::Checked(_) if value.is_null() => Ok(Value::Null),
            Conversion::Numeric(ty) => numeric(&value, ty),
            Conversion::Checked(ty) => checked(&value, ty),
            Conversion::Tuple(ty, members) => self.convert_tuple(ty, members, &value),
            Conversion::Unbox(ty) => unboxed_as(ty, value),
            Conversion::Unwrap(_) if value.is_null() => Err(invalid_operation("Nullable object must have a value.")),
            Conversion::Unwrap(_) => Ok(value),
            Conversion::Moment => match value {
                Value::DateTime(moment) => DateTimeOffset::of_utc(moment.ticks(), 0)
                    .map(Value::DateTimeOffset)
                    .ok_or_else(super::bcl::unrepresentable),
                other => Ok(other),
            },
            Conversion::ToJson(null) => json_token(&value, *null),
            Conversion::Json(ty) => {
                self.share_bytes(&value)?;
                json_cast(DateTime::of_wall(self.now.wall, DateTimeKind::Utc), &value, ty)
            }
            Conversion::Box => Ok(super::bcl::boxed(value)),
            Conversion::Pairs => Ok(as_pairs(value)),
            Conversion::Xml(class, ty) => xml_cast(self, *class, &value, ty),
            Conversion::XmlName(class) => xml_name(*class, &value),
        }
    }

    fn convert_tuple(&mut self, ty: &Ty, members: &[Option<Conversion>], value: &Value) -> Outcome<Value> {
        if value.is_null() {
            return Ok(Value::Null);
        }
        let old = instance::state(value, |record: &mut Record| record.0.clone())?;
        let mut converted = Vec::with_capacity(old.len());
        for (value, conversion) in old.into_iter().zip(members) {
            converted.push(match conversion {
                Some(conversion) => self.convert(conversion, value)?,
                None => value,
            });
        }
        self.object(ty.clone(), Record::new(converted)?)
    }
}

/// A cast from `object`.
pub(crate) fn unboxed_as(ty: &Ty, value: Value) -> Outcome<Value> {
    match &value {
        Value::Null if ty.holds_null() => Ok(Value::Null),
        Value::Null => Err(null_reference()),
        value_of if ty.admits(value_of) => Ok(as_seen(value, ty)),
        // A boxed number is unboxed as an enumeration over it, the other way round, and one enumeration as another.
        Value::Int32(_) | Value::Enum(_) if matches!(ty, Ty::Class(class) if class.kind() == ClassKind::Enum) => {
            numeric(&value, ty)
        }
        Value::Enum(boxed) if *ty == Ty::Int32 => Ok(Value::Int32(boxed.number)),
        other => Err(invalid_cast(&other.type_name(), &ty.full_name())),
    }
}
