//! Where facts go: the border between what happened and how it is written.

use holdfast_core::telemetry::{Event, Measurement, RequestRecord};

/// A place for events and request records. Must not block.
pub trait Sink: Send + Sync + 'static {
    /// Takes an event of the gateway.
    fn event(&self, event: &Event);

    /// Takes the record of a finished exchange.
    fn request(&self, record: &RequestRecord);

    /// Takes a number that a policy has measured.
    fn measurement(&self, measurement: &Measurement);
}

/// Takes everything and keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSink;

impl Sink for NoSink {
    fn event(&self, _event: &Event) {}

    fn request(&self, _record: &RequestRecord) {}

    fn measurement(&self, _measurement: &Measurement) {}
}
