//! `T.CreateChecked`, `CreateSaturating` and `CreateTruncating`: a number from one of any other type.

use super::native::Native;
use super::number_whole::Whole;
use crate::expr::eval::numeric;
use crate::expr::exception::{Outcome, argument, broken, overflow};
use crate::expr::ty::Ty;
use crate::value::{Decimal, Value};

/// What becomes of a number that the type cannot hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// An exception
    Checked,
    /// The nearest number that it can hold
    Saturating,
    /// Its lowest bits; of numbers with a fraction the nearest one, as .NET 8 does it
    Truncating,
}

/// A number that another one is made from.
enum Source {
    Whole(i128),
    Real(f64),
    Decimal(Decimal),
}

fn source(value: &Value) -> Outcome<Source> {
    Ok(match value {
        Value::Single(value) => Source::Real(f64::from(*value)),
        Value::Double(value) => Source::Real(*value),
        Value::Decimal(value) => Source::Decimal(*value),
        Value::SByte(_)
        | Value::Byte(_)
        | Value::Int16(_)
        | Value::UInt16(_)
        | Value::Int32(_)
        | Value::UInt32(_)
        | Value::Int64(_)
        | Value::UInt64(_)
        | Value::Char(_) => Source::Whole(whole(value)?),
        _ => return Err(argument("Only numbers become numbers.", "value")),
    })
}

fn whole(value: &Value) -> Outcome<i128> {
    match numeric(value, &Ty::Decimal)? {
        Value::Decimal(value) => Ok(value.whole()),
        _ => Err(broken("a cast to a decimal gave none")),
    }
}

/// A whole number.
#[expect(clippy::cast_possible_truncation, reason = "a cast from a real number saturates, which is out of every range")]
pub(super) fn created<T: Whole>(value: &Value, fit: Fit) -> Outcome<Value> {
    let (whole, wraps) = match source(value)? {
        Source::Whole(whole) => (whole, true),
        // What is no number becomes the least one where the machine's conversion shows through.
        Source::Real(real) if real.is_nan() && fit != Fit::Checked && T::MOST > 0xffff && T::LEAST < 0 => {
            (T::LEAST, false)
        }
        Source::Real(real) if real.is_nan() => (if fit == Fit::Checked { i128::MAX } else { 0 }, false),
        Source::Real(real) => (real.trunc() as i128, false),
        Source::Decimal(decimal) => (decimal.whole(), false),
    };
    if let Some(fitting) = T::of_wide(whole) {
        return Ok(fitting.value());
    }
    let chosen = match fit {
        // A decimal is cast, and casts of decimals name the type.
        Fit::Checked if matches!(value, Value::Decimal(_)) => {
            return Err(overflow(&format!("Value was either too large or too small for {}.", T::SHOWN)));
        }
        Fit::Checked => return Err(overflow("Arithmetic operation resulted in an overflow.")),
        Fit::Truncating if wraps => {
            let span = T::MOST - T::LEAST + 1;
            (whole - T::LEAST).rem_euclid(span) + T::LEAST
        }
        Fit::Saturating | Fit::Truncating => whole.clamp(T::LEAST, T::MOST),
    };
    T::of_wide(chosen).map(T::value).ok_or_else(|| broken("a number outside of its type"))
}

/// A `float` or a `double`; there is always one.
pub(super) fn real(value: &Value, ty: &Ty) -> Outcome<Value> {
    source(value)?;
    numeric(value, ty)
}

/// A decimal.
pub(super) fn decimal(value: &Value, fit: Fit) -> Outcome<Value> {
    let (is_negative, is_nan) = match source(value)? {
        Source::Real(real) => (real.is_sign_negative(), real.is_nan()),
        Source::Whole(_) | Source::Decimal(_) => (false, false),
    };
    if fit == Fit::Checked {
        return numeric(value, &Ty::Decimal);
    }
    if is_nan {
        return Decimal::of_parts(false, 0, 1).map(Decimal::value).ok_or_else(|| broken("a zero with a place"));
    }
    let nearest = if is_negative { Decimal::MIN } else { Decimal::MAX };
    Ok(numeric(value, &Ty::Decimal).unwrap_or(Value::Decimal(nearest)))
}
