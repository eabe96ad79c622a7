//! What a transformation sees while it runs: its trees, variables and keys, and what it may still spend. Executes no instructions.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use super::stylesheet::Stylesheet;
use super::tree::{Name, NodeId, Tree};
use super::xpath::eval::{Focus, Outcome, Value};

/// Steps that one transformation may take: visits of nodes, expressions, instructions, 16 bytes of text.
const STEPS_MAX: usize = 10_000_000;

/// What a node that is made costs, in steps.
pub(super) const NODE_STEPS: usize = 8;

/// Why a transformation ended without a result, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fail(pub(super) String);

impl Fail {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// The nodes of one tree by what a key says of them.
type Index = Rc<BTreeMap<Rc<str>, Vec<NodeId>>>;

/// What a transformation sees.
#[derive(Debug)]
pub(super) struct World<'s> {
    pub(super) sheet: &'s Stylesheet,
    pub(super) tree: Tree,
    pub(super) globals: Vec<Option<Value>>,
    /// The variables of the templates that run, the innermost last.
    pub(super) activations: Vec<Vec<Option<Value>>>,
    steps_left: Cell<usize>,
    keys: RefCell<BTreeMap<(NodeId, Name), Index>>,
}

impl<'s> World<'s> {
    pub(super) fn new(sheet: &'s Stylesheet) -> Self {
        Self {
            sheet,
            tree: Tree::default(),
            globals: vec![None; sheet.globals.len()],
            activations: Vec::new(),
            steps_left: Cell::new(STEPS_MAX),
            keys: RefCell::default(),
        }
    }

    /// Pays for so many steps.
    pub(super) fn charge(&self, steps: usize) -> Outcome<()> {
        match self.steps_left.get().checked_sub(steps) {
            Some(left) => {
                self.steps_left.set(left);
                Ok(())
            }
            None => Err(Fail::new(format!("the transformation takes more than {STEPS_MAX} steps"))),
        }
    }

    pub(super) fn locals(&self) -> &[Option<Value>] {
        self.activations.last().map_or(&[], Vec::as_slice)
    }

    /// The text of a node.
    pub(super) fn text(&self, node: NodeId) -> Outcome<Rc<str>> {
        let text = self.tree.text(node);
        self.charge(1 + text.len() / 16)?;
        Ok(Rc::from(text))
    }

    /// The nodes in the tree of `node` of which the key `name` says one of `value`.
    pub(super) fn key(&self, name: &str, value: &Value, node: NodeId) -> Outcome<Vec<NodeId>> {
        let name = self.sheet.key_named(name).ok_or_else(|| Fail::new(format!("there is no key `{name}`")))?;
        self.charge(self.tree.ancestors(node).count() / 4)?;
        let index = self.index(self.tree.top(node), name)?;
        let mut found = Vec::new();
        match value {
            Value::Nodes(nodes) => {
                for node in nodes.iter() {
                    found.extend(index.get(&self.text(*node)?).into_iter().flatten().copied());
                }
            }
            other => found.extend(index.get(&other.text(self)?).into_iter().flatten().copied()),
        }
        self.charge(found.len())?;
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    fn index(&self, top: NodeId, name: &Name) -> Outcome<Index> {
        let place = (top, name.clone());
        if let Some(known) = self.keys.borrow().get(&place) {
            return Ok(Rc::clone(known));
        }
        // A key that uses itself finds itself empty.
        self.keys.borrow_mut().insert(place.clone(), Index::default());
        let mut index: BTreeMap<Rc<str>, Vec<NodeId>> = BTreeMap::new();
        for key in self.sheet.keys.iter().filter(|key| key.name == *name) {
            let mut at = Some(top);
            while let Some(node) = at {
                self.charge(1)?;
                for node in std::iter::once(node).chain(self.tree.attributes(node)) {
                    if !self.matches_any(node, &key.patterns)? {
                        continue;
                    }
                    match self.eval(&key.uses, Focus::on(node, 1, 1))? {
                        Value::Nodes(texts) => {
                            for text in texts.iter() {
                                index.entry(self.text(*text)?).or_default().push(node);
                            }
                        }
                        other => index.entry(other.text(self)?).or_default().push(node),
                    }
                }
                at = self.tree.following(node, top);
            }
        }
        let index = Rc::new(index);
        self.keys.borrow_mut().insert(place, Rc::clone(&index));
        Ok(index)
    }

    /// Whether a node is what one of these patterns is for.
    pub(super) fn matches_any(&self, node: NodeId, patterns: &[super::pattern::Pattern]) -> Outcome<bool> {
        for pattern in patterns {
            if self.matches(node, pattern)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
