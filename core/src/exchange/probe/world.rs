//! The configuration around drawn documents, the requests to it, and what the world answers.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::document::{Documents, Words};
use super::draw::Draw;
use crate::config::{Origin, Resource, ResourceId, ResourceSet, Revision};
use crate::context::{Body, ResponseView};
use crate::exchange::{
    BodyFailure, CacheFailure, CacheVerb, Content, Effect, Reply, UpstreamFailure, UpstreamFailureKind,
};
use crate::http::coding::gzip;
use crate::http::{
    Bytes, HeaderMap, HeaderName, HeaderValue, HttpVersion, Method, RequestHead, ResponseHead, StatusCode, Url,
};
use crate::snapshot::{Identity, Snapshot};

/// Adds a resource to a set.
pub(crate) fn insert(set: &mut ResourceSet, id: &str, properties: Value, file: &str) {
    let properties: Map<String, Value> = properties.as_object().cloned().unwrap_or_default();
    let origin = Origin { file: Arc::from(file), text: None };
    set.insert(Resource { id: ResourceId::new(id), properties: Arc::new(properties), origin });
}

/// A policy document as a resource.
pub(crate) fn policy(text: &str) -> Value {
    json!({ "format": "rawxml", "value": text })
}

/// The key of the only subscription.
const KEY: &str = "key";

/// Where documents name backends.
const BACKENDS: [&str; 5] = [
    "set-backend-service@backend-id",
    "invoke-request@backend-id",
    "llm-content-safety@backend-id",
    "azure-openai-semantic-cache-lookup@embeddings-backend-id",
    "llm-semantic-cache-lookup@embeddings-backend-id",
];

/// What the API has: a parameter, a plain path, and whatever else is asked for.
const OPERATIONS: [(&str, &str); 7] = [
    ("GET", "/items/{id}"),
    ("POST", "/items"),
    ("GET", "/*"),
    ("POST", "/*"),
    ("OPTIONS", "/*"),
    ("HEAD", "/*"),
    ("PUT", "/*"),
];

/// The configuration with these documents, and whether all of them are in force.
pub(super) fn compiled(documents: &Documents, words: &Words) -> Option<(Arc<Snapshot>, bool)> {
    let identity = Identity { gateway_id: "gw".to_owned(), instance_id: "probe".to_owned(), ..Identity::default() };
    let compiled = Snapshot::compile(Revision(1), &resources(documents, words), &identity, None).ok()?;
    Some((compiled.snapshot, compiled.refused.is_empty()))
}

fn resources(documents: &Documents, words: &Words) -> ResourceSet {
    let mut set = ResourceSet::default();
    let mut add = |id: &str, properties: Value| insert(&mut set, id, properties, "probe");
    add("/gateways/gw", json!({ "locationData": { "name": "here" } }));
    add("/gateways/gw/apis/echo", json!({}));
    let api = json!({ "displayName": "Echo", "path": "echo", "protocols": ["http", "https"],
        "serviceUrl": "http://backend.example/base", "subscriptionRequired": false });
    add("/apis/echo", api);
    let document = json!({ "type": "object", "required": ["a"], "properties": { "a": { "type": "integer" } } });
    let schema = json!({ "contentType": "application/vnd.oai.openapi.components+json",
        "document": { "components": { "schemas": { "t": document } } } });
    for schema_id in words.get("content@schema-id") {
        add(&format!("/apis/echo/schemas/{schema_id}"), schema.clone());
    }
    for (number, (method, template)) in OPERATIONS.into_iter().enumerate() {
        let id = format!("/apis/echo/operations/op{number}");
        let parameters = json!([{ "name": "id", "type": "string", "required": true }]);
        let parameters = if template.contains('{') { parameters } else { json!([]) };
        let body = json!({ "statusCode": 200, "representations": [{ "contentType": "application/json",
            "schemaId": "S1", "typeName": "t", "examples": { "default": { "value": "{\"a\":1}" } } }] });
        add(
            &id,
            json!({ "displayName": id, "method": method, "urlTemplate": template, "templateParameters": parameters,
            "responses": [body] }),
        );
        add(&format!("{id}/policies/policy"), policy(&documents.operation));
    }
    graphql(&mut add);
    add("/policies/policy", policy(&documents.service));
    add("/apis/echo/policies/policy", policy(&documents.api));
    add("/products/gold", json!({ "displayName": "Gold", "state": "published" }));
    add("/products/gold/apis/echo", json!({}));
    add("/products/gold/policies/policy", policy(&documents.product));
    let subscription = json!({ "displayName": "S", "scope": "/products/gold", "state": "active", "primaryKey": KEY, "ownerId": "/users/u" });
    add("/subscriptions/s", subscription);
    add("/users/u", json!({ "firstName": "U", "email": "u@example.com" }));
    for fragment in words.get("include-fragment@fragment-id") {
        add(
            &format!("/policyFragments/{fragment}"),
            policy("<fragment><set-variable name=\"v\" value=\"f\" /></fragment>"),
        );
    }
    backends(&mut add, words);
    others(&mut add, words);
    set
}

