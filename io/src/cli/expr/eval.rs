//! `holdfast expr eval`: type and value of one expression, or what it throws.

use std::path::Path;
use std::sync::Arc;

use holdfast_core::expr::encode::{Answer, alone, answer, named};
use holdfast_core::expr::scene::Scene;
use holdfast_core::expr::{Expected, Noted};

use super::arguments::Source;
use super::{read_context, read_source, unfixed};
use crate::cli::arguments::Format;
use crate::cli::{EXIT_OK, EXIT_REFUSED, Outcome};

pub(super) fn eval(source: &Source, context: Option<&Path>, format: Format) -> Result<Outcome, String> {
    let document = read_context(context)?;
    let scene = Scene::of(&document, unfixed()).map_err(|error| {
        let name = context.map_or_else(String::new, |path| format!("{}: ", path.display()));
        format!("{name}{error}")
    })?;
    let (name, text) = read_source(source)?;
    let file = Arc::from(name);
    let (text, place) = alone(&file, &text);
    let mut noted = Noted::default();
    let answer = answer(text, Expected::Any, place, &scene, &mut noted);
    let traces: String = noted.traces.iter().map(|line| format!("trace: {line}\n")).collect();
    let warnings: String = scene.warnings.iter().map(|warning| format!("warning: {warning}\n")).collect();
    let mut outcome = match format {
        Format::Human => human(&answer),
        Format::Json => Outcome { code: EXIT_REFUSED, out: format!("{{{}}}\n", answer.members()), err: String::new() },
    };
    outcome.err = warnings + &traces + &outcome.err;
    outcome.code = if matches!(answer, Answer::Value { .. }) { EXIT_OK } else { EXIT_REFUSED };
    Ok(outcome)
}

fn human(answer: &Answer) -> Outcome {
    let said = |out: String| Outcome { out, ..Outcome::default() };
    let failed = |err: String| Outcome { err, ..Outcome::default() };
    match answer {
        Answer::Value { encoded, .. } => match &encoded.type_name {
            Some(type_name) => {
                // People read a string without its quotes.
                let text = serde_json::from_str::<String>(&encoded.json).unwrap_or_else(|_| encoded.json.clone());
                said(format!("{type_name}\n{text}\n"))
            }
            None => said("null\n".to_owned()),
        },
        Answer::Exception { exception, message } => failed(format!("{exception}: {message}\n")),
        Answer::LimitExceeded(limit) => failed(format!("limit: {limit}\n")),
        Answer::NeedsBody(message) => failed(format!("the body of the {} was not read\n", named(*message))),
        Answer::Refused(diagnostics) => {
            failed(diagnostics.iter().map(|diagnostic| format!("{diagnostic}\n\n")).collect())
        }
    }
}
