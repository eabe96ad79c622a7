//! An identity provider: a server, with TLS or without, that publishes an OpenID configuration and a key set; and keys that sign tokens.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use holdfast_core::pki::rsa_use::SignaturePadding;
use holdfast_core::pki::{Digest, Entropy, RsaKey, SecretStream};
use holdfast_sim::azure::tls::Identity;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use crate::scripted::{answer, read_request};
use crate::wait::PATIENCE;

/// Where every provider publishes its configuration.
const CONFIGURATION: &str = "/.well-known/openid-configuration";

/// A provider, until it is stopped or dropped.
pub(crate) struct Provider {
    address: SocketAddr,
    authority: Option<String>,
    published: Arc<Mutex<Value>>,
    seen: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// A key that signs tokens.
pub(crate) struct SigningKey {
    id: &'static str,
    kind: Kind,
}

enum Kind {
    Rsa(Box<RsaKey>),
    Ec(Box<EcdsaKeyPair>),
}

impl Provider {
    /// A provider with TLS that publishes these keys.
    pub(crate) fn with_tls(keys: &[&SigningKey]) -> Self {
        let identity = Identity::new(&["127.0.0.1"]).expect("a certificate");
        Self::serve(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), Some(&identity), keys)
    }

    /// A provider at `address` without TLS that publishes these keys.
    pub(crate) fn plain(address: SocketAddr, keys: &[&SigningKey]) -> Self {
        Self::serve(address, None, keys)
    }

    fn serve(address: SocketAddr, identity: Option<&Identity>, keys: &[&SigningKey]) -> Self {
        let crypto = Arc::new(rustls::crypto::ring::default_provider());
        let tls = identity.map(|identity| identity.server_config(crypto).expect("a configuration"));
        let listener = TcpListener::bind(address).expect("a port on loopback");
        let address = listener.local_addr().expect("an address");
        let issuer = format!("{}://{address}", if tls.is_some() { "https" } else { "http" });
        let (published, seen) = (Arc::new(Mutex::new(key_set(keys))), Arc::<Mutex<Vec<String>>>::default());
        let stop = Arc::new(AtomicBool::new(false));
        let (ours, asked, stopped) = (Arc::clone(&published), Arc::clone(&seen), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stopped.load(Ordering::Acquire) {
                    return;
                }
                // A gateway that goes away while it is answered is no matter of the provider's.
                let _gone = converse(stream, tls.as_ref(), |target| {
                    asked.lock().unwrap_or_else(PoisonError::into_inner).push(target.to_owned());
                    match target {
                        CONFIGURATION => Some(json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/keys") })),
                        "/keys" => Some(ours.lock().unwrap_or_else(PoisonError::into_inner).clone()),
                        _ => None,
                    }
                });
            }
        });
        let authority = identity.map(|identity| identity.authority_pem.clone());
        Self { address, authority, published, seen, stop, thread: Some(thread) }
    }

    /// The authority that its certificate chains to, in PEM.
    pub(crate) fn authority(&self) -> &str {
        self.authority.as_deref().expect("a provider with TLS")
    }

    /// What it calls itself.
    pub(crate) fn issuer(&self) -> String {
        format!("{}://{}", if self.authority.is_some() { "https" } else { "http" }, self.address)
    }

    /// The URL of its configuration.
    pub(crate) fn configuration(&self) -> String {
        format!("{}{CONFIGURATION}", self.issuer())
    }

    /// Publishes these keys instead.
    pub(crate) fn publish(&self, keys: &[&SigningKey]) {
        *self.published.lock().unwrap_or_else(PoisonError::into_inner) = key_set(keys);
    }

    /// The targets that it was asked for, in order.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Stops it: from now on connections to it are refused.
    pub(crate) fn stop(&mut self) {
        self.stop.store(true, Ordering::Release);
        // Wakes the listener, so that it sees that it is to end.
        let _woken = TcpStream::connect(self.address);
        self.thread.take().map(JoinHandle::join).transpose().expect("the provider does not panic");
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        if !thread::panicking() && self.thread.is_some() {
            self.stop();
        }
    }
}

fn key_set(keys: &[&SigningKey]) -> Value {
    json!({ "keys": keys.iter().map(|key| key.published()).collect::<Vec<_>>() })
}

fn converse(
    stream: TcpStream,
    tls: Option<&Arc<ServerConfig>>,
    find: impl FnOnce(&str) -> Option<Value>,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    match tls {
        Some(config) => {
            let connection = ServerConnection::new(Arc::clone(config)).map_err(std::io::Error::other)?;
            let mut stream = StreamOwned::new(connection, stream);
            serve_one(&mut stream, find)?;
            stream.conn.send_close_notify();
            stream.flush()
        }
        None => serve_one(&mut &stream, find),
    }
}

fn serve_one(stream: &mut (impl Read + Write), find: impl FnOnce(&str) -> Option<Value>) -> std::io::Result<()> {
    let target = read_request(stream)?;
    match find(&target) {
        Some(document) => {
            answer(stream, "200 OK", &["content-type: application/json"], document.to_string().as_bytes())?;
        }
        None => answer(stream, "404 Not Found", &[], b"")?,
    }
    stream.flush()
}

impl SigningKey {
    /// A new key for RS256.
    pub(crate) fn rsa(id: &'static str) -> Self {
        let key = RsaKey::generate(2048, &mut chance()).expect("a key");
        Self { id, kind: Kind::Rsa(Box::new(key)) }
    }

    /// A new key for ES256.
    pub(crate) fn ec(id: &'static str) -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random);
        Self { id, kind: Kind::Ec(Box::new(key.expect("a key"))) }
    }

    /// A token that says `claims`, signed with this key and naming it.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        let algorithm = match &self.kind {
            Kind::Rsa(_) => "RS256",
            Kind::Ec(_) => "ES256",
        };
        let header = json!({ "alg": algorithm, "typ": "JWT", "kid": self.id });
        let signed = format!("{}.{}", encoded(header.to_string()), encoded(claims.to_string()));
        let signature = match &self.kind {
            Kind::Rsa(key) => {
                let digest = Digest::Sha256;
                let hash = digest.digest(signed.as_bytes());
                key.sign(&hash, digest, SignaturePadding::Pkcs1, &mut chance()).expect("a private key")
            }
            Kind::Ec(key) => key.sign(&SystemRandom::new(), signed.as_bytes()).expect("a signature").as_ref().to_vec(),
        };
        format!("{signed}.{}", encoded(signature))
    }

    // As a JSON web key (RFC 7517).
    fn published(&self) -> Value {
        match &self.kind {
            Kind::Rsa(key) => {
                let (n, e) = (encoded(&key.parts.modulus), encoded(&key.parts.exponent));
                json!({ "kty": "RSA", "use": "sig", "kid": self.id, "n": n, "e": e })
            }
            Kind::Ec(key) => {
                // An uncompressed point: 4, then both coordinates.
                let (x, y) = key.public_key().as_ref()[1..].split_at(32);
                json!({ "kty": "EC", "use": "sig", "kid": self.id, "crv": "P-256", "x": encoded(x), "y": encoded(y) })
            }
        }
    }
}

/// A part of a token.
pub(crate) fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn chance() -> SecretStream {
    let mut entropy = [0; 32];
    SystemRandom::new().fill(&mut entropy).expect("the system's chance");
    SecretStream::new(Entropy(entropy), [0, 0])
}
