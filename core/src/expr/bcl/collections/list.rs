//! `List<T>`: made, read, changed. What is looked for in it is in `list_search`.

use super::super::{Call, Row, row};
use super::views::{Part, View};
use super::{
    bad_end_index, bad_index, copy_into_array, found, grown, holds, list, list_array, list_of, make_room,
    needs_not_negative, own_enumerator, range, snapshot, sort, spend,
};
use crate::expr::eval::modified;
use crate::expr::exception::{Outcome, argument_null, out_of_range};
use crate::expr::instance::{self, Items};
use crate::expr::limits::ITEMS_MAX;
use crate::expr::ty::{Class, Ty};
use crate::value::Value;

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row("List<T>", "new List<T>()", |call| list(call, Vec::new())),
    row("List<T>", "new List<T>(int capacity)", |call| {
        let capacity = needs_not_negative(call.int(0)?, "capacity")?;
        grown(call, 0, capacity)?;
        call.object(
            Ty::Generic(Class::List, [call.ty(0)].into()),
            Items { values: Vec::with_capacity(capacity), version: 0 },
        )
    }),
    row("List<T>", "new List<T>(IEnumerable<T> collection)", |call| {
        let items = call.items(0, "collection")?;
        let more = super::room_for(call.value(0), items.len()) - items.len();
        let list = list(call, items)?;
        instance::look(&list, |items: &mut Items| items.values.reserve_exact(more));
        Ok(list)
    }),
    row("List<T>", "int Count", |call| {
        call.state(0, |items: &mut Items| super::super::string::index(items.values.len()))
    }),
    row("List<T>", "int Capacity", |call| {
        call.state(0, |items: &mut Items| super::super::string::index(items.values.capacity()))
    }),
    row("List<T>", "set int Capacity", |call| {
        let length = length(call)?;
        let wanted = usize::try_from(call.int(1)?).ok().filter(|wanted| *wanted >= length);
        let wanted = wanted.ok_or_else(|| out_of_range("capacity was less than the current size.", "value"))?;
        grown(call, 0, wanted)?;
        call.state(0, |items: &mut Items| {
            items.values.shrink_to(wanted);
            items.values.reserve_exact(wanted - length);
            Value::Null
        })
    }),
    row("List<T>", "int EnsureCapacity(int capacity)", |call| {
        let wanted = needs_not_negative(call.int(1)?, "capacity")?;
        grown(call, 0, wanted)?;
        let length = length(call)?;
        call.state(0, |items: &mut Items| {
            make_room(&mut items.values, wanted.max(length));
            super::super::string::index(items.values.capacity())
        })
    }),
    row("List<T>", "void TrimExcess()", |call| {
        call.state(0, |items: &mut Items| {
            if items.values.len() * 10 < items.values.capacity() * 9 {
                items.values.shrink_to_fit();
            }
            Value::Null
        })
    }),
    row("List<T>", "T this[int index]", |call| {
        let at = usize::try_from(call.int(1)?).map_err(|_| bad_index("index"))?;
        call.state(0, |items: &mut Items| items.values.get(at).cloned())?.ok_or_else(|| bad_index("index"))
    }),
    row("List<T>", "set T this[int index]", set_at),
    row("List<T>", "void Add(T item)", add),
    row("List<T>", "void AddRange(IEnumerable<T> collection)", |call| {
        let at = length(call)?;
        insert_all(call, at, 1)
    }),
    row("List<T>", "void Insert(int index, T item)", insert),
    row("List<T>", "void InsertRange(int index, IEnumerable<T> collection)", |call| {
        if call.value(2).is_null() {
            return Err(argument_null("collection"));
        }
        let length = length(call)?;
        let at = usize::try_from(call.int(1)?).ok().filter(|at| *at <= length);
        insert_all(call, at.ok_or_else(|| bad_end_index("index"))?, 2)
    }),
    row("List<T>", "void RemoveAt(int index)", remove_at),
    row("List<T>", "void RemoveRange(int index, int count)", |call| {
        let (at, count) = range(call, 1, length(call)?, ("index", "count"))?;
        if count == 0 {
            return Ok(Value::Null);
        }
        changed(call, |values| {
            values.drain(at..at + count);
        })
    }),
    row("List<T>", "List<T> GetRange(int index, int count)", part),
    row("List<T>", "List<T> Slice(int start, int length)", part),
    row("List<T>", "bool Remove(T item)", remove),
    row("List<T>", "int RemoveAll(Predicate<T> match)", |call| {
        if call.value(1).is_null() {
            return Err(argument_null("match"));
        }
        // The predicate may add to the list: what is there when its turn comes is asked about.
        let (mut removed, mut at) = (std::collections::BTreeSet::new(), 0);
        while let Some(item) = call.state(0, |items: &mut Items| items.values.get(at).cloned())? {
            if holds(call, 1, &item)? {
                removed.insert(at);
            }
            at += 1;
        }
        if !removed.is_empty() {
            let mut at = 0;
            changed(call, |values| {
                values.retain(|_| {
                    at += 1;
                    !removed.contains(&(at - 1))
                });
            })?;
        }
        Ok(super::super::string::index(removed.len()))
    }),
    row("List<T>", "void Clear()", clear),
    row("List<T>", "void Reverse()", |call| {
        spend(call, length(call)?)?;
        changed(call, |values| values.reverse())
    }),
    row("List<T>", "void Reverse(int index, int count)", |call| {
        let (at, count) = range(call, 1, length(call)?, ("index", "count"))?;
        changed(call, |values| {
            if let Some(part) = values.get_mut(at..at + count) {
                part.reverse();
            }
        })
    }),
    row("List<T>", "void Sort()", |call| sorted(call, None, sort::By::Default)),
    row("List<T>", "void Sort(IComparer<T> comparer)", |call| {
        let by = sort::By::Comparer(call.value(1).clone());
        sorted(call, None, by)
    }),
    row("List<T>", "void Sort(Comparison<T> comparison)", |call| {
        if call.value(1).is_null() {
            return Err(argument_null("comparison"));
        }
        let by = sort::By::Comparison(call.value(1).clone());
        sorted(call, None, by)
    }),
    row("List<T>", "void Sort(int index, int count, IComparer<T> comparer)", |call| {
        let part = range(call, 1, length(call)?, ("index", "count"))?;
        let by = sort::By::Comparer(call.value(3).clone());
        sorted(call, Some(part), by)
    }),
    row("List<T>", "T[] ToArray()", |call| {
        let values = snapshot(call, 0)?;
        list_array(call, values)
    }),
    row("List<T>", "void CopyTo(T[] array)", |call| {
        let values = snapshot(call, 0)?;
        copy_into_array(call, values, 1, 0)
    }),
    row("List<T>", "void CopyTo(T[] array, int arrayIndex)", |call| {
        let values = snapshot(call, 0)?;
        copy_into_array(call, values, 1, call.int(2)?)
    }),
    row("List<T>", "void CopyTo(int index, T[] array, int arrayIndex, int count)", |call| {
        let values = snapshot(call, 0)?;
        let (at, count) = (call.int(1)?, call.int(4)?);
        let length = i32::try_from(values.len()).unwrap_or(i32::MAX);
        // The difference wraps, as in .NET.
        if length.wrapping_sub(at) < count {
            return Err(super::bad_range());
        }
        if call.value(2).is_null() {
            return Err(argument_null("destinationArray"));
        }
        let count = usize::try_from(count).map_err(|_| {
            let message = format!("length ('{count}') must be a non-negative value.");
            super::with_actual(&message, "length", count)
        })?;
        let at = usize::try_from(at).map_err(|_| {
            let message = format!("sourceIndex ('{at}') must be greater than or equal to '0'.");
            super::with_actual(&message, "sourceIndex", at)
        })?;
        copy_into_array(call, values.into_iter().skip(at).take(count).collect(), 2, call.int(3)?)
    }),
    row("List<T>", "void ForEach(Action<T> action)", |call| {
        if call.value(1).is_null() {
            return Err(argument_null("action"));
        }
        let mut at = 0;
        let before = call.state(0, |items: &mut Items| items.version)?;
        loop {
            let (item, version) = call.state(0, |items: &mut Items| (items.values.get(at).cloned(), items.version))?;
            if version != before {
                return Err(modified());
            }
            let Some(item) = item else { return Ok(Value::Null) };
            call.invoke(1, &[item])?;
            at += 1;
        }
    }),
    row("List<T>", "List<TOutput> ConvertAll<TOutput>(Converter<T, TOutput> converter)", |call| {
        if call.value(1).is_null() {
            return Err(argument_null("converter"));
        }
        let mut made = Vec::new();
        for item in snapshot(call, 0)? {
            made.push(call.invoke(1, &[item])?);
        }
        list_of(call, call.ty(1), made)
    }),
    row("List<T>", "ReadOnlyCollection<T> AsReadOnly()", |call| {
        let view = View { source: call.value(0).clone(), part: Part::All };
        call.object(Ty::Generic(Class::ReadOnlyCollection, [call.ty(0)].into()), view)
    }),
    row("List<T>", "List<T>.Enumerator GetEnumerator()", own_enumerator),
];

