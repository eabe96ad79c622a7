//! Patterns: what a template or a key is for, and whether a node is that. XSLT 1.0 §5.2.

use super::tree::{Kind, NodeId};
use super::world::World;
use super::xpath::eval::{Focus, Outcome};
use super::xpath::function::Function;
use super::xpath::{Axis, Expr, Mistake, Names, Path, Start, Step, Test, parse};

/// One alternative of a pattern.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    start: Anchor,
    /// Outermost first.
    steps: Vec<Link>,
}

/// Where a pattern must hang.
#[derive(Clone, Debug)]
enum Anchor {
    Anywhere,
    Root,
    /// One of the nodes that `key` or `id` gives.
    Nodes(Expr),
}

/// A step, and how it hangs on the one before it.
#[derive(Clone, Debug)]
struct Link {
    gap: Gap,
    step: Step,
    /// Whether a predicate may ask for a position.
    is_positional: bool,
}

/// What may stand between two steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gap {
    Nothing,
    Anything,
}

/// Reads a pattern into its alternatives.
pub(super) fn read(source: &str, names: &dyn Names) -> Result<Vec<Pattern>, Mistake> {
    let mut alternatives = Vec::new();
    split(parse::read(source, names)?, &mut alternatives)?;
    Ok(alternatives)
}

fn split(expr: Expr, found: &mut Vec<Pattern>) -> Result<(), Mistake> {
    match expr {
        Expr::Union(left, right) => {
            split(*left, found)?;
            split(*right, found)
        }
        Expr::Path(path) => {
            found.push(of_path(path)?);
            Ok(())
        }
        call @ Expr::Call(Function::Key | Function::Id, _) => {
            found.push(Pattern { start: Anchor::Nodes(call), steps: Vec::new() });
            Ok(())
        }
        _ => Err(refused()),
    }
}

fn refused() -> Mistake {
    Mistake::new(0, "a pattern is made of paths over the axes `child` and `attribute`, joined by `|`")
}

fn of_path(path: Path) -> Result<Pattern, Mistake> {
    let mut gap = Gap::Nothing;
    let mut steps = Vec::with_capacity(path.steps.len());
    for step in path.steps {
        let is_gap = step.axis == Axis::DescendantOrSelf && step.test == Test::Node && step.predicates.is_empty();
        if is_gap {
            gap = Gap::Anything;
            continue;
        }
        if !matches!(step.axis, Axis::Child | Axis::Attribute) {
            return Err(refused());
        }
        let is_positional = step.predicates.iter().any(asks_for_position);
        steps.push(Link { gap, step, is_positional });
        gap = Gap::Nothing;
    }
    let start = match path.start {
        Start::Context => Anchor::Anywhere,
        Start::Root => Anchor::Root,
        Start::Expr(start) => match *start {
            call @ Expr::Call(Function::Key | Function::Id, _) => Anchor::Nodes(call),
            _ => return Err(refused()),
        },
    };
    Ok(Pattern { start, steps })
}

// Whether a predicate may give a number, or looks at where the node stands among its siblings.
fn asks_for_position(predicate: &Expr) -> bool {
    let gives_number = !matches!(
        predicate,
        Expr::Or(..) | Expr::And(..) | Expr::Compare(..) | Expr::Union(..) | Expr::Text(_) | Expr::Path(_)
    ) && !matches!(
        predicate,
        Expr::Call(
            Function::Boolean
                | Function::Contains
                | Function::Not
                | Function::StartsWith
                | Function::Key
                | Function::String,
            _
        )
    );
    gives_number || names_position(predicate)
}

fn names_position(expr: &Expr) -> bool {
    match expr {
        Expr::Or(left, right)
        | Expr::And(left, right)
        | Expr::Compare(_, left, right)
        | Expr::Calculate(_, left, right)
        | Expr::Union(left, right) => names_position(left) || names_position(right),
        Expr::Negate(inner) => names_position(inner),
        Expr::Number(_) | Expr::Text(_) | Expr::Variable(_) => false,
        Expr::Call(Function::Position | Function::Last, _) => true,
        Expr::Call(_, arguments) => arguments.iter().any(names_position),
        Expr::Path(path) => match &path.start {
            Start::Expr(start) => names_position(start),
            Start::Context | Start::Root => false,
        },
        Expr::Filter(base, _) => names_position(base),
    }
}

