//! The judges of the shop: circuit breakers, the pool, and tokens while their provider is away. Knows nothing of how the gateway works.

use std::time::Duration;

use super::{RESTORE, ROUND_TRIP, Violation, excuses, violation};
use crate::plan::{Action, Plan};
use crate::shop::{Account, Call, Event, FAILURES, Member, RETRY, TRIP, Visit};

/// How long calls that were under way when a breaker tripped may still arrive.
const UNDER_WAY: Duration = Duration::from_millis(100);
/// How long it takes until each member has had its turn again.
const TURNS: Duration = Duration::from_secs(5);
/// Visits that show that both members should have been called.
const TURNS_VISITS: usize = 4;

/// Everything that is wrong with what happened in the shop.
pub(super) fn violations(plan: &Plan, account: &Account) -> Vec<Violation> {
    let mut found = Vec::new();
    for member in Member::ALL {
        found.extend(a_tripped_backend_is_left_alone(plan, member, &account.calls));
        found.extend(a_backend_that_is_well_is_called_again(plan, member, account));
    }
    found.extend(a_member_that_is_away_costs_nothing(plan, &account.visits));
    found.extend(a_pool_that_is_away_says_until_when(plan, &account.visits));
    found.extend(strangers_are_refused(&account.visits));
    found.extend(a_provider_that_is_away_costs_nothing(plan, &account.visits));
    found
}

/// From when until when the breaker of a member is tripped, by the calls that it failed. A member whose host ends fails calls that nobody
/// counts, so nothing is said of it.
pub(crate) fn trips(plan: &Plan, member: Member, calls: &[Call]) -> Vec<(Duration, Duration)> {
    let mut trips = Vec::new();
    if plan.shop_events().any(|(_, event)| event == Event::Stop(member)) {
        return trips;
    }
    // What a process knows of its backends ends with it.
    for (born, killed) in lives(plan) {
        let (mut failures, mut open_from) = (0, born);
        let failed = calls.iter().filter(|call| call.member == member && call.failed);
        for call in failed.filter(|call| (born..killed).contains(&call.at)) {
            failures += usize::from(call.at >= open_from);
            if failures == FAILURES {
                (failures, open_from) = (0, call.at + TRIP);
                trips.push((call.at, open_from.min(killed)));
            }
        }
    }
    trips
}

/// The spans in which the gateway's process runs.
fn lives(plan: &Plan) -> Vec<(Duration, Duration)> {
    let downtimes = plan.downtimes();
    let born = std::iter::once(Duration::ZERO).chain(downtimes.iter().map(|(_, restarted)| *restarted));
    let killed = downtimes.iter().map(|(killed, _)| *killed).chain([plan.end]);
    born.zip(killed).collect()
}

/// S9: nothing reaches a backend while its breaker is tripped.
fn a_tripped_backend_is_left_alone(plan: &Plan, member: Member, calls: &[Call]) -> Vec<Violation> {
    let trips = trips(plan, member, calls);
    let mut found = Vec::new();
    for call in calls.iter().filter(|call| call.member == member) {
        let tripped = trips.iter().find(|(from, until)| *from + UNDER_WAY < call.at && call.at < *until);
        if let Some((from, _)) = tripped {
            let what = format!("{} was called at {:?}, tripped at {from:?}", member.host(), call.at);
            found.push(violation("a tripped backend is left alone", what));
        }
    }
    found
}

/// L5: a backend that is well again gets its calls once its breaker has closed.
fn a_backend_that_is_well_is_called_again(plan: &Plan, member: Member, account: &Account) -> Vec<Violation> {
    let healed = plan.shop_events().filter(|(_, event)| *event == Event::Heal(member)).map(|(at, _)| at);
    let mut found = Vec::new();
    for at in healed {
        let (from, until) = (at + TRIP + ROUND_TRIP, at + TRIP + ROUND_TRIP + TURNS);
        let inside = |visit: &&Visit| visit.status == Some(200) && visit.began >= from && visit.ended <= until;
        let is_called = account.calls.iter().any(|call| call.member == member && (at..=until).contains(&call.at));
        if !is_called && account.visits.iter().filter(inside).count() >= TURNS_VISITS {
            let what = format!("{} was well at {at:?} and not called until {until:?}", member.host());
            found.push(violation("a backend that is well is called again", what));
        }
    }
    found
}

