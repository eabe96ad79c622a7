//! A simulated world on turmoil: fake Azure, two backends, clients, and a gateway that is the production code. Acts a plan out.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use holdfast::clock::Clock;
use holdfast::env::Env;
use holdfast::net::Net;
use holdfast::run::{Trust, run_local};
use holdfast::settings::Settings;
use holdfast_core::config::{ResourceSet, folder};
use holdfast_core::rng::{Rng, Seed};
use holdfast_core::time::WallTime;
use hyper::Method;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use turmoil::Sim;

use crate::azure::serve::Shared;
use crate::azure::tls::Identity;
use crate::azure::{self, Azure};
use crate::backend::{self, REQUEST_ID, Reached};
use crate::client::{Ask, Connections, ask};
use crate::clock::{EPOCH_UNIX_SECONDS, SimClock};
use crate::crypto;
use crate::disk::SimDisk;
use crate::feed::{self, Feed};
use crate::invariant::Arrivals;
use crate::net::SimNet;
use crate::plan::{Action, Plan};
use crate::sample::{self, Backends, EDIT_HEADER, GATEWAY, KEY};
use crate::shop::{self, Account, Shop};
use crate::trace::{Heard, Outcome, Seen, Trace, Way};

const GATEWAY_PORT: u16 = 8080;
const AZURE_PORT: u16 = 443;
const BACKEND_PORT: u16 = 9000;
const TICK: Duration = Duration::from_millis(1);
/// Latency of a message on a link.
const LATENCY: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(20));
/// Gap between the beginnings of two requests.
const GAP: (Duration, Duration) = (Duration::from_millis(100), Duration::from_millis(900));
/// The first request; the gateway has its configuration by then.
const FIRST: Duration = Duration::from_secs(2);
/// Clients wait this long; no request begins later than this before the end.
const PATIENCE: Duration = Duration::from_secs(8);
const TOKEN_LIFE: Duration = Duration::from_secs(30 * 86_400);

/// What a run left behind.
#[derive(Debug, Default)]
pub struct Run {
    /// Every request as its client saw it, in the order in which they ended.
    pub outcomes: Vec<Outcome>,
    /// How often each named request reached a backend.
    pub arrivals: Arrivals,
    /// When heartbeats reached Azure.
    pub heartbeats: Vec<Duration>,
    /// What happened in the shop.
    pub shop: Account,
    /// What happened around the feed.
    pub feed: feed::Account,
    /// What the gateway said of itself.
    pub events: Vec<Heard>,
    /// Everything that happened.
    pub trace: Trace,
}

struct World {
    azure: Shared,
    disk: SimDisk,
    gateway_clock: SimClock,
    shop: Shop,
    feed: Feed,
    trace: Trace,
    rng: Rng,
}

/// Acts `plan` out in the world of `seed`.
///
/// # Errors
/// The world itself failed: a host panicked, or ended although it should not have.
pub fn run(seed: Seed, plan: &Plan) -> Result<Run, String> {
    let trace = Trace::default();
    // Two hosts, two wall clocks: only the gateway's is stepped.
    let (clock, gateway_clock) = (SimClock::default(), SimClock::default());
    let identity = Identity::with_keys(
        &["azure"],
        crypto::key_pair(seed.fork("authority")).map_err(|error| error.to_string())?,
        crypto::key_pair(seed.fork("server")).map_err(|error| error.to_string())?,
    )
    .map_err(|error| error.to_string())?;
    let azure = Azure::new(GATEWAY, configuration(1), seed.fork("azure"));
    let shared = Shared::new(azure, Arc::new(clock));
    let world = World {
        azure: shared.clone(),
        disk: SimDisk::default(),
        gateway_clock,
        shop: Shop::new(seed, EPOCH_UNIX_SECONDS)?,
        feed: Feed::default(),
        trace: trace.clone(),
        rng: seed.fork("world").rng(),
    };
    let reached = Reached::default();
    let seen = Seen::default();

    let mut sim = builder(seed, plan).build();
    host_azure(&mut sim, &world, &identity, seed)?;
    host_backend(&mut sim, "orders", &reached);
    host_backend(&mut sim, "catalog", &reached);
    host_gateway(&mut sim, &world, plan, &identity, seed);
    host_clients(&mut sim, plan, seed, &seen, &trace);
    let shop = world.shop.clone();
    shop::host::add_to(&mut sim, &shop, seed, plan.end, &trace);
    let feed = world.feed.clone();
    feed::host::add_to(&mut sim, &feed, seed, plan.end, &trace);
    drive(&mut sim, world, plan)?;

    let mut arrivals = BTreeMap::new();
    for arrival in reached.all() {
        *arrivals.entry(arrival.id).or_insert(0) += 1;
    }
    let outcomes = seen.borrow().clone();
    let heartbeats = shared.with(|azure| azure.heartbeats().map(|beat| since_epoch(beat.moment)).collect());
    Ok(Run {
        outcomes,
        arrivals,
        heartbeats,
        shop: shop.account(),
        feed: feed.account(),
        events: trace.events(),
        trace,
    })
}

