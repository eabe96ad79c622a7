//! Services of Azure that policies talk to, each a real server with TLS that lets in whoever has a token of a real metadata service: Service
//! Bus, Event Hubs, an embeddings model. Its client is anybody.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use holdfast_sim::sample::{Backends, KEY};
use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};

use crate::authority::{Authority, Clients};
use crate::folder::Folder;
use crate::gateway::{Gateway, Wiring};
use crate::played::{Answer, Asked, Played};
use crate::wait::{self, PATIENCE};

/// Gives tokens to whoever asks as the metadata service wants to be asked, named after what they are for and their number.
pub(crate) fn metadata_service() -> Played {
    let given = AtomicUsize::new(0);
    Played::start(
        None,
        Box::new(move |asked| {
            if asked.field("metadata") != "true" {
                return Answer("400 Bad Request", Vec::new(), Vec::new());
            }
            let number = given.fetch_add(1, Ordering::Relaxed) + 1;
            let answer = json!({ "access_token": format!("token-{number}"), "expires_in": "3600" });
            Answer("200 OK", vec!["content-type: application/json".to_owned()], answer.to_string().into_bytes())
        }),
    )
}

/// A server with TLS that plays `play` for those with the token, and is nobody's for others.
fn guarded(authority: &Authority, play: fn(&Asked) -> Answer) -> Played {
    let guard = move |asked: &Asked| match asked.field("authorization") {
        "Bearer token-1" => play(asked),
        _ => Answer("401 Unauthorized", Vec::new(), Vec::new()),
    };
    Played::start(Some(authority.server(Clients::Anyone, &[])), Box::new(guard))
}

struct Stage {
    authority: Authority,
    metadata: Played,
    backup: TempDir,
}

impl Stage {
    fn new() -> Self {
        Self { authority: Authority::new(), metadata: metadata_service(), backup: tempdir().expect("a folder") }
    }

    /// A gateway whose `/orders` is `backend` under this policy; it trusts the stage's authority and has the metadata service's identity.
    fn start(&self, folder: &Folder, policy: &str) -> Gateway {
        folder.write("apis/orders/policy.xml", &format!("<policies>{policy}</policies>"));
        let file = self.backup.path().join("authority.pem");
        fs::write(&file, self.authority.pem()).expect("the file can be written");
        let endpoint = format!("http://{}/metadata/identity/oauth2/token", self.metadata.address());
        let mut gateway = Wiring::to(&format!("file://{}", folder.path().display()), self.backup.path())
            .set("gateway.name", "gw1")
            .set("holdfast.upstream.ca.path", &file.display().to_string())
            .set("holdfast.identity.endpoint", &endpoint)
            .start();
        gateway.is_in(200, &["connected"]);
        gateway
    }

    /// What the metadata service was asked for.
    fn wishes(&self) -> Vec<String> {
        let asked = self.metadata.asked();
        asked
            .iter()
            .map(|asked| asked.target.split_once("2018-02-01&").map_or("", |(_, rest)| rest).to_owned())
            .collect()
    }
}

fn folder(backend: &Played) -> Folder {
    let url = format!("http://{}", backend.address());
    Folder::sample(&Backends { orders: url.clone(), catalog: url })
}

fn post(gateway: &Gateway, content: &str) -> (u16, String) {
    let client = reqwest::blocking::Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client");
    let request = client.post(gateway.url("/orders/items")).header("ocp-apim-subscription-key", KEY);
    let request = request.header("content-type", "application/json").header("x-request-id", "1");
    let answer = request.body(content.to_owned()).send().expect("an answer");
    (answer.status().as_u16(), answer.text().expect("a text"))
}

