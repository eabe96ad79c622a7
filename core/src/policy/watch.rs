//! What watches the content of a response while it passes to the client, and counts it once the last of it has left. Changes no byte.

use crate::limits::quota::Meter;
use crate::policy::llm::Tap;
use crate::shared::Shared;
use crate::telemetry::Measurement;
use crate::time::Now;

/// What an exchange leaves to be counted.
#[derive(Debug, Default)]
pub struct Watch {
    /// Quotas that count the content, both ways.
    pub meters: Vec<Meter>,
    /// What counts tokens in the content of the backend.
    pub tap: Option<Box<Tap>>,
    /// What policies have measured.
    pub measurements: Vec<Measurement>,
}

impl Watch {
    /// Some more of the content passes.
    pub fn pass(&mut self, content: &[u8]) {
        if let Some(tap) = &mut self.tap {
            tap.pass(content);
        }
    }

    /// The response has left, or will not leave any more: counts the `bytes` of content, both ways, and gives all that was measured.
    #[must_use]
    pub fn end(self, bytes: u64, shared: &Shared, now: Now) -> Vec<Measurement> {
        for meter in &self.meters {
            shared.quotas.count_bytes(meter, bytes, now.wall);
        }
        let mut measurements = self.measurements;
        measurements.extend(self.tap.into_iter().flat_map(|tap| tap.end(shared, now)));
        measurements
    }
}
