//! `GroupBy`, `ToLookup`, `Join` and `GroupJoin`, and the groups and lookups that they make.

use std::collections::BTreeMap;

use super::super::collections::enumerator;
use super::super::collections::key::{Folding, Key, key_of};
use super::super::string::index;
use super::super::{Call, Row, row};
use super::{boxed, checked, generate, lazy, nothing, operand, stream, unboxed};
use crate::expr::eval::Machine;
use crate::expr::eval::cursor::{Cursor, Shape};
use crate::expr::exception::Outcome;
use crate::expr::instance::State;
use crate::expr::ty::{Class, Ty};
use crate::value::Value;

/// `IGrouping<K, T>`
#[derive(Debug)]
pub(in crate::expr::bcl) struct Grouping {
    pub(in crate::expr::bcl) key: Value,
    pub(in crate::expr::bcl) values: Vec<Value>,
}

impl State for Grouping {
    fn children(&self) -> Vec<Value> {
        let mut children = self.values.clone();
        children.push(self.key.clone());
        children
    }

    fn clear(&mut self) {
        self.values = Vec::new();
        self.key = Value::Null;
    }

    fn items(&self) -> Option<Vec<Value>> {
        Some(self.values.clone())
    }
}

/// `ILookup<K, T>`
#[derive(Debug)]
pub(in crate::expr::bcl) struct Lookup {
    pub(in crate::expr::bcl) groups: Vec<Value>,
    places: BTreeMap<Key, usize>,
    folding: Folding,
}

impl State for Lookup {
    fn children(&self) -> Vec<Value> {
        self.groups.clone()
    }

    fn clear(&mut self) {
        self.groups = Vec::new();
    }

    fn items(&self) -> Option<Vec<Value>> {
        Some(self.groups.clone())
    }
}

const SEQUENCE: &str = "IEnumerable<T>";
const LOOKUP: &str = "ILookup<TKey, TElement>";

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row("IGrouping<TKey, T>", "TKey Key", |call| call.state(0, |group: &mut Grouping| group.key.clone())),
    row(LOOKUP, "int Count", |call| call.state(0, |lookup: &mut Lookup| index(lookup.groups.len()))),
    row(LOOKUP, "bool Contains(TKey key)", |call| {
        let key = call.value(1);
        call.state(0, |lookup: &mut Lookup| Value::Bool(lookup.places.contains_key(&key_of(key, lookup.folding))))
    }),
    row(LOOKUP, "IEnumerable<TElement> this[TKey key]", |call| {
        let key = call.value(1);
        let found = call.state(0, |lookup: &mut Lookup| {
            let place = lookup.places.get(&key_of(key, lookup.folding))?;
            lookup.groups.get(*place).cloned()
        })?;
        match found {
            Some(group) => Ok(group),
            // No group is no array, but a sequence that has nothing.
            None => {
                let item = call.ty(1);
                nothing(call, item)
            }
        }
    }),
    row(LOOKUP, "IEnumerator<IGrouping<TKey, TElement>> GetEnumerator()", enumerator),
    row(SEQUENCE, "this IEnumerable<IGrouping<TKey, T>> GroupBy<TKey>(Func<T, TKey> keySelector)", |call| {
        grouped(call, None, 2)
    }),
    row(
        SEQUENCE,
        "this IEnumerable<IGrouping<TKey, T>> GroupBy<TKey>(Func<T, TKey> keySelector, IEqualityComparer<TKey> comparer)",
        |call| grouped(call, None, 2),
    ),
    row(
        SEQUENCE,
        "this IEnumerable<IGrouping<TKey, TElement>> GroupBy<TKey, TElement>(Func<T, TKey> keySelector, Func<T, TElement> elementSelector)",
        |call| grouped(call, Some(2), 3),
    ),
    row(
        SEQUENCE,
        "this IEnumerable<IGrouping<TKey, TElement>> GroupBy<TKey, TElement>(Func<T, TKey> keySelector, Func<T, TElement> elementSelector, IEqualityComparer<TKey> comparer)",
        |call| grouped(call, Some(2), 3),
    ),
    row(
        SEQUENCE,
        "this IEnumerable<TResult> GroupBy<TKey, TResult>(Func<T, TKey> keySelector, Func<TKey, IEnumerable<T>, TResult> resultSelector)",
        |call| grouped_into(call, None, 2),
    ),
    row(
        SEQUENCE,
        "this IEnumerable<TResult> GroupBy<TKey, TElement, TResult>(Func<T, TKey> keySelector, Func<T, TElement> elementSelector, Func<TKey, IEnumerable<TElement>, TResult> resultSelector)",
        |call| grouped_into(call, Some(2), 3),
    ),
    row(
        SEQUENCE,
        "this IEnumerable<TResult> GroupBy<TKey, TResult>(Func<T, TKey> keySelector, Func<TKey, IEnumerable<T>, TResult> resultSelector, IEqualityComparer<TKey> comparer)",
        |call| grouped_into(call, None, 2),
    ),
    row(
        SEQUENCE,
        "this IEnumerable<TResult> GroupBy<TKey, TElement, TResult>(Func<T, TKey> keySelector, Func<T, TElement> elementSelector, Func<TKey, IEnumerable<TElement>, TResult> resultSelector, IEqualityComparer<TKey> comparer)",
        |call| grouped_into(call, Some(2), 3),
    ),
    row(SEQUENCE, "this ILookup<TKey, T> ToLookup<TKey>(Func<T, TKey> keySelector)", |call| to_lookup(call, None, 2)),
    row(
        SEQUENCE,
        "this ILookup<TKey, T> ToLookup<TKey>(Func<T, TKey> keySelector, IEqualityComparer<TKey> comparer)",
        |call| to_lookup(call, None, 2),
    ),
    row(
        SEQUENCE,
        "this ILookup<TKey, TElement> ToLookup<TKey, TElement>(Func<T, TKey> keySelector, Func<T, TElement> elementSelector)",
        |call| to_lookup(call, Some(2), 3),
    ),
    row(
        SEQUENCE,
        "this ILookup<TKey, TElement> ToLookup<TKey, TElement>(Func<T, TKey> keySelector, Func<T, TElement> elementSelector, IEqualityComparer<TKey> comparer)",
        |call| to_lookup(call, Some(2), 3),
    ),
    row(
        SEQUENCE,
        "this IEnumerable<TResult> Join<TInner, TKey, TResult>(IEnumerable<TInner> inner, Func<T, TKey> outerKeySelector, Func<TInner, TKey> innerKeySelector, Func<T, TInner, TResult> resultSelector)",
        |call| lazy(call, 3, &JOINED, join),
    ),
    row(
        SEQUENCE,
        "this IEnumerable<TResult> Join<TInner, TKey, TResult>(IEnumerable<TInner> inner, Func<T, TKey> outerKeySelector, Func<TInner, TKey> innerKeySelector, Func<T, TInner, TResult> resultSelector, IEqualityComparer<TKey> comparer)",
        |call| lazy(call, 3, &JOINED, join),
    ),
    row(
        SEQUENCE,
        "this IEnumerable<TResult> GroupJoin<TInner, TKey, TResult>(IEnumerable<TInner> inner, Func<T, TKey> outerKeySelector, Func<TInner, TKey> innerKeySelector, Func<T, IEnumerable<TInner>, TResult> resultSelector)",
        joined_groups,
    ),
    row(
        SEQUENCE,
        "this IEnumerable<TResult> GroupJoin<TInner, TKey, TResult>(IEnumerable<TInner> inner, Func<T, TKey> outerKeySelector, Func<TInner, TKey> innerKeySelector, Func<T, IEnumerable<TInner>, TResult> resultSelector, IEqualityComparer<TKey> comparer)",
        joined_groups,
    ),
];

