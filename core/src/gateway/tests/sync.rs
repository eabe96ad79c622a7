//! Stories of a gateway and its service: starts with and without backup, outages, refusals, catching up, heartbeats.

use super::*;

fn unreachable() -> Mode {
    Mode::Fails(FetchFailure::Unreachable("connection refused".to_owned()))
}

#[test]
fn without_backup_the_snapshot_is_fetched_served_and_saved() {
    let mut world = World::new(Mode::Up, Vec::new());
    assert_eq!(world.standing(), "starting not-ready -");
    world.settle();
    assert_eq!(world.standing(), "connected ready 00000001");
    assert_eq!((world.published.as_slice(), world.saved.as_slice()), ([1].as_slice(), [1].as_slice()));
    assert_eq!(world.count("ConfigInitialSyncCompleted"), 1);
    assert_eq!(world.asked, ["FetchSnapshot { known: None }"]);
}

#[test]
fn a_restored_gateway_is_ready_before_any_network_and_asks_for_events_at_once() {
    let mut world = World::new(Mode::Silent, vec![backup_of(1, &["/apis/a"])]);
    assert!(matches!(world.pending.as_slice(), [Output::ReadBackup]));
    world.settle();
    assert_eq!(world.standing(), "restored ready 00000001");
    assert_eq!(world.asked, ["FetchEvents { after: Revision(1) }"]);
    assert!(world.status().reason.starts_with("revision 00000001 was restored from the backup of 1970-01-01"));
    world.mode = Mode::Up;
    world.edit(&["/apis/a", "/apis/b"]);
    world.settle();
    assert_eq!(world.standing(), "connected ready 00000002");
    assert_eq!(world.saved, [2], "what was restored is not written again");
}

#[test]
fn cut_off_with_a_backup_it_serves_and_says_why() {
    let table = [
        (unreachable(), "restored", "the service cannot be reached: connection refused; revision 00000001 is served"),
        (
            Mode::Fails(FetchFailure::Timeout),
            "restored",
            "the service did not answer in time; revision 00000001 is served",
        ),
        (
            Mode::Fails(status_failure(401)),
            "disconnected",
            "the gateway token is expired or was refused (status 401); revision 00000001 is served",
        ),
        (
            Mode::Fails(status_failure(500)),
            "disconnected",
            "the service answered with status 500; revision 00000001 is served",
        ),
    ];
    for (mode, state, reason) in table {
        let mut world = World::new(mode, vec![backup_of(1, &["/apis/a"])]);
        world.advance(Duration::from_secs(300));
        assert_eq!(world.standing(), format!("{state} ready 00000001"));
        assert_eq!(world.status().reason, reason);
        assert_eq!(world.shown.len(), 3, "starting, restored, why the service is not there: an outage is shown once");
        world.mode = Mode::Up;
        world.edit(&["/apis/b"]);
        world.advance(SYNC);
        assert_eq!(world.standing(), "connected ready 00000002", "caught up within one interval");
    }
}

#[test]
fn a_service_that_is_lost_is_missed_since_then() {
    let mut world = World::new(Mode::Up, Vec::new());
    world.advance(SYNC);
    world.mode = unreachable();
    world.advance(SYNC);
    assert_eq!(world.standing(), "disconnected ready 00000001");
    let since = world.status().since.clone();
    world.advance(SYNC * 10);
    world.mode = Mode::Fails(status_failure(401));
    world.advance(SYNC);
    assert!(world.status().reason.starts_with("the gateway token is expired or was refused"));
    assert_eq!((world.status().state, world.status().since.as_str()), ("disconnected", since.as_str()));
}

#[test]
fn cut_off_without_a_backup_it_is_not_ready_and_comes_up_by_itself() {
    let mut world = World::new(Mode::Fails(status_failure(403)), Vec::new());
    world.advance(Duration::from_secs(600));
    assert_eq!(world.standing(), "starting not-ready -");
    let reason = "the gateway token is expired or was refused (status 403); there is no configuration to serve yet";
    assert_eq!(world.status().reason, reason);
    assert_eq!((world.loudest("GatewayTokenRefused"), world.loudest("ConfigInitialSyncFailed")), (1, 1));
    assert!(world.asked.len() > 30, "it goes on asking: {}", world.asked.len());
    world.mode = Mode::Up;
    world.advance(SYNC);
    assert_eq!(world.standing(), "connected ready 00000001");
}

#[test]
fn a_missing_place_for_backups_is_said_once() {
    let source = Source::Service { identity: "service:443".to_owned() };
    let settings = settings(source, BackupPlace::Missing);
    let mut world = World::begin(settings, Mode::Up, Vec::new(), Ok(FolderState::Unchanged));
    world.advance(Duration::from_secs(100));
    assert_eq!(world.standing(), "connected ready 00000001");
    assert_eq!((world.count("LocalBackupLocationNotFound"), world.saved.len()), (1, 0));
}

