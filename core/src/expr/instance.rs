//! Objects that an expression makes: a static type and a state behind a lock. Holds the states of arrays, records, delegates and
//! captured variables; those of library types stand beside their members in `bcl`.
//!
//! A library type with state implements [`State`] and is made by `Machine::object(ty, state)`; its members reach the state through
//! `Call::state::<S, _>(index, |state| …)`. The closure must not evaluate anything: take what is needed, let go, then evaluate.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::value::{NetObject, Object, Value};

use super::Interrupt;
use super::exception::{Outcome, broken, null_reference};
use super::identity::all_equal;
use super::limits::{Limit, RESULT_DEPTH_MAX, STRING_BYTES_MAX};
use super::node::FunctionNode;
use super::ty::{RecordKind, Ty};

/// What an object holds.
pub(crate) trait State: fmt::Debug + Send + 'static {
    /// The full name of the run-time type, where that is another than the type that an expression knows it by.
    fn type_name(&self, ty: &Ty) -> String {
        ty.full_name()
    }

    /// `ToString()`; most objects show the name of their type.
    fn text(&self, ty: &Ty) -> String {
        self.type_name(ty)
    }

    /// `Equals` where that is not identity.
    fn equals(&self, _other: &Self) -> bool {
        false
    }

    /// The values that it refers to.
    fn children(&self) -> Vec<Value> {
        Vec::new()
    }

    /// Lets go of them.
    fn clear(&mut self) {}

    /// Its items as they are now, when it is a sequence.
    fn items(&self) -> Option<Vec<Value>> {
        None
    }
}

/// An object of an expression.
#[derive(Debug)]
pub(crate) struct Instance<S> {
    ty: Ty,
    state: Mutex<S>,
}

impl<S: State> Instance<S> {
    /// A new object. Inside an evaluation, `Machine::object` makes one that is counted and freed.
    pub(crate) fn object(ty: Ty, state: S) -> Object {
        Object::new(Self { ty, state: Mutex::new(state) })
    }

