//! Start tags and end tags, and what their prefixes mean.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Blanks, Open, Outcome, Reader, bad_first, bad_later, begins_name};
use crate::expr::xml::{Kind, Name, Part, Tag, XML, XMLNS, XNode};

/// An attribute as written.
struct Written {
    name: Arc<str>,
    value: String,
    /// Where it begins
    at: usize,
    /// Where its value begins
    value_at: usize,
}

impl Written {
    // The prefix that it declares; empty for the default namespace.
    fn declares(&self) -> Option<&str> {
        if &*self.name == "xmlns" { Some("") } else { self.name.strip_prefix("xmlns:") }
    }
}

impl Reader {
    pub(super) fn start_tag(&mut self) -> Outcome<()> {
        self.skip(1);
        let at = self.at();
        let written = self.qualified_name()?;
        match self.peek() {
            Some('/') if self.rest() == "/" => {
                return self.error("Unexpected end of file while parsing > has occurred.");
            }
            Some('/') if !self.rest().starts_with("/>") => return self.unexpected(">", None),
            Some(' ' | '\t' | '\n' | '\r' | '>' | '/') => {}
            None => return self.unclosed(),
            Some(c) => return self.error(bad_later(c)),
        }
        let (mut attributes, tag) = self.attributes()?;
        self.complete(&written, &mut attributes)?;
        let prefixes = self.declare(&attributes)?;
        let name = self.resolved(&written, at, Part::Content)?;
        let node = XNode::element(name);
        self.push(&node)?;
        self.set_attributes(&node, attributes)?;
        let above = self.open.last().map_or(Blanks::Dropped, |open| open.space);
        let space = match node.attribute(&Name { namespace: Arc::from(XML), local: Arc::from("space") }) {
            Some(attribute) if attribute.value(usize::MAX).as_deref() == Some("preserve") => Blanks::Kept,
            Some(_) => Blanks::Dropped,
            None => above,
        };
        let sources = self.sources.len();
        self.open.push(Open { node, written, at, prefixes, space, sources });
        if tag == Tag::Empty {
            self.close(Tag::Empty);
        }
        Ok(())
    }

    fn attributes(&mut self) -> Outcome<(Vec<Written>, Tag)> {
        let mut attributes = Vec::new();
        loop {
            let blanks = self.skip_blanks();
            match self.peek() {
                None => return self.unclosed(),
                Some('>') => {
                    self.skip(1);
                    return Ok((attributes, Tag::Full));
                }
                Some('/') => {
                    self.skip(1);
                    if self.rest().is_empty() {
                        return self.unclosed();
                    }
                    if !self.rest().starts_with('>') {
                        return self.unexpected(">", None);
                    }
                    self.skip(1);
                    return Ok((attributes, Tag::Empty));
                }
                Some(c) if !begins_name(c) => return self.error(bad_first(c)),
                Some(_) if blanks == 0 => {
                    let rest = self.rest();
                    let end = rest.find(|c| !super::continues_name(c)).unwrap_or(rest.len());
                    let token = rest.get(..end).unwrap_or("");
                    return self.error(format!("'{token}' is an unexpected token. Expecting whitespace."));
                }
                Some(_) => attributes.push(self.attribute()?),
            }
            self.charge()?;
        }
    }

    // Values as their types have them, and attributes that are not written, behind those that are.
    fn complete(&mut self, element: &Arc<str>, attributes: &mut Vec<Written>) -> Outcome<()> {
        let Some(declared) = self.attributes.get(element).cloned() else { return Ok(()) };
        let at = self.at();
        for declared in declared {
            if let Some(written) = attributes.iter_mut().find(|written| written.name == declared.name) {
                written.value = declared.values.read(std::mem::take(&mut written.value));
            } else if let Some(value) = declared.default {
                self.charge()?;
                self.spend_entity(value.len())?;
                attributes.push(Written { name: declared.name, value: value.to_string(), at, value_at: at });
            }
        }
        Ok(())
    }

    fn attribute(&mut self) -> Outcome<Written> {
        let at = self.at();
        let name = self.qualified_name()?;
        self.skip_blanks();
        if self.rest().is_empty() {
            return self.ended();
        }
        if !self.rest().starts_with('=') {
            return self.unexpected("=", None);
        }
        self.skip(1);
        self.skip_blanks();
        match self.peek() {
            Some(quote @ ('"' | '\'')) => {
                self.skip(1);
                let value_at = self.at();
                let value = self.quoted_value(quote)?;
                Ok(Written { name, value, at, value_at })
            }
            None => self.ended(),
            Some(_) => self.unexpected("\"", Some("'")),
        }
    }

