//! `validate-content`: the size, the media type and the JSON or XML of a message against what the operation declares, or a named schema.

use std::sync::Arc;

use serde_json::Value;

use crate::config::contract::{OperationResponse, Representation, SchemaName};
use crate::expr::Message;
use crate::http::media::MediaType;
use crate::http::{Bytes, header};
use crate::policy::content::{content_of, fields_of, message_of, text_of};
use crate::policy::operand::Operand;
use crate::policy::reader::Reader;
use crate::policy::run::{BODY_BYTES_MAX, Flow, Ran, Run, Site, Stop};
use crate::policy::schema::{FINDINGS_MAX, Missing, NameCase, SchemaPlace, Variant, findings, lowered, shortened};
use crate::policy::shape::{Content, Occurs, Shape, attribute, child};
use crate::policy::validate::envelope::{Unfit, bodies};
use crate::policy::validate::parameter::api_schema;
use crate::policy::validate::{Action, Finding, conclude, variable};
use crate::policy::{Built, Policy};

const NO_TEXT: &str = "It is no text in its charset";

/// `validate-content`
pub static VALIDATE_CONTENT: Shape = Shape {
    attributes: &[
        attribute("unspecified-content-type-action").required(),
        attribute("max-size").required(),
        attribute("size-exceeded-action").required(),
        attribute("errors-variable-name").literal(),
    ],
    content: Content::Children(&[
        child("content-type-map", Occurs::Optional, &MAP),
        child("content", Occurs::Any, &CONTENT),
    ]),
};

static MAP: Shape = Shape {
    attributes: &[attribute("any-content-type-value"), attribute("missing-content-type-value")],
    content: Content::Children(&[child("type", Occurs::Any, &TYPE)]),
};

static TYPE: Shape =
    Shape { attributes: &[attribute("from"), attribute("when"), attribute("to").required()], content: Content::Empty };

static CONTENT: Shape = Shape {
    attributes: &[
        attribute("type").literal(),
        attribute("validate-as").required().literal().one_of(&["json", "xml", "soap"]),
        attribute("action").required(),
        attribute("schema-id").literal(),
        attribute("schema-ref").literal(),
        attribute("allow-additional-properties").literal(),
        attribute("case-insensitive-property-names").literal(),
    ],
    content: Content::Empty,
};

/// Judges the content of a message.
#[derive(Clone, Debug)]
pub(super) struct ValidateContent {
    unspecified: Operand<Action>,
    size_max: Operand<i64>,
    size_exceeded: Operand<Action>,
    map: Map,
    contents: Vec<Rule>,
    variable: Option<Arc<str>>,
    message: Message,
}

/// `content-type-map`
#[derive(Clone, Debug, Default)]
struct Map {
    any: Option<Operand>,
    missing: Option<Operand>,
    types: Vec<(Case, Operand)>,
}

#[derive(Clone, Debug)]
enum Case {
    From(Operand),
    When(Operand<bool>),
}

/// `content`
#[derive(Clone, Debug)]
struct Rule {
    /// `None` means every type that the operation declares.
    of: Option<Arc<str>>,
    form: Form,
    action: Operand<Action>,
    place: Option<SchemaPlace>,
    variant: Variant,
}

/// How content is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    Xml,
    Soap,
}

/// Compiles `validate-content`.
pub fn build_validate_content(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let unspecified = reader.attribute("unspecified-content-type-action");
    let size_max = reader.attribute::<i64>("max-size");
    let largest = i64::try_from(BODY_BYTES_MAX).unwrap_or(i64::MAX);
    if size_max.as_ref().and_then(Operand::known).is_some_and(|size| !(0..=largest).contains(size)) {
        reader.error("max-size", format!("expected a number of bytes from 0 to {largest}"));
    }
    let size_exceeded = reader.attribute("size-exceeded-action");
    let map = reader.child("content-type-map").map(|element| map(&mut reader.at(element))).unwrap_or_default();
    let mut contents = Vec::new();
    for element in reader.element.elements().filter(|element| element.name == "content") {
        contents.extend(rule(&mut reader.at(element)));
    }
    Some(Arc::new(ValidateContent {
        unspecified: unspecified?,
        size_max: size_max?,
        size_exceeded: size_exceeded?,
        map,
        contents,
        variable: variable(reader),
        message: message_of(reader.target()),
    }))
}

