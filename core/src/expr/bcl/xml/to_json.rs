//! XML as JSON: what Json.NET's converter of nodes makes of elements, attributes and text. Comments have no place in the tokens.

use std::sync::Arc;

use indexmap::IndexMap;

use super::scope::Scope;
use super::{Call, found};
use crate::expr::Interrupt;
use crate::expr::exception::Outcome;
use crate::expr::limits::{Limit, RESULT_DEPTH_MAX};
use crate::expr::xml::{Kind, Name, Part, Tag, XMLNS, XNode, decoded};
use crate::value::json::{JKind, JNode};
use crate::value::{JToken, Value};

/// The namespace of attributes that say how JSON is written.
pub(super) const JSON: &str = "http://james.newtonking.com/projects/json";

/// A member of an object: its name, and its value where there is one to write.
type Member = (String, Option<JToken>);

/// The JSON of a node; nothing for what is none.
pub(in crate::expr::bcl) fn as_json(call: &mut Call<'_, '_>, value: &Value) -> Outcome<Option<JToken>> {
    let Some(node) = found(value) else { return Ok(None) };
    let mut scope = Scope::new();
    let above: Vec<XNode> = std::iter::successors(node.parent(), XNode::parent).filter(XNode::is_element).collect();
    for element in above.iter().rev() {
        scope.enter();
        for (prefix, namespace) in element.declarations().iter().filter(|(prefix, _)| !prefix.is_empty()) {
            scope.declare(prefix, namespace);
        }
    }
    let mut writer = Writer { call, scope };
    let members = match node.with(|kind| matches!(kind, Kind::Document { .. })) {
        true => writer.document(&node)?,
        false => vec![writer.member(&node, 0)?],
    };
    object(members).map(Some)
}

struct Writer<'w, 'c, 'm> {
    call: &'w mut Call<'c, 'm>,
    scope: Scope,
}

fn object(members: Vec<Member>) -> Outcome<JToken> {
    let made = JToken::object();
    for (name, value) in members.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        made.set_member(&Arc::from(name), &value).map_err(|_| too_deep())?;
    }
    Ok(made)
}

fn array(items: Vec<JToken>) -> JToken {
    JToken::new(JNode::Array(items))
}

fn too_deep() -> Interrupt {
    Interrupt::LimitExceeded(Limit::JsonWriteDepth)
}

fn text(text: &str) -> JToken {
    JToken::value(JKind::String, Value::string(text))
}

