//! APIs: every online revision of those that are assigned to the gateway. Routes nothing.

use std::collections::BTreeMap;

use crate::config::bounds::MAX_API_PATH_CHARS;
use crate::config::model::{Api, ApiKind, Protocol};
use crate::config::parse::properties::Properties;
use crate::config::parse::version::VersionSets;
use crate::config::parse::{Assigned, Parsing, contract, operation, policy, reference, resolver, version};
use crate::config::resource::{Resource, ResourceId};
use crate::http::percent::decode;
use crate::http::{HeaderName, Url};

const KNOWN: &[&str] = &[
    "displayName",
    "description",
    "path",
    "protocols",
    "serviceUrl",
    "type",
    "apiType",
    "apiRevision",
    "apiRevisionDescription",
    "isCurrent",
    "isOnline",
    "apiVersion",
    "apiVersionDescription",
    "apiVersionSetId",
    "apiVersionSet",
    "subscriptionRequired",
    "subscriptionKeyParameterNames",
    "authenticationSettings",
    "sourceApiId",
    "contact",
    "license",
    "termsOfServiceUrl",
    "provisioningState",
    "holdfast",
];

/// The APIs of the gateway in the order of their ids.
pub(super) fn apis(parsing: &mut Parsing<'_>, assigned: &Assigned, sets: &VersionSets) -> Vec<Api> {
    let mut apis = Vec::new();
    for resource in parsing.family("/apis") {
        let (name, revision) = reference::split_revision(resource.id.name());
        if !assigned.contains(&name.to_ascii_lowercase()) {
            continue;
        }
        let mut properties = Properties::new(resource);
        if !properties.switch(&["isOnline"], true) {
            parsing.settle(properties, Some(()));
            continue;
        }
        let api = api(parsing, &mut properties, name, revision, sets);
        apis.extend(parsing.settle(properties, Some((api, resource))));
    }
    check_revisions(parsing, &apis);
    check_paths(parsing, &apis);
    let kept = apis.into_iter().filter(|(api, _)| !parsing.refused.contains_key(&api.id));
    kept.map(|(api, _)| api).collect()
}

fn api(
    parsing: &Parsing<'_>,
    properties: &mut Properties<'_>,
    name: String,
    revision: Option<String>,
    sets: &VersionSets,
) -> Api {
    properties.note_unknown(KNOWN);
    let resource = properties.resource;
    let written = properties.text(&["apiRevision"]).map(str::to_owned);
    if let (Some(of_id), Some(written)) = (&revision, &written)
        && of_id != written
    {
        let message = format!("`apiRevision` is `{written}`, but the id says `{of_id}`");
        properties.error(&["apiRevision"], "revision-mismatch", message);
    }
    let is_current = properties.switch(&["isCurrent"], revision.is_none());
    let kind = kind(properties);
    let policy = policy::policy(parsing.set, &resource.id).unwrap_or_else(|diagnostic| {
        properties.findings.push(diagnostic);
        None
    });
    Api {
        id: resource.id.clone(),
        display_name: properties.text(&["displayName"]).unwrap_or(&name).to_owned(),
        revision: written.or(revision).unwrap_or_else(|| "1".to_owned()),
        is_current,
        path: path(properties),
        protocols: protocols(properties),
        kind,
        service_url: service_url(properties),
        version: version::version(properties, sets),
        subscription_required: properties.switch(&["subscriptionRequired"], true),
        key_header: key_header(properties),
        key_query: key_query(properties),
        hosts: hosts(properties),
        operations: operation::operations(parsing, properties, kind),
        schemas: contract::schemas(parsing.set, &resource.id),
        resolvers: resolver::resolvers(parsing, properties, kind),
        policy,
        origin: resource.origin.clone(),
        name,
    }
}

