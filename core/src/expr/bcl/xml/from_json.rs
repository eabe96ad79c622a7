//! JSON as XML: what Json.NET's converter of nodes makes of objects, their `@`, `#`, `?` and `$` names, and of arrays.

use std::sync::Arc;

use super::content::append_values;
use super::scope::Scope;
use super::to_json::JSON;
use super::{Call, made, wrapped, wrapped_or_null, xml_error};
use crate::expr::Interrupt;
use crate::expr::bcl::json::unread;
use crate::expr::exception::{Outcome, argument_null, null_reference};
use crate::expr::limits::{Limit, RESULT_DEPTH_MAX};
use crate::expr::ty::Class;
use crate::expr::xml::{
    Declaration, DocumentType, Kind, Name, NameError, Part, XNode, encoded, real_text, verify_local,
};
use crate::value::json::{JFormatting, JKind};
use crate::value::{JToken, Value};

/// The XML of a token, as this class.
pub(in crate::expr::bcl) fn from_json(call: &mut Call<'_, '_>, token: &JToken, class: Class) -> Outcome<Value> {
    if token.kind() == JKind::Null {
        return Ok(Value::Null);
    }
    if token.kind() != JKind::Object {
        return Err(unread("XmlNodeConverter can only convert JSON that begins with an object.", token));
    }
    if !matches!(class, Class::XDocument | Class::XElement | Class::XContainer | Class::XNode | Class::XObject) {
        let message = "XmlNodeConverter only supports deserializing XDocument, XElement, XContainer, XNode or XObject.";
        return Err(unread(message, token));
    }
    call.machine.charge(super::NODE_BYTES)?;
    let document = XNode::document(None);
    call.machine.held().kept_nodes.push(document.clone());
    let mut maker = Maker { call, scope: Scope::new(), document: document.clone() };
    maker.content(&token.children(), &document, 0)?;
    if class != Class::XElement {
        return wrapped(call.machine, &document);
    }
    let root = document.each(Part::Content).find(XNode::is_element).ok_or_else(null_reference)?;
    root.detach();
    call.machine.held().kept_nodes.push(root.clone());
    wrapped_or_null(call.machine, Some(root))
}

struct Maker<'w, 'c, 'm> {
    call: &'w mut Call<'c, 'm>,
    scope: Scope,
    document: XNode,
}

// `prefix:local`
fn prefix_in(name: &str) -> Option<&str> {
    name.split_once(':').filter(|(prefix, local)| !prefix.is_empty() && !local.is_empty()).map(|(prefix, _)| prefix)
}

