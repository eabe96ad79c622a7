//! `System.Xml.Linq`: what its types share: the value that stands for a node, names, limits. Members stand in the files below.

mod axes;
mod cast;
mod change;
mod compare;
mod content;
mod from_json;
mod make;
mod names;
mod notes;
mod parts;
mod scope;
mod to_json;

use std::sync::Arc;

use super::enums::XML_NODE_TYPE;
use super::{Call, Row, row};
use crate::expr::Interrupt;
use crate::expr::eval::Machine;
use crate::expr::exception::{Outcome, argument_null, throw};
use crate::expr::instance::{self, State};
use crate::expr::limits::{Limit, STRING_BYTES_MAX};
use crate::expr::ty::{Class, Ty};
use crate::expr::xml::{
    Blanks, ChangeError, Declaration, Failure, Kind, Layout, NODE_BYTES, Name, Part, Reading, Root, Tag, WriteError,
    XNode, read,
};
use crate::value::{EnumValue, Value};

pub(crate) use cast::cast;
pub(super) use from_json::from_json;
pub(crate) use make::node_text;
pub(crate) use names::{converted, key_text};
pub(super) use to_json::as_json;

pub(super) const TABLES: [&[Row]; 8] =
    [make::ROWS, parts::ROWS, axes::ROWS, axes::EXTENSIONS, change::ROWS, names::ROWS, compare::ROWS, notes::ROWS];

/// `NodeType`
fn type_of(kind: &Kind) -> EnumValue {
    XML_NODE_TYPE.value(match kind {
        Kind::Element { .. } => 1,
        Kind::Attribute(..) => 2,
        Kind::Text(_) => 3,
        Kind::CData(_) => 4,
        Kind::Instruction(..) => 7,
        Kind::Comment(_) => 8,
        Kind::Document { .. } => 9,
        Kind::DocumentType(_) => 10,
    })
}

/// Any node or attribute.
#[derive(Debug)]
struct Linked {
    node: XNode,
    /// Keeps the whole tree alive once the evaluation has ended.
    top: Option<XNode>,
}

impl State for Linked {
    fn text(&self, _ty: &Ty) -> String {
        // What cannot be written throws where `ToString` is called; elsewhere nobody can be told.
        self.node.text(Layout::DEFAULT, STRING_BYTES_MAX).unwrap_or_default()
    }

    fn equals(&self, other: &Self) -> bool {
        self.node.is_same(&other.node)
    }
}

/// `XDeclaration`
#[derive(Debug)]
struct Declared(Declaration);

impl State for Declared {
    fn text(&self, _ty: &Ty) -> String {
        self.0.text()
    }

    fn equals(&self, other: &Self) -> bool {
        self.0.is_same(&other.0)
    }
}

/// A value leaves the evaluation: what it stands for keeps the tree around it.
pub(crate) fn settle(value: &Value) {
    let _ = instance::look(value, |linked: &mut Linked| linked.top = Some(linked.node.top()));
}

fn found(value: &Value) -> Option<XNode> {
    instance::look(value, |linked: &mut Linked| linked.node.clone())
}

fn node_at(call: &Call<'_, '_>, at: usize) -> Outcome<XNode> {
    call.state(at, |linked: &mut Linked| linked.node.clone())
}

fn node(call: &Call<'_, '_>) -> Outcome<XNode> {
    node_at(call, 0)
}

fn class_of(node: &XNode) -> Class {
    node.with(|kind| match kind {
        Kind::Element { .. } => Class::XElement,
        Kind::Attribute(..) => Class::XAttribute,
        Kind::Text(_) => Class::XText,
        Kind::CData(_) => Class::XCData,
        Kind::Comment(_) => Class::XComment,
        Kind::Instruction(..) => Class::XProcessingInstruction,
        Kind::DocumentType(_) => Class::XDocumentType,
        Kind::Document { .. } => Class::XDocument,
    })
}

/// The value that stands for a node: always the same one while an evaluation runs.
fn wrapped(machine: &mut Machine<'_>, node: &XNode) -> Outcome<Value> {
    if let Some(object) = node.wrapper() {
        return Ok(Value::Object(object));
    }
    let value = machine.object(Ty::Class(class_of(node)), Linked { node: node.clone(), top: None })?;
    if let Value::Object(object) = &value {
        node.set_wrapper(object);
    }
    Ok(value)
}

/// The value that stands for a declaration, likewise.
fn declared(machine: &mut Machine<'_>, declaration: Declaration) -> Outcome<Value> {
    if let Some(object) = declaration.wrapper() {
        return Ok(Value::Object(object));
    }
    let value = machine.object(Ty::Class(Class::XDeclaration), Declared(declaration.clone()))?;
    if let Value::Object(object) = &value {
        declaration.set_wrapper(object);
    }
    Ok(value)
}

