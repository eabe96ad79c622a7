//! Schemas of an API, JSON Schemas above all: found by name, compiled once, kept. Fetches nothing.
//!
//! Compiled for the policies that look at them, when the configuration loads: most operations have schemas that no policy looks at.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex};

use jsonschema::{PatternOptions, Validator};
use serde_json::{Map, Value, json};

use crate::config::contract::{DEFINITIONS, SchemaDocument, SchemaName};
use crate::http::percent::{Keep, decode, encode};
use crate::limits::shards::lock;
use crate::policy::graphql;
use crate::policy::xsd::{Library, XmlSchema};

/// The findings about one text that are told.
pub const FINDINGS_MAX: usize = 10;

/// Characters of one finding: what a message quotes of the content can be long.
pub const FINDING_CHARS_MAX: usize = 400;

/// Steps back that one pattern may take in one text.
const BACKTRACKS_MAX: usize = 100_000;

/// Bytes that one compiled pattern may take.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// Nesting of schemas that is walked; what lies deeper is taken as written.
const DEPTH_MAX: usize = 64;

/// Nesting in which references are looked for: deeper than the readers of documents let any be.
const WALK_DEPTH_MAX: usize = 256;

/// The schemas of an API.
#[derive(Default)]
pub struct SchemaSet {
    documents: BTreeMap<String, Arc<Value>>,
    graphql: Option<Arc<graphql::Schema>>,
    // INVARIANT: bounded by the configuration: its keys are what operations declare and what policies name literally.
    compiled: Mutex<BTreeMap<Key, Compiled>>,
    library: Library,
    // INVARIANT: as `compiled`.
    compiled_xml: Mutex<BTreeMap<String, CompiledXml>>,
}

/// A compiled schema, or why it does not compile.
pub type Compiled = Result<Arc<Validator>, Arc<str>>;

/// The same of XML Schema.
type CompiledXml = Result<Arc<XmlSchema>, Arc<str>>;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    place: SchemaPlace,
    variant: Variant,
}

/// Which schema.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SchemaPlace {
    /// A definition of an entity.
    Named(SchemaName),
    /// A place in an entity, as a JSON pointer; empty means the whole document.
    Pointed {
        /// The id of the entity, in lower case.
        document: String,
        /// The pointer.
        pointer: String,
    },
    /// The one that an operation has written in it.
    Inline {
        /// The id of the operation.
        operation: String,
        /// Its place there, as in `request/0`.
        at: String,
    },
}

/// What a policy changes of a schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Variant {
    /// Whether properties that no schema names are allowed, whatever it says.
    pub additional: Option<bool>,
    /// How names of properties are compared.
    pub names: NameCase,
}

/// How names of properties are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameCase {
    /// As they are.
    #[default]
    Exact,
    /// Without regard to case.
    Ignored,
}

/// Why there is no schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// There is no such entity.
    Document,
    /// It has no definitions.
    Definitions,
    /// It has no such definition.
    Definition,
    /// It cannot be compiled, for this reason.
    Broken(Arc<str>),
}

impl fmt::Debug for SchemaSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SchemaSet").field("documents", &self.documents.keys()).finish_non_exhaustive()
    }
}

