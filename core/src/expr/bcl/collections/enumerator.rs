//! Passes over sequences that an expression steps through by hand: `GetEnumerator`, `MoveNext`, `Current`.

use std::fmt;
use std::sync::Arc;

use super::super::{Call, Member, Row, Run, TABLE, row};
use super::key::{Folding, Key, identity, key_of};
use super::line::Line;
use super::pairs_of;
use super::views::{Part, View, live};
use crate::expr::eval::Machine;
use crate::expr::eval::cursor::{Cursor, Lazy, Live};
use crate::expr::exception::{Outcome, broken, invalid_operation, null_reference, throw};
use crate::expr::generic::{item_type, supertypes};
use crate::expr::identity::{equal, is_same};
use crate::expr::instance::{self, Instance, State};
use crate::expr::ty::{Class, Ty};
use crate::value::Value;
use crate::value::json::JKind;

/// A pass by hand. As a structure it does not change: what moves is a copy, which takes the place of the structure.
struct Pass {
    source: Value,
    /// Nothing once it has been let go of.
    steps: Option<Steps>,
    place: Place,
    current: Value,
    /// What `Current` is where there is no item and that is no error.
    default: Value,
    /// What it is behind the last item.
    behind: Value,
    strictness: Strictness,
    /// The name of its class; structures are what their type says.
    class_name: Option<String>,
}

enum Steps {
    /// Over a collection, which may change in between
    Live(Live),
    Other(Box<dyn Cursor>),
}

impl Steps {
    fn over(source: &Value, machine: &mut Machine<'_>) -> Outcome<Self> {
        match Live::over(source)? {
            Some(live) => Ok(Self::Live(live)),
            None => machine.cursor(source).map(Self::Other),
        }
    }

    fn next(&mut self, machine: &mut Machine<'_>) -> Outcome<Option<Value>> {
        match self {
            Self::Live(live) => machine.advance(live),
            Self::Other(cursor) => machine.advance(&mut **cursor),
        }
    }
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
    /// It says on which side of the items it is.
    Throws,
    /// It says that it is before them, always.
    NeverStarts,
    /// It says that it is on one side or the other.
    ThrowsVaguely,
    Default,
}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pass").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Pass {
    // A pass of its own that stands where this one does; nothing of what only its maker can copy.
    fn copy(&self) -> Option<Self> {
        let steps = match &self.steps {
            Some(Steps::Other(_)) => return None,
            Some(Steps::Live(live)) => Some(Steps::Live(live.clone())),
            None => None,
        };
        Some(Self {
            source: self.source.clone(),
            steps,
            current: self.current.clone(),
            default: self.default.clone(),
            behind: self.behind.clone(),
            class_name: self.class_name.clone(),
            place: self.place,
            strictness: self.strictness,
        })
    }

    fn next(&mut self, machine: &mut Machine<'_>) -> Outcome<bool> {
        let Some(steps) = &mut self.steps else { return self.ended() };
        let item = steps.next(machine)?;
        Ok(self.moved(item))
    }

    // Where there is nothing to pass over any more.
    fn ended(&self) -> Outcome<bool> {
        if self.source.is_null() { Err(null_reference()) } else { Ok(false) }
    }

    fn moved(&mut self, item: Option<Value>) -> bool {
        self.place = if item.is_some() { Place::At } else { Place::Behind };
        self.current = item.unwrap_or_else(|| self.behind.clone());
        self.place == Place::At
    }

    // A lazy sequence, a queue or a stack that is let go of has no more items, and a text is gone; other collections do not care.
    fn let_go(&mut self) {
        if instance::look(&self.source, |_: &mut Lazy| ()).is_some() {
            self.steps = None;
            self.current = self.default.clone();
        } else if instance::look(&self.source, |_: &mut Line| ()).is_some() {
            self.steps = None;
            self.moved(None);
        } else if let Value::String(_) = self.source {
            self.clear();
        }
    }

    fn current(&self) -> Outcome<Value> {
        let is_gone = self.source.is_null() && self.strictness == Strictness::Throws;
        match (self.place, self.strictness) {
            _ if is_gone => Err(null_reference()),
            (Place::At, _) | (_, Strictness::Default) => Ok(self.current.clone()),
            (Place::Before, Strictness::Throws) | (_, Strictness::NeverStarts) => {
                Err(invalid_operation("Enumeration has not started. Call MoveNext."))
            }
            (Place::Behind, Strictness::Throws) => Err(invalid_operation("Enumeration already finished.")),
            (_, Strictness::ThrowsVaguely) => {
                Err(invalid_operation("Enumeration has either not started or has already finished."))
            }
        }
    }
}

impl State for Pass {
    fn type_name(&self, ty: &Ty) -> String {
        self.class_name.clone().unwrap_or_else(|| ty.full_name())
    }

    // Only structures compare by what they hold.
    fn equals(&self, other: &Self) -> bool {
        let place = |pass: &Self| match &pass.steps {
            Some(Steps::Live(live)) => Some(live.place()),
            Some(Steps::Other(_)) | None => None,
        };
        self.class_name.is_none()
            && place(self) == place(other)
            && is_same(&self.source, &other.source)
            && equal(&self.current, &other.current)
    }

