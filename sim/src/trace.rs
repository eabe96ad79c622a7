//! The trace of a simulated world: one line a fact, in order, and a digest by which two runs are compared.

use std::cell::RefCell;
use std::fmt::Write;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use holdfast::sink::Sink;
use holdfast_core::config::Revision;
use holdfast_core::telemetry::{Event, Level, Measurement, RequestRecord};
use sha2::{Digest, Sha256};

/// A trace that all hosts of a world write to. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    lines: Arc<Mutex<String>>,
    events: Arc<Mutex<Vec<Heard>>>,
}

/// An event of the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// When, in time since the world began.
    pub at: Duration,
    /// How much it weighs.
    pub level: Level,
    /// Its name.
    pub name: &'static str,
    /// In words.
    pub message: String,
    /// The revision that it is about.
    pub revision: Option<Revision>,
}

impl Trace {
    /// Adds a line, stamped with the simulation's time.
    pub fn line(&self, text: &str) {
        let at = turmoil::sim_elapsed().unwrap_or(Duration::ZERO);
        self.line_at(at, text);
    }

    /// Adds a line stamped with `at`, for what happens outside every host.
    pub fn line_at(&self, at: Duration, text: &str) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        // Writing to a string does not fail.
        let _written = writeln!(lines, "{:>10.3} {text}", at.as_secs_f64());
    }

    /// The gateway's events, in order.
    #[must_use]
    pub fn events(&self) -> Vec<Heard> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All lines.
    #[must_use]
    pub fn text(&self) -> String {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// SHA-256 of all lines, in hexadecimal.
    #[must_use]
    pub fn digest(&self) -> String {
        Sha256::digest(self.text().as_bytes()).iter().fold(String::new(), |mut hex, byte| {
            let _written = write!(hex, "{byte:02x}");
            hex
        })
    }
}

/// The gateway's facts, as lines.
impl Sink for Trace {
    fn event(&self, event: &Event) {
        let revision = event.revision.map(|revision| format!(" revision={revision}")).unwrap_or_default();
        self.line(&format!("gateway {:?} {} {}{revision}", event.level, event.name, event.message));
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push(Heard {
            at: turmoil::sim_elapsed().unwrap_or(Duration::ZERO),
            level: event.level,
            name: event.name,
            message: event.message.clone(),
            revision: event.revision,
        });
    }

    fn request(&self, record: &RequestRecord) {
        self.line(&format!(
            "gateway request {} {} {} revision={} {:?}",
            record.method,
            record.url,
            record.response_code,
            record.revision,
            record.last_error.as_ref().map(|error| error.reason.as_str()).unwrap_or_default()
        ));
    }

    fn measurement(&self, measurement: &Measurement) {
        self.line(&format!("gateway metric {} {}", measurement.name, measurement.value));
    }
}

/// What clients saw, shared by the tasks of one host.
pub type Seen = Rc<RefCell<Vec<Outcome>>>;

/// One request as its client saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The client's name for it: the same in the twin run.
    pub id: String,
    /// Whether sending it twice would do harm.
    pub method: &'static str,
    /// When it began.
    pub began: Duration,
    /// When it ended.
    pub ended: Duration,
    /// The status code; `None` when no response came.
    pub status: Option<u16>,
    /// The edit that the response showed, and the edit that the backend was shown.
    pub edits: Option<(u32, u32)>,
    /// What went wrong, in words.
    pub problem: String,
    /// How it reached the gateway.
    pub way: Way,
}

/// The connection of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// One of its own.
    Fresh,
    /// One that had been used before.
    Kept,
    /// One that had been used before broke, so it was sent again on a new one.
    Repeated {
        /// When the one that broke was opened.
        opened: Duration,
    },
}

impl Outcome {
    /// Whether the client got what it wanted.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.status == Some(200)
    }
}
