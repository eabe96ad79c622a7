//! `System.Linq.Enumerable`: what its operators have in common. A lazy one is a `Lazy` whose start makes a cursor from the operands.

mod filter;
mod gather;
mod group;
mod numbers;
mod order;
mod pick;
mod produce;
mod sets;
mod slice;
mod window;

use super::collections::views;
use super::{Call, Row};
use crate::expr::eval::cursor::{Cursor, Lazy, Ready, Shape, Start};
use crate::expr::eval::{Machine, Single};
use crate::expr::exception::{Outcome, argument_null};
use crate::expr::instance::{self, State};
use crate::expr::ty::Ty;
use crate::value::Value;

pub(super) use group::{Grouping, Lookup};
pub(super) use produce::resting;
pub(super) use window::is_list;

pub(super) const TABLES: [&[Row]; 10] = [
    filter::ROWS,
    slice::ROWS,
    produce::ROWS,
    sets::ROWS,
    order::ROWS,
    group::ROWS,
    pick::ROWS,
    gather::ROWS,
    numbers::ROWS,
    numbers::EXTREMES,
];

const NO_ELEMENTS: &str = "Sequence contains no elements";

/// A lazy sequence whose items have this type of the member's; null among the named arguments throws at once.
fn lazy(call: &mut Call<'_, '_>, item: usize, parameters: &[&str], start: Start) -> Outcome<Value> {
    shaped(call, item, parameters, Shape::Plain, start)
}

fn shaped(call: &mut Call<'_, '_>, item: usize, parameters: &[&str], shape: Shape, start: Start) -> Outcome<Value> {
    let operands = checked(call, parameters)?;
    let item = call.ty(item);
    call.machine.lazy(item, shape, start, operands)
}

/// `Enumerable.Empty<T>()`: one for each type.
fn nothing(call: &mut Call<'_, '_>, item: Ty) -> Outcome<Value> {
    call.machine.single(Single::Sequence, &item, |machine| {
        machine.lazy(item.clone(), Shape::Range, |_, _| ready(Vec::new()), vec![Value::Int64(0), Value::Int64(0)])
    })
}

// Whether it is `Enumerable.Empty<T>()`.
fn is_nothing(source: &Value) -> bool {
    let is_range = instance::look(source, |lazy: &mut Lazy| {
        lazy.shape == Shape::Range && matches!(lazy.operands.as_slice(), [start, end, ..] if start == end)
    });
    is_range == Some(true)
}

// Whether it is an array without items, of which .NET makes nothing either.
fn is_bare(source: &Value) -> bool {
    is_nothing(source)
        || views::length(source) == Some(0)
            && match source {
                Value::Object(object) => matches!(instance::type_of(object), Some(Ty::Array(_))),
                source => matches!(source, Value::Strings(_) | Value::Chars(_) | Value::Bytes(_)),
            }
}

/// As [`shaped`], when nothing comes of nothing.
fn partition(call: &mut Call<'_, '_>, item: usize, parameters: &[&str], shape: Shape, start: Start) -> Outcome<Value> {
    checked(call, parameters)?;
    if is_bare(call.value(0)) {
        let item = call.ty(item);
        return nothing(call, item);
    }
    shaped(call, item, parameters, shape, start)
}

/// The receiver and the arguments, none of which may be null but those whose name is empty.
fn checked(call: &Call<'_, '_>, parameters: &[&str]) -> Outcome<Vec<Value>> {
    for (at, parameter) in parameters.iter().enumerate() {
        if call.value(at).is_null() && !parameter.is_empty() {
            return Err(argument_null(parameter));
        }
    }
    Ok(call.arguments.to_vec())
}

fn operand(operands: &[Value], at: usize) -> &Value {
    operands.get(at).unwrap_or(&Value::Null)
}

fn ready(items: Vec<Value>) -> Outcome<Box<dyn Cursor>> {
    Ok(Box::new(Ready(items.into_iter())))
}

/// A cursor that makes each item from those of another.
struct Stream<N> {
    source: Box<dyn Cursor>,
    next: N,
}

impl<N> Cursor for Stream<N>
where
    N: FnMut(&mut dyn Cursor, &mut Machine<'_>) -> Outcome<Option<Value>> + Send,
{
    fn next(&mut self, machine: &mut Machine<'_>) -> Outcome<Option<Value>> {
        (self.next)(&mut *self.source, machine)
    }
}

fn stream<N>(operands: &[Value], machine: &mut Machine<'_>, next: N) -> Outcome<Box<dyn Cursor>>
where
    N: FnMut(&mut dyn Cursor, &mut Machine<'_>) -> Outcome<Option<Value>> + Send + 'static,
{
    let source = machine.cursor(operand(operands, 0))?;
    Ok(Box::new(Stream { source, next }))
}

/// A cursor that has no source of its own kind.
struct Generate<N>(N);

impl<N> Cursor for Generate<N>
where
    N: FnMut(&mut Machine<'_>) -> Outcome<Option<Value>> + Send,
{
    fn next(&mut self, machine: &mut Machine<'_>) -> Outcome<Option<Value>> {
        (self.0)(machine)
    }
}

fn generate<N>(next: N) -> Outcome<Box<dyn Cursor>>
where
    N: FnMut(&mut Machine<'_>) -> Outcome<Option<Value>> + Send + 'static,
{
    Ok(Box::new(Generate(next)))
}

fn holds(machine: &mut Machine<'_>, predicate: &Value, arguments: &[Value]) -> Outcome<bool> {
    Ok(machine.invoke(predicate, arguments)? == Value::Bool(true))
}

/// A type among the operands of a lazy sequence.
#[derive(Debug)]
struct TypeBox(Ty);

impl State for TypeBox {}

pub(super) fn boxed(call: &mut Call<'_, '_>, ty: Ty) -> Outcome<Value> {
    call.object(Ty::Object, TypeBox(ty))
}

pub(super) fn unboxed(operands: &[Value], at: usize) -> Outcome<Ty> {
    instance::state(operand(operands, at), |ty: &mut TypeBox| ty.0.clone())
}

fn default(call: &Call<'_, '_>) -> Value {
    call.ty(0).default_value().unwrap_or(Value::Null)
}
