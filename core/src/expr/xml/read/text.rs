//! Character data and attribute values: references, line ends, characters that may not stand there.

use std::sync::Arc;

use super::{Blanks, ENTITY_DEPTH_MAX, Entity, Failure, Outcome, Reader, Source, begins_name, continues_name};
use crate::expr::xml::name::{is_blank, is_character};

/// Line ends become LF.
pub(super) fn normalized(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// What a reference stands for.
pub(super) enum Reference {
    Character(char),
    Entity(Arc<str>, Entity),
}

impl Reader {
    // Text up to a mark or the end; white space alone only counts where it means something.
    pub(super) fn characters(&mut self) -> Outcome<()> {
        let mut text = String::new();
        let mut is_blank_text = true;
        let mut entity = None;
        loop {
            let rest = self.rest();
            let end = rest.find(['<', '&']).unwrap_or(rest.len());
            let raw = rest.get(..end).unwrap_or("");
            if let Some((at, c)) = raw.char_indices().find(|(_, c)| !is_character(*c)) {
                return self.invalid(self.at() + at, c);
            }
            if let Some(at) = raw.find("]]>") {
                return self.error_at(self.at() + at, "']]>' is not allowed in character data.");
            }
            is_blank_text &= is_blank(raw);
            text.push_str(&normalized(raw));
            self.skip(end);
            if !self.rest().starts_with('&') {
                break;
            }
            match self.reference()? {
                Reference::Character(c) => {
                    is_blank_text &= matches!(c, ' ' | '\t' | '\n' | '\r');
                    text.push(c);
                }
                Reference::Entity(name, value) => {
                    entity = Some((name, value));
                    break;
                }
            }
        }
        let keeps =
            self.reading.blanks == Blanks::Kept || self.open.last().is_some_and(|open| open.space == Blanks::Kept);
        if !text.is_empty() && (!is_blank_text || keeps) {
            self.push_text(&text)?;
        }
        match entity {
            Some((name, value)) => self.enter(name, value),
            None => Ok(()),
        }
    }

    // What the entity stands for is read next.
    fn enter(&mut self, name: Arc<str>, value: Entity) -> Outcome<()> {
        let is_inside = self.sources.iter().any(|source| source.entity.as_ref() == Some(&name));
        if is_inside || self.sources.len() > ENTITY_DEPTH_MAX {
            return self.error(format!("General entity '{name}' references itself."));
        }
        self.spend_entity(value.text.len())?;
        self.sources.push(Source { text: value.text, at: 0, entity: Some(name), from: value.from });
        Ok(())
    }

    pub(super) fn spend_entity(&mut self, bytes: usize) -> Outcome<()> {
        let left = self.entity_bytes_left.checked_sub(bytes + super::ENTITY_BYTES);
        self.entity_bytes_left = left.ok_or_else(|| {
            Failure::Syntax("The input document has exceeded a limit set by MaxCharactersFromEntities.".to_owned())
        })?;
        Ok(())
    }

    pub(super) fn reference(&mut self) -> Outcome<Reference> {
        if self.rest().len() == 1 {
            return self.error("Unexpected end of file has occurred.");
        }
        self.skip(1);
        if self.rest().starts_with('#') {
            return self.number().map(Reference::Character);
        }
        let start = self.at();
        let rest = self.rest();
        let fits = rest.chars().next().is_some_and(begins_name);
        let end = rest.find(|c| !continues_name(c)).unwrap_or(rest.len());
        let name: Arc<str> = rest.get(..end).unwrap_or("").into();
        if !fits {
            return self.error("An error occurred while parsing EntityName.");
        }
        self.skip(end);
        if !self.rest().starts_with(';') {
            return match self.rest().is_empty() {
                true => self.error_at(start, "An error occurred while parsing EntityName."),
                false => self.unexpected(";", None),
            };
        }
        self.skip(1);
        Ok(Reference::Character(match &*name {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "apos" => '\'',
            _ => match self.entities.get(&name).cloned() {
                Some(value) => return Ok(Reference::Entity(name, value)),
                None => return self.error_at(start, format!("Reference to undeclared entity '{name}'.")),
            },
        }))
    }

    fn number(&mut self) -> Outcome<char> {
        let begin = self.at() - 1;
        self.skip(1);
        let radix = if self.rest().starts_with('x') { 16 } else { 10 };
        if radix == 16 {
            self.skip(1);
        }
        let start = self.at();
        let mut code = 0_u32;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(radix)) {
            let more = code.checked_mul(radix).and_then(|code| code.checked_add(digit));
            match more.filter(|code| *code <= i32::MAX.unsigned_abs()) {
                Some(more) => code = more,
                None => return self.error("Invalid value of a character entity reference."),
            }
            self.skip(1);
        }
        if self.rest().is_empty() {
            return self.error_at(begin, "Unexpected end of file while parsing  has occurred.");
        }
        if !self.rest().starts_with(';') || self.at() == start {
            let kind = if radix == 16 { "hexadecimal" } else { "decimal" };
            return self.error(format!("Invalid syntax for a {kind} numeric entity reference."));
        }
        if let Some(c) = char::from_u32(code).filter(|c| is_character(*c)) {
            self.skip(1);
            return Ok(c);
        }
        // Beyond Unicode .NET shows the unit that its reckoning comes to.
        let unit = if code > 0x0010_ffff { (0xd800 + (code - 0x1_0000) / 1024) & 0xffff } else { code };
        let shown = super::shown(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
        self.error_at(start, format!("'{shown}', hexadecimal value 0x{unit:02X}, is an invalid character."))
    }

    // The value of an attribute behind its quote, which is passed over too.
    pub(super) fn quoted_value(&mut self, quote: char) -> Outcome<String> {
        let mut value = String::new();
        loop {
            let rest = self.rest();
            let end = rest.find(['<', '&', quote]).unwrap_or(rest.len());
            let raw = rest.get(..end).unwrap_or("");
            if let Some((at, c)) = raw.char_indices().find(|(_, c)| !is_character(*c)) {
                return self.invalid(self.at() + at, c);
            }
            value.push_str(&normalized(raw).replace(['\n', '\t'], " "));
            self.skip(end);
            match self.peek() {
                None => return self.error("There is an unclosed literal string."),
                Some('<') => return self.error("'<', hexadecimal value 0x3C, is an invalid attribute character."),
                Some('&') => match self.reference()? {
                    Reference::Character(c) => value.push(c),
                    Reference::Entity(name, entity) => self.expand(&name, entity, &mut value)?,
                },
                Some(_) => {
                    self.skip(quote.len_utf8());
                    return Ok(value);
                }
            }
        }
    }

    // What an entity in the value of an attribute stands for, with the entities in it.
    fn expand(&mut self, name: &Arc<str>, entity: Entity, out: &mut String) -> Outcome<()> {
        let depth = self.sources.len();
        self.enter(Arc::clone(name), entity)?;
        while self.sources.len() > depth {
            let rest = self.rest();
            let end = rest.find(['<', '&']).unwrap_or(rest.len());
            out.push_str(&normalized(rest.get(..end).unwrap_or("")).replace(['\n', '\t'], " "));
            self.skip(end);
            match self.peek() {
                None => drop(self.sources.pop()),
                Some('&') => match self.reference()? {
                    Reference::Character(c) => out.push(c),
                    Reference::Entity(name, value) => self.enter(name, value)?,
                },
                Some(_) => return self.error("'<', hexadecimal value 0x3C, is an invalid attribute character."),
            }
        }
        Ok(())
    }
}
