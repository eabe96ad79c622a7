//! The judges of the feed: what readers hear of posts, and how their sockets end. Knows nothing of how the gateway works.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{ROUND_TRIP, Violation, catch_up, excuses, violation};
use crate::feed::host::{PATIENCE, PAUSE};
use crate::feed::{Account, CHANGED_FROM, End, Event, Post, Reader, Session};
use crate::plan::{Action, Plan};

/// How long after the answer to its author a post may reach a reader: some that wait for their turn, each a call of a data source and a push.
pub(crate) const PUSH: Duration = Duration::from_secs(3);
/// The first socket of a reader is subscribed by then.
const FIRST: Duration = Duration::from_secs(6);

/// Everything that is wrong with what happened around the feed.
pub(super) fn violations(plan: &Plan, account: &Account) -> Vec<Violation> {
    let mut found = Vec::new();
    found.extend(posts_are_taken(plan, &account.posts));
    for reader in Reader::ALL {
        let sessions: Vec<&Session> = account.sessions.iter().filter(|session| session.reader == reader).collect();
        found.extend(events_come_in_order_and_once(&sessions));
        found.extend(events_are_what_was_posted(account, &sessions));
        found.extend(subscribers_hear_everything(plan, &account.posts, &sessions));
        found.extend(subscribers_come_back(plan, reader, &account.posts, &sessions));
        found.extend(sockets_end_for_a_reason(plan, &sessions));
        found.extend(a_changed_api_ends_its_sockets(plan, &sessions));
    }
    found
}

/// What a reader's link does to what is sent on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// It is lost.
    Cut,
    /// It comes later.
    Hold,
}

/// The spans in which a reader's link to the gateway is in trouble.
fn troubles(plan: &Plan, reader: Reader) -> Vec<(Duration, Duration, Trouble)> {
    let mut spans = Vec::new();
    let mut lost = None;
    for (at, event) in plan.feed_events() {
        match event {
            Event::Cut(of) if of == reader => lost = Some((at, Trouble::Cut)),
            Event::Hold(of) if of == reader => lost = Some((at, Trouble::Hold)),
            Event::Mend(of) if of == reader => {
                spans.extend(lost.take().map(|(from, trouble)| (from, at, trouble)));
            }
            Event::Cut(_) | Event::Hold(_) | Event::Mend(_) => {}
        }
    }
    spans
}

/// When the schema becomes another one at Azure, and by when the gateway must have it.
fn change(plan: &Plan) -> Option<(Duration, Duration)> {
    let (_, healed) = plan.outage;
    let is_it = |action: Action| matches!(action, Action::Edit(number) if number >= CHANGED_FROM);
    let at = plan.steps.iter().find(|step| is_it(step.action))?.at;
    let mut known = at.max(healed) + catch_up(plan) + ROUND_TRIP;
    for (killed, restarted) in plan.downtimes() {
        if killed <= known && restarted >= at {
            known = known.max(restarted + catch_up(plan) + ROUND_TRIP);
        }
    }
    Some((at, known))
}

// F1: an author who writes to a gateway that has a configuration is heard, with Azure or without.
fn posts_are_taken(plan: &Plan, posts: &[Post]) -> Vec<Violation> {
    let excused = excuses(plan);
    let is_excused = |post: &Post| excused.iter().any(|(from, until)| post.ended >= *from && post.began <= *until);
    let lost = posts.iter().filter(|post| !post.is_taken && !is_excused(post));
    lost.map(|post| violation("posts are taken", format!("{} at {:?}", post.number, post.began))).collect()
}

/// F2: a reader hears posts in the order in which they were made, each once, on however many sockets.
fn events_come_in_order_and_once(sessions: &[&Session]) -> Vec<Violation> {
    let heard = sessions.iter().flat_map(|session| &session.heard);
    let (mut last, mut seen, mut found) = (0, BTreeSet::new(), Vec::new());
    for event in heard {
        if !seen.insert(event.number) {
            found.push(violation("no event is heard twice", format!("{} at {:?}", event.number, event.at)));
        } else if event.number < last {
            found.push(violation("events come in order", format!("{} at {:?}, after {last}", event.number, event.at)));
        }
        last = last.max(event.number);
    }
    found
}

