//! The axes of tokens and of sequences of tokens (`Newtonsoft.Json.Linq.Extensions`), and what comes of converting their items.

use super::super::{Call, Row, row};
use super::cast::value_of;
use super::{JNode, token};
use crate::expr::eval::cursor::{Ready, Shape};
use crate::expr::exception::{Outcome, argument_null};
use crate::expr::ty::{Class, Ty};
use crate::value::json::JKind;
use crate::value::{JToken, Value};

pub(super) const ROWS: &[Row] = &[
    row("JToken", "IEnumerable<JToken> AncestorsAndSelf()", |call| {
        let found = std::iter::successors(Some(token(call)?), JToken::parent).collect();
        tokens(call, found)
    }),
    row("JToken", "IEnumerable<JToken> AfterSelf()", |call| beside(call, |at, own| at > own)),
    row("JToken", "IEnumerable<JToken> BeforeSelf()", |call| beside(call, |at, own| at < own)),
    row("JToken", "IEnumerable<T> Values<T>()", |call| {
        let children = token(call)?.children();
        converted(call, &children)
    }),
    row("JToken", "IEnumerable<T> Children<T>()", |call| {
        let ty = call.ty(0);
        let children = token(call)?.children().into_iter().map(Value::Json).filter(|child| ty.admits(child)).collect();
        ready(call, ty, children)
    }),
    row("JValue", "static JValue CreateComment(string value)", |call| {
        Ok(Value::Json(JToken::value(JKind::Comment, call.value(0).clone())))
    }),
    row("IEnumerable<JToken>", "this IEnumerable<JToken> Values(object key)", |call| {
        let found = values(call, 1)?;
        tokens(call, found)
    }),
    row("IEnumerable<JToken>", "this IEnumerable<JToken> Values()", |call| {
        let found = values(call, usize::MAX)?;
        tokens(call, found)
    }),
    row("IEnumerable<JToken>", "this IEnumerable<U> Values<U>(object key)", |call| {
        let found = values(call, 1)?;
        converted(call, &found)
    }),
    row("IEnumerable<JToken>", "this IEnumerable<U> Values<U>()", |call| {
        let found = values(call, usize::MAX)?;
        converted(call, &found)
    }),
    row("IEnumerable<JToken>", "this IEnumerable<JToken> Children()", |call| {
        let found = each(call, JToken::children)?;
        tokens(call, found)
    }),
    row("IEnumerable<JToken>", "this IEnumerable<JToken> Ancestors()", |call| {
        let found = each(call, |token| std::iter::successors(token.parent(), JToken::parent).collect())?;
        tokens(call, found)
    }),
    row("IEnumerable<JToken>", "this IEnumerable<JToken> AncestorsAndSelf()", |call| {
        let found = each(call, |token| std::iter::successors(Some(token.clone()), JToken::parent).collect())?;
        tokens(call, found)
    }),
    row("IEnumerable<JContainer>", "this IEnumerable<JToken> Descendants()", |call| {
        let found = each(call, JToken::descendants)?;
        tokens(call, found)
    }),
    row("IEnumerable<JContainer>", "this IEnumerable<JToken> DescendantsAndSelf()", |call| {
        let found = each(call, |token| std::iter::once(token.clone()).chain(token.descendants()).collect())?;
        tokens(call, found)
    }),
    row("IEnumerable<JObject>", "this IEnumerable<JProperty> Properties()", |call| {
        let found = each(call, JToken::children)?.into_iter().map(Value::Json).collect();
        ready(call, Ty::Class(Class::JProperty), found)
    }),
];

fn ready(call: &mut Call<'_, '_>, item: Ty, values: Vec<Value>) -> Outcome<Value> {
    call.machine.charge(values.len() * size_of::<Value>())?;
    call.machine.lazy(item, Shape::Plain, |values, _| Ok(Box::new(Ready(Vec::from(values).into_iter()))), values)
}

fn tokens(call: &mut Call<'_, '_>, found: Vec<JToken>) -> Outcome<Value> {
    ready(call, Ty::Class(Class::JToken), found.into_iter().map(Value::Json).collect())
}

// As the type that the member is asked for, its last type parameter.
fn converted(call: &mut Call<'_, '_>, found: &[JToken]) -> Outcome<Value> {
    let ty = call.types.last().cloned().unwrap_or(Ty::Object);
    let values = found.iter().map(|token| value_of(token, &ty)).collect::<Outcome<Vec<Value>>>()?;
    ready(call, ty, values)
}

fn beside(call: &mut Call<'_, '_>, fits: fn(usize, usize) -> bool) -> Outcome<Value> {
    let token = token(call)?;
    let (Some(parent), Some(own)) = (token.parent(), token.position()) else { return tokens(call, Vec::new()) };
    let siblings = parent.children().into_iter().enumerate();
    let found = siblings.filter(|(at, _)| fits(*at, own)).map(|(_, sibling)| sibling).collect();
    tokens(call, found)
}

// What a step leads to from every token of the sequence.
fn each(call: &mut Call<'_, '_>, step: impl Fn(&JToken) -> Vec<JToken>) -> Outcome<Vec<JToken>> {
    let mut found = Vec::new();
    for value in call.items(0, "source")? {
        if let Value::Json(token) = value {
            let more = step(&token);
            call.machine.charge(more.len() * size_of::<Value>())?;
            found.extend(more);
        }
    }
    Ok(found)
}

// The value under a key of every token; without one, the children, or a value that has none itself.
fn values(call: &mut Call<'_, '_>, key: usize) -> Outcome<Vec<JToken>> {
    if call.value(0).is_null() {
        return Err(argument_null("source"));
    }
    let key = call.value(key).clone();
    if key.is_null() {
        return each(call, |token| match token.with(|node| matches!(node, JNode::Value(..))) {
            true => vec![token.clone()],
            false => token.children(),
        });
    }
    let mut found = Vec::new();
    for item in call.items(0, "source")? {
        let arguments = [item, key.clone()];
        let mut inner = Call { arguments: &arguments, types: call.types, machine: call.machine };
        if let Value::Json(token) = super::index(&mut inner)? {
            found.push(token);
        }
    }
    Ok(found)
}