fn path(properties: &mut Properties<'_>) -> String {
    let Some(written) = properties.value(&["path"]) else {
        properties.error(&["path"], "missing-property", "`path` is missing; an API at the root has an empty one");
        return String::new();
    };
    let Some(written) = written.as_str() else {
        properties.text(&["path"]);
        return String::new();
    };
    let path = written.trim_matches('/');
    if path.chars().count() > MAX_API_PATH_CHARS {
        properties.error(&["path"], "invalid-path", format!("`path` has more than {MAX_API_PATH_CHARS} characters"));
    }
    if let Some(c) = path.chars().find(|c| c.is_whitespace() || c.is_control() || "?#{}\\\"<>".contains(*c)) {
        properties.error(&["path"], "invalid-path", format!("`{}` cannot stand in a path", c.escape_debug()));
    }
    if path.contains("//") {
        properties.error(&["path"], "invalid-path", "an empty segment (`//`) cannot stand in a path");
    }
    path.to_owned()
}

fn protocols(properties: &mut Properties<'_>) -> Vec<Protocol> {
    let mut protocols = Vec::new();
    for word in properties.texts(&["protocols"]) {
        match word.to_ascii_lowercase().as_str() {
            "http" => protocols.push(Protocol::Http),
            "https" => protocols.push(Protocol::Https),
            "ws" => protocols.push(Protocol::Ws),
            "wss" => protocols.push(Protocol::Wss),
            _ => properties.not_one_of(&["protocols"], word, "`http`, `https`, `ws` or `wss`"),
        }
    }
    protocols.sort_unstable();
    protocols.dedup();
    if protocols.is_empty() { vec![Protocol::Https] } else { protocols }
}

// `type` is the name on the wire; SDKs write `apiType` (control-plane.md §1.2).
fn kind(properties: &mut Properties<'_>) -> ApiKind {
    let path = if properties.value(&["type"]).is_some() { "type" } else { "apiType" };
    let Some(word) = properties.text(&[path]) else { return ApiKind::default() };
    match word.to_ascii_lowercase().as_str() {
        "http" => ApiKind::Http,
        "soap" => ApiKind::Soap,
        "websocket" => ApiKind::WebSocket,
        "graphql" => ApiKind::GraphQl,
        "odata" => ApiKind::OData,
        "grpc" => ApiKind::Grpc,
        _ => {
            let expected = "`http`, `soap`, `websocket`, `graphql`, `odata` or `grpc`";
            properties.not_one_of(&[path], word, expected);
            ApiKind::default()
        }
    }
}

fn service_url(properties: &mut Properties<'_>) -> Option<Url> {
    let written = properties.text(&["serviceUrl"]).filter(|url| !url.is_empty())?;
    // A WebSocket backend is reached by an HTTP upgrade (RFC 6455 §4.1): `ws` is `http`, `wss` is `https`.
    let spoken = match written.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("ws") => format!("http://{rest}"),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("wss") => format!("https://{rest}"),
        Some(_) | None => written.to_owned(),
    };
    match Url::parse(&spoken) {
        Ok(url) => Some(url),
        Err(error) => {
            properties.error(&["serviceUrl"], "invalid-url", format!("`{written}` is not a usable URL: {error}"));
            None
        }
    }
}

fn key_header(properties: &mut Properties<'_>) -> String {
    let path = ["subscriptionKeyParameterNames", "header"];
    let name = properties.text(&path).filter(|name| !name.is_empty()).unwrap_or("Ocp-Apim-Subscription-Key");
    if HeaderName::from_bytes(name.as_bytes()).is_err() {
        properties.error(&path, "invalid-header-name", format!("`{name}` is not the name of a header"));
    }
    name.to_owned()
}

fn key_query(properties: &mut Properties<'_>) -> String {
    let name = properties.text(&["subscriptionKeyParameterNames", "query"]);
    name.filter(|name| !name.is_empty()).unwrap_or("subscription-key").to_owned()
}

