//! From configuration to a served request: federated, from a folder, over TLS; edits, refusals, the log. Breaks nothing on the way.

use std::time::{Duration, Instant};

use holdfast_sim::sample::KEY;
use tempfile::tempdir;

use crate::azure::Azure;
use crate::folder::Folder;
use crate::gateway::{STATUS, Wiring};
use crate::nginx::{LARGE_ITEM, Nginx, large_file};
use crate::traffic::Traffic;
use crate::{ports, wait};

#[test]
fn a_federated_gateway_serves_its_configuration_through_nginx() {
    let (nginx, backup) = (Nginx::start(), tempdir().unwrap());
    let folder = Folder::sample(&nginx.backends());
    let azure = Azure::start(&folder);
    let mut gateway = Wiring::federated(&azure, backup.path()).start();

    let told = gateway.shows(1);
    assert_eq!(told.headers.get("x-backend").map(String::as_str), Some("nginx"), "{told:?}");
    let seen = told.json().unwrap();
    assert_eq!(seen["uri"], "/orders-service/items/1", "{seen}");
    assert_eq!(seen["edit"], "1", "the policy's header reaches the backend: {seen}");
    assert_eq!(seen["greeting"], "hello from the rock", "the named value is filled in: {seen}");

    let denied = gateway.get_without_key("/orders/items/1").unwrap();
    assert_eq!(denied.status, 401, "{denied:?}");
    let message = denied.json().unwrap();
    assert!(message["message"].as_str().is_some_and(|m| m.contains("missing subscription key")), "{message}");
    assert!(denied.headers.contains_key("www-authenticate"), "{denied:?}");
    assert_eq!(gateway.get("/nowhere").unwrap().status, 404);

    let posted = gateway.post("/orders/items", b"one more".to_vec()).unwrap();
    assert_eq!((posted.status, posted.json().unwrap()["method"].clone()), (200, "POST".into()));

    let (code, status) = gateway.status().unwrap();
    assert_eq!((code, &status["state"], &status["ready"]), (200, &"connected".into(), &true.into()), "{status}");
    assert_eq!(status["revision"], azure.revision(), "{status}");
    wait::until("a heartbeat says what is applied", || {
        let beats = azure.heartbeats();
        let holds =
            beats.iter().any(|beat| beat["appliedRevision"] == azure.revision() && beat["state"] == "connected");
        wait::check(holds, beats)
    });
}

#[test]
fn large_contents_stream_both_ways() {
    let (nginx, backup) = (Nginx::start(), tempdir().unwrap());
    let azure = Azure::start(&Folder::sample(&nginx.backends()));
    let mut gateway = Wiring::federated(&azure, backup.path()).start();
    gateway.shows(1);

    let told = gateway.get(LARGE_ITEM).unwrap();
    assert_eq!(told.status, 200, "{told:?}");
    assert!(told.body == large_file(), "{} bytes came that are not the file", told.body.len());
    let posted = gateway.post("/catalog/items", large_file()).unwrap();
    assert_eq!(posted.status, 200, "{posted:?}");
    gateway.must_run();
}

// The one test with the default intervals. Ten seconds are the product's promise; the deadline is twice that, for a busy machine.
#[test]
fn with_default_intervals_an_edit_is_served_within_a_poll() {
    let (nginx, backup) = (Nginx::start(), tempdir().unwrap());
    let folder = Folder::sample(&nginx.backends());
    let azure = Azure::start(&folder);
    let wiring = Wiring::federated(&azure, backup.path()).set("holdfast.sync.interval", "");
    let mut gateway = wiring.set("holdfast.heartbeat.interval", "").start();
    gateway.shows(1);
    let questions = azure.requests().len();

    let before = azure.revision();
    folder.edit(2);
    azure.wait_for_revision_after(&before);
    let published = Instant::now();
    gateway.shows(2);
    assert!(published.elapsed() < Duration::from_secs(20), "it took {:?}", published.elapsed());
    let polls =
        azure.requests().into_iter().skip(questions).filter(|(request, _)| request.contains("/events?")).count();
    assert!(polls <= 2, "the edit was taken up after {polls} polls: {:?}", azure.requests());
}

