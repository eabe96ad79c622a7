//! References to Azure Key Vault: which resources of a set leave a secret there, and the set with the secrets put in. Fetches nothing.
//!
//! ARM writes a reference as `keyVault: {"secretIdentifier": "https://{vault}/secrets/{name}[/{version}]", "identityClientId": "…"}` on named
//! values, and on certificates, whose secret is PKCS #12 in Base64 or PEM.

use std::collections::BTreeSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use crate::config::secret::Secret;
use crate::config::{Resource, ResourceId, ResourceSet};
use crate::diagnostic::Diagnostic;
use crate::http::{Query, Scheme, Url};
use crate::pki::{ClientIdentity, pem, pfx};

/// The version of Key Vault's interface that is asked for.
const API_VERSION: &str = "7.4";

/// A secret in a vault.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretRef {
    /// Its identifier, as it is written.
    pub identifier: Arc<str>,
    /// The client id of the user-assigned identity that reads it; `None` means the one that the system has assigned.
    pub client: Option<Arc<str>>,
}

/// What of a resource is left to a vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    /// The value of a named value.
    Value,
    /// The chain and the key of a certificate.
    Certificate,
}

impl SecretRef {
    /// Where the secret is asked for.
    ///
    /// # Errors
    /// What is wrong with the identifier.
    pub fn url(&self) -> Result<Url, String> {
        let wrong = |what: &str| format!("`{}` is not the identifier of a secret: {what}", self.identifier);
        let url = Url::parse(&self.identifier).map_err(|error| wrong(&error.to_string()))?;
        let mut segments = url.path.split('/').skip(1);
        let is_secret = segments.next() == Some("secrets") && segments.next().is_some_and(|name| !name.is_empty());
        if url.scheme != Scheme::Https || !is_secret {
            return Err(wrong("expected `https://{vault}/secrets/{name}`, with or without a version"));
        }
        // An identifier without a version may end in a slash.
        let path = url.path.trim_end_matches('/').to_owned();
        Ok(Url { query: Query::new(None).set("api-version", &[API_VERSION]), path, ..url })
    }

    /// What a token for the vault at this URL is for: `https://vault.azure.net` for `kv1.vault.azure.net`, and likewise in other clouds.
    #[must_use]
    pub fn resource(url: &Url) -> String {
        let cloud = url.host.split_once('.').map_or(url.host.as_str(), |(_, cloud)| cloud);
        format!("https://{cloud}")
    }
}

/// The secrets that the resources of a set leave to vaults.
#[must_use]
pub fn references(set: &ResourceSet) -> BTreeSet<SecretRef> {
    left(set).map(|(_, _, reference)| reference).collect()
}

/// The set with the secrets put in that `known` gives, and a warning for each that it does not: its error is why.
#[must_use]
pub fn filled(
    set: &ResourceSet,
    known: impl Fn(&SecretRef) -> Result<Secret, String>,
) -> (ResourceSet, Vec<Diagnostic>) {
    let mut whole = set.clone();
    let mut missing = Vec::new();
    for (resource, kind, reference) in left(set) {
        let members = known(&reference).and_then(|secret| match kind {
            Left::Value => Ok(vec![("value", secret.0)]),
            Left::Certificate => certificate(&secret),
        });
        match members {
            Ok(members) => {
                let mut properties = (*resource.properties).clone();
                properties.extend(members.into_iter().map(|(name, text)| (name.to_owned(), Json::from(text))));
                whole.insert(Resource { properties: Arc::new(properties), ..(**resource).clone() });
            }
            Err(why) => {
                let message = format!("there is no secret from Key Vault for `{}`: {why}", resource.id.name());
                missing.push(Diagnostic::warning("secret-not-available", resource.origin.file.as_ref(), message));
            }
        }
    }
    (whole, missing)
}

fn left(set: &ResourceSet) -> impl Iterator<Item = (&Arc<Resource>, Left, SecretRef)> {
    let kinds = [("/namedValues", Left::Value, "value"), ("/certificates", Left::Certificate, "chainPem")];
    kinds.into_iter().flat_map(move |(family, kind, property)| {
        set.children(&ResourceId::new(family)).filter_map(move |resource| {
            if resource.properties.contains_key(property) {
                return None;
            }
            Some((resource, kind, reference(resource)?))
        })
    })
}

fn reference(resource: &Resource) -> Option<SecretRef> {
    let vault = resource.properties.get("keyVault")?;
    let text = |name: &str| vault.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
    Some(SecretRef {
        identifier: Arc::from(text("secretIdentifier")?),
        client: text("identityClientId").map(Arc::from),
    })
}

fn certificate(Secret(text): &Secret) -> Result<Vec<(&'static str, String)>, String> {
    let identity = if text.contains("-----BEGIN ") {
        ClientIdentity::of_pem(text, text).ok_or("its PEM holds no certificate with a key")?
    } else {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| "it is neither PEM nor Base64")?;
        pfx::read_identity(&bytes, "")
            .map_err(|_| "it is no key store without a password that holds a certificate and its key")?
    };
    let pair = identity.pairs().first().ok_or("it holds no certificate")?;
    if text.contains("-----BEGIN ") {
        return Ok(vec![("chainPem", text.clone()), ("keyPem", text.clone())]);
    }
    let blocks: Vec<String> = pair.chain().iter().map(|one| pem::block("CERTIFICATE", one)).collect();
    Ok(vec![("chainPem", blocks.join("\n")), ("keyPem", pem::block("PRIVATE KEY", pair.key()))])
}

#[cfg(test)]
mod tests {
    use super::*;