impl Maker<'_, '_, '_> {
    fn content(&mut self, properties: &[JToken], parent: &XNode, depth: usize) -> Outcome<()> {
        if depth > RESULT_DEPTH_MAX {
            return Err(Interrupt::LimitExceeded(Limit::XmlDepth));
        }
        for property in properties {
            self.call.machine.step()?;
            if parent.is_same(&self.document) && parent.each(Part::Content).any(|node| node.is_element()) {
                let message = "JSON root object has multiple properties. The root object must have a single property in order to create a valid XML document. Consider specifying a DeserializeRootElementName.";
                return Err(unread(message, property));
            }
            let (Some(name), Some(value)) = (property.name(), property.property_value()) else { continue };
            if value.kind() != JKind::Array {
                self.value(&name, &value, parent, depth)?;
                continue;
            }
            for item in value.children() {
                self.value(&name, &item, parent, depth)?;
            }
        }
        Ok(())
    }

    fn value(&mut self, name: &str, token: &JToken, parent: &XNode, depth: usize) -> Outcome<()> {
        match name {
            "#text" | "#whitespace" | "#significant-whitespace" => {
                let text = text_of(token)?.ok_or_else(|| argument_null("value"))?;
                self.append(parent, Kind::Text(text.into()))
            }
            "#cdata-section" => {
                let text = text_of(token)?.ok_or_else(|| argument_null("value"))?;
                self.append(parent, Kind::CData(text.into()))
            }
            "?xml" => self.declaration(token),
            name if name.starts_with('?') => {
                let text = text_of(token)?.ok_or_else(|| argument_null("data"))?;
                self.append(parent, Kind::Instruction(name.trim_start_matches('?').into(), text.into()))
            }
            name if name.eq_ignore_ascii_case("!DOCTYPE") => {
                let [name, public_id, system_id, subset] =
                    parts_of(token, ["@name", "@public", "@system", "@internalSubset"])?;
                let name = name.ok_or_else(|| argument_null("name"))?;
                self.append(parent, Kind::DocumentType(DocumentType { name, public_id, system_id, subset }))
            }
            name if token.kind() == JKind::Array => {
                let element = self.element(name, prefix_in(name))?;
                self.hang(parent, &element)?;
                for item in token.children() {
                    self.value(name, &item, &element, depth + 1)?;
                }
                Ok(())
            }
            name => self.object(name, token, parent, depth),
        }
    }

    fn declaration(&mut self, token: &JToken) -> Outcome<()> {
        let parts = parts_of(token, ["@version", "@encoding", "@standalone"])?;
        self.document.change(|kind| {
            if let Kind::Document { declaration, .. } = kind {
                *declaration = Some(Declaration::new(parts));
            }
        });
        Ok(())
    }

    fn object(&mut self, name: &str, token: &JToken, parent: &XNode, depth: usize) -> Outcome<()> {
        if name.is_empty() {
            return Err(unread("XmlNodeConverter cannot convert JSON with an empty property name to XML.", token));
        }
        let properties = token.children();
        let mut attributes = Vec::new();
        let mut rest = properties.as_slice();
        if token.kind() == JKind::Object {
            rest = self.attributes(&properties, &mut attributes)?;
        }
        if let Some(attribute) = name.strip_prefix('@') {
            return self.attribute(name, attribute, token, parent);
        }
        if matches!(name, "$id" | "$ref" | "$type" | "$value") {
            let prefix = self.scope.prefix_of(JSON).cloned().unwrap_or_default();
            let attribute = format!("{prefix}:{}", name.trim_start_matches('$'));
            return self.attribute(name, attribute.trim_start_matches(':'), token, parent);
        }
        let name = name.strip_prefix("$values").map_or(name, |_| "values");
        let element = self.element(name, prefix_in(name))?;
        self.hang(parent, &element)?;
        for (name, value) in attributes {
            let value = value.ok_or_else(|| argument_null("value"))?;
            let namespace = prefix_in(&name).and_then(|prefix| self.scope.namespace_of(prefix).cloned());
            self.append(&element, Kind::Attribute(qualified(&encoded(&name), namespace)?, value.into()))?;
        }
        match token.kind() {
            JKind::Object if !rest.is_empty() => {
                self.scope.enter();
                let content = self.content(rest, &element, depth + 1);
                self.scope.leave();
                content?;
                self.scope.forget_default();
            }
            JKind::Object => self.scope.forget_default(),
            JKind::Null | JKind::Undefined => {}
            _ => {
                if let Some(text) = text_of(token)? {
                    self.append(&element, Kind::Text(text.into()))?;
                }
            }
        }
        Ok(())
    }

    // The attributes that an object begins with, and what follows them. Prefixes that they declare hold for what follows too.
    fn attributes<'p>(
        &mut self,
        properties: &'p [JToken],
        found: &mut Vec<(String, Option<String>)>,
    ) -> Outcome<&'p [JToken]> {
        for (at, property) in properties.iter().enumerate() {
            let (Some(name), Some(value)) = (property.name(), property.property_value()) else { continue };
            if let Some(attribute) = name.strip_prefix('@') {
                let text = text_of(&value)?;
                match attribute.strip_prefix("xmlns") {
                    Some("") => self.scope.declare("", text.as_deref().unwrap_or("")),
                    Some(prefix) if prefix.starts_with(':') => {
                        self.scope.declare(prefix.trim_start_matches(':'), text.as_deref().unwrap_or(""));
                    }
                    Some(_) | None => {}
                }
                found.push((attribute.to_owned(), text));
                continue;
            }
            if !matches!(&*name, "$id" | "$ref" | "$type" | "$value" | "$values") {
                return Ok(properties.get(at..).unwrap_or(&[]));
            }
            let prefix = match self.scope.prefix_of(JSON) {
                Some(prefix) => prefix.to_string(),
                None => self.declare_json(found),
            };
            if &*name == "$values" {
                return Ok(properties.get(at..).unwrap_or(&[]));
            }
            if value.held().is_none() {
                return Err(unread(&format!("Unexpected JsonToken: {}", token_name(&value)), &value));
            }
            let text = if value.kind() == JKind::Null { None } else { Some(value.to_string()) };
            found.push((format!("{prefix}:{}", name.trim_start_matches('$')), text));
        }
        Ok(&[])
    }

    fn declare_json(&mut self, found: &mut Vec<(String, Option<String>)>) -> String {
        let numbered = (0_usize..).map(|number| match number {
            0 => "json".to_owned(),
            number => format!("json{}", number - 1),
        });
        let prefix = numbered.take(1_000).find(|prefix| self.scope.namespace_of(prefix).is_none());
        let prefix = prefix.unwrap_or_else(|| "json".to_owned());
        found.push((format!("xmlns:{prefix}"), Some(JSON.to_owned())));
        self.scope.declare(&prefix, JSON);
        prefix
    }

    fn attribute(&mut self, written: &str, name: &str, token: &JToken, parent: &XNode) -> Outcome<()> {
        if parent.is_same(&self.document) {
            let message = format!(
                "JSON root object has property '{written}' that will be converted to an attribute. A root object cannot have any attribute properties. Consider specifying a DeserializeRootElementName."
            );
            return Err(unread(&message, token));
        }
        let value = text_of(token)?.ok_or_else(|| argument_null("value"))?;
        let namespace = match prefix_in(name) {
            Some(prefix) => {
                let known = self.scope.namespace_of(prefix).cloned();
                Some(known.ok_or_else(|| argument_null("namespaceName"))?)
            }
            None => None,
        };
        self.append(parent, Kind::Attribute(qualified(&encoded(name), namespace)?, value.into()))
    }

    fn element(&mut self, name: &str, prefix: Option<&str>) -> Outcome<XNode> {
        let namespace =
            self.scope.namespace_of(prefix.unwrap_or("")).filter(|namespace| !namespace.is_empty()).cloned();
        self.call.machine.charge(super::NODE_BYTES)?;
        Ok(XNode::element(qualified(&encoded(name), namespace)?))
    }

    fn append(&mut self, parent: &XNode, kind: Kind) -> Outcome<()> {
        let node = made(self.call.machine, kind)?;
        self.hang(parent, &node)
    }

    fn hang(&mut self, parent: &XNode, node: &XNode) -> Outcome<()> {
        let value = wrapped(self.call.machine, node)?;
        append_values(self.call, parent, &[value])
    }
}

