//! Liquid text into a template. Knows the tags and filters that there are; renders nothing.

use crate::policy::dialect::decoded;
use crate::policy::liquid::filter::{self, Filter};
use crate::policy::liquid::item::Item;
use crate::span::Span;

/// How deep blocks may stand in each other.
const DEPTH_MAX: usize = 32;

/// What is wrong with a template, and where in its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) message: String,
    pub(super) span: Span,
}

type Outcome<T> = Result<T, Wrong>;

/// A piece of a template.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    Text(String),
    Output(Chain),
    Assign(String, Chain),
    Capture(String, Vec<Piece>),
    /// Branches with their conditions, in order; one without is `else`.
    If(Vec<(Option<Test>, Vec<Piece>)>),
    For(Box<For>),
    Cycle(Vec<Operand>, usize),
    Break,
    Continue,
}

/// `for`, or `JSONArrayFor`, which puts commas between.
#[derive(Clone, Debug)]
pub(super) struct For {
    pub(super) variable: String,
    pub(super) over: Operand,
    pub(super) limit: Option<Operand>,
    pub(super) offset: Option<Operand>,
    pub(super) order: Order,
    pub(super) separator: &'static str,
    pub(super) body: Vec<Piece>,
    pub(super) otherwise: Vec<Piece>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    AsIs,
    Reversed,
}

/// A value and the filters that it goes through.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    pub(super) value: Operand,
    pub(super) filters: Vec<(Filter, Vec<Operand>)>,
}

#[derive(Clone, Debug)]
pub(super) enum Operand {
    Literal(Item),
    /// `empty` and `blank`
    Blank,
    Range(Box<(Operand, Operand)>),
    Variable(Vec<Operand>),
}

/// A condition. `and` and `or` are taken from the right, as Liquid does.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Truth(Operand),
    Compare(Operand, Comparison, Operand),
    And(Box<(Test, Test)>),
    Or(Box<(Test, Test)>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    Greater,
    AtMost,
    AtLeast,
    Contains,
    StartsWith,
    EndsWith,
}

/// Whether entities of XML stand in the text between tags for characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entities {
    Decoded,
    Kept,
}

/// Reads a template.
pub(super) fn parse(text: &str, entities: Entities) -> Outcome<Vec<Piece>> {
    let mut parser = Parser { tokens: tokens(text, entities)?.into_iter().peekable(), cycles: 0 };
    let (pieces, end) = parser.pieces(0)?;
    match end {
        Some(end) => Err(wrong(format!("`{}` ends nothing here", end.name), end.span)),
        None => Ok(pieces),
    }
}

fn wrong(message: impl Into<String>, span: Span) -> Wrong {
    Wrong { message: message.into(), span }
}

#[derive(Debug)]
enum Token {
    Text(String),
    Output(String, Span),
    Tag(Tag),
}

#[derive(Debug)]
struct Tag {
    name: String,
    rest: String,
    span: Span,
}

