//! Constants: what the compiler can work out, it works out, and refuses what overflows. Everything else is left to evaluation.

use crate::span::Span;
use crate::value::{Decimal, Value};

use super::eval;
use super::node::{Conversion, Lifted, Node, Operands};
use super::problem::Problems;
use super::syntax::{BinaryOp, Overflow};
use super::ty::{Class, ClassKind, Ty};

/// `double.NaN`; its sign bit is set in .NET.
pub(crate) const NAN_DOUBLE: f64 = -f64::NAN;
/// `float.NaN`
pub(crate) const NAN_SINGLE: f32 = -f32::NAN;

/// The value of a binary operation on two constants; `None` when it is left to evaluation.
pub(crate) fn binary(
    operator: BinaryOp,
    operands: Operands,
    lifted: Lifted,
    (left, right): (&Node, &Node),
    span: Span,
    (overflow, problems): (Option<Overflow>, &mut Problems),
) -> Option<Value> {
    let (Node::Constant(left), Node::Constant(right)) = (left, right) else { return None };
    if operands == Operands::Reference && left.is_null() && right.is_null() {
        return Some(Value::Bool(operator == BinaryOp::Equal));
    }
    if lifted == Lifted::Yes || operands == Operands::Reference {
        return None;
    }
    if matches!(operator, BinaryOp::Divide | BinaryOp::Remainder) && is_zero(right) {
        problems.add("constant", span, "division by the constant zero");
        return None;
    }
    if overflow != Some(Overflow::Wraps) && overflows(operator, left, right) {
        problems.add("constant", span, "the operation overflows at compile time");
        return None;
    }
    eval::binary(operator, operands, left, right).ok().map(canonical)
}

/// The opposite of a constant; `None` when it has none.
pub(crate) fn negate(operands: Operands, value: &Value) -> Option<Value> {
    eval::negate(operands, value).ok().map(canonical)
}

// Among the constants of C# there is one NaN.
fn canonical(value: Value) -> Value {
    match value {
        Value::Double(number) if number.is_nan() => Value::Double(NAN_DOUBLE),
        Value::Single(number) if number.is_nan() => Value::Single(NAN_SINGLE),
        value => value,
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Int32(0) | Value::Int64(0) | Value::UInt32(0) | Value::UInt64(0) => true,
        Value::Decimal(value) => value.is_zero(),
        _ => false,
    }
}

/// Whether the result is out of the range of the operands' type. C# checks constant arithmetic although it does not check
/// arithmetic at run time.
pub(crate) fn overflows(operator: BinaryOp, left: &Value, right: &Value) -> bool {
    let (left, right, least, most) = match (left, right) {
        (Value::Int32(_) | Value::Enum(_), Value::Int32(_) | Value::Enum(_)) => {
            (whole(left), whole(right), i128::from(i32::MIN), i128::from(i32::MAX))
        }
        (Value::Int64(left), Value::Int64(right)) => {
            (i128::from(*left), i128::from(*right), i128::from(i64::MIN), i128::from(i64::MAX))
        }
        (Value::UInt32(left), Value::UInt32(right)) => (i128::from(*left), i128::from(*right), 0, i128::from(u32::MAX)),
        (Value::UInt64(left), Value::UInt64(right)) => (i128::from(*left), i128::from(*right), 0, i128::from(u64::MAX)),
        (Value::Decimal(_), Value::Decimal(_)) => {
            return eval::binary(operator, Operands::Decimal, left, right).is_err();
        }
        _ => return false,
    };
    let result = match operator {
        BinaryOp::Add => left + right,
        BinaryOp::Subtract => left - right,
        BinaryOp::Multiply => match left.checked_mul(right) {
            Some(result) => result,
            None => return true,
        },
        BinaryOp::Divide if right != 0 => left / right,
        _ => return false,
    };
    result < least || result > most
}

fn whole(value: &Value) -> i128 {
    match value {
        Value::Int32(number) => i128::from(*number),
        Value::Enum(value) => i128::from(value.number),
        _ => 0,
    }
}