/// The spans in which a member may be left out: while it is not well, and after that until its breaker has closed.
fn absences(plan: &Plan, member: Member) -> Vec<(Duration, Duration)> {
    let mut spans = Vec::new();
    let mut lost = None;
    for (at, event) in plan.shop_events() {
        match event {
            Event::Sicken(of) | Event::Stop(of) if of == member => lost = Some(at),
            Event::Heal(of) if of == member => spans.extend(lost.take().map(|from| (from, at + TRIP + ROUND_TRIP))),
            Event::Sicken(_) | Event::Stop(_) | Event::Heal(_) | Event::StopProvider | Event::StartProvider => {}
        }
    }
    spans
}

fn overlaps(visit: &Visit, (from, until): (Duration, Duration)) -> bool {
    visit.ended >= from && visit.began <= until
}

fn is_excused(plan: &Plan, visit: &Visit) -> bool {
    excuses(plan).into_iter().any(|span| overlaps(visit, span))
}

/// S10: while one member is well, no visit fails because of the other.
fn a_member_that_is_away_costs_nothing(plan: &Plan, visits: &[Visit]) -> Vec<Violation> {
    let absences = Member::ALL.map(|member| absences(plan, member));
    let mut found = Vec::new();
    for visit in visits.iter().filter(|visit| !matches!(visit.status, Some(200 | 401))) {
        let all_away = absences.iter().all(|spans| spans.iter().any(|span| overlaps(visit, *span)));
        if !all_away && !is_excused(plan, visit) && !waits_for_the_provider(plan, visit) {
            let what = format!("{} at {:?}: {:?} {}", visit.id, visit.began, visit.status, visit.problem);
            found.push(violation("a member that is away costs nothing", what));
        }
    }
    found
}

/// S11: a pool all of whose breakers are tripped says when the first one closes.
fn a_pool_that_is_away_says_until_when(plan: &Plan, visits: &[Visit]) -> Vec<Violation> {
    let refused = visits.iter().filter(|visit| visit.status == Some(503) && !is_excused(plan, visit));
    let silent = refused.filter(|visit| !visit.retry_after.is_some_and(|left| (1..=TRIP.as_secs()).contains(&left)));
    let words = |visit: &Visit| format!("{} at {:?}: {:?}", visit.id, visit.began, visit.retry_after);
    silent.map(|visit| violation("a pool that is away says until when", words(visit))).collect()
}

/// S12: a token that nobody gave out opens nothing, whoever is away.
fn strangers_are_refused(visits: &[Visit]) -> Vec<Violation> {
    let let_in = visits.iter().filter(|visit| !visit.is_known && !matches!(visit.status, None | Some(401 | 503)));
    let_in.map(|v| violation("strangers are refused", format!("{} at {:?}: {:?}", v.id, v.began, v.status))).collect()
}

/// The spans in which the provider is away.
fn provider_absences(plan: &Plan) -> Vec<(Duration, Duration)> {
    let mut spans = Vec::new();
    let mut lost = None;
    for (at, event) in plan.shop_events() {
        match event {
            Event::StopProvider => lost = Some(at),
            Event::StartProvider => spans.extend(lost.take().map(|from| (from, at))),
            Event::Sicken(_) | Event::Stop(_) | Event::Heal(_) => {}
        }
    }
    spans
}

// No document of the provider need have come when this visit was judged.
fn waits_for_the_provider(plan: &Plan, visit: &Visit) -> bool {
    provider_absences(plan).into_iter().any(|(from, until)| overlaps(visit, (from, until + RETRY + ROUND_TRIP)))
}

/// S13: a good token passes, with the provider or without it. Only a process that never saw the provider's keys may refuse it.
fn a_provider_that_is_away_costs_nothing(plan: &Plan, visits: &[Visit]) -> Vec<Violation> {
    let mut found = Vec::new();
    for visit in visits.iter().filter(|visit| visit.is_known && visit.status == Some(401)) {
        let born = plan.downtimes().iter().map(|(_, restarted)| *restarted).filter(|at| *at <= visit.ended).max();
        let passed = |other: &&Visit| other.status == Some(200) && other.ended <= visit.began;
        let has_keys = visits.iter().filter(passed).any(|other| other.began >= born.unwrap_or_default());
        if has_keys || !waits_for_the_provider(plan, visit) {
            let what = format!("{} at {:?}: {}", visit.id, visit.began, visit.problem);
            found.push(violation("a provider that is away costs nothing", what));
        }
    }
    found
}

