//! `holdfast check`: everything that is wrong with a configuration folder, found the way that the gateway itself finds it.

use holdfast_core::config::Revision;
use holdfast_core::diagnostic::{Diagnostic, Severity};
use holdfast_core::snapshot::{Identity, Snapshot};
use serde::Serialize;

use crate::cli::Outcome;
use crate::cli::arguments::Inspected;
use crate::cli::inspect::{self, Folder};
use crate::cli::report::{self, counted};

/// Checks a folder.
pub(super) fn check(inspected: &Inspected) -> Outcome {
    let report = match inspect::read(inspected) {
        Ok(folder) => report(&folder),
        Err(diagnostics) => Report::new(None, diagnostics, Contents::default()),
    };
    report::outcome(&report, report.refused, inspected.format, human)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    #[serde(skip_serializing_if = "Option::is_none")]
    gateway: Option<String>,
    refused: bool,
    errors: usize,
    warnings: usize,
    notes: usize,
    #[serde(flatten)]
    contents: Contents,
    diagnostics: Vec<Diagnostic>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Contents {
    apis: usize,
    operations: usize,
    products: usize,
    subscriptions: usize,
}

impl Report {
    fn new(gateway: Option<String>, diagnostics: Vec<Diagnostic>, contents: Contents) -> Self {
        let count = |severity| diagnostics.iter().filter(|found| found.severity == severity).count();
        let errors = count(Severity::Error);
        Self {
            gateway,
            refused: errors > 0,
            errors,
            warnings: count(Severity::Warning),
            notes: count(Severity::Note),
            contents,
            diagnostics,
        }
    }
}

fn report(folder: &Folder) -> Report {
    let mut found = folder.read.clone();
    let identity =
        Identity { gateway_id: folder.gateway.clone(), instance_id: "check".to_owned(), ..Identity::default() };
    match Snapshot::compile(Revision(1), &folder.set, &identity, None) {
        Ok(compiled) => {
            found.extend(compiled.refused.into_values().flatten());
            found.extend(compiled.notes);
        }
        Err(reasons) if reasons.is_empty() => {
            found.push(Diagnostic::error("refused", "", "the configuration is refused as a whole"));
        }
        Err(reasons) => found.extend(reasons),
    }
    let configuration = &folder.parsed.configuration;
    let contents = Contents {
        apis: configuration.apis.len(),
        operations: configuration.apis.iter().map(|api| api.operations.len()).sum(),
        products: configuration.products.len(),
        subscriptions: configuration.subscriptions.len(),
    };
    Report::new(Some(folder.gateway.clone()), folder.parsed.report(&found), contents)
}

fn human(report: &Report) -> String {
    let found = [(report.errors, "error"), (report.warnings, "warning"), (report.notes, "note")];
    let found: Vec<String> =
        found.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| counted(count, word)).collect();
    let verdict = if report.refused { "refused" } else { "ok" };
    let gateway = report.gateway.as_ref().map_or_else(String::new, |id| format!(" gateway `{id}`:"));
    let Contents { apis, operations, products, subscriptions } = report.contents;
    let contents = [
        counted(apis, "API"),
        counted(operations, "operation"),
        counted(products, "product"),
        counted(subscriptions, "subscription"),
    ]
    .join(", ");
    let found = if found.is_empty() { String::new() } else { format!("; {}", found.join(", ")) };
    report::listed(&report.diagnostics) + &format!("{verdict}:{gateway} {contents}{found}\n")
}
