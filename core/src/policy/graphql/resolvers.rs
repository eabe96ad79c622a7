//! The resolvers of an API: which field each one resolves, and its program. Runs nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::policy::graphql::source;
use crate::policy::program::Program;

/// The resolvers of an API.
#[derive(Clone, Debug)]
pub struct Resolvers {
    fields: BTreeMap<String, BTreeMap<String, usize>>,
    programs: Vec<Resolver>,
    service: Arc<Program>,
}

/// A resolver.
#[derive(Clone, Debug)]
pub struct Resolver {
    /// Its name.
    pub name: Arc<str>,
    /// The type that its field is of.
    pub of: String,
    /// The name of its field.
    pub field: String,
    /// What it does.
    pub program: Arc<Program>,
}

impl Resolvers {
    /// These ones.
    #[must_use]
    pub fn new(programs: Vec<Resolver>) -> Self {
        let mut fields: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
        for (index, resolver) in programs.iter().enumerate() {
            fields.entry(resolver.of.clone()).or_default().insert(resolver.field.clone(), index);
        }
        Self { fields, programs, service: Arc::new(source::service()) }
    }

    /// The index of the one for a field.
    #[must_use]
    pub fn of(&self, of: &str, field: &str) -> Option<usize> {
        self.fields.get(of)?.get(field).copied()
    }

    /// What asks the GraphQL service of the API.
    #[must_use]
    pub const fn service(&self) -> &Arc<Program> {
        &self.service
    }

    /// All of them, in the order of their names.
    #[must_use]
    pub fn all(&self) -> &[Resolver] {
        &self.programs
    }
}
