//! Tokens of RFC 7516 and tokens that another implementation encrypted.

use serde_json::Value as Json;

use super::*;
use crate::pki::{Entropy, RsaKey};

const ENCRYPTED: &str = include_str!("../../../../fixtures/token/encrypted.json");

fn chance() -> SecretStream {
    SecretStream::new(Entropy([7; 32]), [1, 2])
}

fn symmetric(bytes: &[u8]) -> Key {
    Key { id: None, algorithm: None, material: Material::Symmetric(bytes.into()) }
}

#[test]
fn the_token_of_rfc_7516_appendix_a3_opens() {
    let token = "eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.6KB707dM9YTIgHtLvtgWQ8mKwboJW3of9locizkDTHzBC2IlrT1oOQ.AxY8DCtDaGlsbGljb3RoZQ.KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY.U0m_YmjN04DJvceFICbCVQ";
    let key = symmetric(&decode_base64url("GawgguFyGrWKav7AX4VKUg").unwrap());
    assert_eq!(decrypt(token, &[key], &mut chance()).unwrap(), "Live long and prosper.");
}

#[test]
fn every_pair_of_algorithms_opens_with_its_key_and_only_when_nothing_was_changed() {
    let encrypted: Json = serde_json::from_str(ENCRYPTED).unwrap();
    let rsa = RsaKey::of_pem(encrypted["rsa"].as_str().unwrap()).unwrap();
    let rsa = Key { id: None, algorithm: None, material: Material::Rsa(Arc::new(rsa)) };
    let rows = encrypted["tokens"].as_array().unwrap();
    assert_eq!(rows.len(), 36);
    for row in rows {
        let (algorithm, token) = (row["alg"].as_str().unwrap(), row["token"].as_str().unwrap());
        let own = row["key"].as_str().map(|key| symmetric(&decode_base64url(key).unwrap()));
        let (own, other) = match own {
            Some(own) => (own, rsa.clone()),
            None => (rsa.clone(), symmetric(&[1; 32])),
        };
        let keys = [other.clone(), own];
        assert_eq!(decrypt(token, &keys, &mut chance()).unwrap(), format!("hidden {algorithm}"), "{row}");
        assert_eq!(decrypt(token, &[other], &mut chance()), Err(Fault::Key), "{row}");
        // The last part is the tag, the one before it the content.
        let at = token.rfind('.').unwrap();
        for changed in [at - 3, at + 3] {
            let mut bytes = token.as_bytes().to_vec();
            bytes[changed] = if bytes[changed] == b'A' { b'B' } else { b'A' };
            let text = String::from_utf8(bytes).unwrap();
            assert!(decrypt(&text, &keys[1..], &mut chance()).is_err(), "{row}");
        }
    }
}

#[test]
fn what_cannot_be_opened_says_why() {
    let of = |text: &str| decrypt(text, &[symmetric(&[0; 16])], &mut chance());
    assert_eq!(of("a.b.c"), Err(Fault::Malformed));
    assert_eq!(of("e30...."), Err(Fault::Malformed));
    // {"alg":"RSA1_5","enc":"A128GCM"}
    assert_eq!(of("eyJhbGciOiJSU0ExXzUiLCJlbmMiOiJBMTI4R0NNIn0...."), Err(Fault::Algorithm));
    // {"alg":"dir","enc":"A128GCM"}
    assert_eq!(of("eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0...."), Err(Fault::Key));
}
