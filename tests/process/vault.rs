//! Secrets that a folder leaves to a vault: fetched over TLS with a token of the metadata service, before what needs them is served.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use holdfast_sim::sample::Backends;
use serde_json::json;
use tempfile::tempdir;

use crate::authority::{Authority, Clients};
use crate::folder::Folder;
use crate::gateway::{Gateway, Wiring};
use crate::played::{Answer, Played};
use crate::wait::until;

const SECRET: &str = "s3cret-of-the-vault";

fn told(status: &'static str, answer: &serde_json::Value) -> Answer {
    Answer(status, vec!["content-type: application/json".to_owned()], answer.to_string().into_bytes())
}

/// A vault with a secret and a certificate; while `is_closed`, it refuses everybody.
fn vault(authority: &Authority, certificate: String, is_closed: Arc<AtomicBool>) -> Played {
    Played::start(
        Some(authority.server(Clients::Anyone, &[])),
        Box::new(move |asked| {
            if is_closed.load(Ordering::Relaxed) || asked.field("authorization") != "Bearer for-vaults" {
                return told("403 Forbidden", &json!({ "error": { "code": "Forbidden", "message": "not for you" } }));
            }
            match asked.target.as_str() {
                "/secrets/key?api-version=7.4" => told("200 OK", &json!({ "value": SECRET })),
                "/secrets/pair/v1?api-version=7.4" => told("200 OK", &json!({ "value": certificate })),
                _ => told("404 Not Found", &json!({ "error": { "message": "no such secret" } })),
            }
        }),
    )
}

fn identity() -> Played {
    let answer = json!({ "access_token": "for-vaults", "expires_in": "3600" });
    Played::start(None, Box::new(move |_| told("200 OK", &answer)))
}

/// A reference to a secret of a vault, as the document of a resource.
fn reference(vault: &Played, name: &str, identifier: &str) -> String {
    let identifier = format!("https://localhost:{}/secrets/{identifier}", vault.address().port());
    json!({ "properties": { "displayName": name, "keyVault": { "secretIdentifier": identifier } } }).to_string()
}

/// A gateway of `folder` that trusts `authority` and gets its tokens from `identity`.
fn wiring(folder: &Folder, authority: &Authority, identity: &Played, backup: &Path) -> Wiring {
    let file = backup.join("authority.pem");
    fs::write(&file, authority.pem()).expect("the file can be written");
    Wiring::to(&format!("file://{}", folder.path().display()), backup)
        .set("gateway.name", "gw1")
        .set("holdfast.workers", "1")
        .set("holdfast.upstream.ca.path", &file.display().to_string())
        .set("holdfast.identity.endpoint", &format!("http://{}/token", identity.address()))
}

#[test]
fn what_is_in_a_vault_is_fetched_and_nothing_waits_for_what_is_not() {
    let (authority, backup) = (Authority::new(), tempdir().unwrap());
    let pair = authority.certify("pair");
    let is_closed = Arc::new(AtomicBool::new(true));
    let (vault, identity) =
        (vault(&authority, format!("{}\n{}", pair.chain, pair.key), Arc::clone(&is_closed)), identity());
    let (backend, mutual) = (Played::echo(None), Played::echo(Some(authority.server(Clients::Certified, &[]))));

    let orders = format!("http://{}", backend.address());
    let folder = Folder::sample(&Backends { orders: orders.clone(), catalog: orders });
    let inbound = format!(
        r#"<set-header name="x-secret"><value>{{{{key}}}}</value></set-header>
           <set-backend-service base-url="https://localhost:{}" />
           <authentication-certificate certificate-id="pair" />"#,
        mutual.address().port()
    );
    folder.write("apis/orders/policy.xml", &format!("<policies><inbound><base />{inbound}</inbound></policies>"));
    folder.write("named values/key/namedValueInformation.json", &reference(&vault, "key", "key"));
    folder.write("certificates/pair/certificateInformation.json", &reference(&vault, "pair", "pair/v1"));

    let mut gateway = wiring(&folder, &authority, &identity, backup.path()).start();

    gateway.is_in(200, &["connected"]);
    assert_eq!(gateway.get("/catalog/items/1").unwrap().status, 200, "what needs no secret is served");
    assert_eq!(gateway.get("/orders/items/1").unwrap().status, 404, "what needs one is refused");
    gateway.logs("KeyVaultSecretNotAvailable", &["/secrets/key", "status code 403: not for you"]);

    is_closed.store(false, Ordering::Relaxed);
    let answer = until("the secrets are there", || match gateway.get("/orders/items/1")? {
        answer if answer.status == 200 => Ok(answer),
        answer => Err(format!("{answer:?}")),
    });
    assert_eq!(answer.status, 200);
    let asked = mutual.asked();
    let last = asked.last().expect("a request");
    assert_eq!(last.field("x-secret"), SECRET);
    assert!(last.certificate == Some(pair.leaf()), "the certificate of the vault");
    assert_eq!(identity.asked().len(), 1, "one token for both");
    assert!(!format!("{:?}", gateway.log()).contains(SECRET), "no secret in the log");
    gateway.must_run();
}

