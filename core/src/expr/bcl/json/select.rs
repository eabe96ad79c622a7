//! `SelectToken`: JSONPath.

use super::super::{Call, Row, row};
use super::{JNode, or_null, token};
use crate::expr::exception::{Outcome, throw};
use crate::expr::instance::Items;
use crate::expr::ty::{Class, Ty};
use crate::value::json::path::{Path, PathError};
use crate::value::{JToken, Value};

pub(super) const ROWS: &[Row] = &[
    row("JToken", "JToken SelectToken(string path)", |call| one(call, false)),
    row("JToken", "IEnumerable<JToken> SelectTokens(string path)", |call| {
        let found = all(call, false)?;
        sequence(call, Class::JToken, found)
    }),
    row("JToken", "IEnumerable<JToken> SelectTokens(string path, bool errorWhenNoMatch)", |call| {
        let must_match = call.bool(2)?;
        let found = all(call, must_match)?;
        sequence(call, Class::JToken, found)
    }),
    row("JObject", "IEnumerable<JProperty> Properties()", |call| {
        let children = token(call)?.children();
        sequence(call, Class::JProperty, children)
    }),
    row("JObject", "IEnumerable<JToken> PropertyValues()", |call| {
        let values = token(call)?.children().iter().filter_map(JToken::property_value).collect();
        sequence(call, Class::JToken, values)
    }),
    row("JToken", "IEnumerable<JToken> Children()", |call| {
        let children = token(call)?.children();
        sequence(call, Class::JToken, children)
    }),
    row("JToken", "IEnumerable<JToken> Values()", |call| {
        let token = token(call)?;
        let values = if token.with(|node| matches!(node, JNode::Object(_))) {
            token.children().iter().filter_map(JToken::property_value).collect()
        } else {
            token.children()
        };
        sequence(call, Class::JToken, values)
    }),
    row("JContainer", "IEnumerable<JToken> Descendants()", |call| {
        let below = token(call)?.descendants();
        sequence(call, Class::JToken, below)
    }),
    row("JContainer", "IEnumerable<JToken> DescendantsAndSelf()", |call| {
        let token = token(call)?;
        let below = std::iter::once(token.clone()).chain(token.descendants()).collect();
        sequence(call, Class::JToken, below)
    }),
    row("JToken", "IEnumerable<JToken> Ancestors()", |call| {
        let above = std::iter::successors(token(call)?.parent(), JToken::parent).collect();
        sequence(call, Class::JToken, above)
    }),
    row("JToken", "JToken SelectToken(string path, bool errorWhenNoMatch)", |call| {
        let must_match = call.bool(2)?;
        one(call, must_match)
    }),
];

fn sequence(call: &mut Call<'_, '_>, class: Class, tokens: Vec<JToken>) -> Outcome<Value> {
    call.machine.charge(tokens.len() * size_of::<Value>())?;
    let items = Items { values: tokens.into_iter().map(Value::Json).collect(), version: 0 };
    call.machine.object(Ty::Generic(Class::List, [Ty::Class(class)].into()), items)
}

fn exception(error: PathError) -> crate::expr::Interrupt {
    throw("Newtonsoft.Json.JsonException", error.0)
}

/// What the path leads to, every step counted.
pub(super) fn all(call: &mut Call<'_, '_>, must_match: bool) -> Outcome<Vec<JToken>> {
    let text = call.text(1, "path")?;
    let path = Path::parse(text).map_err(exception)?;
    let root = token(call)?;
    let mut budget = call.machine.steps_left();
    let found = path.select(&root, must_match, &mut budget);
    let spent = call.machine.steps_left() - budget;
    call.machine.spend(spent)?;
    found.map_err(exception)
}

fn one(call: &mut Call<'_, '_>, must_match: bool) -> Outcome<Value> {
    let found = all(call, must_match)?;
    if found.len() > 1 {
        return Err(throw("Newtonsoft.Json.JsonException", "Path returned multiple tokens."));
    }
    Ok(or_null(found.into_iter().next()))
}
