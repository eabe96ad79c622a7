//! `System.Linq.Enumerable`: what is evaluated while it is enumerated. What yields one value or a collection is in `linq_eager`.

use super::{Call, Row, row};
use crate::expr::eval::Machine;
use crate::expr::eval::cursor::{Cursor, Ready, Start};
use crate::expr::exception::{Outcome, argument_null, broken, invalid_cast, out_of_range};
use crate::expr::instance::{self, State};
use crate::expr::ty::{Class, Ty};
use crate::value::Value;

use super::map::{Folding, Key, key_of};

pub(super) const ROWS: &[Row] = &[
    row("IEnumerable<T>", "this IEnumerable<T> Where(Func<T, bool> predicate)", |call| {
        lazy(call, 0, &["predicate"], |operands, machine| filter(operands, machine, false))
    }),
    row("IEnumerable<T>", "this IEnumerable<T> Where(Func<T, int, bool> predicate)", |call| {
        lazy(call, 0, &["predicate"], |operands, machine| filter(operands, machine, true))
    }),
    row("IEnumerable<T>", "this IEnumerable<TResult> Select<TResult>(Func<T, TResult> selector)", |call| {
        lazy(call, 1, &["selector"], |operands, machine| select(operands, machine, false))
    }),
    row("IEnumerable<T>", "this IEnumerable<TResult> Select<TResult>(Func<T, int, TResult> selector)", |call| {
        lazy(call, 1, &["selector"], |operands, machine| select(operands, machine, true))
    }),
    row(
        "IEnumerable<T>",
        "this IEnumerable<TResult> SelectMany<TResult>(Func<T, IEnumerable<TResult>> selector)",
        |call| lazy(call, 1, &["selector"], flatten),
    ),
    row(
        "IEnumerable<T>",
        "this IEnumerable<TResult> SelectMany<TMiddle, TResult>(Func<T, IEnumerable<TMiddle>> collectionSelector, Func<T, TMiddle, TResult> resultSelector)",
        |call| lazy(call, 2, &["collectionSelector", "resultSelector"], flatten),
    ),
    row("IEnumerable<T>", "this IEnumerable<T> Take(int count)", |call| lazy(call, 0, &["count"], take)),
    row("IEnumerable<T>", "this IEnumerable<T> Skip(int count)", |call| lazy(call, 0, &["count"], skip)),
    row("IEnumerable<T>", "this IEnumerable<T> TakeWhile(Func<T, bool> predicate)", |call| {
        lazy(call, 0, &["predicate"], take_while)
    }),
    row("IEnumerable<T>", "this IEnumerable<T> SkipWhile(Func<T, bool> predicate)", |call| {
        lazy(call, 0, &["predicate"], skip_while)
    }),
    row("IEnumerable<T>", "this IEnumerable<T> TakeLast(int count)", |call| {
        lazy(call, 0, &["count"], |operands, machine| {
            let mut items = machine.collect(operand(operands, 0))?;
            let kept = count_of(operands);
            ready(items.split_off(items.len().saturating_sub(kept)))
        })
    }),
    row("IEnumerable<T>", "this IEnumerable<T> SkipLast(int count)", |call| {
        lazy(call, 0, &["count"], |operands, machine| {
            let mut items = machine.collect(operand(operands, 0))?;
            items.truncate(items.len().saturating_sub(count_of(operands)));
            ready(items)
        })
    }),
    row("IEnumerable<T>", "this IEnumerable<T> Concat(IEnumerable<T> second)", |call| {
        lazy(call, 0, &["second"], |operands, machine| {
            let first = machine.cursor(operand(operands, 0))?;
            Ok(Box::new(Chain { first: Some(first), rest: operand(operands, 1).clone() }))
        })
    }),
    row("IEnumerable<T>", "this IEnumerable<T> Append(T element)", |call| {
        lazy(call, 0, &[""], |operands, machine| {
            let mut items = machine.collect(operand(operands, 0))?;
            items.push(operand(operands, 1).clone());
            ready(items)
        })
    }),
    row("IEnumerable<T>", "this IEnumerable<T> Prepend(T element)", |call| {
        lazy(call, 0, &[""], |operands, machine| {
            let mut items = vec![operand(operands, 1).clone()];
            items.extend(machine.collect(operand(operands, 0))?);
            ready(items)
        })
    }),
    row("IEnumerable<T>", "this IEnumerable<T> Reverse()", |call| {
        lazy(call, 0, &[], |operands, machine| {
            let mut items = machine.collect(operand(operands, 0))?;
            items.reverse();
            ready(items)
        })
    }),
    row("IEnumerable<T>", "this IEnumerable<T> DefaultIfEmpty()", |call| {
        let default = call.ty(0).default_value().unwrap_or(Value::Null);
        lazy_of(call, call.ty(0), vec![call.value(0).clone(), default], default_if_empty)
    }),
    row("IEnumerable<T>", "this IEnumerable<T> DefaultIfEmpty(T defaultValue)", |call| {
        lazy(call, 0, &[""], default_if_empty)
    }),
    row("IEnumerable<T>", "this IEnumerable<T> Distinct()", |call| lazy(call, 0, &[], distinct)),
    row("IEnumerable<T>", "this IEnumerable<T> Distinct(IEqualityComparer<T> comparer)", |call| {
        lazy(call, 0, &[""], distinct)
    }),
    row("IEnumerable<T>", "this IEnumerable<T> Union(IEnumerable<T> second)", |call| {
        lazy(call, 0, &["second"], |operands, machine| combined(operands, machine, Combine::Union))
    }),
    row("IEnumerable<T>", "this IEnumerable<T> Except(IEnumerable<T> second)", |call| {
        lazy(call, 0, &["second"], |operands, machine| combined(operands, machine, Combine::Except))
    }),
    row("IEnumerable<T>", "this IEnumerable<T> Except(IEnumerable<T> second, IEqualityComparer<T> comparer)", |call| {
        lazy(call, 0, &["second", ""], |operands, machine| combined(operands, machine, Combine::Except))
    }),
    row("IEnumerable<T>", "this IEnumerable<T> Intersect(IEnumerable<T> second)", |call| {
        lazy(call, 0, &["second"], |operands, machine| combined(operands, machine, Combine::Intersect))
    }),
    row(
        "IEnumerable<T>",
        "this IEnumerable<T> Intersect(IEnumerable<T> second, IEqualityComparer<T> comparer)",
        |call| lazy(call, 0, &["second", ""], |operands, machine| combined(operands, machine, Combine::Intersect)),
    ),
    row(
        "IEnumerable<T>",
        "this IEnumerable<TResult> Zip<TSecond, TResult>(IEnumerable<TSecond> second, Func<T, TSecond, TResult> resultSelector)",
        |call| lazy(call, 2, &["second", "resultSelector"], zip),
    ),
    row("IEnumerable<T>", "this IEnumerable<TResult> Cast<TResult>()", |call| typed(call, cast)),
    row("IEnumerable<T>", "this IEnumerable<TResult> OfType<TResult>()", |call| typed(call, of_type)),
    row("IEnumerable<T>", "this IEnumerable<T> AsEnumerable()", |call| Ok(call.value(0).clone())),
    row("Enumerable", "static IEnumerable<int> Range(int start, int count)", |call| {
        let (start, count) = (i64::from(call.int(0)?), i64::from(call.int(1)?));
        if count < 0 || start + count - 1 > i64::from(i32::MAX) {
            return Err(out_of_range("Specified argument was out of the range of valid values.", "count"));
        }
        lazy_of(call, Ty::Int32, vec![Value::Int64(start), Value::Int64(start + count)], |operands, _| match operands {
            [Value::Int64(at), Value::Int64(end)] => Ok(Box::new(Count { at: *at, end: *end, value: None })),
            _ => Err(broken("a range without numbers")),
        })
    }),
    row("Enumerable", "static IEnumerable<TResult> Repeat<TResult>(TResult element, int count)", |call| {
        let count = call.int(1)?;
        if count < 0 {
            return Err(out_of_range("Specified argument was out of the range of valid values.", "count"));
        }
        let operands = vec![call.value(0).clone(), Value::Int64(i64::from(count))];
        lazy_of(call, call.ty(0), operands, |operands, _| match operands {
            [value, Value::Int64(end)] => Ok(Box::new(Count { at: 0, end: *end, value: Some(value.clone()) })),
            _ => Err(broken("a repetition without a number")),
        })
    }),
    row("Enumerable", "static IEnumerable<TResult> Empty<TResult>()", |call| {
        let item = call.ty(0);
        call.machine.array_of(item, Vec::new())
    }),
];

