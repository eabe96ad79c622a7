//! Reads the attributes, text and children of one element into operands, and reports what is wrong with them.

use std::sync::Arc;

use crate::config::named_values::names;
use crate::diagnostic::Diagnostic;
use crate::expr::{self, Expected, Place};
use crate::policy::compile::{Compiler, Target};
use crate::policy::dialect::{Decoded, Element, Node, Part, Value};
use crate::policy::operand::{Computed, Operand, Typed};
use crate::policy::place::Section;
use crate::policy::source::Problem;
use crate::span::Span;

/// One element while it is compiled. What the shape of the element forbids has been reported already.
#[derive(Debug)]
pub struct Reader<'c, 'a, 'e> {
    /// Where findings go.
    pub compiler: &'c mut Compiler<'a>,
    /// The element.
    pub element: &'e Element,
}

impl<'a, 'e> Reader<'_, 'a, 'e> {
    /// The operand of an attribute; `None` when it is missing, or wrong and reported.
    pub fn attribute<T: Typed>(&mut self, name: &str) -> Option<Operand<T>> {
        let attribute = self.element.attribute(name)?;
        self.operand(&attribute.value, White::Kept)
    }

    /// The literal text of an attribute without white space around it; `None` when it is missing.
    #[must_use]
    pub fn literal(&self, name: &str) -> Option<Arc<str>> {
        let literal = self.element.attribute(name)?.value.literal()?;
        Some(Arc::from(literal.trim()))
    }

    /// The literal value of an attribute, as in `true` or `300`; `None` when it is missing, or wrong and reported.
    pub fn constant<T: Typed>(&mut self, name: &str) -> Option<T> {
        self.attribute::<T>(name)?.known().cloned()
    }

    /// The element's text without white space around it.
    pub fn text<T: Typed>(&mut self) -> Option<Operand<T>> {
        self.operand(&self.element.text(), White::Trimmed)
    }

    /// The element's text with all its white space.
    pub fn whole_text<T: Typed>(&mut self) -> Option<Operand<T>> {
        self.operand(&self.element.text(), White::Kept)
    }

    /// The texts of the children with this name.
    pub fn texts<T: Typed>(&mut self, child: &str) -> Vec<Operand<T>> {
        let named = self.element.elements().filter(|element| element.name == child);
        let elements: Vec<&'e Element> = named.collect();
        elements.into_iter().filter_map(|element| self.at(element).text()).collect()
    }

    /// The first child with this name.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&'e Element> {
        self.element.elements().find(|element| element.name == name)
    }

    /// A reader of another element of the same document.
    pub const fn at<'s>(&'s mut self, element: &'e Element) -> Reader<'s, 'a, 'e> {
        Reader { compiler: self.compiler, element }
    }

    /// What stands between the tags, as it stands there.
    #[must_use]
    pub fn inner_xml(&self) -> &str {
        let range = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
        let inner = self.element.inner;
        self.compiler.source.text.get(range(inner.start)..range(inner.end)).unwrap_or("")
    }

    /// Reports an error about an attribute, or about the element when it has no such attribute.
    pub fn error(&mut self, attribute: &str, message: impl Into<String>) {
        let span = self.element.attribute(attribute).map_or(self.element.name_span, |found| found.value.span);
        self.compiler.report(Problem::error("attribute-value", span, message));
    }

    /// Reports an error about the element's text.
    pub fn reject_text(&mut self, message: impl Into<String>) {
        self.compiler.report(Problem::error("text-value", self.element.inner, message));
    }

    /// Reports an error about the element.
    pub fn reject(&mut self, code: &'static str, message: impl Into<String>) {
        self.compiler.report(Problem::error(code, self.element.name_span, message));
    }

    /// The section that the element stands in.
    #[must_use]
    pub const fn section(&self) -> Section {
        self.compiler.section
    }

    /// The message that the element changes.
    #[must_use]
    pub const fn target(&self) -> Target {
        self.compiler.target
    }

    /// Reports expressions inside of what is taken as it is: nobody would evaluate them.
    pub fn refuse_expressions_inside(&mut self) {
        let mut inside: Vec<&Element> = self.element.elements().collect();
        let own = self.element.text();
        let mut found: Vec<Span> = own.has_expression().then_some(own.span).into_iter().collect();
        while let Some(element) = inside.pop() {
            let texts = element.children.iter().filter_map(|node| match node {
                Node::Text(value) => Some(value),
                Node::Element(_) => None,
            });
            let values = element.attributes.iter().map(|attribute| &attribute.value).chain(texts);
            found.extend(values.filter(|value| value.has_expression()).map(|value| value.span));
            inside.extend(element.elements());
        }
        found.sort_unstable_by_key(|span| span.start);
        found.into_iter().for_each(|span| self.compiler.report(mixed(span)));
    }

    fn operand<T: Typed>(&mut self, value: &Value, white: White) -> Option<Operand<T>> {
        let parts: Vec<&Part> = value.parts.iter().filter(|part| !is_blank(part)).collect();
        let expressions = parts.iter().filter(|part| matches!(part, Part::Expression(_))).count();
        match parts.as_slice() {
            [Part::Expression(source)] => self.expression::<T>(source).map(Operand::Expression),
            _ if expressions > 0 => {
                self.compiler.report(mixed(value.span));
                None
            }
            _ => {
                let literal = value.literal().unwrap_or_default();
                let text = match white {
                    White::Kept => literal.as_str(),
                    White::Trimmed => literal.trim(),
                };
                self.convert(text, value.span)
            }
        }
    }

    fn convert<T: Typed>(&mut self, text: &str, span: Span) -> Option<Operand<T>> {
        match T::from_literal(text) {
            Ok(value) => Some(Operand::Literal(value)),
            // A named value that nobody knows is reported where it stands; what it might have made of this is unknown.
            Err(_) if names(text).next().is_some() => None,
            // An expression without an end has been reported as that.
            Err(_) if text.starts_with("@(") || text.starts_with("@{") => None,
            Err(message) => {
                self.compiler.report(Problem::error("attribute-value", span, message));
                None
            }
        }
    }

    fn expression<T: Typed>(&mut self, source: &Decoded) -> Option<Computed> {
        match compile_expression(source, T::EXPECTED, self.compiler.source.file) {
            Ok(expression) => Some(Computed { expression, source: Arc::from(source.text.as_str()) }),
            Err(_) if names(&source.text).next().is_some() => None,
            Err(diagnostics) => {
                if diagnostics.is_empty() {
                    let start = source.origin(0);
                    let message = "this expression is not supported yet";
                    self.compiler.report(Problem::error("expression", Span { start, end: start }, message));
                }
                for diagnostic in diagnostics {
                    let placed = self.compiler.source.relocated(diagnostic, source);
                    self.compiler.report_diagnostic(placed);
                }
                None
            }
        }
    }
}

// The expression's own decoded text is its document: the positions that come back are then led back reference by reference.
fn compile_expression(
    source: &Decoded,
    expected: Expected,
    file: &Arc<str>,
) -> Result<expr::Expression, Vec<Diagnostic>> {
    let span = Span::new(0, source.text.len());
    expr::compile(&source.text, expected, Place { file, document: &source.text, span })
}

fn mixed(span: Span) -> Problem {
    let message = "an expression must be the whole value; text around it would be sent as it stands";
    let help = "put the text into the expression, as in `@(\"text \" + …)`";
    Problem::error("mixed-expression", span, message).with_help(help)
}

fn is_blank(part: &Part) -> bool {
    match part {
        Part::Literal(text) => text.trim().is_empty(),
        Part::Expression(_) => false,
    }
}

/// What happens to white space around a literal.
#[derive(Clone, Copy)]
enum White {
    Kept,
    Trimmed,
}
