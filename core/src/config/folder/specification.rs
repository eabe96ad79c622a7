//! OpenAPI 3 documents into operation resources shaped as ARM's. Takes neither servers nor security from them: APIM keeps those
//! in the API's own document.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::config::bounds::{MAX_DIAGNOSTICS_PER_FILE, MAX_OPERATIONS_PER_API, MAX_SPECIFICATION_NODES};
use crate::config::document::Syntax;
use crate::config::folder::{operation, placed};
use crate::config::locate;
use crate::config::resource::Origin;
use crate::config::schema::{Dangling, follow};
use crate::diagnostic::Diagnostic;

/// Where a specification was read from.
pub(super) struct Source<'a> {
    pub(super) origin: &'a Origin,
    pub(super) text: &'a str,
    pub(super) syntax: Syntax,
}

/// What a specification says.
pub(super) struct Found {
    /// Names and properties, in the order written.
    pub(super) operations: Vec<(String, Map<String, Value>)>,
    /// What is wrong with it.
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// The operations of an OpenAPI document.
pub(super) fn operations(root: &Value, source: &Source<'_>) -> Found {
    let mut reader = Specification {
        root,
        source,
        budget: MAX_SPECIFICATION_NODES,
        operations: Vec::new(),
        names: BTreeMap::new(),
        diagnostics: Vec::new(),
        beyond: 0,
    };
    if reader.check_version() {
        reader.paths();
    }
    reader.finish()
}

/// The methods of a path item, in the order of the OpenAPI specification.
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

pub(super) struct Specification<'a> {
    pub(super) root: &'a Value,
    source: &'a Source<'a>,
    pub(super) budget: usize,
    operations: Vec<(String, Map<String, Value>)>,
    names: BTreeMap<String, String>,
    diagnostics: Vec<Diagnostic>,
    beyond: usize,
}

impl<'a> Specification<'a> {
    fn check_version(&mut self) -> bool {
        let version = match self.root.get("openapi") {
            Some(Value::String(version)) => version.clone(),
            // `openapi: 3.0` without quotes is a number in YAML
            Some(Value::Number(version)) => version.to_string(),
            _ => String::new(),
        };
        if version.starts_with("3.") || version == "3" {
            return true;
        }
        if self.root.get("swagger").is_some() {
            self.error(&["swagger"], "specification-not-supported", "Swagger 2.0 is not read: expected OpenAPI 3");
        } else {
            self.error(&["openapi"], "specification-not-supported", "expected an OpenAPI 3 document (`openapi: 3.x`)");
        }
        false
    }

    fn paths(&mut self) {
        let paths = self.root.get("paths").and_then(Value::as_object);
        for (template, item) in paths.into_iter().flatten() {
            match self.reference(item, &["paths", template]) {
                Some(Value::Object(item)) => self.item(template, item),
                Some(_) => self.error(&["paths", template], "wrong-type", "expected an object with methods"),
                None => {}
            }
        }
        if self.operations.is_empty() && self.diagnostics.is_empty() {
            let file = self.source.origin.file.clone();
            let message = format!("`{file}` has no operations");
            self.error(&["paths"], "no-operations", message);
        }
    }

    fn item(&mut self, template: &str, item: &'a Map<String, Value>) {
        if !template.starts_with('/') {
            let message = format!("the path `{template}` does not begin with `/`");
            self.error(&["paths", template], "invalid-path", message);
        }
        for method in METHODS {
            let Some(value) = item.get(method) else { continue };
            let at = ["paths", template, method];
            let Some(body) = value.as_object() else {
                self.error(&at, "wrong-type", format!("expected an object that describes `{method} {template}`"));
                continue;
            };
            let shared = item.get("parameters").and_then(Value::as_array);
            let Some(name) = self.name(&at, body, template, method) else { continue };
            let properties = operation::properties(self, &operation::Written { at, shared, body });
            self.operations.push((name, properties));
        }
    }

    /// The operation's name, once it is known to be usable and not taken.
    fn name(&mut self, at: &[&str], body: &Map<String, Value>, template: &str, method: &str) -> Option<String> {
        let id_at: Vec<&str> = at.iter().copied().chain(["operationId"]).collect();
        let name = match body.get("operationId") {
            Some(Value::String(name)) => name.clone(),
            None => generated(method, template),
            Some(_) => {
                self.error(&id_at, "wrong-type", "expected a text as `operationId`");
                return None;
            }
        };
        if name.is_empty() || name.contains('/') || name.chars().any(char::is_control) {
            self.error(&id_at, "invalid-operation-id", format!("`{name}` cannot be the name of an operation"));
            return None;
        }
        if self.operations.len() >= MAX_OPERATIONS_PER_API {
            self.error(at, "too-many-operations", format!("more than {MAX_OPERATIONS_PER_API} operations"));
            return None;
        }
        let here = format!("{} {template}", method.to_uppercase());
        if let Some(other) = self.names.insert(name.to_ascii_lowercase(), here) {
            let message = format!("the operationId `{name}` is taken by `{other}`; operationIds do not differ by case");
            self.error(&id_at, "duplicate-operation-id", message);
            return None;
        }
        Some(name)
    }

    /// What `value` is or refers to; a reference that leads nowhere is an error at `at`.
    pub(super) fn reference(&mut self, value: &'a Value, at: &[&str]) -> Option<&'a Value> {
        match follow(self.root, value) {
            Ok(value) => Some(value),
            Err(Dangling::External(reference)) => {
                let message = format!("`{reference}` lies in another document; only local references are followed");
                self.error(at, "external-reference", message);
                None
            }
            Err(Dangling::Missing(reference)) => {
                self.error(at, "unresolved-reference", format!("`{reference}` refers to nothing"));
                None
            }
        }
    }

    /// Records an error at a place of the document.
    pub(super) fn error(&mut self, at: &[&str], code: &'static str, message: impl Into<String>) {
        if self.diagnostics.len() >= MAX_DIAGNOSTICS_PER_FILE {
            self.beyond += 1;
            return;
        }
        let position = locate::position(self.source.text, self.source.syntax, at);
        let diagnostic = Diagnostic::error(code, self.source.origin.file.clone(), message);
        self.diagnostics.push(placed(diagnostic, position));
    }

    fn finish(mut self) -> Found {
        if self.beyond > 0 {
            let message = format!("{} more errors in this file", self.beyond);
            self.diagnostics.push(Diagnostic::error("too-many-errors", self.source.origin.file.clone(), message));
        }
        Found { operations: self.operations, diagnostics: self.diagnostics }
    }
}

// As APIM names an imported operation without operationId: the method and the words of the path, joined by `-`.
fn generated(method: &str, template: &str) -> String {
    let words = template.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.fold(method.to_owned(), |name, word| name + "-" + &word.to_ascii_lowercase())
}
