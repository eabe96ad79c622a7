//! From text to a tree, as `XmlReader` reads it and says what is wrong. No external entity is ever read.

mod attlist;
mod doctype;
mod tag;
mod text;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::name::{bad_first, bad_later, begins_name, continues_name, hexadecimal, is_character, shown};
use super::{DEPTH_MAX, Declaration, Kind, Part, XML, XMLNS, XNode};

/// The most characters that entities may become: .NET's `MaxCharactersFromEntities`.
const ENTITY_BYTES_MAX: usize = 10_000_000;

/// What a reference to an entity costs besides, so that many small ones end too.
const ENTITY_BYTES: usize = 64;

/// How deep entities may stand in each other.
const ENTITY_DEPTH_MAX: usize = 32;

/// What the text must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Root {
    Element,
    Document,
}

/// How it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) root: Root,
    pub(crate) blanks: Blanks,
    pub(crate) nodes_max: usize,
}

/// What becomes of white space that only lays out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blanks {
    Dropped,
    Kept,
}

/// Why it was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The message of the `XmlException`
    Syntax(String),
    TooLarge,
}

type Outcome<T> = Result<T, Failure>;

/// An element that is open.
struct Open {
    node: XNode,
    written: Arc<str>,
    /// Where its name begins
    at: usize,
    /// The prefixes that it declares
    prefixes: Vec<Arc<str>>,
    /// Whether white space means something inside.
    space: Blanks,
    /// How many sources were open where it began
    sources: usize,
}

/// A text that is being read: the document, or what an entity stands for.
struct Source {
    text: Arc<str>,
    at: usize,
    entity: Option<Arc<str>>,
    /// Line and position where it begins in the document
    from: (usize, usize),
}

/// What an entity stands for, and where in the document that is written.
#[derive(Clone, Debug)]
struct Entity {
    text: Arc<str>,
    from: (usize, usize),
}

struct Reader {
    sources: Vec<Source>,
    reading: Reading,
    nodes_left: usize,
    entity_bytes_left: usize,
    /// Prefixes in scope, the innermost namespace of each last.
    namespaces: BTreeMap<Arc<str>, Vec<Arc<str>>>,
    entities: BTreeMap<Arc<str>, Entity>,
    /// Entities that stand for declarations
    parameters: BTreeMap<Arc<str>, Entity>,
    /// What is declared of the attributes of an element
    attributes: BTreeMap<Arc<str>, Vec<attlist::Declared>>,
    open: Vec<Open>,
    document: XNode,
    has_root: bool,
    has_type: bool,
}

/// Reads XML; the number of nodes that were made comes with the root.
pub(crate) fn read(text: &Arc<str>, reading: Reading) -> Outcome<(XNode, usize)> {
    let bound = |prefix: &str, namespace: &str| (Arc::from(prefix), vec![Arc::from(namespace)]);
    let mut reader = Reader {
        sources: vec![Source { text: Arc::clone(text), at: 0, entity: None, from: (1, 1) }],
        reading,
        nodes_left: reading.nodes_max,
        entity_bytes_left: ENTITY_BYTES_MAX,
        namespaces: BTreeMap::from([bound("xml", XML), bound("xmlns", XMLNS)]),
        entities: BTreeMap::new(),
        parameters: BTreeMap::new(),
        attributes: BTreeMap::new(),
        open: Vec::new(),
        document: XNode::document(None),
        has_root: false,
        has_type: false,
    };
    reader.whole()?;
    let made = reading.nodes_max - reader.nodes_left;
    match reading.root {
        Root::Document => Ok((reader.document, made)),
        Root::Element => {
            let found = reader.document.each(Part::Content).find(XNode::is_element);
            let element = found.ok_or(Failure::TooLarge)?;
            element.detach();
            Ok((element, made))
        }
    }
}

impl Reader {
    fn source(&self) -> Option<&Source> {
        self.sources.last()
    }

    fn rest(&self) -> &str {
        self.source().and_then(|source| source.text.get(source.at..)).unwrap_or("")
    }

    fn at(&self) -> usize {
        self.source().map_or(0, |source| source.at)
    }

