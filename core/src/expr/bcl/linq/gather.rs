//! Sequences made into collections: `ToList`, `ToArray`, `ToHashSet`, `ToDictionary`.

use super::super::collections::map::Map;
use super::super::collections::{list, list_array, put, room_for, set_of};
use super::super::{Call, Row, row};
use super::checked;
use super::filter::gathered;
use super::window::known_count;
use crate::expr::eval::cursor::{Lazy, Shape};
use crate::expr::exception::{Outcome, argument_null};
use crate::expr::instance::{self, Items, Pair};
use crate::expr::ty::{Class, Ty};
use crate::value::Value;

const SEQUENCE: &str = "IEnumerable<T>";
const PAIRS: &str = "IEnumerable<KeyValuePair<TKey, TValue>>";

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row(SEQUENCE, "this List<T> ToList()", |call| {
        let items = items(call, "collection")?;
        // A list grows where .NET does not know in advance how many items there will be.
        let shape = instance::look(call.value(0), |lazy: &mut Lazy| lazy.shape);
        let is_open = matches!(shape, None | Some(Shape::Plain | Shape::Flat | Shape::Tokens | Shape::Wrapped));
        let is_known = !is_open || shape.is_some() && known_count(call.value(0)).is_some();
        let room = if is_known { 0 } else { room_for(call.value(0), items.len()) };
        let list = list(call, items)?;
        instance::look(&list, |items: &mut Items| items.values.reserve_exact(room.saturating_sub(items.values.len())));
        Ok(list)
    }),
    row(SEQUENCE, "this T[] ToArray()", |call| {
        let items = items(call, "source")?;
        // What .NET collects in a table before is an array of its own.
        let shape = instance::look(call.value(0), |lazy: &mut Lazy| lazy.shape);
        if matches!(shape, Some(Shape::Set | Shape::Groups)) {
            return call.machine.array_of(call.ty(0), items);
        }
        match call.value(0) {
            Value::Object(object) if matches!(instance::type_of(object), Some(Ty::Generic(Class::List, _))) => {
                list_array(call, items)
            }
            _ => call.machine.array_or_empty(call.ty(0), items),
        }
    }),
    row(SEQUENCE, "this HashSet<T> ToHashSet()", |call| {
        let items = call.items(0, "source")?;
        set_of(call, items, &Value::Null)
    }),
    row(SEQUENCE, "this HashSet<T> ToHashSet(IEqualityComparer<T> comparer)", |call| {
        let items = call.items(0, "source")?;
        set_of(call, items, call.value(1))
    }),
    row(SEQUENCE, "this Dictionary<TKey, T> ToDictionary<TKey>(Func<T, TKey> keySelector)", |call| {
        dictionary(call, None, 2)
    }),
    row(
        SEQUENCE,
        "this Dictionary<TKey, T> ToDictionary<TKey>(Func<T, TKey> keySelector, IEqualityComparer<TKey> comparer)",
        |call| dictionary(call, None, 2),
    ),
    row(
        SEQUENCE,
        "this Dictionary<TKey, TElement> ToDictionary<TKey, TElement>(Func<T, TKey> keySelector, Func<T, TElement> elementSelector)",
        |call| dictionary(call, Some(2), 3),
    ),
    row(
        SEQUENCE,
        "this Dictionary<TKey, TElement> ToDictionary<TKey, TElement>(Func<T, TKey> keySelector, Func<T, TElement> elementSelector, IEqualityComparer<TKey> comparer)",
        |call| dictionary(call, Some(2), 3),
    ),
    row(PAIRS, "this Dictionary<TKey, TValue> ToDictionary()", of_pairs),
    row(PAIRS, "this Dictionary<TKey, TValue> ToDictionary(IEqualityComparer<TKey> comparer)", of_pairs),
];

// The items of the source, which may not be null; a sequence in it that is null is called by this name.
fn items(call: &mut Call<'_, '_>, name: &str) -> Outcome<Vec<Value>> {
    if call.value(0).is_null() {
        return Err(argument_null("source"));
    }
    gathered(call.machine, call.value(0), name)
}

fn dictionary(call: &mut Call<'_, '_>, element: Option<usize>, comparer: usize) -> Outcome<Value> {
    match element {
        Some(_) => checked(call, &["source", "keySelector", "elementSelector"])?,
        None => checked(call, &["source", "keySelector"])?,
    };
    let value_type = if element.is_some() { call.ty(2) } else { call.ty(0) };
    let ty = Ty::Generic(Class::Dictionary, [call.ty(1), value_type].into());
    let made = call.object(ty.clone(), Map::new(ty, call.value(comparer)))?;
    let mut cursor = call.machine.cursor(call.value(0))?;
    while let Some(item) = call.machine.advance(&mut *cursor)? {
        call.machine.charge(4 * size_of::<Value>())?;
        let key = call.invoke(1, std::slice::from_ref(&item))?;
        let value = match element {
            Some(at) => call.invoke(at, &[item])?,
            None => item,
        };
        put(&made, key, value)?;
    }
    Ok(made)
}

fn of_pairs(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let ty = Ty::Generic(Class::Dictionary, [call.ty(0), call.ty(1)].into());
    let pairs = call.items(0, "source")?;
    let made = call.object(ty.clone(), Map::new(ty, call.value(1)))?;
    for pair in pairs {
        call.machine.charge(4 * size_of::<Value>())?;
        let (key, value) = instance::state(&pair, |pair: &mut Pair| (pair.key.clone(), pair.value.clone()))?;
        put(&made, key, value)?;
    }
    Ok(made)
}
