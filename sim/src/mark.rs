//! What a world really went through: marks that a sweep counts, so that no promise is kept merely because nothing put it to the test.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use holdfast_core::telemetry::name;

use crate::azure::Fault;
use crate::feed::{End, Heard};
use crate::invariant::feed as feed_judges;
use crate::invariant::shop as judges;
use crate::plan::{Action, Plan, Step};
use crate::shop::{Account, Member, Visit};
use crate::trace::{Heard as Said, Way};
use crate::world::Run;

/// Something that must happen in some of many worlds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// The gateway ran into a link that swallows everything.
    BlackHole,
    /// The gateway ran into a link that drops everything.
    Partition,
    /// The gateway ran into this fault of Azure.
    Fault(Fault),
    /// A gateway came back in this way.
    Restart(Death, Found),
    /// A client was told that there is no configuration.
    Refused,
    /// A request went down with the process.
    LostWithTheProcess,
    /// A request went over a connection that had been used before.
    KeptConnection,
    /// A kept connection was dead because the process had been replaced.
    DeadConnection,
    /// A revision was taken from events.
    Events,
    /// A heartbeat failed.
    HeartbeatFailed,
    /// The gateway's wall clock jumped ahead.
    ClockForward,
    /// The gateway's wall clock jumped back.
    ClockBack,
    /// The circuit breaker of a backend tripped.
    BreakerTripped,
    /// The breakers of all backends of a pool were tripped.
    PoolTripped,
    /// A token passed while its provider was away.
    ProviderMissed,
    /// A token was refused because its provider's keys had never come.
    ProviderUnknown,
    /// A reader heard of a post while Azure was lost.
    HeardWithoutAzure,
    /// A reader heard of posts before and after a revision, on one socket.
    HeardAcrossRevisions,
    /// What was held back on the link came to a reader in the end.
    HeardLate,
    /// A socket was closed because its API had changed.
    SocketOfChangedApi,
    /// A socket broke with the process.
    SocketLostWithTheProcess,
    /// A reader gave up a socket on which nothing came any more.
    SocketGivenUp,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Death {
    /// It was killed.
    Kill,
    /// Its host lost power.
    PowerLoss,
}

/// What its successor found on its volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Found {
    /// A backup, which it served.
    Backup,
    /// Nothing.
    Nothing,
    /// Files, none of them whole.
    Rot,
}

impl Mark {
    /// All marks, in the order in which they are shown.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut all = vec![Self::BlackHole, Self::Partition];
        all.extend(Fault::ALL.map(Self::Fault));
        for death in [Death::Kill, Death::PowerLoss] {
            all.extend([Found::Backup, Found::Nothing, Found::Rot].map(|found| Self::Restart(death, found)));
        }
        all.extend([
            Self::Refused,
            Self::LostWithTheProcess,
            Self::KeptConnection,
            Self::DeadConnection,
            Self::Events,
            Self::HeartbeatFailed,
            Self::ClockForward,
            Self::ClockBack,
            Self::BreakerTripped,
            Self::PoolTripped,
            Self::ProviderMissed,
            Self::ProviderUnknown,
            Self::HeardWithoutAzure,
            Self::HeardAcrossRevisions,
            Self::HeardLate,
            Self::SocketOfChangedApi,
            Self::SocketLostWithTheProcess,
            Self::SocketGivenUp,
        ]);
        all
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BlackHole => f.write_str("the link swallows everything"),
            Self::Partition => f.write_str("the link drops everything"),
            Self::Fault(fault) => write!(f, "azure fails: {fault}"),
            Self::Restart(death, found) => {
                let death = match death {
                    Death::Kill => "a kill",
                    Death::PowerLoss => "power loss",
                };
                let found = match found {
                    Found::Backup => "a backup",
                    Found::Nothing => "an empty volume",
                    Found::Rot => "a rotten backup",
                };
                write!(f, "back after {death} with {found}")
            }
            Self::Refused => f.write_str("503 without a configuration"),
            Self::LostWithTheProcess => f.write_str("a request went down with the process"),
            Self::KeptConnection => f.write_str("a kept connection was used again"),
            Self::DeadConnection => f.write_str("a kept connection was dead"),
            Self::Events => f.write_str("a revision came as events"),
            Self::HeartbeatFailed => f.write_str("a heartbeat failed"),
            Self::ClockForward => f.write_str("the clock jumped ahead"),
            Self::ClockBack => f.write_str("the clock jumped back"),
            Self::BreakerTripped => f.write_str("a circuit breaker tripped"),
            Self::PoolTripped => f.write_str("all backends of a pool were tripped"),
            Self::ProviderMissed => f.write_str("a token passed without its provider"),
            Self::ProviderUnknown => f.write_str("a token was refused without its provider"),
            Self::HeardWithoutAzure => f.write_str("an event was heard without azure"),
            Self::HeardAcrossRevisions => f.write_str("a socket outlived a revision"),
            Self::HeardLate => f.write_str("an event was held back on its way"),
            Self::SocketOfChangedApi => f.write_str("a socket ended with its API"),
            Self::SocketLostWithTheProcess => f.write_str("a socket went down with the process"),
            Self::SocketGivenUp => f.write_str("a socket was given up in silence"),
        }
    }
}

