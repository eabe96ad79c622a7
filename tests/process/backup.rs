//! Backups that are damaged, somebody else's, or in a place that cannot be written. The service is dead in all of them.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::{TempDir, tempdir};

use crate::azure::Azure;
use crate::folder::Folder;
use crate::gateway::Wiring;
use crate::nginx::Nginx;
use crate::wait;

/// A gateway that served edit 1, then edit 2, saved both, and was killed together with its service.
struct Wreck {
    _nginx: Nginx,
    _folder: Folder,
    azure: Azure,
    backup: TempDir,
    wiring: Wiring,
}

impl Wreck {
    fn new(settings: &[(&str, &str)]) -> Self {
        let (nginx, backup) = (Nginx::start(), tempdir().unwrap());
        let folder = Folder::sample(&nginx.backends());
        let mut azure = Azure::start(&folder);
        let wiring = Wiring::federated(&azure, backup.path());
        let wiring = settings.iter().fold(wiring, |wiring, (key, value)| wiring.set(key, value));
        let mut gateway = wiring.start();
        gateway.shows(1);
        gateway.logs("BackupWritten", &[&azure.revision()]);
        let before = azure.revision();
        folder.edit(2);
        let revision = azure.wait_for_revision_after(&before);
        gateway.shows(2);
        gateway.logs("BackupWritten", &[&revision]);
        azure.kill();
        gateway.kill();
        Self { _nginx: nginx, _folder: folder, azure, backup, wiring }
    }

    /// The two generations, newest first.
    fn generations(&self) -> [PathBuf; 2] {
        let mut files: Vec<PathBuf> = files(self.backup.path());
        files.sort_by_key(|file| std::cmp::Reverse(generation(file)));
        files.try_into().unwrap_or_else(|files| panic!("two generations are kept, not {files:?}"))
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "holdfast")).collect()
}

// Its number stands in bytes 12 to 20 of the header, big-endian.
fn generation(file: &Path) -> u64 {
    let content = fs::read(file).unwrap();
    u64::from_be_bytes(content[12..20].try_into().unwrap())
}

fn name(file: &Path) -> String {
    file.file_name().unwrap().to_string_lossy().into_owned()
}

fn truncate(file: &Path) {
    let content = fs::read(file).unwrap();
    fs::write(file, &content[..content.len() / 2]).unwrap();
}

fn flip_a_bit(file: &Path) {
    let mut content = fs::read(file).unwrap();
    let middle = content.len() / 2;
    content[middle] ^= 0x10;
    fs::write(file, content).unwrap();
}

#[test]
fn a_truncated_newest_backup_is_named_and_the_older_generation_is_served() {
    let wreck = Wreck::new(&[]);
    let [newest, _] = wreck.generations();
    truncate(&newest);
    let mut gateway = wreck.wiring.start();
    gateway.shows(1);
    gateway.logs("BackupUnusable", &[&name(&newest), "cut off"]);
    gateway.is_restored();
}

#[test]
fn a_flipped_bit_is_found_and_the_service_mends_what_was_lost() {
    let mut wreck = Wreck::new(&[]);
    let [newest, older] = wreck.generations();
    flip_a_bit(&newest);
    let mut gateway = wreck.wiring.start();
    gateway.shows(1);
    gateway.logs("BackupUnusable", &[&name(&newest), "checksum"]);
    gateway.kill();

    flip_a_bit(&older);
    fs::write(wreck.backup.path().join("snapshot-a.holdfast.tmp"), b"HOLDFAST left by an interrupted save").unwrap();
    let mut gateway = wreck.wiring.start();
    gateway.is_not_ready("cannot be reached");
    for file in [&newest, &older] {
        gateway.logs("BackupUnusable", &[&name(file), "checksum"]);
    }
    wreck.azure.restart();
    gateway.shows(2);
    gateway.logs("BackupWritten", &[]);
    wreck.azure.kill();
    gateway.kill();
    wreck.wiring.start().shows(2);
}

#[test]
fn a_backup_of_another_gateway_or_service_is_refused() {
    let wreck = Wreck::new(&[]);
    let other_gateway = "GatewayKey gw2&203001010000&AAAA";
    let mut gateway = wreck.wiring.clone().set("config.service.auth", other_gateway).start();
    gateway.is_not_ready("cannot be reached");
    gateway.logs("BackupUnusable", &["gw1"]);
    gateway.kill();

    let other_service = format!("https://{}", crate::ports::free());
    let mut gateway = wreck.wiring.clone().set("config.service.endpoint", &other_service).start();
    gateway.is_not_ready("cannot be reached");
    gateway.logs("BackupUnusable", &[wreck.azure.endpoint().trim_start_matches("https://")]);
    gateway.kill();

    // Refused is not removed: whom it belongs to finds it again.
    wreck.wiring.start().shows(2);
}

#[test]
fn an_encrypted_backup_opens_with_its_key_alone() {
    let key = |digit: &str| digit.repeat(64);
    let wreck = Wreck::new(&[("holdfast.backup.key", &key("a"))]);
    let [newest, _] = wreck.generations();
    let mut gateway = wreck.wiring.clone().set("holdfast.backup.key", &key("b")).start();
    gateway.is_not_ready("cannot be reached");
    gateway.logs("BackupUnusable", &[&name(&newest), "holdfast.backup.key"]);
    gateway.kill();
    let mut gateway = wreck.wiring.clone().set("holdfast.backup.key", "").start();
    gateway.is_not_ready("cannot be reached");
    gateway.logs("BackupUnusable", &[&name(&newest), "holdfast.backup.key"]);
    gateway.kill();
    wreck.wiring.start().shows(2);
}

#[test]
fn a_place_that_cannot_be_written_is_said_and_costs_no_request() {
    let (nginx, place) = (Nginx::start(), tempdir().unwrap());
    let azure = Azure::start(&Folder::sample(&nginx.backends()));
    let missing = place.path().join("not-mounted");
    let mut gateway = Wiring::federated(&azure, &missing).start();
    gateway.shows(1);
    gateway.logs("LocalBackupLocationNotFound", &[]);
    wait::until("it stays connected", || {
        let (code, status) = gateway.status()?;
        wait::check(code == 200 && status["state"] == "connected", status)
    });
    assert!(!missing.exists(), "a volume that is not mounted must not be made up");
}
