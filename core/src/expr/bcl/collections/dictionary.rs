//! `Dictionary<K, V>`, its keys and its values.

use super::super::string::index;
use super::super::{Call, Row, row};
use super::comparers::comparer;
use super::key::{Folding, equal};
use super::map::{Map, prime};
use super::views::{Part, View};
use super::{grown, needs_not_negative, own_enumerator, place, snapshot};
use crate::expr::Interrupt;
use crate::expr::exception::{Outcome, argument_null, key_not_found, out_of_range, throw};
use crate::expr::instance::{self, Items, Pair};
use crate::expr::ty::{Class, Ty};
use crate::value::Value;

const DICTIONARY: &str = "Dictionary<TKey, TValue>";
const KEYS: &str = "KeyCollection<TKey, TValue>";
const VALUES: &str = "ValueCollection<TKey, TValue>";

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row(DICTIONARY, "new Dictionary<TKey, TValue>()", |call| made(call, 0, &Value::Null)),
    row(DICTIONARY, "new Dictionary<TKey, TValue>(int capacity)", |call| {
        let capacity = sized(call, 0)?;
        made(call, capacity, &Value::Null)
    }),
    row(DICTIONARY, "new Dictionary<TKey, TValue>(IEqualityComparer<TKey> comparer)", |call| {
        made(call, 0, call.value(0))
    }),
    row(DICTIONARY, "new Dictionary<TKey, TValue>(int capacity, IEqualityComparer<TKey> comparer)", |call| {
        let capacity = sized(call, 0)?;
        made(call, capacity, call.value(1))
    }),
    row(DICTIONARY, "new Dictionary<TKey, TValue>(IDictionary<TKey, TValue> dictionary)", |call| {
        copied(call, "dictionary")
    }),
    row(
        DICTIONARY,
        "new Dictionary<TKey, TValue>(IDictionary<TKey, TValue> dictionary, IEqualityComparer<TKey> comparer)",
        |call| copied(call, "dictionary"),
    ),
    row(DICTIONARY, "new Dictionary<TKey, TValue>(IEnumerable<KeyValuePair<TKey, TValue>> collection)", |call| {
        copied(call, "collection")
    }),
    row(
        DICTIONARY,
        "new Dictionary<TKey, TValue>(IEnumerable<KeyValuePair<TKey, TValue>> collection, IEqualityComparer<TKey> comparer)",
        |call| copied(call, "collection"),
    ),
    row(DICTIONARY, "void OnDeserialization(object sender)", |_| Ok(Value::Null)),
    row(DICTIONARY, "int Count", length),
    row(DICTIONARY, "IEqualityComparer<TKey> Comparer", |call| {
        let given = call.state(0, |map: &mut Map| map.comparer.clone())?;
        comparer(call, &given, call.ty(0))
    }),
    row(DICTIONARY, "TValue this[TKey key]", get),
    row(DICTIONARY, "set TValue this[TKey key]", set),
    row(DICTIONARY, "void Add(TKey key, TValue value)", add),
    row(DICTIONARY, "bool TryAdd(TKey key, TValue value)", try_add),
    row(DICTIONARY, "bool ContainsKey(TKey key)", has),
    row(DICTIONARY, "bool ContainsValue(TValue value)", |call| {
        let wanted = call.value(1).clone();
        let values = call.state(0, |map: &mut Map| map.values())?;
        super::spend(call, values.len())?;
        Ok(Value::Bool(values.iter().any(|value| equal(value, &wanted, Folding::Exact))))
    }),
    row(DICTIONARY, "bool TryGetValue(TKey key, out TValue value)", try_get),
    row(DICTIONARY, "bool Remove(TKey key)", remove),
    row(DICTIONARY, "bool Remove(TKey key, out TValue value)", take),
    row(DICTIONARY, "void Clear()", clear),
    row(DICTIONARY, "int EnsureCapacity(int capacity)", ensure),
    row(DICTIONARY, "void TrimExcess()", |call| {
        call.state(0, |map: &mut Map| {
            trim(map, map.len());
            Value::Null
        })
    }),
    row(DICTIONARY, "void TrimExcess(int capacity)", |call| {
        let wanted = call.int(1)?;
        call.state(0, |map: &mut Map| match usize::try_from(wanted).ok().filter(|wanted| *wanted >= map.len()) {
            Some(wanted) => {
                trim(map, wanted);
                Ok(Value::Null)
            }
            None => Err(bad_capacity()),
        })?
    }),
    row(DICTIONARY, "KeyCollection<TKey, TValue> Keys", |call| view(call, Class::KeyCollection, Part::Keys)),
    row(DICTIONARY, "ValueCollection<TKey, TValue> Values", |call| view(call, Class::ValueCollection, Part::Values)),
    row(DICTIONARY, "this TValue GetValueOrDefault(TKey key)", get_or_default),
    row(DICTIONARY, "this TValue GetValueOrDefault(TKey key, TValue defaultValue)", get_or_default),
    row(DICTIONARY, "Dictionary<TKey, TValue>.Enumerator GetEnumerator()", own_enumerator),
    row(KEYS, "int Count", viewed),
    row(KEYS, "bool Contains(TKey item)", |call| {
        let (map, _) = source(call)?;
        if call.value(1).is_null() {
            return Err(argument_null("key"));
        }
        Ok(Value::Bool(instance::state(&map, |map: &mut Map| map.contains(call.value(1)))?))
    }),
    row(KEYS, "void CopyTo(TKey[] array, int index)", |call| copy_entries(call, "index")),
    row(KEYS, "Dictionary<TKey, TValue>.KeyCollection.Enumerator GetEnumerator()", own_enumerator),
    row(VALUES, "int Count", viewed),
    row(VALUES, "void CopyTo(TValue[] array, int index)", |call| copy_entries(call, "index")),
    row(VALUES, "Dictionary<TKey, TValue>.ValueCollection.Enumerator GetEnumerator()", own_enumerator),
];