impl SchemaSet {
    /// The set of these entities; a later one replaces an earlier one of the same id.
    pub fn new<'d>(documents: impl Iterator<Item = &'d SchemaDocument>) -> Self {
        let documents: BTreeMap<String, Arc<Value>> =
            documents.map(|document| (document.id.clone(), Arc::clone(&document.document))).collect();
        let texts = documents.iter().filter_map(|(id, document)| Some((id.clone(), Arc::from(xml_of(document)?))));
        let library = Library::new(texts.collect());
        Self { documents, library, ..Self::default() }
    }

    /// The same with the schema of a GraphQL API.
    #[must_use]
    pub fn with_graphql(self, schema: Option<graphql::Schema>) -> Self {
        Self { graphql: schema.map(Arc::new), ..self }
    }

    /// The schema of a GraphQL API.
    #[must_use]
    pub const fn graphql(&self) -> Option<&Arc<graphql::Schema>> {
        self.graphql.as_ref()
    }

    /// The compiled schema at `place`; `inline` is it when it is written in an operation.
    ///
    /// # Errors
    /// There is none, or it cannot be compiled.
    pub fn get(&self, place: SchemaPlace, variant: Variant, inline: Option<&Value>) -> Result<Arc<Validator>, Missing> {
        let key = Key { place, variant };
        let known = lock(&self.compiled).get(&key).cloned();
        let compiled = match known {
            Some(compiled) => compiled,
            None => {
                let compiled = compile(&self.source(&key.place, inline)?, variant);
                let mut held = lock(&self.compiled);
                held.entry(key).or_insert(compiled).clone()
            }
        };
        compiled.map_err(Missing::Broken)
    }

    /// The compiled XML Schema that is the entity `id`, in lower case.
    ///
    /// # Errors
    /// There is none, or it cannot be compiled.
    pub fn xml(&self, id: &str) -> Result<Arc<XmlSchema>, Missing> {
        if !self.library.has(id) {
            return Err(Missing::Document);
        }
        let known = lock(&self.compiled_xml).get(id).cloned();
        let compiled = match known {
            Some(compiled) => compiled,
            None => {
                let compiled = XmlSchema::compile(&self.library, id).map(Arc::new).map_err(Arc::from);
                lock(&self.compiled_xml).entry(id.to_owned()).or_insert(compiled).clone()
            }
        };
        compiled.map_err(Missing::Broken)
    }

    fn source(&self, place: &SchemaPlace, inline: Option<&Value>) -> Result<Value, Missing> {
        match place {
            SchemaPlace::Inline { .. } => inline.cloned().ok_or(Missing::Document),
            SchemaPlace::Pointed { document, pointer } => {
                let document = self.documents.get(document).ok_or(Missing::Document)?;
                if pointer.is_empty() {
                    return Ok(Value::clone(document));
                }
                document.pointer(pointer).ok_or(Missing::Definition)?;
                Ok(rooted(document, pointer))
            }
            SchemaPlace::Named(SchemaName { document, definition }) => {
                let document = self.documents.get(document).ok_or(Missing::Document)?;
                let mut tables = DEFINITIONS.iter().filter(|table| document.pointer(table).is_some()).peekable();
                tables.peek().ok_or(Missing::Definitions)?;
                let escaped = definition.replace('~', "~0").replace('/', "~1");
                let pointers = tables.map(|table| format!("{table}/{escaped}"));
                let mut there = pointers.filter(|pointer| document.pointer(pointer).is_some());
                Ok(rooted(document, &there.next().ok_or(Missing::Definition)?))
            }
        }
    }
}

// The text of an entity that is XML.
fn xml_of(document: &Value) -> Option<&str> {
    document.as_str().filter(|text| text.trim_start_matches('\u{feff}').trim_start().starts_with('<'))
}

/// A reference to one place of `document`, and of its definitions those that are reached from there: each compiled schema keeps
/// what it was compiled from.
fn rooted(document: &Value, pointer: &str) -> Value {
    let mut root = Map::new();
    let mut open = vec![pointer.to_owned()];
    let mut reached = BTreeSet::new();
    while let Some(pointer) = open.pop() {
        let Some(place) = definition_of(&pointer) else {
            // It leads to another place: all of the document may be needed.
            root = document.as_object().cloned().unwrap_or_default();
            break;
        };
        let Some(schema) = document.pointer(place).filter(|_| reached.insert(place.to_owned())) else { continue };
        references(schema, 0, &mut open);
        put(&mut root, place, schema);
    }
    // A pointer in a reference is a URI fragment.
    let fragment = pointer.split('/').map(|name| encode(name, Keep::Segment)).collect::<Vec<_>>().join("/");
    root.insert("$ref".to_owned(), Value::from(format!("#{fragment}")));
    Value::Object(root)
}

// `/definitions/Order` of `/definitions/Order/properties/id`; `None` for what is in no table of definitions.
fn definition_of(pointer: &str) -> Option<&str> {
    let table = DEFINITIONS
        .iter()
        .find(|table| pointer.strip_prefix(**table).is_some_and(|rest| rest.starts_with('/') && rest.len() > 1))?;
    let name = pointer.get(table.len() + 1..)?;
    let end = name.find('/').unwrap_or(name.len());
    pointer.get(..table.len() + 1 + end)
}

