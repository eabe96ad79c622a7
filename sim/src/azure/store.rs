//! What fake Azure still knows after it was killed: its keys and the number of its newest revision, in one file. Keeps no configuration;
//! the folder does.

use std::cell::RefCell;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use holdfast_core::config::Revision;
use rcgen::KeyPair;
use serde::{Deserialize, Serialize};

use super::state::Azure;

/// The file, and what stands in it.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    kept: RefCell<Kept>,
}

/// What stands in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    authority_key: String,
    server_key: String,
    lasting: Option<Lasting>,
}

/// The part that changes while the service runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lasting {
    /// The keys that tokens are signed with.
    pub keys: [String; 2],
    /// The newest revision.
    pub revision: Revision,
}

impl Store {
    /// Opens the file at `path`, or begins one.
    ///
    /// # Errors
    /// The file is there and cannot be read, or no keys can be made: in words.
    pub fn open(path: &Path) -> Result<Self, String> {
        let words = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let kept = match std::fs::read(path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| words(&error))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let key = || KeyPair::generate().map(|key| key.serialize_pem()).map_err(|error| words(&error));
                Kept { authority_key: key()?, server_key: key()?, lasting: None }
            }
            Err(error) => return Err(words(&error)),
        };
        Ok(Self { path: path.to_owned(), kept: RefCell::new(kept) })
    }

    /// What the service knew when it ended; `None` at its first start.
    #[must_use]
    pub fn lasting(&self) -> Option<Lasting> {
        self.kept.borrow().lasting.clone()
    }

    /// The key pairs of the authority and of the server.
    ///
    /// # Errors
    /// They cannot be read: in words.
    pub fn key_pairs(&self) -> Result<(KeyPair, KeyPair), String> {
        let kept = self.kept.borrow();
        let pair = |pem: &str| KeyPair::from_pem(pem).map_err(|error| format!("{}: {error}", self.path.display()));
        Ok((pair(&kept.authority_key)?, pair(&kept.server_key)?))
    }

    /// Writes the file if the service knows something else by now.
    ///
    /// # Errors
    /// The operating system's.
    pub fn save(&self, azure: &Azure) -> std::io::Result<()> {
        let lasting = Some(azure.lasting());
        if self.kept.borrow().lasting == lasting {
            return Ok(());
        }
        self.kept.borrow_mut().lasting = lasting;
        let text = serde_json::to_vec_pretty(&*self.kept.borrow())?;
        // Written beside and renamed: the service may be killed at any moment.
        let temporary = self.path.with_extension("tmp");
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        file.write_all(&text)?;
        drop(file);
        std::fs::rename(&temporary, &self.path)
    }
}
