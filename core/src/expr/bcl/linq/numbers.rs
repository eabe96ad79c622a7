//! Sums, averages, least and greatest.

use std::cmp::Ordering;

use super::super::collections::key::compared_by;
use super::super::{Call, Row, row};
use super::{NO_ELEMENTS, checked};
use crate::expr::exception::{Outcome, broken, invalid_operation, overflow};
use crate::value::{Decimal, Value};

const SEQUENCE: &str = "IEnumerable<T>";

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row("IEnumerable<int>", "this int Sum()", |call| sum(call, Kind::Int32)),
    row("IEnumerable<long>", "this long Sum()", |call| sum(call, Kind::Int64)),
    row("IEnumerable<float>", "this float Sum()", |call| sum(call, Kind::Single)),
    row("IEnumerable<double>", "this double Sum()", |call| sum(call, Kind::Double)),
    row("IEnumerable<decimal>", "this decimal Sum()", |call| sum(call, Kind::Decimal)),
    row("IEnumerable<int?>", "this int? Sum()", |call| sum(call, Kind::Int32)),
    row("IEnumerable<long?>", "this long? Sum()", |call| sum(call, Kind::Int64)),
    row("IEnumerable<float?>", "this float? Sum()", |call| sum(call, Kind::Single)),
    row("IEnumerable<double?>", "this double? Sum()", |call| sum(call, Kind::Double)),
    row("IEnumerable<decimal?>", "this decimal? Sum()", |call| sum(call, Kind::Decimal)),
    row(SEQUENCE, "this int Sum(Func<T, int> selector)", |call| sum(call, Kind::Int32)),
    row(SEQUENCE, "this long Sum(Func<T, long> selector)", |call| sum(call, Kind::Int64)),
    row(SEQUENCE, "this float Sum(Func<T, float> selector)", |call| sum(call, Kind::Single)),
    row(SEQUENCE, "this double Sum(Func<T, double> selector)", |call| sum(call, Kind::Double)),
    row(SEQUENCE, "this decimal Sum(Func<T, decimal> selector)", |call| sum(call, Kind::Decimal)),
    row(SEQUENCE, "this int? Sum(Func<T, int?> selector)", |call| sum(call, Kind::Int32)),
    row(SEQUENCE, "this long? Sum(Func<T, long?> selector)", |call| sum(call, Kind::Int64)),
    row(SEQUENCE, "this float? Sum(Func<T, float?> selector)", |call| sum(call, Kind::Single)),
    row(SEQUENCE, "this double? Sum(Func<T, double?> selector)", |call| sum(call, Kind::Double)),
    row(SEQUENCE, "this decimal? Sum(Func<T, decimal?> selector)", |call| sum(call, Kind::Decimal)),
    row("IEnumerable<int>", "this double Average()", |call| average(call, Kind::Int32, Empty::Throws)),
    row("IEnumerable<long>", "this double Average()", |call| average(call, Kind::Int64, Empty::Throws)),
    row("IEnumerable<float>", "this float Average()", |call| average(call, Kind::Single, Empty::Throws)),
    row("IEnumerable<double>", "this double Average()", |call| average(call, Kind::Double, Empty::Throws)),
    row("IEnumerable<decimal>", "this decimal Average()", |call| average(call, Kind::Decimal, Empty::Throws)),
    row("IEnumerable<int?>", "this double? Average()", |call| average(call, Kind::Int32, Empty::IsNull)),
    row("IEnumerable<long?>", "this double? Average()", |call| average(call, Kind::Int64, Empty::IsNull)),
    row("IEnumerable<float?>", "this float? Average()", |call| average(call, Kind::Single, Empty::IsNull)),
    row("IEnumerable<double?>", "this double? Average()", |call| average(call, Kind::Double, Empty::IsNull)),
    row("IEnumerable<decimal?>", "this decimal? Average()", |call| average(call, Kind::Decimal, Empty::IsNull)),
    row(SEQUENCE, "this double Average(Func<T, int> selector)", |call| average(call, Kind::Int32, Empty::Throws)),
    row(SEQUENCE, "this double Average(Func<T, long> selector)", |call| average(call, Kind::Int64, Empty::Throws)),
    row(SEQUENCE, "this float Average(Func<T, float> selector)", |call| average(call, Kind::Single, Empty::Throws)),
    row(SEQUENCE, "this double Average(Func<T, double> selector)", |call| average(call, Kind::Double, Empty::Throws)),
    row(SEQUENCE, "this decimal Average(Func<T, decimal> selector)", |call| {
        average(call, Kind::Decimal, Empty::Throws)
    }),
    row(SEQUENCE, "this double? Average(Func<T, int?> selector)", |call| average(call, Kind::Int32, Empty::IsNull)),
    row(SEQUENCE, "this double? Average(Func<T, long?> selector)", |call| average(call, Kind::Int64, Empty::IsNull)),
    row(SEQUENCE, "this float? Average(Func<T, float?> selector)", |call| average(call, Kind::Single, Empty::IsNull)),
    row(SEQUENCE, "this double? Average(Func<T, double?> selector)", |call| average(call, Kind::Double, Empty::IsNull)),
    row(SEQUENCE, "this decimal? Average(Func<T, decimal?> selector)", |call| {
        average(call, Kind::Decimal, Empty::IsNull)
    }),
    row(SEQUENCE, "this T Max()", |call| found(call, Ordering::Greater, None)),
    row(SEQUENCE, "this T Min()", |call| found(call, Ordering::Less, None)),
    row(SEQUENCE, "this T Max(IComparer<T> comparer)", |call| found(call, Ordering::Greater, Some(1))),
    row(SEQUENCE, "this T Min(IComparer<T> comparer)", |call| found(call, Ordering::Less, Some(1))),
    row(SEQUENCE, "this TResult Max<TResult>(Func<T, TResult> selector)", |call| {
        let holds_null = call.ty(1).holds_null();
        selected(call, Ordering::Greater, holds_null)
    }),
    row(SEQUENCE, "this TResult Min<TResult>(Func<T, TResult> selector)", |call| {
        let holds_null = call.ty(1).holds_null();
        selected(call, Ordering::Less, holds_null)
    }),
    row(SEQUENCE, "this T MaxBy<TKey>(Func<T, TKey> keySelector)", |call| extreme_by(call, Ordering::Greater)),
    row(SEQUENCE, "this T MinBy<TKey>(Func<T, TKey> keySelector)", |call| extreme_by(call, Ordering::Less)),
    row(SEQUENCE, "this T MaxBy<TKey>(Func<T, TKey> keySelector, IComparer<TKey> comparer)", |call| {
        extreme_by(call, Ordering::Greater)
    }),
    row(SEQUENCE, "this T MinBy<TKey>(Func<T, TKey> keySelector, IComparer<TKey> comparer)", |call| {
        extreme_by(call, Ordering::Less)
    }),
];

