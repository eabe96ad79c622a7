//! Schemas of XML Schema 1.0: compiled when the configuration loads, over the schema entities of an API alone. Reads no file and asks no
//! network.
//!
//! The library behind it keeps every name that it has seen in the compiled schema, so documents with names of their own would fill the
//! memory, and a compiled schema serves one thread at a time. So there are a few of each, and one that has grown is compiled again.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use xsd_schema::validation::{
    SchemaValidator, ValidationError, ValidationFlags, ValidationSink, ValidationWarning, drive_quick_xml,
};
use xsd_schema::xml::ParseLimits;
use xsd_schema::{
    EmbeddedLoader, LoaderChain, LocationRequest, SchemaError, SchemaLoader, SchemaResolver, SchemaResult, SchemaSet,
    SchemaSetBuilder,
};

use crate::expr::xml::{Blanks, Part, Reading, Root, read};
use crate::limits::shards::lock;
use crate::policy::schema::{FINDINGS_MAX, shortened};

/// The deepest nesting of a document.
const DEPTH_MAX: usize = 256;

/// The most nodes of a document, attributes included.
const NODES_MAX: usize = 1_000_000;

/// The most attributes of an element.
const ATTRIBUTES_MAX: usize = 256;

/// The most compiled schemas that wait for the next document.
const READY_MAX: usize = 8;

/// What a compiled schema may learn of names before it is compiled again, in bytes.
const GROWTH_BYTES_MAX: usize = 1 << 20;

/// The most nodes of a schema whose target namespace is looked for.
const SCHEMA_NODES_MAX: usize = 200_000;

/// Where the schema entities stand for each other.
const FOLDER: &str = "/schemas/";

/// A namespace that every document may import without a schema for it.
const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// The texts of the schema entities of an API that are XML, by lower-case id, and which of them is for which namespace.
#[derive(Clone, Debug, Default)]
pub(super) struct Library {
    texts: Arc<BTreeMap<String, Arc<str>>>,
    namespaces: Arc<BTreeMap<Arc<str>, String>>,
}

/// A schema with all that it includes and imports.
pub struct XmlSchema {
    library: Library,
    id: String,
    ready: Mutex<Vec<Ready>>,
}

/// A compiled schema, and how many bytes of names it had when it was new.
struct Ready {
    set: SchemaSet,
    names_bytes: usize,
}

impl fmt::Debug for XmlSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("XmlSchema").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Library {
    /// The library of these texts; where two are for one namespace, imports get the first one.
    pub(super) fn new(texts: BTreeMap<String, Arc<str>>) -> Self {
        let mut namespaces = BTreeMap::new();
        for (id, text) in &texts {
            if let Some(namespace) = target_namespace(text) {
                namespaces.entry(namespace).or_insert_with(|| id.clone());
            }
        }
        Self { texts: Arc::new(texts), namespaces: Arc::new(namespaces) }
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.texts.contains_key(id)
    }

    // The entity that a location means: its last segment names it, with or without `.xsd`.
    fn id_of(&self, location: &str) -> Option<String> {
        let last =
            location.split(['?', '#']).next().unwrap_or("").rsplit('/').next().unwrap_or("").to_ascii_lowercase();
        let plain = last.strip_suffix(".xsd").map(str::to_owned);
        [Some(last), plain].into_iter().flatten().find(|id| self.has(id))
    }

