//! `X509Certificate` and `X509Certificate2`: making them, and what they are asked. Texts and keys have files of their own.

use std::sync::Arc;

use super::hash::known_digest;
use super::name::{HashName, oid_of};
use super::{bytes, cryptographic, spend, unsupported};
use crate::context::CertificateView;
use crate::expr::bcl::enums::X509_CONTENT_TYPE;
use crate::expr::bcl::{Call, Row, row};
use crate::expr::exception::{Outcome, argument, argument_null, null_reference};
use crate::expr::instance::{Instance, State};
use crate::expr::ty::{Class, Ty};
use crate::pki::certificate::CERTIFICATE_BYTES_MAX;
use crate::pki::chain::{Verdict, verify};
use crate::pki::host::{CommonName, Wildcards, matches};
use crate::pki::{Certificate, Digest, pem};
use crate::value::{DateTime, DateTimeKind, Object, Value};

pub(in crate::expr::bcl) const TABLES: [&[Row]; 2] = [ROWS, ROWS_2];

const OWNER: &str = "X509Certificate";
const OWNER_2: &str = "X509Certificate2";
const NOT_READ: &str = "ASN1 corrupted data.";

const ROWS: &[Row] = &[
    row(OWNER, "new X509Certificate()", |call| empty(call, Class::X509Certificate)),
    row(OWNER, "new X509Certificate(byte[] data)", |call| read(call, Class::X509Certificate)),
    row(OWNER, "new X509Certificate(byte[] rawData, string password)", |call| read(call, Class::X509Certificate)),
    row(OWNER, "new X509Certificate(byte[] rawData, string password, X509KeyStorageFlags keyStorageFlags)", |call| {
        read(call, Class::X509Certificate)
    }),
    row(OWNER, "new X509Certificate(X509Certificate cert)", |call| copied(call, Class::X509Certificate)),
    row(OWNER, "byte[] GetRawCertData()", |call| facts(call, |it| it.raw.to_vec())),
    row(OWNER, "byte[] GetCertHash()", |call| facts(call, |it| it.thumbprint(Digest::Sha1))),
    row(OWNER, "byte[] GetCertHash(HashAlgorithmName hashAlgorithm)", |call| {
        held(call, 0)?;
        let digest = digest(call)?;
        facts(call, |it| it.thumbprint(digest))
    }),
    row(OWNER, "byte[] GetPublicKey()", |call| facts(call, |it| it.public_key.bits.clone())),
    row(OWNER, "byte[] GetKeyAlgorithmParameters()", |call| {
        facts(call, |it| it.public_key.algorithm.parameters.clone())
    }),
    row(OWNER, "byte[] GetSerialNumber()", |call| facts(call, |it| it.serial.iter().rev().copied().collect())),
    row(OWNER, "byte[] Export(X509ContentType contentType)", |call| export(call, "")),
    row(OWNER, "byte[] Export(X509ContentType contentType, string password)", |call| {
        let password = call.text_or_null(2)?.cloned().unwrap_or_default();
        export(call, &password)
    }),
    row(OWNER, "bool Equals(X509Certificate other)", equals),
    row(OWNER, "bool Equals(object obj)", equals),
    row(OWNER, "int GetHashCode()", |call| {
        let hash = held(call, 0)?.thumbprint(Digest::Sha1);
        let first = hash.first_chunk::<4>().copied().unwrap_or_default();
        Ok(Value::Int32(i32::from_be_bytes(first)))
    }),
    row(OWNER, "void Dispose()", reset),
    row(OWNER, "void Reset()", reset),
    row(OWNER, "void Import(byte[] rawData)", immutable),
    row(OWNER, "void Import(byte[] rawData, string password, X509KeyStorageFlags keyStorageFlags)", immutable),
    row(OWNER, "void Import(string fileName)", immutable),
    row(OWNER, "void Import(string fileName, string password, X509KeyStorageFlags keyStorageFlags)", immutable),
];

