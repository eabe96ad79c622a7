//! The content of a response on its way to the client, and the receipt that completes the record once it has left.

use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use holdfast_core::exchange::Watch;
use holdfast_core::http::Bytes;
use holdfast_core::telemetry::{ErrorRecord, RequestRecord};
use holdfast_core::time::Instant;
use hyper::body::{Body, Frame, SizeHint};

use super::stream::Life;
use crate::clock::Clock;
use crate::plane::InFlight;
use crate::sink::Sink;
use crate::upstream::{ContentError, Progress, UpstreamBody};

/// Completes the record of an exchange and hands it to the sink when dropped; keeps the request in flight until then.
pub(super) struct Receipt {
    pub(super) record: Box<RequestRecord>,
    pub(super) arrived: Instant,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) sink: Arc<dyn Sink>,
    pub(super) request: Rc<Progress>,
    /// Why not all of the response left, unless it did.
    pub(super) missing: Option<Missing>,
    /// What watches and counts the content.
    pub(super) watch: Watch,
    pub(super) in_flight: Option<InFlight>,
}

/// Why not all of a response left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// The client's connection ended first.
    Client,
    /// The content ended before its end.
    Backend,
}

impl Receipt {
    /// The last byte has left.
    pub(super) fn sent(mut self) {
        if self.missing == Some(Missing::Client) {
            self.missing = None;
        }
    }

    fn note_content(&mut self, content: &[u8]) {
        self.record.response_size += content.len() as u64;
        self.watch.pass(content);
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        let record = &mut self.record;
        record.request_size = record.request_size.max(self.request.bytes());
        let now = self.clock.now();
        record.total_time = now.instant.saturating_since(self.arrived);
        if let Some(in_flight) = &self.in_flight {
            let bytes = record.request_size.saturating_add(record.response_size);
            let measurements = std::mem::take(&mut self.watch).end(bytes, in_flight.shared(), now);
            measurements.iter().for_each(|measurement| self.sink.measurement(measurement));
        }
        if let Some(missing) = self.missing
            && record.last_error.is_none()
        {
            record.last_error = Some(broken_off(missing));
        }
        self.sink.request(record);
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt").field("record", &self.record).field("missing", &self.missing).finish_non_exhaustive()
    }
}

/// The reasons of the original for connections that break; it names no element for them, so neither does this.
pub(super) fn broken_off(missing: Missing) -> ErrorRecord {
    let (reason, message) = match missing {
        Missing::Client => ("ClientConnectionFailure", "the client's connection ended before the response was sent"),
        Missing::Backend => ("BackendConnectionFailure", "the content of the response ended before its end"),
    };
    ErrorRecord { reason: reason.to_owned(), message: message.to_owned(), ..ErrorRecord::default() }
}

/// The content of a response.
pub(super) enum ResponseContent {
    /// None.
    Empty,
    /// These bytes; empty once they have been taken.
    Bytes(Bytes),
    /// An upstream's, streamed through.
    Upstream(Box<UpstreamBody>),
}

/// The content of a response with its receipt.
pub(super) struct Sending {
    content: ResponseContent,
    ended: bool,
    receipt: Option<Receipt>,
    life: Rc<Life>,
}

impl Sending {
    /// `receipt` is absent when nothing is to be recorded (the status paths, requests that are no HTTP).
    pub(super) const fn new(content: ResponseContent, receipt: Option<Receipt>, life: Rc<Life>) -> Self {
        Self { content, ended: false, receipt, life }
    }
}

impl Body for Sending {
    type Data = Bytes;
    type Error = ContentError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ContentError>>> {
        let this = self.get_mut();
        let polled = match &mut this.content {
            ResponseContent::Empty => Poll::Ready(None),
            ResponseContent::Bytes(bytes) if bytes.is_empty() => Poll::Ready(None),
            ResponseContent::Bytes(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            ResponseContent::Upstream(body) => Pin::new(body.as_mut()).poll_frame(cx),
        };
        // content in chunks knows its end only by reaching it
        this.ended |= matches!(polled, Poll::Ready(None));
        if let Some(receipt) = &mut this.receipt {
            match &polled {
                Poll::Ready(Some(Ok(frame))) => {
                    receipt.note_content(frame.data_ref().map_or(&[], |data| data.as_ref()))
                }
                Poll::Ready(Some(Err(_))) => receipt.missing = Some(Missing::Backend),
                Poll::Ready(None) | Poll::Pending => {}
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            ResponseContent::Empty => true,
            ResponseContent::Bytes(bytes) => bytes.is_empty(),
            ResponseContent::Upstream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            ResponseContent::Empty => SizeHint::with_exact(0),
            ResponseContent::Bytes(bytes) => SizeHint::with_exact(bytes.len() as u64),
            ResponseContent::Upstream(body) => body.size_hint(),
        }
    }
}

/// hyper drops the content when it has taken the last of it, or when it gives up; the stream's next flush tells which.
impl Drop for Sending {
    fn drop(&mut self) {
        let receipt = self.receipt.take();
        if self.ended || self.is_end_stream() {
            self.life.leave(receipt);
        }
    }
}
