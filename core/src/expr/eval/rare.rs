//! Nodes that are rarely run, each in a function of its own. Looks up no names.

use super::Machine;
use crate::expr::bcl::as_seen;
use crate::expr::exception::{Outcome, broken};
use crate::expr::instance::{self, Record};
use crate::expr::node::Node;
use crate::expr::ty::Ty;
use crate::value::Value;

impl Machine<'_> {
    pub(super) fn is(&mut self, ty: &Ty, inner: &Node) -> Outcome<Value> {
        let value = self.eval(inner)?;
        Ok(Value::Bool(ty.admits(&value)))
    }

    pub(super) fn as_type(&mut self, ty: &Ty, inner: &Node) -> Outcome<Value> {
        let value = self.eval(inner)?;
        Ok(if ty.admits(&value) { as_seen(value, ty) } else { Value::Null })
    }

    pub(super) fn sequence(&mut self, nodes: &[Node]) -> Outcome<Value> {
        let mut last = Value::Null;
        for node in nodes {
            last = self.eval(node)?;
        }
        Ok(last)
    }

    pub(super) fn record(&mut self, ty: &Ty, nodes: &[Node]) -> Outcome<Value> {
        let record = Record::new(self.values(nodes)?)?;
        self.object(ty.clone(), record)
    }

    pub(super) fn field(&mut self, record: &Node, at: usize) -> Outcome<Value> {
        let record = self.eval(record)?;
        let found = instance::state(&record, |record: &mut Record| record.0.get(at).cloned())?;
        found.ok_or_else(|| broken("a record without this member"))
    }

    pub(super) fn throw_node(&mut self, thrown: &Node) -> Outcome<Value> {
        let thrown = self.eval(thrown)?;
        Err(self.throw_object(thrown))
    }

    pub(super) fn is_constant(&mut self, pair: &(Node, Node)) -> Outcome<Value> {
        let (value, constant) = (self.eval(&pair.0)?, self.eval(&pair.1)?);
        Ok(Value::Bool(is_same_constant(&value, &constant)))
    }

    pub(super) fn is_declared(&mut self, ty: &Ty, slot: u16, inner: &Node) -> Outcome<Value> {
        let value = self.eval(inner)?;
        let fits = ty.admits(&value);
        if fits {
            self.declare(slot, as_seen(value, ty))?;
        }
        Ok(Value::Bool(fits))
    }
}

// Among constants NaN is NaN.
fn is_same_constant(value: &Value, constant: &Value) -> bool {
    match (value, constant) {
        (Value::Double(value), Value::Double(constant)) if constant.is_nan() => value.is_nan(),
        (Value::Single(value), Value::Single(constant)) if constant.is_nan() => value.is_nan(),
        (value, constant) => value == constant,
    }
}