    fn children(&self) -> Vec<Value> {
        vec![self.source.clone(), self.current.clone(), self.default.clone(), self.behind.clone()]
    }

    fn clear(&mut self) {
        self.steps = None;
        self.source = Value::Null;
        self.current = Value::Null;
        self.behind = Value::Null;
    }
}

/// `Current`, if the value is a pass by hand over something else than itself.
pub(in crate::expr::bcl) fn current_of(value: &Value) -> Option<Outcome<Value>> {
    instance::look(value, |pass: &mut Pass| {
        let is_lazy = instance::look(&pass.source, |_: &mut Lazy| ()).is_some() || pairs_of(&pass.source).is_some();
        (!is_lazy).then(|| pass.current())
    })
    .flatten()
}

/// What a structure is known by: where it is in which collection.
pub(super) fn pass_key(value: &Value) -> Option<Key> {
    let parts = instance::look(value, |pass: &mut Pass| {
        let place = match &pass.steps {
            Some(Steps::Live(live)) => live.place(),
            Some(Steps::Other(_)) | None => (usize::MAX, 0),
        };
        pass.class_name.is_none().then(|| (pass.source.clone(), place, pass.current.clone()))
    });
    let (source, (at, version), current) = parts.flatten()?;
    let place = i128::try_from(at).unwrap_or(i128::MAX);
    let place = [Key::Whole(0, place), Key::Whole(0, i128::from(version))];
    let parts = [identity(&source), key_of(&current, Folding::Exact)];
    Some(Key::Members(parts.into_iter().chain(place).collect()))
}

/// A structure on its own, which passes over nothing.
pub(crate) fn default_pass(ty: &Ty) -> Value {
    let item = item_of_pass(ty);
    let default = item.default_value().unwrap_or(Value::Null);
    let pass = Pass {
        source: Value::Null,
        steps: None,
        place: Place::Before,
        current: default.clone(),
        behind: default.clone(),
        default,
        strictness: Strictness::Default,
        class_name: None,
    };
    Value::Object(Instance::object(ty.clone(), pass))
}

// What a structure gives of the collection that it is named after.
fn item_of_pass(ty: &Ty) -> Ty {
    let items = supertypes(ty).into_iter().find_map(|ty| match ty {
        Ty::Generic(Class::IEnumerator, items) => items.first().cloned(),
        _ => None,
    });
    items.unwrap_or(Ty::Object)
}

/// A structure as an object of its own, which moves by itself; anything else as it is.
pub(crate) fn boxed(value: Value) -> Value {
    let Value::Object(object) = &value else { return value };
    let Some(ty) = instance::type_of(object) else { return value };
    match instance::look(&value, |pass: &mut Pass| pass.copy()).flatten() {
        Some(copy) => Value::Object(Instance::object(ty.clone(), copy)),
        None => value,
    }
}

macro_rules! structures {
    ($($owner:literal $item:literal,)*) => {
        &[$(
            row($owner, concat!($item, " Current"), current),
            row($owner, "bool MoveNext()", |call| {
                let mut pass = copied(call)?;
                let moved = pass.next(call.machine)?;
                give(call, pass);
                Ok(Value::Bool(moved))
            }),
            row($owner, "void Dispose()", |call| {
                let mut pass = copied(call)?;
                pass.let_go();
                give(call, pass);
                Ok(Value::Null)
            }),
        )*]
    };
}

pub(in crate::expr::bcl) const STRUCTURES: &[Row] = structures! {
    "List<T>.Enumerator" "T",
    "HashSet<T>.Enumerator" "T",
    "Queue<T>.Enumerator" "T",
    "Stack<T>.Enumerator" "T",
    "Dictionary<TKey, TValue>.Enumerator" "KeyValuePair<TKey, TValue>",
    "Dictionary<TKey, TValue>.KeyCollection.Enumerator" "TKey",
    "Dictionary<TKey, TValue>.ValueCollection.Enumerator" "TValue",
};

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row("IEnumerable<T>", "IEnumerator<T> GetEnumerator()", enumerator),
    row("Array", "IEnumerator GetEnumerator()", |call| enumerator_of(call, Ty::Object, Through::Array)),
    row("string", "CharEnumerator GetEnumerator()", |call| enumerator_of(call, Ty::Char, Through::Interface)),
    row("CharEnumerator", "char Current", current),
    row("CharEnumerator", "bool MoveNext()", move_next),
    row("CharEnumerator", "void Reset()", reset),
    row("CharEnumerator", "void Dispose()", let_go),
    row("IEnumerator<T>", "T Current", current),
    row("IEnumerator", "object Current", current),
    row("IEnumerator", "bool MoveNext()", move_next),
    row("IEnumerator", "void Reset()", reset),
    row("IEnumerator<T>", "void Dispose()", let_go),
    row("IDisposable", "void Dispose()", dispose),
];

