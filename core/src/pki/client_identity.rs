//! What the gateway shows of itself to a server in a TLS handshake: certificate chains with their keys. Shakes no hands.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::certificate::Certificate;
use super::der::{self, Reader};
use super::ec_key;
use super::pem;
use super::pfx::PfxFault;
use super::rsa_key::RsaKey;

/// The most certificates of one chain, the leaf counted.
const CHAIN_MAX: usize = 10;

/// A certificate chain with the private key of its leaf, in DER. Its `Debug` shows no key.
#[derive(Clone)]
pub struct KeyPair {
    chain: Vec<Arc<[u8]>>,
    key: Vec<u8>,
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyPair(…)")
    }
}

impl KeyPair {
    /// The certificates, leaf first.
    #[must_use]
    pub fn chain(&self) -> &[Arc<[u8]>] {
        &self.chain
    }

    /// The private key: PKCS #8, PKCS #1 or SEC 1.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        &self.key
    }
}

/// The certificates that may be shown to one server: it gets the first that suits it. Identities that hold the same are equal.
#[derive(Clone)]
pub struct ClientIdentity {
    pairs: Vec<Arc<KeyPair>>,
    digest: [u8; 32],
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientIdentity(…)")
    }
}

impl ClientIdentity {
    /// The chain of a PEM text as it stands there, leaf first, and a key; `None` when one of them is missing.
    #[must_use]
    pub fn of_pem(chain: &str, key: &str) -> Option<Self> {
        let chain: Vec<Arc<[u8]>> =
            Certificate::all_of_pem(chain).into_iter().map(|certificate| certificate.raw).collect();
        let key = pem::blocks(key).into_iter().find(|(label, _)| label.ends_with("PRIVATE KEY"));
        let (label, key) = key?;
        // What is under a password cannot be used.
        (!chain.is_empty() && label != "ENCRYPTED PRIVATE KEY")
            .then(|| Self::of_pairs(vec![Arc::new(KeyPair { chain, key })]))
    }

    /// The certificate that a key (PKCS #8) belongs to, and those among the others that it chains to.
    ///
    /// # Errors
    /// There is no key, or no certificate of one.
    pub(super) fn chosen(certificates: &[Certificate], keys: Vec<Vec<u8>>) -> Result<Self, PfxFault> {
        for key in keys {
            let Some(leaf) = certificates.iter().find(|certificate| belongs(&key, certificate)) else { continue };
            return Ok(Self::of_pairs(vec![Arc::new(KeyPair { chain: chain(leaf, certificates), key })]));
        }
        Err(PfxFault::NoKey)
    }

    /// What holds all that these hold, in this order; `None` when that is nothing.
    #[must_use]
    pub fn joined(identities: &[Arc<Self>]) -> Option<Arc<Self>> {
        match identities {
            [] => None,
            [one] => Some(Arc::clone(one)),
            several => {
                Some(Arc::new(Self::of_pairs(several.iter().flat_map(|one| one.pairs.iter().cloned()).collect())))
            }
        }
    }

    /// The certificates with their keys.
    #[must_use]
    pub fn pairs(&self) -> &[Arc<KeyPair>] {
        &self.pairs
    }

    fn of_pairs(pairs: Vec<Arc<KeyPair>>) -> Self {
        let mut digest = Sha256::new();
        for part in pairs.iter().flat_map(|pair| pair.chain.iter().map(|part| &**part).chain([pair.key.as_slice()])) {
            digest.update(part.len().to_be_bytes());
            digest.update(part);
        }
        Self { pairs, digest: digest.finalize().into() }
    }
}

impl PartialEq for ClientIdentity {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for ClientIdentity {}

impl PartialOrd for ClientIdentity {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ClientIdentity {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.digest.cmp(&other.digest)
    }
}

// Without the root: who does not have it does not trust it either.
fn chain(leaf: &Certificate, among: &[Certificate]) -> Vec<Arc<[u8]>> {
    let mut chain = vec![Arc::clone(&leaf.raw)];
    let mut last = leaf;
    while chain.len() < CHAIN_MAX && last.issuer.raw != last.subject.raw {
        let issuer = among.iter().find(|other| other.subject.raw == last.issuer.raw);
        let Some(issuer) = issuer.filter(|issuer| issuer.issuer.raw != issuer.subject.raw) else { break };
        chain.push(Arc::clone(&issuer.raw));
        last = issuer;
    }
    chain
}

/// Whether a certificate vouches for the private key (PKCS #8). Of kinds that are not understood only the algorithm is compared.
fn belongs(key: &[u8], certificate: &Certificate) -> bool {
    if let Some(own) = certificate.rsa_public_key() {
        return RsaKey::of_private_key_info(key).is_ok_and(|(key, _)| own.is_same_public(&key));
    }
    let Some(read) = Info::read(key) else { return false };
    if read.algorithm != certificate.public_key.algorithm.id {
        return false;
    }
    read.public_point().is_none_or(|point| point == certificate.public_key.bits)
}

// A private key as PKCS #8 carries it (RFC 5208), as far as it says which one it is.
struct Info<'a> {
    algorithm: String,
    parameters: Option<String>,
    key: &'a [u8],
}

impl<'a> Info<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut info = Reader::new(bytes).inside(der::SEQUENCE)?;
        info.small()?;
        let mut algorithm = info.inside(der::SEQUENCE)?;
        let (id, parameters) = (algorithm.object_id()?, algorithm.object_id());
        Some(Self { algorithm: id, parameters, key: info.expect(der::OCTET_STRING)?.contents })
    }

    // Of an elliptic curve (RFC 5915).
    fn public_point(&self) -> Option<Vec<u8>> {
        let mut key = Reader::new(self.key).inside(der::SEQUENCE)?;
        key.small()?;
        let secret = key.expect(der::OCTET_STRING)?.contents;
        ec_key::public_point(self.parameters.as_deref()?, secret)
    }
}
