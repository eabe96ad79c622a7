//! The axes of tokens and of sequences of tokens (`Newtonsoft.Json.Linq.Extensions`), and what comes of converting their items. All are
//! lazy: what they refuse, they refuse when they are enumerated.

use super::super::linq::{boxed, unboxed};
use super::super::{Call, Row, collections, row};
use super::cast::{now, value_of};
use super::passes::{Mapped, Step, after, ancestors, before, children, descendants, with_ancestors, with_descendants};
use super::{Doing, no_children, token};
use crate::expr::eval::Machine;
use crate::expr::eval::cursor::{Cursor, Lazy, Ready, Shape, Start};
use crate::expr::exception::{Outcome, argument_null, broken, null_reference, throw};
use crate::expr::identity::equal;
use crate::expr::instance::{self, Instance};
use crate::expr::ty::{Class, Ty};
use crate::value::json::JKind;
use crate::value::{DateTime, DateTimeKind, JToken, Value};

pub(super) const ROWS: &[Row] = &[
    row("JToken", "JEnumerable<JToken> Children()", |call| {
        let token = token(call)?;
        // A value has no list that could be the same as another one.
        let source = if token.is_value() { Value::Null } else { Value::Json(token) };
        call.machine.lazy(Ty::Class(Class::JToken), Shape::Wrapped, wrapped, vec![source])
    }),
    row("JObject", "JEnumerable<JToken> PropertyValues()", |call| {
        tokens(call, Shape::Tokens, |operands, machine| {
            let source = from(operands, machine, children)?;
            let value = |token: JToken| token.property_value();
            Ok(Box::new(Mapped { source, map: value }))
        })
    }),
    row("JObject", "IEnumerable<JProperty> Properties()", |call| {
        axis(call, Class::JProperty, Shape::Plain, |operands, machine| from(operands, machine, children))
    }),
    row("JContainer", "IEnumerable<JToken> Descendants()", |call| {
        tokens(call, Shape::Plain, |operands, machine| from(operands, machine, descendants))
    }),
    row("JContainer", "IEnumerable<JToken> DescendantsAndSelf()", |call| {
        tokens(call, Shape::Plain, |operands, machine| from(operands, machine, with_descendants))
    }),
    row("JToken", "IEnumerable<JToken> Ancestors()", |call| {
        tokens(call, Shape::Plain, |operands, machine| from(operands, machine, ancestors))
    }),
    row("JToken", "IEnumerable<JToken> AncestorsAndSelf()", |call| {
        tokens(call, Shape::Plain, |operands, machine| from(operands, machine, with_ancestors))
    }),
    row("JToken", "IEnumerable<JToken> AfterSelf()", |call| {
        tokens(call, Shape::Plain, |operands, machine| from(operands, machine, |token, _| Ok(after(token))))
    }),
    row("JToken", "IEnumerable<JToken> BeforeSelf()", |call| {
        tokens(call, Shape::Plain, |operands, machine| from(operands, machine, |token, _| Ok(before(token))))
    }),
    row("JToken", "IEnumerable<T> Values<T>()", |call| {
        let token = token(call)?;
        if token.held().is_some() {
            return Err(no_children(Doing::Get, &token));
        }
        typed(call, Shape::Plain, |operands, machine| convert(from(operands, machine, children)?, operands))
    }),
    row("JToken", "JEnumerable<T> Children<T>()", |call| {
        typed(call, Shape::Tokens, |operands, machine| {
            let (source, ty) = (from(operands, machine, children)?, wanted(operands)?);
            let fitting = move |child: JToken| ty.admits(&Value::Json(child.clone())).then_some(child);
            Ok(Box::new(Mapped { source, map: fitting }))
        })
    }),
    row("JValue", "static JValue CreateComment(string value)", |call| {
        Ok(Value::Json(JToken::value(JKind::Comment, call.value(0).clone())))
    }),
    row("JEnumerable<T>", "bool Equals(JEnumerable<T> other)", same_tokens),
    row("JEnumerable<T>", "bool Equals(object obj)", same_tokens),
    row("JEnumerable<T>", "IEnumerator<T> GetEnumerator()", collections::enumerator),
    row("JEnumerable<T>", "IJEnumerable<JToken> this[object key]", |call| tokens(call, Shape::Tokens, values)),
    row("IJEnumerable<T>", "IJEnumerable<JToken> this[object key]", |call| tokens(call, Shape::Tokens, values)),
    row("IEnumerable<JToken>", "this U Value<U>()", |call| {
        let ty = call.ty(0);
        match call.value(0) {
            Value::Json(token) => value_of(now(call), token, &ty),
            Value::Null => Err(argument_null("value")),
            _ => Err(throw("System.ArgumentException", "Source value must be a JToken.")),
        }
    }),
    row("IEnumerable<JToken>", "this IJEnumerable<JToken> Values(object key)", |call| {
        tokens(call, Shape::Tokens, values)
    }),
    row("IEnumerable<JToken>", "this IJEnumerable<JToken> Values()", |call| tokens(call, Shape::Tokens, values)),
    row("IEnumerable<JToken>", "this IEnumerable<U> Values<U>(object key)", |call| {
        typed(call, Shape::Plain, |operands, machine| convert(values(operands, machine)?, operands))
    }),
    row("IEnumerable<JToken>", "this IEnumerable<U> Values<U>()", |call| {
        typed(call, Shape::Plain, |operands, machine| convert(values(operands, machine)?, operands))
    }),
    row("IEnumerable<JToken>", "this IJEnumerable<JToken> AsJEnumerable()", |call| as_tokens(call, Class::JToken)),
    row("IEnumerable<JObject>", "this IJEnumerable<JObject> AsJEnumerable()", |call| as_tokens(call, Class::JObject)),
    row("IEnumerable<JProperty>", "this IJEnumerable<JProperty> AsJEnumerable()", |call| {
        as_tokens(call, Class::JProperty)
    }),
    row("IEnumerable<JToken>", "this IJEnumerable<JToken> Children()", |call| {
        checked(call, Class::JToken, |operands, machine| each(operands, machine, children))
    }),
    row("IEnumerable<JToken>", "this IJEnumerable<JToken> Ancestors()", |call| {
        checked(call, Class::JToken, |operands, machine| each(operands, machine, ancestors))
    }),
    row("IEnumerable<JToken>", "this IJEnumerable<JToken> AncestorsAndSelf()", |call| {
        checked(call, Class::JToken, |operands, machine| each(operands, machine, with_ancestors))
    }),
    row("IEnumerable<JContainer>", "this IJEnumerable<JToken> Descendants()", |call| {
        checked(call, Class::JToken, |operands, machine| each(operands, machine, descendants))
    }),
    row("IEnumerable<JContainer>", "this IJEnumerable<JToken> DescendantsAndSelf()", |call| {
        checked(call, Class::JToken, |operands, machine| each(operands, machine, with_descendants))
    }),
    row("IEnumerable<JObject>", "this IJEnumerable<JProperty> Properties()", |call| {
        checked(call, Class::JProperty, |operands, machine| each(operands, machine, children))
    }),
];

