//! Document order, and `XNode.DeepEquals`. Both walk without recursion.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Kind, Part, XNode};

/// Part of what makes two nodes equal, without what stands below.
#[derive(Debug, PartialEq, Eq)]
enum Shape {
    Element(super::Name, Vec<(super::Name, Arc<str>)>, Content),
    Text(Arc<str>),
    CData(Arc<str>),
    Comment(Arc<str>),
    Instruction(Arc<str>, Arc<str>),
    DocumentType(super::DocumentType),
    Document(Content),
    Attribute(super::Name, Arc<str>),
}

/// What an element holds, as far as equality tells it apart.
#[derive(Debug, PartialEq, Eq)]
enum Content {
    None,
    /// Text alone, perhaps in several nodes
    Text(String),
    Nodes,
}

impl XNode {
    /// The order of two nodes in the document; nothing when they stand in different ones.
    pub(crate) fn order(&self, other: &Self) -> Option<Ordering> {
        if self.is_same(other) {
            return Some(Ordering::Equal);
        }
        let path = |node: &Self| {
            let mut path: Vec<Self> = std::iter::successors(Some(node.clone()), Self::parent).collect();
            path.reverse();
            path
        };
        let (left, right) = (path(self), path(other));
        let shared = left.iter().zip(&right).take_while(|(left, right)| left.is_same(right)).count();
        if shared == 0 {
            return None;
        }
        match (left.get(shared), right.get(shared)) {
            (None, _) => Some(Ordering::Less),
            (_, None) => Some(Ordering::Greater),
            (Some(left), Some(right)) => {
                let is_behind = std::iter::successors(left.next(), Self::next).any(|node| node.is_same(right));
                Some(if is_behind { Ordering::Less } else { Ordering::Greater })
            }
        }
    }

    /// `XNode.DeepEquals` of two nodes; `steps` counts how many were compared.
    pub(crate) fn equals_deeply(&self, other: &Self, steps: &mut u32) -> bool {
        let mut left = vec![(self.clone(), other.clone())];
        while let Some((a, b)) = left.pop() {
            *steps = steps.saturating_add(1);
            let shape = a.shape();
            if shape != b.shape() {
                return false;
            }
            if !matches!(shape, Shape::Element(_, _, Content::Nodes) | Shape::Document(Content::Nodes)) {
                continue;
            }
            let (a, b) = (a.merged(), b.merged());
            if a.len() != b.len() {
                return false;
            }
            *steps = steps.saturating_add(u32::try_from(a.len()).unwrap_or(u32::MAX));
            for (a, b) in a.into_iter().zip(b) {
                match (a, b) {
                    (Piece::Text(a), Piece::Text(b)) if a == b => {}
                    (Piece::Node(a), Piece::Node(b)) => left.push((a, b)),
                    (Piece::Text(_) | Piece::Node(_), _) => return false,
                }
            }
        }
        true
    }

    fn shape(&self) -> Shape {
        let content = self.content();
        let attributes: Vec<_> = self
            .each(Part::Attributes)
            .filter_map(|attribute| {
                attribute.with(|kind| match kind {
                    Kind::Attribute(name, text) => Some((name.clone(), Arc::clone(text))),
                    _ => None,
                })
            })
            .collect();
        self.with(|kind| match kind {
            Kind::Element { name, .. } => Shape::Element(name.clone(), attributes, content),
            Kind::Attribute(name, text) => Shape::Attribute(name.clone(), Arc::clone(text)),
            Kind::Text(text) => Shape::Text(Arc::clone(text)),
            Kind::CData(text) => Shape::CData(Arc::clone(text)),
            Kind::Comment(text) => Shape::Comment(Arc::clone(text)),
            Kind::Instruction(target, data) => Shape::Instruction(Arc::clone(target), Arc::clone(data)),
            Kind::DocumentType(parts) => Shape::DocumentType(parts.clone()),
            Kind::Document { .. } => Shape::Document(content),
        })
    }

    fn content(&self) -> Content {
        let mut text = String::new();
        let mut is_empty = true;
        for node in self.each(Part::Content) {
            let Some(more) = node.plain_text() else { return Content::Nodes };
            text.push_str(&more);
            is_empty = false;
        }
        let is_full = self.with(|kind| matches!(kind, Kind::Element { tag: super::Tag::Full, .. }));
        if is_empty && !is_full { Content::None } else { Content::Text(text) }
    }

    // The content, neighbouring texts joined; an empty text is none.
    fn merged(&self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for node in self.each(Part::Content) {
            match (node.plain_text(), pieces.last_mut()) {
                (Some(more), _) if more.is_empty() => {}
                (Some(more), Some(Piece::Text(text))) => text.push_str(&more),
                (Some(more), _) => pieces.push(Piece::Text(more.to_string())),
                (None, _) => pieces.push(Piece::Node(node)),
            }
        }
        pieces
    }
}

enum Piece {
    Text(String),
    Node(XNode),
}
