//! Content on its way: the client's to an upstream, and an upstream's to the client. Streams through; gathers only when asked to.

use std::cell::Cell;
use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use holdfast_core::exchange::BodyFailure;
use holdfast_core::http::Bytes;
use http::Request;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::connect::One;
use super::expect::{Gate, Held, let_go};
use super::idle::IdleGuard;
use super::pool::{Key, Pool, Stream};
use super::two::for_one;

/// Why content ended before its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ContentError {
    /// The connection broke or the framing was wrong, in words.
    Broken(String),
    /// Nothing came for too long.
    Idle,
}

impl fmt::Display for ContentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(message) => f.write_str(message),
            Self::Idle => f.write_str("nothing came for too long"),
        }
    }
}

impl Error for ContentError {}

/// What is known of a client's content from outside: how much of it has passed, and whether and how it ended.
#[derive(Debug)]
pub(crate) struct Progress {
    bytes: Cell<u64>,
    end: Cell<End>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Ahead,
    Reached,
    Broken,
}

impl Progress {
    /// Of which nothing has passed yet.
    pub(crate) fn of(incoming: &Incoming) -> Self {
        let end = if incoming.is_end_stream() { End::Reached } else { End::Ahead };
        Self { bytes: Cell::new(0), end: Cell::new(end) }
    }

    /// Bytes that have passed.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    /// Whether it ended before its end.
    pub(crate) fn is_broken(&self) -> bool {
        self.end.get() == End::Broken
    }

    /// Whether all of it has passed, or there was none.
    pub(crate) fn is_complete(&self) -> bool {
        self.end.get() == End::Reached
    }
}

/// The content of a client's request.
#[derive(Debug)]
pub(crate) struct ClientBody {
    incoming: Incoming,
    idle: IdleGuard,
    progress: Rc<Progress>,
}

impl ClientBody {
    pub(crate) const fn new(incoming: Incoming, idle: Duration, progress: Rc<Progress>) -> Self {
        Self { incoming, idle: IdleGuard::new(idle), progress }
    }
}

/// Where the content of a client's request is.
#[derive(Debug, Default)]
pub(crate) enum ClientContent {
    /// There never was any.
    #[default]
    Absent,
    /// Still in the socket.
    InSocket(Box<ClientBody>),
    /// It has been read, or passed on.
    Gone,
}

impl ClientContent {
    /// What is there; from then on it is gone.
    pub(crate) fn take(&mut self) -> Self {
        let left = if matches!(self, Self::Absent) { Self::Absent } else { Self::Gone };
        std::mem::replace(self, left)
    }
}

impl Body for ClientBody {
    type Data = Bytes;
    type Error = ContentError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ContentError>>> {
        let this = self.get_mut();
        let polled = poll_guarded(&mut this.incoming, &mut this.idle, cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                let length = frame.data_ref().map_or(0, Bytes::len);
                this.progress.bytes.set(this.progress.bytes.get() + length as u64);
                if this.incoming.is_end_stream() {
                    this.progress.end.set(End::Reached);
                }
            }
            Poll::Ready(Some(Err(_))) => this.progress.end.set(End::Broken),
            Poll::Ready(None) => this.progress.end.set(End::Reached),
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

/// The content of an upstream's response. At its end the connection goes back to the pool; dropped before, it closes.
#[derive(Debug)]
pub(crate) struct UpstreamBody {
    // What was read and put back, in order.
    front: VecDeque<Bytes>,
    incoming: Incoming,
    idle: IdleGuard,
    lease: Option<Lease>,
}

impl UpstreamBody {
    /// `None` when no content follows.
    pub(super) fn new(incoming: Incoming, lease: Lease, idle: Duration) -> Option<Self> {
        if incoming.is_end_stream() {
            lease.give_back();
            return None;
        }
        Some(Self { front: VecDeque::new(), incoming, idle: IdleGuard::new(idle), lease: Some(lease) })
    }

    /// All of it, when it has at most `max_bytes`; else itself as it was, with [`BodyFailure::TooLarge`].
    pub(crate) async fn peek(mut self, max_bytes: u64) -> (Result<Bytes, BodyFailure>, Option<Self>) {
        let mut bytes = 0;
        let mut read = VecDeque::new();
        if self.size_hint().lower() <= max_bytes {
            loop {
                match self.frame().await {
                    None => return (Ok(joined(read.into())), None),
                    Some(Err(error)) => return (Err(BodyFailure::Broken(error.to_string())), None),
                    Some(Ok(frame)) => {
                        let Ok(data) = frame.into_data() else { continue };
                        bytes += data.len() as u64;
                        read.push_back(data);
                    }
                }
                if bytes > max_bytes {
                    break;
                }
            }
        }
        read.append(&mut self.front);
        self.front = read;
        (Err(BodyFailure::TooLarge), Some(self))
    }
}

impl Body for UpstreamBody {
    type Data = Bytes;
    type Error = ContentError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ContentError>>> {
        let this = self.get_mut();
        if let Some(data) = this.front.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        let frame = ready!(poll_guarded(&mut this.incoming, &mut this.idle, cx));
        match &frame {
            Some(Ok(_)) if !this.incoming.is_end_stream() => {}
            Some(Ok(_)) | None => {
                if let Some(lease) = this.lease.take() {
                    lease.give_back();
                }
            }
            Some(Err(_)) => this.lease = None,
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.front.is_empty() && self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let front: u64 = self.front.iter().map(|data| data.len() as u64).sum();
        let rest = self.incoming.size_hint();
        let mut hint = SizeHint::new();
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + front);
        }
        hint.set_lower(rest.lower() + front);
        hint
    }
}

fn joined(mut parts: Vec<Bytes>) -> Bytes {
    if parts.len() == 1 {
        return parts.pop().unwrap_or_default();
    }
    Bytes::from(parts.concat())
}

/// A connection in use, or a stream of one.
#[derive(Debug)]
pub(super) enum Lease {
    /// Nobody else uses it.
    Connection { pool: Rc<Pool>, key: Rc<Key>, sender: One, gate: Ended },
    /// Others use the connection too.
    Stream(Stream),
}

impl Lease {
    pub(super) fn new(pool: &Rc<Pool>, key: &Rc<Key>, sender: One, gate: Option<Gate>) -> Self {
        Self::Connection { pool: Rc::clone(pool), key: Rc::clone(key), sender, gate: Ended(gate) }
    }