/// Adds an entry unless there is one.
pub(super) fn try_add(call: &mut Call<'_, '_>) -> Outcome<Value> {
    not_null(call, 1)?;
    more(call)?;
    let (key, value) = (call.value(1).clone(), call.value(2).clone());
    call.state(0, |map: &mut Map| Value::Bool(map.insert(key, value, false)))
}

/// Removes an entry and gives it.
pub(super) fn take(call: &mut Call<'_, '_>) -> Outcome<Value> {
    not_null(call, 1)?;
    let key = call.value(1).clone();
    let removed = call.state(0, |map: &mut Map| map.remove(&key))?;
    let was_there = removed.is_some();
    let default = call.ty(1).default_value().unwrap_or(Value::Null);
    call.give(removed.unwrap_or(default));
    Ok(Value::Bool(was_there))
}

fn made(call: &mut Call<'_, '_>, capacity: usize, comparer: &Value) -> Outcome<Value> {
    let ty = Ty::Generic(Class::Dictionary, [call.ty(0), call.ty(1)].into());
    let mut map = Map::new(ty.clone(), comparer);
    map.capacity = if capacity == 0 { 0 } else { prime(capacity) };
    call.object(ty, map)
}

fn bad_capacity() -> Interrupt {
    out_of_range("Specified argument was out of the range of valid values.", "capacity")
}

/// A capacity among the arguments.
pub(super) fn sized(call: &Call<'_, '_>, at: usize) -> Outcome<usize> {
    usize::try_from(call.int(at)?).map_err(|_| bad_capacity())
}

fn copied(call: &mut Call<'_, '_>, parameter: &str) -> Outcome<Value> {
    if call.value(0).is_null() {
        return Err(argument_null(parameter));
    }
    let pairs = call.machine.collect(&super::as_pairs(call.value(0).clone()))?;
    let made = made(call, pairs.len(), call.value(1))?;
    for pair in pairs {
        let (key, value) = instance::state(&pair, |pair: &mut Pair| (pair.key.clone(), pair.value.clone()))?;
        put(&made, key, value)?;
    }
    Ok(made)
}

/// Adds an entry; one that is there already throws.
pub(in crate::expr::bcl) fn put(map: &Value, key: Value, value: Value) -> Outcome<()> {
    if key.is_null() {
        return Err(argument_null("key"));
    }
    let shown = key.to_string();
    let is_new = instance::state(map, |map: &mut Map| map.insert(key, value, false))?;
    if is_new {
        return Ok(());
    }
    let message = format!("An item with the same key has already been added. Key: {shown}");
    Err(throw("System.ArgumentException", message))
}

fn not_null(call: &Call<'_, '_>, at: usize) -> Outcome<()> {
    if call.value(at).is_null() { Err(argument_null("key")) } else { Ok(()) }
}

/// Counts one more entry.
pub(super) fn more(call: &mut Call<'_, '_>) -> Outcome<()> {
    let length = call.state(0, |map: &mut Map| map.len())?;
    grown(call, length, 4)
}

pub(super) fn length(call: &mut Call<'_, '_>) -> Outcome<Value> {
    call.state(0, |map: &mut Map| index(map.len()))
}

