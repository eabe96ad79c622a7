//! Certificates: read once, then asked. Verifies nothing and knows no trust.

use std::fmt;
use std::sync::Arc;

use super::der::{self, Reader};
use super::digest::Digest;
use super::ec_key::{Curve, EcKey};
use super::name::{Name, text_of};
use super::rsa_key::RsaKey;
use super::{oid, pem};

/// The identifier of alternative names of the subject.
pub const SUBJECT_ALTERNATIVES: &str = "2.5.29.17";
/// The identifier of alternative names of the issuer.
pub const ISSUER_ALTERNATIVES: &str = "2.5.29.18";
const EC_PUBLIC_KEY: &str = "1.2.840.10045.2.1";
const UPN: &str = "1.3.6.1.4.1.311.20.2.3";

/// The longest certificate that is read, in bytes.
pub const CERTIFICATE_BYTES_MAX: usize = 256 * 1024;

/// A certificate, with its private key where that is known. Its `Debug` shows no key.
#[derive(Clone)]
pub struct Certificate {
    /// As encoded.
    pub raw: Arc<[u8]>,
    /// 1 to 3
    pub version: i32,
    /// The serial number, most significant byte first, as encoded.
    pub serial: Vec<u8>,
    /// Who signed it.
    pub issuer: Name,
    /// Whom it names.
    pub subject: Name,
    /// The first second at which it holds, since 1970.
    pub not_before: i64,
    /// The last one.
    pub not_after: i64,
    /// The key that it vouches for.
    pub public_key: PublicKeyInfo,
    /// How it is signed.
    pub signature_algorithm: Algorithm,
    /// The signature.
    pub signature: Vec<u8>,
    /// What is signed.
    pub signed: Vec<u8>,
    /// Its extensions in the order encoded.
    pub extensions: Vec<Extension>,
    /// The private key, when it is one of RSA and known.
    pub private_key: Option<Arc<RsaKey>>,
    /// Whether a private key of any kind belongs to it.
    pub has_private_key: bool,
}

/// An algorithm with its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Algorithm {
    /// Its identifier.
    pub id: String,
    /// Its parameters as encoded; empty when there are none.
    pub parameters: Vec<u8>,
}

/// A public key as certificates carry it (`SubjectPublicKeyInfo`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKeyInfo {
    /// As encoded.
    pub raw: Vec<u8>,
    /// What kind of key.
    pub algorithm: Algorithm,
    /// The key.
    pub bits: Vec<u8>,
}

/// An extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Its identifier.
    pub id: String,
    /// Whether whoever does not know it must refuse the certificate.
    pub is_critical: bool,
    /// What is in it.
    pub value: Vec<u8>,
}

/// An alternative name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlternativeName {
    /// An e-mail address
    Email(String),
    /// A host name
    Dns(String),
    /// A URI
    Uri(String),
    /// An IP address, 4 or 16 bytes
    Address(Vec<u8>),
    /// A user principal name
    Upn(String),
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Certificate").field(&self.subject.shown()).finish()
    }
}

impl Certificate {
    /// Reads a certificate from DER.
    #[must_use]
    pub fn of_der(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > CERTIFICATE_BYTES_MAX {
            return None;
        }
        let whole = Reader::new(bytes).expect(der::SEQUENCE)?;
        let mut outer = Reader::new(whole.contents);
        let signed = outer.expect(der::SEQUENCE)?;
        let signature_algorithm = algorithm(&mut outer)?;
        let signature = outer.bits()?.to_vec();
        let mut inner = Reader::new(signed.contents);
        let version = match inner.optional(der::CONTEXT_0) {
            Some(version) => i32::try_from(Reader::new(version.contents).small()?).ok()?.checked_add(1)?,
            None => 1,
        };
        let serial = inner.expect(der::INTEGER)?.contents.to_vec();
        algorithm(&mut inner)?;
        let issuer = Name::read(inner.expect(der::SEQUENCE)?.whole)?;
        let mut validity = inner.inside(der::SEQUENCE)?;
        let (not_before, not_after) = (moment(&mut validity)?, moment(&mut validity)?);
        let subject = Name::read(inner.expect(der::SEQUENCE)?.whole)?;
        let public_key = PublicKeyInfo::read(inner.expect(der::SEQUENCE)?.whole)?;
        let mut extensions = Vec::new();
        while let Some(next) = inner.any() {
            // [1] and [2] are unique identifiers, which nobody uses.
            if next.tag == 0xa3 {
                extensions = self::extensions(next.contents)?;
            }
        }
        Some(Self {
            raw: whole.whole.into(),
            version,
            serial,
            issuer,
            subject,
            not_before,
            not_after,
            public_key,
            signature_algorithm,
            signature,
            signed: signed.whole.to_vec(),
            extensions,
            private_key: None,
            has_private_key: false,
        })
    }

    /// Reads the certificates of a PEM text, in order; blocks that are none are skipped.
    #[must_use]
    pub fn all_of_pem(text: &str) -> Vec<Self> {
        let is_certificate = |label: &str| matches!(label, "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE");
        let blocks = pem::blocks(text).into_iter().filter(|(label, _)| is_certificate(label));
        blocks.filter_map(|(_, bytes)| Self::of_der(&bytes)).collect()
    }

    /// The first certificate of a PEM text, with the private key of another.
    #[must_use]
    pub fn of_pem(chain: &str, key: Option<&str>) -> Option<Self> {
        let certificate = Self::all_of_pem(chain).into_iter().next()?;
        let Some(key) = key else { return Some(certificate) };
        let has_key = pem::blocks(key).iter().any(|(label, _)| label.ends_with("PRIVATE KEY"));
        let rsa = RsaKey::of_pem(key).ok().map(Arc::new);
        Some(certificate.with_key(rsa, has_key))
    }