    fn with<R>(&self, look: impl FnOnce(&mut S) -> R) -> R {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<S: State> NetObject for Instance<S> {
    fn type_name(&self) -> Cow<'static, str> {
        Cow::Owned(self.with(|state| state.type_name(&self.ty)))
    }

    fn text(&self) -> String {
        self.with(|state| state.text(&self.ty))
    }

    fn equals(&self, other: &Object) -> bool {
        let Some(other) = other.get().as_any().downcast_ref::<Self>() else { return false };
        // Only values that cannot change compare by content, so that two locks never wait for each other.
        self.ty == other.ty && !std::ptr::eq(self, other) && self.with(|a| other.with(|b| a.equals(b)))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn static_type(&self) -> &dyn Any {
        &self.ty
    }

    fn items(&self) -> Option<Vec<Value>> {
        self.with(|state| state.items())
    }

    fn children(&self) -> Vec<Value> {
        self.with(|state| state.children())
    }

    fn clear(&self) {
        self.with(State::clear);
    }
}

/// The static type of an object.
pub(crate) fn type_of(object: &Object) -> Option<&Ty> {
    object.get().static_type().downcast_ref()
}

/// Whether it is a `byte[]`, or an `sbyte[]`, which passes as one.
pub(crate) fn is_bytes(object: &Object) -> bool {
    matches!(type_of(object), Some(Ty::Array(item)) if matches!(**item, Ty::Byte | Ty::SByte))
}

/// The state of an object of this kind, or nothing when it is something else.
pub(crate) fn look<S: State, R>(value: &Value, look: impl FnOnce(&mut S) -> R) -> Option<R> {
    let Value::Object(object) = value else { return None };
    object.get().as_any().downcast_ref::<Instance<S>>().map(|instance| instance.with(look))
}

/// The state of an object that must be of this kind; null throws.
pub(crate) fn state<S: State, R>(value: &Value, found: impl FnOnce(&mut S) -> R) -> Outcome<R> {
    if value.is_null() {
        return Err(null_reference());
    }
    look(value, found).ok_or_else(|| broken("an object of another kind"))
}

/// `T[]` and `List<T>`. Arrays that the library makes are `Value::Strings`, `Chars` or `Bytes`, which do not change.
#[derive(Debug, Default)]
pub(crate) struct Items {
    pub(crate) values: Vec<Value>,
    /// Counts changes of a list, so that an enumeration notices them; an array's elements may change under one.
    pub(crate) version: u32,
}

impl State for Items {
    fn children(&self) -> Vec<Value> {
        self.values.clone()
    }

    fn clear(&mut self) {
        self.values = Vec::new();
    }

    fn items(&self) -> Option<Vec<Value>> {
        Some(self.values.clone())
    }
}

/// An anonymous object or a tuple; its names stand in the type.
#[derive(Debug)]
pub(crate) struct Record(pub(crate) Vec<Value>, Extent);

impl State for Record {
    fn text(&self, ty: &Ty) -> String {
        let Ty::Record(kind, members) = ty else { return self.tuple_text() };
        let parts: Vec<String> = members
            .iter()
            .zip(&self.0)
            .map(|((name, _), value)| match kind {
                RecordKind::Anonymous => format!("{name} = {value}"),
                RecordKind::Tuple => value.to_string(),
            })
            .collect();
        match kind {
            RecordKind::Anonymous => format!("{{ {} }}", parts.join(", ")),
            RecordKind::Tuple => format!("({})", parts.join(", ")),
        }
    }

    fn equals(&self, other: &Self) -> bool {
        all_equal(&self.0, &other.0)
    }

    fn children(&self) -> Vec<Value> {
        self.0.clone()
    }

    fn clear(&mut self) {
        self.0 = Vec::new();
    }
}

impl Record {
    /// Of these members. What is nested too deep in each other is refused, since text, equality and hash codes descend into it.
    pub(crate) fn new(members: Vec<Value>) -> Outcome<Self> {
        let extent = Extent::around(members.iter());
        if extent.is_allowed() {
            return Ok(Self(members, extent));
        }
        Err(Interrupt::LimitExceeded(Limit::ObjectDepth))
    }

    // `(1, 2, 3, 4, 5, 6, 7, 8)`: the rest of a `System.Tuple` is shown among its items.
    fn tuple_text(&self) -> String {
        let mut parts: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        if let (Some(rest), 8) = (parts.last_mut(), self.0.len()) {
            *rest = rest.trim_start_matches('(').trim_end_matches(')').to_owned();
        }
        format!("({})", parts.join(", "))
    }
}

/// How deep values are nested in each other, and about how many bytes their text has: shared members count each time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    depth: usize,
    bytes: usize,
}

/// What a value counts for whose text is not known.
const VALUE_BYTES: usize = 32;

impl Extent {
    /// The extent of something that holds these values.
    pub(crate) fn around<'v>(values: impl Iterator<Item = &'v Value>) -> Self {
        let inner = values.map(Self::of).fold(Self::default(), |all, one| Self {
            depth: all.depth.max(one.depth),
            bytes: all.bytes.saturating_add(one.bytes),
        });
        Self { depth: inner.depth + 1, bytes: inner.bytes.saturating_add(VALUE_BYTES) }
    }

    fn of(value: &Value) -> Self {
        let known = look(value, |record: &mut Record| record.1).or_else(|| look(value, |pair: &mut Pair| pair.extent));
        let bytes = value.as_str().map_or(VALUE_BYTES, str::len);
        known.unwrap_or(Self { depth: 0, bytes })
    }

    /// Whether text, equality and hash codes may descend into it.
    pub(crate) const fn is_allowed(self) -> bool {
        self.depth <= RESULT_DEPTH_MAX && self.bytes <= STRING_BYTES_MAX
    }
}

/// `KeyValuePair<K, V>`
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) key: Value,
    pub(crate) value: Value,
    extent: Extent,
}

