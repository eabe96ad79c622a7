//! What RSA keys do: signing, verifying, encrypting, decrypting. Private operations are blinded from the stream that is handed in.

use rsa::{Oaep, Pkcs1v15Encrypt, Pkcs1v15Sign, Pss};

use super::chance::SecretStream;
use super::digest::Digest;
use super::rsa_key::RsaKey;

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
