//! `holdfast policy list`: the elements that documents may hold, from the table that the compiler uses.

use std::fmt::Write as _;

use holdfast_core::policy::registry::{self, Entry, Status};
use holdfast_core::policy::shape::{Child, Content, Expressions, Need, Occurs, Shape};
use serde_json::{Value, json};

use super::arguments::ListFormat;
use crate::cli::arguments::Format;
use crate::cli::given::with_hint;
use crate::cli::{EXIT_OK, Outcome};

pub(super) fn list(element: Option<&str>, format: ListFormat) -> Result<Outcome, String> {
    let format = match format {
        ListFormat::Markdown => return Ok(Outcome { code: EXIT_OK, out: markdown(), err: String::new() }),
        ListFormat::Of(format) => format,
    };
    let entries: Vec<&Entry> = match element {
        None => registry::entries().iter().collect(),
        Some(name) => vec![
            registry::find(name)
                .ok_or_else(|| with_hint(format!("`{name}` is not a policy"), name, registry::names()))?,
        ],
    };
    let out = match format {
        Format::Json => {
            let all: Vec<Value> = entries.into_iter().map(entry_json).collect();
            serde_json::to_string_pretty(&all).unwrap_or_default() + "\n"
        }
        Format::Human if element.is_some() => entries.into_iter().map(described).collect(),
        Format::Human => table(&entries),
    };
    Ok(Outcome { code: EXIT_OK, out, err: String::new() })
}

const fn status(entry: &Entry) -> &'static str {
    match entry.status {
        Status::Built { .. } => "built",
        Status::Refused { .. } => "refused",
    }
}

/// The elements as the README shows them: `I`nbound, `B`ackend, `O`utbound, on-`E`rror; `G`lobal, `P`roduct, `A`PI, `O`peration, `R`esolver.
fn markdown() -> String {
    let mut out =
        "| element | sections | scopes | attributes and children; `*` must be there |\n|---|---|---|---|\n".to_owned();
    let mut refused = Vec::new();
    for entry in registry::entries() {
        match entry.status {
            Status::Built { shape, .. } => {
                let sections = letters(&entry.sections.names(), "inbound backend outbound on-error", "IBOE");
                let scopes = letters(&entry.scopes.names(), "global product api operation resolver", "GPAOR");
                let _ = writeln!(out, "| `{}` | {sections} | {scopes} | {} |", entry.name, parts(shape));
            }
            Status::Refused { why } => refused.push(format!("`{}` ({why})", entry.name)),
        }
    }
    let _ = writeln!(out, "\nRefused, an error that says why: {}.", refused.join(", "));
    out
}

fn letters(names: &str, all: &str, letters: &str) -> String {
    let there: Vec<&str> = names.split(", ").collect();
    let named = all.split(' ').zip(letters.chars()).filter(|(name, _)| there.contains(name));
    named.map(|(_, letter)| letter).collect()
}

fn parts(shape: &Shape) -> String {
    let need = |must: bool| if must { "*" } else { "" };
    let mut parts: Vec<String> = shape
        .attributes
        .iter()
        .map(|attribute| format!("`{}`{}", attribute.name, need(attribute.need == Need::Required)))
        .collect();
    match shape.content {
        Content::Empty => {}
        Content::Text => parts.push("text".to_owned()),
        Content::Verbatim => parts.push("text or XML".to_owned()),
        Content::Policies => parts.push("policies".to_owned()),
        Content::Children(children) | Content::AnyOrder(children) => {
            let must = |occurs| matches!(occurs, Occurs::Once | Occurs::OneOrMore);
            parts.extend(children.iter().map(|child| format!("`<{}>`{}", child.name, need(must(child.occurs)))));
        }
        Content::ChildrenOrText(children) => {
            parts.extend(children.iter().map(|child| format!("`<{}>`", child.name)));
            parts.push("or text".to_owned());
        }
    }
    parts.join(" ")
}

