//! Tokens of RFC 7515 and tokens that another implementation signed, against every key there is.

use std::sync::Arc;

use serde_json::Value as Json;

use super::*;
use crate::keys::{key_set, providers};
use crate::pki::EcKey;
use crate::pki::RsaKey;
use crate::pki::rsa_key::Parts;

const SIGNED: &str = include_str!("../../../../fixtures/token/signed.json");

const PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

fn bytes(text: &str) -> Vec<u8> {
    decode_base64url(text).unwrap()
}

fn key(material: Material) -> Key {
    Key { id: None, algorithm: None, material }
}

fn signed() -> (Json, Vec<Key>) {
    let signed: Json = serde_json::from_str(SIGNED).unwrap();
    let mut keys = key_set(signed["set"].to_string().as_bytes()).unwrap();
    keys.push(key(Material::Symmetric(bytes(signed["secret"].as_str().unwrap()).into())));
    (signed, keys)
}

#[test]
fn the_tokens_of_rfc_7515_verify() {
    // Appendix A.1
    let secret = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    let token = Token::parse(&format!(
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{PAYLOAD}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    ))
    .unwrap();
    assert!(token.is_signed_by(&key(Material::Symmetric(bytes(secret).into()))));
    assert_eq!((token.text("iss").as_deref(), token.seconds("exp")), (Some("joe"), Some(1_300_819_380)));
    // Appendix A.2
    let modulus = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
    let signature = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    let rsa = RsaKey::of_parts(Parts { modulus: bytes(modulus), exponent: vec![1, 0, 1], secret: None }).unwrap();
    let token = Token::parse(&format!("eyJhbGciOiJSUzI1NiJ9.{PAYLOAD}.{signature}")).unwrap();
    assert!(token.is_signed_by(&key(Material::Rsa(Arc::new(rsa)))));
    // Appendix A.3
    let (x, y) = ("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
    let point = EcKey::of_coordinates(Curve::P256, &bytes(x), &bytes(y)).unwrap();
    let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let token = Token::parse(&format!("eyJhbGciOiJFUzI1NiJ9.{PAYLOAD}.{signature}")).unwrap();
    assert!(token.is_signed_by(&key(Material::Ec(Arc::new(point)))));
}

#[test]
fn every_algorithm_verifies_with_its_own_key_and_no_other() {
    let (signed, keys) = signed();
    let tokens = signed["tokens"].as_object().unwrap();
    assert_eq!(tokens.len(), 12);
    for (name, text) in tokens {
        let token = Token::parse(text.as_str().unwrap()).unwrap();
        let own: Vec<Option<&str>> =
            keys.iter().filter(|key| token.is_signed_by(key)).map(|key| key.id.as_deref()).collect();
        let wanted = match name.as_str() {
            "HS256" | "HS384" | "HS512" => None,
            "ES256" => Some("ec256"),
            "ES384" => Some("ec384"),
            "ES512" => Some("ec521"),
            _ => Some("rsa"),
        };
        assert_eq!(own, [wanted], "{name}");
    }
}

#[test]
fn a_token_cannot_choose_how_a_key_is_used() {
    let (signed, keys) = signed();
    let header = |name: &str| base64(format!(r#"{{"alg":"{name}"}}"#).as_bytes());
    let names = ["none", "HS256", "HS384", "HS512", "RS256", "PS256", "ES256", "ES384", "ES512"];
    let public = keys.iter().filter(|key| matches!(key.material, Material::Rsa(_)));
    for key in public {
        let Material::Rsa(rsa) = &key.material else { continue };
        // What an attacker may take for the secret of HMAC: every way to write down the public key.
        for secret in [rsa.to_public(), rsa.to_public_key_info(), rsa.parts.modulus.clone()] {
            let text = format!("{}.{PAYLOAD}", header("HS256"));
            let code = Digest::Sha256.authenticate(&secret, text.as_bytes());
            let token = Token::parse(&format!("{text}.{}", base64(&code))).unwrap();
            assert!(keys.iter().all(|key| !token.is_signed_by(key)));
        }
    }
    for (_, text) in signed["tokens"].as_object().unwrap() {
        let (_, rest) = text.as_str().unwrap().split_once('.').unwrap();
        for name in names {
            let token = Token::parse(&format!("{}.{rest}", header(name))).unwrap();
            assert!(keys.iter().all(|key| !token.is_signed_by(key)), "{name}");
            assert!(!token.is_unsigned());
        }
        let token = Token::parse(&format!("{}.{PAYLOAD}.", header("none"))).unwrap();
        assert!(token.is_unsigned() && keys.iter().all(|key| !token.is_signed_by(key)));
    }
}

#[test]
fn a_key_that_says_what_it_is_for_does_nothing_else() {
    let (signed, keys) = signed();
    let token = Token::parse(signed["tokens"]["PS256"].as_str().unwrap()).unwrap();
    let of = |name: &str| Key { algorithm: Some(Arc::from(name)), ..keys[0].clone() };
    assert!(token.is_signed_by(&of("PS256")));
    assert!(!token.is_signed_by(&of("RS256")));
}

#[test]
fn any_changed_byte_is_noticed() {
    let (signed, keys) = signed();
    for (name, text) in signed["tokens"].as_object().unwrap() {
        let text = text.as_str().unwrap();
        let end = text.rfind('.').unwrap();
        for at in [end - 20, end - 40, end + 5, text.len() - 9] {
            let mut changed = text.as_bytes().to_vec();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let Some(token) = Token::parse(std::str::from_utf8(&changed).unwrap()) else { continue };
            assert!(keys.iter().all(|key| !token.is_signed_by(key)), "{name} at {at}");
        }
    }
}

#[test]
fn what_is_no_token_is_none() {
    let payload = base64(b"{}");
    let texts = ["", ".", "..", "a.b.c", "e30", "e30.e30", "e30.W10.", "W10.e30.", "e30.e30.!", "e30 .e30."];
    for text in texts {
        assert!(Token::parse(text).is_none(), "{text}");
    }
    assert!(Token::parse(&format!("{}.{payload}.", base64(br#"{"alg":"none","crit":["x"]}"#))).is_none());
    assert!(Token::parse(&format!("e30.{payload}.{}", "A".repeat(TOKEN_BYTES_MAX))).is_none());
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

#[test]
fn an_openid_configuration_names_its_key_set() {
    let read = providers::Configured::read(br#"{"issuer": "a", "jwks_uri": "https://b/"}"#).unwrap();
    assert_eq!((read.issuer.as_deref(), &*read.keys_url), (Some("a"), "https://b/"));
    assert!(providers::Configured::read(br#"{"issuer": "a"}"#).is_none());
}
