//! Resolvers whose data is in a container of Cosmos DB: a real server with TLS that keeps items in memory, lets in whoever signs with the
//! account's key or has a token of a real metadata service, and answers as the service's REST API is documented.

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use tempfile::tempdir;

use crate::authority::{Authority, Clients};
use crate::azure_services::metadata_service;
use crate::folder::Folder;
use crate::gateway::{Gateway, Wiring};
use crate::nginx::Nginx;
use crate::played::{Answer, Asked, Played};
use crate::wait;

/// What signs the requests of the account.
const KEY: &[u8] = b"the key of this account and of no other one";

const DOCS: &str = "/dbs/shop/colls/orders/docs";

const SCHEMA: &str = "type Query { orders(first: Int, after: String): Orders order(id: ID!): Order mine(id: ID!): Order locked: Orders }
type Mutation { add(id: ID!, title: String): Order change(id: ID!, title: String, etag: String): Order drop(id: ID!): Boolean }
type Orders { items: [Order!] endCursor: String hasNextPage: Boolean }
type Order { id: ID! title: String _etag: String }";

/// A container whose key is `/id`.
#[derive(Default)]
struct Container {
    items: BTreeMap<String, Value>,
    changes: u32,
}

impl Container {
    fn put(&mut self, status: &'static str, mut item: Value) -> Answer {
        self.changes += 1;
        item["_etag"] = json!(format!("\"{}\"", self.changes));
        self.items.insert(item["id"].as_str().unwrap_or_default().to_owned(), item.clone());
        answer(status, &item)
    }

    fn query(&self, asked: &Asked) -> Answer {
        let wanted: Value = serde_json::from_slice(&asked.content).unwrap_or_default();
        let least = wanted["parameters"][0]["value"].as_str().unwrap_or_default();
        let after = asked.field("x-ms-continuation").trim_start_matches("after:");
        let from = least.max(after);
        let size: usize = asked.field("x-ms-max-item-count").parse().unwrap_or(2);
        let mut rest = self.items.range(from.to_owned()..).filter(|(id, _)| id.as_str() > after);
        let page: Vec<&Value> = rest.by_ref().take(size).map(|(_, item)| item).collect();
        let mut answer = answer("200 OK", &json!({ "_rid": "r", "_count": page.len(), "Documents": page }));
        if let (Some(last), true) = (page.last(), rest.next().is_some()) {
            answer.1.push(format!("x-ms-continuation: after:{}", last["id"].as_str().unwrap_or_default()));
        }
        answer
    }

    fn asked(&mut self, asked: &Asked) -> Answer {
        let item = || serde_json::from_slice::<Value>(&asked.content).unwrap_or_default();
        let Some(id) = asked.target.strip_prefix(DOCS).map(|rest| rest.trim_start_matches('/').to_owned()) else {
            return Answer("404 Not Found", Vec::new(), Vec::new());
        };
        if asked.method == "POST" {
            return match (asked.field("x-ms-documentdb-isquery"), asked.field("content-type")) {
                ("True", "application/query+json") => self.query(asked),
                (_, "application/json") if self.items.contains_key(item()["id"].as_str().unwrap_or_default()) => {
                    answer("409 Conflict", &json!({ "code": "Conflict" }))
                }
                (_, "application/json") => self.put("201 Created", item()),
                _ => answer("400 Bad Request", &json!({ "code": "BadRequest" })),
            };
        }
        let key: Option<Value> = serde_json::from_str(asked.field("x-ms-documentdb-partitionkey")).ok();
        let is_its_key = key == Some(json!([id]));
        let Some(present) = self.items.get(&id).filter(|_| is_its_key) else {
            return answer("404 Not Found", &json!({ "code": "NotFound", "message": "there is no such item" }));
        };
        if !["", present["_etag"].as_str().unwrap_or_default()].contains(&asked.field("if-match")) {
            return answer("412 Precondition Failed", &json!({ "code": "PreconditionFailed" }));
        }
        match asked.method.as_str() {
            "GET" => answer("200 OK", present),
            "PUT" => self.put("200 OK", item()),
            _ => {
                self.items.remove(&id);
                Answer("204 No Content", Vec::new(), Vec::new())
            }
        }
    }
}

