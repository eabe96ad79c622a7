//! Policy documents drawn from the table of policies, with the words that people write into them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use super::draw::Draw;
use crate::config::model::PolicyFormat;
use crate::policy::alone::compile_alone;
use crate::policy::dialect::{DOCUMENT_BYTES_MAX, Element, parse};
use crate::policy::registry::{self, Build, Entry, Occurs, Status};
use crate::policy::shape::{self, Attribute, Content, Expressions, Need, Shape};
use crate::policy::{Scope, Section};
use crate::span::Span;

/// The most policies of one document.
const POLICIES_MAX: usize = 16;
/// How deep policies stand in each other.
const DEPTH_MAX: usize = 4;
/// The longest word that is taken over.
const WORD_BYTES_MAX: usize = 400;
/// What stands anywhere, beside the words.
const ANYTHING: [&str; 10] = [
    "1",
    "0",
    "a",
    "true",
    "",
    "X-A",
    "@(context.Request.Method)",
    "@(context.Response == null)",
    "@(context.Response.StatusCode >= 500)",
    "@(context.Request.Body.As<string>(true))",
];

/// What people write as attributes (`retry@count`) and between tags (`set-body`).
#[derive(Clone, Debug, Default)]
pub struct Words(BTreeMap<String, BTreeSet<Arc<str>>>);

impl Words {
    /// The words of these texts: policy documents, or conversations that hold some behind lines that begin with `---`.
    #[must_use]
    pub fn of<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        let mut words = Self::default();
        for block in texts.into_iter().flat_map(|text| text.split("\n--- ")) {
            let document = block.find('<').and_then(|at| block.get(at..)).unwrap_or("");
            let parsed = parse(document, PolicyFormat::RawXml, DOCUMENT_BYTES_MAX);
            if let Some(root) = parsed.root.filter(|_| parsed.problems.is_empty()) {
                words.take(document, &root);
            }
        }
        words
    }

    fn take(&mut self, document: &str, element: &Element) {
        for attribute in &element.attributes {
            self.add(format!("{}@{}", element.name, attribute.name), document, attribute.value.span);
        }
        if element.elements().next().is_none() {
            self.add(element.name.clone(), document, element.inner);
        }
        element.elements().for_each(|child| self.take(document, child));
    }

    fn add(&mut self, key: String, document: &str, span: Span) {
        let bounds = usize::try_from(span.start).ok().zip(usize::try_from(span.end).ok());
        let word = bounds.and_then(|(start, end)| document.get(start..end));
        if let Some(word) = word.filter(|word| word.len() <= WORD_BYTES_MAX && !word.contains("{{")) {
            self.0.entry(key).or_default().insert(Arc::from(word));
        }
    }

    /// The words of an attribute or an element, in order.
    pub(super) fn get(&self, key: &str) -> Vec<Arc<str>> {
        self.0.get(key).into_iter().flatten().cloned().collect()
    }
}

fn is_structure(entry: &Entry) -> bool {
    match entry.status {
        Status::Built { build: Build::Structure(_) | Build::Asking(_), .. } => true,
        Status::Built { build: Build::Leaf(_), .. } | Status::Refused { .. } => false,
    }
}

/// The documents of a configuration.
#[derive(Clone, Debug)]
pub(super) struct Documents {
    pub(super) service: String,
    pub(super) product: String,
    pub(super) api: String,
    pub(super) operation: String,
}

impl Documents {
    pub(super) fn draw(draw: &mut Draw<'_>, words: &Words) -> Self {
        let mut document = |scope| match draw.below(2) {
            0 if scope != Scope::Api => "<policies />".to_owned(),
            _ => document(draw, words, scope),
        };
        Self {
            api: document(Scope::Api),
            operation: document(Scope::Operation),
            service: document(Scope::Global),
            product: document(Scope::Product),
        }
    }
}

fn document(draw: &mut Draw<'_>, words: &Words, scope: Scope) -> String {
    let mut text = "<policies>".to_owned();
    let mut left = POLICIES_MAX;
    for section in Section::ALL {
        // One in so many sections is not there.
        if draw.below(8) == 7 {
            continue;
        }
        let mut writer = Writer { draw, words, scope, section, left };
        let body = if section == Section::Backend { writer.backend() } else { writer.policies(0) };
        left = writer.left;
        // Writing to a string does not fail.
        let _ = write!(text, "<{0}>{body}</{0}>", section.as_str());
    }
    text + "</policies>"
}

struct Writer<'d, 'b> {
    draw: &'d mut Draw<'b>,
    words: &'d Words,
    scope: Scope,
    section: Section,
    left: usize,
}

