//! `set-body template="liquid"`: templates in DotLiquid's dialect, read when the configuration loads.
//!
//! Written here and not taken from a library: those that there are refuse what is missing instead of leaving it out, read the clock
//! for `now`, and cannot be bounded in steps.

mod filter;
mod item;
mod parse;
mod render;
mod scene;
mod words;
mod written;

use std::sync::Arc;

use crate::expr::Message;
use crate::http::charset;
use crate::policy::compile::Target;
use crate::policy::content::media_of;
use crate::policy::reader::Reader;
use crate::policy::run::{Failure, Run, Stop, body_of};
use crate::policy::source::Problem;
use crate::policy::transform::whole_body;
use crate::span::Span;
use item::{Dates, Item, XsiNil};
use parse::{Entities, Piece};

pub use written::Written;

/// The elements whose content may be a template.
const TEMPLATES: [&str; 8] = [
    "set-body",
    "publish-to-dapr",
    "invoke-dapr-binding",
    "id",
    "partition-key",
    "etag",
    "max-item-count",
    "continuation-token",
];

/// A template with its settings.
#[derive(Clone)]
pub struct Template {
    pieces: Arc<[Piece]>,
    nil: XsiNil,
    dates: Dates,
}

impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "liquid({} pieces)", self.pieces.len())
    }
}

impl Template {
    /// The template that stands in the element.
    pub fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let nil = match reader.literal("xsi-nil").as_deref() {
            Some("null") => XsiNil::Null,
            Some(_) | None => XsiNil::Blank,
        };
        let dates = match reader.constant("parse-date") {
            Some(false) => Dates::Kept,
            Some(true) | None => Dates::Parsed,
        };
        let entities = match reader.element.elements().next() {
            Some(_) => Entities::Kept,
            None => Entities::Decoded,
        };
        let mut text = reader.inner_xml().to_owned();
        let inner = reader.element.inner;
        // In a CDATA section every character stands for itself, and places in the text are no longer those of the document.
        let is_section = text.contains("<![CDATA[");
        if is_section {
            text = reader.element.text().literal().unwrap_or_default();
        }
        match parse::parse(&text, if is_section { Entities::Kept } else { entities }) {
            Ok(pieces) => Some(Self { pieces: pieces.into(), nil, dates }),
            Err(wrong) => {
                let place = Span { start: inner.start + wrong.span.start, end: inner.start + wrong.span.end };
                let span = if is_section { inner } else { place };
                reader.compiler.report(Problem::error("liquid", span, wrong.message));
                None
            }
        }
    }

    /// The content that it makes of the message as it is.
    ///
    /// # Errors
    /// The body must be read first, is not what its type says, or the template makes too much.
    pub fn render(&self, run: &mut Run<'_>, target: Target) -> Result<String, Stop> {
        let body = match target {
            Target::Request => self.body(run, Message::Request)?,
            Target::Response => self.body(run, Message::Response)?,
            // The content of a resolver's request are its arguments and its parent.
            Target::DraftRequest if run.context.graphql.is_some() => self.body(run, Message::Request)?,
            // What is put together has no content yet.
            Target::DraftRequest | Target::DraftResponse => Item::Nil,
        };
        let globals = |name: &str| match name {
            "body" => Some(body.clone()),
            "context" => Some(scene::context(run.context)),
            _ => None,
        };
        let made = render::render(&self.pieces, &globals);
        made.map_err(|why| failed(format!("Liquid template failed: {why}.")))
    }

    fn body(&self, run: &Run<'_>, message: Message) -> Result<Item, Stop> {
        let headers = match message {
            Message::Request => &run.context.request.headers,
            Message::Response => match &run.context.response {
                Some(response) => &response.headers,
                None => return Ok(Item::Nil),
            },
        };
        let Some(media) = media_of(headers).filter(|media| media.is_json() || media.is_xml()) else {
            return Ok(Item::Nil);
        };
        let is_json = media.is_json();
        let Some(content) = whole_body(body_of(run.context, message), message)?.filter(|content| !content.is_empty())
        else {
            return Ok(Item::Nil);
        };
        let text = charset::text(headers, &content).ok_or_else(|| failed("the content is no text in its charset"))?;
        if is_json {
            let value = serde_json::from_str(&text);
            let value = value.map_err(|error| failed(format!("the content is not JSON: {error}")))?;
            return Ok(Item::of_json(value, self.dates, 0));
        }
        Item::of_xml(&text, self.nil).map_err(|why| failed(format!("the content is not XML: {why}")))
    }
}

fn failed(message: impl Into<String>) -> Stop {
    Stop::fail(Failure::internal("LiquidTemplateFailure", message))
}

