//! The namespaces of a text that is written: which prefix the tree knows, which the text has declared, which must be made up.

use std::sync::Arc;

use super::{Duplicates, Outcome, WriteError};
use crate::expr::xml::{Name, XML, XMLNS, XNode};

/// The most comparisons of one text.
const STEPS_MAX: u32 = 20_000_000;

/// What the text says of a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    /// Everywhere, by the standard
    Special,
    /// An element above has declared it.
    Implied,
    NeedsWriting,
    Written,
}

#[derive(Clone, Debug)]
struct Entry {
    prefix: Arc<str>,
    namespace: Arc<str>,
    bound: Bound,
}

pub(super) struct Scope {
    /// What the tree declares, innermost last, and where the elements' parts begin.
    known: Vec<(Arc<str>, Arc<str>)>,
    known_from: Vec<usize>,
    /// What the text declares, innermost last, and where the elements' parts begin.
    entries: Vec<Entry>,
    entries_from: Vec<usize>,
    duplicates: Duplicates,
    steps_left: u32,
}

impl Scope {
    pub(super) fn new(duplicates: Duplicates) -> Self {
        let entry = |prefix: &str, namespace: &str| Entry {
            prefix: prefix.into(),
            namespace: namespace.into(),
            bound: Bound::Special,
        };
        let default = Entry { bound: Bound::Implied, ..entry("", "") };
        Self {
            known: Vec::new(),
            known_from: Vec::new(),
            entries: vec![entry("xmlns", XMLNS), entry("xml", XML), default],
            entries_from: Vec::new(),
            duplicates,
            steps_left: STEPS_MAX,
        }
    }

    /// What the elements above declare, which a part that is written alone must repeat.
    pub(super) fn know_above(&mut self, node: &XNode) {
        let above = std::iter::successors(node.parent(), XNode::parent);
        self.known = above.flat_map(|element| element.declarations()).collect();
        self.known.reverse();
    }

    fn spend(&mut self, steps: usize) -> Outcome<()> {
        let left = u32::try_from(steps).ok().and_then(|steps| self.steps_left.checked_sub(steps));
        self.steps_left = left.ok_or(WriteError::TooLong)?;
        Ok(())
    }

    // The innermost prefix of the namespace that the tree knows and that means it here.
    fn known_prefix(&mut self, namespace: &str, with_default: bool) -> Outcome<Option<Arc<str>>> {
        for at in (0..self.known.len()).rev() {
            self.spend(1)?;
            let Some((prefix, bound)) = self.known.get(at) else { continue };
            if **bound != *namespace || !with_default && prefix.is_empty() {
                continue;
            }
            let later = self.known.get(at + 1..).unwrap_or(&[]);
            if !later.iter().any(|(other, _)| other == prefix) {
                return Ok(Some(Arc::clone(prefix)));
            }
            let passed = later.len();
            self.spend(passed)?;
        }
        Ok(Name::fixed_prefix(namespace).map(Arc::from))
    }

    fn position(&mut self, prefix: &str) -> Outcome<Option<usize>> {
        let at = self.entries.iter().rposition(|entry| &*entry.prefix == prefix);
        self.spend(self.entries.len() - at.unwrap_or(0))?;
        Ok(at)
    }

    // The innermost prefix that the text has for the namespace.
    fn written_prefix(&mut self, namespace: &str) -> Outcome<Option<Arc<str>>> {
        let Some(at) = self.entries.iter().rposition(|entry| &*entry.namespace == namespace) else {
            self.spend(self.entries.len())?;
            return Ok(None);
        };
        self.spend(self.entries.len() - at)?;
        let Some(prefix) = self.entries.get(at).map(|entry| Arc::clone(&entry.prefix)) else { return Ok(None) };
        Ok((self.position(&prefix)? == Some(at)).then_some(prefix))
    }

    /// An element begins: its prefix.
    pub(super) fn open(&mut self, node: &XNode, name: &Name) -> Outcome<Arc<str>> {
        self.known_from.push(self.known.len());
        self.known.extend(node.declarations());
        self.entries_from.push(self.entries.len());
        let known = match &*name.namespace {
            "" => Some(Arc::from("")),
            namespace => self.known_prefix(namespace, true)?,
        };
        let prefix = match known {
            Some(prefix) => prefix,
            None => self.written_prefix(&name.namespace)?.unwrap_or_default(),
        };
        self.imply(&prefix, &name.namespace)?;
        Ok(prefix)
    }

    /// The prefix that the tree has for an attribute, if any.
    pub(super) fn attribute_prefix(&mut self, name: &Name) -> Outcome<Option<Arc<str>>> {
        match &*name.namespace {
            "" => Ok(Some(Arc::from(""))),
            namespace => self.known_prefix(namespace, false),
        }
    }

