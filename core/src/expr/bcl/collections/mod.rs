//! `System.Collections.Generic` and `System.Array`: what derives from what, pairs, and what all collections have in common.

mod array;
mod array_lengths;
mod array_search;
mod array_untyped;
mod comparers;
mod dictionary;
mod elements;
mod enumerator;
mod interfaces;
pub(super) mod key;
pub(super) mod line;
mod list;
mod list_search;
pub(super) mod map;
mod properties;
mod set;
pub(super) mod sort;
pub(super) mod views;

use super::{Base, Call, Row, row};
use crate::expr::Interrupt;
use crate::expr::eval::cursor::Lazy;
use crate::expr::eval::{Single, items_limit};
use crate::expr::exception::{Outcome, argument, argument_null, out_of_range, throw};
use crate::expr::instance::{self, Grid, Instance, Items, Pair};
use crate::expr::limits::ITEMS_MAX;
use crate::expr::ty::{Class, Ty};
use crate::value::Value;

pub(crate) use array::changes_arrays;
pub(crate) use properties::{as_pairs, as_seen, behind_pairs, pairs_of};
pub(crate) use views::{Read, live, stale};

pub(super) use dictionary::{lookup, put};
use enumerator::own_enumerator;
pub(crate) use enumerator::{boxed, default_pass};
pub(super) use enumerator::{current_of, enumerator, renamed};
pub(super) use interfaces::part_of_map;
pub(super) use set::set_of;
pub(super) use views::{Part, View};

use key::{Folding, equal};

pub(super) const TABLES: [&[Row]; 12] = [
    PAIRS,
    list::ROWS,
    list_search::ROWS,
    line::ROWS,
    dictionary::ROWS,
    set::ROWS,
    interfaces::ROWS,
    enumerator::ROWS,
    enumerator::STRUCTURES,
    array::ROWS,
    array_lengths::ROWS,
    comparers::ROWS,
];

pub(super) const ARRAYS: [&[Row]; 3] = [array_search::ROWS, array_untyped::ROWS, elements::ROWS];

