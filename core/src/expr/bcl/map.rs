//! `Dictionary` and `HashSet`, in the order in which .NET shows them: as added, with freed places filled again, last freed first.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Call, Row, collection, row};
use crate::expr::eval::items_limit;
use crate::expr::exception::{Outcome, argument_null, key_not_found, throw};
use crate::expr::instance::{self, Pair, Record, State};
use crate::expr::limits::ITEMS_MAX;
use crate::expr::ty::{Class, Ty};
use crate::value::{Library, Value};

/// A value as a key: what is `Equals` is the same key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Null,
    Bool(bool),
    Char(u16),
    /// The kind of number, and its value.
    Whole(u8, i128),
    Real(u8, u64),
    Decimal(crate::value::Decimal),
    Text(Arc<str>),
    Guid(u128),
    Ticks(u8, i64),
    Enum(&'static str, i32),
    Members(Vec<Key>),
    /// An object without an `Equals` of its own.
    Identity(usize),
    Shown(String),
}

/// How the texts among keys compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Folding {
    Exact,
    IgnoreCase,
}

impl Folding {
    /// That of an `IEqualityComparer<T>` argument.
    pub(crate) fn of(comparer: &Value) -> Self {
        match comparer {
            Value::Library(Library::StringComparer(comparison)) if comparison.ignores_case() => Self::IgnoreCase,
            _ => Self::Exact,
        }
    }
}

/// The key that a value is.
pub(crate) fn key_of(value: &Value, folding: Folding) -> Key {
    let whole = |kind: u8, number: i128| Key::Whole(kind, number);
    match value {
        Value::Null => Key::Null,
        Value::Bool(value) => Key::Bool(*value),
        Value::Char(unit) => Key::Char(*unit),
        Value::SByte(number) => whole(0, i128::from(*number)),
        Value::Byte(number) => whole(1, i128::from(*number)),
        Value::Int16(number) => whole(2, i128::from(*number)),
        Value::UInt16(number) => whole(3, i128::from(*number)),
        Value::Int32(number) => whole(4, i128::from(*number)),
        Value::UInt32(number) => whole(5, i128::from(*number)),
        Value::Int64(number) => whole(6, i128::from(*number)),
        Value::UInt64(number) => whole(7, i128::from(*number)),
        // Both zeros are one key, and so is every NaN.
        Value::Single(number) => Key::Real(0, if *number == 0.0 { 0 } else { u64::from(number.to_bits()) }),
        Value::Double(number) => Key::Real(1, if *number == 0.0 { 0 } else { number.to_bits() }),
        Value::Decimal(number) => Key::Decimal(*number),
        Value::String(text) => match folding {
            Folding::Exact => Key::Text(Arc::clone(text)),
            Folding::IgnoreCase => Key::Text(text.chars().map(super::utf16::upper).collect::<String>().into()),
        },
        Value::Guid(guid) => Key::Guid(guid.0),
        Value::DateTime(moment) => Key::Ticks(0, moment.ticks()),
        Value::TimeSpan(span) => Key::Ticks(1, span.0),
        Value::DateTimeOffset(moment) => Key::Ticks(2, moment.utc_ticks()),
        // A `JValue` is equal by what it holds, though not to that; other tokens are only themselves.
        Value::Json(token) => match token.held() {
            Some(held) => Key::Members(vec![Key::Null, key_of(&held, Folding::Exact)]),
            None => Key::Identity(token.identity()),
        },
        Value::Enum(value) => Key::Enum(value.of.name, value.number),
        Value::Object(object) => {
            let members = instance::look(value, |record: &mut Record| record.0.clone())
                .or_else(|| instance::look(value, |pair: &mut Pair| vec![pair.key.clone(), pair.value.clone()]));
            match members {
                Some(members) => Key::Members(members.iter().map(|member| key_of(member, folding)).collect()),
                None => Key::Identity(object.identity()),
            }
        }
        Value::Library(Library::StringBuilder(text) | Library::StringWriter(text) | Library::StringReader(text)) => {
            Key::Identity(Arc::as_ptr(text).addr())
        }
        // Neither the fragment nor the user makes another address.
        Value::Library(Library::Uri(uri)) => Key::Shown(uri.compared()),
        other => Key::Shown(format!("{other:?}")),
    }
}

/// The entries of a dictionary, or the items of a set, whose values are then null.
#[derive(Debug)]
pub(crate) struct Map {
    entries: Vec<Option<(Value, Value)>>,
    free: Vec<usize>,
    index: BTreeMap<Key, usize>,
    folding: Folding,
    version: u32,
    ty: Ty,
}

impl Map {
    /// An empty one; `ty` is its own type.
    pub(crate) fn new(ty: Ty, folding: Folding) -> Self {
        Self { entries: Vec::new(), free: Vec::new(), index: BTreeMap::new(), folding, version: 0, ty }
    }

