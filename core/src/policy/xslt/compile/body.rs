//! The instructions of a template, and the elements that stand among them. What stands beside templates is in `declare`.

use std::sync::Arc;

use super::{
    Compiler, Content, INSTRUCTIONS, Lead, XSL, content, declared_prefix, inner_scope, own_version, raw, xsl_name,
};
use crate::diagnostic::nearest;
use crate::expr::xml::is_blank;
use crate::policy::dialect::{Attribute, Element};
use crate::policy::source::Problem;
use crate::policy::xslt::numbering::{Level, Numbering};
use crate::policy::xslt::stylesheet::{Apply, Avt, Binding, Instruction, Literal, Made, Piece, Sort, variable};
use crate::policy::xslt::tree::{Escaping, Name, Scope};
use crate::policy::xslt::xpath::{Axis, Expr, Path, Start, Step, Test};

type Scoped<'a> = &'a Arc<Scope>;

impl Compiler {
    /// What stands in an element as instructions; variables end with it.
    pub(super) fn body(&mut self, element: &Element, scope: Scoped<'_>, lead: Lead) -> Vec<Instruction> {
        let in_sight = self.locals.len();
        let mut made = Vec::new();
        let mut lead = lead;
        let keeps_blanks = element.attribute("xml:space").is_some_and(|space| raw(&space.value).trim() == "preserve");
        for part in content(element) {
            let child = match part {
                Content::Text(text) if is_blank(&text) && !keeps_blanks => continue,
                Content::Text(text) => {
                    lead = Lead::Nothing;
                    made.push(Instruction::Text(Arc::from(text), Escaping::On));
                    continue;
                }
                Content::Element(child) => child,
            };
            let scope = inner_scope(child, scope);
            match (xsl_name(child, &scope), lead) {
                (Some("sort"), Lead::Sorts) => continue,
                (Some("param"), Lead::Parameters) => {
                    self.parameter(child, &scope, &mut made);
                    continue;
                }
                (Some(name), _) => self.instruction(name, child, &scope, &mut made),
                (None, _) if self.is_extension(child, &scope) => self.fallback(child, &scope, &mut made),
                (None, _) => self.literal(child, &scope, &mut made),
            }
            lead = Lead::Nothing;
        }
        self.locals.truncate(in_sight);
        made
    }

    fn instruction(&mut self, name: &str, element: &Element, scope: Scoped<'_>, made: &mut Vec<Instruction>) {
        let instruction = match name {
            "apply-templates" => self.apply_templates(element, scope, made),
            "apply-imports" => self.apply_imports(element),
            "call-template" => self.call_template(element, scope, made),
            "for-each" => self.for_each(element, scope),
            "if" => {
                self.check(element, &["test"], &["test"]);
                let test = self.expr(element, "test", scope);
                let body = self.body(element, scope, Lead::Nothing);
                test.map(|test| Instruction::If(test, body))
            }
            "choose" => self.choose(element, scope),
            "value-of" => {
                self.check(element, &["select", "disable-output-escaping"], &["select"]);
                self.check_empty(element);
                let escaping = self.escaping(element);
                self.expr(element, "select", scope).map(|select| Instruction::ValueOf(select, escaping))
            }
            "copy-of" => {
                self.check(element, &["select"], &["select"]);
                self.check_empty(element);
                self.expr(element, "select", scope).map(Instruction::CopyOf)
            }
            "copy" => {
                self.check(element, &["use-attribute-sets"], &[]);
                let sets = self.sets(element, "use-attribute-sets", scope);
                Some(Instruction::Copy(sets, self.body(element, scope, Lead::Nothing)))
            }
            "text" => self.text(element),
            "element" | "attribute" => self.made(name, element, scope),
            "comment" => {
                self.check(element, &[], &[]);
                Some(Instruction::Comment(self.body(element, scope, Lead::Nothing)))
            }
            "processing-instruction" => {
                self.check(element, &["name"], &["name"]);
                let target = self.optional_avt(element, "name", scope);
                let body = self.body(element, scope, Lead::Nothing);
                target.map(|target| Instruction::Target(target, body))
            }
            "variable" => self.variable(element, scope),
            "message" => {
                self.check(element, &["terminate"], &[]);
                let terminates = self.yes_or_no(element, "terminate").unwrap_or(false);
                let body = self.body(element, scope, Lead::Nothing);
                terminates.then_some(Instruction::Terminate(body))
            }
            "number" => self.number(element, scope),
            "fallback" => None,
            other if self.looks_forward && !matches!(other, "param" | "sort") => {
                self.fallback(element, scope, made);
                None
            }
            other => {
                self.unknown(other, element);
                None
            }
        };
        made.extend(instruction);
    }

