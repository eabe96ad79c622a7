//! The axes, one step at a time, as .NET's iterators walk them while the tree may change under them.

use super::{Name, Part, XNode};

/// Where a walk leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Axis {
    Nodes,
    Attributes,
    Descendants,
    DescendantsAndSelf,
    Ancestors,
    AncestorsAndSelf,
    After,
    Before,
}

/// Whether a walk gives all nodes or elements alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sieve {
    Nodes,
    Elements,
}

/// Where a node had a parent before, and has none now: .NET's iterators fail there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault;

/// A walk that has begun.
#[derive(Debug)]
pub(crate) struct Walk {
    axis: Axis,
    sieve: Sieve,
    name: Option<Name>,
    origin: XNode,
    at: Place,
}

#[derive(Debug)]
enum Place {
    Start,
    At(XNode),
    End,
}

impl Walk {
    /// From `origin`; with a name, only what is called so.
    pub(crate) fn new(axis: Axis, sieve: Sieve, name: Option<Name>, origin: XNode) -> Self {
        Self { axis, sieve, name, origin, at: Place::Start }
    }

    /// The next node; every one that is passed over is a step of `passed`.
    pub(crate) fn next(&mut self, passed: &mut u32) -> Result<Option<XNode>, Fault> {
        loop {
            *passed = passed.saturating_add(1);
            let Some(node) = self.step()? else {
                self.at = Place::End;
                return Ok(None);
            };
            self.at = Place::At(node.clone());
            let fits = (self.sieve == Sieve::Nodes || node.is_element())
                && self.name.as_ref().is_none_or(|name| node.is_named(name));
            if fits {
                return Ok(Some(node));
            }
        }
    }

    fn step(&self) -> Result<Option<XNode>, Fault> {
        let origin = &self.origin;
        let at = match &self.at {
            Place::End => return Ok(None),
            Place::Start => None,
            Place::At(node) => Some(node),
        };
        Ok(match (self.axis, at) {
            (Axis::Nodes, None) => origin.first(Part::Content),
            (Axis::Attributes, None) => origin.first(Part::Attributes),
            // What was taken out of this parent ends the walk.
            (Axis::Nodes | Axis::Attributes, Some(node)) => {
                let stays = node.parent().is_some_and(|parent| parent.is_same(origin));
                if stays { node.next() } else { None }
            }
            (Axis::DescendantsAndSelf | Axis::AncestorsAndSelf, None) => Some(origin.clone()),
            (Axis::Descendants, None) => origin.first(Part::Content),
            (Axis::Descendants | Axis::DescendantsAndSelf, Some(node)) => return below(node, origin),
            (Axis::Ancestors, None) => origin.parent().filter(XNode::is_element),
            (Axis::Ancestors | Axis::AncestorsAndSelf, Some(node)) => node.parent().filter(XNode::is_element),
            (Axis::After, at) => at.unwrap_or(origin).next(),
            (Axis::Before, None) => {
                let first = origin.parent().and_then(|parent| parent.first(Part::Content));
                first.filter(|first| !first.is_same(origin))
            }
            (Axis::Before, Some(node)) => {
                let parent = origin.parent();
                let stays = match (&parent, node.parent()) {
                    (Some(parent), Some(other)) => parent.is_same(&other),
                    _ => false,
                };
                if stays { node.next().filter(|next| !next.is_same(origin)) } else { None }
            }
        })
    }
}

// The node behind this one in document order; one that stands nowhere any more, and has nothing below, leads nowhere.
fn below(node: &XNode, root: &XNode) -> Result<Option<XNode>, Fault> {
    if let Some(first) = node.first(Part::Content) {
        return Ok(Some(first));
    }
    let mut node = node.clone();
    while !node.is_same(root) {
        let parent = node.parent().ok_or(Fault)?;
        if let Some(next) = node.next() {
            return Ok(Some(next));
        }
        node = parent;
    }
    Ok(None)
}
