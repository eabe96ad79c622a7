//! What policy expressions cost: time and allocations of evaluating five tasks and of compiling two thousand expressions, beside
//! Rhai and Boa. Criterion judges changes; the table at the end is for people.

mod corpus;
mod engine;
mod measure;
mod task;

use std::cell::RefCell;
use std::hint::black_box;
use std::time::{Duration, Instant};

use boa_engine::{Context, Script, Source};
use criterion::{Criterion, SamplingMode};

use engine::{ENGINES, compiled, rhai_engine};
use measure::Report;
use task::TASKS;

fn main() {
    let first = Instant::now();
    compiled("@(context.Request.Method)");
    let first = first.elapsed();
    let report = RefCell::new(Report::default());
    let mut criterion = Criterion::default().configure_from_args();
    evaluation(&mut criterion, &report);
    compilation(&mut criterion, &report);
    criterion.final_summary();
    let mut tasks: Vec<&str> = TASKS.iter().map(|task| task.name).collect();
    tasks.push("compile 2,000 expressions");
    let engines: Vec<&str> = ENGINES.iter().map(|(name, _)| *name).collect();
    println!("\n{}", report.borrow().table(&tasks, &engines));
    println!(
        "The first expression of a process, which reads the table of members: {:.1} ms.",
        first.as_secs_f64() * 1e3
    );
}

fn evaluation(criterion: &mut Criterion, report: &RefCell<Report>) {
    for (at, task) in TASKS.iter().enumerate() {
        let mut group = criterion.benchmark_group(task.name);
        group.sample_size(30).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
        for (number, (name, engine)) in ENGINES.iter().enumerate() {
            let mut run = engine(task);
            group.bench_function(*name, |bencher| {
                bencher.iter_custom(|rounds| report.borrow_mut().sample((at, number), rounds, &mut run));
                report.borrow_mut().allocations((at, number), &mut run);
            });
        }
        group.finish();
    }
}

fn compilation(criterion: &mut Criterion, report: &RefCell<Report>) {
    let programs = corpus::programs();
    let rhai = rhai_engine();
    let runs: [Box<dyn FnMut() + '_>; 3] = [
        Box::new(|| programs.iter().for_each(|program| drop(black_box(compiled(&program.expression))))),
        Box::new(|| programs.iter().for_each(|program| drop(black_box(rhai.compile(&program.rhai).expect("Rhai"))))),
        Box::new(|| {
            let mut boa = Context::default();
            for program in &programs {
                let script = Script::parse(Source::from_bytes(&program.script), None, &mut boa).expect("JavaScript");
                black_box(script.codeblock(&mut boa).expect("JavaScript"));
            }
        }),
    ];
    let mut group = criterion.benchmark_group("compile 2,000 expressions");
    group.sample_size(10).sampling_mode(SamplingMode::Flat).measurement_time(Duration::from_secs(5));
    for (number, mut run) in runs.into_iter().enumerate() {
        group.bench_function(ENGINES[number].0, |bencher| {
            bencher.iter_custom(|rounds| report.borrow_mut().sample((TASKS.len(), number), rounds, &mut run));
            report.borrow_mut().allocations((TASKS.len(), number), &mut run);
        });
    }
    group.finish();
}
