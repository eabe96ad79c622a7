//! What the gateway demands of upstreams: trusted roots, and checks that a backend may switch off one by one.
//!
//! Switching off the chain or the name hands every byte to whoever sits on the wire; APIM lets a backend entity do it
//! (`validateCertificateChain`, `validateCertificateName`), so it is honoured, and only there. The proof that the server
//! holds the key of the certificate it shows is never switched off.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use holdfast_core::exchange::{HttpVersions, UpstreamTls};
use holdfast_core::pki::client_identity::KeyPair;
use holdfast_core::pki::{Certificate, ClientIdentity};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, Resumption, verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::pem::{PemFault, certificates, usable};
use super::time::ClockTime;
use crate::clock::Clock;
use crate::limits::{IDENTITIES_MAX, SESSIONS_OF_IDENTITY_MAX};

/// The client side of TLS, shared by all workers.
#[derive(Debug)]
pub struct ClientTls {
    // One configuration for each of the four combinations of checks, each with its own session store: a session that began
    // without checks must not be resumed by a connection that wants them.
    configs: [Arc<ClientConfig>; 4],
    // And one for each identity that has been shown to someone, and for other versions of HTTP than 1.1, for the same reason.
    shown: Mutex<Shown>,
    provider: Arc<CryptoProvider>,
}

#[derive(Debug, Default)]
struct Shown {
    configs: BTreeMap<(UpstreamTls, HttpVersions, Option<Arc<ClientIdentity>>), Used>,
    // How often a configuration was asked for so far.
    count: u64,
}

#[derive(Debug)]
struct Used {
    config: Arc<ClientConfig>,
    at: u64,
}

impl ClientTls {
    /// Trusts `roots` and every certificate in the PEM texts `authorities`.
    ///
    /// # Errors
    /// An authority is not PEM or no certificate, or `provider` lacks what TLS 1.2 and 1.3 need.
    pub fn new(
        provider: &Arc<CryptoProvider>,
        clock: &Arc<dyn Clock>,
        roots: Vec<CertificateDer<'static>>,
        authorities: &[String],
    ) -> Result<Self, PemFault> {
        let mut store = RootCertStore::empty();
        // the system's bundle may hold certificates that webpki does not take; the others count
        store.add_parsable_certificates(roots);
        for authority in authorities {
            for certificate in certificates(authority)? {
                store.add(certificate).map_err(|error| PemFault(format!("the authority cannot be used: {error}")))?;
            }
        }
        let store = Arc::new(store);
        let config = |index: usize| {
            let checks = UpstreamTls { validate_chain: index & 1 != 0, validate_name: index & 2 != 0 };
            configure(provider, clock, Arc::clone(&store), checks).map(Arc::new)
        };
        let configs = [config(0)?, config(1)?, config(2)?, config(3)?];
        Ok(Self { configs, shown: Mutex::default(), provider: Arc::clone(provider) })
    }

    /// The configuration with exactly these checks.
    #[must_use]
    pub fn config(&self, checks: UpstreamTls) -> Arc<ClientConfig> {
        let [none, chain, name, both] = &self.configs;
        Arc::clone(match (checks.validate_chain, checks.validate_name) {
            (false, false) => none,
            (true, false) => chain,
            (false, true) => name,
            (true, true) => both,
        })
    }
}

