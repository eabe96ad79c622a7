//! Enumeration: one pass over a sequence, whatever it is. Lazy sequences make their cursors here; `bcl::linq` says what they do.

use std::fmt;
use std::sync::Arc;

use super::Machine;
use crate::expr::bcl::{Read, live, stale};
use crate::expr::exception::{Outcome, broken, null_reference};
use crate::expr::identity::is_same;
use crate::expr::instance::{self, State};
use crate::expr::limits::ITEMS_MAX;
use crate::expr::ty::{Class, Ty};
use crate::value::Value;

/// How far one step of a lazy sequence reaches down the stack, in the measure of trees.
const CURSOR_HEIGHT: u32 = 4;

/// One pass over a sequence.
pub(crate) trait Cursor: Send {
    /// The next item, or nothing at the end.
    fn next(&mut self, machine: &mut Machine<'_>) -> Outcome<Option<Value>>;
}

/// Makes the cursor of a lazy sequence from what it was given.
pub(crate) type Start = fn(&[Value], &mut Machine<'_>) -> Outcome<Box<dyn Cursor>>;

/// What is known of a lazy sequence without enumerating it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Plain,
    /// Source, selector: as many items as the source, each made when it is asked for
    Select,
    /// Source, count
    Skip,
    /// Source, count
    Take,
    /// First number, the number behind the last
    Range,
    /// As many items as the source: an order, a reversal
    Rearranged,
    /// The source and one item more
    OneMore,
    /// Two sources
    Both,
    /// What is gathered in a table: each item once
    Set,
    /// Groups, and what is made of each: as many as there are keys
    Groups,
    /// Source, selector: the items of the sequences that it gives
    Flat,
    /// Json.NET's structure over what is made of tokens
    Tokens,
    /// The same over a sequence that is there, or over none: as long as that is the same, so is the structure
    Wrapped,
}

/// A lazy sequence: nothing is evaluated until it is enumerated, and every enumeration evaluates anew.
pub(crate) struct Lazy {
    pub(crate) start: Start,
    pub(crate) shape: Shape,
    /// Sources, delegates and numbers that the start needs.
    pub(crate) operands: Vec<Value>,
}

impl fmt::Debug for Lazy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lazy").field("operands", &self.operands.len()).finish_non_exhaustive()
    }
}

impl State for Lazy {
    fn equals(&self, other: &Self) -> bool {
        let is_wrapped = self.shape == Shape::Wrapped && other.shape == Shape::Wrapped;
        let source = |lazy: &Self| lazy.operands.first().cloned().unwrap_or(Value::Null);
        is_wrapped && is_same(&source(self), &source(other))
    }

    fn children(&self) -> Vec<Value> {
        self.operands.clone()
    }

    fn clear(&mut self) {
        self.operands = Vec::new();
    }
}

/// Over items that are there.
pub(crate) struct Ready(pub(crate) std::vec::IntoIter<Value>);

impl Cursor for Ready {
    fn next(&mut self, _machine: &mut Machine<'_>) -> Outcome<Option<Value>> {
        Ok(self.0.next())
    }
}

/// Over a collection, which may change in between.
#[derive(Clone)]
pub(crate) struct Live {
    collection: Value,
    read: Read,
    at: usize,
    version: u32,
}

impl Live {
    /// Over this sequence, if it is a collection that may change.
    pub(crate) fn over(collection: &Value) -> Outcome<Option<Self>> {
        let Some(read) = live(collection) else { return Ok(None) };
        let version = read(collection, 0)?.version;
        Ok(Some(Self { collection: collection.clone(), read, at: 0, version }))
    }

    /// Throws when the collection has changed between the two.
    pub(crate) fn same_version(&self, later: &Self) -> Outcome<()> {
        if self.version == later.version { Ok(()) } else { Err(stale(&self.collection)) }
    }

    /// Where it is, and which state of the collection it knows.
    pub(crate) const fn place(&self) -> (usize, u32) {
        (self.at, self.version)
    }
}

