//! Public keys of the curves P-256, P-384 and P-521: what verifies ECDSA signatures. Signs nothing.

use std::fmt;

use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

use super::der;
use super::der::Reader;
use super::digest::Digest;

/// A curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// P-256 (`secp256r1`)
    P256,
    /// P-384 (`secp384r1`)
    P384,
    /// P-521 (`secp521r1`)
    P521,
}

impl Curve {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    /// As a JSON web key names it (RFC 7518 §6.2.1.1).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// The curve with this identifier (RFC 5480 §2.1.1.1).
    #[must_use]
    pub fn of_id(id: &str) -> Option<Self> {
        match id {
            "1.2.840.10045.3.1.7" => Some(Self::P256),
            "1.3.132.0.34" => Some(Self::P384),
            "1.3.132.0.35" => Some(Self::P521),
            _ => None,
        }
    }

    /// How long a coordinate is, in bytes.
    #[must_use]
    pub const fn coordinate_bytes(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

/// The public point of a private key, uncompressed as certificates carry it; `None` for what is no key of one of these curves.
#[must_use]
pub(super) fn public_point(curve: &str, secret: &[u8]) -> Option<Vec<u8>> {
    let curve = Curve::of_id(curve)?;
    // A key may be written shorter than the curve is.
    let secret = padded(secret, curve);
    Some(match curve {
        Curve::P256 => {
            let key = p256::ecdsa::SigningKey::from_slice(&secret).ok()?;
            key.verifying_key().to_sec1_point(false).as_bytes().to_vec()
        }
        Curve::P384 => {
            let key = p384::ecdsa::SigningKey::from_slice(&secret).ok()?;
            key.verifying_key().to_sec1_point(false).as_bytes().to_vec()
        }
        Curve::P521 => {
            let key = p521::ecdsa::SigningKey::from_slice(&secret).ok()?;
            key.verifying_key().to_sec1_point(false).as_bytes().to_vec()
        }
    })
}

// A number with as many digits as the curve's; what has more already stays.
fn padded(number: &[u8], curve: Curve) -> Vec<u8> {
    let missing = curve.coordinate_bytes().saturating_sub(number.len());
    [&vec![0; missing], number].concat()
}

/// A public key.
#[derive(Clone)]
pub struct EcKey {
    written: Box<[u8]>,
    key: Point,
}

#[derive(Clone)]
enum Point {
    P256(Box<p256::ecdsa::VerifyingKey>),
    P384(Box<p384::ecdsa::VerifyingKey>),
    P521(Box<p521::ecdsa::VerifyingKey>),
}

impl fmt::Debug for EcKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EcKey").field(&self.curve()).finish()
    }
}

impl EcKey {
    /// The key of these coordinates; `None` when they are no point of the curve.
    #[must_use]
    pub fn of_coordinates(curve: Curve, x: &[u8], y: &[u8]) -> Option<Self> {
        let bytes = curve.coordinate_bytes();
        if x.len() != bytes || y.len() != bytes {
            return None;
        }
        Self::of_point(curve, &[&[4], x, y].concat())
    }

    /// The key of a point as certificates carry it (SEC 1 §2.3.3); `None` when it is none of the curve.
    #[must_use]
    pub fn of_point(curve: Curve, point: &[u8]) -> Option<Self> {
        let key = match curve {
            Curve::P256 => Point::P256(Box::new(p256::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?)),
            Curve::P384 => Point::P384(Box::new(p384::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?)),
            Curve::P521 => Point::P521(Box::new(p521::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?)),
        };
        Some(Self { written: Box::from(point), key })
    }

    /// The point as it was given (SEC 1 §2.3.3).
    #[must_use]
    pub fn point(&self) -> &[u8] {
        &self.written
    }

    /// Its curve.
    #[must_use]
    pub const fn curve(&self) -> Curve {
        match self.key {
            Point::P256(_) => Curve::P256,
            Point::P384(_) => Curve::P384,
            Point::P521(_) => Curve::P521,
        }
    }

    /// Whether `signature` (both numbers one after the other, RFC 7518 §3.4) is one of `bytes` under `digest`.
    #[must_use]
    pub fn verify(&self, bytes: &[u8], signature: &[u8], digest: Digest) -> bool {
        match (&self.key, digest) {
            // The algorithm of most keys of curves, for which `ring` takes a quarter of the time; it is no quicker with P-384.
            (Point::P256(key), Digest::Sha256) => {
                let point = key.to_sec1_point(false);
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(bytes, signature).is_ok()
            }
            (Point::P256(_) | Point::P384(_) | Point::P521(_), _) => self.verify_alone(bytes, signature, digest),
        }
    }

