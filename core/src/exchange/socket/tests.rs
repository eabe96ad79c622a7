//! Sessions without a socket: limits, cancellation, changes of the configuration, and random talk.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{Close, EXECUTIONS_MAX, Output, SUBSCRIPTIONS_MAX, Session};
use crate::config::Revision;
use crate::exchange::tests::conversation::Conversation;
use crate::exchange::tests::world;
use crate::exchange::{Client, Exchange, Outcome, Step};
use crate::http::{HeaderMap, HeaderName, HeaderValue, HttpVersion, Method, RequestHead, Url};
use crate::policy::graphql::handshake::Protocol;
use crate::rng::Seed;
use crate::shared::Shared;
use crate::snapshot::{Compiled, Snapshot};
use crate::time::{Instant, Now};
use crate::topics::{Event, INBOX_EVENTS_MAX, Topic};

const DOCUMENTS: &str = "--- settings
key: the-key
--- graphql
type Query { a: Int }
type Subscription { told: Int other: Int }
--- resolver Query/a
<http-data-source><http-request><set-method>GET</set-method><set-url>https://data.example/a</set-url></http-request></http-data-source>
";

/// One socket, and the process around it.
struct Scene {
    shared: Shared,
    compiled: Compiled,
    session: Session,
    // Executions under way.
    running: BTreeMap<u64, Box<Exchange>>,
}

fn compiled(documents: &str, previous: Option<&Compiled>) -> Compiled {
    let set = world::resources(&Conversation::parse(documents));
    let revision = previous.map_or(1, |previous| previous.snapshot.revision.0 + 1);
    Snapshot::compile(Revision(revision), &set, &world::identity(), previous).unwrap()
}

