//! What RSA keys do: signing, verifying, encrypting, decrypting. Private operations are blinded from the stream that is handed in.

use ring::signature::{self, RsaParameters, RsaPublicKeyComponents};
use rsa::{Oaep, Pkcs1v15Encrypt, Pkcs1v15Sign, Pss};

use super::chance::SecretStream;
use super::der;
use super::digest::Digest;
use super::rsa_key::RsaKey;

/// The shortest modulus that `ring` verifies with, in bytes.
const RING_BYTES_MIN: usize = 256;

/// How a digest is padded before it is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignaturePadding {
    /// RSASSA-PKCS1-v1_5
    Pkcs1,
    /// RSASSA-PSS with a salt as long as the digest
    Pss,
}

/// How a message is padded before it is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncryptionPadding {
    /// RSAES-PKCS1-v1_5
    Pkcs1,
    /// RSAES-OAEP with this digest
    Oaep(Digest),
}

/// Why a key gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UseFault {
    /// Only its public part is known.
    NotPrivate,
    /// The input does not fit the key or the padding.
    Refused,
}

macro_rules! by_digest {
    ($digest:expr, $type:ident => $body:expr) => {
        match $digest {
            Digest::Md5 => {
                type $type = md5::Md5;
                $body
            }
            Digest::Sha1 => {
                type $type = sha1::Sha1;
                $body
            }
            Digest::Sha256 => {
                type $type = sha2::Sha256;
                $body
            }
            Digest::Sha384 => {
                type $type = sha2::Sha384;
                $body
            }
            Digest::Sha512 => {
                type $type = sha2::Sha512;
                $body
            }
        }
    };
}

impl RsaKey {
    /// Signs a digest.
    ///
    /// # Errors
    /// The key is not private, or too short for the digest; or `hash` is not as long as one.
    pub fn sign(
        &self,
        hash: &[u8],
        digest: Digest,
        padding: SignaturePadding,
        chance: &mut SecretStream,
    ) -> Result<Vec<u8>, UseFault> {
        let key = self.private.as_ref().ok_or(UseFault::NotPrivate)?;
        let signed = by_digest!(digest, D => match padding {
            SignaturePadding::Pkcs1 => key.sign_with_rng(chance, Pkcs1v15Sign::new::<D>(), hash),
            SignaturePadding::Pss => key.sign_with_rng(chance, Pss::<D>::new_blinded_with_salt(digest.bytes()), hash),
        });
        signed.map_err(|_| UseFault::Refused)
    }

    /// Whether `signature` is one of this digest by this key.
    #[must_use]
    pub fn verify(&self, hash: &[u8], signature: &[u8], digest: Digest, padding: SignaturePadding) -> bool {
        by_digest!(digest, D => match padding {
            SignaturePadding::Pkcs1 => self.public.verify(Pkcs1v15Sign::new::<D>(), hash, signature),
            SignaturePadding::Pss => self.public.verify(Pss::<D>::new_with_salt(digest.bytes()), hash, signature),
        })
        .is_ok()
    }

    /// Whether `signature` is one of these bytes by this key: what [`Self::verify`] says of their digest, in less than half of the
    /// time for keys of 2048 bits and more.
    #[must_use]
    pub fn verify_message(&self, bytes: &[u8], signature: &[u8], digest: Digest, padding: SignaturePadding) -> bool {
        let modulus = der::trimmed(&self.parts.modulus);
        let quick = quick(digest, padding).filter(|_| modulus.len() >= RING_BYTES_MIN);
        let Some(parameters) = quick else { return self.verify(&digest.digest(bytes), signature, digest, padding) };
        let key = RsaPublicKeyComponents { n: modulus, e: der::trimmed(&self.parts.exponent) };
        key.verify(parameters, bytes, signature).is_ok()
    }

    /// Encrypts a short message.
    ///
    /// # Errors
    /// It is too long for the key.
    pub fn encrypt(
        &self,
        bytes: &[u8],
        padding: EncryptionPadding,
        chance: &mut SecretStream,
    ) -> Result<Vec<u8>, UseFault> {
        let encrypted = match padding {
            EncryptionPadding::Pkcs1 => self.public.encrypt(chance, Pkcs1v15Encrypt, bytes),
            EncryptionPadding::Oaep(digest) => {
                by_digest!(digest, D => self.public.encrypt(chance, Oaep::<D>::new(), bytes))
            }
        };
        encrypted.map_err(|_| UseFault::Refused)
    }

    /// Decrypts what was encrypted for this key.
    ///
    /// # Errors
    /// The key is not private, or the message was not encrypted for it.
    pub fn decrypt(
        &self,
        bytes: &[u8],
        padding: EncryptionPadding,
        chance: &mut SecretStream,
    ) -> Result<Vec<u8>, UseFault> {
        let key = self.private.as_ref().ok_or(UseFault::NotPrivate)?;
        let decrypted = match padding {
            EncryptionPadding::Pkcs1 => key.decrypt_blinded(chance, Pkcs1v15Encrypt, bytes),
            EncryptionPadding::Oaep(digest) => {
                by_digest!(digest, D => key.decrypt_blinded(chance, Oaep::<D>::new(), bytes))
            }
        };
        decrypted.map_err(|_| UseFault::Refused)
    }
}

