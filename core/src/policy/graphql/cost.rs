//! What a value in a response takes of the memory, about. Bounds nothing.

use serde_json::Value as Json;

/// What a value costs besides its text, in bytes.
const VALUE_BYTES: usize = 16;

/// What a value costs, in bytes.
// INVARIANT: serde_json bounds how deep values stand in each other.
pub(super) fn cost(value: &Json) -> usize {
    VALUE_BYTES
        + match value {
            Json::Null | Json::Bool(_) | Json::Number(_) => 0,
            Json::String(text) => text.len(),
            Json::Array(items) => items.iter().map(cost).sum(),
            Json::Object(members) => members.iter().map(|(name, value)| name.len() + cost(value)).sum(),
        }
}