/// The value of a member that is a constant in .NET.
pub(crate) fn member(owner: &Ty, name: &str) -> Option<Value> {
    use std::f64::consts;
    Some(match (owner, name) {
        (Ty::SByte, "MaxValue") => Value::SByte(i8::MAX),
        (Ty::SByte, "MinValue") => Value::SByte(i8::MIN),
        (Ty::Byte, "MaxValue") => Value::Byte(u8::MAX),
        (Ty::Byte, "MinValue") => Value::Byte(0),
        (Ty::Int16, "MaxValue") => Value::Int16(i16::MAX),
        (Ty::Int16, "MinValue") => Value::Int16(i16::MIN),
        (Ty::UInt16, "MaxValue") => Value::UInt16(u16::MAX),
        (Ty::UInt16, "MinValue") => Value::UInt16(0),
        (Ty::Int32, "MaxValue") => Value::Int32(i32::MAX),
        (Ty::Int32, "MinValue") => Value::Int32(i32::MIN),
        (Ty::UInt32, "MaxValue") => Value::UInt32(u32::MAX),
        (Ty::UInt32, "MinValue") => Value::UInt32(0),
        (Ty::Int64, "MaxValue") => Value::Int64(i64::MAX),
        (Ty::Int64, "MinValue") => Value::Int64(i64::MIN),
        (Ty::UInt64, "MaxValue") => Value::UInt64(u64::MAX),
        (Ty::UInt64, "MinValue") => Value::UInt64(0),
        (Ty::Char, "MaxValue") => Value::Char(u16::MAX),
        (Ty::Char, "MinValue") => Value::Char(0),
        (Ty::Single, "MaxValue") => Value::Single(f32::MAX),
        (Ty::Single, "MinValue") => Value::Single(f32::MIN),
        (Ty::Single, "NaN") => Value::Single(NAN_SINGLE),
        (Ty::Single, "Epsilon") => Value::Single(f32::from_bits(1)),
        (Ty::Single, "PositiveInfinity") => Value::Single(f32::INFINITY),
        (Ty::Single, "NegativeInfinity") => Value::Single(f32::NEG_INFINITY),
        (Ty::Single, "NegativeZero") => Value::Single(-0.0),
        (Ty::Single, "Pi") => Value::Single(std::f32::consts::PI),
        (Ty::Single, "E") => Value::Single(std::f32::consts::E),
        (Ty::Single, "Tau") => Value::Single(std::f32::consts::TAU),
        (Ty::Decimal, "One") => Value::Decimal(Decimal::of_whole(1)?),
        (Ty::Decimal, "MinusOne") => Value::Decimal(Decimal::of_whole(-1)?),
        (Ty::Decimal, "MaxValue") => Value::Decimal(Decimal::MAX),
        (Ty::Decimal, "MinValue") => Value::Decimal(Decimal::MIN),
        (Ty::Decimal, "Zero") => Value::Decimal(Decimal::ZERO),
        (Ty::Double, "MaxValue") => Value::Double(f64::MAX),
        (Ty::Double, "MinValue") => Value::Double(f64::MIN),
        (Ty::Double, "NaN") => Value::Double(NAN_DOUBLE),
        (Ty::Double, "Epsilon") => Value::Double(f64::from_bits(1)),
        (Ty::Double, "PositiveInfinity") => Value::Double(f64::INFINITY),
        (Ty::Double, "NegativeInfinity") => Value::Double(f64::NEG_INFINITY),
        (Ty::Double, "NegativeZero") => Value::Double(-0.0),
        (Ty::Double, "Pi") | (Ty::Class(Class::Math), "PI") => Value::Double(consts::PI),
        (Ty::Double | Ty::Class(Class::Math), "E") => Value::Double(consts::E),
        (Ty::Double | Ty::Class(Class::Math), "Tau") => Value::Double(consts::TAU),
        (Ty::Class(Class::TimeSpan), "NanosecondsPerTick") => Value::Int64(100),
        (Ty::Class(Class::TimeSpan), "TicksPerMicrosecond") => Value::Int64(10),
        (Ty::Class(Class::TimeSpan), "TicksPerMillisecond") => Value::Int64(10_000),
        (Ty::Class(Class::TimeSpan), "TicksPerSecond") => Value::Int64(10_000_000),
        (Ty::Class(Class::TimeSpan), "TicksPerMinute") => Value::Int64(600_000_000),
        (Ty::Class(Class::TimeSpan), "TicksPerHour") => Value::Int64(36_000_000_000),
        (Ty::Class(Class::TimeSpan), "TicksPerDay") => Value::Int64(864_000_000_000),
        (Ty::Class(class), "HashSizeInBytes") => Value::Int32(hash_size(*class)?),
        (Ty::Class(class), "HashSizeInBits") => Value::Int32(hash_size(*class)? * 8),
        _ => return None,
    })
}

