//! The tree of a policy document, which is XML except for its expressions. Knows no element by name; `policy::compile` does.
//!
//! A document is not well-formed XML: quotes, `<` and `&&` stand raw inside `@( )` and `@{ }`. The reader follows expressions to
//! their ends first and never fails: it recovers and reports everything that is wrong.

mod entity;
mod reader;
mod value;

use crate::policy::source::Problem;
use crate::span::Span;

pub use reader::parse;

/// The longest policy document, in bytes (APIM's own limit).
pub const DOCUMENT_BYTES_MAX: usize = 256 * 1024;

/// The longest policy fragment, in bytes (APIM's own limit).
pub const FRAGMENT_BYTES_MAX: usize = 512 * 1024;

/// The deepest nesting of elements.
pub const DEPTH_MAX: usize = 100;

/// The most elements of one document.
pub const ELEMENTS_MAX: usize = 20_000;

/// The most attributes of one element.
pub const ATTRIBUTES_MAX: usize = 64;

/// The most findings that are reported of one document.
pub const PROBLEMS_MAX: usize = 100;

/// A text with its references decoded.
#[must_use]
pub fn decoded(raw: &str) -> String {
    value::decode(raw, 0, value::References::Decode).text
}

/// What reading a document gives: as much of the tree as could be made out, and everything that is wrong.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// The root element; `None` when there is none.
    pub root: Option<Element>,
    /// What is wrong, in the order of the text.
    pub problems: Vec<Problem>,
    /// Where comments stand.
    pub comments: Vec<Span>,
}

/// An element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Its name, prefix included.
    pub name: String,
    /// Where its name stands in the start tag.
    pub name_span: Span,
    /// Its attributes in the order written.
    pub attributes: Vec<Attribute>,
    /// What stands between its tags, comments left out.
    pub children: Vec<Node>,
    /// From `<` of the start tag to behind `>` of the end tag.
    pub span: Span,
    /// What stands between its tags, as a range of the document.
    pub inner: Span,
}

/// An attribute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub name_span: Span,
    /// Its value.
    pub value: Value,
}

/// What an element holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// An element.
    Element(Element),
    /// Text between elements.
    Text(Value),
}

/// The value of an attribute, or a run of text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Value {
    /// Literal text and expressions in turn.
    pub parts: Vec<Part>,
    /// Where it stands, quotes excluded.
    pub span: Span,
}

/// A part of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text, references decoded.
    Literal(String),
    /// An expression with its delimiters, references decoded.
    Expression(Decoded),
}

/// A text whose references (`&quot;`) have been decoded, and how to find the way back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// The decoded text.
    pub text: String,
    /// Where the text begins in the document.
    pub start: u32,
    // Pairs of (offset in `text`, offset in the document) from which on the distance between both is constant.
    shifts: Vec<(u32, u32)>,
}

impl Decoded {
    /// The place in the document of the byte `offset` of the decoded text.
    #[must_use]
    pub fn origin(&self, offset: u32) -> u32 {
        let index = self.shifts.partition_point(|(decoded, _)| *decoded <= offset);
        match index.checked_sub(1).and_then(|index| self.shifts.get(index)) {
            Some((decoded, raw)) => raw.saturating_add(offset.saturating_sub(*decoded)),
            None => self.start.saturating_add(offset),
        }
    }
}

impl Element {
    /// The attribute with this name.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The child elements in order.
    pub fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// All text directly inside the element as one value; comments do not split it.
    #[must_use]
    pub fn text(&self) -> Value {
        let mut value = Value { parts: Vec::new(), span: self.inner };
        for node in &self.children {
            match node {
                Node::Element(_) => {}
                Node::Text(text) => value.parts.extend(text.parts.iter().cloned()),
            }
        }
        value
    }

    /// Whether there is text other than white space directly inside it.
    #[must_use]
    pub fn has_text(&self) -> bool {
        self.children.iter().any(|node| match node {
            Node::Element(_) => false,
            Node::Text(value) => !value.is_blank(),
        })
    }
}

impl Value {
    /// Whether it is empty or white space.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.parts.iter().all(|part| match part {
            Part::Literal(text) => text.trim().is_empty(),
            Part::Expression(_) => false,
        })
    }

    /// Whether there is an expression in it.
    #[must_use]
    pub fn has_expression(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Expression(_)))
    }

    /// The literal text when there is no expression in it.
    #[must_use]
    pub fn literal(&self) -> Option<String> {
        let mut literal = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(text) => literal.push_str(text),
                Part::Expression(_) => return None,
            }
        }
        Some(literal)
    }
}

#[cfg(test)]
mod tests;
