//! Constants: what the compiler can work out, it works out, and refuses what overflows. Everything else is left to evaluation.

use crate::span::Span;
use crate::value::Value;

use super::eval;
use super::node::{Conversion, Lifted, Node, Operands};
use super::problem::Problems;
use super::syntax::BinaryOp;
use super::ty::Ty;

/// The value of a binary operation on two constants; `None` when it is left to evaluation.
pub(crate) fn binary(
    operator: BinaryOp,
    operands: Operands,
    lifted: Lifted,
    (left, right): (&Node, &Node),
    span: Span,
    problems: &mut Problems,
) -> Option<Value> {
    let (Node::Constant(left), Node::Constant(right)) = (left, right) else {
        if let (BinaryOp::Divide | BinaryOp::Remainder, Node::Constant(Value::Int32(0) | Value::Int64(0))) =
            (operator, right)
        {
            problems.add("constant", span, "division by the constant zero");
        }
        return None;
    };
    if lifted == Lifted::Yes || operands == Operands::Reference {
        return None;
    }
    if let (BinaryOp::Divide | BinaryOp::Remainder, Value::Int32(0) | Value::Int64(0)) = (operator, right) {
        problems.add("constant", span, "division by the constant zero");
        return None;
    }
    if overflows(operator, left, right) {
        problems.add("constant", span, "the operation overflows at compile time");
        return None;
    }
    eval::binary(operator, operands, left, right).ok()
}

// C# checks constant arithmetic although it does not check arithmetic at run time.
fn overflows(operator: BinaryOp, left: &Value, right: &Value) -> bool {
    let (left, right, least, most) = match (left, right) {
        (Value::Int32(left), Value::Int32(right)) => {
            (i128::from(*left), i128::from(*right), i128::from(i32::MIN), i128::from(i32::MAX))
        }
        (Value::Int64(left), Value::Int64(right)) => {
            (i128::from(*left), i128::from(*right), i128::from(i64::MIN), i128::from(i64::MAX))
        }
        _ => return false,
    };
    let result = match operator {
        BinaryOp::Add => left + right,
        BinaryOp::Subtract => left - right,
        BinaryOp::Multiply => left * right,
        BinaryOp::Divide => left / right,
        _ => return false,
    };
    result < least || result > most
}

/// The value of a constant under a conversion between numbers.
pub(crate) fn convert(conversion: &Conversion, value: &Value) -> Option<Value> {
    match conversion {
        Conversion::Numeric(ty) if !value.is_null() => eval::numeric(value, ty).ok(),
        Conversion::Numeric(_)
        | Conversion::Unbox(_)
        | Conversion::Unwrap(_)
        | Conversion::ToJson
        | Conversion::Json(_) => None,
    }
}

/// Whether a cast of the constant to the type leaves the type's range, which C# refuses at compile time.
#[expect(clippy::cast_precision_loss, reason = "the ends of the ranges are exact, or powers of two")]
pub(crate) fn loses(value: &Value, to: &Ty) -> bool {
    let number = match value {
        Value::Int32(number) => f64::from(*number),
        Value::Int64(number) => *number as f64,
        Value::Double(number) => number.trunc(),
        _ => return false,
    };
    match to {
        Ty::Int32 => !(f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&number),
        Ty::Int64 => matches!(value, Value::Double(_)) && !(i64::MIN as f64..i64::MAX as f64).contains(&number),
        Ty::Char => !(0.0..=65_535.0).contains(&number),
        _ => false,
    }
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
