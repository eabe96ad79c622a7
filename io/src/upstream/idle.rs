//! A watch over something that must not stand still. Costs nothing while it moves: the timer is made at the first pause.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// Ends when there was no progress for between one and two times the limit, counted only while someone waits.
#[derive(Debug)]
pub(crate) struct IdleGuard {
    limit: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    progressed: bool,
}

impl IdleGuard {
    pub(crate) const fn new(limit: Duration) -> Self {
        Self { limit, timer: None, progressed: false }
    }

    /// Something moved.
    pub(crate) const fn note_progress(&mut self) {
        self.progressed = true;
    }

    /// Ready when it stood still for too long. To be polled only while there is something to wait for.
    pub(crate) fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Self { limit, timer, progressed } = self;
        let timer = timer.get_or_insert_with(|| {
            *progressed = false;
            Box::pin(sleep(*limit))
        });
        loop {
            ready!(timer.as_mut().poll(cx));
            if !std::mem::take(progressed) {
                return Poll::Ready(());
            }
            timer.as_mut().reset(Instant::now() + *limit);
        }
    }
}
