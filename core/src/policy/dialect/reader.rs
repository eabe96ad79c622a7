//! Reads a policy document into a tree; recovers from everything that is wrong. Knows no element by name.

use crate::config::model::PolicyFormat;
use crate::expr::scan;
use crate::policy::dialect::value::{References, ValueBuilder, strict};
use crate::policy::dialect::{
    ATTRIBUTES_MAX, Attribute, DEPTH_MAX, ELEMENTS_MAX, Element, Node, PROBLEMS_MAX, Parsed, Value,
};
use crate::policy::source::Problem;
use crate::span::Span;

/// How often the end of an expression may be looked for in vain; each search may cross the whole document.
const FAILED_SCANS_MAX: u32 = 32;

/// Reads `text`, at most `bytes_max` long. Never fails: what could be made out is the tree, everything else a problem.
#[must_use]
pub fn parse(text: &str, format: PolicyFormat, bytes_max: usize) -> Parsed {
    let mut reader = Reader {
        text,
        format,
        at: 0,
        open: Vec::new(),
        elements: 0,
        failed_scans: 0,
        has_second_root: false,
        parsed: Parsed::default(),
    };
    if text.len() > bytes_max {
        let message = format!("the document has {} bytes, {bytes_max} are allowed", text.len());
        reader.problem(Problem::error("document-too-large", Span::default(), message));
        return reader.parsed;
    }
    reader.run();
    reader.check_characters();
    reader.parsed
}

struct Reader<'t> {
    text: &'t str,
    format: PolicyFormat,
    at: usize,
    // Elements whose end tag has not come yet, outermost first.
    open: Vec<Element>,
    elements: usize,
    failed_scans: u32,
    has_second_root: bool,
    parsed: Parsed,
}

impl<'t> Reader<'t> {
    fn run(&mut self) {
        self.skip_byte_order_mark();
        while self.at < self.text.len() {
            let before = self.at;
            let rest = self.rest();
            if rest.starts_with("<!--") {
                self.passage("<!--", "-->", "comment");
                self.parsed.comments.push(Span::new(before, self.at));
            } else if rest.starts_with("<![CDATA[") {
                self.cdata();
            } else if rest.starts_with("<?") {
                self.passage("<?", "?>", "processing instruction");
            } else if rest.starts_with("<!") {
                self.error("doctype", before, before + 2, "a policy document has no document type declaration");
                self.passage("<!", ">", "declaration");
            } else if rest.starts_with("</") {
                self.end_tag();
            } else if rest.starts_with('<') && rest.get(1..).is_some_and(starts_name) {
                if self.start_tag().is_none() {
                    return;
                }
            } else {
                self.text_run();
            }
            debug_assert!(self.at > before, "the reader moves forward with every step");
            self.at = self.at.max(before + 1);
        }
        self.close_rest();
    }

