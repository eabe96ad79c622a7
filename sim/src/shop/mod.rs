//! A guarded API of the simulated world, `shop`: a pool of two backends with circuit breakers behind tokens of an identity provider. What
//! it is; `host` acts it out, `invariant::shop` judges it.

pub mod host;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use holdfast_core::config::folder::Files;
use holdfast_core::pki::rsa_use::SignaturePadding;
use holdfast_core::pki::{Digest, Entropy, RsaKey, SecretStream};
use holdfast_core::rng::Seed;
use serde_json::{Value, json};

/// Failures after which the breaker of a member trips.
pub const FAILURES: usize = 3;
/// For how long.
pub const TRIP: Duration = Duration::from_secs(15);
/// How soon the gateway asks a provider again whose keys it never had.
pub const RETRY: Duration = Duration::from_secs(10);

const MEMBER_PORT: u16 = 9000;
const PROVIDER_PORT: u16 = 9100;
const PROVIDER: &str = "identity";
const KEY_BITS: usize = 1024;
/// Longer than any world, whatever its gateway's clock says.
const TOKEN_SECONDS: i64 = 10 * 86_400;

/// A member of the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Member {
    /// The first.
    A,
    /// The second.
    B,
}

impl Member {
    /// Both.
    pub const ALL: [Self; 2] = [Self::A, Self::B];

    /// The name of its host.
    #[must_use]
    pub const fn host(self) -> &'static str {
        match self {
            Self::A => "shop-a",
            Self::B => "shop-b",
        }
    }
}

/// Something that happens to the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A member answers everything with 500.
    Sicken(Member),
    /// The host of a member ends: connections to it are refused.
    Stop(Member),
    /// It is well again, whatever it was.
    Heal(Member),
    /// The host of the identity provider ends.
    StopProvider,
    /// It is back.
    StartProvider,
}

/// A call that reached a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// Whom it reached.
    pub member: Member,
    /// When.
    pub at: Duration,
    /// Whether it was answered with 500.
    pub failed: bool,
}

/// A request to the shop as its client saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The client's name for it.
    pub id: String,
    /// Whether its token is a good one.
    pub is_known: bool,
    /// When it began.
    pub began: Duration,
    /// When it ended.
    pub ended: Duration,
    /// The status code; `None` when no response came.
    pub status: Option<u16>,
    /// `Retry-After` of the response, in seconds.
    pub retry_after: Option<u64>,
    /// What went wrong, in words.
    pub problem: String,
}

/// What happened in the shop, in order.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// The calls that reached members.
    pub calls: Vec<Call>,
    /// When documents of the provider were fetched.
    pub fetches: Vec<Duration>,
    /// What clients saw.
    pub visits: Vec<Visit>,
}

/// The shop, shared by its hosts and its clients.
#[derive(Clone)]
pub struct Shop {
    tokens: Rc<Tokens>,
    sick: Rc<[Cell<bool>; 2]>,
    account: Rc<RefCell<Account>>,
}

struct Tokens {
    key_set: Value,
    good: String,
    bad: String,
}

impl fmt::Debug for Shop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shop").field("account", &self.account).finish_non_exhaustive()
    }
}

impl Shop {
    /// The shop of a seed; its tokens are given out at `now`, in seconds since 1970.
    ///
    /// # Errors
    /// No key could be made: in words.
    pub fn new(seed: Seed, now: i64) -> Result<Self, String> {
        let tokens = Rc::new(Tokens::new(seed, now)?);
        Ok(Self { tokens, sick: Rc::default(), account: Rc::default() })
    }

    /// What has happened so far.
    #[must_use]
    pub fn account(&self) -> Account {
        self.account.borrow().clone()
    }

    /// Makes a member sick or well.
    pub fn set_sick(&self, member: Member, is_sick: bool) {
        self.sick[member as usize].set(is_sick);
    }

    fn token(&self, is_known: bool) -> &str {
        if is_known { &self.tokens.good } else { &self.tokens.bad }
    }
}