fn since_epoch(moment: WallTime) -> Duration {
    let nanos = moment.unix_nanos().saturating_sub(epoch().unix_nanos());
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
}

fn builder(seed: Seed, plan: &Plan) -> turmoil::Builder {
    let mut builder = turmoil::Builder::new();
    builder
        .rng_seed(seed.fork("turmoil").0)
        .epoch(UNIX_EPOCH + Duration::from_secs(EPOCH_UNIX_SECONDS.unsigned_abs()))
        .tick_duration(TICK)
        .simulation_duration(plan.end + Duration::from_secs(60))
        .min_message_latency(LATENCY.0)
        .max_message_latency(LATENCY.1)
        .tcp_capacity(1024);
    builder
}

fn backends() -> Backends {
    Backends {
        orders: format!("http://orders:{BACKEND_PORT}/orders-service"),
        catalog: format!("http://catalog:{BACKEND_PORT}/catalog-service"),
    }
}

/// The configuration after this edit.
fn configuration(edit: u32) -> ResourceSet {
    let mut files = sample::files(edit, &backends());
    shop::add_to(&mut files);
    feed::add_to(&mut files, edit);
    folder::read(&files).set
}

fn any(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port)
}

fn host_azure(sim: &mut Sim<'_>, world: &World, identity: &Identity, seed: Seed) -> Result<(), String> {
    let crypto = Arc::new(crypto::provider(seed.fork("azure tls")));
    let tls = TlsAcceptor::from(identity.server_config(crypto).map_err(|error| error.to_string())?);
    let azure = world.azure.clone();
    sim.host("azure", move || {
        let (azure, tls) = (azure.clone(), tls.clone());
        async move {
            let listener = SimNet.bind(any(AZURE_PORT)).await?;
            azure::serve::serve::<SimNet>(azure, listener, Some(tls)).await;
            Ok(())
        }
    });
    Ok(())
}

fn host_backend(sim: &mut Sim<'_>, name: &'static str, reached: &Reached) {
    let reached = reached.clone();
    sim.host(name, move || {
        let reached = reached.clone();
        async move {
            let listener = SimNet.bind(any(BACKEND_PORT)).await?;
            backend::serve::<SimNet>(name, listener, reached).await;
            Ok(())
        }
    });
}

