//! Ways from a node to those around it, and its text. Changes nothing.

use std::sync::Arc;

use super::{Kind, Name, Part, XNode};

impl XNode {
    pub(crate) fn parent(&self) -> Option<Self> {
        self.lock().parent.upgrade().map(Self)
    }

    /// The topmost node above it.
    pub(crate) fn top(&self) -> Self {
        let mut node = self.clone();
        while let Some(parent) = node.parent() {
            node = parent;
        }
        node
    }

    /// How many nodes stand above it.
    pub(crate) fn depth(&self) -> usize {
        std::iter::successors(self.parent(), Self::parent).count()
    }

    /// The sibling behind it.
    pub(crate) fn next(&self) -> Option<Self> {
        let inner = self.lock();
        // What stood behind a node whose parent is gone is no sibling any more.
        if inner.parent.strong_count() == 0 { None } else { inner.next.clone() }
    }

    /// The sibling before it.
    pub(crate) fn previous(&self) -> Option<Self> {
        self.lock().previous.upgrade().map(Self)
    }

    pub(crate) fn first(&self, part: Part) -> Option<Self> {
        self.chain(part, |chain| chain.first.clone()).flatten()
    }

    pub(crate) fn last(&self, part: Part) -> Option<Self> {
        self.chain(part, |chain| chain.last.upgrade().map(Self)).flatten()
    }

    /// The nodes of a chain, in order.
    pub(crate) fn each(&self, part: Part) -> impl Iterator<Item = Self> + use<> {
        std::iter::successors(self.first(part), Self::next)
    }

    /// The name of an element or an attribute.
    pub(crate) fn name(&self) -> Option<Name> {
        self.with(|kind| match kind {
            Kind::Element { name, .. } | Kind::Attribute(name, _) => Some(name.clone()),
            _ => None,
        })
    }

    pub(crate) fn is_named(&self, wanted: &Name) -> bool {
        self.with(|kind| matches!(kind, Kind::Element { name, .. } | Kind::Attribute(name, _) if name == wanted))
    }

    pub(crate) fn is_element(&self) -> bool {
        self.with(|kind| matches!(kind, Kind::Element { .. }))
    }

    pub(crate) fn is_attribute(&self) -> bool {
        self.with(|kind| matches!(kind, Kind::Attribute(..)))
    }

    /// The text of a text node that is no CDATA section.
    pub(crate) fn plain_text(&self) -> Option<Arc<str>> {
        self.with(|kind| match kind {
            Kind::Text(text) => Some(Arc::clone(text)),
            _ => None,
        })
    }

    pub(crate) fn attribute(&self, name: &Name) -> Option<Self> {
        self.each(Part::Attributes).find(|attribute| attribute.is_named(name))
    }

    /// The node behind it in document order, inside of `root`.
    pub(crate) fn following(&self, root: &Self) -> Option<Self> {
        if let Some(first) = self.first(Part::Content) {
            return Some(first);
        }
        let mut node = self.clone();
        while !node.is_same(root) {
            if let Some(next) = node.next() {
                return Some(next);
            }
            node = node.parent()?;
        }
        None
    }

    /// `Value`: the text of an attribute or a text node, or all the text below; nothing when it is longer than `bytes_max`.
    pub(crate) fn value(&self, bytes_max: usize) -> Option<String> {
        let mut text = String::new();
        let mut node = Some(self.clone());
        while let Some(here) = node {
            here.with(|kind| match kind {
                Kind::Attribute(_, value) | Kind::Text(value) | Kind::CData(value) => text.push_str(value),
                Kind::Element { .. }
                | Kind::Document { .. }
                | Kind::Comment(_)
                | Kind::Instruction(..)
                | Kind::DocumentType(_) => {}
            });
            if text.len() > bytes_max {
                return None;
            }
            node = here.following(self);
        }
        Some(text)
    }

    /// The namespaces that an element declares: prefix and namespace, in order.
    pub(crate) fn declarations(&self) -> Vec<(Arc<str>, Arc<str>)> {
        let declared = |attribute: Self| {
            attribute.with(|kind| match kind {
                Kind::Attribute(name, value) => name.declared().map(|prefix| (prefix, Arc::clone(value))),
                _ => None,
            })
        };
        self.each(Part::Attributes).filter_map(declared).collect()
    }
}

impl XNode {
    /// `XElement.GetPrefixOfNamespace`
    pub(crate) fn prefix_of(&self, namespace: &str) -> Option<Arc<str>> {
        let mut is_declared_below = false;
        for element in std::iter::successors(Some(self.clone()), Self::parent).take_while(Self::is_element) {
            let declarations = element.declarations();
            for (prefix, bound) in &declarations {
                let is_seen = || self.namespace_of(prefix, Some(&element)).is_none();
                if **bound == *namespace && !prefix.is_empty() && (!is_declared_below || is_seen()) {
                    return Some(Arc::clone(prefix));
                }
            }
            is_declared_below |= !declarations.is_empty();
        }
        let fixed = Name::fixed_prefix(namespace)?;
        let is_hidden = fixed == "xml" && is_declared_below && self.namespace_of("xml", None).is_some();
        (!is_hidden).then(|| Arc::from(fixed))
    }

    /// The namespace that a prefix stands for, by what this element and those above declare, up to `end`, exclusively.
    pub(crate) fn namespace_of(&self, prefix: &str, end: Option<&Self>) -> Option<Arc<str>> {
        std::iter::successors(Some(self.clone()), Self::parent)
            .take_while(|element| element.is_element() && end.is_none_or(|end| !end.is_same(element)))
            .find_map(|element| {
                let declarations = element.declarations();
                declarations.into_iter().find(|(known, _)| &**known == prefix).map(|(_, namespace)| namespace)
            })
    }
}
