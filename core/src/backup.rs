//! What a backup holds, whose it is, and when one is written. Framing (checksum, compression, encryption, files) belongs to `io`.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::config::wire;
use crate::config::{ResourceId, ResourceSet, Revision};
use crate::http::Bytes;
use crate::rng::{Rng, Seed};
use crate::snapshot::{Held, Source};
use crate::sync::{Backoff, LOST_AFTER};
use crate::time::{Instant, WallTime};

/// The version of the payload that this program writes, and the newest that it reads.
pub const FORMAT: u32 = 1;
/// The longest delay after a first failed write.
const RETRY_BASE: Duration = Duration::from_secs(1);
/// The longest delay after any failed write.
const RETRY_MAX: Duration = Duration::from_secs(60);

/// A backup generation that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupFault {
    /// Which file.
    pub file: String,
    /// What is wrong with it, as in `checksum does not match`.
    pub reason: String,
}

/// Whose configuration it is: a backup is restored by the same gateway of the same service only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The id of the gateway resource.
    pub gateway_id: String,
    /// Host and port of the service.
    pub service: String,
}

/// A backup, read.
#[derive(Clone, Debug)]
pub struct Backup {
    /// When it was written, RFC 3339.
    pub written_at: String,
    /// What to compile.
    pub source: Source,
}

/// Why a payload cannot be restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It is not a backup, or a broken one: in words.
    Malformed(String),
    /// A newer program wrote it.
    TooNew {
        /// Its format.
        format: u32,
    },
    /// It belongs to somebody else.
    Foreign {
        /// Whose it is.
        owner: Owner,
    },
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(words) => write!(f, "it is not a backup: {words}"),
            Self::TooNew { format } => {
                write!(f, "a newer program wrote it: its format is {format}, this program reads up to {FORMAT}")
            }
            Self::Foreign { owner: Owner { gateway_id, service } } => {
                write!(f, "it belongs to gateway `{gateway_id}` of `{service}`")
            }
        }
    }
}

// The first look at a payload: enough to say whether the rest can be understood.
#[derive(Deserialize)]
struct Head {
    format: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    format: u32,
    gateway: String,
    service: String,
    written_at: String,
    // A snapshot document of the configuration API: one form, one reader, one set of limits.
    snapshot: Box<RawValue>,
    held: Vec<SavedHeld>,
}

#[derive(Serialize, Deserialize)]
struct SavedHeld {
    ids: Vec<ResourceId>,
    snapshot: Box<RawValue>,
}

/// The payload that saves `source` for `owner`. The same arguments give the same bytes.
///
/// # Errors
/// The document cannot be written as JSON: in words.
pub fn write(source: &Source, owner: &Owner, written_at: WallTime) -> Result<Bytes, String> {
    let mut held = Vec::new();
    for (revision, older) in &source.held {
        held.push(SavedHeld { ids: older.ids.clone(), snapshot: document(*revision, &older.set, owner)? });
    }
    let payload = Payload {
        format: FORMAT,
        gateway: owner.gateway_id.clone(),
        service: owner.service.clone(),
        written_at: written_at.to_string(),
        snapshot: document(source.revision, &source.set, owner)?,
        held,
    };
    serde_json::to_vec(&payload).map(Bytes::from).map_err(|error| error.to_string())
}

/// The backup in `payload`, if it is one of `owner`'s.
///
/// # Errors
/// Why it cannot be restored.
pub fn read(payload: &[u8], owner: &Owner) -> Result<Backup, Unusable> {
    let malformed = |error: serde_json::Error| Unusable::Malformed(error.to_string());
    let Head { format } = serde_json::from_slice(payload).map_err(malformed)?;
    if format > FORMAT {
        return Err(Unusable::TooNew { format });
    }
    let payload: Payload = serde_json::from_slice(payload).map_err(malformed)?;
    let theirs = Owner { gateway_id: payload.gateway, service: payload.service };
    if theirs != *owner {
        return Err(Unusable::Foreign { owner: theirs });
    }
    let mut held = BTreeMap::new();
    for SavedHeld { ids, snapshot } in payload.held {
        let (revision, set) = resources(&snapshot)?;
        held.insert(revision, Held { set, ids });
    }
    let (revision, set) = resources(&payload.snapshot)?;
    Ok(Backup { written_at: payload.written_at, source: Source { revision, set, held } })
}