// The operands of an axis: where it begins, the type that is asked for, the key that is asked for; null for what is not.
fn operands(call: &Call<'_, '_>, ty: Value) -> Vec<Value> {
    vec![call.value(0).clone(), ty, call.value(1).clone()]
}

fn axis(call: &mut Call<'_, '_>, item: Class, shape: Shape, start: Start) -> Outcome<Value> {
    let operands = operands(call, Value::Null);
    call.machine.lazy(Ty::Class(item), shape, start, operands)
}

fn tokens(call: &mut Call<'_, '_>, shape: Shape, start: Start) -> Outcome<Value> {
    axis(call, Class::JToken, shape, start)
}

// A token and Json.NET's own sequences stay what they are, and so does nothing.
fn as_tokens(call: &mut Call<'_, '_>, item: Class) -> Outcome<Value> {
    let source = call.value(0).clone();
    let is_own = instance::look(&source, |lazy: &mut Lazy| matches!(lazy.shape, Shape::Tokens | Shape::Wrapped));
    if matches!(source, Value::Json(_) | Value::Null) || is_own == Some(true) {
        return Ok(source);
    }
    axis(call, item, Shape::Wrapped, wrapped)
}

// What stands in Json.NET's structure, which may be nothing.
fn wrapped(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    match operands.first() {
        None | Some(Value::Null) => Ok(one(None)),
        Some(sequence) => machine.cursor(sequence),
    }
}

/// What makes a structure over a sequence equal to another one: the sequence.
pub(crate) fn source_of(value: &Value) -> Option<Value> {
    let wrapped = |lazy: &mut Lazy| lazy.operands.first().filter(|_| lazy.shape == Shape::Wrapped).cloned();
    instance::look(value, wrapped).flatten()
}