    fn is_extension(&self, element: &Element, scope: Scoped<'_>) -> bool {
        let prefix = element.name.split_once(':').map_or("", |(prefix, _)| prefix);
        scope.namespace_of(prefix).is_some_and(|namespace| self.extensions.contains(namespace))
    }

    // What stands for an instruction that there is not.
    fn fallback(&mut self, element: &Element, scope: Scoped<'_>, made: &mut Vec<Instruction>) {
        let mut is_there = false;
        for child in element.elements() {
            let scope = inner_scope(child, scope);
            if xsl_name(child, &scope) == Some("fallback") {
                is_there = true;
                made.extend(self.body(child, &scope, Lead::Nothing));
            }
        }
        if !is_there {
            let message = format!("there is no instruction `{}`, and it holds no `xsl:fallback`", element.name);
            self.error(element.name_span, message);
        }
    }

    fn unknown(&mut self, name: &str, element: &Element) {
        let message = match name {
            "param" | "sort" => format!("`{}` comes too late here", element.name),
            _ => format!("`{}` is no instruction of XSLT 1.0", element.name),
        };
        let problem = Problem::error("xslt", element.name_span, message);
        self.report(match nearest(name, INSTRUCTIONS).filter(|near| *near != name) {
            Some(near) => problem.with_help(format!("did you mean `xsl:{near}`?")),
            None => problem,
        });
    }

    fn escaping(&mut self, element: &Element) -> Escaping {
        match self.yes_or_no(element, "disable-output-escaping") {
            Some(true) => Escaping::Off,
            Some(false) | None => Escaping::On,
        }
    }

    fn text(&mut self, element: &Element) -> Option<Instruction> {
        self.check(element, &["disable-output-escaping"], &[]);
        if element.elements().next().is_some() {
            self.error(element.name_span, format!("`{}` holds text alone", element.name));
        }
        let escaping = self.escaping(element);
        let mut text = String::new();
        for part in content(element) {
            if let Content::Text(more) = part {
                text.push_str(&more);
            }
        }
        (!text.is_empty()).then(|| Instruction::Text(Arc::from(text), escaping))
    }

    fn variable(&mut self, element: &Element, scope: Scoped<'_>) -> Option<Instruction> {
        self.check(element, &["name", "select"], &["name"]);
        let name = self.name(element, "name", scope)?;
        let binding = self.binding(element, scope);
        let slot = self.new_local();
        self.locals.push((name, slot));
        Some(Instruction::Variable(slot, binding))
    }

    fn parameter(&mut self, element: &Element, scope: Scoped<'_>, made: &mut Vec<Instruction>) {
        self.check(element, &["name", "select"], &["name"]);
        let Some(name) = self.name(element, "name", scope) else { return };
        let binding = self.binding(element, scope);
        let slot = self.new_local();
        self.locals.push((name.clone(), slot));
        made.push(Instruction::Parameter(slot, name, binding));
    }

