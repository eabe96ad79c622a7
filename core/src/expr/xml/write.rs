//! From a tree to text, as `XNode.ToString()` and the writer under it lay it out. Namespaces are in `write::scope`.

mod scope;

use std::sync::Arc;

use super::name::{hexadecimal, is_character, shown};
use super::{DocumentType, Kind, Name, Part, Tag, XML, XNode};
use scope::Scope;

/// Why a tree has no text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WriteError {
    /// The message of an `ArgumentException`
    Argument(String),
    /// The message of an `XmlException`
    Xml(String),
    TooLong,
}

type Outcome<T> = Result<T, WriteError>;

/// `SaveOptions`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) lines: Lines,
    pub(crate) duplicates: Duplicates,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lines {
    Indented,
    AsTheyAre,
}

/// Whether declarations of namespaces are written that say nothing new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duplicates {
    Written,
    Omitted,
}

impl Layout {
    /// `SaveOptions.None`
    pub(crate) const DEFAULT: Self = Self { lines: Lines::Indented, duplicates: Duplicates::Written };
}

impl XNode {
    /// `ToString(SaveOptions)`, up to so many bytes.
    pub(crate) fn text(&self, layout: Layout, bytes_max: usize) -> Outcome<String> {
        let is_text = self.with(|kind| matches!(kind, Kind::Text(_) | Kind::CData(_)));
        let mut writer = Writer {
            out: String::new(),
            bytes_max,
            layout,
            conformance: if is_text { Conformance::Fragment } else { Conformance::Document },
            mixed: false,
            mixed_above: Vec::new(),
            content_from: 0,
            scope: Scope::new(layout.duplicates),
        };
        if self.is_attribute() {
            writer.lone_attribute(self)?;
            return Ok(writer.out.trim().to_owned());
        }
        writer.scope.know_above(self);
        if self.with(|kind| matches!(kind, Kind::Document { .. })) {
            for child in self.each(Part::Content) {
                writer.tree(&child)?;
            }
        } else {
            writer.tree(self)?;
        }
        Ok(writer.out)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Conformance {
    Document,
    Fragment,
}

struct Writer {
    out: String,
    bytes_max: usize,
    layout: Layout,
    conformance: Conformance,
    /// Whether text stands here, so that nothing may be laid out.
    mixed: bool,
    mixed_above: Vec<bool>,
    /// Where the content of the innermost start tag began.
    content_from: usize,
    scope: Scope,
}

/// What is written of a node.
enum Written {
    Element(Name, Tag),
    Done,
}

impl Writer {
    fn tree(&mut self, root: &XNode) -> Outcome<()> {
        // Names as written of the elements that are open.
        let mut open: Vec<Arc<str>> = Vec::new();
        let mut node = root.clone();
        loop {
            if let Written::Element(name, tag) = self.leaf(&node)? {
                let written = self.start_tag(&node, &name)?;
                match node.first(Part::Content) {
                    Some(first) => {
                        self.start_content();
                        open.push(written);
                        node = first;
                        continue;
                    }
                    None if tag == Tag::Empty => self.empty_end(),
                    None => {
                        self.start_content();
                        self.end_tag(&written);
                    }
                }
            }
            if self.out.len() > self.bytes_max {
                return Err(WriteError::TooLong);
            }
            loop {
                if node.is_same(root) {
                    return Ok(());
                }
                if let Some(next) = node.next() {
                    node = next;
                    break;
                }
                // A change from another thread is the only way to get lost here.
                let (Some(parent), Some(written)) = (node.parent(), open.pop()) else { return Ok(()) };
                self.end_tag(&written);
                node = parent;
            }
        }
    }

    fn leaf(&mut self, node: &XNode) -> Outcome<Written> {
        let is_in_document = node.parent().is_some_and(|parent| !parent.is_element());
        node.with(|kind| {
            match kind {
                Kind::Element { name, tag, .. } => return Ok(Written::Element(name.clone(), *tag)),
                Kind::Text(text) if text.is_empty() && !is_in_document => {}
                Kind::Text(text) => {
                    self.mixed = true;
                    escape(text, Place::Content, &mut self.out)?;
                }
                Kind::CData(text) => {
                    self.mixed = true;
                    self.cdata(text)?;
                }
                Kind::Comment(text) => {
                    self.new_line();
                    self.comment(text)?;
                }
                Kind::Instruction(target, data) => {
                    self.new_line();
                    self.instruction(target, data)?;
                }
                Kind::DocumentType(parts) => {
                    self.new_line();
                    self.document_type(parts)?;
                }
                Kind::Attribute(..) | Kind::Document { .. } => {}
            }
            Ok(Written::Done)
        })
    }

    fn new_line(&mut self) {
        if !self.mixed && !self.out.is_empty() && self.layout.lines == Lines::Indented {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n("  ", self.mixed_above.len()));
        }
    }

    fn cdata(&mut self, text: &str) -> Outcome<()> {
        self.out.push_str("<![CDATA[");
        verbatim(&text.replace("]]>", "]]]]><![CDATA[>"), &mut self.out)?;
        self.out.push_str("]]>");
        Ok(())
    }

    fn comment(&mut self, text: &str) -> Outcome<()> {
        self.out.push_str("<!--");
        verbatim(&commented(text), &mut self.out)?;
        self.out.push_str("-->");
        Ok(())
    }

    fn instruction(&mut self, target: &str, data: &str) -> Outcome<()> {
        self.out.push_str("<?");
        self.out.push_str(target);
        if !data.is_empty() {
            self.out.push(' ');
            verbatim(&data.replace("?>", "? >"), &mut self.out)?;
        }
        self.out.push_str("?>");
        Ok(())
    }

    fn document_type(&mut self, parts: &DocumentType) -> Outcome<()> {
        self.out.push_str("<!DOCTYPE ");
        self.out.push_str(&parts.name);
        if let Some(c) = parts.public_id.iter().flat_map(|id| id.chars()).find(|c| !is_public(*c)) {
            return Err(WriteError::Argument(format!("{} (Parameter 'pubid')", not_allowed(c))));
        }
        let ids = match (&parts.public_id, &parts.system_id) {
            (Some(public), system) => format!(" PUBLIC \"{public}\" \"{}\"", system.as_deref().unwrap_or("")),
            (None, Some(system)) => format!(" SYSTEM \"{system}\""),
            (None, None) => " ".to_owned(),
        };
        verbatim(&ids, &mut self.out)?;
        if let Some(subset) = &parts.subset {
            self.out.push('[');
            verbatim(subset, &mut self.out)?;
            self.out.push(']');
        }
        self.out.push('>');
        Ok(())
    }

    fn lone_attribute(&mut self, attribute: &XNode) -> Outcome<()> {
        let found = attribute.with(|kind| match kind {
            Kind::Attribute(name, value) => Some((name.clone(), Arc::clone(value))),
            _ => None,
        });
        let Some((name, value)) = found else { return Ok(()) };
        let prefix = match (&*name.namespace, attribute.parent()) {
            ("", _) => Some(Arc::from("")),
            (namespace, Some(parent)) => parent.prefix_of(namespace),
            (namespace, None) => Name::fixed_prefix(namespace).map(Arc::from),
        };
        let prefix = self.scope.attribute(prefix, &name, &value)?.unwrap_or_default();
        self.attribute(&prefix, &name.local, &value)
    }

    fn attribute(&mut self, prefix: &str, local: &str, value: &str) -> Outcome<()> {
        self.out.push(' ');
        if !prefix.is_empty() {
            self.out.push_str(prefix);
            self.out.push(':');
        }
        self.out.push_str(local);
        self.out.push_str("=\"");
        escape(value, Place::Attribute, &mut self.out)?;
        self.out.push('"');
        Ok(())
    }

    // Gives the name as written.
    fn start_tag(&mut self, node: &XNode, name: &Name) -> Outcome<Arc<str>> {
        self.new_line();
        self.mixed_above.push(self.mixed);
        let prefix = self.scope.open(node, name)?;
        if &*prefix == "xmlns" {
            return Err(reserved());
        }
        let written: Arc<str> =
            if prefix.is_empty() { Arc::clone(&name.local) } else { format!("{prefix}:{}", name.local).into() };
        self.out.push('<');
        self.out.push_str(&written);
        for attribute in node.each(Part::Attributes) {
            let found = attribute.with(|kind| match kind {
                Kind::Attribute(name, value) => Some((name.clone(), Arc::clone(value))),
                _ => None,
            });
            let Some((name, value)) = found else { continue };
            check_space(&name, &value)?;
            let known = self.scope.attribute_prefix(&name)?;
            if let Some(prefix) = self.scope.attribute(known, &name, &value)? {
                self.attribute(&prefix, &name.local, &value)?;
            }
            if self.out.len() > self.bytes_max {
                return Err(WriteError::TooLong);
            }
        }
        for (prefix, namespace) in self.scope.missing() {
            let (outer, local) = if prefix.is_empty() { ("", "xmlns") } else { ("xmlns", &*prefix) };
            self.attribute(outer, local, &namespace)?;
        }
        Ok(written)
    }

    fn start_content(&mut self) {
        self.out.push('>');
        self.content_from = self.out.len();
        let is_root = self.mixed_above.len() == 1 && self.conformance == Conformance::Document;
        self.mixed = !is_root && self.mixed_above.last() == Some(&true);
    }

    fn empty_end(&mut self) {
        self.out.push_str(" />");
        self.leave();
    }

    fn end_tag(&mut self, written: &str) {
        let outer = self.mixed_above.pop();
        if self.content_from != self.out.len() {
            self.new_line();
        }
        self.mixed_above.extend(outer);
        self.out.push_str("</");
        self.out.push_str(written);
        self.out.push('>');
        self.leave();
    }

    fn leave(&mut self) {
        self.scope.close();
        self.mixed = self.mixed_above.pop().unwrap_or(false);
    }
}

/// No element, and no attribute that declares nothing, may be of this prefix.
fn reserved() -> WriteError {
    WriteError::Argument("Prefix \"xmlns\" is reserved for use by XML.".to_owned())
}

fn check_space(name: &Name, value: &str) -> Outcome<()> {
    let is_space = &*name.namespace == XML && &*name.local == "space";
    if is_space && !matches!(value, "default" | "preserve") {
        return Err(WriteError::Argument(format!("'{value}' is an invalid xml:space value.")));
    }
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Content,
    Attribute,
}

fn invalid(c: char) -> WriteError {
    WriteError::Argument(not_allowed(c))
}

fn escape(text: &str, place: Place, out: &mut String) -> Outcome<()> {
    let in_attribute = place == Place::Attribute;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\r' if in_attribute => out.push_str("&#xD;"),
            '\r' => {
                chars.next_if_eq(&'\n');
                out.push('\n');
            }
            '"' if in_attribute => out.push_str("&quot;"),
            '\n' if in_attribute => out.push_str("&#xA;"),
            '\t' if in_attribute => out.push_str("&#x9;"),
            plain if is_character(plain) => out.push(plain),
            other => return Err(invalid(other)),
        }
    }
    Ok(())
}

// Lines end in LF, whatever they ended in.
fn not_allowed(c: char) -> String {
    format!("'{}', hexadecimal value {}, is an invalid character.", shown(c), hexadecimal(c))
}

// XML 1.0 §2.3, `PubidChar`.
fn is_public(c: char) -> bool {
    c.is_ascii_alphanumeric() || " \r\n-'()+,./:=?;!*#@$_%".contains(c)
}

/// A text as a comment can hold it: two hyphens may not stand together, nor one at the end.
pub(crate) fn commented(text: &str) -> String {
    let mut apart = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '-' && apart.ends_with('-') {
            apart.push(' ');
        }
        apart.push(c);
    }
    if apart.ends_with('-') {
        apart.push(' ');
    }
    apart
}

fn verbatim(text: &str, out: &mut String) -> Outcome<()> {
    if let Some(c) = text.chars().find(|c| !is_character(*c)) {
        return Err(invalid(c));
    }
    out.push_str(&text.replace("\r\n", "\n").replace('\r', "\n"));
    Ok(())
}
