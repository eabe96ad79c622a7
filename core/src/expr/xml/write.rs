//! From a tree to text, as `XNode.ToString()` lays it out: two blanks a level, nothing where text stands.

use std::sync::Arc;

use super::{Kind, Name, Tag, XML, XMLNS, XNode};

impl XNode {
    /// `ToString()`
    pub(crate) fn text(&self) -> String {
        let mut writer = Writer { out: String::new(), scope: Vec::new(), known: known_above(self) };
        match self.with(Kind::clone) {
            Kind::Attribute(name, value) => {
                let prefix = attribute_prefix(&name, &writer.known).unwrap_or_default();
                writer.attribute(&prefix, &name.local, &value);
                writer.out.trim_start().to_owned()
            }
            Kind::Document(_, children) => {
                let mut mixed = false;
                for child in children {
                    writer.node(&child, 0, &mut mixed);
                }
                writer.out
            }
            _ => {
                let mut mixed = false;
                writer.node(self, 0, &mut mixed);
                writer.out
            }
        }
    }
}

/// Prefixes and their namespaces, innermost last.
type Scope = Vec<(Arc<str>, Arc<str>)>;

// The declaration that an attribute is: its prefix, empty for the default namespace.
fn declared(name: &Name) -> Option<Arc<str>> {
    name.is_declaration().then(|| if &*name.namespace == XMLNS { Arc::clone(&name.local) } else { Arc::from("") })
}

fn declarations(node: &XNode) -> Scope {
    let attributes = node.attributes();
    attributes.iter().filter_map(|node| Some((declared(&node.name()?)?, Arc::from(node.value())))).collect()
}

// What the elements above declare, which a part that is written alone must repeat.
fn known_above(node: &XNode) -> Scope {
    let mut levels = Vec::new();
    let mut above = node.parent();
    while let Some(element) = above {
        levels.push(declarations(&element));
        above = element.parent();
    }
    levels.into_iter().rev().flatten().collect()
}

fn visible<'s>(scope: &'s Scope, prefix: &str) -> Option<&'s Arc<str>> {
    scope.iter().rev().find(|(known, _)| &**known == prefix).map(|(_, namespace)| namespace)
}

fn prefix_of(namespace: &str, known: &Scope, with_default: bool) -> Option<Arc<str>> {
    let fits = |(prefix, bound): &&(Arc<str>, Arc<str>)| {
        &**bound == namespace
            && (with_default || !prefix.is_empty())
            && visible(known, prefix).is_some_and(|seen| **seen == *namespace)
    };
    known.iter().rev().find(fits).map(|(prefix, _)| Arc::clone(prefix))
}

fn attribute_prefix(name: &Name, known: &Scope) -> Option<Arc<str>> {
    match &*name.namespace {
        "" => Some(Arc::from("")),
        XML => Some(Arc::from("xml")),
        XMLNS => Some(Arc::from("xmlns")),
        namespace => prefix_of(namespace, known, false),
    }
}

struct Writer {
    out: String,
    /// What has been declared in the text.
    scope: Scope,
    /// What the tree declares.
    known: Scope,
}

impl Writer {
    fn new_line(&mut self, level: usize, mixed: bool) {
        if !mixed && !self.out.is_empty() {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n("  ", level));
        }
    }

    fn node(&mut self, node: &XNode, level: usize, mixed: &mut bool) {
        match node.with(Kind::clone) {
            Kind::Text(text) => {
                *mixed = true;
                escape(&text, false, &mut self.out);
            }
            Kind::CData(text) => {
                *mixed = true;
                self.out.push_str(&format!("<![CDATA[{text}]]>"));
            }
            Kind::Comment(text) => {
                self.new_line(level, *mixed);
                self.out.push_str(&format!("<!--{text}-->"));
            }
            Kind::Instruction(target, data) => {
                self.new_line(level, *mixed);
                let blank = if data.is_empty() { "" } else { " " };
                self.out.push_str(&format!("<?{target}{blank}{data}?>"));
            }
            Kind::DocumentType(text) => {
                self.new_line(level, *mixed);
                self.out.push_str(&format!("<!DOCTYPE {text} []>"));
            }
            Kind::Element { name, attributes, children, tag } => {
                self.new_line(level, *mixed);
                self.element(node, (&name, &attributes, &children, tag), level, *mixed);
            }
            Kind::Attribute(..) | Kind::Document(..) => {}
        }
    }

    fn attribute(&mut self, prefix: &str, local: &str, value: &str) {
        self.out.push(' ');
        if !prefix.is_empty() {
            self.out.push_str(prefix);
            self.out.push(':');
        }
        self.out.push_str(local);
        self.out.push_str("=\"");
        escape(value, true, &mut self.out);
        self.out.push('"');
    }

    fn element(
        &mut self,
        node: &XNode,
        (name, attributes, children, tag): (&Name, &[XNode], &[XNode], Tag),
        level: usize,
        mixed: bool,
    ) {
        let (scope, known) = (self.scope.len(), self.known.len());
        let own = declarations(node);
        self.known.extend(own.iter().cloned());
        self.scope.extend(own);
        let prefix = match &*name.namespace {
            "" => Arc::from(""),
            namespace => prefix_of(namespace, &self.known, true).unwrap_or_default(),
        };
        let mut missing: Scope = Vec::new();
        let is_bound = visible(&self.scope, &prefix).map_or(name.namespace.is_empty(), |seen| *seen == name.namespace);
        if !is_bound {
            missing.push((Arc::clone(&prefix), Arc::clone(&name.namespace)));
        }
        let written = if prefix.is_empty() { name.local.to_string() } else { format!("{prefix}:{}", name.local) };
        self.out.push('<');
        self.out.push_str(&written);
        for attribute in attributes {
            let Some(name) = attribute.name() else { continue };
            let generated = || Arc::from(format!("p{}", missing.len().max(1)));
            let prefix = attribute_prefix(&name, &self.known)
                .or_else(|| prefix_of(&name.namespace, &missing, false))
                .unwrap_or_else(generated);
            let is_bound = matches!(&*prefix, "" | "xml" | "xmlns")
                || visible(&self.scope, &prefix).or_else(|| visible(&missing, &prefix)) == Some(&name.namespace);
            if !is_bound {
                missing.push((Arc::clone(&prefix), Arc::clone(&name.namespace)));
            }
            self.attribute(&prefix, &name.local, &attribute.value());
        }
        // The last one that was found missing comes first, as XmlWriter has it.
        for (prefix, namespace) in missing.iter().rev() {
            let (outer, local) = if prefix.is_empty() { ("", "xmlns") } else { ("xmlns", &**prefix) };
            self.attribute(outer, local, namespace);
        }
        self.scope.extend(missing);
        if children.is_empty() && tag == Tag::Empty {
            self.out.push_str(" />");
        } else {
            self.out.push('>');
            let mut inner_mixed = mixed;
            for child in children {
                self.node(child, level + 1, &mut inner_mixed);
            }
            if !children.is_empty() {
                self.new_line(level, inner_mixed);
            }
            self.out.push_str(&format!("</{written}>"));
        }
        self.scope.truncate(scope);
        self.known.truncate(known);
    }
}

fn escape(text: &str, in_attribute: bool, out: &mut String) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\r' => out.push_str("&#xD;"),
            '"' if in_attribute => out.push_str("&quot;"),
            '\n' if in_attribute => out.push_str("&#xA;"),
            '\t' if in_attribute => out.push_str("&#x9;"),
            plain => out.push(plain),
        }
    }
}
