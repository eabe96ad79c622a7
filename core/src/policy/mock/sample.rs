//! A sample value from a JSON schema, for a mock that has no example. Deterministic; validates nothing.

use serde_json::{Map, Value, json};

/// How deep samples nest; what lies deeper is left out.
pub(crate) const DEPTH_MAX: usize = 12;

/// Values in one sample; properties and items beyond are left out.
pub(crate) const VALUES_MAX: usize = 2_000;

/// Items of an array that asks for more by `minItems`, and characters of a string that does by `minLength`.
pub(crate) const LENGTH_MAX: usize = 64;

/// A sample of what `schema` (JSON Schema as OpenAPI 3.0 and 3.1 use it) describes.
///
/// The first of these decides: `example`, `examples`, `const`, `default`, `enum`, `allOf` / `oneOf` / `anyOf`, `type`, and without any
/// of them the keywords that only one type has. A reference that could not be resolved is null.
pub(crate) fn sample(schema: &Value) -> Value {
    let mut budget = Budget { values: VALUES_MAX };
    budget.sample(schema, 0)
}

struct Budget {
    values: usize,
}

impl Budget {
    fn sample(&mut self, schema: &Value, depth: usize) -> Value {
        let Some(schema) = schema.as_object().filter(|_| self.spend()) else { return Value::Null };
        if let Some(given) = given(schema) {
            return given.clone();
        }
        if depth >= DEPTH_MAX {
            return empty(schema);
        }
        if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
            return self.merged(schema, parts, depth);
        }
        let first_of = |name| schema.get(name).and_then(Value::as_array).and_then(|branches| first_not_null(branches));
        if let Some(branch) = first_of("oneOf").or_else(|| first_of("anyOf")) {
            return self.sample(branch, depth + 1);
        }
        match type_of(schema) {
            Some("object") => self.object(schema, depth),
            Some("array") => self.array(schema, depth),
            Some("string") => Value::String(string(schema)),
            Some("integer") => integer(schema),
            Some("number") => number(schema),
            Some("boolean") => Value::Bool(true),
            Some(_) | None => Value::Null,
        }
    }

    fn spend(&mut self) -> bool {
        let spent = self.values.checked_sub(1);
        self.values = spent.unwrap_or(0);
        spent.is_some()
    }

    fn object(&mut self, schema: &Map<String, Value>, depth: usize) -> Value {
        let mut object = Map::new();
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            // `writeOnly`: in requests only (OpenAPI 3, Schema Object).
            let hidden = property.get("writeOnly") == Some(&Value::Bool(true));
            if hidden || self.values == 0 || (depth + 1 >= DEPTH_MAX && is_nested(property)) {
                continue;
            }
            object.insert(name.clone(), self.sample(property, depth + 1));
        }
        if object.is_empty()
            && let Some(values) = schema.get("additionalProperties").filter(|values| values.is_object())
            && depth + 1 < DEPTH_MAX
        {
            object.insert("key".to_owned(), self.sample(values, depth + 1));
        }
        Value::Object(object)
    }

    fn array(&mut self, schema: &Map<String, Value>, depth: usize) -> Value {
        let Some(items) = schema.get("items").filter(|items| items.is_object() && depth + 1 < DEPTH_MAX) else {
            return Value::Array(Vec::new());
        };
        let at_most = length(schema, "maxItems").unwrap_or(LENGTH_MAX);
        let count = length(schema, "minItems").unwrap_or(1).max(1).min(at_most);
        let mut array = Vec::new();
        for _ in 0..count {
            if self.values == 0 {
                break;
            }
            array.push(self.sample(items, depth + 1));
        }
        Value::Array(array)
    }

    // `allOf`: objects are laid over one another, the schema's own properties last; of other values the last counts.
    fn merged(&mut self, schema: &Map<String, Value>, parts: &[Value], depth: usize) -> Value {
        let mut merged = Value::Null;
        for part in parts {
            lay_over(&mut merged, self.sample(part, depth + 1));
        }
        if schema.contains_key("properties") {
            lay_over(&mut merged, self.object(schema, depth));
        }
        merged
    }
}

fn lay_over(below: &mut Value, above: Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => below.extend(above),
        (_, Value::Null) => {}
        (below, above) => *below = above,
    }
}