/// A lazy sequence whose items have this type of the member's; null among the named arguments throws at once.
pub(super) fn lazy(call: &mut Call<'_, '_>, item: usize, parameters: &[&str], start: Start) -> Outcome<Value> {
    lazy_of(call, call.ty(item), checked(call, parameters)?, start)
}

/// The receiver and the arguments, none of which may be null but those whose name is empty.
pub(super) fn checked(call: &Call<'_, '_>, parameters: &[&str]) -> Outcome<Vec<Value>> {
    for (at, parameter) in ["source"].iter().chain(parameters).enumerate() {
        if call.value(at).is_null() && !parameter.is_empty() {
            return Err(argument_null(if at == 0 && parameters.first() == Some(&"second") {
                "first"
            } else {
                parameter
            }));
        }
    }
    Ok(call.arguments.to_vec())
}

fn lazy_of(call: &mut Call<'_, '_>, item: Ty, operands: Vec<Value>, start: Start) -> Outcome<Value> {
    call.machine.lazy(item, start, &operands)
}

pub(super) fn operand(operands: &[Value], at: usize) -> &Value {
    operands.get(at).unwrap_or(&Value::Null)
}

pub(super) fn ready(items: Vec<Value>) -> Outcome<Box<dyn Cursor>> {
    Ok(Box::new(Ready(items.into_iter())))
}

