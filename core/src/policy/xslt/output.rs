//! A result as text, by the methods `xml`, `html` and `text`. Always UTF-8. XSLT 1.0 §16.

use std::sync::Arc;

use super::stylesheet::{Method, Output};
use super::tree::{Escaping, Kind, Name, NodeId, Scope, Tree};
use crate::expr::xml::{XML, is_blank};

/// The longest result, in bytes.
const BYTES_MAX: usize = 16 * 1024 * 1024;

/// What all elements of a result that declare namespaces may need, in declarations that are in force there.
const DECLARATIONS_MAX: usize = 1_000_000;

/// Elements of HTML without an end tag.
const VOID: [&str; 13] =
    ["area", "base", "basefont", "br", "col", "frame", "hr", "img", "input", "isindex", "link", "meta", "param"];

/// Attributes of HTML that are there or not.
const SWITCHES: [&str; 12] = [
    "checked", "compact", "declare", "defer", "disabled", "ismap", "multiple", "nohref", "noresize", "noshade",
    "nowrap", "selected",
];

/// Attributes of HTML that hold addresses.
const PLACES: [&str; 12] =
    ["action", "cite", "classid", "codebase", "data", "for", "href", "longdesc", "name", "profile", "src", "usemap"];

/// Writes the tree below `root`.
///
/// # Errors
/// It is too long.
pub(super) fn write(tree: &Tree, root: NodeId, output: &Output) -> Result<String, String> {
    let method = output.method.unwrap_or_else(|| usual(tree, root));
    let mut writer = Writer {
        tree,
        output,
        method,
        out: String::new(),
        scopes: vec![Arc::default()],
        depth: 0,
        declarations: 0,
        mixed: Vec::new(),
    };
    match method {
        Method::Text => writer.out = tree.text(root),
        Method::Xml | Method::Html => {
            writer.head(root);
            writer.content(root)?;
        }
    }
    if writer.out.len() > BYTES_MAX {
        return Err(too_long());
    }
    Ok(writer.out)
}

fn too_long() -> String {
    format!("the result is longer than {BYTES_MAX} bytes")
}

// XSLT 1.0 §16: HTML when the first element is `html` and only white space stands before it.
fn usual(tree: &Tree, root: NodeId) -> Method {
    for child in tree.children(root) {
        match tree.kind(child) {
            Kind::Text(text, _) if is_blank(text) => {}
            Kind::Comment(_) | Kind::Instruction(..) => {}
            Kind::Element(name, _) if name.namespace.is_empty() && name.local.eq_ignore_ascii_case("html") => {
                return Method::Html;
            }
            Kind::Root | Kind::Element(..) | Kind::Attribute(..) | Kind::Namespace(..) | Kind::Text(..) => {
                return Method::Xml;
            }
        }
    }
    Method::Xml
}

struct Writer<'t> {
    tree: &'t Tree,
    output: &'t Output,
    method: Method,
    out: String,
    /// What the open elements declare, the innermost last; each holds all that is in force.
    scopes: Vec<Arc<Scope>>,
    depth: usize,
    /// What has been kept of declarations in force.
    declarations: usize,
    /// Whether the open elements hold text, so that nothing may be laid out in them.
    mixed: Vec<bool>,
}