    // Prefixes come into scope; which ones.
    fn declare(&mut self, attributes: &[Written]) -> Outcome<Vec<Arc<str>>> {
        let mut prefixes = Vec::new();
        for attribute in attributes {
            let Some(prefix) = attribute.declares() else { continue };
            let namespace: Arc<str> = attribute.value.as_str().into();
            let reserved =
                || format!("Prefix '{prefix}' cannot be mapped to namespace name reserved for \"xml\" or \"xmlns\".");
            let problem = match (prefix, &*namespace) {
                ("xml", XML) => None,
                ("xmlns", _) => {
                    return self.error_at(attribute.at, "Prefix \"xmlns\" is reserved for use by XML.");
                }
                ("xml", _) => {
                    let message = "Prefix \"xml\" is reserved for use by XML and can be mapped only to namespace name \
                                   \"http://www.w3.org/XML/1998/namespace\".";
                    return self.error_at(attribute.at, message);
                }
                (_, XML | XMLNS) => Some((reserved(), attribute.value_at)),
                (prefix, "") if !prefix.is_empty() => {
                    Some(("Invalid namespace declaration.".to_owned(), attribute.value_at - 1))
                }
                _ => None,
            };
            if let Some((message, at)) = problem {
                return self.error_at(at, message);
            }
            let prefix: Arc<str> = prefix.into();
            self.namespaces.entry(Arc::clone(&prefix)).or_default().push(namespace);
            prefixes.push(prefix);
        }
        Ok(prefixes)
    }

    fn resolved(&self, written: &str, at: usize, part: Part) -> Outcome<Name> {
        let (prefix, local) = written.split_once(':').unwrap_or(("", written));
        let bound = self.namespaces.get(prefix).and_then(|namespaces| namespaces.last());
        let namespace = match (prefix, part, bound) {
            ("", Part::Attributes, _) | ("", Part::Content, None) => Arc::from(""),
            (_, _, Some(namespace)) => Arc::clone(namespace),
            (prefix, _, None) => return self.error_at(at, format!("'{prefix}' is an undeclared prefix.")),
        };
        Ok(Name { namespace, local: local.into() })
    }

    fn set_attributes(&mut self, node: &XNode, attributes: Vec<Written>) -> Outcome<()> {
        let mut names = BTreeSet::new();
        for attribute in attributes {
            let name = self.resolved(&attribute.name, attribute.at, Part::Attributes)?;
            if !names.insert((Arc::clone(&name.namespace), Arc::clone(&name.local))) {
                let message = format!("'{}' is a duplicate attribute name.", attribute.name);
                return self.error_at(attribute.at, message);
            }
            let is_space = &*name.namespace == XML && &*name.local == "space";
            if is_space && !matches!(&*attribute.value, "default" | "preserve") {
                let message = format!("'{}' is an invalid xml:space value.", attribute.value);
                return self.error_at(attribute.at, message);
            }
            // A chain of attributes has no depth.
            let _ = node.append(Part::Attributes, &XNode::new(Kind::Attribute(name, attribute.value.into())));
        }
        Ok(())
    }

    pub(super) fn end_tag(&mut self) -> Outcome<()> {
        self.skip(2);
        let start = self.at();
        let Some(open) = self.open.last() else { return self.error("Unexpected end tag.") };
        if open.sources < self.sources.len() {
            return self.error("Unexpected end tag.");
        }
        let (expected, at) = (Arc::clone(&open.written), open.at);
        if *self.rest() == *expected {
            return self.unclosed();
        }
        let name = self.qualified_name()?;
        if name != expected {
            let (line, position) = self.place(at);
            let message = format!(
                "The '{expected}' start tag on line {line} position {position} does not match the end tag of '{name}'."
            );
            return self.error_at(start, message);
        }
        self.skip_blanks();
        if self.rest().is_empty() {
            return self.unclosed();
        }
        if !self.rest().starts_with('>') {
            return self.unexpected(">", None);
        }
        self.skip(1);
        self.close(Tag::Full);
        Ok(())
    }

    fn close(&mut self, tag: Tag) {
        let Some(open) = self.open.pop() else { return };
        for prefix in open.prefixes {
            if let Some(namespaces) = self.namespaces.get_mut(&prefix) {
                namespaces.pop();
            }
        }
        if tag == Tag::Full {
            open.node.set_tag(Tag::Full);
        }
    }
}
