//! The programs that are measured: configurations of one API, and one request to each, answered at once.

use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use holdfast_core::config::{Origin, Resource, ResourceId, ResourceSet, Revision};
use holdfast_core::context::{Body, ResponseView};
use holdfast_core::exchange::{Client, Content, Effect, Exchange, Outcome, Reply, Step};
use holdfast_core::http::{
    Bytes, HeaderMap, HeaderName, HeaderValue, HttpVersion, Method, RequestHead, ResponseHead, StatusCode, Url,
};
use holdfast_core::pki::rsa_use::SignaturePadding;
use holdfast_core::pki::{Digest, Entropy, RsaKey, SecretStream};
use holdfast_core::rng::Seed;
use holdfast_core::shared::Shared;
use holdfast_core::snapshot::{Identity, Snapshot};
use holdfast_core::time::{Instant, Now, WallTime};
use serde_json::{Value, json};

const NOW: i64 = 1_700_000_000;

/// A program with what its exchanges need.
pub struct Program {
    /// What it is called.
    pub name: &'static str,
    snapshot: Arc<Snapshot>,
    shared: Shared,
    headers: HeaderMap,
    key_set: Option<String>,
}

/// Ten policies as people write them; `{n}` is a number of their own.
const TEN: [&str; 10] = [
    r#"<set-header name="X-Forwarded-Prefix" exists-action="override"><value>/orders</value></set-header>"#,
    r#"<set-variable name="id{n}" value="@(context.Request.MatchedParameters["id"])" />"#,
    r#"<set-header name="X-Id-{n}" exists-action="override"><value>@((string)context.Variables["id{n}"])</value></set-header>"#,
    r#"<choose><when condition="@(context.Request.Headers.GetValueOrDefault("X-Mode", "") == "test" && context.Request.Method == "GET")"><set-header name="X-Test"><value>yes</value></set-header></when></choose>"#,
    r#"<set-query-parameter name="v" exists-action="override"><value>1</value></set-query-parameter>"#,
    r#"<set-header name="X-Debug" exists-action="delete" />"#,
    r#"<check-header name="Accept" failed-check-httpcode="406" failed-check-error-message="no" ignore-case="true" />"#,
    r#"<ip-filter action="allow"><address-range from="10.0.0.0" to="10.0.0.255" /></ip-filter>"#,
    r#"<set-variable name="later{n}" value="@(context.Timestamp.AddMinutes(5))" />"#,
    r#"<set-header name="X-Trace-{n}" exists-action="override"><value>@(context.RequestId.ToString("N"))</value></set-header>"#,
];

/// All programs.
pub fn programs() -> Vec<Program> {
    let of = |name, count: usize| {
        let policies = (0..count).fold(String::new(), |mut text, number| {
            text += &TEN[number % TEN.len()].replace("{n}", &(number / TEN.len()).to_string());
            text
        });
        Program::new(name, &policies, &[], None)
    };
    vec![
        of("no policy", 0),
        of("1 policy", 1),
        of("10 policies", 10),
        of("50 policies", 50),
        guarded("key, rate limit, JWT (RS256), header edits", Guard::All),
        guarded("key and header edits", Guard::None),
        guarded("key, rate limit, header edits", Guard::RateLimit),
        guarded("key, JWT (RS256), header edits", Guard::Token),
    ]
}

#[derive(Clone, Copy, PartialEq)]
enum Guard {
    None,
    RateLimit,
    Token,
    All,
}

