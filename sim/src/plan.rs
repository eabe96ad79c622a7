//! Fault plans: what goes wrong in a simulated world, when. Data that can be printed, compared and replayed; acts nothing out.

use std::fmt;
use std::time::Duration;

use holdfast_core::rng::{Rng, Seed};

use crate::azure::Fault;
use crate::{feed, shop};

/// One thing that happens to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The configuration folder is edited: this is the number that the new revision shows in every response.
    Edit(u32),
    /// The link between gateway and Azure swallows everything.
    BlackHole,
    /// The link between gateway and Azure refuses and drops everything.
    Partition,
    /// The link works again.
    Mend,
    /// Azure begins to fail in this way.
    Fail(Fault),
    /// Azure stops failing.
    Recover,
    /// The gateway's process is killed; its disk keeps everything that was written.
    Kill,
    /// The gateway's host loses power: what was not synced may be lost or torn, and nobody is told.
    PowerLoss,
    /// The gateway's volume is empty from now on.
    LoseBackup,
    /// One bit of every file on the gateway's volume flips.
    RotBackup,
    /// The gateway starts again.
    Restart,
    /// The wall clock of the gateway's host jumps by so many seconds.
    StepClock(i32),
    /// Something happens to the shop.
    Shop(shop::Event),
    /// Something happens to the feed.
    Feed(feed::Event),
}

impl Action {
    /// Whether the twin run, in which Azure is never lost and clocks go as they should, leaves it out.
    #[must_use]
    pub const fn is_outage(self) -> bool {
        match self {
            Self::BlackHole
            | Self::Partition
            | Self::Mend
            | Self::Fail(_)
            | Self::Recover
            | Self::LoseBackup
            | Self::RotBackup
            | Self::StepClock(_) => true,
            Self::Edit(_) | Self::Kill | Self::PowerLoss | Self::Restart | Self::Shop(_) | Self::Feed(_) => false,
        }
    }
}

/// An action and its moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Time since the world began.
    pub at: Duration,
    /// What happens.
    pub action: Action,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>8.3} {:?}", self.at.as_secs_f64(), self.action)
    }
}

/// A whole story of one world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What happens, in order of time.
    pub steps: Vec<Step>,
    /// When the world ends.
    pub end: Duration,
    /// From when to when Azure is lost.
    pub outage: (Duration, Duration),
    /// What the gateway can count on when it restarts during the outage.
    pub backup: Backup,
    /// How often the gateway asks for changes.
    pub sync_interval: Duration,
    /// How often the gateway sends a heartbeat.
    pub heartbeat_interval: Duration,
}

/// The state of the backup when the gateway restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backup {
    /// It is there, at least one generation of it whole.
    Whole,
    /// It is gone, or no generation is whole.
    Lost,
}

const SYNC_INTERVAL: Duration = Duration::from_secs(10);
/// Shorter than the original's minute, so that every world sees several.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(20);
/// As far as the wall clock of a host may jump, in seconds: what a clock that was never set is off by is more, but then its token ends.
const CLOCK_STEP: u64 = 86_400;
/// The outage begins in the third minute at the latest, so that a heartbeat and several polls went well before.
const OUTAGE_FROM: (u64, u64) = (25_000, 80_000);
const OUTAGE_LENGTH: (u64, u64) = (5_000, 90_000);
/// Long enough to catch up, and to see two polls afterwards.
const AFTERMATH: Duration = Duration::from_secs(45);

