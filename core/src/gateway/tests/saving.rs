//! Stories of saving before serving: what clients have seen once must be what the next process begins with.

use super::super::adopt::SAVE_BEFORE_SERVING_MAX;
use super::*;

/// A gateway that serves revision 1 and has it on disk.
fn serving() -> World {
    let mut world = World::new(Mode::Up, vec![backup_of(1, &["/apis/a"])]);
    world.advance(SYNC);
    assert_eq!((world.standing().as_str(), world.saved.len()), ("connected ready 00000001", 0));
    world
}

/// Answers everything but writes.
fn settle_without_disk(world: &mut World) {
    let is_write = |output: &Output| matches!(output, Output::WriteBackup(_));
    while let Some(index) = world.pending.iter().position(|o| !is_write(o) && world.answer(o).is_some()) {
        let output = world.pending.remove(index);
        world.deliver(&output);
    }
}

/// Lets a sync interval pass on a disk that hangs.
fn sync_without_disk(world: &mut World) {
    while !world.pending.iter().any(|output| matches!(output, Output::WriteBackup(_))) {
        world.pass(Duration::from_millis(100), settle_without_disk);
    }
}

#[test]
fn a_new_revision_is_served_once_it_is_saved() {
    let mut world = serving();
    world.edit(&["/apis/b"]);
    sync_without_disk(&mut world);
    assert_eq!((world.standing().as_str(), world.published.as_slice()), ("connected ready 00000001", [1].as_slice()));
    world.settle();
    assert_eq!((world.saved.as_slice(), world.published.as_slice()), ([2].as_slice(), [1, 2].as_slice()));
    assert_eq!(world.status().reason, "the service answers; revision 00000002 is served");
}

#[test]
fn a_disk_that_hangs_holds_it_up_for_two_seconds_and_newer_ones_no_longer() {
    let mut world = serving();
    world.edit(&["/apis/b"]);
    sync_without_disk(&mut world);
    world.pass(SAVE_BEFORE_SERVING_MAX / 2, settle_without_disk);
    world.edit(&["/apis/c"]);
    let beat = wire::HeartbeatAnswer { latest_revision: Some(Revision(3)) };
    world.gateway.hurry_heartbeat(world.now);
    world.pass(Duration::ZERO, |_| {});
    world.input(Input::HeartbeatSent(Ok(Bytes::from(wire::write_heartbeat_answer(&beat)))));
    world.pass(Duration::ZERO, |_| {});
    settle_without_disk(&mut world);
    world.pass(SAVE_BEFORE_SERVING_MAX / 2 - Duration::from_millis(200), settle_without_disk);
    assert_eq!((world.asked.len(), world.published.as_slice()), (4, [1].as_slice()));
    world.pass(Duration::from_millis(200), settle_without_disk);
    assert_eq!(world.published, [1, 3]);
    world.advance(SYNC);
    assert_eq!(world.saved, [2, 3]);
}

#[test]
fn a_disk_that_fails_holds_nothing_up() {
    let mut world = serving();
    world.disk_fault = Some("no space left".to_owned());
    for revision in [2, 3] {
        world.edit(&[&format!("/apis/{revision}")]);
        sync_on_a_broken_disk(&mut world);
        assert_eq!((world.published.last(), world.saved.len()), (Some(&revision), 0));
    }
}

fn sync_on_a_broken_disk(world: &mut World) {
    let before = world.published.len();
    while world.published.len() == before {
        let fetches = world.asked.len();
        world.pass(Duration::from_millis(100), World::settle);
        assert!(world.asked.len() == fetches || world.published.len() > before, "served as soon as it was fetched");
    }
}

#[test]
fn a_newer_refusal_outlives_the_revision_that_was_being_saved() {
    let mut world = serving();
    world.edit(&["/apis/b"]);
    sync_without_disk(&mut world);
    world.edit(&["/fatal"]);
    let page = world.page(Revision(2)).unwrap();
    world.pass(Duration::from_millis(1), |_| {});
    let hint = wire::HeartbeatAnswer { latest_revision: Some(Revision(3)) };
    world.gateway.hurry_heartbeat(world.now);
    world.pass(Duration::ZERO, |_| {});
    world.input(Input::HeartbeatSent(Ok(Bytes::from(wire::write_heartbeat_answer(&hint)))));
    world.pass(Duration::ZERO, |_| {});
    world.input(Input::EventsFetched(page));
    assert_eq!((world.published.as_slice(), world.status().refused.len()), ([1].as_slice(), 1));
    world.settle();
    assert_eq!((world.published.as_slice(), world.status().refused.len()), ([1, 2].as_slice(), 1));
    assert!(world.status().reason.ends_with("revision 00000002 is still served: revision 00000003 is refused"));
}