    fn compile(&self, id: &str) -> Result<SchemaSet, String> {
        let mut chain = LoaderChain::new();
        chain.add(Box::new(EmbeddedLoader::new()));
        chain.add(Box::new(self.clone()));
        let mut builder = SchemaSetBuilder::with_loader(Box::new(chain));
        let library = self.clone();
        builder.set_location_rewriter(move |request: &LocationRequest<'_>, _: &SchemaResolver| {
            if request.location.starts_with("embedded:") {
                return None;
            }
            let by_namespace = || library.namespaces.get(request.namespace?).cloned();
            library.id_of(request.location).or_else(by_namespace).map(|id| format!("{FOLDER}{id}"))
        });
        // What a schema imports without saying where is found by its namespace.
        for (namespace, other) in self.imported(id) {
            if self.has(&other) {
                builder.try_add(&format!("{FOLDER}{other}")).map_err(|error| told(&namespace, &error))?;
            }
        }
        builder.try_add(&format!("{FOLDER}{id}")).map_err(|error| told(id, &error))?;
        let compiled = builder.compile().map_err(|error| told(id, &error))?;
        for failure in compiled.directive_failures() {
            let namespace = failure.namespace().unwrap_or("");
            if !failure.namespace_supplied() && namespace != INSTANCE {
                let what = failure.schema_location().unwrap_or(namespace);
                return Err(format!("`{}` is no schema of the API", shortened(what)));
            }
        }
        let set = compiled.into_schema_set();
        // What XSD 1.0 lets pass until a document needs it.
        let elements = set.arenas.elements.values().filter_map(|element| element.deferred_type_error.as_ref());
        let types = set.arenas.simple_types.values().filter_map(|of| of.deferred_item_type_error.as_ref());
        match elements.chain(types).next() {
            Some(missing) => Err(shortened(&format!("{id}: {}", missing.message))),
            None => Ok(set),
        }
    }

    // Namespaces that a schema, and what those need, imports without a location, with the entities for them.
    fn imported(&self, id: &str) -> Vec<(String, String)> {
        let mut found: Vec<(String, String)> = Vec::new();
        let mut left = vec![id.to_owned()];
        let mut seen = vec![id.to_owned()];
        while let Some(id) = left.pop() {
            let Some(text) = self.texts.get(&id) else { continue };
            for (element, namespace, location) in directives(text) {
                let target = match &location {
                    Some(location) => self.id_of(location),
                    None => None,
                };
                let by_namespace = || self.namespaces.get(namespace.as_str()).cloned();
                let Some(target) = target.or_else(by_namespace) else { continue };
                if element == "import" && location.is_none() && !found.iter().any(|(_, known)| *known == target) {
                    found.push((namespace, target.clone()));
                }
                if !seen.contains(&target) {
                    seen.push(target.clone());
                    left.push(target);
                }
            }
        }
        found.retain(|(_, other)| other != id);
        found
    }
}

fn told(what: &str, error: &SchemaError) -> String {
    let message = error.to_string().replace(FOLDER, "");
    shortened(&format!("{what}: {message}"))
}

fn root(text: &Arc<str>) -> Option<crate::expr::xml::XNode> {
    let reading = Reading { root: Root::Element, blanks: Blanks::Dropped, nodes_max: SCHEMA_NODES_MAX };
    read(text, reading).ok().map(|(root, _)| root)
}

fn attribute(node: &crate::expr::xml::XNode, name: &str) -> Option<String> {
    node.attribute(&crate::expr::xml::Name::local(name))?.value(usize::MAX)
}

fn target_namespace(text: &Arc<str>) -> Option<Arc<str>> {
    attribute(&root(text)?, "targetNamespace").map(Arc::from)
}

// The includes and imports of a schema: which, namespace, location.
fn directives(text: &Arc<str>) -> Vec<(String, String, Option<String>)> {
    let Some(root) = root(text) else { return Vec::new() };
    let elements = root.each(Part::Content).filter_map(|node| Some((node.name()?.local.to_string(), node)));
    let directives = elements.filter(|(name, _)| matches!(name.as_str(), "include" | "import" | "redefine"));
    directives
        .map(|(name, node)| {
            let namespace = attribute(&node, "namespace").unwrap_or_default();
            (name, namespace, attribute(&node, "schemaLocation"))
        })
        .collect()
}

impl SchemaLoader for Library {
    fn load(&self, location: &str) -> SchemaResult<String> {
        let found = location.strip_prefix(FOLDER).and_then(|id| self.texts.get(id));
        found.map(|text| text.to_string()).ok_or_else(|| SchemaError::resolution("no schema of the API"))
    }

    fn can_load(&self, _location: &str) -> bool {
        true
    }
}