fn tokens(text: &str, entities: Entities) -> Outcome<Vec<Token>> {
    let mut found = Vec::new();
    let (mut at, mut strip) = (0, false);
    while at < text.len() {
        let rest = text.get(at..).unwrap_or("");
        let start = match (rest.find("{{"), rest.find("{%")) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        let plain = rest.get(..start.unwrap_or(rest.len())).unwrap_or("");
        let plain_end = start.is_some_and(|start| rest.get(start + 2..).is_some_and(|inner| inner.starts_with('-')));
        let plain = if strip { plain.trim_start() } else { plain };
        let plain = if plain_end { plain.trim_end() } else { plain };
        if !plain.is_empty() {
            found.push(Token::Text(match entities {
                Entities::Decoded => decoded(plain),
                Entities::Kept => plain.to_owned(),
            }));
        }
        let Some(start) = start else { break };
        let opened = rest.get(start..).unwrap_or("");
        let close = if opened.starts_with("{{") { "}}" } else { "%}" };
        let Some(length) = opened.find(close) else {
            return Err(wrong(
                format!("`{}` is not closed", opened.get(..2).unwrap_or("")),
                Span::new(at + start, at + start + 2),
            ));
        };
        let span = Span::new(at + start, at + start + length + 2);
        let inner = opened.get(2..length).unwrap_or("");
        strip = inner.ends_with('-');
        let inner = decoded(inner.trim_start_matches('-').trim_end_matches('-').trim());
        at += start + length + 2;
        if close == "}}" {
            found.push(Token::Output(inner, span));
            continue;
        }
        let name_end = inner.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(inner.len());
        let (name, arguments) = inner.split_at(name_end);
        let tag = Tag { name: name.to_owned(), rest: arguments.trim().to_owned(), span };
        if let Some(end) = raw_end(name) {
            let rest = text.get(at..).unwrap_or("");
            let Some((content, length)) = until(rest, end) else {
                return Err(wrong(format!("`{name}` is not ended"), tag.span));
            };
            if name == "raw" {
                found.push(Token::Text(content.to_owned()));
            }
            at += length;
            continue;
        }
        found.push(Token::Tag(tag));
    }
    Ok(found)
}

const fn raw_end(name: &str) -> Option<&'static str> {
    match name.as_bytes() {
        b"raw" => Some("endraw"),
        b"comment" => Some("endcomment"),
        _ => None,
    }
}

// What stands before the tag `end`, and the bytes up to behind it.
fn until<'t>(text: &'t str, end: &str) -> Option<(&'t str, usize)> {
    for (at, _) in text.match_indices("{%") {
        let inner = text.get(at + 2..)?;
        let length = inner.find("%}")?;
        if inner.get(..length)?.trim_matches('-').trim() == end {
            return Some((text.get(..at)?, at + 2 + length + 2));
        }
    }
    None
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    cycles: usize,
}

impl Parser {
    // Up to a tag that is no beginning.
    fn pieces(&mut self, depth: usize) -> Outcome<(Vec<Piece>, Option<Tag>)> {
        let mut pieces = Vec::new();
        while let Some(token) = self.tokens.next() {
            let tag = match token {
                Token::Text(text) => {
                    pieces.push(Piece::Text(text));
                    continue;
                }
                Token::Output(text, span) => {
                    pieces.push(Piece::Output(Words::new(&text, span).chain()?));
                    continue;
                }
                Token::Tag(tag) => tag,
            };
            if depth >= DEPTH_MAX {
                return Err(wrong(format!("blocks stand in each other more than {DEPTH_MAX} deep"), tag.span));
            }
            match self.piece(&tag, depth)? {
                Some(piece) => pieces.push(piece),
                None => return Ok((pieces, Some(tag))),
            }
        }
        Ok((pieces, None))
    }

    // `None` for a tag that goes on with, or ends, the block around it.
    fn piece(&mut self, tag: &Tag, depth: usize) -> Outcome<Option<Piece>> {
        let mut words = Words::new(&tag.rest, tag.span);
        let piece = match tag.name.as_str() {
            "if" => self.branches(tag, words.test()?, "endif", depth)?,
            "unless" => self.unless(tag, words.test()?, depth)?,
            "case" => self.case(tag, &words.operand()?, depth)?,
            "for" | "JSONArrayFor" => self.loop_over(tag, depth)?,
            "assign" => {
                let name = words.name()?;
                words.expect("=")?;
                Piece::Assign(name, words.chain()?)
            }
            "capture" => {
                let name = words.name()?;
                Piece::Capture(name, self.block(tag, "endcapture", depth)?)
            }
            "cycle" => {
                let mut values = vec![words.operand()?];
                while words.take(",") {
                    values.push(words.operand()?);
                }
                self.cycles += 1;
                Piece::Cycle(values, self.cycles)
            }
            "break" => Piece::Break,
            "continue" => Piece::Continue,
            "else" | "elsif" | "when" => return Ok(None),
            name if name.starts_with("end") => return Ok(None),
            name => return Err(wrong(format!("there is no tag `{name}`"), tag.span)),
        };
        Ok(Some(piece))
    }