fn length(call: &Call<'_, '_>) -> Outcome<usize> {
    call.state(0, |items: &mut Items| items.values.len())
}

// Every change counts, so that an enumeration notices it.
fn changed(call: &mut Call<'_, '_>, change: impl FnOnce(&mut Vec<Value>)) -> Outcome<Value> {
    call.state(0, |items: &mut Items| {
        items.version = items.version.wrapping_add(1);
        change(&mut items.values);
        Value::Null
    })
}

pub(super) fn add(call: &mut Call<'_, '_>) -> Outcome<Value> {
    grown(call, length(call)?, 1)?;
    let value = call.value(1).clone();
    changed(call, |values| {
        make_room(values, values.len() + 1);
        values.push(value);
    })
}

pub(super) fn insert(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let length = length(call)?;
    let at = usize::try_from(call.int(1)?).ok().filter(|at| *at <= length);
    let at = at.ok_or_else(|| out_of_range("Index must be within the bounds of the List.", "index"))?;
    grown(call, length, 1)?;
    spend(call, length - at)?;
    let value = call.value(2).clone();
    changed(call, |values| {
        make_room(values, values.len() + 1);
        values.insert(at, value);
    })
}

// A collection is taken at once, a lazy sequence item by item: one that reads the list finds it changed.
fn insert_all(call: &mut Call<'_, '_>, at: usize, argument: usize) -> Outcome<Value> {
    if call.value(argument).is_null() {
        return Err(argument_null("collection"));
    }
    let before = length(call)?;
    if super::views::length(call.value(argument)).is_some() {
        let more = call.items(argument, "collection")?;
        grown(call, before, more.len())?;
        spend(call, before - at)?;
        if more.is_empty() {
            return Ok(Value::Null);
        }
        return changed(call, |values| {
            values.splice(at..at, more);
        });
    }
    let mut cursor = call.machine.cursor(call.value(argument))?;
    let mut at = at;
    while let Some(item) = call.machine.advance(&mut *cursor)? {
        let length = length(call)?;
        grown(call, length, 1)?;
        spend(call, length.saturating_sub(at))?;
        changed(call, |values| {
            make_room(values, values.len() + 1);
            values.insert(at.min(values.len()), item);
        })?;
        at += 1;
    }
    Ok(Value::Null)
}