// The structure that a call moves on: a copy of it, which `give` hands back.
fn copied(call: &Call<'_, '_>) -> Outcome<Pass> {
    let copy = call.state(0, |pass: &mut Pass| pass.copy())?;
    copy.ok_or_else(|| broken("a structure that cannot be copied"))
}

// Where it stood before, nothing refers to it: it is not counted.
fn give(call: &mut Call<'_, '_>, pass: Pass) {
    let Value::Object(object) = call.value(0) else { return };
    let ty = instance::type_of(object).cloned().unwrap_or(Ty::Object);
    call.give(Value::Object(Instance::object(ty, pass)));
}

fn reset(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let source = call.state(0, |pass: &mut Pass| pass.source.clone())?;
    // An object of Json.NET's passes over itself as lazy sequences do.
    if instance::look(&source, |_: &mut Lazy| ()).is_some() || pairs_of(&source).is_some() {
        return Err(throw("System.NotSupportedException", "Specified method is not supported."));
    }
    // What is gone stays so.
    let steps = if source.is_null() { None } else { Some(Steps::over(&source, call.machine)?) };
    call.state(0, |pass: &mut Pass| {
        if let (Some(Steps::Live(old)), Some(Steps::Live(new))) = (&pass.steps, &steps) {
            old.same_version(new)?;
        }
        pass.steps = steps;
        pass.place = Place::Before;
        pass.current = pass.default.clone();
        Ok(Value::Null)
    })?
}

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
        pass.let_go();
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
    instance::look(pass, |pass: &mut Pass| pass.class_name = Some(name.to_owned()));
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
    let steps = Some(Steps::over(&source, call.machine)?);
    let default = item.default_value().unwrap_or(Value::Null);
    let (ty, class_name) = shape(&source, item, through)?;
    let strictness = strictness_of(&source, class_name.as_deref());
    let (current, behind) = super::super::linq::resting(&source).unwrap_or((default.clone(), default.clone()));
    let pass = Pass { source, steps, place: Place::Before, current, default, behind, strictness, class_name };
    call.object(ty, pass)
}

fn strictness_of(source: &Value, class_name: Option<&str>) -> Strictness {
    let is_line = instance::look(source, |_: &mut Line| ()).is_some();
    match class_name {
        None if is_line => Strictness::Throws,
        None => Strictness::Default,
        // What passes over an array, a text, and over what is empty, is strict.
        Some("System.CharEnumerator" | "System.ArrayEnumerator") => Strictness::Throws,
        Some(name) if name.starts_with("System.SZGenericArrayEnumerator`1") => Strictness::Throws,
        Some(name) if name.starts_with("System.GenericEmptyEnumerator`1") => Strictness::NeverStarts,
        Some(name) if name.ends_with("+Enumerator") => Strictness::ThrowsVaguely,
        Some(_) => Strictness::Default,
    }
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

// The type of a pass, and the name of its class if that is no structure: collections have structures of their own, and only their
// interfaces give a shared object where there is nothing.
fn shape(source: &Value, item: Ty, through: Through) -> Outcome<(Ty, Option<String>)> {
    let of_array = || format!("System.SZGenericArrayEnumerator`1[{}]", item.full_name());
    let name = match source {
        Value::String(_) => return Ok((Ty::Class(Class::CharEnumerator), Some("System.CharEnumerator".to_owned()))),
        _ if through == Through::Array => "System.ArrayEnumerator".to_owned(),
        Value::Strings(_) | Value::Chars(_) | Value::Bytes(_) => of_array(),
        _ => match structure_owner(source) {
            Some(ty) if through == Through::Collection || !is_empty(source)? => match &ty {
                Ty::Generic(class, items) if let Some(structure) = class.enumerator() => {
                    return Ok((Ty::Generic(structure, Arc::clone(items)), None));
                }
                _ => format!("{}+Enumerator", ty.full_name()),
            },
            Some(Ty::Generic(Class::Dictionary, _)) => format!("System.GenericEmptyEnumerator`1[{}]", item.full_name()),
            Some(_) => of_array(),
            None if matches!(source, Value::Object(object) if matches!(instance::type_of(object), Some(Ty::Array(_)))) => {
                of_array()
            }
            // Lazy sequences are passed over by objects of types that have no names; what they are used as is shown.
            None => Ty::Generic(Class::IEnumerator, [item.clone()].into()).full_name(),
        },
    };
    Ok((Ty::Generic(Class::IEnumerator, [item].into()), Some(name)))
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

// The steps leave their object while they run: what they evaluate may look at the object.
fn move_next(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let Some(mut steps) = call.state(0, |pass: &mut Pass| pass.steps.take())? else {
        return call.state(0, |pass: &mut Pass| pass.ended())?.map(Value::Bool);
    };
    let item = steps.next(call.machine);
    call.state(0, |pass: &mut Pass| {
        pass.steps = Some(steps);
        Ok(Value::Bool(pass.moved(item?)))
    })?
}

fn current(call: &mut Call<'_, '_>) -> Outcome<Value> {
    call.state(0, |pass: &mut Pass| pass.current())?
}
