//! Taking a revision: compile, save, publish, remember what was refused. Knows no source and sets no timer.

use std::sync::Arc;
use std::time::Duration;

use super::event::Output;
use super::{Gateway, Provider};
use crate::config::{ResourceSet, Revision};
use crate::diagnostic::{Diagnostic, Severity};
use crate::snapshot::Compiled;
use crate::telemetry::{Event, Level, name};
use crate::time::{Instant, Now};

/// Diagnostics of a refused revision that are kept for the status page and the heartbeat.
pub(super) const SHOWN_DIAGNOSTICS_MAX: usize = 100;
/// Diagnostics that one event of the log carries.
const LOGGED_DIAGNOSTICS_MAX: usize = 1000;
/// How long a revision waits for its backup at most before it is served all the same. A write takes milliseconds, on a network volume
/// that is doing badly perhaps a second; a disk that hangs must not keep the configuration from changing.
pub(super) const SAVE_BEFORE_SERVING_MAX: Duration = Duration::from_secs(2);

/// What is served, what is known beyond that, and what was refused.
#[derive(Debug, Default)]
pub(super) struct Serving {
    /// The revision that is published.
    pub(super) compiled: Option<Compiled>,
    /// The revision that is published next.
    pub(super) coming: Option<Coming>,
    /// The newest set that is known, whether it could be compiled or not: events build on it.
    pub(super) head: Option<ResourceSet>,
    refusal: Option<Refusal>,
}

/// A revision that is compiled and being saved. What has been served must outlive the process: a gateway that loses power must not come
/// back with an older revision than its clients have seen.
#[derive(Debug)]
pub(super) struct Coming {
    compiled: Compiled,
    via: Via,
    findings: Vec<Diagnostic>,
    /// When it is published even if it is not saved.
    pub(super) publish_at: Instant,
}

/// What was refused of the newest revision.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) revision: Revision,
    extent: Extent,
    findings: Vec<Diagnostic>,
    left_out: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    Whole,
    Part,
}

/// How a revision came to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Via {
    Backup,
    Snapshot,
    Events,
    Folder,
}

impl Refusal {
    fn new(revision: Revision, extent: Extent, found: impl IntoIterator<Item = Diagnostic>) -> Self {
        let (mut findings, mut left_out) = (Vec::new(), 0);
        for finding in found {
            if findings.len() >= SHOWN_DIAGNOSTICS_MAX {
                left_out += 1;
                continue;
            }
            let finding = finding.shortened();
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
        Self { revision, extent, findings, left_out }
    }

    /// The findings, and how many were left out.
    pub(super) fn shown(&self) -> Vec<Diagnostic> {
        self.first(SHOWN_DIAGNOSTICS_MAX)
    }

    /// The first `count` findings, and how many were left out.
    pub(super) fn first(&self, count: usize) -> Vec<Diagnostic> {
        let mut shown: Vec<Diagnostic> = self.findings.iter().take(count).cloned().collect();
        let more = self.findings.len().saturating_sub(count) + self.left_out;
        if more > 0 {
            let message = format!("{more} more findings are not shown here");
            shown.push(Diagnostic::note("more-findings", self.revision.to_string(), message));
        }
        shown
    }
}

impl Serving {
    /// The revision that is published.
    pub(super) fn revision(&self) -> Option<Revision> {
        self.compiled.as_ref().map(|compiled| compiled.source.revision)
    }

    /// The newest revision that could be compiled: the one that is published, or the one that comes next.
    pub(super) fn newest(&self) -> Option<&Compiled> {
        self.coming.as_ref().map(|coming| &coming.compiled).or(self.compiled.as_ref())
    }

    /// What was refused of the newest revision.
    pub(super) const fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    /// What is served, in words for a reason, and whether anything is.
    pub(super) fn standing(&self) -> (String, bool) {
        match (self.revision(), &self.refusal) {
            (Some(served), None) => (format!("revision {served} is served"), true),
            (Some(served), Some(Refusal { extent: Extent::Part, .. })) => {
                (format!("revision {served} is served, but parts of it are refused"), true)
            }
            (Some(served), Some(Refusal { extent: Extent::Whole, revision, .. })) => {
                (format!("revision {served} is still served: revision {revision} is refused"), true)
            }
            (None, Some(refusal)) => {
                (format!("revision {} is refused and there is no older one to serve", refusal.revision), false)
            }
            (None, None) => ("there is no configuration to serve yet".to_owned(), false),
        }
    }
}

impl Gateway {
    /// Takes `set` as `revision`: what compiles is saved and published, what does not is refused and the version before it is kept.
    /// `findings` are what the reader of the documents found.
    pub(super) fn adopt(
        &mut self,
        revision: Revision,
        set: ResourceSet,
        via: Via,
        findings: Vec<Diagnostic>,
        now: Now,
    ) {
        // INVARIANT: applied revisions never go backwards.
        let goes_on = self.serving.newest().is_none_or(|newest| revision > newest.source.revision);
        debug_assert!(goes_on, "applied revisions never go backwards");
        if !goes_on {
            return;
        }
        let result = (self.compiler.compile)(revision, &set, &self.identity, self.serving.newest());
        self.serving.head = Some(set);
        match result {
            Ok(compiled) => self.serve(compiled, via, findings, now),
            Err(reasons) => self.refuse(revision, reasons, findings, now),
        }
    }

