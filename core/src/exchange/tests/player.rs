//! Plays a conversation: hands in the request, compares every effect, gives the replies, compares the response.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use super::conversation::{Conversation, Message, Turn};
use super::sockets::Sockets;
use super::world;
use base64::Engine as _;

use crate::context::{Body, CertificateView, ResponseView};
use crate::exchange::{Client, Exchange};
use crate::http::coding::gunzip;
use crate::http::{
    Bytes, HeaderMap, HeaderName, HeaderValue, HttpVersion, Method, RequestHead, ResponseHead, StatusCode, Url,
};
use crate::pki::name::hex;
use crate::pki::{Certificate, Digest};
use crate::policy::effect::{
    BODY_BYTES_MAX, BodyFailure, CacheFailure, CacheRequest, CacheVerb, Content, Effect, EffectId, OutboundBody,
    OutboundRequest, Outcome, Redirects, Reply, ResponseBody, Route, Step, UpstreamFailure, UpstreamFailureKind,
};
use crate::rng::Seed;
use crate::shared::Shared;
use crate::snapshot::Snapshot;
use crate::telemetry::Measurement;
use crate::time::{Instant, Now, WallTime};

/// Plays all turns of a fixture.
///
/// # Panics
/// Something did not go as the fixture says.
pub(super) fn play(conversation: &Conversation) {
    let first = conversation.turns.first().expect("a fixture has turns");
    if first.kind == "diagnostics" {
        return diagnose(conversation, first);
    }
    let compiled = world::compile(conversation);
    let refused: Vec<String> = compiled.refused.values().flatten().map(ToString::to_string).collect();
    assert!(refused.is_empty(), "the documents are refused:\n{}", refused.join("\n"));
    let shared = world::shared(conversation);
    let mut now = Now { instant: Instant::from_nanos(1), wall: WallTime::from_unix_seconds(1_700_000_000) };
    let mut turns = conversation.turns.iter().peekable();
    let mut number = 0;
    let mut sockets = Sockets::new(now);
    while let Some(turn) = turns.next() {
        if turn.kind == "wait" {
            now = later(now, turn);
            sockets.wait(&mut turns, &shared, &mut now);
            continue;
        }
        if sockets.play(turn) {
            sockets.go_on(&mut turns, &shared, &mut now);
            continue;
        }
        assert_eq!(turn.kind, "request", "line {}: expected `--- request`", turn.line);
        number += 1;
        let (head, content) = request(&turn.text);
        let ip = Message::parse(&turn.text).field("(client)").unwrap_or("192.0.2.7").to_owned();
        let client = Client { ip, tls_version: None, certificate: shown(&compiled.snapshot, &turn.text) };
        let mut exchange = Exchange::new(Arc::clone(&compiled.snapshot), head, client, Seed(number), now);
        let mut passing = Bytes::new();
        let mut outcome = drive(&mut exchange, content.as_ref(), &mut turns, &shared, &mut now, &mut passing);
        assert!(matches!(exchange.poll(&shared, now), Step::Wait), "an exchange ends once");
        let measured = sent(&mut outcome, content.as_ref(), &passing, &shared, now);
        finish(&outcome, &measured, &mut turns);
        if let Some(upgrade) = exchange.upgrade() {
            sockets.open(*upgrade, &shared, now);
        }
        sockets.go_on(&mut turns, &shared, &mut now);
    }
    sockets.end();
}

