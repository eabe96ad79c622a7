//! `llm-semantic-cache-lookup` and `-store`, and the same for Azure OpenAI: answers that were given to prompts of a close meaning. The meaning comes
//! from an embeddings model; answers are kept in the memory of the gateway. Nothing that fails here fails the call.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::cache::parted::PartedKey;
use crate::config::model::ManagedIdentity;
use crate::context::{Body, ResponseView};
use crate::expr::{Expected, Message};
use crate::http::{Bytes, HeaderValue, Method, StatusCode, Url, header};
use crate::keys::TokenKey;
use crate::llm::similar::Meaning;
use crate::llm::text;
use crate::policy::authentication::token;
use crate::policy::caching::Lifetime;
use crate::policy::content::{content_of, media_of};
use crate::policy::effect::{Effect, OutboundBody, OutboundRequest, Reply};
use crate::policy::operand::{Operand, Typed};
use crate::policy::reader::Reader;
use crate::policy::routing::{apply_entity, check_backend_id};
use crate::policy::run::{Flow, Ran, Run, Stop};
use crate::policy::shape::{Content, Occurs, Shape, TEXT, attribute, child};
use crate::policy::transform::header_value;
use crate::policy::{Built, Policy};
use crate::value::Value;

/// The version of the embeddings interface that is asked for when the backend's URL names none.
const API_VERSION: &str = "2024-02-01";

/// What a token of the system's identity is for.
const RESOURCE: &str = "https://cognitiveservices.azure.com";

/// How long the embeddings model may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// `llm-semantic-cache-lookup`, `azure-openai-semantic-cache-lookup`
pub static SEMANTIC_CACHE_LOOKUP: Shape = Shape {
    attributes: &[
        attribute("score-threshold").required(),
        attribute("embeddings-backend-id").required(),
        attribute("embeddings-backend-auth").required().literal().one_of(&["system-assigned"]),
        attribute("ignore-system-messages").literal(),
        attribute("max-message-count").literal(),
        attribute("cache-id").literal(),
    ],
    content: Content::Children(&[child("vary-by", Occurs::Any, &TEXT)]),
};

/// `llm-semantic-cache-store`, `azure-openai-semantic-cache-store`
pub static SEMANTIC_CACHE_STORE: Shape =
    Shape { attributes: &[attribute("duration").required()], content: Content::Empty };

/// `llm-semantic-cache-lookup`
#[derive(Clone, Debug)]
pub struct SemanticCacheLookup {
    /// Tells the fetch of its token from those of others in the same section.
    index: usize,
    threshold: Operand<Distance>,
    backend: Operand,
    system: SystemMessages,
    messages_max: Option<i64>,
    vary: Vec<Operand>,
}

/// Whether the messages of the system count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SystemMessages {
    Counted,
    Ignored,
}

/// `score-threshold`: how far meanings may be apart.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Distance(f32);

/// `llm-semantic-cache-store`
#[derive(Clone, Debug)]
pub struct SemanticCacheStore {
    lifetime: Operand<Lifetime>,
}

/// What a lookup asks, and then what it did not find, for the store.
#[derive(Clone, Debug)]
pub struct Sought {
    partition: String,
    distance: f32,
    meaning: Option<Meaning>,
}

/// Compiles the lookup.
pub fn build_lookup(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let (threshold, backend) =
        (reader.attribute("score-threshold"), reader.attribute::<Arc<str>>("embeddings-backend-id"));
    check_backend_id(reader, "embeddings-backend-id", backend.as_ref().and_then(Operand::known).map(|id| &**id));
    let ignored = reader.constant("ignore-system-messages").unwrap_or(false);
    let system = if ignored { SystemMessages::Ignored } else { SystemMessages::Counted };
    let messages_max = reader.constant::<i64>("max-message-count");
    if let Some(count) = messages_max.filter(|count| *count < 1) {
        reader.error("max-message-count", format!("`max-message-count` is `{count}`: expected 1 or more"));
    }
    let mut vary = reader.texts("vary-by");
    // Decision: there is one cache, in which those of another name are kept apart (fixtures/policy/llm-semantic-cache-id.conversation).
    vary.extend(reader.literal("cache-id").map(Operand::Literal));
    let index = reader.compiler.next_index();
    Some(Arc::new(SemanticCacheLookup { index, threshold: threshold?, backend: backend?, system, messages_max, vary }))
}

