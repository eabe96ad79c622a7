//! The four requests that a resolver may send to Cosmos DB, as documents write them and as they go out. Sends and signs nothing.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::http::percent::is_dot_segment;
use crate::http::{Bytes, HeaderMap, HeaderName, HeaderValue, Method, header};
use crate::policy::compile::Target;
use crate::policy::dialect::Element;
use crate::policy::effect::OutboundBody;
use crate::policy::eventhub::ascii;
use crate::policy::liquid::Written;
use crate::policy::operand::{Operand, get_optional};
use crate::policy::reader::Reader;
use crate::policy::run::{Failure, Run, Stop};
use crate::policy::transform::header_value;
use crate::value::Value;
use crate::value::json::JFormatting;

/// The names of `consistency-level`.
pub(super) const CONSISTENCY_LEVELS: &[&str] =
    &["bounded-staleness", "consistent-prefix", "eventual", "session", "strong"];
/// The names of `indexing-directive`.
pub(super) const INDEXING_DIRECTIVES: &[&str] = &["default", "include", "exclude"];
/// The names of `type` of a `write-request`.
pub(super) const WRITES: &[&str] = &["insert", "replace", "upsert"];
/// The names of `type` of an `etag`.
pub(super) const MATCHES: &[&str] = &["match", "no-match"];
/// The names of `data-type`.
pub(super) const DATA_TYPES: &[&str] = &["string", "number", "bool", "none", "null"];

const PARTITION_KEY: HeaderName = HeaderName::from_static("x-ms-documentdb-partitionkey");
const IS_QUERY: HeaderName = HeaderName::from_static("x-ms-documentdb-isquery");
const CROSS_PARTITION: HeaderName = HeaderName::from_static("x-ms-documentdb-query-enablecrosspartition");
const LOW_PRECISION: HeaderName = HeaderName::from_static("x-ms-documentdb-query-enable-low-precision-order-by");
const ITEM_COUNT: HeaderName = HeaderName::from_static("x-ms-max-item-count");
const IS_UPSERT: HeaderName = HeaderName::from_static("x-ms-documentdb-is-upsert");
const CONSISTENCY: HeaderName = HeaderName::from_static("x-ms-consistency-level");
const PRE_TRIGGER: HeaderName = HeaderName::from_static("x-ms-documentdb-pre-trigger-include");
const POST_TRIGGER: HeaderName = HeaderName::from_static("x-ms-documentdb-post-trigger-include");
const INDEXING: HeaderName = HeaderName::from_static("x-ms-indexing-directive");
/// Where in the results of a query an answer ends, and the next one begins.
pub(super) const CONTINUATION: HeaderName = HeaderName::from_static("x-ms-continuation");

/// What a resolver wants of a container.
#[derive(Clone, Debug)]
pub(super) enum Request {
    /// Items that a statement is true of.
    Query(Box<Query>),
    /// One item.
    Read(OfItem),
    /// An item less.
    Delete(OfItem),
    /// An item more, or another one in the place of one.
    Write(Option<Operand>, OfItem),
}

/// `query-request`
#[derive(Clone, Debug)]
pub(super) struct Query {
    statement: Option<Operand>,
    parameters: Vec<(Operand, Operand<Value>)>,
    partition: Option<PartitionKey>,
    low_precision: Option<Operand<bool>>,
    paging: Option<Paging>,
}

#[derive(Clone, Debug)]
struct Paging {
    count: Written,
    token: Written,
}

/// What is said of one item.
#[derive(Clone, Debug)]
pub(super) struct OfItem {
    id: Option<Written>,
    partition: Option<PartitionKey>,
    etag: Option<(Option<Operand>, Written)>,
    consistency: Option<Operand>,
    pre_trigger: Option<Operand>,
    post_trigger: Option<Operand>,
    indexing: Option<Operand>,
}

#[derive(Clone, Debug)]
struct PartitionKey {
    data_type: Option<Operand>,
    value: Written,
}

/// A request as it goes out, but for where its container is and who asks.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    pub(super) method: Method,
    /// The item that it is for; none for the whole container.
    pub(super) id: Option<String>,
    pub(super) headers: HeaderMap,
    pub(super) body: OutboundBody,
    pub(super) answer: Answer,
}

/// What comes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// What the answer holds.
    Item,
    /// One page of results.
    Page,
    /// The results of all pages.
    Pages,
}