fn document(revision: Revision, set: &ResourceSet, owner: &Owner) -> Result<Box<RawValue>, String> {
    let gateway = owner.gateway_id.clone();
    let bytes = wire::write_snapshot(&wire::Snapshot { revision, gateway, resources: set.clone() });
    let text = String::from_utf8(bytes).map_err(|error| error.to_string())?;
    RawValue::from_string(text).map_err(|error| error.to_string())
}

fn resources(document: &RawValue) -> Result<(Revision, ResourceSet), Unusable> {
    match wire::read_snapshot(document.get().as_bytes()) {
        Ok(wire::Snapshot { revision, gateway: _, resources }) => Ok((revision, resources)),
        Err(error) => Err(Unusable::Malformed(error.to_string())),
    }
}

/// Decides when a backup is written: after every change, one at a time, again after a failure. What is written is always the newest
/// there is, so changes that come while a write is under way share the next one.
#[derive(Clone, Debug)]
pub struct Writer {
    rng: Rng,
    backoff: Backoff,
    saved: Option<Revision>,
    wanted: Option<Revision>,
    retry_at: Option<Instant>,
    writing: Option<Writing>,
}

#[derive(Clone, Copy, Debug)]
struct Writing {
    revision: Revision,
    lost_at: Instant,
}

impl Writer {
    /// A writer that has nothing to write yet.
    #[must_use]
    pub fn new(seed: Seed) -> Self {
        let rng = seed.fork("backup").rng();
        let backoff = Backoff::new(RETRY_BASE, RETRY_MAX);
        Self { rng, backoff, saved: None, wanted: None, retry_at: None, writing: None }
    }

    /// The newest generation on disk is of this revision.
    pub fn handle_found(&mut self, revision: Revision) {
        self.saved = self.saved.max(Some(revision));
    }

    /// This revision is served now: it shall be saved, unless it is on disk already.
    pub fn handle_applied(&mut self, revision: Revision) {
        if self.saved.is_none_or(|saved| revision > saved) {
            self.wanted = Some(revision);
        }
    }

    /// Whether a write should begin now.
    #[must_use]
    pub const fn wants_to_write(&self) -> bool {
        self.wanted.is_some() && self.writing.is_none() && self.retry_at.is_none()
    }

    /// The newest revision on disk, as far as is known.
    #[must_use]
    pub const fn saved(&self) -> Option<Revision> {
        self.saved
    }

    /// When a failed write is tried again.
    #[must_use]
    pub const fn retry_at(&self) -> Option<Instant> {
        self.retry_at
    }

    /// When the answer to the write under way counts as lost.
    #[must_use]
    pub fn lost_at(&self) -> Option<Instant> {
        self.writing.map(|writing| writing.lost_at)
    }

    /// The pause after a failure is over.
    pub const fn handle_retry(&mut self) {
        self.retry_at = None;
    }

    /// A write of `revision` begins.
    pub fn handle_started(&mut self, revision: Revision, now: Instant) {
        // INVARIANT: one write at a time, and never an older revision than the one on disk.
        debug_assert!(self.writing.is_none(), "one write at a time");
        debug_assert!(self.saved.is_none_or(|saved| revision > saved), "never older than what is on disk");
        self.wanted = None;
        self.writing = Some(Writing { revision, lost_at: now.saturating_add(LOST_AFTER) });
    }

