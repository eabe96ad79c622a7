//! Encrypted tokens (RFC 7516): the content that they hide. Key agreement and compression are not taken.

use std::sync::Arc;

use aes_gcm::aead::{AeadInOut as _, KeyInit as _};
use aes_gcm::aes::Aes192;
use aes_gcm::{Aes128Gcm, Aes256Gcm, AesGcm};

use super::jws::{is_equal, object};
use super::{Key, Material, TOKEN_BYTES_MAX, decode_base64url};
use crate::pki::cipher::{Direction, Keyed, Kind, Mode, Padding, unpad};
use crate::pki::rsa_use::EncryptionPadding;
use crate::pki::{Digest, SecretStream};

/// The initial value of AES key wrap (RFC 3394 §2.2.3.1).
const WRAP_CHECK: [u8; 8] = [0xa6; 8];

/// Why a token gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is no encrypted token.
    Malformed,
    /// Its algorithm is not taken.
    Algorithm,
    /// No key fits.
    Key,
}

/// Whether the text has the five parts of an encrypted token.
#[must_use]
pub fn is_encrypted(text: &str) -> bool {
    text.split('.').count() == 5
}

struct Sealed<'t> {
    protected: &'t str,
    header: serde_json::Map<String, serde_json::Value>,
    key: Vec<u8>,
    vector: Vec<u8>,
    content: Vec<u8>,
    tag: Vec<u8>,
}

/// What is hidden in a compact token, with the first key that opens it: those that its `kid` names first.
///
/// # Errors
/// Says why there is nothing; never which step of the decryption failed.
pub fn decrypt(text: &str, keys: &[Key], chance: &mut SecretStream) -> Result<String, Fault> {
    let sealed = read(text).ok_or(Fault::Malformed)?;
    let member = |name: &str| sealed.header.get(name).and_then(serde_json::Value::as_str);
    if sealed.header.contains_key("crit") || sealed.header.contains_key("zip") {
        return Err(Fault::Algorithm);
    }
    let algorithm = member("alg").ok_or(Fault::Malformed)?;
    let seal = member("enc").and_then(Seal::of_name).ok_or(Fault::Algorithm)?;
    let named = |key: &&Key| member("kid").is_some_and(|kid| key.id.as_deref() == Some(kid));
    let candidates = keys.iter().filter(named).chain(keys.iter().filter(|key| !named(key)));
    for key in candidates {
        let Some(secret) = content_key(algorithm, &sealed, &key.material, chance)? else { continue };
        if let Some(bytes) = seal.open(&secret, &sealed) {
            return String::from_utf8(bytes).map_err(|_| Fault::Malformed);
        }
    }
    Err(Fault::Key)
}

fn read(text: &str) -> Option<Sealed<'_>> {
    if text.len() > TOKEN_BYTES_MAX {
        return None;
    }
    let parts: Vec<&str> = text.split('.').collect();
    let [protected, key, vector, content, tag] = parts.as_slice() else { return None };
    Some(Sealed {
        protected,
        header: object(&decode_base64url(protected)?)?,
        key: decode_base64url(key)?,
        vector: decode_base64url(vector)?,
        content: decode_base64url(content)?,
        tag: decode_base64url(tag)?,
    })
}

// The key of the content, when this key gives one. RSAES-PKCS1-v1_5 is not taken: what it gives away cannot be mended here.
fn content_key(
    algorithm: &str,
    sealed: &Sealed<'_>,
    material: &Material,
    chance: &mut SecretStream,
) -> Result<Option<Arc<[u8]>>, Fault> {
    let wrap = |bytes: usize| match material {
        Material::Symmetric(secret) if secret.len() == bytes => unwrap(secret, &sealed.key).map(Arc::from),
        Material::Symmetric(_) | Material::Rsa(_) | Material::Ec(_) => None,
    };
    let mut oaep = |digest: Digest| match material {
        Material::Rsa(key) => key.decrypt(&sealed.key, EncryptionPadding::Oaep(digest), chance).ok().map(Arc::from),
        Material::Symmetric(_) | Material::Ec(_) => None,
    };
    Ok(match algorithm {
        "dir" => match material {
            Material::Symmetric(secret) if sealed.key.is_empty() => Some(Arc::clone(secret)),
            Material::Symmetric(_) | Material::Rsa(_) | Material::Ec(_) => None,
        },
        "A128KW" => wrap(16),
        "A192KW" => wrap(24),
        "A256KW" => wrap(32),
        "RSA-OAEP" => oaep(Digest::Sha1),
        "RSA-OAEP-256" => oaep(Digest::Sha256),
        _ => return Err(Fault::Algorithm),
    })
}

