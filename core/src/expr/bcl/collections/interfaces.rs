//! The collection interfaces: what they promise, done by whatever collection stands behind them.

use super::super::string::index;
use super::super::{Call, Function, Member, Row, Run, TABLE, json, regex, row};
use super::map::Map;
use super::views::{Part, View};
use super::{
    as_pairs, bad_index, contains, copy_into_array, dictionary, enumerator, found, list, list_search, properties, set,
    snapshot, views,
};
use crate::expr::eval::Machine;
use crate::expr::eval::cursor::{Cursor, Ready, Shape, Start};
use crate::expr::exception::{Outcome, argument_null, throw};
use crate::expr::instance::{self, Items, Pair};
use crate::expr::ty::{Class, Ty};
use crate::value::Value;

const COLLECTION: &str = "ICollection<T>";
const LIST: &str = "IList<T>";
const MAP: &str = "IDictionary<TKey, TValue>";
const READ_MAP: &str = "IReadOnlyDictionary<TKey, TValue>";
const READ_LIST: &str = "ReadOnlyCollection<T>";

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row(COLLECTION, "int Count", count),
    row("IReadOnlyCollection<T>", "int Count", count),
    row(COLLECTION, "bool IsReadOnly", |call| {
        Ok(Value::Bool(!matches!(kind(call), Kind::List | Kind::Map | Kind::Set | Kind::Tokens | Kind::Properties)))
    }),
    row(COLLECTION, "void Add(T item)", |call| match kind(call) {
        Kind::List => list::add(call),
        Kind::Tokens => json::add(call),
        Kind::Properties => properties::add(call),
        Kind::Map => add_pair(call),
        Kind::Set => set::add(call),
        Kind::Array => Err(fixed()),
        Kind::View(part) => Err(view_is_fixed(part)),
        Kind::Other => Err(read_only()),
    }),
    row(COLLECTION, "void Clear()", |call| match kind(call) {
        Kind::List => list::clear(call),
        Kind::Tokens | Kind::Properties => json::clear(call),
        Kind::Map | Kind::Set => dictionary::clear(call),
        Kind::View(part) => Err(view_is_fixed(part)),
        Kind::Array | Kind::Other => Err(read_only()),
    }),
    row(COLLECTION, "bool Contains(T item)", |call| match kind(call) {
        Kind::Set => set::has(call),
        Kind::Tokens => Ok(Value::Bool(json::position(call)?.is_some())),
        Kind::Properties => properties::has(call),
        Kind::Map => has_pair(call),
        Kind::View(Part::Keys) => {
            let (map, _) = dictionary::source(call)?;
            if let Some(has) = properties::has_name(&map, call.value(1))? {
                return Ok(Value::Bool(has));
            }
            Ok(Value::Bool(instance::state(&map, |map: &mut Map| map.contains(call.value(1)))?))
        }
        Kind::List | Kind::Array | Kind::View(Part::Values | Part::All) | Kind::Other => contains(call),
    }),
    row(COLLECTION, "bool Remove(T item)", |call| match kind(call) {
        Kind::List => list::remove(call),
        Kind::Tokens => json::remove(call),
        Kind::Properties => properties::remove(call),
        Kind::Set => set::remove(call),
        Kind::Map => remove_pair(call),
        Kind::Array => Err(fixed()),
        Kind::View(part) => Err(view_is_fixed(part)),
        Kind::Other => Err(read_only()),
    }),
    row(COLLECTION, "void CopyTo(T[] array, int arrayIndex)", |call| match kind(call) {
        Kind::Map | Kind::View(Part::Keys | Part::Values) => dictionary::copy_entries(call, "index"),
        Kind::Set => set::copy_to(call, call.int(2)?, None),
        Kind::Tokens => json::copy_to(call),
        Kind::Properties => properties::copy_to(call),
        Kind::List | Kind::Array | Kind::View(Part::All) | Kind::Other => {
            let items = snapshot(call, 0)?;
            regex::check_copy(call, items.len())?;
            copy_into_array(call, items, 1, call.int(2)?)
        }
    }),
    row(LIST, "T this[int index]", at),
    row("IReadOnlyList<T>", "T this[int index]", at),
    row(LIST, "set T this[int index]", |call| match kind(call) {
        Kind::List | Kind::Array => list::set_at(call),
        Kind::Tokens => json::set_at(call),
        Kind::Properties | Kind::Map | Kind::Set | Kind::View(_) | Kind::Other => Err(read_only()),
    }),
    row(LIST, "int IndexOf(T item)", |call| match kind(call) {
        Kind::Tokens => json::index_of(call),
        Kind::List | Kind::Array | Kind::Properties | Kind::Map | Kind::Set | Kind::View(_) | Kind::Other => {
            Ok(list_search::place(found(call)?))
        }
    }),
    row(LIST, "void Insert(int index, T item)", |call| match kind(call) {
        Kind::List => list::insert(call),
        Kind::Tokens => json::insert(call),
        Kind::Array => Err(fixed()),
        Kind::Properties | Kind::Map | Kind::Set | Kind::View(_) | Kind::Other => Err(read_only()),
    }),
    row(LIST, "void RemoveAt(int index)", |call| match kind(call) {
        Kind::List => list::remove_at(call),
        Kind::Tokens => json::remove_at(call),
        Kind::Array => Err(fixed()),
        Kind::Properties | Kind::Map | Kind::Set | Kind::View(_) | Kind::Other => Err(read_only()),
    }),
    row(READ_LIST, "int Count", count),
    row(READ_LIST, "T this[int index]", at),
    row(READ_LIST, "bool Contains(T value)", contains),
    row(READ_LIST, "int IndexOf(T value)", |call| Ok(list_search::place(found(call)?))),
    row(READ_LIST, "void CopyTo(T[] array, int index)", |call| {
        let items = snapshot(call, 0)?;
        copy_into_array(call, items, 1, call.int(2)?)
    }),
    row(READ_LIST, "IEnumerator<T> GetEnumerator()", enumerator),
    row(MAP, "TValue this[TKey key]", |call| properties::either(call, json::member, dictionary::get)),
    row(MAP, "set TValue this[TKey key]", |call| properties::either(call, json::set_member, dictionary::set)),
    row(MAP, "void Add(TKey key, TValue value)", |call| properties::either(call, json::add_property, dictionary::add)),
    row(MAP, "bool ContainsKey(TKey key)", |call| properties::either(call, json::has_property, dictionary::has)),
    row(MAP, "bool TryGetValue(TKey key, out TValue value)", |call| {
        properties::either(call, json::try_property, dictionary::try_get)
    }),
    row(MAP, "bool Remove(TKey key)", |call| properties::either(call, json::remove_property, dictionary::remove)),
    row(MAP, "ICollection<TKey> Keys", |call| {
        properties::either(call, properties::keys, |call| part_of_map(call, Part::Keys))
    }),
    row(MAP, "ICollection<TValue> Values", |call| {
        properties::either(call, properties::values, |call| part_of_map(call, Part::Values))
    }),
    row(MAP, "this bool TryAdd(TKey key, TValue value)", |call| {
        there(call)?;
        properties::either(call, properties::try_add, dictionary::try_add)
    }),
    row(MAP, "this bool Remove(TKey key, out TValue value)", |call| {
        there(call)?;
        properties::either(call, properties::take, dictionary::take)
    }),
    row(READ_MAP, "TValue this[TKey key]", |call| match read_map(call)? {
        true => dictionary::get(call),
        false => match own_indexer(call, &Ty::String) {
            Some(run) => run(call),
            None => Err(crate::expr::exception::key_not_found(&call.value(1).to_string())),
        },
    }),
    row(READ_MAP, "bool ContainsKey(TKey key)", |call| match read_map(call)? {
        true => dictionary::has(call),
        false => Ok(Value::Bool(entry(call)?.is_some())),
    }),
    row(READ_MAP, "bool TryGetValue(TKey key, out TValue value)", |call| {
        if read_map(call)? {
            return dictionary::try_get(call);
        }
        let found = entry(call)?;
        let is_there = found.is_some();
        call.give(found.unwrap_or(Value::Null));
        Ok(Value::Bool(is_there))
    }),
    row(READ_MAP, "this TValue GetValueOrDefault(TKey key)", get_or_default),
    row(READ_MAP, "this TValue GetValueOrDefault(TKey key, TValue defaultValue)", get_or_default),
    row(READ_MAP, "IEnumerable<TKey> Keys", |call| match read_map(call)? {
        true => part_of_map(call, Part::Keys),
        false => parts_of_pairs(call, Part::Keys),
    }),
    row(READ_MAP, "IEnumerable<TValue> Values", |call| match read_map(call)? {
        true => part_of_map(call, Part::Values),
        false => parts_of_pairs(call, Part::Values),
    }),
];

