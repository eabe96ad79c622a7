//! `holdfast expr check`: what is wrong with one expression, with places.

use std::sync::Arc;

use holdfast_core::diagnostic::Diagnostic;
use holdfast_core::expr::encode::alone;
use holdfast_core::expr::{Expected, compile};
use serde::Serialize;

use super::arguments::Source;
use super::read_source;
use crate::cli::arguments::Format;
use crate::cli::{Outcome, report};

#[derive(Serialize)]
struct Report {
    refused: bool,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    result_type: Option<String>,
    diagnostics: Vec<Diagnostic>,
}

pub(super) fn check(source: &Source, expected: Expected, format: Format) -> Result<Outcome, String> {
    let (name, document) = read_source(source)?;
    let file = Arc::from(name);
    let (text, place) = alone(&file, &document);
    let (result_type, diagnostics) = match compile(text, expected, place) {
        Ok(expression) => (Some(expression.result_type()), Vec::new()),
        Err(diagnostics) => (None, diagnostics),
    };
    let report = Report { refused: result_type.is_none(), result_type, diagnostics };
    Ok(report::outcome(&report, report.refused, format, human))
}

fn human(report: &Report) -> String {
    let verdict = match &report.result_type {
        Some(result_type) => format!("ok: `{result_type}`\n"),
        None => format!("refused: {}\n", report::counted(report.diagnostics.len(), "error")),
    };
    report::listed(&report.diagnostics) + &verdict
}
