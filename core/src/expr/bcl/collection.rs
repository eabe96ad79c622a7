//! `System.Collections.Generic`: what derives from what, pairs, lists, queues and stacks. Maps and sets are in `map`, queries in `linq`.

use super::{Base, Call, Row, row};
use crate::expr::eval::items_limit;
use crate::expr::exception::{Outcome, argument_null, invalid_operation, out_of_range};
use crate::expr::instance::{Instance, Items, Pair};
use crate::expr::limits::ITEMS_MAX;
use crate::expr::ty::{Class, Ty};
use crate::value::Value;

pub(super) const BASES: &[Base] = &[
    ("string", "IEnumerable<char>"),
    ("T[]", "Array"),
    ("T[]", "IList<T>"),
    ("T[]", "IReadOnlyList<T>"),
    ("IList<T>", "ICollection<T>"),
    ("ISet<T>", "ICollection<T>"),
    ("ICollection<T>", "IEnumerable<T>"),
    ("IReadOnlyList<T>", "IReadOnlyCollection<T>"),
    ("IReadOnlyCollection<T>", "IEnumerable<T>"),
    ("IOrderedEnumerable<T>", "IEnumerable<T>"),
    ("IGrouping<TKey, T>", "IEnumerable<T>"),
    ("List<T>", "IList<T>"),
    ("List<T>", "IReadOnlyList<T>"),
    ("Queue<T>", "IReadOnlyCollection<T>"),
    ("Stack<T>", "IReadOnlyCollection<T>"),
    ("HashSet<T>", "ISet<T>"),
    ("HashSet<T>", "IReadOnlyCollection<T>"),
    ("Dictionary<TKey, T>", "IDictionary<TKey, T>"),
    ("Dictionary<TKey, T>", "IReadOnlyDictionary<TKey, T>"),
    ("IDictionary<TKey, T>", "ICollection<KeyValuePair<TKey, T>>"),
    ("IReadOnlyDictionary<TKey, T>", "IReadOnlyCollection<KeyValuePair<TKey, T>>"),
    ("JToken", "IEnumerable<JToken>"),
    ("MatchCollection", "IReadOnlyList<Match>"),
    ("GroupCollection", "IReadOnlyList<Group>"),
    ("CaptureCollection", "IReadOnlyList<Capture>"),
    ("JObject", "IEnumerable<KeyValuePair<string, JToken>>"),
    ("StringComparer", "IEqualityComparer<string>"),
];

