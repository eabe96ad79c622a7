//! `<!DOCTYPE …>`: its name, its identifiers, and the entities that its internal subset declares; attributes are in `attlist`.
//! Everything else in it is passed over.

use std::sync::Arc;

use super::{ENTITY_DEPTH_MAX, Entity, Outcome, Reader, Root, Source};
use crate::expr::xml::{DocumentType, Kind, XNode};

impl Reader {
    pub(super) fn document_type(&mut self) -> Outcome<()> {
        let start = self.at();
        self.skip(2);
        if self.rest().encode_utf16().take(8).count() < 8 {
            return self.error("Unexpected end of file while parsing DOCTYPE has occurred.");
        }
        if !self.rest().starts_with("DOCTYPE") {
            let wanted = if self.has_root || self.has_type { "<!--" } else { "DOCTYPE" };
            return self.unexpected(wanted, None);
        }
        if self.has_root {
            return self.error_at(start, "DTD must be defined before the document root element.");
        }
        if self.has_type {
            return self.error_at(start, "Cannot have multiple DTDs.");
        }
        self.has_type = true;
        self.skip(7);
        self.blanks()?;
        if self.rest().find(|c| !super::continues_name(c)).is_none() {
            return self.incomplete();
        }
        let name = self.qualified_name()?;
        self.skip_blanks();
        let (mut public_id, mut system_id) = (None, None);
        if self.rest().starts_with("PUBLIC") {
            self.skip(6);
            self.blanks()?;
            public_id = Some(self.literal()?);
            self.skip_blanks();
            system_id = Some(self.literal()?);
        } else if self.rest().starts_with("SYSTEM") {
            self.skip(6);
            self.blanks()?;
            system_id = Some(self.literal()?);
        }
        self.skip_blanks();
        let mut subset: Arc<str> = Arc::from("");
        if self.rest().starts_with('[') {
            self.skip(1);
            subset = self.subset()?;
            self.skip_blanks();
        }
        if !self.rest().starts_with('>') {
            return match self.rest().is_empty() {
                true => self.incomplete(),
                false => self.unexpected(">", None),
            };
        }
        self.skip(1);
        if self.reading.root == Root::Element {
            return Ok(());
        }
        let parts = DocumentType { name, public_id, system_id, subset: Some(subset) };
        self.push(&XNode::new(Kind::DocumentType(parts)))
    }

    pub(super) fn incomplete<T>(&self) -> Outcome<T> {
        self.error_at(self.end(), "Incomplete DTD content.")
    }

    // White space that must be there.
    pub(super) fn blanks(&mut self) -> Outcome<()> {
        if self.skip_blanks() > 0 {
            return Ok(());
        }
        match self.peek() {
            Some(c) => self.error(format!("'{c}' is an unexpected token. Expecting whitespace.")),
            None => self.incomplete(),
        }
    }

    fn literal(&mut self) -> Outcome<Arc<str>> {
        let Some(quote @ ('"' | '\'')) = self.peek() else { return self.unexpected("\"", Some("'")) };
        let rest = self.rest().get(1..).unwrap_or("");
        let Some(end) = rest.find(quote) else {
            return self.error_at(self.end(), "There is an unclosed literal string.");
        };
        let text = Arc::from(rest.get(..end).unwrap_or(""));
        self.skip(end + 2);
        Ok(text)
    }

    // Up to the bracket that ends it, which is passed over.
    fn subset(&mut self) -> Outcome<Arc<str>> {
        let start = self.at();
        let depth = self.sources.len();
        loop {
            self.skip_blanks();
            let rest = self.rest();
            if rest.is_empty() && self.sources.len() > depth {
                self.sources.pop();
            } else if rest.starts_with(']') && self.sources.len() == depth {
                let text = self.source().map_or("", |source| &*source.text);
                let subset = super::text::normalized(text.get(start..self.at()).unwrap_or(""));
                self.skip(1);
                return Ok(subset.into());
            } else if rest.starts_with('%') {
                self.parameter()?;
            } else if rest.starts_with("<!--") {
                self.upto(4, "-->", "Comment")?;
            } else if rest.starts_with("<?") {
                self.upto(2, "?>", "PI")?;
            } else if rest.starts_with("<!ENTITY") {
                self.entity()?;
            } else if rest.starts_with("<!ATTLIST") {
                self.attribute_list()?;
            } else if rest.starts_with("<!ELEMENT") || rest.starts_with("<!NOTATION") {
                self.declaration_end()?;
            } else if rest.starts_with("<![") {
                return self.error("A conditional section is not allowed in an internal subset.");
            } else if rest.is_empty() {
                return self.incomplete();
            } else {
                return self.error("Expected DTD markup was not found.");
            }
        }
    }

    // `%name;` between declarations: more of them, which are read next. One that is not declared stands for nothing, as in .NET.
    fn parameter(&mut self) -> Outcome<()> {
        self.skip(1);
        let name = self.qualified_name()?;
        if !self.rest().starts_with(';') {
            return self.unexpected(";", None);
        }
        self.skip(1);
        let Some(value) = self.parameters.get(&name).cloned() else { return Ok(()) };
        let key: Arc<str> = format!("%{name}").into();
        let is_inside = self.sources.iter().any(|source| source.entity.as_ref() == Some(&key));
        if is_inside || self.sources.len() > ENTITY_DEPTH_MAX {
            return self.error(format!("Parameter entity '{name}' references itself."));
        }
        self.spend_entity(value.text.len())?;
        self.sources.push(Source { text: value.text, at: 0, entity: Some(key), from: value.from });
        Ok(())
    }

    // `<!ENTITY name "value">`; the first declaration of a name counts. What stands elsewhere is not read.
    fn entity(&mut self) -> Outcome<()> {
        self.skip(8);
        self.skip_blanks();
        let is_parameter = self.rest().starts_with('%');
        if is_parameter {
            self.skip(1);
            self.blanks()?;
        }
        let name = self.qualified_name()?;
        self.skip_blanks();
        let from = self.place(self.at() + 1);
        let value = match self.peek() {
            Some(quote @ ('"' | '\'')) => self.entity_value(quote)?,
            _ => String::new(),
        };
        let entities = if is_parameter { &mut self.parameters } else { &mut self.entities };
        entities.entry(name).or_insert_with(|| Entity { text: value.into(), from });
        self.declaration_end()
    }

    // References to characters are replaced at once, those to entities where the entity is used.
    fn entity_value(&mut self, quote: char) -> Outcome<String> {
        self.skip(1);
        let mut value = String::new();
        loop {
            let rest = self.rest();
            let end = rest.find(['&', '%', quote]).unwrap_or(rest.len());
            value.push_str(&super::text::normalized(rest.get(..end).unwrap_or("")));
            self.skip(end);
            match self.peek() {
                None => return self.error("There is an unclosed literal string."),
                Some('&') if self.rest().starts_with("&#") => match self.reference()? {
                    super::text::Reference::Character(c) => value.push(c),
                    super::text::Reference::Entity(..) => {}
                },
                Some('%') => return self.reference_in_markup(),
                Some('&') => {
                    value.push('&');
                    self.skip(1);
                }
                Some(_) => {
                    self.skip(1);
                    return Ok(value);
                }
            }
        }
    }

    fn declaration_end(&mut self) -> Outcome<()> {
        loop {
            let rest = self.rest();
            let Some(end) = rest.find(['>', '"', '\'']) else { return self.incomplete() };
            self.skip(end);
            if self.rest().starts_with('>') {
                self.skip(1);
                return Ok(());
            }
            self.literal()?;
        }
    }
}
