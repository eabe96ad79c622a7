//! LINQ to XML: a tree of nodes with identity. Holds no members; `bcl::xml` has those.

mod change;
mod compare;
mod convert;
mod escape;
mod name;
mod navigate;
mod read;
mod walk;
mod write;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::value::Value;

pub(crate) use change::ChangeError;
pub(crate) use convert::{date_time_offset, duration, duration_text, real_text};
pub(crate) use escape::{decoded, encoded};
pub(crate) use name::{Name, NameError, is_blank, verify_local, verify_name};
pub(crate) use read::{Blanks, Failure, Reading, Root, read};
pub(crate) use walk::{Axis, Sieve, Walk};
pub(crate) use write::{Duplicates, Layout, Lines, WriteError, commented};

/// The most elements that may stand in each other.
pub(crate) const DEPTH_MAX: u16 = 1_000;

/// What a node is counted as against the memory of an evaluation, in bytes, without its text.
pub(crate) const NODE_BYTES: usize = 240;

/// The namespace of attributes that declare namespaces.
pub(crate) const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// The namespace of the prefix `xml`.
pub(crate) const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// A node or an attribute: a reference. A node keeps those below and behind it alive, not those above.
#[derive(Clone, Debug)]
pub(crate) struct XNode(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    parent: Weak<Mutex<Inner>>,
    next: Option<XNode>,
    previous: Weak<Mutex<Inner>>,
    /// INVARIANT: at least how many levels of nodes stand below; it only grows.
    height: u16,
    kind: Kind,
    annotations: Vec<Value>,
    /// The value that stands for this node, as long as somebody holds it.
    wrapper: Option<crate::value::WeakObject>,
}

/// A chain of nodes that hang together: the content of a container, or the attributes of an element.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    first: Option<XNode>,
    last: Weak<Mutex<Inner>>,
}

/// What a node is.
#[derive(Debug)]
pub(crate) enum Kind {
    Element {
        name: Name,
        attributes: Chain,
        content: Chain,
        tag: Tag,
    },
    Attribute(Name, Arc<str>),
    Text(Arc<str>),
    CData(Arc<str>),
    Comment(Arc<str>),
    /// Target and data
    Instruction(Arc<str>, Arc<str>),
    DocumentType(DocumentType),
    Document {
        declaration: Option<Declaration>,
        content: Chain,
    },
}

/// Whether an element without content is written as `<a />` or `<a></a>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    Empty,
    Full,
}

/// `<!DOCTYPE …>`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DocumentType {
    pub(crate) name: Arc<str>,
    pub(crate) public_id: Option<Arc<str>>,
    pub(crate) system_id: Option<Arc<str>>,
    pub(crate) subset: Option<Arc<str>>,
}

/// `<?xml …?>`, which changes for all who refer to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Declaration(Arc<Mutex<Declared>>);

#[derive(Debug, Default)]
struct Declared {
    parts: Parts,
    /// The value that stands for it, as long as somebody holds it.
    wrapper: Option<crate::value::WeakObject>,
}

/// Version, encoding and standalone.
pub(crate) type Parts = [Option<Arc<str>>; 3];

impl Declaration {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(Mutex::new(Declared { parts, wrapper: None })))
    }

    fn lock(&self) -> MutexGuard<'_, Declared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn with<R>(&self, look: impl FnOnce(&mut Parts) -> R) -> R {
        look(&mut self.lock().parts)
    }

    /// The value that stands for it.
    pub(crate) fn wrapper(&self) -> Option<crate::value::Object> {
        self.lock().wrapper.as_ref().and_then(crate::value::WeakObject::upgrade)
    }

    pub(crate) fn set_wrapper(&self, wrapper: &crate::value::Object) {
        self.lock().wrapper = Some(wrapper.downgrade());
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// `ToString()`
    pub(crate) fn text(&self) -> String {
        let parts = self.with(|parts| parts.clone());
        let mut text = "<?xml".to_owned();
        for (name, part) in ["version", "encoding", "standalone"].iter().zip(parts) {
            if let Some(part) = part {
                text.push_str(&format!(" {name}=\"{part}\""));
            }
        }
        text.push_str("?>");
        text
    }
}

/// Which of an element's two chains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Content,
    Attributes,
}