fn map(reader: &mut Reader<'_, '_, '_>) -> Map {
    let (any, missing) = (reader.attribute("any-content-type-value"), reader.attribute("missing-content-type-value"));
    let mut types = Vec::new();
    for element in reader.element.elements().filter(|element| element.name == "type") {
        let mut one = reader.at(element);
        let (from, when, to) = (one.attribute("from"), one.attribute("when"), one.attribute("to"));
        if element.attribute("from").is_some() == element.attribute("when").is_some() {
            one.reject("missing-attribute", "`type` needs either the attribute `from` or the attribute `when`");
        }
        types.extend(from.map(Case::From).or(when.map(Case::When)).zip(to));
    }
    Map { any, missing, types }
}

fn rule(reader: &mut Reader<'_, '_, '_>) -> Option<Rule> {
    let form = match reader.literal("validate-as").as_deref() {
        Some("xml") => Form::Xml,
        Some("soap") => Form::Soap,
        Some(_) | None => Form::Json,
    };
    for name in ["schema-ref", "allow-additional-properties", "case-insensitive-property-names"] {
        if form != Form::Json && reader.element.attribute(name).is_some() {
            reader.error(name, format!("`{name}` is for JSON alone"));
        }
    }
    let action = reader.attribute("action");
    let additional = reader.constant("allow-additional-properties");
    let names = match reader.constant("case-insensitive-property-names") {
        Some(true) => NameCase::Ignored,
        Some(false) | None => NameCase::Exact,
    };
    let id = reader.literal("schema-id").filter(|id| !id.is_empty());
    let reference = reader.literal("schema-ref").unwrap_or_default();
    if id.is_none() && !reference.is_empty() {
        reader.error("schema-ref", "`schema-ref` points into the schema that `schema-id` names, which is missing");
    }
    let pointer = reference.trim_start_matches('#');
    if !pointer.is_empty() && !pointer.starts_with('/') {
        reader.error("schema-ref", format!("`{reference}` is not a JSON pointer, as in `#/components/schemas/Order`"));
    }
    let pointer = pointer.to_owned();
    let place = id.map(|id| SchemaPlace::Pointed { document: id.to_ascii_lowercase(), pointer });
    let of = reader.literal("type").filter(|of| !of.is_empty());
    if of.as_ref().is_some_and(|of| MediaType::parse(of).is_none()) {
        reader.error("type", "not a media type");
    }
    Some(Rule { of, form, action: action?, place, variant: Variant { additional, names } })
}

