//! Groups of every sort: capturing, named, balancing, options, look-around, atomic, conditional.

use std::sync::Arc;

use super::{Direction, Label, Node, Outcome, Reader, Sense};
use crate::expr::regex::Options;

const UNRECOGNIZED: &str = "Unrecognized grouping construct.";
const NAMED_TEST: &str = "Alternation conditions do not capture and cannot be named.";
const BAD_NAME: &str = "Invalid group name: Group names must begin with a word character.";

impl Reader<'_> {
    // At the opening bracket.
    pub(super) fn group(&mut self) -> Outcome<Option<Node>> {
        self.at += 1;
        if self.peek() != Some('?') {
            if self.has(Options::EXPLICIT_CAPTURE) {
                return self.inside().map(Some);
            }
            self.unnamed += 1;
            self.labels.push(Label::Unnamed);
            let place = self.place_of_number(self.unnamed);
            let inner = self.inside()?;
            return Ok(Some(Node::Group(place, None, Box::new(inner))));
        }
        self.at += 1;
        let Some(c) = self.peek() else { return Err(self.error(UNRECOGNIZED)) };
        match (c, self.peek_at(1)) {
            (':', _) => {
                self.at += 1;
                self.inside().map(Some)
            }
            ('>', _) => {
                self.at += 1;
                Ok(Some(Node::Atomic(Box::new(self.inside()?))))
            }
            ('=', _) => self.look(1, Direction::Ahead, Sense::Positive),
            ('!', _) => self.look(1, Direction::Ahead, Sense::Negative),
            ('<', Some('=')) => self.look(2, Direction::Behind, Sense::Positive),
            ('<', Some('!')) => self.look(2, Direction::Behind, Sense::Negative),
            ('<', _) => self.named('>'),
            ('\'', _) => self.named('\''),
            ('(', _) => self.conditional(),
            _ => self.inline_options(),
        }
    }

    fn inside(&mut self) -> Outcome<Node> {
        let node = self.alternation()?;
        if self.eat(')') { Ok(node) } else { Err(self.error("Not enough )'s.")) }
    }

    fn look(&mut self, skip: usize, direction: Direction, sense: Sense) -> Outcome<Option<Node>> {
        self.at += skip;
        Ok(Some(Node::Look(direction, sense, Box::new(self.inside()?))))
    }

    fn named(&mut self, close: char) -> Outcome<Option<Node>> {
        self.at += 1;
        let start = self.at;
        let name = self.name();
        let is_number = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        if name.starts_with(|c: char| c.is_ascii_digit()) && !is_number {
            self.at = start + 1;
            return Err(self.error(BAD_NAME));
        }
        let place = match (name.is_empty(), is_number) {
            (true, _) => None,
            (false, true) if name.len() > 1 && name.starts_with('0') => {
                return Err(self.error(UNRECOGNIZED));
            }
            (false, true) => {
                let number = name.parse().unwrap_or(u32::MAX);
                if number == 0 {
                    return Err(self.error("Capture number cannot be zero."));
                }
                self.labels.push(Label::Number(number));
                self.place_of_number(number)
            }
            (false, false) => {
                self.labels.push(Label::Name(Arc::from(&*name)));
                self.place_of_name(&name)
            }
        };
        let mut balanced = None;
        if self.eat('-') {
            let other = self.name();
            balanced = self.place_of_name(&other);
            if balanced.is_none() && self.known.is_some() {
                return Err(self.error(format!("Reference to undefined group name '{other}'.")));
            }
        } else if name.is_empty() {
            return Err(self.error(if self.peek().is_some() { BAD_NAME } else { UNRECOGNIZED }));
        }
        if !self.eat(close) {
            return Err(self.error(if self.peek().is_some() { BAD_NAME } else { UNRECOGNIZED }));
        }
        let inner = self.inside()?;
        Ok(Some(Node::Group(place, balanced, Box::new(inner))))
    }

    // `(?(1)yes|no)`, `(?(name)yes|no)`, or with an expression that is looked ahead for.
    fn conditional(&mut self) -> Outcome<Option<Node>> {
        let start = self.at;
        self.at += 1;
        let name = self.name();
        let is_number = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        let closes = self.peek() == Some(')');
        if is_number && closes {
            let place = self.place_of_number(name.parse().unwrap_or(u32::MAX));
            self.at += 1;
            if self.known.is_some() && place.is_none() {
                let message = format!("Conditional alternation refers to an undefined group number {name}.");
                return Err(self.error(message));
            }
            return self.branches(|yes, no| Node::IfGroup(place.unwrap_or(0), Box::new((yes, no))));
        }
        if closes && let Some(place) = self.place_of_name(&name) {
            self.at += 1;
            return self.branches(|yes, no| Node::IfGroup(place, Box::new((yes, no))));
        }
        self.at = start;
        let test = self.test()?;
        self.branches(|yes, no| Node::IfLook(Box::new((test, yes, no))))
    }

    // The test of a conditional: a look around, or a group that captures nothing.
    fn test(&mut self) -> Outcome<Node> {
        match (self.peek_at(1), self.peek_at(2), self.peek_at(3)) {
            (Some('?'), Some('#'), _) => return Err(self.error("Alternation conditions cannot be comments.")),
            (Some('?'), Some('\''), _) => return Err(self.error(NAMED_TEST)),
            (Some('?'), Some('<'), Some(c)) if !matches!(c, '=' | '!') => return Err(self.error(NAMED_TEST)),
            (Some('?'), ..) => return Ok(self.group()?.unwrap_or(Node::Empty)),
            _ => {}
        }
        self.at += 1;
        self.inside()
    }

    fn branches(&mut self, make: impl FnOnce(Node, Node) -> Node) -> Outcome<Option<Node>> {
        let (yes, no) = match self.inside()? {
            Node::Alternate(mut branches) => {
                if branches.len() > 2 && self.known.is_some() {
                    return Err(self.error("Too many | in (?()|)."));
                }
                let no = branches.pop().unwrap_or(Node::Empty);
                (branches.pop().unwrap_or(Node::Empty), no)
            }
            only => (only, Node::Empty),
        };
        Ok(Some(make(yes, no)))
    }

    // `(?i-m)` for the rest of the group around, or `(?i-m:…)`.
    fn inline_options(&mut self) -> Outcome<Option<Node>> {
        let before = self.options;
        let mut on = true;
        loop {
            let Some(c) = self.peek() else { return Err(self.error(UNRECOGNIZED)) };
            self.at += 1;
            let option = match c.to_ascii_lowercase() {
                '-' => {
                    on = false;
                    continue;
                }
                '+' => {
                    on = true;
                    continue;
                }
                'i' => Options::IGNORE_CASE,
                'm' => Options::MULTILINE,
                'n' => Options::EXPLICIT_CAPTURE,
                's' => Options::SINGLELINE,
                'x' => Options::IGNORE_WHITESPACE,
                ')' => return Ok(None),
                ':' => {
                    let inner = self.inside()?;
                    self.options = before;
                    return Ok(Some(inner));
                }
                _ => return Err(self.error(UNRECOGNIZED)),
            };
            self.options = Options(if on { self.options.0 | option } else { self.options.0 & !option });
        }
    }
}
