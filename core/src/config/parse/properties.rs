//! The properties of one resource, read with their types; what is not as expected is remembered with its place. Knows no family.

use std::fmt::Display;

use serde_json::Value;

use crate::config::document::Syntax;
use crate::config::locate;
use crate::config::named_values::Substitution;
use crate::config::resource::Resource;
use crate::diagnostic::Diagnostic;
use crate::span::{Position, Span};
use crate::time::WallTime;

/// A reader of one resource. `null` counts as absent, as ARM writes it.
pub(super) struct Properties<'a> {
    pub(super) resource: &'a Resource,
    pub(super) findings: Vec<Diagnostic>,
}

impl<'a> Properties<'a> {
    pub(super) fn new(resource: &'a Resource) -> Self {
        Self { resource, findings: Vec::new() }
    }

    /// The value at `path`: names of members and indexes of items, one below the other.
    pub(super) fn value(&self, path: &[&str]) -> Option<&'a Value> {
        let (first, rest) = path.split_first()?;
        let mut value = self.resource.properties.get(*first)?;
        for name in rest {
            value = match value {
                Value::Array(items) => items.get(name.parse::<usize>().ok()?)?,
                _ => value.get(name)?,
            };
        }
        Some(value).filter(|value| !value.is_null())
    }

    /// The text at `path`.
    pub(super) fn text(&mut self, path: &[&str]) -> Option<&'a str> {
        let value = self.value(path)?;
        if value.as_str().is_none() {
            self.wrong_type(path, "a text");
        }
        value.as_str()
    }

    /// The text at `path`; that it is missing or empty is an error.
    pub(super) fn required(&mut self, path: &[&str]) -> Option<&'a str> {
        if self.value(path).is_none_or(|value| value.as_str() == Some("")) {
            self.error(path, "missing-property", format!("`{}` is missing", path.join(".")));
            return None;
        }
        self.text(path)
    }

    /// `text`, which stands at `path`, with its named values put in; that one is unknown or not at hand is an error.
    pub(super) fn substituted(&mut self, path: &[&str], text: &str, substitution: &Substitution) -> Option<String> {
        let done = substitution.substitute(text);
        for (name, _) in &done.unknown {
            let message = format!("there is no named value `{name}`");
            let help = substitution.nearest(name).map(|name| format!("did you mean `{name}`?"));
            self.error_with_help(path, "unknown-named-value", message, help);
        }
        for (name, _) in &done.missing {
            let message = format!("the value of the named value `{name}` is not known");
            self.error(path, "missing-secret", message);
        }
        if done.outgrown.is_some() {
            self.error(path, "too-long", "the text is too long once named values are substituted");
        }
        let is_whole = done.unknown.is_empty() && done.missing.is_empty() && done.outgrown.is_none();
        is_whole.then(|| done.text.as_ref().to_owned())
    }

    /// The switch at `path`, or `default`.
    pub(super) fn switch(&mut self, path: &[&str], default: bool) -> bool {
        let Some(value) = self.value(path) else { return default };
        if value.as_bool().is_none() {
            self.wrong_type(path, "`true` or `false`");
        }
        value.as_bool().unwrap_or(default)
    }

    /// The whole number at `path`.
    pub(super) fn number(&mut self, path: &[&str]) -> Option<i32> {
        let value = self.value(path)?;
        let number = value.as_i64().and_then(|number| i32::try_from(number).ok());
        if number.is_none() {
            self.wrong_type(path, "a whole number");
        }
        number
    }

    /// The moment at `path`, as in `2026-01-31T00:00:00Z`.
    pub(super) fn moment(&mut self, path: &[&str]) -> Option<WallTime> {
        let moment = WallTime::from_rfc3339(self.text(path)?);
        if moment.is_none() {
            self.wrong_type(path, "a moment as in `2026-01-31T00:00:00Z`");
        }
        moment
    }

    /// The items of the list at `path`.
    pub(super) fn items(&mut self, path: &[&str]) -> &'a [Value] {
        let Some(value) = self.value(path) else { return &[] };
        match value.as_array() {
            Some(items) => items,
            None => {
                self.wrong_type(path, "a list");
                &[]
            }
        }
    }

    /// The texts of the list at `path`.
    pub(super) fn texts(&mut self, path: &[&str]) -> Vec<&'a str> {
        let mut texts = Vec::new();
        for (index, item) in self.items(path).iter().enumerate() {
            match item.as_str() {
                Some(text) => texts.push(text),
                None => self.wrong_type(&[path, &[&index.to_string()]].concat(), "a text"),
            }
        }
        texts
    }

    /// Remembers an error at `path`.
    pub(super) fn error(&mut self, path: &[&str], code: &'static str, message: impl Into<String>) {
        let diagnostic = Diagnostic::error(code, self.resource.origin.file.clone(), message);
        self.findings.push(self.placed(diagnostic, path));
    }

    /// Remembers an error at `path`, with help when there is any.
    pub(super) fn error_with_help(
        &mut self,
        path: &[&str],
        code: &'static str,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let mut diagnostic = Diagnostic::error(code, self.resource.origin.file.clone(), message);
        diagnostic.help = help;
        self.findings.push(self.placed(diagnostic, path));
    }

    /// Remembers a warning at `path`.
    pub(super) fn warning(&mut self, path: &[&str], code: &'static str, message: impl Into<String>) {
        let diagnostic = Diagnostic::warning(code, self.resource.origin.file.clone(), message);
        self.findings.push(self.placed(diagnostic, path));
    }

    /// Remembers that the value at `path` is none of `expected`.
    pub(super) fn not_one_of(&mut self, path: &[&str], word: impl Display, expected: &str) {
        let message = format!("`{}` is `{word}`: expected {expected}", path.join("."));
        self.error(path, "unknown-value", message);
    }

    /// Remembers, in one note, the properties that are not `known`. They stay in the resource.
    pub(super) fn note_unknown(&mut self, known: &[&str]) {
        let unknown: Vec<String> = self
            .resource
            .properties
            .keys()
            .filter(|name| !known.contains(&name.as_str()))
            .map(|name| format!("`{name}`"))
            .collect();
        if let Some(first) = self.resource.properties.keys().find(|name| !known.contains(&name.as_str())) {
            let message = format!("properties of `{}` that have no effect: {}", self.resource.id, unknown.join(", "));
            let note = Diagnostic::note("unknown-property", self.resource.origin.file.clone(), message);
            self.findings.push(self.placed(note, &[first]));
        }
    }

    fn wrong_type(&mut self, path: &[&str], expected: &str) {
        self.error(path, "wrong-type", format!("`{}` is not {expected}", path.join(".")));
    }

    fn placed(&self, diagnostic: Diagnostic, path: &[&str]) -> Diagnostic {
        match position(self.resource, path) {
            Some(position) => diagnostic.at_position(position),
            None => diagnostic,
        }
    }
}

/// The place of a property in the document that the resource was read from, when that is a document of a folder.
fn position(resource: &Resource, path: &[&str]) -> Option<Position> {
    let file = &resource.origin.file;
    let text = resource.origin.text.as_deref()?;
    // A service sends no documents: its origins are ids.
    if file.starts_with('/') {
        return None;
    }
    let syntax = Syntax::of(file)?;
    if file.ends_with("Information.json") {
        return locate::position(text, syntax, &[&["properties"], path].concat());
    }
    operation_position(text, resource.id.name())
}

// An operation that was made from a specification has the place of its `operationId` there. A search of the text does: the document
// parsed once already, and a description that quotes the same words would cost no more than a wrong line.
fn operation_position(text: &str, name: &str) -> Option<Position> {
    let is_it = |(at, key): &(usize, &str)| {
        let value = text.get(at + key.len()..).unwrap_or("").trim_start_matches(['"', '\'', ' ', ':']);
        let rest = value.strip_prefix(name);
        rest.is_some_and(|rest| rest.chars().next().is_none_or(|c| c.is_whitespace() || "\"',}#".contains(c)))
    };
    let (at, _) = text.match_indices("operationId").find(is_it)?;
    Some(Position::of(text, Span::new(at, at).start))
}
