//! Keys as tokens use them, and the sets of them that RFC 7517 describes.

use std::fmt;
use std::sync::Arc;

use serde_json::Value as Json;

use super::{KEYS_MAX, decode_base64, decode_base64url};
use crate::pki::rsa_key::Parts;
use crate::pki::{Certificate, Curve, EcKey, RsaKey};

/// A key.
#[derive(Clone, Debug)]
pub struct Key {
    /// What tokens call it: `kid`.
    pub id: Option<Arc<str>>,
    /// The only algorithm that it is meant for, where it says so.
    pub algorithm: Option<Arc<str>>,
    /// What it is.
    pub material: Material,
}

/// What a key is. A key of one kind is never taken for one of another, whatever a token says.
#[derive(Clone)]
pub enum Material {
    /// Bytes that both sides know.
    Symmetric(Arc<[u8]>),
    /// A key of RSA.
    Rsa(Arc<RsaKey>),
    /// A point of a curve.
    Ec(Arc<EcKey>),
}

impl Material {
    /// The key of a certificate, the private one where it is known; `None` for keys of other kinds than RSA and the three curves.
    #[must_use]
    pub fn of_certificate(certificate: &Certificate) -> Option<Self> {
        if let Some(own) = &certificate.private_key {
            return Some(Self::Rsa(Arc::clone(own)));
        }
        let rsa = certificate.rsa_public_key().map(|key| Self::Rsa(Arc::new(key)));
        rsa.or_else(|| certificate.ec_public_key().map(|key| Self::Ec(Arc::new(key))))
    }
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Symmetric(_) => "Symmetric(…)",
            Self::Rsa(_) => "Rsa(…)",
            Self::Ec(_) => "Ec(…)",
        })
    }
}

/// The keys of a published key set that verify signatures. Keys of other uses and kinds are left out, symmetric ones too: what is
/// published is no secret. `None` when the text is no key set.
#[must_use]
pub fn key_set(text: &[u8]) -> Option<Vec<Key>> {
    let set: Json = serde_json::from_slice(text).ok()?;
    let keys = set.get("keys")?.as_array()?;
    Some(keys.iter().filter_map(signing_key).take(KEYS_MAX).collect())
}

fn signing_key(jwk: &Json) -> Option<Key> {
    let text = |name: &str| jwk.get(name).and_then(Json::as_str);
    if text("use").is_some_and(|purpose| purpose != "sig") {
        return None;
    }
    let number = |name: &str| text(name).and_then(decode_base64url);
    let material = match text("kty")? {
        "RSA" => {
            let of_numbers = || Some(Parts { modulus: number("n")?, exponent: number("e")?, secret: None });
            match of_numbers() {
                Some(parts) => Material::Rsa(Arc::new(RsaKey::of_parts(parts).ok()?)),
                None => of_chain(jwk)?,
            }
        }
        "EC" => {
            let curve = Curve::ALL.into_iter().find(|curve| Some(curve.name()) == text("crv"))?;
            let of_numbers = || EcKey::of_coordinates(curve, &number("x")?, &number("y")?);
            match of_numbers() {
                Some(key) => Material::Ec(Arc::new(key)),
                None => of_chain(jwk)?,
            }
        }
        _ => return None,
    };
    Some(Key { id: text("kid").map(Arc::from), algorithm: text("alg").map(Arc::from), material })
}

// `x5c`: certificates, the key's own first.
fn of_chain(jwk: &Json) -> Option<Material> {
    let der = decode_base64(jwk.get("x5c")?.get(0)?.as_str()?)?;
    Material::of_certificate(&Certificate::of_der(&der)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_published_set_gives_only_keys_that_verify() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let text = format!(
            r#"{{"keys": [{{"kty": "RSA", "kid": "a", "n": "{n}", "e": "AQAB"}},
                {{"kty": "RSA", "kid": "b", "use": "enc", "n": "{n}", "e": "AQAB"}},
                {{"kty": "oct", "kid": "c", "k": "AAAA"}},
                {{"kty": "OKP", "kid": "d"}},
                {{"kty": "EC", "kid": "e", "crv": "P-256", "x": "AAAA", "y": "AAAA"}},
                {{"kty": "EC", "kid": "f", "crv": "P-256", "alg": "ES256",
                  "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}}]}}"#
        );
        let ids: Vec<_> = key_set(text.as_bytes()).unwrap().into_iter().filter_map(|key| key.id).collect();
        assert_eq!(ids, [Arc::from("a"), Arc::from("f")]);
        assert!(key_set(b"{}").is_none());
    }
}