/// A vault with one secret, the one that stands in `value`; while that is empty, it refuses everybody.
fn changing(authority: &Authority, value: Arc<Mutex<&'static str>>) -> Played {
    Played::start(
        Some(authority.server(Clients::Anyone, &[])),
        Box::new(move |_| match *value.lock().unwrap() {
            "" => told("503 Service Unavailable", &json!({ "error": { "message": "closed" } })),
            value => told("200 OK", &json!({ "value": value })),
        }),
    )
}

fn serves_with(gateway: &Gateway, secret: &str) {
    until("the backend sees the secret", || match gateway.get("/orders/items/1")? {
        answer if answer.status == 200 && String::from_utf8_lossy(&answer.body).contains(secret) => Ok(()),
        answer => Err(format!("{answer:?}")),
    });
}

#[test]
fn what_was_fetched_outlives_the_process_while_the_vault_is_away() {
    let (authority, backup) = (Authority::new(), tempdir().unwrap());
    let value = Arc::new(Mutex::new(SECRET));
    let (vault, identity, backend) = (changing(&authority, Arc::clone(&value)), identity(), Played::echo(None));
    let orders = format!("http://{}", backend.address());
    let folder = Folder::sample(&Backends { orders: orders.clone(), catalog: orders });
    let inbound = r#"<base /><set-header name="x-secret"><value>{{key}}</value></set-header>"#;
    folder.write("apis/orders/policy.xml", &format!("<policies><inbound>{inbound}</inbound></policies>"));
    folder.write("named values/key/namedValueInformation.json", &reference(&vault, "key", "key"));
    let keyed = wiring(&folder, &authority, &identity, backup.path()).set("holdfast.backup.key", &"a".repeat(64));

    let mut gateway = keyed.start();
    serves_with(&gateway, SECRET);
    gateway.logs("BackupWritten", &["vaults"]);
    gateway.kill();
    let written = |slot: &str| fs::read(backup.path().join(slot)).expect("a backup");
    assert!(!String::from_utf8_lossy(&written("secrets-a.holdfast")).contains(SECRET), "it is encrypted");

    *value.lock().unwrap() = "";
    let mut gateway = keyed.start();
    serves_with(&gateway, SECRET);
    gateway.logs("KeyVaultSecretNotAvailable", &["/secrets/key", "closed"]);
    gateway.kill();

    *value.lock().unwrap() = "another-value";
    let mut gateway = keyed.start();
    serves_with(&gateway, "another-value");
    gateway.logs("BackupWritten", &["vaults"]);
    gateway.kill();

    // The newest is damaged: that is said, and the one before is used.
    *value.lock().unwrap() = "";
    let mut content = written("secrets-b.holdfast");
    *content.last_mut().expect("a byte") ^= 1;
    fs::write(backup.path().join("secrets-b.holdfast"), content).unwrap();
    let mut gateway = keyed.start();
    gateway.logs("BackupUnusable", &["secrets-b.holdfast", "checksum"]);
    serves_with(&gateway, SECRET);
    gateway.kill();

    // Without a key nothing is read and nothing is written.
    let mut gateway = keyed.set("holdfast.backup.key", "").start();
    gateway.is_in(200, &["connected"]);
    assert_eq!(gateway.get("/orders/items/1").unwrap().status, 404);
    gateway.logs("LocalBackupLocationNotFound", &["key to encrypt"]);
}
