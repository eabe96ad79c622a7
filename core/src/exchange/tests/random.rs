//! Random programs with random replies: every exchange ends in exactly one `Done`, within its budget, with nothing left open
//! and no permit out, even when it is dropped halfway.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::{ProptestConfig, any, proptest};
use proptest::strategy::{Just, Strategy};
use proptest::{collection, prop_oneof, sample};

use super::conversation::Conversation;
use super::world;
use crate::context::{Body, ResponseView};
use crate::exchange::probe::play::{Choose, Played};
use crate::exchange::{Client, Exchange};
use crate::http::{Bytes, HeaderMap, HeaderValue, HttpVersion, Method, RequestHead, ResponseHead, StatusCode, Url};
use crate::policy::effect::{BodyFailure, Content, Effect, Reply, UpstreamFailure, UpstreamFailureKind};
use crate::rng::{Rng, Seed};
use crate::shared::Shared;
use crate::time::{Instant, Now, WallTime};

/// More effects than any program here can ask for: retries of retries, four scopes, each body once.
const STEPS_MAX: u64 = 200_000;

const LEAVES: [&str; 13] = [
    "<base />",
    "<set-variable name=\"v\" value=\"@(context.Elapsed.ToString())\" />",
    "<set-variable name=\"b\" value=\"@(int.Parse(&quot;x&quot;))\" />",
    "<set-variable name=\"r\" value=\"@(context.Request.Body.As<string>(true))\" />",
    "<set-variable name=\"s\" value=\"@(context.Response.Body.As<string>(true))\" />",
    "<set-header name=\"X-R\" exists-action=\"append\"><value>1</value></set-header>",
    "<set-body>new</set-body>",
    "<set-status code=\"204\" />",
    "<return-response><set-status code=\"200\" /><set-body>@(context.Request.Method)</set-body></return-response>",
    "<send-request response-variable-name=\"x\"><set-url>http://other.example/</set-url></send-request>",
    "<send-request mode=\"copy\" response-variable-name=\"x\" ignore-error=\"true\" />",
    "<send-one-way-request mode=\"copy\" />",
    "<trace source=\"t\"><message>m</message></trace>",
];

// Two operations of a synthetic API beside another call; one of them is tried again and holds a permit.
const WAIT_FOR_ANY: &str = "<wait for=\"any\">
    <choose><when condition=\"true\"><forward-request /></when></choose>
    <choose><when condition=\"true\"><retry condition=\"true\" count=\"1\" interval=\"1\">
        <limit-concurrency key=\"k\" max-count=\"2\"><forward-request /></limit-concurrency></retry></when></choose>
    <send-request response-variable-name=\"x\"><set-url>http://other.example/</set-url></send-request></wait>";

const WAIT_FOR_ALL: &str = "<retry condition=\"@(context.Response == null)\" count=\"2\" interval=\"1\"><wait for=\"all\">
    <choose><when condition=\"true\"><forward-request /><forward-request /></when></choose>
    <choose><when condition=\"true\"><limit-concurrency key=\"k\" max-count=\"1\"><forward-request /></limit-concurrency></when></choose>
    <send-request mode=\"copy\" response-variable-name=\"x\" ignore-error=\"true\" /></wait></retry>";