    /// Serves what was compiled: at once if nothing is served yet or nothing can be saved, else as soon as it is saved.
    pub(super) fn serve(&mut self, compiled: Compiled, via: Via, findings: Vec<Diagnostic>, now: Now) {
        let mut is_saved_first = false;
        if let Provider::Service(service) = &mut self.provider
            && let Some(writer) = &mut service.writer
        {
            writer.handle_applied(compiled.source.revision);
            // A disk that has just failed is not waited for.
            is_saved_first = self.serving.compiled.is_some() && writer.retry_at().is_none();
        }
        if !is_saved_first {
            self.serving.coming = None;
            return self.publish(compiled, via, findings, now);
        }
        // The one before may still be waiting: newer ones must not put it off for ever.
        let waiting = self.serving.coming.take().map(|coming| coming.publish_at);
        let publish_at = waiting.unwrap_or_else(|| now.instant.saturating_add(SAVE_BEFORE_SERVING_MAX));
        self.serving.coming = Some(Coming { compiled, via, findings, publish_at });
    }

    /// Saving `revision` has ended, well or not: what waited for it is published.
    pub(super) fn handle_saving_ended(&mut self, revision: Revision, now: Now) {
        if self.serving.coming.as_ref().is_some_and(|coming| coming.compiled.source.revision <= revision) {
            self.publish_coming(now);
        }
    }

    /// Publishes what is compiled and not published yet.
    pub(super) fn publish_coming(&mut self, now: Now) {
        let Some(Coming { compiled, via, findings, publish_at: _ }) = self.serving.coming.take() else { return };
        self.publish(compiled, via, findings, now);
        self.restate(now);
    }

    fn publish(&mut self, compiled: Compiled, via: Via, findings: Vec<Diagnostic>, now: Now) {
        let revision = compiled.source.revision;
        let refused: Vec<Diagnostic> = compiled.refused.values().flatten().cloned().collect();
        let (errors, mut notes): (Vec<Diagnostic>, Vec<Diagnostic>) =
            findings.into_iter().partition(Diagnostic::is_error);
        notes.extend(compiled.notes.iter().cloned());
        let found = Refusal::new(revision, Extent::Part, refused.into_iter().chain(errors));
        self.outputs.push_back(Output::Publish(Arc::clone(&compiled.snapshot)));
        self.serving.compiled = Some(compiled);
        let (name, what) = match via {
            Via::Backup => (name::EVENT_SNAPSHOT_RESTORED, "the backup"),
            Via::Snapshot => (name::EVENT_SNAPSHOT_RESTORED, "a snapshot"),
            Via::Events => (name::EVENTS_SUCCESSFULLY_RESTORED, "events"),
            Via::Folder => (name::FOLDER_APPLIED, "the folder"),
        };
        let message = format!("revision {revision} is served, taken from {what}");
        self.emit(Event::new(now.wall, Level::Info, "configuration", name, message).about(revision));
        self.emit_notes(revision, notes, now);
        // While this one was being saved, a newer one may have been refused as a whole: that is the newer news.
        let is_news = self.serving.refusal.as_ref().is_none_or(|refusal| refusal.revision <= revision);
        if is_news {
            self.serving.refusal = None;
        }
        if !found.findings.is_empty() {
            let message = format!(
                "revision {revision} is served, save for what is refused of it: that keeps its last good version"
            );
            let event =
                Event::new(now.wall, Level::Error, "configuration", name::CONFIGURATION_PARTLY_REFUSED, message);
            self.emit(event.about(revision).with_diagnostics(found.shown()));
            if is_news {
                self.serving.refusal = Some(found);
            }
        }
    }

    fn refuse(&mut self, revision: Revision, reasons: Vec<Diagnostic>, findings: Vec<Diagnostic>, now: Now) {
        let (errors, notes): (Vec<Diagnostic>, Vec<Diagnostic>) = findings.into_iter().partition(Diagnostic::is_error);
        self.emit_notes(revision, notes, now);
        let refusal = Refusal::new(revision, Extent::Whole, reasons.into_iter().chain(errors));
        let shown = refusal.shown();
        self.serving.refusal = Some(refusal);
        let (message, _) = self.serving.standing();
        let event = Event::new(now.wall, Level::Error, "configuration", name::CONFIGURATION_REFUSED, message);
        self.emit(event.about(revision).with_diagnostics(shown));
    }

    fn emit_notes(&mut self, revision: Revision, mut notes: Vec<Diagnostic>, now: Now) {
        if notes.is_empty() {
            return;
        }
        let worst = notes.iter().map(|note| note.severity).max();
        let level = if worst > Some(Severity::Note) { Level::Warn } else { Level::Info };
        let message = format!("revision {revision} was taken with {} warnings and notes", notes.len());
        notes.truncate(LOGGED_DIAGNOSTICS_MAX);
        let notes = notes.into_iter().map(Diagnostic::shortened).collect();
        let event = Event::new(now.wall, level, "configuration", name::CONFIGURATION_NOTES, message);
        self.emit(event.about(revision).with_diagnostics(notes));
    }
}
