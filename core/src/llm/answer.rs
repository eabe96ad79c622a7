//! Reads the tokens that a language model says it has used out of its answer, as the answer passes: a JSON document, or a stream of events. Keeps no
//! more of it than a line. What is not said is estimated.

use serde_json::Value;

use super::estimate;
use crate::http::{HeaderMap, MediaType, header};

/// The longest line of a stream of events that is looked at, in bytes.
const LINE_BYTES_MAX: usize = 1024 * 1024;

/// The longest account of tokens that is looked at, in bytes.
const USAGE_BYTES_MAX: usize = 16 * 1024;

/// The longest name that a member of a document is known by, in bytes.
const NAME_BYTES_MAX: usize = 32;

/// Bytes of a document's text that make one token, about.
const TOKEN_BYTES: u64 = 4;

/// Tokens that a call has used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Of the prompt.
    pub prompt: u64,
    /// Of the answer.
    pub completion: u64,
    /// In all; may count more than both, as some models do.
    pub total: u64,
}

impl Usage {
    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            prompt: self.prompt.saturating_add(other.prompt),
            completion: self.completion.saturating_add(other.completion),
            total: self.total.saturating_add(other.total),
        }
    }
}

/// What a model has said of its usage so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Said {
    prompt: Option<u64>,
    completion: Option<u64>,
    total: Option<u64>,
}

/// An answer of a language model on its way.
#[derive(Clone, Debug)]
pub struct Answer {
    form: Form,
    said: Said,
    // Tokens of the text that has passed, estimated.
    estimated: u64,
}

#[derive(Clone, Debug)]
enum Form {
    Events(Line),
    Document(Document),
    // Compressed, or no text at all.
    Closed,
}

/// The line of a stream that is not complete yet.
#[derive(Clone, Debug, Default)]
struct Line {
    bytes: Vec<u8>,
    too_long: bool,
}

impl Answer {
    /// The answer behind a head with these fields.
    #[must_use]
    pub fn new(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let media = text(header::CONTENT_TYPE).and_then(MediaType::parse);
        let is_plain = text(header::CONTENT_ENCODING).is_none_or(|coding| coding.eq_ignore_ascii_case("identity"));
        let form = match media {
            Some(media) if is_plain && media.is_named("text", "event-stream") => Form::Events(Line::default()),
            Some(media) if is_plain && media.is_json() => Form::Document(Document::default()),
            _ => Form::Closed,
        };
        Self { form, said: Said::default(), estimated: 0 }
    }

    /// Whether it comes as a stream of events.
    #[must_use]
    pub const fn is_stream(&self) -> bool {
        matches!(self.form, Form::Events(_))
    }

    /// Some more of its content passes.
    pub fn pass(&mut self, bytes: &[u8]) {
        let Self { form, said, estimated } = self;
        match form {
            Form::Closed => {}
            Form::Document(document) => {
                bytes.iter().for_each(|byte| document.byte(*byte, said));
                *estimated = document.text_bytes.div_ceil(TOKEN_BYTES);
            }
            Form::Events(line) => {
                for part in bytes.split_inclusive(|byte| *byte == b'\n') {
                    if let Some(event) = line.add(part) {
                        *estimated = estimated.saturating_add(said.event(&event));
                    }
                }
            }
        }
    }

    /// What it has used: as the model has said, else estimated from what has passed and from a prompt of so many tokens.
    #[must_use]
    pub fn usage(&self, prompt: u64) -> Usage {
        let prompt = self.said.prompt.unwrap_or(prompt);
        let completion = match (self.said.completion, self.said.total) {
            (Some(completion), _) => completion,
            // Embeddings are all prompt.
            (None, Some(total)) => total.saturating_sub(prompt),
            (None, None) => self.estimated,
        };
        let sum = prompt.saturating_add(completion);
        Usage { prompt, completion, total: self.said.total.unwrap_or(sum).max(sum) }
    }
}

impl Line {
    // The line that ends with this part, if it ends.
    fn add(&mut self, part: &[u8]) -> Option<Vec<u8>> {
        self.too_long |= self.bytes.len().saturating_add(part.len()) > LINE_BYTES_MAX;
        if self.too_long {
            self.bytes = Vec::new();
        } else {
            self.bytes.extend_from_slice(part);
        }
        part.ends_with(b"\n").then(|| {
            self.too_long = false;
            std::mem::take(&mut self.bytes)
        })
    }
}

