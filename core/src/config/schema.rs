//! Local references of an OpenAPI document, followed to a bounded depth. Fetches nothing, validates no schema.

use serde_json::{Map, Value, json};

use crate::config::bounds::{MAX_REFERENCE_HOPS, MAX_SCHEMA_DEPTH, MAX_SCHEMA_NODES};

/// Why a `$ref` leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Dangling {
    /// It names another document.
    External(String),
    /// There is nothing at that place, or it goes in circles.
    Missing(String),
}

/// The object that `value` is or refers to.
pub(crate) fn follow<'a>(root: &'a Value, value: &'a Value) -> Result<&'a Value, Dangling> {
    let mut here = value;
    for _ in 0..MAX_REFERENCE_HOPS {
        let Some(reference) = here.get("$ref").and_then(Value::as_str) else { return Ok(here) };
        here = locate(root, reference)?;
    }
    let reference = here.get("$ref").and_then(Value::as_str).unwrap_or("$ref");
    Err(Dangling::Missing(reference.to_owned()))
}

fn locate<'a>(root: &'a Value, reference: &str) -> Result<&'a Value, Dangling> {
    let pointer = reference.strip_prefix('#').ok_or_else(|| Dangling::External(reference.to_owned()))?;
    let found = root.pointer(pointer).or_else(|| root.pointer(&decoded(pointer)));
    found.ok_or_else(|| Dangling::Missing(reference.to_owned()))
}

/// A schema with its references resolved. What refers to itself stands under `definitions`, once, and is referred to there;
/// dangling references and what exceeds the limits are cut to `{}`. `budget` is what the document has left for all its schemas.
pub(crate) fn resolve(root: &Value, schema: &Value, budget: &mut usize) -> Value {
    let mut resolver = Resolver { root, open: Vec::new(), repeated: Vec::new(), left: MAX_SCHEMA_NODES.min(*budget) };
    let before = resolver.left;
    let mut resolved = resolver.value(schema, 0);
    let definitions = resolver.definitions();
    if let Value::Object(members) = &mut resolved
        && !definitions.is_empty()
    {
        members.insert(DEFINITIONS.to_owned(), Value::Object(definitions));
    }
    *budget = budget.saturating_sub(before - resolver.left);
    resolved
}

/// Where schemas that refer to themselves stand.
const DEFINITIONS: &str = "definitions";

struct Resolver<'a> {
    root: &'a Value,
    // The references that are being resolved right now: one that appears again is a cycle.
    open: Vec<&'a str>,
    // The references of cycles, in the order found; the place is the name of the definition.
    repeated: Vec<&'a str>,
    left: usize,
}

impl<'a> Resolver<'a> {
    fn value(&mut self, value: &'a Value, depth: usize) -> Value {
        if depth > MAX_SCHEMA_DEPTH || self.left == 0 {
            return Value::Object(Map::new());
        }
        self.left -= 1;
        match value {
            Value::Object(members) => match members.get("$ref").and_then(Value::as_str) {
                Some(reference) => self.reference(reference, value, depth),
                None => {
                    let resolved = members.iter().map(|(name, member)| (name.clone(), self.value(member, depth + 1)));
                    Value::Object(resolved.collect())
                }
            },
            Value::Array(items) => items.iter().map(|item| self.value(item, depth + 1)).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        }
    }

    fn reference(&mut self, reference: &'a str, value: &'a Value, depth: usize) -> Value {
        if self.open.contains(&reference) {
            return self.repeat(reference);
        }
        let Ok(target) = follow(self.root, value) else { return Value::Object(Map::new()) };
        self.open.push(reference);
        let resolved = self.value(target, depth + 1);
        self.open.pop();
        resolved
    }

    fn repeat(&mut self, reference: &'a str) -> Value {
        let known = self.repeated.iter().position(|known| *known == reference);
        let place = known.unwrap_or_else(|| {
            self.repeated.push(reference);
            self.repeated.len() - 1
        });
        json!({ "$ref": format!("#/{DEFINITIONS}/{place}") })
    }

    // Resolving a definition may find further cycles.
    fn definitions(&mut self) -> Map<String, Value> {
        let mut definitions = Map::new();
        while let Some(reference) = self.repeated.get(definitions.len()).copied() {
            self.open = self.repeated.clone();
            let target = locate(self.root, reference).and_then(|found| follow(self.root, found)).ok();
            let resolved = target.map_or_else(|| Value::Object(Map::new()), |target| self.value(target, 1));
            definitions.insert(definitions.len().to_string(), resolved);
        }
        definitions
    }
}

// References are URI fragments: names may be percent-encoded in them.
fn decoded(pointer: &str) -> String {
    let mut bytes = Vec::with_capacity(pointer.len());
    let mut rest = pointer.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let code = (*first == b'%').then(|| tail.get(..2)).flatten();
        let code =
            code.and_then(|code| std::str::from_utf8(code).ok()).and_then(|code| u8::from_str_radix(code, 16).ok());
        match code {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycles_are_kept_and_names_are_decoded() {
        let root = json!({"components": {"schemas": {
            "Node": {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}}},
            "a b": {"type": "string"},
        }}});
        let mut budget = 100;
        let node = resolve(&root, &json!({"$ref": "#/components/schemas/Node"}), &mut budget);
        let next = json!({"type": "object", "properties": {"next": {"$ref": "#/definitions/0"}}});
        let mut expected = next.clone();
        expected["definitions"] = json!({"0": next});
        assert_eq!(node, expected);
        let text = resolve(&root, &json!({"items": [{"$ref": "#/components/schemas/a%20b"}]}), &mut budget);
        assert_eq!(text, json!({"items": [{"type": "string"}]}));
        assert!(budget < 100);
        assert_eq!(follow(&root, &json!({"$ref": "o.yaml#/x"})).unwrap_err(), Dangling::External("o.yaml#/x".into()));
    }

    #[test]
    fn growth_is_bounded() {
        let mut schemas = Map::new();
        for i in 0..40 {
            let next = json!({"$ref": format!("#/{}", i + 1)});
            schemas.insert(i.to_string(), json!({"a": next, "b": next, "c": next}));
        }
        let mut budget = 10_000;
        resolve(&Value::Object(schemas), &json!({"$ref": "#/0"}), &mut budget);
        assert_eq!(budget, 10_000 - MAX_SCHEMA_NODES);
        let around = json!({"a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}});
        assert!(follow(&around, &around["a"]).is_err());
    }
}
