//! Everything that the gateway waits for: one enum, one table of reasons, one table of deadlines. The machines keep the moments.

use super::{Gateway, Provider};
use crate::lifecycle::State;
use crate::time::{Instant, Now};

/// A timer of the gateway. In the order in which timers that are due together are handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// The end of the time in which load balancers notice that readiness is off.
    DrainDelay,
    /// The deadline of draining.
    DrainDeadline,
    /// The answer to `ReadBackup` counts as lost.
    BackupReadLost,
    /// The answer to `WriteBackup` counts as lost.
    BackupWriteLost,
    /// A revision is served although it is not saved yet.
    Publish,
    /// A failed backup write is tried again.
    BackupRetry,
    /// The answer to `FetchSnapshot` or `FetchEvents` counts as lost.
    SyncLost,
    /// The next question to the service.
    Sync,
    /// The answer to `SendHeartbeat` counts as lost.
    HeartbeatLost,
    /// The next heartbeat.
    Heartbeat,
    /// The answer to `ReadFolder` counts as lost.
    FolderLost,
    /// The next look at the folder.
    Folder,
    /// The answer to `Perform` counts as lost.
    SecretLost,
    /// The next secret of a vault.
    Secret,
}

impl Timer {
    /// All of them, in the order in which they are handled.
    pub const ALL: [Self; 14] = [
        Self::DrainDelay,
        Self::DrainDeadline,
        Self::BackupReadLost,
        Self::BackupWriteLost,
        Self::Publish,
        Self::BackupRetry,
        Self::SyncLost,
        Self::Sync,
        Self::HeartbeatLost,
        Self::Heartbeat,
        Self::FolderLost,
        Self::Folder,
        Self::SecretLost,
        Self::Secret,
    ];

    /// What is waited for, in words: shown beside every timeout.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::DrainDeadline => "requests in flight may take until then",
            Self::DrainDelay => "load balancers notice that readiness is off",
            Self::BackupReadLost => "the backup is being read",
            Self::BackupWriteLost => "the backup is being written",
            Self::Publish => "a revision is being saved before it is served",
            Self::BackupRetry => "a failed backup write is tried again",
            Self::SyncLost => "the service is asked for its configuration",
            Self::Sync => "the next question for changes",
            Self::HeartbeatLost => "a heartbeat is under way",
            Self::Heartbeat => "the next heartbeat",
            Self::FolderLost => "the folder is being read",
            Self::Folder => "the next look at the folder",
            Self::SecretLost => "the answer of a vault counts as lost",
            Self::Secret => "the next secret of a vault",
        }
    }
}

impl Gateway {
    /// When `timer` fires; `None` while it is not set.
    pub(super) fn deadline(&self, timer: Timer) -> Option<Instant> {
        if self.lifecycle.state() == State::Stopped {
            return None;
        }
        let (service, folder) = match &self.provider {
            Provider::Service(service) => (Some(service), None),
            Provider::Folder(folder) => (None, Some(folder)),
        };
        let keeping = folder.and_then(|folder| folder.keeping.as_ref());
        let writer = self.writer();
        match timer {
            Timer::DrainDeadline => self.drain.as_ref().map(|drain| drain.deadline),
            Timer::DrainDelay => self.drain.as_ref().and_then(|drain| drain.stop_accepting_at),
            Timer::BackupReadLost => service
                .and_then(|service| service.reading_lost_at)
                .or_else(|| keeping.and_then(|keeping| keeping.reading_lost_at)),
            Timer::BackupWriteLost => writer.and_then(|writer| writer.lost_at()),
            Timer::Publish => self.serving.coming.as_ref().map(|coming| coming.publish_at),
            Timer::BackupRetry => writer.and_then(|writer| writer.retry_at()),
            Timer::SyncLost => service.and_then(|service| service.sync.lost_at()),
            Timer::Sync => service.and_then(|service| service.sync.due_at()),
            Timer::HeartbeatLost => service.and_then(|service| service.heartbeat.lost_at()),
            Timer::Heartbeat => service.and_then(|service| service.heartbeat.due_at()),
            Timer::FolderLost => folder.and_then(|folder| folder.lost_at),
            Timer::Folder => folder.and_then(|folder| folder.due_at),
            Timer::SecretLost => folder.and_then(|folder| folder.vault.lost_at()),
            Timer::Secret => folder.and_then(|folder| folder.vault.due_at()),
        }
    }

    /// Handles every timer that is due, each once.
    pub(super) fn handle_due_timers(&mut self, now: Now) {
        for timer in Timer::ALL {
            if self.deadline(timer).is_some_and(|at| at <= now.instant) {
                self.handle_timer(timer, now);
            }
        }
    }

    fn handle_timer(&mut self, timer: Timer, now: Now) {
        match timer {
            Timer::DrainDeadline => self.handle_drain_deadline(now),
            Timer::DrainDelay => self.stop_accepting(now),
            Timer::BackupReadLost => self.handle_backup_read_lost(now),
            Timer::BackupWriteLost => self.handle_backup_written(Err("no answer came".to_owned()), now),
            Timer::Publish => self.publish_coming(now),
            Timer::BackupRetry => self.handle_backup_retry(),
            Timer::SyncLost => self.handle_sync_lost(now),
            Timer::Sync => self.ask(now),
            Timer::HeartbeatLost => self.handle_heartbeat_lost(now),
            Timer::Heartbeat => self.beat(now),
            Timer::FolderLost => self.handle_folder_read(Err("no answer came".to_owned()), now),
            Timer::Folder => self.read_folder(now),
            Timer::SecretLost => self.handle_secret_lost(now),
            Timer::Secret => self.fetch_secret(now),
        }
    }
}