fn given(schema: &Map<String, Value>) -> Option<&Value> {
    let first = |name| schema.get(name).and_then(Value::as_array).and_then(|values| values.first());
    schema
        .get("example")
        .or_else(|| first("examples"))
        .or_else(|| schema.get("const"))
        .or_else(|| schema.get("default"))
        .or_else(|| first("enum"))
}

fn first_not_null(branches: &[Value]) -> Option<&Value> {
    let is_null = |branch: &Value| branch.get("type").and_then(Value::as_str) == Some("null");
    branches.iter().find(|branch| !is_null(branch)).or_else(|| branches.first())
}

// The type, or in OpenAPI 3.1 the first of several that is not `null`, or the one that the other keywords belong to.
fn type_of(schema: &Map<String, Value>) -> Option<&str> {
    let named = match schema.get("type") {
        Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).find(|name| *name != "null"),
        Some(named) => named.as_str(),
        None => None,
    };
    let has = |name: &str| schema.contains_key(name);
    named.or_else(|| {
        if has("properties") || has("additionalProperties") {
            Some("object")
        } else if has("items") {
            Some("array")
        } else if has("format") || has("pattern") || has("minLength") {
            Some("string")
        } else {
            None
        }
    })
}

fn is_nested(schema: &Value) -> bool {
    schema
        .as_object()
        .is_some_and(|schema| given(schema).is_none() && matches!(type_of(schema), Some("object" | "array")))
}

fn empty(schema: &Map<String, Value>) -> Value {
    match type_of(schema) {
        Some("object") => json!({}),
        Some("array") => json!([]),
        Some("string") => Value::String(string(schema)),
        Some(_) | None => Value::Null,
    }
}

// The formats of OpenAPI's registry that a client is likely to parse. Any other string is the word `string`.
fn string(schema: &Map<String, Value>) -> String {
    let format = schema.get("format").and_then(Value::as_str).unwrap_or("");
    let text = match format {
        "date-time" => "2025-01-01T00:00:00Z",
        "date" => "2025-01-01",
        "time" => "00:00:00Z",
        "duration" => "PT1M",
        "uuid" => "00000000-0000-4000-8000-000000000000",
        "email" | "idn-email" => "user@example.com",
        "hostname" | "idn-hostname" => "example.com",
        "ipv4" => "192.0.2.1",
        "ipv6" => "2001:db8::1",
        "uri" | "url" | "iri" => "https://example.com/",
        "uri-reference" | "iri-reference" => "/",
        "byte" => "c3RyaW5n",
        _ => "string",
    };
    if text != "string" {
        return text.to_owned();
    }
    let least = length(schema, "minLength").unwrap_or(0);
    let most = length(schema, "maxLength").unwrap_or(LENGTH_MAX);
    text.chars().cycle().take(text.len().max(least).min(most)).collect()
}

fn length(schema: &Map<String, Value>, name: &str) -> Option<usize> {
    let length = schema.get(name)?.as_u64()?;
    Some(usize::try_from(length).unwrap_or(LENGTH_MAX).min(LENGTH_MAX))
}

// Zero, or the bound that is nearest to it; `exclusive…` is a flag in OpenAPI 3.0 and a number in 3.1.
fn integer(schema: &Map<String, Value>) -> Value {
    let bound = |name: &str| schema.get(name).and_then(Value::as_i64);
    let is_exclusive = |name: &str| schema.get(name) == Some(&Value::Bool(true));
    let low = bound("minimum").map(|low| low.saturating_add(i64::from(is_exclusive("exclusiveMinimum"))));
    let high = bound("maximum").map(|high| high.saturating_sub(i64::from(is_exclusive("exclusiveMaximum"))));
    let low = low.max(bound("exclusiveMinimum").map(|low| low.saturating_add(1)));
    let high = [high, bound("exclusiveMaximum").map(|high| high.saturating_sub(1))].into_iter().flatten().min();
    let at_least = low.map_or(0, |low| low.max(0));
    Value::from(high.map_or(at_least, |high| at_least.min(high)))
}

