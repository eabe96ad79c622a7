//! Passes over sequences that an expression steps through by hand: `GetEnumerator`, `MoveNext`, `Current`.

use std::fmt;

use super::super::{Call, Member, Row, Run, TABLE, row};
use super::line::Line;
use crate::expr::eval::cursor::{Cursor, Lazy};
use crate::expr::exception::{Outcome, invalid_operation, throw};
use crate::expr::instance::{self, Items, State};
use crate::expr::ty::{Class, Ty};
use crate::value::Value;

/// A pass by hand.
struct Pass {
    source: Value,
    cursor: Option<Box<dyn Cursor>>,
    place: Place,
    current: Value,
    /// What `Current` is where there is no item and that is no error.
    default: Value,
    strictness: Strictness,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Before,
    At,
    Behind,
}

/// Whether `Current` throws where there is no item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strictness {
    Throws,
    Default,
}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pass").field("place", &self.place).finish_non_exhaustive()
    }
}

impl State for Pass {
    fn children(&self) -> Vec<Value> {
        vec![self.source.clone(), self.current.clone(), self.default.clone()]
    }

    fn clear(&mut self) {
        self.cursor = None;
        self.source = Value::Null;
        self.current = Value::Null;
    }
}

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row("IEnumerable<T>", "IEnumerator<T> GetEnumerator()", enumerator),
    row("Array", "IEnumerator GetEnumerator()", untyped),
    row("string", "IEnumerator<char> GetEnumerator()", |call| enumerator_of(call, Ty::Char)),
    row("IEnumerator<T>", "T Current", current),
    row("IEnumerator", "object Current", current),
    row("IEnumerator", "bool MoveNext()", move_next),
    row("IEnumerator", "void Reset()", |call| {
        let (source, place) = call.state(0, |pass: &mut Pass| (pass.source.clone(), pass.place))?;
        if instance::look(&source, |_: &mut Lazy| ()).is_some() {
            return Err(throw("System.NotSupportedException", "Specified method is not supported."));
        }
        let cursor = if place == Place::Before { None } else { Some(call.machine.cursor(&source)?) };
        call.state(0, |pass: &mut Pass| {
            if cursor.is_some() {
                pass.cursor = cursor;
            }
            pass.place = Place::Before;
            pass.current = pass.default.clone();
            Value::Null
        })
    }),
    row("IEnumerator<T>", "void Dispose()", let_go),
    row("IDisposable", "void Dispose()", dispose),
];

// What the type of the object itself does.
fn dispose(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let value = call.value(0);
    if instance::look(value, |_: &mut Pass| ()).is_some() {
        return let_go(call);
    }
    let is_own = |member: &&Member| member.owner.class() != Some(Class::IDisposable) && member.owner.admits(value);
    match TABLE.named("Dispose").iter().find(is_own).map(|member| member.run) {
        Some(Run::Function(run)) => run(call),
        Some(Run::Enum(_) | Run::Part(_) | Run::Text(_)) | None => Ok(Value::Null),
    }
}

fn let_go(call: &mut Call<'_, '_>) -> Outcome<Value> {
    call.state(0, |pass: &mut Pass| {
        // A lazy sequence that is let go of has no more items; a collection does not care.
        if instance::look(&pass.source, |_: &mut Lazy| ()).is_some() {
            pass.cursor = None;
            pass.current = pass.default.clone();
        }
        Value::Null
    })
}

/// `GetEnumerator()` of a collection.
pub(in crate::expr::bcl) fn enumerator(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let item = match call.value(0) {
        Value::Object(object) => instance::type_of(object).and_then(crate::expr::generic::item_type),
        _ => None,
    };
    let item = item.unwrap_or_else(|| call.ty(0));
    enumerator_of(call, item)
}

fn untyped(call: &mut Call<'_, '_>) -> Outcome<Value> {
    enumerator_of(call, Ty::Object)
}

fn enumerator_of(call: &mut Call<'_, '_>, item: Ty) -> Outcome<Value> {
    let source = call.value(0).clone();
    let cursor = Some(call.machine.cursor(&source)?);
    let is_list = |value: &Value| {
        matches!(value, Value::Object(object)
            if matches!(instance::type_of(object), Some(Ty::Generic(Class::List, _))))
    };
    let is_array = matches!(source, Value::Strings(_) | Value::Chars(_) | Value::Bytes(_) | Value::String(_))
        || instance::look(&source, |_: &mut Items| ()).is_some() && !is_list(&source);
    let is_line = instance::look(&source, |_: &mut Line| ()).is_some();
    let strictness = if is_array || is_line { Strictness::Throws } else { Strictness::Default };
    let default = item.default_value().unwrap_or(Value::Null);
    let pass = Pass { source, cursor, place: Place::Before, current: default.clone(), default, strictness };
    call.object(Ty::Generic(Class::IEnumerator, [item].into()), pass)
}

// The cursor leaves its object while it runs: what it evaluates may look at the object.
fn move_next(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let Some(mut cursor) = call.state(0, |pass: &mut Pass| pass.cursor.take())? else { return Ok(Value::Bool(false)) };
    let item = call.machine.advance(&mut *cursor);
    call.state(0, |pass: &mut Pass| {
        pass.cursor = Some(cursor);
        match &item {
            Ok(Some(item)) => {
                pass.place = Place::At;
                pass.current = item.clone();
            }
            Ok(None) => {
                pass.place = Place::Behind;
                pass.current = pass.default.clone();
            }
            Err(_) => {}
        }
    })?;
    Ok(Value::Bool(item?.is_some()))
}

fn current(call: &mut Call<'_, '_>) -> Outcome<Value> {
    call.state(0, |pass: &mut Pass| match (pass.strictness, pass.place) {
        (Strictness::Throws, Place::Before) => Err(invalid_operation("Enumeration has not started. Call MoveNext.")),
        (Strictness::Throws, Place::Behind) => Err(invalid_operation("Enumeration already finished.")),
        (Strictness::Default, _) | (_, Place::At) => Ok(pass.current.clone()),
    })?
}
