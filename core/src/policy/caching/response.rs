//! `cache-lookup` and `cache-store`: whole responses. The lookup makes the key; what it found missing the store keeps under that key.

use std::sync::Arc;
use std::time::Duration;

use super::chosen::{CachingType, Chosen, Key, Lookup, answered, keep, look_up};
use super::{CACHING_TYPE, Lifetime, tell_too_large};
use crate::cache::parted::PartedKey;
use crate::cache::{ENTRY_BYTES_MAX, Found, Item, Kept};
use crate::context::{Body, Context, ResponseView};
use crate::http::query::Pair;
use crate::http::{HeaderMap, HeaderName, HeaderValue, Method, Query, StatusCode, header};
use crate::policy::content::media_of;
use crate::policy::effect::{BodyFailure, Effect, Reply};
use crate::policy::operand::{Operand, get_optional};
use crate::policy::reader::Reader;
use crate::policy::run::{Failure, Flow, Ran, Run, Stop};
use crate::policy::shape::{Content, Occurs, Shape, TEXT, attribute, child};
use crate::policy::transform::header_value;
use crate::policy::travel::Travel;
use crate::policy::{Built, Policy};
use crate::telemetry::CacheUse;

/// `cache-lookup`
pub static CACHE_LOOKUP: Shape = Shape {
    attributes: &[
        attribute("vary-by-developer").required(),
        attribute("vary-by-developer-groups").required(),
        CACHING_TYPE,
        attribute("downstream-caching-type").one_of(&["none", "private", "public"]),
        attribute("must-revalidate"),
        attribute("allow-private-response-caching"),
    ],
    content: Content::AnyOrder(&[
        child("vary-by-header", Occurs::Any, &TEXT),
        child("vary-by-query-parameter", Occurs::Any, &TEXT),
    ]),
};

/// `cache-store`
pub static CACHE_STORE: Shape = Shape {
    attributes: &[
        attribute("duration").required(),
        attribute("cache-response"),
        attribute("caching-mode").literal().one_of(&["cache-on", "do-not-cache"]),
    ],
    content: Content::Empty,
};

/// `cache-lookup`
#[derive(Clone, Debug)]
pub struct CacheLookup {
    cache: CachingType,
    by_developer: Operand<bool>,
    by_groups: Operand<bool>,
    downstream: Option<Operand>,
    must_revalidate: Option<Operand<bool>>,
    allow_private: Option<Operand<bool>>,
    headers: Vec<Operand>,
    parameters: Vec<Operand>,
}

/// `cache-store`
#[derive(Clone, Debug)]
pub struct CacheStore {
    lifetime: Operand<Lifetime>,
    any_status: Option<Operand<bool>>,
    // What documents of the first years may say.
    is_off: bool,
}

/// What a `cache-lookup` that found nothing leaves for the `cache-store`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    key: Key,
    cache: Chosen,
    downstream: Downstream,
    // How long what comes is kept, once the cache-store has said so.
    lifetime: Duration,
}

