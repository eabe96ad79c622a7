//! Runs expressions over the nodes of a transformation. Functions are in `function`.

use std::rc::Rc;

use super::number;
use super::{Axis, Calculation, Comparison, Expr, Path, Slot, Start, Step, Test};
use crate::policy::xslt::tree::{Kind, NodeId};
use crate::policy::xslt::world::{Fail, World};

pub(in crate::policy::xslt) type Outcome<T> = Result<T, Fail>;

/// What an expression gives.
#[derive(Clone, Debug)]
pub(in crate::policy::xslt) enum Value {
    /// In document order, each once.
    Nodes(Rc<Vec<NodeId>>),
    /// What the content of a variable built: the root of a tree of its own.
    Fragment(NodeId),
    Text(Rc<str>),
    Number(f64),
    Bool(bool),
}

/// What an expression is run with.
#[derive(Clone, Copy, Debug)]
pub(in crate::policy::xslt) struct Focus {
    pub(in crate::policy::xslt) node: NodeId,
    pub(in crate::policy::xslt) position: usize,
    pub(in crate::policy::xslt) size: usize,
    /// `current()`
    pub(in crate::policy::xslt) current: NodeId,
}

impl Focus {
    pub(in crate::policy::xslt) const fn on(node: NodeId, position: usize, size: usize) -> Self {
        Self { node, position, size, current: node }
    }

    pub(super) const fn inside(self, node: NodeId, position: usize, size: usize) -> Self {
        Self { node, position, size, current: self.current }
    }
}

impl Value {
    pub(in crate::policy::xslt) fn text(&self, world: &World<'_>) -> Outcome<Rc<str>> {
        Ok(match self {
            Self::Nodes(nodes) => match nodes.first() {
                Some(first) => world.text(*first)?,
                None => Rc::from(""),
            },
            Self::Fragment(root) => world.text(*root)?,
            Self::Text(text) => Rc::clone(text),
            Self::Number(value) => Rc::from(number::text(*value)),
            Self::Bool(value) => Rc::from(if *value { "true" } else { "false" }),
        })
    }

    pub(in crate::policy::xslt) fn number(&self, world: &World<'_>) -> Outcome<f64> {
        Ok(match self {
            Self::Nodes(_) | Self::Fragment(_) | Self::Text(_) => number::number(&self.text(world)?),
            Self::Number(value) => *value,
            Self::Bool(value) => f64::from(u8::from(*value)),
        })
    }

    pub(in crate::policy::xslt) fn bool(&self) -> bool {
        match self {
            Self::Nodes(nodes) => !nodes.is_empty(),
            Self::Fragment(_) => true,
            Self::Text(text) => !text.is_empty(),
            Self::Number(value) => *value != 0.0 && !value.is_nan(),
            Self::Bool(value) => *value,
        }
    }

    pub(in crate::policy::xslt) fn nodes(self) -> Outcome<Rc<Vec<NodeId>>> {
        match self {
            Self::Nodes(nodes) => Ok(nodes),
            Self::Fragment(_) => {
                Err(Fail::new("a tree that a variable holds is no node-set; `msxsl:node-set` makes one of it"))
            }
            Self::Text(_) | Self::Number(_) | Self::Bool(_) => Err(Fail::new("the expression gives no node-set")),
        }
    }
}

