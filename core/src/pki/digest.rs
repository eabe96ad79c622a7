//! The digests that .NET names, and their authentication codes.

use hmac::{KeyInit as _, Mac as _};
use md5::Digest as _;

/// A digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digest {
    /// MD5
    Md5,
    /// SHA-1
    Sha1,
    /// SHA-256
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
}

impl Digest {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Md5, Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];

    /// How long a digest is, in bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// How many bytes it takes at once; a new key of an authentication code has as many.
    #[must_use]
    pub const fn block_bytes(self) -> usize {
        match self {
            Self::Md5 | Self::Sha1 | Self::Sha256 => 64,
            Self::Sha384 | Self::Sha512 => 128,
        }
    }

    /// As .NET's `HashAlgorithmName` writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha384 => "SHA384",
            Self::Sha512 => "SHA512",
        }
    }

    /// Its identifier.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Md5 => "1.2.840.113549.2.5",
            Self::Sha1 => "1.3.14.3.2.26",
            Self::Sha256 => "2.16.840.1.101.3.4.2.1",
            Self::Sha384 => "2.16.840.1.101.3.4.2.2",
            Self::Sha512 => "2.16.840.1.101.3.4.2.3",
        }
    }

    /// The digest of this identifier.
    #[must_use]
    pub fn of_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|digest| digest.id() == id)
    }

    /// The digest of this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|digest| digest.name() == name)
    }

    /// The digest of `bytes`.
    #[must_use]
    pub fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Md5 => md5::Md5::digest(bytes).to_vec(),
            Self::Sha1 => sha1::Sha1::digest(bytes).to_vec(),
            Self::Sha256 => sha2::Sha256::digest(bytes).to_vec(),
            Self::Sha384 => sha2::Sha384::digest(bytes).to_vec(),
            Self::Sha512 => sha2::Sha512::digest(bytes).to_vec(),
        }
    }

    /// The authentication code (RFC 2104) of `bytes` under `key`.
    #[must_use]
    pub fn authenticate(self, key: &[u8], bytes: &[u8]) -> Vec<u8> {
        // A key of every length is taken, so nothing fails; the default is never seen.
        macro_rules! mac {
            ($digest:ty) => {
                hmac::Hmac::<$digest>::new_from_slice(key)
                    .map(|mac| mac.chain_update(bytes).finalize().into_bytes().to_vec())
                    .unwrap_or_default()
            };
        }
        match self {
            Self::Md5 => mac!(md5::Md5),
            Self::Sha1 => mac!(sha1::Sha1),
            Self::Sha256 => mac!(sha2::Sha256),
            Self::Sha384 => mac!(sha2::Sha384),
            Self::Sha512 => mac!(sha2::Sha512),
        }
    }
}