/// What clients and the caches before them may keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Downstream {
    /// What the backend says.
    AsBackend,
    /// The response, by these words.
    Allowed { by: Audience, revalidation: Revalidation },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Audience {
    Private,
    Public,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Revalidation {
    Required,
    NotRequired,
}

/// What responses are kept apart by besides the place and the address.
struct Vary {
    by_developer: bool,
    by_groups: bool,
    headers: Vec<HeaderName>,
    parameters: Vec<String>,
}

/// Compiles `<cache-lookup>`.
pub fn build_cache_lookup(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let cache = CachingType::read(reader);
    let headers = vary_by_header(reader);
    let parameters = reader.texts("vary-by-query-parameter");
    let by_developer = reader.attribute("vary-by-developer");
    let by_groups = reader.attribute("vary-by-developer-groups");
    let downstream = reader.attribute("downstream-caching-type");
    let must_revalidate = reader.attribute("must-revalidate");
    let allow_private = reader.attribute("allow-private-response-caching");
    let (by_developer, by_groups) = (by_developer?, by_groups?);
    Some(Arc::new(CacheLookup {
        cache,
        by_developer,
        by_groups,
        downstream,
        must_revalidate,
        allow_private,
        headers,
        parameters,
    }))
}

fn vary_by_header(reader: &mut Reader<'_, '_, '_>) -> Vec<Operand> {
    let element = reader.element;
    let mut headers = Vec::new();
    for child in element.elements().filter(|child| child.name == "vary-by-header") {
        let mut reader = reader.at(child);
        let Some(header) = reader.text::<Arc<str>>() else { continue };
        let wrong = header.known().and_then(|text| names(text).find(|name| HeaderName::try_from(*name).is_err()));
        if let Some(wrong) = wrong {
            reader.reject("attribute-value", format!("`{wrong}` is not the name of a header"));
        }
        headers.push(header);
    }
    headers
}

/// Compiles `<cache-store/>`.
pub fn build_cache_store(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    if reader.compiler.is_inside("wait") {
        // What runs beside it may read the same content.
        reader.reject("inside-wait", "`cache-store` cannot stand inside a `wait`");
    }
    let any_status = reader.attribute("cache-response");
    let is_off = reader.literal("caching-mode").as_deref() == Some("do-not-cache");
    Some(Arc::new(CacheStore { lifetime: reader.attribute("duration")?, any_status, is_off }))
}

impl Policy for CacheLookup {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let vary = self.vary(run)?;
        let downstream = self.downstream(run)?;
        let allow_private = get_optional(self.allow_private.as_ref(), run)?.unwrap_or(false);
        let request = &run.context.request;
        let is_private = request.headers.contains_key(header::AUTHORIZATION);
        // Part of a content is not the content, and nothing here puts the parts together.
        let is_partial = request.headers.contains_key(header::RANGE);
        if request.method != Method::GET || is_partial || (is_private && !allow_private) {
            return Ok(Flow::Next);
        }
        let (key, cache) = (Key::Response(Arc::from(response_key(run.context, &vary))), self.cache.chosen(run));
        let looked_up = look_up(&cache, &key, run);
        if let Lookup::Found(found) = looked_up {
            return hit(run, found, downstream);
        }
        // Missed until an answer says otherwise.
        run.state.cache = CacheUse::Miss;
        run.state.missed = Some(Missed { key, cache, downstream, lifetime: Duration::ZERO });
        match looked_up {
            Lookup::Asked(flow) => Ok(flow),
            Lookup::Nothing | Lookup::Found(_) => Ok(Flow::Next),
        }
    }

    fn take(&self, run: &mut Run<'_>, reply: Reply) -> Ran {
        let Some(found) = answered(run, "cache-lookup", reply) else { return Ok(Flow::Next) };
        match run.state.missed.take() {
            Some(Missed { downstream, .. }) => hit(run, found, downstream),
            None => Ok(Flow::Next),
        }
    }
}

fn hit(run: &mut Run<'_>, found: Found, downstream: Downstream) -> Ran {
    // INVARIANT: only `cache-store` writes under the key of a response.
    let Item::Response(response) = found.item else { return Ok(Flow::Next) };
    let mut response = ResponseView::clone(&response);
    downstream.tell(&mut response.headers, found.lifetime)?;
    // RFC 9111 §5.1
    response.headers.insert(header::AGE, HeaderValue::from(found.age.as_secs()));
    if let Body::Bytes(content) = &response.body {
        run.state.response_travel = Travel::begun(&response.headers);
        run.state.response_travel.stays(content);
    }
    run.context.response = Some(response);
    run.state.cache = CacheUse::Hit;
    Ok(Flow::Finish)
}