impl World<'_> {
    /// Runs an expression.
    pub(in crate::policy::xslt) fn eval(&self, expr: &Expr, focus: Focus) -> Outcome<Value> {
        self.charge(1)?;
        Ok(match expr {
            Expr::Or(left, right) => Value::Bool(self.bool(left, focus)? || self.bool(right, focus)?),
            Expr::And(left, right) => Value::Bool(self.bool(left, focus)? && self.bool(right, focus)?),
            Expr::Compare(how, left, right) => {
                let (left, right) = (self.eval(left, focus)?, self.eval(right, focus)?);
                Value::Bool(self.compare(*how, &left, &right)?)
            }
            Expr::Calculate(how, left, right) => {
                let (left, right) = (self.number(left, focus)?, self.number(right, focus)?);
                Value::Number(match how {
                    Calculation::Add => left + right,
                    Calculation::Subtract => left - right,
                    Calculation::Multiply => left * right,
                    Calculation::Divide => left / right,
                    Calculation::Remainder => left % right,
                })
            }
            Expr::Negate(inner) => Value::Number(-self.number(inner, focus)?),
            Expr::Union(left, right) => {
                let (left, right) = (self.eval(left, focus)?.nodes()?, self.eval(right, focus)?.nodes()?);
                self.charge(left.len() + right.len())?;
                let mut nodes: Vec<NodeId> = left.iter().chain(right.iter()).copied().collect();
                in_order(&mut nodes);
                Value::Nodes(Rc::new(nodes))
            }
            Expr::Number(value) => Value::Number(*value),
            Expr::Text(text) => Value::Text(Rc::from(&**text)),
            Expr::Variable(slot) => self.variable(*slot)?,
            Expr::Call(function, arguments) => self.call(*function, arguments, focus)?,
            Expr::Path(path) => Value::Nodes(Rc::new(self.path(path, focus)?)),
            Expr::Filter(base, predicates) => {
                let mut nodes = self.eval(base, focus)?.nodes()?.to_vec();
                for predicate in predicates {
                    nodes = self.sift(nodes, predicate, focus)?;
                }
                Value::Nodes(Rc::new(nodes))
            }
        })
    }

    pub(in crate::policy::xslt) fn bool(&self, expr: &Expr, focus: Focus) -> Outcome<bool> {
        Ok(self.eval(expr, focus)?.bool())
    }

    pub(super) fn number(&self, expr: &Expr, focus: Focus) -> Outcome<f64> {
        self.eval(expr, focus)?.number(self)
    }

    // The root of the tree that a node stands in.
    fn top(&self, node: NodeId) -> Outcome<NodeId> {
        self.charge(self.tree.ancestors(node).count() / 4)?;
        Ok(self.tree.top(node))
    }

    fn variable(&self, slot: Slot) -> Outcome<Value> {
        let value = match slot {
            Slot::Local(index) => self.locals().get(index).cloned().flatten(),
            Slot::Global(index) => self.globals.get(index).cloned().flatten(),
        };
        value.ok_or_else(|| Fail::new("a variable is used before it has a value"))
    }

    fn path(&self, path: &Path, focus: Focus) -> Outcome<Vec<NodeId>> {
        let mut nodes = match &path.start {
            Start::Context => vec![focus.node],
            Start::Root => vec![self.top(focus.node)?],
            Start::Expr(start) => self.eval(start, focus)?.nodes()?.to_vec(),
        };
        for step in &path.steps {
            nodes = self.step(step, &nodes, focus)?;
        }
        Ok(nodes)
    }

    fn step(&self, step: &Step, from: &[NodeId], focus: Focus) -> Outcome<Vec<NodeId>> {
        let mut found = Vec::new();
        for origin in from {
            let mut nodes = Vec::new();
            self.walk(step.axis, *origin, &mut |world, node| {
                world.charge(1)?;
                if world.fits(node, &step.test, step.axis) {
                    nodes.push(node);
                }
                Ok(())
            })?;
            for predicate in &step.predicates {
                nodes = self.sift(nodes, predicate, focus)?;
            }
            found.append(&mut nodes);
        }
        // INVARIANT: one origin gives its nodes once, forwards or backwards.
        if from.len() > 1 || is_reverse(step.axis) {
            self.charge(found.len())?;
            in_order(&mut found);
        }
        Ok(found)
    }

    /// The nodes for which a predicate holds; a number asks for a position.
    pub(in crate::policy::xslt) fn sift(
        &self,
        nodes: Vec<NodeId>,
        predicate: &Expr,
        focus: Focus,
    ) -> Outcome<Vec<NodeId>> {
        if let Expr::Number(wanted) = predicate {
            let at = |(index, _): &(usize, NodeId)| is_position(*wanted, index + 1);
            return Ok(nodes.into_iter().enumerate().find(at).map(|(_, node)| node).into_iter().collect());
        }
        let size = nodes.len();
        let mut kept = Vec::with_capacity(size);
        for (index, node) in nodes.into_iter().enumerate() {
            let holds = match self.eval(predicate, focus.inside(node, index + 1, size))? {
                Value::Number(wanted) => is_position(wanted, index + 1),
                other => other.bool(),
            };
            if holds {
                kept.push(node);
            }
        }
        Ok(kept)
    }

    // Visits the nodes of an axis, nearest first.
    fn walk(&self, axis: Axis, origin: NodeId, visit: &mut dyn FnMut(&Self, NodeId) -> Outcome<()>) -> Outcome<()> {
        let tree = &self.tree;
        match axis {
            Axis::Itself => visit(self, origin),
            Axis::Child => tree.children(origin).try_for_each(|node| visit(self, node)),
            Axis::Attribute if tree.is_element(origin) => {
                tree.attributes(origin).try_for_each(|node| visit(self, node))
            }
            Axis::Attribute => Ok(()),
            Axis::Namespace => tree.namespaces(origin).try_for_each(|node| visit(self, node)),
            Axis::Parent => tree.parent(origin).map_or(Ok(()), |node| visit(self, node)),
            Axis::Ancestor => tree.ancestors(origin).try_for_each(|node| visit(self, node)),
            Axis::AncestorOrSelf => {
                visit(self, origin)?;
                tree.ancestors(origin).try_for_each(|node| visit(self, node))
            }
            Axis::Descendant => self.below(origin, visit),
            Axis::DescendantOrSelf => {
                visit(self, origin)?;
                self.below(origin, visit)
            }
            Axis::FollowingSibling | Axis::PrecedingSibling if tree.is_aside(origin) => Ok(()),
            Axis::FollowingSibling => std::iter::successors(tree.node(origin).next, |id| tree.node(*id).next)
                .try_for_each(|node| visit(self, node)),
            Axis::PrecedingSibling => std::iter::successors(tree.node(origin).previous, |id| tree.node(*id).previous)
                .try_for_each(|node| visit(self, node)),
            Axis::Following => self.behind(origin, visit),
            Axis::Preceding => self.before(origin, visit),
        }
    }

    fn below(&self, origin: NodeId, visit: &mut dyn FnMut(&Self, NodeId) -> Outcome<()>) -> Outcome<()> {
        let mut at = self.tree.node(origin).first;
        while let Some(node) = at {
            visit(self, node)?;
            at = self.tree.following(node, origin);
        }
        Ok(())
    }

    fn behind(&self, origin: NodeId, visit: &mut dyn FnMut(&Self, NodeId) -> Outcome<()>) -> Outcome<()> {
        let top = self.top(origin)?;
        let first = self.tree.parent(origin).filter(|_| self.tree.is_aside(origin));
        let mut at = match first.and_then(|element| self.tree.node(element).first) {
            Some(child) => Some(child),
            None => self.tree.beside(origin, top),
        };
        while let Some(node) = at {
            visit(self, node)?;
            at = self.tree.following(node, top);
        }
        Ok(())
    }

    // From the nearest backwards, without those above.
    fn before(&self, origin: NodeId, visit: &mut dyn FnMut(&Self, NodeId) -> Outcome<()>) -> Outcome<()> {
        let tree = &self.tree;
        let lowest = |mut node: NodeId| {
            while let Some(last) = tree.node(node).last {
                node = last;
            }
            node
        };
        let start = tree.parent(origin).filter(|_| tree.is_aside(origin)).unwrap_or(origin);
        for above in std::iter::once(start).chain(tree.ancestors(start)) {
            let mut sibling = tree.node(above).previous;
            while let Some(top) = sibling {
                let mut node = lowest(top);
                loop {
                    visit(self, node)?;
                    if node == top {
                        break;
                    }
                    node = match tree.node(node).previous {
                        Some(previous) => lowest(previous),
                        None => tree.parent(node).unwrap_or(top),
                    };
                }
                sibling = tree.node(top).previous;
            }
        }
        Ok(())
    }

    /// Whether a node is what a step asks for.
    pub(in crate::policy::xslt) fn fits(&self, node: NodeId, test: &Test, axis: Axis) -> bool {
        let kind = self.tree.kind(node);
        let principal = match kind {
            Kind::Element(name, _) if !matches!(axis, Axis::Attribute | Axis::Namespace) => Some(name),
            Kind::Namespace(name, _) if axis == Axis::Namespace => Some(name),
            Kind::Attribute(name, _) if axis == Axis::Attribute => Some(name),
            _ => None,
        };
        match test {
            Test::Name(wanted) => principal.is_some_and(|name| name == wanted),
            Test::Namespace(wanted) => principal.is_some_and(|name| name.namespace == *wanted),
            Test::AnyName => principal.is_some(),
            Test::Node => true,
            Test::Text => matches!(kind, Kind::Text(..)),
            Test::Comment => matches!(kind, Kind::Comment(_)),
            Test::Instruction(wanted) => match kind {
                Kind::Instruction(target, _) => wanted.as_ref().is_none_or(|wanted| wanted == target),
                _ => false,
            },
        }
    }

    fn compare(&self, how: Comparison, left: &Value, right: &Value) -> Outcome<bool> {
        match (left, right) {
            (Value::Nodes(left), Value::Nodes(right)) => self.compare_nodes(how, left, right),
            (Value::Nodes(nodes), other) => {
                self.compare_each(nodes, other, |each| self.compare_plain(how, each, other))
            }
            (other, Value::Nodes(nodes)) => {
                self.compare_each(nodes, other, |each| self.compare_plain(how, other, each))
            }
            (left, right) => self.compare_plain(how, left, right),
        }
    }

    fn compare_nodes(&self, how: Comparison, left: &[NodeId], right: &[NodeId]) -> Outcome<bool> {
        let texts = |nodes: &[NodeId]| nodes.iter().map(|node| self.text(*node)).collect::<Outcome<Vec<_>>>();
        let (left, right) = (texts(left)?, texts(right)?);
        for one in &left {
            for other in &right {
                self.charge(1 + one.len().min(other.len()) / 16)?;
                if self.compare_plain(how, &Value::Text(Rc::clone(one)), &Value::Text(Rc::clone(other)))? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    // XPath 1.0 §3.4: against a boolean the set counts as a whole, else each node by its text.
    fn compare_each(
        &self,
        nodes: &Rc<Vec<NodeId>>,
        other: &Value,
        compare: impl Fn(&Value) -> Outcome<bool>,
    ) -> Outcome<bool> {
        if matches!(other, Value::Bool(_)) {
            return compare(&Value::Bool(!nodes.is_empty()));
        }
        for node in nodes.iter() {
            let text = self.text(*node)?;
            if compare(&Value::Text(text))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn compare_plain(&self, how: Comparison, left: &Value, right: &Value) -> Outcome<bool> {
        let is_equal = match how {
            Comparison::Equal | Comparison::NotEqual => match (left, right) {
                (Value::Bool(_), _) | (_, Value::Bool(_)) => left.bool() == right.bool(),
                (Value::Number(_), _) | (_, Value::Number(_)) => same(left.number(self)?, right.number(self)?),
                _ => left.text(self)? == right.text(self)?,
            },
            Comparison::Less | Comparison::LessOrEqual | Comparison::Greater | Comparison::GreaterOrEqual => {
                let (left, right) = (left.number(self)?, right.number(self)?);
                return Ok(match how {
                    Comparison::Less => left < right,
                    Comparison::LessOrEqual => left <= right,
                    Comparison::Greater => left > right,
                    Comparison::GreaterOrEqual | Comparison::Equal | Comparison::NotEqual => left >= right,
                });
            }
        };
        Ok(is_equal == (how == Comparison::Equal))
    }
}

fn same(left: f64, right: f64) -> bool {
    left == right
}

fn is_position(wanted: f64, position: usize) -> bool {
    u32::try_from(position).is_ok_and(|position| same(wanted, f64::from(position)))
}

const fn is_reverse(axis: Axis) -> bool {
    matches!(axis, Axis::Ancestor | Axis::AncestorOrSelf | Axis::Preceding | Axis::PrecedingSibling)
}

fn in_order(nodes: &mut Vec<NodeId>) {
    nodes.sort_unstable();
    nodes.dedup();
}
