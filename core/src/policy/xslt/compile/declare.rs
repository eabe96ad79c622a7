//! What stands beside templates in a stylesheet: output, keys, formats, white space, sets of attributes. Compiles no instructions but theirs.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::order::Made;
use super::{Compiler, Lead, MSXSL, XSL, raw, xsl_name};
use crate::diagnostic::nearest;
use crate::policy::dialect::Element;
use crate::policy::source::Problem;
use crate::policy::xslt::format::DecimalFormat;
use crate::policy::xslt::stylesheet::{AttributeSet, Key, Method, Strip};
use crate::policy::xslt::tree::{Name, Scope};
use crate::policy::xslt::xpath::{Test, parse};

/// How deep sets of attributes may use each other.
const SETS_DEEP_MAX: usize = 64;

const DECLARATIONS: [&str; 12] = [
    "attribute-set",
    "decimal-format",
    "import",
    "include",
    "key",
    "namespace-alias",
    "output",
    "param",
    "preserve-space",
    "strip-space",
    "template",
    "variable",
];

impl Compiler {
    // Notes the names that may be used before they are declared.
    pub(super) fn announce(&mut self, element: &Element, scope: &Arc<Scope>) {
        let Some(local) = xsl_name(element, scope) else { return };
        let template = self.announced;
        self.announced += usize::from(local == "template");
        let name = match local {
            "variable" | "param" | "template" | "attribute-set" => self.name(element, "name", scope),
            "namespace-alias" => return self.alias(element, scope),
            _ => None,
        };
        let table = match local {
            "variable" | "param" => &mut self.globals,
            "template" => &mut self.templates,
            _ => &mut self.sets,
        };
        if let Some(name) = name {
            let next = table.len();
            if local == "attribute-set" {
                table.entry(name).or_insert(next);
            } else if local == "template" {
                if table.insert(name.clone(), template).is_some() {
                    self.error(element.name_span, format!("the template `{}` is there twice", name.written()));
                }
            } else if table.insert(name.clone(), next).is_some() {
                self.error(element.name_span, format!("the variable `${}` is there twice", name.written()));
            }
        }
    }

    pub(super) fn declaration(&mut self, element: &Element, scope: &Arc<Scope>) -> Made {
        let Some(local) = xsl_name(element, scope) else {
            self.foreign(element, scope);
            return Made::Other;
        };
        match local {
            "template" => return Made::Template(self.template(element, scope)),
            "variable" | "param" => {
                return self.global(element, scope, local == "param").map_or(Made::Other, Made::Global);
            }
            "output" => self.output(element, scope),
            "key" => self.key(element, scope),
            "strip-space" => self.space(element, scope, true),
            "preserve-space" => self.space(element, scope, false),
            "decimal-format" => self.decimal_format(element, scope),
            "attribute-set" => self.attribute_set(element, scope),
            "namespace-alias" => {}
            "import" | "include" => {
                let message = format!("`{}` reads another document, which no policy does", element.name);
                self.error(element.name_span, message);
            }
            _ if self.looks_forward => {}
            other => {
                let problem =
                    Problem::error("xslt", element.name_span, format!("a stylesheet cannot hold `{}`", element.name));
                self.report(match nearest(other, DECLARATIONS) {
                    Some(near) => problem.with_help(format!("did you mean `{near}`?")),
                    None => problem,
                });
            }
        }
        Made::Other
    }

    // Elements of other namespaces are data that a stylesheet carries; those that would do something are refused.
    fn foreign(&mut self, element: &Element, scope: &Scope) {
        let (prefix, local) = element.name.split_once(':').unwrap_or(("", &element.name));
        let namespace = scope.namespace_of(prefix).map_or("", |namespace| namespace);
        if namespace == MSXSL && local == "script" {
            self.error(element.name_span, format!("`{}` is code, which a stylesheet cannot bring", element.name));
        } else if namespace.is_empty() {
            self.error(element.name_span, format!("a stylesheet cannot hold `{}`: it has no namespace", element.name));
        }
    }