    fn block(&mut self, tag: &Tag, end: &str, depth: usize) -> Outcome<Vec<Piece>> {
        let (pieces, found) = self.pieces(depth + 1)?;
        ended(tag, end, found.as_ref())?;
        Ok(pieces)
    }

    fn branches(&mut self, tag: &Tag, test: Test, end: &str, depth: usize) -> Outcome<Piece> {
        let mut branches = Vec::new();
        let mut test = Some(test);
        loop {
            let (pieces, found) = self.pieces(depth + 1)?;
            branches.push((test.take(), pieces));
            match found {
                Some(found) if found.name == "elsif" => {
                    test = Some(Words::new(&found.rest, found.span).test()?);
                }
                Some(found) if found.name == "else" => {}
                found => {
                    ended(tag, end, found.as_ref())?;
                    return Ok(Piece::If(branches));
                }
            }
        }
    }

    fn unless(&mut self, tag: &Tag, test: Test, depth: usize) -> Outcome<Piece> {
        let Piece::If(branches) = self.branches(tag, test, "endunless", depth)? else { return Ok(Piece::Break) };
        let mut branches = branches.into_iter();
        let (test, body) = branches.next().unwrap_or_default();
        let otherwise = branches.next().map(|(_, pieces)| pieces).unwrap_or_default();
        Ok(Piece::If(vec![(test, otherwise), (None, body)]))
    }

    fn case(&mut self, tag: &Tag, value: &Operand, depth: usize) -> Outcome<Piece> {
        let mut branches = Vec::new();
        // What stands before the first `when` is not put out.
        let (_, mut found) = self.pieces(depth + 1)?;
        loop {
            let test = match found {
                Some(when) if when.name == "when" => Some(alternatives(&when, value)?),
                Some(other) if other.name == "else" => None,
                found => {
                    ended(tag, "endcase", found.as_ref())?;
                    return Ok(Piece::If(branches));
                }
            };
            let (pieces, next) = self.pieces(depth + 1)?;
            branches.push((test, pieces));
            found = next;
        }
    }

    fn loop_over(&mut self, tag: &Tag, depth: usize) -> Outcome<Piece> {
        let mut words = Words::new(&tag.rest, tag.span);
        let variable = words.name()?;
        words.expect("in")?;
        let over = words.operand()?;
        let (mut limit, mut offset, mut order) = (None, None, Order::AsIs);
        while !words.is_at_end() {
            match words.name()?.as_str() {
                "limit" => limit = Some(words.after_colon()?),
                "offset" => offset = Some(words.after_colon()?),
                "reversed" => order = Order::Reversed,
                other => return Err(wrong(format!("`for` has no `{other}`"), tag.span)),
            }
        }
        let (separator, end) = if tag.name == "for" { ("", "endfor") } else { (",", "endJSONArrayFor") };
        let (body, mut found) = self.pieces(depth + 1)?;
        let mut otherwise = Vec::new();
        if found.as_ref().is_some_and(|found| found.name == "else") {
            (otherwise, found) = self.pieces(depth + 1)?;
        }
        ended(tag, end, found.as_ref())?;
        Ok(Piece::For(Box::new(For { variable, over, limit, offset, order, separator, body, otherwise })))
    }
}

fn ended(tag: &Tag, end: &str, found: Option<&Tag>) -> Outcome<()> {
    match found {
        Some(found) if found.name == end => Ok(()),
        Some(found) => Err(wrong(format!("`{}` stands where `{end}` is expected", found.name), found.span)),
        None => Err(wrong(format!("`{}` is not ended by `{end}`", tag.name), tag.span)),
    }
}

