//! What the status paths say, derived from the lifecycle and from what is served. Decides nothing.

use std::sync::Arc;

use super::Gateway;
use super::adopt::Serving;
use super::event::{Output, Status};
use crate::lifecycle::{Lifecycle, Readiness};

/// The status of a gateway in this state that serves this.
pub(super) fn of(lifecycle: &Lifecycle, serving: &Serving) -> Status {
    let revision = serving.revision();
    let ready = lifecycle.state().readiness() == Readiness::Ready;
    // INVARIANT: ready means that a whole configuration is served.
    debug_assert!(!ready || revision.is_some(), "ready implies published");
    Status {
        state: lifecycle.state().name(),
        ready,
        revision,
        since: lifecycle.since().to_string(),
        reason: lifecycle.reason().to_owned(),
        refused: serving.refusal().map(|refusal| refusal.shown()).unwrap_or_default(),
    }
}

impl Gateway {
    /// Shows the status if it says something else than the one shown.
    pub(super) fn show_status(&mut self) {
        let status = self.status();
        if self.shown.as_ref().is_some_and(|shown| **shown == status) {
            return;
        }
        let status = Arc::new(status);
        self.shown = Some(Arc::clone(&status));
        self.outputs.push_back(Output::ShowStatus(status));
    }
}
