//! A configuration folder in the Azure/apiops extractor layout, and ours for what it lacks, as one resource set. Reads no disk.
//!
//! Everything that is wrong is reported at once. A document that cannot be read is also recorded as a fault of the resource that
//! it belongs to ([`ResourceSet::fault`]), so that what is left of that resource is not taken for the whole.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::config::bounds::{MAX_FILE_BYTES, MAX_FILES};
use crate::config::contract::GRAPHQL_SCHEMA;
use crate::config::document::{self, Syntax};
use crate::config::locate;
use crate::config::resource::{Origin, Resource, ResourceId, ResourceSet};
use crate::diagnostic::Diagnostic;
use crate::span::{Position, Span};

mod layout;
mod operation;
mod secrets;
mod specification;
#[cfg(test)]
pub(super) mod tests;

use layout::{Kind, Place};

/// The files of a folder: path relative to its root with `/` between segments → content.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Files(pub BTreeMap<String, Bytes>);

/// What a folder says.
#[derive(Clone, Debug, Default)]
pub struct Read {
    /// The resources.
    pub set: ResourceSet,
    /// Everything that is wrong or worth knowing, the faults of `set` included, in the order of files.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a folder. Never fails: what is wrong is said, the rest is read.
#[must_use]
pub fn read(files: &Files) -> Read {
    let mut reading = Reading::default();
    if files.0.len() > MAX_FILES {
        let message = format!("the folder holds {} files, more than {MAX_FILES}", files.0.len());
        reading.report(&ResourceId::new(""), Diagnostic::error("too-many-files", "", message));
    }
    for (path, content) in files.0.iter().take(MAX_FILES) {
        reading.file(path, content);
    }
    reading.finish()
}

/// A text that has become known to belong to a resource.
struct Text {
    id: ResourceId,
    origin: Origin,
    text: Arc<str>,
}

#[derive(Default)]
struct Reading {
    set: ResourceSet,
    diagnostics: Vec<Diagnostic>,
    // What is put together once all files are known.
    lists: Vec<Text>,
    specifications: Vec<(Text, Syntax)>,
    operations: Vec<(Text, Map<String, Value>)>,
    attachments: Vec<(Text, &'static str)>,
    secrets: Vec<Text>,
    // The spelling of the first two segments of ids, to find folders that differ in nothing but case.
    spellings: BTreeMap<ResourceId, String>,
    unknown: BTreeSet<String>,
}

impl Reading {
    fn file(&mut self, path: &str, content: &Bytes) {
        match layout::classify(path) {
            Place::Known { id, kind } => {
                self.check_spelling(path, &id);
                if let Some(text) = self.text(path, content, &id) {
                    self.known(id, kind, text, path);
                }
            }
            Place::Workspace(name) => {
                let folder = format!("workspaces/{name}");
                if self.unknown.insert(folder.clone()) {
                    let message = format!("workspace `{name}` is not read: workspaces are not supported yet");
                    self.diagnostics.push(Diagnostic::warning("workspace-not-supported", folder, message));
                }
            }
            Place::Unknown { folder, help } => {
                if self.unknown.insert(folder.clone()) {
                    let message =
                        format!("`{folder}` has no place in the layout of a configuration folder; it is not read");
                    let mut note = Diagnostic::note("unknown-file", folder, message);
                    note.help = help;
                    self.diagnostics.push(note);
                }
            }
        }
    }

    fn check_spelling(&mut self, path: &str, id: &ResourceId) {
        let owner = owner(id);
        let spelled = self.spellings.entry(owner.clone()).or_insert_with(|| owner.as_str().to_owned()).clone();
        if spelled != owner.as_str() && !self.set.faults_of(&owner).iter().any(|fault| &*fault.code == "duplicate-id") {
            let message = format!("`{owner}` is there twice: also as `{spelled}`, and ids do not differ by case");
            self.report(&owner, Diagnostic::error("duplicate-id", path, message));
        }
    }

    fn text(&mut self, path: &str, content: &Bytes, id: &ResourceId) -> Option<Arc<str>> {
        if content.len() > MAX_FILE_BYTES {
            let message = format!("the file has {} bytes, more than {MAX_FILE_BYTES}", content.len());
            self.report(id, Diagnostic::error("file-too-large", path, message));
            return None;
        }
        match std::str::from_utf8(content) {
            Ok(text) => Some(Arc::from(text.strip_prefix('\u{feff}').unwrap_or(text))),
            Err(error) => {
                let before = content.get(..error.valid_up_to()).unwrap_or_default();
                let before = String::from_utf8_lossy(before);
                let diagnostic = Diagnostic::error("not-utf-8", path, document::not_utf8(content))
                    .at(&before, Span::new(before.len(), before.len()));
                self.report(id, diagnostic);
                None
            }
        }
    }