/// Keeps the first findings.
struct Sink<'f> {
    found: &'f mut Vec<String>,
}

impl ValidationSink for Sink<'_> {
    fn on_error(&mut self, error: ValidationError) {
        if self.found.len() >= FINDINGS_MAX {
            return;
        }
        let message = shortened(error.message.trim_end_matches('.'));
        self.found.push(match error.instance_path() {
            Some(path) => format!("{message}. Path: {}.", shortened(&plain(&path.to_string()))),
            None => format!("{message}."),
        });
    }

    fn on_warning(&mut self, _warning: ValidationWarning) {}
}

// `/order/item[2]` of `/Q{urn:o}order[1]/Q{}item[2]`.
fn plain(path: &str) -> String {
    let mut plain = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once("Q{") {
        plain.push_str(before);
        rest = after.split_once('}').map_or("", |(_, name)| name);
    }
    plain.push_str(rest);
    plain.replace("[1]", "")
}

impl XmlSchema {
    /// Compiles the entity `id` of the library.
    ///
    /// # Errors
    /// Why it does not compile.
    pub(super) fn compile(library: &Library, id: &str) -> Result<Self, String> {
        let schema = Self { library: library.clone(), id: id.to_owned(), ready: Mutex::default() };
        let ready = schema.ready()?;
        lock(&schema.ready).push(ready);
        Ok(schema)
    }

    fn ready(&self) -> Result<Ready, String> {
        let compiled = catch_unwind(AssertUnwindSafe(|| self.library.compile(&self.id)));
        let set = compiled.unwrap_or_else(|_| Err("the schema is beyond what the gateway can compile".to_owned()))?;
        let names_bytes = set.name_table.heap_bytes();
        Ok(Ready { set, names_bytes })
    }

    /// What is wrong with a document, in words; its root must be an element that the schema declares.
    ///
    /// # Errors
    /// It is not XML, or too large.
    pub fn findings(&self, document: &str) -> Result<Vec<String>, String> {
        let waiting = lock(&self.ready).pop();
        let ready = match waiting {
            Some(ready) => ready,
            None => self.ready()?,
        };
        let judged = catch_unwind(AssertUnwindSafe(|| judge(&ready.set, document)));
        // One that broke in the middle is not used again.
        let judged = judged.unwrap_or_else(|_| Err("the content cannot be held against the schema".to_owned()));
        let has_grown = ready.set.name_table.heap_bytes().saturating_sub(ready.names_bytes) > GROWTH_BYTES_MAX;
        if judged.is_ok() && !has_grown {
            let mut waiting = lock(&self.ready);
            if waiting.len() < READY_MAX {
                waiting.push(ready);
            }
        }
        judged
    }
}

