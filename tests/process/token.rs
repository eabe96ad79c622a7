//! Tokens that are dead: from the start, or from one moment to the next. Never an empty 200.

use tempfile::tempdir;

use crate::azure::Azure;
use crate::folder::Folder;
use crate::gateway::Wiring;
use crate::nginx::Nginx;
use crate::traffic::Traffic;

#[test]
fn a_token_that_dies_is_said_and_costs_no_request() {
    let (nginx, backup) = (Nginx::start(), tempdir().unwrap());
    let folder = Folder::sample(&nginx.backends());
    let azure = Azure::start(&folder);
    let wiring = Wiring::federated(&azure, backup.path());
    let mut gateway = wiring.start();
    gateway.shows(1);
    gateway.logs("BackupWritten", &[]);

    let traffic = Traffic::to(&gateway);
    azure.rotate_keys();
    gateway.is_disconnected("token");
    gateway.logs("GatewayTokenRefused", &["401"]);
    traffic.goes_on(20);
    traffic.end();

    // Started again with the dead token it serves its backup, and nothing newer.
    let before = azure.revision();
    folder.edit(2);
    azure.wait_for_revision_after(&before);
    gateway.kill();
    let mut gateway = wiring.start();
    gateway.shows(1);
    gateway.is_disconnected("token");
    gateway.shows_now(1);

    // With a new token it is as before.
    gateway.kill();
    let mut gateway = wiring.set("config.service.auth", &azure.new_token()).start();
    gateway.shows(2);
    gateway.is_in(200, &["connected"]);
    assert!(
        !gateway.log().iter().any(|record| record.to_string().contains(&azure.new_token()[..40])),
        "the log shows a token"
    );
}

#[test]
fn a_fresh_start_with_an_expired_token_is_a_503_that_names_the_token() {
    let (nginx, backup) = (Nginx::start(), tempdir().unwrap());
    let azure = Azure::start_with_token_of(&Folder::sample(&nginx.backends()), 0);
    let mut gateway = Wiring::federated(&azure, backup.path()).start();
    gateway.is_not_ready("token");
    gateway.logs("GatewayTokenRefused", &["401"]);
    let message = gateway.get("/orders/items/1").unwrap().json().unwrap();
    assert!(message["message"].as_str().is_some_and(|words| words.contains("token")), "{message}");
}