    fn alias(&mut self, element: &Element, scope: &Arc<Scope>) {
        self.check(element, &["stylesheet-prefix", "result-prefix"], &["stylesheet-prefix", "result-prefix"]);
        let mut namespace = |name: &str| {
            let attribute = element.attribute(name)?;
            let prefix = raw(&attribute.value);
            let prefix = if prefix.trim() == "#default" { "" } else { prefix.trim() };
            match scope.namespace_of(prefix) {
                Some(namespace) => Some((Arc::from(prefix), Arc::clone(namespace))),
                None if prefix.is_empty() => Some((Arc::default(), Arc::default())),
                None => {
                    self.error(attribute.value.span, format!("the prefix `{prefix}` is not declared"));
                    None
                }
            }
        };
        if let (Some((_, from)), Some(to)) = (namespace("stylesheet-prefix"), namespace("result-prefix")) {
            self.aliases.insert(from, to);
        }
    }

    fn output(&mut self, element: &Element, scope: &Arc<Scope>) {
        let known = [
            "method",
            "version",
            "encoding",
            "omit-xml-declaration",
            "standalone",
            "doctype-public",
            "doctype-system",
            "cdata-section-elements",
            "indent",
            "media-type",
        ];
        self.check(element, &known, &[]);
        if let Some(attribute) = element.attribute("method") {
            match raw(&attribute.value).trim() {
                "xml" => self.sheet.output.method = Some(Method::Xml),
                "html" => self.sheet.output.method = Some(Method::Html),
                "text" => self.sheet.output.method = Some(Method::Text),
                other => {
                    let message = format!("`{other}` is not an output method");
                    let problem = Problem::error("xslt", attribute.value.span, message);
                    self.report(problem.with_help("expected one of: xml, html, text"));
                }
            }
        }
        let (indent, omits) = (self.yes_or_no(element, "indent"), self.yes_or_no(element, "omit-xml-declaration"));
        let standalone = self.yes_or_no(element, "standalone");
        let text = |name: &str| element.attribute(name).map(|attribute| Arc::from(raw(&attribute.value).trim()));
        let output = &mut self.sheet.output;
        output.indent = indent.or(output.indent);
        output.omits_declaration = omits.unwrap_or(output.omits_declaration);
        output.standalone = standalone.or(output.standalone);
        output.version = text("version").or(output.version.take());
        output.public_id = text("doctype-public").or(output.public_id.take());
        output.system_id = text("doctype-system").or(output.system_id.take());
        if let Some(attribute) = element.attribute("cdata-section-elements") {
            for written in raw(&attribute.value).split_ascii_whitespace() {
                if let Some(mut name) = self.qualified(written, attribute, scope) {
                    // Names of elements are in the default namespace.
                    if name.prefix.is_empty() {
                        name.namespace = scope.namespace_of("").cloned().unwrap_or_default();
                    }
                    self.sheet.output.cdata.push(name);
                }
            }
        }
    }

    fn key(&mut self, element: &Element, scope: &Arc<Scope>) {
        self.check(element, &["name", "match", "use"], &["name", "match", "use"]);
        self.check_empty(element);
        self.locals.clear();
        let (name, patterns) = (self.name(element, "name", scope), self.patterns(element, "match", scope));
        let uses = self.expr(element, "use", scope);
        if let (Some(name), Some(patterns), Some(uses)) = (name, patterns, uses) {
            self.sheet.keys.push(Key { name, patterns, uses });
        }
    }

    fn space(&mut self, element: &Element, scope: &Arc<Scope>, is_stripped: bool) {
        self.check(element, &["elements"], &["elements"]);
        self.check_empty(element);
        let Some(attribute) = element.attribute("elements") else { return };
        for written in raw(&attribute.value).split_ascii_whitespace() {
            let test = if written == "*" {
                Some(Test::AnyName)
            } else {
                self.parsed(&attribute.value, written, scope, |source, names| match parse::read(source, names)? {
                    super::Expr::Path(path) => Ok(path.steps.into_iter().next().map(|step| step.test)),
                    _ => Ok(None),
                })
                .flatten()
            };
            match test {
                Some(test @ (Test::Name(_) | Test::Namespace(_) | Test::AnyName)) => {
                    self.sheet.strips.push(Strip { test, is_stripped });
                }
                _ => self.error(attribute.value.span, format!("`{written}` names no element")),
            }
        }
    }

