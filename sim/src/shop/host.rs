//! The shop acted out on turmoil: its members, its identity provider, its clients. Judges nothing.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use holdfast::net::Net;
use holdfast_core::rng::{Rng, Seed};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use turmoil::Sim;

use super::{Call, Event, MEMBER_PORT, Member, PROVIDER, PROVIDER_PORT, Shop, Visit, issuer};
use crate::client::{Ask, ask};
use crate::net::SimNet;
use crate::sample::KEY;
use crate::trace::Trace;

/// The hosts that the gateway talks to because of the shop.
pub const HOSTS: [&str; 4] = ["shop-a", "shop-b", PROVIDER, "visitors"];

const GATEWAY: (&str, u16) = ("gateway", 8080);
/// The first visit; the gateway has its configuration by then.
const FIRST: Duration = Duration::from_secs(2);
/// Gap between the beginnings of two visits.
const GAP: (Duration, Duration) = (Duration::from_millis(200), Duration::from_millis(900));
const PATIENCE: Duration = Duration::from_secs(8);
/// One visit in so many has a token that nobody gave out.
const STRANGERS: u64 = 6;

/// Adds the shop's hosts and clients to a world that ends at `end`.
pub fn add_to(sim: &mut Sim<'_>, shop: &Shop, seed: Seed, end: Duration, trace: &Trace) {
    for member in Member::ALL {
        let (shop, trace) = (shop.clone(), trace.clone());
        host(sim, member.host(), MEMBER_PORT, move |_| {
            let failed = shop.sick[member as usize].get();
            let at = turmoil::sim_elapsed().unwrap_or_default();
            shop.account.borrow_mut().calls.push(Call { member, at, failed });
            trace.line(&format!("{} called, failed={failed}", member.host()));
            let status = if failed { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK };
            Answer::new(status, json!({ "member": member.host() }).to_string())
        });
    }
    let (fetched, logged) = (shop.clone(), trace.clone());
    host(sim, PROVIDER, PROVIDER_PORT, move |target| {
        fetched.account.borrow_mut().fetches.push(turmoil::sim_elapsed().unwrap_or_default());
        logged.line(&format!("{PROVIDER} asked for {target}"));
        let document = match target {
            "/keys" => fetched.tokens.key_set.clone(),
            _ => json!({ "issuer": issuer(), "jwks_uri": format!("{}/keys", issuer()) }),
        };
        Answer::new(StatusCode::OK, document.to_string())
    });
    visitors(sim, shop, seed, end, trace);
}

/// Acts an event out.
pub fn act(sim: &mut Sim<'_>, shop: &Shop, event: Event) {
    match event {
        Event::Sicken(member) => shop.set_sick(member, true),
        Event::Stop(member) => sim.crash(member.host()),
        Event::Heal(member) => {
            shop.set_sick(member, false);
            if !sim.is_host_running(member.host()) {
                sim.bounce(member.host());
            }
        }
        Event::StopProvider => sim.crash(PROVIDER),
        Event::StartProvider => sim.bounce(PROVIDER),
    }
}

/// What a host answers.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: StatusCode,
    /// The content.
    pub(crate) content: String,
    /// How long it takes.
    pub(crate) after: Duration,
}

impl Answer {
    /// An answer at once.
    pub(crate) const fn new(status: StatusCode, content: String) -> Self {
        Self { status, content, after: Duration::ZERO }
    }
}

fn host(sim: &mut Sim<'_>, name: &'static str, port: u16, answer: impl Fn(&str) -> Answer + Clone + 'static) {
    sim.host(name, move || serve(port, answer.clone()));
}

