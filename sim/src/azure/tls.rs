//! The certificates of fake Azure: an authority made at start, and a server certificate under it. Writes only the authority's public part.

use std::net::IpAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose, SanType};
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// An authority and one server certificate.
pub struct Identity {
    /// The authority's certificate in PEM: what a client must trust.
    pub authority_pem: String,
    /// The chain that the server shows, leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The server's private key.
    pub key: PrivateKeyDer<'static>,
}

impl Identity {
    /// A new authority and a certificate for these names and addresses.
    ///
    /// # Errors
    /// The certificate library's.
    pub fn new(names: &[&str]) -> Result<Self, rcgen::Error> {
        Self::with_keys(names, KeyPair::generate()?, KeyPair::generate()?)
    }

    /// The same with given key pairs, so that a simulation gets the same bytes each time.
    ///
    /// # Errors
    /// The certificate library's.
    pub fn with_keys(names: &[&str], authority_key: KeyPair, server_key: KeyPair) -> Result<Self, rcgen::Error> {
        let mut authority = CertificateParams::new(Vec::new())?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        authority.distinguished_name.push(DnType::CommonName, "Holdfast fake Azure authority");
        let authority = CertifiedIssuer::self_signed(authority, authority_key)?;

        let mut server = CertificateParams::new(Vec::new())?;
        server.distinguished_name.push(DnType::CommonName, "Holdfast fake Azure");
        for name in names {
            server.subject_alt_names.push(match name.parse::<IpAddr>() {
                Ok(address) => SanType::IpAddress(address),
                Err(_) => SanType::DnsName((*name).try_into()?),
            });
        }
        let certificate = server.signed_by(&server_key, &authority)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server_key.serialize_der()));
        Ok(Self { authority_pem: authority.pem(), chain: vec![certificate.der().clone()], key })
    }

    /// The TLS settings of a server that shows this certificate.
    ///
    /// # Errors
    /// The TLS library's: the key does not fit the certificate, for one.
    pub fn server_config(&self, crypto: Arc<CryptoProvider>) -> Result<Arc<ServerConfig>, rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(crypto)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(self.chain.clone(), self.key.clone_key())?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}
