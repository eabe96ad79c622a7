//! From the element `xsl:stylesheet` of a policy document to a stylesheet, with everything that is wrong about it. Instructions are in
//! `body`, what stands beside templates in `declare`.

mod body;
mod declare;
mod order;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::pattern::{self, Pattern};
use super::stylesheet::{Avt, Binding, Global, Piece, Rule, Stylesheet, Template};
use super::tree::{Name, Scope};
use super::xpath::{Expr, Mistake, Names, Slot, parse};
use crate::diagnostic::nearest;
use crate::expr::xml::XML;
use crate::policy::dialect::{Attribute, Element, Node, Part, Value};
use crate::policy::source::Problem;
use crate::span::Span;

/// The namespace of stylesheets.
pub(super) const XSL: &str = "http://www.w3.org/1999/XSL/Transform";

/// The namespace of Microsoft's extensions.
const MSXSL: &str = "urn:schemas-microsoft-com:xslt";

/// The instructions that there are.
pub(super) const INSTRUCTIONS: [&str; 18] = [
    "apply-templates",
    "attribute",
    "call-template",
    "choose",
    "comment",
    "copy",
    "copy-of",
    "element",
    "fallback",
    "for-each",
    "if",
    "message",
    "number",
    "processing-instruction",
    "text",
    "value-of",
    "variable",
    "apply-imports",
];

/// The most problems that are told of one stylesheet.
const PROBLEMS_MAX: usize = 20;

/// Compiles a stylesheet; `outer` are the namespaces that are declared around it.
///
/// # Errors
/// What is wrong with it.
pub(super) fn compile(root: &Element, outer: &Arc<Scope>) -> Result<Stylesheet, Vec<Problem>> {
    let mut compiler = Compiler::default();
    let scope = inner_scope(root, outer);
    compiler.root(root, &scope);
    match compiler.problems.is_empty() {
        true => Ok(compiler.sheet),
        false => Err(compiler.problems),
    }
}

#[derive(Default)]
struct Compiler {
    sheet: Stylesheet,
    problems: Vec<Problem>,
    globals: BTreeMap<Name, usize>,
    templates: BTreeMap<Name, usize>,
    /// How many templates have been seen.
    announced: usize,
    sets: BTreeMap<Name, usize>,
    /// Namespaces whose elements are instructions, none of which there are.
    extensions: BTreeSet<Arc<str>>,
    /// Whether what is compiled is of another version: what XSLT 1.0 does not know there is no mistake (§2.5).
    looks_forward: bool,
    /// Namespaces that do not go into the result.
    excluded: BTreeSet<Arc<str>>,
    /// What stands for a namespace in the result.
    aliases: BTreeMap<Arc<str>, (Arc<str>, Arc<str>)>,
    /// The mode of the rule that is compiled; `None` where what is compiled is not in a rule, or no longer about its node.
    rule: Option<Option<Name>>,
    /// The variables of the template that is compiled, those in sight.
    locals: Vec<(Name, usize)>,
    locals_count: usize,
    touched: Touched,
}

/// What the part that is compiled refers to.
#[derive(Clone, Debug, Default)]
struct Touched {
    globals: RefCell<BTreeSet<usize>>,
    templates: BTreeSet<usize>,
    applies: bool,
}

/// The names in sight of an expression.
struct Sight<'c> {
    scope: &'c Scope,
    locals: &'c [(Name, usize)],
    globals: &'c BTreeMap<Name, usize>,
    touched: &'c RefCell<BTreeSet<usize>>,
}