/// F3: nothing is heard that was not made, and each event is whole: what a subscription asks data sources for is in it.
fn events_are_what_was_posted(account: &Account, sessions: &[&Session]) -> Vec<Violation> {
    let mut found = Vec::new();
    for event in sessions.iter().flat_map(|session| &session.heard) {
        if !account.made.iter().any(|(number, at)| *number == event.number && *at <= event.at) {
            found.push(violation("events are what was posted", format!("{} was never made", event.number)));
        }
        if !event.problem.is_empty() {
            found.push(violation("events are what was posted", event.problem.clone()));
        }
    }
    found
}

/// F4: who is subscribed hears every post, whatever happens to Azure and to the configuration meanwhile; late only if the link was slow.
fn subscribers_hear_everything(plan: &Plan, posts: &[Post], sessions: &[&Session]) -> Vec<Violation> {
    let downtimes = plan.downtimes();
    let mut found = Vec::new();
    for session in sessions {
        let troubles = troubles(plan, session.reader);
        for post in posts.iter().filter(|post| post.is_taken && session.subscribed <= post.began) {
            let Some(due) = due(post, session, &troubles) else { continue };
            let is_of_a_dead_process =
                downtimes.iter().any(|(killed, _)| session.opened <= *killed && *killed <= due + ROUND_TRIP);
            let is_heard = session.heard.iter().any(|event| event.number == post.number && event.at <= due);
            if session.ended >= due && !is_of_a_dead_process && !is_heard {
                let what = format!("{} did not hear {} until {due:?}", session.reader.host(), post.number);
                found.push(violation("subscribers hear everything", what));
            }
        }
    }
    found
}

// By when a post must have been heard on a socket; nothing is said of what a cut may have swallowed.
fn due(post: &Post, session: &Session, troubles: &[(Duration, Duration, Trouble)]) -> Option<Duration> {
    let mut due = post.ended + PUSH;
    for (from, until, trouble) in troubles {
        let concerns = *until >= session.opened && *from < due;
        match trouble {
            Trouble::Cut if concerns && *from <= session.ended => return None,
            Trouble::Hold if concerns && post.began <= *until + PUSH => due = due.max(*until + PUSH),
            Trouble::Cut | Trouble::Hold => {}
        }
    }
    Some(due)
}

/// F5: a reader whose socket has ended is subscribed again before long, and hears on.
fn subscribers_come_back(plan: &Plan, reader: Reader, posts: &[Post], sessions: &[&Session]) -> Vec<Violation> {
    let back = PAUSE + PATIENCE + PUSH;
    // It knows that a socket has ended, unless that is swallowed or still to come.
    let mut away: Vec<(Duration, Duration)> =
        troubles(plan, reader).into_iter().map(|(from, until, _)| (from, until + reader.patience() + back)).collect();
    away.extend(excuses(plan).into_iter().map(|(from, until)| (from, until + reader.patience() + back)));
    away.extend(change(plan).map(|(from, until)| (from, until + reader.stillness() + back)));
    let mut found = Vec::new();
    for post in posts.iter().filter(|post| post.is_taken && post.began >= FIRST && post.ended + PUSH < plan.end) {
        let is_away = away.iter().any(|(from, until)| post.ended + PUSH >= *from && post.began <= *until);
        let is_heard = sessions.iter().flat_map(|session| &session.heard).any(|event| event.number == post.number);
        if !is_away && !is_heard {
            let what = format!("{} never heard {}, posted at {:?}", reader.host(), post.number, post.began);
            found.push(violation("subscribers come back", what));
        }
    }
    found
}

