//! Fail-static: the service is lost in every way there is, the gateway too, and requests go on. Damages no backup.

use tempfile::tempdir;

use crate::azure::Azure;
use crate::folder::Folder;
use crate::gateway::Wiring;
use crate::nginx::Nginx;
use crate::traffic::Traffic;

#[test]
fn a_killed_service_is_missed_by_nobody_and_caught_up_with_when_it_is_back() {
    let (nginx, backup) = (Nginx::start(), tempdir().unwrap());
    let folder = Folder::sample(&nginx.backends());
    let mut azure = Azure::start(&folder);
    let mut gateway = Wiring::federated(&azure, backup.path()).start();
    gateway.shows(1);

    let traffic = Traffic::to(&gateway);
    azure.kill();
    gateway.is_disconnected("cannot be reached");
    let status = gateway.status().unwrap().1;
    assert!(status["since"].as_str().is_some_and(|since| since.starts_with("20")), "{status}");
    assert_eq!((&status["ready"], &status["revision"]), (&true.into(), &"00000001".into()), "{status}");
    traffic.goes_on(50);
    gateway.shows_now(1);

    folder.edit(2);
    azure.restart();
    gateway.shows(2);
    gateway.is_in(200, &["connected"]);
    traffic.end();
}

#[test]
fn restarted_while_cut_off_it_serves_from_its_backup_and_catches_up_later() {
    let (nginx, backup) = (Nginx::start(), tempdir().unwrap());
    let folder = Folder::sample(&nginx.backends());
    let mut azure = Azure::start(&folder);
    let wiring = Wiring::federated(&azure, backup.path());
    let mut gateway = wiring.start();
    gateway.shows(1);
    let before = azure.revision();
    folder.edit(2);
    let revision = azure.wait_for_revision_after(&before);
    gateway.shows(2);
    gateway.logs("BackupWritten", &[&revision]);

    azure.kill();
    gateway.kill();
    let mut gateway = wiring.start();
    gateway.shows(2);
    gateway.is_restored();
    assert_eq!(gateway.status().unwrap().1["revision"], revision);

    folder.edit(3);
    azure.restart();
    gateway.shows(3);
    gateway.is_in(200, &["connected"]);
}

#[test]
fn without_backup_and_service_it_says_503_and_why_and_serves_once_the_service_is_back() {
    let (nginx, backup, empty) = (Nginx::start(), tempdir().unwrap(), tempdir().unwrap());
    let folder = Folder::sample(&nginx.backends());
    let mut azure = Azure::start(&folder);
    let mut gateway = Wiring::federated(&azure, backup.path()).start();
    gateway.shows(1);
    azure.kill();
    gateway.kill();

    let mut gateway = Wiring::federated(&azure, empty.path()).start();
    gateway.is_not_ready("cannot be reached");
    azure.restart();
    gateway.shows(1);
    gateway.is_in(200, &["connected"]);
}

#[test]
fn no_fault_of_the_service_costs_a_request_and_each_is_caught_up_with() {
    let (nginx, backup) = (Nginx::start(), tempdir().unwrap());
    let folder = Folder::sample(&nginx.backends());
    let azure = Azure::start(&folder);
    let mut gateway = Wiring::federated(&azure, backup.path()).set("config.service.integration.timeout", "1s").start();
    gateway.shows(1);
    // A second revision, so that there is an older one to show.
    folder.edit(2);
    gateway.shows(2);

    let traffic = Traffic::to(&gateway);
    let faults = [
        ("cut", "cannot be reached"),
        ("hang", "in time"),
        ("401", "token"),
        ("429", "429"),
        ("500", "500"),
        ("garbage", "cannot be read"),
        ("old-revision", "older"),
        ("slow", "in time"),
    ];
    for (edit, (fault, word)) in (3..).zip(faults) {
        azure.break_with(fault);
        gateway.is_disconnected(word);
        let before = azure.revision();
        folder.edit(edit);
        azure.wait_for_revision_after(&before);
        traffic.goes_on(5);
        gateway.shows_now(edit - 1);
        azure.mend();
        gateway.shows(edit);
        gateway.is_in(200, &["connected"]);
    }
    traffic.end();
}