pub(super) const ROWS: &[Row] = &[
    row("KeyValuePair<TKey, TValue>", "new KeyValuePair<TKey, TValue>(TKey key, TValue value)", |call| {
        let ty = pair_type(call.ty(0), call.ty(1));
        Ok(pair(&ty, call.value(0).clone(), call.value(1).clone()))
    }),
    row("KeyValuePair<TKey, TValue>", "TKey Key", |call| call.state(0, |pair: &mut Pair| pair.key.clone())),
    row("KeyValuePair<TKey, TValue>", "TValue Value", |call| call.state(0, |pair: &mut Pair| pair.value.clone())),
    row("List<T>", "new List<T>()", |call| list(call, Vec::new())),
    row("List<T>", "new List<T>(int capacity)", |call| {
        super::string::not_negative(call.int(0)?, "capacity")?;
        list(call, Vec::new())
    }),
    row("List<T>", "new List<T>(IEnumerable<T> collection)", |call| {
        let items = call.items(0, "collection")?;
        list(call, items)
    }),
    row("List<T>", "int Count", count),
    row("IList<T>", "int Count", count),
    row("ICollection<T>", "int Count", count),
    row("IReadOnlyCollection<T>", "int Count", count),
    row("List<T>", "T this[int index]", at),
    row("IList<T>", "T this[int index]", at),
    row("IReadOnlyList<T>", "T this[int index]", at),
    row("List<T>", "set T this[int index]", set_at),
    row("IList<T>", "set T this[int index]", set_at),
    row("List<T>", "void Add(T item)", add),
    row("IList<T>", "void Add(T item)", add),
    row("List<T>", "void AddRange(IEnumerable<T> collection)", |call| {
        let more = call.items(1, "collection")?;
        let at = call.state(0, |items: &mut Items| items.values.len())?;
        inserted(call, at, more)
    }),
    row("List<T>", "void Insert(int index, T item)", |call| {
        let at = position(call, 1, true)?;
        inserted(call, at, vec![call.value(2).clone()])
    }),
    row("List<T>", "void InsertRange(int index, IEnumerable<T> collection)", |call| {
        let more = call.items(2, "collection")?;
        let at = position(call, 1, true)?;
        inserted(call, at, more)
    }),
    row("List<T>", "void RemoveAt(int index)", |call| {
        let at = position(call, 1, false)?;
        changed(call, |values| {
            values.remove(at);
            Value::Null
        })
    }),
    row("List<T>", "void RemoveRange(int index, int count)", |call| {
        let (at, count) = range(call, 1)?;
        changed(call, |values| {
            values.drain(at..at + count);
            Value::Null
        })
    }),
    row("List<T>", "List<T> GetRange(int index, int count)", |call| {
        let (at, count) = range(call, 1)?;
        let part = call.state(0, |items: &mut Items| items.values.iter().skip(at).take(count).cloned().collect())?;
        list(call, part)
    }),
    row("List<T>", "bool Remove(T item)", remove),
    row("IList<T>", "bool Remove(T item)", remove),
    row("List<T>", "int RemoveAll(Predicate<T> match)", |call| {
        let values = call.state(0, |items: &mut Items| items.values.clone())?;
        let mut kept = Vec::new();
        let before = values.len();
        for value in values {
            if call.invoke(1, std::slice::from_ref(&value))? != Value::Bool(true) {
                kept.push(value);
            }
        }
        let removed = before - kept.len();
        changed(call, |values| {
            *values = kept;
            super::string::index(removed)
        })
    }),
    row("List<T>", "void Clear()", |call| {
        changed(call, |values| {
            values.clear();
            Value::Null
        })
    }),
    row("List<T>", "bool Contains(T item)", |call| Ok(Value::Bool(found(call)?.is_some()))),
    row("List<T>", "int IndexOf(T item)", |call| Ok(found(call)?.map_or(Value::Int32(-1), super::string::index))),
    row("IList<T>", "int IndexOf(T item)", |call| Ok(found(call)?.map_or(Value::Int32(-1), super::string::index))),
    row("List<T>", "void Reverse()", |call| {
        changed(call, |values| {
            values.reverse();
            Value::Null
        })
    }),
    row("List<T>", "T[] ToArray()", |call| {
        let values = call.state(0, |items: &mut Items| items.values.clone())?;
        call.machine.array_of(call.ty(0), values)
    }),
    row("List<T>", "void ForEach(Action<T> action)", |call| {
        let mut cursor = call.machine.cursor(call.value(0))?;
        while let Some(item) = call.machine.advance(&mut *cursor)? {
            call.invoke(1, &[item])?;
        }
        Ok(Value::Null)
    }),
    row("List<T>", "bool Exists(Predicate<T> match)", |call| Ok(Value::Bool(first_match(call)?.is_some()))),
    row("List<T>", "int FindIndex(Predicate<T> match)", |call| {
        Ok(first_match(call)?.map_or(Value::Int32(-1), |(at, _)| super::string::index(at)))
    }),
    row("List<T>", "T Find(Predicate<T> match)", |call| {
        let default = call.ty(0).default_value().unwrap_or(Value::Null);
        Ok(first_match(call)?.map_or(default, |(_, value)| value))
    }),
    row("List<T>", "List<T> FindAll(Predicate<T> match)", |call| {
        let mut kept = Vec::new();
        for value in call.items(0, "list")? {
            if call.invoke(1, std::slice::from_ref(&value))? == Value::Bool(true) {
                kept.push(value);
            }
        }
        list(call, kept)
    }),
    row("List<T>", "bool TrueForAll(Predicate<T> match)", |call| {
        for value in call.items(0, "list")? {
            if call.invoke(1, &[value])? != Value::Bool(true) {
                return Ok(Value::Bool(false));
            }
        }
        Ok(Value::Bool(true))
    }),
    row("Queue<T>", "new Queue<T>()", |call| made(call, Class::Queue, Vec::new())),
    row("Queue<T>", "new Queue<T>(IEnumerable<T> collection)", |call| {
        let items = call.items(0, "collection")?;
        made(call, Class::Queue, items)
    }),
    row("Queue<T>", "int Count", count),
    row("Queue<T>", "void Enqueue(T item)", add),
    row("Queue<T>", "T Dequeue()", |call| take(call, "Queue empty.", |values| Some(values.remove(0)))),
    row("Queue<T>", "T Peek()", |call| take(call, "Queue empty.", |values| values.first().cloned())),
    row("Queue<T>", "bool Contains(T item)", |call| Ok(Value::Bool(found(call)?.is_some()))),
    row("Queue<T>", "void Clear()", |call| {
        changed(call, |values| {
            values.clear();
            Value::Null
        })
    }),
    // A stack keeps its top at the front, which is the order that it is enumerated in.
    row("Stack<T>", "new Stack<T>()", |call| made(call, Class::Stack, Vec::new())),
    row("Stack<T>", "new Stack<T>(IEnumerable<T> collection)", |call| {
        let mut items = call.items(0, "collection")?;
        items.reverse();
        made(call, Class::Stack, items)
    }),
    row("Stack<T>", "int Count", count),
    row("Stack<T>", "void Push(T item)", |call| inserted(call, 0, vec![call.value(1).clone()])),
    row("Stack<T>", "T Pop()", |call| take(call, "Stack empty.", |values| Some(values.remove(0)))),
    row("Stack<T>", "T Peek()", |call| take(call, "Stack empty.", |values| values.first().cloned())),
    row("Stack<T>", "bool Contains(T item)", |call| Ok(Value::Bool(found(call)?.is_some()))),
    row("Stack<T>", "void Clear()", |call| {
        changed(call, |values| {
            values.clear();
            Value::Null
        })
    }),
];

