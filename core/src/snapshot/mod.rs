//! One revision, compiled: routes, subscriptions, programs. Immutable and shared by `Arc`; an exchange pins the one it began with.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::{ResourceId, ResourceSet, Revision};
use crate::diagnostic::Diagnostic;

/// A compiled revision.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// The revision.
    pub revision: Revision,
}

/// What a snapshot is compiled from.
#[derive(Clone, Debug)]
pub struct Source {
    /// The revision.
    pub revision: Revision,
    /// The resources of the revision.
    pub set: ResourceSet,
    /// Resources that are held back at an older revision because their newer version was refused: the whole set of that older
    /// revision, and the ids (of APIs, or of service-wide resources) that are taken from it.
    pub held: BTreeMap<Revision, Held>,
}

/// An older revision that something is still served from.
#[derive(Clone, Debug)]
pub struct Held {
    /// All resources of that revision.
    pub set: ResourceSet,
    /// What is served from it.
    pub ids: Vec<ResourceId>,
}

/// Who the gateway is, as far as a snapshot shows it (`context.Deployment`).
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// The id of the gateway resource.
    pub gateway_id: String,
    /// The id of this process.
    pub instance_id: String,
}

/// The result of compiling a revision.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The snapshot to serve from now on.
    pub snapshot: Arc<Snapshot>,
    /// What to keep (in the backup too) so that the same snapshot can be compiled again.
    pub source: Source,
    /// What was refused, by resource id, with the reasons; each such API keeps its last good version, or answers 404 if it never had one.
    pub refused: BTreeMap<ResourceId, Vec<Diagnostic>>,
    /// Warnings and notes.
    pub notes: Vec<Diagnostic>,
}

impl Snapshot {
    /// Compiles `set` as `revision`. APIs that did not change since `previous` are shared with it, not compiled again; APIs that do
    /// not compile are taken from `previous`.
    ///
    /// # Errors
    /// The whole revision is refused (no such gateway in it, for one): the reasons.
    pub fn compile(
        _revision: Revision,
        _set: &ResourceSet,
        _identity: &Identity,
        _previous: Option<&Compiled>,
    ) -> Result<Compiled, Vec<Diagnostic>> {
        Err(Vec::new())
    }

    /// Compiles what a backup holds: `source.set`, and from each older revision the ids that were held back to it.
    ///
    /// # Errors
    /// Nothing of it compiles: the reasons.
    pub fn restore(_source: &Source, _identity: &Identity) -> Result<Compiled, Vec<Diagnostic>> {
        Err(Vec::new())
    }
}
