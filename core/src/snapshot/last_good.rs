//! What is served already, for whatever a newer revision refuses: where each part of it comes from. Compiles nothing.

use std::borrow::Cow;
use std::sync::Arc;

use crate::config::{ResourceId, ResourceSet, Revision};
use crate::snapshot::{Compiled, CompiledApi, Held, Snapshot, Source};

/// The families that others refer to, in lower case. The policy of the service is not among them: nothing needs it to compile.
const SHARED: [&str; 9] = [
    "gateways",
    "service",
    "apiversionsets",
    "namedvalues",
    "policyfragments",
    "backends",
    "loggers",
    "authorizationproviders",
    "schemas",
];

/// The id of the policy of the service scope.
pub(super) const SERVICE_POLICY: &str = "/policies/policy";

/// Older versions that are known to compile.
#[derive(Debug, Default)]
pub(super) struct LastGood<'a> {
    // Looked through in order: what was held back first, then the revision that was served as a whole.
    pieces: Vec<Piece<'a>>,
}

#[derive(Debug)]
struct Piece<'a> {
    revision: Revision,
    set: Cow<'a, ResourceSet>,
    ids: Ids<'a>,
    snapshot: Arc<Snapshot>,
}

/// What a piece answers for.
#[derive(Debug)]
enum Ids<'a> {
    All,
    These(&'a [ResourceId]),
}

impl<'a> LastGood<'a> {
    /// What `previous` serves.
    pub(super) fn of(previous: &'a Compiled) -> Self {
        let mut good = Self::default();
        for (revision, held) in &previous.source.held {
            good.push_held(*revision, held, &previous.snapshot);
        }
        let set = Cow::Owned(effective(&previous.source));
        let snapshot = Arc::clone(&previous.snapshot);
        good.pieces.push(Piece { revision: previous.source.revision, set, ids: Ids::All, snapshot });
        good
    }

    /// What `held` of an older revision served, compiled again as `snapshot`.
    pub(super) fn push_held(&mut self, revision: Revision, held: &'a Held, snapshot: &Arc<Snapshot>) {
        let ids = Ids::These(&held.ids);
        self.pieces.push(Piece { revision, set: Cow::Borrowed(&held.set), ids, snapshot: Arc::clone(snapshot) });
    }

    /// The revision that `id` is served from, and the resources of that revision.
    pub(super) fn origin(&self, id: &ResourceId) -> Option<(Revision, &ResourceSet)> {
        let piece = self.pieces.iter().find(|piece| piece.answers_for(id))?;
        Some((piece.revision, &piece.set))
    }

    /// Whether `id` can stay as it was: there was something at or below it. A service has a policy even where no document says one.
    pub(super) fn has(&self, id: &ResourceId) -> bool {
        let is_there = |set: &ResourceSet| set.get(id).is_some() || set.iter_within(id).next().is_some();
        self.origin(id).is_some_and(|(_, set)| is_there(set) || id.as_str() == SERVICE_POLICY)
    }

    /// The API as it is served.
    pub(super) fn api(&self, id: &ResourceId) -> Option<Arc<CompiledApi>> {
        let piece = self.pieces.iter().find(|piece| piece.answers_for(id))?;
        piece.snapshot.apis.iter().find(|api| api.id == *id).map(Arc::clone)
    }
}

impl Piece<'_> {
    fn answers_for(&self, id: &ResourceId) -> bool {
        match self.ids {
            Ids::All => true,
            Ids::These(ids) => ids.contains(id),
        }
    }
}

/// The resources that a source is compiled from: those of its revision, with the service-wide ones that are held back.
pub(super) fn effective(source: &Source) -> ResourceSet {
    let mut set = source.set.clone();
    for held in source.held.values() {
        let ids: Vec<&ResourceId> = held.ids.iter().filter(|id| !is_api(id)).collect();
        set = overlaid(&set, &held.set, &ids);
    }
    set
}

/// `set` with everything at and below `ids` as `older` has it.
pub(super) fn overlaid(set: &ResourceSet, older: &ResourceSet, ids: &[&ResourceId]) -> ResourceSet {
    if ids.is_empty() {
        return set.clone();
    }
    let is_replaced = |id: &ResourceId| ids.iter().any(|replaced| id.is_within(replaced));
    let mut made = ResourceSet::default();
    for resource in set.iter().filter(|resource| !is_replaced(&resource.id)) {
        made.insert(resource.as_ref().clone());
    }
    for (id, faults) in set.faults().filter(|(id, _)| !is_replaced(id)) {
        for fault in faults {
            made.fault(id.clone(), fault.clone());
        }
    }
    for resource in older.iter().filter(|resource| is_replaced(&resource.id)) {
        made.insert(resource.as_ref().clone());
    }
    made
}

/// What of `set` is needed to compile `ids` again: they themselves and everything that they may refer to. A backup would grow by the
/// whole configuration with every revision that something is held back at.
pub(super) fn trimmed(set: &ResourceSet, ids: &[ResourceId]) -> ResourceSet {
    let is_shared =
        |id: &ResourceId| id.segments().next().is_some_and(|family| SHARED.contains(&&*family.to_ascii_lowercase()));
    let is_held = |id: &ResourceId| ids.iter().any(|held| id.is_within(held));
    let mut made = ResourceSet::default();
    for resource in set.iter().filter(|resource| is_shared(&resource.id) || is_held(&resource.id)) {
        made.insert(resource.as_ref().clone());
    }
    made
}

/// Whether this is the id of an API, as in `/apis/echo;rev=2`.
pub(super) fn is_api(id: &ResourceId) -> bool {
    let mut segments = id.segments();
    segments.next().is_some_and(|first| first.eq_ignore_ascii_case("apis"))
        && segments.next().is_some()
        && segments.next().is_none()
}