impl Request {
    /// Reads the element of a request.
    pub(super) fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        match reader.element.name.as_str() {
            "query-request" => Some(Self::Query(Box::new(Query::read(reader)?))),
            "read-request" => Some(Self::Read(OfItem::read(reader)?)),
            "delete-request" => Some(Self::Delete(OfItem::read(reader)?)),
            "write-request" => {
                let kind = reader.attribute::<Arc<str>>("type");
                let is_replace = kind.as_ref().and_then(Operand::known).is_some_and(|kind| kind.trim() == "replace");
                if is_replace && reader.child("id").is_none() {
                    reader.reject("missing-element", "what is to be replaced is named by a child `id`");
                }
                Some(Self::Write(kind, OfItem::read(reader)?))
            }
            _ => None,
        }
    }

    /// The request for this exchange; `content` is what `set-body` has made.
    pub(super) fn prepare(&self, run: &mut Run<'_>, content: OutboundBody) -> Result<Prepared, Stop> {
        match self {
            Self::Query(query) => query.prepare(run),
            Self::Read(of_item) => of_item.prepare(run, Method::GET, Of::Item),
            Self::Delete(of_item) => of_item.prepare(run, Method::DELETE, Of::Item),
            Self::Write(kind, of_item) => {
                let kind = chosen(kind.as_ref(), WRITES, run)?.unwrap_or("upsert");
                let (method, of) = match kind {
                    "replace" => (Method::PUT, Of::Item),
                    _ => (Method::POST, Of::Container),
                };
                let mut prepared = of_item.prepare(run, method, of)?;
                if kind == "upsert" {
                    prepared.headers.insert(IS_UPSERT, HeaderValue::from_static("True"));
                }
                prepared.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
                prepared.body = OutboundBody::Bytes(written(run, content, prepared.id.as_deref())?);
                if of == Of::Container {
                    prepared.id = None;
                }
                Ok(prepared)
            }
        }
    }
}

/// What a request is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Container,
    Item,
}

impl Query {
    fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let statement = match reader.child("sql-statement") {
            Some(element) => Some(reader.at(element).text()?),
            None => None,
        };
        let named: Vec<&Element> = reader.child("parameters").into_iter().flat_map(Element::elements).collect();
        let mut parameters = Vec::new();
        for element in named.into_iter().filter(|element| element.name == "parameter") {
            let mut one = reader.at(element);
            let (name, value) = (one.attribute::<Arc<str>>("name"), one.text());
            if name.as_ref().and_then(Operand::known).is_some_and(|name| !name.trim().starts_with('@')) {
                one.error("name", "the name of a parameter begins with `@`, as in the statement");
            }
            parameters.extend(name.zip(value));
        }
        let partition = PartitionKey::read(reader);
        let low_precision = reader.attribute("enable-low-precision-order-by");
        let paging = match reader.child("paging") {
            Some(element) => Some(Paging::read(&mut reader.at(element))?),
            None => None,
        };
        Some(Self { statement, parameters, partition, low_precision, paging })
    }

    fn prepare(&self, run: &mut Run<'_>) -> Result<Prepared, Stop> {
        // Decision: without a statement all items are asked for (fixtures/exchange/graphql-cosmos-query.conversation).
        let statement = get_optional(self.statement.as_ref(), run)?.unwrap_or_else(|| Arc::from("SELECT * FROM c"));
        let mut parameters = Vec::with_capacity(self.parameters.len());
        for (name, value) in &self.parameters {
            parameters.push(json!({ "name": name.get(run)?.trim(), "value": json_of(&value.get(run)?) }));
        }
        let mut headers = HeaderMap::new();
        let yes = || HeaderValue::from_static("True");
        headers.insert(IS_QUERY, yes());
        match &self.partition {
            Some(key) => drop(headers.insert(PARTITION_KEY, key.field(run)?)),
            None => drop(headers.insert(CROSS_PARTITION, yes())),
        }
        if let Some(low) = get_optional(self.low_precision.as_ref(), run)? {
            headers.insert(LOW_PRECISION, HeaderValue::from_static(if low { "True" } else { "False" }));
        }
        if let Some(paging) = &self.paging {
            paging.prepare(run, &mut headers)?;
        }
        // Without a character set, as the article insists.
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/query+json"));
        let content = json!({ "query": &*statement, "parameters": parameters }).to_string();
        Ok(Prepared {
            method: Method::POST,
            id: None,
            headers,
            body: OutboundBody::Bytes(Bytes::from(content)),
            // Decision: whoever does not ask for pages gets all of them (fixtures/exchange/graphql-cosmos-query.conversation).
            answer: if self.paging.is_some() { Answer::Page } else { Answer::Pages },
        })
    }
}