impl CacheLookup {
    fn vary(&self, run: &mut Run<'_>) -> Result<Vary, Stop> {
        let (by_developer, by_groups) = (self.by_developer.get(run)?, self.by_groups.get(run)?);
        let mut headers = Vec::new();
        for operand in &self.headers {
            for name in names(&operand.get(run)?) {
                let wrong = || Stop::fail(Failure::expression(format!("`{name}` is not the name of a header")));
                headers.push(HeaderName::try_from(name).map_err(|_| wrong())?);
            }
        }
        let mut parameters = Vec::new();
        for operand in &self.parameters {
            parameters.extend(names(&operand.get(run)?).map(str::to_owned));
        }
        Ok(Vary { by_developer, by_groups, headers, parameters })
    }

    fn downstream(&self, run: &mut Run<'_>) -> Result<Downstream, Stop> {
        let revalidation = match get_optional(self.must_revalidate.as_ref(), run)? {
            None | Some(true) => Revalidation::Required,
            Some(false) => Revalidation::NotRequired,
        };
        match get_optional(self.downstream.as_ref(), run)?.as_deref().map(str::trim) {
            None | Some("none") => Ok(Downstream::AsBackend),
            Some("private") => Ok(Downstream::Allowed { by: Audience::Private, revalidation }),
            Some("public") => Ok(Downstream::Allowed { by: Audience::Public, revalidation }),
            Some(other) => {
                let message = format!("`{other}` is not a value of `downstream-caching-type`");
                Err(Stop::fail(Failure::expression(message)))
            }
        }
    }
}

impl Policy for CacheStore {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let lifetime = self.lifetime.get(run)?.0;
        let any_status = get_optional(self.any_status.as_ref(), run)?.unwrap_or(false);
        let Some(missed) = run.state.missed.as_mut().filter(|_| !self.is_off) else { return Ok(Flow::Next) };
        missed.lifetime = lifetime;
        match run.context.response.as_ref().filter(|response| is_storable(response, any_status)) {
            None => Ok(Flow::Next),
            Some(ResponseView { body: Body::Unread, .. }) => {
                Ok(Flow::Ask(Box::new(Effect::PeekResponseBody { max_bytes: ENTRY_BYTES_MAX })))
            }
            Some(_) => store(run),
        }
    }

    fn take(&self, run: &mut Run<'_>, reply: Reply) -> Ran {
        match reply {
            Reply::Body(Ok(content)) => {
                let travel = &mut run.state.response_travel;
                let seen = travel.arrived(content.clone()).unwrap_or_else(|_| {
                    travel.stays(&content);
                    content
                });
                if let Some(tap) = &mut run.state.tap {
                    tap.pass(&seen);
                }
                run.response().body = Body::Bytes(seen);
                store(run)
            }
            // It streams through.
            Reply::Body(Err(BodyFailure::TooLarge)) => {
                tell_too_large(run, "cache-store", Kept::TooLarge);
                Ok(Flow::Next)
            }
            Reply::Body(Err(BodyFailure::Broken(why))) => {
                run.response().body = Body::Gone;
                Err(Stop::fail(Failure::internal("BackendConnectionFailure", why)))
            }
            // The entry is on its way.
            Reply::Cache(_) | Reply::Head(_) | Reply::Response(_) | Reply::Dispatched | Reply::Elapsed => {
                Ok(Flow::Next)
            }
        }
    }
}

// The response as it is now, under the key that the look-up made.
fn store(run: &mut Run<'_>) -> Ran {
    let Some(Missed { key, cache, downstream, lifetime }) = run.state.missed.take() else { return Ok(Flow::Next) };
    let Some(response) = run.context.response.as_mut() else { return Ok(Flow::Next) };
    let mut stored = response.clone();
    // As it travels, so that a hit has nothing to code.
    if let Body::Bytes(content) = &mut stored.body {
        *content = run.state.response_travel.leaves(&response.headers, content);
    }
    downstream.tell(&mut response.headers, lifetime)?;
    // Decision: one client's cookies are not handed to another (fixtures/policy/cache-lookup.conversation).
    stored.headers.remove(header::SET_COOKIE);
    Ok(keep(&cache, &key, Item::Response(Arc::new(stored)), lifetime, run, "cache-store"))
}

