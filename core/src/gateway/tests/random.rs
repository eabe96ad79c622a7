//! Any interleaving of answers, failures, garbage, losses and pauses: the world's invariants hold, and after healing it catches up.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Become(Mode),
    Edit(usize),
    Pass(u64),
    /// Answers one of the open questions.
    Deliver(usize),
    /// Loses one of the open questions.
    Lose(usize),
    /// An answer that nobody asked for, or that asks for something else.
    Intrude(usize),
    DiskFails(bool),
}

const EDITS: [&[&str]; 5] = [&["/apis/a"], &["/apis/a", "/apis/b"], &["/apis/a", "/apis/bad"], &["/fatal"], &[]];

fn mode() -> impl Strategy<Value = Mode> {
    prop_oneof![
        4 => Just(Mode::Up),
        1 => Just(Mode::Garbage),
        1 => Just(Mode::Forgetful),
        1 => Just(Mode::Silent),
        1 => Just(Mode::Stale(0)),
        1 => Just(Mode::Stale(1)),
        1 => Just(Mode::Fails(FetchFailure::Timeout)),
        1 => prop::sample::select(vec![401, 404, 410, 429, 500, 503]).prop_map(|code| Mode::Fails(status_failure(code))),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => mode().prop_map(Step::Become),
        2 => (0..EDITS.len()).prop_map(Step::Edit),
        4 => (0..40_u64).prop_map(Step::Pass),
        6 => (0..4_usize).prop_map(Step::Deliver),
        1 => (0..4_usize).prop_map(Step::Lose),
        1 => (0..7_usize).prop_map(Step::Intrude),
        1 => any::<bool>().prop_map(Step::DiskFails),
    ]
}

fn disk() -> impl Strategy<Value = Vec<Result<Bytes, BackupFault>>> {
    let fault = || Err(BackupFault { file: "a".to_owned(), reason: "torn".to_owned() });
    prop_oneof![
        Just(Vec::new()),
        Just(vec![backup_of(1, &["/apis/a"])]),
        Just(vec![fault(), backup_of(1, &["/apis/a"])]),
        Just(vec![Ok(Bytes::from_static(b"{}"))]),
    ]
}

fn take_step(world: &mut World, step: Step) {
    match step {
        Step::Become(mode) => world.mode = mode,
        Step::Edit(which) => world.edit(EDITS[which]),
        Step::Pass(seconds) => world.pass(Duration::from_secs(seconds), |_| {}),
        Step::Deliver(index) if index < world.pending.len() => {
            let output = world.pending.remove(index);
            if world.answer(&output).is_some() {
                world.deliver(&output);
            }
        }
        Step::Lose(index) if index < world.pending.len() => drop(world.pending.remove(index)),
        Step::Deliver(_) | Step::Lose(_) => {}
        Step::Intrude(which) => intrude(world, which),
        Step::DiskFails(fails) => world.disk_fault = fails.then(|| "no space left".to_owned()),
    }
}

// What comes unasked must do no harm, whether something of its kind is under way or not.
fn intrude(world: &mut World, which: usize) {
    let kinds = ["read", "write", "fetch", "heartbeat"];
    let before: Vec<Option<Instant>> = kinds.iter().map(|kind| world.asked_at.get(kind).copied()).collect();
    let open = |kind: &str| kinds.iter().position(|k| *k == kind).is_some_and(|index| before[index].is_some());
    let garbage = || Bytes::from_static(b"\xff{");
    match which {
        0 if !open("read") => world.input(Input::BackupRead(vec![backup_of(7, &["/apis/z"])])),
        1 if !open("write") => world.input(Input::BackupWritten(Ok(()))),
        2 if !open("fetch") => world.input(Input::SnapshotFetched(Ok(None))),
        3 if !open("fetch") => world.input(Input::EventsFetched(Ok(garbage()))),
        4 if !open("heartbeat") => world.input(Input::HeartbeatSent(Ok(garbage()))),
        5 => world.input(Input::FolderRead(Ok(FolderState::Unchanged))),
        _ => world.input(Input::Drained),
    }
}

// Every question that is still open fails, as `io`'s timeouts make it; then the service and the disk are well again.
fn heal(world: &mut World) {
    world.mode = Mode::Fails(FetchFailure::Timeout);
    world.settle();
    world.pass(LOST_AFTER, World::settle);
    world.mode = Mode::Up;
    world.disk_fault = None;
    world.edit(&["/apis/a", "/apis/healed"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_interleaving_keeps_the_invariants_and_catches_up(
        disk in disk(),
        steps in prop::collection::vec(step(), 0..80),
    ) {
        let mut world = World::new(Mode::Up, disk);
        for step in steps {
            take_step(&mut world, step);
        }
        heal(&mut world);
        world.advance(SYNC);
        let expected = format!("connected ready {}", Revision(world.latest()));
        prop_assert_eq!(world.standing(), expected);
        world.advance(Duration::from_secs(60));
        prop_assert_eq!(world.saved.last().copied(), Some(world.latest()));
        world.input(Input::ShutdownRequested);
        world.pass(DRAIN_DELAY + DRAIN_TIMEOUT, World::settle);
        prop_assert!(world.exit == Some(0));
    }
}