#[test]
fn the_newest_usable_generation_is_restored_and_the_others_are_reported() {
    let fault = || Err(BackupFault { file: "a".to_owned(), reason: "checksum does not match".to_owned() });
    let foreign = Owner { gateway_id: "gw2".to_owned(), service: "service:443".to_owned() };
    let source = snapshot::Source { revision: Revision(9), set: set(&["/apis/a"]), held: BTreeMap::new() };
    let foreign = || Ok(backup::write(&source, &foreign, WallTime::default()).unwrap());
    let too_new = || Ok(Bytes::from_static(br#"{"format":7}"#));
    let table = [
        (vec![backup_of(5, &["/apis/a"]), backup_of(4, &["/apis/a"])], Some(5), 0),
        (vec![fault(), backup_of(4, &["/apis/a"])], Some(4), 1),
        (vec![foreign(), backup_of(4, &["/apis/a"])], Some(4), 1),
        (vec![too_new(), backup_of(4, &["/apis/a"])], Some(4), 1),
        (vec![backup_of(5, &["/fatal"]), backup_of(4, &["/apis/a"])], Some(4), 1),
        (vec![fault(), fault()], None, 2),
        (vec![Ok(Bytes::from_static(b"\0\0"))], None, 1),
        (Vec::new(), None, 0),
    ];
    for (disk, restored, reported) in table {
        let mut world = World::new(Mode::Silent, disk);
        world.settle();
        assert_eq!(world.published.last().copied(), restored);
        assert_eq!(world.count("BackupUnusable"), reported);
        assert_eq!(world.status().ready, restored.is_some());
    }
}

#[test]
fn an_older_revision_is_refused_whatever_asks_for_it() {
    for backup in [Vec::new(), vec![backup_of(3, &["/apis/a"])]] {
        let mut world = World::new(Mode::Up, backup);
        world.edit(&["/apis/b"]);
        world.edit(&["/apis/c"]);
        world.settle();
        assert_eq!(world.published.last(), Some(&3));
        world.mode = Mode::Stale(1);
        world.advance(Duration::from_secs(60));
        assert_eq!(world.standing(), "disconnected ready 00000003");
        assert!(world.status().reason.starts_with("the service offers revision 00000001, older than 00000003"));
        assert_eq!(world.loudest("StaleRevisionRefused"), 1);
        world.mode = Mode::Up;
        world.advance(SYNC);
        assert_eq!(world.standing(), "connected ready 00000003");
    }
}

#[test]
fn a_stale_snapshot_is_refused_too() {
    let mut world = World::new(Mode::Up, Vec::new());
    world.edit(&["/apis/b"]);
    world.settle();
    world.mode = Mode::Forgetful;
    world.pass(SYNC, |world| {
        let asks_events = |output: &Output| matches!(output, Output::FetchEvents { .. });
        if let Some(index) = world.pending.iter().position(asks_events) {
            let events = world.pending.remove(index);
            world.deliver(&events);
            world.mode = Mode::Stale(1);
        }
    });
    assert_eq!(world.asked.last().unwrap(), "FetchSnapshot { known: Some(Revision(2)) }");
    world.settle();
    assert_eq!(world.standing(), "disconnected ready 00000002");
}

#[test]
fn forgotten_events_lead_to_the_snapshot_at_once() {
    let mut world = World::new(Mode::Forgetful, vec![backup_of(1, &["/apis/a"])]);
    world.edit(&["/apis/b"]);
    world.settle();
    assert_eq!(world.asked, ["FetchEvents { after: Revision(1) }", "FetchSnapshot { known: Some(Revision(1)) }"]);
    assert_eq!(world.standing(), "connected ready 00000002");
}

#[test]
fn full_pages_are_followed_at_once() {
    let mut world = World::new(Mode::Up, vec![backup_of(1, &["/apis/a"])]);
    for n in 0..250 {
        world.edit(&[&format!("/apis/a{n}")]);
    }
    world.settle();
    assert_eq!((world.published.as_slice(), world.asked.len()), ([1, 251].as_slice(), 3), "saved once, served once");
    assert_eq!(world.saved.last(), Some(&251));
}

#[test]
fn a_revision_refused_as_a_whole_leaves_the_old_one_and_the_next_one_is_taken() {
    let mut world = World::new(Mode::Up, Vec::new());
    world.settle();
    world.edit(&["/fatal"]);
    world.advance(SYNC);
    assert_eq!(world.standing(), "connected ready 00000001");
    assert_eq!(world.status().refused.len(), 1);
    assert!(world.status().reason.ends_with("revision 00000001 is still served: revision 00000002 is refused"));
    world.advance(HEARTBEAT);
    let (_, beat) = world.beats.last().unwrap();
    assert_eq!(beat.applied_revision, Some(Revision(1)));
    assert_eq!(beat.refused.as_ref().unwrap().revision, Revision(2));
    assert_eq!(world.count("ConfigurationRefused"), 1, "it is not compiled again and again");
    world.edit(&["/apis/b"]);
    world.advance(SYNC);
    assert_eq!(world.standing(), "connected ready 00000003");
    assert!(world.status().refused.is_empty());
    assert_eq!(world.saved, [1, 3]);
}

#[test]
fn a_first_revision_that_is_refused_leaves_it_not_ready_with_the_reason() {
    let mut world = World::new(Mode::Up, Vec::new());
    world.edit(&["/fatal"]);
    world.advance(SYNC);
    assert_eq!(world.standing(), "starting not-ready -");
    let reason = "the service answers, but revision 00000002 is refused and there is no older one to serve";
    assert_eq!((world.status().reason.as_str(), world.status().refused.len()), (reason, 1));
    world.edit(&["/apis/a"]);
    world.advance(SYNC);
    assert_eq!(world.standing(), "connected ready 00000003");
}

#[test]
fn a_refused_api_stays_behind_alone() {
    let mut world = World::new(Mode::Up, Vec::new());
    world.settle();
    world.edit(&["/apis/a", "/apis/bad"]);
    world.advance(SYNC);
    assert_eq!(world.standing(), "connected ready 00000002");
    assert_eq!(world.status().refused[0].file.as_ref(), "/apis/bad");
    assert_eq!(world.count("ConfigurationPartlyRefused"), 1);
    let saved = backup::read(world.disk[0].as_ref().unwrap(), &owner()).unwrap();
    assert_eq!(saved.source.held.keys().copied().collect::<Vec<_>>(), [Revision(1)]);
}

#[test]
fn garbage_disturbs_nothing_and_is_counted_as_a_failure() {
    let mut world = World::new(Mode::Up, Vec::new());
    world.settle();
    world.mode = Mode::Garbage;
    world.advance(Duration::from_secs(60));
    assert_eq!(world.standing(), "disconnected ready 00000001");
    assert!(world.status().reason.starts_with("the service's answer cannot be read: line 1 column"));
    let foreign = wire::Snapshot { revision: Revision(9), gateway: "gw2".to_owned(), resources: set(&["/apis/x"]) };
    let mut world = World::new(Mode::Silent, Vec::new());
    world.settle();
    world.input(Input::SnapshotFetched(Ok(Some(Bytes::from(wire::write_snapshot(&foreign))))));
    assert!(world.status().reason.contains("was made for gateway `gw2`, not for `gw1`"));
}

#[test]
fn a_failed_write_is_tried_again_and_never_two_at_once() {
    let mut world = World::new(Mode::Up, Vec::new());
    world.disk_fault = Some("no space left".to_owned());
    world.advance(Duration::from_secs(100));
    assert!(world.count("BackupWriteFailed") > 3);
    assert_eq!(world.standing(), "connected ready 00000001");
    world.disk_fault = None;
    world.advance(Duration::from_secs(60));
    assert_eq!(world.saved, [1]);
}

#[test]
fn lost_answers_wedge_nothing() {
    let mut world = World::new(Mode::Up, vec![backup_of(1, &["/apis/a"])]);
    world.pending.clear();
    world.pass(LOST_AFTER, |world| world.pending.clear());
    assert_eq!(world.standing(), "starting not-ready -");
    world.pass(LOST_AFTER * 2, |world| world.pending.clear());
    assert!(world.asked.len() >= 2 && world.beats.len() >= 2);
    world.input(Input::BackupRead(vec![backup_of(1, &["/apis/a"])]));
    assert_eq!(world.standing(), "starting not-ready -", "a late answer is ignored");
    world.advance(LOST_AFTER);
    assert_eq!(world.standing(), "connected ready 00000001");
}

#[test]
fn heartbeats_keep_their_pace_whatever_becomes_of_them() {
    let mut world = World::new(Mode::Fails(status_failure(500)), vec![backup_of(1, &["/apis/a"])]);
    world.advance(HEARTBEAT * 10);
    assert!(world.beats.len() >= 11);
    for pair in world.beats.windows(2) {
        assert!(pair[1].0.saturating_since(pair[0].0) <= HEARTBEAT);
    }
    assert_eq!(world.beats[0].1.state, "restored");
    assert_eq!(world.beats[1].1.state, "disconnected");
    world.mode = Mode::Up;
    world.advance(SYNC);
    let (_, beat) = world.beats.last().unwrap();
    assert_eq!((beat.state.as_str(), beat.applied_revision), ("connected", Some(Revision(1))), "at once");
    assert_eq!(beat.uptime_seconds / 10, 60);
}

#[test]
fn the_answer_to_a_heartbeat_makes_it_ask_at_once() {
    let mut world = World::new(Mode::Up, Vec::new());
    world.settle();
    let answer = wire::HeartbeatAnswer { latest_revision: Some(Revision(2)) };
    let is_beat = |output: &Output| matches!(output, Output::SendHeartbeat(_));
    world.pass(HEARTBEAT, |world| {
        if !world.pending.iter().any(|output| matches!(output, Output::SendHeartbeat(_))) {
            world.settle();
        }
    });
    let beat = world.pending.iter().position(is_beat).unwrap();
    world.pending.remove(beat);
    world.edit(&["/apis/b"]);
    world.input(Input::HeartbeatSent(Ok(Bytes::from(wire::write_heartbeat_answer(&answer)))));
    world.settle();
    assert_eq!(world.standing(), "connected ready 00000002");
}
