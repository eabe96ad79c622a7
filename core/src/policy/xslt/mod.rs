//! `xsl-transform`: content transformed by a stylesheet of XSLT 1.0. An engine of our own: pure, bounded, and compiled when the
//! configuration loads. Nothing is read but the content: no imports, no `document()`, no scripts.

mod build;
mod compile;
mod format;
mod numbering;
mod output;
mod pattern;
mod run;
mod stylesheet;
mod tree;
mod world;
mod xpath;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use crate::expr::Message;
use crate::http::charset;
use crate::policy::content::{content_of, fields_of, message_of, set_content, text_of};
use crate::policy::operand::Operand;
use crate::policy::reader::Reader;
use crate::policy::run::{Failure, Flow, Ran, Run, Stop};
use crate::policy::shape::{self, Content, Shape, attribute};
use crate::policy::{Built, Policy};
use crate::span::Span;
use stylesheet::Stylesheet;
use tree::Scope;
use world::World;

/// `xsl-transform`
pub static XSL_TRANSFORM: Shape = Shape { attributes: &[], content: Content::Verbatim };

/// `parameter` of `xsl-transform`; the reference writes its attribute in two ways.
static PARAMETER: Shape =
    Shape { attributes: &[attribute("name").literal(), attribute("parameter-name").literal()], content: Content::Text };

/// `xsl-transform`
pub struct XslTransform {
    parameters: Vec<(Arc<str>, Operand)>,
    stylesheet: Stylesheet,
    message: Message,
}

impl fmt::Debug for XslTransform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let templates = self.stylesheet.templates.len();
        write!(f, "XslTransform {{ parameters: {:?}, templates: {templates} }}", self.parameters)
    }
}

/// Compiles `<xsl-transform>`.
pub fn build_xsl_transform(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let element = reader.element;
    let scope = compile::inner_scope(element, &Arc::new(Scope::default()));
    if element.has_text() {
        reader.reject("unexpected-text", "`xsl-transform` cannot hold text");
    }
    let mut parameters = Vec::new();
    let mut stylesheets = Vec::new();
    for child in element.elements() {
        if compile::is_stylesheet(child, &scope) {
            stylesheets.push(child);
        } else if child.name == "parameter" {
            if !stylesheets.is_empty() {
                reader.at(child).reject("element-order", "`parameter` comes before the stylesheet");
            }
            parameters.extend(parameter(&mut reader.at(child)));
        } else {
            let message =
                format!("`xsl-transform` cannot hold `{}`: it holds `parameter`s and a stylesheet", child.name);
            reader.at(child).reject("unknown-element", message);
        }
    }
    let [stylesheet] = stylesheets.as_slice() else {
        let message =
            "`xsl-transform` holds one `xsl:stylesheet` of the namespace `http://www.w3.org/1999/XSL/Transform`";
        reader.reject("missing-element", message);
        return None;
    };
    match compile::compile(stylesheet, &scope) {
        Ok(stylesheet) => {
            let message = message_of(reader.target());
            Some(Arc::new(XslTransform { parameters, stylesheet, message }))
        }
        Err(problems) => {
            problems.into_iter().for_each(|problem| reader.compiler.report(problem));
            None
        }
    }
}

fn parameter(reader: &mut Reader<'_, '_, '_>) -> Option<(Arc<str>, Operand)> {
    let mut problems = Vec::new();
    shape::check(reader.element, &PARAMETER, &mut problems);
    let is_wrong = !problems.is_empty();
    problems.into_iter().for_each(|problem| reader.compiler.report(problem));
    let Some(name) = reader.literal("name").or_else(|| reader.literal("parameter-name")) else {
        if !is_wrong {
            reader.reject("missing-attribute", "`parameter` needs the attribute `name`");
        }
        return None;
    };
    Some((name, reader.text()?))
}

/// Where stylesheets stand in a policy document: double braces that name no named value are a stylesheet's own there.
#[must_use]
pub fn places(document: &str) -> Vec<Span> {
    let mut places = Vec::new();
    let mut from = 0;
    while let Some(found) = document.get(from..).and_then(|rest| rest.find("<xsl-transform")) {
        let start = from + found;
        let rest = document.get(start..).unwrap_or("");
        let length = rest.find("</xsl-transform").unwrap_or(rest.len());
        let stylesheet = [":stylesheet", ":transform", ":version"].iter().filter_map(|tag| rest.find(tag)).min();
        if let Some(at) = stylesheet.filter(|at| *at < length) {
            places.push(Span::new(start + at, start + length));
        }
        from = start + length.max(1);
    }
    places
}

impl Policy for XslTransform {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let mut parameters = Vec::with_capacity(self.parameters.len());
        for (name, value) in &self.parameters {
            parameters.push((Arc::clone(name), value.get(run)?));
        }
        let Some(content) = content_of(run, self.message)?.filter(|content| !content.is_empty()) else {
            return Ok(Flow::Next);
        };
        let text =
            text_of(run, self.message, &content).ok_or_else(|| failed("the content is no text in its charset"))?;
        let result = transform(&self.stylesheet, &text, &parameters).map_err(failed)?;
        charset::amend(fields_of(run, self.message));
        set_content(run, self.message, result);
        Ok(Flow::Next)
    }
}

fn failed(message: impl Into<String>) -> Stop {
    Stop::fail(Failure::internal("ContentConversionFailure", message))
}

/// Transforms a text.
///
/// # Errors
/// It is not XML, the stylesheet gave up, or one of the bounds was reached; in words.
fn transform(stylesheet: &Stylesheet, text: &str, parameters: &[(Arc<str>, Arc<str>)]) -> Result<String, String> {
    let mut world = World::new(stylesheet);
    let document = world.tree.read(text, &|name| stylesheet.strips(name))?;
    let root = run::run(&mut world, document, parameters).map_err(|fail| fail.0)?;
    output::write(&world.tree, root, &stylesheet.output)
}