pub(super) const BASES: &[Base] = &[
    ("string", "IEnumerable<char>"),
    ("T[]", "Array"),
    ("T[]", "IList<T>"),
    ("T[]", "IReadOnlyList<T>"),
    ("Array", "IEnumerable"),
    ("IEnumerable<T>", "IEnumerable"),
    ("IEnumerator<T>", "IEnumerator"),
    ("IEnumerator<T>", "IDisposable"),
    ("CharEnumerator", "IEnumerator<char>"),
    ("List<T>.Enumerator", "IEnumerator<T>"),
    ("HashSet<T>.Enumerator", "IEnumerator<T>"),
    ("Queue<T>.Enumerator", "IEnumerator<T>"),
    ("Stack<T>.Enumerator", "IEnumerator<T>"),
    ("Dictionary<TKey, T>.Enumerator", "IEnumerator<KeyValuePair<TKey, T>>"),
    ("Dictionary<TKey, T>.KeyCollection.Enumerator", "IEnumerator<TKey>"),
    ("Dictionary<TKey, T>.ValueCollection.Enumerator", "IEnumerator<T>"),
    ("IList<T>", "ICollection<T>"),
    ("ISet<T>", "ICollection<T>"),
    ("ICollection<T>", "IEnumerable<T>"),
    ("IReadOnlyList<T>", "IReadOnlyCollection<T>"),
    ("IReadOnlyCollection<T>", "IEnumerable<T>"),
    ("IOrderedEnumerable<T>", "IEnumerable<T>"),
    ("IGrouping<TKey, T>", "IEnumerable<T>"),
    ("Grouping<TKey, T>", "IGrouping<TKey, T>"),
    ("Grouping<TKey, T>", "IList<T>"),
    ("ILookup<TKey, T>", "IEnumerable<IGrouping<TKey, T>>"),
    ("Lookup<TKey, T>", "ILookup<TKey, T>"),
    ("List<T>", "IList<T>"),
    ("List<T>", "IReadOnlyList<T>"),
    ("ReadOnlyCollection<T>", "IList<T>"),
    ("ReadOnlyCollection<T>", "IReadOnlyList<T>"),
    ("Queue<T>", "IReadOnlyCollection<T>"),
    ("Stack<T>", "IReadOnlyCollection<T>"),
    ("HashSet<T>", "ISet<T>"),
    ("HashSet<T>", "IReadOnlyCollection<T>"),
    ("Dictionary<TKey, T>", "IDictionary<TKey, T>"),
    ("Dictionary<TKey, T>", "IReadOnlyDictionary<TKey, T>"),
    ("KeyCollection<TKey, T>", "ICollection<TKey>"),
    ("KeyCollection<TKey, T>", "IReadOnlyCollection<TKey>"),
    ("ValueCollection<TKey, T>", "ICollection<T>"),
    ("ValueCollection<TKey, T>", "IReadOnlyCollection<T>"),
    ("IDictionary<TKey, T>", "ICollection<KeyValuePair<TKey, T>>"),
    ("IReadOnlyDictionary<TKey, T>", "IReadOnlyCollection<KeyValuePair<TKey, T>>"),
    ("IJEnumerable<T>", "IEnumerable<T>"),
    ("JEnumerable<T>", "IJEnumerable<T>"),
    ("JToken", "IJEnumerable<JToken>"),
    ("JContainer", "IList<JToken>"),
    ("JTokenEqualityComparer", "IEqualityComparer<JToken>"),
    ("MatchCollection", "IList<Match>"),
    ("MatchCollection", "IReadOnlyList<Match>"),
    ("GroupCollection", "IList<Group>"),
    ("GroupCollection", "IReadOnlyList<Group>"),
    ("GroupCollection", "IReadOnlyDictionary<string, Group>"),
    ("CaptureCollection", "IList<Capture>"),
    ("CaptureCollection", "IReadOnlyList<Capture>"),
    ("JObject", "IEnumerable<KeyValuePair<string, JToken>>"),
    ("JObject", "IDictionary<string, JToken>"),
    ("StringComparer", "IEqualityComparer<string>"),
    ("StringComparer", "IComparer<string>"),
    ("StringComparer", "IComparer"),
];

const PAIRS: &[Row] = &[
    row("KeyValuePair<TKey, TValue>", "new KeyValuePair<TKey, TValue>(TKey key, TValue value)", new_pair),
    row("KeyValuePair", "static KeyValuePair<TKey, TValue> Create<TKey, TValue>(TKey key, TValue value)", new_pair),
    row("KeyValuePair<TKey, TValue>", "TKey Key", |call| call.state(0, |pair: &mut Pair| pair.key.clone())),
    row("KeyValuePair<TKey, TValue>", "TValue Value", |call| call.state(0, |pair: &mut Pair| pair.value.clone())),
    row("KeyValuePair<TKey, TValue>", "void Deconstruct(out TKey key, out TValue value)", |call| {
        let (key, value) = call.state(0, |pair: &mut Pair| (pair.key.clone(), pair.value.clone()))?;
        call.give(key);
        call.give(value);
        Ok(Value::Null)
    }),
];

fn new_pair(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let ty = pair_type(call.ty(0), call.ty(1));
    Ok(pair(&ty, call.value(0).clone(), call.value(1).clone()))
}

/// `KeyValuePair<K, V>`
pub(crate) fn pair_type(key: Ty, value: Ty) -> Ty {
    Ty::Generic(Class::KeyValuePair, [key, value].into())
}

/// A pair of this type.
pub(crate) fn pair(ty: &Ty, key: Value, value: Value) -> Value {
    Value::Object(Instance::object(ty.clone(), Pair::new(key, value)))
}

