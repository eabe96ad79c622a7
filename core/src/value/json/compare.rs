//! `JToken.DeepEquals`. Knows no order.

use super::{JKind, JNode, JToken};
use crate::value::Value;

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

// Whole numbers are equal whatever type holds them; the types of tokens must agree.
fn values_equal(left_kind: JKind, left: &Value, right_kind: JKind, right: &Value) -> bool {
    let whole = |value: &Value| match value {
        Value::Int32(value) => Some(i64::from(*value)),
        Value::Int64(value) => Some(*value),
        _ => None,
    };
    left_kind == right_kind
        && match (whole(left), whole(right)) {
            (Some(left), Some(right)) => left == right,
            _ => left == right,
        }
}
