//! The trees of a transformation, all in one arena: the document, what variables hold, the result. A node's number is its place in
//! document order. Evaluates nothing.

use std::sync::{Arc, LazyLock};

use indexmap::IndexMap;

use crate::expr::xml::{self, Blanks, Part, Reading, XML, XMLNS, XNode, is_blank};

/// The most nodes of the document.
const NODES_MAX: usize = 1_000_000;

/// The most declarations of namespaces that are in force in one place.
const NAMESPACES_MAX: usize = 256;

/// What all elements of a document that declare namespaces may keep, in declarations that are in force there.
const DECLARATIONS_MAX: usize = 1_000_000;

/// A name with its namespace; the prefix is only how it is written.
#[derive(Clone, Debug, Default)]
pub(super) struct Name {
    pub(super) namespace: Arc<str>,
    pub(super) local: Arc<str>,
    pub(super) prefix: Arc<str>,
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.local == other.local && self.namespace == other.namespace
    }
}

impl Eq for Name {}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (&self.local, &self.namespace).cmp(&(&other.local, &other.namespace))
    }
}

impl Name {
    pub(super) fn local(local: &str) -> Self {
        Self { local: Arc::from(local), ..Self::default() }
    }

    /// The name as written.
    pub(super) fn written(&self) -> String {
        if self.prefix.is_empty() { self.local.to_string() } else { format!("{}:{}", self.prefix, self.local) }
    }
}

/// Declarations of namespaces that are in force: namespaces by prefix.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope(IndexMap<Arc<str>, Kind>);

impl Scope {
    /// The scope inside of an element that declares these, in one that has `outer` in force.
    pub(super) fn inside(outer: &Self, declared: impl IntoIterator<Item = (Arc<str>, Arc<str>)>) -> Self {
        let mut all = outer.0.clone();
        for (prefix, namespace) in declared {
            // Its own come last, as in .NET.
            all.shift_remove(&prefix);
            all.insert(Arc::clone(&prefix), namespace_node(prefix, namespace));
        }
        Self(all)
    }

    /// Declares a namespace; false when the prefix stands for another.
    pub(super) fn declare(&mut self, prefix: &Arc<str>, namespace: &Arc<str>) -> bool {
        let known = self.0.entry(Arc::clone(prefix));
        let known = known.or_insert_with(|| namespace_node(Arc::clone(prefix), Arc::clone(namespace)));
        namespace_of(known).is_some_and(|known| known == namespace)
    }

    /// The namespace of a prefix.
    pub(super) fn namespace_of(&self, prefix: &str) -> Option<&Arc<str>> {
        self.0.get(prefix).and_then(namespace_of)
    }

    /// All that is in force: prefixes and namespaces.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<str>)> {
        self.0.iter().filter_map(|(prefix, node)| Some((prefix, namespace_of(node)?)))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    // The numbers of the namespaces among an element's nodes: 1 is `xml`'s; what takes a default away is none.
    fn numbers(&self) -> impl Iterator<Item = u16> + '_ {
        let is_one = |node: &Kind| namespace_of(node).is_some_and(|namespace| !namespace.is_empty());
        (2..)
            .zip(self.0.iter())
            .filter(move |(_, (prefix, node))| &***prefix != "xml" && is_one(node))
            .map(|(number, _)| number)
    }

    fn node(&self, number: u16) -> &Kind {
        self.0.get_index(usize::from(number.saturating_sub(2))).map_or(&*XML_NAMESPACE, |(_, node)| node)
    }
}

static XML_NAMESPACE: LazyLock<Kind> = LazyLock::new(|| namespace_node(Arc::from("xml"), Arc::from(XML)));

fn namespace_node(prefix: Arc<str>, namespace: Arc<str>) -> Kind {
    Kind::Namespace(Name { local: prefix, ..Name::default() }, namespace)
}

const fn namespace_of(node: &Kind) -> Option<&Arc<str>> {
    match node {
        Kind::Namespace(_, namespace) => Some(namespace),
        _ => None,
    }
}

/// A node's number. A namespace that is in force in an element has the element's and one of its own: it is no node of the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NodeId(u32, u16);

impl NodeId {
    /// The number as text.
    pub(super) fn written(self) -> String {
        match self {
            Self(node, 0) => node.to_string(),
            Self(node, namespace) => format!("{node}n{namespace}"),
        }
    }
}

/// Whether text is written with its special characters escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escaping {
    On,
    Off,
}

/// What a node is.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Root,
    Element(Name, Arc<Scope>),
    Attribute(Name, Arc<str>),
    /// Prefix and namespace
    Namespace(Name, Arc<str>),
    Text(String, Escaping),
    Comment(Arc<str>),
    /// Target and data
    Instruction(Arc<str>, Arc<str>),
}