impl Writer<'_> {
    fn head(&mut self, root: NodeId) {
        if self.method == Method::Xml && !self.output.omits_declaration {
            let version = self.output.version.as_deref().unwrap_or("1.0");
            self.out.push_str(&format!("<?xml version=\"{version}\" encoding=\"utf-8\""));
            if let Some(standalone) = self.output.standalone {
                self.out.push_str(if standalone { " standalone=\"yes\"" } else { " standalone=\"no\"" });
            }
            self.out.push_str("?>");
            if self.indents() {
                self.out.push('\n');
            }
        }
        let element = self.tree.children(root).find(|child| self.tree.is_element(*child));
        let Some(name) = element.and_then(|element| self.tree.name(element)) else { return };
        let ids = match (&self.output.public_id, &self.output.system_id) {
            (Some(public), Some(system)) => format!("PUBLIC \"{public}\" \"{system}\""),
            (Some(public), None) if self.method == Method::Html => format!("PUBLIC \"{public}\""),
            (None, Some(system)) => format!("SYSTEM \"{system}\""),
            (_, None) => return,
        };
        let name = if self.method == Method::Html { "html".to_owned() } else { name.written() };
        self.out.push_str(&format!("<!DOCTYPE {name} {ids}>"));
        if self.indents() {
            self.out.push('\n');
        }
    }

    fn indents(&self) -> bool {
        self.method == Method::Xml && self.output.indent == Some(true)
    }

    fn content(&mut self, root: NodeId) -> Result<(), String> {
        let mut at = self.tree.node(root).first;
        while let Some(node) = at {
            if self.out.len() > BYTES_MAX || self.declarations > DECLARATIONS_MAX {
                return Err(too_long());
            }
            self.begin(node);
            if let Some(first) = self.tree.node(node).first {
                at = Some(first);
                continue;
            }
            let mut here = node;
            at = loop {
                if self.tree.is_element(here) {
                    self.finish(here);
                }
                if self.out.len() > BYTES_MAX {
                    return Err(too_long());
                }
                if let Some(next) = self.tree.node(here).next {
                    break Some(next);
                }
                match self.tree.parent(here) {
                    Some(parent) if parent != root => here = parent,
                    Some(_) | None => break None,
                }
            };
        }
        Ok(())
    }

    fn begin(&mut self, node: NodeId) {
        match self.tree.kind(node) {
            Kind::Element(name, scope) => self.start_tag(node, name, scope),
            Kind::Text(text, escaping) => self.text(node, text, *escaping),
            Kind::Comment(text) => {
                self.new_line();
                self.out.push_str(&format!("<!--{text}-->"));
            }
            Kind::Instruction(target, data) => {
                self.new_line();
                let end = if self.method == Method::Html { ">" } else { "?>" };
                let gap = if data.is_empty() { "" } else { " " };
                self.out.push_str(&format!("<?{target}{gap}{data}{end}"));
            }
            Kind::Root | Kind::Attribute(..) | Kind::Namespace(..) => {}
        }
    }

    fn new_line(&mut self) {
        if self.indents() && self.mixed.last() != Some(&true) && !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n("  ", self.depth));
        }
    }

    fn start_tag(&mut self, node: NodeId, name: &Name, scope: &Arc<Scope>) {
        if self.depth > 0 {
            self.new_line();
        }
        let outer = self.scopes.last().map(Arc::clone).unwrap_or_default();
        let attributes: Vec<(&Name, &Arc<str>)> = self
            .tree
            .attributes(node)
            .filter_map(|id| match self.tree.kind(id) {
                Kind::Attribute(name, value) => Some((name, value)),
                _ => None,
            })
            .collect();
        let mut declared = Declared { outer: &outer, new: Vec::new() };
        let written = declared.element(name);
        for (prefix, namespace) in scope.all() {
            // The default namespace of a copy is not that of an element that has none.
            if *prefix != name.prefix || *namespace == name.namespace {
                declared.unless_taken(prefix, namespace);
            }
        }
        let names: Vec<String> = attributes.iter().map(|(name, _)| declared.attribute(name)).collect();
        let new = declared.new;
        self.out.push('<');
        self.out.push_str(&written);
        for ((name, value), written) in attributes.iter().zip(names) {
            self.out.push(' ');
            self.out.push_str(&written);
            let is_switch = self.is_html(name) && SWITCHES.contains(&&*name.local.to_ascii_lowercase());
            if is_switch && value.eq_ignore_ascii_case(&name.local) {
                continue;
            }
            self.out.push_str("=\"");
            match self.is_html(name) && PLACES.contains(&&*name.local.to_ascii_lowercase()) {
                true => self.escape_attribute(&percent_encoded(value)),
                false => self.escape_attribute(value),
            }
            self.out.push('"');
        }
        // Behind the attributes, as in .NET.
        for (prefix, namespace) in &new {
            self.out.push_str(if prefix.is_empty() { " xmlns" } else { " xmlns:" });
            self.out.push_str(prefix);
            self.out.push_str("=\"");
            self.escape_attribute(namespace);
            self.out.push('"');
        }
        self.declarations += if new.is_empty() { 0 } else { outer.len() + new.len() };
        let inner = if new.is_empty() { outer } else { Arc::new(Scope::inside(&outer, new)) };
        self.scopes.push(inner);
        let has_text = self.tree.children(node).any(|child| matches!(self.tree.kind(child), Kind::Text(..)));
        self.mixed.push(has_text || self.mixed.last() == Some(&true));
        self.depth += 1;
        let is_empty = self.tree.node(node).first.is_none();
        if self.is_html(name) {
            self.out.push('>');
            if name.local.eq_ignore_ascii_case("head") {
                self.out.push_str("<META http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\">");
            }
        } else {
            self.out.push_str(if is_empty { " />" } else { ">" });
        }
    }

    fn is_html(&self, name: &Name) -> bool {
        self.method == Method::Html && name.namespace.is_empty()
    }

    fn finish(&mut self, node: NodeId) {
        let Some(name) = self.tree.name(node) else { return };
        self.depth = self.depth.saturating_sub(1);
        self.scopes.pop();
        let mixed = self.mixed.pop() == Some(true);
        let is_empty = self.tree.node(node).first.is_none();
        let is_html = self.is_html(name);
        let is_void = is_html && VOID.contains(&&*name.local.to_ascii_lowercase());
        if is_void || is_empty && !is_html {
            return;
        }
        if self.indents() && !mixed && !is_empty {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n("  ", self.depth));
        }
        self.out.push_str("</");
        self.out.push_str(&name.written());
        self.out.push('>');
    }

    fn text(&mut self, node: NodeId, text: &str, escaping: Escaping) {
        let parent = self.tree.parent(node).and_then(|parent| self.tree.name(parent));
        let is_raw =
            |name: &Name| self.is_html(name) && matches!(&*name.local.to_ascii_lowercase(), "script" | "style");
        if escaping == Escaping::Off || parent.is_some_and(is_raw) {
            self.out.push_str(text);
        } else if parent.is_some_and(|name| self.method == Method::Xml && self.output.cdata.contains(name)) {
            let text = text.replace("]]>", "]]]]><![CDATA[>");
            self.out.push_str(&format!("<![CDATA[{text}]]>"));
        } else {
            for c in text.chars() {
                match c {
                    '<' => self.out.push_str("&lt;"),
                    '>' => self.out.push_str("&gt;"),
                    '&' => self.out.push_str("&amp;"),
                    '\r' if self.method == Method::Xml => self.out.push_str("&#xD;"),
                    other => self.out.push(other),
                }
            }
        }
    }

    fn escape_attribute(&mut self, text: &str) {
        let is_html = self.method == Method::Html;
        let mut characters = text.chars().peekable();
        while let Some(c) = characters.next() {
            match c {
                '<' if !is_html => self.out.push_str("&lt;"),
                '>' if !is_html => self.out.push_str("&gt;"),
                '&' if is_html && characters.peek() == Some(&'{') => self.out.push('&'),
                '&' => self.out.push_str("&amp;"),
                '"' => self.out.push_str("&quot;"),
                '\n' if !is_html => self.out.push_str("&#xA;"),
                '\r' if !is_html => self.out.push_str("&#xD;"),
                '\t' if !is_html => self.out.push_str("&#x9;"),
                other => self.out.push(other),
            }
        }
    }
}