// Of ours: APIM binds host names to gateways, not to APIs.
fn hosts(properties: &mut Properties<'_>) -> Vec<String> {
    let path = ["holdfast", "hosts"];
    let hosts: Vec<String> = properties.texts(&path).iter().map(|host| host.to_ascii_lowercase()).collect();
    let is_host = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_' | ':' | '*' | '[' | ']');
    for host in hosts.iter().filter(|host| host.is_empty() || !host.chars().all(is_host)) {
        properties.error(&path, "invalid-host", format!("`{host}` is not a host name"));
    }
    hosts
}

type Candidate<'a> = (Api, &'a Resource);

/// No two revisions of an API may have the same number, nor may two be current.
fn check_revisions(parsing: &mut Parsing<'_>, apis: &[Candidate<'_>]) {
    let mut numbers: BTreeMap<(String, &str), Vec<&Candidate<'_>>> = BTreeMap::new();
    let mut current: BTreeMap<String, Vec<&Candidate<'_>>> = BTreeMap::new();
    for candidate in apis {
        let (api, _) = candidate;
        let name = api.name.to_ascii_lowercase();
        numbers.entry((name.clone(), &api.revision)).or_default().push(candidate);
        if api.is_current {
            current.entry(name).or_default().push(candidate);
        }
    }
    for ((name, revision), group) in &numbers {
        let say = |other: &ResourceId| format!("revision `{revision}` of `{name}` is there twice: also as `{other}`");
        conflict(parsing, group, "apiRevision", "duplicate-revision", say);
    }
    for (name, group) in &current {
        let say = |other: &ResourceId| format!("`{name}` has two current revisions: also `{other}`");
        conflict(parsing, group, "isCurrent", "two-current-revisions", say);
    }
}

/// No two APIs may answer at the same place.
fn check_paths(parsing: &mut Parsing<'_>, apis: &[Candidate<'_>]) {
    let mut places: BTreeMap<(String, String), Vec<&Candidate<'_>>> = BTreeMap::new();
    for candidate in apis.iter().filter(|(api, _)| api.is_current) {
        let (api, _) = candidate;
        // The original version of a set answers without an identifier, as an API without versions does.
        let version = match &api.version {
            Some(version) if !version.name.is_empty() => {
                format!("{:?} {}", version.scheme, version.name).to_lowercase()
            }
            Some(_) | None => String::new(),
        };
        places.entry((decode(&api.path).to_ascii_lowercase(), version)).or_default().push(candidate);
    }
    for ((path, _), group) in &places {
        for (index, candidate) in group.iter().enumerate() {
            let (api, _) = candidate;
            let others = group.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, other)| *other);
            let mut others = others.filter(|(other, _)| !other.name.eq_ignore_ascii_case(&api.name));
            let Some((other, _)) = others.find(|(other, _)| share_a_host(api, other)) else { continue };
            let say = |other: &ResourceId| {
                format!("the path `{path}` is also that of `{other}`, with the same version and host")
            };
            refuse(parsing, candidate, &other.id, "path", "duplicate-path", &say);
        }
    }
}

fn share_a_host(api: &Api, other: &Api) -> bool {
    api.hosts.is_empty() && other.hosts.is_empty() || api.hosts.iter().any(|host| other.hosts.contains(host))
}

fn conflict(
    parsing: &mut Parsing<'_>,
    group: &[&Candidate<'_>],
    property: &str,
    code: &'static str,
    say: impl Fn(&ResourceId) -> String,
) {
    for candidate in group {
        if let Some((other, _)) = group.iter().find(|(other, _)| other.id != candidate.0.id) {
            refuse(parsing, candidate, &other.id, property, code, &say);
        }
    }
}

fn refuse(
    parsing: &mut Parsing<'_>,
    candidate: &Candidate<'_>,
    other: &ResourceId,
    property: &str,
    code: &'static str,
    say: &dyn Fn(&ResourceId) -> String,
) {
    let mut properties = Properties::new(candidate.1);
    properties.error(&[property], code, say(other));
    parsing.settle(properties, Some(()));
}