impl Plan {
    /// The plan of a seed.
    #[must_use]
    pub fn draw(seed: Seed) -> Self {
        let mut rng = seed.fork("plan").rng();
        let from = between(&mut rng, OUTAGE_FROM);
        let until = from + between(&mut rng, OUTAGE_LENGTH);
        let mut plan = Self {
            steps: Vec::new(),
            end: until + AFTERMATH,
            outage: (from, until),
            backup: Backup::Whole,
            sync_interval: SYNC_INTERVAL,
            heartbeat_interval: HEARTBEAT_INTERVAL,
        };
        plan.push(between(&mut rng, (3_000, 20_000)), Action::Edit(2));
        plan.draw_outage(&mut rng);
        if rng.below(3) > 0 {
            plan.push(inside(&mut rng, from, until), Action::Edit(3));
        }
        if rng.below(3) > 0 {
            plan.draw_restart(&mut rng);
        }
        if rng.below(2) == 0 {
            plan.push(until + between(&mut rng, (500, 15_000)), Action::Edit(4));
        }
        if rng.below(2) == 0 {
            let step =
                i32::try_from(rng.below(2 * CLOCK_STEP + 1)).unwrap_or(0) - i32::try_from(CLOCK_STEP).unwrap_or(0);
            let at = between(&mut rng, (5_000, 100_000)).min(until + AFTERMATH / 2);
            plan.push(at, Action::StepClock(step));
        }
        // From a stream of its own: what else is drawn of a seed stays as it was.
        for (at, event) in shop::host::draw(&mut seed.fork("shop plan").rng(), plan.end) {
            plan.push(at, Action::Shop(event));
        }
        for (at, event) in feed::host::draw(&mut seed.fork("feed plan").rng(), plan.end) {
            plan.push(at, Action::Feed(event));
        }
        plan.steps.sort_by_key(|step| step.at);
        plan
    }

    /// The same story in a world that never loses Azure nor its backup.
    #[must_use]
    pub fn twin(&self) -> Self {
        let mut twin = self.clone();
        twin.steps.retain(|step| !step.action.is_outage());
        twin.backup = Backup::Whole;
        twin
    }

    /// The spans of time in which the gateway's process does not run.
    #[must_use]
    pub fn downtimes(&self) -> Vec<(Duration, Duration)> {
        let mut spans = Vec::new();
        let mut down = None;
        for step in &self.steps {
            match step.action {
                Action::Kill | Action::PowerLoss => down = Some(step.at),
                Action::Restart => spans.extend(down.take().map(|from| (from, step.at))),
                Action::Edit(_)
                | Action::BlackHole
                | Action::Partition
                | Action::Mend
                | Action::Fail(_)
                | Action::Recover
                | Action::LoseBackup
                | Action::RotBackup
                | Action::StepClock(_)
                | Action::Shop(_)
                | Action::Feed(_) => {}
            }
        }
        spans
    }

    /// The spans of time in which Azure is lost or fails, with what began them.
    #[must_use]
    pub fn outages(&self) -> Vec<(Duration, Duration, Action)> {
        let mut spans = Vec::new();
        let mut lost: Option<Step> = None;
        for step in &self.steps {
            match step.action {
                Action::BlackHole | Action::Partition | Action::Fail(_) => lost = Some(*step),
                Action::Mend | Action::Recover => {
                    spans.extend(lost.take().map(|begin| (begin.at, step.at, begin.action)));
                }
                Action::Edit(_)
                | Action::Kill
                | Action::PowerLoss
                | Action::LoseBackup
                | Action::RotBackup
                | Action::Restart
                | Action::StepClock(_)
                | Action::Shop(_)
                | Action::Feed(_) => {}
            }
        }
        spans.extend(lost.map(|begin| (begin.at, self.end, begin.action)));
        spans
    }

    fn draw_outage(&mut self, rng: &mut Rng) {
        let (from, until) = self.outage;
        let (begin, end) = match rng.below(4) {
            0 => (Action::BlackHole, Action::Mend),
            1 => (Action::Partition, Action::Mend),
            _ => {
                let at = usize::try_from(rng.below(8)).unwrap_or(0);
                let fault = Fault::ALL.get(at).copied().unwrap_or(Fault::Cut);
                (Action::Fail(fault), Action::Recover)
            }
        };
        self.push(from, begin);
        self.push(until, end);
    }

    fn draw_restart(&mut self, rng: &mut Rng) {
        let (from, until) = self.outage;
        let killed = inside(rng, from, until);
        let restarted = killed + between(rng, (200, 4_000));
        self.push(killed, if rng.below(2) == 0 { Action::Kill } else { Action::PowerLoss });
        match rng.below(4) {
            0 => {
                self.backup = Backup::Lost;
                self.push(killed + Duration::from_millis(100), Action::LoseBackup);
            }
            1 => {
                self.backup = Backup::Lost;
                self.push(killed + Duration::from_millis(100), Action::RotBackup);
            }
            _ => {}
        }
        self.push(restarted, Action::Restart);
        self.end = self.end.max(restarted + AFTERMATH);
    }

