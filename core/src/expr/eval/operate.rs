//! Operators and numeric conversions on values, as C# defines them unchecked. Pure: the folder of constants uses them too.

use std::sync::Arc;

use crate::expr::exception::{Outcome, broken, divide_by_zero};
use crate::expr::node::Operands;
use crate::expr::syntax::BinaryOp;
use crate::expr::ty::Ty;
use crate::value::{DateTimeOffset, TimeSpan, Value};

/// A binary operation on operands that have been converted.
pub(crate) fn binary(operator: BinaryOp, operands: Operands, left: &Value, right: &Value) -> Outcome<Value> {
    match (operands, left, right) {
        (Operands::Int32, Value::Int32(left), Value::Int32(right)) => int32(operator, *left, *right),
        (Operands::Int64, Value::Int64(left), Value::Int64(right)) => int64(operator, *left, *right),
        (Operands::Int64, Value::Int64(left), Value::Int32(right)) => int64(operator, *left, i64::from(*right)),
        (Operands::Double, Value::Double(left), Value::Double(right)) => double(operator, *left, *right),
        (Operands::Bool, Value::Bool(left), Value::Bool(right)) => boolean(operator, *left, *right),
        (Operands::String, left, right) => equality(operator, left == right),
        (Operands::Struct, left, right) => structure(operator, left, right),
        (Operands::Reference, left, right) => equality(operator, same(left, right)),
        _ => Err(broken("operands of another type")),
    }
}

fn equality(operator: BinaryOp, equal: bool) -> Outcome<Value> {
    match operator {
        BinaryOp::Equal => Ok(Value::Bool(equal)),
        BinaryOp::NotEqual => Ok(Value::Bool(!equal)),
        _ => Err(broken("an operator that the checker refuses")),
    }
}

/// Whether two references are one object. A boxed value is an object of its own, as in .NET.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::String(left), Value::String(right)) => {
            Arc::ptr_eq(left, right) || (left.is_empty() && right.is_empty())
        }
        (Value::Strings(left), Value::Strings(right)) => Arc::ptr_eq(left, right),
        (Value::Chars(left), Value::Chars(right)) => Arc::ptr_eq(left, right),
        (Value::Bytes(left), Value::Bytes(right)) => Arc::ptr_eq(left, right),
        (Value::Response(left), Value::Response(right)) => Arc::ptr_eq(left, right),
        (Value::Json(left), Value::Json(right)) => left.is_same(right),
        (Value::Context(left), Value::Context(right)) => left == right,
        (Value::Library(left), Value::Library(right)) => left == right,
        (Value::Service(left), Value::Service(right)) => left == right,
        _ => false,
    }
}

fn ordered<T: PartialOrd>(operator: BinaryOp, left: &T, right: &T) -> Outcome<Value> {
    Ok(Value::Bool(match operator {
        BinaryOp::Equal => left == right,
        BinaryOp::NotEqual => left != right,
        BinaryOp::Less => left < right,
        BinaryOp::Greater => left > right,
        BinaryOp::LessOrEqual => left <= right,
        BinaryOp::GreaterOrEqual => left >= right,
        _ => return Err(broken("an operator that the checker refuses")),
    }))
}

fn int32(operator: BinaryOp, left: i32, right: i32) -> Outcome<Value> {
    let shift = right.cast_unsigned() & 31;
    Ok(Value::Int32(match operator {
        BinaryOp::Multiply => left.wrapping_mul(right),
        BinaryOp::Divide | BinaryOp::Remainder if right == 0 => return Err(divide_by_zero()),
        // .NET throws for both; the quotient does not fit.
        BinaryOp::Divide | BinaryOp::Remainder if left == i32::MIN && right == -1 => return Err(too_small()),
        BinaryOp::Divide => left.wrapping_div(right),
        BinaryOp::Remainder => left.wrapping_rem(right),
        BinaryOp::Add => left.wrapping_add(right),
        BinaryOp::Subtract => left.wrapping_sub(right),
        BinaryOp::ShiftLeft => left.wrapping_shl(shift),
        BinaryOp::ShiftRight => left.wrapping_shr(shift),
        BinaryOp::And => left & right,
        BinaryOp::Xor => left ^ right,
        BinaryOp::Or => left | right,
        other => return ordered(other, &left, &right),
    }))
}

