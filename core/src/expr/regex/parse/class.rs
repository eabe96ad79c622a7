//! Character classes: `[a-z\d-[aeiou]]`.

use super::{Outcome, Reader};
use crate::expr::regex::Options;
use crate::expr::regex::set::{Class, Set};

/// The most classes subtracted from one another.
const SUBTRACTIONS_MAX: usize = 20;

/// One item of a class: a unit, or a class that was added already.
enum Item {
    Unit(u16),
    Class,
}

impl Reader<'_> {
    // Behind the opening bracket.
    pub(super) fn class(&mut self) -> Outcome<Set> {
        self.class_within(SUBTRACTIONS_MAX)
    }

    fn class_within(&mut self, depth: usize) -> Outcome<Set> {
        let Some(depth) = depth.checked_sub(1) else { return Err(self.error("Classes are nested too deeply.")) };
        let mut set = Set { negated: self.eat('^'), ignores_case: self.has(Options::IGNORE_CASE), ..Set::default() };
        let mut is_first = true;
        loop {
            let Some(c) = self.peek() else { return Err(self.error("Unterminated [] set.")) };
            if c == ']' && !is_first {
                self.at += 1;
                return Ok(set);
            }
            if c == '[' && self.skip_named_class() {
                is_first = false;
                continue;
            }
            // A subtraction stands last: `-[…]` and the closing bracket.
            if c == '-' && self.peek_at(1) == Some('[') && !is_first {
                self.at += 2;
                set.subtracted = Some(Box::new(self.class_within(depth)?));
                if self.peek().is_some_and(|c| c != ']') {
                    return Err(self.error("A subtraction must be the last element in a character class."));
                }
                continue;
            }
            is_first = false;
            let Item::Unit(first) = self.item(&mut set)? else { continue };
            let is_range = self.peek() == Some('-') && !matches!(self.peek_at(1), None | Some(']' | '['));
            if !is_range {
                set.ranges.push((first, first));
                continue;
            }
            self.at += 1;
            match self.item(&mut set)? {
                Item::Unit(last) if last < first => return Err(self.error("[x-y] range in reverse order.")),
                Item::Unit(last) => set.ranges.push((first, last)),
                Item::Class => {
                    let class = self.peek_before();
                    return Err(self.error(format!("Cannot include class \\{class} in character range.")));
                }
            }
        }
    }

    fn peek_before(&self) -> char {
        let before = self.at.checked_sub(1).and_then(|at| self.units.get(at)).copied().unwrap_or(0);
        char::from_u32(u32::from(before)).unwrap_or('?')
    }

    // `[:name:]`, which .NET reads and ignores.
    fn skip_named_class(&mut self) -> bool {
        if self.peek_at(1) != Some(':') {
            return false;
        }
        let mut at = 2;
        while self.peek_at(at).is_some_and(char::is_alphanumeric) {
            at += 1;
        }
        let ends = self.peek_at(at) == Some(':') && self.peek_at(at + 1) == Some(']');
        self.at += if ends { at + 2 } else { 0 };
        ends
    }

    fn item(&mut self, set: &mut Set) -> Outcome<Item> {
        let unit = self.unit(0).ok_or_else(|| self.error("Unterminated [] set."))?;
        self.at += 1;
        if unit != u16::from(b'\\') {
            return Ok(Item::Unit(unit));
        }
        let Some(c) = self.peek() else { return Err(self.error("Illegal \\ at end of pattern.")) };
        if let Some((class, meant)) = self.class_escape(c)? {
            set.classes.push((class, meant));
            return Ok(Item::Class);
        }
        if c == 'b' {
            self.at += 1;
            return Ok(Item::Unit(8));
        }
        self.unit_escape().map(Item::Unit)
    }

    /// `\d`, `\W`, `\p{L}` …: the class and whether it is meant.
    pub(super) fn class_escape(&mut self, c: char) -> Outcome<Option<(Class, bool)>> {
        let ecma = self.has(Options::ECMA_SCRIPT);
        let found = match c {
            'd' | 'D' => (if ecma { Class::EcmaDigit } else { Class::Digit }, c == 'd'),
            'w' | 'W' => (if ecma { Class::EcmaWord } else { Class::Word }, c == 'w'),
            's' | 'S' => (if ecma { Class::EcmaSpace } else { Class::Space }, c == 's'),
            'p' | 'P' => {
                self.at += 1;
                return self.property().map(|class| Some((class, c == 'p')));
            }
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(found))
    }

    fn property(&mut self) -> Outcome<Class> {
        const INCOMPLETE: &str = "Incomplete \\p{X} character escape.";
        if self.peek() != Some('{') {
            return Err(self.error(INCOMPLETE));
        }
        let mut name = String::new();
        let mut at = 1;
        while let Some(c) = self.peek_at(at)
            && (c.is_alphanumeric() || c == '-' || c == '_')
        {
            name.push(c);
            at += 1;
        }
        if self.peek_at(at) != Some('}') {
            return Err(self.error(INCOMPLETE));
        }
        self.at += at + 1;
        if self.has(Options::IGNORE_CASE) && matches!(&*name, "Lu" | "Ll" | "Lt") {
            return Ok(Class::Cased);
        }
        Class::named(&name).ok_or_else(|| self.error(format!("Unknown property '{name}'.")))
    }
}
