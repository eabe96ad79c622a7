//! A certificate authority of the test's own, and servers that show its certificates and may demand them. Listens to nothing.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

/// Whoever trusts it trusts all certificates that it makes.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key, in PEM.
#[derive(Clone, Debug)]
pub(crate) struct Certified {
    pub(crate) chain: String,
    pub(crate) key: String,
}

impl Certified {
    /// The leaf in DER.
    pub(crate) fn leaf(&self) -> Vec<u8> {
        CertificateDer::from_pem_slice(self.chain.as_bytes()).expect("a certificate").to_vec()
    }
}

impl Authority {
    /// A new one.
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    /// Its certificate in PEM.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for `name` with a new key (ECDSA).
    pub(crate) fn certify(&self, name: &str) -> Certified {
        self.certify_key(name, &KeyPair::generate().expect("a key"))
    }

    /// A certificate for `name` with this key.
    pub(crate) fn certify_key(&self, name: &str, key: &KeyPair) -> Certified {
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        params.distinguished_name.push(DnType::CommonName, name);
        let certificate = params.signed_by(key, &self.0).expect("a certificate");
        Certified { chain: certificate.pem(), key: key.serialize_pem() }
    }

    /// What a server for `localhost` needs; with [`Clients::Certified`] it turns away whoever shows no certificate of this authority.
    pub(crate) fn server(&self, clients: Clients, protocols: &[&[u8]]) -> Arc<ServerConfig> {
        let Certified { chain, key } = self.certify("localhost");
        let chain = vec![CertificateDer::from_pem_slice(chain.as_bytes()).expect("a certificate")];
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
        let crypto = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&crypto));
        let builder = builder.with_safe_default_protocol_versions().expect("versions");
        let builder = match clients {
            Clients::Anyone => builder.with_no_client_auth(),
            Clients::Certified => {
                let mut roots = RootCertStore::empty();
                roots.add(CertificateDer::from_pem_slice(self.pem().as_bytes()).expect("a root")).expect("a root");
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), crypto).build();
                builder.with_client_cert_verifier(verifier.expect("a verifier"))
            }
        };
        let mut config = builder.with_single_cert(chain, key).expect("the key belongs to the certificate");
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        Arc::new(config)
    }
}

/// Whom a server lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clients {
    Anyone,
    Certified,
}