impl Policy for ValidateContent {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let (unspecified, exceeded) = (self.unspecified.get(run)?, self.size_exceeded.get(run)?);
        let size_max = u64::try_from(self.size_max.get(run)?).unwrap_or(0);
        let mapped = self.map.get(run, self.message)?;
        let mut actions = Vec::with_capacity(self.contents.len());
        for rule in &self.contents {
            actions.push(rule.action.get(run)?);
        }
        let mut found = Vec::new();
        // What says itself that it is too large need not be read.
        if let Some(size) = declared_size(run, self.message).filter(|size| *size > size_max)
            && exceeded == Action::Prevent
        {
            found.push(self.too_large(size, size_max, exceeded));
            return conclude(run, self.message, self.variable.as_ref(), found);
        }
        let Some(content) = content_of(run, self.message)?.filter(|content| !content.is_empty()) else {
            return Ok(Flow::Next);
        };
        let size = u64::try_from(content.len()).unwrap_or(u64::MAX);
        if size > size_max {
            found.push(self.too_large(size, size_max, exceeded));
        }
        // The first set of errors that prevents is the last.
        if !found.iter().any(|finding| finding.action == Action::Prevent) {
            found.extend(self.judged(run, &content, &mapped, &actions, unspecified));
        }
        conclude(run, self.message, self.variable.as_ref(), found)
    }

    fn broken(&self, site: &Site, operation: &str) -> Vec<String> {
        let mut broken = Vec::new();
        let mut look = |rule: &Rule, place: SchemaPlace, inline: Option<&Value>| {
            let shown = named(&place);
            let compiled = match rule.form {
                Form::Json => site.schemas.get(place, rule.variant, inline).map(drop),
                Form::Xml | Form::Soap => match xml_document(&place) {
                    Some(id) => site.schemas.xml(id).map(drop),
                    None => Err(Missing::Document),
                },
            };
            match compiled {
                Err(Missing::Broken(why)) => {
                    broken.push(format!("the schema {shown} of `validate-content` does not compile: {why}"));
                }
                // Nothing of this type would ever pass.
                Err(Missing::Document | Missing::Definitions | Missing::Definition)
                    if rule.place.is_some() && rule.action.known() == Some(&Action::Prevent) =>
                {
                    broken.push(format!("the schema {shown} that `validate-content` names is not there"));
                }
                Err(Missing::Document | Missing::Definitions | Missing::Definition) | Ok(()) => {}
            }
        };
        for rule in self.contents.iter().filter(|rule| rule.action.known() != Some(&Action::Ignore)) {
            if let Some(place) = rule.place.clone() {
                look(rule, place, None);
                continue;
            }
            for (at, representation) in self.representations(site, rule) {
                if let Some(place) = own_schema(operation, at, representation) {
                    look(rule, place, representation.schema.as_ref());
                }
            }
        }
        broken
    }
}

// How a finding at load names a schema.
fn named(place: &SchemaPlace) -> String {
    match place {
        SchemaPlace::Named(SchemaName { document, definition }) => format!("`{definition}` in `{document}`"),
        SchemaPlace::Pointed { document, pointer } if pointer.is_empty() => format!("`{document}`"),
        SchemaPlace::Pointed { document, pointer } => format!("`{document}#{pointer}`"),
        SchemaPlace::Inline { operation, at } => format!("`{at}` of the operation `{operation}`"),
    }
}

