//! What identity providers publish: where their keys are, and the keys.

use std::sync::Arc;

use serde_json::Value as Json;

use super::{Key, Lasting, key_set};

/// What an identity provider has published.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Whom it names as the issuer of its tokens.
    pub issuer: Option<Arc<str>>,
    /// The keys that verify them.
    pub keys: Vec<Key>,
}

/// The fetch of one exchange for one policy: a document, and for identity providers the key set that it names.
#[derive(Clone, Debug, Default)]
pub struct Fetch {
    /// What has been asked for already; nothing is asked for twice in one run of a policy.
    pub tried: Vec<Arc<str>>,
    /// The issuer that the OpenID configuration names, once that has come.
    pub configured: Option<Configured>,
}

/// What an OpenID configuration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configured {
    /// Whom it names as the issuer.
    pub issuer: Option<Arc<str>>,
    /// Where the key set is.
    pub keys_url: Arc<str>,
}

impl Configured {
    /// Reads an OpenID configuration (OpenID Connect Discovery 1.0 §3).
    #[must_use]
    pub fn read(text: &[u8]) -> Option<Self> {
        let document: Json = serde_json::from_slice(text).ok()?;
        let member = |name: &str| document.get(name).and_then(Json::as_str).map(Arc::from);
        Some(Self { issuer: member("issuer"), keys_url: member("jwks_uri")? })
    }
}

impl Lasting for Provider {}

impl Provider {
    /// Reads a key set. One without a key that verifies is none: what was there before is better.
    #[must_use]
    pub fn read(issuer: Option<Arc<str>>, key_set_text: &[u8]) -> Option<Self> {
        let keys = key_set(key_set_text).filter(|keys| !keys.is_empty())?;
        Some(Self { issuer, keys })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_without_keys_that_verify_is_none() {
        let set = |keys: &str| Provider::read(None, format!(r#"{{"keys": [{keys}]}}"#).as_bytes());
        let key = r#"{"kty": "EC", "kid": "f", "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
        assert_eq!(set(key).map(|provider| provider.keys.len()), Some(1));
        assert!(set("").is_none());
        assert!(set(r#"{"kty": "oct", "k": "AAAA"}"#).is_none());
    }
}