fn guarded(name: &'static str, guard: Guard) -> Program {
    let mut chance = SecretStream::new(Entropy([7; 32]), [0, 0]);
    let key = RsaKey::generate(2048, &mut chance).expect("a key");
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let claims = json!({ "iss": "https://idp.example/", "aud": "api://orders", "sub": "alice", "exp": NOW + 3600, "nbf": NOW - 60,
        "scp": "orders.read orders.write", "roles": ["reader", "writer"], "tid": "f5a5b6b0-0c4d-4c5e-8a1c-2f8f3a0c9d11" });
    let signed =
        format!("{}.{}", part(br#"{"alg":"RS256","typ":"JWT","kid":"k"}"#), part(claims.to_string().as_bytes()));
    let hash = Digest::Sha256.digest(signed.as_bytes());
    let signature = key.sign(&hash, Digest::Sha256, SignaturePadding::Pkcs1, &mut chance).expect("a signature");
    let token = format!("Bearer {signed}.{}", part(&signature));
    let key_set = json!({ "keys": [{ "kty": "RSA", "kid": "k", "n": part(&key.parts.modulus), "e": part(&key.parts.exponent) }] });

    let mut policies = String::new();
    if matches!(guard, Guard::RateLimit | Guard::All) {
        policies += r#"<rate-limit calls="1000000" renewal-period="60" remaining-calls-header-name="X-Left" />"#;
    }
    if matches!(guard, Guard::Token | Guard::All) {
        policies += r#"<validate-jwt header-name="Authorization" require-scheme="Bearer">
            <openid-config url="https://idp.example/.well-known/openid-configuration" />
            <audiences><audience>api://orders</audience></audiences>
            <required-claims><claim name="roles" match="any"><value>reader</value></claim></required-claims>
        </validate-jwt>"#;
    }
    policies += r#"<set-header name="X-User" exists-action="override"><value>@(context.Subscription.Id)</value></set-header>
        <set-header name="Authorization" exists-action="delete" />
        <set-header name="X-Version" exists-action="override"><value>2</value></set-header>"#;
    let fields = [("ocp-apim-subscription-key", "k1"), ("authorization", token.as_str())];
    Program::new(name, &policies, &fields, Some(key_set.to_string()))
}

fn insert(set: &mut ResourceSet, id: &str, properties: &Value) {
    let properties = Arc::new(properties.as_object().cloned().unwrap_or_default());
    set.insert(Resource {
        id: ResourceId::new(id),
        properties,
        origin: Origin { file: Arc::from("bench"), text: None },
    });
}

impl Program {
    fn new(name: &'static str, policies: &str, fields: &[(&'static str, &str)], key_set: Option<String>) -> Self {
        let mut document = "<policies><inbound><base />".to_owned();
        let _ = write!(document, "{policies}</inbound></policies>");
        let mut set = ResourceSet::default();
        let needs_key = key_set.is_some();
        insert(&mut set, "/gateways/gw", &json!({}));
        insert(&mut set, "/gateways/gw/apis/orders", &json!({}));
        let api = json!({ "displayName": "Orders", "path": "orders", "protocols": ["https"],
            "serviceUrl": "https://backend.example/base", "subscriptionRequired": needs_key });
        insert(&mut set, "/apis/orders", &api);
        let operation = json!({ "displayName": "get", "method": "GET", "urlTemplate": "/items/{id}",
            "templateParameters": [{ "name": "id", "type": "string", "required": true }] });
        insert(&mut set, "/apis/orders/operations/get", &operation);
        insert(&mut set, "/apis/orders/policies/policy", &json!({ "format": "rawxml", "value": document }));
        let subscription = json!({ "displayName": "S", "scope": "/apis", "state": "active", "primaryKey": "k1" });
        insert(&mut set, "/subscriptions/s1", &subscription);
        let identity = Identity { gateway_id: "gw".to_owned(), ..Identity::default() };
        let compiled = Snapshot::compile(Revision(1), &set, &identity, None).expect("a configuration");
        assert!(compiled.refused.is_empty(), "{name}: {:?}", compiled.refused);

        let mut headers = HeaderMap::new();
        let usual =
            [("host", "api.example"), ("accept", "application/json"), ("user-agent", "bench/1.0"), ("x-debug", "1")];
        for (name, value) in usual.iter().chain(fields) {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"));
        }
        Self { name, snapshot: compiled.snapshot, shared: Shared::default(), headers, key_set }
    }

    /// One exchange from its request to its response.
    pub fn exchange(&self, number: u64) -> Box<Outcome> {
        let head = RequestHead {
            method: Method::GET,
            url: Url::parse("https://api.example/orders/items/17?x=1").expect("a URL"),
            headers: self.headers.clone(),
            version: HttpVersion::Http11,
            has_body: false,
        };
        let now =
            Now { instant: Instant::from_nanos(number.saturating_mul(10_000)), wall: WallTime::from_unix_seconds(NOW) };
        let client = Client { ip: "10.0.0.7".to_owned(), ..Client::default() };
        let mut exchange = Exchange::new(Arc::clone(&self.snapshot), head, client, Seed(number), now);
        loop {
            match exchange.poll(&self.shared, now) {
                Step::Perform(id, effect) => exchange.resume(id, self.reply(&effect), now),
                Step::Done(outcome) => {
                    assert_eq!(outcome.head.status, StatusCode::OK, "{}: {:?}", self.name, outcome.record.last_error);
                    return outcome;
                }
                Step::Cancel(_) | Step::Continue | Step::Wait => panic!("nothing is waited for"),
            }
        }
    }

    fn reply(&self, effect: &Effect) -> Reply {
        match effect {
            Effect::Forward(_) => {
                let mut head = ResponseHead::new(StatusCode::OK);
                head.headers.insert("content-type", HeaderValue::from_static("application/json"));
                Reply::Head(Ok((head, Content::Follows)))
            }
            Effect::Send(request) if request.url.path.ends_with("configuration") => {
                whole(r#"{"issuer": "https://idp.example/", "jwks_uri": "https://idp.example/keys"}"#.to_owned())
            }
            Effect::Send(_) => whole(self.key_set.clone().unwrap_or_default()),
            other => panic!("{other:?} was not to be asked for"),
        }
    }
}

fn whole(text: String) -> Reply {
    let body = Body::Bytes(Bytes::from(text));
    Reply::Response(Ok(Box::new(ResponseView {
        status: StatusCode::OK,
        reason: None,
        headers: HeaderMap::new(),
        body,
    })))
}
