//! `Enumerable.Range`, `Repeat` and `Empty`: sequences without a source.

use super::super::{Call, Row, row};
use super::window::{list_behind, range};
use super::{generate, nothing, operand};
use crate::expr::eval::Machine;
use crate::expr::eval::cursor::{Cursor, Lazy, Shape};
use crate::expr::exception::{Outcome, broken, out_of_range};
use crate::expr::instance::{self, State};
use crate::expr::ty::Ty;
use crate::value::Value;

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row("Enumerable", "static IEnumerable<int> Range(int start, int count)", |call| {
        let (start, count) = (i64::from(call.int(0)?), counted(call)?);
        if start + count - 1 > i64::from(i32::MAX) {
            return Err(bad_count());
        }
        if count == 0 {
            return nothing(call, Ty::Int32);
        }
        let operands = vec![Value::Int64(start), Value::Int64(start + count)];
        call.machine.lazy(Ty::Int32, Shape::Range, numbers, operands)
    }),
    row("Enumerable", "static IEnumerable<TResult> Repeat<TResult>(TResult element, int count)", |call| {
        let count = counted(call)?;
        if count == 0 {
            let item = call.ty(0);
            return nothing(call, item);
        }
        let repeated = call.object(Ty::Object, Repeated(call.value(0).clone()))?;
        let operands = vec![Value::Int64(0), Value::Int64(count), repeated];
        let item = call.ty(0);
        call.machine.lazy(item, Shape::Range, numbers, operands)
    }),
    row("Enumerable", "static IEnumerable<TResult> Empty<TResult>()", |call| {
        let item = call.ty(0);
        nothing(call, item)
    }),
];

/// What `Repeat` repeats.
#[derive(Debug)]
pub(super) struct Repeated(pub(super) Value);

impl State for Repeated {
    fn children(&self) -> Vec<Value> {
        vec![self.0.clone()]
    }

    fn clear(&mut self) {
        self.0 = Value::Null;
    }
}

/// What a pass over numbers in a row or one item repeated shows before its first step and behind its last one: it counts on, or has
/// the item all the time.
pub(in crate::expr::bcl) fn resting(sequence: &Value) -> Option<(Value, Value)> {
    let operands_of = |range: &Value| {
        instance::look(range, |lazy: &mut Lazy| (lazy.shape == Shape::Range).then(|| lazy.operands.clone())).flatten()
    };
    let base = list_behind(sequence)?;
    let operands = operands_of(&base)?;
    match instance::look(operand(&operands, 2), |repeated: &mut Repeated| repeated.0.clone()) {
        Some(item) => Some((item.clone(), item)),
        None => {
            let operands = operands_of(sequence)?;
            let (start, end) = range(&operands)?;
            (start < end).then(|| (Value::Int32(0), Value::Int32(i32::try_from(end).unwrap_or(i32::MIN))))
        }
    }
}

fn bad_count() -> crate::expr::Interrupt {
    out_of_range("Specified argument was out of the range of valid values.", "count")
}

fn counted(call: &Call<'_, '_>) -> Outcome<i64> {
    Ok(i64::from(call.int(1)?)).and_then(|count| if count < 0 { Err(bad_count()) } else { Ok(count) })
}

fn numbers(operands: &[Value], _machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    let Some((mut at, end)) = range(operands) else { return Err(broken("a range without numbers")) };
    let repeated = instance::look(operand(operands, 2), |repeated: &mut Repeated| repeated.0.clone());
    generate(move |_| {
        if at >= end {
            return Ok(None);
        }
        at += 1;
        let number = i32::try_from(at - 1).unwrap_or(i32::MAX);
        Ok(Some(repeated.clone().unwrap_or(Value::Int32(number))))
    })
}