/// Drives one exchange to its end: what it asks for is what the conversation expects.
pub(super) fn drive(
    exchange: &mut Exchange,
    content: Option<&Bytes>,
    turns: &mut Turns<'_>,
    shared: &Shared,
    now: &mut Now,
    passing: &mut Bytes,
) -> Box<Outcome> {
    let mut in_flight: Vec<(&str, EffectId, Effect)> = Vec::new();
    loop {
        let step = exchange.poll(shared, *now);
        now.instant = now.instant.saturating_add(Duration::from_millis(1));
        match step {
            Step::Done(outcome) => {
                assert!(in_flight.is_empty(), "these are still under way: {in_flight:?}");
                return outcome;
            }
            Step::Perform(id, effect) => {
                let (turn, label) = expect(&effect, turns);
                compare(&effect, turn);
                if let Some(label) = label {
                    in_flight.push((label, id, effect));
                    continue;
                }
                if let Some(turn) = turns.next_if(|next| next.kind == "wait") {
                    *now = later(*now, turn);
                }
                note_content(&effect, turns.peek(), passing);
                let reply = answer(&effect, content, turns);
                if let Effect::Sleep(time) = &effect {
                    now.instant = now.instant.saturating_add(*time);
                }
                exchange.resume(id, reply, *now);
            }
            Step::Cancel(id) => {
                let turn = turns.next().expect("an effect is cancelled");
                let at = in_flight.iter().position(|(_, other, _)| *other == id).expect("it is in flight");
                let (label, _, _) = in_flight.remove(at);
                assert_eq!((turn.kind.as_str(), turn.name.as_str()), ("expect", format!("cancel {label}").as_str()));
            }
            Step::Continue => {}
            Step::Wait => {
                let turn = turns.peek().expect("the exchange waits");
                let at = in_flight.iter().position(|(label, _, _)| turn.name.starts_with(label));
                let at = at.unwrap_or_else(|| panic!("line {}: the exchange waits for {in_flight:?}", turn.line));
                let (_, id, effect) = in_flight.remove(at);
                exchange.resume(id, answer(&effect, content, turns), *now);
            }
        }
    }
}

fn later(now: Now, turn: &Turn) -> Now {
    let time = Duration::from_secs(turn.name.parse().expect("`wait` says how many seconds"));
    Now { instant: now.instant.saturating_add(time), wall: now.wall.saturating_add(time) }
}

// The content that a `reply` to a forwarded request puts behind its head.
fn note_content(effect: &Effect, reply: Option<&&Turn>, passing: &mut Bytes) {
    if let (Effect::Forward(_), Some(reply)) = (effect, reply) {
        *passing = Message::parse(&reply.text).content.unwrap_or_default().into();
    }
}

// As the adapter does: the content passes in parts, and once it has left everything is counted. Gives what was measured, a line each.
fn sent(outcome: &mut Outcome, content: Option<&Bytes>, passing: &Bytes, shared: &Shared, now: Now) -> Vec<String> {
    let mut watch = std::mem::take(&mut outcome.watch);
    let mut bytes = content.map_or(0, Bytes::len);
    match &outcome.body {
        ResponseBody::Empty => {}
        ResponseBody::Bytes(sent) => bytes += sent.len(),
        ResponseBody::Upstream => passing.chunks(7).for_each(|part| watch.pass(part)),
    }
    let measured = watch.end(u64::try_from(bytes).unwrap(), shared, now);
    let line = |of: &Measurement| {
        let dimensions = of.dimensions.iter().map(|(name, value)| format!(" [{name}={value}]")).collect::<String>();
        format!("{}/{} {}{dimensions}", of.namespace, of.name, of.value)
    };
    measured.iter().map(line).collect()
}

fn diagnose(conversation: &Conversation, turn: &Turn) {
    let compiled = world::compile(conversation);
    let mut shown = String::new();
    for diagnostic in compiled.refused.values().flatten().chain(&compiled.notes) {
        let (line, column) = diagnostic.position.map_or((0, 0), |position| (position.line, position.column));
        let severity = format!("{:?}", diagnostic.severity).to_lowercase();
        writeln!(shown, "{severity} {} {}:{line}:{column} {}", diagnostic.code, diagnostic.file, diagnostic.message)
            .unwrap();
        if let Some(help) = &diagnostic.help {
            writeln!(shown, "  {help}").unwrap();
        }
    }
    assert_eq!(shown.trim(), turn.text.trim(), "the diagnostics of line {}", turn.line);
}

// The certificate of the service that a request's field `(certificate)` names, as one that the client has shown.
fn shown(snapshot: &Snapshot, text: &str) -> Option<Arc<CertificateView>> {
    let message = Message::parse(text);
    let id = message.field("(certificate)")?;
    let found = snapshot.certificates().iter().find(|of| of.id == id).expect("the certificate is there");
    let mut chain = Certificate::all_of_pem(&found.chain_pem).into_iter();
    let own = chain.next()?;
    Some(CertificateView::with_chain(own, chain.map(Arc::new).collect()))
}