fn answer(status: &'static str, content: &Value) -> Answer {
    Answer(status, vec!["content-type: application/json".to_owned()], content.to_string().into_bytes())
}

// Whether the request is signed as the service wants it, or comes with the metadata service's token.
fn is_let_in(asked: &Asked) -> bool {
    let shown = asked.field("authorization").replace("%3D", "=").replace("%26", "&");
    if shown == "type=aad&ver=1.0&sig=token-1" {
        return true;
    }
    let link = asked.target.trim_start_matches('/').trim_end_matches("/docs");
    let signed =
        format!("{}\ndocs\n{link}\n{}\n\n", asked.method.to_lowercase(), asked.field("x-ms-date").to_lowercase());
    let mac = Hmac::<Sha256>::new_from_slice(KEY).expect("a key").chain_update(signed.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes()).replace('+', "%2B").replace('/', "%2F");
    shown == format!("type=master&ver=1.0&sig={signature}")
}

fn service(authority: &Authority) -> Played {
    let container = Mutex::new(Container::default());
    let play = move |asked: &Asked| match is_let_in(asked) && asked.field("x-ms-version") == "2018-12-31" {
        true => container.lock().unwrap_or_else(PoisonError::into_inner).asked(asked),
        false => answer("401 Unauthorized", &json!({ "code": "Unauthorized", "message": "the signature is another" })),
    };
    Played::start(Some(authority.server(Clients::Anyone, &[])), Box::new(play))
}

fn resolver(folder: &Folder, path: &str, connection: &str, request: &str) {
    let names = "<database-name>shop</database-name><container-name>orders</container-name>";
    let document = format!(
        "<cosmosdb-data-source><connection-info>{connection}{names}</connection-info>{request}</cosmosdb-data-source>"
    );
    folder.resolver(path, &document);
}

fn shop(folder: &Folder, service: &Played) {
    folder.graphql(SCHEMA, json!({}));
    let endpoint = format!("AccountEndpoint=https://localhost:{}/;", service.address().port());
    let named = json!({ "properties": { "displayName": "cosmos", "secret": true,
        "value": format!("{endpoint}AccountKey={};", STANDARD.encode(KEY)) } });
    folder.write("named values/cosmos/namedValueInformation.json", &named.to_string());

    let (own, id) = ("<connection-string>{{cosmos}}</connection-string>", "{{body.arguments.id}}");
    let item = format!("<id template=\"liquid\">{id}</id><partition-key template=\"liquid\">{id}</partition-key>");
    let statement = "<sql-statement>SELECT * FROM c WHERE c.id >= @least</sql-statement>
        <parameters><parameter name=\"@least\">a</parameter></parameters>";
    let paging = "<paging><max-item-count template=\"liquid\">{{body.arguments.first}}</max-item-count>
        <continuation-token template=\"liquid\">{{body.arguments.after}}</continuation-token></paging>";
    resolver(folder, "Query/orders", own, &format!("<query-request>{statement}{paging}</query-request>"));
    resolver(folder, "Query/order", own, &format!("<read-request>{item}</read-request>"));
    resolver(folder, "Mutation/add", own, "<write-request type=\"insert\" />");
    let etag = "<etag template=\"liquid\">{{body.arguments.etag}}</etag>";
    let body = "<set-body template=\"liquid\">{\"id\": \"{{body.arguments.id}}\", \"title\": \"{{body.arguments.title}}\"}</set-body>";
    resolver(
        folder,
        "Mutation/change",
        own,
        &format!("<write-request type=\"replace\">{item}{etag}{body}</write-request>"),
    );
    let dropped = "<response><set-body>true</set-body></response>";
    resolver(folder, "Mutation/drop", own, &format!("<delete-request>{item}</delete-request>{dropped}"));
    let identity = format!("<connection-string use-managed-identity=\"true\">{endpoint}</connection-string>");
    resolver(folder, "Query/mine", &identity, &format!("<read-request>{item}</read-request>"));
    let wrong = STANDARD.encode("the key of another account");
    let locked = format!("<connection-string>{endpoint}AccountKey={wrong}</connection-string>");
    resolver(folder, "Query/locked", &locked, "<query-request />");
}

