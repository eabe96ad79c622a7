//! Caches: a real Redis that two gateways share, away and back again, behind a password and behind TLS. Judges no key.

use std::sync::atomic::{AtomicUsize, Ordering};

use holdfast_sim::sample::Backends;
use tempfile::tempdir;

use crate::folder::Folder;
use crate::gateway::{Gateway, Told, Wiring};
use crate::played::{Answer, Asked, Played};
use crate::redis::{Cluster, Door, PASSWORD, Redis, Sentinel};
use crate::wait;

const CACHED: &str = r#"<policies>
  <inbound>
    <base />
    <cache-lookup vary-by-developer="false" vary-by-developer-groups="false" TYPE>
      <vary-by-header>X-Kind</vary-by-header>
    </cache-lookup>
  </inbound>
  <backend><base /></backend>
  <outbound><base /><cache-store duration="DURATION" /></outbound>
</policies>"#;

const VALUES: &str = r#"<policies>
  <inbound>
    <base />
    <choose>
      <when condition="@(context.Request.Headers.ContainsKey("x-store"))">
        <cache-store-value key="shared" value="@(new JObject(new JProperty("from", context.Request.Headers.GetValueOrDefault("x-store"))))" duration="600" />
      </when>
    </choose>
    <cache-lookup-value key="shared" variable-name="found" default-value="@(new JObject())" />
    <return-response>
      <set-body>@((string)((JObject)context.Variables["found"])["from"] ?? "nothing")</set-body>
    </return-response>
  </inbound>
</policies>"#;

fn cached(attributes: &str, duration: u32) -> String {
    CACHED.replace("TYPE", attributes).replace("DURATION", &duration.to_string())
}

// A backend each of whose answers says the number of the call.
fn counting() -> Played {
    let calls = AtomicUsize::new(0);
    let play = move |asked: &Asked| {
        let call = calls.fetch_add(1, Ordering::SeqCst) + 1;
        let text = format!("call {call} of {}", asked.target);
        Answer("200 Counted", vec!["x-kind: counted".to_owned()], text.into_bytes())
    };
    Played::start(None, Box::new(play))
}

fn sample(backend: &Played) -> Folder {
    let url = |path: &str| format!("http://{}{path}", backend.address());
    Folder::sample(&Backends { orders: url("/o"), catalog: url("/c") })
}

