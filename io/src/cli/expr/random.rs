//! `holdfast expr witness --random`: drawn expressions, evaluated here and by an oracle; what disagrees is made small.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use holdfast_core::expr::draw::{Drawn, draw, drawable};
use holdfast_core::expr::encode::{Answer, alone, answer};
use holdfast_core::expr::scene::Scene;
use holdfast_core::expr::{Expected, Noted};
use holdfast_core::rng::Seed;
use serde::Serialize;
use serde_json::Value as Json;

use super::arguments::Random;
use super::compare::{Comparison, compare};
use super::explained::reason;
use super::oracle::Oracle;
use super::replay::Keep;
use super::{read_context, unfixed};
use crate::cli::arguments::Format;
use crate::cli::{EXIT_OK, EXIT_REFUSED, Outcome};

/// Expressions that an oracle is asked at once.
const BATCH: u64 = 500;
/// Disagreements of a batch that are made small; the others are listed as they are.
const SHRUNK_MAX: usize = 30;
/// Smaller versions of one expression that are asked at once, and how often.
const SMALLER_MAX: usize = 24;
const ROUNDS_MAX: usize = 8;

/// What became of the comparisons.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    seed: u64,
    /// Both give the same.
    agree: u64,
    /// Both refuse it.
    refused: u64,
    /// Both give the same, and members outside the allow-list are admitted here.
    admitted: u64,
    /// They differ for a reason that is known.
    explained: u64,
    /// A limit was reached here, or the oracle took too long.
    not_asked: u64,
    /// How often each name outside the allow-list was seen.
    denied: BTreeMap<String, u64>,
    /// How many members there are, and those that no expression calls.
    members: usize,
    never_drawn: BTreeSet<(String, &'static str)>,
    pub(super) disagree: Vec<Disagreement>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Disagreement {
    pub(super) number: u64,
    pub(super) source: String,
    pub(super) difference: String,
    pub(super) shrunk: String,
    pub(super) shrunk_difference: String,
}

impl Report {
    /// Counts a comparison that found no fault.
    pub(super) fn count(&mut self, here: &Here, result: Option<&Json>) {
        match here.against(result) {
            None => self.not_asked += 1,
            Some(Comparison::Same) if here.is_refused() => self.refused += 1,
            Some(Comparison::Same) => self.agree += 1,
            Some(Comparison::Differs(_) | Comparison::Unlike { .. }) => self.explained += 1,
            Some(Comparison::Admitted(names)) => {
                self.admitted += 1;
                for name in names {
                    *self.denied.entry(name).or_default() += 1;
                }
            }
        }
    }

    /// The report in the form that was asked for.
    pub(super) fn outcome(mut self, format: Format) -> Outcome {
        self.disagree.sort_by(|a, b| a.shrunk.len().cmp(&b.shrunk.len()).then_with(|| a.shrunk.cmp(&b.shrunk)));
        let out = match format {
            Format::Human => human(&self),
            Format::Json => serde_json::to_string_pretty(&self).unwrap_or_default() + "\n",
        };
        Outcome { code: if self.disagree.is_empty() { EXIT_OK } else { EXIT_REFUSED }, out, err: String::new() }
    }
}

// A disagreement that is still becoming smaller.
struct Shrinking {
    number: u64,
    source: String,
    difference: String,
    least: Drawn,
    least_difference: String,
    is_done: bool,
}

pub(super) fn random(asked: &Random) -> Result<Outcome, String> {
    let context = read_context(Some(&asked.context))?;
    let scene = Scene::of(&context, unfixed()).map_err(|error| error.to_string())?;
    let mut desk = Desk { oracle: Oracle::new(&asked.oracle)?, context, scene };
    let never_drawn: BTreeSet<(String, &str)> = drawable().into_iter().collect();
    let mut report = Report { seed: asked.seed, members: never_drawn.len(), never_drawn, ..Report::default() };
    let mut keep = asked.keep.as_deref().map(Keep::create).transpose()?;
    let mut from = 0;
    while from < asked.count {
        let to = (from + BATCH).min(asked.count);
        let found = desk.batch(asked.seed, from..to, keep.as_mut(), &mut report)?;
        report.disagree.extend(desk.shrunk(found)?);
        from = to;
    }
    Ok(report.outcome(asked.format))
}

struct Desk<'c> {
    oracle: Oracle<'c>,
    context: Json,
    scene: Scene,
}

