//! Objects that an expression makes: a static type and a state behind a lock. Holds no kind of state; those of library types stand
//! beside their members in `bcl`.
//!
//! A library type with state implements [`State`] and is made by `Machine::object(ty, state)`; its members reach the state through
//! `Call::state::<S, _>(index, |state| …)`. The closure must not evaluate anything: take what is needed, let go, then evaluate.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::value::{NetObject, Object, Value};

use super::exception::{Outcome, broken, null_reference};
use super::ty::Ty;

/// What an object holds.
pub(crate) trait State: fmt::Debug + Send + 'static {
    /// `ToString()`; most objects show the name of their type.
    fn text(&self, ty: &Ty) -> String {
        ty.full_name()
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
        Cow::Owned(self.ty.full_name())
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