// The sample, its orders cached, its catalog made of values.
fn folder(backend: &Played, connection: &str) -> Folder {
    let folder = sample(backend);
    folder.write("apis/orders/policy.xml", &cached("", 600));
    folder.write("apis/catalog/policy.xml", VALUES);
    folder.write("serviceInformation.json", r#"{"properties": {"name": "contoso"}}"#);
    let cache = r#"{"properties": {"connectionString": "{{redis-connection}}", "useFromLocation": "default"}}"#;
    folder.write("caches/default/cacheInformation.json", cache);
    let secret = r#"{"properties": {"displayName": "redis-connection", "secret": true}}"#;
    folder.write("named values/redis-connection/namedValueInformation.json", secret);
    folder.write("secrets.env", &format!("namedValues.redis-connection={connection}\n"));
    folder
}

fn wiring(folder: &Folder, backup: &tempfile::TempDir) -> Wiring {
    Wiring::to(&format!("file://{}", folder.path().display()), backup.path()).set("gateway.name", "gw1")
}

fn started(wiring: &Wiring) -> Gateway {
    let mut gateway = wiring.start();
    gateway.is_in(200, &["connected"]);
    gateway
}

fn is_hit(told: &Told) -> bool {
    told.headers.contains_key("age")
}

fn text(told: &Told) -> String {
    String::from_utf8_lossy(&told.body).into_owned()
}

// Both gateways are called by one name, as behind a load balancer: what is cached under another is another response.
fn ask(gateway: &Gateway, target: &str) -> Result<Told, String> {
    gateway.get_with(target, &[("host", "api.example")])
}

// Asks until the cache answers; every answer is a 200.
fn hit(gateway: &Gateway, target: &str) -> Told {
    wait::until("the cache answers", || {
        let told = ask(gateway, target)?;
        assert_eq!(told.status, 200, "{told:?}");
        wait::check(is_hit(&told), told)
    })
}

fn shows_no_password(gateway: &Gateway) {
    let log: Vec<String> = gateway.log().iter().map(ToString::to_string).chain(gateway.errors()).collect();
    assert!(!log.join("\n").contains(PASSWORD), "the password is in the log");
}

#[test]
fn two_gateways_share_a_redis_and_go_on_without_it() {
    let (backend, backup) = (counting(), tempdir().unwrap());
    let mut redis = Redis::start(Door::Plain);
    let folder = folder(&backend, &format!("{},password={PASSWORD},abortConnect=False", redis.endpoint()));
    let (one, two) = (started(&wiring(&folder, &backup)), started(&wiring(&folder, &backup)));

    let first = ask(&one, "/orders/items/1").unwrap();
    assert_eq!((first.status, is_hit(&first)), (200, false), "{first:?}");
    let there = hit(&one, "/orders/items/1");
    let calls = backend.asked().len();
    let elsewhere = ask(&two, "/orders/items/1").unwrap();
    assert_eq!((elsewhere.status, is_hit(&elsewhere)), (200, true), "{elsewhere:?}");
    assert_eq!((&elsewhere.body, elsewhere.headers.get("x-kind")), (&there.body, Some(&"counted".to_owned())));
    assert_eq!(backend.asked().len(), calls, "the backend was not asked");

    let stored = one.get_with("/catalog/items/1", &[("x-store", "one")]).unwrap();
    assert_eq!(text(&stored), "one", "a gateway finds at once what it has stored: {stored:?}");
    assert_eq!(text(&two.get("/catalog/items/1").unwrap()), "one");
    let keys = redis.cli(&["KEYS", "*"]);
    assert!(keys.lines().count() == 2 && keys.lines().all(|key| key.starts_with("holdfast:contoso:")), "{keys}");

    redis.stop();
    for call in calls + 1..calls + 6 {
        let told = ask(&one, "/orders/items/1").unwrap();
        assert_eq!((told.status, is_hit(&told)), (200, false), "{told:?}");
        assert_eq!(text(&told), format!("call {call} of /o/items/1"), "each request reaches the backend");
        assert_eq!(text(&one.get("/catalog/items/1").unwrap()), "nothing");
    }
    let warning = one.logs("ExternalCacheNotAvailable", &["`default`", &redis.endpoint()]);
    assert_eq!(warning["level"], "Warning", "{warning}");

    redis.restart();
    hit(&one, "/orders/items/1");
    one.logs("ExternalCacheAvailable", &["`default`"]);
    let calls = backend.asked().len();
    hit(&two, "/orders/items/1");
    hit(&one, "/orders/items/1");
    assert!(backend.asked().len() <= calls + 64, "it is asked only while the connection is not back");
    for gateway in [&one, &two] {
        shows_no_password(gateway);
    }
}

#[test]
fn redis_over_tls_with_a_user_and_a_database() {
    let (backend, backup) = (counting(), tempdir().unwrap());
    let redis = Redis::start(Door::Tls);
    let connection = format!("{},ssl=True,user=gateway,password={PASSWORD},defaultDatabase=3", redis.endpoint());
    let folder = folder(&backend, &connection);
    let trusting = wiring(&folder, &backup).set("holdfast.upstream.ca.path", &redis.authority());
    let gateway = started(&trusting);
    hit(&gateway, "/orders/items/1");
    assert_eq!(redis.cli(&["-n", "3", "DBSIZE"]).trim(), "1");
    assert_eq!(redis.cli(&["DBSIZE"]).trim(), "0");

    let other = started(&wiring(&folder, &backup));
    for _ in 0..3 {
        let told = ask(&other, "/orders/items/1").unwrap();
        assert_eq!((told.status, is_hit(&told)), (200, false), "nobody vouches for the server: {told:?}");
    }
    other.logs("ExternalCacheNotAvailable", &["tls handshake failed", "UnknownIssuer"]);
    shows_no_password(&gateway);
}

#[test]
fn keys_of_a_cluster_are_found_where_they_are() {
    let (backend, backup) = (counting(), tempdir().unwrap());
    let mut cluster = Cluster::start();
    // The third of them and one that is not there.
    let nobody = crate::ports::free().port();
    let named = format!("{},localhost:{nobody}", cluster.0[2].endpoint());
    let folder = folder(&backend, &format!("{named},user=gateway,password={PASSWORD}"));
    // Each worker learns by itself where slots are.
    let gateway = started(&wiring(&folder, &backup).set("holdfast.workers", "2"));
    let items: Vec<String> = (0..24).map(|item| format!("/orders/items/{item}")).collect();
    let all_hit = || {
        let calls = backend.asked().len();
        for item in &items {
            let told = ask(&gateway, item).unwrap();
            assert_eq!((told.status, is_hit(&told)), (200, true), "{item}: {told:?}");
        }
        assert_eq!(backend.asked().len(), calls);
    };
    for item in &items {
        hit(&gateway, item);
    }
    let keys: Vec<String> = cluster.0.iter().map(|node| node.cli(&["KEYS", "*"])).collect();
    assert_eq!(keys.iter().map(|keys| keys.lines().count()).sum::<usize>(), items.len(), "{keys:?}");
    assert!(keys.iter().all(|keys| !keys.trim().is_empty()), "each server has some: {keys:?}");
    all_hit();

    let key = keys[0].lines().next().unwrap();
    cluster.migrate(key, 0, 1);
    all_hit();
    cluster.settle(key, 1);
    all_hit();

    cluster.0[0].stop();
    let elsewhere = items.len() - (keys[0].lines().count() - 1);
    let told: Vec<Told> = items.iter().map(|item| ask(&gateway, item).unwrap()).collect();
    assert!(told.iter().all(|told| told.status == 200), "{told:?}");
    assert_eq!(told.iter().filter(|told| is_hit(told)).count(), elsewhere, "those of the others are found");
    gateway.logs("ExternalCacheNotAvailable", &["`default`", &named.replace(',', ", ")]);
    shows_no_password(&gateway);
}

#[test]
fn a_sentinel_names_the_primary_and_the_next_one() {
    let (backend, backup) = (counting(), tempdir().unwrap());
    let (mut first, second) = (Redis::start(Door::Plain), Redis::start(Door::Plain));
    let sentinel = Sentinel::start(&first, &second);
    let connection = format!("{},serviceName=orders,password={PASSWORD}", sentinel.endpoint());
    let folder = folder(&backend, &connection);
    let gateway = started(&wiring(&folder, &backup));
    hit(&gateway, "/orders/items/1");
    assert_eq!(first.cli(&["DBSIZE"]).trim(), "1");

    first.stop();
    hit(&gateway, "/orders/items/2");
    assert!(second.cli(&["INFO", "replication"]).contains("role:master"));
    shows_no_password(&gateway);
}

#[test]
fn a_password_that_is_wrong_costs_the_cache_and_nothing_else() {
    let (backend, backup) = (counting(), tempdir().unwrap());
    let redis = Redis::start(Door::Plain);
    let folder = folder(&backend, &format!("{},password=not-{PASSWORD}", redis.endpoint()));
    let gateway = started(&wiring(&folder, &backup));
    for call in 1..4 {
        let told = ask(&gateway, "/orders/items/1").unwrap();
        assert_eq!((told.status, text(&told)), (200, format!("call {call} of /o/items/1")));
    }
    gateway.logs("ExternalCacheNotAvailable", &["`default`", "authentication failed"]);
    shows_no_password(&gateway);

    folder.write("secrets.env", &format!("namedValues.redis-connection={},password={PASSWORD}\n", redis.endpoint()));
    hit(&gateway, "/orders/items/1");
}

#[test]
fn the_cache_in_memory_keeps_responses_apart_until_their_time_is_over() {
    let (backend, backup) = (counting(), tempdir().unwrap());
    let folder = sample(&backend);
    folder.write("apis/orders/policy.xml", &cached("caching-type=\"internal\"", 600));
    folder.write("apis/catalog/policy.xml", &cached("", 1));
    let gateway = started(&wiring(&folder, &backup).set("holdfast.workers", "2"));

    for (kind, is_found, call) in
        [(None, false, 1), (None, true, 1), (Some("a"), false, 2), (Some("a"), true, 2), (None, true, 1)]
    {
        let fields: Vec<(&str, &str)> = kind.iter().map(|kind| ("x-kind", *kind)).collect();
        let told = gateway.get_with("/orders/items/1", &fields).unwrap();
        let expected = (200, is_found, format!("call {call} of /o/items/1"));
        assert_eq!((told.status, is_hit(&told), text(&told)), expected, "{kind:?} {told:?}");
    }
    assert_eq!(backend.asked().len(), 2, "two kinds, two calls");
    let uses = |word: &str| gateway.log().iter().filter(|record| record["cache"] == word).count();
    wait::until("the records say what the cache did", || {
        wait::check((uses("miss"), uses("hit")) == (2, 3), uses("hit"))
    });

    let first = gateway.get("/catalog/items/1").unwrap();
    assert_eq!((first.status, is_hit(&first)), (200, false), "{first:?}");
    let later = wait::until("the entry is over its time", || {
        let told = gateway.get("/catalog/items/1")?;
        assert_eq!((told.status, is_hit(&told)), (200, text(&told) == text(&first)), "{told:?}");
        wait::check(!is_hit(&told), told)
    });
    assert_eq!(text(&later), "call 4 of /c/items/1");
}
