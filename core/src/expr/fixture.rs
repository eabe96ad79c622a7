//! The cases of a fixture file: how they are written, and how one is played. Reads no files and judges no outcome.
//!
//! A case is `--- name`, then lines `% …` that change the context or the place, then the source, then what it gives:
//! `=> type text` (a value), `!! type: message` (an exception), `?? Request` (a body that must be read), `~~ Request` (a body that
//! was consumed), or `xx line:column code: message` (a diagnostic). A line `%! …` says why a real C# compiler and .NET differ.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::encode::{Answer, alone, answer};
use super::scene::{Scene, SceneError, Unfixed, overlay};
use super::{Expected, Noted};
use crate::context::Body;
use crate::rng::Seed;
use crate::time::WallTime;

const RESULT_MARKS: [&str; 5] = ["=> ", "!! ", "?? ", "~~ ", "xx "];

/// What fixtures have where their context fixes nothing.
const UNFIXED: Unfixed = Unfixed { wall: WallTime::from_unix_seconds(1_700_000_000), seed: Seed(1) };

/// A case as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// The line of its name, from 1.
    pub line: usize,
    /// What it changes, without the `% `.
    pub changes: Vec<String>,
    /// Why a real C# compiler and .NET differ from it; `None` when they agree.
    pub differs: Option<String>,
    /// The expression.
    pub source: String,
    /// What it gives, line by line.
    pub wanted: String,
}

/// The cases of a file.
#[must_use]
pub fn cases(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if let Some(name) = line.strip_prefix("--- ") {
            cases.push(Case { name: name.to_owned(), line: index + 1, ..Case::default() });
            continue;
        }
        // What stands before the first case is for people.
        let Some(case) = cases.last_mut() else { continue };
        if let Some(reason) = line.strip_prefix("%! ") {
            case.differs = Some(reason.to_owned());
        } else if let Some(change) = line.strip_prefix("% ") {
            case.changes.push(change.to_owned());
        } else if RESULT_MARKS.iter().any(|mark| line.starts_with(mark)) {
            case.wanted.push_str(line.trim_end());
            case.wanted.push('\n');
        } else if case.wanted.is_empty() {
            case.source.push_str(line);
            case.source.push('\n');
        }
    }
    for case in &mut cases {
        case.source = case.source.trim().to_owned();
    }
    cases
}

/// What a case is played in.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// The context document.
    pub context: Json,
    /// What the place wants.
    pub expected: Expected,
    /// A body of the request that no context document can say: unread or gone.
    pub body: Option<Body>,
}

/// What came of playing a case.
#[derive(Clone, Debug)]
pub struct Played {
    /// In the words of the fixture.
    pub shown: String,
    /// Itself.
    pub answer: Answer,
}

impl Case {
    /// The context document `base` with this case's changes.
    ///
    /// # Errors
    /// The change that cannot be understood.
    pub fn stage(&self, base: &Json) -> Result<Stage, String> {
        let mut stage = Stage { context: base.clone(), expected: Expected::Any, body: None };
        for change in &self.changes {
            stage.change(change)?;
        }
        Ok(stage)
    }

    /// Compiles and evaluates it.
    ///
    /// # Errors
    /// What of its changes or its context cannot be understood.
    pub fn play(&self, base: &Json) -> Result<Played, String> {
        let stage = self.stage(base)?;
        let scene = stage.scene().map_err(|error| error.to_string())?;
        let file = Arc::from("fixture");
        let (source, place) = alone(&file, &self.source);
        let mut noted = Noted::default();
        let answer = answer(source, stage.expected, place, &scene, &mut noted);
        let mut shown = shown(&answer);
        if noted.consumed.request {
            shown.push_str("~~ Request\n");
        }
        Ok(Played { shown, answer })
    }
}

impl Stage {
    /// What an evaluation on this stage is given.
    ///
    /// # Errors
    /// What of the context document cannot be understood.
    pub fn scene(&self) -> Result<Scene, SceneError> {
        let mut scene = Scene::of(&self.context, UNFIXED)?;
        if let Some(body) = &self.body {
            scene.context.request.body = body.clone();
        }
        // The response of the fixtures' exchange has not been read: it is on its way.
        if let Some(response) = scene.context.response.as_mut().filter(|response| response.body == Body::Absent) {
            response.body = Body::Unread;
        }
        Ok(scene)
    }

    // `expect bool`, `body unread`, `body TEXT`, `no response`, `context JSON` …
    fn change(&mut self, change: &str) -> Result<(), String> {
        let unknown = || format!("unknown change `{change}`");
        let (verb, rest) = change.split_once(' ').ok_or_else(unknown)?;
        match (verb, rest) {
            ("expect", "bool") => self.expected = Expected::Bool,
            ("expect", "int") => self.expected = Expected::Int,
            ("expect", "text") => self.expected = Expected::Text,
            ("body", "unread") => self.body = Some(Body::Unread),
            ("body", "gone") => self.body = Some(Body::Gone),
            ("body", "absent") => self.body = Some(Body::Absent),
            ("body", text) => overlay(&mut self.context, &json!({"request": {"body": text}})),
            ("context", text) => {
                let over = serde_json::from_str(text).map_err(|error| format!("`{change}`: {error}"))?;
                overlay(&mut self.context, &over);
            }
            ("no", section) => {
                let removed = self.context.as_object_mut().and_then(|root| root.shift_remove(section));
                removed.ok_or_else(unknown)?;
            }
            _ => return Err(unknown()),
        }
        Ok(())
    }
}

// Writing to a String cannot fail.
fn shown(answer: &Answer) -> String {
    let mut shown = String::new();
    let one_line = |text: &str| text.replace('\n', "\\n");
    let line = match answer {
        Answer::Value { value, .. } => format!("=> {} {}", value.type_name(), one_line(&value.to_string())),
        Answer::Exception { exception, message } => format!("!! {exception}: {}", one_line(message)),
        Answer::LimitExceeded(limit) => format!("!! limit: {limit}"),
        Answer::NeedsBody(message) => format!("?? {message:?}"),
        Answer::Refused(diagnostics) => {
            for diagnostic in diagnostics {
                let at = diagnostic.position.map(|at| format!("{}:{}", at.line, at.column)).unwrap_or_default();
                let _ = writeln!(shown, "xx {at} {}: {}", diagnostic.code, diagnostic.message);
            }
            return shown;
        }
    };
    // A value that ends in blanks is written without them in a fixture.
    for part in line.lines() {
        let _ = writeln!(shown, "{}", part.trim_end());
    }
    shown
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::cases;

    const TEXT: &str = "For people.\n\n--- one\n% expect int\n%! because\n@(1\n  + 1)\n=> System.Int32 2\n\n--- two\n@(x)\nxx 1:3 unknown-name: unknown name `x`\n";

    #[test]
    fn cases_are_read_and_played() {
        let found = cases(TEXT);
        assert_eq!(
            found.iter().map(|case| (case.name.as_str(), case.line)).collect::<Vec<_>>(),
            [("one", 3), ("two", 10)]
        );
        assert_eq!(found[0].source, "@(1\n  + 1)");
        assert_eq!(found[0].differs.as_deref(), Some("because"));
        for case in &found {
            assert_eq!(case.play(&json!({})).unwrap().shown, case.wanted);
        }
    }

    #[test]
    fn an_unknown_change_is_named() {
        let mut case = cases(TEXT).remove(0);
        case.changes.push("body".to_owned());
        assert_eq!(case.play(&json!({})).unwrap_err(), "unknown change `body`");
    }
}
