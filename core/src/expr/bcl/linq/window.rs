//! What can be said of a sequence without enumerating it: how many items it has, and which one stands at a place. .NET answers
//! `Last`, `ElementAt` and `Count` so, which shows where a selector throws or counts.

use crate::expr::eval::Machine;
use crate::expr::eval::cursor::{Lazy, Shape};
use crate::expr::exception::Outcome;
use crate::expr::instance::{self, Items};
use crate::expr::ty::{Class, Ty};
use crate::value::Value;

use super::super::collections::views;
use super::filter::each_in_flat;
use super::group::group_count;
use super::operand;

/// How many operators are looked through.
const LAYERS_MAX: usize = 64;

/// A part of a list or an array, or of a range of numbers, with what is made of each item.
#[derive(Clone, Debug)]
pub(super) struct Window {
    base: Value,
    from: usize,
    to: usize,
    selectors: Vec<Value>,
}

enum Layer {
    Select(Value),
    Skip(usize),
    Take(usize),
}

/// The count among the operands of a lazy sequence; a negative one is none.
pub(super) fn count_of(operands: &[Value]) -> usize {
    match operand(operands, 1) {
        Value::Int32(count) => usize::try_from(*count).unwrap_or(0),
        _ => 0,
    }
}

/// The window that a sequence is, when it stands on a list, an array or a range.
pub(super) fn window(sequence: &Value) -> Option<Window> {
    let mut layers = Vec::new();
    let mut base = sequence.clone();
    while let Some((shape, operands)) = instance::look(&base, |lazy: &mut Lazy| (lazy.shape, lazy.operands.clone())) {
        if layers.len() >= LAYERS_MAX {
            return None;
        }
        match shape {
            Shape::Select => layers.push(Layer::Select(operand(&operands, 1).clone())),
            Shape::Skip => layers.push(Layer::Skip(count_of(&operands))),
            Shape::Take => layers.push(Layer::Take(count_of(&operands))),
            Shape::Range => break,
            Shape::Plain
            | Shape::Flat
            | Shape::Tokens
            | Shape::Wrapped
            | Shape::Rearranged
            | Shape::OneMore
            | Shape::Both
            | Shape::Set
            | Shape::Groups => {
                return None;
            }
        }
        base = operand(&operands, 0).clone();
    }
    length_of(&base)?;
    let mut window = Window { base, from: 0, to: usize::MAX, selectors: Vec::new() };
    for layer in layers.into_iter().rev() {
        match layer {
            Layer::Select(selector) => window.selectors.push(selector),
            Layer::Skip(count) => window.from = window.from.saturating_add(count),
            Layer::Take(count) => window.to = window.to.min(window.from.saturating_add(count)),
        }
    }
    Some(window)
}

/// Whether a lazy sequence is a list to .NET as well, which says how many items it has: numbers in a row, one item repeated, a part
/// of a list.
pub(in crate::expr::bcl) fn is_list(sequence: &Value) -> bool {
    list_behind(sequence).is_some()
}

/// What the parts of such a list are parts of.
pub(super) fn list_behind(sequence: &Value) -> Option<Value> {
    window(sequence).filter(|window| window.selectors.is_empty()).map(|window| window.base)
}

// The length of what has places.
fn length_of(base: &Value) -> Option<usize> {
    if let Some((Shape::Range, operands)) = instance::look(base, |lazy: &mut Lazy| (lazy.shape, lazy.operands.clone()))
    {
        return range(&operands).map(|(start, end)| usize::try_from(end - start).unwrap_or(0));
    }
    match base {
        Value::Strings(_) | Value::Chars(_) | Value::Bytes(_) | Value::Json(_) => views::length(base),
        Value::Object(object) => match instance::type_of(object) {
            Some(Ty::Array(_) | Ty::Generic(Class::List | Class::ReadOnlyCollection | Class::Grouping, _)) => {
                views::length(base)
            }
            _ => None,
        },
        _ => None,
    }
}

/// The first number of a range, and the one behind its last.
pub(super) fn range(operands: &[Value]) -> Option<(i64, i64)> {
    match operands {
        [Value::Int64(start), Value::Int64(end), ..] => Some((*start, *end)),
        _ => None,
    }
}

impl Window {
    /// How many items there are now.
    pub(super) fn len(&self) -> usize {
        length_of(&self.base).unwrap_or(0).min(self.to).saturating_sub(self.from)
    }

    /// Whether nothing is made of the items.
    pub(super) fn is_plain(&self) -> bool {
        self.selectors.is_empty()
    }

    /// The item at a place.
    pub(super) fn at(&self, place: usize, machine: &mut Machine<'_>) -> Outcome<Option<Value>> {
        machine.step()?;
        let place = self.from.saturating_add(place);
        if place >= self.to {
            return Ok(None);
        }
        let Some(mut item) = item_at(&self.base, place) else { return Ok(None) };
        for selector in &self.selectors {
            item = machine.invoke(selector, &[item])?;
        }
        Ok(Some(item))
    }

    /// The last one.
    pub(super) fn last(&self, machine: &mut Machine<'_>) -> Outcome<Option<Value>> {
        match self.len().checked_sub(1) {
            Some(place) => self.at(place, machine),
            None => Ok(None),
        }
    }
}