/// The marks of a run: each by what was seen of it, not by what was planned.
#[must_use]
pub fn marks(plan: &Plan, run: &Run) -> BTreeSet<Mark> {
    let mut marks = BTreeSet::new();
    for (from, until, cause) in plan.outages() {
        let heard = run.events.iter().filter(|event| from < event.at && event.at <= until);
        marks.extend(heard.filter_map(|event| trouble(cause, event)));
    }
    marks.extend(restarts(plan, &run.events));
    let downtimes = plan.downtimes();
    for outcome in &run.outcomes {
        let outlived = |killed| outcome.began < killed && killed <= outcome.ended;
        if outcome.status == Some(503) {
            marks.insert(Mark::Refused);
        }
        if outcome.status.is_none() && downtimes.iter().any(|(killed, _)| outlived(*killed)) {
            marks.insert(Mark::LostWithTheProcess);
        }
        match outcome.way {
            Way::Fresh => {}
            Way::Kept if outcome.is_success() => drop(marks.insert(Mark::KeptConnection)),
            Way::Kept => {}
            Way::Repeated { .. } => drop(marks.insert(Mark::DeadConnection)),
        }
    }
    marks.extend(shop(plan, &run.shop));
    marks.extend(feed(plan, run));
    let heard = |name: &str| run.events.iter().any(|event| event.name == name);
    let stepped = |ahead: bool| {
        plan.steps.iter().any(|step| matches!(step.action, Action::StepClock(by) if by != 0 && (by > 0) == ahead))
    };
    for (mark, is_seen) in [
        (Mark::Events, heard(name::EVENTS_SUCCESSFULLY_RESTORED)),
        (Mark::HeartbeatFailed, heard(name::HEARTBEAT_FAILED)),
        (Mark::ClockForward, stepped(true)),
        (Mark::ClockBack, stepped(false)),
    ] {
        if is_seen {
            marks.insert(mark);
        }
    }
    marks
}

fn shop(plan: &Plan, account: &Account) -> Vec<Mark> {
    let visited = |seen: &dyn Fn(&Visit) -> bool| account.visits.iter().any(|visit| visit.is_known && seen(visit));
    let is_away =
        |visit: &Visit| judges::provider_is_away(plan, visit.began) && judges::provider_is_away(plan, visit.ended);
    let tripped = Member::ALL.iter().any(|member| !judges::trips(plan, *member, &account.calls).is_empty());
    let seen = [
        (Mark::BreakerTripped, tripped),
        (
            Mark::PoolTripped,
            visited(&|visit| visit.status == Some(503) && visit.problem.contains("Service Unavailable")),
        ),
        (Mark::ProviderMissed, visited(&|visit| visit.status == Some(200) && is_away(visit))),
        (Mark::ProviderUnknown, visited(&|visit| visit.status == Some(401) && is_away(visit))),
    ];
    seen.into_iter().filter(|(_, is_seen)| *is_seen).map(|(mark, _)| mark).collect()
}

