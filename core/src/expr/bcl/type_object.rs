//! `System.Type`: what `typeof` hands to a member that takes a type. Holds no reflection.

use super::Call;
use crate::expr::exception::{Outcome, argument_null};
use crate::expr::instance::{self, Instance, State};
use crate::expr::ty::{Class, Ty};
use crate::value::Value;

/// The type that is meant.
#[derive(Debug)]
pub(crate) struct TypeObject(pub(crate) Ty);

impl State for TypeObject {
    fn text(&self, _ty: &Ty) -> String {
        self.0.full_name()
    }

    fn equals(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

/// `typeof(T)`
pub(crate) fn type_object(ty: Ty) -> Value {
    Value::Object(Instance::object(Ty::Class(Class::Type), TypeObject(ty)))
}

impl Call<'_, '_> {
    /// The type that the `Type` at this position means; null throws.
    pub(crate) fn type_object(&self, index: usize, parameter: &str) -> Outcome<Ty> {
        if self.value(index).is_null() {
            return Err(argument_null(parameter));
        }
        instance::state(self.value(index), |object: &mut TypeObject| object.0.clone())
    }
}