    /// The prefix with which an attribute is written; nothing when it is not.
    pub(super) fn attribute(
        &mut self,
        known: Option<Arc<str>>,
        name: &Name,
        value: &Arc<str>,
    ) -> Outcome<Option<Arc<str>>> {
        if let Some(declared) = name.declared() {
            let prefix: Arc<str> = if declared.is_empty() { Arc::from("") } else { Arc::from("xmlns") };
            return Ok(self.declare(&declared, value)?.then_some(prefix));
        }
        if name.namespace.is_empty() {
            return Ok(Some(Arc::from("")));
        }
        let prefix = match known.filter(|prefix| !prefix.is_empty()) {
            Some(prefix) => prefix,
            None => match self.written_prefix(&name.namespace)?.filter(|prefix| !prefix.is_empty()) {
                Some(prefix) => prefix,
                None if &*name.local == "xmlns" => return Err(super::reserved()),
                None => self.made_up()?,
            },
        };
        self.imply(&prefix, &name.namespace)?;
        Ok(Some(prefix))
    }

    fn made_up(&mut self) -> Outcome<Arc<str>> {
        let prefix = format!("p{}", self.entries.len() - 3);
        if self.position(&prefix)?.is_none() {
            return Ok(prefix.into());
        }
        let mut number = 0_u32;
        loop {
            let longer = format!("{prefix}{number}");
            if self.position(&longer)?.is_none() {
                return Ok(longer.into());
            }
            number += 1;
        }
    }

    fn is_own(&self, at: usize) -> bool {
        self.entries_from.last().is_none_or(|from| at >= *from)
    }

    // A name uses the prefix for the namespace.
    fn imply(&mut self, prefix: &Arc<str>, namespace: &Arc<str>) -> Outcome<()> {
        let found = self.position(prefix)?.and_then(|at| Some((at, self.entries.get(at)?)));
        let bound = match found {
            Some((at, entry)) if self.is_own(at) && entry.bound != Bound::Special && at > 2 => {
                return if entry.namespace == *namespace { Ok(()) } else { Err(redefined(entry, namespace)) };
            }
            Some((_, entry)) if entry.namespace == *namespace => Bound::Implied,
            Some(_) | None => Bound::NeedsWriting,
        };
        self.entries.push(Entry { prefix: Arc::clone(prefix), namespace: Arc::clone(namespace), bound });
        Ok(())
    }

    // An attribute declares the prefix: whether it is written.
    fn declare(&mut self, prefix: &Arc<str>, namespace: &Arc<str>) -> Outcome<bool> {
        let omits = self.duplicates == Duplicates::Omitted;
        if let Some(at) = self.position(prefix)? {
            let is_own = self.is_own(at) && at > 2;
            let Some(entry) = self.entries.get_mut(at) else { return Ok(true) };
            if is_own {
                if entry.namespace != *namespace {
                    return Err(redefined(entry, namespace));
                }
                let was = std::mem::replace(&mut entry.bound, Bound::Written);
                return Ok(!(omits && was == Bound::Implied));
            }
            if omits && entry.namespace == *namespace && entry.bound != Bound::Special {
                self.entries.push(Entry {
                    prefix: Arc::clone(prefix),
                    namespace: Arc::clone(namespace),
                    bound: Bound::Implied,
                });
                return Ok(false);
            }
        }
        self.entries.push(Entry {
            prefix: Arc::clone(prefix),
            namespace: Arc::clone(namespace),
            bound: Bound::Written,
        });
        Ok(true)
    }

    /// What the start tag must still declare, the last one first.
    pub(super) fn missing(&self) -> Vec<(Arc<str>, Arc<str>)> {
        let from = self.entries_from.last().copied().unwrap_or(0);
        let own = self.entries.get(from..).unwrap_or(&[]).iter().rev();
        own.filter(|entry| entry.bound == Bound::NeedsWriting)
            .map(|entry| (Arc::clone(&entry.prefix), Arc::clone(&entry.namespace)))
            .collect()
    }

    /// An element ends.
    pub(super) fn close(&mut self) {
        self.known.truncate(self.known_from.pop().unwrap_or(0));
        self.entries.truncate(self.entries_from.pop().unwrap_or(3));
    }
}

fn redefined(entry: &Entry, namespace: &str) -> WriteError {
    WriteError::Xml(format!(
        "The prefix '{}' cannot be redefined from '{}' to '{namespace}' within the same start element tag.",
        entry.prefix, entry.namespace
    ))
}
