//! Tokens of a real identity provider: fetched keys, refusals with their words, new keys, a provider that goes away or comes late.

use std::time::{SystemTime, UNIX_EPOCH};

use holdfast_sim::sample::KEY;
use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};

use crate::folder::Folder;
use crate::gateway::{Gateway, Told, Wiring};
use crate::nginx::Nginx;
use crate::provider::{Provider, SigningKey, encoded};
use crate::{ports, wait};

const AUDIENCE: &str = "api://catalog";

/// A gateway whose API `catalog` wants tokens of one provider.
struct Stage {
    gateway: Gateway,
    _nginx: Nginx,
    _folder: Folder,
    _backup: TempDir,
}

impl Stage {
    /// `attributes` of `validate-jwt` beside the header's name; `authority` in PEM is trusted of backends.
    fn start(configuration: &str, attributes: &str, authority: Option<&str>) -> Self {
        let (nginx, backup) = (Nginx::start(), tempdir().unwrap());
        let folder = Folder::sample(&nginx.backends());
        folder.write("apis/catalog/policy.xml", &policy(configuration, attributes));
        let endpoint = format!("file://{}", folder.path().display());
        let mut wiring = Wiring::to(&endpoint, backup.path()).set("gateway.name", "gw1");
        if let Some(authority) = authority {
            let path = backup.path().join("provider.pem");
            std::fs::write(&path, authority).unwrap();
            wiring = wiring.set("holdfast.upstream.ca.path", &path.display().to_string());
        }
        let mut gateway = wiring.start();
        gateway.shows(1);
        Self { gateway, _nginx: nginx, _folder: folder, _backup: backup }
    }

    fn with(&self, token: &str) -> Told {
        let field = format!("Bearer {token}");
        self.gateway.get_with("/catalog/items/1", &[("authorization", &field)]).unwrap()
    }

    fn accepts(&self, token: &str) {
        let told = self.with(token);
        assert_eq!(told.status, 200, "{told:?}");
        assert_eq!(told.json().unwrap()["uri"], "/catalog-service/items/1");
    }

    fn refuses(&self, token: &str, reason: &str) {
        is_refused(&self.with(token), (401, "Invalid JWT.", reason));
    }
}

fn policy(configuration: &str, attributes: &str) -> String {
    format!(
        r#"<policies>
  <inbound>
    <base />
    <validate-jwt header-name="Authorization" require-scheme="Bearer" {attributes}>
      <openid-config url="{configuration}" />
      <audiences><audience>{AUDIENCE}</audience></audiences>
    </validate-jwt>
  </inbound>
  <backend><base /></backend>
  <outbound><base /></outbound>
  <on-error>
    <base />
    <set-header name="x-reason"><value>@(context.LastError.Reason)</value></set-header>
  </on-error>
</policies>
"#
    )
}

fn is_refused(told: &Told, (status, message, reason): (u16, &str, &str)) {
    assert_eq!((told.status, told.headers.get("x-reason").map(String::as_str)), (status, Some(reason)), "{told:?}");
    let content = told.json().unwrap();
    assert_eq!((&content["statusCode"], &content["message"]), (&status.into(), &message.into()), "{told:?}");
}

/// What a good token of this provider says, changed by `change`.
fn claims(provider: &Provider, change: Value) -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let mut claims =
        json!({ "iss": provider.issuer(), "aud": AUDIENCE, "sub": "alice", "exp": now + 3600, "nbf": now - 60 });
    let Value::Object(change) = change else { panic!("claims are an object") };
    claims.as_object_mut().unwrap().extend(change);
    claims
}