// A synthetic API at `/graph`.
const GRAPH: &str = "--- graphql
type Query { a: Thing list: [Thing!] stored: Stored }
type Stored { items: [Thing] }
type Thing { a: Thing! b: [Thing] }
--- resolver Query/a
<http-data-source><http-request><set-method>GET</set-method><set-url>http://data.example/</set-url></http-request></http-data-source>
--- resolver Query/list
<http-data-source><http-request><set-method>GET</set-method><set-url>http://data.example/list</set-url></http-request><http-response><set-body>[{}, {}]</set-body></http-response></http-data-source>
--- resolver Thing/b
<http-data-source><http-request><set-method>GET</set-method><set-url>@(\"http://data.example/\" + context.Variables.ContainsKey(\"v\"))</set-url></http-request></http-data-source>
--- resolver Query/stored
<cosmosdb-data-source><connection-info><connection-string>AccountEndpoint=https://account.example/;AccountKey=a2V5</connection-string>
    <database-name>d</database-name><container-name>c</container-name></connection-info><query-request /></cosmosdb-data-source>
";

fn policies() -> impl Strategy<Value = String> {
    let leaf = sample::select(LEAVES.to_vec()).prop_map(str::to_owned);
    leaf.prop_recursive(4, 24, 4, |inner| {
        let list = collection::vec(inner, 0..4).prop_map(|policies| policies.concat());
        let condition = prop_oneof![
            Just("true"),
            Just("false"),
            Just("@(context.Response == null)"),
            Just("@(context.Response.StatusCode >= 500)")
        ];
        prop_oneof![
            (condition.clone(), list.clone(), list.clone()).prop_map(|(condition, a, b)| {
                format!("<choose><when condition=\"{condition}\">{a}</when><otherwise>{b}</otherwise></choose>")
            }),
            (condition, 1..3, 0..3, list.clone()).prop_map(|(condition, count, interval, a)| {
                format!("<retry condition=\"{condition}\" count=\"{count}\" interval=\"{interval}\">{a}</retry>")
            }),
            wait(),
            (list.clone(), 1..3).prop_map(|(list, max)| {
                format!("<limit-concurrency key=\"k\" max-count=\"{max}\">{list}</limit-concurrency>")
            }),
            list,
        ]
    })
}

// A wait holds no `base` and no other wait.
fn wait() -> impl Strategy<Value = String> {
    let leaf = sample::select(LEAVES[1..].to_vec());
    let child = (any::<bool>(), collection::vec(leaf, 0..4)).prop_map(|(retries, list)| {
        let list = list.concat();
        let list =
            if retries { format!("<retry condition=\"true\" count=\"1\" interval=\"1\">{list}</retry>") } else { list };
        format!("<choose><when condition=\"true\">{list}</when></choose>")
    });
    (sample::select(vec!["all", "any"]), collection::vec(child, 1..4))
        .prop_map(|(until, children)| format!("<wait for=\"{until}\">{}</wait>", children.concat()))
}

fn backend() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("<base />"),
        Just(""),
        Just("<forward-request />"),
        Just("<forward-request buffer-request-body=\"true\" fail-on-error-status-code=\"true\" />"),
        Just("<retry condition=\"true\" count=\"3\" interval=\"1\"><forward-request /></retry>"),
        Just(WAIT_FOR_ANY),
        Just(WAIT_FOR_ALL),
    ]
}

fn document() -> impl Strategy<Value = String> {
    (policies(), backend(), policies(), policies()).prop_map(|(inbound, backend, outbound, on_error)| {
        let mut text = "<policies>".to_owned();
        let sections = [("inbound", inbound), ("backend", backend.to_owned()), ("outbound", outbound)];
        for (name, body) in sections.into_iter().chain([("on-error", on_error)]) {
            let _ = write!(text, "<{name}>{body}</{name}>");
        }
        text + "</policies>"
    })
}

fn failure(rng: &mut Rng) -> UpstreamFailure {
    let kinds = [
        UpstreamFailureKind::Connect,
        UpstreamFailureKind::Timeout,
        UpstreamFailureKind::Broken,
        UpstreamFailureKind::ClientGone,
        UpstreamFailureKind::RequestBodyGone,
    ];
    let kind = kinds[usize::try_from(rng.below(5)).unwrap()];
    UpstreamFailure { kind, message: "failed".to_owned() }
}

