//! What shows another collection as it is at the moment: a dictionary's `Keys` and `Values`, `AsReadOnly`; and how every collection is
//! read item by item.

use super::line::Line;
use super::map::Map;
use crate::expr::Interrupt;
use crate::expr::eval::modified;
use crate::expr::exception::{Outcome, broken, throw};
use crate::expr::instance::{self, Items, State};
use crate::value::Value;

/// What a [`View`] shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::expr::bcl) enum Part {
    Keys,
    Values,
    /// A list, read-only
    All,
}

/// A part of another collection.
#[derive(Debug)]
pub(in crate::expr::bcl) struct View {
    pub(in crate::expr::bcl) source: Value,
    pub(in crate::expr::bcl) part: Part,
}

impl State for View {
    fn children(&self) -> Vec<Value> {
        vec![self.source.clone()]
    }

    fn clear(&mut self) {
        self.source = Value::Null;
    }

    fn items(&self) -> Option<Vec<Value>> {
        let of_map = instance::look(&self.source, |map: &mut Map| match self.part {
            Part::Keys | Part::All => map.keys(),
            Part::Values => map.values(),
        });
        of_map
            .or_else(|| super::properties::names(&self.source))
            .or_else(|| instance::look(&self.source, |items: &mut Items| items.values.clone()))
    }
}

/// An item of a collection, where the next one begins, and how often the collection has been changed.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) item: Option<Value>,
    pub(crate) next: usize,
    pub(crate) version: u32,
}

/// Reads the item at a place of a collection.
pub(crate) type Read = fn(&Value, usize) -> Outcome<Found>;

/// How a collection is read that may change under an enumeration; nothing when it is none.
pub(crate) fn live(collection: &Value) -> Option<Read> {
    if matches!(collection, Value::Json(_)) {
        return Some(read_token);
    }
    if super::pairs_of(collection).is_some() {
        return Some(super::properties::read);
    }
    if instance::look(collection, |_: &mut Items| ()).is_some() {
        return Some(read_items);
    }
    if instance::look(collection, |_: &mut Map| ()).is_some() {
        return Some(read_map);
    }
    if instance::look(collection, |_: &mut Line| ()).is_some() {
        return Some(read_line);
    }
    instance::look(collection, |_: &mut View| ()).map(|()| read_view as Read)
}

/// What an enumeration says that finds its collection changed.
pub(crate) fn stale(collection: &Value) -> Interrupt {
    match instance::look(collection, |line: &mut Line| line.is_stack()) {
        Some(true) => {
            throw("System.InvalidOperationException", "Collection was modified after the enumerator was instantiated.")
        }
        Some(false) | None => modified(),
    }
}

fn read_token(token: &Value, at: usize) -> Outcome<Found> {
    let Value::Json(token) = token else { return Err(broken("expected a JSON token")) };
    Ok(Found { item: token.child_at(at).map(Value::Json), next: at + 1, version: token.version() })
}

fn read_items(list: &Value, at: usize) -> Outcome<Found> {
    instance::state(list, |items: &mut Items| Found {
        item: items.values.get(at).cloned(),
        next: at + 1,
        version: items.version,
    })
}

fn read_line(line: &Value, at: usize) -> Outcome<Found> {
    instance::state(line, |line: &mut Line| Found { item: line.at(at).cloned(), next: at + 1, version: line.version })
}

fn read_map(map: &Value, at: usize) -> Outcome<Found> {
    instance::state(map, |map: &mut Map| {
        let version = map.version;
        match map.next(at) {
            Some((next, entry)) => Found { item: Some(map.shown(entry)), next, version },
            None => Found { item: None, next: map.places(), version },
        }
    })
}

fn read_view(view: &Value, at: usize) -> Outcome<Found> {
    let (source, part) = instance::state(view, |view: &mut View| (view.source.clone(), view.part))?;
    if let Value::Json(token) = &source {
        let name = token.child_at(at).and_then(|property| property.name());
        return Ok(Found { item: name.map(Value::String), next: at + 1, version: token.version() });
    }
    let found = instance::look(&source, |map: &mut Map| {
        let version = map.version;
        match map.next(at) {
            Some((next, (key, value))) => {
                Found { item: Some(if part == Part::Values { value.clone() } else { key.clone() }), next, version }
            }
            None => Found { item: None, next: map.places(), version },
        }
    });
    match (found, live(&source)) {
        (Some(found), _) => Ok(found),
        (None, Some(read)) => read(&source, at),
        (None, None) => {
            let item = match &source {
                Value::Strings(texts) => texts.get(at).map(|text| Value::String(text.clone())),
                Value::Chars(units) => units.get(at).map(|unit| Value::Char(*unit)),
                Value::Bytes(bytes) => bytes.get(at).map(|byte| Value::Byte(*byte)),
                _ => return Err(broken("a view of no collection")),
            };
            Ok(Found { item, next: at + 1, version: 0 })
        }
    }
}

/// How many items a collection holds, if it is one: nothing is enumerated.
pub(in crate::expr::bcl) fn length(collection: &Value) -> Option<usize> {
    match collection {
        Value::Strings(items) => return Some(items.len()),
        Value::Chars(items) => return Some(items.len()),
        Value::Bytes(items) => return Some(items.len()),
        Value::Json(token) if token.held().is_none() => return Some(token.children().len()),
        _ => {}
    }
    if let Some(object) = super::pairs_of(collection) {
        return Some(object.count());
    }
    instance::look(collection, |items: &mut Items| items.values.len())
        .or_else(|| instance::look(collection, |map: &mut Map| map.len()))
        .or_else(|| instance::look(collection, |line: &mut Line| line.values.len()))
        .or_else(|| {
            let source = instance::look(collection, |view: &mut View| view.source.clone())?;
            length(&source)
        })
        .or_else(|| instance::look(collection, |lookup: &mut super::super::linq::Lookup| lookup.groups.len()))
        .or_else(|| instance::look(collection, |group: &mut super::super::linq::Grouping| group.values.len()))
}
