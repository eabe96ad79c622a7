//! Puts a snapshot together: what is new where it compiles, what was served before where it does not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::diff::changed;
use crate::config::model::{Configuration, PolicyFormat, PolicyText, Product};
use crate::config::named_values::Substitution;
use crate::config::parse::{Parsed, parse};
use crate::config::{Origin, ResourceId, ResourceSet, Revision};
use crate::diagnostic::Diagnostic;
use crate::policy::run::Site;
use crate::policy::{Program, Scope};
use crate::route::{RouteApi, RouteTable, SubscriptionTable};
use crate::snapshot::build::Referred;
use crate::snapshot::dependencies::dependencies;
use crate::snapshot::last_good::{LastGood, SERVICE_POLICY, effective, is_api, overlaid, trimmed};
use crate::snapshot::programs::{Programs, prepare_fragments};
use crate::snapshot::unpaired::Served;
use crate::snapshot::{
    Compiled, CompiledApi, CompiledProduct, Held, Identity, Snapshot, Source, build, hidden, unpaired,
};

/// The policy of a service that has none (APIM's own default).
const DEFAULT_SERVICE_POLICY: &str = "<policies><inbound/><backend><forward-request/></backend><outbound/></policies>";

type Refused = BTreeMap<ResourceId, Vec<Diagnostic>>;

impl Snapshot {
    /// Compiles `set` as `revision`. APIs that did not change since `previous` are shared with it, not compiled again; APIs that do
    /// not compile are taken from `previous`.
    ///
    /// # Errors
    /// The whole revision is refused (no such gateway in it, for one): the reasons.
    pub fn compile(
        revision: Revision,
        set: &ResourceSet,
        identity: &Identity,
        previous: Option<&Compiled>,
    ) -> Result<Compiled, Vec<Diagnostic>> {
        let good = previous.map(LastGood::of).unwrap_or_default();
        Compilation { revision, identity, previous, good, held: BTreeMap::new(), refused: Refused::new() }.run(set)
    }

    /// Compiles what a backup holds: `source.set`, and from each older revision the ids that were held back to it.
    ///
    /// # Errors
    /// Nothing of it compiles: the reasons.
    pub fn restore(source: &Source, identity: &Identity) -> Result<Compiled, Vec<Diagnostic>> {
        let mut good = LastGood::default();
        for (revision, held) in &source.held {
            // An older revision that no longer compiles (a newer version of this program refuses more) is not there any more.
            if let Ok(compiled) = Self::compile(*revision, &held.set, identity, None) {
                good.push_held(*revision, held, &compiled.snapshot);
            }
        }
        let (held, refused) = (BTreeMap::new(), Refused::new());
        Compilation { revision: source.revision, identity, previous: None, good, held, refused }.run(&source.set)
    }
}

struct Compilation<'a> {
    revision: Revision,
    identity: &'a Identity,
    previous: Option<&'a Compiled>,
    good: LastGood<'a>,
    held: BTreeMap<Revision, Held>,
    refused: Refused,
}

