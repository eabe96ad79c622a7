//! The judges of what the gateway says of itself and what Azure heard of it. Looks at no request.

use std::time::Duration;

use holdfast_core::telemetry::{Level, name};

use super::{RESTORE, ROUND_TRIP, Violation, violation};
use crate::azure::Fault;
use crate::plan::{Action, Backup, Plan};
use crate::trace::Heard;

/// How long a heartbeat may hang that was under way when Azure came back: a dead connection is noticed after 5 s, a name, a TCP and a TLS
/// handshake on the next one may take 10 s, its answer 10 s.
const STUCK: Duration = Duration::from_secs(25);
/// How much later than Azure's the end of its fault may be noticed: what was under way fails by its own timeout.
const NOTICED: Duration = Duration::from_secs(30);

/// Whether the volume is emptied or rotten by this step: what was served before is forgotten then.
fn forgets(plan: &Plan) -> Vec<Duration> {
    let restarts = plan.steps.iter().filter(|step| plan.backup == Backup::Lost && step.action == Action::Restart);
    restarts.map(|step| step.at).collect()
}

/// S1, by the gateway's own account: what it begins to serve is never older than anything that it has served, power lost or not.
pub(super) fn never_serves_an_older_revision(plan: &Plan, events: &[Heard]) -> Vec<Violation> {
    let serving = [name::EVENT_SNAPSHOT_RESTORED, name::EVENTS_SUCCESSFULLY_RESTORED];
    let forgets_at = forgets(plan);
    let mut newest: Option<&Heard> = None;
    let mut found = Vec::new();
    for served in events.iter().filter(|event| serving.contains(&event.name)) {
        let is_new_life = newest.is_some_and(|before| forgets_at.iter().any(|at| before.at < *at && *at <= served.at));
        match newest {
            Some(before) if !is_new_life && served.revision < before.revision => {
                let what =
                    format!("{:?} at {:?} after {:?} at {:?}", served.revision, served.at, before.revision, before.at);
                found.push(violation("never serves an older revision", what));
            }
            Some(_) | None => newest = Some(served),
        }
    }
    found
}

/// What the gateway reports as an error must be something that was done to it.
pub(super) fn no_unexpected_error(plan: &Plan, events: &[Heard]) -> Vec<Violation> {
    let loud = events.iter().filter(|event| event.level >= Level::Error && !is_expected(plan, event));
    loud.map(|event| violation("no unexpected error", format!("{} at {:?}: {}", event.name, event.at, event.message)))
        .collect()
}

fn is_expected(plan: &Plan, event: &Heard) -> bool {
    plan.outages().into_iter().filter(|(from, until, _)| *from <= event.at && event.at <= *until + NOTICED).any(
        |(_, _, cause)| {
            let by_fault = match cause {
                Action::Fail(Fault::Unauthorized) => Some(name::GATEWAY_TOKEN_REFUSED),
                Action::Fail(Fault::Garbage) => Some(name::CONFIGURATION_API_ANSWER_MALFORMED),
                Action::Fail(Fault::OldRevision) => Some(name::STALE_REVISION_REFUSED),
                Action::Fail(Fault::Cut | Fault::Hang | Fault::Throttled | Fault::ServerError | Fault::Slow)
                | Action::BlackHole
                | Action::Partition
                | Action::Edit(_)
                | Action::Mend
                | Action::Recover
                | Action::Kill
                | Action::PowerLoss
                | Action::LoseBackup
                | Action::RotBackup
                | Action::Restart
                | Action::StepClock(_)
                | Action::Shop(_)
                | Action::Feed(_) => None,
            };
            let starts_with_nothing = plan.backup == Backup::Lost && event.name == name::CONFIG_INITIAL_SYNC_FAILED;
            by_fault == Some(event.name) || starts_with_nothing
        },
    )
}

/// L4: while the process runs and Azure can be reached, Azure hears of it once an interval, and soon after either comes back.
pub(super) fn heartbeats_keep_their_pace(plan: &Plan, heartbeats: &[Duration]) -> Vec<Violation> {
    let mut found = Vec::new();
    for (from, until, patience) in heard_spans(plan) {
        let mut due = from + patience;
        for beat in heartbeats.iter().filter(|beat| **beat >= from && **beat <= until).chain([&until]) {
            if *beat > due {
                let what =
                    format!("between {from:?} and {until:?} one was due at {due:?} and came at {beat:?} or never");
                found.push(violation("heartbeats keep their pace", what));
                break;
            }
            due = *beat + plan.heartbeat_interval + ROUND_TRIP;
        }
    }
    found
}

/// The spans in which nothing stands between the gateway and Azure, each with the time until the first heartbeat must have come.
fn heard_spans(plan: &Plan) -> Vec<(Duration, Duration, Duration)> {
    let hung = plan.heartbeat_interval.max(STUCK) + ROUND_TRIP;
    let started = RESTORE + ROUND_TRIP;
    let mut breaks: Vec<(Duration, Duration, Duration)> =
        plan.outages().into_iter().map(|(from, until, _)| (from, until, hung)).collect();
    breaks.extend(plan.downtimes().into_iter().map(|(killed, restarted)| (killed, restarted, started)));
    breaks.sort();
    let mut spans = Vec::new();
    let (mut from, mut patience) = (Duration::ZERO, started);
    for (begin, end, after) in breaks {
        if begin > from {
            spans.push((from, begin, patience));
        }
        if end >= from {
            (from, patience) = (end, after);
        }
    }
    spans.push((from, plan.end, patience));
    spans
}
