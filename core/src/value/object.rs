//! .NET objects with identity that can change: collections, builders, delegates. Holds no kind of them; `expr` has those.
//!
//! Representation: one `Arc` behind a trait. An object's state lies behind a `Mutex`, so that a [`super::Value`] stays
//! `Send + Sync + Clone`; a clone is the same object. Equality is `Object.Equals`: identity, unless the kind says otherwise.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Weak};

use super::Value;

/// What every object knows of itself.
pub trait NetObject: fmt::Debug + Send + Sync + 'static {
    /// The full name of its run-time type, as in ``System.Collections.Generic.List`1[System.Int32]``.
    fn type_name(&self) -> Cow<'static, str>;
    /// `ToString()`
    fn text(&self) -> String;
    /// `Equals` where that is not identity.
    fn equals(&self, other: &Object) -> bool;
    /// The object itself, to find its kind.
    fn as_any(&self) -> &dyn Any;
    /// Its type in the terms of `expr`, opaque here.
    fn static_type(&self) -> &dyn Any;
    /// Its items as they are now, when it is a sequence.
    fn items(&self) -> Option<Vec<Value>>;
    /// The values that it refers to.
    fn children(&self) -> Vec<Value>;
    /// Lets go of the values that it refers to, so that circles of objects can be freed.
    fn clear(&self);
}

/// A reference to an object.
#[derive(Clone, Debug)]
pub struct Object(Arc<dyn NetObject>);

impl Object {
    /// A new object.
    pub fn new(object: impl NetObject) -> Self {
        Self(Arc::new(object))
    }

    /// What it knows of itself.
    #[must_use]
    pub fn get(&self) -> &dyn NetObject {
        &*self.0
    }

    /// Whether nothing else refers to it.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    /// Whether both are the same object.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// A reference that does not keep it alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakObject {
        WeakObject(Arc::downgrade(&self.0))
    }

    /// A number that no other object has while this one lives.
    #[must_use]
    pub fn identity(&self) -> usize {
        Arc::as_ptr(&self.0).cast::<()>() as usize
    }
}

/// A reference to an object that does not keep it alive.
#[derive(Clone, Debug)]
pub struct WeakObject(Weak<dyn NetObject>);

impl WeakObject {
    /// The object, while somebody holds it.
    #[must_use]
    pub fn upgrade(&self) -> Option<Object> {
        self.0.upgrade().map(Object)
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.is_same(other) || self.0.equals(other)
    }
}
