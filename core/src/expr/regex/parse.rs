//! From pattern to tree, with .NET's rules for numbers of groups and its messages.

mod class;
mod escape;
mod group;

use std::sync::Arc;

use super::set::Set;
use super::{GROUP_DEPTH_MAX, Group, Options, PatternError};

pub(super) type Outcome<T> = Result<T, PatternError>;

/// A pattern as a tree.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) node: Node,
    pub(super) groups: Vec<Group>,
}

#[derive(Clone, Debug)]
pub(super) enum Node {
    Empty,
    Unit(u16, Fold),
    Set(Arc<Set>),
    Assert(Assertion),
    /// The place of its group; the group whose last capture it takes away (balancing).
    Group(Option<usize>, Option<usize>, Box<Node>),
    Concat(Vec<Node>),
    Alternate(Vec<Node>),
    Repeat(Box<Node>, u32, Option<u32>, Greed),
    Look(Direction, Sense, Box<Node>),
    Atomic(Box<Node>),
    BackReference(usize, Fold),
    IfGroup(usize, Box<(Node, Node)>),
    IfLook(Box<(Node, Node, Node)>),
}

impl Node {
    /// The first construct in it that only backtracking matches. Groups are nested at most `GROUP_DEPTH_MAX` deep.
    pub(super) fn needs_backtracking(&self) -> Option<&'static str> {
        match self {
            Self::Group(_, Some(_), _) => {
                Some("balancing group (?<name1-name2>subexpression) or (?'name1-name2' subexpression)")
            }
            Self::Look(_, Sense::Positive, _) => {
                Some("positive lookahead (?= pattern) or positive lookbehind (?<= pattern)")
            }
            Self::Look(_, Sense::Negative, _) => {
                Some("negative lookahead (?! pattern) or negative lookbehind (?<! pattern)")
            }
            Self::Atomic(_) => Some("atomic subexpressions (?> pattern)"),
            Self::BackReference(..) => Some("backreference (\\ number)"),
            Self::IfGroup(..) => Some(
                "captured group conditional (?( name ) yes-pattern | no-pattern ) or (?( number ) yes-pattern| no-pattern )",
            ),
            Self::IfLook(_) => Some("test conditional (?( test-pattern ) yes-pattern | no-pattern )"),
            Self::Assert(Assertion::SearchStart) => Some("contiguous matches (\\G)"),
            Self::Concat(nodes) | Self::Alternate(nodes) => nodes.iter().find_map(Self::needs_backtracking),
            Self::Group(_, None, inner) | Self::Repeat(inner, ..) => inner.needs_backtracking(),
            Self::Empty | Self::Unit(..) | Self::Set(_) | Self::Assert(_) => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fold {
    Exact,
    IgnoreCase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Greed {
    Greedy,
    Lazy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Ahead,
    Behind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sense {
    Positive,
    Negative,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Assertion {
    Start,
    LineStart,
    End,
    EndOrFinalNewline,
    LineEnd,
    Boundary,
    NotBoundary,
    EcmaBoundary,
    NotEcmaBoundary,
    SearchStart,
}

/// A group while the pattern is read: its number or its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Label {
    Unnamed,
    Number(u32),
    Name(Arc<str>),
}

pub(super) struct Reader<'p> {
    units: &'p [u16],
    at: usize,
    options: Options,
    depth: usize,
    /// The groups, known from a first reading.
    known: Option<Vec<Group>>,
    labels: Vec<Label>,
    unnamed: u32,
}

pub(super) fn parse(units: &[u16], options: Options) -> Outcome<Tree> {
    let first = |known| Reader { units, at: 0, options, depth: 0, known, labels: Vec::new(), unnamed: 0 };
    // The first reading only finds the groups, which references may name before they open.
    let mut reader = first(None);
    let refused = reader.whole().err();
    let groups = numbered(&reader.labels);
    let mut reader = first(Some(groups.clone()));
    // What is wrong is said by the second reading, which knows more: it stops where the first thing is wrong.
    let node = reader.whole()?;
    refused.map_or(Ok(Tree { node, groups }), Err)
}

/// An escape that stands for one unit.
pub(super) fn literal(units: &[u16]) -> Outcome<u16> {
    let options = Options(0);
    let mut reader = Reader { units, at: 1, options, depth: 0, known: None, labels: Vec::new(), unnamed: 0 };
    if units.len() < 2 {
        return Err(reader.error("Illegal \\ at end of pattern."));
    }
    reader.unit_escape()
}

// Unnamed groups are numbered first, in order; then those with names, in what is left.
fn numbered(labels: &[Label]) -> Vec<Group> {
    let mut groups = vec![Group { number: 0, name: Arc::from("0") }];
    let mut unnamed = 0;
    for label in labels {
        let number = match label {
            Label::Unnamed => {
                unnamed += 1;
                unnamed
            }
            Label::Number(number) => *number,
            Label::Name(_) => continue,
        };
        if !groups.iter().any(|group| group.number == number) {
            groups.push(Group { number, name: Arc::from(number.to_string()) });
        }
    }
    let mut next = unnamed + 1;
    for label in labels {
        let Label::Name(name) = label else { continue };
        if groups.iter().any(|group| group.name == *name) {
            continue;
        }
        while groups.iter().any(|group| group.number == next) {
            next += 1;
        }
        groups.push(Group { number: next, name: Arc::clone(name) });
    }
    groups.sort_by_key(|group| group.number);
    groups
}

impl Reader<'_> {
    fn whole(&mut self) -> Outcome<Node> {
        let node = self.alternation()?;
        if self.peek() == Some(')') {
            self.at += 1;
            return Err(self.error("Too many )'s."));
        }
        Ok(node)
    }

    fn error(&self, reason: impl Into<String>) -> PatternError {
        PatternError { offset: self.at, reason: reason.into() }
    }

    fn unit(&self, offset: usize) -> Option<u16> {
        self.units.get(self.at + offset).copied()
    }

    // What stands here, as a character; parts of surrogate pairs are none that means anything.
    fn peek(&self) -> Option<char> {
        self.peek_at(0)
    }

    fn peek_at(&self, offset: usize) -> Option<char> {
        self.unit(offset).map(|unit| char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn eat(&mut self, wanted: char) -> bool {
        let is_there = self.peek() == Some(wanted);
        self.at += usize::from(is_there);
        is_there
    }

    fn has(&self, option: i32) -> bool {
        self.options.has(option)
    }

    fn fold(&self) -> Fold {
        if self.has(Options::IGNORE_CASE) { Fold::IgnoreCase } else { Fold::Exact }
    }

    fn set(&self, set: Set) -> Node {
        Node::Set(Arc::new(Set { ignores_case: self.has(Options::IGNORE_CASE), ..set }))
    }

    // Until the end or a closing bracket; options that are set inside end with it.
    fn alternation(&mut self) -> Outcome<Node> {
        if self.depth >= GROUP_DEPTH_MAX {
            return Err(self.error("Groups are nested too deeply."));
        }
        self.depth += 1;
        let before = self.options;
        let mut branches = vec![self.sequence()?];
        while self.eat('|') {
            branches.push(self.sequence()?);
        }
        self.options = before;
        self.depth -= 1;
        Ok(match (branches.len(), branches.pop()) {
            (1, Some(only)) => only,
            (_, last) => {
                branches.extend(last);
                Node::Alternate(branches)
            }
        })
    }

    fn sequence(&mut self) -> Outcome<Node> {
        let mut nodes = Vec::new();
        loop {
            self.skip_blanks()?;
            let Some(c) = self.peek() else { break };
            if matches!(c, '|' | ')') {
                break;
            }
            if matches!(c, '*' | '+' | '?') || c == '{' && self.is_quantifier() {
                self.at += 1;
                return Err(self.error(format!("Quantifier '{c}' following nothing.")));
            }
            let Some(atom) = self.atom(c)? else { continue };
            let atom = self.quantified(atom)?;
            nodes.push(atom);
        }
        Ok(match (nodes.len(), nodes.pop()) {
            (0, _) | (_, None) => Node::Empty,
            (1, Some(only)) => only,
            (_, Some(last)) => {
                nodes.push(last);
                Node::Concat(nodes)
            }
        })
    }

    // Comments, and blanks where they mean nothing.
    fn skip_blanks(&mut self) -> Outcome<()> {
        loop {
            match (self.peek(), self.has(Options::IGNORE_WHITESPACE)) {
                (Some(' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}'), true) => self.at += 1,
                (Some('#'), true) => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                (Some('('), _) if self.peek_at(1) == Some('?') && self.peek_at(2) == Some('#') => {
                    while self.peek().is_some_and(|c| c != ')') {
                        self.at += 1;
                    }
                    if !self.eat(')') {
                        return Err(self.error("Unterminated (?#...) comment."));
                    }
                }
                _ => return Ok(()),
            }
        }
    }

    // `None` where only options are set.
    fn atom(&mut self, c: char) -> Outcome<Option<Node>> {
        let multiline = self.has(Options::MULTILINE);
        let unit = self.unit(0).unwrap_or(0);
        if c == '(' {
            return self.group();
        }
        self.at += 1;
        Ok(Some(match c {
            '[' => {
                let set = self.class()?;
                self.set(set)
            }
            '^' => Node::Assert(if multiline { Assertion::LineStart } else { Assertion::Start }),
            '$' => Node::Assert(if multiline { Assertion::LineEnd } else { Assertion::EndOrFinalNewline }),
            '.' if self.has(Options::SINGLELINE) => {
                Node::Set(Arc::new(Set { ranges: vec![(0, u16::MAX)], ..Set::default() }))
            }
            '.' => Node::Set(Arc::new(Set { negated: true, ranges: vec![(10, 10)], ..Set::default() })),
            '\\' => self.escape()?,
            _ => Node::Unit(unit, self.fold()),
        }))
    }

    // `{n}`, `{n,}` or `{n,m}`; any other brace is itself.
    fn is_quantifier(&self) -> bool {
        let mut at = 1;
        let digits = |at: &mut usize| {
            let start = *at;
            while self.peek_at(*at).is_some_and(|c| c.is_ascii_digit()) {
                *at += 1;
            }
            *at > start
        };
        if !digits(&mut at) {
            return false;
        }
        if self.peek_at(at) == Some(',') {
            at += 1;
            digits(&mut at);
        }
        self.peek_at(at) == Some('}')
    }

    fn number(&mut self) -> Outcome<Option<u32>> {
        let mut number: Option<u32> = None;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            let next = number.unwrap_or(0).checked_mul(10).and_then(|number| number.checked_add(digit));
            let too_large = "Quantifier and capture group numbers must be less than or equal to Int32.MaxValue.";
            self.at += 1;
            number = Some(next.filter(|n| i32::try_from(*n).is_ok()).ok_or_else(|| self.error(too_large))?);
        }
        Ok(number)
    }

    fn quantified(&mut self, atom: Node) -> Outcome<Node> {
        self.skip_blanks()?;
        let (min, max) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') if self.is_quantifier() => {
                self.at += 1;
                let min = self.number()?.unwrap_or(0);
                let max = if self.eat(',') { self.number()? } else { Some(min) };
                if max.is_some_and(|max| max < min) {
                    self.at += 1;
                    return Err(self.error("Illegal {x,y} with x > y."));
                }
                (min, max)
            }
            _ => return Ok(atom),
        };
        self.at += 1;
        self.skip_blanks()?;
        let greed = if self.eat('?') { Greed::Lazy } else { Greed::Greedy };
        self.skip_blanks()?;
        if let Some(c) = self.peek()
            && (matches!(c, '*' | '+' | '?') || c == '{' && self.is_quantifier())
        {
            self.at += 1;
            return Err(self.error(format!("Nested quantifier '{c}'.")));
        }
        Ok(Node::Repeat(Box::new(atom), min, max, greed))
    }

    // The place of the group with this number.
    fn place_of_number(&self, number: u32) -> Option<usize> {
        self.known.as_ref()?.iter().position(|group| group.number == number)
    }

    fn place_of_name(&self, name: &str) -> Option<usize> {
        self.known.as_ref()?.iter().position(|group| &*group.name == name)
    }
}
