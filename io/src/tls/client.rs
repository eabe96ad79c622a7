//! What the gateway demands of upstreams: trusted roots, and checks that a backend may switch off one by one.
//!
//! Switching off the chain or the name hands every byte to whoever sits on the wire; APIM lets a backend entity do it
//! (`validateCertificateChain`, `validateCertificateName`), so it is honoured, and only there. The proof that the server
//! holds the key of the certificate it shows is never switched off.

use std::sync::Arc;

use holdfast_core::exchange::UpstreamTls;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::pem::{PemFault, certificates};
use super::time::ClockTime;
use crate::clock::Clock;

/// The client side of TLS, shared by all workers.
#[derive(Debug)]
pub struct ClientTls {
    // One configuration for each of the four combinations of checks, each with its own session store: a session that began
    // without checks must not be resumed by a connection that wants them.
    configs: [Arc<ClientConfig>; 4],
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
        Ok(Self { configs: [config(0)?, config(1)?, config(2)?, config(3)?] })
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