    // Characters that no XML document can hold, not even as references (XML 1.0 §2.2).
    fn check_characters(&mut self) {
        let is_none = |c: &char| {
            c.is_control() && *c < ' ' && !matches!(c, '\t' | '\n' | '\r') || matches!(c, '\u{fffe}' | '\u{ffff}')
        };
        if let Some((at, found)) = self.text.char_indices().find(|(_, c)| is_none(c)) {
            let message = format!("a policy document cannot hold the character U+{:04X}", u32::from(found));
            self.error("character", at, at + found.len_utf8(), message);
        }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn problem(&mut self, problem: Problem) {
        if self.parsed.problems.len() < PROBLEMS_MAX {
            self.parsed.problems.push(problem);
        }
    }

    fn error(&mut self, code: &'static str, start: usize, end: usize, message: impl Into<String>) {
        self.problem(Problem::error(code, Span::new(start, end), message));
    }

    fn skip_byte_order_mark(&mut self) {
        if self.text.starts_with('\u{feff}') {
            self.at = '\u{feff}'.len_utf8();
        }
    }

    // Skips from `open` to behind `close`; says where an unclosed one began.
    fn passage(&mut self, open: &str, close: &str, what: &str) {
        let start = self.at;
        let inside = start + open.len();
        match self.text.get(inside..).and_then(|rest| rest.find(close)) {
            Some(length) => self.at = inside + length + close.len(),
            None => {
                self.error("unclosed", start, inside, format!("this {what} is not closed: expected `{close}`"));
                self.at = self.text.len();
            }
        }
    }

    fn cdata(&mut self) {
        let start = self.at + "<![CDATA[".len();
        self.passage("<![CDATA[", "]]>", "CDATA section");
        let end = self.at.saturating_sub("]]>".len()).max(start);
        let raw = self.text.get(start..end).unwrap_or("");
        let value = strict(raw, start, References::Keep);
        self.attach_text(value);
    }

    fn text_run(&mut self) {
        let start = self.at;
        if self.format == PolicyFormat::Xml {
            let end = self.find_from(start + 1, "<").unwrap_or(self.text.len());
            let stray = self.rest().starts_with('<');
            if stray {
                self.error("stray-angle-bracket", start, start + 1, "`<` does not begin a tag here; write `&lt;`");
            }
            let raw = self.text.get(start..end).unwrap_or("");
            self.at = end;
            self.check_references(raw, start);
            self.attach_text(strict(raw, start, References::Decode));
            return;
        }
        let mut value = ValueBuilder::new(self.text, start);
        while let Some(length) = self.rest().find(['<', '@']) {
            self.at += length;
            if self.rest().starts_with('@') {
                self.at_sign(&mut value, Surrounding::Text);
            } else if self.at == start || !begins_markup(self.rest()) {
                self.error("stray-angle-bracket", self.at, self.at + 1, "`<` does not begin a tag here; write `&lt;`");
                self.at += 1;
            } else {
                self.attach_text(value.finish(self.at));
                return;
            }
        }
        self.at = self.text.len();
        self.attach_text(value.finish(self.at));
    }

    // Stands at `@`: passes over the expression that begins here, or over the character.
    fn at_sign(&mut self, value: &mut ValueBuilder<'t>, surrounding: Surrounding) {
        let start = self.at;
        let rest = self.rest();
        if !rest.starts_with("@(") && !rest.starts_with("@{") || self.failed_scans >= FAILED_SCANS_MAX {
            self.at += 1;
            return;
        }
        match scan::scan(self.text, start) {
            Ok(end) => {
                value.expression(start, end);
                self.at = end.max(start + 1);
            }
            Err(error) => {
                self.failed_scans += 1;
                self.at += 1;
                // Amid other text an unbalanced `@(` is just text, as in `me@(work`.
                if value.is_blank_until(start) {
                    let end = self.likely_end(surrounding);
                    // What is missing is missing within the value.
                    let within = self.text.get(..end).map(|text| scan::scan(text, start));
                    let error = within.and_then(Result::err).unwrap_or(error);
                    self.error("expression-extent", error.at, error.at + 1, error.to_string());
                    self.at = end;
                }
            }
        }
    }

    // Where a value most likely ends whose expression has no end, so that one mistake is reported once.
    fn likely_end(&self, surrounding: Surrounding) -> usize {
        let found = match surrounding {
            Surrounding::Text => {
                self.open.last().and_then(|element| self.find_from(self.at, &format!("</{}", element.name)))
            }
            Surrounding::Quoted(quote) => {
                let quotes = self.rest().match_indices(quote).map(|(length, _)| self.at + length);
                let mut sure = quotes.filter(|at| self.text.get(at + 1..).is_some_and(ends_value));
                sure.next().or_else(|| self.find_from(self.at, &quote.to_string()))
            }
        };
        found.unwrap_or(self.text.len())
    }

    fn find_from(&self, from: usize, what: &str) -> Option<usize> {
        self.text.get(from..).and_then(|rest| rest.find(what)).map(|length| from + length)
    }

    fn check_references(&mut self, raw: &str, start: usize) {
        for (at, _) in raw.match_indices('&') {
            if super::entity::reference(raw.get(at..).unwrap_or("")).is_none() {
                let message =
                    "`&` does not begin a character reference here; write `&amp;`, or use the format `rawxml`";
                self.error("stray-ampersand", start + at, start + at + 1, message);
            }
        }
    }

    fn attach_text(&mut self, value: Value) {
        match self.open.last_mut() {
            Some(parent) => parent.children.push(Node::Text(value)),
            None if value.is_blank() => {}
            None => {
                self.problem(Problem::error("text-outside", value.span, "there is text outside of the root element"))
            }
        }
    }

    fn start_tag(&mut self) -> Option<()> {
        let start = self.at;
        self.at += 1;
        let name_start = self.at;
        self.at += name_length(self.rest());
        let mut element = Element {
            name: self.text.get(name_start..self.at).unwrap_or("").to_owned(),
            name_span: Span::new(name_start, self.at),
            ..Element::default()
        };
        self.elements += 1;
        if self.elements > ELEMENTS_MAX || self.open.len() >= DEPTH_MAX {
            let message =
                format!("the document is too large: {ELEMENTS_MAX} elements, nested {DEPTH_MAX} deep, are the most");
            self.error("document-too-large", name_start, self.at, message);
            return None;
        }
        let closed = self.attributes(&mut element);
        element.span = Span::new(start, self.at);
        element.inner = Span::new(self.at, self.at);
        match closed {
            TagEnd::Open => self.open.push(element),
            TagEnd::Empty => self.attach(element),
        }
        Some(())
    }

    // Stands behind the name of a start tag: reads to behind its `>`.
    fn attributes(&mut self, element: &mut Element) -> TagEnd {
        loop {
            self.skip_white_space();
            let rest = self.rest();
            if rest.starts_with("/>") {
                self.at += 2;
                return TagEnd::Empty;
            }
            if rest.starts_with('>') {
                self.at += 1;
                return TagEnd::Open;
            }
            if rest.is_empty() || rest.starts_with('<') {
                let name = &element.name;
                let end = self.text.get(..self.at).map_or(self.at, |before| before.trim_end().len());
                self.error("unclosed", end, end + 1, format!("the tag `<{name}` is not closed: expected `>` or `/>`"));
                let has_end = self.find_from(self.at, &format!("</{name}")).is_some();
                return if has_end { TagEnd::Open } else { TagEnd::Empty };
            }
            if !starts_name(rest) {
                self.error("attribute", self.at, self.at + 1, "expected an attribute, `/>` or `>`");
                self.at += rest.chars().next().map_or(1, char::len_utf8);
                continue;
            }
            self.attribute(element);
        }
    }

    fn attribute(&mut self, element: &mut Element) {
        let name_start = self.at;
        self.at += name_length(self.rest());
        let name = self.text.get(name_start..self.at).unwrap_or("").to_owned();
        let name_span = Span::new(name_start, self.at);
        self.skip_white_space();
        if !self.rest().starts_with('=') {
            self.problem(Problem::error(
                "attribute",
                name_span,
                format!("the attribute `{name}` has no value: expected `=`"),
            ));
            return;
        }
        self.at += 1;
        self.skip_white_space();
        let value = match self.rest().chars().next() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote),
            _ => self.unquoted(&name, name_span),
        };
        if element.attribute(&name).is_some() {
            let message = format!("the attribute `{name}` is there twice");
            self.problem(Problem::error("duplicate-attribute", name_span, message));
        } else if element.attributes.len() >= ATTRIBUTES_MAX {
            let message = format!("an element has at most {ATTRIBUTES_MAX} attributes");
            self.problem(Problem::error("document-too-large", name_span, message));
        } else {
            element.attributes.push(Attribute { name, name_span, value });
        }
    }

    // Stands at the opening quote.
    fn quoted(&mut self, quote: char) -> Value {
        self.at += 1;
        let start = self.at;
        if self.format == PolicyFormat::Xml {
            return self.quoted_strictly(quote, start);
        }
        let mut value = ValueBuilder::new(self.text, start);
        while let Some(length) = self.rest().find([quote, '@']) {
            self.at += length;
            if self.rest().starts_with('@') {
                self.at_sign(&mut value, Surrounding::Quoted(quote));
            } else if closes_value(self.rest().get(1..).unwrap_or("")) {
                let finished = value.finish(self.at);
                self.at += 1;
                return finished;
            } else {
                self.at += 1;
            }
        }
        self.error("unclosed", start - 1, start, "this attribute value has no closing quote");
        self.at = self.text.len();
        value.finish(self.at)
    }

    fn quoted_strictly(&mut self, quote: char, start: usize) -> Value {
        let end = self.rest().find(quote).map(|length| start + length);
        if end.is_none() {
            self.error("unclosed", start - 1, start, "this attribute value has no closing quote");
        }
        let raw = self.text.get(start..end.unwrap_or(self.text.len())).unwrap_or("");
        self.at = end.map_or(self.text.len(), |end| end + 1);
        if let Some(at) = raw.find('<') {
            let message = "`<` must be written `&lt;` in the format `xml`; the format `rawxml` takes it as it is";
            self.error("stray-angle-bracket", start + at, start + at + 1, message);
        }
        self.check_references(raw, start);
        strict(raw, start, References::Decode)
    }

    // A value without quotes, as named values leave behind: `username={{name}}`.
    fn unquoted(&mut self, name: &str, name_span: Span) -> Value {
        let start = self.at;
        if self.format == PolicyFormat::Xml {
            let message = format!("the value of `{name}` must stand in quotes");
            self.problem(Problem::error("attribute", name_span, message));
        }
        let mut value = ValueBuilder::new(self.text, start);
        let expression = self.rest().starts_with("@(") || self.rest().starts_with("@{");
        if let Some(Ok(end)) = expression.then(|| scan::scan(self.text, start)) {
            value.expression(start, end);
            self.at = end;
        }
        let rest = self.rest();
        let ends = |c: char| c.is_whitespace() || matches!(c, '>' | '<');
        let length = rest.find(ends).unwrap_or(rest.len());
        let length = if rest.get(..length).is_some_and(|v| v.ends_with('/'))
            && rest.get(length..).is_some_and(|r| r.starts_with('>'))
        {
            length - 1
        } else {
            length
        };
        self.at += length;
        if self.at == start {
            let message = format!("the attribute `{name}` has no value");
            self.problem(Problem::error("attribute", name_span, message));
        }
        value.finish(self.at)
    }

    fn end_tag(&mut self) {
        let start = self.at;
        self.at += 2;
        let name_start = self.at;
        self.at += name_length(self.rest());
        let name = self.text.get(name_start..self.at).unwrap_or("");
        self.skip_white_space();
        if self.rest().starts_with('>') {
            self.at += 1;
        } else {
            self.error("unclosed", start, self.at, format!("the end tag `</{name}` is not closed: expected `>`"));
        }
        let Some(depth) = self.open.iter().rposition(|element| element.name == name) else {
            self.error("end-tag", start, self.at, format!("there is no `<{name}>` that `</{name}>` could close"));
            return;
        };
        while self.open.len() > depth + 1 {
            self.close_unclosed(start);
        }
        if let Some(mut element) = self.open.pop() {
            element.inner = Span { end: Span::new(start, start).start, ..element.inner };
            element.span = Span { end: Span::new(self.at, self.at).start, ..element.span };
            self.attach(element);
        }
    }

    fn close_unclosed(&mut self, end: usize) {
        let Some(mut element) = self.open.pop() else { return };
        let message = format!("`<{}>` is not closed", element.name);
        self.problem(Problem::error("unclosed", element.name_span, message));
        element.inner.end = Span::new(end, end).start;
        element.span.end = element.inner.end;
        self.attach(element);
    }

    fn close_rest(&mut self) {
        while !self.open.is_empty() {
            self.close_unclosed(self.text.len());
        }
        if self.parsed.root.is_none() {
            self.error("no-root", 0, 0, "the document has no root element");
        }
    }

    fn attach(&mut self, element: Element) {
        match self.open.last_mut() {
            Some(parent) => parent.children.push(Node::Element(element)),
            None if self.parsed.root.is_none() => self.parsed.root = Some(element),
            None if self.has_second_root => {}
            None => {
                self.has_second_root = true;
                let message = format!("`<{}>` stands outside of the root element", element.name);
                self.problem(Problem::error("text-outside", element.name_span, message));
            }
        }
    }

    fn skip_white_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }
}

enum TagEnd {
    Open,
    Empty,
}

/// What a value stands in.
#[derive(Clone, Copy)]
enum Surrounding {
    Text,
    Quoted(char),
}

fn starts_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

fn name_length(text: &str) -> usize {
    let in_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    text.find(|c| !in_name(c)).unwrap_or(text.len())
}

fn begins_markup(text: &str) -> bool {
    let after = text.get(1..).unwrap_or("");
    starts_name(after) || after.starts_with(['/', '!', '?'])
}

// Behind the closing quote of a value the tag ends, or another attribute begins.
fn ends_value(after: &str) -> bool {
    let after = after.trim_start();
    let is_attribute = |tail: &str| tail.starts_with("=\"") || tail.starts_with("='");
    after.starts_with("/>")
        || after.starts_with('>')
        || starts_name(after) && after.get(name_length(after)..).is_some_and(is_attribute)
}

// Quotes stand unescaped in plain values too (`subject="CN="a, b""`): a quote closes its value when what follows goes on like a tag.
fn closes_value(after: &str) -> bool {
    let goes_on = after.is_empty() || after.starts_with(|c: char| c.is_whitespace() || matches!(c, '>' | '/' | '<'));
    goes_on || ends_value(after)
}