impl ClientTls {
    /// The configuration with exactly these checks that offers these versions of HTTP and shows `identity` to a server that asks for a
    /// certificate.
    ///
    /// # Errors
    /// A certificate and its key cannot be used together.
    pub fn config_for(
        &self,
        checks: UpstreamTls,
        versions: HttpVersions,
        identity: Option<&Arc<ClientIdentity>>,
    ) -> Result<Arc<ClientConfig>, PemFault> {
        if identity.is_none() && versions == HttpVersions::One {
            return Ok(self.config(checks));
        }
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = &mut *shown;
        shown.count += 1;
        let key = (checks, versions, identity.cloned());
        if let Some(used) = shown.configs.get_mut(&key) {
            used.at = shown.count;
            return Ok(Arc::clone(&used.config));
        }
        let mut config = ClientConfig::clone(&self.config(checks));
        config.resumption = Resumption::in_memory_sessions(SESSIONS_OF_IDENTITY_MAX);
        config.alpn_protocols = match versions {
            HttpVersions::One => vec![b"http/1.1".to_vec()],
            HttpVersions::TwoOrOne => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            HttpVersions::Two => vec![b"h2".to_vec()],
        };
        if let Some(identity) = identity {
            config.client_auth_cert_resolver = Arc::new(Certificates::of(identity, &self.provider)?);
        }
        let config = Arc::new(config);
        if shown.configs.len() >= IDENTITIES_MAX {
            let oldest = shown.configs.iter().min_by_key(|(_, used)| used.at).map(|(key, _)| key.clone());
            oldest.and_then(|key| shown.configs.remove(&key));
        }
        shown.configs.insert(key, Used { config: Arc::clone(&config), at: shown.count });
        Ok(config)
    }
}

/// The certificates of one identity.
#[derive(Debug)]
struct Certificates(Vec<Candidate>);

#[derive(Debug)]
struct Candidate {
    key: Arc<CertifiedKey>,
    // Who signed it or another of its chain, as encoded.
    issuers: Vec<Vec<u8>>,
}

impl Certificates {
    fn of(identity: &ClientIdentity, provider: &CryptoProvider) -> Result<Self, PemFault> {
        let candidate = |pair: &Arc<KeyPair>| {
            let chain = pair.chain().iter().map(|certificate| CertificateDer::from(certificate.to_vec())).collect();
            // the parser's own message could quote the key, so it is not shown
            let key = PrivateKeyDer::try_from(pair.key().to_vec())
                .map_err(|_| PemFault("the private key is of no form that is known".to_owned()))?;
            let read = pair.chain().iter().filter_map(|certificate| Certificate::of_der(certificate));
            let issuers = read.map(|certificate| certificate.issuer.raw).collect();
            Ok(Candidate { key: usable(chain, key, provider)?, issuers })
        };
        identity.pairs().iter().map(candidate).collect::<Result<_, _>>().map(Self)
    }
}

impl ResolvesClientCert for Certificates {
    fn resolve(&self, hints: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let usable = || self.0.iter().filter(|candidate| candidate.key.key.choose_scheme(schemes).is_some());
        let hinted = usable().find(|candidate| candidate.issuers.iter().any(|issuer| hints.contains(&&issuer[..])));
        // One that the server has not hinted at is shown all the same: its refusal says more than silence.
        hinted.or_else(|| usable().next()).map(|candidate| Arc::clone(&candidate.key))
    }

    fn has_certs(&self) -> bool {
        !self.0.is_empty()
    }
}

/// The roots that the operating system trusts; what could not be read is left out. To be called once, at the start.
#[must_use]
pub fn native_roots() -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_native_certs().certs
}

fn configure(
    provider: &Arc<CryptoProvider>,
    clock: &Arc<dyn Clock>,
    roots: Arc<RootCertStore>,
    checks: UpstreamTls,
) -> Result<ClientConfig, PemFault> {
    let verifier = Verifier { roots, checks, algorithms: provider.signature_verification_algorithms };
    let mut config = ClientConfig::builder_with_details(Arc::clone(provider), Arc::new(ClockTime(Arc::clone(clock))))
        .with_safe_default_protocol_versions()
        .map_err(|error| PemFault(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// webpki's checks, each behind its switch. With both on it does what rustls' own verifier does without revocation lists.
#[derive(Debug)]
struct Verifier {
    roots: Arc<RootCertStore>,
    checks: UpstreamTls,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let certificate = ParsedCertificate::try_from(end_entity)?;
        if self.checks.validate_chain {
            let algorithms = self.algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&certificate, &self.roots, intermediates, now, algorithms)?;
        }
        if self.checks.validate_name {
            verify_server_name(&certificate, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
