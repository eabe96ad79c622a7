//! Passes over sequences that an expression steps through by hand: `GetEnumerator`, `MoveNext`, `Current`.

use std::fmt;

use super::super::{Call, Member, Row, Run, TABLE, row};
use super::line::Line;
use super::views::{Part, View, live};
use crate::expr::eval::cursor::{Cursor, Lazy};
use crate::expr::exception::{Outcome, invalid_operation, throw};
use crate::expr::generic::item_type;
use crate::expr::instance::{self, Items, State};
use crate::expr::ty::{Class, Ty};
use crate::value::Value;
use crate::value::json::JKind;

/// A pass by hand.
struct Pass {
    source: Value,
    cursor: Option<Box<dyn Cursor>>,
    place: Place,
    current: Value,
    /// What `Current` is where there is no item and that is no error.
    default: Value,
    strictness: Strictness,
    type_name: String,
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
    fn type_name(&self, _ty: &Ty) -> String {
        self.type_name.clone()
    }

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
    row("Array", "IEnumerator GetEnumerator()", |call| enumerator_of(call, Ty::Object, Through::Array)),
    row("string", "IEnumerator<char> GetEnumerator()", |call| enumerator_of(call, Ty::Char, Through::Interface)),
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

/// `GetEnumerator()` of `IEnumerable<T>`.
pub(in crate::expr::bcl) fn enumerator(call: &mut Call<'_, '_>) -> Outcome<Value> {
    typed(call, Through::Interface)
}

/// The `GetEnumerator()` that a collection has of its own.
pub(super) fn own_enumerator(call: &mut Call<'_, '_>) -> Outcome<Value> {
    typed(call, Through::Collection)
}

/// Gives a pass the name of a class of its own.
pub(in crate::expr::bcl) fn renamed(pass: &Value, name: &str) {
    instance::look(pass, |pass: &mut Pass| pass.type_name = name.to_owned());
}

/// Whose `GetEnumerator()` is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Through {
    Interface,
    Collection,
    Array,
}

fn typed(call: &mut Call<'_, '_>, through: Through) -> Outcome<Value> {
    let item = match call.value(0) {
        Value::Object(object) => instance::type_of(object).and_then(item_type),
        _ => None,
    };
    let item = item.unwrap_or_else(|| call.ty(0));
    enumerator_of(call, item, through)
}

fn enumerator_of(call: &mut Call<'_, '_>, item: Ty, through: Through) -> Outcome<Value> {
    let source = shown_array(call.value(0)).unwrap_or_else(|| call.value(0).clone());
    let cursor = Some(call.machine.cursor(&source)?);
    let is_list = |value: &Value| {
        matches!(value, Value::Object(object)
            if matches!(instance::type_of(object), Some(Ty::Generic(Class::List, _))))
    };
    let is_array = matches!(source, Value::Strings(_) | Value::Chars(_) | Value::Bytes(_) | Value::String(_))
        || instance::look(&source, |_: &mut Items| ()).is_some() && !is_list(&source);
    let is_line = instance::look(&source, |_: &mut Line| ()).is_some();
    let default = item.default_value().unwrap_or(Value::Null);
    let type_name = pass_name(&source, &item, through)?;
    // What passes over an array, and over what is empty, is strict.
    let is_strict = is_array || is_line || type_name.starts_with("System.SZGenericArrayEnumerator`1");
    let strictness = if is_strict { Strictness::Throws } else { Strictness::Default };
    let pass = Pass { source, cursor, place: Place::Before, current: default.clone(), default, strictness, type_name };
    call.object(Ty::Generic(Class::IEnumerator, [item].into()), pass)
}

// The array that a read-only view shows, which is passed over itself.
fn shown_array(view: &Value) -> Option<Value> {
    let source = instance::look(view, |view: &mut View| (view.part == Part::All).then(|| view.source.clone()))??;
    let is_array = match &source {
        Value::Object(object) => matches!(instance::type_of(object), Some(Ty::Array(_))),
        source => matches!(source, Value::Strings(_) | Value::Chars(_) | Value::Bytes(_)),
    };
    is_array.then_some(source)
}

// Collections have structures of their own for a pass; only their interfaces give a shared object where there is nothing.
fn pass_name(source: &Value, item: &Ty, through: Through) -> Outcome<String> {
    let of_array = || format!("System.SZGenericArrayEnumerator`1[{}]", item.full_name());
    let name = match source {
        Value::String(_) => "System.CharEnumerator".to_owned(),
        _ if through == Through::Array => "System.ArrayEnumerator".to_owned(),
        Value::Strings(_) | Value::Chars(_) | Value::Bytes(_) => of_array(),
        _ => match structure_owner(source) {
            Some(ty) if through == Through::Collection || !is_empty(source)? => nested(&ty),
            Some(_) => of_array(),
            None if matches!(source, Value::Object(object) if matches!(instance::type_of(object), Some(Ty::Array(_)))) => {
                of_array()
            }
            // Lazy sequences are passed over by objects of types that have no names; what they are used as is shown.
            None => Ty::Generic(Class::IEnumerator, [item.clone()].into()).full_name(),
        },
    };
    Ok(name)
}

fn is_empty(source: &Value) -> Outcome<bool> {
    if let Value::Json(token) = source {
        return Ok(token.child_at(0).is_none());
    }
    let first = live(source).map(|read| read(source, 0)).transpose()?;
    Ok(first.is_some_and(|found| found.item.is_none()))
}

// The type whose structure passes over this collection.
fn structure_owner(source: &Value) -> Option<Ty> {
    let list = |item: Ty| Ty::Generic(Class::List, [item].into());
    match source {
        Value::Json(token) => {
            matches!(token.kind(), JKind::Array | JKind::Object).then(|| list(Ty::Class(Class::JToken)))
        }
        Value::Object(object) => match instance::type_of(object)? {
            Ty::Generic(Class::ReadOnlyCollection, items) => items.first().cloned().map(list),
            ty @ (Ty::Generic(
                Class::List
                | Class::HashSet
                | Class::Queue
                | Class::Stack
                | Class::Dictionary
                | Class::KeyCollection
                | Class::ValueCollection,
                _,
            )
            | Ty::Class(Class::MatchCollection | Class::GroupCollection | Class::CaptureCollection)) => {
                Some(ty.clone())
            }
            _ => None,
        },
        _ => None,
    }
}

// `List<int>.Enumerator`
fn nested(ty: &Ty) -> String {
    let name = ty.full_name();
    match name.split_once('[') {
        Some((name, arguments)) => format!("{name}+Enumerator[{arguments}"),
        None => name + "+Enumerator",
    }
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
