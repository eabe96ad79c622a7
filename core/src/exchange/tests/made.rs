//! Calls that need the same `cache-value` at the same time.

use std::sync::Arc;

use super::conversation::Conversation;
use super::world;
use crate::context::{Body, ResponseView};
use crate::exchange::{Client, Exchange};
use crate::http::{Bytes, HeaderMap, HttpVersion, Method, RequestHead, StatusCode, Url};
use crate::policy::effect::{Effect, EffectId, Outcome, Reply, ResponseBody, Step};
use crate::rng::Seed;
use crate::shared::Shared;
use crate::time::Now;

const DOCUMENT: &str = r#"--- api
<policies><inbound>
  <cache-value key="k" variable-name="v" refresh-after="REFRESH"><value>
    <send-request mode="new" response-variable-name="v"><set-url>http://v.example/</set-url></send-request>
  </value></cache-value>
  <return-response><set-body>@(((IResponse)context.Variables["v"]).Body.As<string>())</set-body></return-response>
</inbound></policies>
"#;

struct Calls {
    compiled: crate::snapshot::Compiled,
    shared: Shared,
}

fn calls(refresh: &str) -> Calls {
    let compiled = world::compile(&Conversation::parse(&DOCUMENT.replace("REFRESH", refresh)));
    assert!(compiled.refused.is_empty(), "{:?}", compiled.refused);
    Calls { compiled, shared: Shared::default() }
}

impl Calls {
    fn begin(&self) -> Exchange {
        let head = RequestHead {
            method: Method::GET,
            url: Url::parse("http://gw.example/echo/orders/1").unwrap(),
            headers: HeaderMap::new(),
            version: HttpVersion::Http11,
            has_body: false,
        };
        Exchange::new(Arc::clone(&self.compiled.snapshot), head, Client::default(), Seed(1), Now::default())
    }

    fn step(&self, exchange: &mut Exchange) -> Step {
        exchange.poll(&self.shared, Now::default())
    }

    fn asks(&self, exchange: &mut Exchange) -> (EffectId, Effect) {
        match self.step(exchange) {
            Step::Perform(id, effect) => (id, effect),
            other => panic!("{other:?}"),
        }
    }

    fn ends(&self, exchange: &mut Exchange) -> String {
        match self.step(exchange) {
            Step::Done(outcome) => text(&outcome),
            other => panic!("{other:?}"),
        }
    }
}

fn text(outcome: &Outcome) -> String {
    match &outcome.body {
        ResponseBody::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => panic!("{other:?}"),
    }
}

fn answer(text: &'static str) -> Reply {
    let body = Body::Bytes(Bytes::from_static(text.as_bytes()));
    Reply::Response(Ok(Box::new(ResponseView {
        status: StatusCode::OK,
        reason: None,
        headers: HeaderMap::new(),
        body,
    })))
}

#[test]
fn one_makes_it_and_the_others_wait() {
    let calls = calls("60");
    let (mut first, mut second) = (calls.begin(), calls.begin());
    let (sent, Effect::Send(_)) = calls.asks(&mut first) else { panic!("the first makes it") };
    for _ in 0..3 {
        let (slept, Effect::Sleep(_)) = calls.asks(&mut second) else { panic!("the second waits") };
        second.resume(slept, Reply::Elapsed, Now::default());
    }
    let (slept, Effect::Sleep(_)) = calls.asks(&mut second) else { panic!("the second waits") };
    first.resume(sent, answer("made"), Now::default());
    assert_eq!(calls.ends(&mut first), "made");
    second.resume(slept, Reply::Elapsed, Now::default());
    assert_eq!(calls.ends(&mut second), "made");
    assert_eq!(calls.shared.makers.out(), 0);
}

#[test]
fn nobody_waits_for_ever_and_a_maker_that_goes_away_is_replaced() {
    let calls = calls("60");
    let (mut slow, mut patient) = (calls.begin(), calls.begin());
    let (_, Effect::Send(_)) = calls.asks(&mut slow) else { panic!("the first makes it") };
    let mut waits = 0;
    let sent = loop {
        match calls.asks(&mut patient) {
            (id, Effect::Sleep(_)) => {
                waits += 1;
                patient.resume(id, Reply::Elapsed, Now::default());
            }
            (id, Effect::Send(_)) => break id,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(waits, 20);
    patient.resume(sent, answer("mine"), Now::default());
    assert_eq!(calls.ends(&mut patient), "mine");
    drop(slow);
    assert_eq!(calls.shared.makers.out(), 0, "a client that goes away holds up nobody");
}

#[test]
fn while_one_renews_it_the_others_go_on_with_the_old() {
    let calls = calls("0");
    let mut first = calls.begin();
    let (sent, Effect::Send(_)) = calls.asks(&mut first) else { panic!("the first makes it") };
    first.resume(sent, answer("old"), Now::default());
    assert_eq!(calls.ends(&mut first), "old");
    let (mut renewing, mut other) = (calls.begin(), calls.begin());
    let (sent, Effect::Send(_)) = calls.asks(&mut renewing) else { panic!("it is old at once") };
    assert_eq!(calls.ends(&mut other), "old");
    renewing.resume(sent, answer("new"), Now::default());
    assert_eq!(calls.ends(&mut renewing), "new");
}
