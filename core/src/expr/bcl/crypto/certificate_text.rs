//! The texts of certificates: names, numbers, dates, and `ToString`.

use std::sync::Arc;

use super::certificate::{Held, digest, held, to_pem};
use crate::expr::bcl::{Call, Row, row};
use crate::expr::exception::{Outcome, null_reference};
use crate::expr::instance::State;
use crate::expr::ty::{Class, Ty};
use crate::pki::certificate::{AlternativeName, ISSUER_ALTERNATIVES, SUBJECT_ALTERNATIVES};
use crate::pki::name::{COMMON_NAME, EMAIL, Name, hex};
use crate::pki::{Certificate, Digest, oid};
use crate::value::{DateTime, DateTimeKind, Value};

const OWNER: &str = "X509Certificate";
const OWNER_2: &str = "X509Certificate2";

pub(in crate::expr::bcl) const ROWS: &[Row] = &[
    row(OWNER, "string Subject", |call| text(call, |it| it.subject.shown())),
    row(OWNER, "string Issuer", |call| text(call, |it| it.issuer.shown())),
    row(OWNER, "string GetName()", |call| text(call, |it| it.subject.shown_as_encoded())),
    row(OWNER, "string GetIssuerName()", |call| text(call, |it| it.issuer.shown_as_encoded())),
    row(OWNER, "string GetFormat()", |call| call.yields("X509")),
    row(OWNER, "string GetSerialNumberString()", |call| text(call, |it| hex(&it.serial))),
    row(OWNER, "string GetRawCertDataString()", |call| text(call, |it| hex(&it.raw))),
    row(OWNER, "string GetCertHashString()", |call| text(call, |it| hex(&it.thumbprint(Digest::Sha1)))),
    row(OWNER, "string GetCertHashString(HashAlgorithmName hashAlgorithm)", |call| {
        held(call, 0)?;
        let digest = digest(call)?;
        text(call, |it| hex(&it.thumbprint(digest)))
    }),
    row(OWNER, "string GetPublicKeyString()", |call| text(call, |it| hex(&it.public_key.bits))),
    row(OWNER, "string GetKeyAlgorithm()", |call| text(call, |it| it.public_key.algorithm.id.clone())),
    row(OWNER, "string GetKeyAlgorithmParametersString()", |call| {
        text(call, |it| hex(&it.public_key.algorithm.parameters))
    }),
    row(OWNER, "string GetEffectiveDateString()", |call| text(call, |it| date(it.not_before))),
    row(OWNER, "string GetExpirationDateString()", |call| text(call, |it| date(it.not_after))),
    row(OWNER, "string ToString(bool fVerbose)", |call| {
        let is_verbose = call.bool(1)?;
        let is_first = call.value(0).type_name().ends_with(".X509Certificate");
        let is_empty = call.state(0, |held: &mut Held| held.0.is_none())?;
        if is_first && !is_verbose || is_empty {
            let name = call.value(0).to_string();
            return call.yields(name);
        }
        text(call, |it| {
            if is_first {
                plain(it)
            } else if is_verbose {
                whole(it)
            } else {
                summary(it)
            }
        })
    }),
    row(OWNER_2, "string ToString(bool verbose)", |call| {
        let is_verbose = call.bool(1)?;
        if call.state(0, |held: &mut super::certificate::Held| held.0.is_none())? {
            let name = call.value(0).to_string();
            return call.yields(name);
        }
        text(call, |it| if is_verbose { whole(it) } else { summary(it) })
    }),
    row(OWNER_2, "string Thumbprint", |call| text(call, |it| hex(&it.thumbprint(Digest::Sha1)))),
    row(OWNER_2, "string SerialNumber", |call| text(call, |it| hex(&it.serial))),
    row(OWNER_2, "string FriendlyName", |call| text(call, |_| String::new())),
    row(OWNER_2, "string ExportCertificatePem()", |call| text(call, to_pem)),
    row(OWNER_2, "X500DistinguishedName SubjectName", |call| {
        let name = held(call, 0)?.subject.shown();
        call.object(Ty::Class(Class::X500DistinguishedName), Distinguished(name.into()))
    }),
    row(OWNER_2, "X500DistinguishedName IssuerName", |call| {
        let name = held(call, 0)?.issuer.shown();
        call.object(Ty::Class(Class::X500DistinguishedName), Distinguished(name.into()))
    }),
    row("X500DistinguishedName", "string Name", |call| {
        call.state(0, |name: &mut Distinguished| Value::String(Arc::clone(&name.0)))
    }),
    row(OWNER_2, "string GetNameInfo(X509NameType nameType, bool forIssuer)", |call| {
        let (kind, of_issuer) = (call.number(1)?, call.bool(2)?);
        if call.state(0, |held: &mut Held| held.0.is_none())? {
            return Err(null_reference());
        }
        text(call, |it| named(it, kind, of_issuer))
    }),
];

