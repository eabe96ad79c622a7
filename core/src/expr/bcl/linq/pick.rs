//! What one sequence comes to: an item, a count, yes or no, a total.

use super::super::collections::key::{Folding, equal};
use super::super::collections::map::Map;
use super::super::collections::views::{self, View};
use super::super::string::index;
use super::super::{Call, Row, row};
use super::filter::first_match;
use super::order::{End, end_of, partly};
use super::window::{count, known_count, window};
use super::{NO_ELEMENTS, checked, default, holds};
use crate::expr::Interrupt;
use crate::expr::eval::cursor::Lazy;
use crate::expr::exception::{Outcome, invalid_operation, out_of_range, throw};
use crate::expr::instance;
use crate::value::Value;
use crate::value::json::{JKind, JToken};

const NO_MATCH: &str = "Sequence contains no matching element";
const MANY: &str = "Sequence contains more than one element";
const MANY_MATCH: &str = "Sequence contains more than one matching element";

const SEQUENCE: &str = "IEnumerable<T>";

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row(SEQUENCE, "this bool Any()", |call| {
        checked(call, &["source"])?;
        match known_count(call.value(0)) {
            Some(count) => Ok(Value::Bool(count > 0)),
            None => Ok(Value::Bool(first(call, Predicate::None)?.is_some())),
        }
    }),
    row(SEQUENCE, "this bool Any(Func<T, bool> predicate)", |call| {
        Ok(Value::Bool(first(call, Predicate::Given)?.is_some()))
    }),
    row(SEQUENCE, "this bool All(Func<T, bool> predicate)", |call| {
        checked(call, &["source", "predicate"])?;
        let mut cursor = call.machine.cursor(call.value(0))?;
        while let Some(item) = call.machine.advance(&mut *cursor)? {
            if !holds(call.machine, call.value(1), &[item])? {
                return Ok(Value::Bool(false));
            }
        }
        Ok(Value::Bool(true))
    }),
    row(SEQUENCE, "this int Count()", |call| {
        checked(call, &["source"])?;
        Ok(index(count(call.value(0), call.machine)?))
    }),
    row(SEQUENCE, "this int Count(Func<T, bool> predicate)", |call| Ok(index(matching(call)?))),
    row(SEQUENCE, "this long LongCount()", |call| {
        checked(call, &["source"])?;
        let mut cursor = call.machine.cursor(call.value(0))?;
        let mut count = 0;
        while call.machine.advance(&mut *cursor)?.is_some() {
            count += 1;
        }
        Ok(Value::Int64(count))
    }),
    row(SEQUENCE, "this long LongCount(Func<T, bool> predicate)", |call| {
        Ok(Value::Int64(i64::try_from(matching(call)?).unwrap_or(i64::MAX)))
    }),
    row(SEQUENCE, "this bool TryGetNonEnumeratedCount(out int count)", |call| {
        checked(call, &["source"])?;
        let known = known_count(call.value(0));
        call.give(index(known.unwrap_or(0)));
        Ok(Value::Bool(known.is_some()))
    }),
    row(SEQUENCE, "this T First()", |call| first(call, Predicate::None)?.ok_or_else(|| none(Predicate::None))),
    row(SEQUENCE, "this T First(Func<T, bool> predicate)", |call| {
        first(call, Predicate::Given)?.ok_or_else(|| none(Predicate::Given))
    }),
    row(SEQUENCE, "this T FirstOrDefault()", |call| Ok(first(call, Predicate::None)?.unwrap_or_else(|| default(call)))),
    row(SEQUENCE, "this T FirstOrDefault(T defaultValue)", |call| {
        Ok(first(call, Predicate::None)?.unwrap_or_else(|| call.value(1).clone()))
    }),
    row(SEQUENCE, "this T FirstOrDefault(Func<T, bool> predicate)", |call| {
        Ok(first(call, Predicate::Given)?.unwrap_or_else(|| default(call)))
    }),
    row(SEQUENCE, "this T FirstOrDefault(Func<T, bool> predicate, T defaultValue)", |call| {
        Ok(first(call, Predicate::Given)?.unwrap_or_else(|| call.value(2).clone()))
    }),
    row(SEQUENCE, "this T Last()", |call| last(call, Predicate::None)?.ok_or_else(|| none(Predicate::None))),
    row(SEQUENCE, "this T Last(Func<T, bool> predicate)", |call| {
        last(call, Predicate::Given)?.ok_or_else(|| none(Predicate::Given))
    }),
    row(SEQUENCE, "this T LastOrDefault()", |call| Ok(last(call, Predicate::None)?.unwrap_or_else(|| default(call)))),
    row(SEQUENCE, "this T LastOrDefault(T defaultValue)", |call| {
        Ok(last(call, Predicate::None)?.unwrap_or_else(|| call.value(1).clone()))
    }),
    row(SEQUENCE, "this T LastOrDefault(Func<T, bool> predicate)", |call| {
        Ok(last(call, Predicate::Given)?.unwrap_or_else(|| default(call)))
    }),
    row(SEQUENCE, "this T LastOrDefault(Func<T, bool> predicate, T defaultValue)", |call| {
        Ok(last(call, Predicate::Given)?.unwrap_or_else(|| call.value(2).clone()))
    }),
    row(SEQUENCE, "this T Single()", |call| single(call, Predicate::None)?.ok_or_else(|| none(Predicate::None))),
    row(SEQUENCE, "this T Single(Func<T, bool> predicate)", |call| {
        single(call, Predicate::Given)?.ok_or_else(|| none(Predicate::Given))
    }),
    row(SEQUENCE, "this T SingleOrDefault()", |call| {
        Ok(single(call, Predicate::None)?.unwrap_or_else(|| default(call)))
    }),
    row(SEQUENCE, "this T SingleOrDefault(T defaultValue)", |call| {
        Ok(single(call, Predicate::None)?.unwrap_or_else(|| call.value(1).clone()))
    }),
    row(SEQUENCE, "this T SingleOrDefault(Func<T, bool> predicate)", |call| {
        Ok(single(call, Predicate::Given)?.unwrap_or_else(|| default(call)))
    }),
    row(SEQUENCE, "this T SingleOrDefault(Func<T, bool> predicate, T defaultValue)", |call| {
        Ok(single(call, Predicate::Given)?.unwrap_or_else(|| call.value(2).clone()))
    }),
    row(SEQUENCE, "this T ElementAt(int index)", |call| {
        let found = element(call)?;
        // A list says so in its own words, and what a property holds in those of its own.
        let message = match (call.value(0), is_list(call.value(0))) {
            (Value::Json(token), _) if token.kind() == JKind::Property => {
                let message = "Specified argument was out of the range of valid values.";
                return found.ok_or_else(|| throw("System.ArgumentOutOfRangeException", message));
            }
            (_, true) => "Index was out of range. Must be non-negative and less than the size of the collection.",
            (_, false) => "Specified argument was out of the range of valid values.",
        };
        found.ok_or_else(|| out_of_range(message, "index"))
    }),
    row(SEQUENCE, "this T ElementAtOrDefault(int index)", |call| Ok(element(call)?.unwrap_or_else(|| default(call)))),
    row(SEQUENCE, "this bool Contains(T value)", contains),
    row(SEQUENCE, "this bool Contains(T value, IEqualityComparer<T> comparer)", contains),
    row(SEQUENCE, "this bool SequenceEqual(IEnumerable<T> second)", sequence_equal),
    row(SEQUENCE, "this bool SequenceEqual(IEnumerable<T> second, IEqualityComparer<T> comparer)", sequence_equal),
    row(SEQUENCE, "this T Aggregate(Func<T, T, T> func)", |call| {
        checked(call, &["source", "func"])?;
        let mut cursor = call.machine.cursor(call.value(0))?;
        let mut total = call.machine.advance(&mut *cursor)?.ok_or_else(|| invalid_operation(NO_ELEMENTS))?;
        while let Some(item) = call.machine.advance(&mut *cursor)? {
            total = call.invoke(1, &[total, item])?;
        }
        Ok(total)
    }),
    row(SEQUENCE, "this TResult Aggregate<TResult>(TResult seed, Func<TResult, T, TResult> func)", |call| {
        checked(call, &["source", "", "func"])?;
        folded(call)
    }),
    row(
        SEQUENCE,
        "this TResult Aggregate<TAccumulate, TResult>(TAccumulate seed, Func<TAccumulate, T, TAccumulate> func, Func<TAccumulate, TResult> resultSelector)",
        |call| {
            checked(call, &["source", "", "func", "resultSelector"])?;
            let total = folded(call)?;
            call.invoke(3, &[total])
        },
    ),
];

