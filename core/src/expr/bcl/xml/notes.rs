//! Annotations: values that are attached to a node by their types. They end with the evaluation.

use super::{Call, Row, Ty, Value, node, row};
use crate::expr::eval::cursor::{Ready, Shape, Start};
use crate::expr::exception::{Outcome, argument_null};

pub(super) const ROWS: &[Row] = &[
    row("XObject", "void AddAnnotation(object annotation)", |call| {
        let value = call.value(1).clone();
        if value.is_null() {
            return Err(argument_null("annotation"));
        }
        let node = node(call)?;
        call.machine.charge(size_of::<Value>())?;
        node.annotations(|notes| notes.push(value));
        call.machine.held().annotated.push(node);
        Ok(Value::Null)
    }),
    row("XObject", "object Annotation(Type type)", |call| first(call, call.type_object(1, "type")?)),
    row("XObject", "T Annotation<T>()", |call| first(call, call.ty(0))),
    row("XObject", "IEnumerable<object> Annotations(Type type)", |call| {
        let ty = call.type_object(1, "type")?;
        all(call, &ty, Ty::Object)
    }),
    row("XObject", "IEnumerable<T> Annotations<T>()", |call| {
        let ty = call.ty(0);
        all(call, &ty, ty.clone())
    }),
    row("XObject", "void RemoveAnnotations(Type type)", |call| removed(call, call.type_object(1, "type")?)),
    row("XObject", "void RemoveAnnotations<T>()", |call| removed(call, call.ty(0))),
];

fn first(call: &Call<'_, '_>, ty: Ty) -> Outcome<Value> {
    let found = node(call)?.annotations(|notes| notes.iter().find(|note| ty.admits(note)).cloned());
    Ok(found.unwrap_or(Value::Null))
}

fn all(call: &mut Call<'_, '_>, ty: &Ty, item: Ty) -> Outcome<Value> {
    let found: Vec<Value> =
        node(call)?.annotations(|notes| notes.iter().filter(|note| ty.admits(note)).cloned().collect());
    call.machine.charge(found.len() * size_of::<Value>())?;
    let start: Start = |found, _| {
        let items: Vec<Value> = found.to_vec();
        Ok(Box::new(Ready(items.into_iter())))
    };
    call.machine.lazy(item, Shape::Plain, start, found)
}

fn removed(call: &Call<'_, '_>, ty: Ty) -> Outcome<Value> {
    node(call)?.annotations(|notes| notes.retain(|note| !ty.admits(note)));
    Ok(Value::Null)
}