    pub(crate) fn get(&self, key: &Value) -> Option<Value> {
        let at = self.index.get(&key_of(key, self.folding))?;
        self.entries.get(*at)?.as_ref().map(|(_, value)| value.clone())
    }

    pub(crate) fn contains(&self, key: &Value) -> bool {
        self.index.contains_key(&key_of(key, self.folding))
    }

    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    /// False when the key is there already; the value is then replaced or left.
    pub(crate) fn insert(&mut self, key: Value, value: Value, replace: bool) -> bool {
        let found = key_of(&key, self.folding);
        if let Some(at) = self.index.get(&found) {
            if let (true, Some(Some((_, place)))) = (replace, self.entries.get_mut(*at)) {
                *place = value;
            }
            return false;
        }
        let at = match self.free.pop() {
            Some(at) => at,
            None => {
                self.entries.push(None);
                self.entries.len() - 1
            }
        };
        if let Some(place) = self.entries.get_mut(at) {
            *place = Some((key, value));
        }
        self.index.insert(found, at);
        self.version = self.version.wrapping_add(1);
        true
    }

    /// The value that was there.
    pub(crate) fn remove(&mut self, key: &Value) -> Option<Value> {
        let at = self.index.remove(&key_of(key, self.folding))?;
        self.free.push(at);
        self.entries.get_mut(at)?.take().map(|(_, value)| value)
    }

    fn clear_all(&mut self) {
        self.entries = Vec::new();
        self.free = Vec::new();
        self.index = BTreeMap::new();
        self.version = self.version.wrapping_add(1);
    }

    pub(crate) fn keys(&self) -> Vec<Value> {
        self.entries.iter().flatten().map(|(key, _)| key.clone()).collect()
    }

    pub(crate) fn values(&self) -> Vec<Value> {
        self.entries.iter().flatten().map(|(_, value)| value.clone()).collect()
    }
}

impl State for Map {
    fn children(&self) -> Vec<Value> {
        self.entries.iter().flatten().flat_map(|(key, value)| [key.clone(), value.clone()]).collect()
    }

    fn clear(&mut self) {
        self.clear_all();
    }

    fn items(&self) -> Option<Vec<Value>> {
        let Ty::Generic(Class::Dictionary, types) = &self.ty else { return Some(self.keys()) };
        let ty = collection::pair_type(
            types.first().cloned().unwrap_or(Ty::Object),
            types.get(1).cloned().unwrap_or(Ty::Object),
        );
        let pairs = self.entries.iter().flatten();
        Some(pairs.map(|(key, value)| collection::pair(&ty, key.clone(), value.clone())).collect())
    }
}

