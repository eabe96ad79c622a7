//! The folder as the source of the configuration: read again every interval, each change the next revision. Reads no disk.

use std::time::Duration;

use super::adopt::Via;
use super::event::{FolderState, Output};
use super::{Gateway, Provider};
use crate::config::Revision;
use crate::config::folder::{self, Files};
use crate::diagnostic::Diagnostic;
use crate::lifecycle::Cause;
use crate::sync::LOST_AFTER;
use crate::telemetry::{Event, Level, name};
use crate::time::{Instant, Now};

/// The folder machine: one look at a time.
#[derive(Debug)]
pub(super) struct Folder {
    interval: Duration,
    pub(super) due_at: Option<Instant>,
    pub(super) lost_at: Option<Instant>,
    revision: Revision,
    findings: Vec<Diagnostic>,
}

impl Folder {
    pub(super) const fn new(interval: Duration) -> Self {
        Self { interval, due_at: None, lost_at: None, revision: Revision(0), findings: Vec::new() }
    }

    pub(super) const fn stop(&mut self) {
        self.due_at = None;
        self.lost_at = None;
    }
}

impl Gateway {
    pub(super) fn read_folder(&mut self, now: Now) {
        if let Provider::Folder(folder) = &mut self.provider {
            folder.due_at = None;
            folder.lost_at = Some(now.instant.saturating_add(LOST_AFTER));
            self.outputs.push_back(Output::ReadFolder);
        }
    }

    pub(super) fn handle_folder_read(&mut self, result: Result<FolderState, String>, now: Now) {
        let awaited = match &mut self.provider {
            Provider::Folder(folder) => folder.lost_at.take().map(|_| {
                folder.due_at = Some(now.instant.saturating_add(folder.interval));
            }),
            Provider::Service(_) => None,
        };
        if awaited.is_none() {
            return self.ignore("FolderRead", now);
        }
        match result {
            Ok(FolderState::Changed(files)) => self.take_folder(&files, now),
            Ok(FolderState::Unchanged) => {
                self.emit(Event::new(now.wall, Level::Debug, "folder", name::NO_NEW_EVENTS, "nothing changed"));
            }
            Err(words) => {
                let failure = format!("the folder cannot be read: {words}");
                return self.handle_source_failed(
                    Cause::SourceFailed,
                    (name::FOLDER_NOT_AVAILABLE, Level::Warn),
                    failure,
                    now,
                );
            }
        }
        self.handle_source_answered("the folder was read", now);
    }

    fn take_folder(&mut self, files: &Files, now: Now) {
        let Provider::Folder(folder) = &mut self.provider else { return };
        let folder::Read { set, diagnostics } = folder::read(files);
        // Files that say nothing new (a time stamp, a comment in another file) make no revision.
        let same_set = self.serving.head.as_ref() == Some(&set);
        if same_set && folder.findings == diagnostics {
            return;
        }
        folder.revision = Revision(folder.revision.0.saturating_add(1));
        folder.findings.clone_from(&diagnostics);
        let revision = folder.revision;
        self.adopt(revision, set, Via::Folder, diagnostics, now);
    }
}