    // A key of P-256 with its certificate, `CN=vault`, without a password.
    const STORE: &str = concat!(
        "MIIEDAIBAzCCA8IGCSqGSIb3DQEHAaCCA7MEggOvMIIDqzCCAmIGCSqGSIb3DQEHBqCCAlMwggJPAgEAMIICSAYJKoZIhvcNAQcBMFcGCSqGSI",
        "b3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAj2V5oP2Kr/5QICCAAwDAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEHG9u0X+iTfSdk/b50y65I2A",
        "ggHgdhOB9M8khNsgc0WxfvedSw5X7oZXzn43Y1DTBqCJg56gIeJlPuSkf+Ld3lPbuo39lhFds0kOXJCFsbMmSliJSvx54/TpEHbpksdtohndO0",
        "l8LRDRwJsgVRVYigZE3cIXkolZ/JQ61NYPsY7ruLsRhEjlGo4ymH5vxH05FyB36ohDHT9xThW9T39cDzOWbHS1twvSV1xBydQfX7oBGbGBESeK",
        "E5+2KwNsEiNjhi2v4WyAwxrY1zGNoexc57dJj6AH11uqNnDUV8fbcrCC75rJyT6IBX9SjaJYPn1njVNKoRQxYiHgAo+0OFEjG8YfLon9yz1tLK",
        "vQ4yCIxMgn0rDg0fPLSVc0f2gAWBfXj8V93cgrrx8Xc1IIBoa5KC6Su21foM7UyjWWxydKg5p+RsRSFoq2Ki26IZiA/JGZacJhof8MvOVgD2ii",
        "tNqrL7WkpMCfbK31Jb4UCU6j5xyK/1Svqi9TL+n12WL2F/gYjA2fCJLjXjqPbQokYn3kuf7XOcAXkuQWXZPltfiVOtncaOPfNSdznDxZvoi3s6",
        "DS4ZcAL66rI9z+CJLMAcvYy7r+DZWRHQh9Fa6jS5BtCsSlIw6cQmutHw6TFEJ1EFtpprTwWm4ZvKy8xcs/whUcrG+E+vpSMIIBQQYJKoZIhvcN",
        "AQcBoIIBMgSCAS4wggEqMIIBJgYLKoZIhvcNAQwKAQKgge8wgewwVwYJKoZIhvcNAQUNMEowKQYJKoZIhvcNAQUMMBwECPPtLgnzwbBfAgIIAD",
        "AMBggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQ8thevtrKhVVXPGIMGVrBXASBkG9/Scw5014JLk5z58mILxpnrcCExaUcqaWuCd05VL1QZfw0",
        "qPk+PuCXHXWBhQtJsw98HkUHRqjEV2Ezi17ozlDr1pWh0unBLTaDKc0B47WX/aKFdkPZ+EfMR0ojAwxgB5FYqD/dE6nzqJxVnDqAQFWXdS+BOE",
        "EntnXeqdaoZ2/f4gYVsI7hC3ghGfyUEebjNDElMCMGCSqGSIb3DQEJFTEWBBRxnFluYeWLf4n1MEnqjjeNIvldSDBBMDEwDQYJYIZIAWUDBAIB",
        "BQAEIGJ/nEbnD4hoYX9WY3vHUBR64xg87rh45mJ96n3TRrJFBAjbzTUnFKGGHQICCAA=",
    );

    fn reference(identifier: &str) -> SecretRef {
        SecretRef { identifier: Arc::from(identifier), client: None }
    }

    #[test]
    fn identifiers_say_where_to_ask_and_for_whom() {
        for (identifier, url, resource) in [
            ("https://kv1.vault.azure.net/secrets/key", "/secrets/key?api-version=7.4", "https://vault.azure.net"),
            ("https://kv1.vault.azure.net/secrets/key/", "/secrets/key?api-version=7.4", "https://vault.azure.net"),
            (
                "https://kv1.vault.azure.cn:8443/secrets/key/0a1b",
                "/secrets/key/0a1b?api-version=7.4",
                "https://vault.azure.cn",
            ),
            ("https://localhost:1/secrets/key", "/secrets/key?api-version=7.4", "https://localhost"),
        ] {
            let found = reference(identifier).url().unwrap();
            assert_eq!(found.path_and_query(), url, "{identifier}");
            assert_eq!(SecretRef::resource(&found), resource, "{identifier}");
        }
        for identifier in [
            "http://kv1.vault.azure.net/secrets/key",
            "https://kv1.vault.azure.net/keys/key",
            "key",
            "https://kv1/secrets/",
        ] {
            assert!(
                reference(identifier).url().unwrap_err().contains("is not the identifier of a secret"),
                "{identifier}"
            );
        }
    }

    #[test]
    fn a_certificate_is_a_key_store_or_pem() {
        let of_store = certificate(&Secret(STORE.to_owned())).unwrap();
        let [("chainPem", chain), ("keyPem", key)] = of_store.as_slice() else { panic!("{of_store:?}") };
        assert!(ClientIdentity::of_pem(chain, key).is_some(), "as the rest of the configuration reads it");
        let both = format!("{chain}\n{key}");
        assert_eq!(certificate(&Secret(both.clone())), Ok(vec![("chainPem", both.clone()), ("keyPem", both)]));
        for (text, why) in [
            ("-----BEGIN CERTIFICATE-----", "its PEM holds no certificate with a key"),
            ("*", "it is neither PEM nor Base64"),
            ("AAAA", "it is no key store without a password that holds a certificate and its key"),
        ] {
            assert_eq!(certificate(&Secret(text.to_owned())).unwrap_err(), why);
        }
    }
}
