//! The configuration around a conversation: one gateway, one API `echo` at `/echo`, its operations, product and subscription.

use std::sync::Arc;

use serde_json::{Value, json};

use super::conversation::{Conversation, Message};
use crate::config::contract::GRAPHQL_SCHEMA;
use crate::config::secret::Secret;
use crate::config::{ResourceSet, Revision};
pub(crate) use crate::exchange::probe::world::{insert, policy};
use crate::http::Url;
use crate::keys::TokenSource;
use crate::shared::Shared;
use crate::snapshot::{Compiled, Identity, Snapshot};

/// The gateway that conversations are played on.
pub(crate) fn identity() -> Identity {
    Identity { gateway_id: "gw".to_owned(), instance_id: "test".to_owned(), ..Identity::default() }
}

/// The resources that a fixture describes.
///
/// `settings` may say `operation: METHOD TEMPLATE` (several), `service-url: URL`, `subscription: required`, `key: KEY`, `owner: USER` (of the key), `format: xml`, `graphql-url: URL` (of the API with the document `graphql`).
pub(crate) fn resources(conversation: &Conversation) -> ResourceSet {
    let settings = Message::parse(&format!("\n{}", conversation.document("settings").unwrap_or("")));
    let mut set = ResourceSet::default();
    insert(&mut set, "/gateways/gw", json!({ "locationData": { "name": "here" } }), "gateway");
    insert(&mut set, "/gateways/gw/apis/echo", json!({}), "gateway");
    let url = settings.field("service-url").unwrap_or("http://backend.example/base");
    let url = if url == "none" { Value::Null } else { json!(url) };
    let required = settings.field("subscription") == Some("required");
    let api = json!({
        "displayName": "Echo", "path": "echo", "protocols": ["http", "https"], "serviceUrl": url,
        "subscriptionRequired": required,
    });
    insert(&mut set, "/apis/echo", api, "api");
    let operations: Vec<&str> =
        settings.fields.iter().filter(|(name, _)| name == "operation").map(|(_, value)| value.as_str()).collect();
    let operations = if operations.is_empty() { vec!["GET /orders/{id}", "POST /orders"] } else { operations };
    for (index, operation) in operations.iter().enumerate() {
        let (method, template) = operation.split_once(' ').unwrap();
        let responses =
            conversation.document("responses").map_or(json!([]), |text| serde_json::from_str(text).unwrap());
        let properties =
            json!({ "displayName": operation, "method": method, "urlTemplate": template, "responses": responses });
        insert(&mut set, &format!("/apis/echo/operations/op{index}"), properties, "operation");
        if let Some(text) = conversation.document("operation") {
            insert(&mut set, &format!("/apis/echo/operations/op{index}/policies/policy"), policy(text), "operation");
        }
    }
    let format = settings.field("format").unwrap_or("rawxml");
    for (kind, id) in [("service", "/policies/policy"), ("api", "/apis/echo/policies/policy")] {
        if let Some(text) = conversation.document(kind) {
            insert(&mut set, id, json!({ "format": format, "value": text }), kind);
        }
    }
    for (name, text) in conversation.named("fragment") {
        insert(&mut set, &format!("/policyFragments/{name}"), policy(text), &format!("fragment-{name}"));
    }
    for (name, text) in conversation.named("backend") {
        insert(&mut set, &format!("/backends/{name}"), serde_json::from_str(text).unwrap(), "backend");
    }
    for (kind, secret) in [("named-value", false), ("secret", true)] {
        for (name, text) in conversation.named(kind) {
            let properties = json!({ "displayName": name, "value": text.trim_end(), "secret": secret });
            insert(&mut set, &format!("/namedValues/{name}"), properties, "nv");
        }
    }
    if let Some(schema) = conversation.document("graphql") {
        graphql(&mut set, schema, settings.field("graphql-url"), conversation);
    }
    for (id, text) in conversation.named("resource") {
        insert(&mut set, id, serde_json::from_str(text).unwrap(), "resource");
    }
    if let Some(text) = conversation.document("product") {
        insert(&mut set, "/products/gold", json!({ "displayName": "Gold", "state": "published" }), "product");
        insert(&mut set, "/products/gold/apis/echo", json!({}), "product");
        insert(&mut set, "/products/gold/policies/policy", policy(text), "product");
    }
    if let Some(key) = settings.field("key") {
        let scope = if conversation.document("product").is_some() { "/products/gold" } else { "/apis" };
        let mut subscription = json!({ "displayName": "S", "scope": scope, "state": "active", "primaryKey": key });
        if let Some(owner) = settings.field("owner") {
            subscription["ownerId"] = json!(owner);
            subscription["createdDate"] = json!("2025-03-02T10:00:00Z");
            subscription["startDate"] = json!("2025-03-03T00:00:00Z");
        }
        insert(&mut set, "/subscriptions/s1", subscription, "subscription");
    }
    set
}

// An API with its schema at `/graph`, and the resolvers of its fields.
fn graphql(set: &mut ResourceSet, schema: &str, url: Option<&str>, conversation: &Conversation) {
    insert(set, "/gateways/gw/apis/graph", json!({}), "gateway");
    let api = json!({
        "displayName": "Graph", "path": "graph", "type": "graphql", "protocols": ["http"], "serviceUrl": url,
        "subscriptionRequired": false,
    });
    insert(set, "/apis/graph", api, "graph");
    let contract = json!({ "contentType": GRAPHQL_SCHEMA, "document": { "value": schema } });
    insert(set, "/apis/graph/schemas/graphql", contract, "graph");
    for (path, text) in conversation.named("resolver") {
        let id = format!("/apis/graph/resolvers/{}", path.replace('/', "-"));
        insert(set, &id, json!({ "displayName": path, "path": path }), "resolver");
        insert(set, &format!("{id}/policies/policy"), policy(text), &format!("resolver {path}"));
    }
}

/// What the exchanges of a fixture share. `settings` may say `identity: metadata URL`, `identity: app-service URL SECRET`,
/// `identity: arc URL FOLDER` or `identity: workload AUTHORITY TENANT CLIENT FILE`.
pub(crate) fn shared(conversation: &Conversation) -> Shared {
    let shared = Shared::default();
    let settings = Message::parse(&format!("\n{}", conversation.document("settings").unwrap_or("")));
    let words: Vec<&str> = settings.field("identity").unwrap_or("").split_whitespace().collect();
    let url = |text: &str| Url::parse(text).unwrap();
    match words.as_slice() {
        [] => {}
        ["metadata", endpoint] => shared.tokens.come_from(TokenSource::Metadata { endpoint: url(endpoint) }),
        ["app-service", endpoint, secret] => {
            let secret = Secret((*secret).to_owned());
            shared.tokens.come_from(TokenSource::AppService { endpoint: url(endpoint), secret });
        }
        ["arc", endpoint, folder] => {
            shared.tokens.come_from(TokenSource::Arc { endpoint: url(endpoint), folder: Arc::from(*folder) });
        }
        ["workload", authority, tenant, client, file] => shared.tokens.come_from(TokenSource::Workload {
            authority: url(authority),
            tenant: Arc::from(*tenant),
            client: Arc::from(*client),
            file: Arc::from(*file),
        }),
        other => panic!("{other:?} is no source of tokens"),
    }
    shared
}

/// The fixture's configuration, compiled.
pub(crate) fn compile(conversation: &Conversation) -> Compiled {
    Snapshot::compile(Revision(7), &resources(conversation), &identity(), None)
        .unwrap_or_else(|errors| panic!("the revision is refused: {errors:?}"))
}