impl Tokens {
    fn new(seed: Seed, now: i64) -> Result<Self, String> {
        let mut rng = seed.fork("shop key").rng();
        let mut entropy = [0; 32];
        for chunk in entropy.chunks_mut(8) {
            chunk.copy_from_slice(&rng.next_u64().to_le_bytes());
        }
        let mut chance = SecretStream::new(Entropy(entropy), [0, 0]);
        let key = RsaKey::generate(KEY_BITS, &mut chance).map_err(|fault| format!("{fault:?}"))?;
        let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let jwk = json!({ "kty": "RSA", "use": "sig", "kid": "known", "n": encoded(&key.parts.modulus), "e": encoded(&key.parts.exponent) });
        let claims = json!({ "iss": issuer(), "aud": "shop", "exp": now + TOKEN_SECONDS });
        let part = |document: Value| encoded(document.to_string().as_bytes());
        let header = |kid: &str| part(json!({ "alg": "RS256", "kid": kid }));
        let signed = format!("{}.{}", header("known"), part(claims.clone()));
        let hash = Digest::Sha256.digest(signed.as_bytes());
        let signature = key.sign(&hash, Digest::Sha256, SignaturePadding::Pkcs1, &mut chance);
        let signature = encoded(&signature.map_err(|fault| format!("{fault:?}"))?);
        // Names a key that nobody knows, so that the provider is asked for it.
        let bad = format!("{}.{}.{signature}", header("nobody's"), part(claims));
        Ok(Self { key_set: json!({ "keys": [jwk] }), good: format!("{signed}.{signature}"), bad })
    }
}

fn issuer() -> String {
    format!("http://{PROVIDER}:{PROVIDER_PORT}")
}

/// Adds the shop's API, pool and backends to a configuration folder.
pub fn add_to(files: &mut Files) {
    let mut add = |path: String, document: String| files.0.insert(path, Bytes::from(document));
    let properties = |properties: Value| json!({ "properties": properties }).to_string();
    let api = json!({ "displayName": "shop", "path": "shop", "protocols": ["http"], "subscriptionRequired": true });
    let operation = json!({ "displayName": "get", "method": "GET", "urlTemplate": "/items/{id}",
        "templateParameters": [{ "name": "id", "type": "string", "required": true }] });
    add("apis/shop/apiInformation.json".to_owned(), properties(api));
    add("apis/shop/operations/get/operationInformation.json".to_owned(), properties(operation));
    add("apis/shop/policy.xml".to_owned(), policy());
    add("gateways/gw1/apis/shop/gatewayApiInformation.json".to_owned(), "{}".to_owned());
    add("products/starter/apis/shop/productApiInformation.json".to_owned(), "{}".to_owned());
    let mut services = Vec::new();
    for member in Member::ALL {
        let host = member.host();
        let condition = json!({ "count": FAILURES, "interval": "PT1H", "errorReasons": ["Server errors"] });
        let rule = json!({ "failureCondition": condition, "tripDuration": format!("PT{}S", TRIP.as_secs()) });
        let url = format!("http://{host}:{MEMBER_PORT}/shop");
        let backend = json!({ "url": url, "protocol": "http", "circuitBreaker": { "rules": [rule] } });
        add(format!("backends/{host}/backendInformation.json"), properties(backend));
        services.push(json!({ "id": format!("/backends/{host}") }));
    }
    let pool = json!({ "type": "Pool", "pool": { "services": services } });
    add("backends/shop/backendInformation.json".to_owned(), properties(pool));
}

// One member's failures trip its breaker with the third: whatever the turns are, the fourth attempt is at the other member.
fn policy() -> String {
    format!(
        r#"<policies>
  <inbound>
    <base />
    <validate-jwt header-name="Authorization" require-scheme="Bearer">
      <openid-config url="{}/.well-known/openid-configuration" />
      <audiences><audience>shop</audience></audiences>
    </validate-jwt>
    <set-backend-service backend-id="shop" />
  </inbound>
  <backend>
    <retry condition="@(context.Response == null || context.Response.StatusCode >= 500)" count="{FAILURES}" interval="0">
      <forward-request timeout="1" />
    </retry>
  </backend>
  <outbound><base /></outbound>
  <on-error><base /></on-error>
</policies>
"#,
        issuer()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_give_equal_tokens() {
        let of = |seed| Shop::new(Seed(seed), 0).unwrap();
        assert_eq!(of(1).token(true), of(1).token(true));
        assert_ne!(of(1).token(true), of(2).token(true));
        assert_ne!(of(1).token(true), of(1).token(false));
    }
}