pub(super) fn get(call: &mut Call<'_, '_>) -> Outcome<Value> {
    not_null(call, 1)?;
    let key = call.value(1);
    call.state(0, |map: &mut Map| map.get(key))?.ok_or_else(|| key_not_found(&key.to_string()))
}

pub(super) fn set(call: &mut Call<'_, '_>) -> Outcome<Value> {
    not_null(call, 1)?;
    more(call)?;
    let (key, value) = (call.value(1).clone(), call.value(2).clone());
    call.state(0, |map: &mut Map| {
        map.insert(key, value, true);
        Value::Null
    })
}

pub(super) fn add(call: &mut Call<'_, '_>) -> Outcome<Value> {
    more(call)?;
    put(call.value(0), call.value(1).clone(), call.value(2).clone())?;
    Ok(Value::Null)
}

pub(super) fn has(call: &mut Call<'_, '_>) -> Outcome<Value> {
    not_null(call, 1)?;
    let key = call.value(1);
    call.state(0, |map: &mut Map| Value::Bool(map.contains(key)))
}

pub(super) fn try_get(call: &mut Call<'_, '_>) -> Outcome<Value> {
    not_null(call, 1)?;
    let key = call.value(1);
    let found = call.state(0, |map: &mut Map| map.get(key))?;
    let is_there = found.is_some();
    let default = call.ty(1).default_value().unwrap_or(Value::Null);
    call.give(found.unwrap_or(default));
    Ok(Value::Bool(is_there))
}

pub(super) fn remove(call: &mut Call<'_, '_>) -> Outcome<Value> {
    not_null(call, 1)?;
    let key = call.value(1).clone();
    call.state(0, |map: &mut Map| Value::Bool(map.remove(&key).is_some()))
}

pub(super) fn clear(call: &mut Call<'_, '_>) -> Outcome<Value> {
    call.state(0, |map: &mut Map| {
        map.clear_all();
        Value::Null
    })
}

/// What the dictionary holds under the key; nothing at all when the value is no dictionary.
pub(in crate::expr::bcl) fn lookup(dictionary: &Value, key: &Value) -> Option<Option<Value>> {
    instance::look(dictionary, |map: &mut Map| map.get(key))
}

pub(super) fn get_or_default(call: &mut Call<'_, '_>) -> Outcome<Value> {
    if call.value(0).is_null() {
        return Err(argument_null("dictionary"));
    }
    not_null(call, 1)?;
    let key = call.value(1);
    let default = match call.arguments.get(2) {
        Some(default) => default.clone(),
        None => call.ty(1).default_value().unwrap_or(Value::Null),
    };
    Ok(call.state(0, |map: &mut Map| map.get(key))?.unwrap_or(default))
}

pub(super) fn ensure(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let wanted = sized(call, 1)?;
    call.state(0, |map: &mut Map| {
        if map.is_dictionary() {
            map.version = map.version.wrapping_add(1);
        }
        if map.capacity < wanted {
            map.capacity = prime(wanted);
        }
        index(map.capacity)
    })
}

/// Closes the gaps when the table is larger than it need be.
pub(super) fn trim(map: &mut Map, wanted: usize) {
    let capacity = prime(wanted);
    if capacity < map.capacity {
        map.resized(capacity);
    }
}

fn view(call: &mut Call<'_, '_>, class: Class, part: Part) -> Outcome<Value> {
    let view = View { source: call.value(0).clone(), part };
    call.object(Ty::Generic(class, [call.ty(0), call.ty(1)].into()), view)
}

/// What a view shows, and of which collection.
pub(super) fn source(call: &Call<'_, '_>) -> Outcome<(Value, Part)> {
    call.state(0, |view: &mut View| (view.source.clone(), view.part))
}

fn viewed(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let (map, _) = source(call)?;
    instance::state(&map, |map: &mut Map| index(map.len()))
}

/// `CopyTo` of a dictionary, and of its keys and values.
pub(super) fn copy_entries(call: &mut Call<'_, '_>, parameter: &str) -> Outcome<Value> {
    if call.value(1).is_null() {
        return Err(argument_null("array"));
    }
    let room = call.state(1, |items: &mut Items| items.values.len())?;
    let from = needs_not_negative(call.int(2)?, parameter)?;
    if from > room {
        return Err(out_of_range("Non-negative number required.", parameter));
    }
    let items = snapshot(call, 0)?;
    if items.len() > room - from {
        return Err(too_short());
    }
    place(call, items, 1, from)
}

pub(super) fn too_short() -> Interrupt {
    let message =
        "Destination array is not long enough to copy all the items in the collection. Check array index and length.";
    throw("System.ArgumentException", message)
}
