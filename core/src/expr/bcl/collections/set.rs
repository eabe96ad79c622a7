//! `HashSet<T>` and `ISet<T>`.

use std::collections::BTreeSet;

use super::super::string::index;
use super::super::{Call, Row, row};
use super::comparers::comparer;
use super::dictionary::{clear, ensure, length, more, sized, too_short, trim};
use super::key::{Folding, Key, SetComparer, key_of};
use super::map::{Map, prime};
use super::{holds, not_negative, own_enumerator, place, snapshot};
use crate::expr::exception::{Outcome, argument_null};
use crate::expr::instance::{self, Items};
use crate::expr::ty::{Class, Ty};
use crate::value::Value;

const SET: &str = "HashSet<T>";
const ISET: &str = "ISet<T>";

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row(SET, "new HashSet<T>()", |call| set_of(call, Vec::new(), &Value::Null)),
    row(SET, "new HashSet<T>(int capacity)", |call| {
        let capacity = sized(call, 0)?;
        with_capacity(call, capacity, &Value::Null)
    }),
    row(SET, "new HashSet<T>(int capacity, IEqualityComparer<T> comparer)", |call| {
        let capacity = sized(call, 0)?;
        with_capacity(call, capacity, call.value(1))
    }),
    row(SET, "new HashSet<T>(IEqualityComparer<T> comparer)", |call| set_of(call, Vec::new(), call.value(0))),
    row(SET, "new HashSet<T>(IEnumerable<T> collection)", of_items),
    row(SET, "new HashSet<T>(IEnumerable<T> collection, IEqualityComparer<T> comparer)", of_items),
    row(SET, "int Count", length),
    row(SET, "IEqualityComparer<T> Comparer", |call| {
        let given = call.state(0, |map: &mut Map| map.comparer.clone())?;
        comparer(call, &given, call.ty(0))
    }),
    row(SET, "static IEqualityComparer<HashSet<T>> CreateSetComparer()", |call| {
        let set = Ty::Generic(Class::HashSet, [call.ty(0)].into());
        call.object(Ty::Generic(Class::IEqualityComparer, [set].into()), SetComparer)
    }),
    row(SET, "void OnDeserialization(object sender)", |_| Ok(Value::Null)),
    row(SET, "bool Add(T item)", add),
    row(ISET, "bool Add(T item)", add),
    row(SET, "bool Contains(T item)", has),
    row(SET, "bool Remove(T item)", remove),
    row(SET, "void Clear()", clear),
    row(SET, "bool TryGetValue(T equalValue, out T actualValue)", |call| {
        let found = call.state(0, |map: &mut Map| map.stored(call.value(1)))?;
        let is_there = found.is_some();
        let default = call.ty(0).default_value().unwrap_or(Value::Null);
        call.give(found.unwrap_or(default));
        Ok(Value::Bool(is_there))
    }),
    row(SET, "int RemoveWhere(Predicate<T> match)", |call| {
        if call.value(1).is_null() {
            return Err(argument_null("match"));
        }
        let mut removed = 0;
        for item in snapshot(call, 0)? {
            if holds(call, 1, &item)? && call.state(0, |map: &mut Map| map.remove(&item))?.is_some() {
                removed += 1;
            }
        }
        Ok(index(removed))
    }),
    row(SET, "int EnsureCapacity(int capacity)", ensure),
    row(SET, "void TrimExcess()", |call| {
        call.state(0, |map: &mut Map| {
            trim(map, map.len());
            Value::Null
        })
    }),
    row(SET, "void CopyTo(T[] array)", |call| copy_to(call, 0, None)),
    row(SET, "void CopyTo(T[] array, int arrayIndex)", |call| copy_to(call, call.int(2)?, None)),
    row(SET, "void CopyTo(T[] array, int arrayIndex, int count)", |call| {
        copy_to(call, call.int(2)?, Some(call.int(3)?))
    }),
    row(SET, "HashSet<T>.Enumerator GetEnumerator()", own_enumerator),
    row(SET, "void UnionWith(IEnumerable<T> other)", union_with),
    row(ISET, "void UnionWith(IEnumerable<T> other)", union_with),
    row(SET, "void ExceptWith(IEnumerable<T> other)", except_with),
    row(ISET, "void ExceptWith(IEnumerable<T> other)", except_with),
    row(SET, "void IntersectWith(IEnumerable<T> other)", intersect_with),
    row(ISET, "void IntersectWith(IEnumerable<T> other)", intersect_with),
    row(SET, "void SymmetricExceptWith(IEnumerable<T> other)", symmetric_except_with),
    row(ISET, "void SymmetricExceptWith(IEnumerable<T> other)", symmetric_except_with),
    row(SET, "bool Overlaps(IEnumerable<T> other)", overlaps),
    row(ISET, "bool Overlaps(IEnumerable<T> other)", overlaps),
    row(SET, "bool IsSupersetOf(IEnumerable<T> other)", |call| related(call, Relation::Superset)),
    row(ISET, "bool IsSupersetOf(IEnumerable<T> other)", |call| related(call, Relation::Superset)),
    row(SET, "bool IsSubsetOf(IEnumerable<T> other)", |call| related(call, Relation::Subset)),
    row(ISET, "bool IsSubsetOf(IEnumerable<T> other)", |call| related(call, Relation::Subset)),
    row(SET, "bool IsProperSupersetOf(IEnumerable<T> other)", |call| related(call, Relation::ProperSuperset)),
    row(ISET, "bool IsProperSupersetOf(IEnumerable<T> other)", |call| related(call, Relation::ProperSuperset)),
    row(SET, "bool IsProperSubsetOf(IEnumerable<T> other)", |call| related(call, Relation::ProperSubset)),
    row(ISET, "bool IsProperSubsetOf(IEnumerable<T> other)", |call| related(call, Relation::ProperSubset)),
    row(SET, "bool SetEquals(IEnumerable<T> other)", |call| related(call, Relation::Equal)),
    row(ISET, "bool SetEquals(IEnumerable<T> other)", |call| related(call, Relation::Equal)),
];