pub(super) const ROWS: &[Row] = &[
    row("Dictionary<TKey, TValue>", "new Dictionary<TKey, TValue>()", |call| dictionary(call, Folding::Exact)),
    row("Dictionary<TKey, TValue>", "new Dictionary<TKey, TValue>(int capacity)", |call| {
        dictionary(call, Folding::Exact)
    }),
    row("Dictionary<TKey, TValue>", "new Dictionary<TKey, TValue>(IEqualityComparer<TKey> comparer)", |call| {
        dictionary(call, Folding::of(call.value(0)))
    }),
    row("Dictionary<TKey, TValue>", "new Dictionary<TKey, TValue>(IDictionary<TKey, TValue> dictionary)", copied),
    row(
        "Dictionary<TKey, TValue>",
        "new Dictionary<TKey, TValue>(IDictionary<TKey, TValue> dictionary, IEqualityComparer<TKey> comparer)",
        copied,
    ),
    row("Dictionary<TKey, TValue>", "int Count", length),
    row("IDictionary<TKey, TValue>", "int Count", length),
    row("Dictionary<TKey, TValue>", "TValue this[TKey key]", get),
    row("IDictionary<TKey, TValue>", "TValue this[TKey key]", get),
    row("Dictionary<TKey, TValue>", "set TValue this[TKey key]", set),
    row("IDictionary<TKey, TValue>", "set TValue this[TKey key]", set),
    row("Dictionary<TKey, TValue>", "void Add(TKey key, TValue value)", add),
    row("IDictionary<TKey, TValue>", "void Add(TKey key, TValue value)", add),
    row("Dictionary<TKey, TValue>", "bool TryAdd(TKey key, TValue value)", |call| {
        not_null(call, 1)?;
        grown(call)?;
        let (key, value) = (call.value(1).clone(), call.value(2).clone());
        call.state(0, |map: &mut Map| Value::Bool(map.insert(key, value, false)))
    }),
    row("Dictionary<TKey, TValue>", "bool ContainsKey(TKey key)", has),
    row("IDictionary<TKey, TValue>", "bool ContainsKey(TKey key)", has),
    row("Dictionary<TKey, TValue>", "bool ContainsValue(TValue value)", |call| {
        let wanted = call.value(1).clone();
        let values = call.state(0, |map: &mut Map| map.values())?;
        Ok(Value::Bool(values.contains(&wanted)))
    }),
    row("Dictionary<TKey, TValue>", "bool TryGetValue(TKey key, out TValue value)", try_get),
    row("IDictionary<TKey, TValue>", "bool TryGetValue(TKey key, out TValue value)", try_get),
    row("Dictionary<TKey, TValue>", "bool Remove(TKey key)", |call| {
        not_null(call, 1)?;
        let key = call.value(1).clone();
        call.state(0, |map: &mut Map| Value::Bool(map.remove(&key).is_some()))
    }),
    row("IDictionary<TKey, TValue>", "bool Remove(TKey key)", |call| {
        not_null(call, 1)?;
        let key = call.value(1).clone();
        call.state(0, |map: &mut Map| Value::Bool(map.remove(&key).is_some()))
    }),
    row("Dictionary<TKey, TValue>", "void Clear()", |call| {
        call.state(0, |map: &mut Map| {
            map.clear_all();
            Value::Null
        })
    }),
    row("Dictionary<TKey, TValue>", "ICollection<TKey> Keys", keys),
    row("IDictionary<TKey, TValue>", "ICollection<TKey> Keys", keys),
    row("Dictionary<TKey, TValue>", "ICollection<TValue> Values", values),
    row("IDictionary<TKey, TValue>", "ICollection<TValue> Values", values),
    row("Dictionary<TKey, TValue>", "TValue GetValueOrDefault(TKey key)", get_or_default),
    row("Dictionary<TKey, TValue>", "TValue GetValueOrDefault(TKey key, TValue defaultValue)", get_or_default),
    row("HashSet<T>", "new HashSet<T>()", |call| set_of(call, Vec::new(), Folding::Exact)),
    row("HashSet<T>", "new HashSet<T>(IEqualityComparer<T> comparer)", |call| {
        let folding = Folding::of(call.value(0));
        set_of(call, Vec::new(), folding)
    }),
    row("HashSet<T>", "new HashSet<T>(IEnumerable<T> collection)", |call| {
        let items = call.items(0, "collection")?;
        set_of(call, items, Folding::Exact)
    }),
    row("HashSet<T>", "new HashSet<T>(IEnumerable<T> collection, IEqualityComparer<T> comparer)", |call| {
        let folding = Folding::of(call.value(1));
        let items = call.items(0, "collection")?;
        set_of(call, items, folding)
    }),
    row("HashSet<T>", "int Count", length),
    row("HashSet<T>", "bool Add(T item)", |call| {
        grown(call)?;
        let item = call.value(1).clone();
        call.state(0, |map: &mut Map| Value::Bool(map.insert(item, Value::Null, false)))
    }),
    row("HashSet<T>", "bool Contains(T item)", |call| {
        let item = call.value(1).clone();
        call.state(0, |map: &mut Map| Value::Bool(map.contains(&item)))
    }),
    row("HashSet<T>", "bool Remove(T item)", |call| {
        let item = call.value(1).clone();
        call.state(0, |map: &mut Map| Value::Bool(map.remove(&item).is_some()))
    }),
    row("HashSet<T>", "void Clear()", |call| {
        call.state(0, |map: &mut Map| {
            map.clear_all();
            Value::Null
        })
    }),
    row("HashSet<T>", "void UnionWith(IEnumerable<T> other)", |call| {
        for item in call.items(1, "other")? {
            grown(call)?;
            call.state(0, |map: &mut Map| map.insert(item, Value::Null, false))?;
        }
        Ok(Value::Null)
    }),
    row("HashSet<T>", "void ExceptWith(IEnumerable<T> other)", |call| {
        let other = call.items(1, "other")?;
        call.state(0, |map: &mut Map| {
            for item in &other {
                map.remove(item);
            }
            Value::Null
        })
    }),
    row("HashSet<T>", "void IntersectWith(IEnumerable<T> other)", |call| {
        let (other, folding) = compared(call)?;
        call.state(0, |map: &mut Map| {
            for item in map.keys() {
                if !other.contains(&key_of(&item, folding)) {
                    map.remove(&item);
                }
            }
            Value::Null
        })
    }),
    row("HashSet<T>", "bool Overlaps(IEnumerable<T> other)", |call| {
        let other = call.items(1, "other")?;
        call.state(0, |map: &mut Map| Value::Bool(other.iter().any(|item| map.contains(item))))
    }),
    row("HashSet<T>", "bool IsSupersetOf(IEnumerable<T> other)", |call| {
        let other = call.items(1, "other")?;
        call.state(0, |map: &mut Map| Value::Bool(other.iter().all(|item| map.contains(item))))
    }),
    row("HashSet<T>", "bool IsSubsetOf(IEnumerable<T> other)", |call| {
        let (other, folding) = compared(call)?;
        call.state(0, |map: &mut Map| Value::Bool(map.keys().iter().all(|item| other.contains(&key_of(item, folding)))))
    }),
    row("HashSet<T>", "bool SetEquals(IEnumerable<T> other)", |call| {
        let (other, _) = compared(call)?;
        call.state(0, |map: &mut Map| Value::Bool(map.index.keys().eq(other.iter())))
    }),
];

