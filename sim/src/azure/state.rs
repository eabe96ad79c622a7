//! What fake Azure remembers: revisions, keys, faults, and what gateways have said. Moves no bytes and reads no clock.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use holdfast::cli::credential;
use holdfast_core::config::{Origin, Resource, ResourceId, ResourceSet, Revision};
use holdfast_core::rng::{Rng, Seed};
use holdfast_core::time::WallTime;
use serde::Serialize;
use serde_json::Value;

use super::fault::Fault;
use super::store::Lasting;
use super::token;

/// How many revisions are kept; a gateway that is further behind gets 410 and takes the snapshot.
pub const REVISIONS_KEPT: usize = 200;
/// How many heartbeats and requests are kept for those who look.
pub const SEEN_KEPT: usize = 1000;
/// How many traces are kept for those who asked for them.
pub const TRACES_KEPT: usize = 64;

/// The configuration service of one gateway.
#[derive(Debug)]
pub struct Azure {
    pub(super) gateway: String,
    history: VecDeque<(Revision, ResourceSet)>,
    faults: BTreeSet<Fault>,
    keys: [String; 2],
    rng: Rng,
    heartbeats: VecDeque<Heartbeat>,
    requests: VecDeque<Seen>,
    /// Debug credentials that were asked for, beside those of the folder.
    issued: Vec<Resource>,
    traces: VecDeque<Value>,
}

/// A heartbeat as it came.
#[derive(Clone, Debug, Serialize)]
pub struct Heartbeat {
    /// When, RFC 3339.
    pub at: String,
    /// The same moment.
    #[serde(skip)]
    pub moment: WallTime,
    /// The document.
    pub document: Value,
}

/// A request as it was answered.
#[derive(Clone, Debug, Serialize)]
pub struct Seen {
    /// When, RFC 3339.
    pub at: String,
    /// Method and target.
    pub request: String,
    /// The status of the answer; 0 when the connection was dropped or left hanging.
    pub status: u16,
}

impl Azure {
    /// A service that holds revision 1 of `gateway`.
    #[must_use]
    pub fn new(gateway: &str, set: ResourceSet, seed: Seed) -> Self {
        let mut rng = seed.fork("azure keys").rng();
        let keys = [new_key(&mut rng), new_key(&mut rng)];
        Self {
            gateway: gateway.to_owned(),
            history: VecDeque::from([(Revision(1), with_last_good(&set, &ResourceSet::default()))]),
            faults: BTreeSet::new(),
            keys,
            rng,
            heartbeats: VecDeque::new(),
            requests: VecDeque::new(),
            issued: Vec::new(),
            traces: VecDeque::new(),
        }
    }

    /// A service that comes back with `set`: its keys still hold, and its revisions go on where they were.
    #[must_use]
    pub fn resumed(gateway: &str, set: ResourceSet, seed: Seed, lasting: Lasting) -> Self {
        let Lasting { keys, revision } = lasting;
        let history = VecDeque::from([(Revision(revision.0.saturating_add(1)), set)]);
        Self { history, keys, ..Self::new(gateway, ResourceSet::default(), seed) }
    }

    /// What must be known after the process was killed.
    pub(super) fn lasting(&self) -> Lasting {
        Lasting { keys: self.keys.clone(), revision: self.newest().0 }
    }

    /// Makes `set` the next revision; `None` when it equals the newest one. What could not be read keeps its last good version, as in
    /// a real service, which refuses a broken document when it is saved.
    pub fn publish(&mut self, set: ResourceSet) -> Option<Revision> {
        let (newest, current) = self.newest();
        let mut set = with_last_good(&set, current);
        for issued in &self.issued {
            set.insert(issued.clone());
        }
        if *current == set {
            return None;
        }
        let next = Revision(newest.0.saturating_add(1));
        self.history.push_back((next, set));
        while self.history.len() > REVISIONS_KEPT {
            self.history.pop_front();
        }
        Some(next)
    }

    /// A token that has requests of `api` inspected until `expires`: gateways learn of it with the next revision.
    pub fn issue_credential(&mut self, api: &str, expires: WallTime) -> String {
        let mut random = [0; 24];
        for part in random.chunks_mut(8) {
            part.copy_from_slice(&self.rng.next_u64().to_le_bytes());
        }
        let (token, document) = credential::made(api, expires, random);
        let id = self.credentials().child(&format!("issued-{}", self.issued.len() + 1));
        let properties = document["properties"].as_object().cloned().unwrap_or_default();
        let origin = Origin { file: Arc::from(id.as_str()), text: None };
        self.issued.push(Resource { id, properties: Arc::new(properties), origin });
        let (_, set) = self.newest();
        self.publish(set.clone());
        token
    }

    /// Takes back what [`Self::issue_credential`] has given out.
    pub fn invalidate_credentials(&mut self) {
        let (_, set) = self.newest();
        let mut set = set.clone();
        for issued in std::mem::take(&mut self.issued) {
            set.remove(&issued.id);
        }
        self.publish(set);
    }

    fn credentials(&self) -> ResourceId {
        ResourceId::new(&format!("/gateways/{}/debugCredentials", self.gateway))
    }

    /// Forgets all revisions but the newest: whoever is behind gets 410.
    pub fn forget_history(&mut self) {
        let keep = self.history.len().saturating_sub(1);
        self.history.drain(..keep);
    }

    /// The newest revision.
    ///
    /// # Panics
    /// Never: there is always one.
    #[must_use]
    pub fn newest(&self) -> (Revision, &ResourceSet) {
        let (revision, set) = self.history.back().expect("INVARIANT: there is always a revision");
        (*revision, set)
    }

