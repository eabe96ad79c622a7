//! `holdfast policy check`: what is wrong with policy documents, each by itself.

use std::path::PathBuf;
use std::sync::Arc;

use holdfast_core::config::model::PolicyFormat;
use holdfast_core::diagnostic::Diagnostic;
use holdfast_core::policy::Scope;
use holdfast_core::policy::alone::compile_alone;
use serde::Serialize;

use super::read_document;
use crate::cli::arguments::Format;
use crate::cli::{Outcome, report};

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
    Ok(report::outcome(&report, report.refused, format, human))
}

fn human(report: &Report) -> String {
    let documents = report::counted(report.documents, "document");
    let verdict = match report.errors {
        0 => format!("ok: {documents}\n"),
        errors => format!("refused: {documents}, {}\n", report::counted(errors, "error")),
    };
    report::listed(&report.diagnostics) + &verdict
}
