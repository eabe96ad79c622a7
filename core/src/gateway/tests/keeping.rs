//! Stories of secrets that outlive the process: what vaults have told is saved, and restored while they are away.

use super::folder::source;
use super::vault::{Vaults, folder, value};
use super::*;
use crate::vault::{REFRESH, RETRY_MIN};

const HOST: &str = "kv1.vault.azure.net";

fn telling(secrets: &[(&'static str, &'static str)]) -> Vaults {
    Vaults { secrets: secrets.iter().copied().collect(), ..Vaults::default() }
}

fn away() -> Vaults {
    Vaults { away: vec![HOST], ..Vaults::default() }
}

/// A gateway of a folder that leaves `secrets` to the vaults, on a disk with these generations.
fn world(vaults: Vaults, secrets: &[&str], disk: Vec<Result<Bytes, BackupFault>>) -> World {
    let mut world = World::begin(settings(source(), BackupPlace::Present), Mode::Silent, disk, Ok(folder(secrets)));
    world.vaults = vaults;
    world.settle();
    world.advance(Duration::ZERO);
    world.folder = Ok(FolderState::Unchanged);
    world
}

/// What a process has left that knew these secrets.
fn left(vaults: Vaults, secrets: &[&str]) -> Vec<Result<Bytes, BackupFault>> {
    world(vaults, secrets, Vec::new()).disk
}

fn one() -> Vec<Result<Bytes, BackupFault>> {
    left(telling(&[("/secrets/one", "1")]), &["one"])
}

#[test]
fn what_was_fetched_is_there_after_a_restart_without_the_vault() {
    let disk = left(telling(&[("/secrets/one", "1"), ("/secrets/two", "2")]), &["one", "two"]);
    assert_eq!(disk.len(), 1, "what comes together is saved together");
    let mut world = world(away(), &["one", "two"], disk);
    assert_eq!(world.standing(), "connected ready 00000001");
    assert_eq!((value(&world, "one").as_deref(), value(&world, "two").as_deref()), (Some("1"), Some("2")));
    assert_eq!((world.count("KeyVaultSecretsRestored"), world.loudest("KeyVaultSecretNotAvailable")), (1, 1));
    world.advance(REFRESH * 3);
    assert_eq!((value(&world, "one").as_deref(), world.saved.len()), (Some("1"), 0));
}

#[test]
fn nobody_waits_for_the_vault_when_everything_is_restored() {
    let mut world = world(Vaults { is_silent: true, ..Vaults::default() }, &["one"], one());
    assert_eq!((world.standing().as_str(), value(&world, "one").as_deref()), ("connected ready 00000001", Some("1")));
    // A secret that was never fetched is waited for, as ever.
    world.folder = Ok(folder(&["one", "new"]));
    world.advance(SYNC / 2);
    assert_eq!(world.published, [1]);
    world.advance(LOST_AFTER * 2);
    assert_eq!((value(&world, "one").as_deref(), value(&world, "new"), world.published.len()), (Some("1"), None, 2));
}

#[test]
fn a_secret_that_was_changed_since_wins_and_is_saved() {
    let mut world = world(away(), &["one"], one());
    world.vaults = telling(&[("/secrets/one", "changed")]);
    world.advance(RETRY_MIN);
    assert_eq!(value(&world, "one").as_deref(), Some("changed"));
    assert_eq!((world.standing().as_str(), world.saved.len()), ("connected ready 00000002", 1));
    let again = self::world(away(), &["one"], world.disk);
    assert_eq!(value(&again, "one").as_deref(), Some("changed"));
}

#[test]
fn what_did_not_change_is_not_saved_again() {
    let mut world = world(telling(&[("/secrets/one", "1")]), &["one"], one());
    world.advance(REFRESH * 3);
    assert_eq!((world.published.as_slice(), world.saved.len()), ([1].as_slice(), 0));
}

#[test]
fn what_is_no_longer_named_is_taken_out_of_the_backup() {
    let disk = left(telling(&[("/secrets/one", "1"), ("/secrets/two", "2")]), &["one", "two"]);
    let world = world(away(), &["two"], disk);
    let kept = saved::read(world.disk[0].as_ref().unwrap(), "gw1").unwrap().secrets;
    let names: Vec<&str> = kept.keys().map(|reference| &*reference.identifier).collect();
    assert_eq!(names, ["https://kv1.vault.azure.net/secrets/two"]);
}

#[test]
fn a_backup_that_cannot_be_used_is_told_and_the_older_one_is_taken() {
    let mut disk = vec![
        Err(BackupFault { file: "secrets-a.holdfast".to_owned(), reason: "checksum".to_owned() }),
        Ok(Bytes::from_static(b"{\"format\":1,\"gateway\":\"gw2\",\"writtenAt\":\"\",\"secrets\":[]}")),
    ];
    disk.extend(one());
    let world = world(away(), &["one"], disk);
    assert_eq!((value(&world, "one").as_deref(), world.count("BackupUnusable")), (Some("1"), 2));
    let words: Vec<&str> =
        world.events.iter().filter(|event| event.name == "BackupUnusable").map(|event| &*event.message).collect();
    assert_eq!(
        words,
        [
            "backup `secrets-a.holdfast` is not used: checksum",
            "backup `generation 2` is not used: it belongs to gateway `gw2`"
        ]
    );
}

#[test]
fn a_disk_that_does_not_answer_or_cannot_be_written_holds_nothing_up() {
    let settings = settings(source(), BackupPlace::Present);
    let mut world = World::begin(settings, Mode::Silent, Vec::new(), Ok(folder(&["one"])));
    world.vaults = telling(&[("/secrets/one", "1")]);
    world.disk_fault = Some("the disk is full".to_owned());
    world.pending.clear();
    world.pass(LOST_AFTER, World::settle);
    world.advance(SYNC);
    assert_eq!(value(&world, "one").as_deref(), Some("1"));
    assert_eq!((world.count("BackupUnusable"), world.loudest("BackupWriteFailed") > 0), (1, true));
    world.disk_fault = None;
    world.advance(SYNC * 6);
    assert_eq!(world.saved.len(), 1, "tried again until it succeeds");
}

#[test]
fn what_came_just_before_the_end_is_still_saved() {
    let mut world = world(away(), &["one"], Vec::new());
    world.vaults = telling(&[("/secrets/one", "1")]);
    world.disk_fault = Some("the disk is full".to_owned());
    world.advance(RETRY_MIN);
    world.disk_fault = None;
    world.input(Input::ShutdownRequested);
    world.advance(DRAIN_DELAY);
    assert_eq!(world.saved.len(), 1);
    let asked = world.count("KeyVaultSecretFetched");
    world.advance(DRAIN_TIMEOUT / 2);
    assert_eq!(world.count("KeyVaultSecretFetched"), asked);
}

#[test]
fn without_a_place_it_is_said_once_that_nothing_is_saved() {
    let settings = settings(source(), BackupPlace::Missing);
    let mut world = World::begin(settings, Mode::Silent, Vec::new(), Ok(folder(&[])));
    world.advance(SYNC);
    assert_eq!(world.count("LocalBackupLocationNotFound"), 0, "no secrets, nothing to say");
    world.vaults = telling(&[("/secrets/one", "1")]);
    world.folder = Ok(folder(&["one"]));
    world.advance(SYNC * 3);
    assert_eq!((world.count("LocalBackupLocationNotFound"), world.saved.len()), (1, 0));
}