impl Writer<'_, '_, '_> {
    fn document(&mut self, node: &XNode) -> Outcome<Vec<Member>> {
        let declaration = node.with(|kind| match kind {
            Kind::Document { declaration, .. } => {
                declaration.as_ref().map(|declared| declared.with(|parts| parts.clone()))
            }
            _ => None,
        });
        let mut members = Vec::new();
        if let Some([version, encoding, standalone]) = declaration {
            let parts = [("@version", version), ("@encoding", encoding), ("@standalone", standalone)];
            members.push(("?xml".to_owned(), Some(object(named(parts))?)));
        }
        members.extend(self.content(node, 0)?);
        Ok(members)
    }

    fn named_as(&self, mark: &str, name: &Name) -> String {
        let local = decoded(&name.local);
        if *name.namespace == *JSON {
            return format!("${local}");
        }
        match self.scope.prefix_of(&name.namespace).filter(|prefix| !prefix.is_empty()) {
            Some(prefix) => format!("{mark}{prefix}:{local}"),
            None => format!("{mark}{local}"),
        }
    }

    fn name_of(&self, node: &XNode) -> String {
        node.with(|kind| match kind {
            Kind::Element { name, .. } => self.named_as("", name),
            Kind::Attribute(name, _) => self.named_as("@", name),
            Kind::Text(_) => "#text".to_owned(),
            Kind::CData(_) => "#cdata-section".to_owned(),
            Kind::Comment(_) => "#comment".to_owned(),
            Kind::Instruction(target, _) => format!("?{}", decoded(target)),
            Kind::DocumentType(_) => "!DOCTYPE".to_owned(),
            Kind::Document { .. } => "#document".to_owned(),
        })
    }

    fn member(&mut self, node: &XNode, depth: usize) -> Outcome<Member> {
        if depth > RESULT_DEPTH_MAX {
            return Err(too_deep());
        }
        self.call.machine.step()?;
        if node.is_element() {
            return self.element(node, depth);
        }
        let value = node.with(|kind| match kind {
            Kind::Attribute(name, value) if is_hidden(name, value) => Ok(None),
            Kind::Attribute(_, value) | Kind::Text(value) | Kind::CData(value) | Kind::Instruction(_, value) => {
                Ok(Some(text(value)))
            }
            Kind::DocumentType(parts) => {
                let name = Some(Arc::clone(&parts.name));
                let ids = [("@public", parts.public_id.clone()), ("@system", parts.system_id.clone())];
                let parts = [("@name", name)].into_iter().chain(ids).chain([("@internalSubset", parts.subset.clone())]);
                object(named(parts)).map(Some)
            }
            Kind::Comment(_) | Kind::Element { .. } | Kind::Document { .. } => Ok(None),
        })?;
        Ok((self.name_of(node), value))
    }

    fn element(&mut self, node: &XNode, depth: usize) -> Outcome<Member> {
        let attributes = attributes_of(node);
        self.scope.enter();
        for (name, value) in &attributes {
            if let Some(prefix) = name.declared() {
                self.scope.declare(&decoded(&prefix), value);
            }
        }
        let name = self.name_of(node);
        let value = self.element_value(node, &attributes, depth);
        self.scope.leave();
        Ok((name, Some(value?)))
    }

    fn element_value(&mut self, node: &XNode, attributes: &[(Name, Arc<str>)], depth: usize) -> Outcome<JToken> {
        let shows_attributes =
            attributes.iter().any(|(name, value)| *name.namespace != *JSON && !is_hidden(name, value));
        let mut content = node.each(Part::Content);
        let (first, second) = (content.next(), content.next());
        let own = node.name().map(|name| name.local);
        let is_list = first.is_some()
            && is_array(node)
            && node.each(Part::Content).all(|child| child.name().map(|name| name.local) == own);
        if is_list {
            let members = self.content(node, depth + 1)?;
            return Ok(members.into_iter().find_map(|(_, value)| value).unwrap_or_else(JToken::null));
        }
        match (&first, &second) {
            (Some(only), None) if !shows_attributes => {
                let only = only.with(|kind| if let Kind::Text(value) = kind { Some(Arc::clone(value)) } else { None });
                if let Some(value) = only {
                    return Ok(text(&value));
                }
            }
            (None, _) if attributes.is_empty() => {
                let is_full = node.with(|kind| matches!(kind, Kind::Element { tag: Tag::Full, .. }));
                return Ok(if is_full { text("") } else { JToken::null() });
            }
            _ => {}
        }
        let mut members = Vec::new();
        for (name, value) in attributes.iter().filter(|(name, value)| !is_hidden(name, value)) {
            members.push((self.named_as("@", name), Some(text(value))));
        }
        members.extend(self.content(node, depth + 1)?);
        object(members)
    }

    // Nodes of one name are an array, in the place of the first.
    fn content(&mut self, node: &XNode, depth: usize) -> Outcome<Vec<Member>> {
        let mut groups: IndexMap<String, Vec<XNode>> = IndexMap::new();
        for child in node.each(Part::Content) {
            groups.entry(self.name_of(&child)).or_default().push(child);
        }
        let mut members = Vec::new();
        for (name, nodes) in groups {
            if let [only] = nodes.as_slice()
                && !is_array(only)
            {
                members.push(self.member(only, depth)?);
                continue;
            }
            let mut items = Vec::new();
            for node in &nodes {
                items.extend(self.member(node, depth)?.1);
            }
            members.push((name, Some(array(items))));
        }
        Ok(members)
    }
}

fn named<'n>(parts: impl IntoIterator<Item = (&'n str, Option<Arc<str>>)>) -> Vec<Member> {
    let is_there = |part: &Option<Arc<str>>| part.as_ref().is_some_and(|part| !part.is_empty());
    let parts = parts.into_iter().filter(|(_, part)| is_there(part));
    parts.map(|(name, part)| (name.to_owned(), part.map(|part| text(&part)))).collect()
}

// What says how JSON is written is not written itself.
fn is_hidden(name: &Name, value: &str) -> bool {
    (*name.namespace == *XMLNS && value == JSON) || (*name.namespace == *JSON && &*name.local == "Array")
}

fn is_array(node: &XNode) -> bool {
    let name = Name { namespace: JSON.into(), local: "Array".into() };
    let attribute = if node.is_element() { node.attribute(&name) } else { None };
    attribute.is_some_and(|attribute| {
        attribute.with(|kind| matches!(kind, Kind::Attribute(_, value) if matches!(value.trim(), "true" | "1")))
    })
}

// The attributes, with a declaration of the default namespace where the element has it and nothing says so.
fn attributes_of(node: &XNode) -> Vec<(Name, Arc<str>)> {
    let written = node.each(Part::Attributes).filter_map(|attribute| {
        attribute.with(|kind| match kind {
            Kind::Attribute(name, value) => Some((name.clone(), Arc::clone(value))),
            _ => None,
        })
    });
    let mut attributes: Vec<(Name, Arc<str>)> = written.collect();
    let namespace = node.name().map(|name| name.namespace).unwrap_or_default();
    let above = node.parent().and_then(|parent| parent.name()).map(|name| name.namespace).unwrap_or_default();
    let is_declared =
        |(name, value): &(Name, Arc<str>)| name.namespace.is_empty() && &*name.local == "xmlns" && *value == namespace;
    let has_prefix = || node.prefix_of(&namespace).is_some_and(|prefix| !prefix.is_empty());
    if !namespace.is_empty() && namespace != above && !has_prefix() && !attributes.iter().any(is_declared) {
        attributes.insert(0, (Name::local("xmlns"), namespace));
    }
    attributes
}