fn count_of(operands: &[Value]) -> usize {
    match operand(operands, 1) {
        Value::Int32(count) => usize::try_from(*count).unwrap_or(0),
        _ => 0,
    }
}

/// What makes the next item from the cursor below and a delegate.
struct Step<N> {
    source: Box<dyn Cursor>,
    with: Value,
    at: i32,
    next: N,
}

impl<N> Cursor for Step<N>
where
    N: FnMut(Value, i32, &Value, &mut Machine<'_>) -> Outcome<Kept>,
{
    fn next(&mut self, machine: &mut Machine<'_>) -> Outcome<Option<Value>> {
        while let Some(item) = machine.advance(&mut *self.source)? {
            let at = self.at;
            self.at = self.at.wrapping_add(1);
            match (self.next)(item, at, &self.with, machine)? {
                Kept::Yes(item) => return Ok(Some(item)),
                Kept::No => {}
                Kept::End => return Ok(None),
            }
        }
        Ok(None)
    }
}

/// What becomes of an item.
enum Kept {
    Yes(Value),
    No,
    End,
}

fn step<N>(operands: &[Value], machine: &mut Machine<'_>, next: N) -> Outcome<Box<dyn Cursor>>
where
    N: FnMut(Value, i32, &Value, &mut Machine<'_>) -> Outcome<Kept> + 'static,
{
    let source = machine.cursor(operand(operands, 0))?;
    Ok(Box::new(Step { source, with: operand(operands, 1).clone(), at: 0, next }))
}

fn holds(machine: &mut Machine<'_>, predicate: &Value, arguments: &[Value]) -> Outcome<bool> {
    Ok(machine.invoke(predicate, arguments)? == Value::Bool(true))
}

fn filter(operands: &[Value], machine: &mut Machine<'_>, indexed: bool) -> Outcome<Box<dyn Cursor>> {
    step(operands, machine, move |item, at, predicate, machine| {
        let kept = match indexed {
            true => holds(machine, predicate, &[item.clone(), Value::Int32(at)])?,
            false => holds(machine, predicate, std::slice::from_ref(&item))?,
        };
        Ok(if kept { Kept::Yes(item) } else { Kept::No })
    })
}

fn select(operands: &[Value], machine: &mut Machine<'_>, indexed: bool) -> Outcome<Box<dyn Cursor>> {
    step(operands, machine, move |item, at, selector, machine| {
        let made = match indexed {
            true => machine.invoke(selector, &[item, Value::Int32(at)])?,
            false => machine.invoke(selector, &[item])?,
        };
        Ok(Kept::Yes(made))
    })
}

fn take(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    let count = count_of(operands);
    if count == 0 {
        return ready(Vec::new());
    }
    Ok(Box::new(Take { source: machine.cursor(operand(operands, 0))?, left: count }))
}

struct Take {
    source: Box<dyn Cursor>,
    left: usize,
}

impl Cursor for Take {
    fn next(&mut self, machine: &mut Machine<'_>) -> Outcome<Option<Value>> {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                machine.advance(&mut *self.source)
            }
            None => Ok(None),
        }
    }
}

fn skip(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    let count = i32::try_from(count_of(operands)).unwrap_or(i32::MAX);
    step(operands, machine, move |item, at, _, _| Ok(if at < count { Kept::No } else { Kept::Yes(item) }))
}

fn take_while(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    step(operands, machine, |item, _, predicate, machine| {
        Ok(if holds(machine, predicate, std::slice::from_ref(&item))? { Kept::Yes(item) } else { Kept::End })
    })
}

fn skip_while(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    let mut skips = true;
    step(operands, machine, move |item, _, predicate, machine| {
        skips = skips && holds(machine, predicate, std::slice::from_ref(&item))?;
        Ok(if skips { Kept::No } else { Kept::Yes(item) })
    })
}

fn distinct(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    let folding = Folding::of(operand(operands, 1));
    let mut seen = std::collections::BTreeSet::new();
    step(operands, machine, move |item, _, _, _| {
        Ok(if seen.insert(key_of(&item, folding)) { Kept::Yes(item) } else { Kept::No })
    })
}

fn default_if_empty(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    let items = machine.collect(operand(operands, 0))?;
    ready(if items.is_empty() { vec![operand(operands, 1).clone()] } else { items })
}

struct Chain {
    first: Option<Box<dyn Cursor>>,
    rest: Value,
}

impl Cursor for Chain {
    fn next(&mut self, machine: &mut Machine<'_>) -> Outcome<Option<Value>> {
        loop {
            let Some(cursor) = &mut self.first else { return Ok(None) };
            if let Some(item) = machine.advance(&mut **cursor)? {
                return Ok(Some(item));
            }
            let rest = std::mem::replace(&mut self.rest, Value::Null);
            self.first = if rest.is_null() { None } else { Some(machine.cursor(&rest)?) };
        }
    }
}

/// How two sequences become a set.
enum Combine {
    Union,
    Except,
    Intersect,
}

fn combined(operands: &[Value], machine: &mut Machine<'_>, how: Combine) -> Outcome<Box<dyn Cursor>> {
    let folding = Folding::of(operand(operands, 2));
    let first = machine.collect(operand(operands, 0))?;
    let second = machine.collect(operand(operands, 1))?;
    let others: std::collections::BTreeSet<Key> = second.iter().map(|item| key_of(item, folding)).collect();
    let all: Vec<Value> = match how {
        Combine::Union => first.into_iter().chain(second).collect(),
        Combine::Except => first.into_iter().filter(|item| !others.contains(&key_of(item, folding))).collect(),
        Combine::Intersect => first.into_iter().filter(|item| others.contains(&key_of(item, folding))).collect(),
    };
    let mut seen = std::collections::BTreeSet::new();
    ready(all.into_iter().filter(|item| seen.insert(key_of(item, folding))).collect())
}

fn zip(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    let (first, second) = (machine.cursor(operand(operands, 0))?, machine.cursor(operand(operands, 1))?);
    Ok(Box::new(Zip { first, second, made: operand(operands, 2).clone() }))
}

struct Zip {
    first: Box<dyn Cursor>,
    second: Box<dyn Cursor>,
    made: Value,
}

impl Cursor for Zip {
    fn next(&mut self, machine: &mut Machine<'_>) -> Outcome<Option<Value>> {
        let (Some(a), Some(b)) = (machine.advance(&mut *self.first)?, machine.advance(&mut *self.second)?) else {
            return Ok(None);
        };
        machine.invoke(&self.made, &[a, b]).map(Some)
    }
}

fn flatten(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    Ok(Box::new(Flatten {
        outer: machine.cursor(operand(operands, 0))?,
        inner: None,
        selector: operand(operands, 1).clone(),
        made: operand(operands, 2).clone(),
    }))
}

struct Flatten {
    outer: Box<dyn Cursor>,
    inner: Option<(Value, Box<dyn Cursor>)>,
    selector: Value,
    made: Value,
}

impl Cursor for Flatten {
    fn next(&mut self, machine: &mut Machine<'_>) -> Outcome<Option<Value>> {
        loop {
            if let Some((outer, inner)) = &mut self.inner
                && let Some(item) = machine.advance(&mut **inner)?
            {
                return match self.made.is_null() {
                    true => Ok(Some(item)),
                    false => machine.invoke(&self.made, &[outer.clone(), item]).map(Some),
                };
            }
            let Some(outer) = machine.advance(&mut *self.outer)? else { return Ok(None) };
            let sequence = machine.invoke(&self.selector, std::slice::from_ref(&outer))?;
            self.inner = Some((outer, machine.cursor(&sequence)?));
        }
    }
}

/// A type among the operands of a lazy sequence.
#[derive(Debug)]
struct TypeBox(Ty);

impl State for TypeBox {}

fn typed(call: &mut Call<'_, '_>, start: Start) -> Outcome<Value> {
    let mut operands = checked(call, &[])?;
    let wanted = call.ty(1);
    operands.push(call.object(Ty::Object, TypeBox(wanted.clone()))?);
    lazy_of(call, wanted, operands, start)
}

fn cast(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    step(operands, machine, |item, _, wanted, _| {
        let ty = instance::state(wanted, |ty: &mut TypeBox| ty.0.clone())?;
        match item {
            Value::Null if ty.holds_null() => Ok(Kept::Yes(item)),
            item if ty.admits(&item) => Ok(Kept::Yes(item)),
            item => Err(invalid_cast(&item.type_name(), &ty.full_name())),
        }
    })
}

fn of_type(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    step(operands, machine, |item, _, wanted, _| {
        let ty = instance::state(wanted, |ty: &mut TypeBox| ty.0.clone())?;
        Ok(if ty.admits(&item) { Kept::Yes(item) } else { Kept::No })
    })
}

struct Count {
    at: i64,
    end: i64,
    value: Option<Value>,
}

impl Cursor for Count {
    fn next(&mut self, _machine: &mut Machine<'_>) -> Outcome<Option<Value>> {
        if self.at >= self.end {
            return Ok(None);
        }
        self.at += 1;
        let number = i32::try_from(self.at - 1).unwrap_or(i32::MAX);
        Ok(Some(self.value.clone().unwrap_or(Value::Int32(number))))
    }
}

/// `IGrouping<K, T>`
#[derive(Debug)]
pub(super) struct Grouping {
    pub(super) key: Value,
    pub(super) values: Vec<Value>,
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

/// `IGrouping<K, T>`
pub(super) fn grouping_type(key: Ty, item: Ty) -> Ty {
    Ty::Generic(Class::IGrouping, [key, item].into())
}