#[test]
fn a_gateway_that_is_far_behind_takes_the_snapshot() {
    let (nginx, backup) = (Nginx::start(), tempdir().unwrap());
    let folder = Folder::sample(&nginx.backends());
    let azure = Azure::start(&folder);
    let mut gateway = Wiring::federated(&azure, backup.path()).start();
    gateway.shows(1);

    azure.break_with("cut");
    gateway.is_disconnected("");
    let before = azure.revision();
    folder.edit(2);
    azure.wait_for_revision_after(&before);
    azure.forget_history();
    azure.mend();
    gateway.shows(2);
    let seen = azure.requests();
    assert!(seen.iter().any(|(request, status)| request.contains("/events?") && *status == 410), "{seen:?}");
}

#[test]
fn a_folder_is_served_without_any_service_and_watched() {
    let (nginx, backup) = (Nginx::start(), tempdir().unwrap());
    let folder = Folder::sample(&nginx.backends());
    let endpoint = format!("file://{}", folder.path().display());
    let mut gateway = Wiring::to(&endpoint, backup.path()).set("gateway.name", "gw1").start();

    gateway.shows(1);
    assert_eq!(gateway.status().unwrap().1["state"], "connected");
    folder.edit(2);
    gateway.shows(2);

    let good = folder.read("policy.xml");
    folder.write("policy.xml", "<policies>\n  <inbound>\n    <no-such-policy />\n  </inbound>\n</policies>\n");
    let refused = wait::until("the status names the place of the mistake", || {
        gateway.shows_now(2);
        let status = gateway.status()?.1;
        let refused = status["refused"].as_array().cloned().unwrap_or_default();
        let mistake = refused.into_iter().find(|found| found.to_string().contains("no-such-policy"));
        mistake.ok_or_else(|| status.to_string())
    });
    assert_eq!(refused["position"]["line"], 3, "{refused}");
    assert!(refused["file"].as_str().is_some_and(|file| file.contains("polic")), "{refused}");

    folder.write("policy.xml", &good.replace(">2<", ">3<"));
    gateway.shows(3);
    wait::until("nothing is refused any more", || {
        let status = gateway.status()?.1;
        wait::check(status["refused"].as_array().is_some_and(Vec::is_empty), status)
    });
}

#[test]
fn a_folder_that_is_not_there_is_waited_for_and_one_that_goes_away_is_not_missed() {
    let (nginx, backup) = (Nginx::start(), tempdir().unwrap());
    let folder = Folder::sample(&nginx.backends());
    folder.unmount();
    let endpoint = format!("file://{}", folder.path().display());
    let mut gateway = Wiring::to(&endpoint, backup.path()).set("gateway.name", "gw1").start();
    gateway.is_not_ready("folder");
    folder.mount();
    gateway.shows(1);

    let traffic = Traffic::to(&gateway);
    folder.unmount();
    gateway.is_disconnected("folder");
    traffic.goes_on(10);
    folder.mount();
    folder.edit(2);
    gateway.shows(2);
    traffic.end();
}

#[test]
fn a_service_whose_certificate_is_not_trusted_gets_no_token() {
    let (nginx, backup) = (Nginx::start(), tempdir().unwrap());
    let azure = Azure::start(&Folder::sample(&nginx.backends()));
    let wiring = Wiring::federated(&azure, backup.path()).set("holdfast.service.ca.path", "");
    let mut gateway = wiring.start();
    gateway.is_not_ready("not trusted; name its root in `holdfast.service.ca.path`");
    assert_eq!(azure.requests(), [], "somebody who is not known was asked");
    gateway.kill();

    let wiring = wiring.set("config.service.endpoint.disableCertificateValidation", "true");
    let mut gateway = wiring.start();
    gateway.shows(1);
    let warned = gateway.log().iter().any(|record| record.to_string().contains("disableCertificateValidation"));
    assert!(warned, "{:?}", gateway.log());
}