/// Compiles the store.
pub fn build_store(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    Some(Arc::new(SemanticCacheStore { lifetime: reader.attribute("duration")? }))
}

impl Policy for SemanticCacheLookup {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let Distance(distance) = self.threshold.get(run)?;
        let id = self.backend.get(run)?;
        let mut vary = Vec::with_capacity(self.vary.len());
        for operand in &self.vary {
            vary.push(operand.get(run)?);
        }
        let content = content_of(run, Message::Request)?.unwrap_or_default();
        let Some((words, model)) = self.question(&content) else { return Ok(Flow::Next) };
        let Some(mut request) = embeddings(run, &id, &words)? else {
            run.trace(format!("semantic-cache-lookup: there is no backend `{id}` with a URL"));
            return Ok(Flow::Next);
        };
        // What the entity brings stands before the identity of the system.
        if let Some(key) = token_key(run, &id, &request) {
            let got = match token::begin(run, self.index, &key).authorization() {
                Ok(got) => got,
                Err(effect) => return Ok(Flow::Ask(effect)),
            };
            match got {
                Ok(authorization) => drop(request.headers.insert(header::AUTHORIZATION, authorization)),
                Err(why) => {
                    run.trace(format!("semantic-cache-lookup: no token for the embeddings model: {why}"));
                    return Ok(Flow::Next);
                }
            }
        }
        let partition = partition(run, &model, &vary);
        run.state.sought = Some(Sought { partition, distance, meaning: None });
        Ok(Flow::Ask(Box::new(Effect::Send(Box::new(request)))))
    }

    fn take(&self, run: &mut Run<'_>, reply: Reply) -> Ran {
        if run.state.tokens.contains_key(&self.index) {
            return Ok(token::advance(run, self.index, reply).map_or(Flow::Again, Flow::Ask));
        }
        let Some(mut sought) = run.state.sought.take() else { return Ok(Flow::Next) };
        let meaning = match meaning(reply) {
            Ok(meaning) => meaning,
            Err(why) => {
                run.trace(format!("semantic-cache-lookup: the embeddings model gave no vector: {why}"));
                return Ok(Flow::Next);
            }
        };
        let found = run.shared.answers.closest(&sought.partition, &meaning, sought.distance, run.now.instant);
        let Some(found) = found else {
            sought.meaning = Some(meaning);
            run.state.sought = Some(sought);
            return Ok(Flow::Next);
        };
        let mut response = ResponseView::clone(&found.answer);
        // RFC 9111 §5.1
        response.headers.insert(header::AGE, HeaderValue::from(found.age.as_secs()));
        run.context.response = Some(response);
        Ok(Flow::Finish)
    }
}

impl SemanticCacheLookup {
    // What is asked, and of which model; nothing when it is not looked up.
    fn question(&self, content: &[u8]) -> Option<(String, String)> {
        let mut request: Json = serde_json::from_slice(content).ok()?;
        // Decision: what is kept is a whole answer, and a client that wants a stream could not read it.
        if request.get("stream").and_then(Json::as_bool) == Some(true) {
            return None;
        }
        let messages = request.get_mut("messages").and_then(Json::as_array_mut);
        if let Some(messages) = messages {
            if self.system == SystemMessages::Ignored {
                messages.retain(|message| message.get("role").and_then(Json::as_str) != Some("system"));
            }
            let count = i64::try_from(messages.len()).unwrap_or(i64::MAX);
            if self.messages_max.is_some_and(|most| count > most) {
                return None;
            }
        }
        let words = text::of_question(&request);
        let model = request.get("model").and_then(Json::as_str).unwrap_or("").to_owned();
        (!words.is_empty()).then_some((words, model))
    }
}

fn partition(run: &Run<'_>, model: &str, vary: &[Arc<str>]) -> String {
    let mut key = PartedKey::default();
    let mut part = |text: &str| key.add(text);
    let context = &run.context;
    part(context.api.as_ref().map_or("", |api| &api.id));
    part(context.operation.as_ref().map_or("", |operation| &operation.id));
    part(&context.request.original_url.path);
    part(model);
    vary.iter().for_each(|value| part(value));
    key.finish()
}