fn int64(operator: BinaryOp, left: i64, right: i64) -> Outcome<Value> {
    let shift = u32::try_from(right & 63).unwrap_or(0);
    Ok(Value::Int64(match operator {
        BinaryOp::Multiply => left.wrapping_mul(right),
        BinaryOp::Divide | BinaryOp::Remainder if right == 0 => return Err(divide_by_zero()),
        BinaryOp::Divide | BinaryOp::Remainder if left == i64::MIN && right == -1 => return Err(too_small()),
        BinaryOp::Divide => left.wrapping_div(right),
        BinaryOp::Remainder => left.wrapping_rem(right),
        BinaryOp::Add => left.wrapping_add(right),
        BinaryOp::Subtract => left.wrapping_sub(right),
        BinaryOp::ShiftLeft => left.wrapping_shl(shift),
        BinaryOp::ShiftRight => left.wrapping_shr(shift),
        BinaryOp::And => left & right,
        BinaryOp::Xor => left ^ right,
        BinaryOp::Or => left | right,
        other => return ordered(other, &left, &right),
    }))
}

fn too_small() -> crate::expr::Interrupt {
    crate::expr::exception::overflow("Arithmetic operation resulted in an overflow.")
}

fn double(operator: BinaryOp, left: f64, right: f64) -> Outcome<Value> {
    Ok(Value::Double(match operator {
        BinaryOp::Multiply => left * right,
        BinaryOp::Divide => left / right,
        BinaryOp::Remainder => left % right,
        BinaryOp::Add => left + right,
        BinaryOp::Subtract => left - right,
        other => return ordered(other, &left, &right),
    }))
}

fn boolean(operator: BinaryOp, left: bool, right: bool) -> Outcome<Value> {
    Ok(Value::Bool(match operator {
        BinaryOp::And => left & right,
        BinaryOp::Or => left | right,
        BinaryOp::Xor => left ^ right,
        other => return equality(other, left == right),
    }))
}

fn structure(operator: BinaryOp, left: &Value, right: &Value) -> Outcome<Value> {
    use crate::expr::bcl::unrepresentable;
    match (operator, left, right) {
        (BinaryOp::Subtract, Value::DateTime(left), Value::DateTime(right)) => {
            Ok(Value::TimeSpan(TimeSpan(left.ticks() - right.ticks())))
        }
        (BinaryOp::Add, Value::DateTime(left), Value::TimeSpan(right)) => {
            left.plus_ticks(right.0).map(Value::DateTime).ok_or_else(unrepresentable)
        }
        (BinaryOp::Subtract, Value::DateTime(left), Value::TimeSpan(right)) => {
            let ticks = right.0.checked_neg();
            ticks.and_then(|ticks| left.plus_ticks(ticks)).map(Value::DateTime).ok_or_else(unrepresentable)
        }
        (BinaryOp::Add | BinaryOp::Subtract, Value::TimeSpan(left), Value::TimeSpan(right)) => {
            let ticks =
                if operator == BinaryOp::Add { left.0.checked_add(right.0) } else { left.0.checked_sub(right.0) };
            let message = "TimeSpan overflowed because the duration is too long.";
            ticks.map(|t| Value::TimeSpan(TimeSpan(t))).ok_or_else(|| crate::expr::exception::overflow(message))
        }
        (_, Value::DateTimeOffset(_), _) => moment(operator, left, right),
        (_, Value::DateTime(left), Value::DateTime(right)) => ordered(operator, &left.ticks(), &right.ticks()),
        (_, Value::TimeSpan(left), Value::TimeSpan(right)) => ordered(operator, left, right),
        (_, Value::Guid(left), Value::Guid(right)) => ordered(operator, left, right),
        (_, Value::Enum(left), Value::Enum(right)) => ordered(operator, &left.number, &right.number),
        _ => Err(broken("operands of another type")),
    }
}

