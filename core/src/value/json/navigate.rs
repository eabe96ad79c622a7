//! Ways through a tree of tokens: parents, children, siblings, paths. Changes nothing.

use std::fmt::Write as _;
use std::sync::Arc;

use super::{JNode, JToken, children_of};

impl JToken {
    /// `Parent`
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.lock().parent.upgrade().map(Self)
    }

    /// `Root`
    #[must_use]
    pub fn root(&self) -> Self {
        let mut token = self.clone();
        while let Some(parent) = token.parent() {
            token = parent;
        }
        token
    }

    /// `Children()`: of an object its properties, of a property its value.
    #[must_use]
    pub fn children(&self) -> Vec<Self> {
        self.with(|node| children_of(node).cloned().collect())
    }

    /// How many children it has.
    #[must_use]
    pub fn count(&self) -> usize {
        self.with(|node| match node {
            JNode::Value(..) => 0,
            JNode::Property(..) => 1,
            JNode::Array(items) | JNode::Constructor(_, items) => items.len(),
            JNode::Object(members) => members.len(),
        })
    }

    /// The child at this place.
    #[must_use]
    pub fn child_at(&self, index: usize) -> Option<Self> {
        self.with(|node| match node {
            JNode::Value(..) => None,
            JNode::Property(_, value) => (index == 0).then(|| value.clone()),
            JNode::Array(items) | JNode::Constructor(_, items) => items.get(index).cloned(),
            JNode::Object(members) => members.get_index(index).map(|(_, property)| property.clone()),
        })
    }

    /// How often its children came, went or were exchanged; a property does not count.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.lock().version
    }

    /// Where among the children of the parent it stands.
    #[must_use]
    pub fn position(&self) -> Option<usize> {
        let parent = self.parent()?;
        parent.children().iter().position(|child| child.is_same(self))
    }

    /// The sibling behind it and the place of that one; it stood at `at` itself when it was seen last.
    #[must_use]
    pub fn following(&self, at: usize) -> Option<(Self, usize)> {
        let parent = self.parent()?;
        let is_there = parent.child_at(at).is_some_and(|child| child.is_same(self));
        let next = if is_there { at } else { self.position()? } + 1;
        Some((parent.child_at(next)?, next))
    }

    /// The property of this name, when it is an object that has it.
    #[must_use]
    pub fn property_named(&self, name: &str) -> Option<Self> {
        self.with(|node| match node {
            JNode::Object(members) => members.get(name).cloned(),
            JNode::Value(..) | JNode::Property(..) | JNode::Array(_) | JNode::Constructor(..) => None,
        })
    }

    /// The value of the member of this name, when it is an object that has it.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<Self> {
        self.property_named(name)?.property_value()
    }

    /// The value of a property.
    #[must_use]
    pub fn property_value(&self) -> Option<Self> {
        self.with(|node| match node {
            JNode::Property(_, value) => Some(value.clone()),
            JNode::Value(..) | JNode::Object(_) | JNode::Array(_) | JNode::Constructor(..) => None,
        })
    }

    /// The name of a property or of a constructor.
    #[must_use]
    pub fn name(&self) -> Option<Arc<str>> {
        self.with(|node| match node {
            JNode::Property(name, _) | JNode::Constructor(name, _) => Some(Arc::clone(name)),
            JNode::Value(..) | JNode::Object(_) | JNode::Array(_) => None,
        })
    }

    /// `Path`, as in `a.b[0]['x y']`.
    #[must_use]
    pub fn path(&self) -> String {
        // A property has a name in its path only as a part of an object.
        if self.parent().is_none() {
            return String::new();
        }
        let mut steps = Vec::new();
        let mut token = self.clone();
        loop {
            let parent = token.parent();
            match (token.with(|node| matches!(node, JNode::Property(..))), &parent) {
                (true, _) => steps.push(Step::Name(token.name().unwrap_or_default())),
                (false, Some(above)) if above.with(|node| matches!(node, JNode::Array(_) | JNode::Constructor(..))) => {
                    steps.push(Step::Index(token.position().unwrap_or(0)));
                }
                (false, _) => {}
            }
            match parent {
                Some(parent) => token = parent,
                None => break,
            }
        }
        steps.reverse();
        written(&steps)
    }

    /// Everything below it, in document order.
    #[must_use]
    pub fn descendants(&self) -> Vec<Self> {
        let mut found = Vec::new();
        for child in self.children() {
            found.push(child.clone());
            found.extend(child.descendants());
        }
        found
    }
}

/// A step of a path.
#[derive(Clone, Debug)]
pub enum Step {
    /// To the member of an object.
    Name(Arc<str>),
    /// To the item of an array, from 0.
    Index(usize),
}

/// A path as Json.NET writes it.
#[must_use]
pub fn written(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        match step {
            // Writing into a string cannot fail.
            Step::Index(index) => drop(write!(text, "[{index}]")),
            Step::Name(name) if name.contains(is_special) => {
                text.push_str("['");
                for c in name.chars() {
                    if matches!(c, '\'' | '\\') {
                        text.push('\\');
                    }
                    text.push(c);
                }
                text.push_str("']");
            }
            Step::Name(name) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(name);
            }
        }
    }
    text
}

fn is_special(c: char) -> bool {
    matches!(
        c,
        '.' | ' '
            | '\''
            | '/'
            | '"'
            | '['
            | ']'
            | '('
            | ')'
            | '\t'
            | '\n'
            | '\r'
            | '\u{c}'
            | '\u{8}'
            | '\\'
            | '\u{85}'
            | '\u{2028}'
            | '\u{2029}'
    )
}