/// The places in a document where braces are Liquid's: the content of each element with `template="liquid"`.
pub fn places(text: &str) -> Vec<Span> {
    let mut places = Vec::new();
    for element in TEMPLATES {
        let tag = format!("<{element}");
        for (at, _) in text.match_indices(&tag) {
            let rest = text.get(at..).unwrap_or("");
            // The beginning of a longer name.
            let behind = rest.get(tag.len()..).unwrap_or("");
            if !behind.starts_with(|next: char| next.is_whitespace() || matches!(next, '>' | '/')) {
                continue;
            }
            let Some(open) = rest.find('>') else { break };
            let tag = rest.get(..open).unwrap_or("").to_ascii_lowercase();
            let is_liquid = tag.contains("template=\"liquid\"") || tag.contains("template='liquid'");
            if let Some(length) = rest.find(&format!("</{element}")).filter(|_| is_liquid && !tag.ends_with('/')) {
                places.push(Span::new(at + open, at + length));
            }
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rendered(template: &str) -> Result<String, String> {
        let body = json!({
            "name": "a b", "n": 7, "f": 2.5, "none": null, "at": "2026-02-15T10:20:30Z", "yes": true,
            "items": [{"id": 2, "tag": "x"}, {"id": 1, "tag": "y"}, {"id": 3, "tag": "x"}], "words": ["b", "a", "b"],
        });
        let body = Item::of_json(body, Dates::Parsed, 0);
        let globals = |name: &str| (name == "body").then(|| body.clone());
        let pieces = parse::parse(template, Entities::Kept).map_err(|wrong| wrong.message)?;
        render::render(&pieces, &globals)
    }

    fn assert_rendered(cases: &[(&str, &str)]) {
        for (template, expected) in cases {
            assert_eq!(rendered(template).as_deref(), Ok(*expected), "{template}");
        }
    }

    #[test]
    fn templates_and_what_they_make() {
        let cases = [
            (
                "{{ body.name }}|{{ body.missing.more }}|{{ body.none }}|{{body['n']}}|{{ body.items[1].id }}",
                "a b|||7|1",
            ),
            ("{{ body.BODY }}{{ body.NAME }} {{ body.items.size }} {{ body.items.last.id }}", "a b 3 3"),
            ("{% if body.n > 5 and body.yes %}big{% elsif body.n == 5 %}five{% else %}small{% endif %}", "big"),
            ("{% if body.n &lt; 5 or body.name contains 'b' %}y{% endif %}", "y"),
            ("{% if body.missing %}a{% else %}b{% endif %}{% if body.missing == empty %}c{% endif %}", "bc"),
            ("{% unless body.yes %}a{% else %}b{% endunless %}", "b"),
            ("{% case body.n %}{% when 1, 2 %}a{% when 7 %}b{% else %}c{% endcase %}", "b"),
            (
                "{% for i in body.items reversed %}{{ i.id }}{% unless forloop.last %}-{% endunless %}{% endfor %}",
                "3-1-2",
            ),
            (
                "{% for i in (1..9) limit: 3 offset: 2 %}{{ i }}{% endfor %}{% for x in body.none %}x{% else %}none{% endfor %}",
                "345none",
            ),
            (
                "{% for i in (1..9) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 4 %}{% break %}{% endif %}{{ i }}{% endfor %}",
                "13",
            ),
            (
                "[{% JSONArrayFor i in body.items %}{\"id\":{{ i.id }}}{% endJSONArrayFor %}]",
                "[{\"id\":2},{\"id\":1},{\"id\":3}]",
            ),
            ("{% assign x = body.n | Plus: 1 %}{{ x }}{% capture y %}<{{ x }}>{% endcapture %}{{ y }}", "8<8>"),
            ("a {%- if true -%} b {%- endif -%} c", "abc"),
            ("{% raw %}{{ x }}{% endraw %}{% comment %}{{ x }}{% endcomment %}", "{{ x }}"),
            ("{% for i in (1..3) %}{% cycle 'a', 'b' %}{% endfor %}", "aba"),
        ];
        assert_rendered(&cases);
    }

    #[test]
    fn filters_and_what_they_make() {
        let cases = [
            ("{{ body.name | Upcase | Append: '!' | Replace: ' ', '_' }}", "A_B!"),
            ("{{ body.at | Date: 'yyyy-MM-dd' }} {{ body.at }}", "2026-02-15 02/15/2026 10:20:30"),
            ("{{ '2026-02-15T10:20:30Z' | Date: \"dd.MM.yy HH:mm\" }}", "15.02.26 10:20"),
            (
                "{{ body.n | DividedBy: 2 }} {{ body.f | Times: 2 }} {{ '5' | Times: 3 }} {{ -7 | Abs }} {{ 7 | Modulo: 4 }}",
                "3 5 15 7 3",
            ),
            (
                "{{ body.f | Round }} {{ 2.345 | Round: 1 }} {{ 1234.5 | Currency }} {{ 2.1 | Ceil }}{{ 2.9 | Floor }}",
                "2 2.3 ¤1,234.50 32",
            ),
            (
                "{{ body.items | Map: 'tag' | Uniq | Join: ',' }} {{ body.items | Sort: 'id' | Map: 'id' | Join: '' }}",
                "x,y 123",
            ),
            (
                "{{ body.words | Sort | Join }} {{ 'a,b,,c' | Split: ',' | Size }} {{ body.words | First }}{{ body.words | Last }}",
                "a b b 3 bb",
            ),
            (
                "{{ 'hello' | Slice: -3, 2 }} {{ 'hello world' | Truncate: 8 }} {{ 'a b c' | TruncateWords: 2 }}",
                "ll hello... a b...",
            ),
            (
                "{{ '<a> &' | Escape }} {{ '<b>x</b>' | StripHtml }} {{ 'a b&' | UrlEncode }} {{ 'a+b%26' | UrlDecode }}",
                "&lt;a&gt; &amp; x a+b%26 a b&",
            ),
            ("{{ 'one two' | Capitalize }} {{ '' | Default: 'd' }} {{ body.none | Default: 3 }}", "One Two d 3"),
            (
                "{{ 3 | AtLeast: 5 }}{{ 3 | AtMost: 2 }} {{ ' x ' | Strip }}|{{ ' x' | Lstrip }}|{{ 'x ' | Rstrip }}",
                "52 x|x|x",
            ),
            (
                "{{ 'aXbX' | Remove: 'X' }} {{ 'aXbX' | RemoveFirst: 'X' }} {{ 'aXbX' | ReplaceFirst: 'X', 'y' }}",
                "ab abX aybX",
            ),
        ];
        assert_rendered(&cases);
    }

    #[test]
    fn mistakes_are_found_when_templates_are_read() {
        let cases = [
            ("{{ body.x", "`{{` is not closed"),
            ("{% if a %}", "`if` is not ended by `endif`"),
            ("{% endif %}", "`endif` ends nothing here"),
            ("{% for i in a %}{% endif %}", "`endif` stands where `endfor` is expected"),
            ("{{ a | upcase }}", "there is no filter `upcase`: did you mean `Upcase`?"),
            ("{% include 'x' %}", "there is no tag `include`"),
            ("{{ a b }}", "`b` is not expected here"),
            ("{{ }}", "a value is expected"),
            ("{% assign = 1 %}", "a name is expected"),
            ("{% for i of a %}{% endfor %}", "`in` is expected"),
            ("{% raw %}", "`raw` is not ended"),
        ];
        for (template, expected) in cases {
            assert_eq!(rendered(template).unwrap_err(), expected, "{template}");
        }
        assert!(rendered(&"{% if a %}".repeat(40)).unwrap_err().contains("deep"));
    }

    #[test]
    fn what_has_no_end_is_ended() {
        let grows =
            "{% assign x = 'aaaaaaaaaaaaaaaa' %}{% for i in (1..64) %}{% assign x = x | Append: x %}{% endfor %}";
        for (template, expected) in [
            ("{% for i in (1..9999999999) %}{% endfor %}", "steps"),
            ("{% for i in (1..9999) %}{% for j in (1..9999) %}{% endfor %}{% endfor %}", "steps"),
            (grows, "larger than"),
            ("{{ 1 | DividedBy: 0 }}", "zero"),
        ] {
            let why = rendered(template).unwrap_err();
            assert!(why.contains(expected), "{template}: {why}");
        }
    }

    #[test]
    fn xml_is_bound_by_local_names() {
        let xml = "<s:Envelope xmlns:s='urn:s' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'><s:Body><Add><R>1</R><R>2</R><N xsi:nil='true'/></Add></s:Body></s:Envelope>";
        for (nil, expected) in [(XsiNil::Blank, "1,2|full"), (XsiNil::Null, "1,2|nil")] {
            let body = Item::of_xml(xml, nil).unwrap();
            let globals = |name: &str| (name == "body").then(|| body.clone());
            let text = "{{ body.envelope.body.Add.R | Join: ',' }}|{% if body.envelope.body.Add.N %}full{% else %}nil{% endif %}";
            assert_eq!(render::render(&parse::parse(text, Entities::Kept).unwrap(), &globals).unwrap(), expected);
        }
    }
}