    // What a template is called with. A tree that a parameter brings is built before, in a variable without a name.
    fn parameters(&mut self, element: &Element, scope: Scoped<'_>, made: &mut Vec<Instruction>) -> Vec<(Name, Expr)> {
        let mut parameters = Vec::new();
        for child in element.elements() {
            let scope = inner_scope(child, scope);
            match xsl_name(child, &scope) {
                Some("with-param") => {}
                Some("sort") => continue,
                _ => {
                    self.error(child.name_span, format!("`{}` cannot hold `{}`", element.name, child.name));
                    continue;
                }
            }
            self.check(child, &["name", "select"], &["name"]);
            let Some(name) = self.name(child, "name", &scope) else { continue };
            let value = match self.binding(child, &scope) {
                Binding::Select(select) => select,
                Binding::Empty => Expr::Text(Arc::from("")),
                content @ Binding::Content(_) => {
                    let slot = self.new_local();
                    made.push(Instruction::Variable(slot, content));
                    variable(slot)
                }
            };
            parameters.push((name, value));
        }
        if element.has_text() {
            self.error(element.name_span, format!("`{}` cannot hold text", element.name));
        }
        parameters
    }

    fn apply_templates(
        &mut self,
        element: &Element,
        scope: Scoped<'_>,
        made: &mut Vec<Instruction>,
    ) -> Option<Instruction> {
        self.check(element, &["select", "mode"], &[]);
        self.touched.applies = true;
        let has_select = element.attribute("select").is_some();
        let select = self.expr(element, "select", scope);
        if has_select && select.is_none() {
            return None;
        }
        let mode = self.name(element, "mode", scope);
        let sorts = self.sorts(element, scope);
        let parameters = self.parameters(element, scope, made);
        Some(Instruction::ApplyTemplates(Box::new(Apply { select, mode, sorts, parameters })))
    }

    // No policy imports anything, so that what is imported for a node is what holds without any rule (XSLT 1.0 §5.6). Where it may stand
    // is .NET's reading of `current template rule`, which is about places and not about calls.
    fn apply_imports(&mut self, element: &Element) -> Option<Instruction> {
        self.check(element, &[], &[]);
        self.check_empty(element);
        self.touched.applies = true;
        if self.rule.is_none() {
            let message = format!("`{}` stands in a template with `match`, outside of `xsl:for-each`", element.name);
            self.error(element.name_span, message);
        }
        self.rule.clone().map(Instruction::ApplyImports)
    }

    fn call_template(
        &mut self,
        element: &Element,
        scope: Scoped<'_>,
        made: &mut Vec<Instruction>,
    ) -> Option<Instruction> {
        self.check(element, &["name"], &["name"]);
        let name = self.name(element, "name", scope)?;
        let parameters = self.parameters(element, scope, made);
        let Some(template) = self.templates.get(&name).copied() else {
            let span = element.attribute("name").map_or(element.name_span, |attribute| attribute.value.span);
            let problem = Problem::error("xslt", span, format!("there is no template `{}`", name.written()));
            let near = nearest(&name.local, self.templates.keys().map(|name| &*name.local)).map(str::to_owned);
            self.report(match near {
                Some(near) => problem.with_help(format!("did you mean `{near}`?")),
                None => problem,
            });
            return None;
        };
        self.touched.templates.insert(template);
        Some(Instruction::CallTemplate(template, parameters))
    }

    fn for_each(&mut self, element: &Element, scope: Scoped<'_>) -> Option<Instruction> {
        self.check(element, &["select"], &["select"]);
        let select = self.expr(element, "select", scope);
        let sorts = self.sorts(element, scope);
        let rule = self.rule.take();
        let body = self.body(element, scope, Lead::Sorts);
        self.rule = rule;
        select.map(|select| Instruction::ForEach(select, sorts, body))
    }

    fn sorts(&mut self, element: &Element, scope: Scoped<'_>) -> Vec<Sort> {
        let mut sorts = Vec::new();
        for child in element.elements() {
            let scope = inner_scope(child, scope);
            if xsl_name(child, &scope) != Some("sort") {
                continue;
            }
            self.check(child, &["select", "lang", "data-type", "order", "case-order"], &[]);
            self.check_empty(child);
            let itself = Step { axis: Axis::Itself, test: Test::Node, predicates: Vec::new() };
            let select = self.expr(child, "select", &scope);
            let select = select.unwrap_or(Expr::Path(Path { start: Start::Context, steps: vec![itself] }));
            let data_type = self.one_of(child, "data-type", &["text", "number"], &scope);
            let order = self.one_of(child, "order", &["ascending", "descending"], &scope);
            let case_order = self.one_of(child, "case-order", &["lower-first", "upper-first"], &scope);
            sorts.push(Sort { select, data_type, order, case_order });
        }
        sorts
    }