    // Without `ring`.
    fn verify_alone(&self, bytes: &[u8], signature: &[u8], digest: Digest) -> bool {
        // A hash is a number; one that is shorter than the curve's numbers is still the same number.
        let hash = padded(&digest.digest(bytes), self.curve());
        match &self.key {
            Point::P256(key) => p256::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_prehash(&hash, &signature).is_ok()),
            Point::P384(key) => p384::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_prehash(&hash, &signature).is_ok()),
            Point::P521(key) => p521::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_prehash(&hash, &signature).is_ok()),
        }
    }

    /// The same of a signature as certificates carry it: both numbers in a sequence (RFC 3279 §2.2.3).
    #[must_use]
    pub fn verify_sequence(&self, bytes: &[u8], signature: &[u8], digest: Digest) -> bool {
        let joined = joined(signature, self.curve().coordinate_bytes());
        joined.is_some_and(|signature| self.verify(bytes, &signature, digest))
    }
}

fn joined(signature: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut numbers = Reader::new(signature).inside(der::SEQUENCE)?;
    let mut joined = Vec::with_capacity(2 * length);
    for _ in 0..2 {
        let digits = numbers.unsigned()?;
        joined.resize(joined.len() + length.checked_sub(digits.len())?, 0);
        joined.extend_from_slice(digits);
    }
    numbers.is_empty().then_some(joined)
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::signature::hazmat::PrehashSigner as _;

    use super::*;

    const MESSAGE: &[u8] = b"what is signed";

    fn both(key: &EcKey, signature: &[u8], digest: Digest) -> bool {
        let said = key.verify(MESSAGE, signature, digest);
        assert_eq!(said, key.verify_alone(MESSAGE, signature, digest), "{digest:?} {signature:02x?}");
        said
    }

    // order of the curve - number
    fn negated(number: &[u8], order: &[u8]) -> Vec<u8> {
        let mut borrow = 0;
        let digits = order.iter().zip(number).rev().map(|(a, b)| {
            let difference = i16::from(*a) - i16::from(*b) - borrow;
            borrow = i16::from(difference < 0);
            difference.to_be_bytes()[1]
        });
        let mut digits: Vec<u8> = digits.collect();
        digits.reverse();
        digits
    }

    #[test]
    fn both_ways_of_verifying_say_the_same() {
        let own = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
        let signature: p256::ecdsa::Signature = own.sign_prehash(&Digest::Sha256.digest(MESSAGE)).unwrap();
        let signature = signature.to_bytes().to_vec();
        let (r, s) = signature.split_at(32);
        // No number of a signature reaches it.
        let order = b"\xff\xff\xff\xff\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xbc\xe6\xfa\xad\xa7\x17\x9e\x84\xf3\xb9\xca\xc2\xfc\x63\x25\x51";
        let wrong = [
            Vec::new(),
            [s, r].concat(),
            [r, &[0; 32]].concat(),
            [&[0; 32], s].concat(),
            vec![0; 64],
            [r, order].concat(),
            [order, s].concat(),
            vec![0xff; 64],
            signature[1..].to_vec(),
            signature[..63].to_vec(),
            [&signature[..], &[0]].concat(),
            [&[0], &signature[..]].concat(),
        ];
        for is_compressed in [true, false] {
            let point = own.verifying_key().to_sec1_point(is_compressed);
            let key = EcKey::of_point(Curve::P256, point.as_bytes()).unwrap();
            assert!(both(&key, &signature, Digest::Sha256));
            // The other signature with the same meaning: neither way asks for the smaller one.
            assert!(both(&key, &[r, &negated(s, order)].concat(), Digest::Sha256));
            for signature in &wrong {
                assert!(!both(&key, signature, Digest::Sha256));
            }
            for at in [0, 31, 32, 63] {
                let mut changed = signature.clone();
                changed[at] ^= 1;
                assert!(!both(&key, &changed, Digest::Sha256));
            }
            for other in Digest::ALL.into_iter().filter(|other| *other != Digest::Sha256) {
                assert!(!both(&key, &signature, other));
            }
        }
    }
}
