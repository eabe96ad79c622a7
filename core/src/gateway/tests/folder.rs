//! Stories of a gateway that serves a folder without any service.

use super::*;
use crate::http::Url;
use crate::keys::TokenSource;

const API: &str = r#"{"properties":{"displayName":"A","path":"a"}}"#;

pub(super) fn source() -> Source {
    let endpoint = Url::parse("http://169.254.169.254/metadata/identity/oauth2/token").unwrap();
    Source::Folder { identity: TokenSource::Metadata { endpoint } }
}

fn world(folder: Result<FolderState, String>) -> World {
    World::begin(settings(source(), BackupPlace::Present), Mode::Silent, Vec::new(), folder)
}

#[test]
fn every_change_is_the_next_revision() {
    let mut world = world(Ok(files(&[("apis/a/apiInformation.json", API)])));
    world.settle();
    assert_eq!(world.standing(), "connected ready 00000001");
    world.folder = Ok(FolderState::Unchanged);
    world.advance(SYNC * 3);
    assert_eq!(world.published, [1]);
    world.folder = Ok(files(&[("apis/a/apiInformation.json", API), ("apis/b/apiInformation.json", API)]));
    world.advance(SYNC);
    assert_eq!(world.published, [1, 2]);
    world.advance(SYNC);
    assert_eq!(world.published, [1, 2], "the same content is no new revision");
    assert!(world.beats.is_empty() && world.saved.is_empty(), "no heartbeat, no backup");
    assert_eq!(world.count("ConfigInitialSyncCompleted"), 1);
}

#[test]
fn a_folder_refused_at_the_start_is_not_ready_with_the_reason() {
    let mut world = world(Ok(files(&[])));
    world.settle();
    assert_eq!(world.standing(), "starting not-ready -");
    let reason = "the folder was read, but revision 00000001 is refused and there is no older one to serve";
    assert_eq!((world.status().reason.as_str(), world.status().refused.len()), (reason, 1));
    world.folder = Ok(files(&[("apis/a/apiInformation.json", API)]));
    world.advance(SYNC);
    assert_eq!(world.standing(), "connected ready 00000002");
}

#[test]
fn a_folder_that_breaks_leaves_what_was_served() {
    let mut world = world(Ok(files(&[("apis/a/apiInformation.json", API)])));
    world.settle();
    world.folder = Err("permission denied".to_owned());
    world.advance(SYNC * 2);
    assert_eq!(world.standing(), "disconnected ready 00000001");
    assert_eq!(world.status().reason, "the folder cannot be read: permission denied; revision 00000001 is served");
    world.folder = Ok(files(&[("apis/a/apiInformation.json", API), ("apis/bad/apiInformation.json", API)]));
    world.advance(SYNC);
    assert_eq!(world.standing(), "connected ready 00000002");
    assert_eq!(world.status().refused[0].file.as_ref(), "/apis/bad");
    world.folder = Ok(files(&[("apis/a/apiInformation.json", "{")]));
    world.advance(SYNC);
    assert!(world.status().refused.iter().any(|found| found.file.as_ref() == "apis/a/apiInformation.json"));
}

#[test]
fn a_lost_look_is_followed_by_another() {
    let mut world = world(Ok(files(&[("apis/a/apiInformation.json", API)])));
    world.pending.clear();
    world.pass(LOST_AFTER + SYNC, |_| {});
    world.settle();
    assert_eq!(world.standing(), "connected ready 00000001");
}
