//! Stories of the end: readiness off, listeners closed, requests finished, the last heartbeat, the exit code.

use super::*;
use crate::gateway::{EXIT_DRAINED, EXIT_FORCED};

fn connected() -> World {
    let mut world = World::new(Mode::Up, Vec::new());
    world.settle();
    world
}

#[test]
fn readiness_goes_off_at_once_and_listeners_close_after_the_delay() {
    let mut world = connected();
    world.input(Input::ShutdownRequested);
    assert_eq!((world.standing().as_str(), world.stopped_accepting), ("draining not-ready 00000001", false));
    assert_eq!(world.beats.last().unwrap().1.state, "draining");
    world.advance(DRAIN_DELAY);
    assert_eq!((world.stopped_accepting, world.exit), (true, None));
    world.input(Input::Drained);
    assert_eq!((world.standing().as_str(), world.exit), ("stopped not-ready 00000001", Some(EXIT_DRAINED)));
    assert_eq!(world.beats.last().unwrap().1.state, "stopped");
}

#[test]
fn the_deadline_ends_it_with_requests_left() {
    let mut world = connected();
    world.input(Input::ShutdownRequested);
    world.advance(DRAIN_DELAY + DRAIN_TIMEOUT);
    assert_eq!(world.exit, Some(EXIT_DRAINED));
    assert_eq!(world.status().reason, "requests were still in flight at the deadline");
}

#[test]
fn a_second_request_ends_it_at_once() {
    let mut world = connected();
    world.input(Input::ShutdownRequested);
    world.input(Input::ShutdownRequested);
    assert_eq!((world.exit, world.status().state), (Some(EXIT_FORCED), "stopped"));
}

#[test]
fn it_asks_nothing_more_and_what_comes_late_is_ignored() {
    let mut world = connected();
    world.mode = Mode::Silent;
    world.advance(SYNC);
    world.edit(&["/apis/b"]);
    world.mode = Mode::Up;
    let asked = world.asked.len();
    world.input(Input::ShutdownRequested);
    world.advance(DRAIN_DELAY * 2);
    assert_eq!((world.asked.len(), world.published.as_slice()), (asked, [1].as_slice()));
    world.input(Input::Drained);
    world.gateway.handle_input(Input::ShutdownRequested, world.now);
    world.gateway.handle_timeout(world.now);
    assert!(world.gateway.poll_output().is_none() && world.gateway.poll_timeout().is_none());
}

#[test]
fn a_silent_service_delays_no_exit() {
    let mut world = connected();
    world.mode = Mode::Silent;
    world.advance(HEARTBEAT);
    let beats = world.beats.len();
    world.input(Input::ShutdownRequested);
    world.advance(DRAIN_DELAY);
    world.input(Input::Drained);
    assert_eq!((world.exit, world.beats.len()), (Some(EXIT_DRAINED), beats), "never two under way");
}

#[test]
fn a_gateway_that_never_started_ends_as_well() {
    let mut world = World::new(Mode::Silent, vec![backup_of(1, &["/apis/a"])]);
    world.input(Input::ShutdownRequested);
    world.input(Input::BackupRead(vec![backup_of(1, &["/apis/a"])]));
    assert_eq!(world.standing(), "draining not-ready -");
    world.advance(DRAIN_DELAY);
    world.input(Input::Drained);
    assert_eq!(world.exit, Some(EXIT_DRAINED));
}

#[test]
fn no_setting_makes_it_spin() {
    let source = Source::Service { identity: "service:443".to_owned() };
    let mut settings = settings(source, BackupPlace::Present);
    (settings.sync_interval, settings.heartbeat_interval) = (Duration::ZERO, Duration::ZERO);
    (settings.drain_delay, settings.drain_timeout) = (Duration::ZERO, Duration::ZERO);
    let mut world = World::begin(settings, Mode::Up, Vec::new(), Ok(FolderState::Unchanged));
    world.advance(Duration::from_secs(1));
    assert!(world.asked.len() < 200 && world.beats.len() < 200);
    world.input(Input::ShutdownRequested);
    assert!(world.status().state == "draining" || world.exit.is_some());
    world.advance(Duration::ZERO);
    assert_eq!(world.exit, Some(EXIT_DRAINED));
}
