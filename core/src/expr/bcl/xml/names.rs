//! `XName` and `XNamespace`, and the conversions of text to them.

use std::sync::Arc;

use super::{Call, Row, Value, plain_argument, row, xml_error};
use crate::expr::Interrupt;
use crate::expr::exception::{Outcome, argument, argument_null, broken};
use crate::expr::instance::{self, Instance, State};
use crate::expr::ty::{Class, Ty};
use crate::expr::xml::{Name, NameError, XML, XMLNS, verify_local};

pub(super) const ROWS: &[Row] = &[
    row("XName", "static XName Get(string expandedName)", |call| {
        let text = Arc::clone(call.text(0, "expandedName")?);
        Ok(named(expanded(&text)?))
    }),
    row("XName", "static XName Get(string localName, string namespaceName)", |call| {
        let namespace = Arc::clone(call.text(1, "namespaceName")?);
        let local = Arc::clone(call.text(0, "localName")?);
        joined(namespace, local)
    }),
    row("XName", "string LocalName", |call| Ok(Value::String(call.state(0, |name: &mut XName| name.0.local.clone())?))),
    row("XName", "string NamespaceName", |call| {
        Ok(Value::String(call.state(0, |name: &mut XName| name.0.namespace.clone())?))
    }),
    row("XName", "XNamespace Namespace", |call| {
        Ok(namespaced(call.state(0, |name: &mut XName| name.0.namespace.clone())?))
    }),
    row("XName", "string ToString()", shown),
    row("XName", "bool Equals(object obj)", same),
    row("XName", "int GetHashCode()", hash),
    row("XNamespace", "static XNamespace Get(string namespaceName)", |call| {
        Ok(namespaced(Arc::clone(call.text(0, "namespaceName")?)))
    }),
    row("XNamespace", "static XNamespace None", |_| Ok(namespaced(Arc::from("")))),
    row("XNamespace", "static XNamespace Xml", |_| Ok(namespaced(Arc::from(XML)))),
    row("XNamespace", "static XNamespace Xmlns", |_| Ok(namespaced(Arc::from(XMLNS)))),
    row("XNamespace", "string NamespaceName", |call| {
        Ok(Value::String(call.state(0, |namespace: &mut XNamespace| namespace.0.clone())?))
    }),
    row("XNamespace", "XName GetName(string localName)", |call| {
        let local = Arc::clone(call.text(1, "localName")?);
        joined(call.state(0, |namespace: &mut XNamespace| namespace.0.clone())?, local)
    }),
    row("XNamespace", "static XName op_Addition(XNamespace ns, string localName)", |call| {
        if call.value(0).is_null() {
            return Err(argument_null("ns"));
        }
        let local = Arc::clone(call.text(1, "localName")?);
        joined(call.state(0, |namespace: &mut XNamespace| namespace.0.clone())?, local)
    }),
    row("XNamespace", "string ToString()", shown),
    row("XNamespace", "bool Equals(object obj)", same),
    row("XNamespace", "int GetHashCode()", hash),
];

/// `XName`; there is one object of each name in .NET, so names that are equal are the same.
#[derive(Debug)]
struct XName(Name);

impl State for XName {
    fn text(&self, _ty: &Ty) -> String {
        self.0.text()
    }

    fn equals(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

#[derive(Debug)]
struct XNamespace(Arc<str>);

impl State for XNamespace {
    fn text(&self, _ty: &Ty) -> String {
        self.0.to_string()
    }

    fn equals(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

// Names refer to nothing, so they need not be freed at the end.
pub(super) fn named(name: Name) -> Value {
    Value::Object(Instance::object(Ty::Class(Class::XName), XName(name)))
}

pub(super) fn namespaced(name: Arc<str>) -> Value {
    Value::Object(Instance::object(Ty::Class(Class::XNamespace), XNamespace(name)))
}

/// The name that a value is.
pub(super) fn name_in(value: &Value) -> Option<Name> {
    instance::look(value, |name: &mut XName| name.0.clone())
}

/// The namespace that a value is.
pub(super) fn namespace_in(value: &Value) -> Option<Arc<str>> {
    instance::look(value, |namespace: &mut XNamespace| namespace.0.clone())
}

/// What a name is as a key of dictionaries and sets.
pub(crate) fn key_text(value: &Value) -> Option<String> {
    name_in(value).map(|name| name.text()).or_else(|| namespace_in(value).map(|namespace| namespace.to_string()))
}

fn expanded(text: &str) -> Outcome<Name> {
    Name::expanded(text).map_err(|error| bad_name(&error, text))
}

/// The exception of a text that is no name.
pub(super) fn bad_name(error: &NameError, text: &str) -> Interrupt {
    match error {
        NameError::Empty => argument("The value cannot be an empty string.", "name"),
        NameError::Character(message) => xml_error(message.clone()),
        NameError::Expanded if text.is_empty() => argument("The value cannot be an empty string.", "expandedName"),
        NameError::Expanded => plain_argument(format!("'{text}' is an invalid expanded name.")),
    }
}

fn joined(namespace: Arc<str>, local: Arc<str>) -> Outcome<Value> {
    verify_local(&local).map_err(|error| bad_name(&error, &local))?;
    Ok(named(Name { namespace, local }))
}

/// The implicit operators of `XName` and `XNamespace`, which take text.
pub(crate) fn converted(class: Class, value: &Value) -> Outcome<Value> {
    match (class, value) {
        (_, Value::Null) => Ok(Value::Null),
        (Class::XName, Value::String(text)) => Ok(named(expanded(text)?)),
        (Class::XNamespace, Value::String(text)) => Ok(namespaced(Arc::clone(text))),
        _ => Err(broken("a conversion of text")),
    }
}

fn shown(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let text = call.value(0).to_string();
    call.yields(text)
}

fn same(call: &mut Call<'_, '_>) -> Outcome<Value> {
    Ok(Value::Bool(call.value(0) == call.value(1)))
}

// .NET's hashes of text differ from run to run; all that counts is that equal names have equal ones.
fn hash(call: &mut Call<'_, '_>) -> Outcome<Value> {
    Ok(Value::Int32(super::compare::hash_of(&call.value(0).to_string())))
}