/// What stands behind an interface.
enum Kind {
    List,
    /// Json.NET's containers as lists of tokens
    Tokens,
    /// `JObject` as a dictionary
    Properties,
    Array,
    Map,
    Set,
    View(Part),
    /// Collections of the library that are never changed through an interface
    Other,
}

fn kind(call: &Call<'_, '_>) -> Kind {
    let value = call.value(0);
    if let Some(is_dictionary) = instance::look(value, |map: &mut Map| map.is_dictionary()) {
        return if is_dictionary { Kind::Map } else { Kind::Set };
    }
    if let Some(part) = instance::look(value, |view: &mut View| view.part) {
        return if part == Part::All { Kind::Other } else { Kind::View(part) };
    }
    match value {
        Value::Strings(_) | Value::Chars(_) | Value::Bytes(_) => Kind::Array,
        Value::Json(_) if properties::is_of_pairs(call) => Kind::Properties,
        Value::Json(_) => Kind::Tokens,
        Value::Object(object) => match instance::type_of(object) {
            Some(Ty::Array(_)) => Kind::Array,
            Some(Ty::Generic(Class::List, _)) => Kind::List,
            _ => Kind::Other,
        },
        _ => Kind::Other,
    }
}

fn read_only() -> crate::expr::Interrupt {
    throw("System.NotSupportedException", "Collection is read-only.")
}