// Whether it has places of its own, and is not merely made from what has.
fn is_list(sequence: &Value) -> bool {
    let is_container = |token: &JToken| matches!(token.kind(), JKind::Array | JKind::Object | JKind::Constructor);
    matches!(sequence, Value::Json(token) if is_container(token)) || window(sequence).is_some() && !is_lazy(sequence)
}

fn is_lazy(sequence: &Value) -> bool {
    instance::look(sequence, |_: &mut Lazy| ()).is_some()
}

/// Whether the first argument is a predicate.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Predicate {
    None,
    Given,
}

fn none(predicate: Predicate) -> Interrupt {
    invalid_operation(if predicate == Predicate::Given { NO_MATCH } else { NO_ELEMENTS })
}

// The predicate, or null; null where there should be one throws.
fn predicate_of<'c>(call: &Call<'c, '_>, predicate: Predicate) -> Outcome<&'c Value> {
    match predicate {
        Predicate::Given => {
            checked(call, &["source", "predicate"])?;
            Ok(call.value(1))
        }
        Predicate::None => {
            checked(call, &["source"])?;
            Ok(&Value::Null)
        }
    }
}

fn first(call: &mut Call<'_, '_>, predicate: Predicate) -> Outcome<Option<Value>> {
    let predicate = predicate_of(call, predicate)?;
    let source = call.value(0);
    if predicate.is_null()
        && let Some(found) = end_of(call.machine, source, predicate, End::First)?
    {
        return Ok(found);
    }
    let mut cursor = call.machine.cursor(source)?;
    first_match(call.machine, &mut *cursor, predicate)
}