impl Paging {
    fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let (count, token) = (reader.child("max-item-count"), reader.child("continuation-token"));
        let count = text_of(&mut reader.at(count?))?;
        if let Written::Text(Operand::Literal(text)) = &count
            && let Err(message) = item_count(text)
        {
            reader.reject("text-value", message);
        }
        Some(Self { count, token: text_of(&mut reader.at(token?))? })
    }

    // What is empty is left to the service: how many there are at most, and that the first page is meant.
    fn prepare(&self, run: &mut Run<'_>, headers: &mut HeaderMap) -> Result<(), Stop> {
        let count = got(&self.count, run)?;
        if let Some(count) = item_count(&count).map_err(failed)? {
            headers.insert(ITEM_COUNT, header_value(&count.to_string())?);
        }
        let token = got(&self.token, run)?;
        if !token.is_empty() {
            headers.insert(CONTINUATION, header_value(&token)?);
        }
        Ok(())
    }
}

fn item_count(text: &str) -> Result<Option<i64>, String> {
    match text.trim() {
        "" => Ok(None),
        text => {
            let count = text.parse().ok().filter(|count| *count == -1 || *count > 0);
            count.map(Some).ok_or_else(|| format!("`max-item-count` is `{text}`: expected a number from 1 on, or -1"))
        }
    }
}

impl OfItem {
    fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let id = match reader.child("id") {
            Some(element) => Some(text_of(&mut reader.at(element))?),
            None => None,
        };
        let partition = PartitionKey::read(reader);
        let etag = match reader.child("etag") {
            Some(element) => {
                let mut etag = reader.at(element);
                Some((etag.attribute("type"), text_of(&mut etag)?))
            }
            None => None,
        };
        let (consistency, indexing) = (reader.attribute("consistency-level"), reader.attribute("indexing-directive"));
        let (pre_trigger, post_trigger) = (reader.attribute("pre-trigger"), reader.attribute("post-trigger"));
        Some(Self { id, partition, etag, consistency, pre_trigger, post_trigger, indexing })
    }

    fn prepare(&self, run: &mut Run<'_>, method: Method, of: Of) -> Result<Prepared, Stop> {
        let id = self.id.as_ref().map(|id| got(id, run)).transpose()?;
        if of == Of::Item {
            check_id(id.as_deref().unwrap_or(""))?;
        }
        let mut headers = HeaderMap::new();
        // Decision: no key is the one of items without a value for it, as the article's first edition has it
        // (fixtures/exchange/graphql-cosmos-items.conversation).
        let key = self.partition.as_ref().map_or(Ok(no_key()), |key| key.field(run))?;
        headers.insert(PARTITION_KEY, key);
        if let Some((kind, value)) = &self.etag {
            let name = match chosen(kind.as_ref(), MATCHES, run)? {
                Some("no-match") => header::IF_NONE_MATCH,
                Some(_) | None => header::IF_MATCH,
            };
            let value = got(value, run)?;
            if !value.is_empty() {
                headers.insert(name, header_value(&value)?);
            }
        }
        for (name, operand, words) in
            [(CONSISTENCY, &self.consistency, CONSISTENCY_LEVELS), (INDEXING, &self.indexing, INDEXING_DIRECTIVES)]
        {
            if let Some(word) = chosen(operand.as_ref(), words, run)? {
                headers.insert(name, header_value(&pascal(word))?);
            }
        }
        for (name, operand) in [(PRE_TRIGGER, &self.pre_trigger), (POST_TRIGGER, &self.post_trigger)] {
            if let Some(trigger) = get_optional(operand.as_ref(), run)?.filter(|trigger| !trigger.trim().is_empty()) {
                headers.insert(name, header_value(&trigger)?);
            }
        }
        Ok(Prepared { method, id, headers, body: OutboundBody::Empty, answer: Answer::Item })
    }
}