/// Whether the provider is away at this moment.
pub(crate) fn provider_is_away(plan: &Plan, at: Duration) -> bool {
    provider_absences(plan).into_iter().any(|(from, until)| (from + RESTORE..=until).contains(&at))
}

/// The events of the shop that a plan holds.
impl Plan {
    pub(crate) fn shop_events(&self) -> impl Iterator<Item = (Duration, Event)> {
        self.events(|action| if let Action::Shop(event) = action { Some(event) } else { None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Step;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn plan(steps: &[(u64, Action)]) -> Plan {
        Plan::of_steps(steps, 100)
    }

    fn sick() -> Plan {
        plan(&[(10, Action::Shop(Event::Sicken(Member::A))), (40, Action::Shop(Event::Heal(Member::A)))])
    }

    fn call(member: Member, second: u64, failed: bool) -> Call {
        Call { member, at: at(second), failed }
    }

    fn visit(second: u64, status: u16, is_known: bool) -> Visit {
        Visit {
            id: format!("visit-{second}"),
            is_known,
            began: at(second),
            ended: at(second) + Duration::from_millis(50),
            status: Some(status),
            retry_after: None,
            problem: String::new(),
        }
    }

    fn judged(plan: &Plan, calls: &[Call], visits: &[Visit]) -> Vec<&'static str> {
        let account = Account { calls: calls.to_vec(), fetches: Vec::new(), visits: visits.to_vec() };
        violations(plan, &account).into_iter().map(|violation| violation.invariant).collect()
    }

    #[test]
    fn calls_to_a_tripped_backend_are_seen() {
        let failed = [11, 12, 13].map(|second| call(Member::A, second, true));
        let with = |more: &[Call]| judged(&sick(), &[&failed, more].concat(), &[]);
        assert_eq!(with(&[call(Member::B, 14, false), call(Member::A, 28, true)]), Vec::<&str>::new());
        assert_eq!(with(&[call(Member::A, 27, true)]), ["a tripped backend is left alone"]);
        // What a process knew ends with it.
        let mut plan = sick();
        plan.steps.extend(
            [(15, Action::Kill), (16, Action::Restart)].map(|(second, action)| Step { at: at(second), action }),
        );
        plan.steps.sort_by_key(|step| step.at);
        let calls = [&failed[..], &[call(Member::A, 17, true), call(Member::A, 18, true)]].concat();
        assert_eq!(judged(&plan, &calls, &[]), Vec::<&str>::new());
    }

    #[test]
    fn each_judge_of_visits_sees_its_own_fault() {
        let quiet = plan(&[]);
        let one = |plan: &Plan, visit: Visit| judged(plan, &[], &[visit]);
        assert_eq!(one(&quiet, visit(5, 200, true)), Vec::<&str>::new());
        assert_eq!(one(&quiet, visit(5, 500, true)), ["a member that is away costs nothing"]);
        assert_eq!(one(&sick(), visit(20, 500, true)), ["a member that is away costs nothing"]);
        assert_eq!(one(&quiet, visit(5, 200, false)), ["strangers are refused"]);
        assert_eq!(one(&quiet, visit(5, 401, true)), ["a provider that is away costs nothing"]);
        let provider = [(20, Action::Shop(Event::StopProvider)), (40, Action::Shop(Event::StartProvider))];
        assert_eq!(one(&plan(&provider), visit(30, 401, true)), Vec::<&str>::new(), "its keys never came");
        let after = judged(&plan(&provider), &[], &[visit(10, 200, true), visit(30, 401, true)]);
        assert_eq!(after, ["a provider that is away costs nothing"]);

        let both = [Member::A, Member::B].map(|member| (10, Action::Shop(Event::Sicken(member))));
        let healed = [Member::A, Member::B].map(|member| (40, Action::Shop(Event::Heal(member))));
        let away = plan(&[both, healed].concat());
        assert_eq!(one(&away, Visit { retry_after: Some(15), ..visit(20, 503, true) }), Vec::<&str>::new());
        assert_eq!(one(&away, visit(20, 503, true)), ["a pool that is away says until when"]);
        let calls = [call(Member::A, 41, false), call(Member::A, 58, false)];
        let visits: Vec<Visit> = (56..61).map(|second| visit(second, 200, true)).collect();
        assert_eq!(judged(&away, &calls, &visits), ["a backend that is well is called again"]);
    }
}
