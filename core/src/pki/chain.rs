//! Chains of certificates: from one to a root that is trusted, without revocation and without a network.

use std::sync::Arc;

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
    pub roots: Vec<Arc<Certificate>>,
    /// Certificates that may link one to a root.
    pub intermediates: Vec<Arc<Certificate>>,
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

/// Follows `leaf` to a trusted root at this second since 1970; `shown` came along with it and may stand in between as well.
#[must_use]
pub fn verify(leaf: &Certificate, shown: &[Arc<Certificate>], trust: &Trust, at: i64) -> Verdict {
    match path(leaf, shown, trust, at).as_deref() {
        None => Verdict::Untrusted,
        Some([]) => Verdict::Root,
        Some(_) => Verdict::Chained,
    }
}

/// The same, with the way: who signed `leaf`, who signed that, up to a root; nobody when `leaf` is a root.
#[must_use]
pub fn path(leaf: &Certificate, shown: &[Arc<Certificate>], trust: &Trust, at: i64) -> Option<Vec<Arc<Certificate>>> {
    let mut search = Search { trust, shown, at, signatures: SIGNATURES_MAX };
    if !search.holds(leaf) {
        return None;
    }
    if trust.roots.iter().any(|root| root.raw == leaf.raw) {
        return Some(Vec::new());
    }
    let mut path = search.leads(leaf, 0)?;
    path.reverse();
    Some(path)
}

struct Search<'a> {
    trust: &'a Trust,
    shown: &'a [Arc<Certificate>],
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

    // The authorities above, the root first; `below` counts those under the issuer that is looked for.
    fn leads(&mut self, certificate: &Certificate, below: usize) -> Option<Vec<Arc<Certificate>>> {
        if below + 1 >= LENGTH_MAX {
            return None;
        }
        let (trust, shown) = (self.trust, self.shown);
        let issues = |issuer: &&Arc<Certificate>| issuer.subject.raw == certificate.issuer.raw;
        let by_root = trust.roots.iter().filter(issues).find(|root| self.vouches(root, certificate, below));
        if let Some(root) = by_root {
            return Some(vec![Arc::clone(root)]);
        }
        trust.intermediates.iter().chain(shown).filter(issues).find_map(|issuer| {
            if issuer.raw == certificate.raw || !self.vouches(issuer, certificate, below) {
                return None;
            }
            let mut above = self.leads(issuer, below + 1)?;
            above.push(Arc::clone(issuer));
            Some(above)
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
    // Bit 5, `keyCertSign`.
    is_authority && may_use(issuer, 0x04)
}

/// Whether the key of a certificate may be used for this, by a bit of the first byte of its key usage (RFC 5280 §4.2.1.3).
pub(super) fn may_use(certificate: &Certificate, bit: u8) -> bool {
    certificate.extension(KEY_USAGE).is_none_or(|extension| {
        let bits = Reader::new(&extension.value).expect(der::BIT_STRING);
        bits.and_then(|bits| bits.contents.get(1).copied()).is_some_and(|bits| bits & bit != 0)
    })
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
    vouches(issuer, &certificate.signature_algorithm, &certificate.signed, &certificate.signature)
}

/// The same of anything that authorities sign.
pub(super) fn vouches(issuer: &Certificate, algorithm: &Algorithm, signed: &[u8], signature: &[u8]) -> bool {
    match scheme(algorithm) {
        Some(Scheme::Rsa(digest, padding)) => {
            issuer.rsa_public_key().is_some_and(|key| key.verify_message(signed, signature, digest, padding))
        }
        Some(Scheme::Ecdsa(digest)) => {
            issuer.ec_public_key().is_some_and(|key| key.verify_sequence(signed, signature, digest))
        }
        None => false,
    }
}

enum Scheme {
    Rsa(Digest, SignaturePadding),
    Ecdsa(Digest),
}

fn scheme(algorithm: &Algorithm) -> Option<Scheme> {
    Some(match algorithm.id.as_str() {
        "1.2.840.113549.1.1.11" => Scheme::Rsa(Digest::Sha256, SignaturePadding::Pkcs1),
        "1.2.840.113549.1.1.12" => Scheme::Rsa(Digest::Sha384, SignaturePadding::Pkcs1),
        "1.2.840.113549.1.1.13" => Scheme::Rsa(Digest::Sha512, SignaturePadding::Pkcs1),
        "1.2.840.113549.1.1.10" => Scheme::Rsa(pss_digest(&algorithm.parameters)?, SignaturePadding::Pss),
        "1.2.840.10045.4.3.2" => Scheme::Ecdsa(Digest::Sha256),
        "1.2.840.10045.4.3.3" => Scheme::Ecdsa(Digest::Sha384),
        "1.2.840.10045.4.3.4" => Scheme::Ecdsa(Digest::Sha512),
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