impl Compilation<'_> {
    fn run(mut self, set: &ResourceSet) -> Result<Compiled, Vec<Diagnostic>> {
        let parsed = parse(set, &self.identity.gateway_id);
        if !parsed.fatal.is_empty() {
            return Err(parsed.fatal);
        }
        let wrong = service_wide(&parsed);
        if wrong.is_empty() {
            return self.assemble(set, set, parsed, &BTreeSet::new());
        }
        // What the whole service shares and is in error stays as it was: the rest is compiled in that light.
        let mut kept: BTreeSet<ResourceId> = wrong.keys().filter(|id| self.good.has(id)).cloned().collect();
        let mut in_use = self.with_held(set, &kept);
        let still_wrong = service_wide(&parse(&in_use, &self.identity.gateway_id));
        let needed = self.needed_by(still_wrong.keys().filter(|id| kept.contains(id)));
        if !needed.is_empty() {
            // A document as it was does not help when what it refers to is gone or another.
            kept.extend(needed);
            in_use = self.with_held(set, &kept);
        }
        self.refused.extend(wrong);
        let parsed = parse(&in_use, &self.identity.gateway_id);
        if !parsed.fatal.is_empty() {
            return Err(parsed.fatal);
        }
        self.assemble(set, &in_use, parsed, &kept)
    }

    // `set` with `kept` as it was.
    fn with_held(&mut self, set: &ResourceSet, kept: &BTreeSet<ResourceId>) -> ResourceSet {
        kept.iter().for_each(|id| self.hold(id));
        self.held
            .values()
            .fold(set.clone(), |set, held| overlaid(&set, &held.set, &held.ids.iter().collect::<Vec<_>>()))
    }

    fn needed_by<'i>(&self, ids: impl Iterator<Item = &'i ResourceId>) -> BTreeSet<ResourceId> {
        let older = ids.filter_map(|id| self.good.origin(id).map(|(_, older)| (id, older)));
        older.flat_map(|(id, older)| dependencies(id, older)).collect()
    }

    // `set` is the revision as it came, `in_use` the same with what `kept` names taken from older ones.
    fn assemble(
        mut self,
        set: &ResourceSet,
        in_use: &ResourceSet,
        parsed: Parsed,
        kept: &BTreeSet<ResourceId>,
    ) -> Result<Compiled, Vec<Diagnostic>> {
        let Parsed { configuration, refused, mut notes, .. } = parsed;
        let substitution = Substitution::new(&configuration.named_values);
        let fragments = prepare_fragments(&configuration.fragments, &substitution);
        let changes = self.previous.map(|previous| changed(&effective(&previous.source), in_use)).unwrap_or_default();
        let backends = self.backends(&configuration, &changes);
        let before = self.previous.map(|previous| &previous.snapshot.programs);
        let referred = Referred::new(&configuration);
        let entities = referred.entities(&backends);
        let mut programs = Programs::new(&substitution, &fragments, entities, before);
        let service = service_program(&configuration, &mut programs);
        let (products, compiled_products) = self.products(&configuration, &mut programs, kept);
        for (id, errors) in refused.into_iter().filter(|(id, _)| !kept.contains(id)) {
            self.refused.entry(id).or_insert(errors);
        }
        let unchanged = self.unchanged(&changes);
        let outer = build::Outer { service: service.as_ref().ok(), products: &compiled_products };
        let apis = self.apis(&configuration, &mut programs, &backends, &unchanged, &outer);
        // Nothing can be served without it; what else is wrong was looked for all the same, so that it is said at once.
        let service = service.map_err(|errors| self.all_wrong(errors))?;
        let routes = routes(&apis);
        notes.extend(hidden::warnings(&routes, &apis, &configuration));
        let served = Served { service: &service, products: &compiled_products, apis: &apis };
        notes.extend(unpaired::warnings(served, &configuration));
        let deployment = Arc::new(build::deployment(&configuration, self.identity, entities));
        let snapshot = Snapshot {
            revision: self.revision,
            routes: RouteTable::build(routes),
            apis,
            subscriptions: SubscriptionTable::build(&configuration.subscriptions, &products),
            subscribers: configuration.subscriptions.iter().map(|of| build::subscription(of, &configuration)).collect(),
            products: compiled_products,
            service,
            backends,
            external_cache: referred.external_cache,
            nowhere: Site::default(),
            deployment,
            secrets: build::secrets(&configuration),
            hostnames: configuration.gateway.hostnames,
            authorities: configuration.gateway.authorities,
            certificates: configuration.certificates,
            debug_credentials: configuration.gateway.debug_credentials,
            programs: programs.made,
        };
        notes.extend(programs.notes);
        let held = self.held.into_iter();
        let held =
            held.map(|(revision, Held { set, ids })| (revision, Held { set: trimmed(&set, &ids), ids })).collect();
        let source = Source { revision: self.revision, set: set.clone(), held };
        Ok(Compiled { snapshot: Arc::new(snapshot), source, refused: self.refused, notes })
    }

    // The backend entities, shared with the snapshot before when none of them changed.
    fn backends(&self, configuration: &Configuration, changes: &BTreeSet<ResourceId>) -> build::Backends {
        let differs = |id: &ResourceId| first(id, "backends") || first(id, "namedValues");
        match self.previous {
            Some(previous) if !changes.iter().any(differs) => Arc::clone(&previous.snapshot.backends),
            Some(_) | None => build::backends(configuration),
        }
    }

    fn products(
        &mut self,
        configuration: &Configuration,
        programs: &mut Programs<'_>,
        kept: &BTreeSet<ResourceId>,
    ) -> (Vec<Product>, Vec<CompiledProduct>) {
        let (mut products, mut compiled) = (Vec::new(), Vec::new());
        for product in &configuration.products {
            match build::product(product, configuration, programs) {
                Ok(made) => {
                    products.push(product.clone());
                    compiled.push(made);
                }
                // Without its policy a product would open more than it may: its subscriptions are refused instead.
                Err(errors) => {
                    let id = ResourceId::new(&format!("/products/{}", product.id));
                    if !kept.contains(&id) {
                        self.refused.entry(id).or_insert(errors);
                    }
                }
            }
        }
        (products, compiled)
    }

    fn apis(
        &mut self,
        configuration: &Configuration,
        programs: &mut Programs<'_>,
        backends: &build::Backends,
        unchanged: &BTreeMap<ResourceId, Arc<CompiledApi>>,
        outer: &build::Outer<'_>,
    ) -> Vec<Arc<CompiledApi>> {
        let mut apis = BTreeMap::new();
        for api in &configuration.apis {
            let made = match build::api(api, &configuration.schemas, programs, backends) {
                Ok(made) => made,
                Err(errors) => {
                    self.refused.entry(api.id.clone()).or_default().extend(errors);
                    continue;
                }
            };
            let before = unchanged.get(&api.id).filter(|before| is_same(before, &made));
            // Schemas that were compiled before are not compiled again.
            let made = before.map_or_else(|| Arc::new(made), Arc::clone);
            let broken = build::broken_schemas(api, &made, outer);
            if broken.is_empty() {
                apis.insert(api.id.clone(), made);
            } else {
                self.refused.entry(api.id.clone()).or_default().extend(broken);
            }
        }
        let refused: Vec<ResourceId> = self.refused.keys().filter(|id| is_api(id)).cloned().collect();
        for id in refused {
            let Some(api) = self.good.api(&id) else { continue };
            self.hold(&id);
            apis.insert(id, api);
        }
        apis.into_values().collect()
    }

    // The APIs whose own resources, and the version sets and schemas of the service, are the same as in the snapshot before.
    fn unchanged(&self, changes: &BTreeSet<ResourceId>) -> BTreeMap<ResourceId, Arc<CompiledApi>> {
        let Some(previous) = self.previous else { return BTreeMap::new() };
        if changes.iter().any(|id| first(id, "apiVersionSets") || first(id, "schemas")) {
            return BTreeMap::new();
        }
        // Compared as ids are, without case: a document may spell the id of its API in its own way.
        let lower = |id: &ResourceId| second(id).map(str::to_ascii_lowercase);
        let touched: BTreeSet<String> = changes.iter().filter(|id| first(id, "apis")).filter_map(lower).collect();
        let held: BTreeSet<&ResourceId> = previous.source.held.values().flat_map(|held| &held.ids).collect();
        let apis = previous.snapshot.apis.iter();
        let same =
            apis.filter(|api| lower(&api.id).is_none_or(|name| !touched.contains(&name)) && !held.contains(&api.id));
        same.map(|api| (api.id.clone(), Arc::clone(api))).collect()
    }

    // These errors, and all others that were found beside them.
    fn all_wrong(&mut self, mut errors: Vec<Diagnostic>) -> Vec<Diagnostic> {
        for other in std::mem::take(&mut self.refused).into_values().flatten() {
            if !errors.contains(&other) {
                errors.push(other);
            }
        }
        errors
    }

    fn hold(&mut self, id: &ResourceId) {
        let Some((revision, older)) = self.good.origin(id) else { return };
        let held = self.held.entry(revision).or_insert_with(|| Held { set: older.clone(), ids: Vec::new() });
        if !held.ids.contains(id) {
            held.ids.push(id.clone());
        }
    }
}