// In a namespace the prefix is dropped; without one it is part of a name, which takes no colon.
fn qualified(name: &str, namespace: Option<Arc<str>>) -> Outcome<Name> {
    let local = match (&namespace, prefix_in(name)) {
        (Some(_), Some(prefix)) => name.get(prefix.len() + 1..).unwrap_or(name),
        _ => name,
    };
    match verify_local(local) {
        Ok(()) => Ok(Name { namespace: namespace.unwrap_or_default(), local: local.into() }),
        Err(NameError::Character(message)) => Err(xml_error(message)),
        Err(NameError::Empty | NameError::Expanded) => Err(argument_null("name")),
    }
}

// The named members of an object, others of which there may be none.
fn parts_of<const N: usize>(token: &JToken, names: [&str; N]) -> Outcome<[Option<Arc<str>>; N]> {
    let mut parts = [const { None }; N];
    for property in token.children() {
        let name = property.name().unwrap_or_default();
        let Some(place) = names.iter().position(|wanted| **wanted == *name).and_then(|at| parts.get_mut(at)) else {
            let message = format!("Unexpected property name encountered while deserializing XmlDeclaration: {name}");
            return Err(unread(&message, &property));
        };
        *place = property.property_value().map(|value| text_of(&value)).transpose()?.flatten().map(Arc::from);
    }
    Ok(parts)
}

fn token_name(token: &JToken) -> &'static str {
    match token.kind() {
        JKind::Object => "StartObject",
        JKind::Array => "StartArray",
        JKind::Constructor => "StartConstructor",
        kind => kind.name(),
    }
}

// A value as XML writes it; null has none.
fn text_of(token: &JToken) -> Outcome<Option<String>> {
    Ok(match (token.kind(), token.held()) {
        (JKind::Null, _) => None,
        (JKind::String | JKind::Integer, Some(held)) => Some(held.to_string()),
        (JKind::Boolean, Some(Value::Bool(value))) => Some(value.to_string()),
        (JKind::Float, Some(Value::Double(value))) => Some(real_text(value, Value::Double(value).to_string())),
        (JKind::Float, Some(Value::Single(value))) => {
            Some(real_text(f64::from(value), Value::Single(value).to_string()))
        }
        (JKind::Float, Some(held)) => Some(held.to_string()),
        (JKind::Date | JKind::Bytes, Some(_)) => Some(token.to_json(JFormatting::None).trim_matches('"').to_owned()),
        _ => {
            let message = format!("Cannot get an XML string value from token type '{}'.", token_name(token));
            return Err(unread(&message, token));
        }
    })
}
