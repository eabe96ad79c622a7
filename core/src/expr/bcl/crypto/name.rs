//! `HashAlgorithmName` and `Oid`.

use std::sync::Arc;

use super::{cryptographic, unsupported};
use crate::expr::bcl::{Call, Row, row};
use crate::expr::exception::{Outcome, argument_null};
use crate::expr::instance::State;
use crate::expr::ty::{Class, Ty};
use crate::pki::{Digest, oid};
use crate::value::Value;

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row("HashAlgorithmName", "new HashAlgorithmName()", |call| hash_name(call, None)),
    row("HashAlgorithmName", "new HashAlgorithmName(string name)", |call| {
        let name = call.text_or_null(0)?.cloned();
        hash_name(call, name)
    }),
    row("HashAlgorithmName", "string Name", |call| {
        let name = call.state(0, |name: &mut HashName| name.0.clone())?;
        Ok(name.map_or(Value::Null, Value::String))
    }),
    row("HashAlgorithmName", "bool Equals(HashAlgorithmName other)", |call| {
        Ok(Value::Bool(call.value(0) == call.value(1)))
    }),
    row("HashAlgorithmName", "static HashAlgorithmName MD5", |call| hash_name(call, Some("MD5".into()))),
    row("HashAlgorithmName", "static HashAlgorithmName SHA1", |call| hash_name(call, Some("SHA1".into()))),
    row("HashAlgorithmName", "static HashAlgorithmName SHA256", |call| hash_name(call, Some("SHA256".into()))),
    row("HashAlgorithmName", "static HashAlgorithmName SHA384", |call| hash_name(call, Some("SHA384".into()))),
    row("HashAlgorithmName", "static HashAlgorithmName SHA512", |call| hash_name(call, Some("SHA512".into()))),
    row("HashAlgorithmName", "static HashAlgorithmName SHA3_256", |call| hash_name(call, Some("SHA3-256".into()))),
    row("HashAlgorithmName", "static HashAlgorithmName SHA3_384", |call| hash_name(call, Some("SHA3-384".into()))),
    row("HashAlgorithmName", "static HashAlgorithmName SHA3_512", |call| hash_name(call, Some("SHA3-512".into()))),
    row("HashAlgorithmName", "static HashAlgorithmName FromOid(string oidValue)", |call| {
        let id = call.text(0, "oidValue")?;
        let unknown = || cryptographic(format!("The specified OID ({id}) does not represent a known hash algorithm."));
        let name = of_id(id).ok_or_else(unknown)?;
        hash_name(call, Some(name.into()))
    }),
    row("HashAlgorithmName", "static bool TryFromOid(string oidValue, out HashAlgorithmName value)", |call| {
        let found = of_id(call.text(0, "oidValue")?);
        let name = hash_name(call, found.map(Arc::from))?;
        call.give(name);
        Ok(Value::Bool(found.is_some()))
    }),
    row("Oid", "new Oid()", |call| made(call, Oid { id: None, name: None })),
    row("Oid", "new Oid(string oid)", |call| {
        let text = call.text(0, "friendlyName")?;
        let id: Arc<str> = oid::of_name(text).map_or_else(|| Arc::clone(text), Arc::from);
        made(call, Oid { id: Some(id), name: None })
    }),
    row("Oid", "new Oid(string value, string friendlyName)", |call| {
        let (id, name) = (call.text_or_null(0)?.cloned(), call.text_or_null(1)?.cloned());
        made(call, Oid { id, name })
    }),
    row("Oid", "new Oid(Oid oid)", |call| {
        if call.value(0).is_null() {
            return Err(argument_null("oid"));
        }
        let (id, name) = call.state(0, |oid: &mut Oid| (oid.id.clone(), oid.name.clone()))?;
        made(call, Oid { id, name })
    }),
    row("Oid", "static Oid FromFriendlyName(string friendlyName, OidGroup group)", |call| {
        let name = call.text(0, "friendlyName")?;
        let id = oid::of_name(name).ok_or_else(|| cryptographic("No OID value matches this name."))?;
        made(call, Oid { id: Some(id.into()), name: Some(Arc::clone(name)) })
    }),
    row("Oid", "static Oid FromOidValue(string oidValue, OidGroup group)", |call| {
        let id = call.text(0, "oidValue")?;
        let name = oid::name(id).ok_or_else(|| cryptographic("The OID value is invalid."))?;
        made(call, Oid { id: Some(Arc::clone(id)), name: Some(name.into()) })
    }),
    row("Oid", "string Value", |call| {
        let id = call.state(0, |oid: &mut Oid| oid.id.clone())?;
        Ok(id.map_or(Value::Null, Value::String))
    }),
    row("Oid", "set string Value", |call| {
        let id = call.text_or_null(1)?.cloned();
        let is_changed = call.state(0, |oid: &mut Oid| {
            let is_changed = oid.id.is_some() && oid.id != id;
            if !is_changed {
                oid.id = id;
            }
            is_changed
        })?;
        if is_changed { Err(unsupported(CHANGED)) } else { Ok(Value::Null) }
    }),
    row("Oid", "string FriendlyName", |call| {
        // What has been shown stays.
        let name = call.state(0, |oid: &mut Oid| {
            oid.name = oid.shown_name();
            oid.name.clone()
        })?;
        Ok(name.map_or(Value::Null, Value::String))
    }),
    row("Oid", "set string FriendlyName", |call| {
        let name = call.text_or_null(1)?.cloned();
        let error = call.state(0, |oid: &mut Oid| {
            if oid.name.is_some() {
                return (oid.name != name).then_some(RENAMED);
            }
            // A name that stands for another value would change that.
            let id = name.as_deref().and_then(oid::of_name).map(Arc::from);
            if oid.id.is_some() && id.is_some() && oid.id != id {
                return Some(CHANGED);
            }
            oid.id = oid.id.take().or(id);
            oid.name = name;
            None
        })?;
        error.map_or(Ok(Value::Null), |message| Err(unsupported(message)))
    }),
];