impl Pattern {
    /// `/`
    pub(super) const fn root() -> Self {
        Self { start: Anchor::Root, steps: Vec::new() }
    }

    /// The priority of a template that says none.
    pub(super) fn priority(&self) -> f64 {
        let [link] = self.steps.as_slice() else { return 0.5 };
        if !matches!(self.start, Anchor::Anywhere) || !link.step.predicates.is_empty() || link.gap == Gap::Anything {
            return 0.5;
        }
        match &link.step.test {
            Test::Name(_) | Test::Instruction(Some(_)) => 0.0,
            Test::Namespace(_) => -0.25,
            Test::AnyName | Test::Node | Test::Text | Test::Comment | Test::Instruction(None) => -0.5,
        }
    }
}

impl World<'_> {
    /// Whether a node is what a pattern is for.
    pub(super) fn matches(&self, node: NodeId, pattern: &Pattern) -> Outcome<bool> {
        self.charge(1)?;
        self.hangs(node, pattern, pattern.steps.len())
    }

    // Whether `node` is what the first `count` steps lead to.
    fn hangs(&self, node: NodeId, pattern: &Pattern, count: usize) -> Outcome<bool> {
        let Some(link) = count.checked_sub(1).and_then(|index| pattern.steps.get(index)) else {
            return self.is_anchor(node, &pattern.start);
        };
        if !self.is_step(node, link)? {
            return Ok(false);
        }
        let rest = count - 1;
        if rest == 0 && matches!(pattern.start, Anchor::Anywhere) {
            return Ok(true);
        }
        let Some(parent) = self.tree.parent(node) else { return Ok(false) };
        if link.gap == Gap::Nothing {
            return self.hangs(parent, pattern, rest);
        }
        for above in std::iter::once(parent).chain(self.tree.ancestors(parent)) {
            self.charge(1)?;
            if self.hangs(above, pattern, rest)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_anchor(&self, node: NodeId, start: &Anchor) -> Outcome<bool> {
        match start {
            Anchor::Anywhere => Ok(true),
            Anchor::Root => Ok(matches!(self.tree.kind(node), Kind::Root)),
            Anchor::Nodes(call) => Ok(self.eval(call, Focus::on(node, 1, 1))?.nodes()?.contains(&node)),
        }
    }

    fn is_step(&self, node: NodeId, link: &Link) -> Outcome<bool> {
        let step = &link.step;
        let is_on_axis = match self.tree.kind(node) {
            Kind::Root | Kind::Namespace(..) => false,
            Kind::Attribute(..) => step.axis == Axis::Attribute,
            Kind::Element(..) | Kind::Text(..) | Kind::Comment(_) | Kind::Instruction(..) => step.axis == Axis::Child,
        };
        if !is_on_axis {
            return Ok(false);
        }
        if !self.fits(node, &step.test, step.axis) {
            return Ok(false);
        }
        if step.predicates.is_empty() {
            return Ok(true);
        }
        let focus = Focus::on(node, 1, 1);
        if !link.is_positional {
            for predicate in &step.predicates {
                if !self.bool(predicate, focus)? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        let Some(parent) = self.tree.parent(node) else { return Ok(false) };
        let mut nodes: Vec<NodeId> = match step.axis {
            Axis::Attribute => self.tree.attributes(parent).collect(),
            _ => self.tree.children(parent).collect(),
        };
        self.charge(nodes.len())?;
        nodes.retain(|node| self.fits(*node, &step.test, step.axis));
        for predicate in &step.predicates {
            nodes = self.sift(nodes, predicate, focus)?;
        }
        Ok(nodes.contains(&node))
    }
}