/// `X500DistinguishedName`
#[derive(Debug)]
struct Distinguished(Arc<str>);

impl State for Distinguished {}

fn text(call: &mut Call<'_, '_>, of: impl FnOnce(&Certificate) -> String) -> Outcome<Value> {
    let certificate = held(call, 0)?;
    super::spend(call, certificate.raw.len())?;
    call.yields(of(&certificate))
}

fn date(seconds: i64) -> String {
    const TICKS_AT_1970: i64 = 621_355_968_000_000_000;
    let ticks = seconds.saturating_mul(10_000_000).saturating_add(TICKS_AT_1970);
    DateTime::of_ticks(ticks, DateTimeKind::Local).map(|moment| moment.to_string()).unwrap_or_default()
}

fn named(certificate: &Certificate, kind: i32, of_issuer: bool) -> String {
    let (name, id): (&Name, _) = match of_issuer {
        true => (&certificate.issuer, ISSUER_ALTERNATIVES),
        false => (&certificate.subject, SUBJECT_ALTERNATIVES),
    };
    if let Some(simple) = name.simple().filter(|_| kind == 0) {
        return simple.to_owned();
    }
    let alternative = certificate.alternative_names(id).into_iter().find_map(|alternative| match (kind, alternative) {
        (0 | 1, AlternativeName::Email(text))
        | (2, AlternativeName::Upn(text))
        | (3 | 4, AlternativeName::Dns(text))
        | (5, AlternativeName::Uri(text)) => Some(text),
        _ => None,
    });
    let of_subject = match kind {
        1 => name.last(EMAIL),
        3 => name.last(COMMON_NAME),
        _ => None,
    };
    alternative.or_else(|| of_subject.map(str::to_owned)).unwrap_or_default()
}

/// `X509Certificate2.ToString()`
pub(super) fn summary(certificate: &Certificate) -> String {
    plain_parts(certificate) + &format!("[Thumbprint]\n  {}\n", hex(&certificate.thumbprint(Digest::Sha1)))
}

fn plain_parts(certificate: &Certificate) -> String {
    format!(
        "[Subject]\n  {}\n\n[Issuer]\n  {}\n\n[Serial Number]\n  {}\n\n[Not Before]\n  {}\n\n[Not After]\n  {}\n\n",
        certificate.subject.shown(),
        certificate.issuer.shown(),
        hex(&certificate.serial),
        date(certificate.not_before),
        date(certificate.not_after),
    )
}

// `X509Certificate.ToString(true)`
fn plain(certificate: &Certificate) -> String {
    let thumbprint = hex(&certificate.thumbprint(Digest::Sha1));
    format!("{}[Thumbprint]\n  {thumbprint}\n", plain_parts(certificate))
}

// `X509Certificate2.ToString(true)`
fn whole(certificate: &Certificate) -> String {
    let names = |of_issuer: bool| {
        let kinds = [("Simple Name", 0), ("Email Name", 1), ("UPN Name", 2), ("DNS Name", 3)];
        let shown = kinds.map(|(label, kind)| (label, named(certificate, kind, of_issuer)));
        shown
            .iter()
            .filter(|(_, name)| !name.is_empty())
            .map(|(label, name)| format!("\n  {label}: {name}"))
            .collect::<String>()
    };
    let algorithm = &certificate.public_key.algorithm;
    let friendly = |id: &str| oid::name(id).unwrap_or(id).to_owned();
    let length = certificate.rsa_public_key().map(|key| key.bits().to_string()).unwrap_or_default();
    let mut text = format!(
        "[Version]\n  V{}\n\n[Subject]\n  {}{}\n\n[Issuer]\n  {}{}\n\n[Serial Number]\n  {}\n\n[Not Before]\n  {}\n\n\
         [Not After]\n  {}\n\n[Thumbprint]\n  {}\n\n[Signature Algorithm]\n  {}({})\n\n[Public Key]\n  Algorithm: {}\n  \
         Length: {length}\n  Key Blob: {}\n  Parameters: {}\n",
        certificate.version,
        certificate.subject.shown(),
        names(false),
        certificate.issuer.shown(),
        names(true),
        hex(&certificate.serial),
        date(certificate.not_before),
        date(certificate.not_after),
        hex(&certificate.thumbprint(Digest::Sha1)),
        friendly(&certificate.signature_algorithm.id),
        certificate.signature_algorithm.id,
        friendly(&algorithm.id),
        hex(&certificate.public_key.bits),
        hex(&algorithm.parameters),
    );
    if certificate.has_private_key {
        text.push_str("\n[Private Key]\n");
    }
    if !certificate.extensions.is_empty() {
        text.push_str("\n[Extensions]\n");
        for extension in &certificate.extensions {
            text.push_str(&format!("* {}({}):\n  {}\n", friendly(&extension.id), extension.id, hex(&extension.value)));
        }
    }
    text
}