/// A node with those around it.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) parent: Option<NodeId>,
    pub(super) first: Option<NodeId>,
    pub(super) last: Option<NodeId>,
    pub(super) previous: Option<NodeId>,
    pub(super) next: Option<NodeId>,
    /// The first attribute; the others hang behind it.
    pub(super) attributes: Option<NodeId>,
}

const NOTHING: Node =
    Node { kind: Kind::Root, parent: None, first: None, last: None, previous: None, next: None, attributes: None };

/// All nodes.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
}

/// Whether a text node of white space alone is left out, by the name of the element that it stands in.
pub(super) type Strips<'a> = &'a dyn Fn(&Name) -> bool;

impl Tree {
    pub(super) fn node(&self, id: NodeId) -> &Node {
        static NONE: Node = NOTHING;
        if id.1 > 0 {
            return &NONE;
        }
        // INVARIANT: numbers come from `add` alone, so the node is always there.
        usize::try_from(id.0).ok().and_then(|index| self.nodes.get(index)).unwrap_or(&NONE)
    }

    fn node_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        usize::try_from(id.0).ok().and_then(|index| self.nodes.get_mut(index))
    }

    pub(super) fn kind(&self, id: NodeId) -> &Kind {
        match id {
            NodeId(_, 0) => &self.node(id).kind,
            NodeId(_, 1) => &XML_NAMESPACE,
            NodeId(element, namespace) => match &self.node(NodeId(element, 0)).kind {
                Kind::Element(_, scope) => scope.node(namespace),
                // INVARIANT: `namespaces` gives numbers for elements alone.
                _ => &XML_NAMESPACE,
            },
        }
    }

    fn add(&mut self, kind: Kind, parent: Option<NodeId>) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX), 0);
        self.nodes.push(Node { kind, parent, ..NOTHING });
        id
    }

    /// A root of its own.
    pub(super) fn root(&mut self) -> NodeId {
        self.add(Kind::Root, None)
    }

    /// A node as the last child of `parent`.
    pub(super) fn append(&mut self, parent: NodeId, kind: Kind) -> NodeId {
        let id = self.add(kind, Some(parent));
        let before = self.node(parent).last;
        if let Some(node) = self.node_mut(id) {
            node.previous = before;
        }
        if let Some(before) = before.and_then(|before| self.node_mut(before)) {
            before.next = Some(id);
        }
        if let Some(parent) = self.node_mut(parent) {
            parent.first = parent.first.or(Some(id));
            parent.last = Some(id);
        }
        id
    }

    /// Text at the end of `parent`: it joins the text that stands there.
    pub(super) fn append_text(&mut self, parent: NodeId, text: &str, escaping: Escaping) {
        if text.is_empty() {
            return;
        }
        if let Some(last) = self.node(parent).last.and_then(|last| self.node_mut(last))
            && let Kind::Text(before, how) = &mut last.kind
            && *how == escaping
        {
            before.push_str(text);
            return;
        }
        self.append(parent, Kind::Text(text.to_owned(), escaping));
    }

    /// Declares a namespace in an element; false when the prefix stands for another.
    pub(super) fn declare(&mut self, element: NodeId, prefix: &Arc<str>, namespace: &Arc<str>) -> bool {
        match self.node_mut(element) {
            Some(Node { kind: Kind::Element(name, scope), .. }) => {
                // A name without a namespace keeps the default namespace away.
                let fits = name.prefix != *prefix || name.namespace == *namespace;
                fits && Arc::make_mut(scope).declare(prefix, namespace)
            }
            _ => false,
        }
    }

    /// An attribute of `parent`, instead of one with the same name, and last as in .NET.
    pub(super) fn set_attribute(&mut self, parent: NodeId, name: Name, value: Arc<str>) {
        let mut last = None;
        for id in self.attributes(parent).collect::<Vec<_>>() {
            if self.name(id) == Some(&name) {
                self.unhang_attribute(parent, last, id);
            } else {
                last = Some(id);
            }
        }
        self.hang_attribute(parent, last, name, value);
    }

    // Takes an attribute out that stands behind `before`; its node stays behind without a place.
    fn unhang_attribute(&mut self, parent: NodeId, before: Option<NodeId>, id: NodeId) {
        let next = self.node(id).next;
        match before {
            Some(before) => {
                if let Some(before) = self.node_mut(before) {
                    before.next = next;
                }
            }
            None => {
                if let Some(parent) = self.node_mut(parent) {
                    parent.attributes = next;
                }
            }
        }
    }

    // An attribute behind the last one.
    fn hang_attribute(&mut self, parent: NodeId, last: Option<NodeId>, name: Name, value: Arc<str>) -> NodeId {
        let id = self.add(Kind::Attribute(name, value), Some(parent));
        match last {
            Some(last) => {
                if let Some(last) = self.node_mut(last) {
                    last.next = Some(id);
                }
            }
            None => {
                if let Some(parent) = self.node_mut(parent) {
                    parent.attributes = Some(id);
                }
            }
        }
        id
    }

    pub(super) fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(self.node(id).first, |id| self.node(*id).next)
    }

    pub(super) fn attributes(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(self.node(id).attributes, |id| self.node(*id).next)
    }

    pub(super) fn ancestors(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(self.parent(id), |id| self.parent(*id))
    }

    pub(super) fn parent(&self, id: NodeId) -> Option<NodeId> {
        match id {
            NodeId(_, 0) => self.node(id).parent,
            NodeId(element, _) => Some(NodeId(element, 0)),
        }
    }

    /// The namespaces that are in force in an element, `xml` first.
    pub(super) fn namespaces(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let scope = match self.kind(id) {
            Kind::Element(_, scope) => Some(scope),
            _ => None,
        };
        let own = scope.into_iter().flat_map(|scope| scope.numbers());
        scope.map(|_| 1).into_iter().chain(own).map(move |number| NodeId(id.0, number))
    }

    /// Whether it hangs on an element without being content of it: an attribute or a namespace.
    pub(super) fn is_aside(&self, id: NodeId) -> bool {
        matches!(self.kind(id), Kind::Attribute(..) | Kind::Namespace(..))
    }

    pub(super) fn is_element(&self, id: NodeId) -> bool {
        matches!(self.kind(id), Kind::Element(..))
    }

    /// The name of an element, an attribute or a namespace.
    pub(super) fn name(&self, id: NodeId) -> Option<&Name> {
        match self.kind(id) {
            Kind::Element(name, _) | Kind::Attribute(name, _) | Kind::Namespace(name, _) => Some(name),
            Kind::Root | Kind::Text(..) | Kind::Comment(_) | Kind::Instruction(..) => None,
        }
    }

    /// The node behind this one in document order, inside of `top`; attributes do not count.
    pub(super) fn following(&self, id: NodeId, top: NodeId) -> Option<NodeId> {
        self.node(id).first.or_else(|| self.beside(id, top))
    }

    /// The same without what stands below.
    pub(super) fn beside(&self, id: NodeId, top: NodeId) -> Option<NodeId> {
        let mut here = id;
        while here != top {
            let node = self.node(here);
            if !matches!(node.kind, Kind::Attribute(..))
                && let Some(next) = node.next
            {
                return Some(next);
            }
            here = self.parent(here)?;
        }
        None
    }

    /// The root of the tree that a node stands in.
    pub(super) fn top(&self, id: NodeId) -> NodeId {
        self.ancestors(id).last().unwrap_or(id)
    }

    /// The text of a node as XPath has it.
    pub(super) fn text(&self, id: NodeId) -> String {
        match self.kind(id) {
            Kind::Attribute(_, text) | Kind::Namespace(_, text) | Kind::Comment(text) | Kind::Instruction(_, text) => {
                text.to_string()
            }
            Kind::Text(text, _) => text.clone(),
            Kind::Root | Kind::Element(..) => {
                let mut text = String::new();
                let mut at = self.node(id).first;
                while let Some(here) = at {
                    if let Kind::Text(more, _) = self.kind(here) {
                        text.push_str(more);
                    }
                    at = self.following(here, id);
                }
                text
            }
        }
    }

    /// Reads a document; white space alone is left out where `strips` says so.
    ///
    /// # Errors
    /// It is not XML; with its place, in words.
    pub(super) fn read(&mut self, text: &str, strips: Strips<'_>) -> Result<NodeId, String> {
        let reading = Reading { root: xml::Root::Document, blanks: Blanks::Kept, nodes_max: NODES_MAX };
        let (document, _) = xml::read(&Arc::from(text), reading).map_err(|failure| match failure {
            xml::Failure::Syntax(why) => format!("the content is not XML: {why}"),
            xml::Failure::TooLarge => "the content is not XML: it is too large".to_owned(),
        })?;
        let root = self.root();
        let outermost = Arc::new(Scope::default());
        let mut declarations_left = DECLARATIONS_MAX;
        let mut open: Vec<(NodeId, Space)> = vec![(root, Space::ByName)];
        let mut at = document.first(Part::Content);
        while let Some(node) = at {
            let (parent, space) = open.last().copied().unwrap_or((root, Space::ByName));
            let made = if node.is_element() {
                let scope = self.scope_of(&node, parent, &outermost, &mut declarations_left)?;
                Some(self.take_element(&node, parent, scope))
            } else {
                self.take(&node, parent, space, strips);
                None
            };
            if let (Some(element), Some(first)) = (made, node.first(Part::Content)) {
                open.push((element, self.space_of(element, space)));
                at = Some(first);
                continue;
            }
            let mut here = node;
            at = loop {
                if let Some(next) = here.next() {
                    break Some(next);
                }
                open.pop();
                match here.parent() {
                    Some(parent) if parent.is_element() => here = parent,
                    Some(_) | None => break None,
                }
            };
        }
        Ok(root)
    }

    // Copies one node that is no element.
    fn take(&mut self, node: &XNode, parent: NodeId, space: Space, strips: Strips<'_>) {
        let is_top = matches!(self.kind(parent), Kind::Root);
        node.with(|kind| match kind {
            xml::Kind::Text(text) | xml::Kind::CData(text) => {
                let is_stripped = is_blank(text) && space == Space::ByName && self.name(parent).is_some_and(strips);
                if !is_top && !is_stripped {
                    self.append_text(parent, text, Escaping::On);
                }
            }
            xml::Kind::Comment(text) => {
                self.append(parent, Kind::Comment(Arc::clone(text)));
            }
            xml::Kind::Instruction(target, data) => {
                self.append(parent, Kind::Instruction(Arc::clone(target), Arc::clone(data)));
            }
            xml::Kind::Element { .. }
            | xml::Kind::Attribute(..)
            | xml::Kind::DocumentType(_)
            | xml::Kind::Document { .. } => {}
        });
    }

    // The namespaces in force in an element.
    fn scope_of(
        &self,
        node: &XNode,
        parent: NodeId,
        outermost: &Arc<Scope>,
        left: &mut usize,
    ) -> Result<Arc<Scope>, String> {
        let outer = match self.kind(parent) {
            Kind::Element(_, scope) => scope,
            _ => outermost,
        };
        let declared = node.declarations();
        if declared.is_empty() {
            return Ok(Arc::clone(outer));
        }
        let scope = Scope::inside(outer, declared);
        match left.checked_sub(scope.len()).filter(|_| scope.len() <= NAMESPACES_MAX) {
            Some(rest) => *left = rest,
            None => return Err("the content declares too many namespaces".to_owned()),
        }
        Ok(Arc::new(scope))
    }

    fn take_element(&mut self, node: &XNode, parent: NodeId, scope: Arc<Scope>) -> NodeId {
        let named = |name: &xml::Name, is_attribute: bool| {
            let prefix = prefix_of(&scope, &name.namespace, is_attribute);
            Name { namespace: Arc::clone(&name.namespace), local: Arc::clone(&name.local), prefix }
        };
        let name = node.name().map(|name| named(&name, false)).unwrap_or_default();
        let attributes: Vec<(Name, Arc<str>)> = node
            .each(Part::Attributes)
            .filter_map(|attribute| {
                attribute.with(|kind| match kind {
                    xml::Kind::Attribute(name, value) if !is_declaration(name) => {
                        Some((named(name, true), Arc::clone(value)))
                    }
                    _ => None,
                })
            })
            .collect();
        let element = self.append(parent, Kind::Element(name, Arc::clone(&scope)));
        // INVARIANT: XML has each attribute once, so none is looked for.
        let mut last = None;
        for (name, value) in attributes {
            last = Some(self.hang_attribute(element, last, name, value));
        }
        element
    }

    fn space_of(&self, element: NodeId, outer: Space) -> Space {
        let value = self.attributes(element).find_map(|id| match self.kind(id) {
            Kind::Attribute(name, value) if *name.namespace == *XML && *name.local == *"space" => Some(&**value),
            _ => None,
        });
        match value {
            Some("preserve") => Space::Kept,
            Some("default") => Space::ByName,
            _ => outer,
        }
    }
}

/// What becomes of white space alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Space {
    ByName,
    Kept,
}

fn is_declaration(name: &xml::Name) -> bool {
    *name.namespace == *XMLNS || name.namespace.is_empty() && *name.local == *"xmlns"
}

// The prefix by which a namespace is written here: an attribute needs one.
fn prefix_of(scope: &Scope, namespace: &str, is_attribute: bool) -> Arc<str> {
    if namespace.is_empty() {
        return Arc::default();
    }
    if namespace == XML {
        return Arc::from("xml");
    }
    let fits =
        |(prefix, bound): &(&Arc<str>, &Arc<str>)| ***bound == *namespace && !(is_attribute && prefix.is_empty());
    scope.all().find(fits).map(|(prefix, _)| Arc::clone(prefix)).unwrap_or_default()
}