#[test]
fn a_token_is_judged_by_the_keys_that_its_provider_publishes() {
    let (rsa, ec) = (SigningKey::rsa("rsa"), SigningKey::ec("ec"));
    let provider = Provider::with_tls(&[&rsa, &ec]);
    let stage = Stage::start(&provider.configuration(), "", Some(provider.authority()));
    let good = claims(&provider, json!({}));
    for key in [&rsa, &ec] {
        stage.accepts(&key.sign(&good));
    }

    // Signed by somebody else under the same name, and changed after it was signed.
    for (known, stranger) in [(&rsa, SigningKey::rsa("rsa")), (&ec, SigningKey::ec("ec"))] {
        stage.refuses(&stranger.sign(&good), "TokenSignatureInvalid");
        let (token, other) = (known.sign(&good), known.sign(&claims(&provider, json!({ "sub": "mallory" }))));
        let [header, _, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("{token}") };
        let claims = other.split('.').nth(1).unwrap();
        stage.refuses(&format!("{header}.{claims}.{signature}"), "TokenSignatureInvalid");
    }
    let unsigned = format!("{}.{}.", encoded(r#"{"alg":"none"}"#), encoded(good.to_string()));
    stage.refuses(&unsigned, "TokenSignatureInvalid");
    stage.refuses("neither.here.nor-there", "JwtInvalid");
    for (change, reason) in [
        (json!({ "exp": 1_000_000_000 }), "TokenExpired"),
        (json!({ "nbf": 4_000_000_000_u64 }), "JwtInvalid"),
        (json!({ "aud": "api://orders" }), "TokenAudienceNotAllowed"),
        (json!({ "iss": "https://elsewhere.example" }), "TokenIssuerNotAllowed"),
    ] {
        for key in [&rsa, &ec] {
            stage.refuses(&key.sign(&claims(&provider, change.clone())), reason);
        }
    }
    is_refused(&stage.gateway.get("/catalog/items/1").unwrap(), (401, "JWT not present.", "TokenNotPresent"));
    assert_eq!(provider.seen(), ["/.well-known/openid-configuration", "/keys"], "what was fetched once is kept");
    let log = stage.gateway.log();
    assert!(!log.iter().any(|record| record.to_string().contains("eyJ")), "no token is in the log: {log:?}");
}

#[test]
fn new_keys_are_fetched_when_a_token_names_one_and_old_ones_serve_on_while_the_provider_is_away() {
    let (old, new, newest) = (SigningKey::rsa("old"), SigningKey::ec("new"), SigningKey::ec("newest"));
    let mut provider = Provider::with_tls(&[&old]);
    let stage = Stage::start(&provider.configuration(), "", Some(provider.authority()));
    let good = claims(&provider, json!({}));
    stage.accepts(&old.sign(&good));
    provider.publish(&[&old, &new]);
    stage.accepts(&new.sign(&good));
    stage.accepts(&old.sign(&good));
    assert_eq!(provider.seen().len(), 4, "{:?}", provider.seen());

    // Names that nobody knows do not make the gateway ask again and again.
    for _ in 0..5 {
        stage.refuses(&newest.sign(&good), "TokenSignatureKeyNotFound");
    }
    assert_eq!(provider.seen().len(), 4, "{:?}", provider.seen());

    provider.stop();
    for key in [&old, &new] {
        stage.accepts(&key.sign(&good));
        stage.refuses(&newest.sign(&good), "TokenSignatureKeyNotFound");
    }
}

#[test]
fn a_fetch_that_fails_takes_no_key_away() {
    let (known, unknown) = (SigningKey::ec("known"), SigningKey::ec("unknown"));
    let mut provider = Provider::with_tls(&[&known]);
    let stage = Stage::start(&provider.configuration(), "", Some(provider.authority()));
    let good = claims(&provider, json!({}));
    stage.accepts(&known.sign(&good));
    provider.stop();
    // This one has the keys fetched again, which fails.
    stage.refuses(&unknown.sign(&good), "TokenSignatureKeyNotFound");
    for _ in 0..3 {
        stage.accepts(&known.sign(&good));
    }
}

#[test]
fn a_provider_that_comes_later_than_the_gateway_is_found() {
    let key = SigningKey::rsa("key");
    let address = ports::free();
    let configuration = format!("http://{address}/.well-known/openid-configuration");
    let attributes = r#"failed-validation-httpcode="403" failed-validation-error-message="nobody knows you""#;
    let stage = Stage::start(&configuration, attributes, None);
    let refused = stage.with(&key.sign(&json!({ "aud": AUDIENCE, "exp": 4_000_000_000_u64 })));
    is_refused(&refused, (403, "nobody knows you", "TokenSignatureKeyNotFound"));

    let provider = Provider::plain(address, &[&key]);
    let token = key.sign(&claims(&provider, json!({})));
    wait::until("the provider is asked again", || {
        let told = stage.with(&token);
        wait::check(told.status == 200, told)
    });
    is_refused(&stage.gateway.get("/catalog/items/1").unwrap(), (403, "nobody knows you", "TokenNotPresent"));
}

#[test]
fn a_provider_whose_certificate_is_not_trusted_vouches_for_nobody() {
    let key = SigningKey::ec("key");
    let provider = Provider::with_tls(&[&key]);
    let stage = Stage::start(&provider.configuration(), "", None);
    stage.refuses(&key.sign(&claims(&provider, json!({}))), "TokenSignatureKeyNotFound");
    assert_eq!(provider.seen(), Vec::<String>::new(), "nobody is asked who is not known");
    assert!(!stage.gateway.log().iter().any(|record| record.to_string().contains(KEY)));
}