/// `KeyValuePair<K, V>`
pub(crate) fn pair_type(key: Ty, value: Ty) -> Ty {
    Ty::Generic(Class::KeyValuePair, [key, value].into())
}

/// A pair of this type.
pub(crate) fn pair(ty: &Ty, key: Value, value: Value) -> Value {
    Value::Object(Instance::object(ty.clone(), Pair { key, value }))
}

/// The properties of a `JObject` as pairs; anything else as it is.
pub(crate) fn json_pairs(value: Value) -> Value {
    let Value::Json(token) = &value else { return value };
    let ty = pair_type(Ty::String, Ty::Class(Class::JToken));
    let properties =
        token.children().into_iter().filter_map(|property| Some((property.name()?, property.property_value()?)));
    let values = properties.map(|(name, content)| pair(&ty, Value::String(name), Value::Json(content))).collect();
    Value::Object(Instance::object(Ty::Generic(Class::List, [ty].into()), Items { values, version: 0 }))
}

/// A new list whose items have the member's first type.
pub(super) fn list(call: &mut Call<'_, '_>, values: Vec<Value>) -> Outcome<Value> {
    made(call, Class::List, values)
}

fn made(call: &mut Call<'_, '_>, class: Class, values: Vec<Value>) -> Outcome<Value> {
    call.machine.charge(values.len() * size_of::<Value>())?;
    call.object(Ty::Generic(class, [call.ty(0)].into()), Items { values, version: 0 })
}

// What every kind of collection counts.
fn count(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let length = match call.value(0) {
        Value::Object(_) => match crate::expr::instance::look(call.value(0), |items: &mut Items| items.values.len()) {
            Some(length) => length,
            None => call.items(0, "source")?.len(),
        },
        _ => call.items(0, "source")?.len(),
    };
    Ok(super::string::index(length))
}