// What is in error of the things that a whole service shares.
fn service_wide(parsed: &Parsed) -> Refused {
    let configuration = &parsed.configuration;
    let mut wrong: Refused =
        parsed.refused.iter().filter(|(id, _)| !is_api(id)).map(|(id, errors)| (id.clone(), errors.clone())).collect();
    let substitution = Substitution::new(&configuration.named_values);
    let fragments = prepare_fragments(&configuration.fragments, &substitution);
    let backends = build::backends(configuration);
    let referred = Referred::new(configuration);
    let mut programs = Programs::new(&substitution, &fragments, referred.entities(&backends), None);
    for (id, errors) in programs.broken_fragments() {
        wrong.entry(ResourceId::new(&format!("/policyFragments/{id}"))).or_default().extend(errors);
    }
    if let Err(errors) = service_program(configuration, &mut programs) {
        wrong.entry(ResourceId::new(SERVICE_POLICY)).or_default().extend(errors);
    }
    for product in &configuration.products {
        if let Err(errors) = build::product(product, configuration, &mut programs) {
            wrong.entry(ResourceId::new(&format!("/products/{}", product.id))).or_default().extend(errors);
        }
    }
    wrong
}

fn service_program(
    configuration: &Configuration,
    programs: &mut Programs<'_>,
) -> Result<Arc<Program>, Vec<Diagnostic>> {
    let standard = standard_policy();
    let policy = configuration.policy.as_ref().unwrap_or(&standard);
    Ok(programs.program(Some(policy), Scope::Global)?.unwrap_or_default())
}

