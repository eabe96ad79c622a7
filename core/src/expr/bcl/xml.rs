//! `System.Xml.Linq`: reading, looking inside, values. Sequences of nodes, and changes, are not built.

use std::sync::Arc;

use super::object::{parse_double, parse_int, parse_long};
use super::{Call, Row, row};
use crate::expr::exception::{Outcome, argument_null, broken, format, throw};
use crate::expr::instance::{self, State};
use crate::expr::ty::{Class, Ty};
use crate::expr::xml::{Failure, Kind, NODE_BYTES, Name, Root, Tag, XML, XMLNS, XNode, read};
use crate::value::Value;

pub(super) const ROWS: &[Row] = &[
    row("XElement", "static XElement Parse(string text)", |call| parse(call, Root::Element)),
    row("XDocument", "static XDocument Parse(string text)", |call| parse(call, Root::Document)),
    row("XElement", "new XElement(string name, params object[] content)", |call| {
        let name = name_at(call, 0)?;
        element(call, name)
    }),
    row("XElement", "new XElement(XName name, params object[] content)", |call| {
        let name = name_at(call, 0)?;
        element(call, name)
    }),
    row("XAttribute", "new XAttribute(string name, object value)", attribute),
    row("XAttribute", "new XAttribute(XName name, object value)", attribute),
    row("XDocument", "new XDocument(params object[] content)", |call| {
        let (_, children) = contents(call, 0)?;
        wrapped(call, &XNode::new(Kind::Document(None, children)))
    }),
    row("XText", "new XText(string value)", |call| single(call, Kind::Text)),
    row("XCData", "new XCData(string value)", |call| single(call, Kind::CData)),
    row("XComment", "new XComment(string value)", |call| single(call, Kind::Comment)),
    row("XObject", "string ToString()", |call| {
        let text = node(call)?.text();
        call.yields(text)
    }),
    row("XObject", "XElement Parent", |call| {
        let parent = node(call)?.parent().filter(XNode::is_element);
        wrapped_or_null(call, parent)
    }),
    row("XDocument", "XElement Root", |call| {
        let root = node(call)?.elements().into_iter().next();
        wrapped_or_null(call, root)
    }),
    row("XDocument", "XDeclaration Declaration", |call| {
        let text = node(call)?.with(|kind| match kind {
            Kind::Document(declaration, _) => declaration.clone(),
            _ => None,
        });
        match text {
            Some(text) => call.machine.object(Ty::Class(Class::XDeclaration), Declaration(text)),
            None => Ok(Value::Null),
        }
    }),
    row("XContainer", "XElement Element(string name)", child),
    row("XContainer", "XElement Element(XName name)", child),
    row("XContainer", "XNode FirstNode", |call| {
        let first = node(call)?.children().into_iter().next();
        wrapped_or_null(call, first)
    }),
    row("XContainer", "XNode LastNode", |call| {
        let last = node(call)?.children().pop();
        wrapped_or_null(call, last)
    }),
    row("XNode", "XNode NextNode", |call| beside(call, 1)),
    row("XNode", "XNode PreviousNode", |call| beside(call, -1)),
    row("XElement", "XName Name", name),
    row("XAttribute", "XName Name", name),
    row("XElement", "string Value", value),
    row("XAttribute", "string Value", value),
    row("XText", "string Value", value),
    row("XComment", "string Value", |call| {
        let text = node(call)?.with(|kind| match kind {
            Kind::Comment(text) => Arc::clone(text),
            _ => Arc::from(""),
        });
        call.yields(text)
    }),
    row("XElement", "XAttribute Attribute(string name)", find_attribute),
    row("XElement", "XAttribute Attribute(XName name)", find_attribute),
    row("XElement", "bool HasElements", |call| Ok(Value::Bool(!node(call)?.elements().is_empty()))),
    row("XElement", "bool HasAttributes", |call| Ok(Value::Bool(!node(call)?.attributes().is_empty()))),
    row("XElement", "bool IsEmpty", |call| {
        let is_empty = node(call)?.with(|kind| match kind {
            Kind::Element { children, tag, .. } => children.is_empty() && *tag == Tag::Empty,
            _ => false,
        });
        Ok(Value::Bool(is_empty))
    }),
    row("XElement", "XNamespace GetDefaultNamespace()", |call| {
        let mut element = Some(node(call)?);
        while let Some(here) = element {
            let declared = here.attributes().into_iter().find(|attribute| {
                attribute.name().is_some_and(|name| name.namespace.is_empty() && &*name.local == "xmlns")
            });
            if let Some(declared) = declared {
                return namespace(call, declared.value().into());
            }
            element = here.parent();
        }
        namespace(call, Arc::from(""))
    }),
    row("XName", "static XName Get(string expandedName)", |call| {
        let name = name_at(call, 0)?;
        named(call, name)
    }),
    row("XName", "string LocalName", |call| Ok(Value::String(call.state(0, |name: &mut XName| name.0.local.clone())?))),
    row("XName", "string NamespaceName", |call| {
        Ok(Value::String(call.state(0, |name: &mut XName| name.0.namespace.clone())?))
    }),
    row("XName", "XNamespace Namespace", |call| {
        let found = call.state(0, |name: &mut XName| name.0.namespace.clone())?;
        namespace(call, found)
    }),
    row("XNamespace", "static XNamespace Get(string namespaceName)", |call| {
        let name = Arc::clone(call.text(0, "namespaceName")?);
        namespace(call, name)
    }),
    row("XNamespace", "static XNamespace None", |call| namespace(call, Arc::from(""))),
    row("XNamespace", "static XNamespace Xml", |call| namespace(call, Arc::from(XML))),
    row("XNamespace", "static XNamespace Xmlns", |call| namespace(call, Arc::from(XMLNS))),
    row("XNamespace", "string NamespaceName", |call| {
        Ok(Value::String(call.state(0, |namespace: &mut XNamespace| namespace.0.clone())?))
    }),
    row("XNamespace", "XName GetName(string localName)", |call| {
        let local = Arc::clone(call.text(1, "localName")?);
        let namespace = call.state(0, |namespace: &mut XNamespace| namespace.0.clone())?;
        named(call, Name { namespace, local })
    }),
];