impl Pair {
    pub(crate) fn new(key: Value, value: Value) -> Self {
        let extent = Extent::around([&key, &value].into_iter());
        Self { key, value, extent }
    }

    /// Key and value, unless they hold too much to descend into.
    pub(crate) fn parts(&self) -> Option<[&Value; 2]> {
        self.extent.is_allowed().then_some([&self.key, &self.value])
    }
}

/// Pairs are made without an evaluation that would free them, so a long chain of them comes apart one by one.
impl Drop for Pair {
    fn drop(&mut self) {
        if !matches!((&self.key, &self.value), (Value::Object(_), _) | (_, Value::Object(_))) {
            return;
        }
        let mut pending =
            vec![std::mem::replace(&mut self.key, Value::Null), std::mem::replace(&mut self.value, Value::Null)];
        while let Some(value) = pending.pop() {
            if !matches!(&value, Value::Object(object) if object.is_alone()) {
                continue;
            }
            let inner = look(&value, |pair: &mut Self| {
                [std::mem::replace(&mut pair.key, Value::Null), std::mem::replace(&mut pair.value, Value::Null)]
            });
            pending.extend(inner.into_iter().flatten());
        }
    }
}

impl State for Pair {
    fn text(&self, ty: &Ty) -> String {
        self.parts().map_or_else(|| ty.full_name(), |[key, value]| format!("[{key}, {value}]"))
    }

    fn equals(&self, other: &Self) -> bool {
        match (self.parts(), other.parts()) {
            (Some(parts), Some(others)) => all_equal(parts, others),
            (None, _) | (_, None) => false,
        }
    }

    fn children(&self) -> Vec<Value> {
        vec![self.key.clone(), self.value.clone()]
    }

    fn clear(&mut self) {
        self.key = Value::Null;
        self.value = Value::Null;
    }
}

/// A delegate: code, and the variables that it captured.
#[derive(Debug)]
pub(crate) struct Closure {
    pub(crate) function: Arc<FunctionNode>,
    pub(crate) cells: Arc<[Value]>,
}

impl State for Closure {
    fn children(&self) -> Vec<Value> {
        self.cells.to_vec()
    }

    fn clear(&mut self) {
        self.cells = Arc::new([]);
    }
}

/// Delegates that are called one after the other: `a + b`.
#[derive(Debug)]
pub(crate) struct Combined(pub(crate) Vec<Value>);

impl State for Combined {
    fn equals(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    fn children(&self) -> Vec<Value> {
        self.0.clone()
    }

    fn clear(&mut self) {
        self.0 = Vec::new();
    }
}

/// `T[,]`: the last index runs fastest.
#[derive(Debug)]
pub(crate) struct Grid {
    pub(crate) lengths: Vec<usize>,
    pub(crate) values: Vec<Value>,
}

impl State for Grid {
    fn children(&self) -> Vec<Value> {
        self.values.clone()
    }

    fn clear(&mut self) {
        self.values = Vec::new();
    }

    fn items(&self) -> Option<Vec<Value>> {
        Some(self.values.clone())
    }
}

/// Where the element of these indices stands among all; nothing when one is out of its range.
pub(crate) fn position(lengths: &[usize], indices: &[usize]) -> Option<usize> {
    let mut at = 0;
    for (length, index) in lengths.iter().zip(indices) {
        if index >= length {
            return None;
        }
        at = at * length + index;
    }
    Some(at)
}

/// A variable that a delegate captured. It stands in the slots of all who share it.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(crate) value: Value,
    pub(crate) declared: Declared,
}

/// Whether the declaration of a captured variable makes a new one, or fills the one that a local function took in advance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Declared {
    Anew,
    InAdvance,
}

impl State for Cell {
    fn children(&self) -> Vec<Value> {
        vec![self.value.clone()]
    }

    fn clear(&mut self) {
        self.value = Value::Null;
    }
}
