//! The extensions of certificates: `X509ExtensionCollection` and `X509Extension`.

use super::bytes;
use super::certificate::held;
use super::name::oid_of;
use crate::expr::bcl::{Row, row, string};
use crate::expr::exception::out_of_range;
use crate::expr::instance::State;
use crate::expr::ty::{Class, Ty};
use crate::pki::certificate::Extension;
use crate::pki::oid;
use crate::value::Value;

const OWNER: &str = "X509ExtensionCollection";

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row("X509Certificate2", "X509ExtensionCollection Extensions", |call| {
        let certificate = held(call, 0)?;
        let mut items = Vec::new();
        for extension in &certificate.extensions {
            items.push(call.object(Ty::Class(Class::X509Extension), One(extension.clone()))?);
        }
        call.object(Ty::Class(Class::X509ExtensionCollection), Extensions(items))
    }),
    row(OWNER, "int Count", |call| Ok(string::index(call.state(0, |all: &mut Extensions| all.0.len())?))),
    row(OWNER, "X509Extension this[int index]", |call| {
        let index = usize::try_from(call.int(1)?).ok();
        let found = call.state(0, |all: &mut Extensions| index.and_then(|index| all.0.get(index).cloned()))?;
        found.ok_or_else(|| {
            out_of_range(
                "Index was out of range. Must be non-negative and less than the size of the collection.",
                "index",
            )
        })
    }),
    row(OWNER, "X509Extension this[string oid]", |call| {
        let name = call.text(1, "oid")?;
        let id = oid::of_name(name).unwrap_or(name);
        let items = call.state(0, |all: &mut Extensions| all.0.clone())?;
        let is_it = |item: &&Value| crate::expr::instance::look(item, |one: &mut One| one.0.id == id).unwrap_or(false);
        Ok(items.iter().find(is_it).cloned().unwrap_or(Value::Null))
    }),
    row("X509Extension", "bool Critical", |call| call.state(0, |one: &mut One| Value::Bool(one.0.is_critical))),
    row("X509Extension", "Oid Oid", |call| {
        let id = call.state(0, |one: &mut One| one.0.id.clone())?;
        oid_of(call, &id)
    }),
    row("X509Extension", "byte[] RawData", |call| {
        let raw = call.state(0, |one: &mut One| one.0.value.clone())?;
        bytes(call, raw)
    }),
];

/// `X509ExtensionCollection`
#[derive(Debug)]
struct Extensions(Vec<Value>);

impl State for Extensions {
    fn children(&self) -> Vec<Value> {
        self.0.clone()
    }

    fn clear(&mut self) {
        self.0 = Vec::new();
    }

    fn items(&self) -> Option<Vec<Value>> {
        Some(self.0.clone())
    }
}

/// `X509Extension`
#[derive(Debug)]
struct One(Extension);

impl State for One {}
