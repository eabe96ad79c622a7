//! From text to a tree, without white space that only lays out. No external entity is ever read.

use std::sync::Arc;

use super::{DEPTH_MAX, Kind, Name, Tag, XML, XMLNS, XNode};

/// What the text must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Root {
    Element,
    Document,
}

/// Why it was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The message of the `XmlException`
    Syntax(String),
    TooLarge,
}

type Outcome<T> = Result<T, Failure>;

/// An element that is open: where its name begins, its name as written, what is known of it so far.
struct Open {
    at: usize,
    written: String,
    name: Name,
    attributes: Vec<XNode>,
    children: Vec<XNode>,
    namespaces: usize,
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    nodes_left: usize,
    /// Prefixes in scope, innermost last.
    namespaces: Vec<(String, Arc<str>)>,
    open: Vec<Open>,
    top: Vec<XNode>,
    declaration: Option<Arc<str>>,
}

/// Reads XML; the number of nodes that were made comes with the root.
pub(crate) fn read(text: &str, root: Root, nodes_max: usize) -> Outcome<(XNode, usize)> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut reader = Reader {
        text: &text,
        at: 0,
        nodes_left: nodes_max,
        namespaces: vec![("xml".to_owned(), Arc::from(XML)), ("xmlns".to_owned(), Arc::from(XMLNS))],
        open: Vec::new(),
        top: Vec::new(),
        declaration: None,
    };
    reader.whole()?;
    let made = nodes_max - reader.nodes_left;
    let element = reader.top.iter().find(|node| node.is_element()).cloned();
    match (root, element) {
        (_, None) => Err(Failure::Syntax("Root element is missing.".to_owned())),
        (Root::Element, Some(element)) => Ok((element, made)),
        (Root::Document, Some(_)) => Ok((XNode::new(Kind::Document(reader.declaration, reader.top)), made)),
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '\u{b7}')
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn error_at<T>(&self, at: usize, message: impl AsRef<str>) -> Outcome<T> {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let position = before.get(start..).map_or(0, |line| line.encode_utf16().count()) + 1;
        Err(Failure::Syntax(format!("{} Line {line}, position {position}.", message.as_ref())))
    }

    fn error<T>(&self, message: impl AsRef<str>) -> Outcome<T> {
        self.error_at(self.at, message)
    }

    fn unexpected_end<T>(&self) -> Outcome<T> {
        let names: Vec<&str> = self.open.iter().rev().map(|open| &*open.written).collect();
        let message = match names.is_empty() {
            true => "Unexpected end of file has occurred.".to_owned(),
            false => format!(
                "Unexpected end of file has occurred. The following elements are not closed: {}.",
                names.join(", ")
            ),
        };
        self.error_at(self.text.len(), message)
    }

    fn whole(&mut self) -> Outcome<()> {
        if let Some(rest) = self.rest().strip_prefix("<?xml")
            && rest.starts_with(char::is_whitespace)
        {
            let Some(end) = rest.find("?>") else { return self.unexpected_end() };
            self.declaration = rest.get(..end).map(|text| Arc::from(text.trim()));
            self.at += 5 + end + 2;
        }
        while !self.rest().is_empty() {
            self.item()?;
        }
        if self.open.is_empty() { Ok(()) } else { self.unexpected_end() }
    }

    fn push(&mut self, kind: Kind) -> Outcome<()> {
        self.nodes_left = self.nodes_left.checked_sub(1).ok_or(Failure::TooLarge)?;
        let node = XNode::new(kind);
        match self.open.last_mut() {
            Some(open) => open.children.push(node),
            None => self.top.push(node),
        }
        Ok(())
    }

    // What stands between marks, both of which are passed over.
    fn between(&mut self, open: &str, close: &str) -> Outcome<&'t str> {
        self.at += open.len();
        let rest = self.rest();
        let Some(end) = rest.find(close) else { return self.unexpected_end() };
        self.at += end + close.len();
        Ok(rest.get(..end).unwrap_or(""))
    }

    fn item(&mut self) -> Outcome<()> {
        let rest = self.rest();
        if rest.starts_with("<!--") {
            let text = self.between("<!--", "-->")?;
            self.push(Kind::Comment(text.into()))
        } else if rest.starts_with("<![CDATA[") && !self.open.is_empty() {
            let text = self.between("<![CDATA[", "]]>")?;
            self.push(Kind::CData(text.into()))
        } else if rest.starts_with("<?") {
            let text = self.between("<?", "?>")?;
            let (target, data) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
            self.push(Kind::Instruction(target.into(), data.trim_start().into()))
        } else if rest.starts_with("<!DOCTYPE") && self.open.is_empty() {
            let text = self.between("<!DOCTYPE", ">")?;
            // A document type may define entities that grow without bound.
            if text.contains('[') {
                return self.error("For security reasons DTD is prohibited in this XML document.");
            }
            self.push(Kind::DocumentType(text.trim().into()))
        } else if rest.starts_with("</") && !self.open.is_empty() {
            self.end_tag()
        } else if rest.starts_with('<') && rest.get(1..).is_some_and(|rest| rest.starts_with(is_name)) {
            self.start_tag()
        } else if rest.starts_with('<') {
            self.at += 1;
            let c = self.rest().chars().next().unwrap_or('\0');
            if self.open.is_empty() {
                self.at -= 1;
                return self.error("Data at the root level is invalid.");
            }
            let code = u32::from(c);
            self.error(format!("Name cannot begin with the '{c}' character, hexadecimal value 0x{code:02X}."))
        } else {
            self.characters()
        }
    }

    fn characters(&mut self) -> Outcome<()> {
        let rest = self.rest();
        let end = rest.find('<').unwrap_or(rest.len());
        let raw = rest.get(..end).unwrap_or("");
        let is_blank = raw.chars().all(|c| matches!(c, ' ' | '\t' | '\n'));
        if self.open.is_empty() && !is_blank {
            self.at += raw.len() - raw.trim_start().len();
            return self.error("Data at the root level is invalid.");
        }
        let text = if is_blank { None } else { Some(self.decoded(raw, self.at)?) };
        self.at += end;
        match text {
            Some(text) => self.push(Kind::Text(text.into())),
            None => Ok(()),
        }
    }

    // References are replaced; `at` is where the text begins.
    fn decoded(&self, raw: &str, at: usize) -> Outcome<String> {
        let mut text = String::with_capacity(raw.len());
        let mut done = 0;
        while let Some(found) = raw.get(done..).and_then(|rest| rest.find('&')) {
            let start = done + found;
            text.push_str(raw.get(done..start).unwrap_or(""));
            let behind = raw.get(start + 1..).unwrap_or("");
            let Some(end) = behind.find(';') else {
                return self.error_at(at + start + 1, "An error occurred while parsing EntityName.");
            };
            let name = behind.get(..end).unwrap_or("");
            let number = match name.strip_prefix('#') {
                Some(digits) => match digits.strip_prefix('x') {
                    Some(digits) => u32::from_str_radix(digits, 16).ok(),
                    None => digits.parse().ok(),
                },
                None => None,
            };
            let c = match name {
                "lt" => '<',
                "gt" => '>',
                "amp" => '&',
                "quot" => '"',
                "apos" => '\'',
                _ => match number.and_then(char::from_u32) {
                    Some(c) => c,
                    None if name.starts_with('#') => {
                        return self.error_at(at + start + 1, "Invalid syntax for a decimal numeric entity reference.");
                    }
                    None => {
                        let message = format!("Reference to undeclared entity '{name}'.");
                        return self.error_at(at + start + 1, message);
                    }
                },
            };
            text.push(c);
            done = start + end + 2;
        }
        text.push_str(raw.get(done..).unwrap_or(""));
        Ok(text)
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n']).len();
    }

    fn written_name(&mut self) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or("")
    }

    fn start_tag(&mut self) -> Outcome<()> {
        if self.open.is_empty() && self.top.iter().any(XNode::is_element) {
            self.at += 1;
            return self.error("There are multiple root elements.");
        }
        if self.open.len() >= DEPTH_MAX {
            return Err(Failure::TooLarge);
        }
        self.at += 1;
        let at = self.at;
        let written = self.written_name().to_owned();
        let namespaces = self.namespaces.len();
        let mut attributes = Vec::new();
        let is_empty = loop {
            self.skip_blanks();
            let rest = self.rest();
            if rest.starts_with("/>") {
                self.at += 2;
                break true;
            }
            if rest.starts_with('>') {
                self.at += 1;
                break false;
            }
            if rest.is_empty() {
                return self.unexpected_end();
            }
            let attribute = self.attribute()?;
            if attributes.iter().any(|(name, ..): &(&str, String, usize)| *name == attribute.0) {
                let message = format!("'{}' is a duplicate attribute name.", attribute.0);
                return self.error_at(attribute.2, message);
            }
            attributes.push(attribute);
        };
        for (name, value, _) in &attributes {
            let prefix = if *name == "xmlns" { Some("") } else { name.strip_prefix("xmlns:") };
            self.namespaces.extend(prefix.map(|prefix| (prefix.to_owned(), Arc::from(&**value))));
        }
        let name = self.resolved(&written, at, true)?;
        let mut nodes = Vec::new();
        for (name, value, at) in attributes {
            let name = self.resolved(name, at, false)?;
            self.nodes_left = self.nodes_left.checked_sub(1).ok_or(Failure::TooLarge)?;
            nodes.push(XNode::new(Kind::Attribute(name, value.into())));
        }
        self.open.push(Open { at, written, name, attributes: nodes, children: Vec::new(), namespaces });
        if is_empty { self.close(Tag::Empty) } else { Ok(()) }
    }

    fn attribute(&mut self) -> Outcome<(&'t str, String, usize)> {
        let at = self.at;
        let name = self.written_name();
        let next = |reader: &Self| reader.rest().chars().next().unwrap_or('\0');
        if name.is_empty() {
            let c = next(self);
            let code = u32::from(c);
            return self.error(format!("Name cannot begin with the '{c}' character, hexadecimal value 0x{code:02X}."));
        }
        self.skip_blanks();
        if next(self) != '=' {
            return self.error(format!("'{}' is an unexpected token. The expected token is '='.", next(self)));
        }
        self.at += 1;
        self.skip_blanks();
        let quote = next(self);
        if !matches!(quote, '"' | '\'') {
            return self.error(format!("'{quote}' is an unexpected token. The expected token is '\"' or '''."));
        }
        self.at += 1;
        let start = self.at;
        let Some(end) = self.rest().find(quote) else { return self.unexpected_end() };
        let raw = self.rest().get(..end).unwrap_or("");
        if let Some(bad) = raw.find('<') {
            let message = "'<', hexadecimal value 0x3C, is an invalid attribute character.";
            return self.error_at(start + bad, message);
        }
        let value = self.decoded(&raw.replace(['\t', '\n'], " "), start)?;
        self.at += end + 1;
        Ok((name, value, at))
    }

    fn resolved(&self, written: &str, at: usize, is_element: bool) -> Outcome<Name> {
        let (prefix, local) = written.split_once(':').unwrap_or(("", written));
        let namespace = match (prefix, is_element) {
            ("", false) => Arc::from(""),
            (prefix, _) => {
                let found = self.namespaces.iter().rev().find(|(known, _)| known == prefix);
                match found {
                    Some((_, namespace)) => Arc::clone(namespace),
                    None if prefix.is_empty() => Arc::from(""),
                    None => return self.error_at(at, format!("'{prefix}' is an undeclared prefix.")),
                }
            }
        };
        Ok(Name { namespace, local: local.into() })
    }

    fn end_tag(&mut self) -> Outcome<()> {
        self.at += 2;
        let at = self.at;
        let name = self.written_name();
        if let Some(open) = self.open.last()
            && open.written != name
        {
            let before = self.text.get(..open.at).unwrap_or("");
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().map_or(0, |last| last.encode_utf16().count()) + 1;
            let message = format!(
                "The '{}' start tag on line {line} position {column} does not match the end tag of '{name}'.",
                open.written
            );
            return self.error_at(at, message);
        }
        self.skip_blanks();
        if !self.rest().starts_with('>') {
            let c = self.rest().chars().next().unwrap_or('\0');
            return self.error(format!("'{c}' is an unexpected token. The expected token is '>'."));
        }
        self.at += 1;
        self.close(Tag::Full)
    }

    fn close(&mut self, tag: Tag) -> Outcome<()> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        self.namespaces.truncate(open.namespaces);
        let Open { name, attributes, children, .. } = open;
        self.push(Kind::Element { name, attributes, children, tag })
    }
}
