//! The fixtures of expressions, and what must hold of every expression. Units are tested beside their code.
//!
//! A fixture file holds cases. A case is `--- name`, then lines `% …` that change the context or the place, then the source, then
//! what it gives: `=> type text` (a value), `!! type: message` (an exception), `?? request` (a body that must be read),
//! `~~ request` (a body that was consumed), or `xx line:column code: message` (a diagnostic).

mod bounds;
mod coverage;
mod property;
mod world;

use std::fmt::Write as _;
use std::path::Path;

use super::{Consumed, Expected, Interrupt, compile};
use world::World;

fn outcome(world: &mut World, source: &str) -> String {
    let file = std::sync::Arc::from("fixture");
    let place = super::Place { file: &file, document: source, span: crate::span::Span::default() };
    let mut shown = String::new();
    let compiled = match compile(source, world.expected, place) {
        Ok(compiled) => compiled,
        Err(diagnostics) => {
            for diagnostic in diagnostics {
                let at = diagnostic.position.map(|at| format!("{}:{}", at.line, at.column)).unwrap_or_default();
                writeln!(shown, "xx {at} {}: {}", diagnostic.code, diagnostic.message).unwrap();
            }
            return shown;
        }
    };
    let mut consumed = Consumed::default();
    match compiled.eval_noting(world.eval(), &mut consumed) {
        Ok(value) => writeln!(shown, "=> {} {}", value.type_name(), value.to_string().replace('\n', "\\n")).unwrap(),
        Err(Interrupt::NeedsBody(message)) => writeln!(shown, "?? {message:?}").unwrap(),
        Err(Interrupt::Exception { exception, message }) => {
            writeln!(shown, "!! {exception}: {}", message.replace('\n', "\\n")).unwrap()
        }
        Err(Interrupt::LimitExceeded(limit)) => writeln!(shown, "!! limit: {limit}").unwrap(),
    }
    if consumed.request {
        shown.push_str("~~ Request\n");
    }
    shown
}

#[expect(clippy::disallowed_methods, reason = "the fixtures of a test are files")]
fn run_file(path: &Path, failures: &mut Vec<String>) -> usize {
    let text = std::fs::read_to_string(path).unwrap();
    let mut count = 0;
    for case in text.split("\n--- ").skip(1) {
        let (name, body) = case.split_once('\n').unwrap();
        let mut world = World::new();
        let (mut source, mut wanted) = (String::new(), String::new());
        for line in body.lines() {
            let is_result = ["=> ", "!! ", "?? ", "~~ ", "xx "].iter().any(|mark| line.starts_with(mark));
            if let Some(change) = line.strip_prefix("% ") {
                world.change(change);
            } else if is_result {
                writeln!(wanted, "{}", line.trim_end()).unwrap();
            } else if wanted.is_empty() {
                writeln!(source, "{line}").unwrap();
            }
        }
        let found: String =
            outcome(&mut world, source.trim()).lines().map(|line| format!("{}\n", line.trim_end())).collect();
        if found != wanted {
            failures.push(format!("{}: {name}\n{}wanted\n{wanted}found\n{found}", path.display(), source));
        }
        count += 1;
    }
    count
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the fixtures of a test are files")]
fn fixtures() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/expr");
    let mut failures = Vec::new();
    let mut count = 0;
    for folder in ["ok", "err", "eval"] {
        let mut paths: Vec<_> =
            std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            count += run_file(&path, &mut failures);
        }
    }
    assert!(failures.is_empty(), "{} of {count} cases failed\n\n{}", failures.len(), failures.join("\n"));
    assert!(count > 50, "only {count} cases were found");
}

#[test]
fn a_place_inside_a_document_is_named_there() {
    let document = "<a>\n  <b c=\"@(nope)\"/>";
    let file = std::sync::Arc::from("p.xml");
    let start = u32::try_from(document.find("@(").unwrap()).unwrap();
    let span = crate::span::Span { start, end: start + 7 };
    let found = compile("@(nope)", Expected::Any, super::Place { file: &file, document, span }).unwrap_err();
    assert_eq!(found[0].position, Some(crate::span::Position { line: 2, column: 11 }));
}
