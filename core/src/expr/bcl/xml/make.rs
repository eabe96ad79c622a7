//! Nodes that are made, read or copied, and their text.

use std::sync::Arc;

use super::content::{self, text_of};
use super::names::bad_name;
use super::{
    Call, Declared, Row, Value, copied, declared, found, loaded, made, name_at, node, plain_argument, row, unwritten,
    wrapped,
};
use crate::expr::exception::{Outcome, argument_null, broken, invalid_operation};
use crate::expr::instance;
use crate::expr::limits::STRING_BYTES_MAX;
use crate::expr::xml::{
    Blanks, Declaration, DocumentType, Duplicates, Kind, Layout, Lines, Name, Part, Root, XML, XMLNS, XNode,
    verify_local, verify_name,
};

pub(super) const ROWS: &[Row] = &[
    row("XElement", "static XElement Parse(string text)", |call| parse(call, Root::Element)),
    row("XElement", "static XElement Parse(string text, LoadOptions options)", |call| parse(call, Root::Element)),
    row("XDocument", "static XDocument Parse(string text)", |call| parse(call, Root::Document)),
    row("XDocument", "static XDocument Parse(string text, LoadOptions options)", |call| parse(call, Root::Document)),
    row("XElement", "new XElement(XElement other)", copy),
    row("XElement", "new XElement(XName name, params object[] content)", |call| {
        let name = name_at(call, 0)?;
        call.machine.charge(super::NODE_BYTES)?;
        let element = XNode::element(name);
        content::append(call, &element, 1)?;
        wrapped(call.machine, &element)
    }),
    row("XDocument", "new XDocument(XDocument other)", copy),
    row("XDocument", "new XDocument(XDeclaration declaration, params object[] content)", |call| {
        let declaration = instance::look(call.value(0), |declared: &mut Declared| declared.0.clone());
        let document = XNode::document(declaration);
        content::append(call, &document, 1)?;
        wrapped(call.machine, &document)
    }),
    row("XDocument", "new XDocument(params object[] content)", |call| {
        let document = XNode::document(None);
        content::append(call, &document, 0)?;
        wrapped(call.machine, &document)
    }),
    row("XAttribute", "new XAttribute(XAttribute other)", copy),
    row("XAttribute", "new XAttribute(XName name, object value)", |call| {
        let name = name_at(call, 0)?;
        if call.value(1).is_null() {
            return Err(argument_null("value"));
        }
        let value = text_of(call.value(1))?;
        check_declaration(&name, &value)?;
        let node = made(call.machine, Kind::Attribute(name, value.into()))?;
        wrapped(call.machine, &node)
    }),
    // What it copies may be a section of CDATA, which the copy is not.
    row("XText", "new XText(XText other)", |call| {
        let other = found(call.value(0)).ok_or_else(|| argument_null("other"))?;
        let text = other.value(call.machine.memory_left()).ok_or_else(|| call.machine.out_of_memory())?;
        let node = made(call.machine, Kind::Text(text.into()))?;
        wrapped(call.machine, &node)
    }),
    row("XText", "new XText(string value)", |call| single(call, Kind::Text)),
    row("XCData", "new XCData(XCData other)", copy),
    row("XCData", "new XCData(string value)", |call| single(call, Kind::CData)),
    row("XComment", "new XComment(XComment other)", copy),
    row("XComment", "new XComment(string value)", |call| single(call, Kind::Comment)),
    row("XProcessingInstruction", "new XProcessingInstruction(XProcessingInstruction other)", copy),
    row("XProcessingInstruction", "new XProcessingInstruction(string target, string data)", |call| {
        let data = Arc::clone(call.text(1, "data")?);
        let target = target_at(call, 0, "name")?;
        let node = made(call.machine, Kind::Instruction(target, data))?;
        wrapped(call.machine, &node)
    }),
    row("XDocumentType", "new XDocumentType(XDocumentType other)", copy),
    row(
        "XDocumentType",
        "new XDocumentType(string name, string publicId, string systemId, string internalSubset)",
        |call| {
            let name = type_name_at(call, 0)?;
            let text = |at: usize| call.text_or_null(at).map(|text| text.map(Arc::clone));
            let parts = DocumentType { name, public_id: text(1)?, system_id: text(2)?, subset: text(3)? };
            let node = made(call.machine, Kind::DocumentType(parts))?;
            wrapped(call.machine, &node)
        },
    ),
    row("XDeclaration", "new XDeclaration(XDeclaration other)", |call| {
        if call.value(0).is_null() {
            return Err(argument_null("other"));
        }
        let parts = call.state(0, |declared: &mut Declared| declared.0.with(|parts| parts.clone()))?;
        declared(call.machine, Declaration::new(parts))
    }),
    row("XDeclaration", "new XDeclaration(string version, string encoding, string standalone)", |call| {
        let text = |at: usize| call.text_or_null(at).map(|text| text.map(Arc::clone));
        let parts = [text(0)?, text(1)?, text(2)?];
        declared(call.machine, Declaration::new(parts))
    }),
    row("XDeclaration", "string ToString()", |call| {
        let text = call.state(0, |declared: &mut Declared| declared.0.text())?;
        call.yields(text)
    }),
    row("XObject", "string ToString()", |call| written(call, Layout::DEFAULT)),
    row("XNode", "string ToString()", |call| written(call, Layout::DEFAULT)),
    row("XNode", "string ToString(SaveOptions options)", |call| {
        let layout = layout(call, 1)?;
        written(call, layout)
    }),
    row("XElement", "void Save(StringWriter textWriter)", |call| save(call, Layout::DEFAULT)),
    row("XElement", "void Save(StringWriter textWriter, SaveOptions options)", |call| {
        let layout = layout(call, 2)?;
        save(call, layout)
    }),
    row("XDocument", "void Save(StringWriter textWriter)", |call| save(call, Layout::DEFAULT)),
    row("XDocument", "void Save(StringWriter textWriter, SaveOptions options)", |call| {
        let layout = layout(call, 2)?;
        save(call, layout)
    }),
    row("XElement", "static XElement Load(StringReader textReader)", load),
    row("XElement", "static XElement Load(StringReader textReader, LoadOptions options)", load),
];

