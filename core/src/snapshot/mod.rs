//! One revision, compiled: routes, subscriptions, programs. Immutable and shared by `Arc`; an exchange pins the one it began with.
//!
//! `build` makes the parts, `programs` shares programs, `last_good` knows what is served already, `dependencies` what belongs to it, `compile` puts it together, `hidden`
//! looks for what no request reaches, `unpaired` for what nothing comes before.

mod build;
mod compile;
mod compiled;
mod dependencies;
mod hidden;
mod last_good;
mod programs;
mod resolvers;
mod unpaired;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::external_cache::ExternalCache;
use crate::config::model::{Authority, Backend, Certificate, DebugCredential, Hostname};
use crate::config::{ResourceId, ResourceSet, Revision};
use crate::context::DeploymentView;
use crate::diagnostic::Diagnostic;
use crate::pki::{self, Entropy};
use crate::policy::Program;
use crate::policy::run::Site;
use crate::route::{RouteRow, RouteTable, SubscriptionTable};

pub use compile::standard_policy;
pub use compiled::{CompiledApi, CompiledOperation, CompiledProduct, CompiledSubscription};

/// A compiled revision.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// The revision.
    pub revision: Revision,
    /// What serves which request; its indices count in `apis`.
    pub(crate) routes: RouteTable,
    /// The APIs.
    pub(crate) apis: Vec<Arc<CompiledApi>>,
    /// What opens what; its indices count in `subscribers` and `products`.
    pub(crate) subscriptions: SubscriptionTable,
    /// The subscriptions as expressions see them.
    pub(crate) subscribers: Vec<CompiledSubscription>,
    /// The products.
    pub(crate) products: Vec<CompiledProduct>,
    /// The policy of the service scope.
    pub(crate) service: Arc<Program>,
    /// The backend entities by lower-case id.
    pub(crate) backends: Arc<BTreeMap<String, Arc<Backend>>>,
    /// The external cache of the gateway.
    pub(crate) external_cache: Option<Arc<ExternalCache>>,
    /// Where a request is that was not routed.
    pub(crate) nowhere: Site,
    /// `context.Deployment`
    pub(crate) deployment: Arc<DeploymentView>,
    hostnames: Vec<Hostname>,
    authorities: Vec<Authority>,
    certificates: Vec<Certificate>,
    /// Who may have requests inspected.
    pub(crate) debug_credentials: Vec<DebugCredential>,
    /// What no inspection shows.
    pub(crate) secrets: Vec<Arc<str>>,
    programs: programs::ProgramCache,
}

/// What a snapshot is compiled from.
#[derive(Clone, Debug)]
pub struct Source {
    /// The revision.
    pub revision: Revision,
    /// The resources of the revision.
    pub set: ResourceSet,
    /// Resources that are held back at an older revision because their newer version was refused: what is needed of the set of that
    /// older revision, and the ids (of APIs, or of service-wide resources) that are taken from it.
    pub held: BTreeMap<Revision, Held>,
}

/// An older revision that something is still served from.
#[derive(Clone, Debug)]
pub struct Held {
    /// The resources of that revision that are held back, and what they may refer to.
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
    /// What its streams of secrets are keyed with.
    pub entropy: Entropy,
    /// The roots that the system trusts.
    pub roots: Arc<[Arc<pki::Certificate>]>,
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
    /// The host names of the gateway.
    #[must_use]
    pub fn hostnames(&self) -> &[Hostname] {
        &self.hostnames
    }

    /// The certificate authorities of the gateway.
    #[must_use]
    pub fn authorities(&self) -> &[Authority] {
        &self.authorities
    }

    /// The certificates that host names, authorities and backends refer to.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// Every route, sorted.
    #[must_use]
    pub fn routes(&self) -> Vec<RouteRow> {
        self.routes.rows()
    }

    /// The APIs that are served.
    #[must_use]
    pub fn apis(&self) -> &[Arc<CompiledApi>] {
        &self.apis
    }
}