fn compared(call: &mut Call<'_, '_>) -> Outcome<(std::collections::BTreeSet<Key>, Folding)> {
    let items = call.items(1, "other")?;
    let folding = call.state(0, |map: &mut Map| map.folding)?;
    Ok((items.iter().map(|item| key_of(item, folding)).collect(), folding))
}

fn dictionary(call: &mut Call<'_, '_>, folding: Folding) -> Outcome<Value> {
    let ty = Ty::Generic(Class::Dictionary, [call.ty(0), call.ty(1)].into());
    call.object(ty.clone(), Map::new(ty, folding))
}

fn copied(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let pairs = call.items(0, "dictionary")?;
    let made = dictionary(call, Folding::of(call.value(1)))?;
    for pair in pairs {
        let (key, value) = instance::state(&pair, |pair: &mut Pair| (pair.key.clone(), pair.value.clone()))?;
        put(&made, key, value)?;
    }
    Ok(made)
}

/// Adds an entry; one that is there already throws.
pub(super) fn put(map: &Value, key: Value, value: Value) -> Outcome<()> {
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

/// A new set of the member's first type.
pub(super) fn set_of(call: &mut Call<'_, '_>, items: Vec<Value>, folding: Folding) -> Outcome<Value> {
    let ty = Ty::Generic(Class::HashSet, [call.ty(0)].into());
    let mut map = Map::new(ty.clone(), folding);
    for item in items {
        map.insert(item, Value::Null, false);
    }
    call.object(ty, map)
}

fn not_null(call: &Call<'_, '_>, at: usize) -> Outcome<()> {
    if call.value(at).is_null() { Err(argument_null("key")) } else { Ok(()) }
}

// Counts one more entry.
fn grown(call: &mut Call<'_, '_>) -> Outcome<()> {
    call.machine.charge(4 * size_of::<Value>())?;
    let length = call.state(0, |map: &mut Map| map.len())?;
    if length < ITEMS_MAX { Ok(()) } else { Err(items_limit()) }
}

fn length(call: &mut Call<'_, '_>) -> Outcome<Value> {
    call.state(0, |map: &mut Map| super::string::index(map.len()))
}

fn get(call: &mut Call<'_, '_>) -> Outcome<Value> {
    not_null(call, 1)?;
    let key = call.value(1);
    call.state(0, |map: &mut Map| map.get(key))?.ok_or_else(|| key_not_found(&key.to_string()))
}

fn set(call: &mut Call<'_, '_>) -> Outcome<Value> {
    not_null(call, 1)?;
    grown(call)?;
    let (key, value) = (call.value(1).clone(), call.value(2).clone());
    call.state(0, |map: &mut Map| {
        map.insert(key, value, true);
        Value::Null
    })
}

fn add(call: &mut Call<'_, '_>) -> Outcome<Value> {
    grown(call)?;
    put(call.value(0), call.value(1).clone(), call.value(2).clone())?;
    Ok(Value::Null)
}

fn has(call: &mut Call<'_, '_>) -> Outcome<Value> {
    not_null(call, 1)?;
    let key = call.value(1);
    call.state(0, |map: &mut Map| Value::Bool(map.contains(key)))
}

fn try_get(call: &mut Call<'_, '_>) -> Outcome<Value> {
    not_null(call, 1)?;
    let key = call.value(1);
    let found = call.state(0, |map: &mut Map| map.get(key))?;
    let is_there = found.is_some();
    let default = call.ty(1).default_value().unwrap_or(Value::Null);
    call.give(found.unwrap_or(default));
    Ok(Value::Bool(is_there))
}

fn get_or_default(call: &mut Call<'_, '_>) -> Outcome<Value> {
    not_null(call, 1)?;
    let key = call.value(1);
    let default = match call.arguments.get(2) {
        Some(default) => default.clone(),
        None => call.ty(1).default_value().unwrap_or(Value::Null),
    };
    Ok(call.state(0, |map: &mut Map| map.get(key))?.unwrap_or(default))
}

fn keys(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let keys = call.state(0, |map: &mut Map| map.keys())?;
    call.machine.array_of(call.ty(0), keys)
}

fn values(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let values = call.state(0, |map: &mut Map| map.values())?;
    call.machine.array_of(call.ty(1), values)
}