fn empty(call: &Call<'_, '_>, comparer: &Value) -> (Ty, Map) {
    let ty = Ty::Generic(Class::HashSet, [call.ty(0)].into());
    (ty.clone(), Map::new(ty, comparer))
}

fn with_capacity(call: &mut Call<'_, '_>, capacity: usize, comparer: &Value) -> Outcome<Value> {
    let (ty, mut map) = empty(call, comparer);
    map.capacity = if capacity == 0 { 0 } else { prime(capacity) };
    call.object(ty, map)
}

/// A new set of the member's first type, of the items of its first argument.
pub(in crate::expr::bcl) fn set_of(call: &mut Call<'_, '_>, items: Vec<Value>, comparer: &Value) -> Outcome<Value> {
    let is_counted = super::is_counted(call.value(0));
    call.machine.charge(4 * items.len() * size_of::<Value>())?;
    let (ty, mut map) = empty(call, comparer);
    map.capacity = if items.is_empty() || !is_counted { 0 } else { prime(items.len()) };
    for item in items {
        map.insert(item, Value::Null, false);
    }
    // .NET shrinks a set that many duplicates went into.
    if map.len() > 0 && map.capacity / map.len() > 3 {
        let length = map.len();
        trim(&mut map, length);
    }
    call.object(ty, map)
}

fn of_items(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let comparer = call.value(1).clone();
    let (ty, mut map) = empty(call, &comparer);
    let is_copy = instance::look(call.value(0), |other: &mut Map| {
        let same = !other.is_dictionary() && other.folding == map.folding;
        if same {
            map.copied(other);
        }
        same
    });
    if is_copy == Some(true) {
        call.machine.charge(4 * map.len() * size_of::<Value>())?;
        return call.object(ty, map);
    }
    let items = call.items(0, "collection")?;
    set_of(call, items, &comparer)
}

pub(super) fn add(call: &mut Call<'_, '_>) -> Outcome<Value> {
    more(call)?;
    let item = call.value(1).clone();
    call.state(0, |map: &mut Map| Value::Bool(map.insert(item, Value::Null, false)))
}

pub(super) fn has(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let item = call.value(1).clone();
    call.state(0, |map: &mut Map| Value::Bool(map.contains(&item)))
}

pub(super) fn remove(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let item = call.value(1).clone();
    call.state(0, |map: &mut Map| Value::Bool(map.remove(&item).is_some()))
}

pub(super) fn copy_to(call: &mut Call<'_, '_>, from: i32, count: Option<i32>) -> Outcome<Value> {
    if call.value(1).is_null() {
        return Err(argument_null("array"));
    }
    let room = call.state(1, |items: &mut Items| items.values.len())?;
    let items = snapshot(call, 0)?;
    let from = not_negative(from, "arrayIndex")?;
    let count = match count {
        Some(count) => not_negative(count, "count")?,
        None => items.len(),
    };
    if from > room || count > room - from {
        return Err(too_short());
    }
    place(call, items.into_iter().take(count).collect(), 1, from)
}

// Whether the argument is the very set that is changed.
fn is_same(call: &Call<'_, '_>) -> bool {
    matches!((call.value(0), call.value(1)), (Value::Object(a), Value::Object(b)) if a.is_same(b))
}

fn union_with(call: &mut Call<'_, '_>) -> Outcome<Value> {
    for item in call.items(1, "other")? {
        more(call)?;
        call.state(0, |map: &mut Map| map.insert(item, Value::Null, false))?;
    }
    Ok(Value::Null)
}