/// What is to happen.
pub(super) type Turns<'t> = std::iter::Peekable<std::slice::Iter<'t, Turn>>;

fn request(text: &str) -> (RequestHead, Option<Bytes>) {
    let message = Message::parse(text);
    let (method, url) = message.first.split_once(' ').expect("a request line");
    let url = if url.starts_with('/') { format!("http://gw.example{url}") } else { url.to_owned() };
    let head = RequestHead {
        method: Method::from_bytes(method.as_bytes()).unwrap(),
        url: Url::parse(&url).unwrap(),
        headers: headers(&message),
        version: HttpVersion::Http11,
        has_body: message.content.is_some(),
    };
    let content = travelling(&message);
    (head, content)
}

// The content of a message as it travels: as it is written, or what a field `(coded)` says.
fn travelling(message: &Message) -> Option<Bytes> {
    let content = message.content.clone()?;
    Some(match message.field("(coded)") {
        None => Bytes::from(content),
        Some("gzip") => zipped(&content),
        Some(other) => panic!("`{other}` is no coding"),
    })
}

// As others code it: not what the gateway makes of the same text.
fn zipped(text: &str) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text.as_bytes()).unwrap();
    Bytes::from(encoder.finish().unwrap())
}

// What was sent, as text. Of a message with a field `(coded)` that says `gzip` what the gateway has coded, `untouched` what has gone on as it came.
fn shown_content(sent: &[u8], expected: &Message) -> String {
    let coding = expected.field("(coded)");
    let text = match coding {
        None => return String::from_utf8_lossy(sent).into_owned(),
        // Content that is no text.
        Some("base64") => return base64::engine::general_purpose::STANDARD.encode(sent),
        Some(_) => String::from_utf8(gunzip(sent, BODY_BYTES_MAX).expect("gzip").to_vec()).unwrap(),
    };
    assert_eq!(coding == Some("untouched"), zipped(&text) == sent, "whether `{text}` is as it came");
    text
}

fn headers(message: &Message) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in message.fields.iter().filter(|(name, _)| !name.starts_with('(')) {
        headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    headers
}

// The fixture's `expect` for an effect; `--- expect send #a` says that its answer comes later, as `--- reply #a`.
fn expect<'t>(effect: &Effect, turns: &mut Turns<'t>) -> (&'t Turn, Option<&'t str>) {
    let turn = turns.next().unwrap_or_else(|| panic!("the conversation is over, but there is {effect:?}"));
    assert_eq!(turn.kind, "expect", "line {}: there is {effect:?}", turn.line);
    (turn, turn.name.find('#').map(|at| &turn.name[at..]))
}

fn compare(effect: &Effect, turn: &Turn) {
    let line = turn.line;
    let name = turn.name.split('#').next().unwrap_or("").trim();
    let expected = match effect {
        Effect::ReadRequestBody { .. } => "read-request".to_owned(),
        Effect::ReadResponseBody { .. } => "read-response".to_owned(),
        Effect::ReadFile { path, .. } => format!("read-file {path}"),
        Effect::PeekResponseBody { .. } => "peek-response".to_owned(),
        Effect::Sleep(time) => format!("sleep {}", time.as_millis()),
        Effect::Forward(_) => "forward".to_owned(),
        Effect::Send(_) => "send".to_owned(),
        Effect::Dispatch(_) => "dispatch".to_owned(),
        Effect::Cache(request) => match request.verb {
            CacheVerb::Get { .. } => "cache-get".to_owned(),
            CacheVerb::Set { .. } => "cache-set".to_owned(),
            CacheVerb::Remove => "cache-remove".to_owned(),
        },
    };
    assert_eq!(name, expected, "line {line}: there is {effect:?}");
    if let Effect::Forward(request) | Effect::Send(request) | Effect::Dispatch(request) = effect {
        compare_request(request, turn);
    }
    if let Effect::Cache(request) = effect {
        compare_cached(request, turn);
    }
}

