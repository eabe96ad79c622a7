//! Services beside an API: a language model that streams, an Event Hub, a Dapr sidecar, each a real server. Its client is anybody.

use std::fs;
use std::io::{Read, Write};
use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use holdfast_sim::sample::{Backends, KEY};
use serde_json::Value;
use sha2::Sha256;
use tempfile::tempdir;

use crate::authority::{Authority, Clients};
use crate::folder::Folder;
use crate::gateway::{Gateway, Wiring};
use crate::played::{Answer, Asked, Played};
use crate::scripted::Service;
use crate::wait::{self, PATIENCE};

/// A configuration folder whose `/orders` is the server at this address, with these policies in its inbound section.
fn folder(orders: &str, inbound: &str) -> Folder {
    let folder = Folder::sample(&Backends { orders: orders.to_owned(), catalog: orders.to_owned() });
    folder.write("apis/orders/policy.xml", &format!("<policies><inbound><base />{inbound}</inbound></policies>"));
    folder
}

fn wiring(folder: &Folder, backup: &std::path::Path) -> Wiring {
    Wiring::to(&format!("file://{}", folder.path().display()), backup).set("gateway.name", "gw1")
}

fn chunk(stream: &mut impl Write, text: &str) -> std::io::Result<()> {
    write!(stream, "{:x}\r\n{text}\r\n", text.len())?;
    stream.flush()
}

const FIRST: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"Good\"}}]}\n\n";
const LAST: &str = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":41,\"total_tokens\":50}}\n\ndata: [DONE]\n\n";