// The local references in a schema, as pointers.
fn references(schema: &Value, depth: usize, found: &mut Vec<String>) {
    if depth > WALK_DEPTH_MAX {
        return;
    }
    match schema {
        Value::Object(members) => {
            if let Some(pointer) = members.get("$ref").and_then(Value::as_str).and_then(|to| to.strip_prefix('#')) {
                found.push(decode(pointer).into_owned());
            }
            members.values().for_each(|member| references(member, depth + 1, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, depth + 1, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

// Puts a definition where it stood: a table of definitions is at most two names deep.
fn put(root: &mut Map<String, Value>, place: &str, schema: &Value) {
    let names: Vec<String> = place.split('/').skip(1).map(|name| name.replace("~1", "/").replace("~0", "~")).collect();
    let Some((last, tables)) = names.split_last() else { return };
    let mut table = root;
    for name in tables {
        let inner = table.entry(name.clone()).or_insert_with(|| Value::Object(Map::new()));
        let Value::Object(inner) = inner else { return };
        table = inner;
    }
    table.insert(last.clone(), schema.clone());
}

fn compile(source: &Value, variant: Variant) -> Compiled {
    let schema = schema(source, variant, 0);
    let patterns = PatternOptions::fancy_regex().backtrack_limit(BACKTRACKS_MAX).size_limit(PATTERN_BYTES_MAX);
    // Decision: formats count, which the specification leaves open.
    let options = jsonschema::options().should_validate_formats(true).with_pattern_options(patterns).offline();
    let built = options.build(&schema);
    built.map(Arc::new).map_err(|error| Arc::from(shortened(&error.to_string())))
}

/// The findings about `instance`, in words.
#[must_use]
pub fn findings(validator: &Validator, instance: &Value) -> Vec<String> {
    let found = validator.iter_errors(instance).take(FINDINGS_MAX);
    let told = found.map(|error| {
        let message = shortened(&error.to_string());
        match error.instance_path().as_str() {
            "" => format!("{message}."),
            path => format!("{message}. Path: {path}."),
        }
    });
    told.collect()
}

/// The same text, cut where it is too long to be told.
#[must_use]
pub fn shortened(text: &str) -> String {
    let mut kept: String = text.chars().take(FINDING_CHARS_MAX).collect();
    if kept.len() < text.len() {
        kept.push('…');
    }
    kept
}

/// The same value with the names of all members in lower case.
#[must_use]
pub fn lowered(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            members.into_iter().map(|(name, member)| (name.to_lowercase(), lowered(member))).collect()
        }
        Value::Array(items) => items.into_iter().map(lowered).collect(),
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => plain,
    }
}

// OpenAPI 3.0 writes two things in its own way (`nullable`, and limits that are excluded by a switch); the rest is JSON Schema.
fn schema(source: &Value, variant: Variant, depth: usize) -> Value {
    let Value::Object(members) = source else { return source.clone() };
    if depth > DEPTH_MAX {
        return source.clone();
    }
    let mut made = Map::new();
    for (name, member) in members {
        made.insert(name.clone(), keyword(name, member, variant, depth));
    }
    exclude(&mut made, "exclusiveMinimum", "minimum");
    exclude(&mut made, "exclusiveMaximum", "maximum");
    allow_null(&mut made);
    if let Some(allowed) = variant.additional
        && (members.contains_key("properties") || members.contains_key("additionalProperties"))
    {
        made.insert("additionalProperties".to_owned(), Value::Bool(allowed));
    }
    Value::Object(made)
}

fn keyword(name: &str, member: &Value, variant: Variant, depth: usize) -> Value {
    let inner = |value: &Value| schema(value, variant, depth + 1);
    match (name, member) {
        ("properties", Value::Object(table)) => {
            let named = |name: &String| match variant.names {
                NameCase::Exact => name.clone(),
                NameCase::Ignored => name.to_lowercase(),
            };
            table.iter().map(|(name, value)| (named(name), inner(value))).collect()
        }
        ("patternProperties" | "definitions" | "$defs" | "dependentSchemas" | "schemas", Value::Object(table)) => {
            table.iter().map(|(name, value)| (name.clone(), inner(value))).collect()
        }
        ("required", Value::Array(names)) if variant.names == NameCase::Ignored => names
            .iter()
            .map(|name| name.as_str().map_or_else(|| name.clone(), |name| json!(name.to_lowercase())))
            .collect(),
        ("allOf" | "anyOf" | "oneOf" | "prefixItems" | "items", Value::Array(list)) => list.iter().map(inner).collect(),
        (
            "items"
            | "additionalProperties"
            | "not"
            | "if"
            | "then"
            | "else"
            | "contains"
            | "propertyNames"
            | "unevaluatedProperties"
            | "unevaluatedItems"
            | "components",
            Value::Object(_),
        ) => inner(member),
        _ => member.clone(),
    }
}

fn exclude(schema: &mut Map<String, Value>, switch: &str, limit: &str) {
    let Some(excluded) = schema.get(switch).and_then(Value::as_bool) else { return };
    schema.remove(switch);
    if excluded && let Some(value) = schema.remove(limit) {
        schema.insert(switch.to_owned(), value);
    }
}

fn allow_null(schema: &mut Map<String, Value>) {
    if schema.remove("nullable") != Some(Value::Bool(true)) {
        return;
    }
    if let Some(Value::String(kind)) = schema.get("type") {
        let kinds = json!([kind, "null"]);
        schema.insert("type".to_owned(), kinds);
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum")
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> SchemaSet {
        let document = json!({"components": {"schemas": {
            "Node": {"type": "object", "required": ["Id"], "additionalProperties": false, "properties": {
                "Id": {"type": "integer", "minimum": 0, "exclusiveMinimum": true},
                "note": {"type": "string", "nullable": true, "enum": ["a"]},
                "next": {"$ref": "#/components/schemas/Node"},
                "nullable": {"type": "boolean"},
            }},
            "a/b c": {"type": "string"},
            "far": {"$ref": "https://schemas.example/x.json"},
        }}});
        let documents =
            [SchemaDocument { id: "s".to_owned(), content_type: String::new(), document: Arc::new(document) }];
        SchemaSet::new(documents.iter())
    }

    fn named(definition: &str) -> SchemaPlace {
        SchemaPlace::Named(SchemaName { document: "s".to_owned(), definition: definition.to_owned() })
    }

    #[test]
    fn openapi_is_read_as_json_schema() {
        let set = set();
        let node = set.get(named("Node"), Variant::default(), None).unwrap();
        let cases = [
            (json!({"Id": 1, "note": null, "next": {"Id": 2}, "nullable": true}), true),
            (json!({"Id": 0}), false),
            (json!({"Id": 1, "note": "b"}), false),
            (json!({"Id": 1, "next": {"Id": 2, "next": {}}}), false),
            (json!({"Id": 1, "more": 1}), false),
            (json!({"id": 1}), false),
        ];
        for (instance, is_valid) in cases {
            assert_eq!(findings(&node, &instance).is_empty(), is_valid, "{instance}");
        }
        assert!(set.get(named("a/b c"), Variant::default(), None).unwrap().is_valid(&json!("x")));
    }

    #[test]
    fn a_schema_of_an_operation_may_refer_to_itself() {
        let node = json!({"type": "object", "required": ["id"], "properties": {"next": {"$ref": "#/definitions/0"}}});
        let mut inline = node.clone();
        inline["definitions"] = json!({"0": node});
        let place = SchemaPlace::Inline { operation: "op".to_owned(), at: "request/0".to_owned() };
        let validator = set().get(place, Variant::default(), Some(&inline)).unwrap();
        assert!(validator.is_valid(&json!({"id": 1, "next": {"id": 2, "next": {"id": 3}}})));
        assert!(!validator.is_valid(&json!({"id": 1, "next": {"id": 2, "next": {}}})));
    }

    #[test]
    fn policies_change_schemas() {
        let set = set();
        let variant = Variant { additional: Some(true), names: NameCase::Ignored };
        let node = set.get(named("Node"), variant, None).unwrap();
        assert!(node.is_valid(&lowered(json!({"ID": 1, "More": 1}))));
        assert!(!node.is_valid(&lowered(json!({"More": 1}))));
        assert!(set.get(named("Node"), Variant::default(), None).is_ok_and(|node| !node.is_valid(&json!({"id": 1}))));
    }

    #[test]
    fn only_what_is_reached_is_kept() {
        let document = json!({
            "components": {"schemas": {
                "A": {"properties": {"b": {"$ref": "#/components/schemas/B%20b"}}}, "B b": {"items": {"$ref": "#/definitions/C~1c"}}, "X": {},
            }},
            "definitions": {"C/c": {"$ref": "#/components/schemas/A/properties/b"}, "Y": {}},
        });
        let mut kept = rooted(&document, "/components/schemas/A");
        assert_eq!(kept.as_object_mut().and_then(|root| root.remove("$ref")), Some(json!("#/components/schemas/A")));
        let mut expected = document.clone();
        for (table, name) in [("/components/schemas", "X"), ("/definitions", "Y")] {
            expected.pointer_mut(table).and_then(Value::as_object_mut).unwrap().remove(name);
        }
        assert_eq!(kept, expected);
        let elsewhere = json!({"definitions": {"A": {"$ref": "#/other"}}, "other": {"type": "null"}});
        assert!(rooted(&elsewhere, "/definitions/A").get("other").is_some());
    }

    #[test]
    fn what_is_missing_is_named() {
        let set = set();
        let missing = |place| set.get(place, Variant::default(), None).unwrap_err();
        assert_eq!(missing(named("None")), Missing::Definition);
        let elsewhere = SchemaName { document: "t".to_owned(), definition: "Node".to_owned() };
        assert_eq!(missing(SchemaPlace::Named(elsewhere)), Missing::Document);
        assert!(matches!(missing(named("far")), Missing::Broken(_)));
        let pointed = |pointer: &str| SchemaPlace::Pointed { document: "s".to_owned(), pointer: pointer.to_owned() };
        assert_eq!(missing(pointed("/nothing")), Missing::Definition);
        assert!(set.get(pointed("/components/schemas/Node"), Variant::default(), None).is_ok());
    }
}
