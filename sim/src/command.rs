//! The command line of `holdfast-sim`: reads arguments, calls, prints, and says how it ended.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use crate::azure::command as azure;
use crate::mark::Mark;
use crate::replay::{self, Verdict};
use crate::terminal::say;
use crate::{bench, demo, loopback};

const USAGE: &str = "holdfast-sim: fake Azure, outage simulator and demo for the Holdfast API gateway

  holdfast-sim demo [--serve]
      play an outage against the wall clock: fake Azure, a backend and the real gateway code
      --serve keeps everything up afterwards and prints what to ask
  holdfast-sim run --seed N [--trace FILE]
      replay one simulated world; the same seed gives the same trace
  holdfast-sim sweep --seeds A..B
      play many worlds (B excluded), print the seeds that broke a promise and what the worlds went through;
      of more than 100, each thing must have been gone through by one
  holdfast-sim azure --config DIR --gateway ID [--listen ADDR] [--admin ADDR] [--ca FILE] [--state FILE]
                [--token-minutes N]
      fake Azure on real sockets; --ca FILE serves TLS and writes the authority to trust; --state FILE keeps keys and
      the newest revision's number, so that it can be killed and come back as the same service
  holdfast-sim bench
      measure start, memory and swaps with a large configuration; build with --release, `holdfast` too";

/// Runs the command line.
#[must_use]
pub fn main(arguments: Vec<String>) -> ExitCode {
    let mut arguments = Arguments(arguments.into_iter().skip(1).collect());
    let command = arguments.next_word();
    let done = match command.as_deref() {
        Some("demo") => arguments.flag("--serve").and_then(|serve| {
            arguments.end()?;
            Ok(demo::run(serve))
        }),
        Some("run") => run(&mut arguments),
        Some("sweep") => sweep(&mut arguments),
        Some("azure") => serve_azure(&mut arguments),
        Some("bench") => arguments.end().map(|()| bench::run()),
        Some("--help" | "help" | "-h") => {
            say(USAGE);
            Ok(ExitCode::SUCCESS)
        }
        Some(other) => Err(format!("`{other}` is not a command")),
        None => Err("a command is missing".to_owned()),
    };
    done.unwrap_or_else(|message| {
        say(&format!("error: {message}\n\n{USAGE}"));
        ExitCode::from(2)
    })
}

fn run(arguments: &mut Arguments) -> Result<ExitCode, String> {
    let seed = arguments.value("--seed")?.ok_or("`run` needs `--seed N`")?;
    let seed: u64 = seed.parse().map_err(|_| format!("`{seed}` is not a seed: a whole number is"))?;
    let file = arguments.value("--trace")?;
    arguments.end()?;
    let verdict = match replay::play(seed) {
        Ok(verdict) => verdict,
        Err(error) => {
            say(&format!("seed {seed}: the world itself failed: {error}"));
            return Ok(ExitCode::FAILURE);
        }
    };
    if let Some(file) = file {
        std::fs::write(&file, verdict.run.trace.text()).map_err(|error| format!("{file}: {error}"))?;
    } else {
        say(&verdict.run.trace.text());
    }
    say(&format!("plan of seed {seed}:\n{}", verdict.plan));
    say(&format!("requests {}  trace sha256 {}", verdict.run.outcomes.len(), verdict.run.trace.digest()));
    Ok(judge(&verdict))
}