fn host_gateway(sim: &mut Sim<'_>, world: &World, plan: &Plan, identity: &Identity, seed: Seed) {
    let (disk, trace, clock) = (world.disk.clone(), world.trace.clone(), world.gateway_clock.clone());
    let heartbeat_interval = plan.heartbeat_interval;
    let authority = identity.authority_pem.clone();
    let token = world.azure.with(|azure| azure.token(epoch().saturating_add(TOKEN_LIFE)));
    let boots = Rc::new(Cell::new(0));
    sim.host("gateway", move || {
        let boot = boots.replace(boots.get() + 1);
        let seed = seed.fork("gateway").fork_index(boot);
        let env = Env {
            net: SimNet,
            disk: disk.clone(),
            clock: Arc::new(clock.clone()) as Arc<dyn Clock>,
            seed,
            crypto: Arc::new(crypto::provider(seed)),
            sink: Arc::new(trace.clone()),
        };
        let settings = gateway_settings(&token, heartbeat_interval);
        let authority = authority.clone();
        async move {
            let trust = Trust { service: Some(authority), upstream: None };
            // Nobody asks this gateway to end: it is killed.
            let (_never, shutdown) = mpsc::channel(1);
            let code = run_local(env, settings?, trust, shutdown).await?;
            Err(format!("the gateway ended by itself with code {code}").into())
        }
    });
}

fn gateway_settings(token: &str, heartbeat_interval: Duration) -> Result<Settings, String> {
    let variables = [
        ("config.service.endpoint", format!("https://azure:{AZURE_PORT}")),
        ("config.service.auth", token.to_owned()),
        ("holdfast.http.listen", format!("0.0.0.0:{GATEWAY_PORT}")),
        ("holdfast.https.listen", "off".to_owned()),
        ("holdfast.backup.path", "/apim/config".to_owned()),
        ("holdfast.instance.id", "gateway-0".to_owned()),
        ("holdfast.heartbeat.interval", format!("{}s", heartbeat_interval.as_secs())),
    ];
    let variables = variables.into_iter().map(|(key, value)| (key.to_owned(), value));
    Settings::parse(variables).map(|(settings, _)| settings).map_err(|errors| format!("{errors:?}"))
}

fn epoch() -> WallTime {
    WallTime::from_unix_seconds(EPOCH_UNIX_SECONDS)
}

fn host_clients(sim: &mut Sim<'_>, plan: &Plan, seed: Seed, seen: &Seen, trace: &Trace) {
    let mut rng = seed.fork("clients").rng();
    let mut keeping = seed.fork("kept connections").rng();
    let connections = Rc::new(Connections::default());
    let mut requests = Vec::new();
    let mut at = FIRST;
    while at + PATIENCE < plan.end {
        let request = draw_request(requests.len(), &mut rng);
        // What must not be repeated goes on a connection of its own: a kept one may break at any moment.
        let keeps = keeping.below(2) == 0 && request.method == Method::GET;
        requests.push((at, request, keeps.then(|| Rc::clone(&connections))));
        at += rng.duration_between(GAP.0, GAP.1);
    }
    let (seen, trace) = (seen.clone(), trace.clone());
    sim.client("clients", async move {
        for (at, request, connections) in requests {
            tokio::time::sleep(at.saturating_sub(turmoil::elapsed())).await;
            tokio::task::spawn_local(one_request(request, connections, seen.clone(), trace.clone()));
        }
        tokio::time::sleep(PATIENCE).await;
        Ok(())
    });
}

fn draw_request(number: usize, rng: &mut Rng) -> Ask {
    let api = if rng.below(2) == 0 { "orders" } else { "catalog" };
    let mut ask = Ask::get("gateway", GATEWAY_PORT, &format!("/{api}/items/{number}"))
        .header("ocp-apim-subscription-key", KEY)
        .header(REQUEST_ID, &format!("request-{number}"));
    if rng.below(3) == 0 {
        ask.method = Method::POST;
        ask.target = format!("/{api}/items");
        ask.body = Bytes::from(format!("{{\"item\":{number}}}"));
    }
    ask.timeout = PATIENCE;
    ask
}