const JOINED: [&str; 5] = ["outer", "inner", "outerKeySelector", "innerKeySelector", "resultSelector"];

/// Keys and the items that have them, in the order in which the keys came.
#[derive(Default)]
struct Groups {
    groups: Vec<(Value, Vec<Value>)>,
    places: BTreeMap<Key, usize>,
}

impl Groups {
    fn of(machine: &mut Machine<'_>, source: &Value, selectors: (&Value, &Value), folding: Folding) -> Outcome<Self> {
        let mut made = Self::default();
        let mut cursor = machine.cursor(source)?;
        while let Some(item) = machine.advance(&mut *cursor)? {
            machine.charge(2 * size_of::<Value>())?;
            let key = machine.invoke(selectors.0, std::slice::from_ref(&item))?;
            let place = *made.places.entry(key_of(&key, folding)).or_insert(made.groups.len());
            let item = if selectors.1.is_null() { item } else { machine.invoke(selectors.1, &[item])? };
            match made.groups.get_mut(place) {
                Some((_, items)) => items.push(item),
                None => made.groups.push((key, vec![item])),
            }
        }
        Ok(made)
    }

    fn get(&self, key: &Value, folding: Folding) -> Option<&[Value]> {
        // Nothing joins null.
        if key.is_null() {
            return None;
        }
        let place = self.places.get(&key_of(key, folding))?;
        self.groups.get(*place).map(|(_, items)| items.as_slice())
    }
}

// The operands of groups: source, selector of keys, selector of elements, what a group becomes, comparer, the type of a group.
fn operands_of(
    call: &mut Call<'_, '_>,
    element: Option<usize>,
    result: Option<usize>,
    comparer: usize,
) -> Outcome<(Vec<Value>, Ty)> {
    let item = call.ty(if element.is_some() { 2 } else { 0 });
    let ty = |class: Class| Ty::Generic(class, [call.ty(1), item.clone()].into());
    let (own, shown) = (ty(Class::Grouping), ty(Class::IGrouping));
    let own = boxed(call, own)?;
    let at = |at: Option<usize>| at.map_or(Value::Null, |at| call.value(at).clone());
    let operands = vec![at(Some(0)), at(Some(1)), at(element), at(result), at(Some(comparer)), own];
    Ok((operands, shown))
}