    /// The revision shown to gateways: the newest, or the oldest kept while [`Fault::OldRevision`] is on.
    pub(super) fn shown(&self) -> (Revision, &ResourceSet) {
        match self.history.front() {
            Some((revision, set)) if self.has(Fault::OldRevision) => (*revision, set),
            _ => self.newest(),
        }
    }

    /// The revisions behind `after`, oldest first, each with the set before it; `None` when `after` is not kept any more,
    /// or not known yet.
    pub(super) fn since(&self, after: Revision) -> Option<Vec<(Revision, &ResourceSet, &ResourceSet)>> {
        let (shown, _) = self.shown();
        if after > shown {
            return None;
        }
        let at = self.history.iter().position(|(revision, _)| *revision == after)?;
        let pairs = self.history.iter().skip(at).zip(self.history.iter().skip(at + 1));
        Some(
            pairs.map(|((_, before), (revision, set))| (*revision, before, set)).take_while(|r| r.0 <= shown).collect(),
        )
    }

    /// A token for this gateway, signed with the primary key.
    #[must_use]
    pub fn token(&self, expiry: WallTime) -> String {
        token::sign(&self.gateway, expiry, &self.keys[0])
    }

    /// Replaces both keys: every token that was handed out is dead.
    pub fn rotate_keys(&mut self) {
        self.keys = [new_key(&mut self.rng), new_key(&mut self.rng)];
    }

    /// Checks an `Authorization` value.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub(super) fn authorize(&self, authorization: &str, now: WallTime) -> Result<(), token::TokenError> {
        token::check(authorization, &self.gateway, &self.keys, now)
    }

    /// Switches a fault on.
    pub fn set_fault(&mut self, fault: Fault) {
        self.faults.insert(fault);
    }

    /// Switches a fault off.
    pub fn clear_fault(&mut self, fault: Fault) {
        self.faults.remove(&fault);
    }

    /// Switches all faults off.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// Whether a fault is on.
    #[must_use]
    pub fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    /// The faults that are on.
    pub fn faults(&self) -> impl Iterator<Item = Fault> {
        self.faults.iter().copied()
    }

    /// The heartbeats, oldest first.
    pub fn heartbeats(&self) -> impl Iterator<Item = &Heartbeat> {
        self.heartbeats.iter()
    }

    /// The requests, oldest first.
    pub fn requests(&self) -> impl Iterator<Item = &Seen> {
        self.requests.iter()
    }

    /// The trace of this id, once a gateway has sent it.
    #[must_use]
    pub fn trace(&self, id: &str) -> Option<&Value> {
        self.traces.iter().find(|trace| trace["traceId"] == id)
    }

    pub(super) fn record_trace(&mut self, trace: Value) {
        self.traces.push_back(trace);
        while self.traces.len() > TRACES_KEPT {
            self.traces.pop_front();
        }
    }

    pub(super) fn record_heartbeat(&mut self, at: WallTime, document: Value) {
        keep(&mut self.heartbeats, Heartbeat { at: at.to_string(), moment: at, document });
    }

    pub(super) fn record_request(&mut self, at: WallTime, request: String, status: u16) {
        keep(&mut self.requests, Seen { at: at.to_string(), request, status });
    }
}

fn with_last_good(set: &ResourceSet, current: &ResourceSet) -> ResourceSet {
    let broken: Vec<&ResourceId> = set.faults().map(|(id, _)| id).collect();
    let is_broken = |id: &ResourceId| broken.iter().any(|broken| id.is_within(broken));
    let mut good = ResourceSet::default();
    for resource in set.iter().filter(|resource| !is_broken(&resource.id)) {
        good.insert((**resource).clone());
    }
    for resource in current.iter().filter(|resource| is_broken(&resource.id)) {
        good.insert((**resource).clone());
    }
    good
}

fn keep<T>(list: &mut VecDeque<T>, item: T) {
    list.push_back(item);
    while list.len() > SEEN_KEPT {
        list.pop_front();
    }
}

fn new_key(rng: &mut Rng) -> String {
    use base64::Engine;
    let bytes: Vec<u8> = (0..8).flat_map(|_| rng.next_u64().to_le_bytes()).collect();
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Backends};
    use holdfast_core::config::folder;

    fn read(edit: u32, break_orders: bool) -> ResourceSet {
        let backends = Backends { orders: "http://o".to_owned(), catalog: "http://c".to_owned() };
        let mut files = sample::files(edit, &backends);
        if break_orders {
            files.0.insert("apis/orders/apiInformation.json".to_owned(), "{ broken".into());
        }
        folder::read(&files).set
    }

    #[test]
    fn equal_sets_make_no_revision_and_every_other_one_does() {
        let mut azure = Azure::new("gw1", read(1, false), Seed(1));
        assert_eq!(azure.publish(read(1, false)), None);
        assert_eq!(azure.publish(read(2, false)), Some(Revision(2)));
        assert_eq!(azure.since(Revision(1)).map(|list| list.len()), Some(1));
        assert_eq!(azure.since(Revision(3)).map(|list| list.len()), None);
        azure.forget_history();
        assert_eq!(azure.since(Revision(1)).map(|list| list.len()), None);
    }

    #[test]
    fn what_cannot_be_read_keeps_its_last_good_version() {
        let mut azure = Azure::new("gw1", read(1, false), Seed(1));
        let orders = ResourceId::new("/apis/orders");
        let before = azure.newest().1.get(&orders).cloned();
        assert_eq!(azure.publish(read(2, true)), Some(Revision(2)));
        assert!(before.is_some());
        assert_eq!(azure.newest().1.get(&orders).cloned(), before);
        assert_eq!(azure.newest().1.faults().count(), 0);
    }
}
