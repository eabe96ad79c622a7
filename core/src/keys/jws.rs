//! Signed tokens (RFC 7515, RFC 7519): taken apart and verified. The algorithm must fit the kind of the key; none is guessed.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::{Key, Material, TOKEN_BYTES_MAX, decode_base64url};
use crate::pki::rsa_use::SignaturePadding;
use crate::pki::{Curve, Digest};

/// A token taken apart; nothing of it is to be believed before [`Token::is_signed_by`].
#[derive(Clone, Debug)]
pub struct Token {
    /// The protected header.
    pub header: Map<String, Json>,
    /// The claims.
    pub claims: Map<String, Json>,
    signed: String,
    signature: Vec<u8>,
}

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// `none`
    None,
    /// `HS256` and the like
    Hmac(Digest),
    /// `RS256` and the like
    Rsa(Digest),
    /// `PS256` and the like
    RsaPss(Digest),
    /// `ES256` and the like
    Ecdsa(Digest, Curve),
}

impl Algorithm {
    /// The algorithm of this name (RFC 7518 §3.1).
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "none" => Self::None,
            "HS256" => Self::Hmac(Digest::Sha256),
            "HS384" => Self::Hmac(Digest::Sha384),
            "HS512" => Self::Hmac(Digest::Sha512),
            "RS256" => Self::Rsa(Digest::Sha256),
            "RS384" => Self::Rsa(Digest::Sha384),
            "RS512" => Self::Rsa(Digest::Sha512),
            "PS256" => Self::RsaPss(Digest::Sha256),
            "PS384" => Self::RsaPss(Digest::Sha384),
            "PS512" => Self::RsaPss(Digest::Sha512),
            "ES256" => Self::Ecdsa(Digest::Sha256, Curve::P256),
            "ES384" => Self::Ecdsa(Digest::Sha384, Curve::P384),
            "ES512" => Self::Ecdsa(Digest::Sha512, Curve::P521),
            _ => return None,
        })
    }
}

impl Token {
    /// Takes a compact token apart.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let header = object(&decode_base64url(header)?)?;
        // What an extension calls critical must be understood (RFC 7515 §4.1.11); none is.
        if header.contains_key("crit") {
            return None;
        }
        let claims = object(&decode_base64url(payload)?)?;
        Some(Self { header, claims, signed: signed.to_owned(), signature: decode_base64url(signature)? })
    }

    /// What is signed, and the signature.
    pub(super) fn parts(&self) -> (&[u8], &[u8]) {
        (self.signed.as_bytes(), &self.signature)
    }

    /// The text of a member of the header.
    #[must_use]
    pub fn header_text(&self, name: &str) -> Option<&str> {
        self.header.get(name).and_then(Json::as_str)
    }

    /// How it says that it is signed; `None` when no such algorithm is known.
    #[must_use]
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.header_text("alg").and_then(Algorithm::of_name)
    }

    /// Whether it has no signature and says so.
    #[must_use]
    pub fn is_unsigned(&self) -> bool {
        self.algorithm() == Some(Algorithm::None) && self.signature.is_empty()
    }

    /// Whether it is signed with this key. A key that is meant for another algorithm, or is of another kind, has not signed it.
    #[must_use]
    pub fn is_signed_by(&self, key: &Key) -> bool {
        let meant = key.algorithm.as_deref().is_none_or(|name| Some(name) == self.header_text("alg"));
        let Some(algorithm) = self.algorithm().filter(|_| meant) else { return false };
        let (bytes, signature) = (self.signed.as_bytes(), self.signature.as_slice());
        match (algorithm, &key.material) {
            (Algorithm::Hmac(digest), Material::Symmetric(secret)) => {
                is_equal(&digest.authenticate(secret, bytes), signature)
            }
            (Algorithm::Rsa(digest), Material::Rsa(key)) => {
                key.verify_message(bytes, signature, digest, SignaturePadding::Pkcs1)
            }
            (Algorithm::RsaPss(digest), Material::Rsa(key)) => {
                key.verify_message(bytes, signature, digest, SignaturePadding::Pss)
            }
            (Algorithm::Ecdsa(digest, curve), Material::Ec(key)) => {
                key.curve() == curve && key.verify(bytes, signature, digest)
            }
            (
                Algorithm::None
                | Algorithm::Hmac(_)
                | Algorithm::Rsa(_)
                | Algorithm::RsaPss(_)
                | Algorithm::Ecdsa(_, _),
                Material::Symmetric(_) | Material::Rsa(_) | Material::Ec(_),
            ) => false,
        }
    }

    /// The number of seconds since 1970 that a claim says.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a fraction of a second is cut off; what is too large is the largest"
    )]
    pub fn seconds(&self, claim: &str) -> Option<i64> {
        let value = self.claims.get(claim)?;
        value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))
    }

    /// The text of a claim.
    #[must_use]
    pub fn text(&self, claim: &str) -> Option<Arc<str>> {
        self.claims.get(claim).and_then(Json::as_str).map(Arc::from)
    }
}

/// A JSON object.
pub(super) fn object(bytes: &[u8]) -> Option<Map<String, Json>> {
    match serde_json::from_slice(bytes).ok()? {
        Json::Object(members) => Some(members),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => None,
    }
}

/// Compares without saying by its time how much is equal.
pub(super) fn is_equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

#[cfg(test)]
mod tests;
