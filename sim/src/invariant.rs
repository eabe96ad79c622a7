//! What must hold in every simulated world. Judges what clients saw; `account` judges what the gateway and Azure say. Knows nothing of how
//! the gateway works.

mod account;
pub(crate) mod feed;
pub(crate) mod shop;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::plan::{Action, Backup, Plan};
use crate::trace::{Outcome, Way};
use crate::world::Run;

/// An answer from the socket to the client and back, scheduling included, with room to spare: links take 1 to 20 ms.
const ROUND_TRIP: Duration = Duration::from_millis(500);
/// How much later than its interval a poll may come: the jitter of the sync machine, a tenth of the interval.
const JITTER_DIVISOR: u32 = 10;
/// How long after its start a gateway with a whole backup may need until it serves.
const RESTORE: Duration = Duration::from_millis(500);

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The name of the invariant.
    pub invariant: &'static str,
    /// What was seen.
    pub what: String,
}

/// What happened on the backends' side: how often each named request arrived.
pub type Arrivals = BTreeMap<String, usize>;

/// Everything that is wrong with a run, held against the run of its twin.
#[must_use]
pub fn violations(plan: &Plan, run: &Run, twin: &Run) -> Vec<Violation> {
    let mut found = Vec::new();
    found.extend(one_revision_per_exchange(&run.outcomes));
    found.extend(never_an_older_revision(plan, &run.outcomes));
    found.extend(no_failure_that_the_twin_did_not_have(plan, &run.outcomes, &twin.outcomes));
    found.extend(the_twin_serves(plan, &twin.outcomes));
    found.extend(caught_up_after_healing(plan, &run.outcomes));
    found.extend(nothing_sent_twice(&run.outcomes, &run.arrivals));
    found.extend(no_empty_success(&run.outcomes));
    found.extend(connections_break_only_with_the_process(plan, &run.outcomes));
    for (plan, run) in [(plan, run), (&plan.twin(), twin)] {
        found.extend(account::never_serves_an_older_revision(plan, &run.events));
        found.extend(account::no_unexpected_error(plan, &run.events));
        found.extend(account::heartbeats_keep_their_pace(plan, &run.heartbeats));
        found.extend(shop::violations(plan, &run.shop));
        found.extend(feed::violations(plan, &run.feed));
    }
    found
}

/// S2: the request to the backend and the response to the client were made by the same revision.
fn one_revision_per_exchange(run: &[Outcome]) -> Vec<Violation> {
    let torn = run.iter().filter(|outcome| outcome.edits.is_some_and(|(response, request)| response != request));
    torn.map(|o| violation("one revision per exchange", format!("{}: {:?}", o.id, o.edits))).collect()
}

/// S1: a request that began after another had ended never sees an older revision; only a lost backup forgets.
fn never_an_older_revision(plan: &Plan, run: &[Outcome]) -> Vec<Violation> {
    let forgets_at: Vec<Duration> = plan
        .steps
        .iter()
        .filter(|step| plan.backup == Backup::Lost && step.action == Action::Restart)
        .map(|step| step.at)
        .collect();
    let mut shown: Vec<(Duration, u32, &str)> =
        run.iter().filter_map(|o| o.edits.map(|(edit, _)| (o.ended, edit, o.id.as_str()))).collect();
    shown.sort();
    let mut found = Vec::new();
    for outcome in run {
        let Some((edit, _)) = outcome.edits else { continue };
        let newest = shown
            .iter()
            .take_while(|(ended, _, _)| *ended < outcome.began)
            .filter(|(ended, _, _)| !forgets_at.iter().any(|at| ended < at && *at <= outcome.began))
            .max_by_key(|(_, edit, _)| *edit);
        if let Some((ended, newer, id)) = newest.filter(|(_, newer, _)| *newer > edit) {
            let what = format!("{} saw edit {edit} after {id} had seen {newer} at {ended:?}", outcome.id);
            found.push(violation("never an older revision", what));
        }
    }
    found
}

