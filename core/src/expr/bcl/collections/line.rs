//! `Queue` and `Stack`.

use std::collections::VecDeque;

use super::super::{Call, Row, row};
use super::{copy_into, own_enumerator, snapshot};
use crate::expr::eval::items_limit;
use crate::expr::exception::{Outcome, invalid_operation};
use crate::expr::instance::State;
use crate::expr::limits::ITEMS_MAX;
use crate::expr::ty::{Class, Ty};
use crate::value::Value;

/// Which end of a [`Line`] is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::expr::bcl) enum End {
    /// A queue
    Front,
    /// A stack
    Back,
}

/// The items of a queue or a stack, the oldest first.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) values: VecDeque<Value>,
    pub(super) version: u32,
    end: End,
    /// How many items .NET would have room for.
    capacity: usize,
}

impl Line {
    /// The item that so many others are taken before.
    pub(super) fn at(&self, place: usize) -> Option<&Value> {
        match self.end {
            End::Front => self.values.get(place),
            End::Back => self.values.len().checked_sub(place + 1).and_then(|at| self.values.get(at)),
        }
    }

    pub(super) fn is_stack(&self) -> bool {
        self.end == End::Back
    }

    fn in_order(&self) -> Vec<Value> {
        match self.end {
            End::Front => self.values.iter().cloned().collect(),
            End::Back => self.values.iter().rev().cloned().collect(),
        }
    }

    fn take(&mut self) -> Option<Value> {
        match self.end {
            End::Front => self.values.pop_front(),
            End::Back => self.values.pop_back(),
        }
    }

    fn grow(&mut self, least: usize) {
        if self.capacity >= least {
            return;
        }
        let doubled = match self.end {
            End::Front => (2 * self.capacity).max(self.capacity + 4),
            End::Back if self.capacity == 0 => 4,
            End::Back => 2 * self.capacity,
        };
        self.capacity = doubled.max(least);
    }
}

impl State for Line {
    fn children(&self) -> Vec<Value> {
        self.values.iter().cloned().collect()
    }

    fn clear(&mut self) {
        self.values = VecDeque::new();
    }

    fn items(&self) -> Option<Vec<Value>> {
        Some(self.in_order())
    }
}

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row("Queue<T>", "new Queue<T>()", |call| made(call, End::Front, Vec::new(), 0)),
    row("Queue<T>", "new Queue<T>(int capacity)", |call| sized(call, End::Front)),
    row("Queue<T>", "new Queue<T>(IEnumerable<T> collection)", |call| of_items(call, End::Front)),
    row("Queue<T>", "int Count", count),
    row("Queue<T>", "void Enqueue(T item)", add),
    row("Queue<T>", "T Dequeue()", |call| taken(call, "Queue empty.")),
    row("Queue<T>", "bool TryDequeue(out T result)", try_take),
    row("Queue<T>", "T Peek()", |call| peeked(call, "Queue empty.")),
    row("Queue<T>", "bool TryPeek(out T result)", try_peek),
    row("Queue<T>", "bool Contains(T item)", super::contains),
    row("Queue<T>", "void Clear()", clear),
    row("Queue<T>", "void CopyTo(T[] array, int arrayIndex)", copy_to),
    row("Queue<T>", "T[] ToArray()", to_array),
    row("Queue<T>", "void TrimExcess()", trim),
    row("Queue<T>", "int EnsureCapacity(int capacity)", ensure),
    row("Queue<T>", "Queue<T>.Enumerator GetEnumerator()", own_enumerator),
    row("Stack<T>", "new Stack<T>()", |call| made(call, End::Back, Vec::new(), 0)),
    row("Stack<T>", "new Stack<T>(int capacity)", |call| sized(call, End::Back)),
    row("Stack<T>", "new Stack<T>(IEnumerable<T> collection)", |call| of_items(call, End::Back)),
    row("Stack<T>", "int Count", count),
    row("Stack<T>", "void Push(T item)", add),
    row("Stack<T>", "T Pop()", |call| taken(call, "Stack empty.")),
    row("Stack<T>", "bool TryPop(out T result)", try_take),
    row("Stack<T>", "T Peek()", |call| peeked(call, "Stack empty.")),
    row("Stack<T>", "bool TryPeek(out T result)", try_peek),
    row("Stack<T>", "bool Contains(T item)", super::contains),
    row("Stack<T>", "void Clear()", clear),
    row("Stack<T>", "void CopyTo(T[] array, int arrayIndex)", copy_to),
    row("Stack<T>", "T[] ToArray()", to_array),
    row("Stack<T>", "void TrimExcess()", trim),
    row("Stack<T>", "int EnsureCapacity(int capacity)", ensure),
    row("Stack<T>", "Stack<T>.Enumerator GetEnumerator()", own_enumerator),
];