impl XNode {
    /// A node without a parent.
    pub(crate) fn new(kind: Kind) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            parent: Weak::new(),
            next: None,
            previous: Weak::new(),
            height: 0,
            kind,
            annotations: Vec::new(),
            wrapper: None,
        })))
    }

    /// An element without content.
    pub(crate) fn element(name: Name) -> Self {
        let (attributes, content) = (Chain::default(), Chain::default());
        Self::new(Kind::Element { name, attributes, content, tag: Tag::Empty })
    }

    /// A document without content.
    pub(crate) fn document(declaration: Option<Declaration>) -> Self {
        Self::new(Kind::Document { declaration, content: Chain::default() })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at what it is; `look` must not touch this node again.
    pub(crate) fn with<R>(&self, look: impl FnOnce(&Kind) -> R) -> R {
        look(&self.lock().kind)
    }

    /// Changes what it is; `change` must not touch this node again, nor what hangs together.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut Kind) -> R) -> R {
        change(&mut self.lock().kind)
    }

    /// Looks at what was attached to it by `AddAnnotation`.
    pub(crate) fn annotations<R>(&self, look: impl FnOnce(&mut Vec<Value>) -> R) -> R {
        look(&mut self.lock().annotations)
    }

    /// The value that stands for this node.
    pub(crate) fn wrapper(&self) -> Option<crate::value::Object> {
        self.lock().wrapper.as_ref().and_then(crate::value::WeakObject::upgrade)
    }

    pub(crate) fn set_wrapper(&self, wrapper: &crate::value::Object) {
        self.lock().wrapper = Some(wrapper.downgrade());
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn chain<R>(&self, part: Part, look: impl FnOnce(&mut Chain) -> R) -> Option<R> {
        match (&mut self.lock().kind, part) {
            (Kind::Element { attributes, .. }, Part::Attributes) => Some(look(attributes)),
            (Kind::Element { content, .. } | Kind::Document { content, .. }, Part::Content) => Some(look(content)),
            _ => None,
        }
    }
}

// Trees are deep and chains are long, so nothing may recurse.
impl Drop for Inner {
    fn drop(&mut self) {
        let mut left = Vec::new();
        self.release(&mut left);
        while let Some(node) = left.pop() {
            if let Some(inner) = Arc::into_inner(node.0) {
                inner.into_inner().unwrap_or_else(PoisonError::into_inner).release(&mut left);
            }
        }
    }
}

impl Inner {
    fn release(&mut self, left: &mut Vec<XNode>) {
        left.extend(self.next.take());
        match &mut self.kind {
            Kind::Element { attributes, content, .. } => {
                left.extend(attributes.first.take());
                left.extend(content.first.take());
            }
            Kind::Document { content, .. } => left.extend(content.first.take()),
            Kind::Attribute(..)
            | Kind::Text(_)
            | Kind::CData(_)
            | Kind::Comment(_)
            | Kind::Instruction(..)
            | Kind::DocumentType(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Blanks, DEPTH_MAX, Failure, Layout, Part, Reading, Root, read};

    fn reading(nodes_max: usize) -> Reading {
        Reading { root: Root::Element, blanks: Blanks::Dropped, nodes_max }
    }

    #[test]
    fn deep_and_long_trees_are_read_copied_written_and_freed() {
        let depth = usize::from(DEPTH_MAX) - 2;
        let deep: Arc<str> = format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth)).into();
        let long: Arc<str> = format!("<a>{}</a>", "<b/>".repeat(100_000)).into();
        for text in [deep, long] {
            let (tree, made) = read(&text, reading(1_000_000)).unwrap();
            let (copy, copied) = tree.copied(1_000_000).unwrap();
            assert_eq!(made, copied);
            assert_eq!(tree.text(Layout::DEFAULT, 10_000_000), copy.text(Layout::DEFAULT, 10_000_000));
            assert!(tree.equals_deeply(&copy, &mut 0));
            assert_eq!(copy.first(Part::Attributes).map(|_| ()), None);
        }
    }

    #[test]
    fn what_is_too_deep_or_too_large_is_refused() {
        let depth = usize::from(DEPTH_MAX) + 1;
        let deep: Arc<str> = "<a>".repeat(depth).into();
        assert_eq!(read(&deep, reading(1_000_000)).map(|_| ()), Err(Failure::TooLarge));
        let long: Arc<str> = format!("<a>{}</a>", "<b/>".repeat(100)).into();
        assert_eq!(read(&long, reading(50)).map(|_| ()), Err(Failure::TooLarge));
        // Entities that multiply themselves.
        let mut bomb = "<!DOCTYPE a [<!ENTITY e0 'xxxxxxxxxx'>".to_owned();
        for level in 1..12 {
            let inner = format!("&e{};", level - 1).repeat(10);
            bomb.push_str(&format!("<!ENTITY e{level} '{inner}'>"));
        }
        let bomb: Arc<str> = format!("{bomb}]><a b='&e11;'/>").into();
        assert!(matches!(read(&bomb, reading(1_000_000)).map(|_| ()), Err(Failure::Syntax(_))));
    }
}
