//! A WebSocket of a client for as long as it lasts: frames to the session and back, and its exchanges driven beside it. Decides nothing.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use holdfast_core::exchange::socket::{Close, Output, Session, Upgrade};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{sleep, timeout};

use super::Worker;
use super::drive::{Driven, Fault, drive};
use super::exchanges::Exchanges;
use super::frames::{Came, Frames};
use crate::net::Net;
use crate::upstream::ClientContent;

/// An exchange under way. Dropping it is its cancellation.
type Driving<'w> = Pin<Box<dyn Future<Output = Result<Driven, Fault>> + 'w>>;

struct Socket<'w, N: Net, X, S> {
    worker: &'w Worker<N, X>,
    frames: Frames<S>,
    session: Session,
    running: Vec<(u64, Driving<'w>)>,
    is_told_to_end: bool,
}

/// What to do next.
enum Next {
    Came(std::io::Result<Came>),
    Wants(Output),
    Driven(u64, Result<Driven, Fault>),
    Due,
    Closing,
}

/// Serves a socket until either side ends it, or the worker closes.
pub(super) async fn serve<N: Net, X: Exchanges, S: AsyncRead + AsyncWrite + Unpin>(
    worker: &Worker<N, X>,
    frames: Frames<S>,
    upgrade: Upgrade,
) {
    // A process that ends waits for those who have to be told.
    let _in_flight = worker.plane.enter();
    let seed = worker.seed.fork_index(worker.plane.next_exchange());
    let topics = &worker.plane.shared.topics;
    let session = Session::new(upgrade, topics, seed, worker.clock.now().instant);
    let mut socket = Socket { worker, frames, session, running: Vec::new(), is_told_to_end: false };
    if let Some(close) = socket.run().await {
        socket.frames.close(close);
        // A client that has nothing to say to the end is left with it.
        drop(timeout(worker.timeouts.linger, socket.frames.ended()).await);
    }
    socket.frames.shut_down().await;
}

impl<'w, N: Net, X: Exchanges, S: AsyncRead + AsyncWrite + Unpin> Socket<'w, N, X, S> {
    /// Runs up to the end; how the client is told of it, unless it knows.
    async fn run(&mut self) -> Option<Close> {
        loop {
            if let Some(current) = self.worker.plane.snapshot.load_full() {
                self.session.handle_snapshot(&current);
            }
            match self.next().await {
                Next::Came(Ok(Came::Ended) | Err(_)) => return None,
                Next::Came(Ok(Came::Wrong(close))) | Next::Wants(Output::Close(close)) => return Some(close),
                Next::Came(Ok(Came::Text(text))) => self.session.handle_text(&text, self.worker.clock.now().instant),
                Next::Came(Ok(Came::Binary)) => self.session.handle_binary(),
                Next::Came(Ok(Came::Sign)) => self.session.handle_sign_of_life(),
                Next::Came(Ok(Came::Sent)) => {}
                Next::Wants(Output::Send(text)) => self.frames.send(text),
                Next::Wants(Output::Ping) => self.frames.ping(),
                Next::Wants(Output::Execute(number, exchange)) => {
                    let driving = drive(self.worker, *exchange, ClientContent::Absent);
                    self.running.push((number, Box::pin(driving)));
                }
                Next::Wants(Output::Cancel(number)) => self.running.retain(|(running, _)| *running != number),
                Next::Driven(number, Ok(driven)) => self.session.handle_outcome(number, Some(&driven.outcome)),
                Next::Driven(number, Err(fault)) => {
                    self.worker.report(&fault.0);
                    self.session.handle_outcome(number, None);
                }
                Next::Due => self.session.handle_timeout(self.worker.clock.now().instant),
                Next::Closing => {
                    self.is_told_to_end = true;
                    self.session.handle_drain();
                }
            }
        }
    }

    async fn next(&mut self) -> Next {
        let Self { worker, frames, session, running, is_told_to_end } = self;
        let wait = session.poll_timeout().map(|due| due.saturating_since(worker.clock.now().instant));
        let inbox = Arc::clone(session.inbox());
        let has_room = frames.has_room();
        tokio::select! {
            biased;
            () = worker.closing.wait(), if !*is_told_to_end => Next::Closing,
            // Listened to before it is asked: what comes between the two is not missed.
            output = poll_fn(|cx| {
                inbox.listen(cx.waker());
                session.poll_output().map_or(Poll::Pending, Poll::Ready)
            }), if has_room => Next::Wants(output),
            (number, driven) = poll_fn(|cx| poll_running(running, cx)) => Next::Driven(number, driven),
            came = frames.next() => Next::Came(came),
            () = sleep(wait.unwrap_or_default()), if wait.is_some() => Next::Due,
        }
    }
}

fn poll_running(running: &mut Vec<(u64, Driving<'_>)>, cx: &mut Context<'_>) -> Poll<(u64, Result<Driven, Fault>)> {
    for index in 0..running.len() {
        let (number, driving) = &mut running[index];
        if let Poll::Ready(driven) = driving.as_mut().poll(cx) {
            let number = *number;
            drop(running.remove(index));
            return Poll::Ready((number, driven));
        }
    }
    Poll::Pending
}