/// Unwraps a key (RFC 3394 §2.2.2).
fn unwrap(secret: &[u8], wrapped: &[u8]) -> Option<Vec<u8>> {
    let cipher = Keyed::new(Kind::Aes, secret)?;
    let (blocks, rest) = wrapped.as_chunks::<8>();
    let (check, blocks) = blocks.split_first()?;
    if !rest.is_empty() || blocks.len() < 2 {
        return None;
    }
    let (mut check, mut blocks) = (*check, blocks.to_vec());
    let count = u64::try_from(blocks.len()).ok()?;
    for round in (0..6).rev() {
        for (index, block) in blocks.iter_mut().enumerate().rev() {
            let number = u64::try_from(index).ok()? + 1;
            let mixed = u64::from_be_bytes(check) ^ (count * round + number);
            let mut both = [mixed.to_be_bytes(), *block].concat();
            cipher.run(Direction::Decrypt, Mode::Ecb, &mut vec![0; 16], &mut both);
            check = both.first_chunk().copied()?;
            *block = both.last_chunk().copied()?;
        }
    }
    is_equal(&check, &WRAP_CHECK).then(|| blocks.concat())
}

/// How the content is encrypted.
#[derive(Clone, Copy)]
enum Seal {
    // The length of the whole key in bytes, and the digest of its first half.
    CbcHmac(usize, Digest),
    Gcm(usize),
}

impl Seal {
    fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "A128CBC-HS256" => Self::CbcHmac(32, Digest::Sha256),
            "A192CBC-HS384" => Self::CbcHmac(48, Digest::Sha384),
            "A256CBC-HS512" => Self::CbcHmac(64, Digest::Sha512),
            "A128GCM" => Self::Gcm(16),
            "A192GCM" => Self::Gcm(24),
            "A256GCM" => Self::Gcm(32),
            _ => return None,
        })
    }

    fn open(self, secret: &[u8], sealed: &Sealed<'_>) -> Option<Vec<u8>> {
        match self {
            Self::CbcHmac(bytes, digest) if secret.len() == bytes => open_cbc(secret, digest, sealed),
            Self::Gcm(bytes) if secret.len() == bytes => open_gcm(secret, sealed),
            Self::CbcHmac(..) | Self::Gcm(_) => None,
        }
    }
}

// RFC 7518 §5.2.2.2: the tag first, so that nothing is learnt from the padding.
fn open_cbc(secret: &[u8], digest: Digest, sealed: &Sealed<'_>) -> Option<Vec<u8>> {
    let (authentication, encryption) = secret.split_at_checked(secret.len() / 2)?;
    let protected = sealed.protected.as_bytes();
    let bits = u64::try_from(protected.len()).ok()? * 8;
    let covered = [protected, &sealed.vector, &sealed.content, &bits.to_be_bytes()].concat();
    let code = digest.authenticate(authentication, &covered);
    if !is_equal(code.get(..secret.len() / 2)?, &sealed.tag) || sealed.vector.len() != 16 {
        return None;
    }
    if sealed.content.is_empty() || !sealed.content.len().is_multiple_of(16) {
        return None;
    }
    let mut bytes = sealed.content.clone();
    Keyed::new(Kind::Aes, encryption)?.run(Direction::Decrypt, Mode::Cbc, &mut sealed.vector.clone(), &mut bytes);
    unpad(&mut bytes, 16, Padding::Pkcs7).ok()?;
    Some(bytes)
}

fn open_gcm(secret: &[u8], sealed: &Sealed<'_>) -> Option<Vec<u8>> {
    let nonce: [u8; 12] = sealed.vector.as_slice().try_into().ok()?;
    let tag: [u8; 16] = sealed.tag.as_slice().try_into().ok()?;
    let mut bytes = sealed.content.clone();
    let protected = sealed.protected.as_bytes();
    macro_rules! open {
        ($cipher:ty) => {
            <$cipher>::new_from_slice(secret).ok()?.decrypt_inout_detached(
                &nonce.into(),
                protected,
                bytes.as_mut_slice().into(),
                &tag.into(),
            )
        };
    }
    match secret.len() {
        16 => open!(Aes128Gcm),
        24 => open!(AesGcm<Aes192, aes_gcm::aead::consts::U12>),
        _ => open!(Aes256Gcm),
    }
    .ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests;
