//! The store over a real directory.

use std::fs;

use super::*;
use crate::disk::OsDisk;

const OLD: &[u8] = b"{\"revision\":\"00000001\"}";
const NEW: &[u8] = b"{\"revision\":\"00000002\"}";

fn store(directory: &Path, key: Option<BackupKey>) -> Store<OsDisk> {
    store_of(Content::Configuration, directory, key)
}

fn store_of(content: Content, directory: &Path, key: Option<BackupKey>) -> Store<OsDisk> {
    Store::new(OsDisk, directory.to_owned(), content, key, Arc::new(rustls::crypto::ring::default_provider()))
}

async fn documents(store: &mut Store<OsDisk>) -> Vec<Vec<u8>> {
    store.read().await.into_iter().filter_map(|read| read.ok().map(|bytes| bytes.to_vec())).collect()
}

#[tokio::test(flavor = "current_thread")]
async fn two_generations_are_kept_across_restarts() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(store(directory.path(), None).read().await.len(), 0);
    for number in 1..=5_u8 {
        // A store of its own each time: nothing is remembered but what is on the disk.
        store(directory.path(), None).write(&[number]).await.unwrap();
    }
    assert_eq!(documents(&mut store(directory.path(), None)).await, [[5], [4]]);
}

#[tokio::test(flavor = "current_thread")]
async fn a_damaged_newest_falls_back_to_the_older_and_is_written_over_first() {
    let directory = tempfile::tempdir().unwrap();
    let mut first = store(directory.path(), None);
    first.write(OLD).await.unwrap();
    first.write(NEW).await.unwrap();
    let newest = directory.path().join(Content::Configuration.slots()[1]);
    let mut content = fs::read(&newest).unwrap();
    *content.last_mut().unwrap() ^= 1;
    fs::write(&newest, content).unwrap();
    let mut second = store(directory.path(), None);
    let read = second.read().await;
    let fault = BackupFault {
        file: Content::Configuration.slots()[1].to_owned(),
        reason: "damaged: the checksum does not match".to_owned(),
    };
    assert_eq!(read[0], Err(fault));
    assert_eq!(read[1].as_deref(), Ok(OLD));
    second.write(NEW).await.unwrap();
    assert_eq!(documents(&mut second).await, [NEW, OLD]);
}

#[tokio::test(flavor = "current_thread")]
async fn an_encrypted_backup_needs_its_key() {
    let directory = tempfile::tempdir().unwrap();
    store(directory.path(), Some(BackupKey([1; 32]))).write(NEW).await.unwrap();
    assert_eq!(documents(&mut store(directory.path(), Some(BackupKey([1; 32])))).await, [NEW]);
    for key in [None, Some(BackupKey([2; 32]))] {
        let read = store(directory.path(), key).read().await;
        assert!(read[0].as_ref().unwrap_err().reason.contains("holdfast.backup.key"));
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_key_that_comes_back_finds_the_newest_generation_to_be_the_newest() {
    let directory = tempfile::tempdir().unwrap();
    let (first, second) = (Some(BackupKey([1; 32])), Some(BackupKey([2; 32])));
    for number in 1..=3_u8 {
        store(directory.path(), first.clone()).write(&[number]).await.unwrap();
    }
    store(directory.path(), second.clone()).write(&[4]).await.unwrap();
    assert_eq!(documents(&mut store(directory.path(), second)).await, [[4]]);
    // The generation before was the older one, so the newest that the first key sealed is still there; the next one is newer than all.
    assert_eq!(documents(&mut store(directory.path(), first.clone())).await, [[3]]);
    store(directory.path(), first.clone()).write(&[5]).await.unwrap();
    assert_eq!(documents(&mut store(directory.path(), first)).await, [[5], [3]]);
}

#[tokio::test(flavor = "current_thread")]
async fn leftovers_are_removed_and_strangers_stay() {
    let directory = tempfile::tempdir().unwrap();
    let leftover = directory.path().join("snapshot-a.holdfast.tmp");
    let stranger = directory.path().join("snapshot.lock.json");
    fs::write(&leftover, "half").unwrap();
    fs::write(&stranger, "{}").unwrap();
    assert_eq!(store(directory.path(), None).read().await.len(), 0);
    assert!(!leftover.exists());
    assert!(stranger.exists());
}

#[tokio::test(flavor = "current_thread")]
async fn a_place_is_probed_and_a_missing_one_is_named() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(store(directory.path(), None).probe().await, Place::Writable);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    let missing = directory.path().join("missing");
    let Place::Missing(reason) = store(&missing, None).probe().await else { panic!("it is missing") };
    assert!(reason.ends_with("missing: does not exist"), "{reason}");
    assert!(store(&missing, None).write(NEW).await.unwrap_err().contains("does not exist"));
}

#[tokio::test(flavor = "current_thread")]
async fn secrets_and_a_configuration_keep_out_of_each_other_s_way() {
    let directory = tempfile::tempdir().unwrap();
    store(directory.path(), None).write(OLD).await.unwrap();
    let leftover = directory.path().join("secrets-a.holdfast.tmp");
    fs::write(&leftover, "half").unwrap();
    assert_eq!(documents(&mut store(directory.path(), None)).await, [OLD]);
    assert!(leftover.exists(), "it is the other one's");
    let mut secrets = store_of(Content::Secrets, directory.path(), None);
    assert_eq!(documents(&mut secrets).await.len(), 0);
    secrets.write(NEW).await.unwrap();
    assert_eq!(documents(&mut secrets).await, [NEW]);
    assert_eq!((documents(&mut store(directory.path(), None)).await, leftover.exists()), (vec![OLD.to_vec()], false));
}
