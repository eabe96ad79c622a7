//! Content from one form to another: json-to-xml and xml-to-json. The mappings themselves are in `to_xml` and `to_json`.

mod to_json;
mod to_xml;

use std::borrow::Cow;
use std::sync::Arc;

use crate::expr::Message;
use crate::http::media::MediaType;
use crate::http::{HeaderValue, header};
use crate::policy::content::{content_of, fields_of, media_of, message_of, set_content, text_of};
use crate::policy::operand::{Operand, get_optional};
use crate::policy::reader::Reader;
use crate::policy::run::{Failure, Flow, Ran, Run, Stop};
use crate::policy::shape::{Content, Shape, attribute};
use crate::policy::{Built, Policy};
use to_json::Kind;
use to_xml::Options;

/// `json-to-xml`
pub static JSON_TO_XML: Shape = Shape {
    attributes: &[
        attribute("apply").required().one_of(&["always", "content-type-json"]),
        attribute("consider-accept-header"),
        attribute("parse-date").literal(),
        attribute("namespace-separator"),
        attribute("namespace-prefix"),
        attribute("attribute-block-name"),
    ],
    content: Content::Empty,
};

/// `xml-to-json`
pub static XML_TO_JSON: Shape = Shape {
    attributes: &[
        attribute("kind").required().one_of(&["direct", "javascript-friendly"]),
        attribute("apply").required().one_of(&["always", "content-type-xml"]),
        attribute("consider-accept-header"),
        attribute("always-array-child-elements"),
    ],
    content: Content::Empty,
};

/// Whether a media type is of a form.
type Form = fn(&MediaType<'_>) -> bool;

fn is_json(media: &MediaType<'_>) -> bool {
    media.is_json()
}

fn is_xml(media: &MediaType<'_>) -> bool {
    media.is_xml()
}

/// When content is converted.
#[derive(Clone, Debug)]
struct When {
    apply: Operand,
    consider_accept: Option<Operand<bool>>,
    message: Message,
}

impl When {
    fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let apply = reader.attribute("apply")?;
        let consider_accept = reader.attribute("consider-accept-header");
        Some(Self { apply, consider_accept, message: message_of(reader.target()) })
    }

    /// The text to convert from one form to the other, when it is to be converted; `by_type` is the `apply` that looks at its form.
    fn text(&self, run: &mut Run<'_>, by_type: &str, from: Form, to: Form) -> Result<Option<String>, Stop> {
        let apply = self.apply.get(run)?;
        let consider_accept = get_optional(self.consider_accept.as_ref(), run)?.unwrap_or(true);
        let is_wanted = match apply.trim() {
            "always" => true,
            apply if apply == by_type => media_of(fields_of(run, self.message)).as_ref().is_some_and(from),
            other => return Err(Stop::fail(Failure::expression(format!("`{other}` is not a value of `apply`")))),
        };
        if !is_wanted || consider_accept && !accepts(run, to) {
            return Ok(None);
        }
        let Some(content) = content_of(run, self.message)?.filter(|content| !content.is_empty()) else {
            return Ok(None);
        };
        let text = text_of(run, self.message, &content).map(Cow::into_owned);
        text.map(Some).ok_or_else(|| failed("the content is no text in its charset"))
    }
}

// Whether the client asked for this kind of content by name: `*/*` asks for nothing in particular.
fn accepts(run: &Run<'_>, wanted: Form) -> bool {
    let fields = run.context.request.headers.get_all(header::ACCEPT).iter();
    let ranges = fields.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    ranges.filter_map(MediaType::parse).any(|range| wanted(&range))
}

fn failed(message: impl Into<String>) -> Stop {
    Stop::fail(Failure::internal("ContentConversionFailure", message))
}

fn converted(run: &mut Run<'_>, message: Message, text: String, media: &'static str) -> Ran {
    set_content(run, message, text);
    fields_of(run, message).insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    Ok(Flow::Next)
}

/// `json-to-xml`
#[derive(Clone, Debug)]
pub struct JsonToXml {
    when: When,
    parse_date: bool,
    separator: Option<Operand>,
    prefix: Option<Operand>,
    attributes: Option<Operand>,
}

/// Compiles `<json-to-xml/>`.
pub fn build_json_to_xml(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let when = When::read(reader);
    let parse_date = reader.constant("parse-date").unwrap_or(true);
    let separator = reader.attribute("namespace-separator");
    let prefix = reader.attribute("namespace-prefix");
    let attributes = reader.attribute("attribute-block-name");
    Some(Arc::new(JsonToXml { when: when?, parse_date, separator, prefix, attributes }))
}

impl Policy for JsonToXml {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let options = Options {
            parse_date: self.parse_date,
            separator: get_optional(self.separator.as_ref(), run)?.unwrap_or_else(|| Arc::from("_")),
            prefix: get_optional(self.prefix.as_ref(), run)?.filter(|prefix| !prefix.is_empty()),
            attributes: get_optional(self.attributes.as_ref(), run)?.filter(|name| !name.is_empty()),
        };
        let Some(text) = self.when.text(run, "content-type-json", is_json, is_xml)? else {
            return Ok(Flow::Next);
        };
        let xml = to_xml::convert(&text, &options).map_err(failed)?;
        converted(run, self.when.message, xml, "application/xml")
    }
}

/// `xml-to-json`
#[derive(Clone, Debug)]
pub struct XmlToJson {
    when: When,
    kind: Operand,
    always_arrays: Option<Operand<bool>>,
}

/// Compiles `<xml-to-json/>`.
pub fn build_xml_to_json(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let (kind, when) = (reader.attribute("kind"), When::read(reader));
    let always_arrays = reader.attribute("always-array-child-elements");
    Some(Arc::new(XmlToJson { when: when?, kind: kind?, always_arrays }))
}

impl Policy for XmlToJson {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let kind = match self.kind.get(run)?.trim() {
            "direct" => Kind::Direct,
            "javascript-friendly" => Kind::JavascriptFriendly,
            other => return Err(Stop::fail(Failure::expression(format!("`{other}` is not a value of `kind`")))),
        };
        let always_arrays = get_optional(self.always_arrays.as_ref(), run)?.unwrap_or(false);
        let Some(text) = self.when.text(run, "content-type-xml", is_xml, is_json)? else {
            return Ok(Flow::Next);
        };
        let json = to_json::convert(&text, kind, always_arrays).map_err(failed)?;
        converted(run, self.when.message, json, "application/json")
    }
}
