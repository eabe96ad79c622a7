//! What the gateway shows to clients: a certificate per host name, chosen by SNI and exchanged with each published revision.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use holdfast_core::config::model::{Certificate, Hostname};
use holdfast_core::diagnostic::Diagnostic;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, NoClientAuth, ResolvesServerCert, ServerSessionMemoryCache};
use rustls::sign::CertifiedKey;

use super::accept::{Acceptor, AnyClient, Asks};
use super::pem::{Identity, PemFault, certified_key};
use super::time::ClockTime;
use crate::clock::Clock;
use crate::limits::TLS_SESSIONS_MAX;

/// The server side of TLS, shared by all workers, so that a session can be resumed on any of them.
#[derive(Debug)]
pub struct ServerTls {
    config: Arc<ServerConfig>,
    /// The same, asking clients for a certificate.
    asking: Arc<ServerConfig>,
    resolver: Arc<Resolver>,
    provider: Arc<CryptoProvider>,
}

impl ServerTls {
    /// TLS 1.2 and 1.3 with `fallback` as the certificate for clients that ask for no name, or for one that is not configured.
    ///
    /// # Errors
    /// `fallback` is not a certificate with its key, or `provider` lacks what TLS 1.2 and 1.3 need.
    pub fn new(provider: Arc<CryptoProvider>, clock: Arc<dyn Clock>, fallback: &Identity) -> Result<Self, PemFault> {
        let fallback = certified_key(&fallback.chain_pem, &fallback.key_pem, &provider)?;
        let resolver = Arc::new(Resolver { names: ArcSwap::from_pointee(Names::default()), fallback });
        let config = |asking: Arc<dyn ClientCertVerifier>| -> Result<Arc<ServerConfig>, PemFault> {
            let time = Arc::new(ClockTime(Arc::clone(&clock)));
            let mut config = ServerConfig::builder_with_details(Arc::clone(&provider), time)
                .with_safe_default_protocol_versions()
                .map_err(|error| PemFault(error.to_string()))?
                .with_client_cert_verifier(asking)
                .with_cert_resolver(Arc::clone(&resolver) as Arc<dyn ResolvesServerCert>);
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            config.session_storage = ServerSessionMemoryCache::new(TLS_SESSIONS_MAX);
            Ok(Arc::new(config))
        };
        let asked = Arc::new(AnyClient { algorithms: provider.signature_verification_algorithms });
        let (asking, config) = (config(asked)?, config(Arc::new(NoClientAuth))?);
        Ok(Self { config, asking, resolver, provider })
    }

    /// Takes the host names of a new revision. A host name whose certificate cannot be used keeps the one that it had.
    pub fn publish(&self, hostnames: &[Hostname], certificates: &[Certificate]) -> Vec<Diagnostic> {
        let before = self.resolver.names.load();
        let mut names = Names::default();
        let mut findings = Vec::new();
        for hostname in hostnames {
            let name = Name::of(&hostname.hostname);
            match self.key_of(hostname, certificates) {
                Ok(key) => drop(names.0.insert(name, Shown { key, asks: hostname.negotiate_client_certificate })),
                Err(finding) => {
                    findings.push(*finding);
                    if let Some(shown) = before.0.get(&name) {
                        names.0.insert(name, shown.clone());
                    }
                }
            }
        }
        self.resolver.names.store(Arc::new(names));
        findings
    }

    /// What accepts connections.
    pub(crate) fn acceptor(&self) -> Acceptor {
        let (plain, asking) = (Arc::clone(&self.config), Arc::clone(&self.asking));
        let resolver = Arc::<Resolver>::clone(&self.resolver);
        Acceptor { plain, asking, resolver }
    }

    fn key_of(&self, hostname: &Hostname, certificates: &[Certificate]) -> Result<Arc<CertifiedKey>, Box<Diagnostic>> {
        let shown = &hostname.hostname;
        let refuse = |file: String, message: String| Box::new(Diagnostic::error("unusable-certificate", file, message));
        let Some(id) = &hostname.certificate else {
            return Err(refuse("/gateways".to_owned(), format!("the host name `{shown}` has no certificate")));
        };
        let file = format!("/certificates/{id}");
        let Some(certificate) = certificates.iter().find(|certificate| certificate.id == *id) else {
            return Err(refuse(file, format!("the certificate `{id}` of the host name `{shown}` does not exist")));
        };
        let Some(key) = &certificate.key_pem else {
            return Err(refuse(file, format!("the certificate `{id}` of the host name `{shown}` has no private key")));
        };
        certified_key(&certificate.chain_pem, key, &self.provider)
            .map_err(|fault| refuse(file, format!("the certificate `{id}` of the host name `{shown}`: {fault}")))
    }
}

/// A configured host name in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    /// Exactly this one.
    Exact(String),
    /// One label in front of this one (RFC 9525 §6.3).
    Wildcard(String),
}

impl Name {
    fn of(hostname: &str) -> Self {
        let hostname = hostname.to_ascii_lowercase();
        match hostname.strip_prefix("*.") {
            Some(rest) => Self::Wildcard(rest.to_owned()),
            None => Self::Exact(hostname),
        }
    }
}

/// What a host name shows, and whether it asks clients for a certificate (`negotiateClientCertificate`).
#[derive(Clone, Debug)]
struct Shown {
    key: Arc<CertifiedKey>,
    asks: bool,
}

#[derive(Debug, Default)]
struct Names(BTreeMap<Name, Shown>);

impl Names {
    fn find(&self, asked: &str) -> Option<&Shown> {
        let asked = asked.trim_end_matches('.').to_ascii_lowercase();
        let parent = asked.split_once('.').map(|(_, parent)| parent.to_owned());
        self.0.get(&Name::Exact(asked)).or_else(|| self.0.get(&Name::Wildcard(parent?)))
    }
}

pub(super) struct Resolver {
    names: ArcSwap<Names>,
    fallback: Arc<CertifiedKey>,
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Resolver").field(&self.names.load().0.keys()).finish()
    }
}

impl Asks for Resolver {
    fn asks(&self, name: Option<&str>) -> bool {
        name.is_some_and(|name| self.names.load().find(name).is_some_and(|shown| shown.asks))
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let names = self.names.load();
        let found = hello.server_name().and_then(|asked| names.find(asked));
        Some(Arc::clone(found.map_or(&self.fallback, |shown| &shown.key)))
    }
}
