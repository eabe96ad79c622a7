//! Subscriptions of a synthetic GraphQL API over WebSockets, in clear text and over TLS, with a client of another make: events reach all
//! workers, the end is told.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use holdfast_sim::sample::KEY;
use rustls::version::{TLS12, TLS13};
use serde_json::{Value, json};
use tempfile::tempdir;
use tungstenite::protocol::Role;
use tungstenite::{Error, Message, WebSocket};

use crate::folder::Folder;
use crate::gateway::{Gateway, Wiring};
use crate::nginx::Nginx;
use crate::scripted::{Service, answer};
use crate::wait::{self, PATIENCE};
use crate::{ports, tls};

const SCHEMA: &str = "type Query { none: Int }
type Mutation { order(title: String!): Order }
type Subscription { ordered: Order }
type Order { title: String! stock: Int }";

/// More than there are workers, so that hardly ever one worker has them all.
const SOCKETS: usize = 8;

fn source() -> Service {
    Service::start(Box::new(|target, stream| {
        let text = match target.split_once('?') {
            Some(("/new", query)) => json!({ "title": query }).to_string(),
            _ if target == "/stock/title=net" => "12".to_owned(),
            _ => return answer(stream, "404 Not Found", &[], b"nothing here"),
        };
        answer(stream, "200 OK", &["content-type: application/json"], text.as_bytes())
    }))
}

fn resolver(folder: &Folder, path: &str, url: &str, response: &str) {
    let request = format!("<http-request><set-method>GET</set-method><set-url>@($\"{url}\")</set-url></http-request>");
    folder.resolver(path, &format!("<http-data-source>{request}{response}</http-data-source>"));
}

fn shop(folder: &Folder, source: &Service) {
    let base = source.endpoint();
    folder.graphql(SCHEMA, json!({ "protocols": ["http", "https"], "subscriptionRequired": true }));
    let published = "<http-response><publish-event><targets><graphql-subscription id=\"ordered\" /></targets></publish-event></http-response>";
    let new = format!("{base}/new?title={{context.GraphQL.Arguments[\"title\"]}}");
    resolver(folder, "Mutation/order", &new, published);
    resolver(folder, "Order/stock", &format!("{base}/stock/{{context.GraphQL.Parent[\"title\"]}}"), "");
}

/// A client's end of a socket.
struct Socket<S = TcpStream>(WebSocket<S>);

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

impl<S: Read + Write> Socket<S> {
    // Asks for a socket; the head of the answer.
    fn ask(stream: &mut S, address: SocketAddr, key: &str, version: u8) -> String {
        let head = format!(
            "GET /shop HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nocp-apim-subscription-key: {key}\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: {version}\r\n\
            Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            answer.extend(byte);
        }
        String::from_utf8(answer).unwrap().to_lowercase()
    }

    fn open(mut stream: S, address: SocketAddr) -> Self {
        let head = Self::ask(&mut stream, address, KEY, 13);
        assert!(head.starts_with("http/1.1 101 "), "{head}");
        for field in ["connection: upgrade", "upgrade: websocket", "sec-websocket-protocol: graphql-transport-ws"] {
            assert!(head.contains(field), "{head}");
        }
        assert!(head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
        let mut socket = Self(WebSocket::from_raw_socket(stream, Role::Client, None));
        socket.say(&json!({ "type": "connection_init" }));
        assert_eq!(socket.hear(), json!({ "type": "connection_ack" }));
        socket
    }

    fn say(&mut self, message: &Value) {
        self.0.send(Message::text(message.to_string())).unwrap();
    }

    fn hear(&mut self) -> Value {
        loop {
            match self.0.read().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) => {}
                other => panic!("unexpected {other:?}"),
            }
        }
    }

    // Subscribes; what has been said before a ping has been taken in when it is answered.
    fn subscribe(&mut self, id: &str) {
        let payload = json!({ "query": "subscription { ordered { title stock } }" });
        self.say(&json!({ "type": "subscribe", "id": id, "payload": payload }));
        self.say(&json!({ "type": "ping" }));
        assert_eq!(self.hear(), json!({ "type": "pong" }));
    }

    // The code with which the other side closes.
    fn closed(&mut self) -> u16 {
        match self.0.read().unwrap() {
            Message::Close(frame) => frame.unwrap().code.into(),
            other => panic!("unexpected {other:?}"),
        }
    }
}