fn wrapped_or_null(machine: &mut Machine<'_>, node: Option<XNode>) -> Outcome<Value> {
    node.map_or(Ok(Value::Null), |node| wrapped(machine, &node))
}

/// A new node, counted.
fn made(machine: &mut Machine<'_>, kind: Kind) -> Outcome<XNode> {
    machine.charge(NODE_BYTES)?;
    Ok(XNode::new(kind))
}

/// A copy, counted.
fn copied(machine: &mut Machine<'_>, node: &XNode) -> Outcome<XNode> {
    let (copy, count) = node.copied(machine.memory_left() / NODE_BYTES).ok_or_else(|| machine.out_of_memory())?;
    machine.charge(count * NODE_BYTES)?;
    machine.spend(u32::try_from(count / 8).unwrap_or(u32::MAX))?;
    Ok(copy)
}

/// Local names and values of elements.
pub(super) type Values = Vec<(Arc<str>, String)>;

/// Those of what stands in a root; nothing when the text is no XML.
pub(super) fn values(call: &mut Call<'_, '_>, text: &Arc<str>) -> Outcome<Option<Values>> {
    call.machine.charge(text.len())?;
    let nodes_max = call.machine.memory_left() / NODE_BYTES;
    let root = match read(text, Reading { root: Root::Element, blanks: Blanks::Dropped, nodes_max }) {
        Ok((root, made)) => {
            call.machine.charge(made * NODE_BYTES)?;
            root
        }
        Err(Failure::Syntax(_)) => return Ok(None),
        Err(Failure::TooLarge) => return Err(call.machine.out_of_memory()),
    };
    let named = root.each(Part::Content).filter_map(|node| {
        let name =
            node.with(|kind| if let Kind::Element { name, .. } = kind { Some(Arc::clone(&name.local)) } else { None })?;
        Some((name, node.value(text.len())?))
    });
    Ok(Some(named.collect()))
}

/// Reads XML; what is read is counted.
pub(super) fn load(call: &mut Call<'_, '_>, text: &Arc<str>, root: Root) -> Outcome<Value> {
    loaded(call, text, root, Blanks::Dropped)
}

fn loaded(call: &mut Call<'_, '_>, text: &Arc<str>, root: Root, blanks: Blanks) -> Outcome<Value> {
    call.machine.charge(text.len())?;
    let nodes_max = call.machine.memory_left() / NODE_BYTES;
    match read(text, Reading { root, blanks, nodes_max }) {
        Ok((node, made)) => {
            call.machine.charge(made * NODE_BYTES)?;
            call.machine.held().kept_nodes.push(node.clone());
            wrapped(call.machine, &node)
        }
        Err(Failure::Syntax(message)) => Err(xml_error(message)),
        Err(Failure::TooLarge) => Err(call.machine.out_of_memory()),
    }
}

fn xml_error(message: impl Into<String>) -> Interrupt {
    throw("System.Xml.XmlException", message)
}

fn plain_argument(message: impl Into<String>) -> Interrupt {
    throw("System.ArgumentException", message)
}

fn too_deep(error: ChangeError) -> Interrupt {
    match error {
        ChangeError::TooDeep => Interrupt::LimitExceeded(Limit::XmlDepth),
    }
}

fn unwritten(error: WriteError) -> Interrupt {
    match error {
        WriteError::Argument(message) => plain_argument(message),
        WriteError::Xml(message) => xml_error(message),
        WriteError::TooLong => Interrupt::LimitExceeded(Limit::StringLength),
    }
}

/// `Value` of a node, counted.
fn value_of(machine: &mut Machine<'_>, node: &XNode) -> Outcome<String> {
    let text = node.value(STRING_BYTES_MAX);
    let text = text.ok_or(Interrupt::LimitExceeded(Limit::StringLength))?;
    machine.charge(text.len())?;
    Ok(text)
}

/// The name at this place of the arguments; null is none.
fn name_or_null(call: &Call<'_, '_>, at: usize) -> Option<Name> {
    names::name_in(call.value(at))
}

fn name_at(call: &Call<'_, '_>, at: usize) -> Outcome<Name> {
    name_or_null(call, at).ok_or_else(|| argument_null("name"))
}

/// The child element or the attribute of this name; what is passed over is counted.
fn search(machine: &mut Machine<'_>, mut nodes: impl Iterator<Item = XNode>, name: &Name) -> Outcome<Option<XNode>> {
    let mut passed = 0_u32;
    let found = nodes.find(|node| {
        passed = passed.saturating_add(1);
        node.is_named(name)
    });
    machine.spend(passed / 8)?;
    Ok(found)
}

/// What is said when a document would have two roots, or its type behind the root.
const DOCUMENT_STRUCTURE: &str = "This operation would create an incorrectly structured document.";