fn judge(set: &SchemaSet, document: &str) -> Result<Vec<String>, String> {
    let flags = ValidationFlags::default() & !ValidationFlags::BUILD_PSVI_TYPED_VALUES;
    let validator = SchemaValidator::new(set, flags);
    let mut found = Vec::new();
    let mut runtime = validator.start_run(Sink { found: &mut found });
    let limits =
        ParseLimits::none().with_max_depth(DEPTH_MAX).with_max_nodes(NODES_MAX).with_max_attributes(ATTRIBUTES_MAX);
    runtime.set_parse_limits(limits);
    let driven = drive_quick_xml(document.as_bytes(), &mut runtime, set);
    drop(runtime);
    match driven {
        Ok(_) => Ok(found),
        Err(error) => Err(shortened(&error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const XS: &str = "xmlns:xs='http://www.w3.org/2001/XMLSchema'";

    fn library(texts: &[(&str, &str)]) -> Library {
        let text = |inner: &str| Arc::from(format!("<xs:schema {XS} {inner}</xs:schema>"));
        Library::new(texts.iter().map(|(id, inner)| ((*id).to_owned(), text(inner))).collect())
    }

    fn compiled(texts: &[(&str, &str)]) -> Result<XmlSchema, String> {
        XmlSchema::compile(&library(texts), "main")
    }

    #[test]
    fn documents_are_judged() {
        let schema = compiled(&[(
            "main",
            "targetNamespace='urn:m' elementFormDefault='qualified'><xs:element name='r'><xs:complexType><xs:sequence>\
            <xs:element name='i' maxOccurs='unbounded' type='xs:int'/></xs:sequence></xs:complexType></xs:element>",
        )])
        .unwrap();
        let document = |inner: &str| schema.findings(&format!("<r xmlns='urn:m'>{inner}</r>"));
        assert_eq!(document("<i>1</i><i>2</i>"), Ok(Vec::new()));
        let found = document("<i>1</i><i>x</i><j/>").unwrap();
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].ends_with("Path: /r/i[2]."), "{found:?}");
        assert!(document("<i>").is_err());
        assert_eq!(schema.findings("<other/>").map(|found| found.len()), Ok(1));
    }

    #[test]
    fn schemas_find_each_other_and_nothing_else() {
        let other = (
            "types",
            "targetNamespace='urn:t'><xs:simpleType name='T'><xs:restriction base='xs:string'/></xs:simpleType>",
        );
        let by = |import: &str| {
            compiled(&[("main", &format!("xmlns:t='urn:t'>{import}<xs:element name='r' type='t:T'/>")), other])
        };
        for import in [
            "<xs:import namespace='urn:t'/>",
            "<xs:import namespace='urn:t' schemaLocation='types.xsd'/>",
            "<xs:import namespace='urn:t' schemaLocation='/schemas/Types'/>",
            "<xs:import namespace='urn:t' schemaLocation='http://schemas.example/a/unknown.xsd'/>",
        ] {
            let schema = by(import).unwrap();
            assert_eq!(schema.findings("<r>x</r>"), Ok(Vec::new()), "{import}");
        }
        let nowhere =
            by("<xs:import namespace='urn:x' schemaLocation='file:///etc/passwd'/><xs:import namespace='urn:t'/>");
        assert_eq!(nowhere.unwrap_err(), "`file:///etc/passwd` is no schema of the API");
        assert!(by("").unwrap_err().contains("urn:t"));
        assert!(compiled(&[("main", "><xs:include schemaLocation='main'/><xs:element name='r'/>")]).is_ok());
        assert!(compiled(&[("main", "><xs:element name='r' type='none'/>")]).unwrap_err().contains("none"));
        assert!(compiled(&[("main", "><xs:elment name='r'/>")]).unwrap_err().contains("elment"));
    }

    #[test]
    fn hostile_documents_and_schemas_are_bounded() {
        let schema = compiled(&[("main", "><xs:element name='r'><xs:complexType><xs:sequence>\
            <xs:any minOccurs='0' maxOccurs='unbounded' processContents='skip'/></xs:sequence></xs:complexType></xs:element>")])
            .unwrap();
        let deep = format!("<r>{}{}</r>", "<a>".repeat(300), "</a>".repeat(300));
        assert!(schema.findings(&deep).is_err());
        let bomb = "<!DOCTYPE r [<!ENTITY a 'x'><!ENTITY b '&a;&a;'>]><r>&b;</r>";
        assert!(schema.findings(bomb).is_err());
        // Names that documents bring do not stay for ever.
        for turn in 0..40 {
            let names: String = (0..1_000).map(|n| format!("<n{turn}-{n}-{}/>", "x".repeat(50))).collect();
            assert_eq!(schema.findings(&format!("<r>{names}</r>")), Ok(Vec::new()));
        }
        let held: usize = lock(&schema.ready).iter().map(|ready| ready.set.name_table.heap_bytes()).sum();
        assert!(held < 2 * GROWTH_BYTES_MAX + 100_000, "{held}");
        let nested = format!(
            "><xs:element name='r'><xs:complexType>{}{}</xs:complexType></xs:element>",
            "<xs:sequence>".repeat(200),
            "</xs:sequence>".repeat(200)
        );
        assert!(compiled(&[("main", &nested)]).is_err());
    }
}
