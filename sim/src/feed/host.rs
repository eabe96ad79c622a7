//! The feed acted out on turmoil: its data source, its author, its readers. Judges nothing.

use std::time::Duration;

use bytes::Bytes;
use holdfast_core::rng::{Rng, Seed};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use turmoil::Sim;

use super::socket::{Came, Socket, subscribe};
use super::{End, Event, Feed, Heard, Post, Reader, SOURCE, SOURCE_PORT, Session, author};
use crate::client::{Ask, ask};
use crate::net::SimNet;
use crate::sample::KEY;
use crate::shop::host::{Answer, serve, span};
use crate::trace::Trace;

/// The hosts that the gateway talks to because of the feed.
pub const HOSTS: [&str; 3] = [SOURCE, "reader-lively", "reader-quiet"];

/// How long after a socket has ended the next one is asked for.
pub const PAUSE: Duration = Duration::from_secs(1);
/// How long posts and handshakes may take.
pub const PATIENCE: Duration = Duration::from_secs(8);

const GATEWAY: (&str, u16) = ("gateway", 8080);
/// The first post; the gateway has its configuration by then.
const FIRST: Duration = Duration::from_secs(3);
/// Gap between one post and the next.
const GAP: (Duration, Duration) = (Duration::from_millis(200), Duration::from_millis(3000));
/// By this, or twice this, the data source is late to say who the author is of two in three posts.
const AUTHOR_DELAY: Duration = Duration::from_millis(200);
/// How long before the end of the world sockets count as having outlived it.
const LAST: Duration = Duration::from_millis(500);

/// Adds the feed's hosts and clients to a world that ends at `end`.
pub fn add_to(sim: &mut Sim<'_>, feed: &Feed, seed: Seed, end: Duration, trace: &Trace) {
    let (source, logged) = (feed.clone(), trace.clone());
    // The author sits beside the data source: a host more makes every moment of a world longer.
    sim.host(SOURCE, move || {
        let (asked, feed, trace) = (source.clone(), source.clone(), logged.clone());
        async move {
            tokio::task::spawn_local(write(seed, end, feed, trace));
            serve(SOURCE_PORT, move |target| made(target, &asked)).await
        }
    });
    for reader in Reader::ALL {
        let (feed, trace) = (feed.clone(), trace.clone());
        sim.client(reader.host(), async move {
            sleep(FIRST / 2).await;
            while turmoil::elapsed() + LAST < end {
                read(reader, end, &feed, &trace).await;
                sleep(PAUSE).await;
            }
            Ok(())
        });
    }
}

// What the data source says to whoever asks for a path.
fn made(target: &str, feed: &Feed) -> Answer {
    let asked = target.strip_prefix('/').and_then(|rest| rest.split_once('/'));
    let Some((what, Ok(number))) = asked.map(|(what, number)| (what, number.parse::<u64>())) else {
        return Answer::new(StatusCode::NOT_FOUND, String::new());
    };
    if what == "author" {
        // Who is asked later may answer sooner: it is the gateway that keeps events in order.
        let after = AUTHOR_DELAY * u32::from(number.to_le_bytes()[0] % 3);
        return Answer { after, ..Answer::new(StatusCode::OK, json!(author(number)).to_string()) };
    }
    feed.account.borrow_mut().made.push((number, turmoil::sim_elapsed().unwrap_or_default()));
    Answer::new(StatusCode::OK, json!({ "number": number }).to_string())
}

async fn write(seed: Seed, end: Duration, feed: Feed, trace: Trace) {
    let mut rng = seed.fork("author").rng();
    sleep(FIRST).await;
    for number in 1.. {
        if turmoil::elapsed() + PATIENCE >= end {
            break;
        }
        post(number, &feed, &trace).await;
        sleep(rng.duration_between(GAP.0, GAP.1)).await;
    }
}

/// Acts an event out.
pub fn act(sim: &Sim<'_>, event: Event) {
    match event {
        Event::Cut(reader) => sim.partition("gateway", reader.host()),
        Event::Hold(reader) => sim.hold("gateway", reader.host()),
        Event::Mend(reader) => {
            sim.release("gateway", reader.host());
            sim.repair("gateway", reader.host());
        }
    }
}

/// Draws what happens to the feed before `end`: events and their moments.
#[must_use]
pub fn draw(rng: &mut Rng, end: Duration) -> Vec<(Duration, Event)> {
    let mut events = Vec::new();
    for reader in Reader::ALL {
        if let Some((from, until)) = span(rng, end) {
            let begins = if rng.below(2) == 0 { Event::Cut(reader) } else { Event::Hold(reader) };
            events.extend([(from, begins), (until, Event::Mend(reader))]);
        }
    }
    events
}