impl Names for Sight<'_> {
    fn namespace_of(&self, prefix: &str) -> Option<Arc<str>> {
        if prefix == "xml" {
            return Some(Arc::from(XML));
        }
        self.scope.namespace_of(prefix).filter(|namespace| !namespace.is_empty()).cloned()
    }

    fn variable(&self, name: &Name) -> Option<Slot> {
        if let Some((_, slot)) = self.locals.iter().rev().find(|(known, _)| known == name) {
            return Some(Slot::Local(*slot));
        }
        let global = *self.globals.get(name)?;
        self.touched.borrow_mut().insert(global);
        Some(Slot::Global(global))
    }

    fn nearest_variable(&self, name: &Name) -> Option<String> {
        let known = self.locals.iter().map(|(name, _)| name).chain(self.globals.keys());
        nearest(&name.local, known.map(|name| &*name.local)).map(str::to_owned)
    }
}

/// The namespaces in force inside of an element.
pub(super) fn inner_scope(element: &Element, outer: &Arc<Scope>) -> Arc<Scope> {
    let declared: Vec<(Arc<str>, Arc<str>)> = element
        .attributes
        .iter()
        .filter_map(|attribute| {
            let prefix = declared_prefix(&attribute.name)?;
            Some((Arc::from(prefix), Arc::from(raw(&attribute.value).trim())))
        })
        .collect();
    if declared.is_empty() {
        return Arc::clone(outer);
    }
    Arc::new(Scope::inside(outer, declared))
}

fn declared_prefix(name: &str) -> Option<&str> {
    match name.strip_prefix("xmlns") {
        Some("") => Some(""),
        Some(rest) => rest.strip_prefix(':'),
        None => None,
    }
}

/// A value as it is written: a stylesheet holds no expressions of policies, whatever looks like one.
pub(super) fn raw(value: &Value) -> String {
    let parts = value.parts.iter().map(|part| match part {
        Part::Literal(text) => text.as_str(),
        Part::Expression(source) => source.text.as_str(),
    });
    parts.collect()
}

/// Whether an element is the stylesheet's root, in the namespaces around it.
pub(super) fn is_stylesheet(element: &Element, outer: &Arc<Scope>) -> bool {
    let scope = inner_scope(element, outer);
    matches!(xsl_name(element, &scope), Some("stylesheet" | "transform")) || own_version(element, &scope).is_some()
}

// The version that an element of the result says: as a root it is the one template of its stylesheet (XSLT 1.0 §2.3).
fn own_version<'e>(element: &'e Element, scope: &Scope) -> Option<&'e Attribute> {
    let is_version = |attribute: &&Attribute| match attribute.name.split_once(':') {
        Some((prefix, "version")) => scope.namespace_of(prefix).is_some_and(|namespace| **namespace == *XSL),
        _ => false,
    };
    element.attributes.iter().find(is_version).filter(|_| xsl_name(element, scope).is_none())
}

// The local name of an element of XSLT.
fn xsl_name<'e>(element: &'e Element, scope: &Scope) -> Option<&'e str> {
    let (prefix, local) = element.name.split_once(':').unwrap_or(("", &element.name));
    scope.namespace_of(prefix).filter(|namespace| ***namespace == *XSL).map(|_| local)
}

/// What may stand before the rest of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lead {
    Nothing,
    Parameters,
    Sorts,
}