// The key; of what is stored, a field `(lifetime)` in seconds and the entry as content.
fn compare_cached(request: &CacheRequest, turn: &Turn) {
    let expected = Message::parse(&turn.text);
    assert_eq!(request.key, expected.first, "line {}", turn.line);
    if let CacheVerb::Set { entry, lifetime } = &request.verb {
        let (entry, lifetime) = (String::from_utf8_lossy(entry), lifetime.as_secs().to_string());
        assert_eq!(expected.field("(lifetime)"), Some(lifetime.as_str()), "line {}", turn.line);
        assert_eq!(expected.content.as_deref(), Some(entry.as_ref()), "line {}", turn.line);
    }
}

// `--- reply` with the entry, `--- reply miss`, or `--- reply failure` with its words.
fn cache_reply(verb: &CacheVerb, turns: &mut Turns<'_>) -> Reply {
    if let CacheVerb::Set { .. } = verb {
        return Reply::Dispatched;
    }
    let reply = turns.next().filter(|reply| reply.kind == "reply").expect("an answer");
    let text = reply.text.trim_end_matches('\n');
    Reply::Cache(match reply.name.split_whitespace().next() {
        None | Some("#a" | "#b") => Ok(Some(Bytes::from(text.to_owned()))),
        Some("miss") => Ok(None),
        Some("failure") => Err(CacheFailure(text.to_owned())),
        Some(other) => panic!("line {}: `{other}` is no answer of a cache", reply.line),
    })
}

// The answer of the `reply` that comes next.
fn answer(effect: &Effect, content: Option<&Bytes>, turns: &mut Turns<'_>) -> Reply {
    match effect {
        Effect::ReadRequestBody { .. } => {
            let given = turns.next_if(|next| next.kind == "reply").map(|reply| reply.text.trim());
            Reply::Body(match given {
                Some("too large") => Err(BodyFailure::TooLarge),
                Some(other) => Err(BodyFailure::Broken(other.to_owned())),
                None => Ok(content.cloned().unwrap_or_default()),
            })
        }
        Effect::PeekResponseBody { .. } => {
            let reply = turns.next().filter(|reply| reply.kind == "reply").expect("the content, or why there is none");
            let text = reply.text.trim_end_matches('\n');
            Reply::Body(match reply.name.as_str() {
                "too large" => Err(BodyFailure::TooLarge),
                "broken" => Err(BodyFailure::Broken(text.to_owned())),
                "gzip" => Ok(zipped(text)),
                _ => Ok(Bytes::from(text.to_owned())),
            })
        }
        Effect::ReadResponseBody { .. } | Effect::ReadFile { .. } => {
            let reply = turns.next().filter(|reply| reply.kind == "reply").expect("the content");
            let text = reply.text.trim_end_matches('\n');
            Reply::Body(Ok(match reply.name.as_str() {
                "gzip" => zipped(text),
                "base64" => bytes_of(text),
                _ => Bytes::from(text.to_owned()),
            }))
        }
        Effect::Sleep(_) => {
            // Only one that was left under way has an answer of its own.
            turns.next_if(|next| next.kind == "reply");
            Reply::Elapsed
        }
        Effect::Forward(_) => head_reply(turns),
        Effect::Dispatch(_) => Reply::Dispatched,
        Effect::Cache(request) => cache_reply(&request.verb, turns),
        Effect::Send(_) => {
            let reply = turns.next().filter(|reply| reply.kind == "reply").expect("an answer");
            Reply::Response(match reply.name.trim() {
                // Content that is no text.
                "base64" => Ok(Box::new(decoded(response_view(&reply.text)))),
                _ => failure(reply).map_or_else(|| Ok(Box::new(response_view(&reply.text))), Err),
            })
        }
    }
}

fn decoded(view: ResponseView) -> ResponseView {
    let Body::Bytes(text) = view.body else { panic!("there is no content") };
    ResponseView { body: Body::Bytes(bytes_of(std::str::from_utf8(&text).unwrap())), ..view }
}

fn bytes_of(base64: &str) -> Bytes {
    let text: String = base64.split_whitespace().collect();
    Bytes::from(base64::engine::general_purpose::STANDARD.decode(text).unwrap())
}