/// The policy of a service that has none.
#[must_use]
pub fn standard_policy() -> PolicyText {
    PolicyText {
        text: Arc::from(DEFAULT_SERVICE_POLICY),
        format: PolicyFormat::RawXml,
        origin: Origin { file: Arc::from("the default service policy"), text: None },
    }
}

fn routes(apis: &[Arc<CompiledApi>]) -> Vec<RouteApi> {
    apis.iter().enumerate().map(|(index, api)| RouteApi { index, ..api.route.clone() }).collect()
}

// Whether an API whose resources did not change came out the same in its surroundings, too.
fn is_same(before: &CompiledApi, made: &CompiledApi) -> bool {
    let same = |one: &Option<Arc<Program>>, other: &Option<Arc<Program>>| match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    Arc::ptr_eq(&before.backends, &made.backends)
        && same(&before.program, &made.program)
        && has_same_resolvers(before, made)
        && before.operations.len() == made.operations.len()
        && before.operations.iter().zip(&made.operations).all(|(before, made)| same(&before.program, &made.program))
}

fn has_same_resolvers(before: &CompiledApi, made: &CompiledApi) -> bool {
    let all = |api: &CompiledApi| -> Vec<Arc<Program>> {
        let resolvers = api.resolvers.iter().flat_map(|resolvers| resolvers.all());
        resolvers.map(|resolver| Arc::clone(&resolver.program)).collect()
    };
    let (before, made) = (all(before), all(made));
    before.len() == made.len() && before.iter().zip(&made).all(|(before, made)| Arc::ptr_eq(before, made))
}

fn first(id: &ResourceId, collection: &str) -> bool {
    id.segments().next().is_some_and(|segment| segment.eq_ignore_ascii_case(collection))
}

fn second(id: &ResourceId) -> Option<&str> {
    id.segments().nth(1)
}
