//! Changes: adding, removing, replacing, setting.

use std::sync::Arc;

use super::content::{add_attribute, append, append_values, put_behind, snapshot, text_of};
use super::make::check_declaration;
use super::{Call, Kind, Name, Row, Value, made, name_at, node, row, search, too_deep};
use crate::expr::Interrupt;
use crate::expr::exception::{Outcome, argument_null, invalid_operation};
use crate::expr::xml::{Part, XNode};

pub(super) const ROWS: &[Row] = &[
    row("XContainer", "void Add(params object[] content)", |call| {
        let container = node(call)?;
        append(call, &container, 1)?;
        Ok(Value::Null)
    }),
    row("XContainer", "void AddFirst(params object[] content)", |call| {
        let container = node(call)?;
        put_behind(call, &container, None, 1)?;
        Ok(Value::Null)
    }),
    row("XNode", "void AddAfterSelf(params object[] content)", |call| {
        let node = node(call)?;
        let parent = node.parent().ok_or_else(no_parent)?;
        put_behind(call, &parent, Some(node), 1)?;
        Ok(Value::Null)
    }),
    row("XNode", "void AddBeforeSelf(params object[] content)", |call| {
        let node = node(call)?;
        let parent = node.parent().ok_or_else(no_parent)?;
        put_behind(call, &parent, node.previous(), 1)?;
        Ok(Value::Null)
    }),
    row("XNode", "void Remove()", |call| {
        removed(&node(call)?)?;
        Ok(Value::Null)
    }),
    row("XAttribute", "void Remove()", |call| {
        removed(&node(call)?)?;
        Ok(Value::Null)
    }),
    row("XNode", "void ReplaceWith(params object[] content)", |call| {
        let node = node(call)?;
        let parent = node.parent().ok_or_else(no_parent)?;
        let previous = node.previous();
        node.detach();
        put_behind(call, &parent, previous, 1)?;
        Ok(Value::Null)
    }),
    row("XContainer", "void RemoveNodes()", |call| emptied(call, &[Part::Content])),
    row("XElement", "void RemoveAttributes()", |call| emptied(call, &[Part::Attributes])),
    row("XElement", "void RemoveAll()", |call| emptied(call, &[Part::Attributes, Part::Content])),
    row("XContainer", "void ReplaceNodes(params object[] content)", |call| replaced(call, &[Part::Content])),
    row("XElement", "void ReplaceAttributes(params object[] content)", |call| replaced(call, &[Part::Attributes])),
    row("XElement", "void ReplaceAll(params object[] content)", |call| {
        replaced(call, &[Part::Attributes, Part::Content])
    }),
    row("XElement", "void SetAttributeValue(XName name, object value)", |call| {
        let (element, name) = (node(call)?, name_at(call, 1)?);
        let old = search(call.machine, element.each(Part::Attributes), &name)?;
        match (old, call.value(2)) {
            (Some(old), Value::Null) => old.detach(),
            (None, Value::Null) => {}
            (Some(old), value) => {
                let text = text_of(value)?;
                set_attribute(call, &old, &text)?;
            }
            (None, value) => {
                let text = text_of(value)?;
                check_declaration(&name, &text)?;
                let attribute = made(call.machine, Kind::Attribute(name, text.into()))?;
                add_attribute(call, &element, attribute)?;
            }
        }
        Ok(Value::Null)
    }),
    row("XElement", "void SetElementValue(XName name, object value)", |call| {
        let (element, name) = (node(call)?, name_at(call, 1)?);
        let children = element.each(Part::Content).filter(XNode::is_element);
        let old = search(call.machine, children, &name)?;
        match (old, call.value(2)) {
            (Some(old), Value::Null) => old.detach(),
            (None, Value::Null) => {}
            (Some(old), value) => {
                let text = text_of(value)?;
                set_value(call, &old, &text)?;
            }
            (None, value) => {
                let text = text_of(value)?;
                call.machine.charge(super::NODE_BYTES)?;
                let child = XNode::element(name);
                append_values(call, &child, &[Value::string(text)])?;
                element.append(Part::Content, &child).map_err(too_deep)?;
            }
        }
        Ok(Value::Null)
    }),
    row("XElement", "void SetValue(object value)", |call| {
        let (element, text) = (node(call)?, given_text(call)?);
        set_value(call, &element, &text)?;
        Ok(Value::Null)
    }),
    row("XAttribute", "void SetValue(object value)", |call| {
        let (attribute, text) = (node(call)?, given_text(call)?);
        set_attribute(call, &attribute, &text)?;
        Ok(Value::Null)
    }),
    row("XElement", "set string Value", |call| {
        let (element, text) = (node(call)?, Arc::clone(call.text(1, "value")?));
        set_value(call, &element, &text)?;
        Ok(Value::Null)
    }),
    row("XAttribute", "set string Value", |call| {
        let (attribute, text) = (node(call)?, Arc::clone(call.text(1, "value")?));
        set_attribute(call, &attribute, &text)?;
        Ok(Value::Null)
    }),
    row("XElement", "set XName Name", |call| {
        let name = super::name_or_null(call, 1).ok_or_else(|| argument_null("value"))?;
        node(call)?.set_name(name);
        Ok(Value::Null)
    }),
];

fn no_parent() -> Interrupt {
    invalid_operation("The parent is missing.")
}

/// Takes a node or an attribute out of its parent.
pub(super) fn removed(node: &XNode) -> Outcome<()> {
    node.parent().ok_or_else(no_parent)?;
    node.detach();
    Ok(())
}

// What is taken out stays what it is for whoever stands below it, so it is kept while the evaluation runs.
fn empty(call: &mut Call<'_, '_>, node: &XNode, parts: &[Part]) -> Outcome<()> {
    for part in parts {
        while let Some(first) = node.first(*part) {
            call.machine.step()?;
            first.detach();
            call.machine.held().kept_nodes.push(first);
        }
        if *part == Part::Content {
            node.set_tag(super::Tag::Empty);
        }
    }
    Ok(())
}

fn emptied(call: &mut Call<'_, '_>, parts: &[Part]) -> Outcome<Value> {
    let node = node(call)?;
    empty(call, &node, parts)?;
    Ok(Value::Null)
}

fn replaced(call: &mut Call<'_, '_>, parts: &[Part]) -> Outcome<Value> {
    let node = node(call)?;
    let content = snapshot(call, 1)?;
    empty(call, &node, parts)?;
    append_values(call, &node, &content)?;
    Ok(Value::Null)
}

fn given_text(call: &Call<'_, '_>) -> Outcome<String> {
    match call.value(1) {
        Value::Null => Err(argument_null("value")),
        value => text_of(value),
    }
}

fn set_value(call: &mut Call<'_, '_>, element: &XNode, text: &str) -> Outcome<()> {
    empty(call, element, &[Part::Content])?;
    append_values(call, element, &[Value::string(text)])
}

fn set_attribute(call: &mut Call<'_, '_>, attribute: &XNode, text: &str) -> Outcome<()> {
    let name: Name = attribute.name().unwrap_or_else(|| Name::local(""));
    check_declaration(&name, text)?;
    call.machine.charge(text.len())?;
    attribute.set_text(text.into());
    Ok(())
}
