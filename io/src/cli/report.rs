//! What the commands that check something print: every finding, then a verdict; or one JSON document.

use std::fmt::Write as _;

use holdfast_core::diagnostic::Diagnostic;
use serde::Serialize;

use super::arguments::Format;
use super::{EXIT_OK, EXIT_REFUSED, Outcome};

/// The outcome of a check in the form that was asked for.
pub(super) fn outcome<R: Serialize>(report: &R, is_refused: bool, format: Format, human: fn(&R) -> String) -> Outcome {
    let out = match format {
        Format::Human => human(report),
        Format::Json => serde_json::to_string_pretty(report).unwrap_or_default() + "\n",
    };
    Outcome { code: if is_refused { EXIT_REFUSED } else { EXIT_OK }, out, err: String::new() }
}

/// Findings for people, an empty line behind each.
pub(super) fn listed(diagnostics: &[Diagnostic]) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{diagnostic}\n");
    }
    text
}

/// Findings as one text.
pub(super) fn words(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n")
}

/// As in `1 error`, `2 errors`.
pub(super) fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}
