//! What an element may hold: attributes, text, children and their order. Checks one element against that; builds nothing.

use crate::config::named_values::names;
use crate::diagnostic::nearest;
use crate::policy::dialect::Element;
use crate::policy::source::Problem;

/// What an element may hold.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Its attributes; `id` goes without saying.
    pub attributes: &'static [Attribute],
    /// What stands between its tags.
    pub content: Content,
}

/// What stands between the tags of an element.
#[derive(Clone, Copy, Debug)]
pub enum Content {
    /// Nothing.
    Empty,
    /// Text or one expression.
    Text,
    /// Text, one expression, or XML that is taken as it is.
    Verbatim,
    /// Policies.
    Policies,
    /// These elements, in this order.
    Children(&'static [Child]),
    /// These elements, in any order.
    AnyOrder(&'static [Child]),
    /// These elements, in this order, or instead of all of them text or one expression.
    ChildrenOrText(&'static [Child]),
}

/// An attribute that an element may have.
#[derive(Clone, Copy, Debug)]
pub struct Attribute {
    /// Its name.
    pub name: &'static str,
    /// Whether it must be there.
    pub need: Need,
    /// Whether its value may be an expression.
    pub expressions: Expressions,
    /// The values that it may have; empty means any.
    pub one_of: &'static [&'static str],
}

/// Whether an attribute must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It must.
    Required,
    /// It may be missing.
    Optional,
}

/// Whether a value may be an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expressions {
    /// It may.
    Allowed,
    /// It must be literal.
    LiteralOnly,
}

/// An attribute that may be missing, with any value, expressions allowed.
#[must_use]
pub const fn attribute(name: &'static str) -> Attribute {
    Attribute { name, need: Need::Optional, expressions: Expressions::Allowed, one_of: &[] }
}

impl Attribute {
    /// The same, but it must be there.
    #[must_use]
    pub const fn required(self) -> Self {
        Self { need: Need::Required, ..self }
    }

    /// The same, but its value must be literal.
    #[must_use]
    pub const fn literal(self) -> Self {
        Self { expressions: Expressions::LiteralOnly, ..self }
    }

    /// The same, but a literal value must be one of these.
    #[must_use]
    pub const fn one_of(self, values: &'static [&'static str]) -> Self {
        Self { one_of: values, ..self }
    }
}

/// An element that another may hold.
#[derive(Clone, Copy, Debug)]
pub struct Child {
    /// Its name.
    pub name: &'static str,
    /// How often it may be there.
    pub occurs: Occurs,
    /// What it may hold itself.
    pub shape: &'static Shape,
}

/// How often a child may be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occurs {
    /// Exactly once.
    Once,
    /// At most once.
    Optional,
    /// At least once.
    OneOrMore,
    /// Any number of times.
    Any,
}

/// An element with text and no attributes: `value`, `origin`, `method`.
pub const TEXT: Shape = Shape { attributes: &[], content: Content::Text };

/// A child with this name.
#[must_use]
pub const fn child(name: &'static str, occurs: Occurs, shape: &'static Shape) -> Child {
    Child { name, occurs, shape }
}

/// Checks `element` and its described children against `shape`. Policies inside it are left to the compiler.
pub fn check(element: &Element, shape: &Shape, problems: &mut Vec<Problem>) {
    check_attributes(element, shape.attributes, problems);
    match shape.content {
        Content::Empty => {
            refuse_text(element, problems);
            refuse_elements(element, "nothing", problems);
        }
        Content::Text => refuse_elements(element, "text", problems),
        Content::Verbatim => {}
        Content::Policies => refuse_text(element, problems),
        Content::ChildrenOrText(_) if is_text(element) => {}
        Content::Children(children) | Content::ChildrenOrText(children) => {
            refuse_text(element, problems);
            check_order(element, children, problems);
            check_children(element, children, problems);
        }
        Content::AnyOrder(children) => {
            refuse_text(element, problems);
            check_children(element, children, problems);
        }
    }
}

/// Checks an element that holds policies and has no attributes: a document, a section, a fragment.
pub fn check_bare(element: &Element, problems: &mut Vec<Problem>) {
    check_attributes(element, &[], problems);
    refuse_text(element, problems);
}

// Text and nothing else.
fn is_text(element: &Element) -> bool {
    element.elements().next().is_none() && !element.text().is_blank()
}

