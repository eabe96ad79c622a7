//! `holdfast expr check`: what is wrong with one expression, with places.

use std::fmt::Write as _;
use std::sync::Arc;

use holdfast_core::diagnostic::Diagnostic;
use holdfast_core::expr::encode::alone;
use holdfast_core::expr::{Expected, compile};
use serde::Serialize;

use super::arguments::Source;
use super::read_source;
use crate::cli::arguments::Format;
use crate::cli::{EXIT_OK, EXIT_REFUSED, Outcome};

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
    match &report.result_type {
        Some(result_type) => {
            let _ = writeln!(text, "ok: `{result_type}`");
        }
        None => {
            let count = report.diagnostics.len();
            let _ = writeln!(text, "refused: {count} {}", if count == 1 { "error" } else { "errors" });
        }
    }
    text
}
