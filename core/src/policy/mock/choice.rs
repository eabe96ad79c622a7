//! Which declared response a mock gives. Knows nothing of exchanges.

use crate::config::contract::{OperationResponse, Representation};
use crate::http::Bytes;
use crate::policy::mock::sample::sample;

/// The content of a mock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mock {
    /// Its media type; `None` when there is no content.
    pub(super) content_type: Option<String>,
    /// The content.
    pub(super) content: Bytes,
}

/// What is asked of a mock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The status code.
    pub(super) status: u16,
    /// The media type; `None` means the first that is declared.
    pub(super) content_type: Option<String>,
    /// Which of the examples of all matching representations, from 0.
    pub(super) index: usize,
}

/// The mock for `wanted`: the example, or else a sample of the schema, or else nothing.
pub(super) fn choose(responses: &[OperationResponse], wanted: &Wanted) -> Mock {
    let declared = responses.iter().find(|response| response.status == wanted.status);
    let matching: Vec<&Representation> = declared
        .into_iter()
        .flat_map(|response| &response.representations)
        .filter(|representation| match &wanted.content_type {
            Some(content_type) => essence(content_type) == essence(&representation.content_type),
            None => true,
        })
        .collect();
    let example = matching
        .iter()
        .flat_map(|representation| representation.examples.iter().map(move |example| (representation, example)))
        .nth(wanted.index);
    if let Some((representation, example)) = example {
        return mock(&representation.content_type, example);
    }
    let sampled = matching.iter().find_map(|representation| {
        sampled(&representation.content_type, representation.schema.as_ref()?)
            .map(|content| mock(&representation.content_type, &content))
    });
    sampled.unwrap_or_else(|| Mock { content_type: None, content: Bytes::new() })
}

fn mock(content_type: &str, content: &str) -> Mock {
    Mock { content_type: Some(content_type.to_owned()), content: Bytes::copy_from_slice(content.as_bytes()) }
}

// A schema describes JSON. Of other media types only plain text can be made from it.
fn sampled(content_type: &str, schema: &serde_json::Value) -> Option<String> {
    let essence = essence(content_type);
    let sample = sample(schema);
    if essence == "application/json" || essence == "text/json" || essence == "*/*" || essence.ends_with("+json") {
        return serde_json::to_string_pretty(&sample).ok();
    }
    match sample {
        serde_json::Value::String(text) if essence == "text/plain" => Some(text),
        _ => None,
    }
}

// Type and subtype in lower case, without parameters (RFC 9110 §8.3.1).
fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn representation(content_type: &str, examples: &[&str], schema: Option<serde_json::Value>) -> Representation {
        let examples = examples.iter().map(|example| (*example).to_owned()).collect();
        Representation { content_type: content_type.to_owned(), examples, schema, named: None }
    }

    fn chosen(
        responses: &[OperationResponse],
        status: u16,
        content_type: Option<&str>,
        index: usize,
    ) -> (String, String) {
        let mock = choose(responses, &Wanted { status, content_type: content_type.map(str::to_owned), index });
        (mock.content_type.unwrap_or_default(), String::from_utf8(mock.content.to_vec()).unwrap())
    }

    #[test]
    fn example_then_sample_then_nothing() {
        let text = json!({"type": "string", "example": "hello"});
        let responses = [
            OperationResponse {
                status: 200,
                headers: vec![],
                representations: vec![
                    representation("application/json; charset=utf-8", &["{\"a\":1}", "{\"a\":2}"], None),
                    representation("application/xml", &["<a/>"], None),
                    representation("text/plain", &[], Some(text.clone())),
                    representation("text/csv", &[], Some(text.clone())),
                ],
            },
            OperationResponse {
                status: 404,
                headers: vec![],
                representations: vec![
                    representation("application/xml", &[], Some(text.clone())),
                    representation("application/problem+json", &[], Some(text)),
                ],
            },
            OperationResponse { status: 204, headers: vec![], representations: vec![] },
        ];
        let cases = [
            (200, None, 0, "application/json; charset=utf-8", "{\"a\":1}"),
            (200, None, 1, "application/json; charset=utf-8", "{\"a\":2}"),
            (200, None, 2, "application/xml", "<a/>"),
            (200, Some("application/json"), 2, "", ""),
            (200, Some("Application/XML"), 0, "application/xml", "<a/>"),
            (200, Some("application/json"), 0, "application/json; charset=utf-8", "{\"a\":1}"),
            (200, Some("text/plain"), 0, "text/plain", "hello"),
            (200, Some("text/csv"), 0, "", ""),
            (200, Some("image/png"), 0, "", ""),
            (404, None, 0, "application/problem+json", "\"hello\""),
            (204, None, 0, "", ""),
            (500, None, 0, "", ""),
        ];
        for (status, content_type, index, expected_type, expected) in cases {
            let got = chosen(&responses, status, content_type, index);
            assert_eq!(got, (expected_type.to_owned(), expected.to_owned()), "{status} {content_type:?} {index}");
        }
    }
}