fn made(call: &mut Call<'_, '_>, end: End, values: Vec<Value>, capacity: usize) -> Outcome<Value> {
    let item = call.ty(0);
    line_of(call, item, end, values, capacity)
}

/// A queue or a stack of these items, the oldest first.
pub(in crate::expr::bcl) fn line_of(
    call: &mut Call<'_, '_>,
    item: Ty,
    end: End,
    values: Vec<Value>,
    capacity: usize,
) -> Outcome<Value> {
    call.machine.charge(values.len() * size_of::<Value>())?;
    let class = if end == End::Front { Class::Queue } else { Class::Stack };
    let capacity = capacity.max(values.len());
    call.object(Ty::Generic(class, [item].into()), Line { values: values.into(), version: 0, end, capacity })
}

fn sized(call: &mut Call<'_, '_>, end: End) -> Outcome<Value> {
    let capacity = super::not_negative(call.int(0)?, "capacity")?;
    made(call, end, Vec::new(), capacity)
}

fn of_items(call: &mut Call<'_, '_>, end: End) -> Outcome<Value> {
    let items = call.items(0, "collection")?;
    let room = super::room_for(call.value(0), items.len());
    made(call, end, items, room)
}

fn count(call: &mut Call<'_, '_>) -> Outcome<Value> {
    call.state(0, |line: &mut Line| super::super::string::index(line.values.len()))
}

fn add(call: &mut Call<'_, '_>) -> Outcome<Value> {
    call.machine.charge(size_of::<Value>())?;
    let value = call.value(1).clone();
    let is_full = call.state(0, |line: &mut Line| {
        if line.values.len() >= ITEMS_MAX {
            return true;
        }
        line.grow(line.values.len() + 1);
        line.values.push_back(value);
        line.version = line.version.wrapping_add(1);
        false
    })?;
    if is_full { Err(items_limit()) } else { Ok(Value::Null) }
}

fn take(call: &Call<'_, '_>) -> Outcome<Option<Value>> {
    call.state(0, |line: &mut Line| {
        let taken = line.take();
        if taken.is_some() {
            line.version = line.version.wrapping_add(1);
        }
        taken
    })
}

fn taken(call: &mut Call<'_, '_>, empty: &'static str) -> Outcome<Value> {
    take(call)?.ok_or_else(|| invalid_operation(empty))
}

fn peeked(call: &mut Call<'_, '_>, empty: &'static str) -> Outcome<Value> {
    call.state(0, |line: &mut Line| line.at(0).cloned())?.ok_or_else(|| invalid_operation(empty))
}

fn given(call: &mut Call<'_, '_>, found: Option<Value>) -> Value {
    let is_there = found.is_some();
    let default = call.ty(0).default_value().unwrap_or(Value::Null);
    call.give(found.unwrap_or(default));
    Value::Bool(is_there)
}

fn try_take(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let found = take(call)?;
    Ok(given(call, found))
}

fn try_peek(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let found = call.state(0, |line: &mut Line| line.at(0).cloned())?;
    Ok(given(call, found))
}

fn clear(call: &mut Call<'_, '_>) -> Outcome<Value> {
    call.state(0, |line: &mut Line| {
        line.values.clear();
        line.version = line.version.wrapping_add(1);
        Value::Null
    })
}

fn copy_to(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let items = snapshot(call, 0)?;
    copy_into(call, items, 1, 2)
}

fn to_array(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let items = snapshot(call, 0)?;
    call.machine.array_or_empty(call.ty(0), items)
}

fn trim(call: &mut Call<'_, '_>) -> Outcome<Value> {
    call.state(0, |line: &mut Line| {
        if line.values.len() * 10 < line.capacity * 9 {
            line.capacity = line.values.len();
            line.version = line.version.wrapping_add(1);
        }
        Value::Null
    })
}

fn ensure(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let least = super::not_negative(call.int(1)?, "capacity")?;
    call.state(0, |line: &mut Line| {
        line.grow(least);
        super::super::string::index(line.capacity)
    })
}
