//! The keys of certificates: `PublicKey`, `RSACertificateExtensions`, and key stores (PKCS #12).

use std::sync::Arc;

use super::asymmetric::{key, made as rsa};
use super::certificate::{held, made};
use super::name::oid_of;
use super::{bytes, chance, cryptographic};
use crate::expr::bcl::{Call, Row, row, string};
use crate::expr::exception::{Outcome, argument, argument_null, null_reference, throw};
use crate::expr::instance::State;
use crate::expr::ty::{Class, Ty};
use crate::pki::certificate::PublicKeyInfo;
use crate::pki::pfx::{self, PfxFault};
use crate::pki::rsa_key::RSA;
use crate::pki::{Certificate, RsaKey};
use crate::value::Value;

const OWNER: &str = "X509Certificate2";
const EXTENSIONS: &str = "RSACertificateExtensions";

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row(OWNER, "this RSA GetRSAPublicKey()", public),
    row(OWNER, "this RSA GetRSAPrivateKey()", private),
    row(OWNER, "this X509Certificate2 CopyWithPrivateKey(RSA privateKey)", with_key),
    row(EXTENSIONS, "static RSA GetRSAPublicKey(X509Certificate2 certificate)", public),
    row(EXTENSIONS, "static RSA GetRSAPrivateKey(X509Certificate2 certificate)", private),
    row(
        EXTENSIONS,
        "static X509Certificate2 CopyWithPrivateKey(X509Certificate2 certificate, RSA privateKey)",
        with_key,
    ),
    row(OWNER, "AsymmetricAlgorithm PrivateKey", |call| {
        let found = held(call, 0)?.private_key.clone();
        found.map_or(Ok(Value::Null), |found| rsa(call, Some(found), 0))
    }),
    row(OWNER, "set AsymmetricAlgorithm PrivateKey", |_| {
        Err(super::unsupported("Operation is not supported on this platform."))
    }),
    row(OWNER, "PublicKey PublicKey", |call| {
        let info = held(call, 0)?.public_key.clone();
        call.object(Ty::Class(Class::PublicKey), Public(info))
    }),
    row("PublicKey", "new PublicKey(AsymmetricAlgorithm key)", |call| {
        if call.value(0).is_null() {
            return Err(null_reference());
        }
        let raw = key(call, 0)?.to_public_key_info();
        let info = PublicKeyInfo::read(&raw).ok_or_else(|| cryptographic("ASN1 corrupted data."))?;
        call.object(Ty::Class(Class::PublicKey), Public(info))
    }),
    row("PublicKey", "static PublicKey CreateFromSubjectPublicKeyInfo(byte[] source, out int bytesRead)", |call| {
        let source = if call.value(0).is_null() { [].into() } else { call.bytes(0, "source")? };
        let info = PublicKeyInfo::read(&source).ok_or_else(|| cryptographic("ASN1 corrupted data."))?;
        call.give(string::index(source.len()));
        call.object(Ty::Class(Class::PublicKey), Public(info))
    }),
    row("PublicKey", "Oid Oid", |call| {
        let id = call.state(0, |public: &mut Public| public.0.algorithm.id.clone())?;
        oid_of(call, &id)
    }),
    row("PublicKey", "AsymmetricAlgorithm Key", |call| {
        let found = key_of(call)?;
        let unknown = || throw("System.NotSupportedException", "The certificate key algorithm is not supported.");
        let found = found.ok_or_else(unknown)?;
        rsa(call, Some(Arc::new(found)), 0)
    }),
    row("PublicKey", "RSA GetRSAPublicKey()", |call| {
        let found = key_of(call)?;
        found.map_or(Ok(Value::Null), |found| rsa(call, Some(Arc::new(found)), 0))
    }),
    row("PublicKey", "byte[] ExportSubjectPublicKeyInfo()", |call| {
        let raw = call.state(0, |public: &mut Public| public.0.raw.clone())?;
        bytes(call, raw)
    }),
    row("PublicKey", "AsnEncodedData EncodedKeyValue", |call| encoded(call, |info| &info.bits)),
    row("PublicKey", "AsnEncodedData EncodedParameters", |call| encoded(call, |info| &info.algorithm.parameters)),
    row("AsnEncodedData", "byte[] RawData", |call| {
        let raw = call.state(0, |encoded: &mut Encoded| encoded.raw.clone())?;
        bytes(call, raw)
    }),
    row("AsnEncodedData", "Oid Oid", |call| {
        let id = call.state(0, |encoded: &mut Encoded| encoded.id.clone())?;
        oid_of(call, &id)
    }),
];

