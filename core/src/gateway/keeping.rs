//! The secrets of a folder in the backup: restored before the folder is read, saved whenever they have changed. Touches no disk.

use super::event::{BackupPlace, Output, Settings};
use super::{Gateway, Provider};
use crate::backup::Writer;
use crate::config::Revision;
use crate::http::Bytes;
use crate::rng::Seed;
use crate::sync::LOST_AFTER;
use crate::telemetry::{Event, Level, name};
use crate::time::{Instant, Now, WallTime};
use crate::vault::saved::{self, Saved};
use crate::vault::{Secrets, Vault};

/// What is saved of the secrets, and when.
#[derive(Debug)]
pub(super) struct Keeping {
    /// Counts the changes of the secrets as revisions.
    pub(super) writer: Writer,
    /// While the backup is being read: when the answer counts as lost.
    pub(super) reading_lost_at: Option<Instant>,
    // What is on the disk, or shall be.
    secrets: Secrets,
    edition: Revision,
}

impl Keeping {
    /// `None` when there is no place for backups.
    pub(super) fn new(settings: &Settings, seed: Seed) -> Option<Self> {
        match settings.backup {
            BackupPlace::Present => Some(Self {
                writer: Writer::new(seed),
                reading_lost_at: None,
                secrets: Secrets::new(),
                edition: Revision(0),
            }),
            BackupPlace::Missing => None,
        }
    }

    /// What the vaults have told so far shall be saved, if it is anything else than what is.
    pub(super) fn keep(&mut self, vault: &Vault) {
        let known = vault.all_known();
        if known != self.secrets {
            self.secrets = known;
            self.edition = Revision(self.edition.0.saturating_add(1));
            self.writer.handle_applied(self.edition);
        }
    }

    /// What is written next: its number, and the payload.
    pub(super) fn payload(&self, gateway_id: &str, at: WallTime) -> (Revision, Result<Bytes, String>) {
        (self.edition, saved::write(&self.secrets, gateway_id, at))
    }
}

impl Gateway {
    /// The backup first; without a place for one, the folder at once.
    pub(super) fn start_folder(&mut self, now: Now) {
        let Provider::Folder(folder) = &mut self.provider else { return };
        match &mut folder.keeping {
            Some(keeping) => {
                keeping.reading_lost_at = Some(now.instant.saturating_add(LOST_AFTER));
                self.outputs.push_back(Output::ReadBackup);
            }
            None => folder.due_at = Some(now.instant),
        }
    }

    pub(super) fn restore_secrets(&mut self, payload: &[u8], now: Now) -> Result<(), String> {
        let Saved { written_at, secrets } = saved::read(payload, &self.settings.gateway_id)?;
        let Provider::Folder(folder) = &mut self.provider else { return Ok(()) };
        let message = format!("{} secrets of vaults were restored from the backup of {written_at}", secrets.len());
        if let Some(keeping) = &mut folder.keeping {
            keeping.secrets.clone_from(&secrets);
        }
        folder.vault.restore(secrets);
        self.emit(Event::new(now.wall, Level::Info, "vault", name::SECRETS_RESTORED, message));
        Ok(())
    }

    /// What the vaults have told shall be saved; that it cannot be is said once.
    pub(super) fn keep_secrets(&mut self, now: Now) {
        let Provider::Folder(folder) = &mut self.provider else { return };
        if let Some(keeping) = &mut folder.keeping {
            return keeping.keep(&folder.vault);
        }
        if folder.vault.is_needed() && !std::mem::replace(&mut folder.is_loss_told, true) {
            let message = "secrets of vaults are not saved: that takes a place for backups, and a key to encrypt them";
            self.emit(Event::new(now.wall, Level::Info, "backup", name::LOCAL_BACKUP_LOCATION_NOT_FOUND, message));
        }
    }
}