fn matching(call: &mut Call<'_, '_>) -> Outcome<usize> {
    let predicate = predicate_of(call, Predicate::Given)?;
    let mut cursor = call.machine.cursor(call.value(0))?;
    let mut count = 0;
    while first_match(call.machine, &mut *cursor, predicate)?.is_some() {
        count += 1;
    }
    Ok(count)
}

// Of a list the last items are asked first.
fn last(call: &mut Call<'_, '_>, predicate: Predicate) -> Outcome<Option<Value>> {
    let predicate = predicate_of(call, predicate)?;
    if let Some(window) = window(call.value(0)) {
        if predicate.is_null() {
            return window.last(call.machine);
        }
        if window.is_plain() && !is_lazy(call.value(0)) {
            for place in (0..window.len()).rev() {
                let Some(item) = window.at(place, call.machine)? else { continue };
                if holds(call.machine, predicate, std::slice::from_ref(&item))? {
                    return Ok(Some(item));
                }
            }
            return Ok(None);
        }
    }
    if let Some(found) = end_of(call.machine, call.value(0), predicate, End::Last)? {
        return Ok(found);
    }
    let mut cursor = call.machine.cursor(call.value(0))?;
    let mut found = None;
    while let Some(item) = first_match(call.machine, &mut *cursor, predicate)? {
        found = Some(item);
    }
    Ok(found)
}

fn single(call: &mut Call<'_, '_>, predicate: Predicate) -> Outcome<Option<Value>> {
    let is_given = predicate == Predicate::Given;
    let predicate = predicate_of(call, predicate)?;
    let mut cursor = call.machine.cursor(call.value(0))?;
    let found = first_match(call.machine, &mut *cursor, predicate)?;
    if found.is_some() && first_match(call.machine, &mut *cursor, predicate)?.is_some() {
        return Err(invalid_operation(if is_given { MANY_MATCH } else { MANY }));
    }
    Ok(found)
}

fn element(call: &mut Call<'_, '_>) -> Outcome<Option<Value>> {
    checked(call, &["source"])?;
    let Ok(place) = usize::try_from(call.int(1)?) else { return Ok(None) };
    if let Some(window) = window(call.value(0)) {
        return window.at(place, call.machine);
    }
    let mut cursor = partly(call.machine, call.value(0))?;
    for _ in 0..place {
        if call.machine.advance(&mut *cursor)?.is_none() {
            return Ok(None);
        }
    }
    call.machine.advance(&mut *cursor)
}

// A set, or the keys of a dictionary, are asked in their own way.
fn contains(call: &mut Call<'_, '_>) -> Outcome<Value> {
    checked(call, &["source"])?;
    let wanted = call.value(1);
    if call.value(2).is_null() {
        // A container looks for the token itself.
        if let Value::Json(container) = call.value(0)
            && !container.is_value()
        {
            let is_it = |child: &JToken| matches!(wanted, Value::Json(token) if token.is_same(child));
            return Ok(Value::Bool(container.children().iter().any(is_it)));
        }
        let set = instance::look(call.value(0), |map: &mut Map| (!map.is_dictionary()).then(|| map.contains(wanted)));
        if let Some(Some(found)) = set {
            return Ok(Value::Bool(found));
        }
        let keys = instance::look(call.value(0), |view: &mut View| {
            (view.part == views::Part::Keys).then(|| view.source.clone())
        });
        if let Some(Some(map)) = keys
            && let Some(found) = instance::look(&map, |map: &mut Map| map.contains(wanted))
        {
            return Ok(Value::Bool(found));
        }
    }
    let folding = Folding::of(call.value(2));
    let mut cursor = call.machine.cursor(call.value(0))?;
    while let Some(item) = call.machine.advance(&mut *cursor)? {
        if equal(&item, wanted, folding) {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

fn sequence_equal(call: &mut Call<'_, '_>) -> Outcome<Value> {
    checked(call, &["first", "second"])?;
    let folding = Folding::of(call.value(2));
    if let (Some(first), Some(second)) = (views::length(call.value(0)), views::length(call.value(1)))
        && first != second
    {
        return Ok(Value::Bool(false));
    }
    let mut first = call.machine.cursor(call.value(0))?;
    let mut second = call.machine.cursor(call.value(1))?;
    loop {
        let a = call.machine.advance(&mut *first)?;
        let b = call.machine.advance(&mut *second)?;
        match (a, b) {
            (None, None) => return Ok(Value::Bool(true)),
            (Some(a), Some(b)) if equal(&a, &b, folding) => {}
            (Some(_) | None, Some(_) | None) => return Ok(Value::Bool(false)),
        }
    }
}

fn folded(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let mut total = call.value(1).clone();
    let mut cursor = call.machine.cursor(call.value(0))?;
    while let Some(item) = call.machine.advance(&mut *cursor)? {
        total = call.invoke(2, &[total, item])?;
    }
    Ok(total)
}
