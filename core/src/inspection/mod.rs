//! What an inspected exchange did, step by step: plain facts, and the two forms in which people read them. Watches nothing.
//!
//! `secrets` covers what nobody may read, `forms` finds it, `shelf` keeps what is read later, `json` is the form of the original's `listTrace`, `text` the one for terminals.

mod forms;
mod json;
mod secrets;
mod shelf;
mod text;

use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use crate::time::WallTime;

pub use secrets::Secrets;
pub use shelf::{KEPT_MAX, Reader, Shelf};

/// The most steps that are kept of one exchange.
pub const STEPS_MAX: usize = 2_000;
/// The most facts that are kept of one step.
pub const FACTS_MAX: usize = 200;
/// The most that the facts of one exchange take, in bytes.
pub const BYTES_MAX: usize = 1024 * 1024;
/// The most that is shown of one text, in bytes.
pub const TEXT_BYTES_MAX: usize = 1_024;
/// What stands for the rest of a longer text.
const CUT: &str = "…";
/// What stands for a secret.
pub const HIDDEN: &str = "***";

/// What one exchange did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inspection {
    /// The name of the service.
    pub service: String,
    /// The id of the exchange: `context.RequestId`.
    pub id: String,
    /// The steps, in the order in which they began.
    pub steps: Vec<Step>,
    /// How many steps there were beyond [`STEPS_MAX`], and facts beyond [`FACTS_MAX`] and [`BYTES_MAX`].
    pub left_out: usize,
    /// Who may read it later.
    pub reader: Option<Reader>,
    bytes: usize,
}

/// One step: a policy, a condition, or something that the gateway does by itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// `inbound`, `backend`, `outbound` or `on-error`.
    pub section: &'static str,
    /// `global`, `product`, `api` or `operation`; empty when no document asked for the step.
    pub scope: &'static str,
    /// The name of the element, or of the built-in step.
    pub source: &'static str,
    /// The place in the document, as in `choose[1]/when[2]`.
    pub path: Arc<str>,
    /// The `id` attribute.
    pub policy_id: Option<Arc<str>>,
    /// When it began.
    pub at: WallTime,
    /// The same, from the arrival of the request on.
    pub begun: Duration,
    /// How long it took, waiting included.
    pub took: Duration,
    /// What it saw and did.
    pub facts: Vec<Fact>,
}

/// What a step saw or did.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// Something in words.
    Said(String),
    /// A condition, as it is written, and what it came to.
    Condition {
        /// The text; empty when it has none of its own.
        text: String,
        /// What it came to.
        holds: bool,
    },
    /// Something has another value than before the step.
    Changed {
        /// What, as in `request.headers.X-A` or `variables.user`.
        what: String,
        /// The value before; `None` when there was none.
        before: Option<String>,
        /// The value after; `None` when there is none.
        after: Option<String>,
    },
    /// A message came in.
    Received(Message),
    /// A message went out.
    Sent(Message),
    /// It failed.
    Failed {
        /// `context.LastError.Reason`
        reason: String,
        /// `context.LastError.Message`
        message: String,
    },
}

/// A message without its content.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// The first line, as in `GET http://host/path` or `200 OK`.
    pub line: String,
    /// The fields.
    pub fields: Vec<(String, String)>,
    /// What can be said of the content, as in `12 bytes`.
    pub content: String,
}

impl Inspection {
    /// An inspection without steps.
    #[must_use]
    pub fn new(service: String, id: String, reader: Option<Reader>) -> Self {
        Self { service, id, reader, ..Self::default() }
    }

    /// Begins a step; `None` when there are too many.
    pub fn begin(&mut self, step: Step) -> Option<usize> {
        if self.steps.len() >= STEPS_MAX {
            self.left_out += 1;
            return None;
        }
        self.steps.push(step);
        Some(self.steps.len() - 1)
    }

    /// Adds a fact to a step.
    pub fn add(&mut self, step: usize, fact: Fact) {
        let Some(step) = self.steps.get_mut(step) else { return };
        let bytes = self.bytes.saturating_add(fact.bytes());
        if step.facts.len() >= FACTS_MAX || bytes > BYTES_MAX {
            self.left_out += 1;
            return;
        }
        self.bytes = bytes;
        step.facts.push(fact);
    }

    /// The form of the original's `listTrace`: `serviceName`, `traceId`, `traceEntries` by section.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        json::rendered(self)
    }

    /// The form for terminals.
    #[must_use]
    pub fn to_text(&self) -> String {
        text::rendered(self)
    }
}

impl Fact {
    // Of its texts, and roughly of itself.
    fn bytes(&self) -> usize {
        let texts = match self {
            Self::Said(text) | Self::Condition { text, .. } => text.len(),
            Self::Changed { what, before, after } => {
                what.len() + before.as_ref().map_or(0, String::len) + after.as_ref().map_or(0, String::len)
            }
            Self::Received(message) | Self::Sent(message) => {
                let fields =
                    message.fields.iter().map(|(name, value)| name.len() + value.len() + size_of::<[String; 2]>());
                message.line.len() + message.content.len() + fields.sum::<usize>()
            }
            Self::Failed { reason, message } => reason.len() + message.len(),
        };
        texts + size_of::<Self>()
    }
}

/// The beginning of what `shown` writes, at most [`TEXT_BYTES_MAX`]; what is longer is not even written to its end.
#[must_use]
pub fn shortened(shown: &dyn fmt::Display) -> String {
    struct Room(String);
    impl fmt::Write for Room {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            for c in text.chars() {
                if self.0.len() + c.len_utf8() > TEXT_BYTES_MAX {
                    return Err(fmt::Error);
                }
                self.0.push(c);
            }
            Ok(())
        }
    }
    let mut room = Room(String::new());
    if write!(room, "{shown}").is_err() {
        room.0.push_str(CUT);
    }
    room.0
}

#[cfg(test)]
mod tests;