fn feed(plan: &Plan, run: &Run) -> Vec<Mark> {
    let (downtimes, outages) = (plan.downtimes(), plan.outages());
    // A revision is live once a client has seen it.
    let shows = |edit: u32| {
        let shown = run.outcomes.iter().filter(|outcome| outcome.edits.is_some_and(|(shown, _)| shown > edit));
        shown.map(|outcome| outcome.ended).min()
    };
    let held = |event: &Heard| event.at.saturating_sub(feed_judges::PUSH) > posted(run, event.number);
    let mut marks = Vec::new();
    for session in &run.feed.sessions {
        let heard = |seen: &dyn Fn(&Heard) -> bool| session.heard.iter().any(seen);
        let without_azure =
            |event: &Heard| outages.iter().any(|(from, until, _)| (*from..*until).contains(&posted(run, event.number)));
        let next_revision = shows(session.edit);
        let with_process = downtimes.iter().any(|(killed, _)| (session.opened..=session.ended).contains(killed));
        let seen = [
            (Mark::HeardWithoutAzure, heard(&without_azure)),
            (Mark::HeardAcrossRevisions, next_revision.is_some_and(|at| heard(&|event| event.at > at))),
            (Mark::HeardLate, heard(&held)),
            (Mark::SocketOfChangedApi, matches!(&session.end, End::Closed(_, reason) if reason.contains("changed"))),
            (Mark::SocketLostWithTheProcess, session.end == End::Broken && with_process),
            (Mark::SocketGivenUp, session.end == End::Silence),
        ];
        marks.extend(seen.into_iter().filter(|(_, is_seen)| *is_seen).map(|(mark, _)| mark));
    }
    marks
}

// When the author knew that a post was taken.
fn posted(run: &Run, number: u64) -> Duration {
    run.feed.posts.iter().find(|post| post.number == number).map_or(Duration::MAX, |post| post.ended)
}

/// The mark that `event` is in an outage with this cause.
fn trouble(cause: Action, event: &Said) -> Option<Mark> {
    let (mark, name) = match cause {
        Action::BlackHole => (Mark::BlackHole, name::CONFIGURATION_API_V2_NOT_AVAILABLE),
        Action::Partition => (Mark::Partition, name::CONFIGURATION_API_V2_NOT_AVAILABLE),
        Action::Fail(fault) => {
            let name = match fault {
                Fault::Cut | Fault::Hang | Fault::Throttled | Fault::ServerError => {
                    name::CONFIGURATION_API_V2_NOT_AVAILABLE
                }
                Fault::Unauthorized => name::GATEWAY_TOKEN_REFUSED,
                Fault::Garbage => name::CONFIGURATION_API_ANSWER_MALFORMED,
                Fault::OldRevision => name::STALE_REVISION_REFUSED,
                // Slow, but answered.
                Fault::Slow => name::NO_NEW_EVENTS,
            };
            (Mark::Fault(fault), name)
        }
        Action::Edit(_)
        | Action::Mend
        | Action::Recover
        | Action::Kill
        | Action::PowerLoss
        | Action::LoseBackup
        | Action::RotBackup
        | Action::Restart
        | Action::StepClock(_)
        | Action::Shop(_)
        | Action::Feed(_) => return None,
    };
    (event.name == name).then_some(mark)
}

fn restarts(plan: &Plan, events: &[Said]) -> Vec<Mark> {
    let mut marks = Vec::new();
    for (killed, restarted) in plan.downtimes() {
        let powerless = plan.steps.contains(&Step { at: killed, action: Action::PowerLoss });
        let death = if powerless { Death::PowerLoss } else { Death::Kill };
        let after: Vec<&Said> = events.iter().filter(|event| event.at >= restarted).collect();
        let found = if after.iter().any(|event| event.message.starts_with("starting → restored")) {
            Found::Backup
        } else if after.iter().any(|event| event.name == name::BACKUP_UNUSABLE) {
            Found::Rot
        } else if after.iter().any(|event| event.name == name::BACKUP_NOT_FOUND) {
            Found::Nothing
        } else {
            continue;
        };
        marks.push(Mark::Restart(death, found));
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_have_names_of_their_own() {
        let all = Mark::all();
        let names: BTreeSet<String> = all.iter().map(ToString::to_string).collect();
        assert_eq!(names.len(), all.len());
    }
}
