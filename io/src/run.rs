//! The production start: settings, world, threads. One thread for the control plane, one per worker; no request passes between them.

mod local;
mod startup;
mod worker;

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use holdfast_core::cache::Cache;
use holdfast_core::gateway::{self, BackupPlace, EXIT_FORCED};
use holdfast_core::shared::Shared;
use holdfast_core::snapshot::Snapshot;
use holdfast_core::telemetry::{Event, Level};
use rustls::ClientConfig;
use tokio::sync::mpsc;
use tokio::task::LocalSet;

use crate::backup::{Content, Place, Store};
use crate::clock::SystemClock;
use crate::disk::{Disk, OsDisk};
use crate::drive::{Control, EXIT_UNUSABLE, Provider, run_control};
use crate::env::Env;
use crate::net::{Net, TokioNet};
use crate::plane::{Accepting, Plane};
use crate::settings::{Backup, Color, Listeners, Settings, Source};
use crate::signal::shutdown_requests;
use crate::sinks::StdSink;
use crate::sinks::adapters::Adapters;
use crate::tls::ClientTls;
use startup::{Grounds, Tls};
use worker::{Death, Workers};

pub use local::{Trust, run_local};

/// The exit code when a worker died: EX_SOFTWARE of sysexits.h.
pub const EXIT_WORKER_DIED: i32 = 70;

type World = Env<TokioNet, OsDisk>;

// The control plane counts requests, the workers connections: the last bytes of the last responses may still be on their way.
const WORKERS_END_TIMEOUT: Duration = Duration::from_secs(2);

/// Runs the gateway that the environment describes until it is asked to end; gives the exit code.
#[must_use]
pub fn run(vars: BTreeMap<String, String>) -> i32 {
    let hostname = vars.get("HOSTNAME").filter(|name| !name.is_empty()).cloned();
    let (mut settings, warnings) = match Settings::parse(vars.into_iter()) {
        Ok(parsed) => parsed,
        Err(errors) => {
            let shown: String = errors.iter().map(|error| format!("{error}\n")).collect();
            return refused(&format!("{shown}holdfast cannot start: {} of its settings must be mended", errors.len()));
        }
    };
    if !std::io::stdout().is_terminal() {
        settings.logs.color = Color::Plain;
    }
    let clock = Arc::new(SystemClock::start());
    let sink = match StdSink::start(settings.logs, Arc::<SystemClock>::clone(&clock), std::io::stdout()) {
        Ok(sink) => Arc::new(sink),
        Err(error) => return refused(&format!("error: no thread for the log: {error}")),
    };
    let code = match startup::world(clock, Arc::<StdSink>::clone(&sink)) {
        Ok(env) => {
            report_panics(&env);
            if settings.logs.level == Level::Debug {
                Adapters::listen(Arc::clone(&env.sink), Arc::clone(&env.clock));
            }
            for warning in warnings {
                say(&env, Level::Warn, "SettingsWarning", warning.message);
            }
            start(&env, &settings, hostname).unwrap_or_else(|message| {
                say(&env, Level::Fatal, "GatewayStartupFailed", message.clone());
                // Two streams, often shown as one: whole lines, in the order in which they were written.
                sink.flush();
                refused(&format!("error: {message}"))
            })
        }
        Err(message) => refused(&format!("error: {message}")),
    };
    sink.flush();
    code
}

fn refused(message: &str) -> i32 {
    // Nobody may be reading; the exit code says it too.
    let _ = std::io::stderr().write_all(format!("{message}\n").as_bytes());
    EXIT_UNUSABLE
}

fn say<N: Net, D: Disk>(env: &Env<N, D>, level: Level, name: &'static str, message: String) {
    env.sink.event(&Event::new(env.clock.now().wall, level, "gateway", name, message));
}

// One line for a panic instead of the many of the default hook (thread 347 of the original).
fn report_panics(env: &World) {
    let env = env.clone();
    std::panic::set_hook(Box::new(move |panic| {
        let payload = panic.payload();
        let words = payload.downcast_ref::<&str>().copied();
        let words = words.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
        let place = panic.location().map_or_else(String::new, |place| format!(" at {place}"));
        say(&env, Level::Error, "UnhandledException", format!("a bug of Holdfast{place}: {words}"));
    }));
}

fn start(env: &World, settings: &Settings, hostname: Option<String>) -> Result<i32, String> {
    let tls = Tls::load(env, settings)?;
    let instance_id = startup::instance_id(settings, hostname, env.seed);
    let cache = Cache::holding(settings.cache_bytes_max);
    let plane = Plane::with(startup::first_status(env), Shared { cache, ..Shared::default() });
    plane.shared.tokens.come_from(settings.identity.clone());
    plane.shared.dapr.set_port(settings.dapr_port);
    let (workers, deaths) = Workers::start(env, &plane, settings, &tls)?;
    let Listeners { http, https } = workers.listening;
    let shown = |address: Option<SocketAddr>| address.map_or_else(|| "off".to_owned(), |at| at.to_string());
    let message = format!(
        "Holdfast {} as instance `{instance_id}` with {} workers, listening on {} (http) and {} (https): {}",
        env!("CARGO_PKG_VERSION"),
        workers.count,
        shown(http),
        shown(https),
        settings.summary(),
    );
    say(env, Level::Info, "GatewayStartup", message);
    let runtime = startup::runtime()?;
    LocalSet::new().block_on(&runtime, control(env, settings, instance_id, plane, &tls, deaths))
}

