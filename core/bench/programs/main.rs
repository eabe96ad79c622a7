//! What policies cost: CPU time and allocations of whole exchanges, from the request to the response, with programs of 1, 10 and 50
//! policies, and with what guards most APIs. The backend answers at once, without a network.

#[path = "../expressions/measure.rs"]
mod measure;
mod program;

use std::hint::black_box;

use measure::Report;
use program::{Program, programs};

/// Samples of each program.
const SAMPLES: usize = 40;
/// Exchanges of each sample.
const ROUNDS: u64 = 2_000;

fn main() {
    // `cargo test` runs benchmarks, too: once is enough then.
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let (samples, rounds) = if is_bench { (SAMPLES, ROUNDS) } else { (1, 1) };
    let only = std::env::args().nth(1).filter(|argument| !argument.starts_with("--"));
    let programs: Vec<Program> =
        programs().into_iter().filter(|of| only.as_ref().is_none_or(|only| of.name.contains(only))).collect();
    let mut report = Report::default();
    for (at, program) in programs.iter().enumerate() {
        let mut number = 0;
        let mut run = || {
            number += 1;
            drop(black_box(program.exchange(number)));
        };
        for _ in 0..samples {
            report.sample((at, 0), rounds, &mut run);
        }
        report.allocations((at, 0), &mut run);
    }
    let names: Vec<&str> = programs.iter().map(|program| program.name).collect();
    println!("{}", report.table(&names, &["Holdfast"]));
}
