//! Liquid text into a template. Knows the tags and filters that there are; renders nothing.

use crate::policy::dialect::decoded;
use crate::policy::liquid::filter::Filter;
use crate::policy::liquid::item::Item;
use crate::policy::liquid::words::Words;
use crate::span::Span;

/// How deep blocks may stand in each other.
pub(super) const DEPTH_MAX: usize = 32;

/// What is wrong with a template, and where in its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) message: String,
    pub(super) span: Span,
}

pub(super) type Outcome<T> = Result<T, Wrong>;

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
    /// The values, and the name of the group that takes turns through them.
    Cycle(Vec<Operand>, Operand),
    /// Put out when it is not what the last one was.
    IfChanged(Vec<Piece>),
    Count(String, Counting),
    TableRow(Box<TableRow>),
    Break,
    Continue,
}

/// `for`, or `JSONArrayFor`, which puts commas between.
#[derive(Clone, Debug)]
pub(super) struct For {
    pub(super) over: Over,
    pub(super) separator: &'static str,
    pub(super) body: Vec<Piece>,
    pub(super) otherwise: Vec<Piece>,
}

/// What a loop goes over.
#[derive(Clone, Debug)]
pub(super) struct Over {
    pub(super) variable: String,
    pub(super) items: Operand,
    pub(super) limit: Option<Operand>,
    pub(super) offset: Option<Operand>,
    pub(super) order: Order,
}

/// A loop that makes rows of an HTML table.
#[derive(Clone, Debug)]
pub(super) struct TableRow {
    pub(super) over: Over,
    /// How many cells a row has; all where there is none.
    pub(super) columns: Option<Operand>,
    pub(super) body: Vec<Piece>,
}

/// A counter that is put out: `increment` before it goes up, `decrement` after it has gone down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counting {
    Up,
    Down,
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
    let mut parser = Parser { tokens: tokens(text, entities)?.into_iter().peekable() };
    let (pieces, end) = parser.pieces(0)?;
    match end {
        Some(end) => Err(wrong(format!("`{}` ends nothing here", end.name), end.span)),
        None => Ok(pieces),
    }
}

pub(super) fn wrong(message: impl Into<String>, span: Span) -> Wrong {
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
            if name != "comment" {
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
        b"literal" => Some("endliteral"),
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
                let first = words.operand()?;
                let (group, first) = match words.take(":") {
                    true => (Some(first), words.operand()?),
                    false => (None, first),
                };
                let mut values = vec![first];
                while words.take(",") {
                    values.push(words.operand()?);
                }
                words.end()?;
                // A group without a name is that of its words.
                Piece::Cycle(values, group.unwrap_or_else(|| Operand::Literal(Item::text(tag.rest.as_str()))))
            }
            "ifchanged" => Piece::IfChanged(self.block(tag, "endifchanged", depth)?),
            "increment" => Piece::Count(words.name()?, Counting::Up),
            "decrement" => Piece::Count(words.name()?, Counting::Down),
            "tablerow" => {
                let (over, columns) = over(tag, &mut words)?;
                let body = self.block(tag, "endtablerow", depth)?;
                Piece::TableRow(Box::new(TableRow { over, columns, body }))
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
        let (over, _) = over(tag, &mut Words::new(&tag.rest, tag.span))?;
        let (separator, end) = if tag.name == "for" { ("", "endfor") } else { (",", "endJSONArrayFor") };
        let (body, mut found) = self.pieces(depth + 1)?;
        let mut otherwise = Vec::new();
        if found.as_ref().is_some_and(|found| found.name == "else") {
            (otherwise, found) = self.pieces(depth + 1)?;
        }
        ended(tag, end, found.as_ref())?;
        Ok(Piece::For(Box::new(For { over, separator, body, otherwise })))
    }
}

// What a loop goes over, and how many columns a table has.
fn over(tag: &Tag, words: &mut Words) -> Outcome<(Over, Option<Operand>)> {
    let variable = words.name()?;
    words.expect("in")?;
    let items = words.operand()?;
    let mut over = Over { variable, items, limit: None, offset: None, order: Order::AsIs };
    let mut columns = None;
    while !words.is_at_end() {
        match words.name()?.as_str() {
            "limit" => over.limit = Some(words.after_colon()?),
            "offset" => over.offset = Some(words.after_colon()?),
            "reversed" if tag.name != "tablerow" => over.order = Order::Reversed,
            "cols" if tag.name == "tablerow" => columns = Some(words.after_colon()?),
            other => return Err(wrong(format!("`{}` has no `{other}`", tag.name), tag.span)),
        }
        words.take(",");
    }
    Ok((over, columns))
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
