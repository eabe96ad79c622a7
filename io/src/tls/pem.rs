//! Certificates and private keys from PEM, and the built-in self-signed certificate. Checks no chain.

use std::fmt;
use std::sync::Arc;

use holdfast_core::config::secret::Secret;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

/// A certificate chain with its private key.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The chain in PEM, leaf first.
    pub chain_pem: String,
    /// The private key in PEM.
    pub key_pem: Secret,
}

/// Why a PEM text is of no use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PemFault(pub String);

impl fmt::Display for PemFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PemFault {}

/// A new key with a certificate that it has signed itself: what is shown when no host name of the configuration fits.
///
/// # Errors
/// The source of randomness failed.
pub fn self_signed() -> Result<Identity, PemFault> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])
        .map_err(|error| PemFault(format!("no self-signed certificate could be made: {error}")))?;
    Ok(Identity { chain_pem: made.cert.pem(), key_pem: Secret(made.signing_key.serialize_pem()) })
}

/// All certificates of a PEM text.
pub(super) fn certificates(text: &str) -> Result<Vec<CertificateDer<'static>>, PemFault> {
    let found = CertificateDer::pem_slice_iter(text.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| PemFault(format!("the certificate is not valid PEM: {error}")))?;
    if found.is_empty() {
        return Err(PemFault("there is no certificate in the PEM text".to_owned()));
    }
    Ok(found)
}

/// The chain and the key as rustls signs with them. The key must be the leaf's.
pub(super) fn certified_key(
    chain_pem: &str,
    key_pem: &Secret,
    provider: &CryptoProvider,
) -> Result<Arc<CertifiedKey>, PemFault> {
    let chain = certificates(chain_pem)?;
    // the parser's own message could quote the key, so it is not shown
    let key = PrivateKeyDer::from_pem_slice(key_pem.0.as_bytes())
        .map_err(|_| PemFault("the private key is not valid PEM".to_owned()))?;
    usable(chain, key, provider)
}

/// The chain and the key as rustls signs with them. The key must be the leaf's.
pub(super) fn usable(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    provider: &CryptoProvider,
) -> Result<Arc<CertifiedKey>, PemFault> {
    CertifiedKey::from_der(chain, key, provider)
        .map(Arc::new)
        .map_err(|error| PemFault(format!("certificate and private key cannot be used together: {error}")))
}
