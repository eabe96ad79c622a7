//! Annotations of tokens: values that are attached to one by their types. They end with the evaluation.

use super::super::{Call, Row, row};
use super::token;
use crate::expr::eval::cursor::{Ready, Shape, Start};
use crate::expr::exception::{Outcome, argument_null};
use crate::expr::instance::{self, State};
use crate::expr::ty::Ty;
use crate::value::{JToken, Value};

pub(super) const ROWS: &[Row] = &[
    row("JToken", "void AddAnnotation(object annotation)", |call| {
        let value = call.value(1).clone();
        if value.is_null() {
            return Err(argument_null("annotation"));
        }
        let token = token(call)?;
        let mut notes = notes(call)?;
        notes.push(value);
        // The list that copies may share stays as it is.
        call.machine.charge((notes.len() + 1) * size_of::<Value>())?;
        set(call, &token, notes);
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
fn notes(call: &mut Call<'_, '_>) -> Outcome<Vec<Value>> {
    let token = token(call)?;
    match (token.notes(), token.place()) {
        (Some(notes), _) => Ok(notes),
        (None, None) => Ok(Vec::new()),
        (None, Some(_)) => {
            let notes = vec![call.object(Ty::Object, LineInfo)?];
            set(call, &token, notes.clone());
            Ok(notes)
        }
    }
}

fn set(call: &mut Call<'_, '_>, token: &JToken, values: Vec<Value>) {
    let notes = token.set_notes(values);
    call.machine.held().notes.push(notes);
}

fn first(call: &mut Call<'_, '_>, ty: &Ty) -> Outcome<Value> {
    Ok(notes(call)?.into_iter().find(|note| ty.admits(note)).unwrap_or(Value::Null))
}

fn all(call: &mut Call<'_, '_>, ty: &Ty, item: Ty) -> Outcome<Value> {
    let found: Vec<Value> = notes(call)?.into_iter().filter(|note| ty.admits(note)).collect();
    call.machine.charge(found.len() * size_of::<Value>())?;
    let start: Start = |found, _| {
        let items: Vec<Value> = found.to_vec();
        Ok(Box::new(Ready(items.into_iter())))
    };
    call.machine.lazy(item, Shape::Plain, start, found)
}

fn removed(call: &mut Call<'_, '_>, ty: &Ty) -> Outcome<Value> {
    let token = token(call)?;
    let (gone, kept): (Vec<Value>, Vec<Value>) = notes(call)?.into_iter().partition(|note| ty.admits(note));
    // With its line a token loses its place in messages.
    if gone.iter().any(|note| instance::look(note, |_: &mut LineInfo| ()).is_some()) {
        token.forget_place();
    }
    set(call, &token, kept);
    Ok(Value::Null)
}
