//! Containers as the lists of tokens that they are: `JArray` under its own name, all of them behind .NET's interfaces; and passes
//! over `JObject`.

use super::super::{Call, Row, collections, row, string};
use super::build::add_all;
use super::cast::content_of;
use super::{keep, refused, token};
use crate::expr::exception::{Outcome, argument_null, out_of_range, throw};
use crate::expr::instance::Items;
use crate::expr::ty::{Class, Ty};
use crate::value::json::{ChangeError, JKind};
use crate::value::{JToken, Value};

pub(super) const ROWS: &[Row] = &[
    row("JArray", "void Add(JToken item)", add),
    row("JArray", "void Insert(int index, JToken item)", insert),
    row("JArray", "void RemoveAt(int index)", remove_at),
    row("JArray", "bool Remove(JToken item)", remove),
    row("JArray", "int IndexOf(JToken item)", index_of),
    row("JArray", "bool Contains(JToken item)", |call| Ok(Value::Bool(position(call)?.is_some()))),
    row("JArray", "void Clear()", clear),
    row("JArray", "bool IsReadOnly", |call| token(call).map(|_| Value::Bool(false))),
    row("JArray", "void CopyTo(JToken[] array, int arrayIndex)", copy_to),
    row("JArray", "IEnumerator<JToken> GetEnumerator()", |call| {
        let mut inner = Call { arguments: call.arguments, types: &[Ty::Class(Class::JToken)], machine: call.machine };
        collections::enumerator(&mut inner)
    }),
    row("JObject", "IEnumerator<KeyValuePair<string, JToken>> GetEnumerator()", |call| {
        let pairs = collections::as_pairs(call.value(0).clone());
        let mut inner = Call { arguments: &[pairs], types: &[], machine: call.machine };
        let pass = collections::enumerator(&mut inner)?;
        collections::renamed(&pass, "Newtonsoft.Json.Linq.JObject+<GetEnumerator>d__64");
        Ok(pass)
    }),
];

pub(crate) fn add(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let array = token(call)?;
    add_all(call, &array, 1, usize::MAX)?;
    Ok(Value::Null)
}

pub(crate) fn insert(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let array = token(call)?;
    let at = usize::try_from(call.int(1)?).ok().filter(|at| *at <= array.count());
    let message = match call.int(1)? {
        ..0 => "Index was out of range. Must be non-negative and less than the size of the collection.",
        _ => "Index must be within the bounds of the List.",
    };
    let at = at.ok_or_else(|| out_of_range(message, "index"))?;
    add_all(call, &array, 2, at)?;
    Ok(Value::Null)
}

pub(crate) fn remove_at(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let array = token(call)?;
    if array.kind() == JKind::Property {
        return Err(refused(call, ChangeError::OfProperty, &array));
    }
    let item = array.child_at(place_of(call, &array)?);
    let item = item.ok_or_else(|| out_of_range(BEHIND, "index"))?;
    item.remove().map_err(|error| refused(call, error, &array))?;
    Ok(Value::Null)
}

/// Puts another token into a place, by its number, whatever the container is.
pub(crate) fn set_at(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let container = token(call)?;
    let at = place_of(call, &container)?;
    let value = content_of(call.value(2))?;
    keep(call, &value)?;
    container.set_child(at, &value).map_err(|error| refused(call, error, &container))?;
    Ok(Value::Null)
}

const BEHIND: &str = "Index is equal to or greater than Count.";

// A place among the children by the number among the arguments.
fn place_of(call: &Call<'_, '_>, container: &JToken) -> Outcome<usize> {
    let at = usize::try_from(call.int(1)?).map_err(|_| out_of_range("Index is less than 0.", "index"))?;
    if at < container.count() { Ok(at) } else { Err(out_of_range(BEHIND, "index")) }
}

pub(crate) fn remove(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let array = token(call)?;
    if array.kind() == JKind::Property {
        return Err(refused(call, ChangeError::OfProperty, &array));
    }
    let Value::Json(item) = call.value(1) else { return Ok(Value::Bool(false)) };
    let is_item = item.parent().is_some_and(|parent| parent.is_same(&array));
    Ok(Value::Bool(is_item && item.remove().is_ok()))
}

pub(crate) fn index_of(call: &mut Call<'_, '_>) -> Outcome<Value> {
    Ok(position(call)?.map_or(Value::Int32(-1), string::index))
}

/// Where the token stands that the argument behind the receiver is.
pub(crate) fn position(call: &Call<'_, '_>) -> Outcome<Option<usize>> {
    let Value::Json(item) = call.value(1) else { return Ok(None) };
    Ok(token(call)?.children().iter().position(|child| child.is_same(item)))
}

pub(crate) fn clear(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let container = token(call)?;
    if container.kind() == JKind::Property {
        return Err(refused(call, ChangeError::OfProperty, &container));
    }
    container.clear();
    Ok(Value::Null)
}

pub(crate) fn copy_to(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let items = token(call)?.children().into_iter().map(Value::Json).collect();
    copy_items(call, items)
}

/// `CopyTo` of what a container holds.
pub(crate) fn copy_items(call: &mut Call<'_, '_>, items: Vec<Value>) -> Outcome<Value> {
    if call.value(1).is_null() {
        return Err(argument_null("array"));
    }
    let from = usize::try_from(call.int(2)?);
    let from = from.map_err(|_| out_of_range("arrayIndex is less than 0.", "arrayIndex"))?;
    let room = call.state(1, |array: &mut Items| array.values.len())?;
    if from >= room && from != 0 {
        return Err(throw("System.ArgumentException", "arrayIndex is equal to or greater than the length of array."));
    }
    if items.len() > room - from {
        let message = "The number of elements in the source JObject is greater than the available space from arrayIndex to the end of the destination array.";
        return Err(throw("System.ArgumentException", message));
    }
    collections::place(call, items, 1, from)
}