    fn one_of(&mut self, element: &Element, name: &str, values: &[&str], scope: Scoped<'_>) -> Avt {
        let Some(attribute) = element.attribute(name) else { return Avt(Vec::new()) };
        let avt = self.avt(attribute, scope);
        if let [Piece::Text(text)] = avt.0.as_slice()
            && !values.contains(&&**text)
        {
            let problem = Problem::error("xslt", attribute.value.span, format!("`{text}` is not a value of `{name}`"));
            self.report(problem.with_help(format!("expected one of: {}", values.join(", "))));
        }
        avt
    }

    fn choose(&mut self, element: &Element, scope: Scoped<'_>) -> Option<Instruction> {
        self.check(element, &[], &[]);
        let (mut whens, mut otherwise) = (Vec::new(), None);
        for child in element.elements() {
            let scope = inner_scope(child, scope);
            match xsl_name(child, &scope) {
                Some("when") if otherwise.is_none() => {
                    self.check(child, &["test"], &["test"]);
                    let test = self.expr(child, "test", &scope);
                    let body = self.body(child, &scope, Lead::Nothing);
                    whens.extend(test.map(|test| (test, body)));
                }
                Some("otherwise") if otherwise.is_none() => {
                    self.check(child, &[], &[]);
                    otherwise = Some(self.body(child, &scope, Lead::Nothing));
                }
                _ => self.error(
                    child.name_span,
                    format!(
                        "`{}` cannot stand here: `{}` holds `when`s and one `otherwise` behind them",
                        child.name, element.name
                    ),
                ),
            }
        }
        if element.has_text() {
            self.error(element.name_span, format!("`{}` cannot hold text", element.name));
        }
        if whens.is_empty() && self.problems.is_empty() {
            self.error(element.name_span, format!("`{}` needs a child `when`", element.name));
        }
        Some(Instruction::Choose(whens, otherwise.unwrap_or_default()))
    }

    fn made(&mut self, kind: &str, element: &Element, scope: Scoped<'_>) -> Option<Instruction> {
        let is_element = kind == "element";
        let known: &[&str] =
            if is_element { &["name", "namespace", "use-attribute-sets"] } else { &["name", "namespace"] };
        self.check(element, known, &["name"]);
        let name = self.optional_avt(element, "name", scope);
        let namespace = self.optional_avt(element, "namespace", scope);
        let sets = self.sets(element, "use-attribute-sets", scope);
        let body = self.body(element, scope, Lead::Nothing);
        let made = Box::new(Made { name: name?, namespace, scope: Arc::clone(scope), sets, body });
        Some(if is_element { Instruction::Element(made) } else { Instruction::Attribute(made) })
    }

    fn number(&mut self, element: &Element, scope: Scoped<'_>) -> Option<Instruction> {
        let known = [
            "level",
            "count",
            "from",
            "value",
            "format",
            "lang",
            "letter-value",
            "grouping-separator",
            "grouping-size",
        ];
        self.check(element, &known, &[]);
        self.check_empty(element);
        let level = match element.attribute("level").map(|level| (raw(&level.value), level.value.span)) {
            None => Level::Single,
            Some((level, span)) => match level.trim() {
                "single" => Level::Single,
                "multiple" => Level::Multiple,
                "any" => Level::Any,
                other => {
                    self.error(span, format!("`{other}` is not a value of `level`"));
                    return None;
                }
            },
        };
        let (count, from) = (self.patterns(element, "count", scope), self.patterns(element, "from", scope));
        let value = self.expr(element, "value", scope);
        let format = self.optional_avt(element, "format", scope);
        let separator = self.optional_avt(element, "grouping-separator", scope);
        let size = self.optional_avt(element, "grouping-size", scope);
        let grouping = separator.zip(size);
        Some(Instruction::Number(Box::new(Numbering { level, count, from, value, format, grouping })))
    }