fn fixed() -> crate::expr::Interrupt {
    throw("System.NotSupportedException", "Collection was of a fixed size.")
}

fn view_is_fixed(part: Part) -> crate::expr::Interrupt {
    let what = if part == Part::Keys { "key" } else { "value" };
    let message = format!("Mutating a {what} collection derived from a dictionary is not allowed.");
    throw("System.NotSupportedException", message)
}

fn count(call: &mut Call<'_, '_>) -> Outcome<Value> {
    match views::length(call.value(0)) {
        Some(length) => Ok(index(length)),
        None => Ok(index(call.machine.collect(call.value(0))?.len())),
    }
}

// The indexer of a class that is a collection under its own name too, and has messages of its own.
fn own_indexer(call: &Call<'_, '_>, index: &Ty) -> Option<Function> {
    let Value::Object(object) = call.value(0) else { return None };
    let ty = instance::type_of(object)?;
    let is_own = |member: &&Member| {
        member.owner == *ty && member.parameters.first().is_some_and(|parameter| parameter.ty == *index)
    };
    match TABLE.named("this").iter().find(is_own)?.run {
        Run::Function(run) if matches!(ty, Ty::Class(_)) => Some(run),
        Run::Function(_) | Run::Enum(_) | Run::Part(_) | Run::Text(_) => None,
    }
}

fn at(call: &mut Call<'_, '_>) -> Outcome<Value> {
    if let Some(run) = own_indexer(call, &Ty::Int32) {
        return run(call);
    }
    let at = usize::try_from(call.int(1)?).map_err(|_| bad_index("index"))?;
    let found = match instance::look(call.value(0), |items: &mut Items| items.values.get(at).cloned()) {
        Some(found) => found,
        None => snapshot(call, 0)?.into_iter().nth(at),
    };
    found.ok_or_else(|| bad_index("index"))
}

pub(super) fn pair_of(call: &Call<'_, '_>) -> Outcome<(Value, Value)> {
    instance::state(call.value(1), |pair: &mut Pair| (pair.key.clone(), pair.value.clone()))
}

fn add_pair(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let (key, value) = pair_of(call)?;
    dictionary::more(call)?;
    dictionary::put(call.value(0), key, value)?;
    Ok(Value::Null)
}

fn has_pair(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let (key, value) = pair_of(call)?;
    if key.is_null() {
        return Err(argument_null("key"));
    }
    call.state(0, |map: &mut Map| Value::Bool(map.holds_pair(&key, &value)))
}