fn judge(verdict: &Verdict) -> ExitCode {
    for violation in &verdict.violations {
        say(&format!("BROKEN  {}: {}", violation.invariant, violation.what));
    }
    if verdict.violations.is_empty() {
        say(&format!("seed {}: every promise kept", verdict.seed));
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn sweep(arguments: &mut Arguments) -> Result<ExitCode, String> {
    let text = arguments.value("--seeds")?.ok_or("`sweep` needs `--seeds A..B`")?;
    arguments.end()?;
    let (from, until) = text.split_once("..").ok_or_else(|| format!("`{text}` is not a range: write `A..B`"))?;
    let number = |text: &str| text.parse::<u64>().map_err(|_| format!("`{text}` is not a seed: a whole number is"));
    let seeds = number(from)?..number(until)?;
    let mut score = Score::default();
    replay::sweep(seeds.clone(), |seed, verdict| score.note(seed, verdict));
    let played = seeds.end.saturating_sub(seeds.start);
    say(&format!("{played} worlds, {} requests, {} broken", score.requests, score.broken));
    if played == 0 {
        return Err("the range is empty: nothing was played".to_owned());
    }
    let missed = score.show_marks();
    // A few worlds cannot go through everything; what many never go through is not tested at all.
    let is_missing = missed > 0 && played > MARKS_DUE_AFTER;
    Ok(if score.broken == 0 && !is_missing { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Worlds after which every mark must have been seen.
const MARKS_DUE_AFTER: u64 = 100;

/// What a sweep has shown so far.
#[derive(Default)]
struct Score {
    requests: usize,
    broken: usize,
    marks: BTreeMap<Mark, usize>,
}

impl Score {
    fn note(&mut self, seed: u64, verdict: Result<Verdict, String>) {
        match verdict {
            Ok(verdict) => {
                self.requests += verdict.run.outcomes.len();
                self.broken += usize::from(!verdict.violations.is_empty());
                for violation in &verdict.violations {
                    say(&format!("seed {seed}  BROKEN  {}: {}", violation.invariant, violation.what));
                }
                for mark in verdict.marks {
                    *self.marks.entry(mark).or_insert(0) += 1;
                }
            }
            Err(error) => {
                self.broken += 1;
                say(&format!("seed {seed}  the world itself failed: {error}"));
            }
        }
    }

    /// Prints in how many worlds each mark was seen; gives the number of those that never were.
    fn show_marks(&self) -> usize {
        let mut missed = 0;
        for mark in Mark::all() {
            let worlds = self.marks.get(&mark).copied().unwrap_or(0);
            missed += usize::from(worlds == 0);
            say(&format!("{worlds:>6}  {mark}{}", if worlds == 0 { "  NEVER" } else { "" }));
        }
        missed
    }
}

fn serve_azure(arguments: &mut Arguments) -> Result<ExitCode, String> {
    let address = |text: Option<String>| match text {
        Some(text) => {
            text.parse::<SocketAddr>().map_err(|_| format!("`{text}` is not an address: write `127.0.0.1:8443`"))
        }
        None => Ok(SocketAddr::from(([127, 0, 0, 1], 0))),
    };
    let minutes = arguments
        .value("--token-minutes")?
        .map_or(Ok(60), |text| text.parse::<u64>().map_err(|_| format!("`{text}` is not a number of minutes")))?;
    let options = azure::Options {
        config: PathBuf::from(arguments.value("--config")?.ok_or("`azure` needs `--config DIR`")?),
        gateway: arguments.value("--gateway")?.ok_or("`azure` needs `--gateway ID`")?,
        listen: address(arguments.value("--listen")?)?,
        admin: address(arguments.value("--admin")?)?,
        ca: arguments.value("--ca")?.map(PathBuf::from),
        state: arguments.value("--state")?.map(PathBuf::from),
        token_life: Duration::from_secs(minutes.saturating_mul(60)),
    };
    arguments.end()?;
    Ok(match loopback::run(azure::run(options))? {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    })
}

/// Arguments, taken by name in any order.
struct Arguments(Vec<String>);

impl Arguments {
    fn next_word(&mut self) -> Option<String> {
        if self.0.is_empty() { None } else { Some(self.0.remove(0)) }
    }

    fn value(&mut self, name: &str) -> Result<Option<String>, String> {
        let Some(at) = self.0.iter().position(|argument| argument == name) else { return Ok(None) };
        self.0.remove(at);
        if at < self.0.len() { Ok(Some(self.0.remove(at))) } else { Err(format!("`{name}` needs a value")) }
    }

    fn flag(&mut self, name: &str) -> Result<bool, String> {
        let Some(at) = self.0.iter().position(|argument| argument == name) else { return Ok(false) };
        self.0.remove(at);
        Ok(true)
    }

    fn end(&self) -> Result<(), String> {
        match self.0.first() {
            Some(argument) => Err(format!("`{argument}` is not understood here")),
            None => Ok(()),
        }
    }
}