pub(super) fn set_at(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let length = length(call)?;
    let at = usize::try_from(call.int(1)?).ok().filter(|at| *at < length).ok_or_else(|| bad_index("index"))?;
    let value = call.value(2).clone();
    changed(call, |values| {
        if let Some(place) = values.get_mut(at) {
            *place = value;
        }
    })
}

pub(super) fn remove_at(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let length = length(call)?;
    let at = usize::try_from(call.int(1)?).ok().filter(|at| *at < length).ok_or_else(|| bad_index("index"))?;
    spend(call, length - at)?;
    changed(call, |values| {
        values.remove(at);
    })
}

pub(super) fn remove(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let Some(at) = found(call)? else { return Ok(Value::Bool(false)) };
    changed(call, |values| {
        if at < values.len() {
            values.remove(at);
        }
    })?;
    Ok(Value::Bool(true))
}

pub(super) fn clear(call: &mut Call<'_, '_>) -> Outcome<Value> {
    changed(call, Vec::clear)
}

fn part(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let (at, count) = range(call, 1, length(call)?, ("index", "count"))?;
    let part = call.state(0, |items: &mut Items| items.values.iter().skip(at).take(count).cloned().collect())?;
    list(call, part)
}

/// Sorts a part of the receiver, or all of it, in place.
pub(super) fn sorted(call: &mut Call<'_, '_>, part: Option<(usize, usize)>, by: sort::By) -> Outcome<Value> {
    let mut values = snapshot(call, 0)?;
    let (from, count) = part.unwrap_or((0, values.len()));
    let behind = values.split_off((from + count).min(values.len()));
    let mut middle = values.split_off(from.min(values.len()));
    sort::sort(call.machine, &mut middle, &mut Vec::new(), &by)?;
    values.extend(middle);
    values.extend(behind);
    let is_list = matches!(call.value(0), Value::Object(object)
        if matches!(instance::type_of(object), Some(Ty::Generic(Class::List, _))));
    if values.len() > ITEMS_MAX {
        return Ok(Value::Null);
    }
    call.state(0, |items: &mut Items| {
        // An array may be changed under an enumeration.
        items.version = items.version.wrapping_add(u32::from(is_list));
        items.values = values;
        Value::Null
    })
}
