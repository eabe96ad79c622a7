//! `<!ATTLIST …>`: what attributes are when they are not written, and which of them are lists of words. Checks no values.

use std::sync::Arc;

use super::{Outcome, Reader, continues_name};

/// A declared attribute.
#[derive(Clone, Debug)]
pub(super) struct Declared {
    pub(super) name: Arc<str>,
    pub(super) values: Values,
    pub(super) default: Option<Arc<str>>,
}

/// What stands in an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Values {
    /// `CDATA`
    Text,
    /// Anything else, in which blanks only part words
    Words,
}

impl Values {
    /// The value as a reader gives it.
    pub(super) fn read(self, value: String) -> String {
        match self {
            Self::Text => value,
            Self::Words => value.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "),
        }
    }
}

/// The types that are a word, longer ones before those that they begin with.
const WORDS: [&str; 7] = ["IDREFS", "IDREF", "ID", "ENTITY", "ENTITIES", "NMTOKENS", "NMTOKEN"];

impl Reader {
    pub(super) fn attribute_list(&mut self) -> Outcome<()> {
        self.skip("<!ATTLIST".len());
        self.blanks()?;
        let element = self.qualified_name()?;
        loop {
            let blanks = self.skip_blanks();
            if self.rest().starts_with('>') {
                self.skip(1);
                return Ok(());
            }
            if blanks == 0 {
                return self.blanks();
            }
            if self.rest().is_empty() {
                return self.incomplete();
            }
            let name = self.qualified_name()?;
            self.blanks()?;
            let values = self.attribute_type()?;
            self.blanks()?;
            let default = self.default_value()?.map(|value| values.read(value).into());
            self.charge()?;
            let declared = self.attributes.entry(Arc::clone(&element)).or_default();
            // The first declaration counts.
            if !declared.iter().any(|other| other.name == name) {
                declared.push(Declared { name, values, default });
            }
        }
    }

    fn attribute_type(&mut self) -> Outcome<Values> {
        let rest = self.rest();
        if rest.starts_with("CDATA") {
            self.skip("CDATA".len());
            return Ok(Values::Text);
        }
        if rest.starts_with("NOTATION") {
            self.skip("NOTATION".len());
            self.blanks()?;
            return self.choices();
        }
        if let Some(word) = WORDS.iter().find(|word| rest.starts_with(**word)) {
            self.skip(word.len());
            return Ok(Values::Words);
        }
        match self.peek() {
            Some('(') => self.choices(),
            Some('%') => self.reference_in_markup(),
            Some(_) => self.error("'' is an invalid attribute type."),
            None => self.incomplete(),
        }
    }

    // `(one | other)`
    fn choices(&mut self) -> Outcome<Values> {
        if !self.rest().starts_with('(') {
            return self.unexpected("(", None);
        }
        loop {
            self.skip(1);
            self.skip_blanks();
            let rest = self.rest();
            let end = rest.find(|c| !continues_name(c) && c != ':').unwrap_or(rest.len());
            self.skip(end);
            self.skip_blanks();
            match self.peek() {
                Some('|') if end > 0 => {}
                Some(')') if end > 0 => {
                    self.skip(1);
                    return Ok(Values::Words);
                }
                Some(_) => return self.unexpected(")", Some("|")),
                None => return self.incomplete(),
            }
        }
    }

    fn default_value(&mut self) -> Outcome<Option<String>> {
        for word in ["#REQUIRED", "#IMPLIED"] {
            if self.rest().starts_with(word) {
                self.skip(word.len());
                return Ok(None);
            }
        }
        let is_fixed = self.rest().starts_with("#FIXED");
        if is_fixed {
            self.skip("#FIXED".len());
            self.blanks()?;
        }
        match self.peek() {
            Some(quote @ ('"' | '\'')) => {
                self.skip(1);
                self.quoted_value(quote).map(Some)
            }
            None => self.incomplete(),
            Some(_) if is_fixed => self.unexpected("\"", Some("'")),
            Some(_) => self.error("Expecting an attribute type."),
        }
    }

    /// `%name;` inside of a declaration.
    pub(super) fn reference_in_markup<T>(&self) -> Outcome<T> {
        self.error_at(self.at() + 1, "A parameter entity reference is not allowed in internal markup.")
    }
}