    pub(super) const fn of_stream(stream: Stream) -> Self {
        Self::Stream(stream)
    }

    /// The request that the connection has not taken, as it was before it was made ready for that connection.
    pub(super) fn refused(self, unsent: Request<Outgoing>) -> Request<Outgoing> {
        match self {
            Self::Connection { .. } => let_go(unsent),
            Self::Stream(stream) => {
                stream.note_ending();
                for_one(unsent)
            }
        }
    }

    /// The head of the response has come: content that the server has not asked for by now it does not want.
    pub(super) fn note_answer(&self) {
        if let Self::Connection { gate: Ended(Some(gate)), .. } = self {
            gate.note_answer();
        }
    }

    fn give_back(self) {
        match self {
            // With content that is still due it cannot take another request.
            Self::Connection { pool, key, sender, gate } => {
                if !gate.holds() {
                    pool.give_back(&key, sender);
                }
            }
            // It ends with the response; the connection goes on.
            Self::Stream(_) => {}
        }
    }
}

/// A gate that is told when its response is over.
#[derive(Debug)]
pub(super) struct Ended(Option<Gate>);

impl Ended {
    fn holds(&self) -> bool {
        self.0.as_ref().is_some_and(Gate::holds)
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        if let Some(gate) = &self.0 {
            gate.end();
        }
    }
}

/// The content of an outgoing request.
#[derive(Debug)]
pub(super) enum Outgoing {
    /// None.
    Empty,
    /// These bytes; empty once they have been taken.
    Bytes(Bytes),
    /// The client's.
    Client(ClientBody),
    /// Something that waits until the server wants it.
    Held(Box<Held>),
}

impl Outgoing {
    /// What can be sent again: nothing, or bytes at hand.
    pub(super) fn repeatable(&self) -> Option<Bytes> {
        match self {
            Self::Empty => Some(Bytes::new()),
            Self::Bytes(bytes) => Some(bytes.clone()),
            Self::Client(_) => None,
            Self::Held(held) => held.content.repeatable(),
        }
    }

    pub(super) fn progress(&self) -> Option<Rc<Progress>> {
        match self {
            Self::Empty | Self::Bytes(_) => None,
            Self::Client(body) => Some(Rc::clone(&body.progress)),
            Self::Held(held) => held.content.progress(),
        }
    }

    pub(super) fn into_client(self) -> Option<ClientBody> {
        match self {
            Self::Empty | Self::Bytes(_) => None,
            Self::Client(body) => Some(body),
            Self::Held(held) => held.content.into_client(),
        }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = ContentError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ContentError>>> {
        match self.get_mut() {
            Self::Empty => Poll::Ready(None),
            Self::Bytes(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Bytes(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Client(body) => Pin::new(body).poll_frame(cx),
            Self::Held(held) => match ready!(held.poll_release(cx)) {
                true => Pin::new(&mut held.content).poll_frame(cx),
                false => Poll::Ready(Some(Err(ContentError::Broken("the server did not want it".to_owned())))),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Bytes(bytes) => bytes.is_empty(),
            Self::Client(body) => body.is_end_stream(),
            Self::Held(held) => held.content.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Bytes(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Client(body) => body.size_hint(),
            Self::Held(held) => held.content.size_hint(),
        }
    }
}

/// Reads `body` to its end; what declares more than `max_bytes` is not read at all.
pub(crate) async fn read_to_end<B>(mut body: B, max_bytes: u64) -> Result<Bytes, BodyFailure>
where
    B: Body<Data = Bytes, Error = ContentError> + Unpin,
{
    if body.size_hint().lower() > max_bytes {
        return Err(BodyFailure::TooLarge);
    }
    let mut first = Bytes::new();
    let mut gathered = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| BodyFailure::Broken(error.to_string()))?;
        let Ok(data) = frame.into_data() else { continue };
        if (first.len() + gathered.len() + data.len()) as u64 > max_bytes {
            return Err(BodyFailure::TooLarge);
        }
        if first.is_empty() && gathered.is_empty() {
            first = data;
            continue;
        }
        gathered.extend_from_slice(&std::mem::take(&mut first));
        gathered.extend_from_slice(&data);
    }
    Ok(if gathered.is_empty() { first } else { Bytes::from(gathered) })
}

/// What went wrong, down to its cause, in words.
pub(super) fn words(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

fn poll_guarded(
    incoming: &mut Incoming,
    idle: &mut IdleGuard,
    cx: &mut Context<'_>,
) -> Poll<Option<Result<Frame<Bytes>, ContentError>>> {
    match Pin::new(incoming).poll_frame(cx) {
        Poll::Ready(frame) => {
            idle.note_progress();
            Poll::Ready(frame.map(|frame| frame.map_err(|error| ContentError::Broken(words(&error)))))
        }
        Poll::Pending => {
            ready!(idle.poll_expired(cx));
            Poll::Ready(Some(Err(ContentError::Idle)))
        }
    }
}
