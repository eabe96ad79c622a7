//! The folder as the source of the configuration: read again every interval, each change the next revision. Reads no disk.

use std::time::Duration;

use super::adopt::Via;
use super::event::{FolderState, Output, Settings};
use super::keeping::Keeping;
use super::{Gateway, Provider};
use crate::config::Revision;
use crate::config::folder::{self, Files};
use crate::diagnostic::Diagnostic;
use crate::keys::TokenSource;
use crate::lifecycle::Cause;
use crate::policy::effect::Reply;
use crate::rng::Seed;
use crate::sync::LOST_AFTER;
use crate::telemetry::{Event, Level, name};
use crate::time::{Instant, Now};
use crate::vault::{self, Progress, Vault};

const READ: &str = "the folder was read";

/// The folder machine: one look at a time, and the secrets that the folder leaves to vaults.
#[derive(Debug)]
pub(super) struct Folder {
    interval: Duration,
    pub(super) due_at: Option<Instant>,
    pub(super) lost_at: Option<Instant>,
    pub(super) vault: Vault,
    /// `None` when there is no place for backups.
    pub(super) keeping: Option<Keeping>,
    /// Whether it was said that secrets are not saved.
    pub(super) is_loss_told: bool,
    revision: Revision,
    findings: Vec<Diagnostic>,
    // What was read last, without what vaults hold of it.
    read: Option<folder::Read>,
}

impl Folder {
    pub(super) fn new(settings: &Settings, identity: TokenSource, seed: Seed) -> Self {
        Self {
            interval: settings.sync_interval,
            due_at: None,
            lost_at: None,
            vault: Vault::new(identity),
            keeping: Keeping::new(settings, seed),
            is_loss_told: false,
            revision: Revision(0),
            findings: Vec::new(),
            read: None,
        }
    }

    pub(super) fn stop(&mut self) {
        self.due_at = None;
        self.lost_at = None;
        self.vault.stop();
        if let Some(keeping) = &mut self.keeping {
            keeping.reading_lost_at = None;
        }
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
        self.handle_source_answered(READ, now);
    }

    fn take_folder(&mut self, files: &Files, now: Now) {
        let Provider::Folder(folder) = &mut self.provider else { return };
        let read = folder::read(files);
        folder.vault.want(vault::references(&read.set), now.instant);
        folder.read = Some(read);
        self.keep_secrets(now);
        self.adopt_folder(now);
    }

    // Serves what was read, once vaults have been asked for what they hold of it.
    fn adopt_folder(&mut self, now: Now) {
        let Provider::Folder(folder) = &mut self.provider else { return };
        let Some(folder::Read { set, diagnostics }) = folder.read.as_ref().filter(|_| folder.vault.is_settled()) else {
            return;
        };
        let (set, missing) = vault::filled(set, |reference| folder.vault.known(reference));
        let findings: Vec<Diagnostic> = diagnostics.iter().cloned().chain(missing).collect();
        // Files that say nothing new (a time stamp, a comment in another file) make no revision.
        let same_set = self.serving.head.as_ref() == Some(&set);
        if same_set && folder.findings == findings {
            return;
        }
        folder.revision = Revision(folder.revision.0.saturating_add(1));
        folder.findings.clone_from(&findings);
        let revision = folder.revision;
        self.adopt(revision, set, Via::Folder, findings, now);
    }

    /// A secret is due.
    pub(super) fn fetch_secret(&mut self, now: Now) {
        if let Provider::Folder(folder) = &mut self.provider {
            let progress = folder.vault.handle_due(now);
            self.follow_vault(progress, now);
        }
    }

    pub(super) fn handle_performed(&mut self, reply: Reply, now: Now) {
        let progress = match &mut self.provider {
            Provider::Folder(folder) => folder.vault.handle_reply(reply, now),
            Provider::Service(_) => None,
        };
        if progress.is_none() {
            return self.ignore("Performed", now);
        }
        self.follow_vault(progress, now);
    }

    /// No answer of a vault came, and none is expected any more.
    pub(super) fn handle_secret_lost(&mut self, now: Now) {
        if let Provider::Folder(folder) = &mut self.provider {
            let progress = folder.vault.handle_lost(now);
            self.follow_vault(progress, now);
        }
    }

    fn follow_vault(&mut self, progress: Option<Progress>, now: Now) {
        let (level, name, message) = match progress {
            None => return,
            Some(Progress::Ask(effect)) => return self.outputs.push_back(Output::Perform(effect)),
            Some(Progress::Fetched { is_news: false, reference }) => {
                (Level::Debug, name::SECRET_FETCHED, format!("`{}` is what it was", reference.identifier))
            }
            Some(Progress::Fetched { is_news: true, reference }) => {
                (Level::Info, name::SECRET_FETCHED, format!("`{}` was fetched", reference.identifier))
            }
            Some(Progress::Failed { reference, reason, is_repeated }) => {
                let level = if is_repeated { Level::Debug } else { Level::Warn };
                (level, name::SECRET_NOT_AVAILABLE, format!("`{}`: {reason}", reference.identifier))
            }
        };
        self.emit(Event::new(now.wall, level, "vault", name, message));
        // Those that are due together make one revision.
        let Provider::Folder(folder) = &self.provider else { return };
        if folder.vault.due_at().is_some_and(|at| at <= now.instant) {
            return;
        }
        self.keep_secrets(now);
        let before = self.serving.newest().map(|newest| newest.source.revision);
        self.adopt_folder(now);
        if self.serving.newest().map(|newest| newest.source.revision) != before && self.last_failure.is_none() {
            self.handle_source_answered(READ, now);
        }
    }
}
