//! The dictionaries of `context`: headers, queries, matched parameters and variables. Names of headers and queries ignore case.

use std::sync::Arc;

use super::collections::{Part, lookup};
use super::{Call, Row, message, pair, pair_type, row};
use crate::context::Context;
use crate::expr::eval::Machine;
use crate::expr::exception::{Outcome, argument_null, broken, invalid_cast, key_not_found, null_reference};
use crate::expr::instance::{self, Pair};
use crate::expr::ty::{Class, Ty};
use crate::http::HeaderMap;
use crate::value::{ContextPart, Value};

pub(super) const ROWS: &[Row] = &[
    row("IReadOnlyDictionary<string, string[]>", "string GetValueOrDefault(string name)", many_or_default),
    row(
        "IReadOnlyDictionary<string, string[]>",
        "string GetValueOrDefault(string name, string defaultValue)",
        many_or_default,
    ),
    row("IReadOnlyDictionary<string, string[]>", "bool ContainsKey(string key)", |call| {
        call.text(1, "key")?;
        Ok(Value::Bool(!texts(call)?.is_empty()))
    }),
    row("IReadOnlyDictionary<string, string[]>", "string[] this[string key]", |call| {
        let key = call.text(1, "key")?;
        let texts = texts(call)?;
        if texts.is_empty() { Err(key_not_found(key)) } else { Ok(Value::Strings(texts.into())) }
    }),
    row("IReadOnlyDictionary<string, string[]>", "int Count", |call| Ok(Value::Int32(count(call)?))),
    row("IReadOnlyDictionary<string, string>", "string GetValueOrDefault(string name)", one_or_default),
    row(
        "IReadOnlyDictionary<string, string>",
        "string GetValueOrDefault(string name, string defaultValue)",
        one_or_default,
    ),
    row("IReadOnlyDictionary<string, string>", "bool ContainsKey(string key)", |call| {
        Ok(Value::Bool(matched(call, "key")?.is_some()))
    }),
    row("IReadOnlyDictionary<string, string>", "string this[string key]", |call| match matched(call, "key")? {
        Some(text) => Ok(text),
        None => Err(key_not_found(call.text(1, "key")?)),
    }),
    row("IReadOnlyDictionary<string, string>", "int Count", |call| {
        let length = own_length(call)?.unwrap_or(call.machine.context.request.matched_parameters.len());
        Ok(Value::Int32(i32::try_from(length).unwrap_or(i32::MAX)))
    }),
    row(
        "IReadOnlyDictionary<string, X509Certificate2>",
        "this X509Certificate2 GetValueOrDefault(string key)",
        |call| {
            there(call)?;
            Ok(certificate(call)?.unwrap_or(Value::Null))
        },
    ),
    row(
        "IReadOnlyDictionary<string, X509Certificate2>",
        "this X509Certificate2 GetValueOrDefault(string key, X509Certificate2 defaultValue)",
        |call| {
            there(call)?;
            Ok(certificate(call)?.unwrap_or_else(|| call.value(2).clone()))
        },
    ),
    row("IReadOnlyDictionary<string, X509Certificate2>", "bool ContainsKey(string key)", |call| {
        Ok(Value::Bool(certificate(call)?.is_some()))
    }),
    row(
        "IReadOnlyDictionary<string, X509Certificate2>",
        "bool TryGetValue(string key, out X509Certificate2 value)",
        |call| {
            let found = certificate(call)?;
            let is_found = found.is_some();
            call.give(found.unwrap_or(Value::Null));
            Ok(Value::Bool(is_found))
        },
    ),
    row("IReadOnlyDictionary<string, X509Certificate2>", "X509Certificate2 this[string key]", |call| {
        let found = certificate(call)?;
        found.ok_or_else(|| key_not_found(call.text(1, "key").map_or("", |key| key)))
    }),
    row("IReadOnlyDictionary<string, X509Certificate2>", "int Count", |call| {
        let length = own_length(call)?.unwrap_or(call.machine.context.deployment.certificates.len());
        Ok(Value::Int32(i32::try_from(length).unwrap_or(i32::MAX)))
    }),
    row("IReadOnlyDictionary<string, X509Certificate2>", "IEnumerable<string> Keys", |call| {
        if matches!(call.value(0), Value::Object(_)) {
            return own_part(call, Part::Keys);
        }
        let context = call.machine.context;
        let keys = context.deployment.certificates.keys().map(|key| Value::string(key.as_str())).collect();
        call.machine.array_of(Ty::String, keys)
    }),
    row("IReadOnlyDictionary<string, X509Certificate2>", "IEnumerable<X509Certificate2> Values", |call| {
        if matches!(call.value(0), Value::Object(_)) {
            return own_part(call, Part::Values);
        }
        let context = call.machine.context;
        let values = context.deployment.certificates.values().map(|view| super::certificate_object(view)).collect();
        call.machine.array_of(Ty::Class(Class::X509Certificate2), values)
    }),
    row("IReadOnlyDictionary<string, object>", "T GetValueOrDefault<T>(string name)", variable_or_default),
    row(
        "IReadOnlyDictionary<string, object>",
        "T GetValueOrDefault<T>(string name, T defaultValue)",
        variable_or_default,
    ),
    row("IReadOnlyDictionary<string, object>", "object GetValueOrDefault(string name)", any_or_default),
    row(
        "IReadOnlyDictionary<string, object>",
        "object GetValueOrDefault(string name, object defaultValue)",
        any_or_default,
    ),
    row("IReadOnlyDictionary<string, object>", "bool ContainsKey(string key)", |call| {
        let key = call.text(1, "key")?;
        Ok(Value::Bool(held(call, key, None)?.is_some()))
    }),
    // Sources disagree on a variable that was never set. Null breaks none of the public policies that test for null, and a
    // cast of null to a value type still throws, so it is null. Fixture `variables/missing`.
    row("IReadOnlyDictionary<string, object>", "object this[string key]", |call| {
        let key = call.text(1, "key")?;
        let found = held(call, key, None)?;
        match (found, call.value(0)) {
            (Some(value), _) => Ok(value),
            (None, Value::Object(_)) => Err(key_not_found(key)),
            (None, _) => Ok(Value::Null),
        }
    }),
    row("IReadOnlyDictionary<string, object>", "int Count", |call| {
        let length = own_length(call)?.unwrap_or(call.machine.context.variables.len());
        Ok(Value::Int32(i32::try_from(length).unwrap_or(i32::MAX)))
    }),
    row("Dictionary<string, string[]>", "this string GetValueOrDefault(string name)", joined_or_default),
    row(
        "Dictionary<string, string[]>",
        "this string GetValueOrDefault(string name, string defaultValue)",
        joined_or_default,
    ),
    row("Dictionary<string, string>", "this string GetValueOrDefault(string name)", held_or_default),
    row(
        "Dictionary<string, string>",
        "this string GetValueOrDefault(string name, string defaultValue)",
        held_or_default,
    ),
    row("Dictionary<string, object>", "this T GetValueOrDefault<T>(string name)", variable_or_default),
    row("Dictionary<string, object>", "this T GetValueOrDefault<T>(string name, T defaultValue)", variable_or_default),
    row("Dictionary<string, object>", "this object GetValueOrDefault(string name)", held_or_default),
];