/// Answers requests for paths.
pub(crate) async fn serve(port: u16, answer: impl Fn(&str) -> Answer + Clone + 'static) -> turmoil::Result {
    let mut listener = SimNet.bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port)).await?;
    loop {
        let (stream, _) = SimNet::accept(&mut listener).await?;
        let answer = answer.clone();
        tokio::task::spawn_local(async move {
            let service = service_fn(move |request: Request<Incoming>| {
                let Answer { status, content, after } = answer(request.uri().path());
                let mut response = Response::new(Full::new(Bytes::from(content)));
                *response.status_mut() = status;
                async move {
                    if !after.is_zero() {
                        tokio::time::sleep(after).await;
                    }
                    Ok::<_, Infallible>(response)
                }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .auto_date_header(false)
                .serve_connection(TokioIo::new(stream), service);
            // A gateway that goes away is no event of a backend.
            let _gone = connection.await;
        });
    }
}

fn visitors(sim: &mut Sim<'_>, shop: &Shop, seed: Seed, end: Duration, trace: &Trace) {
    let mut rng = seed.fork("visitors").rng();
    let mut visits = Vec::new();
    let mut at = FIRST;
    while at + PATIENCE < end {
        visits.push((at, rng.below(STRANGERS) > 0));
        at += rng.duration_between(GAP.0, GAP.1);
    }
    let (shop, trace) = (shop.clone(), trace.clone());
    sim.client("visitors", async move {
        for (number, (at, is_known)) in visits.into_iter().enumerate() {
            tokio::time::sleep(at.saturating_sub(turmoil::elapsed())).await;
            tokio::task::spawn_local(visit(number, is_known, shop.clone(), trace.clone()));
        }
        tokio::time::sleep(PATIENCE).await;
        Ok(())
    });
}

async fn visit(number: usize, is_known: bool, shop: Shop, trace: Trace) {
    let id = format!("visit-{number}");
    let began = turmoil::elapsed();
    let mut request = Ask::get(GATEWAY.0, GATEWAY.1, &format!("/shop/items/{number}"))
        .header("ocp-apim-subscription-key", KEY)
        .header("authorization", &format!("Bearer {}", shop.token(is_known)));
    request.timeout = PATIENCE;
    let (status, retry_after, problem) = match ask(&SimNet, &request).await {
        Ok(told) if told.status.is_success() => (Some(told.status.as_u16()), None, String::new()),
        Ok(told) => {
            let retry_after = told.header("retry-after").parse().ok();
            (Some(told.status.as_u16()), retry_after, String::from_utf8_lossy(&told.body).into_owned())
        }
        Err(problem) => (None, None, problem),
    };
    trace.line(&format!("{id} known={is_known} -> {status:?} {retry_after:?} {problem}"));
    let visit = Visit { id, is_known, began, ended: turmoil::elapsed(), status, retry_after, problem };
    shop.account.borrow_mut().visits.push(visit);
}

/// Draws what happens to the shop before `end`: events and their moments.
#[must_use]
pub fn draw(rng: &mut Rng, end: Duration) -> Vec<(Duration, Event)> {
    let mut events = Vec::new();
    for member in Member::ALL {
        if let Some((from, until)) = span(rng, end) {
            let begins = if rng.below(2) == 0 { Event::Sicken(member) } else { Event::Stop(member) };
            events.extend([(from, begins), (until, Event::Heal(member))]);
        }
    }
    if let Some((from, until)) = span(rng, end) {
        events.extend([(from, Event::StopProvider), (until, Event::StartProvider)]);
    }
    events
}

/// What is left of the world after everything is well again: a breaker closes, and calls are seen.
const AFTERMATH: Duration = Duration::from_secs(25);
const LENGTH: (Duration, Duration) = (Duration::from_secs(3), Duration::from_secs(45));

/// A span of trouble: two in three begin, and are over early enough to see what follows.
pub(crate) fn span(rng: &mut Rng, end: Duration) -> Option<(Duration, Duration)> {
    let (is_drawn, length) = (rng.below(3) > 0, rng.duration_between(LENGTH.0, LENGTH.1));
    let latest = end.saturating_sub(AFTERMATH + length);
    let from = rng.duration_between(Duration::from_millis(500), latest);
    is_drawn.then_some((from, from + length))
}