macro_rules! extremes {
    ($($number:literal)*) => {
        /// The least and the greatest number that a selector gives, which .NET has for each type of numbers.
        pub(in crate::expr::bcl) const EXTREMES: &[Row] = &[$(
            row(SEQUENCE, concat!("this ", $number, " Max(Func<T, ", $number, "> selector)"), |call| {
                selected(call, Ordering::Greater, $number.ends_with('?'))
            }),
            row(SEQUENCE, concat!("this ", $number, " Min(Func<T, ", $number, "> selector)"), |call| {
                selected(call, Ordering::Less, $number.ends_with('?'))
            }),
        )*];
    };
}

extremes! { "int" "long" "float" "double" "decimal" "int?" "long?" "float?" "double?" "decimal?" }

// Of what the selector gives; of nothing it is null where that is possible.
fn selected(call: &mut Call<'_, '_>, wanted: Ordering, holds_null: bool) -> Outcome<Value> {
    checked(call, &["source", "selector"])?;
    let found = extreme(call, wanted, None, Some(1))?;
    found.or(holds_null.then_some(Value::Null)).ok_or_else(|| invalid_operation(NO_ELEMENTS))
}

// Of the items themselves.
fn found(call: &mut Call<'_, '_>, wanted: Ordering, comparer: Option<usize>) -> Outcome<Value> {
    let holds_null = call.ty(0).holds_null();
    let found = extreme(call, wanted, comparer, None)?;
    found.or(holds_null.then_some(Value::Null)).ok_or_else(|| invalid_operation(NO_ELEMENTS))
}

/// The type of the numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Int32,
    Int64,
    Single,
    Double,
    Decimal,
}

/// What the average of no numbers is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Empty {
    Throws,
    IsNull,
}

/// A sum under way: whole numbers in a `long`, real ones in a `double`, as .NET holds them.
enum Total {
    Whole(i64),
    Real(f64),
    Exact(Decimal),
}

impl Total {
    const fn zero(kind: Kind) -> Self {
        match kind {
            Kind::Int32 | Kind::Int64 => Self::Whole(0),
            Kind::Single | Kind::Double => Self::Real(0.0),
            Kind::Decimal => Self::Exact(Decimal::ZERO),
        }
    }

    fn plus(self, item: &Value) -> Outcome<Self> {
        let too_large = || overflow("Arithmetic operation resulted in an overflow.");
        match (self, item) {
            (Self::Whole(total), Value::Int32(number)) => {
                total.checked_add(i64::from(*number)).map(Self::Whole).ok_or_else(too_large)
            }
            (Self::Whole(total), Value::Int64(number)) => {
                total.checked_add(*number).map(Self::Whole).ok_or_else(too_large)
            }
            (Self::Real(total), Value::Single(number)) => Ok(Self::Real(total + f64::from(*number))),
            (Self::Real(total), Value::Double(number)) => Ok(Self::Real(total + number)),
            (Self::Exact(total), Value::Decimal(number)) => total
                .plus(*number)
                .map(Self::Exact)
                .ok_or_else(|| overflow("Value was either too large or too small for a Decimal.")),
            _ => Err(broken("a sum of no numbers")),
        }
    }
}

