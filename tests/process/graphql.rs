//! A synthetic GraphQL API on a running gateway: real data sources on loopback, asked side by side, one of which fails, and a GraphQL
//! service for what no resolver resolves.

use std::net::TcpListener;
use std::sync::Barrier;

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::azure::Azure;
use crate::child::{bare, holdfast, say};
use crate::folder::Folder;
use crate::gateway::{Gateway, Told, Wiring};
use crate::nginx::Nginx;
use crate::scripted::{Service, answer};

const SCHEMA: &str = "type Query { orders: [Order!]! stock: Int gone: String tax: Int owner: Customer }
type Order { id: ID! title: String customer: Customer }
type Customer { name: String! }
type Mutation { order(title: String!): Order }";

// A data source: `/orders` and `/stock` answer only when both have been asked.
fn source() -> Service {
    let both = Barrier::new(2);
    Service::start(Box::new(move |target, stream| {
        let json = |stream: &mut _, value: Value| {
            answer(stream, "200 OK", &["content-type: application/json"], value.to_string().as_bytes())
        };
        match target {
            "/orders" => {
                both.wait();
                json(stream, json!([{ "id": 1, "title": "boat" }, { "id": 2, "title": "oar" }]))
            }
            "/stock" => {
                both.wait();
                json(stream, json!(12))
            }
            "/new?title=net" => json(stream, json!({ "id": 3, "title": "net" })),
            "/orders/1/customer" => json(stream, json!({ "name": "Ann" })),
            "/graphql" => json(stream, of_service()),
            _ => answer(stream, "404 Not Found", &[], b"nothing here"),
        }
    }))
}

// What the GraphQL service says, whatever it is asked.
fn of_service() -> Value {
    let owner = json!({ "name": "Bea", "__typename": "Customer" });
    json!({ "data": { "tax": 7, "owner": owner, "__typename": "Query" }, "extensions": { "cost": 1 } })
}

fn resolver(folder: &Folder, path: &str, method: &str, url: &str) {
    let request = format!("<http-request><set-method>{method}</set-method><set-url>{url}</set-url></http-request>");
    let document =
        format!("<http-data-source>{request}<backend><forward-request timeout=\"60\" /></backend></http-data-source>");
    folder.resolver(path, &document);
}

// A port on which nobody listens any more.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

fn shop(folder: &Folder, source: &Service) {
    let base = source.endpoint();
    folder.graphql(SCHEMA, json!({ "serviceUrl": format!("{base}/graphql") }));
    resolver(folder, "Query/orders", "GET", &format!("{base}/orders"));
    resolver(folder, "Query/stock", "GET", &format!("{base}/stock"));
    resolver(folder, "Query/gone", "GET", &nobody());
    let customer = format!("@($\"{base}/orders/{{context.GraphQL.Parent[\"id\"]}}/customer\")");
    resolver(folder, "Order/customer", "GET", &customer);
    let order = format!("@($\"{base}/new?title={{context.GraphQL.Arguments[\"title\"]}}\")");
    resolver(folder, "Mutation/order", "POST", &order);
}

fn asked(gateway: &Gateway, query: &str) -> Told {
    gateway.post("/shop", json!({ "query": query }).to_string().into_bytes()).unwrap()
}

fn answers(gateway: &Gateway) {
    let told = asked(gateway, "{ orders { id title customer { name } } stock gone }");
    assert_eq!(told.status, 200, "{told:?}");
    assert_eq!(told.headers.get("content-type").map(String::as_str), Some("application/json"), "{told:?}");
    let result = told.json().unwrap();
    let orders = json!([{ "id": "1", "title": "boat", "customer": { "name": "Ann" } }, { "id": "2", "title": "oar", "customer": null }]);
    assert_eq!(result["data"], json!({ "orders": orders, "stock": 12, "gone": null }), "{result}");
    let paths: Vec<&Value> = result["errors"].as_array().unwrap().iter().map(|error| &error["path"]).collect();
    assert_eq!(paths.len(), 2, "{result}");
    assert!(paths.contains(&&json!(["gone"])) && paths.contains(&&json!(["orders", 1, "customer"])), "{result}");
    let told = asked(gateway, "{ orders { id } tax stock owner { name } }");
    let owner = json!({ "name": "Bea" });
    let data = json!({ "orders": [{ "id": "1" }, { "id": "2" }], "tax": 7, "stock": 12, "owner": owner });
    assert_eq!(told.json().unwrap(), json!({ "data": data }));
    // In which no resolver has a part goes to the service as it is, and comes back so.
    assert_eq!(asked(gateway, "{ owner { name } tax }").json().unwrap(), of_service());
    let told = asked(gateway, "mutation { order(title: \"net\") { id title } }");
    assert_eq!(told.json().unwrap(), json!({ "data": { "order": { "id": "3", "title": "net" } } }));
    let told = asked(gateway, "{ __type(name: \"Order\") { fields { name } } }");
    let fields = json!([{ "name": "id" }, { "name": "title" }, { "name": "customer" }]);
    assert_eq!(told.json().unwrap(), json!({ "data": { "__type": { "fields": fields } } }));
    let told = asked(gateway, "{ nothing }");
    assert_eq!((told.status, told.json().unwrap()["data"].is_null()), (400, true), "{told:?}");
}

#[test]
fn resolvers_of_a_folder_ask_their_data_sources_side_by_side() {
    let (nginx, backup, source) = (Nginx::start(), tempdir().unwrap(), source());
    let folder = Folder::sample(&nginx.backends());
    shop(&folder, &source);
    let said = say(bare(holdfast()).arg("check").arg(folder.path()));
    assert_eq!(said.code, Some(0), "{said:?}");
    let endpoint = format!("file://{}", folder.path().display());
    let mut gateway = Wiring::to(&endpoint, backup.path()).set("gateway.name", "gw1").start();
    gateway.shows(1);
    answers(&gateway);

    // A resolver for a field that is not there refuses the API alone, and what served before goes on.
    resolver(&folder, "Order/titel", "GET", "http://127.0.0.1:1/");
    gateway.logs("ConfigurationPartlyRefused", &["titel"]);
    answers(&gateway);
}

#[test]
fn resolvers_that_a_service_publishes_are_served_and_kept_without_it() {
    let (nginx, backup, source) = (Nginx::start(), tempdir().unwrap(), source());
    let folder = Folder::sample(&nginx.backends());
    shop(&folder, &source);
    let mut azure = Azure::start(&folder);
    let wiring = Wiring::federated(&azure, backup.path());
    let mut gateway = wiring.start();
    gateway.shows(1);
    answers(&gateway);
    gateway.logs("BackupWritten", &[&azure.revision()]);
    azure.kill();
    gateway.kill();
    let mut gateway = wiring.start();
    gateway.is_restored();
    answers(&gateway);
}
