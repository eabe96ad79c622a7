//! `holdfast expr eval --batch`: one case a line, one result a line, in one process.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use holdfast_core::expr::encode::{alone, answer};
use holdfast_core::expr::scene::{Scene, overlay};
use holdfast_core::expr::{Expected, Noted};
use serde_json::{Map, Value as Json};

use super::{CASES_BYTES_MAX, read_context, unfixed};
use crate::cli::text::read_text;
use crate::cli::{EXIT_OK, EXIT_REFUSED, Outcome};

const MEMBERS: [&str; 4] = ["id", "source", "vars", "context"];

pub(super) fn batch(cases: &Path, context: Option<&Path>) -> Result<Outcome, String> {
    let base = read_context(context)?;
    // A context that is wrong by itself is said once, not for every case.
    let unfixed = unfixed();
    let scene = Scene::of(&base, unfixed).map_err(|error| error.to_string())?;
    let text = read_text(cases, CASES_BYTES_MAX)?;
    let name = cases.display().to_string();
    let mut outcome = Outcome { code: EXIT_OK, ..Outcome::default() };
    for warning in &scene.warnings {
        // Writing to a String cannot fail.
        let _ = writeln!(outcome.err, "warning: {warning}");
    }
    let file = Arc::from("source");
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match case(line) {
            Ok(case) => {
                let changed = changed(&base, &case);
                let found = match &changed {
                    None => Ok(None),
                    Some(document) => Scene::of(document, unfixed).map(Some),
                };
                match found {
                    Ok(own) => {
                        let (source, place) = alone(&file, &case.source);
                        let own = own.as_ref().unwrap_or(&scene);
                        for warning in own.warnings.iter().filter(|warning| !scene.warnings.contains(warning)) {
                            let _ = writeln!(outcome.err, "warning: {name}:{}: {warning}", index + 1);
                        }
                        let found = answer(source, Expected::Any, place, own, &mut Noted::default());
                        let _ = writeln!(outcome.out, "{{\"id\":{},{}}}", case.id, found.members());
                    }
                    Err(error) => refuse(&mut outcome, &name, index, &error.to_string()),
                }
            }
            Err(message) => refuse(&mut outcome, &name, index, &message),
        }
    }
    Ok(outcome)
}

fn refuse(outcome: &mut Outcome, name: &str, index: usize, message: &str) {
    outcome.code = EXIT_REFUSED;
    let _ = writeln!(outcome.err, "error: {name}:{}: {message}", index + 1);
}

struct Case {
    id: Json,
    source: String,
    members: Map<String, Json>,
}

fn case(line: &str) -> Result<Case, String> {
    let json: Json = serde_json::from_str(line).map_err(|error| format!("column {}: {error}", error.column()))?;
    let Json::Object(mut members) = json else { return Err("a case is an object".to_owned()) };
    if let Some(unknown) = members.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
        return Err(format!("`{unknown}` is nothing that a case has; `id`, `source`, `vars` and `context` are"));
    }
    for name in ["vars", "context"] {
        if members.get(name).is_some_and(|json| !json.is_object() && !json.is_null()) {
            return Err(format!("`{name}` must be an object"));
        }
    }
    let Some(Json::String(source)) = members.remove("source") else {
        return Err("`source` must be a string".to_owned());
    };
    Ok(Case { id: members.remove("id").unwrap_or(Json::Null), source, members })
}

// The context document of this case; `None` when it changes nothing.
fn changed(base: &Json, case: &Case) -> Option<Json> {
    let over = case.members.get("context").filter(|json| json.is_object());
    let variables = case.members.get("vars").and_then(Json::as_object);
    if over.is_none() && variables.is_none() {
        return None;
    }
    let mut document = base.clone();
    if let Some(over) = over {
        overlay(&mut document, over);
    }
    if let (Some(variables), Json::Object(root)) = (variables, &mut document) {
        let there = root.entry("variables").or_insert_with(|| Json::Object(Map::new()));
        if let Json::Object(there) = there {
            // A variable is replaced, never merged with what it was.
            there.extend(variables.clone());
        }
    }
    Some(document)
}