impl Desk<'_> {
    fn batch(
        &mut self,
        seed: u64,
        numbers: std::ops::Range<u64>,
        keep: Option<&mut Keep>,
        report: &mut Report,
    ) -> Result<Vec<Shrinking>, String> {
        let mut drawn = Vec::new();
        for number in numbers {
            let drawing = draw(&mut Seed(seed).fork_index(number).rng());
            for member in drawing.members() {
                report.never_drawn.remove(&member);
            }
            drawn.push((number, self.here(&drawing.source()), drawing));
        }
        let questions: Vec<(usize, String)> = drawn
            .iter()
            .enumerate()
            .filter(|(_, (_, here, _))| here.is_askable())
            .map(|(index, (_, _, drawing))| (index, drawing.source()))
            .collect();
        let results = self.oracle.ask(&self.context, &questions)?;
        if let Some(keep) = keep {
            keep.write(&questions, &results)?;
        }
        let mut found = Vec::new();
        for (index, (number, here, drawing)) in drawn.into_iter().enumerate() {
            let result = results.get(&index);
            let source = drawing.source();
            if let Some(difference) = here.fault(&source, result) {
                let (least, least_difference) = (drawing, difference.clone());
                found.push(Shrinking { number, source, difference, least, least_difference, is_done: false });
                continue;
            }
            report.count(&here, result);
        }
        Ok(found)
    }

    fn here(&self, source: &str) -> Here {
        Here::of(source, &self.scene)
    }

    // Everything becomes smaller at the same time: starting an oracle is what takes long.
    fn shrunk(&mut self, mut found: Vec<Shrinking>) -> Result<Vec<Disagreement>, String> {
        for _ in 0..ROUNDS_MAX {
            let mut questions: Vec<(usize, String)> = Vec::new();
            let mut tried: Vec<(usize, Here, Drawn)> = Vec::new();
            for (index, shrinking) in found.iter().enumerate().take(SHRUNK_MAX).filter(|(_, one)| !one.is_done) {
                let was_refused = self.here(&shrinking.least.source()).is_refused();
                let same_sort = |(here, _): &(Here, Drawn)| here.is_refused() == was_refused && here.is_askable();
                let smaller = shrinking.least.smaller().into_iter();
                let smaller = smaller.map(|drawn| (self.here(&drawn.source()), drawn)).filter(same_sort);
                for (here, drawn) in smaller.take(SMALLER_MAX) {
                    questions.push((tried.len(), drawn.source()));
                    tried.push((index, here, drawn));
                }
            }
            if questions.is_empty() {
                break;
            }
            let results = self.oracle.ask(&self.context, &questions)?;
            for shrinking in &mut found {
                shrinking.is_done = true;
            }
            // The shortest come first, and the first that still disagrees is kept.
            for (at, (index, here, drawn)) in tried.into_iter().enumerate() {
                let Some(shrinking) = found.get_mut(index).filter(|shrinking| shrinking.is_done) else { continue };
                if let Some(difference) = here.fault(&drawn.source(), results.get(&at)) {
                    shrinking.least = drawn;
                    shrinking.least_difference = difference;
                    shrinking.is_done = false;
                }
            }
        }
        Ok(found.into_iter().map(Shrinking::disagreement).collect())
    }
}

impl Shrinking {
    fn disagreement(self) -> Disagreement {
        Disagreement {
            number: self.number,
            source: self.source,
            difference: self.difference,
            shrunk: self.least.source(),
            shrunk_difference: self.least_difference,
        }
    }
}

pub(super) enum Here {
    Answered(Answer),
    Panicked,
}

impl Here {
    /// What this program makes of an expression.
    pub(super) fn of(source: &str, scene: &Scene) -> Self {
        let file = Arc::from("drawn");
        let (text, place) = alone(&file, source);
        let evaluate = || answer(text, Expected::Any, place, scene, &mut Noted::default());
        // A panic is a fault of ours, and the worst disagreement of all.
        match catch_unwind(AssertUnwindSafe(evaluate)) {
            Ok(answer) => Self::Answered(answer),
            Err(_) => Self::Panicked,
        }
    }

    // What runs into a limit here may run into none there.
    pub(super) const fn is_askable(&self) -> bool {
        !matches!(self, Self::Answered(Answer::LimitExceeded(_) | Answer::NeedsBody(_)))
    }

    const fn is_refused(&self) -> bool {
        matches!(self, Self::Answered(Answer::Refused(_)))
    }

    /// A difference that nothing explains.
    pub(super) fn fault(&self, source: &str, result: Option<&Json>) -> Option<String> {
        match self.against(result)? {
            Comparison::Same | Comparison::Admitted(_) => None,
            Comparison::Differs(difference) => Some(difference),
            Comparison::Unlike { here, difference } => reason(source, &here, result?).is_none().then_some(difference),
        }
    }

    fn against(&self, result: Option<&Json>) -> Option<Comparison> {
        let result = result.filter(|result| result.get("timeout").is_none())?;
        Some(match self {
            Self::Panicked => Comparison::Differs("it panics here".to_owned()),
            Self::Answered(answer) => match (compare(answer, result), answer) {
                (Comparison::Differs(difference), Answer::Refused(diagnostics)) => {
                    let messages: Vec<&str> = diagnostics.iter().map(|found| found.message.as_str()).collect();
                    Comparison::Differs(format!("refused here: {}; {difference}", messages.join("; ")))
                }
                (comparison, _) => comparison,
            },
        })
    }
}

fn human(report: &Report) -> String {
    let mut text = String::new();
    for one in &report.disagree {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "disagrees: {}\n  {}\n  drawn as number {}: {}",
            one.shrunk, one.shrunk_difference, one.number, one.source
        );
    }
    for (name, count) in &report.denied {
        let _ = writeln!(text, "admitted: {name} ({count})");
    }
    if report.members > 0 {
        let drawn = report.members - report.never_drawn.len();
        let _ = writeln!(text, "{drawn} of {} members were drawn", report.members);
    }
    let Report { seed, agree, refused, admitted, explained, not_asked, disagree, .. } = report;
    let _ = writeln!(
        text,
        "seed {seed}: {agree} agree, {admitted} agree and are admitted, {explained} explained, {refused} refused by both, {not_asked} not asked, {} disagree",
        disagree.len()
    );
    text
}