async fn control(
    env: &World,
    settings: &Settings,
    instance_id: String,
    plane: Arc<Plane>,
    tls: &Tls,
    mut deaths: mpsc::UnboundedReceiver<Death>,
) -> Result<i32, String> {
    let requests = shutdown_requests().map_err(|error| format!("no handler for signals: {error}"))?;
    let backup = backup_store(env, settings);
    let place = backup_place(env, settings, &backup).await;
    let control = Control {
        settings: startup::gateway_settings(settings, instance_id, place, Grounds::new(&env.crypto, &tls.roots)?),
        provider: provider(settings, tls.service.clone(), &tls.upstream),
        backup: (place == BackupPlace::Present).then_some(backup),
    };
    let on_publish = |snapshot: &Arc<Snapshot>| show_certificates(env, tls, snapshot);
    let control = run_control(env.clone(), Arc::clone(&plane), control, requests, on_publish);
    let code = tokio::select! {
        biased;
        code = control => code,
        Some(death) = unexpected(&mut deaths, &plane) => {
            say(env, Level::Fatal, "WorkerDied", death.in_words());
            return Ok(EXIT_WORKER_DIED);
        }
    };
    if code != EXIT_FORCED {
        // The channel ends with the last worker. What is not sent by then belongs to clients that do not read.
        let all = async { while deaths.recv().await.is_some() {} };
        drop(tokio::time::timeout(WORKERS_END_TIMEOUT, all).await);
    }
    Ok(code)
}

// Workers end by themselves once the plane is closed; before that nothing ends them but a bug.
async fn unexpected(deaths: &mut mpsc::UnboundedReceiver<Death>, plane: &Plane) -> Option<Death> {
    let accepting = plane.accepting();
    loop {
        let death = deaths.recv().await?;
        if *accepting.borrow() == Accepting::Open || death.panicked {
            return Some(death);
        }
    }
}

fn backup_store<N: Net, D: Disk>(env: &Env<N, D>, settings: &Settings) -> Store<D> {
    let content = match &settings.source {
        Source::Folder(_) => Content::Secrets,
        Source::Service(_) => Content::Configuration,
    };
    let Backup { path, key } = settings.backup.clone();
    Store::new(env.disk.clone(), path, content, key, Arc::clone(&env.crypto))
}

async fn backup_place<N: Net, D: Disk>(env: &Env<N, D>, settings: &Settings, backup: &Store<D>) -> BackupPlace {
    match &settings.source {
        // What is in a vault never lies on a disk as it is.
        Source::Folder(_) if settings.backup.key.is_none() => return BackupPlace::Missing,
        Source::Folder(_) | Source::Service(_) => {}
    }
    match backup.probe().await {
        Place::Writable => BackupPlace::Present,
        // What is there can still be restored; that it cannot be renewed must be known before it is needed.
        Place::ReadOnly(reason) => {
            say(env, Level::Warn, "LocalBackupLocationNotWritable", reason);
            BackupPlace::Present
        }
        Place::Missing(reason) => {
            say(env, Level::Debug, "LocalBackupLocationProbed", reason);
            BackupPlace::Missing
        }
    }
}

fn provider(settings: &Settings, service_tls: Option<Arc<ClientConfig>>, tls: &Arc<ClientTls>) -> Provider {
    match &settings.source {
        Source::Folder(path) => {
            Provider::Folder { path: path.clone(), tls: Arc::clone(tls), proxies: Arc::clone(&settings.proxies) }
        }
        Source::Service(service) => {
            let options = crate::azure::Options {
                endpoint: service.endpoint.clone(),
                gateway_id: settings.gateway_id.clone(),
                authorization: service.token.authorization.clone(),
                tls: service_tls,
                timeout: service.timeout,
            };
            Provider::Service(options, service.token.expires)
        }
    }
}

// Before the first request of a revision that may need them.
fn show_certificates(env: &World, tls: &Tls, snapshot: &Snapshot) {
    let refused = tls.server.publish(snapshot.hostnames(), snapshot.certificates());
    if !refused.is_empty() {
        let message = format!("{} host names keep the certificate that they had", refused.len());
        let event = Event::new(env.clock.now().wall, Level::Error, "gateway", "HostnameCertificateRefused", message);
        env.sink.event(&event.about(snapshot.revision).with_diagnostics(refused));
    }
}

/// The name by which a configuration service is known in backups: its host and port.
#[must_use]
pub fn service_identity(endpoint: &holdfast_core::http::Url) -> String {
    format!("{}:{}", endpoint.host.to_ascii_lowercase(), endpoint.port)
}

fn gateway_source(settings: &Settings) -> gateway::Source {
    match &settings.source {
        Source::Service(service) => gateway::Source::Service { identity: service_identity(&service.endpoint) },
        Source::Folder(_) => gateway::Source::Folder { identity: settings.identity.clone() },
    }
}
