//! Signatures that have been verified: what a key has signed once it has signed for good, so nobody computes it twice. Whether the key
//! still counts, and whether the token still holds, is asked anew each time by whoever looks here.

use std::collections::BTreeSet;
use std::sync::Mutex;

use sha2::{Digest as _, Sha256};

use super::jws::Token;
use super::{Key, Material};
use crate::limits::shards::lock;

/// The most signatures of one generation. When the young one is full it becomes the old one, and the old one is forgotten.
const GENERATION_MAX: usize = 4096;

/// Signatures that have been verified, by the SHA-256 of key, token and signature. Only what is genuine gets in: nobody without a key
/// can fill it.
#[derive(Debug, Default)]
pub struct Verified(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    young: BTreeSet<[u8; 32]>,
    old: BTreeSet<[u8; 32]>,
}

impl Verified {
    /// Whether the token is signed with this key, as [`Token::is_signed_by`] says.
    #[must_use]
    pub fn is_signed(&self, token: &Token, key: &Key) -> bool {
        let Some(mark) = mark(token, key) else { return token.is_signed_by(key) };
        if lock(&self.0).has(&mark) {
            return true;
        }
        let is_signed = token.is_signed_by(key);
        if is_signed {
            lock(&self.0).add(mark);
        }
        is_signed
    }
}

impl Generations {
    fn has(&mut self, mark: &[u8; 32]) -> bool {
        if self.young.contains(mark) {
            return true;
        }
        let was_old = self.old.remove(mark);
        if was_old {
            self.add(*mark);
        }
        was_old
    }

    fn add(&mut self, mark: [u8; 32]) {
        if self.young.len() >= GENERATION_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(mark);
    }
}

// Each part begins with its length, so that no two triples are written alike. A digest is as cheap as an HMAC: those are not kept.
fn mark(token: &Token, key: &Key) -> Option<[u8; 32]> {
    let mut digest = Sha256::new();
    let mut add = |part: &[u8]| {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    };
    match &key.material {
        Material::Symmetric(_) => return None,
        Material::Rsa(key) => [&b"rsa"[..], &key.parts.modulus, &key.parts.exponent].into_iter().for_each(&mut add),
        Material::Ec(key) => [key.curve().name().as_bytes(), key.point()].into_iter().for_each(&mut add),
    }
    // A key may be meant for one algorithm only.
    add(key.algorithm.as_deref().unwrap_or("").as_bytes());
    let (signed, signature) = token.parts();
    add(signed);
    add(signature);
    Some(digest.finalize().into())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::Value as Json;

    use super::*;
    use crate::keys::key_set;

    const SIGNED: &str = include_str!("../../../fixtures/token/signed.json");

    fn signed() -> (Vec<Token>, Vec<Key>) {
        let signed: Json = serde_json::from_str(SIGNED).unwrap();
        let tokens = signed["tokens"].as_object().unwrap().values();
        let tokens = tokens.map(|token| Token::parse(token.as_str().unwrap()).unwrap()).collect();
        (tokens, key_set(signed["set"].to_string().as_bytes()).unwrap())
    }

    #[test]
    fn what_is_kept_says_the_same_as_the_signature() {
        let (tokens, keys) = signed();
        let verified = Verified::default();
        let mut genuine = 0;
        for _ in 0..2 {
            for (token, key) in tokens.iter().flat_map(|token| keys.iter().map(move |key| (token, key))) {
                assert_eq!(verified.is_signed(token, key), token.is_signed_by(key));
                genuine += usize::from(token.is_signed_by(key));
            }
        }
        let kept = verified.0.lock().unwrap().young.len();
        assert!(kept > 5 && genuine == 2 * kept, "{genuine} {kept}");
        let (token, key) =
            tokens.iter().flat_map(|t| keys.iter().map(move |k| (t, k))).find(|(t, k)| t.is_signed_by(k)).unwrap();
        let other = Key { algorithm: Some(Arc::from("XX")), ..key.clone() };
        assert!(!verified.is_signed(token, &other), "a key that is meant for something else has not signed it");
    }

    #[test]
    fn what_is_used_stays_and_the_rest_is_forgotten() {
        let mut generations = Generations::default();
        let mark = |number: usize| {
            let mut mark = [0; 32];
            mark[..8].copy_from_slice(&number.to_be_bytes());
            mark
        };
        for number in 0..3 * GENERATION_MAX {
            generations.add(mark(number));
            assert!(generations.has(&mark(0)), "{number}");
            assert!(generations.young.len() <= GENERATION_MAX && generations.old.len() <= GENERATION_MAX);
        }
        assert!(!generations.has(&mark(1)));
    }
}