fn head_reply(turns: &mut Turns<'_>) -> Reply {
    let reply = turns.next().filter(|reply| reply.kind == "reply").expect("an answer");
    if let Some(failure) = failure(reply) {
        return Reply::Head(Err(failure));
    }
    let view = response_view(&reply.text);
    let content = if view.body == Body::Absent { Content::None } else { Content::Follows };
    Reply::Head(Ok((ResponseHead { status: view.status, reason: view.reason, headers: view.headers }, content)))
}

// `--- reply timeout` and the like.
fn failure(reply: &Turn) -> Option<UpstreamFailure> {
    let named = reply.name.split_whitespace().filter(|word| !word.starts_with('#')).collect::<Vec<_>>().join(" ");
    let kind = match named.as_str() {
        "" => return None,
        "timeout" => UpstreamFailureKind::Timeout,
        "connect" => UpstreamFailureKind::Connect,
        "broken" => UpstreamFailureKind::Broken,
        "client-gone" => UpstreamFailureKind::ClientGone,
        other => panic!("line {}: `{other}` is no failure", reply.line),
    };
    Some(UpstreamFailure { kind, message: reply.text.trim().to_owned() })
}

fn response_view(text: &str) -> ResponseView {
    let message = Message::parse(text);
    let (code, reason) = message.first.split_once(' ').unwrap_or((&message.first, ""));
    ResponseView {
        status: StatusCode::from_bytes(code.as_bytes()).unwrap(),
        reason: (!reason.is_empty()).then(|| reason.to_owned()),
        headers: headers(&message),
        body: travelling(&message).map_or(Body::Absent, Body::Bytes),
    }
}

fn compare_request(request: &OutboundRequest, turn: &Turn) {
    let expected = Message::parse(&turn.text);
    assert_eq!(format!("{} {}", request.method, request.url), expected.first, "line {}", turn.line);
    let mut plain = expected.fields.clone();
    plain.retain(|(name, value)| match name.as_str() {
        "(timeout)" => {
            assert_eq!(format!("{}", request.timeout.as_millis()), *value, "line {}", turn.line);
            false
        }
        "(redirects)" => {
            assert_eq!(request.redirects == Redirects::Follow, value == "follow", "line {}", turn.line);
            false
        }
        "(tls)" => {
            let tls = format!("chain={} name={}", request.tls.validate_chain, request.tls.validate_name);
            assert_eq!(tls, *value, "line {}", turn.line);
            false
        }
        "(continue)" => {
            let waits = request.continue_timeout.map_or("no".to_owned(), |time| time.as_millis().to_string());
            assert_eq!(waits, *value, "line {}", turn.line);
            false
        }
        "(versions)" => {
            assert_eq!(format!("{:?}", request.versions), *value, "line {}", turn.line);
            false
        }
        "(route)" => {
            let route = match &request.route {
                Route::Standard => "standard".to_owned(),
                Route::Direct => "direct".to_owned(),
                Route::Through(proxy) => {
                    let authorization = proxy.authorization();
                    let authorization = authorization.as_ref().map_or("", |value| value.to_str().unwrap());
                    format!("{}:{} {authorization}", proxy.host, proxy.port).trim_end().to_owned()
                }
            };
            assert_eq!(route, *value, "line {}", turn.line);
            false
        }
        "(shows)" => {
            let leaves = request.identity.iter().flat_map(|identity| identity.pairs()).map(|pair| &pair.chain()[0]);
            let shown: Vec<String> = leaves.map(|leaf| hex(&Digest::Sha1.digest(leaf))).collect();
            assert_eq!(shown.join(" "), value.replace("nothing", ""), "line {}", turn.line);
            false
        }
        _ => true,
    });
    compare_headers(&request.headers, &plain, turn.line);
    let sent = match &request.body {
        OutboundBody::Empty => None,
        OutboundBody::Stream => Some("(stream)".to_owned()),
        OutboundBody::Bytes(bytes) => Some(shown_content(bytes, &expected)),
    };
    assert_eq!(sent, expected.content, "the content of line {}", turn.line);
}