// A synthetic API, whose resolvers ask below each other and below what its GraphQL service gives.
fn graphql(add: &mut impl FnMut(&str, Value)) {
    add("/gateways/gw/apis/graph", json!({}));
    let api = json!({ "displayName": "Graph", "path": "graph", "type": "graphql", "protocols": ["http", "https"],
        "serviceUrl": "http://backend.example/base", "subscriptionRequired": false });
    add("/apis/graph", api);
    let schema = "type Query { a: Thing list: [Thing!] plain: Thing stored: Stored } type Stored { items: [Thing] }
        type Thing { a: Int b: Thing! c: [Thing] } type Mutation { b: Thing kept: Thing }";
    let contract =
        json!({ "contentType": "application/vnd.ms-azure-apim.graphql.schema", "document": { "value": schema } });
    add("/apis/graph/schemas/graphql", contract);
    let resolvers = [
        ("Query/a", "https://one.example/a"),
        ("Query/list", "/list"),
        ("Mutation/b", "https://one.example/b"),
        ("Thing/b", "@($\"https://one.example/{context.GraphQL.Parent[\"a\"]}\")"),
        ("Thing/c", "/c"),
    ];
    for (path, url) in resolvers {
        let id = format!("/apis/graph/resolvers/{}", path.replace('/', "-"));
        add(&id, json!({ "displayName": path, "path": path }));
        let request = format!("<http-request><set-method>GET</set-method><set-url>{url}</set-url></http-request>");
        add(&format!("{id}/policies/policy"), policy(&format!("<http-data-source>{request}</http-data-source>")));
    }
    let connection = "<connection-info><connection-string>AccountEndpoint=https://account.example/;AccountKey=a2V5</connection-string>
        <database-name>d</database-name><container-name>c</container-name></connection-info>";
    for (path, request) in [("Query/stored", "<query-request />"), ("Mutation/kept", "<write-request />")] {
        let id = format!("/apis/graph/resolvers/{}", path.replace('/', "-"));
        add(&id, json!({ "displayName": path, "path": path }));
        let document = format!("<cosmosdb-data-source>{connection}{request}</cosmosdb-data-source>");
        add(&format!("{id}/policies/policy"), policy(&document));
    }
}

// Every entity that a document may name: by its turn one with a breaker, or a pool of two.
fn backends(add: &mut impl FnMut(&str, Value), words: &Words) {
    let rule = json!({ "failureCondition": { "count": 2, "interval": "PT1M", "errorReasons": ["Server errors"] },
        "tripDuration": "PT1M", "acceptRetryAfter": true });
    for member in ["m1", "m2"] {
        let entity = json!({ "url": format!("http://{member}.example/"), "protocol": "http",
            "circuitBreaker": { "rules": [rule] } });
        add(&format!("/backends/{member}"), entity);
    }
    let named: BTreeSet<Arc<str>> = BACKENDS.into_iter().flat_map(|place| words.get(place)).collect();
    for (number, id) in named.into_iter().enumerate() {
        let pool = json!({ "type": "Pool", "pool": { "services": [{ "id": "/backends/m1" }, { "id": "/backends/m2" }],
            "sessionAffinity": { "sessionId": { "source": "Cookie", "name": "s" } } } });
        let single = json!({ "url": "https://one.example/x", "protocol": "http" });
        add(&format!("/backends/{id}"), if number.is_multiple_of(2) { pool } else { single });
    }
}

