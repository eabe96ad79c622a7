//! Managed identities on machines of Azure Arc: an agent that names a key file, believes its content, and is not believed itself.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use holdfast_sim::sample::Backends;
use serde_json::json;
use tempfile::tempdir;

use crate::folder::Folder;
use crate::gateway::{Gateway, Wiring};
use crate::played::{Answer, Asked, Played};

/// Where agents say that their keys are.
const NAMED: &str = "/var/opt/azcmagent/tokens";

/// An agent that names, for each resource, a file, and gives tokens to those who know the content of one of `keys`.
fn agent(named: BTreeMap<&'static str, String>, keys: &'static [&'static str]) -> Played {
    let given = AtomicUsize::new(0);
    Played::start(
        None,
        Box::new(move |asked| {
            if asked.field("metadata") != "true" {
                return Answer("400 Bad Request", Vec::new(), br#"{"error": "invalid_request"}"#.to_vec());
            }
            if keys.iter().any(|key| asked.field("authorization") == format!("Basic {key}")) {
                let token = format!("token-{}", given.fetch_add(1, Ordering::Relaxed) + 1);
                let answer = json!({ "access_token": token, "expires_in": "86399", "token_type": "Bearer" });
                return Answer("200 OK", Vec::new(), answer.to_string().into_bytes());
            }
            let file = resource(asked).and_then(|resource| named.get(&*resource)).map_or("", String::as_str);
            let challenge = format!("Www-Authenticate: Basic realm={file}");
            Answer("401 Unauthorized", vec![challenge], br#"{"error": "invalid_client"}"#.to_vec())
        }),
    )
}

fn resource(asked: &Asked) -> Option<String> {
    let (_, resource) = asked.target.split_once("?api-version=2020-06-01&resource=api%3A%2F%2F")?;
    Some(resource.to_owned())
}

/// A folder whose policy takes a token for the resource that the request names.
fn folder(backend: &Played) -> Folder {
    let orders = format!("http://{}", backend.address());
    let folder = Folder::sample(&Backends { orders: orders.clone(), catalog: orders });
    let inbound = r#"<base /><authentication-managed-identity
        resource="@("api://" + context.Request.Headers.GetValueOrDefault("x-resource", ""))" />"#;
    folder.write("apis/orders/policy.xml", &format!("<policies><inbound>{inbound}</inbound></policies>"));
    folder
}

/// A gateway of this folder on a machine of this agent.
fn gateway(folder: &Folder, agent: &Played, keys: &Path, scratch: &Path) -> Gateway {
    let mut gateway = Wiring::to(&format!("file://{}", folder.path().display()), scratch)
        .set("gateway.name", "gw1")
        .set("holdfast.workers", "1")
        .set("holdfast.identity.arc.keys", &keys.display().to_string())
        .set("IDENTITY_ENDPOINT", &format!("http://{}/metadata/identity/oauth2/token", agent.address()))
        .set("IMDS_ENDPOINT", &format!("http://{}", agent.address()))
        .start();
    gateway.is_in(200, &["connected"]);
    gateway
}

fn ask(gateway: &Gateway, resource: &str) -> u16 {
    gateway.get_with("/orders/items/1", &[("x-resource", resource)]).unwrap().status
}

#[test]
fn who_can_read_the_file_that_the_agent_names_gets_a_token() {
    let (keys, scratch) = (tempdir().unwrap(), tempdir().unwrap());
    fs::write(keys.path().join("first.key"), "Zmlyc3Q\n").unwrap();
    fs::write(keys.path().join("second.key"), "c2Vjb25k").unwrap();
    let named = [("one", format!("{NAMED}/first.key")), ("two", format!("{NAMED}/second.key"))].into();
    let (agent, backend) = (agent(named, &["Zmlyc3Q", "c2Vjb25k"]), Played::echo(None));
    let folder = folder(&backend);
    let mut gateway = gateway(&folder, &agent, keys.path(), scratch.path());
    for resource in ["one", "two", "one"] {
        assert_eq!(ask(&gateway, resource), 200, "{resource}");
    }
    let shown: Vec<String> = backend.asked().iter().map(|asked| asked.field("authorization").to_owned()).collect();
    assert_eq!(shown, ["Bearer token-1", "Bearer token-2", "Bearer token-1"]);
    let asked = agent.asked();
    let proofs: Vec<&str> = asked.iter().map(|asked| asked.field("authorization")).collect();
    assert_eq!(proofs, ["", "Basic Zmlyc3Q", "", "Basic c2Vjb25k"], "a question, then the same with the proof");
    let log = format!("{:?}", gateway.log());
    assert!(!log.contains("Zmlyc3Q") && !log.contains("token-1"), "neither key nor token in the log");
    gateway.must_run();
}

#[test]
fn an_agent_that_names_anything_but_a_key_of_its_folder_learns_nothing() {
    let (keys, scratch) = (tempdir().unwrap(), tempdir().unwrap());
    fs::write(keys.path().join("good.key"), "a2V5").unwrap();
    fs::write(keys.path().join("large.key"), "a".repeat(4097)).unwrap();
    fs::write(keys.path().join("note.txt"), "bm90ZQ").unwrap();
    fs::write(scratch.path().join("outside.key"), "b3V0c2lkZQ").unwrap();
    let named = [
        ("elsewhere", scratch.path().join("outside.key").display().to_string()),
        ("above", format!("{NAMED}/../{}/outside.key", scratch.path().display())),
        ("kind", format!("{NAMED}/note.txt")),
        ("large", format!("{NAMED}/large.key")),
        ("missing", format!("{NAMED}/missing.key")),
        ("nothing", String::new()),
        ("good", format!("{NAMED}/good.key")),
    ];
    let faulty: Vec<&str> = named.iter().map(|(resource, _)| *resource).filter(|name| *name != "good").collect();
    let (agent, backend) = (agent(named.into(), &["a2V5"]), Played::echo(None));
    let folder = folder(&backend);
    let gateway = gateway(&folder, &agent, keys.path(), scratch.path());
    for resource in &faulty {
        assert_eq!(ask(&gateway, resource), 500, "{resource}");
    }
    assert_eq!(agent.asked().len(), faulty.len(), "there was no second question");
    assert!(agent.asked().iter().all(|asked| asked.field("authorization").is_empty()), "and nothing was shown");
    assert_eq!((ask(&gateway, "good"), backend.asked().len()), (200, 1));
}
