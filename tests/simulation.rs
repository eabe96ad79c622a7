//! The simulator as CI uses it: equal traces from two processes, and the seeds that once failed. Plays few worlds; `sweep` plays many.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use holdfast_core::rng::Seed;
use holdfast_sim::feed::{self, CHANGED_FROM, Reader};
use holdfast_sim::mark::Mark;
use holdfast_sim::plan::{Action, Backup, Plan, Step};
use holdfast_sim::replay;
use holdfast_sim::shop::{Event, Member};
use holdfast_sim::trace::Heard;

/// Seeds that once broke a promise, one a line with the reason behind `#`. A seed that comes in here stays.
const SEEDS: &str = include_str!("../fixtures/seeds.txt");

fn seeds() -> Vec<u64> {
    let lines = SEEDS.lines().map(|line| line.split('#').next().unwrap_or("").trim());
    lines.filter(|line| !line.is_empty()).map(|line| line.parse().expect("a seed is a whole number")).collect()
}

/// The trace that a process of its own writes for a seed.
fn trace_of_a_process(seed: u64, file: &Path) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_holdfast-sim"))
        .args(["run", "--seed", &seed.to_string(), "--trace"])
        .arg(file)
        .output()
        .expect("the simulator runs");
    assert!(output.status.success(), "seed {seed}:\n{}", String::from_utf8_lossy(&output.stdout));
    std::fs::read(file).expect("the trace was written")
}

#[test]
fn the_same_seed_gives_the_same_trace_in_two_processes() {
    let folder = tempfile::tempdir().expect("a folder");
    for seed in [1, 2] {
        let first = trace_of_a_process(seed, &folder.path().join("first"));
        let second = trace_of_a_process(seed, &folder.path().join("second"));
        assert!(first.len() > 10_000, "the trace of seed {seed} is suspiciously short: {} bytes", first.len());
        assert!(first == second, "seed {seed} gave two traces");
    }
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    assert_ne!(trace_of_a_process(1, &one), trace_of_a_process(2, &two), "two seeds gave one trace");
}

#[test]
fn seeds_that_once_failed_keep_every_promise() {
    let seeds = seeds();
    assert!(!seeds.is_empty(), "fixtures/seeds.txt is empty");
    for seed in seeds {
        let verdict = replay::play(seed).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        assert!(verdict.violations.is_empty(), "seed {seed}: {:#?}\n{}", verdict.violations, verdict.plan);
    }
}

/// The judges judge something: a world whose gateway never restarts after a kill fails where its twin served.
#[test]
fn a_world_that_goes_wrong_is_seen() {
    let mut plan = Plan::draw(Seed(3));
    plan.steps.retain(|step| matches!(step.action, Action::Edit(_)));
    let healthy = replay::play_plan(3, plan.clone()).expect("the world holds");
    assert_eq!(healthy.violations, Vec::new());
    assert!(healthy.run.outcomes.iter().filter(|outcome| outcome.is_success()).count() > 50);
    let edit = plan.steps.first().expect("every plan edits").at;
    plan.outage = (edit, edit);
    plan.steps.push(Step { at: edit, action: Action::BlackHole });
    plan.steps.sort_by_key(|step| step.at);
    let lost = replay::play_plan(3, plan).expect("the world holds");
    assert!(
        lost.violations.iter().any(|violation| violation.invariant == "caught up after healing"),
        "{:?}",
        lost.violations
    );
}

/// Power fails around the moment in which a revision goes live: the next process, which is cut off, begins with nothing older than what
/// was served.
#[test]
fn power_loss_while_a_revision_goes_live_brings_no_older_one_back() {
    let at = Duration::from_secs;
    let mut plan = Plan::draw(Seed(7));
    plan.steps = vec![Step { at: at(3), action: Action::Edit(2) }];
    (plan.outage, plan.end, plan.backup) = ((at(3), at(3)), at(22), Backup::Whole);
    let calm = replay::play_plan(7, plan.clone()).expect("the world holds");
    let is_live = |event: &&Heard| event.name == "EventsSuccessfullyRestored";
    let live = calm.run.events.iter().find(is_live).expect("the edit goes live").at;
    // A save takes some steps of 3 ms each on the simulated disk: half of the moments are before the revision goes live, half after it.
    for moment in [0, 4, 8, 12, 18, 22, 26, 30] {
        let lost = (live + Duration::from_millis(moment)).saturating_sub(Duration::from_millis(16));
        let mut plan = plan.clone();
        let steps = [
            (lost, Action::BlackHole),
            (lost, Action::PowerLoss),
            (lost + at(1), Action::Restart),
            (lost + at(8), Action::Mend),
        ];
        plan.steps.extend(steps.map(|(at, action)| Step { at, action }));
        plan.outage = (lost, lost + at(8));
        let verdict = replay::play_plan(7, plan).expect("the world holds");
        assert_eq!(verdict.violations, Vec::new(), "power lost at {lost:?}");
        let restored = verdict.run.events.iter().any(|event| event.message.starts_with("starting → restored"));
        assert!(restored, "power lost at {lost:?}");
    }
}