// The identity whose token goes along: the entity's, else the system's where there is one and the entity brings nothing.
fn token_key(run: &Run<'_>, id: &str, request: &OutboundRequest) -> Option<TokenKey> {
    let entity = run.site.backends.get(&id.trim().to_ascii_lowercase());
    if let Some(ManagedIdentity { resource, client }) = entity.and_then(|entity| entity.managed_identity.as_ref()) {
        return Some(TokenKey::identity(resource.as_str(), client.as_deref().map(Arc::from)));
    }
    let is_open = run.shared.tokens.source().is_some() && !request.headers.contains_key(header::AUTHORIZATION);
    is_open.then(|| TokenKey::identity(RESOURCE, None))
}

fn embeddings(run: &Run<'_>, id: &str, words: &str) -> Result<Option<OutboundRequest>, Stop> {
    let Some(entity) = run.site.backends.get(&id.trim().to_ascii_lowercase()) else { return Ok(None) };
    let Some(base) = &entity.url else { return Ok(None) };
    let query = base.query.clone().or_else(|| Some(format!("api-version={API_VERSION}")));
    let url = Url { query, ..base.clone() };
    let mut request = OutboundRequest::new(Method::POST, url, TIMEOUT);
    request.headers.insert(header::HOST, header_value(&base.authority())?);
    request.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    request.body = OutboundBody::Bytes(Bytes::from(json!({ "input": words }).to_string()));
    apply_entity(run, &mut request, entity)?;
    Ok(Some(request))
}

fn meaning(reply: Reply) -> Result<Meaning, String> {
    let response = reply.response()?;
    if !response.status.is_success() {
        return Err(format!("it answered with the status code {}", response.status.as_u16()));
    }
    let Body::Bytes(content) = response.body else { return Err("the answer is empty".to_owned()) };
    let answer: Json = serde_json::from_slice(&content).map_err(|error| error.to_string())?;
    let vector = answer.pointer("/data/0/embedding").and_then(Json::as_array);
    let vector: Option<Vec<f32>> = vector.and_then(|parts| parts.iter().map(number).collect());
    vector.as_deref().and_then(Meaning::of).ok_or_else(|| "the answer holds no vector".to_owned())
}

// A vector's parts need no more than a single's precision.
fn number(value: &Json) -> Option<f32> {
    value.to_string().parse().ok()
}

impl Policy for SemanticCacheStore {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let Lifetime(lifetime) = self.lifetime.get(run)?;
        let is_sought = run.state.sought.as_ref().is_some_and(|sought| sought.meaning.is_some());
        let Some(response) = run.context.response.as_ref().filter(|response| is_sought && is_storable(response)) else {
            return Ok(Flow::Next);
        };
        let mut stored = response.clone();
        let content = content_of(run, Message::Response)?;
        let Some(Sought { partition, meaning: Some(meaning), .. }) = run.state.sought.take() else {
            return Ok(Flow::Next);
        };
        stored.body = content.map_or(Body::Absent, Body::Bytes);
        stored.headers.remove(header::SET_COOKIE);
        if !run.shared.answers.put(&partition, meaning, Arc::new(stored), lifetime, run.now.instant) {
            run.trace("semantic-cache-store: not kept, it is too large".to_owned());
        }
        Ok(Flow::Next)
    }
}

// Whole answers of a model, and no others.
fn is_storable(response: &ResponseView) -> bool {
    let is_json = media_of(&response.headers).is_some_and(|media| media.is_json());
    response.status == StatusCode::OK && is_json && matches!(response.body, Body::Unread | Body::Bytes(_))
}

impl Typed for Distance {
    const EXPECTED: Expected = Expected::Any;

    fn from_literal(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let distance = text.parse().ok().filter(|distance| (0.0..=1.0).contains(distance));
        distance.map(Self).ok_or_else(|| format!("`{text}` is not a threshold: expected 0.0 to 1.0"))
    }

    fn from_value(value: &Value) -> Result<Self, String> {
        Self::from_literal(&value.to_string())
    }
}
