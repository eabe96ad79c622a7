//! The effective policy of an operation as one document: what runs once every `base` stands for the section of the next scope.

use std::fmt::Write as _;

use crate::config::model::{PolicyFormat, PolicyText};
use crate::policy::dialect::{self, DOCUMENT_BYTES_MAX, Element};
use crate::policy::{Scope, Section};

/// How deep an indentation step is, in blanks.
const STEP: usize = 2;

/// Puts `documents`, the narrowest scope first, into one document. Comments say which scope what follows is of. Fragments stay
/// references: they are the same in every scope.
#[must_use]
pub fn effective(documents: &[(Scope, &PolicyText)]) -> String {
    let parsed: Vec<Level<'_>> = documents.iter().filter_map(|(scope, text)| Level::read(*scope, text)).collect();
    let mut out = "<policies>\n".to_owned();
    for section in Section::ALL {
        let mut body = String::new();
        write_section(&mut body, section, &parsed, 2 * STEP);
        let name = section.as_str();
        // Writing to a string cannot fail.
        let _ = if body.is_empty() {
            writeln!(out, "  <{name} />")
        } else {
            writeln!(out, "  <{name}>\n{body}  </{name}>")
        };
    }
    out.push_str("</policies>\n");
    out
}

struct Level<'a> {
    scope: Scope,
    text: &'a str,
    root: Element,
}

impl<'a> Level<'a> {
    fn read(scope: Scope, policy: &'a PolicyText) -> Option<Self> {
        let format: PolicyFormat = policy.format;
        let root = dialect::parse(&policy.text, format, DOCUMENT_BYTES_MAX).root?;
        Some(Self { scope, text: &policy.text, root })
    }

    fn slice(&self, element: &Element) -> &'a str {
        let offset = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
        self.text.get(offset(element.span.start)..offset(element.span.end)).unwrap_or("")
    }
}

fn write_section(out: &mut String, section: Section, levels: &[Level<'_>], indent: usize) {
    let Some((level, broader)) = levels.split_first() else { return };
    // A document without the element inherits the section.
    let Some(element) = level.root.elements().find(|child| child.name == section.as_str()) else {
        return write_section(out, section, broader, indent);
    };
    let own = element.elements().any(|child| child.name != "base");
    if own {
        let _ = writeln!(out, "{:indent$}<!-- {} -->", "", level.scope.as_str());
    }
    for child in element.elements() {
        write_policy(out, section, level, child, broader, indent);
    }
}

fn write_policy(
    out: &mut String,
    section: Section,
    level: &Level<'_>,
    element: &Element,
    broader: &[Level<'_>],
    indent: usize,
) {
    if element.name == "base" {
        return write_section(out, section, broader, indent);
    }
    let text = level.slice(element);
    if !holds_base(element) {
        return write_lines(out, text, indent);
    }
    // What stands before the children is the start tag, what follows them the end tag.
    let offset = |at: u32| usize::try_from(at.saturating_sub(element.span.start)).unwrap_or(usize::MAX);
    let (start, end) = (offset(element.inner.start), offset(element.inner.end));
    write_lines(out, text.get(..start).unwrap_or(""), indent);
    for child in element.elements() {
        write_policy(out, section, level, child, broader, indent + STEP);
    }
    write_lines(out, text.get(end..).unwrap_or(""), indent);
}

fn holds_base(element: &Element) -> bool {
    element.elements().any(|child| child.name == "base" || holds_base(child))
}

// The first line takes the new indentation, the others keep their distance to the least indented of them.
fn write_lines(out: &mut String, text: &str, indent: usize) {
    let depth = |line: &&str| line.len() - line.trim_start().len();
    let least = text.lines().skip(1).filter(|line| !line.trim().is_empty()).map(|line| depth(&line)).min().unwrap_or(0);
    for (number, line) in text.lines().enumerate() {
        let kept = if number == 0 { line } else { line.get(least.min(depth(&line))..).unwrap_or("") };
        let _ = writeln!(out, "{:indent$}{kept}", "");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::Origin;

    fn document(text: &str) -> PolicyText {
        PolicyText {
            text: Arc::from(text),
            format: PolicyFormat::RawXml,
            origin: Origin { file: Arc::from("p"), text: None },
        }
    }

    #[test]
    fn bases_are_replaced_and_what_has_none_cuts_off() {
        let operation = document(
            "<policies><inbound>
                <set-header name=\"a\"><value>@(1 < 2 ? \"x\" : \"y\")</value></set-header>
                <choose>
                    <when condition=\"true\">
                        <base />
                    </when>
                </choose>
            </inbound><outbound><set-status code=\"200\" /></outbound></policies>",
        );
        let api = document("<policies><inbound><set-method>PUT</set-method><base /></inbound></policies>");
        let service = document(
            "<policies><inbound><base /><trace source=\"s\"><message>m</message></trace></inbound>
            <backend><forward-request /></backend><outbound><set-method>GET</set-method></outbound></policies>",
        );
        let levels = [(Scope::Operation, &operation), (Scope::Api, &api), (Scope::Global, &service)];
        insta::assert_snapshot!(effective(&levels));
    }
}
