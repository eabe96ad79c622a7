//! What a backslash means.

use super::{Assertion, Node, Outcome, Reader};
use crate::expr::regex::Options;
use crate::expr::regex::set::Set;

impl Reader<'_> {
    // Behind the backslash.
    pub(super) fn escape(&mut self) -> Outcome<Node> {
        let Some(c) = self.peek() else { return Err(self.error("Illegal \\ at end of pattern.")) };
        let ecma = self.has(Options::ECMA_SCRIPT);
        let assertion = match c {
            'b' if ecma => Some(Assertion::EcmaBoundary),
            'B' if ecma => Some(Assertion::NotEcmaBoundary),
            'b' => Some(Assertion::Boundary),
            'B' => Some(Assertion::NotBoundary),
            'A' => Some(Assertion::Start),
            'z' => Some(Assertion::End),
            'Z' => Some(Assertion::EndOrFinalNewline),
            'G' => Some(Assertion::SearchStart),
            _ => None,
        };
        if let Some(assertion) = assertion {
            self.at += 1;
            return Ok(Node::Assert(assertion));
        }
        if let Some((class, meant)) = self.class_escape(c)? {
            return Ok(self.set(Set::of(class, meant)));
        }
        if c == 'k' {
            return self.named_reference();
        }
        if matches!(c, '1'..='9')
            && let Some(node) = self.numbered_reference()?
        {
            return Ok(node);
        }
        let unit = self.unit_escape()?;
        Ok(Node::Unit(unit, self.fold()))
    }

    // Several digits are a reference only to a group that there is.
    fn numbered_reference(&mut self) -> Outcome<Option<Node>> {
        let start = self.at;
        let number = self.number()?.unwrap_or(0);
        if self.known.is_none() {
            return Ok(Some(Node::Empty));
        }
        match self.place_of_number(number) {
            Some(place) => Ok(Some(self.back_reference(place))),
            None if number <= 9 && !self.has(Options::ECMA_SCRIPT) => {
                Err(self.error(format!("Reference to undefined group number {number}.")))
            }
            None => {
                self.at = start;
                Ok(None)
            }
        }
    }

    fn named_reference(&mut self) -> Outcome<Node> {
        let malformed = "Malformed \\k<...> named back reference.";
        let close = match self.peek_at(1) {
            Some('<') => '>',
            Some('\'') => '\'',
            _ => return Err(self.error(malformed)),
        };
        let start = self.at;
        self.at += 2;
        let name = self.name();
        if name.is_empty() || self.peek() != Some(close) {
            self.at = start;
            return Err(self.error(malformed));
        }
        let place = self.place_of_name(&name);
        self.at += 1;
        if self.known.is_some() && place.is_none() {
            let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
            let what = if is_number { format!("number {name}") } else { format!("name '{name}'") };
            return Err(self.error(format!("Reference to undefined group {what}.")));
        }
        Ok(self.back_reference(place.unwrap_or(0)))
    }

    // In ECMAScript a group that captured nothing is there, and empty.
    fn back_reference(&self, place: usize) -> Node {
        let reference = Node::BackReference(place, self.fold());
        match self.has(Options::ECMA_SCRIPT) {
            true => Node::IfGroup(place, Box::new((reference, Node::Empty))),
            false => reference,
        }
    }

    /// Letters, digits and underscores.
    pub(super) fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(c) = self.peek()
            && (c.is_alphanumeric() || c == '_')
        {
            name.push(c);
            self.at += 1;
        }
        name
    }

    /// An escape that stands for one unit.
    pub(super) fn unit_escape(&mut self) -> Outcome<u16> {
        let (unit, c) = (self.unit(0).unwrap_or(0), self.peek().unwrap_or('\0'));
        self.at += 1;
        Ok(match c {
            'x' => self.hexadecimal(2)?,
            'u' => self.hexadecimal(4)?,
            'a' => 7,
            'b' => 8,
            'e' => 0x1b,
            'f' => 0xc,
            'n' => 10,
            'r' => 13,
            't' => 9,
            'v' => 11,
            'c' => self.control()?,
            '0'..='7' => {
                self.at -= 1;
                self.octal()
            }
            other if (other.is_alphanumeric() || other == '_') && !self.has(Options::ECMA_SCRIPT) => {
                return Err(self.error(format!("Unrecognized escape sequence \\{other}.")));
            }
            _ => unit,
        })
    }

    fn hexadecimal(&mut self, digits: usize) -> Outcome<u16> {
        let mut value = 0;
        for offset in 0..digits {
            match self.peek_at(offset).and_then(|c| c.to_digit(16)).and_then(|digit| u16::try_from(digit).ok()) {
                Some(digit) => value = (value << 4) | digit,
                None => {
                    // The digit that is none counts, unless the pattern is too short anyway.
                    self.at += if self.unit(digits - 1).is_some() { offset + 1 } else { 0 };
                    return Err(self.error("Insufficient or invalid hexadecimal digits."));
                }
            }
        }
        self.at += digits;
        Ok(value)
    }

    fn octal(&mut self) -> u16 {
        let mut value = 0;
        for _ in 0..3 {
            match self.peek().and_then(|c| c.to_digit(8)).and_then(|digit| u16::try_from(digit).ok()) {
                Some(digit) => value = (value << 3) | digit,
                None => break,
            }
            self.at += 1;
        }
        value & 0xff
    }

    fn control(&mut self) -> Outcome<u16> {
        let Some(c) = self.peek() else { return Err(self.error("Missing control character.")) };
        self.at += 1;
        let upper = u32::from(c.to_ascii_uppercase());
        match upper.checked_sub(0x40).filter(|control| *control < 0x20) {
            Some(control) => Ok(u16::try_from(control).unwrap_or(0)),
            None => Err(self.error("Unrecognized control character.")),
        }
    }
}