/// A new list whose items have the member's first type.
pub(super) fn list(call: &mut Call<'_, '_>, values: Vec<Value>) -> Outcome<Value> {
    list_of(call, call.ty(0), values)
}

/// An array of what a list holds; those of empty ones are one.
pub(super) fn list_array(call: &mut Call<'_, '_>, values: Vec<Value>) -> Outcome<Value> {
    let item = call.ty(0);
    if !values.is_empty() {
        return call.machine.array_of(item, values);
    }
    call.machine.single(Single::ListArray, &item, |machine| machine.array_of(item.clone(), values))
}

/// A new list of items of this type.
pub(super) fn list_of(call: &mut Call<'_, '_>, item: Ty, mut values: Vec<Value>) -> Outcome<Value> {
    call.machine.charge(values.len() * size_of::<Value>())?;
    values.shrink_to_fit();
    call.object(Ty::Generic(Class::List, [item].into()), Items { values, version: 0 })
}

/// Makes room for so many items as .NET does: twice as many as before, or as many as are wanted.
fn make_room(values: &mut Vec<Value>, wanted: usize) {
    let capacity = values.capacity();
    if capacity < wanted {
        let doubled = if capacity == 0 { 4 } else { 2 * capacity };
        values.reserve_exact(doubled.max(wanted) - values.len());
    }
}

/// The items of a collection as they are; every one of them counts as part of a step.
pub(super) fn snapshot(call: &mut Call<'_, '_>, at: usize) -> Outcome<Vec<Value>> {
    let values = match instance::look(call.value(at), |items: &mut Items| items.values.clone()) {
        Some(values) => values,
        None => return call.machine.collect(call.value(at)),
    };
    spend(call, values.len())?;
    Ok(values)
}

/// Counts what is done to so many items at once.
fn spend(call: &mut Call<'_, '_>, items: usize) -> Outcome<()> {
    call.machine.spend(u32::try_from(items / 16).unwrap_or(u32::MAX))
}

/// Refuses a collection that would grow too large, and counts what is put in.
fn grown(call: &mut Call<'_, '_>, length: usize, more: usize) -> Outcome<()> {
    call.machine.charge(more * size_of::<Value>())?;
    if length + more > ITEMS_MAX { Err(items_limit()) } else { Ok(()) }
}

/// Counts a capacity that .NET would reserve: nothing is reserved here before it is needed.
fn not_negative(value: i32, parameter: &'static str) -> Outcome<usize> {
    super::string::not_negative(value, parameter)
}

fn needs_not_negative(value: i32, parameter: &str) -> Outcome<usize> {
    usize::try_from(value).map_err(|_| out_of_range("Non-negative number required.", parameter))
}

fn bad_index(parameter: &str) -> Interrupt {
    out_of_range("Index was out of range. Must be non-negative and less than the size of the collection.", parameter)
}

fn bad_end_index(parameter: &str) -> Interrupt {
    let message = "Index was out of range. Must be non-negative and less than or equal to the size of the collection.";
    out_of_range(message, parameter)
}

fn bad_count() -> Interrupt {
    let message = "Count must be positive and count must refer to a location within the string/array/collection.";
    out_of_range(message, "count")
}

fn bad_range() -> Interrupt {
    let message = "Offset and length were out of bounds for the array or count is greater than the number of elements from index to the end of the source collection.";
    throw("System.ArgumentException", message)
}

/// A part of a collection of this length, by two arguments whose names these are.
fn range(call: &Call<'_, '_>, at: usize, length: usize, names: (&str, &str)) -> Outcome<(usize, usize)> {
    let from = needs_not_negative(call.int(at)?, names.0)?;
    let count = needs_not_negative(call.int(at + 1)?, names.1)?;
    if from > length || count > length - from { Err(bad_range()) } else { Ok((from, count)) }
}

