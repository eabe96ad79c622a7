//! `holdfast expr witness`: the fixtures of expressions, held against what an oracle says of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use holdfast_core::expr::Expected;
use holdfast_core::expr::fixture::{Case, Stage, cases};
use serde::Serialize;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::arguments::Witness;
use super::compare::{Comparison, compare};
use super::oracle::Oracle;
use super::{DOCUMENT_BYTES_MAX, read_context};
use crate::cli::arguments::Format;
use crate::cli::text::read_text;
use crate::cli::{EXIT_OK, EXIT_REFUSED, Outcome};

/// What became of the comparison of one case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "verdict")]
enum Verdict {
    /// The oracle gives the same.
    Witnessed,
    /// It gives the same, and denies names that are admitted here for a reason.
    Admitted { names: Vec<String> },
    /// It gives something else, and the fixture says why.
    Explained { reason: String },
    /// No oracle can be asked: the case is about what only a gateway has.
    Unasked,
    /// It gives something else.
    Disagrees { difference: String },
}

#[derive(Serialize)]
struct Compared {
    file: String,
    line: usize,
    name: String,
    source: String,
    #[serde(flatten)]
    verdict: Verdict,
    #[serde(skip)]
    mark: String,
}

pub(super) fn witness(asked: &Witness) -> Result<Outcome, String> {
    let base = read_context(Some(&asked.context))?;
    let mut gathered = Vec::new();
    for path in &asked.fixtures {
        for file in files(path)? {
            let name = file.display().to_string();
            let found = cases(&read_text(&file, DOCUMENT_BYTES_MAX)?);
            gathered.extend(found.into_iter().map(|case| (name.clone(), case)));
        }
    }
    let results = ask_all(&asked.oracle, &gathered, &base)?;
    let mut compared = Vec::new();
    for (index, (file, case)) in gathered.into_iter().enumerate() {
        let at = |error: String| format!("{file}:{}: {error}", case.line);
        let played = case.play(&base).map_err(at)?;
        let comparison = if played.shown == case.wanted {
            results.get(&index).map(|result| compare(&played.answer, result))
        } else {
            Some(Comparison::Differs(format!("the fixture fails here: it gives `{}`", played.shown.trim_end())))
        };
        let verdict = verdict(comparison, &case);
        let mark = mark(&case);
        compared.push(Compared { file, line: case.line, name: case.name, source: case.source, verdict, mark });
    }
    if let Some(record) = &asked.record {
        fs::write(record, recorded(&compared)).map_err(|error| format!("`{}`: {error}", record.display()))?;
    }
    let refused = compared.iter().any(|case| matches!(case.verdict, Verdict::Disagrees { .. }));
    let out = match asked.format {
        Format::Human => human(&compared),
        Format::Json => serde_json::to_string_pretty(&compared).unwrap_or_default() + "\n",
    };
    Ok(Outcome { code: if refused { EXIT_REFUSED } else { EXIT_OK }, out, err: String::new() })
}

fn files(path: &Path) -> Result<Vec<PathBuf>, String> {
    let wrong = |error: std::io::Error| format!("`{}`: {error}", path.display());
    if !fs::metadata(path).map_err(wrong)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(path).map_err(wrong)? {
        let path = entry.map_err(wrong)?.path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

// One question for each context: an oracle reads a context once and then many cases.
fn ask_all(command: &str, gathered: &[(String, Case)], base: &Json) -> Result<BTreeMap<usize, Json>, String> {
    let mut groups: BTreeMap<String, (Json, Vec<(usize, String)>)> = BTreeMap::new();
    for (index, (file, case)) in gathered.iter().enumerate() {
        let stage = case.stage(base).map_err(|error| format!("{file}:{}: {error}", case.line))?;
        if is_askable(&stage, case) {
            let source = asked_source(&stage, case);
            let group = groups.entry(stage.context.to_string()).or_insert_with(|| (stage.context, Vec::new()));
            group.1.push((index, source));
        }
    }
    let mut oracle = Oracle::new(command)?;
    let mut results = BTreeMap::new();
    for (context, sources) in groups.values() {
        results.extend(oracle.ask(context, sources)?);
    }
    Ok(results)
}

// Bodies that are read late, and limits, are a gateway's; so is what is not built yet.
fn is_askable(stage: &Stage, case: &Case) -> bool {
    stage.body.is_none() && !case.wanted.contains("?? ") && !case.wanted.contains("!! limit")
}

// What a place wants is asked as the type of a local variable.
fn asked_source(stage: &Stage, case: &Case) -> String {
    let wanted = match stage.expected {
        Expected::Any | Expected::Text => return case.source.clone(),
        Expected::Bool => "bool",
        Expected::Int => "int",
    };
    match case.source.strip_prefix("@(").and_then(|rest| rest.strip_suffix(')')) {
        Some(inner) => format!("@{{ {wanted} wanted = ({inner}\n); return wanted; }}"),
        None => case.source.clone(),
    }
}

fn verdict(comparison: Option<Comparison>, case: &Case) -> Verdict {
    match (comparison, &case.differs) {
        (None, _) => Verdict::Unasked,
        (Some(Comparison::Same), None) => Verdict::Witnessed,
        (Some(Comparison::Same), Some(_)) => {
            Verdict::Disagrees { difference: "it agrees, and the fixture says that it differs".to_owned() }
        }
        (Some(_), Some(reason)) => Verdict::Explained { reason: reason.clone() },
        (Some(Comparison::Admitted(names)), None) => Verdict::Admitted { names },
        (Some(Comparison::Differs(difference) | Comparison::Unlike { difference, .. }), None) => {
            Verdict::Disagrees { difference }
        }
    }
}

/// Changes when the case does, so that a mark counts only for what was witnessed.
fn mark(case: &Case) -> String {
    let mut hash = Sha256::new();
    for part in case.changes.iter().chain([&case.source, &case.wanted]) {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn recorded(compared: &[Compared]) -> String {
    let mut text = String::from(
        "# Cases that `holdfast expr witness` found to give the same in a real C# compiler and .NET; a changed case loses its mark.\n",
    );
    let gives_the_same = |case: &&Compared| matches!(case.verdict, Verdict::Witnessed | Verdict::Admitted { .. });
    for case in compared.iter().filter(gives_the_same) {
        let file =
            Path::new(&case.file).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{} {file}: {}", case.mark, case.name);
    }
    text
}

fn human(compared: &[Compared]) -> String {
    let mut text = String::new();
    for case in compared {
        let place = format!("{}:{}: {}", case.file, case.line, case.name);
        match &case.verdict {
            Verdict::Witnessed | Verdict::Admitted { .. } | Verdict::Unasked => {}
            Verdict::Explained { reason } => {
                let _ = writeln!(text, "explained: {place}\n  {reason}");
            }
            Verdict::Disagrees { difference } => {
                let _ = writeln!(text, "disagrees: {place}\n  {}\n  {difference}", case.source.replace('\n', "\n  "));
            }
        }
    }
    let count = |is: fn(&Verdict) -> bool| compared.iter().filter(|case| is(&case.verdict)).count();
    let _ = writeln!(
        text,
        "{} cases: {} witnessed, {} admitted, {} explained, {} not asked, {} disagree",
        compared.len(),
        count(|verdict| matches!(verdict, Verdict::Witnessed)),
        count(|verdict| matches!(verdict, Verdict::Admitted { .. })),
        count(|verdict| matches!(verdict, Verdict::Explained { .. })),
        count(|verdict| matches!(verdict, Verdict::Unasked)),
        count(|verdict| matches!(verdict, Verdict::Disagrees { .. })),
    );
    text
}
