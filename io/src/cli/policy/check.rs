//! `holdfast policy check`: what is wrong with policy documents, each by itself.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use holdfast_core::config::model::PolicyFormat;
use holdfast_core::diagnostic::Diagnostic;
use holdfast_core::policy::Scope;
use holdfast_core::policy::alone::compile_alone;
use serde::Serialize;

use super::read_document;
use crate::cli::arguments::Format;
use crate::cli::{EXIT_OK, EXIT_REFUSED, Outcome};

#[derive(Serialize)]
struct Report {
    refused: bool,
    documents: usize,
    errors: usize,
    diagnostics: Vec<Diagnostic>,
}

pub(super) fn check(files: &[PathBuf], scope: Scope, format: Format) -> Result<Outcome, String> {
    let mut diagnostics = Vec::new();
    for path in files {
        let text = read_document(path)?;
        let file = Arc::from(path.display().to_string());
        diagnostics.extend(compile_alone(&file, &text, PolicyFormat::RawXml, scope).diagnostics);
    }
    let errors = diagnostics.iter().filter(|found| found.is_error()).count();
    let report = Report { refused: errors > 0, documents: files.len(), errors, diagnostics };
    let out = match format {
        Format::Human => human(&report),
        Format::Json => serde_json::to_string_pretty(&report).unwrap_or_default() + "\n",
    };
    Ok(Outcome { code: if report.refused { EXIT_REFUSED } else { EXIT_OK }, out, err: String::new() })
}

// Writing to a String cannot fail.
fn human(report: &Report) -> String {
    let mut text = String::new();
    for diagnostic in &report.diagnostics {
        let _ = writeln!(text, "{diagnostic}\n");
    }
    let documents = if report.documents == 1 { "document" } else { "documents" };
    let _ = match report.errors {
        0 => writeln!(text, "ok: {} {documents}", report.documents),
        1 => writeln!(text, "refused: {} {documents}, 1 error", report.documents),
        errors => writeln!(text, "refused: {} {documents}, {errors} errors", report.documents),
    };
    text
}
