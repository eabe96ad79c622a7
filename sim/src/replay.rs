//! One seed, or many: draw the plan, act it and its twin out, judge. Knows no command line.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use holdfast_core::rng::Seed;

use crate::invariant::{self, Violation};
use crate::mark::{self, Mark};
use crate::plan::Plan;
use crate::world::{self, Run};

/// What one seed showed.
#[derive(Debug)]
pub struct Verdict {
    /// The seed.
    pub seed: u64,
    /// What was to go wrong.
    pub plan: Plan,
    /// What happened.
    pub run: Run,
    /// What was broken.
    pub violations: Vec<Violation>,
    /// What it went through.
    pub marks: BTreeSet<Mark>,
}

/// Plays one seed.
///
/// # Errors
/// The world itself failed, as when a host panicked: in words.
pub fn play(seed: u64) -> Result<Verdict, String> {
    play_plan(seed, Plan::draw(Seed(seed)))
}

/// Plays a given plan in the world of a seed.
///
/// # Errors
/// The world itself failed, as when a host panicked: in words.
pub fn play_plan(seed: u64, plan: Plan) -> Result<Verdict, String> {
    let run = world::run(Seed(seed), &plan)?;
    let twin = world::run(Seed(seed), &plan.twin())?;
    let violations = invariant::violations(&plan, &run, &twin);
    let marks = mark::marks(&plan, &run);
    Ok(Verdict { seed, plan, run, violations, marks })
}

/// Plays many seeds on all processors, each on a thread of its own, and hands every verdict to `report` in no particular order.
pub fn sweep(seeds: std::ops::Range<u64>, report: impl FnMut(u64, Result<Verdict, String>) + Send) {
    let next = AtomicU64::new(seeds.start);
    let report = Mutex::new(report);
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let verdict = thread::spawn(move || play(seed)).join();
                    let verdict =
                        verdict.unwrap_or_else(|panic| Err(format!("the world panicked: {}", words(&*panic))));
                    report.lock().unwrap_or_else(PoisonError::into_inner)(seed, verdict);
                }
            });
        }
    });
}

fn words(panic: &(dyn std::any::Any + Send)) -> &str {
    match panic.downcast_ref::<String>() {
        Some(text) => text,
        None => panic.downcast_ref::<&str>().copied().unwrap_or("no message"),
    }
}