    /// The write under way is on disk; gives its revision, or `None` if there was none under way.
    pub fn handle_written(&mut self) -> Option<Revision> {
        let writing = self.writing.take()?;
        self.backoff.reset();
        self.saved = self.saved.max(Some(writing.revision));
        Some(writing.revision)
    }

    /// The write under way failed, or its answer was lost: it is tried again later. Gives its revision as `handle_written` does.
    pub fn handle_failed(&mut self, now: Instant) -> Option<Revision> {
        let writing = self.writing.take()?;
        self.wanted = self.wanted.max(Some(writing.revision));
        self.retry_at = Some(now.saturating_add(self.backoff.next_delay(&mut self.rng)));
        Some(writing.revision)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Map, Value, json};

    use super::*;
    use crate::config::{Origin, Resource};
    use crate::snapshot::Snapshot;
    use crate::snapshot::tests::{
        BROKEN, GOOD, WITH_VALUE, assert_same, base, compile, held, identity, names, policy, put, refused,
    };

    fn owner() -> Owner {
        Owner { gateway_id: "gw1".to_owned(), service: "contoso.example:443".to_owned() }
    }

    fn set(entries: &[(&str, &str)]) -> ResourceSet {
        let mut set = ResourceSet::default();
        for (id, path) in entries {
            let mut properties = Map::new();
            properties.insert("path".to_owned(), Value::from(*path));
            properties.insert("unknown".to_owned(), Value::Null);
            let (id, origin) = (ResourceId::new(id), Origin::default());
            set.insert(Resource { id, properties: Arc::new(properties), origin });
        }
        set
    }

    fn source() -> Source {
        let held = Held { set: set(&[("/apis/b", "old")]), ids: vec![ResourceId::new("/apis/b")] };
        let set = set(&[("/apis/a", "a"), ("/apis/b", "new")]);
        Source { revision: Revision(9), set, held: BTreeMap::from([(Revision(7), held)]) }
    }

    #[test]
    fn what_was_written_is_read_and_gives_the_same_bytes() {
        let bytes = write(&source(), &owner(), WallTime::default()).unwrap();
        let backup = read(&bytes, &owner()).unwrap();
        assert_eq!(backup.source.revision, Revision(9));
        assert_eq!(backup.source.set, source().set);
        assert_eq!(backup.source.held[&Revision(7)].ids, [ResourceId::new("/apis/b")]);
        assert_eq!(backup.source.held[&Revision(7)].set, source().held[&Revision(7)].set);
        assert_eq!(write(&backup.source, &owner(), WallTime::default()).unwrap(), bytes);
    }

    #[test]
    fn foreign_newer_and_broken_payloads_are_told_apart() {
        let of = |gateway: &str, service: &str| Owner { gateway_id: gateway.to_owned(), service: service.to_owned() };
        for foreign in [of("gw2", "contoso.example:443"), of("gw1", "other.example:443")] {
            let bytes = write(&source(), &foreign, WallTime::default()).unwrap();
            assert_eq!(read(&bytes, &owner()).unwrap_err(), Unusable::Foreign { owner: foreign });
        }
        let newer = br#"{"format": 2, "anything": ["else"]}"#;
        assert_eq!(read(newer, &owner()).unwrap_err(), Unusable::TooNew { format: 2 });
        for broken in ["", "{}", "[]", "null", r#"{"format":1}"#, r#"{"format":-1}"#, "\u{0}"] {
            assert!(matches!(read(broken.as_bytes(), &owner()), Err(Unusable::Malformed(_))), "{broken}");
        }
    }