// XSLT 1.0 §16.2: what is not ASCII in an address is written so.
fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut buffer = [0; 4];
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
            continue;
        }
        c.encode_utf8(&mut buffer).bytes().for_each(|byte| out.push_str(&format!("%{byte:02X}")));
    }
    out
}

/// The declarations that an element must write.
struct Declared<'s> {
    outer: &'s Scope,
    new: Vec<(Arc<str>, Arc<str>)>,
}

impl Declared<'_> {
    fn bound(&self, prefix: &str) -> Option<&Arc<str>> {
        let own = self.new.iter().find(|(known, _)| **known == *prefix).map(|(_, namespace)| namespace);
        own.or_else(|| self.outer.namespace_of(prefix))
    }

    // The element's name as written.
    fn element(&mut self, name: &Name) -> String {
        let is_bound = match self.bound(&name.prefix) {
            Some(namespace) => *namespace == name.namespace,
            None => name.namespace.is_empty(),
        };
        if !is_bound && *name.namespace != *XML {
            self.new.push((Arc::clone(&name.prefix), Arc::clone(&name.namespace)));
        }
        name.written()
    }

    fn unless_taken(&mut self, prefix: &Arc<str>, namespace: &Arc<str>) {
        let is_own = self.new.iter().any(|(known, _)| known == prefix);
        let is_known = self.outer.namespace_of(prefix) == Some(namespace);
        let is_nothing = namespace.is_empty();
        if !is_own && !is_known && !is_nothing && &**prefix != "xml" {
            self.new.push((Arc::clone(prefix), Arc::clone(namespace)));
        }
    }

    fn attribute(&mut self, name: &Name) -> String {
        if name.namespace.is_empty() {
            return name.local.to_string();
        }
        if *name.namespace == *XML {
            return format!("xml:{}", name.local);
        }
        if !name.prefix.is_empty() {
            match self.bound(&name.prefix).cloned() {
                Some(namespace) if namespace == name.namespace => return name.written(),
                Some(_) if self.new.iter().any(|(known, _)| *known == name.prefix) => {}
                Some(_) | None => {
                    self.new.push((Arc::clone(&name.prefix), Arc::clone(&name.namespace)));
                    return name.written();
                }
            }
        }
        let own = self.new.iter().map(|(prefix, namespace)| (prefix, namespace));
        let known = own.chain(self.outer.all()).find(|(prefix, namespace)| {
            **namespace == name.namespace && !prefix.is_empty() && self.bound(prefix) == Some(namespace)
        });
        if let Some(prefix) = known.map(|(prefix, _)| Arc::clone(prefix)) {
            return format!("{prefix}:{}", name.local);
        }
        let prefix: Arc<str> = (0..)
            .map(|n| Arc::from(format!("xp_{n}")))
            .find(|p: &Arc<str>| self.bound(p).is_none())
            .unwrap_or_default();
        self.new.push((Arc::clone(&prefix), Arc::clone(&name.namespace)));
        format!("{prefix}:{}", name.local)
    }
}