/// Any node or attribute. It keeps the whole tree alive.
#[derive(Debug)]
struct Linked {
    node: XNode,
    _top: XNode,
}

impl State for Linked {
    fn text(&self, _ty: &Ty) -> String {
        self.node.text()
    }

    fn equals(&self, other: &Self) -> bool {
        self.node.is_same(&other.node)
    }
}

#[derive(Debug)]
struct XName(Name);

impl State for XName {
    fn text(&self, _ty: &Ty) -> String {
        self.0.text()
    }

    fn equals(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

#[derive(Debug)]
struct XNamespace(Arc<str>);

impl State for XNamespace {
    fn text(&self, _ty: &Ty) -> String {
        self.0.to_string()
    }

    fn equals(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

#[derive(Debug)]
struct Declaration(Arc<str>);

impl State for Declaration {
    fn text(&self, _ty: &Ty) -> String {
        format!("<?xml {}?>", self.0.replace('\'', "\""))
    }
}

fn node(call: &Call<'_, '_>) -> Outcome<XNode> {
    call.state(0, |linked: &mut Linked| linked.node.clone())
}

fn class_of(node: &XNode) -> Class {
    node.with(|kind| match kind {
        Kind::Element { .. } => Class::XElement,
        Kind::Attribute(..) => Class::XAttribute,
        Kind::Text(_) => Class::XText,
        Kind::CData(_) => Class::XCData,
        Kind::Comment(_) => Class::XComment,
        Kind::Instruction(..) => Class::XProcessingInstruction,
        Kind::DocumentType(_) => Class::XNode,
        Kind::Document(..) => Class::XDocument,
    })
}

fn wrapped(call: &mut Call<'_, '_>, node: &XNode) -> Outcome<Value> {
    call.machine.object(Ty::Class(class_of(node)), Linked { node: node.clone(), _top: node.top() })
}

fn wrapped_or_null(call: &mut Call<'_, '_>, node: Option<XNode>) -> Outcome<Value> {
    node.map_or(Ok(Value::Null), |node| wrapped(call, &node))
}

/// Reads XML; what is read is counted.
pub(super) fn load(call: &mut Call<'_, '_>, text: &str, root: Root) -> Outcome<Value> {
    call.machine.charge(text.len())?;
    match read(text, root, call.machine.memory_left() / NODE_BYTES) {
        Ok((node, made)) => {
            call.machine.charge(made * NODE_BYTES)?;
            wrapped(call, &node)
        }
        Err(Failure::Syntax(message)) => Err(throw("System.Xml.XmlException", message)),
        Err(Failure::TooLarge) => Err(call.machine.out_of_memory()),
    }
}

fn parse(call: &mut Call<'_, '_>, root: Root) -> Outcome<Value> {
    let text = Arc::clone(call.text(0, "s")?);
    load(call, &text, root)
}

fn name_at(call: &Call<'_, '_>, at: usize) -> Outcome<Name> {
    let value = call.value(at);
    if let Some(name) = instance::look(value, |name: &mut XName| name.0.clone()) {
        return Ok(name);
    }
    let name = Name::expanded(call.text(at, "name")?);
    let is_bad = |c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '.' | '\u{b7}');
    match name.local.chars().find(|c| is_bad(*c)) {
        None => Ok(name),
        Some(c) => {
            let code = u32::from(c);
            let message = format!("The '{c}' character, hexadecimal value 0x{code:02X}, cannot be included in a name.");
            Err(throw("System.Xml.XmlException", message))
        }
    }
}

fn named(call: &mut Call<'_, '_>, name: Name) -> Outcome<Value> {
    call.machine.object(Ty::Class(Class::XName), XName(name))
}

fn namespace(call: &mut Call<'_, '_>, name: Arc<str>) -> Outcome<Value> {
    call.machine.object(Ty::Class(Class::XNamespace), XNamespace(name))
}

fn name(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let name = node(call)?.name().ok_or_else(|| broken("a node without a name"))?;
    named(call, name)
}

fn value(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let text = node(call)?.value();
    call.yields(text)
}

fn child(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let name = Some(name_at(call, 1)?);
    let found = node(call)?.elements().into_iter().find(|element| element.name() == name);
    wrapped_or_null(call, found)
}

fn find_attribute(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let name = Some(name_at(call, 1)?);
    let found = node(call)?.attributes().into_iter().find(|attribute| attribute.name() == name);
    wrapped_or_null(call, found)
}

fn beside(call: &mut Call<'_, '_>, offset: isize) -> Outcome<Value> {
    let node = node(call)?;
    let siblings = node.parent().map(|parent| parent.children()).unwrap_or_default();
    let at = siblings.iter().position(|sibling| sibling.is_same(&node));
    let found = at.and_then(|at| siblings.get(at.checked_add_signed(offset)?)).cloned();
    wrapped_or_null(call, found)
}

fn single(call: &mut Call<'_, '_>, kind: fn(Arc<str>) -> Kind) -> Outcome<Value> {
    let text = Arc::clone(call.text(0, "value")?);
    wrapped(call, &XNode::new(kind(text)))
}

fn attribute(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let name = name_at(call, 0)?;
    if call.value(1).is_null() {
        return Err(argument_null("value"));
    }
    let node = XNode::new(Kind::Attribute(name, text_of(call.value(1)).into()));
    wrapped(call, &node)
}

// The text of a value in XML, which is that of JSON for all but text.
fn text_of(value: &Value) -> String {
    match value {
        Value::Bool(value) => if *value { "true" } else { "false" }.to_owned(),
        Value::DateTime(_) => {
            let json = crate::value::JToken::value(crate::value::json::JKind::Date, value.clone());
            json.to_json(crate::value::json::JFormatting::None).trim_matches('"').to_owned()
        }
        other => other.to_string(),
    }
}

// Attributes and children of an element that is made; a node that stands elsewhere is copied, and texts are joined.
fn contents(call: &mut Call<'_, '_>, from: usize) -> Outcome<(Vec<XNode>, Vec<XNode>)> {
    let (mut attributes, mut children): (Vec<XNode>, Vec<XNode>) = (Vec::new(), Vec::new());
    let mut text: Option<String> = None;
    for value in call.arguments.get(from..).unwrap_or(&[]) {
        call.machine.charge(NODE_BYTES)?;
        let linked = instance::look(value, |linked: &mut Linked| linked.node.clone());
        match linked {
            None if value.is_null() => {}
            None => text.get_or_insert_default().push_str(&text_of(value)),
            Some(node) => {
                let node = if node.parent().is_some() { copied(call, &node)? } else { node };
                if node.with(|kind| matches!(kind, Kind::Attribute(..))) {
                    attributes.push(node);
                    continue;
                }
                children.extend(text.take().map(|text| XNode::new(Kind::Text(text.into()))));
                children.push(node);
            }
        }
    }
    children.extend(text.map(|text| XNode::new(Kind::Text(text.into()))));
    Ok((attributes, children))
}

fn copied(call: &mut Call<'_, '_>, node: &XNode) -> Outcome<XNode> {
    call.machine.charge(NODE_BYTES)?;
    Ok(XNode::new(match node.with(Kind::clone) {
        Kind::Element { name, attributes, children, tag } => {
            let attributes = attributes.iter().map(|node| copied(call, node)).collect::<Outcome<_>>()?;
            let children = children.iter().map(|node| copied(call, node)).collect::<Outcome<_>>()?;
            Kind::Element { name, attributes, children, tag }
        }
        other => other,
    }))
}

fn element(call: &mut Call<'_, '_>, name: Name) -> Outcome<Value> {
    let (attributes, children) = contents(call, 1)?;
    call.machine
        .spend(children.iter().map(|child| child.descendants().len()).sum::<usize>().try_into().unwrap_or(u32::MAX))?;
    if children.iter().any(|child| child.height() >= XNode::HEIGHT_MAX) {
        return Err(call.machine.out_of_memory());
    }
    let tag = if children.is_empty() { Tag::Empty } else { Tag::Full };
    wrapped(call, &XNode::new(Kind::Element { name, attributes, children, tag }))
}

/// The explicit operators of `XElement` and `XAttribute`.
pub(super) fn cast(value: &Value, ty: &Ty) -> Outcome<Value> {
    let Some(text) = instance::look(value, |linked: &mut Linked| linked.node.value()) else {
        return if ty.holds_null() { Ok(Value::Null) } else { Err(argument_null("element")) };
    };
    let inner = match ty {
        Ty::Nullable(inner) => inner,
        other => other,
    };
    match inner {
        Ty::String => Ok(Value::string(text)),
        Ty::Int32 => parse_int(&text).map(Value::Int32),
        Ty::Int64 => parse_long(&text).map(Value::Int64),
        Ty::Double => parse_double(&text).map(Value::Double),
        Ty::Bool => match text.trim() {
            "true" | "1" => Ok(Value::Bool(true)),
            "false" | "0" => Ok(Value::Bool(false)),
            _ => Err(format(format!("The string '{text}' is not a valid Boolean value."))),
        },
        Ty::Class(Class::Guid) => super::guid::parse(&text).map(Value::Guid),
        _ => Err(broken("a cast of XML that the checker refuses")),
    }
}