    #[test]
    fn every_truncation_is_refused() {
        let bytes = write(&source(), &owner(), WallTime::default()).unwrap();
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end], &owner()).is_err(), "{end}");
        }
    }

    #[test]
    fn writes_one_at_a_time_and_the_newest() {
        let mut writer = Writer::new(Seed(1));
        assert!(!writer.wants_to_write());
        writer.handle_applied(Revision(1));
        assert!(writer.wants_to_write());
        writer.handle_started(Revision(1), Instant::ZERO);
        writer.handle_applied(Revision(2));
        writer.handle_applied(Revision(3));
        assert!(!writer.wants_to_write());
        assert_eq!(writer.handle_written(), Some(Revision(1)));
        assert!(writer.wants_to_write());
        writer.handle_started(Revision(3), Instant::ZERO);
        writer.handle_written();
        assert_eq!((writer.wants_to_write(), writer.saved()), (false, Some(Revision(3))));
    }

    #[test]
    fn a_failed_write_is_tried_again_after_a_bounded_pause() {
        let mut writer = Writer::new(Seed(1));
        writer.handle_found(Revision(4));
        writer.handle_applied(Revision(4));
        assert!(!writer.wants_to_write(), "it is on disk already");
        writer.handle_applied(Revision(5));
        for _ in 0..20 {
            writer.handle_started(Revision(5), Instant::ZERO);
            assert_eq!(writer.handle_failed(Instant::ZERO), Some(Revision(5)));
            assert!(!writer.wants_to_write());
            let pause = writer.retry_at().unwrap().saturating_since(Instant::ZERO);
            assert!(pause <= RETRY_MAX && !pause.is_zero());
            writer.handle_retry();
            assert!(writer.wants_to_write());
        }
        assert_eq!((writer.saved(), writer.handle_written()), (Some(Revision(4)), None));
    }

    #[test]
    fn an_api_that_is_held_back_survives_a_restart_and_recovers_after_it() {
        let mut set = base(&["a", "b", "c"]);
        put(&mut set, "/namedValues/v", json!({ "displayName": "v", "value": "1" }));
        put(&mut set, "/subscriptions/s", json!({ "scope": "/apis", "state": "active", "primaryKey": "k" }));
        policy(&mut set, "/apis/a", WITH_VALUE);
        let one = compile(1, &set, None);
        // A named value that is gone breaks the API that uses it, and no other.
        set.remove(&ResourceId::new("/namedValues/v"));
        put(&mut set, "/apis/b", json!({ "path": "b2", "serviceUrl": "http://b/" }));
        let two = compile(2, &set, Some(&one));
        // The service had the default policy before: it stays at that.
        policy(&mut set, "", BROKEN);
        policy(&mut set, "/apis/c", BROKEN);
        let three = compile(3, &set, Some(&two));
        assert_eq!(refused(&three), ["/apis/a", "/apis/c", "/policies/policy"]);
        assert_eq!(held(&three), [(1, vec!["/apis/a"]), (2, vec!["/policies/policy", "/apis/c"])]);
        assert_eq!(names(&three), ["a", "b", "c"]);
        // What is kept of older revisions is what is held back, and not all the rest.
        let kept: Vec<&str> = three.source.held[&Revision(1)].set.iter().map(|resource| resource.id.as_str()).collect();
        assert!(kept.contains(&"/apis/a/operations/o") && kept.contains(&"/namedValues/v"), "{kept:?}");
        assert!(!kept.iter().any(|id| id.starts_with("/apis/b") || id.starts_with("/subscriptions")), "{kept:?}");
        let owner = Owner { gateway_id: "gw".to_owned(), service: "s".to_owned() };
        let saved = write(&three.source, &owner, WallTime::from_unix_seconds(0)).unwrap();
        let restored = Snapshot::restore(&read(&saved, &owner).unwrap().source, &identity()).unwrap();
        assert_same(&restored, &three);
        put(&mut set, "/namedValues/v", json!({ "displayName": "v", "value": "9" }));
        policy(&mut set, "", GOOD);
        let four = compile(4, &set, Some(&restored));
        assert_eq!((refused(&four), held(&four)), (vec!["/apis/c"], vec![(2, vec!["/apis/c"])]));
        let program = four.snapshot.apis()[0].program.as_ref().unwrap().to_string();
        assert!(program.contains("\"9\""), "{program}");
    }
}
