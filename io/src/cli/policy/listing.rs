//! `holdfast policy listing`: the program that a document compiles to, one op a line.

use std::path::Path;
use std::sync::Arc;

use holdfast_core::config::model::PolicyFormat;
use holdfast_core::diagnostic::Diagnostic;
use holdfast_core::policy::Scope;
use holdfast_core::policy::alone::compile_alone;

use super::read_document;
use crate::cli::{EXIT_OK, EXIT_REFUSED, Outcome, report};

pub(super) fn listing(path: &Path, scope: Scope) -> Result<Outcome, String> {
    let text = read_document(path)?;
    let file = Arc::from(path.display().to_string());
    let done = compile_alone(&file, &text, PolicyFormat::RawXml, scope);
    let refused = done.diagnostics.iter().any(Diagnostic::is_error);
    let err = report::listed(&done.diagnostics);
    Ok(Outcome { code: if refused { EXIT_REFUSED } else { EXIT_OK }, out: done.program.to_string(), err })
}