    fn push(&mut self, at: Duration, action: Action) {
        self.steps.push(Step { at, action });
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|step| writeln!(f, "{step}"))
    }
}

fn between(rng: &mut Rng, (low, high): (u64, u64)) -> Duration {
    Duration::from_millis(low + rng.below(high - low + 1))
}

fn inside(rng: &mut Rng, from: Duration, until: Duration) -> Duration {
    rng.duration_between(from, until)
}

impl Plan {
    /// What `of` finds in its actions, with the moments.
    pub(crate) fn events<E>(&self, of: impl Fn(Action) -> Option<E>) -> impl Iterator<Item = (Duration, E)> {
        self.steps.iter().filter_map(move |step| Some((step.at, of(step.action)?)))
    }
}

#[cfg(test)]
impl Plan {
    /// A world without an outage in which this happens, each at its second, until the second `end`.
    pub(crate) fn of_steps(steps: &[(u64, Action)], end: u64) -> Self {
        let at = Duration::from_secs;
        let steps = steps.iter().map(|(second, action)| Step { at: at(*second), action: *action }).collect();
        let outage = (Duration::ZERO, Duration::ZERO);
        let (sync_interval, heartbeat_interval) = (SYNC_INTERVAL, HEARTBEAT_INTERVAL);
        Self { steps, end: at(end), outage, backup: Backup::Whole, sync_interval, heartbeat_interval }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Reader;
    use crate::shop::Member;

    #[test]
    fn equal_seeds_draw_equal_plans_in_order_of_time() {
        for seed in 0..200 {
            let plan = Plan::draw(Seed(seed));
            assert_eq!(plan, Plan::draw(Seed(seed)));
            assert!(plan.steps.windows(2).all(|pair| pair[0].at <= pair[1].at));
            assert!(plan.steps.iter().all(|step| step.at < plan.end));
            assert_eq!(plan.steps.iter().filter(|s| s.action == Action::Restart).count(), plan.downtimes().len());
        }
    }

    #[test]
    fn every_kind_of_action_is_drawn_and_twins_have_no_outage() {
        let plans: Vec<Plan> = (0..400).map(|seed| Plan::draw(Seed(seed))).collect();
        let drawn = |wanted: fn(&Action) -> bool| plans.iter().any(|p| p.steps.iter().any(|s| wanted(&s.action)));
        assert!(drawn(|a| *a == Action::BlackHole) && drawn(|a| *a == Action::Partition));
        assert!(drawn(|a| *a == Action::Kill) && drawn(|a| *a == Action::PowerLoss));
        assert!(drawn(|a| *a == Action::LoseBackup) && drawn(|a| *a == Action::RotBackup));
        assert!(drawn(|a| matches!(a, Action::StepClock(1..))) && drawn(|a| matches!(a, Action::StepClock(..=-1))));
        for event in [shop::Event::Sicken(Member::A), shop::Event::Stop(Member::B), shop::Event::StopProvider] {
            assert!(
                plans.iter().any(|p| p.steps.iter().any(|s| s.action == Action::Shop(event))),
                "{event:?} never drawn"
            );
        }
        for event in Reader::ALL.into_iter().flat_map(|reader| [feed::Event::Cut(reader), feed::Event::Hold(reader)]) {
            assert!(
                plans.iter().any(|p| p.steps.iter().any(|s| s.action == Action::Feed(event))),
                "{event:?} never drawn"
            );
        }
        for fault in Fault::ALL {
            assert!(
                plans.iter().any(|p| p.steps.iter().any(|s| s.action == Action::Fail(fault))),
                "{fault} never drawn"
            );
        }
        assert!(plans.iter().all(|p| p.twin().steps.iter().all(|s| !s.action.is_outage())));
    }
}