/// S6: whatever the twin, which never lost Azure, could serve, this run served too. Only a gateway that restarted without a backup
/// may refuse until Azure is back.
fn no_failure_that_the_twin_did_not_have(plan: &Plan, run: &[Outcome], twin: &[Outcome]) -> Vec<Violation> {
    let twins: BTreeMap<&str, &Outcome> = twin.iter().map(|outcome| (outcome.id.as_str(), outcome)).collect();
    let excused = excuses(plan);
    let mut found = Vec::new();
    if twin.len() != run.len() {
        let what = format!("{} requests ended here, {} in the twin", run.len(), twin.len());
        found.push(violation("no failure that the twin did not have", what));
    }
    for outcome in run.iter().filter(|outcome| !outcome.is_success()) {
        let served = twins.get(outcome.id.as_str()).is_some_and(|twin| twin.is_success());
        let is_excused = excused.iter().any(|(from, until)| outcome.ended >= *from && outcome.began <= *until);
        if served && !is_excused {
            let what = format!("{} at {:?}: {:?} {}", outcome.id, outcome.began, outcome.status, outcome.problem);
            found.push(violation("no failure that the twin did not have", what));
        }
    }
    found
}

/// The spans in which a request may fail: while the process is down (which request is in flight at that moment differs between run and
/// twin by milliseconds), and after that until a gateway without a backup can have got its configuration.
fn excuses(plan: &Plan) -> Vec<(Duration, Duration)> {
    let (from, until) = plan.outage;
    let span = |(killed, restarted): (Duration, Duration)| {
        let serves = match plan.backup {
            Backup::Whole => restarted + RESTORE,
            Backup::Lost if restarted >= from => until.max(restarted) + catch_up(plan),
            Backup::Lost => restarted + catch_up(plan),
        };
        (killed, serves)
    };
    plan.downtimes().into_iter().map(span).collect()
}

/// What the judge above is held against must be worth something: without an outage nothing fails but what the process takes with it.
fn the_twin_serves(plan: &Plan, twin: &[Outcome]) -> Vec<Violation> {
    let excused = excuses(&plan.twin());
    let fails = |outcome: &&Outcome| {
        let is_excused = excused.iter().any(|(from, until)| outcome.ended >= *from && outcome.began <= *until);
        !outcome.is_success() && !is_excused
    };
    let words = |o: &Outcome| format!("{} at {:?}: {:?} {}", o.id, o.began, o.status, o.problem);
    let mut found: Vec<_> = twin.iter().filter(fails).map(|o| violation("the twin serves", words(o))).collect();
    if twin.is_empty() {
        found.push(violation("the twin serves", "nobody asked anything".to_owned()));
    }
    found
}

/// L1: one poll interval, its jitter and a round trip after the outage every response shows the newest edit.
fn caught_up_after_healing(plan: &Plan, run: &[Outcome]) -> Vec<Violation> {
    let (_, healed) = plan.outage;
    let up_since = plan.downtimes().iter().map(|(_, restarted)| *restarted + RESTORE).max().unwrap_or_default();
    let mut found = Vec::new();
    for outcome in run {
        let Some((edit, _)) = outcome.edits else { continue };
        let settled = |at: Duration| outcome.began >= at.max(healed).max(up_since) + catch_up(plan);
        let due = plan.steps.iter().filter_map(|step| match step.action {
            Action::Edit(number) if settled(step.at) => Some(number),
            Action::Edit(_)
            | Action::BlackHole
            | Action::Partition
            | Action::Mend
            | Action::Fail(_)
            | Action::Recover
            | Action::Kill
            | Action::PowerLoss
            | Action::LoseBackup
            | Action::RotBackup
            | Action::Restart
            | Action::StepClock(_)
            | Action::Shop(_)
            | Action::Feed(_) => None,
        });
        if let Some(due) = due.max().filter(|due| *due > edit) {
            let what = format!("{} at {:?} saw edit {edit}, {due} was due", outcome.id, outcome.began);
            found.push(violation("caught up after healing", what));
        }
    }
    found
}

