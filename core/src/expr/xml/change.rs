//! Changes of a tree. Every one keeps it a tree; what .NET copies, because it stands elsewhere already, the caller copies before.

use std::sync::{Arc, Weak};

use super::{DEPTH_MAX, Declaration, Kind, Name, Part, Tag, XNode};

/// Why a change is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChangeError {
    /// The tree would be deeper than [`DEPTH_MAX`].
    TooDeep,
}

impl XNode {
    /// Hangs `node`, which stands nowhere, behind `after`, or in front of all.
    ///
    /// # Errors
    /// [`ChangeError::TooDeep`], and nothing is changed.
    pub(crate) fn hang(&self, part: Part, after: Option<&Self>, node: &Self) -> Result<(), ChangeError> {
        if part == Part::Content {
            self.grow(node.lock().height)?;
        }
        self.link(part, after, node);
        Ok(())
    }

    /// As [`XNode::append`] for content, when it is known how many nodes stand above `self`, and that it is not too deep.
    pub(super) fn append_below(&self, node: &Self) {
        self.raise(node.lock().height.saturating_add(1));
        self.link(Part::Content, self.last(Part::Content).as_ref(), node);
    }

    fn link(&self, part: Part, after: Option<&Self>, node: &Self) {
        let following = match after {
            Some(after) => after.lock().next.replace(node.clone()),
            None => self.chain(part, |chain| chain.first.replace(node.clone())).flatten(),
        };
        {
            let mut inner = node.lock();
            inner.parent = Arc::downgrade(&self.0);
            inner.previous = after.map_or_else(Weak::new, |after| Arc::downgrade(&after.0));
            inner.next.clone_from(&following);
        }
        match following {
            Some(following) => following.lock().previous = Arc::downgrade(&node.0),
            None => {
                self.chain(part, |chain| chain.last = Arc::downgrade(&node.0));
            }
        }
        if part == Part::Content {
            self.set_tag(Tag::Full);
        }
    }

    /// Hangs `node`, which stands nowhere, behind all others.
    ///
    /// # Errors
    /// [`ChangeError::TooDeep`], and nothing is changed.
    pub(crate) fn append(&self, part: Part, node: &Self) -> Result<(), ChangeError> {
        self.hang(part, self.last(part).as_ref(), node)
    }

    // Makes room for a child of this height, here and above.
    fn grow(&self, child: u16) -> Result<(), ChangeError> {
        let wanted = child.saturating_add(1);
        if self.lock().height >= wanted {
            return Ok(());
        }
        let depth = u16::try_from(self.depth()).unwrap_or(u16::MAX);
        if depth.saturating_add(wanted) > DEPTH_MAX {
            return Err(ChangeError::TooDeep);
        }
        self.raise(wanted);
        Ok(())
    }

    fn raise(&self, height: u16) {
        let mut wanted = height;
        let mut node = Some(self.clone());
        while let Some(here) = node {
            let mut inner = here.lock();
            if inner.height >= wanted {
                break;
            }
            inner.height = wanted;
            wanted = wanted.saturating_add(1);
            node = inner.parent.upgrade().map(Self);
        }
    }

    /// Takes it out of its parent.
    pub(crate) fn detach(&self) {
        let Some(parent) = self.parent() else { return };
        let part = if self.is_attribute() { Part::Attributes } else { Part::Content };
        let (next, previous) = {
            let mut inner = self.lock();
            inner.parent = Weak::new();
            (inner.next.take(), std::mem::take(&mut inner.previous).upgrade().map(Self))
        };
        let weak = previous.as_ref().map_or_else(Weak::new, |previous| Arc::downgrade(&previous.0));
        match &next {
            Some(next) => next.lock().previous = weak,
            None => {
                parent.chain(part, |chain| chain.last = weak);
            }
        }
        match previous {
            Some(previous) => previous.lock().next = next,
            None => {
                let is_empty = next.is_none();
                parent.chain(part, |chain| chain.first = next);
                if is_empty && part == Part::Content {
                    parent.set_tag(Tag::Empty);
                }
            }
        }
    }

