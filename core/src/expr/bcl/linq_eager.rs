//! `System.Linq.Enumerable`: what yields one value, a collection, an order or groups. What is deferred item by item is in `linq`.

use std::cmp::Ordering;

use super::linq::{Grouping, checked, grouping_type, lazy, operand, ready};
use super::map::{Folding, Key, key_of};
use super::{Call, Row, collection, map, row};
use crate::expr::eval::Machine;
use crate::expr::eval::cursor::{Cursor, Lazy};
use crate::expr::exception::{Outcome, broken, invalid_operation, out_of_range};
use crate::expr::instance;
use crate::expr::ty::{Class, Ty};
use crate::value::Value;

const NO_ELEMENTS: &str = "Sequence contains no elements";
const NO_MATCH: &str = "Sequence contains no matching element";
const MANY: &str = "Sequence contains more than one element";
const MANY_MATCH: &str = "Sequence contains more than one matching element";

pub(super) const ROWS: &[Row] = &[
    row("IEnumerable<T>", "this bool Any()", |call| Ok(Value::Bool(first(call)?.is_some()))),
    row("IEnumerable<T>", "this bool Any(Func<T, bool> predicate)", |call| Ok(Value::Bool(first(call)?.is_some()))),
    row("IEnumerable<T>", "this bool All(Func<T, bool> predicate)", |call| {
        checked(call, &["predicate"])?;
        let mut cursor = call.machine.cursor(call.value(0))?;
        while let Some(item) = call.machine.advance(&mut *cursor)? {
            if call.invoke(1, &[item])? != Value::Bool(true) {
                return Ok(Value::Bool(false));
            }
        }
        Ok(Value::Bool(true))
    }),
    row("IEnumerable<T>", "this int Count()", |call| Ok(super::string::index(matching(call)?.len()))),
    row("IEnumerable<T>", "this int Count(Func<T, bool> predicate)", |call| {
        Ok(super::string::index(matching(call)?.len()))
    }),
    row("IEnumerable<T>", "this long LongCount()", |call| {
        Ok(Value::Int64(i64::try_from(matching(call)?.len()).unwrap_or(i64::MAX)))
    }),
    row("IEnumerable<T>", "this T First()", |call| first(call)?.ok_or_else(|| none(call))),
    row("IEnumerable<T>", "this T First(Func<T, bool> predicate)", |call| first(call)?.ok_or_else(|| none(call))),
    row("IEnumerable<T>", "this T FirstOrDefault()", |call| Ok(first(call)?.unwrap_or_else(|| default(call)))),
    row("IEnumerable<T>", "this T FirstOrDefault(Func<T, bool> predicate)", |call| {
        Ok(first(call)?.unwrap_or_else(|| default(call)))
    }),
    row("IEnumerable<T>", "this T Last()", |call| matching(call)?.pop().ok_or_else(|| none(call))),
    row("IEnumerable<T>", "this T Last(Func<T, bool> predicate)", |call| {
        matching(call)?.pop().ok_or_else(|| none(call))
    }),
    row("IEnumerable<T>", "this T LastOrDefault()", |call| Ok(matching(call)?.pop().unwrap_or_else(|| default(call)))),
    row("IEnumerable<T>", "this T LastOrDefault(Func<T, bool> predicate)", |call| {
        Ok(matching(call)?.pop().unwrap_or_else(|| default(call)))
    }),
    row("IEnumerable<T>", "this T Single()", |call| single(call)?.ok_or_else(|| none(call))),
    row("IEnumerable<T>", "this T Single(Func<T, bool> predicate)", |call| single(call)?.ok_or_else(|| none(call))),
    row("IEnumerable<T>", "this T SingleOrDefault()", |call| Ok(single(call)?.unwrap_or_else(|| default(call)))),
    row("IEnumerable<T>", "this T SingleOrDefault(Func<T, bool> predicate)", |call| {
        Ok(single(call)?.unwrap_or_else(|| default(call)))
    }),
    row("IEnumerable<T>", "this T ElementAt(int index)", |call| {
        let message = "Index was out of range. Must be non-negative and less than the size of the collection.";
        element(call)?.ok_or_else(|| out_of_range(message, "index"))
    }),
    row("IEnumerable<T>", "this T ElementAtOrDefault(int index)", |call| {
        Ok(element(call)?.unwrap_or_else(|| default(call)))
    }),
    row("IEnumerable<T>", "this bool Contains(T value)", contains),
    row("IEnumerable<T>", "this bool Contains(T value, IEqualityComparer<T> comparer)", contains),
    row("IEnumerable<T>", "this bool SequenceEqual(IEnumerable<T> second)", |call| {
        checked(call, &["second"])?;
        let (first, second) = (call.items(0, "first")?, call.items(1, "second")?);
        Ok(Value::Bool(first == second))
    }),
    row("IEnumerable<T>", "this List<T> ToList()", |call| {
        let items = call.items(0, "source")?;
        collection::list(call, items)
    }),
    row("IEnumerable<T>", "this T[] ToArray()", |call| {
        let items = call.items(0, "source")?;
        call.machine.array_of(call.ty(0), items)
    }),
    row("IEnumerable<T>", "this HashSet<T> ToHashSet()", |call| {
        let items = call.items(0, "source")?;
        map::set_of(call, items, Folding::Exact)
    }),
    row("IEnumerable<T>", "this HashSet<T> ToHashSet(IEqualityComparer<T> comparer)", |call| {
        let folding = Folding::of(call.value(1));
        let items = call.items(0, "source")?;
        map::set_of(call, items, folding)
    }),
    row("IEnumerable<T>", "this Dictionary<TKey, T> ToDictionary<TKey>(Func<T, TKey> keySelector)", |call| {
        dictionary(call, None, Folding::Exact)
    }),
    row(
        "IEnumerable<T>",
        "this Dictionary<TKey, TElement> ToDictionary<TKey, TElement>(Func<T, TKey> keySelector, Func<T, TElement> elementSelector)",
        |call| dictionary(call, Some(2), Folding::Exact),
    ),
    row(
        "IEnumerable<T>",
        "this Dictionary<TKey, T> ToDictionary<TKey>(Func<T, TKey> keySelector, IEqualityComparer<TKey> comparer)",
        |call| dictionary(call, None, Folding::of(call.value(2))),
    ),
    row(
        "IEnumerable<T>",
        "this Dictionary<TKey, TElement> ToDictionary<TKey, TElement>(Func<T, TKey> keySelector, Func<T, TElement> elementSelector, IEqualityComparer<TKey> comparer)",
        |call| dictionary(call, Some(2), Folding::of(call.value(3))),
    ),
    row("IEnumerable<T>", "this T Aggregate(Func<T, T, T> func)", |call| {
        let mut items = call.items(0, "source")?.into_iter();
        let mut total = items.next().ok_or_else(|| invalid_operation(NO_ELEMENTS))?;
        for item in items {
            total = call.invoke(1, &[total, item])?;
        }
        Ok(total)
    }),
    row("IEnumerable<T>", "this TResult Aggregate<TResult>(TResult seed, Func<TResult, T, TResult> func)", |call| {
        let mut total = call.value(1).clone();
        for item in call.items(0, "source")? {
            total = call.invoke(2, &[total, item])?;
        }
        Ok(total)
    }),
    row("IEnumerable<T>", "this IOrderedEnumerable<T> OrderBy<TKey>(Func<T, TKey> keySelector)", |call| {
        ordered(call, Direction::Up)
    }),
    row("IEnumerable<T>", "this IOrderedEnumerable<T> OrderByDescending<TKey>(Func<T, TKey> keySelector)", |call| {
        ordered(call, Direction::Down)
    }),
    row("IOrderedEnumerable<T>", "this IOrderedEnumerable<T> ThenBy<TKey>(Func<T, TKey> keySelector)", |call| {
        then(call, Direction::Up)
    }),
    row(
        "IOrderedEnumerable<T>",
        "this IOrderedEnumerable<T> ThenByDescending<TKey>(Func<T, TKey> keySelector)",
        |call| then(call, Direction::Down),
    ),
    row("IGrouping<TKey, T>", "TKey Key", |call| call.state(0, |group: &mut Grouping| group.key.clone())),
    row("IEnumerable<T>", "this IEnumerable<IGrouping<TKey, T>> GroupBy<TKey>(Func<T, TKey> keySelector)", |call| {
        let item = call.ty(0);
        group_by(call, item, None)
    }),
    row(
        "IEnumerable<T>",
        "this IEnumerable<IGrouping<TKey, TElement>> GroupBy<TKey, TElement>(Func<T, TKey> keySelector, Func<T, TElement> elementSelector)",
        |call| {
            let item = call.ty(2);
            group_by(call, item, Some(2))
        },
    ),
    row(
        "IEnumerable<T>",
        "this IEnumerable<TResult> Join<TInner, TKey, TResult>(IEnumerable<TInner> inner, Func<T, TKey> outerKeySelector, Func<TInner, TKey> innerKeySelector, Func<T, TInner, TResult> resultSelector)",
        |call| lazy(call, 3, &["inner", "outerKeySelector", "innerKeySelector", "resultSelector"], join),
    ),
    row(
        "IEnumerable<T>",
        "this IEnumerable<TResult> GroupJoin<TInner, TKey, TResult>(IEnumerable<TInner> inner, Func<T, TKey> outerKeySelector, Func<TInner, TKey> innerKeySelector, Func<T, IEnumerable<TInner>, TResult> resultSelector)",
        |call| lazy(call, 3, &["inner", "outerKeySelector", "innerKeySelector", "resultSelector"], group_join),
    ),
];