async fn one_request(request: Ask, connections: Option<Rc<Connections>>, seen: Seen, trace: Trace) {
    let began = turmoil::elapsed();
    let (told, way) = match connections {
        None => (ask(&SimNet, &request).await, Way::Fresh),
        Some(connections) => {
            let kept = connections.ask(&SimNet, &request).await;
            let way = match (kept.broke, kept.reused) {
                (Some(opened), _) => Way::Repeated { opened: turmoil::elapsed().saturating_sub(opened.elapsed()) },
                (None, Some(_)) => Way::Kept,
                (None, None) => Way::Fresh,
            };
            (kept.told, way)
        }
    };
    let id = request.headers.iter().find(|(name, _)| *name == REQUEST_ID).map(|(_, id)| id.clone()).unwrap_or_default();
    let (status, edits, problem) = match told {
        Ok(told) => {
            let problem =
                if told.status.is_success() { String::new() } else { String::from_utf8_lossy(&told.body).into() };
            (Some(told.status.as_u16()), edits(&told), problem)
        }
        Err(problem) => (None, None, problem),
    };
    trace.line(&format!("client {id} {} {} -> {status:?} {edits:?} {way:?} {problem}", request.method, request.target));
    let method = if request.method == Method::POST { "POST" } else { "GET" };
    seen.borrow_mut().push(Outcome { id, method, began, ended: turmoil::elapsed(), status, edits, problem, way });
}

/// The edit that the response shows, and the one that the backend says its request showed.
fn edits(told: &crate::client::Told) -> Option<(u32, u32)> {
    let account: serde_json::Value = serde_json::from_slice(&told.body).ok()?;
    let shown = account.get("headers")?.get(EDIT_HEADER)?.as_str()?.parse().ok()?;
    Some((told.header(EDIT_HEADER).parse().ok()?, shown))
}

fn drive(sim: &mut Sim<'_>, mut world: World, plan: &Plan) -> Result<(), String> {
    let mut steps = plan.steps.iter().peekable();
    while sim.elapsed() < plan.end {
        while let Some(step) = steps.next_if(|step| step.at <= sim.elapsed()) {
            world.trace.line_at(sim.elapsed(), &format!("world {:?}", step.action));
            act(sim, &mut world, step.action);
        }
        sim.step().map_err(|error| error.to_string())?;
    }
    for request in world.azure.with(|azure| azure.requests().cloned().collect::<Vec<_>>()) {
        world.trace.line_at(plan.end, &format!("azure {} {} -> {}", request.at, request.request, request.status));
    }
    Ok(())
}

fn act(sim: &mut Sim<'_>, world: &mut World, action: Action) {
    match action {
        Action::Edit(number) => {
            world.azure.with(|azure| azure.publish(configuration(number)));
        }
        Action::BlackHole => sim.hold("gateway", "azure"),
        Action::Partition => sim.partition("gateway", "azure"),
        Action::Mend => {
            sim.release("gateway", "azure");
            sim.repair("gateway", "azure");
        }
        Action::Fail(fault) => world.azure.with(|azure| azure.set_fault(fault)),
        Action::Recover => world.azure.with(Azure::clear_faults),
        Action::Kill => sim.crash("gateway"),
        Action::PowerLoss => power_loss(sim, world),
        Action::LoseBackup => world.disk.wipe(),
        Action::RotBackup => world.disk.rot(&mut world.rng),
        Action::Restart => {
            for other in neighbours() {
                sim.repair("gateway", other);
            }
            sim.bounce("gateway");
        }
        Action::Shop(event) => shop::host::act(sim, &world.shop, event),
        Action::Feed(event) => feed::host::act(sim, event),
        Action::StepClock(seconds) => world.gateway_clock.step_wall(i64::from(seconds) * 1_000_000_000),
    }
}

/// Whom the gateway talks to beside Azure.
fn neighbours() -> impl Iterator<Item = &'static str> {
    ["clients", "orders", "catalog"].into_iter().chain(shop::host::HOSTS).chain(feed::host::HOSTS)
}

/// A crash in turmoil sends FIN, as an orderly exit does; without power nobody is told.
fn power_loss(sim: &mut Sim<'_>, world: &mut World) {
    for other in neighbours() {
        sim.partition("gateway", other);
    }
    sim.crash("gateway");
    world.disk.crash(&mut world.rng);
}
