//! `JToken.DeepEquals`. Knows no order.

use super::{JKind, JNode, JToken, bytes_of};
use crate::value::{Decimal, Value};

impl PartialEq for JToken {
    fn eq(&self, other: &Self) -> bool {
        if self.is_same(other) {
            return true;
        }
        // Copies of the content, so that no two locks are held at once.
        let (left, right) = (self.with(JNode::clone), other.with(JNode::clone));
        match (left, right) {
            (JNode::Value(left_kind, left), JNode::Value(right_kind, right)) => {
                values_equal(left_kind, &left, right_kind, &right)
            }
            (JNode::Property(left_name, left), JNode::Property(right_name, right)) => {
                left_name == right_name && left == right
            }
            (JNode::Array(left), JNode::Array(right)) => left == right,
            (JNode::Constructor(left_name, left), JNode::Constructor(right_name, right)) => {
                left_name == right_name && left == right
            }
            (JNode::Object(left), JNode::Object(right)) => {
                left.len() == right.len()
                    && left.iter().all(|(name, value)| right.get(name).is_some_and(|other| value == other))
            }
            (
                JNode::Value(..) | JNode::Property(..) | JNode::Array(_) | JNode::Constructor(..) | JNode::Object(_),
                _,
            ) => false,
        }
    }
}

// The types of tokens must agree; those of what they hold need not: `JValue.Compare`.
fn values_equal(left_kind: JKind, left: &Value, right_kind: JKind, right: &Value) -> bool {
    left_kind == right_kind
        && match (left, right) {
            (Value::DateTime(left), Value::DateTimeOffset(right)) => *left == right.clock(),
            (Value::DateTimeOffset(left), Value::DateTime(right)) => left.utc_ticks() == right.ticks(),
            (left, right) if left_kind == JKind::Bytes => bytes_of(left) == bytes_of(right),
            (left, right) => numbers_equal(left, right).unwrap_or_else(|| left == right),
        }
}

// Whether two numbers of whatever types are equal; `None` when one is none.
fn numbers_equal(left: &Value, right: &Value) -> Option<bool> {
    let is_exact = |value: &Value| matches!(value, Value::Decimal(_) | Value::UInt64(_));
    let is_real = |value: &Value| matches!(value, Value::Double(_) | Value::Single(_));
    if is_exact(left) || is_exact(right) {
        return Some(decimal(left)? == decimal(right)?);
    }
    if is_real(left) || is_real(right) {
        let (left, right) = (real(left)?, real(right)?);
        return Some(is_near(left, right) || left.is_nan() && right.is_nan());
    }
    Some(whole(left)? == whole(right)?)
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::SByte(number) => Some(i64::from(*number)),
        Value::Byte(number) => Some(i64::from(*number)),
        Value::Int16(number) => Some(i64::from(*number)),
        Value::UInt16(number) => Some(i64::from(*number)),
        Value::Int32(number) => Some(i64::from(*number)),
        Value::UInt32(number) => Some(i64::from(*number)),
        Value::Int64(number) => Some(*number),
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "as `Convert.ToDouble` does")]
fn real(value: &Value) -> Option<f64> {
    match value {
        Value::Double(number) => Some(*number),
        Value::Single(number) => Some(f64::from(*number)),
        value => whole(value).map(|number| number as f64),
    }
}

fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Decimal(number) => Some(*number),
        Value::UInt64(number) => Decimal::of_whole(i128::from(*number)),
        Value::Double(number) => Decimal::of_double(*number),
        Value::Single(number) => Decimal::of_single(*number),
        value => whole(value).and_then(|number| Decimal::of_whole(i128::from(number))),
    }
}

/// As near as rounding errors are to each other: `MathUtils.ApproxEquals`.
#[must_use]
pub fn is_near(a: f64, b: f64) -> bool {
    let tolerance = (a.abs() + b.abs() + 10.0) * f64::EPSILON;
    a == b || (a - b).abs() < tolerance
}