fn order(gateway: &Gateway, title: &str) {
    let query = format!("mutation {{ order(title: \"{title}\") {{ title }} }}");
    let told = gateway.post("/shop", json!({ "query": query }).to_string().into_bytes()).unwrap();
    assert_eq!(told.json().unwrap(), json!({ "data": { "order": { "title": format!("title={title}") } } }));
}

fn event(id: &str, title: &str, stock: Option<u32>) -> Value {
    let mut payload = json!({ "data": { "ordered": { "title": title, "stock": stock } } });
    if stock.is_none() {
        payload["errors"] = json!([{ "message": "The data source answered with the status code 404.",
            "locations": [{ "line": 1, "column": 32 }], "path": ["ordered", "stock"] }]);
    }
    json!({ "id": id, "type": "next", "payload": payload })
}

#[test]
fn events_reach_the_sockets_of_all_workers_until_the_process_ends() {
    let (nginx, backup, source) = (Nginx::start(), tempdir().unwrap(), source());
    let folder = Folder::sample(&nginx.backends());
    shop(&folder, &source);
    let endpoint = format!("file://{}", folder.path().display());
    let wiring = Wiring::to(&endpoint, backup.path()).set("gateway.name", "gw1").set("holdfast.workers", "2");
    let mut gateway = wiring.start();
    gateway.shows(1);

    let mut sockets: Vec<Socket> =
        (0..SOCKETS).map(|_| Socket::open(connect(gateway.address()), gateway.address())).collect();
    sockets.iter_mut().for_each(|socket| socket.subscribe("1"));
    order(&gateway, "net");
    order(&gateway, "oar");
    for socket in &mut sockets {
        assert_eq!(socket.hear(), event("1", "title=net", Some(12)));
        assert_eq!(socket.hear(), event("1", "title=oar", None));
    }
    let (last, others) = sockets.split_last_mut().unwrap();
    last.say(&json!({ "type": "complete", "id": "1" }));
    last.subscribe("2");
    order(&gateway, "net");
    assert_eq!(last.hear(), event("2", "title=net", Some(12)));
    others.iter_mut().for_each(|socket| assert_eq!(socket.hear(), event("1", "title=net", Some(12))));
    // One that just goes away is nobody's concern.
    drop(sockets.pop());
    order(&gateway, "net");
    sockets.iter_mut().for_each(|socket| assert_eq!(socket.hear(), event("1", "title=net", Some(12))));

    gateway.terminate();
    sockets.iter_mut().for_each(|socket| assert_eq!(socket.closed(), 1001));
    drop(sockets);
    assert_eq!(gateway.ended().code(), Some(0));
}

