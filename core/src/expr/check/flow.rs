//! Definite assignment: which variables certainly have a value (C# 7, §10.4). Knows no types.

use std::collections::BTreeSet;

use super::Checker;
use crate::expr::node::Node;
use crate::expr::syntax::{BinaryOp, Expr, ExprKind, UnaryOp};
use crate::expr::ty::Ty;
use crate::value::Value;

/// The variables that certainly have a value at a place.
#[derive(Clone, Debug, Default)]
pub(super) struct Assigned {
    /// The place is never reached, so everything holds there.
    everything: bool,
    slots: BTreeSet<u16>,
}

impl Assigned {
    /// What holds where nothing gets.
    pub(super) fn unreachable() -> Self {
        Self { everything: true, slots: BTreeSet::new() }
    }

    /// Whether nothing gets here.
    pub(super) fn is_unreachable(&self) -> bool {
        self.everything
    }

    pub(super) fn insert(&mut self, slot: u16) {
        self.slots.insert(slot);
    }

    pub(super) fn contains(&self, slot: u16) -> bool {
        self.everything || self.slots.contains(&slot)
    }

    /// What holds where two paths meet.
    pub(super) fn meet(self, other: &Self) -> Self {
        match (self.everything, other.everything) {
            (true, _) => other.clone(),
            (false, true) => self,
            (false, false) => {
                Self { everything: false, slots: self.slots.intersection(&other.slots).copied().collect() }
            }
        }
    }

    /// What holds behind both of two pieces that run one after the other.
    pub(super) fn and(mut self, other: &Self) -> Self {
        self.everything |= other.everything;
        self.slots.extend(&other.slots);
        self
    }
}

/// A condition, and what holds when it is true and when it is false.
pub(super) struct Condition {
    pub(super) node: Node,
    pub(super) when_true: Assigned,
    pub(super) when_false: Assigned,
}

impl Checker<'_> {
    /// A condition whose outcomes part; what holds afterwards is left to the caller.
    pub(super) fn test(&mut self, expr: &Expr) -> Condition {
        match &expr.kind {
            ExprKind::Paren(inner) => self.test(inner),
            ExprKind::Binary(operator @ (BinaryOp::AndAlso | BinaryOp::OrElse), left, right) => {
                let is_and = *operator == BinaryOp::AndAlso;
                let left = self.test(left);
                self.frame.assigned = if is_and { left.when_true.clone() } else { left.when_false.clone() };
                let right = self.test(right);
                let node = match (left.node, right.node) {
                    (Node::Constant(Value::Bool(a)), Node::Constant(Value::Bool(b))) => {
                        Node::Constant(Value::Bool(if is_and { a && b } else { a || b }))
                    }
                    pair if is_and => Node::AndAlso(Box::new(pair)),
                    pair => Node::OrElse(Box::new(pair)),
                };
                if is_and {
                    let when_false = right.when_false.meet(&left.when_false);
                    Condition { node, when_true: right.when_true, when_false }
                } else {
                    let when_true = right.when_true.meet(&left.when_true);
                    Condition { node, when_true, when_false: right.when_false }
                }
            }
            ExprKind::Unary(UnaryOp::Not, inner) => {
                let inner = self.test(inner);
                let node = match inner.node {
                    Node::Constant(Value::Bool(value)) => Node::Constant(Value::Bool(!value)),
                    node => Node::Not(Box::new(node)),
                };
                Condition { node, when_true: inner.when_false, when_false: inner.when_true }
            }
            ExprKind::IsDeclared(operand, ty, name) => {
                let pattern = self.declared_pattern(operand, ty.as_ref(), name, expr.span);
                let before = self.frame.assigned.clone();
                let mut when_true = before.clone();
                when_true.insert(pattern.slot);
                let when_false = if pattern.takes_all { Assigned::unreachable() } else { before };
                Condition { node: pattern.test.node, when_true, when_false }
            }
            ExprKind::Conditional(test, yes, no) if !is_throw(yes) && !is_throw(no) => {
                self.test_of_three(test, yes, no)
            }
            _ => {
                let typed = self.value(expr);
                let node = self.convert_to(typed, &Ty::Bool).node;
                let after = self.frame.assigned.clone();
                let (mut when_true, mut when_false) = (after.clone(), after);
                match &node {
                    Node::Constant(Value::Bool(true)) => when_false = Assigned::unreachable(),
                    Node::Constant(Value::Bool(false)) => when_true = Assigned::unreachable(),
                    _ => {}
                }
                Condition { node, when_true, when_false }
            }
        }
    }

    // `a ? b : c` as a condition.
    fn test_of_three(&mut self, test: &Expr, yes: &Expr, no: &Expr) -> Condition {
        let test = self.test(test);
        self.frame.assigned = test.when_true;
        let yes = self.test(yes);
        self.frame.assigned = test.when_false;
        let no = self.test(no);
        let node = match (test.node, yes.node, no.node) {
            (Node::Constant(Value::Bool(true)), yes @ Node::Constant(_), Node::Constant(_)) => yes,
            (Node::Constant(Value::Bool(false)), Node::Constant(_), no @ Node::Constant(_)) => no,
            parts => Node::Conditional(Box::new(parts)),
        };
        Condition {
            node,
            when_true: yes.when_true.meet(&no.when_true),
            when_false: yes.when_false.meet(&no.when_false),
        }
    }

    /// A condition as a value.
    pub(super) fn condition(&mut self, expr: &Expr) -> Node {
        let condition = self.test(expr);
        self.frame.assigned = condition.when_true.meet(&condition.when_false);
        condition.node
    }
}

const fn is_throw(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Throw(_))
}
