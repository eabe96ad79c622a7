//! `System.Linq.Enumerable`: sums, averages, least and greatest.

use std::cmp::Ordering;

use super::linq_eager::compared;
use super::{Call, Row, row};
use crate::expr::eval::binary;
use crate::expr::exception::{Outcome, broken, invalid_operation, overflow};
use crate::expr::node::Operands;
use crate::expr::syntax::BinaryOp;
use crate::expr::ty::Ty;
use crate::value::{Decimal, Value};

const NO_ELEMENTS: &str = "Sequence contains no elements";

pub(super) const ROWS: &[Row] = &[
    row("IEnumerable<int>", "this int Sum()", |call| sum(call, Value::Int32(0), Operands::Int32)),
    row("IEnumerable<long>", "this long Sum()", |call| sum(call, Value::Int64(0), Operands::Int64)),
    row("IEnumerable<double>", "this double Sum()", |call| sum(call, Value::Double(0.0), Operands::Double)),
    row("IEnumerable<decimal>", "this decimal Sum()", |call| {
        sum(call, Value::Decimal(Decimal::ZERO), Operands::Decimal)
    }),
    row("IEnumerable<T>", "this int Sum(Func<T, int> selector)", |call| sum(call, Value::Int32(0), Operands::Int32)),
    row("IEnumerable<T>", "this long Sum(Func<T, long> selector)", |call| sum(call, Value::Int64(0), Operands::Int64)),
    row("IEnumerable<T>", "this double Sum(Func<T, double> selector)", |call| {
        sum(call, Value::Double(0.0), Operands::Double)
    }),
    row("IEnumerable<T>", "this decimal Sum(Func<T, decimal> selector)", |call| {
        sum(call, Value::Decimal(Decimal::ZERO), Operands::Decimal)
    }),
    row("IEnumerable<int>", "this double Average()", average),
    row("IEnumerable<long>", "this double Average()", average),
    row("IEnumerable<double>", "this double Average()", average),
    row("IEnumerable<decimal>", "this decimal Average()", average),
    row("IEnumerable<T>", "this double Average(Func<T, int> selector)", average),
    row("IEnumerable<T>", "this double Average(Func<T, long> selector)", average),
    row("IEnumerable<T>", "this double Average(Func<T, double> selector)", average),
    row("IEnumerable<T>", "this decimal Average(Func<T, decimal> selector)", average),
    row("IEnumerable<T>", "this T Max()", |call| extreme(call, Ordering::Greater, 0)),
    row("IEnumerable<T>", "this T Min()", |call| extreme(call, Ordering::Less, 0)),
    row("IEnumerable<T>", "this TResult Max<TResult>(Func<T, TResult> selector)", |call| {
        extreme(call, Ordering::Greater, 1)
    }),
    row("IEnumerable<T>", "this TResult Min<TResult>(Func<T, TResult> selector)", |call| {
        extreme(call, Ordering::Less, 1)
    }),
];

// The items, or what the selector makes of them.
fn selected(call: &mut Call<'_, '_>) -> Outcome<Vec<Value>> {
    let items = call.items(0, "source")?;
    if call.arguments.len() < 2 {
        return Ok(items);
    }
    items.into_iter().map(|item| call.invoke(1, &[item])).collect()
}

// `Sum` overflows with an exception although `+` wraps.
fn sum(call: &mut Call<'_, '_>, zero: Value, operands: Operands) -> Outcome<Value> {
    let mut total = zero;
    for item in selected(call)? {
        let overflows = match (&total, &item) {
            (Value::Int32(a), Value::Int32(b)) => a.checked_add(*b).is_none(),
            (Value::Int64(a), Value::Int64(b)) => a.checked_add(*b).is_none(),
            _ => false,
        };
        if overflows {
            return Err(overflow("Arithmetic operation resulted in an overflow."));
        }
        total = binary(BinaryOp::Add, operands, &total, &item)?;
    }
    Ok(total)
}

#[expect(clippy::cast_precision_loss, reason = ".NET divides doubles here too")]
fn average(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let items = selected(call)?;
    let count = i128::try_from(items.len()).unwrap_or(i128::MAX);
    let (mut whole, mut real, mut exact) = (0_i128, 0.0, None);
    for item in &items {
        match item {
            Value::Int32(number) => whole += i128::from(*number),
            Value::Int64(number) => whole += i128::from(*number),
            Value::Double(number) => real += number,
            Value::Decimal(number) => {
                let total: Decimal = exact.unwrap_or(Decimal::ZERO);
                exact = Some(
                    total
                        .plus(*number)
                        .ok_or_else(|| overflow("Value was either too large or too small for a Decimal."))?,
                );
            }
            _ => return Err(broken("an average of no numbers")),
        }
    }
    if count == 0 {
        return Err(invalid_operation(NO_ELEMENTS));
    }
    if let (Some(exact), Some(count)) = (exact, Decimal::of_whole(count)) {
        return exact.divided_by(count).map(Value::Decimal).ok_or_else(|| broken("an average that is too large"));
    }
    Ok(Value::Double((whole as f64 + real) / count as f64))
}

fn extreme(call: &mut Call<'_, '_>, wanted: Ordering, ty: usize) -> Outcome<Value> {
    let mut best: Option<Value> = None;
    for item in selected(call)? {
        let wins = match &best {
            _ if item.is_null() => false,
            None => true,
            Some(best) => compared(&item, best) == wanted,
        };
        if wins {
            best = Some(item);
        }
    }
    let ty: Ty = call.ty(ty);
    match best {
        Some(best) => Ok(best),
        None if ty.holds_null() => Ok(Value::Null),
        None => Err(invalid_operation(NO_ELEMENTS)),
    }
}