fn default(call: &Call<'_, '_>) -> Value {
    call.ty(0).default_value().unwrap_or(Value::Null)
}

fn none(call: &Call<'_, '_>) -> crate::expr::Interrupt {
    invalid_operation(if call.arguments.len() > 1 { NO_MATCH } else { NO_ELEMENTS })
}

// The first item, or the first that the predicate takes.
fn first(call: &mut Call<'_, '_>) -> Outcome<Option<Value>> {
    let has_predicate = call.arguments.len() > 1;
    checked(call, if has_predicate { &["predicate"] } else { &[] })?;
    let mut cursor = call.machine.cursor(call.value(0))?;
    while let Some(item) = call.machine.advance(&mut *cursor)? {
        if !has_predicate || call.invoke(1, std::slice::from_ref(&item))? == Value::Bool(true) {
            return Ok(Some(item));
        }
    }
    Ok(None)
}

fn matching(call: &mut Call<'_, '_>) -> Outcome<Vec<Value>> {
    let has_predicate = call.arguments.len() > 1;
    checked(call, if has_predicate { &["predicate"] } else { &[] })?;
    let items = call.items(0, "source")?;
    if !has_predicate {
        return Ok(items);
    }
    let mut kept = Vec::new();
    for item in items {
        if call.invoke(1, std::slice::from_ref(&item))? == Value::Bool(true) {
            kept.push(item);
        }
    }
    Ok(kept)
}

