//! What a request asks of a language model: whether it wants a stream, and how many tokens its prompt has, about. Reads the requests of
//! OpenAI's API and its likes: chat, completions, responses, embeddings, messages.

use serde_json::Value;

use super::estimate;

/// Tokens around each message of a chat, and in front of its answer, as OpenAI's guide counts them.
const MESSAGE_TOKENS: u64 = 3;

/// What an image counts as: the most that one takes, since its size is not known.
pub const IMAGE_TOKENS: u64 = 1200;

/// How deep a prompt is looked into.
const DEPTH_MAX: u32 = 16;

/// A request to a language model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    /// The tokens of the prompt, estimated.
    pub tokens: u64,
    /// Whether the answer is to come as a stream of events.
    pub streams: bool,
}

impl Prompt {
    /// Reads the content of a request; what is no JSON object has no tokens.
    #[must_use]
    pub fn read(content: &[u8]) -> Self {
        let Ok(Value::Object(request)) = serde_json::from_slice(content) else { return Self::default() };
        let mut tokens = 0_u64;
        for (name, value) in &request {
            tokens = tokens.saturating_add(match name.as_str() {
                "messages" => messages(value),
                "input" if value.as_array().is_some_and(|items| items.iter().any(Value::is_object)) => messages(value),
                "prompt" | "input" | "instructions" | "system" | "suffix" => texts(value, DEPTH_MAX),
                // What may be called is described to the model in words.
                "tools" | "functions" => estimate::tokens(&value.to_string()),
                _ => 0,
            });
        }
        Self { tokens, streams: request.get("stream").and_then(Value::as_bool).unwrap_or(false) }
    }
}

fn messages(value: &Value) -> u64 {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    let sum = items.iter().map(|item| MESSAGE_TOKENS.saturating_add(texts(item, DEPTH_MAX)));
    sum.fold(if items.is_empty() { 0 } else { MESSAGE_TOKENS }, u64::saturating_add)
}

fn texts(value: &Value, depth: u32) -> u64 {
    let Some(deeper) = depth.checked_sub(1) else { return 0 };
    let sum = |values: &mut dyn Iterator<Item = &Value>| {
        values.map(|value| texts(value, deeper)).fold(0, u64::saturating_add)
    };
    match value {
        Value::String(text) => estimate::tokens(text),
        // Tokens themselves.
        Value::Number(_) => 1,
        Value::Array(items) => sum(&mut items.iter()),
        Value::Object(members) => match members.get("type").and_then(Value::as_str) {
            Some("image_url" | "input_image" | "image") => IMAGE_TOKENS,
            _ => sum(&mut members.iter().filter(|(name, _)| *name != "type").map(|(_, value)| value)),
        },
        Value::Null | Value::Bool(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> u64 {
        Prompt::read(text.as_bytes()).tokens
    }

    #[test]
    fn prompts_of_every_kind() {
        let chat = r#"{"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hello, world!"}],"stream":true}"#;
        assert_eq!(Prompt::read(chat.as_bytes()), Prompt { tokens: 3 + (3 + 1 + 3) + (3 + 1 + 4), streams: true });
        assert_eq!(tokens(r#"{"prompt":"Hello, world!","max_tokens":7}"#), 4);
        assert_eq!(tokens(r#"{"input":["Hello, world!",[1,2,3]]}"#), 7);
        assert_eq!(
            tokens(r#"{"input":[{"role":"user","content":[{"type":"input_text","text":"Hello"}]}]}"#),
            3 + 3 + 2
        );
        assert_eq!(
            tokens(r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:"}}]}]}"#),
            3 + 3 + 1 + IMAGE_TOKENS
        );
        assert!(tokens(r#"{"messages":[],"tools":[{"type":"function"}]}"#) > 0);
    }

    #[test]
    fn what_is_no_prompt_has_no_tokens() {
        for text in ["", "{", "[]", "7", r#"{"messages":{}}"#, r#"{"stream":"yes"}"#] {
            assert_eq!(Prompt::read(text.as_bytes()), Prompt::default(), "{text}");
        }
        let deep = format!("{{\"input\":{}1{}}}", "[".repeat(100), "]".repeat(100));
        assert_eq!(tokens(&deep), 0);
    }
}