// Operators of `DateTimeOffset`, whose sums keep the offset.
fn moment(operator: BinaryOp, left: &Value, right: &Value) -> Outcome<Value> {
    use crate::expr::bcl::unrepresentable;
    let Value::DateTimeOffset(left) = left else { return Err(broken("expected a DateTimeOffset")) };
    match (operator, right) {
        (BinaryOp::Subtract, Value::DateTimeOffset(right)) => {
            Ok(Value::TimeSpan(TimeSpan(left.utc_ticks() - right.utc_ticks())))
        }
        (BinaryOp::Add | BinaryOp::Subtract, Value::TimeSpan(span)) => {
            let ticks = if operator == BinaryOp::Add { Some(span.0) } else { span.0.checked_neg() };
            let sum = ticks.and_then(|ticks| left.utc_ticks().checked_add(ticks));
            let sum = sum.and_then(|utc| DateTimeOffset::of_utc(utc, left.offset_minutes()));
            sum.map(Value::DateTimeOffset).ok_or_else(unrepresentable)
        }
        (_, Value::DateTimeOffset(right)) => ordered(operator, &left.utc_ticks(), &right.utc_ticks()),
        _ => Err(broken("operands of another type")),
    }
}

/// `-x`
pub(crate) fn negate(operands: Operands, value: &Value) -> Outcome<Value> {
    match (operands, value) {
        (_, Value::Null) => Ok(Value::Null),
        (Operands::Int32, Value::Int32(value)) => Ok(Value::Int32(value.wrapping_neg())),
        (Operands::Int64, Value::Int64(value)) => Ok(Value::Int64(value.wrapping_neg())),
        (Operands::Double, Value::Double(value)) => Ok(Value::Double(-value)),
        _ => Err(broken("a minus before no number")),
    }
}

/// `~x`
pub(crate) fn complement(operands: Operands, value: &Value) -> Outcome<Value> {
    match (operands, value) {
        (_, Value::Null) => Ok(Value::Null),
        (Operands::Int32, Value::Int32(value)) => Ok(Value::Int32(!value)),
        (Operands::Int64, Value::Int64(value)) => Ok(Value::Int64(!value)),
        _ => Err(broken("a complement of no whole number")),
    }
}

/// A cast between numbers and characters, unchecked.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "C#'s unchecked casts truncate"
)]
pub(crate) fn numeric(value: &Value, ty: &Ty) -> Outcome<Value> {
    let whole = match value {
        Value::Int32(value) => i64::from(*value),
        Value::Int64(value) => *value,
        Value::Char(unit) => i64::from(*unit),
        Value::Enum(member) => i64::from(member.number),
        Value::Double(value) if *ty == Ty::Double => return Ok(Value::Double(*value)),
        // Out of range, .NET 8 on x64 gives the smallest number of the type.
        Value::Double(value) => match ty {
            Ty::Int32 if !(-2_147_483_649.0 < *value && *value < 2_147_483_648.0) => i64::from(i32::MIN),
            _ if !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(value) => i64::MIN,
            _ => *value as i64,
        },
        _ => return Err(broken("expected a number")),
    };
    match ty {
        Ty::Int32 => Ok(Value::Int32(whole as i32)),
        Ty::Int64 => Ok(Value::Int64(whole)),
        Ty::Double => Ok(Value::Double(whole as f64)),
        Ty::Char => Ok(Value::Char(whole as u16)),
        _ => Err(broken("a cast to no number")),
    }
}