fn declared_size(run: &mut Run<'_>, message: Message) -> Option<u64> {
    fields_of(run, message).get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

impl Map {
    // The type that counts for the message.
    fn get(&self, run: &mut Run<'_>, message: Message) -> Result<String, Stop> {
        let written = fields_of(run, message).get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let written = written.unwrap_or("").trim().to_owned();
        let mut mapped = None;
        for (case, to) in &self.types {
            let is_it = match case {
                Case::From(from) => same_type(&from.get(run)?, &written),
                Case::When(when) => when.get(run)?,
            };
            if is_it && mapped.is_none() {
                mapped = Some(to.get(run)?);
            }
        }
        let standard = if written.is_empty() { self.missing.as_ref().or(self.any.as_ref()) } else { self.any.as_ref() };
        match (mapped, standard) {
            (Some(mapped), _) => Ok(mapped.to_string()),
            (None, Some(standard)) => Ok(standard.get(run)?.to_string()),
            (None, None) => Ok(written),
        }
    }
}

fn same_type(one: &str, other: &str) -> bool {
    match (MediaType::parse(one), MediaType::parse(other)) {
        (Some(one), Some(other)) => one.is_same_type(&other),
        _ => one.trim().eq_ignore_ascii_case(other.trim()),
    }
}

impl ValidateContent {
    fn kind(&self) -> &'static str {
        match self.message {
            Message::Request => "RequestBody",
            Message::Response => "ResponseBody",
        }
    }

    fn words(&self) -> &'static str {
        match self.message {
            Message::Request => "request",
            Message::Response => "response",
        }
    }

    fn about(&self, media: &str, rule: &'static str, details: String, action: Action) -> Finding {
        Finding::about(self.message, (media, self.kind()), rule, details, action)
    }

    fn too_large(&self, size: u64, size_max: u64, action: Action) -> Finding {
        let who = match self.message {
            Message::Request => "Request's",
            Message::Response => "Response's",
        };
        let details =
            format!("{who} body is {size} bytes long and it exceeds the configured limit of {size_max} bytes.");
        let public = details.replace("the configured limit", "the limit");
        let finding = self.about("", "SizeLimit", details, action);
        if self.message == Message::Request { Finding { public, ..finding } } else { finding }
    }

    fn judged(
        &self,
        run: &Run<'_>,
        content: &Bytes,
        media: &str,
        actions: &[Action],
        unspecified: Action,
    ) -> Vec<Finding> {
        let declared = self.declared(run, media);
        let rules = self.contents.iter().zip(actions);
        let mut rules = rules.filter(|(rule, _)| match &rule.of {
            Some(of) => same_type(of, media),
            None => declared.is_some(),
        });
        let Some((rule, action)) = rules.next() else {
            let details = format!("Unspecified content type {} is not allowed.", shortened(media));
            return vec![self.about(media, "Unspecified", details, unspecified)];
        };
        if *action == Action::Ignore {
            return Vec::new();
        }
        let operation = run.context.operation.as_ref().map_or("", |operation| &operation.id);
        let own = declared.and_then(|(at, representation)| own_schema(operation, at, representation));
        let inline = declared.and_then(|(_, representation)| representation.schema.as_ref());
        let Some(place) = rule.place.clone().or(own) else {
            return vec![api_schema("API's schema does not exist or it could not be resolved.", *action)];
        };
        if rule.form != Form::Json {
            return self.judged_xml(run, content, media, rule.form, &place, *action);
        }
        match run.site.schemas.get(place.clone(), rule.variant, inline) {
            Ok(validator) => {
                let Some(text) = text_of(run, self.message, content) else {
                    return vec![self.unreadable(media, NO_TEXT, *action)];
                };
                let instance = match serde_json::from_str::<Value>(&text) {
                    Ok(instance) => instance,
                    Err(error) => return vec![self.unreadable(media, &error.to_string(), *action)],
                };
                let instance = match rule.variant.names {
                    NameCase::Exact => instance,
                    NameCase::Ignored => lowered(instance),
                };
                let say = |why: String| self.incorrect(media, &place, &why, *action);
                findings(&validator, &instance).into_iter().map(say).collect()
            }
            Err(missing) => vec![self.missing(media, &place, &missing, *action)],
        }
    }

    fn judged_xml(
        &self,
        run: &Run<'_>,
        content: &Bytes,
        media: &str,
        form: Form,
        place: &SchemaPlace,
        action: Action,
    ) -> Vec<Finding> {
        let schema = match xml_document(place).ok_or(Missing::Document).and_then(|id| run.site.schemas.xml(id)) {
            Ok(schema) => schema,
            Err(missing) => return vec![self.missing(media, place, &missing, action)],
        };
        let Some(text) = text_of(run, self.message, content) else {
            return vec![self.unreadable(media, NO_TEXT, action)];
        };
        let documents = match form {
            Form::Soap => match bodies(&text, media) {
                Ok(bodies) => bodies,
                Err(Unfit::NoEnvelope(why)) => return vec![self.incorrect(media, place, &why, action)],
                Err(Unfit::Unreadable(why)) => return vec![self.unreadable(media, why.trim_end_matches('.'), action)],
            },
            Form::Json | Form::Xml => vec![text.into_owned()],
        };
        let mut found = Vec::new();
        for document in documents {
            match schema.findings(&document) {
                Ok(findings) => found.extend(findings.iter().map(|why| self.incorrect(media, place, why, action))),
                Err(why) => return vec![self.unreadable(media, why.trim_end_matches('.'), action)],
            }
        }
        found.truncate(FINDINGS_MAX);
        found
    }

    // What the operation declares for the types that a rule is about, each with its place.
    fn representations<'s>(&self, site: &'s Site, rule: &Rule) -> Vec<(At, &'s Representation)> {
        let about = |status: Option<u16>, list: &'s [Representation]| {
            let of = rule.of.clone();
            let all = list.iter().enumerate().map(move |(index, found)| (At { status, index }, found));
            all.filter(move |(_, found)| of.as_ref().is_none_or(|of| same_type(of, &found.content_type)))
        };
        match self.message {
            Message::Request => about(None, &site.request.representations).collect(),
            Message::Response => {
                let responses = site.responses.iter();
                responses.flat_map(|of: &OperationResponse| about(Some(of.status), &of.representations)).collect()
            }
        }
    }

    // The representation that the operation declares for a media type, with its place.
    fn declared<'r>(&self, run: &'r Run<'_>, media: &str) -> Option<(At, &'r Representation)> {
        let (status, list) = match self.message {
            Message::Request => (None, run.site.request.representations.as_slice()),
            Message::Response => {
                let status = run.context.response.as_ref()?.status.as_u16();
                let response = run.site.response(status)?;
                (Some(status), response.representations.as_slice())
            }
        };
        let mut list = list.iter().enumerate();
        let (index, found) = list.find(|(_, representation)| same_type(&representation.content_type, media))?;
        Some((At { status, index }, found))
    }

    fn unreadable(&self, media: &str, why: &str, action: Action) -> Finding {
        let details = format!("Body of the {} cannot be validated for the content type {media}. {why}.", self.words());
        Finding::kept(media, self.kind(), "ValidationException", details, action)
    }

    fn incorrect(&self, media: &str, place: &SchemaPlace, why: &str, action: Action) -> Finding {
        let definition = definition(place);
        let details = format!(
            "Body of the {} does not conform to the definition{definition} which is associated with the content type {media}. {why}",
            self.words()
        );
        self.about(media, "IncorrectMessage", details, action)
    }

    fn missing(&self, media: &str, place: &SchemaPlace, missing: &Missing, action: Action) -> Finding {
        match missing {
            Missing::Document => api_schema("API's schema does not exist or it could not be resolved.", action),
            Missing::Definitions => api_schema("API's schema does not specify definitions.", action),
            Missing::Definition => {
                let definition = definition(place);
                let details = format!(
                    "API's schema does not contain definition{definition} which is associated with the content type {media}."
                );
                Finding::kept(media, self.kind(), "MissingDefinition", details, action)
            }
            Missing::Broken(why) => self.unreadable(media, why, action),
        }
    }
}