// Every logger and every connection that a document may name.
fn others(add: &mut impl FnMut(&str, Value), words: &Words) {
    let key = "Endpoint=sb://shop.servicebus.windows.net;SharedAccessKeyName=send;SharedAccessKey=key;EntityPath=hub";
    for id in words.get("log-to-eventhub@logger-id") {
        let logger = json!({ "loggerType": "azureEventHub", "credentials": { "connectionString": key } });
        add(&format!("/loggers/{id}"), logger);
    }
    let url = "https://login.example/token";
    let grants = json!({ "clientCredentials": { "tokenUrl": url } });
    let parameters = json!({ "clientId": "c", "clientSecret": "s" });
    for provider in words.get("get-authorization-context@provider-id") {
        let id = format!("/authorizationProviders/{provider}");
        add(&id, json!({ "identityProvider": "oauth2", "oauth2": { "grantTypes": grants } }));
        for connection in words.get("get-authorization-context@authorization-id") {
            let connected = json!({ "authorizationType": "OAuth2", "oauth2grantType": "ClientCredentials",
                "parameters": parameters });
            add(&format!("{id}/authorizations/{connection}"), connected);
        }
    }
}

const FIELDS: [(&str, &str); 29] = [
    ("ocp-apim-subscription-key", KEY),
    ("ocp-apim-subscription-key", "wrong"),
    ("content-type", "application/json"),
    ("content-type", "application/json; charset=utf-8"),
    ("content-type", "text/xml"),
    ("content-type", "application/x-www-form-urlencoded"),
    ("content-type", "text/event-stream"),
    ("content-encoding", "gzip"),
    ("content-range", "bytes 0-1/2"),
    ("accept", "application/xml"),
    ("accept", "application/json;q=0.5, */*"),
    ("accept-encoding", "gzip, identity;q=0"),
    ("origin", "https://app.example"),
    ("access-control-request-method", "POST"),
    ("access-control-request-headers", "x-a, x-b"),
    ("authorization", "Bearer e30.e30."),
    ("authorization", "Basic YTpi"),
    ("cookie", "s=1; t=2"),
    ("set-cookie", "s=1"),
    ("cache-control", "max-age=60, private"),
    ("retry-after", "1"),
    ("retry-after", "Fri, 31 Dec 1999 23:59:59 GMT"),
    ("location", "http://backend.example/base/next"),
    ("range", "bytes=0-1"),
    ("x-a", "1"),
    ("connection", "x-a, close"),
    ("content-encoding", "gzip"),
    ("content-type", "text/xml; charset=utf-16"),
    ("content-type", "application/json; charset=iso-8859-1"),
];

const TARGETS: [&str; 11] = [
    "/echo/items/1",
    "/echo/items",
    "/echo/items/%2e%2e?subscription-key=key",
    "/echo/items/a%2Fb?a=1&a=2&$filter=A%20eq%201",
    "/echo/items?cb=f&$top=x",
    "/echo/nowhere",
    "/crossdomain.xml",
    "/graph",
    "/graph?query=%7Ba%7Bb%7Bc%7Ba%7D%7D%7Dlist%7Bc%7Ba%7D%7Dplain%7Bb%7Ba%7D%7Dstored%7Bitems%7Ba%7D%7D%7D",
    "/echo/items/%ff?%ff=%zz",
    "/",
];

const CONTENTS: [&str; 16] = [
    "",
    "{\"a\":1}",
    "{\"a\":\"http://backend.example/base\",\"b\":[1,{\"c\":null}]}",
    "[]",
    "<a b=\"1\"><c>x</c><c/></a>",
    "a=1&b=2",
    "{\"query\":\"{ a { b } }\",\"variables\":{}}",
    "{\"query\":\"{ a { a b { a c { a b { a } } } } list { b { a } c { b { a } } } plain { a b { a } } stored { items { a b { a } } } }\"}",
    "{\"query\":\"mutation { b { a } again: b { c { b { a } } } kept { a } }\"}",
    "{\"data\":{\"plain\":{\"a\":1,\"__typename\":\"Thing\"}},\"errors\":[{\"message\":\"m\",\"path\":[\"plain\"]}]}",
    "[{\"a\":1},{\"a\":\"x\",\"b\":{}},null]",
    "{\"issuer\":\"https://idp.example\",\"jwks_uri\":\"https://idp.example/keys\"}",
    "{\"keys\":[{\"kty\":\"EC\",\"kid\":\"f\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}",
    "\u{feff}{\"a\":1e400}",
    "{\"a\":",
    "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>",
];

