//! `System.Nullable`: what compares values that may be missing. Members of a nullable value itself are in `object`.

use super::collections::key::distance;
use super::type_object::type_object;
use super::{Row, row};
use crate::expr::exception::argument_null;
use crate::expr::ty::Ty;
use crate::value::Value;

pub(super) const ROWS: &[Row] = &[
    row("Nullable", "static int Compare<T>(Nullable<T> n1, Nullable<T> n2)", |call| {
        Ok(Value::Int32(distance(call.value(0), call.value(1))?))
    }),
    row("Nullable", "static bool Equals<T>(Nullable<T> n1, Nullable<T> n2)", |call| {
        Ok(Value::Bool(crate::expr::identity::equal(call.value(0), call.value(1))))
    }),
    row("Nullable", "static Type GetUnderlyingType(Type nullableType)", |call| {
        if call.value(0).is_null() {
            return Err(argument_null("nullableType"));
        }
        Ok(match call.type_object(0, "nullableType")? {
            Ty::Nullable(inner) => type_object((*inner).clone()),
            _ => Value::Null,
        })
    }),
];