    pub(crate) fn set_tag(&self, wanted: Tag) {
        self.change(|kind| {
            if let Kind::Element { tag, .. } = kind {
                *tag = wanted;
            }
        });
    }

    pub(crate) fn set_name(&self, wanted: Name) {
        self.change(|kind| {
            if let Kind::Element { name, .. } = kind {
                *name = wanted;
            }
        });
    }

    /// Gives a text, a comment, an instruction or an attribute another text.
    pub(crate) fn set_text(&self, wanted: Arc<str>) {
        self.change(|kind| match kind {
            Kind::Attribute(_, text)
            | Kind::Text(text)
            | Kind::CData(text)
            | Kind::Comment(text)
            | Kind::Instruction(_, text) => *text = wanted,
            Kind::Element { .. } | Kind::Document { .. } | Kind::DocumentType(_) => {}
        });
    }

    /// Adds to a text; gives how long it is now.
    pub(crate) fn push_text(&self, more: &str) -> usize {
        self.change(|kind| match kind {
            Kind::Text(text) => {
                *text = format!("{text}{more}").into();
                text.len()
            }
            _ => 0,
        })
    }

    /// A copy without a parent and without annotations, and how many nodes it has; nothing when there are more than `nodes_max`.
    pub(crate) fn copied(&self, nodes_max: usize) -> Option<(Self, usize)> {
        let mut count = 0;
        let copy = self.copied_alone(nodes_max, &mut count)?;
        let mut source = self.clone();
        // The copies of the nodes above the one that comes next, topmost first.
        let mut above = vec![copy.clone()];
        while let Some(next) = source.following(self) {
            let mut node = source.clone();
            let is_below = next.parent().is_some_and(|parent| parent.is_same(&source));
            while !is_below && !node.is_same(self) {
                above.pop();
                if node.next().is_some() {
                    break;
                }
                node = node.parent()?;
            }
            let target = next.copied_alone(nodes_max, &mut count)?;
            above.last()?.append_below(&target);
            above.push(target);
            source = next;
        }
        Some((copy, count))
    }

    // Without content, though with attributes.
    fn copied_alone(&self, nodes_max: usize, count: &mut usize) -> Option<Self> {
        *count += 1;
        let (kind, tag) = self.with(|kind| match kind {
            Kind::Element { name, tag, .. } => (XNode::element(name.clone()), Some(*tag)),
            Kind::Document { declaration, .. } => {
                let copy =
                    declaration.as_ref().map(|declaration| Declaration::new(declaration.with(|parts| parts.clone())));
                (XNode::document(copy), None)
            }
            Kind::Attribute(name, text) => (XNode::new(Kind::Attribute(name.clone(), Arc::clone(text))), None),
            Kind::Text(text) => (XNode::new(Kind::Text(Arc::clone(text))), None),
            Kind::CData(text) => (XNode::new(Kind::CData(Arc::clone(text))), None),
            Kind::Comment(text) => (XNode::new(Kind::Comment(Arc::clone(text))), None),
            Kind::Instruction(target, data) => {
                (XNode::new(Kind::Instruction(Arc::clone(target), Arc::clone(data))), None)
            }
            Kind::DocumentType(parts) => (XNode::new(Kind::DocumentType(parts.clone())), None),
        });
        for attribute in self.each(Part::Attributes) {
            *count += 1;
            if *count > nodes_max {
                return None;
            }
            let copy = attribute.with(|kind| match kind {
                Kind::Attribute(name, text) => Some(Self::new(Kind::Attribute(name.clone(), Arc::clone(text)))),
                _ => None,
            })?;
            kind.append(Part::Attributes, &copy).ok()?;
        }
        if let Some(tag) = tag {
            kind.set_tag(tag);
        }
        (*count <= nodes_max).then_some(kind)
    }
}