/// `PublicKey`
#[derive(Debug)]
struct Public(PublicKeyInfo);

impl State for Public {}

/// `AsnEncodedData`
#[derive(Debug)]
struct Encoded {
    id: String,
    raw: Vec<u8>,
}

impl State for Encoded {}

fn encoded(call: &mut Call<'_, '_>, of: fn(&PublicKeyInfo) -> &Vec<u8>) -> Outcome<Value> {
    let (id, raw) = call.state(0, |public: &mut Public| (public.0.algorithm.id.clone(), of(&public.0).clone()))?;
    call.object(Ty::Class(Class::AsnEncodedData), Encoded { id, raw })
}

fn key_of(call: &mut Call<'_, '_>) -> Outcome<Option<RsaKey>> {
    let (id, raw) = call.state(0, |public: &mut Public| (public.0.algorithm.id.clone(), public.0.raw.clone()))?;
    if id != RSA {
        return Ok(None);
    }
    RsaKey::of_public_key_info(&raw).map(Some).map_err(super::asymmetric::fault_of)
}

fn public(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let certificate = given(call)?;
    if certificate.public_key.algorithm.id != RSA {
        return Ok(Value::Null);
    }
    let found = RsaKey::of_public_key_info(&certificate.public_key.raw).map_err(super::asymmetric::fault_of)?;
    rsa(call, Some(Arc::new(found)), 0)
}

fn private(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let found = given(call)?.private_key.clone();
    found.map_or(Ok(Value::Null), |found| rsa(call, Some(found), 0))
}

fn with_key(call: &mut Call<'_, '_>) -> Outcome<Value> {
    // Both arguments are looked at before the certificate is.
    if !call.value(0).is_null() && call.value(1).is_null() {
        return Err(argument_null("privateKey"));
    }
    let certificate = given(call)?;
    if certificate.has_private_key {
        return Err(throw(
            "System.InvalidOperationException",
            "The certificate already has an associated private key.",
        ));
    }
    let key = key(call, 1)?;
    let combined = (*certificate).clone().with_key(Some(key), false);
    if !combined.has_private_key {
        return Err(argument("The provided key does not match the public key for this certificate.", "privateKey"));
    }
    made(call, Class::X509Certificate2, Some(Arc::new(combined)))
}

fn given(call: &Call<'_, '_>) -> Outcome<Arc<Certificate>> {
    if call.value(0).is_null() {
        return Err(argument_null("certificate"));
    }
    held(call, 0)
}

/// The certificate of a key store with its key; nothing when the bytes are no key store.
pub(super) fn of_pfx(call: &mut Call<'_, '_>, raw: &[u8], password: Option<&str>) -> Outcome<Option<Certificate>> {
    if !pfx::is_pfx(raw) {
        return Ok(None);
    }
    // Keys are derived from passwords by thousands of rounds.
    call.machine.spend(pfx::STEPS)?;
    let wrong = "The certificate data cannot be read with the provided password, the password may be incorrect.";
    let absent = "There was a problem with the PKCS12 (PFX) without a supplied password. See \
                  https://go.microsoft.com/fwlink/?linkid=2233907 for more information.";
    pfx::read(raw, password.unwrap_or("")).map(Some).map_err(|fault| match (fault, password) {
        (PfxFault::Password, None) => cryptographic(absent),
        (PfxFault::Password, Some(_)) => cryptographic(wrong),
        (PfxFault::Malformed, _) => cryptographic("ASN1 corrupted data."),
        (PfxFault::Unsupported | PfxFault::NoKey, _) => {
            cryptographic("The algorithm of the key store is not supported.")
        }
    })
}

/// A key store of a certificate and its key.
pub(super) fn to_pfx(call: &mut Call<'_, '_>, certificate: &Certificate, password: &str) -> Outcome<Value> {
    call.machine.spend(pfx::STEPS)?;
    let mut stream = chance(call);
    let written = pfx::write(certificate, password, &mut stream);
    bytes(call, written)
}