// What a dictionary of the expression's own holds under this name, when it stands behind an interface that those of `context` have.
fn own(call: &mut Call<'_, '_>, name: &str) -> Outcome<Option<Value>> {
    if let Some(found) = lookup(call.value(0), &Value::string(name)) {
        return Ok(found);
    }
    let mut entries = own_entries(call)?.unwrap_or_default().into_iter();
    let is_named = |(key, _): &(Value, Value)| matches!(key, Value::String(key) if **key == *name);
    Ok(entries.find(is_named).map(|(_, value)| value))
}

fn own_length(call: &mut Call<'_, '_>) -> Outcome<Option<usize>> {
    Ok(own_entries(call)?.map(|entries| entries.len()))
}

fn own_entries(call: &mut Call<'_, '_>) -> Outcome<Option<Vec<(Value, Value)>>> {
    let Value::Object(object) = call.value(0) else { return Ok(None) };
    let Some(items) = object.get().items() else { return Ok(None) };
    call.machine.spend(u32::try_from(items.len()).unwrap_or(u32::MAX))?;
    let held = |entry: &Value| instance::look(entry, |pair: &mut Pair| (pair.key.clone(), pair.value.clone()));
    Ok(items.iter().map(held).collect())
}

fn texts_of(list: &Value) -> Vec<Arc<str>> {
    match list {
        Value::Strings(texts) => texts.to_vec(),
        Value::Object(object) => {
            let text = |item: &Value| if let Value::String(text) = item { Arc::clone(text) } else { Arc::from("") };
            object.get().items().unwrap_or_default().iter().map(text).collect()
        }
        _ => Vec::new(),
    }
}

// Values joined by commas, as APIM does; the case of a single plain value builds nothing but the result.
fn many_or_default(call: &mut Call<'_, '_>) -> Outcome<Value> {
    if matches!(call.value(0), Value::Object(_)) {
        return joined_or_default(call);
    }
    let name = call.text(1, "key")?;
    if let Value::Context(ContextPart::Headers(message)) = call.value(0) {
        let headers = message::headers(call, message).ok_or_else(null_reference)?;
        let mut values = headers.get_all(&**name).iter();
        let (first, second) = (values.next(), values.next());
        match (first.map(crate::http::HeaderValue::to_str), second) {
            (None, _) => return Ok(call.value(2).clone()),
            (Some(Ok(text)), None) => {
                let text: Arc<str> = Arc::from(text);
                return call.yields(text);
            }
            (Some(_), _) => {}
        }
    }
    let texts = texts(call)?;
    if texts.is_empty() { Ok(call.value(2).clone()) } else { call.yields(texts.join(",")) }
}