async fn post(number: u64, feed: &Feed, trace: &Trace) {
    let began = turmoil::elapsed();
    let mut request = Ask::get(GATEWAY.0, GATEWAY.1, "/feed")
        .header("ocp-apim-subscription-key", KEY)
        .header("content-type", "application/json");
    request.method = Method::POST;
    request.timeout = PATIENCE;
    let query = format!("mutation {{ post(number: {number}) {{ number }} }}");
    request.body = Bytes::from(json!({ "query": query }).to_string());
    let told = ask(&SimNet, &request).await;
    let expected = json!({ "data": { "post": { "number": number } } });
    let is_taken = told.as_ref().is_ok_and(|told| serde_json::from_slice::<Value>(&told.body).ok() == Some(expected));
    let problem = match &told {
        Ok(told) => String::from_utf8_lossy(&told.body).into_owned(),
        Err(problem) => problem.clone(),
    };
    trace.line(&format!("post {number} taken={is_taken} {}", if is_taken { "" } else { &problem }));
    feed.account.borrow_mut().posts.push(Post { number, began, ended: turmoil::elapsed(), is_taken });
}

// One socket, from its handshake to its end.
async fn read(reader: Reader, end: Duration, feed: &Feed, trace: &Trace) {
    let opened = turmoil::elapsed();
    let query = "subscription { posted { number author } }";
    let opening = timeout(PATIENCE, subscribe(GATEWAY, "/feed", query));
    let (mut socket, edit) = match opening.await.unwrap_or_else(|_| Err("no answer".to_owned())) {
        Ok(open) => open,
        Err(problem) => return trace.line(&format!("{} has no socket: {problem}", reader.host())),
    };
    let mut session = Session {
        reader,
        opened,
        // Never, until its ping is answered.
        subscribed: Duration::MAX,
        edit,
        heard: Vec::new(),
        ended: opened,
        end: End::Open,
    };
    session.end = listen(&mut socket, &mut session, end, trace).await;
    session.ended = turmoil::elapsed();
    trace.line(&format!("{} ends its socket of {opened:?}: {:?}", reader.host(), session.end));
    feed.account.borrow_mut().sessions.push(session);
}

async fn listen<S: AsyncRead + AsyncWrite + Unpin>(
    socket: &mut Socket<S>,
    session: &mut Session,
    end: Duration,
    trace: &Trace,
) -> End {
    let over = Instant::now() + end.saturating_sub(turmoil::elapsed() + LAST);
    let mut ping_at = Instant::now() + session.reader.stillness();
    let mut silent_at = Instant::now() + session.reader.patience();
    loop {
        let came = tokio::select! {
            biased;
            () = sleep_until(over) => return End::Open,
            came = socket.next() => came,
            () = sleep_until(ping_at), if session.reader == Reader::Lively => {
                ping_at += session.reader.stillness();
                if socket.say(&json!({ "type": "ping" })).await.is_err() {
                    return End::Broken;
                }
                continue;
            }
            () = sleep_until(silent_at) => return End::Silence,
        };
        silent_at = Instant::now() + session.reader.patience();
        match came {
            Ok(Came::Text(text)) => {
                if let Err(nonsense) = hear(&text, session, trace) {
                    return End::Nonsense(nonsense);
                }
            }
            Ok(Came::Ping) => {}
            Ok(Came::Close(code, reason)) => return End::Closed(code, reason),
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => return End::Nonsense(error.to_string()),
            Err(_) => return End::Broken,
        }
    }
}

fn hear(text: &str, session: &mut Session, trace: &Trace) -> Result<(), String> {
    let message: Value = serde_json::from_str(text).map_err(|_| text.to_owned())?;
    let at = turmoil::elapsed();
    match message["type"].as_str() {
        Some("pong") => session.subscribed = session.subscribed.min(at),
        Some("next") if message["id"] == "1" => {
            let item = &message["payload"]["data"]["posted"];
            let number = item["number"].as_u64().ok_or_else(|| text.to_owned())?;
            let is_whole =
                message["payload"] == json!({ "data": { "posted": { "number": number, "author": author(number) } } });
            let problem = if is_whole { String::new() } else { text.to_owned() };
            trace.line(&format!("{} hears {number} {problem}", session.reader.host()));
            session.heard.push(Heard { number, at, problem });
        }
        _ => return Err(text.to_owned()),
    }
    Ok(())
}
