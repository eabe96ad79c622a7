//! The benchmark that the README quotes: a large configuration compiled, restored from the backup, swapped under load. Judges nothing.

mod large;
mod load;
mod process;

use std::process::ExitCode;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use holdfast_core::config::{Revision, folder};
use holdfast_core::snapshot::{Identity, Snapshot};

use crate::loopback;
use crate::terminal::say;

use load::Latencies;
use process::Rig;

/// APIs, and operations of each.
const SIZE: (usize, usize) = (1000, 10);
const COMPILE_ROUNDS: usize = 5;
const RESTORE_ROUNDS: usize = 5;
const LOAD_ROUNDS: usize = 4;
const LOAD_LENGTH: Duration = Duration::from_secs(6);
const SWAP_EVERY: Duration = Duration::from_secs(2);

/// Measures and prints a table; `holdfast` must stand beside this binary, built with the same profile.
#[must_use]
pub fn run() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<(), String> {
    let (apis, operations) = SIZE;
    say(&format!("{apis} APIs x {operations} operations, each with policies; medians, (min..max)"));
    compile()?;
    loopback::run(async {
        let mut rig = Rig::set(large::files(SIZE, 1, "http://127.0.0.1:9")).await?;
        restore(&mut rig).await?;
        swap(&mut rig).await
    })?
}

/// Time and memory to compile the configuration in this process.
fn compile() -> Result<(), String> {
    let files = large::files(SIZE, 1, "http://127.0.0.1:9");
    let identity =
        Identity { gateway_id: large::GATEWAY.to_owned(), instance_id: "bench".to_owned(), ..Identity::default() };
    let (mut reads, mut compiles) = (Vec::new(), Vec::new());
    let set = folder::read(&files).set;
    let before = process::resident_kib("self")?;
    let first =
        Snapshot::compile(Revision(1), &set, &identity, None).map_err(|diagnostics| format!("{diagnostics:?}"))?;
    let grown = process::resident_kib("self")?.saturating_sub(before);
    if !first.refused.is_empty() {
        return Err(format!("{} resources of the benchmark's configuration are refused", first.refused.len()));
    }
    for _ in 0..COMPILE_ROUNDS {
        let began = Instant::now();
        let set = folder::read(&files).set;
        reads.push(began.elapsed());
        let began = Instant::now();
        let compiled = Snapshot::compile(Revision(1), &set, &identity, None);
        compiles.push(began.elapsed());
        drop(compiled);
    }
    say(&format!("read the folder's files          {}", spread(&mut reads)));
    say(&format!("compile                          {}", spread(&mut compiles)));
    say(&format!("memory of the compiled snapshot  {} MiB beside its resource set", grown / 1024));
    Ok(())
}

/// From the start of the process until it is ready, with the service cut off; and its memory then.
async fn restore(rig: &mut Rig) -> Result<(), String> {
    rig.first_start().await?;
    rig.cut();
    let (mut times, mut resident) = (Vec::new(), Vec::new());
    for _ in 0..RESTORE_ROUNDS {
        rig.stop();
        let began = Instant::now();
        rig.start()?;
        rig.ready().await?;
        times.push(began.elapsed());
        tokio::time::sleep(Duration::from_secs(1)).await;
        resident.push(rig.resident_kib()?);
    }
    resident.sort_unstable();
    let median = resident.get(resident.len() / 2).copied().unwrap_or(0);
    say(&format!("start from the backup to ready   {}", spread(&mut times)));
    say(&format!("resident when idle               {} MiB", median / 1024));
    rig.mend();
    Ok(())
}

/// Latency of requests beside a swap of everything every two seconds, and beside none, in turn.
async fn swap(rig: &mut Rig) -> Result<(), String> {
    let backend = Rig::backend()?;
    let mut edit = 2;
    rig.publish(large::files(SIZE, edit, &backend));
    rig.shows(edit).await?;
    let (mut still, mut swapping) = (Latencies::default(), Latencies::default());
    for _ in 0..LOAD_ROUNDS / 2 {
        still.extend(finished(load::start(rig.address(), LOAD_LENGTH)).await?);
        let load = load::start(rig.address(), LOAD_LENGTH);
        let began = Instant::now();
        while began.elapsed() + SWAP_EVERY < LOAD_LENGTH {
            edit += 1;
            rig.publish(large::files(SIZE, edit, &backend));
            tokio::time::sleep(SWAP_EVERY).await;
        }
        swapping.extend(finished(load).await?);
        rig.shows(edit).await?;
    }
    say(&format!("request, no swap                 {still}"));
    say(&format!("request, a swap every {}s         {swapping}", SWAP_EVERY.as_secs()));
    say(&format!("swaps {}, requests failed {}", edit - 2, still.failed + swapping.failed));
    rig.stop();
    Ok(())
}

/// Waits for the load without holding up fake Azure, which lives on this thread.
async fn finished(load: JoinHandle<Result<Latencies, String>>) -> Result<Latencies, String> {
    while !load.is_finished() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    load.join().map_err(|_| "the load panicked".to_owned())?
}

fn spread(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |index: usize| times.get(index).copied().unwrap_or_default().as_secs_f64() * 1000.0;
    let last = times.len().saturating_sub(1);
    format!("{:.0} ms ({:.0}..{:.0})", at(times.len() / 2), at(0), at(last))
}

/// Shared by the rig: what a gateway that keeps time by this clock sees.
type SharedClock = Arc<dyn holdfast::clock::Clock>;