    fn known(&mut self, id: ResourceId, kind: Kind, text: Arc<str>, path: &str) {
        let origin = Origin { file: Arc::from(path), text: Some(text.clone()) };
        match kind {
            Kind::Information => {
                if let Some(properties) = self.information(&id, &origin, &text) {
                    self.insert(Resource { id, properties: Arc::new(properties), origin });
                }
            }
            Kind::Operation => {
                if let Some(properties) = self.information(&id, &origin, &text) {
                    self.operations.push((Text { id, origin, text }, properties));
                }
            }
            Kind::Policy => self.insert(Resource { id, properties: Arc::new(policy(&text)), origin }),
            Kind::Specification(syntax) => self.specifications.push((Text { id, origin, text }, syntax)),
            Kind::GraphQlSchema => {
                let contract = json!({ "contentType": GRAPHQL_SCHEMA, "document": { "value": &*text } });
                let properties = contract.as_object().cloned().unwrap_or_default();
                self.insert(Resource { id, properties: Arc::new(properties), origin });
            }
            Kind::ForeignSpecification => {
                let message =
                    "only OpenAPI 3 and GraphQL specifications are read; operations are not known from this file";
                self.diagnostics.push(Diagnostic::warning("specification-not-supported", path, message));
            }
            Kind::List => self.lists.push(Text { id, origin, text }),
            Kind::Attachment(property) => self.attachments.push((Text { id, origin, text }, property)),
            Kind::Secrets => self.secrets.push(Text { id, origin, text }),
            Kind::Pfx => {
                let message = "PKCS#12 files are not read";
                let help = "put the chain into `cert.pem` and the private key into `key.pem`, leaf first";
                self.diagnostics.push(Diagnostic::warning("pfx-not-supported", path, message).with_help(help));
            }
        }
    }

    /// The `properties` of an information file. A file that is an empty object has none: links are written so.
    fn information(&mut self, id: &ResourceId, origin: &Origin, text: &str) -> Option<Map<String, Value>> {
        let value = self.document(id, origin, text, Syntax::Json)?;
        let found = match value {
            Value::Object(mut members) => match members.remove("properties") {
                None => Some(Map::new()),
                Some(Value::Object(properties)) => Some(properties),
                Some(_) => None,
            },
            _ => None,
        };
        if found.is_none() {
            let at = locate::position(text, Syntax::Json, &["properties"]);
            let message = "expected an object with an object `properties`";
            self.report(id, placed(Diagnostic::error("wrong-type", origin.file.clone(), message), at));
        }
        found
    }

    /// An older list file: the names of linked resources.
    fn list(&mut self, collection: &ResourceId, origin: &Origin, text: &str) {
        let Some(value) = self.document(collection, origin, text, Syntax::Json) else { return };
        let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
        if !value.is_array() {
            let message = "expected a list of names";
            self.report(collection, Diagnostic::error("wrong-type", origin.file.clone(), message));
        }
        for (index, item) in items.iter().enumerate() {
            let name = item.as_str().or_else(|| item.get("name").and_then(Value::as_str));
            match name.filter(|name| !name.is_empty() && !name.contains('/')) {
                Some(name) => {
                    let id = collection.child(&layout::decoded(name));
                    // The same link may also stand in a folder of its own: both say the same.
                    if self.set.get(&id).is_none() {
                        self.insert(Resource { id, properties: Arc::default(), origin: origin.clone() });
                    }
                }
                None => {
                    let at = locate::position(text, Syntax::Json, &[&index.to_string()]);
                    let message = "expected a name, or an object with a `name`";
                    self.report(collection, placed(Diagnostic::error("wrong-type", origin.file.clone(), message), at));
                }
            }
        }
    }

    fn document(&mut self, id: &ResourceId, origin: &Origin, text: &str, syntax: Syntax) -> Option<Value> {
        match document::parse(text, syntax) {
            Ok(value) => Some(value),
            Err(error) => {
                let code = match syntax {
                    Syntax::Json => "invalid-json",
                    Syntax::Yaml => "invalid-yaml",
                };
                let message = format!("not {}: {}", syntax.name(), error.message);
                self.report(id, placed(Diagnostic::error(code, origin.file.clone(), message), error.position));
                None
            }
        }
    }

    fn insert(&mut self, resource: Resource) {
        let (id, file) = (resource.id.clone(), resource.origin.file.clone());
        if let Some(before) = self.set.insert(resource) {
            let message = format!("`{id}` is there twice: also in `{}`", before.origin.file);
            self.report(&id, Diagnostic::error("duplicate-id", file, message));
        }
    }

    fn report(&mut self, id: &ResourceId, diagnostic: Diagnostic) {
        if diagnostic.is_error() {
            self.set.fault(owner(id), diagnostic.clone());
        }
        self.diagnostics.push(diagnostic);
    }

