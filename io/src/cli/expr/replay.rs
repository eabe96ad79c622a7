//! What an oracle said of drawn expressions, kept in a file and compared again later without it. Draws nothing.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use holdfast_core::expr::scene::Scene;
use serde_json::{Value as Json, json};

use super::arguments::Replay;
use super::random::{Disagreement, Here, Report};
use super::{CASES_BYTES_MAX, read_context, unfixed};
use crate::cli::Outcome;
use crate::cli::text::read_text;

/// A file that results are kept in: `{"source", "result"}` a line.
pub(super) struct Keep {
    file: File,
    name: String,
}

impl Keep {
    /// A new file.
    pub(super) fn create(path: &Path) -> Result<Self, String> {
        let name = path.display().to_string();
        let file = File::create(path).map_err(|error| format!("`{name}`: {error}"))?;
        Ok(Self { file, name })
    }

    /// Adds what was asked and answered.
    pub(super) fn write(
        &mut self,
        questions: &[(usize, String)],
        results: &BTreeMap<usize, Json>,
    ) -> Result<(), String> {
        for (id, source) in questions {
            if let Some(result) = results.get(id) {
                let line = json!({ "source": source, "result": result });
                writeln!(self.file, "{line}").map_err(|error| format!("`{}`: {error}", self.name))?;
            }
        }
        Ok(())
    }
}

pub(super) fn replay(asked: &Replay) -> Result<Outcome, String> {
    let context = read_context(Some(&asked.context))?;
    let scene = Scene::of(&context, unfixed()).map_err(|error| error.to_string())?;
    let mut report = Report::default();
    let mut number = 0;
    for path in &asked.kept {
        let text = read_text(path, CASES_BYTES_MAX)?;
        for (at, line) in text.lines().enumerate() {
            let place = || format!("{}:{}", path.display(), at + 1);
            let kept: Json = serde_json::from_str(line).map_err(|error| format!("{}: {error}", place()))?;
            let (Some(source), Some(result)) = (kept["source"].as_str(), kept.get("result")) else {
                return Err(format!("{}: there is no `source` or no `result`", place()));
            };
            let here = Here::of(source, &scene);
            let result = Some(result).filter(|_| here.is_askable());
            match here.fault(source, result) {
                None => report.count(&here, result),
                Some(difference) => report.disagree.push(Disagreement {
                    number,
                    source: source.to_owned(),
                    difference: difference.clone(),
                    shrunk: source.to_owned(),
                    shrunk_difference: difference,
                }),
            }
            number += 1;
        }
    }
    Ok(report.outcome(asked.format))
}