    /// Reads one from DER or PEM.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.first() == Some(&der::SEQUENCE) {
            return Self::of_der(bytes);
        }
        Self::of_pem(std::str::from_utf8(bytes).ok()?, None)
    }

    /// The same certificate with a private key, which counts only when it is the one that belongs to it.
    #[must_use]
    pub fn with_key(mut self, key: Option<Arc<RsaKey>>, has_key: bool) -> Self {
        let own = self.rsa_public_key();
        self.private_key =
            key.filter(|key| key.is_private() && own.as_ref().is_some_and(|own| own.is_same_public(key)));
        self.has_private_key = self.private_key.is_some() || has_key && own.is_none();
        self
    }

    /// Its public key, when that is one of RSA.
    #[must_use]
    pub fn rsa_public_key(&self) -> Option<RsaKey> {
        RsaKey::of_public_key_info(&self.public_key.raw).ok()
    }

    /// Its public key, when that is one of a curve.
    #[must_use]
    pub fn ec_public_key(&self) -> Option<EcKey> {
        let PublicKeyInfo { algorithm, bits, .. } = &self.public_key;
        let curve = Reader::new(&algorithm.parameters).object_id().and_then(|id| Curve::of_id(&id));
        let curve = curve.filter(|_| algorithm.id == EC_PUBLIC_KEY)?;
        EcKey::of_point(curve, bits)
    }

    /// The digest of its encoding.
    #[must_use]
    pub fn thumbprint(&self, digest: Digest) -> Vec<u8> {
        digest.digest(&self.raw)
    }

    /// The extension with this identifier.
    #[must_use]
    pub fn extension(&self, id: &str) -> Option<&Extension> {
        self.extensions.iter().find(|extension| extension.id == id)
    }

    /// The names in the extension with this identifier.
    #[must_use]
    pub fn alternative_names(&self, id: &str) -> Vec<AlternativeName> {
        let Some(extension) = self.extension(id) else { return Vec::new() };
        let Some(mut names) = Reader::new(&extension.value).inside(der::SEQUENCE) else { return Vec::new() };
        let mut found = Vec::new();
        while let Some(name) = names.any() {
            let text = || text_of(der::IA5_STRING, name.contents);
            match name.tag {
                0xa0 => found.extend(principal(name.contents).map(AlternativeName::Upn)),
                0x81 => found.push(AlternativeName::Email(text())),
                0x82 => found.push(AlternativeName::Dns(text())),
                0x86 => found.push(AlternativeName::Uri(text())),
                0x87 => found.push(AlternativeName::Address(name.contents.to_vec())),
                _ => {}
            }
        }
        found
    }
}

impl PublicKeyInfo {
    /// Reads one.
    pub(crate) fn read(raw: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(raw).inside(der::SEQUENCE)?;
        let algorithm = algorithm(&mut reader)?;
        Some(Self { raw: raw.to_vec(), algorithm, bits: reader.bits()?.to_vec() })
    }
}

pub(super) fn algorithm(reader: &mut Reader<'_>) -> Option<Algorithm> {
    let mut inner = reader.inside(der::SEQUENCE)?;
    Some(Algorithm { id: inner.object_id()?, parameters: inner.rest().to_vec() })
}

pub(super) fn extensions(contents: &[u8]) -> Option<Vec<Extension>> {
    let mut list = Reader::new(contents).inside(der::SEQUENCE)?;
    let mut found = Vec::new();
    while !list.is_empty() {
        let mut one = list.inside(der::SEQUENCE)?;
        let id = one.object_id()?;
        let is_critical = one.optional(der::BOOLEAN).is_some_and(|flag| flag.contents != [0]);
        found.push(Extension { id, is_critical, value: one.expect(der::OCTET_STRING)?.contents.to_vec() });
    }
    Some(found)
}

// A user principal name among the other names.
fn principal(contents: &[u8]) -> Option<String> {
    let mut other = Reader::new(contents);
    let id = oid::text(other.expect(der::OBJECT_ID)?.contents)?;
    let value = other.inside(der::CONTEXT_0)?.any()?;
    (id == UPN).then(|| text_of(value.tag, value.contents))
}

// Seconds since 1970 of a UTCTime or a GeneralizedTime (RFC 5280 §4.1.2.5).
pub(super) fn moment(reader: &mut Reader<'_>) -> Option<i64> {
    let element = reader.any()?;
    let text = std::str::from_utf8(element.contents).ok()?.strip_suffix('Z')?;
    let (year, rest) = match element.tag {
        der::UTC_TIME => {
            let (year, rest) = text.split_at_checked(2)?;
            let year = number(year)?;
            (if year < 50 { year + 2000 } else { year + 1900 }, rest)
        }
        der::GENERALIZED_TIME => {
            let (year, rest) = text.split_at_checked(4)?;
            (number(year)?, rest)
        }
        _ => return None,
    };
    let mut parts = [0; 5];
    let mut rest = rest;
    for part in &mut parts {
        let (digits, after) = rest.split_at_checked(2)?;
        *part = number(digits)?;
        rest = after;
    }
    let [month, day, hour, minute, second] = parts;
    let fits = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61;
    (fits && rest.is_empty() && year > 0).then(|| days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

fn number(digits: &str) -> Option<i64> {
    if digits.bytes().all(|digit| digit.is_ascii_digit()) { digits.parse().ok() } else { None }
}

// Days since 1970 in the Gregorian calendar.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let of_era = shifted - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}
