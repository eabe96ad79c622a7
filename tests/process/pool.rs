//! A pool of three real backends with circuit breakers: one goes away, all go away, they come back.

use holdfast_sim::sample::Backends;
use serde_json::json;
use tempfile::{TempDir, tempdir};

use crate::folder::Folder;
use crate::gateway::{Gateway, Told, Wiring};
use crate::nginx::Nginx;
use crate::wait;

const NAMES: [&str; 3] = ["a", "b", "c"];

/// A gateway whose API `catalog` is a pool of three.
struct Stage {
    gateway: Gateway,
    backends: [Nginx; 3],
    _folder: Folder,
    _backup: TempDir,
}

impl Stage {
    /// The breaker of each backend trips with the first call that fails, for `trip`; `backend` is the section of that name.
    fn start(trip: &str, backend: &str) -> Self {
        let backends = NAMES.map(|_| Nginx::start());
        let [orders, ..] = &backends;
        let folder = Folder::sample(&Backends { orders: orders.url(), catalog: "http://127.0.0.1:1".to_owned() });
        for (name, nginx) in NAMES.iter().zip(&backends) {
            let condition = json!({ "count": 1, "interval": "PT1H", "errorReasons": ["Server errors"] });
            let rule = json!({ "name": "first", "failureCondition": condition, "tripDuration": trip });
            let url = format!("{}/{name}", nginx.url());
            let entity = json!({ "url": url, "protocol": "http", "circuitBreaker": { "rules": [rule] } });
            folder.write(&file(name), &json!({ "properties": entity }).to_string());
        }
        let services: Vec<_> = NAMES.iter().map(|name| json!({ "id": format!("/backends/{name}") })).collect();
        let pool = json!({ "type": "Pool", "pool": { "services": services } });
        folder.write(&file("pool"), &json!({ "properties": pool }).to_string());
        folder.write(
            "apis/catalog/policy.xml",
            &format!(
                r#"<policies><inbound><base /><set-backend-service backend-id="pool" /></inbound>
  <backend>{backend}</backend><outbound><base /></outbound>
  <on-error><base /><set-header name="x-reason"><value>@(context.LastError.Reason)</value></set-header></on-error></policies>"#
            ),
        );
        let backup = tempdir().unwrap();
        let endpoint = format!("file://{}", folder.path().display());
        let mut gateway = Wiring::to(&endpoint, backup.path()).set("gateway.name", "gw1").start();
        gateway.shows(1);
        Self { gateway, backends, _folder: folder, _backup: backup }
    }

    fn get(&self) -> Told {
        self.gateway.get("/catalog/items/1").unwrap()
    }

    /// Asks until every breaker is tripped: what says so.
    fn until_all_are_tripped(&self) -> Told {
        wait::until("all breakers are tripped", || {
            let told = self.get();
            wait::check(told.status == 503, told)
        })
    }
}

fn file(backend: &str) -> String {
    format!("backends/{backend}/backendInformation.json")
}

/// Which backend answered, or how the call failed.
fn outcome(told: &Told) -> String {
    match told.json() {
        Ok(content) if told.status == 200 => {
            let uri = content["uri"].as_str().unwrap_or_default();
            uri.strip_suffix("/items/1").unwrap_or(uri).trim_start_matches('/').to_owned()
        }
        _ => format!("{} {}", told.status, told.headers.get("x-reason").map_or("", String::as_str)),
    }
}

fn outcomes(stage: &Stage, count: usize) -> Vec<String> {
    let mut outcomes: Vec<String> = (0..count).map(|_| outcome(&stage.get())).collect();
    outcomes.sort();
    outcomes
}

fn times(outcomes: &[String], outcome: &str) -> usize {
    outcomes.iter().filter(|of| *of == outcome).count()
}

#[test]
fn a_backend_that_goes_away_costs_one_call_and_the_last_one_a_503_that_says_until_when() {
    let mut stage = Stage::start("PT1H", "<base />");
    assert_eq!(outcomes(&stage, 6), ["a", "a", "b", "b", "c", "c"]);

    stage.backends[1].kill();
    let seen = outcomes(&stage, 21);
    assert_eq!(times(&seen, "500 BackendConnectionFailure"), 1, "{seen:?}");
    assert_eq!((times(&seen, "a"), times(&seen, "c")), (10, 10), "the others share its turns: {seen:?}");

    stage.backends[0].kill();
    stage.backends[2].kill();
    assert_eq!(outcomes(&stage, 2), ["500 BackendConnectionFailure"; 2]);
    let told = stage.get();
    assert_eq!(outcome(&told), "503 BackendCircuitBreakerTripped");
    let left: u64 = told.headers["retry-after"].parse().unwrap();
    assert!((1..=3600).contains(&left), "{told:?}");
    assert_eq!(told.json().unwrap(), json!({ "statusCode": 503, "message": "Service Unavailable" }));

    // Backends that are back are not asked before their time.
    stage.backends.iter_mut().for_each(Nginx::restart);
    assert_eq!(outcomes(&stage, 6), ["503 BackendCircuitBreakerTripped"; 6]);
}

#[test]
fn breakers_close_by_themselves() {
    let mut stage = Stage::start("PT2S", "<base />");
    stage.backends.iter_mut().for_each(Nginx::kill);
    let told = stage.until_all_are_tripped();
    assert_eq!(outcome(&told), "503 BackendCircuitBreakerTripped");
    let left: u64 = told.headers["retry-after"].parse().unwrap();
    assert!((1..=2).contains(&left), "{told:?}");
    stage.backends.iter_mut().for_each(Nginx::restart);
    let mut back = std::collections::BTreeSet::new();
    wait::until("each backend answers again", || {
        back.insert(outcome(&stage.get()));
        wait::check(NAMES.iter().all(|name| back.contains(*name)), back.clone())
    });
    assert_eq!(outcomes(&stage, 6), ["a", "a", "b", "b", "c", "c"], "they share the calls as before");
}

#[test]
fn a_retry_hides_a_backend_that_goes_away() {
    let retry = r#"<retry condition="@(context.Response == null || context.Response.StatusCode >= 500)" count="2" interval="0" first-fast-retry="true">
    <forward-request />
  </retry>"#;
    let mut stage = Stage::start("PT1H", retry);
    assert_eq!(outcomes(&stage, 3), NAMES);
    stage.backends[2].kill();
    let seen = outcomes(&stage, 12);
    assert!(seen.iter().all(|outcome| ["a", "b"].contains(&&**outcome)), "{seen:?}");
}
