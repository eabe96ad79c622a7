//! Annotations of tokens: values that are attached to one by their types. They end with the evaluation.

use super::super::{Call, Row, row};
use super::token;
use crate::expr::eval::cursor::{Ready, Shape, Start};
use crate::expr::exception::{Outcome, argument_null};
use crate::expr::identity::Place;
use crate::expr::instance::State;
use crate::expr::ty::Ty;
use crate::value::Value;

pub(super) const ROWS: &[Row] = &[
    row("JToken", "void AddAnnotation(object annotation)", |call| {
        let value = call.value(1).clone();
        if value.is_null() {
            return Err(argument_null("annotation"));
        }
        call.machine.charge(2 * size_of::<Value>())?;
        if let Some(notes) = notes(call)? {
            notes.push(value);
        }
        Ok(Value::Null)
    }),
    row("JToken", "object Annotation(Type type)", |call| {
        let ty = call.type_object(1, "type")?;
        first(call, &ty)
    }),
    row("JToken", "T Annotation<T>()", |call| {
        let ty = call.ty(0);
        first(call, &ty)
    }),
    row("JToken", "IEnumerable<object> Annotations(Type type)", |call| {
        let ty = call.type_object(1, "type")?;
        all(call, &ty, Ty::Object)
    }),
    row("JToken", "IEnumerable<T> Annotations<T>()", |call| {
        let ty = call.ty(0);
        all(call, &ty, ty.clone())
    }),
    row("JToken", "void RemoveAnnotations(Type type)", |call| {
        let ty = call.type_object(1, "type")?;
        removed(call, &ty)
    }),
    row("JToken", "void RemoveAnnotations<T>()", |call| {
        let ty = call.ty(0);
        removed(call, &ty)
    }),
];

/// What Json.NET itself attaches to a token that it has read: its line.
#[derive(Debug)]
struct LineInfo;

impl State for LineInfo {
    fn type_name(&self, _ty: &Ty) -> String {
        "Newtonsoft.Json.Linq.JToken+LineInfoAnnotation".to_owned()
    }
}

// Those of the receiver.
fn notes<'c>(call: &'c mut Call<'_, '_>) -> Outcome<Option<&'c mut Vec<Value>>> {
    let token = token(call)?;
    let Some(place) = Place::of(call.value(0)) else { return Ok(None) };
    if token.place().is_some() && !call.machine.has_notes(&place) {
        let line = call.object(Ty::Object, LineInfo)?;
        call.machine.notes_of(place.clone()).push(line);
    }
    Ok(Some(call.machine.notes_of(place)))
}

fn first(call: &mut Call<'_, '_>, ty: &Ty) -> Outcome<Value> {
    let found = notes(call)?.and_then(|notes| notes.iter().find(|note| ty.admits(note)).cloned());
    Ok(found.unwrap_or(Value::Null))
}

fn all(call: &mut Call<'_, '_>, ty: &Ty, item: Ty) -> Outcome<Value> {
    let notes = notes(call)?.cloned().unwrap_or_default();
    let found: Vec<Value> = notes.into_iter().filter(|note| ty.admits(note)).collect();
    call.machine.charge(found.len() * size_of::<Value>())?;
    let start: Start = |found, _| {
        let items: Vec<Value> = found.to_vec();
        Ok(Box::new(Ready(items.into_iter())))
    };
    call.machine.lazy(item, Shape::Plain, start, found)
}

fn removed(call: &mut Call<'_, '_>, ty: &Ty) -> Outcome<Value> {
    if let Some(notes) = notes(call)? {
        notes.retain(|note| !ty.admits(note));
    }
    Ok(Value::Null)
}