// All values of the name; none when it is absent.
fn texts(call: &mut Call<'_, '_>) -> Outcome<Vec<Arc<str>>> {
    let name = call.text(1, "key")?;
    match call.value(0) {
        Value::Context(ContextPart::Headers(message)) => {
            let headers = message::headers(call, message).ok_or_else(null_reference)?;
            Ok(headers.get_all(&**name).iter().map(|value| Arc::from(crate::http::latin1(value))).collect())
        }
        Value::Context(ContextPart::Query(url)) => {
            let url = call.machine.context.url(*url).ok_or_else(null_reference)?;
            let pairs = url.query.as_deref().map(pairs).unwrap_or_default();
            let found = pairs.into_iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
            Ok(found.map(|(_, value)| Arc::from(value)).collect())
        }
        Value::Object(_) => match own(call, name)? {
            Some(Value::Null) | None => Ok(Vec::new()),
            Some(list) => Ok(texts_of(&list)),
        },
        _ => Err(broken("expected headers or a query")),
    }
}

fn count(call: &mut Call<'_, '_>) -> Outcome<i32> {
    let length = match call.value(0) {
        Value::Context(ContextPart::Headers(message)) => message::headers(call, message).map_or(0, HeaderMap::keys_len),
        Value::Context(ContextPart::Query(url)) => {
            let url = call.machine.context.url(*url).ok_or_else(null_reference)?;
            let mut names: Vec<String> =
                url.query.as_deref().map(pairs).unwrap_or_default().into_iter().map(|p| p.0).collect();
            names.iter_mut().for_each(|name| name.make_ascii_lowercase());
            names.sort();
            names.dedup();
            names.len()
        }
        Value::Object(_) => own_length(call)?.unwrap_or(0),
        _ => return Err(broken("expected headers or a query")),
    };
    Ok(i32::try_from(length).unwrap_or(i32::MAX))
}

// Names and values, decoded as forms are: `+` is a blank.
pub(super) fn pairs(query: &str) -> Vec<(String, String)> {
    let decode = super::net::decode_form;
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

// The keys or values of a dictionary that an expression has made.
fn own_part(call: &mut Call<'_, '_>, part: Part) -> Outcome<Value> {
    let types = [Ty::String, Ty::Class(Class::X509Certificate2)];
    let mut inner = Call { arguments: call.arguments, types: &types, machine: call.machine };
    super::collections::part_of_map(&mut inner, part)
}

// What is an extension method has words of its own for a dictionary that is null.
fn there(call: &Call<'_, '_>) -> Outcome<()> {
    if call.value(0).is_null() { Err(argument_null("dictionary")) } else { Ok(()) }
}

fn certificate(call: &mut Call<'_, '_>) -> Outcome<Option<Value>> {
    let key = call.text(1, "key")?;
    if matches!(call.value(0), Value::Object(_)) {
        return own(call, key);
    }
    let found = call.machine.context.deployment.certificates.get(&**key);
    Ok(found.map(|view| super::certificate_object(view)))
}

fn matched(call: &mut Call<'_, '_>, parameter: &str) -> Outcome<Option<Value>> {
    let key = call.text(1, parameter)?;
    Ok(match call.value(0) {
        Value::Object(_) => own(call, key)?,
        _ => call.machine.context.request.matched_parameters.get(&**key).map(|text| Value::string(&**text)),
    })
}

// What stands under this name, among the variables or in a dictionary of the expression's own.
fn held(call: &mut Call<'_, '_>, name: &str, ty: Option<&Ty>) -> Outcome<Option<Value>> {
    if !matches!(call.value(0), Value::Object(_)) {
        return Ok(variable(call.machine.context, name, ty)?.cloned());
    }
    let found = own(call, name)?;
    if let Some(value) = &found {
        must_be(value, ty)?;
    }
    Ok(found)
}

// `GetValueOrDefault` of a dictionary of the expression's own, by the gateway's extensions.
fn own_or_none(call: &mut Call<'_, '_>) -> Outcome<Option<Value>> {
    if call.value(0).is_null() {
        return Err(null_reference());
    }
    let name = call.text_or_null(1)?.ok_or_else(|| argument_null("key"))?;
    own(call, name)
}

fn held_or_default(call: &mut Call<'_, '_>) -> Outcome<Value> {
    Ok(own_or_none(call)?.unwrap_or_else(|| call.value(2).clone()))
}

fn joined_or_default(call: &mut Call<'_, '_>) -> Outcome<Value> {
    match own_or_none(call)? {
        None => Ok(call.value(2).clone()),
        Some(Value::Null) => Err(argument_null("value")),
        Some(list) => call.yields(texts_of(&list).join(",")),
    }
}

fn one_or_default(call: &mut Call<'_, '_>) -> Outcome<Value> {
    Ok(matched(call, "key")?.unwrap_or_else(|| call.value(2).clone()))
}

fn any_or_default(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let name = call.text_or_null(1)?.ok_or_else(|| argument_null("key"))?;
    Ok(held(call, name, None)?.unwrap_or_else(|| call.value(2).clone()))
}

// The article says that a value of another type throws; the toolkit's mock returns the default. The article is followed.
// Fixture `variables/other-type`.
fn variable_or_default(call: &mut Call<'_, '_>) -> Outcome<Value> {
    if call.value(0).is_null() {
        return Err(null_reference());
    }
    let name = call.text_or_null(1)?.ok_or_else(|| argument_null("key"))?;
    let ty = call.types.first().ok_or_else(|| broken("GetValueOrDefault without a type"))?;
    let default = match call.arguments.get(2) {
        Some(default) => default.clone(),
        None => ty.default_value().ok_or_else(|| broken("GetValueOrDefault of an unbuilt type"))?,
    };
    Ok(held(call, name, Some(ty))?.unwrap_or(default))
}

/// Up to so many variables, comparing names is faster than hashing one.
const COMPARED_MAX: usize = 12;

/// The variable of this name, which must be of the type.
pub(crate) fn variable<'m>(context: &'m Context, name: &str, ty: Option<&Ty>) -> Outcome<Option<&'m Value>> {
    let variables = &context.variables;
    let found = if variables.len() <= COMPARED_MAX {
        variables.iter().find(|(other, _)| &***other == name).map(|(_, value)| value)
    } else {
        variables.get(name)
    };
    if let Some(value) = found {
        must_be(value, ty)?;
    }
    Ok(found)
}