fn remove_pair(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let (key, value) = pair_of(call)?;
    if key.is_null() {
        return Err(argument_null("key"));
    }
    call.state(0, |map: &mut Map| Value::Bool(map.holds_pair(&key, &value) && map.remove(&key).is_some()))
}

/// The keys or the values of a dictionary.
pub(in crate::expr::bcl) fn part_of_map(call: &mut Call<'_, '_>, part: Part) -> Outcome<Value> {
    let class = if part == Part::Keys { Class::KeyCollection } else { Class::ValueCollection };
    let view = View { source: call.value(0).clone(), part };
    call.object(Ty::Generic(class, [call.ty(0), call.ty(1)].into()), view)
}

// Whether a dictionary of this evaluation stands behind it; those of the context show themselves as pairs.
fn read_map(call: &Call<'_, '_>) -> Outcome<bool> {
    if matches!(call.value(0), Value::Null) {
        return Err(crate::expr::exception::null_reference());
    }
    Ok(instance::look(call.value(0), |_: &mut Map| ()).is_some())
}

fn is_groups(value: &Value) -> bool {
    matches!(value, Value::Object(object) if instance::type_of(object) == Some(&Ty::Class(Class::GroupCollection)))
}

fn keys_of(operands: &[Value], _machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    Ok(parts_of(operands, |pair| pair.key.clone()))
}

fn values_of(operands: &[Value], _machine: &mut Machine<'_>) -> Outcome<Box<dyn Cursor>> {
    Ok(parts_of(operands, |pair| pair.value.clone()))
}

// The names or the groups of a match.
fn parts_of(operands: &[Value], part: fn(&mut Pair) -> Value) -> Box<dyn Cursor> {
    let pairs = operands.first().and_then(regex::named_groups).unwrap_or_default();
    let parts: Vec<Value> = pairs.iter().filter_map(|pair| instance::look(pair, part)).collect();
    Box::new(Ready(parts.into_iter()))
}

fn pairs(call: &mut Call<'_, '_>) -> Outcome<Vec<(Value, Value)>> {
    let pairs = call.machine.collect(&as_pairs(call.value(0).clone()))?;
    pairs.iter().map(|pair| instance::state(pair, |pair: &mut Pair| (pair.key.clone(), pair.value.clone()))).collect()
}

// Extensions have words of their own for a dictionary that is null.
fn there(call: &Call<'_, '_>) -> Outcome<()> {
    if call.value(0).is_null() { Err(argument_null("dictionary")) } else { Ok(()) }
}

fn get_or_default(call: &mut Call<'_, '_>) -> Outcome<Value> {
    there(call)?;
    if read_map(call)? {
        return dictionary::get_or_default(call);
    }
    let default = match call.arguments.get(2) {
        Some(default) => default.clone(),
        None => call.ty(1).default_value().unwrap_or(Value::Null),
    };
    Ok(entry(call)?.unwrap_or(default))
}

// Names of headers and queries ignore case, the other names do not.
fn entry(call: &mut Call<'_, '_>) -> Outcome<Option<Value>> {
    use crate::value::ContextPart;
    let parameter = if is_groups(call.value(0)) { "name" } else { "key" };
    let Value::String(name) = call.value(1).clone() else { return Err(argument_null(parameter)) };
    let ignores_case = matches!(call.value(0), Value::Context(ContextPart::Headers(_) | ContextPart::Query(_)));
    let found = pairs(call)?.into_iter().find(|(key, _)| match key {
        Value::String(key) if ignores_case => key.eq_ignore_ascii_case(&name),
        Value::String(key) => **key == *name,
        _ => false,
    });
    Ok(found.map(|(_, value)| value))
}

fn parts_of_pairs(call: &mut Call<'_, '_>, part: Part) -> Outcome<Value> {
    let at = usize::from(part != Part::Keys);
    if is_groups(call.value(0)) {
        let start: Start = if part == Part::Keys { keys_of } else { values_of };
        return call.machine.lazy(call.ty(at), Shape::Plain, start, vec![call.value(0).clone()]);
    }
    let mut parts = Vec::new();
    for (key, value) in pairs(call)? {
        parts.push(call.machine.shown(if part == Part::Keys { key } else { value })?);
    }
    super::list_of(call, call.ty(at), parts)
}
