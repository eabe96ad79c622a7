//! The backup on the disk: two slots that are written in turn, so that the newest good generation is never touched. Decides neither
//! when to save nor what to serve; the gateway machine does.

pub mod format;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use holdfast_core::gateway::event::BackupFault;
use holdfast_core::http::Bytes;
use rustls::crypto::CryptoProvider;

use crate::disk::Disk;
use crate::settings::BackupKey;
use format::{FILE_BYTES_MAX, Generation, NonceBytes};

/// The place of the backups.
pub struct Store<D: Disk> {
    disk: D,
    directory: PathBuf,
    slots: [&'static str; 2],
    key: Option<BackupKey>,
    crypto: Arc<CryptoProvider>,
    next: Option<Next>,
}

/// What can be done with the directory of the backups; in words why not more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Backups can be read and saved.
    Writable,
    /// Backups can be read at best.
    ReadOnly(String),
    /// There is no directory, or it cannot be looked into.
    Missing(String),
}

/// What the next save writes, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Next {
    slot: usize,
    number: u64,
}

/// What the backups are of: each has files of its own, so that one directory can hold both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// The configuration of a service.
    Configuration,
    /// The secrets that a folder leaves to vaults.
    Secrets,
}

impl Content {
    const fn slots(self) -> [&'static str; 2] {
        match self {
            Self::Configuration => ["snapshot-a.holdfast", "snapshot-b.holdfast"],
            Self::Secrets => ["secrets-a.holdfast", "secrets-b.holdfast"],
        }
    }
}

const TEMPORARY: &str = ".tmp";
const PROBE: &str = "probe.holdfast.tmp";

/// What is in a slot.
enum Slot {
    Empty,
    Good(Generation),
    /// Not usable; the number is known when the file is whole but sealed with another key.
    Faulty(String, u64),
}

impl<D: Disk> Store<D> {
    /// The backups of `content` in `directory`; touches nothing yet. `crypto` gives the nonces.
    pub fn new(
        disk: D,
        directory: PathBuf,
        content: Content,
        key: Option<BackupKey>,
        crypto: Arc<CryptoProvider>,
    ) -> Self {
        Self { disk, directory, slots: content.slots(), key, crypto, next: None }
    }

    /// What can be done here: lists the directory, writes a file and removes it.
    pub async fn probe(&self) -> Place {
        let named = |error: io::Error| format!("{}: {}", self.directory.display(), in_words(&error));
        if let Err(error) = self.disk.list(&self.directory).await {
            return Place::Missing(named(error));
        }
        let probe = self.directory.join(PROBE);
        let written = match self.disk.write(&probe, b"").await {
            Ok(()) => self.disk.remove(&probe).await,
            Err(error) => Err(error),
        };
        written.map_or_else(|error| Place::ReadOnly(named(error)), |()| Place::Writable)
    }

    /// Reads both slots: what cannot be used first, then the good generations, newest first. Removes what an interrupted save left.
    pub async fn read(&mut self) -> Vec<Result<Bytes, BackupFault>> {
        self.remove_leftovers().await;
        let slots = self.read_slots().await;
        self.next = Some(next(&slots));
        let mut good = Vec::new();
        let mut generations = Vec::new();
        for (name, slot) in self.slots.into_iter().zip(slots) {
            match slot {
                Slot::Good(generation) => good.push(generation),
                Slot::Faulty(reason, _) => generations.push(Err(BackupFault { file: name.to_owned(), reason })),
                Slot::Empty => {}
            }
        }
        good.sort_by_key(|generation| std::cmp::Reverse(generation.number));
        generations.extend(good.into_iter().map(|generation| Ok(Bytes::from(generation.document))));
        generations
    }

    /// Saves a document as the newest generation: written beside, made durable, renamed over the older slot, the name made durable.
    ///
    /// # Errors
    /// Why it is not saved, in words; what was saved before is as it was.
    pub async fn write(&mut self, document: &[u8]) -> Result<(), String> {
        let next = match self.next.take() {
            Some(next) => next,
            None => next(&self.read_slots().await),
        };
        let nonce = self.nonce()?;
        let generation = Generation { number: next.number, document: document.to_vec() };
        let file = format::encode(&generation, self.key.as_ref().map(|key| (key, nonce)))?;
        let slot = self.directory.join(self.slots[next.slot]);
        let temporary = self.directory.join(format!("{}{TEMPORARY}", self.slots[next.slot]));
        if let Err(error) = self.replace(&temporary, &slot, &file).await {
            // Best effort: a full disk is freed again; a leftover is also removed at the next start.
            drop(self.disk.remove(&temporary).await);
            return Err(format!("{}: {}", slot.display(), in_words(&error)));
        }
        self.next = Some(Next { slot: (next.slot + 1) % self.slots.len(), number: next.number.saturating_add(1) });
        Ok(())
    }

    async fn replace(&self, temporary: &Path, slot: &Path, file: &[u8]) -> io::Result<()> {
        self.disk.write(temporary, file).await?;
        self.disk.sync(temporary).await?;
        self.disk.rename(temporary, slot).await?;
        self.disk.sync_dir(&self.directory).await
    }

    async fn read_slots(&self) -> [Slot; 2] {
        let [a, b] = self.slots;
        [self.slot(a).await, self.slot(b).await]
    }

    async fn slot(&self, name: &str) -> Slot {
        match self.disk.read(&self.directory.join(name), FILE_BYTES_MAX).await {
            Ok(file) => match format::decode(&file, self.key.as_ref()) {
                Ok(generation) => Slot::Good(generation),
                Err(fault) => Slot::Faulty(fault.to_string(), format::number_of(&file).unwrap_or(0)),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Slot::Empty,
            Err(error) => Slot::Faulty(format!("cannot be read: {}", in_words(&error)), 0),
        }
    }

    async fn remove_leftovers(&self) {
        let Ok(names) = self.disk.list(&self.directory).await else { return };
        for path in names {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
            let is_ours = self.slots.iter().any(|slot| name.strip_prefix(slot) == Some(TEMPORARY)) || name == PROBE;
            if is_ours {
                // A leftover that stays does no harm: nothing reads it, and the next save writes over it.
                drop(self.disk.remove(&path).await);
            }
        }
    }

    fn nonce(&self) -> Result<NonceBytes, String> {
        let mut nonce = NonceBytes::default();
        self.crypto.secure_random.fill(&mut nonce).map_err(|_| "no random numbers for the encryption".to_owned())?;
        Ok(nonce)
    }
}

// INVARIANT: the slot that is written next is never the one with the newest good generation. Its number is above every number that was
// ever given, also to what another key had sealed: should that key come back, the newest is still the newest.
fn next([a, b]: &[Slot; 2]) -> Next {
    let good = |slot: &Slot| match slot {
        Slot::Good(generation) => generation.number,
        Slot::Empty | Slot::Faulty(..) => 0,
    };
    let given = |slot: &Slot| match slot {
        Slot::Good(generation) => generation.number,
        Slot::Faulty(_, number) => *number,
        Slot::Empty => 0,
    };
    let slot = usize::from((good(b), given(b)) < (good(a), given(a)));
    Next { slot, number: given(a).max(given(b)).saturating_add(1) }
}

fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied; the directory must be writable for this user".to_owned(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "the disk is full".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod crash_tests;
#[cfg(test)]
mod tests;