fn single(call: &mut Call<'_, '_>) -> Outcome<Option<Value>> {
    let mut found = matching(call)?;
    if found.len() > 1 {
        return Err(invalid_operation(if call.arguments.len() > 1 { MANY_MATCH } else { MANY }));
    }
    Ok(found.pop())
}

fn element(call: &mut Call<'_, '_>) -> Outcome<Option<Value>> {
    let Ok(index) = usize::try_from(call.int(1)?) else { return Ok(None) };
    Ok(call.items(0, "source")?.into_iter().nth(index))
}

fn contains(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let folding = Folding::of(call.value(2));
    let wanted = key_of(call.value(1), folding);
    checked(call, &["", ""])?;
    let mut cursor = call.machine.cursor(call.value(0))?;
    while let Some(item) = call.machine.advance(&mut *cursor)? {
        if key_of(&item, folding) == wanted {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

fn dictionary(call: &mut Call<'_, '_>, element: Option<usize>, folding: Folding) -> Outcome<Value> {
    checked(call, &["keySelector", ""])?;
    let value_type = if element.is_some() { call.ty(2) } else { call.ty(0) };
    let ty = Ty::Generic(Class::Dictionary, [call.ty(1), value_type].into());
    let made = call.object(ty.clone(), map::Map::new(ty, folding))?;
    for item in call.items(0, "source")? {
        let key = call.invoke(1, std::slice::from_ref(&item))?;
        let value = match element {
            Some(at) => call.invoke(at, &[item])?,
            None => item,
        };
        map::put(&made, key, value)?;
    }
    Ok(made)
}

/// Which way a key orders.
#[derive(Clone, Copy)]
enum Direction {
    Up,
    Down,
}

// The operands of an ordered sequence: the source, then each key's selector with 1 or -1 behind it.
fn ordered(call: &mut Call<'_, '_>, direction: Direction) -> Outcome<Value> {
    let mut operands = checked(call, &["keySelector"])?;
    operands.push(sign(direction));
    order_of(call, operands)
}

fn then(call: &mut Call<'_, '_>, direction: Direction) -> Outcome<Value> {
    checked(call, &["keySelector"])?;
    let mut operands = call.state(0, |lazy: &mut Lazy| lazy.operands.clone())?;
    operands.push(call.value(1).clone());
    operands.push(sign(direction));
    order_of(call, operands)
}

const fn sign(direction: Direction) -> Value {
    match direction {
        Direction::Up => Value::Int32(1),
        Direction::Down => Value::Int32(-1),
    }
}

fn order_of(call: &mut Call<'_, '_>, operands: Vec<Value>) -> Outcome<Value> {
    let ty = Ty::Generic(Class::IOrderedEnumerable, [call.ty(0)].into());
    call.object(ty, Lazy { start: sorted, operands })
}

fn sorted(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    let (Some(source), levels) = (operands.first(), operands.get(1..).unwrap_or(&[])) else {
        return Err(broken("an order without a source"));
    };
    let mut rows: Vec<(Vec<Value>, Value)> = Vec::new();
    for item in machine.collect(source)? {
        let mut keys = Vec::new();
        for level in levels.chunks(2) {
            keys.push(machine.invoke(operand(level, 0), std::slice::from_ref(&item))?);
        }
        rows.push((keys, item));
    }
    rows.sort_by(|(a, _), (b, _)| {
        let levels = a.iter().zip(b).zip(levels.chunks(2));
        for ((a, b), level) in levels {
            let ordering = compared(a, b);
            if ordering != Ordering::Equal {
                return if *operand(level, 1) == Value::Int32(-1) { ordering.reverse() } else { ordering };
            }
        }
        Ordering::Equal
    });
    ready(rows.into_iter().map(|(_, item)| item).collect())
}

/// `Comparer<T>.Default`: null first, text ordinally as in invariant-globalization mode.
pub(super) fn compared(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Less,
        (_, Value::Null) => Ordering::Greater,
        (Value::String(a), Value::String(b)) => a.encode_utf16().cmp(b.encode_utf16()),
        // NaN comes before every number.
        (Value::Double(a), Value::Double(b)) => a.partial_cmp(b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan())),
        (Value::Single(a), Value::Single(b)) => a.partial_cmp(b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan())),
        (a, b) => key_of(a, Folding::Exact).cmp(&key_of(b, Folding::Exact)),
    }
}