fn bad_index() -> crate::expr::Interrupt {
    out_of_range("Index was out of range. Must be non-negative and less than the size of the collection.", "index")
}

// An index of the list; one behind the last item where something is put in.
fn position(call: &Call<'_, '_>, argument: usize, may_end: bool) -> Outcome<usize> {
    let length = call.state(0, |items: &mut Items| items.values.len())?;
    let at = usize::try_from(call.int(argument)?).ok();
    let fits = |at: &usize| *at < length || may_end && *at == length;
    at.filter(fits).ok_or_else(|| match may_end {
        true => out_of_range("Index must be within the bounds of the List.", "index"),
        false => bad_index(),
    })
}

fn range(call: &Call<'_, '_>, argument: usize) -> Outcome<(usize, usize)> {
    let length = call.state(0, |items: &mut Items| items.values.len())?;
    let at = super::string::not_negative(call.int(argument)?, "index")?;
    let count = super::string::not_negative(call.int(argument + 1)?, "count")?;
    if at > length || count > length - at {
        let message = "Offset and length were out of bounds for the array or count is greater than the number of elements from index to the end of the source collection.";
        return Err(crate::expr::exception::throw("System.ArgumentException", message));
    }
    Ok((at, count))
}

fn at(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let index = usize::try_from(call.int(1)?).map_err(|_| bad_index())?;
    let found = match call.value(0) {
        Value::Object(_) => call.state(0, |items: &mut Items| items.values.get(index).cloned())?,
        _ => call.items(0, "source")?.into_iter().nth(index),
    };
    found.ok_or_else(bad_index)
}

fn set_at(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let at = position(call, 1, false)?;
    let value = call.value(2).clone();
    changed(call, |values| {
        if let Some(place) = values.get_mut(at) {
            *place = value;
        }
        Value::Null
    })
}

// Every change counts, so that an enumeration notices it.
fn changed(call: &mut Call<'_, '_>, change: impl FnOnce(&mut Vec<Value>) -> Value) -> Outcome<Value> {
    call.state(0, |items: &mut Items| {
        items.version = items.version.wrapping_add(1);
        change(&mut items.values)
    })
}

fn inserted(call: &mut Call<'_, '_>, at: usize, more: Vec<Value>) -> Outcome<Value> {
    call.machine.charge(more.len() * size_of::<Value>())?;
    let length = call.state(0, |items: &mut Items| items.values.len())?;
    if length + more.len() > ITEMS_MAX {
        return Err(items_limit());
    }
    changed(call, |values| {
        let at = at.min(values.len());
        values.splice(at..at, more);
        Value::Null
    })
}

fn add(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let length = call.state(0, |items: &mut Items| items.values.len())?;
    inserted(call, length, vec![call.value(1).clone()])
}

fn found(call: &mut Call<'_, '_>) -> Outcome<Option<usize>> {
    let wanted = call.value(1).clone();
    let items = call.items(0, "source")?;
    Ok(items.iter().position(|value| *value == wanted))
}

fn remove(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let Some(at) = found(call)? else { return Ok(Value::Bool(false)) };
    changed(call, |values| {
        values.remove(at);
        Value::Bool(true)
    })
}

fn first_match(call: &mut Call<'_, '_>) -> Outcome<Option<(usize, Value)>> {
    if call.value(1).is_null() {
        return Err(argument_null("match"));
    }
    for (at, value) in call.items(0, "list")?.into_iter().enumerate() {
        if call.invoke(1, std::slice::from_ref(&value))? == Value::Bool(true) {
            return Ok(Some((at, value)));
        }
    }
    Ok(None)
}

fn take(
    call: &mut Call<'_, '_>,
    empty: &'static str,
    taken: impl FnOnce(&mut Vec<Value>) -> Option<Value>,
) -> Outcome<Value> {
    let found = call.state(0, |items: &mut Items| {
        if items.values.is_empty() {
            return None;
        }
        items.version = items.version.wrapping_add(1);
        taken(&mut items.values)
    })?;
    found.ok_or_else(|| invalid_operation(empty))
}
