//! XML as JSON. `direct` keeps everything: attributes as `@name`, text beside other things as `#text`, prefixes as `prefix$name`.
//! `javascript-friendly` gives names that can stand behind a dot: attributes without `@`, no declarations of namespaces.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::expr::xml::{Blanks, Failure, Kind as Node, Name, Part, Reading, Root, Tag, XMLNS, XNode, read};

/// The most nodes that are converted.
const NODES_MAX: usize = 1_000_000;

/// The deepest nesting that is converted: deeper JSON is read by few.
const DEPTH_MAX: usize = 120;

/// The form of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Direct,
    JavascriptFriendly,
}

/// Converts an XML text. A child that stands alone is an array too when `always_arrays`.
///
/// # Errors
/// It is not XML; with its place, in words.
pub(super) fn convert(text: &str, kind: Kind, always_arrays: bool) -> Result<String, String> {
    let reading = Reading { root: Root::Document, blanks: Blanks::Dropped, nodes_max: NODES_MAX };
    let (document, _) = read(&Arc::from(text), reading).map_err(|failure| match failure {
        Failure::Syntax(why) => format!("the content is not XML: {why}"),
        Failure::TooLarge => "the content is not XML: it is too large".to_owned(),
    })?;
    let converter = Converter { kind, always_arrays };
    let mut top = Map::new();
    // Decision, after what was observed: the declaration's parts stand at the top (fixtures/policy/xml-to-json.conversation).
    if kind == Kind::Direct {
        document.with(|node| {
            if let Node::Document { declaration: Some(declaration), .. } = node {
                let parts = declaration.with(|parts| parts.clone());
                for (name, part) in ["version", "encoding", "standalone"].into_iter().zip(parts) {
                    top.extend(part.map(|part| (name.to_owned(), Value::String(part.to_string()))));
                }
            }
        });
    }
    for root in document.each(Part::Content).filter(XNode::is_element) {
        let value = converter.element(&root, 0)?;
        top.insert(converter.name(&root, Part::Content), value);
    }
    Ok(Value::Object(top).to_string())
}

struct Converter {
    kind: Kind,
    always_arrays: bool,
}

impl Converter {
    fn element(&self, element: &XNode, depth: usize) -> Result<Value, String> {
        if depth > DEPTH_MAX {
            return Err(format!("elements stand in each other more than {DEPTH_MAX} deep"));
        }
        let mut members = Map::new();
        for attribute in element.each(Part::Attributes) {
            if self.kind == Kind::JavascriptFriendly && is_declaration(&attribute) {
                continue;
            }
            let value = Value::String(attribute.with(text_of).map(|text| text.to_string()).unwrap_or_default());
            members.insert(self.name(&attribute, Part::Attributes), value);
        }
        let mut text = None;
        for node in element.each(Part::Content) {
            if node.is_element() {
                let value = self.element(&node, depth + 1)?;
                self.add(&mut members, self.name(&node, Part::Content), value);
            } else if let Some(more) = node.with(text_of) {
                text.get_or_insert_with(String::new).push_str(&more);
            }
        }
        Ok(match (text, members.is_empty()) {
            (Some(text), true) => Value::String(text),
            (None, true) => element.with(|node| match node {
                Node::Element { tag: Tag::Empty, .. } => Value::Null,
                _ => Value::String(String::new()),
            }),
            (Some(text), false) => {
                let name = if self.kind == Kind::Direct { "#text" } else { "$text" };
                members.insert(name.to_owned(), Value::String(text));
                Value::Object(members)
            }
            (None, false) => Value::Object(members),
        })
    }

    fn add(&self, members: &mut Map<String, Value>, name: String, value: Value) {
        match members.get_mut(&name) {
            Some(Value::Array(values)) => values.push(value),
            Some(one) => *one = Value::Array(vec![one.take(), value]),
            None => {
                members.insert(name, if self.always_arrays { Value::Array(vec![value]) } else { value });
            }
        }
    }

    fn name(&self, node: &XNode, part: Part) -> String {
        let Some(name) = node.name() else { return String::new() };
        let local = qualified(node, &name);
        match (part, self.kind) {
            (Part::Attributes, Kind::Direct) => format!("@{local}"),
            (Part::Attributes | Part::Content, Kind::Direct | Kind::JavascriptFriendly) => local,
        }
    }
}

fn text_of(node: &Node) -> Option<Arc<str>> {
    match node {
        Node::Text(text) | Node::CData(text) | Node::Attribute(_, text) => Some(Arc::clone(text)),
        Node::Element { .. }
        | Node::Comment(_)
        | Node::Instruction(..)
        | Node::DocumentType(_)
        | Node::Document { .. } => None,
    }
}

fn is_declaration(attribute: &XNode) -> bool {
    attribute.name().is_some_and(|name| &*name.namespace == XMLNS || &*name.local == "xmlns")
}

// The name with the prefix that is declared for its namespace.
fn qualified(node: &XNode, name: &Name) -> String {
    let local = &name.local;
    if name.namespace.is_empty() {
        return local.to_string();
    }
    if &*name.namespace == XMLNS {
        return format!("xmlns${local}");
    }
    match prefix_of(node, &name.namespace) {
        Some(prefix) => format!("{prefix}${local}"),
        None => local.to_string(),
    }
}

fn prefix_of(node: &XNode, namespace: &str) -> Option<Arc<str>> {
    if let Some(fixed) = Name::fixed_prefix(namespace) {
        return Some(Arc::from(fixed));
    }
    let elements = std::iter::successors(Some(node.clone()), XNode::parent).filter(XNode::is_element);
    let nearest = elements.flat_map(|element| element.declarations()).find(|(_, bound)| **bound == *namespace);
    nearest.map(|(prefix, _)| prefix).filter(|prefix| !prefix.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn direct(xml: &str) -> String {
        convert(xml, Kind::Direct, false).unwrap()
    }

    #[test]
    fn the_published_example() {
        let xml = "<?xml version=\"1.0\"?><soap:Envelope xmlns=\"http://example.com/\" \
            xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body><GetOrders><Customer>1234567</Customer>\
            </GetOrders></soap:Body></soap:Envelope>";
        let expected = "{\"version\":\"1.0\",\"soap$Envelope\":{\"@xmlns\":\"http://example.com/\",\
            \"@xmlns$soap\":\"http://schemas.xmlsoap.org/soap/envelope/\",\"soap$Body\":{\"GetOrders\":{\"Customer\":\"1234567\"}}}}";
        assert_eq!(direct(xml), expected);
    }

    #[test]
    fn repeated_mixed_and_empty() {
        let xml = "<a x='1'>t<b/><b></b><c>1</c><![CDATA[<]]><!-- no --></a>";
        assert_eq!(direct(xml), r##"{"a":{"@x":"1","b":[null,""],"c":"1","#text":"t<"}}"##);
        let friendly = convert("<a xmlns='u' x='1'>t<b>2</b></a>", Kind::JavascriptFriendly, true).unwrap();
        assert_eq!(friendly, r#"{"a":{"x":"1","b":["2"],"$text":"t"}}"#);
    }

    #[test]
    fn what_is_not_xml_is_told() {
        assert!(convert("<a>", Kind::Direct, false).unwrap_err().starts_with("the content is not XML: "));
        let deep = "<a>".repeat(200) + &"</a>".repeat(200);
        assert!(convert(&deep, Kind::Direct, false).unwrap_err().contains("deep"));
    }
}
