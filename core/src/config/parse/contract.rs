//! What operations declare of their messages, and schema entities, from their documents. Checks no schema.

use std::sync::Arc;

use serde_json::Value;

use crate::config::bounds::MAX_SCHEMA_NODES;
use crate::config::contract::{
    DEFINITIONS, Need, OperationResponse, Parameter, Representation, RequestContract, SchemaDocument, SchemaName,
};
use crate::config::parse::properties::Properties;
use crate::config::resource::{Resource, ResourceId, ResourceSet};
use crate::config::schema::resolve;

/// The schema entities below `parent`, in the order of their ids.
pub(super) fn schemas(set: &ResourceSet, parent: &ResourceId) -> Vec<SchemaDocument> {
    let document = |resource: &Resource| {
        let written = resource.properties.get("document").or_else(|| resource.properties.get("value"))?;
        // Older entities, and those of the service, hold the document as a text.
        let held = written.get("value").unwrap_or(written);
        let document = held.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| held.clone());
        let content_type = resource.properties.get("contentType").and_then(Value::as_str).unwrap_or("").to_owned();
        Some(SchemaDocument { id: resource.id.name().to_ascii_lowercase(), content_type, document: Arc::new(document) })
    };
    set.children(&parent.child("schemas")).filter_map(|resource| document(resource)).collect()
}

/// The request as the operation in `properties` declares it.
pub(super) fn request(set: &ResourceSet, api: &ResourceId, properties: &mut Properties<'_>) -> RequestContract {
    let mut of = |path: &[&str]| -> Vec<Parameter> { properties.items(path).iter().filter_map(parameter).collect() };
    let template = of(&["templateParameters"]);
    let query = of(&["request", "queryParameters"]);
    let headers = of(&["request", "headers"]);
    let written = properties.items(&["request", "representations"]);
    let representations = written.iter().filter_map(|one| representation(set, api, one)).collect();
    RequestContract { template, query, headers, representations }
}

/// The response as written, without its status.
pub(super) fn response(set: &ResourceSet, api: &ResourceId, status: u16, written: &Value) -> OperationResponse {
    let items = |name: &str| written.get(name).and_then(Value::as_array).into_iter().flatten();
    OperationResponse {
        status,
        headers: items("headers").filter_map(parameter).collect(),
        representations: items("representations").filter_map(|one| representation(set, api, one)).collect(),
    }
}

fn parameter(written: &Value) -> Option<Parameter> {
    let name = written.get("name")?.as_str()?.to_owned();
    let required = written.get("required").and_then(Value::as_bool).unwrap_or(false);
    let values = written.get("values").and_then(Value::as_array).into_iter().flatten();
    Some(Parameter {
        name,
        need: if required { Need::Required } else { Need::Optional },
        kind: written.get("type").and_then(Value::as_str).unwrap_or("").to_owned(),
        values: values.filter_map(Value::as_str).map(str::to_owned).collect(),
        schema: written.get("schema").cloned(),
        named: schema_name(written),
    })
}

fn representation(set: &ResourceSet, api: &ResourceId, written: &Value) -> Option<Representation> {
    let content_type = written.get("contentType")?.as_str()?.to_owned();
    let named = schema_name(written);
    let schema = match written.get("schema") {
        Some(schema) => Some(schema.clone()),
        None => named.as_ref().and_then(|named| sampled(set, api, named)),
    };
    Some(Representation { content_type, examples: examples(written), schema, named })
}

/// The examples as text, the one named `default` first. `sample` is how older versions of ARM wrote the only one.
fn examples(written: &Value) -> Vec<String> {
    let named: Vec<(&String, &Value)> =
        written.get("examples").and_then(Value::as_object).into_iter().flatten().collect();
    let (default, others): (Vec<_>, Vec<_>) = named.into_iter().partition(|(name, _)| *name == "default");
    let values = default.into_iter().chain(others).filter_map(|(_, example)| example.get("value"));
    let mut values: Vec<&Value> = values.filter(|value| !value.is_null()).collect();
    if values.is_empty() {
        values.extend(written.get("sample").filter(|sample| !sample.is_null()));
    }
    values.into_iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect()
}

fn schema_name(written: &Value) -> Option<SchemaName> {
    let document = written.get("schemaId")?.as_str().filter(|id| !id.is_empty())?.to_ascii_lowercase();
    let definition = written.get("typeName")?.as_str().filter(|name| !name.is_empty())?.to_owned();
    Some(SchemaName { document, definition })
}

/// The schema that ARM names by `schemaId` and `typeName`, for a sample.
fn sampled(set: &ResourceSet, api: &ResourceId, named: &SchemaName) -> Option<Value> {
    let document = set.get(&api.child("schemas").child(&named.document))?.properties.get("document")?;
    let mut tables = DEFINITIONS.iter().filter_map(|table| document.pointer(table));
    let schema = tables.find_map(|table| table.get(&named.definition))?;
    let mut budget = MAX_SCHEMA_NODES;
    Some(resolve(document, schema, &mut budget))
}