#[test]
fn a_stream_of_a_model_passes_as_it_comes_while_its_tokens_are_counted() {
    let (seen, wait_for_client) = channel::<()>();
    let wait_for_client = Mutex::new(wait_for_client);
    let model = Service::start(Box::new(move |_, stream| {
        let fields = "content-type: text/event-stream\r\ntransfer-encoding: chunked\r\nconnection: close";
        write!(stream, "HTTP/1.1 200 OK\r\n{fields}\r\n\r\n")?;
        chunk(stream, FIRST)?;
        // Nothing more before the client has that: a gateway that gathers the stream would wait in vain.
        let client = wait_for_client.lock().unwrap_or_else(PoisonError::into_inner);
        client.recv_timeout(PATIENCE).map_err(std::io::Error::other)?;
        chunk(stream, LAST)?;
        stream.write_all(b"0\r\n\r\n")
    }));
    let inbound = r#"<llm-token-limit counter-key="all" tokens-per-minute="50" estimate-prompt-tokens="false" />
        <llm-emit-token-metric><dimension name="API ID" /></llm-emit-token-metric>"#;
    let (folder, backup) = (folder(&model.endpoint(), inbound), tempdir().unwrap());
    let mut gateway = wiring(&folder, backup.path()).start();
    gateway.is_in(200, &["connected"]);

    let client = reqwest::blocking::Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client");
    let ask = || {
        let request = client.post(gateway.url("/orders/items")).header("ocp-apim-subscription-key", KEY);
        let request = request.header("content-type", "application/json").header("x-request-id", "1");
        request.body(r#"{"messages":[{"role":"user","content":"Hello"}],"stream":true}"#).send().expect("an answer")
    };
    let mut answer = ask();
    assert_eq!(answer.status(), 200);
    let mut text = vec![0; FIRST.len()];
    answer.read_exact(&mut text).expect("the first event, while the second has not been sent");
    seen.send(()).expect("the model waits");
    answer.read_to_end(&mut text).expect("the rest");
    assert_eq!(String::from_utf8_lossy(&text), format!("{FIRST}{LAST}"));

    let metric = |name: &str| metric(&gateway, name);
    assert_eq!(metric("Total Tokens")["value"], 50.0);
    assert_eq!(metric("Prompt Tokens")["value"], 9.0);
    assert_eq!(metric("Completion Tokens")["value"], 41.0);
    assert_eq!(metric("Total Tokens")["dimensions"]["API ID"], "orders");

    let refused = ask();
    assert_eq!(refused.status(), 429, "the minute's tokens are used up");
    assert!(refused.headers().contains_key("retry-after"));
    assert!(refused.text().expect("a text").contains("Token limit is exceeded."));
    gateway.must_run();
}

fn metric(gateway: &Gateway, name: &str) -> Value {
    wait::until(&format!("the log has the metric `{name}`"), || {
        let is_it = |record: &Value| record["category"] == "Metrics" && record["name"] == name;
        gateway.log().into_iter().find(is_it).ok_or_else(|| "it is not there".to_owned())
    })
}

// As Event Hubs do: the signature is of the resource as it stands in the token, and of the moment of its end.
fn is_signed(asked: &Asked, key: &str) -> bool {
    let token = asked.field("authorization").strip_prefix("SharedAccessSignature ").expect("a token").to_owned();
    let part = |name: &str| {
        let found = token.split('&').filter_map(|part| part.split_once('=')).find(|(of, _)| *of == name);
        found.unwrap_or_else(|| panic!("no `{name}` in {token}")).1.to_owned()
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("a key");
    mac.update(format!("{}\n{}", part("sr"), part("se")).as_bytes());
    let signature = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
    let encoded = signature.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    part("sig") == encoded && part("skn") == "send"
}

#[test]
fn an_event_hub_gets_signed_messages_and_one_that_is_away_fails_no_call() {
    let (authority, backup, key) = (Authority::new(), tempdir().unwrap(), "c2VjcmV0IG9mIHRoZSBodWI=");
    let hub = Played::start(
        Some(authority.server(Clients::Anyone, &[])),
        Box::new(|_| Answer("201 Created", Vec::new(), Vec::new())),
    );
    let backend = Played::echo(None);
    let inbound = r#"<log-to-eventhub logger-id="away">lost</log-to-eventhub>
        <log-to-eventhub logger-id="hub" partition-key="a">@(context.Request.Method + " " + context.Api.Name)</log-to-eventhub>"#;
    let folder = folder(&format!("http://{}", backend.address()), inbound);
    let logger = |place: String| {
        let connection =
            format!("Endpoint=sb://{place}/;SharedAccessKeyName=send;SharedAccessKey={{{{hub-key}}}};EntityPath=calls");
        format!(
            r#"{{"properties": {{"loggerType": "azureEventHub", "credentials": {{"connectionString": "{connection}"}}}}}}"#
        )
    };
    let away = crate::ports::free();
    folder.write("loggers/hub/loggerInformation.json", &logger(format!("localhost:{}", hub.address().port())));
    folder.write("loggers/away/loggerInformation.json", &logger(format!("localhost:{}", away.port())));
    folder.write(
        "named values/hub-key/namedValueInformation.json",
        &format!(r#"{{"properties": {{"displayName": "hub-key", "value": "{key}", "secret": true}}}}"#),
    );
    let file = backup.path().join("authority.pem");
    fs::write(&file, authority.pem()).expect("the file can be written");
    let wiring = wiring(&folder, backup.path()).set("holdfast.upstream.ca.path", &file.display().to_string());
    let mut gateway = wiring.start();
    gateway.is_in(200, &["connected"]);

    let told = gateway.get("/orders/items/1").unwrap();
    assert_eq!(told.status, 200, "{told:?}");
    let asked =
        wait::until("the hub has a message", || hub.asked().into_iter().next().ok_or_else(|| "it has none".to_owned()));
    assert_eq!((asked.method.as_str(), asked.text().as_str()), ("POST", "GET orders"));
    assert_eq!(asked.target, "/calls/messages?timeout=60&api-version=2014-01");
    assert_eq!(asked.field("brokerproperties"), r#"{"PartitionKey":"a"}"#);
    assert!(is_signed(&asked, key), "{asked:?}");
    assert!(!is_signed(&asked, "another key"), "{asked:?}");
    assert!(!format!("{:?}", gateway.log()).contains(key), "no key in the log");
    gateway.must_run();
}

#[test]
fn the_dapr_sidecar_gets_messages_and_leads_to_services() {
    let (sidecar, backend, backup) = (Played::echo(None), Played::echo(None), tempdir().unwrap());
    let inbound = r#"<publish-to-dapr topic="orders/new" response-variable-name="told">@("{\"id\":7}")</publish-to-dapr>
        <invoke-dapr-binding name="queue" operation="create"><data>@("{\"id\":8}")</data></invoke-dapr-binding>
        <set-backend-service backend-id="dapr" dapr-app-id="orders" dapr-method="items/1" dapr-namespace="shop" />"#;
    let folder = folder(&format!("http://{}", backend.address()), inbound);
    let port = sidecar.address().port().to_string();
    let mut gateway = wiring(&folder, backup.path()).set("DAPR_HTTP_PORT", &port).start();
    gateway.is_in(200, &["connected"]);

    let told = gateway.get("/orders/items/1?x=1").unwrap();
    assert_eq!(told.status, 200, "{told:?}");
    let seen: Vec<(String, String, String)> =
        sidecar.asked().into_iter().map(|asked| (asked.method.clone(), asked.target.clone(), asked.text())).collect();
    let expected = [
        ("POST", "/v1.0/publish/orders/new", r#"{"id":7}"#),
        ("POST", "/v1.0/bindings/queue", r#"{"data":{"id":8},"operation":"create"}"#),
        ("GET", "/v1.0/invoke/orders.shop/method/items/1?x=1", ""),
    ];
    assert_eq!(seen, expected.map(|(method, target, text)| (method.to_owned(), target.to_owned(), text.to_owned())));
    assert!(backend.asked().is_empty(), "the sidecar stands in its place");
    gateway.must_run();
}
