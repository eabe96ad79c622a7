//! The backup in the life of a gateway: restored at the start, written after every revision that was taken. Of a folder it holds the
//! secrets of vaults, see `keeping`. Touches no disk.

use super::adopt::Via;
use super::event::{BackupFault, Output};
use super::{Gateway, Provider};
use crate::backup::{self, Backup, Owner, Writer};
use crate::config::Revision;
use crate::http::Bytes;
use crate::lifecycle::{Cause, State};
use crate::telemetry::{Event, Level, name};
use crate::time::{Instant, Now};

impl Gateway {
    /// The generations, newest first: the first one that can be used is served, the others are reported.
    pub(super) fn handle_backup_read(&mut self, generations: Vec<Result<Bytes, BackupFault>>, now: Now) {
        if self.take_reading().is_none() {
            return self.ignore("BackupRead", now);
        }
        if generations.is_empty() {
            self.emit(Event::new(now.wall, Level::Info, "backup", name::BACKUP_NOT_FOUND, "there is no backup yet"));
        }
        for (index, generation) in generations.into_iter().enumerate() {
            let restored = match generation {
                Ok(payload) => {
                    self.restore(&payload, now).map_err(|words| (format!("generation {}", index + 1), words))
                }
                Err(BackupFault { file, reason }) => Err((file, reason)),
            };
            match restored {
                Ok(()) => break,
                Err((file, words)) => {
                    let message = format!("backup `{file}` is not used: {words}");
                    self.emit(Event::new(now.wall, Level::Warn, "backup", name::BACKUP_UNUSABLE, message));
                }
            }
        }
        self.start_reading(now);
    }

    /// Nobody answered: start as if there were none. A late answer is ignored.
    pub(super) fn handle_backup_read_lost(&mut self, now: Now) {
        self.take_reading();
        let message = "the backup could not be read in time";
        self.emit(Event::new(now.wall, Level::Error, "backup", name::BACKUP_UNUSABLE, message));
        self.start_reading(now);
    }

    // When the backup that is being read would have been given up; it is not waited for any more.
    fn take_reading(&mut self) -> Option<Instant> {
        match &mut self.provider {
            Provider::Service(service) => service.reading_lost_at.take(),
            Provider::Folder(folder) => folder.keeping.as_mut().and_then(|keeping| keeping.reading_lost_at.take()),
        }
    }

    // The backup was read, or there is none that can be.
    fn start_reading(&mut self, now: Now) {
        match &mut self.provider {
            Provider::Service(_) => self.start_sync(now),
            Provider::Folder(folder) => folder.due_at = Some(now.instant),
        }
    }

    fn restore(&mut self, payload: &[u8], now: Now) -> Result<(), String> {
        match &self.provider {
            Provider::Service(service) => {
                let owner = service.owner.clone();
                self.restore_configuration(payload, &owner, now)
            }
            Provider::Folder(_) => self.restore_secrets(payload, now),
        }
    }

    fn restore_configuration(&mut self, payload: &[u8], owner: &Owner, now: Now) -> Result<(), String> {
        let Backup { written_at, source } = backup::read(payload, owner).map_err(|unusable| unusable.to_string())?;
        let compiled = (self.compiler.restore)(&source, &self.identity).map_err(|reasons| {
            let first = reasons.first().map_or_else(String::new, |reason| format!(": {}", reason.message));
            format!("revision {} in it does not compile{first}", source.revision)
        })?;
        let revision = source.revision;
        if let Provider::Service(service) = &mut self.provider
            && let Some(writer) = &mut service.writer
        {
            writer.handle_found(revision);
        }
        self.serving.head = Some(source.set);
        self.serve(compiled, Via::Backup, Vec::new(), now);
        let reason = format!("revision {revision} was restored from the backup of {written_at}");
        self.follow(Cause::BackupRestored, reason, now);
        Ok(())
    }

    /// What decides when the backup is written, if there is a place for one.
    pub(super) fn writer(&self) -> Option<&Writer> {
        match &self.provider {
            Provider::Service(service) => service.writer.as_ref(),
            Provider::Folder(folder) => folder.keeping.as_ref().map(|keeping| &keeping.writer),
        }
    }

    fn writer_mut(&mut self) -> Option<&mut Writer> {
        match &mut self.provider {
            Provider::Service(service) => service.writer.as_mut(),
            Provider::Folder(folder) => folder.keeping.as_mut().map(|keeping| &mut keeping.writer),
        }
    }

    /// Writes the newest there is if that is not saved yet and nothing is being written.
    pub(super) fn write_backup(&mut self, now: Now) {
        if self.lifecycle.state() == State::Stopped || !self.writer().is_some_and(Writer::wants_to_write) {
            return;
        }
        let Some((revision, payload)) = self.payload(now) else { return };
        if let Some(writer) = self.writer_mut() {
            writer.handle_started(revision, now.instant);
        }
        match payload {
            Ok(payload) => self.outputs.push_back(Output::WriteBackup(payload)),
            Err(words) => self.handle_backup_written(Err(words), now),
        }
    }

    fn payload(&self, now: Now) -> Option<(Revision, Result<Bytes, String>)> {
        match &self.provider {
            Provider::Service(service) => {
                let source = &self.serving.newest()?.source;
                Some((source.revision, backup::write(source, &service.owner, now.wall)))
            }
            Provider::Folder(folder) => Some(folder.keeping.as_ref()?.payload(&self.settings.gateway_id, now.wall)),
        }
    }

    pub(super) fn handle_backup_written(&mut self, result: Result<(), String>, now: Now) {
        let ended = self.writer_mut().and_then(|writer| match &result {
            Ok(()) => writer.handle_written(),
            Err(_) => writer.handle_failed(now.instant),
        });
        let Some(revision) = ended else { return self.ignore("BackupWritten", now) };
        let what = match &self.provider {
            Provider::Service(_) => format!("revision {revision}"),
            Provider::Folder(_) => "what vaults have told".to_owned(),
        };
        let (level, name, message) = match result {
            Ok(()) => (Level::Info, name::BACKUP_WRITTEN, format!("{what} is saved")),
            Err(words) => {
                let message = format!("{what} could not be saved and will be tried again: {words}");
                (Level::Warn, name::BACKUP_WRITE_FAILED, message)
            }
        };
        let event = Event::new(now.wall, level, "backup", name, message);
        match &self.provider {
            Provider::Service(_) => {
                self.emit(event.about(revision));
                self.handle_saving_ended(revision, now);
            }
            Provider::Folder(_) => self.emit(event),
        }
    }

    pub(super) fn handle_backup_retry(&mut self) {
        if let Some(writer) = self.writer_mut() {
            writer.handle_retry();
        }
    }
}