    fn skip(&mut self, bytes: usize) {
        if let Some(source) = self.sources.last_mut() {
            source.at += bytes;
        }
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    // Line and position of a place in the text that is being read.
    fn place(&self, at: usize) -> (usize, usize) {
        let text = self.source().map_or("", |source| &*source.text);
        let before = text.get(..at).unwrap_or(text);
        let ends = before.bytes().filter(|byte| *byte == b'\n').count();
        let bare =
            before.bytes().zip(before.bytes().skip(1).chain([0])).filter(|pair| pair.0 == b'\r' && pair.1 != b'\n');
        let start = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let column = before.get(start..).map_or(0, |line| line.encode_utf16().count());
        let from = self.source().map_or((1, 1), |source| source.from);
        match ends + bare.count() {
            0 => (from.0, from.1 + column),
            lines => (from.0 + lines, column + 1),
        }
    }

    fn error_at<T>(&self, at: usize, message: impl AsRef<str>) -> Outcome<T> {
        let (line, position) = self.place(at);
        Err(Failure::Syntax(format!("{} Line {line}, position {position}.", message.as_ref())))
    }

    fn error<T>(&self, message: impl AsRef<str>) -> Outcome<T> {
        self.error_at(self.at(), message)
    }

    fn end(&self) -> usize {
        self.source().map_or(0, |source| source.text.len())
    }

    // The text ends inside of what is named.
    fn ended_in<T>(&self, what: &str) -> Outcome<T> {
        self.error_at(self.end(), format!("Unexpected end of file while parsing {what} has occurred."))
    }

    fn unclosed<T>(&self) -> Outcome<T> {
        let names: Vec<&str> = self.open.iter().rev().map(|open| &*open.written).collect();
        let names = if names.is_empty() { String::new() } else { format!("{}.", names.join(", ")) };
        let message = format!("Unexpected end of file has occurred. The following elements are not closed: {names}");
        self.error_at(self.end(), message)
    }

    fn ended<T>(&self) -> Outcome<T> {
        self.error_at(self.end(), "Unexpected end of file has occurred.")
    }

    fn invalid<T>(&self, at: usize, c: char) -> Outcome<T> {
        let message = format!("'{}', hexadecimal value {}, is an invalid character.", shown(c), hexadecimal(c));
        self.error_at(at, message)
    }

    // Something else stands where one of two tokens is expected.
    fn unexpected<T>(&self, expected: &str, other: Option<&str>) -> Outcome<T> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return self.error("Unexpected end of file has occurred.");
        };
        let word = rest.find(|c| !continues_name(c)).unwrap_or(rest.len());
        let token = rest.get(..word.max(first.len_utf8())).unwrap_or("");
        let or = other.map_or_else(String::new, |other| format!(" or '{other}'"));
        self.error(format!("'{token}' is an unexpected token. The expected token is '{expected}'{or}."))
    }

    fn whole(&mut self) -> Outcome<()> {
        let rest = self.rest();
        // Less is not enough to tell an encoding by, and no document either.
        if rest.len() < 4 && rest.starts_with('<') {
            return self.error("Data at the root level is invalid.");
        }
        if rest.strip_prefix("<?xml").is_some_and(|rest| rest.starts_with([' ', '\t', '\n', '\r', '?'])) {
            self.declaration()?;
        }
        loop {
            while self.rest().is_empty() && self.sources.len() > 1 {
                self.close_source()?;
            }
            if self.rest().is_empty() {
                break;
            }
            if self.open.is_empty() { self.top_item()? } else { self.item()? }
        }
        match (self.open.is_empty(), self.has_root) {
            (true, true) => Ok(()),
            (true, false) => Err(Failure::Syntax("Root element is missing.".to_owned())),
            (false, _) => self.unclosed(),
        }
    }

    // What an entity stands for ends; the elements that began there must have ended too.
    fn close_source(&mut self) -> Outcome<()> {
        let depth = self.sources.len();
        if self.open.last().is_some_and(|open| open.sources >= depth) {
            return self.error("Incomplete entity contents.");
        }
        self.sources.pop();
        Ok(())
    }

    fn top_item(&mut self) -> Outcome<()> {
        let rest = self.rest();
        let Some(marked) = rest.strip_prefix('<') else { return self.top_blanks() };
        if marked.starts_with('?') {
            return self.instruction();
        }
        if let Some(marked) = marked.strip_prefix('!') {
            if marked.starts_with("--") {
                return self.comment();
            }
            if marked.starts_with('-') {
                self.skip(3);
                return self.unexpected("-", None);
            }
            if marked.starts_with('[') {
                return self.error("Data at the root level is invalid.");
            }
            return self.document_type();
        }
        if marked.starts_with('/') {
            return self.error_at(self.at() + 2, "Unexpected end tag.");
        }
        if self.has_root {
            return self.error_at(self.at() + 1, "There are multiple root elements.");
        }
        self.has_root = true;
        self.start_tag()
    }

    fn top_blanks(&mut self) -> Outcome<()> {
        let rest = self.rest();
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
        if blanks == 0 {
            return match rest.chars().next().filter(|c| !is_character(*c)) {
                Some(c) => self.invalid(self.at(), c),
                None => self.error("Data at the root level is invalid."),
            };
        }
        let text = text::normalized(rest.get(..blanks).unwrap_or(""));
        self.skip(blanks);
        if self.reading.blanks == Blanks::Kept && self.reading.root == Root::Document {
            self.push_text(&text)?;
        }
        Ok(())
    }

    fn item(&mut self) -> Outcome<()> {
        let rest = self.rest();
        let Some(marked) = rest.strip_prefix('<') else { return self.characters() };
        if marked.is_empty() {
            return self.unclosed();
        }
        if marked.starts_with('?') {
            return self.instruction();
        }
        if marked.starts_with('/') {
            return self.end_tag();
        }
        let Some(marked) = marked.strip_prefix('!') else { return self.start_tag() };
        if marked.starts_with("--") {
            self.comment()
        } else if matches!(marked, "" | "-" | "[") {
            self.unclosed()
        } else if marked.starts_with('-') {
            self.skip(3);
            self.unexpected("-", None)
        } else if marked.starts_with("[CDATA[") {
            self.cdata()
        } else if marked.starts_with('[') {
            self.skip(3);
            self.unexpected("CDATA[", None)
        } else if marked.starts_with("DOCTYPE") {
            self.error_at(self.at() + 2, "Unexpected DTD declaration.")
        } else {
            self.skip(2);
            self.unexpected("<!--", Some("<[CDATA["))
        }
    }

    fn charge(&mut self) -> Outcome<()> {
        self.nodes_left = self.nodes_left.checked_sub(1).ok_or(Failure::TooLarge)?;
        Ok(())
    }

    fn container(&self) -> &XNode {
        self.open.last().map_or(&self.document, |open| &open.node)
    }

    fn push(&mut self, node: &XNode) -> Outcome<()> {
        self.charge()?;
        if self.open.len() >= usize::from(DEPTH_MAX) - 1 {
            return Err(Failure::TooLarge);
        }
        self.container().append_below(node);
        Ok(())
    }

    // Text joins the text before it.
    fn push_text(&mut self, text: &str) -> Outcome<()> {
        let last = self.container().last(Part::Content);
        match last.filter(|last| last.plain_text().is_some()) {
            Some(last) => {
                let length = last.push_text(text);
                // Every piece copies what stands before it.
                self.entity_bytes_left = self.entity_bytes_left.saturating_sub(length / 16);
                if self.entity_bytes_left == 0 { Err(Failure::TooLarge) } else { Ok(()) }
            }
            None => self.push(&XNode::new(Kind::Text(text.into()))),
        }
    }

    // What stands up to a mark, both of which are passed over.
    fn upto(&mut self, open: usize, close: &str, what: &str) -> Outcome<String> {
        self.skip(open);
        let Some(end) = self.rest().find(close) else {
            if let Some(bad) = self.rest().char_indices().find(|(_, c)| !is_character(*c)) {
                return self.invalid(self.at() + bad.0, bad.1);
            }
            return self.ended_in(what);
        };
        let raw = self.rest().get(..end).unwrap_or("");
        if let Some((at, c)) = raw.char_indices().find(|(_, c)| !is_character(*c)) {
            return self.invalid(self.at() + at, c);
        }
        let text = text::normalized(raw);
        self.skip(end + close.len());
        Ok(text)
    }

    fn comment(&mut self) -> Outcome<()> {
        let start = self.at() + 4;
        let raw = self.source().and_then(|source| source.text.get(start..)).unwrap_or("");
        if let Some(at) = raw.find("--")
            && raw.get(at + 2..).is_some_and(|rest| !rest.is_empty() && !rest.starts_with('>'))
        {
            let message = "An XML comment cannot contain '--', and '-' cannot be the last character.";
            return self.error_at(start + at, message);
        }
        let text = self.upto(4, "-->", "Comment")?;
        if self.reading.root == Root::Element && self.open.is_empty() {
            return Ok(());
        }
        self.push(&XNode::new(Kind::Comment(text.into())))
    }

    fn cdata(&mut self) -> Outcome<()> {
        let text = self.upto(9, "]]>", "CDATA")?;
        self.push(&XNode::new(Kind::CData(text.into())))
    }

    fn instruction(&mut self) -> Outcome<()> {
        self.skip(2);
        let start = self.at();
        let target = self.local_name()?;
        if target.eq_ignore_ascii_case("xml") {
            let message = match &*target == "xml" {
                true => {
                    "Unexpected XML declaration. The XML declaration must be the first node in the document, and no \
                         whitespace characters are allowed to appear before it."
                        .to_owned()
                }
                false => format!("'{target}' is an invalid name for processing instructions."),
            };
            return self.error_at(start, message);
        }
        let rest = self.rest();
        match rest.chars().next() {
            None => return self.ended_in("PI"),
            Some(' ' | '\t' | '\n' | '\r' | '?') => {}
            Some(c) => return self.error(bad_later(c)),
        }
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
        let data = self.upto(blanks, "?>", "PI")?;
        if self.reading.root == Root::Element && self.open.is_empty() {
            return Ok(());
        }
        self.push(&XNode::new(Kind::Instruction(target, data.into())))
    }

    // A name without a colon.
    fn local_name(&mut self) -> Outcome<Arc<str>> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return self.ended_in("Name") };
        if !begins_name(first) {
            return self.error(bad_first(first));
        }
        let Some(end) = rest.find(|c| !continues_name(c)) else { return self.ended_in("Name") };
        let name = Arc::from(rest.get(..end).unwrap_or(""));
        self.skip(end);
        Ok(name)
    }

    // A name with at most one colon inside.
    fn qualified_name(&mut self) -> Outcome<Arc<str>> {
        let start = self.at();
        self.local_name()?;
        if self.rest().starts_with(':') {
            self.skip(1);
            self.local_name()?;
            if self.rest().starts_with(':') {
                return self.error(bad_later(':'));
            }
        }
        let text = self.source().map_or("", |source| &*source.text);
        Ok(text.get(start..self.at()).unwrap_or("").into())
    }

    fn skip_blanks(&mut self) -> usize {
        let rest = self.rest();
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
        self.skip(blanks);
        blanks
    }

    fn declaration(&mut self) -> Outcome<()> {
        const SYNTAX: &str = "Syntax for an XML declaration is invalid.";
        self.skip(5);
        let mut parts: super::Parts = [None, None, None];
        let mut next = 0;
        loop {
            let blanks = self.skip_blanks();
            if self.rest().starts_with("?>") {
                if next == 0 {
                    return self.error(SYNTAX);
                }
                self.skip(2);
                break;
            }
            let at = self.at();
            let name = self
                .rest()
                .find(|c| !continues_name(c))
                .map_or("", |end| self.rest().get(..end).unwrap_or(""))
                .to_owned();
            let found = ["version", "encoding", "standalone"].iter().position(|known| **known == *name);
            if self.rest().is_empty() {
                return self.ended();
            }
            if blanks == 0 && next > 0 {
                return self.unexpected("?>", None);
            }
            let Some(index) = found.filter(|index| *index >= next && (*index == 0) == (next == 0) && blanks > 0) else {
                return self.error_at(at, SYNTAX);
            };
            self.skip(name.len());
            self.skip_blanks();
            if !self.rest().starts_with('=') {
                return self.unexpected("=", None);
            }
            self.skip(1);
            self.skip_blanks();
            let Some(quote @ ('"' | '\'')) = self.peek() else { return self.unexpected("\"", Some("'")) };
            self.skip(1);
            let start = self.at();
            let Some(end) = self.rest().find(quote) else {
                return self.error_at(self.end(), "There is an unclosed literal string.");
            };
            let value = self.rest().get(..end).unwrap_or("").to_owned();
            match index {
                0 if value != "1.0" => {
                    return self.error_at(start, format!("Version number '{value}' is invalid."));
                }
                2 if !matches!(&*value, "yes" | "no") => return self.error_at(start - 1, SYNTAX),
                _ => {}
            }
            if let Some(part) = parts.get_mut(index) {
                *part = Some(value.into());
            }
            self.skip(end + 1);
            next = index + 1;
        }
        let declaration = Declaration::new(parts);
        self.document.change(|kind| {
            if let Kind::Document { declaration: place, .. } = kind {
                *place = Some(declaration);
            }
        });
        Ok(())
    }
}