// Certificates change on Windows alone.
fn immutable(_: &mut Call<'_, '_>) -> Outcome<Value> {
    Err(super::unsupported("X509Certificate is immutable on this platform. Use the equivalent constructor instead."))
}

const ROWS_2: &[Row] = &[
    row(OWNER_2, "new X509Certificate2()", |call| empty(call, Class::X509Certificate2)),
    row(OWNER_2, "new X509Certificate2(byte[] rawData)", |call| read(call, Class::X509Certificate2)),
    row(OWNER_2, "new X509Certificate2(byte[] rawData, string password)", |call| read(call, Class::X509Certificate2)),
    row(
        OWNER_2,
        "new X509Certificate2(byte[] rawData, string password, X509KeyStorageFlags keyStorageFlags)",
        |call| read(call, Class::X509Certificate2),
    ),
    row(OWNER_2, "new X509Certificate2(X509Certificate certificate)", |call| copied(call, Class::X509Certificate2)),
    row(OWNER_2, "static X509Certificate2 CreateFromPem(string certPem)", |call| {
        let text = call.text_or_null(0)?.cloned().unwrap_or_default();
        let found = of_pem(call, &text, None)?;
        made(call, Class::X509Certificate2, Some(Arc::new(found)))
    }),
    row(OWNER_2, "static X509Certificate2 CreateFromPem(string certPem, string keyPem)", |call| {
        let text = call.text_or_null(0)?.cloned().unwrap_or_default();
        let key = call.text_or_null(1)?.cloned().unwrap_or_default();
        let found = of_pem(call, &text, Some(&key))?;
        if !found.has_private_key {
            let message = "The key contents do not contain a PEM, the content is malformed, or the key does not match the certificate.";
            return Err(cryptographic(message));
        }
        made(call, Class::X509Certificate2, Some(Arc::new(found)))
    }),
    row(OWNER_2, "static X509ContentType GetCertContentType(byte[] rawData)", |call| {
        if call.value(0).is_null() || call.bytes(0, "rawData")?.is_empty() {
            return Err(argument("Array may not be empty or null.", "rawData"));
        }
        let raw = call.bytes(0, "rawData")?;
        spend(call, raw.len())?;
        if Certificate::of_bytes(&raw).is_some() {
            return Ok(Value::Enum(X509_CONTENT_TYPE.value(1)));
        }
        match crate::pki::pfx::is_pfx(&raw) {
            true => Ok(Value::Enum(X509_CONTENT_TYPE.value(3))),
            false => Err(cryptographic("Error occurred during a cryptographic operation.")),
        }
    }),
    row(OWNER_2, "int Version", |call| Ok(Value::Int32(held(call, 0)?.version))),
    row(OWNER_2, "byte[] RawData", |call| facts(call, |it| it.raw.to_vec())),
    row(OWNER_2, "bool HasPrivateKey", |call| Ok(Value::Bool(held(call, 0)?.has_private_key))),
    row(OWNER_2, "DateTime NotBefore", |call| moment(held(call, 0)?.not_before)),
    row(OWNER_2, "DateTime NotAfter", |call| moment(held(call, 0)?.not_after)),
    row(OWNER_2, "Oid SignatureAlgorithm", |call| {
        let id = held(call, 0)?.signature_algorithm.id.clone();
        oid_of(call, &id)
    }),
    row(OWNER_2, "bool Archived", |call| {
        held(call, 0)?;
        Ok(Value::Bool(false))
    }),
    row(OWNER_2, "set bool Archived", |call| {
        held(call, 0)?;
        Err(unsupported("The Archived value cannot be set on Unix."))
    }),
    row(OWNER_2, "set string FriendlyName", |call| {
        held(call, 0)?;
        Err(unsupported("The FriendlyName value cannot be set on Unix."))
    }),
    row(OWNER_2, "bool Verify()", |call| Ok(Value::Bool(verdict(call)? == Verdict::Root))),
    row(OWNER_2, "this bool VerifyNoRevocation()", |call| {
        if call.value(0).is_null() {
            return Err(null_reference());
        }
        Ok(Value::Bool(verdict(call)? != Verdict::Untrusted))
    }),
    row(
        OWNER_2,
        "bool MatchesHostname(string hostname, bool allowWildcards = true, bool allowCommonName = true)",
        |call| {
            let host = call.text(1, "hostname")?;
            let wildcards = if call.bool(2)? { Wildcards::Allowed } else { Wildcards::Refused };
            let common_name = if call.bool(3)? { CommonName::Allowed } else { CommonName::Refused };
            if crate::expr::bcl::ip_address::parse(host).is_none() && !crate::expr::bcl::uri::is_domain(host) {
                return Err(argument("The provided value is not a valid DNS hostname or IP Address.", "hostname"));
            }
            let certificate = call.state(0, |held: &mut Held| held.0.clone())?.ok_or_else(null_reference)?;
            Ok(Value::Bool(matches(&certificate, host, wildcards, common_name)))
        },
    ),
];

