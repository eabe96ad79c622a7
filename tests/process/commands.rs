//! The command line beside the gateway itself: `check`, `routes`, `health`, and settings that cannot be used.

use serde_json::Value;
use tempfile::tempdir;

use crate::azure::Azure;
use crate::child::{Said, bare, holdfast, say};
use crate::folder::Folder;
use crate::gateway::{STATUS, Wiring};
use crate::nginx::Nginx;
use crate::ports;
use holdfast_sim::sample::Backends;

fn folder() -> Folder {
    Folder::sample(&Backends { orders: "http://127.0.0.1:1/o".to_owned(), catalog: "http://127.0.0.1:1/c".to_owned() })
}

fn run(arguments: &[&str]) -> Said {
    say(bare(holdfast()).args(arguments))
}

fn diagnostics(said: &Said) -> Vec<Value> {
    let document: Value = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"));
    let list = if document.is_array() { &document } else { &document["diagnostics"] };
    list.as_array().unwrap_or_else(|| panic!("there is no list of diagnostics: {document}")).clone()
}

#[test]
fn check_takes_a_good_folder() {
    let folder = folder();
    let path = folder.path().display().to_string();
    let said = run(&["check", &path]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let said = run(&["check", &path, "--format", "json"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(diagnostics(&said).iter().all(|found| found["severity"] != "error"), "{said:?}");
}

#[test]
fn check_names_the_place_of_every_mistake_at_once() {
    let folder = folder();
    folder.write("policy.xml", "<policies>\n  <inbound>\n    <no-such-policy />\n  </inbound>\n</policies>\n");
    folder.write("apis/catalog/apiInformation.json", "{ \"properties\": {\n  \"path\": \"catalog\",\n");
    folder.write(
        "apis/orders/policy.xml",
        "<policies>\n  <inbound>\n    <base />\n    <set-header name=\"x\"><value>@(context.)</value></set-header>\n  </inbound>\n</policies>\n",
    );
    folder.write("products/starter/apis/nothing/productApiInformation.json", "{}");
    let path = folder.path().display().to_string();

    let said = run(&["check", &path]);
    assert_eq!(said.code, Some(1), "{said:?}");
    let shown = format!("{}{}", said.out, said.err);
    for place in ["policy.xml:3:", "apis/catalog/apiInformation.json:", "apis/orders/policy.xml:4:", "nothing"] {
        assert!(shown.contains(place), "`{place}` is not named:\n{shown}");
    }

    let said = run(&["check", &path, "--format", "json"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    let found = diagnostics(&said);
    let errors: Vec<&Value> = found.iter().filter(|found| found["severity"] == "error").collect();
    assert!(errors.len() >= 3, "{found:?}");
    let has = |file: &str, line: u64| errors.iter().any(|e| e["file"] == file && e["position"]["line"] == line);
    assert!(has("policy.xml", 3) && has("apis/orders/policy.xml", 4), "{errors:?}");
}

#[test]
fn check_says_what_is_wrong_with_its_arguments() {
    for arguments in [&["check"][..], &["check", "/no/such/folder"], &["check", "/", "--format", "xml"], &["chek", "/"]]
    {
        let said = run(arguments);
        assert!(said.code.is_some_and(|code| code != 0), "{arguments:?}: {said:?}");
        assert!(!said.err.is_empty() || !said.out.is_empty(), "{arguments:?} fails without a word");
        assert!(!said.err.contains("panicked"), "{said:?}");
    }
}

#[test]
fn routes_shows_what_is_served_where() {
    let said = run(&["routes", &folder().path().display().to_string()]);
    assert_eq!(said.code, Some(0), "{said:?}");
    for (method, path) in [("GET", "/orders/items/{id}"), ("POST", "/catalog/items"), ("GET", "/catalog/items")] {
        let named = said.out.lines().any(|line| line.contains(method) && line.contains(path));
        assert!(named, "`{method} {path}` is not shown:\n{}", said.out);
    }
}

#[test]
fn expressions_are_checked_and_evaluated_without_a_gateway() {
    let folder = tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let context =
        put("context.json", r#"{"request": {"headers": {"X-A": "1"}}, "clock": "2024-02-29T00:00:00Z", "seed": 1}"#);
    let source = put("source", "@(context.Request.Headers.GetValueOrDefault(\"x-a\", \"none\"))\n");
    let said = run(&["expr", "eval", "--context", &context, &source]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), "System.String\n1\n"), "{said:?}");
    let wrong = put("wrong", "@(context.Requst)");
    for arguments in [["expr", "check", &wrong], ["expr", "eval", &wrong]] {
        let said = run(&arguments);
        let shown = format!("{}{}", said.out, said.err);
        assert!(said.code == Some(1) && shown.contains("wrong:1:11") && shown.contains("`Request`"), "{said:?}");
    }
    let cases = put("cases.jsonl", "{\"id\": 1, \"source\": \"@(DateTime.UtcNow.Day)\"}\nnonsense\n");
    let said = run(&["expr", "eval", "--context", &context, "--batch", &cases]);
    assert_eq!(said.out, "{\"id\":1,\"type\":\"System.Int32\",\"value\":29}\n", "{said:?}");
    assert!(said.code == Some(1) && said.err.contains("cases.jsonl:2: "), "{said:?}");
    let said = run(&["expr", "members", "IUrl"]);
    assert!(said.code == Some(0) && said.out.lines().all(|line| line.starts_with("IUrl ")), "{said:?}");
    let said = run(&["expr", "evl"]);
    assert!(said.code == Some(2) && said.err.contains("did you mean `eval`?"), "{said:?}");
}

#[test]
fn health_asks_the_gateway_of_its_environment_or_of_its_argument() {
    let (nginx, backup) = (Nginx::start(), tempdir().unwrap());
    let azure = Azure::start(&Folder::sample(&nginx.backends()));
    let wiring = Wiring::federated(&azure, backup.path());
    let mut gateway = wiring.start();
    gateway.shows(1);

    let said = say(bare(holdfast()).envs(wiring.variables()).arg("health"));
    assert_eq!(said.code, Some(0), "{said:?}");
    let said = run(&["health", &gateway.url(STATUS)]);
    assert_eq!(said.code, Some(0), "{said:?}");

    let nobody = format!("http://{}{STATUS}", ports::free());
    let said = run(&["health", &nobody]);
    assert_eq!(said.code, Some(1), "{said:?}");

    let unready = tempdir().unwrap();
    azure.break_with("cut");
    let wiring = Wiring::federated(&azure, unready.path());
    let mut gateway = wiring.start();
    gateway.is_not_ready("cannot be reached");
    let said = say(bare(holdfast()).envs(wiring.variables()).arg("health"));
    assert_eq!(said.code, Some(1), "{said:?}");
}

#[test]
fn settings_that_cannot_be_used_are_all_named_and_nothing_starts() {
    let said = say(bare(holdfast()).envs([
        ("config.service.endpoint", "ftp://nowhere"),
        ("holdfast.http.listen", "everywhere"),
        ("holdfast.sync.interval", "soon"),
    ]));
    assert!(said.code.is_some_and(|code| code != 0), "{said:?}");
    let shown = format!("{}{}", said.out, said.err);
    let nothing = say(&mut bare(holdfast()));
    assert!(nothing.code.is_some_and(|code| code != 0), "{nothing:?}");
    assert!(format!("{}{}", nothing.out, nothing.err).contains("`config.service.endpoint`"), "{nothing:?}");
    for key in ["config.service.endpoint", "holdfast.http.listen", "holdfast.sync.interval"] {
        assert!(shown.contains(key), "`{key}` is not named:\n{shown}");
    }
}

#[test]
fn a_port_that_is_taken_is_an_error_that_names_it() {
    let taken = std::net::TcpListener::bind(ports::free()).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let backup = tempdir().unwrap();
    let endpoint = format!("file://{}", folder().path().display());
    let wiring = Wiring::to(&endpoint, backup.path()).set("gateway.name", "gw1").set("holdfast.http.listen", &address);
    let said = say(bare(holdfast()).envs(wiring.variables()));
    assert!(said.code.is_some_and(|code| code != 0), "{said:?}");
    assert!(format!("{}{}", said.out, said.err).contains(&address), "{said:?}");
}