#[test]
fn a_handshake_is_a_request_and_a_changed_api_ends_its_sockets() {
    let (nginx, backup, source) = (Nginx::start(), tempdir().unwrap(), source());
    let folder = Folder::sample(&nginx.backends());
    shop(&folder, &source);
    let endpoint = format!("file://{}", folder.path().display());
    let mut gateway = Wiring::to(&endpoint, backup.path()).set("gateway.name", "gw1").start();
    gateway.shows(1);
    let head = Socket::ask(&mut connect(gateway.address()), gateway.address(), "nobody's", 13);
    assert!(head.starts_with("http/1.1 401 "), "{head}");
    let head = Socket::ask(&mut connect(gateway.address()), gateway.address(), KEY, 12);
    assert!(head.starts_with("http/1.1 426 "), "{head}");
    assert!(head.contains("upgrade: websocket") && head.contains("sec-websocket-version: 13"), "{head}");

    let mut socket = Socket::open(connect(gateway.address()), gateway.address());
    socket.0.send(Message::binary(vec![1, 2])).unwrap();
    assert_eq!(socket.closed(), 1003);
    let mut socket = Socket::open(connect(gateway.address()), gateway.address());
    socket.0.send(Message::text("x".repeat(1024 * 1024 + 1))).unwrap();
    assert_eq!(socket.closed(), 1009);

    let mut socket = Socket::open(connect(gateway.address()), gateway.address());
    socket.subscribe("1");
    folder.write("apis/shop/specification.graphql", &SCHEMA.replace("none: Int", "none: String"));
    wait::until("the new schema is served", || {
        let query = json!({ "query": "{ __type(name: \"Query\") { fields { type { name } } } }" });
        let told = gateway.post("/shop", query.to_string().into_bytes())?.json()?;
        wait::check(told["data"]["__type"]["fields"][0]["type"]["name"] == "String", told)
    });
    // The socket looks when something happens on it.
    socket.say(&json!({ "type": "ping" }));
    let told = std::iter::from_fn(|| Some(socket.0.read().unwrap())).find(|message| message.is_close());
    let Some(Message::Close(Some(frame))) = told else { panic!("{told:?}") };
    assert_eq!((u16::from(frame.code), frame.reason.as_str()), (1001, "The API has changed"));
}

#[test]
fn events_and_the_end_are_told_over_tls_of_both_versions() {
    let (nginx, backup, source) = (Nginx::start(), tempdir().unwrap(), source());
    let folder = Folder::sample(&nginx.backends());
    shop(&folder, &source);
    let endpoint = format!("file://{}", folder.path().display());
    let address = ports::free();
    let wiring = Wiring::to(&endpoint, backup.path()).set("gateway.name", "gw1");
    let mut gateway = wiring.set("holdfast.https.listen", &address.to_string()).start();
    gateway.shows(1);
    let versions = [&TLS12, &TLS13];
    let head = Socket::ask(&mut tls::connect(None, "localhost", address, &TLS13), address, "nobody's", 13);
    assert!(head.starts_with("http/1.1 401 "), "{head}");

    let open = |version| Socket::open(tls::connect(None, "localhost", address, version), address);
    let mut sockets: Vec<Socket<tls::Stream>> = versions.into_iter().map(open).collect();
    for (socket, version) in sockets.iter_mut().zip(versions) {
        assert_eq!(socket.0.get_ref().conn.protocol_version(), Some(version.version));
        socket.subscribe("1");
        // A message of many records: a comment that is longer than one can be.
        let query = format!("#{}\nsubscription {{ ordered {{ title }} }}", "x".repeat(100_000));
        socket.say(&json!({ "type": "subscribe", "id": "2", "payload": { "query": query } }));
        socket.say(&json!({ "type": "ping" }));
        assert_eq!(socket.hear(), json!({ "type": "pong" }));
    }
    order(&gateway, "net");
    order(&gateway, "oar");
    for socket in &mut sockets {
        let mut heard: Vec<Value> = (0..4).map(|_| socket.hear()).collect();
        // Which subscription hears first is nobody's concern; each hears in order.
        heard.sort_by_key(|event| event["id"].as_str().map(str::to_owned));
        let short = |title: &str| json!({ "id": "2", "type": "next", "payload": { "data": { "ordered": { "title": title } } } });
        let expected =
            [event("1", "title=net", Some(12)), event("1", "title=oar", None), short("title=net"), short("title=oar")];
        assert_eq!(heard, expected);
    }
    gateway.terminate();
    for socket in &mut sockets {
        assert_eq!(socket.closed(), 1001);
        // The answer to the close frame goes out, and TLS ends as it should: with a word, not with a broken connection.
        let ended = std::iter::from_fn(|| socket.0.read().err()).next();
        assert!(matches!(ended, Some(Error::ConnectionClosed)), "{ended:?}");
    }
    assert_eq!(gateway.ended().code(), Some(0));
}
