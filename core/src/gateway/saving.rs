//! The backup in the life of a gateway: restored at the start, written after every revision that was taken. Touches no disk.

use super::adopt::Via;
use super::event::{BackupFault, Output};
use super::{Gateway, Provider};
use crate::backup::{self, Backup, Owner};
use crate::http::Bytes;
use crate::lifecycle::{Cause, State};
use crate::telemetry::{Event, Level, name};
use crate::time::Now;

impl Gateway {
    /// The generations, newest first: the first one that can be used is served, the others are reported.
    pub(super) fn handle_backup_read(&mut self, generations: Vec<Result<Bytes, BackupFault>>, now: Now) {
        let Provider::Service(service) = &mut self.provider else { return self.ignore("BackupRead", now) };
        if service.reading_lost_at.take().is_none() {
            return self.ignore("BackupRead", now);
        }
        let owner = service.owner.clone();
        if generations.is_empty() {
            self.emit(Event::new(now.wall, Level::Info, "backup", name::BACKUP_NOT_FOUND, "there is no backup yet"));
        }
        for (index, generation) in generations.into_iter().enumerate() {
            let restored = match generation {
                Ok(payload) => {
                    self.restore(&payload, &owner, now).map_err(|words| (format!("generation {}", index + 1), words))
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
        self.start_sync(now);
    }

    /// Nobody answered: start as if there were none. A late answer is ignored.
    pub(super) fn handle_backup_read_lost(&mut self, now: Now) {
        let Provider::Service(service) = &mut self.provider else { return };
        service.reading_lost_at = None;
        let message = "the backup could not be read in time";
        self.emit(Event::new(now.wall, Level::Error, "backup", name::BACKUP_UNUSABLE, message));
        self.start_sync(now);
    }

    fn restore(&mut self, payload: &[u8], owner: &Owner, now: Now) -> Result<(), String> {
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

    /// Writes the newest revision if that is not saved yet and nothing is being written.
    pub(super) fn write_backup(&mut self, now: Now) {
        if self.lifecycle.state() == State::Stopped {
            return;
        }
        let Provider::Service(service) = &mut self.provider else { return };
        let (Some(writer), Some(compiled)) = (&mut service.writer, self.serving.newest()) else { return };
        if !writer.wants_to_write() {
            return;
        }
        writer.handle_started(compiled.source.revision, now.instant);
        match backup::write(&compiled.source, &service.owner, now.wall) {
            Ok(payload) => self.outputs.push_back(Output::WriteBackup(payload)),
            Err(words) => self.handle_backup_written(Err(words), now),
        }
    }

    pub(super) fn handle_backup_written(&mut self, result: Result<(), String>, now: Now) {
        let Provider::Service(service) = &mut self.provider else { return self.ignore("BackupWritten", now) };
        let Some(writer) = &mut service.writer else { return self.ignore("BackupWritten", now) };
        let ended = match &result {
            Ok(()) => writer.handle_written(),
            Err(_) => writer.handle_failed(now.instant),
        };
        let Some(revision) = ended else { return self.ignore("BackupWritten", now) };
        let (level, name, message) = match result {
            Ok(()) => (Level::Info, name::BACKUP_WRITTEN, format!("revision {revision} is saved")),
            Err(words) => {
                let message = format!("revision {revision} could not be saved and will be tried again: {words}");
                (Level::Warn, name::BACKUP_WRITE_FAILED, message)
            }
        };
        self.emit(Event::new(now.wall, level, "backup", name, message).about(revision));
        self.handle_saving_ended(revision, now);
    }

    pub(super) fn handle_backup_retry(&mut self) {
        if let Provider::Service(service) = &mut self.provider
            && let Some(writer) = &mut service.writer
        {
            writer.handle_retry();
        }
    }
}
