//! Samples of time and allocations, and the table that they come to.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;

/// How many of the last samples of a measurement count; what came before warmed up.
const SAMPLES: usize = 30;

/// What was measured of one task on one engine, per run.
#[derive(Default)]
pub struct Figures {
    /// Nanoseconds of CPU time.
    cpu: Vec<f64>,
    /// Nanoseconds on the wall.
    wall: Vec<f64>,
    /// Allocations and their bytes.
    allocations: (u64, u64),
}

/// All figures by task and engine.
#[derive(Default)]
pub struct Report {
    figures: BTreeMap<(usize, usize), Figures>,
}

impl Report {
    /// Runs the task so often, notes what it took, and gives the CPU time.
    pub fn sample(&mut self, key: (usize, usize), rounds: u64, mut run: impl FnMut()) -> Duration {
        let (cpu, wall) = (ThreadTime::now(), Instant::now());
        for _ in 0..rounds {
            run();
        }
        let (cpu, wall) = (cpu.elapsed(), wall.elapsed());
        let figures = self.figures.entry(key).or_default();
        let each = |time: Duration| time.as_secs_f64() * 1e9 / rounds as f64;
        figures.cpu.push(each(cpu));
        figures.wall.push(each(wall));
        cpu
    }

    /// Notes the allocations of one run.
    pub fn allocations(&mut self, key: (usize, usize), run: impl FnOnce()) {
        let info = allocation_counter::measure(run);
        self.figures.entry(key).or_default().allocations = (info.count_total, info.bytes_total);
    }

    /// The table in Markdown. Ratios are of CPU time against the first engine.
    pub fn table(&self, tasks: &[&str], engines: &[&str]) -> String {
        let mut table = "| task | engine | CPU, median (min..max) | wall, median | allocations | bytes | ratio |\n|---|---|--:|--:|--:|--:|--:|\n".to_owned();
        for ((task, engine), figures) in &self.figures {
            let base = self.figures.get(&(*task, 0)).map_or(f64::NAN, |own| spread(&own.cpu)[1]);
            let ([least, cpu, most], [_, wall, _]) = (spread(&figures.cpu), spread(&figures.wall));
            let (count, bytes) = figures.allocations;
            let ratio = cpu / base;
            table += &format!(
                "| {} | {} | {} ({}..{}) | {} | {count} | {bytes} | {ratio:.1} |\n",
                tasks[*task],
                engines[*engine],
                shown(cpu),
                shown(least),
                shown(most),
                shown(wall),
            );
        }
        table
    }
}

// Least, median and most of the samples that count.
fn spread(samples: &[f64]) -> [f64; 3] {
    let mut last = samples[samples.len().saturating_sub(SAMPLES)..].to_vec();
    last.sort_by(f64::total_cmp);
    [last[0], last[last.len() / 2], last[last.len() - 1]]
}

fn shown(nanos: f64) -> String {
    match nanos {
        nanos if nanos < 1e3 => format!("{nanos:.0} ns"),
        nanos if nanos < 1e6 => format!("{:.2} µs", nanos / 1e3),
        nanos => format!("{:.1} ms", nanos / 1e6),
    }
}