fn except_with(call: &mut Call<'_, '_>) -> Outcome<Value> {
    if others_length(call)? == 0 {
        return Ok(Value::Null);
    }
    let other = call.items(1, "other")?;
    if is_same(call) {
        return clear(call);
    }
    call.state(0, |map: &mut Map| {
        for item in &other {
            map.remove(item);
        }
        Value::Null
    })
}

fn intersect_with(call: &mut Call<'_, '_>) -> Outcome<Value> {
    if others_length(call)? == 0 {
        return Ok(Value::Null);
    }
    let (other, folding) = compared(call)?;
    if other.is_empty() {
        return clear(call);
    }
    call.state(0, |map: &mut Map| {
        for item in map.keys() {
            if !other.contains(&key_of(&item, folding)) {
                map.remove(&item);
            }
        }
        Value::Null
    })
}

fn symmetric_except_with(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let other = call.items(1, "other")?;
    if is_same(call) {
        return clear(call);
    }
    let folding = call.state(0, |map: &mut Map| map.folding)?;
    let is_set = instance::look(call.value(1), |other: &mut Map| !other.is_dictionary() && other.folding == folding);
    for _ in &other {
        more(call)?;
    }
    call.state(0, |map: &mut Map| {
        if is_set == Some(true) {
            for item in other {
                if map.remove(&item).is_none() {
                    map.insert(item, Value::Null, false);
                }
            }
            return Value::Null;
        }
        // What comes twice is removed once: additions first, then removals.
        let originally = map.places();
        let (mut added, mut removed) = (BTreeSet::new(), BTreeSet::new());
        for item in other {
            let is_new = map.insert(item.clone(), Value::Null, false);
            let Some(place) = map.place_of(&item) else { continue };
            if is_new {
                added.insert(place);
            } else if place < originally && !added.contains(&place) {
                removed.insert(place);
            }
        }
        for place in removed {
            if let Some((item, _)) = map.at(place).cloned() {
                map.remove(&item);
            }
        }
        Value::Null
    })
}

fn overlaps(call: &mut Call<'_, '_>) -> Outcome<Value> {
    Ok(Value::Bool(others_length(call)? > 0 && is_found(call, |is_own| is_own)?))
}

fn compared(call: &mut Call<'_, '_>) -> Outcome<(BTreeSet<Key>, Folding)> {
    let items = call.items(1, "other")?;
    let folding = call.state(0, |map: &mut Map| map.folding)?;
    Ok((items.iter().map(|item| key_of(item, folding)).collect(), folding))
}

/// How a set stands to another.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Relation {
    Equal,
    Subset,
    ProperSubset,
    Superset,
    ProperSuperset,
}

fn related(call: &mut Call<'_, '_>, relation: Relation) -> Outcome<Value> {
    let length = others_length(call)?;
    let is_so = match relation {
        Relation::Subset if length == 0 => true,
        Relation::ProperSuperset if length == 0 => false,
        Relation::Equal | Relation::Subset | Relation::Superset if is_same(call) => true,
        Relation::ProperSubset | Relation::ProperSuperset if is_same(call) => false,
        // Of what else is compared with nothing, it is enough to know whether there is anything.
        Relation::Equal | Relation::ProperSubset if length == 0 => {
            is_found(call, |_| true)? == (relation == Relation::ProperSubset)
        }
        Relation::Superset => !is_found(call, |is_own| !is_own)?,
        Relation::Equal | Relation::ProperSuperset => {
            let mut own = BTreeSet::new();
            let has_foreign = each(call, |is_own, key| {
                own.insert(key);
                !is_own
            })?;
            !has_foreign && (own.len() == length) == (relation == Relation::Equal)
        }
        Relation::Subset | Relation::ProperSubset => {
            let (mut own, mut has_foreign) = (BTreeSet::new(), false);
            each(call, |is_own, key| {
                if is_own {
                    own.insert(key);
                }
                has_foreign |= !is_own;
                false
            })?;
            own.len() == length && (has_foreign || relation == Relation::Subset)
        }
    };
    Ok(Value::Bool(is_so))
}

// How many items the set has, once it is sure that there is another one.
fn others_length(call: &Call<'_, '_>) -> Outcome<usize> {
    if call.value(1).is_null() {
        return Err(argument_null("other"));
    }
    call.state(0, |map: &mut Map| map.len())
}

// Looks at the items of the other one until it is enough: whether the set has the item, and its key.
fn each(call: &mut Call<'_, '_>, mut is_enough: impl FnMut(bool, Key) -> bool) -> Outcome<bool> {
    let mut cursor = call.machine.cursor(call.value(1))?;
    while let Some(item) = call.machine.advance(&mut *cursor)? {
        let (is_own, key) = call.state(0, |map: &mut Map| (map.contains(&item), key_of(&item, map.folding)))?;
        if is_enough(is_own, key) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_found(call: &mut Call<'_, '_>, is_it: fn(bool) -> bool) -> Outcome<bool> {
    each(call, |is_own, _| is_it(is_own))
}