// Without the times, which are those of the player.
fn timeless(text: &str) -> String {
    let line = |line: &str| match line.split_once(" ms  ") {
        Some((_, rest)) => format!("  {}", rest.split("  took ").next().unwrap_or("")),
        None => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn compare_headers(headers: &HeaderMap, expected: &[(String, String)], line: usize) {
    for (name, value) in expected.iter().filter(|(name, _)| name != "(coded)") {
        if let Some(absent) = name.strip_prefix('!') {
            assert!(!headers.contains_key(absent), "line {line}: there is `{absent}: {:?}`", headers[absent]);
            continue;
        }
        let found: Vec<&str> = headers.get_all(name.as_str()).iter().map(|value| value.to_str().unwrap()).collect();
        let wanted: Vec<&str> = expected.iter().filter(|(of, _)| of == name).map(|(_, value)| value.as_str()).collect();
        assert_eq!(found, wanted, "line {line}: the field `{name}: {value}`");
    }
}

fn finish(outcome: &Outcome, measured: &[String], turns: &mut Turns<'_>) {
    let turn = turns.next().unwrap_or_else(|| panic!("the conversation is over, but there is {outcome:?}"));
    assert_eq!(turn.kind, "response", "line {}: there is {outcome:?}", turn.line);
    let expected = Message::parse(&turn.text);
    let reason = outcome.head.reason.as_ref().map(|reason| format!(" {reason}")).unwrap_or_default();
    let content = match &outcome.body {
        ResponseBody::Empty => None,
        ResponseBody::Bytes(bytes) => Some(shown_content(bytes, &expected)),
        ResponseBody::Upstream => Some("(upstream)".to_owned()),
    };
    let content = content.map(|content| content.replace(&outcome.record.correlation_id, "(id)"));
    let shown = format!("{}{reason}", outcome.head.status.as_u16());
    assert_eq!(shown, expected.first, "line {}: {content:?} {:?}", turn.line, outcome.record.last_error);
    compare_headers(&outcome.head.headers, &expected.fields, turn.line);
    assert_eq!(content, expected.content, "the content of line {}", turn.line);
    assert_eq!(outcome.record.response_code, outcome.head.status.as_u16());
    if let Some(turn) = turns.next_if(|next| next.kind == "error") {
        let error = outcome.record.last_error.clone().expect("there was an error");
        let message = Message::parse(&format!("\n{}", turn.text));
        let policy_id = error.policy_id.unwrap_or_default();
        for (name, value) in &message.fields {
            let found = match name.as_str() {
                "source" => &error.source,
                "reason" => &error.reason,
                "message" => &error.message,
                "scope" => &error.scope,
                "section" => &error.section,
                "path" => &error.path,
                "policy-id" => &policy_id,
                other => panic!("line {}: `{other}` is not a part of an error", turn.line),
            };
            assert_eq!(found, value, "line {}: `{name}`", turn.line);
        }
    }
    if let Some(turn) = turns.next_if(|next| next.kind == "inspection") {
        let inspection = outcome.inspection.as_ref().map(|inspection| timeless(&inspection.to_text()));
        let shown = inspection.map(|text| text.replace(&outcome.record.correlation_id, "(id)"));
        assert_eq!(shown.as_deref().map(str::trim_end), Some(turn.text.trim_end()), "line {}", turn.line);
    }
    if let Some(turn) = turns.next_if(|next| next.kind == "log") {
        let logged =
            format!("{}\n{}", outcome.record.url, outcome.record.backend.as_ref().map_or("", |call| &call.url));
        assert_eq!(logged.trim(), turn.text.trim(), "line {}", turn.line);
    }
    if let Some(turn) = turns.next_if(|next| next.kind == "metrics") {
        assert_eq!(measured.join("\n"), turn.text.trim(), "line {}", turn.line);
    }
    if let Some(turn) = turns.next_if(|next| next.kind == "cache") {
        let seconds = outcome.record.cache_time.as_secs();
        let waited = if seconds > 0 { format!(" {seconds}") } else { String::new() };
        assert_eq!(format!("{}{waited}", outcome.record.cache.as_str()), turn.text.trim(), "line {}", turn.line);
    }
    if let Some(turn) = turns.next_if(|next| next.kind == "traces") {
        assert_eq!(outcome.record.traces.join("\n"), turn.text.trim(), "line {}", turn.line);
    }
}