/// A certificate as an object; nothing when it is empty or was disposed of.
#[derive(Debug)]
pub(super) struct Held(pub(super) Option<Arc<Certificate>>);

impl State for Held {
    fn text(&self, ty: &Ty) -> String {
        match (&self.0, ty) {
            (Some(certificate), Ty::Class(Class::X509Certificate2)) => super::certificate_text::summary(certificate),
            _ => ty.full_name(),
        }
    }

    fn equals(&self, other: &Self) -> bool {
        // .NET compares issuer and serial number.
        match (&self.0, &other.0) {
            (Some(left), Some(right)) => left.issuer.raw == right.issuer.raw && left.serial == right.serial,
            (left, right) => left.is_none() && right.is_none(),
        }
    }
}

/// The object that expressions see of a certificate of the context: the same one every time.
pub(crate) fn shown(view: &CertificateView) -> Value {
    let made = || -> Object {
        Instance::object(Ty::Class(Class::X509Certificate2), Held(Some(Arc::clone(&view.certificate))))
    };
    Value::Object(view.object(made).clone())
}

/// A certificate as a new object.
pub(super) fn made(call: &mut Call<'_, '_>, class: Class, certificate: Option<Arc<Certificate>>) -> Outcome<Value> {
    call.object(Ty::Class(class), Held(certificate))
}

/// The certificate of the object at this position.
pub(super) fn held(call: &Call<'_, '_>, index: usize) -> Outcome<Arc<Certificate>> {
    let held = call.state(index, |held: &mut Held| held.0.clone())?;
    held.ok_or_else(|| cryptographic("m_safeCertContext is an invalid handle."))
}

fn facts(call: &mut Call<'_, '_>, of: impl FnOnce(&Certificate) -> Vec<u8>) -> Outcome<Value> {
    let certificate = held(call, 0)?;
    spend(call, certificate.raw.len())?;
    bytes(call, of(&certificate))
}

/// What equal certificates have in common, as keys of collections; nothing for what is no certificate that was read.
pub(crate) fn key_text(value: &Value) -> Option<String> {
    let held = crate::expr::instance::look(value, |held: &mut Held| held.0.clone())??;
    Some(format!("{:?}{:?}", held.issuer.raw, held.serial))
}

// A certificate of either class equals one of the other.
fn equals(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let this = call.state(0, |held: &mut Held| held.0.clone())?;
    let other = crate::expr::instance::look(call.value(1), |held: &mut Held| held.0.clone());
    Ok(Value::Bool(other.is_some_and(|other| Held(this).equals(&Held(other)))))
}

fn empty(call: &mut Call<'_, '_>, class: Class) -> Outcome<Value> {
    made(call, class, None)
}

fn read(call: &mut Call<'_, '_>, class: Class) -> Outcome<Value> {
    let raw = if call.value(0).is_null() { Arc::from([]) } else { call.bytes(0, "rawData")? };
    if raw.is_empty() {
        return match call.arguments.len() {
            1 => made(call, class, None),
            _ => Err(argument("Array may not be empty or null.", "rawData")),
        };
    }
    spend(call, raw.len())?;
    call.machine.charge(raw.len().min(CERTIFICATE_BYTES_MAX) * 4)?;
    if let Some(certificate) = Certificate::of_bytes(&raw) {
        return made(call, class, Some(Arc::new(certificate)));
    }
    let password = call.text_or_null(1)?.cloned();
    let found = super::certificate_key::of_pfx(call, &raw, password.as_deref())?;
    let found = found.ok_or_else(|| cryptographic(NOT_READ))?;
    made(call, class, Some(Arc::new(found)))
}