fn reply(effect: &Effect, rng: &mut Rng) -> Reply {
    let fails = rng.below(4) == 0;
    let status = [200_u16, 204, 404, 500][usize::try_from(rng.below(4)).unwrap()];
    let status = StatusCode::from_u16(status).unwrap();
    match effect {
        Effect::Sleep(_) => Reply::Elapsed,
        Effect::Dispatch(_) => Reply::Dispatched,
        Effect::Cache(_) => Reply::Cache(Ok(None)),
        Effect::ReadRequestBody { .. }
        | Effect::ReadResponseBody { .. }
        | Effect::PeekResponseBody { .. }
        | Effect::ReadFile { .. }
            if fails =>
        {
            Reply::Body(Err(BodyFailure::TooLarge))
        }
        Effect::ReadRequestBody { .. }
        | Effect::ReadResponseBody { .. }
        | Effect::PeekResponseBody { .. }
        | Effect::ReadFile { .. } => Reply::Body(Ok(Bytes::from("content"))),
        Effect::Forward(_) if fails => Reply::Head(Err(failure(rng))),
        Effect::Forward(_) => {
            let content = if rng.below(2) == 0 { Content::None } else { Content::Follows };
            Reply::Head(Ok((ResponseHead::new(status), content)))
        }
        Effect::Send(_) if fails => Reply::Response(Err(failure(rng))),
        Effect::Send(request) => {
            let (mut status, mut headers, mut body) = (status, HeaderMap::new(), Body::Bytes(Bytes::from("answer")));
            // Pages of results, and a service that asks for patience.
            if request.url.path.ends_with("/docs") {
                status = if rng.below(3) == 0 { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::OK };
                body = Body::Bytes(Bytes::from("{\"Documents\": [{}]}"));
                if rng.below(2) == 0 {
                    headers.insert("x-ms-continuation", HeaderValue::from_static("more"));
                }
            }
            Reply::Response(Ok(Box::new(ResponseView { status, reason: None, headers, body })))
        }
    }
}

impl Choose for Rng {
    fn choose(&mut self, bound: usize) -> usize {
        usize::try_from(self.below(u64::try_from(bound).unwrap())).unwrap()
    }
}

fn run(documents: [&str; 3], seed: u64, has_body: bool) {
    let [service, api, operation] = documents;
    let text = format!("--- service\n{service}\n--- api\n{api}\n--- operation\n{operation}\n{GRAPH}");
    let compiled = world::compile(&Conversation::parse(&text));
    assert!(compiled.refused.is_empty(), "{:?}", compiled.refused);
    let (method, target) = match seed % 2 {
        0 => (Method::POST, "/echo/orders"),
        _ => (
            Method::GET,
            "/graph?query=%7Ba%7Bb%7B__typename%7D%7Dlist%7Bb%7Bb%7B__typename%7D%7D%7Dstored%7Bitems%7Bb%7B__typename%7D%7D%7D%7D",
        ),
    };
    let head = RequestHead {
        method,
        url: Url::parse(&format!("http://gw.example{target}")).unwrap(),
        headers: HeaderMap::new(),
        version: HttpVersion::Http11,
        has_body,
    };
    let mut now = Now { instant: Instant::ZERO, wall: WallTime::from_unix_seconds(0) };
    let shared = Shared::default();
    let mut rng = Seed(seed).fork("world").rng();
    let exchange = Exchange::new(Arc::clone(&compiled.snapshot), head, Client::default(), Seed(seed), now);
    let mut played = if seed.is_multiple_of(3) { Played::inspected(exchange) } else { Played::new(exchange) };
    let leaves_at = if seed.is_multiple_of(5) { rng.below(12) } else { u64::MAX };
    for step in 0..STEPS_MAX {
        if step == leaves_at {
            drop(played);
            assert_eq!(shared.permits.out(), 0, "a client that goes away leaves no permit behind");
            return;
        }
        now.instant = now.instant.saturating_add(Duration::from_millis(1));
        if played.turn(&shared, now, &mut rng, reply).is_some() {
            assert_eq!(shared.permits.out(), 0, "no permit is left out");
            return;
        }
    }
    panic!("the exchange does not end");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_exchange_ends_once(
        service in document(), api in document(), operation in document(), seed in any::<u64>(), has_body in any::<bool>()
    ) {
        run([&service, &api, &operation], seed, has_body);
    }
}

#[test]
fn programs_without_end_are_ended() {
    let mut inner = "<set-variable name=\"x\" value=\"1\" />".to_owned();
    for _ in 0..4 {
        inner = format!("<retry condition=\"true\" count=\"50\" interval=\"0\">{inner}</retry>");
    }
    let endless = format!("<policies><inbound>{inner}</inbound></policies>");
    let plain = "<policies></policies>";
    run([plain, &endless, plain], 2, false);
}
