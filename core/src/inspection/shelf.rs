//! Inspections that wait for whoever asked for them. Bounded; the oldest goes first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use super::Inspection;
use crate::time::WallTime;

/// The most inspections that wait. With [`super::BYTES_MAX`] they take 64 MiB at most.
pub const KEPT_MAX: usize = 64;

/// Who may read an inspection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// SHA-256 of the token.
    pub token_hash: [u8; 32],
    /// Until when.
    pub expires: WallTime,
}

/// The inspections of one process.
#[derive(Debug, Default)]
pub struct Shelf(Mutex<VecDeque<Arc<Inspection>>>);

impl Shelf {
    /// Keeps an inspection that someone may read, and hands it on; one without a reader is dropped.
    pub fn put(&self, inspection: Inspection) -> Option<Arc<Inspection>> {
        inspection.reader.as_ref()?;
        let inspection = Arc::new(inspection);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.pop_front();
        }
        kept.push_back(Arc::clone(&inspection));
        Some(inspection)
    }

    /// The inspection with this id, for the one with the token that it was made for.
    #[must_use]
    pub fn get(&self, id: &str, token: &[u8], now: WallTime) -> Option<Arc<Inspection>> {
        let hash: [u8; 32] = Sha256::digest(token).into();
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().find(|inspection| inspection.id == id)?;
        let reader = found.reader.as_ref()?;
        (reader.token_hash == hash && now < reader.expires).then(|| Arc::clone(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(id: &str) -> Inspection {
        let reader = Reader { token_hash: Sha256::digest(b"t").into(), expires: WallTime::from_unix_seconds(10) };
        Inspection { id: id.to_owned(), reader: Some(reader), ..Inspection::default() }
    }

    #[test]
    fn only_its_reader_gets_it_and_only_in_time() {
        let shelf = Shelf::default();
        assert!(shelf.put(of("a")).is_some());
        assert!(shelf.put(Inspection { reader: None, ..of("b") }).is_none());
        let at = |seconds| WallTime::from_unix_seconds(seconds);
        assert_eq!(shelf.get("a", b"t", at(9)).map(|found| found.id.clone()).as_deref(), Some("a"));
        assert!(shelf.get("a", b"t", at(10)).is_none() && shelf.get("a", b"u", at(9)).is_none());
        assert!(shelf.get("b", b"t", at(9)).is_none());
    }

    #[test]
    fn the_oldest_goes_first() {
        let shelf = Shelf::default();
        (0..=KEPT_MAX).for_each(|index| drop(shelf.put(of(&index.to_string()))));
        let is_there = |id: usize| shelf.get(&id.to_string(), b"t", WallTime::from_unix_seconds(0)).is_some();
        assert_eq!((is_there(0), is_there(1), is_there(KEPT_MAX)), (false, true, true));
    }
}