// `SaveOptions` among the arguments.
fn layout(call: &Call<'_, '_>, at: usize) -> Outcome<Layout> {
    let options = call.number(at)?;
    let lines = if options & 1 == 0 { Lines::Indented } else { Lines::AsTheyAre };
    let duplicates = if options & 2 == 0 { Duplicates::Written } else { Duplicates::Omitted };
    Ok(Layout { lines, duplicates })
}

// A writer of text is one of UTF-16, whatever the declaration says; of that only `standalone` counts.
fn save(call: &mut Call<'_, '_>, layout: Layout) -> Outcome<Value> {
    let node = node(call)?;
    if !node.is_element() && node.each(Part::Content).find(XNode::is_element).is_none() {
        return Err(invalid_operation("Token EndDocument in state Document would result in an invalid XML document."));
    }
    let declared = node.with(|kind| match kind {
        Kind::Document { declaration: Some(declaration), .. } => {
            declaration.with(|[.., standalone]| standalone.clone())
        }
        _ => None,
    });
    let standalone = match declared.as_deref() {
        Some(known @ ("yes" | "no")) => format!(" standalone=\"{known}\""),
        _ => String::new(),
    };
    let begins_with_text =
        !node.is_element() && node.each(Part::Content).next().is_some_and(|first| first.plain_text().is_some());
    let line = if layout.lines == Lines::Indented && !begins_with_text { "\n" } else { "" };
    let text = node.text(layout, STRING_BYTES_MAX).map_err(unwritten)?;
    call.machine.charge(text.len())?;
    super::super::text_writer::write_into(
        call,
        1,
        &format!("<?xml version=\"1.0\" encoding=\"utf-16\"{standalone}?>{line}{text}"),
    )
}

fn load(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let text = super::super::text_reader::read_out(call, 0)?;
    let keeps = call.arguments.len() > 1 && call.number(1)? & 1 == 1;
    loaded(call, &text.into(), Root::Element, if keeps { Blanks::Kept } else { Blanks::Dropped })
}

/// `ToString()` of a node, which may hold what no XML holds.
pub(crate) fn node_text(node: &Value) -> Outcome<String> {
    let node = found(node).ok_or_else(|| broken("expected a node"))?;
    node.text(Layout::DEFAULT, STRING_BYTES_MAX).map_err(unwritten)
}

fn written(call: &mut Call<'_, '_>, layout: Layout) -> Outcome<Value> {
    let text = node(call)?.text(layout, STRING_BYTES_MAX).map_err(unwritten)?;
    call.yields(text)
}

fn parse(call: &mut Call<'_, '_>, root: Root) -> Outcome<Value> {
    let text = Arc::clone(call.text(0, "s")?);
    let keeps = call.arguments.len() > 1 && call.number(1)? & 1 == 1;
    loaded(call, &text, root, if keeps { Blanks::Kept } else { Blanks::Dropped })
}

fn copy(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let other = found(call.value(0)).ok_or_else(|| argument_null("other"))?;
    let copy = copied(call.machine, &other)?;
    wrapped(call.machine, &copy)
}

fn single(call: &mut Call<'_, '_>, kind: fn(Arc<str>) -> Kind) -> Outcome<Value> {
    let text = Arc::clone(call.text(0, "value")?);
    let node = made(call.machine, kind(text))?;
    wrapped(call.machine, &node)
}

/// The target of a processing instruction.
pub(super) fn target_at(call: &Call<'_, '_>, at: usize, parameter: &str) -> Outcome<Arc<str>> {
    let target = call.text(at, parameter)?;
    verify_local(target).map_err(|error| bad_name(&error, target))?;
    if target.eq_ignore_ascii_case("xml") {
        return Err(plain_argument(format!("'{target}' is an invalid name for a processing instruction.")));
    }
    Ok(Arc::clone(target))
}

/// The name of a document type.
pub(super) fn type_name_at(call: &Call<'_, '_>, at: usize) -> Outcome<Arc<str>> {
    let name = call.text(at, "name")?;
    verify_name(name).map_err(|error| bad_name(&error, name))?;
    Ok(Arc::clone(name))
}

/// What an attribute may declare.
pub(super) fn check_declaration(name: &Name, value: &str) -> Outcome<()> {
    let Some(prefix) = name.declared() else { return Ok(()) };
    let of_xml = || {
        plain_argument(
            "The prefix 'xml' is bound to the namespace name 'http://www.w3.org/XML/1998/namespace'. Other prefixes must not be \
             bound to this namespace name, and it must not be declared as the default namespace.",
        )
    };
    let of_xmlns = || {
        plain_argument(
            "The prefix 'xmlns' is bound to the namespace name 'http://www.w3.org/2000/xmlns/'. It must not be declared. Other \
             prefixes must not be bound to this namespace name, and it must not be declared as the default namespace.",
        )
    };
    match (&*prefix, value) {
        ("", "") => Ok(()),
        (prefix, "") => {
            Err(plain_argument(format!("The prefix '{prefix}' cannot be bound to the empty namespace name.")))
        }
        ("xml", XML) => Ok(()),
        (_, XML) => Err(of_xml()),
        (_, XMLNS) => Err(of_xmlns()),
        ("xml", _) => Err(of_xml()),
        ("xmlns", _) => Err(of_xmlns()),
        _ => Ok(()),
    }
}