/// Where an operation declares a representation.
#[derive(Clone, Copy)]
struct At {
    status: Option<u16>,
    index: usize,
}

// ` Order,`, or nothing when the schema has no name.
fn definition(place: &SchemaPlace) -> String {
    match place {
        SchemaPlace::Named(SchemaName { definition, .. }) => format!(" {definition},"),
        SchemaPlace::Pointed { pointer, .. } if !pointer.is_empty() => {
            format!(" {},", pointer.rsplit('/').next().unwrap_or(""))
        }
        SchemaPlace::Pointed { .. } | SchemaPlace::Inline { .. } => String::new(),
    }
}

// The entity that holds an XML Schema.
fn xml_document(place: &SchemaPlace) -> Option<&str> {
    match place {
        SchemaPlace::Named(SchemaName { document, .. }) | SchemaPlace::Pointed { document, .. } => Some(document),
        SchemaPlace::Inline { .. } => None,
    }
}

fn own_schema(operation: &str, at: At, representation: &Representation) -> Option<SchemaPlace> {
    if let Some(named) = &representation.named {
        return Some(SchemaPlace::Named(named.clone()));
    }
    representation.schema.as_ref()?;
    let operation = operation.to_owned();
    let at = match at.status {
        Some(status) => format!("response/{status}/{}", at.index),
        None => format!("request/{}", at.index),
    };
    Some(SchemaPlace::Inline { operation, at })
}
