//! One operation of an OpenAPI document in the shape of ARM's OperationContract. Judges neither templates nor schemas.

use serde_json::{Map, Value, json};

use crate::config::folder::specification::Specification;
use crate::config::schema::resolve;

/// An operation as the document has it.
pub(super) struct Written<'a, 'p> {
    /// Its place: `paths`, the template, the method.
    pub(super) at: [&'p str; 3],
    /// Parameters of the path item.
    pub(super) shared: Option<&'a Vec<Value>>,
    /// The operation object.
    pub(super) body: &'a Map<String, Value>,
}

/// The `properties` of the operation's resource.
pub(super) fn properties<'a>(specification: &mut Specification<'a>, written: &Written<'a, '_>) -> Map<String, Value> {
    let [_, template, method] = written.at;
    let text = |name: &str| written.body.get(name).and_then(Value::as_str);
    let mut properties = Map::new();
    let display_name = text("summary").or_else(|| text("operationId")).unwrap_or(template);
    properties.insert("displayName".to_owned(), Value::from(display_name));
    properties.insert("method".to_owned(), Value::from(method.to_uppercase()));
    properties.insert("urlTemplate".to_owned(), Value::from(template));
    properties.insert("description".to_owned(), Value::from(text("description").unwrap_or("")));
    let parameters = parameters(specification, written);
    let of = |place: &str| -> Vec<Value> {
        let those = parameters.iter().filter(|parameter| parameter.place == place);
        those.map(|parameter| Value::Object(parameter.contract.clone())).collect()
    };
    properties.insert("templateParameters".to_owned(), Value::Array(of("path")));
    let mut request = Map::new();
    request.insert("queryParameters".to_owned(), Value::Array(of("query")));
    request.insert("headers".to_owned(), Value::Array(of("header")));
    request.insert("representations".to_owned(), Value::Array(request_body(specification, written)));
    properties.insert("request".to_owned(), Value::Object(request));
    properties.insert("responses".to_owned(), Value::Array(responses(specification, written)));
    properties
}

struct Parameter {
    name: String,
    place: String,
    contract: Map<String, Value>,
}

// Parameters of the operation replace those of the path item with the same name and place.
fn parameters<'a>(specification: &mut Specification<'a>, written: &Written<'a, '_>) -> Vec<Parameter> {
    let mut found: Vec<Parameter> = Vec::new();
    let [paths, template, method] = written.at;
    let own = written.body.get("parameters").and_then(Value::as_array);
    let shared_at = vec![paths, template, "parameters"];
    let own_at = vec![paths, template, method, "parameters"];
    for (list, at) in [(written.shared, shared_at), (own, own_at)] {
        for (index, value) in list.into_iter().flatten().enumerate() {
            let index = index.to_string();
            let at: Vec<&str> = at.iter().copied().chain([index.as_str()]).collect();
            let Some(value) = specification.reference(value, &at) else { continue };
            let Some(parameter) = parameter(specification, value) else {
                specification.error(&at, "wrong-type", "expected a parameter with `name` and `in`");
                continue;
            };
            found.retain(|other| (&other.name, &other.place) != (&parameter.name, &parameter.place));
            found.push(parameter);
        }
    }
    found
}

fn parameter(specification: &mut Specification<'_>, value: &Value) -> Option<Parameter> {
    let name = value.get("name")?.as_str()?.to_owned();
    let place = value.get("in")?.as_str()?.to_owned();
    let schema = value.get("schema");
    let of_schema = |name: &str| schema.and_then(|schema| schema.get(name));
    let mut contract = Map::new();
    contract.insert("name".to_owned(), Value::from(name.as_str()));
    if let Some(description) = value.get("description") {
        contract.insert("description".to_owned(), description.clone());
    }
    contract.insert("type".to_owned(), of_schema("type").cloned().unwrap_or_else(|| Value::from("")));
    let required = value.get("required").and_then(Value::as_bool).unwrap_or(place == "path");
    contract.insert("required".to_owned(), Value::Bool(required));
    if let Some(default) = of_schema("default") {
        contract.insert("defaultValue".to_owned(), Value::from(text(default)));
    }
    if let Some(values) = of_schema("enum").and_then(Value::as_array) {
        contract.insert("values".to_owned(), values.iter().map(text).collect());
    }
    // Ours: ARM names a schema resource.
    if let Some(schema) = schema {
        let schema = resolve(specification.root, schema, &mut specification.budget);
        contract.insert("schema".to_owned(), schema);
    }
    Some(Parameter { name, place, contract })
}

fn request_body<'a>(specification: &mut Specification<'a>, written: &Written<'a, '_>) -> Vec<Value> {
    let [paths, template, method] = written.at;
    let at = [paths, template, method, "requestBody"];
    let Some(body) = written.body.get("requestBody").and_then(|body| specification.reference(body, &at)) else {
        return Vec::new();
    };
    representations(specification, body, &at)
}

fn responses<'a>(specification: &mut Specification<'a>, written: &Written<'a, '_>) -> Vec<Value> {
    let [paths, template, method] = written.at;
    let mut contracts = Vec::new();
    for (status, response) in written.body.get("responses").and_then(Value::as_object).into_iter().flatten() {
        // `default` and ranges such as `4XX` have no status code: ARM's contract has no place for them.
        let Ok(code) = status.parse::<u16>() else { continue };
        let at = [paths, template, method, "responses", status.as_str()];
        let Some(response) = specification.reference(response, &at) else { continue };
        let description = response.get("description").cloned().unwrap_or_else(|| Value::from(""));
        let representations = representations(specification, response, &at);
        let headers: Vec<Value> =
            response.get("headers").and_then(Value::as_object).into_iter().flatten().map(header).collect();
        contracts.push(json!({
            "statusCode": code, "description": description, "headers": headers, "representations": representations
        }));
    }
    contracts
}

fn header((name, value): (&String, &Value)) -> Value {
    let kind = value.pointer("/schema/type").cloned().unwrap_or_else(|| Value::from(""));
    let required = value.get("required").and_then(Value::as_bool).unwrap_or(false);
    json!({"name": name, "type": kind, "required": required})
}

/// The `content` of a request body or a response. `schema`, with its references resolved, is ours: ARM names a schema resource.
fn representations<'a>(specification: &mut Specification<'a>, body: &'a Value, at: &[&str]) -> Vec<Value> {
    let mut contracts = Vec::new();
    for (content_type, media) in body.get("content").and_then(Value::as_object).into_iter().flatten() {
        let mut contract = Map::new();
        contract.insert("contentType".to_owned(), Value::from(content_type.as_str()));
        let examples = examples(specification, media, &[at, &["content", content_type]].concat());
        if !examples.is_empty() {
            contract.insert("examples".to_owned(), Value::Object(examples));
        }
        if let Some(schema) = media.get("schema") {
            let schema = resolve(specification.root, schema, &mut specification.budget);
            contract.insert("schema".to_owned(), schema);
        }
        contracts.push(Value::Object(contract));
    }
    contracts
}

fn examples<'a>(specification: &mut Specification<'a>, media: &'a Value, at: &[&str]) -> Map<String, Value> {
    let mut found = Map::new();
    if let Some(example) = media.get("example") {
        found.insert("default".to_owned(), json!({"value": example}));
    }
    for (name, example) in media.get("examples").and_then(Value::as_object).into_iter().flatten() {
        let at = [at, &["examples", name]].concat();
        let Some(example) = specification.reference(example, &at) else { continue };
        if let Some(value) = example.get("value") {
            found.entry(name.clone()).or_insert_with(|| json!({"value": value}));
        }
    }
    found
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
