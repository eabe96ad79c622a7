//! A resource set into the typed configuration of one gateway: every reference resolved, every error reported at once.
//! Compiles nothing: policies stay texts and URL templates stay as written.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::model::Configuration;
use crate::config::named_values::Substitution;
use crate::config::resource::{Resource, ResourceId, ResourceSet};
use crate::diagnostic::{Diagnostic, did_you_mean};

mod api;
mod authorization;
mod backend;
mod balancing;
mod cache;
mod contract;
mod gateway;
mod logger;
mod named_value;
mod operation;
mod policy;
mod product;
mod properties;
mod reference;
mod resolver;
mod subscription;
#[cfg(test)]
mod tests;
mod user;
mod version;

use properties::Properties;

/// What became of a resource set.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// Everything that is in order.
    pub configuration: Configuration,
    /// Errors that refuse the whole revision.
    pub fatal: Vec<Diagnostic>,
    /// Errors by the API, product, subscription, named value, fragment, backend, certificate, version set or host name that is in
    /// error and left out of `configuration`. Warnings and notes about it are in `notes`.
    pub refused: BTreeMap<ResourceId, Vec<Diagnostic>>,
    /// Warnings and notes.
    pub notes: Vec<Diagnostic>,
}

impl Parsed {
    /// All findings, those of reading the documents included, each once, in the order of documents and places.
    #[must_use]
    pub fn report(&self, read: &[Diagnostic]) -> Vec<Diagnostic> {
        let refused = self.refused.values().flatten();
        let mut all: Vec<&Diagnostic> = read.iter().chain(&self.fatal).chain(refused).chain(&self.notes).collect();
        all.sort_by_key(|finding| (&finding.file, finding.position, &finding.code, &finding.message));
        all.dedup();
        all.into_iter().cloned().collect()
    }
}

/// Reads what the gateway with the id `gateway` serves.
#[must_use]
pub fn parse(set: &ResourceSet, gateway: &str) -> Parsed {
    let mut parsing = Parsing { set, fatal: Vec::new(), refused: BTreeMap::new(), notes: Vec::new() };
    let mut configuration = Configuration::default();
    let assigned = parsing.assigned(gateway);
    parsing.faults(gateway, &assigned);
    configuration.service = gateway::service(&mut parsing);
    configuration.gateway = gateway::gateway(&mut parsing, gateway);
    configuration.policy = parsing.service_policy();
    configuration.named_values = named_value::named_values(&mut parsing);
    configuration.fragments = policy::fragments(&mut parsing);
    let substitution = Substitution::new(&configuration.named_values);
    configuration.caches = cache::caches(&mut parsing, &substitution);
    configuration.certificates = gateway::certificates(&mut parsing);
    configuration.backends = backend::backends(&mut parsing, &substitution, &configuration.certificates);
    configuration.loggers = logger::loggers(&mut parsing, &substitution);
    configuration.authorizations = authorization::authorizations(&mut parsing, &substitution);
    let version_sets = version::version_sets(&mut parsing);
    configuration.apis = api::apis(&mut parsing, &assigned, &version_sets);
    configuration.products = product::products(&mut parsing);
    configuration.subscriptions = subscription::subscriptions(&mut parsing);
    configuration.schemas = contract::schemas(set, &ResourceId::new(""));
    configuration.groups = user::groups(&mut parsing);
    configuration.users = user::users(&mut parsing);
    parsing.note_families();
    let Parsing { fatal, refused, notes, .. } = parsing;
    Parsed { configuration, fatal, refused, notes }
}

/// The names of the APIs that the gateway serves, in lower case.
type Assigned = BTreeSet<String>;

/// The set, and what was found out about it so far.
struct Parsing<'a> {
    set: &'a ResourceSet,
    fatal: Vec<Diagnostic>,
    refused: BTreeMap<ResourceId, Vec<Diagnostic>>,
    notes: Vec<Diagnostic>,
}