impl Writer<'_, '_> {
    // Policies of which each compiles by itself; what does not is left out.
    fn policies(&mut self, depth: usize) -> String {
        let mut text = String::new();
        let mut once = BTreeSet::new();
        if depth == 0 && self.draw.below(4) > 0 {
            text.push_str("<base />");
            once.insert("base");
        }
        for _ in 0..self.draw.below(5) {
            let Some(entry) = self.entry().filter(|entry| !once.contains(entry.name)) else { continue };
            if let Some(element) = self.policy(entry, depth) {
                if entry.occurs == Occurs::OncePerSection || entry.name == "base" {
                    once.insert(entry.name);
                }
                text.push_str(&element);
            }
        }
        text
    }

    // The backend section holds one policy.
    fn backend(&mut self) -> String {
        let wanted = self.draw.one(&["base", "forward-request", "retry", "limit-concurrency", "choose", ""]);
        let entry = wanted.and_then(|name| registry::find(name));
        entry.and_then(|entry| self.policy(entry, 1)).unwrap_or_default()
    }

    fn entry(&mut self) -> Option<&'static Entry> {
        let (section, scope) = (self.section, self.scope);
        let fits = |entry: &&Entry| {
            let is_built = matches!(entry.status, Status::Built { .. });
            is_built && entry.sections.contains(section) && entry.scopes.contains(scope)
        };
        // Half of what is drawn runs others or asks for something: that is where exchanges are more than one step.
        let is_rich = self.draw.below(2) == 0;
        let wanted = |entry: &&Entry| !is_rich || (is_structure(entry) && entry.name != "return-response");
        let entries: Vec<&Entry> = registry::entries().iter().filter(fits).filter(wanted).collect();
        self.draw.one(&entries).copied()
    }

    fn policy(&mut self, entry: &Entry, depth: usize) -> Option<String> {
        let Status::Built { shape, .. } = entry.status else { return None };
        self.left = self.left.checked_sub(1)?;
        let element = self.element(entry.name, shape, depth);
        self.compiles(&element).then_some(element)
    }

    fn compiles(&self, element: &str) -> bool {
        let text = format!("<policies><{0}>{element}</{0}></policies>", self.section.as_str());
        let done = compile_alone(&Arc::from("probe"), &text, PolicyFormat::RawXml, self.scope);
        !done.diagnostics.iter().any(|found| found.is_error())
    }

    fn element(&mut self, name: &str, shape: &Shape, depth: usize) -> String {
        let mut text = format!("<{name}");
        for attribute in shape.attributes {
            let is_there = attribute.need == Need::Required || self.draw.below(3) == 0;
            if is_there {
                let value = self.value(&format!("{name}@{}", attribute.name), Some(attribute));
                // An expression may hold quotes of its own.
                let quote = if value.contains('"') && !value.starts_with('@') { '\'' } else { '"' };
                let _ = write!(text, " {}={quote}{value}{quote}", attribute.name);
            }
        }
        let inner = match shape.content {
            Content::Empty => String::new(),
            Content::Text | Content::Verbatim => self.value(name, None).to_string(),
            Content::Policies if depth < DEPTH_MAX => self.policies(depth + 1),
            Content::Policies => String::new(),
            Content::Children(children) | Content::AnyOrder(children) | Content::ChildrenOrText(children) => {
                self.children(children, depth)
            }
        };
        let _ = write!(text, ">{inner}</{name}>");
        text
    }

    fn children(&mut self, children: &[shape::Child], depth: usize) -> String {
        let mut text = String::new();
        for child in children {
            let count = match child.occurs {
                shape::Occurs::Once => 1,
                shape::Occurs::Optional => self.draw.below(2),
                shape::Occurs::OneOrMore => 1 + self.draw.below(2),
                shape::Occurs::Any => self.draw.below(3),
            };
            for _ in 0..count {
                text.push_str(&self.element(child.name, child.shape, depth));
            }
        }
        text
    }

    fn value(&mut self, key: &str, attribute: Option<&Attribute>) -> Arc<str> {
        let one_of = attribute.map_or(&[][..], |attribute| attribute.one_of);
        let takes_expressions = attribute.is_none_or(|attribute| attribute.expressions == Expressions::Allowed);
        let words = self.words.get(key);
        match self.draw.below(8) {
            7 => {
                let anything = self.draw.one(&ANYTHING).copied().unwrap_or("");
                Arc::from(if takes_expressions || !anything.starts_with('@') { anything } else { "1" })
            }
            6 if !one_of.is_empty() => Arc::from(self.draw.one(one_of).copied().unwrap_or("")),
            _ => self.draw.one(&words).cloned().unwrap_or_else(|| Arc::from(one_of.first().copied().unwrap_or("1"))),
        }
    }
}