impl Said {
    // Takes what one line of a stream says; gives the tokens of its text, estimated.
    fn event(&mut self, line: &[u8]) -> u64 {
        let Some(data) = line.strip_prefix(b"data:") else { return 0 };
        let Ok(event) = serde_json::from_slice::<Value>(data) else { return 0 };
        for holder in [Some(&event), event.get("message"), event.get("response")].into_iter().flatten() {
            for name in ["usage", "usageMetadata"] {
                holder.get(name).into_iter().for_each(|usage| self.learn(usage));
            }
        }
        text_tokens(&event)
    }

    // Later numbers replace earlier ones: some models say first what the prompt has, and at the end what the answer has.
    fn learn(&mut self, usage: &Value) {
        let number = |names: &[&str]| names.iter().find_map(|name| usage.get(name).and_then(Value::as_u64));
        let prompt = number(&["prompt_tokens", "input_tokens", "inputTokens", "promptTokenCount"]);
        let completion = number(&["completion_tokens", "output_tokens", "outputTokens", "candidatesTokenCount"]);
        let total = number(&["total_tokens", "totalTokens", "totalTokenCount"]);
        self.prompt = prompt.or(self.prompt);
        self.completion = completion.or(self.completion);
        self.total = total.or(self.total);
    }
}

// Of what one event adds to the answer, in the forms of chat, completions, responses and messages.
fn text_tokens(event: &Value) -> u64 {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map_or(0, estimate::tokens);
    let delta = |value: Option<&Value>| {
        let parts = ["content", "reasoning_content", "refusal", "text", "partial_json", "thinking"];
        let called = value.and_then(|delta| delta.get("tool_calls")).and_then(Value::as_array);
        let arguments = called.into_iter().flatten().map(|call| text(call.pointer("/function/arguments")));
        text(value)
            + parts.iter().map(|part| text(value.and_then(|delta| delta.get(part)))).sum::<u64>()
            + arguments.sum::<u64>()
    };
    let choices = event.get("choices").and_then(Value::as_array).into_iter().flatten();
    delta(event.get("delta")) + choices.map(|choice| delta(choice.get("delta")) + text(choice.get("text"))).sum::<u64>()
}

/// A JSON document that is looked through byte by byte for the account of its usage at the top, and for how much text there is.
#[derive(Clone, Debug, Default)]
struct Document {
    depth: u32,
    // Inside of a string; whether the byte before was a backslash.
    string: Option<bool>,
    word: Vec<u8>,
    length: u64,
    // The name of the member whose value comes.
    name: Name,
    // The value of `usage` so far.
    usage: Option<Vec<u8>>,
    text_bytes: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Name {
    #[default]
    Other,
    Usage,
    Text,
}

impl Document {
    fn byte(&mut self, byte: u8, said: &mut Said) {
        if let Some(usage) = &mut self.usage {
            usage.push(byte);
        }
        match (self.string, byte) {
            (Some(true), _) => self.string = Some(false),
            (Some(false), b'\\') => self.string = Some(true),
            (Some(false), b'"') => self.end_string(),
            (Some(false), _) => {
                self.length = self.length.saturating_add(1);
                if self.word.len() < NAME_BYTES_MAX {
                    self.word.push(byte);
                }
            }
            (None, b'"') => {
                self.string = Some(false);
                self.word.clear();
                self.length = 0;
            }
            (None, _) => self.mark(byte, said),
        }
    }

    fn end_string(&mut self) {
        self.string = None;
        if self.name == Name::Text {
            self.text_bytes = self.text_bytes.saturating_add(self.length);
            self.name = Name::Other;
        }
    }