impl<'a> Parsing<'a> {
    /// The resources of a collection such as `/products`.
    fn family(&self, collection: &str) -> Vec<&'a Resource> {
        self.set.children(&ResourceId::new(collection)).map(AsRef::as_ref).collect()
    }

    /// Takes over what was found about a resource; gives the value back when the resource is in order.
    fn settle<T>(&mut self, properties: Properties<'_>, value: Option<T>) -> Option<T> {
        let id = properties.resource.id.clone();
        self.settle_findings(&id, properties.findings);
        value.filter(|_| !self.refused.contains_key(&id))
    }

    fn settle_findings(&mut self, id: &ResourceId, findings: Vec<Diagnostic>) {
        let (errors, notes): (Vec<_>, Vec<_>) = findings.into_iter().partition(Diagnostic::is_error);
        self.notes.extend(notes);
        if !errors.is_empty() {
            self.refused.entry(id.clone()).or_default().extend(errors);
        }
    }

    /// The APIs that the gateway serves; one that is not there is a warning.
    fn assigned(&mut self, gateway: &str) -> Assigned {
        let links = self.family(&format!("/gateways/{gateway}/apis"));
        let mut assigned = Assigned::new();
        let id = ResourceId::new("/gateways").child(gateway);
        if let Some(resource) = self.set.get(&id).filter(|_| links.is_empty()) {
            let message = format!("no API is assigned to the gateway `{gateway}`: nothing will be found");
            self.notes.push(Diagnostic::warning("no-apis", resource.origin.file.clone(), message));
        }
        for link in links {
            let (name, _) = reference::split_revision(link.id.name());
            if !self.has_api(&name) {
                let message = format!("the gateway `{gateway}` is assigned the API `{name}`, which is not there");
                let mut warning = Diagnostic::warning("unknown-api", link.origin.file.clone(), message);
                warning.help =
                    did_you_mean(&name, self.set.children(&ResourceId::new("/apis")).map(|api| api.id.name()));
                self.notes.push(warning);
            }
            assigned.insert(name.to_ascii_lowercase());
        }
        assigned
    }

    /// Whether any revision of an API is there, in order or not.
    fn has_api(&self, name: &str) -> bool {
        let id = ResourceId::new("/apis").child(name);
        let is_revision =
            |other: &ResourceId| other.segments().count() == 2 && reference::is_revision_of(other.name(), name);
        self.set.get(&id).is_some()
            || !self.set.faults_of(&id).is_empty()
            || self.set.children(&ResourceId::new("/apis")).any(|api| is_revision(&api.id))
    }

    /// What could not be read refuses the resource that it belongs to, or everything.
    fn faults(&mut self, gateway: &str, assigned: &Assigned) {
        for (id, faults) in self.set.faults() {
            let segments: Vec<&str> = id.segments().collect();
            let family = segments.first().map(|family| family.to_ascii_lowercase()).unwrap_or_default();
            let name = segments.get(1).copied().unwrap_or("");
            let is_ours = match family.as_str() {
                "apis" => assigned.contains(&reference::split_revision(name).0.to_ascii_lowercase()),
                "gateways" => name.eq_ignore_ascii_case(gateway),
                _ => true,
            };
            if !is_ours {
                continue;
            }
            let is_fatal =
                matches!(family.as_str(), "" | "policies" | "service") || family == "gateways" && segments.len() == 2;
            if is_fatal {
                self.fatal.extend_from_slice(faults);
            } else {
                self.refused.entry(id.clone()).or_default().extend_from_slice(faults);
            }
        }
    }

    fn service_policy(&mut self) -> Option<crate::config::model::PolicyText> {
        match policy::policy(self.set, &ResourceId::new("")) {
            Ok(policy) => policy,
            Err(diagnostic) => {
                self.fatal.push(diagnostic);
                None
            }
        }
    }

    /// One note for each family of resources that has no effect in this version.
    fn note_families(&mut self) {
        let mut without_effect: BTreeMap<&str, (usize, &Resource)> = BTreeMap::new();
        for resource in self.set.iter() {
            let segments: Vec<&str> = resource.id.segments().collect();
            let family = match segments.as_slice() {
                ["apis", _, family @ "diagnostics", ..] => *family,
                ["apis" | "products" | "gateways" | "subscriptions" | "namedValues" | "policyFragments", ..]
                | ["groups" | "users" | "authorizationProviders", ..]
                | ["backends" | "caches" | "certificates" | "apiVersionSets" | "policies" | "service" | "schemas", ..]
                // what only the developer portal and the control plane look at
                | ["tags", ..] => continue,
                ["loggers", _] if logger::is_event_hub(resource) => continue,
                [family, ..] => *family,
                [] => continue,
            };
            without_effect.entry(family).or_insert((0, resource)).0 += 1;
        }
        for (family, (count, first)) in without_effect {
            let message = format!("`{family}` have no effect yet ({count} in the configuration, `{}` first)", first.id);
            self.notes.push(Diagnostic::note("no-effect", first.origin.file.clone(), message));
        }
    }
}