fn copied(call: &mut Call<'_, '_>, class: Class) -> Outcome<Value> {
    if call.value(0).is_null() {
        return Err(argument_null("cert"));
    }
    let certificate = call.state(0, |held: &mut Held| held.0.clone())?;
    made(call, class, certificate)
}

fn of_pem(call: &mut Call<'_, '_>, text: &str, key: Option<&str>) -> Outcome<Certificate> {
    spend(call, text.len() + key.map_or(0, str::len))?;
    let message =
        "The certificate contents do not contain a PEM with a CERTIFICATE label, or the content is malformed.";
    Certificate::of_pem(text, key).ok_or_else(|| cryptographic(message))
}

/// The digest of an argument that may have no name, which then is the name.
pub(super) fn digest(call: &Call<'_, '_>) -> Outcome<Digest> {
    let name = call.state(1, |name: &mut HashName| name.0.clone())?;
    known_digest(name.as_deref().unwrap_or(""))
}

fn reset(call: &mut Call<'_, '_>) -> Outcome<Value> {
    // The certificates of the context belong to all exchanges: they are not disposed of.
    let context = call.machine.context;
    let views = context.deployment.certificates.values().chain(context.request.certificate.iter());
    let is_shared = views.into_iter().any(|view| shown(view) == *call.value(0) && is_same(&shown(view), call.value(0)));
    if !is_shared {
        call.state(0, |held: &mut Held| held.0 = None)?;
    }
    Ok(Value::Null)
}

fn is_same(left: &Value, right: &Value) -> bool {
    matches!((left, right), (Value::Object(left), Value::Object(right)) if left.is_same(right))
}

// The time zone of the gateway is UTC, and the kind is `Local` as in .NET.
fn moment(seconds: i64) -> Outcome<Value> {
    const TICKS_AT_1970: i64 = 621_355_968_000_000_000;
    let ticks = seconds.checked_mul(10_000_000).and_then(|ticks| ticks.checked_add(TICKS_AT_1970));
    let moment = ticks.and_then(|ticks| DateTime::of_ticks(ticks, DateTimeKind::Local));
    moment.map(Value::DateTime).ok_or_else(|| cryptographic(NOT_READ))
}

// Nothing asks a network for revocation lists, so `Verify()` knows only of roots, whose revocation is not asked for.
fn verdict(call: &mut Call<'_, '_>) -> Outcome<Verdict> {
    let certificate = held(call, 0)?;
    call.machine.spend(20_000)?;
    let seconds = call.machine.now.wall.unix_nanos().div_euclid(1_000_000_000);
    Ok(verify(&certificate, &[], &call.machine.context.deployment.trust, seconds))
}

fn export(call: &mut Call<'_, '_>, password: &str) -> Outcome<Value> {
    let nothing = || cryptographic("Error occurred during a cryptographic operation.");
    let kind = call.number(1)?;
    if !(1..=3).contains(&kind) {
        return Err(cryptographic("Invalid content type."));
    }
    let certificate = call.state(0, |held: &mut Held| held.0.clone())?.ok_or_else(nothing)?;
    match kind {
        1 => bytes(call, Arc::clone(&certificate.raw)),
        2 => Err(unsupported(
            "X509ContentType.SerializedCert and X509ContentType.SerializedStore are not supported on Unix.",
        )),
        3 => super::certificate_key::to_pfx(call, &certificate, password),
        _ => Err(cryptographic("Invalid content type.")),
    }
}

/// `ExportCertificatePem()`
pub(super) fn to_pem(certificate: &Certificate) -> String {
    pem::block("CERTIFICATE", &certificate.raw)
}
