//! What nodes say of themselves and of those around them.

use std::sync::Arc;

use super::make::{target_at, type_name_at};
use super::names::{named, namespace_in, namespaced};
use super::{
    Call, Declared, Kind, Row, Tag, Value, axes, declared, name_or_null, node, row, search, type_of, value_of,
    wrapped_or_null,
};
use crate::expr::exception::{Outcome, argument, argument_null, broken};
use crate::expr::instance;
use crate::expr::xml::{DocumentType, Name, Part, XML, XMLNS, XNode};

pub(super) const ROWS: &[Row] = &[
    row("XObject", "XElement Parent", axes::parent),
    row("XObject", "XDocument Document", |call| {
        let top = node(call)?.top();
        let is_document = top.with(|kind| matches!(kind, Kind::Document { .. }));
        wrapped_or_null(call.machine, is_document.then_some(top))
    }),
    row("XObject", "string BaseUri", |_| Ok(Value::string(""))),
    row("XObject", "XmlNodeType NodeType", |call| Ok(Value::Enum(node(call)?.with(type_of)))),
    row("XNode", "XNode NextNode", |call| {
        let next = node(call)?.next();
        wrapped_or_null(call.machine, next)
    }),
    row("XNode", "XNode PreviousNode", |call| {
        let previous = node(call)?.previous();
        wrapped_or_null(call.machine, previous)
    }),
    row("XAttribute", "XAttribute NextAttribute", |call| {
        let next = node(call)?.next();
        wrapped_or_null(call.machine, next)
    }),
    row("XAttribute", "XAttribute PreviousAttribute", |call| {
        let previous = node(call)?.previous();
        wrapped_or_null(call.machine, previous)
    }),
    row("XContainer", "XNode FirstNode", |call| {
        let first = node(call)?.first(Part::Content);
        wrapped_or_null(call.machine, first)
    }),
    row("XContainer", "XNode LastNode", |call| {
        let last = node(call)?.last(Part::Content);
        wrapped_or_null(call.machine, last)
    }),
    row("XElement", "XAttribute FirstAttribute", |call| {
        let first = node(call)?.first(Part::Attributes);
        wrapped_or_null(call.machine, first)
    }),
    row("XElement", "XAttribute LastAttribute", |call| {
        let last = node(call)?.last(Part::Attributes);
        wrapped_or_null(call.machine, last)
    }),
    row("XContainer", "XElement Element(XName name)", |call| {
        let children = node(call)?.each(Part::Content).filter(XNode::is_element);
        named_one(call, children)
    }),
    row("XElement", "XAttribute Attribute(XName name)", |call| {
        let attributes = node(call)?.each(Part::Attributes);
        named_one(call, attributes)
    }),
    row("XElement", "XName Name", name),
    row("XAttribute", "XName Name", name),
    row("XElement", "string Value", value),
    row("XAttribute", "string Value", value),
    row("XText", "string Value", value),
    row("XComment", "string Value", text),
    row("XText", "set string Value", set_text),
    row("XComment", "set string Value", set_text),
    row("XElement", "bool HasElements", |call| {
        let mut children = node(call)?.each(Part::Content);
        Ok(Value::Bool(children.any(|child| child.is_element())))
    }),
    row("XElement", "bool HasAttributes", |call| Ok(Value::Bool(node(call)?.first(Part::Attributes).is_some()))),
    row("XElement", "bool IsEmpty", |call| {
        Ok(Value::Bool(node(call)?.with(|kind| matches!(kind, Kind::Element { tag: Tag::Empty, .. }))))
    }),
    row("XAttribute", "bool IsNamespaceDeclaration", |call| {
        Ok(Value::Bool(node(call)?.name().is_some_and(|name| name.declared().is_some())))
    }),
    row("XElement", "XNamespace GetDefaultNamespace()", |call| {
        let above = std::iter::successors(Some(node(call)?), XNode::parent);
        let default = Name::local("xmlns");
        let declared = above.filter_map(|element| element.attribute(&default)).next();
        let namespace = declared.and_then(|attribute| attribute.value(usize::MAX)).unwrap_or_default();
        Ok(namespaced(namespace.into()))
    }),
    row("XElement", "XNamespace GetNamespaceOfPrefix(string prefix)", |call| {
        let prefix = call.text(1, "prefix")?;
        if prefix.is_empty() {
            return Err(argument("The value cannot be an empty string.", "prefix"));
        }
        if &**prefix == "xmlns" {
            return Ok(namespaced(Arc::from(XMLNS)));
        }
        let found = node(call)?.namespace_of(prefix, None);
        let found = found.or_else(|| (&**prefix == "xml").then(|| Arc::from(XML)));
        Ok(found.map_or(Value::Null, namespaced))
    }),
    row("XElement", "string GetPrefixOfNamespace(XNamespace ns)", |call| {
        let namespace = namespace_in(call.value(1)).ok_or_else(|| argument_null("ns"))?;
        let element = node(call)?;
        call.machine.spend(u32::try_from(element.depth()).unwrap_or(u32::MAX))?;
        Ok(element.prefix_of(&namespace).map_or(Value::Null, Value::String))
    }),
    row("XDocument", "XElement Root", |call| {
        let root = node(call)?.each(Part::Content).find(XNode::is_element);
        wrapped_or_null(call.machine, root)
    }),
    row("XDocument", "XDocumentType DocumentType", |call| {
        let is_type = |child: &XNode| child.with(|kind| matches!(kind, Kind::DocumentType(_)));
        let found = node(call)?.each(Part::Content).find(is_type);
        wrapped_or_null(call.machine, found)
    }),
    row("XDocument", "XDeclaration Declaration", |call| {
        let declaration = node(call)?.with(|kind| match kind {
            Kind::Document { declaration, .. } => declaration.clone(),
            _ => None,
        });
        match declaration {
            Some(declaration) => declared(call.machine, declaration),
            None => Ok(Value::Null),
        }
    }),
    row("XDocument", "set XDeclaration Declaration", |call| {
        let given = instance::look(call.value(1), |declared: &mut Declared| declared.0.clone());
        node(call)?.change(|kind| {
            if let Kind::Document { declaration, .. } = kind {
                *declaration = given;
            }
        });
        Ok(Value::Null)
    }),
    row("XDeclaration", "string Version", |call| part(call, 0)),
    row("XDeclaration", "string Encoding", |call| part(call, 1)),
    row("XDeclaration", "string Standalone", |call| part(call, 2)),
    row("XDeclaration", "set string Version", |call| set_part(call, 0)),
    row("XDeclaration", "set string Encoding", |call| set_part(call, 1)),
    row("XDeclaration", "set string Standalone", |call| set_part(call, 2)),
    row("XProcessingInstruction", "string Data", text),
    row("XProcessingInstruction", "set string Data", set_text),
    row("XProcessingInstruction", "string Target", |call| {
        node(call)?.with(|kind| match kind {
            Kind::Instruction(target, _) => Ok(Value::String(Arc::clone(target))),
            _ => Err(broken("an instruction")),
        })
    }),
    row("XProcessingInstruction", "set string Target", |call| {
        let wanted = target_at(call, 1, "value")?;
        node(call)?.change(|kind| {
            if let Kind::Instruction(target, _) = kind {
                *target = wanted;
            }
        });
        Ok(Value::Null)
    }),
    row("XDocumentType", "string Name", |call| of_type(call, |parts| Some(Arc::clone(&parts.name)))),
    row("XDocumentType", "string PublicId", |call| of_type(call, |parts| parts.public_id.clone())),
    row("XDocumentType", "string SystemId", |call| of_type(call, |parts| parts.system_id.clone())),
    row("XDocumentType", "string InternalSubset", |call| of_type(call, |parts| parts.subset.clone())),
    row("XDocumentType", "set string Name", |call| {
        let name = type_name_at(call, 1)?;
        set_of_type(call, |parts, _| parts.name = name)
    }),
    row("XDocumentType", "set string PublicId", |call| set_of_type(call, |parts, text| parts.public_id = text)),
    row("XDocumentType", "set string SystemId", |call| set_of_type(call, |parts, text| parts.system_id = text)),
    row("XDocumentType", "set string InternalSubset", |call| set_of_type(call, |parts, text| parts.subset = text)),
];

