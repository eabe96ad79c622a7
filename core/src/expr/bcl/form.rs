//! Forms as `application/x-www-form-urlencoded` writes them: read into lists by name, and written again. Reference A3.

use std::sync::Arc;

use indexmap::IndexMap;

use super::collections::map::Map;
use super::dictionary::pairs;
use super::token::Claims;
use super::{Call, Row, net, row};
use crate::expr::exception::{Outcome, argument_null};
use crate::expr::instance::{self, Items, Pair};
use crate::expr::ty::{Class, Ty};
use crate::value::Value;

const OWNER: &str = "IDictionary<string, IList<string>>";

pub(super) const ROWS: &[Row] = &[
    row(OWNER, "this string ToFormUrlEncodedContent()", |call| {
        let text = written(call)?;
        call.yields(text)
    }),
    // Null when there is nothing (the toolkit says so).
    row(OWNER, "this string ToQueryString()", |call| {
        let text = written(call)?;
        if text.is_empty() { Ok(Value::Null) } else { call.yields(format!("?{text}")) }
    }),
];

/// The fields of a form, in order, each with its values.
pub(super) fn read(call: &mut Call<'_, '_>, text: &str) -> Outcome<Value> {
    let list = Ty::Generic(Class::IList, [Ty::String].into());
    let ty = Ty::Generic(Class::Dictionary, [Ty::String, list].into());
    let mut map = Map::new(ty.clone(), &Value::Null);
    for (name, values) in by_name(call, text)? {
        let values = values.into_iter().map(Value::String).collect();
        let made = Ty::Generic(Class::List, [Ty::String].into());
        let values = call.machine.object(made, Items { values, version: 0 })?;
        map.insert(Value::String(name), values, false);
    }
    call.machine.object(ty, map)
}

/// The parameters of a query, as a dictionary that cannot change.
pub(super) fn lists(call: &mut Call<'_, '_>, query: &str) -> Outcome<Value> {
    let lists = by_name(call, query)?;
    let ty = Ty::Generic(Class::ReadOnlyDictionary, [Ty::String, Ty::array(Ty::String)].into());
    call.machine.object(ty, Claims(Arc::new(lists)))
}

fn by_name(call: &mut Call<'_, '_>, text: &str) -> Outcome<IndexMap<Arc<str>, Vec<Arc<str>>>> {
    call.machine.charge(text.len().saturating_mul(2))?;
    let mut lists: IndexMap<Arc<str>, Vec<Arc<str>>> = IndexMap::new();
    for (name, value) in pairs(text) {
        call.machine.step()?;
        lists.entry(Arc::from(name)).or_default().push(Arc::from(value));
    }
    Ok(lists)
}

fn written(call: &mut Call<'_, '_>) -> Outcome<String> {
    if call.value(0).is_null() {
        return Err(argument_null("source"));
    }
    let mut text = String::new();
    for field in call.machine.collect(call.value(0))? {
        let (name, values) = instance::state(&field, |pair: &mut Pair| (pair.key.clone(), pair.value.clone()))?;
        let name = net::form_encoded(&name.to_string());
        if values.is_null() {
            return Err(argument_null("source"));
        }
        for value in call.machine.collect(&values)? {
            let joint = if text.is_empty() { "" } else { "&" };
            let value = net::form_encoded(&value.to_string());
            call.machine.check_length(text.len() + name.len() + value.len())?;
            text = text + joint + &name + "=" + &value;
        }
    }
    Ok(text)
}