fn grouped(
    machine: &mut Machine<'_>,
    source: &Value,
    key: &Value,
    element: &Value,
) -> Outcome<Vec<(Value, Vec<Value>)>> {
    let mut places: std::collections::BTreeMap<Key, usize> = std::collections::BTreeMap::new();
    let mut groups: Vec<(Value, Vec<Value>)> = Vec::new();
    for item in machine.collect(source)? {
        let found = machine.invoke(key, std::slice::from_ref(&item))?;
        let item = if element.is_null() { item } else { machine.invoke(element, &[item])? };
        let at = *places.entry(key_of(&found, Folding::Exact)).or_insert(groups.len());
        match groups.get_mut(at) {
            Some((_, items)) => items.push(item),
            None => groups.push((found, vec![item])),
        }
    }
    Ok(groups)
}

fn group_by(call: &mut Call<'_, '_>, item: Ty, element: Option<usize>) -> Outcome<Value> {
    checked(call, &["keySelector"])?;
    let ty = grouping_type(call.ty(1), item);
    // The type travels as an empty group.
    let shape = call.object(ty.clone(), Grouping { key: Value::Null, values: Vec::new() })?;
    let element = element.map_or(Value::Null, |at| call.value(at).clone());
    let operands = [call.value(0).clone(), call.value(1).clone(), element, shape];
    call.machine.lazy(ty, groups, &operands)
}

fn groups(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    let found = grouped(machine, operand(operands, 0), operand(operands, 1), operand(operands, 2))?;
    let Value::Object(shape) = operand(operands, 3) else { return Err(broken("groups without a type")) };
    let ty = instance::type_of(shape).cloned().unwrap_or(Ty::Object);
    let mut made = Vec::new();
    for (key, values) in found {
        made.push(machine.object(ty.clone(), Grouping { key, values })?);
    }
    ready(made)
}

fn join(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    let inner = grouped(machine, operand(operands, 1), operand(operands, 3), &Value::Null)?;
    let mut made = Vec::new();
    for outer in machine.collect(operand(operands, 0))? {
        let key = key_of(&machine.invoke(operand(operands, 2), std::slice::from_ref(&outer))?, Folding::Exact);
        let found = inner.iter().filter(|(other, _)| key != Key::Null && key_of(other, Folding::Exact) == key);
        for item in found.flat_map(|(_, items)| items) {
            machine.step()?;
            made.push(machine.invoke(operand(operands, 4), &[outer.clone(), item.clone()])?);
        }
    }
    ready(made)
}

fn group_join(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    let inner = grouped(machine, operand(operands, 1), operand(operands, 3), &Value::Null)?;
    let mut made = Vec::new();
    for outer in machine.collect(operand(operands, 0))? {
        let key = key_of(&machine.invoke(operand(operands, 2), std::slice::from_ref(&outer))?, Folding::Exact);
        let found = inner.iter().find(|(other, _)| key != Key::Null && key_of(other, Folding::Exact) == key);
        let items = found.map(|(_, items)| items.clone()).unwrap_or_default();
        let items = machine.array_of(Ty::Object, items)?;
        made.push(machine.invoke(operand(operands, 4), &[outer, items])?);
    }
    ready(made)
}