// Writing to a String cannot fail.
fn table(entries: &[&Entry]) -> String {
    let mut out = String::new();
    let width = entries.iter().map(|entry| entry.name.len()).max().unwrap_or(0);
    for entry in entries {
        let _ = match entry.status {
            Status::Built { .. } => {
                writeln!(out, "{:width$}  {}; scopes: {}", entry.name, entry.sections.names(), entry.scopes.names())
            }
            Status::Refused { .. } => writeln!(out, "{:width$}  ({})", entry.name, status(entry)),
        };
    }
    out
}

fn described(entry: &Entry) -> String {
    let mut out = table(&[entry]);
    if let Status::Built { shape, .. } = entry.status {
        describe_shape(&mut out, shape, 1);
    }
    out
}

fn describe_shape(out: &mut String, shape: &Shape, depth: usize) {
    let indent = depth * 2;
    for attribute in shape.attributes {
        let need = if attribute.need == Need::Required { "required" } else { "optional" };
        let _ = write!(out, "{:indent$}@{} {need}", "", attribute.name);
        if attribute.expressions == Expressions::LiteralOnly {
            out.push_str(", no expression");
        }
        if !attribute.one_of.is_empty() {
            let _ = write!(out, ", one of: {}", attribute.one_of.join(", "));
        }
        out.push('\n');
    }
    match shape.content {
        Content::Empty => {}
        Content::Text => {
            let _ = writeln!(out, "{:indent$}text or an expression", "");
        }
        Content::Verbatim => {
            let _ = writeln!(out, "{:indent$}text, an expression, or XML", "");
        }
        Content::Policies => {
            let _ = writeln!(out, "{:indent$}policies", "");
        }
        Content::Children(children) | Content::AnyOrder(children) | Content::ChildrenOrText(children) => {
            for Child { name, occurs, shape: held } in children {
                let _ = writeln!(out, "{:indent$}<{name}> {}", "", times(*occurs));
                describe_shape(out, held, depth + 1);
            }
            if let Content::ChildrenOrText(_) = shape.content {
                let _ = writeln!(out, "{:indent$}or instead text or an expression", "");
            }
        }
    }
}

const fn times(occurs: Occurs) -> &'static str {
    match occurs {
        Occurs::Once => "once",
        Occurs::Optional => "at most once",
        Occurs::OneOrMore => "once or more",
        Occurs::Any => "any number of times",
    }
}

fn entry_json(entry: &Entry) -> Value {
    let shape = match entry.status {
        Status::Built { shape, .. } => shape_json(shape),
        Status::Refused { .. } => Value::Null,
    };
    json!({
        "element": entry.name,
        "status": status(entry),
        "sections": entry.sections.names().split(", ").collect::<Vec<_>>(),
        "scopes": entry.scopes.names().split(", ").collect::<Vec<_>>(),
        "oncePerSection": entry.occurs == registry::Occurs::OncePerSection,
        "holds": shape,
    })
}

fn shape_json(shape: &Shape) -> Value {
    let attributes: Vec<Value> = shape
        .attributes
        .iter()
        .map(|attribute| {
            json!({
                "name": attribute.name,
                "required": attribute.need == Need::Required,
                "expressions": attribute.expressions == Expressions::Allowed,
                "oneOf": attribute.one_of,
            })
        })
        .collect();
    let (content, children): (&str, &[Child]) = match shape.content {
        Content::Empty => ("empty", &[]),
        Content::Text => ("text", &[]),
        Content::Verbatim => ("text or XML", &[]),
        Content::Policies => ("policies", &[]),
        Content::Children(children) => ("ordered", children),
        Content::AnyOrder(children) => ("unordered", children),
        Content::ChildrenOrText(children) => ("ordered, or text", children),
    };
    let children: Vec<Value> = children
        .iter()
        .map(|child| json!({ "element": child.name, "occurs": times(child.occurs), "holds": shape_json(child.shape) }))
        .collect();
    json!({ "attributes": attributes, "content": content, "children": children })
}
