//! Objects of one evaluation: made, counted, and freed at its end even when they refer to each other in circles.

use std::collections::BTreeSet;

use super::Machine;
use crate::expr::Interrupt;
use crate::expr::bcl::xml_settle;
use crate::expr::exception::Outcome;
use crate::expr::instance::{self, Instance, Items, State};
use crate::expr::limits::{Limit, RESULT_DEPTH_MAX};
use crate::expr::ty::Ty;
use crate::value::{Object, Value};

/// What an object costs besides what it holds, in bytes.
const OBJECT_BYTES: usize = 128;

/// The error of a collection that grows too large.
pub(crate) fn items_limit() -> Interrupt {
    Interrupt::LimitExceeded(Limit::CollectionLength)
}

impl Machine<'_> {
    /// A new object, counted.
    pub(crate) fn object<S: State>(&mut self, ty: Ty, state: S) -> Outcome<Value> {
        self.charge(OBJECT_BYTES)?;
        let object = Instance::object(ty, state);
        self.held().created.push(object.clone());
        Ok(Value::Object(object))
    }

    // Everything that the result does not reach is emptied, so that neither circles nor long chains are left to `Drop`. Arrays of
    // bytes refer to nothing, and tokens may hold them.
    pub(super) fn finish(&mut self, result: &mut Outcome<Value>) {
        let Some(mut held) = self.held.take().filter(|held| !held.created.is_empty() || !held.notes.is_empty()) else {
            return;
        };
        for notes in held.notes.drain(..) {
            notes.end();
        }
        for node in held.annotated.drain(..) {
            node.annotations(Vec::clear);
        }
        let mut kept = BTreeSet::new();
        if let Ok(value) = result {
            match reached(value) {
                Some(all) => {
                    kept = all;
                    if let Some(simple) = frozen(value) {
                        *value = simple;
                    }
                }
                None => *result = Err(Interrupt::LimitExceeded(Limit::ResultDepth)),
            }
        }
        self.locals.clear();
        for object in &held.created {
            if kept.contains(&object.identity()) {
                xml_settle(&Value::Object(object.clone()));
            } else if !instance::is_bytes(object) {
                object.get().clear();
            }
        }
    }
}

// The objects that a value refers to, or nothing when they are nested too deep, as circles are.
fn reached(value: &Value) -> Option<BTreeSet<usize>> {
    let mut kept = BTreeSet::new();
    let mut level: Vec<Object> = object_of(value).into_iter().collect();
    for _ in 0..RESULT_DEPTH_MAX {
        if level.is_empty() {
            return Some(kept);
        }
        let mut next = Vec::new();
        for object in level {
            if kept.insert(object.identity()) {
                next.extend(object.get().children().iter().filter_map(object_of));
            }
        }
        level = next;
    }
    level.is_empty().then_some(kept)
}

fn object_of(value: &Value) -> Option<Object> {
    match value {
        Value::Object(object) => Some(object.clone()),
        _ => None,
    }
}

// Arrays of bytes, characters and texts leave an evaluation in the form that policies know.
fn frozen(value: &Value) -> Option<Value> {
    let Value::Object(object) = value else { return None };
    let Some(Ty::Array(item)) = instance::type_of(object) else { return None };
    let simple = instance::look(value, |items: &mut Items| match **item {
        Ty::Byte => {
            let byte = |value: &Value| if let Value::Byte(byte) = value { *byte } else { 0 };
            Some(Value::Bytes(items.values.iter().map(byte).collect()))
        }
        Ty::Char => {
            let unit = |value: &Value| if let Value::Char(unit) = value { *unit } else { 0 };
            Some(Value::Chars(items.values.iter().map(unit).collect()))
        }
        Ty::String => {
            let texts = items.values.iter().map(|value| match value {
                Value::String(text) => Some(text.clone()),
                _ => None,
            });
            texts.collect::<Option<_>>().map(Value::Strings)
        }
        _ => None,
    });
    simple.flatten()
}