// Never what is a part of a content or an answer to a condition of this client, nor a stream of events, nor what is known to be
// too large: the content of those is not even read.
fn is_storable(response: &ResponseView, any_status: bool) -> bool {
    let is_whole = !matches!(response.status, StatusCode::PARTIAL_CONTENT | StatusCode::NOT_MODIFIED);
    let is_there = match response.body {
        Body::Absent | Body::Unread | Body::Bytes(_) => true,
        Body::Gone | Body::Consumed => false,
    };
    let length = response.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let fits = length.is_none_or(|length: u64| length <= ENTRY_BYTES_MAX);
    // A stream of events has no end.
    let streams = media_of(&response.headers).is_some_and(|media| media.is_named("text", "event-stream"));
    (any_status || response.status == StatusCode::OK) && is_whole && is_there && fits && !streams
}

impl Downstream {
    fn tell(self, headers: &mut HeaderMap, lifetime: Duration) -> Result<(), Stop> {
        let Self::Allowed { by, revalidation } = self else { return Ok(()) };
        let audience = match by {
            Audience::Private => "private",
            Audience::Public => "public",
        };
        let revalidation = match revalidation {
            Revalidation::Required => ", must-revalidate",
            Revalidation::NotRequired => "",
        };
        let value = header_value(&format!("{audience}, max-age={}{revalidation}", lifetime.as_secs()))?;
        headers.insert(header::CACHE_CONTROL, value);
        headers.remove(header::EXPIRES);
        Ok(())
    }
}

// Several names may stand in one element.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(';').map(str::trim).filter(|name| !name.is_empty())
}

fn response_key(context: &Context, vary: &Vary) -> String {
    let mut key = PartedKey::default();
    let mut part = |text: &str| key.add(text);
    let api = context.api.as_deref();
    part(api.map_or("", |api| &api.id));
    part(api.map_or("", |api| &api.revision));
    part(context.operation.as_ref().map_or("", |operation| &operation.id));
    part(context.product.as_ref().map_or("", |product| &product.id));
    for url in [&context.request.original_url, &context.request.url] {
        part(url.scheme.as_str());
        part(&url.authority());
        part(&url.path);
    }
    if vary.by_developer {
        part("developer");
        part(developer(context));
    }
    if vary.by_groups {
        let mut groups: Vec<&str> =
            context.user.iter().flat_map(|user| &user.groups).map(|group| group.id.as_str()).collect();
        groups.sort_unstable();
        part("groups");
        part(&groups.len().to_string());
        groups.into_iter().for_each(&mut part);
    }
    // A content is coded as its first client could read it.
    for name in vary.headers.iter().chain([&header::ACCEPT_ENCODING]) {
        part(name.as_str());
        let lines: Vec<_> = context.request.headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
        part(&lines.len().to_string());
        lines.into_iter().for_each(|line| part(&line.escape_ascii().to_string()));
    }
    for (name, value) in parameters(context, &vary.parameters) {
        part(&name);
        part(&value);
    }
    key.finish()
}

// Who the subscription belongs to; a subscription without an owner stands for itself.
fn developer(context: &Context) -> &str {
    let user = context.user.as_ref().map(|user| user.id.as_str());
    user.or_else(|| context.subscription.as_ref().map(|subscription| subscription.id.as_str())).unwrap_or("")
}

// Without names all parameters count, the subscription key excepted. Those of the same name keep their order.
fn parameters(context: &Context, named: &[String]) -> Vec<(String, String)> {
    let query = Query::new(context.request.url.query.as_deref());
    if !named.is_empty() {
        let values =
            |name: &String| query.get_all(name).map(|value| (name.clone(), value.into_owned())).collect::<Vec<_>>();
        return named.iter().flat_map(values).collect();
    }
    let counts = |pair: &Pair<'_>| !pair.is_named(context.key_parameter());
    let mut pairs: Vec<(String, String)> =
        query.pairs().filter(counts).map(|pair| (pair.name.to_owned(), pair.decoded_value().into_owned())).collect();
    pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
    pairs
}