#[test]
fn a_refused_api_keeps_its_last_good_version_while_the_rest_moves_on() {
    let (nginx, backup) = (Nginx::start(), tempdir().unwrap());
    let folder = Folder::sample(&nginx.backends());
    let azure = Azure::start(&folder);
    let mut gateway = Wiring::federated(&azure, backup.path()).start();
    gateway.shows(1);

    for (name, other) in [("a", "b"), ("b", "a")] {
        let fragment = format!("<fragment>\n  <include-fragment fragment-id=\"{other}\" />\n</fragment>\n");
        let information = format!("policy fragments/{name}/policyFragmentInformation.json");
        folder.write(&information, r#"{ "properties": { "format": "rawxml" } }"#);
        folder.write(&format!("policy fragments/{name}/policy.xml"), &fragment);
    }
    let policy = folder.read("apis/orders/policy.xml");
    folder.write(
        "apis/orders/policy.xml",
        &policy.replacen("<base />", "<base />\n    <include-fragment fragment-id=\"a\" />", 1),
    );
    folder.write(
        "apis/catalog/policy.xml",
        r#"<policies><inbound><base /></inbound><backend><base /></backend>
  <outbound><base /><set-header name="x-moved-on" exists-action="override"><value>yes</value></set-header></outbound>
  <on-error><base /></on-error></policies>"#,
    );

    wait::until("the other API has moved on", || {
        let told = gateway.get("/catalog/items/1")?;
        wait::check(told.headers.contains_key("x-moved-on"), told)
    });
    gateway.shows_now(1);
    let status = wait::until("the refusal is on the status page", || {
        let status = gateway.status()?.1;
        wait::check(status["refused"].as_array().is_some_and(|refused| !refused.is_empty()), status)
    });
    assert_eq!(status["state"], "connected", "{status}");
    wait::until("the refusal is in a heartbeat", || {
        let beats = azure.heartbeats();
        wait::check(beats.iter().any(|beat| beat["refused"]["diagnostics"][0]["message"].is_string()), beats)
    });

    gateway.kill();
    folder.write("apis/orders/policy.xml", &policy);
    let mut gateway = Wiring::federated(&azure, backup.path()).start();
    gateway.shows(1);
    wait::until("the mended API is not refused any more", || {
        let status = gateway.status()?.1;
        wait::check(status["refused"].as_array().is_some_and(Vec::is_empty), status)
    });
}

#[test]
fn the_log_is_one_json_object_per_line() {
    let (nginx, backup) = (Nginx::start(), tempdir().unwrap());
    let azure = Azure::start(&Folder::sample(&nginx.backends()));
    let wiring = Wiring::federated(&azure, backup.path()).set("telemetry.metrics.local", "statsd");
    let mut gateway = wiring.start();
    gateway.shows(1);
    gateway.get("/orders/items/%0A%22%7B?x=%0d%0a").unwrap();

    let record = wait::until("the requests are in the log", || {
        // `log` fails the test on a line that is no object.
        let records: Vec<_> = gateway.log().into_iter().filter(|record| record["category"] == "GatewayLogs").collect();
        let served = records.iter().find(|record| record["apiId"].is_string()).cloned();
        served.filter(|_| records.len() >= 2).ok_or_else(|| format!("{records:?}"))
    });
    assert_eq!((&record["method"], &record["responseCode"]), (&"GET".into(), &200.into()), "{record}");
    assert!(record["operationId"].as_str().is_some_and(|id| id.contains("get-item")), "{record}");
    assert!(record["backendUrl"].as_str().is_some_and(|url| url.contains("/orders-service/items/1")), "{record}");
    assert!(!gateway.log().iter().any(|record| record.to_string().contains(KEY)), "the log shows a subscription key");

    // A key that is accepted without effect is named, once.
    let named = gateway.log().iter().filter(|record| record.to_string().contains("telemetry.metrics.local")).count();
    assert_eq!(named, 1, "{:?}", gateway.log());
}

#[test]
fn https_is_served_beside_http() {
    let (nginx, backup) = (Nginx::start(), tempdir().unwrap());
    let azure = Azure::start(&Folder::sample(&nginx.backends()));
    let address = ports::free();
    let wiring = Wiring::federated(&azure, backup.path()).set("holdfast.https.listen", &address.to_string());
    let mut gateway = wiring.start();
    gateway.shows(1);

    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let status = crate::tls::get(address, version, STATUS, "");
        assert!(status.starts_with("HTTP/1.1 200") && status.contains("connected"), "{status}");
        let key = format!("Ocp-Apim-Subscription-Key: {KEY}\r\n");
        let served = crate::tls::get(address, version, "/orders/items/1", &key);
        assert!(served.starts_with("HTTP/1.1 200") && served.contains("\"backend\":\"nginx\""), "{served}");
    }
    gateway.must_run();
}