fn handshake(protocol: Protocol) -> RequestHead {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-protocol", protocol.as_str()),
        ("ocp-apim-subscription-key", "the-key"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    RequestHead {
        method: Method::GET,
        url: Url::parse("http://gw.example/graph").unwrap(),
        headers,
        version: HttpVersion::Http11,
        has_body: false,
    }
}

fn outcome(exchange: &mut Exchange, shared: &Shared) -> Box<Outcome> {
    match exchange.poll(shared, Now::default()) {
        Step::Done(outcome) => outcome,
        other => panic!("unexpected {other:?}"),
    }
}

impl Scene {
    fn new(protocol: Protocol) -> Self {
        let (compiled, shared) = (compiled(DOCUMENTS, None), Shared::default());
        let snapshot = Arc::clone(&compiled.snapshot);
        let mut exchange = Exchange::new(snapshot, handshake(protocol), Client::default(), Seed(1), Now::default());
        assert_eq!(outcome(&mut exchange, &shared).head.status.as_u16(), 101);
        let upgrade = exchange.upgrade().unwrap();
        assert!(exchange.upgrade().is_none(), "a socket begins once");
        let session = Session::new(*upgrade, &shared.topics, Seed(2), Instant::ZERO);
        Self { shared, compiled, session, running: BTreeMap::new() }
    }

    fn say(&mut self, message: &Json) {
        self.session.handle_text(&message.to_string(), Instant::ZERO);
    }

    fn subscribe(&mut self, id: &str) {
        self.say(&json!({ "type": "subscribe", "id": id, "payload": { "query": "subscription { told }" } }));
    }

    fn publish(&self, value: usize) -> usize {
        let topic = Topic { api: Arc::from("graph"), field: Arc::from("told") };
        self.shared.topics.publish(&topic, &Arc::new(Event { value: json!(value), bytes: 1 }))
    }

    // What is sent, and how it ends; executions begin.
    fn heard(&mut self) -> (Vec<Json>, Option<Close>) {
        let (mut texts, mut closed) = (Vec::new(), None);
        while let Some(output) = self.session.poll_output() {
            assert!(closed.is_none(), "{output:?} comes behind the end");
            match output {
                Output::Send(text) => texts.push(serde_json::from_str(&text).unwrap()),
                Output::Ping => {}
                Output::Execute(number, exchange) => {
                    assert!(self.running.insert(number, exchange).is_none(), "{number} is there twice");
                }
                Output::Cancel(number) => assert!(self.running.remove(&number).is_some(), "{number} does not run"),
                Output::Close(close) => closed = Some(close),
            }
        }
        (texts, closed)
    }

    // Ends the execution at `index` of those under way.
    fn answer(&mut self, index: usize) {
        let Some(number) = self.running.keys().nth(index).copied() else { return };
        let mut exchange = self.running.remove(&number).unwrap();
        let outcome = outcome(&mut exchange, &self.shared);
        self.session.handle_outcome(number, Some(&outcome));
    }

    fn closed(&mut self) -> Option<u16> {
        self.heard().1.map(|close| close.code)
    }
}

#[test]
fn events_of_one_subscription_stay_in_order_and_others_do_not_wait() {
    let mut scene = Scene::new(Protocol::TransportWs);
    scene.say(&json!({ "type": "connection_init" }));
    (0..=EXECUTIONS_MAX).for_each(|id| scene.subscribe(&id.to_string()));
    scene.publish(1);
    scene.publish(2);
    assert_eq!(scene.heard().0, [json!({ "type": "connection_ack" })]);
    assert_eq!(scene.running.len(), EXECUTIONS_MAX, "one of each subscription, and no more than may");
    scene.answer(3);
    let (texts, _) = scene.heard();
    assert_eq!(texts, [json!({ "id": "3", "type": "next", "payload": { "data": { "told": 1 } } })]);
    assert_eq!(scene.running.len(), EXECUTIONS_MAX, "the last one has its turn");
}

#[test]
fn a_subscription_that_ends_takes_its_execution_along() {
    let mut scene = Scene::new(Protocol::TransportWs);
    scene.say(&json!({ "type": "connection_init" }));
    scene.subscribe("1");
    assert_eq!(scene.publish(1), 1);
    scene.heard();
    assert_eq!(scene.running.len(), 1);
    scene.say(&json!({ "type": "complete", "id": "1" }));
    assert_eq!(scene.heard(), (vec![], None));
    assert!(scene.running.is_empty());
    assert_eq!(scene.publish(2), 0);
}

#[test]
fn an_execution_that_fails_is_an_error_of_the_client() {
    let mut scene = Scene::new(Protocol::TransportWs);
    scene.say(&json!({ "type": "connection_init" }));
    scene.subscribe("1");
    scene.publish(1);
    scene.heard();
    let number = *scene.running.keys().next().unwrap();
    scene.session.handle_outcome(number, None);
    let payload = json!({ "data": null, "errors": [{ "message": "Internal server error" }] });
    assert_eq!(scene.heard().0, [json!({ "id": "1", "type": "next", "payload": payload })]);
}

#[test]
fn there_are_no_more_subscriptions_than_may() {
    let mut scene = Scene::new(Protocol::TransportWs);
    scene.say(&json!({ "type": "connection_init" }));
    (0..SUBSCRIPTIONS_MAX).for_each(|id| scene.subscribe(&id.to_string()));
    scene.heard();
    scene.subscribe("more");
    let message = "There are 100 subscriptions on this socket already.";
    let error = json!({ "id": "more", "type": "error", "payload": [{ "message": message }] });
    assert_eq!(scene.heard().0, [error]);
}

#[test]
fn a_client_that_does_not_keep_up_is_left() {
    let mut scene = Scene::new(Protocol::TransportWs);
    scene.say(&json!({ "type": "connection_init" }));
    scene.subscribe("1");
    scene.heard();
    for value in 0..=INBOX_EVENTS_MAX {
        scene.publish(value);
    }
    assert_eq!(scene.closed(), Some(1013));
    assert_eq!(scene.publish(0), 0, "nobody has subscribed any more");
}

#[test]
fn a_silent_client_is_left() {
    let mut scene = Scene::new(Protocol::TransportWs);
    scene.say(&json!({ "type": "connection_init" }));
    let due = scene.session.poll_timeout().unwrap();
    scene.session.handle_timeout(due);
    scene.session.handle_sign_of_life();
    let due = scene.session.poll_timeout().unwrap();
    scene.session.handle_timeout(due);
    assert_eq!(scene.closed(), None);
    let due = scene.session.poll_timeout().unwrap();
    scene.session.handle_timeout(due);
    assert_eq!(scene.closed(), Some(1001));
    assert_eq!(scene.session.poll_timeout(), None);
}

#[test]
fn sockets_end_with_the_process_and_with_what_is_no_text() {
    let mut scene = Scene::new(Protocol::TransportWs);
    scene.session.handle_drain();
    assert_eq!(scene.heard().1, Some(Close { code: 1001, reason: "The gateway is shutting down".to_owned() }));
    let mut scene = Scene::new(Protocol::Legacy);
    scene.session.handle_binary();
    assert_eq!(scene.closed(), Some(1003));
}

#[test]
fn a_reason_fits_into_a_frame() {
    let mut scene = Scene::new(Protocol::TransportWs);
    scene.say(&json!({ "type": "é".repeat(100) }));
    let close = scene.heard().1.unwrap();
    assert_eq!(close.code, 4400);
    assert!((100..=123).contains(&close.reason.len()), "{}", close.reason);
}

#[test]
fn a_socket_lives_as_long_as_its_api_stays_as_it_was() {
    let other = DOCUMENTS.replace("--- settings", "--- api\n<policies><inbound /></policies>\n--- settings");
    let changed = DOCUMENTS.replace("other: Int", "other: String");
    let without_key = DOCUMENTS.replace("the-key", "another-key");
    let (path, end) = DOCUMENTS.split_once("--- graphql").unwrap();
    assert!(end.contains("told"));
    for (documents, expected) in
        [(other.as_str(), None), (&changed, Some(1001)), (&without_key, Some(4403)), (path, Some(1001))]
    {
        let mut scene = Scene::new(Protocol::TransportWs);
        scene.say(&json!({ "type": "connection_init" }));
        scene.subscribe("1");
        scene.session.handle_snapshot(&Arc::clone(&scene.compiled.snapshot));
        let before = Arc::downgrade(&scene.compiled.snapshot);
        let next = compiled(documents, Some(&scene.compiled));
        scene.session.handle_snapshot(&next.snapshot);
        assert_eq!(scene.closed(), expected, "{documents}");
        if expected.is_none() {
            scene.compiled = next;
            assert_eq!(before.strong_count(), 0, "no older snapshot is kept");
            assert_eq!(scene.publish(1), 1);
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Action {
    Init,
    Subscribe(u8),
    Complete(u8),
    Publish,
    Answer(usize),
    Drain,
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        1 => Just(Action::Init),
        6 => (0..4_u8).prop_map(Action::Subscribe),
        4 => (0..4_u8).prop_map(Action::Complete),
        8 => Just(Action::Publish),
        8 => (0..4_usize).prop_map(Action::Answer),
        1 => Just(Action::Drain),
    ]
}

// What a client may count on, whatever it says and however long executions take.
fn talk(protocol: Protocol, actions: &[Action]) {
    let (subscribe, complete) = match protocol {
        Protocol::TransportWs => ("subscribe", "complete"),
        Protocol::Legacy => ("start", "stop"),
    };
    let mut scene = Scene::new(protocol);
    scene.say(&json!({ "type": "connection_init" }));
    let mut open: BTreeSet<String> = BTreeSet::new();
    let mut stopped: BTreeSet<String> = BTreeSet::new();
    let mut last: BTreeMap<String, u64> = BTreeMap::new();
    let mut is_over = false;
    for (value, action) in actions.iter().enumerate() {
        match *action {
            Action::Init => scene.say(&json!({ "type": "connection_init" })),
            Action::Subscribe(id) => {
                let payload = json!({ "query": "subscription { told }" });
                scene.say(&json!({ "type": subscribe, "id": id.to_string(), "payload": payload }));
                if !is_over {
                    open.insert(id.to_string());
                }
            }
            Action::Complete(id) => {
                scene.say(&json!({ "type": complete, "id": id.to_string() }));
                if open.remove(&id.to_string()) {
                    stopped.insert(id.to_string());
                }
            }
            Action::Publish => {
                scene.publish(value);
            }
            Action::Answer(index) => scene.answer(index),
            Action::Drain => scene.session.handle_drain(),
        }
        let (texts, closed) = scene.heard();
        assert!(!is_over || (texts.is_empty() && closed.is_none()), "{texts:?} {closed:?} after the end");
        for text in texts {
            let id = text["id"].as_str().unwrap_or_default().to_owned();
            match text["type"].as_str().unwrap() {
                "next" | "data" => {
                    assert!(open.contains(&id), "{text} of what is not open");
                    let told = text["payload"]["data"]["told"].as_u64().unwrap();
                    let before = last.insert(id, told);
                    assert!(before.is_none_or(|before| before < told), "{told} after {before:?}");
                }
                "complete" => {
                    assert_eq!(protocol, Protocol::Legacy, "the client's own `complete` is not answered");
                    assert!(stopped.remove(&id), "{text} without a stop, or twice");
                }
                "connection_ack" | "ka" => {}
                other => panic!("unexpected {other}"),
            }
        }
        if protocol == Protocol::Legacy && !is_over && closed.is_none() {
            assert!(stopped.is_empty(), "{stopped:?} are not completed");
        }
        is_over |= closed.is_some();
        assert!(scene.running.len() <= EXECUTIONS_MAX.min(open.len()) || is_over);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_said_nothing_comes_twice_or_too_late(
        is_legacy in any::<bool>(),
        actions in proptest::collection::vec(action(), 1..60),
    ) {
        talk(if is_legacy { Protocol::Legacy } else { Protocol::TransportWs }, &actions);
    }
}
