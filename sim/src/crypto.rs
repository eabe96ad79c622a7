//! A TLS provider whose every random byte comes from a seed, so that two runs send the same records. Never linked into production.

use std::sync::Mutex;

use holdfast_core::rng::{Rng, Seed};
use rcgen::KeyPair;
use rustls::crypto::{
    ActiveKeyExchange, CryptoProvider, GetRandomFailed, SecureRandom, SharedSecret, SupportedKxGroup,
};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{Error, NamedGroup, PeerMisbehaved};
use x25519_dalek::{PublicKey, StaticSecret};

/// ring's provider with seeded randomness and a seeded X25519.
///
/// The two seeded parts live as long as the process: rustls wants them `'static`, and a simulation process runs few worlds.
#[must_use]
pub fn provider(seed: Seed) -> CryptoProvider {
    let source: &'static SeededRandom = Box::leak(Box::new(SeededRandom(Mutex::new(seed.fork("tls").rng()))));
    let exchange: &'static SeededX25519 = Box::leak(Box::new(SeededX25519(source)));
    CryptoProvider { secure_random: source, kx_groups: vec![exchange], ..rustls::crypto::ring::default_provider() }
}

/// An Ed25519 key pair from a seed: its signatures are deterministic and of fixed length.
///
/// # Errors
/// The certificate library's.
pub fn key_pair(seed: Seed) -> Result<KeyPair, rcgen::Error> {
    // PKCS #8 version 1 around a bare Ed25519 seed (RFC 8410 §7).
    let mut der = vec![0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    let mut rng = seed.fork("ed25519").rng();
    for _ in 0..4 {
        der.extend_from_slice(&rng.next_u64().to_le_bytes());
    }
    KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(der), &rcgen::PKCS_ED25519)
}

#[derive(Debug)]
struct SeededRandom(Mutex<Rng>);

impl SeededRandom {
    fn bytes(&self, buffer: &mut [u8]) {
        let mut rng = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for chunk in buffer.chunks_mut(8) {
            let bytes = rng.next_u64().to_le_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }
}

impl SecureRandom for SeededRandom {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), GetRandomFailed> {
        self.bytes(buffer);
        Ok(())
    }
}

#[derive(Debug)]
struct SeededX25519(&'static SeededRandom);

impl SupportedKxGroup for SeededX25519 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let mut bytes = [0; 32];
        self.0.bytes(&mut bytes);
        let secret = StaticSecret::from(bytes);
        Ok(Box::new(Exchange { public: PublicKey::from(&secret), secret }))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

struct Exchange {
    secret: StaticSecret,
    public: PublicKey,
}

impl ActiveKeyExchange for Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let peer: [u8; 32] = peer.try_into().map_err(|_| Error::from(PeerMisbehaved::InvalidKeyShare))?;
        let shared = self.secret.diffie_hellman(&PublicKey::from(peer));
        Ok(SharedSecret::from(shared.as_bytes().as_slice()))
    }

    fn pub_key(&self) -> &[u8] {
        self.public.as_bytes()
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_give_equal_randomness_and_keys() {
        let (a, b) = (provider(Seed(5)), provider(Seed(5)));
        let (mut x, mut y) = ([0; 100], [0; 100]);
        a.secure_random.fill(&mut x).unwrap();
        b.secure_random.fill(&mut y).unwrap();
        assert_eq!(x, y);
        assert_eq!(key_pair(Seed(5)).unwrap().serialize_der(), key_pair(Seed(5)).unwrap().serialize_der());
        assert_ne!(key_pair(Seed(5)).unwrap().serialize_der(), key_pair(Seed(6)).unwrap().serialize_der());
    }

    #[test]
    fn both_ends_agree_on_a_secret() {
        let provider = provider(Seed(1));
        let group = provider.kx_groups[0];
        let (ours, theirs) = (group.start().unwrap(), group.start().unwrap());
        let (our_key, their_key) = (ours.pub_key().to_vec(), theirs.pub_key().to_vec());
        assert_ne!(our_key, their_key);
        let (a, b) = (ours.complete(&their_key).unwrap(), theirs.complete(&our_key).unwrap());
        assert_eq!(a.secret_bytes(), b.secret_bytes());
    }
}