// What `ring` verifies; its keys have 2048 to 8192 bits.
fn quick(digest: Digest, padding: SignaturePadding) -> Option<&'static RsaParameters> {
    match (digest, padding) {
        (Digest::Md5 | Digest::Sha1, _) => None,
        (Digest::Sha256, SignaturePadding::Pkcs1) => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
        (Digest::Sha384, SignaturePadding::Pkcs1) => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
        (Digest::Sha512, SignaturePadding::Pkcs1) => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
        (Digest::Sha256, SignaturePadding::Pss) => Some(&signature::RSA_PSS_2048_8192_SHA256),
        (Digest::Sha384, SignaturePadding::Pss) => Some(&signature::RSA_PSS_2048_8192_SHA384),
        (Digest::Sha512, SignaturePadding::Pss) => Some(&signature::RSA_PSS_2048_8192_SHA512),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::Entropy;
    use crate::pki::rsa_key::Parts;

    const MESSAGE: &[u8] = b"what is signed";
    const PADDINGS: [SignaturePadding; 2] = [SignaturePadding::Pkcs1, SignaturePadding::Pss];

    fn both(key: &RsaKey, signature: &[u8], digest: Digest, padding: SignaturePadding) -> bool {
        let of_message = key.verify_message(MESSAGE, signature, digest, padding);
        let of_digest = key.verify(&digest.digest(MESSAGE), signature, digest, padding);
        assert_eq!(of_message, of_digest, "{key:?} {digest:?} {padding:?} {signature:02x?}");
        of_message
    }

    // Signatures that are none: bent, cut, padded, out of range, and of other numbers than those of the key.
    fn bent(signature: &[u8], key: &RsaKey) -> Vec<Vec<u8>> {
        let length = signature.len();
        let mut bent = vec![
            Vec::new(),
            vec![0],
            vec![0; length],
            vec![0xff; length],
            signature[1..].to_vec(),
            signature[..length - 1].to_vec(),
            [&[0], signature].concat(),
            [signature, &[0]].concat(),
            key.parts.modulus.clone(),
            [&vec![0; length - 1][..], &[1]].concat(),
        ];
        for at in [0, 1, length / 2, length - 1] {
            let mut changed = signature.to_vec();
            changed[at] ^= 1;
            bent.push(changed);
        }
        // The signature as a number that is larger by the modulus, where it still fits.
        let mut carry = 0;
        let sum = signature.iter().zip(&key.parts.modulus).rev().map(|(a, b)| {
            let sum = u16::from(*a) + u16::from(*b) + carry;
            carry = sum >> 8;
            sum.to_be_bytes()[1]
        });
        let mut sum: Vec<u8> = sum.collect();
        sum.reverse();
        bent.push(sum);
        bent
    }

    #[test]
    fn both_ways_of_verifying_say_the_same() {
        let mut chance = SecretStream::new(Entropy([3; 32]), [0, 0]);
        // Shorter than what `ring` takes, of a length that is no whole number of bytes, and the usual one.
        for bits in [1024, 2047, 2048, 2050] {
            let key = RsaKey::generate(bits, &mut chance).unwrap();
            for (digest, padding) in
                Digest::ALL.into_iter().flat_map(|digest| PADDINGS.map(|padding| (digest, padding)))
            {
                let signature = key.sign(&digest.digest(MESSAGE), digest, padding, &mut chance);
                // Two digests of 64 bytes do not fit into 1024 bits.
                let Ok(signature) = signature else {
                    assert!(bits == 1024 && digest == Digest::Sha512 && padding == SignaturePadding::Pss);
                    continue;
                };
                assert!(both(&key, &signature, digest, padding));
                for wrong in bent(&signature, &key) {
                    assert!(!both(&key, &wrong, digest, padding));
                }
                for other in Digest::ALL.into_iter().filter(|other| *other != digest) {
                    assert!(!both(&key, &signature, other, padding));
                }
                let other = if padding == SignaturePadding::Pss { PADDINGS[0] } else { PADDINGS[1] };
                assert!(!both(&key, &signature, digest, other));
            }
        }
    }

    #[test]
    fn both_ways_take_the_same_keys() {
        let mut chance = SecretStream::new(Entropy([4; 32]), [0, 0]);
        let own = RsaKey::generate(2048, &mut chance).unwrap();
        let digest = Digest::Sha256;
        let signature = own.sign(&digest.digest(MESSAGE), digest, PADDINGS[0], &mut chance).unwrap();
        let of = |modulus: &[u8], exponent: &[u8]| {
            RsaKey::of_parts(Parts { modulus: modulus.to_vec(), exponent: exponent.to_vec(), secret: None })
        };
        let with_zeros = of(&[&[0, 0], &own.parts.modulus[..]].concat(), &[0, 1, 0, 1]).unwrap();
        assert!(both(&with_zeros, &signature, digest, PADDINGS[0]));
        let mut even = own.parts.modulus.clone();
        even[255] &= 0xfe;
        assert!(of(&even, &[1, 0, 1]).is_err());
        let exponents: [&[u8]; 8] =
            [&[], &[1], &[2], &[3], &[1, 0, 0], &[1, 0, 3], &[1, 0xff, 0xff, 0xff, 0xff], &[2, 0, 0, 0, 1]];
        let mut taken = 0;
        for exponent in exponents {
            let Ok(key) = of(&own.parts.modulus, exponent) else { continue };
            taken += 1;
            assert!(!both(&key, &signature, digest, PADDINGS[0]), "{exponent:?}");
            // 1 to any power is 1, so that the numbers of the key are looked at and the padding is what fails.
            assert!(!both(&key, &[&[0; 255][..], &[1]].concat(), digest, PADDINGS[0]), "{exponent:?}");
        }
        assert_eq!(taken, 3, "3, 65539 and the largest, 2^33 - 1");
    }
}