fn alternatives(when: &Tag, value: &Operand) -> Outcome<Test> {
    let mut words = Words::new(&when.rest, when.span);
    let is = |other: Operand| Test::Compare(value.clone(), Comparison::Equal, other);
    let mut test = is(words.operand()?);
    while words.take(",") || words.take("or") {
        test = Test::Or(Box::new((test, is(words.operand()?))));
    }
    Ok(test)
}

/// The words of one tag or output.
struct Words {
    words: std::iter::Peekable<std::vec::IntoIter<String>>,
    span: Span,
}

impl Words {
    fn new(text: &str, span: Span) -> Self {
        Self { words: split(text).into_iter().peekable(), span }
    }

    fn is_at_end(&mut self) -> bool {
        self.words.peek().is_none()
    }

    fn wrong(&self, message: impl Into<String>) -> Wrong {
        wrong(message, self.span)
    }

    fn take(&mut self, word: &str) -> bool {
        self.words.next_if(|next| next == word).is_some()
    }

    fn expect(&mut self, word: &str) -> Outcome<()> {
        if self.take(word) { Ok(()) } else { Err(self.wrong(format!("`{word}` is expected"))) }
    }

    fn name(&mut self) -> Outcome<String> {
        let is_name = |word: &String| word.starts_with(|c: char| c.is_alphabetic() || c == '_');
        self.words.next_if(is_name).ok_or_else(|| self.wrong("a name is expected"))
    }

    fn after_colon(&mut self) -> Outcome<Operand> {
        self.expect(":")?;
        self.operand()
    }

    fn chain(&mut self) -> Outcome<Chain> {
        let value = self.operand()?;
        let mut filters = Vec::new();
        while self.take("|") {
            let name = self.name()?;
            let Some(filter) = filter::find(&name) else {
                let near = crate::diagnostic::nearest(&name, filter::names());
                let help = near.map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
                return Err(self.wrong(format!("there is no filter `{name}`{help}")));
            };
            let mut arguments = Vec::new();
            if self.take(":") {
                arguments.push(self.operand()?);
                while self.take(",") {
                    arguments.push(self.operand()?);
                }
            }
            filters.push((filter, arguments));
        }
        if let Some(word) = self.words.next() {
            return Err(self.wrong(format!("`{word}` is not expected here")));
        }
        Ok(Chain { value, filters })
    }

