//! Requests inspected: a token is made, the gateway learns of it, a request asks for its trace, and nobody else reads it.

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::azure::Azure;
use crate::child::{bare, holdfast, say};
use crate::folder::Folder;
use crate::gateway::Wiring;
use crate::nginx::Nginx;
use crate::wait;

const CREDENTIAL: &str = "Apim-Debug-Authorization";

fn made(api: &str) -> (String, String) {
    let said = say(bare(holdfast()).args(["debug-credential", "--api", api, "--format", "json"]));
    let document: Value = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"));
    (document["token"].as_str().expect("a token").to_owned(), document["resource"].to_string())
}

#[test]
fn whoever_holds_a_debug_credential_sees_what_each_policy_did() {
    let (nginx, backup) = (Nginx::start(), tempdir().unwrap());
    let folder = Folder::sample(&nginx.backends());
    let (token, resource) = made("orders");
    folder.write("gateways/gw1/debugCredentials/mine/debugCredentialInformation.json", &resource);
    let mut gateway =
        Wiring::to(&format!("file://{}", folder.path().display()), backup.path()).set("gateway.name", "gw1").start();
    gateway.shows(1);

    let told = gateway.get_with("/orders/items/1", &[(CREDENTIAL, &token)]).unwrap();
    assert_eq!(told.status, 200, "{told:?}");
    assert!(!told.body.windows(token.len()).any(|part| part == token.as_bytes()), "the backend never sees the token");
    let id = told.headers.get("apim-trace-id").unwrap_or_else(|| panic!("no trace: {told:?}")).clone();
    let target = format!("/trace-0123456789abcdef/{id}");
    let trace = gateway.get_with(&target, &[(CREDENTIAL, &token)]).unwrap().json().unwrap();
    assert_eq!(trace["traceId"], id.as_str(), "{trace}");
    let sources = |section: &str| -> Vec<String> {
        let entries = trace["traceEntries"][section].as_array().unwrap_or_else(|| panic!("{section}: {trace}"));
        entries.iter().map(|entry| entry["source"].as_str().unwrap_or("").to_owned()).collect()
    };
    assert_eq!(sources("inbound").first().map(String::as_str), Some("api-inspector"), "{trace}");
    assert!(sources("inbound").iter().any(|source| source == "set-header"), "{trace}");
    assert!(sources("backend").iter().any(|source| source == "forward-request"), "{trace}");
    assert!(!trace.to_string().contains(holdfast_sim::sample::KEY), "no key in a trace: {trace}");

    let text = gateway.get_with(&target, &[(CREDENTIAL, &token), ("Accept", "text/plain")]).unwrap();
    assert!(String::from_utf8_lossy(&text.body).starts_with("inbound\n"), "{text:?}");
    assert_eq!(gateway.get_with(&target, &[(CREDENTIAL, "aid=orders&guessed")]).unwrap().status, 404);
    assert_eq!(gateway.get_with(&target, &[]).unwrap().status, 404);

    let other = gateway.get_with("/catalog/items/1", &[(CREDENTIAL, &token)]).unwrap();
    assert!(other.headers.contains_key("apim-debug-authorization-wrongapi"), "{other:?}");
    let quiet = gateway.get("/orders/items/1").unwrap();
    assert!(!quiet.headers.contains_key("apim-trace-id"), "{quiet:?}");
    wait::until("the gateway still runs", || wait::check(gateway.get("/orders/items/1").is_ok(), "no answer"));
}

#[test]
fn a_credential_that_the_service_publishes_reaches_the_gateway_and_one_that_it_takes_back_is_gone() {
    let (nginx, backup) = (Nginx::start(), tempdir().unwrap());
    let folder = Folder::sample(&nginx.backends());
    let azure = Azure::start(&folder);
    let mut gateway = Wiring::federated(&azure, backup.path()).start();
    gateway.shows(1);
    let (token, resource) = made("orders");
    let asked = || gateway.get_with("/orders/items/1", &[(CREDENTIAL, &token)]).unwrap();
    assert!(!asked().headers.contains_key("apim-trace-id"), "nobody knows of it yet");

    let file = "gateways/gw1/debugCredentials/mine/debugCredentialInformation.json";
    folder.write(file, &resource);
    let id = wait::until("the gateway knows of the credential", || {
        let told = asked();
        told.headers.get("apim-trace-id").cloned().ok_or_else(|| format!("{told:?}"))
    });
    let target = format!("/trace-0123456789abcdef/{id}");
    let trace = gateway.get_with(&target, &[(CREDENTIAL, &token)]).unwrap().json().unwrap();
    assert_eq!(trace["traceId"], id.as_str(), "{trace}");
    assert!(!gateway.log().iter().any(|record| record.to_string().contains(&token)), "the log shows a credential");

    std::fs::remove_file(folder.path().join(file)).unwrap();
    wait::until("the gateway has forgotten the credential", || {
        let told = asked();
        wait::check(told.status == 200 && !told.headers.contains_key("apim-trace-id"), told)
    });
}

