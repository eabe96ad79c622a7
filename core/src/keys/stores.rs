//! Key stores that policies have opened, kept for all exchanges: the derivation of their keys is slow on purpose.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use sha2::{Digest as _, Sha256};

use crate::limits::shards::lock;
use crate::pki::ClientIdentity;
use crate::pki::pfx::{PfxFault, read_identity};
use crate::time::Instant;

/// The most key stores that are kept open; the one that was not used for longest goes.
const STORES_MAX: usize = 64;

/// What was found in key stores, by the SHA-256 of their bytes and password.
#[derive(Debug, Default)]
pub struct KeyStores(Mutex<BTreeMap<[u8; 32], Opened>>);

#[derive(Debug)]
struct Opened {
    found: Result<Arc<ClientIdentity>, PfxFault>,
    used: Instant,
}

impl KeyStores {
    /// The certificate with its key in a key store (PKCS #12).
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(&self, bytes: &[u8], password: &str, now: Instant) -> Result<Arc<ClientIdentity>, PfxFault> {
        let mut digest = Sha256::new();
        digest.update(password.len().to_be_bytes());
        digest.update(password);
        digest.update(bytes);
        let key = digest.finalize().into();
        if let Some(opened) = lock(&self.0).get_mut(&key) {
            opened.used = now;
            return opened.found.clone();
        }
        // Not under the lock: meanwhile others go on, and two may open the same one.
        let found = read_identity(bytes, password).map(Arc::new);
        let mut stores = lock(&self.0);
        if stores.len() >= STORES_MAX {
            let oldest = stores.iter().min_by_key(|(_, opened)| opened.used).map(|(key, _)| *key);
            oldest.and_then(|key| stores.remove(&key));
        }
        stores.insert(key, Opened { found: found.clone(), used: now });
        found
    }
}