    fn operand(&mut self) -> Outcome<Operand> {
        let Some(word) = self.words.next() else { return Err(self.wrong("a value is expected")) };
        let quoted = word.strip_prefix(['\'', '"']).and_then(|rest| rest.strip_suffix(['\'', '"']));
        if let Some(text) = quoted {
            return Ok(Operand::Literal(Item::text(text)));
        }
        if word == "(" {
            let from = self.operand()?;
            self.expect("..")?;
            let to = self.operand()?;
            self.expect(")")?;
            return Ok(Operand::Range(Box::new((from, to))));
        }
        if let Ok(number) = word.parse::<i64>() {
            return Ok(Operand::Literal(Item::Int(number)));
        }
        if word.starts_with(|c: char| c.is_ascii_digit() || c == '-')
            && let Ok(number) = word.parse::<f64>()
        {
            return Ok(Operand::Literal(Item::Float(number)));
        }
        match word.as_str() {
            "true" => return Ok(Operand::Literal(Item::Bool(true))),
            "false" => return Ok(Operand::Literal(Item::Bool(false))),
            "nil" | "null" => return Ok(Operand::Literal(Item::Nil)),
            "empty" | "blank" => return Ok(Operand::Blank),
            _ => {}
        }
        if !word.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            return Err(self.wrong(format!("`{word}` is not a value")));
        }
        self.variable(&word)
    }

    fn variable(&mut self, first: &str) -> Outcome<Operand> {
        let mut path = vec![Operand::Literal(Item::text(first))];
        loop {
            if self.take(".") {
                let Some(name) = self.words.next() else { return Err(self.wrong("a name is expected")) };
                path.push(Operand::Literal(name.parse().map_or_else(|_| Item::text(name), Item::Int)));
            } else if self.take("[") {
                // INVARIANT: the text of a tag is short of a document, and each bracket takes one of its characters.
                if path.len() > DEPTH_MAX {
                    return Err(self.wrong("a path is too long"));
                }
                let index = self.operand_in_brackets()?;
                path.push(index);
                self.expect("]")?;
            } else {
                return Ok(Operand::Variable(path));
            }
        }
    }

    // An index is a literal or a plain name: brackets do not stand in brackets.
    fn operand_in_brackets(&mut self) -> Outcome<Operand> {
        let Some(word) = self.words.next() else { return Err(self.wrong("a value is expected")) };
        let mut inner = Self { words: vec![word].into_iter().peekable(), span: self.span };
        if inner.words.peek().is_some_and(|word| word == "(") {
            return Err(self.wrong("a range is no index"));
        }
        inner.operand()
    }

    fn test(&mut self) -> Outcome<Test> {
        let mut terms = vec![(self.term()?, "")];
        loop {
            let joined = if self.take("and") {
                "and"
            } else if self.take("or") {
                "or"
            } else {
                break;
            };
            terms.push((self.term()?, joined));
        }
        if let Some(word) = self.words.next() {
            return Err(self.wrong(format!("`{word}` is not expected here")));
        }
        let Some((mut test, mut joined)) = terms.pop() else { return Err(self.wrong("a condition is expected")) };
        while let Some((left, before)) = terms.pop() {
            let pair = Box::new((left, test));
            test = if joined == "and" { Test::And(pair) } else { Test::Or(pair) };
            joined = before;
        }
        Ok(test)
    }

    fn term(&mut self) -> Outcome<Test> {
        let left = self.operand()?;
        let Some(comparison) = self.words.peek().and_then(|word| comparison(word)) else {
            return Ok(Test::Truth(left));
        };
        self.words.next();
        Ok(Test::Compare(left, comparison, self.operand()?))
    }
}

fn comparison(word: &str) -> Option<Comparison> {
    Some(match word {
        "==" => Comparison::Equal,
        "!=" | "<>" => Comparison::Unequal,
        "<" => Comparison::Less,
        ">" => Comparison::Greater,
        "<=" => Comparison::AtMost,
        ">=" => Comparison::AtLeast,
        "contains" | "Contains" => Comparison::Contains,
        "startswith" | "StartsWith" => Comparison::StartsWith,
        "endswith" | "EndsWith" => Comparison::EndsWith,
        _ => return None,
    })
}

fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = word_length(rest, first);
        let (word, tail) = rest.split_at(length);
        words.push(word.to_owned());
        rest = tail.trim_start();
    }
    words
}

fn word_length(text: &str, first: char) -> usize {
    let signs = ["==", "!=", "<>", "<=", ">=", ".."];
    if first == '\'' || first == '"' {
        return text.get(1..).and_then(|inner| inner.find(first)).map_or(text.len(), |end| end + 2);
    }
    if let Some(sign) = signs.iter().find(|sign| text.starts_with(**sign)) {
        return sign.len();
    }
    let is_number = first.is_ascii_digit()
        || first == '-' && text.get(1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if is_number {
        let end = text
            .get(1..)
            .and_then(|rest| rest.find(|c: char| !c.is_ascii_digit() && c != '.'))
            .map_or(text.len(), |end| end + 1);
        // `1..3` is a range.
        return text.get(..end).and_then(|number| number.find("..")).unwrap_or(end);
    }
    if first.is_alphabetic() || first == '_' {
        let is_inside = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        return text.find(|c: char| !is_inside(c)).unwrap_or(text.len());
    }
    first.len_utf8()
}
