//! LINQ to XML: a tree of nodes with identity, read and written as .NET does. Holds no members; `bcl::xml` has those.

mod read;
mod write;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

pub(crate) use read::{Failure, Root, read};

/// The most elements that may stand in each other.
const DEPTH_MAX: usize = 300;

/// What a node is counted as against the memory of an evaluation, in bytes, without its text.
pub(crate) const NODE_BYTES: usize = 240;

/// The namespace of attributes that declare namespaces.
pub(crate) const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// The namespace of the prefix `xml`.
pub(crate) const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// `XName`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) namespace: Arc<str>,
    pub(crate) local: Arc<str>,
}

impl Name {
    /// `XName.Get`: `local` or `{namespace}local`.
    pub(crate) fn expanded(text: &str) -> Self {
        match text.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            Some((namespace, local)) => Self { namespace: namespace.into(), local: local.into() },
            None => Self { namespace: Arc::from(""), local: text.into() },
        }
    }

    /// `ToString()`
    pub(crate) fn text(&self) -> String {
        if self.namespace.is_empty() { self.local.to_string() } else { format!("{{{}}}{}", self.namespace, self.local) }
    }

    fn is_declaration(&self) -> bool {
        &*self.namespace == XMLNS || self.namespace.is_empty() && &*self.local == "xmlns"
    }
}

/// A node or an attribute: a reference. A node does not keep its parent alive.
#[derive(Clone, Debug)]
pub(crate) struct XNode(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    parent: Weak<Mutex<Inner>>,
    kind: Kind,
}

/// What a node is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Element {
        name: Name,
        attributes: Vec<XNode>,
        children: Vec<XNode>,
        tag: Tag,
    },
    Attribute(Name, Arc<str>),
    Text(Arc<str>),
    CData(Arc<str>),
    Comment(Arc<str>),
    /// Target and data
    Instruction(Arc<str>, Arc<str>),
    /// What stands behind `<!DOCTYPE`
    DocumentType(Arc<str>),
    /// The declaration's text, if there is one
    Document(Option<Arc<str>>, Vec<XNode>),
}

/// Whether an element without content is written as `<a />` or `<a></a>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    Empty,
    Full,
}

impl XNode {
    /// A node without a parent, which takes its children over.
    pub(crate) fn new(kind: Kind) -> Self {
        let below: Vec<Self> = match &kind {
            Kind::Element { attributes, children, .. } => attributes.iter().chain(children).cloned().collect(),
            Kind::Document(_, children) => children.clone(),
            _ => Vec::new(),
        };
        let node = Self(Arc::new(Mutex::new(Inner { parent: Weak::new(), kind })));
        for child in below {
            child.lock().parent = Arc::downgrade(&node.0);
        }
        node
    }

    /// The most elements that may be built into each other.
    pub(crate) const HEIGHT_MAX: usize = DEPTH_MAX;

    /// How many levels stand below it.
    pub(crate) fn height(&self) -> usize {
        self.elements().iter().map(|element| element.height() + 1).max().unwrap_or(0)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at what it is; `look` must not touch this node again.
    pub(crate) fn with<R>(&self, look: impl FnOnce(&Kind) -> R) -> R {
        look(&self.lock().kind)
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

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

    pub(crate) fn children(&self) -> Vec<Self> {
        self.with(|kind| match kind {
            Kind::Element { children, .. } | Kind::Document(_, children) => children.clone(),
            _ => Vec::new(),
        })
    }

    pub(crate) fn attributes(&self) -> Vec<Self> {
        self.with(|kind| match kind {
            Kind::Element { attributes, .. } => attributes.clone(),
            _ => Vec::new(),
        })
    }

    /// The name of an element or an attribute.
    pub(crate) fn name(&self) -> Option<Name> {
        self.with(|kind| match kind {
            Kind::Element { name, .. } | Kind::Attribute(name, _) => Some(name.clone()),
            _ => None,
        })
    }

    pub(crate) fn is_element(&self) -> bool {
        self.with(|kind| matches!(kind, Kind::Element { .. }))
    }

    /// The child elements.
    pub(crate) fn elements(&self) -> Vec<Self> {
        self.children().into_iter().filter(Self::is_element).collect()
    }

    /// All elements below it, in document order.
    pub(crate) fn descendants(&self) -> Vec<Self> {
        let mut found = Vec::new();
        for element in self.elements() {
            found.push(element.clone());
            found.extend(element.descendants());
        }
        found
    }

    /// `Value`: the text of an attribute, or all the text below.
    pub(crate) fn value(&self) -> String {
        let mut text = String::new();
        self.collect_text(&mut text);
        text
    }

    fn collect_text(&self, out: &mut String) {
        match self.with(Kind::clone) {
            Kind::Attribute(_, text) | Kind::Text(text) | Kind::CData(text) => out.push_str(&text),
            Kind::Element { children, .. } | Kind::Document(_, children) => {
                children.iter().for_each(|child| child.collect_text(out));
            }
            Kind::Comment(_) | Kind::Instruction(..) | Kind::DocumentType(_) => {}
        }
    }
}
