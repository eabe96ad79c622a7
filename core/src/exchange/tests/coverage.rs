//! Every element and attribute of the table is used by a conversation that is played, not only by one of mistakes.

use std::collections::BTreeSet;

use super::conversation::Conversation;
use super::conversations;
use crate::config::model::PolicyFormat;
use crate::policy::dialect::{DOCUMENT_BYTES_MAX, Element, parse};
use crate::policy::registry::{self, Status};
use crate::policy::shape::{Child, Content, Shape};

/// Attributes that the table knows and that are refused with a word of their own: no conversation can be played with them.
const REFUSED: [&str; 5] = [
    "set-backend-service@sf-listener-name",
    "set-backend-service@sf-partition-key",
    "set-backend-service@sf-replica-type",
    "set-backend-service@sf-resolve-condition",
    "set-backend-service@sf-service-instance-name",
];

const POLICY_DOCUMENTS: [&str; 6] = ["service", "product", "api", "operation", "fragment", "resolver"];

// `retry`, `retry@count`, `cors/allowed-origins`, …
fn expected(path: &str, shape: &Shape, into: &mut BTreeSet<String>) {
    into.insert(path.to_owned());
    for attribute in shape.attributes {
        into.insert(format!("{path}@{}", attribute.name));
    }
    for Child { name, shape, .. } in children(shape) {
        // What is a policy of its own elsewhere has its attributes shown there.
        match registry::find(name) {
            Some(_) => drop(into.insert(format!("{path}/{name}"))),
            None => expected(&format!("{path}/{name}"), shape, into),
        }
    }
}

const fn children(shape: &Shape) -> &'static [Child] {
    match shape.content {
        Content::Children(children) | Content::AnyOrder(children) | Content::ChildrenOrText(children) => children,
        Content::Empty | Content::Text | Content::Verbatim | Content::Policies => &[],
    }
}

fn used(element: &Element, parent: Option<(&str, &Shape)>, into: &mut BTreeSet<String>) {
    let as_child = parent.and_then(|(path, shape)| {
        let child = children(shape).iter().find(|child| child.name == element.name)?;
        Some((format!("{path}/{}", element.name), child.shape))
    });
    let as_policy = registry::find(&element.name).and_then(|entry| match entry.status {
        Status::Built { shape, .. } => Some((entry.name.to_owned(), shape)),
        Status::Refused { .. } => None,
    });
    for (path, _) in [&as_child, &as_policy].into_iter().flatten() {
        into.insert(path.clone());
        for attribute in &element.attributes {
            into.insert(format!("{path}@{}", attribute.name));
        }
    }
    let here = as_policy.or(as_child);
    for child in element.elements() {
        used(child, here.as_ref().map(|(path, shape)| (path.as_str(), *shape)), into);
    }
}

#[test]
fn every_element_and_attribute_has_a_conversation() {
    let mut wanted = BTreeSet::new();
    for entry in registry::entries() {
        if let Status::Built { shape, .. } = entry.status {
            expected(entry.name, shape, &mut wanted);
        }
    }
    let mut shown = BTreeSet::new();
    for (_, text) in conversations("policy").into_iter().chain(conversations("exchange")) {
        let conversation = Conversation::parse(&text);
        if conversation.turns.first().is_some_and(|turn| turn.kind == "diagnostics") {
            continue;
        }
        for kind in POLICY_DOCUMENTS {
            for (_, text) in conversation.named(kind) {
                let parsed = parse(text, PolicyFormat::RawXml, DOCUMENT_BYTES_MAX);
                if let Some(root) = &parsed.root {
                    used(root, None, &mut shown);
                }
            }
        }
    }
    let missing: Vec<&String> = wanted.difference(&shown).filter(|part| !REFUSED.contains(&part.as_str())).collect();
    assert!(missing.is_empty(), "{} without a conversation: {missing:#?}", missing.len());
}