/// S8: the gateway never repeats a request that may have reached a backend, and a response that was given was earned. What its client
/// repeated may arrive twice.
fn nothing_sent_twice(run: &[Outcome], arrivals: &Arrivals) -> Vec<Violation> {
    let mut found = Vec::new();
    for outcome in run {
        let arrived = arrivals.get(&outcome.id).copied().unwrap_or(0);
        let sent = if matches!(outcome.way, Way::Repeated { .. }) { 2 } else { 1 };
        if arrived > sent {
            found.push(violation("nothing is sent twice", format!("{} arrived {arrived} times", outcome.id)));
        }
        if outcome.is_success() && arrived == 0 {
            found.push(violation("nothing is made up", format!("{} was answered but never arrived", outcome.id)));
        }
    }
    found
}

/// A connection that a client keeps is closed between requests, or breaks because the process ended since it was opened.
fn connections_break_only_with_the_process(plan: &Plan, run: &[Outcome]) -> Vec<Violation> {
    let downtimes = plan.downtimes();
    let mut found = Vec::new();
    for outcome in run {
        let Way::Repeated { opened } = outcome.way else { continue };
        if !downtimes.iter().any(|(killed, _)| opened <= *killed && *killed <= outcome.ended) {
            let what = format!("{} at {:?} broke a connection opened at {opened:?}", outcome.id, outcome.began);
            found.push(violation("connections break only with the process", what));
        }
    }
    found
}

/// The original's worst: 200 with an empty body when it has nothing to serve.
fn no_empty_success(run: &[Outcome]) -> Vec<Violation> {
    let empty = run.iter().filter(|outcome| outcome.is_success() && outcome.edits.is_none());
    empty.map(|outcome| violation("no empty success", outcome.id.clone())).collect()
}

fn catch_up(plan: &Plan) -> Duration {
    plan.sync_interval + plan.sync_interval / JITTER_DIVISOR + ROUND_TRIP
}

fn violation(invariant: &'static str, what: String) -> Violation {
    Violation { invariant, what }
}

#[cfg(test)]
mod tests {
    use holdfast_core::config::Revision;
    use holdfast_core::telemetry::Level;

    use super::*;
    use crate::plan::Step;
    use crate::trace::Heard;

    fn plan() -> Plan {
        let at = Duration::from_secs;
        Plan {
            steps: vec![
                Step { at: at(10), action: Action::Edit(2) },
                Step { at: at(30), action: Action::BlackHole },
                Step { at: at(40), action: Action::Edit(3) },
                Step { at: at(60), action: Action::Mend },
            ],
            end: at(100),
            outage: (at(30), at(60)),
            backup: Backup::Whole,
            sync_interval: at(10),
            heartbeat_interval: at(20),
        }
    }

    fn outcome(id: &str, second: u64, status: Option<u16>, edit: u32) -> Outcome {
        let began = Duration::from_secs(second);
        let edits = (status == Some(200)).then_some((edit, edit));
        let ended = began + Duration::from_millis(20);
        Outcome {
            id: id.to_owned(),
            method: "GET",
            began,
            ended,
            status,
            edits,
            problem: String::new(),
            way: Way::Fresh,
        }
    }

    /// A run in which the gateway did its part: it beat in time and had nothing to report.
    fn run(outcomes: &[Outcome]) -> Run {
        Run {
            outcomes: outcomes.to_vec(),
            arrivals: outcomes.iter().map(|outcome| (outcome.id.clone(), 1)).collect(),
            heartbeats: (0..200).map(Duration::from_secs).collect(),
            ..Run::default()
        }
    }