#[test]
fn service_bus_takes_messages_and_a_call_whose_message_it_refuses_fails() {
    let (stage, backend) = (Stage::new(), Played::echo(None));
    let bus = guarded(&stage.authority, |asked| match asked.text().contains("refuse") {
        true => Answer("403 Forbidden", Vec::new(), Vec::new()),
        false => Answer("201 Created", Vec::new(), Vec::new()),
    });
    let folder = folder(&backend);
    let policy = format!(
        r#"<inbound><base />
          <send-service-bus-message queue-name="new orders" namespace="localhost:{}">
            <message-properties><message-property name="Kind">@("n" + 'ë')</message-property></message-properties>
            <payload>@(context.Request.Body.As<string>(preserveContent: true))</payload>
          </send-service-bus-message>
        </inbound>"#,
        bus.address().port()
    );
    let mut gateway = stage.start(&folder, &policy);
    let (status, text) = post(&gateway, r#"{"order":7}"#);
    assert_eq!(status, 200, "{text}");
    let asked = bus.asked();
    assert_eq!((asked[0].method.as_str(), asked[0].text().as_str()), ("POST", r#"{"order":7}"#));
    assert_eq!(asked[0].target, "/new%20orders/messages?timeout=60");
    assert_eq!(asked[0].field("kind"), r#""n\u00eb""#);
    assert_eq!(stage.wishes(), ["resource=https%3A%2F%2Fservicebus.azure.net"]);

    assert_eq!(post(&gateway, r#"{"order":"refuse"}"#).0, 500);
    assert_eq!((bus.asked().len(), backend.asked().len()), (2, 1), "a call whose message was refused goes nowhere");
    wait::until("the log says why", || {
        let log = gateway.log();
        wait::check(log.iter().any(|record| record.to_string().contains("ServiceBusMessageNotSent")), log)
    });
    assert!(!format!("{:?}", gateway.log()).contains("token-1"), "no token in the log");
    gateway.must_run();
}

#[test]
fn an_event_hub_lets_in_an_identity() {
    let (stage, backend) = (Stage::new(), Played::echo(None));
    let hub = guarded(&stage.authority, |_| Answer("201 Created", Vec::new(), Vec::new()));
    let folder = folder(&backend);
    let credentials = json!({
        "name": "calls", "endpointAddress": format!("localhost:{}", hub.address().port()), "identityClientId": "c1",
    });
    folder.write(
        "loggers/hub/loggerInformation.json",
        &json!({ "properties": { "loggerType": "azureEventHub", "credentials": credentials } }).to_string(),
    );
    let policy = r#"<inbound><base /><log-to-eventhub logger-id="hub" partition-id="3">@("call " + context.Operation.Id)</log-to-eventhub></inbound>"#;
    let mut gateway = stage.start(&folder, policy);
    for _ in 0..2 {
        let told = gateway.get("/orders/items/1").unwrap();
        assert_eq!(told.status, 200, "{told:?}");
    }
    let asked = wait::until("the hub has both messages", || {
        let asked = hub.asked();
        if asked.len() == 2 { Ok(asked) } else { Err(format!("{asked:?}")) }
    });
    assert!(asked.iter().all(|asked| asked.text() == "call get-item"), "{asked:?}");
    assert!(asked.iter().all(|asked| asked.target.starts_with("/calls/partitions/3/messages?")), "{asked:?}");
    assert!(asked.iter().all(|asked| asked.field("authorization") == "Bearer token-1"), "{asked:?}");
    assert_eq!(stage.wishes(), ["resource=https%3A%2F%2Feventhubs.azure.net&client_id=c1"], "one token serves all");
    gateway.must_run();
}

/// Prompts about orders lie close together, and far from any other.
fn embedded(asked: &Asked) -> Answer {
    let document: Value = serde_json::from_slice(&asked.content).unwrap_or_default();
    let words = document["input"].as_str().unwrap_or_default();
    let near = if words.contains("order") {
        [1.0, 0.01 * f64::from(u32::try_from(words.len() % 5).unwrap_or(0)), 0.0]
    } else {
        [0.0, 0.0, 1.0]
    };
    let answer = json!({ "data": [{ "embedding": near }], "model": "small" });
    Answer("200 OK", vec!["content-type: application/json".to_owned()], answer.to_string().into_bytes())
}

#[test]
fn prompts_of_a_close_meaning_are_answered_without_the_model() {
    let stage = Stage::new();
    let answered = AtomicUsize::new(0);
    let model = Played::start(
        None,
        Box::new(move |_| {
            let number = answered.fetch_add(1, Ordering::Relaxed) + 1;
            let answer =
                json!({ "choices": [{ "message": { "role": "assistant", "content": format!("answer {number}") } }] });
            Answer("200 OK", vec!["content-type: application/json".to_owned()], answer.to_string().into_bytes())
        }),
    );
    let embeddings = guarded(&stage.authority, embedded);
    let folder = folder(&model);
    let url = format!(
        "https://localhost:{}/deployments/small/embeddings?api-version=2024-10-21",
        embeddings.address().port()
    );
    folder.write(
        "backends/embeddings/backendInformation.json",
        &json!({ "properties": { "url": url, "protocol": "http" } }).to_string(),
    );
    let policy = r#"<inbound><base />
          <llm-semantic-cache-lookup score-threshold="0.05" embeddings-backend-id="embeddings" embeddings-backend-auth="system-assigned" />
        </inbound>
        <outbound><llm-semantic-cache-store duration="60" /><base /></outbound>"#;
    let mut gateway = stage.start(&folder, policy);
    let ask = |words: &str| {
        let (status, text) = post(&gateway, &json!({ "messages": [{ "role": "user", "content": words }] }).to_string());
        assert_eq!(status, 200, "{text}");
        let answer: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        answer["choices"][0]["message"]["content"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(ask("Where is my order?"), "answer 1");
    assert_eq!(ask("Where's that order of mine?"), "answer 1");
    assert_eq!(ask("What is the weather like?"), "answer 2");
    assert_eq!(ask("Where is the order?"), "answer 1");
    assert_eq!((model.asked().len(), embeddings.asked().len()), (2, 4));
    let first = &embeddings.asked()[0];
    assert_eq!(first.target, "/deployments/small/embeddings?api-version=2024-10-21");
    assert_eq!(first.text(), r#"{"input":"Where is my order?"}"#);
    assert_eq!(stage.wishes(), ["resource=https%3A%2F%2Fcognitiveservices.azure.com"]);
    gateway.must_run();
}
