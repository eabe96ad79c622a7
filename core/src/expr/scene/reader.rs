//! Typed looks into a JSON document that name the place of what is wrong. Knows nothing of contexts.

use std::fmt;

use serde_json::{Map, Value as Json};

use crate::diagnostic::nearest;

/// What of a context document cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SceneError {
    /// The place, as in `request.headers`; empty for the document as a whole.
    pub path: String,
    /// What is wrong there.
    pub message: String,
}

impl fmt::Display for SceneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => write!(f, "the context {}", self.message),
            path => write!(f, "`{path}` {}", self.message),
        }
    }
}

/// An object of the document and where it stands. A member that is `null` is absent.
pub(super) struct Section<'j> {
    object: &'j Map<String, Json>,
    path: String,
}

impl<'j> Section<'j> {
    pub(super) fn root(document: &'j Json) -> Result<Self, SceneError> {
        Self::of(document, String::new())
    }

    pub(super) fn of(json: &'j Json, path: String) -> Result<Self, SceneError> {
        match json {
            Json::Object(object) => Ok(Self { object, path }),
            _ => Err(SceneError { path, message: "must be an object".to_owned() }),
        }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'j str> {
        self.object.keys().map(String::as_str)
    }

    /// Refuses members of other names.
    pub(super) fn knows(&self, names: &[&'static str]) -> Result<(), SceneError> {
        let Some(unknown) = self.names().find(|name| !names.contains(name)) else { return Ok(()) };
        let hint = nearest(unknown, names.iter().copied());
        let hint = hint.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        Err(self.wrong(unknown, &format!("is nothing that a context has{hint}")))
    }

    pub(super) fn get(&self, name: &str) -> Option<&'j Json> {
        self.object.get(name).filter(|json| !json.is_null())
    }

    pub(super) fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    pub(super) fn wrong(&self, name: &str, message: &str) -> SceneError {
        SceneError { path: self.path_of(name), message: message.to_owned() }
    }

    pub(super) fn section(&self, name: &str) -> Result<Option<Section<'j>>, SceneError> {
        self.get(name).map(|json| Section::of(json, self.path_of(name))).transpose()
    }

    pub(super) fn list(&self, name: &str) -> Result<Vec<Section<'j>>, SceneError> {
        match self.get(name) {
            None => Ok(Vec::new()),
            Some(Json::Array(items)) => items
                .iter()
                .enumerate()
                .map(|(index, item)| Section::of(item, format!("{}[{index}]", self.path_of(name))))
                .collect(),
            Some(_) => Err(self.wrong(name, "must be an array of objects")),
        }
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'j str>, SceneError> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(name, "must be a string")),
        }
    }

    pub(super) fn owned(&self, name: &str) -> Result<String, SceneError> {
        Ok(self.text(name)?.unwrap_or_default().to_owned())
    }

    /// A string, or all strings of an array.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<&'j str>, SceneError> {
        let wrong = || self.wrong(name, "must be a string or an array of strings");
        match self.get(name) {
            None => Ok(Vec::new()),
            Some(Json::Array(items)) => items.iter().map(|item| item.as_str().ok_or_else(wrong)).collect(),
            Some(item) => Ok(vec![item.as_str().ok_or_else(wrong)?]),
        }
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, SceneError> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(self.wrong(name, "must be `true` or `false`")),
        }
    }

    pub(super) fn whole(&self, name: &str, low: i64, high: i64) -> Result<Option<i64>, SceneError> {
        let Some(json) = self.get(name) else { return Ok(None) };
        match json.as_i64().filter(|number| (low..=high).contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(self.wrong(name, &format!("must be a whole number from {low} to {high}"))),
        }
    }

    /// A string that `parse` understands.
    pub(super) fn parsed<T>(
        &self,
        name: &str,
        wanted: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, SceneError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        parse(text).map(Some).ok_or_else(|| self.wrong(name, &format!("must be {wanted}, not `{text}`")))
    }
}