/// A request.
pub(super) fn request(draw: &mut Draw<'_>) -> RequestHead {
    let method = draw.one(&[Method::GET, Method::POST, Method::OPTIONS, Method::HEAD, Method::PUT]).cloned();
    let target = draw.one(&TARGETS).copied().unwrap_or("/");
    let url = Url::parse(&format!("http://gw.example{target}")).unwrap_or_default();
    RequestHead {
        method: method.unwrap_or(Method::GET),
        url,
        headers: fields(draw),
        version: HttpVersion::Http11,
        has_body: draw.below(2) == 1,
    }
}

fn fields(draw: &mut Draw<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for _ in 0..draw.below(5) {
        if let Some((name, value)) = draw.one(&FIELDS) {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
    }
    headers
}

fn content(draw: &mut Draw<'_>) -> Bytes {
    match draw.below(CONTENTS.len() + 2) {
        at if at < CONTENTS.len() => Bytes::from_static(CONTENTS.get(at).copied().unwrap_or("").as_bytes()),
        at if at == CONTENTS.len() => gzip(draw.one(&CONTENTS).copied().unwrap_or("").as_bytes()),
        _ => (0..draw.below(12)).map(|_| draw.byte()).collect::<Vec<u8>>().into(),
    }
}

fn status(draw: &mut Draw<'_>) -> StatusCode {
    let code = draw.one(&[200, 204, 206, 301, 304, 400, 401, 404, 429, 500, 502, 503, 599, 201]).copied();
    code.and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or_default()
}

fn failure(draw: &mut Draw<'_>) -> UpstreamFailure {
    let kinds = [
        UpstreamFailureKind::NameNotResolved,
        UpstreamFailureKind::Connect,
        UpstreamFailureKind::Tls,
        UpstreamFailureKind::Timeout,
        UpstreamFailureKind::Broken,
        UpstreamFailureKind::TooLarge,
        UpstreamFailureKind::RequestBodyGone,
        UpstreamFailureKind::ClientGone,
    ];
    let kind = draw.one(&kinds).copied().unwrap_or(UpstreamFailureKind::Connect);
    UpstreamFailure { kind, message: "failed".to_owned() }
}

/// What the world answers to an effect: what fits it, well or badly.
pub(super) fn reply(effect: &Effect, draw: &mut Draw<'_>) -> Reply {
    let fails = draw.below(5) == 4;
    match effect {
        Effect::Sleep(_) => Reply::Elapsed,
        Effect::Dispatch(_) => Reply::Dispatched,
        Effect::Cache(request) if matches!(request.verb, CacheVerb::Set { .. }) => Reply::Dispatched,
        Effect::Cache(_) if fails => Reply::Cache(Err(CacheFailure("the connection broke".to_owned()))),
        Effect::Cache(_) => Reply::Cache(Ok((draw.below(2) == 0).then(|| content(draw)))),
        Effect::ReadRequestBody { .. }
        | Effect::ReadResponseBody { .. }
        | Effect::PeekResponseBody { .. }
        | Effect::ReadFile { .. }
            if fails =>
        {
            let broken = BodyFailure::Broken("the connection broke".to_owned());
            Reply::Body(Err(if draw.below(2) == 0 { BodyFailure::TooLarge } else { broken }))
        }
        Effect::ReadRequestBody { .. }
        | Effect::ReadResponseBody { .. }
        | Effect::PeekResponseBody { .. }
        | Effect::ReadFile { .. } => Reply::Body(Ok(content(draw))),
        Effect::Forward(_) if fails => Reply::Head(Err(failure(draw))),
        Effect::Forward(_) => {
            let mut head = ResponseHead::new(status(draw));
            head.headers = fields(draw);
            Reply::Head(Ok((head, if draw.below(2) == 0 { Content::None } else { Content::Follows })))
        }
        Effect::Send(_) if fails => Reply::Response(Err(failure(draw))),
        Effect::Send(request) => {
            let (mut status, mut headers, mut body) = (status(draw), fields(draw), Body::Bytes(content(draw)));
            // A page of results, with another one behind it.
            if request.url.path.ends_with("/docs") && draw.below(2) == 0 {
                headers.insert("x-ms-continuation", HeaderValue::from_static("more"));
                status = StatusCode::OK;
                body = Body::Bytes(Bytes::from_static(b"{\"Documents\":[{\"a\":2}]}"));
            }
            Reply::Response(Ok(Box::new(ResponseView { status, reason: None, headers, body })))
        }
    }
}
