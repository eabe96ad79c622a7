//! Prefixes as `XmlNamespaceManager` keeps them: declared in scopes, found from inside out.

use std::sync::Arc;

use crate::expr::xml::{XML, XMLNS};

/// What is declared, innermost last.
#[derive(Debug)]
pub(super) struct Scope {
    declared: Vec<Declared>,
    depth: usize,
}

#[derive(Debug)]
struct Declared {
    depth: usize,
    prefix: Arc<str>,
    /// Nothing once it was taken back.
    namespace: Option<Arc<str>>,
}

impl Scope {
    pub(super) fn new() -> Self {
        let known = [("", ""), ("xmlns", XMLNS), ("xml", XML)];
        let declared = known.map(|(prefix, namespace)| Declared {
            depth: 0,
            prefix: prefix.into(),
            namespace: Some(namespace.into()),
        });
        Self { declared: declared.into(), depth: 1 }
    }

    pub(super) fn enter(&mut self) {
        self.depth += 1;
    }

    pub(super) fn leave(&mut self) {
        self.declared.retain(|declared| declared.depth < self.depth);
        self.depth -= 1;
    }

    /// Declares a prefix, in place of what it means in the same scope.
    pub(super) fn declare(&mut self, prefix: &str, namespace: &str) {
        let depth = self.depth;
        let known = self.declared.iter_mut().find(|known| known.depth == depth && *known.prefix == *prefix);
        match known {
            Some(known) => known.namespace = Some(namespace.into()),
            None => self.declared.push(Declared { depth, prefix: prefix.into(), namespace: Some(namespace.into()) }),
        }
    }

    /// Takes back the default namespace of this scope.
    pub(super) fn forget_default(&mut self) {
        let depth = self.depth;
        let here = |known: &&mut Declared| known.depth == depth && known.prefix.is_empty();
        self.declared.iter_mut().filter(here).for_each(|known| known.namespace = None);
    }

    pub(super) fn namespace_of(&self, prefix: &str) -> Option<&Arc<str>> {
        let mut known = self.declared.iter().rev().filter(|known| *known.prefix == *prefix);
        known.find_map(|known| known.namespace.as_ref())
    }

    /// The prefix that means the namespace here, innermost first.
    pub(super) fn prefix_of(&self, namespace: &str) -> Option<&Arc<str>> {
        let mut known = self.declared.iter().rev();
        let found = known.find(|known| {
            known.namespace.as_deref() == Some(namespace)
                && self.namespace_of(&known.prefix).map(|found| &**found) == Some(namespace)
        });
        found.map(|known| &known.prefix)
    }
}
