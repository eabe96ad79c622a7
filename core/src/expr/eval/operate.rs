//! Operators and numeric conversions on values, as C# defines them unchecked. Pure: the folder of constants uses them too.

use crate::expr::bcl::TABLE;
use crate::expr::exception::{Outcome, broken, divide_by_zero};
use crate::expr::identity::is_same;
use crate::expr::node::Operands;
use crate::expr::syntax::BinaryOp;
use crate::expr::ty::{Class, Ty};
use crate::value::{DateTimeOffset, Decimal, TimeSpan, Value};

/// A binary operation on operands that have been converted.
pub(crate) fn binary(operator: BinaryOp, operands: Operands, left: &Value, right: &Value) -> Outcome<Value> {
    match (operands, left, right) {
        (Operands::Int32, Value::Int32(left), Value::Int32(right)) => int32(operator, *left, *right),
        (Operands::Int64, Value::Int64(left), Value::Int64(right)) => int64(operator, *left, *right),
        (Operands::Int64, Value::Int64(left), Value::Int32(right)) => int64(operator, *left, i64::from(*right)),
        (Operands::Double, Value::Double(left), Value::Double(right)) => double(operator, *left, *right),
        (Operands::UInt32, Value::UInt32(left), Value::UInt32(right)) => uint32(operator, *left, *right),
        (Operands::UInt32, Value::UInt32(left), Value::Int32(right)) => uint32(operator, *left, right.cast_unsigned()),
        (Operands::UInt64, Value::UInt64(left), Value::UInt64(right)) => uint64(operator, *left, *right),
        (Operands::UInt64, Value::UInt64(left), Value::Int32(right)) => {
            uint64(operator, *left, u64::from(right.cast_unsigned()))
        }
        (Operands::Single, Value::Single(left), Value::Single(right)) => single(operator, *left, *right),
        (Operands::Decimal, Value::Decimal(left), Value::Decimal(right)) => decimal(operator, *left, *right),
        (Operands::Bool, Value::Bool(left), Value::Bool(right)) => boolean(operator, *left, *right),
        (Operands::String, left, right) => equality(operator, left == right),
        (Operands::Struct, left, right) => structure(operator, left, right),
        (Operands::Reference, left, right) => equality(operator, is_same(left, right)),
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

fn uint32(operator: BinaryOp, left: u32, right: u32) -> Outcome<Value> {
    Ok(Value::UInt32(match operator {
        BinaryOp::Multiply => left.wrapping_mul(right),
        BinaryOp::Divide => left.checked_div(right).ok_or_else(divide_by_zero)?,
        BinaryOp::Remainder => left.checked_rem(right).ok_or_else(divide_by_zero)?,
        BinaryOp::Add => left.wrapping_add(right),
        BinaryOp::Subtract => left.wrapping_sub(right),
        BinaryOp::ShiftLeft => left.wrapping_shl(right & 31),
        BinaryOp::ShiftRight => left.wrapping_shr(right & 31),
        BinaryOp::And => left & right,
        BinaryOp::Xor => left ^ right,
        BinaryOp::Or => left | right,
        other => return ordered(other, &left, &right),
    }))
}

fn uint64(operator: BinaryOp, left: u64, right: u64) -> Outcome<Value> {
    let shift = u32::try_from(right & 63).unwrap_or(0);
    Ok(Value::UInt64(match operator {
        BinaryOp::Multiply => left.wrapping_mul(right),
        BinaryOp::Divide => left.checked_div(right).ok_or_else(divide_by_zero)?,
        BinaryOp::Remainder => left.checked_rem(right).ok_or_else(divide_by_zero)?,
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

fn single(operator: BinaryOp, left: f32, right: f32) -> Outcome<Value> {
    Ok(Value::Single(match operator {
        BinaryOp::Multiply => left * right,
        BinaryOp::Divide => left / right,
        BinaryOp::Remainder => left % right,
        BinaryOp::Add => left + right,
        BinaryOp::Subtract => left - right,
        other => return ordered(other, &left, &right),
    }))
}

fn decimal(operator: BinaryOp, left: Decimal, right: Decimal) -> Outcome<Value> {
    let result = match operator {
        BinaryOp::Divide | BinaryOp::Remainder if right.is_zero() => return Err(divide_by_zero()),
        BinaryOp::Multiply => left.times(right),
        BinaryOp::Divide => left.divided_by(right),
        BinaryOp::Remainder => left.remainder(right),
        BinaryOp::Add => left.plus(right),
        BinaryOp::Subtract => left.minus(right),
        other => return ordered(other, &left, &right),
    };
    result.map(Value::Decimal).ok_or_else(decimal_overflow)
}

fn decimal_overflow() -> crate::expr::Interrupt {
    crate::expr::exception::overflow("Value was either too large or too small for a Decimal.")
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
    use crate::expr::bcl::{scaled_by, unrepresentable_sum};
    match (operator, left, right) {
        (BinaryOp::Subtract, Value::DateTime(left), Value::DateTime(right)) => {
            Ok(Value::TimeSpan(TimeSpan(left.ticks() - right.ticks())))
        }
        (BinaryOp::Add, Value::DateTime(left), Value::TimeSpan(right)) => {
            left.plus_ticks(right.0).map(Value::DateTime).ok_or_else(unrepresentable_sum)
        }
        (BinaryOp::Subtract, Value::DateTime(left), Value::TimeSpan(right)) => {
            let ticks = right.0.checked_neg();
            ticks.and_then(|ticks| left.plus_ticks(ticks)).map(Value::DateTime).ok_or_else(unrepresentable_sum)
        }
        (BinaryOp::Add | BinaryOp::Subtract, Value::TimeSpan(left), Value::TimeSpan(right)) => {
            let ticks =
                if operator == BinaryOp::Add { left.0.checked_add(right.0) } else { left.0.checked_sub(right.0) };
            let message = "TimeSpan overflowed because the duration is too long.";
            ticks.map(|t| Value::TimeSpan(TimeSpan(t))).ok_or_else(|| crate::expr::exception::overflow(message))
        }
        (BinaryOp::Multiply, Value::TimeSpan(span), Value::Double(factor))
        | (BinaryOp::Multiply, Value::Double(factor), Value::TimeSpan(span)) => {
            scaled_by(*span, *factor, |ticks, factor| ticks * factor, "factor")
        }
        (BinaryOp::Divide, Value::TimeSpan(span), Value::Double(divisor)) => {
            scaled_by(*span, *divisor, |ticks, divisor| ticks / divisor, "divisor")
        }
        (BinaryOp::Divide, Value::TimeSpan(left), Value::TimeSpan(right)) => {
            Ok(Value::Double(left.total(1) / right.total(1)))
        }
        (_, Value::DateTimeOffset(_), _) => moment(operator, left, right),
        (_, Value::DateTime(left), Value::DateTime(right)) => ordered(operator, &left.ticks(), &right.ticks()),
        (_, Value::TimeSpan(left), Value::TimeSpan(right)) => ordered(operator, left, right),
        (_, Value::Guid(left), Value::Guid(right)) => ordered(operator, left, right),
        (_, Value::Enum(_), _) | (_, _, Value::Enum(_)) => enumeration(operator, left, right),
        // Addresses, and names, of which .NET has one object each.
        (BinaryOp::Equal | BinaryOp::NotEqual, left, right) => equality(operator, left == right),
        _ => Err(broken("operands of another type")),
    }
}

// Operators of enumerations: bits of both, a number more or less, and the distance of two.
fn enumeration(operator: BinaryOp, left: &Value, right: &Value) -> Outcome<Value> {
    let (of, a, b) = match (left, right) {
        (Value::Enum(left), Value::Enum(right)) if operator == BinaryOp::Subtract => {
            return Ok(Value::Int32(left.number.wrapping_sub(right.number)));
        }
        (Value::Enum(left), Value::Enum(right)) => (left.of, left.number, right.number),
        (Value::Enum(left), Value::Int32(right)) => (left.of, left.number, *right),
        (Value::Int32(left), Value::Enum(right)) => (right.of, *left, right.number),
        _ => return Err(broken("operands of another type")),
    };
    Ok(Value::Enum(of.value(match operator {
        BinaryOp::And => a & b,
        BinaryOp::Or => a | b,
        BinaryOp::Xor => a ^ b,
        BinaryOp::Add => a.wrapping_add(b),
        BinaryOp::Subtract => a.wrapping_sub(b),
        other => return ordered(other, &a, &b),
    })))
}

// Operators of `DateTimeOffset`, whose sums keep the offset.
fn moment(operator: BinaryOp, left: &Value, right: &Value) -> Outcome<Value> {
    use crate::expr::bcl::unrepresentable_sum;
    let Value::DateTimeOffset(left) = left else { return Err(broken("expected a DateTimeOffset")) };
    match (operator, right) {
        (BinaryOp::Subtract, Value::DateTimeOffset(right)) => {
            Ok(Value::TimeSpan(TimeSpan(left.utc_ticks() - right.utc_ticks())))
        }
        (BinaryOp::Add | BinaryOp::Subtract, Value::TimeSpan(span)) => {
            let ticks = if operator == BinaryOp::Add { Some(span.0) } else { span.0.checked_neg() };
            let sum = ticks.and_then(|ticks| left.utc_ticks().checked_add(ticks));
            let sum = sum.and_then(|utc| DateTimeOffset::of_utc(utc, left.offset_minutes()));
            sum.map(Value::DateTimeOffset).ok_or_else(unrepresentable_sum)
        }
        (_, Value::DateTimeOffset(right)) => ordered(operator, &left.utc_ticks(), &right.utc_ticks()),
        _ => Err(broken("operands of another type")),
    }
}

/// What checked arithmetic throws.
pub(crate) fn arithmetic_overflow() -> crate::expr::Interrupt {
    crate::expr::exception::overflow("Arithmetic operation resulted in an overflow.")
}

/// A cast between numbers that throws when the value is out of range.
pub(crate) fn checked(value: &Value, ty: &Ty) -> Outcome<Value> {
    let is_decimal = matches!(value, Value::Decimal(_)) || *ty == Ty::Decimal;
    if !is_decimal && crate::expr::fold::loses(value, ty) { Err(arithmetic_overflow()) } else { numeric(value, ty) }
}

/// `-x`
pub(crate) fn negate(operands: Operands, value: &Value) -> Outcome<Value> {
    match (operands, value) {
        (_, Value::Null) => Ok(Value::Null),
        (Operands::Int32, Value::Int32(value)) => Ok(Value::Int32(value.wrapping_neg())),
        (Operands::Int64, Value::Int64(value)) => Ok(Value::Int64(value.wrapping_neg())),
        (Operands::Double, Value::Double(value)) => Ok(Value::Double(-value)),
        (Operands::Single, Value::Single(value)) => Ok(Value::Single(-value)),
        (Operands::Decimal, Value::Decimal(value)) => Ok(Value::Decimal(value.negated())),
        _ => Err(broken("a minus before no number")),
    }
}

/// `~x`
pub(crate) fn complement(operands: Operands, value: &Value) -> Outcome<Value> {
    match (operands, value) {
        (_, Value::Null) => Ok(Value::Null),
        (Operands::Int32, Value::Int32(value)) => Ok(Value::Int32(!value)),
        (Operands::Int64, Value::Int64(value)) => Ok(Value::Int64(!value)),
        (Operands::UInt32, Value::UInt32(value)) => Ok(Value::UInt32(!value)),
        (Operands::UInt64, Value::UInt64(value)) => Ok(Value::UInt64(!value)),
        (Operands::Struct, Value::Enum(value)) => Ok(Value::Enum(value.of.value(!value.number))),
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
    if let Value::Single(_) | Value::Double(_) = value {
        return from_real(value, ty);
    }
    let whole = match value {
        Value::SByte(value) => i128::from(*value),
        Value::Byte(value) => i128::from(*value),
        Value::Int16(value) => i128::from(*value),
        Value::UInt16(value) => i128::from(*value),
        Value::Int32(value) => i128::from(*value),
        Value::UInt32(value) => i128::from(*value),
        Value::Int64(value) => i128::from(*value),
        Value::UInt64(value) => i128::from(*value),
        Value::Char(unit) => i128::from(*unit),
        Value::Enum(value) => i128::from(value.number),
        Value::Decimal(value) => return from_decimal(*value, ty),
        _ => return Err(broken("expected a number")),
    };
    match ty {
        Ty::SByte => Ok(Value::SByte(whole as i8)),
        Ty::Byte => Ok(Value::Byte(whole as u8)),
        Ty::Int16 => Ok(Value::Int16(whole as i16)),
        Ty::UInt16 => Ok(Value::UInt16(whole as u16)),
        Ty::Int32 => Ok(Value::Int32(whole as i32)),
        Ty::UInt32 => Ok(Value::UInt32(whole as u32)),
        Ty::Int64 => Ok(Value::Int64(whole as i64)),
        Ty::UInt64 => Ok(Value::UInt64(whole as u64)),
        Ty::Single => Ok(Value::Single(whole as f32)),
        Ty::Double => Ok(Value::Double(whole as f64)),
        Ty::Decimal => Decimal::of_whole(whole).map(Value::Decimal).ok_or_else(decimal_overflow),
        Ty::Char => Ok(Value::Char(whole as u16)),
        Ty::Class(class) => enumerated(*class, whole as i32),
        _ => Err(broken("a cast to no number")),
    }
}

// A value of an enumeration by its number; unchecked, so that it need not be a member.
fn enumerated(class: Class, number: i32) -> Outcome<Value> {
    let of = TABLE.enumeration(class).ok_or_else(|| broken("no enumeration"))?;
    Ok(Value::Enum(of.value(number)))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "C#'s unchecked casts truncate")]
fn from_real(value: &Value, ty: &Ty) -> Outcome<Value> {
    let real = match value {
        Value::Single(value) => {
            if *ty == Ty::Single {
                return Ok(Value::Single(*value));
            }
            if *ty == Ty::Decimal {
                return Decimal::of_single(*value).map(Value::Decimal).ok_or_else(decimal_overflow);
            }
            f64::from(*value)
        }
        Value::Double(value) => *value,
        _ => return Err(broken("expected a number")),
    };
    // Out of range, .NET 8 on x64 gives the smallest number of the type.
    let long = if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&real) {
        real as i64
    } else {
        i64::MIN
    };
    let int = if -2_147_483_649.0 < real && real < 2_147_483_648.0 { real as i32 } else { i32::MIN };
    Ok(match ty {
        Ty::Double => Value::Double(real),
        Ty::Single => Value::Single(real as f32),
        Ty::Decimal => return Decimal::of_double(real).map(Value::Decimal).ok_or_else(decimal_overflow),
        Ty::Int32 => Value::Int32(int),
        Ty::Int64 => Value::Int64(long),
        // What is not below 2^63 is made smaller by it before, and larger afterwards.
        Ty::UInt64 if long == i64::MIN => Value::UInt64(upper_half(real)),
        Ty::UInt64 => Value::UInt64(long as u64),
        Ty::UInt32 => Value::UInt32(long as u32),
        Ty::SByte => Value::SByte(int as i8),
        Ty::Byte => Value::Byte(int as u8),
        Ty::Int16 => Value::Int16(int as i16),
        Ty::UInt16 => Value::UInt16(int as u16),
        Ty::Char => Value::Char(int as u16),
        Ty::Class(class) => return enumerated(*class, int),
        _ => return Err(broken("a cast to no number")),
    })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "only what is in range is cast")]
fn upper_half(real: f64) -> u64 {
    const HALF: f64 = 9_223_372_036_854_775_808.0;
    match real - HALF {
        rest if rest < -HALF => 1 << 63,
        rest if rest < HALF => (rest as i64 as u64).wrapping_add(1 << 63),
        _ => 0,
    }
}

// Casts from decimal check their range even where others do not.
#[expect(clippy::cast_possible_truncation, reason = ".NET rounds to the nearest float too")]
fn from_decimal(value: Decimal, ty: &Ty) -> Outcome<Value> {
    let whole = value.whole();
    let name = |name: &str| format!("Value was either too large or too small for {name}.");
    let out = |name: String| crate::expr::exception::overflow(&name);
    match ty {
        Ty::Decimal => Ok(Value::Decimal(value)),
        Ty::Double => Ok(Value::Double(value.to_double())),
        Ty::Single => Ok(Value::Single(value.to_double() as f32)),
        Ty::SByte => whole.try_into().map(Value::SByte).map_err(|_| out(name("a signed byte"))),
        Ty::Byte => whole.try_into().map(Value::Byte).map_err(|_| out(name("an unsigned byte"))),
        Ty::Int16 => whole.try_into().map(Value::Int16).map_err(|_| out(name("an Int16"))),
        Ty::UInt16 => whole.try_into().map(Value::UInt16).map_err(|_| out(name("a UInt16"))),
        Ty::Int32 => whole.try_into().map(Value::Int32).map_err(|_| out(name("an Int32"))),
        Ty::UInt32 => whole.try_into().map(Value::UInt32).map_err(|_| out(name("a UInt32"))),
        Ty::Int64 => whole.try_into().map(Value::Int64).map_err(|_| out(name("an Int64"))),
        Ty::UInt64 => whole.try_into().map(Value::UInt64).map_err(|_| out(name("a UInt64"))),
        Ty::Char => whole.try_into().map(Value::Char).map_err(|_| out(name("a character"))),
        Ty::Class(class) => {
            let number = whole.try_into().map_err(|_| out(name("an Int32")))?;
            enumerated(*class, number)
        }
        _ => Err(broken("a cast to no number")),
    }
}