fn item_at(base: &Value, place: usize) -> Option<Value> {
    let lazy = instance::look(base, |lazy: &mut Lazy| lazy.operands.clone());
    if let Some(operands) = lazy {
        let (start, end) = range(&operands)?;
        let number = i64::try_from(place).ok()?.checked_add(start).filter(|number| *number < end)?;
        return match operand(&operands, 2) {
            Value::Null => i32::try_from(number).ok().map(Value::Int32),
            repeated => instance::look(repeated, |cell: &mut super::produce::Repeated| cell.0.clone()),
        };
    }
    match base {
        Value::Strings(texts) => texts.get(place).map(|text| Value::String(text.clone())),
        Value::Chars(units) => units.get(place).map(|unit| Value::Char(*unit)),
        Value::Bytes(bytes) => bytes.get(place).map(|byte| Value::Byte(*byte)),
        _ => instance::look(base, |items: &mut Items| items.values.get(place).cloned())
            .or_else(|| instance::look(base, |group: &mut super::Grouping| group.values.get(place).cloned()))
            .or_else(|| views::live(base).and_then(|read| read(base, place).ok()).map(|found| found.item))
            .flatten(),
    }
}

/// How many items a sequence has, if that is known without enumerating it.
pub(super) fn known_count(sequence: &Value) -> Option<usize> {
    let (mut open, mut total, mut layers) = (vec![sequence.clone()], 0_usize, 0);
    while let Some(sequence) = open.pop() {
        layers += 1;
        if layers > LAYERS_MAX {
            return None;
        }
        let Some((shape, operands)) = parts(&sequence) else {
            total = total.checked_add(views::length(&sequence)?)?;
            continue;
        };
        match shape {
            Shape::Plain | Shape::Flat | Shape::Tokens | Shape::Wrapped | Shape::Set | Shape::Groups => return None,
            Shape::Range => total = total.checked_add(length_of(&sequence)?)?,
            Shape::Select | Shape::Skip | Shape::Take => total = total.checked_add(window(&sequence)?.len())?,
            Shape::Rearranged => open.push(operand(&operands, 0).clone()),
            Shape::OneMore => {
                total = total.checked_add(1)?;
                open.push(operand(&operands, 0).clone());
            }
            Shape::Both => open.extend([operand(&operands, 0).clone(), operand(&operands, 1).clone()]),
        }
    }
    Some(total)
}

fn parts(sequence: &Value) -> Option<(Shape, Vec<Value>)> {
    instance::look(sequence, |lazy: &mut Lazy| (lazy.shape, lazy.operands.clone()))
}

/// How many items a sequence has, as `Count` finds out: what only rearranges another is not evaluated for that, and selectors are,
/// but not those in what `Concat` puts together.
pub(super) fn count(sequence: &Value, machine: &mut Machine<'_>) -> Outcome<usize> {
    // With how many of its items do not count.
    let (mut open, mut total) = (vec![(sequence.clone(), 0_usize)], 0_usize);
    while let Some((sequence, skipped)) = open.pop() {
        machine.step()?;
        match parts(&sequence) {
            Some((Shape::Rearranged, operands)) => open.push((operand(&operands, 0).clone(), skipped)),
            Some((Shape::Skip, operands)) if window(&sequence).is_none() && !is_taken(operand(&operands, 0)) => {
                open.push((operand(&operands, 0).clone(), skipped.saturating_add(count_of(&operands))));
            }
            Some((Shape::Groups, operands)) => {
                total = total.saturating_add(group_count(&operands, machine)?.saturating_sub(skipped));
            }
            Some((Shape::OneMore, operands)) if skipped == 0 => {
                total = total.saturating_add(1);
                open.push((operand(&operands, 0).clone(), 0));
            }
            Some((Shape::Both, operands)) if skipped == 0 => {
                for half in operands.iter().take(2) {
                    match known_count(half) {
                        Some(known) => total = total.saturating_add(known),
                        None => open.push((half.clone(), 0)),
                    }
                }
            }
            Some((
                Shape::Plain
                | Shape::Flat
                | Shape::Tokens
                | Shape::Wrapped
                | Shape::Set
                | Shape::Select
                | Shape::Skip
                | Shape::Take
                | Shape::Range
                | Shape::OneMore
                | Shape::Both,
                _,
            ))
            | None => {
                let known = known_count(&sequence).filter(|_| window(&sequence).is_none_or(|window| window.is_plain()));
                let count = match known {
                    Some(known) => known,
                    None => enumerated(&sequence, machine)?,
                };
                total = total.saturating_add(count.saturating_sub(skipped));
            }
        }
    }
    Ok(total)
}

// Of what `Take` gives, no more is looked at than that.
fn is_taken(sequence: &Value) -> bool {
    matches!(parts(sequence), Some((Shape::Take, _)))
}

fn enumerated(sequence: &Value, machine: &mut Machine<'_>) -> Outcome<usize> {
    if let Some((Shape::Flat, operands)) = parts(sequence) {
        let mut count = 0;
        each_in_flat(machine, &operands, "source", |machine, inner| {
            count += passed(inner, machine)?;
            Ok(())
        })?;
        return Ok(count);
    }
    passed(sequence, machine)
}

fn passed(sequence: &Value, machine: &mut Machine<'_>) -> Outcome<usize> {
    let mut cursor = machine.cursor(sequence)?;
    let mut count = 0;
    while machine.advance(&mut *cursor)?.is_some() {
        count += 1;
    }
    Ok(count)
}