// A name that is null is none of a node.
fn named_one(call: &mut Call<'_, '_>, nodes: impl Iterator<Item = XNode>) -> Outcome<Value> {
    let Some(name) = name_or_null(call, 1) else { return Ok(Value::Null) };
    let found = search(call.machine, nodes, &name)?;
    wrapped_or_null(call.machine, found)
}

fn name(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let name = node(call)?.name().ok_or_else(|| broken("a node without a name"))?;
    Ok(named(name))
}

fn value(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let node = node(call)?;
    value_of(call.machine, &node).map(Value::string)
}

fn text(call: &mut Call<'_, '_>) -> Outcome<Value> {
    node(call)?.with(|kind| match kind {
        Kind::Comment(text) | Kind::Instruction(_, text) => Ok(Value::String(Arc::clone(text))),
        _ => Err(broken("a node without this text")),
    })
}

fn set_text(call: &mut Call<'_, '_>) -> Outcome<Value> {
    let text = Arc::clone(call.text(1, "value")?);
    node(call)?.set_text(text);
    Ok(Value::Null)
}

fn part(call: &mut Call<'_, '_>, at: usize) -> Outcome<Value> {
    let part = call.state(0, |declared: &mut Declared| declared.0.with(|parts| parts.get(at).cloned().flatten()))?;
    Ok(part.map_or(Value::Null, Value::String))
}

fn set_part(call: &mut Call<'_, '_>, at: usize) -> Outcome<Value> {
    let text = call.text_or_null(1)?.map(Arc::clone);
    call.state(0, |declared: &mut Declared| {
        declared.0.with(|parts| {
            if let Some(part) = parts.get_mut(at) {
                *part = text;
            }
        });
    })?;
    Ok(Value::Null)
}

fn of_type(call: &mut Call<'_, '_>, look: fn(&DocumentType) -> Option<Arc<str>>) -> Outcome<Value> {
    node(call)?.with(|kind| match kind {
        Kind::DocumentType(parts) => Ok(look(parts).map_or(Value::Null, Value::String)),
        _ => Err(broken("a document type")),
    })
}

fn set_of_type(call: &mut Call<'_, '_>, change: impl FnOnce(&mut DocumentType, Option<Arc<str>>)) -> Outcome<Value> {
    let text = call.text_or_null(1)?.map(Arc::clone);
    node(call)?.change(|kind| {
        if let Kind::DocumentType(parts) = kind {
            change(parts, text);
        }
    });
    Ok(Value::Null)
}