    // An element that goes into the result as it stands.
    pub(super) fn literal(&mut self, element: &Element, scope: Scoped<'_>, made: &mut Vec<Instruction>) {
        let (prefix, local) = element.name.split_once(':').unwrap_or(("", &element.name));
        let Some(mut name) = self.result_name(prefix, local, element, scope, false) else { return };
        if prefix.is_empty() && name.namespace.is_empty() {
            name.prefix = Arc::default();
        }
        let looks_forward = self.looks_forward;
        if let Some(version) = own_version(element, scope) {
            self.looks_forward = raw(&version.value).trim() != "1.0";
        }
        let mut attributes = Vec::new();
        let mut sets = Vec::new();
        for attribute in &element.attributes {
            if declared_prefix(&attribute.name).is_some() {
                continue;
            }
            let (prefix, local) = attribute.name.split_once(':').unwrap_or(("", &attribute.name));
            if scope.namespace_of(prefix).is_some_and(|namespace| **namespace == *XSL) && !prefix.is_empty() {
                sets.extend(self.own_attribute(local, attribute, element, scope));
                continue;
            }
            if let Some(name) = self.result_name(prefix, local, element, scope, true) {
                let value = self.avt(attribute, scope);
                attributes.push((name, value));
            }
        }
        let scope_made = self.result_scope(scope);
        let body = self.body(element, scope, Lead::Nothing);
        self.looks_forward = looks_forward;
        made.push(Instruction::Literal(Box::new(Literal { name, scope: scope_made, attributes, sets, body })));
    }

    // An attribute of XSLT on an element of the result; gives the sets that it names.
    fn own_attribute(&mut self, local: &str, attribute: &Attribute, element: &Element, scope: Scoped<'_>) -> Vec<Name> {
        match local {
            "use-attribute-sets" => return self.sets(element, &attribute.name, scope),
            "exclude-result-prefixes" => self.exclude(&raw(&attribute.value), scope, element),
            "extension-element-prefixes" => {
                self.exclude(&raw(&attribute.value), scope, element);
                self.extend(&raw(&attribute.value), scope);
            }
            "version" => {}
            _ => self.error(attribute.name_span, format!("`{}` means nothing here", attribute.name)),
        }
        Vec::new()
    }

    fn result_name(
        &mut self,
        prefix: &str,
        local: &str,
        element: &Element,
        scope: Scoped<'_>,
        is_attribute: bool,
    ) -> Option<Name> {
        let local = Arc::from(local);
        if is_attribute && prefix.is_empty() {
            return Some(Name { local, ..Name::default() });
        }
        if prefix == "xml" {
            let namespace = Arc::from(crate::expr::xml::XML);
            return Some(Name { namespace, local, prefix: Arc::from("xml") });
        }
        let namespace = match scope.namespace_of(prefix) {
            Some(namespace) => Arc::clone(namespace),
            None if prefix.is_empty() => Arc::default(),
            None => {
                self.error(element.name_span, format!("the prefix `{prefix}` is not declared"));
                return None;
            }
        };
        let (prefix, namespace) = self.aliases.get(&namespace).cloned().unwrap_or((Arc::from(prefix), namespace));
        Some(Name { namespace, local, prefix })
    }

    // The declarations that go into the result with an element.
    fn result_scope(&self, scope: Scoped<'_>) -> Arc<Scope> {
        let mut declared: Vec<(Arc<str>, Arc<str>)> = Vec::new();
        for (prefix, namespace) in scope.all() {
            declared.push(match self.aliases.get(namespace) {
                Some(to) => to.clone(),
                None if self.is_excluded(namespace) => continue,
                None => (Arc::clone(prefix), Arc::clone(namespace)),
            });
        }
        Arc::new(Scope::inside(&Scope::default(), declared))
    }
}
