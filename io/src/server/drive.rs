//! Driving one exchange: what it asks is performed, what comes back is handed in, until it has its response. Decides nothing.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll};
use std::time::Duration;

use holdfast_core::exchange::socket::Upgrade;
use holdfast_core::exchange::{Effect, EffectId, Outcome, Step};

use super::Worker;
use super::exchanges::{Exchanges, Machine};
use crate::limits::EFFECTS_IN_FLIGHT_MAX;
use crate::net::Net;
use crate::perform::{Contents, Performed, Performing, perform};
use crate::upstream::{ClientContent, UpstreamBody};

/// The end of an exchange.
pub(super) struct Driven {
    pub(super) outcome: Box<Outcome>,
    /// What [`holdfast_core::exchange::ResponseBody::Upstream`] means.
    pub(super) upstream: Option<UpstreamBody>,
    pub(super) backend_time: Duration,
    /// What begins behind the response.
    pub(super) upgrade: Option<Box<Upgrade>>,
}

/// A fault of ours, in words: it ends this exchange and no other.
pub(super) struct Fault(pub(super) String);

/// Drives `machine` to its end. Dropping the future cancels everything that it has under way.
pub(super) async fn drive<N: Net, X: Exchanges, M: Machine>(
    worker: &Worker<N, X>,
    mut machine: M,
    request: ClientContent,
) -> Result<Driven, Fault> {
    let mut run =
        Run { contents: Contents { request, response: None }, running: Vec::new(), backend_time: Duration::ZERO };
    loop {
        match step(worker, &mut machine)? {
            Step::Perform(id, effect) => run.begin(worker, id, effect)?,
            Step::Cancel(id) => run.running.retain(|(running, _)| *running != id),
            Step::Continue => {}
            Step::Wait => {
                let (id, reply) = run.next().await?;
                guarded(|| machine.resume(id, reply, worker.clock.now()))?;
            }
            Step::Done(outcome) => {
                let Run { contents, backend_time, .. } = run;
                let upgrade = machine.upgrade();
                return Ok(Driven { outcome, upstream: contents.response, backend_time, upgrade });
            }
        }
    }
}

struct Run {
    contents: Contents,
    running: Vec<(EffectId, Performing)>,
    backend_time: Duration,
}

impl Run {
    fn begin<N: Net, X: Exchanges>(
        &mut self,
        worker: &Worker<N, X>,
        id: EffectId,
        effect: Effect,
    ) -> Result<(), Fault> {
        if self.running.len() >= EFFECTS_IN_FLIGHT_MAX {
            return Err(Fault(format!("the exchange has more than {EFFECTS_IN_FLIGHT_MAX} effects in flight")));
        }
        self.running.push((id, perform(effect, &mut self.contents, &worker.upstream, &worker.caches)));
        Ok(())
    }

    /// The next effect that ends; of several, the one that began first.
    async fn next(&mut self) -> Result<(EffectId, holdfast_core::exchange::Reply), Fault> {
        if self.running.is_empty() {
            return Err(Fault("the exchange waits for nothing".to_owned()));
        }
        let (id, performed) = poll_fn(|cx| poll_running(&mut self.running, cx)).await;
        let Performed { reply, unsent, response, backend_time } = performed;
        self.backend_time += backend_time;
        if let Some(unsent) = unsent {
            self.contents.request = ClientContent::InSocket(Box::new(unsent));
        }
        if response.is_some() {
            self.contents.response = response;
        }
        Ok((id, reply))
    }
}

fn poll_running(running: &mut Vec<(EffectId, Performing)>, cx: &mut Context<'_>) -> Poll<(EffectId, Performed)> {
    for index in 0..running.len() {
        let (id, performing) = &mut running[index];
        if let Poll::Ready(performed) = performing.as_mut().poll(cx) {
            let id = *id;
            drop(running.remove(index));
            return Poll::Ready((id, performed));
        }
    }
    Poll::Pending
}

fn step<N: Net, X: Exchanges>(worker: &Worker<N, X>, machine: &mut impl Machine) -> Result<Step, Fault> {
    guarded(|| machine.poll(&worker.plane.shared, worker.clock.now()))
}

/// A panic inside the core is a fault of this exchange alone: its state is not looked at again.
fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| Fault(format!("the exchange panicked: {}", message(&*panic))))
}

fn message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
