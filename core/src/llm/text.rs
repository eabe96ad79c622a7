//! The words in the messages to and from language models: what is asked, and what is answered, whole or as a stream of events.

use serde_json::Value;

/// How deep a message is looked into.
const DEPTH_MAX: u32 = 16;

/// The members of messages that hold words for the model, or of it.
const WORDS: [&str; 9] =
    ["messages", "prompt", "input", "instructions", "system", "content", "text", "suffix", "input_text"];

/// The words of a request, a line for each text; empty when it is no JSON object.
#[must_use]
pub fn of_request(content: &[u8]) -> String {
    serde_json::from_slice(content).map(|request| of_question(&request)).unwrap_or_default()
}

/// The same of a request that has been read.
#[must_use]
pub fn of_question(request: &Value) -> String {
    let mut words = Vec::new();
    if request.is_object() {
        gather(request, DEPTH_MAX, &mut words);
    }
    words.join("\n")
}

/// The words of an answer: a JSON document, or a stream of events.
#[must_use]
pub fn of_answer(content: &[u8]) -> String {
    if let Ok(answer) = serde_json::from_slice::<Value>(content) {
        let mut words = Vec::new();
        for name in ["choices", "output", "content", "candidates"] {
            answer.get(name).into_iter().for_each(|value| answered(value, DEPTH_MAX, &mut words));
        }
        return words.join("\n");
    }
    let lines = content.split(|byte| *byte == b'\n').filter_map(|line| line.strip_prefix(b"data:"));
    lines.filter_map(|data| serde_json::from_slice::<Value>(data).ok()).map(|event| of_event(&event)).collect()
}

/// The words that one event of a stream adds.
#[must_use]
pub fn of_event(event: &Value) -> String {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or("").to_owned();
    let delta = |value: Option<&Value>| match value {
        Some(Value::String(text)) => text.clone(),
        Some(value) => text(value.get("content")) + &text(value.get("text")) + &text(value.get("refusal")),
        None => String::new(),
    };
    let choices = event.get("choices").and_then(Value::as_array).into_iter().flatten();
    choices.fold(delta(event.get("delta")), |words, choice| {
        words + &delta(choice.get("delta")) + &text(choice.get("text"))
    })
}

fn gather<'v>(value: &'v Value, depth: u32, words: &mut Vec<&'v str>) {
    let Some(deeper) = depth.checked_sub(1) else { return };
    match value {
        Value::String(text) => words.push(text),
        Value::Array(items) => items.iter().for_each(|item| gather(item, deeper, words)),
        Value::Object(members) => {
            let spoken = members.iter().filter(|(name, _)| WORDS.contains(&name.as_str()));
            spoken.for_each(|(_, value)| gather(value, deeper, words));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn answered(value: &Value, depth: u32, words: &mut Vec<String>) {
    let Some(deeper) = depth.checked_sub(1) else { return };
    match value {
        Value::Array(items) => items.iter().for_each(|item| answered(item, deeper, words)),
        Value::Object(members) => {
            for (name, value) in members {
                match (name.as_str(), value) {
                    ("content" | "text" | "refusal", Value::String(text)) => words.push(text.clone()),
                    ("message" | "content" | "parts", _) => answered(value, deeper, words),
                    _ => {}
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked() {
        let chat = br#"{"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":[{"type":"text","text":"Hi"},{"type":"image_url","image_url":{"url":"data:"}}]}],"user":"u"}"#;
        assert_eq!(of_request(chat), "Be brief.\nHi");
        assert_eq!(of_request(br#"{"prompt":["a","b"]}"#), "a\nb");
        assert_eq!(
            of_request(
                br#"{"instructions":"a","input":[{"role":"user","content":[{"type":"input_text","text":"b"}]}]}"#
            ),
            "a\nb"
        );
        assert_eq!(of_request(b"no JSON"), "");
    }

    #[test]
    fn what_is_answered() {
        assert_eq!(
            of_answer(br#"{"choices":[{"message":{"role":"assistant","content":"one"}},{"text":"two"}]}"#),
            "one\ntwo"
        );
        assert_eq!(of_answer(br#"{"output":[{"content":[{"type":"output_text","text":"three"}]}]}"#), "three");
        assert_eq!(of_answer(br#"{"content":[{"type":"text","text":"four"}]}"#), "four");
        let events = b"data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"lo\"}}]}\n\ndata: [DONE]\n";
        assert_eq!(of_answer(events), "Hello");
    }
}
