//! The answers of fake Azure's configuration API: snapshot, events, heartbeat, telemetry. Pure: request and time in, answer out.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use holdfast_core::config::{ResourceId, ResourceSet, Revision, wire};
use holdfast_core::time::WallTime;
use hyper::StatusCode;
use serde_json::json;

use super::fault::Fault;
use super::state::Azure;

/// How many revisions one page of events carries at most.
const PAGE_MAX: usize = 100;
const RETRY_AFTER_SECONDS: &str = "2";
const GARBAGE: &[u8] = b"{\"format\":1,\"revision\":\"zz\",\"resources\":[{\"id\":7,\"properties\":\"<html>";

/// A request to the API, as far as an answer depends on it.
#[derive(Clone, Copy, Debug)]
pub struct ApiRequest<'a> {
    /// The method.
    pub method: &'a str,
    /// The path; doubled slashes count as one.
    pub path: &'a str,
    /// The raw query.
    pub query: &'a str,
    /// `Authorization`.
    pub authorization: Option<&'a str>,
    /// `If-None-Match`.
    pub if_none_match: Option<&'a str>,
    /// Whether a compressed answer is taken.
    pub gzip: bool,
    /// The content.
    pub body: &'a [u8],
}

/// An answer of the API.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: StatusCode,
    /// The fields that are not framing.
    pub headers: Vec<(&'static str, String)>,
    /// The content.
    pub body: Bytes,
}

/// Answers `request` and remembers it.
pub fn answer(azure: &mut Azure, request: &ApiRequest<'_>, now: WallTime) -> Answer {
    let answer = decide(azure, request, now);
    let target = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
    azure.record_request(now, format!("{} {}{target}", request.method, request.path), answer.status.as_u16());
    answer
}

fn decide(azure: &mut Azure, request: &ApiRequest<'_>, now: WallTime) -> Answer {
    if let Some(answer) = faulty(azure) {
        return answer;
    }
    if let Err(error) = azure.authorize(request.authorization.unwrap_or_default(), now) {
        return failure(StatusCode::UNAUTHORIZED, "Unauthorized", error.message());
    }
    let segments: Vec<&str> = request.path.split('/').filter(|segment| !segment.is_empty()).collect();
    let ["gateways", gateway, rest @ ..] = segments.as_slice() else {
        return failure(StatusCode::NOT_FOUND, "ResourceNotFound", "there is no such path");
    };
    if !gateway.eq_ignore_ascii_case(&azure.gateway) {
        return failure(StatusCode::NOT_FOUND, "ResourceNotFound", "there is no such gateway");
    }
    match (request.method, rest) {
        ("GET", ["snapshot"]) => snapshot(azure, request),
        ("GET", ["events"]) => events(azure, request),
        ("POST", ["heartbeat"]) => heartbeat(azure, request, now),
        ("POST", ["telemetry"]) => telemetry(azure, request),
        _ => failure(StatusCode::NOT_FOUND, "ResourceNotFound", "there is no such path"),
    }
}