fn number(schema: &Map<String, Value>) -> Value {
    let bound = |name: &str| schema.get(name).filter(|bound| bound.is_number()).and_then(Value::as_f64);
    let low = bound("minimum").or_else(|| bound("exclusiveMinimum").map(|low| low + 1.0));
    let high = bound("maximum").or_else(|| bound("exclusiveMaximum").map(|high| high - 1.0));
    let at_least = low.map_or(0.0, |low| low.max(0.0));
    Value::from(high.map_or(at_least, |high| at_least.min(high)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_decides() {
        let cases = [
            (json!({"type": "string"}), json!("string")),
            (json!({"type": "string", "example": 7, "default": 8}), json!(7)),
            (json!({"examples": ["a", "b"], "default": "c"}), json!("a")),
            (json!({"const": "k", "enum": ["l"]}), json!("k")),
            (json!({"type": "string", "default": "d", "enum": ["d", "e"]}), json!("d")),
            (json!({"type": "string", "enum": ["e", "f"]}), json!("e")),
            (json!({"type": "integer"}), json!(0)),
            (json!({"type": "integer", "minimum": 5}), json!(5)),
            (json!({"type": "integer", "minimum": 5, "exclusiveMinimum": true}), json!(6)),
            (json!({"type": "integer", "exclusiveMinimum": 5}), json!(6)),
            (json!({"type": "integer", "maximum": -3}), json!(-3)),
            (json!({"type": "number", "minimum": 1.5}), json!(1.5)),
            (json!({"type": "number"}), json!(0.0)),
            (json!({"type": "boolean"}), json!(true)),
            (json!({"type": "null"}), json!(null)),
            (json!({"type": ["null", "boolean"]}), json!(true)),
            (json!({}), json!(null)),
            (json!(true), json!(null)),
            (json!({"$ref": "#/components/schemas/Cycle"}), json!(null)),
            (json!({"type": "string", "format": "date-time"}), json!("2025-01-01T00:00:00Z")),
            (json!({"type": "string", "format": "unheard-of"}), json!("string")),
            (json!({"type": "string", "maxLength": 3}), json!("str")),
            (json!({"type": "string", "minLength": 8}), json!("stringst")),
            (json!({"type": "array", "items": {"type": "integer"}}), json!([0])),
            (json!({"type": "array", "items": {"type": "integer"}, "minItems": 2}), json!([0, 0])),
            (json!({"type": "array", "items": {"type": "integer"}, "maxItems": 0}), json!([])),
            (json!({"type": "array"}), json!([])),
            (json!({"oneOf": [{"type": "null"}, {"type": "integer"}]}), json!(0)),
            (json!({"anyOf": [{"type": "string"}, {"type": "integer"}]}), json!("string")),
        ];
        for (schema, expected) in cases {
            assert_eq!(sample(&schema), expected, "{schema}");
        }
    }

    #[test]
    fn objects_keep_the_order_of_their_properties_and_leave_out_what_only_requests_have() {
        let schema = json!({
            "type": "object",
            "properties": {
                "z": {"type": "string"},
                "a": {"properties": {"n": {"type": "integer"}}},
                "password": {"type": "string", "writeOnly": true},
                "tags": {"type": "object", "additionalProperties": {"type": "boolean"}},
            },
        });
        assert_eq!(sample(&schema).to_string(), r#"{"z":"string","a":{"n":0},"tags":{"key":true}}"#);
    }

    #[test]
    fn all_of_merges_objects() {
        let schema = json!({
            "allOf": [
                {"properties": {"a": {"type": "integer"}}},
                {"properties": {"b": {"type": "string"}}},
                {"description": "says nothing"},
            ],
            "properties": {"c": {"type": "boolean"}},
        });
        assert_eq!(sample(&schema), json!({"a": 0, "b": "string", "c": true}));
    }

    #[test]
    fn depth_is_bounded() {
        let mut schema = json!({"type": "string"});
        for _ in 0..100 {
            schema = json!({"type": "object", "properties": {"s": {"type": "string"}, "n": schema}});
        }
        let text = sample(&schema).to_string();
        assert_eq!(text.matches('{').count(), DEPTH_MAX, "{text}");
    }

    #[test]
    fn size_is_bounded() {
        let mut schema = json!({"type": "string"});
        for _ in 0..10 {
            schema = json!({"type": "array", "items": schema, "minItems": u64::MAX});
        }
        assert!(sample(&schema).to_string().len() < VALUES_MAX * 16);
        let properties: Map<String, Value> = (0..5_000).map(|n| (format!("p{n}"), json!({"type": "null"}))).collect();
        let wide = sample(&json!({"type": "object", "properties": properties}));
        assert!(wide.as_object().unwrap().len() <= VALUES_MAX);
    }
}
