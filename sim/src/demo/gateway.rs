//! The gateway of the demo: the production code on a thread of its own, so that it can be killed like a process. Tells no story.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use holdfast::clock::SystemClock;
use holdfast::disk::OsDisk;
use holdfast::env::Env;
use holdfast::net::TokioNet;
use holdfast::run::{Trust, run_local};
use holdfast::settings::Settings;
use holdfast::sink::NoSink;
use holdfast_core::rng::Seed;
use tokio::sync::{mpsc, oneshot};

use crate::loopback;

/// A gateway that runs.
pub(super) struct Running {
    kill: Option<oneshot::Sender<()>>,
    terminate: mpsc::Sender<()>,
    thread: JoinHandle<Result<i32, String>>,
}

/// What a gateway of the demo is told.
#[derive(Clone, Debug)]
pub(super) struct Wiring {
    /// Where fake Azure is.
    pub(super) azure: SocketAddr,
    /// Its token.
    pub(super) token: String,
    /// The authority that its certificate chains to, in PEM.
    pub(super) authority: String,
    /// Where the gateway listens.
    pub(super) listen: SocketAddr,
}

impl Running {
    /// Starts a gateway with its backup in `backup`.
    ///
    /// # Errors
    /// The settings are refused: in words.
    pub(super) fn start(wiring: &Wiring, backup: &Path, boot: u64) -> Result<Self, String> {
        let settings = settings(wiring, backup)?;
        let trust = Trust { service: Some(wiring.authority.clone()), upstream: None };
        let (kill, killed) = oneshot::channel();
        let (terminate, shutdown) = mpsc::channel(1);
        let thread = std::thread::Builder::new()
            .name("gateway".to_owned())
            .spawn(move || on_this_thread(settings, trust, boot, killed, shutdown))
            .map_err(|error| error.to_string())?;
        Ok(Self { kill: Some(kill), terminate, thread })
    }

    /// Ends it at once: connections break, nothing is saved.
    ///
    /// # Errors
    /// It had already ended by itself: in words.
    pub(super) fn kill(mut self) -> Result<(), String> {
        if let Some(kill) = self.kill.take() {
            // A gateway that ended by itself is told apart below.
            let _gone = kill.send(());
        }
        match self.thread.join() {
            Ok(Ok(KILLED)) => Ok(()),
            Ok(Ok(code)) => Err(format!("it had ended with code {code}")),
            Ok(Err(error)) => Err(error),
            Err(_) => Err("it had panicked".to_owned()),
        }
    }

    /// Asks it to end, as SIGTERM does; the thread is joined by [`Running::ended`].
    pub(super) fn terminate(&self) {
        // A second request while the first one waits to be read would say nothing new.
        let _waiting = self.terminate.try_send(());
    }

    /// Whether its thread has ended.
    #[must_use]
    pub(super) fn is_ended(&self) -> bool {
        self.thread.is_finished()
    }

    /// Its exit code.
    ///
    /// # Errors
    /// It could not start, or panicked: in words.
    pub(super) fn ended(self) -> Result<i32, String> {
        self.thread.join().unwrap_or_else(|_| Err("it panicked".to_owned()))
    }
}

/// What a killed gateway's thread returns; no exit code of the gateway's own.
const KILLED: i32 = -9;

fn on_this_thread(
    settings: Settings,
    trust: Trust,
    boot: u64,
    killed: oneshot::Receiver<()>,
    shutdown: mpsc::Receiver<()>,
) -> Result<i32, String> {
    let env = Env {
        net: TokioNet,
        disk: OsDisk,
        clock: Arc::new(SystemClock::start()),
        seed: Seed(boot),
        crypto: Arc::new(rustls::crypto::ring::default_provider()),
        sink: Arc::new(NoSink),
    };
    loopback::run(async move {
        tokio::select! {
            biased;
            _ = killed => Ok(KILLED),
            ended = run_local(env, settings, trust, shutdown) => ended,
        }
    })?
}

fn settings(wiring: &Wiring, backup: &Path) -> Result<Settings, String> {
    let variables = BTreeMap::from([
        ("config.service.endpoint", format!("https://localhost:{}", wiring.azure.port())),
        ("config.service.auth", wiring.token.clone()),
        ("holdfast.http.listen", wiring.listen.to_string()),
        ("holdfast.https.listen", "off".to_owned()),
        ("holdfast.backup.path", backup.display().to_string()),
        ("holdfast.sync.interval", "500ms".to_owned()),
        ("holdfast.heartbeat.interval", "1s".to_owned()),
        ("holdfast.drain.delay", "300ms".to_owned()),
        ("holdfast.instance.id", "demo".to_owned()),
    ]);
    let variables = variables.into_iter().map(|(key, value)| (key.to_owned(), value));
    let errors = |errors: Vec<holdfast::settings::SettingError>| {
        errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    Settings::parse(variables).map(|(settings, _)| settings).map_err(errors)
}