impl PartitionKey {
    fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let element = reader.child("partition-key")?;
        let mut key = reader.at(element);
        Some(Self { data_type: key.attribute("data-type"), value: text_of(&mut key)? })
    }

    // A JSON array, in ASCII.
    fn field(&self, run: &mut Run<'_>) -> Result<HeaderValue, Stop> {
        let data_type = chosen(self.data_type.as_ref(), DATA_TYPES, run)?.unwrap_or("string");
        let text = got(&self.value, run)?;
        let parsed = || serde_json::from_str::<Json>(&text.to_ascii_lowercase()).ok();
        let value = match data_type {
            "none" => return Ok(no_key()),
            "null" => Some(Json::Null),
            "number" => parsed().filter(Json::is_number),
            "bool" => parsed().filter(Json::is_boolean),
            _ => Some(Json::from(text.as_str())),
        };
        let value = value.ok_or_else(|| failed(format!("the partition key `{text}` is no {data_type}")))?;
        header_value(&ascii(&json!([value]).to_string()))
    }
}

// Of items that have no value where the container's key is (`PartitionKey.None` of the service's clients).
const fn no_key() -> HeaderValue {
    HeaderValue::from_static("[{}]")
}

fn text_of(reader: &mut Reader<'_, '_, '_>) -> Option<Written> {
    let is_template = reader.literal("template").is_some();
    Written::read(reader, is_template)
}

// Documents have expressions and templates on lines of their own.
fn got(written: &Written, run: &mut Run<'_>) -> Result<String, Stop> {
    let bytes = written.get(run, Target::DraftRequest)?;
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}

// An empty one would mean the container (fixtures/exchange/graphql-cosmos-items.conversation).
fn check_id(id: &str) -> Result<(), Stop> {
    let wrong = match id {
        "" => "is empty",
        id if is_dot_segment(id) => "is a dot segment",
        id if id.contains(['/', '\\', '?', '#']) => "holds a character that no item has",
        _ => return Ok(()),
    };
    Err(failed(format!("the `id` of the item {wrong}")))
}

fn chosen(
    operand: Option<&Operand>,
    words: &'static [&'static str],
    run: &mut Run<'_>,
) -> Result<Option<&'static str>, Stop> {
    let Some(text) = get_optional(operand, run)? else { return Ok(None) };
    let found = words.iter().copied().find(|word| *word == text.trim());
    found.map(Some).ok_or_else(|| failed(format!("`{text}` is none of: {}", words.join(", "))))
}

// `bounded-staleness` is `BoundedStaleness` to the service.
fn pascal(word: &str) -> String {
    let mut name = String::with_capacity(word.len());
    for part in word.split('-') {
        let mut chars = part.chars();
        name.extend(chars.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(chars.as_str());
    }
    name
}

// What is written: the content of `set-body`, or else the arguments of the field, with the item's id when it is said apart from it.
fn written(run: &Run<'_>, content: OutboundBody, id: Option<&str>) -> Result<Bytes, Stop> {
    let content = match content {
        OutboundBody::Bytes(content) => content,
        OutboundBody::Empty | OutboundBody::Stream => {
            let arguments = run.context.graphql.as_ref().map(|graphql| graphql.arguments.to_json(JFormatting::None));
            Bytes::from(arguments.unwrap_or_else(|| "{}".to_owned()))
        }
    };
    let Some(id) = id.filter(|id| !id.is_empty()) else { return Ok(content) };
    let mut item: Map<String, Json> =
        serde_json::from_slice(&content).map_err(|_| failed("what is to be written is no JSON object".to_owned()))?;
    if item.contains_key("id") {
        return Ok(content);
    }
    item.insert("id".to_owned(), Json::from(id));
    Ok(Bytes::from(Json::Object(item).to_string()))
}

// The value of a parameter: what JSON has is that, all else its text.
fn json_of(value: &Value) -> Json {
    let parsed = |text: &str| serde_json::from_str(text).ok();
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::from(*value),
        Value::SByte(_)
        | Value::Byte(_)
        | Value::Int16(_)
        | Value::UInt16(_)
        | Value::Int32(_)
        | Value::UInt32(_)
        | Value::UInt64(_)
        | Value::Single(_)
        | Value::Decimal(_)
        | Value::Int64(_)
        | Value::Double(_) => parsed(&value.to_string()).unwrap_or_else(|| Json::from(value.to_string())),
        Value::Json(token) => parsed(&token.to_json(JFormatting::None)).unwrap_or(Json::Null),
        Value::Strings(texts) => texts.iter().map(|text| Json::from(&**text)).collect(),
        other => Json::from(other.to_string()),
    }
}

fn failed(message: String) -> Stop {
    Stop::fail(Failure::expression(message))
}
