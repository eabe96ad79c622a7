//! What a member is given, as the types that its code expects. Knows no members.

use std::sync::Arc;

use super::Call;
use crate::expr::exception::{Outcome, argument_null, broken, null_reference};
use crate::expr::instance::{self, Items, State};
use crate::expr::ty::Ty;
use crate::value::Value;

impl<'c> Call<'c, '_> {
    pub(crate) fn value(&self, index: usize) -> &'c Value {
        self.arguments.get(index).unwrap_or(&Value::Null)
    }

    /// A string that may not be null.
    pub(crate) fn text(&self, index: usize, parameter: &str) -> Outcome<&'c Arc<str>> {
        self.text_or_null(index)?.ok_or_else(|| argument_null(parameter))
    }

    /// A string, or `None` for null.
    pub(crate) fn text_or_null(&self, index: usize) -> Outcome<Option<&'c Arc<str>>> {
        match self.value(index) {
            Value::String(text) => Ok(Some(text)),
            Value::Null => Ok(None),
            _ => Err(broken("expected a string")),
        }
    }

    pub(crate) fn int(&self, index: usize) -> Outcome<i32> {
        match self.value(index) {
            Value::Int32(value) => Ok(*value),
            _ => Err(broken("expected an int")),
        }
    }

    pub(crate) fn long(&self, index: usize) -> Outcome<i64> {
        match self.value(index) {
            Value::Int64(value) => Ok(*value),
            Value::Int32(value) => Ok(i64::from(*value)),
            _ => Err(broken("expected a long")),
        }
    }

    pub(crate) fn double(&self, index: usize) -> Outcome<f64> {
        match self.value(index) {
            Value::Double(value) => Ok(*value),
            _ => Err(broken("expected a double")),
        }
    }

    pub(crate) fn bool(&self, index: usize) -> Outcome<bool> {
        match self.value(index) {
            Value::Bool(value) => Ok(*value),
            _ => Err(broken("expected a bool")),
        }
    }

    pub(crate) fn unit(&self, index: usize) -> Outcome<u16> {
        match self.value(index) {
            Value::Char(unit) => Ok(*unit),
            _ => Err(broken("expected a char")),
        }
    }

    /// The number of an enumeration's value.
    pub(crate) fn number(&self, index: usize) -> Outcome<i32> {
        match self.value(index) {
            Value::Enum(value) => Ok(value.number),
            _ => Err(broken("expected a value of an enumeration")),
        }
    }

    /// What the type parameter at this position stands for.
    pub(crate) fn ty(&self, index: usize) -> Ty {
        self.types.get(index).cloned().unwrap_or(Ty::Object)
    }

    /// The state of an object; nothing may be evaluated while it is looked at. Null throws.
    pub(crate) fn state<S: State, R>(&self, index: usize, look: impl FnOnce(&mut S) -> R) -> Outcome<R> {
        instance::state(self.value(index), look)
    }

    /// A new object, counted against the limits.
    pub(crate) fn object<S: State>(&mut self, ty: Ty, state: S) -> Outcome<Value> {
        self.machine.object(ty, state)
    }

    /// The value of an `out` parameter; in order when there are several.
    pub(crate) fn give(&mut self, value: Value) {
        self.machine.held().given.push(value);
    }

    /// Calls the delegate at this position.
    pub(crate) fn invoke(&mut self, index: usize, arguments: &[Value]) -> Outcome<Value> {
        if self.value(index).is_null() {
            return Err(null_reference());
        }
        self.machine.invoke(self.value(index), arguments)
    }

    /// All items of the sequence at this position, counted against the limits.
    pub(crate) fn items(&mut self, index: usize, parameter: &str) -> Outcome<Vec<Value>> {
        if self.value(index).is_null() {
            return Err(argument_null(parameter));
        }
        self.machine.collect(self.value(index))
    }

    /// The values of a `params object[]` that begins at this position, also when they were given as one array.
    pub(crate) fn rest(&self, from: usize) -> Vec<Value> {
        let given = self.arguments.get(from..).unwrap_or(&[]);
        match given {
            [Value::Strings(texts)] => texts.iter().map(|text| Value::String(Arc::clone(text))).collect(),
            [only @ Value::Object(object)] if matches!(instance::type_of(object), Some(Ty::Array(item)) if item.is_reference()) => {
                instance::look(only, |items: &mut Items| items.values.clone()).unwrap_or_default()
            }
            given => given.to_vec(),
        }
    }

    /// A `byte[]` of either representation.
    pub(crate) fn bytes(&self, index: usize, parameter: &str) -> Outcome<Arc<[u8]>> {
        match self.value(index) {
            Value::Bytes(bytes) => Ok(Arc::clone(bytes)),
            Value::Null => Err(argument_null(parameter)),
            other => instance::state(other, |items: &mut Items| {
                let byte = |value: &Value| if let Value::Byte(byte) = value { *byte } else { 0 };
                items.values.iter().map(byte).collect()
            }),
        }
    }

    /// A `string[]` of either representation; null items are empty. Null throws.
    pub(crate) fn texts(&self, index: usize, parameter: &str) -> Outcome<Arc<[Arc<str>]>> {
        match self.value(index) {
            Value::Strings(texts) => Ok(Arc::clone(texts)),
            Value::Null => Err(argument_null(parameter)),
            other => instance::state(other, |items: &mut Items| {
                let text =
                    |value: &Value| if let Value::String(text) = value { Arc::clone(text) } else { Arc::from("") };
                items.values.iter().map(text).collect()
            }),
        }
    }

    /// A `char[]` of either representation; null throws.
    pub(crate) fn units(&self, index: usize, parameter: &str) -> Outcome<Arc<[u16]>> {
        match self.value(index) {
            Value::Chars(units) => Ok(Arc::clone(units)),
            Value::Null => Err(argument_null(parameter)),
            other => instance::state(other, |items: &mut Items| {
                let unit = |value: &Value| if let Value::Char(unit) = value { *unit } else { 0 };
                items.values.iter().map(unit).collect()
            }),
        }
    }

    /// A new string, counted against the limits.
    pub(crate) fn yields(&mut self, text: impl Into<Arc<str>>) -> Outcome<Value> {
        self.machine.string(text)
    }
}