impl Compiler {
    fn report(&mut self, problem: Problem) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem);
        }
    }

    fn error(&mut self, span: Span, message: impl Into<String>) {
        self.report(Problem::error("xslt", span, message));
    }

    fn root(&mut self, root: &Element, scope: &Arc<Scope>) {
        if own_version(root, scope).is_some() {
            return self.lone_template(root, scope);
        }
        self.looks_forward = root.attribute("version").is_some_and(|version| raw(&version.value).trim() != "1.0");
        let known = ["version", "exclude-result-prefixes", "extension-element-prefixes", "id", "default-collation"];
        self.check(root, &known, &["version"]);
        let excluded: Vec<&str> = vec!["exclude-result-prefixes", "extension-element-prefixes"];
        for name in excluded {
            let prefixes = root.attribute(name).map(|attribute| raw(&attribute.value)).unwrap_or_default();
            self.exclude(&prefixes, scope, root);
            if name == "extension-element-prefixes" {
                self.extend(&prefixes, scope);
            }
        }
        self.excluded.insert(Arc::from(XSL));
        if root.has_text() {
            self.error(root.inner, "a stylesheet cannot hold text beside its templates");
        }
        let children: Vec<(&Element, Arc<Scope>)> =
            root.elements().map(|child| (child, inner_scope(child, scope))).collect();
        for (child, scope) in &children {
            self.announce(child, scope);
        }
        let mut parts = order::Parts::default();
        for (child, scope) in &children {
            self.touched = Touched::default();
            let made = self.declaration(child, scope);
            parts.note(made, std::mem::take(&mut self.touched));
        }
        match parts.order(self.sheet.globals.len()) {
            Ok(order) => self.sheet.order = order,
            Err(global) => {
                let name = self.sheet.globals.get(global).map(|global| global.name.written()).unwrap_or_default();
                self.error(root.name_span, format!("the value of `${name}` depends on itself"));
            }
        }
        self.check_sets(root);
        for rules in self.sheet.rules.values_mut() {
            // Behind each other in the stylesheet, the last one is asked first.
            rules.reverse();
            rules.sort_by(|left, right| right.priority.total_cmp(&left.priority));
        }
    }

    fn lone_template(&mut self, root: &Element, scope: &Arc<Scope>) {
        self.excluded.insert(Arc::from(XSL));
        self.rule = Some(None);
        let (body, locals) = self.apart(|compiler| {
            let mut body = Vec::new();
            compiler.literal(root, scope, &mut body);
            body
        });
        self.sheet.templates.push(Template { body, locals });
        let rule = Rule { pattern: Pattern::root(), template: 0, priority: 0.5 };
        self.sheet.rules.entry(None).or_default().push(rule);
    }

    // Prefixes that mean nothing are told of by `exclude`.
    fn extend(&mut self, prefixes: &str, scope: &Scope) {
        for prefix in prefixes.split_ascii_whitespace() {
            let namespace = scope.namespace_of(if prefix == "#default" { "" } else { prefix });
            self.extensions.extend(namespace.cloned());
        }
    }

    fn exclude(&mut self, prefixes: &str, scope: &Arc<Scope>, element: &Element) {
        for prefix in prefixes.split_ascii_whitespace() {
            let found = scope.namespace_of(if prefix == "#default" { "" } else { prefix }).cloned();
            match found {
                Some(namespace) => {
                    self.excluded.insert(namespace);
                }
                None => self.error(element.name_span, format!("the prefix `{prefix}` is not declared")),
            }
        }
    }

    // Reports attributes that an element of XSLT does not have, and those that it needs.
    fn check(&mut self, element: &Element, known: &[&str], required: &[&str]) {
        for attribute in &element.attributes {
            let name = attribute.name.as_str();
            // Those of other namespaces are none of XSLT's business.
            if self.looks_forward || known.contains(&name) || name.contains(':') || name == "xmlns" {
                continue;
            }
            let problem =
                Problem::error("xslt", attribute.name_span, format!("`{}` has no attribute `{name}`", element.name));
            self.report(match nearest(name, known.iter().copied()) {
                Some(near) => problem.with_help(format!("did you mean `{near}`?")),
                None => problem,
            });
        }
        for name in required {
            if element.attribute(name).is_none() {
                self.error(element.name_span, format!("`{}` needs the attribute `{name}`", element.name));
            }
        }
    }

    fn check_empty(&mut self, element: &Element) {
        if element.has_text() || element.elements().next().is_some() {
            self.error(element.name_span, format!("`{}` holds nothing", element.name));
        }
    }

    fn mistake(&mut self, value: &Value, source: &str, mistake: Mistake) {
        let message = format!("`{}`: {}", shortened(source), mistake.message);
        let problem = Problem::error("xslt", value.span, message);
        self.report(match mistake.help {
            Some(help) => problem.with_help(help),
            None => problem,
        });
    }

    fn parsed<T>(
        &mut self,
        value: &Value,
        source: &str,
        scope: &Scope,
        read: impl Fn(&str, &dyn Names) -> Result<T, Mistake>,
    ) -> Option<T> {
        let sight = Sight { scope, locals: &self.locals, globals: &self.globals, touched: &self.touched.globals };
        match read(source, &sight) {
            Ok(parsed) => Some(parsed),
            Err(mistake) => {
                self.mistake(value, source, mistake);
                None
            }
        }
    }

    fn expr(&mut self, element: &Element, name: &str, scope: &Scope) -> Option<Expr> {
        let attribute = element.attribute(name)?;
        self.parsed(&attribute.value, &raw(&attribute.value), scope, parse::parse)
    }

    fn patterns(&mut self, element: &Element, name: &str, scope: &Scope) -> Option<Vec<Pattern>> {
        let attribute = element.attribute(name)?;
        self.parsed(&attribute.value, &raw(&attribute.value), scope, pattern::read)
    }

    /// A name in an attribute; without a prefix it is in no namespace.
    fn name(&mut self, element: &Element, name: &str, scope: &Scope) -> Option<Name> {
        let attribute = element.attribute(name)?;
        let written = raw(&attribute.value);
        self.qualified(written.trim(), attribute, scope)
    }

    fn qualified(&mut self, written: &str, attribute: &Attribute, scope: &Scope) -> Option<Name> {
        let (prefix, local) = written.split_once(':').unwrap_or(("", written));
        if crate::expr::xml::verify_local(local).is_err() {
            self.error(attribute.value.span, format!("`{written}` is not a name"));
            return None;
        }
        let namespace = match prefix {
            "" => Arc::default(),
            "xml" => Arc::from(XML),
            _ => match scope.namespace_of(prefix) {
                Some(namespace) => Arc::clone(namespace),
                None => {
                    self.error(attribute.value.span, format!("the prefix `{prefix}` is not declared"));
                    return None;
                }
            },
        };
        Some(Name { namespace, local: Arc::from(local), prefix: Arc::from(prefix) })
    }

    fn yes_or_no(&mut self, element: &Element, name: &str) -> Option<bool> {
        let attribute = element.attribute(name)?;
        match raw(&attribute.value).trim() {
            "yes" => Some(true),
            "no" => Some(false),
            other => {
                self.error(attribute.value.span, format!("`{other}` is neither `yes` nor `no`"));
                None
            }
        }
    }

    fn avt(&mut self, attribute: &Attribute, scope: &Scope) -> Avt {
        let source = raw(&attribute.value);
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut rest = source.as_str();
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = (rest.get(..at).unwrap_or(""), rest.get(at..).unwrap_or(""));
            text.push_str(before);
            if let Some(after) = from.strip_prefix("{{").or_else(|| from.strip_prefix("}}")) {
                text.extend(from.chars().next());
                rest = after;
                continue;
            }
            let Some(inner) = from.strip_prefix('{') else {
                self.error(attribute.value.span, "`}` closes no expression here: write `}}` for the character");
                return Avt(pieces);
            };
            let Some(end) = end_of_expression(inner) else {
                self.error(attribute.value.span, "an expression that begins with `{` has no `}`");
                return Avt(pieces);
            };
            if !text.is_empty() {
                pieces.push(Piece::Text(Arc::from(std::mem::take(&mut text))));
            }
            let expression = inner.get(..end).unwrap_or("");
            let parsed = self.parsed(&attribute.value, expression, scope, parse::parse);
            pieces.extend(parsed.map(Piece::Expr));
            rest = inner.get(end + 1..).unwrap_or("");
        }
        text.push_str(rest);
        if !text.is_empty() {
            pieces.push(Piece::Text(Arc::from(text)));
        }
        Avt(pieces)
    }

    fn optional_avt(&mut self, element: &Element, name: &str, scope: &Scope) -> Option<Avt> {
        element.attribute(name).map(|attribute| self.avt(attribute, scope))
    }

    // Begins a part with variables of its own; gives how many it had.
    fn apart<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> (T, usize) {
        self.locals.clear();
        self.locals_count = 0;
        let made = make(self);
        (made, self.locals_count)
    }

    fn new_local(&mut self) -> usize {
        self.locals_count += 1;
        self.locals_count - 1
    }

    fn binding(&mut self, element: &Element, scope: &Arc<Scope>) -> Binding {
        let has_content = element.elements().next().is_some() || element.has_text();
        if element.attribute("select").is_some() {
            if has_content {
                let message = format!("`{}` has an attribute `select` or content, not both", element.name);
                self.error(element.name_span, message);
            }
            return self.expr(element, "select", scope).map_or(Binding::Empty, Binding::Select);
        }
        if has_content { Binding::Content(self.body(element, scope, Lead::Nothing)) } else { Binding::Empty }
    }

    fn template(&mut self, element: &Element, scope: &Arc<Scope>) -> usize {
        self.check(element, &["match", "name", "priority", "mode"], &[]);
        let index = self.sheet.templates.len();
        if element.attribute("match").is_none() && element.attribute("name").is_none() {
            self.error(element.name_span, format!("`{}` needs an attribute `match` or `name`", element.name));
        }
        let priority = element.attribute("priority").map(|attribute| {
            let text = raw(&attribute.value);
            let number = super::xpath::number::number(&text);
            if number.is_nan() {
                self.error(attribute.value.span, format!("`{}` is not a number", text.trim()));
            }
            number
        });
        let mode = self.name(element, "mode", scope);
        self.locals.clear();
        for pattern in self.patterns(element, "match", scope).into_iter().flatten() {
            let priority = priority.unwrap_or_else(|| pattern.priority());
            let rules = self.sheet.rules.entry(mode.clone()).or_default();
            rules.push(Rule { pattern, template: index, priority });
        }
        self.rule = element.attribute("match").map(|_| mode);
        let (body, locals) = self.apart(|compiler| compiler.body(element, scope, Lead::Parameters));
        self.rule = None;
        self.sheet.templates.push(Template { body, locals });
        index
    }

    fn global(&mut self, element: &Element, scope: &Arc<Scope>, is_parameter: bool) -> Option<usize> {
        self.check(element, &["name", "select"], &["name"]);
        let name = self.name(element, "name", scope)?;
        let (binding, locals) = self.apart(|compiler| compiler.binding(element, scope));
        self.sheet.globals.push(Global { name, is_parameter, binding, locals });
        Some(self.sheet.globals.len() - 1)
    }
}

// Where the expression in braces ends: a brace in quotes does not count.
fn end_of_expression(text: &str) -> Option<usize> {
    let mut quote = None;
    text.char_indices().find_map(|(at, c)| match (quote, c) {
        (None, '}') => Some(at),
        (None, '"' | '\'') => {
            quote = Some(c);
            None
        }
        (Some(open), _) if open == c => {
            quote = None;
            None
        }
        (None | Some(_), _) => None,
    })
}

fn shortened(source: &str) -> String {
    let words: Vec<&str> = source.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or("")),
        None => line,
    }
}

/// The content of an element in order, texts beside each other joined.
fn content(element: &Element) -> Vec<Content<'_>> {
    let mut content: Vec<Content<'_>> = Vec::new();
    for node in &element.children {
        match (node, content.last_mut()) {
            (Node::Element(child), _) => content.push(Content::Element(child)),
            (Node::Text(value), Some(Content::Text(text))) => text.push_str(&raw(value)),
            (Node::Text(value), _) => content.push(Content::Text(raw(value))),
        }
    }
    content
}

enum Content<'e> {
    Element(&'e Element),
    Text(String),
}