/// F6: a socket ends with the code that its end has, and not without a reason for it.
fn sockets_end_for_a_reason(plan: &Plan, sessions: &[&Session]) -> Vec<Violation> {
    let mut found = Vec::new();
    for session in sessions {
        let with_process = plan.downtimes().iter().any(|(killed, _)| (session.opened..=session.ended).contains(killed));
        let mut troubles = troubles(plan, session.reader).into_iter();
        let in_trouble = troubles.any(|(from, until, _)| from <= session.ended && until >= session.opened);
        let is_changed = change(plan).is_some_and(|(from, _)| session.edit < CHANGED_FROM && from <= session.ended);
        let is_explained = match &session.end {
            End::Open => true,
            End::Closed(1001, reason) if reason == "The API has changed" => is_changed,
            End::Closed(1001, reason) if reason == "The client is silent" => in_trouble,
            End::Broken => with_process || in_trouble,
            // Nobody is told of power loss.
            End::Silence => with_process || in_trouble,
            End::Closed(..) | End::Nonsense(_) => false,
        };
        if !is_explained {
            let what = format!("{} at {:?}: {:?}", session.reader.host(), session.ended, session.end);
            found.push(violation("sockets end for a reason", what));
        }
    }
    found
}

/// F7: no socket outlives the API that it began with: it is closed at the latest when either side asks for a sign of life.
fn a_changed_api_ends_its_sockets(plan: &Plan, sessions: &[&Session]) -> Vec<Violation> {
    let Some((_, known)) = change(plan) else { return Vec::new() };
    let mut found = Vec::new();
    for session in sessions.iter().filter(|session| session.edit < CHANGED_FROM && session.opened < known) {
        let mut last = known + session.reader.stillness() + ROUND_TRIP;
        for (from, until, _) in troubles(plan, session.reader) {
            if from <= last && until >= session.opened {
                last = last.max(until + session.reader.patience() + ROUND_TRIP);
            }
        }
        for (killed, restarted) in plan.downtimes() {
            if killed <= last && restarted >= session.opened {
                last = last.max(restarted + session.reader.patience() + ROUND_TRIP);
            }
        }
        if session.ended > last {
            let what = format!("{} of {:?} lives at {last:?}", session.reader.host(), session.opened);
            found.push(violation("a changed API ends its sockets", what));
        }
    }
    found
}

