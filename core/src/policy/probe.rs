//! The reader and compiler of policy documents as one function, for the fuzz target and for the tests that play its corpus. Not for
//! other use.

use std::sync::Arc;

use crate::config::Origin;
use crate::config::model::{PolicyFormat, PolicyText};
use crate::policy::alone::compile_alone;
use crate::policy::effective::effective;
use crate::policy::{Scope, Section};

/// Reads and compiles `text` in every form and scope, lists the program, and puts it above itself into an effective policy.
///
/// # Panics
/// A program is longer than its places say, or a finding stands behind the end of the text.
pub fn document(text: &str) {
    let file = Arc::from("probe");
    let lines = text.lines().count().max(1);
    for format in [PolicyFormat::RawXml, PolicyFormat::Xml] {
        for scope in [Scope::Global, Scope::Product, Scope::Api, Scope::Operation, Scope::Resolver] {
            let done = compile_alone(&file, text, format, scope);
            for section in Section::ALL {
                let code = done.program.code(section);
                assert_eq!(code.ops.len(), code.places.len(), "every op has a place");
            }
            for position in done.diagnostics.iter().filter_map(|found| found.position) {
                let line = usize::try_from(position.line).unwrap_or(usize::MAX);
                assert!(line <= lines + 1, "line {line} of {lines}");
            }
            // What it says is not the question.
            let _ = done.program.to_string();
        }
        let origin = Origin { file: Arc::clone(&file), text: None };
        let policy = PolicyText { text: Arc::from(text), format, origin };
        let _ = effective(&[(Scope::Api, &policy), (Scope::Global, &policy)]);
    }
}
