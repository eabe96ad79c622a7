//! Locals and arrays: reading, writing, making. Knows no members.

use super::Machine;
use crate::expr::exception::{Outcome, broken, index_out_of_range, null_reference, overflow, throw};
use crate::expr::instance::{self, Cell, Declared, Items};
use crate::expr::limits::ITEMS_MAX;
use crate::expr::node::{Arrays, Node};
use crate::expr::ty::Ty;
use crate::value::Value;

impl Machine<'_> {
    /// The value of a local, through its cell when a delegate shares it.
    pub(super) fn local(&self, slot: u16) -> Outcome<Value> {
        let found = self.locals.get(self.base + usize::from(slot)).ok_or_else(|| broken("a local without a slot"))?;
        if let Value::Object(_) = found
            && let Some(shared) = instance::look(found, |cell: &mut Cell| cell.value.clone())
        {
            return Ok(shared);
        }
        Ok(found.clone())
    }

    /// Changes a local.
    pub(crate) fn store(&mut self, slot: u16, value: Value) -> Outcome<()> {
        let place = self.place(slot)?;
        if let Value::Object(_) = place {
            let mut value = Some(value);
            let shared = instance::look(place, |cell: &mut Cell| {
                cell.value = value.take().unwrap_or(Value::Null);
            });
            if let (None, Some(value)) = (shared, value) {
                *place = value;
            }
            return Ok(());
        }
        *place = value;
        Ok(())
    }

    /// Gives a variable that begins to live its first value: delegates that captured an earlier one of the slot keep that.
    pub(crate) fn declare(&mut self, slot: u16, value: Value) -> Outcome<()> {
        let place = self.place(slot)?;
        let is_ahead = instance::look(place, |cell: &mut Cell| {
            let ahead = cell.declared == Declared::InAdvance;
            if ahead {
                cell.value = value.clone();
            }
            ahead
        });
        if is_ahead != Some(true) {
            *place = value;
        }
        Ok(())
    }

    pub(super) fn place(&mut self, slot: u16) -> Outcome<&mut Value> {
        let at = self.base + usize::from(slot);
        self.locals.get_mut(at).ok_or_else(|| broken("a local without a slot"))
    }

    pub(super) fn array(&mut self, item: &Ty, items: &[Node]) -> Outcome<Value> {
        let values = self.values(items)?;
        self.array_of(item.clone(), values)
    }

    /// An array of these items.
    pub(crate) fn array_of(&mut self, item: Ty, values: Vec<Value>) -> Outcome<Value> {
        if values.len() > ITEMS_MAX {
            return Err(super::memory::items_limit());
        }
        if self.arrays == Arrays::ReadOnly {
            match &item {
                Ty::String if values.iter().all(|value| matches!(value, Value::String(_))) => {
                    self.charge(values.len() * 16)?;
                    let texts = values.into_iter().filter_map(|value| match value {
                        Value::String(text) => Some(text),
                        _ => None,
                    });
                    return Ok(Value::Strings(texts.collect()));
                }
                Ty::Char => {
                    self.charge(values.len() * 2)?;
                    let unit = |value: &Value| if let Value::Char(unit) = value { *unit } else { 0 };
                    return Ok(Value::Chars(values.iter().map(unit).collect()));
                }
                Ty::Byte => {
                    self.charge(values.len())?;
                    let byte = |value: &Value| if let Value::Byte(byte) = value { *byte } else { 0 };
                    return Ok(Value::Bytes(values.iter().map(byte).collect()));
                }
                _ => {}
            }
        }
        self.charge(values.len() * size_of::<Value>())?;
        self.object(Ty::array(item), Items { values, version: 0 })
    }

    /// A value that a member takes out of the context, in the form that the expression wants.
    pub(crate) fn shown(&mut self, value: Value) -> Outcome<Value> {
        if self.arrays == Arrays::Written { self.thawed(value) } else { Ok(value) }
    }

    pub(super) fn sized_array(&mut self, item: &Ty, default: &Value, length: &Node) -> Outcome<Value> {
        let length = match self.eval(length)? {
            Value::Int32(length) => usize::try_from(length).map_err(|_| negative_length())?,
            _ => return Err(broken("expected a length")),
        };
        if length > ITEMS_MAX {
            return Err(super::memory::items_limit());
        }
        self.charge(length * size_of::<Value>())?;
        self.array_of(item.clone(), vec![default.clone(); length])
    }

    // What is no place of any array is one that none has, since a missing array is noticed first.
    fn array_index(&mut self, node: &Node) -> Outcome<usize> {
        Ok(self.position(node)?.unwrap_or(usize::MAX))
    }

    /// An index of an array; nothing when it is below zero.
    pub(super) fn position(&mut self, node: &Node) -> Outcome<Option<usize>> {
        match self.eval(node)? {
            Value::Int32(index) => Ok(usize::try_from(index).ok()),
            Value::Int64(index) => Ok(usize::try_from(index).ok()),
            Value::UInt32(index) => Ok(usize::try_from(index).ok()),
            Value::UInt64(index) => Ok(usize::try_from(index).ok()),
            _ => Err(broken("expected an index")),
        }
    }

    pub(super) fn element(&mut self, pair: &(Node, Node)) -> Outcome<Value> {
        let array = self.eval(&pair.0)?;
        let index = self.array_index(&pair.1)?;
        let item = match &array {
            Value::Null => return Err(null_reference()),
            Value::Strings(items) => items.get(index).map(|text| Value::String(text.clone())),
            Value::Chars(units) => units.get(index).map(|unit| Value::Char(*unit)),
            Value::Bytes(bytes) => bytes.get(index).map(|byte| Value::Byte(*byte)),
            other => instance::state(other, |items: &mut Items| items.values.get(index).cloned())?,
        };
        item.ok_or_else(index_out_of_range)
    }

    pub(super) fn set_element(&mut self, parts: &(Node, Node, Node)) -> Outcome<Value> {
        let array = self.eval(&parts.0)?;
        let index = self.array_index(&parts.1)?;
        let value = self.eval(&parts.2)?;
        // An array of a class may stand behind one of its base class.
        if let (Value::Object(object), false) = (&array, value.is_null())
            && let Some(Ty::Array(item)) = instance::type_of(object)
            && item.is_reference()
            && !item.admits(&value)
        {
            let is_inside = instance::state(&array, |items: &mut Items| index < items.values.len())?;
            return Err(if is_inside { type_mismatch() } else { index_out_of_range() });
        }
        let place = instance::state(&array, |items: &mut Items| match items.values.get_mut(index) {
            Some(place) => {
                *place = value.clone();
                true
            }
            None => false,
        })?;
        if place { Ok(value) } else { Err(index_out_of_range()) }
    }
}

fn type_mismatch() -> crate::expr::Interrupt {
    let message = "Attempted to access an element as a type incompatible with the array.";
    throw("System.ArrayTypeMismatchException", message)
}

fn negative_length() -> crate::expr::Interrupt {
    overflow("Arithmetic operation resulted in an overflow.")
}

/// What an enumeration says that finds its list changed.
pub(crate) fn modified() -> crate::expr::Interrupt {
    throw("System.InvalidOperationException", "Collection was modified; enumeration operation may not execute.")
}