/// Both members of the shop's pool sicken, and its identity provider goes away: breakers trip and close, tokens pass on, and a process
/// that starts meanwhile has no keys until the provider is back.
#[test]
fn breakers_and_tokens_go_through_an_outage_of_all_they_depend_on() {
    let at = Duration::from_secs;
    let mut plan = Plan::draw(Seed(11));
    let steps = [
        (8, Action::Shop(Event::Sicken(Member::A))),
        (10, Action::Shop(Event::StopProvider)),
        (14, Action::Shop(Event::Sicken(Member::B))),
        (24, Action::Shop(Event::Heal(Member::A))),
        (26, Action::Shop(Event::Heal(Member::B))),
        (50, Action::Kill),
        (51, Action::Restart),
        (80, Action::Shop(Event::StartProvider)),
    ];
    plan.steps = steps.map(|(second, action)| Step { at: at(second), action }).to_vec();
    (plan.outage, plan.end, plan.backup) = ((at(8), at(8)), at(105), Backup::Whole);
    let verdict = replay::play_plan(11, plan).expect("the world holds");
    assert_eq!(verdict.violations, Vec::new());
    for mark in [Mark::BreakerTripped, Mark::PoolTripped, Mark::ProviderMissed, Mark::ProviderUnknown] {
        assert!(verdict.marks.contains(&mark), "`{mark}` was not seen: {:?}", verdict.marks);
    }
    let late = verdict.run.shop.visits.iter().filter(|visit| visit.is_known && visit.began > at(92));
    assert!(
        late.clone().count() > 3 && late.clone().all(|visit| visit.status == Some(200)),
        "{:?}",
        late.clone().next_back()
    );
}

/// Readers of the feed hear on while Azure is lost and when a revision leaves their API alone; a slow link, a cut one, a changed API and the
/// death of the process end sockets or hold them up, and nothing more.
#[test]
fn subscribers_hear_everything_once_and_in_order_through_it_all() {
    let at = Duration::from_secs;
    let mut plan = Plan::draw(Seed(13));
    let steps = [
        (6, Action::Edit(2)),
        (20, Action::BlackHole),
        (24, Action::Feed(feed::Event::Hold(Reader::Lively))),
        (30, Action::Feed(feed::Event::Cut(Reader::Quiet))),
        (34, Action::Feed(feed::Event::Mend(Reader::Lively))),
        (50, Action::Edit(CHANGED_FROM)),
        (70, Action::Mend),
        (75, Action::Feed(feed::Event::Mend(Reader::Quiet))),
        (110, Action::Kill),
        (111, Action::Restart),
    ];
    plan.steps = steps.map(|(second, action)| Step { at: at(second), action }).to_vec();
    (plan.outage, plan.end, plan.backup) = ((at(20), at(70)), at(150), Backup::Whole);
    let verdict = replay::play_plan(13, plan).expect("the world holds");
    assert_eq!(verdict.violations, Vec::new());
    for mark in [
        Mark::HeardWithoutAzure,
        Mark::HeardAcrossRevisions,
        Mark::HeardLate,
        Mark::SocketOfChangedApi,
        Mark::SocketLostWithTheProcess,
        Mark::SocketGivenUp,
    ] {
        assert!(verdict.marks.contains(&mark), "`{mark}` was not seen: {:?}", verdict.marks);
    }
    let account = verdict.run.feed;
    for reader in Reader::ALL {
        let sockets = account.sessions.iter().filter(|session| session.reader == reader);
        let last = sockets.flat_map(|session| &session.heard).map(|heard| heard.at).max();
        assert!(last.is_some_and(|last| last > at(135)), "{reader:?} heard the last post at {last:?}");
    }
}