    fn judged(outcomes: &[Outcome], twin: &[Outcome]) -> Vec<&'static str> {
        let found = violations(&plan(), &run(outcomes), &run(twin));
        found.into_iter().map(|violation| violation.invariant).collect()
    }

    #[test]
    fn a_good_run_has_no_violations() {
        let run = [outcome("a", 5, Some(200), 1), outcome("b", 50, Some(200), 2), outcome("c", 90, Some(200), 3)];
        assert_eq!(judged(&run, &run), Vec::<&str>::new());
    }

    #[test]
    fn each_judge_sees_its_own_fault() {
        let good = [outcome("a", 25, Some(200), 2), outcome("b", 50, Some(200), 2), outcome("c", 90, Some(200), 3)];
        let with = |at: usize, other: Outcome| {
            let mut run = good.to_vec();
            run[at] = other;
            run
        };
        let older = with(1, outcome("b", 50, Some(200), 1));
        assert_eq!(judged(&older, &good), ["never an older revision"]);
        let failed = with(1, outcome("b", 50, None, 0));
        assert_eq!(judged(&failed, &good), ["no failure that the twin did not have"]);
        assert_eq!(judged(&failed, &failed), ["the twin serves"]);
        assert_eq!(judged(&[], &[]), ["the twin serves"]);
        let late = with(2, outcome("c", 90, Some(200), 2));
        assert_eq!(judged(&late, &good), ["caught up after healing"]);
        let mut torn = good.to_vec();
        torn[0].edits = Some((2, 1));
        assert_eq!(judged(&torn, &good), ["one revision per exchange"]);
        let mut empty = good.to_vec();
        empty[0].edits = None;
        assert_eq!(judged(&empty, &good), ["no empty success"]);
        let mut broken = good.to_vec();
        broken[0].way = Way::Repeated { opened: Duration::from_secs(20) };
        assert_eq!(judged(&broken, &good), ["connections break only with the process"]);
    }

    #[test]
    fn arrivals_are_counted() {
        let get = [outcome("g", 5, Some(200), 1)];
        let arrived = |count: Option<usize>| Run {
            arrivals: count.map(|count| ("g".to_owned(), count)).into_iter().collect(),
            ..run(&get)
        };
        let judged = |count| violations(&plan(), &arrived(count), &run(&get));
        assert_eq!(judged(Some(2))[0].invariant, "nothing is sent twice");
        assert_eq!(judged(None)[0].invariant, "nothing is made up");
    }

    #[test]
    fn a_silent_gateway_and_one_that_complains_are_seen() {
        let good = [outcome("a", 5, Some(200), 1), outcome("c", 90, Some(200), 3)];
        let of = |run: Run| {
            let found = violations(&plan(), &run, &self::run(&good));
            found.into_iter().map(|violation| violation.invariant).collect::<Vec<_>>()
        };
        let beats = |seconds: &[u64]| seconds.iter().copied().map(Duration::from_secs).collect::<Vec<_>>();
        let beating = |seconds: &[u64]| of(Run { heartbeats: beats(seconds), ..run(&good) });
        assert_eq!(beating(&[0, 20, 61, 80, 99]), Vec::<&str>::new());
        assert_eq!(
            beating(&[0, 20, 80, 99]),
            Vec::<&str>::new(),
            "one that hung when Azure came back holds up the next"
        );
        for silent in [&[0, 20][..], &[0, 20, 61, 82, 99], &[20, 61, 80, 99], &[0, 20, 61]] {
            assert_eq!(beating(silent), ["heartbeats keep their pace"], "{silent:?}");
        }
        let heard = |level, name, at, revision| Heard {
            at: Duration::from_secs(at),
            level,
            name,
            message: String::new(),
            revision: Some(Revision(revision)),
        };
        let error = heard(Level::Error, "UnhandledException", 5, 1);
        assert_eq!(of(Run { events: vec![error], ..run(&good) }), ["no unexpected error"]);
        let served = |at, revision| heard(Level::Info, "EventSnapshotRestored", at, revision);
        assert_eq!(of(Run { events: vec![served(1, 2), served(2, 2)], ..run(&good) }), Vec::<&str>::new());
        assert_eq!(
            of(Run { events: vec![served(1, 2), served(2, 1)], ..run(&good) }),
            ["never serves an older revision"]
        );
    }
}