/// Puts items into the array among the arguments, from the index in another; what `CopyTo` of lists and arrays does.
fn copy_into_array(call: &mut Call<'_, '_>, items: Vec<Value>, array: usize, from: i32) -> Outcome<Value> {
    if call.value(array).is_null() {
        return Err(argument_null("destinationArray"));
    }
    let Ok(from) = usize::try_from(from) else {
        let message = format!("destinationIndex ('{from}') must be greater than or equal to '0'.");
        return Err(with_actual(&message, "destinationIndex", from));
    };
    let room = call.state(array, |items: &mut Items| items.values.len())?;
    if from.saturating_add(items.len()) > room {
        let message =
            "Destination array was not long enough. Check the destination index, length, and the array's lower bounds.";
        return Err(argument(message, "destinationArray"));
    }
    place(call, items, array, from)
}

/// Puts values into the array at this place of the arguments.
pub(super) fn place(call: &mut Call<'_, '_>, values: Vec<Value>, array: usize, from: usize) -> Outcome<Value> {
    spend(call, values.len())?;
    let put = |places: &mut [Value]| {
        for (place, value) in places.iter_mut().skip(from).zip(values) {
            *place = value;
        }
        Value::Null
    };
    if instance::look(call.value(array), |_: &mut Grid| ()).is_some() {
        return call.state(array, |grid: &mut Grid| put(&mut grid.values));
    }
    call.state(array, |items: &mut Items| put(&mut items.values))
}

fn with_actual(message: &str, parameter: &str, actual: i32) -> Interrupt {
    let message = format!("{message} (Parameter '{parameter}')\nActual value was {actual}.");
    throw("System.ArgumentOutOfRangeException", message)
}

/// `CopyTo` of queues and stacks.
fn copy_into(call: &mut Call<'_, '_>, items: Vec<Value>, array: usize, index: usize) -> Outcome<Value> {
    if call.value(array).is_null() {
        return Err(argument_null("array"));
    }
    let room = call.state(array, |items: &mut Items| items.values.len())?;
    let index = call.int(index)?;
    let Some(from) = usize::try_from(index).ok().filter(|from| *from <= room) else {
        let message =
            "Index was out of range. Must be non-negative and less than or equal to the size of the collection.";
        return Err(with_actual(message, "arrayIndex", index));
    };
    if items.len() > room - from {
        return Err(bad_range());
    }
    place(call, items, array, from)
}

/// Where the first item stands that is equal to the argument behind the receiver.
fn found(call: &mut Call<'_, '_>) -> Outcome<Option<usize>> {
    let wanted = call.value(1).clone();
    let items = snapshot(call, 0)?;
    Ok(items.iter().position(|value| equal(value, &wanted, Folding::Exact)))
}

fn contains(call: &mut Call<'_, '_>) -> Outcome<Value> {
    Ok(Value::Bool(found(call)?.is_some()))
}

/// What a delegate says of an item.
fn holds(call: &mut Call<'_, '_>, predicate: usize, item: &Value) -> Outcome<bool> {
    Ok(call.invoke(predicate, std::slice::from_ref(item))? == Value::Bool(true))
}

/// How much room .NET makes for what a sequence of so many items gives: exactly enough for a collection, which says how many it
/// has; else room for four, doubled as often as needed.
pub(in crate::expr::bcl) fn room_for(sequence: &Value, count: usize) -> usize {
    if is_counted(sequence) || count == 0 {
        return count;
    }
    count.checked_next_power_of_two().unwrap_or(count).max(4)
}

/// Whether it is an `ICollection<T>`.
pub(in crate::expr::bcl) fn is_counted(sequence: &Value) -> bool {
    if instance::look(sequence, |_: &mut Lazy| ()).is_some() {
        return super::linq::is_list(sequence);
    }
    match sequence {
        Value::String(_) => false,
        Value::Object(object) => {
            !matches!(instance::type_of(object), Some(Ty::Generic(Class::Queue | Class::Stack | Class::Lookup, _)))
        }
        _ => true,
    }
}