fn must_be(value: &Value, ty: Option<&Ty>) -> Outcome<()> {
    match (value, ty) {
        (Value::Null, Some(ty)) if !ty.holds_null() => Err(null_reference()),
        (value, Some(ty)) if !value.is_null() && !ty.admits(value) => {
            Err(invalid_cast(&value.type_name(), &ty.full_name()))
        }
        _ => Ok(()),
    }
}

/// The pairs of a dictionary of the context.
pub(crate) fn items(machine: &mut Machine<'_>, part: &ContextPart) -> Outcome<Vec<Value>> {
    let (of_texts, of_many) = (pair_type(Ty::String, Ty::String), pair_type(Ty::String, Ty::array(Ty::String)));
    let context = machine.context;
    match part {
        ContextPart::Variables => {
            let ty = pair_type(Ty::String, Ty::Object);
            let variables = context.variables.iter();
            Ok(variables.map(|(name, value)| pair(&ty, Value::String(Arc::clone(name)), value.clone())).collect())
        }
        ContextPart::Certificates => {
            let ty = pair_type(Ty::String, Ty::Class(Class::X509Certificate2));
            let certificates = context.deployment.certificates.iter();
            let made =
                certificates.map(|(id, view)| pair(&ty, Value::string(id.as_str()), super::certificate_object(view)));
            Ok(made.collect())
        }
        ContextPart::MatchedParameters => {
            let parameters = context.request.matched_parameters.iter();
            let made = parameters.map(|(name, text)| pair(&of_texts, Value::string(&**name), Value::string(&**text)));
            Ok(made.collect())
        }
        ContextPart::Headers(message) => {
            let headers = message::headers_of(context, message).ok_or_else(null_reference)?;
            let made = headers.keys().map(|name| {
                let values = headers.get_all(name).iter().map(|value| Arc::from(crate::http::latin1(value)));
                pair(&of_many, Value::string(name.as_str()), Value::Strings(values.collect()))
            });
            Ok(made.collect())
        }
        ContextPart::Query(url) => {
            let url = context.url(*url).ok_or_else(null_reference)?;
            // Names that differ by case alone are one; the first one is shown.
            let mut names: indexmap::IndexMap<String, (String, Vec<Arc<str>>)> = indexmap::IndexMap::new();
            for (name, value) in url.query.as_deref().map(pairs).unwrap_or_default() {
                let entry = names.entry(name.to_ascii_lowercase()).or_insert_with(|| (name, Vec::new()));
                entry.1.push(Arc::from(value));
            }
            let made = names.into_values();
            Ok(made.map(|(name, values)| pair(&of_many, Value::string(name), Value::Strings(values.into()))).collect())
        }
        _ => Err(broken("an enumeration of no sequence")),
    }
}