/// `default(JEnumerable<T>)`, which is empty.
pub(crate) fn default_tokens(ty: &Ty) -> Value {
    let lazy = Lazy { start: wrapped, shape: Shape::Wrapped, operands: vec![Value::Null] };
    Value::Object(Instance::object(ty.clone(), lazy))
}

fn same_tokens(call: &mut Call<'_, '_>) -> Outcome<Value> {
    Ok(Value::Bool(equal(call.value(0), call.value(1))))
}

// A sequence that may not be null.
fn checked(call: &mut Call<'_, '_>, item: Class, start: Start) -> Outcome<Value> {
    if call.value(0).is_null() {
        return Err(argument_null("source"));
    }
    axis(call, item, Shape::Tokens, start)
}

// Of the type that the member is asked for, its last type parameter.
fn typed(call: &mut Call<'_, '_>, shape: Shape, start: Start) -> Outcome<Value> {
    let ty = call.types.last().cloned().unwrap_or(Ty::Object);
    let asked = boxed(call, ty.clone())?;
    let operands = operands(call, asked);
    call.machine.lazy(ty, shape, start, operands)
}

fn wanted(operands: &[Value]) -> Outcome<Ty> {
    unboxed(operands, 1)
}

fn origin(operands: &[Value]) -> Outcome<&JToken> {
    match operands.first() {
        Some(Value::Json(token)) => Ok(token),
        _ => Err(broken("an axis without a token")),
    }
}

/// What a step leads to from the first operand.
fn from(operands: &[Value], machine: &mut Machine<'_>, step: Step) -> Outcome<Box<dyn Cursor>> {
    step(origin(operands)?, machine)
}

/// What a step leads to from every token of a sequence, one token after the other.
struct Each<S> {
    source: Box<dyn Cursor>,
    step: S,
    found: Option<Box<dyn Cursor>>,
}

impl<S> Cursor for Each<S>
where
    S: Fn(&JToken, &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> + Send,
{
    fn next(&mut self, machine: &mut Machine<'_>) -> Outcome<Option<Value>> {
        loop {
            if let Some(found) = &mut self.found
                && let Some(token) = found.next(machine)?
            {
                return Ok(Some(token));
            }
            let Some(item) = machine.advance(&mut *self.source)? else { return Ok(None) };
            let Value::Json(token) = item else { return Err(null_reference()) };
            self.found = Some((self.step)(&token, machine)?);
        }
    }
}

fn stepping<S>(operands: &[Value], machine: &mut Machine<'_>, step: S) -> Outcome<Box<dyn Cursor>>
where
    S: Fn(&JToken, &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> + Send + 'static,
{
    let sequence = operands.first().filter(|sequence| !sequence.is_null()).ok_or_else(|| argument_null("source"))?;
    let source = machine.cursor(sequence)?;
    Ok(Box::new(Each { source, step, found: None }))
}

fn each(operands: &[Value], machine: &mut Machine<'_>, step: Step) -> Outcome<Box<dyn Cursor>> {
    stepping(operands, machine, step)
}

fn one(token: Option<JToken>) -> Box<dyn Cursor> {
    let found: Vec<Value> = token.into_iter().map(Value::Json).collect();
    Box::new(Ready(found.into_iter()))
}

// The value under the key of every token; without one, the children, or a value that has none itself.
fn values(operands: &[Value], machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    let Some(key) = operands.get(2).filter(|key| !key.is_null()).cloned() else {
        return each(operands, machine, |token, machine| match token.is_value() {
            true => Ok(one(Some(token.clone()))),
            false => children(token, machine),
        });
    };
    stepping(operands, machine, move |token, machine| {
        let arguments = [Value::Json(token.clone()), key.clone()];
        let found = super::index(&mut Call { arguments: &arguments, types: &[], machine })?;
        Ok(one(if let Value::Json(token) = found { Some(token) } else { None }))
    })
}

/// Tokens as values of a type.
struct Converted {
    source: Box<dyn Cursor>,
    ty: Ty,
}

impl Cursor for Converted {
    fn next(&mut self, machine: &mut Machine<'_>) -> Outcome<Option<Value>> {
        match machine.advance(&mut *self.source)? {
            Some(Value::Json(token)) => {
                machine.share_bytes(&Value::Json(token.clone()))?;
                value_of(DateTime::of_wall(machine.now.wall, DateTimeKind::Utc), &token, &self.ty).map(Some)
            }
            other => Ok(other),
        }
    }
}

fn convert(source: Box<dyn Cursor>, operands: &[Value]) -> Outcome<Box<dyn Cursor>> {
    Ok(Box::new(Converted { source, ty: wanted(operands)? }))
}