    fn mark(&mut self, byte: u8, said: &mut Said) {
        match byte {
            b':' => {
                self.name = match self.word.as_slice() {
                    b"usage" | b"usageMetadata" if self.depth == 1 => Name::Usage,
                    b"content" | b"text" | b"arguments" | b"refusal" | b"reasoning_content" => Name::Text,
                    _ => Name::Other,
                };
                if self.name == Name::Usage {
                    self.usage = Some(Vec::new());
                }
            }
            b'{' | b'[' => {
                self.depth = self.depth.saturating_add(1);
                self.name = Name::Other;
            }
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                self.name = Name::Other;
                if self.depth == 1
                    && let Some(usage) = self.usage.take()
                    && let Ok(usage) = serde_json::from_slice(&usage)
                {
                    said.learn(&usage);
                }
            }
            b',' => {
                self.name = Name::Other;
                // It was no object.
                self.usage = self.usage.take().filter(|_| self.depth > 1);
            }
            _ => {}
        }
        if self.usage.as_ref().is_some_and(|usage| usage.len() > USAGE_BYTES_MAX) {
            self.usage = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::HeaderValue;

    fn read(media: &'static str, content: &str, chunk: usize) -> Usage {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
        let mut answer = Answer::new(&headers);
        content.as_bytes().chunks(chunk).for_each(|bytes| answer.pass(bytes));
        answer.usage(100)
    }

    fn reads(media: &'static str, content: &str, expected: (u64, u64, u64)) {
        for chunk in [1, 7, 4096] {
            let Usage { prompt, completion, total } = read(media, content, chunk);
            assert_eq!((prompt, completion, total), expected, "in parts of {chunk}: {content}");
        }
    }

    const JSON: &str = "application/json; charset=utf-8";
    const EVENTS: &str = "text/event-stream";

    #[test]
    fn documents_that_say_it() {
        reads(
            JSON,
            r#"{"choices":[{"message":{"content":"a \"usage\": {"}}],"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21,"prompt_tokens_details":{"cached_tokens":0}}}"#,
            (9, 12, 21),
        );
        reads(JSON, r#"{"usage":{"prompt_tokens":8,"total_tokens":8},"data":[{"embedding":[0.1,0.2]}]}"#, (8, 0, 8));
        reads(
            JSON,
            r#"{ "content": [ {"type":"text","text":"x"} ], "usage" : { "input_tokens": 3 , "output_tokens": 4 } }"#,
            (3, 4, 7),
        );
        reads(
            JSON,
            r#"{"candidates":[],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":2,"totalTokenCount":5}}"#,
            (1, 2, 5),
        );
    }

    #[test]
    fn documents_that_do_not() {
        reads(
            JSON,
            r#"{"choices":[{"message":{"role":"assistant","content":"twelve bytes"}}],"usage":null}"#,
            (100, 3, 103),
        );
        reads(JSON, r#"{"choices":[{"usage":{"prompt_tokens":9},"text":"four"}]}"#, (100, 1, 101));
        reads(JSON, r#"{"choices":[{"text":"cut of"#, (100, 0, 100));
        reads("application/octet-stream", r#"{"usage":{"prompt_tokens":9}}"#, (100, 0, 100));
    }

    #[test]
    fn streams_with_an_account_at_the_end() {
        reads(
            EVENTS,
            "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}],\"usage\":null}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":6,\"total_tokens\":11}}\n\ndata: [DONE]\n\n",
            (5, 6, 11),
        );
        reads(
            EVENTS,
            "event: message_start\r\ndata: {\"message\":{\"usage\":{\"input_tokens\":25,\"output_tokens\":1}}}\r\n\r\ndata: {\"delta\":{\"text\":\"Hi\"}}\r\n\r\ndata: {\"usage\":{\"output_tokens\":15}}\r\n\r\n",
            (25, 15, 40),
        );
        reads(
            EVENTS,
            "data:{\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_tokens\":2,\"output_tokens\":3,\"total_tokens\":5}}}\n",
            (2, 3, 5),
        );
    }

    #[test]
    fn streams_without_one_are_estimated() {
        reads(
            EVENTS,
            "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"Hello\"}}]}\n\n: keep\ndata: {\"choices\":[{\"delta\":{\"content\":\" world!\"}}]}\n\ndata: [DONE]\n\n",
            (100, 3, 103),
        );
        reads(
            EVENTS,
            "data: {\"delta\":\"Hello\"}\n\ndata: {\"choices\":[{\"text\":\" there\"},{\"delta\":{\"tool_calls\":[{\"function\":{\"arguments\":\"{}\"}}]}}]}\n",
            (100, 4, 104),
        );
        // A line that did not end is no event.
        reads(EVENTS, "data: {\"delta\":\"Hello\"}", (100, 0, 100));
    }

    #[test]
    fn what_is_compressed_is_not_read() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        let mut answer = Answer::new(&headers);
        answer.pass(br#"{"usage":{"prompt_tokens":9}}"#);
        assert_eq!(answer.usage(7), Usage { prompt: 7, completion: 0, total: 7 });
    }

    #[test]
    fn a_line_without_end_and_an_account_without_end_are_bounded() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(EVENTS));
        let mut answer = Answer::new(&headers);
        for _ in 0..3 {
            answer.pass(&vec![b'x'; LINE_BYTES_MAX / 2]);
        }
        let Form::Events(line) = &answer.form else { panic!("events") };
        assert!(line.too_long && line.bytes.is_empty());
        answer.pass(b"\ndata: {\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\n");
        assert_eq!(answer.usage(9).total, 2);
        let long = format!("{{\"usage\":{{\"x\":[{}1]}}}}", "1,".repeat(USAGE_BYTES_MAX));
        assert_eq!(read(JSON, &long, 4096).total, 100);
    }
}
