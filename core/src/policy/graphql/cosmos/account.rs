//! The account of Cosmos DB that a resolver asks: what its connection string says, and what proves who asks ("Access control in the Azure
//! Cosmos DB SQL API"). Sends nothing.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::config::connection_string::part;
use crate::config::secret::Secret;
use crate::expr::Expected;
use crate::http::percent::{Keep, encode};
use crate::http::{HeaderValue, Method, Url};
use crate::pki::digest::Digest;
use crate::policy::effect::UpstreamTls;
use crate::policy::operand::Typed;
use crate::value::Value;

/// What a connection string says: `AccountEndpoint=https://…;AccountKey=…;`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    /// Where it is.
    pub(super) endpoint: Url,
    /// Its key in Base64.
    pub(super) key: Option<Secret>,
    /// What is checked of its certificate.
    pub(super) tls: UpstreamTls,
}

impl Typed for Account {
    const EXPECTED: Expected = Expected::Text;

    // No message shows any of it.
    fn from_literal(text: &str) -> Result<Self, String> {
        let endpoint =
            part(text, "AccountEndpoint").ok_or("the connection string has no `AccountEndpoint=https://…`")?;
        let endpoint = Url::parse(endpoint).map_err(|_| "`AccountEndpoint` of the connection string is not a URL")?;
        let key = part(text, "AccountKey").filter(|key| !key.is_empty());
        if key.is_some_and(|key| STANDARD.decode(key).is_err()) {
            return Err("`AccountKey` of the connection string is not Base64".to_owned());
        }
        let is_unchecked = part(text, "DisableServerCertificateValidation").map_or(Ok(false), bool::from_literal);
        let is_unchecked = is_unchecked.map_err(
            |_| "`DisableServerCertificateValidation` of the connection string is neither `true` nor `false`",
        )?;
        let tls = UpstreamTls { validate_chain: !is_unchecked, validate_name: !is_unchecked };
        Ok(Self { endpoint, key: key.map(|key| Secret(key.to_owned())), tls })
    }

    fn from_value(value: &Value) -> Result<Self, String> {
        Self::from_literal(&value.to_string())
    }
}

/// Without the key.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountEndpoint={}", self.endpoint)
    }
}

/// The field `Authorization` of a request for documents that the key signs: of its method, of what it is for, and of its `x-ms-date`.
#[must_use]
pub(super) fn signed(key: &Secret, method: &Method, link: &str, date: &str) -> Option<HeaderValue> {
    sensitive("master", &signature(key, method, "docs", link, date)?)
}

fn signature(Secret(key): &Secret, method: &Method, of: &str, link: &str, date: &str) -> Option<String> {
    let key = STANDARD.decode(key).ok()?;
    let (method, date) = (method.as_str().to_ascii_lowercase(), date.to_ascii_lowercase());
    let signed = format!("{method}\n{of}\n{link}\n{date}\n\n");
    Some(STANDARD.encode(Digest::Sha256.authenticate(&key, signed.as_bytes())))
}

/// The field `Authorization` with a token of Entra ID.
#[must_use]
pub(super) fn borne(token: &str) -> Option<HeaderValue> {
    sensitive("aad", token)
}

fn sensitive(kind: &str, proof: &str) -> Option<HeaderValue> {
    let text = format!("type={kind}&ver=1.0&sig={proof}");
    let mut value = HeaderValue::from_str(&encode(&text, Keep::Unreserved)).ok()?;
    HeaderValue::set_sensitive(&mut value, true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_one_of_the_published_example() {
        let key = "dsZQi3KtZmCv1ljt3VNWNm7sQUF1y5rJfC6kv5JiwvW0EndXdDku/dkKBp8/ufDToSxLzR4y+O/0H/t4bQtVNw==";
        let (key, date) = (Secret(key.to_owned()), "Thu, 27 Apr 2017 00:51:12 GMT");
        let published = signature(&key, &Method::GET, "dbs", "dbs/ToDoList", date);
        assert_eq!(published.as_deref(), Some("c09PEVJrgp2uQRkr934kFbTqhByc7TVr3OHyqlu+c+c="));
        // What the service's own client for JavaScript makes of an item with a blank in its name.
        let value = signed(&key, &Method::GET, "dbs/ToDoList/colls/Items/docs/a b", date).unwrap();
        let known = "type%3Dmaster%26ver%3D1.0%26sig%3DuoqBBsOaipRpTLdwwUgLRqNSbeY8My%2BJh60CjmZYiak%3D";
        assert_eq!((value.to_str().unwrap(), value.is_sensitive()), (known, true));
    }

    #[test]
    fn what_is_wrong_with_a_connection_string_is_said_without_it() {
        let wrong = |text: &str| Account::from_literal(text).unwrap_err();
        for text in [
            "",
            "secret",
            "AccountKey=c2VjcmV0",
            "AccountEndpoint=secret;",
            "AccountEndpoint=https://a/;DisableServerCertificateValidation=secret",
            "AccountEndpoint=https://a/;AccountKey=secret!",
        ] {
            assert!(!wrong(text).contains("secret") && !wrong(text).contains("c2Vj"), "{text}");
        }
        let whole =
            "AccountEndpoint=https://a.example:443/;AccountKey=c2VjcmV0;DisableServerCertificateValidation=True;";
        let account = Account::from_literal(whole).unwrap();
        assert!(!account.tls.validate_chain && !account.tls.validate_name);
        assert!(!format!("{account} {account:?}").contains("c2Vj"), "{account:?}");
    }
}