    fn decimal_format(&mut self, element: &Element, scope: &Arc<Scope>) {
        let known = [
            "name",
            "decimal-separator",
            "grouping-separator",
            "infinity",
            "minus-sign",
            "NaN",
            "percent",
            "per-mille",
            "zero-digit",
            "digit",
            "pattern-separator",
        ];
        self.check(element, &known, &[]);
        self.check_empty(element);
        let name = self.name(element, "name", scope);
        let mut format = DecimalFormat::default();
        let mut places = [
            ("decimal-separator", &mut format.decimal),
            ("grouping-separator", &mut format.grouping),
            ("minus-sign", &mut format.minus),
            ("percent", &mut format.percent),
            ("per-mille", &mut format.per_mille),
            ("zero-digit", &mut format.zero),
            ("digit", &mut format.digit),
            ("pattern-separator", &mut format.separator),
        ];
        for (name, place) in &mut places {
            let Some(attribute) = element.attribute(name) else { continue };
            let text = raw(&attribute.value);
            let mut characters = text.chars();
            match (characters.next(), characters.next()) {
                (Some(only), None) => **place = only,
                _ => self.error(attribute.value.span, format!("`{text}` is not one character")),
            }
        }
        if let Some(attribute) = element.attribute("infinity") {
            format.infinity = raw(&attribute.value);
        }
        if let Some(attribute) = element.attribute("NaN") {
            format.nan = raw(&attribute.value);
        }
        self.sheet.formats.insert(name, format);
    }

    fn attribute_set(&mut self, element: &Element, scope: &Arc<Scope>) {
        self.check(element, &["name", "use-attribute-sets"], &["name"]);
        let Some(name) = self.name(element, "name", scope) else { return };
        let uses = self.sets(element, "use-attribute-sets", scope);
        let is_attribute = |child: &Element| xsl_name(child, &super::inner_scope(child, scope)) == Some("attribute");
        if element.has_text() || element.elements().any(|child| !is_attribute(child)) {
            self.error(element.name_span, format!("`{}` holds attributes alone", element.name));
        }
        let (body, locals) = self.apart(|compiler| compiler.body(element, scope, Lead::Nothing));
        self.sheet.attribute_sets.push(AttributeSet { name, uses, body, locals });
    }

    /// Refuses sets that use themselves, and those that use each other deeper than a run may go.
    pub(super) fn check_sets(&mut self, root: &Element) {
        let mut depths: BTreeMap<Name, usize> = BTreeMap::new();
        let sets = &self.sheet.attribute_sets;
        // After as many rounds as the deepest may take, no depth grows any more.
        for _ in 0..=SETS_DEEP_MAX {
            for set in sets {
                let below = set.uses.iter().filter_map(|name| depths.get(name)).max().copied().unwrap_or(0);
                let known = depths.entry(set.name.clone()).or_insert(0);
                *known = (*known).max(below + 1);
            }
        }
        if let Some((name, _)) = depths.iter().find(|(_, depth)| **depth > SETS_DEEP_MAX) {
            let name = name.written();
            let message =
                format!("the set of attributes `{name}` uses itself, or others more than {SETS_DEEP_MAX} deep");
            self.error(root.name_span, message);
        }
    }

    /// The sets that an element names, as places in the stylesheet.
    pub(super) fn sets(&mut self, element: &Element, attribute: &str, scope: &Arc<Scope>) -> Vec<Name> {
        let Some(attribute) = element.attribute(attribute) else { return Vec::new() };
        let mut names = Vec::new();
        for written in raw(&attribute.value).split_ascii_whitespace() {
            let Some(name) = self.qualified(written, attribute, scope) else { continue };
            if self.sets.contains_key(&name) {
                names.push(name);
            } else {
                self.error(attribute.value.span, format!("there is no set of attributes `{written}`"));
            }
        }
        names
    }

    /// A declaration's own namespace does not go into results.
    pub(super) fn is_excluded(&self, namespace: &str) -> bool {
        namespace == XSL || self.excluded.contains(namespace)
    }
}