fn faulty(azure: &Azure) -> Option<Answer> {
    if azure.has(Fault::Unauthorized) {
        return Some(failure(StatusCode::UNAUTHORIZED, "Unauthorized", "the gateway token has expired"));
    }
    if azure.has(Fault::Throttled) {
        let mut answer = failure(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", "try again later");
        answer.headers.push(("retry-after", RETRY_AFTER_SECONDS.to_owned()));
        return Some(answer);
    }
    if azure.has(Fault::ServerError) {
        return Some(failure(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", "something went wrong"));
    }
    if azure.has(Fault::Garbage) {
        return Some(Answer {
            status: StatusCode::OK,
            headers: vec![("content-type", "application/json".to_owned())],
            body: Bytes::from_static(GARBAGE),
        });
    }
    None
}

fn snapshot(azure: &Azure, request: &ApiRequest<'_>) -> Answer {
    let (revision, set) = azure.shown();
    let tag = format!("\"{revision}\"");
    if request.if_none_match == Some(tag.as_str()) {
        return Answer { status: StatusCode::NOT_MODIFIED, headers: vec![("etag", tag)], body: Bytes::new() };
    }
    let document = wire::Snapshot { revision, gateway: azure.gateway.clone(), resources: visible(azure, set) };
    let mut answer = document_answer(&wire::write_snapshot(&document), request.gzip);
    answer.headers.push(("etag", tag));
    answer
}

fn events(azure: &Azure, request: &ApiRequest<'_>) -> Answer {
    let parameter = |name: &str| {
        let pair = request.query.split('&').filter_map(|pair| pair.split_once('='));
        pair.filter(|(key, _)| key.replace("%24", "$") == name).map(|(_, value)| value).next()
    };
    let Some(after) = parameter("$skiptoken").and_then(|token| token.parse::<Revision>().ok()) else {
        return failure(StatusCode::BAD_REQUEST, "ValidationError", "`$skiptoken` must be eight hexadecimal digits");
    };
    let top = parameter("$top").and_then(|top| top.parse::<usize>().ok()).unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX);
    let Some(revisions) = azure.since(after) else {
        return failure(StatusCode::GONE, "Gone", "this revision is not kept: take the snapshot");
    };
    let events: Vec<wire::Event> = revisions
        .into_iter()
        .take(top)
        .map(|(revision, before, set)| {
            let changes = wire::changes(&visible(azure, before), &visible(azure, set));
            wire::Event { revision, changes }
        })
        .collect();
    let skiptoken = events.last().map_or(after, |event| event.revision);
    document_answer(&wire::write_events(&wire::Events { events, skiptoken }), request.gzip)
}

/// What this gateway may see: other gateways' resources are left out.
fn visible(azure: &Azure, set: &ResourceSet) -> ResourceSet {
    let own = ResourceId::new(&format!("/gateways/{}", azure.gateway));
    let gateways = ResourceId::new("/gateways");
    let mut visible = set.clone();
    let others: Vec<ResourceId> =
        set.children(&gateways).map(|resource| resource.id.clone()).filter(|id| *id != own).collect();
    for other in &others {
        visible.remove(other);
    }
    visible
}

fn heartbeat(azure: &mut Azure, request: &ApiRequest<'_>, now: WallTime) -> Answer {
    match serde_json::from_slice(request.body) {
        Ok(document) => {
            azure.record_heartbeat(now, document);
            let (newest, _) = azure.shown();
            document_answer(
                &wire::write_heartbeat_answer(&wire::HeartbeatAnswer { latest_revision: Some(newest) }),
                false,
            )
        }
        Err(error) => failure(StatusCode::BAD_REQUEST, "ValidationError", &error.to_string()),
    }
}

fn telemetry(azure: &mut Azure, request: &ApiRequest<'_>) -> Answer {
    let document: serde_json::Value = match serde_json::from_slice(request.body) {
        Ok(document) => document,
        Err(error) => return failure(StatusCode::BAD_REQUEST, "ValidationError", &error.to_string()),
    };
    for trace in document["traces"].as_array().into_iter().flatten() {
        azure.record_trace(trace.clone());
    }
    Answer { status: StatusCode::ACCEPTED, headers: Vec::new(), body: Bytes::new() }
}

fn document_answer(document: &[u8], gzip: bool) -> Answer {
    let mut headers = vec![("content-type", "application/json".to_owned())];
    let body = if gzip {
        headers.push(("content-encoding", "gzip".to_owned()));
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        let written = encoder.write_all(document).and_then(|()| encoder.finish());
        Bytes::from(written.expect("writing to memory does not fail"))
    } else {
        Bytes::copy_from_slice(document)
    };
    Answer { status: StatusCode::OK, headers, body }
}

fn failure(status: StatusCode, code: &str, message: &str) -> Answer {
    let body = json!({ "error": { "code": code, "message": message } }).to_string();
    Answer { status, headers: vec![("content-type", "application/json".to_owned())], body: Bytes::from(body) }
}