impl Plan {
    /// The events of the feed that a plan holds.
    pub(crate) fn feed_events(&self) -> impl Iterator<Item = (Duration, Event)> {
        self.events(|action| if let Action::Feed(event) = action { Some(event) } else { None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Heard;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn plan(steps: &[(u64, Action)]) -> Plan {
        Plan::of_steps(steps, 200)
    }

    /// A socket of a lively reader, on which these posts were heard, each half a second after it began.
    fn session(opened: u64, heard: &[u64], ended: u64, end: End) -> Session {
        let heard = heard.iter().map(|number| Heard {
            number: *number,
            at: at(10 * number) + Duration::from_millis(500),
            problem: String::new(),
        });
        let (reader, edit) = (Reader::Lively, 1);
        let (opened, ended) = (at(opened), at(ended));
        Session { reader, opened, subscribed: opened + at(1), edit, heard: heard.collect(), ended, end }
    }

    /// Posts 1 to 19, one every ten seconds; a quiet reader hears all of them.
    fn account(sessions: &[Session]) -> Account {
        let post = |number| {
            let began = at(10 * number);
            Post { number, began, ended: began + Duration::from_millis(100), is_taken: true }
        };
        let all: Vec<u64> = (1..20).collect();
        let quiet = Session { reader: Reader::Quiet, ..session(1, &all, 200, End::Open) };
        Account {
            posts: all.iter().copied().map(post).collect(),
            made: all.iter().map(|number| (*number, at(10 * number))).collect(),
            sessions: sessions.iter().cloned().chain([quiet]).collect(),
        }
    }

    fn judged(plan: &Plan, sessions: &[Session]) -> Vec<&'static str> {
        violations(plan, &account(sessions)).into_iter().map(|violation| violation.invariant).collect()
    }

    fn all() -> Vec<u64> {
        (1..20).collect()
    }

    #[test]
    fn a_good_world_has_no_violations() {
        assert_eq!(judged(&plan(&[]), &[session(1, &all(), 200, End::Open)]), Vec::<&str>::new());
        let hold = [(35, Action::Feed(Event::Hold(Reader::Lively))), (45, Action::Feed(Event::Mend(Reader::Lively)))];
        let mut late = session(1, &all(), 200, End::Open);
        late.heard[3].at = at(45) + Duration::from_millis(300);
        assert_eq!(judged(&plan(&hold), &[late]), Vec::<&str>::new());
    }

    #[test]
    fn each_judge_of_events_sees_its_own_fault() {
        let quiet = plan(&[]);
        let with = |change: fn(&mut Session)| {
            let mut one = session(1, &all(), 200, End::Open);
            change(&mut one);
            judged(&quiet, &[one])
        };
        assert_eq!(with(|one| one.heard.insert(5, one.heard[4].clone())), ["no event is heard twice"]);
        assert_eq!(with(|one| one.heard[4].problem = "odd".to_owned()), ["events are what was posted"]);
        assert_eq!(with(|one| one.heard[4].at = at(49)), ["events are what was posted"]);
        let missed = ["subscribers hear everything", "subscribers come back"];
        assert_eq!(with(|one| drop(one.heard.remove(4))), missed);
        assert_eq!(with(|one| one.heard[4].at = at(54)), ["subscribers hear everything"]);
        let swapped = with(|one| {
            one.heard.swap(4, 5);
            one.heard[5].at = one.heard[4].at;
        });
        assert_eq!(swapped, ["events come in order", "subscribers hear everything"]);
        let mut account = account(&[session(1, &all(), 200, End::Open)]);
        account.posts[4].is_taken = false;
        let found: Vec<&str> = violations(&quiet, &account).into_iter().map(|found| found.invariant).collect();
        assert_eq!(found, ["posts are taken"]);
    }

    #[test]
    fn each_end_of_a_socket_has_its_reasons() {
        let after = |end: u64| all().into_iter().filter(|number| 10 * number > end).collect::<Vec<_>>();
        let ends = |plan: &Plan, second: u64, end: End, again: u64| {
            let before: Vec<u64> = all().into_iter().filter(|number| 10 * number < second).collect();
            let next = Session { edit: CHANGED_FROM, ..session(again, &after(again), 200, End::Open) };
            judged(plan, &[session(1, &before, second, end), next])
        };
        let quiet = plan(&[]);
        for end in [End::Broken, End::Silence, End::Closed(1013, String::new()), End::Nonsense(String::new())] {
            assert_eq!(ends(&quiet, 55, end, 57), ["sockets end for a reason"]);
        }
        let killed = plan(&[(55, Action::Kill), (56, Action::Restart)]);
        assert_eq!(ends(&killed, 55, End::Broken, 57), Vec::<&str>::new());
        let cut =
            plan(&[(45, Action::Feed(Event::Cut(Reader::Lively))), (58, Action::Feed(Event::Mend(Reader::Lively)))]);
        assert_eq!(ends(&cut, 55, End::Silence, 59), Vec::<&str>::new());
        assert_eq!(ends(&cut, 55, End::Silence, 91), ["subscribers come back"]);
        let changed = || End::Closed(1001, "The API has changed".to_owned());
        let edited = plan(&[(50, Action::Edit(CHANGED_FROM))]);
        assert_eq!(ends(&quiet, 55, changed(), 57), ["sockets end for a reason"]);
        // The quiet reader's socket is as old.
        assert_eq!(ends(&edited, 55, changed(), 57), ["a changed API ends its sockets"]);
    }
}