const CHANGED: &str = "The OID value cannot be changed from its current value.";
const RENAMED: &str = "The OID friendly name cannot be changed from its current value.";

/// `HashAlgorithmName`
#[derive(Debug)]
pub(super) struct HashName(pub(super) Option<Arc<str>>);

impl State for HashName {
    fn text(&self, _ty: &Ty) -> String {
        self.0.as_deref().unwrap_or("").to_owned()
    }

    fn equals(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

/// `Oid`
#[derive(Debug)]
struct Oid {
    id: Option<Arc<str>>,
    name: Option<Arc<str>>,
}

impl State for Oid {}

impl Oid {
    fn shown_name(&self) -> Option<Arc<str>> {
        self.name.clone().or_else(|| oid::name(self.id.as_deref()?).map(Arc::from))
    }
}

/// A `HashAlgorithmName`.
pub(super) fn hash_name(call: &mut Call<'_, '_>, name: Option<Arc<str>>) -> Outcome<Value> {
    call.object(Ty::Class(Class::HashAlgorithmName), HashName(name))
}

/// An `Oid` of this identifier.
pub(super) fn oid_of(call: &mut Call<'_, '_>, id: &str) -> Outcome<Value> {
    made(call, Oid { id: Some(id.into()), name: oid::name(id).map(Arc::from) })
}

fn made(call: &mut Call<'_, '_>, oid: Oid) -> Outcome<Value> {
    call.object(Ty::Class(Class::Oid), oid)
}

fn of_id(id: &str) -> Option<&'static str> {
    Digest::of_id(id).map(Digest::name).or(match id {
        "2.16.840.1.101.3.4.2.8" => Some("SHA3-256"),
        "2.16.840.1.101.3.4.2.9" => Some("SHA3-384"),
        "2.16.840.1.101.3.4.2.10" => Some("SHA3-512"),
        _ => None,
    })
}
