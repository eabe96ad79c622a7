//! Annotations of tokens: values that are attached to one. They end with the evaluation that attached them; knows no types.

use std::sync::{Arc, Mutex, PoisonError};

use super::JToken;
use crate::value::Value;

/// The annotations of a token. Copies of it share them until one of them is given others.
#[derive(Clone, Debug)]
pub struct Notes(Arc<Mutex<Option<Vec<Value>>>>);

impl Notes {
    /// Lets go of them, also where copies share them.
    pub fn end(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn values(&self) -> Option<Vec<Value>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl JToken {
    /// Its annotations; `None` when it never was given any, and so has but the place where it was read.
    #[must_use]
    pub fn notes(&self) -> Option<Vec<Value>> {
        self.lock().notes.as_ref().and_then(Notes::values)
    }

    /// Gives it these annotations instead of those that it has. They refer to it perhaps, so somebody must [end](Notes::end) them.
    #[must_use]
    pub fn set_notes(&self, values: Vec<Value>) -> Notes {
        let notes = Notes(Arc::new(Mutex::new(Some(values))));
        self.lock().notes = Some(notes.clone());
        notes
    }

    /// Forgets where it was read, which is an annotation to .NET.
    pub fn forget_place(&self) {
        self.lock().place = None;
    }
}