#[test]
fn the_management_api_gives_out_credentials_and_the_traces_that_come_of_them() {
    let (nginx, backup) = (Nginx::start(), tempdir().unwrap());
    let folder = Folder::sample(&nginx.backends());
    let azure = Azure::start(&folder);
    let mut gateway = Wiring::federated(&azure, backup.path()).start();
    gateway.shows(1);
    let api = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/shop/apis/orders";
    let wish = |after: &str| json!({ "credentialsExpireAfter": after, "purposes": ["tracing"], "apiId": api });
    assert_eq!(azure.manage("listDebugCredentials", &wish("PT2H")).0, 400);
    let (status, answer) = azure.manage("listDebugCredentials", &wish("PT1H"));
    assert_eq!(status, 200, "{answer}");
    let token = answer["token"].as_str().expect("a token").to_owned();

    let asked = || gateway.get_with("/orders/items/1", &[(CREDENTIAL, &token)]).unwrap();
    let id = wait::until("the gateway knows of the credential", || {
        let told = asked();
        told.headers.get("apim-trace-id").cloned().ok_or_else(|| format!("{told:?}"))
    });
    let trace = wait::until("the service has the trace", || {
        let (status, answer) = azure.manage("listTrace", &json!({ "traceId": id }));
        if status == 200 { Ok(answer) } else { Err(format!("{status} {answer}")) }
    });
    assert_eq!(trace["traceId"], id.as_str(), "{trace}");
    let forwarded = trace["traceEntries"]["backend"].as_array().expect("entries of backend");
    assert!(forwarded.iter().any(|entry| entry["source"] == "forward-request"), "{trace}");
    assert!(!trace.to_string().contains(holdfast_sim::sample::KEY), "no key in a trace: {trace}");
    assert!(!trace.to_string().contains(&token), "no credential in a trace: {trace}");
    assert_eq!(azure.manage("listTrace", &json!({ "traceId": "00000000-0000-0000-0000-000000000000" })).0, 404);

    folder.edit(2);
    let edited = wait::until("the gateway shows the edit", || {
        let told = asked();
        let edit = told.headers.get(holdfast_sim::sample::EDIT_HEADER).map(String::as_str);
        if edit == Some("2") { Ok(told) } else { Err(format!("{told:?}")) }
    });
    assert!(edited.headers.contains_key("apim-trace-id"), "an edit of the folder takes no credential back");
    assert_eq!(azure.manage("invalidateDebugCredentials", &Value::Null).0, 204);
    wait::until("the gateway has forgotten the credential", || {
        let told = asked();
        wait::check(told.status == 200 && !told.headers.contains_key("apim-trace-id"), told)
    });
}

#[test]
fn one_request_is_explained_offline() {
    let nothing = holdfast_sim::sample::Backends {
        orders: "http://127.0.0.1:1/o".to_owned(),
        catalog: "http://127.0.0.1:1/c".to_owned(),
    };
    let folder = Folder::sample(&nothing);
    let request = format!(
        "GET /orders/items/1 HTTP/1.1\nHost: gateway.example\nOcp-Apim-Subscription-Key: {}\n",
        holdfast_sim::sample::KEY
    );
    folder.write("../request.http", &request);
    let path = folder.path().display().to_string();
    let file = folder.path().join("../request.http").display().to_string();
    let said = say(bare(holdfast()).args(["explain", &path, "--request", &file]));
    assert_eq!(said.code, Some(0), "{said:?}");
    for words in [
        "routed to API `orders`",
        "forward-request",
        "sent GET http://127.0.0.1:1/o/items/1",
        "200 OK",
        "an empty 200 stood in",
    ] {
        assert!(said.out.contains(words), "`{words}` is not in\n{}", said.out);
    }
    assert!(!said.out.contains(holdfast_sim::sample::KEY), "{}", said.out);
    let said = say(bare(holdfast()).args(["explain", &path, "--request", "/no/such/file"]));
    assert!(said.code == Some(1) && said.err.contains("/no/such/file"), "{said:?}");
}