    fn finish(mut self) -> Read {
        for Text { id, origin, text } in std::mem::take(&mut self.lists) {
            self.list(&id, &origin, &text);
        }
        self.specifications();
        self.operations();
        self.attachments();
        for Text { origin, text, .. } in std::mem::take(&mut self.secrets) {
            for diagnostic in secrets::apply(&mut self.set, &origin, &text) {
                self.report(&ResourceId::new(""), diagnostic);
            }
        }
        self.orphans();
        self.diagnostics.sort_by(|a, b| (&a.file, a.position).cmp(&(&b.file, b.position)));
        Read { set: self.set, diagnostics: self.diagnostics }
    }

    fn specifications(&mut self) {
        let mut read: BTreeMap<ResourceId, Arc<str>> = BTreeMap::new();
        for (Text { id, origin, text }, syntax) in std::mem::take(&mut self.specifications) {
            if let Some(other) = read.insert(id.clone(), origin.file.clone()) {
                let message = format!("`{id}` has two specifications: also `{other}`");
                self.report(&id, Diagnostic::error("duplicate-specification", origin.file, message));
                continue;
            }
            let Some(value) = self.document(&id, &origin, &text, syntax) else { continue };
            let found =
                specification::operations(&value, &specification::Source { origin: &origin, text: &text, syntax });
            for diagnostic in found.diagnostics {
                self.report(&id, diagnostic);
            }
            for (name, properties) in found.operations {
                let id = id.child(&format!("operations/{name}"));
                self.insert(Resource { id, properties: Arc::new(properties), origin: origin.clone() });
            }
        }
    }

    /// An `operationInformation.json` says more about an operation of the specification, or adds one.
    fn operations(&mut self) {
        for (Text { id, origin, .. }, properties) in std::mem::take(&mut self.operations) {
            let mut merged = self.set.get(&id).map(|resource| (*resource.properties).clone()).unwrap_or_default();
            merged.extend(properties);
            self.set.insert(Resource { id, properties: Arc::new(merged), origin });
        }
    }

    /// A fragment's `policy.xml` and a certificate's PEM files stand in the properties of their resource.
    fn attachments(&mut self) {
        for (Text { id, origin, text }, property) in std::mem::take(&mut self.attachments) {
            let before = self.set.get(&id);
            let mut properties = before.map(|resource| (*resource.properties).clone()).unwrap_or_default();
            properties.insert(property.to_owned(), Value::from(&*text));
            // The place of a fragment is the place of its document: that is where diagnostics point.
            let origin = match (property, before) {
                ("value", _) => {
                    properties.insert("format".to_owned(), Value::from("rawxml"));
                    origin
                }
                (_, Some(before)) => before.origin.clone(),
                // A private key must not travel as the text of an origin.
                (_, None) => Origin { file: origin.file, text: None },
            };
            self.set.insert(Resource { id, properties: Arc::new(properties), origin });
        }
    }

    /// Documents below a resource that has no document of its own.
    fn orphans(&mut self) {
        let mut orphans: BTreeMap<ResourceId, Arc<str>> = BTreeMap::new();
        for resource in self.set.iter().filter(|resource| resource.id.segments().count() > 2) {
            let owner = owner(&resource.id);
            let owner = ResourceId::new(&owner.segments().take(2).collect::<Vec<_>>().join("/"));
            if self.set.get(&owner).is_none() && self.set.faults_of(&owner).is_empty() {
                orphans.entry(owner).or_insert_with(|| resource.origin.file.clone());
            }
        }
        for (owner, file) in orphans {
            let expected = layout::information_file(&owner);
            let message = format!("`{owner}` has documents, but not its own: `{expected}` is missing");
            self.report(&owner, Diagnostic::error("missing-document", file, message));
        }
    }
}

fn policy(text: &str) -> Map<String, Value> {
    let mut properties = Map::new();
    properties.insert("format".to_owned(), Value::from("rawxml"));
    properties.insert("value".to_owned(), Value::from(text));
    properties
}

/// The resource that is refused when a document of `id` is broken.
fn owner(id: &ResourceId) -> ResourceId {
    let segments: Vec<&str> = id.segments().collect();
    let kept = match segments.as_slice() {
        // A host name that is in error takes neither the gateway nor its other host names with it.
        ["gateways", _, "hostnameConfigurations" | "certificateAuthorities", _, ..] => 4,
        _ => 2,
    };
    ResourceId::new(&segments.into_iter().take(kept).collect::<Vec<_>>().join("/"))
}

fn placed(diagnostic: Diagnostic, position: Option<Position>) -> Diagnostic {
    match position {
        Some(position) => diagnostic.at_position(position),
        None => diagnostic,
    }
}
