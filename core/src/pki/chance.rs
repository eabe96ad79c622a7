//! Chance for secrets: a stream that nobody can foresee who does not know the process's own secret. Reads no system randomness.

use std::fmt;

use rsa::rand_core::{TryCryptoRng, TryRng};

use super::digest::Digest;

/// What the process drew from its operating system when it started; a simulation gives it from its seed.
///
/// The streams of [`crate::rng`] are not for secrets: their state is 64 bits, and one identifier that was drawn from one shows it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Entropy(pub [u8; 32]);

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy(…)")
    }
}

/// A stream for keys, salts and padding: HMAC-SHA-256 over a counter (NIST SP 800-108), keyed from the secret and a nonce.
pub struct SecretStream {
    key: Vec<u8>,
    counter: u64,
    ready: Vec<u8>,
}

impl fmt::Debug for SecretStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretStream(…)")
    }
}

impl SecretStream {
    /// The stream of this secret and this nonce; equal ones give equal streams.
    #[must_use]
    pub fn new(entropy: Entropy, nonce: [u64; 2]) -> Self {
        let nonce: Vec<u8> = nonce.iter().flat_map(|part| part.to_be_bytes()).collect();
        Self { key: Digest::Sha256.authenticate(&entropy.0, &nonce), counter: 0, ready: Vec::new() }
    }

    /// Fills `bytes`.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.byte();
        }
    }

    /// So many bytes.
    #[must_use]
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.fill(&mut bytes);
        bytes
    }

    /// One byte.
    pub fn byte(&mut self) -> u8 {
        if self.ready.is_empty() {
            self.ready = Digest::Sha256.authenticate(&self.key, &self.counter.to_be_bytes());
            self.counter = self.counter.wrapping_add(1);
        }
        self.ready.pop().unwrap_or(0)
    }
}

impl TryRng for SecretStream {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        Ok(u32::from_be_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        Ok(u64::from_be_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for SecretStream {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_by_secret_and_by_nonce() {
        let of = |secret: u8, nonce: u64| SecretStream::new(Entropy([secret; 32]), [nonce, 0]).bytes(40);
        assert_eq!(of(1, 1), of(1, 1));
        assert_ne!(of(1, 1), of(2, 1));
        assert_ne!(of(1, 1), of(1, 2));
        assert_ne!(of(1, 1)[..8], of(1, 1)[32..]);
    }
}