/// Checks each child of `element` by itself, against what an element with this content may hold.
pub fn check_each(element: &Element, content: &Content, problems: &mut Vec<Problem>) {
    if let Content::Children(known) | Content::AnyOrder(known) = content {
        element.elements().for_each(|found| check_child(element, found, known, problems));
    }
}

fn check_attributes(element: &Element, known: &[Attribute], problems: &mut Vec<Problem>) {
    for attribute in &element.attributes {
        let name = attribute.name.as_str();
        if name == "id" || name.starts_with("xmlns") {
            continue;
        }
        let Some(spec) = known.iter().find(|spec| spec.name == name) else {
            let message = format!("`{}` has no attribute `{name}`", element.name);
            let problem = Problem::error("unknown-attribute", attribute.name_span, message);
            problems.push(match nearest(name, known.iter().map(|spec| spec.name)) {
                Some(near) => problem.with_help(format!("did you mean `{near}`?")),
                None => problem,
            });
            continue;
        };
        match attribute.value.literal() {
            Some(literal) => {
                let value = literal.trim();
                let is_known = spec.one_of.is_empty() || spec.one_of.contains(&value);
                if !is_known && names(value).next().is_none() {
                    let message = format!("`{value}` is not a value of `{name}`");
                    let help = format!("expected one of: {}", spec.one_of.join(", "));
                    problems.push(Problem::error("attribute-value", attribute.value.span, message).with_help(help));
                }
            }
            None if spec.expressions == Expressions::LiteralOnly => {
                let message = format!("the value of `{name}` cannot be an expression");
                problems.push(Problem::error("expression-not-allowed", attribute.value.span, message));
            }
            None => {}
        }
    }
    for spec in known.iter().filter(|spec| spec.need == Need::Required) {
        if element.attribute(spec.name).is_none() {
            let message = format!("`{}` needs the attribute `{}`", element.name, spec.name);
            problems.push(Problem::error("missing-attribute", element.name_span, message));
        }
    }
}

fn check_order(element: &Element, known: &[Child], problems: &mut Vec<Problem>) {
    let mut reached = 0;
    for found in element.elements() {
        let Some(index) = known.iter().position(|spec| spec.name == found.name) else { continue };
        if index < reached {
            let order: Vec<&str> = known.iter().map(|spec| spec.name).collect();
            let message = format!("`{}` comes too late in `{}`", found.name, element.name);
            let help = format!("the order is: {}", order.join(", "));
            problems.push(Problem::error("element-order", found.name_span, message).with_help(help));
        }
        reached = reached.max(index);
    }
}

fn check_children(element: &Element, known: &[Child], problems: &mut Vec<Problem>) {
    for found in element.elements() {
        check_child(element, found, known, problems);
    }
    for spec in known {
        let count = element.elements().filter(|found| found.name == spec.name).count();
        let (enough, few) = match spec.occurs {
            Occurs::Once => (count >= 1, count <= 1),
            Occurs::Optional => (true, count <= 1),
            Occurs::OneOrMore => (count >= 1, true),
            Occurs::Any => (true, true),
        };
        if !enough {
            let message = format!("`{}` needs a child `{}`", element.name, spec.name);
            problems.push(Problem::error("missing-element", element.name_span, message));
        }
        if !few {
            let message = format!("`{}` may hold `{}` once", element.name, spec.name);
            problems.push(Problem::error("duplicate-element", element.name_span, message));
        }
    }
}

fn check_child(element: &Element, found: &Element, known: &[Child], problems: &mut Vec<Problem>) {
    let Some(spec) = known.iter().find(|spec| spec.name == found.name) else {
        let message = format!("`{}` cannot hold `{}`", element.name, found.name);
        let problem = Problem::error("unknown-element", found.name_span, message);
        problems.push(match nearest(&found.name, known.iter().map(|spec| spec.name)) {
            Some(near) => problem.with_help(format!("did you mean `{near}`?")),
            None => problem,
        });
        return;
    };
    check(found, spec.shape, problems);
}

fn refuse_text(element: &Element, problems: &mut Vec<Problem>) {
    if element.has_text() {
        let what = match element.text().has_expression() {
            true => "an expression",
            false => "text",
        };
        let message = format!("`{}` cannot hold {what}", element.name);
        problems.push(Problem::error("unexpected-text", element.inner, message));
    }
}

fn refuse_elements(element: &Element, holds: &str, problems: &mut Vec<Problem>) {
    for found in element.elements() {
        let message = format!("`{}` cannot hold `{}`: it holds {holds}", element.name, found.name);
        problems.push(Problem::error("unknown-element", found.name_span, message));
    }
}