// In bytes.
const fn hash_size(class: Class) -> Option<i32> {
    Some(match class {
        Class::Md5 | Class::HmacMd5 => 16,
        Class::Sha1 | Class::HmacSha1 => 20,
        Class::Sha256 | Class::HmacSha256 => 32,
        Class::Sha384 | Class::HmacSha384 => 48,
        Class::Sha512 | Class::HmacSha512 => 64,
        _ => return None,
    })
}

/// The value of a constant under a conversion between numbers.
pub(crate) fn convert(conversion: &Conversion, value: &Value) -> Option<Value> {
    match conversion {
        // Of a real constant that is out of range, compilers make zero, whatever processors make of it.
        Conversion::Numeric(ty) if matches!(value, Value::Single(_) | Value::Double(_)) && loses(value, ty) => {
            eval::numeric(&Value::Int32(0), ty).ok()
        }
        Conversion::Numeric(ty) if !value.is_null() => eval::numeric(value, ty).ok().map(canonical),
        Conversion::Checked(ty) if !value.is_null() => eval::checked(value, ty).ok().map(canonical),
        Conversion::Numeric(_)
        | Conversion::Checked(_)
        | Conversion::Tuple(..)
        | Conversion::Unbox(_)
        | Conversion::Unwrap(_)
        | Conversion::ToJson(_)
        | Conversion::Json(_)
        | Conversion::Moment
        | Conversion::Box
        | Conversion::Pairs
        | Conversion::Xml(..)
        | Conversion::XmlName(_) => None,
    }
}

/// `decimal.MaxValue`
const DECIMAL_MAX: i128 = 79_228_162_514_264_337_593_543_950_335;

/// Whether a cast of the constant to the type leaves the type's range, which C# refuses at compile time.
#[expect(clippy::cast_possible_truncation, reason = "the cast saturates, which is out of every range")]
pub(crate) fn loses(value: &Value, to: &Ty) -> bool {
    let whole = match value {
        Value::SByte(number) => i128::from(*number),
        Value::Byte(number) => i128::from(*number),
        Value::Int16(number) => i128::from(*number),
        Value::UInt16(number) => i128::from(*number),
        Value::Char(number) => i128::from(*number),
        Value::Int32(number) => i128::from(*number),
        Value::UInt32(number) => i128::from(*number),
        Value::Int64(number) => i128::from(*number),
        Value::UInt64(number) => i128::from(*number),
        Value::Enum(value) => i128::from(value.number),
        Value::Decimal(number) => number.whole(),
        Value::Single(number) if number.is_nan() => i128::MAX,
        Value::Double(number) if number.is_nan() => i128::MAX,
        Value::Single(number) => f64::from(*number).trunc() as i128,
        Value::Double(number) => number.trunc() as i128,
        _ => return false,
    };
    let (least, most) = match to {
        Ty::Decimal => (-DECIMAL_MAX, DECIMAL_MAX),
        Ty::SByte => (i128::from(i8::MIN), i128::from(i8::MAX)),
        Ty::Byte => (0, i128::from(u8::MAX)),
        Ty::Int16 => (i128::from(i16::MIN), i128::from(i16::MAX)),
        Ty::UInt16 | Ty::Char => (0, i128::from(u16::MAX)),
        Ty::Int32 => (i128::from(i32::MIN), i128::from(i32::MAX)),
        Ty::Class(class) if class.kind() == ClassKind::Enum => (i128::from(i32::MIN), i128::from(i32::MAX)),
        Ty::UInt32 => (0, i128::from(u32::MAX)),
        Ty::Int64 => (i128::from(i64::MIN), i128::from(i64::MAX)),
        Ty::UInt64 => (0, i128::from(u64::MAX)),
        _ => return false,
    };
    !(least..=most).contains(&whole)
}

/// The constants of a `params char[]`. Members of the library write into no such array, so one serves all evaluations.
pub(crate) fn characters(item: &Ty, nodes: &[Node]) -> Option<Value> {
    if *item != Ty::Char {
        return None;
    }
    let unit = |node: &Node| if let Node::Constant(Value::Char(unit)) = node { Some(*unit) } else { None };
    nodes.iter().map(unit).collect::<Option<_>>().map(Value::Chars)
}

/// Neighbouring constants of a concatenation, joined.
pub(crate) fn concat(parts: Vec<Node>) -> Vec<Node> {
    let mut joined: Vec<Node> = Vec::with_capacity(parts.len());
    for part in parts {
        if let (Some(Node::Constant(before)), Node::Constant(value)) = (joined.last_mut(), &part) {
            *before = Value::string(format!("{before}{value}"));
        } else {
            joined.push(part);
        }
    }
    joined
}