fn names(element: Option<usize>, result: bool) -> Vec<&'static str> {
    let mut names = vec!["source", "keySelector"];
    if element.is_some() {
        names.push("elementSelector");
    }
    if result {
        names.push("resultSelector");
    }
    names
}

fn grouped(call: &mut Call<'_, '_>, element: Option<usize>, comparer: usize) -> Outcome<Value> {
    checked(call, &names(element, false))?;
    let (operands, shown) = operands_of(call, element, None, comparer)?;
    call.machine.lazy(shown, Shape::Groups, groups, operands)
}

fn grouped_into(call: &mut Call<'_, '_>, element: Option<usize>, result: usize) -> Outcome<Value> {
    checked(call, &names(element, true))?;
    let (operands, _) = operands_of(call, element, Some(result), result + 1)?;
    let made = call.ty(if element.is_some() { 3 } else { 2 });
    call.machine.lazy(made, Shape::Groups, groups, operands)
}

fn found(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Groups> {
    let folding = Folding::of(operand(operands, 4));
    Groups::of(machine, operand(operands, 0), (operand(operands, 1), operand(operands, 2)), folding)
}

/// How many groups there are; nothing is made of them for that.
pub(super) fn group_count(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<usize> {
    Ok(found(operands, machine)?.groups.len())
}

fn groups(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    let found = found(operands, machine)?;
    let (ty, result) = (unboxed(operands, 5)?, operand(operands, 3).clone());
    let mut rest = found.groups.into_iter();
    generate(move |machine| {
        let Some((key, values)) = rest.next() else { return Ok(None) };
        let group = machine.object(ty.clone(), Grouping { key: key.clone(), values })?;
        match result.is_null() {
            true => Ok(Some(group)),
            false => machine.invoke(&result, &[key, group]).map(Some),
        }
    })
}

fn to_lookup(call: &mut Call<'_, '_>, element: Option<usize>, comparer: usize) -> Outcome<Value> {
    checked(call, &names(element, false))?;
    let (operands, _) = operands_of(call, element, None, comparer)?;
    let folding = Folding::of(operand(&operands, 4));
    let selectors = (operand(&operands, 1), operand(&operands, 2));
    let found = Groups::of(call.machine, operand(&operands, 0), selectors, folding)?;
    let ty = unboxed(&operands, 5)?;
    let mut groups = Vec::new();
    for (key, values) in found.groups {
        groups.push(call.machine.object(ty.clone(), Grouping { key, values })?);
    }
    let Ty::Generic(_, types) = ty else { return Ok(Value::Null) };
    call.object(Ty::Generic(Class::Lookup, types), Lookup { groups, places: found.places, folding })
}

fn join(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    let folding = Folding::of(operand(operands, 5));
    let operands = operands.to_vec();
    let mut inner: Option<Groups> = None;
    let mut open: Option<(Value, std::vec::IntoIter<Value>)> = None;
    stream(&operands.clone(), machine, move |source, machine| {
        loop {
            if let Some((outer, items)) = &mut open
                && let Some(item) = items.next()
            {
                machine.step()?;
                return machine.invoke(operand(&operands, 4), &[outer.clone(), item]).map(Some);
            }
            let Some(outer) = machine.advance(source)? else { return Ok(None) };
            let inner = inner_of(&mut inner, &operands, folding, machine)?;
            // Nothing can join then, and .NET asks for no keys.
            if inner.groups.is_empty() {
                return Ok(None);
            }
            let key = machine.invoke(operand(&operands, 2), std::slice::from_ref(&outer))?;
            let items = inner.get(&key, folding).unwrap_or(&[]).to_vec();
            open = Some((outer, items.into_iter()));
        }
    })
}

// The inner sequence is read when the first outer item is there.
fn inner_of<'g>(
    inner: &'g mut Option<Groups>,
    operands: &[Value],
    folding: Folding,
    machine: &mut Machine<'_>,
) -> Outcome<&'g mut Groups> {
    match inner {
        Some(groups) => Ok(groups),
        None => {
            let selectors = (operand(operands, 3), &Value::Null);
            Ok(inner.insert(Groups::of(machine, operand(operands, 1), selectors, folding)?))
        }
    }
}

fn joined_groups(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let mut operands = checked(call, &JOINED)?;
    operands.resize(6, Value::Null);
    let item = call.ty(1);
    operands.push(boxed(call, item)?);
    let made = call.ty(3);
    call.machine.lazy(made, Shape::Plain, group_join, operands)
}

fn group_join(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    let (folding, item) = (Folding::of(operand(operands, 5)), unboxed(operands, 6)?);
    let operands = operands.to_vec();
    let mut inner: Option<Groups> = None;
    stream(&operands.clone(), machine, move |source, machine| {
        let Some(outer) = machine.advance(source)? else { return Ok(None) };
        let inner = inner_of(&mut inner, &operands, folding, machine)?;
        let key = machine.invoke(operand(&operands, 2), std::slice::from_ref(&outer))?;
        let items = inner.get(&key, folding).unwrap_or(&[]).to_vec();
        let items = machine.array_of(item.clone(), items)?;
        machine.invoke(operand(&operands, 4), &[outer, items]).map(Some)
    })
}
