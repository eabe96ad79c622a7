//! `mock-response`: answers in the backend's place.

mod choice;
mod sample;

use std::sync::Arc;

use crate::context::{Body, ResponseView};
use crate::http::{HeaderMap, HeaderValue, StatusCode, header};
use crate::policy::reader::Reader;
use crate::policy::run::{Flow, Ran, Run};
use crate::policy::shape::{Content, Shape, attribute};
use crate::policy::{Built, Policy};
use choice::Wanted;

/// `mock-response`
pub static MOCK_RESPONSE: Shape = Shape {
    attributes: &[
        attribute("status-code").literal(),
        attribute("content-type").literal(),
        attribute("index").literal(),
    ],
    content: Content::Empty,
};

/// Ends the pipeline with what the operation declares that it may answer.
#[derive(Clone, Debug)]
pub struct MockResponse {
    status: StatusCode,
    wanted: Wanted,
}

/// Compiles `mock-response`.
pub fn build_mock_response(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let status = number(reader, "status-code", 200, "a status code from 200 to 599", |code| (200..600).contains(&code));
    let index = number(reader, "index", 0, "the number of an example, from 0", |_| true);
    let content_type = reader.literal("content-type").filter(|content_type| !content_type.is_empty());
    if content_type.as_ref().is_some_and(|content_type| HeaderValue::from_str(content_type).is_err()) {
        reader.error("content-type", "not a media type");
        return None;
    }
    let (status, index) = (status?, index?);
    let wanted = Wanted { status, content_type: content_type.map(|text| text.to_string()), index: usize::from(index) };
    Some(Arc::new(MockResponse { status: StatusCode::from_u16(status).ok()?, wanted }))
}

fn number(
    reader: &mut Reader<'_, '_, '_>,
    name: &'static str,
    default: u16,
    expected: &'static str,
    fits: fn(u16) -> bool,
) -> Option<u16> {
    let Some(text) = reader.literal(name) else {
        // An expression has been reported by the shape.
        return reader.element.attribute(name).is_none().then_some(default);
    };
    let number = text.parse().ok().filter(|number| fits(*number));
    if number.is_none() {
        reader.error(name, format!("`{text}` is not {expected}"));
    }
    number
}

impl Policy for MockResponse {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let mock = choice::choose(&run.site.responses, &self.wanted);
        let mut headers = HeaderMap::new();
        if let Some(value) = mock.content_type.and_then(|content_type| HeaderValue::try_from(content_type).ok()) {
            headers.insert(header::CONTENT_TYPE, value);
        }
        let body = if mock.content.is_empty() { Body::Absent } else { Body::Bytes(mock.content) };
        run.context.response = Some(ResponseView { status: self.status, reason: None, headers, body });
        Ok(Flow::Finish)
    }
}
