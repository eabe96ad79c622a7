//! Chains of certificates: from one to a root that is trusted, without revocation and without a network.

use super::certificate::{Algorithm, Certificate};
use super::der::{self, Reader};
use super::digest::Digest;
use super::rsa_use::SignaturePadding;

/// The longest chain, in certificates.
const LENGTH_MAX: usize = 8;
/// The most signatures that are verified for one chain; certificates that share a name could otherwise multiply them.
const SIGNATURES_MAX: usize = 32;

const BASIC_CONSTRAINTS: &str = "2.5.29.19";
const KEY_USAGE: &str = "2.5.29.15";
/// Critical extensions whose meaning is kept, or does not touch the trust in a chain of one's own authorities.
const UNDERSTOOD: [&str; 6] = [BASIC_CONSTRAINTS, KEY_USAGE, "2.5.29.14", "2.5.29.17", "2.5.29.35", "2.5.29.37"];

/// What chains may end in, and what may stand in between.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Certificates that need no proof.
    pub roots: Vec<std::sync::Arc<Certificate>>,
    /// Certificates that may link one to a root.
    pub intermediates: Vec<std::sync::Arc<Certificate>>,
}

/// How a chain came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No chain leads to a trusted root.
    Untrusted,
    /// The certificate is itself a trusted root.
    Root,
    /// A chain leads to a trusted root.
    Chained,
}

/// Follows `leaf` to a trusted root at this second since 1970.
#[must_use]
pub fn verify(leaf: &Certificate, trust: &Trust, at: i64) -> Verdict {
    let mut search = Search { trust, at, signatures: SIGNATURES_MAX };
    if !search.holds(leaf) {
        return Verdict::Untrusted;
    }
    if trust.roots.iter().any(|root| root.raw == leaf.raw) {
        return Verdict::Root;
    }
    if search.leads(leaf, 0) { Verdict::Chained } else { Verdict::Untrusted }
}

struct Search<'a> {
    trust: &'a Trust,
    at: i64,
    signatures: usize,
}

impl Search<'_> {
    fn holds(&self, certificate: &Certificate) -> bool {
        let is_understood = certificate
            .extensions
            .iter()
            .all(|extension| !extension.is_critical || UNDERSTOOD.contains(&extension.id.as_str()));
        is_understood && (certificate.not_before..=certificate.not_after).contains(&self.at)
    }

    // `below` counts the authorities under the issuer that is looked for.
    fn leads(&mut self, certificate: &Certificate, below: usize) -> bool {
        if below + 1 >= LENGTH_MAX {
            return false;
        }
        let trust = self.trust;
        let issues = |issuer: &&std::sync::Arc<Certificate>| issuer.subject.raw == certificate.issuer.raw;
        let by_root = trust.roots.iter().filter(issues).any(|root| self.vouches(root, certificate, below));
        by_root
            || trust.intermediates.iter().filter(issues).any(|issuer| {
                issuer.raw != certificate.raw
                    && self.vouches(issuer, certificate, below)
                    && self.leads(issuer, below + 1)
            })
    }

    fn vouches(&mut self, issuer: &Certificate, certificate: &Certificate, below: usize) -> bool {
        if self.signatures == 0 || !self.holds(issuer) || !may_issue(issuer, below) {
            return false;
        }
        self.signatures -= 1;
        is_signed_by(certificate, issuer)
    }
}

// An authority by its extensions; certificates of the first version have none, and are taken as roots only.
fn may_issue(issuer: &Certificate, below: usize) -> bool {
    let is_authority = match issuer.extension(BASIC_CONSTRAINTS) {
        Some(extension) => authority(&extension.value).is_some_and(|length| length.is_none_or(|most| below <= most)),
        None => issuer.version < 3 && issuer.issuer == issuer.subject,
    };
    let signs = issuer.extension(KEY_USAGE).is_none_or(|extension| {
        // Bit 5, `keyCertSign` (RFC 5280 §4.2.1.3).
        let bits = Reader::new(&extension.value).expect(der::BIT_STRING);
        bits.and_then(|bits| bits.contents.get(1).copied()).is_some_and(|bits| bits & 0x04 != 0)
    });
    is_authority && signs
}

// How many authorities may follow, when it is one.
fn authority(value: &[u8]) -> Option<Option<usize>> {
    let mut reader = Reader::new(value).inside(der::SEQUENCE)?;
    let is_authority = reader.optional(der::BOOLEAN).is_some_and(|flag| flag.contents != [0]);
    if reader.is_empty() {
        return is_authority.then_some(None);
    }
    let most = usize::try_from(reader.small()?).ok()?;
    is_authority.then_some(Some(most))
}

/// Whether `issuer` signed `certificate`. Signatures over MD5 or SHA-1 do not count.
#[must_use]
pub fn is_signed_by(certificate: &Certificate, issuer: &Certificate) -> bool {
    match scheme(&certificate.signature_algorithm) {
        Some((digest, Scheme::Rsa(padding))) => issuer.rsa_public_key().is_some_and(|key| {
            key.verify(&digest.digest(&certificate.signed), &certificate.signature, digest, padding)
        }),
        Some((digest, Scheme::Ecdsa)) => issuer
            .ec_public_key()
            .is_some_and(|key| key.verify_sequence(&certificate.signed, &certificate.signature, digest)),
        None => false,
    }
}

enum Scheme {
    Rsa(SignaturePadding),
    Ecdsa,
}

fn scheme(algorithm: &Algorithm) -> Option<(Digest, Scheme)> {
    Some(match algorithm.id.as_str() {
        "1.2.840.113549.1.1.11" => (Digest::Sha256, Scheme::Rsa(SignaturePadding::Pkcs1)),
        "1.2.840.113549.1.1.12" => (Digest::Sha384, Scheme::Rsa(SignaturePadding::Pkcs1)),
        "1.2.840.113549.1.1.13" => (Digest::Sha512, Scheme::Rsa(SignaturePadding::Pkcs1)),
        "1.2.840.113549.1.1.10" => (pss_digest(&algorithm.parameters)?, Scheme::Rsa(SignaturePadding::Pss)),
        "1.2.840.10045.4.3.2" => (Digest::Sha256, Scheme::Ecdsa),
        "1.2.840.10045.4.3.3" => (Digest::Sha384, Scheme::Ecdsa),
        "1.2.840.10045.4.3.4" => (Digest::Sha512, Scheme::Ecdsa),
        _ => return None,
    })
}

// The digest of RSASSA-PSS parameters (RFC 4055 §3.1); their salt must be as long as it.
fn pss_digest(parameters: &[u8]) -> Option<Digest> {
    let mut reader = Reader::new(parameters).inside(der::SEQUENCE)?;
    let mut hash = Reader::new(reader.optional(der::CONTEXT_0)?.contents);
    let digest = Digest::of_id(&super::certificate::algorithm(&mut hash)?.id)?;
    reader.optional(0xa1)?;
    let salt = usize::try_from(Reader::new(reader.optional(0xa2)?.contents).small()?).ok()?;
    let is_strong = matches!(digest, Digest::Sha256 | Digest::Sha384 | Digest::Sha512);
    (is_strong && salt == digest.bytes()).then_some(digest)
}