impl Cursor for Live {
    fn next(&mut self, _machine: &mut Machine<'_>) -> Outcome<Option<Value>> {
        let found = (self.read)(&self.collection, self.at)?;
        if found.version != self.version {
            return Err(stale(&self.collection));
        }
        self.at = found.next;
        Ok(found.item)
    }
}

// A lazy sequence is evaluated from its first item on, not before.
struct Deferred {
    start: Start,
    operands: Vec<Value>,
    begun: Option<Box<dyn Cursor>>,
}

impl Cursor for Deferred {
    fn next(&mut self, machine: &mut Machine<'_>) -> Outcome<Option<Value>> {
        match &mut self.begun {
            Some(cursor) => cursor.next(machine),
            None => {
                let cursor = self.begun.insert((self.start)(&self.operands, machine)?);
                self.operands = Vec::new();
                cursor.next(machine)
            }
        }
    }
}

struct Texts(Arc<[Arc<str>]>, usize);

impl Cursor for Texts {
    fn next(&mut self, _machine: &mut Machine<'_>) -> Outcome<Option<Value>> {
        self.1 += 1;
        Ok(self.0.get(self.1 - 1).map(|text| Value::String(Arc::clone(text))))
    }
}

impl Machine<'_> {
    /// Begins a pass over a sequence; null throws.
    pub(crate) fn cursor(&mut self, sequence: &Value) -> Outcome<Box<dyn Cursor>> {
        let items = match sequence {
            Value::Null => return Err(null_reference()),
            Value::Strings(items) => return Ok(Box::new(Texts(Arc::clone(items), 0))),
            Value::Chars(units) => units.iter().map(|unit| Value::Char(*unit)).collect(),
            Value::Bytes(bytes) => bytes.iter().map(|byte| Value::Byte(*byte)).collect(),
            Value::String(text) => text.encode_utf16().map(Value::Char).collect(),
            Value::Context(part) => crate::expr::bcl::context_items(self, part)?,
            sequence if let Some(live) = Live::over(sequence)? => return Ok(Box::new(live)),
            Value::Object(object) => {
                let lazy = instance::look(sequence, |lazy: &mut Lazy| (lazy.start, lazy.shape, lazy.operands.clone()));
                if let Some((start, shape, operands)) = lazy {
                    // Groups are made when the pass over them is, not with its first step.
                    if shape == Shape::Groups {
                        return start(&operands, self);
                    }
                    return Ok(Box::new(Deferred { start, operands, begun: None }));
                }
                object.get().items().ok_or_else(|| broken("an enumeration of no sequence"))?
            }
            _ => return Err(broken("an enumeration of no sequence")),
        };
        self.charge(items.len() * size_of::<Value>())?;
        Ok(Box::new(Ready(items.into_iter())))
    }

    /// The next item of a pass; a counted step.
    pub(crate) fn advance(&mut self, cursor: &mut dyn Cursor) -> Outcome<Option<Value>> {
        self.step()?;
        self.deeper(CURSOR_HEIGHT)?;
        let item = cursor.next(self);
        self.depth -= CURSOR_HEIGHT;
        item
    }

    /// All items of a sequence, counted.
    pub(crate) fn collect(&mut self, sequence: &Value) -> Outcome<Vec<Value>> {
        let mut cursor = self.cursor(sequence)?;
        self.drain(&mut *cursor)
    }

    /// What is left of a pass, counted.
    pub(crate) fn drain(&mut self, cursor: &mut dyn Cursor) -> Outcome<Vec<Value>> {
        let mut items = Vec::new();
        while let Some(item) = self.advance(cursor)? {
            if items.len() >= ITEMS_MAX {
                return Err(super::memory::items_limit());
            }
            items.push(item);
        }
        self.charge(items.len() * size_of::<Value>())?;
        Ok(items)
    }

    /// A lazy sequence of items of this type.
    pub(crate) fn lazy(&mut self, item: Ty, shape: Shape, start: Start, operands: Vec<Value>) -> Outcome<Value> {
        let class = match shape {
            Shape::Tokens | Shape::Wrapped => Class::JEnumerable,
            _ => Class::IEnumerable,
        };
        let ty = Ty::Generic(class, [item].into());
        self.object(ty, Lazy { start, shape, operands })
    }
}