fn asked(gateway: &Gateway, query: &str) -> Value {
    gateway.post("/shop", json!({ "query": query }).to_string().into_bytes()).unwrap().json().unwrap()
}

fn fails(told: &Value, field: &str, status: u16) {
    let message = format!("The data source answered with the status code {status}.");
    assert_eq!(told["data"][field], Value::Null, "{told}");
    assert_eq!(told["errors"][0]["message"], message.as_str(), "{told}");
}

#[test]
fn a_container_is_written_and_read_in_the_name_of_the_account_and_of_an_identity() {
    let (nginx, backup, authority, metadata) =
        (Nginx::start(), tempdir().unwrap(), Authority::new(), metadata_service());
    let service = service(&authority);
    let folder = Folder::sample(&nginx.backends());
    shop(&folder, &service);
    let trusted = backup.path().join("authority.pem");
    fs::write(&trusted, authority.pem()).unwrap();
    let tokens = format!("http://{}/metadata/identity/oauth2/token", metadata.address());
    let mut gateway = Wiring::to(&format!("file://{}", folder.path().display()), backup.path())
        .set("gateway.name", "gw1")
        .set("holdfast.upstream.ca.path", &trusted.display().to_string())
        .set("holdfast.identity.endpoint", &tokens)
        .start();
    gateway.shows(1);

    for (id, title) in [("a", "boat"), ("b", "oar"), ("c", "net")] {
        let told = asked(&gateway, &format!("mutation {{ add(id: \"{id}\", title: \"{title}\") {{ id title }} }}"));
        assert_eq!(told, json!({ "data": { "add": { "id": id, "title": title } } }));
    }
    fails(&asked(&gateway, "mutation { add(id: \"a\") { id } }"), "add", 409);
    let page = asked(&gateway, "{ orders(first: 2) { items { id } endCursor hasNextPage } }");
    let first = json!({ "items": [{ "id": "a" }, { "id": "b" }], "endCursor": "after:b", "hasNextPage": true });
    assert_eq!(page, json!({ "data": { "orders": first } }));
    let page = asked(&gateway, "{ orders(first: 2, after: \"after:b\") { items { id } endCursor hasNextPage } }");
    let last = json!({ "items": [{ "id": "c" }], "endCursor": null, "hasNextPage": false });
    assert_eq!(page, json!({ "data": { "orders": last } }));

    let told = asked(&gateway, "mutation { change(id: \"b\", title: \"oars\", etag: \"\\\"2\\\"\") { title _etag } }");
    assert_eq!(told, json!({ "data": { "change": { "title": "oars", "_etag": "\"4\"" } } }));
    fails(&asked(&gateway, "mutation { change(id: \"b\", title: \"x\", etag: \"\\\"2\\\"\") { id } }"), "change", 412);
    let told = asked(&gateway, "mutation { drop(id: \"a\") }");
    assert_eq!(told, json!({ "data": { "drop": true } }));
    fails(&asked(&gateway, "{ order(id: \"a\") { id } }"), "order", 404);
    let told = asked(&gateway, "{ order(id: \"b\") { title } mine(id: \"c\") { title } }");
    assert_eq!(told, json!({ "data": { "order": { "title": "oars" }, "mine": { "title": "net" } } }));
    let wish = &metadata.asked()[0].target;
    assert!(wish.ends_with("resource=https%3A%2F%2Flocalhost"), "{wish}");

    fails(&asked(&gateway, "{ locked { items { id } } }"), "locked", 401);
    let log = wait::until("the log says what the service said", || {
        let log = format!("{:?}", gateway.log());
        wait::check(log.contains("the signature is another"), log)
    });
    for secret in [STANDARD.encode(KEY), STANDARD.encode("the key of another account"), "token-1".to_owned()] {
        assert!(!log.contains(&secret), "no secret in the log: {log}");
    }
    gateway.must_run();
}
