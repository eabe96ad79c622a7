//! `holdfast routes`: the route table of a configuration folder.

use std::collections::BTreeMap;

use holdfast_core::config::Revision;
use holdfast_core::http::Scheme;
use holdfast_core::route::RouteRow;
use holdfast_core::snapshot::{Identity, Snapshot};
use serde::Serialize;

use crate::cli::arguments::{Format, Inspected};
use crate::cli::inspect;
use crate::cli::{EXIT_OK, EXIT_REFUSED, Outcome};

/// Prints the routes of a folder. What is refused is not among them; that is said on standard error.
pub(super) fn routes(inspected: &Inspected) -> Outcome {
    let folder = match inspect::read(inspected) {
        Ok(folder) => folder,
        Err(diagnostics) => {
            let err = diagnostics.iter().filter(|found| found.is_error()).map(|found| format!("{found}\n")).collect();
            return Outcome { code: EXIT_REFUSED, out: String::new(), err };
        }
    };
    let identity =
        Identity { gateway_id: folder.gateway.clone(), instance_id: "routes".to_owned(), ..Identity::default() };
    let compiled = match Snapshot::compile(Revision(1), &folder.set, &identity, None) {
        Ok(compiled) => compiled,
        Err(reasons) => {
            let err = reasons.iter().map(|reason| format!("{reason}\n")).collect();
            return Outcome { code: EXIT_REFUSED, out: String::new(), err };
        }
    };
    let lines = lines(compiled.snapshot.routes());
    let out = match inspected.format {
        Format::Human => human(&lines),
        Format::Json => serde_json::to_string_pretty(&lines).unwrap_or_default() + "\n",
    };
    if compiled.refused.is_empty() {
        return Outcome { code: EXIT_OK, out, err: String::new() };
    }
    let err = "error: parts of the configuration are refused and not shown; `holdfast check` says why\n".to_owned();
    Outcome { code: EXIT_REFUSED, out, err }
}

/// One line: a route with all schemes that it answers on.
#[derive(Serialize)]
struct Line {
    method: String,
    schemes: Vec<&'static str>,
    host: String,
    path: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    version: String,
    api: String,
    revision: String,
    operation: String,
}

impl Line {
    fn cells(&self) -> [String; 7] {
        let (host, path, version) = (self.host.clone(), self.path.clone(), self.version.clone());
        let api = format!("{};rev={}", self.api, self.revision);
        [self.method.clone(), self.schemes.join(","), host, path, version, api, self.operation.clone()]
    }
}

fn lines(rows: Vec<RouteRow>) -> Vec<Line> {
    let mut schemes: BTreeMap<RouteRow, Vec<&'static str>> = BTreeMap::new();
    for row in rows {
        let scheme = row.scheme.as_str();
        schemes.entry(RouteRow { scheme: Scheme::Http, ..row }).or_default().push(scheme);
    }
    let lines = schemes.into_iter().map(|(row, schemes)| {
        let RouteRow { host, path, version, method, scheme: _, api, revision, operation } = row;
        Line { method, schemes, host, path, version, api, revision, operation }
    });
    lines.collect()
}

fn human(lines: &[Line]) -> String {
    let head = ["METHOD", "SCHEME", "HOST", "PATH", "VERSION", "API", "OPERATION"].map(str::to_owned);
    let table: Vec<[String; 7]> = [head].into_iter().chain(lines.iter().map(Line::cells)).collect();
    let mut widths = [0; 7];
    for cells in &table {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for cells in &table {
        let padded: Vec<String> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text.push_str(padded.join("  ").trim_end());
        text.push('\n');
    }
    text
}