/// What a total begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    /// Zero, and it must not overflow.
    Sum,
    /// Zero.
    Zero,
    /// The first number, so that -0 stays what it is.
    First,
}

// The sum of the items, or of what the selector makes of them, and how many there are; null counts for nothing.
fn totalled(call: &mut Call<'_, '_>, kind: Kind, start: Start) -> Outcome<(Total, i64)> {
    let has_selector = call.arguments.len() > 1;
    if has_selector {
        checked(call, &["source", "selector"])?;
    } else {
        checked(call, &["source"])?;
    }
    let (mut total, mut count) = (Total::zero(kind), 0);
    let mut cursor = call.machine.cursor(call.value(0))?;
    while let Some(item) = call.machine.advance(&mut *cursor)? {
        let item = if has_selector { call.invoke(1, &[item])? } else { item };
        if item.is_null() {
            continue;
        }
        total = match (&total, &item, count) {
            (Total::Real(_), Value::Double(first), 0) if start == Start::First => Total::Real(*first),
            _ => total.plus(&item)?,
        };
        // `Sum` overflows with an exception although `+` wraps; `Average` of ints does not.
        if let (Start::Sum, Kind::Int32, Total::Whole(whole)) = (start, kind, &total)
            && i32::try_from(*whole).is_err()
        {
            return Err(overflow("Arithmetic operation resulted in an overflow."));
        }
        count += 1;
    }
    Ok((total, count))
}

#[expect(clippy::cast_possible_truncation, reason = ".NET narrows the sum of floats so")]
fn sum(call: &mut Call<'_, '_>, kind: Kind) -> Outcome<Value> {
    let (total, _) = totalled(call, kind, Start::Sum)?;
    Ok(match (total, kind) {
        (Total::Whole(total), Kind::Int32) => Value::Int32(i32::try_from(total).unwrap_or(0)),
        (Total::Whole(total), _) => Value::Int64(total),
        (Total::Real(total), Kind::Single) => Value::Single(total as f32),
        (Total::Real(total), _) => Value::Double(total),
        (Total::Exact(total), _) => Value::Decimal(total),
    })
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = ".NET divides doubles here too")]
fn average(call: &mut Call<'_, '_>, kind: Kind, empty: Empty) -> Outcome<Value> {
    let start = match empty {
        Empty::Throws if call.arguments.len() == 1 => Start::Zero,
        Empty::Throws | Empty::IsNull => Start::First,
    };
    let (total, count) = totalled(call, kind, start)?;
    if count == 0 {
        return match empty {
            Empty::Throws => Err(invalid_operation(NO_ELEMENTS)),
            Empty::IsNull => Ok(Value::Null),
        };
    }
    Ok(match (total, kind) {
        (Total::Whole(total), _) => Value::Double(total as f64 / count as f64),
        (Total::Real(total), Kind::Single) => Value::Single((total / count as f64) as f32),
        (Total::Real(total), _) => Value::Double(total / count as f64),
        (Total::Exact(total), _) => {
            let divided = Decimal::of_whole(i128::from(count)).and_then(|count| total.divided_by(count));
            Value::Decimal(divided.ok_or_else(|| broken("an average that is too large"))?)
        }
    })
}

fn extreme(
    call: &mut Call<'_, '_>,
    wanted: Ordering,
    comparer: Option<usize>,
    selector: Option<usize>,
) -> Outcome<Option<Value>> {
    checked(call, &["source"])?;
    let comparer = comparer.map_or(Value::Null, |at| call.value(at).clone());
    let mut best: Option<Value> = None;
    let mut cursor = call.machine.cursor(call.value(0))?;
    while let Some(item) = call.machine.advance(&mut *cursor)? {
        let item = match selector {
            Some(at) => call.invoke(at, &[item])?,
            None => item,
        };
        let wins = match &best {
            _ if item.is_null() => false,
            None => true,
            Some(best) => compared_by(&comparer, &item, best)? == wanted,
        };
        if wins {
            best = Some(item);
        }
    }
    Ok(best)
}

// An item whose key is null is only chosen, as the first one, when all keys are.
fn extreme_by(call: &mut Call<'_, '_>, wanted: Ordering) -> Outcome<Value> {
    checked(call, &["source", "keySelector"])?;
    let comparer = call.value(2).clone();
    let mut best: Option<(Value, Value)> = None;
    let mut cursor = call.machine.cursor(call.value(0))?;
    while let Some(item) = call.machine.advance(&mut *cursor)? {
        let key = call.invoke(1, std::slice::from_ref(&item))?;
        let wins = match &best {
            None => true,
            Some((best, _)) if best.is_null() => !key.is_null(),
            Some((best, _)) => !key.is_null() && compared_by(&comparer, &key, best)? == wanted,
        };
        if wins {
            best = Some((key, item));
        }
    }
    match best {
        Some((_, item)) => Ok(item),
        None if call.ty(0).holds_null() => Ok(Value::Null),
        None => Err(invalid_operation(NO_ELEMENTS)),
    }
}
