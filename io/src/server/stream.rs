//! A client's connection as hyper sees it, with what hyper does not watch: how long a head or a pause between requests may
//! take, how long a client may refuse to read, and when a response has really left.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::Timeouts;
use super::sent::Receipt;
use crate::tls::Transport;
use crate::upstream::{IdleGuard, Progress};

/// What a connection waits for from its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The first byte of the next request.
    Idle(Instant),
    /// The rest of a head that began (or the first head of a connection) at this moment.
    Head(Instant),
    /// Nothing: a request is being served.
    Busy,
}

/// What a connection's stream and its requests share.
#[derive(Debug)]
pub(super) struct Life {
    phase: Cell<Phase>,
    content: RefCell<Option<Rc<Progress>>>,
    leaving: RefCell<Vec<Receipt>>,
}

impl Life {
    pub(super) fn new() -> Rc<Self> {
        Rc::new(Self {
            phase: Cell::new(Phase::Head(Instant::now())),
            content: RefCell::default(),
            leaving: RefCell::default(),
        })
    }

    /// A head has been read, behind which there is this content.
    pub(super) fn begin_request(&self, content: Rc<Progress>) {
        self.phase.set(Phase::Busy);
        self.content.replace(Some(content));
    }

    /// The connection is a WebSocket from now on, whose pauses are its own business.
    pub(super) fn begin_socket(&self) {
        self.phase.set(Phase::Busy);
    }

    /// Whether the client may still be sending what nobody reads.
    fn has_unread_content(&self) -> bool {
        self.content.borrow().as_ref().is_some_and(|content| !content.is_complete())
    }

    /// The response is complete and on its way; `receipt` ends when the last byte has left.
    pub(super) fn leave(&self, receipt: Option<Receipt>) {
        self.leaving.borrow_mut().extend(receipt);
        self.phase.set(Phase::Idle(Instant::now()));
    }

    fn note_flushed(&self) {
        if !self.leaving.borrow().is_empty() {
            self.leaving.take().into_iter().for_each(Receipt::sent);
        }
    }
}

/// Closing a socket with unread bytes in it resets the connection, and a reset overtakes the response: a client that is still
/// sending would never read why it was refused (RFC 9112 §9.6). So our side closes first and goes on reading for a while.
enum Ending {
    /// Not asked for yet.
    Ahead,
    /// Our side is closed; reading until the client's is, or until then.
    Lingering(Pin<Box<Sleep>>),
    /// Nothing is left to do.
    Over,
}

/// The stream.
pub(super) struct Downstream<S> {
    transport: Transport<S>,
    life: Rc<Life>,
    head_read: Duration,
    keep_alive: Duration,
    linger: Duration,
    ending: Ending,
    alarm: Option<Pin<Box<Sleep>>>,
    stall: IdleGuard,
}

impl<S> Downstream<S> {
    pub(super) fn new(transport: Transport<S>, life: Rc<Life>, timeouts: &Timeouts) -> Self {
        Self {
            transport,
            life,
            head_read: timeouts.head_read,
            keep_alive: timeouts.keep_alive,
            linger: timeouts.linger,
            ending: Ending::Ahead,
            alarm: None,
            stall: IdleGuard::new(timeouts.write_stall),
        }
    }

    /// Ready when the client has kept the connection waiting for too long. The timer is reset only when it fires or when it
    /// would fire too late, so that requests in quick succession cost no timer at all.
    fn poll_overdue(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let due = match self.life.phase.get() {
            Phase::Idle(since) => since + self.keep_alive,
            Phase::Head(since) => since + self.head_read,
            Phase::Busy => return Poll::Pending,
        };
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if alarm.deadline() > due {
            alarm.as_mut().reset(due);
        }
        while alarm.as_mut().poll(cx).is_ready() {
            if alarm.deadline() >= due {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(due);
        }
        Poll::Pending
    }

    fn guard_write<T>(&mut self, polled: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.stall.note_progress();
            return polled;
        }
        self.stall.poll_expired(cx).map(|()| Err(too_late("the client takes nothing of the response")))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Downstream<S> {
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Ending::Lingering(until) = &mut self.ending else { return Poll::Ready(()) };
        let mut space = [0; 8 * 1024];
        while until.as_mut().poll(cx).is_pending() {
            let mut buffer = ReadBuf::new(&mut space);
            match ready!(Pin::new(&mut self.transport).poll_read(cx, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {}
                Ok(()) | Err(_) => break,
            }
        }
        self.ending = Ending::Over;
        Poll::Ready(())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Downstream<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.transport).poll_read(cx, buffer);
        if polled.is_pending() {
            return this.poll_overdue(cx).map(|()| Err(too_late("no complete head in time")));
        }
        if let Phase::Idle(_) = this.life.phase.get() {
            this.life.phase.set(Phase::Head(Instant::now()));
        }
        polled
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Downstream<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.transport).poll_write(cx, bytes);
        this.guard_write(polled, cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.transport).poll_write_vectored(cx, slices);
        this.guard_write(polled, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.transport.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.transport).poll_flush(cx);
        if let Poll::Ready(Ok(())) = polled {
            // hyper flushes only after it has written out all that it holds
            this.life.note_flushed();
            // hyper does not read again before there is something to read, so the pause is timed from here
            let _ = this.poll_overdue(cx);
        }
        this.guard_write(polled, cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if matches!(this.ending, Ending::Ahead) {
            let polled = Pin::new(&mut this.transport).poll_shutdown(cx);
            ready!(this.guard_write(polled, cx))?;
            let linger = this.life.has_unread_content().then(|| Box::pin(sleep(this.linger)));
            this.ending = linger.map_or(Ending::Over, Ending::Lingering);
        }
        this.poll_linger(cx).map(Ok)
    }
}

fn too_late(message: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, message)
}
